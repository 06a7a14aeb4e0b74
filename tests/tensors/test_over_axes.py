"""Norms over any axes of a sample: what they keep, save and hand to others."""

from __future__ import annotations

import pickle

import golden
import laws
import numpy as np
import pytest
from laws import assert_same_bits

import sklearn_norm
from sklearn_norm import AdaNorm, LayerNorm, RMSNorm

X = np.random.default_rng(0).normal(3, 2, (5, 4, 3, 2))
NORMS = [
    LayerNorm(axis=1, gamma=[1.0, 2.0, 0.5, -1.0], beta=np.ones((4, 3, 1))),
    RMSNorm(axis=(1, -1), gamma=[[[0.5]], [[0.0]], [[1.0]], [[2.0]]], unit_offset=True),
    AdaNorm(axis=2, beta=np.arange(24.0).reshape(4, 3, 2)),
]
every_norm = pytest.mark.parametrize("norm", NORMS, ids=lambda norm: type(norm).__name__)


@every_norm
def test_they_are_pickled_saved_and_streamed(norm):
    norm.fit(X)
    assert_same_bits(pickle.loads(pickle.dumps(norm)).transform(X), norm.transform(X))
    laws.estimator_survives_json(norm, X, X[:1])


@every_norm
def test_flattened_samples_masks_and_inverse(norm):
    """As for the other norms: rows of `shape`, members left out, statistics given back."""
    flat = type(norm)(**norm.get_params()).set_params(shape=X.shape[1:])
    rows = X.reshape(5, -1)
    assert_same_bits(flat.fit_transform(rows).reshape(X.shape), norm.transform(X))
    assert_same_bits(flat.fit(rows).transform(rows).reshape(X.shape), norm.transform(X))
    mask = np.random.default_rng(1).random(X.shape) < 0.7
    Z, stats = norm.transform(X, mask=mask, return_stats=True)
    holes, known = norm.transform(np.where(mask, X, np.nan), return_stats=True)
    assert_same_bits(stats, known)
    assert_same_bits(Z, np.where(mask, holes, X))
    back = norm.inverse_transform(Z, stats=stats, mask=mask)
    np.testing.assert_allclose(back, X, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("name", ["LayerNorm", "RMSNorm", "AdaNorm"])
def test_files_of_a_release_without_them_have_the_defaults(name):
    for path in (golden.GOLDEN / "0.1.0.dev0").glob(f"*{name}.json"):
        norm = sklearn_norm.load(path)
        assert (norm.axis, norm.unit_offset) == (None, False)


@pytest.mark.parametrize(
    ("norm", "message"),
    [
        (LayerNorm(axis=1), r"at the end, this norm at axis=1 of \(n_samples, 4, 3, 2\)"),
        (RMSNorm(axis=(1, 3)), "at the end, this norm at axis="),
        (LayerNorm(axis=-1, gamma=np.ones((3, 1))), r"`gamma` of shape \(3, 1\) differs along"),
        (LayerNorm(normalized_ndim=2, beta=np.ones((4, 3, 2))), "one number for each of the 6 mem"),
    ],
    ids=repr,
)
def test_what_torch_cannot_do_is_refused(norm, message):
    with pytest.raises(ValueError, match=message):
        norm.fit(X).to_torch()


def test_what_torch_can_do_is_told_in_its_terms():
    """One number for each member that is normalised, 1 + gamma among them."""
    norm = LayerNorm(axis=(2, -1), gamma=[1.0, -1.0], beta=[[1.0]] * 3, unit_offset=True)
    module = norm.fit(X)._as_module()
    assert module.arguments == ((3, 2),)
    assert module.values["weight"].ravel().tolist() == [2.0, 0.0] * 3
    assert module.values["bias"].ravel().tolist() == [1.0] * 6
    assert RMSNorm(shape=(4,))._as_module().values == {"weight": None, "bias": None}


def test_weights_of_channels_first_norms_are_read():
    """Of ConvNeXt and SAM, and of RMS norms whose weights are differences from 1."""
    weights = {"n.weight": np.arange(4.0), "n.bias": np.ones(4)}
    norm = LayerNorm.from_state_dict(weights, "n.", axis=1)
    expected = LayerNorm(axis=1).transform(X) * np.arange(4.0)[:, None, None] + 1
    np.testing.assert_allclose(norm.transform(X), expected, rtol=1e-14)
    options = {"eps": 1e-6, "unit_offset": True}
    norm = RMSNorm.from_state_dict({"weight": np.array([0.0, 1.0])}, **options)
    expected = RMSNorm(axis=-1, eps=1e-6).transform(X) * [1.0, 2.0]
    np.testing.assert_allclose(norm.transform(X), expected, rtol=1e-14)


@every_norm
def test_samples_in_fortran_order_have_the_same_bits(norm):
    assert_same_bits(norm.transform(np.asfortranarray(X)), norm.transform(X))
    found = norm.transform(X.astype(np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, norm.transform(X), rtol=1e-4, atol=1e-4)
