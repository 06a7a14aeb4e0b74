"""ReversibleRegressor: windows and targets by the window, and predictions back in its units."""

from __future__ import annotations

import copy
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from documents import DELETED, changed
from laws import assert_same_bits, assert_same_state, json_copies
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_norm
from sklearn_norm import (
    AdaNorm,
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    ReversibleRegressor,
    RMSNorm,
    SampleScaler,
    ZScoreScaler,
)
from sklearn_norm.exceptions import FormatError

RNG = np.random.default_rng(3)
X = RNG.normal(size=(12, 3, 5)) * [[2.0], [30.0], [0.1]] + [[0.0], [500.0], [-7.0]]
Y = X[:, :, :2] + 1.0  # of the same units
LAST = [-2.6726124191, -2.1380899353, -1.6035674515, 0.0]


class Seen(RegressorMixin, BaseEstimator):
    """A regressor that keeps what it is given, and predicts what it was taught."""

    def __init__(self, tensors=False):
        self.tensors = tensors

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        return self

    def predict(self, X):
        return self.y_[: len(X)]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = self.tensors
        return tags


class Bare(BaseEstimator):
    """A regressor that says nothing of its kind."""

    def fit(self, X, y):
        self.mean_ = np.mean(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


class Last(RegressorMixin, ZScoreScaler):
    """A regressor of this library's kind, which can be saved: it repeats the last value."""

    def predict(self, X):
        return X[:, -1:]


@pytest.mark.share(0.25, each_value=False)
@parametrize_with_checks(
    [
        ReversibleRegressor(Ridge()),
        ReversibleRegressor(SVR(), norm=InstanceNorm(center="last")),
        ReversibleRegressor(DecisionTreeRegressor(random_state=0), norm=RMSNorm()),
    ]
)
def test_sklearn_checks(estimator, check):
    check(estimator)


def test_what_the_regressor_is_given_by_hand():
    """The deviation of 2, 4, 6 and 12 is the root of 14; the future is 12 + the root of 14."""
    model = ReversibleRegressor(Seen(), norm=InstanceNorm(center="last", eps=0.0))
    model.fit([[2.0, 4.0, 6.0, 12.0]], [12.0 + np.sqrt(14.0)])
    np.testing.assert_allclose(model.regressor_.X_, [LAST], rtol=0, atol=1e-10)
    np.testing.assert_allclose(model.regressor_.y_, [1.0], rtol=1e-15)
    np.testing.assert_allclose(model.predict([[0.0, 2.0, 4.0, 10.0]]), [10 + np.sqrt(14.0)], 1e-15)


@pytest.mark.parametrize(
    "norm",
    [
        None,
        InstanceNorm(gamma=[1.0, -2.0, 3.0], beta=[0.0, 1.0, 2.0]),
        InstanceNorm(center="last"),
        GroupNorm(num_groups=3, gamma=2.0),
        GroupNorm(num_groups=1, gamma=[1.0, 2.0, 3.0]),
        LayerNorm(gamma=2.0),
        RMSNorm(),
        SampleScaler("mean_abs"),
        SampleScaler("quantile", clip=True, feature_range=(-1, 1)),
        SampleScaler("robust", channel_wise=False),
    ],
    ids=repr,
)
def test_a_perfect_regressor_is_perfect_in_the_units_of_the_data(norm):
    """The inverse is exact up to rounding, with any gain and bias."""
    model = ReversibleRegressor(Seen(), norm=norm).fit(X, Y)
    assert model.regressor_.X_.shape == (12, 15)
    assert model.regressor_.y_.shape == (12, 6)
    np.testing.assert_allclose(model.predict(X), Y, rtol=1e-13, atol=1e-11)
    assert model.score(X, Y) == pytest.approx(1.0)


def test_target_channels_have_their_own_statistics_gain_and_bias():
    norm = InstanceNorm(gamma=[1.0, -2.0, 3.0], beta=[0.0, 1.0, 2.0])
    Z, stats = norm.transform(X, return_stats=True)
    alike = InstanceNorm(gamma=[3.0, 1.0], beta=[2.0, 0.0])
    expected = alike.transform(Y[:, [2, 0]], stats=stats[:, [2, 0]])
    for channels in ([2, 0], (-1, 0), np.array([2, 0])):
        model = ReversibleRegressor(Seen(), norm, channels).fit(X, Y[:, [2, 0]])
        assert_same_bits(model.regressor_.X_, Z.reshape(12, -1))
        assert_same_bits(model.regressor_.y_, expected.reshape(12, -1))
        np.testing.assert_allclose(model.predict(X), Y[:, [2, 0]], rtol=1e-13)


def test_channels_of_a_group_have_the_statistics_of_their_group():
    norm = GroupNorm(num_groups=1, gamma=[1.0, 2.0, 3.0])
    _, stats = norm.transform(X, return_stats=True)
    model = ReversibleRegressor(Seen(), norm, 1).fit(X, Y[:, 1])
    expected = (Y[:, 1] - stats[:, 0, :1]) / stats[:, 0, 1:] * 2.0
    np.testing.assert_allclose(model.regressor_.y_, expected, rtol=0, atol=1e-13)
    np.testing.assert_allclose(model.predict(X), Y[:, 1], rtol=1e-13)


@pytest.mark.parametrize("shape", [(), (1,), (2,), (1, 1), (1, 2)])
def test_targets_of_one_channel_come_back_in_their_shape(shape):
    """A number for each window is a vector to the regressor, too."""
    y = Y[:, 1, : max(1, int(np.prod(shape)))].reshape(12, *shape)
    model = ReversibleRegressor(Seen(), target_channels=1).fit(X, y)
    values = int(np.prod(shape))
    assert model.regressor_.y_.shape == ((12,) if shape in ((), (1, 1)) else (12, values))
    assert model.predict(X[:4]).shape == (4, *shape)
    np.testing.assert_allclose(model.predict(X), y, rtol=1e-13)


@pytest.mark.parametrize("axis", [1, -1, 2])
def test_targets_of_several_channels_may_be_rows(axis):
    """Their values one channel after another, or one position after another, as X is laid out."""
    first = axis == 1
    windows, y = (X, Y) if first else (np.moveaxis(a, 1, -1) for a in (X, Y))
    norm = InstanceNorm(channel_axis=axis)
    whole = ReversibleRegressor(Seen(), norm).fit(windows, y)
    rows = ReversibleRegressor(Seen(), norm).fit(windows, y.reshape(12, -1))
    assert_same_bits(rows.regressor_.y_, whole.regressor_.y_)
    assert_same_bits(rows.predict(windows), whole.predict(windows).reshape(12, -1))
    flat = clone(rows).set_params(norm__shape=windows.shape[1:])
    flat.fit(windows.reshape(12, -1), y.reshape(12, -1))
    assert_same_bits(flat.regressor_.X_, whole.regressor_.X_)
    assert_same_bits(flat.regressor_.y_, whole.regressor_.y_)


def test_a_regressor_of_tensors_is_given_tensors():
    model = ReversibleRegressor(Seen(tensors=True)).fit(X, Y)
    assert_same_bits(model.regressor_.X_, InstanceNorm().transform(X))
    flat = ReversibleRegressor(Seen(tensors=True)).fit(X[:, 0], Y[:, 0])
    assert flat.regressor_.X_.shape == (12, 1, 5)


def test_what_is_learned_at_one_level_counts_for_any_other():
    """Neighbours of lines at other levels, and of other slopes, are no neighbours without it."""
    level, slope, noise = RNG.normal(0, 5, (60, 1)), RNG.normal(0, 1, (60, 1)), 0.01
    lines = level + slope * np.arange(10.0) + noise * RNG.normal(size=(60, 10))
    X, y = lines[:, :8], lines[:, 8:]
    plain = KNeighborsRegressor(3).fit(X, y)
    model = ReversibleRegressor(plain, InstanceNorm(eps=0.0)).fit(X, y)
    X, y, expected = 1e6 * X + 3e8, 1e6 * y + 3e8, 1e6 * model.predict(X) + 3e8
    np.testing.assert_allclose(model.predict(X), expected, rtol=1e-9)
    assert model.score(X, y) > 0.99
    assert plain.score(X, y) < 0.0


def test_frames_series_and_dtypes():
    frame = pd.DataFrame(X[:, 0], columns=list("abcde"))
    model = ReversibleRegressor(LinearRegression()).fit(frame, pd.Series(Y[:, 0, 0]))
    assert model.n_features_in_ == 5
    assert list(model.feature_names_in_) == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("badce")])
    with config_context(transform_output="pandas"):
        assert type(model.predict(frame)) is np.ndarray
    short = ReversibleRegressor(Seen()).fit(X.astype("f4"), Y.astype("f4"))
    assert short.regressor_.X_.dtype == short.predict(X.astype("f4")).dtype == np.float32
    whole = ReversibleRegressor(Seen()).fit(X[:, 0], np.arange(12))
    np.testing.assert_allclose(whole.predict(X[:, 0]), np.arange(12), rtol=0, atol=1e-12)


