"""The peak memory of a fit beyond its input, measured in a process of its own.

On Linux it is the growth of the resident set, which the kernel keeps the peak of; elsewhere
the allocations that Python traces, among them NumPy's, but not those in C.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
RESET_PEAK = "5"


def resident(field: str) -> int:
    """Return VmRSS, the resident set, or VmHWM, its peak, in bytes."""
    line = next(x for x in STATUS.read_text().splitlines() if x.startswith(field + ":"))
    return int(line.split()[1]) * 1024


def peak(action: Callable[[], object]) -> int:
    """Return the bytes that an action needed at its peak beyond what there was."""
    if CLEAR.exists():
        CLEAR.write_text(RESET_PEAK)
        there = resident("VmRSS")
        action()
        return max(0, resident("VmHWM") - there)
    tracemalloc.start()
    action()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def peak_of_fit(scaler: str, table: tuple[object, ...], n_threads: int) -> int:
    """Return the peak of the fit of a scaler, measured by this very file."""
    told = json.dumps([scaler, table, n_threads])
    done = subprocess.run(
        [sys.executable, __file__, told], check=True, stdout=subprocess.PIPE, text=True
    )
    return int(done.stdout)


def main() -> None:
    from machine import threads
    from tables import Table, array

    import sklearn_norm

    name, (shape, *rest), n_threads = json.loads(sys.argv[1])
    X, scaler = array(Table(tuple(shape), *rest)), getattr(sklearn_norm, name)
    with threads(n_threads):
        scaler().fit(X[:3, :3])  # what is imported or started only once
        print(peak(lambda: scaler().fit(X)))


if __name__ == "__main__":
    main()
