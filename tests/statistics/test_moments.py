"""Moments against exact rational arithmetic."""

from fractions import Fraction
from math import isqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_norm.statistics.moments import Moments

TIGHT = Fraction(1, 10**14)
MEMBERS = st.floats(-1.7e308, 1.7e308, width=64)
WEIGHTS = st.floats(1e-3, 1e3)


def exact_moments(values, weights=None, ddof=0):
    """Return the mean and the variance in rational numbers."""
    x = [Fraction(float(v)) for v in values]
    w = [Fraction(1)] * len(x) if weights is None else [Fraction(float(v)) for v in weights]
    total = sum(w)
    mean = sum(a * b for a, b in zip(w, x, strict=True)) / total
    spread = sum(a * (b - mean) ** 2 for a, b in zip(w, x, strict=True))
    return mean, spread / (total - ddof if total > ddof else total)


def root(x):
    """Return the square root of a rational number, right to 200 bits."""
    if x == 0:
        return Fraction(0)
    shift = 2 * max(0, 400 + x.denominator.bit_length() - x.numerator.bit_length())
    return Fraction(isqrt((x.numerator << shift) // x.denominator), 2 ** (shift // 2))


def check(moments, values, weights=None, tolerance=TIGHT):
    """Mean and deviation are right relative to the largest member and to the deviation."""
    mean, variance = exact_moments(values, weights)
    deviation = root(variance)
    peak = max(abs(Fraction(float(v))) for v in values)
    tiny = Fraction(5e-324)
    mean_error = abs(Fraction(float(moments.mean[0])) - mean)
    assert mean_error <= Fraction(1, 2**52) * peak + tiny, float(mean_error / (peak or 1))
    found = Fraction(float(moments.deviation()[0]))
    assert abs(found - deviation) <= tolerance * deviation + tiny, (float(found), float(deviation))


def split(X, cuts, weight=None):
    """Measure chunks and merge them in turn."""
    parts = np.split(X, sorted(cuts))
    weights = [None] * len(parts) if weight is None else np.split(weight, sorted(cuts))
    merged = Moments.empty(X.shape[1])
    for part, w in zip(parts, weights, strict=True):
        merged = merged.merge(Moments.measure(part, w))
    return merged


def test_hard_columns_have_the_exact_moments(hard_columns):
    """Mean and deviation of every hard column, whole and in chunks, to 1e-14."""
    for column in hard_columns.values():
        present = column[~np.isnan(column)]
        X = column[:, None]
        for moments in (Moments.measure(X), split(X, range(0, X.shape[0], 173))):
            assert moments.weight[0] == present.size
            if present.size:
                check(moments, present)
            else:
                assert np.isnan(moments.mean[0])
                assert np.isnan(moments.deviation()[0])


@pytest.mark.parametrize("ddof", [0, 1])
def test_hard_columns_have_the_exact_variance(hard_columns, ddof):
    """The variance is right wherever a float can hold it, and inf or tiny where not."""
    for name, column in hard_columns.items():
        present = column[~np.isnan(column)]
        if not present.size:
            continue
        found = Moments.measure(column[:, None]).variance(ddof)[0]
        _, expected = exact_moments(present, ddof=ddof)
        if expected > Fraction(np.finfo(np.float64).max):
            assert found == np.inf, name
        else:
            assert abs(Fraction(float(found)) - expected) <= TIGHT * expected + Fraction(5e-324)


@given(members=st.lists(MEMBERS, min_size=1, max_size=25), cut=st.integers(0, 25))
def test_any_floats_have_the_exact_moments(members, cut):
    """Members of any size, whole or in two chunks."""
    X = np.array(members)[:, None]
    check(Moments.measure(X), members)
    check(split(X, [min(cut, len(members))]), members)


@given(
    pairs=st.lists(st.tuples(st.floats(-1e9, 1e9), WEIGHTS), min_size=1, max_size=25),
    cut=st.integers(0, 25),
)
def test_any_weights_have_the_exact_moments(pairs, cut):
    """Weighted members, whole or in two chunks."""
    values, weights = (np.array(v) for v in zip(*pairs, strict=True))
    check(Moments.measure(values[:, None], weights), values, weights)
    merged = split(values[:, None], [min(cut, values.size)], weights)
    check(merged, values, weights)


@pytest.mark.parametrize("power", [-900, -300, 250, 900])
def test_extreme_weights_have_the_exact_moments(power):
    """Weights whose squares over- or underflow do no harm."""
    rng = np.random.default_rng(0)
    values, weights = rng.normal(size=50), np.ldexp(rng.random(50) + 0.1, power)
    check(Moments.measure(values[:, None], weights), values, weights)


@given(exponents=st.lists(st.integers(-1000, 1000), min_size=1, max_size=6))
def test_chunks_of_different_sizes_in_magnitude_merge(exponents):
    """Chunks in any units, merged from either end, have the exact moments."""
    rng = np.random.default_rng(1)
    chunks = [np.ldexp(rng.random(5) + 0.5, e) for e in exponents]
    parts = [Moments.measure(c[:, None]) for c in chunks]
    forwards, backwards = parts[0], parts[-1]
    for part in parts[1:]:
        forwards = forwards.merge(part)
    for part in parts[-2::-1]:
        backwards = backwards.merge(part)
    check(forwards, np.concatenate(chunks))
    check(backwards, np.concatenate(chunks))


def test_moments_of_hand_computed_columns():
    """1, 2, 6 has mean 3 and variance 14/3; NaN is absent."""
    found = Moments.measure(np.array([[1.0, np.nan], [2.0, 4.0], [6.0, np.nan]]))
    assert found.weight.tolist() == [3.0, 1.0]
    assert found.mean.tolist() == [3.0, 4.0]
    assert found.variance().tolist() == [14 / 3, 0.0]
    assert found.variance(1).tolist() == [7.0, 0.0]
    assert found.deviation(1).tolist() == [np.sqrt(7.0), 0.0]


def test_eps_is_added_to_the_variance():
    """deviation(eps) is sqrt(variance + eps), also where one dwarfs the other."""
    X = np.array([[1.0, 1e-200, 1e200, 5.0], [3.0, -1e-200, -1e200, 5.0]])
    found = Moments.measure(X).deviation(eps=3.0)
    np.testing.assert_allclose(found, [2.0, np.sqrt(3.0), 1e200, np.sqrt(3.0)], rtol=1e-15)


@pytest.mark.parametrize("value", [1e200, -1e300, 1e-300, 0.0])
def test_eps_is_all_that_a_constant_column_has(value):
    """Also where the column is in units beside which eps is nothing."""
    found = Moments.measure(np.full((3, 1), value)).deviation(eps=1e-5)
    assert found.tolist() == [np.sqrt(1e-5)]


def test_a_constant_column_has_no_spread(hard_columns):
    """One value in any number and weight has itself as mean and deviation 0."""
    for value in (0.1, 3.3, 1e-310, 1.7e308, -1e155):
        X = np.full((3000, 1), value)
        for weight in (None, np.linspace(0.1, 7.3, 3000)):
            found = split(X, [7, 1500], weight)
            assert found.mean[0] == value
            assert found.deviation()[0] == 0.0


def test_weighted_moments_are_of_repeated_members():
    """weighted(3) counts every member three times."""
    X = np.random.default_rng(2).normal(5, 2, (100, 3))
    found = Moments.measure(X).weighted(np.full(3, 3.0))
    expected = Moments.measure(np.repeat(X, 3, axis=0))
    assert found.weight.tolist() == expected.weight.tolist()
    np.testing.assert_allclose(found.mean, expected.mean, 1e-15)
    np.testing.assert_allclose(found.variance(1), expected.variance(1), 1e-14)


def test_centred_moments_have_mean_zero_and_the_same_spread():
    """The differences from the mean have mean 0 and the same variance."""
    X = np.random.default_rng(3).normal(50, 2, (100, 3))
    found = Moments.measure(X)
    centred = found.centred()
    assert centred.mean.tolist() == [0.0, 0.0, 0.0]
    np.testing.assert_allclose(centred.variance(), found.variance(), 1e-15)


def test_collapsed_moments_are_one_member_at_the_mean():
    """The mean stays, to both of its words; spread and weight go; nothing stays nothing."""
    X = np.array([[3.0, 1e9, -1e300, np.nan], [4.0, 1e9 + 1e-6, 1e300, np.nan]])
    found = Moments.measure(X).collapsed()
    assert found.weight.tolist() == [1.0, 1.0, 1.0, 0.0]
    assert found.mean[:3].tolist() == [3.5, 1e9 + 5e-7, 0.0]
    assert np.isnan(found.mean[3])
    assert found.deviation()[:3].tolist() == [0.0] * 3
    merged = found.merge(Moments.measure(X + 1.0).collapsed())
    assert merged.mean[0] == 4.0
    assert merged.deviation()[0] == 0.5


def test_zeros_are_members_of_the_value_zero():
    """A weight of 0 is no member."""
    found = Moments.zeros(np.array([5.0, 0.0]))
    assert found.weight.tolist() == [5.0, 0.0]
    assert found.mean[0] == 0.0
    assert np.isnan(found.mean[1])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_moments_of_sparse_columns_are_those_of_dense_ones(form, weighted):
    """Implicit zeros are members, stored NaN are not."""
    rng = np.random.default_rng(4)
    dense = np.where(rng.random((400, 6)) < 0.3, rng.normal(3, 1, (400, 6)), 0.0)
    dense[:, 1] = 0.0
    dense[:, 2] = rng.random(400) + 1e6
    dense[3, 3] = np.nan
    dense[:, 4] *= 1e-200
    dense[:, 5] *= 1e200
    weight = rng.random(400) + 0.1 if weighted else None
    found, expected = (Moments.measure(X, weight) for X in (form(dense), dense))
    np.testing.assert_allclose(found.weight, expected.weight, 1e-14)
    np.testing.assert_allclose(found.mean, expected.mean, 1e-13)
    np.testing.assert_allclose(found.deviation(1), expected.deviation(1), 1e-12)
    assert found.low.tolist() == expected.low.tolist()
    assert found.high.tolist() == expected.high.tolist()


def test_csr_and_csc_have_the_same_bits():
    """The sparse format leaves no trace."""
    X = sparse.csr_array(sparse.random(300, 8, density=0.3, random_state=5))
    a, b = Moments.measure(X.tocsr()), Moments.measure(X.tocsc())
    for name in ("mean", "low", "high", "weight"):
        assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
    assert a.variance().tobytes() == b.variance().tobytes()
