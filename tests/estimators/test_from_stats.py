"""from_stats: scalers built from known statistics read them back, serve, and go on."""

from __future__ import annotations

import base64
import copy
import pickle
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
from exact import exact_moments
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import (
    BatchNorm,
    BatchStatsScaler,
    ChannelScaler,
    DecimalScaler,
    LogScaler,
    MaxAbsScaler,
    MinMaxScaler,
    PowerScaler,
    RobustScaler,
    SquashScaler,
    StandardScaler,
    ZScoreScaler,
)
from sklearn_norm.statistics.given import Given

NAN, INF = np.nan, np.inf
NAMES = ["height", "weight", "age"]
DATA = np.random.default_rng(0).normal(100, 30, (40, 3)).round(2)
FRAME = pd.DataFrame(DATA, columns=NAMES)
EPS = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Case:
    """A scaler, the attributes that its from_stats takes, and parameters."""

    kind: type
    names: dict[str, str]
    parameters: dict[str, Any] = field(default_factory=dict)

    def make(self) -> Any:
        return self.kind(**self.parameters)

    def stats(self, fitted: Any) -> dict[str, Any]:
        return {given: getattr(fitted, attribute) for given, attribute in self.names.items()}

    def build(self, **stats: Any) -> Any:
        return self.kind.from_stats(**stats, **self.parameters)

    def rebuilt(self, fitted: Any, **more: Any) -> Any:
        return self.build(**self.stats(fitted), **more)


MOMENTS = {"mean": "mean_", "var": "var_", "n_samples": "n_samples_seen_"}
EXTREMA = {"data_min": "data_min_", "data_max": "data_max_", "n_samples": "n_samples_seen_"}
PEAKS = {"max_abs": "max_abs_", "n_samples": "n_samples_seen_"}
UNGROWING = (PowerScaler, RobustScaler, SquashScaler)
QUANTILES = {"center": "center_", "scale": "scale_"}
LOGARITHMS = {**QUANTILES, "n_samples": "n_samples_seen_"}
RUNNING = {
    "running_mean": "running_mean_",
    "running_var": "running_var_",
    "n_batches": "n_batches_seen_",
}
CASES = [
    Case(ZScoreScaler, MOMENTS),
    Case(ZScoreScaler, MOMENTS, {"ddof": 1}),
    Case(ZScoreScaler, MOMENTS, {"with_mean": False}),
    Case(ZScoreScaler, MOMENTS, {"with_std": False}),
    Case(MinMaxScaler, EXTREMA),
    Case(MinMaxScaler, EXTREMA, {"feature_range": (-2.5, 7.0), "clip": True}),
    Case(DecimalScaler, PEAKS),
    Case(MaxAbsScaler, PEAKS),
    Case(MaxAbsScaler, PEAKS, {"clip": True}),
    Case(StandardScaler, MOMENTS),
    Case(RobustScaler, QUANTILES),
    Case(RobustScaler, QUANTILES, {"with_centering": False, "unit_variance": True}),
    Case(RobustScaler, QUANTILES, {"with_scaling": False}),
    Case(LogScaler, LOGARITHMS, {"kind": "asinh"}),
    Case(LogScaler, LOGARITHMS, {"kind": "signed_log1p", "base": 10}),
    Case(PowerScaler, QUANTILES, {"lambdas": 1.0, "unit": 1.0}),
    Case(SquashScaler, QUANTILES),
    Case(BatchStatsScaler, RUNNING),
    Case(BatchStatsScaler, RUNNING, {"momentum": None, "ddof": 1, "gamma": 2.0, "beta": 1.0}),
    Case(BatchStatsScaler, RUNNING, {"bias_correction": False, "variance": "within"}),
    Case(BatchStatsScaler, RUNNING, {"momentum": 1.0}),
    Case(BatchNorm, RUNNING),
    Case(ChannelScaler, MOMENTS),
    Case(ChannelScaler, EXTREMA, {"method": "minmax"}),
    Case(BatchNorm, RUNNING, {"momentum": None, "variance": "within", "ddof": 1}),
]


def cases(*kinds, leave_out=(), prior=True):
    chosen = [c for c in CASES if (not kinds or c.kind in kinds) and c.kind not in leave_out]
    chosen = [c for c in chosen if prior or c.parameters.get("bias_correction", True)]
    return pytest.mark.parametrize("case", chosen, ids=described)


def described(case):
    told = ",".join(f"{k}={v}" for k, v in case.parameters.items())
    return f"{case.kind.__name__}({told})"


def assert_close(actual, expected, rtol, atol=0.0):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)


def test_every_public_scaler_is_built_from_statistics():
    """A new one without from_stats simply has none; a public one has, and meets these tests."""
    others = {*laws.SCALERS} - {"QuantileScaler"}  # a thousand quantiles are no vector per column
    assert sorted({case.kind.__name__ for case in CASES}) == sorted(others)
    assert all(callable(getattr(sklearn_norm, name).from_stats) for name in others)


