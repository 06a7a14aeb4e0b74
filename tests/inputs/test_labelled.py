"""Arguments with labels are aligned with the columns; lists and arrays go by position."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from laws import assert_same_bits

import sklearn_norm
from sklearn_norm import BatchNorm, BatchStatsScaler, LayerNorm, MinMaxScaler, ZScoreScaler

NAMES = ["a", "b", "c"]
FRAME = pd.DataFrame(np.random.default_rng(0).normal(5.0, 2.0, (20, 3)), columns=NAMES)
MEAN = pd.Series({"c": 3.0, "a": 1.0, "b": 2.0})
VAR = pd.Series({"b": 4.0, "c": 9.0, "a": 1.0})
FORMS = {
    "series": lambda s: s,
    "dict": lambda s: s.to_dict(),
    "pandas": lambda s: s.to_frame().T,
    "polars": lambda s: pl.DataFrame({k: [v] for k, v in s.items()}),
    "arrow": lambda s: pa.table({k: [v] for k, v in s.items()}),
    "record batch": lambda s: pa.record_batch({k: [v] for k, v in s.items()}),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))


@every_form
def test_from_stats_aligns_by_name_and_takes_the_names(form):
    scaler = ZScoreScaler.from_stats(mean=form(MEAN), var=form(VAR), n_samples=5)
    assert scaler.feature_names_in_.tolist() == ["c", "a", "b"]
    assert scaler.mean_.tolist() == [3.0, 1.0, 2.0]
    assert scaler.var_.tolist() == [9.0, 1.0, 4.0]
    named = ZScoreScaler.from_stats(
        mean=form(MEAN), var=form(VAR), n_samples=5, feature_names=NAMES
    )
    assert named.mean_.tolist() == [1.0, 2.0, 3.0]
    low = MinMaxScaler.from_stats(data_min=form(MEAN), data_max=[9.0, 8.0, 7.0], n_samples=5)
    assert low.data_range_.tolist() == [6.0, 7.0, 5.0]
    assert low.feature_names_in_.tolist() == ["c", "a", "b"]


@every_form
def test_gamma_and_beta_are_aligned_with_the_columns(form):
    scaler = BatchStatsScaler(gamma=form(MEAN), beta=form(VAR)).fit(FRAME)
    plain = BatchStatsScaler(gamma=[1.0, 2.0, 3.0], beta=[1.0, 4.0, 9.0]).fit(FRAME)
    assert_same_bits(scaler.transform(FRAME), plain.transform(FRAME))
    again = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler))
    assert_same_bits(again.transform(FRAME), plain.transform(FRAME))
    assert_same_bits(
        again.partial_fit(FRAME).transform(FRAME), plain.partial_fit(FRAME).transform(FRAME)
    )


@every_form
def test_ranges_are_aligned_with_the_columns(form):
    low, high = MEAN - 100, MEAN + 100
    scaler = MinMaxScaler(data_range=(form(low), form(high))).fit(FRAME)
    assert scaler.data_min_.tolist() == [-99.0, -98.0, -97.0]
    assert scaler.data_max_.tolist() == [101.0, 102.0, 103.0]
    wanted = MinMaxScaler((form(MEAN), form(MEAN + 1))).fit(FRAME)
    assert wanted.transform(FRAME).min(axis=0).tolist() == [1.0, 2.0, 3.0]


def test_a_series_in_another_order_is_another_parameter():
    scaler = BatchStatsScaler(gamma=MEAN).fit(FRAME)
    other = pd.Series({"a": 3.0, "b": 1.0, "c": 2.0})
    scaler.set_params(gamma=other).partial_fit(FRAME)
    expected = BatchStatsScaler(gamma=[3.0, 1.0, 2.0]).fit(FRAME).partial_fit(FRAME)
    assert_same_bits(scaler.transform(FRAME), expected.transform(FRAME))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"a": 1.0, "b": 2.0, "x": 3.0}, "label 'x', which is no column"),
        ({"a": 1.0, "b": 2.0}, "no number for column 'c'"),
        (pd.Series([1.0, 2.0, 3.0], index=["a", "b", "b"]), "'b' occurs more than once"),
        (pd.Series([1.0, 2.0, 3.0], index=[7, 8, 9]), "label 7, which is no column"),
    ],
    ids=["unknown", "missing", "twice", "integers"],
)
def test_a_label_that_does_not_fit_is_an_error(wrong, message):
    with pytest.raises(ValueError, match=message):
        BatchStatsScaler(gamma=wrong).fit(FRAME)
    with pytest.raises(ValueError, match=message):
        MinMaxScaler(data_range=(wrong, 9.0)).fit(FRAME)
    with pytest.raises(ValueError, match=message):
        ZScoreScaler.from_stats(mean=wrong, var=1.0, n_samples=3, feature_names=NAMES)


def test_without_labels_of_the_columns_labels_are_refused():
    message = "no labels that it could be aligned with"
    with pytest.raises(ValueError, match=message):
        BatchStatsScaler(gamma=MEAN).fit(FRAME.to_numpy())
    with pytest.raises(ValueError, match=message):
        BatchNorm(gamma=MEAN).fit(np.ones((4, 3, 2)))
    with pytest.raises(ValueError, match=message):
        LayerNorm(gamma=MEAN).fit(np.ones((4, 3)))
    with pytest.raises(ValueError, match=message):
        sklearn_norm.functional.layer_norm(np.ones((4, 3)), gamma=MEAN)


def test_lists_arrays_and_counting_series_go_by_position():
    expected = BatchStatsScaler(gamma=[1.0, 2.0, 3.0]).fit(FRAME).transform(FRAME)
    for gamma in (np.array([1.0, 2.0, 3.0]), pd.Series([1.0, 2.0, 3.0]), (1, 2, 3)):
        assert_same_bits(BatchStatsScaler(gamma=gamma).fit(FRAME).transform(FRAME), expected)


def test_a_labelled_clip_is_aligned_with_the_columns():
    high = pd.Series({"c": 0.3, "a": 0.1, "b": 0.2})
    Z = ZScoreScaler(clip=(-high, high)).fit_transform(FRAME)
    assert Z.max(axis=0).tolist() == [0.1, 0.2, 0.3]


def test_labels_that_count_are_labels_where_the_columns_have_them():
    frame = FRAME.set_axis([2, 0, 1], axis=1)
    gamma = pd.Series([10.0, 20.0, 30.0])
    scaler = BatchStatsScaler(gamma=gamma).fit(frame)
    expected = BatchStatsScaler(gamma=[30.0, 10.0, 20.0]).fit(frame)
    assert_same_bits(scaler.transform(frame), expected.transform(frame))
