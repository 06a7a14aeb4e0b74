"""The forward pass of the norms that use the statistics of x itself."""

from __future__ import annotations

from typing import Any

from ..inputs.arguments import truth
from ..kernels import Array, Floats
from ..tensors.axes import Axes, over


def chosen_axes(x: Array, normalized_ndim: Any, axis: Any, unit_offset: Any) -> Axes:
    """Return the axes of a norm that are told by `normalized_ndim` or by `axis`."""
    return over(
        x.shape[1:],
        axis,
        normalized_ndim,
        n_samples=x.shape[0],
        unit_offset=truth(unit_offset, "unit_offset"),
    )


def normalised(
    axes: Axes,
    x: Array,
    gamma: Any,
    beta: Any,
    *,
    eps: float,
    centred: bool = True,
    return_stats: Any = False,
) -> Any:
    """Return the result, and the statistics if they are asked for."""
    gain, offset = axes.gain(gamma), axes.vector(beta, "beta")
    y, stats = axes.normalise(x, centred=centred, eps=eps, gain=gain, offset=offset)
    return with_stats(y, stats, return_stats)


def with_stats(y: Array, stats: Floats, return_stats: Any) -> Any:
    """Return the result, and a copy of the statistics if they are asked for."""
    return (y, stats.copy()) if truth(return_stats, "return_stats") else y
