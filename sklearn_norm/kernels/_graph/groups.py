"""Normalise groups of members of a traced array.

The other backends gather the difficult rows, such as those with absent members, and compute
them again more carefully. A graph cannot gather, so it treats every group carefully.
"""

from __future__ import annotations

from math import isqrt
from typing import Any

import numpy as np

from .._numpy.groups import SMALLEST
from ..contract import Floats
from .traced import Traced

LARGE, SMALL = 2.0**400, 2.0**-400  # members outside are scaled by a power of two
DOWN, UP = 2.0**-600, 2.0**600


def normalise(
    X: Traced, centred: bool, eps: float, gain: Floats | None, offset: Floats | None
) -> Any:
    """Return (x - center) / scale * gain + offset of a view of four axes, in float64."""
    groups, channels, positions = X.shape[1:]
    x: Any = X.astype(np.float64).reshape(-1, groups, channels * positions)
    missing = np.isnan(x)
    counts = _sum(np.where(missing, 0.0, 1.0))
    units = _units(np.where(missing, 0.0, np.absolute(x)), eps)
    x = x * units
    d = _differences(x, missing, counts) if centred else x
    squares = np.where(missing, 0.0, d * d)
    root = np.sqrt(_sum(squares) / counts + eps * units * units)
    factor = (1.0 / np.maximum(root, SMALLEST)).reshape(-1, groups, 1, 1)
    if gain is not None and gain.shape[2] == 1:  # as in the NumPy backend
        factor, gain = factor * gain, None
    z = d.reshape(-1, groups, channels, positions) * factor
    z = z if gain is None else z * gain
    return z if offset is None else z + offset


def last_members(X: Traced) -> Any:
    """Return the last member of each group that is present, with sizes (samples, groups, 1, 1)."""
    groups, channels, positions = X.shape[1:]
    x: Any = X.astype(np.float64).reshape(-1, groups, channels * positions)
    places = np.arange(float(channels * positions))
    present = np.where(np.isnan(x), -1.0, places)
    last = np.maximum.reduce(present, axis=2, keepdims=True)
    return _sum(np.where(np.equal(places, last), x, 0.0)).reshape(-1, groups, 1, 1)


def _sum(x: Any) -> Any:
    """Sum each group; a long one in parts, for smaller rounding errors."""
    _, groups, size = x.shape
    part = max(divisor for divisor in range(1, isqrt(size) + 1) if size % divisor == 0)
    parts = np.add.reduce(x.reshape(-1, groups, size // part, part), axis=3, keepdims=True)
    return np.add.reduce(parts, axis=2, keepdims=True).reshape(-1, groups, 1)


def _units(sizes: Any, eps: float) -> Any:
    """Return the power of two that keeps the squares of a group from over- or underflow."""
    peak = np.maximum(np.maximum.reduce(sizes, axis=2, keepdims=True), np.sqrt(eps))
    return np.where(peak > LARGE, DOWN, np.where(peak < SMALL, UP, 1.0))


def _differences(x: Any, missing: Any, counts: Any) -> Any:
    """Return the differences from the mean, corrected for the rounding of the mean.

    They are 0 if all members are equal: the first differences are then one small number with
    few bits, whose mean is exact.
    """
    d = x - _sum(np.where(missing, 0.0, x)) / counts
    return d - _sum(np.where(missing, 0.0, d)) / counts
