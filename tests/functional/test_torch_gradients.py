"""The functions that training needs, beside the automatic gradients of PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_norm import functional

torch = pytest.importorskip("torch", reason="PyTorch is optional; longdouble is always met")
F = torch.nn.functional
DRAW = np.random.default_rng(0)
X, W = DRAW.normal(size=(6, 4)), DRAW.normal(size=(3, 4, 2))
GAIN, BIAS = DRAW.normal(size=4), DRAW.normal(size=4)
MAPS, STYLE = DRAW.normal(size=(2, 3, 5, 4)), DRAW.normal(3, 2, (2, 3, 4, 4))
TOKENS, SHIFT, SCALE = DRAW.normal(size=(2, 5, 4)), *DRAW.normal(size=(2, 2, 4))


def restyled(content, style):
    """Adaptive instance norm as its code in PyTorch has it: unbiased, eps in both."""
    over = (2, 3)
    mean, root = content.mean(over, True), (content.var(over, keepdim=True) + 1e-5).sqrt()
    return (content - mean) / root * (style.var(over, keepdim=True) + 1e-5).sqrt() + style.mean(
        over, True
    )


def of_ghosts(x, gain, bias):
    parts = [F.batch_norm(p, None, None, gain, bias, True) for p in x.split(3)]
    return torch.cat(parts)


CASES = {
    "dynamic_tanh": (
        (X, GAIN, BIAS),
        lambda x, g, b: functional.dynamic_tanh(x, gamma=g, beta=b),
        lambda grad, x, g, b: [
            v
            for i, v in enumerate(functional.dynamic_tanh_backward(grad, x, gamma=g, beta=b))
            if i != 1
        ],
        lambda x, g, b: torch.tanh(0.5 * x) * g + b,
    ),
    "l2_normalize": (
        (X,),
        functional.l2_normalize,
        functional.l2_normalize_backward,
        lambda x: F.normalize(x, dim=-1),
    ),
    "weight_norm": (
        (W, GAIN[:3]),
        functional.weight_norm,
        functional.weight_norm_backward,
        lambda w, g: torch._weight_norm(w, g.reshape(3, 1, 1), 0),
    ),
    "weight_standardize": (
        (W, GAIN[:3]),
        lambda w, g: functional.weight_standardize(w, gain=g, scaled=False),
        lambda grad, w, g: functional.weight_standardize_backward(grad, w, gain=g, scaled=False),
        lambda w, g: F.layer_norm(w, (4, 2), eps=1e-4) * g.reshape(3, 1, 1),
    ),
    "spectral_normalize": (
        (W,),
        functional.spectral_normalize,
        functional.spectral_normalize_backward,
        lambda w: w / torch.linalg.matrix_norm(w.reshape(3, 8), 2),
    ),
    "ghost_batch_norm": (
        (X, GAIN, BIAS),
        lambda x, g, b: functional.ghost_batch_norm(x, size=3, gamma=g, beta=b),
        lambda grad, x, g, b: functional.ghost_batch_norm_backward(
            grad, x, size=3, gamma=g, beta=b
        ),
        of_ghosts,
    ),
    "adaptive_instance_norm": (
        (MAPS, STYLE),
        lambda c, s: functional.adaptive_instance_norm(c, s, ddof=1),
        lambda grad, c, s: functional.adaptive_instance_norm_backward(grad, c, s, ddof=1),
        restyled,
    ),
    "adaptive_layer_norm": (
        (TOKENS, SHIFT, SCALE),
        functional.adaptive_layer_norm,
        functional.adaptive_layer_norm_backward,
        lambda x, shift, scale: (
            F.layer_norm(x, (4,), eps=1e-6) * (1 + scale[:, None]) + shift[:, None]
        ),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_results_and_gradients_are_those_of_pytorch(name):
    given, forward, backward, theirs = CASES[name]
    tensors = [torch.tensor(v, requires_grad=True) for v in given]
    expected = theirs(*tensors)
    grad = np.random.default_rng(1).normal(size=expected.shape)
    expected.backward(torch.from_numpy(grad))
    np.testing.assert_allclose(forward(*given), expected.detach(), rtol=1e-11, atol=1e-12)
    found = backward(grad, *given)
    found = found if isinstance(found, (list, tuple)) else [found]
    for gradient, tensor in zip(found, tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad, rtol=1e-9, atol=1e-11)


def test_gradients_are_clipped_as_by_pytorch():
    """Its norm of all, and the unit-wise clipping of a bias as one unit."""
    tensors = [torch.tensor(v, requires_grad=True) for v in (X, GAIN)]
    for tensor, grad in zip(tensors, (X * 3, GAIN), strict=True):
        tensor.grad = torch.tensor(grad)
    norm = torch.nn.utils.clip_grad_norm_(tensors, 2.0)
    clipped, found = functional.clip_by_global_norm([X * 3, GAIN], 2.0)
    np.testing.assert_allclose(found, norm, rtol=1e-12)
    for got, tensor in zip(clipped, tensors, strict=True):
        np.testing.assert_allclose(got, tensor.grad, rtol=1e-6)  # PyTorch adds 1e-6 to the norm


def test_running_statistics_are_those_of_pytorch():
    """Batch after batch, with its conventions."""
    ours = {"running_mean": np.zeros(4), "running_var": np.ones(4)}
    theirs = [torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64)]
    for batch in (X, X[:2] * 3, TOKENS.reshape(-1, 4)):
        y = functional.batch_norm(batch, gamma=GAIN, beta=BIAS, training=True, momentum=0.3, **ours)
        tensors = [torch.from_numpy(v) for v in (batch, GAIN, BIAS)]
        expected = F.batch_norm(tensors[0], *theirs, *tensors[1:], True, 0.3)
        np.testing.assert_allclose(y, expected, rtol=1e-12, atol=1e-12)
        for kept, tensor in zip(ours.values(), theirs, strict=True):
            np.testing.assert_allclose(kept, tensor, rtol=1e-13)
    expected = F.batch_norm(tensors[0], *theirs)
    np.testing.assert_allclose(functional.batch_norm(batch, **ours), expected, rtol=1e-12)
