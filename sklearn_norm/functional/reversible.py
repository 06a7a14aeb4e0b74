"""Additive coupling: an invertible block of two halves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..inputs.arguments import array_of, floating, floats_of
from ..inputs.times import refuse_times
from ..kernels import Array
from ..kernels.quiet import quietly


def reversible_forward(
    x1: Any, x2: Any, f: Callable[[Array], Any], g: Callable[[Array], Any]
) -> tuple[Array, Array]:
    """Couple two halves: y1 = x1 + f(x2), y2 = x2 + g(y1).

    Parameters
    ----------
    x1, x2 : array-like
        The halves.
    f, g : callable
        Functions of one half; the result is added to the other half. They need not be
        invertible.

    Returns
    -------
    y1, y2 : ndarray
        The coupled halves.

    References
    ----------
    A. N. Gomez, M. Ren, R. Urtasun and R. B. Grosse, "The reversible residual network:
    backpropagation without storing activations", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm.functional import reversible_forward, reversible_inverse
    >>> y1, y2 = reversible_forward([1.0], [2.0], np.square, np.negative)
    >>> y1, y2
    (array([5.]), array([-3.]))
    >>> reversible_inverse(y1, y2, np.square, np.negative)
    (array([1.]), array([2.]))
    """
    one, other = _half(x1, "x1"), _half(x2, "x2")
    y1 = added(one, _part(f, "f", other, one))
    return y1, added(other, _part(g, "g", y1, other))


def reversible_inverse(
    y1: Any, y2: Any, f: Callable[[Array], Any], g: Callable[[Array], Any]
) -> tuple[Array, Array]:
    """Undo `reversible_forward`: x2 = y2 - g(y1), x1 = y1 - f(x2).

    Parameters
    ----------
    y1, y2 : array-like
        The coupled halves.
    f, g : callable
        The functions of `reversible_forward`.

    Returns
    -------
    x1, x2 : ndarray
        The halves, up to the rounding of the two sums.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm.functional import reversible_inverse
    >>> reversible_inverse([5.0], [-3.0], np.square, np.negative)
    (array([1.]), array([2.]))
    """
    one, other = _half(y1, "y1"), _half(y2, "y2")
    x2 = subtracted(other, _part(g, "g", one, other))
    return subtracted(one, _part(f, "f", x2, one)), x2


def reversible_backward(
    grad1: Any,
    grad2: Any,
    y1: Any,
    y2: Any,
    f: Callable[[Array], Any],
    g: Callable[[Array], Any],
    f_backward: Callable[[Array, Array], Any],
    g_backward: Callable[[Array, Array], Any],
) -> tuple[Array, Array, Array, Array]:
    """Return the gradients of `reversible_forward`, and its halves, from the coupled halves alone.

    The halves are recomputed, so a network of such blocks stores the activations of its last block
    only.

    Parameters
    ----------
    grad1, grad2 : array-like of the shapes of y1 and y2
        The gradients of the loss with respect to the coupled halves.
    y1, y2 : array-like
        The coupled halves.
    f, g : callable
        The functions of `reversible_forward`.
    f_backward, g_backward : callable
        Given the gradient with respect to the result of f or g, and the half that it was called
        with, the gradient with respect to that half. They may add up the gradients of weights on
        the way.

    Returns
    -------
    x1, x2 : ndarray
        The halves, as from `reversible_inverse`.
    grad_x1, grad_x2 : ndarray
        The gradients with respect to them.

    References
    ----------
    A. N. Gomez, M. Ren, R. Urtasun and R. B. Grosse, "The reversible residual network:
    backpropagation without storing activations", NeurIPS 2017, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm.functional import reversible_backward, reversible_forward
    >>> y1, y2 = reversible_forward([1.0], [2.0], np.square, np.negative)
    >>> reversible_backward(  # of the loss y1 + y2
    ...     [1.0], [1.0], y1, y2, np.square, np.negative, lambda g, x: 2 * x * g, lambda g, x: -g
    ... )
    (array([1.]), array([2.]), array([0.]), array([1.]))
    """
    one, other = _half(y1, "y1"), _half(y2, "y2")
    upper, lower = _gradient(grad1, "grad1", one), _gradient(grad2, "grad2", other)
    x2 = subtracted(other, _part(g, "g", one, other))
    by_x1 = added(upper, _back(g_backward, "g_backward", lower, one))
    x1 = subtracted(one, _part(f, "f", x2, one))
    return x1, x2, by_x1, added(lower, _back(f_backward, "f_backward", by_x1, x2))


def _gradient(given: Any, name: str, half: Array) -> Array:
    refuse_times(given, name)
    array = floating(given, name)
    if array.shape != half.shape:
        raise ValueError(f"`{name}` has the shape {array.shape}, but its half has {half.shape}.")
    return array


def _back(function: Any, name: str, grad: Array, half: Array) -> Array:
    if not callable(function):
        raise TypeError(f"`{name}` must be a function of a gradient and a half. Got {function!r}.")
    found = floating(function(grad, half), f"{name}(...)")
    if found.shape != half.shape:
        raise ValueError(
            f"`{name}` returned the shape {found.shape}, but its half has {half.shape}."
        )
    return found


@quietly
def added(half: Array, part: Array) -> Array:
    return np.asarray(half + part)


@quietly
def subtracted(half: Array, part: Array) -> Array:
    return np.asarray(half - part)


def _half(given: Any, name: str) -> Array:
    """Return numbers unconverted, so that integers are restored exactly; others as floats."""
    refuse_times(given, name)
    array = array_of(given, name)
    plain = array.dtype.kind in "iufc" and not isinstance(array, np.ma.MaskedArray)
    return np.asarray(array) if plain else floats_of(array, name)


def _part(function: Any, name: str, half: Array, beside: Array) -> Array:
    """Return what a function of one half adds to the other."""
    if not callable(function):
        raise TypeError(f"`{name}` must be a function of one half. Got {function!r}.")
    part = array_of(function(half), f"{name}(...)")
    try:
        return np.broadcast_to(part, beside.shape)
    except ValueError as error:
        raise ValueError(
            f"`{name}` returned the shape {part.shape}, which cannot be added to a half of shape "
            f"{beside.shape}."
        ) from error
