"""The main tasks on tables that come with scikit-learn: scale, train, stream, save, predict, undo.

Needs numpy, scipy, scikit-learn and pandas; downloads nothing.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from sklearn_norm import MinMaxScaler, RobustScaler, ZScoreScaler

# The code of the new process, which gets one row as JSON and the saved model.
PREDICT = """
import io, sys
import joblib
import pandas as pd
model = joblib.load(sys.argv[1])
row = pd.read_json(io.StringIO(sys.stdin.read()), orient="split", dtype=False)
print(model.predict(row)[0])
"""


def scaling(table: pd.DataFrame) -> ColumnTransformer:
    """Scale skewed columns by quantiles, those of few values to [0, 1], the rest by z-score."""
    few = table.columns[table.nunique() <= 3]
    others = table.columns.difference(few, sort=False)
    skewed = others[table[others].skew().abs() > 1]
    plain = others.difference(skewed, sort=False)
    return ColumnTransformer(
        [
            ("few", MinMaxScaler(), list(few)),
            ("skewed", RobustScaler(), list(skewed)),
            ("plain", ZScoreScaler(), list(plain)),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def compare_models() -> None:
    print("1. Five-fold cross-validation of nearest neighbours")
    print(f"   {'table':<16}{'rows':>6}{'columns':>9}{'score':>10}{'raw':>8}{'scaled':>8}")
    for name, data, model, score in (
        ("wine", load_wine(as_frame=True), KNeighborsClassifier(), "accuracy"),
        ("breast_cancer", load_breast_cancer(as_frame=True), KNeighborsClassifier(), "accuracy"),
        (
            "diabetes",
            load_diabetes(as_frame=True, scaled=False),
            KNeighborsRegressor(15),
            "r2",
        ),
    ):
        raw = cross_val_score(model, data.data, data.target, scoring=score).mean()
        pipeline = make_pipeline(scaling(data.data), model)
        scaled = cross_val_score(pipeline, data.data, data.target, scoring=score).mean()
        rows, columns = data.data.shape
        print(f"   {name:<16}{rows:>6}{columns:>9}{score:>10}{raw:>8.3f}{scaled:>8.3f}")


def stream_and_merge() -> None:
    table = load_breast_cancer(as_frame=True).data
    whole = ZScoreScaler().fit(table)

    streamed = ZScoreScaler()
    for first in range(0, len(table), 50):
        streamed.partial_fit(table.iloc[first : first + 50])

    one, other = ZScoreScaler().fit(table[:200]), ZScoreScaler().fit(table[200:])
    merged = one.merge(other)

    print("\n2. One fit, a stream of 50 rows at a time, and a merge of two fits (breast_cancer)")
    print(f"   {'':<12}{'rows seen':>10}{'mean radius':>22}{'largest difference':>22}")
    for name, scaler in (("one fit", whole), ("stream", streamed), ("merge", merged)):
        apart = difference(scaler, whole)
        rows, mean = scaler.n_samples_seen_, scaler.mean_[0]
        print(f"   {name:<12}{rows:>10}{mean:>22.15f}{apart:>22.1e}")
        assert apart < 1e-12


def difference(scaler: ZScoreScaler, other: ZScoreScaler) -> float:
    """Return the largest relative difference of means and scales."""
    pairs = ((scaler.mean_, other.mean_), (scaler.scale_, other.scale_))
    return float(max(np.max(np.abs(a - b) / np.abs(b)) for a, b in pairs))


def save_and_predict() -> None:
    wine = load_wine(as_frame=True)
    train, test, train_y, test_y = train_test_split(
        wine.data, wine.target, random_state=0, stratify=wine.target
    )
    model = make_pipeline(scaling(train), KNeighborsClassifier()).fit(train, train_y)
    row = test.iloc[[0]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wine.joblib"
        joblib.dump(model, path)
        size = path.stat().st_size
        done = subprocess.run(
            [sys.executable, "-c", PREDICT, str(path)],
            input=row.to_json(orient="split", double_precision=15),
            capture_output=True,
            text=True,
            check=True,
        )
    here, there = int(model.predict(row)[0]), int(done.stdout)
    print("\n3. Saved by joblib, loaded in a new process, asked for one row (wine)")
    print(f"   accuracy on {len(test)} rows kept apart   {model.score(test, test_y):>8.3f}")
    print(f"   size of the file                  {size:>8} bytes")
    print(f"   class predicted here, and there   {here:>4}{there:>4}   true: {test_y.iloc[0]}")
    assert here == there


def undo() -> None:
    table = load_wine(as_frame=True).data[["alcohol", "magnesium", "proline"]]
    scaler = MinMaxScaler((-1, 1)).set_output(transform="pandas")
    scaled = scaler.fit_transform(table)
    back = scaler.inverse_transform(scaled)
    some = scaler.inverse_transform(scaled[["proline"]])
    print("\n4. Scaled and undone, each time as a DataFrame (wine)")
    for title, frame in (("raw", table), ("scaled", scaled), ("undone", back), ("one", some)):
        cells = "".join(f"{name:>12} {frame[name].iloc[0]:>9.4f}" for name in frame)
        print(f"   {title:<8}{cells}")
    pd.testing.assert_frame_equal(back, table, rtol=1e-14)


if __name__ == "__main__":
    compare_models()
    stream_and_merge()
    save_and_predict()
    undo()
