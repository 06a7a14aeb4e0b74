"""Extrema, present weight and the search for infinities, in one pass each."""

from __future__ import annotations

import numpy as np

from ..contract import Array, Extremes, Floats
from ..limbs import present_weight
from .blocks import (
    COLUMNS,
    TILE,
    as_float64,
    extreme,
    is_row_major,
    quiet,
    visit,
)


def extremes(X: Array, weight: Floats | None) -> Extremes:
    """Return the extrema and the total present weight of each column."""
    n_rows, n_columns = X.shape
    low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
    absent = np.zeros(n_columns, dtype=np.int64)
    converted = np.empty(min(TILE, X.size))
    for rows, columns in _squares(n_rows, n_columns, is_row_major(X)):
        part = X[rows, columns]
        x, axis = (part[None], 1) if is_row_major(X) else (part.T[:, None], 2)
        x = as_float64(x, converted)
        near, far = extreme(np.minimum, x, axis), extreme(np.maximum, x, axis)
        if np.isnan(near).any():
            absent[columns] += np.isnan(x).sum(axis=axis).ravel()
            x = quiet(x)
            near, far = extreme(np.fmin, x, axis), extreme(np.fmax, x, axis)
        low[columns] = np.fmin(low[columns], near.ravel())
        high[columns] = np.fmax(high[columns], far.ravel())
    if weight is None:
        total = (n_rows - absent).astype(np.float64)
    else:
        total = present_weight(X, weight, absent)
    return Extremes(total, low + 0.0, high + 0.0)  # turns -0.0 into 0.0


def _squares(n_rows: int, n_columns: int, row_major: bool) -> list[tuple[slice, slice]]:
    """Cover the array with tiles that are long in memory; extrema need no fixed order."""
    if row_major:
        width = max(1, min(n_columns, 64 * COLUMNS))
        height = max(1, TILE // width)
    else:
        height = max(1, min(n_rows, 64 * COLUMNS))
        width = max(1, TILE // height)
    return [
        (slice(r, min(r + height, n_rows)), slice(c, min(c + width, n_columns)))
        for r in range(0, n_rows, height)
        for c in range(0, n_columns, width)
    ]


def has_infinity(X: Array) -> bool:
    """Whether any member is infinite: sums each tile, and searches it if the sum is not finite."""
    found: list[bool] = []
    n_rows, n_columns = X.shape
    row_major = is_row_major(X)

    def work(parts: list[Array]) -> None:
        with np.errstate(all="ignore"):
            for part in parts:
                total = np.add.reduce(part if row_major else part.T, axis=None)
                if not np.isfinite(total) and np.isinf(part).any():
                    found.append(True)
                    return

    visit(work, [X[tile] for tile in _squares(n_rows, n_columns, row_major)], X.size)
    return bool(found)
