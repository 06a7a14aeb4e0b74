"""clip= and dtype=: what `transform` does last, in every scaler, container and way of saving."""

from __future__ import annotations

import json
import pickle
import tracemalloc

import inside
import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
from configurations import MORE
from scipy import sparse

import sklearn_norm
from sklearn_norm import (
    BatchNorm,
    BatchStatsScaler,
    ChannelScaler,
    DecimalScaler,
    MaxAbsScaler,
    MinMaxScaler,
    QuantileScaler,
    RobustScaler,
    StandardScaler,
    ZScoreScaler,
)
from sklearn_norm.onnx import inverse

NAN = np.nan
RNG = np.random.default_rng(0)
X = np.round(RNG.normal(20, 10, (60, 3)), 2)
X[3, 1] = NAN
WIDER = X * 3 - 40
NAMES = ["a", "b", "c"]
CLIPPED = [
    ZScoreScaler,
    StandardScaler,
    RobustScaler,
    BatchStatsScaler,
    laws.AsinhScaler,
]
BENT = [laws.RootPowerScaler, QuantileScaler, laws.WideSquashScaler]
EVERY = [*CLIPPED, MinMaxScaler, MaxAbsScaler, DecimalScaler, ChannelScaler, BatchNorm, *BENT]
TAKE_CLIP = pytest.mark.parametrize("kind", CLIPPED, ids=lambda kind: kind.__name__)
TAKE_DTYPE = pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.__name__)
DTYPES = pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])


def test_every_scaler_is_here():
    """The norms of single samples are in tests/tensors/test_output_dtypes.py."""
    assert {*EVERY} == {laws.kind_of(name) for name in laws.SCALERS}


# clip


def test_a_pair_by_hand():
    """(x - 2) / 1, held between -0.5 and 3."""
    scaler = ZScoreScaler(clip=(-0.5, 3)).fit([[1.0], [3.0]])
    Z = scaler.transform([[1.0], [2.5], [9.0], [NAN]])
    np.testing.assert_array_equal(Z, [[-0.5], [0.5], [3], [NAN]])


def test_the_range_by_hand():
    """The data lie 1 below to 2 above their median of 3, which is 2 quartile ranges wide."""
    scaler = RobustScaler(clip="range").fit([[1.0], [2.0], [3.0], [4.0], [7.0]])
    Z = scaler.transform([[-9.0], [1.0], [6.0], [7.0], [99.0], [NAN]])
    np.testing.assert_array_equal(Z, [[-1], [-1], [1.5], [2], [2], [NAN]])
    turned = BatchStatsScaler(gamma=-1.0, eps=0.0, clip="range").fit([[1.0], [3.0]])
    np.testing.assert_array_equal(turned.transform([[-9.0], [1.0], [4.0]]), [[1], [1], [-1]])


@TAKE_CLIP
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i4"])
def test_the_range_leaves_the_data_of_the_fit_alone(kind, dtype):
    """To the bit, and holds other data at its ends."""
    data = np.nan_to_num(X).astype(dtype)
    plain, held = kind().fit(data), kind(clip="range").fit(data)
    laws.assert_same_bits(held.transform(data), plain.transform(data))
    laws.assert_same_bits(kind(clip="range").fit_transform(data), plain.transform(data))
    Z = held.transform(np.nan_to_num(WIDER).astype(dtype))
    ends = plain.transform(np.stack([data.min(axis=0), data.max(axis=0)]))
    expected = np.clip(plain.transform(np.nan_to_num(WIDER).astype(dtype)), ends[0], ends[1])
    np.testing.assert_array_equal(Z, expected)
    assert (Z.max(axis=0) == ends[1]).all()


@TAKE_CLIP
def test_a_stream_widens_the_range(kind):
    scaler = kind(clip="range").fit(X[:20])
    streamed = scaler.partial_fit(X[20:50]).partial_fit(X[50:51])
    plain = kind().fit(X[:20]).partial_fit(X[20:50]).partial_fit(X[50:51])
    seen = X[:51]
    ends = np.sort(plain.transform(np.stack([np.nanmin(seen, axis=0), np.nanmax(seen, axis=0)])), 0)
    Z = streamed.transform(WIDER)
    np.testing.assert_array_equal(Z, np.clip(plain.transform(WIDER), ends[0], ends[1]))


