"""One part: how it goes on from a fit, what its errors say, and what it must return."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sklearn.base import clone

from ..inputs import parameters
from .parts import Part, Parts


def continued(given: Any, part: Part) -> Any:
    """Return a copy of a fitted part with the parameters of the estimator that is set now."""
    if not part.places.size:
        return part.scaler
    if parameters.same(given, part.scaler):
        return part.scaler._twin()
    if type(given) is not type(part.scaler):
        raise ValueError(
            f"The scaler {part.name!r} was fitted as a {type(part.scaler).__name__}, and is now a "
            f"{type(given).__name__}: call fit, which begins anew."
        )
    return clone(given)._that_knows(part.scaler)


@contextmanager
def naming(part: Part, fitted: Parts) -> Iterator[None]:
    """Say in an error of a part which one it is, and of which columns."""
    try:
        yield
    except (TypeError, ValueError) as error:
        known = fitted.columns.known()
        listed = part.places.tolist() if known is None else [known[at] for at in part.places]
        shown = listed if len(listed) <= 6 else f"[{', '.join(map(repr, listed[:5]))}, ...]"
        message = f"{str(error).rstrip()} (The scaler {part.name!r}, of the columns {shown}.)"
        try:
            told = type(error)(message)
        except TypeError:
            raise error from None
        raise told from error


def check_width(given: Any, result: Any) -> None:
    """Refuse a part that returns another number of columns than it takes."""
    if result.shape[1] != given.shape[1]:
        raise ValueError(
            f"A scaler must return a column for each that it takes: it took {given.shape[1]} and "
            f"returned {result.shape[1]}."
        )
