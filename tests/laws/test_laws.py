"""The laws, over every public scaler and every statistic there is."""

from dataclasses import dataclass, field
from functools import partial

import laws
import numpy as np
import pytest
from budget import times
from hypothesis import given, settings
from hypothesis import strategies as st

import sklearn_norm
from sklearn_norm.statistics.extrema import Extrema
from sklearn_norm.statistics.likelihoods import Likelihoods
from sklearn_norm.statistics.moments import Moments
from sklearn_norm.statistics.quantiles import Quantiles
from sklearn_norm.statistics.record import Statistic
from sklearn_norm.statistics.running import PooledRunning, Running
from sklearn_norm.statistics.units import InUnits

ROWS = 1100
CUTS = st.lists(st.integers(0, ROWS), max_size=6)
TWO_CUTS = st.lists(st.integers(1, ROWS - 1), min_size=2, max_size=2, unique=True)
SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class Case:
    """Parameters, and the laws that do not apply to them, each with the reason."""

    parameters: dict = field(default_factory=dict)
    exempt: dict = field(default_factory=dict)


DECIMAL = {
    "power of two": "the divisor is a power of ten",
    "constant": "the divisor follows the largest absolute value, which a constant moves",
}
PEAK = {"constant": DECIMAL["constant"]}
KNOWN = {
    "power of two": "the range is known and does not move with the data",
    "inverse": "members far below the known range drown in it",
}
SKETCHED = {
    "split": "beyond the exact limit the answer is within a rank error: test_any_chunking...",
    "merge": "as for a split",
}
RANK = {"power of two": "a rank has no units: test_ranks_have_no_units in test_quantile.py"}
STEEP = {"inverse": "between distant quantiles, a rounding of the rank is many of the value"}
NORMAL = {"inverse": "the normal distribution's own roundings are many where quantiles are distant"}
POWER_OF_UNIT = {
    "power of two": "a power has a unit: test_other_units_have_the_same_result in test_power.py",
    "constant": "a power is no straight line",
    "inverse": "members far below the unit drown in it: test_hard_columns_come_back",
}
POWER = POWER_OF_UNIT | {
    "split": "streams hold to a grid: test_a_stream_takes_the_best_power_of_the_grid",
}
MEDIAN = {"merge": "each part learns its own unit: test_parts_of_other_units_are_not_merged"}
FORGETTING = {
    "split": "each batch has the weight momentum, whatever its size",
    "merge": "two exponential streams have no defined order",
}
BATCHES = {"split": "each batch counts once, whatever its size"}
COUNTED = {"split": "n_batches_seen_ differs; of the rest: tests/scalers/test_pooled_by_members.py"}
EPSILON = {"power of two": "eps is in squared units of the data"}

CURVED = {
    "power of two": "the function is not linear",
    "constant": "the function is not linear",
    "inverse": "a logarithm has the digits of an exponent, not of the largest member",
}
FIRST_BATCH = {
    "split": "the unit is the median of the first batch",
    "merge": "parts that learned different units do not merge",
}