# Statistics of a fitted scaler, there and back


@cases()
def test_what_a_scaler_says_builds_one_that_says_the_same(case, hard_columns):
    """The statistics come back bit for bit, from every hard column that floats can tell of."""
    told = 0
    for name, column in hard_columns.items():
        fitted = case.make().fit(column[:, None])
        stats = {k: v for k, v in case.stats(fitted).items() if v is not None}
        if any(np.isinf(v).any() for v in stats.values()):
            assert name in ("large", "largest")  # whose variance, or range, is beyond floats
            with pytest.raises(ValueError, match="=inf"):
                case.rebuilt(fitted)
            continue
        laws.assert_same_bits(case.stats(case.rebuilt(fitted)), case.stats(fitted), name)
        told += 1
    assert told >= len(hard_columns) - 2


COLUMN = st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(NAN)), min_size=1, max_size=9)


@cases()
@given(column=COLUMN, weight=st.floats(0.01, 100), power=st.integers(-120, 120))
def test_what_any_data_say_builds_a_scaler_that_says_the_same(case, column, weight, power):
    """The statistics have the same bits, and rebuilt once more they still have."""
    x = np.round(column, 6)[:, None] * 10.0**power
    fitted = case.make().fit(x, sample_weight=np.full(len(x), weight))
    built = case.rebuilt(fitted)
    laws.assert_same_bits(case.stats(built), case.stats(fitted))
    laws.assert_same_bits(case.stats(case.rebuilt(built)), case.stats(fitted))
    np.testing.assert_array_equal(np.isnan(built.transform(x)), np.isnan(x))


@cases(MinMaxScaler, MaxAbsScaler, DecimalScaler, RobustScaler)
def test_known_bounds_scale_to_the_same_bits(case, hard_matrix):
    fitted = case.make().fit(hard_matrix)
    if any(np.isinf(v).any() for v in case.stats(fitted).values() if v is not None):
        hard_matrix = hard_matrix[:, np.isfinite(fitted.scale_) | np.isnan(fitted.scale_)]
        fitted = case.make().fit(hard_matrix)
    built = case.rebuilt(fitted)
    Z = fitted.transform(hard_matrix)
    laws.assert_same_bits(built.transform(hard_matrix), Z)
    laws.assert_same_bits(built.inverse_transform(Z), fitted.inverse_transform(Z))


@cases(ZScoreScaler, BatchStatsScaler)
def test_known_moments_scale_the_same_to_two_roundings(case, tame_matrix):
    """Which is what a float loses of the variance."""
    fitted = case.make().fit(tame_matrix)
    built = case.rebuilt(fitted)
    assert_close(built.transform(tame_matrix), fitted.transform(tame_matrix), 8 * EPS, 1e-300)


@cases()
def test_scalars_lists_arrays_and_series_are_the_same(case):
    """A number stands for all columns; an index that only counts says nothing."""
    fitted = case.make().fit(DATA[:, [0, 0, 0]])
    stats = {k: v for k, v in case.stats(fitted).items() if v is not None}
    one = {k: float(np.ravel(v)[0]) for k, v in stats.items()}
    expected = case.stats(case.build(**{k: [v] * 3 for k, v in one.items()}))
    for make in (
        np.array,
        tuple,
        pd.Series,
        lambda v: pl.Series("x", v),
        lambda v: pd.array(v, dtype="Float64"),
        lambda v: np.asfortranarray(np.repeat(v, 2))[::2],
        lambda v: [Fraction(x) for x in v],
        lambda v: np.ma.masked_invalid(v),
    ):
        built = case.build(**{k: make([v] * 3) for k, v in one.items()})
        laws.assert_same_bits(case.stats(built), expected)
        assert not hasattr(built, "feature_names_in_")
    first, *others = one
    mixed = {first: [one[first]] * 3, **{name: one[name] for name in others}}
    laws.assert_same_bits(case.stats(case.build(**mixed)), expected)
    single = case.stats(case.build(**one))
    assert {k: float(v[0]) if np.ndim(v) else v for k, v in single.items() if k in one} == one


@cases()
def test_the_numbers_given_are_copied(case):
    """Later changes to the arrays do not change the scaler, nor the other way round."""
    stats = {k: np.array(v) for k, v in case.stats(case.make().fit(DATA)).items() if v is not None}
    before = {k: v.copy() for k, v in stats.items()}
    built = case.build(**stats)
    if case.kind not in UNGROWING:
        built.partial_fit(DATA)
    laws.assert_same_bits(stats, before)
    built = case.build(**stats)
    expected = case.stats(built)
    for vector in stats.values():
        vector += 1
    laws.assert_same_bits(case.stats(built), expected)


MEANS = st.floats(-1e3, 1e3)
POWERS = st.integers(-150, 150)
COUNTS = st.one_of(st.integers(1, 10**9), st.floats(1e-3, 1e12))


