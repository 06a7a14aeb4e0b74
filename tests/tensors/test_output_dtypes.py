"""dtype= of every norm: what `transform` returns, rounded once and without a copy in float64."""

from __future__ import annotations

import json
import tracemalloc

import laws
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import (
    AdaNorm,
    BatchNorm,
    ChannelScaler,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    RMSNorm,
    SampleScaler,
)

NORMS = {
    "layer": LayerNorm(gamma=2.0, beta=0.5),
    "layer over channels": LayerNorm(axis=1, gamma=[2.0, 1.0, 0.5]),
    "RMS": RMSNorm(normalized_ndim=1),
    "ada": AdaNorm(),
    "instance": InstanceNorm(gamma=[1.0, 2.0, 3.0]),
    "instance, last": InstanceNorm(center="last", shape=(3, 20)),
    "group": GroupNorm(num_groups=3),
    "group, last": GroupNorm(channel_axis=-1),
    "batch": BatchNorm(beta=1.0),
    "sample": SampleScaler("robust"),
    "sample, range": SampleScaler("minmax"),
    "sample, quantile": SampleScaler("quantile", clip=True),
}
OF_SAMPLES = [name for name in NORMS if name != "batch"]
RNG = np.random.default_rng(3)
IMAGES = RNG.integers(0, 120, (6, 3, 4, 5), dtype=np.uint8)
GIVEN = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?", "f2", "f4", "f8"]


def shaped(name, data):
    """Return the samples: rows, where the norm takes series only."""
    return data.reshape(len(data), -1) if name == "instance, last" else data


def asking(name, dtype):
    return clone(NORMS[name]).set_params(dtype=dtype)


@pytest.mark.parametrize("name", NORMS)
def test_results_are_those_in_float64_rounded_once(name):
    """Of integers as they are, too, in any layout."""
    for given in GIVEN:
        data = shaped(name, (IMAGES % 2 if given == "?" else IMAGES).astype(given))
        exact = asking(name, None).fit(data).transform(data.astype("f8"))
        assert exact.dtype == np.float64
        for dtype in ("float16", np.float32, np.dtype("float64")):
            norm = asking(name, dtype).fit(data)
            Z = norm.transform(data)
            assert Z.dtype == np.dtype(dtype), given
            eps = 0.51 * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(Z.astype("f8"), exact, rtol=eps, atol=1e-7)
            turned = np.moveaxis(np.moveaxis(data, 1, -1).copy(), -1, 1)
            laws.assert_same_bits(norm.transform(turned).copy(), Z)
            laws.assert_same_bits(asking(name, dtype).fit_transform(data), Z)


@pytest.mark.parametrize("name", NORMS)
def test_masks_keep_what_they_leave_out(name):
    data, mask = shaped(name, IMAGES), shaped(name, RNG.random(IMAGES.shape) < 0.8)
    told = {"mask": mask} if name == "batch" else {}
    floats = asking(name, None).fit(data.astype("f8"), **told)
    Z = asking(name, "float32").fit(data, **told).transform(data, mask=mask)
    assert Z.dtype == np.float32
    exact = floats.transform(data.astype("f8"), mask=mask)
    np.testing.assert_allclose(Z, exact, rtol=1e-7, atol=1e-7)
    np.testing.assert_array_equal(Z[~mask], data[~mask])


@pytest.mark.parametrize("name", OF_SAMPLES)
def test_given_statistics_and_the_inverse(name):
    """`dtype` is that of `transform`; the inverse has that of its input."""
    data = shaped(name, IMAGES)
    exact, stats = asking(name, None).fit(data).transform(data, return_stats=True)
    norm = asking(name, "float32").fit(data)
    Z, known = norm.transform(data, return_stats=True)
    np.testing.assert_allclose(known, stats, rtol=1e-14)
    again = norm.transform(data, stats=stats, mask=np.ones(data.shape, bool))
    assert again.dtype == norm.transform(data, stats=stats).dtype == np.float32
    np.testing.assert_allclose(again, exact, rtol=1e-6, atol=1e-6)
    if "quantile" not in name:
        back = norm.inverse_transform(Z, stats=stats)
        assert back.dtype == np.float32
        np.testing.assert_allclose(back, data, rtol=1e-3, atol=1e-3)
        assert norm.inverse_transform(exact, stats=stats).dtype == np.float64