def test_it_works_in_searches_pipelines_and_with_weights():
    y = Y[:, 0, 0]
    search = GridSearchCV(
        ReversibleRegressor(Ridge()),
        {"regressor__alpha": [0.1, 1.0], "norm": [None, InstanceNorm(center="last")]},
        cv=2,
    ).fit(X[:, 0], y)
    assert search.best_estimator_.regressor_.n_features_in_ == 5
    assert cross_val_score(ReversibleRegressor(Ridge()), X, Y, cv=2).shape == (2,)
    inside = ReversibleRegressor(make_pipeline(ZScoreScaler(), Ridge())).fit(X[:, 0], y)
    assert inside.predict(X[:2, 0]).shape == (2,)
    weight = np.arange(1.0, 13.0)
    model = ReversibleRegressor(Seen()).fit(X, Y, sample_weight=weight)
    assert_same_bits(model.regressor_.sample_weight_, weight)
    with pytest.raises(TypeError, match="unexpected keyword argument 'weights'"):
        ReversibleRegressor(Seen()).fit(X, Y, weights=weight)


def test_metadata_routing():
    weight = np.arange(1.0, 13.0)
    with config_context(enable_metadata_routing=True):
        asked = ReversibleRegressor(Seen().set_fit_request(sample_weight=True))
        assert_same_bits(asked.fit(X, Y, sample_weight=weight).regressor_.sample_weight_, weight)


