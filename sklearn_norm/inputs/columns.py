"""Columns: the names and the number of the columns of a table, and how to look them up.

Only this module handles names. Names are strings, as in scikit-learn; a table with other
labels has column indices only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .. import _sklearn
from .frames import index_of


class Columns:
    """Names and number of the columns of a table.

    Parameters
    ----------
    number : int
        How many columns there are.
    names : ndarray of str (as objects), or None
        Their names, if all of them are strings.
    """

    __slots__ = ("_index", "_seen", "names", "number")

    def __init__(self, number: int, names: Any = None) -> None:
        self.number = number
        self.names = names
        self._seen: Any = None  # the last pandas index found equal to these names
        self._index: Any = None  # a pandas index of these names, made on demand

    def label(self, place: int) -> Any:
        """Return the name of a column, or its index if it has no name."""
        return place if self.names is None else self.names[place]

    def listed(self) -> Any:
        """Return the names, or x0, x1, ... if there are none."""
        if self.names is not None:
            return self.names
        return np.array([f"x{i}" for i in range(self.number)], dtype=object)

    def same_as(self, other: Columns) -> bool:
        if self.number != other.number:
            return False
        return self.names is other.names or bool(np.array_equal(self.listed(), other.listed()))

    def has(self, index: Any) -> bool:
        """Whether this index of a pandas frame has these names; the last match is cached.

        False without a cached match.
        """
        seen = self._seen
        if seen is None:
            return False
        if index.is_(seen):
            return True
        if index.dtype != seen.dtype or not index.equals(seen):
            return False
        self._seen = index
        return True

    def remember(self, index: Any) -> None:
        """Cache the index of a pandas frame that was found equal to these names."""
        self._seen = index

    def index(self) -> Any:
        """Return a pandas index of the names; a view, so the caller may rename it."""
        if self._index is None:
            self._index = index_of(self.listed())
        return self._index.view()

    def places(self, wanted: Iterable[Any]) -> list[int]:
        """Return the indices of columns given by name or index."""
        size = self.number
        at = {} if self.names is None else {name: i for i, name in enumerate(self.names)}
        found = []
        for column in wanted:
            if isinstance(column, str) and (column in at or self.names is None):
                found.append(at[column] if at else self._default(column))
            elif isinstance(column, (int, np.integer)) and -size <= column < size:
                found.append(int(column) % size)
            else:
                self._refuse(column)
        return found

    def _default(self, name: str) -> int:
        """Return the index of a column by its default name x0, x1, ..."""
        digits = name[1:]
        if name[:1] == "x" and digits.isdecimal() and digits.isascii() and len(digits) < 16:
            place = int(digits)
            if place < self.number and name == f"x{place}":
                return place
        self._refuse(name)
        raise AssertionError  # not reached

    def _refuse(self, column: Any) -> None:
        raise ValueError(
            f"Column {column!r} was not seen in fit. The columns are {shown(self.listed())}, "
            f"or the indices 0 to {self.number - 1}."
        )

    def chosen(self, X: Any, wanted: Any) -> Any:
        """Return the indices of the columns in X: those wanted, those named by X, or all."""
        given = _sklearn.feature_names(X)
        if wanted is not None:
            places = self.places(self._at_most_all(wanted))
            if given is not None and list(given) != [self.listed()[at] for at in places]:
                expected = shown([self.listed()[at] for at in places])
                raise ValueError(f"X has the columns {shown(given)}, but columns={expected}.")
        elif given is None or self.names is None or list(given) == list(self.names):
            return np.arange(self.number)
        else:
            places = self.places(given)
        if sorted(set(places)) != places:
            raise ValueError(
                "The feature names should match those that were passed during fit.\n"
                "Feature names must be in the same order as they were in fit.\n"
                f"Got {shown([self.label(at) for at in places])}; the order in fit is "
                f"{shown(self.listed())}."
            )
        return np.asarray(places, dtype=np.intp)

    def _at_most_all(self, wanted: Any) -> Any:
        """Return the wanted columns as a list; refuse more than there are columns."""
        size = getattr(wanted, "size", 0)
        if isinstance(size, int) and size > self.number:
            raise ValueError(
                f"`columns` names {size} columns, but there are {self.number}: "
                "name each once, in the order of the fit."
            )
        return np.atleast_1d(np.asarray(wanted, dtype=object))


def shown(names: Any) -> str:
    """Return names for a message: all if they are few, else the first ones and the number."""
    listed = list(names)
    if len(listed) <= 12:
        return str(listed)
    return f"[{', '.join(map(repr, listed[:10]))}, ... {len(listed)} in all]"