SCALERS = {
    "BatchStatsScaler": [
        Case({}, FORGETTING | EPSILON),
        Case({"momentum": 0.5, "eps": 0.0, "variance": "within", "ddof": 1}, FORGETTING),
        Case(
            {"bias_correction": False},
            FORGETTING
            | EPSILON
            | {
                "constant": "the prior has a mean of 0, so drift counts the constant",
                "inverse": "the prior has a variance of 1, in which tiny members drown",
            },
        ),
        Case({"momentum": None}, BATCHES | EPSILON),
        Case({"momentum": None, "eps": 0.0, "ddof": 1}, BATCHES),
        Case({"momentum": None, "pool": "members", "eps": 0.0}, COUNTED),
        Case({"momentum": None, "pool": "members", "eps": 0.0, "ddof": 1}, COUNTED),
        Case(
            {"momentum": None, "gamma": 2.0, "beta": 0.5},
            BATCHES | EPSILON | {"inverse": "members far below eps drown in beta"},
        ),
    ],
    "BatchNorm": [Case({}, FORGETTING | EPSILON), Case({"momentum": None}, BATCHES | EPSILON)],
    "ChannelScaler": [
        Case(),
        Case({"ddof": 1, "clip": True, "channel_axis": -1}),
        Case({"method": "minmax"}),
        Case({"method": "percentile", "quantile_range": (1.0, 99.0)}),
    ],
    "DecimalScaler": [Case({}, DECIMAL)],
    "LogScaler": [
        Case({"kind": "asinh"}, CURVED),
        Case({"kind": "signed_log1p", "base": 10}, CURVED),
        Case({"kind": "asinh", "standardize": False}, CURVED),
        Case({"kind": "asinh", "unit": "median"}, CURVED | FIRST_BATCH),
    ],
    "MaxAbsScaler": [Case({}, PEAK), Case({"clip": True}, PEAK)],
    "MinMaxScaler": [
        Case(),
        Case({"feature_range": (-1, 1)}),
        Case({"feature_range": (0.1, 0.7)}),
        Case({"feature_range": (-2.5, 7.0), "clip": True}),
        Case({"data_range": (-1000, 3000)}, KNOWN),
        Case({"data_range": {0: (0, 255)}, "feature_range": (0, 2)}, KNOWN),
    ],
    "PowerScaler": [
        Case({}, POWER | MEDIAN),
        Case({"unit": 3.0, "lambda_range": (0.9, 1.1)}, POWER),
        Case({"unit": 3.0, "lambdas": 1.0}, POWER_OF_UNIT),
    ],
    "QuantileScaler": [
        Case({"n_quantiles": ROWS}, RANK),
        Case({"output": "normal", "n_quantiles": ROWS}, RANK | NORMAL),
        Case({"n_quantiles": 10}, RANK | STEEP),
        Case({"rank_error": 0.01}, SKETCHED | RANK | STEEP),
    ],
    "RobustScaler": [
        Case(),
        Case({"with_centering": False}),
        Case({"with_scaling": False}),
        Case({"quantile_range": (10.0, 90.0), "unit_variance": True}),
        Case({"quantile_range": (0.0, 100.0)}),
        Case({"rank_error": 0.01}, SKETCHED),
    ],
    "SquashScaler": [
        Case({}, {"inverse": "members far beyond the bound lose digits, or are rounded to it"}),
        Case({"bound": 100.0}, {"inverse": "as for the default"}),
    ],
    "StandardScaler": [Case()],
    "ZScoreScaler": [
        Case(),
        Case({"with_mean": False}),
        Case({"with_std": False}),
        Case({"ddof": 1}),
        Case({"with_mean": False, "with_std": False}),
    ],
}


def in_units(X, weight=None):
    """Measure members in units of 2."""
    unit = np.where(np.isnan(X).all(axis=0), np.nan, 2.0)
    return InUnits.of(Moments.measure(X / 2.0, weight), unit)


STATISTICS = {
    "Extrema": Extrema.measure,
    "Likelihoods": Likelihoods.measure,
    "Moments": Moments.measure,
    "InUnits": in_units,
    "Quantiles": Quantiles.measure,
    "PooledRunning": PooledRunning.measure,
    "Running": Running.measure,
}
NOT_MEASURED = {
    "RoundedExtrema": "of integers beyond 2**53 alone: tests/scalers/test_wide_peaks.py",
    "Groups": "of rows with keys: tests/compose/test_groups.py",
    "Given": "a center and a scale that were given: tests/estimators/test_from_stats.py",
    **dict.fromkeys(
        ("UncountedExtrema", "UncountedMoments", "UncountedRunning"),
        "given without a count: tests/estimators/test_serving.py",
    ),
}
BY_BATCH = {
    "Running": "each batch counts once, so a split is another stream",
    "PooledRunning": "it counts batches, and what is left within each",
}


