"""How time and memory are measured: medians of runs taken in turn, and the peak beyond."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def medians(actions: list[Callable[[], object]], runs: int) -> list[float]:
    """Run the actions in turn, so that a slow moment of the machine hits all."""
    rows = [[seconds(action) for action in actions] for _ in range(runs)]
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def peak_share(action: Callable[[], object], n_bytes: int) -> float:
    """Return the peak of the memory allocated meanwhile, as a share of the input."""
    tracemalloc.start()
    action()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / n_bytes
