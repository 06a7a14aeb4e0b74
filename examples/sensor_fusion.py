"""Lidar, camera and radar in one table, each scaled in its own way, and back.

    python examples/sensor_fusion.py

The ranges of the lidar are brought to [0, 1] by their extrema, the pixels of the camera by their
known bounds, 0 and 255, and the radar's speed and strength to z-scores. The place is text and the
time a date: both stay as they are. The scaler is fitted to one drive, learns the next one batch by
batch, serves one row, and undoes what it did, in whole and in part.
"""

from __future__ import annotations

import time

import numpy as np
import pandas as pd

from sklearn_norm import ColumnScaler, MinMaxScaler, ZScoreScaler

PIXELS = [f"px_{i}" for i in range(4)]


def drive(n_rows: int, seed: int) -> pd.DataFrame:
    """Return the fused measurements of a drive, made up."""
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2024-05-01") + pd.Timedelta(days=seed)
    columns = {
        "time": start + pd.to_timedelta(np.arange(n_rows) * 50, unit="ms"),
        "place": rng.choice(["yard", "road", "bridge"], n_rows),
        "range": rng.gamma(4.0, 6.0, n_rows),
        **{name: rng.integers(0, 256, n_rows).astype(np.uint8) for name in PIXELS},
        "speed": rng.normal(13.0, 4.0, n_rows),
        "strength": rng.normal(-60.0, 8.0, n_rows).astype(np.float32),
    }
    return pd.DataFrame(columns)


def scaler() -> ColumnScaler:
    return ColumnScaler(
        [
            ("lidar", MinMaxScaler(), ["range"]),
            ("camera", MinMaxScaler(data_range=(0, 255)), PIXELS),
            ("radar", ZScoreScaler(), ["speed", "strength"]),
        ]
    )


def main() -> None:
    first, second = drive(2000, 0), drive(1000, 1)
    fusion = scaler()
    scaled = fusion.fit_transform(first)
    print("one drive, scaled:")
    print(scaled.head(3).to_string(float_format="{:.3f}".format))

    for start in range(0, len(second), 100):
        fusion.partial_fit(second[start : start + 100])
    both = scaler().fit(pd.concat([first, second], ignore_index=True))
    same = fusion.transform(first).equals(both.transform(first))
    print(f"ten batches more equal one fit to both drives: {same}")

    row = second.iloc[[7]]
    served = fusion.transform(row)
    start = time.perf_counter()
    for _ in range(100):
        fusion.transform(row)
    print(f"one row takes {(time.perf_counter() - start) * 1e4:.0f} microseconds")
    print(served.to_string(index=False, float_format="{:.3f}".format))

    back = fusion.inverse_transform(fusion.transform(second))
    floats = ["range", "speed", "strength"]
    others = second.columns.difference(floats)
    error = max(
        (back[name] - second[name]).abs().max()
        / (np.finfo(second[name].dtype).eps * second[name].abs().max())
        for name in floats
    )
    print(f"undone: the rest is the same, bit for bit: {back[others].equals(second[others])}")
    print(f"floats are within {error:.1f} units in the last place of the largest")
    speed = fusion.inverse_transform(served[["speed"]])
    print(f"the speed alone: {speed.iloc[0, 0]:.6f}, it was {row['speed'].iloc[0]:.6f}")


if __name__ == "__main__":
    main()
