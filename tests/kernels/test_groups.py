"""The kernel `normalise` against exact arithmetic, and the axes of every norm."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import permutations
from math import prod, sqrt

import numpy as np
import pytest
from laws import EPS, SMALLEST, assert_same_bits

from sklearn_norm.functional.batch import known, standardised
from sklearn_norm.kernels import _native, _numpy
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.tensors import axes as axes_module
from sklearn_norm.tensors.axes import channelwise, trailing
from sklearn_norm.tensors.layouts import one_channel

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
DTYPES = [np.float64, np.float32, np.float16]
# around the lengths at which loops, buffers and pieces are cut differently
LENGTHS = [1, 2, 3, 7, 8, 9, 17, 127, 128, 129, 200, 1000, 8191, 8192, 8193, 20_000, 70_000]

every_backend = pytest.mark.parametrize("backend", BACKENDS)


def run(backend, X, centred=True, eps=1e-5, gain=None, offset=None, out=None):
    """Return the result, center and scale by name, and see that nothing given was changed."""
    given = [v for v in (X, gain, offset) if v is not None]
    before = [v.copy() for v in given]
    out = np.empty(X.shape, X.dtype) if out is None else out
    center, scale = backend.normalise(X, centred, eps, gain, offset, out)
    for vector, kept in zip(given, before, strict=True):
        assert_same_bits(vector, kept)
    assert center.shape == scale.shape == X.shape[:2]
    return {"z": out, "center": center, "scale": scale}


def root(f):
    """Return the square root of a fraction of any size: a float, and what power of 2 it lacks."""
    power = (f.numerator.bit_length() - f.denominator.bit_length()) // 2
    return sqrt(float(f / Fraction(4) ** power)), power


def exactly(members, centred=True, eps=0.0):
    """Return center, scale and standardised members, each rounded once or twice."""
    x = [Fraction(float(m)) for m in members]
    center = sum(x) / len(x) if centred else Fraction(0)
    square = sum((v - center) ** 2 for v in x) / len(x) + Fraction(eps)
    if square == 0:
        return float(center), 0.0, [0.0] * len(x)
    scale, power = root(square)
    unit = Fraction(2) ** power
    z = [float((v - center) / unit) / scale for v in x]
    return float(center), float(Fraction(scale) * unit), z


def assert_exact(found, X, centred, eps):
    """Every group is the exact one, within a few roundings of its largest result."""
    for s, g in np.ndindex(X.shape[:2]):
        members = X[s, g].ravel()
        there = ~np.isnan(members)
        center, scale, z = exactly(members[there], centred, eps)
        peak = float(np.max(np.abs(members[there]))) or 1.0
        assert abs(found["center"][s, g] - center) <= 4 * EPS * peak + 2 * SMALLEST
        np.testing.assert_allclose(found["scale"][s, g], scale, 16 * EPS, 2 * SMALLEST)
        actual = found["z"][s, g].ravel()
        assert np.isnan(actual[~there]).all()
        rounding = np.spacing(np.abs(z).astype(X.dtype)).astype(np.float64) / 2
        allowed = 1.001 * rounding + 32 * EPS * max(np.max(np.abs(z)), 1e-300)
        error = np.abs(actual[there].astype(np.float64) - z)
        assert (error <= allowed).all(), (s, g, error.max(), z[:3])


def tensor(shape, dtype=np.float64, mean=3.0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1.0, shape).astype(dtype)


# Values


@every_backend
@pytest.mark.parametrize("eps", [0.0, 1e-5, 2.0])
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("members", [(1, 2), (3, 1), (2, 5), (4, 40), (1, 400)])
def test_groups_are_those_of_rational_arithmetic(backend, members, dtype, centred, eps):
    X = tensor((2, 3, *members), dtype)
    X[1, 1] *= 1e-3
    X[1, 2] -= 3
    assert_exact(run(backend, X, centred, eps), X, centred, eps)


@every_backend
@pytest.mark.parametrize("absent", [False, True])
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("unit", [1e-310, 1e-200, 1e-155, 1e-100, 1e100, 1e155, 1e200, 2e307])
def test_any_unit_is_measured_exactly(backend, unit, centred, absent):
    """Squares that no float holds do not show, alone or beside other groups."""
    X = tensor((2, 2, 1, 9))
    X[0, 0] *= unit
    X[1, 1] = [-3 * unit, 3 * unit] * 4 + [0.0]
    if absent:
        X[..., 3] = np.nan
    for eps in (0.0, 1e-5):
        assert_exact(run(backend, X, centred, eps), X, centred, eps)


@every_backend
@pytest.mark.parametrize(("mean", "step"), [(1.7e9, 0.3), (1e15, 10.0), (1.0, 1e-15), (-7e15, 1.0)])
@pytest.mark.parametrize("length", [3, 100, 3000])
def test_a_mean_far_above_the_spread_costs_no_digit(backend, length, mean, step):
    X = (mean + step * tensor((1, 2, 1, length), mean=0.0)).astype(np.float64)
    assert_exact(run(backend, X, True, 0.0), X, True, 0.0)


@every_backend
@pytest.mark.parametrize("eps", [0.0, 1e-12, 1e-5])
@pytest.mark.parametrize("length", [1, 2, 3, 7, 10, 129, 1000, 8193, 70_000])
def test_a_constant_group_becomes_the_offset_exactly(backend, length, eps):
    """Whatever rounding does to its mean; the center is the constant, the scale sqrt(eps)."""
    values = [14.62, 0.1, -3.3, 16777217.0, 1e7 + 1, 1e15 + 0.1, 1e300, 1.7e308, 1e-100, 0.0]
    X = np.repeat(np.array(values)[None, :, None, None], length, axis=3)
    found = run(backend, X, True, eps, np.full((10, 1, 1), 3.0), np.full((10, 1, 1), 0.5))
    assert (found["z"] == 0.5).all()
    assert found["center"].tolist() == [values]
    assert (found["scale"] == sqrt(eps)).all()
    for dtype in (np.float32, np.float16):
        short = np.clip(X, -6e4, 6e4).astype(dtype)
        found = run(backend, short, True, eps)
        assert (found["z"] == 0).all()
        assert_same_bits(found["center"][0], short[0, :, 0, 0].astype(np.float64))


@every_backend
def test_gain_and_offset_are_those_of_members_whatever_piece_they_are_in(backend):
    """More groups, channels and positions than a piece holds, and gains of every form."""
    for shape in [(2, 700, 1, 100), (2, 3, 4, 2), (3, 3, 40_000, 1), (2, 2, 3, 40_000)]:
        X = tensor(shape)
        groups, channels, positions = shape[1:]
        plain = run(backend, X, eps=0.0)["z"]
        forms = [(1, 1, 1), (1, channels, 1), (groups, 1, 1), (groups, channels, 1)]
        for form in [*forms, (1, 1, positions), (1, channels, positions)]:
            gain, offset = tensor(form, mean=0.0, seed=1), tensor(form, mean=0.0, seed=2)
            for g, o in [(gain, offset), (gain, None), (None, offset)]:
                z = run(backend, X, eps=0.0, gain=g, offset=o)["z"]
                expected = plain * (1.0 if g is None else g) + (0.0 if o is None else o)
                np.testing.assert_allclose(z, expected, 1e-14, 1e-14, err_msg=f"{shape} {form}")


@every_backend
def test_no_samples_are_nothing(backend):
    for shape in [(0, 2, 1, 3), (2, 0, 1, 3), (2, 3, 0, 4), (2, 3, 4, 0)]:
        X, gain = np.empty(shape), np.empty((1, *shape[2:]))
        found = run(backend, X, gain=gain)
        assert found["z"].shape == X.shape
        assert np.isnan(found["center"]).all()
        assert np.isnan(found["scale"]).all()


# What leaves no trace


def layouts4(X):
    """Return the values of X in arrays of any layout."""
    for order in permutations(range(4)):
        back = np.argsort(order)
        yield f"order {order}", np.ascontiguousarray(X.transpose(order)).transpose(back)
    wide = np.full([2 * n for n in X.shape], 99.0, X.dtype)
    wide[::2, ::2, ::2, ::2] = X
    yield "strided", wide[::2, ::2, ::2, ::2]
    yield "reversed", X[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1]
    raw = np.zeros(X.nbytes + 1, np.uint8)[1:].view(X.dtype).reshape(X.shape)
    raw[...] = X
    yield "unaligned", raw
    still = X.copy()
    still.flags.writeable = False
    yield "read-only", still


@every_backend
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(3, 2, 4, 5), (2, 3, 1, 300), (2, 1, 150, 1)], ids=str)
def test_layouts_leave_no_trace(backend, shape, dtype, centred):
    """Neither that of the data nor that of the result shows in any bit."""
    X = tensor(shape, dtype)
    X[0, 0, 0, 0] = np.nan
    vectors = tensor((1, shape[2], 1), seed=1), tensor((shape[1], 1, 1), seed=2)
    measure = partial(run, backend, centred=centred, gain=vectors[0], offset=vectors[1])
    expected = measure(X)
    for name, variant in layouts4(X):
        assert_same_bits(measure(variant), expected, name)
        if variant.flags.writeable:
            assert_same_bits(measure(X, out=np.empty_like(variant)), expected, f"out {name}")


@every_backend
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_neighbours_leave_no_trace(backend, length, dtype, centred):
    """A sample or a group alone, and samples in another order, have the same bits."""
    X = tensor((5, 3, 1, length), dtype)
    whole = run(backend, X, centred)
    order = np.array([3, 0, 4, 1, 2])
    moved = run(backend, X[order], centred)
    assert_same_bits(moved, {n: v[order] for n, v in whole.items()}, "order")
    for s in range(5):
        alone = run(backend, X[s : s + 1], centred)
        assert_same_bits(alone, {n: v[s : s + 1] for n, v in whole.items()}, f"sample {s}")
    for g in range(3):
        alone = run(backend, X[:, g : g + 1], centred)
        assert_same_bits(alone, {n: v[:, g : g + 1] for n, v in whole.items()}, f"group {g}")


@every_backend
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", LENGTHS)
def test_absent_members_leave_no_trace(backend, length, dtype, centred):
    """Members among NaN have the bits they have without; at the end, before and between."""
    X = tensor((3, 2, 1, length), dtype)
    vectors = {"gain": tensor((2, 1, 1), seed=1), "offset": tensor((2, 1, 1), seed=2)}
    rng = np.random.default_rng(1)
    for further in (1, 60):
        for given in ({}, vectors):
            expected = run(backend, X, centred, **given)
            total = length + further
            for places in (np.arange(length), np.sort(rng.permutation(total)[:length])):
                padded = np.full((3, 2, 1, total), np.nan, dtype)
                padded[..., places] = X
                found = run(backend, padded, centred, **given)
                assert np.isnan(np.delete(found["z"], places, axis=3)).all()
                found["z"] = found["z"][..., places]
                assert_same_bits(found, expected, f"{length} of {total}")


@every_backend
def test_each_group_has_its_own_absent_members(backend):
    X = tensor((4, 3, 2, 50))
    X[np.random.default_rng(2).random(X.shape) < 0.4] = np.nan
    X[1, 1] = np.nan
    X[2, 0] = np.nan
    X[2, 0, 1, 7] = 5.0
    found = run(backend, X, eps=0.25)
    for s, g in np.ndindex(4, 3):
        members = X[s, g][~np.isnan(X[s, g])]
        if members.size:
            alone = run(backend, members[None, None, None], eps=0.25)
            there = found["z"][s, g][~np.isnan(X[s, g])]
            assert_same_bits(there, alone["z"].ravel())
            assert found["center"][s, g] == alone["center"][0, 0]
    assert np.isnan([found["center"][1, 1], found["scale"][1, 1]]).all()
    assert (found["center"][2, 0], found["scale"][2, 0]) == (5.0, 0.5)
    assert found["z"][2, 0, 1, 7] == 0.0
    np.testing.assert_array_equal(np.isnan(found["z"]), np.isnan(X))


@every_backend
@pytest.mark.parametrize("shape", [(2100, 1, 1000, 1), (30, 40, 1, 1800), (2, 1, 1, 1_050_000)])
def test_the_number_of_threads_leaves_no_trace(backend, shape, monkeypatch):
    X = tensor(shape)
    X[0, 0, 0, 0] = np.nan
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = run(backend, X)
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert_same_bits(run(backend, X), expected)
    mean = X[1, 0].mean()
    np.testing.assert_allclose(expected["center"][1, 0], mean, 1e-12)
    np.testing.assert_allclose(expected["z"][1, 0], (X[1, 0] - mean) / X[1, 0].std(), rtol=1e-4)


# The native backend

native = pytest.mark.skipif(compiled is None, reason="the extension was not built")
SHAPES = [
    (3, 2, 4, 5),
    (2, 3, 1, 300),
    (2, 1, 150, 1),
    (2, 8, 1, 49),
    (1, 7, 40, 60),
    (2, 2, 3, 7000),
]


def hard(shape, dtype, seed=0):
    """Groups with a few absent members, a constant one, and of means far from 0."""
    X = tensor(shape, dtype, seed=seed)
    X[0, 0] += dtype(1000)
    X[-1, -1] = 7
    X[0, -1, 0, :1] = np.nan
    return X


@native
@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_processors_leave_no_trace(shape, dtype, centred):
    """Vectors of any width give the same bits, for every form of gain and offset."""
    X = hard(shape, dtype)
    forms = [(1, 1, 1), (1, shape[2], 1), (shape[1], 1, 1), shape[1:], (1, 1, shape[3])]
    first, *others = compiled.variants()
    for form in [None, *forms]:
        vector = None if form is None else tensor(form, seed=1)
        expected = run(_native, X, centred, gain=vector, offset=vector)
        for variant in others:
            compiled.choose(variant)
            try:
                found = run(_native, X, centred, gain=vector, offset=vector)
            finally:
                compiled.choose(first)
            assert_same_bits(found, expected, f"{variant} {form}")


@every_backend
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_channels_that_lie_side_by_side_leave_no_trace(backend, shape, dtype):
    """Images with the channels last, or batches of rows, are read some groups at a time."""
    X = hard(shape, dtype)
    for vector in (None, tensor((shape[1], shape[2], 1)), tensor((1, shape[2], shape[3]))):
        expected = run(backend, X, gain=vector, offset=vector)
        for order in [(0, 3, 1, 2), (2, 3, 0, 1), (0, 2, 3, 1)]:
            last = np.ascontiguousarray(X.transpose(order)).transpose(np.argsort(order))
            for out in (np.empty_like(last), np.empty_like(X)):
                found = run(backend, last, gain=vector, offset=vector, out=out)
                assert_same_bits(found, expected, f"order {order}")


@every_backend
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_result_may_take_the_place_of_its_members(backend, shape, dtype):
    """In any layout, also in an order of its own."""
    X = hard(shape, dtype)
    expected = run(backend, X)
    for name, own in layouts4(X.copy()):
        if own.flags.writeable:
            own[...] = X
            center, scale = backend.normalise(own, True, 1e-5, None, None, own)
            assert_same_bits({"z": own, "center": center, "scale": scale}, expected, name)


@native
def test_a_result_may_overlap_its_members_in_any_order():
    X = hard((2, 3, 1, 300), np.float64)
    expected = run(_native, X)
    memory = X.copy()
    turned = memory[:, :, :, ::-1]
    _native.normalise(memory, True, 1e-5, None, None, turned)
    assert_same_bits(turned, expected["z"])
    row = np.zeros(X.size + 1)
    source, target = row[:-1].reshape(X.shape), row[1:].reshape(X.shape)
    source[...] = X
    _native.normalise(source, True, 1e-5, None, None, target)
    assert_same_bits(target, expected["z"])


@every_backend
@pytest.mark.parametrize("centred", [True, False])
def test_an_infinite_member_shows_in_the_statistics(backend, centred):
    """Wherever it is; the other groups are as they are without it."""
    for dtype in DTYPES:
        for length in (2, 33, 5000):
            X = tensor((2, 2, 1, length), dtype)
            expected = run(backend, X, centred)
            for member in ([np.inf], [-np.inf], [np.inf, -np.inf], [np.inf, np.nan]):
                Y = X.copy()
                Y[1, 0, 0, : len(member)] = member
                found = run(backend, Y, centred)
                assert not np.isfinite(found["center"][1, 0] + found["scale"][1, 0])
                for name in found:
                    assert_same_bits(found[name][0], expected[name][0])
                    assert_same_bits(found[name][1, 1], expected[name][1, 1])


@every_backend
@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_finite_members_do_not_hide_the_infinite_one(backend, infinity):
    """Even where their sum overflows the other way."""
    most = np.finfo(np.float64).max
    for length in (4, 33, 5000):
        for size in (most, -most):
            X = np.full((1, 1, 1, length), size)
            X[..., length // 2], X[..., 1] = infinity, np.nan
            assert run(backend, X, True)["center"] == infinity
            X[..., 0] = -infinity
            assert np.isnan(run(backend, X, True)["center"])


@native
def test_half_precision_is_rounded_once():
    """Every half, and the middle between any two, as NumPy rounds it."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = np.sort(halves[np.isfinite(halves)]).astype(np.float64)
    middles = (finite[1:] + finite[:-1]) / 2
    values = [finite, middles, np.nextafter(middles, np.inf), np.nextafter(middles, -np.inf)]
    far = [65519.999, 65520.0, -65520.0, 1e300, 1e-300, -1e-300, 2.0**-25, 2.0**-24, 0.0, -0.0]
    z = np.concatenate([*values, far])
    out = np.empty((1, 1, z.size, 2), np.float16)
    with np.errstate(all="ignore"):
        offset = np.stack([z, z], axis=1)[None]
        _native.normalise(np.zeros(out.shape), True, 1.0, None, offset, out)
        assert_same_bits(out[0, 0, :, 0] + np.float16(0), z.astype(np.float16) + np.float16(0))


