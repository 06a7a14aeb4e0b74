"""Whether a stream costs the same per value, and the same memory, however long it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bars import MEMORY, MIB, Bar, Verdict
from machine import threads
from memory import peak
from tables import Table, array
from timing import medians

import sklearn_norm as ours

N_COLUMNS, ROWS_OF_CHUNK = 20, 100_000
RING = 1 << 30  # bytes that are gone round: so many that no cache holds a chunk until its next turn
BEYOND_CACHE = 10**7  # values from which the bar holds: 80 MB
COST, MEMORY = Bar(7, "the least", 1.5), Bar(7, MEMORY, 16 * MIB)


def linear_rows(small: bool, n_threads: int, runs: int) -> Iterator[dict[str, Any]]:
    most = 6 if small else 9
    bytes_of_row = N_COLUMNS * 8
    n_rows = ROWS_OF_CHUNK if small else RING // bytes_of_row // ROWS_OF_CHUNK * ROWS_OF_CHUNK
    ring = array(Table((n_rows, N_COLUMNS)))
    for scaler in (ours.ZScoreScaler, ours.MinMaxScaler):
        for power in range(4, most + 1):
            feed = stream(scaler, ring, 10**power // N_COLUMNS)
            with threads(n_threads):
                memory = peak(feed)
                taken = medians({"ours": feed}, runs if power < 8 else 1)["ours"]
            yield {
                "operation": f"{scaler.__name__}.partial_fit",
                "n_values": 10**power,
                "nanoseconds_per_value": taken / 10**power * 1e9,
                "peak_memory_bytes": memory,
            }


def stream(scaler: type, ring: np.ndarray, n_rows: int) -> Callable[[], None]:
    """Return what feeds a fresh scaler so many rows, each time from where the last one ended."""
    place = 0

    def feed() -> None:
        nonlocal place
        fitted, left = scaler(), n_rows
        while left:
            chunk = ring[place : place + min(left, ROWS_OF_CHUNK)]
            fitted.partial_fit(chunk)
            left -= len(chunk)
            place = (place + len(chunk)) % len(ring)

    return feed


def linear_verdicts(rows: list[dict[str, Any]]) -> list[tuple[str, Verdict]]:
    """Judge each scaler: the dearest value beside the cheapest, and the highest peak."""
    told = []
    for name in dict.fromkeys(row["operation"] for row in rows):
        mine = [row for row in rows if row["operation"] == name]
        long = [r["nanoseconds_per_value"] for r in mine if r["n_values"] >= BEYOND_CACHE]
        if long:
            told.append((name, COST.verdict(max(long) / min(long))))
        told.append((name, MEMORY.verdict(max(r["peak_memory_bytes"] for r in mine))))
    return told
