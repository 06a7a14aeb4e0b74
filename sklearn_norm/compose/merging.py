"""Merge: many scalers into one, in one pass."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from itertools import chain
from typing import Any

from sklearn.exceptions import NotFittedError

from ..estimators.fitted import moved_between
from ..estimators.learner import Learner
from ..estimators.transformer import Transformer
from .composite import Composite
from .streaming import Streaming

NOTHING = object()  # what comes first of no scalers


def merge(scalers: Iterable[Any]) -> Any:
    """Merge many fitted scalers into a new one, as if fitted on the data of all.

    The same as `one.merge(two).merge(three)` and so on, but in one pass: each scaler is
    checked once, and the map is made once, at the end.

    Parameters
    ----------
    scalers : iterable of scalers
        Fitted scalers of the same class, parameters and columns. A generator is read once,
        and only a few of its scalers are held at a time.

    Returns
    -------
    merged : object
        A new fitted scaler, with the settings of the first. Of one scaler, an equal copy.

    Raises
    ------
    ValueError
        If there is no scaler, or one differs from the first in class, parameters or columns, or
        cannot be merged, such as exponential averages, which have no order. The message
        says which.
    NotFittedError
        If one of them is not fitted.
    TypeError
        If `scalers` cannot be iterated over, or holds something that does not learn.

    See Also
    --------
    equal : Whether two scalers have the same fitted state.

    Examples
    --------
    >>> import sklearn_norm
    >>> days = [[[1.0], [3.0]], [[5.0]], [[7.0], [9.0]]]
    >>> scaler = sklearn_norm.merge(sklearn_norm.ZScoreScaler().fit(day) for day in days)
    >>> scaler.mean_, scaler.n_samples_seen_
    (array([5.]), 5)
    """
    iterator = iter(_iterated(scalers))
    head = next(iterator, NOTHING)
    if isinstance(head, (Composite, Streaming)):
        return _merged_in_turn(head, iterator)
    first: Any = None
    parts: list[tuple[int, Any]] = []  # statistics of 1, 2, 4, ... scalers, the largest first
    for place, scaler in enumerate(chain(() if head is NOTHING else (head,), iterator)):
        if not isinstance(scaler, Learner):
            raise TypeError(
                "`scalers` must hold fitted scalers of sklearn_norm, but "
                f"scalers[{place}] {_why_not(scaler)}"
            )
        try:
            if first is None:
                first, mine = scaler, scaler._mergeable()
                parts.append((1, mine.statistic))
                continue
            if place == 1:
                first._check_grows(mine)
            size, before = 1, mine.origin
            mine, statistic = first._part_of(scaler, mine)
            if mine.origin is not before:
                parts = [(n, moved_between(part, before, mine.origin)) for n, part in parts]
            while parts and parts[-1][0] == size:
                statistic = first._merged(parts.pop()[1], statistic)
                size *= 2
        except NotFittedError as error:
            raise NotFittedError(f"scalers[{place}]: {error}") from error
        except ValueError as error:
            raise ValueError(f"scalers[{place}]: {error}") from error
        parts.append((size, statistic))
    if first is None:
        raise ValueError("`scalers` must hold at least one fitted scaler to merge. Got none.")
    if len(parts) == 1 and parts[0][0] == 1:
        return deepcopy(first)
    _, total = parts.pop()
    while parts:
        total = first._merged(parts.pop()[1], total)
    return first._made_of(mine, total)


def _merged_in_turn(first: Any, others: Iterable[Any]) -> Any:
    """Merge estimators that are made of others, whose parts are merged in turn."""
    merged = first
    for place, other in enumerate(others, 1):
        try:
            merged = merged.merge(other)
        except NotFittedError as error:
            raise NotFittedError(f"scalers[{place}]: {error}") from error
        except ValueError as error:
            raise ValueError(f"scalers[{place}]: {error}") from error
    return deepcopy(first) if merged is first else merged


def _iterated(scalers: Any) -> Iterable[Any]:
    zero_axes = getattr(scalers, "ndim", 1) == 0
    if isinstance(scalers, Transformer) or not isinstance(scalers, Iterable) or zero_axes:
        raise TypeError(
            f"`scalers` must be an iterable of fitted scalers, as in merge([one, two]). "
            f"Got {scalers!r:.80}."
        )
    return scalers


def _why_not(found: Any) -> str:
    """Return why something cannot be merged."""
    name = type(found).__name__
    if isinstance(found, Transformer):
        return f"is a {name}, which learns nothing from the data: there is nothing to merge."
    if isinstance(found, type):
        return f"is the class {found.__name__}."
    return f"is a {name}."
