"""Scalers that divide by a peak: the largest of integers beyond 2**53, before any rounding."""

import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from documents import STATISTIC, changed, document_array, document_of, refuses
from scipy import sparse

import sklearn_norm
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


# Constant within each batch

PEAKS = pytest.mark.parametrize("kind", [MaxAbsScaler, DecimalScaler])


def batches_of(numbers, shape):
    return [shape(np.full((2, 1), n, dtype=np.int64)) for n in numbers]


def learned(kind, batches):
    """Return scalers that learned the batches in different ways, from files and copies too."""
    stream, saved = kind(), kind()
    for batch in batches:
        stream.partial_fit(batch)
        saved = sklearn_norm.from_dict(sklearn_norm.to_dict(saved.partial_fit(batch)))
    parts = [kind().fit(batch) for batch in batches]
    backwards = parts[-1]
    for part in parts[-2::-1]:
        backwards = backwards.merge(part)
    yield from (
        stream,
        saved,
        sklearn_norm.merge(parts),
        backwards,
        pickle.loads(pickle.dumps(saved)),
    )


@PEAKS
@every_shape
@pytest.mark.parametrize(
    "numbers",
    [
        [2**60, 2**60 + 1],
        [2**60 + 1, 2**60],
        [2**60 + 1, 2**60 + 2, 2**60 + 2],
        [2**53, 2**53 + 1],
        [-(2**60), -(2**60) - 1],
        [-(2**60) - 1, 0],
        [2**60 + 1, 5, 2**60 + 1],
        [10**18 - 1, 10**18],
        [2**62 + 1, 2**62 - 1],
    ],
)
def test_batches_that_are_constant_but_differ_are_no_constant_column(kind, shape, numbers):
    """Though the nearest floats of the batches may be the same."""
    for scaler in learned(kind, batches_of(numbers, shape)):
        assert 0 not in [*scaler.constant_features_]
        assert "n" not in [*scaler.constant_features_]
        assert scaler.max_abs_[0] == pytest.approx(max(abs(n) for n in numbers), rel=3e-16)


@PEAKS
@every_shape
@pytest.mark.parametrize("number", [2**60 + 1, 2**53 + 1, -(2**60) - 1, 10**18 - 1, 2**60])
def test_batches_of_one_number_are_a_constant_column(kind, shape, number):
    """Also of one that no float is."""
    batches = batches_of([number] * 3, shape)
    for scaler in learned(kind, batches):
        assert str(next(iter(scaler.constant_features_))) in ("0", "n")
    floats = kind().fit(batches[0]).partial_fit(batches[1])
    empty = floats.partial_fit(shape(np.zeros((0, 1), dtype=np.int64)))
    assert str(next(iter(empty.constant_features_))) in ("0", "n")


@PEAKS
def test_a_float_is_another_number_than_an_integer_that_it_does_not_hold(kind):
    scaler = kind().fit(np.array([[2**60 + 1]]))
    assert scaler.partial_fit(np.array([[2.0**60]])).constant_features_.tolist() == []
    other = kind().fit(np.array([[2.0**60]])).merge(kind().fit(np.array([[2**60 + 1]])))
    assert other.constant_features_.tolist() == []


@PEAKS
@pytest.mark.parametrize("rest", [np.nan, np.inf, 1e9, -1e9])
@pytest.mark.parametrize("end", ["low_rest", "high_rest"])
def test_a_file_tells_no_rest_that_a_float_does_not_leave(kind, rest, end):
    document = document_of(kind().fit(np.array([[2**60 + 1, 1], [2**60 + 1, 2]])))
    assert document["estimator"]["state"]["statistic"]["kind"] == "RoundedExtrema"
    wrong = changed(document, (*STATISTIC, end), document_array([rest, 0.0]))
    refuses(wrong, rf"statistic\.{end}: cannot be .* in column 0")
    refuses(changed(document, (*STATISTIC, end), document_array([1.0, 1.0])), "in column 1")
