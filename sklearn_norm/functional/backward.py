"""The gradients of the norms: of a loss, by what went in and by gain and bias.

With y = (x - m) / s, g the gradient of the loss by y, and means over what is normalised
together: dx = (g - mean(g) - y mean(g y)) / s; without centring there is no mean(g).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..inputs.arguments import array_of, floats_of, number
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..tensors.ada import bent
from ..tensors.axes import Axes, channelwise, known, standardised, trailing
from .arrays import floats

Gradients: TypeAlias = tuple[Array, Array | None, Array | None]


def layer_norm_backward(
    grad: Any,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `layer_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss by the result.
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
    grad_x : ndarray of the shape of x
        The gradient by x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients by gain and bias, in their dtype; None where they were not given.
    """
    x = floats(x)
    axes = trailing(x.shape[1:], normalized_ndim)
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    return gradients(axes, grad, x, y, stats, gamma, beta)


def rms_norm_backward(
    grad: Any,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `rms_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss by the result.
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
    grad_x : ndarray of the shape of x
        The gradient by x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients by gain and bias, in their dtype; None where they were not given.
    """
    x = floats(x)
    axes = trailing(x.shape[1:], normalized_ndim)
    y, stats = axes.normalise(x, centred=False, eps=eps, dtype=np.float64)
    return gradients(axes, grad, x, y, stats, gamma, beta, centred=False)


def instance_norm_backward(
    grad: Any,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `instance_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss by the result.
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
    grad_x : ndarray of the shape of x
        The gradient by x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients by gain and bias, in their dtype; None where they were not given.
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis)
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    return gradients(axes, grad, x, y, stats, gamma, beta)


def group_norm_backward(
    grad: Any,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    num_groups: int = 1,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `group_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss by the result.
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
    grad_x : ndarray of the shape of x
        The gradient by x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients by gain and bias, in their dtype; None where they were not given.
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, num_groups)
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    return gradients(axes, grad, x, y, stats, gamma, beta)


def batch_norm_backward(
    grad: Any,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    mean: Any = None,
    var: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `batch_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss by the result.
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
    grad_x : ndarray of the shape of x
        The gradient by x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients by gain and bias, in their dtype; None where they were not given.
    """
    x = floats(x)
    axes = channelwise(x.shape[1:], channel_axis, over_samples=True)
    if mean is None and var is None:
        y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
        return gradients(axes, grad, x, y, stats, gamma, beta)
    stats = known(axes, mean, var, eps)
    y = standardised(axes, x, stats)
    return gradients(axes, grad, x, y, stats, gamma, beta, through=False)


def ada_norm_backward(
    grad: Any,
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    *,
    C: float = 1.0,
    k: float = 0.1,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `ada_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss by the result.
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
    grad_x : ndarray of the shape of x
        The gradient by x; 0 where x is missing.
    grad_gamma, grad_beta : ndarray of the shape of gamma and beta, or None
        The gradients by gain and bias, in their dtype; None where they were not given.
    """
    x, C, k = floats(x), number(C, "C"), number(k, "k")
    axes = trailing(x.shape[1:], normalized_ndim)
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        z, slope = bent(y, C, k), C * (1 - 2 * k * y)
    return gradients(axes, grad, x, y, stats, gamma, beta, z=z, slope=slope)


@np.errstate(over="ignore", invalid="ignore")
def gradients(
    axes: Axes,
    grad: Any,
    x: Array,
    y: Floats,
    stats: Floats,
    gamma: Any,
    beta: Any,
    *,
    centred: bool = True,
    through: bool = True,
    z: Floats | None = None,
    slope: Floats | None = None,
) -> Gradients:
    """Return the gradients by x, gamma and beta, given what the forward pass computed.

    `through` says whether the statistics are those of x; z is what gamma multiplies,
    where that is not y, and slope its derivative by y.
    """
    given = array_of(grad, "grad")
    if given.shape != x.shape:
        raise ValueError(f"`grad` has the shape {given.shape}, but x has {x.shape}.")
    given = floats_of(given, "grad")
    gain = axes.vector(gamma, "gamma")
    axes.vector(beta, "beta")
    present = axes.viewed(~np.isnan(x))
    g, y = axes.viewed(given), np.where(present, axes.viewed(y), 0.0)
    g = np.where(present, g, 0.0)
    z = y if z is None else np.where(present, axes.viewed(z), 0.0)
    learned = [
        None if v is None else _gathered(axes, part, np.asarray(v))
        for v, part in ((gamma, g * z), (beta, g))
    ]
    g = g if gain is None else g * gain
    g = g if slope is None else g * np.where(present, axes.viewed(slope), 0.0)
    if through:
        rest = y * _mean(g * y, present)
        g = g - (_mean(g, present) + rest if centred else rest)
        g = np.where(present, g, 0.0)
    scale = Affine.of(scale=stats[..., 1]).scale
    assert scale is not None
    divisor = np.where(np.isnan(scale), 1.0, scale)  # of groups with no member
    grad_x = axes.unviewed(g / divisor[..., None, None], x.shape[0])
    return grad_x.astype(x.dtype), learned[0], learned[1]


def _mean(values: Floats, present: Array) -> Floats:
    count = present.sum(axis=(2, 3), keepdims=True)
    return np.asarray(values.sum(axis=(2, 3), keepdims=True) / np.maximum(count, 1))


def _gathered(axes: Axes, part: Floats, vector: Array) -> Array:
    """Sum over all that shares an entry of gamma or beta, in its dtype if that is a float."""
    shape = (1, *axes.affine)
    summed = tuple(i for i in range(4) if shape[i] == 1)
    total = part.sum(axis=summed)
    total = total.sum() if vector.size == 1 else total
    dtype = vector.dtype if vector.dtype.kind == "f" else np.float64
    return np.asarray(total, dtype=dtype).reshape(vector.shape)
