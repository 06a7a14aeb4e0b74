"""merge(scalers): the bits of merging one by one, in one pass, or an error that says which."""

from __future__ import annotations

import json
import pickle
from functools import reduce

import inside
import laws
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler as Theirs

import sklearn_norm
from sklearn_norm import BatchStatsScaler, LayerNorm, MinMaxScaler, RobustScaler, ZScoreScaler

PARAMETERS = {"BatchStatsScaler": {"momentum": None}, "BatchNorm": {"momentum": None}}
KINDS = pytest.mark.parametrize("name", laws.SCALERS)
EXACT = [n for n in laws.SCALERS if n not in ("RobustScaler", *PARAMETERS)]
NAMES = ["a", "b", "c"]


def fitted(name, number, seed=0):
    """Return scalers of batches of 1 to 9 rows, some with missing values."""
    rng = np.random.default_rng(seed)
    kind = laws.kind_of(name)
    found = []
    for _ in range(number):
        X = rng.normal(5, 3, (int(rng.integers(1, 10)), 3))
        X[rng.random(X.shape) < 0.2] = np.nan
        frame = pd.DataFrame(X, columns=NAMES)
        found.append(kind(**PARAMETERS.get(name, {})).fit(frame))
    return found


def one_by_one(scalers):
    return reduce(lambda a, b: a.merge(b), scalers)


@pytest.mark.parametrize("number", [2, 3, 4, 7, 33])
@pytest.mark.parametrize("name", EXACT)
def test_many_have_the_bits_of_one_by_one(name, number):
    scalers = fitted(name, number)
    many, each = sklearn_norm.merge(scalers), one_by_one(scalers)
    laws.assert_same_bits(laws.read_scaler(many), laws.read_scaler(each))
    row = pd.DataFrame([[1.0, 2.0, np.nan]], columns=NAMES)
    laws.assert_same_bits(many.transform(row), each.transform(row))


@KINDS
def test_many_are_as_if_fitted_on_all(name):
    scalers = fitted(name, 20)
    laws.assert_close_scalers(sklearn_norm.merge(scalers), one_by_one(scalers))


def test_three_days_by_hand():
    days = [[[1.0], [3.0]], [[5.0]], [[7.0], [9.0]]]
    scaler = sklearn_norm.merge([ZScoreScaler().fit(day) for day in days])
    assert (scaler.mean_, scaler.var_, scaler.n_samples_seen_) == (5.0, 8.0, 5)
    wide = sklearn_norm.merge(MinMaxScaler().fit(day) for day in days)
    assert (wide.data_min_, wide.data_max_) == (1.0, 9.0)
    middle = sklearn_norm.merge(RobustScaler().fit(day) for day in days)
    assert (middle.center_, middle.scale_) == (5.0, 4.0)


@pytest.mark.parametrize("form", [list, tuple, iter, lambda s: (x for x in s), dict.fromkeys])
def test_any_iterable_is_taken(form):
    scalers = fitted("ZScoreScaler", 5)
    found = sklearn_norm.merge(form(scalers))
    assert sklearn_norm.equal(found, sklearn_norm.merge(scalers))


def test_a_generator_is_read_scaler_by_scaler():
    """At any time, no more are held than twice the logarithm of their number."""
    import weakref

    alive = []

    def scalers():
        for i in range(64):
            scaler = RobustScaler().fit([[float(i)]])
            alive.append(weakref.ref(scaler))
            yield scaler
            del scaler
            assert sum(one() is not None for one in alive) <= 3

    assert sklearn_norm.merge(scalers()).n_samples_seen_ == 64


@KINDS
def test_of_one_an_equal_copy(name):
    (scaler,) = fitted(name, 1)
    copied = sklearn_norm.merge([scaler])
    assert copied is not scaler
    laws.assert_same_state(copied, scaler)
    copied.partial_fit(pd.DataFrame([[9.0, 9.0, 9.0]], columns=NAMES))
    assert not sklearn_norm.equal(copied, scaler)


@KINDS
def test_merging_changes_none_of_them(name):
    scalers = fitted(name, 5)
    before = pickle.dumps(scalers)
    merged = sklearn_norm.merge(scalers)
    merged.partial_fit(pd.DataFrame([[9.0, 9.0, 9.0]], columns=NAMES))
    assert pickle.dumps(scalers) == before
    assert merged.get_params() == scalers[0].get_params()
    assert merged.feature_names_in_.tolist() == NAMES


def test_the_map_is_made_once(monkeypatch):
    """And each scaler is compared with the first once: one pass."""
    scalers = fitted("ZScoreScaler", 100)
    calls = {"rule": 0, "alike": 0}
    rule, alike = getattr(ZScoreScaler, inside.RULE), getattr(ZScoreScaler, inside.CHECK_ALIKE)

    def counted(name, method):
        def call(*args):
            calls[name] += 1
            return method(*args)

        return call

    monkeypatch.setattr(ZScoreScaler, inside.RULE, counted("rule", rule))
    monkeypatch.setattr(ZScoreScaler, inside.CHECK_ALIKE, counted("alike", alike))
    sklearn_norm.merge(scalers)
    assert calls == {"rule": 1, "alike": 99}


def test_pending_rows_are_counted():
    row = pd.DataFrame([[1.0] * 3], columns=NAMES)
    scalers = [s.partial_fit(s.inverse_transform(row)) for s in fitted("ZScoreScaler", 4)]
    laws.assert_same_bits(
        laws.read_scaler(sklearn_norm.merge(scalers)), laws.read_scaler(one_by_one(scalers))
    )