@given(
    mean=MEANS, root=st.floats(1e-3, 1e3), power=POWERS, count=COUNTS, ddof=st.sampled_from([0, 1])
)
def test_any_mean_and_variance_read_back(mean, root, power, count, ddof):
    """Bit for bit, from 1e-150 to 1e150, weighted or not."""
    mean, variance = mean * 10.0**power, (root * 10.0**power) ** 2
    built = ZScoreScaler.from_stats(mean=mean, var=variance, n_samples=count, ddof=ddof)
    assert built.mean_.tolist() == [mean]
    assert built.var_.tolist() == [variance]
    assert built.n_samples_seen_ == count
    running = BatchStatsScaler.from_stats(running_mean=mean, running_var=variance, n_batches=7)
    assert running.running_mean_.tolist() == [mean]
    assert running.running_var_.tolist() == [variance]
    assert running.n_batches_seen_ == 7


EXTREMES = [(-1e300, 1e304), (1e155, 1e300), (1e-155, 1e-310), (1e16, 1e-290)]
WEIGHTED = [(1e300, 0.0), (1e-170, 0.0), (0.0, 5e-324), (0.0, 1.7e308), (3e-150, 1e-300)]


@pytest.mark.parametrize(
    ("mean", "variance", "count"),
    [(*stats, n) for stats in EXTREMES + WEIGHTED for n in (0.1, 3, 2**53)]
    + [(*stats, n) for stats in WEIGHTED for n in (1e-230, 1e230)],
)
def test_extreme_columns_neither_overflow_nor_vanish(mean, variance, count):
    built = ZScoreScaler.from_stats(mean=mean, var=variance, n_samples=count)
    assert built.mean_.tolist() == [mean]
    assert built.var_.tolist() == [variance]
    assert_close(built.scale_, [np.sqrt(variance) or 1.0], EPS)
    assert built.constant_features_.tolist() == ([0] if variance == 0 else [])


# Going on


@pytest.mark.parametrize(
    "first", [ZScoreScaler, MinMaxScaler, MaxAbsScaler, DecimalScaler, BatchStatsScaler]
)
def test_pending_rows_are_those_of_a_batch(first):
    """One by one or at once; read between or not."""
    case = next(c for c in CASES if c.kind is first)
    start = case.rebuilt(case.make().fit(DATA[:20]))
    one, read = copy.deepcopy(start), copy.deepcopy(start)
    for row in DATA[20:]:
        one.partial_fit(row[None])
        case.stats(read.partial_fit(row[None]))
    laws.assert_same_bits(laws.read_scaler(one), laws.read_scaler(read))
    if first is not BatchStatsScaler:
        laws.assert_close_scalers(one, start.partial_fit(DATA[20:]))


def test_known_moments_go_on_by_hand():
    """Of 1 and 3, known by mean 2 and variance 1, then 8: mean 4, variance 26/3."""
    built = ZScoreScaler.from_stats(mean=2, var=1, n_samples=2).partial_fit([[8.0]])
    assert built.mean_.tolist() == [4]
    assert built.var_.tolist() == [26 / 3]
    assert built.n_samples_seen_ == 3
    corrected = ZScoreScaler.from_stats(mean=2, var=2, n_samples=2, ddof=1).partial_fit([[8.0]])
    assert corrected.mean_.tolist() == [4]
    assert corrected.var_.tolist() == [13]


def test_known_weights_need_not_be_whole():
    """1 with the weight 0.5 and 3 with 1.5: mean 2.5, variance 0.75."""
    built = ZScoreScaler.from_stats(mean=1, var=0, n_samples=0.5)
    built.partial_fit([[3.0]], sample_weight=[1.5])
    assert (built.mean_, built.var_, built.n_samples_seen_) == (2.5, 0.75, 2)


@cases(ZScoreScaler, MinMaxScaler, MaxAbsScaler, DecimalScaler)
def test_a_known_start_goes_on_as_if_it_had_been_seen(case):
    """By partial_fit, with weights, and by merge from either side: one fit on all, to 1e-12."""
    rng = np.random.default_rng(1)
    X = rng.normal(3, 2, (300, 4))
    X[rng.random(X.shape) < 0.1] = NAN
    weight = rng.integers(1, 4, 300) / 2
    weight[:100] = 1.0
    whole = case.make().fit(X, sample_weight=weight)
    start = case.make().fit(X[:100])
    end = case.make().fit(X[100:], sample_weight=weight[100:])
    for built in (
        case.rebuilt(start).partial_fit(X[100:], sample_weight=weight[100:]),
        case.rebuilt(start).merge(end),
        end.merge(case.rebuilt(start)),
        case.rebuilt(start).merge(case.rebuilt(end)),
        pickle.loads(pickle.dumps(case.rebuilt(start))).partial_fit(
            X[100:], sample_weight=weight[100:]
        ),
    ):
        if case.kind is ZScoreScaler:
            laws.assert_close_scalers(built, whole)
        else:
            laws.assert_same_bits(laws.read_scaler(built), laws.read_scaler(whole))


