"""Mean, variance and deviation of moments, and changes of moments, all columns at once."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from .. import double_double as dd
from ..contract import NO_EXPONENT, Array, Floats
from ..double_double import Double
from .exact import COMFORT
from .merging import EXPONENT, SHIFT, SQUARE, SUM, WEIGHT, about_mean, in_units

LEAST_STEP = -72  # the mean is rounded to 2**LEAST_STEP of the deviation
TINY = 2.0**-700  # a variance below it has units of its own
LEAST_PRODUCT = 2.0**-900  # of a sum and a factor; the error of a smaller product could underflow
FALLEN = -100  # exponent of the largest of a column's numbers, from which on finer units are used
MILD = 60  # weights within 2**-MILD and 2**MILD need no units of their own
ABSENT = -5000  # in place of the exponent of 0
HIGHS, LOWS = [0, 6, 8], [3, 7, 9]  # rows that are double-double: weight, sum and square


class Columns:
    """The moments of columns, and intermediate results for their mean and spread.

    Means are in units of 2**exponent, and spreads in units of 4**exponent.
    """

    def __init__(self, m: Floats) -> None:
        self.m = m
        self.weight, self.low, self.high, weight_low, exponent, self.shift, *sums = m
        self.weights = Double(self.weight, weight_low)
        self.sums, self.squares = Double(*sums[:2]), Double(*sums[2:])
        self.power = exponent.astype(np.int64)
        self.none = self.weight == 0
        self.is_constant = self.low == self.high

    @cached_property
    def divisor(self) -> Double:
        """The weight, or 1 if it is 0."""
        if not self.none.any():
            return self.weights
        return dd.choose(self.none, dd.exact(np.ones_like(self.weight)), self.weights)

    @cached_property
    def distance(self) -> Double:
        """The distance of the mean from the shift."""
        return dd.divide(self.sums, self.divisor)

    @cached_property
    def mean(self) -> Double:
        return dd.add(dd.exact(self.shift), self.distance)

    @cached_property
    def squares_about_mean(self) -> Double:
        return dd.add(self.squares, -dd.multiply(self.sums, self.distance))

    @cached_property
    def spread(self) -> Double:
        """Σw(x - mean)², 0 in a constant column."""
        spread = self.squares_about_mean
        nothing = self.is_constant | (spread.high <= 0)
        return Double(np.where(nothing, 0.0, spread.high), np.where(nothing, 0.0, spread.low))

    @cached_property
    def half(self) -> Any:
        """Variances are in units of 4**(exponent + half); half is 0 unless one would underflow."""
        spread = self.spread.high
        tiny = (spread > 0) & (spread < self.weight * TINY)
        if not tiny.any():
            return 0
        power = np.frexp(spread)[1].astype(np.int64) - np.frexp(self.weight)[1]
        return np.where(tiny, power // 2, 0)

    @cached_property
    def spread_in_half(self) -> Double:
        if not np.any(self.half):
            return self.spread
        return Double(*(np.ldexp(part, -2 * self.half) for part in self.spread))

    @cached_property
    def biased_variance(self) -> Double:
        return dd.divide(self.spread_in_half, self.divisor)

    def variance(self, ddof: float) -> Double:
        """Return the spread divided by the weight minus `ddof`, if that is positive."""
        if not ddof:
            return self.biased_variance
        less = np.where(self.weight > ddof, -float(ddof), 0.0)
        corrected = dd.add(self.weights, dd.exact(less))
        one = dd.exact(np.ones_like(self.weight))
        return dd.divide(self.spread_in_half, dd.choose(self.none, one, corrected))

    def settled_mean(self) -> Floats:
        """Return the mean as a float."""
        value = dd.times_power(dd.on_grid(self.mean, self.least_step()), self.power)
        return np.where(self.is_constant, self.low, value)

    def least_step(self) -> Floats:
        """Return the step the mean is rounded to, far below an ulp of the deviation.

        Where members almost cancel, the order of summation would otherwise show in the mean.
        """
        spread = dd.nearest(self.biased_variance)
        _, power = np.frexp(spread)
        exact, known = self.is_constant | (spread == 0), self.low == -np.inf
        if known.any():  # a given mean, or one without a given variance
            exact = exact | (known & ((self.sums.high == 0) | np.isnan(spread)))
        return np.where(exact, 0.0, np.ldexp(1.0, power // 2 + self.half + LEAST_STEP))


def settle_moments(m: Floats, ddof: float, eps: float) -> Floats:
    """Return mean, variance and sqrt(variance + eps)."""
    with np.errstate(all="ignore"):
        columns = Columns(m)
        variance = columns.variance(ddof)
        out = np.array(
            [
                columns.settled_mean(),
                dd.times_power(variance, 2 * (columns.power + columns.half)),
                _root(variance, eps, columns.power + columns.half),
            ]
        )
    return np.where(columns.none, np.nan, out)


def _root(variance: Double, eps: float, power: Array) -> Floats:
    """Return sqrt(variance + eps), correct even where the variance over- or underflows."""
    if not eps:
        return dd.times_power(dd.square_root(variance), power)
    units = np.ldexp(eps, -2 * power)
    alone = np.isinf(units) | (variance.high == 0)  # eps dwarfs the variance
    root = dd.square_root(dd.add(variance, dd.exact(np.where(alone, 0, units))))
    return np.where(alone, np.sqrt(eps), dd.times_power(root, power))


def weighted_moments(m: Floats, factor: Floats) -> Floats:
    """Return the moments of the same members, each counted `factor` times."""
    out = m.copy()
    with np.errstate(all="ignore"):
        out[HIGHS], out[LOWS] = _times(Double(m[HIGHS], m[LOWS]), factor)
    return _in_own_units(out)


def _times(a: Double, factor: Floats) -> Double:
    """Return the product; a float where its error would underflow, as both backends find it."""
    plain = a.high * factor
    high, low = dd.multiply(a, dd.exact(factor))
    tiny = np.abs(plain) < LEAST_PRODUCT
    return Double(np.where(tiny, plain, high), np.where(tiny, 0.0, low))


def recentred_moments(m: Floats) -> Floats:
    """Return the same moments, with the mean as the shift."""
    with np.errstate(all="ignore"):
        out = np.where(m[WEIGHT] > 0, about_mean(m), m)
    return _in_own_units(out)


def centred_moments(m: Floats) -> Floats:
    """Return the moments of the differences from the mean."""
    out = m.copy()
    out[5:8] = 0.0
    with np.errstate(all="ignore"):
        out[8:] = Columns(m).spread
    return _in_own_units(out)


def collapsed_moments(m: Floats) -> Floats:
    """Return the moments of one member per column, of weight 1: the mean.

    It lies between the extrema, which differ where it is no float: then means may differ that
    round to one.
    """
    out = np.zeros(m.shape)
    with np.errstate(all="ignore"):
        columns = Columns(m)
        value = columns.settled_mean() + 0.0  # no -0.0
        mean = columns.mean
        out[8:] = _times(dd.exact(mean.low), mean.low)
        rest = np.where(columns.is_constant, 0.0, dd.on_grid(mean, columns.least_step()).low)
        low = np.where(rest < 0, np.nextafter(value, -np.inf), value)
        high = np.where(rest > 0, np.nextafter(value, np.inf), value)
    out[0] = np.where(columns.none, 0.0, 1.0)
    out[1] = np.where(columns.none, np.inf, low)
    out[2] = np.where(columns.none, -np.inf, high)
    out[4], out[5], out[6] = m[4], mean.high, mean.low
    return _in_own_units(out)


def _in_own_units(m: Floats) -> Floats:
    """Return the same moments, in finer units where the sums have become small in theirs.

    So what was forgotten or cancelled leaves no exponent behind, in which later members vanish.
    """
    exponent, weight = m[EXPONENT], m[WEIGHT]
    small = (exponent != 0) & (exponent != NO_EXPONENT) & (weight != 0)
    if not small.any():
        return m
    parts = m[[SHIFT, SUM, SQUARE]]
    small &= np.isfinite(parts).all(axis=0)
    of_weight = np.frexp(weight)[1]
    shift, sums, squares = np.where(parts == 0, ABSENT, np.frexp(parts)[1])
    peak = np.maximum(np.maximum(shift, sums - of_weight), -((of_weight - squares) // 2))
    small &= peak <= FALLEN
    if not small.any():
        return m
    own = exponent + peak
    own = np.where((np.abs(own) <= COMFORT) & (np.abs(of_weight) <= MILD), 0.0, own)
    falls = small & (peak >= ABSENT // 4) & (own >= -1022) & (own < exponent)
    m = in_units(m, np.where(falls, own, exponent))
    m[EXPONENT] = np.where(
        small & (peak < ABSENT // 4), NO_EXPONENT, np.where(falls, own, exponent)
    )
    return m
