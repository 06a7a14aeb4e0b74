"""Odd values of every parameter of a public method, and what must become of them.

A maker takes a random generator and returns a new value each time, so that a case can be
repeated, also with what is used up by reading it.
"""

from __future__ import annotations

import array
import contextlib
import datetime
import math
import os
import tempfile
import types
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
from documents import signed
from numpy.lib.stride_tricks import as_strided
from scipy import sparse
from sklearn import preprocessing
from sklearn.pipeline import make_pipeline

import sklearn_norm

ROWS, COLUMNS = 6, 4
NAMES = list("abcd")
PLAIN = np.random.default_rng(5).normal(3.0, 2.0, (ROWS, COLUMNS)).round(2)
TENSOR = np.random.default_rng(6).normal(3.0, 2.0, (ROWS, COLUMNS, 2)).round(2)
FRAME = pd.DataFrame(PLAIN.copy(), columns=NAMES)
HUGE = 10**12  # rows or columns that no memory holds

TAKEN, REFUSED, NEW = "taken", "refused", "new"  # NEW: by the columns of another fit


class Odd(NamedTuple):
    """A value by its maker; what becomes of it, where that is certain; and what it means.

    `means` is the array of floats that a result must be the same for. `huge` values stand for
    more than memory: only what refuses them before it touches their members may see them.
    """

    make: Callable[[np.random.Generator], Any]
    becomes: str | None = None
    means: Any = None
    huge: bool = False


def of(value: Any, becomes: str | None = None) -> Odd:
    """Return an odd value that nothing uses up."""
    return Odd(lambda rng: value, becomes)


def with_cell(value: Any, dtype: Any = None) -> Callable[[np.random.Generator], Any]:
    """Return a maker of the plain data with one cell replaced, of an array of that dtype."""

    def make(rng: np.random.Generator) -> Any:
        cells = PLAIN.astype(object if dtype is None else dtype)
        cells[rng.integers(ROWS), rng.integers(COLUMNS)] = value
        return cells

    return make


def with_column(column: Any) -> Callable[[np.random.Generator], Any]:
    """Return a maker of the plain frame with one column replaced."""
    return lambda rng: FRAME.assign(**{NAMES[rng.integers(COLUMNS)]: column})


class Converts:
    """What becomes an array by `__array__`, and says what shape it has."""

    def __init__(self, values: Any, **attributes: Any) -> None:
        self.values = values
        vars(self).update(attributes)

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        if isinstance(self.values, Exception):
            raise self.values
        return self.values if dtype is None else np.asarray(self.values, dtype=dtype)


class Sub(np.ndarray):
    """A subclass that changes nothing."""


class OwnError(ValueError):
    """The error of a caller's own object."""


def raise_own() -> None:
    raise OwnError("this cannot be computed")


class NoTruth:
    def __bool__(self) -> bool:
        raise OwnError("the truth of this object is not known")


def unaligned(values: Any) -> Any:
    memory = np.zeros(values.nbytes + 1, dtype=np.uint8)
    moved = memory[1:].view(values.dtype).reshape(values.shape)
    moved[...] = values
    return moved


def mapped(mode: str) -> Any:
    with tempfile.TemporaryFile() as file:
        file.write(PLAIN.tobytes())
        file.flush()
        return np.memmap(file, dtype=np.float64, mode=mode, shape=PLAIN.shape)


def read_only(values: Any) -> Any:
    copied = values.copy()
    copied.flags.writeable = False
    return copied


def masked(rng: np.random.Generator) -> Any:
    return np.ma.masked_array(PLAIN.copy(), PLAIN > 4.0)


def csr_with_duplicates(rng: np.random.Generator) -> Any:
    cells = ([1.0, 2.0, 4.0], ([0, 0, 2], [1, 1, 3]))
    rows = sparse.coo_array(cells, shape=PLAIN.shape)
    found = sparse.csr_array(([1.0, 2.0, 4.0], [1, 1, 3], [0, 2, 2, 3, 3, 3, 3]), rows.shape)
    assert not found.has_canonical_format
    return found


def csr_with(*stored: Any) -> Callable[[np.random.Generator], Any]:
    return lambda rng: sparse.csr_array(
        (list(stored), ([0] * len(stored), range(len(stored)))), shape=PLAIN.shape
    )


def broken(make: Callable[..., Any], part: str, place: int, value: int) -> Odd:
    """Return an array in CSR or CSC whose parts do not belong together."""

    def made(rng: np.random.Generator) -> Any:
        found = make(PLAIN)
        getattr(found, part)[place] = value
        return found

    return Odd(made, REFUSED)


def shortened(rng: np.random.Generator) -> Any:
    found = sparse.csr_array(PLAIN)
    found.data = found.data[:-5]
    return found


MASKED = np.where(PLAIN > 4.0, np.nan, PLAIN)
HOLE = np.where(np.arange(PLAIN.size).reshape(PLAIN.shape) == 5, np.nan, PLAIN)
HOLES = [[None if np.isnan(v) else v for v in row] for row in HOLE.tolist()]
WHOLE = PLAIN.round()
for shared in (PLAIN, TENSOR, MASKED, HOLE, WHOLE):
    shared.flags.writeable = False  # cases with copy=False write to copies
DAY = np.datetime64("2020-01-02")


def same(make: Callable[[], Any], means: Any = PLAIN) -> Odd:
    """Return another form of the plain data, or of what it means."""
    return Odd(lambda rng: make(), TAKEN, means)


