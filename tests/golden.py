"""Files of fitted estimators, written once by a version and read by all later ones.

    python tests/golden.py write FOLDER          # tests/golden/<version> for a release
    python tests/golden.py write FOLDER CLASS    # tests/golden/<version>_CLASS for a new class
    python tests/golden.py check FOLDER          # does this version read them right?

A folder holds a joblib and a JSON file of every estimator in several configurations, and what they
answered (expected.npz). Nothing is ever overwritten: what a release wrote is what its users have.
"""

from __future__ import annotations

import argparse
import platform
import sys
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import sklearn

sys.path.append(str(Path(__file__).with_name("shared")))  # where pytest is not there to do so

from configurations import public_estimators
from inside import Scaler, is_bent
from laws import COMPOSITES, read_scaler
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline

import sklearn_norm
from sklearn_norm import (
    ColumnScaler,
    MaxAbsScaler,
    MinMaxScaler,
    PooledScaler,
    RobustScaler,
    StreamingPipeline,
    ZScoreScaler,
)

GOLDEN = Path(__file__).with_name("golden")
PIPELINE = "pipeline"
STREAMING = "StreamingPipeline"
NAMES = ["height", "weight", "age", "flat"]
BENT = (1e-12, 1e-12)  # logarithms of several NumPys, of which means are subtracted
ULPS = 4 * np.finfo(np.float64).eps  # a norm's sums have no fixed bits, a scaler's map has


def tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what is learned, and what comes next: numbers that need no generator."""
    i = np.arange(24.0)
    whole = np.column_stack([170 + i % 7 - i / 8, 60 + (i * i) % 31 / 4, 20 + i, np.full(24, 7.5)])
    whole[5, 1] = np.nan
    frame = pd.DataFrame(whole, columns=NAMES)
    return frame[:16], frame[16:]


def pipelines() -> list[Any]:
    """Return pipelines that stream: of columns and scalers, and of a step that is frozen."""
    some, rest = MinMaxScaler(feature_range=(-1, 1)), RobustScaler()
    columns = ColumnScaler([("some", some, [0, 1]), ("pooled", PooledScaler(rest), [2, 3])])
    return [
        StreamingPipeline([("columns", columns), ("last", ZScoreScaler())]),
        StreamingPipeline([("first", ZScoreScaler())], scale_with="before"),
        StreamingPipeline(
            [("first", MinMaxScaler()), ("frozen", MaxAbsScaler())], update=["first"]
        ),
    ]


def fitted(only: str | None = None) -> dict[str, Any]:
    """Return estimators by name: fitted on arrays, on frames, and in the middle of a stream."""
    learned, _ = tables()
    found: dict[str, Any] = {}
    chosen = [e for e in public_estimators() if only in (None, type(e).__name__)]
    chosen += pipelines() if only in (None, STREAMING) else []
    for place, estimator in enumerate(chosen):
        name = f"{place:02d}_{type(estimator).__name__}"
        if type(estimator).__name__ in ("InstanceNorm", "GroupNorm"):
            estimator.set_params(channel_axis=-1)  # the columns are positions of one channel
        if place % 3 == 0:
            found[name] = estimator.fit(learned.to_numpy())
        elif place % 3 == 1:
            found[name] = estimator.fit(learned).set_output(transform="pandas")
        else:
            found[name] = estimator.fit(learned[:10])
            for row in range(10, 16):
                estimator.partial_fit(learned[row : row + 1])
    if only is not None:
        return found
    columns = [("some", RobustScaler(), NAMES[:2]), ("age", MinMaxScaler(), ["age"])]
    chosen = ColumnTransformer(columns, remainder=ZScoreScaler())
    found[PIPELINE] = make_pipeline(chosen, ZScoreScaler()).fit(learned)
    return found


def answers(estimator: Any) -> dict[str, np.ndarray]:
    """Return what an estimator says of the next table, and all that it learned."""
    _, coming = tables()
    X = coming if hasattr(estimator, "feature_names_in_") else coming.to_numpy()
    found = {"transform": np.asarray(estimator.transform(X))}
    if isinstance(estimator, Scaler):
        found |= {name: np.asarray(value) for name, value in read_scaler(estimator).items()}
    if isinstance(estimator, Scaler) or type(estimator).__name__ in COMPOSITES:
        estimator.partial_fit(X)
        found["after the next batch"] = np.asarray(estimator.transform(X))
    return {name: v.astype(str) if v.dtype == object else v for name, v in found.items()}


def write(folder: Path, only: str | None = None) -> None:
    """Write all files, or those of one class, to a new folder."""
    folder.mkdir(parents=True)  # an error if it is there
    expected = {}
    for name, estimator in fitted(only).items():
        if not is_theirs(estimator):
            joblib.dump(estimator, folder / f"{name}.joblib")
        sklearn_norm.save(estimator, folder / f"{name}.json")
        for reading, value in answers(estimator).items():
            expected[f"{name}: {reading}"] = value
    np.savez_compressed(folder / "expected.npz", **expected)
    versions = f"Python {platform.python_version()}, scikit-learn {sklearn.__version__}"
    text = f"sklearn_norm {sklearn_norm.__version__}, {versions}, NumPy {np.__version__}\n"
    (folder / "WRITTEN_BY.txt").write_text(text, encoding="utf-8")


def is_theirs(estimator: Any) -> bool:
    """Whether an estimator is a Pipeline: pickles of scikit-learn's own are for one version."""
    return isinstance(estimator, Pipeline)


def files(folder: Path) -> list[Path]:
    return sorted([*folder.glob("*.joblib"), *folder.glob("*.json")])


def check(path: Path) -> None:
    """Read one file, and compare what it answers with what it answered when it was written."""
    estimator = joblib.load(path) if path.suffix == ".joblib" else sklearn_norm.load(path)
    with np.load(path.with_name("expected.npz")) as kept:
        expected = {
            key.split(": ")[1]: kept[key] for key in kept if key.startswith(f"{path.stem}:")
        }
    assert expected, f"expected.npz says nothing of {path.name}"
    # the last bits of a logarithm are those of a machine
    exact = isinstance(estimator, Scaler) and not is_bent(estimator)
    exact |= type(estimator).__name__ in COMPOSITES
    found = answers(estimator)
    for reading, value in expected.items():
        what = f"{path}: {reading}"
        if value.dtype.kind != "f":
            np.testing.assert_array_equal(found[reading], value, what)
        elif exact and reading == "transform":
            assert found[reading].tobytes() == value.tobytes(), what
        else:
            bent = isinstance(estimator, Scaler) and is_bent(estimator)
            near = BENT if bent else (16 * ULPS, ULPS)
            np.testing.assert_allclose(found[reading], value, *near, err_msg=what)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("act", choices=["write", "check"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("only", nargs="?", metavar="class")
    told = parser.parse_args()
    if told.act == "write":
        try:
            write(told.folder, told.only)
        except FileExistsError:
            sys.exit(f"{told.folder} is there already, and golden files are never overwritten.")
        return
    found = files(told.folder)
    assert found, f"no files in {told.folder}"
    for path in found:
        check(path)
    print(f"{len(found)} files of {(told.folder / 'WRITTEN_BY.txt').read_text().strip()} are right")


if __name__ == "__main__":
    warnings.simplefilter("error")
    main()
