"""The interface of a backend of kernels: arithmetic on raw arrays and nothing else."""

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

`shift`, the sums and the squares are in units of 2**exponent: with members x / 2**exponent, `sum`
is the sum of their differences from `shift`, and `square` the sum of the squared differences. Each
`_low` is the low part of a double-double number. A column without members has weight 0, extrema
(inf, -inf), exponent -1100, which is below that of every float, and zeros in all other rows.
"""

NO_EXPONENT = -1100.0  # of a column of zeros, or without members


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
    """Which members a summary keeps: all if fewer than `whole`, else one of each run.

    A run has 2**h members, with the least h > 0 for which there are at most `most` runs. The
    rest at the end is split into shorter runs whose sizes are lower powers of two. The middle
    member of a full run is kept, and the first member of a shorter one. A kernel may keep
    members of slightly different rank: half a run plus the error of the rank must not exceed
    the share `tolerance` of all members.
    """

    whole: int
    most: int
    tolerance: float

    def height(self, size: int) -> int:
        """Return h for this many members; 0 if all are kept."""
        if size < self.whole:
            return 0
        height = 1
        while size >> height > self.most:
            height += 1
        return height

    def count(self, size: int) -> int:
        """Return the number of members kept."""
        height = self.height(size)
        return (size >> height) + (size & (1 << height) - 1).bit_count()

    def ranks(self, size: int) -> npt.NDArray[np.intp]:
        """Return the ranks of the members kept."""
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
    """Sorted members of all columns in one array, one row per column, padded with NaN.

    As a sequence it yields the members of each column, without the NaN.
    """

    values: Floats
    counts: npt.NDArray[np.intp]

    @staticmethod
    def packed(values: Floats, counts: npt.NDArray[np.intp]) -> Sequence[Floats]:
        """Return the members of sorted rows; a list if one array would be mostly NaN."""
        if values.size > 2 * int(counts.sum()):
            return [row[:n].copy() for row, n in zip(values, counts.tolist(), strict=True)]
        return Rows(values[:, : counts.max(initial=0)], counts)

    def around(self, probabilities: Floats) -> tuple[Floats, Floats]:
        """Return the members of rank floor(p (count - 1)) and the next; NaN for empty columns."""
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

    `below` and `above`, of shape (probabilities, columns), are the members of rank
    floor(p (size - 1)) and of the next rank. `members` are those that a `Thinning` keeps, and
    `off` is the largest error of their ranks. -0.0 is returned as 0.0. A column without members
    has weight 0, extrema (inf, -inf), NaN in `below` and `above`, and no `members`.
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
    """Row vectors of (x - center) / scale * gain + offset; None skips a step.

    In columns where `exponent` is not 0, center and scale are in units of 2**exponent, so that
    a range may exceed the largest float. Where `top` is not NaN, the result for
    (x - center) / scale = 1 is exactly `top`.
    """

    center: Floats | None
    scale: Floats | None
    gain: Floats | None
    offset: Floats | None
    top: Floats | None
    exponent: npt.NDArray[np.int64] | None


class Kernels(Protocol):
    """The contract. X is a 2-D float16, float32 or float64 array in any layout.

    NaN is absent; weights are positive and finite. No kernel changes its inputs except `out`.
    The bits of a result depend only on the values of its column: not on the layout, other
    columns or the number of threads. For double-double sums this holds after rounding to
    float64.
    """

    def column_moments(self, X: Array, weight: Floats | None) -> Floats:
        """Return a matrix of the moments of all columns, with the rows `MOMENTS`."""
        ...

    def segment_moments(self, values: Array, starts: Array, weight: Floats | None) -> Floats:
        """Return the moments of columns; column j has members starts[j] to starts[j + 1]."""
        ...

    def group_moments(self, X: Array, starts: Array, weight: Floats | None) -> Floats:
        """Return the moments of groups of rows; group g has the rows starts[g] to starts[g + 1].

        The matrix has a column for each column of each group: that of column j of group g stands at
        g * n_columns + j.
        """

    def csr_moments(self, values: Array, columns: Array, starts: Array, n_columns: int) -> Floats:
        """Return that of the columns of a CSR array, with the zeros that are not stored.

        Row i has the members starts[i] to starts[i + 1], each of another column. An IndexError
        of no such column.
        """
        ...

    def merge_moments(self, a: Floats, b: Floats) -> Floats:
        """Return the moments of the members of both; the order does not matter.

        Of a column of weight 0, only the extrema are merged.
        """
        ...

    def settle_moments(self, m: Floats, ddof: float, eps: float) -> Floats:
        """Return mean, variance and sqrt(variance + eps), of shape (3, columns).

        Each is rounded once; it is NaN where the weight is 0. The variance is divided by the
        weight minus `ddof`, or by the weight if it is at most `ddof`.
        """
        ...

    def weighted_moments(self, m: Floats, factor: Floats) -> Floats:
        """Return the moments of the same members, each counted `factor` times."""
        ...

    def recentred_moments(self, m: Floats) -> Floats:
        """Return the same moments, with the mean as the shift."""
        ...

    def centred_moments(self, m: Floats) -> Floats:
        """Return the moments of the differences from the mean, with unchanged extrema."""
        ...

    def collapsed_moments(self, m: Floats) -> Floats:
        """Return the moments of one member per column, of weight 1: the mean, not rounded.

        Its extrema are the floats about it: one float if it is one.
        """
        ...

    def extremes(self, X: Array, weight: Floats | None) -> Extremes: ...

    def segment_extremes(self, values: Array, starts: Array) -> Extremes:
        """Return the extrema and the number of present members of each column."""
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
        """Map X; with `look`, return whether X has an infinite member.

        X is searched while it is mapped, so if there is one, `out` is only partly written. If X
        and `out` share memory, all of X is searched before anything is written.
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
        look: bool = False,
    ) -> bool:
        """Map stored members by their columns, or undo it; `look` as in `apply`.

        An IndexError for an invalid column.
        """
        ...

    def gather_columns(
        self, values: Array, columns: Array, n_columns: int, weights: Floats | None = None
    ) -> tuple[Array, Array, Floats | None]:
        """Return the members sorted by column, the start of each column, and the weights.

        Members of one column keep their order. Raises IndexError for an invalid column.
        """
        ...

    def select(self, X: Array, probabilities: Floats, thinning: Thinning) -> Selection: ...

    def sorts(self, n_rows: int, thinning: Thinning) -> bool:
        """Whether `select` sorts this many rows; the members it keeps then have exact ranks."""
        ...

    def place(self, X: Array, knots: Floats, counts: Floats, out: Array) -> None:
        """Write where each member lies among the sorted knots of its column; NaN stays NaN.

        `knots` is contiguous, of shape (columns, places); the first counts[j] of row j are the
        knots of column j. Place i is that of knot i. Between two knots the place is in
        proportion; on several equal knots it is the middle of theirs. At the first knot and below
        it is 0, and at the last knot and above that of the last. `out` may be X itself.
        """
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
        plus `offset`, both broadcast to a sample; NaN stays NaN. Without `centred`, the center
        is 0. Returns center and scale, as an array of shape (2, samples, groups); both are NaN for
        a group without members.
        """
        ...

    def gradients(
        self,
        X: Array,
        grad: Array,
        centred: bool,
        eps: float,
        gain: Floats | None,
        out: Array,
        by_gain: Floats,
        by_offset: Floats,
    ) -> None:
        """Write the gradient of X, where `grad` is that of the result of `normalise`.

        With z = (x - center) / sqrt(variance + eps), `by_gain` gets the sums of grad * z, and
        `by_offset` those of grad: both are packed, of one shape that broadcasts to a sample, and
        an entry is summed over all members that share it. `gain` has that shape too. A missing
        member has the gradient 0 and no part in the others, and a deviation of 0 divides by 1.
        X, `grad` and `out`, which is apart from all else, hold floats in native byte order.
        """
        ...
