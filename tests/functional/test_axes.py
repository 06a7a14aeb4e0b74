"""Any axes, gains of any shape, and 1 + gamma: against plain formulas in longdouble."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from budget import times
from differences import LONG, assert_gradients, assert_near
from laws import assert_same_bits

from sklearn_norm import AdaNorm, LayerNorm, RMSNorm, functional

NORMS = {"layer_norm": LayerNorm, "rms_norm": RMSNorm, "ada_norm": AdaNorm}
every_norm = pytest.mark.parametrize("name", NORMS)
NCHW = np.array([[[[1.0, 2.0]], [[3.0, 6.0]]]])


def plainly(name, axis, x, gamma=1, beta=0, eps=1e-5):
    """Return the norm by its formula, in longdouble, with NumPy's rules of broadcasting."""
    x = np.asarray(x, LONG)
    center = 0 if name == "rms_norm" else x.mean(axis=axis, keepdims=True)
    y = (x - center) / np.sqrt(((x - center) ** 2).mean(axis=axis, keepdims=True) + LONG(eps))
    y = (1 - LONG(0.1) * y) * y if name == "ada_norm" else y
    return y * gamma + beta


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(1.0, 2.0, shape)


def choices(shape, samples=True):
    """Return every choice of axes of an array, with or without that of the samples."""
    places = range(0 if samples else 1, len(shape))
    return [c for k in range(1, len(shape) + 1) for c in combinations(places, k)]


# By hand


def test_layer_norm_of_channels_at_each_position():
    """As in ConvNeXt and SAM: channels 1 and 3, 2 and 6 become -1 and 1."""
    expected = [[[[-1.0, -1.0]], [[1.0, 1.0]]]]
    assert functional.layer_norm(NCHW, axis=1, eps=0.0).tolist() == expected
    assert LayerNorm(axis=1, eps=0.0).transform(NCHW).tolist() == expected
    assert LayerNorm(axis=-3, eps=0.0, shape=(2, 1, 2)).transform(NCHW.reshape(1, 4)).tolist() == [
        [-1.0, -1.0, 1.0, 1.0]
    ]


def test_pixel_norm():
    """RMS norm over the channels, with the eps of its paper."""
    expected = [[[0.8485281371]], [[1.1313708494]]]
    for x in (functional.rms_norm, lambda x, **o: RMSNorm(**o).transform(x)):
        found = x([[[[3.0]], [[4.0]]]], axis=1, eps=1e-8)
        np.testing.assert_allclose(found[0], expected, atol=1e-9)


def test_weights_learned_as_differences_from_one():
    expected = [[1.697056275, 1.131370850]]
    options = {"gamma": [1.0, 0.0], "unit_offset": True, "eps": 0.0}
    np.testing.assert_allclose(functional.rms_norm([[3.0, 4.0]], **options), expected, atol=1e-9)
    np.testing.assert_allclose(RMSNorm(**options).transform([[3.0, 4.0]]), expected, atol=1e-9)


def test_mean_variance_normalisation_over_samples_and_positions():
    """Channels over all samples, as in batch norm, by the axes of layer norm."""
    x = drawn(4, 3, 5)
    found = functional.layer_norm(x, axis=(0, 2), gamma=[[2.0], [3.0], [1.0]])
    expected = functional.batch_norm(x, gamma=[2.0, 3.0, 1.0])
    np.testing.assert_allclose(found, expected, atol=1e-14)


# Every axis, every shape of gamma


@every_norm
@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 3, 1, 4)], ids=str)
def test_all_axes_with_all_shapes_of_gamma_agree_with_the_formula(name, shape):
    """In C and in Fortran order; the estimators give the bits of the functions."""
    x, rng = drawn(*shape), np.random.default_rng(1)
    cases = list(product(choices(shape), product(*({1, n} for n in shape)), "CF"))
    for axis, size, order in cases[:: times(3, 1)]:
        gamma, beta = rng.normal(size=(2, *size))
        given = np.asarray(x, order=order)
        options = {"axis": axis if len(axis) > 1 else axis[0] - len(shape)}
        found, stats = getattr(functional, name)(
            given, gamma=gamma, beta=beta, return_stats=True, **options
        )
        assert_near(found, plainly(name, axis, x, gamma, beta), 1e-13)
        if 0 in axis or size[0] > 1:
            continue
        norm = NORMS[name](gamma=gamma[0], beta=beta[0], **options)
        Z, known = norm.fit(given).transform(given, return_stats=True)
        assert_same_bits(Z, found)
        assert_same_bits(known, stats)
        if name != "ada_norm":
            back = norm.inverse_transform(Z, stats=stats)
            np.testing.assert_allclose(back, x, rtol=1e-11, atol=1e-11)


