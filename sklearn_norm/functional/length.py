"""Vectors scaled to a given length: l2 normalisation, and scale norm with a learned length."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..inputs.arguments import floating, number
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import checked_eps
from .vectors import axes_of, gradient_of, lengths, wide


@quietly
def l2_normalize(x: Any, *, axis: Any = -1, eps: float = 1e-12) -> Array:
    """Divide each vector by its Euclidean length.

    Parameters
    ----------
    x : array-like
        Vectors, in an array of any shape; NaN means missing and stays NaN.
    axis : int, tuple of int or None, default=-1
        The axes that form one vector; None takes all.
    eps : float, default=1e-12
        The least length assumed, in units of x. With 0, a vector of length 0 stays as it is.

    Returns
    -------
    y : ndarray of the shape of x
        x / max(length, eps).

    Raises
    ------
    ValueError
        If `axis` is no axis of x, or `eps` negative.

    Examples
    --------
    >>> from sklearn_norm.functional import l2_normalize
    >>> l2_normalize([[3.0, 4.0], [0.0, 0.0]])
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    array, axes = _given(x, axis)
    return np.asarray(_divided(array, axes, checked_eps(eps))[0].astype(array.dtype))


@quietly
def l2_normalize_backward(grad: Any, x: Any, *, axis: Any = -1, eps: float = 1e-12) -> Array:
    """Return the gradient of `l2_normalize`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like
        Vectors, in an array of any shape; NaN means missing and stays NaN.
    axis : int, tuple of int or None, default=-1
        The axes that form one vector; None takes all.
    eps : float, default=1e-12
        The least length assumed, in units of x. With 0, a vector of length 0 stays as it is.

    Returns
    -------
    grad_x : ndarray of the shape of x
        The gradient with respect to x; 0 where x is missing.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.

    Examples
    --------
    >>> from sklearn_norm.functional import l2_normalize_backward
    >>> l2_normalize_backward([[1.0, 0.0]], [[3.0, 4.0]]).round(4)
    array([[ 0.128, -0.096]])
    """
    array, axes = _given(x, axis)
    return np.asarray(_backward(gradient_of(grad, array), array, axes, eps).astype(array.dtype))


@quietly
def scale_norm(x: Any, *, gamma: float | None = None, axis: Any = -1, eps: float = 1e-5) -> Array:
    """Scale each vector to the length gamma.

    Parameters
    ----------
    x : array-like
        Vectors, in an array of any shape; NaN means missing and stays NaN.
    gamma : float, default=None
        The length, which a network learns. None stands for the square root of the number of
        members of a vector, from which the paper starts.
    axis : int, tuple of int or None, default=-1
        The axes that form one vector; None takes all.
    eps : float, default=1e-5
        The least length assumed, in units of x.

    Returns
    -------
    y : ndarray of the shape of x
        gamma x / max(length, eps).

    Raises
    ------
    ValueError
        If `axis` is no axis of x, or `eps` negative.
    TypeError
        If `gamma` is not a number.

    References
    ----------
    T. Q. Nguyen and J. Salazar, "Transformers without tears: improving the normalization of
    self-attention", IWSLT 2019.

    Examples
    --------
    >>> from sklearn_norm.functional import scale_norm
    >>> scale_norm([[3.0, 4.0]], gamma=10.0)
    array([[6., 8.]])
    """
    array, axes = _given(x, axis)
    y = _divided(array, axes, checked_eps(eps))[0] * _length(gamma, array, axes)
    with np.errstate(over="ignore"):
        return np.asarray(y.astype(array.dtype))


@quietly
def scale_norm_backward(
    grad: Any, x: Any, *, gamma: float | None = None, axis: Any = -1, eps: float = 1e-5
) -> tuple[Array, Array | None]:
    """Return the gradients of `scale_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like
        Vectors, in an array of any shape; NaN means missing and stays NaN.
    gamma : float, default=None
        The length, which a network learns. None stands for the square root of the number of
        members of a vector, from which the paper starts.
    axis : int, tuple of int or None, default=-1
        The axes that form one vector; None takes all.
    eps : float, default=1e-5
        The least length assumed, in units of x.

    Returns
    -------
    grad_x : ndarray of the shape of x
        The gradient with respect to x; 0 where x is missing.
    grad_gamma : ndarray of shape (), or None
        The gradient with respect to gamma; None if not given.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If `gamma` is not a number.

    Examples
    --------
    >>> from sklearn_norm.functional import scale_norm_backward
    >>> grad_x, grad_gamma = scale_norm_backward([[1.0, 0.0]], [[3.0, 4.0]], gamma=10.0)
    >>> grad_x.round(4), grad_gamma
    (array([[ 1.28, -0.96]]), array(0.6))
    """
    array, axes = _given(x, axis)
    g = gradient_of(grad, array)
    y = _divided(array, axes, checked_eps(eps))[0]
    by_gamma = None if gamma is None else np.asarray(np.where(np.isnan(y), 0.0, g * y).sum())
    by_x = _backward(g, array, axes, eps) * _length(gamma, array, axes)
    return by_x.astype(array.dtype), by_gamma


def _given(x: Any, axis: Any) -> tuple[Array, tuple[int, ...]]:
    refuse_times(x, "x")
    array = floating(x, "x")
    return array, axes_of(axis, array.ndim)


def _length(gamma: Any, x: Array, axes: tuple[int, ...]) -> float:
    if gamma is None:
        return float(np.sqrt(prod(x.shape[axis] for axis in axes)))
    return number(gamma, "gamma")


def _divided(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Floats, Floats, Floats]:
    """Return x / max(length, eps), and the divisor as a product of two."""
    unit, length = lengths(x, axes)
    with np.errstate(over="ignore", invalid="ignore"):
        short = unit * length <= eps
        one, other = np.where(short, 1.0, unit), np.where(short, eps or 1.0, length)
        y = wide(x) / one / other
    return np.where(np.isinf(length), np.nan, y), one, np.where(short, -other, other)


def _backward(g: Floats, x: Array, axes: tuple[int, ...], eps: float) -> Floats:
    """Return (g - y sum(g y)) / length, or g / eps for vectors shorter than that."""
    y, one, other = _divided(x, axes, checked_eps(eps))
    missing = np.isnan(x)
    g, y = (np.where(missing, 0.0, v) for v in (g, y))
    along = np.where(other < 0, 0.0, (g * y).sum(axis=axes, keepdims=True))
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(missing, 0.0, (g - y * along) / one / np.abs(other))
