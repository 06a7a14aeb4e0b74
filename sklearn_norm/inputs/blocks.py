"""Blocks: columns of numbers of a mixed frame as one array, and back into the frame.

It is a short way for frames in which the columns wanted are numbers and flags that float64 holds,
without nulls. All else has the long way, which reads each column as it is.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np

from ..kernels import Array, Floats
from .columns import Columns
from .frames import is_pandas

SHORT = frozenset(map(np.dtype, "ef"))
EXACT = SHORT | frozenset(map(np.dtype, "d?bBhHiI"))
WIDE = frozenset(map(np.dtype, "lLqQ"))
LIMIT = 2.0**53
POLARS = ("Float64", "Float32", "Boolean", "Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32")
POLARS_WIDE = ("Int64", "UInt64")
NUMBERS_OF_POLARS = frozenset(POLARS + POLARS_WIDE)
FEW_ROWS, FEW_COLUMNS = 64, 8  # up to which other ways through pandas are shorter


class Block(NamedTuple):
    """Columns as float64, and which columns of the frame are shorter floats."""

    values: Floats
    short: Array


def block_of(X: Any, columns: Columns, places: Array) -> Block | None:
    """Return columns of a frame as one array of float64, None if they need the long way.

    Parameters
    ----------
    X : object
        A frame of pandas or polars; of anything else, None is returned.
    columns : Columns
        The columns of the fit, which X must have.
    places : ndarray of int
        The places of the columns wanted.
    """
    if is_pandas(X):
        return _of_pandas(X, columns, places)
    polars = sys.modules.get("polars")
    if polars is not None and type(X) is polars.DataFrame:
        return _of_polars(X, columns, places)
    return None


def _of_pandas(X: Any, columns: Columns, places: Array) -> Block | None:
    if not columns.has(X.columns):
        return None
    every = X.dtypes.array
    kinds = every[places]
    if not {*kinds} <= EXACT | WIDE:
        return None
    with np.errstate(all="ignore"):  # casting a signaling NaN warns
        if len(X) <= FEW_ROWS:
            values = X.to_numpy()[:, places].astype(np.float64)
        else:
            values = X.take(places, axis=1).to_numpy(dtype=np.float64)
    if _too_large(values, [kind in WIDE for kind in kinds]):
        return None
    return Block(values, np.array([kind in SHORT for kind in every], dtype=bool))


def _of_polars(X: Any, columns: Columns, places: Array) -> Block | None:
    if columns.names is None or X.columns != columns.names.tolist():
        return None
    every = [str(kind) for kind in X.dtypes]
    kinds = [every[at] for at in places.tolist()]
    if not NUMBERS_OF_POLARS.issuperset(kinds):
        return None
    few = X.height <= FEW_ROWS and NUMBERS_OF_POLARS.issuperset(every)
    values = _of_rows(X, places) if few else _of_series(X, places)
    if values is None or _too_large(values, [kind in POLARS_WIDE for kind in kinds]):
        return None
    short = np.zeros(len(every), dtype=bool)
    short[places] = [kind == "Float32" for kind in kinds]
    return Block(values, short)


def _of_rows(X: Any, places: Array) -> Floats | None:
    if any(X.null_count().row(0)):
        return None
    return np.array(X.rows(), dtype=np.float64)[:, places]


def _of_series(X: Any, places: Array) -> Floats | None:
    every = X.get_columns()
    chosen = [every[at] for at in places.tolist()]
    if any(series.null_count() for series in chosen):
        return None
    values = np.empty((X.height, len(chosen)), order="F")
    for i, series in enumerate(chosen):
        values[:, i] = series.to_numpy()
    return values


def _too_large(values: Floats, wide: list[bool]) -> bool:
    """Whether integers of 64 bits are beyond those that float64 holds."""
    return any(wide) and bool((np.abs(values[:, wide]) >= LIMIT).any())


def with_block(X: Any, places: Array, values: Floats, short: Array) -> Any:
    """Return a frame of pandas or polars with new columns in these places.

    Columns of short floats are so again.
    """
    act = _in_pandas if is_pandas(X) else _in_polars
    return act(X, places, values, short)


def _in_polars(X: Any, places: Array, values: Floats, short: Array) -> Any:
    polars, names = sys.modules["polars"], X.columns
    every = X.get_columns() if places.size < len(names) else [None] * len(names)
    if len(values) <= FEW_ROWS:  # a slice is made sooner than a series, and keeps all in memory
        size, whole = len(values), polars.Series(values.ravel(order="F"))
        found = [whole.slice(i * size, size) for i in range(places.size)]
    else:
        found = [polars.Series(values[:, i]) for i in range(places.size)]
    for one, at in zip(found, places.tolist(), strict=True):
        one = one.cast(polars.Float32) if short[at] else one
        every[at] = one.rename(names[at])
    return polars.DataFrame(every)


def _in_pandas(X: Any, places: Array, values: Floats, short: Array) -> Any:
    import pandas as pd

    narrow = short[places]
    rest = np.setdiff1d(np.arange(X.shape[1]), places[~narrow]).tolist()
    frame = pd.DataFrame(values[:, ~narrow] if narrow.any() else values, index=X.index, copy=False)
    shortened = {
        int(at): values[:, i].astype(X.dtypes.array[at]) for i, at in enumerate(places) if short[at]
    }
    if len(rest) <= FEW_COLUMNS:
        for at in rest:  # from the left, so each comes to its place
            frame.insert(at, f"rest {at}", shortened.get(at, X.iloc[:, at].array))
    else:
        others = X.iloc[:, rest]
        for i, at in enumerate(rest):
            if at in shortened:
                others.isetitem(i, shortened[at])
        frame = pd.concat([frame, others], axis=1, ignore_index=True)
        first = np.setdiff1d(places, places[narrow])
        frame = frame.take(np.argsort(np.concatenate([first, rest]), kind="stable"), axis=1)
    frame.columns = X.columns.view()
    frame.attrs = dict(X.attrs)
    return frame
