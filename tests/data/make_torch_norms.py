"""Write torch_norms.json: what the normalisation modules of PyTorch make of small tensors.

Needs PyTorch. Run `python tests/data/make_torch_norms.py`; --force overwrites the file.
Inputs are multiples of 1/16, and so the same in float32; results are exact float64.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).with_name("torch_norms.json")
# class in torch.nn, its arguments, the shape of a first batch, its options
CASES: list[tuple[str, list[Any], tuple[int, ...], dict[str, Any]]] = [
    ("LayerNorm", [[6]], (5, 6), {}),
    ("LayerNorm", [[5]], (2, 4, 5), {"eps": 0.5}),
    ("LayerNorm", [[4, 5]], (2, 4, 5), {}),
    ("LayerNorm", [[2, 3]], (2, 3, 2, 3), {"eps": 1e-12}),
    ("LayerNorm", [[2, 3, 2, 2]], (2, 2, 3, 2, 2), {}),
    ("RMSNorm", [[6]], (5, 6), {}),
    ("RMSNorm", [[5]], (2, 4, 5), {"eps": 0.5}),
    ("RMSNorm", [[4, 5]], (2, 4, 5), {"eps": 1e-5}),
    ("RMSNorm", [[2, 3]], (2, 3, 2, 3), {"eps": 1e-12}),
    ("RMSNorm", [[2, 3, 2, 2]], (2, 2, 3, 2, 2), {}),
    ("GroupNorm", [2, 8], (4, 8), {}),
    ("GroupNorm", [2, 4], (2, 4, 5), {"eps": 0.5}),
    ("GroupNorm", [1, 4], (2, 4, 3, 2), {"eps": 1e-12}),
    ("GroupNorm", [3, 6], (2, 6, 2, 1, 2), {}),
    ("InstanceNorm1d", [3], (3, 3, 6), {}),
    ("InstanceNorm2d", [3], (2, 3, 3, 4), {"eps": 0.5}),
    ("InstanceNorm3d", [2], (2, 2, 3, 2, 2), {"eps": 1e-12}),
    ("BatchNorm1d", [4], (7, 4), {"momentum": 0.5}),
    ("BatchNorm1d", [3], (3, 3, 4), {"eps": 0.5, "momentum": None}),
    ("BatchNorm2d", [3], (2, 3, 3, 2), {}),
    ("BatchNorm3d", [2], (2, 2, 2, 3, 2), {"eps": 1e-12, "momentum": 1.0}),
]


def drawn(rng: Any, name: str, arguments: list[Any], shape: tuple[int, ...]) -> dict[str, Any]:
    """Return batches far from 0, a gradient for each, gamma and beta; all in float64."""
    sizes = shape[:1] if "Batch" not in name else (shape[0], shape[0] + 1)
    size = arguments[0] if name in ("LayerNorm", "RMSNorm") else arguments[-1:]
    spread = rng.uniform(1, 20, shape[1]).reshape(-1, *[1] * (len(shape) - 2))
    center = rng.uniform(-250, 250, spread.shape)
    return {
        "batches": [rng.normal(center, spread, (n, *shape[1:])) for n in sizes],
        "grads": [rng.normal(0, 3, (n, *shape[1:])) for n in sizes],
        "gamma": rng.normal(0, 2, size),
        "beta": rng.normal(0, 2, size),
    }


def made(name: str, arguments: list[Any], options: dict[str, Any], data: Any, affine: bool) -> Any:
    """Return the module in float64."""
    import torch

    switch = {"elementwise_affine" if name in ("LayerNorm", "RMSNorm") else "affine": affine}
    module = getattr(torch.nn, name)(*arguments, **options, **switch, dtype=torch.float64)
    with torch.no_grad():
        if affine:
            module.weight.copy_(torch.from_numpy(data["gamma"]))
        if affine and name != "RMSNorm":
            module.bias.copy_(torch.from_numpy(data["beta"]))
    return module


def step(module: Any, batch: Any, grad: Any) -> dict[str, Any]:
    """Return what one pass forward and backward gives, and the buffers after it."""
    import torch

    module.zero_grad()
    x = torch.from_numpy(batch).requires_grad_()
    y = module(x)
    y.backward(torch.from_numpy(grad))
    found = {"y": y.detach(), "grad_x": x.grad}
    if getattr(module, "weight", None) is not None:
        found["grad_gamma"] = module.weight.grad
    if getattr(module, "bias", None) is not None:
        found["grad_beta"] = module.bias.grad
    if getattr(module, "running_mean", None) is not None:
        found |= {"running_mean": module.running_mean, "running_var": module.running_var}
    return {name: tensor.numpy().copy() for name, tensor in found.items()}


def recorded(module: Any, data: Any) -> list[dict[str, Any]]:
    """Return a step for each batch; of batch norms then one after eval(), of the first batch."""
    steps = [step(module, *pair) for pair in zip(data["batches"], data["grads"], strict=True)]
    if getattr(module, "running_mean", None) is not None:
        steps.append(step(module.eval(), data["batches"][0], data["grads"][0]))
    return steps


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    if not parser.parse_args().force and PATH.exists():
        parser.error(f"{PATH} exists: give --force to overwrite it")
    import torch

    rng = np.random.default_rng(0)
    content: dict[str, Any] = {
        "written_by": f"tests/data/make_torch_norms.py, torch {torch.__version__}",
        "cases": [],
    }
    for name, arguments, shape, options in CASES:
        data = {
            key: [np.rint(16 * v) / 16 for v in values] if isinstance(values, list) else values
            for key, values in drawn(rng, name, arguments, shape).items()
        }
        data |= {key: np.rint(16 * data[key]) / 16 for key in ("gamma", "beta")}
        # without an eps of its own, RMSNorm takes that of the dtype
        eps = made(name, arguments, options, data, False).eps
        eps = torch.finfo(torch.float64).eps if eps is None else eps
        case = {"module": name, "arguments": arguments, "options": {**options, "eps": eps}, **data}
        for affine in (False, True):
            case["affine" if affine else "plain"] = recorded(
                made(name, arguments, options, data, affine), data
            )
        content["cases"].append(case)
    text = json.dumps(content, separators=(",", ":"), default=np.ndarray.tolist)
    PATH.write_text(text.replace(',{"module"', ',\n{"module"') + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
