"""The native kernels under attack: an error or the right answer, never a crash.

To cover a function of the extension, add a line to `FUNCTIONS`: how to call it on an array,
and how to check what it wrote.
"""

import array
import ctypes
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from exact import exact_moments
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_same_bits
from views import KINDS, view, views

from sklearn_norm import kernels
from sklearn_norm.kernels import _native
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.statistics.moments import Moments

pytestmark = pytest.mark.skipif(compiled is None, reason="the extension was not built")
REFUSALS = (TypeError, ValueError, BufferError, OverflowError)
CHECKED_COLUMNS = 5  # of a wide array
many = settings(max_examples=150)


@pytest.fixture(autouse=True)
def widest():
    """Leave the widest variant chosen."""
    yield
    compiled.choose(compiled.variants()[0])


# The functions, how to call them, and what they must write


class Function(NamedTuple):
    """A function of the extension, its arguments for an array by name, and its check."""

    name: str
    arguments: Callable[[Any], dict[str, Any]]
    check: Callable[[dict[str, Any]], None]
    outputs: tuple[str, ...] = ("out",)

    def __call__(self, arguments):
        return getattr(compiled, self.name)(*arguments.values())


def some_columns(x):
    """Return the indices of a few columns, the outermost among them."""
    return sorted(set(np.linspace(0, x.shape[1] - 1, CHECKED_COLUMNS).astype(int))) * bool(x.size)


def doubles(x):
    """Return the members as float64, as Python's own conversion has them."""
    with np.errstate(all="ignore"):
        return np.asarray(x).astype(np.float64)


def check_extremes(arguments):
    x, (low, high, absent) = doubles(arguments["x"]), np.asarray(arguments["out"])
    nan = np.isnan(x)
    np.testing.assert_array_equal(absent, nan.sum(axis=0))
    assert_same_bits(low, np.where(nan, np.inf, x).min(axis=0, initial=np.inf) + 0.0)
    assert_same_bits(high, np.where(nan, -np.inf, x).max(axis=0, initial=-np.inf) + 0.0)


def check_moments(arguments):
    x, out = doubles(arguments["x"]), np.asarray(arguments["out"])
    weight = arguments["weight"]
    w = None if weight is None else np.asarray(weight).tolist()
    for column in some_columns(x):
        check_sums(x[:, column].tolist(), w, out[column].tolist())


def check_sums(x, w, found):
    """The sums of a column have the exact weight, extrema, mean and variance."""
    w = [1.0] * len(x) if w is None else w
    there = [(a, b) for a, b in zip(x, w, strict=True) if a == a]
    if not there:
        assert found[0] == 0
        return
    members = [a for a, _ in there]
    assert found[8:] == [min(members), max(members)]
    total = sum(Fraction(b) for _, b in there)
    tiny = Fraction(1, 2**1000)
    close = Fraction(1, 2**90)
    assert abs(Fraction(found[0]) + Fraction(found[1]) - total) <= close * total
    if np.isinf(members).any():
        return
    weight, unit = Fraction(found[0]) + Fraction(found[1]), Fraction(2) ** int(found[2])
    shift = Fraction(found[3])
    first, second = (Fraction(found[i]) + Fraction(found[i + 1]) for i in (4, 6))
    mean, variance = exact_moments([a for a, _ in there], [b for _, b in there])
    peak = max(abs(Fraction(a)) for a in members)
    assert abs(unit * (shift + first / weight) - mean) <= close / 2**-20 * peak + tiny
    found_variance = unit**2 * (second / weight - (first / weight) ** 2)
    tolerance = variance / 2**60 + close * peak**2
    assert abs(found_variance - variance) <= tolerance + tiny


def weights_of(x):
    return np.random.default_rng(1).random(np.shape(x)[0]) + 0.1


