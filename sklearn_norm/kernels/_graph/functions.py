"""Functions without an ONNX node, composed of functions that have one.

The rounding error of 1 + x, or of exp(x), occurs in both factors of a quotient and cancels. See
N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed. (2002), section 1.14.1.
"""

from __future__ import annotations

from typing import Any

import numpy as np


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
