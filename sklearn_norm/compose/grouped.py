"""Groups: the statistic of rows in groups. One record holds the columns of all groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..kernels import Floats
from ..records import refused, vector_faults
from ..statistics.record import Statistic
from .keys import Keys

SLACK = 2.0**-32  # of checks by plain sums


@dataclass(frozen=True, eq=False)
class Groups(Statistic):
    """What was measured of all rows, and of each group.

    Weight and extrema are those of all rows. Column j of group g has the place g * n_columns + j
    in `parts`.

    Parameters
    ----------
    whole : Statistic
        That of all rows, also of rows without a key.
    parts : Statistic
        That of each column of each group.
    keys : Keys
        The keys of the groups.
    rows : ndarray of shape (n_groups,)
        The total weight of the rows of each group, whether their values are present or not.
    """

    whole: Statistic
    parts: Statistic
    keys: Keys
    rows: Floats

    @classmethod
    def of(cls, whole: Statistic, parts: Statistic, keys: Keys, rows: Floats) -> Self:
        return cls(whole.weight, whole.low, whole.high, whole, parts, keys, rows)

    @property
    def width(self) -> int:
        """The number of columns."""
        return int(self.whole.weight.size)

    def merge(self, other: Self) -> Self:
        """Return the statistic of both; groups of one key are merged, others join."""
        keys = self.keys.union(other.keys)
        mine, theirs = keys.find(self.keys), keys.find(other.keys)
        parts = _merged(self.parts, other.parts, mine, theirs, keys.number, self.width)
        rows = np.zeros(keys.number)
        rows[mine] += self.rows
        rows[theirs] += other.rows
        return self.of(self.whole.merge(other.whole), parts, keys, rows)

    def columns(self, chosen: Any) -> Self:
        places = np.arange(self.width)[chosen]
        entries = (np.arange(self.keys.number)[:, None] * self.width + places).ravel()
        parts = self.parts.columns(entries)
        return self.of(self.whole.columns(chosen), parts, self.keys, self.rows)

    def joined(self, other: Self) -> Self:
        raise NotImplementedError("groups are merged, not joined")

    def to_state(self) -> dict[str, Any]:
        state = super().to_state()
        kept = {name: state[name] for name in ("kind", "whole", "parts", "rows")}
        return {**kept, "keys": self.keys.to_state()}

    @classmethod
    def _from_fields(cls, values: dict[str, Any]) -> Self:
        whole, parts = values["whole"], values["parts"]
        if not isinstance(whole, Statistic) or type(whole) is not type(parts):
            raise ValueError("whole and parts must be statistics of one kind")
        return cls.of(whole, parts, Keys.from_state(values["keys"]), values["rows"])

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from ((f"keys.{field}", why) for field, why in self.keys.faults())
        number = self.keys.number
        yield from vector_faults(self, ("rows",), number)
        yield from refused("rows", self.rows, ~((self.rows > 0) & (self.rows < np.inf)))
        yield from ((f"whole.{field}", why) for field, why in self.whole.faults(n_columns))
        size = number * n_columns
        yield from ((f"parts.{field}", why) for field, why in self.parts.faults(size))
        of_cells = self.parts.weight.reshape(number, n_columns)
        wrong = of_cells > self.rows[:, None] * (1 + SLACK)
        yield from refused("rows", self.rows, np.asarray(wrong.any(axis=1)))
        total = of_cells.sum(axis=0)
        yield from refused(
            "whole.weight", self.whole.weight, total > self.whole.weight * (1 + SLACK)
        )


def _merged(
    mine: Statistic, theirs: Statistic, of_mine: Any, of_theirs: Any, number: int, width: int
) -> Statistic:
    """Return the statistic of groups, given the new places of those of both parts."""
    first, second = np.full((2, number), -1)
    first[of_mine], second[of_theirs] = np.arange(of_mine.size), np.arange(of_theirs.size)
    both = np.flatnonzero((first >= 0) & (second >= 0))
    merged = mine.columns(_entries(first[both], width)).merge(
        theirs.columns(_entries(second[both], width))
    )
    place = np.where(first >= 0, first, of_mine.size + second)
    place[both] = of_mine.size + of_theirs.size + np.arange(both.size)
    return mine.joined(theirs).joined(merged).columns(_entries(place, width))


def _entries(groups: Any, width: int) -> Any:
    """Return the places of all columns of groups."""
    return (groups[:, None] * width + np.arange(width)).ravel()
