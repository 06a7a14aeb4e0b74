"""Parameters with a number per column, for statistics in which columns occur many times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..estimators.fitted import Fitted
from ..inputs import parameters
from ..inputs.columns import Columns
from ..inputs.labelled import aligned
from ..maps.record import Map

ONE = (bool, int, float, str, type(None), np.generic, np.dtype, type)


def ruled(scaler: Any, statistic: Any, columns: Columns) -> Map:
    """Return the map that a scaler makes of a statistic whose columns are repetitions of some.

    Parameters
    ----------
    scaler : Scaler
        The scaler, whose parameters are for `columns`.
    statistic : Statistic
        A statistic of any multiple of the columns, in their order.
    columns : Columns
        The columns.
    """
    told = parameters.told(scaler)
    size = int(statistic.weight.size)
    if all(map(_is_one, told.values())):
        return _rule(scaler, told, statistic, size)
    maps, order = [], []
    for place in range(columns.number):
        own = {name: _of_column(v, name, place, columns) for name, v in told.items()}
        at = np.arange(place, size, columns.number)
        maps.append(_rule(scaler, own, statistic.columns(at), at.size))
        order.append(at)
    places = np.empty(size, dtype=np.intp)
    places[np.concatenate(order)] = np.arange(size)
    return maps[0].joined(*maps[1:]).columns(places)


def _rule(scaler: Any, told: dict[str, Any], statistic: Any, size: int) -> Map:
    fitted = Fitted(Columns(size), None, told)
    mapping: Map = scaler._with_fitted(fitted, **told)._rule(statistic)
    return mapping


def _is_one(value: Any) -> bool:
    """Whether a parameter is the same for all columns."""
    if isinstance(value, tuple):
        return all(isinstance(end, ONE) for end in value)
    return isinstance(value, ONE)


def _of_column(value: Any, name: str, place: int, columns: Columns) -> Any:
    """Return a parameter as it is for one column."""
    if isinstance(value, Mapping) and name == "data_range":
        found = dict(zip(columns.places(value), value.values(), strict=True))
        return found.get(place)
    if isinstance(value, tuple):
        return tuple(_end(end, name, place, columns) for end in value)
    return _end(value, name, place, columns)


def _end(value: Any, name: str, place: int, columns: Columns) -> Any:
    if isinstance(value, ONE):
        return value
    array = np.asarray(aligned(value, name, columns))
    if array.ndim != 1 or array.shape != (columns.number,):
        return value  # the scaler tells what is wrong
    return array[place].item()
