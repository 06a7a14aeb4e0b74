"""bfloat16 of ml_dtypes, which NumPy does not have: read as float32, and returned as it came."""

from __future__ import annotations

from typing import Any

import numpy as np

NAME = "bfloat16"


def is_bfloat(given: Any) -> bool:
    """Whether an array holds bfloat16, without importing ml_dtypes."""
    dtype = getattr(given, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.type.__name__ == NAME


def widened(given: Any) -> Any:
    """Return bfloat16 as float32, which holds each of its numbers, and others as they are."""
    return given.astype(np.float32) if is_bfloat(given) else given


def as_it_came(found: Any, given: Any) -> Any:
    """Return a result, or the first of several, in bfloat16 if that is what was given.

    Frames stay as they are.
    """
    if not is_bfloat(given):
        return found
    if isinstance(found, tuple):
        return (as_it_came(found[0], given), *found[1:])
    if isinstance(found, list):
        return [as_it_came(part, given) for part in found]
    if not isinstance(found, np.ndarray):
        return found
    with np.errstate(all="ignore"):  # beyond its largest number is infinity
        return found.astype(given.dtype)
