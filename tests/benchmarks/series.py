"""Series by their recent past, against pandas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bars import Bar
from case import COPY, OURS, PANDAS, Actions, Case, Work
from machine import peer
from tables import Table, array

from sklearn_norm.functional import exponential_moving_standardize

SHAPE = (22, 5000)  # channels and times of one trial of an electroencephalogram
FACTOR = 1e-3


def series_cases(small: bool) -> Iterator[Case]:
    """Return the case of a moving mean and deviation here, and a moving mean alone in pandas."""
    table = Table((2, 500) if small else SHAPE)
    bars = (Bar(14, PANDAS, 3.0),)
    yield Case("exponential_moving_standardize", table, 1, partial(standardize, table), bars)


def standardize(table: Table) -> Work:
    x = array(table)
    actions: Actions = {COPY: x.copy, OURS: partial(exponential_moving_standardize, x)}
    if pandas := peer("pandas"):
        frame = pandas.DataFrame(x.T)
        actions[PANDAS] = lambda: frame.ewm(alpha=FACTOR).mean()
    return Work(actions)
