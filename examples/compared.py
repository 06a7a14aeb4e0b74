"""The results of scikit-learn's scalers for hard inputs, and those of sklearn_norm.

Every cell is measured when the script runs; the table in the README is its output with
scikit-learn 1.9.1.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from sklearn import preprocessing

import sklearn_norm

THEIRS = SimpleNamespace(
    standard=preprocessing.StandardScaler,
    minmax=preprocessing.MinMaxScaler,
    robust=preprocessing.RobustScaler,
)
OURS = SimpleNamespace(
    standard=sklearn_norm.ZScoreScaler,
    minmax=sklearn_norm.MinMaxScaler,
    robust=sklearn_norm.RobustScaler,
)
ROWS: list[tuple[str, Callable[[Any], Any]]] = []


def row(title: str) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(measure: Callable[[Any], Any]) -> Callable[[Any], Any]:
        ROWS.append((title, measure))
        return measure

    return add


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


@row("z-score of 1e6 Unix times, 1.7e9 ± 0.3 s: standard deviation of the result")
def large_mean(kit: Any) -> Any:
    X = 1.7e9 + 0.3 * np.random.default_rng(0).standard_normal((1_000_000, 1))
    return kit.standard().fit_transform(X).std()


@row("z-score of 1e9 ± 0.01, streamed in 10 batches of 10,000: scale_")
def drifting_threshold(kit: Any) -> Any:
    rng, scaler = np.random.default_rng(1), kit.standard()
    for _ in range(10):
        scaler.partial_fit(1e9 + 0.01 * rng.standard_normal((10_000, 1)))
    return scaler.scale_


@row("z-score of [1e155, 2e155, 3e155]")
def large(kit: Any) -> Any:
    return kit.standard().fit_transform(column(1e155, 2e155, 3e155))


@row("z-score of [1e-170, 2e-170, 3e-170]")
def small(kit: Any) -> Any:
    return kit.standard().fit_transform(column(1e-170, 2e-170, 3e-170))


@row("z-score of 1,000 times 14.62: the result for 14.62")
def constant(kit: Any) -> Any:
    return kit.standard().fit_transform(np.full((1000, 1), 14.62))[0]


@row("z-score of [1e307, 1.2e307] streamed 100 times: mean_ and scale_")
def long_sum(kit: Any) -> Any:
    scaler = kit.standard()
    for _ in range(100):
        scaler.partial_fit(column(1e307, 1.2e307))
    return np.append(scaler.mean_, scaler.scale_)


@row("z-score of [nan, nan], then of [1, 3]")
def missing_first(kit: Any) -> Any:
    scaler = kit.standard().partial_fit(column(np.nan, np.nan))
    return scaler.partial_fit(column(1.0, 3.0)).transform(column(1.0, 3.0))


@row("z-score of [1, 2, 3] with the weights [1, -3, 1]: var_")
def negative_weight(kit: Any) -> Any:
    return kit.standard().fit(column(1.0, 2.0, 3.0), sample_weight=[1, -3, 1]).var_


@row("min-max of 1,000 values of ±0.5e-15: width of the result")
def tiny(kit: Any) -> Any:
    X = (np.random.default_rng(0).random((1000, 1)) - 0.5) * 1e-15
    return np.ptp(kit.minmax().fit_transform(X))


@row("min-max of [-1.7e308, 1.7e308]")
def widest(kit: Any) -> Any:
    return kit.minmax().fit_transform(column(-1.7e308, 1.7e308))


@row("min-max of [1e-310, 2e-310, 3e-310]")
def subnormal(kit: Any) -> Any:
    return kit.minmax().fit_transform(column(1e-310, 2e-310, 3e-310))


@row("min-max of float16 0 to 10 into ±60000: the ends")
def half_precision(kit: Any) -> Any:
    X = np.arange(11, dtype="float16")[:, None]
    return kit.minmax((-60000, 60000)).fit_transform(X)[[0, -1]]


@row("min-max of 20 normal values, 2,000 fits: how many miss 0 or 1 or leave [0, 1]")
def bounds(kit: Any) -> Any:
    missed = 0
    for seed in range(2000):
        X = 10 * np.random.default_rng(seed).standard_normal((20, 1))
        Z = kit.minmax().fit_transform(X)
        missed += Z.min() != 0 or Z.max() != 1
    return missed


@row("min-max with feature_range=([0, 10], [1, 5])")
def reversed_range(kit: Any) -> Any:
    return kit.minmax(([0, 10], [1, 5])).fit_transform([[1.0, 2.0], [3.0, 4.0]])


@row("robust, [10] * 9 + [1e6] with an interquartile range of 0: largest result")
def spike(kit: Any) -> Any:
    return kit.robust().fit_transform(column(*[10.0] * 9, 1e6)).max()


@row("robust, 1,000 values of ±0.5e-15: width of the result")
def tiny_quartiles(kit: Any) -> Any:
    X = (np.random.default_rng(0).random((1000, 1)) - 0.5) * 1e-15
    return np.ptp(kit.robust().fit_transform(X))


@row("robust, a stream: partial_fit of [1, 2], then of [3]: center_")
def robust_stream(kit: Any) -> Any:
    return kit.robust().partial_fit(column(1.0, 2.0)).partial_fit(column(3.0)).center_


FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [100.0, 200.0, 400.0]})


@row("inverse of a frame whose columns were swapped: first row, which was a=1, b=100")
def swapped(kit: Any) -> Any:
    scaler = kit.standard().set_output(transform="pandas")
    Z = scaler.fit_transform(FRAME)
    return np.asarray(scaler.inverse_transform(Z[["b", "a"]]))[0]


@row("inverse of a frame: type of the result")
def inverse_frame(kit: Any) -> Any:
    scaler = kit.standard().set_output(transform="pandas")
    return type(scaler.inverse_transform(scaler.fit_transform(FRAME))).__name__


@row("infinity in column 1: which column does the error name?")
def infinity(kit: Any) -> Any:
    try:
        kit.standard().fit([[1.0, np.inf], [2.0, 3.0]])
    except ValueError as error:
        return "column 1" if "column 1" in str(error) else "none"
    return "no error"


def measured(measure: Callable[[Any], Any], kit: Any) -> str:
    """Return a result as text; the type name if it raises an exception."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            result = measure(kit)
        except (ValueError, TypeError, AttributeError) as error:
            return type(error).__name__
    if isinstance(result, np.ndarray):
        return ", ".join(f"{v:.4g}" for v in result.ravel())
    return f"{result:.4g}" if isinstance(result, float) else str(result)


def main() -> None:
    print(f"scikit-learn {sklearn.__version__}, sklearn_norm {sklearn_norm.__version__}\n")
    print("| input | scikit-learn | sklearn_norm |")
    print("|---|---|---|")
    for title, measure in ROWS:
        print(f"| {title} | {measured(measure, THEIRS)} | {measured(measure, OURS)} |", flush=True)


if __name__ == "__main__":
    main()
