"""Where numbers beyond 2**53 are measured from, as batches, parts and other data follow a fit.

The first batch of a column chooses its origin (`inputs.origin`). A later one may lie elsewhere, so
the origin follows it where the statistic can. How a kind of statistic does is in `Statistic.far`.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..inputs.origin import LARGE, LARGEST, ROOM, exact_of, is_wide_integer, moved, origin_of
from ..inputs.reshaped import Reshaped
from ..inputs.table import Table
from ..kernels import Floats
from ..kernels.quiet import quietly
from ..kernels.sparse import is_sparse
from ..maps.affine import Affine
from .fitted import Fitted

HELD = 2.0**53  # differences of integers up to here are exact
WHOLE = 2.0**52  # from here on, all floats are integers
TABLES = (Table, Reshaped)  # a column of the map is a column of the values


@quietly
def first_origin(table: Table, batch: Any) -> Floats | None:
    """Return the origins that the first batch chooses, None if all are 0."""
    return origin_of(table, batch.low, batch.high, middle=lambda: _middle_of(batch))


@quietly
def next_origin(before: Fitted, table: Table, batch: Any) -> Floats | None:
    """Return the origins after a batch that is measured from those before; None keeps them."""
    peak = max(batch.high.max(initial=0.0), -batch.low.min(initial=0.0))
    if before.origin is None and peak <= LARGE:
        return None
    mine = _origin_of(before)
    far = np.maximum(np.abs(batch.low), np.abs(batch.high))
    far = (far > np.where(mine == 0, LARGE, HELD)) & (far < np.inf)
    if not far.any():
        return None
    low, high = batch.low + mine, batch.high + mine
    found = origin_of(table, low, high, far, lambda: _middle_of(batch) + mine)
    found = np.zeros_like(mine) if found is None else found
    new = np.where(far, _chosen(before, found, batch.weight), mine)
    if batch.far == "most":
        width = _narrower(before.statistic, batch)
        for at in np.flatnonzero(far & (batch.low == batch.high)).tolist():
            width[at] = min(width[at], _hidden_width(table, at))
        lost = far & (mine != found) & _matters(before.statistic, batch, mine - found, width)
        for at in np.flatnonzero(lost).tolist():
            goes = new[at] == found[at]
            if (
                _ends_move(before.statistic, mine - new)[at]
                if goes
                else _rounds(table, at, mine[at])
            ):
                _warn(table.label(at))
    return None if (new == mine).all() else new


@quietly
def joint_origin(mine: Fitted, theirs: Fitted) -> Any:
    """Return the origins of two records together: mine, where it holds both."""
    if mine.origin is None and theirs.origin is None:
        return None
    start, other = _origin_of(mine), _origin_of(theirs)
    start = np.where((start == 0) & (mine.statistic.weight == 0), other, start)
    statistic, by = theirs.statistic, other - start
    ends = np.maximum(np.abs(statistic.low + by), np.abs(statistic.high + by))
    far = (ends > HELD) & (statistic.weight > 0) & (by != 0)
    if not far.any():
        return start
    new = np.where(far, _chosen(mine.but(origin=start), other, statistic.weight), start)
    if statistic.far == "most":
        width = _narrower(mine.statistic, statistic)
        goes = _ends_move(mine.statistic, start - new), _ends_move(statistic, other - new)
        lost = far & _matters(mine.statistic, statistic, by, width) & (goes[0] | goes[1])
        for at in np.flatnonzero(lost).tolist():
            _warn(at if mine.columns is None else mine.columns.label(at))
    return new


def seen_from_center(fitted: Fitted, table: Table) -> tuple[Fitted, Table]:
    """Return a record and a table as differences from the center, for numbers beyond 2**53.

    That is for columns without an origin, as after a fit to floats or from known statistics.
    """
    values, mapping = table.values, fitted.map
    if is_sparse(values) or type(mapping) is not Affine or type(table) not in TABLES:
        return fitted, table
    center = mapping.in_units("center")
    if center is None or values.dtype.itemsize < 8 or np.fmax.reduce(np.abs(center)) < WHOLE:
        return fitted, table
    wide = [bool(by) and is_wide_integer(table, at) for at, by in enumerate(_centers(fitted))]
    if not any(wide):
        return fitted, table
    by = np.where(wide, center, 0.0)
    return _from_center(fitted, by), moved(table, by)


def from_center(fitted: Fitted) -> Fitted:
    """Return the record whose columns are all measured from an origin, if they are beyond 2**52."""
    if type(fitted.map) is not Affine or fitted.map.center is None:
        return fitted
    by = _centers(fitted)
    return _from_center(fitted, by) if by.any() else fitted


def _centers(fitted: Fitted) -> Floats:
    """Return the centers that may be origins: of columns without one, where floats are whole."""
    center = fitted.map.in_units("center")
    size = np.abs(center)
    wide = (_origin_of(fitted) == 0) & (size >= WHOLE) & (size < LARGEST)
    return np.where(wide, center, 0.0)


def _from_center(fitted: Fitted, by: Floats) -> Fitted:
    return fitted.but(origin=_origin_of(fitted) + by, map=fitted.map.moved(-by))


def _chosen(before: Fitted, found: Floats, weight: Floats) -> Floats:
    """Return the origins of a record and of a part with a weight, measured from those `found`."""
    statistic = before.statistic
    by = _origin_of(before) - found
    ends = np.maximum(np.abs(statistic.low + by), np.abs(statistic.high + by))
    goes = (ends <= HELD) | (statistic.weight == 0)
    if statistic.far == "most":
        return np.where(goes | (weight > statistic.weight), found, _origin_of(before))
    return found if statistic.far == "batch" else np.where(goes, found, 0.0)


def _origin_of(fitted: Fitted) -> Floats:
    return np.zeros(fitted.n_columns) if fitted.origin is None else fitted.origin


def _narrower(one: Any, other: Any) -> Floats:
    """Return the width of the part with the narrower range of quantiles that is not 0."""
    widths = []
    for part in (one, other):
        low, high = np.sort(part.quantiles(tuple(part.probabilities[1:3])), axis=0)
        widths.append(np.where(high > low, high - low, (part.high - part.low)))
    found = np.stack(widths)
    found = np.where(found > 0, found, np.inf).min(axis=0)
    return np.where(found < np.inf, found, 1.0)


def _hidden_width(table: Table, column: int) -> float:
    """Return the width of a column whose members became one number, measured from an origin."""
    exact = exact_of(table, column)
    members = [n for n in exact.numbers() if n == n] if exact is not None else []
    return float(max(members) - min(members)) or np.inf if members else np.inf


def _middle_of(batch: Any) -> Any:
    """Return where most members of a batch are, for a statistic that keeps members; else 0."""
    return batch.quantiles((0.5,))[0] if batch.far == "most" else 0.0


def _matters(one: Any, other: Any, distance: Floats, width: Floats) -> Any:
    """Whether half of the digits of a width are lost if the fewer of two parts are rounded.

    So many may be at a distance that the range of the quantiles reaches there, and hides what is
    lost; but later data may lie with either part, and make it narrow again.
    """
    coarse = np.abs(distance) * 2.0**-52 * ROOM > width
    return coarse & (one.weight > 0) & (other.weight > 0)


def _ends_move(statistic: Any, by: Floats) -> Any:
    """Whether the extrema are rounded when `by` is added."""
    ends = np.stack([statistic.low, statistic.high])
    return (statistic.weight > 0) & ((ends + by) - by != ends).any(axis=0)


def _rounds(table: Table, column: int, origin: float) -> bool:
    """Whether a difference of a column from an origin is rounded."""
    exact = exact_of(table, column)
    if exact is None:
        return False
    pairs = zip(exact.numbers(), exact.minus(origin).tolist(), strict=True)
    return any(n == n and n - int(origin) != difference for n, difference in pairs)


def _warn(label: Any) -> None:
    warnings.warn(
        f"Column {label!r} holds integers beyond 2**53, and others so far from them that float64 "
        "does not hold both: the fewer ones were rounded, and half of the digits of this result, "
        "or of a later one, may be lost. Subtract a number of your own from the column first, or "
        "make a placeholder such as 0 NaN.",
        UserWarning,
        stacklevel=2,
    )
