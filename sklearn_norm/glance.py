"""Inputs that are known at a glance: what was validated before needs no long validation again.

Every check of the long way is made here too, by facts that cost less than a microsecond to
compare: the type, the dtype, the width, the names. Where one does not hold, the answer is
None, and scikit-learn's validation runs, whose errors and warnings are then its own.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

import numpy as np

from ._sklearn import asked_container, feature_names
from .containers import framed, named
from .kernels import Array

FLOATS = frozenset(map(np.dtype, "efd"))  # in native byte order: others are not equal

Method = TypeVar("Method", bound=Callable[..., Any])


class Recent:
    """What validation found before: it changes no result, and is no part of the state.

    Parameters
    ----------
    columns : pandas.Index or None
        Columns that were found to be those of the fit.
    names : ndarray or None
        The names of the fit, to which those columns are equal.
    named : pandas.Index or None
        The columns of results.
    plan : object
        What the estimator derived from its parameters.
    """

    __slots__ = ("columns", "named", "names", "plan")

    def __init__(self) -> None:
        self.columns: Any = None
        self.names: Any = None
        self.named: Any = None
        self.plan: Any = None


def is_pandas(X: Any) -> bool:
    """Whether X is a DataFrame of pandas itself; not imported, it made none."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(X) is pandas.DataFrame


def glance(estimator: Any, X: Any) -> Array | None:
    """Return the floats that validation would read from X, or None where it must be asked."""
    known = vars(estimator)
    if "_recent" not in known:
        return None
    if type(X) is np.ndarray:
        if "feature_names_in_" in known:
            return None  # scikit-learn warns
        values = X
    elif is_pandas(X) and _has_columns(known, X.columns):
        if not FLOATS.issuperset(X.dtypes):
            return None
        values = X.to_numpy()
    else:
        return None
    as_fitted = (
        values.dtype in FLOATS
        and values.ndim == 2
        and values.shape[1] == known.get("n_features_in_")
        and values.shape[0] > 0
    )
    return values if as_fitted else None


def answer(estimator: Any, X: Any, act: Callable[[Array], Array | None]) -> Any:
    """Return what `act` makes of the floats of X, in the container asked for.

    None where a glance was not enough, or `act` returns None.
    """
    wanted = asked_container(estimator)
    if wanted != "default" and not (wanted == "pandas" and is_pandas(X)):
        return None
    values = estimator._glanced(X)
    result = None if values is None else act(values)
    if result is None or wanted == "default":
        return result
    recent = estimator._recent
    if recent.named is None:
        recent.named = named(estimator.get_feature_names_out())
    return framed(result, wanted, recent.named.view(), like=X)  # an index can be renamed


def _has_columns(known: dict[str, Any], columns: Any) -> bool:
    """Whether columns are the same as before, or equal to them, and then they are the newer."""
    recent = known["_recent"]
    if recent.columns is None or known.get("feature_names_in_") is not recent.names:
        return False
    if columns.is_(recent.columns):
        return True
    if columns.dtype != recent.columns.dtype or not columns.equals(recent.columns):
        return False
    recent.columns = columns
    return True


def remember(estimator: Any, X: Any) -> None:
    """Keep the columns of a validated frame, if they are the named ones of the fit."""
    known = vars(estimator)
    names = known.get("feature_names_in_")
    if names is None or "_recent" not in known or not is_pandas(X) or feature_names(X) is None:
        return
    recent = known["_recent"]
    if recent.names is not names:
        recent.names, recent.named = names, None
    recent.columns = X.columns


def at_first(quick: str) -> Callable[[Method], Method]:
    """Let a method named `quick` answer; where it returns None, the method decorated does."""

    def decorate(method: Method) -> Method:
        names = frozenset([*signature(method).parameters][2:])

        @wraps(method)
        def either(self: Any, X: Any, *args: Any, **options: Any) -> Any:
            done = None
            if len(args) <= len(names) and names.issuperset(options):
                done = getattr(self, quick)(X, *args, **options)
            return method(self, X, *args, **options) if done is None else done

        return either  # type: ignore[return-value]

    return decorate
