"""What goes in and what comes out: arrays, files, frames and sparse data, over all scalers."""

from __future__ import annotations

from datetime import date
from functools import partial

import joblib
import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from inside import framed
from scipy import sparse
from sklearn.preprocessing import RobustScaler, StandardScaler

import sklearn_norm

KINDS = [getattr(sklearn_norm, name) for name in laws.SCALERS]
DENSE = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
DTYPES = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])

# What makes zeros stay zeros, for scalers whose defaults move them
KEEPING = {"RobustScaler": {"with_centering": False}, "ZScoreScaler": {"with_mean": False}}
# How an error tells to get there
REMEDY = {
    "BatchStatsScaler": r"ZScoreScaler\(with_mean=False\)",
    "MinMaxScaler": "`feature_range` and `data_range`",
    "RobustScaler": "`with_centering=False`",
    "ZScoreScaler": "`with_mean=False`",
}
MAKERS = [partial(k, **KEEPING.get(k.__name__, {})) for k in KINDS]
SPARSE = pytest.mark.parametrize(
    "make",
    [make for make in MAKERS if make().__sklearn_tags__().input_tags.sparse],
    ids=lambda make: make.func.__name__,
)
FORMATS = pytest.mark.parametrize(
    "container",
    [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix],
    ids=lambda container: container.__name__,
)

# Quarters are exact in float16 as well
X = np.array([[1.0, -8.0, 0.0], [2.5, 4.0, 3.0], [4.25, 0.0, np.nan], [7.0, 12.0, 8.0]])
FILLED = np.nan_to_num(X, nan=5.0)
# Every column has zeros and nothing below, so that MinMaxScaler maps 0 to 0
COUNTS = np.array([[0.0, 3.0, 0.0], [2.0, 0.0, 0.0], [0.0, 1.0, 5.0], [6.0, 8.0, 0.0]])
INDEX = [30, 10, 40, 20]
NAMES = ["height", "weight", "age"]


def frame(values=X, index=INDEX):
    return pd.DataFrame(values, columns=NAMES, index=index)


def expected(kind, values=X):
    """Return what comes out for plain float64 arrays, by which the others are judged."""
    return kind().fit_transform(np.array(values, dtype=np.float64))


# Lists and dtypes


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


# Whose memory is written


def used(kind, A, copy, weight=None):
    """Call everything that reads data, and return the results that could share memory."""
    scaler = kind(copy=copy).fit(A, sample_weight=weight).partial_fit(A, sample_weight=weight)
    return scaler, [scaler.transform(A), scaler.inverse_transform(A)]


@DENSE
@DTYPES
@pytest.mark.parametrize("layout", laws.layouts(X))
def test_copies_leave_the_data_of_the_caller_alone(kind, dtype, layout):
    A = laws.layouts(X.astype(dtype))[layout]
    weight = np.array([1.0, 0.0, 2.0, 0.5])
    before, base = A.copy(), None if A.base is None else A.base.copy()
    _, results = used(kind, A, True, weight)
    laws.assert_same_bits(A, before)
    assert base is None or np.array_equal(A.base, base, equal_nan=True)
    assert weight.tolist() == [1.0, 0.0, 2.0, 0.5]
    assert not any(np.shares_memory(result, A) for result in results)


@DENSE
@DTYPES
@pytest.mark.parametrize("per_call", [False, True])
@pytest.mark.parametrize("layout", [name for name in laws.layouts(X) if name != "read-only"])
def test_without_a_copy_floats_of_any_layout_are_overwritten(kind, dtype, per_call, layout):
    scaler = kind(copy=per_call).fit(X)
    given = {"copy": False} if per_call else {}
    for method in (scaler.transform, scaler.inverse_transform):
        wanted = method(X.astype(dtype), copy=True)
        A = laws.layouts(X.astype(dtype))[layout]
        outside = None if A.base is None else np.count_nonzero(A.base == 99)
        result = method(A, **given)
        assert np.shares_memory(result, A)
        laws.assert_same_bits(A, wanted)
        laws.assert_same_bits(result, wanted)
        assert outside is None or np.count_nonzero(A.base == 99) == outside


@DENSE
def test_fit_reads_only_even_without_a_copy(kind):
    A = X.copy()
    kind(copy=False).fit(A).partial_fit(A, sample_weight=[1.0, 0.0, 2.0, 3.0])
    laws.assert_same_bits(A, X)


