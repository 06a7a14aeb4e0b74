"""Masks, lists of sequences and statistics in the functions of the six norms."""

from __future__ import annotations

import numpy as np
import pytest
from differences import LONG, assert_near, central
from laws import assert_same_bits

import sklearn_norm
from sklearn_norm import functional

KINDS = {
    "layer_norm": "LayerNorm",
    "rms_norm": "RMSNorm",
    "ada_norm": "AdaNorm",
    "group_norm": "GroupNorm",
    "instance_norm": "InstanceNorm",
    "batch_norm": "BatchNorm",
}
OF_CHANNELS = ("group_norm", "instance_norm", "batch_norm")
every_norm = pytest.mark.parametrize("name", KINDS)
KNOWN = {"mean": [0.5, -1.0, 2.0], "var": [1.0, 4.0, 0.25]}
CASES = [
    *((name, {}) for name in KINDS),
    ("layer_norm", {"normalized_ndim": 1}),
    ("rms_norm", {"axis": 1}),
    ("ada_norm", {"detach": False, "axis": (0, 2)}),
    ("group_norm", {"num_groups": 4, "channel_axis": -1}),
    ("batch_norm", KNOWN),
    ("batch_norm", {"channel_axis": 2}),
]


def forward(name):
    return getattr(functional, name)


def backward(name):
    return getattr(functional, f"{name}_backward")


def drawn(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(1.0, 2.0, shape), rng.random(shape) < 0.6, rng.normal(size=shape)


def plainly(name, options, x, mask, gamma, beta):
    """Return the norm by its formula, in longdouble, over the members of the mask."""
    place = options.get("channel_axis", 1) % 3
    own = options.get("axis", (2,) if "normalized_ndim" in options else (1, 2))
    of_channels = {"instance_norm": (2,), "group_norm": (1, 2), "batch_norm": (0, 3 - place)}
    over = of_channels.get(name, own)
    if "num_groups" in options:  # as many as channels
        over = (3 - place,)

    def mean(v):
        kept = np.where(mask, v, 0).sum(axis=over, keepdims=True)
        return kept / mask.sum(axis=over, keepdims=True)

    if "mean" in options:
        center, square = (np.array(options[k], LONG)[:, None] for k in ("mean", "var"))
    else:
        center = 0 if name == "rms_norm" else mean(x)
        square = mean((x - center) ** 2)
    y = (x - center) / np.sqrt(square + LONG(1e-5))
    y = (1 - LONG(0.1) * y) * y if name == "ada_norm" else y
    return np.where(mask, y * gamma + beta, x)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_results_and_gradients_with_a_mask_are_those_of_the_formula(name, options):
    """What is left out is returned as it is, so its gradient is that of the result."""
    x, mask, grad = drawn((3, 3, 4))
    mask[..., 0] = mask[:, 0] = True  # one member of each group
    gamma, beta = np.array(1.5), np.array(-0.5)
    wide = [v.astype(LONG) for v in (x, gamma, beta)]
    found = forward(name)(x, gamma=gamma, beta=beta, mask=mask, **options)
    assert_near(found, plainly(name, options, wide[0], mask, *wide[1:]), 1e-13)
    gradients = backward(name)(grad, x, gamma=gamma, beta=beta, mask=mask, **options)
    for at, gradient in enumerate(gradients):

        def loss(v, at=at):
            given = [*wide[:at], v, *wide[at + 1 :]]
            return (grad * plainly(name, options, given[0], mask, *given[1:])).sum()

        assert_near(gradient, central(loss, wide[at]))


@every_norm
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_functions_have_the_bits_of_the_estimators(name, dtype):
    """With a mask in full, one of positions, and what is left out infinite; statistics too."""
    x, mask, grad = drawn((4, 3, 5))
    mask = mask[:, :, 0] if name not in OF_CHANNELS else mask[:, 0]
    mask[:, 0] = True
    whole = np.broadcast_to(np.expand_dims(mask, 1 if name in OF_CHANNELS else 2), x.shape)
    x = np.where(whole, x, np.inf).astype(dtype)
    found, stats = forward(name)(x, gamma=2.0, mask=mask, return_stats=True)
    assert found.dtype == dtype
    assert_same_bits(forward(name)(x, gamma=2.0, mask=whole), found)
    holes = np.where(whole, x, dtype(np.nan))
    expected, known = forward(name)(holes, gamma=2.0, return_stats=True)
    assert_same_bits(found, np.where(whole, expected, x))
    assert_same_bits(stats, known)
    if name != "batch_norm":
        norm = getattr(sklearn_norm, KINDS[name])(gamma=2.0)
        theirs = norm.transform(x, mask=mask, return_stats=True)
        assert_same_bits(theirs[0], found)
        assert_same_bits(theirs[1], stats)
    gradients = backward(name)(grad, x, gamma=2.0, mask=mask)
    assert gradients[0].dtype == dtype
    assert_same_bits(gradients[0][~whole], grad[~whole].astype(dtype))
    expected = backward(name)(np.where(whole, grad, 7.0), holes, gamma=2.0)
    assert_same_bits(gradients[0][whole], expected[0][whole])
    assert_same_bits(gradients[1], expected[1])


@every_norm
def test_arguments_stay_as_they_are(name):
    x, mask, grad = drawn((2, 3, 4))
    kept = [v.copy() for v in (x, mask, grad)]
    forward(name)(x, mask=mask)
    backward(name)(grad, x, mask=mask)
    for now, before in zip((x, mask, grad), kept, strict=True):
        assert_same_bits(now, before)


def test_running_statistics_do_not_see_what_is_left_out():
    x, mask, _ = drawn((4, 3, 5))
    mask[:2] = True
    found = [np.zeros(3), np.ones(3)]
    known = {"running_mean": found[0], "running_var": found[1], "training": True}
    functional.batch_norm(x, mask=mask, **known)
    expected = [np.zeros(3), np.ones(3)]
    known = {"running_mean": expected[0], "running_var": expected[1], "training": True}
    functional.batch_norm(np.where(mask, x, np.nan), **known)
    assert_same_bits(found, expected)


# Lists of sequences


def sequences(name, lengths=(3, 5, 1, 4), seed=0, channels=2):
    rng = np.random.default_rng(seed)
    whole = [(channels, n) if name in OF_CHANNELS else (n, channels) for n in lengths]
    return [rng.normal(1.0, 2.0, shape) for shape in whole]


@every_norm
def test_sequences_of_different_lengths_come_back_as_a_list(name):
    """Each has the bits that it has alone; of batch norm, those of all in a row."""
    x = sequences(name)
    found, stats = forward(name)(x, gamma=2.0, return_stats=True)
    assert type(found) is list
    if name == "batch_norm":
        row = np.concatenate(x, axis=1)[None]
        expected = functional.batch_norm(row, gamma=2.0)[0]
        np.testing.assert_allclose(np.concatenate(found, axis=1), expected, atol=1e-14)
        assert stats.shape == (1, 2, 2)
        return
    for at, one in enumerate(x):
        alone, known = forward(name)(one[None], gamma=2.0, return_stats=True)
        assert_same_bits(found[at], alone[0])
        assert_same_bits(stats[at], known[0])
    assert all(y.base is None for y in found)


@every_norm
def test_gradients_of_sequences_come_back_as_a_list(name):
    x, grad = sequences(name), sequences(name, seed=1)
    found = backward(name)(grad, x, gamma=2.0, beta=1.0)
    assert [g.shape for g in found[0]] == [v.shape for v in x]
    if name == "batch_norm":
        row = [np.concatenate(v, axis=1)[None] for v in (grad, x)]
        expected = functional.batch_norm_backward(*row, gamma=2.0, beta=1.0)
        np.testing.assert_allclose(np.concatenate(found[0], axis=1), expected[0][0], atol=1e-13)
    else:
        each = [
            backward(name)(g[None], v[None], gamma=2.0, beta=1.0)
            for g, v in zip(grad, x, strict=True)
        ]
        for g, one in zip(found[0], each, strict=True):
            np.testing.assert_allclose(g, one[0][0], rtol=1e-12, atol=1e-14)
        expected = [None, *(sum(one[k] for one in each) for k in (1, 2))]
    for k in (1, 2):
        np.testing.assert_allclose(found[k], expected[k], rtol=1e-11)


@every_norm
def test_sequences_with_masks_of_their_own(name):
    """Also by keyword, of float32, with gaps; of equal lengths the result is a list as well."""
    x = [v.astype(np.float32) for v in sequences(name, lengths=(4, 4))]
    masks = [np.array([True, False, True, True]), np.ones(4, dtype=bool)]
    found = forward(name)(x=x, mask=masks)
    expected = forward(name)(np.stack(x), mask=np.stack(masks))
    assert [v.dtype for v in found] == [np.float32] * 2
    assert_same_bits(found, list(expected))
    assert type(forward(name)(x)) is list


def test_images_of_different_sizes():
    """Any axes but that of the channels may differ."""
    rng = np.random.default_rng(0)
    x = [rng.normal(size=(3, h, w)) for h, w in ((2, 5), (4, 1), (3, 3))]
    for one, found in zip(x, functional.group_norm(x, num_groups=3), strict=True):
        assert_same_bits(found, functional.instance_norm(one[None])[0])
    for one, found in zip(x, functional.layer_norm(x, axis=1), strict=True):
        assert_same_bits(found, functional.layer_norm(one[None], axis=1)[0])


@every_norm
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: [*x, x[0][None]], "Sequence 4 has 3 axes, but the first one 2"),
        (lambda x: [*x, x[0].astype(int)], "Sequence 4 is of int64, but the first one of float64"),
        (lambda x: [*x, np.ones((7, 7))], r"Sequence 4 has 7 channels, .* \(7, 7\), but .* one 2"),
    ],
)
def test_sequences_that_differ_in_more_than_length_are_refused(name, change, message):
    with pytest.raises(ValueError, match=message):
        forward(name)(change(sequences(name)))


