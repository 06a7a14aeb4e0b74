"""Batches pooled by their members: the statistics of the data, however they were cut."""

from __future__ import annotations

import pickle
from fractions import Fraction

import laws
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sklearn_norm
from sklearn_norm import BatchNorm, BatchStatsScaler, ZScoreScaler

KINDS = [BatchNorm, BatchStatsScaler]
BY_MEMBERS = {"momentum": None, "pool": "members"}


def streamed(kind, batches, **options):
    norm = kind(**BY_MEMBERS, **options)
    for batch in batches:
        norm.partial_fit(batch)
    return norm


def of(norm):
    return norm.running_mean_, norm.running_var_


@pytest.mark.parametrize("kind", KINDS)
def test_a_ragged_last_batch_counts_by_its_members(kind):
    """{0, 2} and {6}: mean 8/3 and variance 56/9, where equal batches give 3.5 and 6.75."""
    batches = [[[0.0], [2.0]], [[6.0]]]
    norm = streamed(kind, batches)
    np.testing.assert_allclose(of(norm), [[8 / 3], [56 / 9]], rtol=1e-15)
    assert (norm.n_batches_seen_, norm.n_samples_seen_) == (2, 3)
    equal = kind(momentum=None)
    for batch in batches:
        equal.partial_fit(batch)
    np.testing.assert_allclose(of(equal), [[3.5], [6.75]], rtol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
@given(cuts=st.lists(st.integers(0, 40), max_size=6), merged=st.booleans())
def test_any_partition_streamed_or_merged_gives_the_bits_of_the_whole(kind, cuts, merged):
    """They are those of a z-score scaler, too."""
    X = np.random.default_rng(0).normal([1e9, 0.0], [1.0, 1e-3], (40, 2))
    parts = [p for p in np.split(X, sorted(cuts)) if len(p)]
    if merged:
        norms = [streamed(kind, [part]) for part in parts]
        found = norms[0]
        for norm in norms[1:]:
            found = norm.merge(found)
    else:
        found = streamed(kind, parts)
    whole = streamed(kind, [X])
    for a, b in zip(of(found), of(whole), strict=True):
        laws.assert_same_bits(a, b)
    score = ZScoreScaler().fit(X)
    laws.assert_same_bits(found.running_mean_, score.mean_)
    laws.assert_same_bits(found.running_var_, score.var_)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ddof", [0, 1])
def test_variances_in_fractions(kind, ddof):
    """Total: about the mean of all, over n - ddof. Within: about those of batches, n - k ddof."""
    batches = [[0, 2], [6, 9, 1], [4, 4, 5, 7]]
    members = [Fraction(x) for b in batches for x in b]
    mean = sum(members) / len(members)
    total = sum((x - mean) ** 2 for x in members) / (len(members) - ddof)
    within = sum((x - Fraction(sum(b), len(b))) ** 2 for b in batches for x in b)
    within /= len(members) - ddof * len(batches)
    for variance, expected in (("total", total), ("within", within)):
        columns = [np.array(b, float)[:, None] for b in batches]
        norm = streamed(kind, columns, variance=variance, ddof=ddof, eps=0.0)
        np.testing.assert_allclose(norm.running_var_, [float(expected)], rtol=1e-15)
        np.testing.assert_allclose(norm.scale_, [float(expected) ** 0.5], rtol=1e-15)


def test_weights_and_missing_members_count_as_in_the_data():
    """A weight of 2 is a row twice; NaN is absent, column by column."""
    X = np.array([[1.0, np.nan], [4.0, 2.0], [np.nan, 8.0], [7.0, 5.0]])
    weight = np.array([2.0, 1.0, 3.0, 0.0])
    norm = BatchStatsScaler(**BY_MEMBERS)
    norm.partial_fit(X[:2], sample_weight=weight[:2]).partial_fit(X[2:], sample_weight=weight[2:])
    np.testing.assert_allclose(norm.running_mean_, [2.0, 6.5], rtol=1e-15)
    np.testing.assert_allclose(norm.running_var_, [2.0, 6.75], rtol=1e-15)


def test_single_rows_that_wait_are_pooled_alike():
    """And a file or a pickle with waiting rows goes on."""
    X = np.random.default_rng(1).normal(3, 2, (30, 2))
    norm = BatchStatsScaler(**BY_MEMBERS).partial_fit(X[:4])
    for row in X[4:20]:
        norm.partial_fit(row[None])
    norm = pickle.loads(pickle.dumps(norm))
    for row in X[20:]:
        norm.partial_fit(row[None])
    for a, b in zip(of(norm), of(BatchStatsScaler(**BY_MEMBERS).fit(X)), strict=True):
        laws.assert_same_bits(a, b)
    assert norm.n_batches_seen_ == 27


@pytest.mark.parametrize("kind", KINDS)
def test_files_keep_it(kind, tmp_path):
    norm = streamed(kind, [[[0.0], [2.0]], [[6.0]]], variance="within", ddof=1)
    sklearn_norm.save(norm, tmp_path / "norm.json")
    again = sklearn_norm.load(tmp_path / "norm.json")
    assert sklearn_norm.equal(norm, again)
    again.partial_fit([[8.0], [9.0]])
    np.testing.assert_allclose(again.running_mean_, [5.0], rtol=1e-15)


def test_images_of_other_sizes_count_by_their_positions():
    """A channel of 4 positions, then of 1: mean (0 + 2 + 4 + 2 + 7) / 5."""
    norm = BatchNorm(**BY_MEMBERS)
    norm.partial_fit(np.array([[[0.0, 2.0, 4.0, 2.0]]])).partial_fit(np.array([[[7.0]]]))
    np.testing.assert_allclose(of(norm), [[3.0], [5.6]], rtol=1e-15)


def test_a_batch_is_scaled_by_its_biased_variance_whatever_ddof():
    """As without pooling."""
    X = np.array([[1.0], [3.0]])
    for kind in KINDS:
        norm = kind(**BY_MEMBERS, ddof=1, eps=0.0)
        assert norm.partial_fit_transform(X, using="batch").tolist() == [[-1.0], [1.0]]
        assert norm.running_var_.tolist() == [2.0]


@pytest.mark.parametrize("kind", KINDS)
def test_it_leaves_no_momentum_and_no_change_on_the_way(kind):
    """Errors that say what to set, and leave the norm as it was."""
    with pytest.raises(ValueError, match=r"set momentum=None. Got momentum=0.1"):
        kind(pool="members").fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match="'pool' parameter"):
        kind(momentum=None, pool="rows").fit([[1.0], [2.0]])
    norm = streamed(kind, [[[0.0], [2.0]]])
    with pytest.raises(ValueError, match="pooled in another way than pool='batches'"):
        norm.set_params(pool="batches").partial_fit([[1.0], [2.0]])
    assert norm.running_mean_.tolist() == [1.0]
    other = kind(momentum=None).fit([[0.0], [2.0]])
    with pytest.raises(ValueError, match="different parameters: pool"):
        norm.merge(other)
    known = {"running_mean": [0.0], "running_var": [1.0]}
    with pytest.raises(ValueError, match="n_batches"):
        kind.from_stats(**known, n_batches=3, **BY_MEMBERS)
    assert kind.from_stats(**known, **BY_MEMBERS, eps=0.0).transform([[2.0]]).tolist() == [[2.0]]
