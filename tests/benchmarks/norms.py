"""The tensor norms, forward and backward, against torch's; and with the channels last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from bars import Bar
from case import COPY, NATIVE, NO_SLOWER, OURS, TORCH, Actions, Case, Work
from machine import peer
from tables import Table, array

from sklearn_norm import ChannelScaler
from sklearn_norm import functional as ours

N_GROUPS, EPS = 8, 1e-5
BURST = 3  # the shortest of these run for a millisecond


class Norm(NamedTuple):
    """A norm here, of (x, gain, bias, mean, variance), and in torch, whose functions come first."""

    name: str
    shape: tuple[int, ...]
    small_shape: tuple[int, ...]
    ours: Callable[..., Any]
    theirs: Callable[..., Any]


ROWS = (20_000, 512), (200, 512)
IMAGES = (64, 32, 56, 56), (2, 32, 14, 14)
NORMS = [
    Norm(
        "layer_norm",
        *ROWS,
        lambda x, g, b, m, v: ours.layer_norm(x, gamma=g, beta=b),
        lambda F, x, g, b, m, v: F.layer_norm(x, x.shape[1:], g, b),
    ),
    Norm(
        "rms_norm",
        *ROWS,
        lambda x, g, b, m, v: ours.rms_norm(x, gamma=g),
        lambda F, x, g, b, m, v: F.rms_norm(x, x.shape[1:], g, EPS),
    ),
    Norm(
        "instance_norm",
        *IMAGES,
        lambda x, g, b, m, v: ours.instance_norm(x, gamma=g, beta=b),
        lambda F, x, g, b, m, v: F.instance_norm(x, weight=g, bias=b),
    ),
    Norm(
        f"group_norm of {N_GROUPS}",
        *IMAGES,
        lambda x, g, b, m, v: ours.group_norm(x, gamma=g, beta=b, num_groups=N_GROUPS),
        lambda F, x, g, b, m, v: F.group_norm(x, N_GROUPS, g, b),
    ),
    Norm(
        "batch_norm, train",
        *IMAGES,
        lambda x, g, b, m, v: ours.batch_norm(x, gamma=g, beta=b),
        lambda F, x, g, b, m, v: F.batch_norm(x, None, None, g, b, True),
    ),
    Norm(
        "batch_norm, eval",
        *IMAGES,
        lambda x, g, b, m, v: ours.batch_norm(x, gamma=g, beta=b, mean=m, var=v),
        lambda F, x, g, b, m, v: F.batch_norm(x, m, v, g, b, False),
    ),
]


class Backward(NamedTuple):
    """The backward pass of a norm, of (gradient, x, gain, bias), and torch's norm."""

    name: str
    shape: tuple[int, ...]
    small_shape: tuple[int, ...]
    n_learned: int
    ours: Callable[..., Any]
    theirs: Callable[..., Any]


BACKWARD = [
    Backward(
        "layer_norm backward",
        (8, 128, 768),
        (2, 8, 768),
        768,
        lambda d, x, g, b: ours.layer_norm_backward(d, x, gamma=g, beta=b, normalized_ndim=1),
        lambda F, x, g, b: F.layer_norm(x, x.shape[2:], g, b),
    ),
    Backward(
        "batch_norm backward",
        (16, 64, 56, 56),
        (2, 64, 8, 8),
        64,
        lambda d, x, g, b: ours.batch_norm_backward(d, x, gamma=g, beta=b),
        lambda F, x, g, b: F.batch_norm(x, None, None, g, b, True),
    ),
]
FIRST, TIMES_TORCH, TIMES_FIRST = "channels first", 2.0, 1.5
LINE, TIMES_LINE = "a line of NumPy", 2.0
MEAN, SD = np.array([[123.675, 116.28, 103.53], [58.395, 57.12, 57.375]])  # of ImageNet, in bytes
LAST = {  # norms of images with the channels last
    "batch_norm, train, channels last": ours.batch_norm,
    f"group_norm of {N_GROUPS}, channels last": partial(ours.group_norm, num_groups=N_GROUPS),
}


