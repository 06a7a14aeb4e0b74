"""Integers beyond 2**53 that would be rounded, where a norm reads their differences: refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import Array
from .exact import WIDE, exact_column, is_exact, number_of


def refuse_rounded(X: Any, values: Array, name: str = "X") -> None:
    """Raise a ValueError if reading X as floats rounded an integer.

    Parameters
    ----------
    X : object
        What the caller passed.
    values : ndarray
        X as floats, of the same shape.
    name : str
        What the error calls X.

    Raises
    ------
    ValueError
        With the first number that was rounded.
    """
    if isinstance(X, np.ndarray) and not may_round(X.dtype):
        return
    wide = np.float64(WIDE)
    with np.errstate(all="ignore"):
        large = ((values >= wide) | (values <= -wide)) & np.isfinite(values)
    if not large.any():
        return
    for number in _numbers(X, large):
        if number == number and number != float(number):
            raise ValueError(
                f"`{name}` holds {number}, which float64 does not tell from numbers near it. "
                "Subtract a number of your own first, such as the first member."
            )


def may_round(dtype: Any) -> bool:
    """Whether an array may hold numbers that float64 rounds."""
    return dtype.kind == "O" or (dtype.kind in "iu" and dtype.itemsize == 8)


def _numbers(X: Any, large: Array) -> Any:
    """Yield the exact numbers of members that are large as floats."""
    if isinstance(X, (np.ndarray, list, tuple)):
        array = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
        if array.shape == large.shape and (array.dtype != object or is_exact(array[large])):
            yield from map(number_of, array[large].tolist())
        return
    for at in np.flatnonzero(large.any(axis=0)).tolist():
        exact = exact_column(X, at)
        if exact is not None:
            numbers = exact.numbers()
            yield from (numbers[row] for row in np.flatnonzero(large[:, at]))
