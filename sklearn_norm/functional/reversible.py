"""Additive coupling: a block of two halves that can be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels import Array


def reversible_forward(
    x1: Any, x2: Any, f: Callable[[Array], Any], g: Callable[[Array], Any]
) -> tuple[Array, Array]:
    """Couple two halves: y1 = x1 + f(x2), y2 = x2 + g(y1).

    Parameters
    ----------
    x1, x2 : array-like
        The halves.
    f, g : callable
        Functions of one half that return what is added to the other. They need not be
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
    one, other = np.asarray(x1), np.asarray(x2)
    y1 = one + f(other)
    return y1, other + g(y1)


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
        The halves, within the rounding of the two sums.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm.functional import reversible_inverse
    >>> reversible_inverse([5.0], [-3.0], np.square, np.negative)
    (array([1.]), array([2.]))
    """
    one, other = np.asarray(y1), np.asarray(y2)
    x2 = other - g(one)
    return one - f(x2), x2
