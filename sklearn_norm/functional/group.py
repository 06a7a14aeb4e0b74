"""Group normalisation: groups of channels of each sample."""

from __future__ import annotations

from typing import Any

from ..tensors.axes import channelwise
from ..tensors.keywords import by_keyword
from .arrays import floats
from .forward import normalised
from .gradients import Gradients, own_gradients

THEIRS = ("num_groups", "weight", "bias", "eps")


@by_keyword(*THEIRS, lists=True)
def group_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    num_groups: int = 1,
    channel_axis: int = 1,
    eps: float = 1e-5,
    mask: Any = None,
    return_stats: bool = False,
) -> Any:
    """Normalise by the mean and variance of each group of channels of each sample.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape), or list of ndarray
        The samples. Each array of two or more axes in a list is one sample: they may differ in
        length, and a result of the shape of x is a list as well.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    num_groups : int, default=1
        The number of groups, a divisor of the number of channels. With 1, all channels are
        normalised together; PyTorch has no default here.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    mask : array-like of bool, default=None
        Where it is False, a member is left out of the statistics and returned unchanged. It can be
        broadcast to x, or has one axis fewer: one entry for each position, for all channels.
    return_stats : bool, default=False
        Whether to return the statistics as well.

    Returns
    -------
    y : ndarray of the shape of x
        The result.
    stats : ndarray of shape (n_samples, n_groups, 2)
        Center and scale of each sample and group, float64; one sample stands for all that are
        normalised together. Only if `return_stats`.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

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
    return normalised(axes, x, gamma, beta, eps=eps, mask=mask, return_stats=return_stats)


@by_keyword(*THEIRS, lists=True)
def group_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    num_groups: int = 1,
    channel_axis: int = 1,
    eps: float = 1e-5,
    mask: Any = None,
) -> Gradients:
    """Return the gradients of `group_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape), or list of ndarray
        The samples. Each array of two or more axes in a list is one sample: they may differ in
        length, and a result of the shape of x is a list as well.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    num_groups : int, default=1
        The number of groups, a divisor of the number of channels. With 1, all channels are
        normalised together; PyTorch has no default here.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    mask : array-like of bool, default=None
        Where it is False, a member is left out of the statistics and returned unchanged. It can be
        broadcast to x, or has one axis fewer: one entry for each position, for all channels.

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
    >>> from sklearn_norm.functional import group_norm_backward
    >>> group_norm_backward([[1.0, 0.0, 0.0]], [[1.0, 2.0, 3.0]], gamma=2.0)
    (array([[ 0.4082636 , -0.81649046,  0.40822686]]), array(-1.22473569), None)
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, num_groups)
    return own_gradients(axes, grad, x, gamma, beta, eps=eps, mask=mask)
