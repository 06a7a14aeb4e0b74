"""Reading X: an array of numbers, or an error with scikit-learn's message."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from sklearn.utils import check_array

from .. import _sklearn
from ..kernels.sparse import check_parts, is_sparse
from .columns import Columns
from .fast_path import FLOATS, NUMBERS, plain_table
from .frames import container_of, narrow_float, readable, refuse_repeated
from .refused import explained, refuse_foreign
from .reshaped import Reshaped, flattened, stack_of
from .table import Table
from .times import refuse_times

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
    given, X = X, _listed(X)
    table = plain_table(X, columns, NUMBERS if "dtype" not in told else FLOATS)
    if table is not None:
        table.given = given
        return table
    container = container_of(X)
    stack = stack_of(X) if container == "default" else None
    if stack is not None:
        rows = flattened(stack)
        table = read_table(estimator, rows, columns, least_rows=least_rows, **told)
        return Reshaped(table.values, table.columns, given, None, stack.shape)
    X = admitted(X, container)
    checks = {"accept_sparse": ["csr", "csc"], "dtype": LISTED, **told}
    checks["dtype"] = narrow_float(X, container) or checks["dtype"]
    try:
        with np.errstate(all="ignore"):  # too large floats become inf
            values, names, width = _sklearn.validated(
                estimator,
                readable(X, container),
                reset=columns is None,
                width=None if columns is None else columns.number,
                names=None if columns is None else columns.names,
                ensure_all_finite=False,
                ensure_min_samples=least_rows,
                copy=False,
                **checks,
            )
    except (TypeError, ValueError, OverflowError) as error:
        told_better = error if columns is None else columns.explained(X, error)
        raise explained(X, told_better) from error
    if not isinstance(values, np.ndarray):
        check_parts(values)
    expected = width if columns is None else columns.number
    if expected is not None and expected != values.shape[1]:
        raise wrong_width(X, values)
    found = columns_of(X, container, names, values.shape[1], columns)
    return Table(values, found, given if isinstance(given, (list, tuple)) else X, container)


def columns_of(X: Any, container: str, names: Any, width: int, columns: Columns | None) -> Columns:
    """Return the columns of X, of which the names are known; those of the fit are compared."""
    if container == "pandas":
        return Columns.of_pandas(X) if columns is None else columns.found_in(X)
    return Columns(width, names) if columns is None else columns


def read_array(estimator: Any, X: Any, dtype: Any = None, **options: Any) -> Any:
    """Return X as an array with NaN for missing values; names are not checked.

    It is of one of the dtypes given, of floats for None.
    """
    X = _listed(X)
    container = container_of(X)
    X = admitted(X, container)
    try:
        with np.errstate(all="ignore"):
            values = check_array(
                readable(X, container),
                dtype=narrow_float(X, container) or dtype or OF_FLOATS,
                ensure_all_finite=False,
                copy=False,
                input_name="X",
                estimator=estimator,
                **options,
            )
    except (TypeError, ValueError, OverflowError) as error:
        raise explained(X, error) from error
    if is_sparse(values):
        check_parts(values)
    return values


def admitted(X: Any, container: str) -> Any:
    """Return X, or a table with its names; refuse what is no table of numbers."""
    if container == "default":
        refuse_foreign(X)
        refuse_repeated(X)
        arrow = sys.modules.get("pyarrow")
        return arrow.Table.from_batches([X]) if arrow and isinstance(X, arrow.RecordBatch) else X
    refuse_repeated(X)
    refuse_times(X, container=container)
    if container == "pandas" and X.shape[1] == 0:
        raise ValueError(f"X is a frame without columns: 0 feature(s) (shape={X.shape}).")
    return X


def _listed(X: Any) -> Any:
    """Return a list of numbers as an array, and anything else as it is."""
    if not isinstance(X, (list, tuple)):
        return X
    try:
        array = np.asarray(X)
    except (TypeError, ValueError, OverflowError):
        return X  # scikit-learn's checks raise the error
    return array if array.dtype.kind in "biuf" else X


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
