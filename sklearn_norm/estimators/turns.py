"""Turns: threads that change one estimator do so one after another, and no update is lost."""

from __future__ import annotations

import os
from threading import Lock, RLock
from typing import Any


class Turn:
    """A lock that is no part of the state: copies and pickles of it are new ones.

    The thread that has the turn may take it again. After a fork, the turn is free in the child,
    where the thread that may have had it does not exist.
    """

    __slots__ = ("_era", "_lock")

    def __init__(self) -> None:
        self._renew()

    def _renew(self) -> None:
        self._lock, self._era = RLock(), _Era.now

    def __enter__(self) -> None:
        if self._era is not _Era.now:
            with _Era.lock:
                if self._era is not _Era.now:
                    self._renew()
        self._lock.acquire()

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[Any, ...]:
        return Turn, ()


class _Era:
    """The time between two forks, in one process."""

    now, lock = object(), Lock()

    @classmethod
    def begin(cls) -> None:
        cls.now, cls.lock = object(), Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Era.begin)
