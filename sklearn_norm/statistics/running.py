"""Running: an average over batches, kept as two `Moments` that merge like any others.

`means` treats each batch mean as one point; its spread is the drift between batches.
`residuals` holds the differences from the batch means; its spread is the variance within
batches. Both use the batch's weight in the average, so old batches are forgotten by
reducing their weight.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt

from ..kernels import Array, Floats
from ..kernels.contract import NO_EXPONENT
from ..kernels.quiet import quietly
from ..records import refused, vector_faults
from .moments import SLACK, Moments
from .record import Statistic


@dataclass(frozen=True, eq=False)
class Running(Statistic):
    """Present weight and extrema of all members seen, batches seen, and the two moments."""

    far: ClassVar[str] = "batch"

    batches: Floats
    means: Moments
    residuals: Moments

    @classmethod
    def measure(cls, X: Array, weight: Floats | None = None, *, ddof: int = 0) -> Self:
        """Measure one batch; its mean and its variance get weight 1."""
        return cls.of(Moments.measure(X, weight), ddof)

    @classmethod
    def of(cls, batch: Moments, ddof: int = 0) -> Self:
        """Return the record of one batch, given its moments."""
        weight, means = batch.weight, batch.collapsed()
        there = means.weight
        members = corrected(weight, ddof)
        share = 1 / np.where(members == 0, 1.0, members)
        residuals = batch.centred().weighted(share).replaced(weight=there, weight_low=0.0)
        return cls(weight, batch.low, batch.high, there, means, residuals)

    @classmethod
    def empty(cls, n_columns: int) -> Self:
        """Return the identity of `merge`."""
        none, zero = Moments.empty(n_columns), np.zeros(n_columns)
        return cls(none.weight, none.low, none.high, zero, none, none)

    @classmethod
    def prior(cls, n_columns: int) -> Self:
        """Return the start value: mean 0, variance 1 and weight 1, with no batch seen."""
        return cls.known(np.zeros(n_columns), np.ones(n_columns))

    @classmethod
    def known(
        cls,
        mean: Floats,
        variance: Floats,
        batches: float | Floats = 0.0,
        weight: float | Floats = 1.0,
        drift: bool = False,
    ) -> Self:
        """Return a known average whose members are unknown.

        With `drift`, `variance` includes the drift between batches, and all of it is stored as
        variance within batches. Without it, a variance of 0 does not mean that all members
        are equal.
        """
        zero = np.zeros(mean.size)
        total, seen = zero + weight, zero + batches > 0
        one = (variance == 0) & drift
        low, high = np.where(one, mean, -np.inf), np.where(one, mean, np.inf)
        means = Moments.known(mean, zero, total)
        residuals = Moments.known(zero, variance, total).replaced(low=low, high=high)
        low, high = np.where(seen, low, np.inf), np.where(seen, high, -np.inf)
        return cls(zero, low, high, zero + batches, means, residuals)

    @classmethod
    def of_rows(cls, X: Array, weight: Floats) -> Self:
        """Measure rows as batches of one row each; each member has its own weight."""
        means = Moments.of_members(X, weight)
        batches = np.asarray(np.sum(~np.isnan(X), axis=0), dtype=np.float64)
        none = np.zeros_like(means.weight)  # one member does not differ from its mean
        units = np.full_like(none, NO_EXPONENT)
        residuals = means.replaced(exponent=units, shift=none, sum_high=none, square_high=none)
        return cls(batches, means.low, means.high, batches, means, residuals)

    def merge(self, other: Self) -> Self:
        return type(self)(
            **self.with_extrema_of(other),
            batches=self.batches + other.batches,
            means=self.means.merge(other.means).recentred(),
            residuals=self.residuals.merge(other.residuals),
        )

    @quietly
    def with_rows(self, rows: Floats, keep: float, share: float) -> Self:
        """Return the average after rows, each of which leaves `keep` of the weight before it."""
        there = ~np.isnan(rows)
        if there.all():
            size, width = rows.shape
            later, counts = np.arange(size)[::-1], np.full(width, size)
            weight = np.repeat(share * keep**later, width).reshape(size, width)
        else:
            later, counts = np.cumsum(there[::-1], axis=0)[::-1] - there, there.sum(axis=0)
            weight = share * keep**later
        return self.weighted(keep**counts).merge(self.of_rows(rows, weight))

    def moved(self, by: Floats) -> Self:
        return self.replaced(low=self.low + by, high=self.high + by, means=self.means.moved(by))

    def weighted(self, factor: Floats) -> Self:
        """Return the same batches, each counted `factor` times in the averages."""
        means, residuals = self.means.weighted(factor), self.residuals.weighted(factor)
        return type(self)(self.weight, self.low, self.high, self.batches, means, residuals)

    def _has_members(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.weight > 0) | (self.batches > 0))  # known ones have no weight

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, ("batches",), n_columns, finite=True)
        yield from refused("batches", self.batches, self.batches < 0)
        for name in ("means", "residuals"):
            moments = getattr(self, name)
            if type(moments) is not Moments:
                yield name, f"must be Moments, not {type(moments).__name__}"
            yield from ((f"{name}.{at}", why) for at, why in moments.faults_of_sums(n_columns))
        yield from refused("residuals.weight", self.residuals.weight, self._are_apart())

    def _are_apart(self) -> npt.NDArray[np.bool_]:
        """Where the weights of the two moments do not fit together."""
        apart = np.abs(self.means.weight - self.residuals.weight)
        return np.asarray(apart > self.means.weight * SLACK)

    @property
    def mean(self) -> Floats:
        return self.means.mean

    def spread(self, drift: bool, ddof: int = 0) -> Moments:
        """Return moments with the variance within batches, and the drift between them.

        `ddof` is that of the batches, which their residuals know.
        """
        within = self.residuals
        if not drift:
            return within
        between = self.means.centred()
        total = within.merge(between.replaced(low=within.low, high=within.high))
        return total.replaced(weight=within.weight, weight_low=within.weight_low)


@dataclass(frozen=True, eq=False)
class PooledRunning(Running):
    """The same of batches that count by their members, so that no partition of a data set matters.

    `means` are the moments of all members, and `residuals` those of the differences from the
    batch means; the weight of the latter is the number of members less `ddof` for each batch.
    """

    @classmethod
    def of(cls, batch: Moments, ddof: int = 0) -> Self:
        there = batch.collapsed().weight
        members = corrected(batch.weight, ddof)
        residuals = batch.centred().replaced(weight=members, weight_low=0.0)
        return cls(batch.weight, batch.low, batch.high, there, batch, residuals)

    def merge(self, other: Self) -> Self:
        return type(self)(
            **self.with_extrema_of(other),
            batches=self.batches + other.batches,
            means=self.means.merge(other.means),
            residuals=self.residuals.merge(other.residuals),
        )

    def with_rows(self, rows: Floats, keep: float, share: float) -> Self:
        """Return the average after rows; none is forgotten."""
        members = Moments.measure(rows)
        count, none = members.weight, np.zeros(rows.shape[1])
        units = np.full_like(none, NO_EXPONENT)
        same = {"shift": none, "sum_high": none, "sum_low": none}
        residuals = members.replaced(exponent=units, square_high=none, square_low=none, **same)
        batch = type(self)(count, members.low, members.high, count, members, residuals)
        return self.merge(batch)

    def _are_apart(self) -> npt.NDArray[np.bool_]:
        most = self.means.weight * (1 + SLACK)
        return np.asarray((self.residuals.weight > most) | (self.means.weight != self.weight))

    def spread(self, drift: bool, ddof: int = 0) -> Moments:
        """Return the moments of all members about their mean, or those within batches."""
        if not drift:
            return self.residuals
        total = self.means.centred()
        return total.replaced(weight=corrected(total.weight, ddof)) if ddof else total


def corrected(weight: Floats, ddof: int) -> Floats:
    """Return the divisor of a variance: weights of at most `ddof` are not corrected."""
    return np.where(weight > ddof, weight - ddof, weight) if ddof else weight
