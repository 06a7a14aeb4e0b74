"""Double-double arithmetic: unevaluated sums of two floats, elementwise on arrays.

T. J. Dekker, "A floating-point technique for extending the available precision",
Numerische Mathematik 18 (1971); D. E. Knuth, The Art of Computer Programming, vol. 2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .contract import Array, Floats

SPLITTER = 134217729.0  # 2**27 + 1
HALFWAY = 2.0**-20  # tolerance for a tie, in half ulps; sums of squares have 82 correct bits
NEGLIGIBLE = 2.0**-85


class Double(NamedTuple):
    """high + low, where low is at most half an ulp of high."""

    high: Floats
    low: Floats

    def __neg__(self) -> Double:
        return Double(-self.high, -self.low)


def exact(x: Floats | float) -> Double:
    """Return floats as double-double numbers with a low part of 0."""
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
    """Return the square root; 0 for numbers of at most 0, NaN for NaN."""
    positive = ~(a.high <= 0)
    first = np.sqrt(np.where(positive, a.high, 1.0))
    rest = add(a, -two_product(first, first))
    root = two_sum(first, rest.high / (2 * first))
    return Double(np.where(positive, root.high, 0.0), np.where(positive, root.low, 0.0))


def scale(a: Double, factor: Floats | float) -> Double:
    """Multiply by a power of two."""
    return Double(a.high * factor, a.low * factor)


def nearest(a: Double) -> Floats:
    """Return the nearest float; a number that is almost a tie is rounded to even.

    Sums of the same members in different order differ far behind the last bit. Without this
    rule, ties, which are common with few members, could be rounded either way.
    """
    half = (np.nextafter(a.high, np.copysign(np.inf, a.low)) - a.high) / 2
    halfway = np.abs(a.low - half) <= HALFWAY * np.abs(half)
    return np.where(halfway, a.high + half, a.high)


def times_power(a: Double, power: Array) -> Floats:
    """Return the nearest float to a * 2**power, rounded only once even if it is subnormal."""
    high = nearest(a)
    value = np.ldexp(high, power)
    low = (a.high - high) + a.low
    low = np.where(np.abs(low) <= NEGLIGIBLE * np.abs(high), 0.0, low)
    rest = (high - np.ldexp(value, -power)) + low
    subnormal = np.abs(value) < np.finfo(np.float64).smallest_normal
    return np.where(subnormal, value + np.ldexp(rest, power), value)


def on_grid(a: Double, step: Floats) -> Double:
    """Round to a multiple of `step`, a power of two; a step of 0 means no rounding."""
    unit = np.where(step > 0, step, 1.0)
    high = np.rint(a.high / unit) * unit
    low = np.rint(((a.high - high) + a.low) / unit) * unit
    return choose(step > 0, two_sum(high, low), a)


def choose(where: Array, a: Double, b: Double) -> Double:
    return Double(np.where(where, a.high, b.high), np.where(where, a.low, b.low))
