"""Cells: which column of the map each column of a group takes, or what is done in its place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..maps.record import Map, result_dtype
from .grouped import Groups

# in place of a column of the map
NOTHING, AS_IT_IS, REFUSED = -1, -2, -3
POLICIES = {"nan": NOTHING, "passthrough": AS_IT_IS, "error": REFUSED}
PIECE = 1 << 24  # members that are mapped at once


def cells_of(statistic: Groups, parameters: dict[str, Any]) -> Any:
    """Return the place in the map of each cell, of shape (n_groups + 1, n_columns).

    The map has the columns of all rows first, then those of the groups. The last row is that of
    keys without a group.
    """
    number, width = statistic.keys.number, statistic.width
    pooled = parameters["target"] == "pooled"
    # in the units of the data, a map to the distribution of all rows and back changes nothing
    all_rows = np.full(width, AS_IT_IS) if pooled else np.arange(width)
    cells = np.arange(width * (number + 1), dtype=np.int32).reshape(number + 1, width) + width
    unknown = parameters["handle_unknown"]  # what is an error was refused before
    cells[-1] = all_rows if unknown == "error" else POLICIES.get(unknown, all_rows)
    small = statistic.parts.weight.reshape(number, width) < parameters["min_rows"]
    if small.any():
        policy = np.broadcast_to(POLICIES.get(parameters["small"], all_rows), width)
        cells[:-1] = np.where(small, policy, cells[:-1])
    return cells


class Cells:
    """The cells of the rows of a table, and what the map does to their members.

    Parameters
    ----------
    cells : ndarray of int32, of shape (n_groups + 1, n_columns)
        See `cells_of`; some of its columns if only those were chosen.
    rows : ndarray of shape (n_rows,)
        The group of each row; that of an unknown key is the last.
    pooled : bool
        Whether results are in the units of the data.
    all_rows : ndarray of int
        The columns of the map for all rows.
    """

    __slots__ = ("all_rows", "cells", "pooled", "rows", "some")

    def __init__(self, cells: Any, rows: Any, pooled: bool, all_rows: Any) -> None:
        self.cells = cells
        self.rows = rows
        self.pooled = pooled
        self.all_rows = all_rows
        self.some = bool(cells.min(initial=0) < 0)

    def refused(self, X: Any) -> tuple[int, int] | None:
        """Return the first row and column with a member that is refused, None if there is none."""
        if not self.some or not (self.cells == REFUSED).any():
            return None
        wrong = self.cells[self.rows] == REFUSED
        if X.dtype.kind == "f":
            wrong &= ~np.isnan(X)
        if not wrong.any():
            return None
        row, column = np.argwhere(wrong)[0].tolist()
        return row, column

    def mapped(
        self, mapping: Map, X: Any, out: Any, *, inverse: bool, clip: bool = False, look: bool
    ) -> Any:
        """Return the mapped members of X; None if `look` is set and one is infinite."""
        to = out
        if out is None or not out.flags.c_contiguous or out is X:
            to = np.empty(X.shape, dtype=result_dtype(X) if out is None else out.dtype)
        step = max(1, PIECE // max(X.shape[1], 1))
        whole = mapping.columns(self.all_rows) if self.pooled else None
        options = {"clip": clip, "look": look, "inverse": inverse}
        for at in range(0, X.shape[0], step):
            part = slice(at, at + step)
            if self._piece(mapping, whole, X[part], self.rows[part], to[part], **options) is None:
                return None
        if out is None or to is out:
            return to
        np.copyto(out, to)
        return out

    def _piece(
        self,
        mapping: Map,
        whole: Any,
        X: Any,
        rows: Any,
        out: Any,
        *,
        inverse: bool,
        **options: Any,
    ) -> Any:
        places = np.take(self.cells, rows, axis=0)
        special = places if self.some and (places < 0).any() else None
        if special is not None:
            places = np.maximum(places, 0)
        given = X
        if whole is not None and inverse:
            given = whole.apply(X, look=options["look"])
        if (
            given is None
            or mapping.gathered(given, places, out, inverse=inverse, **options) is None
        ):
            return None
        if whole is not None and not inverse:
            whole.invert(out, out)
        if special is not None:
            with np.errstate(over="ignore"):  # a short float may overflow
                out[special == NOTHING] = np.nan
                np.copyto(out, X, where=special == AS_IT_IS, casting="unsafe")
        return out
