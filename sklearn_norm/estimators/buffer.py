"""Buffer: small batches of a stream, collected and merged into the statistic together.

Merging a batch takes some ten microseconds even if it is small; buffering it takes one or two.
When the buffer is merged depends only on the batches, not on when results are read. So reading
in between does not change a single bit of the results.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

import numpy as np

from ..kernels import Array, Floats

SMALL = 1 << 13  # largest batch that is buffered, in numbers
MEMBERS, BATCHES = 1 << 16, 256  # size limits of the buffer


class Buffer:
    """Batches of float64 rows that are not merged yet.

    Parameters
    ----------
    batches : tuple of ndarray
        The batches, in order of arrival.
    n_members : int
        How many numbers they hold in total.

    Attributes
    ----------
    found : object
        A cache of the merged result, set when it is first read. It changes no result, and is
        not part of the state.
    """

    __slots__ = ("batches", "found", "n_members")

    def __init__(self, batches: tuple[Floats, ...] = (), n_members: int = 0) -> None:
        self.batches = batches
        self.n_members = n_members
        self.found: Any = None

    @staticmethod
    def takes(values: Any) -> bool:
        """Whether a batch is small enough to be buffered."""
        return isinstance(values, np.ndarray) and values.size <= SMALL

    def plus(self, values: Array) -> Self:
        """Return a new buffer with a copy of one more batch."""
        if values.dtype != np.float64:
            with np.errstate(all="ignore"):  # casting a signaling NaN warns
                values = values.astype(np.float64)
        batch = np.array(values, dtype=np.float64, order="C")
        return type(self)((*self.batches, batch), self.n_members + batch.size)

    @property
    def is_full(self) -> bool:
        return len(self.batches) >= BATCHES or self.n_members >= MEMBERS

    def to_state(self) -> dict[str, Any]:
        """Return the rows of all batches, and the number of rows of each."""
        return {
            "rows": np.concatenate(self.batches),
            "sizes": np.array([len(batch) for batch in self.batches], dtype=np.int64),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build the buffer that `to_state` was called on."""
        rows, sizes = state["rows"], state["sizes"]
        counted = sizes.dtype == np.int64 and sizes.ndim == 1 and sizes.min(initial=1) > 0
        if not counted or sum(sizes.tolist()) != len(rows):  # int64 would wrap around
            raise ValueError("pending.sizes do not add up to their rows")
        if sizes.size >= BATCHES:
            raise ValueError(f"pending.sizes are {sizes.size}, but fewer than {BATCHES} wait")
        return cls(tuple(np.split(rows, np.cumsum(sizes)[:-1])), rows.size)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field whose value no batches could produce, and the reason."""
        if self.is_full:
            yield "rows", f"must hold fewer than {MEMBERS} numbers: so many do not wait"
        for rows in self.batches:
            if getattr(rows, "dtype", None) != np.float64 or rows.ndim != 2:
                yield "rows", "must be rows of float64"
            if rows.shape[1] != n_columns or np.isinf(rows).any():
                yield "rows", f"must have {n_columns} columns, and no infinity"
