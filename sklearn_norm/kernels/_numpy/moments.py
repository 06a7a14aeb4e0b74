"""Moments of blocks of rows: several passes over each tile while it is in cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..contract import Array, Floats
from .blocks import ROWS, Tile, as_float64, count_blocks, stack, stack_weight, tiles, unstack, visit
from .exact import Parts, is_extreme, measured, nothing, room
from .merging import merge_moments

LONG = 256  # target number of lanes
TILE = 1 << 17  # members of a tile: large enough that threads rarely wait for the GIL


def column_moments(X: Array, weight: Floats | None) -> Floats:
    """Return a matrix of the moments of all columns."""
    if X.shape[0] == 0:
        return nothing(X.shape[1])
    return _folded(_of_blocks(X, weight))


def _folded(m: Floats) -> Floats:
    """Merge the moments of blocks, pairwise in a fixed tree."""
    while m.shape[1] > 1:
        even, n_columns = m.shape[1] // 2 * 2, m.shape[2]
        a, b = (m[:, at:even:2].reshape(len(m), -1) for at in (0, 1))
        merged = merge_moments(a, b).reshape(len(m), -1, n_columns)
        m = np.concatenate([merged, m[:, even:]], axis=1)
    return m[:, 0]


def _of_blocks(X: Array, weight: Floats | None) -> Floats:
    """Measure each block of rows about its own shift; shape (10, blocks, columns)."""
    shape = (count_blocks(X.shape[0]), X.shape[1])
    out = Parts(*(np.zeros(shape) for _ in Parts._fields))
    extreme_weights = is_extreme(weight)

    def work(parts: list[Tile]) -> None:
        buffers = [np.empty(min(TILE, X.size)) for _ in range(5)]
        with np.errstate(all="ignore"):  # infinities are reported from the extrema
            for tile in parts:
                raw, axis = stack(X, tile)
                lanes = Lanes.of(raw, axis)
                x = lanes.lay(_plain(raw, buffers[0]))
                w = None if weight is None else lanes.lay(_weights(weight, tile, raw, axis))
                found = measured(x, w, lanes, extreme_weights, buffers[1:])
                for target, value in zip(out, found, strict=True):
                    whole = np.broadcast_to(value, found[0].shape)
                    target[tile.blocks, tile.columns] = unstack(whole, axis)

    visit(work, list(tiles(X.shape[0], X.shape[1], TILE)), X.size)
    return out.combined()


@dataclass(frozen=True, slots=True)
class Lanes:
    """The layout of a tile: if columns are few, rows are joined, for long inner loops.

    A tile in this layout has three axes; `axis` is that of the rows. Numbers per block and
    column have the same three axes, with length 1 along `axis`.
    """

    axis: int
    repeat: int
    size: int
    count_bits: ClassVar[int] = ROWS.bit_length() - 1

    @classmethod
    def of(cls, x: Array, axis: int) -> Lanes:
        """Choose a layout for a stack (see `blocks.stack`)."""
        repeat = 1
        while axis == 1 and repeat * x.shape[2] < LONG and x.shape[1] % (2 * repeat) == 0:
            repeat *= 2
        return cls(axis, repeat, x.shape[axis])

    def lay(self, x: Array) -> Array:
        if self.repeat == 1:
            return x
        return x.reshape(x.shape[0], x.shape[1] // self.repeat, self.repeat * x.shape[2])

    def spread(self, v: Array) -> Array:
        """Repeat one number per column for each lane."""
        return v if self.repeat == 1 else np.tile(v, self.repeat)

    def gather(self, ufunc: np.ufunc, lanes: Array) -> Array:
        """Reduce the lanes of each column."""
        if self.repeat == 1:
            return lanes
        apart = lanes.reshape(lanes.shape[0], self.repeat, -1)
        return np.asarray(ufunc.reduce(apart, axis=1, keepdims=True))

    def reduce(self, ufunc: np.ufunc, x: Array) -> Array:
        return self.gather(ufunc, ufunc.reduce(x, axis=self.axis, keepdims=True))

    def dot(self, x: Floats, y: Floats) -> Floats:
        """Sum products; these sums are exact."""
        product = np.einsum("ijk,ijk->ik" if self.axis == 1 else "ijk,ijk->ij", x, y)
        return self.gather(np.add, np.expand_dims(product, self.axis))


def _plain(raw: Array, buffer: Floats) -> Floats:
    """Return the tile as contiguous float64: itself, or a copy in the buffer."""
    x = as_float64(raw, buffer)
    if x.flags.c_contiguous:
        return x
    out = room(buffer, x)
    np.copyto(out, x)
    return out


def _weights(weight: Floats, tile: Tile, raw: Array, axis: int) -> Floats:
    """Return the row weights in the shape of the stack."""
    return np.ascontiguousarray(np.broadcast_to(stack_weight(weight, tile, axis), raw.shape))
