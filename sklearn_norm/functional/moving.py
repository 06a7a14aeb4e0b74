"""Series by their recent past: exponential moving means and deviations, as in EEG toolboxes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import floating, number, whole
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import checked_eps
from .vectors import wide


@quietly
def exponential_moving_standardize(
    x: Any,
    *,
    factor_new: float = 1e-3,
    init_block_size: int | None = None,
    eps: float = 1e-4,
    axis: int = -1,
) -> Array:
    """Subtract the exponential moving mean of a series, and divide by its moving deviation.

    Parameters
    ----------
    x : array-like
        Series, such as (n_channels, n_times); NaN means missing and stays NaN.
    factor_new : float, default=1e-3
        The weight of a new member, in (0, 1]. The weights of all members so far are divided by
        their sum, as in pandas' ``ewm(alpha=factor_new)``.
    init_block_size : int, default=None
        How many members at the start are standardized by their own mean and deviation.
    eps : float, default=1e-4
        The least deviation assumed, in units of x.
    axis : int, default=-1
        The axis of time.

    Returns
    -------
    y : ndarray of the shape of x
        The standardized series. The deviation is the root of the moving mean of the squared
        differences of each member from the moving mean at its time.

    Raises
    ------
    ValueError
        If an option is not as described.

    References
    ----------
    R. T. Schirrmeister et al., "Deep learning with convolutional neural networks for EEG decoding
    and visualization", Human Brain Mapping 38 (2017).

    Examples
    --------
    >>> from sklearn_norm.functional import exponential_moving_standardize
    >>> exponential_moving_standardize([1.0, 2.0, 4.0, 8.0], factor_new=0.5).round(4)
    array([0.    , 1.2247, 1.2876, 1.3074])
    """
    array, series, away, keep, block = _demeaned(x, factor_new, init_block_size, axis)
    least = checked_eps(eps)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = _moving_mean(away * away, keep)
        np.sqrt(spread, out=spread)
        result = np.divide(away, _at_least(spread, least), out=away)
        if block:
            own = series[..., :block] - _mean(series[..., :block])
            result[..., :block] = own / _at_least(np.sqrt(_mean(own**2)), least)
    return np.asarray(np.moveaxis(result, -1, axis).astype(array.dtype, copy=False))


@quietly
def exponential_moving_demean(
    x: Any, *, factor_new: float = 1e-3, init_block_size: int | None = None, axis: int = -1
) -> Array:
    """Subtract the exponential moving mean of a series.

    Parameters
    ----------
    x : array-like
        Series, such as (n_channels, n_times); NaN means missing and stays NaN.
    factor_new : float, default=1e-3
        The weight of a new member, in (0, 1]. The weights of all members so far are divided by
        their sum, as in pandas' ``ewm(alpha=factor_new)``.
    init_block_size : int, default=None
        From how many members at the start their own mean is subtracted.
    axis : int, default=-1
        The axis of time.

    Returns
    -------
    y : ndarray of the shape of x
        The series without its moving mean.

    Raises
    ------
    ValueError
        If an option is not as described.

    Examples
    --------
    >>> from sklearn_norm.functional import exponential_moving_demean
    >>> exponential_moving_demean([1.0, 2.0, 4.0, 8.0], factor_new=0.5).round(4)
    array([0.    , 0.3333, 1.    , 2.3333])
    """
    array, series, away, _, block = _demeaned(x, factor_new, init_block_size, axis)
    if block:
        away[..., :block] = series[..., :block] - _mean(series[..., :block])
    return np.asarray(np.moveaxis(away, -1, axis).astype(array.dtype, copy=False))


def filtered(x: Floats, keep: float, start: float = 0.0) -> Floats:
    """Return y along the last axis with y[t] = x[t] + keep y[t - 1], from y[-1] = start."""
    from scipy.signal import lfilter

    if not x.size:
        return x.copy()
    begin = np.full((*x.shape[:-1], 1), keep * start)
    found: Floats = lfilter([1.0], [1.0, -keep], x, axis=-1, zi=begin)[0]
    return found


def _demeaned(
    x: Any, factor_new: Any, init_block_size: Any, axis: Any
) -> tuple[Array, Floats, Floats, float, int]:
    """Return x, the series along the last axis about their first member, and without the mean."""
    refuse_times(x, "x")
    array, share = floating(x, "x"), number(factor_new, "factor_new")
    at = whole(axis, "axis")
    if not -array.ndim <= at < array.ndim:
        raise ValueError(f"axis={axis!r} is no axis of x, whose shape is {array.shape}.")
    if not 0 < share <= 1:
        raise ValueError(f"`factor_new` must be more than 0 and at most 1. Got {factor_new!r}.")
    block = 0 if init_block_size is None else whole(init_block_size, "init_block_size")
    if init_block_size is not None and block < 1:
        raise ValueError(f"`init_block_size` must be at least 1. Got {init_block_size!r}.")
    if np.isinf(array).any():
        raise ValueError("`x` holds infinity, after which no mean is known: use NaN in its place.")
    series = np.moveaxis(wide(array), at, -1)
    series -= _first(series)  # so that a large mean costs no digits
    away = _moving_mean(series, 1 - share)
    np.subtract(series, away, out=away)
    return array, series, away, 1 - share, block


def _first(x: Floats) -> Floats:
    """Return the first member of each series that is present, 0 if none is."""
    if not x.size:
        return np.zeros((*x.shape[:-1], 1))
    first = np.take_along_axis(x, np.argmin(np.isnan(x), axis=-1)[..., None], axis=-1)
    return np.where(np.isnan(first), 0.0, first)


def _moving_mean(x: Floats, keep: float) -> Floats:
    """Return the exponential moving mean; a missing member ages the others, as in pandas."""
    missing = np.isnan(x)
    if not missing.any():
        weight = filtered(np.ones(x.shape[-1:]), keep)
        total = filtered(x, keep)
        total /= weight
        return total
    weight = filtered((~missing).astype(np.float64), keep)
    total = filtered(np.where(missing, 0.0, x), keep)
    return np.where(weight > 0, total / np.where(weight > 0, weight, 1.0), np.nan)


def _mean(x: Floats) -> Floats:
    """Return the mean of the members that are present, NaN if none is."""
    there = ~np.isnan(x)
    count = there.sum(axis=-1, keepdims=True)
    total = np.where(there, x, 0.0).sum(axis=-1, keepdims=True)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _at_least(spread: Floats, least: float) -> Floats:
    """Return divisors of at least `least`; 0 becomes 1."""
    bounded = np.maximum(spread, least, out=spread)
    return bounded if least > 0 else np.where(bounded == 0, 1.0, bounded)
