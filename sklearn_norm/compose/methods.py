"""Methods: by name, the scaler whose statistics and map are taken for each column of members."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..estimators.fitted import Fitted
from ..estimators.scaler import Scaler
from ..inputs import parameters
from ..inputs.columns import Columns
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..scalers.max_abs import MaxAbsScaler
from ..scalers.minmax import MinMaxScaler
from ..scalers.robust import RobustScaler
from ..scalers.zscore import ZScoreScaler
from ..statistics.given import Given
from ..statistics.moments import Moments
from ..statistics.quantiles import Quantiles


class PercentileScaler(RobustScaler):
    """Map the percentiles of `quantile_range` to the ends of a range."""

    def __init__(
        self,
        *,
        feature_range: tuple[float, float] = (0.0, 1.0),
        quantile_range: tuple[float, float] = (25.0, 75.0),
    ) -> None:
        super().__init__(quantile_range=quantile_range)
        self.feature_range = feature_range

    def _rule(self, statistic: Quantiles | Given) -> Affine:
        lower, upper = (np.full(statistic.weight.size, float(v)) for v in self.feature_range)
        if isinstance(statistic, Given):
            center, scale = statistic.center, statistic.scale
            return Affine.of(center=center, scale=scale, lower=lower, upper=upper)
        asked = self._probabilities(self.quantile_range)
        low, high, _ = self._range(statistic, asked, statistic.quantiles(asked))
        return Affine.onto(low, high, lower, upper)


class MeanAbsScaler(Scaler):
    """Divide by the mean of the absolute values."""

    def __init__(self, *, copy: bool = True) -> None:
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Moments:
        return Moments.measure(np.abs(X), weight)

    def _rule(self, statistic: Moments) -> Affine:
        return Affine.of(scale=statistic.mean)


class Method(NamedTuple):
    """A scaler of columns, and which parameters it takes from the estimator that uses it."""

    kind: type[Scaler]
    takes: tuple[str, ...] = ()

    def scaler(self, given: dict[str, Any], n_columns: int, names: Any = None) -> Any:
        """Return the scaler of this many columns; it has measured nothing yet."""
        scaler = self.kind(**{name: given[name] for name in self.takes})
        draft = Fitted(Columns(n_columns, names), None, parameters.told(scaler))
        return scaler._with_fitted(draft)


STANDARD = Method(ZScoreScaler, ("ddof",))
MINMAX = Method(MinMaxScaler, ("feature_range",))
ROBUST = Method(RobustScaler, ("quantile_range",))
PERCENTILE = Method(PercentileScaler, ("feature_range", "quantile_range"))
MEAN_ABS = Method(MeanAbsScaler)
MAX_ABS = Method(MaxAbsScaler)
