"""The sketches of all columns; each is built only when a merge or a state needs it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ..kernels import Floats, Rows, Selection
from ..kernels.interpolation import interpolated
from .segments import Segments
from .sketch import Sketch, capacity, hashed, thinning_of
from .stored import KeptOfStored


class Sketches:
    """A sketch per column."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, column: int) -> Sketch: ...

    def __iter__(self) -> Iterator[Sketch]:
        return (self[column] for column in range(len(self)))

    def bounds(self) -> Floats:
        """Return the current bound of the rank error of each column."""
        return np.array([sketch.bound for sketch in self], dtype=np.float64)

    def complete(self, values: Floats, probabilities: Floats, units: Floats) -> Floats:
        """Return quantiles, shape (probabilities, columns), with the NaN ones filled in."""
        values = values.copy()
        for column in np.flatnonzero(np.isnan(values).any(axis=0)).tolist():
            rows = np.isnan(values[:, column])
            found = self[column].quantiles(probabilities[rows], float(units[column]))
            values[rows, column] = found
        return values

    def merge(self, other: Sketches, only_self: Any, only_other: Any) -> Sketches:
        """Merge column by column; where one side is empty, the other is kept as it is."""
        pairs = zip(self, other, only_self, only_other, strict=True)
        return Built(
            tuple(a if mine else b if theirs else a.merge(b) for a, b, mine, theirs in pairs)
        )

    def as_exact(self) -> Exact | None:
        """Return the same sketches in one array, or None unless all still hold every member."""
        return None

    def of_columns(self, chosen: Any) -> Sketches:
        """Return the sketches of some columns; they are still built only when they are needed."""
        places, exact = np.arange(len(self))[chosen], self.as_exact()
        return _picked((self,), places) if exact is None else exact.chosen(places)

    def joined(self, other: Sketches) -> Sketches:
        """Return the sketches of these columns and those of others, side by side."""
        mine, theirs = self.as_exact(), other.as_exact()
        if mine is None or theirs is None or mine.rank_error != theirs.rank_error:
            return _picked((self, other), np.arange(len(self) + len(other)))
        members = Segments.of(mine.members).joined(Segments.of(theirs.members))
        return Exact(members, mine.rank_error, mine.seeds + theirs.seeds)


@dataclass(frozen=True, eq=False)
class Built(Sketches):
    """Sketches that are already built."""

    sketches: Sequence[Sketch]

    def __len__(self) -> int:
        return len(self.sketches)

    def __getitem__(self, column: int) -> Sketch:
        return self.sketches[column]


@dataclass(frozen=True, eq=False)
class Picked(Sketches):
    """Some of the sketches of several parts, which lie side by side."""

    parts: tuple[Sketches, ...]
    places: npt.NDArray[np.intp]

    def __len__(self) -> int:
        return self.places.size

    def __getitem__(self, column: int) -> Sketch:
        place = int(self.places[column])
        for part in self.parts:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise IndexError(column)


def _picked(parts: tuple[Sketches, ...], places: npt.NDArray[np.intp]) -> Sketches:
    """Return some sketches of several parts; of parts that were picked, they are built."""
    picked = Picked(parts, places)
    lazy = all(isinstance(part, (Thinned, Weighted, Exact)) for part in parts)
    return picked if lazy else Built(tuple(picked))


@dataclass(frozen=True, eq=False)
class Weighted(Sketches):
    """Sorted columns with their weights, each made a sketch when it is first asked for."""

    columns: Sequence[tuple[Floats, Floats]]
    rank_error: float

    @classmethod
    def of(cls, columns: Sequence[tuple[Floats, Floats]], rank_error: float) -> Sketches:
        """Keep short columns; long ones are sampled at once, so they take no memory."""
        if all(values.size < 2 / rank_error for values, _ in columns):
            return cls(columns, rank_error)
        return Built(tuple(Sketch.of_weighted(*column, rank_error) for column in columns))

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, column: int) -> Sketch:
        return Sketch.of_weighted(*self.columns[column], self.rank_error)


