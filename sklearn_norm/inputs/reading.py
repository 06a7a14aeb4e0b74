"""Reading X: an array of numbers, or an error with scikit-learn's message."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import check_array

from .. import _sklearn
from ..kernels.sparse import check_parts, is_sparse
from .columns import Columns
from .fast_path import FLOATS, NUMBERS, plain_table
from .frames import container_of, narrow_float, readable
from .table import Table

OF_FLOATS = [np.float64, np.float32, np.float16]
LISTED = [*OF_FLOATS, *(np.dtype(code) for code in "?bBhHiIlLqQ")]  # kernels read integers directly


def read_table(
    estimator: Any, X: Any, columns: Columns | None, *, least_rows: int = 1, **told: Any
) -> Table:
    """Read X once: floats, or integers as they are.

    Parameters
    ----------
    estimator : object
        The estimator that scikit-learn's messages name.
    X : object
        The data.
    columns : Columns or None
        The columns of the fit, which X must have. None accepts those of X.
    least_rows : int
        The least number of rows.
    **told : dict
        More options of scikit-learn's validation.
    """
    table = plain_table(X, columns, NUMBERS if "dtype" not in told else FLOATS)
    if table is not None:
        return table
    container = container_of(X)
    checks = {"accept_sparse": ["csr", "csc"], "dtype": LISTED, **told}
    checks["dtype"] = narrow_float(X, container) or checks["dtype"]
    given = readable(X, container)
    with _sklearn.reading():
        values, names, width = _sklearn.validated(
            estimator,
            given,
            reset=columns is None,
            width=None if columns is None else columns.number,
            names=None if columns is None else columns.names,
            ensure_all_finite=False,
            ensure_min_samples=least_rows,
            copy=False,
            **checks,
        )
    if not isinstance(values, np.ndarray):
        check_parts(values)
    found = Columns(values.shape[1], names) if columns is None else columns
    expected = width if columns is None else columns.number
    if expected is not None and expected != values.shape[1]:
        raise wrong_width(X, values)
    if container == "pandas" and found.names is not None and _sklearn.feature_names(X) is not None:
        found.remember(X.columns)
    return Table(values, found, X, container)


def read_array(estimator: Any, X: Any, **options: Any) -> Any:
    """Return X as a float array with NaN for missing values; names are not checked."""
    container = container_of(X)
    with _sklearn.reading():
        values = check_array(
            readable(X, container),
            dtype=narrow_float(X, container) or OF_FLOATS,
            ensure_all_finite=False,
            copy=False,
            input_name="X",
            estimator=estimator,
            **options,
        )
    if is_sparse(values):
        check_parts(values)
    return values


def shape_of(X: Any) -> tuple[Any, ...]:
    """Return the shape of an array, a frame or an array-like; () if it forms no array."""
    shape = getattr(X, "shape", None)
    try:
        return shape if isinstance(shape, tuple) else np.asarray(X).shape
    except (TypeError, ValueError, OverflowError):
        return ()  # scikit-learn's checks raise the error


def n_axes(X: Any) -> int:
    return len(shape_of(X))


def wrong_width(X: Any, values: Any) -> ValueError:
    """Return the error of X whose array has another width than its attribute `shape`."""
    return ValueError(
        f"X becomes an array of shape {values.shape}, but its attribute `shape` is "
        f"{getattr(X, 'shape', None)}. Pass the array."
    )
