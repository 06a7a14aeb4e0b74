"""ChannelScaler: the scalers of columns, with the channels of samples as columns."""

import numpy as np
import pytest
from documents import STATISTIC, changed, document_array, document_of, refuses
from laws import assert_same_bits

import sklearn_norm
from sklearn_norm import (
    BatchNorm,
    ChannelScaler,
    GroupScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
    equal,
    merge,
)

METHODS = ("standard", "minmax", "robust", "percentile")
SAME = {  # the scaler of columns that does the same
    "standard": ZScoreScaler(),
    "minmax": MinMaxScaler(),
    "robust": RobustScaler(),
}
every_method = pytest.mark.parametrize("method", METHODS)


def images(n=6, sample=(3, 4, 5), seed=0):
    X = np.random.default_rng(seed).normal(100.0, 30.0, size=(n, *sample))
    X[0, 0, 0, 1] = np.nan
    return X


def columns_of(X, axis=1):
    """Return the members of each channel as a column."""
    return np.moveaxis(X, axis, -1).reshape(-1, X.shape[axis])


def rows_back(Z, X, axis=1):
    moved = np.moveaxis(X, axis, -1).shape
    return np.moveaxis(Z.reshape(moved), -1, axis)


# Numbers worked out by hand


def test_a_pixel_by_the_statistics_of_a_well_known_data_set():
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    scaler = ChannelScaler.from_stats(mean=255 * np.array(mean), std=255 * np.array(std))
    expected = [2.2489082969, -2.0357142857, 0.4264923747]
    for shape in ((1, 3), (1, 3, 1, 1)):
        Z = scaler.transform(np.reshape([255.0, 0.0, 128.0], shape))
        np.testing.assert_allclose(Z.ravel(), expected, rtol=1e-9)
    last = ChannelScaler.from_stats(mean=mean, std=std, channel_axis=-1)
    Z = last.transform(np.reshape([255.0, 0.0, 128.0], (1, 1, 1, 3)) / 255)
    np.testing.assert_allclose(Z.ravel(), expected, rtol=1e-9)


def test_members_count_alike_in_batches_of_any_size():
    """{0, 2} and {6} have the mean 8/3 and the variance 56/9."""
    scaler = ChannelScaler().partial_fit([[[0.0, 2.0]]]).partial_fit([[[6.0]]])
    assert scaler.mean_ == pytest.approx([8 / 3], rel=1e-15)
    assert scaler.var_ == pytest.approx([56 / 9], rel=1e-15)
    assert scaler.n_samples_seen_ == 3
    assert ChannelScaler(ddof=1).fit([[[0.0, 2.0, 6.0]]]).var_ == pytest.approx([28 / 3])


def test_bands_are_cut_at_two_percentiles():
    """Of 0, 1, ..., 100, the percentiles 2 and 98 are 2 and 98: they become 0 and 1."""
    bands = np.arange(101.0) + np.array([[[0.0], [1000.0]]])
    scaler = ChannelScaler("percentile", quantile_range=(2, 98), clip=True).fit(bands)
    Z = scaler.transform(bands)
    assert Z[0, :, [0, 2, 50, 98, 100]].tolist() == [[0, 0], [0, 0], [0.5, 0.5], [1, 1], [1, 1]]
    assert scaler.center_.tolist() == [2.0, 1002.0]
    assert scaler.scale_.tolist() == [96.0, 96.0]
    free = scaler.set_params(clip=False).fit(bands).transform(bands)
    assert free[0, 0, [0, 100]].tolist() == [-2 / 96, 98 / 96]


def test_ct_scans_are_cut_at_percentiles_and_divided_by_the_deviation():
    """The scheme of nnU-Net: percentiles 0.5 and 99.5, then mean and deviation of all members."""
    scans = np.random.default_rng(3).normal(40.0, 200.0, size=(4, 1, 6, 7, 8))
    members = scans.ravel()
    low, high = np.percentile(members, [0.5, 99.5])
    expected = (np.clip(scans, low, high) - members.mean()) / members.std()
    plain = ChannelScaler().fit(scans)
    ends = plain.transform(np.reshape([low, high], (2, 1, 1, 1, 1))).ravel().tolist()
    cut = ChannelScaler(clip=tuple(ends)).fit(scans)
    np.testing.assert_allclose(cut.transform(scans), expected, rtol=1e-12, atol=1e-12)