FORMS = {
    "as it is": same(lambda: PLAIN.copy()),
    "list": same(lambda: PLAIN.tolist()),
    "tuples": same(lambda: tuple(map(tuple, PLAIN.tolist()))),
    "list of arrays": same(lambda: list(PLAIN.copy())),
    "Fortran order": same(lambda: np.asfortranarray(PLAIN)),
    "strided": same(lambda: np.repeat(np.repeat(PLAIN, 3, axis=0), 2, axis=1)[::3, ::2]),
    "negative strides": same(lambda: PLAIN[::-1, ::-1].copy()[::-1, ::-1]),
    "read-only": same(lambda: read_only(PLAIN)),
    "not aligned": same(lambda: unaligned(PLAIN)),
    "one row again and again": same(
        lambda: np.broadcast_to(PLAIN[0].copy(), PLAIN.shape), np.tile(PLAIN[0], (ROWS, 1))
    ),
    "a window over one row": same(
        lambda: as_strided(PLAIN.copy(), PLAIN.shape, (8, 8)),
        np.lib.stride_tricks.sliding_window_view(PLAIN.ravel(), COLUMNS)[:ROWS],
    ),
    "mapped file": same(lambda: mapped("r")),
    "mapped file, copied on write": same(lambda: mapped("c")),
    "subclass": same(lambda: PLAIN.copy().view(Sub)),
    "other byte order": same(lambda: PLAIN.astype(PLAIN.dtype.newbyteorder())),
    "longdouble": same(lambda: PLAIN.astype(np.longdouble)),
    "float objects": same(lambda: PLAIN.astype(object)),
    "fractions": same(lambda: np.array([[Fraction(v) for v in r] for r in PLAIN.tolist()])),
    "decimals": same(lambda: np.array([[Decimal(v) for v in r] for r in PLAIN.tolist()])),
    "integers": same(lambda: WHOLE.astype(np.int8), WHOLE),
    "booleans": same(lambda: PLAIN > 3, (PLAIN > 3).astype(float)),
    "largest uint64": same(
        lambda: np.full(PLAIN.shape, 2**64 - 1, np.uint64), np.full_like(PLAIN, 2.0**64)
    ),
    "least int64": same(lambda: np.full(PLAIN.shape, -(2**63)), np.full_like(PLAIN, -(2.0**63))),
    "buffer": same(lambda: memoryview(PLAIN.copy())),
    "by __array__": same(lambda: Converts(PLAIN.copy())),
    "by __array__, with a shape": same(lambda: Converts(PLAIN.copy(), shape=PLAIN.shape)),
    "frame": same(lambda: FRAME.copy()),
    "frame of objects": same(lambda: FRAME.astype(object)),
    "frame of Float64": same(lambda: pd.DataFrame(HOLES, columns=NAMES, dtype="Float64"), HOLE),
    "frame of Int64": same(lambda: pd.DataFrame(WHOLE, columns=NAMES).astype("Int64"), WHOLE),
    "frame of booleans": same(
        lambda: pd.DataFrame(PLAIN > 3, columns=NAMES), (PLAIN > 3).astype(float)
    ),
    "frame with None": same(lambda: pd.DataFrame(HOLES, columns=NAMES, dtype=object), HOLE),
    "frame with pd.NA": same(
        lambda: pd.DataFrame(HOLES, columns=NAMES, dtype=object).replace({None: pd.NA}), HOLE
    ),
    "frame of pyarrow": same(lambda: FRAME.convert_dtypes(dtype_backend="pyarrow")),
    "frame with an odd index": same(lambda: FRAME.set_axis([0, 0, "a", None, 2.5, ()], axis=0)),
    "frame of polars": same(lambda: pl.DataFrame(PLAIN, schema=NAMES)),
    "frame of polars with nulls": same(
        lambda: pl.DataFrame(HOLES, schema=NAMES, orient="row"), HOLE
    ),
    "NaN": same(lambda: HOLE.copy(), HOLE),
    "nothing but NaN": same(lambda: np.full_like(PLAIN, np.nan), np.full_like(PLAIN, np.nan)),
    "masked": same(lambda: np.ma.masked_array(PLAIN.copy(), PLAIN > 4.0), MASKED),
    "masked all": same(lambda: np.ma.masked_all((ROWS, COLUMNS)), np.full_like(PLAIN, np.nan)),
    "masked integers": same(
        lambda: np.ma.masked_array(WHOLE.astype(int), PLAIN > 4.0),
        np.where(PLAIN > 4, np.nan, WHOLE),
    ),
    "smallest": same(lambda: np.full_like(PLAIN, 5e-324), np.full_like(PLAIN, 5e-324)),
    "objects with None": same(lambda: np.array(HOLES, dtype=object), HOLE),
}
"""Other forms of data that mean an array of floats, with which all must come to the same."""

SPARSE = {
    f"{kind} {name}": Odd(lambda rng, make=make: make(PLAIN), None, PLAIN)
    for kind, forms in (
        ("matrix", ("csr", "csc", "coo", "bsr", "lil", "dok", "dia")),
        ("array", ("csr", "csc", "coo", "bsr", "lil", "dok", "dia")),
    )
    for name in forms
    for make in [getattr(sparse, f"{name}_{kind}")]
} | {
    "csr with duplicates": Odd(csr_with_duplicates),
    "csr with NaN": Odd(csr_with(1.0, np.nan, 2.0)),
    "csr with stored zeros": Odd(csr_with(1.0, 0.0, -0.0)),
    "csr with infinity": Odd(csr_with(1.0, np.inf), REFUSED),
    "csr of integers": Odd(lambda rng: sparse.csr_array(WHOLE.astype(int)), None, WHOLE),
    "csr of booleans": Odd(lambda rng: sparse.csr_array(PLAIN > 3), None, (PLAIN > 3) * 1.0),
    "csr of complex": Odd(lambda rng: sparse.csr_array(PLAIN * 1j), REFUSED),
    "csr of float32": Odd(lambda rng: sparse.csr_array(PLAIN.astype(np.float32))),
    "csr with long indices": Odd(
        lambda rng: sparse.csr_array(
            (np.ones(1), np.zeros(1, np.int64), np.minimum(np.arange(ROWS + 1), 1)), PLAIN.shape
        )
    ),
    "csr of nothing": Odd(lambda rng: sparse.csr_array(PLAIN.shape), None, np.zeros_like(PLAIN)),
    "csr without rows": Odd(lambda rng: sparse.csr_array((0, COLUMNS))),
    "csr without columns": Odd(lambda rng: sparse.csr_array((ROWS, 0)), REFUSED),
    "csc of another width": Odd(lambda rng: sparse.csc_array((ROWS, 7)), NEW),
    "csr of a huge width": Odd(lambda rng: sparse.csr_array((ROWS, HUGE)), REFUSED, huge=True),
    "csr of fewer data": Odd(shortened, REFUSED),
    "csr beyond the columns": broken(sparse.csr_array, "indices", 3, 10**8),
    "csr before the columns": broken(sparse.csr_array, "indices", 3, -7),
    "csr beyond the data": broken(sparse.csr_array, "indptr", -1, 10**6),
    "csr of falling starts": broken(sparse.csr_array, "indptr", 2, 10**6),
    "csr that starts late": broken(sparse.csr_array, "indptr", 0, 3),
    "csc beyond the rows": broken(sparse.csc_array, "indices", 3, 10**8),
    "csc of falling starts": broken(sparse.csc_matrix, "indptr", 2, -1),
    "vector in coo": Odd(lambda rng: sparse.coo_array(PLAIN[0])),  # a row, before SciPy 1.13
    "frame of sparse columns": Odd(
        lambda rng: FRAME.astype(pd.SparseDtype("float", 0.0)), None, PLAIN
    ),
}

