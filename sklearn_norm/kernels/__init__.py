"""Arithmetic on raw arrays and nothing else, behind one contract (`contract.Kernels`).

A backend is a module with the functions of the contract: `_native`, in C, where the
extension was built, or else `_numpy`. Here is the one place that chooses it. `graph` is for
arrays that are only traced, to leave Python: its maps and norms become nodes of a graph.
"""

from __future__ import annotations

from . import _graph as graph
from . import contract
from ._graph import Tape, Traced
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
centred_moments = _backend.centred_moments
collapsed_moments = _backend.collapsed_moments
column_moments = _backend.column_moments
extremes = _backend.extremes
has_infinity = _backend.has_infinity
invert = _backend.invert
merge_moments = _backend.merge_moments
normalise = _backend.normalise
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
    "backward",
    "centred_moments",
    "choice",
    "collapsed_moments",
    "column_moments",
    "contract",
    "extremes",
    "forward",
    "graph",
    "has_infinity",
    "invert",
    "merge_moments",
    "normalise",
    "recentred_moments",
    "segment_extremes",
    "segment_moments",
    "select",
    "settle_moments",
    "sorts",
    "weighted_moments",
]


def _shim():  # TEMPORARY
    import numpy as np

    _a, _i = apply, invert

    def apply2(X, m, b, out, look=False):
        if look and has_infinity(X):
            return True
        _a(X, m, b, out)
        return False

    def invert2(X, m, out, look=False):
        if look and has_infinity(X):
            return True
        _i(X, m, out)
        return False

    def stored(values, column, m, bounds, out, inverse=False):
        members = Map._make(None if v is None else v[column] for v in m)
        act = backward if inverse else forward
        with np.errstate(all="ignore"):
            mapped = act(values.astype(np.float64), members)
            if bounds is not None:
                mapped = np.clip(mapped, bounds[0][column], bounds[1][column])
            np.copyto(out, mapped, casting="same_kind")

    globals().update(apply=apply2, invert=invert2, apply_stored=stored)


_shim()
