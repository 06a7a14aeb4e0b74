"""What a backend of kernels must offer: arithmetic on raw arrays and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]


class BlockMoments(NamedTuple):
    """Sums over blocks of rows, each array of shape (blocks, columns), float64.

    `shift`, `sum` and `square` are in units of 2**exponent: the block's members are
    (x / 2**exponent); `sum` is that of their differences from `shift`, `square` that
    of the squares of these differences. Each `_low` is what the number before it lacks to
    twice the precision. `weight` is 0 where a block has no member.
    """

    weight: Floats
    weight_low: Floats
    exponent: Floats
    shift: Floats
    sum: Floats
    sum_low: Floats
    square: Floats
    square_low: Floats
    low: Floats
    high: Floats


class Extremes(NamedTuple):
    """Extrema and present weight per column; (inf, -inf) and 0 where nothing is present."""

    weight: Floats
    low: Floats
    high: Floats


class Map(NamedTuple):
    """Row vectors of (x - center) / scale * gain + offset; None leaves a step out.

    In the columns where `exponent` is not 0, center and scale are in units of
    2**exponent, which lets a range exceed the largest float. Where `top` is not NaN,
    the map's value at (x - center) / scale = 1 is `top`, to the bit.
    """

    center: Floats | None
    scale: Floats | None
    gain: Floats | None
    offset: Floats | None
    top: Floats | None
    exponent: npt.NDArray[np.int64] | None


class Kernels(Protocol):
    """The contract. X is a 2-D float16, float32 or float64 array in any layout.

    NaN is absent; weights are positive and finite. No kernel changes its inputs,
    but for the `out` it is given. The bits of a result depend on the values of
    the column alone: not on layout, other columns, or the number of threads. Sums in
    twice the precision keep this promise once they are rounded to float64.
    """

    def block_moments(self, X: Array, weight: Floats | None) -> BlockMoments: ...

    def extremes(self, X: Array, weight: Floats | None) -> Extremes: ...

    def segment_moments(self, values: Array, starts: Array, weight: Floats | None) -> BlockMoments:
        """Measure members starts[j] to starts[j + 1] of each column j as one block."""
        ...

    def segment_extremes(self, values: Array, starts: Array) -> Extremes:
        """Return the extrema and the number of present members of each such column."""
        ...

    def has_infinity(self, X: Array) -> bool: ...

    def apply(
        self, X: Array, mapping: Map, bounds: tuple[Floats, Floats] | None, out: Array
    ) -> None: ...

    def invert(self, Z: Array, mapping: Map, out: Array) -> None: ...

    def sorted_columns(self, X: Array, memory: int) -> Iterator[tuple[slice, Floats]]: ...

    def normalise(
        self,
        X: Array,
        centred: bool,
        eps: float,
        gain: Floats | None,
        offset: Floats | None,
        out: Array,
    ) -> tuple[Floats, Floats]:
        """Normalise a view (samples, groups, channels, positions) of any layout.

        Each group of each sample becomes (x - center) / sqrt(variance + eps), times `gain`,
        plus `offset`, both broadcast to a sample; NaN stays NaN. Not `centred` measures
        about 0. Returns center and scale, of shape (samples, groups).
        """
        ...
