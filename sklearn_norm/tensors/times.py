"""Times in X: refused, because as integers they would have an arbitrary unit and origin."""

from __future__ import annotations

import sys
from datetime import date, time, timedelta
from typing import Any

import numpy as np

from ..inputs.frames import container_of
from ..kernels import Array

TIMES = (np.datetime64, np.timedelta64, date, time, timedelta)


def refuse_times(X: Any, name: str = "X") -> None:
    """Refuse dates, times and durations in any container, by the name of their column."""
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OmM":
        return
    found = column_of_times(X)
    if found is None:
        return
    column, kind = found
    where = f"`{name}`" if column is None else f"Column {column!r}"
    raise ValueError(
        f"{where} holds times ({kind}). Turn them into numbers first, such as seconds: "
        "t / np.timedelta64(1, 's') for durations, (t - start) / np.timedelta64(1, 's') for dates. "
        "A missing time then becomes NaN."
    )


def column_of_times(X: Any) -> tuple[Any, str] | None:
    """Return the name of the first column that holds times, None without names, and their kind."""
    if container_of(X) == "pandas":
        for place, dtype in enumerate(X.dtypes):
            kind = str(dtype) if getattr(dtype, "kind", "O") in "mM" else None
            if kind is None and dtype == np.dtype(object):
                kind = kind_of(X.iloc[:, place].to_numpy())
            if kind is not None:
                return X.columns[place], kind
        return None
    if container_of(X) == "polars":
        for series in X.get_columns():
            kind = str(series.dtype) if series.dtype.is_temporal() else None
            if kind is None and str(series.dtype) == "Object":
                kind = kind_of(np.asarray(series.to_list(), dtype=object))
            if kind is not None:
                return series.name, kind
        return None
    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(X, (arrow.Table, arrow.RecordBatch)):
        held = ((at.name, at.type) for at in X.schema if arrow.types.is_temporal(at.type))
        return next(((name, str(kind)) for name, kind in held), None)
    kind = kind_of(X)
    return None if kind is None else (None, kind)


def kind_of(values: Any) -> str | None:
    """Return the kind of times in an array or a sequence, or None."""
    try:
        array: Array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        return None  # no array: what reads it next says so
    if array.dtype.kind in "mM":
        return str(array.dtype)
    if array.dtype.kind != "O":
        return None
    missing = getattr(sys.modules.get("pandas"), "NaT", None)  # a missing number, among objects
    kinds = (type(v).__name__ for v in array.flat if isinstance(v, TIMES) and v is not missing)
    return next(kinds, None)
