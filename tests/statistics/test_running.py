"""Running averages against exact rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_norm.statistics.moments import Moments
from sklearn_norm.statistics.running import Running

BATCHES = st.lists(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6), min_size=1, max_size=6)


def exact_batch(values, ddof):
    x = [Fraction(v) for v in values]
    mean = sum(x) / len(x)
    spread = sum((v - mean) ** 2 for v in x)
    return mean, spread / (len(x) - ddof if len(x) > ddof else len(x))


def exact_running(batches, shares, ddof):
    """Return mean, variance within and total variance of batches with shares in the average."""
    pairs = [exact_batch(b, ddof) for b in batches]
    total = sum(shares)
    mean = sum(s * m for s, (m, _) in zip(shares, pairs, strict=True)) / total
    within = sum(s * v for s, (_, v) in zip(shares, pairs, strict=True)) / total
    drift = sum(s * (m - mean) ** 2 for s, (m, _) in zip(shares, pairs, strict=True)) / total
    return float(mean), float(within), float(within + drift)


def check(running, expected, peak):
    mean, within, total = expected
    np.testing.assert_allclose(running.mean[0], mean, 1e-13, 1e-15 * peak)
    np.testing.assert_allclose(running.spread(False).variance()[0], within, 1e-12, 1e-300)
    np.testing.assert_allclose(running.spread(True).variance()[0], total, 1e-12, 1e-300)


def column(values):
    return np.array(values, dtype=np.float64)[:, None]


@pytest.mark.parametrize("ddof", [0, 1])
@given(batches=BATCHES)
def test_merged_batches_are_averaged_alike(batches, ddof):
    """Each batch counts once: the plain average of means and of variances."""
    running = Running.empty(1)
    for batch in batches:
        running = running.merge(Running.measure(column(batch), ddof=ddof))
    assert running.batches[0] == len(batches)
    assert running.weight[0] == sum(len(b) for b in batches)
    peak = max(abs(v) for b in batches for v in b)
    check(running, exact_running(batches, [Fraction(1)] * len(batches), ddof), peak)


@given(batches=BATCHES, momentum=st.sampled_from([0.1, 0.5, 0.99]))
def test_forgetting_is_a_weight(batches, momentum):
    """The old weighted by 1 - momentum, the new by momentum: the exponential average."""
    running = Running.measure(column(batches[0]))
    shares = [Fraction(1)]
    new, old = np.array([momentum]), np.array([1 - momentum])
    for batch in batches[1:]:
        running = running.weighted(old).merge(Running.measure(column(batch)).weighted(new))
        shares = [s * Fraction(1 - momentum) for s in shares] + [Fraction(momentum)]
    peak = max(abs(v) for b in batches for v in b)
    check(running, exact_running(batches, shares, 0), peak)


def test_the_prior_is_mean_0_and_variance_1():
    """The prior has no member and no batch, and averages like a batch of mean 0, variance 1."""
    prior = Running.prior(2)
    assert prior.mean.tolist() == [0.0, 0.0]
    assert prior.spread(True).variance().tolist() == [1.0, 1.0]
    assert prior.weight.tolist() == [0.0, 0.0]
    assert prior.batches.tolist() == [0.0, 0.0]
    both = prior.merge(Running.measure(np.array([[2.0, 4.0], [4.0, 4.0]])))
    assert both.mean.tolist() == [1.5, 2.0]
    assert both.spread(False).variance().tolist() == [1.0, 0.5]
    assert both.spread(True).variance().tolist() == [1.0 + 2.25, 0.5 + 4.0]


def test_a_column_missing_from_a_batch_counts_no_batch():
    """NaN throughout leaves mean, spread and number of batches of a column alone."""
    X = np.array([[1.0, 1.0], [3.0, 3.0]])
    gap = np.array([[5.0, np.nan], [6.0, np.nan]])
    found = Running.measure(X).merge(Running.measure(gap))
    assert found.batches.tolist() == [2.0, 1.0]
    assert found.weight.tolist() == [4.0, 2.0]
    assert found.mean.tolist() == [3.75, 2.0]
    assert found.spread(True).variance()[1] == 1.0


def test_the_size_of_a_batch_does_not_count():
    """A batch of one row weighs as much as one of a thousand."""
    large, small = np.full((1000, 1), 1.0), np.full((1, 1), 3.0)
    assert Running.measure(large).merge(Running.measure(small)).mean[0] == 2.0


def test_single_rows_have_the_variance_of_their_drift():
    """A stream of single rows, each counted once, has the variance of all rows."""
    X = np.random.default_rng(0).normal(1.7e9, 0.3, (200, 2))
    running = Running.empty(2)
    for row in X:
        running = running.merge(Running.measure(row[None]))
    expected = Moments.measure(X)
    np.testing.assert_allclose(running.mean, expected.mean, 1e-15)
    np.testing.assert_allclose(running.spread(True).variance(), expected.variance(), 1e-12)
    assert running.spread(False).variance().tolist() == [0.0, 0.0]


def test_hard_columns_have_the_moments_of_one_batch(hard_matrix):
    """One batch has its own mean and deviation, however extreme."""
    running, expected = Running.measure(hard_matrix), Moments.measure(hard_matrix)
    np.testing.assert_allclose(running.mean, expected.mean, 1e-15, 0)
    for drift in (False, True):
        found = running.spread(drift).deviation()
        np.testing.assert_allclose(found, expected.deviation(), 1e-13, 1e-323)
