"""Scalers, and small tables that are exact in every dtype, for the tests of containers."""

from __future__ import annotations

from functools import partial

import laws
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

KINDS = [laws.kind_of(name) for name in laws.SCALERS]
DENSE = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])

# What makes zeros stay zeros, for scalers whose defaults move them
KEEPING = {
    "AsinhScaler": {"standardize": False},
    "RobustScaler": {"with_centering": False},
    "StandardScaler": {"with_mean": False},
    "ZScoreScaler": {"with_mean": False},
}
# What an error suggests to get there
REMEDY = {
    "LogScaler": 'kind="log1p" or "asinh" with `standardize=False`',
    "BatchStatsScaler": r"ZScoreScaler\(with_mean=False\)",
    "MinMaxScaler": "`feature_range` and `data_range`",
    "PowerScaler": "pass a dense array",
    "RobustScaler": "`with_centering=False`",
    "SquashScaler": "pass a dense array",
    "StandardScaler": "`with_mean=False`",
    "ZScoreScaler": "`with_mean=False`",
}
MAKERS = [partial(k, **KEEPING.get(k.__name__, {})) for k in KINDS]
SPARSE = pytest.mark.parametrize(
    "make",
    [make for make in MAKERS if make().__sklearn_tags__().input_tags.sparse],
    ids=lambda make: make.func.__name__,
)
FORMATS = pytest.mark.parametrize(
    "container",
    [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix],
    ids=lambda container: container.__name__,
)

# Quarters are exact in float16 as well
X = np.array([[1.0, -8.0, 0.0], [2.5, 4.0, 3.0], [4.25, 0.0, np.nan], [7.0, 12.0, 8.0]])
FILLED = np.nan_to_num(X, nan=5.0)
# Every column has zeros and nothing below, so that MinMaxScaler maps 0 to 0
COUNTS = np.array([[0.0, 3.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 5.0], [6.0, 8.0, 0.0]])
INDEX = [30, 10, 40, 20]
NAMES = ["height", "weight", "age"]


def frame(values=X, index=INDEX):
    return pd.DataFrame(values, columns=NAMES, index=index)


def expected(kind, values=X):
    """Return the results for plain float64 arrays, to which the others are compared."""
    return kind().fit_transform(np.array(values, dtype=np.float64))
