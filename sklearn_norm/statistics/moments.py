"""Moments: weight, mean and spread of each column, in double-double precision.

A column is kept as sums about a shift: Σw, Σw(x - shift), Σw(x - shift)², all in units
of 2**exponent, so that squares neither overflow nor underflow. Merging first brings both
to one shift (T. F. Chan, G. H. Golub & R. J. LeVeque, "Updating formulae and a pairwise
algorithm for computing sample variances", COMPSTAT 1982), in double-double. The kernels do
the arithmetic, on one matrix whose rows are the fields: `kernels.contract.MOMENTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from .. import kernels
from ..kernels import Array, Floats
from ..kernels import double_double as dd
from ..kernels.contract import MOMENTS, NO_EXPONENT, moments_of_zeros
from ..kernels.double_double import Double
from ..kernels.quiet import quietly
from ..kernels.sparse import canonical
from ..records import refused, vector_faults
from .grouped import GroupedRows
from .record import OLDER, Statistic
from .sparse import SparseColumns
from .weighted import MILD, differ, refine

COMFORT = 400  # values within 2**±400 need no exponent, as in the kernels, if weights are mild
CARRIED = MOMENTS[3:]
FARTHEST = 2.0**450  # of a shift in units, so that its square does not overflow
SLACK = 2.0**-32  # of checks by plain sums
ROW = {name: row for row, name in enumerate(MOMENTS)}


@dataclass(frozen=True, eq=False)
class Moments(Statistic):
    """Weight, extrema and centred sums of each column."""

    far: ClassVar[str] = "batch"

    weight_low: Floats = field(metadata={OLDER: 0.0})
    exponent: Floats
    shift: Floats
    sum_high: Floats
    sum_low: Floats = field(metadata={OLDER: 0.0})
    square_high: Floats
    square_low: Floats = field(metadata={OLDER: 0.0})

    @classmethod
    def measure(cls, X: Any, weight: Floats | None = None) -> Self:
        """Measure each column; NaN is absent."""
        if isinstance(X, GroupedRows):
            m = kernels.group_moments(X.rows, X.starts, weight)
            if weight is not None and differ(weight):
                refine(m, weight, X.members_by(weight))
            return cls.of_matrix(m)
        if isinstance(X, np.ndarray):
            m = kernels.column_moments(X, weight)
            if weight is not None and differ(weight):
                refine(m, weight, lambda column: (X[:, column], weight))
            return cls.of_matrix(m)
        if weight is None and X.format == "csr":
            X = canonical(X)
            return cls.of_matrix(kernels.csr_moments(X.data, X.indices, X.indptr, X.shape[1]))
        columns = SparseColumns.of(X, weight)
        m = kernels.segment_moments(columns.values, columns.starts, columns.weights)
        if columns.weights is not None and weight is not None and differ(weight):
            refine(m, weight, columns.members)
        zeros = cls.zeros(columns.zero_weight.high).replaced(weight_low=columns.zero_weight.low)
        return cls.of_matrix(m).merge(zeros)

    @classmethod
    def of_matrix(cls, m: Floats) -> Self:
        """Return the moments whose fields are the rows of a matrix."""
        moments = object.__new__(cls)
        moments.__dict__.update(matrix=m, low=m[1], high=m[2])  # every fit reads the extrema
        return moments

    def __getattr__(self, name: str) -> Floats:
        """Return a field on first access: setting all fields up front would be slow."""
        row, m = ROW.get(name), self.__dict__.get("matrix")
        if row is None or m is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        found: Floats = m[row]
        self.__dict__[name] = found
        return found

    @cached_property
    def matrix(self) -> Floats:
        """The fields as the rows of a matrix."""
        return np.array([self.__dict__[name] for name in MOMENTS])

    def __getstate__(self) -> dict[str, Any]:
        """Return only the fields: everything else is computed from them."""
        return {name: getattr(self, name) for name in MOMENTS}

    @classmethod
    @quietly
    def of_members(cls, X: Array, weight: Floats) -> Self:
        """Measure members with individual weights, for averages: sums in double precision."""
        there = ~np.isnan(X.T)
        if there.all():
            low = high = value = X.T + 0.0
            weights = weight.T
        else:
            value = np.where(there, X.T, 0.0) + 0.0
            weights = np.where(there, weight.T, 0.0)
            low, high = np.where(there, value, np.inf), np.where(there, value, -np.inf)
        _, power = np.frexp(np.abs(value).max(axis=1))
        units = np.ldexp(value, -power[:, None])
        total = weights.sum(axis=1)
        shift = (weights * units).sum(axis=1) / np.where(total == 0, 1.0, total)
        away = units - shift[:, None]
        zero = np.zeros_like(total)
        return cls(
            weight=total,
            low=low.min(axis=1),
            high=high.max(axis=1),
            weight_low=zero,
            exponent=np.where(value.any(axis=1), power, NO_EXPONENT),
            shift=shift,
            sum_high=(weights * away).sum(axis=1),
            sum_low=zero,
            square_high=(weights * away**2).sum(axis=1),
            square_low=zero,
        )

    @classmethod
    def empty(cls, n_columns: int) -> Self:
        """Return the identity of `merge`."""
        return cls.zeros(np.zeros(n_columns))

    @classmethod
    def zeros(cls, weight: Floats) -> Self:
        """Return columns that hold only zeros, of this total weight; weight 0 means no members."""
        return cls.of_matrix(moments_of_zeros(weight))

    @classmethod
    @quietly
    def known(
        cls,
        mean: Floats,
        variance: Floats,
        weight: Floats,
        ddof: int = 0,
        *,
        of_deviation: bool = False,
    ) -> Self:
        """Return moments from a known mean and variance; NaN means unknown.

        Where the variance is 0, the extrema equal the mean; elsewhere they are unknown. With
        `of_deviation`, the standard deviation is given in place of the variance.
        """
        none, zero = weight == 0, np.zeros_like(weight)
        mean, variance = np.where(none, 0.0, mean + 0.0), np.where(none, 0.0, variance)
        exponent = _exponent_of(mean, variance if of_deviation else np.sqrt(variance), weight)
        power = np.where(exponent == NO_EXPONENT, 0, -exponent).astype(np.int64)
        if of_deviation:
            units = dd.exact(np.ldexp(variance, power))
            units = dd.multiply(units, units)
        else:
            units = dd.exact(np.ldexp(variance, 2 * power))
        share = dd.add(dd.exact(weight), dd.exact(np.where(weight > ddof, -float(ddof), 0.0)))
        squares = dd.multiply(units, share)
        one = (variance == 0) & ~np.isnan(mean)
        high = np.where(one, mean, np.inf)
        return cls(
            weight=weight,
            weight_low=zero,
            low=np.where(none, np.inf, np.where(one, mean, -np.inf)),
            high=np.where(none, -np.inf, high),
            exponent=exponent,
            shift=np.ldexp(mean, power),
            sum_high=zero,
            sum_low=zero,
            square_high=squares.high,
            square_low=squares.low,
        )

    def merge(self, other: Self) -> Self:
        return self.of_matrix(kernels.merge_moments(self.matrix, other.matrix))

    @quietly
    def moved(self, by: Floats) -> Self:
        """Return the moments of the same members, each with `by` added, in double-double."""
        m = self.matrix.copy()
        zeros = (m[ROW["exponent"]] == NO_EXPONENT) & (m[ROW["weight"]] > 0)
        m[ROW["exponent"]][zeros] = 0.0
        power = np.where(m[ROW["exponent"]] == NO_EXPONENT, 0, -m[ROW["exponent"]])
        shift = dd.two_sum(m[ROW["shift"]], np.ldexp(by, power.astype(np.int64)))
        # the shift takes the high part; all members are further from it by the low part
        rest = dd.exact(shift.low)
        weight, sums, squares = (
            Double(m[ROW[high]], m[ROW[low]])
            for high, low in (
                ("weight", "weight_low"),
                ("sum_high", "sum_low"),
                ("square_high", "square_low"),
            )
        )
        moved = dd.multiply(rest, weight)
        cross = dd.multiply(rest, dd.add(dd.scale(sums, 2.0), moved))
        there = m[ROW["weight"]] > 0
        sums, squares = dd.add(sums, moved), dd.add(squares, cross)
        for name, value in {
            "low": m[ROW["low"]] + by,
            "high": m[ROW["high"]] + by,
            "shift": shift.high,
            "sum_high": sums.high,
            "sum_low": sums.low,
            "square_high": squares.high,
            "square_low": squares.low,
        }.items():
            m[ROW[name]] = np.where(there, value, m[ROW[name]])
        return self.of_matrix(m)

    def folded(self) -> Self:
        """Merge rows of moments into one, pairwise in a fixed tree."""
        m = self.matrix
        while m.shape[1] > 1:
            even = m.shape[1] // 2 * 2
            a, b = (m[:, at:even:2] for at in (0, 1))
            flat = kernels.merge_moments(a.reshape(len(m), -1), b.reshape(len(m), -1))
            m = np.concatenate([flat.reshape(a.shape), m[:, even:]], axis=1)
        return self.of_matrix(m[:, 0])

    def reshaped(self, shape: tuple[int, ...]) -> Self:
        return self.of_matrix(self.matrix.reshape(len(MOMENTS), *shape))

    def collapsed(self) -> Self:
        """Return one member per column, of weight 1: the mean, rounded to double precision."""
        return self.of_matrix(kernels.collapsed_moments(self.matrix))

    def weighted(self, factor: Floats) -> Self:
        """Return the moments of the same members, each counted `factor` times."""
        m = self.matrix
        if m.ndim == 2:
            return self.of_matrix(kernels.weighted_moments(m, factor))
        factors = np.broadcast_to(factor, m.shape[1:]).ravel()
        flat = kernels.weighted_moments(m.reshape(len(m), -1), factors)
        return self.of_matrix(flat.reshape(m.shape))

    def columns(self, chosen: Any) -> Self:
        return self.of_matrix(self.matrix[:, chosen])

    def joined(self, other: Self) -> Self:
        return self.of_matrix(np.concatenate([self.matrix, other.matrix], axis=1))

    def replaced(self, **changes: Any) -> Self:
        m = self.matrix.copy()
        for name, values in changes.items():
            m[ROW[name]] = values
        return self.of_matrix(m)

    def recentred(self) -> Self:
        """Move the shift to the mean, so that a shift far from the data costs no digits."""
        return self.of_matrix(kernels.recentred_moments(self.matrix))

    def centred(self) -> Self:
        """Return the moments of the differences from the mean."""
        return self.of_matrix(kernels.centred_moments(self.matrix))

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from self.faults_of_sums(n_columns)
        yield from self._faults_of_range()

    def faults_of_sums(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield the faults of each field, and of sums that do not fit together."""
        yield from super().faults(n_columns)
        yield from vector_faults(self, CARRIED, n_columns)
        for name in CARRIED:  # NaN means unknown
            vector = getattr(self, name)
            known = ~np.isnan(vector) | (self.low != -np.inf)
            yield from refused(name, vector, known & ~np.isfinite(vector))
        whole = (self.exponent == np.floor(self.exponent)) & (np.abs(self.exponent) <= 1100)
        yield from refused("exponent", self.exponent, ~whole)
        yield from refused("shift", self.shift, np.abs(self.shift) > FARTHEST)
        yield from refused("square_high", self.square_high, self.square_high < 0)
        for name in ("weight", "sum", "square"):
            part = "weight" if name == "weight" else f"{name}_high"
            low, high = getattr(self, f"{name}_low"), getattr(self, part)
            yield from refused(f"{name}_low", low, np.abs(low) > np.abs(high) * SLACK)
        with np.errstate(all="ignore"):
            _, square, variance = self._about()
            yield from refused("square_high", self.square_high, variance < -SLACK * square)

    def _about(self) -> tuple[Floats, Floats, Floats]:
        """Return mean, mean square about the shift, and variance, about and in units."""
        away = self.sum_high / self.weight
        square = self.square_high / self.weight
        return self.shift + away, square, square - away * away

    def _faults_of_range(self) -> Iterator[tuple[str, str]]:
        """Yield sums whose mean or deviation the extrema do not allow."""
        power = np.where(self.exponent == NO_EXPONENT, 0, -self.exponent).astype(np.int64)
        with np.errstate(all="ignore"):
            low, high = np.ldexp(self.low, power), np.ldexp(self.high, power)
            mean, square, variance = self._about()
            room = SLACK * (np.maximum(np.abs(low), np.abs(high)) + np.abs(self.shift))
            wrong = (mean < low - room) | (mean > high + room)
            yield from refused("sum_high", self.sum_high, wrong)
            half = (high - low) / 2  # no deviation is larger (Popoviciu)
            wrong = variance > half * half * (1 + SLACK) + SLACK * square
            yield from refused("square_high", self.square_high, wrong)

    @cached_property
    def _settled(self) -> dict[tuple[float, float], Floats]:
        """The cache of `settled`, by ddof and eps."""
        return {}

    def settled(self, ddof: float = 0, eps: float = 0.0) -> Floats:
        """Return mean, variance and deviation as rows of a cached matrix: do not modify it."""
        found = self._settled.get((ddof, eps))
        if found is None:
            found = kernels.settle_moments(self.matrix, ddof, eps)
            self._settled[ddof, eps] = found
        return found

    @property
    def mean(self) -> Floats:
        """The mean; NaN where nothing is present."""
        for mean, _, _ in self._settled.values():  # it depends on neither ddof nor eps
            return np.array(mean)
        return np.array(self.settled()[0])

    def variance(self, ddof: int = 0) -> Floats:
        """Return the variance: inf if it overflows, NaN where nothing is present."""
        return np.array(self.settled(ddof)[1])

    def deviation(self, ddof: int = 0, eps: float = 0.0) -> Floats:
        """Return sqrt(variance + eps), correct even where the variance over- or underflows."""
        return np.array(self.settled(ddof, eps)[2])


def _exponent_of(mean: Floats, deviation: Floats, weight: Floats) -> Floats:
    """Return the exponent that measuring members of this mean and deviation would use."""
    peak = np.fmax(np.abs(mean), deviation)
    _, exponent = np.frexp(np.nan_to_num(peak))
    extreme = (weight > MILD) | (weight < 1 / MILD)
    strange = (np.abs(exponent) > COMFORT) | extreme
    return np.where(peak == 0, NO_EXPONENT, np.where(strange, exponent, 0).astype(np.float64))
