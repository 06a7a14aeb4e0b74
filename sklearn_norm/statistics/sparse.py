"""Sums and extrema of sparse columns: the stored members, and the zeros between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from ..kernels import Array, Floats


def is_sparse(X: Any) -> bool:
    return bool(sparse.issparse(X))


def canonical(X: Any) -> Any:
    """Return a CSR or CSC array with one stored member per place: X itself, or a copy."""
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def columns_of(X: Any) -> npt.NDArray[np.intp]:
    """Return the column of each stored member of a CSR or CSC array."""
    if X.format == "csr":
        return np.asarray(X.indices)
    return np.repeat(np.arange(X.shape[1]), np.diff(X.indptr))


@dataclass(frozen=True, eq=False)
class SparseColumns:
    """The present stored members of a CSR or CSC array, column after column.

    In both formats the members of a column come in the order of the rows, so sums
    over them have the same bits. `zero_weight` is the weight of the implicit zeros.
    """

    values: Floats
    column: npt.NDArray[np.intp]
    weights: Floats
    weight: Floats
    zero_weight: Floats

    @classmethod
    def of(cls, X: Array, weight: Floats | None) -> Self:
        members = canonical(sparse.csc_array(X))
        n_rows, n_columns = members.shape
        column = columns_of(members)
        values = members.data.astype(np.float64)
        row_weight = np.ones(n_rows) if weight is None else weight
        weights = row_weight[members.indices]
        stored = np.bincount(column, weights, n_columns)
        full = np.bincount(column, minlength=n_columns) == n_rows
        zero_weight = np.where(full, 0.0, np.maximum(row_weight.sum() - stored, 0.0))
        present = ~np.isnan(values)
        values, column, weights = values[present], column[present], weights[present]
        weight = np.asarray(np.bincount(column, weights, n_columns), dtype=np.float64)
        return cls(values, column, weights, weight, zero_weight)

    def sums(self, values: Floats) -> Floats:
        """Sum values, weighted, per column."""
        total = np.bincount(self.column, self.weights * values, self.weight.size)
        return np.asarray(total, dtype=np.float64)

    def extrema(self) -> tuple[Floats, Floats]:
        """Return the extrema with the implicit zeros; (inf, -inf) where nothing is present."""
        low = np.where(self.zero_weight > 0, 0.0, np.inf)
        high = np.where(self.zero_weight > 0, 0.0, -np.inf)
        filled, starts = np.unique(self.column, return_index=True)
        if filled.size:
            low[filled] = np.minimum(low[filled], np.minimum.reduceat(self.values, starts))
            high[filled] = np.maximum(high[filled], np.maximum.reduceat(self.values, starts))
        return low + 0.0, high + 0.0
