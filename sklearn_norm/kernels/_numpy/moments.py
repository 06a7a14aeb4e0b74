"""Moments of blocks of rows in twice the precision: a few visits while the tile is in cache.

The differences d from a shift are exact: the shift is 0, or no member is beyond half or twice
the shift (P. H. Sterbenz, "Floating-point computation", 1974). Each is cut on two grids, at
the same places for a whole block and column, into d = a + r with a = h + l: h and l have at
most 21 bits, so that sums of h, l and their products over a block need no rounding, in
whatever order, and what is left, r, is below 2**-43 of the largest difference (K. Ozaki, T.
Ogita, S. Oishi & S. M. Rump, "Error-free transformations of matrix multiplication", 2012).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .. import double_double as dd
from ..contract import Array, BlockMoments, Floats
from .blocks import (
    ROWS,
    TILE,
    Tile,
    as_float64,
    count_blocks,
    stack,
    tiles,
    unstack,
    visit,
)

COMFORT = 400  # squares, products and weighted sums of |x| in 2**±400 stay normal numbers
ZERO_EXPONENT = -1100.0  # the exponent of a block of zeros: below every other
LONG = 256  # lanes wanted side by side
LIMB = 21  # bits of h and of l: products of two, summed over a block, fit a float64
BLOCK_BITS = ROWS.bit_length() - 1
MANTISSA = 52


def block_moments(X: Array, weight: Floats | None) -> BlockMoments:
    """Measure every block of rows about a shift of its own."""
    shape = (count_blocks(X.shape[0]), X.shape[1])
    out = Parts(*(np.zeros(shape) for _ in Parts._fields))
    extreme_weights = weight is not None and _is_extreme(weight)

    def work(parts: list[Tile]) -> None:
        buffers = [np.empty(min(TILE, X.size)) for _ in range(5)]
        with np.errstate(all="ignore"):  # infinities are reported from the extrema
            for tile in parts:
                _measure(X, weight, tile, extreme_weights, buffers, out)

    visit(work, list(tiles(*X.shape)), X.size)
    with np.errstate(all="ignore"):
        return out.combined()


def _is_extreme(weight: Floats) -> bool:
    return bool(weight.size) and (weight.max() > 2.0**200 or weight.min() < 2.0**-200)


class Parts(NamedTuple):
    """Sums over each block and column, of which together the moments are made."""

    exponent: Floats
    shift: Floats
    low: Floats
    high: Floats
    weight: Floats
    weight_rest: Floats
    sum: Floats
    sum_rest: Floats
    sum_last: Floats
    square: Floats
    square_rest: Floats
    square_last: Floats
    square_end: Floats

    def combined(self) -> BlockMoments:
        weight = dd.two_sum(self.weight, self.weight_rest)
        sums = dd.add(dd.exact(self.sum), dd.two_sum(self.sum_rest, self.sum_last))
        squares = dd.add(
            dd.two_sum(self.square, self.square_rest), dd.two_sum(self.square_last, self.square_end)
        )
        return BlockMoments(
            *weight, self.exponent, self.shift, *sums, *squares, self.low, self.high
        )


@dataclass(frozen=True, slots=True)
class Lanes:
    """How a tile is laid out: rows side by side where columns are few, for long inner loops.

    A laid tile has three axes; `axis` is the one along which its rows run. Numbers per block
    and column come in the same three axes, with length 1 along that one.
    """

    axis: int
    repeat: int

    @classmethod
    def of(cls, x: Array, axis: int) -> Lanes:
        """Choose a layout for a stack (see `blocks.stack`)."""
        repeat = 1
        while axis == 1 and repeat * x.shape[2] < LONG and x.shape[1] % (2 * repeat) == 0:
            repeat *= 2
        return cls(axis, repeat)

    def lay(self, x: Array) -> Array:
        if self.repeat == 1:
            return x
        return x.reshape(x.shape[0], x.shape[1] // self.repeat, self.repeat * x.shape[2])

    def spread(self, v: Array) -> Array:
        """Repeat numbers per column over the lanes."""
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
        """Sum products, which need no rounding."""
        product = np.einsum("ijk,ijk->ik" if self.axis == 1 else "ijk,ijk->ij", x, y)
        return self.gather(np.add, np.expand_dims(product, self.axis))


def _measure(
    X: Array,
    weight: Floats | None,
    tile: Tile,
    extreme_weights: bool,
    buffers: list[Floats],
    out: Parts,
) -> None:
    """Fill the places of one tile."""
    raw, axis = stack(X, tile)
    lanes = Lanes.of(raw, axis)
    x = lanes.lay(_plain(raw, buffers[0]))
    absent = None
    low, high = lanes.reduce(np.minimum, x), lanes.reduce(np.maximum, x)
    if np.isnan(low).any():
        absent = np.isnan(x)
        low, high = lanes.reduce(np.fmin, x), lanes.reduce(np.fmax, x)
    exponent = _exponents(low, high, extreme_weights)
    units = np.where(exponent == ZERO_EXPONENT, 0, -exponent).astype(np.int64)
    if units.any():
        x = np.ldexp(x, lanes.spread(units))
    shift, bits = _shifts(np.ldexp(low, units), np.ldexp(high, units))
    d = x
    if absent is not None or shift.any():
        d = np.subtract(x, lanes.spread(shift), out=_room(buffers[1], x))
    if absent is not None:
        d[absent] = 0.0
    if weight is None:
        there = raw.shape[axis] if absent is None else lanes.reduce(np.add, ~absent)
        sums = (there, 0.0, *_sums(d, bits, lanes, buffers[2:]))
    else:
        w = lanes.lay(_weights(weight, tile, raw.shape, axis))
        w = w if absent is None else np.where(absent, 0.0, w)
        sums = _weighted_sums(d, w, bits, lanes)
    for target, value in zip(out, (exponent, shift, low, high, *sums), strict=True):
        target[tile.blocks, tile.columns] = unstack(np.broadcast_to(value, low.shape), axis)


def _plain(raw: Array, buffer: Floats) -> Floats:
    """Return the tile in packed float64: itself, or a copy in the buffer."""
    x = as_float64(raw, buffer)
    if x.flags.c_contiguous:
        return x
    out = _room(buffer, x)
    np.copyto(out, x)
    return out


def _exponents(low: Floats, high: Floats, extreme_weights: bool) -> Floats:
    """Return powers of two that keep squares normal: 0 almost always."""
    peak = np.maximum(np.abs(low), np.abs(high))
    _, exponent = np.frexp(peak)
    strange = (np.abs(exponent) > COMFORT) | extreme_weights
    exponent = np.where(strange, exponent, 0).astype(np.float64)
    return np.where(peak == 0, ZERO_EXPONENT, np.where(np.isfinite(peak), exponent, 0.0))


def _shifts(low: Floats, high: Floats) -> tuple[Floats, Array]:
    """Return shifts that all members are exactly apart from, by less than 2**bits."""
    middle = low + (high - low) / 2
    near = ((low > 0) & (high <= 1.9 * low)) | ((high < 0) & (low >= 1.9 * high))
    shift = np.where(near, middle, 0.0)
    spread = np.maximum(high - shift, shift - low)
    _, bits = np.frexp(np.where(np.isfinite(spread), spread, 0.0))
    return shift, np.where(spread > 0, bits, -300).astype(np.int64)


def _room(buffer: Floats, x: Floats) -> Floats:
    return buffer[: x.size].reshape(x.shape)


def _sums(d: Floats, bits: Array, lanes: Lanes, buffers: list[Floats]) -> tuple[Floats, ...]:
    """Return three parts of Σd and four of Σd², the largest first."""
    high, low, rest = (_room(b, d) for b in buffers)
    _on_grid(d, lanes.spread(bits - LIMB), high)
    np.subtract(d, high, out=rest)
    _on_grid(rest, lanes.spread(bits - 2 * LIMB), low)
    np.subtract(rest, low, out=rest)
    return (
        *(lanes.reduce(np.add, part) for part in (high, low, rest)),
        lanes.dot(high, high),
        2 * lanes.dot(high, low),
        lanes.dot(low, low),
        2 * lanes.dot(rest, d) - lanes.dot(rest, rest),  # d² - a², since a = d - r
    )


def _on_grid(x: Floats, grid: Array, out: Floats) -> None:
    """Round to multiples of 2**grid: adding a large number cuts off what is below its last bit."""
    large = np.ldexp(1.5, grid + MANTISSA)
    np.add(x, large, out=out)
    np.subtract(out, large, out=out)


def _weights(weight: Floats, tile: Tile, shape: tuple[int, ...], axis: int) -> Floats:
    """Return the rows' weights in the shape of the stack."""
    rows = weight[tile.rows].reshape(tile.blocks.stop - tile.blocks.start, -1)
    w = rows[:, :, None] if axis == 1 else rows[None]
    return np.ascontiguousarray(np.broadcast_to(w, shape))


def _weighted_sums(d: Floats, w: Floats, bits: Array, lanes: Lanes) -> tuple[Any, ...]:
    """Return two parts of Σw, three of Σwd and four of Σwd², some of which are 0."""
    _, top = np.frexp(lanes.reduce(np.maximum, w))
    product = dd.two_product(w, d)
    square = dd.two_product(product.high, d)
    return (
        *_coarse_and_rest(w, 0.0, top, lanes),
        *_coarse_and_rest(product.high, product.low, top + bits, lanes),
        0.0,
        *_coarse_and_rest(square.high, square.low + product.low * d, top + 2 * bits, lanes),
        0.0,
        0.0,
    )


def _coarse_and_rest(high: Floats, low: Any, bits: Array, lanes: Lanes) -> tuple[Floats, Floats]:
    """Sum numbers below 2**bits, cut on a grid, and what is cut off with their low parts."""
    coarse = np.empty_like(high)
    _on_grid(high, lanes.spread(bits + BLOCK_BITS + 1 - MANTISSA), coarse)
    return lanes.reduce(np.add, coarse), lanes.reduce(np.add, high - coarse + low)
