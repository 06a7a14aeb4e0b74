"""Means, variances and roots in rational arithmetic, and errors counted in ulp."""

import math
from fractions import Fraction
from math import isqrt

SMALLEST = Fraction(1, 2**1074)
LARGEST = Fraction(2) ** 1024 - Fraction(2) ** 970


def whole_numbers(values):
    """Return floats as whole numbers of one unit, a power of two, and that unit."""
    ratios = [v.as_integer_ratio() for v in values]
    most = max((d for _, d in ratios), default=1)
    return [n * (most // d) for n, d in ratios], Fraction(1, most)


def exact_moments(values, weights=None, ddof=0):
    """Return the mean and the variance of floats, as fractions; NaN is absent."""
    weights = [1.0] * len(values) if weights is None else weights
    pairs = [(x, w) for x, w in zip(values, weights, strict=True) if x == x]
    x, unit = whole_numbers([x for x, _ in pairs])
    w, share = whole_numbers([w for _, w in pairs])
    total = sum(w)
    first = sum(a * b for a, b in zip(w, x, strict=True))
    second = sum(a * b * b for a, b in zip(w, x, strict=True))
    divisor = total - ddof / share if total * share > ddof else Fraction(total)
    mean = unit * Fraction(first, total)
    return mean, unit**2 * Fraction(second * total - first**2, total) / divisor


def exact_root(x):
    """Return the square root of a fraction, right to 200 bits."""
    shift = 2 * max(0, 200 + (x.denominator.bit_length() - x.numerator.bit_length() + 1) // 2)
    return Fraction(isqrt((x.numerator << shift) // x.denominator), 2 ** (shift // 2))


def ulp(x):
    """Return the distance of floats about a fraction."""
    x = abs(x)
    if x == 0:
        return SMALLEST
    exponent = x.numerator.bit_length() - x.denominator.bit_length()
    if Fraction(2) ** exponent > x:
        exponent -= 1
    return max(Fraction(2) ** (exponent - 52), SMALLEST)


def error(found, expected, about=None):
    """Return how far a float is from a fraction, in ulp of the latter or of `about`."""
    if math.isinf(found):
        return 0.0 if expected > LARGEST else math.inf
    ratio = abs(Fraction(found) - expected) / ulp(expected if about is None else about)
    return float(min(ratio, 10**300))
