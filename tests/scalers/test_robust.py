"""RobustScaler: quantiles by hand and by peers, the chain of fallbacks, streams in bounds."""

from __future__ import annotations

import pickle
from fractions import Fraction
from statistics import NormalDist

import inside
import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn import preprocessing

from sklearn_norm import RobustScaler
from sklearn_norm.exceptions import SparseDataError

NAN = np.nan
RANGES = [(25.0, 75.0), (10.0, 90.0), (0.0, 100.0), (0.0, 60.0), (33.3, 99.9), (5, 50)]
LIMIT = 256 * 1024  # bytes of a pickle per feature
X = np.array([[1.0, -10.0], [2.0, 30.0], [3.0, 10.0], [4.0, 20.0], [1000.0, 0.0]])


def normal_width(low, high):
    return NormalDist().inv_cdf(high / 100) - NormalDist().inv_cdf(low / 100)


def ordinary(rows, seed=0):
    rng = np.random.default_rng(seed)
    columns = (rng.normal(5, 2, rows), rng.lognormal(0, 2, rows), rng.integers(-9, 9, rows) / 4)
    return np.column_stack(columns)


def exact_quantile(values, percent):
    """Definition 7 of Hyndman and Fan, in fractions."""
    ordered = sorted(Fraction(v) for v in values)
    place = Fraction(percent) / 100 * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


# One fit


def test_five_values_by_hand():
    """Medians 3 and 10, quartiles 2 to 4 and 0 to 20; an outlier stays an outlier."""
    scaler = RobustScaler()
    Z = scaler.fit_transform(X)
    assert scaler.center_.tolist() == [3.0, 10.0]
    assert scaler.scale_.tolist() == [2.0, 20.0]
    assert Z.tolist() == [[-1.0, -1.0], [-0.5, 1.0], [0.0, 0.0], [0.5, 0.5], [498.5, -0.5]]
    assert scaler.scale_source_.tolist() == ["quantile_range"] * 2
    assert scaler.rank_error_ == 0.0
    assert scaler.n_samples_seen_ == 5
    assert scaler.constant_features_.tolist() == []
    assert scaler.inverse_transform([[1.5, -2.0]]).tolist() == [[6.0, -30.0]]


@pytest.mark.parametrize("unit_variance", [False, True])
@pytest.mark.parametrize("quantile_range", RANGES)
@pytest.mark.parametrize("rows", [5, 38, 1001, 5000])
def test_fit_equals_numpy_and_sklearn(rows, quantile_range, unit_variance):
    """Medians and widths are those of np.quantile and of scikit-learn's RobustScaler."""
    data = ordinary(rows)
    scaler = RobustScaler(quantile_range=quantile_range, unit_variance=unit_variance).fit(data)
    low, median, high = np.quantile(
        data, np.array([quantile_range[0], 50, quantile_range[1]]) / 100, axis=0
    )
    width = 1.0
    if unit_variance and quantile_range[0] > 0 and quantile_range[1] < 100:
        width = normal_width(*quantile_range)
    np.testing.assert_array_equal(scaler.center_, median)
    np.testing.assert_allclose(scaler.scale_, (high - low) / width, 1e-14)
    if width == 1.0 and unit_variance:
        return  # scikit-learn divides an endless width by infinity
    theirs = preprocessing.RobustScaler(quantile_range=quantile_range, unit_variance=unit_variance)
    np.testing.assert_array_equal(scaler.center_, theirs.fit(data).center_)
    np.testing.assert_allclose(scaler.scale_, theirs.scale_, 1e-14)
    np.testing.assert_allclose(scaler.transform(data), theirs.transform(data), 1e-13, 1e-14)


@given(
    values=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=12),
    quantile_range=st.sampled_from(RANGES),
)
def test_fit_equals_exact_quantiles(values, quantile_range):
    """Definition 7 in fractions, to a few last bits of the largest value."""
    scaler = RobustScaler(quantile_range=quantile_range).fit(np.array(values)[:, None])
    low, median, high = (
        exact_quantile(values, p) for p in (quantile_range[0], 50, quantile_range[1])
    )
    rounding = 4e-16 * max(abs(v) for v in values) + 1e-323
    assert abs(scaler.center_[0] - float(median)) <= rounding
    if scaler.scale_source_[0] == "quantile_range":
        assert abs(scaler.scale_[0] - float(high - low)) <= 8 * rounding
    else:
        assert high - low <= 8 * rounding


