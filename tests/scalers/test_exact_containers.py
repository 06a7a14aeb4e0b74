"""What holds numbers beyond 2**53 exactly is measured exactly: objects, decimals, categories."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from laws import assert_same_bits

from sklearn_norm import BatchStatsScaler, MinMaxScaler, RobustScaler, ZScoreScaler

WIDE = 2**60
N = [WIDE, WIDE + 1, WIDE + 4]
EXPECTED = [0.0, 0.25, 1.0]
DECIMALS = [Decimal(n) for n in N]
ENCODED = pa.array(N).dictionary_encode()
CONTAINERS = {
    "objects": np.array(N, dtype=object)[:, None],
    "objects of NumPy": np.array([np.int64(N[0]), np.uint64(N[1]), N[2]], dtype=object)[:, None],
    "objects, a float among them": np.array([N[0], N[1], float(N[0]), N[2]], dtype=object)[:, None],
    "objects in three axes": np.array(N, dtype=object)[:, None, None],
    "masked objects": np.ma.array(np.array(N, dtype=object)[:, None], mask=False),
    "fractions": np.array([Fraction(n) for n in N], dtype=object)[:, None],
    "text": np.array([str(n) for n in N])[:, None],
    "bytes": np.array([str(n).encode() for n in N])[:, None],
    "a list beside floats": [[n, 0.5 * at] for at, n in enumerate(N)],
    "big endian": np.array(N, dtype=">i8")[:, None],
    "Fortran order": np.asfortranarray(np.array([N, N]).T),
    "pandas, objects": pd.DataFrame({"n": pd.Series(N, dtype=object)}),
    "pandas, objects beside floats": pd.DataFrame(
        {"n": pd.Series(N, dtype=object), "x": [0.0, 0.25, 1.0]}
    ),
    "pandas, category": pd.DataFrame({"n": pd.Categorical(N)}),
    "pandas, category of text": pd.DataFrame({"n": pd.Categorical([str(n) for n in N])}),
    "pandas, decimals": pd.DataFrame({"n": DECIMALS}),
    "pandas, decimals of arrow": pd.DataFrame(
        {"n": pd.array(DECIMALS, dtype=pd.ArrowDtype(pa.decimal128(30, 2)))}
    ),
    "pandas, dictionary of arrow": pd.DataFrame(
        {"n": pd.array(ENCODED, dtype=pd.ArrowDtype(ENCODED.type))}
    ),
    "pandas, sparse beside floats": pd.DataFrame(
        {"n": pd.arrays.SparseArray(N), "x": [0.0, 0.25, 1.0]}
    ),
    "polars, decimals": pl.DataFrame({"n": pl.Series(N).cast(pl.Decimal(30, 2))}),
    "polars, objects": pl.DataFrame({"n": pl.Series(N, dtype=pl.Object)}),
    "polars, 128 bits": pl.DataFrame({"n": pl.Series(N, dtype=pl.Int128)}),
    "arrow, decimals": pa.table({"n": pa.array(DECIMALS)}),
    "arrow, dictionary": pa.table({"n": ENCODED}),
    "record batch, dictionary": pa.record_batch({"n": ENCODED}),
}
every_container = pytest.mark.parametrize("X", CONTAINERS.values(), ids=list(CONTAINERS))


def first(Z):
    found = np.asarray(Z, dtype=float)
    return found.reshape(-1, found.shape[-1])[:, 0].tolist()


@pytest.mark.filterwarnings("ignore:pandas.DataFrame with sparse columns")
@every_container
def test_neighbours_are_told_apart(X):
    expected = EXPECTED if len(X) == 3 else [0.0, 0.25, 0.0, 1.0]
    assert first(MinMaxScaler().fit_transform(X)) == expected
    scaler = MinMaxScaler().fit(X)
    assert first(scaler.transform(X)) == expected
    assert scaler.constant_features_.size == 0
    assert first(MinMaxScaler().partial_fit(X).partial_fit(X).transform(X)) == expected


@pytest.mark.filterwarnings("ignore:pandas.DataFrame with sparse columns")
@every_container
@pytest.mark.parametrize(
    "scaler", [ZScoreScaler(), RobustScaler(), BatchStatsScaler(momentum=None)], ids=str
)
def test_the_bits_are_those_of_int64(scaler, X):
    if len(X) == 3:
        scaler.fit(np.array(N)[:, None])
        expected = scaler.transform(np.array(N)[:, None])[:, 0]
        assert_same_bits(np.array(first(scaler.fit(X).transform(X))), expected)


MISSING = {
    "objects": np.array([N[0], None, N[1], N[2]], dtype=object)[:, None],
    "a list": [[N[0]], [None], [N[1]], [N[2]]],
    "masked objects": np.ma.array(
        np.array([N[0], 5, N[1], N[2]], dtype=object)[:, None], mask=[[0], [1], [0], [0]]
    ),
    "pandas, objects": pd.DataFrame({"n": pd.Series([N[0], pd.NA, N[1], N[2]], dtype=object)}),
    "pandas, category": pd.DataFrame({"n": pd.Categorical([N[0], None, N[1], N[2]])}),
    "pandas, decimals": pd.DataFrame({"n": [DECIMALS[0], Decimal("NaN"), *DECIMALS[1:]]}),
    "polars, decimals": pl.DataFrame({"n": [DECIMALS[0], None, *DECIMALS[1:]]}),
    "polars, 128 bits": pl.DataFrame({"n": pl.Series([N[0], None, N[1], N[2]], dtype=pl.Int128)}),
    "arrow, decimals": pa.table({"n": [DECIMALS[0], None, *DECIMALS[1:]]}),
    "arrow, dictionary": pa.table({"n": pa.array([N[0], None, *N[1:]]).dictionary_encode()}),
}


@pytest.mark.parametrize("X", MISSING.values(), ids=list(MISSING))
def test_what_is_missing_stays_missing(X):
    found = first(MinMaxScaler().fit_transform(X))
    np.testing.assert_array_equal(found, [0.0, np.nan, 0.25, 1.0])


@pytest.mark.parametrize("place", [2**64, 2**70, -(2**70), 10**30])
def test_integers_that_no_integer_of_numpy_holds(place):
    X = np.array([place, place + 1, place + 4], dtype=object)[:, None]
    scaler = MinMaxScaler().fit(X)
    assert first(scaler.transform(X)) == EXPECTED
    assert first(scaler.transform(X.tolist())) == EXPECTED
    assert scaler.data_min_.tolist() == [float(place)]
    back = scaler.inverse_transform([[0.0], [1.0]])
    assert back[:, 0].tolist() == [float(place), float(place + 4)]
    again = MinMaxScaler()
    again.__setstate__(scaler.__getstate__())
    assert first(again.transform(X)) == EXPECTED


@pytest.mark.parametrize("place", [10**31, -(10**200)])
def test_neighbours_that_no_difference_tells_apart_are_refused(place):
    frame = pd.DataFrame({"x": [1.0, 2.0], "n": pd.Series([place, place + 1], dtype=object)})
    scaler = MinMaxScaler()
    with pytest.raises(ValueError, match=f"Column 'n' holds {str(place)[:20]}.*[Ss]ubtract"):
        scaler.fit(frame)
    assert not hasattr(scaler, "data_min_")
    far = np.array([[10**31], [10**32], [2 * 10**32 - 10**31]], dtype=object)
    found = first(MinMaxScaler().fit_transform(far))
    np.testing.assert_allclose(found, [0.0, 0.5, 1.0], rtol=1e-15)
    floats = np.array([[2.0**101], [2**101]], dtype=object)
    assert first(MinMaxScaler().fit_transform(floats)) == [0.0, 0.0]


def test_halves_between_wide_integers():
    X = np.array([[Decimal(WIDE)], [Decimal(WIDE) + Decimal("0.5")], [WIDE + 1]], dtype=object)
    assert first(MinMaxScaler().fit_transform(X)) == [0.0, 0.5, 1.0]


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is a double here")
def test_long_doubles_are_not_rounded_first():
    X = np.array(N, dtype=np.longdouble)[:, None]
    assert first(MinMaxScaler().fit_transform(X)) == EXPECTED


def test_a_column_of_128_bits_that_is_small():
    frame = pl.DataFrame({"n": pl.Series([1, None, 3], dtype=pl.Int128), "x": [1.0, 2.0, 3.0]})
    Z = MinMaxScaler().set_output(transform="polars").fit_transform(frame)
    assert Z["n"].to_list() == [0.0, None, 1.0]
    assert Z["x"].to_list() == [0.0, 0.5, 1.0]
