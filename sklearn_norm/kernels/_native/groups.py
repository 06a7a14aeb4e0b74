"""Normalise groups of members."""

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
) -> tuple[Floats, Floats]:
    """Write (x - center) / scale * gain + offset; return center and scale per group."""
    center, scale = np.zeros((2, *X.shape[:2]))
    if X.size == 0:
        return center, scale
    source = X if is_native(X) and _apart(X, out) else X.astype(X.dtype.newbyteorder("="))
    target = out if is_native(out) else np.empty(out.shape, out.dtype.newbyteorder("="))
    vectors = [v if v is None else _packed(v, target) for v in (gain, offset)]
    n_threads = count_threads(X.size)
    compiled.normalise(source, centred, eps, *vectors, target, center, scale, n_threads)
    if target is not out:
        np.copyto(out, target)
    return center, scale


def _packed(vector: Floats, out: Array) -> Floats:
    """Return the vector packed, in memory of its own."""
    packed = np.ascontiguousarray(vector, np.float64)
    return packed.copy() if np.may_share_memory(packed, out) else packed


def _apart(X: Array, out: Array) -> bool:
    """Whether no result overwrites another's member: apart, or each at the place of its own."""
    in_place = X.__array_interface__["data"] == out.__array_interface__["data"]
    same = in_place and X.strides == out.strides and X.dtype == out.dtype
    return same or not np.may_share_memory(X, out)
