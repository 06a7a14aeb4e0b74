"""Out of Python: onnxruntime returns what transform and inverse_transform return."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass

import inside
import joblib
import numpy as np
import onnx.compose
import onnxruntime
import pandas as pd
import pytest
from configurations import public_estimators
from inside import OLDEST, TensorNorm
from laws import ESTIMATORS, assert_same_bits, kind_of
from scipy import sparse
from skl2onnx import convert_sklearn, to_onnx
from skl2onnx.common import data_types
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_norm
from sklearn_norm import (
    AdaNorm,
    BatchNorm,
    BatchStatsScaler,
    ChannelScaler,
    DecimalScaler,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    MaxAbsScaler,
    MinMaxScaler,
    RMSNorm,
    RobustScaler,
    SampleScaler,
    ZScoreScaler,
)
from sklearn_norm.kernels import Traced, choice
from sklearn_norm.maps.chain import Bend, Chain
from sklearn_norm.onnx import Inverse, inverse

TYPES = {
    "float64": data_types.DoubleTensorType,
    "float32": data_types.FloatTensorType,
    "float16": data_types.Float16TensorType,
}
LARGEST = {"float64": 1.7e308, "float32": 3e38, "float16": 6e4}
# Norms measure by sums, whose order differs: units in the last place of the larger of |z| and 1.
# At most 8 were found with the native backend, and 24 with NumPy's, whose sums are the plainest.
ULPS = 16 if choice.name == "native" else 32


def has_graph(estimator):
    """Whether ONNX can say what it does: it has no quantiles of the normal distribution."""
    return getattr(estimator, "output", "uniform") != "normal"


SCALERS = [e for e in public_estimators() if not isinstance(e, TensorNorm)]
CURVED = ("LogScaler", "PowerScaler", "QuantileScaler", "SquashScaler")
BENT = [e for e in SCALERS if type(e).__name__ in CURVED and has_graph(e)]
EXACT = [e for e in SCALERS if type(e).__name__ not in CURVED]
NORMS = [e for e in public_estimators() if isinstance(e, TensorNorm)]

# float32 does not hold some of the hard columns, and the converter says so
unheld = pytest.mark.filterwarnings("ignore:float(32|16) does not hold the data:UserWarning")

# onnxruntime 1.20 divides by zero, which ends the process, in a TopK of no rows; 1.32 does not
TOPK_NEEDS_ROWS = tuple(map(int, onnxruntime.__version__.split(".")[:2])) < (1, 32)


def converted(estimator, X, **options):
    """Return the graph for arrays like X, of any number of samples."""
    kind = TYPES[X.dtype.name]([None, *X.shape[1:]])
    return convert_sklearn(estimator, initial_types=[("X", kind)], **options)


def run(model, **inputs):
    """Return the first answer of onnxruntime."""
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, inputs)[0]


def answer(estimator, X, **options):
    return run(converted(estimator, X, **options), X=X)


def assert_same(actual, expected):
    """Both hold the same bits, but for those of NaN."""
    missing = np.isnan(expected)
    np.testing.assert_array_equal(np.isnan(actual), missing)
    assert_same_bits(np.where(missing, 0, actual), np.where(missing, 0, expected))


def assert_near(actual, expected, ulps=ULPS):
    """Both agree within so many units in the last place of the larger of |z| and 1."""
    assert (actual.dtype, actual.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    a, b = (np.nan_to_num(v.astype(np.float64)) for v in (actual, expected))
    unit = np.spacing(np.maximum(np.abs(np.nan_to_num(expected)), expected.dtype.type(1)))
    assert (np.abs(a - b) <= ulps * unit.astype(np.float64)).all(), np.max(np.abs(a - b) / unit)


def of_dtype(X, name):
    """Return hard columns in a dtype, cut off where it ends; -0.0 and NaN are among them."""
    limit = LARGEST[name]
    held = np.clip(X, -limit, limit)
    held[5:9] = -0.0
    held[9] = np.nan
    return held.astype(name)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).normal(5.0, 3.0, size=(6, 4, 5, 3))


# Every estimator


@unheld
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("estimator", EXACT, ids=repr)
def test_scalers_and_their_inverses_have_the_bits_of_numpy(estimator, dtype, hard_matrix):
    X = of_dtype(hard_matrix, dtype)
    scaler = clone(estimator).fit(X)
    Z = scaler.transform(X)
    assert_same(answer(scaler, X), Z)
    with np.errstate(all="ignore"):
        Z = np.where(np.isinf(Z), X.dtype.type(1), Z)  # float16 has no room for some
        back = scaler.inverse_transform(Z)
    assert_same(answer(inverse(scaler), Z), back)


@unheld
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("estimator", BENT, ids=repr)
def test_bent_scalers_and_their_inverses_agree_to_the_last_bits(estimator, dtype):
    """Functions that ONNX lacks are composed of others, so some roundings are others."""
    rng = np.random.default_rng(4)
    X = np.column_stack(
        [rng.lognormal(0, 2, 300), rng.normal(0, 30, 300), rng.integers(-9, 9, 300)]
    )
    X[5:9], X[9] = -0.0, np.nan
    X = X.astype(dtype)
    scaler = clone(estimator).fit(X)
    Z = scaler.transform(X)
    ulps = 1024 if dtype == "float64" else 1  # of 1, where the bounds of logits are 400
    assert_near(answer(scaler, X), Z, ulps)
    inner = np.clip(Z, -0.4, 0.4)
    assert_near(answer(inverse(scaler), inner), scaler.inverse_transform(inner), ulps)


@unheld
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("estimator", NORMS, ids=repr)
def test_norms_agree_to_the_last_bits(estimator, dtype, hard_matrix):
    """Each hard column is a sample, too: constant, missing, huge, subnormal."""
    X = of_dtype(hard_matrix, dtype)
    for samples in (X, np.ascontiguousarray(X[:600].T)):
        if isinstance(estimator, SampleScaler):  # a scale that is subnormal has few digits there
            peak = np.nan_to_num(np.abs(samples)).max(axis=1)
            samples = samples[(peak == 0) | (peak > np.finfo(dtype).tiny * 2.0**10)]
        norm = clone(estimator).fit(samples)
        ulps = ULPS if dtype == "float64" else 1
        assert_near(answer(norm, samples), norm.transform(samples), ulps)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_public_estimator_converts_alone_and_in_a_pipeline(name):
    """A new one is found here without an edit."""
    X = np.random.default_rng(0).normal(3.0, 2.0, size=(40, 6))
    estimator = kind_of(name)().fit(X)
    assert_near(answer(estimator, X), estimator.transform(X))
    pipeline = make_pipeline(kind_of(name)(), MinMaxScaler()).fit(X)
    assert_near(answer(pipeline, X), pipeline.transform(X))


@unheld
@pytest.mark.parametrize("estimator", [e for e in public_estimators() if has_graph(e)], ids=repr)
def test_converting_changes_nothing(estimator):
    X = np.random.default_rng(0).normal(3.0, 2.0, size=(40, 6))
    estimator = clone(estimator).fit(X)
    before = pickle.dumps(estimator)
    converted(estimator, X)
    if not isinstance(estimator, TensorNorm):
        converted(inverse(estimator), X.astype(np.float32))
    assert pickle.dumps(estimator) == before


@pytest.mark.parametrize("opset", [OLDEST, 17, 18, 21])
def test_the_opset_asked_for_is_that_of_the_graph(opset, hard_matrix):
    """From 18 on, reductions take their axes in another way; the default is newer still."""
    X = of_dtype(hard_matrix, "float64")
    for estimator in (MinMaxScaler((-1.5, 1.2), clip=True).fit(X), LayerNorm(gamma=2.0)):
        model = to_onnx(estimator, X[:1], target_opset=opset)
        assert {(o.domain, o.version) for o in model.opset_import} == {("", opset)}
        assert_near(run(model, X=X), estimator.transform(X))


def test_an_older_opset_is_refused():
    with pytest.raises(ValueError, match="target_opset=12 is too old: give 13 or more"):
        answer(ZScoreScaler().fit(np.eye(3)), np.eye(3), target_opset=12)


def test_the_new_scaler_and_the_new_norm_of_the_docs_convert(of_docs):
    """Neither has a word of ONNX in its file, and the norm moves axes of its own."""
    X = np.array([[1.0, -8.0], [np.nan, 2.0], [-4.0, 0.0]])
    scaler = of_docs("new_scaler", "RootMeanSquareScaler")().fit(X)
    assert_same(answer(scaler, X), scaler.transform(X))
    assert_same(answer(inverse(scaler), X), scaler.inverse_transform(X))
    norm = of_docs("new_norm", "PositionNorm")(eps=0.0)
    X = np.array([[[[1.0, 0.0], [7.0, 5.0]], [[3.0, 8.0], [7.0, np.nan]]]])
    assert_same(answer(norm, X), np.array([[[[-1.0, -1.0], [0, 0]], [[1, 1], [0, np.nan]]]]))


# Scalers


@pytest.mark.parametrize(
    "kind", [MinMaxScaler, MaxAbsScaler, ZScoreScaler, RobustScaler, DecimalScaler]
)
def test_a_round_trip_through_one_graph_returns_the_data(kind, hard_matrix):
    """Within some roundings of the column's largest member."""
    scaler = kind().fit(hard_matrix)
    back = answer(make_pipeline(scaler, inverse(scaler)), hard_matrix)
    peak = np.max(np.abs(np.nan_to_num(hard_matrix)), axis=0)
    error = np.abs(np.nan_to_num(back) / 2 - np.nan_to_num(hard_matrix) / 2)
    assert (error <= 16 * np.finfo(np.float64).eps * peak + 1e-322).all()