# The statistics are those of the scalers of columns


@every_method
def test_it_is_the_scaler_of_columns_to_the_bit(method):
    """For any place of the channels, any dtype, short and long positions, weights, and NaN."""
    rng = np.random.default_rng(1)
    for axis, sample in ((1, (3, 4, 5)), (-1, (4, 5, 3)), (2, (4, 3, 5)), (1, (3, 20, 20))):
        X = images(sample=sample)
        weight = rng.integers(0, 3, size=len(X)).astype(float)
        for dtype in (np.float64, np.float32):
            X = X.astype(dtype)
            rows = columns_of(X, axis)
            for given in (None, weight):
                scaler = ChannelScaler(method, channel_axis=axis).fit(X, sample_weight=given)
                Z = scaler.transform(X)
                assert Z.dtype == dtype
                of_rows = None if given is None else np.repeat(given, len(rows) // len(X))
                if method == "percentile":
                    low = np.nanpercentile(rows.astype(float), 25, axis=0)
                    assert given is not None or scaler.center_ == pytest.approx(low, rel=1e-12)
                    twin = RobustScaler().fit(rows, sample_weight=of_rows)
                    assert_same_bits(scaler.scale_, twin.scale_)
                    continue
                twin = SAME[method].fit(rows, sample_weight=of_rows)
                assert_same_bits(np.array(Z), np.array(rows_back(twin.transform(rows), X, axis)))
                assert scaler.n_samples_seen_ == pytest.approx(twin.n_samples_seen_)


def test_rows_are_what_the_scaler_of_columns_takes():
    """Each feature of 2-D data is a channel, with its name."""
    X = images()[:, :, 0, 0]
    for method, twin in SAME.items():
        assert_same_bits(ChannelScaler(method).fit_transform(X), twin.fit_transform(X))
    flat = images().reshape(6, -1)
    Z = ChannelScaler(shape=(3, 4, 5)).fit_transform(flat)
    assert_same_bits(Z, ChannelScaler().fit_transform(images()).reshape(6, -1))


def test_the_axes_are_those_of_batch_norm():
    X = images(sample=(4, 3, 5))
    for axis in (1, 2, -1):
        norm = BatchNorm(momentum=None, pool="members", eps=0.0, channel_axis=axis).fit(X)
        scaler = ChannelScaler(channel_axis=axis).fit(X)
        assert_same_bits(scaler.mean_, norm.running_mean_)
        np.testing.assert_allclose(scaler.var_, norm.running_var_, rtol=1e-15)


@every_method
def test_streams_and_merges_are_the_whole(method):
    """Parts of other numbers of positions, too."""
    X = images(n=8)
    whole = ChannelScaler(method).fit(X)
    stream = ChannelScaler(method)
    for part in (X[:3, :, :2], X[:3, :, 2:], X[3:7], X[7:]):
        stream.partial_fit(part)
    halves = [ChannelScaler(method).fit(part) for part in (X[:, :, :1], X[:, :, 1:])]
    together = halves[0].merge(halves[1])
    for found in (stream, together, merge(halves)):
        assert_same_bits(found.center_, whole.center_)
        assert_same_bits(found.scale_, whole.scale_)
        assert found.n_samples_seen_.tolist() == whole.n_samples_seen_.tolist()
        assert_same_bits(found.transform(X), whole.transform(X))
    assert found.rank_error_ in (None, 0.0)


def test_percentiles_of_a_long_stream_keep_their_bound():
    X = np.random.default_rng(5).permutation(200_000.0 * np.linspace(0, 1, 20_000))
    scaler = ChannelScaler("percentile", quantile_range=(1, 99))
    for part in X.reshape(10, 2, 1, 1000):
        scaler.partial_fit(part)
    assert 0 < scaler.rank_error_ <= 1e-3
    low = scaler.center_[0] / 200_000.0
    assert abs(low - 0.01) <= 2e-3
    assert abs(low + scaler.scale_[0] / 200_000.0 - 0.99) <= 2e-3


@every_method
def test_the_inverse_undoes_it_for_samples_of_any_size(method):
    X = images()
    scaler = ChannelScaler(method).fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, rtol=1e-12)
    other = X[:, :, :2, :1]
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(other)), other, rtol=1e-12)
    Z = scaler.transform(X)[:, [0, 2]]
    np.testing.assert_allclose(scaler.inverse_transform(Z, columns=[0, 2]), X[:, [0, 2]], 1e-12)
    ones = np.ones((1, 3, 1, 1))
    assert_same_bits(scaler.inverse_transform_std(ones).ravel(), scaler.scale_)