@native
@pytest.mark.parametrize(
    ("at", "wrong", "error"),
    [
        (0, np.zeros((2, 3, 4)), "x must have 4 axes"),
        (5, np.zeros((2, 3, 4, 5), np.int64), "out of floats, must be of one shape"),
        (0, np.zeros((2, 3, 4, 6)), "must be of one shape"),
        (3, np.zeros((3, 4)), "gain must have 3 axes"),
        (3, np.zeros((3, 4, 5), np.float32), "gain must be packed float64"),
        (4, np.zeros((3, 4, 10))[:, :, ::2], "offset must be packed float64"),
        (4, np.zeros((2, 1, 1)), "offset must be packed float64"),
        (5, np.zeros((2, 3, 4, 5), ">f8"), "out must hold native real numbers"),
        (6, np.zeros((3, 2)), "center must be packed"),
        (7, np.zeros((2, 6))[:, ::2], "scale must be packed"),
    ],
)
def test_the_extension_refuses_what_it_cannot_read(at, wrong, error):
    shape = (2, 3, 4, 5)
    given = [np.zeros(shape), True, 0.5, np.ones((3, 1, 1)), np.ones((1, 4, 5)), np.empty(shape)]
    given += [np.empty((2, 3)), np.empty((2, 3)), 2]
    compiled.normalise(*given)
    given[at] = wrong
    with pytest.raises((TypeError, ValueError), match=error):
        compiled.normalise(*given)


