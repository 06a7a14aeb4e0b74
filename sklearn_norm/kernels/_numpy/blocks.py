"""Cut an array into cache-sized tiles, process them on threads, reduce along rows.

Every result is defined by blocks of `ROWS` rows and a fixed order of reduction inside each, so
its bits do not depend on the memory layout or on the number of columns or threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..contract import Array, Floats
from ..threads import count_threads

ROWS = 1024  # rows of a block: part of the definition of every folded sum
COLUMNS = 64  # columns of a tile: enough for long inner loops
GROUPS = (128, 16)  # distances of the rows summed in turn: part of that definition too
TILE = 1 << 16  # members of a tile: two float64 buffers of it fit a level-2 cache
SHORT = 128  # for shorter rows, one loop per row costs more than NumPy's buffer
BUFFER = 8192  # NumPy's default buffer size
SERIAL = 1 << 21  # below this many members, this backend uses one thread


class Tile(NamedTuple):
    """Some whole blocks of rows, and some columns, of an array."""

    rows: slice
    columns: slice
    blocks: slice  # the indices of the blocks among all blocks


def tiles(n_rows: int, n_columns: int, size: int = TILE) -> Iterator[Tile]:
    """Cover the array with tiles; the last block of rows may be a short one."""
    whole = n_rows // ROWS
    width = min(n_columns, COLUMNS)
    tall = max(1, size // (ROWS * max(width, 1)))
    spans = [(b, min(b + tall, whole)) for b in range(0, whole, tall)]
    if n_rows % ROWS:
        spans.append((whole, whole + 1))
    for first, last in spans:
        rows = slice(first * ROWS, min(last * ROWS, n_rows))
        for column in range(0, n_columns, max(width, 1)):
            yield Tile(rows, slice(column, min(column + width, n_columns)), slice(first, last))


def count_blocks(n_rows: int) -> int:
    return -(-n_rows // ROWS)


def is_row_major(X: Array) -> bool:
    """Whether neighbours in a row are neighbours in memory."""
    return abs(X.strides[1]) <= abs(X.strides[0])


def stack(X: Array, tile: Tile) -> tuple[Array, int]:
    """View a tile as stacked blocks; return it with the axis of the rows.

    The axes are (blocks, rows, columns) for row-major arrays, else (columns, blocks, rows).
    Splitting an axis never copies.
    """
    part = X[tile.rows, tile.columns]
    n_blocks = tile.blocks.stop - tile.blocks.start
    if is_row_major(X):
        return part.reshape(n_blocks, -1, part.shape[1]), 1
    return part.T.reshape(part.shape[1], n_blocks, -1), 2


def stack_weight(weight: Floats, tile: Tile, axis: int) -> Floats:
    """Return the row weights in a shape that broadcasts to the stack."""
    rows = weight[tile.rows].reshape(tile.blocks.stop - tile.blocks.start, -1)
    return rows[:, :, None] if axis == 1 else rows[None]


def unstack(folded: Array, axis: int) -> Array:
    """Reshape a reduced stack to (blocks, columns)."""
    flat = folded.squeeze(axis)
    return flat if axis == 1 else flat.T


def fold(ufunc: np.ufunc, block: Array, axis: int) -> Array:
    """Reduce an axis to length 1 in a fixed order: groups of rows in turn, then halves.

    With groups of g, rows i, i + g, i + 2 g, ... are reduced one after the other; then the g
    results in smaller groups, and the last few by a binary tree. The error of a sum stays
    small, and its bits do not depend on the layout, because the reduced axis is never the
    one with the smallest stride.
    """
    out = block
    for group in GROUPS:
        if out.shape[axis] > group:
            out = _in_turn(ufunc, out, axis, group)
    out = out.copy() if out is block else out
    size = out.shape[axis]
    while size > 1:
        half = 1 << ((size - 1).bit_length() - 1)
        near = out[_along(axis, 0, size - half)]
        ufunc(near, out[_along(axis, half, size)], out=near)
        size = half
    return out[_along(axis, 0, 1)]


def _in_turn(ufunc: np.ufunc, block: Array, axis: int, group: int) -> Array:
    """Reduce groups of rows one after the other, including a short last one."""
    size = block.shape[axis]
    whole = size // group * group
    shape = (*block.shape[:axis], whole // group, group, *block.shape[axis + 1 :])
    out: Array = ufunc.reduce(block[_along(axis, 0, whole)].reshape(shape), axis=axis)
    if whole < size:
        near = out[_along(axis, 0, size - whole)]
        ufunc(near, block[_along(axis, whole, size)], out=near)
    return out


def _along(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (slice(None),) * axis + (slice(start, stop),)


def extreme(ufunc: np.ufunc, block: Array, axis: int) -> Array:
    """Reduce an axis to length 1 by minimum or maximum, where the order does not matter."""
    if axis == 2 or block.shape[2] >= GROUPS[0] or block.shape[axis] < GROUPS[0]:
        return np.asarray(ufunc.reduce(block, axis=axis, keepdims=True))
    return fold(ufunc, block, axis)


def visit(work: Callable[[list[Any]], None], items: list[Any], n_members: int) -> None:
    """Call `work` on all items, split over threads if the array is large enough.

    The thread pool lives only for this call, so a later fork is safe. Workers write to separate
    places, so the order in which they finish does not matter.
    """
    n_threads = min(count_threads(n_members, SERIAL), len(items))
    if n_threads <= 1:
        work(items)
        return
    share = -(-len(items) // n_threads)
    shares = [items[i : i + share] for i in range(0, len(items), share)]
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, shares))


@contextmanager
def rows_of(length: int) -> Iterator[None]:
    """Make element-wise loops fast over a 2-D array with rows of that length.

    NumPy copies an operand that is broadcast along rows or columns through a buffer, which
    takes longer than the arithmetic, unless the buffer is no longer than a row.
    """
    if length < SHORT:
        yield
        return
    before = np.setbufsize(min(BUFFER, length // 16 * 16))
    try:
        yield
    finally:
        np.setbufsize(before)


def quiet(x: Array) -> Array:
    """Return members with quiet NaN: np.fmin may return NaN for a signaling one."""
    with np.errstate(all="ignore"):
        return np.asarray(x + x.dtype.type(0))


def as_float64(block: Array, buffer: Array) -> Array:
    """Return the block in float64 with ascending strides: itself, or a copy in the buffer.

    NumPy visits negative and zero strides in a different order, which would change the last
    bits of a sum.
    """
    plain = block.dtype == np.float64 and block.dtype.isnative and block.flags.aligned
    if plain and all(s > 0 for s, n in zip(block.strides, block.shape, strict=True) if n > 1):
        return block
    out = buffer[: block.size].reshape(block.shape)
    with np.errstate(all="ignore"):  # casting a signaling NaN warns
        np.copyto(out, block, casting="same_kind")
    return out
