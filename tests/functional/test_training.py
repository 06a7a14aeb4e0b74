"""Functions that training needs besides the norms: values by hand, gradients in longdouble."""

from __future__ import annotations

import numpy as np
import pytest
from differences import LONG, assert_gradients, assert_near, central, close

from sklearn_norm import BatchNorm, BatchStatsScaler, ZScoreScaler, functional


def rng(seed=0):
    return np.random.default_rng(seed)


# Values by hand


def test_dynamic_tanh_by_hand():
    close(
        functional.dynamic_tanh([1, 2, 4, 8]),
        [0.4621171573, 0.761594156, 0.9640275801, 0.9993292997],
    )
    y = functional.dynamic_tanh([[np.nan, np.inf, 0.0]], gamma=[1.0, 2.0, 3.0], beta=0.5)
    np.testing.assert_array_equal(y, [[np.nan, 2.5, 0.5]])
    gradients = functional.dynamic_tanh_backward(np.ones((1, 3)), [[np.nan, np.inf, 0.0]], beta=0.5)
    np.testing.assert_array_equal(gradients[0], [[0.0, 0.0, 0.5]])
    assert (gradients[1], gradients[2], gradients[3]) == (0.0, None, 2.0)


def test_weights_by_hand():
    close(functional.weight_norm([[3, 4], [6, 8]], [1, 2]), [[0.6, 0.8], [1.2, 1.6]], 1e-15)
    close(
        functional.weight_norm([[3.0, 6.0], [4.0, 8.0]], [1, 2], axis=0), [[0.6, 1.2], [0.8, 1.6]]
    )
    close(functional.weight_standardize([[1, 3]]), [[-0.7071067812, 0.7071067812]])
    close(functional.weight_standardize([[1, 3]], scaled=False, eps=0), [[-1, 1]], 1e-15)
    assert functional.weight_standardize([[0.1, 0.1, 0.1], [5.0, 5.0, 5.0]], eps=0).any() == False  # noqa: E712
    w, sigma = functional.spectral_normalize([[3, 0], [4, 5]], return_sigma=True)
    close(sigma, 6.7082039325)
    close(w, np.array([[3, 0], [4, 5]]) / 6.7082039325)
    close(
        np.linalg.norm(
            functional.spectral_normalize(rng().normal(size=(4, 3, 2))).reshape(4, 6), 2
        ),
        1,
    )
    np.testing.assert_array_equal(functional.spectral_normalize(np.zeros((2, 3))), np.zeros((2, 3)))


def test_lengths_by_hand():
    close(functional.l2_normalize([[3, 4], [0, 0]]), [[0.6, 0.8], [0, 0]], 1e-15)
    close(functional.l2_normalize([[3e200, 4e200]]), [[0.6, 0.8]], 1e-15)
    close(functional.l2_normalize([[3e-200, 4e-200]], eps=0), [[0.6, 0.8]], 1e-15)
    close(functional.l2_normalize([[3, np.nan, 4]]), [[0.6, np.nan, 0.8]], 1e-15)
    close(functional.l2_normalize([[3.0], [4.0]], axis=None), [[0.6], [0.8]], 1e-15)
    assert np.isnan(functional.l2_normalize([[1.0, np.inf]])).all()
    close(functional.scale_norm([[3, 4]]), [[0.6 * 2**0.5, 0.8 * 2**0.5]], 1e-15)
    close(functional.scale_norm([[3, 4]], gamma=10), [[6, 8]], 1e-15)


def test_ghost_batches_by_hand():
    x = np.array([[0.0], [2.0], [10.0], [14.0]])
    assert functional.ghost_batch_norm(x, size=2, eps=0.0).ravel().tolist() == [-1, 1, -1, 1]
    ragged = functional.ghost_batch_norm(x, size=3)
    np.testing.assert_array_equal(ragged[:3], functional.batch_norm(x[:3]))
    assert ragged[3] == 0
    np.testing.assert_array_equal(
        functional.ghost_batch_norm(x, size=99, gamma=2.0), functional.batch_norm(x, gamma=2.0)
    )


@pytest.mark.parametrize(
    ("bounds", "expected"), [((1, 0), [-1, 1]), ((3, 5), [-1, 3]), ((1.5, 0.5), [-1, 2])]
)
def test_batch_renorm_by_hand(bounds, expected):
    """Of a batch of mean 2 and deviation 2 beside running ones of 1 and 1: r = 2 and d = 1."""
    x = [[0.0], [4.0]]
    options = dict(zip(("r_max", "d_max"), bounds, strict=True))
    found = functional.batch_renorm(x, mean=1.0, var=1.0, eps=0.0, **options)
    assert found.ravel().tolist() == expected


