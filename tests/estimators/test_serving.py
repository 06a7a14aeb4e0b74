"""Statistics without a count, a std in place of a variance, and standard deviations undone."""

from __future__ import annotations

import json
import math
import pickle

import laws
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.gaussian_process import GaussianProcessRegressor

import sklearn_norm
from sklearn_norm import (
    BatchNorm,
    BatchStatsScaler,
    DecimalScaler,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
    ZScoreScaler,
)
from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.maps.affine import Affine
from sklearn_norm.maps.chain import Bend, Chain
from sklearn_norm.statistics.moments import Moments

NAN, INF = np.nan, np.inf
X = np.array([[5.0, 1.0, 2.0], [-1.0, 0.0, NAN]])
STATS = {
    "ZScoreScaler": (
        {"mean": [2.0, 0.0, NAN], "var": [9.0, 0.25, NAN]},
        [[1, 2, NAN], [-1, 0, NAN]],
    ),
    "StandardScaler": (
        {"mean": [2.0, 0, NAN], "std": [3.0, 0.5, NAN]},
        [[1, 2, NAN], [-1, 0, NAN]],
    ),
    "MinMaxScaler": (
        {"data_min": [-1.0, 0.0, NAN], "data_max": [5.0, 4.0, NAN]},
        [[1, 0.25, NAN], [0, 0, NAN]],
    ),
    "MaxAbsScaler": ({"max_abs": [10.0, 4.0, NAN]}, [[0.5, 0.25, NAN], [-0.1, 0, NAN]]),
    "DecimalScaler": ({"max_abs": [7.0, 40.0, NAN]}, [[0.5, 0.01, NAN], [-0.1, 0, NAN]]),
    "LogScaler": (
        {"center": [2.0, 0.0, NAN], "scale": [3.0, 0.5, NAN], "kind": "asinh"},
        [
            [(math.asinh(5) - 2) / 3, math.asinh(1) / 0.5, NAN],
            [(math.asinh(-1) - 2) / 3, 0, NAN],
        ],
    ),
    "BatchStatsScaler": (
        {"running_mean": [2.0, 0.0, NAN], "running_var": [9.0, 0.25, NAN], "eps": 0.0},
        [[1, 2, NAN], [-1, 0, NAN]],
    ),
    "ChannelScaler": (
        {"mean": [2.0, 0.0, NAN], "std": [3.0, 0.5, NAN]},
        [[1, 2, NAN], [-1, 0, NAN]],
    ),
    "BatchNorm": (
        {"running_mean": [2.0, 0.0, NAN], "running_var": [9.0, 0.25, NAN], "eps": 0.0},
        [[1, 2, NAN], [-1, 0, NAN]],
    ),
}
COUNTS = {"BatchStatsScaler": "n_batches", "BatchNorm": "n_batches"}
KINDS = pytest.mark.parametrize("name", STATS)


def built(name, **more):
    return getattr(sklearn_norm, name).from_stats(**STATS[name][0], **more)


# 11.18: no count where the scaler only serves


def test_every_scaler_serves_without_a_count():
    """A RobustScaler and others of quantiles or powers never have one."""
    assert {*STATS, "PowerScaler", "QuantileScaler", "RobustScaler", "SquashScaler"} == {
        *laws.SCALERS
    }


@KINDS
def test_statistics_without_a_count_serve(name):
    """Worked out by hand; and as with a count."""
    scaler, expected = built(name), STATS[name][1]
    np.testing.assert_allclose(scaler.transform(X), expected, 1e-15)
    back = scaler.inverse_transform(np.array(expected, dtype=float))
    np.testing.assert_allclose(back[:, :2], X[:, :2], 1e-15)
    counted = built(name, **{COUNTS.get(name, "n_samples"): [3, 3, 0]})
    laws.assert_same_bits(scaler.transform(X), counted.transform(X))


