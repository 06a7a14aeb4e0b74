"""Columns: the labels and the number of the columns of a table, and how to find them.

No other module knows labels. scikit-learn keeps names that are strings, as `feature_names_in_`.
Labels of other kinds (integers, tuples, dates) are kept beside them and compared alike. The
labels 0 to n - 1, in this order, are none: pandas makes them up.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Iterator, Mapping, Set
from numbers import Real
from typing import Any, Self

import numpy as np

from .. import _sklearn
from .frames import container_of, index_of, refuse_repeated


class Columns:
    """Labels and number of the columns of a table.

    Parameters
    ----------
    number : int
        The number of columns.
    names : ndarray of str (dtype object), or None
        The column names if all are strings.
    labels : tuple or None
        The labels of the columns if not all of them are strings.
    """

    __slots__ = ("_index", "_seen", "labels", "names", "number")

    def __init__(self, number: int, names: Any = None, labels: Any = None) -> None:
        self.number = number
        self.names = names
        self.labels = labels
        self._seen: Any = None  # a pandas index that was found equal to these columns
        self._index: Any = None  # the pandas index for results

    def label(self, place: int) -> Any:
        """Return the label of a column, or its place if there are no labels."""
        known = self.known()
        return place if known is None else known[place]

    def known(self) -> Any:
        """Return the names or the labels, None if the columns have neither."""
        return self.labels if self.names is None else self.names

    def listed(self) -> Any:
        """Return the names, or x0, x1 and so on."""
        if self.names is not None:
            return self.names
        return np.array([f"x{i}" for i in range(self.number)], dtype=object)

    def shown(self) -> str:
        """Return the labels for a message, or the names that columns without labels have."""
        return shown(self.listed() if self.labels is None else self.labels)

    def same_as(self, other: Columns) -> bool:
        if self.number != other.number or not same_labels(self.labels, other.labels):
            return False
        return self.names is other.names or bool(np.array_equal(self.listed(), other.listed()))

    def has(self, index: Any) -> bool:
        """Whether these are the columns of a pandas frame; equal indexes are cached."""
        seen = self._seen
        if seen is None:
            return False
        if index.is_(seen):
            return True
        if index.dtype != seen.dtype or not index.equals(seen):
            return False
        self._seen = index
        return True

    def found_in(self, X: Any) -> Self:
        """Return these columns of the fit, which a pandas frame must have, in this order."""
        names, labels = told_by(X)
        self.check_labels(X, labels)
        if (names is None) == (self.names is None) and same_labels(labels, self.labels):
            self._seen = X.columns
        return self

    def check_labels(self, X: Any, given: Any) -> None:
        """Refuse a frame whose `given` labels are not those of the fit, in this order.

        Names that are strings are compared by scikit-learn's validation.
        """
        if self.labels is None:
            if given is not None and self.names is None and _is_out_of_place(given):
                raise ValueError(
                    f"X has the labels {shown(given)}, which are not in the places of the fit, "
                    f"0 to {self.number - 1}. Reorder them, as X[sorted(X.columns)] does, or "
                    "rename them."
                )
        elif given is not None and not same_labels(given, self.labels):
            raise ValueError(self._differs(given))
        elif given is None and container_of(X) == "pandas":
            raise ValueError(self._differs(tuple(X.columns)))

    def check_names(self, X: Any, who: str) -> None:
        """Refuse a table whose width or labels are not those of the fit, in this order."""
        width = X.shape[1]
        if width != self.number:
            raise ValueError(
                f"X has {width} features, but {who} is expecting {self.number} features as input."
            )
        given = _sklearn.feature_names(X)
        if given is not None and self.names is not None and list(given) != list(self.names):
            raise ValueError(self._differs(list(given)))
        if (given is None) != (self.names is None):
            told = (
                "X has feature names, but" if self.names is None else "X has no feature names, but"
            )
            was = "without" if self.names is None else "with"
            warnings.warn(f"{told} {who} was fitted {was} feature names", UserWarning, stacklevel=2)
        if given is None and container_of(X) == "pandas":
            self.check_labels(X, labels_of(X))

    def check_order(self, X: Any) -> None:
        """Refuse the labels of the fit in another order; others are those of other data."""
        names = names_of(X)
        given = labels_of(X) if names is None else tuple(names)
        known = self.known()
        known = range(self.number) if known is None else known
        if given is None or not _are_alike(given, known) or same_labels(given, tuple(known)):
            return
        if self.known() is None:
            self.check_labels(X, given)
        else:
            raise ValueError(self._differs(list(given)))

    def _differs(self, given: Any) -> str:
        """Say where labels first differ from those of the fit, and how to reorder."""
        known = list(self.known())
        pairs = zip(given, known, strict=False)
        differ = (i for i, (a, b) in enumerate(pairs) if not _same_label(a, b))
        at = next(differ, min(len(given), len(known)))
        if _are_alike(given, known):
            wanted = "scaler.feature_names_in_" if self.labels is None else shown(known)
            remedy = f"Reorder them: X[{wanted}]."
        else:
            remedy = f"Pass the columns of the fit: {shown(known)}."
        if at >= len(given):
            return f"X lacks column {known[at]!r}. {remedy}"
        if at >= len(known):
            return f"X has column {given[at]!r}, which was not seen in fit. {remedy}"
        return f"Column {at} of X is {given[at]!r}, where the fit had {known[at]!r}. {remedy}"

    def explained(self, X: Any, error: Exception) -> Exception:
        """Return scikit-learn's error of other names, with the first that differs."""
        given = names_of(X) if str(error).startswith(OF_NAMES) else None
        if given is None or self.names is None:
            return error
        return ValueError(f"{str(error).rstrip()}\n{self._differs(list(given))}")

    @classmethod
    def of_pandas(cls, X: Any) -> Self:
        """Return the columns of a pandas frame, which remember its index."""
        names, labels = told_by(X)
        columns = cls(X.shape[1], names, labels)
        columns._seen = X.columns
        return columns

    def index(self) -> Any:
        """Return the columns for a pandas frame, an object that the caller may rename."""
        if self._index is None:
            self._index = index_of(self.listed())
        return self._index.view()

    def places(self, wanted: Iterable[Any]) -> list[int]:
        """Return the indices of columns given by label or by index."""
        size, known = self.number, self.known()
        at = {} if known is None else {label: i for i, label in enumerate(known)}
        found = []
        for column in wanted:
            if isinstance(column, Hashable) and column in at and self._may_be_label(column):
                found.append(at[column])
            elif isinstance(column, str) and self.names is None:
                found.append(self._default(column))
            elif self.labels is None and _is_place(column) and -size <= column < size:
                found.append(int(column) % size)
            else:
                self._refuse(column)
        return found

    def _may_be_label(self, column: Any) -> bool:
        """Whether a column is a label, not a boolean of a mask where labels are 0 and 1."""
        return not _is_flag(column) or any(label is column for label in self.labels or ())

    def _default(self, name: str) -> int:
        """Return the index of a column by its default name, x0, x1 and so on."""
        digits = name[1:]
        if name[:1] == "x" and digits.isdecimal() and digits.isascii() and len(digits) < 16:
            place = int(digits)
            if place < self.number and name == f"x{place}":
                return place
        self._refuse(name)
        raise AssertionError  # not reached

    def _refuse(self, column: Any) -> None:
        if _is_flag(column):
            raise ValueError(
                "`columns` holds booleans: pass the names or the indices of the columns, such as "
                "np.flatnonzero(mask)."
            )
        places = f", or the indices 0 to {self.number - 1}" if self.labels is None else ""
        raise ValueError(
            f"Column {column!r} was not seen in fit. The columns are {self.shown()}{places}."
        )

    def chosen(self, X: Any, wanted: Any) -> Any:
        """Return the indices of the columns of X: those wanted, those named by X, or all."""
        given = names_of(X)
        given = labels_of(X) if given is None else given
        known = self.known()
        if wanted is not None:
            places = self.places(self.wanted(wanted))
            expected = [self.listed()[at] if known is None else known[at] for at in places]
            if given is not None and list(given) != expected and not self._counts_on(given):
                raise ValueError(
                    f"X has the columns {shown(given)}, but columns={shown(expected)}."
                )
        elif given is None:
            places = self._all_places(X)
        elif known is None:
            self.check_labels(X, labels_of(X))
            places = list(range(self.number))
        elif same_labels(tuple(given), tuple(known)):
            return np.arange(self.number)
        else:
            places = self.places(given)
        if sorted(set(places)) != places:
            raise ValueError(
                "The feature names should match those that were passed during fit.\n"
                "Feature names must be in the same order as they were in fit.\n"
                f"Got {shown([self.label(at) for at in places])}; the order in fit is "
                f"{self.shown()}."
            )
        return np.asarray(places, dtype=np.intp)

    def _counts_on(self, given: Any) -> bool:
        """Whether labels only count on, so they are no labels of a table without names."""
        return self.known() is None and all(_is_place(label) for label in given)

    def _all_places(self, X: Any) -> Any:
        """Return all places, of an array or of a frame without labels."""
        if self.labels is not None and container_of(X) == "pandas":
            return self.places(X.columns)
        return list(range(self.number))

    def wanted(self, columns: Any) -> list[Any]:
        """Return the columns wanted as a list that is no longer than there are columns."""
        if isinstance(columns, Hashable) and not hasattr(columns, "__array__"):
            known = self.known()
            one = isinstance(columns, str) or not isinstance(columns, Iterable)
            if one or (known is not None and columns in list(known)):
                return [columns]
        if not hasattr(columns, "__iter__") or isinstance(columns, UNORDERED):
            raise ValueError(
                f"`columns` must hold the labels or the indices of columns. Got {columns!r:.80}."
            )
        size = getattr(columns, "size", None)
        size = size if isinstance(size, int) else len(columns) if hasattr(columns, "__len__") else 0
        if size > self.number and not _is_flag(next(iter(columns))):
            raise ValueError(
                f"`columns` names {size} columns, but there are {self.number}: "
                "name each once, in the order of the fit."
            )
        return list(np.atleast_1d(columns) if hasattr(columns, "__array__") else columns)


