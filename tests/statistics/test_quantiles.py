"""Quantiles: exact for one batch, within the stated bound for streams."""

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import EPS, SMALLEST, assert_same_bits, merged_in_any_order, read_statistic
from ranks import rank_errors, state
from scipy import sparse

from sklearn_norm import RobustScaler
from sklearn_norm.statistics.quantiles import Quantiles
from sklearn_norm.statistics.record import Statistic

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)
MANY = (0.0, 0.003, 0.1, 0.3, 0.5, 0.77, 0.9, 0.999, 1.0)
MEMBERS = st.floats(-1.7e308, 1.7e308, width=64)


def measured(X, **given_):
    return Quantiles.measure(X, probabilities=MANY, **given_)


def assert_is_the_interpolation(found, values, probability):
    """Equal to the linear interpolation in fractions, to two roundings of its neighbours."""
    x = sorted(Fraction(float(v)) for v in values)
    position = Fraction(probability) * (len(x) - 1)
    first = position.numerator // position.denominator
    below, above = x[first], x[min(first + 1, len(x) - 1)]
    expected = below + (above - below) * (position - first)
    allowed = 2 * Fraction(EPS) * max(abs(below), abs(above)) + 2 * Fraction(SMALLEST)
    assert abs(Fraction(float(found)) - expected) <= allowed, (found, float(expected))
    assert below <= Fraction(float(found)) <= above


# One batch


def test_quantiles_of_hand_computed_columns():
    """1, 2, 4, 8: the median is 3, the lower quartile 1.75; NaN is absent."""
    X = np.array([[4.0, np.nan], [1.0, 6.0], [8.0, np.nan], [2.0, 2.0]])
    found = Quantiles.measure(X)
    assert found.weight.tolist() == [4.0, 2.0]
    assert (found.low.tolist(), found.high.tolist()) == ([1.0, 2.0], [8.0, 6.0])
    np.testing.assert_array_equal(
        found.quantiles((0.25, 0.5, 0.75)), [[1.75, 3.0], [3.0, 4.0], [5.0, 5.0]]
    )
    assert found.quantile(0.5).tolist() == [3.0, 4.0]
    assert found.rank_error.tolist() == [0.0, 0.0]


def test_hard_columns_have_the_quantiles_of_numpy(hard_columns):
    """Measured for the purpose or asked later, to the bit."""
    for name, column in hard_columns.items():
        present = column[~np.isnan(column)]
        if not present.size:
            assert np.isnan(measured(column[:, None]).quantiles(MANY)).all()
        elif name != "largest":  # NumPy's differences overflow there
            expected = np.quantile(present, MANY)
            for found in (measured(column[:, None]), Quantiles.measure(column[:, None])):
                np.testing.assert_array_equal(found.quantiles(MANY)[:, 0], expected, name)
                assert found.rank_error[0] == 0.0


def test_hard_columns_have_the_exact_quartiles(hard_columns):
    """The interpolation in rational numbers gives the same, also at ±1.7e308."""
    for column in hard_columns.values():
        present = column[~np.isnan(column)]
        if present.size:
            found = Quantiles.measure(column[:, None], probabilities=QUARTERS)
            for probability, value in zip(QUARTERS, found.quantiles(QUARTERS)[:, 0], strict=True):
                assert_is_the_interpolation(value, present, probability)


@given(members=st.lists(MEMBERS, min_size=1, max_size=30))
def test_any_floats_have_the_exact_quartiles(members):
    """Members of any size, whole and in two chunks."""
    X = np.array(members)[:, None]
    whole, *halves = (Quantiles.measure(part) for part in (X, *np.array_split(X, 2)))
    for found in (whole, halves[0].merge(halves[1])):
        for probability in QUARTERS:
            assert_is_the_interpolation(found.quantile(probability)[0], members, probability)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_short_floats_have_the_quantiles_of_float64(dtype):
    """Interpolated in float64."""
    X = np.random.default_rng(0).normal(size=(501, 3)).astype(dtype)
    expected = np.quantile(X.astype(np.float64), MANY, axis=0)
    found = measured(X).quantiles(MANY)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


def test_one_large_batch_is_exact():
    """However many rows, the quantiles measured for are NumPy's and the bound is 0."""
    X = np.random.default_rng(1).normal(size=(50_000, 3))
    found = measured(X, rank_error=0.05)
    np.testing.assert_array_equal(found.quantiles(MANY), np.quantile(X, MANY, axis=0))
    assert found.rank_error.tolist() == [0.0] * 3


def test_a_known_quantile_stays_exact_when_asked_beside_another():
    """The median of one batch does not depend on what else is asked."""
    X = np.random.default_rng(2).normal(size=(50_000, 1))
    found = Quantiles.measure(X, rank_error=0.05)
    assert found.quantiles((0.5, 0.1))[0] == found.quantile(0.5) == np.median(X)


