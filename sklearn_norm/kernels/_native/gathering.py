"""Members of sparse arrays, sorted by column."""

from __future__ import annotations

import numpy as np

from .. import _numpy
from ..contract import Array, Floats
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled


def gather_columns(
    values: Array, columns: Array, n_columns: int, weights: Floats | None = None
) -> tuple[Array, Array, Floats | None]:
    """Return the members sorted by column, the start of each column, and the weights."""
    if not is_native(values, columns) or columns.dtype.kind != "i":
        return _numpy.gather_columns(values, columns, n_columns, weights)
    out, starts = np.empty(values.shape, values.dtype), np.empty(n_columns + 1, np.int64)
    weights = None if weights is None else np.ascontiguousarray(weights, np.float64)
    gathered = None if weights is None else np.empty(values.shape)
    compiled.gather(values, columns, weights, out, gathered, starts, count_threads(values.size))
    return out, starts, gathered
