"""Layer, instance, group, RMS and adaptive norms: each sample by its own statistics."""

from __future__ import annotations

import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod, sqrt
from threading import Barrier

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from laws import EPS, assert_same_bits, layouts
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

import sklearn_norm
from sklearn_norm import AdaNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

KINDS = [AdaNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm]
DTYPES = [np.float64, np.float32, np.float16]
SAMPLE = (4, 3, 6)
PLACES = np.indices(SAMPLE)


@dataclass(frozen=True)
class Case:
    """A norm, the group of each member of a sample, and the place of its gain and bias."""

    kind: type
    groups: np.ndarray
    learnt: np.ndarray
    given: dict = field(default_factory=dict)
    pads: bool = True  # whether the last axis holds positions, so that samples can be longer

    def __call__(self, *args, **further):
        return self.kind(*args, **{**self.given, **further})


NONE = np.zeros(SAMPLE, dtype=int)
ALL = np.arange(prod(SAMPLE)).reshape(SAMPLE)
CASES = {
    "layer": Case(LayerNorm, NONE, ALL),
    "layer 2": Case(LayerNorm, PLACES[0], PLACES[1] * 6 + PLACES[2], {"normalized_ndim": 2}),
    "layer 1": Case(LayerNorm, PLACES[0] * 3 + PLACES[1], PLACES[2], {"normalized_ndim": 1}),
    "instance": Case(InstanceNorm, PLACES[0], PLACES[0]),
    "instance 2": Case(InstanceNorm, PLACES[1], PLACES[1], {"channel_axis": 2}),
    "instance -1": Case(InstanceNorm, PLACES[2], PLACES[2], {"channel_axis": -1}, pads=False),
    "group 1": Case(GroupNorm, NONE, PLACES[0]),
    "group 2": Case(GroupNorm, PLACES[0] // 2, PLACES[0], {"num_groups": 2}),
    "group 3 of 2": Case(GroupNorm, PLACES[1], PLACES[1], {"num_groups": 3, "channel_axis": 2}),
    "group 2 of -1": Case(
        GroupNorm, PLACES[2] // 3, PLACES[2], {"num_groups": 2, "channel_axis": -1}, pads=False
    ),
    "rms": Case(RMSNorm, NONE, ALL),
    "rms 1": Case(RMSNorm, PLACES[0] * 3 + PLACES[1], PLACES[2], {"normalized_ndim": 1}),
    "ada": Case(AdaNorm, NONE, ALL),
    "ada -2, 0.05": Case(AdaNorm, NONE, ALL, {"C": -2.0, "k": 0.05}),
}
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_kind = pytest.mark.parametrize("kind", KINDS)
FIRST = ("layer", "instance", "group 2", "rms", "ada")
one_case_each = pytest.mark.parametrize("case", [CASES[n] for n in FIRST], ids=FIRST)


def tensor(n=5, sample=SAMPLE, dtype=np.float64, mean=3.0, seed=0):
    return np.random.default_rng(seed).normal(mean, 1.0, (n, *sample)).astype(dtype)


def exact(case, X, eps, gamma=1.0, beta=0.0):
    """Return the result and the statistics, the moments in fractions."""
    Z, stats = np.empty(X.shape), np.empty((X.shape[0], case.groups.max() + 1, 2))
    C, k = case.given.get("C", 1.0), case.given.get("k", 0.1)
    for n, g in np.ndindex(stats.shape[:2]):
        at = case.groups == g
        x = [Fraction(float(v)) for v in X[n][at]]
        center = Fraction(0) if case.kind is RMSNorm else sum(x) / len(x)
        square = sum((v - center) ** 2 for v in x) / len(x)
        scale = sqrt(float(square + Fraction(eps)))
        y = np.array([float(v - center) / (scale or 1.0) for v in x])
        Z[n][at] = C * (1 - k * y) * y if case.kind is AdaNorm else y
        stats[n, g] = float(center), scale
    learnt = case.learnt
    gain, offset = np.asarray(gamma, dtype=float), np.asarray(beta, dtype=float)
    return Z * (gain if gain.ndim == 0 else gain[learnt]) + (
        offset if offset.ndim == 0 else offset[learnt]
    ), stats


def gain_and_bias(case):
    size = case.learnt.max() + 1
    return {"gamma": np.linspace(0.5, 2.0, size), "beta": np.linspace(-1.0, 1.0, size)}


def run(norm, X, **given):
    """Return result and statistics by name."""
    return dict(zip(("Z", "stats"), norm.transform(X, return_stats=True, **given), strict=True))


# Values


def test_values_by_hand():
    """Two channels of 1, 3 and of 10, 50; without eps."""
    X = np.array([[[1.0, 3.0], [10.0, 50.0]]])
    both = InstanceNorm(eps=0.0).transform(X)
    assert both.tolist() == [[[-1.0, 1.0], [-1.0, 1.0]]]
    assert LayerNorm(eps=0.0, normalized_ndim=1).transform(X).tolist() == both.tolist()
    assert GroupNorm(eps=0.0, num_groups=2).transform(X).tolist() == both.tolist()
    norm = GroupNorm(eps=0.0, num_groups=2, gamma=[2, 3], beta=[10, 0])
    np.testing.assert_allclose(norm.transform(X), [[[8.0, 12.0], [-3.0, 3.0]]], 4 * EPS)
    assert LayerNorm(eps=15.0).transform([[4.0, 6.0]]).tolist() == [[-0.25, 0.25]]
    assert LayerNorm(eps=0.0).transform([[0, 6, 0, 6], [1, 1, 1, 1]]).tolist() == [
        [-1.0, 1.0, -1.0, 1.0],
        [0.0, 0.0, 0.0, 0.0],
    ]
    np.testing.assert_allclose(RMSNorm(eps=0.0).transform([[1, -7]]), [[0.2, -1.4]], 4 * EPS)
    for members in ([[3.0, 3.0]], [[3.0]]):  # one member is enough: there is no variance
        np.testing.assert_allclose(RMSNorm(eps=16.0).transform(members), 0.6, 4 * EPS)
    assert AdaNorm(eps=0.0, C=2.0, k=0.25).transform([[1.0, 3.0]]).tolist() == [[-2.5, 1.5]]
    norm = AdaNorm(eps=0.0, gamma=2.0, beta=1.0)
    np.testing.assert_allclose(norm.transform([[1.0, 3.0]]), [[-1.2, 2.8]], 4 * EPS)


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("eps", "learnt"), [(0.0, False), (1e-5, True), (2.0, True)])
def test_values_are_those_of_exact_arithmetic(case, eps, learnt, dtype):
    """Results, centers and scales, in the dtype of X, and statistics in float64."""
    X = tensor(2, dtype=dtype)
    given = gain_and_bias(case) if learnt else {}
    found = run(case(eps=eps, **given), X)
    Z, stats = exact(case, X, eps, **given)
    assert (found["Z"].dtype, found["stats"].dtype) == (dtype, np.float64)
    np.testing.assert_allclose(found["stats"], stats, 1e-15 if dtype == np.float64 else 1e-14)
    rounding = 0.0 if dtype == np.float64 else 0.501 * np.finfo(dtype).eps
    np.testing.assert_allclose(found["Z"], Z, rounding, 1e-14 + np.finfo(dtype).smallest_subnormal)


