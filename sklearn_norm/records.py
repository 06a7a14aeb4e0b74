"""Helpers of records that are saved as plain values: their kind names and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

PACKAGE = __name__.partition(".")[0]

Floats = npt.NDArray[np.float64]


def kind_of(record: type) -> str:
    """Return the name of a record class in a state.

    A class of this package is identified by its name, any other by module and name, so that a
    user's class is never taken for one of ours.
    """
    module = record.__module__
    is_ours = module.partition(".")[0] == PACKAGE
    return record.__name__ if is_ours else f"{module}.{record.__qualname__}"


def vector_faults(
    record: Any, names: Iterable[str], n_columns: int, *, finite: bool = False
) -> Iterator[tuple[str, str]]:
    """Yield each field that is not a float64 vector with an entry per column, and why."""
    for name in names:
        vector = getattr(record, name)
        if not isinstance(vector, np.ndarray) or vector.dtype != np.float64:
            found = getattr(vector, "dtype", type(vector).__name__)
            yield name, f"must be an array of float64, not {found}"
        if vector.shape != (n_columns,):
            yield name, f"has the shape {vector.shape}, not {(n_columns,)}: an entry per column"
        if finite:
            yield from refused(name, vector, ~np.isfinite(vector))


def refused(name: str, vector: Floats, wrong: npt.NDArray[np.bool_]) -> Iterator[tuple[str, str]]:
    """Yield a field with the first column in which it is wrong."""
    if wrong.any():
        column = int(np.flatnonzero(wrong)[0])
        yield name, f"cannot be {vector[column]} in column {column}"