REFUSED_DATA = {
    "None": of(None),
    "a string": of("table"),
    "bytes": of(b"table"),
    "a number": of(3.0),
    "a huge integer": of(10**400),
    "NaN alone": of(np.nan),
    "Ellipsis": of(...),
    "a slice": of(slice(3)),
    "a class": of(dict),
    "a class of ours": of(sklearn_norm.ZScoreScaler),
    "a function": of(len),
    "a module": of(types),
    "a generator": Odd(lambda rng: (row for row in PLAIN.tolist())),
    "an iterator": Odd(lambda rng: iter(PLAIN.tolist())),
    "a map": Odd(lambda rng: map(list, PLAIN.tolist())),
    "a range": of(range(4)),
    "a dict": Odd(lambda rng: FRAME.to_dict("list")),
    "dicts": Odd(lambda rng: FRAME.to_dict("records")),
    "a set": of({1.0, 2.0}),
    "an estimator": Odd(lambda rng: sklearn_norm.ZScoreScaler()),
    "a fitted estimator": Odd(lambda rng: sklearn_norm.ZScoreScaler().fit(PLAIN)),
    "an array.array": Odd(lambda rng: array.array("d", PLAIN[0])),
    "ragged": of([[1.0, 2.0], [3.0]]),
    "ragged deeper": of([[1.0, [2.0, 3.0]], [3.0, 4.0]]),
    "ragged array": Odd(lambda rng: np.array([[1.0], [2.0, 3.0]], dtype=object)),
    "an empty list": of([]),
    "an empty list of lists": of([[]]),
    "lists of None": of([[None] * COLUMNS] * ROWS, None),
    "0-d": Odd(lambda rng: np.array(3.0)),
    "1-d": Odd(lambda rng: PLAIN[0].copy()),
    "1-d without members": Odd(lambda rng: np.empty(0)),
    "Series": Odd(lambda rng: FRAME["a"].copy()),
    "Series of polars": Odd(lambda rng: pl.Series("a", PLAIN[:, 0])),
    "Index": Odd(lambda rng: pd.Index([1.0, 2.0])),
    "np.matrix": Odd(lambda rng: PLAIN.copy().view(np.matrix)),
    "no columns": Odd(lambda rng: np.empty((ROWS, 0))),
    "neither rows nor columns": Odd(lambda rng: np.empty((0, 0))),
    "frame without columns": Odd(lambda rng: FRAME[[]]),
    "frame of polars without columns": Odd(lambda rng: pl.DataFrame()),
    "complex": Odd(lambda rng: PLAIN * (1 + 1j)),
    "complex frame": Odd(lambda rng: FRAME * 1j),
    "complex objects": Odd(with_cell(1j)),
    "structured": Odd(lambda rng: np.zeros(PLAIN.shape, dtype=[("a", "f8"), ("b", "i4")])),
    "void": Odd(lambda rng: np.zeros(PLAIN.shape, dtype="V8")),
    "words": Odd(lambda rng: np.full(PLAIN.shape, "word")),
    "bytes in cells": Odd(lambda rng: np.full(PLAIN.shape, b"word")),
    "a word": Odd(with_cell("word")),
    "a dict in a cell": Odd(with_cell({})),
    "a list in a cell": Odd(with_cell([1.0, 2.0])),
    "an object in a cell": Odd(with_cell(object())),
    "a huge integer in a cell": Odd(with_cell(10**400)),
    "a huge integer in a list": of([[10**400] * COLUMNS] * ROWS),
    "a huge integer in a frame": Odd(lambda rng: FRAME.astype(object).assign(b=10**400)),
    "infinity": Odd(with_cell(np.inf, np.float64)),
    "minus infinity": Odd(with_cell(-np.inf, np.float64)),
    "infinity in float32": Odd(with_cell(np.inf, np.float32)),
    "infinity in float16": Odd(with_cell(np.inf, np.float16)),
    "infinity in a frame": Odd(with_column(np.inf)),
    "infinity in a list": of([[np.inf] * COLUMNS] * ROWS),
    "infinity as an object": Odd(with_cell(np.inf)),
    "infinity in polars": Odd(
        lambda rng: pl.DataFrame(with_cell(np.inf, float)(rng), schema=NAMES)
    ),
    "words in a frame": Odd(with_column("word")),
    "one word in a frame": Odd(with_column([1.0, "x", 2.0, 3.0, 4.0, 5.0])),
    "categories": Odd(with_column(pd.Categorical(list("uvwuvw")))),
    "words in polars": Odd(lambda rng: pl.DataFrame({"a": ["u"] * 6, "b": [1.0] * 6})),
    "missing times": Odd(with_column(pd.to_datetime([None] + ["2020-01-02"] * 5))),
    "missing spans": Odd(with_column(pd.to_timedelta([None] + ["1s"] * 5))),
    "missing times in polars": Odd(
        lambda rng: pl.DataFrame({n: [None, *[datetime.date(2020, 1, 2)] * 5] for n in NAMES})
    ),
    "names of two types": Odd(lambda rng: FRAME.set_axis(["a", 1, "c", 2], axis=1)),
    "an own error": Odd(lambda rng: Converts(OwnError("these data cannot be read"))),
    "an own error, with a shape": Odd(
        lambda rng: Converts(OwnError("these data cannot be read"), shape=PLAIN.shape)
    ),
    "converts to no array": Odd(lambda rng: Converts([1.0])),
}
"""What is no table of finite numbers."""

