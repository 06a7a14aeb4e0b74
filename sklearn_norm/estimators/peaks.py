"""PeakScaler: the base of scalers that divide by what follows from the largest absolute value."""

from __future__ import annotations

from typing import Any, Self

from ..inputs.summaries import Summary
from ..kernels import Array, Floats
from ..statistics.extrema import Extrema
from ..statistics.given import UncountedExtrema
from .scaler import Scaler


class PeakScaler(Scaler):
    """Base of scalers that need only the largest absolute value of each feature."""

    _statistics = (Extrema, UncountedExtrema)

    def _measure(self, X: Array, weight: Floats | None) -> Extrema:
        return Extrema.measure(X, weight)

    @classmethod
    def _of_peaks(
        cls, max_abs: Any, n_samples: Any, feature_names: Any, params: dict[str, Any]
    ) -> Self:
        """Build a fitted scaler from known absolute maxima; without a count it only serves."""
        scaler = cls._unfitted(params)
        told = Summary.read(feature_names, ("n_samples",), max_abs=max_abs, n_samples=n_samples)
        weight, peak = told.weight("n_samples"), told["max_abs"]
        told.refuse("max_abs", peak < 0, "an absolute value is at least 0.")
        kind = Extrema if n_samples is not None else UncountedExtrema
        return scaler._built(kind.known(-peak, peak, weight), told.names)

    @property
    def max_abs_(self) -> Floats:
        """Ndarray of shape (n_features,): the largest absolute value."""
        return self._seen().max_abs  # type: ignore[no-any-return]
