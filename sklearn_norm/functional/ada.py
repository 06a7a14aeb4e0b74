"""Adaptive normalisation: layer normalisation whose gain depends on the result."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import number, truth
from ..tensors.ada import bent
from ..tensors.keywords import by_keyword
from .arrays import floats
from .forward import chosen_axes, seen_of, unmasked, with_stats
from .gradients import Gradients, gradients, passed

THEIRS = ("gamma", "beta", "C", "k")


@by_keyword(*THEIRS, lists=True)
def ada_norm(
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    C: float = 1.0,
    k: float = 0.1,
    detach: bool = False,
    normalized_ndim: int | None = None,
    axis: int | tuple[int, ...] | None = None,
    eps: float = 1e-5,
    unit_offset: bool = False,
    mask: Any = None,
    return_stats: bool = False,
) -> Any:
    """Normalise each sample to y, then return C (1 - k y) y.

    Parameters
    ----------
    x : array-like of shape (n_samples, *shape), or list of ndarray
        The samples. Each array of two or more axes in a list is one sample: they may differ in
        length, and a result of the shape of x is a list as well.
    gamma, beta : float or array-like, default=None
        Gain and bias: of shape (n_normalised_members,) or that of the axes that are normalised, or
        of any shape that broadcasts to a sample, or to x. Where the axes that are normalised are
        not the last ones, such a shape has all axes of a sample. None stands for 1 and 0.
    C : float, default=1.0
        The gain at the mean.
    k : float, default=0.1
        How fast the gain falls, per standard deviation.
    detach : bool, default=False
        Whether the backward pass treats the gain C (1 - k y) as a constant, as the paper does.
        The result is the same.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    axis : int or tuple of int, default=None
        The axes of x that are normalised together, in place of `normalized_ndim`: 1 is the first
        of a sample, -1 the last. With 0 among them, samples are normalised together. A mask has as
        many axes as x then.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    unit_offset : bool, default=False
        Whether the gain is 1 + gamma, for weights that were learned as differences from 1.
    mask : array-like of bool, default=None
        Where it is False, a member is left out of the statistics and returned unchanged. It can be
        broadcast to x, or has one axis fewer: one entry for each position, for all channels.
    return_stats : bool, default=False
        Whether to return the statistics as well.

    Returns
    -------
    y : ndarray of the shape of x
        The result.
    stats : ndarray of shape (n_samples, n_groups, 2)
        Center and scale of each sample and group, float64; one sample stands for all that are
        normalised together. Only if `return_stats`.

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
    axes = chosen_axes(x, normalized_ndim, axis, unit_offset)
    gain, offset = axes.gain(gamma), axes.vector(beta, "beta")
    truth(detach, "detach")
    seen, hidden = seen_of(axes, x, mask)
    y, stats = axes.normalise(seen, eps=eps, dtype=np.float64)
    with np.errstate(all="ignore"):
        z = axes.affine_of(bent(y, C, k), gain, offset).astype(x.dtype)
    return with_stats(unmasked(z, x, hidden), stats, return_stats)


@by_keyword(*THEIRS, lists=True)
def ada_norm_backward(
    grad: Any,
    x: Any,
    *,
    gamma: Any = None,
    beta: Any = None,
    C: float = 1.0,
    k: float = 0.1,
    detach: bool = False,
    normalized_ndim: int | None = None,
    axis: int | tuple[int, ...] | None = None,
    eps: float = 1e-5,
    unit_offset: bool = False,
    mask: Any = None,
) -> Gradients:
    """Return the gradients of `ada_norm`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like of shape (n_samples, *shape), or list of ndarray
        The samples. Each array of two or more axes in a list is one sample: they may differ in
        length, and a result of the shape of x is a list as well.
    gamma, beta : float or array-like, default=None
        Gain and bias: of shape (n_normalised_members,) or that of the axes that are normalised, or
        of any shape that broadcasts to a sample, or to x. Where the axes that are normalised are
        not the last ones, such a shape has all axes of a sample. None stands for 1 and 0.
    C : float, default=1.0
        The gain at the mean.
    k : float, default=0.1
        How fast the gain falls, per standard deviation.
    detach : bool, default=False
        Whether the backward pass treats the gain C (1 - k y) as a constant, as the paper does.
        The result is the same.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    axis : int or tuple of int, default=None
        The axes of x that are normalised together, in place of `normalized_ndim`: 1 is the first
        of a sample, -1 the last. With 0 among them, samples are normalised together. A mask has as
        many axes as x then.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    unit_offset : bool, default=False
        Whether the gain is 1 + gamma, for weights that were learned as differences from 1.
    mask : array-like of bool, default=None
        Where it is False, a member is left out of the statistics and returned unchanged. It can be
        broadcast to x, or has one axis fewer: one entry for each position, for all channels.

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
    axes = chosen_axes(x, normalized_ndim, axis, unit_offset)
    detached = truth(detach, "detach")
    seen, hidden = seen_of(axes, x, mask)
    y, stats = axes.normalise(seen, eps=eps, dtype=np.float64)
    with np.errstate(all="ignore"):
        z, slope = bent(y, C, k), C * (1 - (1 if detached else 2) * k * y)
    found = gradients(axes, grad, seen, y, stats, gamma, beta, z=z, slope=slope)
    return passed(found, grad, hidden)
