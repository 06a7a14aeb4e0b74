"""Quiet arithmetic: what over- and underflows on purpose, whatever `np.errstate` a caller set."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


def quietly(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function without warnings and errors of floating-point arithmetic.

    Each call has a context of its own: `np.errstate` as a decorator has one for all threads in
    NumPy 1.
    """

    @wraps(function)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> R:
        with np.errstate(all="ignore"):
            return function(*args, **kwargs)

    return quiet
