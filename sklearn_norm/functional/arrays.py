"""The array arguments of the functions."""

from __future__ import annotations

from typing import Any

from ..inputs.arguments import floating
from ..inputs.rounded import refuse_rounded
from ..inputs.times import refuse_times
from ..kernels import Array


def floats(x: Any, centred: bool = True, name: str = "x") -> Array:
    """Return an array of at least two axes, of float16, float32 or float64.

    Where differences are read (`centred`), integers that float64 does not hold are refused.
    """
    refuse_times(x, name)
    array = floating(x, name)
    if centred:
        refuse_rounded(x, array, name)
    if array.ndim < 2:
        raise ValueError(
            f"{name} must have the shape (n_samples, *shape). Got {array.shape}: for one sample, "
            f"pass {name}[None]."
        )
    return array
