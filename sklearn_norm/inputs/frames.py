"""DataFrames in and out: which library a container belongs to, and how to rebuild it."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kernels import Array
from .bfloats import widened

CONTAINERS = ("default", "pandas", "polars")
OF_128_BITS = ("Int128", "UInt128")  # of polars; NumPy has no such integers
NARROW = {
    "float16": np.float16,
    "halffloat[pyarrow]": np.float16,
    "float32": np.float32,
    "float[pyarrow]": np.float32,
}


def container_of(X: Any) -> str:
    """Return "pandas", "polars" or "default", without importing either library."""
    if type(X) is np.ndarray:
        return "default"
    for library in CONTAINERS[1:]:
        module = sys.modules.get(library)
        if module is not None and isinstance(X, module.DataFrame):
            return library
    return "default"


def is_arrow(X: Any) -> bool:
    """Whether X is a table of pyarrow."""
    arrow = sys.modules.get("pyarrow")
    return arrow is not None and isinstance(X, (arrow.Table, arrow.RecordBatch))


def is_pandas(X: Any) -> bool:
    """Whether X is exactly a pandas DataFrame, not a subclass."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(X) is pandas.DataFrame


def refuse_repeated(X: Any) -> None:
    """Refuse a frame in which two columns have one label."""
    if container_of(X) == "pandas":
        if X.columns.is_unique:
            return
        label = X.columns[X.columns.duplicated()].tolist()[0]
    elif is_arrow(X):
        names = X.schema.names
        if len(set(names)) == len(names):
            return
        label = next(name for at, name in enumerate(names) if name in names[:at])
    else:
        return
    raise ValueError(
        f"X has the column {label!r} more than once, so the label does not tell which one is "
        "meant. Give each column a label of its own, or pass an array, as X.to_numpy()."
    )


def narrow_float(X: Any, container: str) -> Any:
    """Return float16 or float32 if a frame holds nothing wider, else None."""
    if container == "default":
        return None
    names = (d.name if isinstance(d, np.dtype) else str(d) for d in set(X.dtypes))
    found = {NARROW.get(name.lower()) for name in names}  # a name tells no byte order
    return None if None in found or not found else np.result_type(*found)


def readable(X: Any, container: str) -> Any:
    """Return X with NaN in place of missing values that NumPy cannot read."""
    if container == "polars":
        return _readable_polars(X)
    if container == "pandas":
        return _readable_pandas(X)
    X = widened(X)
    if isinstance(X, np.ma.MaskedArray):
        floats: Any = X.astype(np.result_type(X.dtype, np.float16))
        return floats.filled(np.nan)
    if isinstance(X, np.ndarray) and X.dtype == object and "pandas" in sys.modules:
        absent = sys.modules["pandas"].isna(X)
        return np.where(absent, np.nan, X) if absent.any() else X
    dtype = getattr(X, "dtype", None)
    return X.astype(_native(dtype)) if _is_swapped(dtype) else X


def _is_swapped(dtype: Any) -> bool:
    """Whether floats are in the byte order of other machines, which validation would widen."""
    return isinstance(dtype, np.dtype) and dtype.kind == "f" and not dtype.isnative


def _native(dtype: Any) -> Any:
    return dtype.newbyteorder("=")


def _readable_pandas(X: Any) -> Any:
    swapped = {at: _native(dtype) for at, dtype in enumerate(X.dtypes) if _is_swapped(dtype)}
    if swapped:  # by place, since labels may repeat
        X = X.set_axis(range(X.shape[1]), axis=1).astype(swapped).set_axis(X.columns, axis=1)
    objects = [at for at, dtype in enumerate(X.dtypes) if dtype == np.dtype(object)]
    if objects and X.iloc[:, objects].isna().to_numpy().any():
        X = X.astype(object).where(X.notna(), np.nan)
    return X


def _readable_polars(X: Any) -> Any:
    for series in X.get_columns():
        if str(series.dtype) in OF_128_BITS:
            X = X.with_columns(series.cast(sys.modules["polars"].Float64))
    return X


