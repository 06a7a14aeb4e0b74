"""Series by their recent past: exponential moving statistics and sliding windows."""

from __future__ import annotations

import timeit

import numpy as np
import pandas as pd
import pytest

from sklearn_norm import functional

X = [1.0, 2.0, 4.0, 8.0]
WINDOW = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]


def close(actual, expected, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(actual, expected, rtol, atol)


def test_exponential_moving_statistics_by_hand():
    """Factor 0.5: means 1, 5/3, 3 and 17/3."""
    close(
        functional.exponential_moving_standardize(X, factor_new=0.5),
        [0.0, 1.2247448714, 1.2875926129, 1.3074028934],
    )
    close(functional.exponential_moving_demean(X, factor_new=0.5), [0, 1 / 3, 1, 7 / 3], 1e-15)


def by_pandas(x, factor, eps=1e-4, block=None):
    """Return the definition of EEG toolboxes, for series along the first axis."""
    frame = pd.DataFrame(x)
    away = frame - frame.ewm(alpha=factor).mean()
    root = np.sqrt((away**2).ewm(alpha=factor).mean())
    standard = (away / np.maximum(root, eps)).to_numpy().copy()
    away = away.to_numpy().copy()
    if block:
        own = x[:block] - np.nanmean(x[:block], axis=0)
        away[:block] = own
        standard[:block] = own / np.maximum(np.nanstd(x[:block], axis=0), eps)
    return away, standard


@pytest.mark.parametrize("factor", [1e-3, 0.2, 1.0])
@pytest.mark.parametrize("block", [None, 1, 10, 10**4])
@pytest.mark.parametrize("missing", [False, True])
def test_exponential_moving_statistics_are_those_of_pandas(factor, block, missing):
    """With missing members too, which age the others; any axis."""
    draw = np.random.default_rng(0)
    x = draw.normal(3, 2, (200, 3))
    if missing:
        x[draw.random(x.shape) < 0.2] = np.nan
        x[0, 0] = np.nan
    if block == 1 and missing:
        x[0] = 1.0
    away, standard = by_pandas(x, factor, block=block)
    options = {"factor_new": factor, "init_block_size": block}
    for axis in (0, -1):
        given = x if axis == 0 else np.ascontiguousarray(x.T)
        found = functional.exponential_moving_demean(given, axis=axis, **options)
        close(found if axis == 0 else found.T, away, atol=1e-11)
        found = functional.exponential_moving_standardize(given, axis=axis, **options)
        close(found if axis == 0 else found.T, standard, 1e-6 if factor == 1 else 1e-9, 1e-9)


def test_a_large_mean_costs_no_digits():
    """The same numbers on top of 2**40."""
    x = np.random.default_rng(1).integers(-(2**10), 2**10, (2, 300)).astype(float)
    for function in (
        functional.exponential_moving_standardize,
        functional.exponential_moving_demean,
        lambda x: functional.sliding_window_cmn(x, cmn_window=20, norm_vars=True, axis=-1),
    ):
        close(function(x + 2.0**40), function(x), 1e-9, 1e-9)


def test_the_series_of_a_piece_do_not_know_of_each_other():
    """9 series of 10,000 members are 3 pieces, in any order of axes."""
    x = np.random.default_rng(4).normal(size=(3, 3, 10_000))
    x[1, 1, ::7] = np.nan
    whole = functional.exponential_moving_standardize(x)
    for at in np.ndindex(3, 3):
        np.testing.assert_array_equal(functional.exponential_moving_standardize(x[at]), whole[at])
    first = functional.exponential_moving_standardize(np.moveaxis(x, -1, 0), axis=0)
    np.testing.assert_array_equal(np.moveaxis(first, 0, -1), whole)
    assert first.flags.c_contiguous


def test_exponential_moving_standardize_is_about_as_fast_as_pandas():
    """22 channels of 5,000 members; the bar of 3 times is measured alone, here it is 10."""
    x = np.random.default_rng(2).normal(size=(22, 5000))
    ours = min(
        timeit.repeat(lambda: functional.exponential_moving_standardize(x), number=1, repeat=5)
    )
    frame = pd.DataFrame(x.T)
    theirs = min(timeit.repeat(lambda: frame.ewm(alpha=1e-3).mean(), number=1, repeat=5))
    assert ours < 10 * theirs


def test_sliding_windows_by_hand():
    """A window of 3 that is not centred holds 4 frames."""
    frames = np.array(WINDOW)[:, None]
    found = functional.sliding_window_cmn(frames, cmn_window=3, min_cmn_window=2)
    close(found.ravel(), [-0.5, 0.5, 5 / 3, 4.25, 8.5, 17.0], 1e-14)
    found = functional.sliding_window_cmn(frames, cmn_window=3, center=True)
    close(found.ravel(), [-4 / 3, -1 / 3, -2 / 3, -4 / 3, -8 / 3, 40 / 3], 1e-14)


def by_kaldi(x, window, least, center, norm_vars):
    """Return its definition, frame by frame; time is the first axis."""
    n, out = len(x), np.empty_like(x)
    for t in range(n):
        start = t - window // 2 if center else t - window
        stop = start + window if center else t + 1
        if start < 0:
            stop, start = stop - start, 0
        if not center and stop > t:
            stop = max(t + 1, least)
        if stop > n:
            start, stop = max(0, start - (stop - n)), n
        part = x[start:stop]
        out[t] = x[t] - part.mean(axis=0)
        if norm_vars:
            out[t] = 0 if len(part) == 1 else out[t] / np.sqrt(np.maximum(part.var(axis=0), 1e-10))
    return out


@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("norm_vars", [False, True])
@pytest.mark.parametrize(
    ("window", "least"), [(1, 1), (2, 1), (3, 2), (7, 20), (50, 3), (600, 100)]
)
def test_sliding_windows_are_those_of_kaldi(center, norm_vars, window, least):
    x = np.random.default_rng(3).normal(5, 2, (30, 2))
    x[:, 1] = 4.0  # a constant feature
    options = {"cmn_window": window, "min_cmn_window": least}
    options |= {"center": center, "norm_vars": norm_vars}
    expected = by_kaldi(x, window, least, center, norm_vars)
    close(functional.sliding_window_cmn(x, **options), expected, 1e-9, 1e-9)
    stacked = functional.sliding_window_cmn(np.stack([x.T, 2 * x.T]), axis=-1, **options)
    close(stacked[0].T, expected, 1e-9, 1e-9)


def test_dtypes_and_no_frames():
    for function in (
        functional.exponential_moving_standardize,
        functional.exponential_moving_demean,
        functional.sliding_window_cmn,
    ):
        assert function(np.ones((3, 4), np.float32)).dtype == np.float32
        assert function(np.ones((3, 4), np.int16)).dtype == np.float64
        assert function(np.ones((0, 0))).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: functional.exponential_moving_demean(X, factor_new=0.0), "`factor_new` must be"),
        (lambda: functional.exponential_moving_demean(X, axis=1), "axis=1 is no axis"),
        (lambda: functional.exponential_moving_demean(X, init_block_size=0), "at least 1"),
        (lambda: functional.exponential_moving_demean([1.0, np.inf]), "infinity"),
        (lambda: functional.exponential_moving_standardize(X, eps=-1.0), "`eps` must be"),
        (lambda: functional.sliding_window_cmn([[1.0, np.nan]]), "NaN or infinity"),
        (lambda: functional.sliding_window_cmn(X), "axis=-2 is no axis"),
        (lambda: functional.sliding_window_cmn([X], cmn_window=0), "at least 1 frame"),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
