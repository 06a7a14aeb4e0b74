"""Statistics of other data, and series from their last member: what forecasts are made with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from laws import assert_same_bits

from sklearn_norm import AdaNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm, SampleScaler

SERIES = np.array([[2.0, 4.0, 6.0, 12.0]])
LAST = [-2.6726124191, -2.1380899353, -1.6035674515, 0.0]
RNG = np.random.default_rng(5)
X = RNG.normal(5.0, 3.0, (4, 6, 7))
VECTORS = {"gamma": [1.0, -2.0, 3.0, 0.5, 1.0, 4.0], "beta": np.arange(6.0)}
NORMS = [
    LayerNorm(gamma=2.0, beta=1.0),
    LayerNorm(normalized_ndim=1, gamma=np.arange(1.0, 8.0)),
    RMSNorm(gamma=2.0),
    AdaNorm(C=2.0, beta=1.0),
    InstanceNorm(**VECTORS),
    InstanceNorm(center="last", **VECTORS),
    InstanceNorm(channel_axis=-1),
    GroupNorm(num_groups=3, **VECTORS),
    SampleScaler("minmax", feature_range=(-1, 3)),
    SampleScaler("robust", channel_wise=False),
]
each_norm = pytest.mark.parametrize("norm", NORMS, ids=repr)


# transform(X, stats=...)


@each_norm
def test_the_statistics_of_the_data_themselves_change_nothing(norm):
    Z, stats = norm.transform(X, return_stats=True)
    found, kept = norm.transform(X, return_stats=True, stats=stats)
    np.testing.assert_allclose(found, Z, rtol=0, atol=1e-14)
    assert_same_bits(kept, stats)
    assert kept is not stats


@each_norm
def test_the_inverse_undoes_it_for_other_data(norm):
    """Data near those measured: the curve of AdaNorm has an inverse on its rising side only."""
    _, stats = norm.transform(X, return_stats=True)
    other = X[:, ::-1] + 0.25
    Z = norm.transform(other, stats=stats)
    back = norm.inverse_transform(Z, stats=stats)
    np.testing.assert_allclose(back, other, rtol=0, atol=1e-12)
    assert np.abs(Z - norm.transform(other)).max() > 0.05


def test_a_future_of_any_length_is_normalised_by_its_past():
    past, future = np.array([[[1.0, 3.0]], [[10.0, 50.0]]]), np.array([[[5.0]], [[-10.0]]])
    norm = InstanceNorm(eps=0.0).fit(past)
    _, stats = norm.transform(past, return_stats=True)
    np.testing.assert_array_equal(norm.transform(future, stats=stats), [[[3.0]], [[-2.0]]])
    flat = norm.transform(future[:, 0], stats=stats)
    np.testing.assert_array_equal(flat, [[3.0], [-2.0]])


def test_frames_keep_names_and_index():
    norm = InstanceNorm(eps=0.0).set_output(transform="pandas")
    past = pd.DataFrame([[1.0, 3.0]], columns=["t-1", "t"], index=["a"])
    _, stats = norm.fit(past).transform(past, return_stats=True)
    future = norm.transform(pd.DataFrame({"t+1": [5.0]}, index=["a"]), stats=stats)
    pd.testing.assert_frame_equal(future, pd.DataFrame({"t+1": [3.0]}, index=["a"]))


def test_columns_of_the_fit_in_another_order_are_an_error():
    """A gain belongs to its column; other labels, as of later times, are those of other data."""
    norm = LayerNorm(gamma=[1.0, 2.0, 4.0])
    for labels in (["a", "b", "c"], [7, 8, 9], [0, 1, 2]):
        data = pd.DataFrame([[1.0, 3.0, 8.0]], columns=labels)
        _, stats = norm.fit(data).transform(data, return_stats=True)
        for act in (norm.transform, norm.inverse_transform):
            with pytest.raises(ValueError, match="Reorder them"):
                act(data[labels[::-1]], stats=stats)
            later = data.set_axis(["d", "e", "f"], axis=1)
            assert_same_bits(
                np.asarray(act(later, stats=stats)), np.asarray(act(data, stats=stats))
            )


def test_masked_members_stay_and_may_be_infinite():
    stats = [[[2.0, 1.0]]]
    data, mask = [[1.0, np.inf, np.nan]], [[True, False, True]]
    found = InstanceNorm().transform(data, mask=mask, stats=stats)
    np.testing.assert_array_equal(found, [[-1.0, np.inf, np.nan]])


def test_a_constant_past_has_a_scale_of_1_without_eps():
    norm = InstanceNorm(eps=0.0)
    _, stats = norm.transform([[5.0, 5.0]], return_stats=True)
    assert_same_bits(norm.transform([[7.0]], stats=stats), np.array([[2.0]]))
    assert_same_bits(norm.inverse_transform([[2.0]], stats=stats), np.array([[7.0]]))


def test_where_nothing_was_measured_nothing_is_known():
    norm = InstanceNorm()
    _, stats = norm.transform([[np.nan, np.nan], [1.0, 3.0]], return_stats=True)
    found = norm.transform([[1.0], [2.0]], stats=stats)
    np.testing.assert_array_equal(found, [[np.nan], [0.0]])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_are_kept(dtype):
    found = InstanceNorm().transform(np.ones((1, 3), dtype), stats=[[[2.0, 0.5]]])
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.full((1, 3), -2.0))


@pytest.mark.parametrize(
    ("data", "stats", "message"),
    [
        ([[1.0, 2.0]], [[0.0, 1.0]], r"shape \(1, 2\), but X .* needs \(1, 1, 2\): a center and a"),
        ([[1.0], [2.0]], [[[0.0, 1.0]]], r"needs \(2, 1, 2\)"),
        ([[1.0]], [[[0.0, -1.0]]], r"sample 0 and group 0 are \[0.0, -1.0\], not those"),
        ([[1.0]], [[[np.inf, 1.0]]], r"sample 0 and group 0 are \[inf, 1.0\], infinite: the"),
        ([[1.0, np.inf]], [[[0.0, 1.0]]], "X contains infinity .* column 1"),
        ([[2**53 + 1]], [[[0.0, 1.0]]], "9007199254740993, which float64 does not tell"),
    ],
)
def test_what_cannot_be_right_is_an_error(data, stats, message):
    with pytest.raises(ValueError, match=message):
        InstanceNorm().transform(data, stats=stats)


def test_results_by_given_statistics_are_clipped_too():
    """What is beyond the percentiles of the past is their end, as in the past itself."""
    scaler = SampleScaler("quantile", quantile_range=(0, 100), clip=True)
    _, stats = scaler.transform([[0.0, 4.0]], return_stats=True)
    found = scaler.transform([[-1.0, 1.0, 9.0, np.nan]], stats=stats)
    np.testing.assert_array_equal(found, [[0.0, 0.25, 1.0, np.nan]])


def test_fit_transform_hands_them_on():
    found = InstanceNorm().fit_transform([[1.0, 3.0]], stats=[[[2.0, 0.5]]])
    np.testing.assert_array_equal(found, [[-2.0, 2.0]])


# InstanceNorm(center="last")


def test_center_last_is_what_was_worked_out_by_hand():
    """The deviation of 2, 4, 6 and 12 from their mean is the root of 14."""
    norm = InstanceNorm(center="last", eps=0.0)
    Z, stats = norm.transform(SERIES, return_stats=True)
    np.testing.assert_allclose(Z, [LAST], rtol=0, atol=1e-10)
    np.testing.assert_allclose(stats, [[[12.0, np.sqrt(14.0)]]], rtol=1e-15)
    np.testing.assert_allclose(norm.inverse_transform(Z, stats=stats), SERIES, rtol=1e-15)


def test_the_last_member_is_the_last_that_is_present():
    """So padding, by a mask or NaN, leaves no trace."""
    norm = InstanceNorm(center="last", eps=0.0)
    for filling in (np.nan, 99.0, np.inf):
        padded = np.array([[2.0, 4.0, 6.0, 12.0, filling]])
        found = norm.transform(padded, mask=[[True] * 4 + [False]])
        assert_same_bits(found[:, :4], norm.transform(SERIES))
        assert_same_bits(found[:, 4], padded[:, 4])
    missing = norm.transform([[2.0, 4.0, 6.0, 12.0, np.nan]])
    assert_same_bits(missing[:, :4], norm.transform(SERIES))
    Z, stats = norm.transform([[np.nan, np.nan]], return_stats=True)
    assert np.isnan(Z).all()
    assert np.isnan(stats).all()


@pytest.mark.parametrize("channel_axis", [1, -1])
def test_center_last_moves_the_usual_result(channel_axis):
    """To gamma * (z - z of the last) + beta, channel by channel."""
    data = X if channel_axis == 1 else np.moveaxis(X, 1, -1)
    plain = InstanceNorm(channel_axis=channel_axis).transform(data)
    last = np.take(plain, [-1], axis=2 if channel_axis == 1 else 1)
    gamma, beta = np.array(VECTORS["gamma"]), VECTORS["beta"]
    shape = (6, 1) if channel_axis == 1 else (6,)
    expected = (plain - last) * gamma.reshape(shape) + beta.reshape(shape)
    norm = InstanceNorm(center="last", channel_axis=channel_axis, **VECTORS)
    np.testing.assert_allclose(norm.transform(data), expected, rtol=0, atol=1e-13)
    flat = norm.set_params(shape=data.shape[1:]).transform(data.reshape(4, -1))
    assert_same_bits(flat, norm.transform(data).reshape(4, -1))


def test_a_large_mean_costs_no_digits():
    norm = InstanceNorm(center="last", eps=0.0)
    np.testing.assert_allclose(norm.transform(SERIES + 2.0**40), [LAST], rtol=0, atol=1e-10)
    huge = norm.transform(SERIES * 2.0**1020)
    np.testing.assert_allclose(huge, [LAST], rtol=0, atol=1e-10)


def test_images_have_no_last_position():
    with pytest.raises(ValueError, match="center='last' is for series: samples of shape"):
        InstanceNorm(center="last").transform(np.zeros((1, 2, 3, 4)))
    with pytest.raises(ValueError, match="'center' parameter of InstanceNorm must be"):
        InstanceNorm(center="first").transform(SERIES)


def test_torch_has_no_such_module():
    pytest.importorskip("torch")
    with pytest.raises(
        ValueError, match="No module of PyTorch subtracts the last member: `center`"
    ):
        InstanceNorm(center="last").fit(X).to_torch()


def test_its_graph_says_the_same():
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    onnxruntime = pytest.importorskip("onnxruntime")
    norm = InstanceNorm(center="last", **VECTORS).fit(X)
    data = X.copy()
    data[0, 0, -2:] = data[1, 2, 3] = data[2, 1] = np.nan
    session = onnxruntime.InferenceSession(to_onnx(norm, data[:1]).SerializeToString())
    found = session.run(None, {"X": data})[0]
    np.testing.assert_allclose(found, norm.transform(data), rtol=0, atol=1e-12)
