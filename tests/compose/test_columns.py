"""ColumnScaler: different scalers for different columns, and back."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import polars as pl
import polars.selectors as cs
import polars.testing
import pytest
import sklearn
from budget import times
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits, assert_same_state
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler as Theirs

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    ColumnScaler,
    DecimalScaler,
    LayerNorm,
    MaxAbsScaler,
    MinMaxScaler,
    PooledScaler,
    RobustScaler,
    StreamingPipeline,
    ZScoreScaler,
    make_column_scaler,
)

ROWS = 40
RNG = np.random.default_rng(0)
PARTS = [
    ("lidar", MinMaxScaler(), ["range"]),
    ("camera", MinMaxScaler(data_range=(0, 255)), ["px_0", "px_1"]),
    ("radar", ZScoreScaler(), ["speed", "flag", "track"]),
]
EVERY_AFFINE = [
    ZScoreScaler(),
    ZScoreScaler(with_mean=False),
    ZScoreScaler(with_mean=False, with_std=False),
    ZScoreScaler(clip="range"),
    MinMaxScaler(),
    MinMaxScaler(feature_range=(-1.5, 1.2), clip=True),
    MaxAbsScaler(),
    RobustScaler(),
    DecimalScaler(),
    BatchStatsScaler(),
    PooledScaler(MinMaxScaler(feature_range=(0.1, 0.7))),
]


def data(rows=ROWS, seed=0):
    """Return columns of every kind, by name."""
    rng = np.random.default_rng(seed)
    return {
        "city": rng.choice(["Oslo", "Rome"], rows).tolist(),
        "range": rng.normal(50, 10, rows),
        "px_0": rng.integers(0, 256, rows),
        "px_1": rng.integers(0, 256, rows).astype(np.uint8),
        "day": (np.datetime64("2024-01-01") + np.arange(rows)).astype("datetime64[us]"),
        "speed": rng.normal(size=rows).astype(np.float32),
        "flag": rng.random(rows) > 0.5,
        "track": [None if i == 3 else int(i) for i in rng.integers(0, 99, rows)],
        "left": rng.normal(size=rows),
    }


def of_pandas(rows=ROWS, seed=0):
    found = data(rows, seed)
    found["track"] = pd.array(found["track"], dtype="Int64")
    frame = pd.DataFrame(found, index=np.arange(rows)[::-1] + 7)
    frame["city"] = frame["city"].astype("category")
    return frame


def of_polars(rows=ROWS, seed=0):
    return pl.DataFrame(data(rows, seed))


FRAMES = pytest.mark.parametrize("make", [of_pandas, of_polars], ids=["pandas", "polars"])


def assert_same_frame(actual, expected, ulps=4):
    """Same names, order, dtypes and index; floats to ulps of the largest of a column."""
    assert type(actual) is type(expected)
    assert list(actual.columns) == list(expected.columns)
    assert [str(d) for d in actual.dtypes] == [str(d) for d in expected.dtypes]
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_index_equal(actual.index, expected.index)
    for name in expected.columns:
        a, b = actual[name], expected[name]
        if not str(b.dtype).lower().startswith("float"):
            assert a.equals(b), name
            continue
        a, b = a.to_numpy(), b.to_numpy()
        allowed = ulps * np.finfo(b.dtype).eps * np.nanmax(np.abs(b))
        assert (np.isnan(a) == np.isnan(b)).all()
        assert np.nanmax(np.abs(a - b)) <= allowed, name


def take(X, columns):
    return X[columns] if isinstance(X, pd.DataFrame) else X.select(columns)


def numbers(X, name):
    """Return a column as floats, NaN where it is null."""
    column = X[name]
    if isinstance(X, pl.DataFrame):
        return column.cast(pl.Float64).to_numpy()
    return column.to_numpy(dtype=np.float64, na_value=np.nan)


# There and back


@FRAMES
def test_a_mixed_frame_goes_through_and_back(make):
    X = make()
    before = deepcopy(X)
    scaler = ColumnScaler(PARTS)
    Z = scaler.fit_transform(X)
    assert list(Z.columns) == list(X.columns)
    assert X.equals(before)
    for name in ("city", "day", "left"):
        assert Z[name].equals(X[name]), name
    assert str(Z["speed"].dtype).lower() == "float32"
    assert_same_frame(scaler.inverse_transform(Z), X)
    assert Z.equals(scaler.transform(X))


@FRAMES
@pytest.mark.parametrize(
    "names", [["range"], ["px_1", "left"], ["city", "speed", "track"], ["px_0", "px_1", "flag"]]
)
def test_any_subset_goes_back_by_name(make, names):
    X = make()
    scaler = ColumnScaler(PARTS)
    Z = scaler.fit_transform(X)
    assert_same_frame(scaler.inverse_transform(take(Z, names)), take(X, names))


def test_subsets_of_arrays_go_back_by_place_and_one_column_as_a_series():
    X = of_pandas()
    scaler = ColumnScaler(PARTS)
    Z = scaler.fit_transform(X)
    chosen = np.column_stack([numbers(Z, "range"), numbers(Z, "left")])
    back = scaler.inverse_transform(chosen, columns=["range", "left"])
    np.testing.assert_allclose(back[:, 0], X["range"], 1e-15)
    assert_same_bits(back[:, 1], X["left"].to_numpy())
    one = scaler.inverse_transform(Z["range"])
    assert isinstance(one, pd.Series)
    np.testing.assert_allclose(one, X["range"], 1e-15)
    alone = scaler.inverse_transform(Z["range"].to_numpy(), columns="range")
    assert_same_bits(alone, one.to_numpy())


@FRAMES
def test_a_large_frame_and_any_of_its_columns_come_back(make):
    """30 mixed columns: text, dates, flags, integers with nulls, floats of all sizes."""
    rows = times(1000, 100_000)
    X = make(rows)
    more = {f"n{i}": RNG.normal(10.0**i, 3, rows) for i in range(21)}
    X = X.assign(**more) if isinstance(X, pd.DataFrame) else X.with_columns(**more)
    assert X.shape == (rows, 30)
    scaler = ColumnScaler([*PARTS, ("wide", RobustScaler(), [*more][:12])], remainder="passthrough")
    Z = scaler.fit_transform(X)
    assert_same_frame(scaler.inverse_transform(Z), X)
    for size in (1, 2, 5, 13, 29):
        names = [X.columns[at] for at in sorted(RNG.permutation(30)[:size])]
        assert_same_frame(scaler.inverse_transform(take(Z, names)), take(X, names))


def test_values_that_are_no_integers_stay_floats():
    """What a model predicts is not rounded in silence, and what no integer holds is not wrapped."""
    X = pd.DataFrame({"n": np.arange(9), "u": np.arange(9, dtype=np.uint8)})
    scaler = ColumnScaler([("z", ZScoreScaler(), ["n", "u"])]).fit(X)
    Z = scaler.transform(X)
    Z.iloc[0] += 0.01
    assert [d.kind for d in scaler.inverse_transform(Z).dtypes] == ["f", "f"]
    low = scaler.inverse_transform(scaler.transform(pd.DataFrame({"n": [-3], "u": [-1]})))
    assert low.dtypes.astype(str).tolist() == ["int64", "float64"]
    assert low.to_numpy().tolist() == [[-3, -1]]


# As by hand


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int32", "int64"])
@pytest.mark.parametrize("scaler", EVERY_AFFINE, ids=repr)
def test_results_have_the_bits_of_the_parts_by_hand(scaler, dtype, hard_matrix):
    """With another part beside it, whose steps differ, and columns that stay."""
    X = hard_matrix[:300]
    if dtype != "float64":
        X = np.nan_to_num(np.clip(hard_matrix[:300], -1e4, 1e4)).astype(dtype)
    mine, others = [4, 1], [2, 3, 6]
    both = ColumnScaler([("one", scaler, mine), ("two", MinMaxScaler((-1, 3)), others)])
    Z = both.fit_transform(X)
    one, two = clone(scaler).fit(X[:, mine]), MinMaxScaler((-1, 3)).fit(X[:, others])
    assert_same_bits(Z[:, mine], one.transform(X[:, mine]).astype(Z.dtype))
    assert_same_bits(Z[:, others], two.transform(X[:, others]).astype(Z.dtype))
    assert_same_bits(Z[:, [0, 5]], X[:, [0, 5]].astype(Z.dtype))
    assert_same_bits(both.transform(X), Z)
    with np.errstate(over="ignore"):
        back = both.inverse_transform(Z)
        assert_same_bits(back[:, mine], one.inverse_transform(Z[:, mine]))
        assert_same_bits(back[:, others], two.inverse_transform(Z[:, others]))
    assert_same_bits(back[:, [0, 5]], Z[:, [0, 5]])


@FRAMES
def test_results_of_frames_have_the_bits_of_the_parts_by_hand(make):
    X = make()
    Z = ColumnScaler(PARTS).fit_transform(X)
    for _, scaler, names in PARTS:
        expected = clone(scaler).fit_transform(take(X, names))
        for i, name in enumerate(names):
            found = numbers(Z, name)
            if name == "speed":
                assert_same_bits(found.astype(np.float32), expected[:, i].astype(np.float32))
            else:
                assert_same_bits(found, expected[:, i].astype(np.float64))


@FRAMES
def test_one_row_of_a_mixed_frame_has_the_bits_of_many(make):
    """It goes another way: its numbers are one block."""
    X = take(make(), ["city", "range", "px_0", "px_1", "left", "flag"])
    parts = [("a", ZScoreScaler(), ["range", "px_0"]), ("b", MinMaxScaler((-1, 2)), ["flag"])]
    scaler = ColumnScaler(parts).fit(X)
    whole = scaler.transform(X)
    assert str(whole["px_1"].dtype).lower() == "uint8"
    for name, of in (("range", 0), ("px_0", 1)):
        expected = ZScoreScaler().fit_transform(take(X, ["range", "px_0"]))[:, of]
        assert_same_bits(numbers(whole, name), expected)
    for i in range(5):
        row = scaler.transform(X[i : i + 1])
        assert row.equals(whole[i : i + 1])


@pytest.mark.parametrize("rows", [1, 5, 65])
def test_few_rows_of_numbers_in_polars_have_the_bits_of_the_parts(rows):
    """They are read and made in another way than many, short floats and flags among them."""
    rng = np.random.default_rng(rows)
    found = {"a": rng.normal(size=70), "i": rng.integers(-9, 9, 70), "flag": rng.random(70) > 0.5}
    found |= {"f": rng.normal(size=70).astype(np.float32), "u": rng.integers(0, 9, 70)}
    X = pl.DataFrame(found).with_columns(pl.col("u").cast(pl.UInt8))
    for names in (["a", "i", "f", "flag", "u"], ["a", "u"]):
        scaler = ColumnScaler([(n, ZScoreScaler(), [n]) for n in names]).fit(X)
        Z = scaler.transform(X[3 : 3 + rows])
        assert Z.columns == X.columns
        for name in X.columns:
            own = ZScoreScaler().fit(X[[name]]).set_output(transform="polars")
            given = X[3 : 3 + rows, [name]]
            expected = own.transform(given) if name in names else given
            if name == "f":
                expected = expected.cast(pl.Float32)
            pl.testing.assert_frame_equal(Z[[name]], expected, check_exact=True)
    absent = X[:2].with_columns(a=pl.Series([None, 1.0]))
    assert scaler.transform(absent)["a"].null_count() == 1
    with pytest.raises(ValueError, match=r"contains infinity .* in column 'a'"):
        scaler.transform(X[:1].with_columns(a=pl.lit(np.inf)))


def test_integers_beyond_2_53_are_scaled_exactly_and_stay_exact():
    times = 1_700_000_000_000_000_000 + np.arange(5) * 3
    X = pd.DataFrame({"time": times, "id": times + 1})
    Z = ColumnScaler([("t", MinMaxScaler(), ["time"])]).fit_transform(X)
    assert Z["time"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert Z["id"].tolist() == (times + 1).tolist()
    with pytest.raises(ValueError, match="Column 1, which no scaler takes, holds 17000000000000"):
        ColumnScaler([("t", MinMaxScaler(), [0])]).fit_transform(X.to_numpy())


# Which columns


SELECTIONS = [
    ["a", "c"],
    [0, 2],
    [-3, "c"],
    np.array(["a", "c"]),
    np.array([True, False, True]),
    [True, False, True],
    pd.Series([True, False, True]),
    slice(0, None, 2),
    pd.Index(["a", "c"]),
    lambda X: [name for name in X.columns if name != "b"],
    make_column_selector("a|c"),
]


@pytest.mark.parametrize("columns", SELECTIONS, ids=lambda c: type(c).__name__)
def test_columns_are_chosen_in_any_usual_way(columns):
    X = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=["a", "b", "c"])
    scaler = ColumnScaler([("z", ZScoreScaler(), columns)]).fit(X)
    assert scaler.columns_ == {"z": ["a", "c"]}
    assert scaler.transform(X)["b"].tolist() == X["b"].tolist()


def test_slices_of_names_include_the_last_and_one_name_is_one_column():
    X = of_pandas()
    scaler = ColumnScaler(
        [("z", ZScoreScaler(), slice("px_0", "px_1")), ("m", MinMaxScaler(), "left")]
    )
    assert scaler.fit(X).columns_ == {"z": ["px_0", "px_1"], "m": ["left"]}


def test_selectors_of_polars_choose_in_frames_of_polars():
    X = of_polars()
    scaler = ColumnScaler([("z", ZScoreScaler(), cs.float() - cs.by_name("left"))]).fit(X)
    assert scaler.columns_ == {"z": ["range", "speed"]}
    with pytest.raises(ValueError, match="scaler 'z': a selector of polars chooses columns of its"):
        ColumnScaler([("z", ZScoreScaler(), cs.float())]).fit(of_pandas())


def test_selectors_of_skrub_are_known_by_what_they_do():
    class Selector:
        def expand(self, X):
            return [name for name in X.columns if name.startswith("px")]

    for X in (of_pandas(), of_polars()):
        scaler = ColumnScaler([("z", ZScoreScaler(), Selector())]).fit(X)
        assert scaler.columns_ == {"z": ["px_0", "px_1"]}


def test_columns_are_chosen_once():
    """A later batch with other values does not change the choice, nor do other values of X."""
    X = pd.DataFrame({"a": [1.0, 2.0], "b": [0.0, 0.0]})
    scaler = ColumnScaler([("z", ZScoreScaler(), lambda X: list(X.columns[X.any()]))])
    scaler.partial_fit(X).partial_fit(X.assign(b=5.0))
    assert scaler.columns_ == {"z": ["a"]}


def test_an_empty_selection_is_legal():
    X = np.arange(6.0).reshape(3, 2)
    scaler = ColumnScaler([("none", ZScoreScaler(), []), ("all", MinMaxScaler(), [0, 1])]).fit(X)
    assert scaler.columns_ == {"none": [], "all": [0, 1]}
    assert not hasattr(scaler.named_scalers_["none"], "mean_")
    assert_same_bits(scaler.inverse_transform(scaler.transform(X)), X)
    assert_same_bits(ColumnScaler([]).fit_transform(X), X)
    merged = scaler.merge(scaler).partial_fit(X)
    assert merged.named_scalers_["all"].n_samples_seen_ == 9


def test_the_remainder_is_scaled_but_for_excluded_columns():
    X = of_pandas()
    scaler = ColumnScaler(
        [("m", MinMaxScaler(), ["range", "left"])],
        remainder=ZScoreScaler(),
        exclude=lambda X: ["city", "day", "left"],
    )
    Z = scaler.fit_transform(X)
    assert scaler.columns_["m"] == ["range"]
    assert scaler.columns_["remainder"] == ["px_0", "px_1", "speed", "flag", "track"]
    assert Z["left"].equals(X["left"])
    assert abs(Z["px_0"].mean()) < 1e-15
    assert_same_frame(scaler.inverse_transform(Z), X)


ERRORS = [
    ([("a", ZScoreScaler(), [0, 1]), ("b", MinMaxScaler(), [1])], "Column 1 is taken by the scal"),
    ([("a", ZScoreScaler(), [0, 0])], "scaler 'a': column 0 is chosen twice"),
    ([("a", ZScoreScaler(), [7])], "scaler 'a': Column 7 was not seen in fit"),
    ([("a", ZScoreScaler(), "height")], "scaler 'a': Column 'height' was not seen in fit"),
    ([("a", ZScoreScaler(), [True, False])], "scaler 'a': the mask has 2 entries, but X has 3"),
    ([("a", ZScoreScaler(), {0, 1})], "scaler 'a': `columns` must hold the labels"),
    ([("a", ZScoreScaler(), None)], "scaler 'a': columns=None chooses nothing"),
    ([("a", ZScoreScaler(), lambda X: len)], "scaler 'a': the function chose"),
    (
        [("a", Theirs(), [0])],
        "the scaler 'a' must be a scaler of sklearn_norm.*StandardScaler.from",
    ),
    ([("a", LayerNorm(), [0])], "the scaler 'a' is a LayerNorm, which normalises each sample"),
    ([("a", ZScoreScaler, [0])], r"the scaler 'a' is the class ZScoreScaler: pass ZScoreScaler\("),
    ([("a", "drop", [0])], "the scaler 'a' must be a scaler of sklearn_norm"),
    ([("a", ZScoreScaler(), [0]), ("a", ZScoreScaler(), [1])], "Two scalers are named 'a'"),
    ([("a__b", ZScoreScaler(), [0])], "two underscores"),
    ([("remainder", ZScoreScaler(), [0])], "is that of a parameter"),
    ([(3, ZScoreScaler(), [0])], "must be a string. Got 3"),
    ([("a", ZScoreScaler())], "tuples .name, scaler, columns."),
    ("zscore", "'scalers' parameter of ColumnScaler must be an instance of 'list'"),
]


@pytest.mark.parametrize(("scalers", "message"), ERRORS, ids=[m[:40] for _, m in ERRORS])
def test_wrong_scalers_are_refused_and_change_nothing(scalers, message):
    X = np.arange(12.0).reshape(4, 3)
    scaler = ColumnScaler([("z", ZScoreScaler(), [0])]).fit(X)
    expected = scaler.transform(X)
    scaler.scalers = scalers
    with pytest.raises((ValueError, TypeError), match=message):
        scaler.fit(X)
    assert_same_bits(scaler.transform(X), expected)


def test_the_remainder_is_never_dropped():
    with pytest.raises(ValueError, match="'remainder' parameter of ColumnScaler must be"):
        ColumnScaler([], remainder="drop").fit(np.eye(2))


# Streams, weights, merges


@FRAMES
def test_a_stream_equals_the_whole(make):
    X = make()
    whole, streamed = ColumnScaler(PARTS).fit(X), ColumnScaler(PARTS)
    for start in range(0, ROWS, 7):
        streamed.partial_fit(X[start : start + 7])
    streamed.partial_fit(X[:0])
    assert streamed.transform(X).equals(whole.transform(X))


@given(cuts=st.lists(st.integers(0, ROWS), max_size=4))
def test_parts_that_are_merged_equal_the_whole(cuts):
    X = of_pandas()
    parts = [p for p in np.split(np.arange(ROWS), sorted(cuts)) if p.size]
    fitted = [ColumnScaler(PARTS).fit(X.iloc[part]) for part in parts]
    expected = ColumnScaler(PARTS).fit(X).transform(X)
    merged = fitted[0]
    for other in fitted[1:]:
        merged = merged.merge(other)
    assert merged.transform(X).equals(expected)
    assert sklearn_norm.merge(fitted).transform(X).equals(expected)


def test_what_differs_is_not_merged():
    X = np.arange(12.0).reshape(4, 3)
    one = ColumnScaler([("z", ZScoreScaler(), [0])]).fit(X)
    for other, message in (
        (
            ColumnScaler([("z", ZScoreScaler(), [1])]).fit(X),
            r"has the columns \[0\] in one and \[1",
        ),
        (ColumnScaler([("y", ZScoreScaler(), [0])]).fit(X), "scalers of different parts"),
        (ColumnScaler([("z", ZScoreScaler(ddof=1), [0])]).fit(X), "different parameters: ddof"),
        (ColumnScaler([("z", ZScoreScaler(), [0])]).fit(X[:, :2]), "scalers of different columns"),
        (ZScoreScaler().fit(X), "Cannot merge a ColumnScaler with a ZScoreScaler"),
    ):
        with pytest.raises(ValueError, match=message):
            one.merge(other)
    with pytest.raises(NotFittedError, match="the other, a ColumnScaler, is not fitted"):
        one.merge(ColumnScaler([]))


def test_a_batch_is_learned_by_all_parts_or_by_none():
    X = of_pandas()
    scaler = ColumnScaler(PARTS).fit(X)
    state = pickle.dumps(scaler)
    wrong = X.copy()
    wrong["track"] = "far"
    for act in (scaler.partial_fit, scaler.fit, scaler.fit_transform, scaler.transform):
        with pytest.raises(ValueError, match=r"Column 'track' holds 'far'.*The scaler 'radar'"):
            act(wrong)
    wrong = X.assign(speed=np.inf)
    with pytest.raises(ValueError, match=r"infinity.*in column 'speed'"):
        scaler.partial_fit(wrong)
    assert pickle.dumps(scaler) == state


def test_errors_of_arrays_name_the_column_of_x():
    X = np.ones((3, 5))
    X[1, 4] = np.inf
    with pytest.raises(ValueError, match=r"infinity.*'m', of the columns \[3, 4\]"):
        ColumnScaler([("z", ZScoreScaler(), [0]), ("m", MinMaxScaler(), [3, 4])]).fit(X)
    # columns that nobody scales may hold it
    scaler = ColumnScaler([("z", ZScoreScaler(), [0])])
    Z = scaler.fit_transform(X)
    assert_same_bits(Z[:, 1:], X[:, 1:])
    assert_same_bits(scaler.inverse_transform(Z), X)


def test_weights_go_to_every_part_or_to_those_that_ask():
    X = np.arange(12.0).reshape(6, 2)
    w = [1, 2, 0, 1, 3, 1]
    parts = [("a", ZScoreScaler(), [0]), ("b", ZScoreScaler(), [1])]
    both = ColumnScaler(parts).fit(X, sample_weight=w)
    expected = ZScoreScaler().fit(X, sample_weight=w)
    assert_same_bits(both.transform(X), expected.transform(X))
    streamed = ColumnScaler(parts).partial_fit(X, sample_weight=w)
    assert_same_bits(streamed.transform(X), expected.transform(X))
    assert_same_bits(ColumnScaler(parts).fit_transform(X, sample_weight=w), expected.transform(X))
    with pytest.raises(TypeError, match="unexpected keyword argument 'groups'"):
        ColumnScaler(parts).fit(X, groups=w)
    with sklearn.config_context(enable_metadata_routing=True):
        asks = ZScoreScaler().set_fit_request(sample_weight=True)
        silent = ZScoreScaler().set_fit_request(sample_weight=False)
        routed = ColumnScaler([("a", asks, [0]), ("b", silent, [1])]).fit(X, sample_weight=w)
        assert_same_bits(routed.transform(X)[:, 0], expected.transform(X)[:, 0])
        assert_same_bits(routed.transform(X)[:, 1], ZScoreScaler().fit_transform(X)[:, 1])
        with pytest.raises(ValueError, match=r"sample_weight.*not explicitly set|not explicitly"):
            ColumnScaler(parts).fit(X, sample_weight=w)


# Parameters


def test_parameters_of_parts_have_paths():
    scaler = ColumnScaler(PARTS, remainder=RobustScaler())
    told = scaler.get_params()
    assert told["lidar"] is PARTS[0][1]
    assert told["camera__data_range"] == (0, 255)
    assert told["remainder__quantile_range"] == (25.0, 75.0)
    scaler = clone(scaler)
    scaler.set_params(lidar__clip=True, radar=MaxAbsScaler(), remainder__rank_error=0.1)
    assert scaler.scalers[0][1].clip is True
    assert isinstance(scaler.scalers[2][1], MaxAbsScaler)
    assert scaler.remainder.rank_error == 0.1


@pytest.mark.parametrize(
    "wrong",
    [{"lidar__clip": True, "radar__no": 1}, {"radar": MaxAbsScaler(), "nobody": 1}, {"x__y": 1}],
    ids=str,
)
def test_parameters_are_set_all_or_none(wrong):
    scaler = clone(ColumnScaler(PARTS))
    before = {k: repr(v) for k, v in scaler.get_params().items()}
    with pytest.raises((ValueError, AttributeError)):
        scaler.set_params(**wrong)
    assert {k: repr(v) for k, v in scaler.get_params().items()} == before


def test_parameters_that_change_in_a_stream_count_from_the_next_batch_on():
    """As those of a scaler do; a part of another name or class needs a new fit."""
    X = np.arange(12.0).reshape(6, 2)
    scaler = ColumnScaler([("z", ZScoreScaler(), [0])]).fit(X)
    scaler.set_params(z__ddof=1)
    assert scaler.transform(X)[0, 0] == ZScoreScaler().fit_transform(X)[0, 0]
    scaler.partial_fit(X)
    expected = ZScoreScaler(ddof=1).fit(np.concatenate([X, X]))
    assert_same_bits(scaler.transform(X)[:, 0], expected.transform(X)[:, 0])
    with pytest.raises(ValueError, match="'z' was fitted as a ZScoreScaler, and is now a MinMaxSc"):
        scaler.set_params(z=MinMaxScaler()).partial_fit(X)
    with pytest.raises(ValueError, match=r"fitted with the scalers \['z'\], and now has \['y'\]"):
        scaler.set_params(scalers=[("y", ZScoreScaler(), [0])]).partial_fit(X)


def test_fitted_scalers_are_copies():
    X = np.arange(12.0).reshape(6, 2)
    scaler = ColumnScaler([("z", ZScoreScaler(), [1])]).fit(X)
    (name, inner, columns), *rest = scaler.scalers_
    assert (name, columns, rest) == ("z", [1], [])
    inner.partial_fit([[1e6]])
    assert scaler.named_scalers_.z.mean_.tolist() == [6.0]
    assert scaler.scalers[0][1]._fitted is None


def test_names_of_make_column_scaler():
    made = make_column_scaler(
        (ZScoreScaler(), [0]), (MinMaxScaler(), [1]), (ZScoreScaler(), [2]), exclude=[2]
    )
    assert [name for name, _, _ in made.scalers] == [
        "zscorescaler-1",
        "minmaxscaler",
        "zscorescaler-2",
    ]
    assert made.exclude == [2]
    with pytest.raises(ValueError, match="takes pairs"):
        make_column_scaler(ZScoreScaler())


# Containers


def test_composites_inside_composites():
    X = of_pandas()
    inner = ColumnScaler([("m", MinMaxScaler(), ["range"])])
    chain = StreamingPipeline([("z", ZScoreScaler()), ("m", MinMaxScaler())])
    outer = ColumnScaler(
        [
            ("inner", inner, ["range", "city"]),
            ("pooled", PooledScaler(ZScoreScaler()), ["px_0", "px_1"]),
            ("chain", chain, ["speed", "left"]),
        ]
    )
    Z = outer.fit_transform(X)
    assert_same_bits(Z["range"].to_numpy(), MinMaxScaler().fit_transform(X[["range"]])[:, 0])
    assert Z["city"].equals(X["city"])
    pooled = ZScoreScaler().fit_transform(X[["px_0", "px_1"]].to_numpy(np.float64).reshape(-1, 1))
    assert_same_bits(Z[["px_0", "px_1"]].to_numpy(), pooled.reshape(-1, 2))
    assert_same_frame(outer.inverse_transform(Z), X, ulps=8)
    assert outer.set_params(chain__z__ddof=1, pooled__scaler__ddof=1).scalers[1][1].scaler.ddof == 1


def test_arrays_of_objects_keep_what_is_not_scaled():
    X = np.array([["a", 1.0, None], ["b", 3.0, "x"]], dtype=object)
    scaler = ColumnScaler([("z", ZScoreScaler(), [1])])
    Z = scaler.fit_transform(X)
    assert Z.tolist() == [["a", -1.0, None], ["b", 1.0, "x"]]
    assert scaler.inverse_transform(Z).tolist() == X.tolist()
    assert scaler.fit_transform(X.tolist()).tolist() == Z.tolist()


@pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csc_array, sparse.csr_matrix])
def test_sparse_data_stay_sparse(kind):
    X = np.array([[1.0, 0.0, 4.0], [0.0, 2.0, 0.0], [3.0, 0.0, 0.0]])
    parts = [("a", MaxAbsScaler(), [2]), ("b", PooledScaler(MaxAbsScaler()), [0, 1])]
    scaler = ColumnScaler(parts)
    Z = scaler.fit_transform(kind(X))
    assert type(Z) is kind
    assert Z.toarray().tolist() == [[1 / 3, 0, 1], [0, 2 / 3, 0], [1, 0, 0]]
    np.testing.assert_allclose(scaler.inverse_transform(Z).toarray(), X, 1e-15)


def test_arrays_of_more_axes_go_by_the_last():
    X = np.arange(24.0).reshape(2, 4, 3)
    scaler = ColumnScaler([("z", ZScoreScaler(), [2])])
    Z = scaler.fit_transform(X, sample_weight=[1, 2])
    flat = ZScoreScaler().fit(X.reshape(-1, 3)[:, [2]], sample_weight=[1] * 4 + [2] * 4)
    assert_same_bits(Z[..., 2].ravel(), flat.transform(X.reshape(-1, 3)[:, [2]]).ravel())
    assert_same_bits(scaler.inverse_transform(Z)[..., :2], X[..., :2])


@pytest.mark.parametrize("wanted", ["pandas", "polars"])
@pytest.mark.parametrize("make", [of_pandas, of_polars, None], ids=["pandas", "polars", "array"])
def test_set_output_chooses_the_frame(make, wanted):
    X = np.arange(6.0).reshape(3, 2) if make is None else make()
    parts = [("z", ZScoreScaler(), [0])] if make is None else PARTS
    scaler = ColumnScaler(parts).set_output(transform=wanted)
    Z = scaler.fit_transform(X)
    assert type(Z) is (pd.DataFrame if wanted == "pandas" else pl.DataFrame)
    assert list(Z.columns) == scaler.get_feature_names_out().tolist()


def test_an_array_after_a_frame_goes_by_place_and_a_frame_after_an_array_is_an_array():
    X = pd.DataFrame(np.arange(6.0).reshape(3, 2), columns=["a", "b"])
    scaler = ColumnScaler([("z", ZScoreScaler(), ["b"])])
    expected = scaler.fit_transform(X).to_numpy()
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        assert_same_bits(scaler.transform(X.to_numpy()), expected)
    scaler = ColumnScaler([("z", ZScoreScaler(), [1])]).fit(X.to_numpy())
    with pytest.warns(UserWarning, match="X has feature names"):
        assert_same_bits(scaler.transform(X), expected)


def test_other_columns_are_refused():
    X = of_pandas()
    scaler = ColumnScaler(PARTS).fit(X)
    for other in (X.rename(columns={"left": "right"}), X[X.columns[::-1]], X.drop(columns="left")):
        with pytest.raises(ValueError, match="feature names should match"):
            scaler.transform(other)
        with pytest.raises(ValueError, match="feature names should match"):
            scaler.partial_fit(other)
    Z = scaler.transform(X)
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(Z[Z.columns[::-1]])
    with pytest.raises(ValueError, match="'right' was not seen"):
        scaler.inverse_transform(Z.rename(columns={"left": "right"}))
    with pytest.raises(ValueError, match="X has 2 features"):
        scaler.inverse_transform(np.zeros((1, 2)))
    with pytest.raises(NotFittedError):
        ColumnScaler(PARTS).transform(X)


def test_repeated_names_are_told():
    X = pd.DataFrame(np.arange(6.0).reshape(2, 3), columns=["a", "a", "b"])
    with pytest.raises(ValueError, match=r"more than one column 'a'|unique column names"):
        ColumnScaler([("z", ZScoreScaler(), ["a"])]).fit(X)


# Saved


@pytest.mark.parametrize("fit", [True, False])
def test_json_and_pickles_are_equal_and_go_on(fit):
    X = of_pandas()
    pooled = ("pooled", PooledScaler(ZScoreScaler()), ["left"])
    scaler = ColumnScaler([*PARTS, pooled, ("none", RobustScaler(), [])], exclude=["city"])
    scaler = scaler.partial_fit(X[:9]) if fit else scaler
    for twin in (
        sklearn_norm.from_dict(json.loads(json.dumps(sklearn_norm.to_dict(scaler)))),
        pickle.loads(pickle.dumps(scaler)),
        deepcopy(scaler),
    ):
        assert sklearn_norm.equal(twin, scaler)
        assert_same_state(twin, scaler)
        assert (
            twin.partial_fit(X[9:])
            .transform(X)
            .equals(deepcopy(scaler).partial_fit(X[9:]).transform(X))
        )
        assert not sklearn_norm.equal(twin, scaler)


def test_a_function_is_saved_as_the_columns_that_it_chose():
    X = of_pandas()
    selector = make_column_selector("px_")
    scaler = ColumnScaler([("z", ZScoreScaler(), selector)], exclude=lambda X: ["px_1"])
    with pytest.raises(sklearn_norm.exceptions.FormatError, match="a function cannot be saved"):
        sklearn_norm.to_dict(scaler)
    twin = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler.fit(X)))
    assert twin.scalers[0][2] == ["px_0"]
    assert twin.transform(X).equals(scaler.transform(X))
    assert clone(twin).fit(X).transform(X).equals(scaler.transform(X))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("parts", "tuple", 0, "name"), "y", "are named"),
        (("parts", "tuple", 0, "scaler", "class"), "sklearn_norm.LayerNorm", "state"),
        (("parts", "tuple", 0, "places"), {"tuple": [9]}, "parts must be a tuple"),
        (("dtypes", "tuple"), ["float64"], "name of a dtype for each column"),
        (("container",), "spark", "must be one of"),
        (("n_features_in_",), 3, "for each column"),
    ],
    ids=str,
)
def test_documents_that_no_fit_could_write_are_refused(path, value, message):
    from documents import changed, document_of

    document = document_of(ColumnScaler([("z", ZScoreScaler(), [1])]).fit(np.eye(2)))
    with pytest.raises(sklearn_norm.exceptions.FormatError, match=message):
        sklearn_norm.from_dict(changed(document, ("estimator", "state", *path), value))


def test_no_estimator_stands_where_none_can():
    from documents import changed, document_of

    document = document_of(ZScoreScaler())
    inner = document_of(ZScoreScaler())["estimator"]
    with pytest.raises(sklearn_norm.exceptions.FormatError, match="no estimator can stand here"):
        sklearn_norm.from_dict(changed(document, ("estimator", "parameters", "ddof"), inner))
    notes = {"class": 1, "parameters": 2, "state": 3}  # a user's own words
    document = sklearn_norm.to_dict(ZScoreScaler(), notes={"mine": notes})
    assert sklearn_norm.from_dict(document).ddof == 0


@FRAMES
def test_neither_x_nor_later_writes_to_a_result_change_the_other(make):
    """In frames of one dtype, of mixed ones, and one column after another."""
    for names in (["range", "left"], ["range", "city", "px_0"], ["speed", "range", "track"]):
        X = take(make(), names)
        before = deepcopy(X)
        scaler = ColumnScaler([("z", ZScoreScaler(copy=False), ["range"])], remainder="passthrough")
        Z = scaler.fit_transform(X)
        back = scaler.inverse_transform(Z)
        if isinstance(Z, pd.DataFrame):
            Z.iloc[0, 0] = 9.0
            back.iloc[0, 0] = 9.0
        assert X.equals(before)
    A = np.arange(6.0).reshape(3, 2)
    ColumnScaler([("z", ZScoreScaler(copy=False), [0])]).fit_transform(A)
    assert_same_bits(A, np.arange(6.0).reshape(3, 2))
