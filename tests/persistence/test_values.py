"""Parameters and plain values come back from JSON with their types and their bits."""

from __future__ import annotations

import math

import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
from budget import times
from documents import (
    reloaded,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import sklearn_norm
from sklearn_norm.exceptions import FormatError
from sklearn_norm.persistence import text, values

PARAMETERS = [
    ("MinMaxScaler", "feature_range", (0, 1.5)),
    ("MinMaxScaler", "feature_range", (np.zeros(3), np.array([1.0, 2.0, 3.0]))),
    ("MinMaxScaler", "feature_range", (np.float32(-0.0), np.int8(3))),
    ("MinMaxScaler", "data_range", {"age": (0, 130), "größe": [0.0, 2.5]}),
    ("MinMaxScaler", "data_range", {0: (0, 1), np.int64(2): (-1, 2)}),
    ("MinMaxScaler", "data_range", {"dict": (0, 1)}),
    ("MinMaxScaler", "data_range", (0, 2**60)),
    ("MinMaxScaler", "data_range", (-math.inf, math.nan)),
    ("RobustScaler", "quantile_range", (25.0, 75)),
    ("RobustScaler", "rank_error", np.float64(0.01)),
    ("ZScoreScaler", "ddof", np.int64(1)),
    ("ZScoreScaler", "with_mean", np.True_),
    ("BatchStatsScaler", "gamma", [1, 2.0, True]),
    ("BatchStatsScaler", "gamma", np.array([1.0, 2.0, 3.0], dtype=np.float16)),
    ("BatchStatsScaler", "eps", 5e-324),
    ("BatchStatsScaler", "eps", -0.0),
    ("LayerNorm", "shape", (np.int32(3),)),
    ("LayerNorm", "gamma", np.arange(6.0).reshape(2, 3)[:, ::2]),
    ("InstanceNorm", "shape", [3, 2]),
]


@pytest.mark.parametrize(("name", "parameter", "value"), PARAMETERS)
def test_parameters_come_back_of_the_same_type(name, parameter, value):
    """Tuples as tuples, numbers of NumPy as such, keys of any type, to the bit."""
    twin = reloaded(getattr(sklearn_norm, name)(**{parameter: value}))
    assert laws.exactly(getattr(twin, parameter)) == laws.exactly(value)


def test_array_likes_come_back_as_arrays_and_lists():
    for given_, expected in (
        (pd.Series([1.0, 2.0]), np.array([1.0, 2.0])),
        (pl.Series([1, 2]), np.array([1, 2])),
        (range(2), [0, 1]),
        (np.array(3.0), np.float64(3.0)),
        (np.array(["2", "3"]), np.array(["2", "3"], dtype=object)),
    ):
        twin = reloaded(sklearn_norm.LayerNorm(gamma=given_))
        assert laws.exactly(twin.gamma) == laws.exactly(expected)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64) + 1, 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | arrays.arrays(
        st.sampled_from([np.dtype(d) for d in values.DTYPES]),
        arrays.array_shapes(min_dims=0, min_side=0),
    ),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text("tuplekeysicd", max_size=5), inner)
        | st.dictionaries(st.integers() | st.sampled_from(["tuple", (1, 2), None, 0.5]), inner)
    ),
    max_leaves=12,
)


@given(value=PLAIN)
@settings(max_examples=times(30, 300))
def test_any_plain_value_comes_back(value):
    """Through the text of strict JSON, of the same types and bits."""
    try:
        document = {"value": values.encoded(value, "value")}
    except FormatError as error:
        assert "more than 64 bits" in str(error)  # noqa: PT017
        return
    text.checksum(document)
    read = text.parsed(text.written(document))
    assert read == document
    expected = scalars_of_arrays(value)
    assert laws.exactly(values.decoded(read["value"], "value")) == laws.exactly(expected)


def scalars_of_arrays(value):
    """Return a value with what comes back of arrays: native order, numbers for no axes."""
    if isinstance(value, np.ndarray):
        return value.astype(value.dtype.newbyteorder("="))[()]
    if isinstance(value, (list, tuple)):
        return type(value)(map(scalars_of_arrays, value))
    if isinstance(value, dict):
        return {k: scalars_of_arrays(v) for k, v in value.items()}
    return math.nan if isinstance(value, float) and math.isnan(value) else value


def test_a_string_of_numpy_comes_back_as_a_string():
    twin = reloaded(sklearn_norm.BatchStatsScaler(variance=np.str_("within")))
    assert laws.exactly(twin.variance) == (str, "within")


def test_the_payload_of_nan_and_the_sign_of_zero_come_back_in_arrays():
    odd = np.array([0x7FF8000000000123, 0xFFF0000000000001, 1 << 63], dtype=np.uint64)
    norm = sklearn_norm.LayerNorm(gamma=odd.view(np.float64))
    assert reloaded(norm).gamma.view(np.uint64).tolist() == odd.tolist()
