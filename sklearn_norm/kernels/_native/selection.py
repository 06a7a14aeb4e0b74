"""Order statistics and summaries of columns, without sorting where possible."""

from __future__ import annotations

import numpy as np

from .. import _numpy
from .._numpy.selection import SHARE, select_sorted
from ..contract import Array, Floats, Selection, Thinning
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled

LEAST = 1 << 16  # with fewer rows, sorting is faster
CELLS = 1 << 15
SORTED = 1 << 20  # up to this size, the extension sorts arrays of few rows faster than NumPy
SAMPLE = 128, 1024, 8192  # one row in 128, but at least 1024 and at most 8192 rows
MEMORY = 1 << 23  # bytes for keys, in addition to a fifth of the input's size
FIELDS, REST = 5, 64  # found, weight, low, high, off
TOGETHER = 8  # columns that are read together


def select(X: Array, probabilities: Floats, thinning: Thinning) -> Selection:
    """Select by cells where the members spread well over them; sort the other columns."""
    n_rows, n_columns = X.shape
    if is_native(X) and n_rows < thinning.whole and 0 < X.size <= SORTED:
        values = np.empty((n_columns, n_rows))
        compiled.sort_columns(X, values, count_threads(X.size))
        return select_sorted(values, probabilities)
    if not is_native(X) or sorts(n_rows, thinning) or not n_columns:
        return _numpy.select(X, probabilities, thinning)
    selection = Selection.empty(n_columns, probabilities.size)
    width = _band(X)
    keys = np.empty((width, n_rows), dtype=np.uint16)
    rest = [
        first + column
        for first in range(0, n_columns, width)
        for column in _select(
            X, first, keys[: n_columns - first], selection, probabilities, thinning
        )
    ]
    del keys
    step = max(1, X.size // SHARE // (2 * n_rows))
    for first in range(0, len(rest), step):
        columns = rest[first : first + step]
        selection.fill(columns, _numpy.select(_columns(X, columns), probabilities, thinning))
    return selection


def sorts(n_rows: int, thinning: Thinning) -> bool:
    """Whether there are too few or too many rows for cells, or cells are too wide."""
    too_wide = thinning.tolerance * CELLS < 4
    return too_wide or n_rows < thinning.whole or not LEAST <= n_rows < 1 << 31


def _band(X: Array) -> int:
    """Return the number of columns whose keys are held at a time."""
    n_rows, n_columns = X.shape
    most = max(1, (MEMORY + int(X.nbytes) // SHARE) // (2 * n_rows))
    n_bands = -(-n_columns // most)
    even = -(-n_columns // n_bands)
    return int(min(-(-even // TOGETHER) * TOGETHER, most, n_columns))


def _columns(X: Array, columns: list[int]) -> Array:
    if columns[-1] - columns[0] == len(columns) - 1:
        return X[:, columns[0] : columns[-1] + 1]
    return X[:, columns]


def _select(
    X: Array,
    first: int,
    keys: Array,
    selection: Selection,
    probabilities: Floats,
    thinning: Thinning,
) -> list[int]:
    """Fill in a band of columns; return the indices in the band of those not found."""
    band = X[:, first : first + keys.shape[0]]
    sample = _sample(band)
    out = np.empty((keys.shape[0], FIELDS + 2 * probabilities.size))
    members = np.empty((keys.shape[0], thinning.most + REST))
    compiled.select(
        band,
        sample,
        sample.shape[1],
        np.ascontiguousarray(probabilities, dtype=np.float64),
        probabilities.size,
        keys,
        out,
        members,
        thinning.whole,
        thinning.most,
        thinning.tolerance,
        count_threads(band.size),
    )
    found = out[:, 0] == 1
    there = np.flatnonzero(found)
    fields = out[there].T
    below, above = np.split(fields[FIELDS:], 2)
    kept = [
        members[column, : thinning.count(int(size))]
        for column, size in zip(there.tolist(), fields[1].tolist(), strict=True)
    ]
    weight, low, high, off = fields[1:5]
    part = Selection(weight, low, high, below, above, kept, off)
    selection.fill((first + there).tolist(), part)
    return [int(column) for column in np.flatnonzero(~found)]


def _sample(X: Array) -> Floats:
    """Return a sorted sample of each column, one row from each stretch of rows, NaN last."""
    share, least, most = SAMPLE
    size = min(most, max(least, X.shape[0] // share))
    jitter = np.random.default_rng(0).random(size)
    rows = ((np.arange(size) + jitter) * (X.shape[0] / size)).astype(np.intp)
    sample = np.ascontiguousarray(X[np.minimum(rows, X.shape[0] - 1)].T, dtype=np.float64)
    sample.sort(axis=1)
    return sample
