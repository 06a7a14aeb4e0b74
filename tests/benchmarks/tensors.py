"""Time the tensor norms, forward, beside PyTorch's on one thread.

    python tests/benchmarks/tensors.py            # the full sizes, about a minute
    python tests/benchmarks/tensors.py --small    # a hundredth of them, to see that it runs

Each figure is the median of several runs, taken in turn in one process: the function of
sklearn_norm on one thread and on all usable cores, PyTorch's on one thread, and
`X.copy()`, which is what the hardware asks. Without PyTorch, its columns stay empty.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from timing import medians

from sklearn_norm import functional as ours

try:
    import torch
    from torch.nn import functional as theirs
except ImportError:
    torch = None


def on_one_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    def limited() -> Any:
        before = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = "1"
        try:
            return call()
        finally:
            del os.environ["OMP_NUM_THREADS"]
            if before is not None:
                os.environ["OMP_NUM_THREADS"] = before

    return limited


def cases(small: bool) -> list[tuple[str, tuple[int, ...], int, Callable[..., Any], Any]]:
    """Return (name, shape, size of gamma, ours, theirs)."""
    rows = (200, 512) if small else (20000, 512)
    images = (2, 32, 14, 14) if small else (64, 32, 56, 56)

    def batch(x: Any, g: Any, b: Any) -> Any:
        return theirs.batch_norm(x, None, None, g, b, True)

    return [
        ("layer", rows, 512, ours.layer_norm, lambda x, g, b: theirs.layer_norm(x, (512,), g, b)),
        ("rms", rows, 512, ours.rms_norm, lambda x, g, b: theirs.rms_norm(x, (512,), g, 1e-5)),
        (
            "instance",
            images,
            32,
            ours.instance_norm,
            lambda x, g, b: theirs.instance_norm(x, weight=g, bias=b),
        ),
        (
            "group",
            images,
            32,
            partial(ours.group_norm, num_groups=8),
            lambda x, g, b: theirs.group_norm(x, 8, g, b),
        ),
        ("batch", images, 32, ours.batch_norm, batch),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--json", help="where to write the figures")
    told = parser.parse_args()
    rng, rows = np.random.default_rng(0), []
    version = "none" if torch is None else torch.__version__
    print(f"Python {platform.python_version()}, numpy {np.__version__}, torch {version}")
    print(
        f"{'norm':10s}{'shape':20s}{'dtype':9s}{'affine':8s}{'1 thread':>10s}{'all cores':>10s}"
        f"{'torch, 1':>10s}{'copy':>8s}{'1 / torch':>11s}{'all / torch':>12s}"
    )
    if torch is not None:
        torch.set_num_threads(1)
    for name, shape, size, mine, peer in cases(told.small):
        for dtype in (np.float32, np.float64):
            x = rng.normal(3, 2, shape).astype(dtype)
            vectors = [rng.normal(size=size).astype(dtype) for _ in range(2)]
            for affine in (False, True):
                g, b = vectors if affine else (None, None)
                b = None if name == "rms" else b
                call = partial(mine, x, g, b)
                actions = [on_one_thread(call), call, x.copy]
                if torch is not None:
                    given = [None if v is None else torch.from_numpy(v) for v in (x, g, b)]
                    actions.append(partial(peer, *given))
                one, every, copy, *rest = medians(actions, told.runs)
                theirs_s = rest[0] if rest else float("nan")
                print(
                    f"{name:10s}{'x'.join(map(str, shape)):20s}{dtype.__name__:9s}"
                    f"{'yes' if affine else 'no':8s}{one * 1e3:7.1f} ms{every * 1e3:7.1f} ms"
                    f"{theirs_s * 1e3:7.1f} ms{copy * 1e3:5.1f} ms{one / theirs_s:11.2f}"
                    f"{every / theirs_s:12.2f}",
                    flush=True,
                )
                row = {"norm": name, "shape": shape, "dtype": dtype.__name__, "affine": affine}
                times = {"one_s": one, "all_s": every, "torch_s": theirs_s, "copy_s": copy}
                rows.append(row | times)
    if told.json:
        with open(told.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    sys.exit(main())
