"""Functional norms: gradients against differences in longdouble, clipping, couplings."""

from __future__ import annotations

from itertools import product

import laws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import sklearn_norm
from sklearn_norm import functional

LONG = np.longdouble
ESTIMATORS = {
    "layer_norm": "LayerNorm",
    "rms_norm": "RMSNorm",
    "ada_norm": "AdaNorm",
    "instance_norm": "InstanceNorm",
    "group_norm": "GroupNorm",
    "batch_norm": "BatchNorm",
}
TRAILING = ("layer_norm", "rms_norm", "ada_norm")
BENT = {"C": 1.5, "k": 0.2}
LAST = {"channel_axis": -1}
CASES = [
    *((name, {}, (3, 5)) for name in ("layer_norm", "rms_norm")),
    *((name, {}, (2, 3, 4)) for name in ("layer_norm", "rms_norm")),
    *((name, {"normalized_ndim": 1}, (2, 3, 4)) for name in ("layer_norm", "rms_norm")),
    *((name, {"normalized_ndim": 2, "eps": 0.5}, (2, 2, 3, 4)) for name in TRAILING),
    ("ada_norm", {}, (3, 5)),
    ("ada_norm", BENT, (2, 3, 4)),
    ("ada_norm", {**BENT, "normalized_ndim": 1}, (2, 3, 4)),
    ("instance_norm", {}, (2, 3, 5)),
    ("instance_norm", LAST, (2, 5, 3)),
    ("instance_norm", {"eps": 0.5}, (2, 2, 3, 2)),
    ("instance_norm", LAST, (2, 3, 2, 2)),
    ("instance_norm", {"channel_axis": 2}, (2, 3, 2, 2)),
    ("group_norm", {"num_groups": 2}, (3, 6)),
    ("group_norm", {}, (3, 4)),
    ("group_norm", {"num_groups": 2}, (2, 4, 3)),
    ("group_norm", {"num_groups": 2, **LAST}, (2, 3, 4)),
    ("group_norm", {"num_groups": 3, "eps": 0.5}, (2, 6, 2, 2)),
    ("group_norm", {"num_groups": 2, **LAST}, (2, 2, 3, 4)),
    ("group_norm", {"num_groups": 2, "channel_axis": 2}, (2, 2, 4, 3)),
    ("batch_norm", {}, (5, 3)),
    ("batch_norm", {}, (4, 3, 2)),
    ("batch_norm", LAST, (4, 2, 3)),
    ("batch_norm", {"eps": 0.5}, (3, 3, 2, 2)),
    ("batch_norm", LAST, (3, 2, 2, 3)),
    ("batch_norm", {"channel_axis": 2}, (3, 2, 3, 2)),
]
KNOWN = {"mean": [0.5, -2.0, 1.25], "var": [0.25, 4.0, 0.0]}
GIVEN = [(n, {**o, **KNOWN, "eps": 0.125}, s) for n, o, s in CASES if n == "batch_norm"]


def named(cases):
    """Return the cases with ids that tell name, options and shape."""
    told = [",".join(f"{k}={v}" for k, v in o.items()) for _, o, _ in cases]
    return [pytest.param(*c, id=f"{c[0]}({t}) {c[2]}") for c, t in zip(cases, told, strict=True)]


def forward(name):
    return getattr(functional, name)


def backward(name):
    return getattr(functional, f"{name}_backward")


def vector_shape(name, options, shape):
    """Return the shape of gamma and beta."""
    if name in TRAILING:
        return shape[-options.get("normalized_ndim", len(shape) - 1) :]
    return (shape[options.get("channel_axis", 1)],)


def drawn(name, options, shape, dtype=np.float64, seed=0):
    """Return samples off zero, of several spreads, then gamma, beta and the gradient."""
    rng = np.random.default_rng(seed)
    size = vector_shape(name, options, shape)
    x = rng.normal(size=shape) * rng.uniform(0.5, 3, shape[:2] + (1,) * (len(shape) - 2)) + 2
    return x.astype(dtype), rng.normal(size=size), rng.normal(size=size), rng.normal(size=shape)


