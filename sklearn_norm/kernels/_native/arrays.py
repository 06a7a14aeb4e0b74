"""The arrays that the extension supports."""

from __future__ import annotations

import numpy as np

from ..contract import Array

READ = frozenset(map(np.dtype, "?bBhHiIlLqQefd"))  # native byte order only


def is_native(*arrays: Array) -> bool:
    """Whether the extension reads all arrays as they are: real numbers in native byte order."""
    for a in arrays:  # noqa: SIM110 - all() makes a generator, which takes longer than the rest
        if a.dtype not in READ:
            return False
    return True