@dataclass(frozen=True, eq=False)
class Thinned(Sketches):
    """What a thinning kept of one batch.

    `members` are those kept, `sizes` the sizes of the columns, and `off` the rank errors.
    """

    members: Sequence[Floats]
    sizes: npt.NDArray[np.intp]
    off: Floats
    rank_error: float

    @classmethod
    def of(cls, found: Selection, rank_error: float) -> Exact | Self:
        """Wrap what a kernel selected."""
        if isinstance(found.members, Rows):
            return Exact(found.members, rank_error, (0,) * len(found.members))
        return cls(found.members, found.weight.astype(np.intp), found.off, rank_error)

    def __len__(self) -> int:
        return self.sizes.size

    def __getitem__(self, column: int) -> Sketch:
        off = float(self.off[column])
        return Sketch.of_members(
            self.members[column], int(self.sizes[column]), self.rank_error, off
        )

    def as_exact(self) -> Exact | None:
        whole = thinning_of(self.rank_error).whole
        if not isinstance(self.members, KeptOfStored) or self.sizes.max(initial=0) >= whole:
            return None
        sizes = self.sizes
        if sizes.size * int(sizes.max(initial=0)) > 2 * int(sizes.sum()) + whole:
            segments = self.members.columns.segments()  # rows would be mostly NaN
            return Exact(segments, self.rank_error, (0,) * len(self))
        members = self.members.columns.rows()
        return Exact(members, self.rank_error, (0,) * len(self))


@dataclass(frozen=True, eq=False)
class Exact(Sketches):
    """All members of all columns, few enough that none was dropped."""

    members: Rows | Segments
    rank_error: float
    seeds: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.members)

    def __getitem__(self, column: int) -> Sketch:
        members = self.members[column]
        levels = {0: members} if members.size else {}
        return Sketch(self.rank_error, levels, seed=self.seeds[column])

    def bounds(self) -> Floats:
        return np.zeros(len(self))

    def complete(self, values: Floats, probabilities: Floats, units: Floats) -> Floats:
        """Fill in all columns at once by interpolation."""
        below, above = self.members.around(probabilities)
        position = probabilities[:, None] * (self.members.counts - 1)
        found = interpolated(below, above, position - np.floor(position))
        return np.where(np.isnan(values), found, values)

    def merge(self, other: Sketches, only_self: Any, only_other: Any) -> Sketches:
        """Merge all columns at once if the members are few enough."""
        theirs = other.as_exact()
        if theirs is None or theirs.rank_error != self.rank_error:
            return super().merge(other, only_self, only_other)
        members = _merged(self.members, theirs.members, capacity(self.rank_error))
        if members is None:
            return super().merge(other, only_self, only_other)
        pairs = zip(self.seeds, theirs.seeds, only_self, only_other, strict=True)
        seeds = (a if mine else b if theirs else _paired(a, b) for a, b, mine, theirs in pairs)
        return type(self)(members, self.rank_error, tuple(seeds))

    def as_exact(self) -> Exact:
        return self

    def chosen(self, places: Any) -> Exact:
        """Return the sketches of some columns."""
        seeds = tuple(map(self.seeds.__getitem__, places.tolist()))
        return type(self)(Segments.of(self.members).chosen(places), self.rank_error, seeds)


@lru_cache(maxsize=64)
def _paired(a: int, b: int) -> int:
    """Return the seed of a merge of two sketches; cached, since most columns share it."""
    return hashed(*sorted((a, b)))


def _merged(a: Rows | Segments, b: Rows | Segments, most: float) -> Rows | Segments | None:
    """Return the members of both; None if a column has more than `most`."""
    counts = a.counts + b.counts
    if counts.max(initial=0) > most:
        return None
    if isinstance(a, Rows) and isinstance(b, Rows):
        values = np.concatenate([a.values, b.values], axis=1)
        values.sort(axis=1, kind="stable")  # a stable sort merges the two sorted parts quickly
        members = Rows.packed(values, counts)
        if isinstance(members, Rows):
            return members
    return Segments.of(a).merged(Segments.of(b))
