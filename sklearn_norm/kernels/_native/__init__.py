"""The native backend: all kernels of the contract in C, if the extension was built.

Arrays that the extension does not support, such as those of foreign byte order, go to the NumPy
backend, whose results are the same.
"""

from __future__ import annotations

from .columns import (
    column_moments,
    csr_moments,
    extremes,
    group_moments,
    segment_extremes,
    segment_moments,
)
from .gathering import gather_columns
from .groups import gradients, normalise
from .maps import apply, apply_stored, has_infinity, invert
from .moments import (
    centred_moments,
    collapsed_moments,
    merge_moments,
    recentred_moments,
    settle_moments,
    weighted_moments,
)
from .places import place
from .selection import select, sorts

__all__ = [
    "apply",
    "apply_stored",
    "centred_moments",
    "collapsed_moments",
    "column_moments",
    "csr_moments",
    "extremes",
    "gather_columns",
    "gradients",
    "group_moments",
    "has_infinity",
    "invert",
    "merge_moments",
    "normalise",
    "place",
    "recentred_moments",
    "segment_extremes",
    "segment_moments",
    "select",
    "settle_moments",
    "sorts",
    "weighted_moments",
]