def makers(law=None):
    """Return the cases that a law applies to, as functions that make a scaler."""
    found = []
    for name in laws.SCALERS:
        for case in SCALERS[name]:
            if law not in case.exempt:
                told = ",".join(f"{k}={v}" for k, v in case.parameters.items())
                make = partial(getattr(sklearn_norm, name), **case.parameters)
                found.append(pytest.param(make, id=f"{name}({told})"))
    return found


def measures(exempt=()):
    return [pytest.param(STATISTICS[n], id=n) for n in sorted(STATISTICS) if n not in exempt]


def test_every_public_scaler_has_cases():
    """A new public scaler must enter the table, and so meets the laws."""
    assert sorted(SCALERS) == sorted(laws.SCALERS)
    assert all(len(cases) > 0 for cases in SCALERS.values())


def test_every_statistic_has_a_measure():
    """A new statistic must enter the table, and so meets the laws."""
    ours = [kind for kind in Statistic.kinds if "." not in kind]  # no other test's
    assert sorted({*STATISTICS, *NOT_MEASURED}) == sorted(ours)


# Statistics


@pytest.mark.parametrize("measure", measures())
@given(cuts=TWO_CUTS)
def test_merge_is_commutative_and_associative(measure, hard_matrix, cuts):
    """a + b = b + a and (a + b) + c = a + (b + c)."""
    a, b, c = (measure(part) for part in np.split(hard_matrix, sorted(cuts)))
    laws.merge_is_commutative(a, b)
    laws.merge_is_associative(a, b, c)


@pytest.mark.parametrize("measure", measures())
def test_empty_statistic_is_identity(measure, hard_matrix):
    """No rows, or nothing but NaN, change no bit."""
    laws.empty_is_identity(measure, hard_matrix)


@pytest.mark.parametrize("measure", measures(exempt=BY_BATCH))
@given(cuts=CUTS, seed=SEEDS)
def test_statistic_of_any_split_equals_whole(measure, hard_matrix, cuts, seed):
    """Any chunks, merged in any order, equal the whole."""
    laws.any_split_equals_whole(measure, hard_matrix, cuts, seed)


@pytest.mark.parametrize("measure", measures(exempt=BY_BATCH))
def test_statistic_of_single_rows_equals_whole(measure, hard_matrix):
    """Chunks of one row are chunks like any other."""
    laws.any_split_equals_whole(measure, hard_matrix[:60], range(60), 3)


@pytest.mark.parametrize("measure", measures())
def test_reading_a_statistic_changes_nothing(measure, hard_matrix):
    """What is read twice is the same, and inputs stay as they are."""
    laws.reading_changes_nothing(measure, hard_matrix.copy())


