"""Configuration of this library, and what it runs on."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from numbers import Integral
from typing import Any

from . import kernels
from .kernels import threads

PACKAGES = ("numpy", "scipy", "scikit-learn", "pandas", "joblib", "threadpoolctl")


def get_config() -> dict[str, Any]:
    """Return the current configuration.

    Returns
    -------
    config : dict
        ``n_threads``: the number of threads set, or None for the default.

    See Also
    --------
    set_config : Set it for the whole process.
    config_context : Set it for a block of code.

    Examples
    --------
    >>> import sklearn_norm
    >>> sklearn_norm.get_config()
    {'n_threads': None}
    """
    return {"n_threads": threads.configured()}


def set_config(*, n_threads: int | None = None) -> None:
    """Set the configuration for the whole process.

    Parameters
    ----------
    n_threads : int or None, default=None
        How many threads a call may use, at least 1. None means the usable cores: those
        that CPU affinity and cgroup limits allow, but no more than the environment variable
        OMP_NUM_THREADS. joblib sets that variable, so that its worker processes do not
        compete for cores. Results do not depend on it, not even in the last bit.

    Raises
    ------
    ValueError
        If `n_threads` is neither None nor a positive integer.

    See Also
    --------
    config_context : Set it for a block of code, in one thread.

    Examples
    --------
    >>> import sklearn_norm
    >>> sklearn_norm.set_config(n_threads=2)
    >>> sklearn_norm.set_config(n_threads=None)
    """
    threads.configure(_checked(n_threads))


@contextmanager
def config_context(*, n_threads: int | None = None) -> Iterator[None]:
    """Set the configuration for a block of code, in this thread or asynchronous task only.

    Parameters
    ----------
    n_threads : int or None, default=None
        How many threads a call may use, as in `set_config`. None keeps the current value.

    Yields
    ------
    None
        The configuration holds until the block ends.

    Raises
    ------
    ValueError
        If `n_threads` is neither None nor a positive integer.

    See Also
    --------
    set_config : Set it for the whole process.

    Examples
    --------
    >>> import sklearn_norm
    >>> with sklearn_norm.config_context(n_threads=1):
    ...     sklearn_norm.get_config()
    {'n_threads': 1}
    """
    given = _checked(n_threads)
    with threads.configured_here(threads.configured() if given is None else given):
        yield


def _checked(n_threads: Any) -> int | None:
    if n_threads is None:
        return None
    if not isinstance(n_threads, Integral) or isinstance(n_threads, bool) or n_threads < 1:
        raise ValueError(
            f"`n_threads` must be a positive integer, or None for the usable cores. "
            f"Got {n_threads!r}."
        )
    return int(n_threads)


def show_versions() -> None:
    """Print the versions of this library and its dependencies, for a bug report.

    The last lines say which kernel backend is used and why, and how many threads it uses.

    Examples
    --------
    >>> import sklearn_norm
    >>> sklearn_norm.show_versions()  # doctest: +ELLIPSIS
    sklearn_norm ...
    """
    for name, value in _versions().items():
        print(f"{name:<14} {value}")


def _versions() -> dict[str, str]:
    found = {"sklearn_norm": _version("sklearn-norm"), "python": platform.python_version()}
    found |= {name: _version(name) for name in PACKAGES}
    found["machine"] = f"{platform.machine()}, {platform.system()} {platform.release()}"
    found["kernels"] = f"{kernels.choice.name}: {kernels.choice.reason}"
    found["threads"] = str(threads.count_threads())
    return found


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
