"""Sums over columns in double-double precision, for any layout of the columns.

The differences d from a shift are exact: the shift is 0, or all members lie between half and
twice the shift (P. H. Sterbenz, "Floating-point computation", 1974). Each is split on two grids,
the same for all members of a column, into d = h + l + r. h and l have so few bits that sums of
h, of l and of their products are exact in any order, and the rest r is tiny (K. Ozaki,
T. Ogita, S. Oishi & S. M. Rump, "Error-free transformations of matrix multiplication", 2012).
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import numpy as np

from .. import double_double as dd
from ..contract import NO_EXPONENT, Array, Floats, moments_of_zeros
from .blocks import quiet

COMFORT = 400  # squares, products and weighted sums of |x| in 2**±400 stay normal numbers
MANTISSA = 52


class Layout(Protocol):
    """The layout of members: which of them belong to one column."""

    @property
    def size(self) -> Any:
        """The number of members of a column, present or not."""

    @property
    def count_bits(self) -> Any:
        """No column has more than 2**count_bits members."""

    def spread(self, v: Array) -> Array:
        """Repeat one number per column for each member."""

    def reduce(self, ufunc: np.ufunc, x: Array) -> Array:
        """Reduce the members of each column."""

    def dot(self, x: Floats, y: Floats) -> Floats:
        """Sum products of members of each column; these sums are exact."""


class Parts(NamedTuple):
    """Sums over each block and column, from which the moments are computed."""

    exponent: Floats
    shift: Floats
    low: Floats
    high: Floats
    weight: Floats
    weight_rest: Floats
    sum: Floats
    sum_rest: Floats
    sum_last: Floats
    square: Floats
    square_rest: Floats
    square_last: Floats
    square_end: Floats

    def combined(self) -> Floats:
        """Return the moments of each block and column, of shape (10, blocks, columns)."""
        with np.errstate(all="ignore"):  # infinities are reported from the extrema
            weight = dd.two_sum(self.weight, self.weight_rest)
            sums = dd.add(dd.exact(self.sum), dd.two_sum(self.sum_rest, self.sum_last))
            large = dd.two_sum(self.square, self.square_rest)
            squares = dd.add(large, dd.two_sum(self.square_last, self.square_end))
        low, high = self.low + 0.0, self.high + 0.0  # no -0.0
        m = [weight.high, low, high, weight.low, self.exponent, self.shift, *sums, *squares]
        return np.where(weight.high == 0, nothing(1)[:, None], np.array(m))


def nothing(n_columns: int) -> Floats:
    """Return the moments of columns without members."""
    return moments_of_zeros(np.zeros(n_columns))


def measured(
    x: Floats, w: Floats | None, layout: Layout, extreme_weights: bool, buffers: list[Floats]
) -> tuple[Any, ...]:
    """Return the `Parts` of each column; NaN is absent. Overwrites the buffers, of x's size."""
    absent = None
    low, high = layout.reduce(np.minimum, x), layout.reduce(np.maximum, x)
    if np.isnan(low).any():
        absent = np.isnan(x)
        present = quiet(x)
        low, high = layout.reduce(np.fmin, present), layout.reduce(np.fmax, present)
    exponent = _exponents(low, high, extreme_weights)
    units = np.where(exponent == NO_EXPONENT, 0, -exponent).astype(np.int64)
    if units.any():
        x = np.ldexp(x, layout.spread(units))
    shift, bits = _shifts(np.ldexp(low, units), np.ldexp(high, units))
    d = x
    if absent is not None or shift.any():
        d = np.subtract(x, layout.spread(shift), out=room(buffers[0], x))
    if absent is not None:
        d[absent] = 0.0
    if w is not None:
        w = w if absent is None else np.where(absent, 0.0, w)
        sums = _weighted_sums(d, w, bits, layout)
    else:
        there = layout.size if absent is None else layout.reduce(np.add, ~absent)
        sums = (there, 0.0, *_sums(d, bits, layout, buffers[1:]))
    return exponent, shift, low, high, *sums