def test_a_constant_channel_and_one_without_members():
    X = images()
    X[:, 1], X[:, 2] = 7.0, np.nan
    for method in METHODS:
        scaler = ChannelScaler(method).fit(X)
        Z = scaler.transform(X)
        assert (Z[:, 1] == 0).all(), method
        assert np.isnan(Z[:, 2]).all(), method
        assert scaler.constant_features_.tolist() == [1]
        assert scaler.partial_fit(images()).n_samples_seen_[2] == 6 * 20


def test_percentiles_that_are_equal_are_widened():
    """As in RobustScaler: of ten zeros and a 1, the quartiles and the percentiles 5 and 95."""
    X = np.zeros((1, 1, 11))
    X[0, 0, 3] = 1.0
    assert ChannelScaler("percentile").fit(X).scale_ == RobustScaler().fit(X.reshape(-1, 1)).scale_
    assert ChannelScaler("percentile").fit_transform(X).max() > 0


# Known statistics


def test_known_statistics_go_on_as_if_the_data_had_been_seen():
    X = images(n=4)
    for method, names in {
        "standard": ("mean", "var"),
        "minmax": ("data_min", "data_max"),
    }.items():
        seen = ChannelScaler(method).fit(X)
        told = {name: getattr(seen, f"{name}_") for name in names}
        known = ChannelScaler.from_stats(method, n_samples=seen.n_samples_seen_, **told)
        np.testing.assert_allclose(known.transform(X), seen.transform(X), rtol=1e-14, atol=1e-15)
        more = images(n=2, seed=9)
        np.testing.assert_allclose(
            known.partial_fit(more).transform(X), seen.partial_fit(more).transform(X), rtol=1e-13
        )


def test_known_centers_and_scales_only_serve():
    for method in ("robust", "percentile"):
        seen = ChannelScaler(method).fit(images())
        given = {"center": seen.center_, "scale": seen.scale_}
        known = ChannelScaler.from_stats(method, **given, clip=(0.0, 1.0))
        Z = np.clip(seen.transform(images()), 0.0, 1.0)
        assert_same_bits(known.transform(images()), Z)
        with pytest.raises(ValueError, match="built from a center and a scale"):
            known.partial_fit(images())
    cut = ChannelScaler.from_stats("percentile", center=10.0, scale=2.0, clip=True)
    assert cut.transform([[9.0], [11.0], [20.0]]).ravel().tolist() == [0.0, 0.5, 1.0]
    uncounted = ChannelScaler.from_stats(mean=[1.0, 2.0], var=[1.0, 4.0])
    with pytest.raises(ValueError, match="give from_stats the count"):
        uncounted.partial_fit(np.ones((1, 2, 3)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "method='standard' needs `mean`: give `mean` and `var or std`"),
        ({"mean": 1.0}, "needs `var or std`"),
        ({"mean": 1.0, "var": 1.0, "scale": 1.0}, "`scale` is no statistic of method='standard'"),
        ({"method": "minmax", "data_min": 1.0}, "needs `data_max`"),
        ({"method": "robust", "center": 1.0, "scale": 1.0, "n_samples": 3}, "`n_samples` is no"),
        ({"method": "robust", "center": 1.0, "scale": 0.0}, "scale=0.0: it must be above 0"),
        ({"mean": [1.0, 2.0], "var": [1.0, -2.0]}, "has var=-2.0"),
        ({"mean": 1.0, "var": 1.0, "clip": True}, "needs the extrema of the data"),
        ({"method": "box"}, "'method' parameter of ChannelScaler must be a str among"),
    ],
)
def test_known_statistics_that_do_not_fit_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        ChannelScaler.from_stats(**given)


# Bounds, dtypes, errors, files


