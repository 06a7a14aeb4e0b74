"""Arrays of more axes than two, or of one: read as rows, and given back in their own shape."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from .columns import Columns
from .table import Table


class Reshaped(Table):
    """A table whose rows are the members along the last axis of X, one after another.

    X of shape (batch, time, features) becomes batch * time rows. A result gets the shape of X. A
    series, or an array of one axis or of several, of one column alone becomes rows of one value.
    """

    __slots__ = ("original",)

    def __init__(
        self, values: Any, columns: Columns, given: Any, places: Any, original: tuple[int, ...]
    ) -> None:
        super().__init__(values, columns, given, places=places)
        self.original = original

    def weights(self, sample_weight: Any) -> Any:
        """Return a weight per row, of weights per member of the first axes or the first one."""
        given = np.asarray(sample_weight)
        lead = self.original[:-1]
        if given.shape == lead:
            return given.reshape(-1)
        if given.shape == lead[:1]:
            return np.repeat(given, self.n_rows // lead[0]) if lead[0] else given
        return sample_weight

    def back(self, estimator: Any, result: Any) -> Any:
        return result.reshape(self.original)

    def framed(self, result: Any, wanted: str) -> Any:
        return series_like(self.given, result.reshape(self.original))


MOST = 2**36  # members of an array that are taken one by one


def stack_of(X: Any) -> Any:
    """Return X as an array if it has more than two axes, else None."""
    if isinstance(X, (list, tuple)) or getattr(X, "ndim", 2) != 2:
        try:
            array = X if isinstance(X, np.ndarray) else np.asarray(X)
        except (TypeError, ValueError, OverflowError):
            return None  # scikit-learn's checks raise the error
        return array if array.ndim > 2 else None
    return None


def flattened(stack: Any) -> Any:
    """Return the members along the last axis as rows."""
    return stack.reshape(math.prod(stack.shape[:-1]), stack.shape[-1])


def rows_of(X: Any, wanted: Any, columns: Columns) -> tuple[Any, tuple[int, ...] | None]:
    """Return X as rows, and its shape if that is another.

    X may be a series, or hold one value per member for the one column that is `wanted`.
    """
    if is_series(X):
        return np.asarray(X.to_numpy())[:, None], X.shape
    one = wanted is not None and len(columns.wanted(wanted)) == 1
    array = np.asarray(X) if one and isinstance(X, (list, tuple)) else X
    flat = one and isinstance(array, np.ndarray) and array.ndim > 0 and array.size <= MOST
    if flat and (array.ndim == 1 or array.shape[-1] != 1):
        return array.reshape(array.size, 1), array.shape
    stack = stack_of(X)
    if stack is None:
        return X, None
    return flattened(stack), stack.shape


def named_as(series: Any, wanted: Any, columns: Columns) -> Any:
    """Return the column wanted of a series, whose name must not be that of another column."""
    name = series.name
    if wanted is None:
        return [name]
    known = columns.known()
    known = [] if known is None else list(known)
    if name is not None and name != "" and name in known:
        places = columns.places(columns.wanted(wanted))
        if len(places) == 1 and known[places[0]] != name:
            raise ValueError(
                f"X is a series named {name!r}, a column of the fit, but columns={wanted!r} asks "
                f"for {known[places[0]]!r}. Leave `columns` out, or rename the series."
            )
    return wanted


def is_series(X: Any) -> bool:
    """Whether X is a series of pandas or polars."""
    libraries = (sys.modules.get(name) for name in ("pandas", "polars"))
    return any(library is not None and isinstance(X, library.Series) for library in libraries)


def series_like(X: Any, values: Any) -> Any:
    """Return values as a series like X, with its name and index, or as they are."""
    pandas, polars = (sys.modules.get(name) for name in ("pandas", "polars"))
    if pandas is not None and isinstance(X, pandas.Series):
        return pandas.Series(values, index=X.index, name=X.name, copy=False)
    if polars is not None and isinstance(X, polars.Series):
        found = polars.Series(X.name, values)
        return found if not X.null_count() else found.set(X.is_null(), None)
    return values
