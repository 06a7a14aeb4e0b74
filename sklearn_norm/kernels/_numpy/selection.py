"""Order statistics and summaries of columns, by sorting them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..contract import Array, Floats, Rows, Selection, Thinning
from .sorting import sorted_columns

MEMORY = 1 << 23  # bytes to sort at a time, or COLUMNS columns if that is more
COLUMNS = 4
SHARE = 5  # at most a fifth of the input's size, or one column


def select(X: Array, probabilities: Floats, thinning: Thinning) -> Selection:
    """Sort the columns: all at once if all members are kept, else a few at a time."""
    n_rows, n_columns = X.shape
    if not X.size:
        return Selection.empty(n_columns, probabilities.size)
    if n_rows < thinning.whole:
        ((_, values),) = sorted_columns(X, 8 * X.size)
        return select_sorted(values, probabilities)
    selection = Selection.empty(n_columns, probabilities.size)
    memory = min(X.size * 8 // SHARE, max(MEMORY, COLUMNS * 8 * n_rows))
    for columns, values in sorted_columns(X, memory):
        rows = Rows(values, _sizes(values))
        part = _selection(rows, probabilities, _kept(rows, thinning))
        selection.fill(list(range(columns.start, columns.stop)), part)
    return selection


def select_sorted(values: Floats, probabilities: Floats) -> Selection:
    """Select from columns given as sorted rows, NaN last; all members are kept."""
    rows = Rows(values, _sizes(values))
    return _selection(rows, probabilities, Rows.packed(rows.values, rows.counts))


def sorts(n_rows: int, thinning: Thinning) -> bool:
    """Whether the columns are sorted: always in this backend."""
    return True


def _selection(rows: Rows, probabilities: Floats, kept: Sequence[Floats]) -> Selection:
    weight = rows.counts.astype(np.float64)
    return Selection(weight, *_ordered(rows, probabilities), kept, np.zeros(weight.size))


def _sizes(values: Floats) -> npt.NDArray[np.intp]:
    """Count the present members of each row; NaN sort last."""
    sizes = np.full(values.shape[0], values.shape[1])
    lacks = np.isnan(values[:, -1])
    if lacks.any():
        sizes[lacks] = np.isnan(values).argmax(axis=1)[lacks]
    return sizes


def _ordered(rows: Rows, probabilities: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return low, high, below and above; the last member of an empty row is NaN."""
    sizes = rows.counts
    low, high = rows.values[:, 0], rows.values[np.arange(sizes.size), sizes - 1]
    if not sizes.all():
        low, high = np.where(sizes == 0, np.inf, low), np.where(sizes == 0, -np.inf, high)
    return low.copy(), high, *rows.around(probabilities)


def _kept(rows: Rows, thinning: Thinning) -> list[Floats]:
    """Return the members of each row that the thinning keeps."""
    members = [np.empty(0)] * len(rows)
    for size in np.unique(rows.counts).tolist():
        alike = np.flatnonzero(rows.counts == size)
        values = rows.values if alike.size == len(rows) else rows.values[alike]
        kept = values[:, thinning.ranks(size)]
        for row, part in zip(alike.tolist(), kept, strict=True):
            members[row] = part
    return members
