"""BatchNorm: BatchStatsScaler over channels, and what tensors add to it."""

from __future__ import annotations

import itertools
import pickle
from copy import deepcopy
from functools import partial

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from laws import EPS, assert_close, assert_same_bits, bits, chunks
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags

from sklearn_norm import BatchNorm, BatchStatsScaler
from sklearn_norm.tensors.axes import LONG

NAN = np.nan
DTYPES = [np.float64, np.float32, np.float16]
POSITIONS = [(5,), (LONG - 1,), (LONG,), (20, 17)]  # on both sides of a change of method
RULES = [
    {"momentum": m, "bias_correction": c, "variance": v, "ddof": d}
    for m, c, v, d in itertools.product(
        [0.1, 1.0, None], [True, False], ["total", "within"], [0, 1]
    )
]
NAMES = ("running_mean_", "running_var_", "scale_", "n_batches_seen_", "n_samples_seen_")
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda r: ",".join(map(str, r.values())))


def batch(n=6, channels=3, positions=(5,), dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    wide = (channels, *[1] * len(positions))
    center = np.array([0.0, 50.0, -7.0, 3.0])[:channels].reshape(wide)
    spread = np.array([1.0, 3.0, 0.1, 2.0])[:channels].reshape(wide)
    return (center + spread * rng.normal(size=(n, channels, *positions))).astype(dtype)


def rows_of(X, channel_axis=1):
    """Return the members of channels as columns: samples, and their positions, as rows."""
    return np.moveaxis(X, channel_axis, -1).reshape(-1, X.shape[channel_axis])


def read(norm):
    return {name: getattr(norm, name) for name in NAMES}


def state(norm):
    return joblib.hash(norm.__getstate__())


def close(actual, expected, rtol=1e-12, atol=1e-12):
    np.testing.assert_allclose(actual, expected, rtol, atol)


# The same as BatchStatsScaler on the rows of samples and positions


@every_rule
@pytest.mark.parametrize(
    ("positions", "channel_axis"), list(zip(POSITIONS, (1, -1, 1, -1), strict=True)), ids=str
)
def test_channels_are_columns_of_rows_of_samples_and_positions(positions, channel_axis, rule):
    """A stream of batches, with missing values and weights, in training and in use."""
    vectors = {"gamma": [2.0, -1.0, 0.5], "beta": [0.0, 1.0, -3.0], "eps": 1e-3}
    norm = BatchNorm(channel_axis=channel_axis, **rule, **vectors)
    peer = BatchStatsScaler(**rule, **vectors)
    rng = np.random.default_rng(1)
    for step, n in enumerate((4, 1, 7)):
        X = batch(n, positions=positions, seed=step)
        weight = None
        if step > 0:
            X[rng.random(X.shape) < 0.1] = NAN
            weight = rng.integers(0, 3, n) + 0.5
        if channel_axis == -1:
            X = np.ascontiguousarray(np.moveaxis(X, 1, -1))
        rows = rows_of(X, channel_axis)
        repeated = None if weight is None else np.repeat(weight, np.prod(positions))
        for using in ("batch", "after")[: step and 2]:
            one, two = deepcopy(norm), deepcopy(peer)
            Z = one.partial_fit_transform(X, sample_weight=weight, using=using)
            expected = two.partial_fit_transform(rows, sample_weight=repeated, using=using)
            close(rows_of(Z, channel_axis), expected)
        norm.partial_fit(X, sample_weight=weight)
        peer.partial_fit(rows, sample_weight=repeated)
        assert_close(read(norm), read(peer))
        assert norm.running_mean_.shape == norm.running_var_.shape == (3,)
        close(rows_of(norm.transform(X), channel_axis), peer.transform(rows))
        close(rows_of(norm.inverse_transform(X), channel_axis), peer.inverse_transform(rows), 1e-11)


def test_running_statistics_by_hand():
    """Two channels; batches of means 2, 30 and 6, 0; half of the weight is the new batch's."""
    norm = BatchNorm(momentum=0.5, eps=0.0, variance="within")
    norm.fit([[[1.0, 3.0], [10.0, 50.0]]])
    assert norm.running_mean_.tolist() == [2.0, 30.0]
    assert norm.running_var_.tolist() == [1.0, 400.0]
    assert norm.transform([[[4.0, 2.0], [-10.0, 30.0]]]).tolist() == [[[2.0, 0.0], [-2.0, 0.0]]]
    norm.partial_fit([[[4.0, 8.0], [0.0, 0.0]], [[6.0, 6.0], [-1.0, 1.0]]])
    close(norm.running_mean_, [(2 + 2 * 6) / 3, 30 / 3])  # the weights 1/3 and 2/3
    close(norm.running_var_, [(1 + 2 * 2) / 3, (400 + 2 * 0.5) / 3])
    close(norm.scale_, np.sqrt(norm.running_var_))
    assert (norm.n_batches_seen_, norm.n_samples_seen_) == (2, 6)
    assert (norm.shape_, norm.n_features_in_) == ((2, 2), 4)
    norm = BatchNorm(eps=3.0, gamma=[4.0, 1.0], beta=1.0).fit([[[1.0, 3.0], [0.0, 2.0]]])
    assert norm.scale_.tolist() == [2.0, 2.0]
    assert norm.transform([[[6.0, 2.0], [5.0, 1.0]]]).tolist() == [[[9.0, 1.0], [3.0, 1.0]]]


@every_rule
def test_two_axes_are_features_that_are_channels(rule):
    """As in BatchNorm1d: the bits of BatchStatsScaler, in every method, whatever channel_axis."""
    X = batch(40, positions=()).copy()
    X[3, 1] = NAN
    weight = np.linspace(0.5, 2, 40)
    peer = (
        BatchStatsScaler(**rule).partial_fit(X[:10]).partial_fit(X[10:], sample_weight=weight[10:])
    )
    for axis in (1, -1, 2):
        norm = BatchNorm(channel_axis=axis, **rule)
        norm.partial_fit(X[:10]).partial_fit(X[10:], sample_weight=weight[10:])
        assert_same_bits(read(norm), read(peer))
        assert_same_bits(norm.transform(X), peer.transform(X))
        assert_same_bits(norm.inverse_transform(X), peer.inverse_transform(X))
        some = norm.inverse_transform(X[:, [0, 2]], columns=[0, 2])
        assert_same_bits(some, peer.inverse_transform(X[:, [0, 2]], columns=[0, 2]))


# The stream


@every_rule
@pytest.mark.parametrize("using", ["batch", "before", "after"])
def test_all_ways_of_using_learn_the_same(using, rule):
    """State and map are those of partial_fit; "before" has seen none of the batch."""
    norm = BatchNorm(**rule).partial_fit(batch())
    for step in (1, 2):
        X = batch(3, seed=step)
        before, after = norm.transform(X), deepcopy(norm).partial_fit(X)
        own = BatchNorm(ddof=0).fit(X).transform(X)
        Z = norm.partial_fit_transform(X, using=using)
        expected = {"batch": own, "before": before, "after": after.transform(X)}[using]
        assert_same_bits(Z, expected)
        assert state(norm) == state(after)


def test_before_needs_a_past_or_a_prior():
    """A new norm has none; bias_correction=False begins with mean 0 and variance 1."""
    X = batch()
    norm = BatchNorm()
    with pytest.raises(NotFittedError, match=r"Call partial_fit.*bias_correction=False"):
        norm.partial_fit_transform(X, using="before")
    assert vars(norm) == norm.get_params()
    norm = BatchNorm(bias_correction=False, eps=3.0, beta=1.0)
    close(norm.partial_fit_transform(X, using="before"), X / 2 + 1)
    assert norm.n_batches_seen_ == 1
    with pytest.raises(NotFittedError):
        BatchNorm().transform(X)
    assert get_tags(BatchNorm()).requires_fit


@pytest.mark.parametrize("positions", POSITIONS, ids=str)
@pytest.mark.parametrize("variance", ["total", "within"])
def test_averages_of_batches_merge_in_any_order(variance, positions):
    """momentum=None: merged norms are the stream of all batches, and neither is changed."""
    make = partial(BatchNorm, momentum=None, variance=variance)
    parts = chunks(batch(20, positions=positions), [3, 4, 11])
    streamed = make()
    for part in parts:
        streamed.partial_fit(part)
    one, two, three, four = (make().fit(part) for part in parts)
    before = state(one), state(two)
    merged = three.merge(one).merge(four.merge(two))
    assert_close(read(merged), read(streamed))
    assert (merged.shape_, merged.n_features_in_) == (streamed.shape_, streamed.n_features_in_)
    close(merged.transform(parts[0]), streamed.transform(parts[0]))
    assert (state(one), state(two)) == before
    merged.partial_fit(parts[0])
    assert merged.n_batches_seen_ == 5


def test_what_has_no_merge_is_refused():
    """Exponential streams, other parameters, classes, channels and shapes."""
    make, X = partial(BatchNorm, momentum=None), batch(6, positions=(4,))
    with pytest.raises(ValueError, match=r"no defined order.*Use momentum=None"):
        BatchNorm().fit(X).merge(BatchNorm().fit(X))
    with pytest.raises(ValueError, match=r"eps=1e-05 and eps=0.1"):
        make().fit(X).merge(make(eps=0.1).fit(X))
    with pytest.raises(ValueError, match="BatchNorm with a BatchStatsScaler"):
        make().fit(X).merge(BatchStatsScaler(momentum=None).fit(rows_of(X)))
    with pytest.raises(NotFittedError):
        make().fit(X).merge(make())
    with pytest.raises(ValueError, match="different"):
        make().fit(X).merge(make().fit(X[:, :2]))


@pytest.mark.parametrize("other", [(1, 12), (4, 3), (12, 1), (12,)], ids=str)
def test_norms_of_other_channels_do_not_merge(other):
    """As many members in all are not enough; the message states both shapes."""
    X = batch(6, positions=(4,))
    one = BatchNorm(momentum=None).fit(X)
    two = BatchNorm(momentum=None).fit(X.reshape(6, *other))
    for a, b in ((one, two), (two, one)):
        with pytest.raises(ValueError, match=r"\(3, 4\)") as error:
            a.merge(b)
        assert str(other) in str(error.value)


def test_weights_leave_samples_out_or_repeat_them():
    """0 is absence, to the bit; 2 counts twice, in the batch that counts once."""
    for positions in POSITIONS:
        X, weight = batch(5, positions=positions), np.array([1, 0, 2, 1, 0])
        norm = BatchNorm().fit(X, sample_weight=weight)
        repeated = BatchNorm().fit(np.repeat(X, weight, axis=0))
        assert_close(read(norm), read(repeated))
        present = weight > 0
        without = BatchNorm().fit(X[present], sample_weight=weight[present])
        assert_same_bits(read(norm), read(without))
        assert norm.n_samples_seen_ == 4 * np.prod(positions)
    with pytest.raises(ValueError, match=r"expected \(5,\)"):
        BatchNorm().fit(X, sample_weight=np.ones(X.shape[0] * X.shape[2]))


@pytest.mark.parametrize("positions", POSITIONS, ids=str)
def test_missing_members_and_channels(positions):
    """NaN counts nowhere and stays; a channel missing from a batch ages nothing."""
    X = batch(4, positions=positions)
    X[0, 1] = NAN
    X[:, 2] = NAN
    X[2, 0].flat[3] = NAN
    norm = BatchNorm(momentum=0.5, eps=0.0).partial_fit(batch(2, positions=positions, seed=1))
    first = read(norm)
    Z = norm.partial_fit_transform(X, using="batch")
    np.testing.assert_array_equal(np.isnan(Z), np.isnan(X))
    size = int(np.prod(positions))
    assert norm.n_samples_seen_.tolist() == [6 * size - 1, 5 * size, 2 * size]
    assert norm.n_batches_seen_.tolist() == [2, 2, 1]
    assert norm.running_mean_[2] == first["running_mean_"][2]
    assert norm.running_var_[2] == first["running_var_"][2]
    with np.errstate(all="ignore"):
        expected = [np.nanmean(X[:, c]) for c in (0, 1)]
    close(norm.running_mean_[:2], (first["running_mean_"][:2] + 2 * np.array(expected)) / 3)
    for c in (0, 1):
        close(Z[:, c], (X[:, c] - expected[c]) / np.nanstd(X[:, c]))
    empty = BatchNorm(momentum=0.5).partial_fit(np.full_like(X, NAN))
    assert (empty.n_batches_seen_, empty.n_samples_seen_) == (0, 0)
    fresh = batch(3, positions=positions)
    assert_same_bits(read(empty.partial_fit(fresh)), read(BatchNorm(momentum=0.5).fit(fresh)))


def test_constant_channels_are_listed_and_stay_constant():
    """By index, or by name where features are channels; members become beta exactly."""
    for positions in POSITIONS:
        X = batch(5, positions=positions)
        X[:, 1] = 14.62
        norm = BatchNorm(gamma=3.0, beta=0.5).fit(X)
        assert norm.constant_features_.tolist() == [1]
        assert (norm.transform(X)[:, 1] == 0.5).all()
        assert norm.running_var_[1] == 0
        assert norm.running_mean_[1] == 14.62
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 3.0]})
    assert BatchNorm().fit(frame).constant_features_.tolist() == ["b"]
    assert BatchNorm(shape=(1, 2)).fit(frame).constant_features_.tolist() == []
    assert BatchNorm(shape=(1, 2)).fit(frame * 0).constant_features_.tolist() == [0]