@DENSE
def test_copy_in_a_call_overrules_the_parameter(kind):
    A = X.copy()
    scaler = kind(copy=False).fit(A)
    assert not np.shares_memory(scaler.transform(A, copy=True), A)
    assert not np.shares_memory(scaler.inverse_transform(A, copy=True), A)
    laws.assert_same_bits(A, X)


@DENSE
def test_without_a_copy_what_cannot_hold_the_result_is_left_alone(kind):
    """Integers, booleans, objects, lists, frames, read-only arrays."""
    frozen = X.copy()
    frozen.flags.writeable = False
    integers = FILLED.astype(np.int64)
    nested = X.tolist()
    table = frame()
    rows = [row.copy() for row in FILLED]
    for A in (frozen, integers, integers > 2, X.astype(object), nested, table, rows):
        before = joblib.hash(A)
        _, (Z, _) = used(kind, A, False)
        assert joblib.hash(A) == before
        _, (wanted, _) = used(kind, np.array(A, dtype=np.float64), True)
        laws.assert_same_bits(Z, wanted)


@DENSE
def test_without_a_copy_frames_of_polars_are_left_alone(kind):
    A = pl.DataFrame(FILLED, schema=NAMES)
    used(kind, A, False)
    laws.assert_same_bits(A.to_numpy(), FILLED)