@every_case
def test_large_means_cost_no_digit(case):
    """Unix times, 1.7e9 ± 0.3 s."""
    X = 1.7e9 + 0.3 * tensor(2, mean=0.0)
    found = run(case(eps=0.0), X)
    Z, stats = exact(case, X, 0.0)
    np.testing.assert_allclose(found["stats"], stats, 1e-14)
    np.testing.assert_allclose(found["Z"], Z, 0, 2e-14)


@every_case
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_constant_group_gives_0_without_eps(case, dtype):
    X = np.full((2, *SAMPLE), 14.62, dtype=dtype)
    X[1] = tensor(1, dtype=dtype)[0]
    found = run(case(eps=0.0), X)
    expected = exact(case, X, 0.0)[0][1]
    np.testing.assert_allclose(found["Z"][1], expected, np.finfo(dtype).eps, 1e-14)
    if case.kind is RMSNorm:
        np.testing.assert_allclose(found["Z"][0], 1.0, 2 * np.finfo(dtype).eps)
    else:
        assert (found["Z"][0] == 0).all()
        assert (found["stats"][0] == [float(X[0, 0, 0, 0]), 0.0]).all()
        back = case(eps=0.0).inverse_transform(found["Z"], stats=found["stats"])
        assert_same_bits(back[0], X[0])


