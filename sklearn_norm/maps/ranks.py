"""Ranks: the share of the data below a number, read off the quantiles of its column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from scipy import special

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.interpolation import interpolated
from ..records import refused
from .chain import Bend

NEAREST = 1e-7 - np.spacing(1.0)  # the least share that has a normal quantile here
BLOCK = 1024  # rows that are finished at once
FARTHEST = -float(special.ndtri(NEAREST))


@dataclass(frozen=True, eq=False)
class Ranks(Bend):
    """The share of the data below a number, from 0 to 1, or its normal quantile.

    Parameters
    ----------
    quantiles : ndarray of shape (n_quantiles, n_columns)
        The quantiles of each column at even distances, from the minimum to the maximum; NaN
        fills up columns that have fewer.
    counts : ndarray of shape (n_columns,)
        How many quantiles a column has, at least 2.
    normal : bool
        Whether the share is turned into a quantile of the normal distribution.
    """

    quantiles: Floats
    counts: Floats
    normal: bool = False

    def bend(self, x: Any) -> Any:
        """Return the share of each member, or its normal quantile; NaN stays NaN."""
        if isinstance(x, kernels.Traced):
            return self._traced(x)
        y = np.empty(x.shape)
        kernels.place(x, self._knots, self.counts, y)

        def finish(starts: list[int]) -> None:
            for start in starts:
                part = y[start : start + BLOCK]
                part /= self.counts - 1
                if self.normal:
                    part[...] = _normal(part)

        kernels.visit(finish, list(range(0, len(y), BLOCK)), y.size)
        return y

    def unbend(self, y: Any) -> Any:
        """Return the quantile of each share; shares outside 0 to 1 are those of the ends."""
        if isinstance(y, kernels.Traced):
            return self._traced_back(y)
        share = _uniform(y) if self.normal else np.clip(y, 0.0, 1.0)
        last = self.counts - 1
        place = share * last
        near = np.rint(place)
        place = np.where(near / last == share, near, place)  # a quantile itself comes back as it is
        missing = np.isnan(place)
        at = np.minimum(np.floor(np.where(missing, 0.0, place)), last - 1)
        first, columns = at.astype(np.intp), np.arange(self.counts.size)
        below, above = self.quantiles[first, columns], self.quantiles[first + 1, columns]
        return np.where(missing, np.nan, interpolated(below, above, place - at))

    def of_dense(self, way: str, X: Any) -> Any:
        """Apply `bend` to all rows at once, as a kernel has threads and blocks of its own."""
        if way == "unbend" or isinstance(X, kernels.Traced):
            return super().of_dense(way, X)
        return self.bend(X if X.dtype == np.float64 else X.astype(np.float64))

    def of_stored(self, way: str, values: Any, columns: Array) -> Any:
        """Apply `bend` or `unbend` to members of sparse data, column by column."""
        result = np.empty_like(values)
        for column in np.unique(columns):
            at = columns == column
            alone = self.columns(np.array([column]))
            result[at] = getattr(alone, way)(values[at, None])[:, 0]
        return result

    def joined(self, *others: Any) -> Self:
        """Return the function of these columns and those of others, with NaN at shorter ends."""
        rows = max(len(one.quantiles) for one in (self, *others) if isinstance(one, Ranks))
        padded = (one._padded(rows) if isinstance(one, Ranks) else one for one in others)
        return super(Ranks, self._padded(rows)).joined(*padded)

    def _padded(self, rows: int) -> Self:
        missing = np.full((rows - len(self.quantiles), self.counts.size), np.nan)
        quantiles = np.concatenate([self.quantiles, missing])
        return type(self)(quantiles, self.counts, self.normal)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field with an invalid value, and the reason."""
        yield from super().faults(n_columns)
        if type(self.normal) is not bool:
            yield "normal", f"must be True or False, not {self.normal!r:.40}"
        if self.counts.ndim != 1 or self.quantiles.ndim != 2:
            yield "quantiles", "must have a row for each place, and counts one number per column"
        counts, rows = self.counts, len(self.quantiles)
        yield from refused("counts", counts, ~((counts >= 2) & (counts <= rows)))
        yield from refused("counts", counts, counts != np.floor(counts))
        there: Any = np.arange(rows)[:, None] < counts
        falls: Any = (self.quantiles[1:] < self.quantiles[:-1]) & there[1:]
        yield from refused("quantiles", counts, falls.any(axis=0))
        unknown: Any = (there & ~np.isfinite(self.quantiles)).any(axis=0)
        yield from refused("quantiles", counts, unknown)

    @cached_property
    def _knots(self) -> Floats:
        return np.ascontiguousarray(self.quantiles.T)

    def _ends(self) -> tuple[Floats, Floats, Any]:
        """Return both ends of each interval, of width 0 beyond the last; and which are beyond."""
        beyond = np.arange(len(self.quantiles))[:, None] >= self.counts
        whole = np.where(beyond, self.quantiles.max(axis=0, initial=-np.inf, where=~beyond), 0.0)
        whole += np.where(beyond, 0.0, self.quantiles)
        return whole[:-1].T, whole[1:].T, beyond[1:].T

    def _traced(self, x: Any) -> Any:
        """Return the sum of the shares of all intervals: a graph has no search."""
        low, high, beyond = self._ends()
        x = x.reshape(-1, self.counts.size, 1)
        width = high / 2 - low / 2
        steps = width > 0
        ramp = (x / 2 - low / 2) / np.where(steps, width, 1.0)
        ramp = np.minimum(np.maximum(ramp, 0.0), 1.0)
        half = np.where(x > low, 0.5, 0.0) + np.where(np.bitwise_or(x > low, x == low), 0.5, 0.0)
        parts = np.where(beyond, 0.0, np.where(steps, ramp, half))
        place = np.add.reduce(parts, axis=2, keepdims=True).reshape(-1, self.counts.size)
        x = x.reshape(-1, self.counts.size)
        share = np.where(x < high[:, -1], place / (self.counts - 1), 1.0)
        share = np.where(x > self.quantiles[0], share, 0.0)
        return np.where(np.isnan(x), x, share)

    def _traced_back(self, y: Any) -> Any:
        low, high, beyond = self._ends()
        share = np.minimum(np.maximum(y, 0.0), 1.0)
        place = (share * (self.counts - 1)).reshape(-1, self.counts.size, 1)
        ramp = np.minimum(np.maximum(place - np.arange(low.shape[1]), 0.0), 1.0)
        steps = np.where(beyond, 0.0, high - low)
        total = np.add.reduce(ramp * steps, axis=2, keepdims=True).reshape(-1, self.counts.size)
        return np.where(np.isnan(y), y, total + self.quantiles[0])


def _normal(share: Floats) -> Floats:
    return np.asarray(special.ndtri(np.clip(share, NEAREST, 1 - NEAREST)))


def _uniform(z: Floats) -> Floats:
    """Return the share of a normal quantile; that of the clipped ends is 0 or 1."""
    share = np.asarray(special.ndtr(z))
    return np.where(z <= -FARTHEST, 0.0, np.where(z >= FARTHEST, 1.0, share))
