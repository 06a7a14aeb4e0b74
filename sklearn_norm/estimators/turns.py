"""Turns: threads that change one estimator do so one after another, and no update is lost."""

from __future__ import annotations

import os
from threading import Lock, RLock
from typing import Any
from weakref import ReferenceType, ref


class Turn:
    """A lock that the thread which has it may take again.

    After a fork it is free in the child, where the thread that may have had it does not exist.
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


class _Era:
    """The time between two forks, in one process."""

    now, lock = object(), Lock()

    @classmethod
    def begin(cls) -> None:
        cls.now, cls.lock = object(), Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_Era.begin)

# Beside the estimators, whose attributes are parameters and state only; gone when they are.
_turns: dict[int, tuple[ReferenceType[Any], Turn]] = {}


def turn_of(estimator: Any) -> Turn:
    """Return the lock of those who change an estimator, made at the first change."""
    key = id(estimator)
    found = _turns.get(key)
    if found is None:
        gone = ref(estimator, lambda _: _turns.pop(key, None))
        found = _turns.setdefault(key, (gone, Turn()))
    return found[1]
