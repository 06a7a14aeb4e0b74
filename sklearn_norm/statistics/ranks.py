"""Quantiles by exact ranks, for weights whose sums in floats would lose some of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable

import numpy as np

from ..kernels import Array, Floats
from ..kernels.limbs import Cuts

EPS = 2.0**-52
FEW = 100  # members whose mean is computed exactly
MOST = 2.0**32  # among as much weight, a position in floats is off by less than 2**-20


def adds_up(weights: Floats, total: float) -> bool:
    """Whether the sums of weights in floats are exact, and positions among them nearly so."""
    return total < MOST and bool(np.all(weights == np.floor(weights)))


class Ranks:
    """Exact sums of the first weights, in whole numbers of the unit 2**`least`.

    A weight has bits at few exponents, so only these are kept. `ends` are the sums in floats,
    which tell roughly where to look. Positions among the sums are whole numbers of a finer unit,
    2**(least - finer).
    """

    def __init__(self, weights: Floats, ends: Floats) -> None:
        cuts = Cuts.of(weights)
        self.weights, self._ends = weights, ends
        self._off = (ends.size + 2) * EPS * float(ends[-1])
        self._least = cuts.exponents[-1]
        self._parts: list[tuple[int, Array, Floats]] = []
        for exponent, limb in cuts.limbs(weights):
            places = limb.nonzero()[0]
            self._parts.append((exponent - self._least, places, limb[places].cumsum()))
        self.total = self.end(ends.size - 1)

    def end(self, row: int) -> int:
        """Return the sum of the weights up to a row, with its own."""
        total = 0
        for shift, places, sums in self._parts:
            at = int(places.searchsorted(row, "right"))
            total += int(sums[at - 1]) << shift if at else 0
        return total

    def row(self, position: int, finer: int, bisect: Callable[..., int]) -> int:
        """Return the first row whose end is beyond a position, or at it if bisected left."""
        about = _ratio(position, finer - self._least)
        least = int(self._ends.searchsorted(about - self._off))
        most = int(self._ends.searchsorted(about + self._off, "right"))
        last = self._ends.size - 1
        most = min(most, last)
        if least < most:
            rows = range(last + 1)
            least = bisect(rows, position, least, most, key=lambda row: self.end(row) << finer)
        return min(least, last)

    def quantile(self, values: Floats, probability: float, unit: float) -> float:
        """Return one quantile, as `sorted_quantiles` defines it.

        With rounded sums, a weight of 3 between two of 1e17 would be lost, although it holds
        the median.
        """
        share, places = _binary(probability)
        width, finer = _binary(unit)
        finer += self._least
        width, finer = (width, finer) if finer >= 0 else (width << -finer, 0)
        start = share * ((self.total << finer) - width)
        width, finer = width << places, finer + places
        first = self.row(start, finer, bisect_right)
        last = max(first, self.row(start + width, finer, bisect_left))
        if values[first] == values[last]:
            return float(values[last])
        at_first = (self.end(first) << finer) - start
        at_last = start + width - (self.end(last - 1) << finer)
        members, weights = values[first : last + 1], self.weights[first : last + 1]
        if members.size <= FEW:
            between = (self._whole(weight) << finer for weight in weights[1:-1])
            return _mean(members.tolist(), [at_first, *between, at_last])
        ends = (_ratio(share, finer - self._least) for share in (at_first, at_last))
        return _rounded_mean(members, weights, *ends)

    def _whole(self, weight: float) -> int:
        """Return a weight in units of 2**least."""
        number, places = _binary(weight)
        shift = -places - self._least
        return number << shift if shift >= 0 else number >> -shift


def _binary(number: float) -> tuple[int, int]:
    """Return a float as a whole number and how often that is halved."""
    top, bottom = float(number).as_integer_ratio()
    return top, bottom.bit_length() - 1


def _ratio(number: int, places: int) -> float:
    """Return the float next to a whole number that is halved so often."""
    return number / (1 << places) if places >= 0 else float(number << -places)


def _mean(values: list[float], covered: list[int]) -> float:
    """Return the float next to the mean of values by their weights."""
    numbers = [_binary(value) for value in values]
    most = max(places for _, places in numbers)
    pairs = zip(numbers, covered, strict=True)
    total = sum((number << (most - places)) * share for (number, places), share in pairs)
    return total / (sum(covered) << most)  # of whole numbers, so it is rounded once


def _rounded_mean(values: Floats, weights: Floats, first: float, last: float) -> float:
    """Return nearly the mean of sorted values by their weights, those of both ends given."""
    share = np.concatenate([[first], weights[1:-1], [last]])
    share /= share.max()
    middle = float(np.sum(values * (share / share.sum())))
    return min(max(middle, float(values[0])), float(values[-1]))
