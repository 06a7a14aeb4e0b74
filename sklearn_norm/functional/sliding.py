"""Cepstral mean and variance normalisation over a sliding window, as in Kaldi."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import floating, truth, whole
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly

LEAST_VARIANCE = 1e-10  # Kaldi's floor


@quietly
def sliding_window_cmn(
    x: Any,
    *,
    cmn_window: int = 600,
    min_cmn_window: int = 100,
    center: bool = False,
    norm_vars: bool = False,
    axis: int = -2,
) -> Array:
    """Subtract the mean of a window that slides along time, and divide by its deviation.

    Parameters
    ----------
    x : array-like of shape (..., n_frames, n_features)
        Features of speech, such as cepstra, all finite.
    cmn_window : int, default=600
        The length of the window, in frames. A window that is not centred holds the frame itself
        and as many before it, so one frame more, as in Kaldi.
    min_cmn_window : int, default=100
        The smallest window at the start, if windows are not centred: those of the first frames
        then hold later frames.
    center : bool, default=False
        Whether the window is centred at each frame; at both ends it is moved inside.
    norm_vars : bool, default=False
        Whether to divide by the standard deviation (ddof 0) of the window, whose variance is
        taken as at least 1e-10.
    axis : int, default=-2
        The axis of time.

    Returns
    -------
    y : ndarray of the shape of x
        The normalised features. With `norm_vars`, a window of one frame gives 0.

    Raises
    ------
    ValueError
        If a value is not finite, or an option is not as described.

    Notes
    -----
    The mean of all frames is subtracted first. The sum of a window is the difference of two running
    sums, in the longest floats of the machine.

    References
    ----------
    D. Povey et al., "The Kaldi speech recognition toolkit", ASRU 2011.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm.functional import sliding_window_cmn
    >>> frames = np.array([[1.0], [2.0], [4.0], [8.0]])
    >>> sliding_window_cmn(frames, cmn_window=3, min_cmn_window=2).ravel().round(4)
    array([-0.5   ,  0.5   ,  1.6667,  4.25  ])
    """
    refuse_times(x, "x")
    array, at = floating(x, "x"), whole(axis, "axis")
    if not -array.ndim <= at < array.ndim:
        raise ValueError(f"axis={axis!r} is no axis of x, whose shape is {array.shape}.")
    if not np.isfinite(array).all():
        raise ValueError("`x` holds NaN or infinity, of which no window has a mean.")
    window, least = whole(cmn_window, "cmn_window"), whole(min_cmn_window, "min_cmn_window")
    if window < 1 or least < 1:
        raise ValueError(
            "`cmn_window` and `min_cmn_window` must be at least 1 frame. Got "
            f"{cmn_window!r} and {min_cmn_window!r}."
        )
    wide = np.moveaxis(array.astype(np.float64), at, -1)
    if not wide.size:
        return array.copy()
    most = 2 * wide.shape[-1] + 2  # longer windows hold all frames too
    start, stop = _windows(
        wide.shape[-1], min(window, most), min(least, most), truth(center, "center")
    )
    moved = wide - wide.mean(axis=-1, keepdims=True)
    count = (stop - start).astype(np.float64)
    mean = _sums(moved, start, stop) / count
    y = (moved - mean).astype(np.float64)
    if truth(norm_vars, "norm_vars"):
        variance = _sums(moved**2, start, stop) / count - mean**2
        root = np.sqrt(np.maximum(variance, LEAST_VARIANCE)).astype(np.float64)
        y = np.where(count == 1, 0.0, y / root)
    return np.asarray(np.moveaxis(y.astype(array.dtype), -1, at))


def _windows(frames: int, window: int, least: int, center: bool) -> tuple[Array, Array]:
    """Return where the window of each frame starts and stops."""
    at = np.arange(frames)
    start = at - window // 2 if center else at - window
    stop = start + window if center else at + 1
    stop = stop + np.maximum(-start, 0)
    start = np.maximum(start, 0)
    if not center:
        stop = np.where(stop > at, np.maximum(at + 1, least), stop)
    over = np.maximum(stop - frames, 0)
    return np.maximum(start - over, 0), stop - over


def _sums(x: Floats, start: Array, stop: Array) -> Any:
    """Return the sum of each window in long floats, as a difference of running sums."""
    running = np.zeros((*x.shape[:-1], x.shape[-1] + 1), np.longdouble)
    np.cumsum(x, axis=-1, dtype=np.longdouble, out=running[..., 1:])
    return running[..., stop] - running[..., start]
