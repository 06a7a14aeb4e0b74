"""The extension called rightly: the right answer of any view, on threads, in every variant."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits
from native_functions import (
    MARKS,
    copies,
    every_function,
    every_variant,
    few_examples,
    views_for,
)

from sklearn_norm.kernels import _native
from sklearn_norm.kernels._native.loading import compiled

pytestmark = MARKS


@every_variant
@every_function
@few_examples
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
@few_examples
@given(data=st.data(), offset=st.integers(1, 4))
def test_nothing_is_written_beside_the_result(function, data, offset):
    """The memory before and after every output stays as it was."""
    arguments = function.arguments(data.draw(views_for(function)))
    around = {}
    for name in function.outputs:
        out = arguments[name]
        room = np.full(out.size + 2 * offset, 7, out.dtype)
        arguments[name] = room[offset : offset + out.size].reshape(out.shape)
        around[name] = room
    function.run(arguments)
    for room in around.values():
        seven = np.array(7).astype(room.dtype)
        np.testing.assert_array_equal(room[:offset], seven)
        np.testing.assert_array_equal(room[room.size - offset :], seven)


@every_function
@pytest.mark.parametrize("kind", ["f8", "f4", "f2", "u2", "i8"])
@pytest.mark.parametrize("shape", [(70_000, 3), (300, 700), (3, 70_000), (200_000, 1)])
def test_large_arrays_get_the_right_answer_on_threads(function, kind, shape, monkeypatch):
    """Arrays of many pieces, on more threads than there are cores, in C and Fortran order."""
    same = function.ndim == 1 and shape[1] != 700
    slow = function.name == "select" and shape[1] > 1000
    if kind not in function.kinds or same or slow:
        pytest.skip("not taken, or nothing new")
    monkeypatch.setattr("native_checks.CHECKED_COLUMNS", 2)
    x = np.random.default_rng(2).normal(50, 20, shape).clip(0, 120).astype(kind)
    for order in "CF":
        arguments = function.given(np.asarray(x, order=order)) | {"n_threads": 5}
        exact = kind == "f2" or function.same_bits  # exact sums of many members are slow in Python
        before = copies(arguments) if exact else {}
        result = function(arguments)
        one = function.given(x[::-1][::-1]) | {"n_threads": 1}
        function(one)
        for name in function.outputs if order == "C" or function.same_bits else ():
            assert_same_bits(np.array(arguments[name]), np.array(one[name]))
        if before:
            function.check(arguments | before | {n: arguments[n] for n in function.outputs}, result)


def test_an_array_without_members_lies_apart_from_all():
    """By length and stride the columns would overlap, but they have no members."""
    buffer = np.zeros(100)
    x = np.ndarray((10, 0), "f8", buffer, 0, (8, 8))
    compiled.extremes(x, np.ndarray((3, 0), "f8", buffer, 24), 1)
    compiled.moments(x, None, np.ndarray((10, 0), "f8", buffer, 24), 1)
    m = np.ndarray((10, 0), "f8", buffer, 16)
    compiled.merge_moments(m, m, np.ndarray((10, 0), "f8", buffer, 24), 1)
    compiled.settle_moments(m, 0.0, 0.0, np.ndarray((3, 0), "f8", buffer, 24), 1)


def test_a_gain_in_the_memory_of_the_result_is_read_as_it_was():
    X = np.random.default_rng(7).normal(size=(4, 1, 1, 8))
    expected = np.empty_like(X)
    _native.normalise(X, True, 0.0, X[0].copy(), X[1].copy(), expected)
    _native.normalise(X, True, 0.0, X[0], X[1], X)
    assert_same_bits(X, expected)
