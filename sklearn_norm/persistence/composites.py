"""Pipeline and ColumnTransformer of our estimators as JSON objects, and back.

Both are classes of scikit-learn, so only their parameters and their fitted estimators are
written. A ColumnTransformer is rebuilt by its own `fit` on made-up data: fitted estimators are
frozen, so that they learn nothing, and "passthrough" stands in for all others. The `memory` of a
Pipeline is not saved, since it is a folder on one machine, nor is `n_jobs`, which would start
processes. The modules of both classes are imported only when they are needed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import signature
from string import Formatter
from typing import Any

import numpy as np
from sklearn import config_context

from .. import _sklearn
from ..estimators.fitted import are_strings
from ..exceptions import FormatError
from ..inputs.frames import CONTAINERS
from .values import at, decoded, encoded, listed, text, with_keys

IGNORED = ("n_jobs",)  # files of older versions have it
OF_PIPELINE = ("steps", "memory")
FIELDS = {"feature_name", "transformer_name"}
PIPELINE, COLUMNS = "sklearn.pipeline.Pipeline", "sklearn.compose.ColumnTransformer"
STREAMING = "sklearn_norm.StreamingPipeline"
PIPELINES = (PIPELINE, STREAMING)
NAMES = (*PIPELINES, COLUMNS)
OF_COLUMNS = ("transformers", "remainder", "n_jobs")
FITTED = {"n_features_in_", "feature_names_in_", "sparse_output_", "fitted"}
Describe = Callable[..., Any]
Build = Callable[[Any, str], Any]


def name_of(estimator: Any) -> str | None:
    """Return the public name of the class, if it is one of these.

    If its module is not imported, the estimator cannot be of that class.
    """
    for name in NAMES:
        module, _, kind = name.rpartition(".")
        if type(estimator) is vars(sys.modules.get(module, sys)).get(kind):
            return name
    return None


def described(estimator: Any, where: str, describe: Describe) -> dict[str, Any]:
    """Return the parameters of a Pipeline or a ColumnTransformer, and its estimators."""
    name = name_of(estimator)
    act = _describe_pipeline if name in PIPELINES else _describe_columns
    return {"class": name, **act(estimator, where, describe)}


def built(given: Any, where: str, build: Build) -> Any:
    """Return the Pipeline or ColumnTransformer that a JSON object describes."""
    act = _build_pipeline if given["class"] in PIPELINES else _build_columns
    return act(given, where, build)


def _describe_pipeline(pipeline: Any, where: str, describe: Describe) -> dict[str, Any]:
    return {
        "parameters": _told(pipeline, where, leave_out=OF_PIPELINE),
        "steps": [
            {"name": name, "estimator": describe(step, f"{where}.steps[{i}].estimator", name)}
            for i, (name, step) in enumerate(pipeline.steps)
        ],
    }


def _build_pipeline(given: Any, where: str, build: Build) -> Any:
    from sklearn.pipeline import Pipeline

    with_keys(given, where, {"class", "parameters", "steps"})
    kind = Pipeline if given["class"] == PIPELINE else sys.modules["sklearn_norm"].StreamingPipeline
    steps = []
    for i, step in enumerate(listed(given["steps"], f"{where}.steps")):
        place = f"{where}.steps[{i}]"
        with_keys(step, place, {"name", "estimator"})
        estimator = build(step["estimator"], f"{place}.estimator")
        steps.append((text(step["name"], f"{place}.name"), estimator))
    pipeline = kind(steps)
    _tell(pipeline, given["parameters"], f"{where}.parameters", leave_out=OF_PIPELINE)
    return pipeline


def _describe_columns(columns: Any, where: str, describe: Describe) -> dict[str, Any]:
    fitted = {name: chosen for name, _, chosen in getattr(columns, "transformers_", ())}
    parts = []
    for i, (name, part, told) in enumerate(columns.transformers):
        place = f"{where}.transformers[{i}]"
        chosen = fitted.get(name, told)  # the columns that a function chose in fit
        if callable(chosen):
            raise FormatError(
                f"{place}.columns: a function cannot be saved. Name the columns of {name!r}, or "
                "fit first, which finds them."
            )
        estimator = describe(part, f"{place}.estimator", name)
        listed_columns = encoded(chosen, f"{place}.columns")
        parts.append({"name": name, "estimator": estimator, "columns": listed_columns})
    _check_naming(columns, f"{where}.parameters")
    return {
        "parameters": _told(columns, where, leave_out=OF_COLUMNS),
        "transformers": parts,
        "remainder": describe(columns.remainder, f"{where}.remainder", "remainder"),
        "state": _state_of_columns(columns, f"{where}.state", describe),
    }


def _state_of_columns(columns: Any, where: str, describe: Describe) -> dict[str, Any]:
    settings = _sklearn.with_plain_settings(vars(columns))
    kept = {"output": settings["_output"]} if "_output" in settings else {}
    if not hasattr(columns, "transformers_"):
        return kept
    names = getattr(columns, "feature_names_in_", None)
    return {
        **kept,
        "n_features_in_": columns.n_features_in_,
        "feature_names_in_": None if names is None else encoded(names, where),
        "sparse_output_": bool(getattr(columns, "sparse_output_", False)),
        "fitted": _fitted_of_columns(columns, f"{where}.fitted", describe),
    }


def _fitted_of_columns(columns: Any, where: str, describe: Describe) -> dict[str, Any]:
    """Return the fitted estimators.

    Words, and parts without columns, are left out: they are as in `transformers`.
    """
    from sklearn.preprocessing import FunctionTransformer

    told = {name: part for name, part, _ in columns.transformers}
    told["remainder"] = columns.remainder
    fitted = {}
    for name, part, _ in columns.transformers_:
        place = at(where, name)
        a_word = isinstance(part, (str, FunctionTransformer))
        if name not in told or a_word != isinstance(told[name], str):
            raise FormatError(f"{place}: `transformers` were changed after the fit: fit again.")
        if not a_word and part is not told[name]:
            fitted[name] = describe(part, place, name)
    return fitted


def _build_columns(given: Any, where: str, build: Build) -> Any:
    from sklearn.compose import ColumnTransformer

    with_keys(given, where, {"class", "parameters", "transformers", "remainder", "state"})
    parts = []
    for i, part in enumerate(listed(given["transformers"], f"{where}.transformers")):
        place = f"{where}.transformers[{i}]"
        with_keys(part, place, {"name", "estimator", "columns"})
        estimator = build(part["estimator"], f"{place}.estimator")
        chosen = decoded(part["columns"], f"{place}.columns")
        parts.append((text(part["name"], f"{place}.name"), estimator, chosen))
    columns = ColumnTransformer(parts, remainder=build(given["remainder"], f"{where}.remainder"))
    _tell(columns, given["parameters"], f"{where}.parameters", leave_out=OF_COLUMNS)
    _check_naming(columns, f"{where}.parameters")
    place = f"{where}.state"
    is_fitted = isinstance(given["state"], dict) and bool(FITTED & given["state"].keys())
    state = with_keys(given["state"], place, FITTED if is_fitted else (), {"output"})
    allowed = [{"transform": container} for container in CONTAINERS]
    if "output" in state and state["output"] not in allowed:
        raise FormatError(f"{place}.output: must be one of {CONTAINERS} for `transform`.")
    if is_fitted:
        _put_together(columns, state, place, build)
    if "output" in state:  # after the fit, which would make the names of all columns
        _sklearn.restore_settings(columns, state["output"], None)
    return columns


def _put_together(columns: Any, state: Any, where: str, build: Build) -> None:
    """Fit a ColumnTransformer whose estimators are fitted already."""
    from sklearn.frozen import FrozenEstimator

    place = f"{where}.fitted"
    fitted = {}
    for name, part in with_keys(state["fitted"], place, (), state["fitted"]).items():
        with_keys(part, at(place, name), {"class"}, part)  # must be an object, not a word
        fitted[name] = build(part, at(place, name))
    told = columns.get_params(deep=False)

    def at_rest(name: str, part: Any) -> Any:
        """Return a stand-in for a part that learns nothing in `fit`."""
        if name in fitted:
            return FrozenEstimator(fitted[name])
        return part if isinstance(part, str) else "passthrough"

    columns.transformers = [
        (name, at_rest(name, part), c) for name, part, c in columns.transformers
    ]
    columns.remainder = at_rest("remainder", columns.remainder)
    columns.n_jobs, columns.verbose = None, False
    X = _made_up(columns, state, where)
    try:
        with config_context(transform_output="default", enable_metadata_routing=False):
            columns.fit(X)
    except Exception as error:
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
        raise FormatError(f"{where}: cannot be put together, {why}") from error
    for name, value in told.items():
        setattr(columns, name, value)
    _thaw(columns, fitted, place)
    if type(state["sparse_output_"]) is not bool:
        raise FormatError(f"{where}.sparse_output_: must be true or false.")
    columns.sparse_output_ = state["sparse_output_"]


def _thaw(columns: Any, fitted: dict[str, Any], where: str) -> None:
    """Replace the frozen estimators by the fitted ones; none may be missing or left over."""
    from sklearn.frozen import FrozenEstimator

    thawed, told = [], {name: part for name, part, _ in columns.transformers}
    told["remainder"] = columns.remainder
    for name, part, chosen in columns.transformers_:
        places = getattr(columns, "output_indices_", {}).get(name, slice(0, 0))
        if isinstance(part, FrozenEstimator):
            part = fitted.pop(name)
        elif not isinstance(told[name], str):  # "passthrough" stood in for it
            if places.start != places.stop:
                raise FormatError(f"{where}: the key {name!r} is missing.")
            part = told[name]
        thawed.append((name, part, chosen))
    for name in fitted:
        raise FormatError(f"{at(where, name)}: an unknown key.")
    columns.transformers_ = thawed


def _check_naming(columns: Any, where: str) -> None:
    """Refuse a name template with fields or formats other than the two plain names."""
    template = columns.verbose_feature_names_out
    if isinstance(template, bool):
        return
    if isinstance(template, str):
        try:
            fields = list(Formatter().parse(template))
        except ValueError:
            fields = [("", "", "", "")]
        if all(
            name is None or (name in FIELDS and not form and not to) for _, name, form, to in fields
        ):
            return
    raise FormatError(
        f"{where}.verbose_feature_names_out: must be true, false or a string whose fields are "
        f"{{feature_name}} and {{transformer_name}}, not {template!r:.60}."
    )


def _made_up(columns: Any, state: Any, where: str) -> Any:
    """Return one row of zeros with the columns of the fit."""
    size = state["n_features_in_"]
    names = decoded(state["feature_names_in_"], f"{where}.feature_names_in_")
    if type(size) is int and size >= 0 and names is None:
        return np.zeros((1, size))
    if not are_strings(names) or names.shape != (size,):
        raise FormatError(f"{where}.n_features_in_: {size!r:.40} does not fit the names.")
    import pandas as pd

    return pd.DataFrame(np.zeros((1, size)), columns=names)


def _told(estimator: Any, where: str, leave_out: tuple[str, ...]) -> dict[str, Any]:
    """Return the parameters that differ from the defaults, which vary between versions."""
    defaults = signature(type(estimator)).parameters
    told = {}
    for name, value in estimator.get_params(deep=False).items():
        default = defaults[name].default
        same = type(value) is type(default) and value == default
        if name not in leave_out and not same:
            told[name] = encoded(value, at(f"{where}.parameters", name))
    return told


def _tell(estimator: Any, given: Any, where: str, leave_out: tuple[str, ...]) -> None:
    known = set(signature(type(estimator)).parameters) - {*leave_out}
    for name, value in with_keys(given, where, (), known | {*IGNORED}).items():
        if name in known:
            setattr(estimator, name, decoded(value, at(where, name)))
    try:
        estimator._validate_params()
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where}: {error}") from error