@native
def test_the_order_of_bytes_leaves_no_trace():
    X = hard((2, 3, 1, 30), np.float64)
    expected = run(_native, X)
    assert_same_bits(run(_native, X.astype(">f8"), out=np.empty(X.shape)), expected)
    found = run(_native, X, out=np.empty(X.shape, ">f8"))
    assert_same_bits(found | {"z": found["z"].astype("=f8")}, expected)


# Axes

SAMPLE = (4, 3, 2)
NUMBERS = np.arange(2 * 24).reshape(2, *SAMPLE)
AXES = {
    "all": (partial(trailing, normalized_ndim=None), [NUMBERS[0].ravel()]),
    "trailing 2": (partial(trailing, normalized_ndim=2), [NUMBERS[0, c].ravel() for c in range(4)]),
    "trailing 1": (
        partial(trailing, normalized_ndim=1),
        [NUMBERS[0, c, i] for c in range(4) for i in range(3)],
    ),
    "channels": (partial(channelwise, channel_axis=1), [NUMBERS[0, c].ravel() for c in range(4)]),
    "middle": (partial(channelwise, channel_axis=2), [NUMBERS[0, :, i].ravel() for i in range(3)]),
    "last": (partial(channelwise, channel_axis=-1), [NUMBERS[0, ..., i].ravel() for i in range(2)]),
    "groups": (
        partial(channelwise, channel_axis=1, num_groups=2),
        [NUMBERS[0, :2].ravel(), NUMBERS[0, 2:].ravel()],
    ),
    "groups last": (
        partial(channelwise, channel_axis=3, num_groups=1),
        [np.moveaxis(NUMBERS[0], -1, 0).ravel()],
    ),
}
every_axes = pytest.mark.parametrize(("make", "members"), AXES.values(), ids=AXES)