def plainly(name, options, x, gamma, beta):
    """Return the norm by its formula, in longdouble, and know nothing of the library."""
    n_axes, last_axes = x.ndim, options.get("normalized_ndim", x.ndim - 1)
    if name in TRAILING:
        v, affine, over = x, x.shape[-last_axes:], tuple(range(-last_axes, 0))
    else:
        v = np.moveaxis(x, options.get("channel_axis", 1), 1)
        affine, over = (v.shape[1], *[1] * (n_axes - 2)), tuple(range(2, n_axes))
    moved = v.shape
    if name == "group_norm":
        v, over = v.reshape(v.shape[0], options.get("num_groups", 1), -1), (2,)
    if name == "batch_norm":
        over = (0, *over)
    if "mean" in options:
        center, square = (np.array(options[n], LONG).reshape(affine) for n in ("mean", "var"))
    else:
        center = 0 if name == "rms_norm" else v.mean(axis=over, keepdims=True)
        square = ((v - center) ** 2).mean(axis=over, keepdims=True)
    y = ((v - center) / np.sqrt(square + LONG(options.get("eps", 1e-5)))).reshape(moved)
    if name == "ada_norm":
        y = options.get("C", 1.0) * (1 - LONG(options.get("k", 0.1)) * y) * y
    gain, offset = (v if v.ndim == 0 else v.reshape(affine) for v in (gamma, beta))
    y = y * gain + offset
    return y if name in TRAILING else np.moveaxis(y, 1, options.get("channel_axis", 1))


def central(loss, at):
    """Return the central differences of a function of an array."""
    found = np.empty(at.shape, LONG)
    step = np.finfo(LONG).eps ** (LONG(1) / 3)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        found[place] = (loss(up) - loss(down)) / (up[place] - down[place])
    return found


def assert_near(actual, expected, share):
    """The largest difference is at most a share of the largest expected value."""
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected).max() / np.abs(expected).max()
    assert worst <= share, float(worst)


# Forward


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize(
    ("name", "options", "shape"), named([*CASES, ("group_norm", {"num_groups": 2}, (30, 4, 300))])
)
def test_functions_return_the_bits_of_the_estimators(name, options, shape, dtype):
    """With and without gain and bias; float64 of batch norms to the last bits."""
    x, gamma, beta, _ = drawn(name, options, shape, dtype)
    names = {"normalized_ndim"} if name == "ada_norm" else set()
    if names & options.keys():
        options = {n: v for n, v in options.items() if n not in names}  # all axes, as AdaNorm
        gamma, beta = (np.resize(v, shape[1:]) for v in (gamma, beta))
    for gain, bias in ((None, None), (gamma, None), (None, beta), (gamma, beta), (-2.0, 0.5)):
        norm = getattr(sklearn_norm, ESTIMATORS[name])(
            shape=shape[1:],
            **options,
            gamma=gain,
            beta=bias if bias is None or np.ndim(bias) == 0 else np.ravel(bias),
        )
        expected = norm.fit(x).transform(x)
        actual = forward(name)(x, gamma=gain, beta=bias, **options)
        if name == "batch_norm" and expected.dtype == np.float64:
            # the estimator's moments can be streamed, and are rounded in other places
            assert actual.dtype == np.float64
            np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-14)
            known = {"mean": norm.running_mean_, "var": norm.running_var_}
            actual = forward(name)(x, gamma=gain, beta=bias, **options, **known)
            np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-14)
        else:
            laws.assert_same_bits(actual, expected)


@pytest.mark.parametrize(("name", "options", "shape"), named([*CASES, *GIVEN]))
def test_forward_and_gradients_agree_with_longdouble(name, options, shape):
    """Results to 1e-13, gradients to 1e-9 of central differences of the formula."""
    x, gamma, beta, grad = drawn(name, options, shape)
    one, zero = LONG(1), LONG(0)
    for gain, bias in product((None, 1.75, gamma), (None, -0.5, beta)):
        v, w = (np.array(d if g is None else g, LONG) for g, d in ((gain, one), (bias, zero)))
        u = x.astype(LONG)
        result = forward(name)(x, gamma=gain, beta=bias, **options)
        assert_near(result, plainly(name, options, u, v, w), 1e-13)

        def loss(u, v, w):
            return (grad.astype(LONG) * plainly(name, options, u, v, w)).sum()

        gradients = backward(name)(grad, x, gamma=gain, beta=bias, **options)
        assert_near(gradients[0], central(lambda at, v=v, w=w: loss(at, v, w), u), 1e-9)
        if gain is None:
            assert gradients[1] is None
        else:
            assert_near(gradients[1], central(lambda at, u=u, w=w: loss(u, at, w), v), 1e-9)
        if bias is None:
            assert gradients[2] is None
        else:
            assert_near(gradients[2], central(lambda at, u=u, v=v: loss(u, v, at), w), 1e-9)


