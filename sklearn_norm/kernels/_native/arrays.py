"""The arrays that the extension supports."""

from __future__ import annotations

import numpy as np

from ..contract import Array

READ = frozenset(map(np.dtype, "?bBhHiIlLqQefd"))  # native byte order only


def is_native(*arrays: Array) -> bool:
    """Whether the extension can read all arrays: real numbers in native byte order."""
    return all(a.dtype in READ for a in arrays)
