"""What one row of the table is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bars import Bar
from tables import Table
from timing import Action

from sklearn_norm import kernels

NATIVE = kernels.choice.name == "native"  # most bars are the native backend's
OURS = "ours"
READ, COPY, MULTIPLY = LIMITS = ("read", "copy", "multiply")
SKLEARN, TORCH, RIVER, SKETCHES, POLARS, PANDAS = PEERS = (
    "scikit-learn",
    "torch",
    "river",
    "datasketches",
    "polars",
    "pandas",
)
NO_SLOWER = 1.0

Actions = dict[str, Action]


class Work(NamedTuple):
    """What is run: ours, a limit and peers, by name; and what precedes each, unmeasured.

    What precedes leaves the caches alike for all: it passes over the input.
    """

    actions: Actions
    before: Action | None = None


@dataclass(frozen=True)
class Case:
    """An operation on a table, how to set it up, and its bars.

    `fits` names the scaler of which the peak memory is measured; `burst` is how often an
    action runs in a row.
    """

    operation: str
    table: Table
    n_threads: int
    set_up: Callable[[], Work]
    bars: tuple[Bar, ...] = ()
    fits: str | None = None
    burst: int = 1

    @property
    def label(self) -> str:
        return f"{self.operation} {self.table} threads={self.n_threads}"
