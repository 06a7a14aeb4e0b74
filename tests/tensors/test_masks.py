"""What a mask leaves out: no trace of it in the results, and it stays as it was."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from laws import assert_same_bits
from tensor_cases import (
    CASES,
    DTYPES,
    SAMPLE,
    every_kind,
    gain_and_bias,
    one_case_each,
    run,
    tensor,
)

from sklearn_norm import GroupNorm, InstanceNorm, LayerNorm, RMSNorm


def padded_tensor(X, places, length, fill):
    P = np.full((*X.shape[:-1], length), fill, dtype=X.dtype)
    P[..., places] = X
    return P


@pytest.mark.parametrize("case", [c for c in CASES.values() if c.pads], ids=lambda c: str(c()))
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("length", [2, 3, 7, 9, 30, 129, 200, 3000])
def test_padding_leaves_no_trace(case, length, dtype):
    """At the end or anywhere: real members and statistics keep their bits, padding its values."""
    X = tensor(3, (4, 3, length), dtype)
    channels = case.kind in (InstanceNorm, GroupNorm)
    learnt = gain_and_bias(case) if channels else {"gamma": 1.3, "beta": 0.1}
    rng = np.random.default_rng(1)
    for given in ({}, learnt):
        norm = case(**given)
        expected = run(norm, X)
        for further in (1, 50):
            total = length + further
            for places in (np.arange(length), np.sort(rng.permutation(total)[:length])):
                mask = np.isin(np.arange(total), places)
                P = padded_tensor(X, places, total, 6e4)
                found = run(norm, P, mask=mask)
                assert_same_bits(found["Z"][..., ~mask], P[..., ~mask], "padding")
                assert_same_bits(found["stats"], expected["stats"], f"stats, {further} more")
                assert_same_bits(found["Z"][..., mask], expected["Z"], f"{further} more")
                as_nan = run(norm, padded_tensor(X, places, total, np.nan))
                assert np.isnan(as_nan["Z"][..., ~mask]).all()
                as_nan["Z"] = as_nan["Z"][..., mask]
                assert_same_bits(as_nan, expected, f"NaN, {further} more")


@one_case_each
def test_samples_of_different_lengths_are_those_alone(case):
    """A batch padded to its longest sequence, with a mask by lengths."""
    lengths = [12, 3, 7, 2]
    parts = [tensor(1, (4, 3, n), seed=n) for n in lengths]
    P = np.concatenate([padded_tensor(p, np.arange(p.shape[-1]), 12, -99.0) for p in parts])
    mask = (np.arange(12) < np.array(lengths)[:, None])[:, None, None]
    found = run(case(), P, mask=mask)
    for i, part in enumerate(parts):
        alone = run(case(), part)
        assert_same_bits(found["Z"][i : i + 1, ..., : lengths[i]], alone["Z"])
        assert_same_bits(found["stats"][i : i + 1], alone["stats"])
        assert (found["Z"][i, ..., lengths[i] :] == -99.0).all()


@one_case_each
def test_a_mask_is_broadcast_as_arrays_are(case):
    """By positions, channels, samples or members; of N-D and of flat data; True is no mask."""
    X = tensor()
    rng = np.random.default_rng(3)
    for shape in [(6,), (3, 1), (1, 4, 1, 1), (1, 4, 1, 6), (5, 1, 1, 1), (5, 1, 1, 6), X.shape]:
        mask = rng.random(shape) < 0.7
        whole = np.broadcast_to(mask, X.shape)
        expected = run(case(), X, mask=whole)
        assert_same_bits(run(case(), X, mask=mask), expected, str(shape))
        assert_same_bits(run(case(), X, mask=mask.tolist()), expected, str(shape))
        assert_same_bits(expected["Z"][~whole], X[~whole])
        flat = run(case(SAMPLE), X.reshape(5, -1), mask=whole.reshape(5, -1))
        assert_same_bits(flat["Z"].reshape(X.shape), expected["Z"])
    by_member = rng.random(72) < 0.7
    flat = run(case(SAMPLE), X.reshape(5, -1), mask=by_member)
    expected = run(case(), X, mask=by_member.reshape(1, *SAMPLE))
    assert_same_bits(flat["stats"], expected["stats"])
    for mask in (None, True, np.True_, [True] * 6):
        assert_same_bits(run(case(), X, mask=mask), run(case(), X))
    with pytest.raises(ValueError, match=r"`mask` of shape \(7,\).*\(5, 4, 3, 6\)"):
        case().transform(X, mask=np.ones(7, dtype=bool))
    with pytest.raises(ValueError, match=r"`mask` of shape \(2, 5, 4, 3, 6\)"):
        case().transform(X, mask=np.ones((2, *X.shape), dtype=bool))
    with pytest.raises(ValueError, match=r"`mask` of shape \(4, 3, 6\).*\(5, 72\)"):
        case(SAMPLE).transform(X.reshape(5, -1), mask=np.ones(SAMPLE, dtype=bool))
    for wrong in (np.ones(6), np.ones(6, dtype=int), ["yes"] * 6):
        with pytest.raises(ValueError, match="`mask` must hold booleans"):
            case().transform(X, mask=wrong)


@one_case_each
def test_a_mask_of_positions_lacks_the_axis_of_channels(case):
    """(n, T) beside (n, T, F) for norms of trailing axes, beside (n, C, T) for those of channels.

    Its meaning is that of its number of axes alone, also of samples as long as they are wide.
    """
    channels = case.kind in (InstanceNorm, GroupNorm)
    for sample in ((4, 6), (4, 4)):
        X = tensor(4, sample)
        mask = np.random.default_rng(1).random((4, sample[1 if channels else 0])) < 0.7
        whole = np.expand_dims(mask, 1 if channels else 2)
        expected = run(case(), X, mask=np.broadcast_to(whole, X.shape))
        found = run(case(), X, mask=mask)
        assert_same_bits(found, expected)
        back = case().inverse_transform(found["Z"], stats=found["stats"], mask=mask)
        assert_same_bits(
            back[~np.broadcast_to(whole, X.shape)], X[~np.broadcast_to(whole, X.shape)]
        )
    wrong = np.ones((4, 5), dtype=bool)
    with pytest.raises(ValueError, match=r"must have the shape \(4, [46]\), an entry for each pos"):
        case().transform(tensor(4, (4, 6)), mask=wrong)
    last = np.ones((4, 6), dtype=bool)
    if channels:
        last_axis = case(channel_axis=-1)
        expected = run(last_axis, tensor(4, (6, 4)), mask=last[..., None])
        assert_same_bits(run(last_axis, tensor(4, (6, 4)), mask=last), expected)


def test_beside_any_axes_a_mask_has_all_axes():
    """Which axis is that of channels is not known there."""
    X = tensor(4, (3, 6))
    with pytest.raises(ValueError, match="lacks is not known beside `axis`: give it 3 axes"):
        LayerNorm(axis=1).transform(X, mask=np.ones((4, 6), dtype=bool))
    assert_same_bits(
        LayerNorm(axis=1).transform(X, mask=np.ones((4, 1, 6), dtype=bool)),
        LayerNorm(axis=1).transform(X),
    )


@one_case_each
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_sample_without_members_is_left_as_it_is(case, dtype):
    """No warning, no statistics, no trace in the others; with one member there is no spread."""
    X = tensor(4, dtype=dtype)
    X[3] = np.nan
    mask = np.ones(X.shape, dtype=bool)
    mask[:2] = False
    firsts = [np.flatnonzero(case.groups.ravel() == g)[0] for g in range(case.groups.max() + 1)]
    mask[1].reshape(-1)[firsts] = True  # one member of each group
    found = run(case(beta=0.5), X, mask=mask)
    assert_same_bits(found["Z"][0], X[0])
    assert np.isnan(found["stats"][[0, 3]]).all()
    assert np.isnan(found["Z"][3]).all()
    assert_same_bits(found["Z"][1][~mask[1]], X[1][~mask[1]])
    if case.kind is not RMSNorm:
        assert (found["Z"][1][mask[1]] == 0.5).all()
        assert found["stats"][1, :, 0].tolist() == X[1].ravel()[firsts].tolist()
    assert_same_bits(found["Z"][2:3], case(beta=0.5).transform(X[2:3]))


@one_case_each
def test_missing_values_are_masked_and_stay_missing(case):
    """NaN, None in a list and nulls of frames; a mask and NaN leave out both."""
    X = tensor(3)
    X[np.random.default_rng(4).random(X.shape) < 0.2] = np.nan
    there, mask = ~np.isnan(X), np.arange(6) < 5
    expected = run(case(), np.where(there, X, 7.0), mask=there & mask)
    found = run(case(), X, mask=mask)
    assert_same_bits(found["stats"], expected["stats"])
    assert_same_bits(found["Z"][there], expected["Z"][there])
    np.testing.assert_array_equal(np.isnan(found["Z"]), ~there)
    flat = X.reshape(3, -1)
    expected = case(SAMPLE).fit_transform(flat)
    names = [f"c{i}" for i in range(72)]
    frames = {
        "masked": np.ma.masked_invalid(flat),
        "objects": pd.DataFrame(flat, columns=names).astype(object).where(~np.isnan(flat), None),
        "polars": pl.DataFrame(flat, schema=names).fill_nan(None),
    }
    for name, data in frames.items():
        assert_same_bits(case(SAMPLE).fit_transform(data), expected, name)


@every_kind
def test_a_masked_array_of_any_number_of_axes_is_masked(kind):
    """What NumPy masks is missing, in N-D arrays as in 2-D ones."""
    X = tensor(3, (2, 8))
    hidden = np.random.default_rng(5).random(X.shape) < 0.3
    expected = kind().transform(np.where(hidden, np.nan, X))
    assert_same_bits(kind().transform(np.ma.array(X, mask=hidden)), expected)


def test_a_masked_infinity_is_no_infinity():
    """Whatever fills the padding comes out as it is; what is left is measured."""
    X = np.array([[1.0, 3.0, np.inf, -np.inf]])
    Z = LayerNorm(eps=0.0).transform(X, mask=[[True, True, False, False]])
    assert Z.tolist() == [[-1.0, 1.0, np.inf, -np.inf]]
    with pytest.raises(ValueError, match=r"infinity.*in column 2"):
        LayerNorm().transform(X, mask=[[True, True, True, False]])


def test_a_mask_with_columns_in_another_order_is_an_error():
    """A frame is masked by a frame of the same columns."""
    table = pd.DataFrame([[1.0, 3.0, 9.0]], columns=list("abc"))
    mask = table < 5
    assert LayerNorm(eps=0.0).fit_transform(table, mask=mask).tolist() == [[-1.0, 1.0, 9.0]]
    with pytest.raises(ValueError, match=r"`mask` has the columns.*same order"):
        LayerNorm().fit_transform(table, mask=mask[["c", "a", "b"]])
