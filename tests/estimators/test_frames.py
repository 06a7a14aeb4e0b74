"""Frames of pandas and polars: what is missing, dtypes and names."""

from __future__ import annotations

import laws
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from container_cases import (
    DENSE,
    DTYPES,
    X,
    expected,
    frame,
)

import sklearn_norm


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


OTHERS = {
    "arrow": lambda: pa.table(HOLES),
    "record batch": lambda: pa.record_batch(HOLES),
    "pandas, of arrow": lambda: pa.table(HOLES).to_pandas(types_mapper=pd.ArrowDtype),
    "pandas, nullable": lambda: pd.DataFrame(
        {
            "a": HOLES["a"],
            "b": pd.array(HOLES["b"], "Int64"),
            "c": pd.array(HOLES["c"], "boolean"),
        }
    ),
}


@DENSE
@pytest.mark.parametrize("name", OTHERS)
def test_nulls_of_other_frames_are_nulls_in_polars(kind, name):
    table = OTHERS[name]()
    scaler = kind().set_output(transform="polars").fit(table)
    for Z in (scaler.transform(table), kind().set_output(transform="polars").fit_transform(table)):
        found = [s.is_null().to_list() for s in Z]
        assert found[1:] == NULLS[1:]
        assert found[0] == NULLS[0] or name.startswith("pandas")
        laws.assert_same_bits(Z.to_numpy(), kind().fit(table).transform(table))
    back = scaler.inverse_transform(table)
    assert [s.is_null().to_list() for s in back][1:] == NULLS[1:]


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


def test_names_that_are_no_strings_come_back_as_they_were():
    """scikit-learn keeps no such names, so the frame's own count."""
    table = pd.DataFrame(
        [[1.0, 20.0], [3.0, 40.0]], columns=pd.MultiIndex.from_tuples([(0, 1), (0, 2)])
    )
    scaler = sklearn_norm.ZScoreScaler().fit(table)
    back = scaler.inverse_transform(pd.DataFrame(scaler.transform(table), columns=table.columns))
    pd.testing.assert_frame_equal(back, table)
