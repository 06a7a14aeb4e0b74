"""Matrices of moments: merges, means and variances, and changes of the moments."""

from __future__ import annotations

import numpy as np

from ..contract import Floats
from ..threads import count_threads
from .loading import compiled

SERIAL = 1 << 15  # for smaller matrices, one thread is used
WEIGHTED, RECENTRED, CENTRED, COLLAPSED = range(4)


def merge_moments(a: Floats, b: Floats) -> Floats:
    """Return the moments of the members of both."""
    out = np.empty(a.shape)
    compiled.merge_moments(_packed(a), _packed(b), out, _threads(a))
    return out


def settle_moments(m: Floats, ddof: float, eps: float) -> Floats:
    """Return mean, variance and sqrt(variance + eps)."""
    out = np.empty((3, m.shape[1]))
    compiled.settle_moments(_packed(m), ddof, eps, out, _threads(m))
    return out


def weighted_moments(m: Floats, factor: Floats) -> Floats:
    """Return the moments of the same members, each counted `factor` times."""
    return _changed(m, WEIGHTED, np.ascontiguousarray(factor, dtype=np.float64))


def recentred_moments(m: Floats) -> Floats:
    """Return the same moments, with the mean as the shift."""
    return _changed(m, RECENTRED)


def centred_moments(m: Floats) -> Floats:
    """Return the moments of the differences from the mean."""
    return _changed(m, CENTRED)


def collapsed_moments(m: Floats) -> Floats:
    """Return the moments of one member per column, of weight 1: the mean."""
    return _changed(m, COLLAPSED)


def _changed(m: Floats, change: int, factor: Floats | None = None) -> Floats:
    out = np.empty(m.shape)
    compiled.change_moments(_packed(m), change, factor, out, _threads(m))
    return out


def _threads(m: Floats) -> int:
    return 1 if m.size < SERIAL else count_threads()


def _packed(m: Floats) -> Floats:
    return np.ascontiguousarray(m, dtype=np.float64)
