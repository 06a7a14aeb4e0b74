"""Small data, the usual case: whole calls beside scikit-learn's on the same arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from bars import Bar
from case import COPY, NATIVE, OURS, SKLEARN, Case, Work
from scalers import PAIRS
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler
from tables import Table, array
from timing import Action

import sklearn_norm as ours

HALF, NO_SLOWER = 0.5, 1.0
SHAPES = [(10, 5), (20, 3), (100, 10), (200, 20), (1000, 20), (3000, 50)]
KINDS = (ours.ZScoreScaler, ours.MinMaxScaler, ours.RobustScaler)
STREAMING = KINDS[:2]  # scikit-learn's RobustScaler has no partial_fit
TABLE = Table((1000, 20))
OURS_FORWARD = "our transform"
MERGE_IN_ROWS = 100 / 80  # a merge may take 100 us where a row of StandardScaler takes 80
DAYS = 365

Make = Callable[[], tuple[Action, Action]]


def small_cases() -> Iterator[Case]:
    for shape in SHAPES:
        for kind in KINDS:
            for act in ("fit", "fit_transform"):
                make = partial(learning, kind, act, Table(shape), False)
                yield case(f"{kind.__name__}.{act}", Table(shape), 10, make, HALF, 200)
    for kind in KINDS:
        for act in ("fit", "fit_transform"):
            make = partial(learning, kind, act, TABLE, True)
            yield case(f"{kind.__name__}.{act}, frame", TABLE, 10, make, HALF, 100)
    for kind in STREAMING:
        table = Table((1000, 10))
        yield case(
            f"{kind.__name__}.partial_fit", table, 10, partial(batch, kind, table), HALF, 200
        )
        name = f"{kind.__name__}.partial_fit and transform, a row"
        yield case(name, TABLE, 10, partial(learn_and_use, kind), HALF, 200)
    yield from merges()
    yield from inverses()
    yield from others()


def case(
    name: str,
    table: Table,
    number: int,
    make: Make,
    at_most: float,
    calls: int,
    peer: str = SKLEARN,
    copied: Table | None = None,
) -> Case:
    """Return a case whose actions are each repeated; the bars are the native backend's.

    The limit is a copy of the table, or of another one, `copied`.
    """

    def work() -> Work:
        mine, theirs = make()
        actions = {OURS: mine, peer: theirs, COPY: array(copied or table).copy}
        return Work({name: partial(times, action, calls) for name, action in actions.items()})

    bars = (Bar(number, peer, at_most),) if NATIVE else ()
    return Case(f"{name}, {calls} times", table, 1, work, bars)


def times(action: Action, calls: int) -> None:
    for _ in range(calls):
        action()


def frame_of(X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(X, columns=[f"sensor {i}" for i in range(X.shape[1])])


def learning(kind: Any, act: str, table: Table, framed: bool) -> tuple[Action, Action]:
    X = frame_of(array(table)) if framed else array(table).copy()
    return (
        lambda: getattr(kind(), act)(X),
        lambda: getattr(PAIRS[kind](), act)(X),
    )


def batch(kind: Any, table: Table) -> tuple[Action, Action]:
    X = array(table).copy()
    return partial(kind().fit(X).partial_fit, X), partial(PAIRS[kind]().fit(X).partial_fit, X)


def learn_and_use(kind: Any) -> tuple[Action, Action]:
    X = array(TABLE).copy()
    rows = cycle(np.split(X, len(X)))

    def action(scaler: Any) -> Action:
        def learn_and_transform() -> None:
            row = next(rows)
            scaler.partial_fit(row).transform(row)

        return learn_and_transform

    return action(kind().fit(X)), action(PAIRS[kind]().fit(X))


def merges() -> Iterator[Case]:
    """Beside a row of StandardScaler, since scikit-learn merges nothing."""
    for kind in KINDS:
        yield case(f"{kind.__name__}.merge", TABLE, 11, partial(merge, kind), MERGE_IN_ROWS, 100)
    at_most = MERGE_IN_ROWS * (DAYS - 1)
    yield case(f"reduce over {DAYS} ZScoreScaler.merge", TABLE, 11, merge_days, at_most, 5)


def row_of_theirs() -> Action:
    X = array(TABLE).copy()
    return partial(StandardScaler().fit(X).transform, X[:1])


def merge(kind: Any) -> tuple[Action, Action]:
    X = array(TABLE).copy()
    one, two = kind().fit(X[:500]), kind().fit(X[500:])
    return lambda: one.merge(two), row_of_theirs()


def merge_days() -> tuple[Action, Action]:
    X = array(TABLE).copy()
    days = [ours.ZScoreScaler().fit(X[i : i + 600]) for i in range(DAYS)]
    return lambda: reduce(lambda a, b: a.merge(b), days), row_of_theirs()


def inverses() -> Iterator[Case]:
    for columns, at_most in ((20, 1 / 10), (1000, NO_SLOWER), (50_000, NO_SLOWER)):
        table = Table((1, columns))
        make = partial(inverse, columns, StandardScaler)
        yield case("ZScoreScaler.inverse_transform", table, 12, make, at_most, 50)
    make = partial(inverse, 50_000, None)
    name = "ZScoreScaler.inverse_transform"
    yield case(name, Table((1, 50_000)), 12, make, 2.5, 50, peer=OURS_FORWARD)


def inverse(columns: int, peer: Any) -> tuple[Action, Action]:
    X = array(Table((50, columns))).copy()
    row, mine = X[:1].copy(), ours.ZScoreScaler().fit(X)
    forward = mine.transform if peer is None else peer().fit(X).inverse_transform
    return lambda: mine.inverse_transform(row), lambda: forward(row)


def others() -> Iterator[Case]:
    """What else scikit-learn was faster at."""
    wide = Table((50, 50_000))
    for kind in KINDS:
        calls = 1 if kind is ours.RobustScaler else 5
        make = partial(learning, kind, "fit", wide, False)
        yield case(f"{kind.__name__}.fit", wide, 13, make, NO_SLOWER, calls)
    stored = Table((20_000, 5_000))
    for mine, theirs, given in (
        (ours.ZScoreScaler, StandardScaler, {"with_mean": False}),
        (ours.DecimalScaler, MaxAbsScaler, {}),
        (ours.RobustScaler, RobustScaler, {"with_centering": False}),
    ):
        for act in ("fit", "transform"):
            make = partial(on_sparse, mine, theirs, given, act)
            name = f"{mine.__name__}.{act}, CSR with 1 % stored"
            yield case(name, stored, 13, make, NO_SLOWER, 1, copied=Table((1_000_000,)))
    for rows, calls in ((1000, 50), (100_000, 3)):
        for kind in KINDS:
            table = Table((rows, 20))
            make = partial(on_integers, kind, rows)
            name = f"{kind.__name__}.transform, frame of integers"
            yield case(name, table, 13, make, NO_SLOWER, calls)


def on_sparse(mine: Any, theirs: Any, given: dict[str, Any], act: str) -> tuple[Action, Action]:
    X = sparse.random(20_000, 5_000, 0.01, format="csr", random_state=0)
    if act == "fit":
        return lambda: mine(**given).fit(X), lambda: theirs(**given).fit(X)
    one, two = mine(**given).fit(X), theirs(**given).fit(X)
    return lambda: one.transform(X), lambda: two.transform(X)


def on_integers(kind: Any, rows: int) -> tuple[Action, Action]:
    X = frame_of(np.random.default_rng(0).integers(0, 1000, (rows, 20)))
    one, two = kind().fit(X), PAIRS[kind]().fit(X)
    return lambda: one.transform(X), lambda: two.transform(X)
