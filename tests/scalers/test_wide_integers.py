"""Integers beyond 2**53 are measured, mapped and inverted as differences, before any rounding."""

import base64
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from documents import checksum
from laws import assert_same_bits
from scipy import sparse

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
    from_dict,
    to_dict,
)
from sklearn_norm.exceptions import FormatError

WIDE = 2**60
SCALERS = [
    MinMaxScaler(),
    MinMaxScaler((-1, 3)),
    ZScoreScaler(),
    ZScoreScaler(ddof=1),
    RobustScaler(),
    BatchStatsScaler(),
    BatchStatsScaler(momentum=None, eps=0.0),
]
every_scaler = pytest.mark.parametrize("scaler", SCALERS, ids=str)
PLACES = [2**60, -(2**61) + 12345, 2**63 - 5000, 1_700_000_000_000_000_000, -(2**63) + 1]
every_place = pytest.mark.parametrize("place", PLACES)
SMALL = np.array([[0, 70], [1, 10], [2, 0], [700, 3], [45, 44]])


def fresh(scaler):
    return sklearn_norm.from_dict(to_dict(scaler))


@pytest.mark.parametrize("scaler", [MinMaxScaler(), RobustScaler(), ZScoreScaler()], ids=str)
def test_three_neighbours_are_told_apart(scaler):
    X = np.array([[0], [1], [2]]) + WIDE
    expected = {
        "MinMaxScaler": [0.0, 0.5, 1.0],
        "RobustScaler": [-1.0, 0.0, 1.0],
        "ZScoreScaler": [-np.sqrt(1.5), 0.0, np.sqrt(1.5)],
    }[type(scaler).__name__]
    np.testing.assert_allclose(scaler.fit_transform(X)[:, 0], expected, rtol=1e-15)
    assert scaler.constant_features_.size == 0


@every_scaler
@every_place
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_wide_integers_are_mapped_as_their_differences(scaler, place, dtype):
    if dtype == np.uint64:
        place = abs(place) * 2 - 10_000
    X = (SMALL + 0).astype(object) + place
    X = X.astype(dtype)
    expected = fresh(scaler).fit(SMALL).transform(SMALL)
    scaler = fresh(scaler).fit(X)
    Z = scaler.transform(X)
    np.testing.assert_allclose(Z, expected, rtol=1e-13, atol=1e-13)
    assert_same_bits(fresh(scaler).fit_transform(X), Z)
    assert_same_bits(scaler.transform(X[:1]), Z[:1])
    back = scaler.inverse_transform(Z)
    exact = np.array([[float(int(x)) for x in row] for row in X])
    assert np.abs(back - exact).max() <= np.spacing(np.abs(exact)).max()
    one = scaler.inverse_transform(Z[:, 1], columns=[1])
    assert_same_bits(one, back[:, 1])


@every_scaler
def test_attributes_are_the_nearest_floats(scaler):
    X = SMALL + WIDE
    scaler, small = fresh(scaler).fit(X), fresh(scaler).fit(SMALL)
    for name in ("data_min_", "data_max_", "mean_", "center_", "running_mean_"):
        if hasattr(small, name):
            found = getattr(scaler, name)
            exact = [Fraction(v) + WIDE for v in getattr(small, name).tolist()]
            assert [abs(Fraction(a) - b) <= 128 for a, b in zip(found, exact, strict=True)]
            assert found.tolist() == pytest.approx([float(v) for v in exact], rel=1e-15)
    for name in ("scale_", "data_range_", "var_", "running_var_"):
        if hasattr(small, name):
            np.testing.assert_allclose(getattr(scaler, name), getattr(small, name), rtol=1e-12)


