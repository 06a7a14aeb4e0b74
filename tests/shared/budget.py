"""How much the tests try: `SKLEARN_NORM_BUDGET` is short, full or long.

short, which is the default, runs every test function but the few that are marked as full: fewer
examples of Hypothesis, fewer repetitions, and of products of many cases an eighth.
full, which .ci/run asks for, runs every test function, and of products of many cases a quarter, in
which each value of each parameter appears.
long runs every case, and repeats what is random many times more, for as long as an hour.
"""

from __future__ import annotations

import os
from zlib import crc32

LEVELS = ("short", "full", "long")
LEVEL = os.environ.get("SKLEARN_NORM_BUDGET", "short")
if LEVEL not in LEVELS:
    raise ValueError(f"SKLEARN_NORM_BUDGET is {LEVEL!r}, not one of {', '.join(LEVELS)}")
SHORT = LEVEL == "short"
FEW = 8 if SHORT else 20  # cases of a test function, of which none is left out
PART = 8 if SHORT else 4  # one in so many of more cases runs


def times(short, full, long=None):
    """Return how often to try something under this budget."""
    return {"short": short, "full": full, "long": full if long is None else long}[LEVEL]


def place(text):
    """Return a number that mixes the names of cases, the same in every process."""
    return crc32(text.encode())


def part(cases, share, name=str, always=False):
    """Return a share of cases in their order, at least one.

    Under more than short, all of them, unless the share is meant for any budget.

    Which ones is drawn by their names, so that it is the same in every process.
    """
    cases = list(cases)
    if not (SHORT or always):
        return cases
    drawn = sorted(range(len(cases)), key=lambda i: place(name(cases[i])))
    return [cases[i] for i in sorted(drawn[: max(1, round(share * len(cases)))])]


def covering(items, share=None, each_value=not SHORT):
    """Return the cases of one test function that run under a short or a full budget.

    They are at least that share of all, and together have each value of each parameter, if not told
    otherwise; if no share is told, or the budget is full, a part, and none of a few is left out.
    """
    least = max(FEW, len(items) // PART)
    if SHORT and share is not None:
        least = round(share * len(items))
    drawn = sorted(items, key=lambda item: place(item.nodeid))
    seen, taken, left = set(), [], []
    for item in drawn:
        values = {*enumerate(item.callspec._idlist)}  # an id for each parametrization
        (taken if each_value and not values <= seen else left).append(item)
        seen |= values
    return taken + left[: max(0, least - len(taken))]
