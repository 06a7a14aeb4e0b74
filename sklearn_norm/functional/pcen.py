"""Per-channel energy normalisation of spectrograms."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..inputs.arguments import floating, number, whole
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from .moving import filtered
from .vectors import gradient_of

Parts: TypeAlias = tuple[Array, Floats, Floats]


@quietly
def pcen(
    x: Any,
    *,
    sr: float = 22050,
    hop_length: float = 512,
    gain: float = 0.98,
    bias: float = 2.0,
    power: float = 0.5,
    time_constant: float = 0.4,
    eps: float = 1e-6,
    b: float | None = None,
    axis: int = -1,
) -> Array:
    """Divide each channel of a spectrogram by its own recent level, and compress the result.

    Parameters
    ----------
    x : array-like
        Magnitudes or energies of at least 0, such as those of a mel spectrogram.
    sr : float, default=22050
        The sampling rate of the audio, in Hz.
    hop_length : float, default=512
        The number of audio samples between two frames.
    gain : float, default=0.98
        The power of the level that x is divided by, at least 0.
    bias : float, default=2.0
        What is added before the compression, at least 0.
    power : float, default=0.5
        The exponent of the compression, at least 0; 0 stands for a logarithm.
    time_constant : float, default=0.4
        How long the level remembers, in seconds.
    eps : float, default=1e-6
        Added to the level, more than 0, in units of x.
    b : float, default=None
        The weight of a new frame in the level. None computes it from the time constant.
    axis : int, default=-1
        The axis of time.

    Returns
    -------
    y : ndarray of the shape of x
        (x / (eps + level)**gain + bias)**power - bias**power, where the level starts at 1 and
        moves to each frame by the weight b, as in librosa.

    Raises
    ------
    ValueError
        If a value of x is negative or not finite, or an option is not as described.

    References
    ----------
    Y. Wang, P. Getreuer, T. Hughes, R. F. Lyon and R. A. Saurous, "Trainable frontend for robust
    and far-field keyword spotting", ICASSP 2017.

    Examples
    --------
    >>> from sklearn_norm.functional import pcen
    >>> pcen([1.0, 1.0, 1.0], gain=1.0, eps=1e-12).round(4)  # sqrt(1 + 2) - sqrt(2)
    array([0.3178, 0.3178, 0.3178])
    """
    options = _checked(gain, bias, power, eps)
    array, _, smooth = _levels(x, options, _weight(b, sr, hop_length, time_constant), axis)
    _, bias, power, _ = options
    wide = np.moveaxis(array.astype(np.float64), axis, -1)
    if power == 0:
        y = np.log1p(wide * smooth)
    elif bias == 0:
        y = (wide * smooth) ** power
    else:
        y = bias**power * np.expm1(power * np.log1p(wide * smooth / bias))
    return np.asarray(np.moveaxis(y, -1, axis).astype(array.dtype))


@quietly
def pcen_backward(
    grad: Any,
    x: Any,
    *,
    sr: float = 22050,
    hop_length: float = 512,
    gain: float = 0.98,
    bias: float = 2.0,
    power: float = 0.5,
    time_constant: float = 0.4,
    eps: float = 1e-6,
    b: float | None = None,
    axis: int = -1,
) -> Array:
    """Return the gradient of `pcen`.

    Parameters
    ----------
    grad : array-like of the shape of x
        The gradient of the loss with respect to the result.
    x : array-like
        Magnitudes or energies of at least 0, such as those of a mel spectrogram.
    sr : float, default=22050
        The sampling rate of the audio, in Hz.
    hop_length : float, default=512
        The number of audio samples between two frames.
    gain : float, default=0.98
        The power of the level that x is divided by, at least 0.
    bias : float, default=2.0
        What is added before the compression, at least 0.
    power : float, default=0.5
        The exponent of the compression, at least 0; 0 stands for a logarithm.
    time_constant : float, default=0.4
        How long the level remembers, in seconds.
    eps : float, default=1e-6
        Added to the level, more than 0, in units of x.
    b : float, default=None
        The weight of a new frame in the level. None computes it from the time constant.
    axis : int, default=-1
        The axis of time.

    Returns
    -------
    grad_x : ndarray of the shape of x
        The gradient with respect to x, including that through the level. With a bias of 0 and a
        power below 1 it is infinite where x is 0.

    Raises
    ------
    ValueError
        If a value of x is negative or not finite, or an option is not as described.

    Examples
    --------
    >>> from sklearn_norm.functional import pcen_backward
    >>> pcen_backward([0.0, 1.0], [1.0, 1.0], gain=0.0, bias=0.0, power=2.0)
    array([0., 2.])
    """
    options = _checked(gain, bias, power, eps)
    share = _weight(b, sr, hop_length, time_constant)
    array, level, smooth = _levels(x, options, share, axis)
    gain, bias, power, eps = options
    wide = np.moveaxis(array.astype(np.float64), axis, -1)
    given = np.moveaxis(gradient_of(grad, array), axis, -1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if power == 0:
            slope = given / (1 + wide * smooth)
        else:
            slope = given * power * (wide * smooth + bias) ** (power - 1)
    by_level = slope * wide * smooth * -gain / (eps + level)
    by_level = np.where(wide == 0, 0.0, by_level)  # of a level that nothing is divided by
    later = filtered(by_level[..., ::-1], 1 - share)[..., ::-1]
    by_x = slope * smooth + share * later
    return np.asarray(np.moveaxis(by_x, -1, axis).astype(array.dtype))


def _checked(gain: Any, bias: Any, power: Any, eps: Any) -> tuple[float, float, float, float]:
    given = {"gain": gain, "bias": bias, "power": power, "eps": eps}
    numbers = {name: number(value, name) for name, value in given.items()}
    for name, value in numbers.items():
        if not (np.isfinite(value) and value >= 0) or (name == "eps" and value == 0):
            least = "more than 0" if name == "eps" else "at least 0"
            raise ValueError(f"`{name}` must be a finite number, {least}. Got {value!r}.")
    return numbers["gain"], numbers["bias"], numbers["power"], numbers["eps"]


def _weight(b: Any, sr: Any, hop_length: Any, time_constant: Any) -> float:
    """Return the weight of a new frame, whose filter has a cut-off at the time constant."""
    if b is not None:
        share = number(b, "b")
        if not 0 <= share <= 1:
            raise ValueError(f"`b` must be a weight from 0 to 1. Got {b!r}.")
        return share
    given = {"sr": sr, "hop_length": hop_length, "time_constant": time_constant}
    numbers = {name: number(value, name) for name, value in given.items()}
    for name, value in numbers.items():
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"`{name}` must be a finite number, more than 0. Got {value!r}.")
    frames = numbers["time_constant"] * numbers["sr"] / numbers["hop_length"]
    return 2 / (1 + float(np.sqrt(1 + 4 * frames * frames)))  # without the loss of a difference


def _levels(x: Any, options: tuple[float, ...], share: float, axis: Any) -> Parts:
    """Return x, its level along the last axis, and the factor that divides by it."""
    refuse_times(x, "x")
    array, gain, eps = floating(x, "x"), options[0], options[3]
    at = whole(axis, "axis")
    if not -array.ndim <= at < array.ndim:
        raise ValueError(f"axis={axis!r} is no axis of x, whose shape is {array.shape}.")
    if not (np.isfinite(array) & (array >= 0)).all():
        raise ValueError(
            "`x` must hold finite numbers of at least 0, such as magnitudes. Got NaN, infinity or "
            "a negative number."
        )
    wide = np.moveaxis(array.astype(np.float64), at, -1)
    level = filtered(share * wide, 1 - share, start=1.0)
    smooth = np.exp(-gain * (np.log(eps) + np.log1p(level / eps)))
    return array, level, smooth