def test_settings_are_those_of_the_first():
    scalers = fitted("ZScoreScaler", 3)
    scalers[0].set_output(transform="pandas")
    assert isinstance(
        sklearn_norm.merge(scalers).transform(pd.DataFrame([[1, 2, 3]], columns=NAMES)),
        pd.DataFrame,
    )


# Errors

GOOD = ZScoreScaler().fit([[1.0, 2.0]])
KNOWN = RobustScaler.from_stats(center=[1.0], scale=[1.0])
WRONG = [
    ([], ValueError, r"^`scalers` must hold at least one fitted scaler to merge. Got none"),
    (iter(()), ValueError, "Got none"),
    (GOOD, TypeError, r"must be an iterable of fitted scalers, as in merge\(\[one, two\]\)"),
    (3, TypeError, "must be an iterable.*Got 3"),
    ("ab", TypeError, r"scalers\[0\] is a str"),
    ([GOOD, None], TypeError, r"scalers\[1\] is a NoneType"),
    (
        [GOOD, Theirs()],
        TypeError,
        r"scalers\[1\] is a StandardScaler\.",
    ),
    ([ZScoreScaler], TypeError, r"scalers\[0\] is the class ZScoreScaler"),
    (
        [LayerNorm().fit([[1.0, 2.0]])],
        TypeError,
        r"scalers\[0\] is a LayerNorm, which learns nothing",
    ),
    ([ZScoreScaler()], NotFittedError, r"scalers\[0\]: .*ZScoreScaler, is not fitted yet"),
    ([GOOD, GOOD, ZScoreScaler()], NotFittedError, r"scalers\[2\]: .*is not fitted yet"),
    ([GOOD, MinMaxScaler()], ValueError, r"scalers\[1\]: .*a ZScoreScaler with a MinMaxScaler"),
    ([GOOD, GOOD, ZScoreScaler(ddof=1).fit([[1.0, 2.0]])], ValueError, r"scalers\[2\]: .*ddof=0"),
    ([GOOD, ZScoreScaler().fit([[1.0]])], ValueError, r"scalers\[1\]: .*different columns"),
    ([KNOWN, KNOWN], ValueError, r"scalers\[1\]: .*to which no data can be added"),
    (
        [BatchStatsScaler().fit([[1.0]]), BatchStatsScaler().fit([[1.0]])],
        ValueError,
        r"scalers\[1\]: Two exponential streams have no defined order",
    ),
]


@pytest.mark.parametrize(("given", "kind", "message"), WRONG)
def test_an_error_says_which_and_why(given, kind, message):
    with pytest.raises(kind, match=message):
        sklearn_norm.merge(given)


def test_a_merge_of_two_says_which_of_them_is_not_fitted():
    """11.14."""
    with pytest.raises(NotFittedError, match="the other scaler, a ZScoreScaler, is not fitted yet"):
        GOOD.merge(ZScoreScaler())
    with pytest.raises(NotFittedError, match="this scaler, a ZScoreScaler, is not fitted yet"):
        ZScoreScaler().merge(GOOD)


# equal


@pytest.mark.parametrize("name", laws.ESTIMATORS)
def test_what_comes_back_is_equal(name):
    X = np.arange(12.0).reshape(4, 3)
    for estimator in (laws.kind_of(name)(), laws.kind_of(name)().fit(X)):
        document = json.loads(json.dumps(sklearn_norm.to_dict(estimator)))
        twin = sklearn_norm.from_dict(document)
        assert sklearn_norm.equal(estimator, twin)
        assert sklearn_norm.equal(estimator, pickle.loads(pickle.dumps(estimator)))
        assert estimator != twin
        assert sklearn_norm.equal(estimator, twin.set_output(transform="pandas"))


def test_what_differs_is_not_equal():
    X = np.array([[1.0, 2.0], [3.0, 5.0]])
    scaler = ZScoreScaler().fit(X)
    for other in (
        ZScoreScaler(),
        ZScoreScaler(ddof=1).fit(X),
        sklearn_norm.StandardScaler().fit(X),
        MinMaxScaler().fit(X),
        ZScoreScaler().fit(np.nextafter(X, 9)),
        ZScoreScaler().fit(X[:, ::-1]),
        ZScoreScaler().fit(X[:, :1]),
        ZScoreScaler().fit(pd.DataFrame(X, columns=["a", "b"])),
        ZScoreScaler().fit(X).set_params(with_std=False),
        ZScoreScaler().fit(X).partial_fit(X[:1]),
    ):
        assert not sklearn_norm.equal(scaler, other)
        assert not sklearn_norm.equal(other, scaler)
    assert not sklearn_norm.equal(
        ZScoreScaler().fit(pd.DataFrame(X, columns=["a", "b"])),
        ZScoreScaler().fit(pd.DataFrame(X, columns=["a", "c"])),
    )


def test_parameters_are_compared_by_value():
    X = np.array([[1.0, 2.0], [3.0, 5.0]])
    one = MinMaxScaler(([0, 0], [1, 1])).fit(X)
    two = MinMaxScaler((np.zeros(2), np.ones(2))).fit(X)
    assert sklearn_norm.equal(one, two)


def test_missing_columns_are_equal_to_missing_columns():
    X = [[np.nan, 1.0]]
    assert sklearn_norm.equal(RobustScaler().fit(X), RobustScaler().fit(X))


def test_only_estimators_of_ours_are_compared():
    for other in (None, Theirs(), ZScoreScaler):
        with pytest.raises(TypeError, match=r"`b` must be an estimator of sklearn_norm\. Got"):
            sklearn_norm.equal(GOOD, other)
