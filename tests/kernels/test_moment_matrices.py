"""Matrices of moments, merged, settled and changed, against rational arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from exact import error, exact_moments, exact_root
from hypothesis import example, given
from hypothesis import strategies as st
from laws import assert_same_bits

from sklearn_norm.kernels import _native, _numpy
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.kernels.contract import MOMENTS
from sklearn_norm.statistics.moments import Moments

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
every_backend = pytest.mark.parametrize("backend", BACKENDS)
both_backends = pytest.mark.skipif(compiled is None, reason="the extension was not built")

ULP = 0.51  # what a result may be off: half an ulp, and a little for double-double
TWICE = Fraction(1, 2**95)  # the relative error of double-double
HUGE, TINY, SUBNORMAL = 1.7e308, 1e-300, 5e-324
MEMBERS = (
    st.floats(-1e3, 1e3)
    | st.floats(-HUGE, HUGE)
    | st.floats(-TINY, TINY)
    | st.integers(-3, 3).map(lambda n: n * SUBNORMAL)
    | st.floats(1.7e9, 1.7e9 + 1)
    | st.sampled_from([0.0, -0.0, 1.0, np.nan])
)
WEIGHTS = st.sampled_from([1.0, 1.0, 0.1, 3.7])
UNITS = st.sampled_from([1.0, 1.0, 2.0**60, 2.0**220, 2.0**-220])  # of all weights of a test
COLUMN = st.lists(st.tuples(MEMBERS, WEIGHTS), max_size=12) | st.tuples(
    MEMBERS, st.integers(1, 12)
).map(lambda same: [(same[0], 1.0)] * same[1])


def heavier(pairs, unit):
    return [(x, w * unit) for x, w in pairs]


def measured(backend, pairs):
    """Return the matrix of one column of members and their weights."""
    members, weights = np.array(pairs, dtype=np.float64).reshape(-1, 2).T
    return backend.column_moments(members[:, None], weights.copy())


def there(pairs):
    """Return the members that are present, and their weights."""
    return [x for x, _ in pairs if x == x], [w for x, w in pairs if x == x]


def check_settled(backend, m, pairs, ddof=0, eps=0.0):
    """A column of a matrix settles to the moments of these members, rounded once."""
    found = backend.settle_moments(m, ddof, eps)
    assert found.shape == (3, 1)
    members, weights = there(pairs)
    if not members:
        assert np.isnan(found).all()
        return
    mean, variance = exact_moments(members, weights, Fraction(ddof))
    biased = exact_moments(members, weights)[1]
    off = abs(Fraction(found[0, 0]) - mean)
    assert error(found[0, 0], mean) <= ULP or off**2 <= biased / 2**140
    assert error(found[1, 0], variance) <= ULP
    assert error(found[2, 0], exact_root(variance + Fraction(eps))) <= ULP


def values(m, column=0):
    """Return weight, mean and Σw(x - mean)² of a column as fractions."""
    n = dict(zip(MOMENTS, map(Fraction, m[[0, *range(3, 10)], column].tolist()), strict=False))
    rows = [name for name in MOMENTS if name not in ("low", "high")]
    n = dict(zip(rows, n.values(), strict=True))
    unit = Fraction(2) ** int(n["exponent"])
    weight, total = n["weight"] + n["weight_low"], n["sum_high"] + n["sum_low"]
    square = n["square_high"] + n["square_low"]
    return weight, unit * (n["shift"] + total / weight), unit**2 * (square - total**2 / weight)


@every_backend
@given(a=COLUMN, b=COLUMN, unit=UNITS, ddof=st.sampled_from([0, 1, 2.5]))
@example(a=[(1.0, 1.0)], b=[], unit=1.0, ddof=0)
@example(a=[(np.nan, 1.0)], b=[(-0.0, 1.0)], unit=1.0, ddof=0)
@example(a=[(HUGE, 1.0)], b=[(-HUGE, 1.0)], unit=1.0, ddof=0)
@example(a=[(SUBNORMAL, 1.0)], b=[(0.0, 1.0), (0.0, 1.0)], unit=1.0, ddof=1)
@example(a=[(HUGE, 2.0**-220)], b=[(SUBNORMAL, 2.0**220)], unit=1.0, ddof=0)
def test_merged_matrices_have_the_exact_moments_of_all_members(backend, a, b, unit, ddof):
    """Members of any size, constant, absent, of any weights; either may come first."""
    a, b = heavier(a, unit), heavier(b, unit)
    merged = backend.merge_moments(measured(backend, a), measured(backend, b))
    check_settled(backend, merged, a + b, ddof)
    members, weights = there(a + b)
    assert merged[1:3, 0].tolist() == [min(members, default=np.inf), max(members, default=-np.inf)]
    assert not np.signbit(merged[1:3] == 0).any()
    assert error(float(merged[0, 0]), sum(map(Fraction, weights), Fraction(0))) <= ULP
    other = backend.merge_moments(measured(backend, b), measured(backend, a))
    assert_same_bits(other, merged)


@every_backend
@given(
    pairs=COLUMN,
    unit=UNITS,
    ddof=st.sampled_from([0, 1, 3.3]),
    eps=st.sampled_from([0.0, 1e-5, 2.0, 1e300, 1e-300, SUBNORMAL]),
)
def test_settled_matrices_are_rounded_once(backend, pairs, unit, ddof, eps):
    """Mean, variance, and the root of variance and eps."""
    pairs = heavier(pairs, unit)
    check_settled(backend, measured(backend, pairs), pairs, ddof, eps)


@every_backend
@given(pairs=COLUMN.filter(lambda pairs: there(pairs)[0]), factor=st.floats(0.001, 1000.0))
def test_changed_matrices_have_the_exact_moments(backend, pairs, factor):
    """Counted more often, about another shift, about the mean, at the mean."""
    m = measured(backend, pairs)
    weight, mean, spread = values(m)
    peak = max(abs(Fraction(x)) for x in there(pairs)[0])
    size = weight * peak**2
    found = values(backend.weighted_moments(m, np.array([factor])))
    times = Fraction(factor)
    assert abs(found[0] - times * weight) <= TWICE * times * weight
    assert abs(found[1] - mean) <= TWICE * peak
    assert abs(found[2] - times * spread) <= TWICE * times * size
    found = values(backend.recentred_moments(m))
    assert found[0] == weight
    assert abs(found[1] - mean) <= TWICE * peak
    assert abs(found[2] - spread) <= TWICE * size
    found = values(backend.centred_moments(m))
    assert found[:2] == (weight, 0)
    assert abs(found[2] - spread) <= TWICE * size
    found = values(backend.collapsed_moments(m))
    assert found[0] == 1
    assert abs(found[1] - mean) <= TWICE * peak
    assert abs(found[2]) <= TWICE * peak**2


def any_columns():
    """Return columns that are measured, known, or left of some whose weight became 0."""
    number = st.floats(-HUGE, HUGE) | st.sampled_from([0.0, 1.0, np.nan])
    size = st.floats(0.0, HUGE) | st.sampled_from([0.0, 1.0, np.nan])
    weight = st.sampled_from([0.0, 1.0, 5.0, 0.3, 2.0**230])
    known = st.tuples(number, size, weight).map(
        lambda k: Moments.known(*(np.array([v]) for v in k)).matrix
    )
    of_members = COLUMN.map(lambda pairs: measured(_numpy, pairs))
    factor = st.sampled_from([0.0, 0.1, 1.0, 3.0])
    return st.tuples(known | of_members, factor).map(
        lambda m: m[0] if m[1] == 1 else _numpy.weighted_moments(m[0], np.array([m[1]]))
    )


def matrices(n_columns):
    columns = st.lists(any_columns(), min_size=n_columns, max_size=n_columns)
    return columns.map(lambda parts: np.concatenate(parts, axis=1))


def assert_same_numbers(actual, expected):
    """The same bits, but for those of NaN."""
    found, wanted = (np.where(np.isnan(v), np.nan, v) for v in (actual, expected))
    assert_same_bits(found, wanted)


@both_backends
@given(a=matrices(3), b=matrices(3), ddof=st.sampled_from([0.0, 1.0, 0.7]), eps=st.floats(0.0, 9.0))
def test_both_backends_give_the_same_bits_of_any_matrix(a, b, ddof, eps):
    """To the last bit of double-double, of members and of what is known alike."""
    found, expected = (k.merge_moments(a, b) for k in (_native, _numpy))
    assert_same_numbers(found, expected)
    for m in (a, expected):
        for e in (0.0, eps):
            assert_same_numbers(*(k.settle_moments(m, ddof, e) for k in (_native, _numpy)))
        for name in ("recentred", "centred", "collapsed"):
            changes = (getattr(k, f"{name}_moments")(m) for k in (_native, _numpy))
            assert_same_numbers(*changes)
        factor = np.array([0.0, 0.37, 4.0])
        assert_same_numbers(*(k.weighted_moments(m, factor) for k in (_native, _numpy)))


@every_backend
@given(a=matrices(3), b=matrices(3))
def test_merging_does_not_depend_on_which_comes_first(backend, a, b):
    """To the bit, of known and of unknown numbers too."""
    assert_same_numbers(backend.merge_moments(a, b), backend.merge_moments(b, a))


@every_backend
@given(m=matrices(3))
def test_merging_with_nothing_changes_nothing(backend, m):
    """A matrix of empty columns is the identity; a weight of 0 leaves the extrema."""
    nothing = Moments.empty(3).matrix
    merged = backend.merge_moments(m, nothing)
    held = m[0] > 0
    assert_same_numbers(merged[:, held], (m + 0.0)[:, held])
    assert_same_numbers(merged[1:3], m[1:3] + 0.0)
    assert_same_numbers(merged[3:, ~held], nothing[3:, ~held])


@every_backend
def test_a_mean_and_a_variance_that_are_known_stay_as_they_were_given(backend):
    """Not rounded by how much members would differ; NaN stays unknown beside others."""
    mean, variance = np.array([1e-30, np.nan, 3.0]), np.array([1.0, 2.0, np.nan])
    m = Moments.known(mean, variance, np.array([5.0, 5.0, 5.0])).matrix
    found = backend.settle_moments(m, 0, 0.0)
    assert_same_bits(found[0], mean)
    assert_same_bits(found[1], variance)
    merged = backend.merge_moments(m, measured(backend, [(2.0, 1.0)] * 3).repeat(3, axis=1))
    assert np.isnan(backend.settle_moments(merged, 0, 0.0)[:, 1:]).all(axis=0).tolist() == [
        True,
        False,
    ]


@every_backend
def test_wide_matrices_settle_as_narrow_ones(backend):
    """Threads, and the columns that are done together, leave no trace."""
    m = Moments.measure(np.random.default_rng(0).normal(size=(4, 5000))).matrix
    whole, twice = backend.settle_moments(m, 1, 0.5), backend.merge_moments(m, m)
    for j in (0, 1, 511, 512, 4095, 4999):
        alone = np.ascontiguousarray(m[:, j : j + 1])
        assert_same_bits(backend.settle_moments(alone, 1, 0.5)[:, 0], whole[:, j])
        assert_same_bits(backend.merge_moments(alone, alone)[:, 0], twice[:, j])