# What leaves no trace


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
    for norm in (InstanceNorm(), InstanceNorm(channel_axis=-1), GroupNorm(), LayerNorm(20)):
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


# Fit, and what is wrong


@every_case
def test_fit_only_remembers_the_shape(case):
    """Transform works without it, to the same bits; the tags and the state say so."""
    X = tensor()
    norm = case()
    assert not get_tags(norm).requires_fit
    check_is_fitted(norm)
    assert vars(norm) == norm.get_params()
    Z = norm.transform(X)
    assert vars(norm).keys() == norm.get_params().keys()
    assert norm.fit(X) is norm
    assert (norm.shape_, norm.n_features_in_) == (SAMPLE, 72)
    assert set(vars(norm)) - set(norm.get_params()) == {"shape_", "n_features_in_", "_recent"}
    before = joblib.hash(vars(norm))
    assert norm.partial_fit(tensor(2, seed=1)) is norm
    assert_same_bits(norm.transform(X), Z)
    assert joblib.hash(vars(norm)) == before
    assert_same_bits(case().fit_transform(X), Z)
    assert case().partial_fit(X).shape_ == SAMPLE
    both = case().fit_transform(X, return_stats=True, mask=True)
    assert_same_bits(both[0], Z)
    assert norm.fit(tensor(3, (4, 3, 8))).shape_ == (4, 3, 8)  # from nothing


@every_kind
@pytest.mark.parametrize("method", ["fit", "partial_fit", "transform", "fit_transform"])
def test_wrong_shapes_state_both_shapes_and_change_nothing(kind, method):
    X = tensor(5, (3, 8))
    for given, data, message in [
        ((3, 9), X, r"\(5, 3, 8\).*shape=\(3, 9\).* 27 features.*\(5, 3, 9\)"),
        ((3, 9), X.reshape(5, 24), r"24 features.*\(5, 24\).*\(3, 9\).* 27 features.*\(5, 3, 9\)"),
        ((8, 3), X, r"\(5, 3, 8\).*shape=\(8, 3\).*\(5, 8, 3\)"),
        (24, X, r"\(5, 3, 8\).*shape=\(24,\).*\(5, 24\)"),
        ((3, 0), X, "sizes of a sample's axes.*\\(3, 0\\)"),
        ([3, 8.0], X, "sizes of a sample's axes"),
        ([[3, 8]], X, "sizes of a sample's axes"),
        ((), X, "sizes of a sample's axes"),
        ("ab", X, "'shape' parameter"),
    ]:
        norm = kind(given)
        before = joblib.hash(vars(norm))
        with pytest.raises(ValueError, match=message):
            getattr(norm, method)(data)
        assert joblib.hash(vars(norm)) == before
    norm = kind().fit(X)
    before = joblib.hash(vars(norm))
    if method in ("transform", "partial_fit"):
        for data in (X[:, :2], X.reshape(5, 24), X.reshape(5, 1, 3, 8)):
            with pytest.raises(ValueError, match=r"samples of shape \(.*expecting.*\(3, 8\)"):
                getattr(norm, method)(data)
    for data, message in [
        (X[0, 0], "Expected 2D array, got 1D"),
        (X[:0], "0 sample"),
        (sparse.csr_matrix(np.eye(3)), "dense"),
        ([["a", "b"]], "could not convert"),
        (np.ones((2, 3, 8)) * 1j, "Complex"),
        (np.where(X[1, 2, 3] == X, np.inf, X), r"infinity.*sample 1 at \(2, 3\)"),
    ]:
        with pytest.raises((ValueError, TypeError), match=message):
            getattr(norm, method)(data)
    with pytest.raises(ValueError, match=r"infinity.*column 'b'"):
        getattr(kind(), method)(pd.DataFrame({"a": [1.0], "b": [-np.inf]}))
    assert joblib.hash(vars(norm)) == before


