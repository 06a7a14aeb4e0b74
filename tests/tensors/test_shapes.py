"""A fit remembers the shape; what does not fit it is refused with both shapes."""

from __future__ import annotations

from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from laws import assert_same_bits
from scipy import sparse
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted
from tensor_cases import (
    KINDS,
    SAMPLE,
    every_case,
    every_kind,
    tensor,
)

from sklearn_norm import AdaNorm, BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm


@every_case
def test_fit_only_remembers_the_shape(case):
    """Transform works without it, to the same bits; the tags and the state say so."""
    X = tensor()
    norm = case()
    assert not get_tags(norm).requires_fit
    check_is_fitted(norm)
    assert vars(norm) == norm.get_params()
    Z = norm.transform(X)
    assert vars(norm).keys() == norm.get_params().keys()
    assert norm.fit(X) is norm
    assert (norm.shape_, norm.n_features_in_) == (SAMPLE, 72)
    assert set(vars(norm)) - set(norm.get_params()) == {"_fitted"}
    before = joblib.hash(vars(norm))
    assert norm.partial_fit(tensor(2, seed=1)) is norm
    assert_same_bits(norm.transform(X), Z)
    assert joblib.hash(vars(norm)) == before
    assert_same_bits(case().fit_transform(X), Z)
    assert case().partial_fit(X).shape_ == SAMPLE
    both = case().fit_transform(X, return_stats=True, mask=True)
    assert_same_bits(both[0], Z)
    assert norm.fit(tensor(3, (4, 3, 8))).shape_ == (4, 3, 8)  # from nothing


