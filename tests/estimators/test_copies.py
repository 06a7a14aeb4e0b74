"""Which memory is written to: the caller's only with copy=False."""

from __future__ import annotations

import joblib
import laws
import numpy as np
import polars as pl
import pytest
from container_cases import (
    DENSE,
    DTYPES,
    FILLED,
    NAMES,
    X,
    expected,
    frame,
)


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


@DENSE
@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_members_that_share_memory_are_not_overwritten(kind, method):
    """A sliding window over one row: a write to one member would change others not yet read."""
    scaler, row = kind(copy=False).fit(X), np.arange(9.0)
    window = np.lib.stride_tricks.as_strided(row, (7, 3), (8, 8))
    expected = getattr(scaler, method)(window.copy())
    np.testing.assert_array_equal(getattr(scaler, method)(window), expected)
    np.testing.assert_array_equal(row, np.arange(9.0))
    plain = window.copy()
    assert np.may_share_memory(getattr(scaler, method)(plain), plain)  # else as it was asked
