"""Sums and extrema of sparse columns: the stored members, and the zeros between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.sparse import canonical, columns_of


@dataclass(frozen=True, eq=False)
class SparseColumns:
    """The stored members of a CSR or CSC array, column after column.

    In both formats the members of a column come in the order of the rows. `starts` tells
    where each column begins, `zero_weight` the weight of its implicit zeros.
    """

    values: Array
    starts: npt.NDArray[np.int64]
    weights: Floats | None
    zero_weight: Floats

    @classmethod
    def of(cls, X: Array, weight: Floats | None) -> Self:
        members = canonical(sparse.csc_array(X))
        n_rows, n_columns = members.shape
        starts = members.indptr.astype(np.int64)
        stored = np.diff(starts)
        if weight is None:
            return cls(members.data, starts, None, np.asarray(n_rows - stored, dtype=np.float64))
        weights = weight[members.indices]
        held = np.bincount(columns_of(members), weights, n_columns)
        zero_weight = np.where(stored == n_rows, 0.0, np.maximum(weight.sum() - held, 0.0))
        return cls(members.data, starts, weights, zero_weight)

    def extremes(self) -> tuple[Floats, Floats, Floats]:
        """Return present weight and extrema, with the implicit zeros, of each column."""
        found = kernels.segment_extremes(self.values, self.starts)
        total = found.weight
        if self.weights is not None:
            column = np.repeat(np.arange(total.size), np.diff(self.starts))
            there = ~np.isnan(self.values)
            present = np.bincount(column[there], self.weights[there], total.size)
            total = np.asarray(present, dtype=np.float64)
        zeros = self.zero_weight > 0
        low = np.where(zeros, np.minimum(found.low, 0.0), found.low)
        high = np.where(zeros, np.maximum(found.high, 0.0), found.high)
        return total + self.zero_weight, low, high
