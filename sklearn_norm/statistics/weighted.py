"""Moments of members whose weights differ much: summed about the mean, in double-double.

The kernels sum about a shift near the middle of a column, on a grid for its heaviest member and its
largest difference from the shift. Where the mean is far from that shift, measured in deviations, or
the heaviest member is absent, digits would be lost; such columns are visited once more.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..kernels import Array, Floats
from ..kernels import double_double as dd
from ..kernels.contract import MOMENTS, NO_EXPONENT
from ..kernels.double_double import Double
from ..kernels.quiet import quietly

MILD = 2.0**60  # members need no exponent for weights between 1 / MILD and MILD
ALIKE = 2.0**12  # of weights that differ by no more than this factor, enough digits are left
WEIGHT, LOW, HIGH, WEIGHT_LOW, EXPONENT, SHIFT, SUM, _, SQUARE, _ = range(len(MOMENTS))

Members = Callable[[int], tuple[Array, Floats]]


def differ(weight: Floats) -> bool:
    """Whether weights differ so much that digits may be lost."""
    return weight.size > 0 and bool(weight.max() > ALIKE * weight.min())


@quietly
def refine(m: Floats, weight: Floats, members: Members) -> None:
    """Measure columns again that have lost digits, in the matrix of moments `m`.

    `members` returns the members of a column and their weights.
    """
    for column in np.flatnonzero(_has_lost(m, float(weight.max()))):
        x, w = members(int(column))
        there = ~np.isnan(x)
        m[:, column] = _about_the_mean(x[there].astype(np.float64), w[there], m[:, column])


def _has_lost(m: Floats, heaviest: float) -> npt.NDArray[np.bool_]:
    power = np.where(m[EXPONENT] == NO_EXPONENT, 0, -m[EXPONENT]).astype(np.int64)
    low, high = np.ldexp(m[LOW], power), np.ldexp(m[HIGH], power)
    reach = np.maximum(np.abs(low - m[SHIFT]), np.abs(high - m[SHIFT]))
    spread = m[SQUARE] - m[SUM] * (m[SUM] / m[WEIGHT])
    least = heaviest / ALIKE
    lost = ~(spread >= least * reach**2) & (low < high)
    lost |= m[WEIGHT] < least
    return np.asarray(lost & (m[WEIGHT] > 0) & np.isfinite(m[LOW]) & np.isfinite(m[HIGH]))


def _about_the_mean(x: Floats, w: Floats, column: Floats) -> Floats:
    """Return the moments of one column, about the float nearest to its mean."""
    peak = max(-column[LOW], column[HIGH])
    exponent = float(np.frexp(peak)[1]) if peak else NO_EXPONENT
    units = np.ldexp(x, 0 if exponent == NO_EXPONENT else -int(exponent))
    weights = dd.exact(w)
    total = _sum(weights)
    shift = dd.divide(_sum(dd.multiply(weights, dd.exact(units))), total).high
    away = dd.two_sum(units, np.broadcast_to(-shift, units.shape))
    moved = dd.multiply(weights, away)
    sums, squares = _sum(moved), _sum(dd.multiply(moved, away))
    out = column.copy()
    out[[WEIGHT, WEIGHT_LOW, EXPONENT, SHIFT]] = total.high, total.low, exponent, shift
    out[SUM:] = *sums, *squares
    return out


def _sum(a: Double) -> Double:
    """Return the sum of many numbers, pairwise."""
    high, low = a
    while high.size > 1:
        half = high.size // 2
        both = dd.add(
            Double(high[:half], low[:half]), Double(high[half : 2 * half], low[half : 2 * half])
        )
        high, low = (
            np.append(b, rest[2 * half :]) for b, rest in zip(both, (high, low), strict=True)
        )
    return Double(high[0], low[0])
