"""Placing: results of some columns, put in their places among columns that stay as they are."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..kernels.sparse import is_sparse
from .frames import NARROW, container_of, framed

WHOLE = 2.0**53  # integers up to here are exact as floats
NEAR = 4 * 2.0**-52  # how far from a whole number a value that was one comes back, of the largest
NUMPY = ("bool", *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)))
INTEGER = re.compile(r"(u?int(8|16|32|64)|bool|boolean)(\[pyarrow\])?", re.IGNORECASE)


class Before(NamedTuple):
    """What a column was before it was scaled: its dtype, and how large its values are."""

    dtype: str
    size: float

    def holds(self, values: Any, absent: Any) -> bool:
        """Whether this was a dtype of integers, and values are of it again, up to rounding.

        The distance from whole numbers is measured in units of the data, in which a way back
        rounds.
        """
        found = INTEGER.fullmatch(self.dtype)
        there = values[~absent].astype(np.float64)
        if found is None or not there.size:
            return found is not None
        kind = found[1].lower()
        low, high = (0, 1) if kind.startswith("bool") else _ends(kind)
        largest = np.abs(there).max()
        if not largest <= WHOLE:  # NaN, too
            return False
        whole = np.rint(there)
        near = min(NEAR * max(largest, self.size), 2.0**-10)
        inside = whole.min() >= low and whole.max() <= high
        return bool(inside and (np.abs(there - whole) <= near).all())


def name_of(dtype: Any) -> str:
    """Return the name of a dtype; the order of the bytes does not count."""
    return str(dtype.newbyteorder("=") if isinstance(dtype, np.dtype) else dtype)


def _ends(kind: str) -> tuple[int, int]:
    limits = np.iinfo(kind)
    return int(limits.min), int(limits.max)


def placed(X: Any, results: Iterable[tuple[Any, Any, bool]], label: Callable[[int], Any]) -> Any:
    """Return an array with results in the places of their columns.

    Parameters
    ----------
    X : ndarray or sparse array of shape (n_rows, n_columns)
        The array.
    results : iterable of (places, result, dtype counts)
        What takes the place of which columns.
    label : callable
        Returns the label of a column, for messages.
    """
    found = [(places, _columns_of(result)) for places, result, _ in results]
    if is_sparse(X):
        return _sparse(X, found)
    taken = np.zeros(X.shape[1], dtype=bool)
    for places, _ in found:
        taken[places] = True
    kinds = [result.dtype for _, result in found]
    if X.dtype == object and not taken.all():
        kinds = [np.dtype(object)]
    elif not taken.all():
        kinds.append(_floating(X, np.flatnonzero(~taken), label) if found else X.dtype)
    out = np.empty_like(X, dtype=np.result_type(*kinds) if kinds else X.dtype)
    if not taken.all():
        out[:, ~taken] = X[:, ~taken]
    for places, result in found:
        out[:, places] = result
    return out


def _columns_of(result: Any) -> Any:
    """Return a result as an array, of a frame where a part was asked for one."""
    return result if container_of(result) == "default" else result.to_numpy()


def _floating(X: Any, places: Any, label: Callable[[int], Any]) -> Any:
    """Return the float dtype of untouched columns beside floats; what it rounds is refused."""
    if X.dtype.kind == "f":
        return X.dtype
    if X.dtype.itemsize >= 8:
        for at in places.tolist():
            values = X[:, at]
            wrong = (values > 2**53) | (values < (-(2**53) if X.dtype.kind == "i" else 0))
            if wrong.any():
                raise ValueError(
                    f"Column {label(at)!r}, which no scaler takes, holds {values[wrong][0]}, which "
                    "an array of floats does not hold. Pass a frame, in which each column keeps "
                    "its dtype."
                )
    return np.dtype(np.float64)


def _sparse(X: Any, found: list[tuple[Any, Any]]) -> Any:
    """Return a sparse array of the same format, with columns replaced."""
    from scipy import sparse

    rest = np.setdiff1d(np.arange(X.shape[1]), np.concatenate([[], *(p for p, _ in found)]))
    blocks = [*(sparse.csc_array(result) for _, result in found), sparse.csc_array(X[:, rest])]
    order = np.argsort(np.concatenate([*(places for places, _ in found), rest]), kind="stable")
    whole = sparse.hstack(blocks, format="csc")[:, order]
    return type(X)(whole.asformat(X.format))


def in_frame(
    X: Any,
    container: str,
    results: Iterable[tuple[Any, Any, bool]],
    before: Sequence[Before] | None = None,
) -> Any:
    """Return a frame with results in the places of their columns, in the dtypes of these.

    A column of short floats keeps its dtype, and a nullable column its nulls. With `before`,
    integers become integers again if all of them are whole.
    """
    act = _series_of_pandas if container == "pandas" else _series_of_polars
    new: dict[int, Any] = {}
    for places, result, dtype_counts in results:
        for i, at in enumerate(np.asarray(places).tolist()):
            told = None if before is None else before[at]
            new[at] = act(_column(result, i), _column(X, at), dtype_counts, told)
    if container == "polars":
        return X.with_columns(list(new.values())) if new else X.clone()
    frame = X.copy(deep=False)
    for at, values in new.items():
        frame.isetitem(at, values)
    return frame


def _column(X: Any, place: int) -> Any:
    container = container_of(X)
    if container == "pandas":
        return X.iloc[:, place]
    return X.to_series(place) if container == "polars" else X[:, place]


def _narrow(dtype: Any, dtype_counts: bool) -> Any:
    """Return the short float dtype that a column keeps, or None."""
    return None if dtype_counts else NARROW.get(name_of(dtype).lower())


def _shortened(values: Any, narrow: Any, before: Before | None) -> Any:
    """Return values in the dtype that they keep, or that they had before."""
    if narrow is not None and values.dtype.itemsize > np.dtype(narrow).itemsize:
        with np.errstate(all="ignore"):
            return values.astype(narrow)
    if before is not None and before.dtype.lower() == "float64" and values.dtype.kind == "f":
        return values.astype(np.float64, copy=False)
    return values


def _series_of_pandas(result: Any, column: Any, dtype_counts: bool, before: Before | None) -> Any:
    """Return a column of a result as what takes the place of a column of a pandas frame."""
    import pandas as pd

    if container_of_series(result):
        if not isinstance(result.dtype, np.dtype):
            return result.array
        result = result.to_numpy(copy=True)  # what a frame gives may be read-only
    values = _shortened(np.asarray(result), _narrow(column.dtype, dtype_counts), before)
    nullable = hasattr(column.dtype, "numpy_dtype")
    absent = column.isna().to_numpy() if nullable else np.zeros(values.shape, dtype=bool)
    if before is not None and before.holds(values, absent):
        if before.dtype in NUMPY:
            return values.round().astype(before.dtype) if not absent.any() else values
        kept = pd.array(np.where(absent, 0.0, values).round(), dtype="Float64")
        kept[absent] = pd.NA
        return pd.Series(kept).astype(_name_in(before.dtype, "pandas")).array
    if not nullable:
        return values
    if type(column.dtype).__name__ == "ArrowDtype":
        kind = {"float32": "float", "float64": "double"}.get(values.dtype.name)
        return values if kind is None else pd.array(values, dtype=f"{kind}[pyarrow]")
    if values.dtype == np.float16:
        return values
    return pd.array(values, dtype=values.dtype.name.capitalize())


def _series_of_polars(result: Any, column: Any, dtype_counts: bool, before: Before | None) -> Any:
    """Return a column of a result as a series of polars, with the nulls of another."""
    pl: Any = sys.modules["polars"]
    if container_of_series(result):
        result = result.to_numpy()
    values = _shortened(np.asarray(result), _narrow(column.dtype, dtype_counts), before)
    nulls = column.is_null() if column.null_count() else None
    absent = np.zeros(values.shape, dtype=bool) if nulls is None else nulls.to_numpy()
    whole = before is not None and before.holds(values, absent)
    if whole:
        values = np.where(absent, 0.0, values).round()
    series = pl.Series(column.name, np.ascontiguousarray(values))
    if nulls is not None:
        series = series.set(nulls, None)
    if before is not None and whole:
        series = series.cast(getattr(pl, _name_in(before.dtype, "polars")))
    return series


def _name_in(dtype: str, library: str) -> str:
    """Return the name of a dtype of integers in a library, from that in any."""
    kind = dtype.lower().removesuffix("[pyarrow]")
    if library == "pandas":
        return "boolean" if kind.startswith("bool") else _capitals(dtype)
    return "Boolean" if kind.startswith("bool") else _capitals(kind)


def _capitals(dtype: str) -> str:
    """Return Int64 for int64, and UInt8 for uint8."""
    if dtype.endswith("[pyarrow]"):
        return dtype
    return dtype.lower().replace("uint", "UInt").replace("int", "Int", dtype[0] in "iI")


def container_of_series(values: Any) -> bool:
    """Whether values are a series of pandas or polars, not an array."""
    return not isinstance(values, np.ndarray) and hasattr(values, "to_numpy")


def converted(found: Any, container: str, wanted: str, names: Any = None, like: Any = None) -> Any:
    """Return a frame or an array in the wanted container."""
    if wanted in ("default", container):
        return found
    if container == "default":
        frame = framed(found, wanted, names, like)
        return frame.infer_objects() if wanted == "pandas" and found.dtype == object else frame
    if wanted == "polars":
        import polars as pl

        series = (found.iloc[:, at] for at in range(found.shape[1]))
        return pl.DataFrame([_of_polars(str(s.name), s, pl) for s in series])
    import pandas as pd

    held = {
        s.name: s.to_numpy() if _is_held_by_numpy(s) else s.to_list() for s in found.get_columns()
    }
    return pd.DataFrame(held)


def _of_polars(name: str, series: Any, pl: Any) -> Any:
    plain = isinstance(series.dtype, np.dtype) and series.dtype.kind in "biufmM"
    if plain:
        return pl.Series(name, series.to_numpy())
    absent = series.isna()
    return pl.Series(name, [None if a else v for v, a in zip(series, absent, strict=True)])


def _is_held_by_numpy(series: Any) -> bool:
    """Whether a series of polars holds numbers without nulls."""
    return bool(series.dtype.is_numeric()) and not series.null_count()