FUNCTIONS = {
    "moments": Function(
        "moments",
        lambda x: {"x": x, "weight": None, "out": np.full((x.shape[1], 10), 7.0), "n_threads": 1},
        check_moments,
    ),
    "weighted moments": Function(
        "moments",
        lambda x: {
            "x": x,
            "weight": weights_of(x),
            "out": np.full((x.shape[1], 10), 7.0),
            "n_threads": 3,
        },
        check_moments,
    ),
    "extremes": Function(
        "extremes",
        lambda x: {"x": x, "out": np.full((3, x.shape[1]), 7.0), "n_threads": 2},
        check_extremes,
    ),
}
every_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
every_variant = pytest.mark.parametrize("variant", compiled.variants() if compiled else [])


# Right arguments


def copies(arguments):
    return {n: np.array(a, copy=True) for n, a in arguments.items() if isinstance(a, np.ndarray)}


@every_variant
@every_function
@many
@given(x=views())
def test_any_view_gets_the_right_answer(function, variant, x):
    """Any kind, shape, strides and address; the inputs stay as they were."""
    compiled.choose(variant)
    arguments = function.arguments(x)
    before = copies(arguments)
    x.flags.writeable = False
    assert function(arguments) is None
    function.check(arguments)
    for name in before.keys() - set(function.outputs):
        assert_same_bits(np.array(arguments[name]), before[name])


@every_function
@given(x=views(), offset=st.integers(1, 4))
def test_nothing_is_written_beside_the_result(function, x, offset):
    """The numbers before and after `out` stay as they were."""
    arguments = function.arguments(x)
    around = {}
    for name in function.outputs:
        out = arguments[name]
        room = np.full(out.size + 2 * offset, 7.25)
        arguments[name] = room[offset : offset + out.size].reshape(out.shape)
        around[name] = room
    function(arguments)
    function.check(arguments)
    for room in around.values():
        np.testing.assert_array_equal(room[:offset], 7.25)
        np.testing.assert_array_equal(room[room.size - offset :], 7.25)


@every_function
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(70_000, 3), (300, 700), (3, 70_000), (200_000, 1)])
def test_large_arrays_get_the_right_answer_on_threads(function, kind, shape, monkeypatch):
    """Arrays of many pieces, on more threads than there are cores, in C and Fortran order."""
    monkeypatch.setattr(f"{__name__}.CHECKED_COLUMNS", 2)
    x = np.random.default_rng(2).normal(50, 20, shape).clip(0, 120).astype(kind)
    for order in "CF":
        arguments = function.arguments(np.asarray(x, order=order)) | {"n_threads": 5}
        function(arguments)
        one = function.arguments(x[::-1][::-1]) | {"n_threads": 1}
        function(one)
        for name in function.outputs if order == "C" else ():
            assert_same_bits(arguments[name], one[name])
    if kind in ("f8", "f2"):
        function.check(arguments)


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
    "misaligned": lambda a: view(a.shape, np.dtype("f8"), a.strides, 1) if a.size else a,
    "type": lambda a: np.ndarray,
    "module": lambda a: np,
}
STRANGE_INTEGERS = {
    "minus one": -1,
    "zero": 0,
    "many": 2**31 - 1,
    "least": -(2**31),
    "too many": 2**31,
    "far too many": 2**70,
    "float": 1.0,
    "none": None,
    "text": "1",
    "bool": True,
    "numpy": np.int64(2),
    "array": np.array([1]),
}


def is_integer(function, name):
    return isinstance(function.arguments(np.ones((2, 3)))[name], int)


def strangers(function):
    """Return the names of all arguments with all that might be given for them."""
    names = function.arguments(np.ones((2, 3)))
    kinds = {n: STRANGE_INTEGERS if is_integer(function, n) else STRANGE_ARRAYS for n in names}
    return [(name, kind) for name in names for kind in kinds[name]]


def put(function, arguments, name, kind):
    """Replace an argument by a strange one."""
    if is_integer(function, name):
        arguments[name] = STRANGE_INTEGERS[kind]
        return
    given = arguments[name] if isinstance(arguments[name], np.ndarray) else np.ones((3, 4))
    with np.errstate(all="ignore"):
        arguments[name] = STRANGE_ARRAYS[kind](given)


