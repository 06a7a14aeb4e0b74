"""ZScoreScaler: by hand, by exact arithmetic, and beside scikit-learn's StandardScaler."""

from fractions import Fraction
from itertools import product
from statistics import pvariance, variance

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.preprocessing import StandardScaler

from sklearn_norm import ZScoreScaler

X = np.array([[1.0, 10.0], [1.0, 10.0], [5.0, 10.0], [5.0, 10.0]])
FITTED = ("mean_", "var_", "scale_", "n_samples_seen_", "constant_features_")
PEER = 1e-12
thousandths = st.lists(
    st.integers(-(10**9), 10**9).map(lambda i: i / 1000), min_size=2, max_size=30
)


def root_of(square):
    return float(square) ** 0.5


# By hand and by exact arithmetic


def test_z_scores_by_hand():
    """1, 1, 5, 5 have mean 3 and deviation 2; a constant becomes 0."""
    scaler = ZScoreScaler()
    Z = scaler.fit_transform(X)
    assert Z.tolist() == [[-1, 0], [-1, 0], [1, 0], [1, 0]]
    assert scaler.mean_.tolist() == [3.0, 10.0]
    assert scaler.var_.tolist() == [4.0, 0.0]
    assert scaler.scale_.tolist() == [2.0, 1.0]
    assert scaler.n_features_in_ == 2
    assert scaler.constant_features_.tolist() == [1]
    assert scaler.transform([[7.0, 12.5]]).tolist() == [[2.0, 2.5]]
    assert scaler.inverse_transform([[2.0, -1.0]]).tolist() == [[7.0, 9.0]]


def test_ddof_1_by_hand():
    """The variance of 1, 2, 6 is 14/3 with ddof=0 and 7 with ddof=1."""
    for ddof, expected in ((0, 14 / 3), (1, 7.0)):
        scaler = ZScoreScaler(ddof=ddof).fit([[1.0], [2.0], [6.0]])
        assert scaler.var_.tolist() == [expected]
        assert scaler.scale_[0] == pytest.approx(expected**0.5, rel=1e-15)


@given(values=thousandths)
def test_mean_and_variance_are_those_of_the_statistics_module(values):
    """In rational numbers, for both values of ddof; z-scores follow."""
    exact = [Fraction(v) for v in values]
    column = np.array(values)[:, None]
    mean = sum(exact) / len(exact)
    for ddof, square in ((0, pvariance(exact)), (1, variance(exact))):
        scaler = ZScoreScaler(ddof=ddof).fit(column)
        assert abs(Fraction(scaler.mean_[0]) - mean) <= max(map(abs, exact)) / 2**52
        assert scaler.var_[0] == pytest.approx(float(square), rel=1e-14)
        if square:
            assert scaler.scale_[0] == pytest.approx(root_of(square), rel=1e-14)
            expected = [float(x - mean) / root_of(square) for x in exact]
            last = float(max(map(abs, exact))) / root_of(square) * 2.0**-52
            found = scaler.transform(column).ravel()
            np.testing.assert_allclose(found, expected, rtol=1e-14, atol=2 * last)


@given(values=thousandths, data=st.data())
def test_weighted_variance_has_the_weight_less_ddof_below(values, data):
    """Σw (x - mean)² / (Σw - ddof), in rational numbers; without correction up to ddof."""
    size = len(values)
    weight = data.draw(
        st.lists(st.sampled_from([0.125, 0.5, 1.0, 2.75]), min_size=size, max_size=size)
    )
    x, w = [Fraction(v) for v in values], [Fraction(v) for v in weight]
    total = sum(w)
    mean = sum(a * b for a, b in zip(w, x, strict=True)) / total
    square = sum(a * (b - mean) ** 2 for a, b in zip(w, x, strict=True))
    for ddof in (0, 1):
        scaler = ZScoreScaler(ddof=ddof).fit(np.array(values)[:, None], sample_weight=weight)
        expected = square / (total - ddof if total > ddof else total)
        assert scaler.var_[0] == pytest.approx(float(expected), rel=1e-13)
        assert scaler.n_samples_seen_ == float(total)


