"""Where members lie among the sorted knots of their column."""

from __future__ import annotations

from .. import _numpy
from ..contract import Array, Floats
from ..threads import count_threads
from .arrays import is_native
from .loading import compiled


def place(X: Array, knots: Floats, counts: Floats, out: Array) -> None:
    """Write the place of each member; see the contract."""
    if is_native(X, out):
        compiled.place(X, knots, counts, knots.shape[1], out, count_threads(X.size))
    else:
        _numpy.place(X, knots, counts, out)
