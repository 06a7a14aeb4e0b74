"""All uses of private or version-dependent names of scikit-learn."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from typing import Any

from sklearn import config_context, get_config
from sklearn.base import OneToOneFeatureMixin
from sklearn.utils import Tags, TargetTags
from sklearn.utils._metadata_requests import SIMPLE_METHODS
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils._set_output import _get_output_config, _wrap_data_with_container
from sklearn.utils.validation import _get_feature_names, validate_data

__all__ = [
    "OUTPUT",
    "SETTINGS",
    "HasMethods",
    "Interval",
    "StrOptions",
    "asked_container",
    "feature_names",
    "has_asked",
    "is_routing",
    "keeps_names",
    "output_of",
    "restore_settings",
    "settings_of",
    "validated",
    "with_plain_settings",
    "wrapped",
]

OUTPUT = "_sklearn_output_config"  # the attribute in which set_output keeps its setting
REQUESTS = "_metadata_request"  # that of set_fit_request and the like
SETTINGS = (OUTPUT, REQUESTS)
PLAIN = Tags(estimator_type=None, target_tags=TargetTags(required=False))


class _Stand:
    """A stand-in for an estimator, which scikit-learn's validation reads and writes.

    The fitted record of an estimator is replaced as a whole, so validation must not write to
    the estimator itself.
    """

    def __init__(self, width: int | None, names: Any) -> None:
        if width is not None:
            self.n_features_in_ = width
        if names is not None:
            self.feature_names_in_ = names

    def __sklearn_tags__(self) -> Any:
        return PLAIN


@lru_cache(maxsize=1024)
def _stand_for(name: str) -> type[_Stand]:
    """Return a stand-in class with the estimator's class name, for scikit-learn's messages."""
    return type(name, (_Stand,), {})


def validated(
    estimator: Any, X: Any, *, reset: bool, width: int | None, names: Any, **checks: Any
) -> tuple[Any, Any, int | None]:
    """Return X as an array, and the names and the number of columns that X tells, checked.

    `width` and `names` are those of the fit; with `reset` they are those of X.
    """
    stand = _stand_for(type(estimator).__name__)(width, names)
    values = validate_data(stand, X, reset=reset, **checks)
    told: int | None = getattr(stand, "n_features_in_", None)
    return values, getattr(stand, "feature_names_in_", None), told


def is_routing() -> bool:
    """Whether metadata routing is on."""
    return bool(get_config()["enable_metadata_routing"])


def keeps_names(estimator: Any) -> bool:
    """Whether the columns of a result have the names of X."""
    own: Any = type(estimator).get_feature_names_out
    return own is OneToOneFeatureMixin.get_feature_names_out


def wrapped(estimator: Any, result: Any, X: Any) -> Any:
    """Return a result of `transform` in the container that set_output asks for."""
    return _wrap_data_with_container("transform", result, X, estimator)


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


def output_of(estimator: Any) -> dict[str, Any]:
    """Return the setting of set_output, as an attribute for another estimator."""
    return {OUTPUT: dict(vars(estimator)[OUTPUT])} if vars(estimator).get(OUTPUT) else {}


def settings_of(estimator: Any) -> dict[str, Any]:
    """Return a copy of the settings of set_output and set_fit_request, as `clone` keeps them."""
    return {k: deepcopy(vars(estimator)[k]) for k in SETTINGS if k in vars(estimator)}


def with_plain_settings(state: dict[str, Any]) -> dict[str, Any]:
    """Return attributes with both settings, if there are any, as plain dicts."""
    plain = {name: value for name, value in state.items() if name not in SETTINGS}
    if OUTPUT in state:
        plain["_output"] = dict(state[OUTPUT])
    if REQUESTS in state:
        asked = {m: getattr(state[REQUESTS], m).requests for m in SIMPLE_METHODS}
        told = {m: {k: v for k, v in given.items() if v is not None} for m, given in asked.items()}
        plain["_requests"] = {method: given for method, given in told.items() if given}
    return plain


def restore_settings(estimator: Any, output: Any, requests: Any) -> None:
    """Restore the settings that `with_plain_settings` returned."""
    if output is not None:
        vars(estimator)[OUTPUT] = dict(output)
    if requests:
        with config_context(enable_metadata_routing=True):
            for method, asked in requests.items():
                getattr(estimator, f"set_{method}_request")(**asked)
