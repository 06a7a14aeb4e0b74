"""Maps of columns, and the search for infinities."""

from __future__ import annotations

from .. import _numpy
from ..contract import Array, Floats, Map
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled

NO_BOUNDS = (None, None)


def apply(X: Array, mapping: Map, bounds: tuple[Floats, Floats] | None, out: Array) -> None:
    """Write (x - center) / scale * gain + offset, clipped where bounds are given."""
    known = is_native(X, out)
    limits = NO_BOUNDS if bounds is None else bounds
    if not (known and compiled.map(X, *mapping, *limits, False, out, count_threads(X.size))):
        _numpy.apply(X, mapping, bounds, out)


def invert(Z: Array, mapping: Map, out: Array) -> None:
    """Write (z - offset) / gain * scale + center."""
    known = is_native(Z, out)
    if not (known and compiled.map(Z, *mapping, *NO_BOUNDS, True, out, count_threads(Z.size))):
        _numpy.invert(Z, mapping, out)


def has_infinity(X: Array) -> bool:
    """Whether any member is infinite."""
    if is_native(X):
        return bool(compiled.has_infinity(X, count_threads(X.size)))
    return _numpy.has_infinity(X)
