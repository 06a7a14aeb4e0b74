"""Arguments other than the data: read as numbers, or refused with their name."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from ..kernels import Array, Floats
from .bfloats import widened
from .times import are_times

REAL = "biufOUS"  # dtype kinds that may hold real numbers, also as objects or strings
FLOATS = (np.float16, np.float32, np.float64)


def array_of(given: Any, name: str) -> Array:
    """Return the argument as an array, without converting its values.

    So its shape can be checked before a conversion takes memory.
    """
    try:
        return given if isinstance(given, np.ma.MaskedArray) else np.asarray(given)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"`{name}` does not form an array: {error}") from error


def floats_of(array: Array, name: str, dtype: Any = np.float64) -> Floats:
    """Return an array as floats, with NaN where it is masked."""
    if type(array) is np.ndarray and array.dtype == dtype:
        return array
    array = widened(array)
    try:
        if array.dtype.kind not in REAL:
            raise TypeError(f"it is of {array.dtype}")
        if array.dtype.kind == "O" and are_times(array):
            raise TypeError("it holds times")
        with np.errstate(all="ignore"):  # too large values become infinity
            floats: Any = array.astype(dtype, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"`{name}` must hold real numbers, but {error}.") from error
    return np.asarray(floats.filled(np.nan) if isinstance(floats, np.ma.MaskedArray) else floats)


def floating(given: Any, name: str) -> Array:
    """Return the argument as floats: float16 and float32 keep their dtype, others get float64."""
    array = array_of(given, name)
    native = array.dtype.newbyteorder("=")
    return floats_of(array, name, native if native in FLOATS else np.float64)


def number(given: Any, name: str) -> float:
    """Return one real number."""
    if type(given) is float:
        return given
    array = array_of(given, name)
    if given is None or array.ndim or array.dtype.kind in "US":
        raise TypeError(f"`{name}` must be one real number. Got {given!r}.")
    return float(floats_of(array, name))


def whole(given: Any, name: str) -> int:
    """Return one integer."""
    if type(given) is int:
        return given
    if not isinstance(given, Integral):
        raise TypeError(f"`{name}` must be an integer. Got {given!r}.")
    return int(given)


def truth(given: Any, name: str) -> bool:
    """Return a flag as a bool."""
    try:
        return bool(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"`{name}` must be True or False. Got {given!r}.") from error
