"""The array arguments of the functions."""

from __future__ import annotations

from typing import Any

from ..inputs.arguments import floating
from ..inputs.rounded import refuse_rounded
from ..inputs.times import refuse_times
from ..kernels import Array


def floats(x: Any, centred: bool = True) -> Array:
    """Return an array of at least two axes, of float16, float32 or float64.

    Where differences are read (`centred`), integers that float64 does not hold are refused.
    """
    refuse_times(x, "x")
    array = floating(x, "x")
    if centred:
        refuse_rounded(x, array, "x")
    if array.ndim < 2:
        raise ValueError(
            f"x must have the shape (n_samples, *shape). Got {array.shape}: for one sample, "
            "pass x[None]."
        )
    return array
