"""Powers: the transformations of Box and Cox and of Yeo and Johnson, and their likelihood.

With E(p, d) = (exp(p d) - 1) / p, and d where p is 0, the transformation of Box and Cox is
E(λ, log(x / u)). That of Yeo and Johnson is E(λ, log(1 + x / u)) for x of at least 0, and
-E(2 - λ, log(1 - x / u)) below, where u is a unit.

Numbers that lie close together far from 0 would lose their digits in it. So it is taken about a
number m of the column, the middle: (y(x) - y(m)) / exp(s), where s = p log(1 + |m| / u), with the p
of the side of m. On that side it is E(p, d), where d is the difference of two logarithms, which
keeps all digits. Standardised, the result is the same. With a middle of 0 (Yeo and Johnson), or u
(Box and Cox), it is the transformation itself.

Functions broadcast; `x` may be a traced array.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ._graph import Traced
from ._numpy.blocks import visit
from .contract import Array, Floats

LEAST, MOST = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).max)
FAR = 700.0  # exp of more may overflow
NEAR = 0.3  # the series below is taken up to here
TERMS = 13  # of it
CLOSE = 2.0**-44  # of the interval that holds the best power, when the search ends
STEPS = 200  # of the search; a tenth is usual


class Power(NamedTuple):
    """The powers, the units and the middles of columns, and whether all members are positive.

    With `positive`, the transformation is that of Box and Cox.
    """

    lambdas: Floats
    unit: Floats
    middle: Floats
    positive: bool

    def bend(self, x: Any) -> Any:
        """Transform members; NaN for those without a transformation."""
        if self.positive:
            return np.where(x > 0.0, _raised(self.lambdas, _log_ratio(x, self.middle)), np.nan)
        up, ends = _not_below(x), self._ends()
        d = np.where(up, self._distance(x, 1.0), self._distance(-x, -1.0))
        raised = _raised(np.where(up, self.lambdas, 2.0 - self.lambdas), d)
        if not self.middle.any():
            return np.where(up, raised, -raised)
        return np.where(up, ends.base_up, ends.base_down) + raised * np.where(
            up, ends.factor_up, -ends.factor_down
        )

    def unbend(self, y: Any) -> Any:
        """Undo the transformation; NaN beyond its bounds, infinity where no float is left."""
        if self.positive:
            d = _lowered(self.lambdas, y)
            close = np.absolute(d) < 0.5
            near = self.middle + self.middle * np.expm1(np.where(close, d, 0.0))
            return np.where(close, near, _grown(d, self.middle))
        ends = self._ends()
        up = _not_below(y - ends.zero)
        raised = np.where(
            up, (y - ends.base_up) / ends.factor_up, (ends.base_down - y) / ends.factor_down
        )
        d = _lowered(np.where(up, self.lambdas, 2.0 - self.lambdas), raised)
        middle = np.where(up, np.maximum(self.middle, 0.0), np.maximum(-self.middle, 0.0))
        base = self.unit + middle
        far = np.absolute(d) > FAR
        size = middle + base * np.expm1(np.where(far, 0.0, d))
        size = np.where(far, _grown(d, base), size)
        return np.where(up, size, -size)

    def grid(self, x: Floats) -> Floats:
        """Return what `bend` gives for a grid of powers, and the distances after it.

        The result has the shape (n_rows, n_powers + 1, n_columns). Results that no float holds
        are 0.
        """
        d = self.distances(x)
        found = np.empty((len(x), len(self.lambdas) + 1, x.shape[1]))
        found[:, -1] = d
        raised = found[:, :-1]
        if self.positive or (not (x < 0).any() and not (self.middle < 0).any()):
            _raise_by(self.lambdas, d[:, None], raised)
        elif not (x > 0).any() and not (self.middle > 0).any():
            _raise_by(2.0 - self.lambdas, -d[:, None], raised)
            np.negative(raised, out=raised)
        elif not self.middle.any():
            up = _not_below(x)[:, None]
            _raise_by(np.where(up, self.lambdas, 2.0 - self.lambdas), np.abs(d)[:, None], raised)
            np.multiply(raised, np.where(up, 1.0, -1.0), out=raised)
        else:
            raised[:] = self.bend(x[:, None])
        if not np.isfinite(found[:, [0, -2, -1]]).all():
            np.copyto(found, 0.0, where=np.isinf(found))
        return found

    def distances(self, x: Floats) -> Floats:
        """Return the signed logarithms of members, less that of the middle."""
        if self.positive:
            return _log_ratio(x, self.middle)  # type: ignore[no-any-return]
        signed: Floats = np.sign(x) * _log1p_ratio(np.absolute(x), self.unit)
        middle = np.sign(self.middle) * _log1p_ratio(np.absolute(self.middle), self.unit)
        same = np.where(x < 0, -self._distance(-x, -1.0), self._distance(x, 1.0))
        found: Floats = np.where(x * np.sign(self.middle) > 0, same, signed - middle)
        return found

    def plain(self) -> tuple[Floats, Floats]:
        """Return (factor, offset): the plain formula is what `bend` gives by these."""
        if self.positive:
            start = _log_ratio(self.middle, self.unit)
            return np.exp(self.lambdas * start), _raised(self.lambdas, start)
        below = self.middle < 0
        start = _log1p_ratio(np.absolute(self.middle), self.unit)
        power = np.where(below, 2.0 - self.lambdas, self.lambdas)
        offset = np.where(below, -1.0, 1.0) * _raised(power, start)
        return np.exp(power * start), offset

    def columns(self, chosen: Array) -> Power:
        """Return the powers of some columns."""
        return Power(
            self.lambdas[..., chosen], self.unit[chosen], self.middle[chosen], self.positive
        )

    def _distance(self, size: Any, side: float) -> Any:
        """Return log(1 + size / unit), less that of the middle if it lies on this side."""
        middle = np.maximum(side * self.middle, 0.0)
        plain = _log1p_ratio(np.maximum(size, 0.0), self.unit)
        if not middle.any():
            return plain
        base = self.unit + middle
        ratio = (size - middle) / base
        close = np.absolute(ratio) < 0.5
        start = _log1p_ratio(middle, self.unit)
        return np.where(close, np.log1p(np.where(close, ratio, 0.0)), plain - start)

    def _ends(self) -> _Ends:
        above, below = np.maximum(self.middle, 0.0), np.maximum(-self.middle, 0.0)
        start_up, start_down = (_log1p_ratio(m, self.unit) for m in (above, below))
        other = 2.0 - self.lambdas
        zero = _raised(self.lambdas, -start_up) - _raised(other, -start_down)
        return _Ends(
            zero,
            np.where(below > 0, zero, 0.0),
            np.where(above > 0, zero, 0.0),
            np.exp(-other * start_down),
            np.exp(-self.lambdas * start_up),
        )


class _Ends(NamedTuple):
    """What 0 becomes, and what is added to each side and multiplied there."""

    zero: Any
    base_up: Any
    base_down: Any
    factor_up: Any
    factor_down: Any


def best_powers(
    X: Array, weight: Floats | None, at: Power, low: float, high: float, near: Floats
) -> Floats:
    """Return the power between `low` and `high` of the greatest likelihood, for each column.

    It is searched first between the two powers of each column that `near` holds.

    The likelihood is that of a normal distribution after the transformation. Its logarithm is
    concave in the power (D. Kouider & H. Chen 1995 for Box-Cox; T. Marchand et al. 2022 for
    Yeo-Johnson), so where its derivative is 0, or an end, is the maximum. The middle of a column
    with members on both sides must be 0. Columns need two different members.
    """
    found: Floats = np.full(X.shape[1], np.nan)

    def work(columns: list[int]) -> None:
        for column in columns:
            x = np.array(X[:, column], dtype=np.float64)
            there = ~np.isnan(x)
            w = None if weight is None else weight[there]
            alone = at.columns(np.array([column]))
            x = x[there]
            d = alone.distances(x)
            up = np.ones(d.shape, dtype=bool) if at.positive else x >= 0
            slope = partial(_slope, d=d, up=up, w=w)
            first, last = near[:, column].tolist()
            found[column] = _root(slope, first, last, (low, high))

    def quietly(columns: list[int]) -> None:
        with np.errstate(all="ignore"):  # of this thread
            work(columns)

    visit(quietly, list(range(X.shape[1])), X.size)
    return found


def _slope(power: float, d: Floats, up: Array, w: Floats | None) -> float:
    """Return the derivative of the mean log-likelihood: mean d - cov(y, dy/dλ) / var(y)."""
    p = np.where(up, power, 2.0 - power)
    sizes = np.where(up, d, -d)
    if up.all() or not up.any():  # about the member of the largest result, nothing overflows
        sizes = sizes - (sizes.max() if p[0] > 0 else sizes.min())
        d = np.where(up, sizes, -sizes)
    t = p * sizes
    peak = float(t.max())
    if peak <= FAR / 2:
        y, slope = _raised(p, sizes), sizes * sizes * _bulge(t)
    else:  # in units of exp(peak), in which nothing overflows
        one, whole = np.exp(-peak), np.exp(t - peak)
        y = np.where(p == 0, sizes * one, (whole - one) / np.where(p == 0, 1.0, p))
        other = (sizes * whole - y) / np.where(p == 0, 1.0, p)
        slope = np.where(np.abs(t) < NEAR, sizes * sizes * one * _bulge(t), other)
    y = np.where(up, y, -y)
    y = y - np.average(y, weights=w)
    unit = float(np.abs(y).max()) or 1.0  # so that no square over- or underflows
    y, slope = y / unit, slope / unit
    slope = slope - np.average(slope, weights=w)
    change = np.average(y * slope, weights=w) / np.average(y * y, weights=w)
    return float(np.average(d, weights=w) - change)


def _root(slope: Callable[[float], float], low: float, high: float, wider: Any = None) -> float:
    """Return where a falling function is 0, or the end that is nearest to it.

    If it is not 0 between the ends, it is searched between the wider ones.

    By the secant, with the stale end halved (the Illinois method), and a bisection whenever
    three steps have not halved the interval.
    """
    a, b = low, high
    at_a, at_b = slope(a), slope(b)
    if wider is not None and not at_a > 0 > at_b:
        return _root(slope, *wider)
    if not at_a > 0:
        return a
    if not at_b < 0:
        return b
    width, kept = b - a, 0
    for step in range(STEPS):
        if b - a <= CLOSE * max(1.0, abs(a), abs(b)):
            break
        middle = a + (b - a) * (at_a / (at_a - at_b))
        if step % 3 == 2:
            if b - a > width / 2:
                middle = a + (b - a) / 2
            width = b - a
        middle = min(max(middle, a), b)
        found = slope(middle)
        if found == 0 or middle in (a, b):
            return middle
        if found > 0:
            a, at_a, at_b = middle, found, at_b / 2 if kept > 0 else at_b
            kept = 1
        else:
            b, at_b, at_a = middle, found, at_a / 2 if kept < 0 else at_a
            kept = -1
    return a + (b - a) * (at_a / (at_a - at_b))


def _bulge(t: Floats) -> Floats:
    """Return (t exp(t) - exp(t) + 1) / t**2, the integral of s exp(t s) over s from 0 to 1."""
    small = np.abs(t) < NEAR
    safe = np.where(small, 1.0, t)
    far = (safe * np.exp(safe) - np.expm1(safe)) / (safe * safe)
    if not small.any():
        return np.asarray(far)
    near, factor = np.zeros_like(t), 1.0
    u = np.where(small, t, 0.0)
    for k in range(TERMS, -1, -1):
        factor = 1.0 / (k + 2)
        near = factor + u * near / (k + 1)
    return np.where(small, near, far)


def _raised(p: Any, d: Any) -> Any:
    """Return (exp(p d) - 1) / p, and d where p is 0."""
    flat = p == 0
    return np.where(flat, d, np.expm1(p * d) / np.where(flat, 1.0, p))


def _raise_by(p: Floats, d: Floats, out: Floats) -> None:
    """Write (exp(p d) - 1) / p, and d where p is 0."""
    np.multiply(d, p, out=out)
    np.expm1(out, out=out)
    flat = p == 0
    np.divide(out, np.where(flat, 1.0, p), out=out)
    if flat.any():
        np.copyto(out, np.broadcast_to(d, out.shape), where=flat)


def _lowered(p: Any, y: Any) -> Any:
    """Return log(1 + p y) / p, and y where p is 0."""
    flat = p == 0
    return np.where(flat, y, np.log1p(p * y) / np.where(flat, 1.0, p))


def _not_below(x: Any) -> Any:
    """Return whether x is at least 0, for traced arrays too."""
    return np.invert(x < 0.0)


def _grown(d: Any, unit: Any) -> Any:
    """Return exp(d) unit, where exp(d) may over- or underflow."""
    far, root = np.absolute(d) > FAR, np.exp(d / 2.0)
    return np.where(far, root * unit * root, np.exp(np.where(far, 0.0, d)) * unit)


def _log1p_ratio(size: Any, unit: Any) -> Any:
    """Return log(1 + size / unit), also where the quotient overflows."""
    ratio = size / unit
    far = ratio > MOST
    if not isinstance(far, Traced) and not far.any():
        return np.log1p(ratio)
    return np.where(far, np.log(np.where(far, size, 1.0)) - np.log(unit), np.log1p(ratio))


def _log_ratio(x: Any, middle: Any) -> Any:
    """Return log(x / middle), to the last digits where they are close, and if it is no float."""
    ratio, step = x / middle, (x - middle) / middle
    close = np.absolute(step) < 0.5
    far = np.bitwise_or(ratio < LEAST, ratio > MOST)
    plain = np.log(np.where(far, 1.0, ratio))
    plain = np.where(far, np.log(np.where(x > 0.0, x, np.nan)) - np.log(middle), plain)
    return np.where(close, np.log1p(np.where(close, step, 0.0)), plain)
