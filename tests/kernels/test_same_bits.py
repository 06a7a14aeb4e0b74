"""Both backends give the same bits: every kernel of the contract on random inputs.

Arrays are of any layout, type and size, none included, and hold ordinary numbers, NaN, zeros of
both signs, numbers near the ends of their range, and any bits at all. Maps and norms of dense
arrays are compared by test_native_results.py.
"""

import numpy as np
import pytest
from budget import times
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_same_bits
from native_checks import assert_same_numbers
from views import KINDS, extremes, views

from sklearn_norm.kernels import Map, Thinning, _native, _numpy
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.kernels.contract import MOMENTS

pytestmark = pytest.mark.skipif(compiled is None, reason="the extension was not built")
many_examples = settings(max_examples=times(50, 400, 4000))
BACKENDS = (_native, _numpy)
STORED = [kind for kind in KINDS if kind != "f2"]  # SciPy has no sparse arrays of float16
DDOF = st.sampled_from([0.0, 1.0, 0.7, 100.0])
EPS = st.sampled_from([0.0, 1e-5, 1e300, 5e-324])
SEEDS = st.integers(0, 1 << 20)
SMALL = st.tuples(*[st.integers(0, 20) | st.sampled_from([33, 130])] * 2)
LONG = st.tuples(st.integers(0, 40) | st.sampled_from([128, 129, 1000]))
LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "strided": lambda m: np.repeat(m, 2, axis=1)[:, ::2],
    "reversed": lambda m: np.ascontiguousarray(m[::-1, ::-1])[::-1, ::-1],
}
layouts = st.sampled_from(list(LAYOUTS.values()))


def weights(kind, n):
    """Return positive weights of a kind, or none."""
    rng = np.random.default_rng(n)
    return {
        "none": None,
        "ones": np.ones(n),
        "some": rng.uniform(0.1, 9.0, n),
        "strided": rng.uniform(0.1, 9.0, 2 * n)[::2],
        "uneven": 2.0 ** rng.integers(-10, 11, n),  # beyond 2**±20, last bits of variances differ
        "huge": rng.uniform(0.1, 9.0, n) * 2.0**220,
        "tiny": rng.uniform(0.1, 9.0, n) * 2.0**-220,
    }[kind]


weight_kinds = st.sampled_from(["none", "ones", "some", "strided", "uneven", "huge", "tiny"])


def assert_same_moments(found, expected, ddof, eps):
    """Weight and extrema, and what finite columns settle to; sums may differ in their last bits."""
    assert found.shape == expected.shape
    for name in ("weight", "low", "high"):
        row = MOMENTS.index(name)
        assert_same_numbers(found[row], expected[row], name)
    finite = ~np.isinf(expected[1:3]).any(axis=0)
    settled = [_native.settle_moments(m[:, finite], ddof, eps) for m in (found, expected)]
    assert_same_numbers(*settled)


@many_examples
@given(x=views(shapes=SMALL) | views(), kind=weight_kinds, ddof=DDOF, eps=EPS)
def test_columns(x, kind, ddof, eps):
    """Moments and extrema of columns."""
    w = weights(kind, x.shape[0])
    found, expected = (b.column_moments(x, w) for b in BACKENDS)
    assert_same_moments(found, expected, ddof, eps)
    for ours, theirs in zip(*(b.extremes(x, w) for b in BACKENDS), strict=True):
        assert_same_numbers(ours, theirs)
    assert _native.has_infinity(x) == _numpy.has_infinity(x)


@many_examples
@given(data=st.data(), x=views(ndim=1, shapes=LONG), kind=weight_kinds, ddof=DDOF, eps=EPS)
def test_segments(data, x, kind, ddof, eps):
    """Moments and extrema of columns of members in a row, some of which are empty."""
    cuts = data.draw(st.lists(st.integers(0, x.size), max_size=8).map(sorted))
    starts = np.array([0, *cuts, x.size], dtype=data.draw(st.sampled_from([np.int32, np.int64])))
    w = weights(kind, x.size)
    found, expected = (b.segment_moments(x, starts, w) for b in BACKENDS)
    assert_same_moments(found, expected, ddof, eps)
    for ours, theirs in zip(*(b.segment_extremes(x, starts) for b in BACKENDS), strict=True):
        assert_same_bits(np.asarray(ours, np.float64), np.asarray(theirs, np.float64))