# What is refused


@pytest.mark.parametrize(
    ("params", "given", "target", "message"),
    [
        ({"norm": BatchNorm()}, X, Y, "`norm` must be a norm with statistics of each sample"),
        ({"norm": ZScoreScaler()}, X, Y, "Got 'ZScoreScaler', whose statistics are those of all"),
        ({"norm": AdaNorm()}, X, Y, "AdaNorm bends large values back"),
        ({"norm": InstanceNorm(gamma=0.0)}, X, Y, "`gamma` holds a 0"),
        ({"norm": LayerNorm(), "target_channels": 0}, X, Y, "LayerNorm has no statistics per chan"),
        ({"target_channels": [3]}, X, Y, "names a channel that X, which has 3, does not have"),
        ({"target_channels": [True, False, True]}, X, Y, "must be numbers of channels"),
        ({"target_channels": []}, X, Y, "must be numbers of channels"),
        ({"target_channels": [0.0]}, X, Y, "must be numbers of channels"),
        ({"target_channels": [0]}, X, Y, "with 3 channels at axis 1, but 1 are expected"),
        ({}, X, Y[:, :2], "with 2 channels at axis 1, but 3 are expected. Name the channels"),
        ({}, X, Y[:, 0], "2 values for each sample, which cannot be divided among 3 channels"),
        ({}, X, Y[:, 0, 0], "1 values for each sample, which cannot be divided among 3 channels"),
        ({}, X, np.zeros((12, 0)), "0 feature|cannot be divided"),
        ({}, X, Y[:5], "inconsistent numbers of samples"),
        ({}, X, np.where(Y > 1, Y, np.nan), "Input y contains NaN"),
        ({}, X, None, "requires y to be passed, but the target y is None"),
        ({}, X[:, 0], pd.date_range("2020", periods=12), "y"),
        ({}, np.where(X > 400, np.nan, X), Y, "X has no value in sample 0 for channel 1"),
        ({"norm": InstanceNorm(channel_axis=2)}, X[..., None], Y, "flat|axis 2"),
    ],
)
def test_what_cannot_be_right_is_an_error_that_changes_nothing(params, given, target, message):
    model = ReversibleRegressor(Seen()).fit(X, Y)
    model.set_params(**params)
    before = pickle.dumps(model)
    with pytest.raises((ValueError, TypeError), match=message):
        model.fit(given, target)
    assert pickle.dumps(model) == before


