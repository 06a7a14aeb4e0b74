"""Arithmetic on raw arrays and nothing else, behind one contract (`contract.Kernels`).

A backend is a module or object with the functions of the contract; here is the one
place that chooses it.
"""

from __future__ import annotations

from . import contract
from ._numpy.extrema import extremes, has_infinity
from ._numpy.groups import normalise
from ._numpy.maps import apply, backward, forward, invert
from ._numpy.moments import block_moments
from ._numpy.sorting import sorted_columns
from .contract import Array, BlockMoments, Extremes, Floats, Kernels, Map

__all__ = [
    "Array",
    "BlockMoments",
    "Extremes",
    "Floats",
    "Kernels",
    "Map",
    "apply",
    "backward",
    "block_moments",
    "contract",
    "extremes",
    "forward",
    "has_infinity",
    "invert",
    "normalise",
    "sorted_columns",
]
