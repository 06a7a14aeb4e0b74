"""Likelihoods: sums for a grid of powers, against SciPy and against plain sums."""

from __future__ import annotations

import numpy as np
import pytest
from laws import assert_same_bits
from scipy import stats

from sklearn_norm.kernels.powers import Power, best_powers
from sklearn_norm.statistics.likelihoods import Likelihoods
from sklearn_norm.statistics.record import Statistic

RNG = np.random.default_rng(17)
GRID = np.linspace(-2.0, 4.0, 13)[:, None]
POSITIVE = RNG.lognormal(0.3, 0.7, (300, 1))
MIXED = POSITIVE - 1.2


def at(X, *, unit=1.0, middle=0.0, positive=False):
    size = np.ones(X.shape[1])
    return Power(GRID * size, unit * size, middle * size, positive)


@pytest.mark.parametrize("positive", [False, True])
def test_the_log_likelihood_is_that_of_scipy(positive):
    """Over the number of members, up to the same number for all powers."""
    X = POSITIVE if positive else MIXED
    record = Likelihoods.measure(X, at=at(X, middle=float(positive), positive=positive))
    found = record.log_likelihood(np.ones(1), positive)[:, 0]
    theirs = stats.boxcox_llf if positive else stats.yeojohnson_llf
    expected = np.array([theirs(power, X[:, 0]) for power in GRID[:, 0]]) / len(X)
    np.testing.assert_allclose(found - found[0], expected - expected[0], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_middle_changes_the_log_likelihood_by_a_number(sign):
    """Members measured from the unit have the same best power as those measured from 0."""
    X = sign * POSITIVE
    plain = Likelihoods.measure(X, at=at(X)).log_likelihood(np.ones(1), False)[:, 0]
    record = Likelihoods.measure(X, at=at(X, middle=sign))
    moved = record.log_likelihood(np.ones(1), False)[:, 0]
    np.testing.assert_allclose(moved - moved[0], plain - plain[0], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("positive", [False, True])
def test_the_sums_are_the_moments_of_the_powers(positive):
    """By SciPy's formulas; the last row are the logarithms."""
    X = POSITIVE if positive else MIXED
    record = Likelihoods.measure(X, at=at(X, middle=float(positive), positive=positive))
    theirs = stats.boxcox if positive else stats.yeojohnson
    powers = np.column_stack([theirs(X[:, 0], power) for power in GRID[:, 0]])
    logarithms = np.log(X) if positive else np.sign(X) * np.log1p(np.abs(X))
    both = np.concatenate([powers, logarithms], axis=1)
    np.testing.assert_allclose(record.sums.mean, both.mean(axis=0), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(record.sums.deviation(0), both.std(axis=0), rtol=1e-11)


def test_parts_have_the_sums_of_the_whole():
    """And know no best power any more; merged with nothing, a part keeps its own."""
    X = np.column_stack([POSITIVE, MIXED])
    parts = [Likelihoods.measure(part, at=at(X), search=(-2.0, 4.0)) for part in np.split(X, [70])]
    whole = Likelihoods.measure(X, at=at(X), search=(-2.0, 4.0))
    both = parts[1].merge(parts[0])
    np.testing.assert_allclose(both.sums.mean, whole.sums.mean, rtol=1e-13)
    np.testing.assert_allclose(both.sums.deviation(0), whole.sums.deviation(0), rtol=1e-13)
    assert np.isnan(both.best).all()
    assert not np.isnan(whole.best).any()
    nothing = Likelihoods.measure(X[:0], at=at(X), search=(-2.0, 4.0))
    for same in (whole.merge(nothing), nothing.merge(whole)):
        assert_same_bits(same.best, whole.best)
        assert_same_bits(same.exact.matrix, whole.exact.matrix)
        assert_same_bits(same.middle, whole.middle)


def test_parts_with_other_middles_do_not_merge():
    one, other = (Likelihoods.measure(POSITIVE, at=at(POSITIVE, middle=m)) for m in (0.0, 1.0))
    with pytest.raises(ValueError, match="column 0 has values of one sign in one part alone"):
        one.merge(other)


def test_a_record_comes_back_from_its_state():
    record = Likelihoods.measure(MIXED, at=at(MIXED), search=(-2.0, 4.0))
    twin = Statistic.from_state(record.to_state())
    assert isinstance(twin, Likelihoods)
    assert not list(twin.faults(1))
    assert_same_bits(twin.sums.matrix, record.sums.matrix)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("middle", {"middle": np.array([np.inf])}),
        ("middle", {"middle": np.array([np.nan])}),
        ("powers", {"powers": np.ones(3)}),
        ("powers", {"powers": np.full((13, 1), np.nan)}),
        ("best", {"best": np.array([9.0])}),
        ("sums", {"sums": None}),
    ],
)
def test_what_no_data_give_is_found(field, changes):
    record = Likelihoods.measure(MIXED, at=at(MIXED), search=(-2.0, 4.0)).replaced(**changes)
    assert next(record.faults(1))[0].partition(".")[0] == field


# The search


@pytest.mark.parametrize("true", [-1.5, 0.0, 0.4, 1.0, 2.7])
def test_the_search_finds_the_top_from_anywhere(true):
    """From ends that hold it, and from such that do not."""
    z = RNG.normal(size=2000) * 0.1
    x = (1.0 + true * z) ** (1 / true) if true else np.exp(z)
    X = x[:, None]
    start = Power(np.zeros((1, 1)), np.ones(1), np.ones(1), True)
    ends = [(-5.0, 5.0), (4.0, 4.5), (-5.0, -4.9)]
    found = [best_powers(X, None, start, -5.0, 5.0, np.array(near)[:, None])[0] for near in ends]
    np.testing.assert_allclose(found, found[0], rtol=1e-11, atol=1e-11)
    expected = stats.boxcox_normmax(x, method="mle", brack=(true - 1, true + 1))
    np.testing.assert_allclose(found[0], expected, atol=1e-5)
    likelihoods = [stats.boxcox_llf(found[0] + d, x) for d in (-1e-2, 0, 1e-2)]
    assert likelihoods[0] < likelihoods[1] > likelihoods[2]
