"""The choice of the backend, and its reason."""

from __future__ import annotations

import os
from types import ModuleType
from typing import NamedTuple

from . import _native, _numpy
from ._native.loading import compiled, why_not

VARIABLE = "SKLEARN_NORM_KERNELS"


class Choice(NamedTuple):
    """A backend, its name, and why it was chosen."""

    backend: ModuleType
    name: str
    reason: str


def choose(told: str) -> Choice:
    """Return the backend of that name; for an empty name, the native one if it was built."""
    if told not in ("", "numpy", "native"):
        raise ValueError(
            f"{VARIABLE}={told!r} names no backend of kernels: set it to 'numpy' or 'native', "
            "or not at all."
        )
    if told == "native" and compiled is None:
        raise ImportError(
            f"{VARIABLE}=native, but {why_not}. Install a C compiler and then this package "
            "again, or do not set the variable."
        )
    if told == "numpy":
        return Choice(_numpy, "numpy", f"{VARIABLE}=numpy")
    if compiled is None:
        return Choice(_numpy, "numpy", why_not)
    variant = compiled.variants()[0]
    return Choice(_native, "native", f"the extension was built; variant {variant}")


choice = choose(os.environ.get(VARIABLE, "").strip().lower())
