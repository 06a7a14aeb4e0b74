"""Quantiles: exact for one batch, then estimated by a mergeable sketch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any, ClassVar, Self

import numpy as np

from .. import kernels
from ..kernels import Array, Floats, Selection, Thinning
from ..kernels.interpolation import interpolated
from ..kernels.limbs import exact_sum
from ..kernels.quiet import quietly
from ..kernels.sparse import canonical, is_sparse
from ..records import refused, vector_faults
from .extrema import faults_of_known
from .grouped import GroupedRows
from .record import Statistic
from .sketch import SLACK, Sketch, sorted_quantiles, thinning_of
from .sketches import Built, Sketches, Thinned, Weighted
from .stored import StoredColumns


@dataclass(frozen=True, eq=False)
class Quantiles(Statistic):
    """Present weight, extrema, a sketch per column, and the quantiles known exactly.

    `known` holds the exact quantiles at `probabilities`, one row each, while a column has
    seen only one batch; NaN means that the sketch has to be used.
    """

    far: ClassVar[str] = "most"

    norm: Floats
    probabilities: Floats
    known: Floats
    sketches: Sketches

    @classmethod
    def measure(
        cls,
        X: Array,
        weight: Floats | None = None,
        *,
        probabilities: tuple[float, ...] = (0.25, 0.5, 0.75),
        rank_error: float = 1e-3,
    ) -> Self:
        """Select order statistics and a summary of each column; NaN is absent."""
        asked = np.asarray(probabilities, dtype=np.float64)
        if weight is not None:
            return cls._of_weighted(X, weight, asked, rank_error)
        found = _select(X, asked, thinning_of(rank_error))
        position = asked[:, None] * (found.weight - 1)
        known = interpolated(found.below, found.above, position - np.floor(position))
        sketches = Thinned.of(found, rank_error)
        norm = np.sqrt(found.weight)
        return cls(found.weight, found.low, found.high, norm, asked, known, sketches)

    @classmethod
    def _of_weighted(cls, X: Array, weight: Floats, asked: Floats, rank_error: float) -> Self:
        """Sort each column with its weights, one column at a time."""
        n_columns = X.shape[1]
        total, norm = np.zeros((2, n_columns))
        low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
        known = np.full((asked.size, n_columns), np.nan)
        columns: list[tuple[Floats, Floats]] = []
        weights = X.weights_of_each(weight) if isinstance(X, GroupedRows) else repeat(weight)
        for column, (members, given) in enumerate(zip(_columns(X), weights, strict=False)):
            order = np.argsort(members, kind="stable")
            row, w = _present(members[order], given[order])
            total[column], norm[column] = exact_sum(w), _norm(w)
            columns.append((row, w))
            if row.size:
                low[column], high[column] = row[0] + 0.0, row[-1] + 0.0
                unit = _unit(total[column], norm[column])
                known[:, column] = sorted_quantiles(row, w, asked, unit)
        return cls(total, low, high, norm, asked, known, Weighted.of(columns, rank_error))

    def merge(self, other: Self) -> Self:
        mine, theirs = self.weight == 0, other.weight == 0
        known = np.where(theirs, self.known, np.where(mine, other.known, np.nan))
        return type(self)(
            **self.with_extrema_of(other),
            norm=np.hypot(self.norm, other.norm),
            probabilities=self.probabilities,
            known=known,
            sketches=self.sketches.merge(other.sketches, theirs, mine),
        )

    def columns(self, chosen: Any) -> Self:
        return self._with(lambda vector: vector[..., chosen], self.sketches.of_columns(chosen))

    def joined(self, other: Self) -> Self:
        def beside(a: Floats, b: Floats) -> Floats:
            return np.concatenate([a, b], axis=-1)

        return self._with(beside, self.sketches.joined(other.sketches), other)

    def _with(self, act: Any, sketches: Sketches, *others: Self) -> Self:
        """Return the record with `act` applied to what has an entry per column."""
        names = ("weight", "low", "high", "norm", "known")
        changed = {n: act(*(getattr(one, n) for one in (self, *others))) for n in names}
        return self.replaced(**changed, sketches=sketches)

    def moved(self, by: Floats) -> Self:
        sketches = (one.moved(b) for one, b in zip(self.sketches, by.tolist(), strict=True))
        return self.replaced(
            low=self.low + by,
            high=self.high + by,
            known=self.known + by,
            sketches=Built(tuple(sketches)),
        )

    @property
    def rank_error(self) -> Floats:
        """The current error bound per column, at `probabilities`; 0.0 while exact."""
        exact = ~np.isnan(self.known).any(axis=0) | (self.weight == 0)
        return np.zeros(exact.size) if exact.all() else np.where(exact, 0.0, self.sketches.bounds())

    def quantiles(self, probabilities: tuple[float, ...]) -> Floats:
        """Return quantiles, shape (probabilities, columns); NaN where nothing is present."""
        asked = np.asarray(probabilities, dtype=np.float64)
        values = self._known(asked)
        empty = self.weight == 0
        if (np.isnan(values) & ~empty).any():
            values = self.sketches.complete(values, asked, _units(self.weight, self.norm))
        return np.where(empty, np.nan, np.clip(values, self.low, self.high))

    def _known(self, asked: Floats) -> Floats:
        """Return the quantiles known exactly, and NaN for the others."""
        if np.array_equal(asked, self.probabilities):
            return self.known
        values = np.full((asked.size, self.weight.size), np.nan)
        for row, probability in enumerate(asked):
            place = np.flatnonzero(self.probabilities == probability)
            if place.size:
                values[row] = self.known[place[0]]
        return values

    def quantile(self, probability: float) -> Floats:
        """Return one quantile of each column."""
        return np.asarray(self.quantiles((probability,))[0])

    def evenly(self, most: int) -> tuple[Floats, Floats]:
        """Return quantiles from the minimum to the maximum, and how many each column has.

        They stand at even distances, as many as the column has members, but 2 to `most`. The
        array of shape (quantiles, columns) holds NaN where a column has fewer, and zeros in
        columns without members.
        """
        units = _units(self.weight, self.norm)
        sizes = np.ceil(self.weight / units * (1 - 1e-9))  # of members of a typical weight
        counts = np.clip(np.where(self.weight == 0, 0.0, sizes), 2, most)
        values = np.full((int(counts.max(initial=2)), counts.size), np.nan)
        for column, count in enumerate(counts.astype(int).tolist()):
            if self.weight[column] == 0:
                values[:count, column] = 0.0
                continue
            found = self.sketches[column].evenly(count, float(units[column]))
            values[:count, column] = np.clip(found, self.low[column], self.high[column])
            values[[0, count - 1], column] = self.low[column], self.high[column]
        return values, counts

    def to_state(self) -> dict[str, Any]:
        return {**super().to_state(), "sketches": [s.to_state() for s in self.sketches]}

    @classmethod
    def _from_fields(cls, values: dict[str, Any]) -> Self:
        sketches = Built(tuple(Sketch.from_state(state) for state in values["sketches"]))
        return super()._from_fields({**values, "sketches": sketches})

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        yield from vector_faults(self, ("norm",), n_columns, finite=True)
        yield from refused("norm", self.norm, self.norm < 0)
        asked = np.size(self.probabilities)
        yield from vector_faults(self, ("probabilities",), asked)
        wrong = ~((self.probabilities >= 0) & (self.probabilities <= 1))
        yield from refused("probabilities", self.probabilities, wrong)
        if getattr(self.known, "dtype", None) != np.float64:
            yield "known", "must be an array of float64"
        if self.known.shape != (asked, n_columns):
            yield "known", f"has the shape {self.known.shape}, not {(asked, n_columns)}"
        if len(self.sketches) != n_columns:
            yield "sketches", f"must be {n_columns}, one per column, not {len(self.sketches)}"
        for column, sketch in enumerate(self.sketches):
            yield from ((f"sketches[{column}].{at}", why) for at, why in sketch.faults())
        yield from faults_of_known(self)
        yield from refused("norm", self.norm, self.norm > self.weight * (1 + SLACK))
        yield from refused("norm", self.norm, (self.norm > 0) != (self.weight > 0))
        yield from self._faults_of_known()
        limits = zip(self.weight.tolist(), self.low.tolist(), self.high.tolist(), strict=True)
        for column, (sketch, (weight, low, high)) in enumerate(
            zip(self.sketches, limits, strict=True)
        ):
            faults = sketch.faults_in(weight, low, high)
            yield from ((f"sketches[{column}].{at}", why) for at, why in faults)

    def _faults_of_known(self) -> Iterator[tuple[str, str]]:
        """Yield known quantiles beyond the extrema, or in another order than their shares."""
        order = np.argsort(self.probabilities, kind="stable")
        with np.errstate(all="ignore"):
            room = SLACK * np.maximum(np.abs(self.low), np.abs(self.high))
            for row in self.known:
                yield from refused("known", row, (row < self.low - room) | (row > self.high + room))
            steps = np.diff(self.known[order], axis=0)
            for row, step in zip(self.known[order][1:], steps, strict=True):
                yield from refused("known", row, step < -room)


@quietly
def _norm(weights: Floats) -> float:
    """Return the root of the sum of squares, without over- or underflow."""
    peak = float(weights.max(initial=0.0)) or 1.0
    return float(np.sqrt(np.sum((weights / peak) ** 2))) * peak


@quietly
def _unit(total: float, norm: float) -> float:
    """Return the width a quantile averages over: a typical member weight, at most 1."""
    unit = norm / total * norm
    return unit if unit < 1 - 1e-9 else 1.0


@quietly
def _units(total: Floats, norm: Floats) -> Floats:
    """Return the unit of each column; for a column without members it does not matter."""
    units = norm / total * norm
    return np.where(units < 1 - 1e-9, units, 1.0)


def _present(values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Drop the NaN, which sort last."""
    size = int(np.searchsorted(values, np.nan))
    return values[:size], weights[:size]


def _select(X: Any, asked: Floats, thinning: Thinning) -> Selection:
    if isinstance(X, GroupedRows):
        return StoredColumns.of_groups(X).select(asked, thinning)
    if not is_sparse(X):
        return kernels.select(X, asked, thinning)
    if kernels.sorts(X.shape[0], thinning):
        return StoredColumns.of(X).select(asked, thinning)
    selection = Selection.empty(X.shape[1], asked.size)
    for column, members in enumerate(_columns(X)):
        selection.fill([column], kernels.select(members[:, None], asked, thinning))
    return selection


def _columns(X: Any) -> Iterator[Floats]:
    """Yield the columns in float64; those of a sparse matrix are made dense."""
    if isinstance(X, GroupedRows):
        yield from X.each()
        return
    if not is_sparse(X):
        yield from (X[:, column].astype(np.float64) for column in range(X.shape[1]))
        return
    members = canonical(X.tocsc())
    for column in range(X.shape[1]):
        at = slice(members.indptr[column], members.indptr[column + 1])
        dense = np.zeros(X.shape[0])
        dense[members.indices[at]] = members.data[at]
        yield dense
