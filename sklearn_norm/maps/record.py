"""Map: what a scaler applies to columns, and undoes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np

from ..kernels import Array, Floats
from ..records import kind_of


class Map(ABC):
    """An immutable record that maps columns one by one, and can be undone.

    A subclass is a frozen dataclass. `apply` and `invert` take arrays of shape
    (n_rows, n_columns), dense, CSR or CSC, and traced arrays, which become nodes of a graph.
    """

    kinds: ClassVar[dict[str, type[Map]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Map.kinds[kind_of(cls)] = cls

    @abstractmethod
    def apply(self, X: Any, out: Any = None, *, clip: bool = False, look: bool = False) -> Any:
        """Return the mapped array in the layout of X: float16 and float32 as such, else float64.

        Parameters
        ----------
        X : array of shape (n_rows, n_columns)
            The data; NaN stays NaN.
        out : array, default=None
            Where to write, which may be X itself.
        clip : bool, default=False
            Clip the result to the bounds of the map, where it has bounds.
        look : bool, default=False
            Look for infinity in the same pass. If there is one, return None; X is then as it was.
        """

    @abstractmethod
    def invert(self, Z: Any, out: Any = None, *, look: bool = False) -> Any:
        """Return the array whose map is Z; `out` and `look` as in `apply`."""

    @abstractmethod
    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns, or of columns repeated."""

    @abstractmethod
    def joined(self, *others: Any) -> Map:
        """Return the map of these columns and those of other maps, side by side."""

    @property
    @abstractmethod
    def affine(self) -> Any:
        """The affine map that it ends in, with center and scale."""

    @abstractmethod
    def lost(self) -> Any:
        """Return the places of the columns that nothing can undo."""

    @abstractmethod
    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field that no rule makes, and why."""

    @abstractmethod
    def fields_of_state(self) -> dict[str, Any]:
        """Return the fields as plain values."""

    @classmethod
    @abstractmethod
    def from_fields(cls, state: dict[str, Any]) -> Self:
        """Build the map from its fields."""

    def check_defined(self, X: Any) -> None:
        """Raise a ValueError where X has a finite member that cannot be mapped, or measured."""
        return  # an affine map is defined for all

    def unheld(self, dtype: Any) -> Any:
        """Return the places of columns whose data a dtype does not hold."""
        return np.zeros(0, dtype=np.intp)

    def of_zero(self, n_columns: int) -> Floats:
        """Return what 0 maps to, per column."""
        return np.asarray(self.apply(np.zeros((1, n_columns)))[0])

    def to_state(self) -> dict[str, Any]:
        """Return plain values, from which `from_state` builds the same map."""
        return {"kind": kind_of(type(self)), **self.fields_of_state()}

    @staticmethod
    def from_state(state: dict[str, Any]) -> Map:
        """Build a map from what `to_state` returned, in this version or an older one.

        A state without a kind is that of an affine map, the only one that older versions had.
        """
        name = state.get("kind", "Affine")
        kind = Map.kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            raise ValueError(
                f"There is no map of the kind {name!r:.80}. One of your own is found once the "
                "module that defines it is imported."
            )
        return kind.from_fields({k: v for k, v in state.items() if k != "kind"})


def result_dtype(X: Any) -> Any:
    """Return the dtype of a mapped array: float16 and float32 as such, all else float64."""
    return X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
