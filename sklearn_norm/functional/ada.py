"""Adaptive normalisation: layer normalisation whose gain depends on the result."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import number
from ..kernels import Array
from ..tensors.ada import bent
from ..tensors.axes import trailing
from ..tensors.keywords import by_keyword
from .arrays import floats
from .gradients import Gradients, gradients

THEIRS = ("gamma", "beta", "C", "k")


@by_keyword(*THEIRS)
def ada_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    C: float = 1.0,
    k: float = 0.1,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise each sample to y, then return C (1 - k y) y.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_normalised_members,), default=None
        Gain and bias; None stands for 1 and 0.
    C : float, default=1.0
        The gain at the mean.
    k : float, default=0.1
        How fast the gain falls, per standard deviation.
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
        If a shape or a value is not as described.
    TypeError
        If an option is not a number of the type described.

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
    with np.errstate(all="ignore"):
        return axes.affine_of(bent(y, C, k), gain, offset).astype(x.dtype)


@by_keyword(*THEIRS)
def ada_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    C: float = 1.0,
    k: float = 0.1,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `ada_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape)
        The samples.
    gamma, beta : float or array-like of shape (n_normalised_members,), default=None
        Gain and bias; None stands for 1 and 0.
    C : float, default=1.0
        The gain at the mean.
    k : float, default=0.1
        How fast the gain falls, per standard deviation.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
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
    >>> from sklearn_norm.functional import ada_norm_backward
    >>> ada_norm_backward([[1.0, 0.0, 0.0]], [[1.0, 2.0, 3.0]], gamma=2.0)
    (array([[ 0.5082666 , -1.01648746,  0.50822086]]), array(-1.37473344), None)
    """
    x, C, k = floats(x), number(C, "C"), number(k, "k")
    axes = trailing(x.shape[1:], normalized_ndim)
    y, stats = axes.normalise(x, eps=eps, dtype=np.float64)
    with np.errstate(all="ignore"):
        z, slope = bent(y, C, k), C * (1 - 2 * k * y)
    return gradients(axes, grad, x, y, stats, gamma, beta, z=z, slope=slope)