@every_norm
def test_what_belongs_to_sequences_is_a_list(name):
    x = sequences(name)
    with pytest.raises(ValueError, match="`mask` must be a list of 4 masks"):
        forward(name)(x, mask=np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="`mask` must be a list of 4 masks"):
        forward(name)(x, mask=[True])
    with pytest.raises(ValueError, match="`grad` must be a list of 4 arrays of the shapes"):
        backward(name)(x[::-1], x)
    with pytest.raises(ValueError, match="`grad` must be a list of 4 arrays of the shapes"):
        backward(name)(1.0, x)
    with pytest.raises(ValueError, match=r"`mask` of shape \(1, 7\) cannot be broadcast"):
        forward(name)(x, mask=[np.ones(7, dtype=bool)] * 4)


def test_a_list_of_rows_is_an_array_as_before():
    assert functional.layer_norm([np.array([1.0, 3.0])], eps=0.0).tolist() == [[-1.0, 1.0]]
    with pytest.raises(ValueError, match="does not form an array"):
        functional.layer_norm([np.ones(2), np.ones(3)])
    with pytest.raises(ValueError, match="channel_axis=0 is no axis"):
        functional.instance_norm(sequences("instance_norm"), channel_axis=0)
    with pytest.raises(TypeError, match="`channel_axis` must be an integer"):
        functional.instance_norm(sequences("instance_norm"), channel_axis=1.0)
