"""BatchNorm with masks: what is left out is not measured, and comes back as it was."""

from __future__ import annotations

import copy

import joblib
import numpy as np
import pandas as pd
import pytest
from laws import assert_same_bits, assert_same_state

from sklearn_norm import BatchNorm
from sklearn_norm.functional import batch_norm


def drawn(shape=(6, 3, 5), seed=0, share=0.7):
    rng = np.random.default_rng(seed)
    return rng.normal(3.0, 2.0, shape), rng.random(shape) < share


def holes(X, mask):
    return np.where(mask, X, np.nan)


def test_by_hand():
    """Channel 0 counts 1 and 3, channel 1 counts 10 and 50; 99 and infinity are padding."""
    X = np.array([[[1.0, 3.0, 99.0], [10.0, 50.0, np.inf]]])
    mask = [[True, True, False]]
    norm = BatchNorm(eps=0.0).fit(X, mask=mask)
    assert norm.running_mean_.tolist() == [2.0, 30.0]
    assert norm.running_var_.tolist() == [1.0, 400.0]
    assert norm.n_samples_seen_ == 2
    Z = norm.transform(X, mask=mask)
    assert Z.tolist() == [[[-1.0, 1.0, 99.0], [-1.0, 1.0, np.inf]]]
    assert norm.inverse_transform(Z, mask=mask).tolist() == X.tolist()
    assert BatchNorm(eps=0.0).fit_transform(X, mask=mask).tolist() == Z.tolist()


@pytest.mark.parametrize("channel_axis", [1, -1])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_mask_is_nan_that_comes_back(channel_axis, dtype):
    """In every method, in full or of positions; streams have the state of those with NaN."""
    X, _ = drawn()
    X = np.ascontiguousarray(np.moveaxis(X, 1, channel_axis).astype(dtype))
    few = np.random.default_rng(1).random((6, 5)) < 0.7
    whole = np.broadcast_to(np.expand_dims(few, 1 if channel_axis == 1 else 2), X.shape)
    given = np.where(whole, X, dtype(np.inf))
    norm, twin = (BatchNorm(channel_axis=channel_axis, ddof=1) for _ in range(2))
    for at in (slice(0, 2), slice(2, 6)):
        norm.partial_fit(given[at], mask=few[at])
        twin.partial_fit(holes(X, whole)[at])
    assert_same_state(norm, twin)
    expected = np.where(whole, twin.transform(holes(X, whole)), given)
    for mask in (few, whole, whole.tolist()):
        assert_same_bits(norm.transform(given, mask=mask), expected)
    assert_same_bits(norm.transform(given[:0], mask=few[:0]), given[:0])
    weight = np.array([1.0, 2.0, 0.0, 1.0, 0.5, 3.0])
    for using in ("batch", "before", "after"):
        one, two = copy.deepcopy(norm), copy.deepcopy(twin)
        Z = one.partial_fit_transform(given, sample_weight=weight, using=using, mask=few)
        W = two.partial_fit_transform(holes(X, whole), sample_weight=weight, using=using)
        assert_same_bits(Z, np.where(whole, W, given))
        assert_same_state(one, two)
    if dtype == np.float64:
        alone = copy.deepcopy(norm).partial_fit_transform(given, using="batch", mask=few)
        theirs = batch_norm(given, mask=few, channel_axis=channel_axis)
        np.testing.assert_allclose(alone, theirs, atol=1e-13)
        back = norm.inverse_transform(expected, mask=few)
        np.testing.assert_allclose(back[whole], X[whole], rtol=1e-12)
        assert_same_bits(back[~whole], given[~whole])
    fitted = BatchNorm(channel_axis=channel_axis)
    assert_same_bits(
        fitted.fit_transform(given, mask=few), fitted.transform(given, mask=few), "fit_transform"
    )


