"""The common base of group and instance normalisation: channels of a sample."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from .axes import Axes, Shape, channel_layout, channelwise, one_channel, other_length
from .keywords import by_keyword
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
    ) -> None:
        self.shape = shape
        self.channel_axis = channel_axis
        self.eps = eps
        self.gamma = gamma
        self.beta = beta

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
