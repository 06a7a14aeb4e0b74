"""A new scaler, whole: a statistic to measure, and the map it rules."""

from __future__ import annotations

from typing import Any

from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.maps.affine import Affine
from sklearn_norm.statistics.extrema import Extrema


class PeakScaler(Scaler):
    """Divide each feature by its largest absolute value.

    Parameters
    ----------
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone.

    Attributes
    ----------
    max_abs_ : ndarray of shape (n_features,)
        The largest absolute value.

    Examples
    --------
    >>> PeakScaler().fit_transform([[-4.0], [2.0]]).ravel()
    array([-1. ,  0.5])
    """

    _parameter_constraints = {"copy": ["boolean"]}  # noqa: RUF012

    def __init__(self, *, copy: bool = True) -> None:
        self.copy = copy

    def _measure(self, X: Any, weight: Any) -> Extrema:
        return Extrema.measure(X, weight)

    def _rule(self, statistic: Extrema) -> Affine:
        return Affine.of(scale=statistic.max_abs)

    @property
    def max_abs_(self) -> Any:
        return self._seen().max_abs
