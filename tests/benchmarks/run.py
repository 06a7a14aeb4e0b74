"""Time every operation beside its peers and beside what the hardware allows.

    python tests/benchmarks/run.py                  # the full sizes, a quarter of an hour
    python tests/benchmarks/run.py --small          # a hundredth of them, to see that it runs
    python tests/benchmarks/run.py --only 'Robust.*fit .*float64' --runs 9
    python tests/benchmarks/run.py --linear         # streams of 1e4 to 1e9 values, and only they
    python tests/benchmarks/run.py --docs           # all, written to docs/

SKLEARN_NORM_KERNELS=numpy|native chooses the backend. Peers that are not installed are left
out. docs/benchmarks.rst says how to read the table.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from itertools import chain
from pathlib import Path
from typing import TextIO

from bars import MEMORY, Verdict
from case import Case
from columns import column_cases
from groups import group_cases
from linear import linear_rows, linear_verdicts
from machine import default_threads, facts, peer, threads
from memory import peak_of_fit
from norms import backward_cases, byte_cases, last_cases, norm_cases
from one_row import one_row_cases
from ranks import rank_cases
from report import Row, line, linear_line, row_of, summary, title, verdicts_of
from scalers import scaler_cases
from series import series_cases
from small import small_cases
from timing import medians

from sklearn_norm import kernels

DOCS = Path(__file__).resolve().parents[2] / "docs"
ROUGH = "The shapes are small ones: no bar on time is meant for them."


class Report:
    """What is told as it comes, on the screen and in a file."""

    def __init__(self, file: TextIO | None) -> None:
        self.file = file

    def tell(self, text: str = "") -> None:
        print(text, flush=True)
        if self.file is not None:
            print(text, file=self.file, flush=True)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--small", action="store_true", help="small shapes")
    add("--runs", type=int, default=5, help="runs of which the median is told; fewer if slow")
    add("--threads", type=int, default=default_threads(), help="the most threads, and of a read")
    add("--only", default="", metavar="PATTERN", help="cases whose label has this, a regex")
    add("--linear", action="store_true", help="instead: does the cost grow linearly?")
    add("--text", type=Path, metavar="PATH", help="where to write what is printed")
    add("--json", type=Path, metavar="PATH", help="where to write the figures")
    add("--plot", type=Path, metavar="PATH", help="where to draw them (needs matplotlib)")
    add("--docs", action="store_true", help="measure all; text, figures and plot go to docs/")
    told = parser.parse_args()
    if told.docs:
        name = f"benchmarks_{kernels.choice.name}"
        told.text, told.json = DOCS / f"{name}.txt", DOCS / f"{name}.json"
        told.plot = DOCS / "images" / f"{name}.svg"
    if told.plot and peer("matplotlib") is None:
        parser.error("a plot needs matplotlib: pip install -e '.[bench]'")
    return told


def measured(case: Case, told: argparse.Namespace) -> Row:
    with threads(case.n_threads):
        actions, before = case.set_up()
        seconds = medians(actions, told.runs, before=before, burst=case.burst)
    fits, bars = case.fits, case.bars
    memory = peak_of_fit(fits, case.table, case.n_threads) if fits else None
    if told.small:
        bars = tuple(bar for bar in bars if bar.against == MEMORY)
    return row_of(case, bars, seconds, memory)


def tell_cases(told: argparse.Namespace, report: Report) -> list[Row]:
    rows = []
    small, n_threads = told.small, told.threads
    cases = chain(
        scaler_cases(small, n_threads),
        rank_cases(small, n_threads),
        norm_cases(small, n_threads),
        series_cases(small),
        backward_cases(small),
        last_cases(small),
        byte_cases(small),
        one_row_cases(),
        column_cases(small, n_threads),
        small_cases(),
        group_cases(small, n_threads),
    )
    for case in cases:
        if re.search(told.only, case.label):
            rows.append(measured(case, told))
            report.tell(line(rows[-1]))
    return rows


def tell_linear(told: argparse.Namespace, report: Report) -> list[Row]:
    rows = []
    for row in linear_rows(told.small, told.threads, told.runs):
        rows.append(row)
        report.tell(linear_line(row))
    return rows


def tell(told: argparse.Namespace, report: Report) -> None:
    known = facts(told.threads)
    for name, fact in known.items():
        report.tell(f"{name:14s}{fact}")
    if told.small:
        report.tell(ROUGH)
    rows: list[Row] = []
    linear: list[Row] = []
    if told.docs or not told.linear:
        report.tell("\n" + title())
        rows = tell_cases(told, report)
    if told.docs or told.linear:
        report.tell()
        linear = tell_linear(told, report)
    report.tell()
    of_streams = linear_verdicts(linear)
    verdicts = verdicts_by_name(rows) + of_streams
    for text in summary(verdicts):
        report.tell(text)
    bars = [{"of": name} | verdict.as_dict() for name, verdict in of_streams]
    write({"rows": rows, "linear": linear, "linear_bars": bars}, known, told)
    failed = sum(not verdict.holds for _, verdict in verdicts)
    report.tell(f"{len(rows) + len(linear)} rows, {len(verdicts)} bars, {failed} fail")


def write(tables: dict[str, list[Row]], known: Row, told: argparse.Namespace) -> None:
    """Write the figures, a row on a line, and draw them, as far as was asked for."""
    if told.json:
        texts = [f'"machine": {json.dumps(known)}']
        for name, rows in tables.items():
            lines = ",\n".join(map(json.dumps, rows))
            texts.append(f'"{name}": [\n{lines}\n]')
        told.json.write_text("{\n" + ",\n".join(texts) + "\n}\n", encoding="utf-8")
    if told.plot:
        from plot import draw

        draw(tables["rows"], told.plot)


def verdicts_by_name(rows: list[Row]) -> list[tuple[str, Verdict]]:
    return [
        (" ".join((row["operation"], "x".join(map(str, row["shape"])), row["dtype"])), verdict)
        for row in rows
        for verdict in verdicts_of(row)
    ]


def main() -> None:
    told = options()
    if told.text is None:
        tell(told, Report(None))
        return
    with told.text.open("w", encoding="utf-8") as file:
        tell(told, Report(file))


if __name__ == "__main__":
    sys.exit(main())
