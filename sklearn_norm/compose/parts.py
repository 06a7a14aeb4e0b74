"""Parts: what a composite knows after a fit, in one record, swapped at once.

Each part is a fitted estimator of its own with the places of its columns. A batch is learned by
copies that share the immutable records of the parts, so an error leaves all parts as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Self

import numpy as np

from ..estimators.fitted import OF_COLUMNS, Fitted
from ..inputs.columns import Columns, shown
from ..inputs.frames import CONTAINERS
from ..kernels import Array

OF_PARTS = ("_container", "_dtypes", "_parts")
KEYS = {"name", "places", "scaler"}


class Part(NamedTuple):
    """An estimator, fitted unless it has no columns, its name, and the places of its columns."""

    name: str
    places: Array
    scaler: Any

    def with_(self, scaler: Any) -> Part:
        return self._replace(scaler=scaler)


@dataclass(frozen=True, eq=False, slots=True)
class Parts:
    """What a composite knows after a fit.

    Parameters
    ----------
    columns : Columns
        The columns of X.
    parts : tuple of Part
        The fitted parts, whose columns do not overlap.
    dtypes : tuple of str
        The names of the dtypes that the columns had at the first fit.
    container : {"default", "pandas", "polars"}
        The container of the first X.
    plan : dict
        A cache of what follows from the parts. It changes no result, and is not part of the state.
    """

    columns: Columns
    parts: tuple[Part, ...]
    dtypes: tuple[str, ...]
    container: str = "default"
    plan: dict[str, Any] = field(default_factory=dict)

    def named(self) -> list[tuple[str, Any]]:
        """Return the names of the parts, and these."""
        return [(part.name, part.scaler) for part in self.parts]

    def but(self, parts: tuple[Part, ...]) -> Self:
        """Return the record with other parts."""
        return replace(self, parts=parts, plan={})

    @property
    def taken(self) -> Array:
        """Which columns some part takes."""
        found = np.zeros(self.columns.number, dtype=bool)
        for part in self.parts:
            found[part.places] = True
        return found

    def check_same_columns(self, other: Self) -> None:
        """Refuse to merge with a record of other columns, or of other columns of a part."""
        if not self.columns.same_as(other.columns):
            raise ValueError(
                f"Cannot merge scalers of different columns: {self.columns.shown()} and "
                f"{other.columns.shown()}. Fit both on the same columns, in the same order."
            )
        mine, theirs = ([part.name for part in told.parts] for told in (self, other))
        if mine != theirs:
            raise ValueError(
                f"Cannot merge scalers of different parts: {mine} and {theirs}. Fit both with the "
                "same."
            )
        for part, another in zip(self.parts, other.parts, strict=True):
            if not np.array_equal(part.places, another.places):
                first, second = (
                    [self.columns.label(at) for at in one.places.tolist()]
                    for one in (part, another)
                )
                raise ValueError(
                    f"Cannot merge: the scaler {part.name!r} has the columns {shown(first)} in one "
                    f"and {shown(second)} in the other. Fit both with the same."
                )

    def to_state(self) -> dict[str, Any]:
        """Return values by their names in the state; the parts are estimators."""
        state = Fitted(self.columns).to_state()
        parts = tuple({**part._asdict(), "places": part.places} for part in self.parts)
        return {
            **state,
            "_container": self.container,
            "_dtypes": self.dtypes,
            "_parts": parts,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build the record from the result of `to_state`."""
        columns = Fitted.from_state({k: v for k, v in state.items() if k in OF_COLUMNS}).columns
        if columns is None or not {*OF_PARTS} <= state.keys():
            raise ValueError("a fit tells the columns, their dtypes and the parts together")
        parts = state["_parts"]
        if not isinstance(parts, tuple) or not all(_is_part(part) for part in parts):
            raise ValueError("parts must be a tuple of a name, places and an estimator each")
        made = tuple(Part(**part) for part in parts)
        return cls(columns, made, state["_dtypes"], state["_container"])

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield each fault of the record, and the reason."""
        yield from Fitted(self.columns).faults_of_columns()
        number = self.columns.number
        if self.container not in CONTAINERS:
            yield "_container", f"must be one of {CONTAINERS}, not {self.container!r:.40}"
        strings = isinstance(self.dtypes, tuple) and all(type(d) is str for d in self.dtypes)
        if not strings or len(self.dtypes) != number:
            yield "_dtypes", "must be a tuple with the name of a dtype for each column"
        count = np.zeros(number, dtype=np.int64)
        for i, part in enumerate(self.parts):
            where = f"_parts[{i}]"
            if type(part.name) is not str or part.name in [p.name for p in self.parts[:i]]:
                yield f"{where}.name", "must be a string, and that of no other part"
            if not _are_places(part.places, number):
                yield f"{where}.places", f"must be places of {number} columns, as integers"
            count[part.places] += 1
            told = getattr(part.scaler, "n_features_in_", None)
            if part.places.size and told is None:
                yield f"{where}.scaler", "must be fitted"
        if (count > 1).any():
            yield "_parts", f"take column {int(np.argmax(count))} more than once"


def _is_part(part: Any) -> bool:
    return isinstance(part, dict) and part.keys() == KEYS and isinstance(part["places"], np.ndarray)


def _are_places(places: Any, number: int) -> bool:
    of_integers = places.dtype == np.intp and places.ndim == 1
    return bool(of_integers and ((places >= 0) & (places < number)).all())
