"""The forward pass of the norms that use the statistics of x itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import truth
from ..kernels import Array, Floats
from ..tensors.axes import Axes, trailing
from ..tensors.masks import mask_of
from ..tensors.over import over


def chosen_axes(x: Array, normalized_ndim: Any, axis: Any, unit_offset: Any) -> Axes:
    """Return the axes of a norm that are told by `normalized_ndim` or by `axis`."""
    added = unit_offset is not False and truth(unit_offset, "unit_offset")
    if axis is None:
        return trailing(x.shape[1:], normalized_ndim, x.shape[0], added)
    return over(x.shape[1:], axis, normalized_ndim, n_samples=x.shape[0], unit_offset=added)


def normalised(
    axes: Axes,
    x: Array,
    gamma: Any,
    beta: Any,
    *,
    eps: float,
    centred: bool = True,
    mask: Any = None,
    return_stats: Any = False,
) -> Any:
    """Return the result, and the statistics if they are asked for."""
    gain, offset = axes.gain(gamma), axes.vector(beta, "beta")
    if mask is None and return_stats is False:
        return axes.normalise(x, centred=centred, eps=eps, gain=gain, offset=offset)[0]
    seen, hidden = seen_of(axes, x, mask)
    y, stats = axes.normalise(seen, centred=centred, eps=eps, gain=gain, offset=offset)
    return with_stats(unmasked(y, x, hidden), stats, return_stats)


def seen_of(axes: Axes, x: Array, mask: Any) -> tuple[Array, Array | None]:
    """Return x with NaN in place of what a mask leaves out, and which members these are."""
    if mask is None:
        return x, None
    hidden = ~mask_of(mask, x, x.shape, axes.features)
    return np.where(hidden, x.dtype.type(np.nan), x), hidden


def unmasked(y: Array, x: Array, hidden: Array | None) -> Array:
    """Return y, with what a mask leaves out as it is in x."""
    if hidden is not None:
        with np.errstate(all="ignore"):
            np.copyto(y, x, where=hidden, casting="unsafe")
    return y


def with_stats(y: Array, stats: Floats, return_stats: Any) -> Any:
    """Return the result, and a copy of the statistics if they are asked for."""
    return (y, stats.copy()) if truth(return_stats, "return_stats") else y
