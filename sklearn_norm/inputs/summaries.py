"""Statistics given by the caller: read, and checked column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from ..kernels import Array, Floats
from .exact import minus, wide_numbers
from .frames import container_of, readable
from .labelled import in_order, labelled
from .origin import LARGE, LARGEST
from .weights import LEAST, MOST

NUMBERS = "biufO"  # the kinds of arrays that may hold floats


@dataclass(frozen=True, eq=False)
class Summary:
    """Vectors given by the caller, float64 with an entry per column, and the column names.

    A vector that was not given is None in `given`, and indexing returns NaN for it. Those that are
    `places` in the units of the data are differences from the `origin`, where numbers beyond 2**53
    need one. `exact` holds the numbers of such vectors.
    """

    size: int
    names: Any
    given: dict[str, Floats | None]
    places: tuple[str, ...] = ()
    origin: Floats | None = None
    exact: dict[str, list[Any]] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        feature_names: Any,
        optional: tuple[str, ...] = (),
        places: tuple[str, ...] = (),
        **given: Any,
    ) -> Self:
        """Read numbers, or vectors of equal length; a number applies to all columns.

        `optional` are those that may be None, and `places` those in the units of the data.
        """
        names: Any = None if feature_names is None else _names(feature_names)
        found = {name: labelled(value) for name, value in given.items()}
        for by_label in found.values():
            names = _names(list(by_label)) if names is None and by_label is not None else names
        for name, by_label in found.items():
            if by_label is not None:
                given[name] = in_order(by_label, name, [*names])
        vectors = {
            name: None if value is None and name in optional else _vector(name, value)
            for name, value in given.items()
        }
        lengths = [v.size for v in vectors.values() if v is not None and v.ndim == 1]
        size = lengths[0] if lengths else 1 if names is None else names.size
        filled = {n: None if v is None else _filled(n, v, size) for n, v in vectors.items()}
        if names is not None and names.size != size:
            raise ValueError(
                f"`feature_names` must hold one name for each of the {size} columns. "
                f"Got {names.size}: {names.tolist()}."
            )
        found_exact = {
            name: wide_numbers(given[name], size) for name, v in filled.items() if v is not None
        }
        exact = {name: numbers for name, numbers in found_exact.items() if numbers is not None}
        origin = _origin_of(filled, exact, places)
        return cls(size, names, filled, places, origin, exact)

    def __getitem__(self, name: str) -> Floats:
        vector = self.given[name]
        return np.full(self.size, np.nan) if vector is None else vector

    def need(self, name: str, estimator: Any, *parameters: str) -> None:
        """Refuse a missing vector that one of the parameters needs."""
        asking = [parameter for parameter in parameters if getattr(estimator, parameter)]
        if asking and self.given[name] is None:
            raise ValueError(
                f"`{name}` is needed with {asking[0]}=True: give it, or {asking[0]}=False."
            )

    def check_alike(self) -> Array:
        """Refuse infinity, and NaN in only some of the vectors; return which columns have data."""
        vectors = {name: vector for name, vector in self.given.items() if vector is not None}
        there = np.ones(self.size, dtype=bool)
        if vectors:
            there = ~np.all([np.isnan(vector) for vector in vectors.values()], axis=0)
        for name, vector in vectors.items():
            self.refuse(
                name,
                there & ~np.isfinite(vector),
                f"it must be finite, or {' and '.join(vectors)} NaN for a column without data.",
            )
        return there

    def weight(self, count: str) -> Floats:
        """Return the counts, checked. Without a count, 2 for columns with data and 0 for others."""
        if self.given[count] is not None:
            self.check_counted(count)
            return self[count]
        return np.where(self.check_alike(), 2.0, 0.0)

    def check_counted(self, count: str, present: Array | None = None) -> None:
        """Refuse invalid counts, and vectors that do not match them."""
        number = self[count]
        self.refuse(count, ~np.isfinite(number) | (number < 0), "it must be finite, at least 0.")
        extreme = (number > 0) & ((number <= LEAST) | (number >= MOST))
        self.refuse(count, extreme, f"give 0, or a number between {LEAST:.0e} and {MOST:.0e}.")
        there = number > 0 if present is None else present
        for name, vector in self.given.items():
            if vector is not None and name != count:
                self.refuse(
                    name,
                    there & ~np.isfinite(vector),
                    f"give a finite number, or NaN and {count}=0 for a column without data.",
                )
                self.refuse(
                    name,
                    ~there & ~np.isnan(vector),
                    f"with {count}=0 the column has no data. Give the count, or NaN.",
                )

    def refuse(self, name: str, wrong: Array, remedy: str) -> None:
        """Raise an error for the first column where the vector is wrong."""
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            column = at if self.names is None else self.names[at]
            told = self[name][at]
            if self.origin is not None and name in self.places:
                told = told + self.origin[at]
            raise ValueError(f"Column {column!r} has {name}={told}: {remedy}")


def _origin_of(
    vectors: dict[str, Floats | None], exact: dict[str, list[Any]], places: tuple[str, ...]
) -> Floats | None:
    """Return the origin of the columns, if a place needs one; places become differences from it."""
    given = {name: v for name in places if (v := vectors[name]) is not None}
    if not exact.keys() & given.keys():
        return None
    first = next(iter(given.values()))
    wide = (np.abs(first) > LARGE) & (np.abs(first) < LARGEST)
    origin = np.where(wide, np.rint(first), 0.0)
    for name, vector in given.items():
        vectors[name] = minus(exact.get(name), vector, origin)
    return origin


def _vector(name: str, value: Any) -> Floats:
    try:
        found = np.asarray(readable(value, container_of(value)))
        if found.dtype.kind not in NUMBERS:
            raise TypeError(found.dtype)
        return found.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(
            f"`{name}` must hold one number for each column, or one for all. Got {value!r}."
        ) from error


def _filled(name: str, vector: Floats, size: int) -> Floats:
    """Return a number for each column."""
    if not size or vector.shape not in ((), (size,)):
        raise ValueError(
            f"`{name}` must hold one number for each of the {size} columns, or one for all. Got an "
            f"array of shape {vector.shape}."
        )
    return np.broadcast_to(vector, (size,)).copy()


def _names(feature_names: Any) -> Any:
    """Return names as an array of objects."""
    several = isinstance(feature_names, Iterable) and not isinstance(feature_names, (str, bytes))
    listed = list(feature_names) if several else []
    if not listed or not all(isinstance(name, str) for name in listed):
        raise ValueError(f"`feature_names` must be a list of strings. Got {feature_names!r}.")
    doubled = sorted(name for name, times in Counter(listed).items() if times > 1)
    if doubled:
        raise ValueError(f"`feature_names` must differ. Got {doubled[0]!r} more than once.")
    return np.array([str(name) for name in listed], dtype=object)