def test_unit_variance_by_hand():
    """Quartiles 2 and 4 of normal data are 1.349 deviations apart; a full range stays as it is."""
    scaler = RobustScaler(unit_variance=True).fit(X)
    np.testing.assert_allclose(scaler.scale_, [2 / normal_width(25, 75), 20 / normal_width(25, 75)])
    np.testing.assert_allclose(normal_width(25, 75), 1.3489795003921634)
    for quantile_range in ((0, 100), (0.0, 100.0)):
        scaler = RobustScaler(quantile_range=quantile_range, unit_variance=True).fit(X)
        assert scaler.scale_.tolist() == [999.0, 40.0]
        assert scaler.center_.tolist() == [3.0, 10.0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantile_range": (75.0, 25.0)},
        {"quantile_range": (-0.1, 50.0)},
        {"quantile_range": (50.0, 100.1)},
        {"quantile_range": (NAN, 75.0)},
        {"quantile_range": (25.0,)},
        {"quantile_range": (25.0, 50.0, 75.0)},
        {"quantile_range": ("low", 75.0)},
        {"quantile_range": (None, 75.0)},
        {"quantile_range": [25.0, 75.0]},
        {"rank_error": 0.0},
        {"rank_error": 0.5},
        {"rank_error": -1e-3},
        {"rank_error": NAN},
        {"unit_variance": "yes"},
        {"with_scaling": None},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    """The message names the parameter or the range; a fitted scaler stays as it was."""
    name = next(iter(wrong))
    scaler = RobustScaler().fit(X)
    before = joblib.hash(scaler.__getstate__()[inside.STATISTIC])
    scaler.set_params(**wrong)
    new = RobustScaler(**wrong)
    for estimator in (scaler, new):
        with pytest.raises(
            ValueError, match=f"'{name}' parameter|Invalid quantile range: .*percent"
        ):
            estimator.fit(X)
    assert joblib.hash(scaler.__getstate__()[inside.STATISTIC]) == before
    assert not hasattr(new, "n_features_in_")


def test_steps_left_out_have_no_attributes():
    """Without centering or scaling the attribute is None and the step is not taken."""
    scaler = RobustScaler(with_centering=False).fit(X)
    assert scaler.center_ is None
    assert scaler.transform([[4.0, 10.0]]).tolist() == [[2.0, 0.5]]
    scaler = RobustScaler(with_scaling=False).fit(X)
    assert scaler.scale_ is None
    assert scaler.scale_source_ is None
    assert scaler.transform([[4.0, 10.0]]).tolist() == [[1.0, 0.0]]
    scaler = RobustScaler(with_centering=False, with_scaling=False).fit(X)
    assert (scaler.center_, scaler.scale_, scaler.scale_source_) == (None, None, None)
    assert scaler.transform([[4.0, 10.0]]).tolist() == [[4.0, 10.0]]
    assert scaler.rank_error_ == 0.0


# The chain of ranges

CHAIN = np.column_stack(
    [
        np.arange(41.0),  # quartiles 10 and 30
        [0.0] * 35 + [4.0] * 6,  # 0 up to 85 %, 4 from there: the 95 % quantile is 4
        [0.0] * 40 + [7.0],  # 0 up to 97.5 %
        [3.0] * 41,
    ]
)
SOURCES = ["quantile_range", "wider_range", "full_range", "constant"]


def test_a_range_of_0_falls_back_to_wider_ones():
    """The quartiles, then 5 to 95 %, then all; a constant is divided by 1."""
    scaler = RobustScaler().fit(CHAIN)
    assert scaler.scale_source_.tolist() == SOURCES
    assert scaler.scale_.tolist() == [20.0, 4.0, 7.0, 1.0]
    assert scaler.center_.tolist() == [20.0, 0.0, 0.0, 3.0]
    assert scaler.transform([[40.0, 4.0, 7.0, 5.0]]).tolist() == [[1.0, 1.0, 1.0, 2.0]]
    assert scaler.constant_features_.tolist() == [3]


def test_the_chain_with_unit_variance_divides_by_its_own_width():
    """5 to 95 % is 3.29 deviations; a full range and a constant are left as they are."""
    scaler = RobustScaler(unit_variance=True).fit(CHAIN)
    expected = [20 / normal_width(25, 75), 4 / normal_width(5, 95), 7.0, 1.0]
    np.testing.assert_allclose(scaler.scale_, expected, 1e-14)


def test_the_wider_range_leaves_out_a_fifth():
    """Of (10, 90) that is 2 to 98 %: of 101 values, the third from each end."""
    column = np.sort(np.r_[[-9.0, -8.0, -5.0], np.zeros(95), [2.0, 20.0, 30.0]])[:, None]
    scaler = RobustScaler(quantile_range=(10.0, 90.0)).fit(column)
    assert scaler.scale_source_.tolist() == ["wider_range"]
    assert scaler.scale_.tolist() == [7.0]
    scaler = RobustScaler(quantile_range=(0.0, 50.0)).fit(np.r_[np.zeros(8), 1.0, 2.0][:, None])
    assert scaler.scale_source_.tolist() == ["wider_range"]  # 0 to 90 %: 8.1 places on
    np.testing.assert_allclose(scaler.scale_, [1.1])


def test_one_more_value_moves_along_the_chain():
    """Streaming, a column goes from constant to the full range and on to its quartiles."""
    scaler, found = RobustScaler(), []
    for value, times in ((1.0, 30), (2.0, 1), (2.0, 4), (2.0, 20)):
        scaler.partial_fit(np.full((times, 1), value))
        found.append((scaler.scale_source_[0], scaler.scale_[0]))
    # 1 of 31 above, 5 of 35, 25 of 55
    assert found == [
        ("constant", 1.0),
        ("full_range", 1.0),
        ("wider_range", 1.0),
        ("quantile_range", 1.0),
    ]


def test_the_chain_holds_beyond_the_exact_limit():
    """In a long stream the ranges come from the same sources, extremes exactly."""
    data = np.tile(CHAIN, (2000, 1))
    data[777, 2] = -1e9
    scaler = RobustScaler()
    for part in np.split(np.random.default_rng(1).permutation(data), 20):
        scaler.partial_fit(part)
    assert scaler.rank_error_ > 0
    assert scaler.scale_source_.tolist() == SOURCES
    assert scaler.scale_[1:].tolist() == [4.0, 1e9 + 7, 1.0]
    assert scaler.center_.tolist() == [20.0, 0.0, 0.0, 3.0]


# Streams


def test_fit_and_short_streams_are_exact():
    """rank_error_ is 0.0 after any fit, and below 2 / rank_error values in any batches."""
    data = ordinary(1999)
    whole = RobustScaler().fit(data)
    streamed = RobustScaler()
    for part in np.split(data, [1, 2, 30, 31, 900]):
        streamed.partial_fit(part)
        assert streamed.rank_error_ == 0.0
    np.testing.assert_array_equal(streamed.center_, whole.center_)
    np.testing.assert_array_equal(streamed.scale_, whole.scale_)
    for rows in (1, 1999, 2000, 100_000):
        assert RobustScaler().fit(ordinary(rows)).rank_error_ == 0.0


@pytest.mark.parametrize("rank_error", [0.3, 0.01, 1e-3])
def test_rank_error_is_stated_beyond(rank_error):
    """A long stream states a bound above 0 and of at most rank_error, after every batch."""
    scaler = RobustScaler(rank_error=rank_error).fit(ordinary(40_000))
    assert scaler.rank_error_ == 0.0
    for seed in range(10):
        scaler.partial_fit(ordinary(3_000, seed))
        assert 0 < scaler.rank_error_ <= rank_error


def test_a_fit_continues():
    """[1, 2], then 3: the median is 2, as of one fit."""
    scaler = RobustScaler().fit([[1.0], [2.0]]).partial_fit([[3.0]]).partial_fit([[1000.0], [4.0]])
    assert scaler.center_.tolist() == [3.0]
    assert scaler.scale_.tolist() == [2.0]
    assert scaler.n_samples_seen_ == 5
    assert scaler.fit([[7.0], [9.0]]).center_.tolist() == [8.0]  # and fit begins anew
    assert scaler.n_samples_seen_ == 2


ORDERS = {
    "sorted": np.sort,
    "reversed": lambda v: np.sort(v)[::-1],
    "shuffled": lambda v: v,
    "extremes first": lambda v: v[np.argsort(-np.abs(v - np.median(v)), kind="stable")],
    "alternating": lambda v: np.stack(
        [np.sort(v)[: v.size // 2], np.sort(v)[v.size // 2 :]], 1
    ).ravel(),
}


def assert_within_rank_error(scaler, data):
    """center_ and scale_ lie between exact quantiles that rank_error_ is off."""
    low, high = (q / 100 for q in scaler.quantile_range)
    e = scaler.rank_error_ + 1 / data.shape[0]

    def between(q):
        return np.quantile(data, np.clip([q - e, q + e], 0, 1), axis=0)

    (least, most), first, last = between(0.5), between(low), between(high)
    assert (least <= scaler.center_).all()
    assert (scaler.center_ <= most).all()
    rounding = 1e-12 * np.abs(data).max(axis=0)
    assert (last[0] - first[1] - rounding <= scaler.scale_).all()
    assert (scaler.scale_ <= last[1] - first[0] + rounding).all()


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("quantile_range", [(25.0, 75.0), (1.0, 99.0)])
def test_streams_are_within_the_default_rank_error(order, quantile_range):
    """After 1e5 values in any order, exact quantiles a rank error off enclose the result."""
    data = np.apply_along_axis(ORDERS[order], 0, ordinary(100_000))
    streamed = RobustScaler(quantile_range=quantile_range)
    for part in np.split(data, 25):
        streamed.partial_fit(part)
    assert 0 < streamed.rank_error_ <= 1e-3
    assert_within_rank_error(streamed, data)
    fitted = RobustScaler(quantile_range=quantile_range).fit(data[:60_000])
    fitted.partial_fit(data[60_000:])
    assert 0 < fitted.rank_error_ <= 1e-3
    assert_within_rank_error(fitted, data)


@pytest.fixture(scope="module")
def million():
    rng = np.random.default_rng(2)
    return np.column_stack([rng.normal(size=1_000_000), rng.lognormal(0, 3, 1_000_000)])


@pytest.mark.full
def test_a_long_stream_pickles_small(million):
    """1e6 values per feature in batches take at most 256 KiB of a pickle each, at any time."""
    streamed = RobustScaler()
    for part in np.split(million, 100):
        streamed.partial_fit(part)
        assert len(pickle.dumps(streamed)) <= 2 * LIMIT
    assert_within_rank_error(streamed, million)
    back = pickle.loads(pickle.dumps(streamed))
    assert back.center_.tolist() == streamed.center_.tolist()


def test_a_large_fit_pickles_small(million):
    """A fit on 1e6 rows, exact, takes at most 256 KiB per feature, with weights as well."""
    fitted = RobustScaler().fit(million)
    assert len(pickle.dumps(fitted)) <= 2 * LIMIT
    weight = np.random.default_rng(3).random(100_000)
    weighted = RobustScaler().fit(million[:100_000], sample_weight=weight)
    assert len(pickle.dumps(weighted)) <= 2 * LIMIT
    weighted.partial_fit(million[:100_000], sample_weight=1e-9 * weight)
    assert len(pickle.dumps(weighted)) <= 2 * LIMIT


def test_same_data_same_bits(million):
    """Streams of the same data pickle to the same bytes, whatever NumPy's global seed."""
    dumps = []
    for seed in (0, 1):
        np.random.seed(seed)  # noqa: NPY002
        scaler = RobustScaler()
        for part in np.split(million[:60_000], 6):
            scaler.partial_fit(part)
        dumps.append(pickle.dumps(scaler.merge(RobustScaler().fit(million[:50_000]))))
    assert dumps[0] == dumps[1]
    assert scaler.rank_error_ > 0


# Merge, weights, missing values, sparse data


def test_merge_by_hand():
    """[1, 2, 1000] and [3, 4] have median 3 and quartiles 2 and 4; other parameters are refused."""
    one, two = RobustScaler().fit([[1.0], [2.0], [1000.0]]), RobustScaler().fit([[3.0], [4.0]])
    for merged in (one.merge(two), two.merge(one)):
        assert merged.center_.tolist() == [3.0]
        assert merged.scale_.tolist() == [2.0]
        assert merged.rank_error_ == 0.0
        assert merged.n_samples_seen_ == 5
    with pytest.raises(ValueError, match=r"rank_error=0\.001 and rank_error=0\.01"):
        one.merge(RobustScaler(rank_error=0.01).fit(X[:, :1]))
    with pytest.raises(ValueError, match=r"quantile_range=\(25\.0, 75\.0\) and quantile_range="):
        one.merge(RobustScaler(quantile_range=(10.0, 90.0)).fit(X[:, :1]))


def test_a_tree_of_merges_is_within_the_rank_error(million):
    """Fits on disjoint ranges, merged pairwise, enclose the exact result."""
    data = np.sort(million[:64_000], axis=0)
    parts = [RobustScaler().fit(part) for part in np.split(data, 16)]
    while len(parts) > 1:
        parts = [a.merge(b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
    assert 0 < parts[0].rank_error_ <= 1e-3
    assert parts[0].n_samples_seen_ == 64_000
    assert_within_rank_error(parts[0], data)


def test_weights_by_hand():
    """1, 2 and 10 of weights 1, 1, 2 are 1, 2, 10, 10; two weights of 1.5 share the middle."""
    scaler = RobustScaler().fit([[1.0], [10.0], [2.0], [99.0]], sample_weight=[1, 2, 1, 0])
    assert scaler.center_.tolist() == [6.0]
    assert scaler.scale_.tolist() == [10 - 1.75]
    assert scaler.n_samples_seen_ == 4
    # of total weight 3, unit windows: [1, 2] around the middle, [0.5, 1.5] and [1.5, 2.5]
    scaler = RobustScaler().fit([[1.0], [0.0]], sample_weight=[1.5, 1.5])
    assert (scaler.center_.tolist(), scaler.scale_.tolist()) == ([0.5], [1.0])


@pytest.mark.parametrize("total", [1.0, 1e-3, 1e-200])
def test_weights_that_sum_to_one_are_robust(total):
    """Equal weights of 1 / n, or less, leave an outlier an outlier."""
    weight = np.full(5, total / 5)
    scaler = RobustScaler().fit(X, sample_weight=weight)
    assert 2.0 <= scaler.center_[0] <= 4.0
    assert scaler.scale_[0] <= 10.0
    assert scaler.scale_source_.tolist() == ["quantile_range"] * 2


@pytest.mark.parametrize("rank_error", [0.4, 0.1, 1e-3])
@pytest.mark.parametrize("spread", [0.0, 9.0, 100.0])
def test_weights_of_any_size_stream(rank_error, spread):
    """Fractional weights, alike or of very different size, stream within the bound."""
    rng = np.random.default_rng(4)
    scaler = RobustScaler(rank_error=rank_error)
    rows = int(20 / rank_error)
    values, weights = [], []
    for _ in range(20):
        values.append(rng.normal(size=rows))
        weights.append((rng.random(rows) + 0.01) * 10.0 ** rng.uniform(-spread, spread))
        scaler.partial_fit(values[-1][:, None], sample_weight=weights[-1])
    assert 0 <= scaler.rank_error_ <= rank_error
    assert len(pickle.dumps(scaler)) <= LIMIT
    value, weight = np.concatenate(values), np.concatenate(weights)
    order = np.argsort(value)
    ends = np.cumsum(weight[order]) / weight.sum()
    at = np.searchsorted(value[order], scaler.center_[0])
    slack = scaler.rank_error_ + weight.max() / weight.sum() + 1 / weight.sum()
    before, after = (ends[max(at - 1, 0)], ends[min(at, value.size - 1)])
    assert before - slack <= 0.5 <= after + slack


@pytest.mark.parametrize("weight", [1e-160, 1e-230, 1e160, 1e230])
def test_extreme_weights_stream(weight):
    """Weights of 1e±160 and 1e±230 stream as any, and their bound is stated."""
    data = ordinary(30_000)[:, :1]
    scaler = RobustScaler()
    for _ in range(2):
        scaler.partial_fit(data, sample_weight=np.full(30_000, weight))
    assert 0 < scaler.rank_error_ <= 1e-3
    least, most = np.quantile(data, [0.499, 0.501])
    assert least <= scaler.center_[0] <= most


def test_missing_values_are_absent():
    """Each column is that of its present values, fitted or streamed; NaN stays NaN."""
    data = ordinary(600)
    data[np.random.default_rng(5).random(data.shape) < 0.3] = NAN
    fitted = RobustScaler().fit(data)
    streamed = RobustScaler()
    for part in np.split(data, 10):
        streamed.partial_fit(part)
    for column in range(3):
        present = data[~np.isnan(data[:, column])][:, [column]]
        alone = RobustScaler().fit(present)
        for scaler in (fitted, streamed):
            assert scaler.center_[column] == alone.center_[0]
            assert scaler.scale_[column] == alone.scale_[0]
            assert scaler.n_samples_seen_[column] == present.size
    np.testing.assert_array_equal(np.isnan(fitted.transform(data)), np.isnan(data))


def test_an_empty_column_waits_for_values():
    """All NaN: center and scale are NaN; the next batch sets them, to the bits of its fit."""
    scaler = RobustScaler().fit(np.column_stack([np.full(5, NAN), X[:, 0]]))
    np.testing.assert_array_equal(scaler.center_, [NAN, 3.0])
    np.testing.assert_array_equal(scaler.scale_, [NAN, 2.0])
    assert scaler.rank_error_ == 0.0
    scaler.partial_fit(np.column_stack([X[:, 0], np.full(5, NAN)]))
    assert scaler.center_.tolist() == [3.0, 3.0]
    assert scaler.scale_.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array, sparse.csr_array])
def test_sparse_data_equal_dense_data(form, weighted):
    """with_centering=False: the same scale and numbers, in the format that came in."""
    rng = np.random.default_rng(6)
    dense = np.where(rng.random((300, 4)) < [0.9, 0.6, 0.2, 0.0], rng.normal(size=(300, 4)), 0.0)
    dense[5, 0] = NAN
    weight = rng.integers(1, 4, 300) if weighted else None
    data = form(dense)
    scaler, other = (
        RobustScaler(with_centering=False).fit(d, sample_weight=weight) for d in (data, dense)
    )
    np.testing.assert_array_equal(scaler.scale_, other.scale_)
    assert scaler.scale_source_.tolist() == other.scale_source_.tolist()
    assert scaler.scale_source_.tolist()[0::3] == ["quantile_range", "constant"]
    scaler.partial_fit(data), other.partial_fit(dense)
    np.testing.assert_array_equal(scaler.scale_, other.scale_)
    Z = scaler.transform(data)
    assert type(Z) is form
    assert Z.nnz == data.nnz
    np.testing.assert_array_equal(Z.toarray(), other.transform(dense))
    back = scaler.inverse_transform(Z)
    assert type(back) is form
    np.testing.assert_allclose(back.toarray(), dense, 1e-15)


def test_sparse_data_cannot_be_centred():
    """The message names the parameter to change, in fit and in transform."""
    data = sparse.csr_matrix(X)
    with pytest.raises(SparseDataError, match="use `with_centering=False` instead"):
        RobustScaler().fit(data)
    scaler = RobustScaler().fit(X)
    before = joblib.hash(scaler.__getstate__())
    for method in ("transform", "partial_fit", "inverse_transform"):
        with pytest.raises(SparseDataError, match="with_centering=False"):
            getattr(scaler, method)(data)
    assert joblib.hash(scaler.__getstate__()) == before


def test_scale_source_follows_the_columns_of_a_frame():
    """One entry per column, in the order of the columns, names kept by the outputs."""
    frame = pd.DataFrame(CHAIN[:, ::-1], columns=list("dcba"))
    scaler = RobustScaler().set_output(transform="pandas").fit(frame)
    assert dict(zip(frame.columns, scaler.scale_source_, strict=True)) == {
        "a": "quantile_range",
        "b": "wider_range",
        "c": "full_range",
        "d": "constant",
    }
    assert scaler.constant_features_.tolist() == ["d"]
    assert list(scaler.transform(frame).columns) == list("dcba")