@pytest.mark.parametrize("positions", POSITIONS, ids=str)
def test_large_means_keep_their_digits(positions):
    """Unix times, 1.7e9 ± 0.3 s: the variance is that of the exact differences."""
    X = 1.7e9 + 0.3 * np.random.default_rng(2).normal(size=(4, 2, *positions))
    norm = BatchNorm(eps=0.0).fit(X)
    for c in (0, 1):
        d = X[:, c] - 1.7e9  # exact
        close(norm.running_var_[c], d.var(), 1e-12, 0)
        close(norm.transform(X)[:, c], (d - d.mean()) / d.std(), 0, 1e-6)
        close(norm.running_mean_[c], 1.7e9 + d.mean(), EPS, 0)
    for unit in (1e200, 1e-200):
        extreme = BatchNorm(eps=0.0).fit_transform(batch(positions=positions) * unit)
        close(extreme, BatchNorm(eps=0.0).fit_transform(batch(positions=positions)), 1e-11, 1e-11)


# There and back


@pytest.mark.parametrize("channel_axis", [1, 2, -1])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("positions", [(5, 2), (20, 17)], ids=str)
def test_the_inverse_undoes_transform(positions, dtype, channel_axis):
    """In the dtype of X, to some roundings of the channel's largest member; flat data alike."""
    X = np.moveaxis(batch(6, positions=positions, dtype=dtype), 1, channel_axis)
    shape = [1] * 4
    shape[channel_axis] = 3
    gamma = [2.0, 0.5, -1.0]
    norm = BatchNorm(channel_axis=channel_axis, gamma=gamma, beta=[1.0, 0.0, -1.0]).fit(X)
    Z = norm.transform(X)
    back = norm.inverse_transform(Z)
    assert Z.dtype == back.dtype == dtype
    others = tuple({0, 1, 2, 3} - {channel_axis % 4})
    peak = np.max(np.abs(X.astype(np.float64)), axis=others, keepdims=True)
    assert (np.abs(back.astype(float) - X) <= 8 * np.finfo(dtype).eps * peak).all()
    by_hand = (X - norm.running_mean_.reshape(shape)) / norm.scale_.reshape(shape)
    by_hand = by_hand * np.reshape(gamma, shape) + np.reshape([1.0, 0.0, -1.0], shape)
    close(Z, by_hand, 2 * np.finfo(dtype).eps, 2 * np.finfo(dtype).eps)
    flat = clone(norm).set_params(shape=X.shape[1:]).fit(X.reshape(6, -1))
    assert_same_bits(read(flat), read(norm))
    assert_same_bits(flat.transform(X.reshape(6, -1)), Z.reshape(6, -1))
    assert_same_bits(flat.inverse_transform(Z.reshape(6, -1)), back.reshape(6, -1))
    assert_same_bits(flat.transform(X), Z)


