"""Samples of other sizes than in the fit: a norm needs only what its statistics need."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from inside import without_columns
from laws import assert_same_bits

from sklearn_norm import AdaNorm, BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

# two channels of means 2 and 30, and variances 1 and 400
FIT = np.array([[[1.0, 3.0, 1.0, 3.0], [10.0, 50.0, 10.0, 50.0]]])
SIZES = [(1, 2, 4), (3, 2, 1), (2, 2, 7), (2, 2, 300), (2, 2, 3, 5), (1, 2, 2, 2, 3), (0, 2, 9)]


def tensor(*shape, seed=0):
    return np.random.default_rng(seed).normal(3, 2, shape)


@pytest.mark.parametrize("channel_axis", [1, -1])
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_11_12_batch_norm_takes_any_number_of_positions(shape, channel_axis):
    """Transform and inverse, by the mean and the deviation of each channel."""
    norm = BatchNorm(eps=0.0, channel_axis=channel_axis).fit(np.moveaxis(FIT, 1, channel_axis))
    X = tensor(*shape)
    wide = (2, *[1] * (len(shape) - 2))
    center, scale = np.reshape([2.0, 30.0], wide), np.reshape([1.0, 20.0], wide)
    given = np.moveaxis(X, 1, channel_axis)
    Z = np.moveaxis(norm.transform(given), channel_axis, 1)
    np.testing.assert_allclose(Z, (X - center) / scale, rtol=1e-14, atol=1e-15)
    back = np.moveaxis(norm.inverse_transform(given), channel_axis, 1)
    np.testing.assert_allclose(back, X * scale + center, rtol=1e-14)
    assert norm.shape_ == np.moveaxis(FIT, 1, channel_axis).shape[1:]


@pytest.mark.parametrize("momentum", [None, 0.5])
def test_11_12_batch_norm_learns_batches_of_other_lengths(momentum):
    """Each batch counts once, as in PyTorch: means 2, 30 and 5, 40."""
    norm = BatchNorm(eps=0.0, momentum=momentum, variance="within").fit(FIT)
    norm.partial_fit([[[4.0, 6.0], [40.0, 40.0]], [[4.0, 6.0], [30.0, 50.0]]])
    share = 0.5 if momentum is None else 2 / 3
    old, new = np.array([2.0, 30.0]), np.array([5.0, 40.0])
    np.testing.assert_allclose(norm.running_mean_, old + share * (new - old))
    old, new = np.array([1.0, 400.0]), np.array([1.0, 50.0])
    np.testing.assert_allclose(norm.running_var_, old + share * (new - old))
    assert (norm.shape_, norm.n_features_in_, norm.n_samples_seen_) == ((2, 4), 8, 8)
    image = tensor(3, 2, 4, 5)
    Z = norm.partial_fit_transform(image, using="batch")
    expected = image - image.mean(axis=(0, 2, 3), keepdims=True)
    np.testing.assert_allclose(Z, expected / image.std(axis=(0, 2, 3), keepdims=True), 1e-12, 1e-12)
    assert norm.shape_ == (2, 4)
    twin = type(norm).__new__(type(norm))
    twin.__setstate__(norm.__getstate__())
    assert_same_bits(twin.transform(image), norm.transform(image))


def test_11_12_batch_norms_of_other_lengths_merge():
    """As one stream of both batches; features that are channels merge with signals too."""
    long, short = tensor(4, 2, 96), tensor(4, 2, 5, seed=1)
    for other in (short, short[:, :, 0], short[..., None]):
        merged = BatchNorm(momentum=None).fit(long).merge(BatchNorm(momentum=None).fit(other))
        streamed = BatchNorm(momentum=None).fit(long)
        if other.ndim == 2:
            mean = (long.mean(axis=(0, 2)) + other.mean(axis=0)) / 2
        else:
            streamed.partial_fit(other)
            mean = streamed.running_mean_
            np.testing.assert_allclose(merged.running_var_, streamed.running_var_, rtol=1e-14)
        np.testing.assert_allclose(merged.running_mean_, mean, rtol=1e-14)
        assert merged.shape_ == (2, 96)


def test_11_12_a_norm_without_a_shape_transforms_at_once():
    """As after from_torch: any positions, before and after the first batch."""
    norm = without_columns(BatchNorm(eps=0.0).fit(FIT))
    for X in (tensor(3, 2), tensor(3, 2, 7), tensor(3, 2, 4, 4)):
        wide = (2, *[1] * (X.ndim - 2))
        expected = (X - np.reshape([2.0, 30.0], wide)) / np.reshape([1.0, 20.0], wide)
        np.testing.assert_allclose(norm.transform(X), expected, rtol=1e-14, atol=1e-15)
        np.testing.assert_allclose(norm.inverse_transform(expected), X, rtol=1e-13)
    norm.partial_fit(tensor(2, 2, 7))
    assert norm.shape_ == (2, 7)
    assert norm.transform(tensor(3, 2, 9)).shape == (3, 2, 9)


@pytest.mark.parametrize("kind", ["BatchNorm1d", "BatchNorm2d", "BatchNorm3d"])
def test_11_12_from_torch_transforms_at_once(kind):
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    module = getattr(torch.nn, kind)(2, dtype=torch.float64)
    with torch.no_grad():
        module.running_mean.copy_(torch.tensor([2.0, 30.0]))
        module.running_var.copy_(torch.tensor([1.0, 400.0]))
    X = tensor(3, 2, *[4] * int(kind[-2]))
    expected = module.eval()(torch.from_numpy(X)).detach().numpy()
    norm = BatchNorm.from_torch(module)
    np.testing.assert_allclose(norm.transform(X), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(norm.inverse_transform(expected), X, rtol=1e-12)


OTHERS = [
    (InstanceNorm(gamma=[2.0, 0.5], beta=[1.0, -1.0]), (3, 2, 8), [(3, 2, 5), (1, 2, 4, 4)]),
    (InstanceNorm(channel_axis=-1, gamma=[2.0, 0.5]), (3, 8, 2), [(3, 5, 2), (1, 4, 4, 2)]),
    (InstanceNorm(channel_axis=2, beta=[2.0, 0.5]), (3, 8, 2), [(3, 5, 2), (1, 4, 2, 4)]),
    (GroupNorm(num_groups=2, gamma=np.arange(4.0)), (3, 4, 8), [(3, 4, 5), (1, 4, 1, 7)]),
    (LayerNorm(normalized_ndim=1, gamma=np.arange(8.0)), (3, 5, 8), [(3, 9, 8), (2, 4, 4, 8)]),
    (RMSNorm(normalized_ndim=1, gamma=np.arange(8.0)), (3, 5, 8), [(3, 9, 8), (2, 4, 4, 8)]),
    (LayerNorm(normalized_ndim=2), (3, 4, 5, 8), [(3, 9, 5, 8), (2, 5, 8)]),
    (LayerNorm(normalized_ndim=1), (3, 8), [(3, 2, 8)]),
    (LayerNorm(axis=1, gamma=np.arange(4.0)), (3, 4, 5, 8), [(3, 4, 9, 2)]),
    (AdaNorm(axis=(1, -1)), (3, 4, 5, 8), [(3, 4, 9, 8)]),
    (BatchNorm(), (3, 2), [(3, 2, 8)]),
]


@pytest.mark.parametrize(("norm", "fitted", "others"), OTHERS, ids=str)
def test_11_12_positions_may_differ_from_the_fit(norm, fitted, others):
    """The result is that of a norm that was fitted on such samples, or not fitted."""
    norm.fit(tensor(*fitted))
    for shape in others:
        X = tensor(*shape, seed=1)
        Z = norm.transform(X)
        assert Z.shape == shape
        before = (norm.shape_, norm.n_features_in_)
        if isinstance(norm, BatchNorm):
            rows = np.moveaxis(X, 1, -1).reshape(-1, shape[1])
            assert_same_bits(np.moveaxis(Z, 1, -1).reshape(-1, shape[1]), norm.transform(rows))
            continue
        assert_same_bits(Z, type(norm)(**norm.get_params()).transform(X))
        assert norm.partial_fit(X) is norm
        assert (norm.shape_, norm.n_features_in_) == before


@pytest.mark.parametrize(
    ("norm", "fitted", "wrong", "layout"),
    [
        (BatchNorm(), (3, 2, 8), (3, 3, 8), "(n_samples, 2, ...)"),
        (BatchNorm(), (3, 2, 8), (3, 8, 2), "(n_samples, 2, ...)"),
        (BatchNorm(channel_axis=-1), (3, 8, 2), (3, 8, 1), "(n_samples, ..., 2)"),
        (BatchNorm(), (3, 2), (3, 3, 2), "(n_samples, 2, ...)"),
        (
            BatchNorm(channel_axis=2),
            (3, 8, 2),
            (3, 8, 3),
            "(n_samples, *shape) with 2",
        ),
        (InstanceNorm(), (3, 2, 8), (3, 8), "(n_samples, 2, ...)"),
        (InstanceNorm(), (3, 2, 8), (3, 16), "(n_samples, 2, ...)"),
        (InstanceNorm(), (3, 2, 8), (3, 1, 8), "(n_samples, 2, ...)"),
        (GroupNorm(num_groups=2), (3, 4, 8), (3, 6, 8), "(n_samples, 4, ...)"),
        (LayerNorm(normalized_ndim=1), (3, 5, 8), (3, 5, 7), "(n_samples, ..., 8)"),
        (RMSNorm(normalized_ndim=2), (3, 2, 5, 8), (3, 2, 8, 5), "(n_samples, ..., 5, 8)"),
        (RMSNorm(normalized_ndim=2), (3, 2, 5, 8), (3, 80), "(n_samples, ..., 5, 8)"),
        (LayerNorm(axis=1), (3, 5, 8), (3, 4, 8), "(n_samples, 5, any)"),
        (AdaNorm(axis=(1, 3)), (3, 5, 8, 2), (3, 5, 8, 3), "(n_samples, 5, any, 2)"),
        (RMSNorm(axis=-1), (3, 5, 8), (3, 4, 5, 8), "(n_samples, any, 8)"),
        (LayerNorm(), (3, 5, 8), (3, 4, 8), "(n_samples, 5, 8)"),
        (LayerNorm(), (3, 5, 8), (3, 5, 8, 1), "(n_samples, 5, 8)"),
        (AdaNorm(), (3, 5, 8), (3, 40), "(n_samples, 5, 8)"),
    ],
    ids=str,
)
def test_11_14_samples_that_do_not_fit_name_the_axes_that_are_needed(norm, fitted, wrong, layout):
    norm.fit(tensor(*fitted))
    for method in ("transform", "partial_fit"):
        with pytest.raises(ValueError, match=r"X has .*, but \w+ is expecting .* fit") as error:
            getattr(norm, method)(tensor(*wrong))
        assert f"X of shape {layout}" in str(error.value)


@pytest.mark.parametrize("norm", [BatchNorm(), InstanceNorm(), LayerNorm(), RMSNorm()], ids=str)
def test_11_12_the_number_of_features_of_rows_is_checked(norm):
    """scikit-learn's contract, in its words; also of rows that `shape` folds."""
    norm.fit(tensor(5, 6))
    for method in ("transform", "partial_fit"):
        with pytest.raises(ValueError, match=r"X has 4 features, but .* expecting 6"):
            getattr(norm, method)(tensor(5, 4))
    norm.set_params(shape=(2, 3)).fit(tensor(5, 6))
    for method in ("transform", "partial_fit"):
        with pytest.raises(ValueError, match="X has 4 features"):
            getattr(norm, method)(tensor(5, 4))
    with pytest.raises(ValueError, match=r"shape=\(2, 3\).*`shape` is that of a whole sample"):
        norm.transform(tensor(5, 2, 4))
    if isinstance(norm, BatchNorm):
        with pytest.raises(ValueError, match="features"):
            norm.inverse_transform(tensor(5, 4))