def test_gradients_of_rms_norm_by_hand():
    """x = (1, -7), r = 5, y = (0.2, -1.4), g = (1, 0): (g - y mean(g y)) / r."""
    x, grad = [[1.0, -7.0]], [[1.0, 0.0]]
    gradients = functional.rms_norm_backward(grad, x, gamma=[1.0, 1.0], beta=[0.0, 0.0], eps=0.0)
    np.testing.assert_allclose(gradients[0], [[0.196, 0.028]], rtol=1e-14)
    np.testing.assert_allclose(gradients[1], [0.2, 0.0], rtol=1e-15)
    np.testing.assert_array_equal(gradients[2], [1.0, 0.0])


def test_gradients_of_known_statistics_are_those_of_a_line():
    """gamma / sqrt(var + eps) times the gradient: 6 / 2 for var 3 and eps 1."""
    x, grad = [[9.0], [1.0]], [[1.0], [-5.0]]
    known = {"mean": [1.0], "var": [3.0], "eps": 1.0}
    gradients = functional.batch_norm_backward(grad, x, gamma=[6.0], beta=[7.0], **known)
    np.testing.assert_array_equal(gradients[0], [[3.0], [-15.0]])
    np.testing.assert_array_equal(gradients[1], [4.0])
    np.testing.assert_array_equal(gradients[2], [-4.0])


@pytest.mark.parametrize(("name", "options", "shape"), named(CASES))
def test_constant_groups_have_finite_gradients_without_eps(name, options, shape):
    """No variance and eps=0: results of beta, gradients that are numbers."""
    _, gamma, beta, grad = drawn(name, options, shape)
    options = {**options, "eps": 0.0}
    for constant in (0.0, 0.1, 1e9) if name != "rms_norm" else (0.0,):
        x = np.full(shape, constant)
        assert not forward(name)(x, gamma=gamma, **options).any()
        gradients = backward(name)(grad, x, gamma=gamma, beta=beta, **options)
        assert all(np.isfinite(g).all() for g in gradients)
        assert not gradients[1].any()
        assert gradients[2].any()


def test_a_known_variance_of_zero_without_eps_divides_by_one():
    """As in BatchNorm, whose scale of 0 becomes 1."""
    x = np.array([[5.0], [8.0]])
    known = {"mean": [5.0], "var": [0.0], "eps": 0.0}
    np.testing.assert_array_equal(functional.batch_norm(x, **known), [[0.0], [3.0]])
    gradients = functional.batch_norm_backward(x, x, **known)
    np.testing.assert_array_equal(gradients[0], x)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_missing_member_has_no_part_in_the_gradients(name):
    """The gradients of the others, of gamma and of beta are those of a sample without it."""
    x, grad = np.random.default_rng(1).normal(size=(2, 1, 1, 4))
    expected = backward(name)(grad[..., [0, 2, 3]], x[..., [0, 2, 3]], gamma=1.5, beta=0.5)
    x[..., 1] = np.nan
    assert np.isnan(forward(name)(x, gamma=1.5, beta=0.5)).tolist() == [
        [[False, True, False, False]]
    ]
    gradients = backward(name)(grad, x, gamma=1.5, beta=0.5)
    np.testing.assert_allclose(gradients[0][..., [0, 2, 3]], expected[0], rtol=1e-12)
    np.testing.assert_allclose(gradients[1], expected[1], rtol=1e-12)
    np.testing.assert_allclose(gradients[2], expected[2], rtol=1e-12)