@DENSE
@pytest.mark.parametrize("mode", ["r", "c", "r+"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_mapped_files_are_never_written_unless_opened_for_it(kind, mode, order, tmp_path):
    """Mode r refuses, c keeps what is written in memory, r+ with a copy is not written."""
    path = tmp_path / "X.npy"
    np.save(path, np.asarray(X, order=order))
    content = path.read_bytes()
    mapped = np.load(path, mmap_mode=mode)
    scaler, (Z, back) = used(kind, mapped, mode == "r+")
    mapped.flush()
    assert path.read_bytes() == content
    assert np.shares_memory(Z, mapped) == (mode == "c")
    if mode != "c":
        laws.assert_same_bits(Z, scaler.transform(X, copy=True))
        laws.assert_same_bits(back, scaler.inverse_transform(X, copy=True))


@DENSE
def test_a_file_opened_for_writing_is_scaled_in_place(kind, tmp_path):
    """Data beyond memory: copy=False, and the file holds the result."""
    path = tmp_path / "X.npy"
    np.save(path, X)
    mapped = np.load(path, mmap_mode="r+")
    kind(copy=False).fit(X).transform(mapped)
    mapped.flush()
    laws.assert_same_bits(np.load(path), expected(kind))


# pandas


def pandas_frames():
    """Return frames of one column type each, with the values they stand for."""
    holes = [[1, None, 3, 9], [1, 2, 4, None]]
    flags = [[True, None, False, True], [True, True, False, None]]
    found = {}
    for dtype in ("Float64", "Float32", "Int64", "UInt8", "double[pyarrow]", "int64[pyarrow]"):
        found[dtype] = holes, {"a": pd.array(holes[0], dtype), "b": pd.array(holes[1], dtype)}
    for dtype in ("boolean", "bool[pyarrow]"):
        found[dtype] = flags, {"a": pd.array(flags[0], dtype), "b": pd.array(flags[1], dtype)}
    found["mixed"] = (
        [*holes, flags[0], [0.5, 1.5, 2.5, 3.5]],
        {
            "a": pd.array(holes[0], "Int64"),
            "b": pd.array(holes[1], "double[pyarrow]"),
            "c": pd.array(flags[0], "boolean"),
            "d": np.array([0.5, 1.5, 2.5, 3.5], dtype=np.float32),
        },
    )
    found["no holes"] = [[1, 2, 4, 8]], {"a": pd.array([1, 2, 4, 8], "Int64")}
    return {
        name: (np.array(v, dtype=np.float64).T, pd.DataFrame(d)) for name, (v, d) in found.items()
    }


@DENSE
@pytest.mark.parametrize("name", pandas_frames())
def test_missing_entries_of_nullable_and_arrow_columns_are_nan(kind, name):
    values, table = pandas_frames()[name]
    values = values.astype(np.float32) if name == "Float32" else values
    scaler = kind().fit(table)
    twin = kind().fit(values)
    streamed = kind().partial_fit(table)
    seen = (~np.isnan(values)).sum(axis=0)
    np.testing.assert_array_equal(np.broadcast_to(scaler.n_samples_seen_, seen.shape), seen)
    assert np.isnan(scaler.transform(table)).sum() == np.isnan(values).sum()
    for one in (scaler, streamed):
        laws.assert_same_bits(one.transform(table), twin.transform(values))
    back = scaler.inverse_transform(table)
    assert list(back.columns) == list(table.columns)
    laws.assert_same_bits(back.to_numpy(), twin.inverse_transform(values))


@DENSE
@DTYPES
def test_frames_of_one_float_dtype_keep_it(kind, dtype):
    table = frame(X.astype(dtype))
    scaler = kind().set_output(transform="pandas").fit(table)
    Z = scaler.transform(table)
    assert set(Z.dtypes) == {np.dtype(dtype)}
    assert set(scaler.inverse_transform(Z).dtypes) == {np.dtype(dtype)}


@DENSE
@pytest.mark.parametrize("dtype", ["Float32", "float[pyarrow]"])
def test_nullable_and_arrow_columns_in_float32_keep_it(kind, dtype):
    table = pd.DataFrame({"a": pd.array([1, None, 3], dtype), "b": pd.array([1, 2, 4], dtype)})
    scaler = kind().set_output(transform="pandas").fit(table)
    for Z in (scaler.transform(table), scaler.inverse_transform(table)):
        assert set(Z.dtypes) == {np.dtype(np.float32)}


@DENSE
def test_numpy_columns_of_mixed_dtypes_give_float64(kind):
    table = pd.DataFrame({"a": np.array([1, 2, 4]), "b": [True, False, True], "c": [0.5, 1.5, 9.0]})
    Z = kind().set_output(transform="pandas").fit_transform(table)
    assert set(Z.dtypes) == {np.dtype(np.float64)}
    laws.assert_same_bits(Z.to_numpy(), expected(kind, table.to_numpy(dtype=np.float64)))


# polars

HOLES = {"a": [1.0, None, float("nan"), 4.0], "b": [2, None, 3, 7], "c": [True, True, False, None]}
NULLS = [[False, True, False, False], [False, True, False, False], [False, False, False, True]]


@DENSE
def test_nulls_of_polars_stay_null_and_nan_stays_nan(kind):
    table = pl.DataFrame(HOLES)
    scaler = kind().set_output(transform="polars").fit(table)
    for Z in (scaler.transform(table), kind().set_output(transform="polars").fit_transform(table)):
        assert isinstance(Z, pl.DataFrame)
        assert [s.is_null().to_list() for s in Z] == NULLS
        assert Z["a"].is_nan().to_list() == [False, None, True, False]
        values = np.array([[np.nan if v is None else v for v in c] for c in HOLES.values()]).T
        laws.assert_same_bits(Z.to_numpy(), expected(kind, values))
    back = scaler.inverse_transform(Z)
    assert [s.is_null().to_list() for s in back] == NULLS
    assert back["a"].is_nan().to_list() == [False, None, True, False]
    assert back.columns == ["a", "b", "c"]


@DENSE
def test_nulls_of_polars_are_nan_in_an_array_and_in_pandas(kind):
    table = pl.DataFrame(HOLES)
    scaler = kind().fit(table)
    wanted = np.array(NULLS).T
    wanted[2, 0] = True  # the NaN
    np.testing.assert_array_equal(np.isnan(scaler.transform(table)), wanted)
    Z = scaler.set_output(transform="pandas").transform(table)
    np.testing.assert_array_equal(Z.isna().to_numpy(), wanted)
    assert list(Z.columns) == ["a", "b", "c"]


@DENSE
def test_a_frame_of_polars_in_float32_keeps_it(kind):
    table = pl.DataFrame(HOLES).select("a", "b").cast(pl.Float32)
    scaler = kind().set_output(transform="polars").fit(table)
    for Z in (scaler.transform(table), scaler.inverse_transform(table)):
        assert set(Z.dtypes) == {pl.Float32}
        assert Z["b"].null_count() == 1


# set_output


@DENSE
@pytest.mark.parametrize("given", ["pandas", "polars", "array"])
@pytest.mark.parametrize("asked", ["pandas", "polars", "default"])
@pytest.mark.parametrize("globally", [False, True])
def test_set_output_decides_the_container(kind, given, asked, globally):
    """Names are kept, and the index where one came in."""
    data = {"pandas": frame(), "polars": pl.DataFrame(X, schema=NAMES), "array": X}[given]
    names = ["x0", "x1", "x2"] if given == "array" else NAMES
    scaler = kind() if globally else kind().set_output(transform=asked)
    with sklearn.config_context(transform_output=asked if globally else "default"):
        results = [scaler.fit_transform(data), scaler.fit(data).transform(data)]
        if asked != "default":  # otherwise the data decide: see below
            results.append(scaler.inverse_transform(scaler.transform(data)))
    values = [expected(kind), expected(kind), X]
    for Z, wanted in zip(results, values, strict=False):
        types = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "default": np.ndarray}
        assert type(Z) is types[asked]
        np.testing.assert_allclose(np.asarray(Z), wanted, rtol=1e-14, atol=1e-14)
        if asked != "default":
            assert list(Z.columns) == names
        if asked == "pandas":
            assert list(Z.index) == (INDEX if given == "pandas" else [0, 1, 2, 3])


@DENSE
def test_without_set_output_transform_gives_an_array(kind):
    assert type(kind().fit_transform(frame())) is np.ndarray


# inverse_transform: containers


@DENSE
@pytest.mark.parametrize("fitted", ["pandas", "polars", "array"])
@pytest.mark.parametrize("given", ["pandas", "polars", "array"])
@pytest.mark.parametrize("asked", [None, "pandas", "polars", "default"])
def test_the_inverse_is_a_frame_where_output_input_or_fit_say_so(kind, fitted, given, asked):
    """What is asked for goes first, then the input, then the data of the fit."""
    made = {"pandas": frame(), "polars": pl.DataFrame(X, schema=NAMES), "array": X}
    scaler = kind().fit(made[fitted])
    if asked is not None:
        scaler.set_output(transform=asked)
    back = scaler.inverse_transform(made[given])
    first = asked or (given if given != "array" else fitted)
    types = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
    assert type(back) is types.get(first, np.ndarray)
    laws.assert_same_bits(np.asarray(back), kind().fit(X).inverse_transform(X))
    if first in types and fitted != "array":
        assert list(back.columns) == NAMES
    if first == "pandas" and given == "pandas":
        assert list(back.index) == INDEX


@DENSE
def test_a_duplicate_or_multiple_index_is_kept(kind):
    for index in ([7, 7, 1, 1], pd.MultiIndex.from_product([["a", "b"], [1, 2]])):
        scaler = kind().set_output(transform="pandas").fit(frame(index=index))
        for result in (scaler.transform, scaler.inverse_transform):
            pd.testing.assert_index_equal(
                result(frame(index=index)).index, frame(index=index).index
            )


# inverse_transform: columns


@DENSE
@pytest.mark.parametrize("make", [frame, lambda: pl.DataFrame(X, schema=NAMES)])
def test_columns_in_another_order_are_an_error(kind, make):
    scaler = kind().fit(make())
    swapped = make()[["weight", "height", "age"]]
    for method in (scaler.transform, scaler.inverse_transform, scaler.partial_fit):
        with pytest.raises(ValueError, match=r"(?s)feature names should match.*same order"):
            method(swapped)
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(make()[["age", "height"]])


@DENSE
@pytest.mark.parametrize("places", [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]])
def test_some_columns_are_inverted_by_their_own_numbers(kind, places):
    names = [NAMES[i] for i in places]
    table, whole = frame(), kind().fit(X).inverse_transform(X)[:, places]
    scaler = kind().fit(table)
    by_frame = scaler.inverse_transform(table[names])
    pd.testing.assert_frame_equal(by_frame, table[names] * 0 + whole)
    from_polars = scaler.inverse_transform(pl.DataFrame(X, schema=NAMES)[names])
    assert from_polars.columns == names
    laws.assert_same_bits(from_polars.to_numpy(), whole)
    part = X[:, places]
    for columns in (names, np.array(names), pd.Index(names), places, np.array(places)):
        back = scaler.inverse_transform(part, columns=columns)
        assert list(back.columns) == names
        laws.assert_same_bits(back.to_numpy(), whole)
    unnamed = kind().fit(X).inverse_transform(part, columns=[i - 3 for i in places])
    laws.assert_same_bits(unnamed, whole)