def test_windows_to_predict_must_be_as_those_of_the_fit():
    model = ReversibleRegressor(Seen()).fit(X, Y)
    with pytest.raises(ValueError, match=r"windows of shape \(3, 4\), but those of the fit were"):
        model.predict(X[:, :, :4])
    hole = X.copy()
    hole[1, 2] = np.nan
    with pytest.raises(ValueError, match="X has no value in sample 1 for channel 2"):
        model.predict(hole)
    with pytest.raises(
        ValueError, match=r"y has the shape \(12, 3\), but predictions \(12, 3, 2\)"
    ):
        model.score(X, Y[:, :, 0])


def test_a_regressor_that_returns_another_number_of_values_is_named():
    class Short(Seen):
        """Predicts one value too few."""

        def predict(self, X):
            return self.y_[: len(X), 1:]

    with pytest.raises(ValueError, match=r"Short returned predictions of shape \(12, 5\) for 12"):
        ReversibleRegressor(Short()).fit(X, Y).predict(X)


def test_parameters_are_set_all_or_none_and_count_from_the_next_fit():
    model = ReversibleRegressor(Ridge(), norm=InstanceNorm()).fit(X[:, 0], Y[:, 0])
    before = model.predict(X[:, 0])
    with pytest.raises(ValueError, match="Invalid parameter"):
        model.set_params(target_channels=2, regressor__alpha=5.0, norm__nonsense=1)
    assert model.target_channels is None
    assert model.regressor.alpha == 1.0
    model.set_params(norm__center="last", regressor__alpha=5.0, target_channels=[0])
    assert_same_bits(model.predict(X[:, 0]), before)
    assert not np.array_equal(model.fit(X[:, 0], Y[:, 0]).predict(X[:, 0]), before)


def test_before_a_fit_nothing_is_there():
    model = ReversibleRegressor(Ridge())
    for name in ("regressor_", "norm_", "n_features_in_", "feature_names_in_"):
        with pytest.raises(AttributeError, match=f"no {name} before it has seen data: call fit"):
            getattr(model, name)


# Copies and files


def test_copies_predict_the_same_bits():
    model = ReversibleRegressor(Ridge(), InstanceNorm(center="last"), [1]).fit(X, Y[:, 1])
    expected = model.predict(X)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert_same_bits(twin.predict(X), expected)
        assert repr(twin) == repr(model)
    fresh = clone(model)
    assert fresh.get_params()["norm__center"] == "last"
    assert not hasattr(fresh, "regressor_")
    assert_same_bits(fresh.fit(X, Y[:, 1]).predict(X), expected)


