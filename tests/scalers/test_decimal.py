"""DecimalScaler: the smallest power of ten above all values, in exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler

from sklearn_norm import DecimalScaler

NAN = np.nan
TEN = Fraction(10)
POWERS = np.array([float(f"1e{j}") for j in range(-323, 309)])
EDGES = np.concatenate([POWERS, np.nextafter(POWERS, 0), np.nextafter(POWERS, np.inf)])
EDGES = np.append(EDGES[EDGES > 0], [np.finfo(np.float64).max, 5e-324])
EDGES.flags.writeable = False
# value, exponent, result: 1e-320 is stored as 2024 * 2**-1074, which is below 10**-320
PINS = [
    (0.0, 0, 0.0),
    (1.0, 1, 0.1),
    (10.0, 2, 0.1),
    (100.0, 3, 0.1),
    (1000.0, 4, 0.1),
    (999.999, 3, 0.999999),
    (1e-5, -4, 0.1),
    (1e-320, -320, float(Fraction(1e-320) * TEN**320)),
    (1e308, 309, 0.1),
]


def assert_smallest(values, exponents):
    """10**(j - 1) <= |x| < 10**j, in fractions."""
    for x, j in zip(values, exponents.tolist(), strict=True):
        exact = abs(Fraction(float(x)))
        assert TEN ** (j - 1) <= exact < TEN**j, (x, j)


def rounded_once(exact):
    """Return the float nearest to an exact result inside (-1, 1), kept inside."""
    limit = math.nextafter(1, 0)
    return min(max(float(exact), -limit), limit)


def in_ulps(z, exact):
    """Return the distance of a float from an exact number, in units of its last place."""
    return float(abs(Fraction(float(z)) - exact) / Fraction(math.ulp(float(z))))


def test_the_exponent_is_smallest_at_every_power_of_ten():
    """For 10**-323 to 10**308 and the floats next to them, of either sign, a column each."""
    for X in (EDGES[None], -EDGES[None], np.vstack([0 * EDGES, EDGES, EDGES / 2])):
        assert_smallest(EDGES, DecimalScaler().fit(X).exponent_)


@given(x=st.floats(allow_nan=False, allow_infinity=False).filter(bool))
def test_the_exponent_is_smallest_for_any_float(x):
    """Definition by Fractions; the result has the value's sign and lies inside (-1, 1)."""
    scaler = DecimalScaler().fit([[x]])
    assert_smallest([x], scaler.exponent_)
    z = scaler.transform([[x]])[0, 0]
    assert abs(z) < 1
    assert math.copysign(1, z) == math.copysign(1, x)
    assert abs(z) > 0.1 - 4 * math.ulp(0.1)


@pytest.mark.parametrize(("value", "exponent", "result"), PINS)
def test_pins(value, exponent, result):
    """Exponent, divisor and result of the values that a logarithm gets wrong."""
    scaler = DecimalScaler().fit([[value], [-value]])
    assert scaler.exponent_.tolist() == [exponent]
    assert scaler.exponent_.dtype == np.int64
    assert scaler.scale_.tolist() == [float(f"1e{exponent}")]
    assert scaler.max_abs_.tolist() == [value]
    np.testing.assert_allclose(
        scaler.transform([[value], [-value]]).ravel(), [result, -result], 1e-15
    )


def test_all_values_of_a_column_count():
    """The largest absolute value decides, whatever its sign; columns are apart."""
    X = [[-986.0, 0.02, 0.0, 5.0], [917.0, 0.05, 0.0, -5.0]]
    scaler = DecimalScaler().fit(X)
    assert scaler.max_abs_.tolist() == [986.0, 0.05, 0.0, 5.0]
    assert scaler.exponent_.tolist() == [3, -1, 0, 1]
    Z = scaler.transform(X)
    assert Z.tolist() == [[-0.986, 0.2, 0.0, 0.5], [0.917, 0.5, 0.0, -0.5]]
    assert scaler.transform([[2000.0, 1.0, 7.0, 0.0]]).tolist() == [[2.0, 10.0, 7.0, 0.0]]
    assert scaler.constant_features_.tolist() == [2]


