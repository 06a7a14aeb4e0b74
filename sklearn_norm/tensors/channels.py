"""The common base of group and instance normalisation: channels of a sample."""

from __future__ import annotations

from math import prod
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from ..kernels import Array
from .axes import Axes, Shape, channelwise
from .keywords import by_keyword
from .layouts import channel_layout, one_channel, other_length
from .norm import TensorNorm


class ChannelNorm(TensorNorm):
    """Base of the norms with statistics per channel, or group of channels, of each sample.

    Each channel is normalised separately unless a subclass overrides `_axes`.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "channel_axis": [Integral],
    }

    @by_keyword("num_features", "eps", "momentum", "affine", "track_running_stats")
    def __init__(
        self,
        *,
        shape: Any = None,
        channel_axis: int = 1,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
        dtype: Any = None,
    ) -> None:
        self.shape = shape
        self.channel_axis = channel_axis
        self.eps = eps
        self.gamma = gamma
        self.beta = beta
        self.dtype = dtype

    def _axes(self, sample: Shape) -> Axes:
        return channelwise(sample, self.channel_axis)

    def _fits(self, sample: Shape, expected: Shape) -> bool:
        return self._axes(sample).n_channels == self._axes(expected).n_channels

    def _layout(self, expected: Shape) -> str:
        return channel_layout(self._axes(expected).n_channels, self.channel_axis)

    def _flat_sample(self, width: int) -> Shape:
        return one_channel(width, self.channel_axis)

    def _flat_forecast(self, whole: Shape, shape: Shape) -> Shape:
        return other_length(whole, shape, self.channel_axis)

    def _for_targets(self, sample: Shape, channels: Any, target: Shape) -> tuple[Any, Any, Shape]:
        axes = self._axes(sample)
        chosen = checked_channels(channels, axes.n_channels)
        whole, axis = shape_of_targets(target, chosen.size, sample, self.channel_axis)
        picked = {
            name: vector.ravel()[chosen]
            for name in ("gamma", "beta")
            if (vector := axes.vector(getattr(self, name), name)) is not None
        }
        norm = self._of_single_channels().set_params(shape=None, channel_axis=axis, **picked)
        return norm, chosen // axes.view[1], whole

    def _of_single_channels(self) -> Any:
        """Return a norm that applies given statistics to each channel as this one does."""
        return clone(self)


def checked_channels(channels: Any, n_channels: int) -> Array:
    """Return places of channels, from 0 on; None stands for all."""
    if channels is None:
        return np.arange(n_channels)
    chosen = np.asarray(channels)
    if ((chosen < -n_channels) | (chosen >= n_channels)).any():
        raise ValueError(
            f"`target_channels` {list(channels)} names a channel that X, which has {n_channels}, "
            f"does not have: give numbers from 0 to {n_channels - 1}, or -1 for the last."
        )
    return chosen % n_channels


def shape_of_targets(
    target: Shape, n_channels: int, sample: Shape, channel_axis: int
) -> tuple[Shape, int]:
    """Return the shape of a target with an axis of channels, and that axis."""
    if len(target) < 2:
        positions, left = divmod(prod(target), n_channels)
        if left or not positions:
            raise ValueError(
                f"y has {prod(target)} values for each sample, which cannot be divided among "
                f"{n_channels} channels. Give the same number for each, or name the channels that "
                "y holds in `target_channels`."
            )
        last = len(sample) > 1 and channel_axis % (len(sample) + 1) == len(sample)
        return ((positions, n_channels), -1) if last else ((n_channels, positions), 1)
    found = some_axis(target, channel_axis)
    if found != n_channels:
        raise ValueError(
            f"y has targets of shape {target} with {found} channels at axis {channel_axis}, but "
            f"{n_channels} are expected. Name the channels of X that y holds in `target_channels`."
        )
    return target, channel_axis


def some_axis(target: Shape, channel_axis: int) -> int:
    """Return the size of the axis of channels, 0 if there is no such axis."""
    place = channel_axis - 1 if channel_axis > 0 else channel_axis
    return target[place] if -len(target) <= place < len(target) else 0
