"""An error of one call leaves alone what another has learned meanwhile."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

from sklearn_norm import LayerNorm, ZScoreScaler


class Scaler(ZScoreScaler):
    """A scaler with a `fit` of its own, beside which another thread learns."""

    def fit(self, X, y=None):
        self.seen_ = len(X)
        return super().fit(X)

    def transform(self, X):
        beside(X)
        return super().transform(X)


class Norm(LayerNorm):
    def transform(self, X):
        beside(X)
        return super().transform(X)


def beside(X):
    learner.fit(np.full((3, 2), 7.0) + X[0, 0])
    if X[0, 0] == 99:
        raise KeyError("transform")


@pytest.mark.parametrize("kind", [Scaler, Norm])
def test_a_fit_transform_that_fails_undoes_nothing(kind):
    """The record of the other thread stays."""
    global learner
    learner = kind()
    learner.fit(np.array([[1.0, 2.0], [3.0, 5.0]]))
    before = learner._fitted
    with pytest.raises(KeyError):
        learner.fit_transform(np.array([[99.0, 2.0], [3.0, 5.0]]))
    assert learner._fitted not in (None, before)
    if kind is Scaler:
        assert learner.mean_.tolist() == [106.0, 106.0]
        assert learner.seen_ == 3


def test_a_fit_transform_that_succeeds_keeps_all_that_fit_has_set():
    """Attributes of a subclass too."""
    global learner
    learner = ZScoreScaler()
    scaler = Scaler()
    scaler.fit_transform(np.array([[1.0, 2.0], [3.0, 5.0]]))
    assert scaler.seen_ == 2
    assert scaler.mean_.tolist() == [2.0, 3.5]


def test_set_params_that_fails_restores_parameters_alone(monkeypatch):
    """What was learned meanwhile stays."""
    scaler = ZScoreScaler().fit(np.array([[1.0], [3.0]]))

    def learns(self, **params):
        scaler.fit(np.array([[5.0], [7.0]]))
        scaler.ddof = 1
        raise ValueError("no")

    monkeypatch.setattr(BaseEstimator, "set_params", learns)
    with pytest.raises(ValueError, match="no"):
        scaler.set_params(ddof=1)
    assert scaler.mean_.tolist() == [6.0]
    assert scaler.ddof == 0
