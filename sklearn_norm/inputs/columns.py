"""Columns: the names and the number of the columns of a table, and how to find them.

No other module knows names. Names are strings, as scikit-learn keeps them; a table whose
labels are something else has places only.
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
        How many there are.
    names : ndarray of str (as objects), or None
        Their names, where all of them are strings.
    """

    __slots__ = ("_index", "_seen", "names", "number")

    def __init__(self, number: int, names: Any = None) -> None:
        self.number = number
        self.names = names
        self._seen: Any = None  # columns of a pandas frame that were found to be these
        self._index: Any = None  # the columns of a pandas frame that has these

    def label(self, place: int) -> Any:
        """Return the name of a column, or its place where it has none."""
        return place if self.names is None else self.names[place]

    def listed(self) -> Any:
        """Return the names, or x0, x1 and so on."""
        if self.names is not None:
            return self.names
        return np.array([f"x{i}" for i in range(self.number)], dtype=object)

    def same_as(self, other: Columns) -> bool:
        if self.number != other.number:
            return False
        return self.names is other.names or bool(np.array_equal(self.listed(), other.listed()))

    def has(self, index: Any) -> bool:
        """Whether the columns of a pandas frame are these; the last ones found are kept."""
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
        """Keep columns of a pandas frame that were found to be these."""
        self._seen = index

    def index(self) -> Any:
        """Return the columns for a pandas frame, an object that the caller may rename."""
        if self._index is None:
            self._index = index_of(self.listed())
        return self._index.view()

    def places(self, wanted: Iterable[Any]) -> list[int]:
        """Return the places of columns given by name or by place."""
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
        """Return the place of a column called x0, x1 and so on, as columns without names are."""
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
        """Return the places of the columns that X holds: those wanted, named by X, or all."""
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
        """Return the columns wanted as a list that is no longer than there are columns."""
        size = getattr(wanted, "size", 0)
        if isinstance(size, int) and size > self.number:
            raise ValueError(
                f"`columns` names {size} columns, but there are {self.number}: "
                "name each once, in the order of the fit."
            )
        return np.atleast_1d(np.asarray(wanted, dtype=object))


def shown(names: Any) -> str:
    """Return names for a message: all of a few, else the first and how many there are."""
    listed = list(names)
    if len(listed) <= 12:
        return str(listed)
    return f"[{', '.join(map(repr, listed[:10]))}, ... {len(listed)} in all]"
