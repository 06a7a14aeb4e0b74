"""Integers beyond 2**53: measured and mapped as differences from an origin of their column.

float64 holds integers exactly up to 2**53. Beyond, as for times in nanoseconds, neighbours would
become one number. So such a column is read as x - origin, taken before anything is rounded. The
origin is an integer that float64 holds, in the middle of the first batch.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kernels import Array, Floats
from ..kernels.sparse import is_sparse
from .frames import container_of, is_arrow
from .reshaped import Reshaped, flattened
from .table import Table

LARGE = 2.0**50  # some room below 2**53, for data that follow
WORD = 2.0**32


def origin_of(table: Table, low: Floats, high: Floats, open_: Any = True) -> Floats | None:
    """Return the origin of each column, from its extrema; None if all are 0.

    Only columns of 64-bit integers have one, and only if they are `open_` to it.
    """
    wide = (np.maximum(np.abs(low), np.abs(high)) > LARGE) & np.isfinite(low) & np.isfinite(high)
    wide &= open_
    if not wide.any():
        return None
    wide &= [is_wide_integer(table, at) for at in range(wide.size)]
    low, high = np.where(wide, low, 0.0), np.where(wide, high, 0.0)
    origin = np.rint(low / 2 + high / 2)
    return origin if origin.any() else None


def is_wide_integer(table: Table, column: int) -> bool:
    """Whether a column came as integers of 64 bits."""
    if table.values.dtype.kind in "iu":
        return bool(table.values.dtype.itemsize == 8)
    return _integers(table.given, column) is not None


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
            found = _integers(table.given, int(at))
            if found is not None:
                integers, absent = found
                exact = difference(integers, origin[at])
                differences[:, at] = np.where(absent, np.nan, exact)
    if isinstance(table, Reshaped):
        return Reshaped(differences, table.columns, table.given, None, table.original)
    return Table(differences, table.columns, table.given, table.container)


def difference(integers: Array, origin: float) -> Floats:
    """Return integers - origin, rounded once."""
    integers = integers.astype(np.uint64 if integers.dtype.kind == "u" else np.int64, copy=False)
    high = (integers >> integers.dtype.type(32)).astype(np.float64)
    low = (integers & integers.dtype.type(0xFFFFFFFF)).astype(np.float64)
    return np.asarray((high - origin / WORD) * WORD + low)


def _integers(X: Any, column: int) -> tuple[Array, Any] | None:
    """Return a frame's column of 64-bit integers, and where it is missing; else None."""
    if isinstance(X, np.ma.MaskedArray) and X.dtype.kind in "iu" and X.ndim > 1:
        rows = flattened(X)
        return rows.data[:, column], np.ma.getmaskarray(rows)[:, column]
    container = container_of(X)
    if container == "pandas":
        series = X.iloc[:, column]
        name = str(series.dtype).lower().partition("[")[0]
        if name not in ("int64", "uint64"):
            return None
        absent = series.isna().to_numpy()
        if isinstance(series.dtype, np.dtype):
            return series.to_numpy(), absent
        return series.to_numpy(dtype=name, na_value=0), absent
    if container == "polars":
        polars = sys.modules["polars"]
        series = X.to_series(column)
        if series.dtype not in (polars.Int64, polars.UInt64):
            return None
        return series.fill_null(0).to_numpy(), series.is_null().to_numpy()
    if is_arrow(X):
        values = X.column(column)
        if str(values.type) not in ("int64", "uint64"):
            return None
        absent = np.asarray(values.is_null())
        return np.asarray(values.fill_null(0)), absent
    return None
