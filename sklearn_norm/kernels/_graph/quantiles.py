"""Quantiles of groups of members of a traced array."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..interpolation import interpolated


def quantiles(x: Any, missing: Any, probabilities: tuple[float, ...]) -> list[Any]:
    """Return the quantiles along the last axis, by linear interpolation of the members present.

    Missing members are sorted behind the others, of which at most the last place is read.
    """
    ordered = np.where(missing, np.inf, x).ordered()  # type: ignore[attr-defined]
    counts = np.add.reduce(np.where(missing, 0.0, 1.0), axis=2, keepdims=True)
    last = np.maximum(counts - 1.0, 0.0)
    found = []
    for probability in probabilities:
        position = last * probability
        place = np.floor(position)
        below, above = ordered.members_at(place), ordered.members_at(np.minimum(place + 1.0, last))
        found.append(interpolated(below, above, position - place))
    return found