@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize(
    ("norm", "sample", "message"),
    [
        (GroupNorm(num_groups=4), (6, 5), r"num_groups=4 .* 6 channels .*\(6, 5\)"),
        (GroupNorm(num_groups=2), (20,), r"num_groups=2 .* 1 channels .*\(1, 20\)"),
        (GroupNorm(num_groups=2, channel_axis=-1), (4, 5), r"num_groups=2 .* 5 channels"),
        (GroupNorm(num_groups=0), (6, 5), "'num_groups' parameter"),
        (InstanceNorm(), (4, 1), r"one member only.*\(4, 1\).* 4 groups .*\(1, 1\)"),
        (InstanceNorm(channel_axis=-1), (1, 4), r"one member only.*\(1, 4\)"),
        (InstanceNorm(), (1,), r"one member only.*\(1, 1\)"),
        (GroupNorm(num_groups=4), (4, 1), r"one member only.*\(4, 1\).* 4 groups"),
        (LayerNorm(), (1,), r"one member only.*\(1,\)"),
        (LayerNorm(normalized_ndim=1), (4, 1), r"one member only.*\(4, 1\)"),
        (AdaNorm(), (1, 1), r"one member only.*\(1, 1\)"),
        (LayerNorm(normalized_ndim=3), (4, 5), r"normalized_ndim=3 .*\(4, 5\)"),
        (RMSNorm(normalized_ndim=2), (4,), r"normalized_ndim=2 .*\(4,\)"),
        (LayerNorm(normalized_ndim=0), (4,), "'normalized_ndim' parameter"),
        (LayerNorm(normalized_ndim=1.0), (4,), "'normalized_ndim' parameter"),
        (InstanceNorm(channel_axis=3), (4, 5), r"channel_axis=3 .*\(4, 5\)"),
        (InstanceNorm(channel_axis=0), (4, 5), r"channel_axis=0 .*\(4, 5\)"),
        (GroupNorm(channel_axis=-3), (4, 5), r"channel_axis=-3 .*\(4, 5\)"),
        (GroupNorm(channel_axis=1.0), (4, 5), "'channel_axis' parameter"),
        (AdaNorm(k=-0.1), (4,), "'k' parameter"),
        (AdaNorm(C=np.nan), (4,), "'C' parameter"),
        (AdaNorm(C=np.inf), (4,), "'C' parameter"),
        (AdaNorm(C=0.0), (4,), "C"),  # documented as not 0: nothing would be left of X
        *[(kind(eps=e), (2, 4), "'eps' parameter") for kind in KINDS for e in (-1e-9, np.nan, "1")],
        *[(kind(gamma="large"), (2, 4), "'gamma' parameter") for kind in KINDS],
    ],
    ids=str,
)
def test_what_cannot_be_normalised_is_refused(norm, sample, message, method):
    """The message names the parameter, or the shape of the sample and of what was made of it."""
    before = joblib.hash(vars(norm))
    with pytest.raises(ValueError, match=message):
        getattr(norm, method)(tensor(2, sample))
    assert joblib.hash(vars(norm)) == before
    with pytest.raises(ValueError, match=message):
        norm.partial_fit(tensor(2, sample))


@every_case
@pytest.mark.parametrize("name", ["gamma", "beta"])
def test_gain_and_bias_of_a_wrong_size_are_refused(case, name):
    """The size that is needed, the sample and what was given are in the message."""
    size = case.learnt.max() + 1
    for wrong in (np.ones(size + 1), np.nan, [np.inf] * size, []):
        norm = case(**{name: wrong})
        with pytest.raises(ValueError, match=rf"`{name}`.*{size} of them.*\(4, 3, 6\)"):
            norm.transform(tensor())
    X = tensor()
    for same in (2, 2.0, [2.0], np.full(size, 2.0)):
        assert_same_bits(
            case(**{name: same}).transform(X), case(**{name: [2.0] * size}).transform(X)
        )


# Masks


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
    for shape in [(6,), (3, 1), (4, 1, 1), (1, 4, 1, 6), (5, 1, 1, 1), (5, 1, 1, 6), X.shape]:
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
    expected = run(case(), X, mask=by_member.reshape(SAMPLE))
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


# The way back


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


# Frames


