"""Quantiles: exact for one batch, and a mergeable sketch for all that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .. import kernels
from ..kernels import Array, Floats
from .record import Statistic
from .sketch import Sketch, sorted_quantiles
from .sparse import canonical, is_sparse

SHARE = 20  # a twentieth of the input's size is sorted at a time


@dataclass(frozen=True, eq=False)
class Quantiles(Statistic):
    """Present weight, extrema, a sketch per column, and the quantiles known exactly.

    `known` holds the quantiles at `probabilities`, in rows, as long as a column has
    seen one batch only; NaN says to ask the sketch.
    """

    norm: Floats
    probabilities: Floats
    known: Floats
    sketches: tuple[Sketch, ...]

    @classmethod
    def measure(
        cls,
        X: Array,
        weight: Floats | None = None,
        *,
        probabilities: tuple[float, ...] = (0.25, 0.5, 0.75),
        rank_error: float = 1e-3,
    ) -> Self:
        """Sort the columns, a few at a time; NaN is absent."""
        n_columns = X.shape[1]
        asked = np.asarray(probabilities, dtype=np.float64)
        total, norm = np.zeros((2, n_columns))
        low, high = np.full(n_columns, np.inf), np.full(n_columns, -np.inf)
        known = np.full((asked.size, n_columns), np.nan)
        sketches: list[Sketch] = []
        for columns, values, weights in _sorted(X, weight):
            for i, column in enumerate(range(columns.start, columns.stop)):
                row, w = _present(values[i], None if weights is None else weights[i])
                total[column] = row.size if w is None else w.sum()
                norm[column] = np.sqrt(row.size) if w is None else _norm(w)
                if w is None:
                    sketches.append(Sketch.of_sorted(row, rank_error))
                else:
                    sketches.append(Sketch.of_weighted(row, w, rank_error))
                if row.size:
                    low[column], high[column] = row[0] + 0.0, row[-1] + 0.0
                    known[:, column] = sorted_quantiles(
                        row, w, asked, _unit(total[column], norm[column])
                    )
        return cls(total, low, high, norm, asked, known, tuple(sketches))

    def merge(self, other: Self) -> Self:
        mine, theirs = self.weight == 0, other.weight == 0
        known = np.where(theirs, self.known, np.where(mine, other.known, np.nan))
        pairs = zip(self.sketches, other.sketches, theirs, mine, strict=True)
        return type(self)(
            **self.with_extrema_of(other),
            norm=np.hypot(self.norm, other.norm),
            probabilities=self.probabilities,
            known=known,
            sketches=tuple(_merge(a, b, only_a, only_b) for a, b, only_a, only_b in pairs),
        )

    @property
    def rank_error(self) -> Floats:
        """The bound in force per column, at `probabilities`; 0.0 while they are exact."""
        exact = ~np.isnan(self.known).any(axis=0) | (self.weight == 0)
        return np.where(exact, 0.0, [s.bound for s in self.sketches])

    def quantiles(self, probabilities: tuple[float, ...]) -> Floats:
        """Return quantiles, shape (probabilities, columns); NaN where nothing is present."""
        asked = np.asarray(probabilities, dtype=np.float64)
        values = np.full((asked.size, self.weight.size), np.nan)
        for row, probability in enumerate(asked):
            place = np.flatnonzero(self.probabilities == probability)
            if place.size:
                values[row] = self.known[place[0]]
        for column in np.flatnonzero(np.isnan(values).any(axis=0) & (self.weight > 0)):
            rows = np.isnan(values[:, column])
            unit = _unit(self.weight[column], self.norm[column])
            values[rows, column] = self.sketches[column].quantiles(asked[rows], unit)
        return np.where(self.weight == 0, np.nan, np.clip(values, self.low, self.high))

    def quantile(self, probability: float) -> Floats:
        """Return one quantile of each column."""
        return np.asarray(self.quantiles((probability,))[0])

    def to_state(self) -> dict[str, Any]:
        state = super().to_state()
        state["sketches"] = [
            {
                "rank_error": s.rank_error,
                "heights": [int(h) for h in s.levels],
                "levels": list(s.levels.values()),
                "drift": s.drift,
                "spread": s.spread,
                "settled": s.settled,
                "seed": s.seed,
            }
            for s in self.sketches
        ]
        return state

    @classmethod
    def _from_fields(cls, values: dict[str, Any]) -> Self:
        sketches = tuple(
            Sketch(
                s["rank_error"],
                dict(zip(s["heights"], s["levels"], strict=True)),
                s["drift"],
                s["spread"],
                s["settled"],
                s["seed"],
            )
            for s in values.pop("sketches")
        )
        return cls(**values, sketches=sketches)


def _norm(weights: Floats) -> float:
    """Return the root of the sum of squares, without over- or underflow."""
    peak = float(weights.max(initial=0.0)) or 1.0
    return float(np.sqrt(np.sum((weights / peak) ** 2))) * peak


def _unit(total: float, norm: float) -> float:
    """Return the width that a quantile averages over: the weight of a member, at most 1."""
    unit = norm / total * norm
    return unit if unit < 1 - 1e-9 else 1.0


def _merge(a: Sketch, b: Sketch, only_a: bool, only_b: bool) -> Sketch:
    if only_a:
        return a
    return b if only_b else a.merge(b)


def _present(values: Floats, weights: Floats | None) -> tuple[Floats, Floats | None]:
    """Leave out what is NaN: sorted, it comes last."""
    if not values.size or not np.isnan(values[-1]):
        return values, weights
    size = int(np.searchsorted(values, np.nan))
    return values[:size], None if weights is None else weights[:size]


def _sorted(X: Array, weight: Floats | None) -> Any:
    """Yield (columns, sorted values, their weights or None)."""
    if is_sparse(X):
        yield from _sorted_sparse(X, weight)
    elif weight is None:
        memory = X.size * 8 // SHARE
        yield from ((c, v, None) for c, v in kernels.sorted_columns(X, memory))
    else:
        for column in range(X.shape[1]):
            values = X[:, column].astype(np.float64)
            order = np.argsort(values, kind="stable")
            yield slice(column, column + 1), values[None, order], weight[None, order]


def _sorted_sparse(X: Any, weight: Floats | None) -> Any:
    members = canonical(X.tocsc())
    for column in range(X.shape[1]):
        at = slice(members.indptr[column], members.indptr[column + 1])
        dense = np.zeros((X.shape[0], 1))
        dense[members.indices[at], 0] = members.data[at]
        if weight is None:
            dense.sort(axis=0)
            yield slice(column, column + 1), dense.T + 0.0, None
        else:
            for _, values, weights in _sorted(dense, weight):
                yield slice(column, column + 1), values, weights
