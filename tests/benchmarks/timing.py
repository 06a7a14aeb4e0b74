"""How times are measured: medians of runs taken in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

Action = Callable[[], object]
ENOUGH, BUDGET = 3, 1.0  # runs after which an action that took a second in all is left alone
PAUSE = 0.003  # seconds in which the threads of the action before stop waiting for more work


def seconds(action: Action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def medians(
    actions: Mapping[str, Action], runs: int, *, before: Action | None = None, burst: int = 1
) -> dict[str, float]:
    """Run the actions in turn, so that a slow moment of the machine hits all.

    `before` runs ahead of each turn, unmeasured; a turn is `burst` calls, each measured.
    """
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(runs):
        for name, action in actions.items():
            times = taken[name]
            if len(times) >= ENOUGH * burst and sum(times) >= BUDGET:
                continue
            if before is not None:
                before()
            time.sleep(PAUSE)
            times += [seconds(action) for _ in range(burst)]
    return {name: statistics.median(times) for name, times in taken.items()}