UNSURE_DATA = {
    "no rows": Odd(lambda rng: np.empty((0, COLUMNS))),
    "frame without rows": Odd(lambda rng: FRAME[:0]),
    "frame of polars without rows": Odd(lambda rng: pl.DataFrame(FRAME[:0])),
    "one row": Odd(lambda rng: PLAIN[:1].copy()),
    "one cell": Odd(lambda rng: PLAIN[:1, :1].copy(), None),
    "one column": Odd(lambda rng: PLAIN[:, :1].copy(), None),
    "3-d": Odd(lambda rng: TENSOR.copy()),
    "3-d of another shape": Odd(lambda rng: np.ones((ROWS, 3, 2))),
    "3-d without members": Odd(lambda rng: np.ones((ROWS, COLUMNS, 0))),
    "3-d without samples": Odd(lambda rng: np.ones((0, COLUMNS, 2))),
    "3-d of infinity": Odd(lambda rng: np.full(TENSOR.shape, np.inf), REFUSED),
    "3-d of words": Odd(lambda rng: np.full(TENSOR.shape, "word"), REFUSED),
    "5-d": Odd(lambda rng: np.ones((2, 4, 3, 2, 1))),
    "32-d": Odd(lambda rng: np.ones((1,) * 32)),
    "times": Odd(lambda rng: np.full(PLAIN.shape, DAY)),
    "spans": Odd(lambda rng: np.full(PLAIN.shape, DAY - DAY)),
    "not a time": Odd(lambda rng: np.full(PLAIN.shape, np.datetime64("NaT"))),
    "times in a frame": Odd(with_column(pd.Timestamp("2020-01-02"))),
    "times in polars": Odd(
        lambda rng: pl.DataFrame({n: [datetime.date(2020, 1, 2)] * 6 for n in NAMES})
    ),
    "durations in polars": Odd(
        lambda rng: pl.DataFrame({n: [datetime.timedelta(1)] * 6 for n in NAMES})
    ),
    "decimals in polars": Odd(lambda rng: pl.DataFrame({n: [Decimal("1.5")] * 6 for n in NAMES})),
    "categories in polars": Odd(
        lambda rng: pl.DataFrame(
            {n: pl.Series(["1", "2"] * 3, dtype=pl.Categorical) for n in NAMES}
        )
    ),
    "objects in polars": Odd(
        lambda rng: pl.DataFrame({n: pl.Series([object()] * 6, dtype=pl.Object) for n in NAMES})
    ),
    "lists in polars": Odd(lambda rng: pl.DataFrame({n: [[1.0]] * 6 for n in NAMES})),
    "structs in polars": Odd(lambda rng: pl.DataFrame({n: [{"u": 1.0}] * 6 for n in NAMES})),
    "lazy frame": Odd(lambda rng: pl.LazyFrame(FRAME)),
    "numbers as words": Odd(lambda rng: PLAIN.astype(str)),
    "numbers as words in a frame": Odd(lambda rng: FRAME.astype(str)),
    "numbers as categories": Odd(lambda rng: FRAME.round().astype("category")),
    "largest": Odd(lambda rng: PLAIN / np.abs(PLAIN) * 1.7e308),
    "beyond the largest": Odd(lambda rng: np.full(PLAIN.shape, 2.0) * np.longdouble("1e4000")),
    "float16": Odd(lambda rng: PLAIN.astype(np.float16)),
    "float32": Odd(lambda rng: PLAIN.astype(np.float32)),
    "NaN of another kind": Odd(
        lambda rng: np.full(PLAIN.shape, 0x7FF0000000000001).view(np.float64)
    ),
    "NaN of another kind in float32": Odd(
        lambda rng: np.full(PLAIN.shape, 0x7F800001, np.int32).view(np.float32)
    ),
    "huge integers": of([[10**30] * COLUMNS] * ROWS),
    "other names": Odd(lambda rng: FRAME.set_axis(list("wxyz"), axis=1)),
    "another order": Odd(lambda rng: FRAME[NAMES[::-1]]),
    "some columns": Odd(lambda rng: FRAME[["b", "d"]]),
    "a column more": Odd(lambda rng: FRAME.assign(e=1.0)),
    "names twice": Odd(lambda rng: FRAME.set_axis(list("abca"), axis=1)),
    "names twice, of objects": Odd(lambda rng: FRAME.set_axis(list("abca"), axis=1).astype(object)),
    "times under names twice": Odd(
        lambda rng: pd.DataFrame(np.full(PLAIN.shape, DAY)).set_axis(list("abca"), axis=1)
    ),
    "numbers for names": Odd(lambda rng: FRAME.set_axis([0, 1, 2, 3], axis=1)),
    "None for a name": Odd(lambda rng: FRAME.set_axis(["a", "b", "c", None], axis=1)),
    "tuples for names": Odd(lambda rng: FRAME.set_axis([(), (1,), (2,), (3,)], axis=1)),
    "names in levels": Odd(
        lambda rng: FRAME.set_axis(pd.MultiIndex.from_product([["u", "v"], [0, 1]]), axis=1)
    ),
    "times for names": Odd(lambda rng: FRAME.set_axis(pd.date_range("2020", periods=4), axis=1)),
    "polars of another order": Odd(lambda rng: pl.DataFrame(FRAME[NAMES[::-1]])),
    "polars of other names": Odd(lambda rng: pl.DataFrame(PLAIN)),
    "a shape that lies": Odd(lambda rng: Converts(PLAIN.copy()[:3], shape=(ROWS, 9))),
    "a shape of more axes": Odd(lambda rng: Converts(PLAIN.copy(), shape=TENSOR.shape)),
    "a shape of fewer axes": Odd(lambda rng: Converts(TENSOR, shape=PLAIN.shape)),
    "a shape that is none": Odd(lambda rng: Converts(PLAIN.copy(), shape="wide")),
    "a shape of words": Odd(lambda rng: Converts(PLAIN.copy(), shape=("a", "b"))),
    "a shape of None": Odd(lambda rng: Converts(PLAIN.copy(), shape=None)),
    "a shape of no rows": Odd(lambda rng: Converts(PLAIN.copy(), shape=(0, COLUMNS))),
    "a dtype that lies": Odd(lambda rng: Converts(PLAIN.copy(), dtype=np.dtype("c16"))),
    "columns without a frame": Odd(lambda rng: Converts(PLAIN.copy(), columns=NAMES)),
    "another width": Odd(lambda rng: np.ones((ROWS, 7)), NEW),
    "another width of words": Odd(lambda rng: np.full((ROWS, 7), "word"), REFUSED),
    "wide": Odd(lambda rng: np.ones((1, 1000)), NEW),
    "a huge width": Odd(lambda rng: np.broadcast_to(1.0, (1, HUGE)), REFUSED, huge=True),
    "a huge height": Odd(lambda rng: np.broadcast_to(1.0, (HUGE, 7)), REFUSED, huge=True),
    "huge in 3-d": Odd(lambda rng: np.broadcast_to(1.0, (HUGE, 100, 100)), REFUSED, huge=True),
    "wide by a million": Odd(lambda rng: np.broadcast_to(1.0, (1, 10**6)), REFUSED, huge=True),
}

