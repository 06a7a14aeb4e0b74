"""What goes in comes out: containers, labels and shapes at the border of every scaler."""

import datetime
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from laws import assert_same_bits
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression

import sklearn_norm
from sklearn_norm import BatchStatsScaler, MinMaxScaler, ZScoreScaler

SCALERS = [
    sklearn_norm.BatchStatsScaler,
    sklearn_norm.DecimalScaler,
    sklearn_norm.MaxAbsScaler,
    sklearn_norm.MinMaxScaler,
    sklearn_norm.RobustScaler,
    sklearn_norm.ZScoreScaler,
]
every_scaler = pytest.mark.parametrize("kind", SCALERS)
X = np.random.default_rng(0).normal(5.0, 2.0, (12, 3))
NAMES = ["a", "b", "c"]
NORMS = [
    sklearn_norm.AdaNorm,
    sklearn_norm.GroupNorm,
    sklearn_norm.InstanceNorm,
    sklearn_norm.LayerNorm,
    sklearn_norm.RMSNorm,
]
METHODS = ("fit", "partial_fit", "fit_transform", "transform", "inverse_transform")
every_method = pytest.mark.parametrize("method", METHODS)


def call(scaler, method, data):
    return getattr(scaler, method)(data)


def everything(scaler):
    return sklearn_norm.to_dict(scaler)


# 1. Arrays stay arrays, frames keep their index


@every_scaler
@pytest.mark.parametrize("output", [None, "pandas", "polars"])
def test_an_array_comes_back_from_inverse_transform_as_an_array(kind, output):
    dates = pd.date_range("2020-01-01", periods=12)
    frame = pd.DataFrame(X, columns=NAMES, index=dates)
    scaler = kind().set_output(transform=output).fit(frame)
    plain = kind().fit(X)
    Z = plain.transform(X)
    back = scaler.inverse_transform(Z)
    assert type(back) is np.ndarray
    assert_same_bits(back, plain.inverse_transform(Z))
    frame["pred"] = back[:, 0]
    assert not frame["pred"].isna().any()


def test_a_target_scaled_with_pandas_output_keeps_its_residuals():
    y = pd.Series(X[:, 0], index=pd.date_range("2020-01-01", periods=12))
    scaler = ZScoreScaler().set_output(transform="pandas")
    model = TransformedTargetRegressor(LinearRegression(), transformer=scaler).fit(X, y)
    residuals = y - model.predict(X)
    assert residuals.shape == (12,)
    np.testing.assert_allclose(residuals, 0.0, atol=1e-12)


@every_scaler
def test_a_frame_comes_back_with_its_own_index_and_kind(kind):
    frame = pd.DataFrame(X, columns=NAMES, index=list("abcdefghijkl"))
    for fitted in (X, frame):
        scaler = kind().fit(fitted)
        back = scaler.inverse_transform(frame)
        assert type(back) is pd.DataFrame
        assert back.index.equals(frame.index)
        assert list(back.columns) == NAMES


@pytest.mark.parametrize("kind", [*NORMS, sklearn_norm.BatchNorm])
@pytest.mark.parametrize("output", [None, "pandas", "polars"])
def test_so_do_the_norms(kind, output):
    """Arrays stay arrays; a frame keeps its index and its labels, of any kind."""
    norm = kind().set_output(transform=output).fit(X)
    known = {}
    if kind is not sklearn_norm.BatchNorm:
        known["stats"] = norm.transform(X, return_stats=True)[1]
    expected = norm.inverse_transform(X, **known)
    assert type(expected) is np.ndarray
    for labels in (NAMES, [2, 0, 1], range(3), [("a", 1), ("a", 2), ("b", 1)]):
        frame = pd.DataFrame(X, columns=labels, index=list("abcdefghijkl"))
        named = kind().set_output(transform=output).fit(frame)
        back = named.inverse_transform(frame, **known)
        assert isinstance(back, pl.DataFrame if output == "polars" else pd.DataFrame)
        assert_same_bits(back.to_numpy(), expected)
        if output != "polars":
            assert back.index.equals(frame.index)
            assert list(back.columns) == list(labels)


# 5. Labels that are not strings

LABELS = {
    "integers": [10, 20, 30],
    "tuples": [("a", 1), ("a", 2), ("b", 1)],
    "dates": [datetime.date(2020, 1, day) for day in (1, 2, 3)],
    "floats": [0.5, 1.5, 2.5],
    "a range that does not begin at 0": [1, 2, 3],
}
every_label = pytest.mark.parametrize("labels", LABELS.values(), ids=list(LABELS))


