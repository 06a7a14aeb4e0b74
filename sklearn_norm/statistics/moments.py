"""Moments: weight, mean and spread of each column, carried in double-double.

A column is kept as sums about a shift: Σw, Σw(x - shift), Σw(x - shift)², all in units
of 2**exponent, so that squares neither overflow nor vanish. Merging moves the one onto
the other's shift (T. F. Chan, G. H. Golub & R. J. LeVeque, "Updating formulae and a
pairwise algorithm for computing sample variances", COMPSTAT 1982) in double-double.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self, TypeVar

import numpy as np

from .. import kernels
from ..kernels import Array, BlockMoments, Floats
from ..kernels import double_double as dd
from ..kernels.double_double import Double
from ..kernels.sparse import is_sparse
from ..records import refused, vector_faults
from .record import OLDER, Statistic
from .sparse import SparseColumns

M = TypeVar("M", bound="Moments")
LEAST_STEP = -72  # power of two, of the deviation
NO_EXPONENT = -1100.0  # below that of every float: of a column of zeros, or of none
COMFORT = 400  # within 2**±400, known moments need no exponent, as measured ones do not
MILD = 2.0**200  # nor with weights from 1 / MILD to MILD
CARRIED = ("weight_low", "exponent", "shift", "sum_high", "sum_low", "square_high", "square_low")


@dataclass(frozen=True, eq=False)
class Moments(Statistic):
    """Weight, extrema and centred sums of each column."""

    weight_low: Floats = field(metadata={OLDER: 0.0})
    exponent: Floats
    shift: Floats
    sum_high: Floats
    sum_low: Floats = field(metadata={OLDER: 0.0})
    square_high: Floats
    square_low: Floats = field(metadata={OLDER: 0.0})

    @classmethod
    def measure(cls, X: Array, weight: Floats | None = None) -> Self:
        """Measure each column; NaN is absent."""
        if is_sparse(X):
            return _measure_sparse(cls, SparseColumns.of(X, weight))
        if X.shape[0] == 0:
            return cls.empty(X.shape[1])
        moments = cls.of_blocks(kernels.block_moments(X, weight))
        with np.errstate(all="ignore"):  # infinities are reported by the caller
            return moments.folded()

    @classmethod
    def of_blocks(cls, blocks: BlockMoments) -> Self:
        """Return the moments of blocks of rows, which `folded` merges."""
        none = blocks.weight == 0
        return cls(
            weight=blocks.weight,
            low=np.where(none, np.inf, blocks.low + 0.0),
            high=np.where(none, -np.inf, blocks.high + 0.0),
            weight_low=blocks.weight_low,
            exponent=np.where(none, NO_EXPONENT, blocks.exponent),
            shift=np.where(none, 0.0, blocks.shift),
            sum_high=blocks.sum,
            sum_low=blocks.sum_low,
            square_high=blocks.square,
            square_low=blocks.square_low,
        )

    @classmethod
    def of_members(cls, X: Array, weight: Floats) -> Self:
        """Measure members that have a weight each, for averages: sums in double precision."""
        there = ~np.isnan(X.T)
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
        zero = np.zeros(n_columns)
        return cls.zeros(zero)

    @classmethod
    def zeros(cls, weight: Floats) -> Self:
        """Return columns of zeros of the total weight given; 0 stands for none."""
        none, zero = weight == 0, np.zeros_like(weight)
        low, high = np.where(none, np.inf, zero), np.where(none, -np.inf, zero)
        return cls(weight, low, high, zero, zero + NO_EXPONENT, *[zero] * 5)

    @classmethod
    def known(cls, mean: Floats, variance: Floats, weight: Floats, ddof: int = 0) -> Self:
        """Return members that are known by their mean and variance; NaN is not known.

        Their extrema are the mean where there is no variance. Elsewhere they may be anything.
        """
        none, zero = weight == 0, np.zeros_like(weight)
        mean, variance = np.where(none, 0.0, mean + 0.0), np.where(none, 0.0, variance)
        exponent = _exponent_of(mean, variance, weight)
        power = np.where(exponent == NO_EXPONENT, 0, -exponent).astype(np.int64)
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

    def collapsed(self) -> Self:
        """Return one member per column, of weight 1, at the mean in double precision."""
        none, zero = self.weight == 0, np.zeros_like(self.weight)
        mean = self._mean()
        value = np.where(none, 0.0, self.mean)
        return type(self)(
            weight=np.where(none, 0.0, 1.0),
            weight_low=zero,
            low=np.where(none, np.inf, value),
            high=np.where(none, -np.inf, value),
            exponent=self.exponent,
            shift=mean.high,
            sum_high=mean.low,
            sum_low=zero,
            square_high=mean.low * mean.low,
            square_low=zero,
        )

    def folded(self) -> Self:
        """Merge the rows of blocks into one, neighbours first: a fixed tree."""
        rows = self
        while rows.weight.shape[0] > 1:
            even = rows.weight.shape[0] // 2 * 2
            merged = rows._rows(slice(0, even, 2)).merge(rows._rows(slice(1, even, 2)))
            rest = rows._rows(slice(even, None))
            rows = merged.mapped(lambda *fields: np.concatenate(fields), rest)
        return rows._rows(0)

    def reshaped(self, shape: tuple[int, ...]) -> Self:
        return self.mapped(lambda field: field.reshape(shape))

    def _rows(self, at: slice | int) -> Self:
        return self.mapped(lambda field: field[at])

    def merge(self, other: Self) -> Self:
        exponent = np.maximum(self.exponent, other.exponent)
        a, b = self._in_units(exponent), other._in_units(exponent)
        heavier = a.weight >= b.weight
        a, b = a._where(heavier, b), b._where(heavier, a)
        delta = dd.two_sum(b.shift, -a.shift)
        empty = b.weight == 0
        delta = Double(np.where(empty, 0.0, delta.high), np.where(empty, 0.0, delta.low))
        moved = dd.multiply(delta, b.weights)
        weight = dd.add(a.weights, b.weights)
        total = dd.add(a.sums, dd.add(b.sums, moved))
        cross = dd.multiply(delta, dd.add(dd.scale(b.sums, 2.0), moved))
        square = dd.add(a.squares, dd.add(b.squares, cross))
        return type(self)(
            weight=weight.high,
            weight_low=weight.low,
            low=np.minimum(a.low, b.low),
            high=np.maximum(a.high, b.high),
            exponent=exponent,
            shift=a.shift,
            sum_high=total.high,
            sum_low=total.low,
            square_high=square.high,
            square_low=square.low,
        )

    def weighted(self, factor: Floats) -> Self:
        """Return the moments of the same members, each counted `factor` times."""
        weight = dd.multiply(self.weights, dd.exact(factor))
        total = dd.multiply(self.sums, dd.exact(factor))
        square = dd.multiply(self.squares, dd.exact(factor))
        return self.replaced(
            weight=weight.high,
            weight_low=weight.low,
            sum_high=total.high,
            sum_low=total.low,
            square_high=square.high,
            square_low=square.low,
        )

    def recentred(self) -> Self:
        """Move the shift to the mean, so that a level left long ago costs no digits."""
        mean, spread = self._mean(), self._squares_about_mean()
        there = self.weight > 0
        total = dd.multiply(dd.exact(mean.low), self.weights)
        square = dd.add(spread, dd.multiply(total, dd.exact(mean.low)))
        return self.replaced(
            shift=np.where(there, mean.high, self.shift),
            sum_high=np.where(there, total.high, self.sum_high),
            sum_low=np.where(there, total.low, self.sum_low),
            square_high=np.where(there, square.high, self.square_high),
            square_low=np.where(there, square.low, self.square_low),
        )

    def centred(self) -> Self:
        """Return the moments of the differences from the mean."""
        zero = np.zeros_like(self.weight)
        spread = self._spread()
        return self.replaced(
            shift=zero, sum_high=zero, sum_low=zero, square_high=spread.high, square_low=spread.low
        )

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, CARRIED, n_columns)
        for name in CARRIED:  # what is not known is NaN
            vector = getattr(self, name)
            known = ~np.isnan(vector) | (self.low != -np.inf)
            yield from refused(name, vector, known & ~np.isfinite(vector))
        whole = (self.exponent == np.floor(self.exponent)) & (np.abs(self.exponent) <= 1100)
        yield from refused("exponent", self.exponent, ~whole)

    @property
    def weights(self) -> Double:
        return Double(self.weight, self.weight_low)

    @property
    def sums(self) -> Double:
        return Double(self.sum_high, self.sum_low)

    @property
    def squares(self) -> Double:
        return Double(self.square_high, self.square_low)

    def _in_units(self, exponent: Floats) -> Self:
        """Rewrite in coarser units; what is lost lies far below the other's last bit."""
        if np.array_equal(exponent, self.exponent):
            return self
        power = _integers(self.exponent - exponent)
        with np.errstate(under="ignore"):
            return self.replaced(
                exponent=exponent,
                shift=np.ldexp(self.shift, power),
                sum_high=np.ldexp(self.sum_high, power),
                sum_low=np.ldexp(self.sum_low, power),
                square_high=np.ldexp(self.square_high, 2 * power),
                square_low=np.ldexp(self.square_low, 2 * power),
            )

    def _where(self, here: Array, other: Self) -> Self:
        return self.mapped(lambda a, b: np.where(here, a, b), other)

    def _spread(self) -> Double:
        """Return Σw(x - mean)² in units of 4**exponent."""
        spread = self._squares_about_mean()
        nothing = self.is_constant | (spread.high <= 0)
        return Double(np.where(nothing, 0.0, spread.high), np.where(nothing, 0.0, spread.low))

    @cached_property
    def _distance(self) -> Double:
        """The distance of the mean from the shift."""
        return dd.divide(self.sums, self._divisor())

    def _squares_about_mean(self) -> Double:
        return dd.add(self.squares, -dd.multiply(self.sums, self._distance))

    def _mean(self) -> Double:
        """Return the mean in units of 2**exponent, 0 where nothing is present."""
        return dd.add(dd.exact(self.shift), self._distance)

    def _least_step(self) -> Floats:
        """Return what the mean is rounded to: far below an ulp of the deviation.

        Where members all but cancel, the order of their sum would show in what is left.
        """
        spread = dd.nearest(self._biased_variance)
        _, power = np.frexp(spread)
        exact, known = self.is_constant, self.low == -np.inf
        if known.any():  # a mean as it was given, and one whose variance was not
            exact = exact | (known & ((self.sum_high == 0) | np.isnan(spread)))
        return np.where(exact, 0.0, np.ldexp(1.0, power // 2 + LEAST_STEP))

    def _variance(self, ddof: int) -> Double:
        """Return the variance in units of 4**exponent; no correction up to a weight of ddof."""
        return dd.divide(self._spread(), self._divisor(ddof)) if ddof else self._biased_variance

    @cached_property
    def _biased_variance(self) -> Double:
        return dd.divide(self._spread(), self._divisor())

    def _divisor(self, ddof: int = 0) -> Double:
        """Return the weight less `ddof`, where there is more; 1 where there is none."""
        corrected = self.weights
        if ddof:
            less = np.where(self.weight > ddof, -float(ddof), 0.0)
            corrected = dd.add(corrected, dd.exact(less))
        return dd.choose(self.weight == 0, dd.exact(np.ones_like(self.weight)), corrected)

    @property
    def mean(self) -> Floats:
        """The mean; NaN where nothing is present."""
        with np.errstate(all="ignore"):
            settled = dd.on_grid(self._mean(), self._least_step())
            value = dd.times_power(settled, _integers(self.exponent))
        value = np.where(self.is_constant, self.low, value)
        return np.where(self.weight == 0, np.nan, value)

    def variance(self, ddof: int = 0) -> Floats:
        """Return the variance: inf beyond the largest float, NaN where nothing is present."""
        spread = self._variance(ddof)
        with np.errstate(all="ignore"):
            value = dd.times_power(spread, 2 * _integers(self.exponent))
        return np.where(self.weight == 0, np.nan, value)

    def deviation(self, ddof: int = 0, eps: float = 0.0) -> Floats:
        """Return sqrt(variance + eps), right also where the variance over- or underflows."""
        power = _integers(self.exponent)
        with np.errstate(all="ignore"):
            units = np.ldexp(eps, -2 * power) if eps else np.zeros_like(self.weight)
            huge = np.isinf(units)  # eps dwarfs the variance
            root = dd.square_root(dd.add(self._variance(ddof), dd.exact(np.where(huge, 0, units))))
            value = np.where(huge, np.sqrt(eps), dd.times_power(root, power))
        return np.where(self.weight == 0, np.nan, value)


def _exponent_of(mean: Floats, variance: Floats, weight: Floats) -> Floats:
    """Return the exponent that members of this mean and variance would be measured with."""
    peak = np.fmax(np.abs(mean), np.sqrt(variance))
    _, exponent = np.frexp(np.nan_to_num(peak))
    extreme = (weight > MILD) | (weight < 1 / MILD)
    strange = (np.abs(exponent) > COMFORT) | extreme
    return np.where(peak == 0, NO_EXPONENT, np.where(strange, exponent, 0).astype(np.float64))


def _integers(exponent: Floats) -> Array:
    return exponent.astype(np.int64)


def _measure_sparse(cls: type[M], columns: SparseColumns) -> M:
    """Measure the stored members, then merge with the zeros between them."""
    blocks = kernels.segment_moments(columns.values, columns.starts, columns.weights)
    with np.errstate(all="ignore"):
        return cls.of_blocks(blocks).folded().merge(cls.zeros(columns.zero_weight))