@many_examples
@given(data=st.data(), x=views(shapes=SMALL) | views(), kind=weight_kinds, ddof=DDOF, eps=EPS)
def test_groups_of_rows(data, x, kind, ddof, eps):
    """Moments of the columns of groups of rows, some of which are empty."""
    cuts = data.draw(st.lists(st.integers(0, x.shape[0]), max_size=8).map(sorted))
    starts = np.array(
        [0, *cuts, x.shape[0]], dtype=data.draw(st.sampled_from([np.int32, np.int64]))
    )
    w = weights(kind, x.shape[0])
    found, expected = (b.group_moments(x, starts, w) for b in BACKENDS)
    assert_same_moments(found, expected, ddof, eps)


@st.composite
def matrices(draw, n_columns):
    """Return moments of some columns, measured by either backend, perhaps weighted, as laid out."""
    n_rows = draw(st.integers(0, 20))
    x = draw(views(["f8", "f4"], st.just((n_rows, n_columns))))
    m = draw(st.sampled_from(BACKENDS)).column_moments(x, weights(draw(weight_kinds), n_rows))
    if draw(st.booleans()):
        m = _numpy.weighted_moments(m, factors(draw(SEEDS), n_columns))
    return draw(layouts)(m)


def factors(seed, n_columns):
    sizes = [0.0, 0.37, 1.0, 4.0, 2.0**230, 2.0**-230]
    return np.random.default_rng(seed).choice(sizes, 2 * n_columns)[::2]


def held(m):
    """Return moments without their low parts below 2**-960.

    The error of a product that small is subnormal, so the last bit of a low part depends on how the
    error is computed.
    """
    m = m.copy()
    for row in (MOMENTS.index(name) for name in ("weight_low", "sum_low", "square_low")):
        m[row][np.abs(m[row]) < 2.0**-960] = 0.0
    return m


@many_examples
@given(data=st.data(), n_columns=st.integers(0, 9) | st.sampled_from([33, 520]), ddof=DDOF, eps=EPS)
def test_matrices_of_moments(data, n_columns, ddof, eps):
    """Merged, settled and changed; here all bits are the same, those of sums too."""
    a, b = data.draw(matrices(n_columns)), data.draw(matrices(n_columns))
    factor = factors(data.draw(SEEDS), n_columns)
    merged, expected = (k.merge_moments(a, b) for k in BACKENDS)
    assert_same_numbers(held(merged), held(expected))
    merged = expected
    for m in (a, merged):
        assert_same_numbers(*(k.settle_moments(m, ddof, eps) for k in BACKENDS), "settled")
        assert_same_numbers(*(k.weighted_moments(m, factor) for k in BACKENDS), "weighted")
        for name in ("recentred", "centred", "collapsed"):
            assert_same_numbers(*(getattr(k, f"{name}_moments")(m) for k in BACKENDS), name)


def test_moments_that_fade_away():
    """Weighted down again and again, below where errors of products can be told."""
    x = np.random.default_rng(3).normal(50.0, 9.0, (20, 5))
    m = expected = _numpy.column_moments(x, None)
    for factor in np.random.default_rng(4).uniform(2.0**-60, 2.0**-50, (24, 5)):
        m, expected = _native.weighted_moments(m, factor), _numpy.weighted_moments(expected, factor)
        assert_same_numbers(m, expected)
    assert (m[0] < 1e-300).all()


def places(seed, size, n_columns):
    """Return a column for each member, from few columns or many, as int32 or int64."""
    rng = np.random.default_rng(seed)
    columns = rng.integers(0, n_columns, 2 * size).astype([np.int32, np.int64][seed % 2])
    return columns[::2] if seed % 3 else columns[:size]