@one_case_each
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_frames_keep_names_and_index(case, container):
    """Under set_output, there and back, with stats and masks; float32 stays so."""
    X = tensor(3, dtype=np.float32).reshape(3, -1)
    names = [f"e{i}" for i in range(72)]
    frame = pd.DataFrame(X, columns=names, index=["p", "q", "r"])
    data = frame if container == "pandas" else pl.DataFrame(X, schema=names)
    norm = case(SAMPLE).set_output(transform=container).fit(data)
    assert norm.feature_names_in_.tolist() == names
    assert norm.get_feature_names_out().tolist() == names
    mask = np.arange(72) % 6 != 1
    expected, stats = case(SAMPLE).transform(X, return_stats=True, mask=mask)
    Z, found = norm.transform(data, return_stats=True, mask=mask)
    assert_same_bits(found, stats)
    back = norm.inverse_transform(Z, stats=stats)
    of_array = norm.inverse_transform(expected, stats=stats)
    plain = case(SAMPLE).inverse_transform(expected, stats=stats)
    if container == "pandas":
        pd.testing.assert_frame_equal(Z, pd.DataFrame(expected, frame.index, names))
        pd.testing.assert_frame_equal(back, pd.DataFrame(plain, frame.index, names))
        pd.testing.assert_frame_equal(of_array, back.reset_index(drop=True))
    else:
        for out, values in ((Z, expected), (back, plain), (of_array, plain)):
            assert isinstance(out, pl.DataFrame)
            assert out.columns == names
            assert_same_bits(out.to_numpy(), values)
    assert isinstance(case(SAMPLE).fit(data).transform(data), np.ndarray)
    with pytest.raises(ValueError, match="feature names should match"):
        norm.transform(data[names[::-1]])
    assert not hasattr(norm.fit(X.reshape(3, *SAMPLE)), "feature_names_in_")


def test_a_forecast_may_be_a_frame_of_other_columns():
    """set_output asked for frames: a longer forecast is one, named as it came or by place."""
    past = pd.DataFrame({"mon": [1.0, 10.0], "tue": [3.0, 50.0]}, index=["a", "b"])
    norm = InstanceNorm(eps=0.0).set_output(transform="pandas").fit(past)
    Z, stats = norm.transform(past, return_stats=True)
    assert Z.columns.tolist() == ["mon", "tue"]
    forecast = pd.DataFrame([[0.0, 1.0, -1.0]] * 2, columns=["wed", "thu", "fri"], index=["a", "b"])
    expected = pd.DataFrame(
        [[2.0, 3.0, 1.0], [30.0, 50.0, 10.0]], columns=forecast.columns, index=forecast.index
    )
    unasked = InstanceNorm(eps=0.0).fit(past)
    pd.testing.assert_frame_equal(unasked.inverse_transform(forecast, stats=stats), expected)
    pd.testing.assert_frame_equal(norm.inverse_transform(forecast, stats=stats), expected)
    back = norm.inverse_transform(forecast.to_numpy(), stats=stats)
    assert_same_bits(back.to_numpy(), expected.to_numpy())


# Dtypes, and what bit peers


@every_kind
def test_other_dtypes_become_float64(kind):
    """Integers, booleans, lists and long doubles."""
    X = np.random.default_rng(6).integers(0, 2, (4, 3, 8))
    expected = kind().transform(X.astype(np.float64))
    for other in (X, X.astype(np.uint8), X.astype(bool), X.astype(np.longdouble), X.tolist()):
        Z = kind().transform(other)
        assert Z.dtype == np.float64
        assert_same_bits(Z, expected)


@every_kind
@pytest.mark.parametrize("value", [0.0, 1.0, 1000.0, 65504.0])
def test_float16_stays_finite_whatever_eps(kind, value):
    """eps=1e-12, which float16 does not hold (torch#41527)."""
    X = np.full((2, 3, 8), value, dtype=np.float16)
    X[1] *= np.linspace(-1, 1, 8, dtype=np.float16)
    Z = kind(eps=1e-12).transform(X)
    assert Z.dtype == np.float16
    assert np.isfinite(Z).all()
    if kind is not RMSNorm:
        assert (Z[0] == 0).all()
    elif value:
        assert (Z[0] == 1).all()


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_above_1e7_become_exactly_0(kind, dtype):
    """torch#5410: not ±1; and an RMS norm makes them 1."""
    for value in (1e7, 16777217.0, 33554435.3, 123456789.123, 1e15 + 0.3, 1e30):
        for length in (2, 3, 10, 1000, 4097):
            Z = kind(eps=1e-5).transform(np.full((1, 3, length), value, dtype=dtype))
            if kind is RMSNorm:
                np.testing.assert_allclose(Z, 1, 1e-13 + np.finfo(dtype).eps)
            else:
                assert (Z == 0).all(), (value, length)


