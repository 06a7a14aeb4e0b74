"""Parameters of an estimator: compared, validated once, and kept as they were at the fit.

scikit-learn reads parameter names from the signature on every call and validates the values on
every fit. Here the names are cached per class, and immutable values that were found valid are
not validated again.
"""

from __future__ import annotations

from copy import deepcopy
from inspect import Parameter, signature
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ..kernels.sparse import is_sparse
from .labelled import labelled

CONSTANTS = frozenset((bool, int, float, str, type(None)))
MOST = 4096  # size limit of the cache of valid parameters

_names: WeakKeyDictionary[Any, tuple[str, ...]] = WeakKeyDictionary()
_defaults: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
_valid: dict[Any, None] = {}


def names_of(kind: Any) -> tuple[str, ...]:
    """Return the names of a class's parameters, in scikit-learn's order."""
    names = _names.get(kind)
    if names is None:
        names = _names[kind] = tuple(kind._get_param_names())
    return names


def defaults_of(kind: Any) -> dict[str, Any]:
    """Return the default values of a constructor, by parameter name."""
    found = _defaults.get(kind)
    if found is None:
        given = signature(kind).parameters.values()
        found = {p.name: p.default for p in given if p.default is not Parameter.empty}
        _defaults[kind] = found
    return found


def check(estimator: Any) -> dict[str, Any]:
    """Return the present parameters; refuse invalid ones, with scikit-learn's messages."""
    kind = type(estimator)
    given, values = {}, []
    for name in _names.get(kind) or names_of(kind):
        given[name] = value = getattr(estimator, name)
        known = type(value)
        values.append((known, value) if known in CONSTANTS else fingerprint(value))
    key = (kind, *values)
    try:
        if key in _valid:
            return given
    except TypeError:  # mutable values, such as lists and arrays, are validated every time
        estimator._validate_params()
        return given
    estimator._validate_params()
    if len(_valid) >= MOST:
        _valid.clear()
    _valid[key] = None
    return given


def fingerprint(value: Any) -> Any:
    """Return a cache key of a value; that of a mutable value is not hashable, on purpose."""
    kind = type(value)
    if kind in CONSTANTS:
        return kind, value
    if kind is tuple:
        return kind, tuple(map(fingerprint, value))
    return [value]


def is_constant(value: Any) -> bool:
    """Whether a parameter value is immutable."""
    if type(value) in CONSTANTS:
        return True
    if isinstance(value, tuple):
        return all(map(is_constant, value))
    return isinstance(value, (bool, int, float, str))


def told(estimator: Any) -> dict[str, Any]:
    """Return the parameters as they are now, without a copy."""
    return {name: getattr(estimator, name) for name in names_of(type(estimator))}


def with_named_dtype(given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with the name of a float dtype in place of the class or dtype."""
    dtype = given.get("dtype")
    if isinstance(dtype, np.dtype) or dtype is float or is_float_class(dtype):
        return {**given, "dtype": np.dtype(dtype).name}
    return given


def is_float_class(value: Any) -> bool:
    return isinstance(value, type) and issubclass(value, np.floating)


def kept(given: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with mutable values copied, so that nobody else can change them."""
    if all(map(is_constant, given.values())):
        return given
    return {name: v if is_constant(v) else deepcopy(v) for name, v in given.items()}


def are_as_kept(estimator: Any, parameters: dict[str, Any]) -> bool:
    """Whether an estimator's parameters still equal those kept, and so are still valid."""
    now = vars(estimator)
    for name, value in parameters.items():
        present = now.get(name)
        if present is not value and (type(present) is not type(value) or not same(present, value)):
            return False
    return True


def same(a: Any, b: Any) -> bool:
    """Whether two parameters mean the same, such as a list and an equal array."""
    if a is b:
        return True
    if hasattr(a, "get_params") and hasattr(b, "get_params"):
        return type(a) is type(b) and same(a.get_params(deep=False), b.get_params(deep=False))
    if hasattr(a, "get_params") or hasattr(b, "get_params"):
        return False
    if callable(a) and callable(b):  # copies of an object that chooses columns, say, are the same
        return bool(a == b) or (
            type(a) is type(b)
            and vars(type(a)).get("__dict__") is not None
            and vars(a) == vars(b) != {}
        )
    by_label = labelled(a), labelled(b)
    if by_label != (None, None):
        a, b = by_label
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if a is None or b is None or isinstance(a, (str, dict)) or isinstance(b, (str, dict)):
        return type(a) is type(b) and a == b
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    try:
        return not (is_sparse(a) or is_sparse(b)) and np.array_equal(np.asarray(a), np.asarray(b))
    except (TypeError, ValueError):
        return False  # one of them is not an array
