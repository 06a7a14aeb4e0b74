"""Moments of blocks of rows: two visits while the tile is in cache."""

from __future__ import annotations

import numpy as np

from ..contract import Array, BlockMoments, Floats
from .blocks import (
    TILE,
    Tile,
    as_float64,
    count_blocks,
    extreme,
    fold,
    stack,
    stack_weight,
    tiles,
    unstack,
)

COMFORT = 400  # squares, products and weighted sums of |x| in 2**±400 stay normal numbers
ZERO_EXPONENT = -1100.0  # the exponent of a block of zeros: below every other


def block_moments(X: Array, weight: Floats | None) -> BlockMoments:
    """Measure every block of rows about its own mean."""
    shape = (count_blocks(X.shape[0]), X.shape[1])
    out = BlockMoments(*(np.empty(shape) for _ in BlockMoments._fields))
    extreme_weights = weight is not None and _is_extreme(weight)

    buffers = (np.empty(min(TILE, X.size)), np.empty(min(TILE, X.size)))
    # One thread: these calls are so short that handing the interpreter's lock to and
    # fro costs what a second thread gains.
    with np.errstate(all="ignore"):  # infinities are reported from the extrema
        for tile in tiles(*X.shape):
            _measure(X, weight, tile, extreme_weights, buffers, out)
    return out


def _is_extreme(weight: Floats) -> bool:
    return bool(weight.size) and (weight.max() > 2.0**200 or weight.min() < 2.0**-200)


def _measure(
    X: Array,
    weight: Floats | None,
    tile: Tile,
    extreme_weights: bool,
    buffers: tuple[Floats, Floats],
    out: BlockMoments,
) -> None:
    """Fill the places of one tile."""
    converted, spare = buffers
    raw, axis = stack(X, tile)
    x = as_float64(raw, converted)
    absent = None
    low, high = extreme(np.minimum, x, axis), extreme(np.maximum, x, axis)
    if np.isnan(low).any():
        absent = np.isnan(x)
        low, high = extreme(np.fmin, x, axis), extreme(np.fmax, x, axis)
    exponent = _exponents(low, high, extreme_weights)
    scaled = (exponent != 0) & (exponent != ZERO_EXPONENT)
    if scaled.any():
        x = np.ldexp(x, np.where(scaled, -exponent, 0).astype(np.int64))
    w = stack_weight(weight, tile, absent, axis)
    total = fold(np.add, w, axis) if w is not None else float(x.shape[axis])
    d = spare[: x.size].reshape(x.shape)
    shift = _weighted_sum(x, w, absent, axis, d) / total
    shift = np.where(total == 0, 0.0, shift)
    np.subtract(x, shift, out=d)
    if absent is not None:
        d[absent] = 0.0
    products = d if w is None else d * w
    sums = fold(np.add, products, axis)
    squares = fold(np.add, np.multiply(products, d, out=d), axis)
    place = (tile.blocks, tile.columns)
    for target, value in zip(out, (total, exponent, shift, sums, squares, low, high), strict=True):
        target[place] = unstack(value, axis) if isinstance(value, np.ndarray) else value


def _exponents(low: Floats, high: Floats, extreme_weights: bool) -> Floats:
    """Return powers of two that keep squares normal: 0 almost always."""
    peak = np.maximum(np.abs(low), np.abs(high))
    _, exponent = np.frexp(peak)
    strange = (np.abs(exponent) > COMFORT) | extreme_weights
    exponent = np.where(strange, exponent, 0).astype(np.float64)
    return np.where(peak == 0, ZERO_EXPONENT, np.where(np.isfinite(peak), exponent, 0.0))


def _weighted_sum(
    x: Floats, w: Floats | None, absent: Array | None, axis: int, spare: Floats
) -> Floats:
    if w is None:
        return fold(np.add, x, axis)
    np.multiply(x, w, out=spare)
    if absent is not None:
        spare[absent] = 0.0
    return fold(np.add, spare, axis)
