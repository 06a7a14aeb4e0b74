"""Segments: the sorted members of many columns of different sizes, one column after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from ..kernels import Floats, Rows

LONG = 100  # members of a column, on average, from which columns are merged one by one
Integers = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Segments(Sequence[Floats]):
    """Sorted members of all columns in one array, without NaN.

    As a sequence it yields the members of each column. `Rows` is the same for columns of about one
    size; here no memory is wasted where a few are much longer than others.

    Parameters
    ----------
    values : ndarray of shape (n_members,)
        The members of column 0, then those of column 1, and so on.
    counts : ndarray of shape (n_columns,)
        How many each column has.
    """

    values: Floats
    counts: Integers

    @classmethod
    def of(cls, members: Rows | Segments) -> Segments:
        if isinstance(members, Segments):
            return members
        there = np.arange(members.values.shape[1]) < members.counts[:, None]
        return cls(members.values[there], members.counts)

    @cached_property
    def starts(self) -> Integers:
        """Where each column begins, and the end."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    @property
    def columns(self) -> Integers:
        """The column of each member."""
        return np.repeat(np.arange(self.counts.size), self.counts)

    def around(self, probabilities: Floats) -> tuple[Floats, Floats]:
        """Return the members of rank floor(p (count - 1)) and the next; NaN for empty columns."""
        last, ends = np.maximum(self.counts - 1, 0), self.starts[:-1]
        first = np.floor(probabilities[:, None] * last).astype(np.intp)
        values = np.append(self.values, np.nan)
        below, above = values[ends + first], values[ends + np.minimum(first + 1, last)]
        none = self.counts == 0
        return np.where(none, np.nan, below), np.where(none, np.nan, above)

    def chosen(self, columns: Any) -> Self:
        """Return some columns, which may repeat."""
        counts = self.counts[columns]
        ends = np.cumsum(counts)
        moved = self.starts[:-1][columns] - (ends - counts)
        return type(self)(self.values[np.repeat(moved, counts) + np.arange(counts.sum())], counts)

    def joined(self, other: Segments) -> Self:
        """Return these columns and those of others, side by side."""
        counts = np.concatenate([self.counts, other.counts])
        return type(self)(np.concatenate([self.values, other.values]), counts)

    def merged(self, other: Segments) -> Self:
        """Return the members of both, column by column."""
        counts, values = self.counts + other.counts, np.concatenate([self.values, other.values])
        if values.size > LONG * len(self):
            return type(self)(self._merged_one_by_one(other, counts), counts)
        order = np.lexsort((values, np.concatenate([self.columns, other.columns])))
        return type(self)(values[order], counts)

    def _merged_one_by_one(self, other: Segments, counts: Integers) -> Floats:
        values, ends = np.empty(counts.sum()), np.cumsum(counts)
        for mine, theirs, start, end in zip(self, other, ends - counts, ends, strict=True):
            out = values[start:end]
            np.concatenate([mine, theirs], out=out)
            out.sort(kind="stable")  # which merges the two sorted parts quickly
        return values

    def __len__(self) -> int:
        return self.counts.size

    @overload
    def __getitem__(self, column: int) -> Floats: ...
    @overload
    def __getitem__(self, column: slice) -> list[Floats]: ...
    def __getitem__(self, column: int | slice) -> Floats | list[Floats]:
        if isinstance(column, slice):
            return [self[c] for c in range(*column.indices(len(self)))]
        return self.values[self.starts[column] : self.starts[column] + self.counts[column]]

    def __iter__(self) -> Any:
        return iter(np.split(self.values, self.starts[1:-1]) if len(self) else ())