def test_results_lie_inside_the_unit_interval():
    """|z| < 1 at every power of ten and next to it."""
    Z = DecimalScaler().fit_transform(EDGES[None])
    assert Z.max() < 1
    assert Z.min() > 0.1 - 4 * math.ulp(0.1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_results_of_short_floats_lie_inside_the_unit_interval(dtype):
    """|z| < 1 also where the exact result would round to 1: float32(1e11) is below 10**11."""
    with np.errstate(over="ignore"):
        X = EDGES.astype(dtype)
    X = np.unique(X[np.isfinite(X) & (X > 0)])[None]
    X = np.concatenate([np.nextafter(X, dtype(0)), X], axis=1)
    X = X[:, X[0] > 0]
    scaler = DecimalScaler().fit(X)
    assert_smallest(X[0], scaler.exponent_)
    variants = [X, np.asfortranarray(np.vstack([X, -X]))]
    if dtype == np.float32:  # SciPy has no sparse float16
        variants.append(sparse.csr_array(X))
    for given_ in variants:
        Z = scaler.transform(given_)
        assert Z.dtype == dtype
        assert abs(Z).max() < 1, X[0, (abs(Z) >= 1).nonzero()[1]]


@given(
    digits=st.integers(1, 2**53 - 1),
    power=st.integers(-330, 290),
    share=st.floats(-1, 1).filter(bool),
)
def test_results_are_exact_within_an_ulp(digits, power, share):
    """x / 10**j is rounded once where a float holds 10**|j|, else within 2.5 ulp."""
    peak = float(digits * TEN**power)
    x = share * peak
    if peak == 0 or abs(x) / 2 == 0:
        return
    scaler = DecimalScaler().fit([[peak]])
    (j,) = scaler.exponent_.tolist()
    for value in (peak, x):
        exact = Fraction(value) / TEN**j
        (z,) = scaler.transform([[value]])[0]
        if -22 <= j <= 22:
            assert z == rounded_once(exact)
        else:  # 10**j is rounded up by less than 2 ulp of the result, then a division
            assert in_ulps(z, exact) < 2.5


def test_results_at_the_edges_are_exact_within_ulps():
    """At the powers of ten, to the bit where a float holds 10**|j|, else within 2.5 ulp."""
    scaler = DecimalScaler()
    Z = scaler.fit_transform(EDGES[None])[0]
    for x, j, z in zip(EDGES.tolist(), scaler.exponent_.tolist(), Z.tolist(), strict=True):
        exact = Fraction(x) / TEN**j
        assert z == rounded_once(exact) if -22 <= j <= 22 else in_ulps(z, exact) < 2.5, (x, j, z)


def test_the_inverse_brings_values_back():
    """Within two roundings at every power of ten, and exactly by hand."""
    scaler = DecimalScaler().fit(EDGES[None])
    back = scaler.inverse_transform(scaler.transform(EDGES[None]))[0]
    np.testing.assert_allclose(back, EDGES, 4.5e-16, 5e-324)
    scaler = DecimalScaler().fit([[-250.0, 0.0, 0.04]])
    assert scaler.inverse_transform([[0.5, 0.5, -0.5]]).tolist() == [[500.0, 0.5, -0.05]]


@pytest.mark.parametrize(
    "form", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array, sparse.csc_array]
)
def test_sparse_data_keep_format_and_zeros(form):
    """The same numbers as dense, in the same places, there and back."""
    dense = np.array([[0.0, -20.0, 0.0, 2e-7], [3.0, 0.0, 0.0, 0.0], [0.0, 100.0, 0.0, NAN]])
    X = form(dense)
    scaler = DecimalScaler().fit(X)
    assert scaler.exponent_.tolist() == [1, 3, 0, -6]
    Z = scaler.transform(X)
    back = scaler.inverse_transform(Z)
    for found in (Z, back):
        assert type(found) is type(X)
        assert found.nnz == X.nnz
    np.testing.assert_array_equal(Z.toarray(), DecimalScaler().fit_transform(dense))
    np.testing.assert_allclose(back.toarray(), dense, 4.5e-16)


