"""Sums and extrema of sparse columns: the stored members, and the zeros between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from .. import kernels
from ..kernels import Array, Floats


def is_sparse(X: Any) -> bool:
    return bool(sparse.issparse(X))


def check_parts(X: Any) -> None:
    """Refuse a CSR or CSC array of which SciPy, and kernels, would read beyond the memory."""
    outer, inner = X.shape if X.format == "csr" else X.shape[::-1]
    starts, places = X.indptr, X.indices
    fits = starts.shape == (outer + 1,) and starts[0] == 0 and bool(np.all(np.diff(starts) >= 0))
    fits = fits and (starts[-1],) == places.shape == X.data.shape
    if not fits or (places.size and not 0 <= places.min() <= places.max() < inner):
        raise ValueError(
            f"The parts of the sparse X do not form an array of shape {X.shape}: `indptr` must "
            f"rise from 0 to the size of `data`, and `indices` lie between 0 and {inner - 1}. "
            "Build X anew, and check it by X.check_format(full_check=True)."
        )


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