def test_rows_frames_and_flattened_samples():
    """A frame is masked by a frame; rows of `shape` by rows; nothing of the caller is changed."""
    X, mask = drawn((8, 3))
    frame, told = pd.DataFrame(X, columns=list("abc")), pd.DataFrame(mask, columns=list("abc"))
    norm = BatchNorm(copy=False).fit(frame, mask=told).set_output(transform="pandas")
    expected = BatchNorm().fit(holes(X, mask))
    np.testing.assert_array_equal(norm.running_mean_, expected.running_mean_)
    Z = norm.transform(frame, mask=told)
    assert list(Z.columns) == list("abc")
    assert_same_bits(Z.to_numpy(), np.where(mask, expected.transform(X), X))
    back = norm.inverse_transform(Z, mask=told)
    assert list(back.columns) == list("abc")
    np.testing.assert_allclose(back, X, rtol=1e-12)
    with pytest.raises(ValueError, match="`mask` has the columns"):
        norm.transform(frame, mask=told[["c", "b", "a"]])
    some = norm.inverse_transform(Z[["b"]].to_numpy(), columns=["b"], mask=mask[:, [1]])
    np.testing.assert_allclose(np.asarray(some), X[:, [1]], rtol=1e-12)
    X, mask = drawn((4, 2, 3))
    before = X.copy()
    flat = BatchNorm(shape=(2, 3), copy=False)
    whole = BatchNorm(copy=False).fit_transform(X, mask=mask)
    rows = flat.fit_transform(X.reshape(4, 6), mask=mask.reshape(4, 6))
    assert_same_bits(rows.reshape(X.shape), whole)
    assert_same_bits(X, before)
    channel = BatchNorm().fit(X).inverse_transform(X[:, 1:], columns=[1], mask=mask[:, 1:])
    assert_same_bits(channel[~mask[:, 1:]], X[:, 1:][~mask[:, 1:]])


def test_integers_with_a_mask_become_floats():
    X = np.array([[1, 10], [3, 50], [99, 99]])
    Z = BatchNorm(eps=0.0).fit_transform(X, mask=[[True], [True], [False]])
    assert Z.tolist() == [[-1.0, -1.0], [1.0, 1.0], [99.0, 99.0]]


def test_what_is_wrong_changes_nothing():
    X, mask = drawn()
    norm = BatchNorm().fit(X)
    before = joblib.hash(vars(norm))
    for wrong, message in (
        (np.ones(7, dtype=bool), r"`mask` of shape \(7,\) cannot be broadcast"),
        (np.ones((3, 5), dtype=bool), r"must have the shape \(6, 5\), an entry for each position"),
        (mask.astype(float), "`mask` must hold booleans"),
    ):
        for method in ("fit", "partial_fit", "transform", "fit_transform", "inverse_transform"):
            with pytest.raises(ValueError, match=message):
                getattr(norm, method)(X, mask=wrong)
        with pytest.raises(ValueError, match=message):
            norm.partial_fit_transform(X, mask=wrong)
    X[0, 0, 0], mask[0, 0, 0] = np.inf, True
    for method in ("fit", "partial_fit", "transform"):
        with pytest.raises(ValueError, match=r"infinity"):
            getattr(norm, method)(X, mask=mask)
    assert joblib.hash(vars(norm)) == before


def test_a_channel_that_a_mask_leaves_out_has_no_statistics_yet():
    X, _ = drawn()
    mask = np.ones((1, 3, 1), dtype=bool)
    mask[0, 1] = False
    norm = BatchNorm().fit(X, mask=mask)
    assert np.isnan(norm.running_mean_).tolist() == [False, True, False]
    assert norm.n_batches_seen_.tolist() == [1, 0, 1]
    assert_same_bits(norm.transform(X, mask=mask)[:, 1], X[:, 1])


class Doubled(BatchNorm):
    """A norm of one's own, whose `fit` sees other data."""

    def fit(self, X, y=None, sample_weight=None, mask=None):
        return super().fit(2 * np.asarray(X), y, sample_weight, mask)


def test_a_fit_of_ones_own_is_called():
    X, mask = drawn()
    plain, masked = Doubled(eps=0.0), Doubled(eps=0.0)
    plain.fit_transform(X)
    masked.fit_transform(X, mask=mask)
    np.testing.assert_allclose(plain.running_mean_, 2 * X.mean((0, 2)))
    np.testing.assert_allclose(masked.running_mean_, 2 * np.nanmean(holes(X, mask), axis=(0, 2)))
