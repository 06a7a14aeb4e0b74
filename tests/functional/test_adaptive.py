"""Adaptive norms: gain and bias of each sample, or the statistics of another one."""

from __future__ import annotations

import numpy as np
import pytest
from differences import LONG, assert_gradients, close

from sklearn_norm import functional

CONTENT, STYLE = [[[1.0, 3.0]]], [[[10.0, 20.0, 60.0]]]


def test_adaptive_instance_norm_by_hand():
    """[1, 3] in the style of [10, 20, 60], whose mean is 30."""
    found = functional.adaptive_instance_norm(CONTENT, STYLE, eps=0.0)
    close(found, [[[8.3975310053, 51.6024689947]]])
    found = functional.adaptive_instance_norm(CONTENT, STYLE, eps=0.0, ddof=1)
    close(found, [[[11.29171307, 48.70828693]]], 1e-8)


def test_adaptive_instance_norm_gives_the_statistics_of_the_style():
    """Channels last, other sizes, one style for all samples."""
    draw = np.random.default_rng(0)
    content, style = draw.normal(size=(4, 5, 6, 3)), draw.normal(7, 3, (1, 9, 2, 3))
    found = functional.adaptive_instance_norm(content, style, channel_axis=-1, eps=0.0)
    for sample in found:
        np.testing.assert_allclose(sample.mean((0, 1)), style[0].mean((0, 1)), rtol=1e-12)
        np.testing.assert_allclose(sample.std((0, 1)), style[0].std((0, 1)), rtol=1e-12)
    np.testing.assert_allclose(
        functional.adaptive_instance_norm(content, content, channel_axis=-1), content, rtol=1e-9
    )


def test_missing_members_have_no_part():
    """In the content they stay missing."""
    content = [[[1.0, np.nan, 3.0]]]
    style = [[[10.0, 20.0, np.nan, 60.0]]]
    found = functional.adaptive_instance_norm(content, style, eps=0.0)
    close(found, [[[8.3975310053, np.nan, 51.6024689947]]])
    grads = functional.adaptive_instance_norm_backward([[[1.0, 5.0, 2.0]]], content, style)
    assert (grads[0][0, 0, 1], grads[1][0, 0, 2]) == (0.0, 0.0)
    kept = functional.adaptive_instance_norm_backward([[[1.0, 2.0]]], CONTENT, STYLE)
    np.testing.assert_allclose(grads[0][..., [0, 2]], kept[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(grads[1][..., [0, 1, 3]], kept[1], rtol=1e-12, atol=1e-12)


def plain_style(content, style, axis, eps, ddof):
    over = tuple(at for at in range(1, content.ndim) if at != axis % content.ndim)

    def of(v):
        n = np.prod([v.shape[at] for at in over])
        mean = v.mean(axis=over, keepdims=True)
        return mean, np.sqrt(((v - mean) ** 2).sum(axis=over, keepdims=True) / (n - ddof) + eps)

    (mean, root), (other, spread) = of(content), of(style)
    return (content - mean) / root * spread + other


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("samples", [1, 2])
@pytest.mark.parametrize("axis", [1, -1])
def test_gradients_of_adaptive_instance_norm(axis, samples, ddof):
    draw = np.random.default_rng(1)
    content, style = draw.normal(size=(2, 3, 3)), draw.normal(5, 2, (samples, 3, 3))
    grad = draw.normal(size=content.shape)
    options = {"channel_axis": axis, "eps": 0.125, "ddof": ddof}
    found = functional.adaptive_instance_norm_backward(grad, content, style, **options)
    plain = lambda c, s: plain_style(c, s, axis, LONG(0.125), ddof)  # noqa: E731
    name = lambda c, s: functional.adaptive_instance_norm(c, s, **options)  # noqa: E731
    assert_gradients(plain, (content, style), found, grad, name)


def test_adaptive_layer_norm_by_hand():
    """-1 and 1, times 1 + scale, plus shift: of each sample its own."""
    x = np.array([[[1.0, 3.0], [5.0, 9.0]], [[0.0, 2.0], [4.0, 2.0]]])
    shift, scale = np.array([[0.0, 10.0], [1.0, 1.0]]), np.array([[1.0, 2.0], [0.0, -1.0]])
    found = functional.adaptive_layer_norm(x, shift, scale, eps=0.0)
    assert found.tolist() == [[[-2.0, 13.0], [-2.0, 13.0]], [[0.0, 1.0], [2.0, 1.0]]]
    zero = np.zeros((2, 2))
    np.testing.assert_array_equal(
        functional.adaptive_layer_norm(x, zero, zero),
        functional.layer_norm(x, normalized_ndim=1, eps=1e-6),
    )


@pytest.mark.parametrize(
    ("shape", "size"),
    [((3, 4), (3, 4)), ((2, 3, 4), (2, 4)), ((2, 3, 4), (1, 4)), ((2, 3, 4), (2, 3, 1))],
)
def test_gradients_of_adaptive_layer_norm(shape, size):
    draw = np.random.default_rng(2)
    x, grad = draw.normal(size=(2, *shape))
    shift, scale = draw.normal(size=(2, *size))

    def plain(x, shift, scale):
        if len(size) < len(shape):
            shift, scale = shift[:, None], scale[:, None]
        mean = x.mean(axis=-1, keepdims=True)
        root = np.sqrt(((x - mean) ** 2).mean(axis=-1, keepdims=True) + LONG(1e-6))
        return (x - mean) / root * (1 + scale) + shift

    found = functional.adaptive_layer_norm_backward(grad, x, shift, scale)
    assert_gradients(plain, (x, shift, scale), found, grad, functional.adaptive_layer_norm)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: functional.adaptive_layer_norm(np.ones((3, 3, 4)), np.ones((2, 4)), 0),
            "broadcast",
        ),
        (lambda: functional.adaptive_layer_norm(np.ones((3, 4)), np.ones(4), 0), "n_features"),
        (lambda: functional.adaptive_instance_norm(CONTENT, np.ones((1, 2, 3))), "channels of"),
        (lambda: functional.adaptive_instance_norm(CONTENT, np.ones((3, 1, 3))), "samples or one"),
        (lambda: functional.adaptive_instance_norm(CONTENT, np.ones((1, 1, 3, 2))), "many axes"),
        (
            lambda: functional.adaptive_instance_norm(CONTENT, STYLE, ddof=2),
            "`ddof` must be 0 or 1",
        ),
        (lambda: functional.adaptive_instance_norm(CONTENT, STYLE, channel_axis=3), "no axis"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
