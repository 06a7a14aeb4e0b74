"""Where channels lie: shapes of samples that have them, and arrays in memory."""

from __future__ import annotations

from math import prod
from typing import TypeAlias

import numpy as np

from ..kernels import Array

Shape: TypeAlias = tuple[int, ...]


def other_length(whole: Shape, shape: Shape, channel_axis: int) -> Shape:
    """Return the shape of a flattened sample that has the channels of `whole`."""
    place = channel_axis % 3 - 1  # the axis of the channels in a sample
    positions, left = divmod(shape[1], whole[place])
    if left or not positions:
        raise ValueError(
            f"X has the shape {shape}: its {shape[1]} features cannot be divided among the "
            f"{whole[place]} channels of samples of shape {whole}, with the same number of "
            "positions for each."
        )
    return (whole[0], positions) if place == 0 else (positions, whole[1])


def some_channels(sample: Shape, n_channels: int, channel_axis: int) -> Shape:
    """Return the shape of a sample with another number of channels."""
    place = channel_axis % (len(sample) + 1) - 1 if len(sample) > 1 else 0
    return (*sample[:place], n_channels, *sample[place + 1 :])


def channel_layout(n_channels: int, channel_axis: int) -> str:
    """Return the axes of an array with this many channels, for a message."""
    if channel_axis == -1:
        return f"(n_samples, ..., {n_channels})"
    if channel_axis == 1:
        return f"(n_samples, {n_channels}, ...)"
    return f"(n_samples, *shape) with {n_channels} channels at axis {channel_axis}"


def one_channel(width: int, channel_axis: int) -> Shape:
    """Return the shape of a sample of one channel that holds all features."""
    return (width, 1) if channel_axis in (-1, 2) else (1, width)


def lies_by_channel(X: Array, channel_axis: int) -> bool:
    """Whether the channels of each position lie side by side, position after position."""
    return bool(np.moveaxis(X, channel_axis, -1).flags.c_contiguous)


def rows_of_channels(X: Array, channel_axis: int) -> Array:
    """Return such an array with a column for each channel."""
    rows = np.moveaxis(X, channel_axis, -1)
    return rows.reshape(prod(rows.shape[:-1]), rows.shape[-1])
