"""Sparse data are scaled as dense data are, or an error says what to set."""

from __future__ import annotations

import laws
import numpy as np
import pandas as pd
import pytest
from container_cases import (
    COUNTS,
    FORMATS,
    MAKERS,
    REMEDY,
    SPARSE,
)
from scipy import sparse
from sklearn.preprocessing import MaxAbsScaler, RobustScaler, StandardScaler

import sklearn_norm
from sklearn_norm.exceptions import SparseDataError


@SPARSE
@FORMATS
def test_some_sparse_columns_are_inverted(make, container):
    scaler = make().fit(COUNTS)
    Z = scaler.transform(COUNTS)
    back = scaler.inverse_transform(container(Z[:, [0, 2]]), columns=[0, 2])
    assert type(back) is container
    np.testing.assert_allclose(back.toarray(), COUNTS[:, [0, 2]], rtol=1e-14, atol=1e-14)


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
        (sklearn_norm.MaxAbsScaler(), MaxAbsScaler()),
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
    kind = laws.kind_of(name)
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
    # a tensor has no sparse form: these two refuse in the words of scikit-learn
    tensors = ("BatchNorm", "ChannelScaler")
    told = taken | {laws.kind_of(name).__name__ for name in (*REMEDY, *tensors)}
    assert told == {laws.kind_of(name).__name__ for name in laws.SCALERS}


def test_sparse_duplicates_are_summed_even_in_place():
    data = sparse.csr_array((np.ones(4), np.array([0, 0, 1, 2]), np.array([0, 4])), shape=(1, 3))
    scaler = sklearn_norm.DecimalScaler(copy=False).fit(data)
    assert scaler.transform(data).toarray().tolist() == [[0.2, 0.1, 0.1]]


@SPARSE
@pytest.mark.parametrize("form", ["csr", "csc", "coo", "lil", "dok", "bsr"])
def test_a_stream_of_sparse_rows_of_any_format_is_one_fit(make, form):
    """Also of formats that are converted first, and of rows without a stored member."""
    values = np.array([[0.0, 2.0, 1.0], [3.0, 0.0, 0.5], [0.0, 0.0, 0.0], [1.0, -2.0, np.nan]])
    scaler = make()
    for row in values:
        scaler.partial_fit(getattr(sparse, f"{form}_array")(row[None, :]))
    laws.assert_close_scalers(scaler, make().fit(values))


@pytest.mark.parametrize(
    ("make", "learn"),
    [
        (make, learn)
        for make in (
            lambda: sklearn_norm.ZScoreScaler(with_mean=False),
            lambda: sklearn_norm.RobustScaler(with_centering=False),
            sklearn_norm.MinMaxScaler,
            sklearn_norm.MaxAbsScaler,
            sklearn_norm.DecimalScaler,
        )
        for learn in ("all_nan", "no_rows", "weight_0")
    ],
)
@FORMATS
def test_the_zeros_of_a_sparse_column_without_data_are_refused_with_the_right_advice(
    make, learn, container
):
    """No parameter helps: the column has to get data, or to be left out."""
    values = np.array([[0.0, np.nan], [0.0, np.nan], [2.0, np.nan]])
    scaler, weight = make(), None
    if learn == "weight_0":
        values, weight = np.array([[0.0, np.nan], [2.0, np.nan], [0.0, 5.0]]), [1.0, 1.0, 0.0]
    if learn == "no_rows":
        scaler.partial_fit(np.zeros((0, 2)))
    else:
        scaler.fit(values, sample_weight=weight)
    column = 0 if learn == "no_rows" else 1
    with pytest.raises(SparseDataError) as refused:
        scaler.transform(container(np.array([[0.0, 0.0], [0.0, 1.0]])))
    assert str(refused.value) == (
        f"The zeros of sparse column {column} would become NaN: in the fit, it held no data. Fit "
        "on data that it has, leave the column out, or pass a dense array."
    )