DATA: dict[str, Odd] = (
    FORMS
    | SPARSE
    | {name: odd._replace(becomes=REFUSED) for name, odd in REFUSED_DATA.items()}
    | UNSURE_DATA
)
DATA["lists of None"] = DATA["lists of None"]._replace(becomes=None)

WEIGHTS = {
    "ones": Odd(lambda rng: np.ones(ROWS), TAKEN),
    "integers": Odd(lambda rng: [1, 2, 3, 0, 1, 1], TAKEN),
    "booleans": Odd(lambda rng: np.arange(ROWS) > 1, TAKEN),
    "uint64": Odd(lambda rng: np.full(ROWS, 2**64 - 1, np.uint64), TAKEN),
    "other byte order": Odd(lambda rng: np.arange(6).astype(">f8"), TAKEN),
    "Series": Odd(lambda rng: pd.Series(np.arange(6.0), index=list("uvwxyz")), TAKEN),
    "Series of polars": Odd(lambda rng: pl.Series(np.arange(6.0)), TAKEN),
    "read-only": Odd(lambda rng: read_only(np.arange(6.0)), TAKEN),
    "not aligned": Odd(lambda rng: unaligned(np.arange(6.0)), TAKEN),
    "one again and again": Odd(lambda rng: np.broadcast_to(2.0, ROWS), TAKEN),
    "a number": of(2.0, TAKEN),
    "True": of(True),
    "fraction": of(Fraction(1, 3)),
    "decimal": of(Decimal("0.5")),
    "0-d": Odd(lambda rng: np.array(2.0)),
    "zero": of(0.0, REFUSED),
    "zeros": Odd(lambda rng: np.zeros(ROWS), REFUSED),
    "minus one": of(-1, REFUSED),
    "negative": Odd(lambda rng: np.array([1.0, 1, 1, -1, 1, 1]), REFUSED),
    "NaN": of(np.nan, REFUSED),
    "some NaN": Odd(lambda rng: np.array([1.0, 1, 1, np.nan, 1, 1]), REFUSED),
    "infinity": of(np.inf, REFUSED),
    "some infinite": Odd(lambda rng: np.array([1.0, 1, 1, np.inf, 1, 1]), REFUSED),
    "extreme": Odd(lambda rng: np.array([1.0, 1, 1, 1e300, 1, 1]), REFUSED),
    "masked": Odd(lambda rng: np.ma.masked_array(np.ones(ROWS), np.arange(ROWS) == 2), REFUSED),
    "a huge integer": of(10**400, REFUSED),
    "huge integers": of([10**400] * ROWS, REFUSED),
    "too few": Odd(lambda rng: np.ones(ROWS - 1), REFUSED),
    "too many": Odd(lambda rng: np.ones(ROWS + 1), REFUSED),
    "none": of([], REFUSED),
    "2-d": Odd(lambda rng: np.ones((ROWS, 1)), REFUSED),
    "a row": Odd(lambda rng: np.ones((1, ROWS)), REFUSED),
    "a frame": Odd(lambda rng: FRAME.copy(), REFUSED),
    "sparse": Odd(lambda rng: sparse.coo_array(np.ones(ROWS)), REFUSED),
    "a word": of("word", REFUSED),
    "words": of(["word"] * ROWS, REFUSED),
    "numbers as words": of(["1"] * ROWS),
    "Nones": of([None] * ROWS, REFUSED),
    "pd.NA": Odd(lambda rng: pd.Series([1, 2, 3, 4, 5, None], dtype="Float64"), REFUSED),
    "nulls of polars": Odd(lambda rng: pl.Series([1.0, 2, 3, 4, 5, None]), REFUSED),
    "complex": Odd(lambda rng: np.ones(ROWS) * 1j, REFUSED),
    "a complex number": of(1j, REFUSED),
    "times": Odd(lambda rng: np.full(ROWS, DAY), REFUSED),
    "spans": Odd(lambda rng: np.full(ROWS, DAY - DAY), REFUSED),
    "structured": Odd(lambda rng: np.zeros(ROWS, dtype=[("a", "f8")]), REFUSED),
    "ragged": of([[1.0], [1.0, 2.0], 1.0, 1.0, 1.0, 1.0], REFUSED),
    "a generator": Odd(lambda rng: (1.0 for _ in range(ROWS)), REFUSED),
    "a dict": of(dict.fromkeys(range(ROWS), 1.0), REFUSED),
    "a set": of({1.0, 2.0}, REFUSED),
    "an object": of(object(), REFUSED),
    "an own error": Odd(lambda rng: Converts(OwnError("these weights cannot be read")), REFUSED),
    "huge": Odd(lambda rng: np.broadcast_to(1.0, HUGE), REFUSED),
    "huge of bytes": Odd(lambda rng: np.broadcast_to(np.int8(1), HUGE), REFUSED),
}

