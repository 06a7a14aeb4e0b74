"""What makes odd values: a maker takes a random generator and returns a new value each time.

So a case can be repeated, also with what is used up by reading it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

ROWS, COLUMNS = 6, 4
NAMES = list("abcd")
PLAIN = np.random.default_rng(5).normal(3.0, 2.0, (ROWS, COLUMNS)).round(2)
TENSOR = np.random.default_rng(6).normal(3.0, 2.0, (ROWS, COLUMNS, 2)).round(2)
FRAME = pd.DataFrame(PLAIN.copy(), columns=NAMES)
HUGE = 10**12  # rows or columns that no memory holds

TAKEN, REFUSED, NEW = "taken", "refused", "new"  # NEW: by the columns of another fit


class Odd(NamedTuple):
    """A value by its maker; what becomes of it, where that is certain; and what it means.

    `means` is the array of floats that a result must be the same for. `huge` values stand for
    more than memory: only what refuses them before it touches their members may see them.
    """

    make: Callable[[np.random.Generator], Any]
    becomes: str | None = None
    means: Any = None
    huge: bool = False


def of(value: Any, becomes: str | None = None) -> Odd:
    """Return an odd value that nothing uses up."""
    return Odd(lambda rng: value, becomes)


def with_cell(value: Any, dtype: Any = None) -> Callable[[np.random.Generator], Any]:
    """Return a maker of the plain data with one cell replaced, of an array of that dtype."""

    def make(rng: np.random.Generator) -> Any:
        cells = PLAIN.astype(object if dtype is None else dtype)
        cells[rng.integers(ROWS), rng.integers(COLUMNS)] = value
        return cells

    return make


def with_column(column: Any) -> Callable[[np.random.Generator], Any]:
    """Return a maker of the plain frame with one column replaced."""
    return lambda rng: FRAME.assign(**{NAMES[rng.integers(COLUMNS)]: column})


class Converts:
    """What becomes an array by `__array__`, and says what shape it has."""

    def __init__(self, values: Any, **attributes: Any) -> None:
        self.values = values
        vars(self).update(attributes)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.values, Exception):
            raise self.values
        return self.values if dtype is None else np.asarray(self.values, dtype=dtype)


class Sub(np.ndarray):
    """A subclass that changes nothing."""


class OwnError(ValueError):
    """The error of a caller's own object."""


def raise_own() -> None:
    raise OwnError("this cannot be computed")


class NoTruth:
    def __bool__(self) -> bool:
        raise OwnError("the truth of this object is not known")


def unaligned(values: Any) -> Any:
    memory = np.zeros(values.nbytes + 1, dtype=np.uint8)
    moved = memory[1:].view(values.dtype).reshape(values.shape)
    moved[...] = values
    return moved


def mapped(mode: str) -> Any:
    with tempfile.TemporaryFile() as file:
        file.write(PLAIN.tobytes())
        file.flush()
        return np.memmap(file, dtype=np.float64, mode=mode, shape=PLAIN.shape)


def read_only(values: Any) -> Any:
    copied = values.copy()
    copied.flags.writeable = False
    return copied


def masked(rng: np.random.Generator) -> Any:
    return np.ma.masked_array(PLAIN.copy(), PLAIN > 4.0)


def csr_with_duplicates(rng: np.random.Generator) -> Any:
    cells = ([1.0, 2.0, 4.0], ([0, 0, 2], [1, 1, 3]))
    rows = sparse.coo_array(cells, shape=PLAIN.shape)
    found = sparse.csr_array(([1.0, 2.0, 4.0], [1, 1, 3], [0, 2, 2, 3, 3, 3, 3]), rows.shape)
    assert not found.has_canonical_format
    return found


def csr_with(*stored: Any) -> Callable[[np.random.Generator], Any]:
    return lambda rng: sparse.csr_array(
        (list(stored), ([0] * len(stored), range(len(stored)))), shape=PLAIN.shape
    )


def broken(make: Callable[..., Any], part: str, place: int, value: int) -> Odd:
    """Return an array in CSR or CSC whose parts do not belong together."""

    def made(rng: np.random.Generator) -> Any:
        found = make(PLAIN)
        getattr(found, part)[place] = value
        return found

    return Odd(made, REFUSED)


def shortened(rng: np.random.Generator) -> Any:
    found = sparse.csr_array(PLAIN)
    found.data = found.data[:-5]
    return found


MASKED = np.where(PLAIN > 4.0, np.nan, PLAIN)
HOLE = np.where(np.arange(PLAIN.size).reshape(PLAIN.shape) == 5, np.nan, PLAIN)
HOLES = [[None if np.isnan(v) else v for v in row] for row in HOLE.tolist()]
WHOLE = PLAIN.round()
for shared in (PLAIN, TENSOR, MASKED, HOLE, WHOLE):
    shared.flags.writeable = False  # cases with copy=False write to copies
DAY = np.datetime64("2020-01-02")
