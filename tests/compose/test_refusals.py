"""What composites refuse, each with a message that says what to do; and the rarer ways through."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from laws import assert_same_bits

from sklearn_norm import (
    ColumnScaler,
    GroupScaler,
    LayerNorm,
    MinMaxScaler,
    RobustScaler,
    StreamingPipeline,
    ZScoreScaler,
)

X = np.array([[1.0, 4.0, 0.5], [2.0, -1.0, 0.25], [5.0, 3.0, 8.0], [4.0, 0.0, 2.0]])
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])
KEYS = ["u", "v", "u", "v"]

GROUPS = [
    ([("u", 1), ("v",), ("u", 1), ("v", 2)], "differ in their number of parts"),
    ("uvuv", r"`groups` must hold a key for each row\. Got 'uvuv'"),
    ({"u", "v"}, "must hold a key for each row"),
    (np.zeros((4, 1, 1)), r"must hold a key for each row\. Got the shape \(4, 1, 1\)"),
    (KEYS[:3], "groups has 3 keys, but X has 4 rows: pass one per row"),
    (7, r"`groups` must hold a key for each row\. Got 7"),
]


@pytest.mark.parametrize(("groups", "message"), GROUPS)
def test_keys_that_are_not_one_per_row(groups, message):
    with pytest.raises(ValueError, match=message):
        GroupScaler().fit(X, groups=groups)


def test_keys_of_several_parts_are_columns_or_tuples():
    parts = [("u", 1), ("v", 1), ("u", 1), ("v", 1)]
    told = GroupScaler(min_rows=0).fit_transform(X, groups=parts)
    for same in (np.array(parts, dtype=object), pd.DataFrame(parts), [list(p) for p in parts]):
        assert_same_bits(GroupScaler(min_rows=0).fit_transform(X, groups=same), told)
    labelled = GroupScaler(min_rows=0).fit_transform(X, groups=pd.Categorical(KEYS))
    assert_same_bits(GroupScaler(min_rows=0).fit_transform(X, groups=KEYS), labelled)


def test_an_inverse_needs_the_keys():
    scaler = GroupScaler(by="a", min_rows=0).fit(FRAME)
    Z = scaler.transform(FRAME)
    with pytest.raises(ValueError, match="lacks the column of keys 'a': pass it too"):
        scaler.inverse_transform(Z[["b", "c"]])
    plain = GroupScaler(by=0, min_rows=0).fit(X)
    with pytest.raises(ValueError, match="X has 2 columns, and those of the fit are 3, with the"):
        plain.inverse_transform(plain.transform(X)[:, 1:])


def test_integers_that_floats_do_not_hold_are_refused_per_group():
    wide = np.array([[2**53 + 1, 1], [2, 3]])
    with pytest.raises(ValueError, match=r"Column 0 holds 9007199254740993, which float64"):
        GroupScaler(min_rows=0).fit(wide, groups=["u", "v"])


def test_a_pipeline_inside_a_column_scaler_streams_and_takes_parameters():
    steps = [("m", MinMaxScaler()), ("z", ZScoreScaler())]
    whole = ColumnScaler([("p", StreamingPipeline(steps), [0, 2])], remainder=RobustScaler())
    whole.fit(X[:3]).partial_fit(X[3:])
    alone = StreamingPipeline(steps).fit(X[:3, [0, 2]]).partial_fit(X[3:, [0, 2]])
    assert_same_bits(whole.transform(X)[:, [0, 2]], alone.transform(X[:, [0, 2]]))
    whole.set_params(p__m__clip=True).partial_fit(X[:1])
    alone.set_params(m__clip=True).partial_fit(X[:1, [0, 2]])
    far = np.vstack([X, 100 * X])
    assert_same_bits(whole.transform(far)[:, [0, 2]], alone.transform(far[:, [0, 2]]))
    whole.set_params(p__steps=[("other", MinMaxScaler())])
    with pytest.raises(ValueError, match="other steps than it was fitted with: call fit"):
        whole.partial_fit(X)


def test_an_argument_that_no_step_takes():
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense': none of its"):
        StreamingPipeline([("m", MinMaxScaler())]).fit(X, nonsense=1)
    with pytest.raises(ValueError, match="Cannot merge a StreamingPipeline with a ZScoreScaler"):
        StreamingPipeline([("m", MinMaxScaler())]).fit(X).merge(ZScoreScaler().fit(X))


@pytest.mark.parametrize("rows", [3, 200])
def test_frames_of_many_columns_beside_the_scaled_ones(rows):
    """Floats of 32 bits stay so, and every column stays where it was."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"c{at:02}": rng.normal(size=rows) for at in range(24)})
    for at in range(0, 24, 5):
        frame[f"c{at:02}"] = frame[f"c{at:02}"].astype(np.float32)
    frame["c07"] = "text"
    chosen = [f"c{at:02}" for at in range(0, 24, 2)]
    scaler = ColumnScaler([("m", MinMaxScaler(), chosen)]).fit(frame)
    Z = scaler.transform(frame)
    assert list(Z.columns) == list(frame.columns)
    assert (Z.dtypes == frame.dtypes).all()
    for name in frame.columns:
        expected = frame[name].to_numpy()
        if name in chosen:
            expected = MinMaxScaler().fit_transform(frame[[name]])[:, 0]
        np.testing.assert_array_equal(Z[name].to_numpy(), expected)


def test_graphs_of_what_does_not_convert():
    mixed = FRAME.assign(word="w")
    scaler = ColumnScaler([("z", ZScoreScaler(), ["a"])]).fit(mixed)
    with pytest.raises(ValueError, match=r"'word' of dtype .* does not convert to"):
        scaler._check_convertible(inverse=False)
    norms = ColumnScaler([("p", StreamingPipeline([("m", MinMaxScaler())]), [0, 1])]).fit(X)
    with pytest.raises(ValueError, match="'p', a StreamingPipeline, does not convert"):
        norms._check_convertible(inverse=False)
    with pytest.raises(ValueError, match=r"X has the shape .* expecting 3 features"):
        norms._shape_of_samples((5,))
    keyed = GroupScaler(min_rows=0).fit(X, groups=KEYS)
    with pytest.raises(ValueError, match=r"does not convert to ONNX: it looks up the typed key"):
        keyed._check_convertible(inverse=False)


def test_a_norm_is_no_scaler_of_groups():
    with pytest.raises(TypeError, match="LayerNorm"):
        GroupScaler(LayerNorm()).fit(X, groups=KEYS)