def backward_cases(small: bool) -> Iterator[Case]:
    bars = (Bar(16, TORCH, TIMES_TORCH),) if NATIVE else ()
    for norm in BACKWARD:
        table = Table(norm.small_shape if small else norm.shape, "float32")
        yield Case(norm.name, table, 1, partial(backward, norm, table), bars, burst=BURST)


def last_cases(small: bool) -> Iterator[Case]:
    bars = (Bar(17, FIRST, TIMES_FIRST),) if NATIVE else ()
    for name, norm in LAST.items():
        table = Table((2, 64, 14, 14) if small else (16, 64, 56, 56), "float32")
        yield Case(name, table, 1, partial(channels_last, norm, table), bars, burst=BURST)


def byte_cases(small: bool) -> Iterator[Case]:
    bars = (Bar(19, LINE, TIMES_LINE),) if NATIVE else ()
    table = Table((2, 32, 32, 3) if small else (32, 224, 224, 3), "uint8")
    yield Case("ChannelScaler, bytes to float32", table, 1, partial(of_bytes, table), bars)


def of_bytes(table: Table) -> Work:
    """Scale images as they come, seen with their channels first."""
    images = np.random.default_rng(0).integers(0, 256, table.shape, dtype=np.uint8)
    X = images.transpose(0, 3, 1, 2)
    gain = (1 / SD).astype(np.float32)[:, None, None]
    offset = (-MEAN / SD).astype(np.float32)[:, None, None]
    scaler = ChannelScaler.from_stats(mean=MEAN, std=SD, dtype="float32")
    return Work(
        {
            COPY: images.copy,
            OURS: partial(scaler.transform, X),
            LINE: lambda: X * gain + offset,
        }
    )


def channels_last(norm: Callable[..., Any], table: Table) -> Work:
    x = array(table)
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    vectors = dict(zip(("gamma", "beta"), np.ones((2, x.shape[1]), x.dtype), strict=True))
    first = partial(norm, x, **vectors)
    return Work({COPY: x.copy, OURS: partial(norm, last, channel_axis=-1, **vectors), FIRST: first})


def backward(norm: Backward, table: Table) -> Work:
    x, rng = array(table), np.random.default_rng(1)
    gain, bias = rng.uniform(0.5, 1.5, (2, norm.n_learned)).astype(table.dtype)
    grad = rng.standard_normal(x.shape, dtype=table.dtype)
    actions: Actions = {COPY: x.copy, OURS: partial(norm.ours, grad, x, gain, bias)}
    if torch := peer("torch"):
        torch.set_num_threads(1)
        tensors = [torch.from_numpy(a).requires_grad_() for a in (x, gain, bias)]
        result, by_result = norm.theirs(torch.nn.functional, *tensors), torch.from_numpy(grad)
        actions[TORCH] = partial(torch.autograd.grad, result, tensors, by_result, retain_graph=True)
    return Work(actions)


def norm_cases(small: bool, n_threads: int) -> Iterator[Case]:
    bars = (Bar(4, TORCH, NO_SLOWER),) if NATIVE else ()
    for dtype in ("float32", "float64"):
        for threads in sorted({1, n_threads}):
            for norm in NORMS:
                table = Table(norm.small_shape if small else norm.shape, dtype)
                for affine in (False, True):
                    operation = norm.name + (", gain, bias" if affine else "")
                    work = partial(forward, norm, affine, table, threads)
                    yield Case(operation, table, threads, work, bars, burst=BURST)


def forward(norm: Norm, affine: bool, table: Table, n_threads: int) -> Work:
    x = array(table)
    rng, size = np.random.default_rng(1), x.shape[1]
    gain, bias, mean, variance = rng.uniform(0.5, 1.5, (4, size)).astype(table.dtype)
    given = [x, gain if affine else None, bias if affine else None, mean, variance]
    actions: Actions = {COPY: x.copy, OURS: partial(norm.ours, *given)}
    if torch := peer("torch"):
        torch.set_num_threads(n_threads)
        tensors = [None if a is None else torch.from_numpy(a) for a in given]
        actions[TORCH] = partial(norm.theirs, torch.nn.functional, *tensors)
    return Work(actions)