@every_scaler
def test_streams_merges_and_files_keep_the_differences(scaler):
    X = np.concatenate([SMALL, SMALL[::-1] * 3]) + WIDE
    whole = fresh(scaler).fit(X)
    if type(scaler).__name__ != "BatchStatsScaler":
        stream = fresh(scaler).partial_fit(X[:4]).partial_fit(X[4:5]).partial_fit(X[5:])
        np.testing.assert_allclose(stream.transform(X), whole.transform(X), rtol=1e-12, atol=1e-12)
        merged = fresh(scaler).fit(X[:5]).merge(fresh(scaler).fit(X[5:]))
        np.testing.assert_allclose(merged.transform(X), whole.transform(X), rtol=1e-12, atol=1e-12)
    after_none = fresh(scaler).partial_fit(X[:0]).partial_fit(X)
    assert_same_bits(after_none.transform(X), fresh(scaler).partial_fit(X).transform(X))
    again = from_dict(to_dict(whole))
    assert_same_bits(again.transform(X), whole.transform(X))
    assert_same_bits(again.partial_fit(X).transform(X), whole.partial_fit(X).transform(X))


@pytest.mark.parametrize(
    "scaler",
    [MinMaxScaler(), ZScoreScaler(), RobustScaler(), BatchStatsScaler(momentum=None)],
    ids=str,
)
def test_parts_with_other_origins_merge(scaler):
    """The second is moved onto the origin of the first: differences of 2**56 are not lost."""
    first, second = SMALL + WIDE, SMALL + WIDE + 2**56
    parts = fresh(scaler).fit(first), fresh(scaler).fit(second)
    if isinstance(scaler, RobustScaler):  # what later data may show
        with pytest.warns(UserWarning, match="fewer ones were rounded"):
            merged = parts[0].merge(parts[1])
    else:
        merged = parts[0].merge(parts[1])
    plain = fresh(scaler).fit(SMALL.astype(float)).merge(fresh(scaler).fit(SMALL + 2.0**56))
    both = np.concatenate([first, second])
    expected = plain.transform(np.concatenate([SMALL.astype(float), SMALL + 2.0**56]))
    np.testing.assert_allclose(merged.transform(both), expected, rtol=1e-12, atol=1e-12)


ARROW = "int64[pyarrow]"
FRAMES = {
    "pandas": lambda n: pd.DataFrame({"x": [0.5, 1.5, 2.5], "n": n}),
    "pandas, one kind": lambda n: pd.DataFrame({"x": n - 7, "n": n}),
    "pandas, nullable": lambda n: pd.DataFrame({"x": [1.0, 2, 3], "n": pd.array(n, "Int64")}),
    "pandas, of arrow": lambda n: pd.DataFrame(
        {"x": [1, 2, 3], "n": pd.array(n, "int64[pyarrow]")}
    ),
    "polars": lambda n: pl.DataFrame({"x": [0.5, 1.5, 2.5], "n": n}),
    "arrow": lambda n: pa.table({"x": [0.5, 1.5, 2.5], "n": n}),
    "record batch": lambda n: pa.record_batch({"x": [0.5, 1.5, 2.5], "n": n}),
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=list(FRAMES))
def test_frames_with_a_wide_column_beside_others(make):
    n = np.array([0, 1, 2]) + WIDE
    frame = make(n)
    Z = np.asarray(MinMaxScaler().fit_transform(frame), dtype=float)
    assert Z.tolist() == [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0]]
    scaler = MinMaxScaler().fit(frame)
    assert np.asarray(scaler.transform(frame), dtype=float).tolist() == Z.tolist()
    assert np.asarray(scaler.partial_fit(frame).transform(frame)).tolist() == Z.tolist()


def test_a_missing_integer_stays_missing():
    for n in (
        pd.array([WIDE, None, WIDE + 2], "Int64"),
        pd.array([WIDE, None, WIDE + 2], "int64[pyarrow]"),
    ):
        Z = MinMaxScaler().fit_transform(pd.DataFrame({"n": n}))
        np.testing.assert_array_equal(np.asarray(Z, dtype=float), [[0.0], [np.nan], [1.0]])
    frame = pl.DataFrame({"n": [WIDE, None, WIDE + 2]})
    Z = MinMaxScaler().set_output(transform="polars").fit_transform(frame)
    assert Z["n"].to_list() == [0.0, None, 1.0]


