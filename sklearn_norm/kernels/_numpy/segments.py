"""Moments and extrema of segments: the members of each column are contiguous."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..contract import MOMENTS, Array, Extremes, Floats, moments_of_zeros
from .blocks import quiet
from .exact import Parts, is_extreme, measured
from .gathering import gather_columns
from .merging import merge_moments


@dataclass(frozen=True, slots=True)
class Segments:
    """The layout of segments that are not empty."""

    starts: Array
    size: Array

    @property
    def count_bits(self) -> Array:
        return np.frexp(self.size.astype(np.float64))[1].astype(np.int64)

    def spread(self, v: Array) -> Array:
        return np.repeat(v, self.size)

    def reduce(self, ufunc: np.ufunc, x: Array) -> Array:
        dtype = np.float64 if x.dtype == bool else None
        return np.asarray(ufunc.reduceat(x, self.starts, dtype=dtype))

    def dot(self, x: Floats, y: Floats) -> Floats:
        return np.asarray(np.add.reduceat(x * y, self.starts))


def segment_moments(values: Array, starts: Array, weight: Floats | None) -> Floats:
    """Return the moments of columns; column j has members starts[j] to starts[j + 1]."""
    sizes = np.diff(starts)
    filled = np.flatnonzero(sizes)
    out = Parts(*(np.zeros((1, sizes.size)) for _ in Parts._fields))
    if filled.size:
        layout = Segments(starts[filled], sizes[filled])
        with np.errstate(all="ignore"):  # a signalling NaN warns as it is converted
            x = np.ascontiguousarray(values, dtype=np.float64)
            buffers = [np.empty(x.size) for _ in range(4)]
            found = measured(x, weight, layout, is_extreme(weight), buffers)
        for target, value in zip(out, found, strict=True):
            target[0, filled] = value
    return out.combined()[:, 0]


def group_moments(X: Array, starts: Array, weight: Floats | None) -> Floats:
    """Return the moments of each column of each group of rows, which are contiguous."""
    n_columns = X.shape[1]
    out = np.empty((len(MOMENTS), starts.size - 1, n_columns))
    for column in range(n_columns):
        out[:, :, column] = segment_moments(X[:, column], starts, weight)
    return out.reshape(len(MOMENTS), -1)


def csr_moments(values: Array, columns: Array, starts: Array, n_columns: int) -> Floats:
    """Return that of the columns of a CSR array, with the zeros that are not stored."""
    members, places, _ = gather_columns(values, columns, n_columns)
    found = segment_moments(members, places, None)
    return merge_moments(found, moments_of_zeros(np.subtract(starts.size - 1.0, np.diff(places))))


def segment_extremes(values: Array, starts: Array) -> Extremes:
    """Return the extrema and the number of present members of each column."""
    sizes = np.diff(starts)
    low, high = np.full(sizes.size, np.inf), np.full(sizes.size, -np.inf)
    present = np.zeros(sizes.size)
    filled = np.flatnonzero(sizes)
    if filled.size:
        at, values = starts[filled], quiet(values)
        low[filled] = np.fmin(np.fmin.reduceat(values, at), np.inf)
        high[filled] = np.fmax(np.fmax.reduceat(values, at), -np.inf)
        present[filled] = np.add.reduceat(~np.isnan(values), at, dtype=np.int64)
    return Extremes(present, low + 0.0, high + 0.0)
