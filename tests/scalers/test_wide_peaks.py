"""Scalers that divide by a peak: the largest of integers beyond 2**53, before any rounding."""

from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from sklearn_norm import DecimalScaler, MaxAbsScaler

SHAPES = {
    "array": lambda a: a,
    "objects": lambda a: a.astype(object),
    "pandas beside floats": lambda a: pd.DataFrame({"n": a[:, 0], "x": np.full(len(a), 0.5)}),
    "polars": lambda a: pl.DataFrame({"n": a[:, 0], "x": np.full(len(a), 0.5)}),
    "sparse": sparse.csr_array,
}
every_shape = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))


def column(Z):
    return np.asarray(Z.toarray() if sparse.issparse(Z) else Z, dtype=float)[:, 0]


@every_shape
@pytest.mark.parametrize(
    ("numbers", "exponent"),
    [
        ([10**18 - 1, 5], 18),
        ([10**18, 5], 19),
        ([10**18 - 1, 10**18], 19),
        ([-(10**18) + 1, 7], 18),
        ([-(10**18), 10**18 - 1], 19),
        ([10**16 - 1, 1], 16),
        ([10**17 + 1, 3], 18),
        ([10**19 - 1, 3], 19),
        ([10**19, 3], 20),
        ([2**63 - 1, 3], 19),
        ([-(2**63), 3], 19),
    ],
)
def test_the_exponent_is_that_of_the_integer(shape, numbers, exponent):
    array = np.array(numbers, dtype=np.uint64 if max(numbers) >= 2**63 else np.int64)[:, None]
    X = shape(array)
    scaler = DecimalScaler().fit(X)
    assert scaler.exponent_[0] == exponent
    Z = column(scaler.transform(X))
    assert column(DecimalScaler().fit_transform(X)).tolist() == Z.tolist()
    exact = [Fraction(n, 10**exponent) for n in numbers]
    np.testing.assert_allclose(Z, [float(v) for v in exact], rtol=3e-16)
    assert (np.abs(Z) < 1).all()
    stream = DecimalScaler().partial_fit(X[1:]).partial_fit(X[:1]).partial_fit(X)
    assert stream.exponent_[0] == exponent
    assert scaler.merge(scaler).exponent_[0] == exponent
    far = max(abs(n) for n in numbers)
    np.testing.assert_allclose(scaler.max_abs_[0], float(far), rtol=3e-16)


@pytest.mark.parametrize("n", [10**20 - 1, 10**22 - 1, 10**23 - 1, 10**23, 10**30 - 1, 10**30 + 1])
def test_integers_of_python(n):
    X = np.array([[n], [-3]], dtype=object)
    scaler = DecimalScaler().fit(X)
    assert scaler.exponent_.tolist() == [len(str(n))]
    assert 0.09 < scaler.transform(X)[0, 0] < 1


def test_a_row_of_weight_0_does_not_count():
    X = np.array([[10**18 - 1], [10**18 + 1000]])
    assert DecimalScaler().fit(X, sample_weight=[1, 0]).exponent_.tolist() == [18]
    assert DecimalScaler().fit(X, sample_weight=[1, 1]).exponent_.tolist() == [19]


@every_shape
@pytest.mark.parametrize("kind", [MaxAbsScaler, DecimalScaler])
@pytest.mark.parametrize("place", [2**60, -(2**62), 2**53])
def test_neighbours_are_not_a_constant(shape, kind, place):
    two = np.array([[place], [place + 1]])
    assert 0 not in list(kind().fit(shape(two))._constant().nonzero()[0])
    one = np.array([[place + 1], [place + 1]])
    assert 0 in list(kind().fit(shape(one))._constant().nonzero()[0])


@every_shape
@pytest.mark.parametrize(
    "numbers",
    [
        [2**60 + 1, 2**60 + 300, -5],
        [-(2**63), 2**63 - 1, 2**62 + 77],
        [2**53 + 1, 2**53 + 3, 2**52 + 1],
        [2**62 - 1, -(2**62) + 1, 12345],
    ],
)
def test_the_largest_becomes_1_and_the_others_their_share(shape, numbers):
    X = shape(np.array(numbers)[:, None])
    scaler = MaxAbsScaler().fit(X)
    peak = max(abs(n) for n in numbers)
    assert scaler.max_abs_[0] == float(peak)
    Z = column(scaler.transform(X))
    assert max(abs(Z)) == 1
    exact = [float(Fraction(n, peak)) for n in numbers]
    np.testing.assert_allclose(Z, exact, rtol=4.5e-16)
    back = column(scaler.inverse_transform(scaler.transform(X)))
    np.testing.assert_allclose(back, [float(n) for n in numbers], rtol=4.5e-16)