MASKS = {
    "all": of(True, TAKEN),
    "none": of(False, TAKEN),
    "some": Odd(lambda rng: rng.random((ROWS, COLUMNS, 1)) < 0.7),
    "a row": Odd(lambda rng: np.arange(COLUMNS) > 1),
    "lists": Odd(lambda rng: (PLAIN > 3).tolist()),
    "frame": Odd(lambda rng: FRAME > 3),
    "frame of other names": Odd(lambda rng: (FRAME > 3).set_axis(list("wxyz"), axis=1)),
    "masked": Odd(lambda rng: np.ma.masked_array(PLAIN > 3, PLAIN > 4)),
    "polars": Odd(lambda rng: pl.DataFrame(FRAME > 3)),
    "polars with nulls": Odd(
        lambda rng: pl.DataFrame({n: [True, None] * 3 for n in NAMES}), REFUSED
    ),
    "pd.NA": Odd(
        lambda rng: pd.DataFrame({n: [True, None] * 3 for n in NAMES}, dtype="boolean"), REFUSED
    ),
    "sparse": Odd(lambda rng: sparse.csr_array(PLAIN > 3), REFUSED),
    "another shape": Odd(lambda rng: np.ones((3, 2), dtype=bool), REFUSED),
    "more axes": Odd(lambda rng: np.ones((1, 1, 1, *PLAIN.shape), dtype=bool), REFUSED),
    "no members": of([], REFUSED),
    "integers": Odd(lambda rng: (PLAIN > 3).astype(int), REFUSED),
    "floats": Odd(lambda rng: PLAIN.copy(), REFUSED),
    "objects": Odd(lambda rng: (PLAIN > 3).astype(object), REFUSED),
    "words": of([["True"] * COLUMNS] * ROWS, REFUSED),
    "a word": of("all", REFUSED),
    "ragged": of([[True], [True, False]], REFUSED),
    "a dict": of({}, REFUSED),
    "a number": of(1, REFUSED),
    "an object": of(object(), REFUSED),
    "a generator": Odd(lambda rng: (True for _ in range(ROWS)), REFUSED),
    "an own error": Odd(lambda rng: Converts(OwnError("this mask cannot be read")), REFUSED),
    "huge": Odd(lambda rng: np.broadcast_to(True, (HUGE, COLUMNS)), REFUSED),
    "huge of bytes": Odd(lambda rng: np.broadcast_to(np.int8(1), (HUGE, COLUMNS)), REFUSED),
}

STATS = {
    "none": of(None, REFUSED),
    "of one sample": Odd(lambda rng: np.ones((1, 1, 2)), REFUSED),
    "2-d": Odd(lambda rng: np.ones((ROWS, 2)), REFUSED),
    "three numbers": Odd(lambda rng: np.ones((ROWS, 1, 3)), REFUSED),
    "a number": of(1.0, REFUSED),
    "words": of([[["a", "b"]]] * ROWS, REFUSED),
    "a word": of("word", REFUSED),
    "ragged": of([[[1.0, 2.0]], [[1.0]]], REFUSED),
    "a huge integer": of([[[10**400, 1]]] * ROWS, REFUSED),
    "an object": of(object(), REFUSED),
    "a dict": of({}, REFUSED),
    "complex": Odd(lambda rng: np.ones((ROWS, 1, 2)) * 1j, REFUSED),
    "frame": Odd(lambda rng: FRAME.copy(), REFUSED),
    "sparse": Odd(lambda rng: sparse.csr_array(PLAIN), REFUSED),
    "times": Odd(lambda rng: np.full((ROWS, 1, 2), DAY), REFUSED),
    "infinite": Odd(lambda rng: np.full((ROWS, 1, 2), np.inf)),
    "NaN": Odd(lambda rng: np.full((ROWS, 1, 2), np.nan)),
    "negative": Odd(lambda rng: np.full((ROWS, 1, 2), -1.0)),
    "zeros": Odd(lambda rng: np.zeros((ROWS, 1, 2))),
    "an own error": Odd(lambda rng: Converts(OwnError("these cannot be read")), REFUSED),
    "huge": Odd(lambda rng: np.broadcast_to(1.0, (HUGE, 1, 2)), REFUSED),
    "huge of bytes": Odd(lambda rng: np.broadcast_to(np.int8(1), (HUGE, 1, 2)), REFUSED),
}

COLUMN_CHOICES = {
    "all": of([0, 1, 2, 3]),
    "names": of(NAMES),
    "one name": of("a"),
    "one index": of(1),
    "one twice": of([1, 1], REFUSED),
    "another order": of([3, 2, 1, 0], REFUSED),
    "index from the end": of([-1]),
    "too large an index": of([4], REFUSED),
    "too small an index": of([-5], REFUSED),
    "a huge index": of([10**400], REFUSED),
    "floats": of([0.0, 1.0, 2.0, 3.0], REFUSED),
    "NaN": of([np.nan], REFUSED),
    "booleans": of([True, False, True, True], REFUSED),
    "a mask": Odd(lambda rng: np.ones(COLUMNS, dtype=bool), REFUSED),
    "other names": of(["u", "v"], REFUSED),
    "bytes": of([b"a"], REFUSED),
    "nothing": of([]),
    "Nones": of([None], REFUSED),
    "a slice": of(slice(None), REFUSED),
    "a range": of(range(4)),
    "a set": of({0, 1, 2, 3}, REFUSED),
    "a dict": of({"a": 1}, REFUSED),
    "a generator": Odd(lambda rng: iter([0, 1, 2, 3]), REFUSED),
    "2-d": of([[0, 1], [2, 3]], REFUSED),
    "ragged": of([[0], [1, 2]], REFUSED),
    "unhashable": of([[]], REFUSED),
    "a type": of(float, REFUSED),
    "a frame": Odd(lambda rng: FRAME.copy(), REFUSED),
    "an index of pandas": Odd(lambda rng: FRAME.columns),
    "times": Odd(lambda rng: [DAY], REFUSED),
    "an own error": Odd(lambda rng: Converts(OwnError("these cannot be read")), REFUSED),
    "huge": Odd(lambda rng: np.broadcast_to(0, HUGE), REFUSED),
}