@pytest.mark.parametrize("top", [3, 60])
def test_integer_weights_are_repetition_in_a_large_batch(top):
    """Weighted members have NumPy's quantiles of the repeated ones, and the bound 0."""
    rng = np.random.default_rng(3)
    X, weight = rng.normal(size=(3000, 2)), rng.integers(1, top + 1, 3000)
    X[rng.random(3000) < 0.2, 1] = np.nan
    found = measured(X, weight=weight.astype(np.float64), rank_error=0.05)
    expected = np.nanquantile(np.repeat(X, weight, axis=0), MANY, axis=0)
    np.testing.assert_allclose(found.quantiles(MANY), expected, 1e-13)
    assert found.rank_error.tolist() == [0.0, 0.0]
    assert found.weight.tolist() == [weight.sum(), weight[~np.isnan(X[:, 1])].sum()]


@pytest.mark.parametrize("total", [5.0, 1.0, 0.1])
def test_quartiles_of_alike_weights_lie_apart_whatever_the_unit(total):
    """Weights that sum to 1 or less describe the same distribution as larger ones."""
    X = np.array([[1.0], [2.0], [3.0], [4.0], [1000.0]])
    found = Quantiles.measure(X, np.full(5, total / 5))
    low, median, high = found.quantiles((0.25, 0.5, 0.75))[:, 0]
    assert 1 <= low < median < high < 1000
    assert 2 <= median <= 4


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix])
def test_quantiles_of_sparse_columns_are_those_of_dense_ones(form, weighted):
    """Implicit zeros are members, stored NaN are not."""
    rng = np.random.default_rng(4)
    dense = np.where(rng.random((300, 5)) < 0.4, rng.normal(size=(300, 5)), 0.0)
    dense[:, 1], dense[:, 2], dense[7, 3] = 0.0, rng.random(300), np.nan
    weight = rng.random(300) + 0.1 if weighted else None
    found, expected = (measured(X, weight=weight) for X in (form(dense), dense))
    assert_same_bits(read_statistic(found), read_statistic(expected))
    assert_same_bits(found.quantiles(MANY), expected.quantiles(MANY))


# Streams


def assert_within_bound(found, X, rank_error):
    """Every quantile of every column is within the bound, which is within the parameter."""
    assert (found.rank_error <= rank_error).all()
    values = found.quantiles(MANY)
    for column in range(X.shape[1]):
        present = X[~np.isnan(X[:, column]), column]
        errors = rank_errors(values[:, column], present, np.array(MANY))
        assert errors.max() <= found.rank_error[column] + 1e-12, column


@pytest.fixture(scope="module")
def columns():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60_000, 6))
    X[:, 1] = np.sort(X[:, 1])
    X[:, 2] = rng.integers(0, 5, 60_000)
    X[:, 3] = 1e-310 * rng.random(60_000)
    X[rng.random(60_000) < 0.5, 4] = np.nan
    X[:, 5] = -np.arange(60_000.0) % 7777
    X.flags.writeable = False
    return X


@pytest.mark.parametrize("rank_error", [0.2, 0.1, 0.01])
@pytest.mark.parametrize("batch", [1, 3, 10_000])
def test_a_stream_of_fewer_than_two_over_rank_error_values_is_exact(batch, rank_error, columns):
    """In batches of any size, to the bit, with a bound of 0."""
    X = columns[30_000 : 30_000 + int(2 / rank_error) - 1]
    found = measured(X[:0], rank_error=rank_error)
    for first in range(0, X.shape[0], batch):
        found = found.merge(measured(X[first : first + batch], rank_error=rank_error))
    np.testing.assert_array_equal(found.quantiles(MANY), np.nanquantile(X, MANY, axis=0))
    assert found.rank_error.tolist() == [0.0] * 6


@pytest.mark.parametrize("rank_error", [0.1, 0.01])
@pytest.mark.parametrize("first", [0, 500, 45_000])
def test_a_fit_continues_as_a_stream_within_the_bound(first, rank_error, columns):
    """One batch of any size, then small ones: quantiles stay within the bound in force."""
    found = measured(columns[:first], rank_error=rank_error)
    assert found.rank_error.tolist() == [0.0] * 6
    for start in range(first, columns.shape[0], 300):
        found = found.merge(measured(columns[start : start + 300], rank_error=rank_error))
    assert (found.rank_error > 0).all()
    assert_within_bound(found, columns, rank_error)


