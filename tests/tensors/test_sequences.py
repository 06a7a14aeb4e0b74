"""Lists of sequences of different lengths, in the estimators."""

from __future__ import annotations

import numpy as np
import pytest
from laws import assert_same_bits

from sklearn_norm import AdaNorm, BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm


def sequences(channels_first, lengths=(3, 6, 1), dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    shapes = [(4, n) if channels_first else (n, 4) for n in lengths]
    return [rng.normal(1.0, 2.0, shape).astype(dtype) for shape in shapes]


def by_place(found):
    return dict(enumerate(found))


@pytest.mark.parametrize(
    "norm",
    [
        LayerNorm(),
        LayerNorm(normalized_ndim=1, gamma=np.arange(4.0)),
        RMSNorm(axis=-1, unit_offset=True, gamma=1.0),
        AdaNorm(),
        InstanceNorm(channel_axis=-1),
        InstanceNorm(gamma=np.arange(1.0, 5.0)),
        GroupNorm(num_groups=2),
    ],
    ids=repr,
)
def test_each_sequence_has_the_bits_that_it_has_alone(norm):
    """And comes back, with the statistics; a list after a fit as well as before."""
    X = sequences(getattr(norm, "channel_axis", -1) == 1)
    Z, stats = norm.transform(X, return_stats=True)
    assert type(Z) is list
    for at, one in enumerate(X):
        assert_same_bits(Z[at], norm.transform(one[None])[0])
    assert norm.transform([X[0].astype(np.float32)])[0].dtype == np.float32
    if norm.gamma is None or np.all(np.asarray(norm.gamma) != 0):
        back = norm.inverse_transform(Z, stats=stats)
        for found, one in zip(back, X, strict=True):
            np.testing.assert_allclose(found, one, rtol=1e-10, atol=1e-10)
    assert norm.fit(X).shape_ in ((4, 6), (6, 4))
    assert norm.partial_fit(X[::-1]) is norm
    assert_same_bits(by_place(norm.transform(X)), by_place(Z))
    assert_same_bits(by_place(norm.fit_transform(X)), by_place(Z))


def test_sequences_may_have_masks_of_their_own():
    X = sequences(False, lengths=(3, 2))
    masks = [np.array([True, False, True]), np.array([True, True])]
    Z = LayerNorm().transform(X, mask=masks)
    alone = LayerNorm().transform(X[0][None], mask=masks[0][None])
    assert_same_bits(Z[0], alone[0])
    assert_same_bits(Z[0][1], X[0][1])


@pytest.mark.parametrize("channel_axis", [1, -1])
def test_batch_norm_of_sequences_is_that_of_their_positions(channel_axis):
    """In fits, streams, results and inverses."""
    X = sequences(channel_axis == 1, dtype=np.float32)
    rows = np.concatenate([x.T if channel_axis == 1 else x for x in X])
    norm, twin = BatchNorm(channel_axis=channel_axis), BatchNorm().fit(rows)
    Z = norm.fit_transform(X)
    np.testing.assert_allclose(norm.running_mean_, twin.running_mean_, rtol=1e-15)
    np.testing.assert_allclose(norm.running_var_, twin.running_var_, rtol=1e-14)
    assert norm.n_samples_seen_ == 10
    assert_same_bits(by_place(norm.transform(X)), by_place(Z))
    found = np.concatenate([z.T if channel_axis == 1 else z for z in Z])
    np.testing.assert_allclose(found, twin.transform(rows), rtol=1e-6)
    for back, one in zip(norm.inverse_transform(Z), X, strict=True):
        np.testing.assert_allclose(back, one, rtol=1e-5)
    again = norm.partial_fit_transform(X, using="batch")
    assert [z.shape for z in again] == [x.shape for x in X]
    assert norm.partial_fit(X).n_batches_seen_ == 3


@pytest.mark.parametrize("norm", [LayerNorm(), InstanceNorm(), BatchNorm()], ids=repr)
def test_sequences_that_differ_in_more_than_length_are_refused(norm):
    X = [np.ones((2, 3)), np.ones((5, 7))]
    with pytest.raises(ValueError, match=r"Sequence 1 has [57] channels.*differ in their lengths"):
        norm.fit(X)
    with pytest.raises(ValueError, match="`mask` must be a list of 1 masks"):
        norm.fit(X[:1]).transform(X[:1], mask=np.ones((2, 3), dtype=bool))
