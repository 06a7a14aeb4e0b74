"""Layout, other samples and the way a sample is laid out change no bit of a result."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from laws import assert_same_bits, layouts
from sklearn.base import clone
from tensor_cases import (
    DTYPES,
    SAMPLE,
    every_case,
    gain_and_bias,
    run,
    tensor,
)

from sklearn_norm import GroupNorm, InstanceNorm, LayerNorm


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
def test_flat_samples_give_the_bits_of_the_others(case, dtype):
    """With `shape`, (n, *shape) and (n, features) are the same data; the form comes back."""
    X = tensor(dtype=dtype)
    given = gain_and_bias(case)
    norm = case(SAMPLE, **given)
    expected = run(case(**given), X)
    for fitted in (norm, norm.fit(X), clone(norm).fit(X.reshape(5, -1))):
        assert_same_bits(run(fitted, X), expected)
        found = run(fitted, X.reshape(5, -1))
        assert found["Z"].shape == (5, 72)
        assert_same_bits(found["Z"].reshape(X.shape), expected["Z"])
        assert_same_bits(found["stats"], expected["stats"])
        back = fitted.inverse_transform(found["Z"], stats=found["stats"])
        assert_same_bits(
            back.reshape(X.shape), fitted.inverse_transform(expected["Z"], stats=expected["stats"])
        )


def test_two_axes_without_a_shape_are_one_channel():
    """All features of a sample are one group, first or last."""
    X = tensor(4, (20,))
    expected = LayerNorm().transform(X)
    for norm in (InstanceNorm(), InstanceNorm(channel_axis=-1), GroupNorm(), LayerNorm(shape=20)):
        assert_same_bits(norm.fit(X).transform(X), expected)
    assert InstanceNorm().fit(X).shape_ == (1, 20)
    assert InstanceNorm(channel_axis=-1).fit(X).shape_ == (20, 1)
    assert LayerNorm().fit(X).shape_ == (20,)


@pytest.mark.parametrize("kind", [InstanceNorm, GroupNorm])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sample", [(4, 5), (6, 3, 5), (4, 2, 3, 2)])
def test_channels_last_give_the_bits_of_channels_first(kind, sample, dtype):
    """At any axis, whether the array is laid out so or only seen so."""
    X = tensor(3, sample, dtype)
    given = {"num_groups": 2} if kind is GroupNorm else {}
    given |= {"gamma": np.linspace(1, 2, sample[0]), "beta": np.linspace(-1, 0, sample[0])}
    expected = run(kind(**given), X)
    back = kind(**given).inverse_transform(expected["Z"], stats=expected["stats"])
    for axis in range(2, len(sample) + 1):
        for name in (axis, axis - len(sample) - 1):
            norm = kind(channel_axis=name, **given)
            seen = np.moveaxis(X, 1, axis)
            for laid in (seen, np.ascontiguousarray(seen)):
                found = run(norm, laid)
                Z = np.moveaxis(found["Z"], axis, 1)
                assert_same_bits({**found, "Z": Z}, expected, f"axis {name}")
                restored = norm.inverse_transform(found["Z"], stats=found["stats"])
                assert_same_bits(np.moveaxis(restored, axis, 1), back, f"axis {name}")


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [6, 150, 9000])
def test_other_samples_leave_no_trace(case, length, dtype):
    """Samples permuted are results permuted, and a sample alone has the bits it has in a batch."""
    if not case.pads and length > 6:
        length = 60
    X = tensor(6, (*SAMPLE[:2], length), dtype)
    whole = run(case(), X)
    order = np.array([5, 2, 0, 3, 1, 4])
    assert_same_bits(run(case(), X[order]), {n: v[order] for n, v in whole.items()}, "permuted")
    for i in range(6):
        alone = {n: v[i : i + 1] for n, v in whole.items()}
        assert_same_bits(run(case(), X[i : i + 1]), alone, f"sample {i}")
    X[:5] = np.nan
    X[0] = 1e30 if dtype != np.float16 else 6e4
    assert_same_bits(run(case(), X)["Z"][5], whole["Z"][5], "other neighbours")


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts_and_use_leave_no_trace(case, dtype):
    """C, Fortran, strided, reversed, read-only and lists: the same bits, and X as it was."""
    X = tensor(dtype=dtype)
    X[1, 1, 1, 1] = np.nan
    before, mask = X.copy(), np.arange(6) != 2
    norm = case()
    state = pickle.dumps(norm)
    for given in ({}, {"mask": mask}):
        expected = run(norm, X, **given)
        back = norm.inverse_transform(expected["Z"], stats=expected["stats"])
        kept = {n: v.copy() for n, v in expected.items()}
        wide = np.repeat(np.repeat(X, 2, axis=3), 2, axis=0)
        variants = {
            "F": np.asfortranarray(X),
            "strided": wide[::2, ..., ::2],
            "reversed": X[::-1, ::-1, ::-1, ::-1].copy()[::-1, ::-1, ::-1, ::-1],
            "read-only": X.copy(),
        }
        variants["read-only"].flags.writeable = False
        for name, variant in variants.items():
            assert_same_bits(run(norm, variant, **given), expected, name)
            Z = np.repeat(expected["Z"], 2, axis=0)[::2] if name == "strided" else expected["Z"]
            Z = np.asfortranarray(Z) if name == "F" else Z
            assert_same_bits(norm.inverse_transform(Z, stats=expected["stats"]), back, name)
            assert_same_bits(variant, before)
        if dtype == np.float64:
            assert_same_bits(run(norm, X.tolist(), **given), expected, "list")
        assert_same_bits(expected, kept)
    assert_same_bits(X, before)
    flat = tensor(20, (12,), dtype)
    expected = run(case((2, 2, 3), **({"num_groups": 1} if case.kind is GroupNorm else {})), flat)
    for name, variant in layouts(flat).items():
        norm = case((2, 2, 3), **({"num_groups": 1} if case.kind is GroupNorm else {}))
        assert_same_bits(run(norm, variant), expected, name)
    assert pickle.dumps(case()) == state
