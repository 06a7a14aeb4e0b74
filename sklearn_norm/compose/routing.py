"""Routing: which arguments beside X, such as weights, go to which part of a composite.

With scikit-learn's metadata routing, a part gets what it asked for, by `set_fit_request` and the
like. Without it, an argument goes to each part whose method has it.
"""

from __future__ import annotations

from collections.abc import Iterable
from inspect import Parameter, signature
from typing import Any

from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from .. import _sklearn

METHODS = ("fit", "partial_fit", "transform", "inverse_transform")
Named = Iterable[tuple[str, Any]]
Routed = dict[str, dict[str, Any]]


def router_of(owner: Any, named: Named) -> MetadataRouter:
    """Return the router of a composite with these parts."""
    mapping = MethodMapping()
    for method in METHODS:
        mapping.add(caller=method, callee=method)
    for callee in ("fit", "transform"):
        mapping.add(caller="fit_transform", callee=callee)
    router = MetadataRouter(owner=type(owner).__name__)
    for name, part in named:
        router.add(**{name: part}, method_mapping=mapping)
    return router


def routed(
    owner: Any,
    method: str,
    named: Named,
    params: dict[str, Any],
    callees: tuple[str, ...] | None = None,
) -> dict[str, Routed]:
    """Return the arguments of each part, by its name and the method that takes them.

    Parameters
    ----------
    owner : object
        The composite.
    method : str
        The method of the composite that was called.
    named : iterable of (name, estimator)
        The parts.
    params : dict
        The arguments.
    callees : tuple of str, default=None
        The methods of the parts that are called; None means the one of the same name.

    Raises
    ------
    TypeError
        If no part takes an argument.
    """
    params = {name: value for name, value in params.items() if value is not None}
    named = list(named)
    if callees is None:
        callees = ("fit", "transform") if method == "fit_transform" else (method,)
    if not params:
        return {name: {callee: {} for callee in callees} for name, _ in named}
    if _sklearn.is_routing():
        found = process_routing(owner, method, **params)
        return {name: {c: dict(found[name][c]) for c in callees} for name, _ in named}
    result: dict[str, Routed] = {name: {callee: {} for callee in callees} for name, _ in named}
    for argument, value in params.items():
        takers = [(n, c) for n, part in named for c in callees if takes(part, c, argument)]
        if not takers and named:
            raise TypeError(
                f"{type(owner).__name__}.{method}() got an unexpected keyword argument "
                f"{argument!r}: none of its parts takes it."
            )
        for name, callee in takers:
            result[name][callee][argument] = value
    return result


def takes(part: Any, method: str, argument: str) -> bool:
    """Whether a method of a part, or of a part of it, has an argument of this name."""
    act = getattr(part, method, None)
    if act is None:
        return False
    found = signature(act).parameters.values()
    if any(p.name == argument and p.kind is not Parameter.VAR_KEYWORD for p in found):
        return True
    inner = getattr(part, "_named_parts", None)
    return inner is not None and any(takes(one, method, argument) for _, one in inner())