@every_scaler
@every_label
@pytest.mark.parametrize("method", ["partial_fit", "transform", "inverse_transform"])
def test_swapped_labels_are_refused_with_the_first_that_differs(kind, labels, method):
    frame = pd.DataFrame(X)
    frame.columns = pd.Index(labels, tupleize_cols=False)
    scaler = kind().fit(frame)
    call(scaler, "transform", frame.copy())
    swapped = frame[[labels[1], labels[0], labels[2]]]
    before = vars(scaler)["_fitted"]
    with pytest.raises(ValueError, match=r"order|Column 0 of X is"):
        call(scaler, method, swapped)
    assert vars(scaler)["_fitted"] is before
    assert call(kind().fit(frame), method, X) is not None  # an array goes by position


@every_label
def test_columns_mean_labels_where_there_are_labels(labels):
    frame = pd.DataFrame(X)
    frame.columns = pd.Index(labels, tupleize_cols=False)
    scaler = ZScoreScaler().fit(frame)
    expected = ZScoreScaler().fit(X[:, [1]]).inverse_transform(X[:, [1]])
    assert_same_bits(scaler.inverse_transform(X[:, [1]], columns=[labels[1]]), expected)
    part = frame.iloc[:, [1]]
    assert_same_bits(scaler.inverse_transform(part).to_numpy(), expected)
    with pytest.raises(ValueError, match="Column 0 was not seen in fit"):
        scaler.inverse_transform(X[:, [0]], columns=[0])


def test_a_range_in_order_equals_no_labels_and_in_another_order_is_refused():
    scaler = ZScoreScaler().fit(pd.DataFrame(X))
    assert_same_bits(scaler.transform(pd.DataFrame(X)), ZScoreScaler().fit(X).transform(X))
    for fitted in (scaler, ZScoreScaler().fit(X)):
        with pytest.raises(ValueError, match=r"\[1, 0, 2\].*Reorder"):
            fitted.transform(pd.DataFrame(X)[[1, 0, 2]])


@pytest.mark.parametrize("name", ["integers", "tuples", "floats"])
def test_labels_live_in_files_and_merges(name):
    frame = pd.DataFrame(X)
    frame.columns = pd.Index(LABELS[name], tupleize_cols=False)
    scaler = ZScoreScaler().fit(frame)
    again = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler))
    other = frame[frame.columns[::-1]]
    for one in (again, scaler.merge(again)):
        with pytest.raises(ValueError, match="Column 0 of X is"):
            one.transform(other)
    with pytest.raises(ValueError, match="different columns"):
        scaler.merge(ZScoreScaler().fit(other))


# 7. Containers that lose names, or are not read


def test_a_record_batch_keeps_its_names_and_output():
    frame = pd.DataFrame(X, columns=NAMES)
    for made in (pa.Table.from_pandas(frame), pa.RecordBatch.from_pandas(frame)):
        scaler = ZScoreScaler().fit(made)
        assert scaler.feature_names_in_.tolist() == NAMES
        for output, kind in (("pandas", pd.DataFrame), ("polars", pl.DataFrame)):
            scaler.set_output(transform=output)
            for Z in (scaler.transform(made), scaler.inverse_transform(made)):
                assert type(Z) is kind
                assert list(Z.columns) == NAMES


def lazy(library, name):
    """Return an object of a class that a library that is not installed here would have."""
    return type(name, (), {"__module__": f"{library}.core"})()


FOREIGN = {
    "a path": (lambda: "data.csv", "read the file first"),
    "a dict": (lambda: {"a": [1.0]}, r"pandas\.DataFrame\(X\)"),
    "dicts": (lambda: [{"a": 1.0}], r"pandas\.DataFrame\(X\)"),
    "an iterator": (lambda: iter([[1.0]]), "partial_fit"),
    "a generator": (lambda: ([1.0] for _ in range(3)), "partial_fit"),
    "a set": (lambda: {1.0}, "order"),
    "polars": (lambda: pl.DataFrame(X).lazy(), r"X\.collect\(\)"),
    "dask": (lambda: lazy("dask.dataframe", "DataFrame"), r"X\.compute\(\)"),
    "dask array": (lambda: lazy("dask.array", "Array"), r"X\.compute\(\)"),
    "duckdb": (lambda: lazy("duckdb", "DuckDBPyRelation"), r"X\.df\(\)"),
    "spark": (lambda: lazy("pyspark.sql", "DataFrame"), r"X\.toPandas\(\)"),
    "ibis": (lambda: lazy("ibis.expr", "Table"), r"X\.execute\(\)"),
    "arrow": (
        lambda: pa.RecordBatchReader.from_batches(
            pa.schema([("a", pa.float64())]), [pa.record_batch({"a": [1.0]})]
        ),
        r"X\.read_all\(\)",
    ),
}