@pytest.mark.parametrize("channel_axis", [1, 2, -1])
@pytest.mark.parametrize("positions", [(5, 2), (20, 17)], ids=str)
def test_channels_anywhere_and_layouts_leave_no_trace(positions, channel_axis):
    """Channels last have the statistics and results of channels first; C, Fortran, strided too."""
    X = batch(6, positions=positions)
    X[1, 1, 2, 1] = NAN
    expected = BatchNorm().fit(X)
    Z, back = expected.transform(X), expected.inverse_transform(X)
    seen = np.moveaxis(X, 1, channel_axis)
    still = seen.copy()
    still.flags.writeable = False
    for variant in (
        seen,
        np.ascontiguousarray(seen),
        np.asfortranarray(seen),
        np.repeat(seen, 2, axis=2)[:, :, ::2],
        seen[::-1, ..., ::-1].copy()[::-1, ..., ::-1],
        still,
    ):
        before = variant.copy()
        norm = BatchNorm(channel_axis=channel_axis).fit(variant)
        assert_same_bits(read(norm), read(expected))
        assert_same_bits(np.moveaxis(norm.transform(variant), channel_axis, 1), Z)
        assert_same_bits(np.moveaxis(norm.inverse_transform(variant), channel_axis, 1), back)
        assert_same_bits(variant, before)
    as_list = BatchNorm(channel_axis=channel_axis).fit(seen.tolist())
    assert_same_bits(as_list.transform(seen.tolist()), norm.transform(seen))


