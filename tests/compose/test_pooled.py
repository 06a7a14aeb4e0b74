"""PooledScaler: one scale for columns that belong together."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits, assert_same_state
from scipy import sparse
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    ColumnScaler,
    DecimalScaler,
    LayerNorm,
    MaxAbsScaler,
    MinMaxScaler,
    PooledScaler,
    RobustScaler,
    ZScoreScaler,
)

X = np.random.default_rng(0).normal(3, 2, (30, 4)) * [1, 10, 0.1, 1]
INNER = [
    ZScoreScaler(),
    ZScoreScaler(ddof=1, clip="range"),
    MinMaxScaler((-1, 1)),
    MinMaxScaler(data_range=(0, 255)),
    MaxAbsScaler(),
    RobustScaler(),
    DecimalScaler(),
    BatchStatsScaler(momentum=None),
]
EVERY = pytest.mark.parametrize("inner", INNER, ids=repr)


def by_hand(inner, X):
    return clone(inner).fit(X.reshape(-1, 1))


@EVERY
@pytest.mark.parametrize("dtype", ["float64", "float32", "int64"])
def test_results_have_the_bits_of_one_joint_column(inner, dtype, hard_matrix):
    data = hard_matrix[:200, :6]
    data = X.astype(dtype) if dtype != "float64" else data
    scaler, hand = PooledScaler(inner).fit(data), by_hand(inner, data)
    Z = scaler.transform(data)
    assert_same_bits(Z, hand.transform(data.reshape(-1, 1)).reshape(data.shape))
    back = hand.inverse_transform(Z.reshape(-1, 1)).reshape(data.shape)
    assert_same_bits(scaler.inverse_transform(Z), back)
    some = scaler.inverse_transform(Z[:, [1, 3]], columns=[1, 3])
    assert_same_bits(some, back[:, [1, 3]])


def test_ratios_between_columns_survive():
    Z = PooledScaler(MaxAbsScaler()).fit_transform(X)
    np.testing.assert_allclose(Z[:, 1] / Z[:, 0], X[:, 1] / X[:, 0], 1e-14)


@EVERY
@given(cuts=st.lists(st.integers(1, 29), max_size=3, unique=True))
def test_streams_and_merges_equal_the_whole(inner, cuts):
    parts = np.split(X, sorted(cuts))
    if isinstance(inner, BatchStatsScaler):
        parts = [X]
    streamed = PooledScaler(inner)
    for part in parts:
        streamed.partial_fit(part)
    merged = sklearn_norm.merge(PooledScaler(inner).fit(part) for part in parts)
    expected = PooledScaler(inner).fit(X).transform(X)
    assert_same_bits(streamed.transform(X), expected)
    assert_same_bits(merged.transform(X), expected)


def test_a_weight_is_that_of_each_member_of_its_row():
    w = np.arange(30.0)
    scaler = PooledScaler(ZScoreScaler()).fit(X, sample_weight=w)
    hand = ZScoreScaler().fit(X.reshape(-1, 1), sample_weight=np.repeat(w, 4))
    assert_same_bits(scaler.scaler_.mean_, hand.mean_)
    assert scaler.scaler_.n_samples_seen_ == 4 * w.sum()


def test_missing_members_are_left_out_whatever_their_column():
    scaler = PooledScaler(ZScoreScaler()).fit([[1.0, np.nan], [np.nan, 3.0]])
    assert scaler.transform([[1.0, 1.0]]).tolist() == [[-1.0, -1.0]]


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame])
def test_frames_come_back(kind):
    table = kind({"x": [1, 2, 3], "y": np.array([0.5, 1, 4], np.float32), "z": [2.0, 2.0, 2.0]})
    scaler = PooledScaler(ZScoreScaler())
    Z = scaler.fit_transform(table)
    assert list(Z.columns) == ["x", "y", "z"]
    assert [str(d).lower() for d in Z.dtypes] == ["float64", "float32", "float64"]
    back = scaler.inverse_transform(Z)
    assert [str(d) for d in back.dtypes] == [str(d) for d in table.dtypes]
    assert back["x"].to_list() == [1, 2, 3]
    np.testing.assert_allclose(back["y"].to_numpy(), [0.5, 1, 4], 1e-6)
    one = scaler.inverse_transform(Z[["z"]])
    np.testing.assert_allclose(one["z"].to_numpy(), 2.0, 1e-15)


def test_sparse_data_stay_sparse():
    data = sparse.csr_array([[0.0, 4.0], [2.0, 0.0]])
    scaler = PooledScaler(MaxAbsScaler())
    Z = scaler.fit_transform(data)
    assert Z.format == "csr"
    assert Z.toarray().tolist() == [[0, 1], [0.5, 0]]
    assert scaler.inverse_transform(Z).toarray().tolist() == data.toarray().tolist()


def test_integers_beyond_2_53_are_exact():
    times = 1_700_000_000_000_000_000 + np.arange(6).reshape(3, 2)
    Z = PooledScaler(MinMaxScaler()).fit_transform(times)
    assert_same_bits(Z, (np.arange(6) / 5).reshape(3, 2))


def test_errors_name_the_column_and_change_nothing():
    scaler = PooledScaler(ZScoreScaler()).fit(pd.DataFrame(X, columns=list("abcd")))
    state = pickle.dumps(scaler)
    wrong = pd.DataFrame(X.copy(), columns=list("abcd"))
    wrong.loc[3, "c"] = np.inf
    for act in (scaler.fit, scaler.partial_fit, scaler.transform):
        with pytest.raises(ValueError, match=r"infinity.*in column 'c'"):
            act(wrong)
    with pytest.raises(ValueError, match=r"Column 'c' holds 'no'"):
        scaler.partial_fit(wrong.astype({"c": object}).assign(c="no"))
    with pytest.raises(ValueError, match="`scaler` is a LayerNorm"):
        PooledScaler(LayerNorm()).fit(X)
    assert pickle.dumps(scaler) == state


@EVERY
def test_json_and_pickles_are_equal_and_go_on(inner):
    scaler = PooledScaler(inner).fit(X)
    for twin in (
        sklearn_norm.from_dict(json.loads(json.dumps(sklearn_norm.to_dict(scaler)))),
        pickle.loads(pickle.dumps(scaler)),
    ):
        assert sklearn_norm.equal(twin, scaler)
        assert_same_state(twin.partial_fit(X[:5]), clone(scaler).fit(X).partial_fit(X[:5]))


def test_it_pools_a_selection_inside_a_column_scaler():
    both = ColumnScaler(
        [("axes", PooledScaler(ZScoreScaler()), [0, 1, 3]), ("other", MinMaxScaler(), [2])]
    )
    Z = both.fit_transform(X)
    assert_same_bits(Z[:, [0, 1, 3]], PooledScaler(ZScoreScaler()).fit_transform(X[:, [0, 1, 3]]))
    np.testing.assert_allclose(both.inverse_transform(Z), X, 1e-13, 1e-14)
    assert both.set_params(axes__scaler__ddof=1).scalers[0][1].scaler.ddof == 1
