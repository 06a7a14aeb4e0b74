"""The way from and to scikit-learn's own scalers, which are imported here and nowhere else."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from .._sklearn import OUTPUT
from ..inputs.columns import Columns
from ..kernels import Array, Floats

Target = TypeVar("Target")
AGREEMENT = 1e-6  # of a spread with a scale, both of which may have been float32


def checked(fitted: Any, ours: type, name: str) -> Any:
    """Return a scaler of scikit-learn, if it is of the class named, and fitted."""
    from sklearn import preprocessing
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(fitted, getattr(preprocessing, name)):
        kind = fitted if isinstance(fitted, type) else type(fitted)
        raise ValueError(
            f"{ours.__name__}.from_sklearn takes a fitted sklearn.preprocessing.{name}. Got "
            f"{'the class ' if kind is fitted else ''}{kind.__module__}.{kind.__qualname__}."
        )
    check_is_fitted(fitted)
    return fitted


def shared(fitted: Any, *names: str) -> dict[str, Any]:
    """Return the values of parameters that both sides have."""
    return {name: getattr(fitted, name) for name in names}


def like(source: Any, target: Target) -> Target:
    """Return the target, with the columns of the source and the output that was asked of it."""
    scaler: Any = target
    names = getattr(source, "feature_names_in_", None)
    names = None if names is None else names.copy()
    if hasattr(scaler, "_fitted"):
        scaler._fitted = scaler._fitted.but(columns=Columns(source.n_features_in_, names))
    else:
        scaler.n_features_in_ = source.n_features_in_
        if names is not None:
            scaler.feature_names_in_ = names
    config = vars(source).get(OUTPUT, {})
    if "transform" in config:
        scaler.set_output(transform=config["transform"])
    return target


def made(name: str, source: Any, parameters: dict[str, Any], **fitted: Any) -> Any:
    """Return a fitted scaler of scikit-learn, with the columns and the output of the source."""
    from sklearn import preprocessing

    scaler = getattr(preprocessing, name)(**parameters)
    for attribute, value in fitted.items():
        setattr(scaler, attribute, value.copy() if isinstance(value, np.ndarray) else value)
    return like(source, scaler)


def rows_of(scaler: Any) -> Any:
    """Return the number of samples where scikit-learn counts rows: that of the fullest column."""
    return np.max(scaler.n_samples_seen_).item()


def left_alone(fitted: Any, divisor: Floats, spread: Floats) -> Array:
    """Return the columns that scikit-learn took for constant though they have some spread.

    It divides by the spread, or by 1 where a threshold says so. Anything else is an error.
    """
    divided = np.isclose(divisor, spread, rtol=AGREEMENT, atol=0, equal_nan=True)
    alone = ~divided & np.isclose(divisor, 1, rtol=AGREEMENT, atol=0)
    wrong = ~divided & ~alone | np.isinf(spread)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        column = getattr(fitted, "feature_names_in_", range(spread.size))[at]
        raise ValueError(
            f"Column {column!r} of this {type(fitted).__name__} is divided by {divisor[at]}, "
            f"though its data have the spread {spread[at]}. Fit it again, with the parameters it "
            "has now, to data whose spread is a normal number."
        )
    return alone
