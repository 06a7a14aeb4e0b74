"""The NumPy backend: all kernels of the contract as blocked, threaded ufuncs."""

from __future__ import annotations

from .extrema import extremes, has_infinity
from .gathering import gather_columns
from .gradients import gradients
from .groups import normalise
from .maps import apply, apply_stored, backward, forward, invert
from .merging import merge_moments
from .moments import column_moments
from .places import place
from .segments import csr_moments, group_moments, segment_extremes, segment_moments
from .selection import select, sorts
from .settling import (
    centred_moments,
    collapsed_moments,
    recentred_moments,
    settle_moments,
    weighted_moments,
)

__all__ = [
    "apply",
    "apply_stored",
    "backward",
    "centred_moments",
    "collapsed_moments",
    "column_moments",
    "csr_moments",
    "extremes",
    "forward",
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
