"""Table: X as it was read, and how to return a result in the container of X."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import _sklearn
from ..kernels.sparse import columns_of, is_sparse
from .columns import Columns
from .frames import framed, has_nulls, is_pandas, may_write


class Table:
    """Values by column, the names of the columns, and the original container.

    A map is applied to the values through the table, which knows their layout: here a column
    of the map belongs to a column of the table, in a subclass to a channel of a tensor.

    Parameters
    ----------
    values : ndarray or sparse array of shape (n_rows, n_columns)
        Floats, or unconverted integers.
    columns : Columns
        The columns.
    given : object
        X as the caller passed it.
    container : {"default", "pandas", "polars"}
        The kind of frame that X is.
    places : ndarray of int, default=None
        The indices of the columns in the values; None means all.
    """

    __slots__ = ("columns", "container", "given", "places", "values")

    kind_of_column = "column"
    shape: tuple[int, ...] | None = None  # of a sample, if samples are tensors

    def __init__(
        self,
        values: Any,
        columns: Columns,
        given: Any,
        container: str = "default",
        places: Any = None,
    ) -> None:
        self.values = values
        self.columns = columns
        self.given = given
        self.container = container
        self.places = places

    def weights(self, sample_weight: Any) -> Any:
        """Return the weights, one for each row."""
        return sample_weight

    @property
    def n_rows(self) -> int:
        return int(self.values.shape[0])

    def label(self, column: int) -> Any:
        """Return the name of a column of the statistic, or its index."""
        return self.columns.label(column if self.places is None else int(self.places[column]))

    def mapped(self, mapping: Any, out: Any, **options: Any) -> Any:
        """Return the mapped values; None if `look` is set and a value is infinite."""
        return mapping.apply(self.values, out, **options)

    def inverted(self, mapping: Any, out: Any, **options: Any) -> Any:
        """Return the values mapped by the inverse, as in `mapped`."""
        return mapping.invert(self.values, out, **options)

    def room(self, keep: bool) -> Any:
        """Return the caller's array to write the result to; None if it must not be changed."""
        values = self.values
        if keep or (values.dtype.kind != "f") or not may_write(self.given, values):
            return None
        return values

    def refuse_infinite(self, values: Any = None) -> None:
        """Raise the error for the first column with infinity, in all rows or those given."""
        values = self.values if values is None else values
        if is_sparse(values):
            columns = np.sort(columns_of(values)[np.isinf(values.data)])
        else:
            columns = np.flatnonzero(np.isinf(values).any(axis=0))
        self.refuse_infinity(int(first_of(columns)))

    def refuse_infinity(self, column: int) -> None:
        """Raise the error for an infinite value in a column."""
        raise ValueError(
            f"Input X contains infinity or a value too large for {self.values.dtype!r}, in "
            f"{self.kind_of_column} {self.label(column)!r}. Replace it, by NaN where it stands for "
            "a missing value."
        )

    def back(self, estimator: Any, result: Any) -> Any:
        """Return a result of `transform` in the container that set_output asks for."""
        wanted = _sklearn.asked_container(estimator)
        if wanted == "default":
            return result
        plain = isinstance(result, np.ndarray) and _sklearn.keeps_names(estimator)
        if wanted == "pandas" and plain and is_pandas(self.given):
            return framed(result, wanted, self.columns.index(), like=self.given)
        if wanted == "polars" and has_nulls(self.given):
            return framed(result, wanted, self.columns.listed(), like=self.given)
        return _sklearn.wrapped(estimator, result, self.given)

    def framed(self, result: Any, wanted: str) -> Any:
        """Return a result of `inverse_transform` in the wanted container."""
        if wanted == "default":
            return result
        if self.columns.names is None and self.container != "default":
            names = self.given.columns  # as in X, strings or not
        else:
            names = self.columns.listed()
            names = names if self.places is None else names[self.places]
        return framed(result, wanted, names, like=self.given)


def first_of(places: Any) -> Any:
    """Return the first place of infinity, which was there when X was read."""
    if not len(places):
        raise ValueError(
            "Input X contained infinity, and does not any more: it was changed while it was read, "
            "as by another thread. Pass a copy."
        )
    return places[0]
