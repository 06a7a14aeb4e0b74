"""Bends: logarithms and their like, and a curve with a bound.

x / unit may over- or underflow where its logarithm is an ordinary number. There the logarithms of
both are subtracted, and on the way back the power is multiplied in two steps.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ..kernels import Floats, Traced
from .chain import Bend

LEAST, MOST = float(np.finfo(np.float64).tiny), float(np.finfo(np.float64).max)
FAR = 700.0  # exp of more may overflow
LN2 = math.log(2.0)
POLICIES = ("error", "nan", "clip")


@dataclass(frozen=True, eq=False)
class Logarithm(Bend):
    """Base of functions of x / unit that grow like a logarithm.

    Parameters
    ----------
    unit : ndarray of shape (n_columns,)
        The divisors, above 0.
    base : float
        The base of the logarithm: other functions are divided by its natural logarithm.
    nonpositive : {"error", "nan", "clip"}
        What becomes of members that have no logarithm.
    floor : ndarray of shape (n_columns,) or None
        The smallest member with "clip"; smaller ones become it.
    """

    remedy: ClassVar[str] = (
        'Replace it, or choose a `nonpositive` of "nan" or "clip", or kind="asinh", which takes '
        "any number."
    )
    shown: ClassVar[str] = "{}"

    unit: Floats
    base: float = math.e
    nonpositive: str = "error"
    floor: Floats | None = None

    def __str__(self) -> str:
        return self.shown.format("x" if (self.unit == 1).all() else f"x / {self.unit[0]}")

    @property
    def leaves_out(self) -> bool:
        return self.nonpositive == "nan"

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        wrong = not isinstance(self.unit, np.ndarray)
        if wrong or not ((self.unit > 0) & (self.unit < np.inf)).all():
            yield "unit", "must hold finite numbers above 0"
        yield from _common_faults(self)

    def _held(self, x: Any) -> Any:
        return x if self.floor is None else np.maximum(x, self.floor)

    def _present(self, inside: Any, y: Any) -> Any:
        return np.where(inside, y, np.nan) if self.leaves_out else y

    @property
    def _per_base(self) -> float:
        return 1.0 if self.base == math.e else math.log(self.base)


@dataclass(frozen=True, eq=False)
class Log(Logarithm):
    """The logarithm of x / unit, of positive numbers."""

    shown: ClassVar[str] = "log({})"

    def bend(self, x: Any) -> Any:
        x = self._held(x)
        return self._present(x > 0.0, log_of_ratio(x, self.unit, self.base))

    def unbend(self, y: Any) -> Any:
        grown = power(self.base, y)
        return _either(
            (grown < LEAST) | (grown > MOST),
            lambda: _twice(power(self.base, y / 2.0), self.unit),
            grown * self.unit,
        )

    def mean_of_normal(self, mean: Floats, deviation: Floats) -> Floats:
        mean, deviation = mean * self._per_base, deviation * self._per_base
        return np.exp(mean + deviation**2 / 2 + np.log(self.unit))


@dataclass(frozen=True, eq=False)
class Log1p(Logarithm):
    """log(1 + x / unit), of numbers above -unit; zeros stay zeros."""

    shown: ClassVar[str] = "log(1 + {})"

    def bend(self, x: Any) -> Any:
        x = self._held(x)
        ratio = x / self.unit
        y = _either(ratio > MOST, lambda: np.log(x) - np.log(self.unit), np.log1p(ratio))
        return self._present(ratio > -1.0, y / self._per_base)

    def unbend(self, y: Any) -> Any:
        y = y * self._per_base
        return _either(y > FAR, lambda: _twice(np.exp(y / 2.0), self.unit), np.expm1(y) * self.unit)

    def mean_of_normal(self, mean: Floats, deviation: Floats) -> Floats:
        mean, deviation = mean * self._per_base, deviation * self._per_base
        return np.expm1(mean + deviation**2 / 2) * self.unit


@dataclass(frozen=True, eq=False)
class Asinh(Logarithm):
    """The inverse hyperbolic sine of x / unit: linear about 0, a logarithm far out."""

    shown: ClassVar[str] = "asinh({})"

    def bend(self, x: Any) -> Any:
        ratio, size = x / self.unit, np.absolute(x)
        y = _either(
            np.absolute(ratio) > MOST,
            lambda: np.sign(x) * (np.log(size) - np.log(self.unit) + LN2),
            np.arcsinh(ratio),
        )
        return y / self._per_base

    def unbend(self, y: Any) -> Any:
        y = y * self._per_base
        size = np.absolute(y)
        return _either(
            size > FAR,
            lambda: np.sign(y) * _twice(np.exp(size / 2.0), self.unit / 2.0),
            np.sinh(y) * self.unit,
        )

    def mean_of_normal(self, mean: Floats, deviation: Floats) -> Floats:
        mean, deviation = mean * self._per_base, deviation * self._per_base
        return np.exp(deviation**2 / 2) * np.sinh(mean) * self.unit


@dataclass(frozen=True, eq=False)
class SignedLog1p(Logarithm):
    """sign(x) log(1 + |x| / unit): a logarithm on both sides of 0."""

    shown: ClassVar[str] = "sign(x) log(1 + |{}|)"

    def bend(self, x: Any) -> Any:
        size = np.absolute(x)
        ratio = size / self.unit
        y = _either(ratio > MOST, lambda: np.log(size) - np.log(self.unit), np.log1p(ratio))
        return np.sign(x) * y / self._per_base

    def unbend(self, y: Any) -> Any:
        size = np.absolute(y) * self._per_base
        return np.sign(y) * _either(
            size > FAR, lambda: _twice(np.exp(size / 2.0), self.unit), np.expm1(size) * self.unit
        )


@dataclass(frozen=True, eq=False)
class Logit(Bend):
    """The logarithm of (x - low) / (high - x), of numbers between low and high.

    Parameters
    ----------
    low, high : ndarray of shape (n_columns,)
        The bounds.
    base, nonpositive : float and str
        As of the logarithms.
    floor : ndarray of shape (n_columns,) or None
        The smallest distance from a bound with "clip".
    """

    remedy: ClassVar[str] = (
        'Replace it, or choose a `nonpositive` of "nan" or "clip", or wider `bounds`.'
    )

    low: Floats
    high: Floats
    base: float = math.e
    nonpositive: str = "error"
    floor: Floats | None = None

    def __str__(self) -> str:
        return f"logit(x) with the bounds {self.low[0]} and {self.high[0]}"

    @property
    def leaves_out(self) -> bool:
        return self.nonpositive == "nan"

    def bend(self, x: Any) -> Any:
        if self.floor is not None:
            x = np.minimum(np.maximum(x, self.low + self.floor), self.high - self.floor)
        y = log_of_ratio(x - self.low, self.high - x, self.base)
        return np.where((x > self.low) & (x < self.high), y, np.nan) if self.leaves_out else y

    def unbend(self, y: Any) -> Any:
        falling = power(self.base, -np.absolute(y))
        away = (self.high - self.low) * (falling / (1.0 + falling))
        return np.where(y < 0.0, self.low + away, self.high - away)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        for name in ("low", "high"):
            vector = getattr(self, name)
            if not isinstance(vector, np.ndarray) or not np.isfinite(vector).all():
                yield name, "must hold finite numbers"
        if not (self.low < self.high).all():
            yield "low", "must be below high"
        yield from _common_faults(self)


@dataclass(frozen=True, eq=False)
class Squash(Bend):
    """z / sqrt(1 + (z / bound)**2): linear about 0, inside (-bound, bound)."""

    remedy_back: ClassVar[str] = (
        "Results lie inside the bound; one that was rounded to it has lost how far out it was."
    )

    bound: float

    def __str__(self) -> str:
        return f"z / sqrt(1 + (z / {self.bound})**2)"

    def bend(self, x: Any) -> Any:
        ratio = np.absolute(x) / self.bound
        outer = ratio > 1.0  # there, squares of its inverse do not overflow
        part = np.where(outer, 1.0 / np.where(outer, ratio, 1.0), ratio)
        return np.where(outer, np.sign(x) * self.bound, x) / np.sqrt(1.0 + part * part)

    def unbend(self, y: Any) -> Any:
        size = np.absolute(y)
        inside = size < self.bound
        left = np.where(inside, (self.bound - size) / self.bound, np.nan)
        return y / np.sqrt(left * ((self.bound + size) / self.bound))

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        yield from super().faults(n_columns)
        if type(self.bound) is not float or not 0 < self.bound < math.inf:
            yield "bound", f"must be a finite number above 0, not {self.bound!r:.40}"


KINDS: dict[str, type[Logarithm]] = {
    "log": Log,
    "log1p": Log1p,
    "asinh": Asinh,
    "signed_log1p": SignedLog1p,
}


def log_of_ratio(x: Any, unit: Any, base: float) -> Any:
    """Return the logarithm of x / unit, also where the quotient over- or underflows."""
    ratio = x / unit
    extreme = (ratio < LEAST) | (ratio > MOST)
    return _either(extreme, lambda: log(base, x) - log(base, unit), log(base, ratio))


def log(base: float, x: Any) -> Any:
    """Return the logarithm; to base 2 and 10, powers of the base give whole numbers."""
    exact = {math.e: np.log, 2.0: np.log2, 10.0: np.log10}.get(base)
    return np.log(x) / math.log(base) if exact is None else exact(x)


def power(base: float, y: Any) -> Any:
    """Return base**y."""
    exact = {math.e: np.exp, 2.0: np.exp2}.get(base)
    return np.power(base, y) if exact is None else exact(y)


def _twice(root: Any, unit: Any) -> Any:
    """Return root**2 * unit, where root**2 may over- or underflow."""
    return root * unit * root


def _either(extreme: Any, rare: Callable[[], Any], usual: Any) -> Any:
    """Return the rare result where members are extreme, which is not computed if none is."""
    if not isinstance(extreme, Traced) and not extreme.any():
        return usual
    return np.where(extreme, rare(), usual)


def _common_faults(function: Any) -> Iterator[tuple[str, str]]:
    if type(function.base) is not float or not 1 < function.base < math.inf:
        yield "base", f"must be a finite number above 1, not {function.base!r:.40}"
    if function.nonpositive not in POLICIES:
        yield "nonpositive", f"must be one of {POLICIES}, not {function.nonpositive!r:.40}"
    if function.floor is not None and not isinstance(function.floor, np.ndarray):
        yield "floor", "must be None, or hold a number for each column"
