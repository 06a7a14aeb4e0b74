"""A new scaler, whole: a statistic to measure, and the map it rules."""

from __future__ import annotations

from typing import Any

import numpy as np

from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.maps.affine import Affine
from sklearn_norm.statistics.moments import Moments


class RootMeanSquareScaler(Scaler):
    """Divide each feature by the root of the mean of its squares.

    Parameters
    ----------
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone.

    Attributes
    ----------
    scale_ : ndarray of shape (n_features,)
        The divisor.

    Examples
    --------
    >>> RootMeanSquareScaler().fit_transform([[-7.0], [1.0]]).ravel()
    array([-1.4,  0.2])
    """

    _parameter_constraints = {"copy": ["boolean"]}  # noqa: RUF012

    def __init__(self, *, copy: bool = True) -> None:
        self.copy = copy

    def _measure(self, X: Any, weight: Any) -> Moments:
        return Moments.measure(X, weight)

    def _rule(self, statistic: Moments) -> Affine:
        return Affine.of(scale=np.hypot(statistic.mean, statistic.deviation(0)))

    @property
    def scale_(self) -> Any:
        return self._ruled().in_units("scale")