@pytest.mark.parametrize("channel_axis", [1, -1])
@pytest.mark.parametrize("positions", [(5, 2), (20, 17)], ids=str)
def test_copy_false_overwrites_an_array_of_any_layout(positions, channel_axis):
    """transform, its inverse and training write into X; copy=True of one call does not."""
    X = np.ascontiguousarray(np.moveaxis(batch(6, positions=positions), 1, channel_axis))
    kept = BatchNorm(channel_axis=channel_axis).fit(X)
    Z, back = kept.transform(X), kept.inverse_transform(X)
    layouts = {
        "C": np.copy,
        "F": np.asfortranarray,
        "strided": lambda a: np.repeat(np.repeat(a, 2, axis=2), 2, axis=3)[:, :, ::2, ::2],
        "channels moved": lambda a: np.moveaxis(np.moveaxis(a, 1, 3).copy(), 3, 1),
    }
    for name, laid in layouts.items():
        norm = BatchNorm(channel_axis=channel_axis, copy=False).fit(X)
        data = laid(X)
        out = norm.transform(data)
        assert np.shares_memory(out, data), name
        assert_same_bits(data, Z)
        assert_same_bits(out, Z)
        data = laid(X)
        assert np.shares_memory(norm.inverse_transform(data), data)
        assert_same_bits(data, back)
        data = laid(X)
        assert_same_bits(norm.transform(data, copy=True), Z)
        assert_same_bits(data, X)
        kept_data = laid(X)
        assert np.shares_memory(kept.transform(kept_data, copy=False), kept_data)
        assert_same_bits(kept_data, Z)
    data = X.reshape(6, -1).copy()
    norm = BatchNorm(shape=X.shape[1:], channel_axis=channel_axis, copy=False)
    out = norm.partial_fit_transform(data, using="batch")
    assert np.shares_memory(out, data)
    assert_same_bits(out, Z.reshape(6, -1))