def test_clip_by_global_norm_by_hand():
    """3, 4 and 12 have the joint norm 13."""
    grads = [np.float32([3.0]), np.array([[4.0, 0.0]]), 12.0]
    clipped, norm = functional.clip_by_global_norm(grads, 6.5)
    assert norm == 13.0
    assert [g.dtype for g in clipped] == [np.float32, np.float64, np.float64]
    for got, expected in zip(clipped, ([1.5], [[2.0, 0.0]], 6.0), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-15)
    left, _ = functional.clip_by_global_norm(iter(grads), 13.0)
    assert all((a == b).all() for a, b in zip(left, grads, strict=True))
    huge, norm = functional.clip_by_global_norm([[3e200], [4e200]], 5.0)
    np.testing.assert_allclose([*huge, [norm]], [[3.0], [4.0], [5e200]], rtol=1e-15)
    assert functional.clip_by_global_norm([], 1.0) == ([], 0.0)
    assert functional.clip_by_global_norm([[0.0]], 1.0)[1] == 0.0
    with pytest.raises(ValueError, match=r"`grads\[1\]` holds NaN"):
        functional.clip_by_global_norm([[1.0], [np.nan]], 1.0)


def test_reversible_backward_by_hand():
    """f = square, g = sin, x1 = 1, x2 = 2, of the loss y1 + 2 y2."""
    y1, y2 = functional.reversible_forward([1.0], [2.0], np.square, np.sin)
    x1, x2, by_x1, by_x2 = functional.reversible_backward(
        [1.0],
        [2.0],
        y1,
        y2,
        np.square,
        np.sin,
        lambda g, x: 2 * x * g,
        lambda g, x: np.cos(x) * g,
    )
    close([x1, x2], [[1], [2]], 1e-15)
    close([by_x1, by_x2], [[1.5673243710], [8.2692974837]])


def test_fold_batch_norm_by_hand():
    """w = 2, b = 1, gamma = 3, beta = 0.5, m = 4, v = 0.25: 12 and -17.5."""
    for kind in (BatchNorm, BatchStatsScaler):
        known = {"running_mean": [4.0], "running_var": [0.25]}
        norm = kind.from_stats(**known, eps=0.0)
        norm.set_params(gamma=3.0, beta=0.5)
        weight, bias = functional.fold_batch_norm([[2.0]], [1.0], norm)
        assert (weight.tolist(), bias.tolist()) == ([[12.0]], [-17.5])
        assert functional.fold_batch_norm([[2.0]], None, norm)[1].tolist() == [-23.5]


@pytest.mark.parametrize("axis", [0, -1, 1])
def test_a_folded_layer_computes_what_both_do(axis):
    """A linear layer, with the units at any axis."""
    draw = rng()
    x, weight, bias = draw.normal(size=(9, 4)), draw.normal(size=(3, 4)), draw.normal(size=3)
    y = x @ weight.T + bias
    norm = BatchNorm(gamma=[1.0, -2.0, 0.5], beta=[0.0, 1.0, 2.0]).fit(y)
    laid = weight if axis == 0 else weight.T
    folded, shift = functional.fold_batch_norm(laid, bias, norm, axis=axis)
    folded = folded if axis == 0 else folded.T
    np.testing.assert_allclose(x @ folded.T + shift, norm.transform(y), rtol=1e-12, atol=1e-12)


def test_fold_batch_norm_refuses_what_does_not_fit():
    norm = BatchNorm().fit(np.eye(3))
    with pytest.raises(ValueError, match=r"3 channels, but `weight` .* 2 units along axis=0"):
        functional.fold_batch_norm(np.ones((2, 4)), None, norm)
    with pytest.raises(ValueError, match="axis=2 is no axis"):
        functional.fold_batch_norm(np.ones((3, 4)), None, norm, axis=2)
    with pytest.raises(TypeError, match="Got a ZScoreScaler"):
        functional.fold_batch_norm(np.ones((3, 4)), None, ZScoreScaler().fit(np.eye(3)))
    with pytest.raises(ValueError, match="`bias` must hold one finite number"):
        functional.fold_batch_norm(np.ones((3, 4)), [1.0, 2.0], norm)
    clipping = BatchStatsScaler(clip=(0, 1)).fit(np.eye(3))
    with pytest.raises(ValueError, match="clip"):
        functional.fold_batch_norm(np.ones((3, 4)), None, clipping)


