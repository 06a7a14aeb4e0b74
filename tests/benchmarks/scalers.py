"""The scalers against scikit-learn's, river's and the sketches of datasketches."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pandas as pd
from bars import Bar, memory_bar
from case import (
    COPY,
    MULTIPLY,
    NATIVE,
    NO_SLOWER,
    OURS,
    READ,
    RIVER,
    SKETCHES,
    SKLEARN,
    Actions,
    Case,
    Work,
)
from machine import peer
from sklearn import preprocessing as theirs
from tables import Table, array

import sklearn_norm as ours

PAIRS = {
    ours.ZScoreScaler: theirs.StandardScaler,
    ours.MinMaxScaler: theirs.MinMaxScaler,
    ours.DecimalScaler: theirs.MaxAbsScaler,
    ours.BatchStatsScaler: theirs.StandardScaler,
    ours.RobustScaler: theirs.RobustScaler,
}
TALL, MIDDLE, NARROW, WIDE = (1_000_000, 20), (200_000, 200), (10_000_000, 3), (2_000, 20_000)
CONTENTS = [("float64", 0.0), ("float64", 0.05), ("float32", 0.0)]
N_BATCHES = 10
ROWS_TO_FIT = 1000  # enough for a map, where only the map is measured


def scaler_cases(small: bool, n_threads: int) -> Iterator[Case]:
    for shape in (TALL, MIDDLE, NARROW, WIDE):
        for dtype, nan_share in CONTENTS:
            table = Table(shrunk(shape) if small else shape, dtype, nan_share)
            memory = not small or (shape == TALL and is_plain(table))
            yield from of_table(shape, table, n_threads, memory)
    yield from streams(Table(shrunk(TALL) if small else TALL), n_threads)


def shrunk(shape: tuple[int, int]) -> tuple[int, int]:
    n, p = shape
    return max(2000, n // 100), max(3, p // 100)


def of_table(shape: tuple[int, int], table: Table, n_threads: int, memory: bool) -> Iterator[Case]:
    """Return the cases of a table, which stands for a shape of the bars."""
    for mine, other in PAIRS.items():
        name = mine.__name__
        bars = bars_of_fit(name, shape, table)
        work = partial(fit, mine, other, table, n_threads)
        yield Case(f"{name}.fit", table, n_threads, work, bars, fits=name if memory else None)
        for act in ("transform", "inverse_transform"):
            work = partial(fresh, mine, other, act, table)
            yield Case(f"{name}.{act}", table, n_threads, work, bars_of_map(COPY, table))
            work = partial(in_place, mine, other, act, table)
            bars = bars_of_map(MULTIPLY, table)
            yield Case(f"{name}.{act}, in place", table, n_threads, work, bars)


def is_plain(table: Table) -> bool:
    return table.dtype == "float64" and not table.nan_share


def bars_of_fit(name: str, shape: tuple[int, int], table: Table) -> tuple[Bar, ...]:
    tall = shape == TALL and is_plain(table)
    bars = [memory_bar(table.n_bytes, 0.25 if name == "RobustScaler" else 0.02)]
    if not NATIVE:
        bars.append(Bar(6, SKLEARN, 1 / 2 if name == "ZScoreScaler" and tall else NO_SLOWER))
        return tuple(bars)
    if name == "ZScoreScaler":
        bars.append(Bar(1, READ, 2.0 if is_plain(table) else 2.5))
    if name in ("MinMaxScaler", "DecimalScaler") and is_plain(table):
        bars.append(Bar(1, READ, 1.6))
    if name in (times := {"ZScoreScaler": 12, "MinMaxScaler": 10}) and tall:
        bars.append(Bar(1, SKLEARN, 1 / times[name]))
    if name == "RobustScaler" and is_plain(table) and shape in (TALL, MIDDLE):
        bars.append(Bar(3, SKLEARN, 1 / 15))
    return tuple(bars)


def bars_of_map(limit: str, table: Table) -> tuple[Bar, ...]:
    if not NATIVE:
        return (Bar(6, SKLEARN, NO_SLOWER),)
    return (Bar(2, limit, 1.3),) if table.dtype == "float64" else ()


def fit(mine: type, other: type, table: Table, n_threads: int) -> Work:
    X = array(table)
    mine().fit(X[:3])  # some tables are made once
    actions: Actions = {
        READ: partial(read, X, n_threads),
        OURS: lambda: mine().fit(X),
        SKLEARN: lambda: other().fit(X),
    }
    river = peer("river.preprocessing")
    if river and mine is ours.ZScoreScaler and is_plain(table):
        frame = pd.DataFrame(X)
        actions[RIVER] = lambda: river.StandardScaler().learn_many(frame)
    return Work(actions, before=X.sum)


@lru_cache
def pool(n_threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(n_threads)


def read(X: np.ndarray, n_threads: int) -> list[float]:
    """Read an array once: as many sums at the same time as there are threads."""
    return list(pool(n_threads).map(np.sum, np.array_split(X, n_threads)))


def fresh(mine: type, other: type, act: str, table: Table) -> Work:
    X = array(table)
    some = X[:ROWS_TO_FIT]
    actions: Actions = {COPY: X.copy}
    for name, scaler in ((OURS, mine), (SKLEARN, other)):
        actions[name] = partial(getattr(scaler().fit(some), act), X)
    return Work(actions, before=X.sum)


def in_place(mine: type, other: type, act: str, table: Table) -> Work:
    X = array(table)
    some, scratch = X[:ROWS_TO_FIT], X.copy()
    actions: Actions = {MULTIPLY: lambda: np.multiply(scratch, 1.5, out=scratch)}
    for name, scaler in ((OURS, mine), (SKLEARN, other)):
        actions[name] = partial(getattr(scaler(copy=False).fit(some), act), scratch)
    return Work(actions, before=lambda: np.copyto(scratch, X))


def streams(table: Table, n_threads: int) -> Iterator[Case]:
    """Return the cases of partial_fit: a table in batches."""
    for mine, other in PAIRS.items():
        robust, bars = mine is ours.RobustScaler, ()
        if NATIVE and robust:
            bars = (Bar(3, SKETCHES, NO_SLOWER),)
        if not NATIVE and not robust:
            bars = (Bar(6, SKLEARN, NO_SLOWER),)
        operation = f"{mine.__name__}.partial_fit, {N_BATCHES} batches"
        work = partial(stream, mine, other, table, n_threads)
        yield Case(operation, table, n_threads, work, bars)


def stream(mine: type, other: type, table: Table, n_threads: int) -> Work:
    X = array(table)
    batches = np.array_split(X, N_BATCHES)
    actions: Actions = {READ: partial(read, X, n_threads), OURS: partial(fed, mine, batches)}
    if hasattr(other, "partial_fit"):
        actions[SKLEARN] = partial(fed, other, batches)
    elif sketches := peer("datasketches"):
        actions[SKETCHES] = partial(sketched, sketches.kll_doubles_sketch, batches)
    return Work(actions, before=X.sum)


def fed(scaler: type, batches: list[np.ndarray]) -> Any:
    fitted = scaler()
    for batch in batches:
        fitted.partial_fit(batch)
    return fitted


def sketched(sketch: type, batches: list[np.ndarray]) -> Any:
    columns = [sketch() for _ in range(batches[0].shape[1])]
    for batch in batches:
        for column, values in zip(columns, batch.T, strict=True):
            column.update(values)
    return columns
