"""What every backend of kernels must do, against exact or plain arithmetic."""

import math
from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from laws import EPS, SMALLEST, assert_same_bits, layouts

from sklearn_norm.kernels import Map, _native, _numpy
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.kernels._numpy.sorting import sorted_columns
from sklearn_norm.kernels.contract import MOMENTS

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
DTYPES = [np.float16, np.float32, np.float64]
NOTHING = [0.0, np.inf, -np.inf, 0.0, -1100.0, *[0.0] * 5]  # the moments of no member
TWICE = Fraction(2) ** -85  # the error of sums in twice the precision, relatively
ROWS = [0, 1, 2, 1023, 1024, 1025, 3000]  # none, one, and around the border of a block
LARGE = [(2_100_001, 1), (700_001, 3), (1030, 2050)]  # members enough to be worth threads

pytestmark = [pytest.mark.share(0, each_value=True), pytest.mark.parametrize("backend", BACKENDS)]


def numbers(rows, dtype=np.float64, seed=0):
    """Return hard columns that fit any dtype: some missing, none present, constant, tiny."""
    rng = np.random.default_rng(seed)
    X = rng.normal(3.0, 1.0, (rows, 7))
    X[rng.random(rows) < 0.3, 1] = np.nan
    X[:, 2] = np.nan
    X[:, 3] = 0.1
    X[:, 4] = rng.integers(-3, 4, rows)
    X[:, 5] = 4e4 * rng.random(rows)
    X[:, 6] = np.finfo(dtype).smallest_subnormal * rng.integers(0, 9, rows)
    return X.astype(dtype)


def weights(rows, seed=0):
    return np.random.default_rng(seed + 1).random(rows) + 0.1


def present(X, weight, column):
    """Return the members of a column that are there, and their weights, as fractions."""
    values, shares = X[:, column].tolist(), np.ones(X.shape[0]) if weight is None else weight
    pairs = zip(values, shares.tolist(), strict=True)
    return [(Fraction(x), Fraction(w)) for x, w in pairs if x == x]


