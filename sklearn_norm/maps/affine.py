"""Affine: the last step of every scaler, (x - center) / scale * gain + offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from .. import kernels
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..kernels.sparse import canonical, columns_of, is_sparse
from ..records import refused, vector_faults
from .record import Map, result_dtype

LARGE = 2.0**960  # with larger values, computations may overflow
CEILINGS = tuple(np.dtype(code) for code in "dfe")  # the dtypes that have ceilings
QUARTER = 2  # columns with LARGE values are computed in units of 2**QUARTER
NOTHING: dict[str, tuple[float, Any]] = {  # values without effect, and dtypes
    "center": (0.0, np.float64),
    "scale": (1.0, np.float64),
    "gain": (1.0, np.float64),
    "offset": (-0.0, np.float64),  # adding 0.0 would turn -0.0 into 0.0
    "top": (np.nan, np.float64),
    "exponent": (0, np.int64),
    "lower": (-np.inf, np.float64),
    "upper": (np.inf, np.float64),
    "ceiling": (0.0, np.float64),
}


@dataclass(frozen=True, eq=False)
class Affine(Map):
    """Row vectors of the map; None skips a step.

    Parameters
    ----------
    center, scale, gain, offset : ndarray of shape (n_features,) or None
        x maps to (x - center) / scale * gain + offset.
    top : ndarray of shape (n_features,) or None
        The exact result where (x - center) / scale is 1; NaN where the formula gives it.
    exponent : ndarray of int, or None
        center and scale are in units of 2**exponent.
    lower, upper : ndarray of shape (n_features,) or None
        Bounds for `apply(..., clip=True)`.
    ceiling : ndarray of shape (n_features, 3) or None
        One column each for float64, float32 and float16. Members with a smaller absolute value
        are kept below 1, even if rounding would give 1; 0 means no ceiling.
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
        """Build a map. A scale of 0 is replaced by 1; this is the only place that does it."""
        scale, center = vectors.get("scale"), vectors.get("center")
        if scale is not None and not scale.all():
            vectors["scale"] = scale = np.where(scale == 0, 1.0, scale)
        if center is not None and vectors.get("exponent") is None and _is_large(center):
            exponent = np.where(np.abs(center) >= LARGE, QUARTER, 0)
            vectors["exponent"] = exponent
            with np.errstate(all="ignore"):
                vectors["center"] = np.ldexp(center, -exponent)
                if scale is not None:
                    vectors["scale"] = np.ldexp(scale, -exponent)
        return cls(**vectors)

    @classmethod
    @quietly
    def spanning(
        cls, center: Floats, low: Floats, high: Floats, divisor: Any = 1.0, **vectors: Any
    ) -> Self:
        """Build the map with this center and the scale (high - low) / divisor."""
        if not (_is_large(low) or _is_large(high) or _is_large(center)):
            return cls.of(center=center, scale=(high - low) / divisor, **vectors)
        peak = np.maximum(np.maximum(np.abs(low), np.abs(high)), np.abs(center))
        exponent = np.where(peak >= LARGE, QUARTER, 0)
        scale = (np.ldexp(high, -exponent) - np.ldexp(low, -exponent)) / divisor
        units = np.ldexp(center, -exponent)
        if not exponent.any():
            return cls.of(center=center, scale=scale, **vectors)
        return cls.of(center=units, scale=scale, exponent=exponent, **vectors)

    @classmethod
    def onto(cls, low: Floats, high: Floats, lower: Floats, upper: Floats) -> Self:
        """Build the map that takes low exactly to lower and high to upper, its bounds."""
        gain = upper - lower
        missed = gain + lower != upper  # rounding misses the upper bound
        return cls.spanning(
            low,
            low,
            high,
            gain=None if (gain == 1).all() else gain,
            offset=None if not lower.any() else lower,
            top=np.where(missed, upper, np.nan) if missed.any() else None,
            lower=lower,
            upper=upper,
        )

    def apply(self, X: Any, out: Any = None, *, clip: bool = False, look: bool = False) -> Any:
        """Return the mapped array; see `Map.apply`."""
        bounds = None
        if clip and self.lower is not None and self.upper is not None:
            bounds = (self.lower, self.upper)
        dtype = result_dtype(X) if out is None else out.dtype
        ceiling = None if self.ceiling is None else self._ceiling(dtype)
        if isinstance(X, kernels.Traced):
            return self._on_traced(X, bounds, ceiling)
        if is_sparse(X):
            return self._on_sparse(X, out, bounds, ceiling, look)
        small = None if ceiling is None else _members_below(X, ceiling)
        Z: Any = np.empty_like(X, dtype=dtype) if out is None else out
        if kernels.apply(X, self._map(), bounds, Z, look):
            return None
        if small is not None:
            _keep_below_1(Z, *small)
        return Z

    def invert(self, Z: Any, out: Any = None, *, look: bool = False) -> Any:
        """Undo the map; see `Map.apply`."""
        if isinstance(Z, kernels.Traced):
            return kernels.graph.invert(Z, self._map()).astype(Z.dtype)
        if is_sparse(Z):
            return self._on_sparse(Z, out, None, None, look, inverse=True)
        out = np.empty_like(Z, dtype=result_dtype(Z)) if out is None else out
        return None if kernels.invert(Z, self._map(), out, look) else out

    def _on_sparse(
        self,
        X: Any,
        out: Any,
        bounds: Any,
        ceiling: Floats | None,
        look: bool,
        inverse: bool = False,
    ) -> Any:
        """Map the stored members of a CSR or CSC array; implicit zeros stay zeros."""
        if not X.has_canonical_format:
            if look and kernels.has_infinity(X.data[:, None]):
                return None
            X, out, look = canonical(X), None, False
        small = None if ceiling is None else _members_below(X, ceiling)
        if out is None:
            data = np.empty(X.data.shape, dtype=result_dtype(X))
            out = type(X)((data, X.indices.copy(), X.indptr.copy()), shape=X.shape)
        columns, to = columns_of(X), out.data
        if kernels.apply_stored(X.data, columns, self._map(), bounds, to, inverse, look):
            return None
        if small is not None:
            _keep_below_1(out, *small)
        return out

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
        """Return members mapped, each by a column of its own; see `Map.gathered`."""
        if self.ceiling is not None and not inverse:
            return super().gathered(X, places, out, clip=clip, look=look)
        out = np.empty(X.shape, dtype=result_dtype(X)) if out is None else out
        bounds = None
        if clip and not inverse and self.lower is not None and self.upper is not None:
            bounds = (self.lower, self.upper)
        members, at, to = np.ascontiguousarray(X).ravel(), places.ravel(), out.reshape(-1)
        found = kernels.apply_stored(members, at, self._map(), bounds, to, inverse, look)
        return None if found else out

    def columns(self, chosen: Array) -> Self:
        """Return the map of some columns, which may repeat."""
        picked = {k: None if v is None else v[chosen] for k, v in vars(self).items()}
        return type(self)(**picked)

    def joined(self, *others: Any) -> Self:
        """Return the map of these columns and those of other affine maps, side by side.

        If only some maps have a step, the other maps get a step that changes nothing, except
        that `invert` may turn -0.0 into 0.0: no number keeps -0.0 both when added and when
        subtracted.
        """
        maps = (self, *others)
        for other in others:
            if not isinstance(other, Affine):
                raise ValueError(f"An affine map cannot be joined with a {type(other).__name__}.")
        if not any(vector is not None for m in maps for vector in vars(m).values()):
            return self
        sizes = [m.n_columns for m in maps]
        joined = {}
        for name, (nothing, dtype) in NOTHING.items():
            vectors = [getattr(m, name) for m in maps]
            if any(v is not None for v in vectors):
                width = (len(CEILINGS),) if name == "ceiling" else ()
                parts = [
                    np.full((n, *width), nothing, dtype) if v is None else v
                    for v, n in zip(vectors, sizes, strict=True)
                ]
                joined[name] = np.concatenate(parts)
        return type(self)(**joined)

    @property
    def n_columns(self) -> int:
        """The number of columns."""
        sizes = [len(vector) for vector in vars(self).values() if vector is not None]
        if not sizes:
            raise ValueError("A map that changes nothing does not tell how many columns it is of.")
        return sizes[0]

    @property
    def affine(self) -> Self:
        return self

    def moved(self, origin: Floats) -> Self:
        """Return the map of x, given this one of x - origin; both in floats."""
        center = self.in_units("center")
        center = origin if center is None else center + origin
        return type(self)(**{**vars(self), "center": self._of_units(center)})

    def measured_from(self, origin: Floats) -> Self:
        """Return the map of x - origin that gives the same as this one of x, without a center."""
        return type(self)(**{**vars(self), "center": self._of_units(-origin)})

    def _of_units(self, vector: Floats) -> Floats:
        if self.exponent is None:
            return vector
        with np.errstate(all="ignore"):
            return np.asarray(np.ldexp(vector, -self.exponent))

    def lost(self) -> Any:
        """Return the indices of the columns that were multiplied by 0."""
        return np.zeros(0, np.intp) if self.gain is None else np.flatnonzero(self.gain == 0)

    def below_1(self, peak: Floats, ceiling: Floats) -> Self:
        """Return the map with ceilings, for each dtype in which rounding takes the peak to 1."""
        peak = np.nan_to_num(peak)[None]
        with np.errstate(all="ignore"):
            rounded = [self.apply(peak.astype(dtype))[0] >= 1 for dtype in CEILINGS]
        ceilings = np.where(np.transpose(rounded), ceiling[:, None], 0.0)
        return type(self)(**{**vars(self), "ceiling": ceilings}) if ceilings.any() else self

    def without(self, *steps: str) -> Self:
        return type(self)(**{**vars(self), **dict.fromkeys(steps)})

    def linear(self) -> Self:
        """Return the map of standard deviations: scale and gain without a sign, and no shift."""
        kept = {"scale": self.scale, "exponent": self.exponent}
        return type(self)(**kept, gain=None if self.gain is None else np.abs(self.gain))

    def in_units(self, name: str) -> Floats | None:
        """Return the center or the scale in the units of the data."""
        vector: Floats | None = getattr(self, name)
        if vector is None or self.exponent is None:
            return vector
        with np.errstate(all="ignore"):
            return np.asarray(np.ldexp(vector, self.exponent))

    def slope(self) -> Floats:
        """Return gain / scale, in the units of the data."""
        assert self.scale is not None
        with np.errstate(all="ignore"):
            slope = (1.0 if self.gain is None else self.gain) / self.scale
            return np.asarray(slope if self.exponent is None else np.ldexp(slope, -self.exponent))

    def unheld(self, dtype: Any) -> Any:
        """Return the columns whose data a dtype cannot represent, judged by center and scale.

        The data lie around the center, at a distance of about the scale. If the spacing of the
        dtype there exceeds the scale times the square root of its precision, more than half of
        the digits are lost; if it overflows there, all are.
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
        """Return the vectors; `Affine` itself writes no kind, as in the first file version."""
        return self.fields_of_state() if type(self) is Affine else super().to_state()

    def fields_of_state(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_fields(cls, state: dict[str, Any]) -> Self:
        return cls(**{f.name: state[f.name] for f in fields(cls) if f.name in state})

    def faults(self, n_columns: int) -> Iterator[tuple[str, str]]:
        """Yield each vector whose value no scaler could produce, and the reason."""
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


def _is_large(vector: Floats) -> bool:
    """Whether a member may be so large that differences overflow; True if any is NaN."""
    return not bool(np.abs(vector).max(initial=0.0) < LARGE)


def _members_below(X: Any, ceiling: Floats) -> tuple[Any, Any]:
    """Return columns, and which members are below the ceiling.

    The columns are those with a ceiling; in sparse data, the column of each stored member.
    """
    if is_sparse(X):
        at: Any = columns_of(X)
        return at, np.abs(_as_floats(X.data)) < ceiling[at]
    at = np.flatnonzero(ceiling)
    return at, np.abs(_as_floats(X[:, at])) < ceiling[at]


def _as_floats(values: Array) -> Array:
    """Return floats: the absolute value of the smallest integer would overflow its dtype."""
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def _keep_below_1(Z: Any, columns: Any, small: Any) -> None:
    limit = np.nextafter(Z.dtype.type(1), Z.dtype.type(0))
    found = Z.data if is_sparse(Z) else Z[:, columns]
    held = np.where(small, np.clip(found, -limit, limit), found)
    if is_sparse(Z):
        Z.data[:] = held
    else:
        Z[:, columns] = held