@pytest.mark.parametrize("measure", measures())
@given(seed=SEEDS)
def test_integer_weight_of_a_statistic_is_repetition(measure, hard_matrix, seed):
    """A member of weight 3 is three members; of weight 0, none."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 300))
    weight = rng.integers(0, 4, rows)
    laws.integer_weight_repeats(measure, hard_matrix[:rows], weight)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("measure", measures())
def test_columns_of_a_statistic_are_independent(measure, weighted, hard_matrix):
    """Neither place nor neighbours of a column show in its bits."""
    rng = np.random.default_rng(1)
    weight = rng.random(ROWS) + 0.1 if weighted else None
    order = rng.permutation(hard_matrix.shape[1])
    laws.columns_are_independent(measure, hard_matrix, order, weight)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("measure", measures())
def test_layout_leaves_no_trace_in_a_statistic(measure, dtype, weighted, tame_matrix):
    """C, Fortran, strided and reversed arrays give the same bits."""
    weight = np.random.default_rng(2).random(ROWS) + 0.1 if weighted else None
    X = tame_matrix if dtype == np.float64 else np.clip(tame_matrix, -6e4, 6e4).astype(dtype)
    laws.layout_leaves_no_trace(measure, X, weight)


@pytest.mark.parametrize("measure", measures())
def test_statistic_survives_copies(measure, hard_matrix):
    """Plain state and deep copies bring back the same bits."""
    laws.statistic_survives_copies(measure, hard_matrix)


# Scalers


@pytest.mark.parametrize("make", makers("split"))
@given(cuts=CUTS, seed=SEEDS)
def test_any_split_equals_whole(make, hard_matrix, cuts, seed):
    """Streamed or merged in any order, chunks equal one fit."""
    laws.scaler_split_equals_whole(make, hard_matrix, cuts, seed)


@pytest.mark.parametrize("make", makers("merge"))
def test_scaler_merge_is_commutative_and_associative(make, hard_matrix):
    """Order and grouping of merges are free."""
    laws.scaler_merge_is_commutative_and_associative(make, hard_matrix, [200, 930])


@pytest.mark.parametrize("make", makers("merge"))
def test_merge_with_nothing_changes_nothing(make, hard_matrix):
    """A scaler that saw NaN only is the identity of merge."""
    laws.scaler_merge_with_nothing_changes_nothing(make, hard_matrix)


@pytest.mark.parametrize("make", makers())
def test_use_changes_nothing(make, hard_matrix):
    """Data and estimator are the same after use, and the same data give the same bits."""
    laws.use_changes_nothing(make, hard_matrix.copy())


@pytest.mark.parametrize("make", makers("inverse"))
def test_inverse_undoes_transform(make, hard_matrix):
    """What was scaled comes back, within roundings."""
    laws.inverse_undoes_transform(make, hard_matrix)


@pytest.mark.parametrize("make", makers())
def test_inverse_undoes_transform_of_tame_data(make):
    """Whatever the parameters, members of ordinary size come back."""
    rng = np.random.default_rng(3)
    X = rng.normal(100, 30, (200, 4))
    scaler = make(**{"clip": False} if "clip" in make.keywords else {}).fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, 1e-11)


@pytest.mark.parametrize("make", makers())
def test_every_hard_column_alone_is_finite(make, hard_columns):
    """Scaled, a present member is a number and an absent one NaN."""
    for name, column in hard_columns.items():
        Z = make().fit_transform(column[:, None])
        np.testing.assert_array_equal(np.isnan(Z[:, 0]), np.isnan(column), err_msg=name)
        assert not np.isinf(Z).any(), name


@pytest.mark.share(0.15, each_value=False)
@pytest.mark.parametrize("make", makers())
@given(seed=SEEDS)
@settings(max_examples=times(2, 6))
def test_weight_zero_is_absence(make, hard_matrix, seed):
    """Samples of weight 0 leave no trace."""
    rng = np.random.default_rng(seed)
    weight = rng.random(300) * rng.integers(0, 2, 300)
    weight[0] = 1.0
    laws.weight_zero_is_absence(make, hard_matrix[:300], weight)


@pytest.mark.parametrize("make", makers())
@given(seed=SEEDS)
def test_integer_weight_is_repetition(make, hard_matrix, seed):
    """A sample of weight 3 is three samples, of the same batch where batches count."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(1, 70))
    weight = rng.integers(0, 4, rows)
    weight[0] = 2
    laws.scaler_integer_weight_repeats(make, hard_matrix[:rows], weight)


@pytest.mark.parametrize("make", makers("power of two"))
@given(power=st.integers(-600, 600))
def test_power_of_two_moves_center_and_scale_exactly(make, tame_matrix, power):
    """Data in other units of a power of two are scaled to the same bits."""
    laws.power_of_two_moves_exactly(make, tame_matrix, power)


@pytest.mark.parametrize("make", makers("constant"))
@pytest.mark.parametrize("constant", [1.0, -(2.0**20), 2.0**45])
def test_added_constant_leaves_spread(make, constant):
    """The scale does not depend on where the data lie."""
    X = np.random.default_rng(4).integers(-200, 200, (1500, 5)).astype(np.float64)
    laws.added_constant_leaves_spread(make, X, constant)


