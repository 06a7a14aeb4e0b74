"""Sums and extrema of sparse columns: stored members and implicit zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.sparse import canonical


@dataclass(frozen=True, eq=False)
class SparseColumns:
    """The stored members of a CSR or CSC array, column by column.

    In both formats the members of a column are in row order. `starts` says where each
    column begins; `zero_weight` is the total weight of its implicit zeros.
    """

    values: Array
    starts: npt.NDArray[np.int64]
    weights: Floats | None
    zero_weight: Floats

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
        stored = np.diff(starts)
        if weight is None or weights is None:
            return cls(values, starts, None, np.asarray(n_rows - stored, dtype=np.float64))
        column = np.repeat(np.arange(n_columns), stored)
        held = np.bincount(column, weights, n_columns)
        zero_weight = np.where(stored == n_rows, 0.0, np.maximum(weight.sum() - held, 0.0))
        return cls(values, starts, weights, zero_weight)

    def extremes(self) -> tuple[Floats, Floats, Floats]:
        """Return present weight and extrema of each column, implicit zeros included."""
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


def _weight_of_members(X: Any, weight: Floats) -> Floats:
    """Return the row weight of each stored member."""
    if X.format == "csc":
        return np.asarray(weight[X.indices])
    return np.repeat(weight, np.diff(X.indptr))
