"""Write batchnorm.json: what torch.nn.BatchNorm1d makes of streams of batches.

Needs PyTorch. Run `python tests/data/make_batchnorm.py`; --force overwrites the file.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).with_name("batchnorm.json")
MOMENTA = (0.1, 0.5, 1.0, None)


def batches_of(seed: int, count: int) -> list[Any]:
    """Return batches of 2 to 50 rows and 3 columns, of few digits; column 1 is far from 0."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 51, count)
    return [rng.normal([0, 250, -3], [1, 20, 0.1], (n, 3)).round(3) for n in sizes]


def recorded(batches: list[Any], momentum: float | None, gain: Any, bias: Any) -> dict[str, Any]:
    """Return the buffers after each batch, the last output in training, and one after eval()."""
    import torch

    layer = torch.nn.BatchNorm1d(gain.size, momentum=momentum, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(gain))
        layer.bias.copy_(torch.from_numpy(bias))
        means, variances = [], []
        for batch in batches:
            train = layer(torch.from_numpy(batch))
            means.append(layer.running_mean.tolist())
            variances.append(layer.running_var.tolist())
        evaluated = layer.eval()(torch.from_numpy(batches[0]))
    return {
        "momentum": momentum,
        "running_mean": means,
        "running_var": variances,
        "train": train.tolist(),
        "eval": evaluated.tolist(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    if PATH.exists() and not parser.parse_args().force:
        parser.error(f"{PATH} exists: give --force to overwrite it")
    import torch

    gain, bias = np.array([1.0, 0.5, -2.0]), np.array([0.0, 1.0, 0.25])
    streams = []
    for seed, count in ((0, 12), (1, 5)):
        batches = batches_of(seed, count)
        runs = [recorded(batches, momentum, gain, bias) for momentum in MOMENTA]
        streams.append({"batches": [b.tolist() for b in batches], "runs": runs})
    content = {
        "written_by": f"tests/data/make_batchnorm.py, torch {torch.__version__}",
        "gamma": gain.tolist(),
        "beta": bias.tolist(),
        "streams": streams,
    }
    PATH.write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