def test_bounds_are_hit_and_kept():
    """0.1 + 0.2 misses 0.3 by a bit; what lies outside is clipped."""
    X = np.array([[10.0], [20.0], [15.0], [99.0], [np.nan]])
    scaler = MinMaxScaler((0.1, 0.3), clip=True).fit(X[:2])
    Z = answer(scaler, X)
    assert_same(Z, scaler.transform(X))
    assert Z[[0, 1, 3], 0].tolist() == [0.1, 0.3, 0.3]


@pytest.mark.parametrize("dtype", TYPES)
def test_columns_of_different_ranges(dtype):
    """The first has a bound that rounding misses, the second none, the third no member."""
    X = np.random.default_rng(0).normal(size=(500, 3)).astype(dtype)
    X[:, 2] = np.nan
    scaler = MinMaxScaler(([0.1, 0.0, -1.0], [0.3, 1.0, 1.0])).fit(X)
    Z = scaler.transform(X)
    assert_same(answer(scaler, X), Z)
    assert_same(answer(inverse(scaler), Z), scaler.inverse_transform(Z))


@unheld
@pytest.mark.parametrize("dtype", TYPES)
def test_what_is_below_a_power_of_ten_stays_below_1(dtype):
    """Of every exponent: the member next below the power, zeros, NaN, and the power itself."""
    low, high = {"float64": (-300, 308), "float32": (-37, 38), "float16": (-4, 4)}[dtype]
    powers = np.array([float(f"1e{j}") for j in range(low, high + 1)])
    near = powers.astype(dtype)
    below = np.where(near.astype(np.float64) < powers, near, np.nextafter(near, 0 * near))
    X = np.stack([below, -below, -0.0 * near, near * np.nan, near])
    scaler = DecimalScaler().fit(X[:1])
    Z = answer(scaler, X)
    assert_same(Z, scaler.transform(X))
    assert (Z[0] < 1).all()
    assert (Z[1] > -1).all()


