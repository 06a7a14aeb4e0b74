"""Series scaled by their recent past: exponential moving statistics, as in EEG toolboxes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..inputs.arguments import floating, number, whole
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..tensors.axes import checked_eps
from .vectors import wide

Mean: TypeAlias = Callable[[Floats], Floats]
PIECE = 1 << 15  # members at a time


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
        This many members at the start are standardized by their own mean and deviation.
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
    least = checked_eps(eps)

    def standardized(series: Floats, block: int, mean: Mean) -> Floats:
        away = series - mean(series)
        spread = mean(away * away)
        np.sqrt(spread, out=spread)
        away /= _at_least(spread, least)
        if block:
            own = series[..., :block] - _mean(series[..., :block])
            away[..., :block] = own / _at_least(np.sqrt(_mean(own**2)), least)
        return away

    return _of_series(standardized, x, factor_new, init_block_size, axis)


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
        From this many members at the start, their own mean is subtracted.
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

    def demeaned(series: Floats, block: int, mean: Mean) -> Floats:
        away = series - mean(series)
        if block:
            away[..., :block] = series[..., :block] - _mean(series[..., :block])
        return away

    return _of_series(demeaned, x, factor_new, init_block_size, axis)


def filtered(x: Floats, keep: float, start: float = 0.0) -> Floats:
    """Return y along the last axis with y[t] = x[t] + keep y[t - 1], from y[-1] = start."""
    from scipy.signal import lfilter

    if not x.size:
        return x.copy()
    begin = np.full((*x.shape[:-1], 1), keep * start)
    found: Floats = lfilter([1.0], [1.0, -keep], x, axis=-1, zi=begin)[0]
    return found


def _of_series(
    result_of: Callable[[Floats, int, Mean], Floats],
    x: Any,
    factor_new: Any,
    init_block_size: Any,
    axis: Any,
) -> Array:
    """Return what a function makes of some series at a time, few enough to stay in cache.

    It is given the series along the last axis, without their first member, so that a large mean
    costs no digits; the size of the block at the start, 0 for none; and their moving mean.
    """
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
    moved = np.moveaxis(array, at, -1)
    n_series, length = prod(moved.shape[:-1]), moved.shape[-1]
    rows, out = moved.reshape(n_series, length), np.empty((n_series, length), array.dtype)
    weight = filtered(np.ones(length), 1 - share)
    step = max(1, PIECE // max(1, length))
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, n_series, step):
            series = wide(rows[start : start + step])
            series -= _first(series)
            mean = partial(_moving_mean, keep=1 - share, weight=weight)
            out[start : start + step] = result_of(series, block, mean)
    return np.ascontiguousarray(np.moveaxis(out.reshape(moved.shape), -1, at))


def _first(x: Floats) -> Floats:
    """Return the first member of each series that is present, 0 if none is."""
    if not x.size:
        return np.zeros((*x.shape[:-1], 1))
    first = np.take_along_axis(x, np.argmin(np.isnan(x), axis=-1)[..., None], axis=-1)
    return np.where(np.isnan(first), 0.0, first)


def _moving_mean(x: Floats, keep: float, weight: Floats) -> Floats:
    """Return the exponential moving mean; a missing member ages the others, as in pandas.

    `weight` is that of all members so far, where none is missing.
    """
    missing = np.isnan(x)
    if not missing.any():
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
