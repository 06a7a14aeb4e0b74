"""Affine: the map every scaler ends in, (x - center) / scale * gain + offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from . import kernels
from .kernels import Array, Floats
from .statistics.record import refused, vector_faults
from .statistics.sparse import canonical, columns_of, is_sparse

LARGE = 2.0**960  # from here on a difference of two floats may overflow
QUARTER = 2  # then everything is computed in units of 2**QUARTER


@dataclass(frozen=True, eq=False)
class Affine:
    """Row vectors of the map; None leaves a step out.

    Parameters
    ----------
    center, scale, gain, offset : ndarray of shape (n_features,) or None
        x maps to (x - center) / scale * gain + offset.
    top : ndarray of shape (n_features,) or None
        The exact result where (x - center) / scale is 1; NaN where rounding needs no help.
    exponent : ndarray of int, or None
        center and scale are in units of 2**exponent.
    lower, upper : ndarray of shape (n_features,) or None
        Bounds for `apply(..., clip=True)`.
    """

    center: Floats | None = None
    scale: Floats | None = None
    gain: Floats | None = None
    offset: Floats | None = None
    top: Floats | None = None
    exponent: Any = None
    lower: Floats | None = None
    upper: Floats | None = None

    @classmethod
    def of(cls, **vectors: Any) -> Self:
        """Build a map: a scale of 0 becomes 1 here, and nowhere else."""
        scale, center = vectors.get("scale"), vectors.get("center")
        if scale is not None:
            vectors["scale"] = np.where(scale == 0, 1.0, scale)
        if center is not None and vectors.get("exponent") is None:
            large = np.abs(center) >= LARGE
            if large.any():
                exponent = np.where(large, QUARTER, 0)
                vectors["exponent"] = exponent
                vectors["center"] = np.ldexp(center, -exponent)
                if scale is not None:
                    vectors["scale"] = np.ldexp(vectors["scale"], -exponent)
        return cls(**vectors)

    @classmethod
    def spanning(
        cls, center: Floats, low: Floats, high: Floats, divisor: Any = 1.0, **vectors: Any
    ) -> Self:
        """Build the map around `center` with the scale (high - low) / divisor."""
        large = np.maximum(np.maximum(np.abs(low), np.abs(high)), np.abs(center)) >= LARGE
        if not large.any():
            return cls.of(center=center, scale=(high - low) / divisor, **vectors)
        exponent = np.where(large, QUARTER, 0)
        scale = (np.ldexp(high, -exponent) - np.ldexp(low, -exponent)) / divisor
        units = np.ldexp(center, -exponent)
        return cls.of(center=units, scale=scale, exponent=exponent, **vectors)

    def apply(self, X: Array, out: Array | None = None, clip: bool = False) -> Array:
        """Return the mapped array, in the dtype and layout of X."""
        bounds = None
        if clip and self.lower is not None and self.upper is not None:
            bounds = (self.lower, self.upper)
        if is_sparse(X):
            return self._on_stored(X, out, clip=bounds)  # type: ignore[no-any-return]
        out = np.empty_like(X) if out is None else out
        kernels.apply(X, self._map(), bounds, out)
        return out

    def invert(self, Z: Array, out: Array | None = None) -> Array:
        """Return the array whose map is Z, in the dtype and layout of Z."""
        if is_sparse(Z):
            return self._on_stored(Z, out, inverse=True)  # type: ignore[no-any-return]
        out = np.empty_like(Z) if out is None else out
        kernels.invert(Z, self._map(), out)
        return out

    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns."""
        picked = {k: None if v is None else v[chosen] for k, v in vars(self).items()}
        return type(self)(**picked)

    def without(self, *steps: str) -> Self:
        return type(self)(**{**vars(self), **dict.fromkeys(steps)})

    def in_units(self, name: str) -> Floats | None:
        """Return the center or the scale in the units of the data."""
        vector: Floats | None = getattr(self, name)
        if vector is None or self.exponent is None:
            return vector
        with np.errstate(over="ignore", under="ignore"):
            return np.asarray(np.ldexp(vector, self.exponent))

    def slope(self) -> Floats:
        """Return gain / scale, in the units of the data."""
        assert self.scale is not None
        with np.errstate(all="ignore"):
            slope = (1.0 if self.gain is None else self.gain) / self.scale
            return np.asarray(slope if self.exponent is None else np.ldexp(slope, -self.exponent))

    def of_zero(self, n_columns: int) -> Floats:
        """Return what 0 maps to, per column."""
        return np.asarray(self.apply(np.zeros((1, n_columns)))[0])

    def to_state(self) -> dict[str, Any]:
        """Return the vectors, from which `from_state` builds the same map."""
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build a map from what `to_state` returned, in this version or an older one."""
        return cls(**{f.name: state[f.name] for f in fields(cls) if f.name in state})

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each vector that no rule makes, and why."""
        given = {name: vector for name, vector in vars(self).items() if vector is not None}
        exponent = given.pop("exponent", None)
        yield from vector_faults(self, tuple(given), n_columns)
        if self.scale is not None:
            yield from refused("scale", self.scale, self.scale == 0)
        if (self.lower is None) != (self.upper is None):
            yield "lower", "is given, or is not, without `upper`"
        if exponent is None:
            return
        if getattr(exponent, "dtype", None) not in (np.int64, np.int32):
            yield "exponent", "must be an array of integers"
        if exponent.shape != (n_columns,):
            yield "exponent", f"has the shape {exponent.shape}, not {(n_columns,)}"
        yield from refused("exponent", exponent, np.abs(exponent) > 1100)

    def _map(self) -> kernels.Map:
        return kernels.Map(self.center, self.scale, self.gain, self.offset, self.top, self.exponent)

    def _on_stored(self, X: Any, out: Any, *, inverse: bool = False, clip: Any = None) -> Any:
        """Map the stored members of a CSR or CSC array: the zeros stay zeros."""
        if not X.has_canonical_format:
            X, out = canonical(X), None
        if out is None:
            data = np.empty_like(X.data)
            out = type(X)((data, X.indices.copy(), X.indptr.copy()), shape=X.shape)
        column = columns_of(X)
        members = kernels.Map._make(None if v is None else v[column] for v in self._map())
        act = kernels.backward if inverse else kernels.forward
        with np.errstate(all="ignore"):
            mapped = act(X.data.astype(np.float64), members)
            if clip is not None:
                mapped = np.clip(mapped, clip[0][column], clip[1][column])
            np.copyto(out.data, mapped, casting="same_kind")
        return out