@given(seed=st.integers(0, 2**32 - 1))
def test_a_random_tree_of_merges_is_within_the_bound(seed, columns):
    """Parts of any size, merged in any order."""
    rng = np.random.default_rng(seed)
    parts = np.split(columns, np.sort(rng.integers(0, columns.shape[0], 25)))
    found = merged_in_any_order([measured(p, rank_error=0.05) for p in parts], rng)
    assert found.weight.tolist() == (~np.isnan(columns)).sum(axis=0).tolist()
    assert_within_bound(found, columns, 0.05)


def test_a_column_missing_from_the_other_batch_stays_exact(columns):
    """The bound is that of each column; quantiles known exactly are kept."""
    X, more = columns[:20_000, :2], columns[20_000:40_000, :2].copy()
    more[:, 0] = np.nan
    parts = [measured(part, rank_error=0.05) for part in (X, more)]
    for found in (parts[0].merge(parts[1]), parts[1].merge(parts[0])):
        assert found.rank_error[0] == 0.0
        assert 0 < found.rank_error[1] <= 0.05
        np.testing.assert_array_equal(found.quantiles(MANY)[:, 0], np.quantile(X[:, 0], MANY))


def test_quantiles_of_a_stream_lie_between_its_extrema(columns):
    """They are monotone in the probability and never leave the data."""
    found = measured(columns[:0], rank_error=0.1)
    for part in np.split(columns, 100):
        found = found.merge(measured(part, rank_error=0.1))
    values = found.quantiles(tuple(np.linspace(0, 1, 101)))
    assert (np.diff(values, axis=0) >= 0).all()
    assert (values >= np.nanmin(columns, axis=0)).all()
    assert (values <= np.nanmax(columns, axis=0)).all()


def test_a_restored_state_continues_the_stream_with_the_same_bits(columns):
    """Through plain values and bytes, in the middle of a stream."""
    found = measured(columns[:10_000], rank_error=0.05).merge(
        measured(columns[10_000:20_000], rank_error=0.05)
    )
    restored = Statistic.from_state(pickle.loads(pickle.dumps(found.to_state())))
    more = measured(columns[20_000:], rank_error=0.05)
    for probabilities in (MANY, (0.123, 0.4)):
        assert_same_bits(restored.quantiles(probabilities), found.quantiles(probabilities))
    after, expected = restored.merge(more), found.merge(more)
    assert_same_bits(read_statistic(after), read_statistic(expected))
    assert list(map(state, after.sketches)) == list(map(state, expected.sketches))


def test_the_same_stream_gives_the_same_bytes_of_state(columns):
    """Nothing is random but what the data seed."""
    states = []
    for _ in range(2):
        found = measured(columns[:0], rank_error=0.05)
        for part in np.split(columns, 20):
            found = found.merge(measured(part.copy(), rank_error=0.05))
        states.append(pickle.dumps(found.to_state()))
    assert states[0] == states[1]


@pytest.mark.parametrize("batches", [1, 20])
def test_a_fitted_state_pickles_to_at_most_256_kib_per_feature(batches):
    """At the default rank error, after half a million rows."""
    X = np.random.default_rng(6).normal(size=(500_000, 2))
    scaler = RobustScaler()
    for part in np.split(X, batches):
        scaler.partial_fit(part)
    assert len(pickle.dumps(scaler)) <= 2 * 256 * 1024


def test_evenly_spaced_quantiles():
    """The members where they are as many, NaN where a column has fewer, zeros without members."""
    X = np.array(
        [[5.0, 1.0, np.nan], [1.0, np.nan, np.nan], [2.0, 3.0, np.nan], [9.0, 2.0, np.nan]]
    )
    values, counts = Quantiles.measure(X).evenly(10)
    np.testing.assert_array_equal(counts, [4, 3, 2])
    expected = [[1, 1, 0], [2, 2, 0], [5, 3, np.nan], [9, np.nan, np.nan]]
    np.testing.assert_array_equal(values, expected)
    values, counts = Quantiles.measure(X).evenly(3)
    np.testing.assert_array_equal(counts, [3, 3, 2])
    np.testing.assert_array_equal(values[:, 0], [1, 3.5, 9])


def test_evenly_spaced_quantiles_of_many_reach_both_ends():
    """Though a sketch keeps neither the minimum nor the maximum."""
    X = np.random.default_rng(3).normal(size=(50_000, 2))
    values, counts = Quantiles.measure(X).evenly(1000)
    np.testing.assert_array_equal(counts, 1000)
    np.testing.assert_array_equal(values[[0, -1]], [X.min(axis=0), X.max(axis=0)])
    exact = np.quantile(X, np.linspace(0, 1, 1000), axis=0)
    ranks = [np.searchsorted(np.sort(x), v) / 50_000 for x, v in zip(X.T, values.T, strict=True)]
    assert np.abs(np.array(ranks).T - np.linspace(0, 1, 1000)[:, None]).max() < 1e-3
    assert exact.shape == values.shape