@given(
    x=arrays(np.float64, (2, 7), elements=st.floats(-100, 100, width=32)),
    grad=arrays(np.float64, (2, 7), elements=st.floats(-100, 100, width=32)),
)
def test_gradients_are_orthogonal_to_what_the_norms_ignore(x, grad):
    """Without eps, no norm depends on the size of a sample, nor layer norm on a constant added."""
    x = x + np.arange(7.0) * 300  # no sample near a constant
    size = np.abs(grad).max()
    for name, options in (("layer_norm", {}), ("ada_norm", BENT), ("rms_norm", {})):
        found = backward(name)(grad, x, eps=0.0, **options)[0]
        np.testing.assert_allclose((found * x).sum(axis=1), 0.0, atol=1e-12 * size)
        if name != "rms_norm":
            np.testing.assert_allclose(found.sum(axis=1), 0.0, atol=1e-14 * size)


# Dtypes, inputs, errors


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        (np.float16, np.float16),
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.longdouble, np.float64),
        (np.int8, np.float64),
        (np.bool_, np.float64),
    ],
)
def test_short_floats_come_back_as_such_and_all_else_as_float64(name, given_, expected):
    """Whatever the dtypes of the gradient and of gamma and beta, whose gradients keep theirs."""
    x = np.array([[[1, 0, 0, 1]], [[0, 1, 1, 1]]], dtype=given_)
    vectors = {"gamma": np.float64(2), "beta": np.float32(1)}
    results = [forward(name)(x, **vectors)]
    results += backward(name)(np.ones(x.shape), x, **vectors)
    assert [r.dtype for r in results] == [expected, expected, np.float64, np.float32]
    assert [r.shape for r in results] == [x.shape, x.shape, (), ()]
    assert forward(name)(x.tolist()).dtype == np.float64


@pytest.mark.parametrize("name", ESTIMATORS)
def test_arguments_stay_as_they_are(name):
    """Nothing is written to, and no result is a view of an argument."""
    x, _, _, grad = drawn(name, {}, (3, 2, 4))
    size = vector_shape(name, {}, (3, 2, 4))
    given_ = [grad, x, np.ones(size), np.zeros(size)]
    kept = [v.copy() for v in given_]
    for v in given_:
        v.flags.writeable = False
    vectors = dict(zip(("gamma", "beta"), given_[2:], strict=True))
    results = [forward(name)(x, **vectors), *backward(name)(grad, x, **vectors)]
    assert [v.tobytes() for v in given_] == [v.tobytes() for v in kept]
    assert all(r.flags.writeable for r in results)
    assert not any(np.shares_memory(r, v) for r in results for v in given_)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_wrong_shapes_are_named(name):
    """x without samples of its own, a gradient of another shape, gamma of another size."""
    for x in (np.ones(4), 3.0):
        for call in (forward(name), lambda x: backward(name)(x, x)):
            with pytest.raises(ValueError, match=r"x must have the shape \(n_samples, \*shape\)"):
                call(x)
    x = np.ones((2, 3, 4))
    with pytest.raises(ValueError, match=r"shape \(2, 3\), but x has \(2, 3, 4\)"):
        backward(name)(np.ones((2, 3)), x)
    with pytest.raises(ValueError, match=r"shape \(1, 3, 4\), but x has \(2, 3, 4\)"):
        backward(name)(np.ones((1, 3, 4)), x)  # what could be broadcast is no gradient
    for wrong in (np.ones(7), [1.0, np.nan, 1.0], np.inf):
        for vectors in ({"gamma": wrong}, {"beta": wrong}):
            message = f"`{next(iter(vectors))}` must hold one finite number, or (3|12) of them"
            with pytest.raises(ValueError, match=message):
                forward(name)(x, **vectors)


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("wrong", [np.ones(7), [1.0, np.nan, 1.0]])
def test_backward_refuses_the_vectors_that_forward_refuses(name, wrong):
    """gamma and beta of another size, or not finite, are named."""
    x = np.ones((2, 3, 4))
    for vectors in ({"gamma": wrong}, {"beta": wrong}):
        message = f"`{next(iter(vectors))}` must hold one finite number, or (3|12) of them"
        with pytest.raises(ValueError, match=message):
            backward(name)(x, x, **vectors)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("layer_norm", {"normalized_ndim": 3}, r"normalized_ndim=3 .* of shape \(4, 5\)"),
        ("rms_norm", {"normalized_ndim": 0}, r"normalized_ndim=0 .* of shape \(4, 5\)"),
        ("ada_norm", {"normalized_ndim": -1}, r"normalized_ndim=-1 .* of shape \(4, 5\)"),
        ("group_norm", {"num_groups": 3}, r"num_groups=3 does not divide the 4 channels"),
        ("group_norm", {"num_groups": 2, **LAST}, r"num_groups=2 does not divide the 5 channels"),
        ("instance_norm", {"channel_axis": 0}, r"channel_axis=0 is no axis of a sample"),
        ("instance_norm", {"channel_axis": 3}, r"channel_axis=3 .* \(4, 5\)"),
        ("batch_norm", {"channel_axis": -3}, r"channel_axis=-3 is no axis of a sample"),
        ("batch_norm", {"mean": [0.0] * 4}, "`mean` and `var` must both be given"),
        ("batch_norm", {"var": [1.0] * 4}, "`mean` and `var` must both be given"),
        ("batch_norm", {"mean": 0.0, "var": [1, 1, 1, -1e-9]}, "`var` must not be negative"),
        ("batch_norm", {"mean": 0.0, "var": [1.0, 1.0]}, "`var` must hold one finite number, or 4"),
        ("batch_norm", {"mean": np.nan, "var": 1.0}, "`mean` must hold one finite number, or 4"),
    ],
)
def test_wrong_options_are_named(name, options, message):
    """Forward and backward refuse the same, with the same words."""
    x = np.ones((2, 4, 5))
    with pytest.raises(ValueError, match=message):
        forward(name)(x, **options)
    with pytest.raises(ValueError, match=message):
        backward(name)(x, x, **options)