@DENSE
def test_an_inverse_of_some_columns_in_place(kind):
    scaler = kind(copy=False).fit(X)
    part = X[:, [0, 2]].copy()
    assert np.shares_memory(scaler.inverse_transform(part, columns=[0, 2]), part)
    laws.assert_same_bits(part, kind().fit(X).inverse_transform(X)[:, [0, 2]])


@SPARSE
@FORMATS
def test_some_sparse_columns_are_inverted(make, container):
    scaler = make().fit(COUNTS)
    Z = scaler.transform(COUNTS)
    back = scaler.inverse_transform(container(Z[:, [0, 2]]), columns=[0, 2])
    assert type(back) is container
    np.testing.assert_allclose(back.toarray(), COUNTS[:, [0, 2]], rtol=1e-14, atol=1e-14)


@DENSE
def test_wrong_columns_are_named(kind):
    scaler, table = kind().fit(frame()), frame()
    for wrong in (["height", "size"], [0, 3], [0, -4], [0, 1.0], [0, None]):
        with pytest.raises(ValueError, match=rf"Column {wrong[1]!r} was not seen in fit"):
            scaler.inverse_transform(X[:, :2], columns=wrong)
    with pytest.raises(ValueError, match=r"'size' was not seen in fit.*height"):
        scaler.inverse_transform(table.rename(columns={"age": "size"}))
    with pytest.raises(ValueError, match=r"'size' was not seen in fit"):
        scaler.inverse_transform(table.assign(size=1.0))
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(X[:, :2], columns=["weight", "height"])
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(X[:, :2], columns=["weight", "weight"])
    with pytest.raises(ValueError, match=r"has the columns \['age'\], but columns=\['height'\]"):
        scaler.inverse_transform(table[["age"]], columns=["height"])


