"""Integers beyond 2**53 leave Python as exactly as they are read, or a warning names the column."""

import numpy as np
import onnxruntime
import pandas as pd
import pytest
from laws import assert_same_bits
from skl2onnx import convert_sklearn
from skl2onnx.common import data_types
from sklearn.pipeline import make_pipeline

from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
)
from sklearn_norm.onnx import inverse

STEPS = np.array([[0, 7], [3, 100], [50, 2], [999, 44]])
KINDS = {np.int64: data_types.Int64TensorType, np.uint64: data_types.UInt64TensorType}
SCALERS = [
    MinMaxScaler(),
    MinMaxScaler((-1, 3), clip=True),
    ZScoreScaler(),
    ZScoreScaler(with_mean=False),
    RobustScaler(clip="range"),
    BatchStatsScaler(),
    BatchStatsScaler(bias_correction=False),
]


def run(model, **inputs):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, inputs)[0]


def answer(estimator, X, kind):
    return run(convert_sklearn(estimator, initial_types=[("X", kind([None, X.shape[1]]))]), X=X)


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
@pytest.mark.parametrize(
    ("place", "dtype"),
    [(2**60, np.int64), (-(2**62) + 5, np.int64), (2**60, np.uint64), (2**64 - 2000, np.uint64)],
)
def test_graphs_of_integers_take_differences_before_rounding(scaler, place, dtype):
    X = (STEPS.astype(object) + place).astype(dtype)
    scaler.fit(X)
    assert_same_bits(answer(scaler, X, KINDS[dtype]), scaler.transform(X))


@pytest.mark.parametrize("scaler", SCALERS, ids=str)
def test_graphs_of_floats_do_not_round_the_center(scaler):
    X = STEPS + 2**60
    scaler.fit(X)
    floats = X.astype(float)
    found = answer(scaler, floats, data_types.DoubleTensorType)
    assert_same_bits(found, scaler.transform(floats))
    Z = scaler.transform(X)
    back = answer(inverse(scaler), Z, data_types.DoubleTensorType)
    assert_same_bits(back, scaler.inverse_transform(Z))


def test_columns_of_several_types():
    frame = pd.DataFrame({"n": STEPS[:, 0] + 2**60, "x": STEPS[:, 1] / 7, "m": STEPS[:, 1]})
    scaler = ZScoreScaler().fit(frame)
    types = {"n": "Int64TensorType", "x": "DoubleTensorType", "m": "Int32TensorType"}
    model = convert_sklearn(
        scaler,
        initial_types=[(name, getattr(data_types, t)([None, 1])) for name, t in types.items()],
    )
    inputs = {name: frame[[name]].to_numpy() for name in frame}
    inputs["m"] = inputs["m"].astype(np.int32)
    assert_same_bits(run(model, **inputs), np.asarray(scaler.transform(frame)))


@pytest.mark.parametrize(
    "scaler",
    [
        ZScoreScaler.from_stats(mean=[2.0**60, 0.5], std=[10.0, 1.0]),
        MinMaxScaler().fit(STEPS + 2.0**60),
        DecimalScaler().fit(STEPS),
        MaxAbsScaler().fit(STEPS),
        make_pipeline(MinMaxScaler()).fit(STEPS + 2**60),
    ],
    ids=["known", "of floats", "decimal", "largest", "pipeline"],
)
def test_other_scalers_of_integers(scaler):
    X = STEPS + 2**60
    found = answer(scaler, X, data_types.Int64TensorType)
    np.testing.assert_allclose(found, scaler.transform(X), rtol=1e-15)


@pytest.mark.parametrize("scaler", [MinMaxScaler(), ZScoreScaler(), RobustScaler()], ids=str)
def test_scikit_learn_s_scalers_round_and_a_warning_names_the_column(scaler):
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0], "time": np.array([0, 100, 300]) + 2**60})
    scaler.fit(frame)
    with pytest.warns(UserWarning, match="Column 'time' was fitted to integers beyond"):
        scaler.to_sklearn()
    far = pd.DataFrame({"x": [0.0, 1.0], "time": [2**60, 2**62]})
    scaler.fit(far).to_sklearn()
    scaler.fit(frame - 2**60).to_sklearn()
