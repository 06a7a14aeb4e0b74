"""Weights of any sizes: exact, and the same bits for dense and sparse data."""

from fractions import Fraction

import numpy as np
import pytest
from budget import times
from exact import SMALLEST, error, exact_moments, exact_root
from laws import assert_same_bits
from scipy import sparse

from sklearn_norm import (
    DecimalScaler,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
    kernels,
)
from sklearn_norm.kernels import _native, _numpy
from sklearn_norm.kernels._native.loading import compiled

BACKENDS = {"numpy": _numpy} | ({"native": _native} if compiled else {})
READ = ("column_moments", "merge_moments", "settle_moments", "segment_moments", "extremes")
NAMES = (*READ, "segment_extremes", "csr_moments", "gather_columns")


@pytest.fixture(params=list(BACKENDS), autouse=True)
def backend(request, monkeypatch):
    for name in NAMES:
        monkeypatch.setattr(kernels, name, getattr(BACKENDS[request.param], name))


def column(values):
    return np.reshape(np.array(values, dtype=np.float64), (-1, 1))


def found_of(scaler):
    return scaler.mean_[0], scaler.var_[0], scaler.scale_[0]


def check(values, weights, found, limit=1.0):
    mean, variance = exact_moments([float(v) for v in values], [float(w) for w in weights])
    deviation = exact_root(variance) if variance else Fraction(0)
    assert error(found[0], mean, max(abs(mean), deviation)) <= limit
    assert error(found[1], variance) <= limit
    if deviation > SMALLEST / 2:
        assert error(found[2], deviation) <= limit


CASES = [
    ([1, 10], [1e33, 1]),
    ([1, 10], [1, 1e33]),
    ([1, 10], [1e239, 1e-239]),
    ([0, 1], [1e239, 1e-239]),
    ([1e-200, 1], [1e239, 1e-239]),
    ([2.0**-399, 2.0**-398], [2.0**200, 2.0**-199]),
    ([1, 2, 1e20], [1, 1, 1e-40]),
    ([1, 2, 1e20], [1, 1, 1e-20]),
    ([np.nan, 1, 2, 3], [1e30, 1, 1, 2]),
    ([np.nan, 1, 2, 3], [2.0**40, 0.1, 0.3, 2]),
    ([1, 1 + 2.0**-52, 5], [1e33, 1e33, 1]),
    ([1e16, 1, -1e16, 1], [1e10, 1e50, 1e10, 3]),
    ([1e300, 1, -1e300, 2], [1e-239, 1e200, 1e-239, 3]),
    ([2.0**-399, 2.0**-399 * (1 + 2.0**-52)], [2.0**-199, 2.0**-198]),
]


@pytest.mark.parametrize(("values", "weights"), CASES)
def test_moments_are_exact_for_weights_of_any_sizes(values, weights):
    """In one fit, in a stream in any order, merged, and sparse."""
    X, w = column(values), np.array(weights, dtype=np.float64)
    scaler = ZScoreScaler().fit(X, sample_weight=w)
    check(values, weights, found_of(scaler))
    for order in (range(len(w)), range(len(w) - 1, -1, -1)):
        stream, parts = ZScoreScaler(), []
        for i in order:
            stream.partial_fit(X[i : i + 1], sample_weight=w[i : i + 1])
            parts.append(ZScoreScaler().fit(X[i : i + 1], sample_weight=w[i : i + 1]))
        check(values, weights, found_of(stream))
        while len(parts) > 1:
            parts.append(parts.pop(0).merge(parts.pop(0)))
        check(values, weights, found_of(parts[0]))


@pytest.mark.parametrize("exponent", [10, 20, 40, 60, 100, 300, 700])
def test_many_rows_with_weights_of_many_sizes(exponent):
    """Heavy and light members, some absent, in columns of several kinds."""
    rng = np.random.default_rng(exponent)
    n = 2500
    w = np.ldexp(rng.random(n) + 0.5, rng.integers(-exponent, exponent + 1, n))
    normal = rng.normal(size=n)
    X = np.column_stack(
        [
            normal,
            1e9 + normal,
            rng.integers(0, 3, n),
            np.where(w > np.quantile(w, 0.7), np.nan, normal),
            np.where(w > np.median(w), 1.0, 1e10 * normal),
            normal * 10.0 ** rng.integers(-20, 20, n),
        ]
    )
    scaler = ZScoreScaler().fit(X, sample_weight=w)
    for j in range(X.shape[1]):
        found = scaler.mean_[j], scaler.var_[j], scaler.scale_[j]
        check(X[:, j], w, found)


def weights_of(rng, kind, n):
    return {
        "fractions": rng.random(n) + 0.01,
        "tenths": rng.integers(1, 9, n) / 10,
        "sizes": 10.0 ** rng.integers(-20, 20, n) * (1 + rng.random(n)),
        "all sizes": 10.0 ** rng.integers(-239, 239, n) * (1 + rng.random(n)),
        "whole": rng.integers(1, 9, n).astype(float),
    }[kind]


SCALERS = [
    lambda: ZScoreScaler(with_mean=False),
    MinMaxScaler,
    MaxAbsScaler,
    DecimalScaler,
    lambda: RobustScaler(with_centering=False),
]


