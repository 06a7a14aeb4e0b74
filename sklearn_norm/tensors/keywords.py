"""Calls written as in PyTorch: an error that shows the same call with our keywords."""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from inspect import Parameter, signature
from numbers import Integral, Real
from types import FunctionType
from typing import Any, ParamSpec, TypeVar, cast

from ..inputs.bfloats import as_it_came, is_bfloat, widened
from .sequences import are_sequences, of_sequences

P = ParamSpec("P")
R = TypeVar("R")

DATA = ("x", "grad")
OURS = {  # our names for arguments of PyTorch
    "input": "x",
    "normalized_shape": "normalized_ndim",
    "weight": "gamma",
    "bias": "beta",
}


def by_keyword(*theirs: str, lists: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Return a decorator that explains a call written as in PyTorch.

    Parameters
    ----------
    *theirs : str
        The arguments of PyTorch's function in its order, from the first one that has to be a
        keyword here.
    lists : bool, default=False
        Whether the function takes lists of sequences.
    """

    def decorated(function: Callable[P, R]) -> Callable[P, R]:
        own = signature(function).parameters
        names = tuple(own)
        placed = sum(p.kind is Parameter.POSITIONAL_OR_KEYWORD for p in own.values())
        foreign = frozenset({*theirs, "input"} - own.keys())
        refuse, among, over_all, short = refused, are_sequences, of_sequences, of_bfloats
        is_short = is_bfloat

        def checked(*args: Any, **options: Any) -> Any:
            if len(args) > placed or not foreign.isdisjoint(options):
                refuse(function, args, placed, theirs, options)
            data = args[-1] if len(args) == placed else options.get("x")
            if lists and type(data) is list and among(data):
                return over_all(function, {**dict(zip(names, args, strict=False)), **options})
            if lists and is_short(data):
                return short(function, data, args, options)
            return function(*args, **options)

        # with the globals of the function, doctest finds it in its module
        made = FunctionType(
            checked.__code__,
            getattr(function, "__globals__", {}),
            closure=checked.__closure__,
        )
        return cast(Callable[P, R], update_wrapper(made, function))

    return decorated


def of_bfloats(
    function: Callable[..., Any], data: Any, args: tuple[Any, ...], options: dict[str, Any]
) -> Any:
    """Call a function on data of bfloat16, and return its result in that dtype."""
    wide = {name: widened(value) for name, value in options.items() if name in DATA}
    return as_it_came(function(*map(widened, args), **{**options, **wide}), data)


def refused(
    function: Any,
    args: tuple[Any, ...],
    placed: int,
    theirs: tuple[str, ...],
    options: dict[str, Any],
) -> None:
    """Raise the error of a call written as in PyTorch."""
    own = list(signature(function).parameters)
    if theirs[0] == "normalized_shape" and args[placed:] and not is_shape(args[placed]):
        theirs = ("gamma", "beta")  # a vector in the place of a shape
    given = dict(zip(theirs, args[placed:], strict=False)) | options
    told = {
        OURS.get(name, name): written(name, value)
        for name, value in given.items()
        if value is not None and OURS.get(name, name) in own
    }
    if own[0] == "self":
        name = type(args[0]).__name__
        taken, data = "its own keywords only", []
        also = f" For samples flattened to rows, write {name}(shape=...)."
    else:
        name, data, also = function.__name__, own[:placed], ""
        taken = f"only {' and '.join(f'`{at}`' for at in data)} by position, and its own keywords"
    call = ", ".join([*data, *(text for ours, text in told.items() if ours not in data)])
    raise TypeError(f"{name} takes {taken}. Write {name}({call}).{also}")


def is_shape(value: Any) -> bool:
    sizes = value if isinstance(value, (tuple, list)) else (value,)
    return all(isinstance(size, Integral) for size in sizes)


def written(name: str, value: Any) -> str:
    """Return an argument as it is written here, such as normalized_ndim=1."""
    ours = OURS.get(name, name)
    if name == "normalized_shape":
        return f"{ours}={len(value) if isinstance(value, (tuple, list)) else 1}"
    return f"{ours}={value!r}" if isinstance(value, Real) else f"{ours}={name}"
