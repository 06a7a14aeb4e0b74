"""Datetimes and timedeltas: refused, in every container.

As bare integers they depend on their unit: a fit on nanoseconds would map the same days in
microseconds to other numbers. And a missing time would count as -9.2e18.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from .frames import container_of, is_arrow

KINDS = "mM"  # of NumPy's timedelta64 and datetime64
OBJECTS = (
    np.datetime64,
    np.timedelta64,
    datetime.date,  # also datetime.datetime and pandas.Timestamp
    datetime.time,
    datetime.timedelta,  # also pandas.Timedelta
)
REMEDY = (
    "Convert times to numbers first, of a unit that you choose, with NaN for what is missing: for "
    "a column t of pandas, (t - origin).dt.total_seconds(); for an array, "
    "(t - origin) / np.timedelta64(1, 's')."
)


def refuse_times(X: Any, name: str = "X", container: str | None = None) -> None:
    """Raise a ValueError if X holds datetimes or timedeltas.

    Parameters
    ----------
    X : object
        A frame of pandas or polars, a table of pyarrow, a series, a list or an array.
    name : str
        What the error calls X if it has no columns.
    container : {"default", "pandas", "polars"}, default=None
        The kind of frame that X is, if it is known.

    Raises
    ------
    ValueError
        With the column and its first time.
    """
    for column, value in _times(X, container):
        where = f"`{name}`" if column is None else f"Column {column!r}"
        where = f"{where} of `{name}`" if isinstance(column, int) else where
        raise ValueError(f"{where} holds times, such as {value!r:.60}. {REMEDY}")


def are_times(array: Any) -> bool:
    """Whether an array holds a time."""
    return any(True for _ in _of_array(array))


def _times(X: Any, container: str | None) -> Iterator[tuple[Any, Any]]:
    """Yield columns that hold times, and one value of each."""
    if isinstance(X, (list, tuple)):
        try:
            X = np.asarray(X)
        except (TypeError, ValueError, OverflowError):
            return iter(())  # no array: what reads it next says so
    if isinstance(X, np.ndarray):
        return _of_array(X)
    container = container or container_of(X)
    if container == "pandas":
        return _of_pandas(X)
    if container == "polars":
        return (
            (s.name, s[0] if len(s) else s.dtype) for s in X.get_columns() if s.dtype.is_temporal()
        )
    if is_arrow(X):
        is_time = sys.modules["pyarrow"].types.is_temporal
        named = ((f.name, f.type) for f in X.schema if is_time(f.type))
        return ((name, (X.column(name).to_pylist() or [kind])[0]) for name, kind in named)
    if isinstance(getattr(X, "dtype", None), np.dtype) and X.dtype.kind in KINDS:
        return _of_array(np.asarray(X))
    return iter(())


def _of_array(array: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the column of each time in an array, None where there are no columns."""
    if array.dtype.kind in KINDS:
        yield (0 if array.ndim == 2 else None), (array.flat[0] if array.size else array.dtype)
    elif array.dtype.kind == "O":
        missing = getattr(sys.modules.get("pandas"), "NaT", None)  # also of numbers among objects
        for at, value in enumerate(array.flat):
            if isinstance(value, OBJECTS) and value is not missing:
                yield (at % array.shape[1] if array.ndim == 2 else None), value


def _of_pandas(X: Any) -> Iterator[tuple[Any, Any]]:
    for at, dtype in enumerate(X.dtypes):
        if getattr(dtype, "kind", "") in KINDS:
            yield X.columns[at], (X.iloc[0, at] if len(X) else dtype)
        elif isinstance(dtype, np.dtype) and dtype.kind == "O":
            for _, value in _of_array(X.iloc[:, at].to_numpy()):
                yield X.columns[at], value
                break
