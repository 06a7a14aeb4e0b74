"""Arguments for every function of `sklearn_norm.functional`, beside the data that a test gives."""

from __future__ import annotations

import inspect

import numpy as np

from sklearn_norm import BatchNorm, functional

DATA = ("x", "grad", "weight", "content", "style", "x1", "x2", "y1", "y2", "grad1", "grad2")
PLAIN = {"max_norm": 1e-3, "g": 2.0, "size": 2, "mean": 0.0, "var": 1.0, "bias": None}
PLAIN |= {"shift": 0.0, "scale": 0.0, "grads": ()}


def needed(name):
    """Return the parameters of a function that have no default."""
    found = inspect.signature(getattr(functional, name)).parameters.values()
    return [p.name for p in found if p.default is p.empty]


def data_of(name):
    """Return the parameters of a function that are data."""
    return [p for p in needed(name) if p in DATA]


def arguments(name, data, **given):
    """Return the arguments of a call: `data` where none are given, and plain values."""
    plain = dict(PLAIN)
    if "norm" in needed(name):
        plain["norm"] = BatchNorm().fit(np.arange(2.0 * np.shape(data)[0]).reshape(2, -1))
    if name.startswith("reversible"):
        plain |= {"f": np.abs, "g": np.abs}
        plain |= dict.fromkeys(("f_backward", "g_backward"), lambda grad, half: grad)
    return {p: given.get(p, data if p in DATA else plain.get(p)) for p in needed(name)}