@DENSE
def test_a_wrong_width_says_how_to_name_columns(kind):
    for data in (X, frame()):
        scaler = kind().fit(data)
        for wrong in (X[:, :2], np.hstack([X, X])):
            with pytest.raises(ValueError, match=r"expecting 3 features.*columns=\[\.\.\.\]"):
                scaler.inverse_transform(wrong)
    with pytest.raises(ValueError, match="expecting 2 features"):
        scaler.inverse_transform(X, columns=["height", "age"])


# Sparse data


def untidy(container):
    """Return COUNTS with an explicit zero, a NaN, duplicates and indices out of order."""
    values = COUNTS.copy()
    values[2, 1] = np.nan
    rows = np.array([0, 0, 1, 1, 2, 2, 3, 3, 3, 3])
    columns = np.array([1, 0, 0, 2, 2, 1, 1, 1, 0, 0])
    members = np.array([3.0, 0.0, 2.0, 0.0, 5.0, np.nan, 4.5, 3.5, 7.0, -1.0])
    major, minor = (rows, columns) if "csr" in container.__name__ else (columns, rows)
    order = np.lexsort((-np.arange(10), major))  # backwards within rows or columns
    size = 4 if "csr" in container.__name__ else 3
    pointers = np.concatenate([[0], np.cumsum(np.bincount(major, minlength=size))])
    matrix = container((members[order], minor[order], pointers), shape=(4, 3))
    assert not matrix.has_canonical_format
    np.testing.assert_array_equal(matrix.toarray(), values)
    return values, matrix


def parts(matrix):
    return [np.array(a) for a in (matrix.data, matrix.indices, matrix.indptr)]


@SPARSE
@FORMATS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])  # SciPy has no sparse float16
def test_sparse_data_keep_format_class_and_dtype(make, container, dtype):
    data = container(COUNTS.astype(dtype))
    scaler = make().fit(data)
    dense = make().fit(COUNTS)
    laws.assert_close_scalers(scaler, dense)
    before = parts(data)
    Z = scaler.transform(data)
    assert type(Z) is container
    assert Z.dtype == dtype
    assert Z.nnz == np.count_nonzero(COUNTS)
    wanted = dense.transform(COUNTS.astype(dtype))
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(Z.astype(np.float64).toarray(), wanted, rtol=2 * eps, atol=0)
    back = scaler.inverse_transform(Z)
    assert type(back) is container
    assert back.dtype == dtype
    np.testing.assert_allclose(back.astype(np.float64).toarray(), COUNTS, rtol=4 * eps, atol=0)
    for array, old in zip(parts(data), before, strict=True):
        laws.assert_same_bits(array, old)
    assert not any(
        np.shares_memory(getattr(result, name), getattr(data, name))
        for result in (Z, back)
        for name in ("data", "indices", "indptr")
    )


@FORMATS
def test_sparse_data_are_scaled_as_scikit_learn_does(container):
    """The peers of z-scores and of ranges of quantiles."""
    rng = np.random.default_rng(1)
    data = container(rng.integers(0, 9, (60, 4)) * (rng.random((60, 4)) < 0.7).astype(float))
    pairs = [
        (sklearn_norm.ZScoreScaler(with_mean=False), StandardScaler(with_mean=False)),
        (sklearn_norm.RobustScaler(with_centering=False), RobustScaler(with_centering=False)),
    ]
    for ours, theirs in pairs:
        wanted = theirs.fit_transform(data).toarray()
        np.testing.assert_allclose(ours.fit_transform(data).toarray(), wanted, rtol=1e-13)


