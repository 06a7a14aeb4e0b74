"""Normalise groups of members, and the gradients of that."""

from __future__ import annotations

import numpy as np

from ..contract import Array, Floats
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled


def normalise(
    X: Array,
    centred: bool,
    eps: float,
    gain: Floats | None,
    offset: Floats | None,
    out: Array,
) -> Floats:
    """Write (x - center) / scale * gain + offset; return center and scale per group."""
    stats = np.zeros((2, *X.shape[:2]))
    if X.size == 0:
        return np.full_like(stats, np.nan)
    source = X if is_native(X) and _apart(X, out) else X.astype(X.dtype.newbyteorder("="))
    target = out if is_native(out) else np.empty(out.shape, out.dtype.newbyteorder("="))
    gain = None if gain is None else _packed(gain, target)
    offset = None if offset is None else _packed(offset, target)
    n_threads = count_threads(X.size)
    compiled.normalise(source, centred, eps, gain, offset, target, stats[0], stats[1], n_threads)
    if target is not out:
        np.copyto(out, target)
    return stats


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
    gain = None if gain is None else _packed(gain, out)
    n_threads = count_threads(X.size)
    compiled.gradients(X, grad, centred, eps, gain, out, by_gain, by_offset, n_threads)


def _packed(vector: Floats, out: Array) -> Floats:
    """Return the vector contiguous, and not in the memory of `out`."""
    packed = np.ascontiguousarray(vector, np.float64)
    return packed.copy() if np.may_share_memory(packed, out) else packed


def _apart(X: Array, out: Array) -> bool:
    """Whether writing is safe: X and out are separate, or exactly the same array."""
    if not np.may_share_memory(X, out):
        return True
    in_place = X.__array_interface__["data"] == out.__array_interface__["data"]
    return in_place and X.strides == out.strides and X.dtype == out.dtype