@pytest.mark.parametrize("name", ["huge_mean", "1e15", "lognormal", "alternating", "integers"])
def test_a_known_start_costs_no_more_than_its_own_rounding(name, hard_columns):
    """The result is the exact one of a start with the mean and the variance as they were given."""
    x = hard_columns[name]
    start = ZScoreScaler().fit(x[:500, None])
    built = ZScoreScaler.from_stats(mean=start.mean_, var=start.var_, n_samples=500)
    built.partial_fit(x[500:, None])
    m, v = Fraction(start.mean_[0]), Fraction(start.var_[0])
    mean, var = exact_moments(x[500:].tolist())
    n, k = 500, x.size - 500
    expected = (n * m + k * mean) / (n + k)
    spread = (n * v + k * var + Fraction(n * k, n + k) * (m - mean) ** 2) / (n + k)
    assert built.mean_[0] == float(expected)
    assert built.var_[0] == float(spread)


@cases(MinMaxScaler, MaxAbsScaler, DecimalScaler)
def test_known_bounds_go_on_to_the_same_bits(case, hard_matrix):
    start, whole = case.make().fit(hard_matrix[:200]), case.make().fit(hard_matrix)
    built = case.rebuilt(start)
    built.partial_fit(hard_matrix[200:])
    found, expected = laws.read_scaler(built), laws.read_scaler(whole)
    if case.kind in (
        MaxAbsScaler,
        DecimalScaler,
    ):  # of constant columns, only those of zeros are known
        assert set(found.pop("constant_features_")) <= set(expected.pop("constant_features_"))
    laws.assert_same_bits(found, expected)
    laws.assert_same_bits(built.transform(hard_matrix), whole.transform(hard_matrix))


@cases(BatchStatsScaler, BatchNorm)
def test_a_running_average_goes_on_as_if_uninterrupted(case):
    """Columns that some batches leave out have counts, and so weights, of their own."""
    rng = np.random.default_rng(2)
    batches = [rng.normal(5 * i, 1 + i, (20, 3)) for i in range(9)]
    for i in (0, 2, 3):
        batches[i][:, 1] = NAN
    whole = case.make()
    for i, batch in enumerate(batches):
        whole.partial_fit(batch)
        built = case.rebuilt(whole)
        for later in batches[i + 1 :]:
            built.partial_fit(later)
        if i + 1 < len(batches):
            rest = copy.deepcopy(whole)
            for later in batches[i + 1 :]:
                rest.partial_fit(later)
            assert_close(built.running_mean_, rest.running_mean_, 1e-12)
            assert_close(built.running_var_, rest.running_var_, 1e-12)
            assert_close(built.transform(batch), rest.transform(batch), 1e-11, 1e-12)
            laws.assert_same_bits(built.n_batches_seen_, rest.n_batches_seen_)


def test_a_running_average_goes_on_by_hand():
    """The weight 1 - 0.5² of two batches, then a third at 8 with the weight 0.5."""
    built = BatchStatsScaler.from_stats(
        running_mean=1.0, running_var=2.0, n_batches=2, momentum=0.5, eps=0
    )
    built.partial_fit([[7.0], [9.0]])
    weight, new = 0.75 * 0.5, 0.5
    total = weight + new
    mean = (weight * 1 + new * 8) / total  # 5
    assert built.running_mean_.tolist() == [mean] == [5.0]
    drift = weight * new / total * (8 - 1) ** 2
    assert_close(built.running_var_, [(weight * 2 + new * 1 + drift) / total], 1e-15)
    assert built.n_batches_seen_ == 3
    assert built.n_samples_seen_ == 2  # the rows of the known batches are not known


def test_without_bias_correction_no_batch_is_a_prior():
    """As in PyTorch: the mean 10 and the variance 4 count as one batch."""
    built = BatchStatsScaler.from_stats(
        running_mean=10.0,
        running_var=4.0,
        n_batches=0,
        momentum=0.25,
        bias_correction=False,
        variance="within",
    )
    built.partial_fit([[1.0], [3.0]])
    assert built.running_mean_.tolist() == [0.75 * 10 + 0.25 * 2]
    assert built.running_var_.tolist() == [0.75 * 4 + 0.25 * 1]


def test_batches_counted_alike_merge():
    """Two batches of mean 1 and one of mean 4, all of variance 3: mean 2, variance 3 + 2."""
    one = BatchStatsScaler.from_stats(running_mean=1, running_var=3, n_batches=2, momentum=None)
    two = BatchStatsScaler.from_stats(running_mean=4, running_var=3, n_batches=1, momentum=None)
    merged = one.merge(two)
    assert merged.running_mean_.tolist() == [2]
    assert merged.running_var_.tolist() == [5]
    assert merged.n_batches_seen_ == 3


# Constant columns, and columns without data


