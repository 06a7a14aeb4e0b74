"""Statistics of columns: moments and extrema."""

from __future__ import annotations

import numpy as np

from .. import _numpy
from ..contract import MOMENTS, Array, Extremes, Floats
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled


def column_moments(X: Array, weight: Floats | None) -> Floats:
    """Return a matrix of the moments of all columns."""
    if not is_native(X):
        return _numpy.column_moments(X, weight)
    out = np.empty((len(MOMENTS), X.shape[1]))
    compiled.moments(X, _packed(weight), out, count_threads(X.size))
    return out


def extremes(X: Array, weight: Floats | None) -> Extremes:
    """Return the extrema and the total present weight of each column."""
    if not is_native(X):
        return _numpy.extremes(X, weight)
    low, high, absent = out = np.empty((3, X.shape[1]))
    compiled.extremes(X, out, count_threads(X.size))
    if weight is None:
        return Extremes(X.shape[0] - absent, low, high)
    return Extremes(_numpy.total_weight(X, weight, absent), low, high)


def segment_moments(values: Array, starts: Array, weight: Floats | None) -> Floats:
    """Return the moments of columns; column j has members starts[j] to starts[j + 1]."""
    if not is_native(values):
        return _numpy.segment_moments(values, starts, weight)
    out = np.empty((len(MOMENTS), starts.size - 1))
    places = np.ascontiguousarray(starts, dtype=np.int64)
    compiled.segment_moments(values, places, _packed(weight), out, count_threads(values.size))
    return out


def segment_extremes(values: Array, starts: Array) -> Extremes:
    """Return the extrema and the number of present members of each column."""
    if not is_native(values):
        return _numpy.segment_extremes(values, starts)
    low, high, absent = out = np.empty((3, starts.size - 1))
    places = np.ascontiguousarray(starts, dtype=np.int64)
    compiled.segment_extremes(values, places, out, count_threads(values.size))
    return Extremes(np.diff(places) - absent, low, high)


def _packed(weight: Floats | None) -> Floats | None:
    return None if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
