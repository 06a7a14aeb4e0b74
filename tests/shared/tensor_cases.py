"""Norms of single samples with their groups, and their results in exact arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import prod, sqrt

import numpy as np
import pytest

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

    def __call__(self, shape=None, **further):
        return self.kind(shape=shape, **{**self.given, **further})


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
