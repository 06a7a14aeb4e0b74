"""Loaded pipelines answer rows in several processes and threads, for as long as is asked.

    python tests/attack/soak.py --rows 1000000

Every process loads the same joblib files, and its threads answer its share of the rows one by one,
and as many again in batches of mixed size, as arrays and as frames. Meanwhile other threads fit on
streams of their own, under a configuration of their own. What must hold: every answer has the bits
of the single-threaded one, every stream ends in the bits of the same stream alone, the memory of a
process stays flat, and nothing is raised.

Memory is the resident set: /proc/self/statm on Linux; elsewhere its peak by `resource`, which can
only grow, and nothing on Windows. A warning of `sklearn.utils.parallel.delayed` is scikit-learn's:
its ColumnTransformer resets the filters of warnings, which all threads share, for a moment.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import sys
import tempfile
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    LayerNorm,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
)

NAMES = [f"c{i}" for i in range(12)]
ROWS = 2000  # of the table
SIZES = (2, 7, 3, 64, 1, 30, 5, 300)  # rows of requests, again and again
PAUSE = 0.02  # seconds that a fitting thread sleeps between two streams
WARM = 0.2  # the share of requests after which memory counts
ALLOWED = 8 << 20  # bytes that a process may grow by: less than a byte per row of a million


class Report(NamedTuple):
    """What one process saw."""

    rows: int
    growth: int | None
    seconds: float


def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    values = rng.lognormal(1.0, 1.5, (ROWS, len(NAMES))).round(3)
    values[rng.random(values.shape) < 0.02] = np.nan
    return pd.DataFrame(values, columns=NAMES)


def write(folder: Path) -> None:
    """Fit pipelines, and dump them."""
    data = table()
    columns = ColumnTransformer(
        [
            ("skewed", RobustScaler(), NAMES[:4]),
            ("range", MinMaxScaler(clip=True), NAMES[4:8]),
            ("points", DecimalScaler(), NAMES[8:]),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")
    pipelines = {
        "frames": make_pipeline(columns, ZScoreScaler()).fit(data),
        "arrays": make_pipeline(ZScoreScaler(), RobustScaler(), LayerNorm()).fit(data.to_numpy()),
        "averages": make_pipeline(BatchStatsScaler(), LayerNorm()).fit(data.to_numpy()),
    }
    for name, pipeline in pipelines.items():
        joblib.dump(pipeline, folder / f"{name}.joblib")


def requests(rows: int, sizes: tuple[int, ...]) -> list[slice]:
    """Return places in the table, of those sizes in turn and that many rows in all."""
    found: list[slice] = []
    left, first = rows, 0
    while left:
        size = min(sizes[len(found) % len(sizes)], left)
        first = (first + 37) % (ROWS - size)
        found.append(slice(first, first + size))
        left -= size
    return found


def answered(pipelines: dict[str, Any], data: pd.DataFrame, place: slice) -> bytes:
    """Return a digest of what the pipelines say of some rows, each at its turn."""
    name = sorted(pipelines)[place.start % len(pipelines)]
    given = data.iloc[place] if name == "frames" else data.to_numpy()[place]
    said = np.ascontiguousarray(pipelines[name].transform(given))
    return hashlib.blake2b(said.tobytes(), digest_size=8).digest()


def streamed(data: pd.DataFrame, seed: int) -> list[bytes]:
    """Fit scalers on batches of any size under a number of threads, and return their bits."""
    with sklearn_norm.config_context(n_threads=1 + seed % 3):
        scalers = [ZScoreScaler(), RobustScaler(rank_error=0.02), BatchStatsScaler()]
        cuts = np.random.default_rng(seed).integers(0, len(data), 40)
        for rows in np.split(data.to_numpy(), np.sort(cuts)):
            for scaler in scalers:
                scaler.partial_fit(rows) if len(rows) else None
        assert sklearn_norm.get_config() == {"n_threads": 1 + seed % 3}
    return [scaler.scale_.tobytes() for scaler in scalers]


def resident() -> int | None:
    """Return the bytes that this process has in memory, or had at most."""
    if sys.platform.startswith("linux"):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return None
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def process(folder: str, rows: int, n_threads: int) -> Report:
    """Answer rows from threads, and compare; this is what a new process runs."""
    start, data = perf_counter(), table()
    pipelines = {p.stem: joblib.load(p) for p in sorted(Path(folder).glob("*.joblib"))}
    asked = requests(rows, (1,)) + requests(rows, SIZES)
    np.random.default_rng(rows).shuffle(asked)
    alone = {(p.start, p.stop): b"" for p in asked}
    for first, stop in alone:
        alone[first, stop] = answered(pipelines, data, slice(first, stop))
    streams = [streamed(data, seed) for seed in range(3)]
    done = threading.Event()

    def serve(share: list[slice]) -> None:
        for place in share:
            assert answered(pipelines, data, place) == alone[place.start, place.stop], place

    def learn(seed: int) -> int:
        count = 0
        while not done.wait(PAUSE) or not count:
            assert streamed(data, seed) == streams[seed]
            count += 1
        return count

    def serve_all(part: list[slice], pool: ThreadPoolExecutor) -> None:
        list(pool.map(serve, [part[i::n_threads] for i in range(n_threads)]))

    with ThreadPoolExecutor(n_threads) as pool, ThreadPoolExecutor(3) as learners:
        learning = [learners.submit(learn, seed) for seed in range(3)]
        try:
            warm = int(len(asked) * WARM)
            serve_all(asked[:warm], pool)
            before = resident()
            serve_all(asked[warm:], pool)
            after = resident()
        finally:
            done.set()
        for one in learning:
            assert one.result() > 0
    growth = None if before is None or after is None else after - before
    return Report(sum(p.stop - p.start for p in asked), growth, perf_counter() - start)


def soak(rows: int, n_processes: int = 4, n_threads: int = 8) -> list[Report]:
    """Answer that many rows in all, and return what each process saw."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        context = multiprocessing.get_context("spawn")  # the only way there is on Windows
        with ProcessPoolExecutor(n_processes, mp_context=context) as pool:
            shares = [rows // n_processes] * n_processes
            tasks = [pool.submit(process, folder, share, n_threads) for share in shares]
            return [task.result() for task in tasks]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows in all (1000000)")
    parser.add_argument("--processes", type=int, default=4, help="processes (4)")
    parser.add_argument("--threads", type=int, default=8, help="threads that ask in each (8)")
    given = parser.parse_args()
    start = perf_counter()
    reports = soak(given.rows, given.processes, given.threads)
    seconds = perf_counter() - start
    for number, report in enumerate(reports):
        grown = "not known" if report.growth is None else f"{report.growth / 2**20:+.1f} MiB"
        print(f"process {number}: {report.rows} rows, memory {grown} after warming up")
    print(
        f"{given.rows} rows one by one and {given.rows} in batches, in {seconds:.0f} s: "
        "every answer as expected"
    )
    if any(report.growth is not None and report.growth > ALLOWED for report in reports):
        raise SystemExit("memory is not flat")


if __name__ == "__main__":
    main()