# Clipping


def test_clip_by_norm_by_hand():
    """Longer vectors are shortened to the norm, others are left, bit for bit."""
    np.testing.assert_allclose(functional.clip_by_norm([3.0, 4.0], 2.5), [1.5, 2.0], rtol=1e-15)
    np.testing.assert_array_equal(functional.clip_by_norm([3.0, 4.0], 5.0), [3.0, 4.0])
    np.testing.assert_array_equal(functional.clip_by_norm([0.1, 0.7], np.inf), [0.1, 0.7])
    np.testing.assert_array_equal(
        functional.clip_by_norm(np.zeros((2, 3)), 1e-300), [[0.0] * 3] * 2
    )
    np.testing.assert_allclose(
        functional.clip_by_norm([[1, 1], [-1, 1]], 1), [[0.5, 0.5], [-0.5, 0.5]], rtol=1e-15
    )
    assert functional.clip_by_norm(np.float32(8.0), 2.0) == 2.0
    assert functional.clip_by_norm([], 1.0).shape == (0,)


def test_clip_by_norm_along_axes():
    """Each vector along the axes has a norm of its own."""
    x = np.array([[3.0, 0.0], [4.0, 2.0]])
    np.testing.assert_allclose(functional.clip_by_norm(x, 1.0, axis=0), [[0.6, 0.0], [0.8, 1.0]])
    expected = [[1.0, 0.0], [4 / np.sqrt(20), 2 / np.sqrt(20)]]
    np.testing.assert_allclose(functional.clip_by_norm(x, 1.0, axis=-1), expected, rtol=1e-15)
    stack = np.array([x, x / 10])
    np.testing.assert_allclose(
        functional.clip_by_norm(stack, 2.9, axis=(1, 2)),
        [x * (2.9 / np.sqrt(29)), x / 10],
        rtol=1e-15,
    )


@pytest.mark.parametrize("size", [1e200, 1e-200, 1e-320])
def test_clip_by_norm_neither_overflows_nor_underflows(size):
    """The squares of such members are no floats, their norm is."""
    clipped = functional.clip_by_norm([3 * size, -4 * size], size)
    np.testing.assert_allclose(
        clipped, [0.6 * size, -0.8 * size], rtol=1e-3 if size < 1e-300 else 1e-15
    )
    np.testing.assert_array_equal(functional.clip_by_norm([3 * size], 4 * size), [3 * size])


def test_clip_by_norm_of_the_largest_floats():
    """A norm beyond the largest float is clipped like any other."""
    clipped = functional.clip_by_norm([1.5e308, -1.5e308], 1.0)
    np.testing.assert_allclose(clipped, [np.sqrt(0.5), -np.sqrt(0.5)], rtol=1e-15)


