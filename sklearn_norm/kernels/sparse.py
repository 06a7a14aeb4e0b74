"""Sparse arrays in the supported formats, CSR and CSC."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse


def is_sparse(X: Any) -> bool:
    return not isinstance(X, np.ndarray) and bool(sparse.issparse(X))


def check_parts(X: Any) -> None:
    """Refuse an invalid CSR or CSC array, with which code would read out of bounds."""
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
