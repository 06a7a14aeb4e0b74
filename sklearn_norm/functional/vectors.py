"""Vectors in arrays: which axes form one, and how long it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import array_of, floating, floats_of, whole
from ..inputs.bfloats import is_bfloat
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly


def finite(given: Any, name: str) -> Array:
    refuse_times(given, name)
    array = floating(given, name)
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` holds NaN or infinity, so its direction is not known.")
    return array


def unit_axes(axis: Any, n_axes: int) -> tuple[int, ...]:
    """Return the axes that form one unit of a layer: for None, all but the first of many."""
    return tuple(range(1 if n_axes > 1 else 0, n_axes)) if axis is None else axes_of(axis, n_axes)


def axes_of(axis: Any, n_axes: int) -> tuple[int, ...]:
    """Return the axes that form one vector, all for None."""
    if axis is None:
        return tuple(range(n_axes))
    axes = tuple(whole(a, "axis") for a in (axis if isinstance(axis, tuple) else (axis,)))
    if not all(-n_axes <= a < n_axes for a in axes) or len({a % n_axes for a in axes}) < len(axes):
        raise ValueError(
            f"axis={axis!r} does not name axes of an array that has {n_axes}: give each axis at "
            "most once."
        )
    return axes


@quietly
def lengths(x: Array, axes: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return the Euclidean norm as (unit, norm in that unit), without over- or underflow.

    NaN is missing, and counts as 0.
    """
    size = np.abs(np.ascontiguousarray(wide(x)))
    size = np.where(np.isnan(size), 0.0, size)
    peak = np.max(size, axis=axes, keepdims=True, initial=0.0)
    unit = np.where((peak > 0) & np.isfinite(peak), peak, 1.0)
    return unit, np.sqrt(np.sum((size / unit) ** 2, axis=axes, keepdims=True))


def wide(x: Array) -> Floats:
    """Return a copy in float64, of NaN of any kind too."""
    with np.errstate(invalid="ignore"):
        return np.asarray(x.astype(np.float64))


def checked_grad(grad: Any, x: Array, beside: str = "x", short: bool = False) -> Array:
    """Return the gradient of the loss, if it has the shape of x: in float64, or `short`."""
    refuse_times(grad, "grad")
    given = array_of(grad, "grad")
    if given.shape != x.shape:
        raise ValueError(f"`grad` has the shape {given.shape}, but {beside} has {x.shape}.")
    return floating(given, "grad") if short else floats_of(given, "grad")


def gradient_of(grad: Any, x: Array) -> Floats:
    """Return the gradient of the loss in float64, if it has the shape of the result."""
    return checked_grad(grad, x, "the result")


def as_given(total: Any, vector: Array) -> Array:
    """Return sums in the shape of what was given, and in its dtype if that is a float dtype."""
    dtype = vector.dtype if vector.dtype.kind == "f" or is_bfloat(vector) else np.float64
    return np.asarray(total, dtype=dtype).reshape(vector.shape)


def spread(given: Any, name: str, shape: tuple[int, ...]) -> Floats:
    """Return finite numbers in float64 that broadcast to a shape."""
    refuse_times(given, name)
    raw = array_of(given, name)
    try:
        fits = np.broadcast_shapes(raw.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"`{name}` of shape {raw.shape} cannot be broadcast to {shape}.")
    array = np.asarray(floats_of(raw, name), np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` must hold finite numbers. Got {given!r}.")
    return array


def summed_to(part: Floats, given: Any) -> Array:
    """Return the sum over all members that share a number of `given`, in its shape and dtype."""
    vector = np.asarray(given)
    return summed_over(part, vector.shape, vector)


@quietly
def summed_over(part: Floats, shape: tuple[int, ...], vector: Array) -> Array:
    """Return that sum for numbers that had the shape `shape` when they were broadcast."""
    extra = tuple(range(part.ndim - len(shape)))
    total = part.sum(axis=extra)
    kept = tuple(i for i, n in enumerate(shape) if n == 1)
    total = total.sum(axis=kept, keepdims=True)
    return as_given(total, vector)


def per_unit(given: Any, name: str, shape: tuple[int, ...], axes: tuple[int, ...]) -> Floats:
    """Return one number for each unit, with size 1 along the axes that form a unit."""
    refuse_times(given, name)
    own = {axis % len(shape) for axis in axes} if shape else set()
    beside = tuple(1 if at in own else n for at, n in enumerate(shape))
    left = tuple(n for at, n in enumerate(shape) if at not in own)
    array = array_of(given, name)
    fits = array.shape in {(), (1,), left, beside}
    array = floats_of(array, name) if fits else array
    if not (fits and np.isfinite(array).all()):
        raise ValueError(
            f"`{name}` must hold one finite number, or one for each unit of an array of shape "
            f"{shape}, in the shape {left}. Got the shape {array.shape}: {given!r}."
        )
    return np.asarray(array if array.size == 1 else array.reshape(beside)).astype(np.float64)


@quietly
def of_units(part: Floats, axes: tuple[int, ...], given: Any) -> Array:
    """Return the sum over each unit, in the shape and dtype of what was given for units."""
    vector = np.asarray(given)
    total = part.sum() if vector.size == 1 else part.sum(axis=axes)
    return as_given(total, vector)
