"""Layer normalisation: by the mean and variance of the trailing axes."""

from __future__ import annotations

from typing import Any

from ..kernels import Array
from ..tensors.axes import trailing
from ..tensors.keywords import by_keyword
from .arrays import floats
from .gradients import Gradients, own_gradients

THEIRS = ("normalized_shape", "weight", "bias", "eps")


@by_keyword(*THEIRS)
def layer_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Array:
    """Normalise by the mean and variance of the trailing axes of each sample.

    Parameters
    ----------
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
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Examples
    --------
    >>> from sklearn_norm.functional import layer_norm
    >>> layer_norm([[1.0, 3.0]], eps=0.0)
    array([[-1.,  1.]])
    """
    x = floats(x)
    axes = trailing(x.shape[1:], normalized_ndim)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    return axes.normalise(x, eps=eps, gain=gain, offset=offset)[0]


@by_keyword(*THEIRS)
def layer_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `layer_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
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
    >>> from sklearn_norm.functional import layer_norm_backward
    >>> layer_norm_backward([[1.0, 0.0, 0.0]], [[1.0, 2.0, 3.0]], gamma=2.0)
    (array([[ 0.4082636 , -0.81649046,  0.40822686]]), array(-1.22473569), None)
    """
    x = floats(x)
    axes = trailing(x.shape[1:], normalized_ndim)
    return own_gradients(axes, grad, x, gamma, beta, eps=eps)
