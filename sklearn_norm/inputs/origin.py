"""Integers beyond 2**53: measured and mapped as differences from an origin of their column.

float64 holds integers exactly up to 2**53. Beyond, as for times in nanoseconds, neighbours would
become one number. So such a column is read as x - origin, taken before anything is rounded. The
origin is an integer that float64 holds, in the middle of the first batch.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ulp
from typing import Any

import numpy as np

from ..kernels import Floats
from ..kernels.quiet import quietly
from ..kernels.sparse import is_sparse
from .exact import Exact, difference, exact_column
from .reshaped import Reshaped
from .table import Table

LARGE = 2.0**50  # some room below 2**53, for data that follow
LARGEST = 2.0**100  # an origin beyond is too far from integers near it to tell them apart

ROOM = 2.0**26  # half of the digits of float64


@quietly
def origin_of(
    table: Table, low: Floats, high: Floats, open_: Any = True, middle: Callable[[], Any] = float
) -> Floats | None:
    """Return the origin of each column, from its extrema; None if all are 0.

    Only columns of exact numbers have one, and only if they are `open_` to it. Where no origin is
    near to all of its members, it is the `middle` of them that is returned, or 0 for none.
    """
    if max(high.max(initial=0.0), -low.min(initial=0.0)) <= LARGE:
        return None
    peak = np.maximum(np.abs(low), np.abs(high))
    wide = (peak > LARGE) & (peak < np.inf) & open_
    if not wide.any():
        return None
    for at in np.flatnonzero(wide & (peak > LARGEST)).tolist():
        _refuse_lost(table, at, float(high[at] / 2 - low[at] / 2), float(peak[at]))
    wide &= peak <= LARGEST
    wide &= [is_wide_integer(table, at) if w else False for at, w in enumerate(wide)]
    low, high = np.where(wide, low, 0.0), np.where(wide, high, 0.0)
    origin = np.rint(low / 2 + high / 2)
    spread = high - low > 2.0**53
    if spread.any():
        origin = np.where(spread, np.rint(middle()), origin)
        origin = np.where(wide, origin, 0.0)
    return origin if origin.any() else None


def _refuse_lost(table: Table, column: int, half: float, peak: float) -> None:
    """Refuse numbers of which half of the digits by which they differ are lost."""
    exact = exact_of(table, column) if half < ulp(peak) * ROOM else None
    lost = [] if exact is None else [n for n in exact.numbers() if n == n and n != float(n)]
    if lost:
        raise ValueError(
            f"Column {table.label(column)!r} holds {lost[0]!s:.100}, which float64 does not tell "
            "from numbers near it. Subtract a number of your own from the column first, so that "
            "its numbers are below 2**100."
        )


def is_wide_integer(table: Table, column: int) -> bool:
    """Whether a column came as integers of 64 bits, or as others that float64 may not hold."""
    if table.values.dtype.kind in "iu":
        return bool(table.values.dtype.itemsize == 8)
    return exact_of(table, column) is not None


def exact_of(table: Table, column: int) -> Exact | None:
    """Return the exact numbers of a column of a table, None if its values are all there is."""
    if table.values.dtype.kind in "iu":
        return Exact(table.values[:, column]) if table.values.dtype.itemsize == 8 else None
    return None if is_sparse(table.values) else exact_column(table.given, column)


def moved(table: Table, origin: Floats) -> Table:
    """Return the table of the differences from the origin, as float64; sparse ones stay."""
    values = table.values
    if is_sparse(values):
        return table
    if values.dtype.kind in "iu":
        columns = [difference(values[:, at], origin[at]) for at in range(origin.size)]
        differences = np.stack(columns, axis=1)
    else:
        differences = values - origin
        for at in np.flatnonzero(origin):
            exact = exact_of(table, int(at))
            if exact is not None:
                differences[:, at] = exact.minus(origin[at])
    return with_values(table, differences)


def with_values(table: Table, values: Any) -> Table:
    """Return a table of the same rows and columns with other values."""
    if isinstance(table, Reshaped):
        return Reshaped(values, table.columns, table.given, None, table.original)
    return Table(values, table.columns, table.given, table.container)


def reaches_beyond(table: Table, values: Any) -> bool:
    """Whether rows of a table hold numbers that floats of their size may not hold."""
    plain = values.dtype.kind == "f" and table.given is table.values
    if plain or is_sparse(values) or values.size == 0 or values.dtype.itemsize < 8:
        return False
    if values.dtype.kind != "f" and -LARGE < values.min() <= values.max() < LARGE:
        return False
    low, high = (np.asarray(f.reduce(values), dtype=np.float64) for f in (np.fmin, np.fmax))
    wide = np.flatnonzero(np.maximum(np.abs(low), np.abs(high)) > LARGE)
    return any(is_wide_integer(table, at) for at in wide.tolist())
