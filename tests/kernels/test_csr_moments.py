"""Moments of the columns of a CSR array, read row after row, are those of the dense array."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits
from scipy import sparse

from sklearn_norm.kernels import _native, _numpy
from sklearn_norm.kernels._native.loading import compiled

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
every_backend = pytest.mark.parametrize("backend", BACKENDS)
UNITS = np.array([1.0, 1e-300, 1e300, 2.0**-600, 1e9])  # of a column's members


def settled(backend, m):
    return np.concatenate([m[:3], backend.settle_moments(m, 0.0, 0.0)])


def check_same(backend, X):
    """The moments of CSR X settle to the bits of those of the same dense array."""
    found = backend.csr_moments(X.data, X.indices, X.indptr, X.shape[1])
    dense = backend.column_moments(X.toarray(), None)
    assert_same_bits(settled(backend, found), settled(backend, dense))


def filled(rows, columns, share, seed, index=np.int32, dtype=np.float64):
    """Return an array whose columns differ in size, some far from 0, some with NaN."""
    rng = np.random.default_rng(seed)
    X = sparse.random(rows, columns, share, format="csr", random_state=seed)
    if dtype == np.float64:
        X.data *= UNITS[X.indices % UNITS.size]
    X.data[X.indices % 7 == 3] += 1e6
    X.data[rng.random(X.nnz) < 0.02] = np.nan
    X.data[rng.random(X.nnz) < 0.02] = -0.0
    X = sparse.csr_array(X, dtype=dtype)
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    return X


@every_backend
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("rows", "columns", "share"),
    [(300, 20, 0.3), (40_000, 9, 0.4), (40_000, 30, 0.02), (50, 400, 0.05), (3, 0, 0), (0, 5, 0)],
)
def test_rows_are_added_to_the_sums_of_their_columns(backend, rows, columns, share, dtype, index):
    check_same(backend, filled(rows, columns, share, 0, index, dtype))


@every_backend
@given(data=st.data())
def test_random_members_have_the_moments_of_dense_ones(backend, data):
    rows, columns = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 4))
    X = filled(rows, columns, data.draw(st.floats(0.2, 1.0)), data.draw(st.integers(0, 999)))
    members = st.floats(-1e12, 1e12) | st.sampled_from([np.nan, 0.0, 5e-324, 1e308])
    some = data.draw(st.lists(members, max_size=min(X.nnz, 8)))
    X.data[: len(some)] = some
    check_same(backend, X)


ROWS = 20_000  # more than one part


def columns_by_name():
    """Return columns whose sums take another way each: growing, with units, with a shift."""
    rng = np.random.default_rng(8)
    normal = rng.normal(size=ROWS)
    rising = np.sort(rng.lognormal(0.0, 20.0, ROWS))
    return {
        "each member above the last": rising,
        "each member below the last": -rising[::-1],
        "one large member, late": np.where(np.arange(ROWS) == 17_000, 1e30, normal),
        "large members that cancel": np.resize([1e16, 1.0, -1e16, 1.0], ROWS),
        "powers of two": 2.0 ** rng.integers(-40, 40, ROWS),
        "close together": 1e9 + 0.01 * normal,
        "close together, below 0": -1e9 + 0.01 * normal,
        "constant": np.full(ROWS, 0.1),
        "a tie": np.resize([1.0, 1.0 + 2.0**-52], ROWS),
        "huge": 1e300 * normal,
        "tiny": 1e-300 * normal,
        "at the first bound of units": 2.0**-401 * (1.0 + np.arange(ROWS) % 2),
        "at the last bound of units": 2.0**399 * (1.0 + np.arange(ROWS) % 2),
        "from tiny to huge": 2.0 ** rng.integers(-900, 900, ROWS) * normal,
        "huge after small": np.where(np.arange(ROWS) < 9_000, normal, 1e200 * normal),
    }


def with_zeros(values, zeros):
    """Return CSR columns with 0 in that share of places, and NaN in a few."""
    rng = np.random.default_rng(9)
    X = np.where(rng.random(values.shape) < zeros, 0.0, values)
    X[rng.random(X.shape) < 0.01] = np.nan
    return sparse.csr_array(X)


@every_backend
@pytest.mark.parametrize("zeros", [0.0, 0.001, 0.1, 0.13, 0.5, 0.99])
def test_columns_of_every_kind_have_the_moments_of_dense_ones(backend, zeros):
    X = with_zeros(np.stack(list(columns_by_name().values()), axis=1), zeros)
    check_same(backend, X)
    check_same(backend, X[::-1])


@every_backend
def test_few_zeros_in_one_part_cost_no_digit(backend):
    """A part without zeros is summed about a shift, one with many about 0."""
    X = 1e9 + 0.01 * np.random.default_rng(2).normal(size=(ROWS, 3))
    X[:40], X[5:9_000, 1], X[:, 2] = 0.0, 0.0, np.round(X[:, 2])
    check_same(backend, sparse.csr_array(X))


@pytest.mark.skipif(compiled is None, reason="the extension was not built")
def test_all_variants_have_the_same_sums():
    X = with_zeros(np.stack(list(columns_by_name().values()), axis=1), 0.4)
    widest, *others = compiled.variants()
    expected = _native.csr_moments(X.data, X.indices, X.indptr, X.shape[1])
    try:
        for variant in others:
            compiled.choose(variant)
            found = _native.csr_moments(X.data, X.indices, X.indptr, X.shape[1])
            assert_same_bits(found, expected, variant)
    finally:
        compiled.choose(widest)


@every_backend
def test_infinity_shows_in_the_extrema(backend):
    X = filled(ROWS, 4, 0.5, 3)
    X.data[np.flatnonzero(X.indices == 0)[[7, -7]]] = np.inf
    X.data[np.flatnonzero(X.indices == 2)[0]] = -np.inf
    found = backend.csr_moments(X.data, X.indices, X.indptr, 4)
    dense = backend.column_moments(X.toarray(), None)
    assert_same_bits(found[:3], dense[:3])
    clean = [1, 3]
    assert_same_bits(settled(backend, found[:, clean]), settled(backend, dense[:, clean]))


@every_backend
def test_the_number_of_threads_changes_no_bit(backend):
    X = filled(60_000, 12, 0.5, 1)
    found = backend.csr_moments(X.data, X.indices, X.indptr, 12)
    again = backend.csr_moments(X.data.copy(), X.indices, X.indptr, 12)
    assert_same_bits(found, again)
    if backend is _native:
        for n_threads in (1, 2, 3):
            out, rows = np.empty_like(found), X.indptr.astype(np.int64)
            assert compiled.scattered_moments(X.data, X.indices, rows, out, n_threads)
            assert_same_bits(found, out)


@every_backend
@pytest.mark.parametrize("column", [-1, 5])
@pytest.mark.parametrize("n_members", [2, 400])
def test_a_column_that_does_not_exist_is_an_index_error(backend, column, n_members):
    columns = np.arange(n_members) % 5
    columns[1] = column
    starts = np.array([0, n_members])
    with pytest.raises(IndexError, match="column"):
        backend.csr_moments(np.ones(n_members), columns, starts, 5)


@pytest.mark.skipif(compiled is None, reason="the extension was not built")
@pytest.mark.parametrize(
    ("starts", "out"),
    [
        ([0, 5], (10, 3)),  # beyond the members
        ([2, 1, 4], (10, 3)),
        ([0, 4], (9, 3)),
        ([0.0, 4.0], (10, 3)),
    ],
)
def test_wrong_parts_are_refused_before_any_is_read(starts, out):
    columns = np.array([0, 1, 2, 0])
    with pytest.raises((ValueError, TypeError)):
        compiled.scattered_moments(np.ones(4), columns, np.array(starts), np.empty(out), 1)
