"""11.21: subclasses of ours behave like estimators, or are told what they lack."""

from __future__ import annotations

import pickle

import laws
import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import validate_data

import sklearn_norm
from sklearn_norm import LayerNorm, MinMaxScaler, ZScoreScaler
from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.exceptions import FormatError
from sklearn_norm.maps.affine import Affine
from sklearn_norm.statistics.extrema import Extrema

X = np.array([[1.0, 4.0], [3.0, 8.0]])
BOTH = r"`_measure\(X, weight\)`.*`_rule\(statistic\)`.*docs/new_scaler\.py"


class Bare(Scaler):
    """No hooks at all."""

    _parameter_constraints = {"copy": ["boolean"]}  # noqa: RUF012

    def __init__(self, *, copy=True):
        self.copy = copy


class Measures(Bare):
    def _measure(self, X, weight):
        return Extrema.measure(X, weight)


class Sets(Bare):
    """A fit as scikit-learn's users write it."""

    def fit(self, X, y=None):
        self.scale_ = np.max(X, axis=0)
        return self


class Validates(Bare):
    def fit(self, X, y=None):
        X = validate_data(self, X)
        return self


class SetsOurs(ZScoreScaler):
    def fit(self, X, y=None):
        self.mean_ = np.mean(X, axis=0)
        return self


class Prepares(ZScoreScaler):
    """A fit that calls ours."""

    def fit(self, X, y=None, sample_weight=None):
        return super().fit(np.log(X), y, sample_weight)


class Whole(Measures):
    def _rule(self, statistic):
        return Affine.of(scale=statistic.high)


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform"])
@pytest.mark.parametrize("kind", [Bare, Measures])
def test_a_scaler_without_hooks_is_told_both(kind, method):
    with pytest.raises(TypeError, match=f"{kind.__name__} lacks a hook.*{BOTH}"):
        getattr(kind(), method)(X)


def test_a_fit_of_its_own_is_told_the_hooks():
    """Where it sets nothing of ours, at the first use; else where it does."""
    with pytest.raises(NotFittedError, match=rf"Sets has learned nothing.*super\(\)\.fit.*{BOTH}"):
        Sets().fit(X).transform(X)
    with pytest.raises(NotFittedError, match=BOTH):
        Sets().fit_transform(X)
    with pytest.raises(TypeError, match=f"n_features_in_ shows what was learned.*{BOTH}"):
        Validates().fit(X)


def test_a_fitted_attribute_of_ours_points_to_known_statistics():
    with pytest.raises(AttributeError, match=r"mean_ of a SetsOurs.*SetsOurs\.from_stats\("):
        SetsOurs().fit(X)
    scaler = MinMaxScaler().fit(X)
    for name in ("data_min_", "scale_", "n_features_in_", "feature_names_in_", "n_samples_seen_"):
        with pytest.raises(AttributeError, match=rf"^{name} of a MinMaxScaler .*from_stats\("):
            setattr(scaler, name, 1.0)
    norm = LayerNorm().fit(X)
    with pytest.raises(AttributeError, match=r"n_features_in_ of a LayerNorm.*call fit"):
        norm.n_features_in_ = 3
    laws.assert_same_state(scaler, MinMaxScaler().fit(X))


def test_a_fit_that_calls_ours_works():
    scaler = Prepares().fit(np.exp(X))
    assert scaler.mean_.tolist() == [2, 6]
    with pytest.raises(NotFittedError, match="Prepares has learned nothing: call fit"):
        Prepares().transform(X)


def test_a_subclass_at_the_top_of_a_module_is_saved_whole():
    scaler = Whole().fit(X)
    twin = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler))
    assert type(twin) is type(scaler)
    for other in (twin, pickle.loads(pickle.dumps(scaler))):
        assert other.transform(X).tolist() == [[1 / 3, 0.5], [1, 1]]


def test_a_class_in_a_function_is_told_how_to_become_savable():
    class Mine(ZScoreScaler):
        pass

    for scaler in (Mine(), Mine().fit(X)):
        with pytest.raises(
            FormatError, match=r"<locals>\.Mine was made inside a function.*top of a module"
        ):
            sklearn_norm.to_dict(scaler)
    scaler = Mine().fit(X)
    assert scaler.merge(Mine().fit(X)).n_samples_seen_ == 4


def test_a_class_that_another_hides_is_told_so():
    kind = type("Whole", (Whole,), {"__module__": __name__, "__qualname__": "Whole"})
    with pytest.raises(FormatError, match=r"Whole cannot be found by its name\. Define it"):
        sklearn_norm.to_dict(kind())
