"""Keyed tables: X read into its keys and the columns to scale, and put together again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np

from .. import _sklearn
from ..inputs.columns import Columns
from ..inputs.ends import HELD
from ..inputs.fast_path import is_plain
from ..inputs.frames import container_of, framed, is_arrow
from ..inputs.reading import read_array, read_table
from ..inputs.refused import refuse_foreign
from ..inputs.reshaped import Reshaped, is_series
from ..inputs.table import Table
from ..kernels.sparse import is_sparse
from .cells import Cells


class KeyedTable(Table):
    """A table whose rows have keys. A column of the map belongs to a column of a group.

    Parameters
    ----------
    inner : Table
        The columns to scale.
    layout : Layout
        Where they and the keys are.
    given : object
        X.
    key_columns : list of (str, array-like)
        What each column of keys is called, and its keys.
    """

    __slots__ = ("cells", "inner", "key_columns", "layout")

    def __init__(
        self, inner: Table, layout: Layout, given: Any, key_columns: list[tuple[str, Any]]
    ) -> None:
        super().__init__(inner.values, layout.columns, given, inner.container, layout.scaled)
        self.inner = inner
        self.layout = layout
        self.key_columns = key_columns
        self.cells: Cells | None = None

    def weights(self, sample_weight: Any) -> Any:
        return self.inner.weights(sample_weight)

    def room(self, keep: bool) -> Any:
        return self.inner.room(keep)

    def mapped(self, mapping: Any, out: Any, **options: Any) -> Any:
        assert self.cells is not None
        return self.cells.mapped(mapping, self.values, out, inverse=False, **options)

    def inverted(self, mapping: Any, out: Any, **options: Any) -> Any:
        assert self.cells is not None
        return self.cells.mapped(mapping, self.values, out, inverse=True, **options)

    def put_together(self, estimator: Any, result: Any, wanted: str, drop: bool) -> Any:
        """Return a result with the columns of keys in their places, as they are, or without them.

        A frame gives a frame of its kind, or of the kind that is wanted.
        """
        layout, own = self.layout, container_of(self.given)
        if isinstance(self.inner, Reshaped):
            return result.reshape(self.inner.original)
        keys = (
            []
            if drop
            else sorted(zip(layout.keys.tolist(), self.key_columns, strict=True), key=_place)
        )
        keys = keys if layout.keys.size else []
        if wanted == "default" and own != "default" and keys:
            wanted = own
        if wanted == "default":
            return _with_columns(result, keys, self.given)
        chosen = layout.scaled if self.places is None else self.places
        names = _names(self.given, own, layout.columns)
        frame = framed(result, wanted, [names[at] for at in chosen], like=self.inner.given)
        before = set(chosen.tolist()) | set(layout.keys.tolist())
        for place, (_, keys_of_column) in keys:
            at = sum(other < place for other in before)
            _insert(frame, wanted, at, names[place], keys_of_column)
        return frame


class Layout:
    """Where the columns of keys, and those to scale, are in X.

    Parameters
    ----------
    columns : Columns
        All columns of X.
    keys : ndarray of int
        The places of the columns of keys.
    """

    __slots__ = ("columns", "keys", "scaled")

    def __init__(self, columns: Columns, by: Any) -> None:
        self.columns = columns
        self.keys = np.array([] if by is None else _places(columns, by), dtype=np.intp)
        self.scaled = np.setdiff1d(np.arange(columns.number), self.keys)
        if not self.scaled.size and self.keys.size:
            raise ValueError("`by` names all columns of X: none is left to scale.")

    def names(self) -> list[str]:
        """Return what each column of keys is called in errors."""
        return [f"Column {self.columns.label(int(at))!r}" for at in self.keys]

    def rest(self) -> Columns:
        """Return the columns to scale."""
        if not self.keys.size:
            return self.columns
        names, labels = self.columns.names, self.columns.labels
        names = None if names is None else names[self.scaled]
        labels = None if labels is None else tuple(labels[at] for at in self.scaled)
        return Columns(self.scaled.size, names, labels)


def _places(columns: Columns, by: Any) -> list[int]:
    try:
        places = columns.places(columns.wanted(by))
    except (TypeError, ValueError) as error:
        raise ValueError(f"`by`={by!r:.80}: {error}") from error
    if len(set(places)) < len(places) or not places:
        raise ValueError(f"`by` must name columns of keys, each once. Got {by!r:.80}.")
    return places


def read_keyed(
    estimator: Any, X: Any, columns: Columns | None, groups: Any, least_rows: int = 1
) -> KeyedTable:
    """Read X, whose columns must be those of the fit, and the key of each row."""
    by = estimator.by
    if by is not None and groups is not None:
        raise ValueError("The keys are given twice, by `by` and by `groups`: give one of them.")
    if is_sparse(X):
        raise TypeError(
            f"A sparse X was passed, but {type(estimator).__name__} reads dense data: use "
            "X.toarray() to convert it."
        )
    if by is None:
        table = read_table(estimator, X, columns, least_rows=least_rows, accept_sparse=False)
        layout = Layout(table.columns, None)
        return KeyedTable(table, layout, table.given, _of_groups(groups, table))
    X = _whole(X)
    if columns is None:
        columns = _columns_of(X)
    else:
        columns.check_names(X, type(estimator).__name__)
    layout = Layout(columns, by)
    rest, keys = _taken(X, layout.scaled), [_column(X, int(at)) for at in layout.keys]
    table = read_table(estimator, rest, None, least_rows=least_rows, accept_sparse=False)
    return KeyedTable(table, layout, X, list(zip(layout.names(), keys, strict=True)))


def read_scaled(estimator: Any, X: Any, columns: Columns, groups: Any, wanted: Any) -> KeyedTable:
    """Read scaled data, with the columns of keys or without them; `places` are those they have."""
    layout = Layout(columns, estimator.by)
    if not is_plain(X, columns.number):
        X = _whole(X)
    has_keys = layout.keys.size > 0 and groups is None
    if has_keys and estimator._with("keys") == "drop":
        raise ValueError(
            'X has no columns of keys, because of keys="drop": pass the key of each row, groups=...'
        )
    keys, rest = [], X
    if has_keys:
        at = _found(X, layout, wanted)
        keys = [_column(X, int(place)) for place in at]
        rest = _taken(X, np.setdiff1d(np.arange(X.shape[1]), at))
    inner = layout.rest()
    places = inner.chosen(rest, wanted)
    values = read_array(estimator, rest, ensure_min_samples=0)
    if values.shape[1] != places.size:
        raise ValueError(
            f"X has {values.shape[1]} columns beside the keys, but {places.size} were expected. "
            "To invert some columns only, name them: columns=[...]."
        )
    table = Table(values, inner, rest, container_of(X), places)
    pairs = list(zip(layout.names(), keys, strict=True)) if has_keys else _of_groups(groups, table)
    found = KeyedTable(table, layout, X, pairs)
    found.places = layout.scaled[places]
    return found


def _found(X: Any, layout: Layout, wanted: Any) -> Any:
    """Return where the columns of keys are in scaled data, of all columns or of some."""
    columns = layout.columns
    if container_of(X) == "default":
        if X.shape[1] == columns.number and wanted is None:
            return layout.keys
        raise ValueError(
            f"X has {X.shape[1]} columns, and those of the fit are {columns.number}, with the "
            "keys. To invert some columns of an array, pass the key of each row, groups=..."
        )
    names = list(X.columns)
    if X.shape[1] == columns.number and columns.known() is None:
        return layout.keys
    missing = [columns.label(at) for at in layout.keys.tolist() if columns.label(at) not in names]
    if missing:
        raise ValueError(
            f"X lacks the column of keys {missing[0]!r}: pass it too, or the key of each row, "
            "groups=..."
        )
    return np.array([names.index(columns.label(at)) for at in layout.keys.tolist()], dtype=np.intp)


def check_held(table: KeyedTable) -> None:
    """Refuse integers that float64 does not hold."""
    values = table.values
    if values.dtype.kind not in "iu" or values.dtype.itemsize < 8 or not values.size:
        return
    wide = (values > HELD) | (values < -HELD)
    if wide.any():
        row, column = np.argwhere(wide)[0].tolist()
        raise ValueError(
            f"Column {table.label(column)!r} holds {values[row, column]}, which float64 does not "
            "tell from numbers near it. Subtract a number of your own from the column first."
        )


def _whole(X: Any) -> Any:
    """Return a table that has columns: lists become arrays, and tables of pyarrow frames."""
    if isinstance(X, (list, tuple)):
        array = np.asarray(X, dtype=object)
        try:
            floats = np.asarray(X)
        except (TypeError, ValueError):
            floats = array
        X = floats if floats.dtype.kind in "biuf" else array
    if is_arrow(X):
        X = X.to_pandas()
    if container_of(X) == "default":
        refuse_foreign(X)
        X = X if isinstance(X, np.ndarray) else np.asarray(X)
    if X.ndim != 2 if isinstance(X, np.ndarray) else False:
        raise ValueError(f"Expected 2D array, got {X.ndim}D array instead: X must have columns.")
    return X


def _columns_of(X: Any) -> Columns:
    own = container_of(X)
    if own == "pandas":
        return Columns.of_pandas(X)
    names = np.array(X.columns, dtype=object) if own == "polars" else None
    return Columns(X.shape[1], names)


def _taken(X: Any, places: Any) -> Any:
    """Return some columns of X; those of an array as a view where they lie together."""
    own = container_of(X)
    if own == "pandas":
        part = X.iloc[:, places]
        return (
            part
            if _sklearn.feature_names(X) is not None
            else part.set_axis(range(places.size), axis=1)
        )
    if own == "polars":
        return X[:, places.tolist()]
    if places.size and places[-1] - places[0] + 1 == places.size:
        return X[:, places[0] : places[-1] + 1]
    return X[:, places]


def _column(X: Any, place: int) -> Any:
    own = container_of(X)
    if own == "pandas":
        return X.iloc[:, place]
    return X.to_series(place) if own == "polars" else X[:, place]


def _of_groups(groups: Any, table: Table) -> list[tuple[str, Any]]:
    """Return the columns of keys that `groups` holds."""
    if groups is None:
        return []
    columns: Sequence[tuple[str, Any]]
    if container_of(groups) != "default":
        names = list(groups.columns)
        columns = [(f"groups[{n!r}]", _column(groups, at)) for at, n in enumerate(names)]
    elif is_series(groups):
        columns = [("groups", groups)]
    else:
        columns = _of_array(groups, table)
    for name, column in columns:
        if len(column) != table.n_rows:
            raise ValueError(
                f"{name} has {len(column)} keys, but X has {table.n_rows} rows: pass one per row."
            )
    return list(columns)


def _of_array(groups: Any, table: Table) -> list[tuple[str, Any]]:
    if isinstance(groups, (list, tuple)):
        groups = list(groups)
        if groups and all(isinstance(key, (tuple, list)) for key in groups):
            if len({len(key) for key in groups}) > 1:
                raise ValueError("The keys in `groups` differ in their number of parts.")
            parts = zip(*groups, strict=True)
            return [(f"groups[{at}]", list(part)) for at, part in enumerate(parts)]
        return [("groups", groups)]
    unfit = isinstance(groups, (str, bytes, Mapping, Set)) or is_sparse(groups)
    if unfit or not hasattr(groups, "__len__"):
        raise ValueError(f"`groups` must hold a key for each row. Got {groups!r:.80}.")
    if hasattr(groups, "categories"):  # a Categorical of pandas
        import pandas as pd

        return [("groups", pd.Series(groups))]
    array = groups if isinstance(groups, np.ndarray) else np.asarray(groups)
    if isinstance(table, Reshaped) and array.ndim <= len(table.original) - 1:
        array = np.asarray(table.weights(array))
    if array.ndim == 2:
        return [(f"groups[{at}]", array[:, at]) for at in range(array.shape[1])]
    if array.ndim != 1:
        raise ValueError(f"`groups` must hold a key for each row. Got the shape {array.shape}.")
    return [("groups", array)]


def _with_columns(result: Any, keys: list[Any], given: Any) -> Any:
    """Return an array with columns of keys put in, which are numbers or objects."""
    if not keys:
        return result
    columns = {place: np.asarray(column) for place, (_, column) in keys}
    dtype = result.dtype
    for column in columns.values():
        if column.dtype.kind not in "biuf":
            dtype = np.dtype(object)
        elif not _holds(column, dtype):
            raise ValueError(
                f"X holds keys that an array of {dtype} does not hold, and that would be rounded: "
                'pass a frame, or the keys apart, as groups=..., or set keys="drop".'
            )
    out = np.empty((result.shape[0], result.shape[1] + len(columns)), dtype=dtype)
    rest = [at for at in range(out.shape[1]) if at not in columns]
    out[:, rest] = result
    for place, column in columns.items():
        out[:, place] = column
    return out


def _names(given: Any, own: str, columns: Columns) -> Any:
    """Return all labels for a frame."""
    known = columns.known()
    if known is None and own != "default" and len(given.columns) == columns.number:
        return list(given.columns)
    return list(columns.listed() if known is None else known)


def _insert(frame: Any, kind: str, at: int, name: Any, column: Any) -> None:
    if kind == "pandas":
        values = getattr(column, "array", column)  # by place, not by index
        if container_of(column) == "default" and is_series(column) and not hasattr(column, "iloc"):
            values = column.to_list()
        frame.insert(at, name, values, allow_duplicates=True)
        return
    import polars as pl

    values = column if isinstance(column, pl.Series) else pl.Series(np.asarray(column).tolist())
    frame.insert_column(at, values.alias(str(name)))


def _place(key: tuple[int, Any]) -> int:
    return key[0]


def _holds(column: Any, dtype: Any) -> bool:
    """Whether numbers become others of a dtype, and come back as they were."""
    with np.errstate(over="ignore", invalid="ignore"):
        back = column.astype(dtype).astype(column.dtype)
    return bool(np.array_equal(back, column, equal_nan=column.dtype.kind == "f"))