@pytest.mark.parametrize("make", makers())
def test_columns_are_independent(make, hard_matrix):
    """Neither place nor neighbours of a column show in its bits."""
    if isinstance(make.keywords.get("data_range"), dict):
        make = partial(sklearn_norm.MinMaxScaler, data_range=(0, 255), feature_range=(0, 2))
    order = np.random.default_rng(5).permutation(hard_matrix.shape[1])
    laws.scaler_columns_are_independent(make, hard_matrix, order)


@pytest.mark.parametrize("make", makers())
def test_container_leaves_no_trace(make, hard_matrix):
    """Any layout, a file and frames of the same values give the same bits."""
    laws.container_leaves_no_trace(make, hard_matrix)


@pytest.mark.parametrize("make", makers())
def test_scaler_survives_copies(make, hard_matrix):
    """Pickled, copied or mapped from a file, a scaler is the same and goes on."""
    laws.scaler_survives_copies(make, hard_matrix)


# The bar: 1e5 x 10 values


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(100_000, 10))
    X[:, 1] = 1.7e9 + 0.3 * X[:, 1]
    X[:, 2] = rng.lognormal(0, 5, 100_000)
    X[:, 3] = rng.integers(0, 7, 100_000)
    X[:, 4] = 1e15 + rng.integers(-10, 11, 100_000)
    X[rng.random(100_000) < 0.2, 5] = np.nan
    X[:, 6] = np.sort(X[:, 6])
    X[:, 7] *= 1e-170
    X[:, 8] *= 1e155
    return X


def uneven_cuts(seed):
    """Return places that cut chunks of a single row as well as of most rows."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.integers(0, 100_000, 12), [1, 2, 1024, 99_999]])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", ["DecimalScaler", "MaxAbsScaler", "MinMaxScaler", "ZScoreScaler"])
def test_any_chunking_of_many_equals_whole(name, seed, many):
    """Any chunking and any merge tree equal one fit to 1e-12."""
    make = getattr(sklearn_norm, name)
    laws.scaler_split_equals_whole(make, many, uneven_cuts(seed), seed)


def ranks_of(values, data):
    """Return the first and the last share of the data that a value may stand for."""
    present = np.sort(data[~np.isnan(data)])
    places = [np.searchsorted(present, values, side) for side in ("left", "right")]
    return [p / present.size for p in places]


def test_any_chunking_of_many_is_within_rank_error(many):
    """Streamed or merged, a median lies within rank_error_ of the middle."""

    def compare(part, whole):
        assert whole.rank_error_ == 0
        assert 0 < part.rank_error_ <= part.rank_error
        for column in range(many.shape[1]):
            first, last = ranks_of(part.center_[column], many[:, column])
            assert first - part.rank_error_ <= 0.5 <= last + part.rank_error_, column

    laws.scaler_split_equals_whole(
        sklearn_norm.RobustScaler, many, uneven_cuts(0), 0, compare=compare
    )


@pytest.mark.parametrize("variance", ["total", "within"])
def test_any_tree_of_equal_batches_equals_their_stream(variance, many):
    """With momentum=None, batches merged in any order equal the stream of them."""
    make = partial(sklearn_norm.BatchStatsScaler, momentum=None, variance=variance)
    parts = laws.chunks(many, uneven_cuts(2))
    streamed = make()
    for part in parts:
        streamed.partial_fit(part)
    tree = laws.merged_in_any_order([make().fit(p) for p in parts], np.random.default_rng(2))
    laws.assert_close_scalers(tree, streamed)


def test_equal_batches_average_to_the_whole():
    """Batches of one size, each counted once, have the mean and the variance of all rows."""
    X = np.random.default_rng(6).normal(5.0, 2.0, (2000, 3))
    batches = sklearn_norm.BatchStatsScaler(momentum=None, eps=0.0)
    for part in np.split(X, 20):
        batches.partial_fit(part)
    whole = sklearn_norm.ZScoreScaler().fit(X)
    np.testing.assert_allclose(batches.running_mean_, whole.mean_, 1e-13)
    np.testing.assert_allclose(batches.running_var_, whole.var_, 1e-13)