def test_results_are_clipped_to_what_the_parameter_says():
    X = images()
    for method in METHODS:
        seen = ChannelScaler(method, clip=True).fit(X)
        Z = seen.transform(X)
        far = seen.transform(100 * X - 5000)
        by_range = method in ("minmax", "percentile")
        low = np.zeros(3) if by_range else np.nanmin(Z, axis=(0, 2, 3))
        high = np.ones(3) if by_range else np.nanmax(Z, axis=(0, 2, 3))
        assert_same_bits(np.nanmin(far, axis=(0, 2, 3)), low)
        assert_same_bits(np.nanmax(far, axis=(0, 2, 3)), high)
    pair = ChannelScaler(clip=(np.array([-1.0, -2.0, -3.0]), 1.0)).fit(X).transform(X * 50 - 5000)
    assert np.nanmin(pair, axis=(0, 2, 3)).tolist() == [-1.0, -2.0, -3.0]
    with pytest.raises(ValueError, match="`clip` must be a pair"):
        ChannelScaler(clip=(0.0, 1.0, 2.0)).fit(X)


def test_bytes_become_the_dtype_that_is_asked_for():
    X = np.random.default_rng(0).integers(0, 256, size=(5, 4, 4, 3), dtype=np.uint8)
    scaler = ChannelScaler(channel_axis=-1, dtype="float32").fit(X)
    Z = scaler.transform(X)
    assert Z.dtype == np.float32
    assert_same_bits(Z, scaler.set_params(dtype=None).transform(X).astype(np.float32))


def test_what_does_not_fit_is_refused_and_changes_nothing():
    scaler = ChannelScaler().fit(images())
    mean = scaler.mean_
    with pytest.raises(ValueError, match=r"3 channels|expecting samples"):
        scaler.partial_fit(np.ones((2, 4, 3, 3)))
    with pytest.raises(ValueError, match="infinity"):
        scaler.partial_fit(np.full((1, 3, 2, 2), np.inf))
    with pytest.raises(ValueError, match="data measured by both cannot be added"):
        scaler.set_params(method="minmax").partial_fit(images())
    with pytest.raises(ValueError, match="Invalid quantile range: \\(75, 25\\)"):
        ChannelScaler(quantile_range=(75, 25)).fit(images())
    with pytest.raises(ValueError, match="different parameters: method"):
        scaler.merge(ChannelScaler("minmax").fit(images()))
    assert_same_bits(scaler.mean_, mean)


def test_groups_of_rows_take_scalers_of_columns():
    rows = images()[:, :, 0, 0]
    with pytest.raises(ValueError, match="`scaler` must take columns, but a ChannelScaler takes"):
        GroupScaler(ChannelScaler(), by=[0]).fit(rows)


def test_attributes_of_another_method_are_none():
    names = {"standard": {"mean_", "var_"}, "minmax": {"data_min_", "data_max_"}}
    names |= {method: {"rank_error_"} for method in ("robust", "percentile")}
    for method in METHODS:
        scaler = ChannelScaler(method).fit(images())
        every = {name for found in names.values() for name in found}
        assert {n for n in every if getattr(scaler, n) is not None} == names[method]


def test_files_hold_each_method_and_no_statistic_of_another():
    for method in METHODS:
        scaler = ChannelScaler(method, clip=(-1.0, 2.0)).fit(images())
        document = sklearn_norm.to_dict(scaler)
        found = sklearn_norm.from_dict(document)
        assert equal(found, scaler)
        assert_same_bits(found.transform(images()), scaler.transform(images()))
    document = document_of(ChannelScaler("minmax").fit(images()))
    other = document_of(ChannelScaler().fit(images()))["estimator"]["state"]["statistic"]
    refuses(changed(document, STATISTIC, other), "is Moments, which ChannelScaler is not")
    served = document_of(ChannelScaler.from_stats("robust", center=[1.0, 2.0], scale=[1.0, 3.0]))
    unknown = document_array([np.nan, np.nan])
    refuses(changed(served, (*STATISTIC, "scale"), unknown), "cannot be NaN in a ChannelScaler")


def test_samples_of_different_shapes_are_taken_one_shape_at_a_time():
    ragged = [np.ones((2, 3)), np.ones((2, 4))]
    scaler = ChannelScaler().fit(np.ones((1, 2, 3)))
    for act in (scaler.fit, scaler.partial_fit, scaler.transform, scaler.inverse_transform):
        with pytest.raises(
            ValueError, match=r"different shapes, such as \(2, 3\) and \(2, 4\), wh"
        ):
            act(ragged)
    assert scaler.partial_fit(ragged[0][None]).partial_fit(ragged[1][None]).n_samples_seen_ == 10
