"""bfloat16 of ml_dtypes: read exactly, computed as float32, and returned as bfloat16."""

from __future__ import annotations

import subprocess
import sys

import laws
import numpy as np
import pandas as pd
import pytest
from configurations import public_estimators
from inside import TensorNorm
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import BatchNorm, GroupScaler, InstanceNorm, LayerNorm, SampleScaler, ZScoreScaler
from sklearn_norm import functional as F

ml_dtypes = pytest.importorskip("ml_dtypes", reason="bfloat16 is a dtype of ml_dtypes")
BFLOAT = np.dtype(ml_dtypes.bfloat16)
RNG = np.random.default_rng(9)
X = RNG.uniform(1, 9, (6, 4)).astype(BFLOAT)
X[2, 1] = np.nan
WIDE = X.astype(np.float32)
CALLS = {
    "layer_norm": {"gamma": X[0], "beta": 0.5},
    "rms_norm": {"eps": 0.0},
    "ada_norm": {},
    "instance_norm": {},
    "group_norm": {"num_groups": 2},
    "batch_norm": {"gamma": X[0], "beta": X[3]},
}


def short(values):
    """Return float32 rounded to bfloat16: half a unit to even, as ml_dtypes does."""
    assert values.dtype == np.float32
    return values.astype(BFLOAT)


def assert_same(found, expected):
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found.astype("f8"), expected.astype("f8"))


@pytest.mark.parametrize("norm", public_estimators(), ids=repr)
def test_estimators_return_what_came(norm):
    """The numbers are those of float32, rounded; made of others, at least those of float32."""
    whole = type(norm).__name__ not in ("ColumnScaler", "GroupScaler", "PooledScaler")
    kept = short if whole else np.asarray
    expected = clone(norm).fit(WIDE).transform(WIDE)
    Z = norm.fit(X).transform(X)
    assert_same(Z, kept(expected))
    assert_same(clone(norm).fit_transform(X), kept(expected))
    assert norm.transform(WIDE).dtype == np.float32
    if isinstance(norm, TensorNorm):
        _, stats = norm.transform(X, return_stats=True)
        assert stats.dtype == np.float64
        assert_same(norm.transform(X, stats=stats), kept(norm.transform(WIDE, stats=stats)))
        wide = norm.inverse_transform(Z.astype(np.float32), stats=stats)
        assert_same(norm.inverse_transform(Z, stats=stats), kept(wide))
    else:
        wide = norm.inverse_transform(Z.astype(np.float32))
        assert_same(norm.inverse_transform(Z), kept(wide))


def test_by_hand():
    """Of 1, 3 and 5 the deviation is the root of 8/3: 1.2247449 is nearest to 1.2265625."""
    Z = LayerNorm(eps=0.0).transform(np.array([[1, 3, 5]], BFLOAT))
    assert Z.dtype == BFLOAT
    assert Z.astype("f8").tolist() == [[-1.2265625, 0, 1.2265625]]


def test_a_dtype_that_is_asked_for_wins_and_frames_have_float32():
    for norm in (LayerNorm(), BatchNorm(), SampleScaler(), ZScoreScaler()):
        expected = norm.fit(WIDE).transform(WIDE)
        laws.assert_same_bits(norm.set_params(dtype="float32").fit(X).transform(X), expected)
        norm.set_params(dtype=None).set_output(transform="pandas")
        assert set(norm.fit(X).transform(X).dtypes) == {np.dtype("float32")}


def test_masks_streams_sequences_and_batches():
    mask = ~np.isnan(WIDE)
    for norm in (LayerNorm(), BatchNorm(momentum=None)):
        assert norm.fit(X).transform(X, mask=mask).dtype == BFLOAT
        assert norm.transform(X[:0]).dtype == BFLOAT
    ragged = [X[:2], X[:5]]
    for norm in (LayerNorm(normalized_ndim=1), BatchNorm(channel_axis=-1)):
        for found, expected in zip(
            norm.fit(ragged).transform(ragged),
            norm.transform([WIDE[:2], WIDE[:5]]),
            strict=True,
        ):
            assert_same(found, short(expected))
    for using in ("batch", "after"):
        found = BatchNorm().partial_fit_transform(X, using=using)
        assert_same(found, short(BatchNorm().partial_fit_transform(WIDE, using=using)))
    given = X.copy()
    assert ZScoreScaler(copy=False).fit(X).transform(given).dtype == BFLOAT
    assert_same(given, X)


