"""The gradients of a norm of groups, a piece of whole groups at a time."""

from __future__ import annotations

import numpy as np

from ..contract import Array, Floats
from ..quiet import quietly
from .groups import normalise, pieces


@quietly
def gradients(
    X: Array,
    grad: Array,
    centred: bool,
    eps: float,
    gain: Floats | None,
    out: Array,
    by_gain: Floats,
    by_offset: Floats,
) -> None:
    """Write the gradient of X, and the sums that are those of gain and offset."""
    by_gain[...] = by_offset[...] = 0.0
    if not X.size:
        return
    shared = tuple(axis for axis in range(4) if axis == 0 or by_gain.shape[axis - 1] == 1)
    for s, g in pieces(X.shape):
        own = g if by_gain.shape[0] > 1 else slice(None)
        present = ~np.isnan(X[s, g])
        y = np.empty(present.shape)
        scale = normalise(X[s, g], centred, eps, None, None, y)[1][:, :, None, None]
        y[~present] = 0.0
        h = np.where(present, grad[s, g], 0.0).astype(np.float64, copy=False)
        by_offset[own] += h.sum(axis=shared, keepdims=True)[0]
        by_gain[own] += (h * y).sum(axis=shared, keepdims=True)[0]
        if gain is not None:
            h *= gain[own]
        count = np.maximum(present.sum(axis=(2, 3), keepdims=True), 1)
        slope = (h * y).sum(axis=(2, 3), keepdims=True) / count
        if centred:
            h -= h.sum(axis=(2, 3), keepdims=True) / count
        h -= np.multiply(y, slope, out=y)
        h /= np.where((scale == 0) | np.isnan(scale), 1.0, scale)
        h[~present] = 0.0
        out[s, g] = h