def sum_of(fractions):
    """Sum rational numbers, neighbours first: as exact as in turn, and faster."""
    terms = list(fractions) or [Fraction(0)]
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2], strict=False)
        terms = [a + b for a, b in pairs] + terms[len(terms) // 2 * 2 :]
    return terms[0]


def rounded(backend, m):
    """Return what a matrix of moments says, rounded to float64: bits of no layout."""
    mean, variance, _ = backend.settle_moments(m, 0, 0.0)
    return {**dict(zip(MOMENTS[:3], m, strict=False)), "mean": mean, "variance": variance}


def run(backend, X, weight=None):
    """Return what all kernels that only read say of X, by name."""
    found = {
        f"moments {n}": v for n, v in rounded(backend, backend.column_moments(X, weight)).items()
    }
    found |= {f"extreme {n}": v for n, v in backend.extremes(X, weight)._asdict().items()}
    found["infinity"] = backend.has_infinity(X)
    parts = [values.copy() for _, values in sorted_columns(X, X.size * 2)]
    found["sorted"] = np.concatenate(parts)
    return found


# Moments


def check_moments(found, X, weight):
    """A matrix has the exact weight, mean, spread and extrema of every column."""
    assert found.shape == (len(MOMENTS), X.shape[1])
    assert found.dtype == np.float64
    assert found.flags.c_contiguous
    for column in range(X.shape[1]):
        check_column(found[:, column].tolist(), present(X, weight, column))


def check_column(found, members):
    """The moments of one column are those of its members and their weights."""
    if not members:
        assert found == NOTHING
        return
    assert found[1:3] == [min(x for x, _ in members), max(x for x, _ in members)]
    assert math.copysign(1, found[1]) == 1 or found[1] != 0
    m = dict(zip(MOMENTS, map(Fraction, found), strict=True))
    total, around = sum_of(w for _, w in members), members[0][0]
    peak = max(abs(x - around) for x, _ in members)
    first = sum_of(w * (x - around) for x, w in members)
    spread = sum_of(w * (x - around) ** 2 for x, w in members) - first**2 / total
    unit = Fraction(2) ** int(m["exponent"])
    weight, low = m["weight"] + m["weight_low"], m["sum_high"] + m["sum_low"]
    mean = m["shift"] + low / weight
    assert abs(weight - total) <= TWICE * total
    assert abs(unit * mean * weight - around * weight - first) <= TWICE * total * peak
    found_spread = unit**2 * (m["square_high"] + m["square_low"] - low**2 / weight)
    assert abs(found_spread - spread) <= TWICE * total * peak**2


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", ROWS)
def test_column_moments_are_those_of_rational_arithmetic(backend, rows, dtype, weighted):
    """Weight, mean, spread and extrema of all rows; NaN is absent."""
    X, weight = numbers(rows, dtype), weights(rows) if weighted else None
    check_moments(backend.column_moments(X, weight), X, weight)


@pytest.mark.parametrize("power", [-1000, -300, 300, 900])
@pytest.mark.parametrize("heavy", [-800, 0, 60])
def test_column_moments_of_extreme_units_are_those_of_rational_arithmetic(backend, power, heavy):
    """Neither squares of members nor weights over- or underflow."""
    rng = np.random.default_rng(2)
    X = np.ldexp(rng.normal(2.0, 1.0, (1100, 2)), power)
    X[0, 1], X[1, 1] = 1.7e308, -1.7e308
    weight = np.ldexp(weights(1100), heavy) if heavy else None
    check_moments(backend.column_moments(X, weight), X, weight)


def test_column_moments_keep_digits_about_a_large_mean(backend):
    """1.7e9 ± 0.3: the sums are about a shift nearby."""
    X = 1.7e9 + 0.3 * np.random.default_rng(3).normal(size=(5000, 1))
    found = backend.column_moments(X, None)
    check_moments(found, X, None)
    m = dict(zip(MOMENTS, found, strict=True))
    assert (m["square_high"] <= 4 * 0.3**2 * m["weight"]).all()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_segment_moments_are_those_of_rational_arithmetic(backend, dtype, weighted):
    """Columns of any length, one after the other, empty ones between."""
    lengths = [0, 1, 2, 0, 31, 32, 33, 1500, 0]
    whole = numbers(1500, dtype)
    columns = [whole[:n, j % 7] for j, n in enumerate(lengths)]
    values, starts = np.concatenate(columns), np.cumsum([0, *lengths])
    weight = weights(values.size) if weighted else None
    found = backend.segment_moments(values, starts, weight)
    extremes = backend.segment_extremes(values, starts)
    for j, members in enumerate(columns):
        share = None if weight is None else weight[starts[j] : starts[j + 1]]
        check_column(found[:, j].tolist(), present(members[:, None], share, 0))
        alone = backend.extremes(members[:, None], None)
        assert [field[j] for field in extremes] == [field[0] for field in alone]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
@pytest.mark.parametrize("n_columns", [1, 3, 7])
@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray])
def test_group_moments_are_those_of_each_group(backend, layout, n_columns, dtype, weighted):
    """Groups of any number of rows; column j of group g stands at g * n_columns + j."""
    lengths = [0, 1, 2, 0, 31, 32, 33, 64, 1500, 0]
    starts = np.cumsum([0, *lengths])
    X = layout(numbers(starts[-1], np.float64 if dtype == np.int16 else dtype)[:, :n_columns])
    if dtype == np.int16:
        X = layout(np.arange(X.size, dtype=dtype).reshape(X.shape) % 97)
    weight = weights(starts[-1]) if weighted else None
    found = backend.group_moments(X, starts, weight)
    for g, rows in enumerate(map(slice, starts[:-1].tolist(), starts[1:].tolist())):
        own = X[rows].astype(np.float64)
        share = None if weight is None else weight[rows]
        at = slice(g * n_columns, (g + 1) * n_columns)
        if own.size:
            check_moments(np.ascontiguousarray(found[:, at]), own, share)
        assert_same_bits(
            backend.settle_moments(found[:, at], 1.0, 0.0),
            backend.settle_moments(backend.column_moments(own, share), 1.0, 0.0),
        )