def test_what_is_constant_is_known_where_the_statistics_tell():
    scaler = ZScoreScaler.from_stats(mean=[5, 5, 5], var=[0, 1, 0], n_samples=[4, 4, 1])
    assert scaler.constant_features_.tolist() == [0, 2]
    scaler.partial_fit([[5.0, 5.0, 6.0]])
    assert scaler.constant_features_.tolist() == [0]
    assert scaler.transform([[7.0, 5.0, 5.5]]).tolist() == [[2, 0, 0]]
    other = ZScoreScaler.from_stats(mean=[4, 5, 6], var=0, n_samples=1)
    assert scaler.merge(other).constant_features_.tolist() == []
    bounds = MinMaxScaler.from_stats(data_min=[1, 1], data_max=[1, 2], n_samples=3)
    assert bounds.constant_features_.tolist() == [0]
    peaks = DecimalScaler.from_stats(max_abs=[0, 3], n_samples=3).partial_fit([[0.0, 3.0]])
    assert peaks.constant_features_.tolist() == [0]


def test_a_running_variance_of_0_is_constant_only_with_the_drift_in_it():
    for variance, expected in (("total", [0]), ("within", [])):
        built = BatchStatsScaler.from_stats(
            running_mean=5.0, running_var=0.0, n_batches=3, variance=variance, momentum=None
        )
        assert built.constant_features_.tolist() == expected
        assert built.running_var_.tolist() == [0]
        assert built.partial_fit([[5.0]]).constant_features_.tolist() == expected
        built.partial_fit([[0.0], [0.0]])
        assert built.constant_features_.tolist() == []
        assert built.running_mean_.tolist() == [4]
    total = BatchStatsScaler.from_stats(running_mean=5, running_var=0, n_batches=3, momentum=None)
    assert total.partial_fit([[0.0], [0.0]]).running_var_.tolist() == [25 * 3 / 16]


@cases(leave_out=UNGROWING, prior=False)
def test_a_column_without_data_recovers_with_the_first_value(case):
    names = [n for n in case.names if not n.startswith("n_")]
    count = next(n for n in case.names if n.startswith("n_"))
    built = case.build(**{n: [1.0, NAN] for n in names}, **{count: [3, 0]})
    assert np.isnan(built.transform([[1.0, 2.0]])).tolist() == [[False, True]]
    assert getattr(built, case.names[count]).tolist() == [3, 0]
    built.partial_fit([[1.0, 4.0], [2.0, 6.0]])
    fresh = case.make().fit([[4.0], [6.0]])
    for name, attribute in case.names.items():
        if getattr(fresh, attribute) is not None:
            assert np.ravel(getattr(built, attribute))[-1] == getattr(fresh, attribute), name


def test_a_robust_column_without_data_stays_missing():
    built = RobustScaler.from_stats(center=[1, NAN], scale=[2, NAN])
    np.testing.assert_array_equal(built.transform([[5.0, 5.0]]), [[2, NAN]])


# Without variance, without anything


def test_what_the_parameters_do_not_ask_for_may_be_left_out():
    centred = ZScoreScaler.from_stats(mean=[1, 2], n_samples=3, with_std=False)
    assert centred.transform([[3.0, 3.0]]).tolist() == [[2, 1]]
    assert centred.var_ is None
    assert centred.partial_fit([[5.0, 6.0]]).mean_.tolist() == [2, 3]
    assert centred.constant_features_.tolist() == []
    same = ZScoreScaler.from_stats(n_samples=[3, 4], with_mean=False, with_std=False)
    assert same.transform([[3.0, 3.0]]).tolist() == [[3, 3]]
    assert same.partial_fit([[1.0, NAN]]).n_samples_seen_ == 4
    wide = RobustScaler.from_stats(scale=[2, 4], with_centering=False)
    assert wide.transform([[3.0, 3.0]]).tolist() == [[1.5, 0.75]]
    moved = RobustScaler.from_stats(center=[2, 4], with_scaling=False)
    assert moved.transform([[3.0, 3.0]]).tolist() == [[1, -1]]
    both = RobustScaler.from_stats(feature_names=NAMES, with_centering=False, with_scaling=False)
    assert both.transform(FRAME).tolist() == DATA.tolist()


@pytest.mark.parametrize(
    ("built", "parameter"),
    [
        (ZScoreScaler.from_stats(mean=1e-30, n_samples=3, with_std=False), "with_std"),
        (ZScoreScaler.from_stats(n_samples=3, with_mean=False, with_std=False), "with_mean"),
    ],
)
def test_what_was_left_out_cannot_be_asked_for_later(built, parameter):
    built.set_params(**{parameter: True})
    before = pickle.dumps(built)
    with pytest.raises(ValueError, match=f"{parameter}=True needs what `from_stats` was not given"):
        built.partial_fit([[1.0]])
    assert pickle.dumps(built) == before
    assert built.fit([[1.0], [3.0]]).n_samples_seen_ == 2


# A center and a scale alone


