"""No rows, no columns and infinity are errors that name what is wrong."""

from __future__ import annotations

import laws
import numpy as np
import polars as pl
import pytest
from container_cases import (
    COUNTS,
    DENSE,
    DTYPES,
    FORMATS,
    NAMES,
    SPARSE,
    X,
    frame,
)
from scipy import sparse

import sklearn_norm


@DENSE
def test_no_rows_or_no_columns_are_an_error_as_in_scikit_learn(kind):
    for rows in (X[:0], frame()[:0], pl.DataFrame(X, schema=NAMES)[:0]):
        for method in (kind().fit, kind().fit_transform):
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


def test_infinity_in_wide_sparse_data_is_named_at_once():
    data = sparse.csc_array(([1.0, np.inf], ([0, 0], [3, 70_000])), shape=(2, 100_000))
    scaler = sklearn_norm.ZScoreScaler(with_mean=False).fit(abs(data) > 0)
    with pytest.raises(ValueError, match="in column 70000"):
        scaler.transform(data.tocsr())