def check_alike(X, w, make):
    numbers = {}
    for name, data in {
        "dense": X,
        "csr": sparse.csr_array(X),
        "csc": sparse.csc_array(X),
    }.items():
        scaler = make().fit(data, sample_weight=w)
        names = [n for n in dir(scaler) if n.endswith("_") and not n.startswith("_")]
        numbers[name] = {}
        for attribute in names:
            value = getattr(scaler, attribute, None)
            if np.asarray(value).dtype.kind in "fiu":
                numbers[name][attribute] = np.asarray(value, dtype=np.float64)
    assert len(numbers["dense"]) > 2
    assert_same_bits(numbers["csr"], numbers["dense"])
    assert_same_bits(numbers["csc"], numbers["dense"])


@pytest.mark.parametrize("make", SCALERS)
@pytest.mark.parametrize("kind", ["fractions", "tenths", "sizes", "all sizes", "whole"])
def test_sparse_data_have_the_bits_of_dense_data(kind, make):
    """For all weights, with NaN and full and empty columns."""
    rng = np.random.default_rng(len(kind))
    for n in [1, 2, 3, 30, 200] * times(1, 4):
        X = np.where(rng.random((n, 7)) < 0.6, 0.0, np.round(rng.normal(size=(n, 7)), 1))
        X[rng.random((n, 7)) < 0.1] = np.nan
        X[:, 0], X[:, 1], X[:, 2] = 0.0, 2.5, np.nan
        check_alike(X, weights_of(rng, kind, n), make)


def test_the_sparse_cases_that_lost_their_zeros():
    """The weight of the zeros is no difference of plain sums."""
    X = sparse.csr_array(column([3.0, 0.0]))
    for scaler in (MinMaxScaler(), ZScoreScaler(with_mean=False)):
        if isinstance(scaler, MinMaxScaler):
            scaler.set_params(feature_range=(0, 1))
            scaler.fit(X, sample_weight=[1e17, 1.0])
            assert scaler.data_min_ == [0.0]
    for j in range(3):
        dense = np.zeros((3, 1))
        dense[j] = 5e-5
        check_alike(dense, np.array([1e8, 0.3, 7e8]), lambda: ZScoreScaler(with_mean=False))
    X = np.array([[3.0, np.nan], [0.0, 1.0], [np.nan, 0.0]])
    check_alike(X, np.array([1e17, 1.0, 0.1]), DecimalScaler)


# Quantiles


@pytest.mark.parametrize("order", [[0, 1, 2], [1, 0, 2], [2, 1, 0]])
@pytest.mark.parametrize("learn", ["fit", "stream", "merge"])
def test_quantiles_on_one_heavy_member_leave_the_full_range(order, learn):
    """All of the asked and the wider quantiles lie on it, so 3 - 1 is the scale that is told."""
    x, w = column([1.0, 2.0, 3.0]), np.array([1e16, 1.0, 1.0])[order]
    scaler = RobustScaler()
    if learn == "fit":
        scaler.fit(x, sample_weight=w)
    elif learn == "stream":
        for row in range(3):
            scaler.partial_fit(x[[row]], sample_weight=w[[row]])
    else:
        parts = [RobustScaler().fit(x[[row]], sample_weight=w[[row]]) for row in range(3)]
        scaler = parts[0].merge(parts[1]).merge(parts[2])
    assert scaler.center_.tolist() == [x[np.argmax(w), 0]]
    assert scaler.scale_.tolist() == [2.0]
    assert scaler.scale_source_.tolist() == ["full_range"]
    assert scaler.rank_error_ == 0.0


@pytest.mark.parametrize("learn", ["fit", "stream"])
@pytest.mark.parametrize("size", [1e16, 1e17, 1e60, 1e239])
def test_a_light_member_between_two_heavy_ones_is_the_median(learn, size):
    """Also where a sum in floats, or in two of them, would lose its weight."""
    x, w = column([1.0, 2.0, 4.0]), np.array([size, 3.0, size])
    scaler = RobustScaler()
    if learn == "fit":
        scaler.fit(x, sample_weight=w)
    else:
        for rows in ([0, 2], [1]):
            scaler.partial_fit(x[rows], sample_weight=w[rows])
    assert scaler.center_.tolist() == [2.0]
    assert scaler.scale_.tolist() == [3.0]


def test_light_members_of_one_batch_count_beside_a_later_one():
    """None is dropped for being lighter than 2**-40 of the heaviest of its batch."""
    first = RobustScaler().partial_fit(column([1, 2, 4]), sample_weight=[1e30, 3.0, 0.25])
    both = first.partial_fit(column([8]), sample_weight=[1e30])
    assert both.center_.tolist() == [2.0]


def test_the_weight_of_quantiles_is_rounded_once():
    """1e16 + 1 + 1 is a float."""
    scaler = RobustScaler().fit(column([1, 2, 3]), sample_weight=[1e16, 1.0, 1.0])
    assert scaler.n_samples_seen_ == 1e16 + 2


def test_positions_among_much_weight_are_not_rounded():
    """Of 2**52 + 2 members, this quantile lies nearly half of the way to the last one."""
    heavy, share = 2**52, 1 - 2.0**-53
    scaler = RobustScaler(quantile_range=(0.0, 100 * share))
    scaler.fit(column([0.0, 1.0, 2.0]), sample_weight=[1.0, heavy, 1.0])
    place = Fraction(share) * (heavy + 1) - heavy  # past the last of the heavy members
    assert scaler.scale_.tolist() == [float(1 + place)]
