"""Order statistics and summaries of columns, by sorting them."""

from __future__ import annotations

import numpy as np

from ..contract import Array, Floats, Selection, Thinning
from .sorting import sorted_columns

MEMORY = 1 << 23  # bytes sorted at a time, as long as there are columns for every thread
COLUMNS = 4
SHARE = 5  # never more than a fifth of the input's size, or one column


def select(X: Array, probabilities: Floats, thinning: Thinning) -> Selection:
    """Sort the columns, a few at a time."""
    selection = Selection.empty(X.shape[1], probabilities.size)
    memory = min(X.size * 8 // SHARE, max(MEMORY, COLUMNS * 8 * X.shape[0]))
    for columns, values in sorted_columns(X, memory):
        sizes = _sizes(values)
        for size in np.unique(sizes):
            rows = np.flatnonzero(sizes == size)
            part = values if rows.size == sizes.size else values[rows]
            _take(selection, columns.start + rows, part, int(size), probabilities, thinning)
    return selection


def _sizes(values: Floats) -> Array:
    """Count what is present in each row: sorted, NaN comes last."""
    sizes = np.full(values.shape[0], values.shape[1])
    if values.shape[1]:
        for row in np.flatnonzero(np.isnan(values[:, -1])):
            sizes[row] = np.searchsorted(values[row], np.nan)
    return sizes


def _take(
    selection: Selection,
    columns: Array,
    values: Floats,
    size: int,
    probabilities: Floats,
    thinning: Thinning,
) -> None:
    """Fill in columns, all of the same number of present members, from their sorted rows."""
    selection.weight[columns] = size
    if not size:
        return
    selection.low[columns], selection.high[columns] = values[:, 0], values[:, size - 1]
    first = np.floor(probabilities * (size - 1)).astype(np.intp)
    selection.below[:, columns] = values[:, first].T
    selection.above[:, columns] = values[:, np.minimum(first + 1, size - 1)].T
    kept = values[:, thinning.ranks(size)]
    for column, members in zip(columns.tolist(), kept, strict=True):
        selection.members[column] = members
