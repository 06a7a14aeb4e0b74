"""The array arguments of the functions."""

from __future__ import annotations

from typing import Any

from ..inputs.arguments import floating
from ..inputs.times import refuse_times
from ..kernels import Array


def floats(x: Any) -> Array:
    """Return an array of at least two axes, of float16, float32 or float64."""
    refuse_times(x, "x")
    array = floating(x, "x")
    if array.ndim < 2:
        raise ValueError(
            f"x must have the shape (n_samples, *shape). Got {array.shape}: for one sample, "
            "pass x[None]."
        )
    return array
