"""Mean and deviation are right to the last bit, and the same bits however the rows come.

The budget sets the number of chunkings, orders, trees and numbers of threads that are tried on
every set of columns: 1,000 where it is long.
"""

from fractions import Fraction

import numpy as np
import pytest
from budget import times
from exact import SMALLEST, error, exact_moments, exact_root
from laws import assert_same_bits, layouts

from sklearn_norm import ZScoreScaler, kernels
from sklearn_norm.kernels import _native, _numpy, threads
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.kernels._numpy import blocks
from sklearn_norm.statistics.moments import Moments

TRIALS = times(4, 30, 1000)  # of each set of columns
ROWS = 6000
LIMIT, WEIGHTED_LIMIT = 0.51, 2.0  # ulp
BACKENDS = {"numpy": _numpy} | ({"native": _native} if compiled else {})
ATTRIBUTES = ("mean_", "var_", "scale_")


def run_on(backend, monkeypatch):
    for name in ("column_moments", "merge_moments", "settle_moments"):
        monkeypatch.setattr(kernels, name, getattr(backend, name))


@pytest.fixture(params=list(BACKENDS))
def backend(request, monkeypatch):
    """Run on one backend after the other, with threads for arrays of any size."""
    run_on(BACKENDS[request.param], monkeypatch)
    monkeypatch.setattr(threads.count_threads, "__defaults__", (None, 0))
    monkeypatch.setattr(blocks, "SERIAL", 0)
    return request.param


# Columns by name, and what they try


def rng_of(*seed):
    return np.random.default_rng([10, *seed])


def hard_to_sum(n=ROWS):
    """Return the columns that break careless sums."""
    rng = rng_of(0)
    return {
        "normal": rng.normal(size=n),
        "1.7e9": 1.7e9 + 0.3 * rng.normal(size=n),
        "1e15": 1e15 + rng.integers(-10, 11, n),
        "1e9": 1e9 + 0.01 * rng.normal(size=n),
        "1e-170": 1e-170 * rng.normal(size=n),
        "1e155": 1e155 * rng.normal(size=n),
        "float32": rng.uniform(10000, 10002, n).astype(np.float32).astype(np.float64),
        "lognormal": rng.lognormal(0.0, 5.0, n),
        "alternating": np.resize([1e16, 1.0, -1e16, 1.0], n),
        "alternating with 1": np.resize([1e16, 1.0], n),
    }


