"""Members of sparse arrays: gathered by column, and mapped by the numbers of their column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits
from scipy import sparse

from sklearn_norm.kernels import Map, _native, _numpy
from sklearn_norm.kernels._native.loading import compiled

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
EVERY_BACKEND = pytest.mark.parametrize("backend", BACKENDS)
MAPS = {
    "nothing": {},
    "scale": {"scale": 3.0},
    "gain": {"gain": 0.3},
    "affine": {"center": 0.5, "scale": 3.0, "gain": 0.3, "offset": -1.5},
    "units": {"center": 0.5, "scale": 3.0, "exponent": 2},
    "top": {"scale": 3.0, "gain": 0.7, "offset": 0.1, "top": 0.8},
}


def mapping_of(name, n_columns):
    """Return a map whose columns differ, by the steps that it has."""
    rng = np.random.default_rng(n_columns)
    vectors = dict.fromkeys(Map._fields)
    for step, value in MAPS[name].items():
        vectors[step] = np.full(n_columns, value)
        if step != "exponent":
            vectors[step] *= rng.uniform(1.0, 2.0, n_columns)
    if name == "nothing":
        vectors["center"] = np.zeros(n_columns)
    return Map(**vectors)


def csr(rows, columns, dtype=np.float64, seed=0):
    return sparse.random(
        rows, columns, 0.2, format="csr", random_state=seed, dtype=np.float64
    ).astype(dtype)


@EVERY_BACKEND
@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("shape", [(1, 1), (40, 7), (900, 300)])
def test_members_are_gathered_as_by_scipy(backend, shape, dtype, index):
    X = csr(*shape)
    X = sparse.csr_array((X.data * 100, X.indices, X.indptr), shape=shape).astype(dtype)
    weights = np.random.default_rng(1).random(X.nnz)
    columns = X.indices.astype(index)
    values, starts, gathered = backend.gather_columns(X.data, columns, shape[1], weights)
    expected = X.tocsc()
    assert_same_bits(values, expected.data)
    np.testing.assert_array_equal(starts, expected.indptr)
    by_column = sparse.csr_array((weights, X.indices, X.indptr), shape=shape).tocsc()
    assert_same_bits(gathered, by_column.data)
    assert backend.gather_columns(X.data, columns, shape[1])[2] is None


@EVERY_BACKEND
@given(columns=st.lists(st.integers(0, 5), max_size=60))
def test_members_of_a_column_keep_their_order(backend, columns):
    places = np.array(columns, dtype=np.int32)
    values = np.arange(places.size, dtype=np.float64)
    found, starts, _ = backend.gather_columns(values, places, 6)
    assert_same_bits(found, values[np.argsort(places, kind="stable")])
    np.testing.assert_array_equal(np.diff(starts), np.bincount(places, minlength=6))


@EVERY_BACKEND
@pytest.mark.parametrize("wrong", [-1, 5, 2**31 - 1, -(2**31)])
def test_a_column_out_of_range_is_refused(backend, wrong):
    values = np.ones(3)
    columns = np.array([0, wrong, 1], dtype=np.int32)
    with pytest.raises(IndexError, match="column"):
        backend.gather_columns(values, columns, 5)
    with pytest.raises(IndexError, match="column"):
        backend.apply_stored(values, columns, mapping_of("scale", 5), None, np.empty(3))


@EVERY_BACKEND
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
@pytest.mark.parametrize("name", MAPS)
def test_stored_members_have_the_bits_of_dense_ones(backend, name, dtype, inverse):
    X = csr(60, 9)
    X = sparse.csr_array((X.data * 40 - 8, X.indices, X.indptr), shape=X.shape).astype(dtype)
    mapping, dense = mapping_of(name, 9), X.toarray()
    result = np.float64 if dtype == np.int64 else dtype
    expected, found = np.empty(dense.shape, result), np.empty(X.nnz, result)
    if inverse:
        backend.invert(dense, mapping, expected)
    else:
        backend.apply(dense, mapping, None, expected)
    backend.apply_stored(X.data, X.indices, mapping, None, found, inverse)
    assert_same_bits(found, expected[X.nonzero()] if X.data.all() else of_places(X, expected))


def of_places(X, dense):
    """Return what a dense array has in the places that are stored, zeros too."""
    rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    return dense[rows, X.indices]


@EVERY_BACKEND
def test_stored_members_are_clipped(backend):
    mapping, bounds = mapping_of("scale", 3), (np.zeros(3), np.ones(3))
    out = np.empty(4)
    columns = np.array([0, 1, 2, 0], dtype=np.int32)
    backend.apply_stored(np.array([-9.0, 0.0, 99.0, np.nan]), columns, mapping, bounds, out)
    np.testing.assert_array_equal(out, [0.0, 0.0, 1.0, np.nan])


@EVERY_BACKEND
@pytest.mark.parametrize("place", [0, 1023, 1024, 1031, 40_002])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_infinity_is_met_while_mapping_and_before_anything_is_written_in_place(
    backend, dtype, place
):
    values = np.random.default_rng(0).normal(size=40_003).astype(dtype)
    values[::5], values[1::5] = np.nan, np.finfo(dtype).max
    columns, mapping = np.arange(values.size, dtype=np.int32) % 9, mapping_of("affine", 9)
    plain, looked = np.empty((2, values.size), dtype)
    for inverse in (False, True):
        assert backend.apply_stored(values, columns, mapping, None, plain, inverse) is False
        assert backend.apply_stored(values, columns, mapping, None, looked, inverse, True) is False
        assert_same_bits(plain, looked)
        values[place], kept = -np.inf, values[place]
        assert backend.apply_stored(values, columns, mapping, None, looked, inverse) is False
        assert backend.apply_stored(values, columns, mapping, None, looked, inverse, True) is True
        before = values.copy()
        assert backend.apply_stored(values, columns, mapping, None, values, inverse, True) is True
        assert_same_bits(values, before)
        values[place] = kept
    whole = np.arange(20)
    assert backend.apply_stored(whole, columns[:20], mapping, None, plain[:20], look=True) is False


@pytest.mark.skipif(compiled is None, reason="there is no extension to attack")
def test_the_extension_refuses_arrays_that_do_not_fit():
    values, columns = np.ones(4), np.zeros(4, np.int32)
    starts, out = np.zeros(3, np.int64), np.empty(4)
    for wrong in (
        (values, columns[:3], None, out, None, starts, 1),
        (values, columns.astype(float), None, out, None, starts, 1),
        (values, columns, None, out[:3], None, starts, 1),
        (values, columns, None, np.empty(8)[::2], None, starts, 1),
        (values, columns, values, out, None, starts, 1),
        (values, columns, None, out, None, starts.astype(np.int32), 1),
        (values, columns, None, out, None, starts[:0], 1),
        (values, columns, None, values, None, starts, 1),
    ):
        with pytest.raises((ValueError, TypeError)):
            compiled.gather(*wrong)
    steps = [None] * 8
    read_only = np.empty(4)
    read_only.flags.writeable = False
    for wrong_columns, wrong_out in ((columns[:3], out), (columns, out[:3]), (columns, read_only)):
        with pytest.raises((ValueError, TypeError, BufferError)):
            compiled.map_stored(values, wrong_columns, 2, *steps, False, False, wrong_out, 1)
