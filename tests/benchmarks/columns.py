"""ColumnScaler beside one scaler on the same array, and beside scikit-learn's ColumnTransformer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from bars import Bar
from case import COPY, NATIVE, OURS, SKLEARN, Actions, Case, Work
from one_row import CALLS, repeated
from sklearn import preprocessing as theirs
from sklearn.compose import ColumnTransformer
from tables import Table, array

import sklearn_norm as ours

ONE = "one scaler"
WIDTH = 30
FORMS = ("array", "frame", "mixed frame", "polars")
THIRDS = [slice(0, 10), slice(10, 20), slice(20, 30)]
OURS_OF = (ours.ZScoreScaler, ours.MinMaxScaler, ours.RobustScaler)
THEIRS_OF = (theirs.StandardScaler, theirs.MinMaxScaler, theirs.RobustScaler)


def column_cases(small: bool, n_threads: int) -> Iterator[Case]:
    table = Table((10_000 if small else 1_000_000, WIDTH))
    bars = (Bar(18, ONE, 1.2),) if NATIVE else ()
    operation = "ColumnScaler of three, transform"
    yield Case(operation, table, n_threads, partial(whole, table), bars)
    mixed = Table((1000 if small else 100_000, WIDTH))
    for library in ("pandas", "polars"):
        operation = f"ColumnScaler of three, {library} there and back"
        yield Case(operation, mixed, n_threads, partial(there_and_back, library, mixed))
    for form in FORMS:
        bars = (Bar(18, SKLEARN, 1 / 10),) if NATIVE else ()
        operation = f"ColumnScaler of three, {CALLS} times one row, {form}"
        yield Case(operation, Table((1, WIDTH)), 1, partial(one_row, form), bars)


def of_three(parts: tuple[Any, ...]) -> list[tuple[str, Any, Any]]:
    return [(kind.__name__, kind(), at) for kind, at in zip(parts, THIRDS, strict=True)]


def whole(table: Table) -> Work:
    X = array(table)
    one = ours.ZScoreScaler().fit(X)
    three = ours.ColumnScaler(of_three(OURS_OF)).fit(X)
    return Work({COPY: X.copy, OURS: partial(three.transform, X), ONE: partial(one.transform, X)})


def frame_of(library: str, n_rows: int) -> Any:
    """Return a table of 30 mixed columns: floats, short ones, integers, flags, text and dates."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {f"c{i}": rng.normal(10.0, 3.0, n_rows) for i in range(18)}
    columns |= {f"f{i}": rng.normal(size=n_rows).astype(np.float32) for i in range(2)}
    columns |= {f"n{i}": rng.integers(0, 256, n_rows) for i in range(6)}
    columns |= {"u": rng.integers(0, 256, n_rows).astype(np.uint8), "b": rng.random(n_rows) > 0.5}
    columns["city"] = rng.choice(["Oslo", "Rome", "Lima"], n_rows).tolist()
    columns["day"] = (np.datetime64("2024-01-01") + np.arange(n_rows)).astype("datetime64[us]")
    return pd.DataFrame(columns) if library == "pandas" else pl.DataFrame(columns)


def there_and_back(library: str, table: Table) -> Work:
    X = frame_of(library, table.shape[0])
    scaler = ours.ColumnScaler(
        [
            ("z", ours.ZScoreScaler(), [f"c{i}" for i in range(10)] + ["b"]),
            ("m", ours.MinMaxScaler(), [f"n{i}" for i in range(6)] + ["u"]),
            ("r", ours.RobustScaler(), [f"c{i}" for i in range(10, 18)] + ["f0", "f1"]),
        ]
    ).fit(X)
    copied = np.zeros(table.shape).copy
    return Work({COPY: copied, OURS: lambda: scaler.inverse_transform(scaler.transform(X))})


def one_row(form: str) -> Work:
    X = array(Table((1000, WIDTH)))
    names = [f"sensor {i}" for i in range(WIDTH)]
    three = ours.ColumnScaler(of_three(OURS_OF))
    other = ColumnTransformer(of_three(THEIRS_OF), remainder="passthrough")
    fitted: Any = X
    if form == "polars":
        fitted = pl.DataFrame(X, schema=names)
    elif form != "array":
        fitted = pd.DataFrame(X, columns=names)
    if form == "mixed frame":
        fitted = fitted.assign(city="Oslo", count=np.arange(1000))
    if form != "array":
        other.set_output(transform="polars" if form == "polars" else "pandas")
    actions: Actions = {
        name: partial(repeated, partial(scaler.fit(fitted).transform, fitted[:1]))
        for name, scaler in ((OURS, three), (SKLEARN, other))
    }
    return Work({COPY: partial(repeated, X[:1].copy), **actions})
