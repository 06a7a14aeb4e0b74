"""Fitted: everything that an estimator knows after a fit, in one record.

It is immutable and replaced in one assignment. So a thread that reads gets a consistent record,
and an error leaves the old record in place. The public attributes are views of it, and pickles,
JSON and copies are made from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import prod
from operator import attrgetter
from typing import Any, Self

import numpy as np

from ..inputs.columns import Columns
from ..inputs.frames import CONTAINERS
from ..inputs.origin import LARGEST
from ..inputs.parameters import CONSTANTS, kept
from ..kernels import Floats
from ..kernels.sparse import is_sparse
from ..maps.record import Map
from ..statistics.record import Statistic
from .buffer import Buffer

OF_COLUMNS = ("n_features_in_", "feature_names_in_", "_labels")
OF_SHAPE = ("shape_",)
MOST_FEATURES = 2**31  # more do not fit in a row that any memory holds
# names of the parts of a scaler in its state; a fit sets all of AT_ONCE together
AT_ONCE = ("_container", "_parameters", "_affine", "_statistic")
OF_SCALER = ("_pending", "_origin", *AT_ONCE)
OF_LABELS = (int, float, bool, str, type(None))  # types of labels, and of the parts of tuples
RECORDS: dict[str, Any] = {"_affine": Map, "_statistic": Statistic, "_pending": Buffer}


@dataclass(frozen=True, eq=False, slots=True)
class Fitted:
    """What an estimator knows after a fit.

    Parameters
    ----------
    columns : Columns or None
        The columns of X. None before any X was seen, as after `BatchNorm.from_torch`.
    shape : tuple of int or None
        The shape of a sample, for estimators that take tensors.
    parameters : dict
        The parameters that the map was made with.
    statistic, map : Statistic and Map, or None
        The measured statistic, and the map made from it. None for a norm of single samples.
    buffer : Buffer or None
        Later batches that are not merged into the statistic yet.
    container : {"default", "pandas", "polars"}
        The container of the first X.
    plan : object
        A cache of values derived from the parameters. It changes no result, and is not part of
        the state.
    origin : ndarray of shape (n_columns,) or None
        What statistic, map and buffer are measured from, for columns of integers beyond 2**53.
    """

    columns: Columns | None
    shape: tuple[int, ...] | None = None
    parameters: Any = None
    statistic: Any = None
    map: Any = None
    buffer: Buffer | None = None
    container: str = "default"
    plan: Any = None
    origin: Any = None

    def but(self, **changes: Any) -> Self:
        """Return the record with some parts replaced."""
        parts = dict(zip(PARTS, PARTS_OF(self), strict=True))
        return type(self)(**parts | changes)

    def kept(self) -> Self:
        """Return the record with mutable parameters copied, so that nobody else can change them."""
        if CONSTANTS.issuperset(map(type, self.parameters.values())):
            return self
        return self.but(parameters=kept(self.parameters))

    @property
    def n_columns(self) -> int:
        """The number of columns of the statistic, which may differ from the features of X."""
        return int(self.statistic.weight.size)

    @property
    def names(self) -> Any:
        """The names of the statistic's columns, or None if they have no names."""
        columns = self.columns
        if columns is None or columns.names is None or columns.number != self.n_columns:
            return None
        return columns.names

    def to_state(self) -> dict[str, Any]:
        """Return plain values, by their names in the state."""
        state: dict[str, Any] = {}
        if self.columns is not None:
            state["n_features_in_"] = self.columns.number
            if self.columns.names is not None:
                state["feature_names_in_"] = self.columns.names
            if self.columns.labels is not None:
                state["_labels"] = self.columns.labels
        if self.shape is not None:
            state["shape_"] = self.shape
        if self.statistic is not None:
            state["_container"] = self.container
            state["_parameters"] = self.parameters
            state["_affine"] = self.map.to_state()
            state["_statistic"] = self.statistic.to_state()
        if self.origin is not None:
            state["_origin"] = self.origin
        if self.buffer is not None:
            state["_pending"] = self.buffer.to_state()
        return state

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build the record from the result of `to_state`; older states may lack the map."""
        state = dict(state)
        for name, record in RECORDS.items():
            if isinstance(state.get(name), dict):
                state[name] = record.from_state(state[name])
            elif name in state and state[name] is None:
                raise ValueError(f"{name.lstrip('_')} must be a {record.__name__}, not None")
        if "shape_" in state and state["shape_"] is None:
            raise ValueError("shape_ must hold the sizes of a sample's axes, not None")
        if "_parameters" in state and not isinstance(state["_parameters"], dict):
            raise ValueError("parameters must be a dict of the parameters that were in force")
        columns = None
        if "n_features_in_" in state:
            names, labels = state.get("feature_names_in_"), state.get("_labels")
            columns = Columns(state["n_features_in_"], names, labels)
        return cls(
            columns,
            state.get("shape_"),
            state.get("_parameters"),
            state.get("_statistic"),
            state.get("_affine"),
            state.get("_pending"),
            state.get("_container", "default"),
            origin=state.get("_origin"),
        )

    def placed(self, origin: Floats) -> Self:
        """Return the record with its statistic measured from another origin, without a buffer."""
        return self.but(origin=origin, statistic=self.measured_from(origin), buffer=None)

    def measured_from(self, origin: Any) -> Any:
        """Return the statistic, measured from another origin."""
        return moved_between(self.statistic, self.origin, origin)

    def located(self, values: Floats) -> Floats:
        """Return values that are measured from the origin as values of the data."""
        return values if self.origin is None else values + self.origin

    @property
    def map_of_data(self) -> Map:
        """The map of the data themselves, as floats."""
        mapping: Map = self.map
        return mapping if self.origin is None else mapping.moved(self.origin)

    def map_for(self, values: Any) -> Map:
        """Return the map of the values of a table; sparse ones are not measured from an origin."""
        mapping: Map = self.map
        return self.map_of_data if is_sparse(values) else mapping

    def faults_of_columns(self) -> Iterator[tuple[str, str]]:
        """Yield each fault of the columns, and the reason."""
        if self.columns is None:
            return
        width, names = self.columns.number, self.columns.names
        if type(width) is not int or not 0 <= width <= MOST_FEATURES:
            yield "n_features_in_", f"must be a number of features up to 2**31, not {width!r:.40}"
        labels = self.columns.labels
        if labels is not None:
            yield from _faults_of_labels(labels, width, names)
        if names is None:
            return
        if not are_strings(names):
            yield "feature_names_in_", "must be an array of strings"
        if names.shape != (width,):
            yield "feature_names_in_", f"has the shape {names.shape}, not {(width,)}"
        if len(set(names.tolist())) < names.size:
            yield "feature_names_in_", "has a name more than once"

    def faults_of_shape(self) -> Iterator[tuple[str, str]]:
        """Yield each fault of the shape of a sample, and the reason."""
        sample = self.shape
        if sample is None:
            return
        if type(sample) is not tuple or not all(type(n) is int and n >= 0 for n in sample):
            yield "shape_", f"must hold the sizes of a sample's axes, not {sample!r:.40}"
        if self.columns is None or prod(sample) != self.columns.number:
            yield "shape_", f"{sample!r:.40} does not fit n_features_in_"

    def faults_of_records(
        self, n_columns: int, n_of_map: int | None = None
    ) -> Iterator[tuple[str, str]]:
        """Yield each fault of the statistic, the map and the buffer, and the reason."""
        if self.container not in CONTAINERS:
            yield "_container", f"must be one of {CONTAINERS}, not {self.container!r:.40}"
        if self.origin is not None:
            yield from _faults_of_origin(self.origin, n_columns)
        records = {"_affine": self.map, "_statistic": self.statistic, "_pending": self.buffer}
        for name, record in records.items():
            if record is None and name == "_pending":
                continue
            if not isinstance(record, RECORDS[name]):
                yield name, f"must be a {RECORDS[name].__name__}, not {record!r:.40}"
            size = n_of_map if n_of_map is not None and record is self.map else n_columns
            yield from ((f"{name}.{field}", why) for field, why in record.faults(size))


def _faults_of_labels(labels: Any, width: int, names: Any) -> Iterator[tuple[str, str]]:
    """Yield each fault of labels that are not all strings."""
    if type(labels) is not tuple or len(labels) != width:
        yield "_labels", "must be a tuple with a label for each column"
    if names is not None:
        yield "_labels", "cannot be there beside feature_names_in_"
    if labels == tuple(range(len(labels))):
        yield "_labels", "are the numbers of the columns, which are none"
    for at, label in enumerate(labels):
        parts = label if type(label) is tuple else (label,)
        if type(label) is str or not all(type(part) in OF_LABELS for part in parts):
            yield (
                f"_labels[{at}]",
                "must be a number, a boolean, None, or a tuple of such or strings",
            )
    if len(set(map(_spelled, labels))) < width:  # hashes of numbers are easily made equal
        yield "_labels", "has a label more than once"


def _spelled(label: Any) -> str:
    """Return a text that equal labels share, such as 1, 1.0 and True."""
    if type(label) is tuple:
        return f"({','.join(map(_spelled, label))})"
    whole = isinstance(label, (int, float)) and label - label == 0 and label == int(label)
    return repr(int(label)) if whole else repr(label)


def moved_between(statistic: Any, before: Any, after: Any) -> Any:
    """Return a statistic measured from one origin, None for 0, as measured from another."""
    none = np.zeros(statistic.weight.size)
    by = (none if before is None else before) - (none if after is None else after)
    return statistic.moved(by) if by.any() else statistic


def _faults_of_origin(origin: Any, n_columns: int) -> Iterator[tuple[str, str]]:
    is_vector = isinstance(origin, np.ndarray) and origin.dtype == np.float64
    if not is_vector or origin.shape != (n_columns,):
        yield "_origin", "must be an array of float64 with an entry for each column"
    elif not (np.abs(origin) <= LARGEST).all() or (origin != np.rint(origin)).any():
        yield "_origin", "must hold integers up to 2**100"


PARTS = tuple(field.name for field in fields(Fitted))
PARTS_OF = attrgetter(*PARTS)


def are_strings(names: Any) -> bool:
    """Whether this is an array of strings, as scikit-learn keeps names."""
    is_array = isinstance(names, np.ndarray) and names.dtype.kind == "O"
    return is_array and all(isinstance(name, str) for name in names.flat)
