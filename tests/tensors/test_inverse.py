"""The statistics of a sample lead back from its result."""

from __future__ import annotations

import numpy as np
import pytest
from laws import EPS, assert_same_bits
from tensor_cases import (
    CASES,
    DTYPES,
    SAMPLE,
    every_case,
    every_kind,
    gain_and_bias,
    tensor,
)

from sklearn_norm import AdaNorm, InstanceNorm, LayerNorm


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_statistics_lead_back(case, dtype):
    """Z and stats give X, to some roundings of its largest member; a sample by its own stats."""
    X = tensor(6, dtype=dtype)
    norm = case(**gain_and_bias(case))
    Z, stats = norm.transform(X, return_stats=True)
    assert stats.shape == (6, case.groups.max() + 1, 2)
    assert type(stats) is np.ndarray
    back = norm.inverse_transform(Z, stats=stats)
    assert back.dtype == dtype
    np.testing.assert_allclose(back, X, 0, 64 * np.finfo(dtype).eps * np.abs(X).max())
    assert_same_bits(norm.inverse_transform(Z[3:5], stats=stats[3:5]), back[3:5])
    assert_same_bits(norm.inverse_transform(Z[[4]], stats=stats[[4]].tolist()), back[[4]])
    assert_same_bits(norm.fit(X).inverse_transform(Z, stats=stats), back)


@every_case
def test_a_roundtrip_of_large_means_and_missing_values(case):
    """Unix times come back to their last bits; NaN stays NaN."""
    X = 1.7e9 + 0.3 * tensor(4, mean=0.0)
    X[2, 1, 1, 1:4] = np.nan
    Z, stats = case().transform(X, return_stats=True)
    back = case().inverse_transform(Z, stats=stats)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(X))
    np.testing.assert_allclose(back, X, 8 * EPS)


@pytest.mark.parametrize("name", ["instance", "instance 2", "group 1", "group 2", "rms", "layer"])
@pytest.mark.parametrize("length", [1, 2, 17])
def test_a_forecast_of_another_length_comes_back_in_units_of_its_sample(name, length):
    """Reversible instance normalisation: z * scale + center, group by group."""
    case = CASES[name]
    norm = case(gamma=2.0, beta=0.5).fit(tensor())
    _, stats = norm.transform(tensor(), return_stats=True)
    forecast = tensor(5, (4, 3, length), mean=0.0, seed=9)
    back = norm.inverse_transform(forecast, stats=stats)
    groups = np.repeat(case.groups[..., :1], length, axis=-1)
    center, scale = (stats[..., i][:, groups] for i in (0, 1))
    np.testing.assert_allclose(back, (forecast - 0.5) / 2 * scale + center, 1e-14, 1e-14)
    assert_same_bits(
        case(SAMPLE, gamma=2.0, beta=0.5).inverse_transform(forecast, stats=stats), back
    )


def test_forecasts_by_hand():
    """A channel around 2 ± 1 and one around 30 ± 20, channels first and last; flat series too."""
    X = np.array([[[1.0, 3.0], [10.0, 50.0]]])
    _, stats = InstanceNorm(eps=0.0).transform(X, return_stats=True)
    assert stats.tolist() == [[[2.0, 1.0], [30.0, 20.0]]]
    Z = np.array([[[0.0, 1.0, -2.0], [0.0, 1.0, -2.0]]])
    expected = [[[2.0, 3.0, 0.0], [30.0, 50.0, -10.0]]]
    assert InstanceNorm().inverse_transform(Z, stats=stats).tolist() == expected
    last = InstanceNorm(channel_axis=-1)
    assert last.inverse_transform(Z.swapaxes(1, 2), stats=stats).swapaxes(1, 2).tolist() == expected
    _, stats = InstanceNorm(eps=0.0).transform([[1.0, 3.0], [10.0, 50.0]], return_stats=True)
    forecast = InstanceNorm().inverse_transform([[0, 1, -2], [0, 1, -2]], stats=stats)
    assert forecast.tolist() == [[2.0, 3.0, 0.0], [30.0, 50.0, -10.0]]


