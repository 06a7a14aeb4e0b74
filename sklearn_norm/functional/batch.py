"""Batch normalisation: each channel over all samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..inputs.arguments import number, truth
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..maps.affine import Affine
from ..tensors.axes import Axes, channelwise, checked_eps
from ..tensors.keywords import by_keyword
from .arrays import floats
from .forward import seen_of, unmasked, with_stats
from .gradients import Gradients, gradients, own_gradients, passed

THEIRS = ("running_mean", "running_var", "weight", "bias", "training", "momentum", "eps")


@by_keyword(*THEIRS, lists=True)
def batch_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    mean: Any = None,
    var: Any = None,
    running_mean: Any = None,
    running_var: Any = None,
    training: bool | None = None,
    momentum: float = 0.1,
    channel_axis: int = 1,
    eps: float = 1e-5,
    mask: Any = None,
    return_stats: bool = False,
) -> Any:
    """Normalise by the mean and variance of each channel over all samples.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape), or list of ndarray
        The samples. Each array of two or more axes in a list is one sample: they may differ in
        length, and a result of the shape of x is a list as well.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    mean, var : array-like of shape (n_channels,), default=None
        Known statistics. None computes those of x.
    running_mean, running_var : ndarray of shape (n_channels,), default=None
        Running statistics as in PyTorch, in place of `mean` and `var`. Without `training`, they
        are used; with it, the mean and the variance (ddof 1) of x update them in place.
    training : bool, default=None
        Whether the statistics of x are used. None means yes if no others are given.
    momentum : float, default=0.1
        The weight of x in the running statistics, from 0 to 1.
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
    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015.

    Examples
    --------
    >>> from sklearn_norm.functional import batch_norm
    >>> batch_norm([[1.0], [3.0]], eps=0.0).ravel()
    array([-1.,  1.])
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    gain, offset = axes.gain(gamma), axes.vector(beta, "beta")
    running = running_mean, running_var
    stats = chosen(axes, (mean, var), running, training, eps)
    seen, hidden = seen_of(axes, x, mask)
    if stats is None:
        keeps = running_mean is not None or running_var is not None
        after = updated(axes, seen, *running, momentum) if keeps else ()
        y, own = axes.normalise(seen, eps=eps, gain=gain, offset=offset)
        result = with_stats(unmasked(y, x, hidden), own, return_stats)
        for kept, value in zip(running, after, strict=False):
            kept[...] = value
        return result
    center, scale = stats[0].T
    gain, offset = (None if v is None else v.ravel() for v in (gain, offset))
    mapping = Affine.of(center=center, scale=scale, gain=gain, offset=offset)
    return with_stats(unmasked(axes.mapped("apply", mapping, x), x, hidden), stats, return_stats)


@by_keyword(*THEIRS, lists=True)
def batch_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    mean: Any = None,
    var: Any = None,
    running_mean: Any = None,
    running_var: Any = None,
    training: bool | None = None,
    momentum: float = 0.1,
    channel_axis: int = 1,
    eps: float = 1e-5,
    mask: Any = None,
) -> Gradients:
    """Return the gradients of `batch_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape), or list of ndarray
        The samples. Each array of two or more axes in a list is one sample: they may differ in
        length, and a result of the shape of x is a list as well.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias; None stands for 1 and 0.
    mean, var : array-like of shape (n_channels,), default=None
        Known statistics. None computes those of x.
    running_mean, running_var : ndarray of shape (n_channels,), default=None
        Running statistics as in PyTorch, in place of `mean` and `var`. Without `training`, they
        are used; with it, the mean and the variance (ddof 1) of x update them in place.
    training : bool, default=None
        Whether the statistics of x are used. None means yes if no others are given.
    momentum : float, default=0.1
        The weight of x in the running statistics, from 0 to 1.
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
    >>> from sklearn_norm.functional import batch_norm_backward
    >>> batch_norm_backward(
    ...     [[1.0], [-5.0]], [[9.0], [1.0]], gamma=[6.0], mean=[1.0], var=[3.0], eps=1.0
    ... )
    (array([[  3.],
           [-15.]]), array([4.]), None)
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    running = running_mean, running_var
    stats = chosen(axes, (mean, var), running, training, eps)
    if stats is None:
        return own_gradients(axes, grad, x, gamma, beta, eps=eps, mask=mask)
    seen, hidden = seen_of(axes, x, mask)
    y = standardised(axes, seen, stats)
    found = gradients(axes, grad, seen, y, stats, gamma, beta, through=False)
    return passed(found, grad, hidden)


def chosen(
    axes: Axes, given: tuple[Any, Any], running: tuple[Any, Any], training: Any, eps: float
) -> Floats | None:
    """Return the center and scale of each channel that are given, or None for those of x."""
    told = [any(v is not None for v in pair) for pair in (given, running)]
    if all(told):
        raise ValueError("Give `mean` and `var`, or `running_mean` and `running_var`, not both.")
    own = not any(told) if training is None else truth(training, "training")
    if own and told[0]:
        raise ValueError(
            "With training=True the statistics of x are used, and `mean` and `var` have no part: "
            "leave them out. To update running ones, give `running_mean` and `running_var`."
        )
    if own:
        return None
    if told[1]:
        return known(axes, *running, eps, "running_mean", "running_var")
    return known(axes, *given, eps)


@quietly
def updated(axes: Axes, x: Array, mean: Any, var: Any, momentum: Any) -> tuple[Floats, Floats]:
    """Return the running statistics after x; channels without members keep theirs."""
    share = number(momentum, "momentum")
    if not 0 <= share <= 1:
        raise ValueError(f"`momentum` must be a weight from 0 to 1. Got {momentum!r}.")
    known(axes, mean, var, 0.0, "running_mean", "running_var")
    for name, kept in (("running_mean", mean), ("running_var", var)):
        is_array = isinstance(kept, np.ndarray) and kept.dtype.kind == "f"
        if not is_array or kept.shape != (axes.learnable,) or not kept.flags.writeable:
            raise ValueError(
                f"`{name}` is updated in place, so it must be a writeable array of floats of shape "
                f"({axes.learnable},). Got {kept!r:.80}."
            )
    members = axes.viewed(x)[0].reshape(axes.learnable, -1)
    moments = kernels.column_moments(members.T, None)
    count = (~np.isnan(members)).sum(axis=1)
    if (count == 1).any():
        raise ValueError(
            f"Channel {int(np.flatnonzero(count == 1)[0])} has one member, which has no variance "
            "(ddof 1) to update `running_var` with: give at least 2."
        )
    center, variance = kernels.settle_moments(moments, 1, 0.0)[:2]
    found = []
    for kept, value in ((mean, center), (var, variance)):
        old = kept.astype(np.float64)
        found.append(np.where(count == 0, old, (1 - share) * old + share * value))
    return found[0], found[1]


def known(axes: Axes, mean: Any, var: Any, eps: float, *names: str) -> Floats:
    """Return the center and scale of each channel from given means and variances."""
    one, other = names or ("mean", "var")
    center, variance = axes.vector(mean, one), axes.vector(var, other)
    if center is None or variance is None or (variance < 0).any():
        raise ValueError(
            f"`{one}` and `{other}` must both be given, and `{other}` must not be negative."
        )
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