@pytest.mark.parametrize("name", CALLS)
def test_functions_and_gradients_return_what_came(name):
    told = CALLS[name]
    wide = {k: v.astype("f4") if isinstance(v, np.ndarray) else v for k, v in told.items()}
    forward, backward = getattr(F, name), getattr(F, f"{name}_backward")
    data = (X[:, :, None], WIDE[:, :, None]) if name == "instance_norm" else (X, WIDE)
    assert_same(forward(data[0], **told), short(forward(data[1], **wide)))
    assert_same(forward(x=data[0], **told), short(forward(data[1], **wide)))
    y, stats = forward(data[0], **told, return_stats=True)
    assert (y.dtype, stats.dtype) == (BFLOAT, np.float64)
    part = X.T.copy() if name == "batch_norm" else data[0]
    lists = forward([part, part.copy()], **told)
    assert [part.dtype for part in lists] == [BFLOAT, BFLOAT]
    grad = data[0] + BFLOAT.type(1)
    found = backward(grad, data[0], **told)
    expected = backward(grad.astype("f4"), data[1], **wide)
    assert_same(found[0], short(expected[0]))
    for mine, theirs, vector in zip(
        found[1:], expected[1:], (told.get("gamma"), told.get("beta")), strict=True
    ):
        if isinstance(vector, np.ndarray):
            assert mine.dtype == BFLOAT
            np.testing.assert_allclose(mine.astype("f4"), theirs, rtol=2**-8, equal_nan=True)


def test_vectors_of_bfloat16_beside_other_data_are_exact():
    x = WIDE[:2].astype("f8")
    for gamma in (X[0], X[0].astype("f8")):
        laws.assert_same_bits(
            F.layer_norm(x, gamma=gamma), F.layer_norm(x, gamma=WIDE[0].astype("f8"))
        )
    Z = LayerNorm(gamma=X[0]).transform(x)
    laws.assert_same_bits(Z, LayerNorm(gamma=WIDE[0]).transform(x))
    grad_x, _, _ = F.layer_norm_backward(X[:2], x)
    laws.assert_same_bits(grad_x, F.layer_norm_backward(WIDE[:2], x)[0])


def test_other_functions_give_float64():
    assert F.dynamic_tanh(X).dtype == F.l2_normalize(X).dtype == np.float64
    np.testing.assert_array_equal(F.dynamic_tanh(X), F.dynamic_tanh(WIDE.astype("f8")))


def test_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match=r"holds values of bfloat16\. Keys are numbers"):
        GroupScaler(ZScoreScaler(), by=[0]).fit(np.ones((3, 2), BFLOAT))
    infinite = X.copy()
    infinite[1, 2] = np.inf
    for norm in (InstanceNorm(), BatchNorm(), ZScoreScaler()):
        with pytest.raises(ValueError, match="infinity or a value too large"):
            norm.fit(X).transform(infinite)


def test_masked_arrays_and_frames_of_it():
    masked = np.ma.MaskedArray(X, np.isnan(WIDE))
    np.testing.assert_array_equal(
        LayerNorm().transform(masked).astype("f4"), LayerNorm().transform(X).astype("f4")
    )
    frame = pd.DataFrame(X, columns=list("abcd"))
    expected = ZScoreScaler().fit(WIDE).transform(WIDE)
    found = ZScoreScaler().fit(frame).transform(frame)
    np.testing.assert_allclose(np.asarray(found, "f8"), expected, rtol=2**-8, atol=2**-8)


@pytest.mark.full
def test_ml_dtypes_is_not_imported():
    code = "import sys, sklearn_norm.functional as F; F.layer_norm([[1.0, 2.0]]); "
    code += "assert 'ml_dtypes' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert sklearn_norm.__version__
