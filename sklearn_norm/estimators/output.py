"""Output: the dtype of what `transform` returns, and the bounds it is clipped to."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._sklearn import StrOptions
from ..inputs.bfloats import is_bfloat
from ..inputs.frames import narrow_float
from ..inputs.labelled import aligned, per_column
from ..inputs.table import Table
from ..kernels import Floats
from ..kernels.sparse import canonical, is_sparse
from ..maps.affine import Affine
from ..statistics.record import Statistic
from .fitted import Fitted

FLOATS = ("float16", "float32", "float64")
NARROW = (np.dtype(np.float16), np.dtype(np.float32))
RANGE = "range"
DTYPE = [StrOptions({*FLOATS}), type, np.dtype, None]  # the constraint of the parameter `dtype`
CLIP = [StrOptions({RANGE}), tuple, None]  # that of the parameter `clip`


def dtype_of(given: Any) -> Any:
    """Return the dtype that a parameter asks for, None for that of the input."""
    if given is None:
        return None
    try:
        dtype = np.dtype(given if isinstance(given, (str, type, np.dtype)) else object)
    except (TypeError, ValueError, SyntaxError):
        dtype = np.dtype(object)
    if dtype.name not in FLOATS or not dtype.isnative:
        raise ValueError(
            f"`dtype` must be None or a float dtype: {', '.join(FLOATS)}. Got {given!r}."
        )
    return dtype


def refuse_dtype(given: Any) -> None:
    """Refuse a parameter `dtype` where the dtype of the result is that of the input."""
    if given is not None:
        raise ValueError(
            f"dtype={given!r} does not convert to ONNX, where the result has the dtype of "
            "the input. Set dtype=None, and declare the input as FloatTensorType or another."
        )


def kept_dtypes(given: Any) -> list[str]:
    """Return the names of the dtypes that a result keeps; tags are asked before a check, too."""
    try:
        dtype = dtype_of(given)
    except ValueError:
        dtype = None
    return [*reversed(FLOATS)] if dtype is None else [dtype.name]


def narrow_of(table: Table) -> Any:
    """Return float16 or float32 if X is of it, else None."""
    given = table.given
    if is_bfloat(given):
        return np.dtype(np.float32)  # which is rounded at the end
    dtype = getattr(given, "dtype", None)
    if isinstance(dtype, np.dtype):
        dtype = dtype.newbyteorder("=")
        return dtype if dtype in NARROW else None
    return narrow_float(given, table.container)


def room(table: Table, dtype: Any, keep: bool) -> Any:
    """Return where a result of this dtype is written; None leaves it to the map."""
    values = table.values
    if dtype is None or values.dtype == dtype:
        return table.room(keep)
    if not is_sparse(values):
        return np.empty_like(values, dtype=dtype)
    if not values.has_canonical_format:
        table.values = values = canonical(values)
    data = np.empty(values.data.shape, dtype=dtype)
    return type(values)((data, values.indices.copy(), values.indptr.copy()), shape=values.shape)


def clipped(affine: Affine, clip: Any, statistic: Statistic, fitted: Fitted) -> Affine:
    """Return the map with the bounds of the parameter `clip`, a pair or "range"."""
    size = statistic.weight.size
    if clip == RANGE:
        absolute = affine.center is None and fitted.origin is not None
        low, high = _of_data(affine, statistic.moved(fitted.origin) if absolute else statistic)
    else:
        low, high = _given(clip, size, fitted)
    return Affine(**{**vars(affine), "lower": low, "upper": high})


def _of_data(affine: Affine, statistic: Statistic) -> tuple[Floats, Floats]:
    """Return what the extrema of the data are mapped to; no bounds for columns without data."""
    there = statistic.low <= statistic.high  # unknown ones are -inf and inf
    extrema = np.stack([statistic.low, statistic.high])
    if np.isinf(extrema[:, there]).any():
        raise ValueError(
            'clip="range" needs the extrema of the data, which `from_stats` does not tell. Give '
            "a pair (low, high), or fit to data."
        )
    with np.errstate(all="ignore"):
        ends = affine.apply(np.where(there, extrema, np.nan))
    none = np.isnan(ends).any(axis=0)
    return np.where(none, -np.inf, ends.min(axis=0)), np.where(none, np.inf, ends.max(axis=0))


def _given(pair: Any, size: int, fitted: Fitted) -> tuple[Floats, Floats]:
    """Return a pair of bounds, one entry per column."""
    columns = fitted.columns
    columns = columns if columns is not None and columns.number == size else None
    if isinstance(pair, tuple):
        pair = tuple(aligned(end, "clip", columns) for end in pair)
    try:
        low, high = (per_column(end, "clip", size, None) for end in pair)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`clip` must be a pair (low, high) of numbers, or of arrays with one entry for each of "
            f'the {size} features, or "range". Got {pair!r}.'
        ) from error
    if not (low < high).all():
        raise ValueError(f"`clip` must be a pair (low, high) with low below high. Got {pair!r}.")
    return low, high
