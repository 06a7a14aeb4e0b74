"""One classifier for ten devices that measure the same in other units, each a little drifted.

The samples are the breast cancer data of scikit-learn. Each was measured by one of ten devices,
and each device has a gain and an offset of its own in every channel. The classifier learns from
seven of them and answers for the others, whose samples without labels are enough to scale them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_norm import GroupScaler, ZScoreScaler

DEVICES, LABELLED = 10, 7
CHANNELS = 10


def measured(seed: int = 0) -> tuple[pd.DataFrame, pd.Series]:
    """Return what the devices measured, and the diagnoses."""
    data = load_breast_cancer(as_frame=True)
    rng = np.random.default_rng(seed)
    X = data.data.iloc[:, :CHANNELS].copy()
    device = rng.integers(0, DEVICES, len(X))
    gain = rng.lognormal(0, 0.4, (DEVICES, CHANNELS))
    offset = rng.normal(0, 2.0, (DEVICES, CHANNELS)) * X.std().to_numpy()
    X = X * gain[device] + offset[device]
    X.insert(0, "device", [f"device {number}" for number in device])
    return X, data.target


def accuracy(X: pd.DataFrame, y: pd.Series, device: pd.Series) -> float:
    """Return the share of right answers for devices without labels."""
    known = device.isin([f"device {number}" for number in range(LABELLED)])
    model = make_pipeline(ZScoreScaler(), LogisticRegression())
    model.fit(X[known], y[known])
    return float(model.score(X[~known], y[~known]))


def main() -> None:
    X, y = measured()
    device, channels = X["device"], X.drop(columns="device")
    standard = GroupScaler(by="device", smooth=2.0).fit(X)
    pooled = GroupScaler(by="device", smooth=2.0, target="pooled").fit(X)

    print("accuracy on devices without labels")
    tables = {
        "as measured": channels,
        "scaled per device": standard.transform(X).drop(columns="device"),
        "harmonised, in the units of the data": pooled.transform(X).drop(columns="device"),
    }
    for name, table in tables.items():
        print(f"  {name:38s}{accuracy(table, y, device):.3f}")

    print("\nmean radius of two devices, and of all")
    for key in standard.groups_[:2]:
        print(f"  {key:12s}{standard.stats_for(key).mean_[0]:8.2f}")
    print(f"  {'all':12s}{standard.global_.mean_[0]:8.2f}")

    print("\na new device comes in two batches")
    rows = X[:60].assign(device="device 99")
    rows.iloc[:, 1:] *= 3.0
    for batch in (rows[:30], rows[30:]):
        standard.partial_fit(batch)
    back = standard.inverse_transform(standard.transform(rows))
    same = np.allclose(back.drop(columns="device"), rows.drop(columns="device"))
    print(f"  groups: {len(standard.groups_)}, and the inverse gives its data back: {same}")


if __name__ == "__main__":
    main()
