"""Clipping of vectors and gradients by their norms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..inputs.arguments import number
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from .vectors import axes_of, finite, lengths, unit_axes


def clip_by_norm(x: Any, max_norm: float, *, axis: Any = None) -> Array:
    """Scale down vectors longer than `max_norm`; leave others unchanged.

    Parameters
    ----------
    x : array-like
        A vector of any shape, or several.
    max_norm : float
        The largest Euclidean norm allowed, more than 0.
    axis : int or tuple of int, default=None
        The axes that form one vector; None takes all.

    Returns
    -------
    y : ndarray of the shape of x
        x * min(1, max_norm / norm).

    Raises
    ------
    ValueError
        If `max_norm` is not positive.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013.

    Examples
    --------
    >>> from sklearn_norm.functional import clip_by_norm
    >>> clip_by_norm([3.0, 4.0], max_norm=1.0)
    array([0.6, 0.8])
    """
    limit = number(max_norm, "max_norm")
    if not limit > 0:
        raise ValueError(f"`max_norm` must be more than 0. Got {max_norm!r}.")
    array = finite(x, "x")
    return _shrunk(array, lengths(array, axes_of(axis, array.ndim)), np.asarray(limit))


def adaptive_gradient_clip(
    grad: Any, weight: Any, *, factor: float = 0.01, eps: float = 1e-3, axis: Any = None
) -> Array:
    """Limit the norm of the gradient of each unit, relative to the norm of its weights.

    Parameters
    ----------
    grad : array-like of shape (n_units, *fan_in)
        The gradient. A vector, such as that of a bias, is one unit, as in the code of the paper.
    weight : array-like of the shape of grad
        The weights.
    factor : float, default=0.01
        The largest ratio of the norm of a gradient to that of its weights.
    eps : float, default=1e-3
        The least norm assumed for the weights of a unit, so that weights of 0 can grow.
    axis : int or tuple of int, default=None
        The axes that form one unit, for other layouts: ``axis=0`` for (fan_in, n_units),
        ``(0, 1, 2)`` for kernels of (height, width, fan_in, n_units), ``()`` for single entries.
        None takes all but the first, or the one of a vector.

    Returns
    -------
    clipped : ndarray of the shape of grad
        The clipped gradient.

    Raises
    ------
    ValueError
        If the shapes differ, `factor` is not positive, `eps` is negative, or `axis` is no axis.

    References
    ----------
    A. Brock, S. De, S. L. Smith and K. Simonyan, "High-performance large-scale image
    recognition without normalization", ICML 2021, equation 3.

    Examples
    --------
    >>> from sklearn_norm.functional import adaptive_gradient_clip
    >>> adaptive_gradient_clip([[3.0, 4.0]], [[0.0, 10.0]], factor=0.1)
    array([[0.6, 0.8]])
    """
    array, known = finite(grad, "grad"), finite(weight, "weight")
    factor, eps = number(factor, "factor"), number(eps, "eps")
    if array.shape != known.shape:
        raise ValueError(f"`grad` has the shape {array.shape}, but `weight` has {known.shape}.")
    if not (factor > 0 and eps >= 0):
        raise ValueError(
            f"`factor` must be more than 0, and `eps` at least 0. Got {factor}, {eps}."
        )
    axes = unit_axes(axis, array.ndim)
    unit, length = lengths(known, axes)
    with np.errstate(all="ignore"):
        limit = factor * np.maximum(unit * length, eps)
    return _shrunk(array, lengths(array, axes), limit)


@quietly
def clip_by_global_norm(grads: Iterable[Any], max_norm: float) -> tuple[list[Array], float]:
    """Scale down gradients if their joint norm is more than `max_norm`.

    Parameters
    ----------
    grads : iterable of array-like
        The gradients of all parameters, of any shapes.
    max_norm : float
        The largest Euclidean norm allowed of all members together, more than 0.

    Returns
    -------
    clipped : list of ndarray
        The gradients times min(1, max_norm / norm), each in its shape and dtype.
    norm : float
        The joint norm before clipping, such as for a log.

    Raises
    ------
    ValueError
        If `max_norm` is not positive, or a gradient is not finite.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
    networks", ICML 2013.

    Examples
    --------
    >>> from sklearn_norm.functional import clip_by_global_norm
    >>> clip_by_global_norm([[3.0], [[4.0]]], max_norm=1.0)
    ([array([0.6]), array([[0.8]])], 5.0)
    """
    limit = number(max_norm, "max_norm")
    if not limit > 0:
        raise ValueError(f"`max_norm` must be more than 0. Got {max_norm!r}.")
    if not isinstance(grads, Iterable) or hasattr(grads, "__array__"):
        raise TypeError(
            "`grads` must be several arrays, such as a list; of one array `[array]`. Got "
            f"{grads!r}."
        )
    arrays = [finite(grad, f"grads[{at}]") for at, grad in enumerate(grads)]
    parts = [lengths(array, axes_of(None, array.ndim)) for array in arrays]
    units = [float(unit.max(initial=0.0)) for unit, _ in parts]
    unit = max(units, default=1.0) or 1.0
    shares = [size * (own / unit) for (_, size), own in zip(parts, units, strict=True)]
    length = np.sqrt(sum(float((share**2).sum()) for share in shares))
    whole = (np.asarray(unit), np.asarray(length))
    return [_shrunk(array, whole, np.asarray(limit)) for array in arrays], float(unit * length)


@quietly
def _shrunk(x: Array, norm: tuple[Floats, Floats], limit: Floats) -> Array:
    unit, length = norm
    allowed = limit / unit
    share = np.where(length > allowed, allowed / np.where(length > 0, length, 1.0), 1.0)
    return np.asarray((x * share).astype(x.dtype))