def test_scalers_of_known_statistics_convert():
    """Of a center and a scale alone, it is not known which columns are constant."""
    X = np.array([[5.0, 1e5], [np.nan, 1e5 + 1]])
    scaler = RobustScaler.from_stats(center=[3.0, 1e5], scale=[2.0, 1.0])
    assert_same(answer(scaler, X), np.array([[1.0, 0.0], [np.nan, 1.0]]))
    with pytest.warns(UserWarning, match="does not hold the data of feature 1"):
        converted(scaler, X.astype(np.float32))
    decimal = DecimalScaler.from_stats(max_abs=[5.0, 2e5], n_samples=7)
    assert_same(answer(decimal, X), decimal.transform(X))


def test_pending_rows_of_a_stream_are_in_the_graph():
    """And they stay pending: converting changes nothing."""
    X = np.random.default_rng(0).normal(size=(9, 3))
    scaler = ZScoreScaler().fit(X)
    for row in X[:3] * 7:
        scaler.partial_fit(row[None])
    before = pickle.dumps(scaler)
    assert_same(answer(scaler, X), scaler.transform(X))
    assert pickle.dumps(scaler) == before


def test_gamma_and_beta_may_be_negative_and_0():
    X = np.random.default_rng(0).normal(size=(9, 3))
    scaler = BatchStatsScaler(gamma=[2.0, -1.0, 0.0], beta=[0.5, 0.0, 7.0]).fit(X)
    assert_same(answer(scaler, X), scaler.transform(X))
    with pytest.raises(ValueError, match="Column 2 was multiplied by 0"):
        inverse(scaler)


