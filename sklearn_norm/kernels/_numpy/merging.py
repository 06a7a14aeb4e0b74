"""The merge of two matrices of moments, all columns at once.

One side is moved to the shift of the other in double-double (T. F. Chan, G. H. Golub &
R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances",
COMPSTAT 1982). Independent additions share one NumPy call, since for few columns a call costs
more than the arithmetic.
"""

from __future__ import annotations

import numpy as np

from .. import double_double as dd
from ..contract import Array, Floats
from ..double_double import Double
from .exact import nothing

WEIGHT, LOW, HIGH, WEIGHT_LOW, EXPONENT, SHIFT, SUM, SUM_LOW, SQUARE, SQUARE_LOW = range(10)
# share of the squares about the shift that its distance from the mean makes, where it loses digits
LOSES = 1 - 2.0**-30
IN_UNITS = [SHIFT, SUM, SUM_LOW, SQUARE, SQUARE_LOW]
HIGHS, LOWS = [WEIGHT, SUM, SQUARE], [WEIGHT_LOW, SUM_LOW, SQUARE_LOW]


def merge_moments(a: Floats, b: Floats) -> Floats:
    """Return the moments of the members of both."""
    with np.errstate(all="ignore"):
        out = _merged(a, b)
        none, adds_nothing = a[WEIGHT] == 0, b[WEIGHT] == 0
        if none.any() or adds_nothing.any():
            np.copyto(out, a, where=adds_nothing)
            np.copyto(out, b, where=none)
            np.copyto(out, nothing(1), where=none & adds_nothing)
        out[LOW] = np.minimum(a[LOW], b[LOW]) + 0.0  # no -0.0
        out[HIGH] = np.maximum(a[HIGH], b[HIGH]) + 0.0
    return out


def _merged(a: Floats, b: Floats) -> Floats:
    """Merge columns that have members."""
    exponent = np.maximum(a[EXPONENT], b[EXPONENT])
    a, b = in_units(a, exponent), in_units(b, exponent)
    swapped = _moves(a, b)
    a, b = np.where(swapped, b, a), np.where(swapped, a, b)
    delta = dd.two_sum(b[SHIFT], -a[SHIFT])
    sums = Double(b[SUM], b[SUM_LOW])
    moved = dd.multiply(delta, Double(b[WEIGHT], b[WEIGHT_LOW]))
    once, twice = _split(dd.add(_pair(sums, dd.scale(sums, 2.0)), _pair(moved, moved)))
    cross = dd.multiply(delta, twice)
    square = dd.add(Double(b[SQUARE], b[SQUARE_LOW]), cross)
    others = Double(
        np.array([b[WEIGHT], once.high, square.high]),
        np.array([b[WEIGHT_LOW], once.low, square.low]),
    )
    total = dd.add(Double(a[HIGHS], a[LOWS]), others)
    out = np.empty_like(a)
    out[EXPONENT], out[SHIFT] = exponent, a[SHIFT]
    out[HIGHS], out[LOWS] = total
    far = out[SUM] * (out[SUM] / out[WEIGHT]) > LOSES * out[SQUARE]
    if far.any():
        near = about_mean(out)
        np.copyto(out, near, where=far & (near[SHIFT] != out[SHIFT]))
    return out


def about_mean(m: Floats) -> Floats:
    """Return the moments of columns with members, about the mean."""
    weight, sums = Double(m[WEIGHT], m[WEIGHT_LOW]), Double(m[SUM], m[SUM_LOW])
    distance = dd.divide(sums, weight)
    squares = dd.add(Double(m[SQUARE], m[SQUARE_LOW]), -dd.multiply(sums, distance))
    mean = dd.add(dd.exact(m[SHIFT]), distance)
    low = dd.exact(mean.low)
    total = dd.multiply(low, weight)
    out = m.copy()
    out[SHIFT:] = [mean.high, *total, *dd.add(squares, dd.multiply(total, low))]
    return out


def in_units(m: Floats, exponent: Floats) -> Floats:
    """Convert to other units; bits lost in coarser ones lie far below the other side's last."""
    power = m[EXPONENT] - exponent
    if not power.any():
        return m
    m = m.copy()
    units = power.astype(np.int64)
    m[IN_UNITS] = np.ldexp(m[IN_UNITS], [units, units, units, 2 * units, 2 * units])
    return m


def _moves(a: Floats, b: Floats) -> Array:
    """Return where to move a's sums to b's shift, rather than b's to a's.

    The side of smaller weight is moved; for equal weights, the one of smaller shift. So the
    order of the two does not matter.
    """
    larger = (a[SHIFT] < b[SHIFT]) | np.isnan(b[SHIFT])
    moves: Array = (a[WEIGHT] < b[WEIGHT]) | ((a[WEIGHT] == b[WEIGHT]) & larger)
    return moves


def _pair(a: Double, b: Double) -> Double:
    return Double(np.array([a.high, b.high]), np.array([a.low, b.low]))


def _split(a: Double) -> tuple[Double, Double]:
    return Double(a.high[0], a.low[0]), Double(a.high[1], a.low[1])
