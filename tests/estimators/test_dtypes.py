"""Lists, dtypes, objects and masked arrays: what is read of them, over all scalers."""

from __future__ import annotations

import laws
import numpy as np
import pandas as pd
import pytest
from configurations import public_estimators
from container_cases import (
    DENSE,
    DTYPES,
    KINDS,
    X,
    expected,
)
from inside import TensorInput
from scipy import sparse
from sklearn.base import clone

import sklearn_norm


@DENSE
def test_lists_give_what_arrays_give(kind):
    scaler = kind().fit(X.tolist())
    laws.assert_same_bits(scaler.transform(X.tolist()), expected(kind))
    back = scaler.inverse_transform(expected(kind).tolist())
    np.testing.assert_allclose(back, X, rtol=1e-14, atol=1e-14)
    assert type(back) is np.ndarray


@DENSE
@pytest.mark.parametrize("dtype", [bool, np.int8, np.int32, np.uint64, np.int64])
def test_integers_and_booleans_give_float64(kind, dtype):
    integers = np.array([[0, 1], [1, 1], [1, 0]], dtype=dtype)
    scaler = kind().fit(integers)
    Z = scaler.transform(integers)
    laws.assert_same_bits(Z, expected(kind, integers))
    assert scaler.inverse_transform(integers).dtype == np.float64
    assert integers.dtype == dtype


@DENSE
@DTYPES
def test_floats_keep_their_dtype_and_statistics_are_float64(kind, dtype):
    scaler = kind().fit(X.astype(dtype))
    for name, value in laws.read_scaler(scaler).items():
        if np.issubdtype(np.asarray(value).dtype, np.floating):
            assert np.asarray(value).dtype == np.float64, name
    Z = scaler.transform(X.astype(dtype))
    assert Z.dtype == dtype
    laws.assert_same_bits(Z, expected(kind).astype(dtype))  # the last step alone rounds
    assert scaler.inverse_transform(Z).dtype == dtype
    assert scaler.transform(X).dtype == np.float64  # the dtype of the fit leaves no trace


@DENSE
def test_other_byte_orders_objects_and_long_doubles_give_float64(kind):
    for variant in (X.astype(">f8"), X.astype(object), X.astype(np.longdouble)):
        Z = kind().fit_transform(variant)
        assert Z.dtype == np.float64
        assert Z.dtype.isnative
        laws.assert_same_bits(Z, expected(kind))


@DENSE
def test_none_in_an_array_of_objects_is_missing(kind):
    holes = X.astype(object)
    holes[np.isnan(X)] = None
    laws.assert_same_bits(kind().fit_transform(holes), expected(kind))


@DENSE
def test_a_missing_entry_among_python_objects_is_nan(kind):
    """pd.NA in a column of objects, which NumPy cannot read as a float."""
    table = pd.DataFrame({"a": [1, pd.NA, 4, 9], "b": [1.0, 2.0, 3.0, 5.0]})
    values = np.array([[1, np.nan, 4, 9], [1, 2, 3, 5]]).T
    laws.assert_same_bits(kind().fit_transform(table), kind().fit_transform(values))
    assert table["a"].isna().tolist() == [False, True, False, False]


@DENSE
@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_masked_entries_of_an_array_are_nan(kind, dtype):
    X = np.ma.MaskedArray(np.arange(8, dtype=dtype).reshape(4, 2), mask=False)
    X[1, 0] = np.ma.masked
    values = X.astype(np.float64 if dtype == np.int64 else dtype).filled(np.nan)
    laws.assert_same_bits(kind().fit_transform(X), kind().fit_transform(values))


@DENSE
def test_a_missing_entry_of_an_array_of_objects_is_nan(kind):
    values = np.array([[1, pd.NA], [4, 2], [9, 3]], dtype=object)
    expected = np.array([[1, np.nan], [4, 2], [9, 3]])
    laws.assert_same_bits(kind().fit_transform(values), kind().fit_transform(expected))