def test_a_robust_scaler_of_known_numbers_serves():
    """(x - 3) / 2; the parameters for quantiles and unit variance are ignored."""
    built = RobustScaler.from_stats(
        center=3, scale=2, unit_variance=True, quantile_range=(5.0, 95.0), rank_error=0.01
    )
    assert built.transform([[7.0], [NAN], [1.0]])[[0, 2]].tolist() == [[2], [-1]]
    assert built.inverse_transform([[2.0]]).tolist() == [[7]]
    assert built.center_.tolist() == [3]
    assert built.scale_.tolist() == [2]
    for copied in (pickle.loads(pickle.dumps(built)), copy.deepcopy(built)):
        assert copied.transform([[7.0]]).tolist() == [[2]]


@pytest.mark.parametrize(
    "attribute", ["n_samples_seen_", "constant_features_", "scale_source_", "rank_error_"]
)
def test_what_a_center_and_a_scale_do_not_tell_is_no_attribute(attribute):
    built = RobustScaler.from_stats(center=3, scale=2)
    assert not hasattr(built, attribute)
    with pytest.raises(AttributeError, match="built from a center and a scale"):
        getattr(built, attribute)
    assert hasattr(built.fit([[1.0], [2.0]]), attribute)


def test_a_center_and_a_scale_learn_nothing():
    built = RobustScaler.from_stats(center=[3, 3, 3], scale=2)
    fitted = RobustScaler().fit(DATA)
    before = pickle.dumps(built), pickle.dumps(fitted)
    for attempt in (
        lambda: built.partial_fit(DATA),
        lambda: built.partial_fit(DATA[:1]),
        lambda: built.partial_fit(DATA[:0]),
        lambda: built.merge(fitted),
        lambda: fitted.merge(built),
        lambda: built.merge(built),
    ):
        with pytest.raises(ValueError, match="to which no data can be added"):
            attempt()
    assert (pickle.dumps(built), pickle.dumps(fitted)) == before
    laws.assert_same_bits(laws.read_scaler(built.fit(DATA)), laws.read_scaler(fitted))
    built.partial_fit(DATA)


def test_large_centers_do_not_overflow():
    built = RobustScaler.from_stats(center=-1.7e308, scale=1.7e308)
    assert_close(built.transform([[1.7e308]]), [[2.0]], EPS)


# A built scaler is a fitted one


@cases()
def test_a_built_scaler_lasts_and_has_names_and_containers(case):
    fitted = case.make().fit(FRAME)
    built = case.rebuilt(fitted, feature_names=NAMES)
    assert built.feature_names_in_.tolist() == NAMES
    assert built.feature_names_in_.dtype == object
    assert built.n_features_in_ == 3
    assert built.get_feature_names_out().tolist() == NAMES
    assert built.get_params() == fitted.get_params()
    Z = built.transform(FRAME)
    for twin in (pickle.loads(pickle.dumps(built)), copy.deepcopy(built)):
        laws.assert_same_bits(twin.transform(FRAME), Z)
        assert twin.feature_names_in_.tolist() == NAMES
    assert not hasattr(clone(built), "feature_names_in_")
    assert clone(built).get_params() == fitted.get_params()
    framed = built.set_output(transform="pandas").transform(FRAME)
    assert list(framed.columns) == NAMES
    laws.assert_same_bits(framed.to_numpy(), Z)
    assert list(built.inverse_transform(framed).columns) == NAMES
    with pytest.raises(ValueError, match="feature names should match"):
        built.transform(FRAME[NAMES[::-1]])


@cases(leave_out=(BatchNorm, ChannelScaler))
def test_without_names_the_columns_are_counted(case):
    built = case.rebuilt(case.make().fit(DATA))
    assert not hasattr(built, "feature_names_in_")
    assert built.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    with pytest.raises(ValueError, match="2 features, but"):
        built.transform(DATA[:, :2])


@cases(leave_out=UNGROWING)
def test_names_are_checked_in_a_stream_that_goes_on(case):
    built = case.rebuilt(case.make().fit(FRAME), feature_names=pd.Index(NAMES))
    with pytest.raises(ValueError, match="feature names should match"):
        built.partial_fit(FRAME[NAMES[::-1]])
    built.partial_fit(FRAME)


def test_a_subclass_builds_its_own_kind():
    class Mine(MinMaxScaler):
        pass

    assert type(Mine.from_stats(data_min=0, data_max=1, n_samples=2)) is Mine


def test_known_bounds_of_the_data_come_before_those_seen():
    built = MinMaxScaler.from_stats(
        data_min=[1, 1],
        data_max=[3, 3],
        n_samples=2,
        feature_names=["a", "b"],
        data_range={"b": (0, 10)},
    )
    assert built.data_min_.tolist() == [1, 0]
    assert built.data_max_.tolist() == [3, 10]


