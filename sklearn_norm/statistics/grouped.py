"""Rows in groups: what is measured of them has an entry for each column of each group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.contract import Extremes
from ..kernels.limbs import Cuts


@dataclass(frozen=True, eq=False)
class GroupedRows:
    """Rows in the order of their groups, in place of X for the `measure` of a statistic.

    The statistic is a record like any other, in which column j of group g is at the place
    g * n_columns + j. So no object is made for a group.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        The rows of group 0, then those of group 1, and so on.
    starts : ndarray of shape (n_groups + 1,)
        The first row of each group, and the end. No group is empty.
    """

    rows: Array
    starts: npt.NDArray[np.int64]

    @classmethod
    def of(
        cls, X: Array, groups: Any, n_groups: int, weight: Floats | None
    ) -> tuple[Self, Floats | None]:
        """Return the rows of X by group, in their order within each, and their weights."""
        places = np.arange(X.shape[0], dtype=np.int64)
        order, starts, weight = kernels.gather_columns(places, groups, n_groups, weight)
        return cls(np.take(X, order, axis=0), starts), weight

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows, and that of the entries."""
        return self.rows.shape[0], (self.starts.size - 1) * self.rows.shape[1]

    def members_by(self, weight: Floats) -> Callable[[int], tuple[Array, Floats]]:
        """Return a function that gives the members of an entry, and their weights."""

        def members(entry: int) -> tuple[Array, Floats]:
            group, column = divmod(entry, self.rows.shape[1])
            at = slice(self.starts[group], self.starts[group + 1])
            return self.rows[at, column], weight[at]

        return members

    def each(self) -> Iterator[Array]:
        """Yield the members of each entry, in float64."""
        for group in range(self.starts.size - 1):
            block = self.rows[self.starts[group] : self.starts[group + 1]]
            yield from (block[:, column].astype(np.float64) for column in range(block.shape[1]))

    def weights_of_each(self, weight: Floats) -> Iterator[Floats]:
        """Yield the weights of the members of each entry."""
        for group in range(self.starts.size - 1):
            for _ in range(self.rows.shape[1]):
                yield weight[self.starts[group] : self.starts[group + 1]]

    def extremes(self, weight: Floats | None) -> Extremes:
        """Return present weight and extrema of each entry."""
        parts = [self._extremes_of(column, weight) for column in range(self.rows.shape[1])]
        return Extremes(
            *(np.stack(vectors, axis=1).ravel() for vectors in zip(*parts, strict=True))
        )

    def _extremes_of(self, column: int, weight: Floats | None) -> Extremes:
        members = np.ascontiguousarray(self.rows[:, column])
        found = kernels.segment_extremes(members, self.starts)
        if weight is None or not weight.size:
            return found
        cuts = Cuts.of(weight)
        present = np.where(np.isnan(members), 0.0, weight) if members.dtype.kind == "f" else weight
        none = dict.fromkeys(cuts.exponents, 0)
        absent = {at: -sums for at, sums in cuts.of_segments(present, self.starts).items()}
        return found._replace(weight=cuts.left(none, absent, self.starts.size - 1).high)

    def sorted_segments(self) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Return the members of all entries, each sorted with NaN last, and where each begins."""
        n_rows, width = self.rows.shape
        sizes = np.diff(self.starts)
        group = np.repeat(np.arange(sizes.size), sizes)
        first = self.starts[:-1][group] * width + (np.arange(n_rows) - self.starts[:-1][group])
        out = np.empty(n_rows * width)
        for column in range(width):
            with np.errstate(invalid="ignore"):  # signaling NaN warn
                members = self.rows[:, column].astype(np.float64) + 0.0
            out[first + column * sizes[group]] = members[np.lexsort((members, group))]
        starts = self.starts[:-1, None] * width + np.arange(width) * sizes[:, None]
        return out, np.append(starts.ravel(), n_rows * width)
