"""The figures drawn: how many times the limit each operation takes, here and elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from case import LIMITS, OURS, PEERS

MARKERS = dict(zip((OURS, *PEERS), "o^sDPvX", strict=True))
COLOURS = dict(
    zip(
        (OURS, *PEERS),
        ("#0072b2", "#e69f00", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#999999"),
        strict=True,
    )
)
WIDTH, INCHES_PER_ROW = 12.0, 0.2

Panel = tuple[str, list[dict[str, Any]]]


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw a panel for each table of the scalers, and for each dtype and thread of the norms."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "sklearn_norm", "font.size": 8}
    from matplotlib import pyplot

    lines = [line for line in (scaler_panels(rows), norm_panels(rows)) if line]
    if not lines:
        return
    heights = [max(len(members) for _, members in line) for line in lines]
    figure, axes = pyplot.subplots(
        len(lines),
        max(map(len, lines)),
        figsize=(WIDTH, INCHES_PER_ROW * sum(heights) + 0.9 * len(lines) + 0.4),
        height_ratios=heights,
        sharey="row",
        squeeze=False,
        layout="constrained",
    )
    for line, across in zip(lines, axes, strict=True):
        for axis in across[len(line) :]:
            axis.set_visible(False)
        for axis, panel in zip(across, line, strict=False):
            draw_panel(axis, panel)
    handles = {}
    for axis in figure.axes:
        handles |= {h.get_label(): h for h in axis.get_legend_handles_labels()[0]}
    figure.legend(
        [handles[name] for name in MARKERS if name in handles],
        [name for name in MARKERS if name in handles],
        loc="outside upper center",
        ncols=len(MARKERS),
    )
    figure.supxlabel("time, in multiples of the physical limit (1 is the limit)")
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)


def scaler_panels(rows: list[dict[str, Any]]) -> list[Panel]:
    panels: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        whole = "Scaler" in row["operation"] and "partial_fit" not in row["operation"]
        whole = whole and row["shape"][0] > 1  # of one row there is a table only
        if whole and row["dtype"] == "float64" and not row["nan_share"]:
            panels.setdefault("x".join(map(str, row["shape"])) + " float64", []).append(row)
    return list(panels.items())


def norm_panels(rows: list[dict[str, Any]]) -> list[Panel]:
    panels: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if "_norm" in row["operation"]:
            panels.setdefault(f"{row['dtype']}, threads: {row['threads']}", []).append(row)
    return list(panels.items())


def draw_panel(axis: Any, panel: Panel) -> None:
    title, members = panel
    axis.set_title(title)
    axis.set_xscale("log")
    axis.axvline(1, color="black", linewidth=0.8)
    axis.grid(axis="both", linewidth=0.3)
    names = [row["operation"] for row in members]
    for peer, marker in MARKERS.items():
        places = [i for i, row in enumerate(members) if peer in row["seconds"]]
        if places:
            times = [members[i]["seconds"][peer] / limit_of(members[i]) for i in places]
            axis.plot(times, places, marker, color=COLOURS[peer], markersize=4, label=peer)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.5, -0.5)


def limit_of(row: dict[str, Any]) -> float:
    return float(next(row["seconds"][name] for name in LIMITS if name in row["seconds"]))
