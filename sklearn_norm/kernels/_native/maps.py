"""Maps of columns, and the search for infinities."""

from __future__ import annotations

from .. import _numpy
from ..contract import Array, Floats, Map
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled

NO_BOUNDS = (None, None)
INFINITE = 2  # returned by the extension if a map found an infinite member


def apply(
    X: Array, mapping: Map, bounds: tuple[Floats, Floats] | None, out: Array, look: bool = False
) -> bool:
    """Write (x - center) / scale * gain + offset, clipped where bounds are given.

    Returns whether `look` is set and X has an infinite member; `out` is then partly written.
    """
    if is_native(X, out):
        limits = NO_BOUNDS if bounds is None else bounds
        found = compiled.map(X, *mapping, *limits, False, look, out, count_threads(X.size))
        if found:
            return found == INFINITE  # type: ignore[no-any-return]
    return _numpy.apply(X, mapping, bounds, out, look)


def invert(Z: Array, mapping: Map, out: Array, look: bool = False) -> bool:
    """Write (z - offset) / gain * scale + center; `look` as in `apply`."""
    if is_native(Z, out):
        found = compiled.map(Z, *mapping, *NO_BOUNDS, True, look, out, count_threads(Z.size))
        if found:
            return found == INFINITE  # type: ignore[no-any-return]
    return _numpy.invert(Z, mapping, out, look)


def apply_stored(
    values: Array,
    columns: Array,
    mapping: Map,
    bounds: tuple[Floats, Floats] | None,
    out: Array,
    inverse: bool = False,
    look: bool = False,
) -> bool:
    """Map the members of a sparse array by their columns, or undo it; `look` as in `apply`."""
    given = next((v for v in mapping if v is not None), None)
    if given is not None and is_native(values, out, columns):
        limits = NO_BOUNDS if bounds is None else bounds
        n_threads = count_threads(values.size)
        told = (values, columns, given.size, *mapping, *limits, inverse, look, out, n_threads)
        found = compiled.map_stored(*told)
        if found:
            return found == INFINITE  # type: ignore[no-any-return]
    return _numpy.apply_stored(values, columns, mapping, bounds, out, inverse, look)


def has_infinity(X: Array) -> bool:
    """Whether any member is infinite."""
    if is_native(X):
        return bool(compiled.has_infinity(X, count_threads(X.size)))
    return _numpy.has_infinity(X)
