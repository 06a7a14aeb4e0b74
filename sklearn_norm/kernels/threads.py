"""The number of threads that the kernels of every backend may use."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache

import joblib

SERIAL = 1 << 19
"""Below this many members, the native backend uses one thread.

Starting a thread and waiting for its end takes 50 to 100 µs on idle cores, and milliseconds if
other programs use them. One thread measures this many members in about 270 µs.
"""

_everywhere: int | None = None
_here: ContextVar[int | None] = ContextVar("n_threads", default=None)


def usable_cores() -> int:
    """Return the usable cores, limited by affinity, cgroups and OMP_NUM_THREADS."""
    cores = _counted(joblib.cpu_count, _allowed(), os.environ.get("LOKY_MAX_CPU_COUNT"))
    told = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return max(1, min(cores, int(told))) if told.isdecimal() and int(told) else cores


@lru_cache(maxsize=16)
def _counted(count: Callable[[], int], allowed: frozenset[int], told: str | None) -> int:
    """Return joblib's count, cached: it reads files, which takes as long as a small fit."""
    return int(count())


def _allowed() -> frozenset[int]:
    """Return the cores that this thread may run on; empty if the system does not say."""
    affinity = getattr(os, "sched_getaffinity", None)
    return frozenset() if affinity is None else frozenset(affinity(0))


def configured() -> int | None:
    """Return the number of threads set for this context or the process; None if not set."""
    here = _here.get()
    return _everywhere if here is None else here


def count_threads(n_members: int | None = None, least: int = SERIAL) -> int:
    """Return the number of threads for this many members: one if fewer than `least`."""
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