def more_columns(n=ROWS):
    """Return columns with NaN, of ties, of sums that cancel, of mixed and extreme sizes."""
    rng = rng_of(1)
    normal, lognormal = rng.normal(size=n), rng.lognormal(0.0, 5.0, n)
    mixed = np.resize([1e-10, 1.0, 1e10], n) * rng.normal(size=n)
    return {
        "5 % NaN": np.where(rng.random(n) < 0.05, np.nan, normal),
        "95 % NaN": np.where(rng.random(n) < 0.95, np.nan, lognormal),
        "all NaN": np.full(n, np.nan),
        "one present": np.where(np.arange(n) == n // 3, 1e300, np.nan),
        "constant": np.full(n, 0.1),
        "zeros of both signs": np.resize([0.0, -0.0], n),
        "mean is a tie": np.resize([1.0, 1.0 + 2.0**-52], n),
        "deviation is a tie": np.resize([1.0, -(1.0 - 2.0**-53)], n),
        "mean near the smallest": np.resize([5e-324, 0.0, 1e-323], n),
        "subnormal": 1e-310 * rng.random(n),
        "small": np.ldexp(rng.normal(size=n), -1021),
        "largest": 1.7e308 * rng.random(n),
        "large integers": rng.integers(-(2**62), 2**62, n).astype(np.float64),
        "cauchy": rng.standard_cauchy(n),
        "levels": np.resize(10.0 ** np.arange(-5, 15), n) * (1 + 1e-6 * rng.random(n)),
        "levels in turn": np.sort(10.0 ** rng.uniform(-200, 150, n)),
        "mixed": np.resize([1e-170, 1.0, 1e155], n) * rng.normal(size=n),
        "cancels": np.append(normal[: n // 2], -normal[: n // 2]),
        "cancels, lognormal": np.append(lognormal[: n // 2], -lognormal[: n // 2]),
        "cancels, mixed": np.append(mixed[: n // 2], -mixed[: n // 2]),
    }


WEIGHTS = {
    "none": None,
    "any": rng_of(2).random(ROWS) + 0.1,
    "integers": rng_of(3).integers(1, 5, ROWS).astype(np.float64),
    "alike": np.full(ROWS, 0.1),
    "lognormal": rng_of(4).lognormal(0.0, 3.0, ROWS),
    "tiny": 1e-235 * (rng_of(5).random(ROWS) + 0.1),
    "huge": 1e235 * (rng_of(6).random(ROWS) + 0.1),
}
COLUMNS = {"bar": hard_to_sum(), "more": more_columns()}
every_set = pytest.mark.parametrize("columns", COLUMNS)
every_weight = pytest.mark.parametrize("weights", WEIGHTS)


def matrix(columns):
    return np.column_stack(list(COLUMNS[columns].values()))


# Errors


def fitted(X, weight=None, ddof=0):
    with np.errstate(all="ignore"):
        scaler = ZScoreScaler(ddof=ddof).fit(X, sample_weight=weight)
        return [getattr(scaler, name) for name in ATTRIBUTES]


def check_column(x, w, ddof, found, name=""):
    """Mean, variance and deviation of a column are those of rational arithmetic."""
    limit = LIMIT if w is None else WEIGHTED_LIMIT
    mean, variance, scale = (float(v) for v in found)
    if np.isnan(x).all():
        assert np.isnan(mean), name
        return
    exact_mean, exact_variance = exact_moments(x.tolist(), None if w is None else w.tolist(), ddof)
    deviation = exact_root(exact_variance) if exact_variance else Fraction(0)
    assert error(mean, exact_mean, max(abs(exact_mean), deviation)) <= limit, name
    assert error(variance, exact_variance) <= limit, name
    no_scale = deviation <= SMALLEST / 2  # the nearest float is 0
    assert scale == 1.0 if no_scale else error(scale, deviation) <= limit, name


@every_weight
@every_set
@pytest.mark.parametrize("ddof", [0, 1])
def test_mean_and_deviation_are_the_nearest_floats(backend, columns, weights, ddof):
    """Within 0.51 ulp of the exact result, within 2 ulp with weights."""
    w = WEIGHTS[weights]
    if ddof and weights not in ("none", "integers"):
        pytest.skip("a correction by 1 is for weights that count")
    found = fitted(matrix(columns), w, ddof)
    for at, (name, x) in enumerate(COLUMNS[columns].items()):
        check_column(x, w, ddof, [v[at] for v in found], name)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8", "i1", "u1", "i2", "i4", "u4", "i8", "u8", "?"])
def test_every_kind_of_number_is_exact_in_every_layout(backend, kind):
    """The kernel reads all kinds where they lie: strided, reversed, in Fortran order."""
    rng = rng_of(7)
    X = rng.normal(size=(700, 5)) * 100
    if kind != "?" and kind[0] != "f":
        limits = np.iinfo(kind)
        X = rng.integers(limits.min, limits.max, (700, 5), dtype=kind, endpoint=True)
    X = (X > 0) if kind == "?" else X.astype(kind)
    expected = None
    for layout in layouts(X).values():
        moments = Moments.measure(layout)
        found = [moments.mean, moments.variance(), moments.deviation()]
        expected = found if expected is None else expected
        assert_same_bits(np.array(found), np.array(expected))
    for at in range(X.shape[1]):
        check_column(X[:, at].astype(np.float64), None, 0, [v[at] for v in found])


# Bits


def values_of(moments):
    with np.errstate(all="ignore"):
        return {
            "mean": moments.mean,
            "variance": moments.variance(),
            "corrected": moments.variance(1),
            "deviation": moments.deviation(),
        }


def measured(X, weight, n_threads=1):
    with threads.configured_here(n_threads), np.errstate(all="ignore"):
        return Moments.measure(X, weight)


def random_chunks(rng, n):
    """Cut n rows into chunks of any sizes, rows alone and empty ones among them."""
    cuts = rng.integers(0, n + 1, rng.integers(0, 12))
    ones = cuts[: rng.integers(0, 3)] + 1
    return np.split(np.arange(n), np.sort(np.append(cuts, ones).clip(0, n).astype(int)))


def merged(parts, rng):
    """Merge two parts at random until one is left."""
    while len(parts) > 1:
        a, b = (parts.pop(rng.integers(len(parts))) for _ in range(2))
        with np.errstate(all="ignore"):
            parts.append(a.merge(b))
    return parts[0]


def trial(X, weight, rng):
    """Measure rows in a random order, in random chunks on random threads, and merge."""
    order = rng.permutation(X.shape[0]) if rng.random() < 0.7 else np.arange(X.shape[0])
    Y, w = X[order], None if weight is None else weight[order]
    if rng.random() < 0.3:
        Y = np.asfortranarray(Y)
    parts = []
    for chunk in random_chunks(rng, X.shape[0]):
        rows = slice(chunk[0], chunk[-1] + 1) if chunk.size else slice(0, 0)
        parts.append(measured(Y[rows], None if w is None else w[rows], int(rng.integers(1, 4))))
    return merged(parts, rng)


def check_bits(X, weight, trials, seed=0):
    rng, expected = rng_of(8, seed), values_of(measured(X, weight))
    for _ in range(trials):
        assert_same_bits(values_of(trial(X, weight, rng)), expected)


@every_weight
@every_set
def test_chunks_orders_trees_and_threads_leave_no_trace(backend, columns, weights):
    """The bits are those of one fit."""
    trials = TRIALS if weights in ("none", "any") else TRIALS // 5
    check_bits(matrix(columns), WEIGHTS[weights], trials)


def test_pieces_on_threads_leave_no_trace(backend):
    """An array of many pieces, by one thread and by several."""
    X = np.tile(matrix("bar"), (12, 1))
    expected = values_of(measured(X, None))
    for n_threads in (2, 3, 64):
        assert_same_bits(values_of(measured(X, None, n_threads)), expected)


def scaler_readings(scaler):
    return {name: getattr(scaler, name) for name in ATTRIBUTES}


def test_streams_and_merges_of_scalers_leave_no_trace(backend):
    """partial_fit in any chunks, and merge, as one fit."""
    X, rng = matrix("bar"), rng_of(9)
    expected = scaler_readings(ZScoreScaler().fit(X))
    for _ in range(10):
        Y, stream, parts = rng.permutation(X), ZScoreScaler(), []
        for chunk in random_chunks(rng, ROWS):
            if chunk.size:
                stream.partial_fit(Y[chunk])
                parts.append(ZScoreScaler().fit(Y[chunk]))
        assert_same_bits(scaler_readings(stream), expected)
        assert_same_bits(scaler_readings(merged(parts, rng)), expected)


@pytest.mark.skipif(compiled is None, reason="the extension was not built")
@every_weight
@every_set
def test_both_backends_give_the_same_bits(columns, weights, monkeypatch):
    """In C and in NumPy."""
    X, w, found = matrix(columns), WEIGHTS[weights], {}
    for name, backend in BACKENDS.items():
        run_on(backend, monkeypatch)
        found[name] = values_of(measured(X, w))
    assert_same_bits(found["native"], found["numpy"])


# Few rows, where results are often half-way between two floats


def few_rows(n, columns=400):
    """Return short columns side by side, by name."""
    rng, shape = rng_of(n), (n, columns)
    return {
        "neighbours": 1.0 + rng.integers(-3, 4, shape) * 2.0**-52,
        "of both signs": rng.choice([-1.0, 1.0], shape)
        * (1 + rng.integers(-3, 4, shape) * 2.0**-52),
        "integers": rng.integers(-5, 6, shape).astype(np.float64),
        "large integers": rng.integers(-(2**53), 2**53, shape).astype(np.float64),
        "normal": rng.normal(size=shape),
        "powers": np.ldexp(rng.choice([-1.0, 1.0], shape), rng.integers(-40, 40, shape)),
        "any size": np.ldexp(rng.normal(size=shape), rng.integers(-60, 60, shape)),
        "smallest": rng.integers(-5, 6, shape) * 5e-324,
        "small": rng.integers(-(2**53), 2**53, shape) * 5e-324,
        "1e-200": 1e-200 * rng.normal(size=shape),
        "some NaN": np.where(rng.random(shape) < 0.3, np.nan, rng.integers(-5, 6, shape) * 1.1),
    }


few = pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 16])


@few
@pytest.mark.parametrize("ddof", [0, 1])
def test_few_rows_have_the_nearest_floats(backend, n, ddof):
    """Ties included."""
    for name, X in few_rows(n, columns=60).items():
        found = fitted(X, ddof=ddof)
        for at in range(X.shape[1]):
            check_column(X[:, at], None, ddof, [v[at] for v in found], name)


@few
@pytest.mark.parametrize("weighted", [False, True])
def test_few_rows_in_any_order_and_tree_leave_no_trace(backend, n, weighted):
    """Ties go the same way whatever the order."""
    weight = rng_of(11).integers(1, 4, n).astype(np.float64) if weighted else None
    for seed, X in enumerate(few_rows(n).values()):
        check_bits(X, weight, min(20, TRIALS // 5), seed)