@TAKE_CLIP
def test_a_column_without_data_has_no_bounds(kind):
    data = X.copy()
    data[:, 1] = NAN
    scaler = kind(clip="range").fit(data)
    assert np.isnan(scaler.transform(WIDER)[:, 1]).all()
    scaler.partial_fit(X)
    assert np.nanmax(scaler.transform(WIDER)[:, 1]) > 0


@TAKE_CLIP
def test_arrays_hold_each_column_by_its_own(kind):
    scaler = kind(clip=([-1, -2, -np.inf], [0.5, np.inf, 1])).fit(X)
    expected = np.clip(kind().fit(X).transform(WIDER), [-1, -2, -np.inf], [0.5, np.inf, 1])
    np.testing.assert_array_equal(scaler.transform(WIDER), expected)


@TAKE_CLIP
@pytest.mark.parametrize("clip", ["range", (-1.0, 1.5), ([-1, -2, -3], [1, 2, 3])])
def test_bounds_are_saved_merged_and_do_not_hinder_the_inverse(kind, clip):
    more = {"momentum": None} if kind is BatchStatsScaler else {}
    frame = pd.DataFrame(X, columns=NAMES)
    scaler = kind(clip=clip, **more).fit(frame)
    wider = pd.DataFrame(WIDER, columns=NAMES)
    document = json.loads(json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False))
    for twin in (sklearn_norm.from_dict(document), pickle.loads(pickle.dumps(scaler))):
        assert sklearn_norm.equal(twin, scaler)
        laws.assert_same_bits(twin.transform(wider), scaler.transform(wider))
    parts = [kind(clip=clip, **more).fit(part) for part in (frame[:25], frame[25:])]
    merged = sklearn_norm.merge(parts)
    if kind is not BatchStatsScaler:
        np.testing.assert_allclose(merged.transform(wider), scaler.transform(wider), 1e-12)
    with pytest.raises(ValueError, match="different parameters: clip="):
        scaler.merge(kind(**more).fit(frame))
    np.testing.assert_allclose(
        scaler.inverse_transform(kind(**more).fit(frame).transform(wider)), wider, 1e-11, 1e-12
    )


@TAKE_CLIP
def test_one_row_is_clipped_the_fast_way_too(kind):
    scaler = kind(clip=(-0.25, 0.25)).fit(X)
    whole = scaler.transform(WIDER)
    for i in range(9):
        laws.assert_same_bits(scaler.transform(WIDER[i : i + 1]), whole[i : i + 1])
        with inside.long_way():
            laws.assert_same_bits(scaler.transform(WIDER[i : i + 1]), whole[i : i + 1])


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_are_clipped_where_zeros_stay(container):
    counts = np.array([[0.0, 3.0], [4.0, 0.0], [0.0, 9.0]])
    for kind, more in (
        (ZScoreScaler, {"with_mean": False}),
        (RobustScaler, {"with_centering": False}),
    ):
        for clip in ((-1, 1.5), "range"):
            if clip == "range":
                counts = np.concatenate([counts, -counts])
            scaler = kind(clip=clip, **more).fit(container(counts))
            expected = scaler.transform(counts * 2)
            laws.assert_same_bits(scaler.transform(container(counts * 2)).toarray(), expected + 0.0)
        away = kind(clip=(0.5, 2), **more).fit(container(counts))
        with pytest.raises(ValueError, match="zeros of sparse column 0 would not stay zeros"):
            away.transform(container(counts))


