"""The native kernels under attack: an error or the right answer, never a crash.

To cover a function of the extension, add a line to `FUNCTIONS`: how to call it on an array,
and how to check what it wrote.
"""

import array
import ctypes
import platform
import sys
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pytest
from budget import times
from exact import exact_moments
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_same_bits
from views import KINDS, packed_strides, view, views

from sklearn_norm import kernels
from sklearn_norm.kernels import Map, Thinning, _native, _numpy
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.kernels.contract import MOMENTS
from sklearn_norm.statistics.moments import Moments

pytestmark = [
    pytest.mark.share(0),
    pytest.mark.skipif(compiled is None, reason="the extension was not built"),
]
REFUSALS = (TypeError, ValueError, BufferError, OverflowError)
CHECKED_COLUMNS = 5  # of a wide array
many = settings(max_examples=times(20, 150))
some = settings(max_examples=times(4, 25))


@pytest.fixture(autouse=True)
def widest():
    """Leave the widest variant chosen."""
    yield
    compiled.choose(compiled.variants()[0])


# The functions, how to call them, and what they must write

Arguments = dict[str, Any]


class Function(NamedTuple):
    """A function of the extension, its arguments for an array by name, and its check.

    The check is given the inputs as they were, the outputs as they are, and what was returned.
    """

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
        """Return the arguments for an array of rows and columns, turned as the function has it."""
        x = {1: x.reshape(-1), 2: x, 4: x.T[None, :, None, :]}[self.ndim]
        return self.arguments(x)

    def run(self, arguments, before=None):
        """Call the function and check what it did."""
        before = copies(arguments) if before is None else before
        result = self(arguments)
        self.check(arguments | before | {n: arguments[n] for n in self.outputs}, result)


def copies(arguments):
    """Return copies of the arrays, and of what NumPy lends the memory of arrays by."""
    held = {n: a for n, a in arguments.items() if isinstance(a, np.ndarray) or is_lent(a)}
    return {n: np.array(a, copy=True) for n, a in held.items()}


def is_lent(a):
    if not isinstance(a, memoryview):
        return False
    try:
        return isinstance(a.obj, np.ndarray)
    except ValueError:  # it was released
        return False


def some_columns(x):
    """Return the indices of a few columns, the outermost among them."""
    return sorted(set(np.linspace(0, x.shape[1] - 1, CHECKED_COLUMNS).astype(int))) * bool(x.size)


def doubles(x):
    """Return the members as float64, as Python's own conversion has them."""
    with np.errstate(all="ignore"):
        return np.asarray(x).astype(np.float64)


def assert_same_numbers(actual, expected, what=""):
    """The same bits, but for those of NaN."""
    actual, expected = np.array(actual), np.array(expected)
    if actual.dtype.kind == "f":
        actual[np.isnan(actual)], expected[np.isnan(expected)] = np.nan, np.nan
    assert_same_bits(actual, expected, what)


# Columns


def check_extremes(arguments, result):
    assert result is None
    x, (low, high, absent) = doubles(arguments["x"]), np.asarray(arguments["out"])
    nan = np.isnan(x)
    np.testing.assert_array_equal(absent, nan.sum(axis=0))
    assert_same_bits(low, np.where(nan, np.inf, x).min(axis=0, initial=np.inf) + 0.0)
    assert_same_bits(high, np.where(nan, -np.inf, x).max(axis=0, initial=-np.inf) + 0.0)


def check_moments(arguments, result):
    assert result is None
    x, out = doubles(arguments["x"]), np.asarray(arguments["out"])
    weight = arguments["weight"]
    w = None if weight is None else np.asarray(weight).tolist()
    if w is not None and min(w, default=1.0) <= 0:
        return  # what such sums are is not said
    for column in some_columns(x):
        check_sums(x[:, column].tolist(), w, out[:, column].tolist())


