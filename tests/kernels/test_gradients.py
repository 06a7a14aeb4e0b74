"""The kernel `gradients` against the formula in longdouble, and what leaves no trace in it."""

from __future__ import annotations

import tracemalloc
from itertools import permutations

import numpy as np
import pytest
from laws import EPS, assert_same_bits

from sklearn_norm import functional
from sklearn_norm.kernels import _native, _numpy
from sklearn_norm.kernels._native.loading import compiled

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
every_backend = pytest.mark.parametrize("backend", BACKENDS)
native = pytest.mark.skipif(compiled is None, reason="the extension was not built")
LONG = np.longdouble
SHAPES = [
    (3, 2, 4, 5),
    (2, 3, 1, 300),
    (2, 1, 150, 1),
    (2, 8, 1, 49),
    (1, 5, 7, 130),
    (1, 3, 2, 2100),
    (70, 20, 1, 40),
]


def forms(shape):
    """Return the shapes of gain and offset that norms use, and some more."""
    groups, channels, positions = shape[1:]
    whole = [
        (groups, channels, 1),
        (groups, 1, 1),
        (1, 1, positions),
        (groups, channels, positions),
    ]
    return [(1, 1, 1), *whole, (1, channels, 1)]


def drawn(shape, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(3.0, 1.0, shape).astype(dtype), rng.normal(size=shape).astype(dtype)


def run(backend, x, grad, sums=(1, 1, 1), gain=None, centred=True, eps=1e-5, out=None):
    """Return the gradients of x, gain and offset by name; nothing given is changed."""
    kept = [v if v is None else v.copy() for v in (x, grad, gain)]
    out = np.full(x.shape, 7.0, x.dtype) if out is None else out
    by_gain, by_offset = np.full((2, *sums), 7.0)
    assert backend.gradients(x, grad, centred, eps, gain, out, by_gain, by_offset) is None
    for now, before in zip((x, grad, gain), kept, strict=True):
        assert now is None or assert_same_bits(now, before) is None
    return {"out": out, "by_gain": by_gain, "by_offset": by_offset}


def plainly(x, grad, sums, gain, centred, eps):
    """Return the gradients by the formula, in longdouble, where NaN is absent."""
    present = ~np.isnan(x)
    x, g = (np.where(present, v, 0).astype(LONG) for v in (x, grad))
    n = np.maximum(present.sum(axis=(2, 3), keepdims=True), 1)

    def mean(v):
        return np.where(present, v, 0).sum(axis=(2, 3), keepdims=True) / n

    d = x - mean(x) if centred else x
    d = d - mean(d) if centred else x  # the first mean is rounded
    scale = np.sqrt(mean(d * d) + LONG(eps))
    scale = np.where(scale == 0, 1, scale)
    y, h = np.where(present, d / scale, 0), g if gain is None else g * gain
    taken = y * mean(h * y) + (mean(h) if centred else 0)
    over = tuple(i for i in range(4) if i == 0 or sums[i - 1] == 1)
    totals = [v.sum(axis=over, keepdims=True)[0] for v in (g * y, g)]
    return dict(
        zip(
            ("out", "by_gain", "by_offset"),
            [np.where(present, h - taken, 0) / scale, *totals],
            strict=True,
        )
    )


def assert_near(found, expected, eps=EPS):
    for name, right in expected.items():
        rounding = eps if name == "out" else EPS
        terms = 0.0 if name == "out" else expected["out"].size ** 0.5  # which cancel in part
        size = float(np.abs(right).max()) + terms + 1e-300
        error = np.abs(found[name].astype(LONG) - right).max()
        assert error <= 200 * rounding * size, (name, float(error / size))


# Values


@every_backend
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_gradients_are_those_of_the_formula(backend, shape):
    """For every form of gain, centred or not, with and without eps, in every float dtype."""
    for at, sums in enumerate(forms(shape)):
        for dtype in (np.float64, np.float32, np.float16):
            x, grad = drawn(shape, dtype, at)
            gain = None if at % 2 else np.random.default_rng(at).normal(1.0, 2.0, sums)
            how = {"centred": at % 3 > 0, "eps": (0.0, 1e-5, 2.0)[at % 3]}
            found = run(backend, x, grad, sums, gain, **how)
            eps = np.finfo(dtype).eps / (1 if dtype == np.float64 else 100)
            assert_near(found, plainly(x, grad, sums, gain, **how), eps)


@every_backend
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_absent_members_have_no_part(backend, shape):
    """They get 0, and the others the gradients of a group without them; so have whole groups."""
    for centred in (True, False):
        x, grad = drawn(shape)
        x[np.random.default_rng(1).random(shape) < 0.3] = np.nan
        x[-1, -1] = np.nan
        grad[np.isnan(x)] = np.nan  # what a loss says of absent members does not count
        for sums in forms(shape):
            gain = np.random.default_rng(2).normal(1.0, 2.0, sums)
            found = run(backend, x, grad, sums, gain, centred)
            assert not found["out"][np.isnan(x)].any()
            assert_near(found, plainly(x, grad, sums, gain, centred, 1e-5))


@every_backend
@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e-100, 1e100, 1e200, 2e307])
def test_any_unit_is_measured(backend, unit):
    """Squares that no float holds do not show: the gradient goes with 1 / unit."""
    x, grad = drawn((2, 2, 1, 9))
    grad *= min(1.0, unit)
    expected = plainly(x, grad, (1, 1, 9), None, True, 0.0)
    found = run(backend, x * unit, grad, (1, 1, 9), eps=0.0)
    expected["out"] = expected["out"] / LONG(unit)
    assert_near(found, expected, 1e-6 if unit < 1e-300 else EPS)