# Frames and names


@pytest.mark.parametrize("container", ["pandas", "polars"])
@pytest.mark.parametrize("shape", [None, (3, 4), (2, 3, 2)], ids=str)
def test_frames_keep_names_index_and_nulls(shape, container):
    """There, in training and back; with channels of several columns or of one."""
    X = batch(6, positions=(4,)).reshape(6, 12).astype(np.float32)
    X[2, 5] = NAN
    names = [f"c{i}" for i in range(12)]
    pandas = pd.DataFrame(X, columns=names, index=list("uvwxyz"))
    polars = pl.DataFrame(X, schema=names).fill_nan(None)
    frame = pandas if container == "pandas" else polars
    plain = BatchNorm(shape=shape).fit(X)
    norm = BatchNorm(shape=shape).set_output(transform=container).fit(frame)
    assert norm.feature_names_in_.tolist() == names
    Z = norm.transform(frame)
    own = BatchNorm(shape=shape).set_output(transform=container)
    for out, expected in (
        (Z, plain.transform(X)),
        (own.partial_fit_transform(frame, using="batch"), plain.transform(X)),
        (norm.inverse_transform(Z), plain.inverse_transform(plain.transform(X))),
    ):
        assert isinstance(out, type(frame))
        assert list(out.columns) == names
        assert_same_bits(out.to_numpy(), expected)
    if container == "pandas":
        assert norm.inverse_transform(Z).index.tolist() == list("uvwxyz")
    else:
        assert Z["c5"].null_count() == 1
        assert norm.inverse_transform(Z)["c5"].null_count() == 1
    with pytest.raises(ValueError, match="feature names should match"):
        norm.transform(frame[names[::-1]])