@pytest.mark.parametrize("max_norm", [0, 0.0, -1.0, np.nan])
def test_clip_by_norm_needs_a_positive_norm(max_norm):
    """The message names the parameter and the value."""
    with pytest.raises(ValueError, match=f"`max_norm` must be more than 0. Got {max_norm}"):
        functional.clip_by_norm([1.0], max_norm)


@given(
    x=arrays(np.float64, (3, 4), elements=st.floats(-1e250, 1e250)),
    max_norm=st.floats(1e-250, 1e250),
)
def test_clipped_vectors_keep_their_direction(x, max_norm):
    """Nothing is longer than allowed, nothing is turned, and what is clipped is at the bound."""
    clipped = functional.clip_by_norm(x, max_norm, axis=1)
    for vector, result in zip(x, clipped, strict=True):
        peak = np.abs(vector).max()
        norm = peak * np.linalg.norm(vector / peak) if peak else 0.0
        if norm <= max_norm * (1 - 1e-14):
            np.testing.assert_array_equal(result, vector)
        else:
            np.testing.assert_allclose(result, vector * (max_norm / norm), rtol=1e-14, atol=1e-320)
            assert np.linalg.norm(result / max_norm) <= 1 + 1e-14


def test_adaptive_gradient_clip_by_hand():
    """Units of norms 5, 0.5 and 50 beside weights of 10, 10 and 5: limits 1, 1 and 0.5."""
    grad = np.array([[3.0, 4.0], [0.3, 0.4], [30.0, -40.0]])
    weight = np.array([[0.0, 10.0], [6.0, 8.0], [-3.0, 4.0]])
    clipped = functional.adaptive_gradient_clip(grad, weight, factor=0.1)
    np.testing.assert_allclose(clipped, [[0.6, 0.8], [0.3, 0.4], [0.3, -0.4]], rtol=1e-15)
    np.testing.assert_array_equal(clipped[1], grad[1])
    np.testing.assert_allclose(
        functional.adaptive_gradient_clip(grad, weight)[0], [0.06, 0.08], rtol=1e-15
    )


def test_adaptive_gradient_clip_lets_weights_of_zero_grow():
    """eps stands for the norm of smaller weights."""
    for weight in ([[0.0, 0.0]], [[1.0, -1.0]]):
        clipped = functional.adaptive_gradient_clip([[3.0, 4.0]], weight, factor=0.5, eps=2.0)
        np.testing.assert_allclose(clipped, [[0.6, 0.8]], rtol=1e-15)
    clipped = functional.adaptive_gradient_clip([[3.0, 4.0]], [[0.0, 0.0]])  # 0.01 * 1e-3
    np.testing.assert_allclose(clipped, [[6e-6, 8e-6]], rtol=1e-14)


def test_adaptive_gradient_clip_of_vectors_and_kernels():
    """Entries of a vector are units; of a kernel, all but the first axis is one."""
    clipped = functional.adaptive_gradient_clip([3.0, -4.0, 0.0], [10.0, -100.0, 0.0], factor=0.1)
    np.testing.assert_allclose(clipped, [1.0, -4.0, 0.0], rtol=1e-15)
    grad = np.ones((2, 4, 2, 2), np.float32)  # norms of 4
    weight = grad * np.array([1, 100], np.float32).reshape(2, 1, 1, 1)
    clipped = functional.adaptive_gradient_clip(grad, weight, factor=0.5)
    assert clipped.dtype == np.float32
    np.testing.assert_array_equal(clipped, np.stack([grad[0] / 2, grad[1]]))


def test_adaptive_gradient_clip_of_very_large_and_small_members():
    """Norms are taken in units that neither over- nor underflow."""
    for size in (1e200, 1e-200):
        grad, weight = [[3 * size, 4 * size]], [[0.0, 10 * size]]
        clipped = functional.adaptive_gradient_clip(grad, weight, factor=0.1, eps=0.0)
        np.testing.assert_allclose(clipped, [[0.6 * size, 0.8 * size]], rtol=1e-15)


