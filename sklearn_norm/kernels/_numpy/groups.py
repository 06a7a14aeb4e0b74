"""Normalise groups of members: statistics and result in one pass, while a piece is in cache.

An array is viewed as (samples, groups, channels, positions); a group's members are its
channels and positions. The bits of a group depend only on its present members in order, not on
other groups, the layout or absent members.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..contract import Array, Floats
from .blocks import BUFFER, SHORT, TILE, rows_of, visit

LEAST, MOST = 2.0**-800, 2.0**800  # outside, the mean square is computed in scaled units
NEGLIGIBLE = 2.0**-52  # a mean of the differences below this, in deviations, is rounding noise
FINE = 0.0  # of float64 and integers: the mean of every group is checked for lost digits
COARSE = 2.0**-10  # of shorter floats: only means above 1 / COARSE deviations are checked
SHORT_FLOATS = (np.float16, np.float32)
SMALLEST = np.finfo(np.float64).smallest_normal


def normalise(
    X: Array,
    centred: bool,
    eps: float,
    gain: Floats | None,
    offset: Floats | None,
    out: Array,
) -> Floats:
    """Write (x - center) / scale * gain + offset; return center and scale per group.

    scale is sqrt(variance + eps), or sqrt(mean square + eps) about 0 if not `centred`.
    """
    stats = np.zeros((2, *X.shape[:2]))
    center, scale = stats

    def work(pieces: list[tuple[slice, slice]]) -> None:
        buffer = np.empty(max((X[p].size for p in pieces), default=0))
        with np.errstate(all="ignore"):
            for s, g in pieces:
                x, target = X[s, g], out[s, g]
                d = buffer[: x.size].reshape(x.shape)
                rows = d.reshape(x.shape[0] * x.shape[1], -1)
                grain = COARSE if x.dtype in SHORT_FLOATS else FINE
                mean, root, factor = _standardise(x, rows, centred, eps, grain)
                center[s, g], scale[s, g] = mean.reshape(x.shape[:2]), root.reshape(x.shape[:2])
                _finish(
                    d,
                    target,
                    factor.reshape(*x.shape[:2], 1, 1),
                    affine(gain, g),
                    affine(offset, g),
                )

    def affine(vector: Floats | None, g: slice) -> Floats | None:
        return vector if vector is None or vector.shape[0] == 1 else vector[g]

    if X.size == 0:
        return np.full_like(stats, np.nan)
    visit(work, list(pieces(X.shape)), X.size)
    return stats


def _finish(
    d: Floats, out: Array, factor: Floats, gain: Floats | None, offset: Floats | None
) -> None:
    """Write d * factor * gain + offset; a gain per channel is multiplied into the factor."""
    if gain is not None and gain.shape[2] == 1:
        factor, gain = factor * gain, None
    taken = [(np.multiply, factor), (np.multiply, gain), (np.add, offset)]
    steps = [(ufunc, vector) for ufunc, vector in taken if vector is not None]
    with rows_of(d.shape[3] if d.shape[3] >= SHORT else d.shape[2] * d.shape[3]):
        for ufunc, vector in steps[:-1]:
            ufunc(d, vector, out=d)
        ufunc, vector = steps[-1]
        ufunc(d, vector, out=out, casting="same_kind")


def pieces(shape: tuple[int, ...]) -> Iterator[tuple[slice, slice]]:
    """Cut into pieces of whole groups that fit the cache if possible."""
    n_samples, n_groups, *members = shape
    group = max(1, int(np.prod(members)))
    groups = min(n_groups, max(1, TILE // group))
    samples = max(1, TILE // (group * n_groups))
    for s in range(0, n_samples, samples):
        for g in range(0, n_groups, max(1, groups)):
            yield slice(s, min(s + samples, n_samples)), slice(g, min(g + groups, n_groups))


def _reciprocal(root: Floats) -> Floats:
    """Return 1 / root, finite even for 0: the differences are then 0, so it does not matter."""
    return 1 / np.maximum(root, SMALLEST)


def _standardise(
    x: Array, d: Floats, centred: bool, eps: float, grain: float
) -> tuple[Floats, Floats, Floats]:
    """Fill the rows of d with differences; return center, scale and the factor for d."""
    plain = x.dtype == np.float64 and x.flags.c_contiguous and x.flags.aligned
    source = x.reshape(d.shape) if plain else d
    if not plain:
        np.copyto(d.reshape(x.shape), x)
    mean, square = _measure(source, d, centred, grain)
    root = np.sqrt(square + eps)
    factor = _reciprocal(root)
    strange = ~((square + eps > LEAST) & (square + eps < MOST))
    if strange.any():
        again = np.flatnonzero(strange)
        raw = x.reshape(d.shape)[again].astype(np.float64)
        d[again], mean[again], root[again], factor[again] = _careful(raw, centred, eps, grain)
    return mean, root, factor


def _measure(source: Floats, d: Floats, centred: bool, grain: float) -> tuple[Floats, Floats]:
    """Fill d with the differences from the mean; return the mean and the mean square of d.

    The mean of the differences is the rounding error of the mean, and is subtracted. A row of
    equal members, where only rounding errors are left, becomes 0.
    """
    size = source.shape[1]
    if not centred:
        if d is not source:
            np.copyto(d, source)
        return np.zeros(d.shape[0]), _squares(d) / size
    mean = np.add.reduce(source, axis=1) / size
    first = source[:, 0].copy()
    with rows_of(size):  # not for sums, whose bits could change
        np.subtract(source, mean[:, None], out=d)
    square = _squares(d) / size
    if grain:
        doubtful = np.flatnonzero((grain * mean) ** 2 > square)
    else:
        rest = np.add.reduce(d, axis=1) / size
        doubtful = np.flatnonzero(np.abs(rest) > NEGLIGIBLE * np.sqrt(square))
    if doubtful.size:
        mean[doubtful], square[doubtful] = _refine(d, mean, doubtful, first[doubtful])
    return mean, square


def _squares(d: Floats) -> Floats:
    """Sum the squares of each row, in pieces short enough for NumPy not to split them."""
    total = np.einsum("ij,ij->i", d[:, :BUFFER], d[:, :BUFFER])
    for start in range(BUFFER, d.shape[1], BUFFER):
        part = d[:, start : start + BUFFER]
        total += np.einsum("ij,ij->i", part, part)
    return np.asarray(total)


def _refine(d: Floats, mean: Floats, rows: Array, first: Floats) -> tuple[Floats, Floats]:
    """Subtract the mean of the differences; rows of equal members become 0."""
    size, part = d.shape[1], d[rows]
    rest = np.add.reduce(part, axis=1) / size
    part -= rest[:, None]
    center = mean[rows] + rest
    square = _squares(part) / size
    noise = np.flatnonzero(square <= (size * NEGLIGIBLE * center) ** 2)
    equal = noise[np.ptp(d[rows[noise]], axis=1) == 0]
    part[equal], square[equal], center[equal] = 0.0, 0.0, first[equal]
    d[rows] = part
    return center, square


def _careful(
    x: Floats, centred: bool, eps: float, grain: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Standardise rows with absent members, or whose squares would over- or underflow."""
    d = np.full_like(x, np.nan)
    mean, root, factor = np.full((3, x.shape[0]), np.nan)
    present = ~np.isnan(x)
    counts = present.sum(axis=1)
    for size in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == size)
        members = x[rows][present[rows]].reshape(rows.size, size)
        part = np.empty_like(members)
        act = _standardise if size < x.shape[1] else _in_units
        mean[rows], root[rows], factor[rows] = act(members, part, centred, eps, grain)
        whole = d[rows]
        whole[present[rows]] = part.ravel()
        d[rows] = whole
    return d, mean, root, factor


def _in_units(
    x: Floats, d: Floats, centred: bool, eps: float, grain: float
) -> tuple[Floats, Floats, Floats]:
    """Standardise rows in units of a power of two, so that squares do not over- or underflow."""
    _, power = np.frexp(np.maximum(np.abs(x).max(axis=1), np.sqrt(eps)))
    infinite = np.isinf(x).any(axis=1)
    power = np.where(infinite, 0, power)
    mean, square = _measure(np.ldexp(x, -power[:, None]), d, centred, grain)
    if centred and infinite.any():  # finite members do not count, even if their sum overflows
        mean[infinite] = np.where(np.isinf(x[infinite]), x[infinite], 0.0).sum(axis=1)
    root = np.sqrt(square + np.ldexp(eps, -2 * power))
    scale = np.where(square == 0, np.sqrt(eps), np.ldexp(root, power))
    return np.ldexp(mean, power), scale, _reciprocal(root)