@pytest.mark.parametrize(
    ("weight", "expected"),
    [([0.5, 0.5], 1.0), ([0.25, 0.25], 1.0), ([1.0, 1.0], 2.0), ([0.75, 0.75], 3.0)],
)
def test_a_weight_of_at_most_ddof_is_not_corrected(weight, expected):
    """1 and 3: Σw is divided by Σw - 1 where that is positive, else by Σw."""
    scaler = ZScoreScaler(ddof=1).fit([[1.0], [3.0]], sample_weight=weight)
    assert scaler.var_.tolist() == [expected]
    assert scaler.scale_.tolist() == [expected**0.5]


@pytest.mark.parametrize("ddof", [0, 1])
def test_one_row_has_variance_0_and_scale_1(ddof):
    """A single row is a constant in every column, and moves others by their distance."""
    scaler = ZScoreScaler(ddof=ddof).fit([[3.0, -1.0]])
    assert scaler.var_.tolist() == [0.0, 0.0]
    assert scaler.scale_.tolist() == [1.0, 1.0]
    assert scaler.transform([[3.0, 0.0]]).tolist() == [[0.0, 1.0]]


# Constant columns


@pytest.mark.parametrize("value", [0.0, 0.1, -1e300, 14.62, 1e-310, 1.7e9])
@pytest.mark.parametrize("rows", [2, 1000, 3001])
def test_a_constant_column_is_centred_and_not_scaled(rows, value):
    """Its mean is the value itself, its variance 0, its scale 1."""
    scaler = ZScoreScaler().fit(np.full((rows, 1), value))
    assert (scaler.mean_[0], scaler.var_[0], scaler.scale_[0]) == (value, 0.0, 1.0)
    assert scaler.constant_features_.tolist() == [0]
    assert scaler.transform([[value], [value + 3.0]]).ravel().tolist() == [0.0, value + 3.0 - value]


@pytest.mark.parametrize("value", [1.0, 0.1, 1e15, 1.7e9, 1e-300, 1e300])
@pytest.mark.parametrize("rows", [2, 1000, 100_000])
def test_a_column_of_two_neighbouring_floats_is_scaled(rows, value):
    """No threshold: half the rows one float above the others lie two deviations apart."""
    column = np.full((rows, 1), value)
    column[::2] = np.nextafter(value, np.inf)
    scaler = ZScoreScaler().fit(column)
    assert scaler.constant_features_.size == 0
    step = float(np.spacing(value))
    assert scaler.scale_[0] == pytest.approx(step / 2, rel=1e-14)
    Z = scaler.transform(column).ravel()
    assert np.ptp(Z) == pytest.approx(2.0, rel=1e-14)


def test_one_row_that_differs_ends_the_constancy():
    """In the last batch of a stream, too."""
    scaler = ZScoreScaler().partial_fit(np.full((5000, 1), 0.1))
    assert scaler.constant_features_.tolist() == [0]
    scaler.partial_fit([[np.nextafter(0.1, 1.0)]])
    assert scaler.constant_features_.size == 0
    assert 0 < scaler.scale_[0] < 1e-17


def test_constant_features_are_indices_or_names():
    """Names where the data have them; a column without values is not constant."""
    frame = pd.DataFrame(
        {"a": [1.0, 2.0], "b": [3.0, 3.0], "c": [np.nan, 1.0], "d": [np.nan, np.nan]}
    )
    assert ZScoreScaler().fit(frame).constant_features_.tolist() == ["b", "c"]
    assert ZScoreScaler().fit(frame.to_numpy()).constant_features_.tolist() == [1, 2]


# Parameters and attributes


