"""Numbers beside the data: refused by name, and before they take memory."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from inside import array_of, floating, floats_of, number, truth, whole
from scipy import sparse

from sklearn_norm import BatchNorm, DecimalScaler, LayerNorm, MinMaxScaler, ZScoreScaler
from sklearn_norm.functional import adaptive_gradient_clip, clip_by_norm, layer_norm

X = np.array([[1.0, 5.0], [2.0, 7.0], [4.0, 6.0]])
HUGE = np.broadcast_to(np.int8(1), 10**12)  # a terabyte, if it were read


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([1, 2], [1.0, 2.0]),
        ([True, False], [1.0, 0.0]),
        ([Fraction(1, 2), Decimal("0.25")], [0.5, 0.25]),
        (pd.Series([1, None], dtype=float), [1.0, np.nan]),
        (np.ma.masked_array([1, 2], [False, True]), [1.0, np.nan]),
        (np.array([1.0, 2.0], dtype=">f8"), [1.0, 2.0]),
        (np.array([2**64 - 1], dtype=np.uint64), [2.0**64]),
    ],
    ids=repr,
)
def test_real_numbers_of_any_kind_become_float64(given, expected):
    found = floats_of(array_of(given, "numbers"), "numbers")
    assert type(found) is np.ndarray
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (["a"], "could not convert string to float"),
        ([1j], "it is of complex128"),
        (np.array(["2020-01-02"], dtype="M8[D]"), r"it is of datetime64\[D\]"),
        (np.zeros(1, dtype=[("a", "f8")]), "it is of"),
        ([{}], "not 'dict'"),
        ([10**400], "too large"),
        (sparse.csr_array([[1.0]]), "setting an array element"),
    ],
    ids=repr,
)
def test_what_is_no_real_number_is_refused_by_name(given, why):
    with pytest.raises(ValueError, match=f"`numbers` must hold real numbers, but .*{why}"):
        floats_of(array_of(given, "numbers"), "numbers")


def test_a_ragged_list_forms_no_array():
    with pytest.raises(ValueError, match=r"`numbers` does not form an array: .*inhomogeneous"):
        array_of([[1.0], [1.0, 2.0]], "numbers")


def test_short_floats_stay_short():
    for dtype in (np.float16, np.float32, np.float64):
        assert floating(np.ones(2, dtype), "x").dtype == dtype
        assert floating(np.ma.masked_all(2, dtype), "x").dtype == dtype
    assert floating(np.ones(2, np.int8), "x").dtype == np.float64


def test_one_number_one_integer_one_flag():
    assert number(Fraction(1, 4), "n") == 0.25
    assert whole(np.int8(3), "n") == 3
    assert truth(np.True_, "n") is True
    for wrong in ([1.0], "1", None, 1j, 10**400):
        with pytest.raises((ValueError, TypeError), match="`n` must"):
            number(wrong, "n")
    for wrong in (1.0, "1", None, [1]):
        with pytest.raises(TypeError, match="`n` must be an integer"):
            whole(wrong, "n")
    with pytest.raises(ValueError, match="`n` must be True or False"):
        truth(np.ones(2), "n")


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ma.masked_array([1.0, 1.0, 1.0], [False, True, False]), "sample 1 has the weight nan"),
        ([1j, 1j, 1j], "`sample_weight` must hold real numbers"),
        (np.array(["2020"] * 3, dtype="M8[Y]"), "`sample_weight` must hold real numbers"),
        ([10**400] * 3, "`sample_weight` must hold real numbers"),
        (10**400, "`sample_weight` must hold real numbers"),
        (HUGE, r"sample_weight.shape == \(1000000000000,\), expected \(3,\)"),
    ],
    ids=["masked", "complex", "times", "too large", "one too large", "too many"],
)
def test_weights_that_are_no_numbers_are_refused(weight, message):
    with pytest.raises(ValueError, match=message):
        ZScoreScaler().fit(X, sample_weight=weight)


def test_vectors_are_looked_at_before_they_are_read():
    """A terabyte of gains is refused by its shape."""
    for estimator in (LayerNorm(gamma=HUGE), BatchNorm(gamma=HUGE), LayerNorm(shape=HUGE)):
        with pytest.raises(ValueError, match=r"`gamma` must hold one finite|`shape` must be"):
            estimator.fit(X)
    with pytest.raises(ValueError, match=r"`stats` has the shape \(1000000000000,\)"):
        LayerNorm().inverse_transform(X, stats=HUGE)


def test_a_pair_of_numbers_that_no_float_holds_is_refused():
    with pytest.raises(ValueError, match="`data_range` must be a pair"):
        MinMaxScaler(data_range=(0, 10**400)).fit(X)


def test_parameters_of_functions_are_named():
    for call in (
        lambda: layer_norm(X, eps="small"),
        lambda: layer_norm(X, normalized_ndim=1.0),
        lambda: clip_by_norm(X, "1"),
        lambda: clip_by_norm(X, 1.0, axis=1.0),
        lambda: adaptive_gradient_clip(X, X, factor=None),
    ):
        with pytest.raises(TypeError, match=r"`(eps|normalized_ndim|max_norm|axis|factor)` must"):
            call()
    for axis in (2, -3, (0, 0), (0, -2)):
        with pytest.raises(ValueError, match="does not name axes of an array that has 2"):
            clip_by_norm(X, 1.0, axis=axis)


def test_weights_without_a_norm_are_refused():
    """The ratio to a NaN says nothing: the gradient would come back unclipped."""
    with pytest.raises(ValueError, match="`weight` holds NaN or infinity"):
        adaptive_gradient_clip([[3.0, 4.0]], [[np.nan, 1.0]])


def test_a_clipped_array_has_the_same_bits_in_any_layout():
    rows = np.random.default_rng(0).normal(size=(7, 5))
    expected = clip_by_norm(rows, 0.5)
    for same in (
        np.asfortranarray(rows),
        np.repeat(rows, 2, axis=1)[:, ::2],
        rows[::-1].copy()[::-1],
    ):
        np.testing.assert_array_equal(clip_by_norm(same, 0.5), expected)


def test_an_integer_beyond_all_floats_is_bad_data():
    with pytest.raises(ValueError, match=r"X holds a number that no float64 can hold.*Replace it"):
        DecimalScaler().fit([[10**400]])