def framed(values: Any, container: str, names: Any, like: Any = None) -> Any:
    """Return the array in the given container, with the index and nulls of `like`."""
    if container == "pandas" and isinstance(values, np.ndarray):
        import pandas as pd

        index = like.index if container_of(like) == "pandas" else None
        columns = names if isinstance(names, pd.Index) else np.asarray(names, dtype=object)
        return pd.DataFrame(values, columns=columns, index=index, copy=False)
    if container == "polars" and isinstance(values, np.ndarray):
        import polars as pl

        check_distinct(names)
        columns = {str(n): values[:, i] for i, n in enumerate(names)}
        return with_nulls(pl.DataFrame(columns), like)
    return values


def renamed(X: Any, container: str, names: Any) -> Any:
    """Return a frame with these names, a sparse array as it is."""
    if container == "pandas" and container_of(X) == "pandas":
        X.columns = index_of(names)
        return X
    if container == "polars" and container_of(X) == "polars":
        check_distinct(names)
        return X.rename(dict(zip(X.columns, map(str, names), strict=True)))
    return X


def check_distinct(names: Any) -> None:
    """Refuse repeated names, which a polars frame cannot have."""
    seen: set[str] = set()
    for name in map(str, names):
        if name in seen:
            raise ValueError(
                f"A frame of polars cannot have the column {name!r} more than once: rename it "
                'before fit, or choose set_output(transform="pandas").'
            )
        seen.add(name)


def index_of(names: Any) -> Any:
    """Return the column index of a pandas frame with these names."""
    import pandas as pd

    return pd.DataFrame(columns=np.asarray(names, dtype=object)).columns


def has_nulls(X: Any) -> bool:
    """Whether X is a frame or a table with nulls; NaN are not nulls."""
    return any(mask is not None for mask in nulls_of(X))


def nulls_of(X: Any) -> list[Any]:
    """Return where each column of a frame or a table has nulls, None for a column without."""
    container = container_of(X)
    if container == "polars":
        return [s.is_null().to_numpy() if s.null_count() else None for s in X.get_columns()]
    if is_arrow(X):
        return [np.asarray(c.is_null()) if c.null_count else None for c in X.columns]
    if container == "pandas":
        return [_nulls_of_pandas(X, at, dtype) for at, dtype in enumerate(X.dtypes)]
    return []


def _nulls_of_pandas(X: Any, column: int, dtype: Any) -> Any:
    """Return where a nullable column has nulls; that of a NumPy dtype has only NaN."""
    if isinstance(dtype, np.dtype) or not (hasattr(dtype, "numpy_dtype")):
        return None
    absent = X.iloc[:, column].isna().to_numpy()
    return absent if absent.any() else None


def with_nulls(frame: Any, like: Any) -> Any:
    """Put the nulls of `like` into a polars frame of the same shape."""
    masks = nulls_of(like)
    if all(mask is None for mask in masks):
        return frame
    import polars as pl

    pairs = zip(frame.get_columns(), masks, strict=True)
    # each series becomes null where its mask is True
    return pl.DataFrame(
        [
            s
            if mask is None
            else pl.select(pl.when(~pl.Series(mask)).then(s).alias(s.name)).to_series()
            for s, mask in pairs
        ]
    )


def may_write(X: Any, values: Array) -> bool:
    """Whether a result may overwrite the values: writable, and no members overlap in memory."""
    if not isinstance(X, np.ndarray) and not hasattr(X, "indptr"):
        return values is not X and isinstance(X, (list, tuple))
    data = getattr(values, "data", None) if hasattr(values, "indptr") else values
    return bool(data is not None and data.flags.writeable and apart(data))


def apart(values: Array) -> bool:
    """Whether no two members of an array overlap in memory, as in a sliding window view."""
    extent = values.itemsize
    for stride, size in sorted(zip(map(abs, values.strides), values.shape, strict=True)):
        if size > 1 and stride < extent:
            return False
        extent += stride * (size - 1)
    return True