@KINDS
def test_without_a_count_nothing_can_be_added(name):
    scaler = built(name)
    fitted = type(scaler)(**scaler.get_params()).fit(X)
    before = pickle.dumps(scaler)
    acts = [
        lambda: scaler.partial_fit(X),
        lambda: scaler.merge(scaler),
        lambda: scaler.merge(fitted),
        lambda: fitted.merge(scaler),
    ]
    if hasattr(scaler, "partial_fit_transform"):
        acts += [lambda u=u: scaler.partial_fit_transform(X, using=u) for u in ("before", "batch")]
    for act in acts:
        with pytest.raises(
            ValueError, match=r"built from statistics without a count.*give from_stats the count"
        ):
            act()
    assert pickle.dumps(scaler) == before
    laws.assert_same_bits(laws.read_scaler(scaler.fit(X)), laws.read_scaler(fitted))


@KINDS
def test_what_a_count_would_tell_is_no_attribute(name):
    scaler = built(name)
    for attribute in ("n_samples_seen_", "n_batches_seen_", "constant_features_"):
        if attribute == "constant_features_" and name == "MinMaxScaler":
            continue  # its bounds tell
        assert not hasattr(scaler, attribute)
    if hasattr(scaler, "to_sklearn"):
        with pytest.raises(ValueError, match="needs a count of samples: give from_stats `n_samp"):
            scaler.to_sklearn()


@KINDS
def test_without_a_count_they_are_saved(name):
    scaler = built(name, feature_names=["a", "b", "c"])
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    document = json.loads(json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False))
    for twin in (sklearn_norm.from_dict(document), pickle.loads(pickle.dumps(scaler))):
        laws.assert_same_state(twin, scaler)
        laws.assert_same_bits(twin.transform(frame), scaler.transform(frame))
        with pytest.raises(ValueError, match="without a count"):
            twin.partial_fit(frame)


def test_half_a_column_is_an_error_without_a_count_too():
    with pytest.raises(
        ValueError, match="Column 1 has mean=nan: it must be finite, or mean and var"
    ):
        ZScoreScaler.from_stats(mean=[1.0, NAN], var=[1.0, 1.0])
    with pytest.raises(ValueError, match="Column 0 has max_abs=inf: it must be finite"):
        MaxAbsScaler.from_stats(max_abs=INF)
    with pytest.raises(ValueError, match="Column 0 has data_max=nan"):
        MinMaxScaler.from_stats(data_min=1.0, data_max=None)


# std


def test_a_std_is_a_variance_by_its_root():
    """Of 1 and 3: mean 2, standard deviation 1; then 8: mean 4, variance 26 / 3."""
    scaler = ZScoreScaler.from_stats(mean=2, std=1, n_samples=2).partial_fit([[8.0]])
    assert (scaler.mean_, scaler.var_) == (4, 26 / 3)
    corrected = ZScoreScaler.from_stats(mean=2, std=2**0.5, n_samples=2, ddof=1)
    np.testing.assert_allclose(corrected.partial_fit([[8.0]]).var_, [13], 1e-15)


@pytest.mark.parametrize("count", [None, 1, 2, 7, 1e200])
@pytest.mark.parametrize("ddof", [0, 1])
def test_a_std_comes_back_as_the_scale_to_the_bit(count, ddof):
    """From 1e-320 to 1.7e308, where the variance under- or overflows."""
    rng = np.random.default_rng(0)
    std = np.concatenate([np.exp(rng.normal(0, 30, 500)), [1e-320, 1e-170, 1e170, 1.7e308, 0.1]])
    scaler = ZScoreScaler.from_stats(mean=0.0, std=std, n_samples=count, ddof=ddof)
    laws.assert_same_bits(scaler.scale_, std)
    one = ZScoreScaler.from_stats(mean=0.0, std=0.0, n_samples=count)
    assert (one.scale_, one.var_) == (1, 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"std": 1, "var": 1}, "Give `var` or `std`, its root, not both"),
        ({"std": [1, -1]}, "Column 1 has std=-1.0: a standard deviation is at least 0"),
        ({"std": [1, INF]}, "Column 1 has std=inf"),
        ({"std": ["a"]}, "`std` must hold one number for each column"),
        ({}, "`var` is needed with with_std=True"),
    ],
)
def test_a_std_that_makes_no_sense_is_told(given, message):
    for count in ({}, {"n_samples": 4}):
        with pytest.raises(ValueError, match=message):
            ZScoreScaler.from_stats(mean=1.0, **given, **count)


# inverse_transform_std

