"""Known statistics that cannot grow: a center and a scale, or statistics without a count."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from ..kernels import Floats
from ..records import refused, vector_faults
from .extrema import Extrema
from .moments import Moments
from .record import Statistic
from .running import Running


@dataclass(frozen=True, eq=False)
class Given(Statistic):
    """Center and scale of each column; weight 1 means some data, 0 means no data."""

    grows: ClassVar[bool] = False
    made_of: ClassVar[str] = "a center and a scale"
    remedy: ClassVar[str] = "fit one to all data"

    center: Floats
    scale: Floats

    @classmethod
    def of(cls, center: Floats, scale: Floats, there: Floats) -> Self:
        """Return columns whose members are unknown; where `there` is False, there are none."""
        high = np.where(there, np.inf, -np.inf)
        return cls(np.where(there, 1.0, 0.0), -high, high, center, scale)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, ("center", "scale"), n_columns)
        there = self.weight > 0
        yield from refused("weight", self.weight, there & (self.weight != 1))
        yield from refused("low", self.low, there & (self.low != -np.inf))
        yield from refused("high", self.high, there & (self.high != np.inf))
        for name in ("center", "scale"):
            vector = getattr(self, name)
            yield from refused(name, vector, np.isinf(vector))
            if not np.isnan(vector).all():  # a vector that was not needed
                yield from refused(name, vector, there & np.isnan(vector))
            yield from refused(name, vector, ~there & ~np.isnan(vector))
        yield from refused("scale", self.scale, self.scale <= 0)

    def merge(self, other: Self) -> Self:
        raise ValueError("Nothing can be added to a center and a scale alone.")


class Uncounted:
    """What statistics without a count have in common. Where they hold data, the weight is 2."""

    grows: ClassVar[bool] = False
    made_of: ClassVar[str] = "statistics without a count"
    remedy: ClassVar[str] = "give from_stats the count"


class UncountedMoments(Uncounted, Moments):
    """A mean and a variance of unknown weight."""


class UncountedExtrema(Uncounted, Extrema):
    """Extrema of unknown weight."""


class UncountedRunning(Uncounted, Running):
    """Running averages of an unknown number of batches."""