def check_sums(x, w, found):
    """The moments of a column have the exact weight, extrema, mean and variance."""
    w = [1.0] * len(x) if w is None else w
    there = [(a, b) for a, b in zip(x, w, strict=True) if a == a]
    if not there:
        assert found[:3] == [0, np.inf, -np.inf]
        return
    members = [a for a, _ in there]
    assert found[1:3] == [min(members), max(members)]
    m = dict(zip(MOMENTS, found, strict=True))
    total = sum(Fraction(b) for _, b in there)
    tiny = Fraction(1, 2**1000)
    close = Fraction(1, 2**90)
    weight, unit = twice(m, "weight", "weight_low"), Fraction(2) ** int(m["exponent"])
    assert abs(weight - total) <= close * total
    if np.isinf(members).any():
        return
    first, second = (twice(m, f"{name}_high", f"{name}_low") for name in ("sum", "square"))
    mean, variance = exact_moments([a for a, _ in there], [b for _, b in there])
    peak = max(abs(Fraction(a)) for a in members)
    found_mean = unit * (Fraction(m["shift"]) + first / weight)
    assert abs(found_mean - mean) <= close / 2**-20 * peak + tiny
    found_variance = unit**2 * (second / weight - (first / weight) ** 2)
    tolerance = variance / 2**60 + close * peak**2
    assert abs(found_variance - variance) <= tolerance + tiny


def twice(m, high, low):
    """Return a number of twice the precision as a fraction."""
    return Fraction(m[high]) + Fraction(m[low])


def weights_of(x):
    return np.random.default_rng(1).random(np.shape(x)[0]) + 0.1


# Columns of members in a row


