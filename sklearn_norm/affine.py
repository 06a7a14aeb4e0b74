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
CEILINGS = tuple(np.dtype(code) for code in "dfe")  # the dtypes that have ceilings
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
    ceiling : ndarray of shape (n_features, 3) or None
        For float64, float32 and float16 in turn: members of a smaller absolute value are
        kept below 1, where rounding may make them 1; 0 where none is.
    """

    center: Floats | None = None
    scale: Floats | None = None
    gain: Floats | None = None
    offset: Floats | None = None
    top: Floats | None = None
    exponent: Any = None
    lower: Floats | None = None
    upper: Floats | None = None
    ceiling: Floats | None = None

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

    def apply(self, X: Any, out: Any = None, clip: bool = False) -> Any:
        """Return the mapped array, in the dtype and layout of X."""
        bounds = None
        if clip and self.lower is not None and self.upper is not None:
            bounds = (self.lower, self.upper)
        ceiling = None if self.ceiling is None else self._ceiling(X.dtype)
        if isinstance(X, kernels.Traced):
            return self._on_traced(X, bounds, ceiling)
        sparse = is_sparse(X)
        if sparse and not X.has_canonical_format:
            X, out = canonical(X), None
        small = None if ceiling is None else _members_below(X, ceiling)
        Z: Any
        if sparse:
            Z = self._on_stored(X, out, clip=bounds)
        else:
            Z = np.empty_like(X) if out is None else out
            kernels.apply(X, self._map(), bounds, Z)
        if small is not None:
            _keep_below_1(Z, *small)
        return Z

    def invert(self, Z: Any, out: Any = None) -> Any:
        """Return the array whose map is Z, in the dtype and layout of Z."""
        if isinstance(Z, kernels.Traced):
            return kernels.graph.invert(Z, self._map()).astype(Z.dtype)
        if is_sparse(Z) and not Z.has_canonical_format:
            Z, out = canonical(Z), None
        if is_sparse(Z):
            return self._on_stored(Z, out, inverse=True)
        out = np.empty_like(Z) if out is None else out
        kernels.invert(Z, self._map(), out)
        return out

    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns."""
        picked = {k: None if v is None else v[chosen] for k, v in vars(self).items()}
        return type(self)(**picked)

    def below_1(self, peak: Floats, ceiling: Floats) -> Self:
        """Return the map with ceilings, in the dtypes in which the peak is rounded to 1."""
        peak = np.nan_to_num(peak)[None]
        with np.errstate(over="ignore"):
            rounded = [self.apply(peak.astype(dtype))[0] >= 1 for dtype in CEILINGS]
        ceilings = np.where(np.transpose(rounded), ceiling[:, None], 0.0)
        return type(self)(**{**vars(self), "ceiling": ceilings}) if ceilings.any() else self

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

    def unheld(self, dtype: Any) -> Any:
        """Return the columns of which a dtype does not hold the data, judged by their place.

        They lie about the center, as far off as the scale. A dtype whose numbers there lie
        further apart than the scale times the root of its precision loses more than half of
        its digits; one that has no numbers there loses all.
        """
        scale, center = self.in_units("scale"), self.in_units("center")
        if scale is None:
            return np.zeros(0, dtype=np.intp)
        limits = np.finfo(dtype)
        with np.errstate(all="ignore"):
            far = np.abs(scale) if center is None else np.abs(center) + np.abs(scale)
            apart = np.spacing(far.astype(dtype)).astype(np.float64)
            lost = (apart > scale * np.sqrt(float(limits.eps))) | (far > float(limits.max))
        return np.flatnonzero(lost)

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
        exponent, ceiling = given.pop("exponent", None), given.pop("ceiling", None)
        yield from vector_faults(self, tuple(given), n_columns)
        if self.scale is not None:
            yield from refused("scale", self.scale, self.scale == 0)
        if (self.lower is None) != (self.upper is None):
            yield "lower", "is given, or is not, without `upper`"
        if ceiling is not None and ceiling.shape != (n_columns, len(CEILINGS)):
            yield "ceiling", f"has the shape {ceiling.shape}, not {(n_columns, len(CEILINGS))}"
        if ceiling is not None and (ceiling.dtype != np.float64 or not (ceiling >= 0).all()):
            yield "ceiling", "must hold numbers of at least 0, in float64"
        if exponent is None:
            return
        if getattr(exponent, "dtype", None) not in (np.int64, np.int32):
            yield "exponent", "must be an array of integers"
        if exponent.shape != (n_columns,):
            yield "exponent", f"has the shape {exponent.shape}, not {(n_columns,)}"
        yield from refused("exponent", exponent, np.abs(exponent) > 1100)

    def _map(self) -> kernels.Map:
        return kernels.Map(self.center, self.scale, self.gain, self.offset, self.top, self.exponent)

    def _ceiling(self, dtype: Any) -> Floats | None:
        """Return the ceilings of a dtype, or None where no column has one."""
        assert self.ceiling is not None
        ceiling: Floats = self.ceiling[:, CEILINGS.index(dtype)]
        return ceiling if ceiling.any() else None

    def _on_traced(self, X: Any, bounds: Any, ceiling: Floats | None) -> Any:
        y = kernels.graph.apply(X, self._map(), bounds)
        if ceiling is not None:
            y = kernels.graph.keep_below_1(y, X, ceiling)
        return y.astype(X.dtype)

    def _on_stored(self, X: Any, out: Any, *, inverse: bool = False, clip: Any = None) -> Any:
        """Map the stored members of a canonical CSR or CSC array: the zeros stay zeros."""
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


def _members_below(X: Any, ceiling: Floats) -> tuple[Any, Any]:
    """Return the columns that have a ceiling, or those of stored members, and what is below it."""
    if is_sparse(X):
        at: Any = columns_of(X)
        return at, np.abs(X.data) < ceiling[at]
    at = np.flatnonzero(ceiling)
    return at, np.abs(X[:, at]) < ceiling[at]


def _keep_below_1(Z: Any, columns: Any, small: Any) -> None:
    limit = np.nextafter(Z.dtype.type(1), Z.dtype.type(0))
    found = Z.data if is_sparse(Z) else Z[:, columns]
    held = np.where(small, np.clip(found, -limit, limit), found)
    if is_sparse(Z):
        Z.data[:] = held
    else:
        Z[:, columns] = held