@SPARSE
@FORMATS
def test_explicit_zeros_duplicates_and_stored_nan_count_as_what_they_stand_for(make, container):
    values, data = untidy(container)
    before = parts(data)
    scaler = make().fit(data)
    dense = make().fit(values)
    laws.assert_close_scalers(scaler, dense)
    assert scaler.n_samples_seen_.tolist() == [4, 3, 4]
    laws.assert_close_scalers(
        make().partial_fit(data).partial_fit(data), make().partial_fit(values).partial_fit(values)
    )
    wanted = dense.transform(values)
    np.testing.assert_allclose(scaler.transform(data).toarray(), wanted, rtol=1e-14)
    back = dense.inverse_transform(values)
    np.testing.assert_allclose(scaler.inverse_transform(data).toarray(), back, rtol=1e-14)
    for array, old in zip(parts(data), before, strict=True):
        laws.assert_same_bits(array, old)


@FORMATS
def test_duplicates_are_summed_before_they_are_clipped(container):
    """The last member, 4.5 + 3.5, is 8: twice the range, so it is clipped to 1."""
    _, data = untidy(container)
    scaler = sklearn_norm.MinMaxScaler(data_range=(0, 4), clip=True).fit(data)
    Z = scaler.transform(data).toarray()
    assert Z[:, 1].tolist()[::3] == [0.75, 1.0]
    assert Z[:, 0].tolist() == [0.0, 0.5, 0.0, 1.0]  # 7 - 1 is 6


@SPARSE
@FORMATS
def test_without_a_copy_stored_members_are_overwritten(make, container):
    scaler = make(copy=False).fit(COUNTS)
    for method in (scaler.transform, scaler.inverse_transform):
        data = container(COUNTS)
        wanted = method(COUNTS, copy=True)
        result = method(data)
        assert np.shares_memory(result.data, data.data)
        np.testing.assert_allclose(data.toarray(), wanted, rtol=1e-15)
        integers = container(COUNTS.astype(np.int64))
        method(integers)
        np.testing.assert_array_equal(integers.toarray(), COUNTS)
        frozen = container(COUNTS)
        frozen.data.flags.writeable = False
        np.testing.assert_allclose(method(frozen).toarray(), wanted, rtol=1e-15)
        np.testing.assert_array_equal(frozen.toarray(), COUNTS)


@SPARSE
def test_integers_and_other_sparse_formats_are_taken(make):
    wanted = make().fit_transform(COUNTS)
    for container in (sparse.coo_array, sparse.lil_array, sparse.csr_array):
        Z = make().fit_transform(container(COUNTS.astype(np.int64)))
        assert Z.format == "csr"
        assert Z.dtype == np.float64
        np.testing.assert_allclose(Z.toarray(), wanted, rtol=1e-14)


@SPARSE
def test_weights_of_sparse_data_are_those_of_dense_data(make):
    weight = [1.0, 0.0, 2.0, 0.5]
    dense = make().fit(COUNTS, sample_weight=weight)
    for container in (sparse.csr_array, sparse.csc_array):
        scaler = make().fit(container(COUNTS), sample_weight=weight)
        laws.assert_close_scalers(scaler, dense)


@pytest.mark.parametrize("name", REMEDY)
@FORMATS
def test_zeros_that_would_move_are_an_error_that_names_the_parameter(name, container):
    """At the latest where the zeros would move; what is known before is refused before."""
    kind = getattr(sklearn_norm, name)
    moving = np.array([[1.0, 0.0], [2.0, 3.0]])  # the minimum of column 0 is not 0
    data = container(moving)
    scaler = kind().fit(moving)
    for method in (scaler.transform, scaler.inverse_transform, kind().fit_transform):
        with pytest.raises(ValueError, match=REMEDY[name]):
            method(data)
    if not scaler.__sklearn_tags__().input_tags.sparse:
        for method in (kind().fit, kind().partial_fit, scaler.partial_fit):
            with pytest.raises(ValueError, match=REMEDY[name]):
                method(data)


def test_a_sparse_column_whose_zeros_would_move_is_named():
    table = pd.DataFrame({"calm": [0.0, 2.0], "restless": [1.0, 3.0]})
    scaler = sklearn_norm.MinMaxScaler().fit(table)
    with pytest.raises(ValueError, match=r"column 'restless'.*`feature_range`"):
        scaler.inverse_transform(sparse.csr_array(table.to_numpy()))


