"""Masks beside tensors: which members count."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..inputs.arguments import array_of
from ..inputs.columns import names_of, shown
from ..kernels import Array

Shape = tuple[int, ...]


def mask_of(mask: Any, X: Any, shape: Shape, features: int | None) -> Array:
    """Return a mask in the shape of X, True where a member counts.

    Beside X of three or more axes, a mask with one axis fewer has an entry for each position, for
    all channels of it. `features` is the axis of X that such a mask lacks, None if there is no
    such one. All others are broadcast to X as arrays are.
    """
    names, expected = names_of(mask), names_of(X)
    if names is not None and expected is not None and list(names) != list(expected):
        raise ValueError(
            f"`mask` has the columns {shown(names)}, but X has {shown(expected)}: give both the "
            "same, in the same order."
        )
    given = array_of(mask, "mask")
    if given.dtype != np.bool_:
        raise ValueError(f"`mask` must hold booleans, True where X counts. Got {given.dtype}.")
    of_positions = len(shape) > 2 and given.ndim == len(shape) - 1
    if of_positions and features is None:
        raise ValueError(
            f"`mask` of shape {given.shape} has one axis fewer than X of shape {shape}. Which one "
            f"it lacks is not known beside `axis`: give it {len(shape)} axes, of size 1 where it "
            "does not differ."
        )
    try:
        if not of_positions:
            return np.broadcast_to(given, shape)
        assert features is not None
        return np.broadcast_to(np.expand_dims(given, features), shape)
    except ValueError as error:
        more = ""
        if of_positions:
            left = tuple(n for at, n in enumerate(shape) if at != features)
            more = (
                f" With one axis fewer, it must have the shape {left}, an entry for each position."
            )
        raise ValueError(
            f"`mask` of shape {given.shape} cannot be broadcast to X of shape {shape}.{more}"
        ) from error