@every_kind
def test_without_fitting_statistics_there_is_no_way_back(kind):
    """The messages tell how to get them, and what shape they need."""
    Z, stats = kind().transform(tensor(5, (3, 8)), return_stats=True)
    message = rf"{kind.__name__}.*Z, stats = transform\(X, return_stats=True\)"
    with pytest.raises(ValueError, match=message):
        kind().inverse_transform(Z)
    groups = stats.shape[1]
    for wrong in (stats[:4], stats[0], stats[..., 0], stats[..., [0, 1, 1]], np.ones((5, 9, 2))):
        with pytest.raises(ValueError, match=rf"`stats`.*\(5, 3, 8\) needs \(5, {groups}, 2\)"):
            kind().inverse_transform(Z, stats=wrong)
    for gamma in (0, 0.0):
        norm = kind(gamma=gamma, beta=1.0)
        assert (norm.transform(Z) == 1.0).all()
        with pytest.raises(ValueError, match=r"`gamma` holds a 0.*cannot be undone"):
            norm.inverse_transform(Z, stats=stats)


def test_ada_norm_is_undone_below_its_vertex():
    """C (1 - k y) y rises up to y = 1 / (2 k) = 5: there it is undone, beyond it is mirrored."""
    y = np.concatenate([np.linspace(-50, 4.9, 500), [0.0, 1e-12, -1e-12]])[None]
    unit = np.array([[[0.0, 1.0]]])
    for C in (1.0, -3.0):
        Z = C * (1 - 0.1 * y) * y
        back = AdaNorm(C=C).inverse_transform(Z, stats=unit)
        np.testing.assert_allclose(back, y, 1e-14)
    norm = AdaNorm(gamma=2.0, beta=1.0)  # y = 3: 2 * 2.1 + 1; y = 6 and y = 4: 2 * 2.4 + 1
    found = norm.inverse_transform([[5.2, 5.8, 1.0, 6.0]], stats=[[[100.0, 10.0]]])
    np.testing.assert_allclose(found, [[130.0, 140.0, 100.0, 150.0]], 1e-14)
    spike = np.zeros((1, 101))
    spike[0, 0] = 1.0  # 10 deviations from the mean, of which z = 0
    Z, stats = AdaNorm(eps=0.0).transform(spike, return_stats=True)
    np.testing.assert_allclose(Z[0, 0], 0.0, atol=1e-13)
    back = AdaNorm().inverse_transform(Z, stats=stats)
    np.testing.assert_allclose(back[0, 1:], 0.0, atol=1e-15)
    np.testing.assert_allclose(back[0, 0], 1 / 101, atol=1e-15)
    linear = AdaNorm(k=0.0, C=2.0)
    Z, stats = linear.transform(tensor(), return_stats=True)
    np.testing.assert_allclose(linear.inverse_transform(Z, stats=stats), tensor(), 1e-14)


def test_what_ada_norm_never_returns_is_taken_for_its_vertex():
    """A forecast above C / (4 k) has no origin: it becomes 1 / (2 k), the nearest that has."""
    back = AdaNorm().inverse_transform([[2.5, 2.6, 10.0]], stats=[[[0.0, 1.0]]])
    np.testing.assert_allclose(back, [[5.0, 5.0, 5.0]], 1e-14)


def test_the_inverse_leaves_masked_members_as_they_are():
    """With the mask of transform, a sample without members included."""
    X = np.array([[1.0, 3.0, 0.0, 0.0], [5.0, 6.0, 7.0, 8.0]])
    mask = np.array([[True, True, False, False], [False] * 4])
    norm = LayerNorm(gamma=2.0, beta=1.0)
    Z, stats = norm.transform(X, mask=mask, return_stats=True)
    np.testing.assert_allclose(norm.inverse_transform(Z, stats=stats, mask=mask), X, 1e-14)


@pytest.mark.parametrize("channel_axis", [1, 2])
def test_a_flattened_forecast_may_have_another_length(channel_axis):
    """The channels that `shape` tells settle how it is laid out."""
    rng = np.random.default_rng(0)
    X = rng.normal(3, 2, (4, 2, 10) if channel_axis == 1 else (4, 10, 2))
    short = X[:, :, :5] if channel_axis == 1 else X[:, :5]
    tall = InstanceNorm(channel_axis=channel_axis)
    flat = InstanceNorm(shape=X.shape[1:], channel_axis=channel_axis)
    _, stats = tall.transform(X, return_stats=True)
    expected = tall.inverse_transform(short, stats=stats)
    found = flat.inverse_transform(short.reshape(4, -1), stats=stats)
    assert_same_bits(found, expected.reshape(4, -1))
    with pytest.raises(ValueError, match=r"\(4, 9\).* 2 channels.*shape \(\d+, \d+\)"):
        flat.inverse_transform(np.ones((4, 9)), stats=stats)
