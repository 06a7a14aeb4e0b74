"""Dynamic tanh: a curve in place of a norm, without any statistics."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..inputs.arguments import floating, number
from ..inputs.times import refuse_times
from ..kernels import Array
from ..kernels.quiet import quietly
from .vectors import gradient_of, spread, summed_to, wide

TanhGradients: TypeAlias = tuple[Array, Array, Array | None, Array | None]


@quietly
def dynamic_tanh(x: Any, *, alpha: float = 0.5, gamma: Any = None, beta: Any = None) -> Array:
    """Return gamma tanh(alpha x) + beta.

    Parameters
    ----------
    x : array-like
        The data, of any shape; NaN stays NaN.
    alpha : float, default=0.5
        How steep the curve is at 0, per unit of x.
    gamma, beta : float or array-like that broadcasts to x, default=None
        Gain and bias, such as one number for each feature; None stands for 1 and 0.

    Returns
    -------
    y : ndarray of the shape of x
        The result.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If `alpha` is not a number.

    References
    ----------
    J. Zhu, X. Chen, K. He, Y. LeCun and Z. Liu, "Transformers without normalization", CVPR 2025.

    Examples
    --------
    >>> from sklearn_norm.functional import dynamic_tanh
    >>> dynamic_tanh([1.0, 2.0, 4.0, 8.0]).round(4)
    array([0.4621, 0.7616, 0.964 , 0.9993])
    """
    x, alpha = _given(x, alpha)
    y = np.tanh(alpha * wide(x))
    y = y if gamma is None else y * spread(gamma, "gamma", x.shape)
    y = y if beta is None else y + spread(beta, "beta", x.shape)
    with np.errstate(over="ignore"):
        return np.asarray(y.astype(x.dtype))


@quietly
def dynamic_tanh_backward(
    grad: Any, x: Any, *, alpha: float = 0.5, gamma: Any = None, beta: Any = None
) -> TanhGradients:
    """Return the gradients of `dynamic_tanh`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like
        The data, of any shape; NaN stays NaN.
    alpha : float, default=0.5
        How steep the curve is at 0, per unit of x.
    gamma, beta : float or array-like that broadcasts to x, default=None
        Gain and bias, such as one number for each feature; None stands for 1 and 0.

    Returns
    -------
    grad_x : ndarray of the shape of x
        The gradient with respect to x; 0 where x is missing.
    grad_alpha : ndarray of shape ()
        The gradient with respect to alpha.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients with respect to gain and bias, in their dtype; None if not given.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If `alpha` is not a number.

    Examples
    --------
    >>> from sklearn_norm.functional import dynamic_tanh_backward
    >>> dynamic_tanh_backward([2.0], [0.0], gamma=[3.0])
    (array([3.]), array(0.), array([0.]), None)
    """
    x, alpha = _given(x, alpha)
    g, present = gradient_of(grad, x), ~np.isnan(x)
    g, v = np.where(present, g, 0.0), np.where(present, wide(x), 0.0)
    gain = 1.0 if gamma is None else spread(gamma, "gamma", x.shape)
    if beta is not None:
        spread(beta, "beta", x.shape)
    y = np.tanh(alpha * v)
    by_gamma = None if gamma is None else summed_to(g * y, gamma)
    by_beta = None if beta is None else summed_to(g, beta)
    slope = g * (1 - y) * (1 + y) * gain
    flat = np.isinf(v)  # the curve is flat there: 0 times infinity is 0
    by_alpha = np.asarray((slope * np.where(flat, 0.0, v)).sum())
    return (slope * alpha).astype(x.dtype), by_alpha, by_gamma, by_beta


def _given(x: Any, alpha: Any) -> tuple[Array, float]:
    refuse_times(x, "x")
    alpha = number(alpha, "alpha")
    if not np.isfinite(alpha):
        raise ValueError(f"`alpha` must be finite. Got {alpha!r}.")
    return floating(x, "x"), alpha