def plain_pcen(x, b, gain=0.98, bias=2.0, power=0.5, eps=1e-6):
    """The definition, frame by frame."""
    x = np.asarray(x)
    level, out = np.ones(x.shape[:-1], x.dtype), []
    for t in range(x.shape[-1]):
        level = (1 - b) * level + b * x[..., t]
        part = x[..., t] / (eps + level) ** gain
        if power == 0:
            out.append(np.log1p(part))
        else:
            out.append((part + bias) ** power - np.asarray(bias, x.dtype) ** power)
    return np.stack(out, axis=-1)


@pytest.mark.parametrize(
    "options", [{}, {"gain": 0.5, "bias": 0.0}, {"power": 0.0}, {"power": 1.5}]
)
def test_pcen_is_its_definition(options):
    """With the weight of the cut-off frequency; in any axis."""
    x = rng().uniform(0.1, 50, (2, 3, 7))
    frames = 0.4 * 22050 / 512
    b = (np.sqrt(1 + 4 * frames**2) - 1) / (2 * frames**2)
    expected = plain_pcen(x, b, **options)
    np.testing.assert_allclose(functional.pcen(x, **options), expected, rtol=1e-10)
    turned = functional.pcen(np.moveaxis(x, -1, 0), axis=0, b=b, **options)
    np.testing.assert_allclose(np.moveaxis(turned, 0, -1), expected, rtol=1e-10)


# Gradients