@pytest.mark.parametrize("name", ["bool", "int8", "uint8", "int16", "int32", "int64", "uint64"])
def test_integers_become_float64(name):
    X = np.random.default_rng(0).integers(0, 2, size=(20, 3)).astype(name)
    scaler = ZScoreScaler().fit(X)
    assert_same(run(to_onnx(scaler, X[:1]), X=X), scaler.transform(X))


def test_large_integers_are_rounded_as_in_numpy():
    X = np.array([[2**62 + 1], [2**62 + 257], [-(2**53) - 1]])
    scaler = MinMaxScaler().fit(X)
    assert_same(run(to_onnx(scaler, X[:1]), X=X), scaler.transform(X))


def test_short_floats_are_multiplied_once_where_numpy_does():
    """x / scale is halfway between two numbers of float32, where the last bit decides."""
    rng = np.random.default_rng(0)
    halfway = 1 + (2 * rng.integers(0, 2**22, 500) + 1) * 2.0**-24
    X = rng.uniform(1.0, 2.0, size=(1, 500)).astype(np.float32)
    scale = X[0].astype(np.float64) / halfway
    scaler = RobustScaler.from_stats(center=np.zeros(500), scale=scale)
    assert (scaler.transform(X) != (X / scale).astype(np.float32)).sum() > 20
    assert_same(answer(scaler, X), scaler.transform(X))


