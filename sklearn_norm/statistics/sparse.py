"""Sums and extrema of sparse columns: stored members and implicit zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .. import kernels
from ..kernels import Array, Floats
from ..kernels import double_double as dd
from ..kernels.double_double import Double
from ..kernels.limbs import Cuts
from ..kernels.sparse import canonical


@dataclass(frozen=True, eq=False)
class SparseColumns:
    """The stored members of a CSR or CSC array, column by column.

    In both formats the members of a column are in row order. `starts` says where each
    column begins; `zero_weight` is the total weight of its implicit zeros, summed exactly, and
    `total`, with weights, that of all its members that are not NaN.
    """

    values: Array
    starts: npt.NDArray[np.int64]
    weights: Floats | None
    zero_weight: Double
    total: Floats | None

    @classmethod
    def of(cls, X: Any, weight: Floats | None) -> Self:
        X = canonical(X)
        n_rows, n_columns = X.shape
        weights = None if weight is None else _weight_of_members(X, weight)
        if X.format == "csc":
            values, starts = X.data, X.indptr.astype(np.int64)
        else:
            gathered = kernels.gather_columns(X.data, X.indices, n_columns, weights)
            values, starts, weights = gathered
        zeros = np.asarray(n_rows - np.diff(starts), dtype=np.float64)
        if weight is None or weights is None or not weight.size:
            return cls(values, starts, None, dd.exact(zeros), None)
        cuts = Cuts.of(weight)
        every, stored, absent = cuts.total(weight), cuts.of_segments(weights, starts), None
        missing = np.isnan(values)
        if missing.any():
            absent = cuts.of_segments(np.where(missing, weights, 0.0), starts)
        zero_weight = cuts.left(every, stored, n_columns)
        total = cuts.left(every, absent, n_columns).high
        return cls(values, starts, weights, zero_weight, total)

    def members(self, column: int) -> tuple[Array, Floats]:
        """Return the stored members of a column, and their weights."""
        assert self.weights is not None
        at = slice(self.starts[column], self.starts[column + 1])
        return self.values[at], self.weights[at]

    def extremes(self) -> tuple[Floats, Floats, Floats]:
        """Return present weight and extrema of each column, implicit zeros included."""
        found = kernels.segment_extremes(self.values, self.starts)
        zeros = self.zero_weight.high > 0
        low = np.where(zeros, np.minimum(found.low, 0.0), found.low)
        high = np.where(zeros, np.maximum(found.high, 0.0), found.high)
        total = found.weight + self.zero_weight.high if self.total is None else self.total
        return total, low, high


def _weight_of_members(X: Any, weight: Floats) -> Floats:
    """Return the row weight of each stored member."""
    if X.format == "csc":
        return np.asarray(weight[X.indices])
    return np.repeat(weight, np.diff(X.indptr))
