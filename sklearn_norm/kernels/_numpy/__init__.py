"""The NumPy backend: every kernel of the contract in blocked, threaded ufuncs."""

from __future__ import annotations

from .extrema import extremes, has_infinity, total_weight
from .groups import normalise
from .maps import apply, backward, forward, invert
from .moments import block_moments
from .segments import segment_extremes, segment_moments
from .selection import select, sorts

__all__ = [
    "apply",
    "backward",
    "block_moments",
    "extremes",
    "forward",
    "has_infinity",
    "invert",
    "normalise",
    "segment_extremes",
    "segment_moments",
    "select",
    "sorts",
    "total_weight",
]