SHAPES = [(5,), (3, 4), (2, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_of_dynamic_tanh(shape):
    draw = rng(1)
    x, grad = draw.normal(size=(2, *shape))
    gamma, beta = draw.normal(size=(2, shape[-1]))
    name = lambda x, a, g, b: functional.dynamic_tanh(x, alpha=a, gamma=g, beta=b)  # noqa: E731
    found = functional.dynamic_tanh_backward(grad, x, alpha=0.7, gamma=gamma, beta=beta)
    plain = lambda x, a, g, b: np.tanh(a * x) * g + b  # noqa: E731
    assert_gradients(plain, (x, 0.7, gamma, beta), found, grad, name)


@pytest.mark.parametrize(("shape", "axis"), [((5,), -1), ((3, 4), 0), ((2, 3, 4), (1, 2))])
def test_gradients_of_lengths(shape, axis):
    x, grad = rng(2).normal(size=(2, *shape))
    size = lambda x: np.sqrt((x**2).sum(axis=axis, keepdims=True))  # noqa: E731
    found = functional.l2_normalize_backward(grad, x, axis=axis)
    name = lambda x: functional.l2_normalize(x, axis=axis)  # noqa: E731
    assert_gradients(lambda x: x / size(x), (x,), found, grad, name)
    found = functional.scale_norm_backward(grad, x, gamma=1.5, axis=axis)
    name = lambda x, g: functional.scale_norm(x, gamma=g, axis=axis)  # noqa: E731
    assert_gradients(lambda x, g: g * x / size(x), (x, 1.5), found, grad, name)
    found = functional.l2_normalize_backward(grad, x, axis=axis, eps=100.0)
    np.testing.assert_allclose(found, grad / 100, rtol=1e-15)  # shorter than eps: a line


@pytest.mark.parametrize(("shape", "axis", "units"), [((3, 4), None, 3), ((4, 3), 0, 3)])
def test_gradients_of_weights(shape, axis, units):
    draw = rng(3)
    w, grad, g = draw.normal(size=shape), draw.normal(size=shape), draw.normal(size=units)
    over = 1 if axis is None else axis

    def beside(g):
        return np.expand_dims(g, over)

    plain = lambda w, g: beside(g) * w / np.sqrt((w**2).sum(axis=over, keepdims=True))  # noqa: E731
    found = functional.weight_norm_backward(grad, w, g, axis=axis)
    assert_gradients(
        plain, (w, g), found, grad, lambda w, g: functional.weight_norm(w, g, axis=axis)
    )
    for scaled, eps in ((True, 1e-4), (False, 0.25), (True, 50.0)):
        options = {"scaled": scaled, "eps": eps, "axis": axis}

        def plain(w, g, scaled=scaled, eps=eps):
            away = w - w.mean(axis=over, keepdims=True)
            squares = (away**2).sum(axis=over, keepdims=True)
            n = w.shape[over]
            root = np.sqrt(np.maximum(squares, eps)) if scaled else np.sqrt(squares / n + LONG(eps))
            return beside(g) * away / root

        found = functional.weight_standardize_backward(grad, w, gain=g, **options)
        name = lambda w, g, o=options: functional.weight_standardize(w, gain=g, **o)  # noqa: E731
        assert_gradients(plain, (w, g), found, grad, name)


def test_gradients_of_spectral_normalize():
    """The largest singular value by the power iteration, in longdouble."""
    w, grad = rng(4).normal(size=(2, 3, 2, 2))

    def plain(w):
        matrix, v = w.reshape(3, 4), np.ones(4, LONG)
        for _ in range(400):
            v = matrix.T @ (matrix @ v)
            v = v / np.sqrt(v @ v)
        u = matrix @ v
        return w / np.sqrt(u @ u)

    found = functional.spectral_normalize_backward(grad, w)
    assert_gradients(plain, (w,), found, grad, functional.spectral_normalize)


def plain_batch(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0, keepdims=True)
    y = (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=0, keepdims=True) + LONG(eps))
    return y, y * gamma + beta


def test_gradients_of_ghost_batch_norm():
    draw = rng(5)
    x, grad = draw.normal(size=(2, 7, 3))
    gamma, beta = draw.normal(size=(2, 3))

    def plain(x, g, b):
        return np.concatenate([plain_batch(x[at : at + 3], g, b)[1] for at in (0, 3, 6)])

    name = lambda x, g, b: functional.ghost_batch_norm(x, size=3, gamma=g, beta=b)  # noqa: E731
    found = functional.ghost_batch_norm_backward(grad, x, size=3, gamma=gamma, beta=beta)
    assert_gradients(plain, (x, gamma, beta), found, grad, name)


@pytest.mark.parametrize("bounds", [(1.0, 0.0), (3.0, 5.0), (1.1, 0.2)])
def test_gradients_of_batch_renorm(bounds):
    """Its correction is a constant: that of the batch at which the gradient is taken."""
    draw = rng(6)
    x, grad = draw.normal(size=(2, 6, 3))
    gamma, beta, mean = draw.normal(size=(3, 3))
    var = draw.uniform(0.5, 2, 3)
    options = {"mean": mean, "var": var, "r_max": bounds[0], "d_max": bounds[1]}
    wide = x.astype(LONG)
    root = np.sqrt(var.astype(LONG) + LONG(1e-5))
    own = np.sqrt(wide.var(axis=0) + LONG(1e-5))
    r = np.clip(own / root, 1 / LONG(bounds[0]), LONG(bounds[0]))
    d = np.clip((wide.mean(axis=0) - mean) / root, -LONG(bounds[1]), LONG(bounds[1]))
    plain = lambda x, g, b: (plain_batch(x, 1, 0)[0] * r + d) * g + b  # noqa: E731
    name = lambda x, g, b: functional.batch_renorm(x, gamma=g, beta=b, **options)  # noqa: E731
    found = functional.batch_renorm_backward(grad, x, gamma=gamma, beta=beta, **options)
    assert_gradients(plain, (x, gamma, beta), found, grad, name)
    if bounds == (3.0, 5.0):  # within the bounds, the result is that of the running statistics
        np.testing.assert_allclose(
            functional.batch_renorm(x, **options),
            functional.batch_norm(x, mean=mean, var=var),
            rtol=1e-12,
            atol=1e-12,
        )


@pytest.mark.parametrize(
    "options", [{}, {"gain": 0.5, "bias": 0.0}, {"power": 0.0}, {"power": 1.5}]
)
def test_gradients_of_pcen(options):
    draw = rng(7)
    x, grad = draw.uniform(0.5, 5, (2, 6)), draw.normal(size=(2, 6))
    found = functional.pcen_backward(grad, x, b=0.3, **options)
    name = lambda x: functional.pcen(x, b=0.3, **options)  # noqa: E731
    wide = {k: LONG(v) for k, v in options.items()}
    assert_gradients(lambda x: plain_pcen(x, LONG(0.3), **wide), (x,), found, grad, name)


def test_reversible_blocks_have_the_gradients_of_the_whole():
    """Of two blocks, from the last activations alone."""
    draw = rng(8)
    W, V = draw.normal(size=(2, 4, 4))
    f, g = (lambda v: np.tanh(v @ W)), (lambda v: np.sin(v @ V))
    back = (
        lambda grad, v: (grad * (1 - np.tanh(v @ W) ** 2)) @ W.T,
        lambda grad, v: (grad * np.cos(v @ V)) @ V.T,
    )
    x1, x2, grad1, grad2 = draw.normal(size=(4, 3, 4))

    def plain(x1, x2):
        for _ in range(2):
            x1 = x1 + f(x2)
            x2 = x2 + g(x1)
        return x1, x2

    y1, y2 = plain(x1, x2)
    state = (y1, y2, grad1, grad2)
    for _ in range(2):
        state = functional.reversible_backward(*state[2:], *state[:2], f, g, *back)
    np.testing.assert_allclose(state[:2], (x1, x2), rtol=1e-12, atol=1e-12)

    def loss(x1, x2):
        y1, y2 = plain(x1, x2)
        return (grad1 * y1).sum() + (grad2 * y2).sum()

    wide = x1.astype(LONG), x2.astype(LONG)
    assert_near(state[2], central(lambda v: loss(v, wide[1]), wide[0]))
    assert_near(state[3], central(lambda v: loss(wide[0], v), wide[1]))


# Errors


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: functional.weight_norm([[1, 2], [0, 0]], 1.0),
            r"only zeros in the unit at \(1, 0\)",
        ),
        (
            lambda: functional.weight_norm([[1, 2]], [1, 2, 3]),
            "`g` must hold one finite number, or one",
        ),
        (lambda: functional.weight_norm([[1, np.nan]], 1.0), "NaN or infinity"),
        (lambda: functional.dynamic_tanh([1.0], alpha=np.inf), "`alpha` must be finite"),
        (lambda: functional.dynamic_tanh([[1.0]], gamma=[1.0, 2.0]), "cannot be broadcast"),
        (lambda: functional.dynamic_tanh([1.0], beta=np.nan), "`beta` must hold finite numbers"),
        (lambda: functional.l2_normalize([1.0], axis=1), "axis=1 does not name axes"),
        (lambda: functional.l2_normalize([1.0], eps=-1), "`eps` must be at least 0"),
        (lambda: functional.ghost_batch_norm([[1.0]], size=0), "`size` must be at least 1"),
        (lambda: functional.batch_renorm([[1.0]], mean=0, var=1, r_max=0.5), "`r_max` must be at"),
        (lambda: functional.pcen([-1.0]), "`x` must hold finite numbers of at least 0"),
        (lambda: functional.pcen([1.0], b=2), "`b` must be a weight from 0 to 1"),
        (lambda: functional.pcen([1.0], eps=0), "`eps` must be a finite number, more than 0"),
        (lambda: functional.pcen([1.0], sr=0), "`sr` must be a finite number, more than 0"),
        (lambda: functional.pcen([1.0], axis=1), "axis=1 is no axis of x"),
        (lambda: functional.l2_normalize_backward([1.0], [[1.0]]), "`grad` has the shape"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_short_floats_stay_short(dtype):
    """Results and gradients have the dtype of the data."""
    x = np.array([[1.0, 2.0], [3.0, 5.0]], dtype)
    found = [
        functional.dynamic_tanh(x),
        functional.l2_normalize(x),
        functional.scale_norm(x),
        functional.weight_norm(x, 1.0),
        functional.weight_standardize(x),
        functional.spectral_normalize(x),
        functional.ghost_batch_norm(x, size=1),
        functional.batch_renorm(x, mean=0.0, var=1.0),
        functional.pcen(x),
        functional.l2_normalize_backward(x, x),
        functional.weight_norm_backward(x, x, 1.0)[0],
        functional.pcen_backward(x, x),
    ]
    assert {f.dtype for f in found} == {np.dtype(dtype)}
    assert {f.shape for f in found} == {x.shape}


@pytest.mark.parametrize("column", [[np.inf, np.inf], [np.inf, 1.0], [-np.inf, np.inf]], ids=str)
def test_infinity_makes_running_statistics_nan(column):
    mean, var = np.zeros(2), np.ones(2)
    x = np.stack([column, [1.0, 3.0]], axis=1)
    functional.batch_norm(x, running_mean=mean, running_var=var, training=True, momentum=0.5)
    np.testing.assert_array_equal(mean, [np.nan, 1.0])
    np.testing.assert_array_equal(var, [np.nan, 1.5])
