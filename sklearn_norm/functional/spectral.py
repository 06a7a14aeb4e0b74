"""Spectral normalisation: weights divided by their largest singular value."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import truth
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from .vectors import finite, gradient_of, unit_axes


@quietly
def spectral_normalize(weight: Any, *, axis: Any = None, return_sigma: bool = False) -> Any:
    """Divide the weights of a layer by their largest singular value.

    Parameters
    ----------
    weight : array-like of shape (n_units, *fan_in)
        The weights, as a matrix with a row for each unit.
    axis : int or tuple of int, default=None
        The axes that form one unit. None takes all but the first, or the one of a vector.
    return_sigma : bool, default=False
        Whether to return the largest singular value as well.

    Returns
    -------
    w : ndarray of the shape of weight
        The weights divided by sigma; zeros stay zeros.
    sigma : float
        The largest singular value; only if `return_sigma`.

    Raises
    ------
    ValueError
        If the weights are not finite, or `axis` is no axis of them.

    Notes
    -----
    The value comes from a full singular value decomposition. Training code often estimates it by
    one step of power iteration per batch, which never gives a larger value.

    References
    ----------
    T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida, "Spectral normalization for generative
    adversarial networks", ICLR 2018.

    Examples
    --------
    >>> from sklearn_norm.functional import spectral_normalize
    >>> w, sigma = spectral_normalize([[3.0, 0.0], [4.0, 5.0]], return_sigma=True)
    >>> round(sigma, 4)
    6.7082
    """
    array, sigma, _ = _decomposed(weight, axis)
    w = (array.astype(np.float64) / (sigma or 1.0)).astype(array.dtype)
    return (w, sigma) if truth(return_sigma, "return_sigma") else w


@quietly
def spectral_normalize_backward(grad: Any, weight: Any, *, axis: Any = None) -> Array:
    """Return the gradient of `spectral_normalize`.

    Parameters
    ----------
    grad : array-like of the shape of weight
        The gradient of the loss with respect to the result.
    weight : array-like of shape (n_units, *fan_in)
        The weights, as a matrix with a row for each unit.
    axis : int or tuple of int, default=None
        The axes that form one unit. None takes all but the first, or the one of a vector.

    Returns
    -------
    grad_weight : ndarray of the shape of weight
        The gradient with respect to the weights. If the largest singular
        value occurs more than once, it is that along one of its pairs of singular vectors.

    Raises
    ------
    ValueError
        If a shape does not fit, or the weights are not finite.

    Examples
    --------
    >>> from sklearn_norm.functional import spectral_normalize_backward
    >>> spectral_normalize_backward([[1.0, 1.0]], [[2.0, 0.0]])
    array([[0. , 0.5]])
    """
    array, sigma, outer = _decomposed(weight, axis)
    given = gradient_of(grad, array)
    if sigma == 0:
        return np.asarray(given.astype(array.dtype))
    along = (given * (array.astype(np.float64) / sigma)).sum()
    return np.asarray(((given - along * outer) / sigma).astype(array.dtype))


def _decomposed(weight: Any, axis: Any) -> tuple[Array, float, Floats]:
    """Return the weights, the largest singular value, and its gradient."""
    array = finite(weight, "weight")
    if not array.size:
        return array, 0.0, np.zeros(array.shape)
    own = [at % array.ndim for at in unit_axes(axis, array.ndim)]
    order = [at for at in range(array.ndim) if at not in own] + own
    turned = array.astype(np.float64).transpose(order)
    n_units = int(np.prod(turned.shape[: array.ndim - len(own)], dtype=np.int64))
    matrix = turned.reshape(n_units, -1)
    peak = float(np.abs(matrix).max()) or 1.0
    u, sizes, v = np.linalg.svd(matrix / peak, full_matrices=False)
    outer = np.outer(u[:, 0], v[0]).reshape(turned.shape)
    return array, float(sizes[0]) * peak, outer.transpose(np.argsort(order))
