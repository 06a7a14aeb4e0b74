"""UnitScaler: the base of scalers that divide by a unit first, which may be learned."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np

from .._sklearn import Interval, StrOptions
from ..inputs.labelled import per_column
from ..inputs.table import Table
from ..kernels import Array, Floats
from ..statistics.moments import Moments
from ..statistics.record import Statistic
from ..statistics.units import InUnits, check_alike, kept, median_sizes
from .fitted import Fitted
from .scaler import Scaler

MEDIAN = "median"
# the constraint of the parameter `unit`
UNIT = [StrOptions({MEDIAN}), Interval(Real, 0, None, closed="neither"), "array-like", dict]


class UnitScaler(Scaler):
    """Base of scalers that divide each column by its unit before they apply a function.

    The parameter `unit` holds numbers, or "median": the median of the absolute values other than
    0 of the first batch of a column that has any, kept from then on. `_measure` asks `_units_of`
    for the units, and with "median" wraps its statistic by `InUnits.of`.
    """

    unit: Any

    def _learns_units(self) -> bool:
        return isinstance(self.unit, str)

    def _sized(self, X: Array) -> Array:
        """Return the members whose median may become a unit; others are NaN or 0."""
        return X

    def _units_of(self, X: Array, weight: Floats | None) -> Floats:
        """Return the units for a batch: given, known before, or learned; NaN where unknown."""
        size = X.shape[1]
        if not self._learns_units():
            return self._given_units(size)
        before = self._known.statistic
        known = np.full(size, np.nan) if before is None else before.unit
        return kept(known, median_sizes(self._sized(X), weight)) if np.isnan(known).any() else known

    def _given_units(self, size: int) -> Floats:
        unit = per_column(self.unit, "unit", size, self._known.columns)
        self._refuse("unit", unit, ~((unit > 0) & (unit < np.inf)), "it must be finite, above 0.")
        return unit

    def _in_units(self, statistic: Any) -> tuple[Floats, Any]:
        """Return the units of a statistic, 1 where they are unknown, and that of the members."""
        if isinstance(statistic, InUnits):
            return whole(statistic.unit), statistic.members
        return self._given_units(statistic.weight.size), statistic

    def _deviation(self, statistic: Any, moments: Moments) -> Floats:
        """Return the deviation of what members bend to; 0 where all members are equal.

        There, the moments may tell the roundings of a function: its last bits depend on the place
        of a member in memory, and on the version of NumPy.
        """
        deviation = moments.deviation(0)
        return np.where(self._alike(statistic), np.minimum(deviation, 0.0), deviation)

    def _refuse(self, name: str, numbers: Floats, wrong: Array, remedy: str) -> None:
        """Raise an error for the first column where a parameter is wrong."""
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(f"Column {self._label(at)!r} has {name}={numbers[at]}: {remedy}")

    def _label(self, column: int) -> Any:
        columns = self._known.columns
        return column if columns is None else columns.label(column)

    def _may_follow(self, before: Fitted, values: Any, table: Table) -> bool:
        """Whether a batch may wait: not if a unit is learned from it."""
        if not super()._may_follow(before, values, table):
            return False
        if not isinstance(before.statistic, InUnits):
            return True
        members = values[:, np.isnan(before.statistic.unit)]
        return not ((members != 0) & (members == members)).any()

    def _merged(self, mine: Any, theirs: Any) -> Statistic:
        if isinstance(mine, InUnits):
            check_alike(mine.unit, theirs.unit, self._label)  # by the names of the columns
        return super()._merged(mine, theirs)

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        fitted = self._fitted
        if fitted is None:
            return
        if isinstance(fitted.parameters["unit"], str) != isinstance(fitted.statistic, InUnits):
            yield "_statistic.kind", "does not fit the `unit`"

    @property
    def unit_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the unit."""
        fitted = self._present()
        if isinstance(fitted.statistic, InUnits):
            return fitted.statistic.unit
        unit: Floats | None = getattr(fitted.map.first, "unit", None)
        return unit


def whole(unit: Floats) -> Floats:
    """Return the units with 1 where none is known: of zeros alone, any is as good."""
    return np.where(np.isnan(unit), 1.0, unit)