# columns= of the inverse


@pytest.mark.parametrize("channel_axis", [1, -1])
@pytest.mark.parametrize("positions", [(4,), (7,), (300,), (2, 3)], ids=str)
def test_11_12_columns_are_channels(positions, channel_axis):
    """Those that X holds, in the order of the fit, of any number of positions."""
    X = tensor(5, 3, 4) * np.array([1.0, 10.0, 100.0])[:, None]
    norm = BatchNorm(channel_axis=channel_axis, gamma=[2.0, 1.0, 0.5])
    norm.fit(np.moveaxis(X, 1, channel_axis))
    Z = np.moveaxis(tensor(6, 3, *positions, seed=1), 1, channel_axis)
    whole = norm.inverse_transform(Z)
    for columns in ([1], [0, 2], [-1], [0, 1, 2], np.array([2])):
        some = np.take(Z, columns, axis=channel_axis)
        back = norm.inverse_transform(some, columns=columns)
        assert_same_bits(back, np.take(whole, columns, axis=channel_axis))


def test_11_12_one_channel_of_rows_and_of_flattened_samples():
    """Rows of a forecast of channel 1, whose mean is 30 and deviation 20."""
    norm = BatchNorm(eps=0.0).fit(FIT)
    assert norm.inverse_transform([[0.0, 1.0, -1.0]], columns=[1]).tolist() == [[30.0, 50.0, 10.0]]
    assert norm.inverse_transform([[0.0, 1.0]], columns=[0, 1]).tolist() == [[2.0, 50.0]]
    flat = BatchNorm(shape=(2, 4), eps=0.0).fit(FIT.reshape(1, 8))
    back = flat.inverse_transform([[0.0, 1.0, -1.0, 0.5]], columns=[1])
    assert back.tolist() == [[30.0, 50.0, 10.0, 40.0]]
    frame = pd.DataFrame([[0.0, 1.0, -1.0, 0.5]], columns=list("efgh"), index=[7])
    back = flat.inverse_transform(frame, columns=[1])
    expected = pd.DataFrame([[30.0, 50.0, 10.0, 40.0]], columns=list("efgh"), index=[7])
    pd.testing.assert_frame_equal(back, expected)
    named = BatchNorm(eps=0.0).fit(pd.DataFrame({"a": [1.0, 3.0], "b": [10.0, 50.0]}))
    assert named.inverse_transform(np.zeros((1, 1, 3)), columns=["b"]).tolist() == [[[30.0] * 3]]


def test_11_12_wrong_columns_are_named():
    norm = BatchNorm(eps=0.0, gamma=[1.0, 0.0]).fit(FIT)
    with pytest.raises(ValueError, match=r"Column 2 was not seen in fit.*indices 0 to 1"):
        norm.inverse_transform(FIT, columns=[2])
    with pytest.raises(ValueError, match="same order"):
        norm.inverse_transform(FIT, columns=[1, 0])
    for wrong in (FIT, FIT[..., :1]):
        with pytest.raises(
            ValueError, match=r"columns=\[0\]: give X of shape \(n_samples, 1, ...\)"
        ):
            norm.inverse_transform(wrong, columns=[0])
    with pytest.raises(ValueError, match="Channel 1 was multiplied by 0"):
        norm.inverse_transform(FIT[:, 1:], columns=[1])
    assert norm.inverse_transform(FIT[:, :1], columns=[0]).tolist() == [[[3.0, 5.0, 3.0, 5.0]]]
