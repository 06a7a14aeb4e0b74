"""Selection: which columns of X a scaler takes, told in any of the usual ways."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ..inputs.columns import Columns
from ..inputs.mixed import Mixed
from ..kernels import Array

WAYS = "names, places, a boolean mask, a slice, a function of X, or a selector of polars or skrub"


def chosen(selection: Any, mixed: Mixed, where: str) -> Array:
    """Return the places of the columns that a selection chooses.

    Parameters
    ----------
    selection : object
        A name, or a list of them; places; a boolean mask; a slice of places or of names, of
        which the last is included; a function that returns one of these for X, such as
        `make_column_selector`; or a selector of polars or skrub.
    mixed : Mixed
        X.
    where : str
        Whose selection it is, for messages.

    Returns
    -------
    places : ndarray of int
        The places in the order that they are told in. There may be none.

    Raises
    ------
    ValueError
        If a column is unknown, or chosen twice.
    """
    try:
        places = _places(selection, mixed)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error
    found = np.asarray(places, dtype=np.intp)
    values, counts = np.unique(found, return_counts=True)
    if (counts > 1).any():
        label = mixed.columns.label(int(values[counts > 1][0]))
        raise ValueError(f"{where}: column {label!r} is chosen twice. Name it once.")
    return found


def _places(selection: Any, mixed: Mixed) -> Any:
    columns = mixed.columns
    names = _expanded(selection, mixed)
    if names is not None:
        return columns.places(names)
    if callable(selection):
        told = selection(mixed.given if mixed.original is None else mixed.values)
        if callable(told):
            raise ValueError(f"the function chose {told!r:.60}: let it return names or places.")
        return _places(told, mixed)
    if isinstance(selection, slice):
        return _of_slice(selection, columns)
    mask = _mask_of(selection)
    if mask is not None:
        if mask.size != columns.number:
            raise ValueError(
                f"the mask has {mask.size} entries, but X has {columns.number} columns: give one "
                "for each."
            )
        return np.flatnonzero(mask)
    if selection is None:
        raise ValueError(f"columns=None chooses nothing: give {WAYS}. [] chooses no column.")
    wanted = columns.wanted(selection)
    _check_distinct(wanted, columns)
    return columns.places(wanted)


def _expanded(selection: Any, mixed: Mixed) -> list[Any] | None:
    """Return the names that a selector of polars or skrub chooses, None of anything else."""
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(selection, polars.Expr):
        if mixed.container != "polars":
            raise ValueError(
                f"a selector of polars chooses columns of its own frames, not of a "
                f"{type(mixed.given).__name__}: give {WAYS}."
            )
        return list(mixed.values.lazy().select(selection).collect_schema().names())
    expand = getattr(selection, "expand", None)
    return list(expand(mixed.given)) if callable(expand) else None


def _of_slice(selection: slice, columns: Columns) -> range:
    """Return the places of a slice of places, or of names, of which the last is included."""
    ends = (selection.start, selection.stop)
    if all(end is None or isinstance(end, (int, np.integer)) for end in ends):
        return range(columns.number)[selection]
    start, stop = (None if end is None else columns.places([end])[0] for end in ends)
    return range(columns.number)[start : None if stop is None else stop + 1 : selection.step]


def _mask_of(selection: Any) -> Array | None:
    """Return a selection that is a boolean mask as an array."""
    if isinstance(selection, (str, bytes)) or not hasattr(selection, "__len__"):
        return None
    if not hasattr(selection, "dtype") and not isinstance(selection, (list, tuple)):
        return None
    listed = list(selection) if len(selection) else []
    if listed and all(isinstance(flag, (bool, np.bool_)) for flag in listed):
        return np.asarray(listed, dtype=bool)
    return None


def _check_distinct(wanted: list[Any], columns: Columns) -> None:
    """Refuse a name that more than one column has."""
    known = columns.known()
    if known is None:
        return
    listed = list(known)
    for name in wanted:
        if isinstance(name, str) and listed.count(name) > 1:
            raise ValueError(
                f"X has more than one column {name!r}: rename them, or choose by a mask."
            )


def without_overlap(
    selections: list[tuple[str, Array]], columns: Columns
) -> list[tuple[str, Array]]:
    """Return the selections; refuse a column that two scalers take."""
    taker: dict[int, str] = {}
    for name, places in selections:
        for at in places.tolist():
            if at in taker:
                raise ValueError(
                    f"Column {columns.label(at)!r} is taken by the scalers {taker[at]!r} and "
                    f"{name!r}: give each column to one of them. For one after the other, pass a "
                    "StreamingPipeline of both."
                )
            taker[at] = name
    return selections
