"""What a backend of kernels must offer: arithmetic on raw arrays and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias, overload

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]


MOMENTS = (
    "weight",
    "low",
    "high",
    "weight_low",
    "exponent",
    "shift",
    "sum_high",
    "sum_low",
    "square_high",
    "square_low",
)
"""The rows of a matrix of moments, float64 of shape (10, columns).

`shift`, the sums and the squares are in units of 2**exponent: members are x / 2**exponent, `sum`
is that of their differences from `shift`, `square` that of the squares of these differences. Each
`_low` is what the number before it lacks to twice the precision. A column without members has the
weight 0, the extrema (inf, -inf), the exponent -1100, below that of every float, and else zeros.
"""

NO_EXPONENT = -1100.0  # of a column of zeros, or of none


def moments_of_zeros(weight: Floats) -> Floats:
    """Return the moments of columns of zeros of the total weight given; 0 stands for none."""
    m = np.zeros((len(MOMENTS), *weight.shape))
    m[0], m[4] = weight, NO_EXPONENT
    none = weight == 0
    m[1][none], m[2][none] = np.inf, -np.inf
    return m


class Extremes(NamedTuple):
    """Extrema and present weight per column; (inf, -inf) and 0 where nothing is present."""

    weight: Floats
    low: Floats
    high: Floats


class Thinning(NamedTuple):
    """Which members a summary keeps: all of fewer than `whole`, else one of each run.

    Runs have 2**h members, with the least h > 0 that leaves `most` whole runs or fewer; what
    is over at the end makes a shorter run of each lower power of two. The member kept of a
    whole run is the one in its middle, of a shorter one its first. Half a run and what a
    member's rank is off besides are together at most `tolerance` of all members, where a
    kernel takes others than these.
    """

    whole: int
    most: int
    tolerance: float

    def height(self, size: int) -> int:
        """Return h for so many members, 0 where all are kept."""
        if size < self.whole:
            return 0
        height = 1
        while size >> height > self.most:
            height += 1
        return height

    def count(self, size: int) -> int:
        """Return how many are kept."""
        height = self.height(size)
        return (size >> height) + (size & (1 << height) - 1).bit_count()

    def ranks(self, size: int) -> npt.NDArray[np.intp]:
        """Return the ranks of those that are kept."""
        height = self.height(size)
        run = 1 << height
        rank = size >> height << height
        ranks = [np.arange(run // 2, rank, run, dtype=np.intp)]
        for h in range(height - 1, -1, -1):
            if size - rank & 1 << h:
                ranks.append(np.array([rank], dtype=np.intp))
                rank += 1 << h
        return np.concatenate(ranks)


@dataclass(frozen=True, eq=False)
class Rows(Sequence[Floats]):
    """Sorted members of all columns in one array, a row per column, NaN behind the last.

    As a sequence it gives the members of each column, without the NaN.
    """

    values: Floats
    counts: npt.NDArray[np.intp]

    @staticmethod
    def packed(values: Floats, counts: npt.NDArray[np.intp]) -> Sequence[Floats]:
        """Return the members of sorted rows: in one array, unless most of it would be NaN."""
        if values.size > 2 * int(counts.sum()):
            return [row[:n].copy() for row, n in zip(values, counts.tolist(), strict=True)]
        return Rows(values[:, : counts.max(initial=0)], counts)

    def around(self, probabilities: Floats) -> tuple[Floats, Floats]:
        """Return the members of the ranks floor(p (count - 1)) and the next, NaN of no members."""
        column, last = np.arange(self.counts.size), self.counts - 1
        first = np.floor(probabilities[:, None] * last).astype(np.intp)
        below, above = self.values[column, first], self.values[column, np.minimum(first + 1, last)]
        if self.counts.all():
            return below, above
        return np.where(last < 0, np.nan, below), np.where(last < 0, np.nan, above)

    def __len__(self) -> int:
        return self.counts.size

    @overload
    def __getitem__(self, column: int) -> Floats: ...
    @overload
    def __getitem__(self, column: slice) -> list[Floats]: ...
    def __getitem__(self, column: int | slice) -> Floats | list[Floats]:
        if isinstance(column, slice):
            return [self[c] for c in range(*column.indices(len(self)))]
        return self.values[column, : self.counts[column]]


class Selection(NamedTuple):
    """Order statistics and a summary per column.

    `below` and `above`, of shape (probabilities, columns), are the members of the ranks
    floor(p (size - 1)) and the next; `members` are those that a `Thinning` keeps, and `off`
    tells by how many ranks they may be off; -0.0 is 0.0. A column without a member has
    weight 0, extrema (inf, -inf), NaN below and above, and no members.
    """

    weight: Floats
    low: Floats
    high: Floats
    below: Floats
    above: Floats
    members: Sequence[Floats]
    off: Floats

    @classmethod
    def empty(cls, n_columns: int, n_probabilities: int) -> Selection:
        weight, off = np.zeros((2, n_columns))
        low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
        below, above = np.full((2, n_probabilities, n_columns), np.nan)
        return cls(weight, low, high, below, above, [np.empty(0)] * n_columns, off)

    def fill(self, columns: list[int], other: Selection) -> None:
        """Take columns from another selection, in the order given."""
        self.weight[columns], self.off[columns] = other.weight, other.off
        self.low[columns], self.high[columns] = other.low, other.high
        self.below[:, columns], self.above[:, columns] = other.below, other.above
        assert isinstance(self.members, list)
        for column, members in zip(columns, other.members, strict=True):
            self.members[column] = members


class Map(NamedTuple):
    """Row vectors of (x - center) / scale * gain + offset; None leaves a step out.

    In the columns where `exponent` is not 0, center and scale are in units of
    2**exponent, which lets a range exceed the largest float. Where `top` is not NaN,
    the map's value at (x - center) / scale = 1 is `top`, to the bit.
    """

    center: Floats | None
    scale: Floats | None
    gain: Floats | None
    offset: Floats | None
    top: Floats | None
    exponent: npt.NDArray[np.int64] | None


class Kernels(Protocol):
    """The contract. X is a 2-D float16, float32 or float64 array in any layout.

    NaN is absent; weights are positive and finite. No kernel changes its inputs,
    but for the `out` it is given. The bits of a result depend on the values of
    the column alone: not on layout, other columns, or the number of threads. Sums in
    twice the precision keep this promise once they are rounded to float64.
    """

    def column_moments(self, X: Array, weight: Floats | None) -> Floats:
        """Return a matrix of the moments of all columns, with the rows `MOMENTS`."""
        ...

    def segment_moments(self, values: Array, starts: Array, weight: Floats | None) -> Floats:
        """Return that of columns j of which each has members starts[j] to starts[j + 1]."""
        ...

    def csr_moments(self, values: Array, columns: Array, starts: Array, n_columns: int) -> Floats:
        """Return that of the columns of a CSR array, with the zeros that are not stored.

        Row i has the members starts[i] to starts[i + 1], each of another column. An IndexError
        of no such column.
        """
        ...

    def merge_moments(self, a: Floats, b: Floats) -> Floats:
        """Return the moments of the members of both; which comes first does not matter.

        A column of weight 0 adds its extrema and nothing else.
        """
        ...

    def settle_moments(self, m: Floats, ddof: float, eps: float) -> Floats:
        """Return mean, variance and sqrt(variance + eps), of shape (3, columns).

        All are rounded once, and NaN where the weight is 0. The divisor of the variance is the
        weight less `ddof`, where there is more.
        """
        ...

    def weighted_moments(self, m: Floats, factor: Floats) -> Floats:
        """Return the moments of the same members, each counted `factor` times."""
        ...

    def recentred_moments(self, m: Floats) -> Floats:
        """Return the same moments about a shift that is the mean."""
        ...

    def centred_moments(self, m: Floats) -> Floats:
        """Return the moments of the differences from the mean, with the extrema as they are."""
        ...

    def collapsed_moments(self, m: Floats) -> Floats:
        """Return those of one member per column, of weight 1, at the mean, not yet rounded."""
        ...

    def extremes(self, X: Array, weight: Floats | None) -> Extremes: ...

    def segment_extremes(self, values: Array, starts: Array) -> Extremes:
        """Return the extrema and the number of present members of each such column."""
        ...

    def has_infinity(self, X: Array) -> bool: ...

    def apply(
        self,
        X: Array,
        mapping: Map,
        bounds: tuple[Floats, Floats] | None,
        out: Array,
        look: bool = False,
    ) -> bool:
        """Map X; where `look` asks for infinity, return whether X has an infinite member.

        X is searched as it is read, in the same pass, and `out` is then half done. Where they
        share memory, all of X is searched before anything is written.
        """
        ...

    def invert(self, Z: Array, mapping: Map, out: Array, look: bool = False) -> bool:
        """Undo the map; `look` as in `apply`."""
        ...

    def apply_stored(
        self,
        values: Array,
        columns: Array,
        mapping: Map,
        bounds: tuple[Floats, Floats] | None,
        out: Array,
        inverse: bool = False,
    ) -> None:
        """Map members that have a column each, or undo it; an IndexError of no such column."""
        ...

    def gather_columns(
        self, values: Array, columns: Array, n_columns: int, weights: Floats | None = None
    ) -> tuple[Array, Array, Floats | None]:
        """Return members column after column, where each begins, and their weights.

        Those of one column keep their order. An IndexError of no such column.
        """
        ...

    def select(self, X: Array, probabilities: Floats, thinning: Thinning) -> Selection: ...

    def sorts(self, n_rows: int, thinning: Thinning) -> bool:
        """Whether `select` sorts that many rows: then what it keeps is of the exact ranks."""
        ...

    def normalise(
        self,
        X: Array,
        centred: bool,
        eps: float,
        gain: Floats | None,
        offset: Floats | None,
        out: Array,
    ) -> Floats:
        """Normalise a view (samples, groups, channels, positions) of any layout.

        Each group of each sample becomes (x - center) / sqrt(variance + eps), times `gain`,
        plus `offset`, both broadcast to a sample; NaN stays NaN. Not `centred` measures
        about 0. Returns center and scale, as an array of shape (2, samples, groups).
        """
        ...
