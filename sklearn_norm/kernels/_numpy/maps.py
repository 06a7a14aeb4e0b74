"""Apply and invert a map over an array of any layout, a tile at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from ..contract import Array, Floats, Map
from .blocks import TILE, is_row_major, rows_of, visit
from .extrema import has_infinity

WIDE = 256  # with fewer columns, several rows are joined, for long inner loops
LONG = 1 << 13  # rows of a piece of a column-major array
Bounds: TypeAlias = "tuple[Floats, Floats] | None"
Steps: TypeAlias = "list[tuple[np.ufunc, Floats]]"


class Piece(NamedTuple):
    """A tile of the input and of the output, and the layout of its columns."""

    x: Array
    out: Array
    columns_last: bool
    columns: slice
    repeat: int


def apply(X: Array, mapping: Map, bounds: Bounds, out: Array, look: bool = False) -> bool:
    """Write (x - center) / scale * gain + offset, clipped where bounds are given.

    Returns whether `look` is set and X has an infinite member; `out` is then partly written.
    """
    steps: list[tuple[np.ufunc, Floats | None]] = [
        (np.subtract, mapping.center),
        *_quotient(mapping.gain, mapping.scale, out.dtype),
        (np.add, mapping.offset),
    ]
    if bounds is not None:
        steps += [(np.maximum, bounds[0]), (np.minimum, bounds[1])]

    def exact(x: Floats, columns: Array) -> Floats:
        y = forward(x, _columns_of(mapping, columns))
        return y if bounds is None else bounded(y, bounds[0][columns], bounds[1][columns])

    return _sweep(
        X, out, [(u, v) for u, v in steps if v is not None], special(mapping), exact, look
    )


def bounded(y: Floats, lower: Floats, upper: Floats) -> Floats:
    """Clip like the plain steps; the sign of zero from np.clip depends on the layout."""
    return np.minimum(np.maximum(y, lower), upper)


def invert(Z: Array, mapping: Map, out: Array, look: bool = False) -> bool:
    """Write (z - offset) / gain * scale + center; `look` as in `apply`."""
    steps: list[tuple[np.ufunc, Floats | None]] = [
        (np.subtract, mapping.offset),
        *_quotient(mapping.scale, mapping.gain, out.dtype),
        (np.add, mapping.center),
    ]

    def exact(z: Floats, columns: Array) -> Floats:
        return backward(z, _columns_of(mapping, columns))

    return _sweep(
        Z, out, [(u, v) for u, v in steps if v is not None], special(mapping), exact, look
    )


def apply_stored(
    values: Array,
    columns: Array,
    mapping: Map,
    bounds: Bounds,
    out: Array,
    inverse: bool = False,
    look: bool = False,
) -> bool:
    """Map the members of a sparse array by their columns, or undo it; `look` as in `apply`."""
    if look and has_infinity(values[:, None]):
        return True
    given = next((v for v in mapping if v is not None), None)
    if given is not None and columns.size and not 0 <= columns.min() <= columns.max() < given.size:
        raise IndexError("a column is out of range")
    factor, divisor = (mapping.scale, mapping.gain) if inverse else (mapping.gain, mapping.scale)
    both = one_factor(factor, divisor, out.dtype)
    if both is not None and not special(mapping).size:
        scale, gain = (both, None) if inverse else (None, both)
        mapping = mapping._replace(scale=scale, gain=gain)
    m = _columns_of(mapping, columns)
    with np.errstate(all="ignore"):
        mapped = (backward if inverse else forward)(values.astype(np.float64), m)
        if bounds is not None:
            mapped = bounded(mapped, bounds[0][columns], bounds[1][columns])
        np.copyto(out, mapped, casting="same_kind")
    return False


def _quotient(
    factor: Floats | None, divisor: Floats | None, dtype: Any
) -> list[tuple[np.ufunc, Floats | None]]:
    """Return the steps of a division and a product; one product if the result is short."""
    both = one_factor(factor, divisor, dtype)
    return [(np.divide, divisor), (np.multiply, factor)] if both is None else [(np.multiply, both)]


def one_factor(factor: Floats | None, divisor: Floats | None, dtype: Any) -> Floats | None:
    """Return one factor that replaces a division and a product if the result is short.

    Its error, in the last bit of float64, vanishes when rounding to float32 or float16.
    """
    if dtype == np.float64 or divisor is None:
        return None
    with np.errstate(all="ignore"):
        both: Floats = (1.0 if factor is None else factor) / divisor
        size = np.abs(both)
    return both if np.all((size > 2.0**-500) & (size < 2.0**500)) else None


def special(mapping: Map) -> Array:
    """Return the columns for which the plain steps are wrong."""
    return np.flatnonzero(is_special(mapping))


def is_special(mapping: Map) -> Array:
    """Return which columns have an exponent or a top; a single False if none can."""
    flags = np.zeros(1, dtype=bool)
    if mapping.exponent is not None:
        flags = mapping.exponent != 0
    return flags if mapping.top is None else flags | ~np.isnan(mapping.top)


def forward(x: Floats, m: Map) -> Floats:
    """Map values by vectors that broadcast to them, with exponent and top."""
    t = x if m.exponent is None else np.ldexp(x, -m.exponent)
    t = t if m.center is None else t - m.center
    t = t if m.scale is None else t / m.scale
    y = t if m.gain is None else t * m.gain
    y = y if m.offset is None else y + m.offset
    if m.top is None:
        return y
    held = np.where(t < 1, np.minimum(y, m.top), np.where(t == 1, m.top, np.maximum(y, m.top)))
    return np.where(np.isnan(m.top) | np.isnan(t), y, held)


def backward(z: Floats, m: Map) -> Floats:
    """Undo `forward`."""
    t = z if m.offset is None else z - m.offset
    t = t if m.gain is None else t / m.gain
    if m.top is not None:
        t = np.where(z == m.top, 1.0, t)
    x = t if m.scale is None else t * m.scale
    x = x if m.center is None else x + m.center
    return x if m.exponent is None else np.ldexp(x, m.exponent)


def _columns_of(mapping: Map, columns: Array) -> Map:
    return Map._make(None if v is None else v[columns] for v in mapping)


def _sweep(
    X: Array,
    out: Array,
    steps: Steps,
    columns: Array,
    exact: Callable[[Floats, Array], Floats],
    look: bool,
) -> bool:
    """Apply all steps to each piece; the special columns are computed by `exact`.

    With `look`, each piece is searched for infinity first, or all of X if `out` shares its
    memory. Returns whether there is one.
    """
    if look and np.may_share_memory(X, out):
        if has_infinity(X):
            return True
        look = False
    found: list[bool] = []

    def work(pieces: list[Piece]) -> None:
        buffer = np.empty(
            0 if out.dtype == np.float64 else max((p.x.size for p in pieces), default=0)
        )
        laid: dict[tuple[bool, int, int], Steps] = {}
        with np.errstate(all="ignore"):
            for piece in pieces:
                if look and (found or has_infinity(piece.x)):
                    found.append(True)
                    return
                key = (piece.columns_last, piece.columns.start, piece.repeat)
                if key not in laid:
                    laid[key] = [(u, _lay(v, piece)) for u, v in steps]
                saved = _rescued(piece, columns, exact)
                length = piece.x.shape[1] if buffer.size or piece.x.shape[1] >= LONG // 8 else 0
                with rows_of(length):
                    _take(piece, laid[key], buffer)
                if saved is not None:
                    _view(piece.out, piece)[:, columns] = saved

    visit(work, _pieces(X, out, columns.size > 0), X.size)
    return bool(found)


def _lay(v: Floats, piece: Piece) -> Floats:
    return np.tile(v, piece.repeat) if piece.columns_last else v[piece.columns, None]


def _view(a: Array, piece: Piece) -> Array:
    return a if piece.columns_last else a.T


def _rescued(
    piece: Piece, columns: Array, exact: Callable[[Floats, Array], Floats]
) -> Floats | None:
    """Compute the special columns before an in-place step overwrites them."""
    if not columns.size:
        return None
    return exact(_view(piece.x, piece)[:, columns].astype(np.float64), columns)


def _take(piece: Piece, steps: Steps, buffer: Floats) -> None:
    x, out = piece.x, piece.out
    direct = out.dtype == np.float64
    target: Any = out if direct else buffer[: x.size].reshape(x.shape)
    source = x
    for ufunc, vector in steps[:-1]:
        ufunc(source, vector, out=target)
        source = target
    for ufunc, vector in steps[-1:]:
        ufunc(source, vector, out=out, casting="same_kind")
        source = out
    if source is not out:
        np.copyto(out, source, casting="same_kind")


def _pieces(X: Array, out: Array, keep_columns: bool) -> list[Piece]:
    """Cut both arrays into the same pieces, along the axis that keeps inner loops long."""
    n_rows, n_columns = X.shape
    every = slice(0, n_columns)
    if X.size == 0:
        return []
    if not is_row_major(X):
        rows = min(n_rows, max(1, TILE // n_columns) if keep_columns else LONG)
        width = n_columns if keep_columns else max(1, TILE // rows)
        return [
            Piece(X.T[c, r], out.T[c, r], False, c, 1)
            for c in _spans(n_columns, width)
            for r in _spans(n_rows, rows)
        ]
    repeat = max(1, WIDE // n_columns)
    if keep_columns or repeat == 1 or not (X.flags.c_contiguous and out.flags.c_contiguous):
        return [
            Piece(X[r], out[r], True, every, 1) for r in _spans(n_rows, max(1, TILE // n_columns))
        ]
    whole = n_rows // repeat * repeat
    wide = (whole // repeat, repeat * n_columns)
    x, y = X[:whole].reshape(wide), out[:whole].reshape(wide)
    pieces = [
        Piece(x[r], y[r], True, every, repeat) for r in _spans(wide[0], max(1, TILE // wide[1]))
    ]
    if whole < n_rows:
        pieces.append(Piece(X[whole:], out[whole:], True, every, 1))
    return pieces


def _spans(size: int, step: int) -> list[slice]:
    return [slice(i, min(i + step, size)) for i in range(0, size, step)]
