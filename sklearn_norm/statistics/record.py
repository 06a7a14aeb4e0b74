"""The base of all statistics: an immutable, mergeable record of arrays, one entry per column."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ..kernels import Floats
from ..records import kind_of, refused, vector_faults

OLDER = "in older states"  # field metadata: the default value when an older state lacks the field


@dataclass(frozen=True, eq=False)
class Statistic:
    """An immutable record that measures columns and merges with its own kind.

    Every statistic has the present weight and the extrema of each column; a column
    without members has weight 0 and extrema (inf, -inf), and merging with it changes
    nothing.
    """

    kinds: ClassVar[dict[str, type[Statistic]]] = {}
    grows: ClassVar[bool] = True  # whether more data can be merged in
    made_of: ClassVar[str] = "data"  # what a scaler with this statistic knows, for messages
    remedy: ClassVar[str] = ""  # how to make one that grows

    # what happens if members are too far from those before for one origin: it goes to those of the
    # "batch", as no digit is lost by a move; it stays or goes to where "most" are; or it is "zero"
    far: ClassVar[str] = "zero"

    weight: Floats
    low: Floats
    high: Floats

    def __init_subclass__(cls) -> None:
        Statistic.kinds[kind_of(cls)] = cls

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """Return the statistic of both sets of members together."""

    def moved(self, by: Floats) -> Self:
        """Return the statistic of the same members, each with `by` added."""
        raise NotImplementedError  # of scalers that accept an origin

    @property
    def is_constant(self) -> npt.NDArray[np.bool_]:
        """Whether the smallest member of a column equals the largest."""
        return np.asarray(self.low == self.high)

    def to_state(self) -> dict[str, Any]:
        """Return plain arrays and values, from which `from_state` builds the same record."""
        state = {f.name: _plain(getattr(self, f.name)) for f in fields(self)}
        return {"kind": kind_of(type(self)), **state}

    @staticmethod
    def from_state(state: dict[str, Any]) -> Statistic:
        """Build a record from the result of `to_state`, of this version or an older one."""
        kind = Statistic.kinds.get(state["kind"])
        if kind is None:
            raise ValueError(f"There is no statistic of the kind {state['kind']!r}.")
        return kind._from_fields({k: _record(v) for k, v in state.items() if k != "kind"})

    @classmethod
    def _from_fields(cls, values: dict[str, Any]) -> Self:
        known = {}
        for field in fields(cls):
            if field.name in values:
                known[field.name] = values[field.name]
            elif OLDER in field.metadata:
                known[field.name] = np.full_like(values["weight"], field.metadata[OLDER])
            else:
                raise ValueError(f"The state of {cls.__name__} has no {field.name!r}.")
        return cls(**known)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field whose value no data could produce, and the reason."""
        yield from vector_faults(self, ("weight", "low", "high"), n_columns)
        yield from refused("weight", self.weight, ~(self.weight >= 0) | (self.weight == np.inf))
        there = self._has_members()  # unknown members have extrema -inf and inf
        for name, nowhere in (("low", np.inf), ("high", -np.inf)):
            vector = getattr(self, name)
            yield from refused(name, vector, np.isnan(vector) | (there & (vector == nowhere)))
        yield from refused("low", self.low, there & (self.low > self.high))
        yield from refused("low", self.low, ~there & np.isfinite(self.low))
        yield from refused("high", self.high, ~there & np.isfinite(self.high))

    def _has_members(self) -> npt.NDArray[np.bool_]:
        """Whether a column has members, which may be unknown."""
        return np.asarray(self.weight > 0)

    def with_extrema_of(self, other: Statistic) -> dict[str, Floats]:
        """Return the merged fields that every statistic has."""
        return {
            "weight": self.weight + other.weight,
            "low": np.minimum(self.low, other.low),
            "high": np.maximum(self.high, other.high),
        }

    def mapped(self, act: Callable[..., Any], *others: Self) -> Self:
        """Apply `act` to each array, together with the same arrays of `others`."""
        columns = []
        for f in fields(self):
            values = [getattr(record, f.name) for record in (self, *others)]
            nested = isinstance(values[0], Statistic)
            columns.append(values[0].mapped(act, *values[1:]) if nested else act(*values))
        return type(self)(*columns)

    def columns(self, chosen: Any) -> Self:
        """Return the statistic of some columns, which may repeat."""
        return self.mapped(lambda vector: vector[..., chosen])

    def joined(self, other: Self) -> Self:
        """Return the statistic of these columns and those of another, side by side."""
        return self.mapped(lambda a, b: np.concatenate([a, b], axis=-1), other)

    def replaced(self, **changes: Any) -> Self:
        return replace(self, **changes)


def _plain(value: Any) -> Any:
    return value.to_state() if isinstance(value, Statistic) else value


def _record(value: Any) -> Any:
    return Statistic.from_state(value) if isinstance(value, dict) and "kind" in value else value