@every_norm
@pytest.mark.parametrize(
    ("shape", "axis", "size"),
    [
        ((2, 3, 4), 1, (3, 1)),
        ((2, 3, 4), 1, (3,)),
        ((2, 3, 4), -1, (3, 4)),
        ((2, 3, 4), None, (4,)),
        ((2, 3, 4), None, (2, 1, 4)),
        ((2, 3, 4), 1, (2, 3, 1)),
        ((3, 2, 2, 2), (1, 3), (2, 2)),
        ((3, 2, 2, 2), (1, 3), (2, 1, 1)),
        ((2, 3, 4), (0, 1, 2), (4,)),
        ((3, 4), 0, (4,)),
        ((2, 3, 2), (0, 2), (2, 1, 2)),
        ((2, 3, 2), (0, 1), ()),
    ],
    ids=str,
)
@pytest.mark.parametrize("unit", [False, True])
def test_gradients_agree_with_central_differences(name, shape, axis, size, unit):
    """With respect to x, and to gamma and beta in the shape in which they were given."""
    x, grad = drawn(*shape), drawn(*shape, seed=1)
    gamma, beta = np.random.default_rng(2).normal(size=(2, *size))
    over = tuple(range(1, len(shape))) if axis is None else axis
    options = {"axis": axis, "unit_offset": unit}
    of_members = size in ((3,), (2, 2)) and axis in (1, (1, 3))
    place = [1] * len(shape)
    for at in axis if isinstance(axis, tuple) else (axis or 0,):
        place[at] = shape[at]

    def plain(x, gamma, beta):
        gamma, beta = (v.reshape(place) if of_members else v for v in (gamma, beta))
        return plainly(name, over, x, gamma + unit, beta)

    def forward(x, gamma, beta):
        return getattr(functional, name)(x, gamma=gamma, beta=beta, **options)

    backward = getattr(functional, f"{name}_backward")
    found = backward(grad, x, gamma=gamma, beta=beta, **options)
    assert_gradients(plain, (x, gamma, beta), found, grad, forward)


@every_norm
def test_axes_of_other_names_are_the_same(name):
    """The last axes by their number, by themselves or from the end; in any order; not one only."""
    x = drawn(2, 3, 4, 5)
    function = getattr(functional, name)
    expected = function(x, normalized_ndim=2)
    for axis in ((2, 3), (3, 2), (-1, -2), (2, -1)):
        assert_same_bits(function(x, axis=axis), expected)
    assert_same_bits(function(x, axis=(1, 2, 3)), function(x))
    assert_same_bits(function(x, axis=-1), function(x, normalized_ndim=1))


def test_what_a_shape_means_does_not_depend_on_sizes():
    """Of a square, numbers for channels are never taken for numbers of a width."""
    for sample in ((3, 3), (3, 5)):
        x = drawn(2, *sample)
        gamma = np.array([1.0, 2.0, 3.0])
        expected = functional.layer_norm(x, axis=1) * gamma[:, None]
        np.testing.assert_allclose(
            functional.layer_norm(x, axis=1, gamma=gamma), expected, rtol=1e-15
        )
    with pytest.raises(ValueError, match="`gamma` must hold one finite number, or 3 of them, or"):
        functional.layer_norm(drawn(2, 3, 5), axis=1, gamma=np.ones(5))
    wide = functional.layer_norm(drawn(2, 3, 5), axis=1, gamma=np.arange(5.0)[None])
    assert not wide[..., 0].any()


