"""Which arrays the extension takes."""

from __future__ import annotations

from ..contract import Array

KINDS = "fiub"


def is_native(*arrays: Array) -> bool:
    """Whether the extension reads all arrays as they are: real numbers in native byte order."""
    return all(a.dtype.kind in KINDS and a.dtype.itemsize <= 8 and a.dtype.isnative for a in arrays)