def test_adaptive_gradient_clip_refuses_other_shapes():
    """Also those that could be broadcast."""
    with pytest.raises(
        ValueError, match=r"`grad` has the shape \(2, 3\), but `weight` has \(1, 3\)"
    ):
        functional.adaptive_gradient_clip(np.ones((2, 3)), np.ones((1, 3)))


# Reversible coupling


def test_reversible_coupling_by_hand():
    """y1 = x1 + x2^2, y2 = x2 + 3 y1: (1, 2) becomes (5, 17)."""
    y1, y2 = functional.reversible_forward([1.0], [2.0], np.square, lambda v: 3 * v)
    assert (y1.tolist(), y2.tolist()) == ([5.0], [17.0])


@given(
    x1=arrays(np.int64, (3, 2), elements=st.integers(-(2**20), 2**20)),
    x2=arrays(np.int64, (3, 2), elements=st.integers(-(2**20), 2**20)),
)
def test_reversible_coupling_of_integers_comes_back_exactly(x1, x2):
    """f and g need no inverse."""
    functions = (lambda v: v % 7 - 3, lambda v: np.abs(v) // 5)
    y1, y2 = functional.reversible_forward(x1, x2, *functions)
    back = functional.reversible_inverse(y1, y2, *functions)
    np.testing.assert_array_equal(back[0], x1)
    np.testing.assert_array_equal(back[1], x2)


@pytest.mark.parametrize(("dtype", "rounding"), [(np.float32, 1e-6), (np.float64, 2e-15)])
def test_reversible_coupling_through_norms_comes_back(dtype, rounding):
    """Two halves coupled by norms and weights are reconstructed, layer after layer."""
    rng = np.random.default_rng(2)
    W, V = rng.normal(size=(2, 6, 6)).astype(dtype)
    f = lambda v: np.tanh(functional.layer_norm(v) @ W)  # noqa: E731
    g = lambda v: np.maximum(functional.rms_norm(v) @ V, 0)  # noqa: E731
    x1, x2 = rng.normal(size=(2, 50, 6)).astype(dtype)
    y1, y2 = x1, x2
    for _ in range(3):
        y1, y2 = functional.reversible_forward(y1, y2, f, g)
    assert np.abs(y1 - x1).max() > 1
    for _ in range(3):
        y1, y2 = functional.reversible_inverse(y1, y2, f, g)
    assert y1.dtype == y2.dtype == dtype
    np.testing.assert_allclose(y1, x1, rtol=0, atol=100 * rounding)
    np.testing.assert_allclose(y2, x2, rtol=0, atol=100 * rounding)


@pytest.mark.parametrize("options", [{"factor": 0.0}, {"factor": -1.0}, {"eps": -1e-3}])
def test_a_share_of_weights_is_positive(options):
    """A factor below 0 would turn the gradient."""
    with pytest.raises(ValueError, match="`factor` must be more than 0, and `eps` at least"):
        functional.adaptive_gradient_clip([[3.0]], [[1.0]], **options)


def test_what_has_no_norm_is_refused():
    """A negative eps, complex numbers, and the direction of an infinity."""
    with pytest.raises(ValueError, match="`eps` must be at least 0"):
        functional.layer_norm(np.ones((2, 3)), eps=-1)
    with pytest.raises(ValueError, match="`x` must hold real numbers, but it is of complex128"):
        functional.layer_norm(np.ones((2, 3)) * 1j)
    with pytest.raises(ValueError, match="NaN or infinity"):
        functional.clip_by_norm([np.inf, 1.0], 1.0)
    assert functional.batch_norm(np.ones((0, 3))).shape == (0, 3)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm", "ada_norm", "clip_by_norm"])
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_the_byte_order_of_floats_leaves_no_trace(name, kind):
    """What other machines wrote gives the bits and the dtype of native floats."""
    x = np.array([[1.0, -8.0, 0.5], [2.5, 4.0, 3.0]])
    given = (1.0,) if name == "clip_by_norm" else ()
    expected = getattr(functional, name)(x.astype(kind), *given)
    swapped = np.dtype(kind).newbyteorder()
    actual = getattr(functional, name)(x.astype(swapped), *given)
    assert actual.dtype == expected.dtype == np.dtype(kind)
    assert actual.tobytes() == expected.tobytes()