@every_backend
@pytest.mark.parametrize("mean", [1e6, -1e9])
def test_a_mean_far_above_the_spread_costs_no_digit(backend, mean):
    for length in (7, 100, 3000):
        x, grad = drawn((1, 2, 1, length))
        x += mean
        found = run(backend, x, grad, (1, 1, length), eps=0.0)
        assert_near(found, plainly(x, grad, (1, 1, length), None, True, 0.0))


@every_backend
def test_a_few_members_far_from_the_others_cost_no_digit(backend):
    """Where the first guess of the mean is far off: its few members are all alike."""
    x, grad = drawn((1, 2, 1, 1600))
    x[...] = 5.0 + 1e-3 * x
    x[..., ::100] = 1e6
    found = run(backend, x, grad, eps=0.0)
    assert_near(found, plainly(x, grad, (1, 1, 1), None, True, 0.0))


@every_backend
def test_a_constant_group_divides_by_one(backend):
    """With no eps: its gradient is that of the difference from the mean."""
    grad = drawn((2, 2, 3, 40))[1]
    for value in (0.1, 1e300, 0.0):
        found = run(backend, np.full(grad.shape, value), grad, eps=0.0)
        np.testing.assert_allclose(
            found["out"], grad - grad.mean(axis=(2, 3), keepdims=True), 1e-13, 1e-15
        )
        assert not found["by_gain"].any()


@every_backend
def test_an_infinite_member_makes_its_group_nan(backend):
    """And leaves the others alone."""
    for length in (5, 3000):
        x, grad = drawn((2, 2, 1, length))
        expected = run(backend, x, grad)["out"]
        for member in (np.inf, -np.inf):
            for centred in (True, False):
                strange = x.copy()
                strange[1, 0, 0, 2] = member
                found = run(backend, strange, grad, centred=centred)["out"]
                assert np.isnan(found[1, 0]).all()
                if centred:
                    assert_same_bits(found[0], expected[0])


@every_backend
def test_nothing_has_no_gradient(backend):
    for shape in [(0, 2, 1, 3), (2, 0, 1, 3), (2, 3, 0, 4), (2, 3, 4, 0)]:
        found = run(backend, np.empty(shape), np.empty(shape), (1, 1, shape[3]))
        assert not found["by_gain"].any()
        assert not found["by_offset"].any()


# What leaves no trace


@native
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layouts_and_processors_leave_no_trace(shape, dtype):
    """In any order of axes, for x, its gradient or the result, and vectors of any width."""
    x, grad = drawn(shape, dtype)
    x[0, 0, 0, 0] = np.nan
    widest = compiled.variants()[0]
    for at, sums in enumerate(forms(shape)):
        gain = np.random.default_rng(at).normal(1.0, 2.0, sums)
        expected = run(_native, x, grad, sums, gain)
        for variant in compiled.variants()[1:]:
            compiled.choose(variant)
            try:
                assert_same_bits(run(_native, x, grad, sums, gain), expected, variant)
            finally:
                compiled.choose(widest)
        for order in list(permutations(range(4)))[at % 3 :: 3]:
            back = np.argsort(order)
            u, g, o = (v.transpose(order).copy().transpose(back) for v in (x, grad, x))
            for given in ((u, g, o), (u, grad, o.copy()), (x, g, np.empty_like(x))):
                found = run(_native, given[0], given[1], sums, gain, out=given[2])
                assert_same_bits(found, expected, f"order {order}")


@every_backend
@pytest.mark.parametrize("shape", [(2100, 1, 1000, 1), (1, 40, 30, 1800)])
def test_the_number_of_threads_leaves_no_trace(backend, shape, monkeypatch):
    x, grad = drawn(shape, np.float32)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = run(backend, x, grad, (1, shape[2], 1))
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert_same_bits(run(backend, x, grad, (1, shape[2], 1)), expected)


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("name", ["layer_norm", "batch_norm", "group_norm"])
def test_the_memory_is_three_times_that_of_the_input(name, axis):
    """Its result included, for float32 data with gain and bias."""
    x, grad = drawn((8, 32, 40, 32), np.float32)
    options = {} if name == "layer_norm" else {"channel_axis": axis}
    size = x[0].size if name == "layer_norm" else 32
    vectors = {"gamma": np.ones(size, np.float32), "beta": np.zeros(size, np.float32)}
    call = getattr(functional, f"{name}_backward")
    call(grad, x, **vectors, **options)
    tracemalloc.start()
    call(grad, x, **vectors, **options)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak <= 3 * x.nbytes


@native
@pytest.mark.parametrize(
    ("at", "wrong", "error"),
    [
        (0, np.zeros((2, 3, 4)), "x must have 4 axes"),
        (0, np.zeros((2, 3, 4, 5), np.int64), "floats of one shape"),
        (1, np.zeros((2, 3, 4, 6)), "must be of one shape"),
        (1, np.zeros((2, 3, 4, 5), np.int64), "floats of one shape"),
        (4, np.zeros((3, 1, 1)), "by_gain must have the shape of gain"),
        (4, np.zeros((3, 4, 5), np.float32), "gain must be packed float64"),
        (6, np.zeros((1, 4, 1)), "by_gain must have the shape of gain"),
        (6, None, "by_gain must be an array"),
        (7, np.zeros((1, 1, 1)), "by_offset must have the shape of gain and of other sums"),
    ],
)
def test_wrong_arguments_of_the_extension_are_named(at, wrong, error):
    x = np.ones((2, 3, 4, 5))
    gain = np.ones((3, 4, 1))
    arguments = [x, x.copy(), True, 1e-5, gain, x.copy(), gain.copy(), gain.copy(), 1]
    arguments[at] = wrong
    with pytest.raises((ValueError, TypeError), match=error):
        compiled.gradients(*arguments)