def test_results_are_rounded_to_float16_once():
    """By way of float32, one in some 16,000 would be a tie that it is not."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(200_000, 1)).astype(np.float16)
    X[:100] = (2.0**-24 * rng.integers(-2000, 2000, size=(100, 1))).astype(np.float16)
    for scaler in (ZScoreScaler(), MinMaxScaler((-3e-5, 1e-5)), BatchStatsScaler(gamma=3e4)):
        with np.errstate(over="ignore"):
            expected = scaler.fit(X).transform(X)
        assert_same(answer(scaler, X), expected)


# float32 that does not hold the data


def test_a_column_that_float32_does_not_hold_is_named():
    """Near 1.7e9, the numbers of float32 lie 128 apart, and the data 100."""
    times = pd.DataFrame({"a": [1.0, 3.0], "time": [1.7e9 - 100, 1.7e9 + 100], "b": [5.0, 6.0]})
    scaler = ZScoreScaler().fit(times)
    told = (
        r"float32 does not hold the data of feature 'time', of center 1\.7e\+09 and scale 100: .*"
        "Convert with DoubleTensorType"
    )
    for estimator in (scaler, inverse(scaler)):
        with pytest.warns(UserWarning, match=told):
            converted(estimator, np.zeros((1, 3), dtype=np.float32))
        converted(estimator, np.zeros((1, 3)))  # and warnings are errors here


def test_the_warning_counts_further_columns_and_names_channels():
    X = np.random.default_rng(0).normal(1e6, 1.0, size=(8, 2, 5)).astype(np.float32)
    norm = BatchNorm().fit(X)
    with pytest.warns(UserWarning, match=r"the data of channel 0, of .* \(and 1 more\)"):
        converted(norm, X)


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        ([1e39, 2e39], np.float32),  # beyond the largest
        ([1e-44, 2e-44], np.float32),  # below the smallest of any use
        ([1e5 + 1, 1e5 + 3], np.float32),
        ([300.0, 301.0], np.float16),
        ([2.0**24 + 1] * 3, np.float32),  # constant, and rounded
    ],
)
def test_data_of_another_place_than_the_dtype_has_numbers_for(column, dtype):
    scaler = ZScoreScaler().fit(np.array(column)[:, None])
    with pytest.warns(UserWarning, match=f"{np.dtype(dtype)} does not hold the data of feature 0"):
        converted(scaler, np.zeros((1, 1), dtype=dtype))


@pytest.mark.parametrize(
    ("column", "dtype"),
    [
        ([1990.0, 2020.0], np.float32),  # years
        ([101_225.0, 101_425.0], np.float32),  # pressures
        ([1.6e9, 1.7e9], np.float32),  # seconds, over three years
        ([0.0, 1e-30], np.float32),
        ([9.5, 10.5], np.float16),
        ([2.0**24] * 3, np.float32),  # constant, and held
        ([np.nan, np.nan], np.float32),
    ],
)
def test_data_that_the_dtype_holds_raise_no_warning(column, dtype):
    for scaler in (ZScoreScaler(), ZScoreScaler(with_std=False), MinMaxScaler()):
        converted(scaler.fit(np.array(column)[:, None]), np.zeros((1, 1), dtype=dtype))


# Norms


@pytest.mark.parametrize(
    "norm",
    [
        LayerNorm(),
        LayerNorm(normalized_ndim=2, gamma=np.arange(15.0).reshape(5, 3), beta=1.0),
        RMSNorm(normalized_ndim=1, gamma=[1.0, -2.0, 0.5], beta=[0.0, 1.0, 2.0]),
        AdaNorm(C=2.0, gamma=3.0),
        LayerNorm(axis=1, gamma=[1.0, 2.0, 3.0, 4.0], beta=np.arange(15.0).reshape(1, 5, 3)),
        RMSNorm(axis=(1, -1), gamma=[[[0.5]], [[1.0]], [[-3.0]], [[0.0]]], unit_offset=True),
        AdaNorm(axis=2, beta=np.arange(60.0).reshape(4, 5, 3)),
        InstanceNorm(gamma=[1.0, 2.0, 3.0, 4.0], beta=[0.0, 1.0, 0.0, 1.0]),
        InstanceNorm(channel_axis=-1, gamma=[1.0, 2.0, 3.0]),
        InstanceNorm(channel_axis=2),
        GroupNorm(num_groups=2, gamma=[1.0, 2.0, 3.0, 4.0], beta=-1.0),
        GroupNorm(num_groups=3, channel_axis=-1),
        BatchNorm(gamma=[1.0, 2.0, 3.0, 4.0], beta=0.5),
        BatchNorm(channel_axis=-1),
        BatchNorm(channel_axis=2),
        ChannelScaler("percentile", clip=(-0.5, 1.5)),
        ChannelScaler(channel_axis=-1),
        SampleScaler("minmax", feature_range=(-1.5, 1.2), channel_axis=-1),
        SampleScaler("robust", quantile_range=(10, 90)),
        SampleScaler("quantile", feature_range=(-1, 1), clip=True, channel_axis=-1),
        SampleScaler("mean_abs", channel_wise=False),
        SampleScaler("max_abs"),
    ],
    ids=repr,
)
def test_images_and_the_same_flattened(norm, images):
    """As (n, 4, 5, 3) or (n, 60), of any number of samples, whole or with missing members."""
    norm, flat = clone(norm).fit(images), clone(norm).set_params(shape=(4, 5, 3))
    flat.fit(images.reshape(6, -1))
    holes = images.copy()
    holes[np.random.default_rng(0).random(images.shape) < 0.3] = np.nan
    holes[0] = np.nan
    holes[1, 0] = 7.0  # all alike, and a channel
    for model, given, shape in (
        (converted(norm, images), norm, (4, 5, 3)),
        (converted(flat, images.reshape(6, -1)), flat, (60,)),
    ):
        for X in (images, images[:1], holes, images[:0]):
            if not len(X) and TOPK_NEEDS_ROWS and "TopK" in {n.op_type for n in model.graph.node}:
                continue
            X = X.reshape(-1, *shape)
            expected = given.transform(X) if len(X) else X
            assert_near(run(model, X=X), expected)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("positions", [(3,), (400,), (17, 31)])
def test_batch_norm_of_images_has_the_bits_of_numpy(positions, dtype):
    """For a few positions and many, which NumPy lays out differently; and the inverse."""
    X = np.random.default_rng(0).normal(5.0, 3.0, size=(5, 4, *positions)).astype(dtype)
    norm = BatchNorm(gamma=[1.0, -2.0, 3.0, 4.0], beta=0.5).fit(X)
    Z = norm.transform(X)
    assert_same(answer(norm, X), Z)
    assert_same(answer(inverse(norm), Z), norm.inverse_transform(Z))


def test_a_group_of_equal_members_becomes_exactly_0():
    """The mean of three times 0.1 is not 0.1 in floats."""
    X = np.array([[0.1, 0.1, 0.1], [1e300] * 3, [np.nan, 5e-324, 5e-324]])
    expected = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 0.0]])
    assert_same(answer(LayerNorm(eps=0.0), X), expected)
    rng = np.random.default_rng(0)
    for size in (2, 3, 7, 97, 1000, 30_011):
        X = np.ldexp(rng.random(50), rng.integers(-1070, 1023, 50))[:, None] * np.ones(size)
        X[25:, ::3] = np.nan
        Z = answer(LayerNorm(eps=0.0), X)
        np.testing.assert_array_equal(Z, np.where(np.isnan(X), np.nan, 0.0))


@pytest.mark.parametrize("power", [-1070, -1030, -530, 0, 530, 1017])
def test_a_norm_of_any_unit(power):
    """By hand: where squares, or sums, would leave the range of floats, nothing changes."""
    X = np.ldexp([[10.0, 50.0], [1.0, 3.0]], power)
    assert_near(answer(LayerNorm(eps=0.0), X), np.array([[-1.0, 1.0], [-1.0, 1.0]]), ulps=1)
    X = np.ldexp([[1.0, -7.0]], power)
    assert_near(answer(RMSNorm(eps=0.0), X), np.array([[0.2, -1.4]]), ulps=1)


def test_a_long_sample_is_summed_with_care():
    X = np.random.default_rng(0).normal(1e6, 1.0, size=(2, 100_000))
    assert_near(answer(LayerNorm(), X), LayerNorm().transform(X))


def test_the_shape_of_a_sample_comes_from_the_type_or_the_fit(images):
    """As for transform, a norm of single samples needs no fit."""
    anything = data_types.DoubleTensorType([None, None, None, None])
    fitted = LayerNorm().fit(images)
    model = convert_sklearn(fitted, initial_types=[("X", anything)])
    assert_near(run(model, X=images), fitted.transform(images))
    assert_near(answer(LayerNorm(), images), fitted.transform(images))
    flat = data_types.DoubleTensorType([None, None])
    model = convert_sklearn(LayerNorm(shape=(4, 15)), initial_types=[("X", flat)])
    assert_near(run(model, X=images.reshape(6, 60)), fitted.transform(images).reshape(6, 60))
    with pytest.raises(ValueError, match="The shape of a sample is not known: fit this LayerNorm"):
        convert_sklearn(LayerNorm(), initial_types=[("X", anything)])
    with pytest.raises(ValueError, match=r"samples of shape \(4, 5, 3\), as in fit"):
        answer(fitted, images[:, :, :, :2])


# Pipelines and columns


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(50.0, 20.0, size=(120, 4)), columns=list("abcd"))
    frame["n"] = rng.integers(0, 100, 120)
    frame.loc[::7, "b"] = np.nan
    return frame


def named_inputs(frame):
    return {name: frame[[name]].to_numpy() for name in frame}


@pytest.mark.parametrize("model", [LogisticRegression(), KNeighborsClassifier()], ids=repr)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_classifier_after_scalers_and_norms_predicts_the_same(model, dtype, table):
    X, y = table[["a", "c", "d"]].to_numpy(dtype), table["n"] > 50
    pipeline = make_pipeline(ZScoreScaler(), RobustScaler(), LayerNorm(), clone(model)).fit(X, y)
    graph = to_onnx(pipeline, X[:1], options={"zipmap": False})
    session = onnxruntime.InferenceSession(graph.SerializeToString())
    labels, chances = session.run(None, {"X": X})
    np.testing.assert_array_equal(labels, pipeline.predict(X))
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    np.testing.assert_allclose(chances, pipeline.predict_proba(X), rtol=0, atol=tolerance)


def test_a_regression_of_a_scaled_target_is_undone_in_one_graph(table):
    """A regressor is no transformer; ONNX joins its graph and that of the inverse."""
    X, y = table[["a", "c"]].to_numpy(), table[["d"]].to_numpy()
    scaler = ZScoreScaler().fit(y)
    model = make_pipeline(MinMaxScaler(), Ridge()).fit(X, scaler.transform(y))
    graphs = [to_onnx(m, X[:1, :k], target_opset=18) for m, k in ((model, 2), (inverse(scaler), 1))]
    joined = onnx.compose.merge_models(
        *graphs, io_map=[("variable", "X")], prefix1="first_", prefix2="then_"
    )
    scaled = model.predict(X).reshape(-1, 1)
    np.testing.assert_allclose(run(joined, first_X=X), scaler.inverse_transform(scaled), rtol=1e-12)


@pytest.mark.parametrize("columns", [["a", "n"], ["n", "a"], ["n"]])
def test_columns_by_name_one_input_each(columns, table):
    """Integers among them, in any order, and missing values."""
    transformer = ColumnTransformer(
        [
            ("z", ZScoreScaler(), columns),
            ("m", MinMaxScaler(clip=True), ["c"]),
            ("two", make_pipeline(DecimalScaler(), RobustScaler()), ["b", "d"]),
        ]
    ).fit(table)
    model = to_onnx(transformer, table[:1])
    assert [i.name for i in model.graph.input] == list(table)
    assert_same(run(model, **named_inputs(table)), np.asarray(transformer.transform(table)))


def test_a_frame_alone_has_one_input_per_column(table):
    """Without a ColumnTransformer, columns are laid side by side."""
    for frame in (table, table[["a", "b"]].astype(np.float32)):
        scaler = MinMaxScaler((-1, 1)).set_output(transform="default").fit(frame)
        model = to_onnx(scaler, frame[:1])
        assert_same(run(model, **named_inputs(frame)), np.asarray(scaler.transform(frame)))


def test_columns_in_another_order_than_in_the_fit_are_refused(table):
    """As in transform; names that are no columns say nothing of the order."""
    scaler = ZScoreScaler().fit(table[["a", "b"]])
    for estimator in (scaler, inverse(scaler)):
        with pytest.raises(ValueError, match=r"order \['b', 'a'\], but the columns of the fit"):
            to_onnx(estimator, table[["b", "a"]][:1])
    other = to_onnx(scaler, table[["a", "b"]][:1].set_axis(["p", "q"], axis=1))
    inputs = {"p": table[["a"]].to_numpy(), "q": table[["b"]].to_numpy()}
    assert_same(run(other, **inputs), np.asarray(scaler.transform(table[["a", "b"]])))


def test_a_union_of_scalers(table):
    X = table[["a", "c"]].to_numpy()
    union = FeatureUnion([("z", ZScoreScaler()), ("m", MinMaxScaler())]).fit(X)
    assert_same(answer(union, X), union.transform(X))


def test_a_pipeline_keeps_float16(table):
    X = table[["a", "c"]].to_numpy(np.float16)
    pipeline = make_pipeline(ZScoreScaler(), MinMaxScaler()).fit(X)
    assert_same(answer(pipeline, X), pipeline.transform(X))


# The inverse as a transformer


def test_the_inverse_is_a_fitted_transformer(table):
    """It stays fitted in clones, pickles and pipelines, and scales again by its own inverse."""
    scaler = RobustScaler().fit(table)
    undo = inverse(scaler)
    assert isinstance(undo, Inverse)
    Z = pd.DataFrame(scaler.transform(table), columns=list(table))
    expected = scaler.inverse_transform(Z)
    for twin in (undo, clone(undo), pickle.loads(pickle.dumps(undo)), undo.fit(Z)):
        pd.testing.assert_frame_equal(pd.DataFrame(twin.transform(Z)), pd.DataFrame(expected))
        np.testing.assert_array_equal(twin.inverse_transform(expected), scaler.transform(expected))
    assert undo.get_feature_names_out().tolist() == list(table)
    assert undo.get_params(deep=False) == {"estimator": scaler}
    assert undo.n_features_in_ == 5
    assert not hasattr(inverse(ZScoreScaler().fit(np.eye(2))), "feature_names_in_")


def test_the_inverse_gives_the_frame_asked_for(table):
    scaler = ZScoreScaler().fit(table)
    frame = inverse(scaler).set_output(transform="polars").transform(scaler.transform(table))
    assert frame.columns == list(table)


def test_the_inverse_of_an_inverse_is_the_estimator(table):
    X = table[["a", "c"]].to_numpy()
    scaler = MinMaxScaler((-2, 3)).fit(X)
    assert_same(answer(inverse(inverse(scaler)), X), scaler.transform(X))


def test_the_inverse_follows_its_estimator():
    scaler = MinMaxScaler().fit([[0.0], [1.0]])
    undo = inverse(scaler)
    scaler.partial_fit([[3.0]])
    assert undo.transform([[1.0]]).item() == 3.0


# Errors


@pytest.mark.parametrize(
    "name", [n for n in ESTIMATORS if n in {type(e).__name__ for e in SCALERS}]
)
def test_a_scaler_that_is_not_fitted_is_refused(name):
    scaler = getattr(sklearn_norm, name)()
    for method in (scaler.onnx_parser, scaler.onnx_shape_calculator, scaler.onnx_converter):
        with pytest.raises(NotFittedError, match=f"This {name} instance is not fitted yet"):
            method()
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        to_onnx(scaler, np.eye(3))
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        inverse(scaler)


@pytest.mark.parametrize("norm", NORMS, ids=repr)
def test_a_norm_of_single_samples_has_no_inverse_of_its_own(norm):
    with pytest.raises(ValueError, match="normalises each sample by its own statistics"):
        inverse(norm)


def test_what_is_not_ours_has_no_inverse():
    with pytest.raises(TypeError, match="StandardScaler is no estimator of sklearn_norm"):
        inverse(StandardScaler().fit(np.eye(2)))


def test_inputs_of_another_width_or_kind_are_refused():
    scaler = ZScoreScaler().fit(np.eye(3))
    wrong = {
        r"X has the shape \(None, 2\), but ZScoreScaler is expecting 3 features": [
            ("X", data_types.DoubleTensorType([None, 2]))
        ],
        "An input of type StringTensorType holds no numbers: give DoubleTensorType": [
            ("X", data_types.StringTensorType([None, 3]))
        ],
        r"expecting 3 features as input: \(None, 3\)": [
            (name, data_types.DoubleTensorType([None, 1])) for name in "abcd"
        ],
        "Several inputs lie side by side as columns, of shape": [
            ("X", data_types.DoubleTensorType([None, 3])),
            ("Y", data_types.DoubleTensorType([None, 3, 2])),
        ],
    }
    for message, initial_types in wrong.items():
        with pytest.raises(ValueError, match=message):
            convert_sklearn(scaler, initial_types=initial_types)


def test_batch_norm_of_other_channels_is_refused(images):
    norm = BatchNorm().fit(images)
    norm = inside.without_columns(norm)  # as one that came from PyTorch
    assert_same(answer(norm, images), norm.transform(images))
    with pytest.raises(ValueError, match="X has 5 channels, but BatchNorm is expecting 4"):
        answer(norm, images.swapaxes(1, 2))


def test_sparse_data_are_refused():
    """By skl2onnx, and by onnxruntime: ONNX has dense tensors only."""
    X = sparse.csr_array(np.eye(3))
    scaler = MinMaxScaler().fit(X)
    with pytest.raises(TypeError, match="csr_array"):
        to_onnx(scaler, X)
    model = converted(scaler, np.eye(3))
    with pytest.raises(RuntimeError):
        run(model, X=X)
    assert_same(run(model, X=X.toarray()), np.eye(3))


def test_a_missing_package_names_the_extra(monkeypatch):
    for name in [n for n in sys.modules if n.partition(".")[0] == "skl2onnx"]:
        monkeypatch.setitem(sys.modules, name, None)
    scaler = ZScoreScaler().fit(np.eye(3))
    for method in (scaler.onnx_parser, scaler.onnx_shape_calculator, scaler.onnx_converter):
        with pytest.raises(ImportError, match=r"pip install 'sklearn-norm\[onnx\]'"):
            method()
    np.testing.assert_array_equal(inverse(scaler).transform(scaler.transform(np.eye(3))), np.eye(3))


@dataclass(frozen=True, eq=False)
class Half(Bend):
    def bend(self, x):
        return x / 2

    def unbend(self, y):
        return y * 2


@dataclass(frozen=True, eq=False)
class CubeRoot(Bend):
    def bend(self, x):
        return np.cbrt(x)

    def unbend(self, y):
        return y * y * y


class Halved(ZScoreScaler):
    def _rule(self, statistic):
        return Chain(Half(), super()._rule(statistic))


class CubeRoots(ZScoreScaler):
    def _rule(self, statistic):
        return Chain(CubeRoot(), super()._rule(statistic))


def test_what_a_graph_cannot_hold_is_an_error_and_is_not_left_out():
    """An estimator may do more than its map, in NumPy's functions; not all of them are known."""

    X = np.random.default_rng(0).normal(size=(5, 2))
    assert_same(answer(Halved().fit(X), X), Halved().fit(X).transform(X))
    with pytest.raises(TypeError, match="ufunc 'cbrt'"):
        answer(CubeRoots().fit(X), X)
    traced = Traced(None, "X", (-1, 2), np.float64)
    for wrong in (np.asarray, np.linalg.norm, np.sort, np.add.accumulate):
        with pytest.raises((TypeError, ValueError)):
            wrong(traced)


def test_a_graph_of_a_loaded_scaler_is_the_same(tmp_path):
    X = np.random.default_rng(0).normal(size=(5, 2))
    scaler = DecimalScaler().fit(X * 1e-5)
    joblib.dump(scaler, tmp_path / "scaler")
    loaded = joblib.load(tmp_path / "scaler")
    one, other = (converted(s, X.astype(np.float32)).graph for s in (scaler, loaded))
    assert list(one.node) == list(other.node)
    assert list(one.initializer) == list(other.initializer)
