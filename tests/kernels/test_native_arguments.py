"""The extension called wrongly: an error or the right answer, never a crash."""

import array
import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from native_functions import (
    FUNCTIONS,
    MARKS,
    copies,
    every_function,
    few_examples,
    select_arguments,
    weights_of,
)
from views import packed_strides, view, views

from sklearn_norm.kernels._native.loading import compiled

pytestmark = MARKS
REFUSALS = (TypeError, ValueError, BufferError, OverflowError, IndexError)


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
@few_examples
@given(data=st.data())
def test_several_strange_arguments_are_refused_or_answered(function, data):
    """After an error, no buffer is still held."""
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
    """The result is undefined, but nothing crashes."""
    x = np.random.default_rng(4).normal(size=(50, 9))
    weights = weights_of(x)
    weights[::3] = weight
    function = FUNCTIONS["weighted moments"]
    function(function.arguments(x) | {"weight": weights})
    function(function.arguments(x) | {"weight": np.full(50, weight)})
