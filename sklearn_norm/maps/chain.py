"""Chain: a monotone function, then an affine map. Nonlinear scalers use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from .. import kernels
from ..exceptions import SparseDataError
from ..kernels import Array, Floats
from ..kernels.sparse import canonical, columns_of, is_sparse
from ..records import kind_of
from .affine import Affine
from .record import Map, result_dtype


@dataclass(frozen=True, eq=False)
class Bend(ABC):
    """A monotone function of one number, and its inverse.

    A subclass is a frozen dataclass. A field is a plain value that applies to all columns, or a
    float64 array whose last axis has an entry per column. It defines `bend` and `unbend`, which
    take float64 arrays of shape (n_rows, n_columns) or traced arrays. They use only NumPy
    functions, so that they can be exported as a graph. Where the function is not defined, they
    return NaN or infinity, and `bent` raises an error.
    """

    kinds: ClassVar[dict[str, type[Bend]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Bend.kinds[kind_of(cls)] = cls

    @abstractmethod
    def bend(self, x: Any) -> Any:
        """Apply the function to each member; NaN stays NaN."""

    @abstractmethod
    def unbend(self, y: Any) -> Any:
        """Apply the inverse function to each member."""

    def bent(self, X: Any) -> Any:
        """Apply the function to X, dense or sparse, in float64; a scaler measures the result.

        Raises
        ------
        ValueError
            If the function is not defined for a member.
        SparseDataError
            If X is sparse, and the function does not map 0 to 0.
        """
        if is_sparse(X):
            self._check_zeros_stay(X.shape[1])
            X = canonical(X)
        y = _members(self, "bend", X)
        _check_defined(self, X, y)
        return y

    def unbent(self, Y: Any) -> Any:
        """Apply the inverse function to Y, dense or sparse, in float64."""
        Y = canonical(Y) if is_sparse(Y) else Y
        x = _members(self, "unbend", Y)
        _check_defined(self, Y, x, overflows=True)
        return x

    def columns(self, chosen: Array) -> Self:
        """Return the function of some columns, which may repeat."""
        arrays = self._arrays()
        if not arrays:
            return self
        return replace(self, **{name: value[..., chosen] for name, value in arrays.items()})

    def joined(self, *others: Any) -> Self:
        """Return the function of these columns and those of other functions of the same kind.

        Raises
        ------
        ValueError
            If one is of another kind, or has another plain value or another number of entries
            per column.
        """
        mine, arrays = _told(self), self._arrays()
        for other in others:
            if type(other) is not type(self) or _told(other) != mine:
                raise ValueError(
                    f"A map that begins with {type(self).__name__} can be joined only with others "
                    "that begin with the same function."
                )
        beside = [other._arrays() for other in others]
        return replace(
            self,
            **{
                name: np.concatenate([value, *(each[name] for each in beside)], axis=-1)
                for name, value in arrays.items()
            },
        )

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field with an invalid value, and the reason."""
        for name, value in self._arrays().items():
            if value.dtype != np.float64 or value.ndim == 0 or value.shape[-1] != n_columns:
                yield name, f"must have a float64 entry for each of {n_columns} columns"

    def _arrays(self) -> dict[str, Array]:
        """Return the fields that have an entry per column."""
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}

    def _check_zeros_stay(self, n_columns: int) -> None:
        with np.errstate(all="ignore"):
            zero = self.bend(np.zeros((1, n_columns)))
        if not np.all(zero == 0):
            raise SparseDataError(
                f"The zeros of sparse data would not stay zeros under {type(self).__name__}: pass "
                "a dense array."
            )

    def to_state(self) -> dict[str, Any]:
        """Return the kind and the fields."""
        return {
            "kind": kind_of(type(self)),
            **{f.name: getattr(self, f.name) for f in fields(self)},
        }

    @staticmethod
    def from_state(state: dict[str, Any]) -> Bend:
        """Build a function from the result of `to_state`."""
        name = state["kind"]
        kind = Bend.kinds.get(name) if isinstance(name, str) else None
        if kind is None:
            raise ValueError(f"There is no function of the kind {name!r:.80}.")
        return kind(**{k: v for k, v in state.items() if k != "kind"})


