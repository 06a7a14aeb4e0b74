"""MinMaxScaler: ranges by hand, exact bounds, known ranges, clipping."""

from __future__ import annotations

from fractions import Fraction

import joblib
import numpy as np
import pandas as pd
import pytest
from budget import times
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from sklearn_norm import MinMaxScaler

X = np.array([[1.0, 100.0], [2.0, 200.0], [5.0, 500.0]])
RANGES = [(0, 1), (-1, 1), (-1.5, 1.2), (0.1, 0.7), (-0.3, 0.1), (1e-3, 1e3), (1.1, 1.3), (-7, 3)]
numbers = st.floats(-1e12, 1e12) | st.floats(allow_nan=False, allow_infinity=False)


def test_unit_range_by_hand():
    """1, 2, 5 become 0, 0.25, 1, and every attribute follows from the extrema."""
    scaler = MinMaxScaler()
    np.testing.assert_array_equal(scaler.fit_transform(X), [[0.0, 0.0], [0.25, 0.25], [1.0, 1.0]])
    np.testing.assert_array_equal(scaler.data_min_, [1.0, 100.0])
    np.testing.assert_array_equal(scaler.data_max_, [5.0, 500.0])
    np.testing.assert_array_equal(scaler.data_range_, [4.0, 400.0])
    np.testing.assert_array_equal(scaler.scale_, [0.25, 0.0025])
    np.testing.assert_array_equal(scaler.min_, [-0.25, -0.25])
    assert scaler.n_features_in_ == 2
    assert scaler.n_samples_seen_ == 3
    assert isinstance(scaler.n_samples_seen_, int)
    np.testing.assert_array_equal(scaler.constant_features_, [])
    np.testing.assert_array_equal(scaler.inverse_transform([[0.5, -1.0]]), [[3.0, -300.0]])


def test_feature_range_by_hand():
    """Into (-1, 3): 1, 2, 5 become -1, 0, 3; new values go on along the line."""
    scaler = MinMaxScaler((-1, 3))
    np.testing.assert_array_equal(scaler.fit_transform(X)[:, 0], [-1.0, 0.0, 3.0])
    np.testing.assert_array_equal(scaler.transform([[6.0, 0.0]]), [[4.0, -2.0]])
    np.testing.assert_array_equal(scaler.scale_, [1.0, 0.01])
    np.testing.assert_array_equal(scaler.min_, [-2.0, -2.0])
    np.testing.assert_array_equal(scaler.inverse_transform([[4.0, -2.0]]), [[6.0, 0.0]])


def test_feature_range_per_feature():
    """Each feature gets its own range."""
    scaler = MinMaxScaler(feature_range=([0, -10], [1, 10]))
    np.testing.assert_array_equal(scaler.fit_transform(X), [[0, -10], [0.25, -5], [1, 10]])


def test_constant_feature_lands_on_the_lower_bound():
    """A constant is centred and not scaled: it maps to the minimum, others by distance."""
    scaler = MinMaxScaler((2, 3)).fit([[7.0], [7.0]])
    np.testing.assert_array_equal(scaler.transform([[7.0], [7.5]]).ravel(), [2.0, 2.5])
    np.testing.assert_array_equal(scaler.constant_features_, [0])
    np.testing.assert_array_equal(scaler.inverse_transform([[2.0], [2.5]]).ravel(), [7.0, 7.5])


def test_constant_features_by_name():
    """The constant features of a DataFrame are named."""
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 3.0], "c": [np.nan, 1.0]})
    scaler = MinMaxScaler().fit(frame)
    assert scaler.constant_features_.tolist() == ["b", "c"]
    np.testing.assert_array_equal(scaler.n_samples_seen_, [2, 2, 1])


def test_weights_of_zero_leave_rows_out():
    """A row without weight does not move the extrema; n_samples_seen_ is the weight."""
    scaler = MinMaxScaler().fit([[0.0], [1.0], [100.0]], sample_weight=[1, 2.5, 0])
    assert scaler.data_max_[0] == 1.0
    assert scaler.n_samples_seen_ == 3.5


def test_clip():
    """clip=True cuts what leaves the range, and keeps NaN."""
    scaler = MinMaxScaler((-1, 1), clip=True).fit([[0.0], [10.0]])
    Z = scaler.transform([[-5.0], [5.0], [25.0], [np.nan]])
    np.testing.assert_array_equal(Z.ravel(), [-1.0, 0.0, 1.0, np.nan])


def test_clip_with_a_constant_feature():
    """A constant feature is clipped as well."""
    scaler = MinMaxScaler(clip=True).fit([[7.0], [7.0]])
    np.testing.assert_array_equal(scaler.transform([[6.0], [9.0]]).ravel(), [0.0, 1.0])


