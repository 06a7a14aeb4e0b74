"""Extrema: the smallest and the largest value of each column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.sparse import is_sparse
from ..records import refused
from .grouped import GroupedRows
from .record import Statistic
from .sparse import SparseColumns


@dataclass(frozen=True, eq=False)
class Extrema(Statistic):
    """Present weight, smallest and largest member."""

    @classmethod
    def measure(cls, X: Array, weight: Floats | None = None) -> Self:
        """Measure each column; NaN is absent."""
        if isinstance(X, GroupedRows):
            return cls(*X.extremes(weight))
        if not is_sparse(X):
            return cls(*kernels.extremes(X, weight))
        return cls(*SparseColumns.of(X, weight).extremes())

    @classmethod
    def known(cls, low: Floats, high: Floats, weight: Floats) -> Self:
        """Return a record built from known extrema; columns of weight 0 hold no members."""
        none = weight == 0
        low, high = np.where(none, np.inf, low + 0.0), np.where(none, -np.inf, high + 0.0)
        return cls(weight, low, high)

    def merge(self, other: Self) -> Self:
        return type(self)(**self.with_extrema_of(other))

    def moved(self, by: Floats) -> Self:
        return self.replaced(low=self.low + by, high=self.high + by)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from faults_of_known(self)

    @property
    def max_abs(self) -> Floats:
        """The largest absolute value; NaN where nothing is present."""
        peak = np.maximum(np.abs(self.low), np.abs(self.high))
        return np.where(self.weight == 0, np.nan, peak)


def faults_of_known(statistic: Statistic) -> Iterator[tuple[str, str]]:
    """Yield the extrema that are not finite where there are members."""
    for name in ("low", "high"):
        vector = getattr(statistic, name)
        yield from refused(name, vector, (statistic.weight > 0) & ~np.isfinite(vector))
