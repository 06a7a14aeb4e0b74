import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from sklearn_norm.statistics.extrema import Extrema

MEMBERS = st.floats(allow_infinity=False, width=64)  # NaN, subnormals and ±1.7e308 too


@given(members=st.lists(MEMBERS, min_size=1, max_size=40), cut=st.integers(0, 40))
def test_extrema_are_those_of_python(members, cut):
    """Extrema are the min and max of what is present, streamed or not."""
    present = [x for x in members if x == x]
    X = np.array(members)[:, None]
    for found in (Extrema.measure(X), Extrema.measure(X[:cut]).merge(Extrema.measure(X[cut:]))):
        assert found.weight[0] == len(present)
        assert found.low[0] == (min(present) if present else np.inf)
        assert found.high[0] == (max(present) if present else -np.inf)


def test_extrema_of_hand_computed_columns():
    """Low, high, weight and max_abs of two small columns."""
    found = Extrema.measure(np.array([[-3.0, np.nan], [2.0, 7.0], [1.0, np.nan]]))
    assert found.low.tolist() == [-3.0, 7.0]
    assert found.high.tolist() == [2.0, 7.0]
    assert found.weight.tolist() == [3.0, 1.0]
    assert found.max_abs.tolist() == [3.0, 7.0]
    assert found.is_constant.tolist() == [False, True]


def test_extrema_of_nothing():
    """Without members the weight is 0 and max_abs NaN."""
    found = Extrema.measure(np.full((4, 1), np.nan))
    assert (found.weight[0], found.low[0], found.high[0]) == (0.0, np.inf, -np.inf)
    assert np.isnan(found.max_abs[0])
    assert not found.is_constant[0]


def test_zeros_have_one_sign():
    """-0.0 and 0.0 are the same extremum, with the same bits."""
    for zeros in ([0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0]):
        found = Extrema.measure(np.array(zeros)[:, None])
        assert not np.signbit([found.low[0], found.high[0]]).any()


def test_infinities_show_in_the_extrema():
    """The kernels pass infinity on: the caller refuses it."""
    found = Extrema.measure(np.array([[1.0], [np.inf], [-np.inf]]))
    assert (found.low[0], found.high[0]) == (-np.inf, np.inf)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_extrema_of_short_floats_are_exact(dtype):
    """Extrema of float16 and float32 are theirs, as float64."""
    X = np.array([[0.1], [1e-7], [-300.0]], dtype=dtype)
    found = Extrema.measure(X)
    assert found.low.dtype == np.float64
    assert (found.low[0], found.high[0]) == (float(X.min()), float(X.max()))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_extrema_of_sparse_columns_are_those_of_dense_ones(form, weighted):
    """Implicit zeros are members, stored NaN are not."""
    rng = np.random.default_rng(0)
    dense = np.where(rng.random((50, 6)) < 0.4, rng.normal(size=(50, 6)), 0.0)
    dense[:, 1] = 0.0
    dense[:, 2] = rng.random(50) + 1
    dense[:, 3] = np.nan
    dense[3, 4] = np.nan
    weight = rng.integers(1, 4, 50).astype(np.float64) if weighted else None
    found, expected = (Extrema.measure(X, weight) for X in (form(dense), dense))
    for name in ("weight", "low", "high"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
