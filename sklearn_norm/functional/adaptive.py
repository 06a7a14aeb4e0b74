"""Adaptive layer normalisation: gain and bias of each sample come from elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import array_of
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import Axes, trailing
from .arrays import floats
from .gradients import gradients
from .vectors import checked_grad, spread, summed_over


@quietly
def adaptive_layer_norm(x: Any, shift: Any, scale: Any, *, eps: float = 1e-6) -> Array:
    """Normalise the last axis, then multiply by 1 + scale and add shift, which differ by sample.

    Parameters
    ----------
    x : array-like of shape (n_samples, ..., n_features)
        The samples.
    shift, scale : array-like of shape (n_samples, n_features)
        What a network makes of the condition of each sample, such as a class and a time. They may
        also have as many axes as x, and broadcast to it.
    eps : float, default=1e-6
        Added to the variance, in squared units of the data.

    Returns
    -------
    y : ndarray of the shape of x
        layer_norm(x) (1 + scale) + shift.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.

    References
    ----------
    W. Peebles and S. Xie, "Scalable diffusion models with transformers", ICCV 2023.

    Examples
    --------
    >>> from sklearn_norm.functional import adaptive_layer_norm
    >>> adaptive_layer_norm([[1.0, 3.0]], [[0.0, 10.0]], [[1.0, 2.0]], eps=0.0)
    array([[-2., 13.]])
    """
    x = floats(x)
    _, y, _ = _normalised(x, eps)
    with np.errstate(over="ignore", invalid="ignore"):
        y = y * (1 + _of_samples(scale, "scale", x)) + _of_samples(shift, "shift", x)
        return np.asarray(y.astype(x.dtype))


@quietly
def adaptive_layer_norm_backward(
    grad: Any, x: Any, shift: Any, scale: Any, *, eps: float = 1e-6
) -> tuple[Array, Array, Array]:
    """Return the gradients of `adaptive_layer_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, ..., n_features)
        The samples.
    shift, scale : array-like of shape (n_samples, n_features)
        What a network makes of the condition of each sample, such as a class and a time. They may
        also have as many axes as x, and broadcast to it.
    eps : float, default=1e-6
        Added to the variance, in squared units of the data.

    Returns
    -------
    grad_x : ndarray of the shape of x
        The gradient with respect to x; 0 where x is missing.
    grad_shift, grad_scale : ndarray of the shapes of shift and scale
        The gradients with respect to them, in their dtype.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.

    Examples
    --------
    >>> from sklearn_norm.functional import adaptive_layer_norm_backward
    >>> grad, x, zero = [[2.0, 0.0]], [[1.0, 3.0]], [[0.0, 0.0]]
    >>> adaptive_layer_norm_backward(grad, x, zero, zero, eps=0.0)[1:]
    (array([[2., 0.]]), array([[-2.,  0.]]))
    """
    x = floats(x)
    axes, y, stats = _normalised(x, eps)
    factor, moved = 1 + _of_samples(scale, "scale", x), _of_samples(shift, "shift", x)
    given, missing = checked_grad(grad, x), np.isnan(x)
    slope = np.broadcast_to(factor, x.shape)
    by_x = gradients(axes, grad, x, y, stats, None, None, slope=slope)[0]
    g, y = np.where(missing, 0.0, given), np.where(missing, 0.0, y)
    by_shift = summed_over(g, moved.shape, np.asarray(shift))
    return by_x, by_shift, summed_over(g * y, factor.shape, np.asarray(scale))


def _normalised(x: Array, eps: float) -> tuple[Axes, Floats, Floats]:
    axes = trailing(x.shape[1:], 1)
    return axes, *axes.normalise(x, eps=eps, dtype=np.float64)


def _of_samples(given: Any, name: str, x: Array) -> Floats:
    """Return numbers with all axes of x, of size 1 between the samples and the features."""
    array = array_of(given, name)
    if array.ndim == 2 and x.ndim > 2:
        array = array.reshape(array.shape[0], *[1] * (x.ndim - 2), array.shape[1])
    if array.ndim not in (0, x.ndim):
        raise ValueError(
            f"`{name}` of shape {np.shape(given)} must have the shape (n_samples, n_features), or "
            f"as many axes as x, whose shape is {x.shape}."
        )
    return spread(array, name, x.shape)