@pytest.mark.parametrize(("with_mean", "with_std"), list(product((True, False), repeat=2)))
def test_attributes_of_steps_left_out_are_those_of_standard_scaler(with_mean, with_std):
    """None where StandardScaler has None, and the same numbers elsewhere."""
    data = np.random.default_rng(0).normal(3.0, 2.0, (50, 3))
    ours, theirs = (
        kind(with_mean=with_mean, with_std=with_std).fit(data)
        for kind in (ZScoreScaler, StandardScaler)
    )
    for name in ("mean_", "var_", "scale_"):
        found, expected = getattr(ours, name), getattr(theirs, name)
        assert (found is None) == (expected is None), name
        if expected is not None:
            np.testing.assert_allclose(found, expected, PEER, err_msg=name)
    np.testing.assert_allclose(ours.transform(data), theirs.transform(data), PEER, PEER)
    np.testing.assert_allclose(ours.inverse_transform(data), theirs.inverse_transform(data), PEER)


@pytest.mark.parametrize("name", FITTED)
def test_fitted_attributes_cannot_be_set_and_are_absent_before_fit(name):
    """They are views on what was measured."""
    scaler = ZScoreScaler()
    assert not hasattr(scaler, name)
    scaler.fit(X)
    assert hasattr(scaler, name)
    with pytest.raises(AttributeError):
        setattr(scaler, name, np.zeros(2))
    assert scaler.mean_.tolist() == [3.0, 10.0]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"ddof": 2}, "'ddof' parameter.*Got 2"),
        ({"ddof": -1}, "'ddof' parameter.*Got -1"),
        ({"ddof": 0.5}, "'ddof' parameter.*Got 0.5"),
        ({"with_mean": "yes"}, "'with_mean' parameter.*Got 'yes'"),
        ({"with_std": 2}, "'with_std' parameter.*Got 2"),
        ({"copy": "no"}, "'copy' parameter.*Got 'no'"),
    ],
)
def test_a_wrong_parameter_is_named_with_its_value(given_, message):
    """In fit and in partial_fit, and nothing is fitted."""
    for method in ("fit", "partial_fit"):
        scaler = ZScoreScaler(**given_)
        with pytest.raises(ValueError, match=message):
            getattr(scaler, method)(X)
        assert vars(scaler).keys() == ZScoreScaler().get_params().keys()


def test_copy_false_overwrites_floats_and_copy_true_nothing():
    """In either layout; integers cannot be overwritten."""
    for order, dtype in product("CF", (np.float32, np.float64)):
        data = np.array(X, order=order, dtype=dtype)
        scaler = ZScoreScaler(copy=False).fit(data)
        assert data.tolist() == X.tolist()
        Z = scaler.transform(data)
        assert np.shares_memory(Z, data)
        assert data[:, 0].tolist() == [-1.0, -1.0, 1.0, 1.0]
        assert np.shares_memory(scaler.inverse_transform(Z), data)
        assert data.tolist() == X.tolist()
        assert not np.shares_memory(scaler.transform(data, copy=True), data)
        assert data.tolist() == X.tolist()
    whole = X.astype(np.int64)
    assert not np.shares_memory(ZScoreScaler(copy=False).fit_transform(whole), whole)
    assert whole.tolist() == X.tolist()


# Missing values and weights


def test_nan_is_absent_in_fit_and_kept_in_transform():
    """Each column counts its own values."""
    data = np.array([[1.0, np.nan, np.nan], [np.nan, 4.0, np.nan], [5.0, 6.0, np.nan]])
    scaler = ZScoreScaler().fit(data)
    np.testing.assert_array_equal(scaler.mean_, [3.0, 5.0, np.nan])
    np.testing.assert_array_equal(scaler.var_, [4.0, 1.0, np.nan])
    assert scaler.n_samples_seen_.tolist() == [2, 2, 0]
    Z = scaler.transform(data)
    nan = np.nan
    np.testing.assert_array_equal(Z, [[-1.0, nan, nan], [nan, -1.0, nan], [1.0, 1.0, nan]])
    scaler.partial_fit([[3.0, 5.0, 8.0]])
    assert scaler.n_samples_seen_.tolist() == [3, 3, 1]
    assert scaler.mean_.tolist() == [3.0, 5.0, 8.0]


