"""The functions of the native extension: how to call each of them on an array, and its check.

To cover a function of the extension, add a line to `FUNCTIONS`, and its check to
`native_checks`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from budget import times
from hypothesis import settings
from hypothesis import strategies as st
from native_checks import (
    CHANGES,
    FLOATS,
    STEPS,
    check_change_moments,
    check_extremes,
    check_gather,
    check_gradients,
    check_group_moments,
    check_has_infinity,
    check_map,
    check_map_stored,
    check_merge_moments,
    check_moments,
    check_normalise,
    check_place,
    check_scattered_moments,
    check_segment_extremes,
    check_segment_moments,
    check_select,
    check_settle_moments,
    check_sort_columns,
    doubles,
)
from views import KINDS, views

from sklearn_norm.kernels import Thinning, _numpy
from sklearn_norm.kernels._native.loading import compiled

MARKS = [
    pytest.mark.share(0, each_value=True),
    pytest.mark.usefixtures("widest_variant"),
    pytest.mark.skipif(compiled is None, reason="the extension was not built"),
]
few_examples = settings(max_examples=times(4, 10, 100))
Arguments = dict[str, Any]


class Function(NamedTuple):
    """A function of the extension, its arguments for an array by name, and its check."""

    name: str
    arguments: Callable[[Any], Arguments]
    check: Callable[[Arguments, Any], None]
    outputs: tuple[str, ...] = ("out",)
    ndim: int = 2
    kinds: tuple[str, ...] = tuple(KINDS)
    same_bits: bool = True

    def __call__(self, arguments):
        return getattr(compiled, self.name)(*arguments.values())

    def given(self, x):
        """Return the arguments for a 2-D array, reshaped to the axes that the function takes."""
        x = {1: x.reshape(-1), 2: x, 4: x.T[None, :, None, :]}[self.ndim]
        return self.arguments(x)

    def run(self, arguments, before=None):
        """Call the function and check what it did."""
        before = copies(arguments) if before is None else before
        result = self(arguments)
        self.check(arguments | before | {n: arguments[n] for n in self.outputs}, result)


def copies(arguments):
    """Return copies of the arrays, and of memoryviews of arrays."""
    held = {n: a for n, a in arguments.items() if isinstance(a, np.ndarray) or is_lent(a)}
    return {n: np.array(a, copy=True) for n, a in held.items()}


def is_lent(a):
    if not isinstance(a, memoryview):
        return False
    try:
        return isinstance(a.obj, np.ndarray)
    except ValueError:  # it was released
        return False


# Moments and extrema


def weights_of(x):
    return np.random.default_rng(1).random(np.shape(x)[0]) + 0.1


def moments_of(weighted=False, n_threads=1):
    return Function(
        "moments",
        lambda x: {
            "x": x,
            "weight": weights_of(x) if weighted else None,
            "out": np.full((10, x.shape[1]), 7.0),
            "n_threads": n_threads,
        },
        check_moments,
        same_bits=False,
    )


# Columns of members in a row


def some_starts(x):
    """Return the starts of columns: an empty one, one of a single member, and two more."""
    return np.sort(np.array([0, 0, min(1, x.size), x.size // 3, x.size], dtype=np.int64))


def group_moments_of(weighted=False):
    return Function(
        "group_moments",
        lambda x: {
            "x": x,
            "starts": some_starts(x[:, 0] if x.shape[1] else np.empty(len(x))),
            "weight": weights_of(x) if weighted else None,
            "out": np.full((10, 4 * x.shape[1]), 7.0),
            "n_threads": 2,
        },
        check_group_moments,
        same_bits=False,
    )


def segment_moments_of(weighted=False):
    return Function(
        "segment_moments",
        lambda x: {
            "x": x,
            "starts": some_starts(x),
            "weight": weights_of(x) if weighted else None,
            "out": np.full((10, 4), 7.0),
            "n_threads": 2,
        },
        check_segment_moments,
        ndim=1,
        same_bits=False,
    )


# Matrices of moments


def matrix_of(x):
    """Return the moments of an array's columns, whatever it holds and however it lies."""
    return _numpy.column_moments(np.ascontiguousarray(doubles(x)), None)