def call(function, arguments):
    """Call a function, which must refuse its arguments or write the right answer."""
    try:
        result = function(arguments)
    except REFUSALS:
        return
    assert result is None
    if all(np.ndim(arguments[n]) == np.ndim(a) for n, a in copies(arguments).items()):
        function.check(arguments)


@every_function
@pytest.mark.parametrize("shape", [(5, 3), (1, 1), (0, 3), (4, 0), (40, 33), (10, 10), (3, 4)])
def test_one_strange_argument_is_refused_or_answered(function, shape):
    """Every argument in turn is replaced by everything that it might be."""
    x = np.random.default_rng(3).normal(size=shape)
    for name, kind in strangers(function):
        arguments = function.arguments(x)
        put(function, arguments, name, kind)
        call(function, arguments)


@every_function
@many
@given(data=st.data())
def test_several_strange_arguments_are_refused_or_answered(function, data):
    """Errors on the way leave no buffer held."""
    x = data.draw(views(shapes=st.tuples(st.integers(0, 6), st.integers(0, 6))))
    arguments = function.arguments(x)
    chosen = st.lists(st.sampled_from(strangers(function)), max_size=3, unique_by=lambda c: c[0])
    for name, kind in data.draw(chosen):
        put(function, arguments, name, kind)
    held = [n for n, a in arguments.items() if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    for name in held:
        arguments[name] = memoryview(arguments[name])
    call(function, arguments)
    for name in held:
        arguments[name].release()  # BufferError if a buffer of it is still held


@every_function
def test_the_number_of_arguments_is_checked(function):
    """Too few, too many and named ones are refused."""
    arguments = function.arguments(np.zeros((2, 3)))
    call_it = getattr(compiled, function.name)
    for wrong in ([], [*arguments.values()][:-1], [*arguments.values(), 1]):
        with pytest.raises(TypeError):
            call_it(*wrong)
    with pytest.raises(TypeError):
        call_it(**arguments)


@every_function
def test_a_read_only_result_is_refused(function):
    for name in function.outputs:
        arguments = function.arguments(np.zeros((2, 3)))
        arguments[name].flags.writeable = False
        with pytest.raises((ValueError, BufferError)):
            function(arguments)


@every_function
@pytest.mark.parametrize("shift", [0, 8, 40])
def test_a_result_over_an_input_is_refused_or_right(function, shift):
    """Where `out` lies in the memory of x, the sums of x as it was, or an error."""
    buffer = np.random.default_rng(5).normal(size=400)
    x = buffer[:60].reshape(20, 3)
    kept = function.arguments(x.copy())
    arguments = function.arguments(x)
    for name in function.outputs:
        out = arguments[name]
        arguments[name] = buffer[shift : shift + out.size].reshape(out.shape)
    try:
        function(arguments)
    except REFUSALS:
        return
    function.check(kept | {name: arguments[name] for name in function.outputs})


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf, 5e-324, 1.7e308])
def test_weights_that_no_caller_may_give_do_no_harm(weight):
    """What such sums are is not said."""
    x = np.random.default_rng(4).normal(size=(50, 9))
    weights = weights_of(x)
    weights[::3] = weight
    function = FUNCTIONS["weighted moments"]
    function(function.arguments(x) | {"weight": weights})
    function(function.arguments(x) | {"weight": np.full(50, weight)})


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
        patch.setattr(kernels, "block_moments", _native.block_moments)
        for variant in compiled.variants():
            compiled.choose(variant)
            moments = Moments.measure(x, w)
            extremes = _native.extremes(x, w)
            finite = np.isfinite(moments.low) & np.isfinite(moments.high)
            measured = [np.where(finite, v, 0) for v in (moments.mean, moments.variance())]
            found[variant] = np.array([*measured, *extremes, moments.low, moments.high])
    for variant in found:
        assert_same_bits(found[variant], found["base"], variant)