def test_n_samples_seen_is_a_number_or_an_array():
    """int for whole weights, float for others, an array where columns differ."""
    gap = X.copy()
    gap[0, 1] = np.nan
    seen = ZScoreScaler().fit(X).n_samples_seen_
    assert (seen, type(seen)) == (4, int)
    seen = ZScoreScaler().fit(X).partial_fit(X).n_samples_seen_
    assert (seen, type(seen)) == (8, int)
    seen = ZScoreScaler().fit(X, sample_weight=[0, 1, 2, 5]).n_samples_seen_
    assert (seen, type(seen)) == (8, int)
    seen = ZScoreScaler().fit(X, sample_weight=[0.5, 1, 2, 5]).n_samples_seen_
    assert (seen, type(seen)) == (8.5, float)
    seen = ZScoreScaler().fit(gap).n_samples_seen_
    assert (seen.tolist(), seen.dtype) == ([4, 3], np.int64)
    seen = ZScoreScaler().fit(gap, sample_weight=[0.5, 1, 2, 5]).n_samples_seen_
    assert (seen.tolist(), seen.dtype) == ([8.5, 8.0], np.float64)


def test_weights_by_hand():
    """1 with weight 3 and 5 with weight 1: mean 2, variance 3, or 4 with ddof=1."""
    for ddof, expected in ((0, 3.0), (1, 4.0)):
        scaler = ZScoreScaler(ddof=ddof)
        scaler.fit([[1.0], [5.0], [99.0]], sample_weight=[3, 1, 0])
        assert scaler.mean_.tolist() == [2.0]
        assert scaler.var_.tolist() == [expected]
        streamed = ZScoreScaler(ddof=ddof).partial_fit([[1.0]], sample_weight=[3])
        streamed.partial_fit([[5.0]], sample_weight=[1])
        assert (streamed.mean_.tolist(), streamed.var_.tolist()) == ([2.0], [expected])


# Sparse data


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "form", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix]
)
def test_sparse_data_without_centring_are_scaled_as_dense_ones(form, dtype, weighted):
    """The same scale; the format, the dtype and the places of the members are kept."""
    rng = np.random.default_rng(1)
    dense = np.where(rng.random((200, 5)) < 0.3, rng.normal(2, 1, (200, 5)), 0).astype(dtype)
    dense[:, 1], dense[:, 2], dense[3, 3] = 0.0, 7.0, np.nan
    weight = rng.random(200) + 0.1 if weighted else None
    data = form(dense)
    before = data.copy()
    scaler = ZScoreScaler(with_mean=False).fit(data, sample_weight=weight)
    expected = ZScoreScaler(with_mean=False).fit(dense, sample_weight=weight)
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        np.testing.assert_allclose(getattr(scaler, name), getattr(expected, name), 1e-12)
    assert scaler.constant_features_.tolist() == [1, 2]
    Z = scaler.transform(data)
    assert (type(Z), Z.dtype, Z.nnz) == (form, dtype, data.nnz)
    last = np.finfo(dtype).eps
    np.testing.assert_allclose(Z.toarray(), expected.transform(dense), 2 * last)
    back = scaler.inverse_transform(Z)
    assert (type(back), back.dtype) == (form, dtype)
    np.testing.assert_allclose(back.toarray(), dense, 4 * last)
    np.testing.assert_array_equal(data.toarray(), before.toarray())


def test_sparse_batches_stream_like_dense_ones():
    """partial_fit of CSR and CSC and a merge equal one fit."""
    dense = np.random.default_rng(2).poisson(0.7, (90, 4)).astype(np.float64)
    a, b, c = np.split(dense, 3)
    scaler = ZScoreScaler(with_mean=False).partial_fit(sparse.csr_array(a))
    scaler.partial_fit(sparse.csc_array(b))
    scaler = scaler.merge(ZScoreScaler(with_mean=False).fit(c))
    expected = ZScoreScaler(with_mean=False).fit(dense)
    np.testing.assert_allclose(scaler.scale_, expected.scale_, PEER)
    np.testing.assert_allclose(scaler.mean_, expected.mean_, PEER)


