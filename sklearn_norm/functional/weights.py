"""Weights whose units have a given length, or mean 0 and a fixed variance."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..inputs.arguments import truth
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import checked_eps
from .vectors import finite, gradient_of, lengths, of_units, per_unit, unit_axes


@quietly
def weight_norm(weight: Any, g: Any, *, axis: Any = None) -> Array:
    """Scale the weights of each unit of a layer to the length g.

    Parameters
    ----------
    weight : array-like of shape (n_units, *fan_in)
        The weights, of which only the direction counts; v in the paper.
    g : float or array-like of shape (n_units,)
        The length of each unit.
    axis : int or tuple of int, default=None
        The axes that form one unit. None takes all but the first, or the one of a vector.

    Returns
    -------
    w : ndarray of the shape of weight
        g weight / length of weight.

    Raises
    ------
    ValueError
        If a shape does not fit, or a unit is 0, so that it has no direction.

    References
    ----------
    T. Salimans and D. P. Kingma, "Weight normalization: a simple reparameterization to
    accelerate training of deep neural networks", NeurIPS 2016.

    Examples
    --------
    >>> from sklearn_norm.functional import weight_norm
    >>> weight_norm([[3.0, 4.0], [6.0, 8.0]], [1.0, 2.0])
    array([[0.6, 0.8],
           [1.2, 1.6]])
    """
    array, axes, y, _, _ = _directions(weight, axis)
    return np.asarray((y * per_unit(g, "g", array.shape, axes)).astype(array.dtype))


@quietly
def weight_norm_backward(
    grad: Any, weight: Any, g: Any, *, axis: Any = None
) -> tuple[Array, Array]:
    """Return the gradients of `weight_norm`.

    Parameters
    ----------
    grad : array-like of the shape of weight
        The gradient of the loss with respect to the result.
    weight : array-like of shape (n_units, *fan_in)
        The weights, of which only the direction counts; v in the paper.
    g : float or array-like of shape (n_units,)
        The length of each unit.
    axis : int or tuple of int, default=None
        The axes that form one unit. None takes all but the first, or the one of a vector.

    Returns
    -------
    grad_weight : ndarray of the shape of weight
        The gradient with respect to the weights.
    grad_g : ndarray of the shape of g
        The gradient with respect to the lengths.

    Raises
    ------
    ValueError
        If a shape does not fit, or a unit is 0, so that it has no direction.

    Examples
    --------
    >>> from sklearn_norm.functional import weight_norm_backward
    >>> by_weight, by_g = weight_norm_backward([[1.0, 0.0]], [[3.0, 4.0]], [5.0])
    >>> by_weight.round(4), by_g
    (array([[ 0.64, -0.48]]), array([0.6]))
    """
    array, axes, y, unit, length = _directions(weight, axis)
    size, given = per_unit(g, "g", array.shape, axes), gradient_of(grad, array)
    along = (given * y).sum(axis=axes, keepdims=True)
    by_weight = size * (given - y * along) / unit / length
    return by_weight.astype(array.dtype), of_units(given * y, axes, g)


@quietly
def weight_standardize(
    weight: Any, *, gain: Any = None, scaled: bool = True, eps: float = 1e-4, axis: Any = None
) -> Array:
    """Give the weights of each unit of a layer mean 0 and a fixed variance.

    Parameters
    ----------
    weight : array-like of shape (n_units, *fan_in)
        The weights.
    gain : float or array-like of shape (n_units,), default=None
        A factor for each unit; None stands for 1.
    scaled : bool, default=True
        If True, the squares of a unit sum to 1, as in networks without norms, and eps is the
        least sum assumed. If False, their mean is 1, and eps is added to the variance.
    eps : float, default=1e-4
        Prevents a division by 0 for constant units, in squared units of the weights.
    axis : int or tuple of int, default=None
        The axes that form one unit. None takes all but the first, or the one of a vector.

    Returns
    -------
    w : ndarray of the shape of weight
        The standardized weights. The variance has no correction (ddof 0).

    Raises
    ------
    ValueError
        If a shape does not fit, or `eps` is negative.

    References
    ----------
    S. Qiao, H. Wang, C. Liu, W. Shen and A. Yuille, "Micro-batch training with batch-channel
    normalization and weight standardization", arXiv:1903.10520 (2019). Scaled: A. Brock, S. De
    and S. L. Smith, "Characterizing signal propagation to close the performance gap in
    unnormalized ResNets", ICLR 2021.

    Examples
    --------
    >>> from sklearn_norm.functional import weight_standardize
    >>> weight_standardize([[1.0, 3.0]]).round(4)
    array([[-0.7071,  0.7071]])
    """
    array, axes, y, _, _ = _standardized(weight, scaled, eps, axis)
    y = y if gain is None else y * per_unit(gain, "gain", array.shape, axes)
    return np.asarray(y.astype(array.dtype))


@quietly
def weight_standardize_backward(
    grad: Any,
    weight: Any,
    *,
    gain: Any = None,
    scaled: bool = True,
    eps: float = 1e-4,
    axis: Any = None,
) -> tuple[Array, Array | None]:
    """Return the gradients of `weight_standardize`.

    Parameters
    ----------
    grad : array-like of the shape of weight
        The gradient of the loss with respect to the result.
    weight : array-like of shape (n_units, *fan_in)
        The weights.
    gain : float or array-like of shape (n_units,), default=None
        A factor for each unit; None stands for 1.
    scaled : bool, default=True
        If True, the squares of a unit sum to 1, as in networks without norms, and eps is the
        least sum assumed. If False, their mean is 1, and eps is added to the variance.
    eps : float, default=1e-4
        Prevents a division by 0 for constant units, in squared units of the weights.
    axis : int or tuple of int, default=None
        The axes that form one unit. None takes all but the first, or the one of a vector.

    Returns
    -------
    grad_weight : ndarray of the shape of weight
        The gradient with respect to the weights.
    grad_gain : ndarray of the shape of gain, or None
        The gradient with respect to the gain; None if not given.

    Raises
    ------
    ValueError
        If a shape does not fit, or `eps` is negative.

    Examples
    --------
    >>> from sklearn_norm.functional import weight_standardize_backward
    >>> by_weight, by_gain = weight_standardize_backward([[1.0, 0.0]], [[1.0, 3.0]], gain=2.0)
    >>> bool(abs(by_weight).max() < 1e-12), by_gain
    (True, array(-0.70710678))
    """
    array, axes, y, scale, passed = _standardized(weight, scaled, eps, axis)
    given = gradient_of(grad, array)
    g = given if gain is None else given * per_unit(gain, "gain", array.shape, axes)
    along = (g * y).sum(axis=axes, keepdims=True) * passed
    by_weight = (g - g.mean(axis=axes, keepdims=True) - y * along) / scale
    by_gain = None if gain is None else of_units(given * y, axes, gain)
    return by_weight.astype(array.dtype), by_gain


def _directions(weight: Any, axis: Any) -> tuple[Array, tuple[int, ...], Floats, Floats, Floats]:
    """Return weights, axes of a unit, units of length 1, and the lengths as products of two."""
    array = finite(weight, "weight")
    axes = unit_axes(axis, array.ndim)
    unit, length = lengths(array, axes)
    if array.size and (length == 0).any():
        place = tuple(int(i) for i in np.argwhere(length == 0)[0])
        raise ValueError(
            f"`weight` holds only zeros in the unit at {place}, which has no direction. Start from "
            "random weights."
        )
    return array, axes, array.astype(np.float64) / unit / length, unit, length


def _standardized(
    weight: Any, scaled: Any, eps: Any, axis: Any
) -> tuple[Array, tuple[int, ...], Floats, Floats, Floats]:
    """Return weights, axes of a unit, the result, the divisor, and how its gradient passes."""
    array, eps = finite(weight, "weight"), checked_eps(eps)
    axes = unit_axes(axis, array.ndim)
    wide = array.astype(np.float64)
    size = max(1, prod(array.shape[at] for at in axes))
    moved = wide - wide.sum(axis=axes, keepdims=True) / size
    moved -= moved.sum(axis=axes, keepdims=True) / size  # what the rounding of the mean left
    constant = wide.max(axis=axes, keepdims=True) == wide.min(axis=axes, keepdims=True)
    moved = np.where(constant, 0.0, moved)
    squares = (moved**2).sum(axis=axes, keepdims=True)
    if truth(scaled, "scaled"):
        root = np.sqrt(np.maximum(squares, eps))
        passed = np.where(squares > eps, 1.0, 0.0)
    else:
        root = np.sqrt(squares / size + eps)
        passed = np.full_like(root, 1 / size)
    scale = np.where(root == 0, 1.0, root)
    return array, axes, moved / scale, scale, passed