def test_every_public_scaler_takes_sparse_data_or_tells_why_not():
    taken = {m.func.__name__ for m in MAKERS if m().__sklearn_tags__().input_tags.sparse}
    # a tensor has no sparse form: BatchNorm refuses in the words of scikit-learn
    assert taken | set(REMEDY) | {"BatchNorm"} == set(laws.SCALERS)


# Empty data and infinity


@DENSE
def test_no_rows_or_no_columns_are_an_error_as_in_scikit_learn(kind):
    scaler = kind().fit(frame())
    for rows in (X[:0], frame()[:0], pl.DataFrame(X, schema=NAMES)[:0]):
        for method in (scaler.transform, scaler.inverse_transform, kind().partial_fit, kind().fit):
            if isinstance(rows, np.ndarray) and method == scaler.transform:
                continue  # scikit-learn warns of missing names first
            with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
                method(rows)
    with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\)"):
        kind().fit(np.empty((3, 0)))


INFINITE = pytest.mark.parametrize("infinity", [np.inf, -np.inf])


@DENSE
@INFINITE
@DTYPES
@pytest.mark.parametrize("layout", ["C", "F", "strided"])
def test_infinity_names_the_index_of_its_column(kind, infinity, dtype, layout):
    """In every method; also among many rows, and beside NaN."""
    scaler = kind().fit(X)
    for rows in (1, 1500):
        values = np.tile(X, (rows, 1)).astype(dtype)
        values[-1, 1] = infinity
        values[0, 2] = np.nan
        wrong = laws.layouts(values)[layout]
        names = ("fit", "fit_transform", "partial_fit", "transform", "inverse_transform")
        for name in names:
            with pytest.raises(ValueError, match=r"infinity.*in column 1\."):
                getattr(scaler, name)(wrong)
    with pytest.raises(ValueError, match=r"infinity.*in column 2\."):
        scaler.inverse_transform(np.array([[0.0, infinity]]), columns=[0, 2])


@DENSE
@INFINITE
@pytest.mark.parametrize("make", [frame, lambda values: pl.DataFrame(values, schema=NAMES)])
def test_infinity_names_its_column(kind, infinity, make):
    values = X.copy()
    values[2, 1] = infinity
    scaler = kind().fit(make(X))
    names = ("fit", "fit_transform", "partial_fit", "transform", "inverse_transform")
    for name in names:
        with pytest.raises(ValueError, match=r"infinity.*in column 'weight'\."):
            getattr(scaler, name)(make(values))
    with pytest.raises(ValueError, match=r"infinity.*in column 'weight'\."):
        scaler.inverse_transform(make(values)[["weight", "age"]])


@SPARSE
@FORMATS
def test_stored_infinity_names_its_column(make, container):
    values = COUNTS.copy()
    values[2, 1] = np.inf
    wrong = container(values)
    scaler = make().fit(COUNTS)
    for name in ("fit", "fit_transform", "partial_fit", "transform", "inverse_transform"):
        with pytest.raises(ValueError, match=r"infinity.*in column 1\."):
            getattr(scaler, name)(wrong)


@DENSE
def test_infinity_in_a_row_of_weight_zero_is_absent(kind):
    values = X.copy()
    values[1] = np.inf
    scaler = kind().fit(values, sample_weight=[1, 0, 1, 1])
    laws.assert_same_bits(laws.read_scaler(scaler), laws.read_scaler(kind().fit(X[[0, 2, 3]])))


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


def test_a_frame_keeps_its_own_names_where_the_fit_had_none():
    scaler = sklearn_norm.ZScoreScaler().fit([[1.0, 2.0], [3.0, 6.0]])
    table = pd.DataFrame({"a": [0.0], "b": [1.0]})
    pd.testing.assert_frame_equal(
        scaler.inverse_transform(table), pd.DataFrame({"a": [2.0], "b": [6.0]})
    )


@DENSE
def test_a_missing_entry_of_an_array_of_objects_is_nan(kind):
    values = np.array([[1, pd.NA], [4, 2], [9, 3]], dtype=object)
    expected = np.array([[1, np.nan], [4, 2], [9, 3]])
    laws.assert_same_bits(kind().fit_transform(values), kind().fit_transform(expected))


@DENSE
def test_missing_times_are_an_error_that_names_the_column(kind):
    """As numbers they would be the smallest integer; times without holes are numbers."""
    dates = ["2020-01-01", None, "2021-01-01"]
    pandas = pd.DataFrame({"n": [1.0, 2.0, 3.0], "day": pd.to_datetime(dates)})
    for frame_ in (pandas, pl.DataFrame({"day": dates}).with_columns(pl.col("day").str.to_date())):
        with pytest.raises(ValueError, match="Column 'day' holds times, some of which are missing"):
            kind().fit(frame_)
    kind().fit(pl.DataFrame({"day": [date(2020, 1, 1), date(2021, 1, 1)]}))


