"""Scalers that have seen columns, but no rows: legal, readable, and no trace of them later."""

import json
import pickle

import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
from configurations import public_estimators
from inside import RunningScaler, Scaler, container_of, map_of, statistic_of
from laws import assert_same_bits, assert_same_state, read_scaler
from scipy import sparse
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import BatchNorm, BatchStatsScaler, MinMaxScaler, ZScoreScaler

NAMES = ["age", "height", "weight"]
RNG = np.random.default_rng(5)
X = RNG.lognormal(0.0, 3.0, (40, 3))
X[3, 1] = np.nan
NOTHING = X[:0]
SIZES = (1, 1, 2, 7, 1, 28)  # of the batches of a stream
KINDS = {
    "float32": NOTHING.astype(np.float32),
    "float16": NOTHING.astype(np.float16),
    "int64": NOTHING.astype(np.int64),
    "uint8": NOTHING.astype(np.uint8),
    "bool": NOTHING.astype(bool),
    "object": NOTHING.astype(object),
    "masked": np.ma.masked_invalid(NOTHING),
}
SPARSE = [sparse.csr_array, sparse.csc_array, sparse.csr_matrix, sparse.csc_matrix]

scalers = [e for e in public_estimators() if isinstance(e, Scaler)]
mergeable = [e for e in scalers if getattr(e, "momentum", None) is None]
running = [e for e in scalers if isinstance(e, RunningScaler)]
of_sparse = [e for e in scalers if e.__sklearn_tags__().input_tags.sparse]
every_scaler = pytest.mark.parametrize("scaler", scalers, ids=repr)
every_mergeable = pytest.mark.parametrize("scaler", mergeable, ids=repr)


def empty(scaler, given=NOTHING):
    return clone(scaler).partial_fit(given)


def batches(data=X):
    return np.split(data, np.cumsum(SIZES)[:-1])


def streamed(scaler, parts):
    for part in parts:
        scaler.partial_fit(part)
    return scaler


def knows_something(scaler):
    """Whether the parameters alone give a map: a known range, a prior, or no step at all."""
    kind, given = type(scaler).__name__, scaler.get_params()
    return (
        given.get("data_range") is not None
        or (given.get("bias_correction") is False and given["momentum"] is not None)
        or (kind == "ZScoreScaler" and not given["with_mean"] and not given["with_std"])
        or (kind in ("LogScaler", "PowerScaler") and not given["standardize"])
    )


# What is known


@every_scaler
def test_no_rows_leave_columns_and_nothing_else(scaler):
    """The columns are known, every weight is 0, and no column is constant."""
    scaler = empty(scaler)
    assert scaler.n_features_in_ == 3
    assert not hasattr(scaler, "feature_names_in_")
    assert scaler.n_samples_seen_ == 0
    assert scaler.constant_features_.size == 0
    assert not statistic_of(scaler).weight.any()


@every_scaler
def test_centers_and_scales_without_data_are_nan(scaler):
    """Unless the parameters tell them: a known range, the prior of running averages."""
    values = read_scaler(empty(scaler))
    told = knows_something(scaler)
    for name in ("affine center", "affine scale"):
        if name in values:
            assert values[name].shape == (3,)
            assert np.isnan(values[name]).all() != told


@every_scaler
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_without_rows_leave_their_names(scaler, frame):
    """Names and the kind of frame are remembered; what follows must have these columns."""
    data = frame(dict(zip(NAMES, X.T, strict=True)))
    scaler = empty(scaler, data[:0])
    assert list(scaler.feature_names_in_) == NAMES
    assert container_of(scaler) == frame.__module__.partition(".")[0]
    with pytest.raises(ValueError, match="feature names"):
        scaler.partial_fit(data[NAMES[::-1]])
    with pytest.raises(ValueError, match="feature"):
        scaler.partial_fit(data[NAMES[:2]])
    alone = clone(scaler).partial_fit(data)
    assert_same_bits(read_scaler(scaler.partial_fit(data)), read_scaler(alone))
    assert isinstance(scaler.inverse_transform(data[:0]), frame)


