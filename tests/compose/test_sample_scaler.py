"""SampleScaler: the scalers of columns, with each sample, or channel of it, as a column."""

import numpy as np
import pytest
from laws import assert_same_bits

from sklearn_norm import (
    InstanceNorm,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    SampleScaler,
    ZScoreScaler,
)

METHODS = ("standard", "minmax", "robust", "mean_abs", "max_abs", "quantile")
SAME = {  # the scaler of columns that does the same
    "standard": ZScoreScaler(),
    "minmax": MinMaxScaler((-1.5, 1.2)),
    "robust": RobustScaler(),
    "max_abs": MaxAbsScaler(),
}
GIVEN = {"minmax": {"feature_range": (-1.5, 1.2)}}
SERIES = [[2.0, 4.0, 6.0, 12.0]]
every_method = pytest.mark.parametrize("method", METHODS)


def tensor(n=5, sample=(3, 4, 6), seed=0):
    X = np.random.default_rng(seed).normal(3.0, 2.0, size=(n, *sample))
    X[1, 0, 2, 3] = np.nan
    return X


# Numbers worked out by hand


@pytest.mark.parametrize(
    ("method", "expected", "stats"),
    [
        ("mean_abs", [1 / 3, 2 / 3, 1.0, 2.0], (0.0, 6.0)),
        ("minmax", [0.0, 0.2, 0.4, 1.0], (2.0, 10.0)),
        ("robust", [-0.75, -0.25, 0.25, 1.75], (5.0, 4.0)),
        ("max_abs", [1 / 6, 1 / 3, 0.5, 1.0], (0.0, 12.0)),
        ("standard", np.array([-4.0, -2.0, 0.0, 6.0]) / np.sqrt(14.0), (6.0, np.sqrt(14.0))),
        ("quantile", (np.array([2.0, 4.0, 6.0, 12.0]) - 2.06) / 9.76, None),
    ],
)
def test_a_series_by_hand(method, expected, stats):
    """The percentile 1 of four members is 2 + .03 * 2, the percentile 99 is 12 - .03 * 6."""
    if method == "quantile":
        expected, stats = (np.array(SERIES[0]) - 2.06) / (11.82 - 2.06), (2.06, 9.76)
    Z, found = SampleScaler(method).transform(SERIES, return_stats=True)
    np.testing.assert_allclose(Z, [expected], rtol=1e-14)
    np.testing.assert_allclose(found, [[stats]], rtol=1e-14)


def test_the_percentiles_are_parameters():
    """Of 0, 1, ..., 100 the percentiles 10 and 90 are 10 and 90."""
    X = np.random.default_rng(0).permutation(101.0 * np.ones(1) * np.arange(101) / 101)[None]
    X = np.rint(X)
    Z = SampleScaler("quantile", quantile_range=(10, 90), feature_range=(0, 255)).transform(X)
    np.testing.assert_allclose(Z, (X - 10) / 80 * 255, rtol=1e-14, atol=1e-12)
    Z = SampleScaler("robust", quantile_range=(10, 90)).transform(X)
    assert_same_bits(Z, (X - 50) / 80)
    Z = SampleScaler("quantile", quantile_range=(10, 90), feature_range=(-1, 1), clip=True)
    assert Z.transform(X).min() == -1
    assert Z.transform(X).max() == 1


# The statistics are those of the scalers of columns, the samples those of InstanceNorm


@pytest.mark.parametrize("method", SAME)
def test_it_is_the_scaler_of_columns_to_the_bit(method):
    """For any place of the channels, whole samples, float32 and NaN."""
    for axis in (1, 2, -1):
        for dtype in (np.float64, np.float32):
            X = tensor().astype(dtype)
            moved = np.moveaxis(X, axis, 1)
            columns = moved.reshape(-1, moved.shape[2] * moved.shape[3]).T
            expected = SAME[method].fit_transform(columns).T.reshape(moved.shape)
            scaler = SampleScaler(method, channel_axis=axis, **GIVEN.get(method, {}))
            Z = scaler.transform(X)
            assert Z.dtype == dtype
            assert_same_bits(np.array(Z), np.ascontiguousarray(np.moveaxis(expected, 1, axis)))
            whole = SAME[method].fit_transform(X.reshape(len(X), -1).T).T.reshape(X.shape)
            Z = scaler.set_params(channel_wise=False).transform(X)
            assert_same_bits(np.array(Z), np.ascontiguousarray(whole))


