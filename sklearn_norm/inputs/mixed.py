"""Mixed: X whose columns may be of any kind, for estimators that give parts of it to others.

It is read once: the columns are those of the fit, there are rows, and an array is one of numbers or
of objects. A part is a selection of columns in the container of X; results of the parts are put in
the places of their columns, and all other columns stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from .. import _sklearn
from ..kernels.sparse import is_sparse
from .columns import Columns
from .frames import container_of, is_arrow
from .placing import Before, converted, in_frame, name_of, placed
from .reading import columns_of, read_array, read_table
from .reshaped import Reshaped, flattened, stack_of

OBJECTS = "OUST"  # kinds of arrays that hold anything; T is NumPy's dtype of strings
Placed = tuple[Any, Any, bool]  # the places of columns, their result, and whether its dtype counts


class Mixed:
    """X as it is, its columns, and how to return results.

    Parameters
    ----------
    values : ndarray, sparse array or DataFrame of shape (n_rows, n_columns)
        X, as an array of numbers if it is one.
    columns : Columns
        The columns.
    given : object
        X as the caller passed it.
    container : {"default", "pandas", "polars"}
        The kind of frame that X is.
    original : tuple of int or None
        The shape of X if that is another than the shape of the values.
    """

    __slots__ = ("columns", "container", "given", "original", "values")

    def __init__(
        self,
        values: Any,
        columns: Columns,
        given: Any,
        container: str = "default",
        original: tuple[int, ...] | None = None,
    ) -> None:
        self.values = values
        self.columns = columns
        self.given = given
        self.container = container
        self.original = original

    @property
    def n_rows(self) -> int:
        return int(self.values.shape[0])

    def dtypes(self) -> tuple[str, ...]:
        """Return the names of the dtypes of the columns."""
        if self.container == "default":
            return (name_of(self.values.dtype),) * self.columns.number
        return tuple(map(name_of, self.values.dtypes))

    def part(self, places: Any) -> Any:
        """Return some columns, in the container of X; nobody can write to X through them."""
        chosen = _as_slice(places)
        if self.container == "pandas":
            return self.values.iloc[:, chosen]
        if self.container == "polars":
            return self.values[:, chosen if isinstance(chosen, slice) else chosen.tolist()]
        part = self.values[:, chosen]
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
        return part

    def weights(self, sample_weight: Any) -> Any:
        """Return the weights, one for each row of the values."""
        if self.original is None:
            return sample_weight
        table = Reshaped(self.values, self.columns, self.given, None, self.original)
        return table.weights(sample_weight)

    def with_results(
        self,
        results: Iterable[Placed],
        wanted: str,
        before: Sequence[Before] | None = None,
        places: Any = None,
    ) -> Any:
        """Return X with the results of parts in their places.

        Parameters
        ----------
        results : iterable of (places, result, dtype counts)
            For each part its columns, the array or the frame that takes their place, and whether
            its dtype is wanted, even if the column has another.
        wanted : {"default", "pandas", "polars"}
            The container of the result; "default" is that of X.
        before : sequence of Before, default=None
            What the columns were before, which they become again where no value is changed.
        places : ndarray of int, default=None
            Which columns of the fit the columns of X are; None means all.
        """
        if before is not None and places is not None:
            before = [before[at] for at in places]
        if self.container != "default":
            frame = in_frame(self.values, self.container, results, before)
            return converted(frame, self.container, wanted)
        found = placed(self.values, results, self._label)
        if self.original is not None:
            return found.reshape(self.original)
        if wanted == "default" or is_sparse(found):
            return found
        names = self.columns.listed()
        names = names if places is None else names[places]
        return converted(found, "default", wanted, names, self.given)

    def _label(self, place: int) -> Any:
        return self.columns.label(place)


def _as_slice(places: Any) -> Any:
    """Return places that follow one another as a slice, which copies nothing."""
    if len(places) and np.array_equal(places, np.arange(places[0], places[0] + len(places))):
        return slice(int(places[0]), int(places[-1]) + 1)
    return places


def read_mixed(estimator: Any, X: Any, columns: Columns | None, least_rows: int = 1) -> Mixed:
    """Read X once, without a look at values that no number needs to be.

    Parameters
    ----------
    estimator : object
        The estimator that scikit-learn's messages name.
    X : object
        A frame of pandas or polars, an array of numbers or of objects, or a sparse array.
    columns : Columns or None
        The columns of the fit, which X must have. None accepts those of X.
    least_rows : int
        The least number of rows.

    Raises
    ------
    TypeError, ValueError
        If X is no table, or has other columns or too few rows.
    """
    container = container_of(X)
    if container == "default":
        return _read_array(estimator, X, columns, least_rows)
    if container == "pandas" and columns is not None and columns.has(X.columns):
        _check_rows(estimator, X.shape, least_rows)
        return Mixed(X, columns, X, container)
    found = _columns_found(estimator, X, container, columns)
    _check_rows(estimator, X.shape, least_rows)
    return Mixed(X, found, X, container)


def _read_array(estimator: Any, X: Any, columns: Columns | None, least_rows: int) -> Mixed:
    if is_arrow(X):
        raise TypeError(
            f"X is a {type(X).__name__} of pyarrow, whose columns cannot be replaced: pass a "
            "frame, X.to_pandas() or polars.from_arrow(X)."
        )
    objects = _objects(X)
    if objects is not None:
        found = _columns_found(estimator, objects, "default", columns)
        _check_rows(estimator, objects.shape, least_rows)
        return Mixed(objects, found, X)
    stack = stack_of(X)
    if stack is not None and stack.dtype.kind in "biuf":
        rows = flattened(stack)
        table = read_table(estimator, rows, columns, least_rows=least_rows)
        return Mixed(table.values, table.columns, X, original=stack.shape)
    table = read_table(estimator, X, columns, least_rows=least_rows)
    original = table.original if isinstance(table, Reshaped) else None
    return Mixed(table.values, table.columns, table.given, original=original)


def _objects(X: Any) -> Any:
    """Return X as an array of objects if it is a table of anything but numbers, else None."""
    if is_sparse(X) or not (isinstance(X, (np.ndarray, list, tuple))):
        return None
    if isinstance(X, np.ndarray):
        array = X
    else:
        try:
            array = np.asarray(X)
            array = np.asarray(X, dtype=object) if array.dtype.kind in OBJECTS else array
        except (TypeError, ValueError, OverflowError):
            return None  # the full validation raises the error
    if array.dtype.kind not in OBJECTS or array.ndim != 2 or isinstance(X, np.ma.MaskedArray):
        return None
    return array.astype(object) if array.dtype.kind != "O" else array


def _columns_found(estimator: Any, X: Any, container: str, columns: Columns | None) -> Columns:
    """Return the columns of X, compared with those of the fit."""
    if X.shape[1] == 0 and (columns is None or columns.number == 0):
        raise ValueError(
            f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required by "
            f"{type(estimator).__name__}. Pass a table with a column."
        )
    try:
        _, names, _ = _sklearn.validated(
            estimator,
            X,
            reset=columns is None,
            width=None if columns is None else columns.number,
            names=None if columns is None else columns.names,
            skip_check_array=True,
        )
    except ValueError as error:
        raise (error if columns is None else columns.explained(X, error)) from error
    return columns_of(X, container, names, X.shape[1], columns)


def _check_rows(estimator: Any, shape: tuple[int, ...], least_rows: int) -> None:
    if shape[0] < least_rows:
        raise ValueError(
            f"Found array with {shape[0]} sample(s) (shape={shape}) while a minimum of "
            f"{least_rows} is required by {type(estimator).__name__}. Pass a table with a row."
        )


def read_scaled(estimator: Any, X: Any, columns: Columns, width: int) -> Mixed:
    """Read scaled data, whose columns are known to be some of the fit, to undo the scaling."""
    container = container_of(X)
    objects = None if container != "default" else _objects(X)
    if container != "default":
        values = X
    elif objects is not None:
        values = objects
    else:
        values = read_array(estimator, X, accept_sparse=["csr", "csc"], ensure_min_samples=0)
    if values.shape[1] != width:
        raise ValueError(
            f"X has {values.shape[1]} features, but {type(estimator).__name__} is expecting "
            f"{width} features as input. To invert some columns only, name them: columns=[...]."
        )
    return Mixed(values, columns, X, container)
