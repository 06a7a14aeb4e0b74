"""The choice of any axes of an array, also that of the samples."""

from __future__ import annotations

from math import prod
from typing import Any

from ..inputs.arguments import whole
from .axes import Axes, Shape, trailing


def over(
    sample: Shape,
    axis: Any,
    normalized_ndim: int | None = None,
    *,
    n_samples: int | None = None,
    unit_offset: bool = False,
) -> Axes:
    """Return the axes of norms over any axes of (n_samples, *sample), or over trailing ones.

    The first axis, that of the samples, can be among them if `n_samples` is given.
    """
    if axis is None:
        return trailing(sample, normalized_ndim, n_samples, unit_offset)
    if normalized_ndim is not None:
        raise ValueError(
            f"axis={axis!r} and normalized_ndim={normalized_ndim!r} both say which axes are "
            "normalised together: give one of them."
        )
    places = places_of(axis, len(sample) + 1, n_samples is not None)
    own = tuple(at for at in places if at)
    left = tuple(at for at in range(1, len(sample) + 1) if at not in own)
    order: Shape | None = (0, *left, *own)
    if order == tuple(range(len(sample) + 1)):
        order = None
    elements = tuple(sample[at - 1] for at in own)
    members = prod(elements)
    view = (prod(sample[at - 1] for at in left), 1, members)
    affine = (1, 1, members)
    over_samples = len(own) < len(places)
    if over_samples:
        affine, elements = (1, 1, 1), ()
    further = (elements, len(left), n_samples, unit_offset)
    return Axes(sample, view, affine, order, over_samples, *further)


def places_of(axis: Any, n_axes: int, samples_too: bool) -> Shape:
    """Return the axes that `axis` names, from the first on."""
    given = axis if isinstance(axis, tuple) else (axis,)
    places = [whole(at, "axis") for at in given]
    found = {at % n_axes for at in places}
    first = 0 if samples_too else 1
    inside = all(-n_axes <= at < n_axes for at in places) and min(found, default=0) >= first
    if not found or not inside or len(found) < len(places):
        what = "of the array" if samples_too else "of a sample"
        raise ValueError(
            f"axis={axis!r} does not name axes {what}: X has {n_axes} axes, so give each of them "
            f"at most once, from {first} to {n_axes - 1}, or from -1 for the last one."
        )
    return tuple(sorted(found))