def test_columns_name_what_an_array_holds():
    """2-D data whose features are channels: some columns come back."""
    frame = pd.DataFrame({"a": [0.0, 2.0], "b": [8.0, 12.0], "c": [1.0, 1.0]}, index=[5, 6])
    norm = BatchNorm(eps=0.0, gamma=[1.0, 2.0, 0.0]).fit(frame)
    back = norm.inverse_transform(np.array([[-2.0], [4.0]]), columns=["b"])
    assert back.tolist() == [[8.0], [14.0]]
    one = norm.inverse_transform(pd.DataFrame({"a": [1.0]}, index=[9]))
    pd.testing.assert_frame_equal(one, pd.DataFrame({"a": [2.0]}, index=[9]))
    with pytest.raises(ValueError, match=r"Column 'c' was multiplied by 0"):
        norm.inverse_transform(frame)
    with pytest.raises(ValueError, match="multiplied by 0"):
        BatchNorm(gamma=[0.0, 1.0, 1.0]).fit(batch()).inverse_transform(batch())


# What is wrong


@pytest.mark.parametrize("method", ["fit", "partial_fit", "partial_fit_transform", "transform"])
@pytest.mark.parametrize("fitted", [False, True])
def test_an_error_states_both_shapes_and_changes_nothing(method, fitted):
    X = batch(4)
    cases = [
        (BatchNorm(shape=(3, 6)), X, r"\(4, 3, 5\).*shape=\(3, 6\).* 18 features.*\(4, 3, 6\)"),
        (BatchNorm(shape=(3, 6)), X.reshape(4, 15), r"15 features.*shape=\(3, 6\).* 18 features"),
        (BatchNorm(channel_axis=3), X, r"channel_axis=3.*\(3, 5\)"),
        (BatchNorm(channel_axis=0), X, r"channel_axis=0.*\(3, 5\)"),
        (BatchNorm(gamma=[1.0, 2.0]), X, r"`gamma`.*each of the 3 channels.*\[1.0, 2.0\]"),
        (BatchNorm(beta=[1.0, NAN, 2.0]), X, r"`beta`.*each of the 3 channels"),
        (BatchNorm(), np.where(X[0, 1, 2] == X, np.inf, X), "infinity.*channel 1|sample 0 at"),
        (BatchNorm(shape=(3, 5)), np.full((2, 15), np.inf), "infinity"),
        *([(BatchNorm(), X[:0], "0 sample")] if method == "fit" else []),
        (BatchNorm(), X[0, 0], "Expected 2D array, got 1D"),
        *[
            (BatchNorm(**{n: v}), X, f"'{n}' parameter")
            for n, v in {
                "momentum": 0.0,
                "eps": -1.0,
                "ddof": 2,
                "variance": "all",
                "channel_axis": 1.0,
                "bias_correction": "no",
                "copy": "no",
                "gamma": "large",
            }.items()
        ],
    ]
    if fitted and method != "fit":
        cases += [
            (BatchNorm(), X[:, :2], r"\(2, 5\).*expecting.*\(3, 5\)"),
            (BatchNorm(), X.reshape(4, 15), r"\(15,\).*expecting.*\(3, 5\)"),
        ]
    for norm, data, message in cases:
        if fitted:
            given = norm.get_params()
            norm = BatchNorm().fit(X).set_params(**given)
        elif method == "transform":
            continue
        if method == "transform" and ("parameter" in message or "`" in message):
            continue  # what fit has checked
        before = joblib.hash(vars(norm)) if not fitted else state(norm)
        with pytest.raises(ValueError, match=message):
            getattr(norm, method)(data)
        assert before == (joblib.hash(vars(norm)) if not fitted else state(norm)), message


