"""What the figures depend on: the backend, the versions, the processor, the threads."""

from __future__ import annotations

import importlib
import platform
from contextlib import AbstractContextManager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType

import sklearn_norm
from sklearn_norm import kernels
from sklearn_norm.kernels.threads import configured_here, usable_cores

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "torch", "river", "datasketches")


def peer(name: str) -> ModuleType | None:
    """Return a package to compare with, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def threads(n: int) -> AbstractContextManager[None]:
    """Let sklearn_norm use that many threads in a block of code."""
    context = getattr(sklearn_norm, "config_context", None)
    return configured_here(n) if context is None else context(n_threads=n)


def default_threads() -> int:
    return min(2, usable_cores())


def processor() -> str:
    told = Path("/proc/cpuinfo")
    lines = told.read_text().splitlines() if told.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed: left out"


def facts(n_threads: int) -> dict[str, str]:
    return {
        "sklearn_norm": sklearn_norm.__version__,
        "backend": f"{kernels.choice.name} ({kernels.choice.reason})",
        "threads": f"{n_threads} of {usable_cores()} usable cores",
        "processor": processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
    } | {package: version_of(package) for package in PACKAGES}
