"""The ends of columns whose numbers float64 does not hold: which floats stand for them.

The nearest float may lie on the other side of a power of ten, and two neighbours may have the same.
So the ends of a column are found among its exact numbers, and turned into floats last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels import Floats
from ..kernels.sparse import columns_of, is_sparse
from .exact import Exact, fraction_of
from .origin import exact_of, with_values
from .table import Table

HELD = 2.0**53 - 1  # up to here, no other integer becomes the same float


def ends_of(
    table: Table, low: Floats, high: Floats, as_float: Callable[[Any], float] = float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the extrema of the columns of a table as floats that stand for the exact ones.

    Parameters
    ----------
    table : Table
        The table that was measured.
    low, high : ndarray of shape (n_columns,)
        The measured extrema of the rows that count; they may be those of rounded numbers.
    as_float : callable
        Returns the float for an exact number.

    Returns
    -------
    low, high : ndarray of shape (n_columns,)
        The extrema. They differ where the exact ones do.
    low_rest, high_rest : ndarray of shape (n_columns,)
        By how much the exact ones are above them.
    """
    low, high = low.copy(), high.copy()
    low_rest, high_rest = np.zeros_like(low), np.zeros_like(high)
    beyond = np.maximum(np.abs(low), np.abs(high))
    for at in np.flatnonzero((beyond > HELD) & (beyond < np.inf)).tolist():
        exact = stored_of(table, at)
        if exact is None:
            continue
        least, most = _exact_ends(exact, low[at], high[at])
        if abs(low[at]) > HELD:
            low[at] = as_float(least)
        if abs(high[at]) > HELD:
            high[at] = as_float(most)
        if low[at] == high[at] and least != most:  # the one nearer to 0 gives way
            end = low if high[at] > 0 else high
            end[at] = np.nextafter(end[at], 0)
        low_rest[at], high_rest[at] = above(least, low[at]), above(most, high[at])
    return low, high, low_rest, high_rest


def above(number: Any, found: float) -> float:
    """Return by how much an exact number is above a float."""
    return float(fraction_of(number) - int(found))  # a float beyond 2**53 is whole


def stored_of(table: Table, column: int) -> Exact | None:
    """Return the exact numbers of a column; of sparse data, those that are stored."""
    values = table.values
    if not is_sparse(values):
        return exact_of(table, column)
    if values.data.dtype.kind not in "iu" or values.data.dtype.itemsize < 8:
        return None
    return Exact(values.data[columns_of(values) == column])


def _exact_ends(exact: Exact, low: float, high: float) -> tuple[Any, Any]:
    """Return the smallest and the largest number, of those that round to one between two floats."""
    floats = exact.minus(0.0)
    inside = (floats >= low) & (floats <= high)
    if exact.values.dtype.kind in "iu":
        found = exact.values[inside]
        return int(found.min()), int(found.max())
    numbers = [n for n, counts in zip(exact.numbers(), inside, strict=True) if counts]
    return min(numbers), max(numbers)


def kept_below(table: Table, limits: Floats) -> Table:
    """Return the table with numbers that are below a limit kept below it when they are rounded.

    A limit is a float of the column, or NaN for none; the absolute value of a number counts.
    """
    found = table
    for at in np.flatnonzero((limits > HELD) & (limits < np.inf)).tolist():
        exact = stored_of(table, at)
        if exact is None:
            continue
        floats = exact.minus(0.0)
        rounded = np.flatnonzero(np.abs(floats) == limits[at])
        limit = int(limits[at])
        numbers = Exact(exact.values[rounded]).numbers()
        below = rounded[[abs(number) < limit for number in numbers]] if rounded.size else rounded
        if below.size:
            found = _as_floats(found, table)
            stored = found.values
            if is_sparse(stored):
                below = np.flatnonzero(columns_of(stored) == at)[below]
                stored.data[below] = np.nextafter(stored.data[below], 0)
            else:
                stored[below, at] = np.nextafter(stored[below, at], 0)
    return found


def _as_floats(found: Table, table: Table) -> Table:
    """Return the table with a copy of its values as floats, unless it is one already."""
    if found is not table:
        return found
    values = table.values
    if is_sparse(values):
        parts = (values.data.astype(np.float64), values.indices.copy(), values.indptr.copy())
        return with_values(table, type(values)(parts, shape=values.shape))
    return with_values(table, values.astype(np.float64))
