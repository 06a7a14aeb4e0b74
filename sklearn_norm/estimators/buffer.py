"""Buffer: small batches of a stream, kept to be folded into the statistic together.

To fold a batch costs some ten microseconds, however small it is; to keep it costs one or two.
What is folded when depends on the batches alone, and not on what was read between them. So a
stream gives the same bits whether or not somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from ..kernels import Array, Floats

SMALL = 1 << 13  # members of a batch that is kept
MEMBERS, BATCHES = 1 << 16, 256  # how much is kept at most


class Buffer:
    """Batches of float64 rows that are not folded yet.

    Parameters
    ----------
    batches : tuple of ndarray
        The batches, in the order in which they came.
    n_members : int
        How many numbers they hold.

    Attributes
    ----------
    found : object
        What they come to, once a reader has folded them. It changes no result, and is no part
        of the state.
    """

    __slots__ = ("batches", "found", "n_members")

    def __init__(self, batches: tuple[Floats, ...] = (), n_members: int = 0) -> None:
        self.batches = batches
        self.n_members = n_members
        self.found: Any = None

    @staticmethod
    def takes(values: Any) -> bool:
        """Whether a batch is small enough to be kept."""
        return isinstance(values, np.ndarray) and values.size <= SMALL

    def plus(self, values: Array) -> Self:
        """Return the batches with a copy of one more."""
        if values.dtype != np.float64:
            with np.errstate(invalid="ignore"):  # some NaN of short floats say so
                values = values.astype(np.float64)
        batch = np.array(values, dtype=np.float64, order="C")
        return type(self)((*self.batches, batch), self.n_members + batch.size)

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
            raise ValueError("The sizes of the batches do not add up to their rows.")
        return cls(tuple(np.split(rows, np.cumsum(sizes)[:-1])), rows.size)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield what no batches could have led to, and why."""
        for rows in self.batches:
            if getattr(rows, "dtype", None) != np.float64 or rows.ndim != 2:
                yield "rows", "must be rows of float64"
            if rows.shape[1] != n_columns or np.isinf(rows).any():
                yield "rows", f"must have {n_columns} columns, and no infinity"