@TAKE_CLIP
@pytest.mark.parametrize(
    ("clip", "message"),
    [
        ("rang", "'clip' parameter"),
        (True, "'clip' parameter"),
        ([0, 1], "'clip' parameter"),
        ((1, 0), r"`clip` must be a pair \(low, high\) with low below high. Got \(1, 0\)"),
        ((1, 1), "with low below high"),
        ((0, NAN), "with low below high"),
        ((0, 1, 2), r"`clip` must be a pair \(low, high\) of numbers"),
        ((0, "b"), r"`clip` must be a pair \(low, high\) of numbers"),
        ((None, 1), "with low below high"),
        (([0, 0], [1, 1]), "one entry for each of the 3 features"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(kind, clip, message):
    with pytest.raises(ValueError, match=message):
        kind(clip=clip).fit(X)


def test_known_statistics_take_a_pair_and_have_no_range():
    scaler = ZScoreScaler.from_stats(mean=2.0, std=1.0, clip=(-1, 1))
    assert scaler.transform([[9.0], [2.5]]).tolist() == [[1], [0.5]]
    for build in (
        lambda: ZScoreScaler.from_stats(mean=2.0, std=1.0, clip="range"),
        lambda: ZScoreScaler.from_stats(mean=2.0, std=1.0, n_samples=5, clip="range"),
        lambda: RobustScaler.from_stats(center=2.0, scale=1.0, clip="range"),
        lambda: BatchStatsScaler.from_stats(
            running_mean=1.0, running_var=1.0, n_batches=2, clip="range"
        ),
    ):
        with pytest.raises(ValueError, match='clip="range" needs the extrema of the data, which'):
            build()


def test_scikit_learn_has_neither():
    for name, value in (("clip", "range"), ("dtype", "float32")):
        scaler = ZScoreScaler(**{name: value}).fit(X)
        with pytest.raises(ValueError, match=f"has no parameter '{name}'"):
            scaler.to_sklearn()


# dtype


@TAKE_DTYPE
@DTYPES
@pytest.mark.parametrize("given", ["u1", "i8", "?", "f2", "f4", "f8"])
def test_results_have_the_dtype_asked_for(kind, dtype, given):
    """The nearest to the result in float64."""
    data = np.abs(np.nan_to_num(X)).astype(given)
    scaler = kind(dtype=dtype).fit(data)
    exact = kind().fit(data).transform(data.astype("f8"))
    assert scaler.transform(data).dtype == dtype
    found = scaler.transform(data)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(found.astype("f8"), exact, eps, 1e-7)
    laws.assert_same_bits(kind(dtype=dtype).fit_transform(data), found)
    assert np.finfo(scaler.inverse_transform(found).dtype).eps == eps


@pytest.mark.parametrize("given", ["float32", np.float32, np.dtype("float32"), "f4"])
def test_a_dtype_may_be_a_name_a_class_or_a_dtype(given):
    if type(given) is str and given == "f4":
        with pytest.raises(ValueError, match="'dtype' parameter"):
            ZScoreScaler(dtype=given).fit(X)
        return
    scaler = ZScoreScaler(dtype=given).fit(X)
    assert scaler.transform(X).dtype == np.float32
    twin = sklearn_norm.from_dict(json.loads(json.dumps(sklearn_norm.to_dict(scaler))))
    assert twin.transform(X).dtype == np.float32
    assert twin.get_params()["dtype"] == "float32"
    before = pickle.dumps(scaler)
    assert sklearn_norm.equal(twin, scaler)
    assert pickle.dumps(scaler) == before
    assert pickle.loads(before).transform(X).dtype == np.float32
    assert scaler.merge(ZScoreScaler().fit(X)).transform(X).dtype == np.float32
    assert ZScoreScaler(dtype=float).fit(X.astype("f4")).transform(X.astype("f4")).dtype == "f8"


@pytest.mark.parametrize(
    "wrong", [int, "int8", "float128", complex, ">f4", np.dtype(">f4"), object]
)
def test_other_dtypes_are_refused(wrong):
    with pytest.raises(ValueError, match="dtype"):
        MinMaxScaler(dtype=wrong).fit(X)
    fitted = MinMaxScaler().fit(X).set_params(dtype=wrong)
    with pytest.raises(ValueError, match="`dtype` must be None or a float dtype: float16"):
        fitted.transform(X)


def test_images_of_bytes_become_float32_without_a_copy_in_float64():
    """20 MB of bytes become 80 MB; a copy in float64 would take 160 MB more."""
    images = np.full((2000, 10_000), 51, np.uint8)
    scaler = MinMaxScaler(data_range=(0, 255), dtype="float32").fit(images[:2])
    tracemalloc.start()
    Z = scaler.transform(images)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (np.float32(0.2) == Z).all()
    assert peak < 1.1 * Z.nbytes


@TAKE_DTYPE
def test_frames_and_rows_have_the_dtype(kind):
    frame = pd.DataFrame(np.nan_to_num(X), columns=NAMES, index=range(60, 0, -1))
    scaler = kind(dtype="float32").fit(frame).set_output(transform="pandas")
    Z = scaler.transform(frame)
    assert set(Z.dtypes) == {np.dtype("float32")}
    assert Z.index.equals(frame.index)
    polars = kind(dtype="float32").fit(pl.DataFrame(frame)).set_output(transform="polars")
    assert set(polars.transform(pl.DataFrame(frame)).dtypes) == {pl.Float32}
    laws.assert_same_bits(polars.transform(pl.DataFrame(frame)).to_numpy(), Z.to_numpy())
    for i in (0, 7):
        laws.assert_same_bits(
            scaler.transform(frame[i : i + 1]).to_numpy(), Z[i : i + 1].to_numpy()
        )


@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_array])
def test_sparse_results_have_the_dtype(container):
    dense = np.array([[0.0, 3.0], [4.0, 0.0], [0.0, 9.0]])
    untidy = sparse.csr_array(([1.0, 3.0, 3.0], [1, 1, 0], [0, 2, 3, 3]), shape=(3, 2))
    for scaler in (ZScoreScaler(with_mean=False), MaxAbsScaler(), DecimalScaler()):
        for data in (container(dense), container(dense.astype("f4")), container(untidy)):
            scaler.set_params(dtype="float32").fit(data)
            Z = scaler.transform(data)
            assert (Z.dtype, Z.format) == (np.float32, data.format)
            laws.assert_same_bits(Z.toarray(), scaler.transform(data.toarray()))


def test_a_caller_s_array_is_overwritten_only_in_its_own_dtype():
    for dtype, same in ((None, True), ("float64", True), ("float32", False)):
        data = X.copy()
        Z = ZScoreScaler(copy=False, dtype=dtype).fit(data).transform(data)
        assert np.may_share_memory(Z, data) is same
        assert same or np.array_equal(data, X, equal_nan=True)


@pytest.mark.parametrize("peak", [1000.0, 0.001, 5.0])
def test_decimals_stay_below_1_in_a_shorter_dtype(peak):
    """The float next below 1000 rounds to 1000 in float32."""
    data = np.nextafter(np.array([[peak], [-peak]]), 0.0)
    for dtype in ("float16", "float32"):
        Z = DecimalScaler(dtype=dtype).fit(data).transform(data)
        assert (np.abs(Z) < 1).all()


def test_a_dtype_set_later_is_read_by_transform():
    scaler = ZScoreScaler().fit(X)
    assert scaler.set_params(dtype="float16").transform(X).dtype == np.float16
    assert scaler.__sklearn_tags__().transformer_tags.preserves_dtype == ["float16"]


def test_infinity_is_found_on_the_way_to_another_dtype():
    data = X.copy()
    data[5, 2] = np.inf
    with pytest.raises(ValueError, match=r"infinity.*column 2"):
        ZScoreScaler(dtype="float32").fit(X).transform(data)


# ONNX


def test_bounds_are_in_the_graph_and_a_dtype_is_refused():
    onnxruntime = pytest.importorskip("onnxruntime")
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    for scaler in (ZScoreScaler(clip="range"), RobustScaler(clip=(-1, 0.5))):
        model = to_onnx(scaler.fit(X), X[:1])
        session = onnxruntime.InferenceSession(model.SerializeToString())
        (Z,) = session.run(None, {"X": WIDER})
        laws.assert_same_bits(Z, scaler.transform(WIDER))
    scaler = ZScoreScaler(dtype="float32").fit(X)
    with pytest.raises(ValueError, match="dtype='float32' does not convert to ONNX"):
        to_onnx(scaler, X[:1])
    assert to_onnx(inverse(scaler), X[:1].astype("f4"))


def test_parameters_of_older_files_get_defaults():
    """A schema of 1 had neither; see tests/golden, too."""
    for kind in EVERY:
        state = kind().fit(X).__getstate__()
        for name in ("clip", "dtype"):
            state.pop(name, None)
            state["_parameters"] = {k: v for k, v in state["_parameters"].items() if k != name}
        state["_schema"] = 1
        del state["_checksum"]
        twin = kind.__new__(kind)
        twin.__setstate__(state)
        laws.assert_same_bits(twin.transform(X), kind().fit(X).transform(X))
        if kind not in (BatchStatsScaler, BatchNorm):
            twin.merge(kind().fit(X)).partial_fit(X)
            kind().fit(X).merge(twin)


def test_configurations_have_them():
    assert {"clip": "range"} in MORE["ZScoreScaler"]
