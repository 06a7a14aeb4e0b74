"""Functions without an ONNX node, composed of functions that have one.

The rounding error of 1 + x, or of exp(x), occurs in both factors of a quotient and cancels. See
N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), section 1.14.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np

LN2 = float(np.log(2.0))


def log1p(x: Any) -> Any:
    """Return log(1 + x)."""
    u = 1.0 + x
    step = u - 1.0
    exact = step == 0.0
    near = np.log(u) * (x / np.where(exact, 1.0, step))
    return np.where(x > 1.0, np.log(u), np.where(exact, x, near))


def expm1(x: Any) -> Any:
    """Return exp(x) - 1."""
    u = np.exp(x)
    step = u - 1.0
    exact, whole = step == 0.0, step == -1.0
    root = np.where(exact | whole, 1.0, np.log(u))
    near = step * (x / root)
    return np.where((x > 1.0) | whole, step, np.where(exact, x, near))


def log2(x: Any) -> Any:
    """Return the logarithm to base 2."""
    return np.log(x) / LN2


def log10(x: Any) -> Any:
    """Return the logarithm to base 10."""
    return np.log(x) / float(np.log(10.0))


def exp2(x: Any) -> Any:
    """Return 2**x."""
    return np.power(2.0, x)


def arcsinh(x: Any) -> Any:
    """Return the inverse of sinh, by log1p near 0, where x + sqrt(x**2 + 1) would lose digits."""
    size = np.absolute(x)
    large = size > 2.0**30  # beyond, sqrt(x**2 + 1) rounds to |x|
    safe = np.where(large, 1.0, size)
    square = safe * safe
    near = log1p(safe + square / (1.0 + np.sqrt(1.0 + square)))
    far = np.log(np.where(large, size, 1.0)) + LN2
    return np.sign(x) * np.where(large, far, near)


def sinh(x: Any) -> Any:
    """Return (exp(x) - exp(-x)) / 2, by expm1 near 0."""
    size = np.absolute(x)
    grown = expm1(np.minimum(size, 30.0))
    near = (grown + grown / (grown + 1.0)) / 2.0
    root = np.exp(size / 2.0)  # exp(size) would overflow earlier than its half
    return np.sign(x) * np.where(size > 30.0, root / 2.0 * root, near)
