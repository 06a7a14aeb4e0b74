"""How many threads the kernels of every backend may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import joblib

SERIAL = 1 << 17  # members below which a thread costs more than it saves, in the native backend

_everywhere: int | None = None
_here: ContextVar[int | None] = ContextVar("n_threads", default=None)


def usable_cores() -> int:
    """Return the usable cores: affinity and cgroup limits, and OMP_NUM_THREADS, obeyed."""
    cores = int(joblib.cpu_count())
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, min(cores, int(told))) if told.isdecimal() and int(told) else cores


def configured() -> int | None:
    """Return the number of threads that was set, here or everywhere; None for the default."""
    here = _here.get()
    return _everywhere if here is None else here


def count_threads(n_members: int | None = None, least: int = SERIAL) -> int:
    """Return the threads to use for that many members: one for fewer than `least`."""
    if n_members is not None and n_members < least:
        return 1
    return configured() or usable_cores()


def configure(n_threads: int | None) -> None:
    """Set the number of threads for the whole process; None restores the default."""
    global _everywhere
    _everywhere = n_threads


@contextmanager
def configured_here(n_threads: int | None) -> Iterator[None]:
    """Set the number of threads for a block of code, in this thread or task only."""
    token = _here.set(n_threads)
    try:
        yield
    finally:
        _here.reset(token)
