"""Batch normalisation folded into the layer before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..estimators.running import RunningScaler
from ..inputs.arguments import whole
from ..kernels import Array
from ..kernels.quiet import quietly
from .vectors import finite, per_unit


@quietly
def fold_batch_norm(
    weight: Any, bias: Any, norm: RunningScaler, *, axis: int = 0
) -> tuple[Array, Array]:
    """Return weights and bias of one layer in place of a layer and the batch norm after it.

    Parameters
    ----------
    weight : array-like of shape (n_units, *fan_in)
        The weights of a linear layer or a convolution.
    bias : float or array-like of shape (n_units,), or None
        Its bias; None stands for 0.
    norm : BatchNorm or BatchStatsScaler
        A fitted norm of the results, with a channel for each unit.
    axis : int, default=0
        The axis of the units: 1 for transposed convolutions of PyTorch, -1 for layers of Keras
        and flax.

    Returns
    -------
    weight : ndarray of the shape of weight
        weight gamma / sqrt(var + eps), with gamma, var and eps of the unit.
    bias : ndarray of shape (n_units,)
        (bias - mean) gamma / sqrt(var + eps) + beta.

    Raises
    ------
    ValueError
        If the norm has another number of channels than the layer units, or clips its results.
    TypeError
        If `norm` is no batch norm.
    NotFittedError
        If the norm is not fitted.

    Examples
    --------
    >>> from sklearn_norm import BatchNorm
    >>> from sklearn_norm.functional import fold_batch_norm
    >>> known = {"running_mean": [4.0], "running_var": [0.25]}
    >>> norm = BatchNorm.from_stats(**known, gamma=3.0, beta=0.5, eps=0.0)
    >>> fold_batch_norm([[2.0]], [1.0], norm)
    (array([[12.]]), array([-17.5]))
    """
    array, axis = finite(weight, "weight"), whole(axis, "axis")
    if not isinstance(norm, RunningScaler):
        raise TypeError(
            f"`norm` must be a fitted BatchNorm or BatchStatsScaler. Got a {type(norm).__name__}."
        )
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(f"axis={axis} is no axis of weights of shape {array.shape}.")
    if norm.clip is not None:
        raise ValueError(f"A norm that clips, with clip={norm.clip!r}, is no part of a layer.")
    mapping = norm._fitted_now().map_of_data.affine
    n_units = array.shape[axis]
    if mapping.n_columns != n_units:
        raise ValueError(
            f"The norm has {mapping.n_columns} channels, but `weight` of shape {array.shape} has "
            f"{n_units} units along axis={axis}."
        )
    units = (1,) if bias is None else (n_units,)
    given = np.zeros(n_units) if bias is None else per_unit(bias, "bias", units, ())
    shifted = mapping.apply(np.broadcast_to(given, (n_units,)).reshape(1, -1).copy())[0]
    beside = [1] * array.ndim
    beside[axis] = n_units
    scaled = array.astype(np.float64) * mapping.slope().reshape(beside)
    return scaled.astype(array.dtype), shifted