@every_scaler
@pytest.mark.parametrize("kind", KINDS)
def test_arrays_of_any_kind_without_rows(scaler, kind):
    """The dtype of an empty array does not matter."""
    assert_same_state(empty(scaler, KINDS[kind]), empty(scaler))


@pytest.mark.parametrize("scaler", of_sparse, ids=repr)
@pytest.mark.parametrize("kind", SPARSE, ids=lambda kind: kind.__name__)
def test_sparse_arrays_without_rows(scaler, kind):
    """CSR and CSC without rows leave the same as a dense array does."""
    scaler = empty(scaler, kind(NOTHING))
    assert_same_state(scaler, empty(scaler))
    data = np.nan_to_num(X)
    alone = clone(scaler).partial_fit(kind(data))
    assert_same_bits(read_scaler(scaler.partial_fit(kind(data))), read_scaler(alone))


@pytest.mark.parametrize("scaler", [e for e in of_sparse if not knows_something(e)], ids=repr)
def test_sparse_zeros_cannot_be_scaled_without_data(scaler):
    """What 0 maps to must be 0, and is not known."""
    with pytest.raises(sklearn_norm.exceptions.SparseDataError, match="zeros of sparse column 0"):
        empty(scaler).transform(sparse.csr_array(np.eye(3)))


# What it does


@every_scaler
def test_transform_and_its_inverse_without_data(scaler):
    """All is NaN where nothing is known; rows, dtypes and frames are kept."""
    scaler = empty(scaler)
    for dtype in (np.float64, np.float32, np.float16):
        data = np.nan_to_num(X[:4]).clip(0, 9).astype(dtype)
        Z = scaler.transform(data)
        back = scaler.inverse_transform(Z)
        assert Z.dtype == back.dtype == dtype
        assert Z.shape == back.shape == data.shape
        assert np.isnan(Z).all() != knows_something(scaler)
        assert np.isnan(back).all() == np.isnan(Z).all()


@every_scaler
def test_fit_of_no_rows_is_an_error_still(scaler):
    """fit and fit_transform want rows; the error changes nothing."""
    for twin in (clone(scaler), empty(scaler), clone(scaler).fit(X)):
        before = pickle.dumps(twin)
        for act in (twin.fit, twin.fit_transform):
            with pytest.raises(ValueError, match="minimum of 1 is required"):
                act(NOTHING)
        assert pickle.dumps(twin) == before


@every_scaler
def test_wrong_columns_after_no_rows_are_refused(scaler):
    """The number of columns is that of the empty array."""
    scaler = empty(scaler)
    before = pickle.dumps(scaler)
    for act in (scaler.partial_fit, scaler.transform):
        for wrong in (X[:, :2], X[:0, :2]):
            with pytest.raises(ValueError, match=r"features|channels|sample"):
                act(wrong)
    assert pickle.dumps(scaler) == before


@every_scaler
def test_copies_of_the_empty_are_the_same_and_go_on(scaler):
    """Pickles, JSON and clones: a clone forgets the columns, the others keep them."""
    scaler = empty(scaler, pd.DataFrame(NOTHING, columns=NAMES))
    text = json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False)
    data = pd.DataFrame(X, columns=NAMES)
    alone = clone(scaler).partial_fit(data)
    for twin in (pickle.loads(pickle.dumps(scaler)), sklearn_norm.from_dict(json.loads(text))):
        assert_same_state(twin, scaler)
        assert_same_bits(read_scaler(twin.partial_fit(data)), read_scaler(alone))
    assert not hasattr(clone(scaler), "n_features_in_")


# No trace of it later


@every_scaler
@pytest.mark.parametrize("where", range(len(SIZES) + 1))
def test_no_rows_anywhere_in_a_stream_change_no_bit(scaler, where):
    """First, between or last: all attributes after each batch are the same to the bit."""
    parts = batches()
    with_none = [*parts[:where], NOTHING, *parts[where:]]
    plain, holed = clone(scaler), clone(scaler)
    found = [read_scaler(holed.partial_fit(part)) for part in with_none]
    del found[where]
    for part, values in zip(parts, found, strict=True):
        assert_same_bits(values, read_scaler(plain.partial_fit(part)))
    assert_same_bits(holed.transform(X), plain.transform(X))


