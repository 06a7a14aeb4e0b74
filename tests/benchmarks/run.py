"""Time every scaler beside scikit-learn's, and measure the peak memory of fit.

    python tests/benchmarks/run.py            # the full sizes, some minutes
    python tests/benchmarks/run.py --small    # a hundredth of them, to see that it runs

Each figure is the median of several runs, taken in turn with the peer's in one process.
`limit` is what the hardware asks: one read of the array (a sum) beside fit, `X.copy()`
beside transform and its inverse. A ratio below 1 is faster than the peer. Memory is the
peak beyond the input, as a share of it.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from functools import partial

import numpy as np
import pandas as pd
import sklearn
from sklearn import preprocessing as theirs
from timing import medians, peak_share

import sklearn_norm as ours

PAIRS = [
    (ours.ZScoreScaler, theirs.StandardScaler),
    (ours.MinMaxScaler, theirs.MinMaxScaler),
    (ours.RobustScaler, theirs.RobustScaler),
    (ours.DecimalScaler, theirs.MaxAbsScaler),
    (ours.BatchStatsScaler, theirs.StandardScaler),
]
SHAPES = [(1_000_000, 20), (200_000, 200), (10_000_000, 3), (2_000, 20_000)]


def tables(small: bool) -> list[tuple[str, object]]:
    rng = np.random.default_rng(0)
    shapes = [(max(2000, n // 100), max(3, p // 100)) if small else (n, p) for n, p in SHAPES]
    arrays = [(f"{n}x{p}", rng.standard_normal((n, p))) for n, p in shapes]
    n, p = shapes[0]
    names = [f"c{i}" for i in range(p)]
    frame = pd.DataFrame(rng.standard_normal((n, p)), columns=names)
    return [*arrays, (f"frame {n}x{p}", frame)]


def measured(name: str, X: object, runs: int) -> list[dict[str, object]]:
    values = np.asarray(X)
    rows = []
    for mine, peer in PAIRS:
        slow = runs if peer is not theirs.RobustScaler else max(3, runs // 2)
        fit, their_fit = mine().fit, peer().fit
        limit, a, b = medians([values.sum, partial(fit, X), partial(their_fit, X)], slow)
        memory = peak_share(partial(mine().fit, X), values.nbytes)
        rows.append(row(name, mine, "fit", a, b, limit, memory))
        ours, other = mine().fit(X), peer().fit(X)
        for act in ("transform", "inverse_transform"):
            calls = [partial(getattr(fitted, act), X) for fitted in (ours, other)]
            limit, a, b = medians([values.copy, *calls], runs)
            rows.append(row(name, mine, act, a, b, limit, None))
    return rows


def row(
    table: str, scaler: type, act: str, a: float, b: float, limit: float, memory: float | None
) -> dict[str, object]:
    share = "" if memory is None else f"{memory:7.1%}"
    print(
        f"{table:16s}{scaler.__name__:18s}{act:18s}{a * 1e3:8.1f} ms{b * 1e3:9.1f} ms"
        f"{a / b:8.2f}{a / limit:9.2f}  {share}",
        flush=True,
    )
    return {
        "table": table,
        "scaler": scaler.__name__,
        "operation": act,
        "ours_s": a,
        "scikit_learn_s": b,
        "limit_s": limit,
        "peak_memory_share": memory,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", help="where to write the figures")
    told = parser.parse_args()
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"scikit-learn {sklearn.__version__}, {platform.machine()}"
    )
    print(
        f"{'table':16s}{'scaler':18s}{'operation':18s}{'ours':>11s}{'sklearn':>12s}"
        f"{'ratio':>8s}{'to limit':>9s}  memory"
    )
    rows = [r for name, X in tables(told.small) for r in measured(name, X, told.runs)]
    if told.json:
        with open(told.json, "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)
    slower = [r for r in rows if r["ours_s"] > r["scikit_learn_s"]]
    print(f"{len(rows)} rows, {len(slower)} slower than scikit-learn")


if __name__ == "__main__":
    sys.exit(main())