@pytest.mark.parametrize("name", NORMS)
def test_frames_rows_files_and_tags(name):
    """The fast path of rows, frames, no samples at all, and JSON."""
    flat = IMAGES.reshape(6, -1).astype("f8")
    norm = asking(name, np.float32).set_params(shape=IMAGES.shape[1:])
    if name == "instance, last":
        norm.set_params(shape=(3, 20))
    Z = norm.fit(flat).transform(flat)
    laws.assert_same_bits(norm.transform(flat), Z)
    assert Z.dtype == norm.transform(flat[:0]).dtype == np.float32
    frame = norm.set_output(transform="pandas").transform(pd.DataFrame(flat.astype("u1")))
    assert set(frame.dtypes) == {np.dtype("float32")}
    np.testing.assert_allclose(frame.to_numpy(), Z, rtol=1e-6, atol=1e-6)
    norm.set_output(transform="default")
    twin = sklearn_norm.from_dict(json.loads(json.dumps(sklearn_norm.to_dict(norm))))
    laws.assert_same_bits(twin.transform(flat), Z)
    assert norm.__sklearn_tags__().transformer_tags.preserves_dtype == ["float32"]
    assert norm.set_params(dtype=None).transform(flat).dtype == np.float64


@pytest.mark.parametrize("name", NORMS)
def test_other_dtypes_are_refused(name):
    data = shaped(name, IMAGES)
    for wrong in ("int8", int, ">f4", np.dtype(">f4"), object):
        with pytest.raises(ValueError, match="dtype"):
            asking(name, wrong).fit(data)
        with pytest.raises(ValueError, match="dtype"):
            asking(name, None).fit(data).set_params(dtype=wrong).transform(data)


def test_a_dtype_does_not_convert_to_onnx():
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    for norm in (LayerNorm(dtype="float32"), BatchNorm(dtype="float32")):
        with pytest.raises(ValueError, match="dtype='float32' does not convert to ONNX"):
            to_onnx(norm.fit(np.eye(4)), np.eye(4)[:1])


def test_large_integers_that_floats_would_round_are_refused():
    """Read as they are, they lose as much."""
    for dtype in (np.int64, np.uint64):
        data = np.full((1, 3), 2**53 + 1, dtype)
        data[0, 0] = 0
        with pytest.raises(ValueError, match="holds 9007199254740993"):
            LayerNorm(dtype="float32").transform(data)
    least = np.array([[np.iinfo(np.int64).min, 0, 0]])  # whose absolute value is no int64
    assert np.isfinite(LayerNorm(dtype="float32").transform(least)).all()
    with pytest.raises(ValueError, match="holds -9223372036854775807"):
        LayerNorm(dtype="float32").transform(least + 1)


def test_what_a_mask_leaves_out_may_exceed_the_dtype():
    X = np.array([[1.0, 3.0, 1e300]])
    for norm in (LayerNorm(eps=0.0, dtype="float32"), SampleScaler(dtype="float32")):
        Z = norm.transform(X, mask=np.array([[True, True, False]]))
        np.testing.assert_array_equal(Z, [[-1.0, 1.0, np.inf]])


@pytest.mark.parametrize("channel_axis", [1, -1])
def test_bytes_with_the_channels_last_become_float32_without_a_copy_in_float64(channel_axis):
    """As images come, seen with their channels first: results take 4 bytes for each one."""
    images = RNG.integers(0, 256, (16, 96, 96, 3), dtype=np.uint8)
    X = images.transpose(0, 3, 1, 2) if channel_axis == 1 else images
    known = {"channel_axis": channel_axis, "dtype": "float32"}
    norms = [
        BatchNorm.from_stats(running_mean=[124.0, 116, 104], running_var=[3400.0] * 3, **known),
        ChannelScaler.from_stats(mean=[124.0, 116, 104], std=[58.0, 57, 57], **known),
        InstanceNorm(**known),
        LayerNorm(dtype="float32"),
    ]
    for norm in norms:
        Z = norm.transform(X)  # what is allocated once
        tracemalloc.start()
        Z = norm.transform(X)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (Z.shape, Z.dtype) == (X.shape, np.float32)
        assert peak < 1.6 * Z.nbytes, type(norm).__name__  # a copy in float64 has twice its size
        exact = norm.set_params(dtype=None).transform(X)
        np.testing.assert_allclose(Z, exact, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("dtype", [None, "float32"])
def test_a_view_with_the_channels_first_keeps_its_layout(dtype):
    """Of batch norm, mapped and undone where the channels lie; results are those of a copy."""
    X = IMAGES.transpose(0, 2, 3, 1).astype("f8").copy().transpose(0, 3, 1, 2)
    norm = BatchNorm(dtype=dtype).fit(X)
    for act in (norm.transform, norm.inverse_transform):
        found = act(X)
        assert found.transpose(0, 2, 3, 1).flags.c_contiguous
        laws.assert_same_bits(found.copy(), act(np.ascontiguousarray(X)))
        laws.assert_same_bits(act(X[::2, :, ::-1]).copy(), found[::2, :, ::-1].copy())
    given = X.copy(order="K")
    Z = BatchNorm(copy=False).fit(X).transform(given)
    assert np.may_share_memory(Z, given)
    laws.assert_same_bits(Z.copy(), BatchNorm().fit(X).transform(X).copy())
