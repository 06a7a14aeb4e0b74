"""PeakScaler: the base of scalers that divide by what follows from the largest absolute value."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from ..inputs.arguments import truth
from ..inputs.ends import HELD, ends_of
from ..inputs.origin import reaches_beyond
from ..inputs.summaries import Summary
from ..inputs.table import Table
from ..interop.sklearn import Peer, rows_of
from ..kernels import Array, Floats
from ..statistics.extrema import Extrema, RoundedExtrema
from ..statistics.given import UncountedExtrema
from .scaler import Scaler


class PeakScaler(Scaler):
    """Base of scalers that need only the largest absolute value of each feature."""

    _statistics = (Extrema, RoundedExtrema, UncountedExtrema)

    clip: bool
    copy: bool

    def _measure(self, X: Array, weight: Floats | None) -> Extrema:
        return Extrema.measure(X, weight)

    def _clips(self) -> bool:
        return truth(self.clip, "clip")

    def _finite(self, statistic: Any, table: Table) -> Any:
        """Return the extrema; those beyond 2**53 as floats that stand for the exact numbers."""
        found = super()._finite(statistic, table)
        peak = max(found.high.max(initial=0.0), -found.low.min(initial=0.0))
        if not HELD < peak < np.inf and peak == peak:
            return found
        low, high, *rests = ends_of(table, found.low, found.high, self._float_of)
        if not np.any(rests):
            return found.replaced(low=low, high=high)
        return RoundedExtrema(found.weight, low, high, *rests)

    def _float_of(self, number: Any) -> float:
        """Return the float that stands for an exact number."""
        return float(number)

    def _may_follow(self, before: Any, values: Any, table: Table) -> bool:
        return super()._may_follow(before, values, table) and not reaches_beyond(table, values)

    @classmethod
    def _of_peaks(
        cls, max_abs: Any, n_samples: Any, feature_names: Any, params: dict[str, Any]
    ) -> Self:
        """Build a fitted scaler from known absolute maxima; without a count it only serves."""
        scaler = cls._unfitted(params)
        told = Summary.read(feature_names, ("n_samples",), max_abs=max_abs, n_samples=n_samples)
        weight, peak = told.weight("n_samples"), told["max_abs"]
        if "max_abs" in told.exact:
            peak = np.array([scaler._float_of(number) for number in told.exact["max_abs"]])
        told.refuse("max_abs", peak < 0, "an absolute value is at least 0.")
        kind = Extrema if n_samples is not None else UncountedExtrema
        return scaler._built(kind.known(-peak, peak, weight), told.names)

    @classmethod
    def _of_peer(cls, theirs: Any, peak: Floats) -> Self:
        """Build the scaler of a fitted MaxAbsScaler of scikit-learn, with these maxima."""
        number = np.where(np.isnan(peak), 0, theirs.n_samples_seen_)
        clip = getattr(theirs, "clip", False)  # scikit-learn 1.7 has none
        built: Any = cls
        scaler: Self = built.from_stats(max_abs=peak, n_samples=number, clip=clip, copy=theirs.copy)
        return scaler

    def _as_peer(self) -> Peer:
        """Return scikit-learn's MaxAbsScaler of the same data; a maximum of 0 does not divide."""
        peak = self.max_abs_
        scale = np.where(peak == 0, 1.0, peak)
        fitted = {"max_abs_": peak, "scale_": scale, "n_samples_seen_": rows_of(self)}
        return Peer({"copy": self.copy} | ({"clip": True} if self._clips() else {}), fitted)

    @property
    def max_abs_(self) -> Floats:
        """Ndarray of shape (n_features,): the largest absolute value."""
        return self._seen().max_abs  # type: ignore[no-any-return]