def is_extreme(weight: Floats | None) -> bool:
    """Whether weights are so large or small that members need an exponent."""
    if weight is None or not weight.size:
        return False
    return bool(weight.max() > 2.0**60 or weight.min() < 2.0**-60)


def room(buffer: Floats, x: Floats) -> Floats:
    """Return the part of a buffer that holds an array like x."""
    return buffer[: x.size].reshape(x.shape)


def _exponents(low: Floats, high: Floats, extreme_weights: bool) -> Floats:
    """Return exponents that keep squares from over- or underflow: 0 almost always."""
    peak = np.maximum(np.abs(low), np.abs(high))
    _, exponent = np.frexp(peak)
    strange = (np.abs(exponent) > COMFORT) | extreme_weights
    exponent = np.where(strange, exponent, 0).astype(np.float64)
    return np.where(peak == 0, NO_EXPONENT, np.where(np.isfinite(peak), exponent, 0.0))


def _shifts(low: Floats, high: Floats) -> tuple[Floats, Array]:
    """Return shifts with exact differences from all members, of less than 2**bits."""
    middle = low + (high - low) / 2
    near = ((low > 0) & (high <= 1.9 * low)) | ((high < 0) & (low >= 1.9 * high))
    shift = np.where(near, middle, 0.0)
    spread = np.maximum(high - shift, shift - low)
    _, bits = np.frexp(np.where(np.isfinite(spread), spread, 0.0))
    return shift, np.where(spread > 0, bits, -300).astype(np.int64)


def _sums(d: Floats, bits: Array, layout: Layout, buffers: list[Floats]) -> tuple[Floats, ...]:
    """Return three parts of Σd and four of Σd², the largest first."""
    high, low, rest = (room(b, d) for b in buffers)
    limb = (MANTISSA - layout.count_bits) // 2  # bits of h and of l
    _on_grid(d, layout.spread(bits - limb), high)
    np.subtract(d, high, out=rest)
    _on_grid(rest, layout.spread(bits - 2 * limb), low)
    np.subtract(rest, low, out=rest)
    return (
        *(layout.reduce(np.add, part) for part in (high, low, rest)),
        layout.dot(high, high),
        2 * layout.dot(high, low),
        layout.dot(low, low),
        2 * layout.dot(rest, d) - layout.dot(rest, rest),  # d² - a², since a = d - r
    )


def _on_grid(x: Floats, grid: Array, out: Floats) -> None:
    """Round to multiples of 2**grid, by adding a large number and subtracting it."""
    large = np.ldexp(1.5, grid + MANTISSA)
    np.add(x, large, out=out)
    np.subtract(out, large, out=out)


def _weighted_sums(d: Floats, w: Floats, bits: Array, layout: Layout) -> tuple[Any, ...]:
    """Return two parts of Σw, three of Σwd and four of Σwd²; some parts are 0."""
    _, top = np.frexp(layout.reduce(np.maximum, w))
    product = dd.two_product(w, d)
    square = dd.two_product(product.high, d)
    return (
        *_coarse_and_rest(w, 0.0, top, layout),
        *_coarse_and_rest(product.high, product.low, top + bits, layout),
        0.0,
        *_coarse_and_rest(square.high, square.low + product.low * d, top + 2 * bits, layout),
        0.0,
        0.0,
    )


def _coarse_and_rest(high: Floats, low: Any, bits: Array, layout: Layout) -> tuple[Floats, Floats]:
    """Return the sum of numbers below 2**bits rounded to a grid, and the sum of the rest."""
    coarse = np.empty_like(high)
    _on_grid(high, layout.spread(bits + layout.count_bits + 1 - MANTISSA), coarse)
    return layout.reduce(np.add, coarse), layout.reduce(np.add, high - coarse + low)
