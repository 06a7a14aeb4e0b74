"""Exact sums of weights of any sizes: each is cut into whole numbers that add without rounding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from . import double_double as dd
from .contract import Array, Floats
from .double_double import Double
from .quiet import quietly

MANTISSA = 52  # bits of a sum that stays exact
CHUNK = 1 << 14  # weights that are cut together, in cache


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where to cut weights: at these exponents, which fall.

    The sums of the whole numbers cut from up to all rows are exact, in any order.
    """

    exponents: tuple[int, ...]

    @classmethod
    def of(cls, weight: Floats) -> Self:
        bits = MANTISSA - weight.size.bit_length()
        _, (top, bottom) = np.frexp([weight.max(), weight.min()])
        least = int(bottom) - MANTISSA - 1
        return cls((*range(int(top) - bits, least, -bits), least))

    def limbs(self, weight: Floats) -> Iterator[tuple[int, Floats]]:
        """Yield exponents and whole numbers; those that are all 0 are left out.

        All are in one array, which the next ones overwrite.
        """
        if len(self.exponents) == 1:
            yield self.exponents[0], weight * 2.0 ** -self.exponents[0]
            return
        rest, limb, below = weight.copy(), np.empty_like(weight), np.empty_like(weight)
        for exponent in self.exponents[:-1]:
            np.multiply(rest, 2.0**-exponent, out=limb)
            np.floor(limb, out=limb)
            if limb.any():
                np.multiply(limb, 2.0**exponent, out=below)
                rest -= below
                yield exponent, limb
        np.multiply(rest, 2.0 ** -self.exponents[-1], out=limb)
        yield self.exponents[-1], limb

    @quietly
    def total(self, weight: Floats) -> dict[int, int]:
        """Return the sum of the limbs at each exponent."""
        total = dict.fromkeys(self.exponents, 0)
        for at in range(0, weight.size, CHUNK):
            for exponent, limb in self.limbs(weight[at : at + CHUNK]):
                total[exponent] += int(limb.sum())
        return total

    @quietly
    def of_segments(self, weight: Floats, starts: Array) -> dict[int, Floats]:
        """Return the sums of the limbs of segments; segment j is starts[j] to starts[j + 1]."""
        sums = {exponent: np.zeros(starts.size - 1) for exponent in self.exponents}
        for at in range(0, weight.size, CHUNK):
            part = weight[at : at + CHUNK]
            first = int(np.searchsorted(starts, at, "right")) - 1
            last = int(np.searchsorted(starts, at + part.size))
            places = np.clip(starts[first : last + 1] - at, 0, part.size)
            filled = np.flatnonzero(np.diff(places))
            for exponent, limb in self.limbs(part):
                sums[exponent][first + filled] += np.add.reduceat(limb, places[filled])
        return sums

    @quietly
    def left(
        self, total: dict[int, int], parts: dict[int, Floats] | None, n_columns: int
    ) -> Double:
        """Return, per column, the total less a part of the weights, as limbs at each exponent."""
        out = dd.exact(np.zeros(n_columns))
        for exponent in reversed(self.exponents):
            limb = np.full(n_columns, float(total[exponent]))
            if parts is not None:
                limb -= parts[exponent]
            out = dd.add(out, dd.exact(limb * 2.0**exponent))
        return out


def exact_sum(weight: Floats) -> float:
    """Return the sum of weights, rounded once."""
    if not weight.size:
        return 0.0
    cuts = Cuts.of(weight)
    return float(cuts.left(cuts.total(weight), None, 1).high[0])


@quietly
def present_weight(X: Array, weight: Floats, absent: Array) -> Floats:
    """Return the total weight of the members that are not NaN, rounded once, per column.

    `absent` is the number of NaN in each column.
    """
    if not weight.size:
        return np.zeros(X.shape[1])
    cuts = Cuts.of(weight)
    total, missing = cuts.total(weight), np.zeros((len(cuts.exponents), X.shape[1]))
    some = np.flatnonzero(absent)
    if some.size:
        limbs = {exponent: limb.copy() for exponent, limb in cuts.limbs(weight)}
        for column in some:
            none = np.isnan(X[:, column]).astype(np.float64)
            for row, exponent in enumerate(cuts.exponents):
                if exponent in limbs:
                    missing[row, column] = np.dot(limbs[exponent], none)
    parts = dict(zip(cuts.exponents, missing, strict=True))
    return cuts.left(total, parts, X.shape[1]).high
