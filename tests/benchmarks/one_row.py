"""One row at a time, as a service answers it, against scikit-learn's StandardScaler."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np
import pandas as pd
from bars import Bar
from case import COPY, NATIVE, OURS, SKLEARN, Actions, Case, Work
from scalers import PAIRS
from sklearn.preprocessing import StandardScaler
from tables import Table, array
from timing import Action

import sklearn_norm as ours

KINDS = (*PAIRS, ours.LayerNorm)
CALLS = 500  # of which the time is told: a time of one is hardly longer than a look at the clock
ROW = Table((1, 20))
FITTED = Table((1000, 20))
TIMES = {"array": 10, "frame": 8, "frame to frame": 6, "partial_fit": 8}


def one_row_cases() -> Iterator[Case]:
    for kind in KINDS:
        for form, times in TIMES.items():
            operation = f"{kind.__name__}, {CALLS} times {form}"
            bars = (Bar(9, SKLEARN, 1 / times),) if NATIVE else ()
            yield Case(operation, ROW, 1, partial(work, kind, form), bars)


def work(kind: type, form: str) -> Work:
    actions: Actions = {COPY: partial(repeated, array(ROW).copy)}
    actions |= {
        name: partial(repeated, calls(scaler(), form))
        for name, scaler in ((OURS, kind), (SKLEARN, StandardScaler))
    }
    return Work(actions)


def repeated(action: Action) -> None:
    for _ in range(CALLS):
        action()


def calls(scaler: Any, form: str) -> Action:
    """Return what is called for a row: of a scaler fitted on the like of it."""
    X = array(FITTED)
    frame = pd.DataFrame(X, columns=[f"sensor {i}" for i in range(X.shape[1])])
    if form == "partial_fit":
        rows = cycle(np.split(X, len(X)))
        scaler.fit(X)
        return lambda: scaler.partial_fit(next(rows))
    if form == "array":
        return partial(scaler.fit(X).transform, X[:1])
    container = "pandas" if form == "frame to frame" else "default"
    return partial(scaler.fit(frame).set_output(transform=container).transform, frame[:1].copy())
