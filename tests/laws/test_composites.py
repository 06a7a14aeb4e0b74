"""The laws, over estimators that are made of others: their parts keep them, and so do they."""

from copy import deepcopy

import numpy as np
import pytest
from configurations import composed
from laws import COMPOSITES, assert_same_bits, assert_same_state

import sklearn_norm
from sklearn_norm import ColumnScaler, GroupScaler, MinMaxScaler, RobustScaler, ZScoreScaler

ROWS = 90
RNG = np.random.default_rng(5)
X = RNG.normal(size=(ROWS, 3)) * [1.0, 1e6, 1e-3] + [0.0, 1e9, 5.0]
X[::7, 1] = np.nan
X[:, 2] = np.round(X[:, 2], 2)
KEYS = RNG.choice(list("ab"), ROWS)


def of(kind, told):
    """Return a function that makes an estimator; its parts are copies."""
    return lambda: kind(**deepcopy(told))


def steps():
    parts = [("a", MinMaxScaler(), [0]), ("b", RobustScaler(), [1])]
    return {"steps": [("columns", ColumnScaler(parts)), ("last", MinMaxScaler())]}


CASES = [
    pytest.param(of(getattr(sklearn_norm, name), told), id=f"{name}-{i}")
    for name in COMPOSITES
    for i, told in enumerate(composed().get(name, []))
]
CASES += [
    pytest.param(of(GroupScaler, {"scaler": scaler, "min_rows": 0}), id=f"GroupScaler-{i}")
    for i, scaler in enumerate([ZScoreScaler(), RobustScaler()])
]
every = pytest.mark.parametrize("make", CASES)


def learned(estimator, part, method="partial_fit"):
    """Let an estimator learn some rows; groups get their keys."""
    beside = {"groups": KEYS[part]} if isinstance(estimator, GroupScaler) else {}
    return getattr(estimator, method)(X[part], **beside)


def scaled(estimator):
    beside = {"groups": KEYS} if isinstance(estimator, GroupScaler) else {}
    return estimator.transform(X, **beside)


def parts(*cuts):
    return [slice(a, b) for a, b in zip((0, *cuts), (*cuts, ROWS), strict=True)]


def test_every_composite_is_here_or_a_pipeline():
    """Of those that learn in parts: a regressor of windows learns at once."""
    assert {*composed()} | {"StreamingPipeline", "ReversibleRegressor"} == {*COMPOSITES}


@every
@pytest.mark.parametrize("cuts", [(1,), (30, 31, 31, 60)])
def test_streams_equal_fits(make, cuts):
    """Also with an empty batch."""
    whole, stream = learned(make(), slice(None), "fit"), make()
    for part in parts(*cuts):
        learned(stream, part)
    assert_same_bits(scaled(stream), scaled(whole))


@every
def test_merges_are_commutative_associative_and_equal_fits(make):
    a, b, c = (learned(make(), part) for part in parts(20, 60))
    found = [scaled(one) for one in (a.merge(b).merge(c), a.merge(b.merge(c)), c.merge(a).merge(b))]
    for one in found:
        assert_same_bits(one, scaled(learned(make(), slice(None), "fit")))


@every
def test_an_error_or_a_reading_changes_nothing(make):
    """Whichever part refuses the batch: infinity comes in each column in turn."""
    estimator = learned(make(), slice(0, 40))
    before = deepcopy(estimator)
    beside = {"groups": KEYS[:2]} if isinstance(estimator, GroupScaler) else {}
    for column in range(3):
        wrong = X[:2].copy()
        wrong[1, column] = np.inf
        with pytest.raises(ValueError, match="infinity"):
            estimator.partial_fit(wrong, **beside)
    with pytest.raises(ValueError, match=r"features|columns"):
        estimator.partial_fit(X[:2, :2], **beside)
    scaled(estimator)
    assert_same_state(estimator, before)
    assert_same_bits(
        scaled(learned(estimator, slice(40, None))), scaled(learned(make(), slice(None), "fit"))
    )


@every
def test_weight_zero_is_absence_and_a_weight_is_repetition(make):
    weight = RNG.integers(0, 3, ROWS)
    beside = {"groups": KEYS} if isinstance(make(), GroupScaler) else {}
    weighted = make().fit(X, sample_weight=weight, **beside)
    rows = np.repeat(np.arange(ROWS), weight)
    repeated = make().fit(X[rows], **{name: keys[rows] for name, keys in beside.items()})
    np.testing.assert_allclose(scaled(weighted), scaled(repeated), rtol=1e-12, atol=1e-12)


@every
def test_order_and_layout_leave_no_trace(make):
    """The order of rows shows in no bit, nor does the layout of the array."""
    order = RNG.permutation(ROWS)
    beside = {"groups": KEYS[order]} if isinstance(make(), GroupScaler) else {}
    other = make().fit(np.asfortranarray(X[order]), **beside)
    assert_same_bits(scaled(other), scaled(learned(make(), slice(None), "fit")))


def test_a_pipeline_of_streams_equals_the_loop_and_changes_in_all_steps_or_none():
    """As by hand; the first step, which took the batch, is as before where the second refuses."""
    pipeline = sklearn_norm.StreamingPipeline(**steps())
    columns, last = (step for _, step in deepcopy(steps()["steps"]))
    for part in parts(30, 60):
        pipeline.partial_fit(X[part])
        last.partial_fit(columns.partial_fit(X[part]).transform(X[part]))
    assert_same_bits(pipeline.transform(X), last.transform(columns.transform(X)))
    before = pipeline.transform(X)
    wrong = X[:2].copy()
    wrong[1, 2] = np.inf  # which the columns of the first step do not hold
    with pytest.raises(ValueError, match="infinity"):
        pipeline.partial_fit(wrong)
    assert_same_bits(pipeline.transform(X), before)