ANYTHING = {
    "None": of(None),
    "True": of(True),
    "False": of(False),
    "zero": of(0),
    "one": of(1),
    "two": of(2),
    "minus one": of(-1),
    "a million": of(10**6),
    "a huge integer": of(10**400),
    "minus a huge integer": of(-(10**400)),
    "half": of(0.5),
    "minus a half": of(-0.5),
    "tiny": of(5e-324),
    "largest": of(1.7e308),
    "NaN": of(np.nan),
    "infinity": of(np.inf),
    "minus infinity": of(-np.inf),
    "complex": of(1j),
    "fraction": of(Fraction(1, 3)),
    "decimal": of(Decimal("0.5")),
    "int8": of(np.int8(2)),
    "float16": of(np.float16(0.5)),
    "bool of NumPy": of(np.True_),
    "0-d": Odd(lambda rng: np.array(0.5)),
    "a word": of("word"),
    "a known word": of("within"),
    "an empty word": of(""),
    "bytes": of(b"within"),
    "an empty tuple": of(()),
    "one in a tuple": of((1,)),
    "rising": of((0.25, 0.75)),
    "falling": of((3, 1)),
    "equal": of((1.0, 1.0)),
    "three": of((1, 2, 3)),
    "negative sizes": of((-1, 4)),
    "NaN in a tuple": of((np.nan, 1.0)),
    "infinity in a tuple": of((-np.inf, np.inf)),
    "a huge integer in a tuple": of((0, 10**400)),
    "huge sizes": of((HUGE, HUGE)),
    "words in a tuple": of(("a", "b")),
    "None in a tuple": of((None, 1)),
    "complex in a tuple": of((0, 1j)),
    "lists in a tuple": of(([0] * COLUMNS, [1] * COLUMNS)),
    "lists of unequal lengths in a tuple": of(([0, 1], [1] * COLUMNS)),
    "ragged": of([[1], [2, 3]]),
    "an iterator in a tuple": Odd(lambda rng: (0, iter([1]))),
    "a list": of([1.0, 2.0, 3.0, 4.0]),
    "a list with 0": of([1.0, 0.0, 3.0, 4.0]),
    "a short list": of([1.0, 2.0]),
    "an empty list": of([]),
    "words in a list": of(["u"] * COLUMNS),
    "an array": Odd(lambda rng: np.arange(1.0, 5.0)),
    "an array of NaN": Odd(lambda rng: np.full(COLUMNS, np.nan)),
    "an array of infinity": Odd(lambda rng: np.full(COLUMNS, np.inf)),
    "an array of complex": Odd(lambda rng: np.ones(COLUMNS) * 1j),
    "an array of objects": Odd(lambda rng: np.array([None] * COLUMNS)),
    "an array of huge integers": Odd(lambda rng: np.array([10**400] * COLUMNS)),
    "an array of times": Odd(lambda rng: np.full(COLUMNS, DAY)),
    "a masked array": Odd(lambda rng: np.ma.masked_array(np.ones(COLUMNS), [1, 0, 0, 0])),
    "a matrix": Odd(lambda rng: PLAIN.copy()),
    "structured": Odd(lambda rng: np.zeros(COLUMNS, dtype=[("a", "f8")])),
    "a frame": Odd(lambda rng: FRAME.copy()),
    "Series": Odd(lambda rng: FRAME.iloc[0]),
    "sparse": Odd(lambda rng: sparse.csr_array(PLAIN)),
    "a dict": of({}),
    "a dict of names": of({"a": (0, 1)}),
    "a dict of indices": of({0: (0, 1), -1: (2.0, 3.0)}),
    "a dict of one twice": of({0: (0, 1), "a": (2, 3), -4: (4, 5)}),
    "a dict of other names": of({"u": (0, 1)}),
    "a dict of falling pairs": of({0: (1, 0)}),
    "a dict of no pairs": of({0: 1, "b": "word"}),
    "a dict of huge integers": of({0: (0, 10**400), 10**400: (0, 1)}),
    "a set": of({1, 2}),
    "a range": of(range(4)),
    "an iterator": Odd(lambda rng: iter([1.0, 2.0])),
    "a class": of(dict),
    "a function": of(len),
    "an object": of(object()),
    "no truth": Odd(lambda rng: NoTruth()),
    "an estimator": Odd(lambda rng: sklearn_norm.ZScoreScaler()),
    "an own error": Odd(lambda rng: Converts(OwnError("this cannot be read"))),
    "huge": Odd(lambda rng: np.broadcast_to(1.0, HUGE)),
    "huge of bytes": Odd(lambda rng: np.broadcast_to(np.int8(1), HUGE)),
}
"""Of any type: for parameters of estimators, for flags, and for what is said to be ignored."""

OTHERS = ANYTHING | {
    "another class": Odd(lambda rng: sklearn_norm.MinMaxScaler().fit(PLAIN)),
    "unfitted": Odd(lambda rng: sklearn_norm.ZScoreScaler()),
    "another width": Odd(lambda rng: sklearn_norm.ZScoreScaler().fit(PLAIN[:, :2])),
    "other names": Odd(lambda rng: sklearn_norm.ZScoreScaler().fit(FRAME)),
    "other parameters": Odd(lambda rng: sklearn_norm.ZScoreScaler(ddof=1).fit(PLAIN)),
    "of another shape": Odd(lambda rng: sklearn_norm.BatchNorm(momentum=None).fit(TENSOR)),
    "a robust one": Odd(lambda rng: sklearn_norm.RobustScaler(rank_error=0.1).fit(PLAIN)),
    "one of decimals": Odd(lambda rng: sklearn_norm.DecimalScaler().fit(PLAIN)),
}

THEIRS = OTHERS | {
    "unfitted": Odd(lambda rng: preprocessing.StandardScaler()),
    "a scaler": Odd(lambda rng: preprocessing.StandardScaler().fit(PLAIN)),
    "a scaler of streams": Odd(lambda rng: preprocessing.StandardScaler().partial_fit(PLAIN)),
    "a scaler without a mean": Odd(
        lambda rng: preprocessing.StandardScaler(with_mean=False).fit(PLAIN)
    ),
    "a scaler of a range": Odd(lambda rng: preprocessing.MinMaxScaler().fit(PLAIN)),
    "a robust scaler": Odd(lambda rng: preprocessing.RobustScaler().fit(PLAIN)),
    "a scaler of frames": Odd(lambda rng: preprocessing.MaxAbsScaler().fit(FRAME)),
    "a binarizer": Odd(lambda rng: preprocessing.Binarizer().fit(PLAIN)),
}