def test_more_axes_of_wide_integers():
    X = (np.arange(24).reshape(2, 4, 3)) + WIDE
    expected = MinMaxScaler().fit_transform(np.arange(24.0).reshape(2, 4, 3))
    assert_same_bits(MinMaxScaler().fit_transform(X), expected)


@every_scaler
def test_without_a_center_the_values_themselves_are_scaled(scaler):
    X = SMALL + WIDE
    for one in (ZScoreScaler(with_mean=False), RobustScaler(with_centering=False)):
        Z = one.fit(X).transform(X)
        np.testing.assert_allclose(Z, X / one.scale_, rtol=1e-15)
        assert np.isfinite(one.inverse_transform(Z)).all()
        assert getattr(one, "center_", None) is None


def test_what_has_no_differences_takes_the_nearest_floats():
    """A divisor alone, a range that was given, or a prior are of the values themselves."""
    X = SMALL + WIDE
    given = MinMaxScaler(data_range=(0.0, 2.0**61)).fit(X)
    np.testing.assert_allclose(given.transform(X), X / 2.0**61, rtol=1e-15)
    decimal = sklearn_norm.DecimalScaler().fit(X)
    np.testing.assert_allclose(decimal.transform(X), X / 1e19, rtol=1e-15)
    prior = BatchStatsScaler(bias_correction=False).partial_fit(X)
    assert prior.running_mean_.tolist() == pytest.approx([0.1 * WIDE] * 2)


W = WIDE + np.arange(5)[:, None] * 100
QUARTERS = [0.0, 0.25, 0.5, 0.75, 1.0]


def test_deviations_come_back_without_the_origin():
    for scaler in (MinMaxScaler(), ZScoreScaler(), RobustScaler()):
        small = fresh(scaler).fit(W - WIDE).inverse_transform_std([[1.0]])
        np.testing.assert_allclose(fresh(scaler).fit(W).inverse_transform_std([[1.0]]), small)


@pytest.mark.parametrize("kind", [ZScoreScaler, RobustScaler])
def test_the_range_of_the_data_without_a_center(kind):
    name = "with_mean" if kind is ZScoreScaler else "with_centering"
    plain = kind(**{name: False}).fit(W).transform(W)
    clipped = kind(**{name: False}, clip="range").fit_transform(W)
    np.testing.assert_allclose(clipped, plain, rtol=1e-15)


def test_a_range_given_later_or_at_once_is_of_the_data():
    scaler = MinMaxScaler().fit(W)
    scaler.set_params(data_range=(float(WIDE), float(WIDE + 1024))).partial_fit(W)
    expected = np.arange(5) * 100 / 1024
    np.testing.assert_allclose(scaler.transform(W)[:, 0], expected, rtol=1e-15)
    assert scaler.data_max_.tolist() == [WIDE + 1024]
    at_once = MinMaxScaler(data_range=(float(WIDE), float(WIDE + 1024))).fit(W)
    np.testing.assert_allclose(at_once.transform(W)[:, 0], expected, rtol=1e-15)


def test_lists_and_masked_arrays_of_integers():
    assert MinMaxScaler().fit_transform(W.tolist())[:, 0].tolist() == QUARTERS
    assert MinMaxScaler().fit(W).transform(W.tolist())[:, 0].tolist() == QUARTERS
    masked = np.ma.array(W, mask=[[0], [0], [1], [0], [0]])
    Z = MinMaxScaler().fit_transform(masked)[:, 0]
    np.testing.assert_array_equal(Z, [0.0, 0.25, np.nan, 0.75, 1.0])


@every_scaler
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"])
def test_narrower_numbers_follow_wide_ones(scaler, dtype):
    scaler = fresh(scaler).fit(W)
    few = np.array([[1], [100]], dtype=dtype)
    found = scaler.transform(few)
    rtol = 1e-7 if dtype == "f4" else 1e-12
    np.testing.assert_allclose(found, scaler.transform(few.astype(np.int64)), rtol=rtol)
    scaler.partial_fit(few)


