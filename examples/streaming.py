"""Learning from a stream that may be killed: partial_fit, and a checkpoint every few batches.

The checkpoint is one file, written atomically, with the scaler and the position in the stream. Run
it, kill it at any moment, run it again: it continues from the last checkpoint, and the final
statistics are the same bit for bit. No batch is lost or counted twice. `--help` lists the options.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import sklearn_norm
from sklearn_norm.estimators.scaler import Scaler

SENSORS = ["pressure", "temperature", "flow", "vibration"]
LEVELS, SPREADS = np.array([101_325.0, 293.0, 4.2, 0.01]), np.array([300.0, 8.0, 0.6, 0.004])


def given(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("checkpoint", type=Path, nargs="?", default=Path("stream.json"), help="file to go on from")
    add("--scaler", default="ZScoreScaler", help="class of sklearn_norm (ZScoreScaler)")
    add("--batches", type=int, default=2000, help="batches in the stream (2000)")
    add("--rows", type=int, default=20, help="rows in a batch (20)")
    add("--every", type=int, default=50, help="batches between two checkpoints (50)")
    return parser.parse_args(arguments)


def stream(first: int, last: int, rows: int) -> Iterator[np.ndarray]:
    """Yield the batches of a stream from a position on, as from a log that can be reread."""
    for place in range(first, last):
        rng = np.random.default_rng([20_26, place])
        batch = rng.normal(LEVELS, SPREADS, (rows, len(SENSORS)))
        batch[rng.random(batch.shape) < 0.02] = np.nan  # missing readings
        yield batch


def resumed(checkpoint: Path, kind: str) -> tuple[Scaler, int]:
    """Return the scaler and the next batch, from the checkpoint if there is one."""
    if not checkpoint.exists():
        return getattr(sklearn_norm, kind)(), 0
    scaler, notes = sklearn_norm.load(checkpoint, with_notes=True)
    return scaler, notes["next_batch"]


def learn(arguments: argparse.Namespace) -> Scaler:
    """Learn the rest of the stream."""
    scaler, first = resumed(arguments.checkpoint, arguments.scaler)
    print(f"from batch {first} of {arguments.batches}")
    batches = stream(first, arguments.batches, arguments.rows)
    for place, batch in enumerate(batches, first + 1):
        scaler.partial_fit(batch)
        if place % arguments.every == 0 or place == arguments.batches:
            sklearn_norm.save(scaler, arguments.checkpoint, notes={"next_batch": place})
    return scaler


def main(arguments: Sequence[str] | None = None) -> None:
    told = given(arguments)
    scaler = learn(told)
    print(scaler)
    print("rows seen per sensor:", *np.broadcast_to(scaler.n_samples_seen_, len(SENSORS)))
    mean = scaler.transform(LEVELS[None])[0]
    for sensor, place in zip(SENSORS, mean, strict=True):
        print(f"{sensor:<12} its level is scaled to {place:+.4f}")


if __name__ == "__main__":
    main()
