"""Layer, instance, group, RMS and adaptive norms: results by hand and in exact arithmetic."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from laws import EPS, assert_same_bits
from tensor_cases import (
    CASES,
    DTYPES,
    SAMPLE,
    Case,
    every_case,
    every_kind,
    exact,
    gain_and_bias,
    one_case_each,
    run,
    tensor,
)

from sklearn_norm import AdaNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm


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


@pytest.mark.full
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
