"""Stateful: the state of an estimator in plain values, and the number of their schema."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import Parameter, signature
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator

from . import _sklearn
from ._version import __version__
from .containers import CONTAINERS
from .exceptions import FormatError
from .glance import Recent

SCHEMA = 1  # one more whenever an older version would misread the state


class Stateful(BaseEstimator):  # type: ignore[misc]
    """Base of all estimators: a state of plain values that outlives versions.

    Numbers, strings, tuples, dicts and arrays are all that a pickle holds, and nothing of
    scikit-learn but its own names of fitted attributes. A subclass says which attributes
    belong to the state; what an older version did not know is a default of the class.
    """

    _remembers: ClassVar[tuple[str, ...]] = (
        "n_features_in_",
        "feature_names_in_",
        "_output",
        "_requests",
    )
    _records: ClassVar[dict[str, Any]] = {}  # which of them have to_state and from_state
    _fitted: ClassVar[tuple[str, ...]] = ()  # those that a fit leaves all at once

    def __getstate__(self) -> dict[str, Any]:
        """Return arrays and plain values only."""
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_recent", None)
        for name in self._records.keys() & state.keys():
            state[name] = state[name].to_state()
        plain = _sklearn.with_plain_settings(state)
        return {**plain, "_schema": SCHEMA, "_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of this version or of an older one.

        Raises
        ------
        FormatError
            If the schema is newer than this version knows.
        """
        state = dict(state)
        schema, version = state.pop("_schema", 0), state.pop("_version", "an older version")
        check_schema(schema, version, "state")
        for name, record in self._records.items():
            if isinstance(state.get(name), dict):
                state[name] = record.from_state(state[name])
        if schema < SCHEMA:
            state = self._known(state)
        output, requests = state.pop("_output", None), state.pop("_requests", None)
        super().__setstate__({**parameter_defaults(type(self)), **state})
        _sklearn.restore_settings(self, output, requests)
        if "n_features_in_" in vars(self):
            self._recent = Recent()

    def _known(self, state: dict[str, Any]) -> dict[str, Any]:
        """Leave out what this version has no use for, but of a class of the user's."""
        if type(self).__module__.partition(".")[0] != __name__.partition(".")[0]:
            return state
        kept = {*self._remembers, *parameter_defaults(type(self)), *_sklearn.SETTINGS}
        return {name: value for name, value in state.items() if name in kept}

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Yield each attribute that no fit could have led to, and why."""
        output = vars(self).get(_sklearn.OUTPUT, {})
        if output.keys() - {"transform"} or not set(output.values()) <= set(CONTAINERS):
            yield "_output", f"must be one of {CONTAINERS} for `transform`, not {output!r}"
        width = getattr(self, "n_features_in_", 0)
        if type(width) is not int or not 0 <= width < 2**53:
            yield "n_features_in_", f"must be a number of features, not {width!r}"
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            return
        if not are_strings(names):
            yield "feature_names_in_", "must be an array of strings"
        if names.shape != (width,):
            yield "feature_names_in_", f"has the shape {names.shape}, not {(width,)}"


def are_strings(names: Any) -> bool:
    """Whether this is an array of strings, as scikit-learn keeps names."""
    is_array = isinstance(names, np.ndarray) and names.dtype.kind == "O"
    return is_array and all(isinstance(name, str) for name in names.flat)


def check_schema(schema: Any, version: Any, where: str) -> None:
    """Refuse a schema from the future."""
    if type(schema) is not int or schema < 0:
        raise FormatError(f"{where}: the schema must be a number from 0 on, not {schema!r:.40}.")
    if schema > SCHEMA:
        raise FormatError(
            f"{where}: written with schema {schema} by sklearn_norm {version!s:.40}, but this is "
            f"sklearn_norm {__version__}, which knows schemas up to {SCHEMA}. Upgrade "
            "sklearn_norm to read it."
        )


def parameter_defaults(kind: type) -> dict[str, Any]:
    """Return the parameters of a constructor that have a default, and these."""
    given = signature(kind).parameters.values()
    return {p.name: p.default for p in given if p.default is not Parameter.empty}