# Extrema and infinity


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", ROWS)
def test_extremes_are_those_of_python(backend, rows, dtype, weighted):
    """Smallest, largest and weight of what is present; inf, -inf and 0 of nothing."""
    X, weight = numbers(rows, dtype), weights(rows) if weighted else None
    found = backend.extremes(X, weight)
    for column in range(X.shape[1]):
        members = present(X, weight, column)
        assert found.low[column] == min((x for x, _ in members), default=np.inf)
        assert found.high[column] == max((x for x, _ in members), default=-np.inf)
        total = sum_of(w for _, w in members)
        error = abs(Fraction(float(found.weight[column])) - total)
        assert error <= (4 * Fraction(EPS) * total if weighted else 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 2000), (1025, 3), (70_000, 2)])
def test_one_infinity_is_found_wherever_it_is(backend, shape, dtype):
    """First, last or between, of either sign, beside NaN, in any layout."""
    for place, infinity, nan in product((0, 0.5, 1), (np.inf, -np.inf), (False, True)):
        X = np.random.default_rng(4).normal(size=shape).astype(dtype)
        if nan:
            X.flat[:: max(1, X.size // 3)] = np.nan
        assert not backend.has_infinity(X)
        X.flat[int(place * (X.size - 1))] = infinity
        for name, variant in layouts(X).items():
            assert backend.has_infinity(variant), (name, place, infinity, nan)


@pytest.mark.parametrize("dtype", DTYPES)
def test_large_numbers_are_not_infinity_and_infinities_do_not_cancel(backend, dtype):
    """Sums that overflow or become NaN are not mistaken for infinities."""
    X = np.full((3000, 5), np.finfo(dtype).max)
    assert not backend.has_infinity(X)
    X[::2] *= -1
    assert not backend.has_infinity(X)
    X[7, 1], X[8, 1] = np.inf, -np.inf
    assert backend.has_infinity(X)
    assert not backend.has_infinity(X[:0])
    assert not backend.has_infinity(X[:, :0])


# Sorting


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("budget", [0, 2, 100])
def test_sorted_columns_are_sorted_within_the_budget(backend, budget, rows, dtype):
    """Every column once, in order, as float64 rows with NaN last."""
    X = numbers(rows, dtype)
    memory, seen = budget * 8 * max(rows, 1), []
    for columns, values in sorted_columns(X, memory):
        assert values.dtype == np.float64
        assert values.nbytes <= max(memory, 8 * rows)
        np.testing.assert_array_equal(values, np.sort(X[:, columns].astype(np.float64), axis=0).T)
        seen += range(columns.start, columns.stop)
    assert seen == list(range(X.shape[1]))


def test_a_long_column_sorts_to_the_same_bits_alone_and_among_others(backend):
    """Zeros of both signs included."""
    rng = np.random.default_rng(5)
    X = np.where(rng.random((600_000, 2)) < 0.5, 0.0, -0.0)
    X[:, 0] *= rng.integers(0, 3, 600_000)
    X[::7, 1] = np.nan
    ((_, both),) = sorted_columns(X, X.nbytes)
    for column in range(2):
        ((_, alone),) = sorted_columns(X[:, [column]], X.nbytes)
        assert_same_bits(alone[0], both[column])


# Maps


def vectors(columns, absent=(), seed=6):
    """Return a map with ordinary numbers, but for the steps left out."""
    rng = np.random.default_rng(seed)
    steps = {n: rng.random(columns) + 0.5 for n in ("center", "scale", "gain", "offset")}
    steps |= dict.fromkeys(absent)
    return Map(**steps, top=None, exponent=None)


def plainly(X, m):
    """Return the map of X in plain float64, and the size of the numbers on the way."""
    t = X.astype(np.float64) - (0.0 if m.center is None else m.center)
    t = t / (1.0 if m.scale is None else m.scale) * (1.0 if m.gain is None else m.gain)
    offset = 0.0 if m.offset is None else m.offset
    return t + offset, np.abs(t) + np.abs(offset)


def applied(backend, X, m, bounds=None, like=None):
    out = np.full_like(X if like is None else like, 77.0)
    backend.apply(X, m, bounds, out)
    return out


def inverted(backend, Z, m):
    out = np.full_like(Z, 77.0)
    backend.invert(Z, m, out)
    return out


STEPS = ("center", "scale", "gain", "offset")
ABSENT = [c for size in range(5) for c in combinations(STEPS, size)]
SHAPES = [(1, 1), (7, 3), (1025, 1), (40, 300), (70_001, 2)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("absent", ABSENT, ids=lambda a: "-".join(a) or "none")
def test_a_map_takes_its_steps_and_its_inverse_undoes_them(backend, absent, dtype):
    """(x - center) / scale * gain + offset in float64, rounded once to the dtype."""
    for shape in SHAPES:
        X = np.random.default_rng(7).normal(size=shape).astype(dtype)
        X.flat[::11] = np.nan
        m = vectors(shape[1], absent)
        Z = applied(backend, X, m)
        expected, size = plainly(X, m)
        assert Z.dtype == dtype
        last = float(np.finfo(dtype).eps)
        allowed = 4 * EPS * size + (last if dtype != np.float64 else 0) * np.abs(expected) / 2
        subnormal = float(np.finfo(dtype).smallest_subnormal)
        np.testing.assert_array_equal(np.isnan(Z), np.isnan(X))
        wrong = np.abs(Z - expected) > allowed + subnormal
        assert not wrong.any()
        back = inverted(backend, Z, m)
        assert back.dtype == dtype
        np.testing.assert_allclose(back, X, rtol=40 * last, atol=40 * last)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bounds_cut_and_keep_nan(backend, dtype):
    """Per column, after all other steps."""
    X = np.random.default_rng(8).normal(size=(2000, 3)).astype(dtype)
    X[::5, 1] = np.nan
    m = vectors(3)
    low, high = np.array([-1.0, 0.0, 1.5]), np.array([1.0, 0.5, 1.5])
    Z = applied(backend, X, m, (low, high))
    np.testing.assert_array_equal(Z, np.clip(applied(backend, X, m), low, high).astype(dtype))
    assert Z[:, 2].tolist() == [1.5] * 2000
    assert ((low <= Z) | np.isnan(X)).all()
    assert ((high >= Z) | np.isnan(X)).all()


def spans(lows, highs, limits):
    """Return the map of [low, high] into limits, with the top held where limits are given."""
    low, high = np.array(lows), np.array(highs)
    a, b = (np.array(v) for v in zip(*limits, strict=True))
    return Map(low, high - low, b - a, a, b, None)


def test_the_top_is_hit_to_the_bit_and_never_passed(backend):
    """At (x - center) / scale = 1 the map is `top`; below it at most, above it at least."""
    limits = [(0.1, 0.7), (-0.3, 0.1), (1.1, 1.3), (1e-3, 1e3), (-1.5, 1.2)]
    rng = np.random.default_rng(9)
    lows = rng.normal(size=5)
    highs = lows + rng.lognormal(0, 3, 5)
    m = spans(lows, highs, limits)
    one = m.center + m.scale  # where it is 1 again after (x - center) / scale, that is the top
    near = [one]
    for _ in range(40):
        near = [np.nextafter(near[0], -np.inf), *near, np.nextafter(near[-1], np.inf)]
    X = np.array([lows, *near, one + 1.0, np.full(5, np.nan)])
    t = (X - m.center) / m.scale
    for variant in layouts(X).values():
        Z = applied(backend, variant, m)
        assert (Z[0] == m.offset).all()
        for column in range(5):
            top = limits[column][1]
            z, at = Z[:-1, column], t[:-1, column]
            assert (z[at == 1] == top).all()
            assert (z[at < 1] <= top).all()
            assert (z[at > 1] >= top).all()
            assert (np.diff(z) >= 0).all()
        assert np.isnan(Z[-1]).all()
    assert (t == 1).any()
    back = inverted(backend, np.array([[b for _, b in limits], [a for a, _ in limits]]), m)
    assert_same_bits(back[0], m.center + m.scale)
    assert_same_bits(back[1], m.center)


def test_a_top_of_nan_leaves_its_column_alone(backend):
    """Columns without a top have the bits they have in a map without tops."""
    X = np.random.default_rng(10).normal(size=(1500, 4))
    m = vectors(4)
    topped = m._replace(top=np.array([np.nan, 2.0, np.nan, np.nan]))
    for bounds in (None, (np.full(4, -1.0), np.full(4, 1.0))):
        expected = applied(backend, X, m, bounds)[:, [0, 2, 3]]
        assert_same_bits(applied(backend, X, topped, bounds)[:, [0, 2, 3]], expected)
    Z = applied(backend, X, m)
    assert_same_bits(
        inverted(backend, Z, topped)[:, [0, 2, 3]], inverted(backend, Z, m)[:, [0, 2, 3]]
    )


def test_units_of_a_power_of_two_hold_a_range_beyond_the_largest_float(backend):
    """±1.7e308 into (0, 1) and back; a column of exponent 0 beside it is as ever."""
    low, high = np.ldexp([-1.7e308, 1.7e308], -2)
    m = Map(
        center=np.array([low, 1.0, 8.0]),
        scale=np.array([high - low, 4.0, 16.0]),
        gain=np.array([1.0, 3.0, 2.0]),
        offset=np.array([0.0, -1.0, 0.5]),
        top=None,
        exponent=np.array([2, 0, -3]),
    )
    X = np.array([[-1.7e308, 1.0, 1.0], [0.0, 3.0, 2.0], [1.7e308, 5.0, 3.0], [np.nan, 9.0, 5.0]])
    expected = [[0.0, -1.0, 0.5], [0.5, 0.5, 1.5], [1.0, 2.0, 2.5], [np.nan, 5.0, 4.5]]
    for name, variant in layouts(np.tile(X, (300, 1))).items():
        Z = applied(backend, variant, m)
        np.testing.assert_array_equal(Z, np.tile(expected, (300, 1)), name)
        np.testing.assert_array_equal(inverted(backend, Z, m), variant, name)
    bounds = np.full(3, 0.25), np.full(3, 2.0)
    np.testing.assert_array_equal(applied(backend, X, m, bounds), np.clip(expected, 0.25, 2.0))


def test_short_floats_are_mapped_in_double_precision(backend):
    """float16 0 to 10 into ±60000: no step on the way leaves float16."""
    X = np.array([[0.0], [2.5], [10.0]], dtype=np.float16)
    m = Map(*(np.array([v]) for v in (0.0, 10.0, 120000.0, -60000.0)), None, None)
    Z = applied(backend, X, m)
    assert Z.dtype == np.float16
    assert Z.ravel().tolist() == [-60000.0, -30000.0, 60000.0]
    assert inverted(backend, Z, m).ravel().tolist() == [0.0, 2.5, 10.0]


MAPS = {
    "plain": vectors(3),
    "no steps": vectors(3, STEPS),
    "topped": vectors(3)._replace(top=np.array([1.0, np.nan, 2.0])),
    "units": vectors(3)._replace(exponent=np.array([0, 2, 0])),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAPS)
def test_in_place_and_in_any_layout_a_map_gives_the_same_bits(backend, name, dtype):
    """`out` may be the input, or lie otherwise in memory than it; nothing else changes."""
    m = MAPS[name]
    kept = [None if v is None else v.copy() for v in m]
    bounds = (np.full(3, -0.5), np.full(3, 1.5))
    for rows, clip in product((1, 1025, 9001), (None, bounds)):
        X = np.random.default_rng(11).normal(size=(rows, 3)).astype(dtype)
        X[::3, 1] = np.nan
        before = X.copy()
        expected, back = applied(backend, X, m, clip), inverted(backend, X, m)
        assert_same_bits(X, before)
        for layout, variant in layouts(X).items():
            assert_same_bits(applied(backend, variant, m, clip), expected, layout)
            assert_same_bits(inverted(backend, variant, m), back, layout)
            assert_same_bits(applied(backend, X, m, clip, like=variant), expected, layout)
        for layout in layouts(X).keys() - {"read-only"}:
            first, second = (layouts(X.copy())[layout] for _ in range(2))
            backend.apply(first, m, clip, first)
            assert_same_bits(first, expected, layout)
            backend.invert(second, m, second)
            assert_same_bits(second, back, layout)
    for vector, copy in zip(m, kept, strict=True):
        assert (vector is None) == (copy is None)
        if copy is not None:
            assert_same_bits(vector, copy)


# Both backends


def same_numbers(a, b):
    """Whether two arrays hold the same bits, but for the payload of NaN."""
    unsigned = f"u{a.dtype.itemsize}"
    return ((a.view(unsigned) == b.view(unsigned)) | (np.isnan(a) & np.isnan(b))).all()


def hard_quotients(size, rng):
    """Return dividends, divisors: near all ones, near powers of two, subnormal, none at all."""
    near = 1.0 + rng.integers(-4, 5, size) * 2.0**-52
    plain = rng.integers(0, 2**52, size) * 2.0**-52 + 1.0
    special = rng.choice([0.0, -0.0, np.inf, -np.inf, np.nan, SMALLEST, -1e-310, 1.7e308], size)
    kinds = [
        near,
        plain,
        np.nextafter(plain * near, 2.0),
        2.0 - rng.integers(0, 9, size) * 2.0**-52,
    ]
    dividend = np.choose(rng.integers(0, 4, size), kinds)
    divisor = np.choose(rng.integers(0, 4, size), [plain, near, kinds[3], plain])
    sign, far = rng.choice([-1.0, 1.0], (2, size)), rng.random((2, size)) < 0.1
    exponent = np.where(far, rng.integers(-1074, 1023, (2, size)), rng.integers(-9, 9, (2, size)))
    dividend = np.ldexp(dividend * sign[0], exponent[0])
    # multiples and midpoints: quotients that are exact, or nearly half way between two floats
    exact = np.where(rng.random(size) < 0.3, plain * divisor, dividend)
    dividend = np.where(rng.random(size) < 0.05, special, exact)
    return dividend, divisor * sign[1], np.ldexp(divisor * sign[1], exponent[1])


def test_a_quotient_is_rounded_as_a_division_rounds(backend):
    """Whatever the kernel computes instead of a division, for millions of hard pairs."""
    variants = compiled.variants() if compiled is not None else [None]
    try:
        for seed, variant in product(range(4), variants):
            if variant is not None:
                compiled.choose(variant)
            x, near, far = hard_quotients(200_000, np.random.default_rng(seed))
            with np.errstate(all="ignore"):
                for divisor in (near, far):
                    # a column for each divisor, its rows around a product with it
                    X = np.array([x, -x, np.nextafter(x, np.inf), np.nextafter(x, 0.0)])
                    for at in range(0, x.size, 1000):
                        part = slice(at, at + 1000)
                        m = Map(None, divisor[part], None, None, None, None)
                        expected = X[:, part] / divisor[part]
                        assert same_numbers(applied(backend, X[:, part], m), expected)
    finally:
        if compiled is not None:
            compiled.choose(variants[0])


# What leaves no trace


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("rows", [1, 2, 1023, 1024, 1025, 3000])
def test_layouts_and_other_columns_leave_no_trace(backend, rows, dtype, weighted):
    """C, Fortran, strided and reversed arrays, and a column alone, give the same bits."""
    X, weight = numbers(rows, dtype), weights(rows) if weighted else None
    before, weight_before = X.copy(), weights(rows)
    expected = run(backend, X, weight)
    for name, variant in layouts(X).items():
        assert_same_bits(run(backend, variant, weight), expected, name)
    for column in range(X.shape[1]):
        alone = run(backend, X[:, [column]], weight)
        for name in alone.keys() - {"infinity"}:
            whole = expected[name].T if name == "sorted" else expected[name]
            single = alone[name].T if name == "sorted" else alone[name]
            assert_same_bits(single, whole[..., [column]], f"{name} {column}")
    assert_same_bits(X, before)
    if weighted:
        assert_same_bits(weight, weight_before)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", LARGE, ids=str)
def test_the_number_of_threads_leaves_no_trace(backend, shape, order, monkeypatch):
    """One thread or all of them: the same bits."""
    rng = np.random.default_rng(12)
    X = np.asarray(rng.normal(1e3, 1.0, shape), order=order)
    X[rng.integers(0, shape[0], 50), 0] = np.nan
    weight, m = weights(shape[0]), vectors(shape[1])
    m = m._replace(top=np.where(np.arange(shape[1]) % 2, np.nan, 2.0))
    results = []
    for threads in ("1", None):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if threads is not None:
            monkeypatch.setenv("OMP_NUM_THREADS", threads)
        found = run(backend, X, weight)
        found["map"], found["inverse"] = applied(backend, X, m), inverted(backend, X, m)
        results.append(found)
    assert_same_bits(results[1], results[0])
    expected, _ = plainly(X, m)
    np.testing.assert_allclose(results[0]["map"], expected, rtol=1e-14)
    present_sum = math.fsum(weight[~np.isnan(X[:, 0])])
    assert results[0]["extreme weight"][0] == pytest.approx(present_sum, rel=4 * EPS)
    X[-1, -1] = -np.inf
    assert backend.has_infinity(X)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_column_among_many_on_threads_has_the_bits_it_has_alone(backend, order):
    """Arrays on both sides of the size from which threads are used."""
    X = np.asarray(np.random.default_rng(13).normal(size=(700_001, 4)), order=order)
    expected = run(backend, X)
    for column in (0, 3):
        alone = run(backend, X[:, [column]])
        assert_same_bits(alone["sorted"][0], expected["sorted"][column])
        for name in alone.keys() - {"sorted", "infinity"}:
            assert_same_bits(alone[name], expected[name][..., [column]], name)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_no_rows_and_no_columns_are_nothing(backend, dtype, weighted):
    """Empty arrays have no moments, no extrema and nothing to map."""
    for shape in ((0, 3), (0, 0), (5, 0)):
        X = np.empty(shape, dtype=dtype)
        weight = np.ones(shape[0]) if weighted else None
        assert backend.column_moments(X, weight).T.tolist() == [NOTHING] * shape[1]
        found = backend.extremes(X, weight)
        assert found.weight.tolist() == [0.0] * shape[1]
        assert found.low.tolist() == [np.inf] * shape[1]
        assert found.high.tolist() == [-np.inf] * shape[1]
        assert sum(values.size for _, values in sorted_columns(X, 10**6)) == 0
        assert applied(backend, X, vectors(shape[1])).shape == shape
        assert inverted(backend, X, vectors(shape[1])).shape == shape


def test_subnormal_numbers_survive_a_map_without_steps(backend):
    """Nothing flushes them to zero."""
    X = np.array([[SMALLEST], [-SMALLEST], [1e-310], [0.0]])
    assert_same_bits(applied(backend, X, vectors(1, STEPS)), X)
    assert backend.extremes(X, None).low[0] == -SMALLEST