@one_case_each
@pytest.mark.parametrize(
    ("dtype", "unit"),
    [(np.float32, 1e30), (np.float32, 1e-30), (np.float64, 1e200), (np.float64, 1e-200)],
)
def test_extreme_units_give_the_results_of_ordinary_ones(case, dtype, unit):
    """torch#178123: float32 about 1e30 is no zero, and neither is 1e±200 in float64."""
    X = tensor(3, dtype=np.float64, mean=1.0)
    scaled = (X * unit).astype(dtype)
    expected = exact(case, (scaled.astype(np.longdouble) / unit).astype(np.float64), 0.0)[0]
    Z, stats = case(eps=0.0).transform(scaled, return_stats=True)
    np.testing.assert_allclose(Z, expected, 1e-14 + 2 * np.finfo(dtype).eps, 1e-14)
    back = case(eps=0.0).inverse_transform(Z, stats=stats)
    np.testing.assert_allclose(back, scaled, 0, 64 * np.finfo(dtype).eps * np.abs(scaled).max())


def test_15_many_narrow_floats_are_summed_exactly():
    """skl#12333: float32 means at 2^25 members; skl#13007: 1e7 float16 members of 10."""
    X = np.tile(np.array([1, 3], dtype=np.float32), 2**24 + 1)[None]
    Z, stats = LayerNorm(eps=0.0).transform(X, return_stats=True)
    assert stats.tolist() == [[[2.0, 1.0]]]
    assert (Z == X - 2).all()
    X = np.full((1, 10_000_000), 10.0, dtype=np.float16)
    for kind, z, moments in ((LayerNorm, 0.0, [10.0, 0.0]), (RMSNorm, 1.0, [0.0, 10.0])):
        Z, stats = kind(eps=0.0).transform(X, return_stats=True)
        assert stats.tolist() == [[moments]]
        assert (z == Z).all()


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_16_no_cancellation(kind, dtype):
    """lerobot#4704, onnxruntime#28463 and torch#51102: a small spread about a large mean."""
    rows = [np.array([[10000, 10001, 10002]]), np.array([[40000, 40001, 40002, 40003]])]
    rows += [np.random.default_rng(0).normal(size=(5, 4)) + 2000]
    case = {c.kind: c for c in reversed(CASES.values()) if not c.given}[kind]
    for X in rows:
        X = X.astype(dtype)
        flat = Case(kind, np.zeros(X.shape[1], int), np.arange(X.shape[1]), case.given)
        expected, stats = exact(flat, X, 1e-5)
        found = run(kind(), X)
        np.testing.assert_allclose(found["stats"], stats, 1e-14)
        np.testing.assert_allclose(found["Z"], expected, 1.01 * np.finfo(dtype).eps, 1e-14)
    thirds = LayerNorm(eps=0.0).transform(rows[0].astype(dtype))
    np.testing.assert_allclose(thirds, [[-sqrt(1.5), 0, sqrt(1.5)]], np.finfo(dtype).eps)


# State, threads, pipelines


@every_case
def test_a_norm_survives_copies_under_its_public_name(case, tmp_path):
    """clone, pickle and joblib; a pickle names the public class and nothing else of ours."""
    X = tensor()
    norm = case(SAMPLE, **gain_and_bias(case)).fit(X.reshape(5, -1))
    expected = run(norm, X)
    joblib.dump(norm, tmp_path / "norm.joblib")
    looked_up = []

    class Recorder(pickle.Unpickler):
        def find_class(self, module, name):
            looked_up.append((module, name))
            return super().find_class(module, name)

    twins = [
        clone(norm),
        Recorder(io.BytesIO(pickle.dumps(norm))).load(),
        joblib.load(tmp_path / "norm.joblib"),
        joblib.load(tmp_path / "norm.joblib", mmap_mode="r"),
    ]
    for twin in twins:
        assert type(twin) is case.kind
        assert_same_bits(run(twin, X), expected)
    assert not hasattr(twins[0], "shape_")
    assert twins[1].shape_ == SAMPLE
    ours = {found for found in looked_up if found[0].startswith("sklearn_norm")}
    assert ours == {("sklearn_norm", case.kind.__name__)}
    assert getattr(sklearn_norm, case.kind.__name__) is case.kind