def test_centring_sparse_data_is_an_error_that_names_the_parameter():
    """In fit, partial_fit, transform and inverse_transform."""
    data, fitted = sparse.csr_array(X), ZScoreScaler().fit(X)
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=r"Cannot center sparse matrices.*`with_mean=False`"):
            getattr(ZScoreScaler(), method)(data)
    for method in ("partial_fit", "transform", "inverse_transform"):
        with pytest.raises(ValueError, match="`with_mean=False`"):
            getattr(fitted, method)(data)


# Errors


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array, sparse.csc_array, pd.DataFrame])
def test_infinity_is_an_error_that_names_the_column(make, infinity):
    """In every method; the scaler stays as it was."""
    wrong = X.copy()
    wrong[2, 1], wrong[3, 1] = infinity, np.nan
    data, names = make(wrong), "1"
    if make is pd.DataFrame:
        data.columns, names = ["width", "height"], "'height'"
    good = pd.DataFrame(X, columns=["width", "height"]) if make is pd.DataFrame else X
    scaler = ZScoreScaler(with_mean=False).fit(good)
    before = joblib.hash(scaler)
    for method in ("fit", "partial_fit", "transform", "inverse_transform"):
        with pytest.raises(ValueError, match=f"infinity.*in column {names}[.]"):
            getattr(scaler, method)(data)
    with pytest.raises(ValueError, match=f"infinity.*in column {names}[.]"):
        scaler.partial_fit(data, sample_weight=[1, 2, 3, 4])
    assert joblib.hash(scaler) == before


# Beside StandardScaler


@pytest.fixture
def ordinary():
    rng = np.random.default_rng(3)
    return rng.normal(rng.normal(0, 10, 8), rng.lognormal(0, 1, 8), (2500, 8))


def assert_like(ours, theirs, data):
    for name in ("mean_", "var_", "scale_", "n_samples_seen_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), PEER, err_msg=name)
    Z = theirs.transform(data)
    np.testing.assert_allclose(ours.transform(data), Z, PEER, PEER)
    np.testing.assert_allclose(
        ours.inverse_transform(Z), theirs.inverse_transform(Z), PEER, 100 * PEER
    )


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_ordinary_data_are_scaled_as_by_standard_scaler(weighted, missing, ordinary):
    """To 1e-12, whole and streamed."""
    rng = np.random.default_rng(4)
    if missing:
        ordinary[rng.random(ordinary.shape) < 0.1] = np.nan
    weight = rng.integers(1, 5, 2500).astype(np.float64) if weighted else np.ones(2500)
    given_ = {"sample_weight": weight} if weighted else {}
    assert_like(
        ZScoreScaler().fit(ordinary, **given_), StandardScaler().fit(ordinary, **given_), ordinary
    )
    ours, theirs = ZScoreScaler(), StandardScaler()
    for rows in np.array_split(np.arange(2500), 7):
        given_ = {"sample_weight": weight[rows]} if weighted else {}
        ours.partial_fit(ordinary[rows], **given_)
        theirs.partial_fit(ordinary[rows], **given_)
    assert_like(ours, theirs, ordinary)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_are_scaled_as_by_standard_scaler(form):
    """To 1e-12, with_mean=False."""
    rng = np.random.default_rng(5)
    data = form(np.where(rng.random((500, 6)) < 0.2, rng.random((500, 6)), 0.0))
    ours, theirs = (kind(with_mean=False).fit(data) for kind in (ZScoreScaler, StandardScaler))
    np.testing.assert_allclose(ours.scale_, theirs.scale_, PEER)
    Z, expected = ours.transform(data), theirs.transform(data)
    assert Z.format == data.format  # StandardScaler turns CSC into CSR
    np.testing.assert_allclose(Z.toarray(), expected.toarray(), PEER)


@pytest.mark.parametrize("kind", [list, np.float16, np.float32, np.int64, bool])
def test_dtypes_come_out_as_those_of_standard_scaler(kind):
    """Floats keep their dtype, all else becomes float64."""
    data = X.tolist() if kind is list else X.astype(kind)
    Z, expected = (s().fit(data).transform(data) for s in (ZScoreScaler, StandardScaler))
    assert Z.dtype == expected.dtype
    np.testing.assert_allclose(Z, expected, PEER)
