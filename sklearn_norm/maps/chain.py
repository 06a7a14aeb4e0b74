"""Chain: a monotone function between affine maps. Nonlinear scalers use it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from .. import kernels
from ..exceptions import SparseDataError, UndefinedError
from ..kernels import Array, Floats
from ..kernels.sparse import canonical, columns_of, is_sparse
from ..records import kind_of
from .affine import Affine
from .record import Map, result_dtype

BLOCK = 1 << 14  # members that a function is applied to at once


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
    remedy: ClassVar[str] = "Replace it, by NaN where it stands for a missing value."
    remedy_back: ClassVar[str] = remedy

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Bend.kinds[kind_of(cls)] = cls

    @abstractmethod
    def bend(self, x: Any) -> Any:
        """Apply the function to each member; NaN stays NaN."""

    @abstractmethod
    def unbend(self, y: Any) -> Any:
        """Apply the inverse function to each member."""

    @property
    def leaves_out(self) -> bool:
        """Whether `bend` makes NaN of members for which the function is not defined, on purpose."""
        return False

    def mean_of_normal(self, mean: Floats, deviation: Floats) -> Floats:
        """Return the mean of what bends to a normal distribution of this mean and deviation."""
        raise ValueError(
            f"The mean of what {self} makes normal has no closed form. Undo quantiles of the "
            "prediction by `inverse_transform` instead, such as its median."
        )

    def bent(self, X: Any) -> Any:
        """Apply the function to X, dense or sparse, in float64; a scaler measures the result.

        Infinity stays infinite, so that who measures the result finds it.

        Raises
        ------
        ValueError
            If the function is not defined for a member.
        SparseDataError
            If X is sparse, and the function does not map 0 to 0.
        """
        if is_sparse(X):
            self._check_zeros_stay("bend", X.shape[1])
            X = canonical(X)
        y = _members(self, "bend", X)
        _keep_infinity(X, y)
        _check_defined(self, X, y)
        return y

    def unbent(self, Y: Any) -> Any:
        """Apply the inverse function to Y, dense or sparse, in float64; errors as of `bent`."""
        if is_sparse(Y):
            self._check_zeros_stay("unbend", Y.shape[1])
            Y = canonical(Y)
        x = _members(self, "unbend", Y)
        _check_defined(self, Y, x, back=True)
        return x

    def of_dense(self, way: str, X: Any) -> Any:
        """Apply `bend` or `unbend` to the members of dense X, in blocks that fit a cache."""
        return _in_blocks(getattr(self, way), X)

    def of_stored(self, way: str, values: Floats, columns: Array) -> Any:
        """Apply `bend` or `unbend` to members of sparse data, given the column of each."""
        return getattr(self.columns(columns), way)(values[None])[0]

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

    def _check_zeros_stay(self, way: str, n_columns: int) -> None:
        with np.errstate(all="ignore"):
            zero = getattr(self, way)(np.zeros((1, n_columns)))
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
    """A function of each member, followed by an affine map, and perhaps after another one.

    Parameters
    ----------
    first : Bend
        The function.
    then : Affine
        The affine map after it.
    before : Affine or None
        The affine map before it.
    """

    first: Bend
    then: Affine
    before: Affine | None = None

    def apply(self, X: Any, out: Any = None, *, clip: bool = False, look: bool = False) -> Any:
        """Return the mapped array; see `Map.apply`."""
        if look and _has_infinity(X):
            return None
        return _written(self.then.apply(self.first.bent(self._placed(X)), clip=clip), X, out)

    def invert(self, Z: Any, out: Any = None, *, look: bool = False) -> Any:
        """Undo the map; see `Map.apply`."""
        if look and _has_infinity(Z):
            return None
        x = self.first.unbent(self.then.invert(_as_float64(Z)))
        return _written(x if self.before is None else self.before.invert(x), Z, out)

    def _placed(self, X: Any) -> Any:
        """Return what the function is applied to."""
        return X if self.before is None else self.before.apply(_as_float64(X))

    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns, which may repeat."""
        before = None if self.before is None else self.before.columns(chosen)
        return type(self)(self.first.columns(chosen), self.then.columns(chosen), before)

    def joined(self, *others: Any) -> Self:
        """Return the map of these columns and those of other maps with the same function."""
        first, then = self.first, self.then
        if not all(isinstance(other, Chain) for other in others):
            raise ValueError(
                f"A map that begins with {type(first).__name__} can be joined only with others "
                "that begin with the same function."
            )
        befores = [self.before, *(other.before for other in others)]
        if any((before is None) != (self.before is None) for before in befores):
            raise ValueError("Only some of the maps to be joined have an affine map before.")
        return type(self)(
            first.joined(*(other.first for other in others)),
            then.joined(*(other.then for other in others)),
            None if self.before is None else self.before.joined(*befores[1:]),
        )

    def check_defined(self, X: Any) -> None:
        """Raise a ValueError if X has a finite member for which the map is not defined."""
        self.first.bent(self._placed(X))

    def moved(self, origin: Floats) -> Self:
        """Return the map of x, given this one of x - origin, of a chain with a map before."""
        assert self.before is not None
        return replace(self, before=self.before.moved(origin))

    def of_zero(self, n_columns: int, clip: bool = False) -> Floats:
        """Return what 0 maps to, per column; NaN or infinity if it is not defined or clipped."""
        bent = _members(self.first, "bend", self._placed(np.zeros((1, n_columns))))
        plain = self.then.apply(bent)[0]
        held = self.then.apply(bent, clip=True)[0] if clip else plain
        return np.where(plain == held, plain, np.nan)

    @property
    def affine(self) -> Affine:
        return self.then if self.before is None else self.before

    def unheld(self, dtype: Any) -> Any:
        """Return the indices of columns whose data a dtype cannot represent, by the map before."""
        return super().unheld(dtype) if self.before is None else self.before.unheld(dtype)

    def lost(self) -> Any:
        """Return the indices of the columns that were multiplied by 0."""
        return self.then.lost()

    def fields_of_state(self) -> dict[str, Any]:
        before = {} if self.before is None else {"before": self.before.to_state()}
        return {"first": self.first.to_state(), "then": self.then.to_state(), **before}

    @classmethod
    def from_fields(cls, state: dict[str, Any]) -> Self:
        before = Affine.from_fields(state["before"]) if "before" in state else None
        return cls(Bend.from_state(state["first"]), Affine.from_fields(state["then"]), before)

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each field whose value no scaler could produce, and the reason."""
        yield from ((f"first.{name}", why) for name, why in self.first.faults(n_columns))
        yield from ((f"then.{name}", why) for name, why in self.then.faults(n_columns))
        if self.before is not None:
            yield from ((f"before.{name}", why) for name, why in self.before.faults(n_columns))


def _as_float64(X: Any) -> Any:
    if X.dtype == np.float64:
        return X
    with np.errstate(invalid="ignore"):  # casting a signaling NaN warns
        return X.astype(np.float64)


def _told(function: Bend) -> list[Any]:
    """Return what functions that are joined must share: all but the entries per column."""
    found = [getattr(function, f.name) for f in fields(function)]
    return [value.shape[:-1] if isinstance(value, np.ndarray) else value for value in found]


def _members(function: Bend, way: str, X: Any) -> Any:
    """Apply `bend` or `unbend` to the members of X, or to the stored members of sparse X."""
    with np.errstate(all="ignore"):  # errors are found in the result
        if not is_sparse(X):
            return function.of_dense(way, X)
        values = np.ascontiguousarray(_as_float64(X.data))
        data = function.of_stored(way, values, columns_of(X))
        return type(X)((data, X.indices.copy(), X.indptr.copy()), shape=X.shape)


def _in_blocks(act: Callable[[Any], Any], X: Any) -> Any:
    """Apply a function to a dense or traced array, rows by rows, so that all stays in cache.

    It gets and gives float64 in C order: NumPy has other code for other layouts, with other last
    bits, and sums them in another order.
    """
    if isinstance(X, kernels.Traced):
        return act(_as_float64(X))
    if X.size <= BLOCK and X.flags.c_contiguous:
        return act(_as_float64(X))
    y, step = np.empty(X.shape), max(1, BLOCK // X.shape[1])
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        y[rows] = act(np.ascontiguousarray(_as_float64(X[rows])))
    return y


def _keep_infinity(X: Any, y: Any) -> None:
    """Write the infinite members of X, if there are any, to the same places of y."""
    if isinstance(y, kernels.Traced) or X.dtype.kind != "f" or not _has_infinity(X):
        return
    given, found = (v.data if is_sparse(v) else v for v in (X, y))
    np.copyto(found, given, where=np.isinf(given), casting="same_kind")


def _check_defined(function: Bend, X: Any, y: Any, back: bool = False) -> None:
    """Refuse members whose result is NaN, or infinite unless it may overflow on the way back."""
    if isinstance(y, kernels.Traced):
        return
    given, found = (v.data if is_sparse(v) else v for v in (X, y))
    if np.isfinite(found).all():
        return
    wrong = np.isnan(found) & ~np.isnan(given) & (back or not function.leaves_out)
    if not back:
        wrong |= np.isinf(found) & np.isfinite(given)
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0])
        column = columns_of(X)[at] if is_sparse(X) else at[1]
        there = function.columns(np.array([column]))
        raise UndefinedError(
            f"{there} is not {'invertible' if back else 'defined'} for {float(given[at])}",
            int(column),
            function.remedy_back if back else function.remedy,
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
