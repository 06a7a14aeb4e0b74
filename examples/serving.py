"""A saved pipeline answers requests from several threads, compared with StandardScaler.

Needs numpy, scipy, scikit-learn and pandas; downloads nothing. `--help` lists the options.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_norm import ZScoreScaler

TABLE = load_breast_cancer(as_frame=True)


def given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=4, help="threads that ask (4)")
    parser.add_argument("--rows", type=int, default=2000, help="rows asked for in all (2000)")
    parser.add_argument("--batch", type=int, default=1, help="rows in one request (1)")
    parser.add_argument(
        "--model",
        type=Path,
        help="joblib file of a pipeline fitted on scikit-learn's breast cancer table, as a "
        "DataFrame or an array, its first step a scaler; by default, both are made",
    )
    return parser.parse_args()


def data(kind: str) -> Any:
    return TABLE.data if kind == "DataFrame" else TABLE.data.to_numpy()


def loaded(kind: str) -> Pipeline:
    """Return a pipeline as in a server: fitted on this kind of data, and loaded from a file."""
    pipeline = make_pipeline(ZScoreScaler(), LogisticRegression()).fit(data(kind), TABLE.target)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pipeline.joblib"
        joblib.dump(pipeline, path)
        return joblib.load(path)


def requests(kind: str, rows: int, batch: int) -> list[Any]:
    """Return requests, which are batches of rows: DataFrames or arrays."""
    places = np.resize(np.arange(len(TABLE.data)), (rows // batch, batch))
    frames = [TABLE.data.iloc[some] for some in places]
    return frames if kind == "DataFrame" else [frame.to_numpy() for frame in frames]


def answered(answer: Callable[[Any], Any], asked: list[Any]) -> tuple[list[bytes], list[float]]:
    """Return the bits of all answers, and the seconds that each took."""
    bits, seconds = [], []
    for request in asked:
        start = perf_counter()
        result = answer(request)
        seconds.append(perf_counter() - start)
        bits.append(np.asarray(result).tobytes())
    return bits, seconds


def serve(answer: Callable[[Any], Any], asked: list[Any], threads: int) -> tuple[float, ...]:
    """Return the median and the 99th percentile of a request in µs, and requests per second."""
    expected, _ = answered(answer, asked)
    shares = [asked[first::threads] for first in range(threads)]
    start = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(lambda share: answered(answer, share), shares))
    wall = perf_counter() - start
    for first, (bits, _) in enumerate(done):
        assert bits == expected[first::threads], "a thread had another answer"
    median, late = np.percentile(np.concatenate([seconds for _, seconds in done]), [50, 99]) * 1e6
    return float(median), float(late), len(asked) / wall


def main() -> None:
    arguments = given()
    rows, batch, threads = arguments.rows, arguments.batch, arguments.threads
    if arguments.model is None:
        served = {kind: loaded(kind) for kind in ("ndarray", "DataFrame")}
    else:
        model = joblib.load(arguments.model)
        served = {"DataFrame" if hasattr(model, "feature_names_in_") else "ndarray": model}
    print(f"{rows} rows, {batch} in a request, from {threads} threads")
    print(f"{'':<30}{'p50 µs':>8}{'p99 µs':>8}{'rows/s':>9}{'':4}with StandardScaler")
    for kind, ours in served.items():
        peer = make_pipeline(StandardScaler(), *(clone(step) for _, step in ours.steps[1:]))
        peer.fit(data(kind), TABLE.target)
        asked = requests(kind, rows, batch)
        for what, method in (("scale", "transform"), ("predict", "predict_proba")):
            cells = ""
            for pipeline in (ours, peer):
                part = pipeline[:1] if what == "scale" else pipeline
                p50, p99, rate = serve(getattr(part, method), asked, threads)
                cells += f"{p50:>8.0f}{p99:>8.0f}{rate * batch:>9.0f}    "
            print(f"{what:<10}{kind:<20}{cells.rstrip()}")
    print("every answer has the bits of the single-threaded one")


if __name__ == "__main__":
    main()
