"""Equal: whether two estimators know the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..estimators.state import Stateful, state_of
from ..inputs.parameters import names_of, same, with_named_dtype

NOT_COMPARED = ("_output", "_requests", "_schema", "_version")


def equal(a: Any, b: Any) -> bool:
    """Tell whether two estimators have the same class, parameters and fitted state, to the bit.

    `a == b` compares nothing: as everywhere in scikit-learn, it is true only of an
    estimator and itself.

    Parameters
    ----------
    a, b : object
        Estimators of this library, or of subclasses, fitted or not.

    Returns
    -------
    same : bool
        Whether the class, the parameters, the columns, and what was learned are the same. Then
        both give the same results, and go on to learn the same. Settings of `set_output` and of
        metadata routing are not compared.

    Raises
    ------
    TypeError
        If one of them is no estimator of this library.

    See Also
    --------
    merge : Merge many scalers into one.

    Notes
    -----
    Parameters are compared by value, so a list equals an array. A stream and one fit on the same
    data usually differ: they give the same results, but hold what they learned in other bits.

    Examples
    --------
    >>> import sklearn_norm
    >>> scaler = sklearn_norm.ZScoreScaler().fit([[1.0], [3.0]])
    >>> loaded = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler))
    >>> sklearn_norm.equal(scaler, loaded)
    True
    >>> sklearn_norm.equal(scaler, loaded.partial_fit([[5.0]]))
    False
    """
    for name, estimator in (("a", a), ("b", b)):
        if not isinstance(estimator, Stateful):
            raise TypeError(
                f"`{name}` must be an estimator of sklearn_norm. Got {estimator!r:.80}: of a "
                "pipeline, compare the steps."
            )
    if type(a) is not type(b):
        return False
    mine, theirs = _state(a), _state(b)
    if mine.keys() != theirs.keys():
        return False
    by_value = {"_parameters", *names_of(type(a))}
    for name, value in mine.items():
        compare = same if name in by_value else _same_bits
        if not compare(value, theirs[name]):
            return False
    return True


def _state(estimator: Stateful) -> dict[str, Any]:
    """Return what is compared; dtypes by their names."""
    state = {k: v for k, v in state_of(estimator).items() if k not in NOT_COMPARED}
    if "_parameters" in state:
        state["_parameters"] = with_named_dtype(state["_parameters"])
    return with_named_dtype(state)


def _same_bits(a: Any, b: Any) -> bool:
    """Whether two plain values, or estimators, have the same types, keys and bits."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Stateful):
        return equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same_bits(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same_bits, a, b))
    if isinstance(a, np.ndarray):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        if a.dtype == object:
            return all(map(_same_bits, a.ravel().tolist(), b.ravel().tolist()))
        return bool(a.tobytes() == b.tobytes())
    if isinstance(a, (float, np.generic)):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    return bool(a == b)
