"""The fast path: plain arrays and frames that need no validation by scikit-learn.

It makes all the checks of the full validation, by cheap comparisons of the type, the dtype, the
width and the names. If one of them fails, the result is None, and scikit-learn's validation
runs and raises its own errors and warnings.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..kernels import Array
from .columns import Columns
from .table import Table

FLOATS = frozenset(map(np.dtype, "efd"))  # native byte order only
INTEGERS = frozenset(map(np.dtype, "bBhHiIlLqQ"))
NUMBERS = FLOATS | INTEGERS | {np.dtype(bool)}  # dtypes that kernels read without conversion


def is_plain(X: Any, width: int) -> bool:
    """Whether X is a float array with at least one row and `width` columns."""
    return (
        type(X) is np.ndarray
        and X.dtype in FLOATS
        and X.ndim == 2
        and X.shape[1] == width
        and X.shape[0] > 0
    )


def plain_table(X: Any, columns: Columns | None, numbers: frozenset[Any] = NUMBERS) -> Table | None:
    """Return the table of X, or None if X needs the full validation.

    `columns` are those of the fit, None before it; `numbers` are the dtypes that need no
    conversion.
    """
    if type(X) is np.ndarray:
        if X.dtype in numbers and X.ndim == 2 and X.shape[0] > 0:
            if columns is None:
                return Table(X, Columns(X.shape[1]), X) if X.shape[1] > 0 else None
            if columns.names is None and X.shape[1] == columns.number:
                return Table(X, columns, X)
        return None
    pandas = sys.modules.get("pandas")
    if pandas is None or type(X) is not pandas.DataFrame:
        return None
    return _plain_frame(X, columns, numbers)


def _plain_frame(X: Any, columns: Columns | None, numbers: frozenset[Any]) -> Table | None:
    index = X.columns
    known = index.is_unique if columns is None else columns.has(index)
    if not known:
        return None
    values = _values_of(X, numbers)
    if values is None or values.ndim != 2 or values.shape[0] == 0 or values.shape[1] == 0:
        return None
    if columns is None:
        columns = Columns.of_pandas(X)
    return Table(values, columns, X, "pandas")


def _values_of(X: Any, numbers: frozenset[Any]) -> Array | None:
    """Return the values of a frame of floats or of one integer dtype, else None."""
    kinds = set(X.dtypes)
    of_one_kind = len(kinds) == 1 and INTEGERS.issuperset(kinds)
    if FLOATS.issuperset(kinds) or (of_one_kind and numbers.issuperset(kinds)):
        with np.errstate(all="ignore"):  # casting a signaling NaN warns
            values: Array = X.to_numpy()
        return values if values.dtype in numbers else None
    return None
