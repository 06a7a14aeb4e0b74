"""Likelihoods: how normal each of some powers makes a column, from sums that merge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from .. import kernels
from ..kernels import Array, Floats, visit
from ..kernels.contract import MOMENTS, moments_of_zeros
from ..kernels.powers import Power, best_powers
from ..records import refused, vector_faults
from .moments import Moments
from .record import Statistic

BLOCK, COLUMNS = 1 << 16, 4  # results of powers, and columns, that are measured at once


@dataclass(frozen=True, eq=False)
class Likelihoods(Statistic):
    """The moments of each column raised to each power of a grid, and of its logarithms.

    The logarithm of the likelihood of a power follows from them. While a column has seen one
    batch alone, `best` is the power of the greatest likelihood, searched in the data, and
    `exact` holds the moments for it; else `best` is NaN.

    Parameters
    ----------
    middle : ndarray of shape (n_columns,)
        What members are measured from; NaN in a column without members.
    powers : ndarray of shape (n_powers, n_columns)
        The grid.
    sums : Moments of (n_powers + 1) * n_columns columns
        Those of the powers in turn, and of the signed logarithms.
    best : ndarray of shape (n_columns,)
        The best power of all, or NaN.
    exact : Moments
        Those of the columns raised to it.
    """

    middle: Floats
    powers: Floats
    sums: Moments
    best: Floats
    exact: Moments

    @classmethod
    def measure(
        cls,
        X: Array,
        weight: Floats | None = None,
        *,
        at: Power | None = None,
        search: tuple[float, float] | None = None,
    ) -> Self:
        """Raise each column to each power; NaN is absent.

        Parameters
        ----------
        X : ndarray of shape (n_rows, n_columns)
            The members.
        weight : ndarray of shape (n_rows,), default=None
            Their weights.
        at : Power, default=None
            The grid, with an axis of powers before that of columns, units and middles.
        search : tuple (low, high), default=None
            Where to search the best power; None does not search.
        """
        n_columns = X.shape[1]
        if at is None:
            grid = np.linspace(-2.0, 4.0, 7)[:, None] + np.zeros(n_columns)
            at = Power(grid, np.ones(n_columns), np.zeros(n_columns), False)
        seen = kernels.extremes(X, weight)
        sums = _raised(X, weight, at)
        best, exact = np.full(n_columns, np.nan), Moments.empty(n_columns)
        chosen = np.flatnonzero(
            (seen.low < seen.high) & np.isfinite(seen.low) & (seen.high < np.inf)
        )
        middle = np.where(seen.weight > 0, at.middle, np.nan)
        whole = cls(seen.weight, seen.low, seen.high, middle, at.lambdas, sums, best, exact)
        if search is None:
            return whole
        if chosen.size:
            place = np.argmax(whole.log_likelihood(at.unit, at.positive), axis=0)
            ends = np.clip([place - 1, place + 1], 0, len(at.lambdas) - 1)
            near = np.take_along_axis(at.lambdas, ends, axis=0)[:, chosen]
            part = at.columns(chosen)
            best[chosen] = best_powers(X[:, chosen], weight, part, *search, near)
        lambdas = np.where(np.isnan(best), np.clip(1.0, *search), best)
        with np.errstate(all="ignore"):
            raised = at._replace(lambdas=lambdas).bend(X.astype(np.float64, order="C"))
        exact = Moments.measure(np.where(np.isfinite(raised), raised, np.nan), weight)
        best = np.where(seen.weight > 0, lambdas, np.nan)
        return whole.replaced(best=best, exact=exact)

    def merge(self, other: Self) -> Self:
        mine, theirs = self.weight == 0, other.weight == 0
        apart = (self.middle != other.middle) & ~mine & ~theirs
        if apart.any():
            at = int(np.flatnonzero(apart)[0])
            raise ValueError(
                f"Cannot merge: column {at} has values of one sign in one part alone, in units "
                "that were learned. Give all parts the same `unit`, and fit them again."
            )
        none = moments_of_zeros(np.zeros(self.weight.size))
        kept = np.where(theirs, self.exact.matrix, np.where(mine, other.exact.matrix, none))
        return type(self)(
            **self.with_extrema_of(other),
            middle=np.where(mine, other.middle, self.middle),
            powers=self.powers,
            sums=self.sums.merge(other.sums),
            best=np.where(theirs, self.best, np.where(mine, other.best, np.nan)),
            exact=Moments.of_matrix(kept),
        )

    def chosen(self, unit: Floats, positive: bool) -> tuple[Floats, Moments]:
        """Return the best power of each column that is known, and the moments of the results."""
        place = np.argmax(self.log_likelihood(unit, positive), axis=0)
        columns = np.arange(place.size)
        known = ~np.isnan(self.best)
        picked = self.sums.matrix[:, place * place.size + columns]
        moments = Moments.of_matrix(np.where(known, self.exact.matrix, picked))
        return np.where(known, self.best, self.powers[place, columns]), moments

    def log_likelihood(self, unit: Floats, positive: bool) -> Floats:
        """Return that of each power, over the weight and up to a number of the column.

        It is -inf for powers of which a member has no float. In a column of equal members that
        nearest to 1 has the greatest.
        """
        shape = (len(self.powers) + 1, self.weight.size)
        deviation = self.sums.deviation(0).reshape(shape)[:-1]
        mean = self.sums.mean.reshape(shape)[-1]
        alone = self.is_constant | (self.weight == 0)
        ends = np.stack([self.low, self.high])[:, None]
        with np.errstate(all="ignore"):
            found = (self.powers - 1.0) * mean - np.log(deviation)
            middle = np.where(np.isnan(self.middle), unit if positive else 0.0, self.middle)
            ends = Power(self.powers, unit, middle, positive).bend(ends)
        held = np.isfinite(ends).all(axis=0) & (deviation > 0)
        found = np.where(held, found, -np.inf)
        return np.where(alone, -np.abs(self.powers - 1.0), found)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, ("middle", "best"), n_columns)
        yield from refused("middle", self.middle, np.isinf(self.middle))
        yield from refused("middle", self.middle, np.isnan(self.middle) != (self.weight == 0))
        grid = self.powers
        if not isinstance(grid, np.ndarray) or grid.dtype != np.float64 or grid.ndim != 2:
            yield "powers", "must be a matrix of float64"
        if grid.shape[1] != n_columns or not len(grid) or not np.isfinite(grid).all():
            yield "powers", "must hold finite powers, with an entry for each column"
        outside = (self.best < grid.min(axis=0)) | (self.best > grid.max(axis=0))
        yield from refused("best", self.best, outside)
        for name, size in (("sums", len(grid) + 1), ("exact", 1)):
            moments = getattr(self, name)
            if not isinstance(moments, Moments):
                yield name, f"must be Moments, not {type(moments).__name__}"
            yield from ((f"{name}.{field}", why) for field, why in moments.faults(size * n_columns))
        known = ~np.isnan(self.best)
        yield from refused("best", self.best, known & (self.exact.weight != self.weight))


def _raised(X: Array, weight: Floats | None, at: Power) -> Moments:
    """Return the moments of the powers, and of the signed logarithms, block by block."""
    n_rows, n_columns = X.shape
    found = np.empty((len(MOMENTS), len(at.lambdas) + 1, n_columns))

    def work(groups: list[int]) -> None:
        for first in groups:
            columns = np.arange(first, min(first + COLUMNS, n_columns))
            moments = _raised_columns(X[:, columns], weight, at.columns(columns))
            found[..., columns] = moments.matrix.reshape(*found.shape[:2], -1)

    visit(work, list(range(0, n_columns, COLUMNS)), n_rows * n_columns * len(at.lambdas))
    return Moments.of_matrix(found.reshape(len(MOMENTS), -1))


def _raised_columns(X: Array, weight: Floats | None, at: Power) -> Moments:
    width = (len(at.lambdas) + 1) * X.shape[1]
    rows = max(1, BLOCK // width)
    found = Moments.empty(width)
    for first in range(0, len(X), rows):
        with np.errstate(all="ignore"):
            raised = at.grid(X[first : first + rows].astype(np.float64))
        part = None if weight is None else weight[first : first + rows]
        found = found.merge(Moments.measure(raised.reshape(-1, width), part))
    return found
