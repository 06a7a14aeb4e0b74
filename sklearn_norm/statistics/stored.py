"""Order statistics of sparse columns: stored members and implicit zeros."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from ..kernels import Array, Floats, Rows, Selection, Thinning
from .grouped import GroupedRows
from .segments import Segments
from .sparse import SparseColumns

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class StoredColumns:
    """The sorted stored members of sparse columns, without the implicit zeros.

    `values` holds the stored members column by column, each column sorted, NaN last, and one
    extra zero at the very end. `starts` says where a column begins. In sorted order a column
    has `negative` members below 0, then `zeros` implicit zeros, then its other members;
    `sizes` counts all of them without NaN.
    """

    values: Floats
    starts: Integers
    negative: Integers
    zeros: Integers
    sizes: Integers

    @classmethod
    def of(cls, X: Array) -> Self:
        """Sort the stored members of each column."""
        columns = SparseColumns.of(X, None)
        starts = columns.starts
        values = np.zeros(columns.values.size + 1)
        with np.errstate(all="ignore"):  # signaling NaN warn
            np.add(columns.values, 0.0, out=values[:-1])  # turns -0.0 into 0.0
        for column in np.flatnonzero(np.diff(starts) > 1).tolist():
            values[starts[column] : starts[column + 1]].sort()
        absent = _count(np.isnan(values), starts)
        sizes = X.shape[0] - absent
        zeros = columns.zero_weight.high.astype(np.int64)
        return cls(values, starts, _count(values < 0, starts), zeros, sizes)

    @classmethod
    def of_groups(cls, X: GroupedRows) -> Self:
        """Sort the members of each column of each group; none is implicit."""
        values, starts = X.sorted_segments()
        none = np.zeros(starts.size - 1, dtype=np.int64)
        sizes = np.diff(starts) - _count(np.isnan(values), starts)
        return cls(np.append(values, 0.0), starts, none, none, sizes)

    def at(self, ranks: Any, column: Any = slice(None)) -> Floats:
        """Return the members at these ranks, of all columns or of one; NaN for an empty column."""
        negative, zeros = self.negative[column], self.zeros[column]
        place = self.starts[:-1][column] + ranks - np.where(ranks < negative, 0, zeros)
        implicit = (negative <= ranks) & (ranks < negative + zeros)
        empty = self.sizes[column] == 0
        found = self.values[np.where(implicit | empty, -1, place)]
        return np.where(empty, np.nan, found)

    def select(self, probabilities: Floats, thinning: Thinning) -> Selection:
        """Return what a sorting kernel would return for the dense columns."""
        last = self.sizes - 1
        first = np.floor(probabilities[:, None] * last).astype(np.int64)
        some = self.sizes > 0
        return Selection(
            self.sizes.astype(np.float64),
            np.where(some, self.at(0), np.inf),
            np.where(some, self.at(last), -np.inf),
            self.at(first),
            self.at(np.minimum(first + 1, last)),
            KeptOfStored(self, thinning),
            np.zeros(last.size),
        )

    def rows(self) -> Rows:
        """Return all members, including the implicit zeros."""
        stored = np.diff(self.starts)
        column = np.repeat(np.arange(stored.size), stored)
        rank = np.arange(column.size) - self.starts[column]
        rank += np.where(rank < self.negative[column], 0, self.zeros[column])
        values = np.zeros((stored.size, int((stored + self.zeros).max(initial=0))))
        values[column, rank] = self.values[:-1]
        return Rows(values, self.sizes)

    def segments(self) -> Segments:
        """Return all members, one column after another."""
        column = np.repeat(np.arange(self.sizes.size), self.sizes)
        rank = np.arange(column.size) - (np.cumsum(self.sizes) - self.sizes)[column]
        return Segments(self.at(rank, column), self.sizes)


@dataclass(frozen=True, eq=False)
class KeptOfStored(Sequence[Floats]):
    """What a thinning keeps of each column, looked up on access."""

    columns: StoredColumns
    thinning: Thinning

    def __len__(self) -> int:
        return self.columns.sizes.size

    @overload
    def __getitem__(self, column: int) -> Floats: ...
    @overload
    def __getitem__(self, column: slice) -> list[Floats]: ...
    def __getitem__(self, column: int | slice) -> Floats | list[Floats]:
        if isinstance(column, slice):
            return [self[c] for c in range(*column.indices(len(self)))]
        ranks = self.thinning.ranks(int(self.columns.sizes[column]))
        return self.columns.at(ranks, column)


def _count(true: npt.NDArray[np.bool_], starts: Integers) -> Integers:
    """Count the true entries among the stored members of each column."""
    before = np.concatenate([[0], np.cumsum(true)])
    return np.asarray(np.diff(before[starts]), dtype=np.int64)