@one_case_each
def test_many_threads_share_one_norm(case):
    """The same bits from each, and no trace in the norm."""
    norm = case()
    data = [tensor(40, (4, 3, n), seed=n) for n in (50, 51, 200, 300)]
    expected = [run(norm, X) for X in data]
    state, barrier = joblib.hash(vars(norm)), Barrier(8)

    def work(i):
        barrier.wait(30)
        found = [run(norm, data[i % 4]) for _ in range(5)]
        return [(f, norm.inverse_transform(f["Z"], stats=f["stats"])) for f in found]

    with ThreadPoolExecutor(8) as pool:
        for i, results in enumerate(pool.map(work, range(8))):
            back = norm.inverse_transform(expected[i % 4]["Z"], stats=expected[i % 4]["stats"])
            for found, restored in results:
                assert_same_bits(found, expected[i % 4])
                assert_same_bits(restored, back)
    assert joblib.hash(vars(norm)) == state


def test_digits_under_any_light_are_read_as_well():
    """Brightness and contrast of an image do not reach a classifier behind an InstanceNorm."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    contrast, brightness = rng.uniform(0.05, 5, (len(X), 1)), rng.uniform(-200, 200, (len(X), 1))
    disturbed = contrast * X + brightness
    train, test = slice(0, 1200), slice(1200, None)
    norm = InstanceNorm(shape=(1, 8, 8), eps=0.0)
    model = make_pipeline(norm, LogisticRegression(max_iter=300)).fit(X[train], y[train])
    assert model.score(X[test], y[test]) > 0.9
    np.testing.assert_array_equal(model.predict(disturbed[test]), model.predict(X[test]))
    raw = LogisticRegression(max_iter=300).fit(X[train], y[train])
    assert raw.score(X[test], y[test]) > 0.9
    assert raw.score(disturbed[test], y[test]) < 0.7
    images = make_pipeline(InstanceNorm(eps=0.0)).fit_transform(X.reshape(-1, 1, 8, 8))
    assert_same_bits(images.reshape(len(X), -1), model[0].transform(X))


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_a_column_transformer_norms_a_block_of_embeddings(kind):
    """The block is normed row by row; other columns and the index pass."""
    block = tensor(6, (8,))
    names = [f"e{i}" for i in range(8)]
    frame = pd.DataFrame(block, columns=names, index=list("uvwxyz"))
    frame.insert(3, "age", np.arange(6.0) * 10)
    transformer = ColumnTransformer(
        [("norm", kind(), names)], remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    out = transformer.fit(frame[:4]).transform(frame)
    assert out.columns.tolist() == [*names, "age"]
    pd.testing.assert_series_equal(out["age"], frame["age"])
    assert_same_bits(out[names].to_numpy(), kind().transform(block))
    assert out.index.tolist() == list("uvwxyz")


# Found by review


def test_a_masked_infinity_is_no_infinity():
    """Whatever fills the padding comes out as it is; what is left is measured."""
    X = np.array([[1.0, 3.0, np.inf, -np.inf]])
    Z = LayerNorm(eps=0.0).transform(X, mask=[[True, True, False, False]])
    assert Z.tolist() == [[-1.0, 1.0, np.inf, -np.inf]]
    with pytest.raises(ValueError, match=r"infinity.*in column 2"):
        LayerNorm().transform(X, mask=[[True, True, True, False]])


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
    flat = InstanceNorm(X.shape[1:], channel_axis=channel_axis)
    _, stats = tall.transform(X, return_stats=True)
    expected = tall.inverse_transform(short, stats=stats)
    found = flat.inverse_transform(short.reshape(4, -1), stats=stats)
    assert_same_bits(found, expected.reshape(4, -1))
    with pytest.raises(ValueError, match=r"\(4, 9\).* 2 channels.*shape \(\d+, \d+\)"):
        flat.inverse_transform(np.ones((4, 9)), stats=stats)


def test_a_wrong_gamma_is_refused_by_fit():
    with pytest.raises(ValueError, match="`gamma` must hold one finite number, or 30"):
        LayerNorm(gamma=np.ones(29)).fit(np.ones((4, 30)))


def test_a_mask_with_columns_in_another_order_is_an_error():
    """A frame is masked by a frame of the same columns."""
    table = pd.DataFrame([[1.0, 3.0, 9.0]], columns=list("abc"))
    mask = table < 5
    assert LayerNorm(eps=0.0).fit_transform(table, mask=mask).tolist() == [[-1.0, 1.0, 9.0]]
    with pytest.raises(ValueError, match=r"`mask` has the columns.*same order"):
        LayerNorm().fit_transform(table, mask=mask[["c", "a", "b"]])