CONTAINERS = ANYTHING | {name: of(name) for name in ("pandas", "polars", "default")}

CALLS = {name: value for name, value in ANYTHING.items() if name != "a class"} | {
    "a sum": of(np.sum),
    "a longer one": of(lambda half: np.append(half, 1.0)),
    "a refusal": of(lambda half: raise_own()),
}

# scikit-learn's own check reads the huge ones
FEATURES = {name: value for name, value in COLUMN_CHOICES.items() if name != "huge"} | {
    "as many": of(list("wxyz")),
    "too few": of(["a"]),
}

KEYWORDS = {
    "unknown": of({"nonsense": 1}),
    "weights": Odd(lambda rng: {"sample_weight": np.ones(ROWS)}),
    "bad weights": Odd(lambda rng: {"sample_weight": -np.ones(ROWS)}),
    "a mask": Odd(lambda rng: {"mask": True}),
    "a bad mask": Odd(lambda rng: {"mask": "all"}),
    "nested": of({"copy__deep": 1}),
    "one known, one not": of({"copy": False, "nonsense": 1}),
    "one known, one not, of norms": of({"eps": 1.0, "nonsense": 1}),
    "copy": of({"copy": False}),
}

NAMES_GIVEN = FEATURES | {"empty names": of([""] * 4), "twice": of(list("abca"))}

# of statistics, which tell how many columns there are: so many are right, but for the memory
VECTORS = {name: value for name, value in ANYTHING.items() if not name.startswith("huge")}

STATISTICS = {
    **dict.fromkeys(("mean", "center", "running_mean"), (1.0, 2.0, 3.0, 4.0)),
    **dict.fromkeys(("var", "scale", "running_var"), (1.0, 4.0, 9.0, 0.0)),
    "data_min": [0.0, -1.0, 2.0, 3.0],
    "data_max": [1.0, 1.0, 2.0, 4.0],
    "max_abs": [1.0, 10.0, 0.0, 3.0],
    "n_samples": 6,
    "n_batches": 2,
}
"""A plain value of each statistic that an estimator can be built from."""

THEIR_KINDS = {
    "ZScoreScaler": preprocessing.StandardScaler,
    "MinMaxScaler": preprocessing.MinMaxScaler,
    "RobustScaler": preprocessing.RobustScaler,
    "DecimalScaler": preprocessing.MaxAbsScaler,
}
"""The estimator of scikit-learn that each of ours can be made from."""

PLACE = tempfile.TemporaryDirectory()  # of all files that cases write, until the process ends
FOLDER = Path(PLACE.name)
FITTED = [sklearn_norm.ZScoreScaler, sklearn_norm.RobustScaler, sklearn_norm.BatchNorm]


def filed(content: bytes) -> Callable[[np.random.Generator], Any]:
    """Return a maker of a file of that content."""

    def make(rng: np.random.Generator) -> Any:
        path = FOLDER / "given.json"
        path.write_bytes(content)
        return path

    return make


PATHS = {
    "None": of(None, REFUSED),
    "a float": of(1.5, REFUSED),
    "a list": of(["a"], REFUSED),
    "an object": of(object(), REFUSED),
    "an array": Odd(lambda rng: np.array(["a"]), REFUSED),
    "nothing": of("", REFUSED),
    "a folder": of(FOLDER, REFUSED),
    "in a folder that is not": of(FOLDER / "no" / "x.json", REFUSED),
    "in a file": Odd(lambda rng: filed(b"{}")(rng) / "x.json", REFUSED),
    "with a zero byte": of(f"{FOLDER}{os.sep}a\0b", REFUSED),
    "too long a name": of(FOLDER / ("x" * 5000), REFUSED),
    "bytes": of(os.fsencode(FOLDER / "bytes.json")),
    "an empty file": Odd(filed(b"")),
    "no UTF-8": Odd(filed(b"\xff\xfe{}")),
    "a list in a file": Odd(filed(b"[]")),
    "nothing known in a file": Odd(filed(b'{"a": 1}')),
    "deep in a file": Odd(filed(b"[" * 10**5)),
    "long digits in a file": Odd(filed(b"[" + b"9" * 10**5 + b"]")),
}

LEAVES = (None, True, -1, 1.5, math.nan, math.inf, "word", "", [], {}, [[]], 10**400, b"", object())


def changed(rng: np.random.Generator) -> Any:
    """Return what an estimator was saved as, with one value replaced, or left out."""
    kind = FITTED[rng.integers(len(FITTED))]
    document = kind().fit(PLAIN).to_dict()
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in inside:
            places.append((value, name))
            if isinstance(part, (dict, list)):
                walk(part)

    walk(document)
    holder, name = places[rng.integers(len(places))]
    holder[name] = LEAVES[rng.integers(len(LEAVES))]
    if rng.random() < 0.2:
        del holder[name]
    with contextlib.suppress(TypeError, AttributeError, ValueError):  # of what is no JSON
        return signed(document)  # so that the change itself is looked at
    return document


DOCUMENTS = ANYTHING | {f"changed {i}": Odd(changed) for i in range(60)}
NOTES = ANYTHING | {
    "a note": of({"position": 3}, TAKEN),
    "numbers for names": of({1: 2}),
    "an array in a note": Odd(lambda rng: {"a": np.ones(2)}),
    "an object in a note": of({"a": object()}),
    "a huge integer in a note": of({"a": 10**400}),
    "NaN in a note": of({"a": math.nan}),
    "half a character in a note": of({"a": "\udcff"}),
}
SAVED = THEIRS | {
    "a pipeline": Odd(lambda rng: make_pipeline(sklearn_norm.ZScoreScaler()).fit(PLAIN)),
    "a pipeline of theirs": Odd(lambda rng: make_pipeline(preprocessing.StandardScaler())),
    "a pipeline of itself": Odd(lambda rng: of_itself()),
    "an estimator of odd values": Odd(lambda rng: sklearn_norm.ZScoreScaler(ddof=object())),
}


def of_itself() -> Any:
    pipeline = make_pipeline(sklearn_norm.ZScoreScaler())
    pipeline.steps.append(("itself", pipeline))
    return pipeline
