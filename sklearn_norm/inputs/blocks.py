"""Blocks: columns of numbers of a mixed frame as one array, and back into the frame.

It is a short way for frames in which the columns wanted are float64, or numbers and flags that
float64 holds, without nulls. All else has the long way, which reads each column as it is.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kernels import Array, Floats
from .columns import Columns
from .frames import is_pandas

EXACT = frozenset(map(np.dtype, "df?bBhHiI"))
WIDE = frozenset(map(np.dtype, "lLqQ"))
LIMIT = 2.0**53
POLARS = ("Float64", "Float32", "Boolean", "Int8", "Int16", "Int32", "UInt8", "UInt16", "UInt32")
POLARS_WIDE = ("Int64", "UInt64")


def block_of(X: Any, columns: Columns, places: Array) -> Floats | None:
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


def _of_pandas(X: Any, columns: Columns, places: Array) -> Floats | None:
    if not columns.has(X.columns):
        return None
    kinds = X.dtypes.array[places]
    if not {*kinds} <= EXACT | WIDE:
        return None
    with np.errstate(invalid="ignore"):  # casting a signaling NaN warns
        block = X.iloc[:, places].to_numpy(dtype=np.float64)
    wide = [kind in WIDE for kind in kinds]
    return None if _too_large(block, wide) else block


def _of_polars(X: Any, columns: Columns, places: Array) -> Floats | None:
    if columns.names is None or X.columns != columns.names.tolist():
        return None
    chosen = [X.to_series(at) for at in places.tolist()]
    kinds = [str(series.dtype) for series in chosen]
    if not {*kinds} <= {*POLARS, *POLARS_WIDE} or any(series.null_count() for series in chosen):
        return None
    block = np.empty((X.height, len(chosen)), order="F")
    for i, series in enumerate(chosen):
        block[:, i] = series.to_numpy()
    wide = [kind in POLARS_WIDE for kind in kinds]
    return None if _too_large(block, wide) else block


def _too_large(block: Floats, wide: list[bool]) -> bool:
    """Whether integers of 64 bits are beyond those that float64 holds."""
    return any(wide) and bool((np.abs(block[:, wide]) >= LIMIT).any())


def with_block(X: Any, places: Array, block: Floats) -> Any:
    """Return a frame of pandas or polars with new columns in these places.

    Columns that are float32 in X are so again.
    """
    kinds = list(X.dtypes)
    narrow = np.array([str(kinds[at]).lower() == "float32" for at in places.tolist()], bool)
    if not is_pandas(X):
        names, polars = X.columns, sys.modules["polars"]
        series = [polars.Series(names[at], block[:, i]) for i, at in enumerate(places.tolist())]
        for i in np.flatnonzero(narrow).tolist():
            series[i] = polars.Series(series[i].name, block[:, i].astype(np.float32))
        return X.with_columns(series)
    import pandas as pd

    blocks: list[tuple[Any, Any]] = [(places, block)]
    if narrow.any():
        short = block[:, narrow].astype(np.float32)
        blocks = [(places[~narrow], block[:, ~narrow]), (places[narrow], short)]
    rest = np.setdiff1d(np.arange(X.shape[1]), places)
    frames = [pd.DataFrame(values, index=X.index, copy=False) for _, values in blocks]
    frames += [X.iloc[:, rest]] if rest.size else []
    frame = frames[0] if len(frames) == 1 else pd.concat(frames, axis=1, ignore_index=True)
    places = np.concatenate([at for at, _ in blocks])
    frame = frame.iloc[:, np.argsort(np.concatenate([places, rest]), kind="stable")]
    frame.columns = X.columns.view()
    frame.attrs = dict(X.attrs)
    return frame
