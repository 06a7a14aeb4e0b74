"""Numbers of twice the precision: unevaluated sums of two floats, elementwise on arrays.

T. J. Dekker, "A floating-point technique for extending the available precision",
Numerische Mathematik 18 (1971); D. E. Knuth, The Art of Computer Programming, vol. 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .contract import Floats

SPLITTER = 134217729.0  # 2**27 + 1


class Double(NamedTuple):
    """high + low, where low is at most half an ulp of high."""

    high: Floats
    low: Floats

    def __neg__(self) -> Double:
        return Double(-self.high, -self.low)


def exact(x: Floats | float) -> Double:
    """Take floats as they are."""
    array = np.asarray(x, dtype=np.float64)
    return Double(array, np.zeros_like(array))


def two_sum(a: Floats, b: Floats) -> Double:
    """Return a + b without any error (Knuth)."""
    high = a + b
    shadow = high - a
    return Double(high, (a - (high - shadow)) + (b - shadow))


def two_product(a: Floats, b: Floats) -> Double:
    """Return a * b without any error, short of over- and underflow (Dekker)."""
    high = a * b
    a_high, a_low = _split(a)
    b_high, b_low = _split(b)
    low = ((a_high * b_high - high) + a_high * b_low + a_low * b_high) + a_low * b_low
    return Double(high, low)


def _split(a: Floats) -> tuple[Floats, Floats]:
    scaled = SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def add(a: Double, b: Double) -> Double:
    high, low = two_sum(a.high, b.high)
    tail, rest = two_sum(a.low, b.low)
    high, low = two_sum(high, low + tail)
    return two_sum(high, low + rest)


def multiply(a: Double, b: Double) -> Double:
    high, low = two_product(a.high, b.high)
    return two_sum(high, low + (a.high * b.low + a.low * b.high))


def divide(a: Double, b: Double) -> Double:
    first = a.high / b.high
    rest = add(a, -multiply(b, exact(first)))
    return two_sum(first, rest.high / b.high)


def square_root(a: Double) -> Double:
    """Return the root, 0 where the number is 0."""
    positive = a.high > 0
    first = np.sqrt(np.where(positive, a.high, 1.0))
    rest = add(a, -two_product(first, first))
    root = two_sum(first, rest.high / (2 * first))
    return Double(np.where(positive, root.high, 0.0), np.where(positive, root.low, 0.0))


def scale(a: Double, factor: Floats | float) -> Double:
    """Multiply by a power of two."""
    return Double(a.high * factor, a.low * factor)


def choose(where: Floats, a: Double, b: Double) -> Double:
    return Double(np.where(where, a.high, b.high), np.where(where, a.low, b.low))