def some_starts(x):
    """Return the starts of columns: an empty one, one of a single member, and two more."""
    return np.sort(np.array([0, 0, min(1, x.size), x.size // 3, x.size], dtype=np.int64))


def segments_of(arguments):
    starts = np.asarray(arguments["starts"]).tolist()
    return [slice(*ends) for ends in pairwise(starts)]


def check_segment_extremes(arguments, result):
    x, out = doubles(arguments["x"]), np.asarray(arguments["out"])
    for at, segment in enumerate(segments_of(arguments)):
        check_extremes({"x": x[segment, None], "out": out[:, at, None]}, result)


def check_segment_moments(arguments, result):
    x, out, weight = doubles(arguments["x"]), np.asarray(arguments["out"]), arguments["weight"]
    for at, segment in enumerate(segments_of(arguments)):
        w = None if weight is None else np.asarray(weight)[segment]
        check_moments({"x": x[segment, None], "weight": w, "out": out[:, at, None]}, result)


# Maps


STEPS = ("center", "scale", "gain", "offset", "top", "exponent")
FLOATS = ("f8", "f4", "f2")


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


def check_map(arguments, result):
    """The bits that the NumPy backend writes, unless the map was left to it, or met infinity."""
    assert result in (0, 1, 2)
    if result == 2:
        assert arguments["look"]
        assert np.isinf(doubles(arguments["x"])).any()
        return
    assert not (result and arguments["look"] and np.isinf(doubles(arguments["x"])).any())
    if not result or (arguments["inverse"] and arguments["low"] is not None):
        return
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    x = a["x"] if a["x"].dtype in FLOATS else doubles(a["x"])
    expected = np.empty_like(a["out"])
    mapping = Map(*(a[name] for name in STEPS))
    bounds = None if a["low"] is None else (a["low"], a["high"])
    if not a["inverse"]:
        _numpy.apply(x, mapping, bounds, expected)
    else:
        _numpy.invert(x, mapping, expected)
    assert_same_numbers(a["out"], expected)


def check_has_infinity(arguments, result):
    assert result is bool(np.isinf(doubles(arguments["x"])).any())


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


def check_normalise(arguments, result):
    """Close to what the NumPy backend writes, where groups are finite and eps is sensible."""
    assert result is None
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    x, out, eps = a["x"], a["out"], float(a["eps"])
    if not x.size or not 0 <= eps < 1e300:
        return
    z = np.empty(x.shape)
    centred = bool(a["centred"])
    center, scale = _numpy.normalise(doubles(x), centred, eps, None, None, z)
    gain, offset = (v if a[n] is None else a[n] for n, v in (("gain", 1.0), ("offset", 0.0)))
    with np.errstate(all="ignore"):
        expected = z * gain + offset
        size = np.abs(z * gain) + np.abs(offset)
        peak = np.nanmax(np.abs(doubles(x)), axis=(2, 3), initial=0.0)
        fine = {"f8": 1e-9, "f4": 1e-6, "f2": 2e-3}[out.dtype.str[1:]]
        near = np.abs(doubles(out) - expected) <= fine * size + (1e-6 if fine > 1e-4 else 0.0)
        short = out.dtype != "f8" and size >= np.finfo(out.dtype).max / 2
        finite = np.isfinite(peak)[:, :, None, None] & ~np.isnan(expected)
        assert (near | ~finite | short | ~np.isfinite(size)).all()
        np.testing.assert_array_equal(np.isnan(out)[finite & (size < np.inf)], False)
        assert np.isnan(out)[np.isnan(x)].all()
        there = np.isfinite(peak) & ~np.isnan(center)
        assert (np.abs(a["center"] - center) <= 1e-13 * peak)[there].all()
        assert (np.abs(a["scale"] - scale) <= 1e-12 * scale)[there].all()
    assert np.isnan(a["center"])[np.isnan(center)].all()


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


def check_select(arguments, result):
    assert result is None
    x, out, members = (
        doubles(arguments["x"]),
        *map(np.asarray, (arguments["out"], arguments["members"])),
    )
    p = np.asarray(arguments["probabilities"])
    thinning = Thinning(*(arguments[n] for n in ("whole", "most", "tolerance")))
    for column in some_columns(x):
        found, size, low, high, off, *ordered = out[column].tolist()
        assert found in (0.0, 1.0)
        if not found:
            continue
        values = np.sort(x[:, column]) + 0.0
        values = values[~np.isnan(values)]
        assert (size, low, high) == (values.size, values[0], values[-1])
        ranks = np.clip(np.nan_to_num(np.floor(p * (size - 1))), 0, size - 1).astype(int)
        above = np.minimum(ranks + 1, values.size - 1)
        assert_same_bits(np.array(ordered), values[[*ranks, *above]])
        assert off + 2.0 ** (thinning.height(values.size) - 1) <= thinning.tolerance * size
        wanted = thinning.ranks(values.size)
        kept = members[column, : wanted.size]
        first, last = (np.searchsorted(values, kept, side) for side in ("left", "right"))
        assert (first < last).all()
        assert (first - off <= wanted).all()
        assert (wanted <= last - 1 + off).all()


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
    "segment moments": segment_moments_of(),
    "weighted segment moments": segment_moments_of(True),
    "segment extremes": Function(
        "segment_extremes",
        lambda x: {"x": x, "starts": some_starts(x), "out": np.full((3, 4), 7.0), "n_threads": 2},
        check_segment_extremes,
        ndim=1,
    ),
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


# Right arguments


@every_variant
@every_function
@some
@given(data=st.data())
def test_any_view_gets_the_right_answer(function, variant, data):
    """Any kind, shape, strides and address; the inputs stay as they were."""
    compiled.choose(variant)
    x = data.draw(views_for(function))
    arguments = function.arguments(x)
    before = copies(arguments)
    x.flags.writeable = False
    function.run(arguments, before)
    written = [arguments[name] for name in function.outputs]
    for name in before:
        if not any(arguments[name] is a for a in written):
            assert_same_bits(np.array(arguments[name]), before[name])


@every_function
@some
@given(data=st.data(), offset=st.integers(1, 4))
def test_nothing_is_written_beside_the_result(function, data, offset):
    """The numbers before and after every output stay as they were."""
    arguments = function.arguments(data.draw(views_for(function)))
    around = {}
    for name in function.outputs:
        out = arguments[name]
        room = np.full(out.size + 2 * offset, 7, out.dtype)
        arguments[name] = room[offset : offset + out.size].reshape(out.shape)
        around[name] = room
    function.run(arguments)
    for room in around.values():
        np.testing.assert_array_equal(room[:offset], 7)
        np.testing.assert_array_equal(room[room.size - offset :], 7)


@every_function
@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "u2", "i8"])
@pytest.mark.parametrize("shape", [(70_000, 3), (300, 700), (3, 70_000), (200_000, 1)])
def test_large_arrays_get_the_right_answer_on_threads(function, kind, shape, monkeypatch):
    """Arrays of many pieces, on more threads than there are cores, in C and Fortran order."""
    same = function.ndim == 1 and shape[1] != 700
    slow = function.name == "select" and shape[1] > 1000
    if kind not in function.kinds or same or slow:
        pytest.skip("not taken, or nothing new")
    monkeypatch.setattr(f"{__name__}.CHECKED_COLUMNS", 2)
    x = np.random.default_rng(2).normal(50, 20, shape).clip(0, 120).astype(kind)
    for order in "CF":
        arguments = function.given(np.asarray(x, order=order)) | {"n_threads": 5}
        exact = kind == "f2" or function.same_bits  # sums of many members take Python long
        before = copies(arguments) if exact else {}
        result = function(arguments)
        one = function.given(x[::-1][::-1]) | {"n_threads": 1}
        function(one)
        for name in function.outputs if order == "C" or function.same_bits else ():
            assert_same_bits(np.array(arguments[name]), np.array(one[name]))
        if before:
            function.check(arguments | before | {n: arguments[n] for n in function.outputs}, result)


# Wrong arguments


def frozen(a):
    a = a.copy()
    a.flags.writeable = False
    return a


def released():
    memory = memoryview(bytearray(8))
    memory.release()
    return memory


CASTS = "c16 f4 i8 ? g G O U9 S9 M8[s] m8[D] >f8 >f4 >i2 >u8"
STRANGE_ARRAYS = {  # what might be given for an array, right or wrong
    **{f"as {d}": lambda a, d=d: a.astype(d) for d in CASTS.split()},
    "none": lambda a: None,
    "number": lambda a: 3.5,
    "array of no axes": lambda a: np.float64(3.5),
    "text": lambda a: "text",
    "list": lambda a: a.tolist(),
    "bytes": lambda a: b"12345678" * 8,
    "bytearray": lambda a: bytearray(64),
    "memoryview": lambda a: memoryview(np.ascontiguousarray(a)),
    "released": lambda a: released(),
    "cast": lambda a: memoryview(bytearray(96)).cast("d", (3, 4)),
    "characters": lambda a: memoryview(bytearray(12)).cast("c", (3, 4)),
    "array.array": lambda a: array.array("d", [1.0] * 12),
    "ctypes": lambda a: (ctypes.c_double * 12)(),
    "ctypes of 2 axes": lambda a: ((ctypes.c_double * 4) * 3)(),
    "ctypes of 3 axes": lambda a: (((ctypes.c_double * 4) * 3) * 2)(),
    "ctypes of pointers": lambda a: ((ctypes.c_void_p * 4) * 3)(),
    "structured": lambda a: np.zeros(a.shape, dtype=[("a", "f8"), ("b", "f8")]),
    "one field": lambda a: np.ones(a.shape, dtype=[("a", "f4"), ("b", "f8")])["b"],
    "unnamed bytes": lambda a: np.zeros(a.shape, dtype="V8"),
    "masked": lambda a: np.ma.masked_array(a, a == a),
    "flat": lambda a: a.ravel(),
    "an axis more": lambda a: a[None],
    "an axis more at the end": lambda a: a[..., None],
    "32 axes": lambda a: np.zeros([1] * 32),
    "transposed": lambda a: a.T,
    "Fortran": np.asfortranarray,
    "reversed": lambda a: a[::-1],
    "a row more": lambda a: np.ones((a.shape[0] + 1, *a.shape[1:])),
    "a row less": lambda a: a[1:],
    "a column more": lambda a: np.ones((*a.shape[:-1], a.shape[-1] + 1)),
    "a column less": lambda a: a[..., 1:],
    "no rows": lambda a: a[:0],
    "no columns": lambda a: a[..., :0],
    "every second": lambda a: np.ones((*a.shape[:-1], 2 * a.shape[-1]))[..., ::2],
    "broadcast": lambda a: np.broadcast_to(np.float64(1.0), a.shape),
    "broadcast rows": lambda a: np.broadcast_to(np.ones(a.shape[-1]), a.shape),
    "read-only": frozen,
    "misaligned": lambda a: view(
        a.shape, np.dtype("f8"), packed_strides(8, a.shape, range(a.ndim)), 1
    ),
    "type": lambda a: np.ndarray,
    "module": lambda a: np,
}
STRANGE_FLOATS = {
    "nan": np.nan,
    "infinite": np.inf,
    "minus infinite": -np.inf,
    "negative": -1.0,
    "zero": 0.0,
    "least": 5e-324,
    "large": 1e308,
    "too large": 10**400,
    "integer": 1,
    "bool": True,
    "numpy": np.float32(0.5),
    "none": None,
    "text": "1",
    "array": np.array([[0.5]]),
    "list": [0.5],
}
STRANGE_INTEGERS = {
    "minus one": -1,
    "zero": 0,
    "many": 2**31 - 1,
    "least": -(2**31),
    "too many": 2**31,
    "most": 2**63 - 1,
    "very many": 2**62,
    "least long": -(2**63),
    "far too many": 2**70,
    "float": 1.0,
    "none": None,
    "text": "1",
    "bool": True,
    "numpy": np.int64(2),
    "array": np.array([1]),
}


def strange_ones(function, name):
    """Return what might be given for an argument, by name."""
    usual = function.given(np.ones((2, 3)))[name]
    if isinstance(usual, float):
        return STRANGE_FLOATS
    return STRANGE_INTEGERS if isinstance(usual, int) else STRANGE_ARRAYS


def strangers(function):
    """Return the names of all arguments with all that might be given for them."""
    names = function.given(np.ones((2, 3)))
    return [(name, kind) for name in names for kind in strange_ones(function, name)]


def put(function, arguments, name, kind):
    """Replace an argument by a strange one."""
    strange = strange_ones(function, name)
    if strange is not STRANGE_ARRAYS:
        arguments[name] = strange[kind]
        return
    usual = arguments[name] if isinstance(arguments[name], np.ndarray) else np.ones((3, 4))
    with np.errstate(all="ignore"):
        arguments[name] = strange[kind](usual)


def call(function, arguments, before=None):
    """Call a function, which must refuse its arguments or write the right answer."""
    before = copies(arguments) if before is None else before
    try:
        result = function(arguments)
    except REFUSALS:
        return
    if all(np.ndim(arguments[n]) == np.ndim(a) for n, a in before.items()):
        function.check(arguments | before | {n: arguments[n] for n in function.outputs}, result)


@every_function
@pytest.mark.parametrize("shape", [(5, 3), (1, 1), (0, 3), (4, 0), (40, 33), (10, 10), (3, 4)])
def test_one_strange_argument_is_refused_or_answered(function, shape):
    """Every argument in turn is replaced by everything that it might be."""
    x = np.random.default_rng(3).normal(size=shape)
    for name, kind in strangers(function):
        arguments = function.given(x)
        put(function, arguments, name, kind)
        call(function, arguments)


@every_function
@some
@given(data=st.data())
def test_several_strange_arguments_are_refused_or_answered(function, data):
    """Errors on the way leave no buffer held."""
    shapes = st.tuples(*[st.integers(0, 6)] * function.ndim)
    x = data.draw(views(list(function.kinds), shapes, function.ndim))
    arguments = function.arguments(x)
    chosen = st.lists(st.sampled_from(strangers(function)), max_size=3, unique_by=lambda c: c[0])
    for name, kind in data.draw(chosen):
        put(function, arguments, name, kind)
    before = copies(arguments)
    held = [n for n, a in arguments.items() if isinstance(a, np.ndarray) and a.dtype.kind in "fu"]
    for name in held:
        arguments[name] = memoryview(arguments[name])
    call(function, arguments, before)
    for name in held:
        arguments[name].release()  # BufferError if a buffer of it is still held


@every_function
def test_the_number_of_arguments_is_checked(function):
    """Too few, too many and named ones are refused."""
    arguments = function.given(np.zeros((2, 3)))
    call_it = getattr(compiled, function.name)
    for wrong in ([], [*arguments.values()][:-1], [*arguments.values(), 1]):
        with pytest.raises(TypeError):
            call_it(*wrong)
    with pytest.raises(TypeError):
        call_it(**arguments)


@every_function
def test_a_read_only_result_is_refused(function):
    for name in function.outputs:
        arguments = function.given(np.zeros((2, 3)))
        arguments[name].flags.writeable = False
        with pytest.raises((ValueError, BufferError)):
            function(arguments)


@every_function
@pytest.mark.parametrize("shift", [0, 8, 40])
def test_a_result_over_another_array_is_refused_or_right(function, shift):
    """Each output in the memory of each other array: what was there is used, or an error."""
    x = np.random.default_rng(5).normal(size=(20, 3))
    arrays = copies(function.given(x))
    for name in function.outputs:
        for other in arrays.keys() - {name}:
            buffer = np.zeros(1 << 12)
            arguments = function.given(x)
            arguments[other] = laid(arrays[other], buffer, 0)
            arguments[other][...] = arrays[other]
            arguments[name] = laid(arrays[name], buffer, shift)
            call(function, arguments)


def laid(a, buffer, shift):
    """Return a packed array like a, so many bytes from the start of a buffer."""
    return np.ndarray(a.shape, a.dtype, buffer, shift)


@pytest.mark.parametrize(
    "wrong", [{"sample": [np.nan, 1.0]}, {"sample": [2.0, 1.0]}, {"probabilities": [np.nan, 0.5]}]
)
def test_samples_and_probabilities_that_no_caller_may_give_do_no_harm(wrong):
    """NaN amid a sample, one that is not sorted, NaN for a probability."""
    x = np.random.default_rng(6).normal(size=(3000, 2))
    arguments = select_arguments(x)
    for name, values in wrong.items():
        arguments[name][...] = np.resize(values, arguments[name].shape)
    call(FUNCTIONS["select"], arguments)


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf, 5e-324, 1.7e308])
def test_weights_that_no_caller_may_give_do_no_harm(weight):
    """What such sums are is not said."""
    x = np.random.default_rng(4).normal(size=(50, 9))
    weights = weights_of(x)
    weights[::3] = weight
    function = FUNCTIONS["weighted moments"]
    function(function.arguments(x) | {"weight": weights})
    function(function.arguments(x) | {"weight": np.full(50, weight)})


