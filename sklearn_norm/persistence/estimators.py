"""One estimator of this library as a JSON object, and back: class, parameters, state."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any, cast

from .._version import __version__
from ..estimators.state import SCHEMA, Stateful, state_of
from ..exceptions import FormatError
from ..inputs import parameters
from ..inputs.parameters import with_named_dtype
from .values import Described, at, decoded, encoded, taking, text, told, with_keys

PACKAGE = __name__.partition(".")[0]


Describe = Callable[..., Any]
Build = Callable[[Any, str], Any]


def described(estimator: Stateful, where: str, describe: Describe) -> dict[str, Any]:
    """Return the class, the parameters and the state of an estimator, and those inside it."""
    kind = type(estimator)
    if kind_of(name_of(kind)) is not kind:
        why = "cannot be found by its name"
        if "<locals>" in kind.__qualname__:
            why = "was made inside a function, so no other program finds it, nor does pickle"
        raise FormatError(
            f"{where}: the class {name_of(kind)} {why}. Define it at the top of a module that can "
            "be imported, under one name."
        )
    given = with_named_dtype(estimator._told_to_files())
    told_parameters = _with_described(given, f"{where}.parameters", describe)
    written = {k: encoded(v, at(f"{where}.parameters", k)) for k, v in told_parameters.items()}
    _check(estimator, where)
    _check_nothing_left(estimator, given, where)
    with taking(f"{where}.state"):
        state = state_of(estimator)
    anew = None if "_pending" in state else _check_map(estimator, where, exact=False)
    if anew is not None:  # an older version made the map
        state["_affine"] = anew
    if "_parameters" in state:
        state["_parameters"] = with_named_dtype(state["_parameters"])
    state = _with_described(state, f"{where}.state", describe)
    fitted = {
        shown(name): encoded(state[name], f"{where}.state.{shown(name)}")
        for name in kind._remembers
        if name in state
    }
    return {"class": name_of(kind), "parameters": written, "state": fitted}


def built(given: Any, where: str, schema: int, version: Any, build: Build) -> Stateful:
    """Return the estimator that a JSON object describes; `build` makes those inside it."""
    with_keys(given, where, {"class", "parameters", "state"})
    kind = kind_of(text(given["class"], f"{where}.class"))
    if kind is None:
        raise FormatError(
            f"{where}.class: {given['class']!r:.80} is no class that may be loaded. An estimator "
            "of your own is found once the module that defines it is imported."
        )
    build_inside = build if kind._holds_estimators else _refuse
    estimator = _made(kind, given["parameters"], where, schema == SCHEMA, build_inside)
    state = _state(kind, given["state"], f"{where}.state", exact=schema == SCHEMA)
    state = _with_built(state, f"{where}.state", build_inside)
    before = vars(estimator).copy()
    with taking(f"{where}.state"):
        estimator.__setstate__({**before, **state, "_schema": schema})
    _check(estimator, where)
    _check_map(estimator, where, exact=schema == SCHEMA and version == __version__)
    with taking(f"{where}.state"):
        found = state_of(estimator)
    if schema == SCHEMA:
        for name, value in state.items():
            if name not in found:  # as a shape of None is left out
                raise FormatError(f"{where}.state.{shown(name)}: must not be {value!r:.40}.")
            _check_same_form(value, found.get(name), f"{where}.state.{shown(name)}")
    return estimator


def name_of(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def shown(name: str) -> str:
    """Return the name that an attribute has in the file."""
    return name.lstrip("_")


def kind_of(name: str) -> type[Stateful] | None:
    """Return the imported class of that name; None if there is none or it is not public."""
    if name.startswith(f"{PACKAGE}."):
        public = name[len(PACKAGE) + 1 :]
        if public not in sys.modules[PACKAGE].__all__:
            return None
        getattr(sys.modules[PACKAGE], public)  # which imports it, if that did not happen yet
    for kind in _subclasses(Stateful):
        if name_of(kind) == name:
            try:
                found = attrgetter(kind.__qualname__)(sys.modules[kind.__module__])
            except (AttributeError, KeyError):
                continue
            if found is kind:
                return cast(type[Stateful], kind)
    return None


def _subclasses(kind: type) -> Iterator[type[Stateful]]:
    lower: Any
    for lower in kind.__subclasses__():
        yield lower
        yield from _subclasses(lower)


def _with_described(value: Any, where: str, describe: Describe) -> Any:
    """Return a value in which estimators are JSON objects."""
    if isinstance(value, (list, tuple)) and any(map(_may_hold, value)):
        items = [_with_described(v, f"{where}[{i}]", describe) for i, v in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if type(value) is dict and any(map(_may_hold, value.values())):
        return {k: _with_described(v, at(where, str(k)), describe) for k, v in value.items()}
    if hasattr(value, "get_params") and not isinstance(value, type):
        return Described(describe(value, where))
    return value


def _with_built(value: Any, where: str, build: Build) -> Any:
    """Return a value in which JSON objects of estimators are built."""
    if isinstance(value, Described):
        return build(dict(value), where)
    if isinstance(value, (list, tuple)) and any(map(_may_hold, value)):
        items = [_with_built(v, f"{where}[{i}]", build) for i, v in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    if type(value) is dict and any(map(_may_hold, value.values())):
        return {k: _with_built(v, at(where, str(k)), build) for k, v in value.items()}
    return value


def _may_hold(value: Any) -> bool:
    """Whether a value is an estimator or may hold one."""
    return isinstance(value, (list, tuple, dict)) or hasattr(value, "get_params")


def _refuse(given: Any, where: str) -> Any:
    raise FormatError(f"{where}: no estimator can stand here.")


def _made(kind: type[Stateful], given: Any, where: str, exact: bool, build: Build) -> Stateful:
    """Return a new estimator with the parameters given."""
    place = f"{where}.parameters"
    names = set(parameters.names_of(kind))
    if exact:
        with_keys(given, place, names)
    elif not isinstance(given, dict):
        raise FormatError(f"{place}: must be an object.")
    values = {k: decoded(v, at(place, k)) for k, v in given.items() if k in names}
    values = _with_built(values, place, build)
    try:
        estimator = kind(**values)
    except Exception as error:
        raise FormatError(f"{place}: {told(error)}") from error
    return estimator


def _state(kind: type[Stateful], given: Any, where: str, exact: bool) -> dict[str, Any]:
    """Return the attributes of the state, decoded."""
    names = {shown(name): name for name in kind._remembers}
    together = {shown(name) for name in kind._at_once}
    if not isinstance(given, dict) or exact:
        required = together if isinstance(given, dict) and together & given.keys() else set()
        with_keys(given, where, required, set(names))
    return {names[k]: decoded(v, f"{where}.{k}") for k, v in given.items() if k in names}


def _check(estimator: Stateful, where: str) -> None:
    """Refuse invalid parameters, and a state that no fit could produce."""
    try:
        parameters.check(estimator)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{where}.parameters: {told(error)}") from error
    with taking(f"{where}.state"):
        fault = next(estimator._faults(), None)
    if fault is not None:
        raise FormatError(f"{where}.state.{shown(fault[0])}: {fault[1]}.")


def _check_map(estimator: Stateful, where: str, exact: bool) -> Any:
    """Refuse a map that does not follow from the statistic; return another one that does."""
    with taking(f"{where}.state"):
        made, fault = estimator._map_differs(exact=exact)
    if fault is not None:
        raise FormatError(f"{where}.state.affine.{fault[0]}: {fault[1]}. Fit again.")
    return made


def _check_nothing_left(estimator: Stateful, given: dict[str, Any], where: str) -> None:
    """Refuse to lose an attribute, unless the constructor sets it to the same value."""
    known = state_of(estimator).keys()
    left = known - given.keys() - set(estimator._remembers) - {"_schema", "_version"}
    if not left:
        return
    fresh = vars(type(estimator)(**given))
    for name in sorted(left):
        value = encoded(vars(estimator)[name], f"{where}.{name}")
        if name not in fresh or encoded(fresh[name], where) != value:
            raise FormatError(
                f"{where}.{name}: an attribute that is neither a parameter nor part of the state. "
                f"Name it in the class attribute `_remembers` of {type(estimator).__name__}, or "
                "use joblib.dump."
            )


def _check_same_form(given: Any, found: Any, where: str) -> None:
    """Refuse keys that the estimator ignored when it took the state, and missing keys."""
    if isinstance(given, (dict, list, tuple)) and type(given) is not type(found):
        raise FormatError(f"{where}: must not be a {type(given).__name__}.")
    if isinstance(given, dict):
        for name in sorted(given.keys() ^ found.keys(), key=str):
            why = "an unknown key" if name in given else "the key is missing"
            raise FormatError(f"{at(where, str(name))}: {why}.")
        for name in given:
            _check_same_form(given[name], found[name], at(where, str(name)))
    elif isinstance(given, list):
        for i, pair in enumerate(zip(given, found, strict=False)):
            _check_same_form(*pair, f"{where}[{i}]")