def test_an_empty_column_waits_for_values():
    """All NaN: exponent 0, the rest NaN; the first value sets it, a batch of NaN keeps it."""
    scaler = DecimalScaler().fit([[NAN, 20.0], [NAN, NAN]])
    assert scaler.exponent_.tolist() == [0, 2]
    np.testing.assert_array_equal(scaler.max_abs_, [NAN, 20.0])
    np.testing.assert_array_equal(scaler.scale_, [NAN, 100.0])
    assert scaler.n_samples_seen_.tolist() == [0, 1]
    np.testing.assert_array_equal(scaler.transform([[NAN, 50.0]]), [[NAN, 0.5]])
    scaler.partial_fit([[0.04, NAN]])
    assert scaler.exponent_.tolist() == [-1, 2]
    np.testing.assert_array_equal(scaler.transform([[0.04, NAN]]), [[0.4, NAN]])


def test_a_stream_only_moves_the_point_further():
    """The exponent follows the largest value seen, from 0 for zeros down and then up."""
    scaler, found = DecimalScaler(), []
    for value in (0.0, -2e-7, 3e-5, 1e-6, -0.5, 1.0, 9.0, 250.0, 2.0, -1000.0, 1e300):
        found += scaler.partial_fit([[value]]).exponent_.tolist()
    assert found == [0, -6, -4, -4, 0, 1, 1, 3, 3, 4, 301]
    merged = DecimalScaler().fit([[0.02, 5.0]]).merge(DecimalScaler().fit([[-70.0, 0.1]]))
    assert merged.exponent_.tolist() == [2, 1]
    assert merged.n_samples_seen_ == 2


def test_rows_without_weight_do_not_count():
    """A weight of 0 leaves the peak out; any other weight counts alike."""
    scaler = DecimalScaler().fit([[5.0], [70.0], [8000.0]], sample_weight=[1.0, 0.1, 0.0])
    assert scaler.exponent_.tolist() == [2]
    assert scaler.n_samples_seen_ == 1.1


def test_integers_and_frames():
    """Integers give float64; the most negative int64 has no absolute value of its own."""
    frame = pd.DataFrame({"count": [3, 40], "least": [-(2**63), 0], "flag": [True, False]})
    scaler = DecimalScaler().set_output(transform="pandas")
    Z = scaler.fit_transform(frame)
    assert scaler.exponent_.tolist() == [2, 19, 1]
    assert Z["count"].tolist() == [0.03, 0.4]
    assert Z["least"].tolist() == [-0.9223372036854775808, 0.0]
    assert Z["flag"].tolist() == [0.1, 0.0]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_clip_holds_new_data_between_minus_1_and_1(dtype):
    X = np.array([[986.0, 0.02], [917.0, -0.05]], dtype=dtype)
    scaler = DecimalScaler(clip=True).fit(X)
    assert_same_bits(scaler.transform(X), DecimalScaler().fit(X).transform(X))
    new = np.array([[2000.0, -0.5], [-986.0, 0.05], [np.nan, 0.1]], dtype=dtype)
    expected = np.array([[1.0, -1.0], [-0.986, 0.5], [np.nan, 1.0]], dtype=dtype)
    np.testing.assert_allclose(scaler.transform(new), expected, rtol=1e-6)
    assert scaler.transform(new)[0].tolist() == [1.0, -1.0]
    assert scaler.inverse_transform([[1.0, 1.0]]).tolist() == [[1000.0, 0.1]]
    stored = sparse.csr_array(np.array([[2000.0, 0.0], [0.0, 0.5]]))
    assert scaler.transform(stored).toarray().tolist() == [[1.0, 0.0], [0.0, 1.0]]
    if "clip" not in MaxAbsScaler().get_params():  # an older scikit-learn
        with pytest.raises(ValueError, match="has no parameter 'clip'"):
            scaler.to_sklearn()
        return
    again = DecimalScaler.from_sklearn(scaler.to_sklearn())
    assert again.clip is True
    assert_same_bits(again.transform(new), scaler.transform(new))
