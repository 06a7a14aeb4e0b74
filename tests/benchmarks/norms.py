"""The tensor norms, forward, against torch's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from bars import Bar
from case import COPY, NATIVE, NO_SLOWER, OURS, TORCH, Actions, Case, Work
from machine import peer
from tables import Table, array

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
