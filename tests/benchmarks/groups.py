"""A million rows in a hundred thousand groups, against polars and pandas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from bars import Bar
from case import COPY, NATIVE, OURS, PANDAS, POLARS, Actions, Case, Work
from machine import peer
from tables import Table, array

import sklearn_norm as ours

FULL, SMALL = Table((1_000_000, 10)), Table((10_000, 10))
ROWS_OF_GROUP = 10  # on average
TIMES = 10  # faster than pandas' groupby.transform


def group_cases(small: bool, n_threads: int) -> Iterator[Case]:
    table = SMALL if small else FULL
    for kind in ("numbers", "text"):
        for method in ("fit", "transform"):
            bars = (Bar(15, POLARS, 1.0), Bar(15, PANDAS, 1 / TIMES)) if NATIVE else ()
            yield Case(
                f"GroupScaler, {method}, keys of {kind}",
                table,
                n_threads,
                partial(work, table, kind, method),
                bars,
            )


@cache
def keys(table: Table, kind: str) -> Any:
    n = table.shape[0]
    numbers = np.random.default_rng(1).integers(0, n // ROWS_OF_GROUP, n)
    return numbers if kind == "numbers" else numbers.astype(str).astype(object)


def work(table: Table, kind: str, method: str) -> Work:
    X, groups = array(table), keys(table, kind)
    names = [f"sensor {i}" for i in range(table.shape[1])]
    scaler = ours.GroupScaler()
    act = scaler.fit if method == "fit" else scaler.fit(X, groups=groups).transform
    actions: Actions = {COPY: X.copy, OURS: partial(act, X, groups=groups)}
    frame = pd.DataFrame(X, columns=names).assign(key=groups)
    actions[PANDAS] = partial(by_pandas, frame, names)
    polars = peer("polars")
    if polars is not None:
        by = by_polars_groups if method == "fit" else by_polars_over
        actions[POLARS] = partial(by, polars, polars.from_pandas(frame), names)
    return Work(actions, X.sum)


def by_pandas(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    groups = frame.groupby("key")[names]
    return (frame[names] - groups.transform("mean")) / groups.transform("std", ddof=0)


def by_polars_groups(polars: Any, frame: Any, names: list[str]) -> Any:
    """Measure what a z-score needs."""
    columns = [polars.col(name) for name in names]
    means = [c.mean().name.suffix(" mean") for c in columns]
    return frame.group_by("key").agg(means + [c.std(ddof=0).name.suffix(" std") for c in columns])


def by_polars_over(polars: Any, frame: Any, names: list[str]) -> Any:
    columns = [polars.col(name) for name in names]
    return frame.with_columns(
        (c - c.mean().over("key")) / c.std(ddof=0).over("key") for c in columns
    )
