"""Members of sparse arrays, sorted by column."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from ..contract import Array, Floats


def gather_columns(
    values: Array, columns: Array, n_columns: int, weights: Floats | None = None
) -> tuple[Array, Array, Floats | None]:
    """Return the members sorted by column, the start of each column, and the weights.

    SciPy sorts them in linear time, as a CSR array of one row with repeated columns.
    """
    if columns.size and not 0 <= columns.min() <= columns.max() < n_columns:
        raise IndexError("a column is out of range")
    ends = np.array([0, columns.size], dtype=columns.dtype)

    def gathered(members: Array) -> sparse.csc_array:
        row = sparse.csr_array((members, columns, ends), shape=(1, n_columns))
        return row.tocsc()

    found = gathered(values)
    starts = found.indptr.astype(np.int64)
    return found.data, starts, None if weights is None else gathered(weights).data
