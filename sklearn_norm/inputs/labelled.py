"""Arguments with a label for each number: a series, a dict, or a frame of one row.

They are aligned by label with the columns they are for. A list or an array goes by position, and so
does a series whose labels only count from 0.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..kernels import Floats
from .arguments import array_of, floats_of
from .columns import Columns, labels_of, shown
from .frames import container_of, is_arrow


def labelled(given: Any, known: Any = None) -> dict[Any, Any] | None:
    """Return the numbers by label, or None for what goes by position.

    Labels that only count are labels if those that are `known` are the same numbers.
    """
    if isinstance(given, Mapping):
        return dict(given)
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(given, pandas.Series):
        labels = list(given.index)
        counts_on = labels == list(range(len(labels)))
        if counts_on and (known is None or set(known) != set(labels)):
            return None
        return _by_label(labels, given.tolist())
    if is_arrow(given) and given.num_rows == 1:
        return _by_label(given.schema.names, [column[0].as_py() for column in given.columns])
    container = container_of(given)
    if container == "default" or len(given) != 1:
        return None
    if container == "pandas" and labels_of(given) is None and not _named(given):
        return None
    row = given.iloc[0].tolist() if container == "pandas" else list(given.row(0))
    return _by_label(list(given.columns), row)


def aligned(given: Any, name: str, columns: Columns | None) -> Any:
    """Return an argument in the order of the columns.

    Parameters
    ----------
    given : object
        The argument; what has no labels is returned as it is.
    name : str
        The name of the argument, for errors.
    columns : Columns or None
        The columns. None if the argument is not for columns, so labels cannot fit.

    Raises
    ------
    ValueError
        If a label is not that of a column, or a column has no label.
    """
    known = None if columns is None else columns.known()
    found = labelled(given, known)
    if found is None:
        return given
    if columns is None or known is None:
        raise ValueError(
            f"`{name}` has the labels {shown(found)}, but there are no labels that it could be "
            "aligned with: pass a list or an array, in the order of the columns."
        )
    return in_order(found, name, list(known))


def per_column(given: Any, name: str, size: int, columns: Columns | None) -> Floats:
    """Return an argument as float64, a number for each of so many columns.

    Raises
    ------
    ValueError
        If it is neither one number, nor one for each column, by place or by label.
    """
    columns = columns if columns is not None and columns.number == size else None
    by_place = aligned(given, name, columns)
    try:
        array = array_of(by_place, name)
        if array.shape not in ((), (1,), (size,)):  # before they take memory as floats
            raise ValueError(f"it has the shape {array.shape}")
        return np.broadcast_to(floats_of(array, name), (size,)).copy()
    except ValueError as error:
        raise ValueError(
            f"`{name}` must be a number, or hold one for each of the {size} columns. Got {given!r}."
        ) from error


def in_order(found: dict[Any, Any], name: str, known: list[Any]) -> Any:
    """Return labelled numbers in the order of known labels."""
    unknown = [label for label in found if label not in known]
    missing = [label for label in known if label not in found]
    if unknown or missing:
        what = (
            f"has the label {unknown[0]!r}, which is no column"
            if unknown
            else (f"has no number for column {missing[0]!r}")
        )
        raise ValueError(f"`{name}` {what}. The columns are {shown(known)}.")
    values = [found[label] for label in known]
    array = np.array(values)
    # a float among integers would round them
    exact = array.dtype.kind == "f" and any(isinstance(value, int) for value in values)
    return np.array(values, dtype=object) if exact else array


def _named(frame: Any) -> bool:
    return all(isinstance(label, str) for label in frame.columns)


def _by_label(labels: list[Any], values: list[Any]) -> dict[Any, Any]:
    found = dict(zip(labels, values, strict=True))
    if len(found) != len(labels):
        doubled = next(label for label in labels if labels.count(label) > 1)
        raise ValueError(f"The label {doubled!r} occurs more than once: labels must differ.")
    return found