@every_scaler
def test_no_rows_twice_change_nothing(scaler):
    """Nor do weights of no rows."""
    once = empty(scaler)
    twice = empty(scaler).partial_fit(NOTHING).partial_fit(NOTHING, sample_weight=np.ones(0))
    assert_same_state(twice, once)
    assert_same_state(clone(scaler).partial_fit(NOTHING, sample_weight=np.ones(0)), once)


@every_scaler
def test_no_rows_after_a_fit_change_nothing(scaler):
    fitted = clone(scaler).fit(X)
    before = pickle.dumps(fitted)
    assert pickle.dumps(fitted.partial_fit(NOTHING)) == before


@every_scaler
def test_columns_that_are_absent_first_leave_no_trace(scaler):
    """Batches of NaN alone count as no rows."""
    parts = batches()
    plain = streamed(clone(scaler), parts)
    late = streamed(clone(scaler), [np.full((2, 3), np.nan), *parts])
    assert_same_bits(read_scaler(late), read_scaler(plain))


@pytest.mark.parametrize("scaler", running, ids=repr)
def test_the_first_row_may_be_a_step_of_training(scaler):
    """partial_fit_transform continues from an empty batch as from a new scaler."""
    for using in ("batch", "after"):
        alone, after = clone(scaler), empty(scaler)
        expected = alone.partial_fit_transform(X, using=using)
        assert_same_bits(after.partial_fit_transform(X, using=using), expected)
        assert_same_bits(read_scaler(after), read_scaler(alone))


# Merged


@every_mergeable
def test_a_merge_with_the_empty_changes_no_bit(scaler):
    """From either side, also of streams with pending batches."""
    for fitted in (clone(scaler).fit(X), streamed(clone(scaler), batches())):
        expected, Z = read_scaler(fitted), fitted.transform(X)
        for merged in (fitted.merge(empty(scaler)), empty(scaler).merge(fitted)):
            assert_same_bits(read_scaler(merged), expected)
            assert_same_bits(merged.transform(X), Z)


@every_mergeable
def test_a_merge_of_the_empty_is_empty(scaler):
    """And data after it lead to the same as data alone."""
    merged = empty(scaler).merge(empty(scaler)).merge(empty(scaler))
    assert_same_state(merged, empty(scaler))
    plain = streamed(clone(scaler), batches())
    assert_same_bits(read_scaler(streamed(merged, batches())), read_scaler(plain))


@every_mergeable
def test_a_merge_of_other_columns_is_refused(scaler):
    """That a scaler is empty does not make its columns those of another."""
    named = empty(scaler, pd.DataFrame(NOTHING, columns=NAMES))
    with pytest.raises(ValueError, match="different columns"):
        named.merge(clone(scaler).fit(X))
    with pytest.raises(ValueError, match="different"):
        clone(scaler).fit(X[:, :2]).merge(empty(scaler))


@pytest.mark.parametrize("scaler", [e for e in scalers if e not in mergeable], ids=repr)
def test_exponential_streams_are_not_merged_when_empty_either(scaler):
    with pytest.raises(ValueError, match="no defined order"):
        empty(scaler).merge(clone(scaler).fit(X))


# The laws


@every_scaler
def test_the_laws_hold_for_the_empty(scaler):
    """Copies, use and the order of columns."""
    fitted = empty(scaler)
    first, before = read_scaler(fitted), pickle.dumps(fitted)
    Z = fitted.transform(X)
    fitted.inverse_transform(Z)
    assert_same_bits(fitted.transform(X), Z)
    assert_same_bits(read_scaler(fitted), first)
    assert pickle.dumps(fitted) == before
    for name, variant in laws.layouts(X).items():
        assert_same_bits(fitted.transform(variant), Z, name)
    alone = empty(scaler, NOTHING[:, :1]).transform(X[:, :1])
    assert_same_bits(alone, Z[:, :1])


