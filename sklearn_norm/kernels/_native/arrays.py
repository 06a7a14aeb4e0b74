"""Which arrays the extension takes."""

from __future__ import annotations

import numpy as np

from ..contract import Array

READ = frozenset(map(np.dtype, "?bBhHiIlLqQefd"))  # native byte order: others are not equal


def is_native(*arrays: Array) -> bool:
    """Whether the extension reads all arrays as they are: real numbers in native byte order."""
    return all(a.dtype in READ for a in arrays)
