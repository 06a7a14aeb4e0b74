"""Names for annotations only: what goes in and comes out unchanged in kind. Nothing is imported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:  # those that are not installed, or have no types, are Any
    import pandas as pd
    import polars as pl
    from scipy.sparse import csc_array, csc_matrix, csr_array, csr_matrix

    Dense = np.ndarray[Any, np.dtype[Any]]
    Sparse = TypeVar("Sparse", csr_array, csr_matrix, csc_array, csc_matrix)
    Labelled = TypeVar("Labelled", pd.DataFrame, pd.Series, pl.DataFrame, pl.Series)
else:
    Dense = Sparse = Labelled = Any