UNORDERED = (Set, Mapping, Iterator, bytes)  # or read only once
OF_NAMES = "The feature names should match"  # how scikit-learn's error of other names begins


def names_of(X: Any) -> Any:
    """Return the column names of a frame that are strings, or None; refuse repeated ones."""
    refuse_repeated(X)
    return _sklearn.feature_names(X)


def labels_of(X: Any) -> tuple[Any, ...] | None:
    """Return the labels of a pandas frame; None for strings, and for 0 to n - 1 in order."""
    labels: tuple[Any, ...] | None = told_by(X)[1] if container_of(X) == "pandas" else None
    return labels


def told_by(X: Any) -> tuple[Any, tuple[Any, ...] | None]:
    """Return the names of a pandas frame if all are strings, and else its labels."""
    listed = X.columns.tolist()
    kinds = set(map(type, listed))
    if kinds == {int}:
        return None, None if listed == list(range(len(listed))) else tuple(listed)
    if kinds == {str}:
        return np.asarray(X.columns, dtype=object), None
    if names_of(X) is not None or not listed:  # or it refuses them
        return None, None
    return None, tuple(label.item() if isinstance(label, np.generic) else label for label in listed)


def same_labels(a: Any, b: Any) -> bool:
    """Whether two tuples of labels are the same; what is missing equals what is missing."""
    if a is None or b is None:
        return a is b
    return len(a) == len(b) and all(map(_same_label, a, b))


def _are_alike(given: Any, known: Any) -> bool:
    """Whether labels are the same, in any order."""
    return sorted(map(repr, given)) == sorted(map(repr, known))


def _same_label(a: Any, b: Any) -> bool:
    try:
        return a is b or bool(a == b) or bool(a != a and b != b)
    except (TypeError, ValueError):
        return False  # as pd.NA, which equals nothing


def _is_out_of_place(labels: Any) -> bool:
    """Whether a label is the number of another place among the first n."""
    return any(
        isinstance(label, (Real, np.bool_)) and label in range(len(labels)) and label != place
        for place, label in enumerate(labels)
    )


def _is_place(label: Any) -> bool:
    return isinstance(label, (int, np.integer)) and not isinstance(label, bool)


def _is_flag(label: Any) -> bool:
    return isinstance(label, (bool, np.bool_))


def shown(names: Any) -> str:
    """Return names for a message: all if there are few, else the first ones and their number."""
    listed = list(names)
    if len(listed) <= 12:
        return str(listed)
    return f"[{', '.join(map(repr, listed[:10]))}, ... {len(listed)} in all]"