RNG = np.random.default_rng(0)
DATA = RNG.normal(50, 20, (30, 3))
SCALERS = [
    ZScoreScaler(),
    ZScoreScaler(with_std=False),
    StandardScaler(with_mean=False),
    MinMaxScaler((-3, 7.5)),
    MinMaxScaler(clip=True),
    MaxAbsScaler(),
    DecimalScaler(),
    RobustScaler(),
    BatchStatsScaler(gamma=[2.0, -3.0, 1.0], beta=5.0),
    BatchNorm(gamma=[2.0, -3.0, 1.0], beta=5.0),
]


@pytest.mark.parametrize("scaler", SCALERS, ids=repr)
def test_a_standard_deviation_is_the_width_of_an_interval(scaler):
    """Half of the way from z - s to z + s, in the units of the data, and never negative."""
    scaler.fit(DATA)
    Z = scaler.transform(DATA)
    S = RNG.random(Z.shape)
    width = np.abs(scaler.inverse_transform(Z + S) - scaler.inverse_transform(Z - S)) / 2
    kept = S.copy()
    np.testing.assert_allclose(scaler.inverse_transform_std(S), width, 1e-11, 1e-12)
    np.testing.assert_allclose(
        scaler.inverse_transform_std(np.sqrt(S)) ** 2 * 1.0,
        (scaler.inverse_transform_std(np.ones_like(S)) ** 2 * S),
        1e-13,
    )
    laws.assert_same_bits(S, kept)


def test_standard_deviations_by_hand():
    scaler = ZScoreScaler().fit([[10.0, 0.0], [14.0, 6.0]])
    assert scaler.inverse_transform_std([[0.5, 2.0]]).tolist() == [[1, 6]]
    assert scaler.inverse_transform_std([[2.0]], columns=[1]).tolist() == [[6]]
    frame = pd.DataFrame([[0.5, 2.0]], columns=["a", "b"], index=[7])
    named = ZScoreScaler().fit(pd.DataFrame([[10.0, 0.0], [14.0, 6.0]], columns=["a", "b"]))
    expected = pd.DataFrame([[1.0, 6.0]], columns=["a", "b"], index=[7])
    pd.testing.assert_frame_equal(named.inverse_transform_std(frame), expected)
    pd.testing.assert_frame_equal(named.inverse_transform_std(frame[["b"]]), expected[["b"]])


def test_columns_of_huge_values_have_a_way_back():
    scaler = ZScoreScaler().fit([[1e308], [-1.7e308]])
    np.testing.assert_allclose(scaler.inverse_transform_std([[0.5]]), [[0.5 * 1.35e308]], 1e-15)


def test_what_a_model_tells_beside_its_prediction():
    """As a process fitted on the unscaled target tells, whose kernel is in its units."""
    y = DATA[:, :1] * 3 + 100
    target = ZScoreScaler().fit(y)
    model = TransformedTargetRegressor(GaussianProcessRegressor(alpha=0.1), transformer=target)
    model.fit(DATA, y)
    _, std = model.regressor_.predict(DATA + 1, return_std=True)
    back = model.transformer_.inverse_transform_std(std.reshape(-1, 1))
    np.testing.assert_allclose(back[:, 0], std * y.std(), 1e-13)


def test_pending_rows_count_and_nothing_changes():
    scaler = ZScoreScaler().fit([[1.0], [3.0]]).partial_fit([[8.0]])
    before = pickle.dumps(scaler)
    np.testing.assert_allclose(scaler.inverse_transform_std([[1.0]]), [[np.sqrt(26 / 3)]], 1e-15)
    assert pickle.dumps(scaler) == before


class Logarithm(Bend):
    def bend(self, x):
        return np.log(x)

    def unbend(self, y):
        return np.exp(y)


class LogScaler(Scaler):
    _parameter_constraints = {"copy": ["boolean"]}  # noqa: RUF012

    def __init__(self, *, copy=True):
        self.copy = copy

    def _measure(self, X, weight):
        return Moments.measure(np.log(X), weight)

    def _rule(self, statistic):
        return Chain(Logarithm(), Affine.of(center=statistic.mean, scale=statistic.deviation()))


def test_a_scaler_that_bends_refuses():
    scaler = LogScaler().fit([[1.0], [3.0]])
    with pytest.raises(ValueError, match=r"the scaler is not linear. Undo the ends of an interval"):
        scaler.inverse_transform_std([[1.0]])