@pytest.mark.parametrize(  # of normal quantiles there is no graph
    "scaler", [e for e in scalers if getattr(e, "output", "uniform") != "normal"], ids=repr
)
def test_converted_to_onnx_the_empty_gives_the_same(scaler):
    """The graph of a scaler without data gives NaN, or what its parameters tell."""
    onnxruntime = pytest.importorskip("onnxruntime")
    skl2onnx = pytest.importorskip("skl2onnx")
    scaler = empty(scaler)
    model = skl2onnx.to_onnx(scaler, X[:1])
    session = onnxruntime.InferenceSession(model.SerializeToString())
    # functions that ONNX lacks are composed of others
    near = 1e-14 if type(scaler).__name__ in ("LogScaler", "PowerScaler") else 0
    np.testing.assert_allclose(session.run(None, {"X": X})[0], scaler.transform(X), near)


# Tensors


@pytest.mark.parametrize("norm", [e for e in scalers if isinstance(e, BatchNorm)], ids=repr)
def test_tensors_without_samples_leave_their_shape(norm):
    """The shape of a sample is known, and a channel has the weight 0."""
    images = RNG.normal(2.0, 3.0, (5, 3, 4, 2))
    after, alone = empty(norm, images[:0]), clone(norm)
    assert after.shape_ == (3, 4, 2)
    assert after.n_features_in_ == 24
    assert after.n_samples_seen_ == 0
    Z = after.transform(images)
    assert Z.shape == images.shape
    assert np.isnan(Z).all() != knows_something(norm)
    with pytest.raises(ValueError, match="samples of shape"):
        after.partial_fit(images[:, :2, :, :1])
    assert_same_bits(read_scaler(after.partial_fit(images)), read_scaler(alone.partial_fit(images)))


def test_flat_tensors_without_samples():
    """The parameter `shape` tells the shape; without rows as well."""
    norm = BatchNorm(shape=(3, 4)).partial_fit(np.zeros((0, 12)))
    assert norm.shape_ == (3, 4)
    assert norm.running_mean_.shape == (3,)


def known_norm(**params):
    """Return a norm whose channels are known, but not the shape of a sample, as of PyTorch."""
    return BatchNorm.from_stats(running_mean=[1.0, 2.0], running_var=4.0, n_batches=3, **params)


@pytest.mark.parametrize("momentum", [0.1, None])
def test_no_samples_tell_a_known_norm_their_shape(momentum):
    """Statistics stay as they were to the bit; what follows must have these channels."""
    images = RNG.normal(size=(4, 2, 5))
    norm, alone = known_norm(momentum=momentum), known_norm(momentum=momentum)
    before = read_scaler(norm)
    norm.partial_fit(images[:0])
    assert norm.shape_ == (2, 5)
    assert_same_bits({**read_scaler(norm), "n_features_in_": 0}, {**before, "n_features_in_": 0})
    assert_same_bits(norm.transform(images), alone.transform(images))
    assert_same_bits(read_scaler(norm.partial_fit(images)), read_scaler(alone.partial_fit(images)))
    with pytest.raises(ValueError, match="samples of shape"):
        norm.partial_fit(images[:, :1])
    with pytest.raises(ValueError, match="3 channels"):
        known_norm().partial_fit(np.zeros((0, 3, 5)))


# Parameters


def test_no_rows_check_the_parameters():
    """A wrong parameter is an error before any data, and leaves nothing behind."""
    scaler = MinMaxScaler(feature_range=(1, 0))
    with pytest.raises(ValueError, match="feature_range"):
        scaler.partial_fit(NOTHING)
    assert not hasattr(scaler, "n_features_in_")


def test_parameters_may_change_before_the_first_row():
    """The map is made by those in force when the first row comes."""
    scaler = ZScoreScaler().partial_fit(NOTHING).set_params(ddof=1).partial_fit(X)
    assert_same_bits(read_scaler(scaler), read_scaler(ZScoreScaler(ddof=1).partial_fit(X)))


def test_a_prior_that_is_asked_for_late_is_none():
    """Running averages start with the first batch, also one without rows."""
    prior = BatchStatsScaler(bias_correction=False).partial_fit(NOTHING)
    assert_same_bits(prior.running_mean_, np.zeros(3))
    assert_same_bits(prior.running_var_, np.ones(3))
    assert map_of(prior).gain is None
