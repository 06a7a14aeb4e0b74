"""Sorted columns, a few at a time, within a memory limit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..contract import Array, Floats
from .blocks import ROWS, visit


def sorted_columns(X: Array, memory: int) -> Iterator[tuple[slice, Floats]]:
    """Yield (columns, their values as sorted float64 rows), NaN last.

    The buffer takes at most `memory` bytes, or one column if that is more. Each yielded array
    is overwritten by the next.
    """
    n_rows, n_columns = X.shape
    width = max(1, min(n_columns, memory // max(1, 8 * n_rows)))
    buffer = np.empty((width, n_rows))
    for first in range(0, n_columns, width):
        columns = slice(first, min(first + width, n_columns))
        values = buffer[: columns.stop - columns.start]
        _transpose(X[:, columns], values)
        _sort(values)
        yield columns, values


def _transpose(part: Array, values: Floats) -> None:
    def work(rows: list[slice]) -> None:
        with np.errstate(all="ignore"):  # signaling NaN warn
            for r in rows:
                np.add(part[r].T, 0.0, out=values[:, r])  # turns -0.0 into 0.0

    step = max(ROWS, (1 << 17) // max(1, part.shape[1]))
    visit(work, [slice(i, i + step) for i in range(0, part.shape[0], step)], part.size)


def _sort(values: Floats) -> None:
    """Sort each row; a single long row is sorted in two halves, then merged."""

    def work(parts: list[Floats]) -> None:
        for part in parts:
            part.sort(axis=-1)

    n_columns, n_rows = values.shape
    if n_columns == 1:
        half = n_rows // 2
        if values.size > 1 << 19:
            visit(work, [values[0, :half], values[0, half:]], values.size)
            values[0].sort(kind="stable")
        else:
            work([values])
        return
    step = max(1, (1 << 16) // max(1, n_rows))
    visit(work, [values[i : i + step] for i in range(0, n_columns, step)], values.size)