@every_scaler
@pytest.mark.parametrize("dtype", ["f2", "f4"])
def test_narrow_floats_keep_their_dtype_after_wide_integers(scaler, dtype):
    frame = pd.DataFrame({"n": W[:, 0]})
    scaler = fresh(scaler).fit(frame)
    few = pd.DataFrame({"n": np.array([1.0, np.nan, 100.0], dtype=dtype)})
    Z = scaler.transform(few)
    assert Z.dtype == scaler.inverse_transform(np.zeros((1, 1), dtype=dtype)).dtype == dtype
    with np.errstate(over="ignore"):
        expected = scaler.transform(few.astype("float64")).astype(dtype)
    assert_same_bits(Z, expected)


@pytest.mark.parametrize("scaler", [MinMaxScaler(), ZScoreScaler(), RobustScaler()], ids=str)
def test_what_came_first_without_members_does_not_choose_the_origin(scaler):
    nothing = fresh(scaler).fit([[np.nan]])
    expected = fresh(scaler).fit(W).transform(W)
    for merged in (nothing.merge(fresh(scaler).fit(W)), fresh(scaler).fit(W).merge(nothing)):
        np.testing.assert_allclose(merged.transform(W), expected, rtol=1e-14, atol=1e-14)
    parts = [nothing, nothing, fresh(scaler).fit(W[:2]), nothing, fresh(scaler).fit(W[2:])]
    many = sklearn_norm.merge(parts)
    np.testing.assert_allclose(many.transform(W), expected, rtol=1e-13, atol=1e-13)
    both = np.column_stack([W, np.arange(5)])
    for first in ([[np.nan, 1.0]], [[np.nan, 1.0], [np.nan, 2.0]]):
        stream = fresh(scaler).partial_fit(first).partial_fit(both)
        found = stream.transform(both)[:, 0]
        np.testing.assert_allclose(found, expected[:, 0], rtol=1e-13, atol=1e-13)


def test_sparse_data_after_wide_ones_are_mapped_as_they_are():
    scaler = ZScoreScaler(with_mean=False).fit(W)
    X = sparse.csr_array(np.array([[3.0], [0.0], [5.0]]))
    Z = scaler.transform(X)
    np.testing.assert_allclose(Z.toarray(), X.toarray() / scaler.scale_, rtol=1e-15)
    np.testing.assert_allclose(scaler.inverse_transform(Z).toarray(), X.toarray(), rtol=1e-15)
    dense = ZScoreScaler(with_mean=False).fit(W).partial_fit(X.toarray())
    np.testing.assert_allclose(scaler.partial_fit(X).scale_, dense.scale_, rtol=1e-14)


def test_small_and_random_wide_integers_are_read_as_before():
    """Up to 2**53 nothing changes; where members are far apart, floats round as ever."""
    X = np.array([[0], [2**50]])
    assert "_origin" not in MinMaxScaler().fit(X).__getstate__()
    hashes = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, (50, 2))
    Z = MinMaxScaler().fit_transform(hashes)
    low, high = hashes.min(axis=0), hashes.max(axis=0)
    exact = [
        [
            float(Fraction(int(v) - int(a), int(b) - int(a)))
            for v, a, b in zip(row, low, high, strict=True)
        ]
        for row in hashes
    ]
    np.testing.assert_allclose(Z, exact, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    "wrong",
    [np.array([0.5, 0.0]), np.array([2.0**60]), np.array([2.0**101, 0.0]), np.array([np.nan, 0.0])],
    ids=["a fraction", "one column", "too large", "NaN"],
)
def test_a_file_with_an_impossible_origin_is_refused(wrong):
    document = to_dict(MinMaxScaler().fit(SMALL + WIDE))
    data = base64.b64encode(wrong.astype("<f8").tobytes()).decode()
    written = {"dtype": "<f8", "shape": list(wrong.shape), "base64": data}
    document["estimator"]["state"]["origin"] = written
    with pytest.raises(FormatError, match="origin"):
        from_dict({**document, "checksum": checksum(document)})
