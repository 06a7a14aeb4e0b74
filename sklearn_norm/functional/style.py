"""Adaptive instance normalisation: samples with the mean and the deviation of others."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import whole
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import channelwise, checked_eps
from .arrays import floats
from .vectors import checked_grad, wide


@quietly
def adaptive_instance_norm(
    content: Any, style: Any, *, channel_axis: int = 1, eps: float = 1e-5, ddof: int = 0
) -> Array:
    """Give each channel of each sample the mean and the deviation of that of a style.

    Parameters
    ----------
    content : array-like of shape (n_samples, *shape)
        The samples to be changed. NaN means missing and stays NaN.
    style : array-like of shape (n_samples, *shape) or (1, *shape)
        The samples whose statistics are taken: the same channels, of any number of positions.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to both variances, in squared units of the data.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of both variances; 1 in the code of the paper.

    Returns
    -------
    y : ndarray of the shape of content
        (content - its mean) / its deviation * deviation of style + mean of style.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

    References
    ----------
    X. Huang and S. Belongie, "Arbitrary style transfer in real-time with adaptive instance
    normalization", ICCV 2017.

    Examples
    --------
    >>> from sklearn_norm.functional import adaptive_instance_norm
    >>> content, style = [[[1.0, 3.0]]], [[[10.0, 20.0, 60.0]]]
    >>> adaptive_instance_norm(content, style, eps=0.0).round(4)
    array([[[ 8.3975, 51.6025]]])
    """
    x = floats(content, name="content")
    own, theirs = _statistics(x, style, channel_axis, eps, ddof)
    (mean, root, _, _), (other, spread, _, _) = own[1:], theirs[1:]
    with np.errstate(over="ignore", invalid="ignore"):
        y = (own[0] - mean) / root * spread + other
    return np.asarray(np.moveaxis(y, 1, channel_axis).astype(x.dtype))


@quietly
def adaptive_instance_norm_backward(
    grad: Any,
    content: Any,
    style: Any,
    *,
    channel_axis: int = 1,
    eps: float = 1e-5,
    ddof: int = 0,
) -> tuple[Array, Array]:
    """Return the gradients of `adaptive_instance_norm`.

    Parameters
    ----------
    grad : array-like of the shape of content
        The gradient of the loss with respect to the result.
    content : array-like of shape (n_samples, *shape)
        The samples to be changed. NaN means missing and stays NaN.
    style : array-like of shape (n_samples, *shape) or (1, *shape)
        The samples whose statistics are taken: the same channels, of any number of positions.
    channel_axis : int, default=1
        The axis of the channels; -1 is the last.
    eps : float, default=1e-5
        Added to both variances, in squared units of the data.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of both variances; 1 in the code of the paper.

    Returns
    -------
    grad_content, grad_style : ndarray of the shapes of content and style
        The gradients with respect to them; 0 where they are missing.

    Raises
    ------
    ValueError
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

    Examples
    --------
    >>> from sklearn_norm.functional import adaptive_instance_norm_backward
    >>> content, style = [[[1.0, 3.0]]], [[[10.0, 20.0, 60.0]]]
    >>> adaptive_instance_norm_backward([[[1.0, 1.0]]], content, style)[1].round(4)
    array([[[0.6667, 0.6667, 0.6667]]])
    """
    x = floats(content, name="content")
    own, theirs = _statistics(x, style, channel_axis, eps, ddof)
    (v, mean, root, share, there), (w, other, spread, portion, present) = own, theirs
    over = tuple(range(2, v.ndim))
    g = np.where(there, np.moveaxis(checked_grad(grad, x), channel_axis, 1), 0.0)
    with np.errstate(over="ignore", invalid="ignore"):
        y = np.where(there, (v - mean) / root, 0.0)
        moved = g * spread
        count = np.maximum(there.sum(axis=over, keepdims=True), 1)
        along = (moved * y).sum(axis=over, keepdims=True) * share
        by_content = (moved - moved.sum(axis=over, keepdims=True) / count - y * along) / root
        by_mean, by_root = (part.sum(axis=over, keepdims=True) for part in (g, g * y))
        if w.shape[0] == 1:  # one style for all samples
            by_mean, by_root = (part.sum(axis=0, keepdims=True) for part in (by_mean, by_root))
        members = np.maximum(present.sum(axis=over, keepdims=True), 1)
        by_style = by_mean / members + by_root * portion * (w - other) / spread
    found = []
    for part, where, given in (
        (by_content, there, x),
        (by_style, present, floats(style, name="style")),
    ):
        kept = np.where(where, part, 0.0)
        found.append(np.asarray(np.moveaxis(kept, 1, channel_axis).astype(given.dtype)))
    return found[0], found[1]


def _statistics(
    x: Array, style: Any, channel_axis: Any, eps: Any, ddof: Any
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return what `_of_channels` does for content and style, after a check of their shapes."""
    eps, ddof = checked_eps(eps), whole(ddof, "ddof")
    if ddof not in (0, 1):
        raise ValueError(f"`ddof` must be 0 or 1. Got {ddof}.")
    other = floats(style, name="style")
    for array in (x, other):
        channelwise(array.shape[1:], channel_axis)  # raises the error of a wrong axis
    moved = [np.moveaxis(wide(array), channel_axis, 1) for array in (x, other)]
    if moved[1].shape[0] not in (1, x.shape[0]) or moved[0].shape[1] != moved[1].shape[1]:
        raise ValueError(
            f"`style` of shape {other.shape} must have the channels of `content`, whose shape is "
            f"{x.shape}, and as many samples or one."
        )
    if moved[1].ndim != moved[0].ndim:
        raise ValueError(
            f"`style` of shape {other.shape} must have as many axes as `content` of {x.shape}."
        )
    return _of_channels(moved[0], eps, ddof), _of_channels(moved[1], eps, ddof)


def _of_channels(v: Floats, eps: float, ddof: int) -> tuple[Floats, ...]:
    """Return the members, mean and divisor of each channel, 1 / (n - ddof), and which are there."""
    there = ~np.isnan(v)
    over = tuple(range(2, v.ndim))
    count = there.sum(axis=over, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.where(there, v, 0.0).sum(axis=over, keepdims=True) / np.maximum(count, 1)
        away = np.where(there, v - mean, 0.0)
        rest = away.sum(axis=over, keepdims=True) / np.maximum(count, 1)  # lost by rounding
        mean, away = mean + rest, np.where(there, away - rest, 0.0)
        share = 1 / np.maximum(count - ddof, 1)
        root = np.sqrt((away**2).sum(axis=over, keepdims=True) * share + eps)
    return v, mean, np.where(root == 0, 1.0, root), share, there
