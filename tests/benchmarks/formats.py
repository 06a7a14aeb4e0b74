"""How large a fitted estimator is in each format, and how long it takes to write and to load.

pip install -e ".[onnx,skops]"
python tests/benchmarks/formats.py          # a table in reStructuredText, as in the docs
"""

from __future__ import annotations

import io
import statistics
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import joblib
import onnxruntime
import skl2onnx
import skops.io
from skl2onnx.common.data_types import DoubleTensorType
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from tables import Table, array

import sklearn_norm
from sklearn_norm import LayerNorm, MinMaxScaler, RobustScaler, ZScoreScaler

RUNS = 15


class Format(NamedTuple):
    """How to write an estimator to a file, and to load one that answers."""

    name: str
    write: Callable[[Any, Path], object]
    load: Callable[[Path], object]


def write_onnx(estimator: Any, path: Path) -> None:
    width = estimator.n_features_in_
    types = [("X", DoubleTensorType([None, width]))]
    path.write_bytes(skl2onnx.to_onnx(estimator, initial_types=types).SerializeToString())


FORMATS = (
    Format("joblib", joblib.dump, joblib.load),
    Format("JSON", sklearn_norm.save, sklearn_norm.load),
    Format(
        "skops", skops.io.dump, lambda path: skops.io.load(path, trusted=sklearn_norm.TRUSTED_TYPES)
    ),
    Format("ONNX", write_onnx, lambda path: onnxruntime.InferenceSession(path.read_bytes())),
)


def estimators() -> Iterator[tuple[str, Any]]:
    few, many = array(Table((10_000, 20))), array(Table((2_000, 2_000)))
    yield "``ZScoreScaler``, 20 features", ZScoreScaler().fit(few)
    yield "``ZScoreScaler``, 2,000 features", ZScoreScaler().fit(many)
    yield "``RobustScaler``, 20 features, 10,000 rows", RobustScaler().fit(few)
    parts = [("a", MinMaxScaler(), slice(0, 10)), ("b", ZScoreScaler(), slice(10, 20))]
    yield "pipeline of three steps", make_pipeline(ColumnTransformer(parts), LayerNorm()).fit(few)


def median(act: Callable[[], object]) -> float:
    taken = []
    for _ in range(RUNS):
        start = perf_counter()
        act()
        taken.append(perf_counter() - start)
    return statistics.median(taken)


def rows() -> Iterator[tuple[str, ...]]:
    yield "estimator", "format", "KiB", "write, ms", "load, ms"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        for what, estimator in estimators():
            for form in FORMATS:
                written = median(lambda form=form, it=estimator: form.write(it, path))
                loaded = median(lambda form=form: form.load(path))
                size = path.stat().st_size / 1024
                times = (f"{seconds * 1e3:.2f}" for seconds in (written, loaded))
                yield what, form.name, f"{size:.1f}", *times
                what = ""


def table(cells: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    text = io.StringIO()
    for i, row in enumerate(cells):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        text.write(f"{rule}\n" * (i < 2) + (line.rstrip() if row[0] else "\\" + line[1:].rstrip()))
        text.write("\n")
    return text.getvalue() + rule


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(table(list(rows())))
