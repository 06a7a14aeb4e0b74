"""Scalers against rational arithmetic: columns of all sizes, weights, streams, merges, forgetting.

Each column is drawn by a seed that the message of a failure names.
"""

from fractions import Fraction

import numpy as np
import pytest
from budget import times
from exact import SMALLEST, error, exact_moments, exact_root
from scipy import sparse

from sklearn_norm import BatchStatsScaler, MaxAbsScaler, MinMaxScaler, RobustScaler, ZScoreScaler

COLUMNS = times(60, 2000, 20_000)
LIMIT = 1.0  # ulp of mean and deviation
AVERAGE_LIMIT = 4.0  # of running averages, whose batches are rounded

VALUES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "integers": lambda rng, n: rng.integers(-3, 4, n).astype(np.float64),
    "offset": lambda rng, n: 10.0 ** rng.integers(0, 17) + rng.integers(-4, 5, n),
    "sizes": lambda rng, n: rng.normal(size=n) * 10.0 ** rng.integers(-30, 30, n),
    "all sizes": lambda rng, n: rng.normal(size=n) * 10.0 ** rng.integers(-300, 300, n),
    "huge": lambda rng, n: rng.normal(size=n) * 1e300,
    "tiny": lambda rng, n: rng.normal(size=n) * 1e-300,
    "one huge": lambda rng, n: np.where(np.arange(n) == 0, 1e200, rng.normal(size=n)),
    "neighbours": lambda rng, n: 1.0 + rng.integers(0, 3, n) * 2.0**-52,
    "constant": lambda rng, n: np.full(n, rng.normal()),
    "zeros": lambda rng, n: np.where(rng.random(n) < 0.7, 0.0, rng.normal(size=n)),
}
WEIGHTS = {
    "none": lambda rng, n: None,
    "fractions": lambda rng, n: rng.random(n) + 0.01,
    "whole": lambda rng, n: rng.integers(1, 5, n).astype(np.float64),
    "sizes": lambda rng, n: 10.0 ** rng.integers(-20, 20, n) * (1 + rng.random(n)),
    "all sizes": lambda rng, n: 10.0 ** rng.integers(-239, 239, n) * (1 + rng.random(n)),
}
MOMENTA = (None, 2.0**-53, 1e-12, 0.1, 0.5, 0.9, 0.9375, 1.0)


def drawn(rng, choices):
    return choices[list(choices)[rng.integers(len(choices))]]


def column_of(seed):
    """Return the generator, a column with perhaps some NaN, and weights or None."""
    rng = np.random.default_rng([12, seed])
    n = int(rng.integers(1, 30))
    x = drawn(rng, VALUES)(rng, n)
    if rng.random() < 0.3:
        x[rng.random(n) < 0.3] = np.nan
    return rng, x, drawn(rng, WEIGHTS)(rng, n)


def pieces(rng, n):
    return np.split(np.arange(n), np.sort(rng.integers(0, n + 1, rng.integers(0, 5))))


def ways(make, rng, x, w):
    """Yield scalers that learned a column in different ways."""
    X = x[:, None]
    whole = make()
    yield "fit", whole.fit(X, sample_weight=w)
    stream, parts = make(), []
    for rows in pieces(rng, len(x)):
        if rows.size:
            part = None if w is None else w[rows]
            stream.partial_fit(X[rows], sample_weight=part)
            parts.append(make().fit(X[rows], sample_weight=part))
    yield "stream", stream
    while len(parts) > 1:
        a, b = (parts.pop(rng.integers(len(parts))) for _ in range(2))
        parts.append(a.merge(b))
    yield "merge", parts[0]
    if not getattr(whole, "with_mean", False) and not getattr(whole, "with_centering", False):
        for kind in (sparse.csr_array, sparse.csc_array):
            yield kind.__name__, make().fit(kind(X), sample_weight=w)


def check_spread(found, mean, variance, limit, name):
    """Mean, variance and scale are right; a scale of 1 stands for none."""
    deviation = exact_root(variance) if variance else Fraction(0)
    assert error(found[0], mean, max(abs(mean), deviation)) <= limit, name
    assert error(found[1], variance) <= 2 * limit, name
    if deviation > SMALLEST / 2:
        assert error(found[2], deviation) <= limit, name
    else:
        assert found[2] == 1.0, name