def merge_arguments(x):
    a, b = matrix_of(x), matrix_of(-doubles(x)[: x.shape[0] // 2])
    return {"a": a, "b": b, "out": np.full(a.shape, 7.0), "n_threads": 2}


def settle_arguments(x):
    m = matrix_of(x)
    return {"m": m, "ddof": 1.0, "eps": 0.5, "out": np.full((3, m.shape[1]), 7.0), "n_threads": 2}


def change_of(change):
    def arguments(x):
        m = matrix_of(x)
        factor = np.linspace(0.5, 2.0, m.shape[1]) if CHANGES[change] == "weighted" else None
        out = np.full(m.shape, 7.0)
        return {"m": m, "change": change, "factor": factor, "out": out, "n_threads": 2}

    return Function("change_moments", arguments, check_change_moments)


# Members of sparse arrays


def some_places(x, n_columns, dtype):
    """Return a column for each member, from an array that is not packed."""
    return np.random.default_rng(x.size).integers(0, n_columns, 2 * x.size).astype(dtype)[::2]


def gather_of(weighted=False, dtype=np.int32):
    def arguments(x):
        return {
            "x": x,
            "columns": some_places(x, 5, dtype),
            "weight": weights_of(x) if weighted else None,
            "out": np.full(x.shape, 7).astype(x.dtype),
            "weights": np.full(x.shape, 7.0) if weighted else None,
            "starts": np.full(6, 7, np.int64),
            "n_threads": 2,
        }

    outputs = ("out", "weights", "starts") if weighted else ("out", "starts")
    return Function("gather", arguments, check_gather, outputs, ndim=1)


def scattered_of(dtype=np.int32):
    def arguments(x):
        return {
            "x": x,
            "columns": some_places(x, 3, dtype),
            "starts": some_starts(x)[np.r_[0, np.full(x.size, 1), 2, 3, 4]],
            "out": np.full((10, 3), 7.0),
            "n_threads": 2,
        }

    return Function(
        "scattered_moments", arguments, check_scattered_moments, ndim=1, same_bits=False
    )


def stored_of(names, inverse=False, kind="f8", dtype=np.int32, look=False):
    """Return a map of members by the named steps; without a kind of result, in place."""

    def arguments(x):
        x = x if kind else np.array(x, dtype=x.dtype if x.dtype.kind == "f" else "f8")
        return {
            "x": x,
            "columns": some_places(x, 5, dtype),
            "n_columns": 5,
            **some_steps(names, 5),
            "inverse": inverse,
            "look": look,
            "out": np.full(x.shape, 7.0, kind) if kind else x,
            "n_threads": 2,
        }

    return Function("map_stored", arguments, check_map_stored, ndim=1)


# Maps


def some_steps(names, n_columns):
    """Return the vectors of a map's steps, None for those that are not named; some are odd."""
    rng = np.random.default_rng(n_columns)
    vectors = {n: rng.normal(1.0, 5.0, n_columns) for n in (*STEPS, "low", "high")}
    vectors["exponent"] = rng.integers(-3, 3, n_columns)
    vectors["top"][::3] = np.nan
    vectors["low"] -= 100.0
    vectors["high"] += 100.0
    for name in ("scale", "gain", "low"):
        vectors[name][1::7] = 0.0
    return {n: v if n in names.split() else None for n, v in vectors.items()}


def map_of(names, inverse=False, kind="f8", look=False):
    """Return a map by the named steps; without a kind of result, in place."""

    def arguments(x):
        x = x if kind else np.array(x, dtype=x.dtype if x.dtype.kind == "f" else "f8", order="K")
        out = np.full(x.shape, 7.0, kind) if kind else x
        steps = some_steps(names, x.shape[1])
        return {"x": x, **steps, "inverse": inverse, "look": look, "out": out, "n_threads": 2}

    return Function("map", arguments, check_map)


# Groups


def normalise_of(centred=True, kind="f8", gain=(), offset=()):
    """Return a norm; `gain` and `offset` are along the axes named; no kind is in place."""

    def vector(x, axes, seed):
        shape = [n if a in axes else 1 for a, n in zip((1, 2, 3), x.shape[1:], strict=True)]
        return np.random.default_rng(seed).normal(1.0, 2.0, shape) if axes else None

    def arguments(x):
        x = x if kind else np.array(x, order="K")
        center, scale = np.full((2, *x.shape[:2]), 7.0)
        return {
            "x": x,
            "centred": centred,
            "eps": 1e-5,
            "gain": vector(x, gain, 1),
            "offset": vector(x, offset, 2),
            "out": np.full(x.shape, 7.0, kind) if kind else x,
            "center": center,
            "scale": scale,
            "n_threads": 2,
        }

    outputs = ("out", "center", "scale")
    return Function("normalise", arguments, check_normalise, outputs, 4, FLOATS)


def gradients_of(centred=True, kind="f8", axes=(), gained=True):
    """Return the gradients of a norm whose gain and offset are along the axes named."""

    def arguments(x):
        rng = np.random.default_rng(3)
        shape = [n if a in axes else 1 for a, n in zip((1, 2, 3), x.shape[1:], strict=True)]
        return {
            "x": x,
            "grad": rng.normal(size=x.shape).astype(x.dtype if kind == "f8" else kind),
            "centred": centred,
            "eps": 1e-5,
            "gain": rng.normal(1.0, 2.0, shape) if gained else None,
            "out": np.full(x.shape, 7.0, kind),
            "by_gain": np.full(shape, 7.0),
            "by_offset": np.full(shape, 7.0),
            "n_threads": 2,
        }

    outputs = ("out", "by_gain", "by_offset")
    return Function("gradients", arguments, check_gradients, outputs, 4, FLOATS)


# Selection


THINNING = Thinning(2, 8, 0.5)


def select_arguments(x):
    sample = np.sort(doubles(x)[:: max(1, x.shape[0] // 50)].T.copy(), axis=1)
    p = np.array([0.0, 0.25, 0.5, 0.9, 1.0])
    n = x.shape[1]
    return {
        "x": x,
        "sample": sample,
        "n_sample": sample.shape[1],
        "probabilities": p,
        "n_probabilities": p.size,
        "keys": np.full((n, x.shape[0]), 7, np.uint16),
        "out": np.full((n, 5 + 2 * p.size), 7.0),
        "members": np.full((n, THINNING.most + 64), 7.0),
        "whole": THINNING.whole,
        "most": THINNING.most,
        "tolerance": THINNING.tolerance,
        "n_threads": 2,
    }


def place_arguments(x):
    """Return knots among the members of each column, some of them equal, and each count."""
    n, width = np.shape(x)[1], 7
    members = doubles(np.asarray(x))
    with np.errstate(invalid="ignore"):
        finite = np.where(np.isfinite(members), members, 0.0)
    picked = np.resize(finite, (width, n)) if finite.size else np.zeros((width, n))
    knots = np.sort(picked.T, axis=1)
    knots[:, 3] = knots[:, 2]
    return {
        "x": x,
        "knots": np.ascontiguousarray(knots),
        "counts": np.resize(np.array([7.0, 2.0, 5.0, 7.0]), n),
        "width": width,
        "out": np.full(np.shape(x), 7.0),
        "n_threads": 2,
    }


# All of them


AFFINE = "center scale gain offset"
SPECIAL = AFFINE + " top exponent"
FUNCTIONS = {
    "moments": moments_of(),
    "weighted moments": moments_of(True, 3),
    "extremes": Function(
        "extremes",
        lambda x: {"x": x, "out": np.full((3, x.shape[1]), 7.0), "n_threads": 2},
        check_extremes,
    ),
    "group moments": group_moments_of(),
    "weighted group moments": group_moments_of(True),
    "segment moments": segment_moments_of(),
    "weighted segment moments": segment_moments_of(True),
    "segment extremes": Function(
        "segment_extremes",
        lambda x: {"x": x, "starts": some_starts(x), "out": np.full((3, 4), 7.0), "n_threads": 2},
        check_segment_extremes,
        ndim=1,
    ),
    "merge": Function("merge_moments", merge_arguments, check_merge_moments),
    "settle": Function("settle_moments", settle_arguments, check_settle_moments),
    **{name: change_of(change) for change, name in enumerate(CHANGES)},
    "gather": gather_of(),
    "gather with weights": gather_of(True, np.int64),
    "scattered moments": scattered_of(),
    "scattered moments, wide indices": scattered_of(np.int64),
    "stored": stored_of("scale gain"),
    "stored, to float32": stored_of(AFFINE + " low high", kind="f4", dtype=np.int64),
    "stored, look": stored_of("scale", look=True),
    "stored in place, look": stored_of(AFFINE, kind=None, look=True),
    "stored in place, special": stored_of(SPECIAL, kind=None),
    "stored, inverse, special": stored_of(SPECIAL, inverse=True),
    "map, shift": map_of("center"),
    "map, divide": map_of("center scale"),
    "map, bounds": map_of(AFFINE + " low high"),
    "map, special": map_of(SPECIAL + " low high"),
    "map, nothing, to float32": map_of("", kind="f4"),
    "map, affine, to float16": map_of(AFFINE, kind="f2"),
    "map in place": map_of(AFFINE, kind=None),
    "map in place, special": map_of(SPECIAL, kind=None),
    "map, look": map_of(AFFINE, look=True),
    "map in place, look": map_of(AFFINE, kind=None, look=True),
    "inverse, look": map_of(AFFINE, inverse=True, look=True),
    "inverse": map_of(AFFINE, inverse=True),
    "inverse, special, in place": map_of(SPECIAL, inverse=True, kind=None),
    "infinity": Function(
        "has_infinity", lambda x: {"x": x, "n_threads": 3}, check_has_infinity, outputs=()
    ),
    "norm": normalise_of(),
    "norm, of channels, to float16": normalise_of(kind="f2", gain=(1, 2), offset=(2,)),
    "norm, of elements, to float32": normalise_of(False, "f4", gain=(2, 3), offset=(2, 3)),
    "norm in place, of positions": normalise_of(kind=None, gain=(3,), offset=(1,)),
    "norm, gain of channels": normalise_of(gain=(1, 2), offset=(2, 3)),
    "gradients": gradients_of(gained=False),
    "gradients, of groups": gradients_of(axes=(1,)),
    "gradients, of channels, of float32": gradients_of(kind="f4", axes=(1, 2)),
    "gradients, of elements, of float16": gradients_of(False, "f2", axes=(3,)),
    "gradients, of all elements": gradients_of(axes=(1, 2, 3), gained=False),
    "sort columns": Function(
        "sort_columns",
        lambda x: {"x": x, "out": np.full(x.shape[::-1], 7.0), "n_threads": 2},
        check_sort_columns,
    ),
    "place": Function("place", place_arguments, check_place),
    "select": Function("select", select_arguments, check_select, ("keys", "out", "members")),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
every_variant = pytest.mark.parametrize("variant", compiled.variants() if compiled else [])
SHAPES = {  # of views with so many axes, None for those of the default
    1: st.tuples(st.integers(0, 40) | st.sampled_from([127, 128, 129, 1000, 5000])),
    2: None,
    4: st.tuples(
        st.integers(0, 2),
        st.integers(0, 3),
        st.sampled_from([0, 1, 2, 3, 8, 17, 33]),
        st.sampled_from([0, 1, 2, 7, 31, 32, 33, 64, 100]),
    ),
}


def views_for(function):
    return views(list(function.kinds), SHAPES[function.ndim], function.ndim)
