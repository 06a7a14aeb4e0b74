"""Axes: which members of a tensor are normalised together, as a view of four axes.

All norms do the same arithmetic on a view (samples, groups, channels, positions): each sample
and group has one center and scale, measured over its channels and positions. Gain and offset
have one entry for each channel, or for each element.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import prod
from typing import Any, TypeAlias

import numpy as np

from .. import kernels
from ..inputs.arguments import array_of, floats_of, number, whole
from ..inputs.labelled import aligned
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..maps.record import Map
from .layouts import lies_by_channel, rows_of_channels

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
    order : tuple of int or None
        The axes of X in the order in which the view takes them, samples first. None leaves them.
    swapped : bool
        Whether each group has members of all samples, as in batch normalisation.
    elements : tuple of int
        A shape that gain and offset may have instead of that of a vector.
    kept : int or None
        How many axes of a sample, the first in `order`, are not normalised, where gain and offset
        may have any shape that broadcasts to a sample. None if they belong to channels.
    n_samples : int or None
        The number of samples, where gain and offset may differ by sample.
    unit_offset : bool
        Whether the gain is 1 + gamma.
    features : int or None
        The axis of X that a mask of positions lacks; None if X may be of any layout.
    """

    sample: Shape
    view: tuple[int, int, int]
    affine: tuple[int, int, int]
    order: Shape | None = None
    swapped: bool = False
    elements: Shape = ()
    kept: int | None = None
    n_samples: int | None = None
    unit_offset: bool = False
    features: int | None = None

    @property
    def learnable(self) -> int:
        """The size of gain and offset."""
        return prod(self.affine)

    @property
    def n_channels(self) -> int:
        return prod(self.view[:2])

    def viewed(self, X: Array) -> Array:
        """Return X as (samples, groups, channels, positions): a view if possible, else a copy."""
        if self.order is not None:
            X = np.transpose(X, self.order)
        if not self.swapped:
            return X.reshape(X.shape[0], *self.view)
        rows = X.reshape(X.shape[0], self.view[0], self.view[2])
        return rows.transpose(1, 0, 2)[None]

    def laid_out(self, X: Array) -> tuple[Axes, Array]:
        """Return axes and an array for which `viewed` makes no copy: X, or a copy in C order."""
        if self.order is None and X.flags.c_contiguous:
            return self, X
        ordered = in_two_runs(self.order)  # so that the result can be viewed too
        if X.size == 0 or (ordered and np.may_share_memory(self.viewed(X), X)):
            return self, X
        if self.order is None:
            return self, np.ascontiguousarray(X)
        first = np.ascontiguousarray(X.transpose(self.order))
        return replace(self, sample=first.shape[1:], order=None), first

    def put_back(self, laid: Axes, X: Array) -> Array:
        """Undo `laid_out`."""
        if laid is self or self.order is None:
            return X
        return np.ascontiguousarray(X.transpose(inverted(self.order)))

    def unviewed(self, V: Array, n_samples: int) -> Array:
        """Undo `viewed`."""
        if self.swapped:
            V = V[0].transpose(1, 0, 2)
        if self.order is None:
            return V.reshape(n_samples, *self.sample)
        return np.transpose(V.reshape(n_samples, *self.in_order), inverted(self.order))

    @property
    def in_order(self) -> Shape:
        """The shape of a sample in the order in which the view takes its axes."""
        if self.order is None:
            return self.sample
        return tuple(self.sample[axis - 1] for axis in self.order[1:])

    def channel_of_members(self) -> Array:
        """Return the channel of each member of a sample, flattened."""
        groups, channels, positions = self.view
        if self.order is None and self.learnable == prod(self.view):
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

    def gain(self, gamma: Any) -> Floats | None:
        """Return the gain in float64: gamma, or 1 + gamma."""
        if gamma is None:
            return None
        vector = self.vector(gamma, "gamma")
        return vector + 1 if self.unit_offset and vector is not None else vector

    def vector(self, given: Any, name: str) -> Floats | None:
        """Return gain or offset in float64, in a shape that broadcasts to `view`.

        That is `affine`, or, where other shapes are taken, one of as many axes; with a fourth for
        the samples in front if it differs by sample.
        """
        if given is None:
            return None
        array = array_of(aligned(given, name, None), name)
        is_vector = self.is_vector(array.shape)
        fits = is_vector or self.spreads(array.shape)
        vector = np.array(floats_of(array, name), order="C") if fits else None
        if vector is None or not np.isfinite(vector).all():
            raise ValueError(
                f"`{name}` must hold one finite number, or {self.described()}. "
                f"Got shape {array.shape}: {given!r}."
            )
        if vector.size == 1:
            return np.full(self.affine, vector.item())
        return vector.reshape(self.affine) if is_vector else self.spread(vector)

    def is_vector(self, shape: Shape) -> bool:
        """Whether gain or offset of this shape is one number, or one for each entry of `affine`."""
        return shape in {(), (1,), (self.learnable,), self.elements}

    def spreads(self, shape: Shape) -> bool:
        """Whether gain or offset of this shape broadcasts to a sample, or to all of them.

        Where the normalised axes are not the last ones, all axes of a sample must be there. So what
        a shape means does not depend on sizes that happen to be equal.
        """
        n_axes = len(self.sample)
        if self.kept is None or n_axes + (self.n_samples is not None) < len(shape):
            return False
        if len(shape) < n_axes and not self.swapped and self.order is not None:
            return False
        whole = self.sample if self.n_samples is None else (self.n_samples, *self.sample)
        try:
            return np.broadcast_shapes(shape, whole) == whole
        except ValueError:
            return False

    def spread(self, vector: Floats) -> Floats:
        """Return numbers that broadcast to samples in a shape that broadcasts to the view."""
        n_axes = len(self.sample) + 1
        whole = vector.reshape((1,) * (n_axes - vector.ndim) + vector.shape)
        whole = whole if self.order is None else whole.transpose(self.order)
        assert self.kept is not None
        split = self.kept + 1
        sizes = self.in_order
        parts = []
        for own, full in (
            (whole.shape[1:split], sizes[: self.kept]),
            (whole.shape[split:], sizes[self.kept :]),
        ):
            parts.append(own if prod(own) == 1 else full)  # what is constant stays of size 1
        found = np.broadcast_to(whole, (whole.shape[0], *parts[0], *parts[1]))
        found = found.reshape(whole.shape[0], prod(parts[0]), 1, prod(parts[1]))
        if self.swapped:
            found = found.swapaxes(0, 2)
        return np.ascontiguousarray(found[0] if found.shape[0] == 1 else found)

    def described(self) -> str:
        """Say which sizes gain and offset may have, for a message."""
        if self.kept is None:
            return f"{self.learnable} of them for samples of shape {self.sample}"
        whole = "a sample" if self.n_samples is None else "the samples"
        return (
            f"{self.learnable} of them, or numbers that broadcast to {whole}, for samples of shape "
            f"{self.sample}"
        )

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
        by_gain, by_offset = (
            gain is not None and gain.ndim > 3,
            offset is not None and offset.ndim > 3,
        )
        if by_gain or by_offset:  # they differ by sample
            y, stats = self.normalise(X, centred=centred, eps=eps, dtype=np.float64)
            with np.errstate(all="ignore"):
                return self.affine_of(y, gain, offset).astype(dtype or X.dtype), stats
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
        by_channel = self.features is not None and lies_by_channel(X, self.features)
        if out is None:  # laid out like X where that is the fastest
            out = np.empty_like(X) if by_channel else np.empty(X.shape, X.dtype)
        together = X.flags.c_contiguous and out.flags.c_contiguous
        if together and self.order is None and positions >= LONG:
            channel = np.tile(np.arange(self.learnable), n_samples)
            x, y = (array.reshape(-1, positions).T for array in (X, out))
        elif by_channel and self.features is not None and lies_by_channel(out, self.features):
            channel = np.arange(self.learnable)
            x, y = (rows_of_channels(array, self.features) for array in (X, out))
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
        return self.by_stats("invert", Z, stats, gain, offset)

    def by_stats(
        self,
        act: str,
        X: Array,
        stats: Floats,
        gain: Floats | None = None,
        offset: Floats | None = None,
        dtype: Any = None,
    ) -> Array:
        """Apply or invert the map of each group, given its center and scale.

        Parameters
        ----------
        act : {"apply", "invert"}
            Whether X is to be normalised, or was.
        X : ndarray of shape (n_samples, *sample)
            The samples.
        stats : ndarray of shape (n_samples, n_groups, 2)
            Center and scale.
        gain, offset : ndarray of the shape `affine`, or None
            Gain and offset.
        dtype : dtype, default=None
            That of the result; None takes that of X.
        """
        if not X.size:
            return np.empty_like(X, dtype)
        laid, x = self.laid_out(X)
        out = np.empty(x.shape, X.dtype if dtype is None else dtype)
        V, W = laid.viewed(x), laid.viewed(out)
        if self.affine[2] > 1:  # gain and offset per element: treat elements as channels
            V, W = V.swapaxes(2, 3), W.swapaxes(2, 3)
            gain, offset = (None if v is None else v.swapaxes(1, 2) for v in (gain, offset))
        step = max(1, PIECE // max(1, prod(self.view)))
        for start in range(0, V.shape[0], step):
            piece = slice(start, start + step)
            W[piece] = mapped_by_stats(act, V[piece], stats[piece], gain, offset, out.dtype)
        return self.put_back(laid, out)

    def last_members(self, X: Any) -> Any:
        """Return the last member of each group that is present, of shape (samples, groups)."""
        V: Any = self.viewed(X)
        if isinstance(V, kernels.Traced):
            return kernels.graph.last_members(V)
        members = V.reshape(*V.shape[:2], prod(V.shape[2:]))[..., ::-1]
        first = np.argmin(np.isnan(members), axis=-1)[..., None]
        return np.take_along_axis(members, first, -1)[..., 0].astype(np.float64)


def in_two_runs(order: Shape | None) -> bool:
    """Whether axes in this order are at most two runs of neighbours, after the samples."""
    if order is None:
        return True
    return sum(b - a != 1 for a, b in pairwise(order[1:])) <= 1


def inverted(order: Shape) -> Shape:
    """Return the order that puts axes back."""
    return tuple(sorted(range(len(order)), key=order.__getitem__))


def mapped_by_stats(
    act: str, V: Array, stats: Floats, gain: Floats | None, offset: Floats | None, dtype: Any
) -> Array:
    """Map a view, with one column of a map for each row of positions."""
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
    result: Array = getattr(affine, act)(rows.T, np.empty(rows.shape, dtype).T).T
    return result.reshape(V.shape)


def checked_eps(eps: Any) -> float:
    if not number(eps, "eps") >= 0:
        raise ValueError(f"`eps` must be at least 0. Got {eps!r}.")
    return float(eps)


def trailing(
    sample: Shape,
    normalized_ndim: int | None,
    n_samples: int | None = None,
    unit_offset: bool = False,
) -> Axes:
    """Return the axes of layer norms: the trailing ones, all if `normalized_ndim` is None."""
    ndim = len(sample) if normalized_ndim is None else whole(normalized_ndim, "normalized_ndim")
    if not 1 <= ndim <= len(sample):
        raise ValueError(
            f"normalized_ndim={normalized_ndim} trailing axes cannot be taken of samples of "
            f"shape {sample}: give 1 to {len(sample)}, or None for all."
        )
    return last_axes(sample, len(sample) - ndim, n_samples, unit_offset)


@lru_cache(maxsize=256)
def last_axes(sample: Shape, split: int, n_samples: int | None, unit_offset: bool) -> Axes:
    """Return the axes of a norm over those from `split` on."""
    own, last = sample[split:], len(sample)
    members = prod(own)
    view, affine = (prod(sample[:split]), 1, members), (1, 1, members)
    return Axes(sample, view, affine, None, False, own, split, n_samples, unit_offset, last)


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
    if n_channels == 0:
        raise ValueError(f"Samples of shape {sample} have no channels at axis {axis} of X.")
    positions = prod(sample) // n_channels
    groups = n_channels if num_groups is None else num_groups
    if groups < 1 or n_channels % groups:
        raise ValueError(
            f"num_groups={groups} does not divide the {n_channels} channels of samples of shape "
            f"{sample}. Give a divisor of {n_channels}, so that groups are of equal size. For data "
            "of two axes, tell the layout by shape=(n_channels, n_positions)."
        )
    order: Shape | None = None
    if axis > 1:
        order = (0, axis, *(at for at in range(1, len(sample) + 1) if at != axis))
    if over_samples:
        view, affine = (n_channels, 1, positions), (n_channels, 1, 1)
        return Axes(sample, view, affine, order, swapped=True, features=axis)
    per_group = n_channels // groups
    view, affine = (groups, per_group, positions), (groups, per_group, 1)
    return Axes(sample, view, affine, order, features=axis)
