"""Where members lie among the sorted knots of their column."""

from __future__ import annotations

import numpy as np

from ..contract import Array, Floats
from .blocks import visit


def place(X: Array, knots: Floats, counts: Floats, out: Array) -> None:
    """Write the place of each member; see the contract."""

    def work(columns: list[int]) -> None:
        for column in columns:
            n = int(min(counts[column], knots.shape[1]))
            with np.errstate(invalid="ignore"):  # casting a signaling NaN warns
                members = X[:, column].astype(np.float64)
            out[:, column] = _placed(members, knots[column, :n])

    with np.errstate(over="ignore"):  # float16 ends at 65504
        visit(work, list(range(X.shape[1])), X.size)


def _placed(x: Floats, knots: Floats) -> Floats:
    last = knots.size - 1
    if last < 1:
        return np.where(np.isnan(x), x, 0.0)
    at = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, last - 1)
    low, high = knots[at], knots[at + 1]
    with np.errstate(all="ignore"):
        step = high - low
        share = np.where(np.isinf(step), (x / 2 - low / 2) / (high / 2 - low / 2), (x - low) / step)
    tied = (x == low) & (at > 0) & (knots[np.maximum(at - 1, 0)] == low)
    places = at + share
    if tied.any():
        places[tied] = (np.searchsorted(knots, x[tied], side="left") + at[tied]) / 2.0
    places = np.where(x <= knots[0], 0.0, np.where(x >= knots[-1], float(last), places))
    return np.where(np.isnan(x), x, places)