def test_batch_norm_takes_its_shape_from_the_first_samples():
    """Three channels, known by number; names are for 2-D data only."""
    images = np.random.default_rng(3).normal(2, 3, (5, 3, 4, 4))
    fitted = BatchNorm().fit(images)
    built = BatchNorm.from_stats(
        running_mean=fitted.running_mean_, running_var=fitted.running_var_, n_batches=1
    )
    assert not hasattr(built, "n_features_in_")
    assert_close(built.transform(images), fitted.transform(images), 4 * EPS)
    built.partial_fit(images + 1), fitted.partial_fit(images + 1)
    assert_close(built.running_mean_, fitted.running_mean_, 1e-14)
    assert_close(built.running_var_, fitted.running_var_, 1e-12)
    with pytest.raises(
        ValueError, match=r"\(2, 4, 4\), but .* expecting samples of shape \(3, 4, 4\)"
    ):
        built.transform(images[:, :2])
    with pytest.raises(ValueError, match=r"`feature_names` are for 2-D data.*shape=\(3, 4, 4\)"):
        BatchNorm.from_stats(
            running_mean=[1, 2, 3], running_var=1, n_batches=1, feature_names=NAMES, shape=(3, 4, 4)
        )


# Errors


Z, M, D, R, B = ZScoreScaler, MinMaxScaler, DecimalScaler, RobustScaler, BatchStatsScaler
MOMENT = {"mean": [1.0, 2.0], "var": [1.0, 4.0], "n_samples": 3}
BOUNDS = {"data_min": [1.0, 2.0], "data_max": [3.0, 4.0], "n_samples": 3}
PEAK = {"max_abs": [1.0, 2.0], "n_samples": 3}
LINE = {"center": [1.0, 2.0], "scale": [1.0, 4.0]}
AVERAGE = {"running_mean": [1.0, 2.0], "running_var": [1.0, 4.0], "n_batches": 3}
WRONG = [
    (Z, MOMENT | {"var": [1, -1]}, "Column 1 has var=-1.0: a variance is at least 0"),
    (Z, MOMENT | {"var": [1, INF]}, "Column 1 has var=inf: give a finite number"),
    (Z, MOMENT | {"mean": [-INF, 1]}, "Column 0 has mean=-inf: give a finite number"),
    (Z, MOMENT | {"mean": NAN}, "Column 0 has mean=nan: give a finite number, or NaN and"),
    (Z, MOMENT | {"mean": [1, None]}, "Column 1 has mean=nan"),
    (Z, MOMENT | {"n_samples": [3, 0]}, "Column 1 has mean=2.0: with n_samples=0 the column has"),
    (Z, MOMENT | {"n_samples": -1}, "Column 0 has n_samples=-1.0: it must be finite, at least 0"),
    (Z, MOMENT | {"n_samples": [3, NAN]}, "Column 1 has n_samples=nan: it must be finite"),
    (Z, MOMENT | {"n_samples": INF}, "Column 0 has n_samples=inf: it must be finite"),
    (Z, MOMENT | {"n_samples": 1e-300}, "n_samples=1e-300: give 0, or a number between 1e-240"),
    (Z, MOMENT | {"mean": None}, "`mean` is needed with with_mean=True: give it"),
    (Z, MOMENT | {"var": None}, "`var` is needed with with_std=True: give it, or with_std=False"),
    (Z, MOMENT | {"mean": None, "with_mean": False}, "`mean` is needed with with_std=True"),
    (Z, MOMENT | {"var": [1, 2, 3]}, r"`var` must hold one number for each of the 2.*\(3,\)"),
    (Z, MOMENT | {"var": [1]}, r"`var` must hold one number for each of the 2.*\(1,\)"),
    (Z, MOMENT | {"mean": [[1, 2]]}, r"`mean` must hold one number.*\(1, 2\)"),
    (Z, MOMENT | {"mean": []}, r"`mean` must hold one number.*\(0,\)"),
    (Z, MOMENT | {"mean": ["a", "b"]}, r"`mean` must hold one number.*Got \['a', 'b'\]"),
    (Z, MOMENT | {"mean": "ab"}, "`mean` must hold one number.*Got 'ab'"),
    (Z, MOMENT | {"mean": [1j, 2]}, "`mean` must hold one number"),
    (Z, MOMENT | {"mean": np.array(["2020", "2021"], "M8[Y]")}, "`mean` must hold one number"),
    (Z, MOMENT | {"mean": [[1], [2, 3]]}, "`mean` must hold one number"),
    (Z, MOMENT | {"mean": [10**400, 1]}, "`mean` must hold one number"),
    (Z, MOMENT | {"feature_names": ["a"]}, r"one name for each of the 2 columns. Got 1: \['a'\]"),
    (Z, MOMENT | {"feature_names": ["a", "a"]}, "`feature_names` must differ. Got 'a' more than"),
    (Z, MOMENT | {"feature_names": ["a", 1]}, r"must be a list of strings. Got \['a', 1\]"),
    (Z, MOMENT | {"feature_names": "ab"}, "must be a list of strings. Got 'ab'"),
    (Z, MOMENT | {"feature_names": []}, r"must be a list of strings. Got \[\]"),
    (Z, MOMENT | {"feature_names": 3}, "must be a list of strings. Got 3"),
    (Z, MOMENT | {"ddof": 2}, "'ddof' parameter"),
    (Z, MOMENT | {"feature_names": ["a", "b"], "var": [1, -1]}, "Column 'b' has var=-1.0"),
    (M, BOUNDS | {"data_min": [1, 5]}, "Column 1 has data_min=5.0: it must be at most data_max"),
    (M, BOUNDS | {"data_max": INF}, "Column 0 has data_max=inf: give a finite"),
    (M, BOUNDS | {"data_min": NAN}, "Column 0 has data_min=nan: give a finite"),
    (M, BOUNDS | {"data_max": None}, "Column 0 has data_max=nan: give a finite"),
    (M, BOUNDS | {"feature_range": (1, 0)}, "feature range must be smaller"),
    (M, BOUNDS | {"data_range": {"c": (1, 2)}}, "Column 'c' was not seen"),
    (D, PEAK | {"max_abs": [1, -2]}, "Column 1 has max_abs=-2.0: an absolute value is at least 0"),
    (D, PEAK | {"max_abs": [1, INF]}, "Column 1 has max_abs=inf"),
    (R, LINE | {"scale": [0, 1]}, "Column 0 has scale=0.0: it must be above 0; 1 leaves"),
    (R, LINE | {"scale": [1, -1]}, "Column 1 has scale=-1.0: it must be above 0"),
    (R, LINE | {"scale": [1, INF]}, "Column 1 has scale=inf: it must be finite, or center and"),
    (R, LINE | {"scale": [1, NAN]}, "Column 1 has scale=nan: it must be finite, or center and"),
    (R, LINE | {"center": None}, "`center` is needed with with_centering=True"),
    (R, LINE | {"scale": None}, "`scale` is needed with with_scaling=True"),
    (R, LINE | {"quantile_range": (75, 25)}, "Invalid quantile range"),
    (B, AVERAGE | {"running_var": -1}, "Column 0 has running_var=-1.0: a variance is at least 0"),
    (B, AVERAGE | {"running_mean": NAN}, "Column 0 has running_mean=nan: give a finite number"),
    (
        B,
        AVERAGE | {"n_batches": 0},
        "Column 0 has running_mean=1.0: with n_batches=0 the column has",
    ),
    (B, AVERAGE | {"n_batches": -1, "momentum": 1.0}, "Column 0 has n_batches=-1.0"),
    (B, AVERAGE | {"n_batches": INF}, "Column 0 has n_batches=inf"),
    (B, AVERAGE | {"gamma": [1, 2, 3]}, "`gamma` must hold one finite number"),
    (B, AVERAGE | {"momentum": 0.0}, "'momentum' parameter"),
]


