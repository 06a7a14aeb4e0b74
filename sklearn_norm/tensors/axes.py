"""Axes: which members of a tensor are normalised together, as a view of four axes.

All norms do the same arithmetic on a view (samples, groups, channels, positions): each sample
and group has one center and scale, measured over its channels and positions. Gain and offset
have one entry for each channel, or for each element.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np

from .. import kernels
from ..inputs.arguments import array_of, floats_of, number, whole
from ..inputs.labelled import aligned
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..maps.record import Map

Shape: TypeAlias = tuple[int, ...]
PIECE = 1 << 20  # members to undo at a time, which limits the memory for centers and scales
NO_STATS = np.empty((0, 0, 2))  # a traced graph returns no statistics
LONG = 256  # with this many positions, each channel of a sample is a column of its own


@dataclass(frozen=True)
class Axes:
    """How to view arrays of shape (n, *sample).

    Parameters
    ----------
    sample : tuple of int
        The shape of a sample.
    view : tuple of int
        (groups, channels, positions); their product is the size of a sample.
    affine : tuple of int
        The shape of gain and offset, which broadcasts to `view`.
    channel_axis : int or None
        The axis of X that is moved to the front of the sample before the view is taken.
    swapped : bool
        Whether each channel is a group over all samples, as in batch normalisation.
    elements : tuple of int
        A shape that gain and offset may have instead of that of a vector.
    """

    sample: Shape
    view: tuple[int, int, int]
    affine: tuple[int, int, int]
    channel_axis: int | None = None
    swapped: bool = False
    elements: Shape = ()

    @property
    def learnable(self) -> int:
        """The size of gain and offset."""
        return prod(self.affine)

    @property
    def n_channels(self) -> int:
        return prod(self.view[:2])

    def viewed(self, X: Array) -> Array:
        """Return X as (samples, groups, channels, positions): a view if possible, else a copy."""
        if self.channel_axis not in (None, 1):
            X = np.moveaxis(X, self.channel_axis, 1)
        if not self.swapped:
            return X.reshape(X.shape[0], *self.view)
        rows = X.reshape(X.shape[0], self.view[0], self.view[2])
        return rows.transpose(1, 0, 2)[None]

    def laid_out(self, X: Array) -> tuple[Axes, Array]:
        """Return axes and an array for which `viewed` makes no copy: X, or a copy in C order."""
        if self.channel_axis is None and X.flags.c_contiguous:
            return self, X
        ordered = self.channel_axis in (None, 1, X.ndim - 1)  # so that the result can be viewed too
        if X.size == 0 or (ordered and np.may_share_memory(self.viewed(X), X)):
            return self, X
        if self.channel_axis is None:
            return self, np.ascontiguousarray(X)
        first = np.ascontiguousarray(np.moveaxis(X, self.channel_axis, 1))
        return replace(self, sample=first.shape[1:], channel_axis=1), first

    def put_back(self, laid: Axes, X: Array) -> Array:
        """Undo `laid_out`."""
        if laid is self or self.channel_axis is None:
            return X
        return np.ascontiguousarray(np.moveaxis(X, 1, self.channel_axis))

    def unviewed(self, V: Array, n_samples: int) -> Array:
        """Undo `viewed`."""
        if self.swapped:
            V = V[0].transpose(1, 0, 2)
        if self.channel_axis in (None, 1):
            return V.reshape(n_samples, *self.sample)
        moved = np.moveaxis(np.empty((0, *self.sample)), self.channel_axis, 1).shape[1:]
        return np.moveaxis(V.reshape(n_samples, *moved), 1, self.channel_axis)

    def channel_of_members(self) -> Array:
        """Return the channel of each member of a sample, flattened."""
        groups, channels, positions = self.view
        if self.learnable == prod(self.view):
            return np.arange(self.learnable)
        channel = np.arange(self.learnable).reshape(self.affine)
        whole = np.broadcast_to(channel, (groups, channels, positions))
        return self.unviewed(whole[None], 1).reshape(-1)

    def channel_beside_members(self) -> Array:
        """Return the channel of each member, with size 1 along axes where it is constant."""
        channel = self.channel_of_members().reshape(self.sample)
        for axis in range(channel.ndim):
            first = channel.take([0], axis)
            channel = first if np.all(channel == first) else channel
        return channel

    def vector(self, given: Any, name: str) -> Floats | None:
        """Return gain or offset in float64, with the shape `affine`."""
        if given is None:
            return None
        array = array_of(aligned(given, name, None), name)
        fits = array.shape in {(), (1,), (self.learnable,), self.elements}
        vector = np.array(floats_of(array, name), order="C") if fits else None
        if vector is None or not np.isfinite(vector).all():
            raise ValueError(
                f"`{name}` must hold one finite number, or {self.learnable} of them for samples "
                f"of shape {self.sample}. Got shape {array.shape}: {given!r}."
            )
        if vector.size == self.learnable:
            return vector.reshape(self.affine)
        return np.full(self.affine, vector.item())

    def normalise(
        self,
        X: Any,
        *,
        centred: bool = True,
        eps: float = 1e-5,
        gain: Floats | None = None,
        offset: Floats | None = None,
        dtype: Any = None,
    ) -> tuple[Array, Floats]:
        """Return the normalised array, and center and scale, of shape (samples, groups, 2)."""
        eps = self.checked(X, centred, eps)
        if isinstance(X, kernels.Traced):
            return self._traced(X, centred, eps, gain, offset).astype(dtype or X.dtype), NO_STATS
        laid, x = self.laid_out(X)
        out = np.empty(x.shape, dtype=x.dtype if dtype is None else dtype)
        stats = kernels.normalise(laid.viewed(x), centred, eps, gain, offset, laid.viewed(out))
        return self.put_back(laid, out), stats.transpose(1, 2, 0)

    def checked(self, X: Any, centred: bool, eps: Any) -> float:
        """Return eps, after a check of it and of the number of members."""
        told = checked_eps(eps)
        if centred and told == 0:
            self.check_members(X.shape)
        return told

    def gradients(
        self, X: Array, grad: Array, centred: bool, eps: float, gain: Floats | None, sums: Shape
    ) -> tuple[Array, Floats, Floats]:
        """Return the gradients of X, and of gain and offset as sums of the shape given."""
        laid, x = self.laid_out(X)
        other, given = self.laid_out(grad)
        out = np.empty(x.shape, x.dtype)
        by_gain, by_offset = np.empty((2, *sums))
        views = laid.viewed(x), other.viewed(given)
        kernels.gradients(*views, centred, eps, gain, laid.viewed(out), by_gain, by_offset)
        return self.put_back(laid, out), by_gain, by_offset

    def _traced(self, X: Any, *how: Any) -> Any:
        view: Any = self.viewed(X)
        return self.unviewed(kernels.graph.normalise(view, *how), -1)

    def check_members(self, shape: Shape) -> None:
        """Refuse to divide by the deviation of one member, if no eps is added to it."""
        groups, channels, positions = self.view
        members = channels * positions * (shape[0] if self.swapped else 1)
        if members == 1:
            raise ValueError(
                f"This would divide by the deviation of one member only: an array of shape {shape} "
                f"has samples of shape {self.sample} (n_features={prod(self.sample)}), whose "
                f"{groups} groups have the shape {self.view[1:]}. Give them at least 2 "
                "members, or eps > 0, with which one member becomes beta."
            )

    def mapped(
        self, act: str, mapping: Map, X: Any, out: Array | None = None, **options: Any
    ) -> Any:
        """Apply or invert a map of channels, by laying out the members of X as columns.

        Returns None if `look` is set and X holds infinity.
        """
        if isinstance(X, kernels.Traced):
            return getattr(mapping.columns(self.channel_beside_members()), act)(X, **options)
        n_samples, positions = X.shape[0], self.view[2]
        out = np.empty(X.shape, X.dtype) if out is None else out
        together = X.flags.c_contiguous and out.flags.c_contiguous
        if together and self.channel_axis == 1 and positions >= LONG:
            channel = np.tile(np.arange(self.learnable), n_samples)
            x, y = (array.reshape(-1, positions).T for array in (X, out))
        else:
            channel = self.channel_of_members()
            x, y = (array.reshape(n_samples, prod(self.sample)) for array in (X, out))
        if getattr(mapping.columns(channel), act)(x, y, **options) is None:
            return None
        if not np.may_share_memory(y, out):
            np.copyto(out, y.reshape(out.shape))
        return out

    def affine_of(
        self, X: Array, gain: Floats | None, offset: Floats | None, inverse: bool = False
    ) -> Array:
        """Return X * gain + offset, or undo it, in float64."""
        V = self.viewed(X)
        if inverse:
            V = V if offset is None else V - offset
            V = V if gain is None else V / gain
        else:
            V = V if gain is None else V * gain
            V = V if offset is None else V + offset
        return self.unviewed(V, X.shape[0])

    def restore(
        self, Z: Array, stats: Floats, gain: Floats | None = None, offset: Floats | None = None
    ) -> Array:
        """Return the array that was normalised, by the inverse map of each group."""
        if not Z.size:
            return np.empty_like(Z)
        laid, z = self.laid_out(Z)
        out = np.empty(z.shape, z.dtype)
        V, W = laid.viewed(z), laid.viewed(out)
        if self.affine[2] > 1:  # gain and offset per element: treat elements as channels
            V, W = V.swapaxes(2, 3), W.swapaxes(2, 3)
            gain, offset = (None if v is None else v.swapaxes(1, 2) for v in (gain, offset))
        step = max(1, PIECE // max(1, prod(self.view)))
        for start in range(0, V.shape[0], step):
            piece = slice(start, start + step)
            W[piece] = undone(V[piece], stats[piece], gain, offset)
        return self.put_back(laid, out)


def undone(V: Array, stats: Floats, gain: Floats | None, offset: Floats | None) -> Array:
    """Undo the norm on a view, with one column of a map for each row of positions."""
    shape = (*V.shape[:3], 1)

    def spread(v: Floats | None) -> Floats | None:
        return None if v is None else np.broadcast_to(v, shape).ravel()

    affine = Affine.of(
        center=spread(stats[:, :, None, None, 0]),
        scale=spread(stats[:, :, None, None, 1]),
        gain=spread(gain),
        offset=spread(offset),
    )
    rows = np.ascontiguousarray(V).reshape(-1, V.shape[3])
    back: Array = affine.invert(rows.T).T.reshape(V.shape)
    return back


def checked_eps(eps: Any) -> float:
    if not number(eps, "eps") >= 0:
        raise ValueError(f"`eps` must be at least 0. Got {eps!r}.")
    return float(eps)


def trailing(sample: Shape, normalized_ndim: int | None) -> Axes:
    """Return the axes of layer norms: the trailing ones, all if `normalized_ndim` is None."""
    ndim = len(sample) if normalized_ndim is None else whole(normalized_ndim, "normalized_ndim")
    if not 1 <= ndim <= len(sample):
        raise ValueError(
            f"normalized_ndim={normalized_ndim} trailing axes cannot be taken of samples of "
            f"shape {sample}: give 1 to {len(sample)}, or None for all."
        )
    split = len(sample) - ndim
    members = prod(sample[split:])
    view = (prod(sample[:split]), 1, members)
    return Axes(sample, view, (1, 1, members), elements=sample[split:])


def channelwise(
    sample: Shape, channel_axis: int, num_groups: int | None = None, over_samples: bool = False
) -> Axes:
    """Return the axes of channel norms; `num_groups=None` makes each channel a group."""
    channel_axis = whole(channel_axis, "channel_axis")
    if not -len(sample) <= channel_axis <= len(sample) or channel_axis == 0:
        raise ValueError(
            f"channel_axis={channel_axis} is no axis of a sample, whose shape is {sample}: give "
            f"1 to {len(sample)}, or -1 for the last."
        )
    groups = None if num_groups is None else whole(num_groups, "num_groups")
    return _channelwise(sample, channel_axis % (len(sample) + 1), groups, over_samples)


@lru_cache(maxsize=64)
def _channelwise(sample: Shape, axis: int, num_groups: int | None, over_samples: bool) -> Axes:
    n_channels = sample[axis - 1]
    positions = prod(sample) // max(n_channels, 1)
    groups = n_channels if num_groups is None else num_groups
    if groups < 1 or n_channels % groups:
        raise ValueError(
            f"num_groups={groups} does not divide the {n_channels} channels of samples of shape "
            f"{sample}. Give a divisor of {n_channels}, so that groups are of equal size. For data "
            "of two axes, tell the layout by shape=(n_channels, n_positions)."
        )
    if over_samples:
        return Axes(sample, (n_channels, 1, positions), (n_channels, 1, 1), axis, True)
    per_group = n_channels // groups
    return Axes(sample, (groups, per_group, positions), (groups, per_group, 1), axis)


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
