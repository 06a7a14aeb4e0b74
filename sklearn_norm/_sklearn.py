"""Every private or version-dependent name of scikit-learn that is used here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sklearn import config_context, get_config
from sklearn.base import _fit_context
from sklearn.utils._metadata_requests import SIMPLE_METHODS
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.validation import _get_feature_names, validate_data

__all__ = [
    "OUTPUT",
    "SETTINGS",
    "Interval",
    "StrOptions",
    "asked_container",
    "feature_names",
    "has_asked",
    "restore_settings",
    "validate_data",
    "validated",
    "with_plain_settings",
]

OUTPUT = "_sklearn_output_config"  # where set_output keeps what it was told
REQUESTS = "_metadata_request"  # where set_fit_request and its like do
SETTINGS = (OUTPUT, REQUESTS)

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


def with_plain_settings(state: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with the two settings, where there are any, as plain dicts."""
    plain = {name: value for name, value in state.items() if name not in SETTINGS}
    if OUTPUT in state:
        plain["_output"] = dict(state[OUTPUT])
    if REQUESTS in state:
        asked = {m: getattr(state[REQUESTS], m).requests for m in SIMPLE_METHODS}
        told = {m: {k: v for k, v in given.items() if v is not None} for m, given in asked.items()}
        plain["_requests"] = {method: given for method, given in told.items() if given}
    return plain


def restore_settings(estimator: Any, output: Any, requests: Any) -> None:
    """Put back what `with_plain_settings` took out."""
    if output is not None:
        vars(estimator)[OUTPUT] = dict(output)
    if requests:
        with config_context(enable_metadata_routing=True):
            for method, asked in requests.items():
                getattr(estimator, f"set_{method}_request")(**asked)
