"""Quantiles by exact ranks, for weights whose sums in floats would lose some of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from ..kernels import Array, Floats
from ..kernels.limbs import Cuts

EPS = 2.0**-52
FEW = 100  # members whose mean is computed exactly


def adds_up(weights: Floats, total: float) -> bool:
    """Whether the sums of weights in floats are exact."""
    return total < 2.0**53 and bool(np.all(weights == np.floor(weights)))


class Ranks:
    """Exact sums of the first weights, in whole numbers of the unit 2**`least`.

    A weight has bits at few exponents, so only these are kept. `ends` are the sums in floats,
    which tell nearly where to look.
    """

    def __init__(self, weights: Floats, ends: Floats) -> None:
        cuts = Cuts.of(weights)
        self.weights, self._ends = weights, ends
        self._off = (ends.size + 2) * EPS * float(ends[-1])
        least = cuts.exponents[-1]
        self.size = Fraction(2) ** least
        self._parts: list[tuple[int, Array, Floats]] = []
        for exponent, limb in cuts.limbs(weights):
            places = limb.nonzero()[0]
            self._parts.append((exponent - least, places, limb[places].cumsum()))
        self.total = self.end(ends.size - 1)

    def end(self, row: int) -> int:
        """Return the sum of the weights up to a row, with its own."""
        total = 0
        for shift, places, sums in self._parts:
            at = int(places.searchsorted(row, "right"))
            total += int(sums[at - 1]) << shift if at else 0
        return total

    def row(self, position: Fraction, bisect: Callable[..., int]) -> int:
        """Return the first row whose end is beyond a position, or at it if bisected left."""
        about = float(position * self.size)
        least = int(self._ends.searchsorted(about - self._off))
        most = int(self._ends.searchsorted(about + self._off, "right"))
        last = self._ends.size - 1
        return min(bisect(range(last + 1), position, least, min(most, last), key=self.end), last)

    def quantile(self, values: Floats, probability: float, unit: float) -> float:
        """Return one quantile, as `sorted_quantiles` defines it.

        Of sums that are rounded, a weight of 3 between two of 1e17 would be lost, though the
        median lies on it.
        """
        width = Fraction(unit) / self.size
        start = Fraction(probability) * (self.total - width)
        first = self.row(start, bisect_right)
        last = max(first, self.row(start + width, bisect_left))
        if first == last:
            return float(values[first])
        ends = (
            (self.end(first) - start) * self.size,
            (start + width - self.end(last - 1)) * self.size,
        )
        return _mean(values[first : last + 1], self.weights[first : last + 1], *ends)


def _mean(values: Floats, weights: Floats, first: Fraction, last: Fraction) -> float:
    """Return the mean of sorted values by their weights, those of the first and the last given."""
    if values.size <= FEW:
        covered = [first, *map(Fraction, weights[1:-1].tolist()), last]
        pairs = zip(map(Fraction, values.tolist()), covered, strict=True)
        return float(sum((v * c for v, c in pairs), Fraction(0)) / sum(covered))
    share = np.concatenate([[float(first)], weights[1:-1], [float(last)]])
    share /= share.max()
    middle = float(np.sum(values * (share / share.sum())))
    return min(max(middle, float(values[0])), float(values[-1]))