@pytest.mark.parametrize(
    ("kind", "stats", "message"), WRONG, ids=[f"{k.__name__}-{m[:40]}" for k, _, m in WRONG]
)
def test_what_makes_no_sense_is_an_error_that_says_what_to_change(kind, stats, message):
    with pytest.raises(ValueError, match=message):
        kind.from_stats(**stats)


@pytest.mark.parametrize("case", CASES, ids=described)
def test_statistics_are_named_and_parameters_known(case):
    stats = {k: v for k, v in case.stats(case.make().fit(DATA)).items() if v is not None}
    with pytest.raises(TypeError, match="positional"):
        case.kind.from_stats(*stats.values())
    with pytest.raises(TypeError, match="colour"):
        case.build(**stats, colour="red")


def test_nothing_merges_with_a_center_and_a_scale():
    """The scalers refuse it first, with a better message."""
    one = np.ones(1)
    known = Given.of(one, one, one > 0)
    with pytest.raises(ValueError, match="Nothing can be added"):
        known.merge(known)


def test_a_robust_scaler_of_known_statistics_holds_no_values_of_the_data():
    """It has two numbers for each column; what was fitted keeps the values for quantiles."""
    X = np.array([[1.25], [3.5], [8.75], [9.125]])
    fitted = RobustScaler().fit(X)
    serving = RobustScaler.from_stats(center=fitted.center_, scale=fitted.scale_)
    np.testing.assert_array_equal(serving.transform(X), fitted.transform(X))
    numbers = {v for a in arrays_of(sklearn_norm.to_dict(serving)["estimator"]["state"]) for v in a}
    assert numbers <= {6.125, 5.90625, 1.0, np.inf, -np.inf}
    assert set(X.ravel()) <= {
        v for a in arrays_of(sklearn_norm.to_dict(fitted)["estimator"]["state"]) for v in a
    }


def arrays_of(value):
    """Yield every array of a document as a list of floats."""
    if isinstance(value, dict) and "base64" in value:
        yield np.frombuffer(base64.b64decode(value["base64"]), value["dtype"]).tolist()
    elif isinstance(value, (dict, list)):
        for member in value.values() if isinstance(value, dict) else value:
            yield from arrays_of(member)