def test_clip_float32_and_sparse():
    """Clipping holds for every dtype and for stored members."""
    scaler = MinMaxScaler((0.1, 0.7), clip=True).fit([[0.0], [1.0]])
    Z = scaler.transform(np.array([[-1.0], [2.0]], dtype=np.float32))
    np.testing.assert_array_equal(Z.ravel(), np.array([0.1, 0.7], dtype=np.float32))
    scaler = MinMaxScaler(clip=True).fit([[0.0], [2.0]])
    Z = scaler.transform(sparse.csr_matrix([[0.0], [1.0], [4.0], [-3.0]]))
    assert Z.toarray().ravel().tolist() == [0.0, 0.5, 1.0, 0.0]


def test_data_range_one_pair():
    """Camera pixels: 0 to 255, whatever the data are."""
    scaler = MinMaxScaler(data_range=(0, 255)).fit([[51.0, 102.0], [51.0, 204.0]])
    np.testing.assert_array_equal(scaler.transform([[51.0, 255.0]]), [[0.2, 1.0]])
    np.testing.assert_array_equal(scaler.data_min_, [0.0, 0.0])
    np.testing.assert_array_equal(scaler.data_max_, [255.0, 255.0])
    np.testing.assert_array_equal(scaler.data_range_, [255.0, 255.0])
    assert scaler.constant_features_.tolist() == []  # what is divided is not constant


def test_data_range_arrays():
    """An entry per feature."""
    scaler = MinMaxScaler(data_range=([0, 20], [10, 70])).fit(X)
    np.testing.assert_array_equal(scaler.transform([[5.0, 45.0]]), [[0.5, 0.5]])


def test_data_range_dict():
    """Named features ignore the data, the others follow them, now and in later batches."""
    frame = pd.DataFrame({"age": [30.0, 40.0], "income": [1.0, 3.0]})
    scaler = MinMaxScaler(data_range={"age": (20, 70)}).fit(frame)
    more = pd.DataFrame({"age": [90.0], "income": [5.0]})
    np.testing.assert_array_equal(scaler.transform(more), [[1.4, 2.0]])
    scaler.partial_fit(more)
    np.testing.assert_array_equal(scaler.data_min_, [20.0, 1.0])
    np.testing.assert_array_equal(scaler.data_max_, [70.0, 5.0])
    np.testing.assert_array_equal(scaler.transform(more), [[1.4, 1.0]])


def test_data_range_dict_by_index():
    """Without names the index of a feature stands for it."""
    scaler = MinMaxScaler(data_range={1: (0, 1000)}).fit(X)
    np.testing.assert_array_equal(scaler.transform([[5.0, 500.0]]), [[1.0, 0.5]])


def test_data_range_of_an_empty_column():
    """A known range scales a column of which nothing was seen."""
    scaler = MinMaxScaler(data_range={0: (0, 10)}).fit([[np.nan, np.nan], [np.nan, np.nan]])
    np.testing.assert_array_equal(scaler.transform([[5.0, 5.0]]), [[0.5, np.nan]])


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"feature_range": (1, 0)}, r"\(1\.0, 0\.0\) for feature 0: correct `feature_range`"),
        ({"feature_range": (1, 1)}, r"\(1\.0, 1\.0\) for feature 0: correct `feature_range`"),
        ({"feature_range": (0, np.inf)}, r"both finite.*`feature_range`"),
        ({"feature_range": (np.nan, 1)}, r"`feature_range`"),
        ({"feature_range": ([0, 1], [1, 0.5])}, r"\(1\.0, 0\.5\) for feature 1"),
        ({"feature_range": ([0, 1, 2], 5)}, r"`feature_range` must be a pair.*2 features"),
        ({"feature_range": (0, 1, 2)}, r"`feature_range` must be a pair"),
        ({"feature_range": ("a", 1)}, r"`feature_range` must be a pair"),
        ({"feature_range": [0, 1]}, r"'feature_range' parameter.*must be an instance of 'tuple'"),
        ({"data_range": (5, 5)}, r"\(5\.0, 5\.0\) for feature 0: correct `data_range`"),
        ({"data_range": (0, np.inf)}, r"both finite.*`data_range`"),
        ({"data_range": (np.nan, 1)}, r"`data_range`"),
        ({"data_range": ([0, 9], [1, 5])}, r"\(9\.0, 5\.0\) for feature 1"),
        ({"data_range": ([0, 1, 2], 5)}, r"`data_range` must be a pair"),
        ({"data_range": {0: (3, 1)}}, r"\(3\.0, 1\.0\) for feature 0: correct `data_range`"),
        ({"data_range": {0: 3}}, r"`data_range\[0\]` must be a pair"),
        ({"data_range": {"z": (0, 1)}}, r"Column 'z' was not seen in fit"),
        ({"data_range": {2: (0, 1)}}, r"Column 2 was not seen in fit.*indices 0 to 1"),
        ({"data_range": 3}, "'data_range' parameter"),
        ({"clip": "yes"}, "'clip' parameter"),
        ({"copy": "yes"}, "'copy' parameter"),
    ],
)
def test_wrong_parameters(given_, message):
    """A wrong parameter is named with its value and the feature, and nothing is fitted."""
    scaler = MinMaxScaler(**given_)
    before = joblib.hash(vars(scaler))
    with pytest.raises(ValueError, match=message):
        scaler.fit(X)
    assert joblib.hash(vars(scaler)) == before


