"""Batch renormalisation: batch normalisation corrected towards the running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import number
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import Axes, channelwise
from .arrays import floats
from .batch import known
from .gradients import Gradients, divisors, gradients


@quietly
def batch_renorm(
    x: Any,
    *,
    mean: Any,
    var: Any,
    r_max: float = 3.0,
    d_max: float = 5.0,
    gamma: Any = None,
    beta: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Array:
    """Normalise by the statistics of the batch, corrected towards running ones within bounds.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    mean, var : array-like of shape (n_channels,)
        The running statistics before this batch.
    r_max : float, default=3.0
        The largest factor of the correction, at least 1; the smallest is 1 / r_max.
    d_max : float, default=5.0
        The largest shift of the correction, at least 0, in running standard deviations. With
        ``r_max=1, d_max=0`` it is batch normalisation; the paper begins there and raises both.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.

    Returns
    -------
    y : ndarray of the shape of x
        The result. While the correction is inside the bounds, it is that of the running statistics.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

    References
    ----------
    S. Ioffe, "Batch renormalization: towards reducing minibatch dependence in
    batch-normalized models", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn_norm.functional import batch_renorm
    >>> batch_renorm([[0.0], [4.0]], mean=1.0, var=1.0, r_max=1.5, d_max=0.5, eps=0.0).ravel()
    array([-1.,  2.])
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    r, d = _correction(axes, stats, known(axes, mean, var, eps), r_max, d_max)
    return axes.affine_of(axes.affine_of(y, r, d), gain, offset).astype(x.dtype)


@quietly
def batch_renorm_backward(
    grad: Any,
    x: Any,
    *,
    mean: Any,
    var: Any,
    r_max: float = 3.0,
    d_max: float = 5.0,
    gamma: Any = None,
    beta: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `batch_renorm`, whose correction is treated as a constant.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape)
        The samples.
    mean, var : array-like of shape (n_channels,)
        The running statistics before this batch.
    r_max : float, default=3.0
        The largest factor of the correction, at least 1; the smallest is 1 / r_max.
    d_max : float, default=5.0
        The largest shift of the correction, at least 0, in running standard deviations. With
        ``r_max=1, d_max=0`` it is batch normalisation; the paper begins there and raises both.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
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
    >>> from sklearn_norm.functional import batch_renorm_backward
    >>> grad, x = [[1.0], [0.0], [0.0]], [[0.0], [4.0], [2.0]]
    >>> known = {"mean": 1.0, "var": 1.0, "r_max": 1.5, "d_max": 0.5}
    >>> batch_renorm_backward(grad, x, **known, gamma=[1.0], eps=0.0)[1].round(4)
    array([-1.3371])
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    r, d = _correction(axes, stats, known(axes, mean, var, eps), r_max, d_max)
    z, slope = axes.affine_of(y, r, d), axes.affine_of(np.ones(x.shape), r, None)
    return gradients(axes, grad, x, y, stats, gamma, beta, z=z, slope=slope)


def _correction(
    axes: Axes, stats: Floats, running: Floats, r_max: Any, d_max: Any
) -> tuple[Floats, Floats]:
    """Return factor and shift of each channel, within their bounds."""
    r_max, d_max = number(r_max, "r_max"), number(d_max, "d_max")
    if not (r_max >= 1 and d_max >= 0):
        raise ValueError(
            f"`r_max` must be at least 1, and `d_max` at least 0. Got {r_max} and {d_max}."
        )
    own, past = divisors(stats)[..., 0, 0], divisors(running)[..., 0, 0]
    center = np.where(np.isnan(stats[..., 0]), running[..., 0], stats[..., 0])
    r = np.clip(own / past, 1 / r_max, r_max)
    d = np.clip((center - running[..., 0]) / past, -d_max, d_max)
    return r.reshape(axes.affine), d.reshape(axes.affine)