def test_statistics_of_any_axes():
    """Center and scale for each place along the other axes, in their order."""
    x = drawn(2, 3, 4)
    _, stats = functional.layer_norm(x, axis=1, eps=0.0, return_stats=True)
    np.testing.assert_allclose(stats[..., 0], x.mean(axis=1), atol=1e-14)
    np.testing.assert_allclose(stats[..., 1], x.std(axis=1), rtol=1e-13)
    _, stats = functional.layer_norm(x, axis=(0, 2), eps=0.0, return_stats=True)
    np.testing.assert_allclose(stats, np.stack([x.mean((0, 2)), x.std((0, 2))], -1)[None])
    for name in ("group_norm", "instance_norm", "batch_norm", "rms_norm", "ada_norm"):
        y, stats = getattr(functional, name)(x, return_stats=True)
        assert_same_bits(y, getattr(functional, name)(x))
        groups = {"instance_norm": (2, 3, 2), "batch_norm": (1, 3, 2)}.get(name, (2, 1, 2))
        assert stats.shape == groups
    known = {"mean": [1.0, 2.0, 3.0], "var": 3.0, "eps": 1.0}
    _, stats = functional.batch_norm(x, return_stats=True, **known)
    assert stats.tolist() == [[[1.0, 2.0], [2.0, 2.0], [3.0, 2.0]]]


# What is refused


@every_norm
@pytest.mark.parametrize(
    ("axis", "message"),
    [
        (3, r"axis=3 does not name axes of .*X has 3 axes.* to 2"),
        (-4, "axis=-4 does not name axes"),
        ((), r"axis=\(\) does not name axes"),
        ((1, -2), r"axis=\(1, -2\) does not name axes.*at most once"),
        (1.0, "`axis` must be an integer"),
        ((1, "2"), "`axis` must be an integer"),
        ([1, 2], "`axis` must be an integer"),
    ],
    ids=str,
)
def test_wrong_axes_are_named(name, axis, message):
    x = drawn(2, 3, 4)
    for call in (getattr(functional, name), lambda x, **o: NORMS[name](**o).transform(x)):
        with pytest.raises((ValueError, TypeError), match=f"{message}|'axis' parameter"):
            call(x, axis=axis)
    for axis in (0, -3, (0, 1)):
        with pytest.raises(ValueError, match=r"of a sample: X has 3 axes.* from 1 to 2"):
            NORMS[name](axis=axis).fit(x)


@pytest.mark.parametrize("name", ["layer_norm", "rms_norm"])
def test_one_of_two_ways_to_tell_the_axes(name):
    for call in (getattr(functional, name), lambda x, **o: NORMS[name](**o).transform(x)):
        with pytest.raises(ValueError, match="axis=1 and normalized_ndim=1 both say"):
            call(drawn(2, 3, 4), axis=1, normalized_ndim=1)


@every_norm
def test_gains_that_do_not_broadcast_are_named(name):
    """Numbers for each sample are for functions, whose samples are at hand."""
    x = drawn(2, 3, 4)
    for wrong in (np.ones((2, 1)), np.ones((5, 3, 4)), np.ones((1, 1, 1, 1)), np.ones((0, 4))):
        with pytest.raises(ValueError, match="or 12 of them, or numbers that broadcast to the s"):
            getattr(functional, name)(x, gamma=wrong)
    with pytest.raises(ValueError, match=r"broadcast to a sample, for samples of shape \(3, 4\)"):
        NORMS[name](gamma=np.ones((2, 1, 1))).transform(x)
    with pytest.raises(ValueError, match=r"`unit_offset` must be True or False"):
        getattr(functional, name)(x, unit_offset=np.ones(2))
    with pytest.raises(ValueError, match=r"`return_stats` must be True or False"):
        getattr(functional, name)(x, return_stats=np.ones(2))


def test_a_gain_of_zero_is_not_undone():
    norm = LayerNorm(gamma=[0.0, -1.0], unit_offset=True)
    Z, stats = norm.transform([[1.0, 2.0]], return_stats=True)
    with pytest.raises(ValueError, match="`gamma` holds a -1"):
        norm.inverse_transform(Z, stats=stats)


@every_norm
def test_a_masked_member_has_no_part_along_other_axes(name):
    """NaN along axes that are not the last ones is that member missing."""
    x = drawn(2, 3, 4)
    x[1, 2, 0] = np.nan
    found = getattr(functional, name)(x, axis=1)
    alone = getattr(functional, name)(x[1:, :2, :1], axis=1)
    np.testing.assert_allclose(found[1:, :2, :1], alone, rtol=1e-15)
    assert np.isnan(found[1, 2, 0])
