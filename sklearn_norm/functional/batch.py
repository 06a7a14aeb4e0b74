"""Batch normalisation: each channel over all samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..tensors.axes import Axes, channelwise, checked_eps
from ..tensors.keywords import by_keyword
from .arrays import floats
from .gradients import Gradients, gradients, own_gradients

THEIRS = ("running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")


@by_keyword(*THEIRS)
def batch_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    mean: Any = None,
    var: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Array:
    """Normalise by the mean and variance of each channel over all samples.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    mean, var : array-like of shape (n_channels,), default=None
        Known statistics, such as running ones. None computes those of x.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.

    Returns
    -------
    y : ndarray of the shape of x
        The result.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015.

    Examples
    --------
    >>> from sklearn_norm.functional import batch_norm
    >>> batch_norm([[1.0], [3.0]], eps=0.0).ravel()
    array([-1.,  1.])
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    if mean is None and var is None:
        return axes.normalise(x, eps=eps, gain=gain, offset=offset)[0]
    center, scale = known(axes, mean, var, eps)[0].T
    gain, offset = (None if v is None else v.ravel() for v in (gain, offset))
    mapping = Affine.of(center=center, scale=scale, gain=gain, offset=offset)
    result: Array = axes.mapped("apply", mapping, x)
    return result


@by_keyword(*THEIRS)
def batch_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    mean: Any = None,
    var: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `batch_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    mean, var : array-like of shape (n_channels,), default=None
        Known statistics, such as running ones. None computes those of x.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.

    Returns
    -------
    grad_x : ndarray of the shape of x
        The gradient with respect to x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients with respect to gain and bias, in their dtype; None if not given.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

    Examples
    --------
    >>> from sklearn_norm.functional import batch_norm_backward
    >>> batch_norm_backward(
    ...     [[1.0], [-5.0]], [[9.0], [1.0]], gamma=[6.0], mean=[1.0], var=[3.0], eps=1.0
    ... )
    (array([[  3.],
           [-15.]]), array([4.]), None)
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    if mean is None and var is None:
        return own_gradients(axes, grad, x, gamma, beta, eps=eps)
    stats = known(axes, mean, var, eps)
    y = standardised(axes, x, stats)
    return gradients(axes, grad, x, y, stats, gamma, beta, through=False)


def known(axes: Axes, mean: Any, var: Any, eps: float) -> Floats:
    """Return the center and scale of each channel from given means and variances."""
    center, variance = axes.vector(mean, "mean"), axes.vector(var, "var")
    if center is None or variance is None or (variance < 0).any():
        raise ValueError("`mean` and `var` must both be given, and `var` must not be negative.")
    stats = np.empty((1, axes.learnable, 2))
    stats[0, :, 0] = center.ravel()
    stats[0, :, 1] = np.sqrt(variance.ravel() + checked_eps(eps))
    return stats


def standardised(axes: Axes, X: Array, stats: Floats) -> Floats:
    """Return (x - center) / scale, in float64."""
    plain = Affine.of(center=stats[0, :, 0], scale=stats[0, :, 1])
    V = axes.viewed(X.astype(np.float64))
    members = np.ascontiguousarray(V[0].reshape(V.shape[1], -1))
    return axes.unviewed(plain.apply(members.T).T.reshape(V.shape), X.shape[0])
