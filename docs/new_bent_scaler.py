"""A complete nonlinear scaler: a function with its inverse, and a scaler of its results."""

from dataclasses import dataclass

import numpy as np

from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.maps.affine import Affine
from sklearn_norm.maps.chain import Bend, Chain
from sklearn_norm.statistics.moments import Moments


@dataclass(frozen=True, eq=False)
class SignedRoot(Bend):
    def bend(self, x):
        return np.sign(x) * np.sqrt(np.absolute(x))

    def unbend(self, y):
        return y * np.absolute(y)


class RootScaler(Scaler):
    """Take the square root of the size with the sign kept, then scale to variance 1."""

    _parameter_constraints = {"copy": ["boolean"]}  # noqa: RUF012

    def __init__(self, *, copy=True):
        self.copy = copy

    def _measure(self, X, weight):
        return Moments.measure(SignedRoot().bent(X), weight)

    def _rule(self, statistic):
        return Chain(SignedRoot(), Affine.of(scale=statistic.deviation(0)))