def test_names_that_are_no_strings_come_back_as_they_were():
    """scikit-learn keeps no such names, so the frame's own count."""
    table = pd.DataFrame(
        [[1.0, 20.0], [3.0, 40.0]], columns=pd.MultiIndex.from_tuples([(0, 1), (0, 2)])
    )
    scaler = sklearn_norm.ZScoreScaler().fit(table)
    back = scaler.inverse_transform(pd.DataFrame(scaler.transform(table), columns=table.columns))
    pd.testing.assert_frame_equal(back, table)


def test_sparse_duplicates_are_summed_even_in_place():
    data = sparse.csr_array((np.ones(4), np.array([0, 0, 1, 2]), np.array([0, 4])), shape=(1, 3))
    scaler = sklearn_norm.DecimalScaler(copy=False).fit(data)
    assert scaler.transform(data).toarray().tolist() == [[0.2, 0.1, 0.1]]


def test_infinity_in_wide_sparse_data_is_named_at_once():
    data = sparse.csc_array(([1.0, np.inf], ([0, 0], [3, 70_000])), shape=(2, 100_000))
    scaler = sklearn_norm.ZScoreScaler(with_mean=False).fit(abs(data) > 0)
    with pytest.raises(ValueError, match="in column 70000"):
        scaler.transform(data.tocsr())


@pytest.mark.parametrize("code", list("?bBhHiIlLqQ"))
@pytest.mark.parametrize(
    "name", ["ZScoreScaler", "MinMaxScaler", "RobustScaler", "BatchStatsScaler"]
)
def test_integers_are_measured_as_they_are(name, code):
    """Without a converted copy, and to the bits of their conversion; dense, sparse, as a frame."""
    limit = 2 if code == "?" else np.iinfo(code).max
    X = np.random.default_rng(0).integers(0, limit, (300, 3), dtype=np.uint64).astype(code)
    kind = getattr(sklearn_norm, name)
    told = {"with_mean": False} if name == "ZScoreScaler" else {}
    expected = kind(**told).fit(X.astype(np.float64)).scale_
    laws.assert_same_bits(kind(**told).fit(X).scale_, expected)
    laws.assert_same_bits(kind(**told).fit(np.asfortranarray(X)[::-1]).scale_, expected)
    laws.assert_same_bits(kind(**told).fit(pd.DataFrame(X)).scale_, expected)
    if told and code != "?":
        laws.assert_same_bits(kind(**told).fit(sparse.csr_array(X)).scale_, expected)
    assert kind(**told).fit(X).transform(X).dtype == np.float64


# What is not what it seems


@DENSE
@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_members_that_share_memory_are_not_overwritten(kind, method):
    """A window over one row: what is written to one place would be read from the next."""
    scaler, row = kind(copy=False).fit(X), np.arange(9.0)
    window = np.lib.stride_tricks.as_strided(row, (7, 3), (8, 8))
    expected = getattr(scaler, method)(window.copy())
    np.testing.assert_array_equal(getattr(scaler, method)(window), expected)
    np.testing.assert_array_equal(row, np.arange(9.0))
    plain = window.copy()
    assert np.may_share_memory(getattr(scaler, method)(plain), plain)  # else as it was asked


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
        ValueError, match=r"of shape \(3, 2\).*not the shape that it tells, \(3, 9\)"
    ):
        kind().fit(Lies())


@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
@pytest.mark.parametrize("name", laws.ESTIMATORS)
def test_polars_cannot_hold_a_name_twice(name):
    """pandas can, and scikit-learn took such frames up to 1.8; polars would lose a column."""
    rows = np.array([[1.0, 2.0, 5.0, 4.0], [3.0, 5.0, 6.0, 8.0]])
    estimator = getattr(sklearn_norm, name)().fit(rows).set_output(transform="polars")
    vars(estimator)["feature_names_in_"] = np.array(list("abca"), dtype=object)
    with pytest.raises(ValueError, match="cannot have the column 'a' more than once"):
        estimator.transform(rows)
    with pytest.raises(ValueError, match="cannot have the column 'a' more than once"):
        framed(rows, "polars", list("abca"))
    assert list(framed(rows, "pandas", list("abca")).columns) == list("abca")