@every_kind
@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform", "fit_transform"])
def test_wrong_shapes_state_both_shapes_and_change_nothing(kind, method):
    X = tensor(5, (3, 8))
    for given, data, message in [
        ((3, 9), X, r"\(5, 3, 8\).*shape=\(3, 9\).* 27 features.*\(5, 3, 9\)"),
        ((3, 9), X.reshape(5, 24), r"24 features.*\(5, 24\).*\(3, 9\).* 27 features.*\(5, 3, 9\)"),
        ((8, 3), X, r"\(5, 3, 8\).*shape=\(8, 3\).*\(5, 8, 3\)"),
        (24, X, r"\(5, 3, 8\).*shape=\(24,\).*\(5, 24\)"),
        ((3, 0), X, "sizes of a sample's axes.*\\(3, 0\\)"),
        ([3, 8.0], X, "sizes of a sample's axes"),
        ([[3, 8]], X, "sizes of a sample's axes"),
        ((), X, "sizes of a sample's axes"),
        ("ab", X, "'shape' parameter"),
    ]:
        norm = kind(shape=given)
        before = joblib.hash(vars(norm))
        with pytest.raises(ValueError, match=message):
            getattr(norm, method)(data)
        assert joblib.hash(vars(norm)) == before
    norm = kind().fit(X)
    before = joblib.hash(vars(norm))
    if method in ("transform", "partial_fit"):
        for data in (X[:, :2], X.reshape(5, 24), X.reshape(5, 1, 3, 8)):
            with pytest.raises(ValueError, match=r"samples of shape \(.*expecting.*\(3, 8\)"):
                getattr(norm, method)(data)
    for data, message in [
        (X[0, 0], "Expected 2D array, got 1D"),
        *([(X[:0], "0 sample")] if method in ("fit", "fit_transform") else []),
        (sparse.csr_matrix(np.eye(3)), "dense"),
        ([["a", "b"]], "could not convert"),
        (np.ones((2, 3, 8)) * 1j, "Complex"),
        (np.where(X[1, 2, 3] == X, np.inf, X), r"infinity.*sample 1 at \(2, 3\)"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            getattr(norm, method)(data)
    with pytest.raises(ValueError, match=r"infinity.*column 'b'"):
        getattr(kind(), method)(pd.DataFrame({"a": [1.0], "b": [-np.inf]}))
    assert joblib.hash(vars(norm)) == before


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    ("norm", "sample", "message"),
    [
        (GroupNorm(num_groups=4), (6, 5), r"num_groups=4 .* 6 channels .*\(6, 5\)"),
        (GroupNorm(num_groups=2), (20,), r"num_groups=2 .* 1 channels .*\(1, 20\)"),
        (GroupNorm(num_groups=2, channel_axis=-1), (4, 5), r"num_groups=2 .* 5 channels"),
        (GroupNorm(num_groups=0), (6, 5), "'num_groups' parameter"),
        (InstanceNorm(eps=0), (4, 1), r"one member only.*\(4, 1\).* 4 groups .*\(1, 1\)"),
        (InstanceNorm(channel_axis=-1, eps=0), (1, 4), r"one member only.*\(1, 4\)"),
        (InstanceNorm(eps=0), (1,), r"one member only.*\(1, 1\)"),
        (GroupNorm(num_groups=4, eps=0), (4, 1), r"one member only.*\(4, 1\).* 4 groups"),
        (LayerNorm(eps=0), (1,), r"one member only.*\(1,\)"),
        (LayerNorm(normalized_ndim=1, eps=0), (4, 1), r"one member only.*\(4, 1\)"),
        (AdaNorm(eps=0), (1, 1), r"one member only.*\(1, 1\)"),
        (LayerNorm(normalized_ndim=3), (4, 5), r"normalized_ndim=3 .*\(4, 5\)"),
        (RMSNorm(normalized_ndim=2), (4,), r"normalized_ndim=2 .*\(4,\)"),
        (LayerNorm(normalized_ndim=0), (4,), "'normalized_ndim' parameter"),
        (LayerNorm(normalized_ndim=1.0), (4,), "'normalized_ndim' parameter"),
        (InstanceNorm(channel_axis=3), (4, 5), r"channel_axis=3 .*\(4, 5\)"),
        (InstanceNorm(channel_axis=0), (4, 5), r"channel_axis=0 .*\(4, 5\)"),
        (GroupNorm(channel_axis=-3), (4, 5), r"channel_axis=-3 .*\(4, 5\)"),
        (GroupNorm(channel_axis=1.0), (4, 5), "'channel_axis' parameter"),
        (AdaNorm(k=-0.1), (4,), "'k' parameter"),
        (AdaNorm(C=np.nan), (4,), "'C' parameter"),
        (AdaNorm(C=np.inf), (4,), "'C' parameter"),
        (AdaNorm(C=0.0), (4,), "C"),  # documented as not 0: nothing would be left of X
        *[(kind(eps=e), (2, 4), "'eps' parameter") for kind in KINDS for e in (-1e-9, np.nan, "1")],
        *[(kind(gamma="large"), (2, 4), "'gamma' parameter") for kind in KINDS],
    ],
    ids=str,
)
def test_what_cannot_be_normalised_is_refused(norm, sample, message, method):
    """The message names the parameter, or the shape of the sample and of what was made of it."""
    before = joblib.hash(vars(norm))
    with pytest.raises(ValueError, match=message):
        getattr(norm, method)(tensor(2, sample))
    assert joblib.hash(vars(norm)) == before
    with pytest.raises(ValueError, match=message):
        norm.partial_fit(tensor(2, sample))


@every_case
@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_gain_and_bias_of_a_wrong_size_are_refused(case, name):
    """The size that is needed, the sample and what was given are in the message."""
    size = case.learnt.max() + 1
    for wrong in (np.ones(size + 1), np.nan, [np.inf] * size, []):
        norm = case(**{name: wrong})
        with pytest.raises(ValueError, match=rf"`{name}`.*{size} of them.*\(4, 3, 6\)"):
            norm.transform(tensor())
    X = tensor()
    for same in (2, 2.0, [2.0], np.full(size, 2.0)):
        assert_same_bits(
            case(**{name: same}).transform(X), case(**{name: [2.0] * size}).transform(X)
        )


def test_a_wrong_gamma_is_refused_by_fit():
    with pytest.raises(ValueError, match="`gamma` must hold one finite number, or 30"):
        LayerNorm(gamma=np.ones(29)).fit(np.ones((4, 30)))


@pytest.mark.parametrize(
    ("norm", "sample"),
    [
        (LayerNorm, (1,)),
        (AdaNorm, (1,)),
        (InstanceNorm, (3, 1)),
        (partial(GroupNorm, num_groups=3), (3, 1)),
        (BatchNorm, (3,)),
    ],
)
def test_one_member_becomes_beta(norm, sample):
    """With eps, as in PyTorch, Keras, flax and ONNX; 0 without beta. The way back is exact."""
    X = np.full((1, *sample), 7.25)
    for beta in (None, 0.5):
        made = norm(beta=beta, gamma=3.0).fit(X)
        np.testing.assert_array_equal(made.transform(X), np.full(X.shape, beta or 0.0))
    if norm is not BatchNorm:
        Z, stats = made.transform(X, return_stats=True)
        np.testing.assert_array_equal(made.inverse_transform(Z, stats=stats), X)


def test_a_group_norm_that_knows_its_channels_takes_rows_of_them():
    """(n, 4) in 2 groups of 2; another number of channels is an error, in any layout."""
    X = np.array([[1.0, 3.0, 10.0, 50.0]])
    norm = GroupNorm(num_groups=2, num_channels=4, eps=0.0, gamma=[1.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(norm.transform(X), [[-1.0, 2.0, -3.0, 4.0]], rtol=1e-15)
    assert norm.fit(X).shape_ == (4,)
    for axis in (-1, 2):
        norm = GroupNorm(num_groups=2, num_channels=4, eps=0.0, channel_axis=axis)
        assert norm.transform(X).tolist() == [[-1.0, 1.0, -1.0, 1.0]]
    with pytest.raises(ValueError, match=r"3 channels, but GroupNorm\(num_channels=4\) .*shape="):
        GroupNorm(num_channels=4).transform(np.ones((2, 3, 5)))
    with pytest.raises(ValueError, match="6 channels"):
        GroupNorm(num_channels=4, num_groups=2).fit(np.ones((2, 6)))
    flat = np.arange(16.0).reshape(2, 8)
    told = GroupNorm(num_channels=4, num_groups=2, shape=(4, 2))
    expected = GroupNorm(num_groups=2).transform(flat.reshape(2, 4, 2)).reshape(2, 8)
    np.testing.assert_array_equal(told.transform(flat), expected)
