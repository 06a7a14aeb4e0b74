"""Fitted: one record of all that is known, never changed, and what is wrong in one."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from laws import assert_same_bits, exactly

from sklearn_norm import BatchNorm, LayerNorm, MinMaxScaler, RobustScaler, ZScoreScaler
from sklearn_norm.estimators.buffer import Buffer
from sklearn_norm.estimators.fitted import Fitted, are_strings
from sklearn_norm.inputs.columns import Columns

X = np.random.default_rng(1).normal(size=(30, 2))
FRAME = pd.DataFrame(X, columns=["age", "height"])
IMAGES = X.reshape(10, 3, 2)
FITTED = {
    "array": ZScoreScaler().fit(X),
    "frame": MinMaxScaler(data_range={"age": (0, 9)}).fit(FRAME),
    "stream": RobustScaler().fit(X).partial_fit(X[:3]).partial_fit(X[:1]),
    "no rows": ZScoreScaler().partial_fit(FRAME[:0]),
    "tensor": BatchNorm().fit(IMAGES),
    "no columns yet": BatchNorm.from_stats(running_mean=[0.0, 1.0], running_var=1.0, n_batches=2),
    "single samples": LayerNorm().fit(IMAGES),
}
RECORDS = {name: estimator._fitted for name, estimator in FITTED.items()}
every_record = pytest.mark.parametrize("name", RECORDS)


def test_a_record_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        RECORDS["array"].map = None


@every_record
def test_a_record_comes_back_from_its_state(name):
    """Of plain values only, which survive a pickle."""
    state = RECORDS[name].to_state()
    twin = Fitted.from_state(pickle.loads(pickle.dumps(state)))
    assert exactly(twin.to_state()) == exactly(state)


def test_the_state_holds_what_there_is_and_no_more():
    scaler = {"_container", "_parameters", "_affine", "_statistic"}
    assert RECORDS["array"].to_state().keys() == {"n_features_in_", *scaler}
    assert RECORDS["frame"].to_state().keys() == {"n_features_in_", "feature_names_in_", *scaler}
    assert RECORDS["stream"].to_state().keys() == {"n_features_in_", "_pending", *scaler}
    assert RECORDS["tensor"].to_state().keys() == {"n_features_in_", "shape_", *scaler}
    assert RECORDS["no columns yet"].to_state().keys() == scaler
    assert RECORDS["single samples"].to_state().keys() == {"n_features_in_", "shape_"}


def test_a_state_without_a_map_or_a_container_is_that_of_an_older_version():
    state = RECORDS["array"].to_state()
    del state["_affine"], state["_container"]
    twin = Fitted.from_state(state)
    assert (twin.map, twin.container) == (None, "default")


def test_a_record_with_another_part_leaves_the_first_alone():
    first = RECORDS["frame"]
    second = first.but(container="polars")
    assert (first.container, second.container) == ("pandas", "polars")
    assert second.statistic is first.statistic
    assert second.columns is first.columns


@pytest.mark.parametrize("act", ["fit", "partial_fit"])
def test_what_is_learned_replaces_the_record_and_does_not_touch_it(act):
    """A thread that holds the previous record still reads the previous state."""
    scaler = ZScoreScaler().fit(X)
    before = scaler._fitted
    state, mean = exactly(before.to_state()), before.statistic.mean.copy()
    getattr(scaler, act)(X + 5.0)
    scaler.mean_
    assert scaler._fitted is not before
    assert exactly(before.to_state()) == state
    assert_same_bits(before.statistic.mean, mean)


def test_an_error_leaves_the_very_record():
    scaler = ZScoreScaler().fit(X)
    before = scaler._fitted
    for act in (scaler.fit, scaler.partial_fit, scaler.fit_transform):
        with pytest.raises(ValueError, match="infinity"):
            act(np.where(X[3] == X, np.inf, X))
    assert scaler._fitted is before


def test_names_are_those_of_the_statistics_columns():
    """Channels have no names, unless each is a feature."""
    assert list(RECORDS["frame"].names) == ["age", "height"]
    assert RECORDS["array"].names is None
    assert RECORDS["no columns yet"].names is None
    flat = BatchNorm(shape=(1, 2)).fit(FRAME)._fitted
    assert flat.n_columns == 1
    assert flat.names is None


# Faults


@every_record
def test_a_fit_leaves_no_fault(name):
    record = RECORDS[name]
    faults = [*record.faults_of_columns(), *record.faults_of_shape()]
    if record.statistic is not None:
        faults += record.faults_of_records(record.n_columns)
    assert not faults


def strings(*names):
    return np.array(names, dtype=object)


@pytest.mark.parametrize(
    ("columns", "place", "why"),
    [
        (Columns(-1), "n_features_in_", "must be a number of features up to 2**31, not -1"),
        (Columns(2.0), "n_features_in_", "must be a number of features up to 2**31, not 2.0"),
        (Columns(True), "n_features_in_", "must be a number of features up to 2**31, not True"),
        (Columns(2**53), "n_features_in_", "must be a number of features"),
        (Columns(2, strings("a", 1)), "feature_names_in_", "must be an array of strings"),
        (Columns(2, np.array(["a", "b"])), "feature_names_in_", "must be an array of strings"),
        (Columns(2, strings("a")), "feature_names_in_", "has the shape (1,), not (2,)"),
    ],
)
def test_wrong_columns_are_told(columns, place, why):
    name, told = next(Fitted(columns).faults_of_columns())
    assert name == place
    assert why in told


@pytest.mark.parametrize(
    ("columns", "shape", "why"),
    [
        (Columns(6), (2, 2), "does not fit n_features_in_"),
        (None, (2, 2), "does not fit n_features_in_"),
        (Columns(6), [2, 3], "must hold the sizes"),
        (Columns(6), (2.0, 3), "must hold the sizes"),
        (Columns(6), (-2, -3), "must hold the sizes"),
    ],
)
def test_a_wrong_shape_is_told(columns, shape, why):
    name, told = next(Fitted(columns, shape).faults_of_shape())
    assert name == "shape_"
    assert why in told


@pytest.mark.parametrize(
    ("changes", "place", "why"),
    [
        ({"container": "arrow"}, "_container", "must be one of"),
        ({"map": {}}, "_affine", "must be a Map"),
        ({"statistic": None}, "_statistic", "must be a Statistic"),
        ({"buffer": Buffer((np.ones((1, 3)),), 3)}, "_pending.rows", "must have 2 columns"),
        ({"buffer": Buffer((np.full((1, 2), np.inf),), 2)}, "_pending.rows", "no infinity"),
        ({"buffer": Buffer((np.ones(2),), 2)}, "_pending.rows", "must be rows of float64"),
    ],
)
def test_wrong_records_are_told_with_their_place(changes, place, why):
    name, told = next(RECORDS["array"].but(**changes).faults_of_records(2))
    assert name == place
    assert why in told


def test_faults_of_a_map_and_a_statistic_are_told_with_their_field():
    wider = list(RECORDS["array"].faults_of_records(3))
    assert {name for name, _ in wider} >= {"_affine.center", "_statistic.weight"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (strings("a", "b"), True),
        (strings(), True),
        (strings("a", None), False),
        (["a"], False),
        (np.array(["a"]), False),
    ],
)
def test_which_arrays_hold_strings(names, expected):
    assert are_strings(names) == expected
