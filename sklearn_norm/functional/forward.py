"""The norms, forward."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import number
from ..kernels import Array
from ..maps.affine import Affine
from ..tensors.ada import bent
from ..tensors.axes import channelwise, known, trailing
from .arrays import floats


def layer_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise by the mean and variance of the trailing axes of each sample.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_normalised_members,), default=None
        Gain and bias; None stands for 1 and 0.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.

    Returns
    -------
    y : ndarray of the shape of x
        The result.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Examples
    --------
    >>> from sklearn_norm.functional import layer_norm
    >>> layer_norm([[1.0, 3.0]], eps=0.0)
    array([[-1.,  1.]])
    """
    x = floats(x)
    axes = trailing(x.shape[1:], normalized_ndim)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    return axes.normalise(x, eps=eps, gain=gain, offset=offset)[0]


def rms_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Array:
    """Divide by the root mean square of the trailing axes of each sample.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_normalised_members,), default=None
        Gain and bias; None stands for 1 and 0.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    eps : float, default=1e-5
        Added to the mean square, in squared units of the data.

    Returns
    -------
    y : ndarray of the shape of x
        The result.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_norm.functional import rms_norm
    >>> rms_norm([[1.0, -7.0]], eps=0.0)
    array([[ 0.2, -1.4]])
    """
    x = floats(x)
    axes = trailing(x.shape[1:], normalized_ndim)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    return axes.normalise(x, centred=False, eps=eps, gain=gain, offset=offset)[0]


def instance_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Array:
    """Normalise by the mean and variance of each channel of each sample.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
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
        If the shapes do not fit.

    References
    ----------
    D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance normalization", arXiv:1607.08022 (2016).

    Examples
    --------
    >>> from sklearn_norm.functional import instance_norm
    >>> instance_norm([[[1.0, 3.0], [10.0, 50.0]]], eps=0.0)
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    return axes.normalise(x, eps=eps, gain=gain, offset=offset)[0]


def group_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    num_groups: int = 1,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Array:
    """Normalise by the mean and variance of each group of channels of each sample.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    num_groups : int, default=1
        The number of groups, a divisor of the number of channels.
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
        If the shapes do not fit.

    References
    ----------
    Y. Wu and K. He, "Group normalization", ECCV 2018.

    Examples
    --------
    >>> from sklearn_norm.functional import group_norm
    >>> group_norm([[1.0, 3.0, 10.0, 50.0]], num_groups=2, eps=0.0)
    array([[-1.,  1., -1.,  1.]])
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, num_groups)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    return axes.normalise(x, eps=eps, gain=gain, offset=offset)[0]


def batch_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
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
        Known statistics, as running ones; None takes those of x.
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
        If the shapes do not fit.

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
    flat = {"gain": gain, "offset": offset}
    vectors = {name: None if v is None else v.ravel() for name, v in flat.items()}
    return axes.mapped("apply", Affine.of(center=center, scale=scale, **vectors), x)


def ada_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    C: float = 1.0,
    k: float = 0.1,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise each sample, with a gain that falls with the result: C (1 - k y) y.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_normalised_members,), default=None
        Gain and bias; None stands for 1 and 0.
    C : float, default=1.0
        The gain at the mean.
    k : float, default=0.1
        How fast the gain falls, per deviation.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.

    Returns
    -------
    y : ndarray of the shape of x
        The result.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    References
    ----------
    J. Xu et al., "Understanding and improving layer normalization", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_norm.functional import ada_norm
    >>> ada_norm([[1.0, 3.0]], eps=0.0)
    array([[-1.1,  0.9]])
    """
    x, C, k = floats(x), number(C, "C"), number(k, "k")
    axes = trailing(x.shape[1:], normalized_ndim)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    y, _ = axes.normalise(x, eps=eps, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return axes.affine_of(bent(y, C, k), gain, offset).astype(x.dtype)
