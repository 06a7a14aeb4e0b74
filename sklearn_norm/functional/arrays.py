"""What the functions take."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import Array


def floats(x: Any) -> Array:
    """Return an array of at least two axes, of float16, float32 or float64."""
    array = np.asarray(x)
    if array.dtype.kind == "c":
        raise ValueError(f"Complex data are not supported: x is of {array.dtype}.")
    if array.dtype not in (np.float16, np.float32, np.float64):
        array = array.astype(np.float64)
    if array.ndim < 2:
        raise ValueError(
            f"x must have the shape (n_samples, *shape). Got {array.shape}: for one sample, "
            "pass x[None]."
        )
    return array
