"""Clipping of vectors and gradients by their norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import floating, number, whole
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly


def clip_by_norm(x: Any, max_norm: float, *, axis: Any = None) -> Array:
    """Scale down vectors longer than `max_norm`; leave others unchanged.

    Parameters
    ----------
    x : array-like
        A vector of any shape, or several.
    max_norm : float
        The largest Euclidean norm allowed, more than 0.
    axis : int or tuple of int, default=None
        The axes that form one vector; None takes all.

    Returns
    -------
    y : ndarray of the shape of x
        x * min(1, max_norm / norm).

    Raises
    ------
    ValueError
        If `max_norm` is not positive.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013.

    Examples
    --------
    >>> from sklearn_norm.functional import clip_by_norm
    >>> clip_by_norm([3.0, 4.0], max_norm=1.0)
    array([0.6, 0.8])
    """
    limit = number(max_norm, "max_norm")
    if not limit > 0:
        raise ValueError(f"`max_norm` must be more than 0. Got {max_norm!r}.")
    array = _finite(x, "x")
    return _shrunk(array, _norm(array, _axes(axis, array.ndim)), np.asarray(limit))


def adaptive_gradient_clip(
    grad: Any, weight: Any, *, factor: float = 0.01, eps: float = 1e-3
) -> Array:
    """Limit the norm of the gradient of each unit, relative to the norm of its weights.

    Parameters
    ----------
    grad : array-like of shape (n_units, *fan_in)
        The gradient. Each entry of a 1-D gradient is a unit.
    weight : array-like of the shape of grad
        The weights.
    factor : float, default=0.01
        The largest ratio of the norm of a gradient to that of its weights.
    eps : float, default=1e-3
        The least norm assumed for the weights of a unit, so that weights of 0 can grow.

    Returns
    -------
    clipped : ndarray of the shape of grad
        The clipped gradient.

    Raises
    ------
    ValueError
        If the shapes differ, `factor` is not positive or `eps` negative.

    References
    ----------
    A. Brock, S. De, S. L. Smith and K. Simonyan, "High-performance large-scale image
    recognition without normalization", ICML 2021, equation 3.

    Examples
    --------
    >>> from sklearn_norm.functional import adaptive_gradient_clip
    >>> adaptive_gradient_clip([[3.0, 4.0]], [[0.0, 10.0]], factor=0.1)
    array([[0.6, 0.8]])
    """
    array, known = _finite(grad, "grad"), _finite(weight, "weight")
    factor, eps = number(factor, "factor"), number(eps, "eps")
    if array.shape != known.shape:
        raise ValueError(f"`grad` has the shape {array.shape}, but `weight` has {known.shape}.")
    if not (factor > 0 and eps >= 0):
        raise ValueError(
            f"`factor` must be more than 0, and `eps` at least 0. Got {factor}, {eps}."
        )
    axes = tuple(range(1, array.ndim))
    unit, length = _norm(known, axes)
    with np.errstate(all="ignore"):
        limit = factor * np.maximum(unit * length, eps)
    return _shrunk(array, _norm(array, axes), limit)


def _finite(given: Any, name: str) -> Array:
    refuse_times(given, name)
    array = floating(given, name)
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` holds NaN or infinity, so its direction is not known.")
    return array


def _axes(axis: Any, n_axes: int) -> tuple[int, ...]:
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
def _norm(x: Array, axes: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return the Euclidean norm as (unit, norm in that unit), without over- or underflow."""
    wide = np.abs(x.astype(np.float64, order="C"))
    peak = np.max(wide, axis=axes, keepdims=True, initial=0.0)
    unit = np.where((peak > 0) & np.isfinite(peak), peak, 1.0)
    return unit, np.sqrt(np.sum((wide / unit) ** 2, axis=axes, keepdims=True))


@quietly
def _shrunk(x: Array, norm: tuple[Floats, Floats], limit: Floats) -> Array:
    unit, length = norm
    allowed = limit / unit
    share = np.where(length > allowed, allowed / np.where(length > 0, length, 1.0), 1.0)
    return np.asarray((x * share).astype(x.dtype))
