"""Statistics of columns: moments and extrema."""

from __future__ import annotations

import numpy as np

from .. import _numpy
from ..contract import MOMENTS, Array, Extremes, Floats, moments_of_zeros
from ..limbs import present_weight
from ..threads import count_threads
from .arrays import READ, is_native
from .gathering import gather_columns
from .loading import compiled
from .moments import merge_moments


def column_moments(X: Array, weight: Floats | None) -> Floats:
    """Return a matrix of the moments of all columns."""
    if X.dtype not in READ:
        return _numpy.column_moments(X, weight)
    out = np.empty((len(MOMENTS), X.shape[1]))
    compiled.moments(X, _packed(weight), out, count_threads(X.size))
    return out


def extremes(X: Array, weight: Floats | None) -> Extremes:
    """Return the extrema and the total present weight of each column."""
    if X.dtype not in READ:
        return _numpy.extremes(X, weight)
    low, high, absent = out = np.empty((3, X.shape[1]))
    compiled.extremes(X, out, count_threads(X.size))
    if weight is None:
        return Extremes(X.shape[0] - absent, low, high)
    return Extremes(present_weight(X, weight, absent), low, high)


def segment_moments(values: Array, starts: Array, weight: Floats | None) -> Floats:
    """Return the moments of columns; column j has members starts[j] to starts[j + 1]."""
    if values.dtype not in READ:
        return _numpy.segment_moments(values, starts, weight)
    out = np.empty((len(MOMENTS), starts.size - 1))
    places = np.ascontiguousarray(starts, dtype=np.int64)
    compiled.segment_moments(values, places, _packed(weight), out, count_threads(values.size))
    return out


def group_moments(X: Array, starts: Array, weight: Floats | None) -> Floats:
    """Return the moments of each column of each group of rows, which are contiguous."""
    if X.dtype not in READ:
        return _numpy.group_moments(X, starts, weight)
    out = np.empty((len(MOMENTS), (starts.size - 1) * X.shape[1]))
    places = np.ascontiguousarray(starts, dtype=np.int64)
    compiled.group_moments(X, places, _packed(weight), out, count_threads(X.size))
    return out


def csr_moments(values: Array, columns: Array, starts: Array, n_columns: int) -> Floats:
    """Return that of the columns of a CSR array, with the zeros that are not stored."""
    if is_native(values, columns) and columns.dtype.kind == "i":
        out = np.empty((len(MOMENTS), n_columns))
        rows = np.ascontiguousarray(starts, dtype=np.int64)
        if compiled.scattered_moments(values, columns, rows, out, count_threads(values.size)):
            return out
    members, places, _ = gather_columns(values, columns, n_columns)
    found = segment_moments(members, places, None)
    return merge_moments(found, moments_of_zeros(np.subtract(starts.size - 1.0, np.diff(places))))


def segment_extremes(values: Array, starts: Array) -> Extremes:
    """Return the extrema and the number of present members of each column."""
    if values.dtype not in READ:
        return _numpy.segment_extremes(values, starts)
    low, high, absent = out = np.empty((3, starts.size - 1))
    places = np.ascontiguousarray(starts, dtype=np.int64)
    compiled.segment_extremes(values, places, out, count_threads(values.size))
    return Extremes(np.diff(places) - absent, low, high)


def _packed(weight: Floats | None) -> Floats | None:
    return None if weight is None else np.ascontiguousarray(weight, dtype=np.float64)
