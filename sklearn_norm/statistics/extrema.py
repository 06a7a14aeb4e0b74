"""Extrema: the smallest and the largest value of each column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.sparse import is_sparse
from ..records import refused, vector_faults
from .grouped import GroupedRows
from .record import Statistic
from .sparse import SparseColumns

HELD = 2.0**53 - 1  # up to here, floats hold all integers


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

    def merge(self, other: Any) -> Any:
        if isinstance(other, RoundedExtrema) and not isinstance(self, RoundedExtrema):
            return other.merge(self)
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


@dataclass(frozen=True, eq=False)
class RoundedExtrema(Extrema):
    """Extrema of which some are rounded, and by how much the exact ones are above the floats.

    So numbers of which the nearest floats are the same are told apart when batches are merged.
    """

    low_rest: Floats
    high_rest: Floats

    def merge(self, other: Any) -> Any:
        zero = np.zeros_like(self.weight)
        low_rest, high_rest = getattr(other, "low_rest", zero), getattr(other, "high_rest", zero)
        mine, same = self.low < other.low, self.low == other.low
        low = np.where(same, np.minimum(self.low_rest, low_rest), low_rest)
        low = np.where(mine, self.low_rest, low)
        mine, same = self.high > other.high, self.high == other.high
        high = np.where(same, np.maximum(self.high_rest, high_rest), high_rest)
        high = np.where(mine, self.high_rest, high)
        return type(self)(**self.with_extrema_of(other), low_rest=low, high_rest=high)

    @property
    def is_constant(self) -> npt.NDArray[np.bool_]:
        return np.asarray((self.low == self.high) & (self.low_rest == self.high_rest))

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, ("low_rest", "high_rest"), n_columns, finite=True)
        for end in ("low", "high"):
            found, rest = getattr(self, end), getattr(self, f"{end}_rest")
            held = ~((np.abs(found) >= HELD) & (np.abs(found) < np.inf))
            with np.errstate(all="ignore"):
                far = np.abs(rest) > np.where(held, 0.0, 4 * np.spacing(np.abs(found)))
            yield from refused(f"{end}_rest", rest, far)
        wrong = (self.low == self.high) & (self.low_rest > self.high_rest)
        yield from refused("low_rest", self.low_rest, wrong)


def faults_of_known(statistic: Statistic) -> Iterator[tuple[str, str]]:
    """Yield the extrema that are not finite where there are members."""
    for name in ("low", "high"):
        vector = getattr(statistic, name)
        yield from refused(name, vector, (statistic.weight > 0) & ~np.isfinite(vector))
