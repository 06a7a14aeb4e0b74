"""Power: the transformations of Box and Cox and of Yeo and Johnson."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..kernels import Floats, powers
from .chain import Bend


@dataclass(frozen=True, eq=False)
class Power(Bend):
    """The power of x / unit that makes a column normal, taken about a middle.

    Parameters
    ----------
    lambdas : ndarray of shape (n_columns,)
        The power λ of each column.
    unit : ndarray of shape (n_columns,)
        The divisors, above 0.
    middle : ndarray of shape (n_columns,)
        The number of each column that results are measured from; 0, or the unit of positive
        numbers, gives the plain formula.
    positive : bool
        Whether it is the transformation of Box and Cox, of positive numbers.
    """

    remedy: ClassVar[str] = (
        "Replace it, by NaN where it stands for a missing value. Box-Cox takes positive numbers "
        'only, and method="yeo-johnson" all numbers of which the power is a float.'
    )
    remedy_back: ClassVar[str] = (
        "The results of this power have a bound, and this is not inside. Clip it to the results of "
        "the data, or fit with a `lambda_range` of (0, 2), where there is no bound for "
        'method="yeo-johnson".'
    )

    lambdas: Floats
    unit: Floats
    middle: Floats
    positive: bool = False

    def __str__(self) -> str:
        name = "Box-Cox" if self.positive else "Yeo-Johnson"
        return f"{name} with the power {self.lambdas[0]} in units of {self.unit[0]}"

    def bend(self, x: Any) -> Any:
        """Apply the power to each member; NaN stays NaN."""
        return self._power().bend(x)

    def unbend(self, y: Any) -> Any:
        """Undo the power of each member."""
        return self._power().unbend(y)

    def plain(self) -> tuple[Floats, Floats]:
        """Return (factor, offset) that make the plain formula of what is taken about a middle."""
        with np.errstate(all="ignore"):
            return self._power().plain()

    def _power(self) -> powers.Power:
        return powers.Power(self.lambdas, self.unit, self.middle, self.positive)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field with an invalid value, and the reason."""
        yield from super().faults(n_columns)
        for name in ("lambdas", "unit", "middle"):
            vector = getattr(self, name)
            if not isinstance(vector, np.ndarray) or not np.isfinite(vector).all():
                yield name, "must hold finite numbers"
        if not (self.unit > 0).all():
            yield "unit", "must be above 0"
        if type(self.positive) is not bool:
            yield "positive", f"must be True or False, not {self.positive!r:.40}"
        elif self.positive and not (self.middle > 0).all():
            yield "middle", "must be above 0 for positive numbers"
