"""SquashScaler: quartiles, then a smooth bound; streams, the way back, and what lies outside."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction

import laws
import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from documents import THREE, changed, document_of
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits, assert_same_state, read_scaler
from scipy import sparse
from skl2onnx import to_onnx
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_norm
from sklearn_norm import RobustScaler, SquashScaler
from sklearn_norm.exceptions import FormatError, SparseDataError
from sklearn_norm.onnx import inverse

RNG = np.random.default_rng(17)
X = RNG.normal(10.0, 3.0, (90, 3))
X[5, 1] = np.nan
X[9, 2] = 1000.0


def curve(z, bound=3.0):
    return z / np.sqrt(1 + (z / bound) ** 2)


def test_pins():
    """The quartiles of [0, 1, 1, 1, 2] are equal, so half of the range is the scale."""
    scaler = SquashScaler().fit([[0.0], [1.0], [1.0], [1.0], [2.0]])
    Z = scaler.transform([[0.0], [1.0], [2.0]])
    np.testing.assert_allclose(Z.ravel(), [-0.9486833, 0, 0.9486833], atol=5e-8)
    assert scaler.center_.tolist() == [1.0]
    assert scaler.scale_.tolist() == [1.0]


@pytest.mark.parametrize("bound", [3.0, 1, 0.01, 100.0])
def test_robust_then_the_curve(bound):
    scaler = SquashScaler(bound).fit(X)
    robust = RobustScaler().fit(X)
    np.testing.assert_allclose(scaler.transform(X), curve(robust.transform(X), bound), 1e-14)
    assert_same_bits(scaler.center_, robust.center_)
    assert_same_bits(scaler.scale_, robust.scale_)
    assert np.nanmax(np.abs(scaler.transform(X))) < bound


def test_a_constant_column_is_moved_only():
    """And new values of it come back."""
    scaler = SquashScaler().fit([[7.0], [7.0]])
    Z = scaler.transform([[7.0], [8.0]])
    np.testing.assert_allclose(Z.ravel(), [0.0, curve(1.0)], 1e-15)
    np.testing.assert_allclose(scaler.inverse_transform(Z).ravel(), [7.0, 8.0], 1e-15)
    assert scaler.constant_features_.tolist() == [0]


@given(z=st.floats(-1e300, 1e300), w=st.floats(-1e300, 1e300), bound=st.floats(1e-100, 1e100))
def test_the_order_of_values_is_kept_inside_the_bound(z, w, bound):
    scaler = SquashScaler.from_stats(center=0.0, scale=1.0, bound=bound)
    low, high = sorted((z, w))
    a, b = scaler.transform([[low], [high]]).ravel()
    assert -bound <= a <= b <= bound


@given(z=st.floats(-1e3, 1e3), bound=st.floats(0.5, 100))
def test_the_curve_is_that_of_exact_arithmetic(z, bound):
    """Within some roundings, in fractions: z**2 / (1 + (z / B)**2) is the square."""
    found = SquashScaler.from_stats(center=0.0, scale=1.0, bound=bound).transform([[z]])[0, 0]
    exact = Fraction(z) ** 2 / (1 + (Fraction(z) / Fraction(bound)) ** 2)
    np.testing.assert_allclose(float(Fraction(found) ** 2), float(exact), 2e-15)


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e-8, 1.0, 1e154, 1e200, 1.7e308])
def test_no_size_over_or_underflows(size):
    scaler = SquashScaler.from_stats(center=0.0, scale=1.0)
    Z = scaler.transform([[size], [-size]]).ravel()
    expected = size if size < 1e-7 else curve(np.longdouble(size))
    np.testing.assert_allclose(Z, [expected, -expected], 1e-15)


def test_data_of_the_whole_range_of_floats():
    data = np.array([[-1.7e308], [-1e308], [0.0], [1e308], [1.7e308]])
    scaler = SquashScaler().fit(data)
    Z = scaler.transform(data)
    np.testing.assert_allclose(Z.ravel(), curve(data.ravel() / 1e308 / 2), 1e-14)
    np.testing.assert_allclose(scaler.inverse_transform(Z), data, 1e-14)


# The way back


def test_inverse_undoes_transform():
    scaler = SquashScaler().fit(X)
    Z = scaler.transform(X)
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, 1e-11)
    np.testing.assert_allclose(scaler.inverse_transform(Z)[X < 100], X[X < 100], 1e-13)
    some = scaler.inverse_transform(Z[:, [0, 2]], columns=[0, 2])
    assert_same_bits(some, scaler.inverse_transform(Z)[:, [0, 2]])


@pytest.mark.parametrize("far", [1.0, 10.0, 1e3, 1e5])
def test_digits_that_come_back_fall_with_the_square_of_the_distance(far):
    """About (z / B)**2 roundings, as the docs say."""
    scaler = SquashScaler.from_stats(center=0.0, scale=1.0)
    data = 3 * far * np.array([[1.0], [-1.1], [1.23]])
    back = scaler.inverse_transform(scaler.transform(data))
    np.testing.assert_allclose(back, data, 4 * max(far, 1) ** 2 * 2.0**-52)


@pytest.mark.parametrize("wrong", [3.0, -3.0, 5.5])
def test_results_outside_the_bound_have_no_inverse(wrong):
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    scaler = SquashScaler().fit(frame)
    Z = pd.DataFrame(np.zeros((2, 2)), columns=["a", "c"])
    Z.loc[1, "c"] = wrong
    with pytest.raises(
        ValueError, match=rf"not invertible for {wrong}, in column 'c'. Results lie"
    ):
        scaler.inverse_transform(Z)


def test_a_value_that_was_rounded_to_the_bound_is_not_made_up():
    scaler = SquashScaler().fit(X)
    Z = scaler.transform([[1e300, 0.0, 0.0]])
    assert Z[0, 0] == 3.0
    with pytest.raises(ValueError, match=r"not invertible for 3\.0, in column 0.*lost how far"):
        scaler.inverse_transform(Z)


@pytest.mark.parametrize("infinite", [np.inf, -np.inf])
def test_infinity_is_an_error(infinite):
    """Not a value at the bound: in a fit, a stream, a transform and on the way back."""
    data = X.copy()
    data[3, 2] = infinite
    scaler = SquashScaler().fit(X)
    before = pickle.dumps(scaler)
    acts = [scaler.fit, scaler.partial_fit, scaler.transform, scaler.inverse_transform]
    for act in (*acts, lambda x: scaler.partial_fit(x[3:4]), scaler.fit_transform):
        with pytest.raises(ValueError, match=r"infinity.*in column 2"):
            act(data)
    assert pickle.dumps(scaler) == before


def test_deviations_have_no_way_back():
    with pytest.raises(ValueError, match="the scaler is not linear"):
        SquashScaler().fit(X).inverse_transform_std(np.ones((1, 3)))


# Streams, merges, laws


@pytest.mark.parametrize("cuts", [[1], [0, 7, 7, 40]])
def test_parts_are_the_whole(cuts):
    laws.scaler_split_equals_whole(SquashScaler, X, cuts, 3)
    laws.scaler_merge_is_commutative_and_associative(SquashScaler, X, [10, 41])
    laws.scaler_merge_with_nothing_changes_nothing(SquashScaler, X)


def test_a_long_stream_stays_within_its_rank_error():
    data = RNG.permutation(np.arange(1e5))[:, None]
    scaler = SquashScaler()
    for batch in np.split(data, 40):
        scaler.partial_fit(batch)
    assert 0 < scaler.rank_error_ <= 1e-3
    assert abs(scaler.center_[0] - 49_999.5) <= 100
    assert abs(scaler.scale_[0] - 49_999.5) <= 200


def test_laws_that_hold_for_any_map():
    weight = np.arange(90) % 3
    laws.use_changes_nothing(SquashScaler, X)
    laws.weight_zero_is_absence(SquashScaler, X, weight.astype(float))
    laws.scaler_integer_weight_repeats(SquashScaler, X, weight)
    laws.scaler_columns_are_independent(SquashScaler, X, [2, 0, 1])
    laws.container_leaves_no_trace(SquashScaler, X)
    laws.scaler_survives_copies(SquashScaler, X)
    laws.power_of_two_moves_exactly(SquashScaler, X, -400)


def test_known_statistics():
    scaler = SquashScaler.from_stats(center=[3.0, 1.0], scale=[2.0, 4.0], bound=4.0)
    np.testing.assert_allclose(scaler.transform([[9.0, 1.0]]), [[2.4, 0.0]], 1e-15)
    with pytest.raises(ValueError, match="no data can be added"):
        scaler.partial_fit([[1.0, 2.0]])
    for wrong in ({"center": 1.0, "scale": 0.0}, {"center": np.nan, "scale": 1.0}):
        with pytest.raises(ValueError, match="Column 0 has"):
            SquashScaler.from_stats(**wrong)


@pytest.mark.parametrize("bound", [0, -1.0, np.inf, np.nan, "3"])
def test_wrong_bounds_are_refused(bound):
    with pytest.raises(ValueError, match="bound"):
        SquashScaler(bound).fit(X)


def test_sparse_data_are_refused():
    for act in (SquashScaler().fit, SquashScaler().fit(X).transform):
        with pytest.raises(SparseDataError, match="pass a dense array"):
            act(sparse.csr_array(np.eye(3)))


# Integers beyond 2**53

SMALL = np.array([[0, 70], [1, 10], [2, 0], [700, 3], [45, 44]])
PLACES = [2**60, -(2**61) + 12345, 1_700_000_000_000_000_000]


@pytest.mark.parametrize("place", PLACES)
def test_wide_integers_are_mapped_as_their_differences(place):
    data = SMALL + place
    expected = SquashScaler().fit_transform(SMALL)
    scaler = SquashScaler().fit(data)
    Z = scaler.transform(data)
    np.testing.assert_allclose(Z, expected, 1e-13, 1e-13)
    assert_same_bits(scaler.transform(data[:1]), Z[:1])
    exact = data.astype(np.float64)
    assert np.abs(scaler.inverse_transform(Z) - exact).max() <= np.spacing(np.abs(exact)).max()
    one = scaler.inverse_transform(Z[:, [1]], columns=[1])
    assert_same_bits(one, scaler.inverse_transform(Z)[:, [1]])
    stream = SquashScaler().partial_fit(data[:2]).partial_fit(data[2:])
    np.testing.assert_allclose(stream.transform(data), expected, 1e-13, 1e-13)
    merged = SquashScaler().fit(data[:2]).merge(SquashScaler().fit(data[2:]))
    np.testing.assert_allclose(merged.transform(data), expected, 1e-13, 1e-13)
    twin = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler))
    assert_same_bits(twin.transform(data), Z)
    session = onnxruntime.InferenceSession(to_onnx(scaler, data).SerializeToString())
    np.testing.assert_allclose(session.run(None, {"X": data})[0], Z, 1e-13, 1e-13)


def test_wide_integers_after_known_statistics():
    """The center is an integer beyond 2**53, and is told exactly."""
    center = 2**60 + 1
    scaler = SquashScaler.from_stats(center=[center], scale=[2.0])
    np.testing.assert_allclose(scaler.transform([[center + 6]]), [[curve(3.0)]], 1e-15)


# Output, copies, graphs


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_in_and_out(frame):
    data = frame(dict(zip("abc", X.T, strict=True)))
    scaler = SquashScaler().set_output(transform=frame.__module__.partition(".")[0]).fit(data)
    Z = scaler.transform(data)
    assert isinstance(Z, frame)
    back = scaler.inverse_transform(Z[["a", "c"]])
    assert isinstance(back, frame)
    np.testing.assert_allclose(np.asarray(back), X[:, [0, 2]], 1e-11)


def test_dtype_and_copy():
    expected = SquashScaler().fit(X).transform(X)
    assert_same_bits(SquashScaler(dtype="float32").fit(X).transform(X), expected.astype(np.float32))
    given_ = X.copy()
    assert SquashScaler(copy=False).fit(X).transform(given_) is given_
    assert_same_bits(given_, expected)
    short = X.astype(np.float32)
    assert SquashScaler().fit_transform(short).dtype == np.float32


def test_copies_are_the_same_and_go_on():
    scaler = SquashScaler().fit(X)
    text = json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False)
    after = SquashScaler().fit(X).partial_fit(X[:9])
    for twin in (pickle.loads(pickle.dumps(scaler)), sklearn_norm.from_dict(json.loads(text))):
        assert_same_state(twin, scaler)
        assert_same_bits(twin.transform(X), scaler.transform(X))
        assert_same_bits(read_scaler(twin.partial_fit(X[:9])), read_scaler(after))


AFFINE = ("estimator", "state", "affine")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((*AFFINE, "before", "center"), THREE, "affine.before.center"),
        ((*AFFINE, "before"), 3, "estimator.state"),
        ((*AFFINE, "first", "bound"), -3.0, "affine.first.bound: must be a finite number above 0"),
        ((*AFFINE, "first", "bound"), 4.0, "affine.first.bound: is 4.0, but"),
    ],
)
def test_a_spoilt_document_is_refused_with_its_place(path, value, message):
    with pytest.raises(FormatError, match=message):
        sklearn_norm.from_dict(changed(document_of(SquashScaler().fit(X)), path, value))


@pytest.mark.parametrize("bound", [3.0, 0.5])
def test_onnx_gives_the_same_there_and_back(bound):
    scaler = SquashScaler(bound).fit(X)
    Z = scaler.transform(X)
    for estimator, given_, expected in (
        (scaler, X, Z),
        (inverse(scaler), Z, scaler.inverse_transform(Z)),
    ):
        model = to_onnx(estimator, given_[:1])
        found = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": given_})
        np.testing.assert_allclose(found[0], expected, 1e-13)


def test_a_graph_of_short_floats_warns_of_columns_that_they_do_not_hold():
    scaler = SquashScaler().fit([[1.7e9 - 100, 1.0], [1.7e9 + 100, 2.0]])
    with pytest.warns(UserWarning, match=r"float32 does not hold the data of feature 0, of center"):
        to_onnx(scaler, np.zeros((1, 2), dtype=np.float32))


@pytest.mark.share(0.5, each_value=False)
@parametrize_with_checks([SquashScaler(), SquashScaler(bound=0.5)])
def test_sklearn_checks(estimator, check):
    check(estimator)
