"""Mean, variance and deviation of moments, and changes of moments, all columns at once."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from .. import double_double as dd
from ..contract import Array, Floats
from ..double_double import Double

LEAST_STEP = -72  # the mean is rounded to 2**LEAST_STEP of the deviation
LEAST_PRODUCT = 2.0**-900  # of a sum and a factor; the error of a smaller product could underflow
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
    def biased_variance(self) -> Double:
        return dd.divide(self.spread, self.divisor)

    def variance(self, ddof: float) -> Double:
        """Return the spread divided by the weight minus `ddof`, if that is positive."""
        if not ddof:
            return self.biased_variance
        less = np.where(self.weight > ddof, -float(ddof), 0.0)
        corrected = dd.add(self.weights, dd.exact(less))
        one = dd.exact(np.ones_like(self.weight))
        return dd.divide(self.spread, dd.choose(self.none, one, corrected))

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
        exact, known = self.is_constant, self.low == -np.inf
        if known.any():  # a given mean, or one without a given variance
            exact = exact | (known & ((self.sums.high == 0) | np.isnan(spread)))
        return np.where(exact, 0.0, np.ldexp(1.0, power // 2 + LEAST_STEP))


def settle_moments(m: Floats, ddof: float, eps: float) -> Floats:
    """Return mean, variance and sqrt(variance + eps)."""
    with np.errstate(all="ignore"):
        columns = Columns(m)
        variance = columns.variance(ddof)
        out = np.array(
            [
                columns.settled_mean(),
                dd.times_power(variance, 2 * columns.power),
                _root(variance, eps, columns.power),
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
        plain = m[HIGHS] * factor
        high, low = dd.multiply(Double(m[HIGHS], m[LOWS]), dd.exact(factor))
    tiny = np.abs(plain) < LEAST_PRODUCT
    out[HIGHS], out[LOWS] = np.where(tiny, plain, high), np.where(tiny, 0.0, low)
    return out


def recentred_moments(m: Floats) -> Floats:
    """Return the same moments, with the mean as the shift."""
    with np.errstate(all="ignore"):
        columns = Columns(m)
        low = dd.exact(columns.mean.low)
        total = dd.multiply(low, columns.weights)
        square = dd.add(columns.squares_about_mean, dd.multiply(total, low))
    out = m.copy()
    out[5:] = np.where(columns.weight > 0, [columns.mean.high, *total, *square], m[5:])
    return out


def centred_moments(m: Floats) -> Floats:
    """Return the moments of the differences from the mean."""
    out = m.copy()
    out[5:8] = 0.0
    with np.errstate(all="ignore"):
        out[8:] = Columns(m).spread
    return out


def collapsed_moments(m: Floats) -> Floats:
    """Return the moments of one member per column, of weight 1: the mean."""
    out = np.zeros(m.shape)
    with np.errstate(all="ignore"):
        columns = Columns(m)
        value = columns.settled_mean() + 0.0  # no -0.0
        mean = columns.mean
        out[8] = mean.low * mean.low
    out[0] = np.where(columns.none, 0.0, 1.0)
    out[1] = np.where(columns.none, np.inf, value)
    out[2] = np.where(columns.none, -np.inf, value)
    out[4], out[5], out[6] = m[4], mean.high, mean.low
    return out