@pytest.mark.parametrize("code", list("?bBhHiIlLqQ"))
@pytest.mark.parametrize(
    "name", ["ZScoreScaler", "MinMaxScaler", "RobustScaler", "BatchStatsScaler"]
)
def test_integers_are_measured_as_they_are(name, code):
    """Without a converted copy, and to the bits of their conversion; dense, sparse, as a frame.

    Beyond 2**53 they are measured as differences, which conversion would round.
    """
    limit = 2 if code == "?" else np.iinfo(code).max
    X = np.random.default_rng(0).integers(0, limit, (300, 3), dtype=np.uint64).astype(code)
    kind = getattr(sklearn_norm, name)
    told = {"with_mean": False} if name == "ZScoreScaler" else {}
    converted = kind(**told).fit(X.astype(np.float64)).scale_
    expected = kind(**told).fit(X).scale_
    np.testing.assert_allclose(expected, converted, rtol=4e-16 if code in "lLqQ" else 0.0)
    laws.assert_same_bits(kind(**told).fit(np.asfortranarray(X)[::-1]).scale_, expected)
    laws.assert_same_bits(kind(**told).fit(pd.DataFrame(X)).scale_, expected)
    if told and code != "?":
        laws.assert_same_bits(kind(**told).fit(sparse.csr_array(X)).scale_, converted)
    assert kind(**told).fit(X).transform(X).dtype == np.float64


@DENSE
@pytest.mark.parametrize(("dtype", "bits"), [("f8", 0x7FF0000000000001), ("f4", 0x7F800001)])
def test_every_kind_of_nan_is_missing(kind, dtype, bits):
    """Those that signal, too, of which NumPy warns when it adds to them or casts them."""
    given = np.array([1.0, 2.0, 4.0], dtype=dtype)[:, None]
    given.view(f"u{dtype[1]}")[1] = bits
    expected = kind().fit_transform(np.array([[1.0], [np.nan], [4.0]], dtype=dtype))
    np.testing.assert_array_equal(kind().fit_transform(given), expected)
    framed = pd.DataFrame({"a": given[:, 0], "b": 1.0})  # of float64 in all
    assert kind().fit(framed).n_samples_seen_[0] == 2


@DENSE
def test_a_shape_that_is_not_that_of_the_array_is_refused(kind):
    class Lies:
        shape = (3, 9)

        def __array__(self, dtype=None, copy=None):
            return np.ones((3, 2))

    with pytest.raises(
        ValueError, match=r"of shape \(3, 2\), but its attribute `shape` is \(3, 9\)"
    ):
        kind().fit(Lies())


SWAPPED = np.dtype("=f8").newbyteorder().byteorder


def told(act):
    """Return what an act gives, or its error."""
    try:
        return act()
    except Exception as error:  # any error, to be compared
        return error


@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
@pytest.mark.parametrize("framed", [False, True])
def test_the_byte_order_of_floats_leaves_no_trace(estimator, kind, framed):
    """What other machines wrote has the bits and the dtype of native floats, in every method.

    Of scikit-learn's estimators, all give native float64 for it.
    """
    wrap = pd.DataFrame if framed else np.asarray
    native, swapped = wrap(X.astype(kind)), wrap(X.astype(SWAPPED + kind))

    def fitted(rows):
        return clone(estimator).fit(rows)

    acts = {
        "fit_transform": lambda rows: clone(estimator).fit_transform(rows),
        "transform": lambda rows: fitted(native).transform(rows),
        "inverse_transform": lambda rows: fitted(native).inverse_transform(rows),
        "partial_fit": lambda rows: clone(estimator).partial_fit(rows).partial_fit(rows),
        "partial_fit_transform": lambda rows: clone(estimator).partial_fit_transform(rows),
    }
    for name, act in acts.items():
        expected, actual = told(lambda: act(native)), told(lambda: act(swapped))  # noqa: B023
        if isinstance(expected, Exception):
            assert str(actual) == str(expected), name
        elif name == "partial_fit":
            assert sklearn_norm.to_dict(actual) == sklearn_norm.to_dict(expected)
        else:
            found = np.asarray(actual)
            assert found.dtype.isnative, name
            assert found.dtype == np.asarray(expected).dtype == np.dtype(kind), name
            laws.assert_same_bits(found, np.asarray(expected))


@pytest.mark.parametrize("kind", [k for k in KINDS if not issubclass(k, TensorInput)])
def test_floats_of_another_byte_order_keep_their_dtype_beside_an_origin(kind):
    """Differences from an origin are float64, and the results as narrow as X."""
    wide = np.array([[2**60 + 1, 0], [2**60 + 7, 1]])
    scaler = kind().fit(wide)
    assert scaler.transform(np.ones((2, 2), SWAPPED + "f4")).dtype == np.float32
