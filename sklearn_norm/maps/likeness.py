"""Likeness: whether a map is the one that a rule makes, to the bit or up to its age."""

from __future__ import annotations

from typing import Any

import numpy as np

NEAR = 2.0**-30  # how far a map that an older version made may be from the present one


def difference(told: Any, made: Any, *, near: bool = False) -> tuple[str, str] | None:
    """Return the first field in which the state of a map differs from another, and the reason.

    Parameters
    ----------
    told, made : dict
        Two states of maps.
    near : bool, default=False
        Whether numbers may differ by 2**-30 of their size, a center by as much of the scale.
    """
    scale = made.get("scale")
    for name in sorted({*told, *made}):
        one, other = told.get(name), made.get(name)
        if isinstance(one, dict) and isinstance(other, dict):
            found = difference(one, other, near=near)
            if found is not None:
                return f"{name}.{found[0]}", found[1]
        elif not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
            if type(one) is not type(other) or one != other:
                return name, f"is {_shown(one)}, but the statistic gives {_shown(other)}"
        elif one.shape == other.shape and one.tobytes() == other.tobytes():
            continue
        elif one.shape != other.shape:
            return name, f"has the shape {one.shape}, not {other.shape}"
        else:
            wrong = ~_alike(one, other)
            if near and wrong.any():
                wrong &= ~_close(one, other, scale if name == "center" else None)
            if wrong.any():
                at = tuple(int(i) for i in np.argwhere(wrong)[0])
                return name, (
                    f"is {one[at].item()!r} in column {at[0]}, but the statistic gives "
                    f"{other[at].item()!r}"
                )
    return None


def _alike(one: Any, other: Any) -> Any:
    """Return which members have the same bits, or are both NaN."""
    same = (one == other) & (np.signbit(one) == np.signbit(other))
    return same | ((one != one) & (other != other))


def _close(one: Any, other: Any, scale: Any) -> Any:
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(one), np.abs(other))
        if scale is not None:
            size = np.maximum(size, np.abs(scale))
        return np.abs(one - other) <= NEAR * size


def _shown(value: Any) -> str:
    return "an array" if isinstance(value, np.ndarray) else f"{value!r:.40}"