@many_examples
@given(
    x=views(STORED, LONG, 1),
    kind=weight_kinds,
    n_columns=st.sampled_from([1, 2, 7, 900]),
    seed=SEEDS,
)
def test_stored_members_are_gathered(x, kind, n_columns, seed):
    columns, w = places(seed, x.size, n_columns), weights(kind, x.size)
    found, expected = (b.gather_columns(x, columns, n_columns, w) for b in BACKENDS)
    assert_same_bits(found[0], expected[0])
    assert_same_bits(found[1], expected[1])
    assert (found[2] is None) == (expected[2] is None) == (w is None)
    if w is not None:
        assert_same_bits(found[2], expected[2])


def steps(draw, n_columns):
    """Return a map of columns by some steps, with extreme numbers in one map of three."""
    rng = np.random.default_rng(draw(SEEDS))

    def vector(name):
        if name == "exponent":
            most = draw(st.sampled_from([3, 900, 1100]))
            return rng.integers(-most, most + 1, n_columns) * rng.integers(0, 2, n_columns)
        if draw(st.sampled_from([False, False, True])):
            return rng.choice(extremes(np.dtype("f8"), infinite=True), n_columns)
        values = rng.normal(1.0, 5.0, n_columns)
        if name == "top":
            values[::2] = np.nan
        return values

    chosen = draw(st.sets(st.sampled_from(Map._fields), min_size=1))
    return Map(**{n: vector(n) if n in chosen else None for n in Map._fields})


@many_examples
@given(
    data=st.data(),
    x=views(STORED, LONG, 1),
    n_columns=st.sampled_from([1, 2, 7, 900]),
    seed=SEEDS,
    kind=st.sampled_from(["f8", "f4", "in place"]),
    inverse=st.booleans(),
    clipped=st.booleans(),
)
def test_stored_members_are_mapped(data, x, n_columns, seed, kind, inverse, clipped):
    """Also in place; bounds clip the results."""
    mapping, columns = steps(data.draw, n_columns), places(seed, x.size, n_columns)
    low = np.random.default_rng(seed).choice([-100.0, -1.0, 0.0, -0.0, -np.inf], n_columns)
    bounds = (low, np.abs(low) + 1.0) if clipped else None
    if x.dtype.kind != "f":
        kind = "f8"
    results = []
    for backend in BACKENDS:
        out = x.copy() if kind == "in place" else np.empty(x.shape, kind)
        source = out if kind == "in place" else x
        backend.apply_stored(source, columns, mapping, bounds, out, inverse)
        results.append(out)
    assert_same_numbers(*results)


@many_examples
@given(x=views(shapes=SMALL) | views(), whole=st.sampled_from([2, 8, 10_000]), seed=SEEDS)
def test_columns_are_sorted_and_thinned(x, whole, seed):
    """Order statistics, and the members that are kept."""
    p = np.array([0.0, 0.25, 0.5, 0.9, 1.0])[seed % 6 :]
    found, expected = (b.select(x, p, Thinning(whole, 8, 0.5)) for b in BACKENDS)
    for name in found._fields:
        ours, theirs = getattr(found, name), getattr(expected, name)
        if name != "members":
            assert_same_numbers(ours, theirs, name)
            continue
        assert len(ours) == len(theirs) == x.shape[1]
        for a, b in zip(ours, theirs, strict=True):
            assert_same_bits(a, b)


@pytest.mark.parametrize("backend", BACKENDS, ids=["native", "numpy"])
def test_a_signalling_nan_is_converted_without_a_warning(backend):
    x = np.array([0x7FA00000], dtype=np.uint32).view(np.float32)
    starts, columns = np.array([0, 1]), np.zeros(1, np.int32)
    assert backend.segment_moments(x, starts, None)[0] == 0
    assert backend.column_moments(x[:, None], None)[0] == 0
    out = np.empty(1)
    scale = Map(**dict.fromkeys(Map._fields) | {"scale": np.ones(1)})
    backend.apply_stored(x, columns, scale, None, out)
    assert np.isnan(out[0])
