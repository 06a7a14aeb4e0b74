"""A mergeable quantile sketch of one column: exact while small, then within a rank error.

Members are kept in sorted levels; a member of level h stands for 2**h. When the sketch
outgrows its capacity, the lowest overfull level is compacted: every second member moves
one level up, the odd or the even ones as a pseudo-random bit decides (Z. Karnin, K. Lang &
E. Liberty, "Optimal quantile approximation in streams", FOCS 2016).

Each compaction of level h changes the rank of a value by at most 2**h, up or down with
equal probability. `drift` is the sum of these worst cases. `spread` is the root of the sum
of their squares, because the choices are independent. `settled` sums the errors made by
thinning large batches, which are not random. The stated bound is the smaller of `drift`
and a bound from Hoeffding's inequality that fails with probability at most `RISK`.

The bits are a hash (`seed`) of the mantissas of the compacted members and of all earlier
bits. So the same data give the same sketch, multiplying a column by a power of two changes
no choice, and a repeated batch gets different choices. Two identical sketches would make
identical errors; their merge is therefore one of them with doubled weights.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any, Self

import numpy as np

from ..kernels import Floats, Thinning
from ..kernels.interpolation import interpolated
from ..kernels.quiet import quietly
from .ranks import Ranks, adds_up

RISK = 1e-6
TOP = 9.4  # members of the top level, in units of 1 / rank error
DECAY = 2 / 3  # capacity of a level, relative to the level above
DEVIATIONS = math.sqrt(2 * math.log(2 / RISK))
LEAST_ERROR = 1e-300  # the reciprocal of a smaller one might overflow
WEIGHT_BITS = 40  # precision that older versions kept of a fractional weight
LOWEST, HIGHEST = -900, 900  # of level heights, for weights between 1e-240 and 1e240
MANTISSA = 53
SLACK = 2.0**-20  # of checks of rounded sums
ERRORS = ("drift", "spread", "settled")


def thinning_of(rank_error: float) -> Thinning:
    """Return what a sketch keeps of one batch: at most half of it, within the capacity.

    Thinning a batch may use a quarter of the rank error, and compactions at most half.
    """
    least = max(rank_error, LEAST_ERROR)
    return Thinning(math.ceil(2 / least), int(1.5 * TOP / least), rank_error / 4)


def capacity(rank_error: float) -> float:
    """Return how many members a sketch keeps before it compacts."""
    return 3 * (TOP / rank_error)


@dataclass(frozen=True, eq=False, slots=True)
class Sketch:
    """Levels of sorted members, and the rank error made so far."""

    rank_error: float
    levels: Mapping[int, Floats] = field(default_factory=dict)
    drift: float = 0.0
    spread: float = 0.0
    settled: float = 0.0
    seed: int = 0

    @classmethod
    def of_sorted(cls, values: Floats, rank_error: float) -> Self:
        """Summarise sorted members of weight 1.

        Fewer than 2 / rank_error members are all kept. Of more, the middle one of each run
        of 2**h is kept.
        """
        thinning = thinning_of(rank_error)
        return cls.of_members(values[thinning.ranks(values.size)], values.size, rank_error)

    @classmethod
    def of_members(cls, members: Floats, size: int, rank_error: float, off: float = 0.0) -> Self:
        """Build a sketch from the members kept of a batch of `size`.

        The rank of each is wrong by at most `off`, on top of half a run. The members are not
        copied.
        """
        if not size:
            return cls(rank_error)
        height = thinning_of(rank_error).height(size)
        if not height:
            return cls(rank_error, {0: members})
        whole = size >> height
        levels = {height: members[:whole]}
        for h in range(height - 1, -1, -1):
            if size >> h & 1:
                levels[h] = members[whole : whole + 1]
                whole += 1
        settled = 2.0 ** (height - 1) + off
        return cls(rank_error, levels, settled, settled=settled)

    @classmethod
    @quietly
    def of_weighted(cls, values: Floats, weights: Floats, rank_error: float) -> Self:
        """Summarise sorted members of any weight; each weight is split into powers of two."""
        if not values.size:
            return cls(rank_error)
        total = float(weights.sum())
        if values.size >= 2 / rank_error:
            return cls._sampled(values, weights, total, rank_error)
        return cls(rank_error, _levels_of(values, weights)).compacted()

    @classmethod
    def _sampled(cls, values: Floats, weights: Floats, total: float, rank_error: float) -> Self:
        """Keep the middle member of each run whose weight is a fixed power of two.

        The rest at the end keeps its middle member, split into smaller powers of two.
        """
        _, height = math.frexp(total * rank_error / (1.5 * TOP))
        run = math.ldexp(1.0, height)
        ends = np.cumsum(weights)
        ends *= total / ends[-1]
        whole = math.floor(total / run)
        rest = total - whole * run
        middles = np.append((np.arange(whole) + 0.5) * run, whole * run + rest / 2)
        picked = np.searchsorted(ends, middles, side="right")
        kept = values[np.minimum(picked, values.size - 1)]
        levels = {height: kept[:whole].copy()} if whole else {}
        for bit in range(1, 54):
            if math.floor(math.ldexp(rest, bit - height)) & 1:
                levels[height - bit] = kept[whole:].copy()
        return cls(rank_error, levels, run / 2, settled=run / 2)

    @property
    def size(self) -> int:
        return sum(v.size for v in self.levels.values())

    @property
    def weight(self) -> float:
        return math.fsum(math.ldexp(v.size, h) for h, v in self.levels.items())

    @property
    def bound(self) -> float:
        """The current bound of the rank error, as a share of the weight; 0.0 while exact."""
        if self.drift == 0:
            return 0.0
        return min(self.drift, self.settled + DEVIATIONS * self.spread) / self.weight

    def merge(self, other: Self) -> Self:
        """Return the sketch of both. Commutative; associative up to the error bound."""
        if self.drift and self._is_twin_of(other):
            return self._doubled()
        heights = sorted({*self.levels, *other.levels})
        both = {h: _merged(self.levels.get(h), other.levels.get(h)) for h in heights}
        return type(self)(
            min(self.rank_error, other.rank_error),
            both,
            self.drift + other.drift,
            math.hypot(self.spread, other.spread),
            self.settled + other.settled,
            hashed(*sorted((self.seed, other.seed))),
        ).compacted()

    def moved(self, by: float) -> Self:
        """Return the sketch of the same members, each with `by` added."""
        levels = {level: members + by for level, members in self.levels.items()}
        return replace(self, levels=levels)

    def _is_twin_of(self, other: Self) -> bool:
        mine = (self.rank_error, self.drift, self.seed, self.levels.keys())
        return mine == (other.rank_error, other.drift, other.seed, other.levels.keys()) and all(
            np.array_equal(v, other.levels[h]) for h, v in self.levels.items()
        )

    def _doubled(self) -> Self:
        doubled = {h + 1: v for h, v in self.levels.items()}
        errors = (2 * self.drift, 2 * self.spread, 2 * self.settled)
        return type(self)(self.rank_error, doubled, *errors, self.seed)

    def compacted(self) -> Self:
        """Compact the lowest overfull level until the sketch fits its capacity."""
        levels, drift, spread, seed = dict(self.levels), self.drift, self.spread, self.seed
        top_capacity = TOP / self.rank_error
        while sum(v.size for v in levels.values()) > capacity(self.rank_error):
            top = max(levels)
            full = [
                h for h, v in levels.items() if v.size > max(2, top_capacity * DECAY ** (top - h))
            ]
            if not full:  # only many short levels, from weights of very different size
                break
            h = min(full)
            members = levels.pop(h)
            odd = members.size % 2
            if odd:
                levels[h] = members[-1:].copy()  # a view would keep all members alive
            pairs = members[: members.size - odd]
            seed = hashed(seed, pairs)
            levels[h + 1] = _merged(levels.get(h + 1), pairs[seed & 1 :: 2].copy())
            drift += math.ldexp(1.0, h)
            spread = math.hypot(spread, math.ldexp(1.0, h))
        return type(self)(self.rank_error, levels, drift, spread, self.settled, seed)

    def to_state(self) -> dict[str, Any]:
        """Return plain arrays and values, from which `from_state` builds the same sketch."""
        return {
            "rank_error": self.rank_error,
            "heights": [int(h) for h in self.levels],
            "levels": list(self.levels.values()),
            **{name: getattr(self, name) for name in (*ERRORS, "seed")},
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build a sketch from what `to_state` returned."""
        levels = dict(zip(state["heights"], state["levels"], strict=True))
        if len(levels) != len(state["heights"]):
            raise ValueError("Two levels of a sketch have one height.")
        rest = {name: state[name] for name in (*ERRORS, "seed") if name in state}
        return cls(state["rank_error"], levels, **rest)

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield each field whose value no data could produce, and the reason."""
        if not isinstance(self.rank_error, Real) or not 0 < self.rank_error < 0.5:
            yield "rank_error", f"must lie between 0 and 0.5, not be {self.rank_error!r}"
        for name in ERRORS:
            error = getattr(self, name)
            if not isinstance(error, float) or not 0 <= error < math.inf:
                yield name, f"must be a finite number of at least 0, not {error!r}"
        if type(self.seed) is not int or not 0 <= self.seed < 2**64:
            yield "seed", f"must be an integer of 64 bits, not {self.seed!r}"
        for at, (height, members) in enumerate(self.levels.items()):
            if type(height) is not int or not LOWEST <= height <= HIGHEST:
                yield f"heights[{at}]", f"is {height!r}: no weights give that"
            if getattr(members, "dtype", None) != np.float64 or members.ndim != 1:
                yield f"levels[{at}]", "must be a vector of float64"
            if not np.isfinite(members).all() or (members[1:] < members[:-1]).any():
                yield f"levels[{at}]", "must be finite and sorted"
        for name in ("spread", "settled"):
            if getattr(self, name) > self.drift * (1 + SLACK):
                yield name, f"is {getattr(self, name)!r}, above the drift of {self.drift!r}"

    def faults_in(self, weight: float, low: float, high: float) -> Iterator[tuple[str, str]]:
        """Yield what does not fit the weight and the extrema of the column."""
        apart = abs(self.weight - weight)
        if apart > weight * min(SLACK, 2 / self.rank_error * 2.0**-WEIGHT_BITS):
            yield "levels", f"have the weight {self.weight!r}, but the column has {weight!r}"
        for at, members in enumerate(self.levels.values()):
            if members.size and not low <= members[0] <= members[-1] <= high:
                yield f"levels[{at}]", f"must lie between {low!r} and {high!r}"

    def evenly(self, count: int, unit: float = 1.0) -> Floats:
        """Return quantiles at even distances: the members themselves if they are as many."""
        if not self.drift and self.weight == count and min(self.levels) >= 0:
            both = [np.repeat(members, 1 << height) for height, members in self.levels.items()]
            return np.sort(np.concatenate(both))
        return self.quantiles(np.linspace(0.0, 1.0, count), unit)

    @quietly
    def quantiles(self, probabilities: Floats, unit: float = 1.0) -> Floats:
        """Return quantiles by linear interpolation between the members in their order."""
        heights = [h for h, v in self.levels.items() if v.size]
        if not heights:
            return np.full(probabilities.size, np.nan)
        if heights == [0]:
            return sorted_quantiles(self.levels[0], None, probabilities)
        values = np.concatenate([self.levels[h] for h in heights])
        weights = np.repeat(
            np.ldexp(1.0, np.array(heights)), [self.levels[h].size for h in heights]
        )
        # the order of equal members changes no bit, unless several share a unit
        order = np.argsort(values, kind="stable" if min(heights) < 0 else "quicksort")
        return sorted_quantiles(values[order], weights[order], probabilities, unit)


def _levels_of(values: Floats, weights: Floats) -> dict[int, Floats]:
    """Return the sorted members of each level, for weights as exact sums of powers of two."""
    mantissa, exponent = np.frexp(weights)
    bits = np.ldexp(mantissa, MANTISSA).astype(np.int64)
    found = [np.flatnonzero(bits >> bit & 1) for bit in range(MANTISSA)]
    heights = [exponent[rows] - (MANTISSA - bit) for bit, rows in enumerate(found)]
    row, height = np.concatenate(found), np.concatenate(heights)
    order = np.lexsort((row, height))
    row, height = row[order], height[order]
    starts = np.flatnonzero(np.diff(height, prepend=height[0] - 1))
    parts = np.split(values[row], starts[1:])
    return dict(zip(height[starts].tolist(), parts, strict=True))


def _merged(a: Floats | None, b: Floats | None) -> Floats:
    if a is None or b is None:
        kept = a if b is None else b
        assert kept is not None
        return kept
    both = np.concatenate([a, b])
    both.sort()
    return both


def hashed(*parts: int | Floats) -> int:
    """Return a hash of numbers, and of the mantissas of about 16 members of each array."""
    digest = hashlib.blake2b(digest_size=8)
    for part in parts:
        if isinstance(part, int):
            digest.update(part.to_bytes(8, "little"))
        else:
            mantissas, _ = np.frexp(part[:: max(1, part.size // 16)])
            digest.update(mantissas.tobytes())
    return int.from_bytes(digest.digest(), "little")


@quietly
def sorted_quantiles(
    values: Floats, weights: Floats | None, probabilities: Floats, unit: float = 1.0
) -> Floats:
    """Return quantiles of sorted values, equal to NumPy's default for equal weights.

    Let S(u) be the value at cumulative weight u, W the total weight, and m the `unit`, at
    most 1. The quantile is the mean of S over [q (W - m), q (W - m) + m]. For whole weights
    and m = 1 this is linear interpolation (R. J. Hyndman & Y. Fan 1996, definition 7)
    between the values repeated by weight; for equal weights m, between the values.
    """
    if weights is None:
        position = probabilities * (values.size - 1)
        first = np.floor(position)
        below = values[first.astype(np.intp)]
        above = values[np.minimum(first.astype(np.intp) + 1, values.size - 1)]
        return interpolated(below, above, position - first)
    ends = np.cumsum(weights)
    unit = min(1.0, unit, float(ends[-1]))
    if not adds_up(weights, float(ends[-1])):
        ranks = Ranks(weights, ends)
        return np.array([ranks.quantile(values, p, unit) for p in probabilities])
    position = probabilities * (ends[-1] - unit)
    first = np.minimum(np.searchsorted(ends, position, side="right"), values.size - 1)
    last = np.minimum(np.searchsorted(ends, position + unit, side="left"), values.size - 1)
    last = np.maximum(first, last)
    share = np.clip((position - (ends[first] - unit)) / unit, 0.0, 1.0)
    result = interpolated(values[first], values[np.minimum(first + 1, values.size - 1)], share)
    result = np.where(first == last, values[first], result)
    for i in np.flatnonzero(last > first + 1):
        at = slice(first[i], last[i] + 1)
        edges = np.clip(np.append(ends[at] - weights[at], ends[last[i]]), None, position[i] + unit)
        covered = np.diff(np.maximum(edges, position[i]))
        result[i] = np.sum(values[at] * (covered / covered.sum()))
    return result
