"""Units: a typical size of each column, learned from the first batch and kept from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from ..kernels import Array, Floats
from ..kernels.sparse import is_sparse
from ..records import refused, vector_faults
from .quantiles import Quantiles
from .record import Statistic
from .sparse import SparseColumns

MEDIAN = (0.5,)


@dataclass(frozen=True, eq=False)
class InUnits(Statistic):
    """The statistic of a function of members that were divided by a unit of their column.

    The unit is NaN where none is known yet: a column without members, or of zeros alone, which are
    zeros in any unit.
    """

    unit: Floats
    members: Statistic

    @classmethod
    def of(cls, members: Statistic, unit: Floats) -> Self:
        return cls(members.weight, members.low, members.high, unit, members)

    def merge(self, other: Self) -> Self:
        check_alike(self.unit, other.unit)
        return self.of(self.members.merge(other.members), kept(self.unit, other.unit))

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, ("unit",), n_columns)
        yield from refused("unit", self.unit, (self.unit <= 0) | np.isinf(self.unit))
        if not isinstance(self.members, Statistic):
            yield "members", f"must be a statistic, not {type(self.members).__name__}"
        yield from ((f"members.{name}", why) for name, why in self.members.faults(n_columns))
        for name in ("weight", "low", "high"):
            own, vector = getattr(self, name), getattr(self.members, name)
            yield from refused(name, own, own != vector)
        unknown, zeros = np.isnan(self.unit), (self.low == 0) & (self.high == 0)
        yield from refused("unit", self.unit, unknown & (self.weight > 0) & ~zeros)


def check_alike(unit: Floats, other: Floats, label: Callable[[int], Any] = int) -> None:
    """Refuse two units of a column that are both known and differ."""
    apart = np.flatnonzero((unit != other) & ~np.isnan(unit) & ~np.isnan(other))
    if apart.size:
        at = int(apart[0])
        raise ValueError(
            f"Cannot merge: column {label(at)!r} was measured in units of {unit[at]} and of "
            f"{other[at]}, each the median of its own first batch. Give all parts the same "
            "`unit`, such as the `unit_` of one, and fit them again."
        )


def kept(unit: Floats, other: Floats) -> Floats:
    """Return the units of two parts together: those that are known."""
    return np.where(np.isnan(unit), other, unit)


def median_sizes(X: Array, weight: Floats | None) -> Floats:
    """Return the median of the absolute values other than 0 of each column; NaN without any."""
    if not is_sparse(X):
        return _medians(X, weight)
    columns, found = SparseColumns.of(X, weight), np.full(X.shape[1], np.nan)
    for at in range(X.shape[1]):
        part = slice(columns.starts[at], columns.starts[at + 1])
        of_members = None if columns.weights is None else columns.weights[part]
        found[at] = _medians(columns.values[part][:, None], of_members)[0]
    return found


def _medians(X: Array, weight: Floats | None) -> Floats:
    with np.errstate(invalid="ignore"):  # casting a signaling NaN warns
        size = np.abs(X.astype(np.float64))
    size[(size == 0) | np.isinf(size)] = np.nan  # infinity is refused by who measures the rest
    median = Quantiles.measure(size, weight, probabilities=MEDIAN).quantile(MEDIAN[0])
    return np.asarray(median)