@every_axes
def test_a_group_holds_the_members_that_are_normalised_together(make, members):
    """Channel by channel, in the order of positions; the view is undone without a change."""
    axes = make(SAMPLE)
    V = axes.viewed(NUMBERS)
    assert V.shape == (2, *axes.view)
    assert prod(axes.view) == prod(SAMPLE)
    assert [group.ravel().tolist() for group in V[0]] == [m.tolist() for m in members]
    assert_same_bits(V[1] - 24, V[0])
    assert_same_bits(axes.unviewed(V, 2), NUMBERS)
    assert np.may_share_memory(axes.viewed(NUMBERS), NUMBERS) == np.shares_memory(V, NUMBERS)


@pytest.mark.parametrize("channel_axis", [1, 2, 3, -1, -2, -3])
def test_channels_over_samples_are_the_groups(channel_axis):
    """Batch normalisation: one group per channel, of all samples and positions."""
    axes = channelwise(SAMPLE, channel_axis, over_samples=True)
    V = axes.viewed(NUMBERS)
    channels = np.moveaxis(NUMBERS, channel_axis, 0)
    n_channels = channels.shape[0]
    assert V.shape == (1, n_channels, 2, 24 // n_channels)
    assert V.reshape(n_channels, -1).tolist() == channels.reshape(n_channels, -1).tolist()
    assert_same_bits(axes.unviewed(V, 2), NUMBERS)
    shape = [1] * 4
    shape[channel_axis] = n_channels
    of_member = np.broadcast_to(np.arange(n_channels).reshape(shape), NUMBERS.shape)[0]
    assert axes.channel_of_members().tolist() == of_member.ravel().tolist()


def test_gain_and_offset_belong_to_elements_or_channels():
    """One number, or one for each; a copy of what was given."""
    for axes, size in [
        (trailing(SAMPLE, None), 24),
        (trailing(SAMPLE, 2), 6),
        (channelwise(SAMPLE, 1), 4),
        (channelwise(SAMPLE, 1, 2), 4),
        (channelwise(SAMPLE, -1), 2),
    ]:
        assert axes.learnable == size
        assert axes.vector(None, "gamma") is None
        given = np.arange(size)
        for form in (given, given.tolist(), given.astype(float)):
            vector = axes.vector(form, "gamma")
            assert vector.dtype == np.float64
            assert vector.ravel().tolist() == given.tolist()
            assert not np.shares_memory(vector, np.asarray(form))
        assert axes.vector(2, "gamma").ravel().tolist() == [2.0] * size
        for wrong in (np.ones(size + 1), np.ones(0), np.nan, [np.inf] * size):
            with pytest.raises(ValueError, match=rf"`beta`.*{size} of them.*\(4, 3, 2\)"):
                axes.vector(wrong, "beta")


@every_axes
@pytest.mark.parametrize("dtype", DTYPES)
def test_restore_undoes_normalise_piece_by_piece(make, members, dtype, monkeypatch):
    """In whatever pieces, with gain and offset; stats have a center and a scale per group."""
    axes = make(SAMPLE)
    X = tensor((5, *SAMPLE), dtype)
    gain = np.linspace(0.5, 2, axes.learnable).reshape(axes.affine)
    offset = np.linspace(-1, 1, axes.learnable).reshape(axes.affine)
    Z, stats = axes.normalise(X, gain=gain, offset=offset)
    assert stats.shape == (5, len(members), 2)
    back = axes.restore(Z, stats, gain, offset)
    assert back.dtype == dtype
    np.testing.assert_allclose(back, X, 0, 32 * np.finfo(dtype).eps)
    monkeypatch.setattr(axes_module, "PIECE", 30)
    assert_same_bits(axes.restore(Z, stats, gain, offset), back)


def test_restore_of_what_was_constant_or_huge():
    """A scale of 0 leaves the center; centers beside the largest float do not overflow."""
    axes = trailing((2,), None)
    Z, stats = axes.normalise(np.array([[0.1, 0.1], [1e308, -1.7e308]]), eps=0.0)
    assert Z[0].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(Z[1], [1.0, -1.0], 4 * EPS)
    back = axes.restore(Z, stats)
    assert back[0].tolist() == [0.1, 0.1]
    np.testing.assert_allclose(back[1], [1e308, -1.7e308], 1e-15)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: trailing((3, 4), 3), r"normalized_ndim=3.*shape \(3, 4\): give 1 to 2"),
        (lambda: trailing((3, 4), 0), r"normalized_ndim=0"),
        (lambda: channelwise((3, 4), 3), r"channel_axis=3.*shape is \(3, 4\): give 1 to 2"),
        (lambda: channelwise((3, 4), 0), r"channel_axis=0"),
        (lambda: channelwise((3, 4), -3), r"channel_axis=-3"),
        (lambda: channelwise((6, 4), 1, 4), r"num_groups=4 .* 6 channels .*\(6, 4\)"),
        (lambda: channelwise((6, 4), 1, 12), r"num_groups=12"),
        (lambda: channelwise((6, 4), 1, 0), r"num_groups=0"),
        (lambda: known(channelwise((2, 4), 1), [0, 0], None, 0), "must both be given"),
        (lambda: known(channelwise((2, 4), 1), [0, 0], [1, -1], 0), "must not be negative"),
    ],
)
def test_axes_that_cannot_be_taken_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_one_channel_and_known_statistics():
    """2-D data are one channel, first or last; known moments scale as measured ones."""
    assert [one_channel(5, a) for a in (1, -2, -1, 2)] == [(1, 5), (1, 5), (5, 1), (5, 1)]
    axes = channelwise((2, 3), 1, over_samples=True)
    stats = known(axes, [1.0, 10.0], [3.0, 15.0], 1.0)
    assert stats.tolist() == [[[1.0, 2.0], [10.0, 4.0]]]
    X = np.array([[[1, 3, 5], [10, 14, 6]]], dtype=np.float32)
    assert standardised(axes, X, stats).tolist() == [[[0.0, 1.0, 2.0], [0.0, 1.0, -1.0]]]
