"""Arithmetic on raw arrays and nothing else, behind one interface (`contract.Kernels`).

A backend is a module with the functions of that interface: `_native`, in C, if the extension
was built, or else `_numpy`. Other code calls the kernels only through this module. `graph` is
for traced arrays, to export to ONNX: its maps and norms become nodes of a graph.
"""

from __future__ import annotations

from . import _graph as graph
from . import contract
from ._graph import Tape, Traced
from ._numpy.blocks import visit
from ._numpy.maps import backward, forward
from .backends import choice
from .contract import (
    Array,
    Extremes,
    Floats,
    Kernels,
    Map,
    Rows,
    Selection,
    Thinning,
)

_backend: Kernels = choice.backend
apply = _backend.apply
apply_stored = _backend.apply_stored
centred_moments = _backend.centred_moments
collapsed_moments = _backend.collapsed_moments
column_moments = _backend.column_moments
csr_moments = _backend.csr_moments
extremes = _backend.extremes
gather_columns = _backend.gather_columns
gradients = _backend.gradients
group_moments = _backend.group_moments
has_infinity = _backend.has_infinity
invert = _backend.invert
merge_moments = _backend.merge_moments
normalise = _backend.normalise
place = _backend.place
recentred_moments = _backend.recentred_moments
segment_extremes = _backend.segment_extremes
segment_moments = _backend.segment_moments
select = _backend.select
sorts = _backend.sorts
settle_moments = _backend.settle_moments
weighted_moments = _backend.weighted_moments

__all__ = [
    "Array",
    "Extremes",
    "Floats",
    "Kernels",
    "Map",
    "Rows",
    "Selection",
    "Tape",
    "Thinning",
    "Traced",
    "apply",
    "apply_stored",
    "backward",
    "centred_moments",
    "choice",
    "collapsed_moments",
    "column_moments",
    "contract",
    "csr_moments",
    "extremes",
    "forward",
    "gather_columns",
    "gradients",
    "graph",
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
    "visit",
    "weighted_moments",
]
