"""Missing values of frames: nulls of polars stay nulls, and NaN stay NaN."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from tensor_cases import KINDS

from sklearn_norm import BatchNorm

NAMES = list("abcd")
VALUES = np.array([[1.0, 2.0, 4.0, 8.0], [3.0, 5.0, 2.0, 1.0], [0.0, 1.0, 5.0, 2.0]])
FRAME = pl.DataFrame(VALUES, schema=NAMES).with_columns(
    a=pl.Series([1.0, None, 0.0]), c=pl.Series([4.0, 2.0, None]), d=pl.Series([8.0, np.nan, 2.0])
)
NULLS = [(1, "a"), (2, "c")]
INTEGERS = pl.DataFrame({"a": [1, None, 0], "b": [2, 5, 1], "c": [4, 2, None], "d": [8, 1, 2]})
FRAMES = {
    "float64": FRAME,
    "float32": FRAME.cast(pl.Float32),
    "int64": INTEGERS,
    "int8": INTEGERS.cast(pl.Int8),
    "booleans": INTEGERS.cast(pl.Boolean),
    "mixed": INTEGERS.with_columns(FRAME["d"], b=pl.Series([1.5, 2.5, 1.0], dtype=pl.Float32)),
    "a column of nulls": INTEGERS.with_columns(b=pl.Series([None] * 3, dtype=pl.Float64)),
}


def nulls(frame):
    """Return the places of nulls."""
    return [(i, n) for n in frame.columns for i in range(frame.height) if frame[n][i] is None]


def expected_nulls(frame):
    return NULLS + [(i, "b") for i in range(3) if frame["b"].null_count()]


@pytest.mark.parametrize("name", FRAMES)
@pytest.mark.parametrize("kind", [*KINDS, BatchNorm])
def test_11_8_nulls_stay_null_and_nan_stay_nan(kind, name):
    """In every method; the numbers are those of NaN in an array."""
    frame = FRAMES[name]
    plain = kind().fit(frame)
    array = plain.transform(frame)
    norm = kind().set_output(transform="polars").fit(frame)
    found = {"transform": norm.transform(frame), "fit_transform": norm.fit_transform(frame)}
    if kind is BatchNorm:
        found["partial_fit_transform"] = norm.partial_fit_transform(frame, using="before")
        back = norm.fit(frame).inverse_transform(found["transform"])
    else:
        found["unfitted"] = kind().set_output(transform="polars").transform(frame)
        found["unfitted"].columns = NAMES
        found["masked"], _ = norm.transform(frame, mask=np.ones(4, dtype=bool), return_stats=True)
        Z, stats = norm.transform(frame, return_stats=True)
        back = norm.inverse_transform(Z, stats=stats)
        unasked = plain.inverse_transform(Z, stats=stats)
        assert sorted(nulls(unasked)) == sorted(expected_nulls(frame))
    with sklearn.config_context(transform_output="polars"):
        found["global"] = kind().fit(frame).transform(frame)
        found["pipeline"] = make_pipeline(kind()).fit(frame).transform(frame)
        columns = make_column_transformer((kind(), NAMES), verbose_feature_names_out=False)
        found["columns"] = columns.fit(frame).transform(frame)
    for how, Z in found.items():
        assert sorted(nulls(Z)) == sorted(expected_nulls(frame)), how
        np.testing.assert_array_equal(Z.to_numpy(), array, how)
    assert sorted(nulls(back)) == sorted(expected_nulls(frame))


@pytest.mark.parametrize("kind", [*KINDS, BatchNorm])
def test_11_8_frames_without_nulls_get_none(kind):
    frame = pl.DataFrame(VALUES, schema=NAMES).with_columns(d=pl.Series([8.0, np.nan, 2.0]))
    Z = kind().set_output(transform="polars").fit_transform(frame)
    assert nulls(Z) == []
    assert np.isnan(Z["d"][1])
