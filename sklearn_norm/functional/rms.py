"""Root-mean-square normalisation: layer normalisation without centring."""

from __future__ import annotations

from typing import Any

from ..kernels import Array
from ..tensors.axes import trailing
from ..tensors.keywords import by_keyword
from .arrays import floats
from .gradients import Gradients, own_gradients

THEIRS = ("normalized_shape", "weight", "eps")


@by_keyword(*THEIRS)
def rms_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Array:
    """Divide by the root mean square of the trailing axes of each sample.

    Parameters
    ----------
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
    B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_norm.functional import rms_norm
    >>> rms_norm([[1.0, -7.0]], eps=0.0)
    array([[ 0.2, -1.4]])
    """
    x = floats(x, centred=False)
    axes = trailing(x.shape[1:], normalized_ndim)
    gain, offset = axes.vector(gamma, "gamma"), axes.vector(beta, "beta")
    return axes.normalise(x, centred=False, eps=eps, gain=gain, offset=offset)[0]


@by_keyword(*THEIRS)
def rms_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    normalized_ndim: int | None = None,
    eps: float = 1e-5,
) -> Gradients:
    """Return the gradients of `rms_norm`.

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
        Added to the mean square, in squared units of the data.

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
    >>> from sklearn_norm.functional import rms_norm_backward
    >>> rms_norm_backward([[1.0, 0.0]], [[1.0, -7.0]], gamma=1.0, eps=0.0)
    (array([[0.196, 0.028]]), array(0.2), None)
    """
    x = floats(x, centred=False)
    axes = trailing(x.shape[1:], normalized_ndim)
    return own_gradients(axes, grad, x, gamma, beta, eps=eps, centred=False)