def test_standard_is_instance_norm_without_eps():
    X = tensor()
    Z, stats = SampleScaler().transform(X, return_stats=True)
    expected, theirs = InstanceNorm(eps=0.0).transform(X, return_stats=True)
    np.testing.assert_allclose(Z, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(stats, theirs, rtol=1e-14)


@every_method
def test_samples_do_not_depend_on_each_other_nor_on_the_fit(method):
    X = tensor()
    Z = SampleScaler(method).fit(tensor(2, seed=5)).transform(X)
    for sample, z in zip(X, Z, strict=True):
        assert_same_bits(SampleScaler(method).transform(sample[None])[0], z)
    flat = SampleScaler(method, shape=(3, 4, 6)).fit_transform(X.reshape(5, -1))
    assert_same_bits(flat, Z.reshape(5, -1))
    assert_same_bits(SampleScaler(method).transform(X.tolist()), Z)


# Statistics, masks and the inverse: the contract of InstanceNorm


@every_method
def test_the_statistics_undo_it_for_any_number_of_positions(method):
    for given in ({}, {"channel_axis": -1}, {"channel_wise": False}):
        X = tensor()
        scaler = SampleScaler(method, feature_range=(-1, 3), **given).fit(X)
        Z, stats = scaler.transform(X, return_stats=True)
        groups = {"channel_axis": 6, "channel_wise": 1}.get(next(iter(given), ""), 3)
        assert stats.shape == (5, groups, 2)
        np.testing.assert_allclose(scaler.inverse_transform(Z, stats=stats), X, rtol=1e-12)
        part = Z[2:, :, 1:3] if "channel_axis" in given else Z[2:, :, :1, 2:4]
        known = X[2:, :, 1:3] if "channel_axis" in given else X[2:, :, :1, 2:4]
        back = scaler.inverse_transform(part, stats=stats[2:])
        np.testing.assert_allclose(back, known, rtol=1e-12)


@every_method
def test_masked_members_leave_no_trace(method):
    X = tensor()
    padded = np.concatenate([X, np.full((5, 3, 4, 2), np.inf)], axis=3)
    mask = np.arange(8) < 6
    Z, stats = SampleScaler(method).transform(padded, mask=mask, return_stats=True)
    expected, alone = SampleScaler(method).transform(X, return_stats=True)
    assert_same_bits(np.ascontiguousarray(Z[..., :6]), expected)
    assert_same_bits(stats, alone)
    assert (Z[..., 6:] == np.inf).all()
    back = SampleScaler(method).inverse_transform(Z, stats=stats, mask=mask)
    np.testing.assert_allclose(back, padded, rtol=1e-12)


@every_method
def test_constant_samples_become_what_the_scalers_make_of_constants(method):
    X = np.array([[7.0, 7.0, 7.0], [0.0, 0.0, 0.0], [1.0, 2.0, 4.0]])
    expected = {"mean_abs": 1.0, "max_abs": 1.0, "minmax": -2.0, "quantile": -2.0}
    scaler = SampleScaler(method, feature_range=(-2, 3))
    Z = scaler.transform(X)
    assert (Z[0] == expected.get(method, 0.0)).all()
    assert (Z[1] == (-2.0 if method in ("minmax", "quantile") else 0.0)).all()
    one, stats = scaler.transform(X[:, :1], return_stats=True)  # one member each
    assert one[0] == expected.get(method, 0.0)
    assert_same_bits(scaler.inverse_transform(one, stats=stats), X[:, :1])


@every_method
def test_a_group_without_members_has_no_statistics(method):
    X = tensor()
    X[0, 1] = np.nan
    Z, stats = SampleScaler(method).transform(X, return_stats=True)
    assert np.isnan(stats[0, 1]).all()
    assert np.isnan(Z[0, 1]).all()
    assert np.isfinite(np.delete(stats.reshape(-1, 2), 1, axis=0)).all()
    empty = SampleScaler(method).transform(np.empty((0, 3, 4)), return_stats=True)
    assert [a.shape for a in empty] == [(0, 3, 4), (0, 3, 2)]


def test_the_ends_of_the_range_are_hit_exactly():
    X = np.random.default_rng(2).normal(size=(200, 1, 7))
    Z = SampleScaler("minmax", feature_range=(0.1, 0.7)).transform(X)
    assert (Z.min(axis=2) == 0.1).all()
    assert (Z.max(axis=2) == 0.7).all()


def test_halves_and_large_numbers_do_not_overflow():
    """Statistics are in float64; a range beyond the largest float is taken in smaller units."""
    half = np.array([[300, 400, 500]], dtype=np.float16)
    assert SampleScaler().transform(half).tolist() == [[-1.224609375, 0.0, 1.224609375]]
    X = [[-1.7e308, 0.0, 1.7e308]]
    Z, stats = SampleScaler("minmax").transform(X, return_stats=True)
    assert Z.tolist() == [[0.0, 0.5, 1.0]]
    with pytest.raises(ValueError, match="infinite: the range of its members exceeds"):
        SampleScaler("minmax").inverse_transform(Z, stats=stats)


# Errors


@every_method
def test_infinity_is_refused_with_its_place(method):
    X = tensor()
    X[3, 1, 2, 0] = -np.inf
    with pytest.raises(ValueError, match=r"in sample 3 at \(1, 2, 0\)"):
        SampleScaler(method).transform(X)
    row = np.array([[1.0, 2.0, np.inf, 3.0, 4.0]])
    for fitted in (SampleScaler(method), SampleScaler(method).fit(np.zeros((1, 5)))):
        with pytest.raises(ValueError, match=r"infinity or a value too large.*column 2"):
            fitted.transform(row)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"method": "box"}, "'method' parameter of SampleScaler must be a str among"),
        ({"quantile_range": (60, 40)}, r"Invalid quantile range: \(60, 40\)"),
        ({"feature_range": (1, 1)}, r"`feature_range` must be two numbers.*Got \(1, 1\)"),
        ({"feature_range": (0, np.inf)}, "both finite"),
        ({"feature_range": (0, 1, 2)}, "must be two numbers"),
        ({"clip": "yes"}, "'clip' parameter"),
        ({"channel_axis": 5}, "channel_axis=5 is no axis of a sample"),
    ],
)
def test_wrong_parameters_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        SampleScaler(**given).fit(tensor())


def test_the_inverse_needs_statistics_that_fit():
    Z = SampleScaler().transform(tensor())
    with pytest.raises(ValueError, match="normalises each sample by its own statistics"):
        SampleScaler().inverse_transform(Z)
    with pytest.raises(ValueError, match=r"needs \(5, 3, 2\)"):
        SampleScaler().inverse_transform(Z, stats=np.ones((5, 1, 2)))


def test_percentiles_that_are_equal_are_widened_in_a_graph_too():
    """Of ten zeros and a 1 the quartiles are equal, and so are the percentiles 5 and 95 of more."""
    pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    from skl2onnx import to_onnx

    X = np.zeros((4, 40))
    X[0, :9], X[1, 0], X[2, :2] = 1.0, 5.0, [np.nan, -3.0]
    for method in ("robust", "quantile"):
        scaler = SampleScaler(method, quantile_range=(25, 75)).fit(X)
        graph = to_onnx(scaler, X[:1]).SerializeToString()
        found = onnxruntime.InferenceSession(graph).run(None, {"X": X})[0]
        assert_same_bits(found, scaler.transform(X))
        assert np.nanmax(np.abs(found[:3]), axis=1).min() > 0