def test_an_array_without_members_lies_apart_from_all():
    """A column's length and stride span memory, but no member is there."""
    buffer = np.zeros(100)
    x = np.ndarray((10, 0), "f8", buffer, 0, (8, 8))
    compiled.extremes(x, np.ndarray((3, 0), "f8", buffer, 24), 1)
    compiled.moments(x, None, np.ndarray((10, 0), "f8", buffer, 24), 1)


def test_a_gain_in_the_memory_of_the_result_is_read_as_it_was():
    X = np.random.default_rng(7).normal(size=(4, 1, 1, 8))
    expected = np.empty_like(X)
    _native.normalise(X, True, 0.0, X[0].copy(), X[1].copy(), expected)
    _native.normalise(X, True, 0.0, X[0], X[1], X)
    assert_same_bits(X, expected)


@every_variant
@pytest.mark.parametrize("flushed", [False, True])
def test_every_half_is_read_whatever_the_processor_does_with_subnormals(variant, flushed):
    """Another library may have told it to take subnormal floats for 0."""
    compiled.choose(variant)
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)[:, None]
    expected = halves.astype(np.float64)
    out = np.empty_like(expected)
    with flushing() if flushed else nullcontext():
        compiled.map(halves, *[None] * 8, False, False, out, 1)
    assert_same_numbers(out, expected)


