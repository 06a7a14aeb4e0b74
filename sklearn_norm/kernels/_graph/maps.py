"""Apply and invert a map of a traced array, with the formulas of the NumPy backend."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._numpy.maps import Bounds, backward, bounded, forward, is_special, one_factor
from ..contract import Floats, Map
from .traced import Traced


def apply(X: Traced, mapping: Map, bounds: Bounds) -> Any:
    """Return (x - center) / scale * gain + offset, clipped to any bounds, in float64.

    The vectors broadcast to a sample of X.
    """
    x: Any = X.astype(np.float64)
    scale, gain = _plain(mapping, mapping.scale, mapping.gain, X.dtype)
    y = forward(x, mapping._replace(scale=scale, gain=gain))
    return y if bounds is None else bounded(y, *bounds)


def invert(Z: Traced, mapping: Map) -> Any:
    """Return (z - offset) / gain * scale + center, in float64."""
    z: Any = Z.astype(np.float64)
    gain, scale = _plain(mapping, mapping.gain, mapping.scale, Z.dtype)
    return backward(z, mapping._replace(scale=scale, gain=gain))


def keep_below_1(y: Any, X: Traced, ceiling: Floats) -> Any:
    """Return the results, kept below 1 for members that are smaller than the ceiling.

    The excess is subtracted, since onnxruntime's Where would turn -0.0 into 0.0.
    """
    limit = np.float64(np.nextafter(X.dtype.type(1), X.dtype.type(0)))
    held = np.minimum(np.maximum(y, -limit), limit)
    small = np.absolute(X.astype(np.float64)) < ceiling
    return y - np.where(small, y - held, 0.0)


def _plain(
    mapping: Map, divisor: Floats | None, factor: Floats | None, dtype: Any
) -> tuple[Floats | None, Floats | None]:
    """Return divisor and factor; columns that are not special get one joint factor."""
    both = one_factor(factor, divisor, dtype)
    if both is None:
        return divisor, factor
    flags = is_special(mapping)
    exact = 1.0 if factor is None else factor
    divided = np.where(flags, divisor, 1.0) if flags.any() else None  # type: ignore[arg-type]
    return divided, np.where(flags, exact, both)