@dataclass(frozen=True, eq=False)
class Chain(Map):
    """A function of each member, followed by an affine map.

    Parameters
    ----------
    first : Bend
        The function.
    then : Affine
        The affine map.
    """

    first: Bend
    then: Affine

    def apply(self, X: Any, out: Any = None, *, clip: bool = False, look: bool = False) -> Any:
        """Return the mapped array; see `Map.apply`."""
        if look and _has_infinity(X):
            return None
        return _written(self.then.apply(self.first.bent(X), clip=clip), X, out)

    def invert(self, Z: Any, out: Any = None, *, look: bool = False) -> Any:
        """Undo the map; see `Map.apply`."""
        if look and _has_infinity(Z):
            return None
        return _written(self.first.unbent(self.then.invert(_as_float64(Z))), Z, out)

    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns, which may repeat."""
        return type(self)(self.first.columns(chosen), self.then.columns(chosen))

    def joined(self, *others: Any) -> Self:
        """Return the map of these columns and those of other maps with the same function."""
        first, then = self.first, self.then
        if not all(isinstance(other, Chain) for other in others):
            raise ValueError(
                f"A map that begins with {type(first).__name__} can be joined only with others "
                "that begin with the same function."
            )
        return type(self)(
            first.joined(*(other.first for other in others)),
            then.joined(*(other.then for other in others)),
        )

    def check_defined(self, X: Any) -> None:
        """Raise a ValueError if X has a finite member for which the map is not defined."""
        self.first.bent(X)

    def of_zero(self, n_columns: int, clip: bool = False) -> Floats:
        """Return what 0 maps to, per column; NaN or infinity if it is not defined or clipped."""
        bent = _members(self.first, "bend", np.zeros((1, n_columns)))
        plain = self.then.apply(bent)[0]
        held = self.then.apply(bent, clip=True)[0] if clip else plain
        return np.where(plain == held, plain, np.nan)

    @property
    def affine(self) -> Affine:
        return self.then

    def lost(self) -> Any:
        """Return the indices of the columns that were multiplied by 0."""
        return self.then.lost()

    def fields_of_state(self) -> dict[str, Any]:
        return {"first": self.first.to_state(), "then": self.then.to_state()}

    @classmethod
    def from_fields(cls, state: dict[str, Any]) -> Self:
        return cls(Bend.from_state(state["first"]), Affine.from_fields(state["then"]))

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field whose value no scaler could produce, and the reason."""
        yield from ((f"first.{name}", why) for name, why in self.first.faults(n_columns))
        yield from ((f"then.{name}", why) for name, why in self.then.faults(n_columns))


def _as_float64(X: Any) -> Any:
    return X if X.dtype == np.float64 else X.astype(np.float64)


def _told(function: Bend) -> list[Any]:
    """Return what functions that are joined must share: all but the entries per column."""
    found = [getattr(function, f.name) for f in fields(function)]
    return [value.shape[:-1] if isinstance(value, np.ndarray) else value for value in found]


def _members(function: Bend, way: str, X: Any) -> Any:
    """Apply `bend` or `unbend` to the members of X, or to the stored members of sparse X."""
    with np.errstate(all="ignore"):  # errors are found in the result
        if not is_sparse(X):
            return getattr(function, way)(_as_float64(X))
        stored = function.columns(columns_of(X))
        data = getattr(stored, way)(_as_float64(X.data[None]))[0]
        return type(X)((data, X.indices.copy(), X.indptr.copy()), shape=X.shape)


def _check_defined(function: Bend, X: Any, y: Any, overflows: bool = False) -> None:
    """Refuse members whose result is NaN, or infinite unless it may overflow."""
    if isinstance(y, kernels.Traced):
        return
    given, found = (v.data if is_sparse(v) else v for v in (X, y))
    if np.isfinite(found).all():
        return
    wrong = np.isnan(found) & ~np.isnan(given)
    if not overflows:
        wrong |= np.isinf(found) & np.isfinite(given)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        column = columns_of(X)[at] if is_sparse(X) else at[1]
        there = function.columns(np.array([column]))
        raise ValueError(
            f"{there} is not defined for {float(given[at])}, in column {column}. Replace it, by "
            "NaN where it stands for a missing value."
        )


def _written(result: Any, X: Any, out: Any) -> Any:
    """Return a float64 result in the result dtype of X, written to `out` if given."""
    dtype = result_dtype(X)
    if isinstance(result, kernels.Traced):
        return result.astype(dtype)
    with np.errstate(all="ignore"):  # a short float may overflow
        if out is None or (is_sparse(X) and not X.has_canonical_format):
            return result if result.dtype == dtype else result.astype(dtype)
        place, found = (v.data if is_sparse(v) else v for v in (out, result))
        np.copyto(place, found, casting="same_kind")
    return out


def _has_infinity(X: Any) -> bool:
    return kernels.has_infinity(X.data[:, None] if is_sparse(X) else X)