@every_scaler
@every_method
@pytest.mark.parametrize(("make", "remedy"), FOREIGN.values(), ids=list(FOREIGN))
def test_what_is_not_a_table_yet_is_refused_with_what_to_call(kind, method, make, remedy):
    scaler = kind().fit(X)
    before = everything(scaler)
    with pytest.raises(TypeError, match=remedy):
        call(scaler, method, make())
    assert everything(scaler) == before


# 3. Times

DAYS = ["2020-01-01", "2020-01-03", "2020-01-04"]
STAMPS = np.array(DAYS, dtype="M8[ns]")
TIMES = {
    "array": STAMPS[:, None],
    "other unit": STAMPS[:, None].astype("M8[us]"),
    "NaT": np.array([["NaT"], ["2020-01-01"]], dtype="M8[s]"),
    "durations": (STAMPS - STAMPS[0])[:, None],
    "objects": np.array([[np.timedelta64(1, "D")], [np.timedelta64(3, "D")]], dtype=object),
    "stamps of pandas": np.array([[pd.NaT], [pd.Timestamp("2020-01-01")]], dtype=object),
    "list": [[STAMPS[0]], [STAMPS[1]]],
    "list of datetimes": [[datetime.datetime(2020, 1, 1)], [datetime.datetime(2020, 1, 2)]],
    "pandas": pd.DataFrame({"day": STAMPS}),
    "pandas, zone": pd.DataFrame({"day": pd.to_datetime(DAYS).tz_localize("UTC")}),
    "pandas, objects": pd.DataFrame({"day": np.array([datetime.date(2020, 1, 1)], dtype=object)}),
    "pandas, durations": pd.DataFrame({"day": STAMPS - STAMPS[0]}),
    "pandas, beside numbers": pd.DataFrame({"x": [1.0, 2.0, 3.0], "day": STAMPS}),
    "pandas, of arrow": pd.DataFrame(
        {"day": pd.array(pd.to_datetime(DAYS), dtype="timestamp[ns][pyarrow]")}
    ),
    "polars": pl.DataFrame({"day": STAMPS}),
    "polars, nulls": pl.DataFrame({"day": [datetime.date(2020, 1, 1), None]}),
    "arrow": pa.table({"day": STAMPS}),
    "record batch": pa.record_batch({"day": pa.array(STAMPS)}),
    "more axes": STAMPS[:, None, None],
}


@every_scaler
@every_method
@pytest.mark.parametrize("data", TIMES.values(), ids=list(TIMES))
def test_times_are_refused_in_every_container(kind, method, data):
    scaler = kind().fit([[1.0], [2.0]])
    before = everything(scaler)
    with pytest.raises(ValueError, match=r"holds times.*Convert times to numbers first"):
        call(scaler, method, data)
    assert everything(scaler) == before
    if isinstance(data, (pd.DataFrame, pl.DataFrame, pa.Table, pa.RecordBatch)):
        with pytest.raises(ValueError, match="Column 'day'"):
            kind().fit(data)


# 9. Sparse booleans


@pytest.mark.parametrize(
    "scaler",
    [kind() for kind in SCALERS if kind is not BatchStatsScaler and kind is not ZScoreScaler]
    + [ZScoreScaler(with_mean=False)],
    ids=str,
)
def test_sparse_booleans_are_numbers(scaler):
    frame = pd.get_dummies(pd.Series(list("abca")), sparse=True)
    if type(scaler).__name__ == "RobustScaler":
        scaler.set_params(with_centering=False)
    Z = scaler.fit(frame).transform(frame)
    dense = scaler.fit(frame.astype(float)).transform(frame.astype(float))
    dense = dense.toarray() if hasattr(dense, "toarray") else np.asarray(dense)
    Z = Z.toarray() if hasattr(Z, "toarray") else np.asarray(Z)
    np.testing.assert_array_equal(Z, dense)


# 11. More axes, or one

STACK = np.random.default_rng(1).normal(3.0, 2.0, (4, 5, 3))