def test_it_is_saved_where_its_regressor_can_be(tmp_path):
    for given in (None, InstanceNorm(center="last")):
        model = ReversibleRegressor(Last(), given, [1]).fit(X, Y[:, 1, :1])
        for twin in json_copies(model, tmp_path).values():
            assert_same_state(twin, model)
            assert_same_bits(twin.predict(X), model.predict(X))
        (new,) = {repr(twin) for twin in json_copies(clone(model), tmp_path).values()}
        assert new == repr(clone(model))


def test_a_regressor_that_cannot_be_saved_is_named(tmp_path):
    for model in (ReversibleRegressor(Ridge()), ReversibleRegressor(Ridge()).fit(X, Y)):
        with pytest.raises(FormatError, match=r"parameters\.regressor: Ridge, which cannot be sav"):
            sklearn_norm.save(model, tmp_path / "model.json")
    assert not (tmp_path / "model.json").exists()


def test_a_file_of_a_state_that_no_fit_makes_is_refused():
    model = ReversibleRegressor(Last(), None, 1).fit(X, Y[:, 1, :1])
    for name, wrong, message in [
        ("channels", (0.5,), "must be a tuple of integers, or None"),
        ("target", (0,), "must be a tuple of sizes of at least 1"),
        ("target", [1], "must be a tuple of sizes of at least 1"),
        ("regressor", LayerNorm(), "must have the method predict"),
        ("norm", InstanceNorm(), "must be a norm that has seen samples"),
    ]:
        twin = copy.deepcopy(model)
        twin._fitted = replace(model._fitted, **{name: wrong})
        with pytest.raises(FormatError, match=rf"estimator\.state\.{name}: {message}"):
            sklearn_norm.to_dict(twin)
    place = ("estimator", "state", "target")
    with pytest.raises(FormatError, match=r"estimator\.state: .*key 'target' is missing"):
        sklearn_norm.from_dict(changed(sklearn_norm.to_dict(model), place, DELETED))
    state = model.__getstate__()
    del state["_target"], state["_checksum"]
    with pytest.raises(ValueError, match="the norm, the regressor, channels and target together"):
        copy.copy(model).__setstate__(state)


def test_a_regressor_without_tags_of_its_kind_will_do():
    model = ReversibleRegressor(Bare(), InstanceNorm(eps=0.0)).fit([[1.0, 3.0]], [4.0])
    assert_same_bits(model.predict([[10.0, 30.0]]), np.array([40.0]))
    assert not model.__sklearn_tags__().regressor_tags.poor_score


def test_a_mean_of_futures_is_one_in_units_of_the_windows():
    """Futures 2 deviations above the mean, and at it, have a mean of 1 deviation above it."""
    model = ReversibleRegressor(DummyRegressor(), norm=InstanceNorm(eps=0.0))
    model.fit([[1.0, 3.0], [10.0, 30.0]], [4.0, 20.0])  # 2 and 0 deviations from the mean
    np.testing.assert_allclose(model.predict([[100.0, 102.0]]), [102.0], rtol=1e-15)


def test_what_cannot_be_learned_or_predicted_is_told():
    window = [[1.0, 2.0], [3.0, 5.0]]
    large = [2**53 + 1, 2]
    model = ReversibleRegressor(LinearRegression()).fit(window, [1.0, 2.0])
    for y in (large, np.array(large), pd.Series(large), pd.Series(large, dtype="Int64")):
        with pytest.raises(ValueError, match="`y` holds 9007199254740993, which float64 does not"):
            model.fit(window, y)
    with pytest.raises(ValueError, match="target of sample 1 is too large for float16 in units of"):
        model.fit([[1.0, 3.0], [0.0, 1e-3]], np.array([2.0, 6e4], dtype=np.float16))
    tensors = ReversibleRegressor(Ridge(), target_channels=0)
    with pytest.raises(ValueError, match="X has windows of different shapes: a regressor takes"):
        tensors.fit([np.ones((2, 3)), np.ones((2, 4))], [1.0, 2.0])
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\) \(shape=\(0, 2\)\)"):
        model.predict(np.empty((0, 2)))
    assert model.predict(window).shape == (2,)  # as it was
