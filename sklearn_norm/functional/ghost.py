"""Ghost batch normalisation: batch normalisation of small parts of a large batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..inputs.arguments import whole
from ..kernels import Array
from ..kernels.quiet import quietly
from .arrays import floats
from .batch import batch_norm, batch_norm_backward
from .gradients import Gradients
from .vectors import checked_grad


@quietly
def ghost_batch_norm(
    x: Any,
    *,
    size: int,
    gamma: Any = None,
    beta: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Array:
    """Normalise each part of a batch by its own mean and variance of each channel.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    size : int
        The number of samples in a part; the last part may have fewer.
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
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

    References
    ----------
    E. Hoffer, I. Hubara and D. Soudry, "Train longer, generalize better: closing the
    generalization gap in large batch training of neural networks", NeurIPS 2017.

    Examples
    --------
    >>> from sklearn_norm.functional import ghost_batch_norm
    >>> ghost_batch_norm([[0.0], [2.0], [10.0], [14.0]], size=2, eps=0.0).ravel()
    array([-1.,  1., -1.,  1.])
    """
    x = floats(x)
    options = {"gamma": gamma, "beta": beta, "channel_axis": channel_axis, "eps": eps}
    parts = [batch_norm(x[part], **options) for part in _parts(x, size)]
    return np.concatenate(parts)


@quietly
def ghost_batch_norm_backward(
    grad: Any,
    x: Any,
    *,
    size: int,
    gamma: Any = None,
    beta: Any = None,
    channel_axis: int = 1,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `ghost_batch_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape)
        The samples.
    size : int
        The number of samples in a part; the last part may have fewer.
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
    >>> from sklearn_norm.functional import ghost_batch_norm_backward
    >>> x, grad = [[0.0], [2.0], [10.0], [14.0]], [[1.0], [0.0], [0.0], [0.0]]
    >>> ghost_batch_norm_backward(grad, x, size=2, beta=[0.0], eps=1.0)[0].ravel().round(4)
    array([ 0.1768, -0.1768,  0.    ,  0.    ])
    """
    x = floats(x)
    given = checked_grad(grad, x)
    options = {"gamma": gamma, "beta": beta, "channel_axis": channel_axis, "eps": eps}
    found = [batch_norm_backward(given[p], x[p], **options) for p in _parts(x, size)]
    by_x, by_gamma, by_beta = zip(*found, strict=True)
    return np.concatenate(by_x), _total(by_gamma, gamma), _total(by_beta, beta)


def _parts(x: Array, size: Any) -> Iterator[slice]:
    size = whole(size, "size")
    if size < 1:
        raise ValueError(f"`size` must be at least 1 sample. Got {size}.")
    return (slice(at, at + size) for at in range(0, max(1, x.shape[0]), size))


def _total(parts: tuple[Any, ...], vector: Any) -> Array | None:
    return None if vector is None else np.asarray(sum(parts))
