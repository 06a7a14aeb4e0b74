"""What cannot be read as a table of numbers, and what to call instead."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Set
from itertools import islice
from typing import Any

import numpy as np

from ..kernels.sparse import is_sparse
from .frames import container_of, is_arrow
from .times import refuse_times

LAZY = {  # library: how to get a table of what is only a plan of one
    "polars": "X.collect()",
    "narwhals": "X.collect()",
    "dask": "X.compute()",
    "dask_expr": "X.compute()",
    "pyspark": "X.toPandas()",
    "duckdb": "X.df()",
    "_duckdb": "X.df()",
    "ibis": "X.execute()",
}
LAZY_NAMES = ("LazyFrame", "DuckDBPyRelation", "Expr", "Table", "DataFrame", "Array", "Series")
READERS = {
    "RecordBatchReader": "X.read_all()",
    "ParquetFile": "X.read()",
    "Dataset": "X.to_table()",
    "Scanner": "X.to_table()",
}
MOST = 10_000  # columns that are searched for what is no number
IN_PARTS = "or call partial_fit on one part after the other"


def refuse_foreign(X: Any) -> None:
    """Refuse what holds no table yet, or times, and say what to call.

    Parameters
    ----------
    X : object
        The data, of any kind but a frame.

    Raises
    ------
    TypeError
        For a path, a dict, an iterator or a lazy frame.
    ValueError
        For datetimes and timedeltas.
    """
    if is_sparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind not in "mMO"):
        return
    reason = _reason(X)
    if reason is not None:
        raise TypeError(reason)
    refuse_times(X)


def _reason(X: Any) -> str | None:
    lazy = _reason_of_lazy(X)
    if lazy is not None:
        return lazy
    if isinstance(X, (str, bytes, os.PathLike)):
        return f"X is a path or a text, {X!r:.80}: read the file first, as pandas.read_csv does."
    if isinstance(X, Mapping):
        return "X is a dict: pass pandas.DataFrame(X), whose columns have its keys as names."
    if isinstance(X, (list, tuple)) and len(X) and isinstance(X[0], Mapping):
        return "X is a list of dicts: pass pandas.DataFrame(X), whose columns have their keys."
    if isinstance(X, Set):
        return "X is a set, which has no order: pass a list or an array."
    if isinstance(X, Iterator):
        return (
            f"X is an iterator, a {type(X).__name__}, whose items can be read only once: pass "
            f"np.array(list(X)), {IN_PARTS}."
        )
    return None


def _reason_of_lazy(X: Any) -> str | None:
    for base in type(X).__mro__:
        library = base.__module__.partition(".")[0]
        name = base.__name__
        if library == "pyarrow" and name in READERS:
            return f"X is a {name} of pyarrow, not yet read: pass {READERS[name]}, {IN_PARTS}."
        if library in LAZY and name in LAZY_NAMES and not _is_eager(library, name):
            return (
                f"X is a {name} of {library}, not yet computed: pass {LAZY[library]}, {IN_PARTS}."
            )
    return None


def _is_eager(library: str, name: str) -> bool:
    """Whether a class of a library that also has lazy ones holds its values."""
    return library in ("polars", "narwhals") and name in ("DataFrame", "Series")


def explained(X: Any, error: Exception) -> Exception:
    """Return the error of values that are no numbers, with the column and the first of them."""
    if isinstance(error, OverflowError):
        return ValueError(
            f"X holds a number that no float64 can hold ({error}). Replace it, by NaN where it "
            "stands for a missing value."
        )
    try:
        found = next(_no_numbers(X), None)
    except Exception:  # X is odd in another way, which the error tells
        return error
    if found is None:
        return error
    column, value = found
    kind = ValueError if isinstance(error, ValueError) else TypeError
    return kind(
        f"Column {column!r} holds {value!r:.80}, which is not a number. {_remedy(value)} ({error})"
    )


def _remedy(value: Any) -> str:
    name = type(value).__name__
    if name == "Interval":
        return "Pass the middle of an interval, .mid, or its ends."
    if name == "Period":
        return "Pass numbers, such as the ordinal of a period."
    if isinstance(value, (str, bytes)):
        return "Convert the column, as pandas.to_numeric does, encode it, or leave it out."
    return "Convert the column to numbers, or leave it out."


def _no_numbers(X: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the values that are not numbers, column by column."""
    if isinstance(X, np.ndarray) and X.dtype.kind not in "OUS":
        return
    for name, values in islice(_columns(X), MOST):
        if values.dtype.kind in "biufc":
            continue
        for value in values.tolist() if values.dtype.kind in "US" else values:
            try:
                float(value)
            except (TypeError, ValueError):
                if value is not None and type(value).__name__ not in ("NAType", "NaTType"):
                    yield name, value


def _columns(X: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the name and the values of each column."""
    container = container_of(X)
    if container == "pandas":
        for at, name in enumerate(X.columns):
            yield name, X.iloc[:, at].to_numpy()
    elif container == "polars":
        for series in X.get_columns():
            yield series.name, np.array(series.to_list(), dtype=object)
    elif is_arrow(X):
        for name in X.schema.names:
            yield name, np.array(X.column(name).to_pylist(), dtype=object)
    else:
        array = X if isinstance(X, np.ndarray) else np.array(X, dtype=object)
        if array.ndim == 2:
            for at in range(array.shape[1]):
                yield at, array[:, at]
