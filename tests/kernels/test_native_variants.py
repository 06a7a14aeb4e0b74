"""The variants of the extension: how one is chosen, and that all write the same bits."""

import ctypes
import platform
import sys
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
from budget import times
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import assert_same_bits
from native_checks import assert_same_numbers
from native_functions import (
    MARKS,
    every_function,
    every_variant,
    few_examples,
    views_for,
    weights_of,
)
from views import views

from sklearn_norm import kernels
from sklearn_norm.kernels import _native
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.statistics.moments import Moments

pytestmark = MARKS
many_examples = settings(max_examples=times(20, 150))


def test_an_unknown_variant_is_refused():
    for name in ("", "v5", "v4 ", "é"):
        with pytest.raises(ValueError, match="no variant"):
            compiled.choose(name)
    for name in (None, 3, b"v4"):
        with pytest.raises(TypeError):
            compiled.choose(name)
    with pytest.raises(ValueError, match="null"):
        compiled.choose("v4\0")


@many_examples
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
@few_examples
@given(data=st.data())
def test_all_variants_write_the_same_bits(function, data):
    """For functions that write final results, not intermediate sums."""
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


@every_variant
@pytest.mark.parametrize("flushed", [False, True])
def test_every_half_is_read_whatever_the_processor_does_with_subnormals(variant, flushed):
    """Another library may have set the processor to flush subnormal floats to 0."""
    compiled.choose(variant)
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)[:, None]
    expected = halves.astype(np.float64)
    out = np.empty_like(expected)
    with flushing() if flushed else nullcontext():
        compiled.map(halves, *[None] * 8, False, False, out, 1)
    assert_same_numbers(out, expected)


@contextmanager
def flushing():
    """Set the processor to flush subnormal floats to 0, as input and as result."""
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