@every_scaler
def test_more_axes_are_the_rows_one_after_another(kind):
    rows = STACK.reshape(-1, 3)
    flat, stacked = kind().fit(rows), kind().fit(STACK)
    assert everything(flat) == everything(stacked)
    assert everything(kind().partial_fit(STACK)) == everything(kind().partial_fit(rows))
    Z = stacked.transform(STACK)
    assert Z.shape == STACK.shape
    assert_same_bits(Z.reshape(-1, 3), flat.transform(rows))
    assert_same_bits(kind().fit_transform(STACK), Z)
    assert_same_bits(
        stacked.inverse_transform(Z).reshape(-1, 3), flat.inverse_transform(Z.reshape(-1, 3))
    )
    assert_same_bits(kind().set_output(transform="pandas").fit(STACK).transform(STACK), Z)
    assert_same_bits(stacked.transform(STACK.tolist()), Z)
    with pytest.raises(ValueError, match="4 features"):
        stacked.transform(np.ones((2, 5, 4)))
    with pytest.raises(ValueError, match="infinity"):
        stacked.transform(np.full((1, 2, 3), np.inf))


def test_weights_of_more_axes_are_of_members_or_of_the_first_axis():
    weights = np.arange(1.0, 5.0)
    of_first = ZScoreScaler().fit(STACK, sample_weight=weights)
    of_all = ZScoreScaler().fit(STACK, sample_weight=np.repeat(weights, 5).reshape(4, 5))
    rows = ZScoreScaler().fit(STACK.reshape(-1, 3), sample_weight=np.repeat(weights, 5))
    assert everything(of_first) == everything(rows) == everything(of_all)


@every_scaler
def test_one_column_is_inverted_in_any_shape(kind):
    frame = pd.DataFrame(X, columns=NAMES)
    scaler = kind().fit(frame)
    values = np.linspace(-1.0, 1.0, 6)
    expected = kind().fit(X[:, [2]]).inverse_transform(values[:, None])[:, 0]
    for shape in ((6,), (2, 3), (2, 3, 1), (6, 1), (1, 2, 3)):
        for wanted in (["c"], [2], "c"):
            back = scaler.inverse_transform(values.reshape(shape), columns=wanted)
            assert back.shape == shape
            assert_same_bits(back.reshape(-1), expected)
    assert_same_bits(scaler.inverse_transform(values.tolist(), columns="c"), expected)
    series = pd.Series(values, index=list("uvwxyz"), name="c")
    for back in (scaler.inverse_transform(series), scaler.inverse_transform(series, columns=["c"])):
        pd.testing.assert_series_equal(back, pd.Series(expected, index=series.index, name="c"))
    other = scaler.inverse_transform(pl.Series("c", [*values[:5], None]))
    assert other.null_count() == 1
    assert_same_bits(other.to_numpy()[:5], expected[:5])
    with pytest.raises(ValueError, match="'other' was not seen"):
        scaler.inverse_transform(series.rename("other"))


# 13. Zero rows


@pytest.mark.parametrize("columns", [["b"], "b", [1]], ids=str)
def test_a_series_of_one_column_is_not_inverted_as_another(columns):
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [5.0, 9.0]})
    scaler = MinMaxScaler().fit(frame)
    for series in (pd.Series([0.5], name="a"), pl.Series("a", [0.5])):
        with pytest.raises(ValueError, match=r"series named 'a', a column of the fit, .* for 'b'"):
            scaler.inverse_transform(series, columns=columns)
        assert list(scaler.inverse_transform(series, columns=["a"])) == [1.5]
    for name in ("b", "predicted", None):
        series = pd.Series([0.5], name=name)
        assert scaler.inverse_transform(series, columns=columns).tolist() == [7.0]


@every_scaler
def test_zero_rows_come_out_as_zero_rows(kind):
    pandas, polars = pd.DataFrame(X, columns=NAMES), pl.DataFrame(X, schema=NAMES)
    single = X.astype(np.float32)
    for data in (X, single, STACK, pandas, polars):
        scaler = kind().fit(data)
        for method in (scaler.transform, scaler.inverse_transform):
            none = method(data[:0])
            one = method(data[:1])
            assert type(none) is type(one)
            assert none.shape == (0, *one.shape[1:])
            assert getattr(none, "dtype", None) == getattr(one, "dtype", None)
        for method in (kind().fit, kind().fit_transform):
            with pytest.raises(ValueError, match=r"0 sample\(s\)"):
                method(data[:0])
    for output, data in (("pandas", pandas), ("polars", polars)):
        out = kind().set_output(transform=output).fit(data).transform(data[:0])
        assert list(out.columns) == NAMES
        assert out.shape == (0, 3)


# 14. Errors that name the column

