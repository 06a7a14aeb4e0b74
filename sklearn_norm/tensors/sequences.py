"""Lists of sequences of different lengths: padded with a mask, and cut again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from numbers import Integral
from typing import Any

import numpy as np

from ..inputs.bfloats import as_it_came, is_bfloat, widened
from ..kernels import Array
from .masks import Shape, mask_of


@dataclass(frozen=True)
class Padded:
    """Samples of different lengths in one array.

    Parameters
    ----------
    values : ndarray of shape (n_samples, *shape)
        The samples, each at the beginning of its slice, padded with 0.
    mask : ndarray of bool of the same shape
        True where members count.
    shapes : list of tuple of int
        The shape of each sample.
    """

    values: Array
    mask: Array
    shapes: list[Shape]

    @classmethod
    def of(cls, given: list[Array], features: int | None, mask: Any = None) -> Padded:
        """Pad samples, whose sizes may differ along all axes but that of the features."""
        shapes = [array.shape for array in given]
        for at, array in enumerate(given):
            check_alike(at, array, given[0], features)
        if mask is not None and not (isinstance(mask, (list, tuple)) and len(mask) == len(given)):
            raise ValueError(
                f"`mask` must be a list of {len(given)} masks, one for each sequence, or None for "
                f"sequences without gaps. Got {type(mask).__name__}."
            )
        longest = tuple(map(max, zip(*shapes, strict=True)))
        values = stacked(given, longest)
        present = np.zeros(values.shape, dtype=bool)
        for at, shape in enumerate(shapes):
            own: Any = True
            if mask is not None:
                told = np.asarray(mask[at])
                own = mask_of(told[None], given[at], (1, *shape), features)[0]
            present[at][box(shape)] = own
        return cls(values, present, shapes)

    def beside(self, given: Any, name: str) -> Array:
        """Pad other arrays of the same shapes."""
        alike = isinstance(given, (list, tuple)) and len(given) == len(self.shapes)
        arrays = [np.asarray(array) for array in given] if alike else []
        if [array.shape for array in arrays] != self.shapes:
            raise ValueError(
                f"`{name}` must be a list of {len(self.shapes)} arrays of the shapes of the "
                "sequences."
            )
        return stacked(arrays, self.values.shape[1:])

    def cut(self, result: Array) -> list[Array]:
        """Return the parts of a result that belong to the samples."""
        return [result[at][box(shape)].copy() for at, shape in enumerate(self.shapes)]

    def returned(self, found: Any) -> Any:
        """Return what a norm returned, with the parts of the result, which may come first."""
        return (self.cut(found[0]), *found[1:]) if isinstance(found, tuple) else self.cut(found)


def are_sequences(given: Any) -> bool:
    """Whether a list holds one sample in each array, and not the rows of one array."""
    return (
        type(given) is list
        and bool(given)
        and all(isinstance(array, np.ndarray) and array.ndim > 1 for array in given)
    )


def refuse_ragged(given: Any, estimator: str) -> None:
    """Refuse a list of samples of different shapes, where one array is needed."""
    shapes = {array.shape: None for array in given} if are_sequences(given) else {}
    if len(shapes) > 1:
        first, second = list(shapes)[:2]
        raise ValueError(
            f"X is a list of samples of different shapes, such as {first} and {second}, which "
            f"{estimator} does not take. Give samples of one shape in each call: partial_fit adds "
            "those of one call to those before."
        )


def check_alike(at: int, array: Array, first: Array, features: int | None) -> None:
    """Refuse a sequence of another dtype, number of axes or number of features than the first."""
    wrong = None
    if array.ndim != first.ndim:
        wrong = f"has {array.ndim} axes, but the first one {first.ndim}"
    elif array.dtype != first.dtype:
        wrong = f"is of {array.dtype}, but the first one of {first.dtype}"
    elif features is not None and array.shape[features - 1] != first.shape[features - 1]:
        wrong = (
            f"has {array.shape[features - 1]} channels, along axis {features - 1} of its shape "
            f"{array.shape}, but the first one {first.shape[features - 1]}"
        )
    if wrong is not None:
        raise ValueError(f"Sequence {at} {wrong}: they may differ in their lengths only.")


def box(shape: Shape) -> tuple[slice, ...]:
    """Return which part of its slice a sample of this shape takes."""
    return tuple(slice(0, size) for size in shape)


def stacked(arrays: list[Array], longest: Shape) -> Array:
    """Return arrays stacked to one, each at the beginning of its slice, padded with 0."""
    values = np.zeros((len(arrays), *longest), dtype=np.result_type(*arrays))
    for at, array in enumerate(arrays):
        values[at][box(array.shape)] = array
    return values


def of_sequences(function: Callable[..., Any], told: dict[str, Any]) -> Any:
    """Call a norm on a list of sequences; results of their shape are lists, too."""
    told = dict(told)
    came = told.pop("x")
    given = [widened(array) for array in came] if all(map(is_bfloat, came)) else came
    padded = Padded.of(
        given, features_of(function, told, given[0].ndim + 1), told.pop("mask", None)
    )
    if "grad" in told:
        told["grad"] = padded.beside(told["grad"], "grad")
    found = padded.returned(function(x=padded.values, mask=padded.mask, **told))
    return as_it_came(found, came[0])


def features_of(function: Callable[..., Any], told: dict[str, Any], n_axes: int) -> int | None:
    """Return the axis of channels or features of a call, None if it is not known."""
    if "channel_axis" not in signature(function).parameters:
        return n_axes - 1 if told.get("axis") is None else None
    at: Any = told.get("channel_axis", 1)
    return int(at) % n_axes or None if isinstance(at, Integral) else None
