"""The native backend: every kernel of the contract in C, where the extension was built.

What the extension does not take (numbers of another machine's byte order, say) goes to the
NumPy backend, whose results are the same.
"""

from __future__ import annotations

from .columns import block_moments, extremes, segment_extremes, segment_moments
from .groups import normalise
from .maps import apply, has_infinity, invert
from .selection import select, sorts

__all__ = [
    "apply",
    "block_moments",
    "extremes",
    "has_infinity",
    "invert",
    "normalise",
    "segment_extremes",
    "segment_moments",
    "select",
    "sorts",
]