TEXTS = {
    "pandas": pd.DataFrame({"n": [1.0, 2.0], "price": ["$1", "2"]}),
    "category": pd.DataFrame({"n": [1.0, 2.0], "price": pd.Categorical(["$1", "2"])}),
    "mixed": pd.DataFrame({"n": [1.0, 2.0], "price": np.array([3.0, "$1"], dtype=object)}),
    "polars": pl.DataFrame({"n": [1.0, 2.0], "price": ["$1", "2"]}),
    "arrow": pa.table({"n": [1.0, 2.0], "price": ["$1", "2"]}),
    "objects": np.array([[1.0, 2.0], [2.0, "$1"]], dtype=object),
    "strings": np.array([["1", "2"], ["2", "$1"]]),
    "list": [[1.0, "2"], [2.0, "$1"]],
}


@every_scaler
@every_method
@pytest.mark.parametrize("data", TEXTS.values(), ids=list(TEXTS))
def test_text_names_its_column_and_the_first_value(kind, method, data):
    named = hasattr(data, "columns")
    fitted = pd.DataFrame(X[:, :2], columns=["n", "price"]) if named else X[:, :2]
    scaler = kind().fit(fitted)
    column = "'price'" if named else "1"
    with pytest.raises(ValueError, match=rf"Column {column} holds '\$1', which is not a number"):
        call(scaler, method, data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pd.DataFrame({"a": pd.interval_range(0, 2)}), r"Column 'a' holds Interval.*\.mid"),
        (pd.DataFrame({"a": pd.period_range("2020", periods=2, freq="D")}), "holds Period"),
        (pd.DataFrame(index=[0, 1]), "without columns"),
    ],
)
def test_odd_columns_have_messages_of_their_own(data, message):
    with pytest.raises((TypeError, ValueError), match=message):
        ZScoreScaler().fit(data)


@every_scaler
@pytest.mark.parametrize("method", ["partial_fit", "transform"])
def test_another_order_names_the_first_column_and_how_to_reorder(kind, method):
    frame = pd.DataFrame(X, columns=NAMES)
    scaler = kind().fit(frame)
    message = r"Column 1 of X is 'c', where the fit had 'b'.*X\[scaler\.feature_names_in_\]"
    with pytest.raises(ValueError, match=message):
        call(scaler, method, frame[["a", "c", "b"]])
    with pytest.raises(ValueError, match="X lacks column 'c'"):
        call(scaler, method, frame[["a", "b"]])


@pytest.mark.parametrize(
    "labels", [[1, 2], [1.0, 0.0], [True, False], [5, 0]], ids=["shifted", "floats", "flags", "one"]
)
def test_numbers_of_other_places_are_refused_after_a_fit_without_labels(labels):
    scaler = ZScoreScaler().fit(X[:, :2])
    frame = pd.DataFrame(X[:, :2])
    frame.columns = pd.Index(labels, dtype=object)
    for method in ("transform", "partial_fit", "inverse_transform"):
        with pytest.raises(ValueError, match="not in the places of the fit"):
            call(scaler, method, frame)
    years = pd.DataFrame(X[:, :2], columns=[2001, 2002])
    assert_same_bits(scaler.transform(years), scaler.transform(X[:, :2]))


def test_missing_labels_and_flags_are_labels():
    frame = pd.DataFrame(X[:, :2])
    for labels in ([1, np.nan], [1, pd.NA], [pd.NaT, 3], [True, False]):
        frame.columns = pd.Index(labels, dtype=object)
        scaler = ZScoreScaler().fit(frame)
        again = pickle.loads(pickle.dumps(scaler))
        other = frame.copy()
        other.columns = pd.Index([*labels], dtype=object)
        for one in (again, scaler.merge(again)):
            assert_same_bits(one.transform(other), scaler.transform(frame))
            assert one.inverse_transform(other).shape == (12, 2)
    back = scaler.inverse_transform(X[:, :1], columns=[True])
    assert_same_bits(back, ZScoreScaler().fit(X[:, :1]).inverse_transform(X[:, :1]))


def test_booleans_in_columns_are_refused():
    scaler = ZScoreScaler().fit(X)
    for mask in ([True, False, False], np.array([True, False, False])):
        with pytest.raises(ValueError, match="holds booleans"):
            scaler.inverse_transform(X[:, :1], columns=mask)


@every_scaler
def test_attributes_of_a_fit_cannot_be_set(kind):
    scaler = kind().fit(X)
    with pytest.raises(AttributeError, match=r"from_stats"):
        scaler.n_samples_seen_ = 3
    with pytest.raises(AttributeError, match=r"scale_ of a MinMaxScaler.*from_stats"):
        MinMaxScaler().fit(X).scale_ = 1
