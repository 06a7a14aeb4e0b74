"""How rows are told: as lines of a table, in milliseconds, and summed up by bar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bars import MEMORY, MIB, Bar, Verdict
from case import LIMITS, OURS, PEERS, Case

Row = dict[str, Any]
WIDTHS = {"operation": 43, "shape": 14, "dtype": 9, "NaN": 3, "threads": 8, OURS: 11, "limit": 24}
WIDTHS |= dict.fromkeys(PEERS, 18) | {"memory": 17}


def row_of(case: Case, bars: Iterable[Bar], seconds: dict[str, float], memory: int | None) -> Row:
    """Return all that was measured of a case, and what the bars say of it."""
    table = case.table
    figures = {name: seconds[OURS] / other for name, other in seconds.items()}
    if memory is not None:
        figures[MEMORY] = memory
    judged = [bar for bar in sorted(bars) if bar.against in figures]
    verdicts = [bar.verdict(figures[bar.against]) for bar in judged]
    return {
        "operation": case.operation,
        "shape": list(table.shape),
        "dtype": table.dtype,
        "nan_share": table.nan_share,
        "threads": case.n_threads,
        "seconds": seconds,
        "input_bytes": table.n_bytes,
        "peak_memory_bytes": memory,
        "bars": [verdict.as_dict() for verdict in verdicts],
    }


def verdicts_of(row: Row) -> list[Verdict]:
    return [Verdict.of(told) for told in row["bars"]]


def aligned(cells: Iterable[str], bars: str) -> str:
    left = {"operation", "shape", "dtype"}
    columns = [
        cell.ljust(width) if name in left else cell.rjust(width)
        for (name, width), cell in zip(WIDTHS.items(), cells, strict=True)
    ]
    return ("".join(columns) + "   " + bars).rstrip()


def title() -> str:
    return aligned(WIDTHS, "bars")


def line(row: Row) -> str:
    seconds, memory = row["seconds"], row["peak_memory_bytes"]
    mine = seconds[OURS]
    limit = next(name for name in LIMITS if name in seconds)
    cells = [
        row["operation"],
        "x".join(map(str, row["shape"])),
        row["dtype"],
        f"{row['nan_share']:.0%}" if row["nan_share"] else "",
        str(row["threads"]),
        f"{mine * 1e3:.2f}",
        f"{limit} {seconds[limit] * 1e3:7.2f} {mine / seconds[limit]:6.2f}",
    ]
    cells += [
        f"{seconds[name] * 1e3:.2f} {seconds[name] / mine:6.2f}x" if name in seconds else ""
        for name in PEERS
    ]
    share = "" if memory is None else f"{memory / MIB:.1f} {memory / row['input_bytes']:7.1%}"
    return aligned([*cells, share], "; ".join(map(str, verdicts_of(row))))


def linear_line(row: Row) -> str:
    return (
        f"{row['operation']:35s}{row['n_values']:>14,} values"
        f"{row['nanoseconds_per_value']:8.2f} ns each{row['peak_memory_bytes'] / MIB:8.1f} MiB"
    )


def summary(verdicts: list[tuple[str, Verdict]]) -> Iterator[str]:
    """Yield a line for each bar: in how many rows it holds, and where it is nearest to not."""
    groups: dict[tuple[int, str], list[tuple[str, Verdict]]] = {}
    for name, verdict in verdicts:
        key = (verdict.bar.number, verdict.bar.against)
        groups.setdefault(key, []).append((name, verdict))
    for (number, against), members in sorted(groups.items()):
        held = sum(verdict.holds for _, verdict in members)
        name, worst = max(members, key=lambda m: m[1].value / m[1].bar.at_most)
        yield (
            f"bar {number}, {against + ':':14s}{held:4d} of {len(members):3d} hold; "
            f"tightest: {worst.told}, {name}"
        )
