"""The arrays that are measured on."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

CHUNK = 1 << 22  # members that are drawn at once


class Table(NamedTuple):
    """Normal numbers of a shape and a dtype, a share of them missing."""

    shape: tuple[int, ...]
    dtype: str = "float64"
    nan_share: float = 0.0

    @property
    def n_bytes(self) -> int:
        return int(np.prod(self.shape)) * np.dtype(self.dtype).itemsize

    def __str__(self) -> str:
        share = f" {self.nan_share:.0%} NaN" if self.nan_share else ""
        return f"{'x'.join(map(str, self.shape))} {self.dtype}{share}"


@lru_cache(maxsize=1)
def array(table: Table) -> np.ndarray:
    """Return the array of a table; the last one is kept, as it serves many cases."""
    rng = np.random.default_rng(0)
    X = np.empty(table.shape, table.dtype)
    flat = X.reshape(-1)
    for start in range(0, X.size, CHUNK):
        part = flat[start : start + CHUNK]
        part[:] = rng.standard_normal(part.size, dtype=table.dtype)
        if table.nan_share:
            part[rng.random(part.size, dtype=np.float32) < table.nan_share] = np.nan
    return X
