"""Map: the base of what a scaler applies to columns, and can undo."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np

from ..kernels import Array, Floats
from ..records import kind_of


class Map(ABC):
    """An immutable, invertible map that treats each column separately.

    A subclass is a frozen dataclass. `apply` and `invert` take arrays of shape
    (n_rows, n_columns), dense, CSR or CSC, and traced arrays, which record a graph.
    """

    kinds: ClassVar[dict[str, type[Map]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Map.kinds[kind_of(cls)] = cls

    @abstractmethod
    def apply(self, X: Any, out: Any = None, *, clip: bool = False, look: bool = False) -> Any:
        """Return the mapped array, laid out like X; all but float16 and float32 become float64.

        Parameters
        ----------
        X : array of shape (n_rows, n_columns)
            The data; NaN stays NaN.
        out : array, default=None
            The array to write to, which may be X itself.
        clip : bool, default=False
            Clip the result to the bounds of the map, where it has bounds.
        look : bool, default=False
            Look for infinity in the same pass. If there is any, return None and leave X unchanged.
        """

    @abstractmethod
    def invert(self, Z: Any, out: Any = None, *, look: bool = False) -> Any:
        """Undo the map; `out` and `look` as in `apply`."""

    def gathered(
        self,
        X: Array,
        places: Any,
        out: Any = None,
        *,
        clip: bool = False,
        look: bool = False,
        inverse: bool = False,
    ) -> Any:
        """Return members mapped, or mapped back, each by a column of its own.

        Parameters
        ----------
        X : ndarray of any shape
            The members.
        places : ndarray of int, of the same shape
            The column of the map for each member.
        out : ndarray of the same shape, in C order, default=None
            The array to write to, which is not X.
        clip, look : bool
            As in `apply`.
        inverse : bool, default=False
            Undo the map.
        """
        own, row = self.columns(places.ravel()), X.reshape(1, -1)
        to = None if out is None else out.reshape(1, -1)
        if inverse:
            found = own.invert(row, to, look=look)
        else:
            found = own.apply(row, to, clip=clip, look=look)
        return None if found is None else found.reshape(X.shape)

    @abstractmethod
    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns, which may repeat."""

    @abstractmethod
    def joined(self, *others: Any) -> Map:
        """Return the map of these columns and those of other maps, side by side."""

    @property
    @abstractmethod
    def affine(self) -> Any:
        """The affine map of the center and the scale: the last step, or one before a function."""

    @abstractmethod
    def lost(self) -> Any:
        """Return the indices of the columns that cannot be inverted."""

    @abstractmethod
    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field whose value no scaler could produce, and the reason."""

    @abstractmethod
    def fields_of_state(self) -> dict[str, Any]:
        """Return the fields as plain values."""

    @classmethod
    @abstractmethod
    def from_fields(cls, state: dict[str, Any]) -> Self:
        """Build the map from its fields."""

    def moved(self, origin: Floats) -> Map:
        """Return the map of x, given this one of x - origin."""
        raise NotImplementedError  # of scalers that accept an origin

    def check_defined(self, X: Any) -> None:
        """Raise a ValueError if X has a finite member for which the map is not defined."""
        return  # an affine map is defined everywhere

    def linear(self) -> Map:
        """Return the map of differences, and so of standard deviations, up to the sign."""
        raise ValueError(
            "Differences have no way back of their own here: the scaler is not linear. Undo the "
            "ends of an interval by `inverse_transform` instead."
        )

    def unheld(self, dtype: Any) -> Any:
        """Return the indices of columns whose data a dtype cannot represent."""
        return np.zeros(0, dtype=np.intp)

    def of_zero(self, n_columns: int, clip: bool = False) -> Floats:
        """Return what 0 maps to, per column; with `clip`, NaN where that is clipped to another."""
        zero = np.zeros((1, n_columns))
        plain = self.apply(zero)[0]
        held = self.apply(zero, clip=True)[0] if clip else plain
        return np.where(plain == held, plain, np.nan)

    def to_state(self) -> dict[str, Any]:
        """Return plain values, from which `from_state` builds the same map."""
        return {"kind": kind_of(type(self)), **self.fields_of_state()}

    @staticmethod
    def from_state(state: dict[str, Any]) -> Map:
        """Build a map from the result of `to_state`, of this version or an older one.

        A state without a kind is an affine map, the only kind that older versions had.
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
    """Return the dtype of a mapped array: float dtypes are kept, others become float64."""
    return X.dtype if X.dtype.kind == "f" else np.dtype(np.float64)
