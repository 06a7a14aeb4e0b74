"""Graphs of SampleScaler for ONNX: the graph itself computes the statistics of each sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import kernels
from ..kernels import Traced
from ..scalers.robust import RobustScaler
from ..tensors.axes import Axes

LARGE = 2.0**960  # differences of larger numbers may overflow: they are taken in quarters


def scaled(method: str, axes: Axes, X: Traced, given: dict[str, Any], clip: bool) -> Any:
    """Return samples scaled by their own statistics, in the dtype of X."""
    view: Any = axes.viewed(X)  # type: ignore[arg-type]
    if method == "standard":
        Z = kernels.graph.normalise(view, True, 0.0, None, None)
    else:
        x = view.astype(np.float64).reshape(-1, axes.view[0], axes.view[1] * axes.view[2])
        missing = np.isnan(x)
        size = np.where(missing, 0.0, np.absolute(x))
        x = x * np.where(_largest(size) < LARGE, 1.0, 0.25)
        Z = _of_method(method, x, missing, given)
        if clip:
            lower, upper = given["feature_range"]
            Z = np.where(np.less(Z, lower), lower, np.where(np.greater(Z, upper), upper, Z))
        Z = Z.reshape(*view.shape)
    result: Any = axes.unviewed(Z, -1)
    return result.astype(X.dtype)


def _of_method(method: str, x: Any, missing: Any, given: dict[str, Any]) -> Any:
    size = np.where(missing, 0.0, np.absolute(x))
    if method == "max_abs":
        return _divided(x, _largest(size))
    if method == "mean_abs":
        counts = np.add.reduce(np.where(missing, 0.0, 1.0), axis=2, keepdims=True)
        return _divided(x, np.add.reduce(size / counts, axis=2, keepdims=True))
    low, high = -_largest(np.where(missing, -np.inf, -x)), _largest(np.where(missing, -np.inf, x))
    center = low
    if method != "minmax":
        center, low, high = _range(x, missing, low, high, given["quantile_range"])
    if method == "robust":
        return _divided(x - center, high - low)
    return _onto(_divided(x - low, high - low), *given["feature_range"])


def _range(x: Any, missing: Any, first: Any, last: Any, percentiles: Any) -> tuple[Any, ...]:
    """Return the median and both percentiles; if these are equal, wider ones, then the extrema."""
    asked = RobustScaler()._probabilities(percentiles)
    center, low, high, wide_low, wide_high = kernels.graph.quantiles(x, missing, asked)
    narrow, narrow_too = low == high, wide_low == wide_high
    low = np.where(narrow, np.where(narrow_too, first, wide_low), low)
    high = np.where(narrow, np.where(narrow_too, last, wide_high), high)
    return center, low, high


def _divided(x: Any, scale: Any) -> Any:
    return x / np.where(scale == 0.0, 1.0, scale)


def _onto(y: Any, lower: float, upper: float) -> Any:
    """Return members with 0 moved to lower and 1 exactly to upper."""
    if (lower, upper) == (0.0, 1.0):
        return y
    return np.where(y == 1.0, upper, y * (upper - lower) + lower)


def _largest(x: Any) -> Any:
    return np.maximum.reduce(x, axis=2, keepdims=True)
