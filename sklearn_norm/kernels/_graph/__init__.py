"""The graph backend: maps and norms of traced arrays, written as nodes of an ONNX graph."""

from __future__ import annotations

from .columns import gathered, side_by_side
from .groups import last_members, normalise
from .maps import apply, invert, keep_below_1
from .quantiles import quantiles
from .traced import Tape, Traced

__all__ = [
    "Tape",
    "Traced",
    "apply",
    "gathered",
    "invert",
    "keep_below_1",
    "last_members",
    "normalise",
    "quantiles",
    "side_by_side",
]
