"""Tables: in every form, and with something wrong in them."""

from __future__ import annotations

import array
import datetime
import io
import pathlib
import types
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from numpy.lib.stride_tricks import as_strided
from scipy import sparse

import sklearn_norm
from odd.makers import (
    COLUMNS,
    DAY,
    FRAME,
    HOLE,
    HOLES,
    HUGE,
    MASKED,
    NAMES,
    NEW,
    PLAIN,
    REFUSED,
    ROWS,
    TAKEN,
    TENSOR,
    WHOLE,
    Converts,
    Odd,
    OwnError,
    Sub,
    broken,
    csr_with,
    csr_with_duplicates,
    mapped,
    of,
    read_only,
    shortened,
    unaligned,
    with_cell,
    with_column,
)

ARROW = pa.table({name: PLAIN[:, at] for at, name in enumerate(NAMES)})
WIDE = 2**60 + WHOLE.astype(np.int64)


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
    "table of arrow": same(lambda: ARROW),
    "batch of arrow": same(lambda: ARROW.to_batches()[0]),
    "table of arrow with nulls": same(
        lambda: pa.table(dict(zip(NAMES, map(list, zip(*HOLES, strict=True)), strict=True))), HOLE
    ),
    "frame with places for labels": same(lambda: pd.DataFrame(PLAIN.copy())),
    "frame with an index of times": same(
        lambda: FRAME.set_axis(pd.date_range("2020", periods=ROWS), axis=0)
    ),
    "rows of several axes": same(lambda: PLAIN.reshape(2, 3, COLUMNS).copy()),
    "rows of several axes in a list": same(lambda: PLAIN.reshape(3, 2, COLUMNS).tolist()),
    "rows of several axes, strided": same(
        lambda: np.asfortranarray(PLAIN.reshape(2, 3, COLUMNS)).astype(object)
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
    "lazy frame": Odd(lambda rng: pl.LazyFrame(FRAME)),
    "times under names twice": Odd(
        lambda rng: pd.DataFrame(np.full(PLAIN.shape, DAY)).set_axis(list("abca"), axis=1)
    ),
    "spans in a frame": Odd(with_column(pd.Timedelta("1s"))),
    "a time as an object": Odd(with_cell(datetime.datetime(2020, 1, 2))),
    "a span as an object": Odd(with_cell(DAY - DAY)),
    "times with a zone": Odd(with_column(pd.Timestamp("2020-01-02", tz="Europe/Rome"))),
    "times in arrow": Odd(lambda rng: ARROW.append_column("t", pa.array([DAY.item()] * ROWS))),
    "missing times in arrow": Odd(
        lambda rng: ARROW.append_column("t", pa.nulls(ROWS, pa.timestamp("us")))
    ),
    "times of more axes": Odd(lambda rng: np.full(TENSOR.shape, DAY)),
    "a path": of(pathlib.Path("table.csv")),
    "a reader of arrow": Odd(lambda rng: ARROW.to_reader()),
    "a file object": Odd(lambda rng: io.StringIO("1,2,3,4")),
    "an iterator of batches": Odd(lambda rng: iter([PLAIN.copy(), PLAIN.copy()])),
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
    "wide integers": Odd(lambda rng: WIDE.copy()),
    "wide integers without a sign": Odd(lambda rng: WIDE.astype(np.uint64) * 8),
    "wide integers in a frame": Odd(lambda rng: FRAME.assign(b=WIDE[:, 0])),
    "wide integers with a missing one": Odd(
        lambda rng: FRAME.assign(b=pd.array([None, *WIDE[1:, 0]], dtype="Int64"))
    ),
    "wide integers in polars": Odd(lambda rng: pl.DataFrame(WIDE, schema=NAMES)),
    "wide integers in arrow": Odd(lambda rng: pa.table(dict(zip(NAMES, WIDE.T, strict=True)))),
    "wide integers as objects": Odd(lambda rng: WIDE.astype(object)),
    "wide integers in a list": Odd(lambda rng: WIDE.tolist()),
    "wide integers of more axes": Odd(lambda rng: WIDE.reshape(2, 3, COLUMNS).copy()),
    "narrow integers of 64 bits": Odd(lambda rng: (WIDE - 2**60).astype(np.int64)),
    "huge integers": of([[10**30] * COLUMNS] * ROWS),
    "other names": Odd(lambda rng: FRAME.set_axis(list("wxyz"), axis=1)),
    "another order": Odd(lambda rng: FRAME[NAMES[::-1]]),
    "some columns": Odd(lambda rng: FRAME[["b", "d"]]),
    "a column more": Odd(lambda rng: FRAME.assign(e=1.0)),
    "names twice": Odd(lambda rng: FRAME.set_axis(list("abca"), axis=1)),
    "names twice, of objects": Odd(lambda rng: FRAME.set_axis(list("abca"), axis=1).astype(object)),
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