@contextmanager
def flushing():
    """Have the processor take subnormal floats for 0, as input and as result."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("not known how")
    libm, before = ctypes.CDLL("libm.so.6"), (ctypes.c_uint32 * 8)()
    libm.fegetenv(before)
    after = type(before)(*before)
    after[7] |= 0x8040  # the control word of vectors: DAZ and FTZ
    libm.fesetenv(after)
    try:
        yield
    finally:
        libm.fesetenv(before)


def test_an_unknown_variant_is_refused():
    for name in ("", "v5", "v4 ", "é"):
        with pytest.raises(ValueError, match="no variant"):
            compiled.choose(name)
    for name in (None, 3, b"v4"):
        with pytest.raises(TypeError):
            compiled.choose(name)
    with pytest.raises(ValueError, match="null"):
        compiled.choose("v4\0")


# Variants


@many
@given(x=views(), weighted=st.booleans())
def test_all_variants_give_the_same_bits(x, weighted):
    """Mean, variance and extrema on machines with and without wide vectors."""
    found = {}
    w = weights_of(x) if weighted else None
    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(kernels, "column_moments", _native.column_moments)
        patch.setattr(kernels, "settle_moments", _native.settle_moments)
        for variant in compiled.variants():
            compiled.choose(variant)
            moments = Moments.measure(x, w)
            extremes = _native.extremes(x, w)
            finite = np.isfinite(moments.low) & np.isfinite(moments.high)
            measured = [np.where(finite, v, 0) for v in (moments.mean, moments.variance())]
            found[variant] = np.array([*measured, *extremes, moments.low, moments.high])
    for variant in found:
        assert_same_bits(found[variant], found["base"], variant)


@every_function
@some
@given(data=st.data())
def test_all_variants_write_the_same_bits(function, data):
    """Where the numbers that are written are a result, and not on the way to one."""
    if not function.same_bits:
        return
    x = data.draw(views_for(function))
    found = {}
    for variant in compiled.variants():
        compiled.choose(variant)
        arguments = function.arguments(x)
        function(arguments)
        found[variant] = [arguments[name] for name in function.outputs]
    for variant, written in found.items():
        for a, b in zip(written, found["base"], strict=True):
            assert_same_numbers(a, b, variant)
