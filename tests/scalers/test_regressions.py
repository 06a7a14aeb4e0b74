"""The numerical bugs that bit peers: 21 inputs, each by its number."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
)

ALL = [
    MinMaxScaler(),
    ZScoreScaler(),
    RobustScaler(),
    DecimalScaler(),
    BatchStatsScaler(momentum=None),
]
CLOSE = 4 * np.finfo(float).eps  # a few roundings
EVERY = pytest.mark.parametrize("kind", [type(s) for s in ALL])


def made(kind, **given):
    """Return a scaler; batch statistics as a plain average."""
    return kind(momentum=None, **given) if kind is BatchStatsScaler else kind(**given)


def root(square: Fraction) -> float:
    """Return the square root of a fraction, correctly rounded or one ulp off."""
    shift = max(0, 240 - square.numerator.bit_length() + square.denominator.bit_length())
    shift += shift % 2
    whole = math.isqrt((square.numerator << shift) // square.denominator)
    return float(Fraction(whole, 1 << (shift // 2)))


def exact(values, weights=None, ddof=0) -> tuple[float, float]:
    """Return mean and standard deviation by rational arithmetic."""
    fractions = [Fraction(float(v)) for v in values]
    shares = [Fraction(1)] * len(fractions) if weights is None else [Fraction(w) for w in weights]
    total = sum(shares)
    mean = sum(w * v for w, v in zip(shares, fractions, strict=True)) / total
    square = sum(w * (v - mean) ** 2 for w, v in zip(shares, fractions, strict=True))
    return float(mean), root(square / (total - ddof))


def exact_of_integers(units: np.ndarray, unit: float) -> tuple[float, float]:
    """Return mean and standard deviation of unit * units by integer arithmetic."""
    first = int(units[0])
    rest = (units - first).astype(object)
    n, total, square = len(rest), int(rest.sum()), int((rest * rest).sum())
    mean = (Fraction(total, n) + first) * Fraction(unit)
    spread = Fraction(square * n - total * total, n * n) * Fraction(unit) ** 2
    return float(mean), root(spread)


def test_01_the_mean_of_large_batches_stays_finite():
    """100 batches of 1e307 and 1.2e307: mean and scale are exact, and the output is -1 and 1."""
    batch = np.resize([1e307, 1.2e307], (10, 1))
    scaler = ZScoreScaler()
    for _ in range(100):
        scaler.partial_fit(batch)
    mean, deviation = exact([1e307, 1.2e307])

    assert scaler.mean_[0] == pytest.approx(mean, rel=CLOSE)
    assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE)
    assert scaler.n_samples_seen_ == 1000
    np.testing.assert_allclose(
        scaler.transform(batch).ravel(), np.resize([-1.0, 1.0], 10), rtol=1e-13
    )
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(batch)), batch, rtol=1e-15)


def test_01_the_running_mean_of_large_batches_stays_finite():
    """The same stream through exponential batch statistics gives the same numbers."""
    batch = np.resize([1e307, 1.2e307], (10, 1))
    scaler = BatchStatsScaler()
    for _ in range(100):
        scaler.partial_fit(batch)
    mean, deviation = exact([1e307, 1.2e307])

    assert scaler.running_mean_[0] == pytest.approx(mean, rel=1e-14)
    assert scaler.scale_[0] == pytest.approx(deviation, rel=1e-13)


def test_02_float16_into_a_wide_feature_range():
    """arange(11) in float16 to ±60000 is -60000 + 12000 i, rounded to float16."""
    X = np.arange(11, dtype=np.float16)[:, None]
    scaler = MinMaxScaler(feature_range=(-60000, 60000))
    Z = scaler.fit_transform(X)

    assert Z.dtype == np.float16
    np.testing.assert_array_equal(Z.ravel(), (-60000.0 + 12000.0 * np.arange(11)).astype("f2"))
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, atol=0.01)


@pytest.mark.parametrize("kind", [ZScoreScaler, BatchStatsScaler])
def test_03_a_large_mean_is_scaled(kind):
    """1e6 rows of Unix time are divided by their standard deviation, to the last bits."""
    X = 1.7e9 + np.random.default_rng(0).normal(0, 0.3, (1_000_000, 1))
    unit = 2.0**-22  # the last bit of 1.7e9
    mean, deviation = exact_of_integers((X.ravel() / unit).astype(np.int64), unit)
    scaler = made(kind, eps=0) if kind is BatchStatsScaler else made(kind)
    scaler.fit(X)

    assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE)
    center = scaler.mean_ if kind is ZScoreScaler else scaler.running_mean_
    assert center[0] == pytest.approx(mean, rel=CLOSE)
    assert scaler.transform(X).std() == pytest.approx(1, rel=1e-9)
    assert scaler.constant_features_.size == 0


def test_03_a_large_mean_is_scaled_by_every_range():
    """The same column and 1e15±10 fill the range, and the interquartile range is 1."""
    rng = np.random.default_rng(0)
    for X in (1.7e9 + rng.normal(0, 0.3, (1000, 1)), 1e15 + rng.integers(-10, 11, (1000, 1))):
        Z = MinMaxScaler().fit_transform(X)
        assert (Z.min(), Z.max()) == (0.0, 1.0)
        low, high = np.percentile(RobustScaler().fit_transform(X), [25, 75])
        assert high - low == pytest.approx(1, rel=1e-9)
        mean, deviation = exact(X.ravel())
        scaler = ZScoreScaler().fit(X)
        assert scaler.mean_[0] == pytest.approx(mean, rel=CLOSE)
        assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE)


def test_04_tiny_values_are_scaled():
    """Columns of the size of 1e-15 are scaled as those of the size of 1."""
    X = (np.random.RandomState(0).rand(1000, 4) - 0.5) * 1e-15

    Z = MinMaxScaler().fit_transform(X)
    np.testing.assert_array_equal([Z.min(axis=0), Z.max(axis=0)], [[0.0] * 4, [1.0] * 4])
    quartiles = np.percentile(RobustScaler().fit_transform(X), [25, 75], axis=0)
    np.testing.assert_allclose(quartiles[1] - quartiles[0], 1, rtol=1e-13)
    Z = ZScoreScaler().fit_transform(X)
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-13)
    np.testing.assert_array_equal(DecimalScaler().fit(X).exponent_, [-15] * 4)
    Z = BatchStatsScaler(eps=0).fit_transform(X)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-13)


@pytest.mark.parametrize("power", [-300, -50, 50, 300])
@pytest.mark.parametrize(
    "scaler", [MinMaxScaler(), ZScoreScaler(), RobustScaler(), BatchStatsScaler(eps=0)]
)
def test_04_the_unit_of_a_column_does_not_matter(scaler, power):
    """Multiplied by a power of two, the data are scaled to the same bits."""
    X = np.random.RandomState(0).rand(1000, 4) - 0.5
    expected = scaler.fit_transform(X)
    np.testing.assert_array_equal(scaler.fit_transform(np.ldexp(X, power)), expected)


@pytest.mark.parametrize("unit", [1e155, 1e-170, 1e-310, 5e-324, 1e307, 1e-5])
def test_05_extreme_units(unit):
    """1, 2 and 3 units give the same z-scores, ranges and quantiles whatever the unit."""
    X = np.array([[1.0], [2.0], [3.0]]) * unit
    mean, deviation = exact(X.ravel())
    scaler = ZScoreScaler().fit(X)

    assert scaler.mean_[0] == pytest.approx(mean, rel=CLOSE)
    assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE, abs=5e-324)
    if unit != 5e-324:  # a deviation of 0.8 of the smallest float is no float
        expected = np.array([-1.0, 0.0, 1.0]) * math.sqrt(1.5)
        np.testing.assert_allclose(scaler.transform(X).ravel(), expected, rtol=1e-10, atol=1e-10)
    Z = MinMaxScaler().fit_transform(X).ravel()
    np.testing.assert_allclose(Z, [0.0, 0.5, 1.0], rtol=1e-12)
    Z = RobustScaler().fit_transform(X).ravel()
    np.testing.assert_allclose(Z, [-1.0, 0.0, 1.0], rtol=1e-15)
    np.testing.assert_array_equal(BatchStatsScaler(eps=0).fit(X).transform(X), scaler.transform(X))


def test_05_variances_beyond_floats():
    """The variance of 1e155 is inf, that of 1e-170 is 0, and the scale right in both."""
    scaler = ZScoreScaler().fit([[1e155, 1e-170], [2e155, 2e-170], [3e155, 3e-170]])
    np.testing.assert_array_equal(scaler.var_, [np.inf, 0.0])
    np.testing.assert_allclose(
        scaler.scale_, np.array([1e155, 1e-170]) * math.sqrt(2 / 3), rtol=1e-15
    )
    assert scaler.constant_features_.size == 0


def test_05_the_full_range_of_floats():
    """±1.7e308 maps to 0 and 1, -1 and 1, and its range is inf as no float holds it."""
    X = np.array([[-1.7e308], [0.0], [1.7e308]])
    scaler = MinMaxScaler()
    np.testing.assert_array_equal(scaler.fit_transform(X).ravel(), [0.0, 0.5, 1.0])
    np.testing.assert_array_equal(scaler.data_range_, [np.inf])
    np.testing.assert_allclose(scaler.inverse_transform([[0.0], [0.5], [1.0]]), X, rtol=1e-15)
    np.testing.assert_array_equal(RobustScaler().fit_transform(X).ravel(), [-1.0, 0.0, 1.0])
    Z = ZScoreScaler().fit_transform(X).ravel()
    np.testing.assert_allclose(Z, np.array([-1.0, 0.0, 1.0]) * math.sqrt(1.5), rtol=1e-15)
    assert DecimalScaler().fit(X).exponent_.tolist() == [309]


@EVERY
def test_06_an_empty_first_batch_recovers(kind):
    """An all-NaN batch, then [1], [3], equals a fit on [1], [3]."""
    scaler = made(kind).partial_fit([[np.nan], [np.nan]]).partial_fit([[1.0], [3.0]])
    expected = made(kind).fit([[1.0], [3.0]])
    X = [[0.0], [1.0], [3.0], [7.0]]
    np.testing.assert_array_equal(scaler.transform(X), expected.transform(X))
    assert scaler.n_samples_seen_ == 2


@EVERY
def test_06_a_column_recovers_alone(kind):
    """Only the column that was missing starts late; the other keeps its counts."""
    scaler = made(kind).partial_fit([[np.nan, 1.0], [np.nan, 5.0]])
    assert np.isnan(scaler.transform([[1.0, 1.0]])[0]).tolist() == [True, False]
    scaler.partial_fit([[1.0, 2.0], [3.0, 2.0]])
    expected = made(kind).fit([[1.0], [3.0]])
    np.testing.assert_array_equal(
        scaler.transform([[2.5, 0.0]])[:, :1], expected.transform([[2.5]])
    )
    np.testing.assert_array_equal(scaler.n_samples_seen_, [2, 4])


@EVERY
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_07_negative_weights_are_an_error(kind, method):
    """The weights [1, -3, 1] are refused, with the sample and the weight in the message."""
    scaler = made(kind)
    with pytest.raises(ValueError, match=r"Negative values.*sample 1 has the weight -3\.0"):
        getattr(scaler, method)([[1.0], [2.0], [3.0]], sample_weight=[1, -3, 1])
    assert not scaler.__sklearn_is_fitted__()


@pytest.mark.parametrize("size", [1, 10, 1000])
@pytest.mark.parametrize("kind", [ZScoreScaler, BatchStatsScaler])
def test_08_a_stream_around_1e9_has_a_positive_variance(kind, size):
    """1e9 + randn(1000), in batches of any size, has the exact variance."""
    X = 1e9 + np.random.default_rng(0).normal(size=(1000, 1))
    scaler = made(kind)
    for i in range(0, 1000, size):
        scaler.partial_fit(X[i : i + size])
    _, deviation = exact(X.ravel())
    variance = scaler.var_ if kind is ZScoreScaler else scaler.running_var_
    # batch statistics keep the mean of a batch as a float, whose last bit is 1e-7 here
    assert variance[0] == pytest.approx(deviation**2, rel=1e-14 if kind is ZScoreScaler else 1e-8)


def test_09_a_long_stream_with_a_large_mean_keeps_its_scale():
    """Mean 1e9 and deviation 0.01 stay scaled after each of ten batches of 10,000 rows."""
    X = 1e9 + np.random.default_rng(0).normal(0, 0.01, (100_000, 1))
    unit = 2.0**-23  # the last bit of 1e9
    units = (X.ravel() / unit).astype(np.int64)
    scaler = ZScoreScaler()
    for end in range(10_000, 100_001, 10_000):
        scaler.partial_fit(X[end - 10_000 : end])
        mean, deviation = exact_of_integers(units[:end], unit)
        assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE)
        assert scaler.mean_[0] == pytest.approx(mean, rel=CLOSE)


def test_10_feature_ranges_are_checked_one_by_one():
    """([0, 10], [1, 5]) is refused: feature 1 has the range (10, 5)."""
    scaler = MinMaxScaler(feature_range=([0, 10], [1, 5]))
    with pytest.raises(ValueError, match=r"\(10\.0, 5\.0\) for feature 1.*`feature_range`"):
        scaler.fit([[1.0, 2.0], [3.0, 4.0]])


@EVERY
def test_11_permuted_columns_are_an_error(kind):
    """inverse_transform refuses a DataFrame whose columns come in another order."""
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [10.0, 30.0, 20.0]})
    scaler = made(kind).set_output(transform="pandas").fit(frame)
    scaled = scaler.transform(frame)
    with pytest.raises(ValueError, match="must be in the same order"):
        scaler.inverse_transform(scaled[["b", "a"]])
    with pytest.raises(ValueError, match="must be in the same order"):
        scaler.transform(frame[["b", "a"]])
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaled), frame, rtol=1e-14)


@pytest.mark.parametrize("size", [7, 1000])
@pytest.mark.parametrize("kind", [ZScoreScaler, RobustScaler, MinMaxScaler, BatchStatsScaler])
def test_12_a_constant_column_becomes_zero(kind, size):
    """np.full((1000, 1), 14.62) is scaled to exactly 0, in one batch or many."""
    X = np.full((1000, 1), 14.62)
    scaler = made(kind)
    for i in range(0, 1000, size):
        scaler.partial_fit(X[i : i + size])
    np.testing.assert_array_equal(scaler.transform(X), np.zeros((1000, 1)))
    np.testing.assert_array_equal(scaler.constant_features_, [0])
    if kind is not BatchStatsScaler:  # which divides by the root of eps
        np.testing.assert_array_equal(scaler.scale_, [1.0])
        assert scaler.transform([[15.62]])[0, 0] == 15.62 - 14.62


@pytest.mark.parametrize("kind", [ZScoreScaler, RobustScaler, MinMaxScaler, BatchStatsScaler])
@pytest.mark.parametrize("constant", [14.62, 1e-13, 1e23, 0.1, -7.7e200])
def test_13_a_constant_column_with_weights_becomes_zero(kind, constant):
    """Weights do not turn a constant into something else."""
    weights = np.random.default_rng(0).uniform(0.01, 3, 100)
    X = np.full((100, 1), constant)
    scaler = made(kind).fit(X, sample_weight=weights)
    scaler.partial_fit(X, sample_weight=weights[::-1])
    np.testing.assert_array_equal(scaler.transform(X), np.zeros((100, 1)))
    np.testing.assert_array_equal(scaler.constant_features_, [0])
    if kind is ZScoreScaler:
        assert (scaler.mean_[0], scaler.var_[0], scaler.scale_[0]) == (constant, 0.0, 1.0)


@pytest.mark.parametrize("make", [sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize(
    "scaler",
    [ZScoreScaler(with_mean=False), RobustScaler(with_centering=False), DecimalScaler()],
)
def test_14_a_larger_second_sparse_batch(make, scaler):
    """Sparse batches of 10 and then 1000 rows give what the dense ones do."""
    X = sparse.random(1010, 3, density=0.7, random_state=0, format="csr")
    dense = X.toarray()
    scaler.fit(make(X[:10])).partial_fit(make(X[10:]))
    expected = np.asarray(scaler.scale_)

    assert np.isfinite(expected).all()
    scaler.fit(dense[:10]).partial_fit(dense[10:])
    np.testing.assert_allclose(expected, scaler.scale_, rtol=1e-14)
    if isinstance(scaler, ZScoreScaler):
        deviations = [exact(column)[1] for column in dense.T]
        np.testing.assert_allclose(expected, deviations, rtol=1e-15)


@pytest.mark.full
def test_15_means_of_many_float32_rows():
    """2**25 rows of float32 have the mean and the deviation of their pattern."""
    pattern = np.array([0.1, 0.7, 3.3, 1.0], dtype=np.float32)
    scaler = ZScoreScaler().fit(np.resize(pattern, (2**25, 1)))
    mean, deviation = exact(pattern)
    assert scaler.mean_[0] == pytest.approx(mean, rel=CLOSE)
    assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE)
    assert scaler.n_samples_seen_ == 2**25


def test_15_many_float16_rows():
    """1e7 rows of 10.0 in float16 have the mean 10 and become 0."""
    X = np.full((10_000_000, 1), 10, dtype=np.float16)
    scaler = ZScoreScaler().fit(X)
    assert (scaler.mean_[0], scaler.var_[0], scaler.scale_[0]) == (10.0, 0.0, 1.0)
    Z = scaler.transform(X[:5])
    assert Z.dtype == np.float16
    np.testing.assert_array_equal(Z, np.zeros((5, 1)))


@pytest.mark.parametrize(
    "X",
    [
        np.array([[10000], [10001], [10002]], dtype=np.float32),
        np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32) + np.float32(2000),
        np.array([[40000], [40001], [40002], [40003]], dtype=np.float32),
    ],
    ids=["10000", "2000", "40000"],
)
@pytest.mark.parametrize("kind", [ZScoreScaler, BatchStatsScaler])
def test_16_no_cancellation(kind, X):
    """Deviations of a few units around a large mean are exact."""
    expected = np.array([exact(column) for column in X.T])
    scaler = (made(kind, eps=0) if kind is BatchStatsScaler else made(kind)).fit(X)
    center = scaler.mean_ if kind is ZScoreScaler else scaler.running_mean_
    np.testing.assert_allclose(center, expected[:, 0], rtol=CLOSE)
    np.testing.assert_allclose(scaler.scale_, expected[:, 1], rtol=CLOSE)
    Z = scaler.transform(X)
    assert Z.dtype == np.float32
    np.testing.assert_allclose(
        Z, (X.astype(np.float64) - expected[:, 0]) / expected[:, 1], rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("kind", [ZScoreScaler, RobustScaler, MinMaxScaler, BatchStatsScaler])
def test_17_float32_about_1e30(kind):
    """The squares of 1e30 exceed float32, the scaled values do not vanish."""
    X = (np.random.default_rng(0).normal(size=(100, 1)) * 1e30).astype(np.float32)
    Z = made(kind).fit_transform(X)
    expected = made(kind).fit_transform(X.astype(np.float64))
    assert Z.dtype == np.float32
    np.testing.assert_array_equal(Z, expected.astype(np.float32))
    if kind in (ZScoreScaler, BatchStatsScaler):
        assert Z.std(dtype=np.float64) == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("kind", [ZScoreScaler, RobustScaler, MinMaxScaler, BatchStatsScaler])
def test_17_float16_zeros(kind):
    """Zeros in float16 stay zeros, also where eps is far below what float16 holds."""
    X = np.zeros((4, 2), dtype=np.float16)
    scaler = made(kind, eps=1e-12) if kind is BatchStatsScaler else made(kind)
    Z = scaler.fit_transform(X)
    assert Z.dtype == np.float16
    np.testing.assert_array_equal(Z, X)


@pytest.mark.parametrize("kind", [ZScoreScaler, RobustScaler, MinMaxScaler, BatchStatsScaler])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_17_constants_above_1e7(kind, dtype):
    """Large constants become 0, not ±1."""
    X = np.broadcast_to(np.array([1e7 + 1, 1.23456e8, -3e12], dtype=dtype), (1000, 3))
    np.testing.assert_array_equal(made(kind).fit_transform(X), np.zeros((1000, 3)))


@EVERY
def test_18_the_inverse_undoes_the_scaling(kind):
    """x -> z -> x for a mean and a deviation that are far from 0 and 1."""
    X = np.random.default_rng(0).normal([-500, 3, 1e-6], [20, 4, 1e-5], (50, 3))
    scaler = made(kind).fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, rtol=1e-12)


def test_18_the_inverse_is_z_times_deviation_plus_mean():
    """Mean 5 and deviation 2: z = 3 comes from 11."""
    scaler = ZScoreScaler().fit([[3.0], [7.0]])
    assert scaler.inverse_transform([[3.0]])[0, 0] == 11.0


@EVERY
def test_19_zeros_stay_zeros(kind):
    """[0, 0, 0, 0] is scaled to zeros, not to NaN."""
    X = np.zeros((4, 1))
    np.testing.assert_array_equal(made(kind).fit_transform(X), X)


@EVERY
def test_19_a_constant_column_keeps_its_value(kind):
    """The inverse of a scaled constant is the constant."""
    X = np.full((4, 1), 14.62)
    scaler = made(kind).fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, rtol=1e-15)


def test_20_a_merge_does_not_average_deviations():
    """[0, 2] and [100, 102] have deviations of 1 each, and together sqrt(2501)."""
    merged = ZScoreScaler().fit([[0.0], [2.0]]).merge(ZScoreScaler().fit([[100.0], [102.0]]))
    assert merged.mean_[0] == 51.0
    assert merged.var_[0] == 2501.0
    assert merged.scale_[0] == pytest.approx(math.sqrt(2501), rel=CLOSE)


@EVERY
def test_20_a_merge_counts_rows_not_entries(kind):
    """Two fits on 3 rows of 5 columns have seen 6 samples."""
    X = np.arange(15.0).reshape(3, 5)
    assert made(kind).fit(X).merge(made(kind).fit(X)).n_samples_seen_ == 6


def test_20_counts_do_not_overflow():
    """A merge of 2**60 copies keeps the mean and the variance."""
    scaler = ZScoreScaler().fit([[1.0], [2.0], [6.0]])
    for _ in range(60):
        scaler = scaler.merge(scaler)
    mean, deviation = exact([1.0, 2.0, 6.0])
    assert scaler.n_samples_seen_ == 3 * 2**60
    assert scaler.mean_[0] == mean
    assert scaler.scale_[0] == pytest.approx(deviation, rel=CLOSE)


@pytest.mark.parametrize(
    ("peak", "exponent"),
    [(0, 0), (1, 1), (10, 2), (100, 3), (1000, 4), (999.999, 3), (1e-5, -4), (1e308, 309)],
)
def test_21_decimal_pins(peak, exponent):
    """The exponent is the smallest with |peak| / 10**j < 1; the value follows."""
    for X in ([[peak]], [[-peak]], [[0.0], [peak]]):
        scaler = DecimalScaler().fit(X)
        assert scaler.exponent_.tolist() == [exponent]
        Z = scaler.transform([[peak]])[0, 0]
        assert pytest.approx(float(Fraction(peak) / Fraction(10) ** exponent), rel=CLOSE) == Z
        assert 0 <= Z < 1


# Found by review


def test_a_level_left_long_ago_costs_no_digits():
    """A stream that jumps by 1e8 has, in the end, the variance of what came after."""
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(size=30), 1e8 + rng.normal(size=600)])
    scaler = BatchStatsScaler()
    mean, variance = Fraction(0), Fraction(0)
    share, weight = Fraction(0.1), Fraction(0)
    for value in values:
        scaler.partial_fit([[value]])
        weight = (1 - share) * weight + share
        step = share / weight
        moved = Fraction(value) - mean
        mean, variance = mean + step * moved, (1 - step) * (variance + step * moved * moved)
        mean, variance, weight = (v.limit_denominator(10**40) for v in (mean, variance, weight))
    assert scaler.running_mean_[0] == pytest.approx(float(mean), rel=1e-15)
    assert scaler.running_var_[0] == pytest.approx(float(variance), rel=1e-9)


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_weights_of_any_unit_give_the_same_scale(size):
    """A common factor of all weights changes nothing, in one fit and in a stream."""
    rng = np.random.default_rng(1)
    X, weight = rng.normal(5, 2, (30, 2)), rng.random(30) + 0.1
    expected = ZScoreScaler().fit(X, sample_weight=weight)
    whole = ZScoreScaler().fit(X, sample_weight=weight * size)
    parts = ZScoreScaler().partial_fit(X[:9], sample_weight=weight[:9] * size)
    parts.partial_fit(X[9:], sample_weight=weight[9:] * size)
    for scaler in (whole, parts):
        np.testing.assert_allclose(scaler.mean_, expected.mean_, 1e-14)
        np.testing.assert_allclose(scaler.scale_, expected.scale_, 1e-14)


def test_a_feature_range_wider_than_floats_is_an_error():
    """Its bounds are finite, their difference is not."""
    with pytest.raises(ValueError, match="both finite, as their difference"):
        MinMaxScaler((-1e308, 1e308)).fit([[0.0], [1.0]])
