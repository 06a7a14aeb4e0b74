"""Exact numbers: a column as its container holds it, before anything is rounded to float64.

Integers of 64 bits stay integers. Whatever else float64 may not hold (integers of Python, decimals,
fractions, text of digits, long doubles) becomes objects, whose differences are rounded once.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Rational
from typing import Any

import numpy as np

from ..kernels import Array, Floats
from .frames import container_of, is_arrow
from .reshaped import flattened

WORD = 2.0**32
WIDE = 2**53  # up to here, float64 holds all integers
# kinds of columns that float64 holds
NARROW = {"bool", "boolean", "float16", "float32", "float64", "halffloat", "float", "double"}
NARROW |= {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32)}
MISSING = ("NAType", "NaTType")


@dataclass(frozen=True, eq=False, slots=True)
class Exact:
    """The numbers of a column, and where they are missing.

    Parameters
    ----------
    values : ndarray of int64, uint64, longdouble or object
        The numbers. Those that are missing are any number.
    absent : ndarray of bool, or None
        Which are missing; None if none is, or if NaN says so.
    """

    values: Array
    absent: Any = None

    def minus(self, origin: float) -> Floats:
        """Return the differences from an integer that float64 holds, rounded once."""
        kind = self.values.dtype.kind
        if kind in "iu":
            found = difference(self.values, origin)
        elif kind == "f":
            found = (self.values - self.values.dtype.type(origin)).astype(np.float64)
        else:
            whole = int(origin)
            found = np.array([_away(value, whole) for value in self.numbers()], dtype=np.float64)
        return found if self.absent is None else np.where(self.absent, np.nan, found)

    def numbers(self) -> list[Any]:
        """Return the numbers as integers, fractions and floats of Python; NaN is missing."""
        return [number_of(value) for value in self.values]


def exact_column(X: Any, column: int) -> Exact | None:
    """Return a column of X with numbers that float64 may not hold, None for any other.

    Parameters
    ----------
    X : object
        What the caller passed: an array, a list, a frame or a table.
    column : int
        The index of the column.
    """
    container = container_of(X)
    if container == "pandas":
        return _of_pandas(X.iloc[:, column])
    if container == "polars":
        return _of_polars(X.to_series(column))
    if is_arrow(X):
        return _of_arrow(X.column(column))
    if isinstance(X, (list, tuple)):
        X = np.asarray(X, dtype=object)
    if not isinstance(X, np.ndarray) or X.ndim < 2:
        return None
    rows = X if X.ndim == 2 else flattened(X)
    absent = None
    if isinstance(rows, np.ma.MaskedArray):
        rows, absent = rows.data, np.ma.getmaskarray(rows)[:, column]
    return _of_values(rows[:, column], absent)


def difference(integers: Array, origin: float) -> Floats:
    """Return integers - origin, rounded once."""
    integers = integers.astype(np.uint64 if integers.dtype.kind == "u" else np.int64, copy=False)
    high = (integers >> integers.dtype.type(32)).astype(np.float64)
    low = (integers & integers.dtype.type(0xFFFFFFFF)).astype(np.float64)
    return np.asarray((high - origin / WORD) * WORD + low)


def number_of(value: Any) -> Any:
    """Return an object as an exact number of Python: an int, a Fraction or a float."""
    if isinstance(value, Integral):
        return int(value)
    if value is None or type(value).__name__ in MISSING:
        return np.nan
    if isinstance(value, (str, bytes)):
        value = Decimal((value.decode() if isinstance(value, bytes) else value).strip())
    if isinstance(value, Decimal):
        return fraction_of(value) if value.is_finite() else float(value)
    if isinstance(value, Rational):
        return fraction_of(value)
    if isinstance(value, np.longdouble) and np.isfinite(value):
        return fraction_of(value)
    return float(value)


def less(number: Any, origin: float) -> float:
    """Return an exact number minus an integer that float64 holds, rounded once."""
    return _away(number, int(origin))


def minus(given: Any, floats: Floats, origin: Floats) -> Floats:
    """Return the numbers of an argument, whose nearest floats are known, minus an origin."""
    numbers = wide_numbers(given, floats.size)
    if numbers is None:
        return floats - origin
    pairs = zip(numbers, origin.tolist(), strict=True)
    return np.array([less(number, place) for number, place in pairs], dtype=np.float64)


def wide_numbers(given: Any, size: int) -> list[Any] | None:
    """Return the numbers of an argument if float64 may not hold one of them, else None.

    The argument is one number, or a list, an array or a frame with a number for each column.
    """
    if isinstance(given, (int, Decimal, list, tuple)):
        array = np.asarray(given, dtype=object)
    else:
        array = np.asarray(given)
    kind = array.dtype.kind
    if not (kind == "O" or (kind in "iuf" and array.dtype.itemsize >= 8 + (kind == "f"))):
        return None
    values = np.broadcast_to(array.ravel() if array.size == 1 else array, (size,))
    if kind == "O" and not is_exact(values):
        return None
    numbers = [number_of(value) for value in values]
    return numbers if any(WIDE < abs(n) < np.inf for n in numbers) else None


def is_exact(values: Any) -> bool:
    """Whether objects hold a number that is no float: an integer, a decimal, or text of one."""
    return any(
        isinstance(value, (Integral, Decimal, Rational, str, bytes, np.longdouble))
        and not isinstance(value, bool)
        for value in values
    )


def fraction_of(value: Any) -> Any:
    """Return a number as a fraction, without rounding it."""
    from fractions import Fraction  # rarely needed, and loaded by nothing else

    if isinstance(value, np.longdouble):
        return Fraction(*value.as_integer_ratio())
    return Fraction(value)


def _away(number: Any, origin: int) -> float:
    if isinstance(number, float):
        return number - origin if np.isfinite(number) else number
    return float(number - origin)


def _of_values(values: Array, absent: Any = None) -> Exact | None:
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind in "iu" and size == 8:
        return Exact(values.astype(values.dtype.newbyteorder("="), copy=False), absent)
    if kind == "f" and size > 8:
        return Exact(values, absent)
    if kind in "US":
        values = values.astype(object)
    if values.dtype != object:
        return None
    return Exact(values, absent) if is_exact(values) else None


def _of_pandas(series: Any) -> Exact | None:
    dtype = series.dtype
    if isinstance(dtype, np.dtype):
        return _of_values(series.to_numpy())
    name = str(dtype).lower().partition("[")[0]
    if name in NARROW:
        return None
    absent = series.isna().to_numpy()
    if name in ("int64", "uint64"):
        return Exact(series.to_numpy(dtype=name, na_value=0), absent)
    if name == "category":
        return _of_categories(series.cat.categories.to_numpy(), series.cat.codes.to_numpy())
    return _of_values(series.astype(object).to_numpy())


def _of_categories(categories: Array, codes: Array) -> Exact | None:
    found = _of_values(categories)
    if found is None or not len(categories):
        return None
    return Exact(found.values[codes], codes < 0)


def _of_polars(series: Any) -> Exact | None:
    polars = sys.modules["polars"]
    name = str(series.dtype).lower()
    if name in NARROW:
        return None
    if series.dtype in (polars.Int64, polars.UInt64):
        return Exact(series.fill_null(0).to_numpy(), series.is_null().to_numpy())
    return _of_values(_objects(series.to_list()))


def _of_arrow(values: Any) -> Exact | None:
    name = str(values.type)
    if name in NARROW:
        return None
    if name in ("int64", "uint64"):
        return Exact(np.asarray(values.fill_null(0)), np.asarray(values.is_null()))
    return _of_values(_objects(values.to_pylist()))


def _objects(values: list[Any]) -> Array:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found