@pytest.mark.parametrize("start", range(0, COLUMNS, COLUMNS // 4))
def test_moments_and_extrema_are_those_of_rational_arithmetic(start):
    """Fitted, streamed, merged in any tree, sparse; with weights of all sizes."""
    for seed in range(start, start + COLUMNS // 4):
        rng, x, w = column_of(seed)
        members = x[~np.isnan(x)]
        if not members.size:
            continue
        mean, variance = exact_moments(x.tolist(), None if w is None else w.tolist())
        for with_mean in (True, False):
            for way, s in ways(lambda m=with_mean: ZScoreScaler(with_mean=m), rng, x, w):
                found = s.mean_[0], s.var_[0], s.scale_[0]
                check_spread(found, mean, variance, LIMIT, (seed, way))
        for way, s in ways(MaxAbsScaler, rng, x, w):
            assert s.max_abs_[0] == np.abs(members).max(), (seed, way)
        for way, s in ways(MinMaxScaler, rng, x, w):
            if not way.startswith("cs"):
                assert [s.data_min_[0], s.data_max_[0]] == [members.min(), members.max()], seed


def exact_quantile(members, weights, p):
    """Return the mean of the members in the window of the width m that begins at p (W - m).

    W is the total weight, and m the mean weight of a unit of weight, at most 1. Return the largest
    size of these members, too.
    """
    pairs = sorted(zip(map(Fraction, members), map(Fraction, weights), strict=True))
    total = sum(w for _, w in pairs)
    width = sum(w * w for _, w in pairs) / total
    width = width if width < 1 - Fraction(1, 10**9) else 1
    width = min(width, total)
    start, end, mean, peak = p * (total - width), Fraction(0), Fraction(0), Fraction(0)
    for x, w in pairs:
        covered = max(0, min(end + w, start + width) - max(end, start))
        mean += x * covered
        peak = max(peak, abs(x)) if covered else peak
        end += w
    return mean / width, peak


@pytest.mark.parametrize("start", range(0, COLUMNS, COLUMNS // 4))
def test_quantiles_are_those_of_rational_arithmetic(start):
    """Fitted, streamed, merged in any tree, sparse; with weights of all sizes."""
    for seed in range(start, start + COLUMNS // 4):
        rng, x, w = column_of(seed)
        there = ~np.isnan(x)
        members = x[there].tolist()
        if not members:
            continue
        weights = [1.0] * len(members) if w is None else w[there].tolist()
        found = [exact_quantile(members, weights, Fraction(p, 4)) for p in (1, 2, 3)]
        (low, middle, high), peak = (v for v, _ in found), max(p for _, p in found)
        for centering in (True, False):
            make = lambda c=centering: RobustScaler(with_centering=c)  # noqa: E731
            for way, found in ways(make, rng, x, w):
                if centering:
                    assert error(found.center_[0], middle, peak) <= 4, (seed, way)
                if high - low > peak * Fraction(1, 2**40) and peak < 2**1000:
                    assert error(found.scale_[0], high - low, peak) <= 8, (seed, way)


@pytest.mark.parametrize("start", range(0, COLUMNS, COLUMNS // 4))
def test_running_averages_are_those_of_rational_arithmetic(start):
    """Forgetting columns of all sizes, with a prior and without, drift counted or not."""
    for seed in range(start, start + COLUMNS // 4):
        rng, x, _ = column_of(seed)
        momentum = MOMENTA[rng.integers(len(MOMENTA))]
        params = {"momentum": momentum, "bias_correction": bool(rng.random() < 0.7)}
        batches = [x[rows] for rows in pieces(rng, len(x)) if not np.isnan(x[rows]).all()]
        batches = [b for b in batches if len(b) > 1] or [np.array([1.0, 3.0])]
        keep, share = (1, 1) if momentum is None else (1 - Fraction(momentum), Fraction(momentum))
        prior = momentum is not None and not params["bias_correction"]
        weight, first, second, within = (Fraction(v) for v in ((1, 0, 0, 1) if prior else (0,) * 4))
        for b in batches:
            mean, variance = exact_moments(b.tolist())
            weight, first = keep * weight + share, keep * first + share * mean
            second, within = keep * second + share * mean**2, keep * within + share * variance
        mean, within = first / weight, within / weight
        total = within + second / weight - mean**2
        for variance, spread in (("total", total), ("within", within)):
            scaler = BatchStatsScaler(**params, variance=variance, eps=0.0)
            for b in batches:
                scaler.partial_fit(b[:, None])
            found = scaler.running_mean_[0], scaler.running_var_[0]
            about = max(abs(mean), exact_root(total) if total else 0)
            assert error(found[0], mean, about) <= AVERAGE_LIMIT, (seed, variance)
            assert error(found[1], spread) <= AVERAGE_LIMIT, (seed, variance)
