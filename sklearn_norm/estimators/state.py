"""Stateful: the state of an estimator as plain values, with a schema number."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, ClassVar

from sklearn.base import BaseEstimator

from .. import _sklearn
from .._version import __version__
from ..exceptions import FormatError
from ..inputs.frames import CONTAINERS
from ..inputs.parameters import defaults_of, names_of
from .damage import checksum
from .fitted import OF_COLUMNS, OF_SCALER, OF_SHAPE, Fitted

SCHEMA = 3  # increase it whenever an older version would misread the state
PACKAGE = __name__.partition(".")[0]
FITTED = {*OF_COLUMNS, *OF_SHAPE, *OF_SCALER}


class Stateful(BaseEstimator):  # type: ignore[misc]
    """Base of all estimators: a state of plain values that later versions can read.

    A pickle holds only numbers, strings, tuples, dicts and arrays, and no objects of
    scikit-learn. A subclass lists its own attributes in `_remembers`; attributes that an older
    version did not have get class-level defaults.
    """

    _remembers: ClassVar[tuple[str, ...]] = ("_output", "_requests", *OF_COLUMNS)
    _of_fit: ClassVar[frozenset[str]] = frozenset(FITTED)  # in the state, what a fit sets
    _holds_estimators: ClassVar[bool] = False  # whether parameters may be estimators
    _at_once: ClassVar[tuple[str, ...]] = ()  # in the state together or not at all
    _fitted: Fitted | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let pickles and files refer to a public class by the package, not by its file."""
        super().__init_subclass__(**kwargs)
        inside = cls.__module__.startswith(f"{PACKAGE}.")
        if inside and cls.__name__ in sys.modules[PACKAGE].__all__:
            cls.__module__ = PACKAGE

    def _follow(self, before: Fitted | None, after: Fitted) -> None:
        """Put a record in place of the one that it was made from."""
        if self._fitted is not before:  # the thread that has the turn can do that, and only it
            raise RuntimeError(
                f"This {type(self).__name__} learned from other data while it read these, in the "
                "same thread, as by a signal handler. These data are not counted: pass them again."
            )
        self._fitted = after

    def __getstate__(self) -> dict[str, Any]:
        """Return arrays and plain values only."""
        whole = self._without_checksum()
        if type(self).__getstate__ is Stateful.__getstate__:  # nobody changes it afterwards
            found = checksum(whole, OF_SCALER)
            if found is not None:
                whole["_checksum"] = found
        return whole

    def _without_checksum(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop("_plan", None)
        fitted = state.pop("_fitted", None)
        if fitted is not None:
            state.update(self._state_of(fitted))
        plain = _sklearn.with_plain_settings(state)
        return {**plain, "_schema": SCHEMA, "_version": __version__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore the state of this version or of an older one.

        Raises
        ------
        FormatError
            If this version does not know the schema because it is newer, or if the state is not
            the one that was written. One without a checksum, as older versions wrote it, is taken.
        """
        state = dict(state)
        told = state.pop("_checksum", None)
        whole = state.copy()
        schema, version = state.pop("_schema", 0), state.pop("_version", "an older version")
        check_schema(schema, version, "state")
        if told is not None and type(self).__setstate__ is Stateful.__setstate__:
            _check_whole(whole, told)
        of_fit = {name: state.pop(name) for name in self._of_fit & state.keys()}
        if schema < SCHEMA:
            state = self._without_unknown(state)
        output, requests = state.pop("_output", None), state.pop("_requests", None)
        super().__setstate__({**defaults_of(type(self)), **state})
        _sklearn.restore_settings(self, output, requests)
        self._take(of_fit)

    def _told_to_files(self) -> dict[str, Any]:
        """Return the parameters as a file holds them."""
        return dict(self.get_params(deep=False))

    def _state_of(self, fitted: Fitted) -> dict[str, Any]:
        """Return the fitted record as plain values."""
        return fitted.to_state()

    def _take(self, state: dict[str, Any]) -> None:
        """Restore the fitted record from plain values."""
        if state:
            self._fitted = Fitted.from_state(state)

    def _without_unknown(self, state: dict[str, Any]) -> dict[str, Any]:
        """Drop attributes that this version does not know, except in a user's own class."""
        if type(self).__module__.partition(".")[0] != PACKAGE:
            return state
        kept = {*self._remembers, *names_of(type(self)), *_sklearn.SETTINGS}
        return {name: value for name, value in state.items() if name in kept}

    def _faults(self) -> Iterator[tuple[str, str]]:
        """Yield each part of the state that no fit could produce, and the reason."""
        output = vars(self).get(_sklearn.OUTPUT, {})
        if output.keys() - {"transform"} or not set(output.values()) <= set(CONTAINERS):
            yield "_output", f"must be one of {CONTAINERS} for `transform`, not {output!r}"
        if self._fitted is not None:
            yield from self._fitted.faults_of_columns()

    def _map_differs(self, *, exact: bool) -> tuple[dict[str, Any] | None, Any]:
        """Return the map made anew, if it is another than that of the state, and how it differs.

        The second is a field and the reason, or None if the map is as good: it must be the same
        to the bit, or if not `exact`, as near as that of another version may be.
        """
        return None, None


def state_of(estimator: Stateful) -> dict[str, Any]:
    """Return the state of an estimator without a checksum."""
    if type(estimator).__getstate__ is Stateful.__getstate__:
        return estimator._without_checksum()
    return estimator.__getstate__()


def _check_whole(state: dict[str, Any], told: Any) -> None:
    if type(told) is not tuple or checksum(state, OF_SCALER, told) != told:
        raise FormatError(
            "state: the checksum is another, so the pickle was damaged after it was written. Take "
            "a copy that is whole."
        )


def check_schema(schema: Any, version: Any, where: str) -> None:
    """Refuse an invalid schema, or one from a newer version."""
    if type(schema) is not int or schema < 0:
        raise FormatError(f"{where}: the schema must be a number from 0 on, not {schema!r:.40}.")
    if schema > SCHEMA:
        raise FormatError(
            f"{where}: written with schema {schema} by sklearn_norm {version!s:.40}, but this is "
            f"sklearn_norm {__version__}, which knows schemas up to {SCHEMA}. Upgrade "
            "sklearn_norm to read it."
        )