def test_an_inverse_of_another_shape_states_both():
    """Also of flat data, where no shape was given to fold them by."""
    norm = BatchNorm().fit(batch(4))
    layout = r"\(3, 5\), as in fit: X of shape \(n_samples, 3, ...\)"
    for wrong in (batch(4)[:, :2], batch(4).swapaxes(1, 2), batch(4).reshape(4, 15)):
        with pytest.raises(ValueError, match=layout):
            norm.inverse_transform(wrong)
    with pytest.raises(ValueError, match=r"\(3,\).*\(3, 5\)"):
        norm.inverse_transform(batch(4)[:, :, 0])
    for wrong in (np.full((2, 3, 5), np.inf), np.full((2, 3, 5), -np.inf)):
        with pytest.raises(ValueError, match="infinity"):
            norm.inverse_transform(wrong)


def test_fit_starts_from_nothing():
    """Other channels, positions and numbers of axes; gamma belongs to the new channels."""
    norm = BatchNorm().fit(pd.DataFrame({"a": [1.0, 2.0]}))
    for X in (batch(4), batch(2, 4, (300,)), batch(3, 2, (2, 2)), batch(5, positions=())):
        norm.set_params(gamma=np.arange(1.0, 1 + X.shape[1])).fit(X)
        new = clone(norm).fit(X)
        assert state(norm) == state(new)
        assert_same_bits(norm.transform(X), new.transform(X))
        assert not hasattr(norm, "feature_names_in_")


def test_copies_are_the_same_and_learn_apart(tmp_path):
    """pickle, joblib and deepcopy, of short and long positions."""
    for positions in POSITIONS:
        norm = BatchNorm(momentum=None).fit(batch(positions=positions))
        expected, Z = read(norm), norm.transform(batch(positions=positions))
        joblib.dump(norm, tmp_path / "norm.joblib")
        twins = [pickle.loads(pickle.dumps(norm)), deepcopy(norm)]
        twins += [joblib.load(tmp_path / "norm.joblib", mmap_mode=m) for m in (None, "r")]
        for twin in twins:
            assert_same_bits(read(twin), expected)
            assert_same_bits(twin.transform(batch(positions=positions)), Z)
            twin.partial_fit(batch(positions=positions, seed=1))
            assert twin.n_batches_seen_ == 2
            assert twin.merge(norm).n_batches_seen_ == 3
            assert_same_bits(read(norm), expected)


# From PyTorch, where the shape of a sample is not known


def module_of(kind, momentum=0.1, affine=True, batches=3, positions=(5, 2)):
    """Return a float64 module that was trained on some batches."""
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    module = getattr(torch.nn, kind)(3, momentum=momentum, affine=affine, dtype=torch.float64)
    if affine:
        with torch.no_grad():
            module.weight.copy_(torch.tensor([2.0, 0.5, -1.0]))
            module.bias.copy_(torch.tensor([1.0, 0.0, -1.0]))
    for seed in range(batches):
        module(torch.from_numpy(batch(positions=positions, seed=seed)))
    return torch, module


