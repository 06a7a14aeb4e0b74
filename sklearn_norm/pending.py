"""Pending: small batches of a stream that wait, to be folded into the statistic together.

To fold a batch costs a few hundred microseconds, however small it is; to keep it costs one
or two. What is folded when depends on the batches alone, never on what was read between
them, so a stream gives the same bits whether or not somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .kernels import Array, Floats

SMALL = 1 << 13  # members of a batch that may wait
MEMBERS, BATCHES = 1 << 16, 256  # how much waits at most


@dataclass(eq=False, slots=True)
class Pending:
    """Batches of float64 rows, and the statistic and the parameters that they came upon.

    These belong together: a reader in another thread finds all of one moment. `found` is what
    the batches come to, once a reader has folded them.
    """

    upon: Any = None
    parameters: Any = None
    batches: tuple[Floats, ...] = ()
    n_members: int = 0
    found: Any = None

    @staticmethod
    def takes(values: Any) -> bool:
        """Whether a batch is small enough to wait."""
        return isinstance(values, np.ndarray) and values.size <= SMALL

    def plus(self, values: Array) -> Self:
        """Return the batches with a copy of one more."""
        if values.dtype != np.float64:
            with np.errstate(invalid="ignore"):  # some NaN of short floats say so
                values = values.astype(np.float64)
        batch = np.array(values, dtype=np.float64, order="C")
        batches, n_members = (*self.batches, batch), self.n_members + batch.size
        return type(self)(self.upon, self.parameters, batches, n_members)

    @property
    def is_full(self) -> bool:
        return len(self.batches) >= BATCHES or self.n_members >= MEMBERS

    def to_state(self) -> dict[str, Any]:
        """Return the rows of all batches, and how many each has."""
        return {
            "rows": np.concatenate(self.batches),
            "sizes": np.array([len(batch) for batch in self.batches], dtype=np.int64),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build what `to_state` was called on."""
        rows, sizes = state["rows"], state["sizes"]
        counted = sizes.dtype == np.int64 and sizes.ndim == 1 and sizes.min(initial=1) > 0
        if not counted or sizes.sum() != len(rows):
            raise ValueError("The sizes of waiting batches do not add up to their rows.")
        batches = tuple(np.split(rows, np.cumsum(sizes)[:-1]))
        return cls(batches=batches, n_members=rows.size)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield what no batches could have led to, and why."""
        for rows in self.batches:
            if getattr(rows, "dtype", None) != np.float64 or rows.ndim != 2:
                yield "rows", "must be rows of float64"
            if rows.shape[1] != n_columns or np.isinf(rows).any():
                yield "rows", f"must have {n_columns} columns, and no infinity"
