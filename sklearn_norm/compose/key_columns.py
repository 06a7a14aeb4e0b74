"""Columns of keys: read once, into distinct values and a code for each row."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from .key_values import DTYPES, MOST, WORDS, Places, Values, inverse, nanoseconds, value_of

SPARSE = 4  # integers that leave out no more than this share of a range are counted in a table
PLAIN = ("string", "empty")  # objects of which equality means the same key


def read_column(column: Any, where: str) -> tuple[Values, Places]:
    """Return the distinct values of a column of keys, and the code of each row.

    Text is in the order in which it comes: `Values.sorted` sorts it.

    Parameters
    ----------
    column : array-like of shape (n_rows,)
        An array, a series of pandas or polars, or a list.
    where : str
        What the column is called in errors.
    """
    pandas, polars = (sys.modules.get(name) for name in ("pandas", "polars"))
    if pandas is not None and isinstance(column, (pandas.Series, pandas.Index)):
        return _of_pandas(column, where)
    if polars is not None and isinstance(column, polars.Series):
        return _of_polars(column, where)
    if not isinstance(column, np.ndarray):
        objects = np.empty(len(column), dtype=object)
        objects[:] = list(column)
        column = objects
    if isinstance(column, np.ma.MaskedArray):
        objects = np.array(column.data, dtype=object)
        objects[np.ma.getmaskarray(column)] = None
        column = objects
    return _of_array(column, where)


def _of_pandas(column: Any, where: str) -> tuple[Values, Places]:
    dtype = column.dtype
    if hasattr(dtype, "categories"):
        return _of_categories(dtype.categories, np.asarray(column.array.codes), where)
    if getattr(dtype, "tz", None) is not None:
        return _of_times(column.array.tz_convert(None).to_numpy(), where, "time in UTC")
    if isinstance(dtype, np.dtype):
        return _of_array(column.to_numpy(), where)
    absent = np.asarray(column.isna())
    if not absent.any() and getattr(dtype, "kind", "O") in "biuf":
        numbers = column.to_numpy(dtype=bool if dtype.kind == "b" else f"{dtype.kind}8")
        return _of_array(numbers, where)
    return _of_array(column.astype(object).to_numpy(), where)


def _of_polars(column: Any, where: str) -> tuple[Values, Places]:
    if column.dtype.is_numeric() and not column.null_count():
        return _of_array(column.to_numpy(), where)
    return read_column(column.to_list(), where)


def _of_categories(categories: Any, codes: Any, where: str) -> tuple[Values, Places]:
    """Return the values of the categories that occur."""
    values, places = read_column(categories, where)
    absent = codes < 0
    if absent.any() and values.missing < 0:
        values = Values.of({**values.blocks, "missing": np.zeros(1, dtype=bool)})
    rows = np.append(places, values.missing)[codes]
    found, new = values.chosen(rows)
    return found, new[rows]


def _of_array(array: Any, where: str) -> tuple[Values, Places]:
    if array.ndim != 1:
        raise ValueError(f"{where} must hold one key per row. Got an array of shape {array.shape}.")
    act = _READERS.get(array.dtype.kind)
    if act is None:
        raise ValueError(f"{where} holds values of {array.dtype}. {WORDS}.")
    return act(array, where)


def _of_booleans(array: Any, where: str) -> tuple[Values, Places]:
    values, codes = _of_numbers(array.astype(np.int64))
    return Values.of({"boolean": values.astype(bool)}), codes


def _of_integers(array: Any, where: str) -> tuple[Values, Places]:
    if array.dtype.kind == "u" and array.size and int(array.max()) >= MOST:
        values, codes = np.unique(array, return_inverse=True)
        whole = values < MOST
        return Values.of(
            {
                "integer": values[whole].astype(np.int64),
                "unsigned": values[~whole].astype(np.uint64),
            }
        ), codes
    values, codes = _of_numbers(array.astype(np.int64, copy=False))
    return Values.of({"integer": values}), codes


def _of_numbers(array: Any) -> tuple[Any, Places]:
    """Return distinct integers, sorted, and codes; by a table if they are close together."""
    if not array.size:
        return array, np.zeros(0, dtype=np.intp)
    low, high = int(array.min()), int(array.max())
    if high - low < SPARSE * array.size + 1024:
        places = array - low
        seen = np.zeros(high - low + 1, dtype=bool)
        seen[places] = True
        return np.flatnonzero(seen) + low, (np.cumsum(seen) - 1)[places]
    import pandas as pd

    codes, values = pd.factorize(array)
    order = np.argsort(values)
    return values[order], inverse(order)[codes]


def _of_floats(array: Any, where: str) -> tuple[Values, Places]:
    array = array.astype(np.float64, copy=False)
    absent = np.isnan(array)
    whole = array == np.floor(array)
    if array.size and whole.all() and np.abs(array).max() < MOST:
        return _of_integers(array.astype(np.int64), where)
    return _by_value(np.unique(array), array, absent, where)


def _by_value(distinct: Any, array: Any, absent: Any, where: str) -> tuple[Values, Places]:
    """Return values and codes of floats, given the distinct ones, NaN last."""
    listed = distinct[~np.isnan(distinct)]
    values, codes = _of_objects_typed([*listed.tolist(), *([None] if absent.any() else [])], where)
    places = np.where(absent, listed.size, np.searchsorted(listed, np.where(absent, 0.0, array)))
    return values, codes[places]


def _of_times(array: Any, where: str, kind: str = "time") -> tuple[Values, Places]:
    kind = "duration" if array.dtype.kind == "m" else kind
    absent = np.isnat(array)
    if not absent.any():
        values, codes = _of_numbers(nanoseconds(array, where))
        return Values.of({kind: values}), codes
    values, codes = _of_numbers(nanoseconds(array[~absent], where))
    rows = np.full(array.size, values.size)
    rows[~absent] = codes
    return Values.of({kind: values, "missing": np.zeros(1, dtype=bool)}), rows


def _of_text(array: Any, where: str) -> tuple[Values, Places]:
    return _of_objects(array.astype(object), where)


def _of_objects(array: Any, where: str) -> tuple[Values, Places]:
    import pandas as pd

    plain = pd.api.types.infer_dtype(array, skipna=True) in PLAIN
    if not plain or (_ends_at_nul() and any(type(o) is str and "\0" in o for o in array)):
        values, codes = _of_objects_typed(array.tolist(), where)
        return values, codes
    codes, distinct = pd.factorize(array)
    blocks, absent = {"text": distinct}, codes < 0
    if absent.any():
        blocks["missing"] = np.zeros(1, dtype=bool)
        codes[absent] = distinct.size
    return Values.of(blocks), codes


@cache
def _ends_at_nul() -> bool:
    """Whether this pandas compares text only up to a NUL character, as some versions do."""
    import pandas as pd

    return len(pd.factorize(np.array(["a", "a\0"], dtype=object))[1]) == 1


def _of_objects_typed(objects: list[Any], where: str) -> tuple[Values, Places]:
    """Return values and codes of objects of any kinds, one by one."""
    places: dict[tuple[str, Any], int] = {}
    first = np.array([places.setdefault(value_of(o, where), len(places)) for o in objects], np.intp)
    by_kind: dict[str, list[tuple[Any, int]]] = {}
    for (kind, value), place in places.items():
        by_kind.setdefault(kind, []).append((value, place))
    ordered = {kind: sorted(pairs) for kind, pairs in by_kind.items()}
    values = Values.of({kind: _block(kind, pairs) for kind, pairs in ordered.items()})
    order = [place for kind in values.blocks for _, place in ordered[kind]]
    return values, inverse(np.array(order, dtype=np.intp))[first]


def _block(kind: str, pairs: list[tuple[Any, int]]) -> Any:
    block = np.empty(len(pairs), dtype=DTYPES[kind])
    block[:] = [value for value, _ in pairs]
    return block


_READERS: dict[str, Callable[[Any, str], tuple[Values, Places]]] = {
    "b": _of_booleans,
    "i": _of_integers,
    "u": _of_integers,
    "f": _of_floats,
    "M": _of_times,
    "m": _of_times,
    "U": _of_text,
    "T": _of_text,
    "O": _of_objects,
}
