"""PyTorch's own sample inputs for its norms, through our functions: no wrong number.

What is refused is told in `refusal`, with the reason; nothing else is. It takes seconds to import
the samples, which are part of PyTorch's tests, so a short run leaves them out.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from sklearn_norm import functional as ours

pytestmark = pytest.mark.full

BARS = {"float64": 1e-12, "float32": 1e-5}  # of the largest value of a result


class Call(NamedTuple):
    """One of our norms as PyTorch calls it: what it says of a sample."""

    norm: str
    x: Any
    shape: Any = ()  # of what is normalised together, for the norms of trailing axes
    weight: Any = None
    bias: Any = None
    eps: Any = 1e-5
    num_groups: int = 1
    running: tuple[Any, Any] = (None, None)
    training: bool = True
    momentum: float = 0.1


def layer(x, shape, weight=None, bias=None, eps=1e-5):
    return Call("layer_norm", x, shape, weight, bias, eps)


def rms(x, shape, weight=None, eps=None):
    eps = float(np.finfo(x.numpy().dtype).eps) if eps is None else eps
    return Call("rms_norm", x, shape, weight, None, eps)


def group(x, num_groups, weight=None, bias=None, eps=1e-5):
    return Call("group_norm", x, (), weight, bias, eps, num_groups)


def native_group(x, weight, bias, n_samples, n_channels, positions, num_groups, eps):
    return group(x, num_groups, weight, bias, eps)


def batch(
    x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5
):
    return Call(
        "batch_norm", x, (), weight, bias, eps, 1, (running_mean, running_var), training, momentum
    )


def native_batch(x, weight, bias, mean, var, training, momentum, eps):
    return batch(x, mean, var, weight, bias, training, momentum, eps)


def legit(x, weight, bias, *rest):
    running, how = (rest[:2], rest[2:]) if len(rest) > 3 else ((None, None), rest)
    return batch(x, *running, weight, bias, *how)


def updating(x, weight, bias, mean, var, momentum, eps):
    return batch(x, mean, var, weight, bias, True, momentum, eps)


def instance(
    x,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-5,
):
    """With statistics of its own it is an instance norm, and else a batch norm in use."""
    if use_input_stats:
        return Call("instance_norm", x, (), weight, bias, eps)
    return batch(x, running_mean, running_var, weight, bias, False, momentum, eps)


FUNCTIONS = {
    "nn.functional.layer_norm": layer,
    "nn.functional.rms_norm": rms,
    "nn.functional.group_norm": group,
    "nn.functional.instance_norm": instance,
    "nn.functional.batch_norm": batch,
    "native_layer_norm": layer,
    "native_group_norm": native_group,
    "native_batch_norm": native_batch,
    "_native_batch_norm_legit": legit,
    "_batch_norm_with_update": updating,
}


def refusal(call):
    """Return the message of what we refuse and PyTorch takes, None if nothing is wrong."""
    if call.eps < 0:
        return "`eps` must be at least 0"  # else the root of a small variance is NaN
    if call.norm == "batch_norm" and call.x.ndim < 2:
        return "x must have the shape"  # there is no axis of channels
    if call.norm == "batch_norm" and call.training and not 0 <= call.momentum <= 1:
        return "`momentum` must be a weight"  # variances would become negative
    return None


def answer(call):
    """Return what our function says, and the running statistics after it."""
    x, weight, bias = (None if t is None else t.numpy() for t in (call.x, call.weight, call.bias))
    options = {"gamma": weight, "beta": bias, "eps": call.eps}
    if call.norm == "rms_norm":
        del options["beta"]
    if call.norm in ("layer_norm", "rms_norm"):
        options["normalized_ndim"] = len(call.shape)
        if len(call.shape) == x.ndim:  # of one sample, as the error of ours says
            return getattr(ours, call.norm)(x[None], **options)[0], []
    if call.norm == "group_norm":
        options["num_groups"] = call.num_groups
    running = [None if t is None else t.numpy().copy() for t in call.running]
    if call.norm == "batch_norm":
        options |= {"training": call.training, "momentum": call.momentum}
        options |= dict(zip(("running_mean", "running_var"), running, strict=True))
    return getattr(ours, call.norm)(x, **options), running


def error(actual, expected):
    """Return the largest difference, in shares of the largest value."""
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    peak = np.abs(expected).max(initial=1.0)
    return np.abs(actual.astype(np.float64) - expected).max(initial=0.0) / peak


@pytest.fixture(scope="module")
def samples():
    """Return the samples of each norm of PyTorch, and the norm, by its name and a dtype."""
    torch = pytest.importorskip("torch", reason="PyTorch is optional: .ci/run installs it")
    pytest.importorskip("expecttest", reason="PyTorch's own tests need it: .ci/run installs it")
    from torch.testing._internal.common_methods_invocations import op_db

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    norms = {op.name: op for op in op_db if op.name in FUNCTIONS and not op.variant_test_name}

    def of(name, dtype):
        theirs = norms[name]
        for sample in theirs.reference_inputs("cpu", getattr(torch, dtype), requires_grad=False):
            yield sample, theirs.op

    yield of
    torch.set_num_threads(threads)


@pytest.mark.parametrize("dtype", BARS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_sample_of_torch_is_right_or_refused_for_a_reason(name, dtype, samples):
    right = 0
    for sample, theirs in samples(name, dtype):
        call = FUNCTIONS[name](sample.input, *sample.args, **sample.kwargs)
        message = refusal(call)
        if message is not None:
            with pytest.raises(ValueError, match=message):
                answer(call)
            continue
        found, running = answer(call)  # before theirs, which overwrites the running statistics
        expected = theirs(sample.input, *sample.args, **sample.kwargs)
        expected = expected[0] if isinstance(expected, tuple) else expected
        assert error(found, expected.numpy()) <= BARS[dtype], sample
        for after, tensor in zip(running, call.running, strict=False):
            if after is not None:
                assert error(after, tensor.numpy()) <= BARS[dtype], sample
        right += 1
    assert right >= 4


def test_most_samples_are_taken(samples):
    """Of 148 in a dtype of PyTorch 2.13 we refuse 22, of which 14 for a negative `eps`."""
    calls = [
        FUNCTIONS[name](sample.input, *sample.args, **sample.kwargs)
        for name in FUNCTIONS
        for sample, _ in samples(name, "float64")
    ]
    refused = [message for message in map(refusal, calls) if message]
    assert len(calls) >= 126
    assert len(refused) < 0.2 * len(calls), {m: refused.count(m) for m in refused}