def test_sparse_zeros_that_would_move():
    """The message names the parameters to change."""
    scaler = MinMaxScaler()
    data = sparse.csr_matrix([[1.0], [2.0]])
    scaler.fit(data)
    with pytest.raises(ValueError, match="`feature_range` and `data_range`"):
        scaler.transform(data)
    Z = MinMaxScaler().fit_transform(sparse.csr_matrix([[0.0], [4.0], [1.0]]))
    assert Z.toarray().ravel().tolist() == [0.0, 1.0, 0.25]


@settings(max_examples=times(30, 300))
@given(
    values=st.lists(numbers, min_size=1, max_size=8),
    limits=st.sampled_from(RANGES)
    | st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)).filter(lambda r: r[0] < r[1]),
    dtype=st.sampled_from([np.float64, np.float32]),
)
def test_training_rows_lie_in_the_range_and_hit_its_bounds(values, limits, dtype):
    """Extrema map to the bounds to the bit, all else lies between, monotone."""
    limit = np.finfo(dtype).max / 2
    column = np.clip(np.array(values), -limit, limit).astype(dtype)[:, None]
    Z = MinMaxScaler(feature_range=limits).fit_transform(column)
    low, high = np.asarray(limits[0], dtype=dtype), np.asarray(limits[1], dtype=dtype)

    assert Z.dtype == dtype
    assert np.all(low <= Z)
    assert np.all(high >= Z)
    assert np.all(Z[column == column.min()] == low)
    if column.min() < column.max():
        assert np.all(Z[column == column.max()] == high)
    assert np.all(np.diff(Z[np.argsort(column.ravel(), kind="stable")].ravel()) >= 0)


@settings(max_examples=times(15, 100))
@given(
    values=st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=8),
    limits=st.sampled_from(RANGES),
)
def test_results_are_close_to_exact_arithmetic(values, limits):
    """The formula in fractions gives the same numbers, to a few roundings of the range."""
    low, high = Fraction(min(values)), Fraction(max(values))
    if low == high:
        return
    a, b = Fraction(limits[0]), Fraction(limits[1])
    expected = [float(a + (b - a) * (Fraction(v) - low) / (high - low)) for v in values]
    Z = MinMaxScaler(feature_range=limits).fit_transform(np.array(values)[:, None])
    np.testing.assert_allclose(
        Z.ravel(), expected, rtol=0, atol=2e-15 * max(abs(limits[0]), abs(limits[1]))
    )


@pytest.mark.parametrize("limits", RANGES)
def test_many_columns_hit_their_bounds(limits):
    """2000 random columns, in every layout: exact bounds for each."""
    data = np.random.default_rng(0).lognormal(0, 5, (20, 2000))
    for layout in (data, np.asfortranarray(data), np.repeat(data, 2, axis=0)[::2]):
        Z = MinMaxScaler(limits).fit_transform(layout)
        assert np.all(Z.min(axis=0) == limits[0])
        assert np.all(Z.max(axis=0) == limits[1])


@pytest.mark.parametrize("limits", RANGES)
def test_the_inverse_of_the_bounds_are_the_extrema(limits):
    """The bounds lead back to the extrema, to the last bits."""
    scaler = MinMaxScaler(limits).fit([[-3.7], [0.1], [12.9]])
    back = scaler.inverse_transform([[limits[0]], [limits[1]]]).ravel()
    assert back[0] == -3.7
    assert back[1] == pytest.approx(12.9, rel=1e-15)


def test_streaming_and_merging_equal_fit():
    """Batches and merges give the extrema of all rows."""
    whole = MinMaxScaler((-1, 1)).fit(X)
    streamed = MinMaxScaler((-1, 1)).partial_fit(X[:1]).partial_fit(X[1:])
    merged = MinMaxScaler((-1, 1)).fit(X[:1]).merge(MinMaxScaler((-1, 1)).fit(X[1:]))
    for other in (streamed, merged):
        np.testing.assert_array_equal(other.transform(X), whole.transform(X))
        assert other.n_samples_seen_ == 3


def test_merge_refuses_other_ranges():
    """The message names the parameter and both values."""
    with pytest.raises(ValueError, match=r"feature_range=\(0, 1\).*feature_range=\(0, 2\)"):
        MinMaxScaler().fit(X).merge(MinMaxScaler((0, 2)).fit(X))
    a = MinMaxScaler(data_range=(np.zeros(2), np.full(2, 9.0)))
    b = MinMaxScaler(data_range=(np.zeros(2), np.full(2, 8.0)))
    with pytest.raises(ValueError, match="data_range"):
        a.fit(X).merge(b.fit(X))


def test_two_ranges_of_one_feature_are_refused():
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    scaler = MinMaxScaler(data_range={"a": (0, 1), "b": (0, 9), 0: (0, 2)})
    with pytest.raises(ValueError, match=r"two ranges for feature 'a'.*\['a', 'b', 0\]"):
        scaler.fit(frame)
    assert not hasattr(scaler, "data_min_")
