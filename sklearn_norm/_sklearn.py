"""Every private or version-dependent name of scikit-learn that is used here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _get_feature_names, validate_data

__all__ = [
    "OUTPUT",
    "Interval",
    "StrOptions",
    "asked_container",
    "feature_names",
    "has_asked",
    "validate_data",
    "validated",
]

OUTPUT = "_sklearn_output_config"  # where set_output keeps what it was told

Method = TypeVar("Method", bound=Callable[..., Any])


def validated(method: Method) -> Method:
    """Check the parameters of the estimator before the method runs."""
    checked: Method = _fit_context(prefer_skip_nested_validation=True)(method)
    return checked


def asked_container(estimator: Any) -> str:
    """Return the container that set_output or the global configuration asks for."""
    if OUTPUT not in vars(estimator) and get_config()["transform_output"] == "default":
        return "default"
    return str(_get_output_config("transform", estimator)["dense"])


def has_asked(estimator: Any) -> bool:
    """Whether set_output was called, or another container is the global default."""
    local = getattr(estimator, OUTPUT, {})
    return "transform" in local or asked_container(estimator) != "default"


def feature_names(X: Any) -> Any:
    """Return the column names of a frame, or None."""
    return _get_feature_names(X)