@pytest.mark.parametrize(("momentum", "affine"), [(0.1, True), (1.0, False), (None, True)])
@pytest.mark.parametrize(
    ("kind", "positions"),
    [
        ("BatchNorm1d", ()),
        ("BatchNorm1d", (5,)),
        ("BatchNorm1d", (300,)),
        ("BatchNorm2d", (5, 2)),
        ("BatchNorm3d", (5, 2, 30)),
    ],
)
def test_a_stream_goes_on_where_pytorch_left_it(kind, positions, affine, momentum):
    """Use, training, running statistics and the inverse, before and after a first batch here."""
    torch, module = module_of(kind, momentum, affine, positions=positions)
    norm = BatchNorm.from_torch(module)
    X = batch(7, positions=positions, seed=9)
    module.eval()
    close(norm.transform(X), module(torch.from_numpy(X)).detach().numpy())
    close(norm.inverse_transform(norm.transform(X)), X)
    assert not hasattr(norm, "shape_")
    module.train()
    for seed in (10, 11, 12):
        X = batch(4, positions=positions, seed=seed)
        Z = norm.partial_fit_transform(X, using="batch")
        close(Z, module(torch.from_numpy(X)).detach().numpy())
        close(norm.running_mean_, module.running_mean.numpy())
        close(norm.running_var_, module.running_var.numpy())
    module.eval()
    close(norm.transform(X), module(torch.from_numpy(X)).detach().numpy())
    close(norm.inverse_transform(norm.transform(X)), X)
    assert norm.shape_ == (3, *positions)
    assert norm.n_batches_seen_ == int(module.num_batches_tracked)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("channels", [1, 2, 4])
def test_a_norm_from_pytorch_keeps_its_channels(channels, affine):
    """Data of other channels are refused by every method but fit, and change nothing."""
    _, module = module_of("BatchNorm2d", affine=affine)
    norm = BatchNorm.from_torch(module)
    before = state(norm)
    wrong = np.random.default_rng(0).normal(size=(2, channels, 5, 2))
    for method in ("transform", "inverse_transform", "partial_fit", "partial_fit_transform"):
        with pytest.raises(ValueError, match=rf"{channels} channels.*expecting 3 channels"):
            getattr(norm, method)(wrong)
        assert state(norm) == before


def test_a_norm_from_pytorch_is_copied_and_started_again():
    """pickle and deepcopy before any shape is known; fit forgets what PyTorch saw."""
    _, module = module_of("BatchNorm2d", affine=False)
    norm = BatchNorm.from_torch(module)
    X = batch(4, positions=(5, 2))
    for twin in (pickle.loads(pickle.dumps(norm)), deepcopy(norm)):
        assert_same_bits(twin.transform(X), norm.transform(X))
        assert bits(twin.partial_fit(X).running_mean_) == bits(
            deepcopy(norm).partial_fit(X).running_mean_
        )
    assert state(norm.fit(X)) == state(clone(norm).fit(X))


def test_norms_from_pytorch_merge_by_their_batches():
    """momentum=None: averages of 1 and of 3 batches are that of the 4."""
    _, one = module_of("BatchNorm1d", None, False, batches=1, positions=(5,))
    _, two = module_of("BatchNorm1d", None, False, batches=3, positions=(5,))
    merged = BatchNorm.from_torch(one).merge(BatchNorm.from_torch(two))
    mean = (one.running_mean + 3 * two.running_mean) / 4
    variance = (one.running_var + 3 * two.running_var) / 4
    close(merged.running_mean_, mean.numpy())
    close(merged.running_var_, variance.numpy())


def test_messages_speak_of_channels():
    """Where they are not columns, by number and by the shapes of samples."""
    X = np.random.default_rng(0).normal(size=(4, 2, 3))
    with pytest.raises(ValueError, match="Channel 1 was multiplied by 0"):
        BatchNorm(gamma=[1, 0]).fit(X).inverse_transform(X)
    with pytest.raises(ValueError, match=r"channels: 2, .* \(2, 3\), and 1, .* \(1, 3\)"):
        BatchNorm(momentum=None).fit(X).merge(BatchNorm(momentum=None).fit(X[:, :1]))
    assert_same_bits(BatchNorm(beta=[1.0]).fit_transform(X), BatchNorm(beta=1.0).fit_transform(X))
