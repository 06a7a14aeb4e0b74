"""Streams, merges and maps in which integers beyond 2**53 meet others: the origin follows them."""

import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from budget import times
from laws import assert_same_bits
from scipy import sparse

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
    from_dict,
    to_dict,
)

WIDE = 2**60
SMALL = np.arange(10)[:, None]
STEPS = np.arange(100)[:, None] * 100
LATE = STEPS + WIDE
COUNTER = 2**50 - 7 + np.arange(6)[:, None]


def fresh(scaler):
    return from_dict(to_dict(scaler))


@pytest.mark.parametrize("momentum", [0.5, None])
@pytest.mark.parametrize("frame", [False, True], ids=["array", "frame"])
def test_running_statistics_forget_small_integers_and_are_exact_again(momentum, frame):
    made = (lambda X: pd.DataFrame({"n": X[:, 0], "x": 0.5})) if frame else (lambda X: X)
    scaler = BatchStatsScaler(momentum, variance="within", eps=0.0)
    scaler.partial_fit(made(SMALL))
    for _ in range(140):
        scaler.partial_fit(made(LATE))
    shifted = BatchStatsScaler(momentum, variance="within", eps=0.0).partial_fit(SMALL)
    for _ in range(140):
        shifted.partial_fit(STEPS)
    np.testing.assert_allclose(scaler.running_var_[0], shifted.running_var_[0], rtol=1e-12)
    if momentum is not None:
        Z = np.asarray(scaler.transform(made(LATE)))[:, 0]
        np.testing.assert_allclose(Z, shifted.transform(STEPS)[:, 0], rtol=1e-9)


@pytest.mark.parametrize("momentum", [0.5])
def test_running_statistics_go_there_and_back(momentum):
    scaler = BatchStatsScaler(momentum, eps=0.0)
    for batch in (LATE, *[SMALL] * 200, LATE, *[SMALL] * 200):
        scaler.partial_fit(batch)
    expected = BatchStatsScaler(momentum, eps=0.0).fit(SMALL).transform(SMALL)
    np.testing.assert_allclose(scaler.transform(SMALL), expected, rtol=1e-9)


@pytest.mark.parametrize("scaler", [MinMaxScaler(), ZScoreScaler(), RobustScaler()], ids=str)
@pytest.mark.parametrize("dtype", [np.int64, object])
def test_a_counter_that_passes_the_limit(scaler, dtype):
    """The first batch is below 2**50, the last one beyond 2**53: all of them are exact."""
    parts = [COUNTER + at * 2**53 // 8 for at in range(9)]
    stream = fresh(scaler)
    for part in parts:
        stream.partial_fit(part.astype(dtype))
    whole = np.concatenate(parts)
    assert whole.min() < 2**50 < 2**53 < whole.max()
    low = whole - whole.min()
    expected = fresh(scaler).fit(low).transform(low)
    np.testing.assert_allclose(stream.transform(whole), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "scaler", [ZScoreScaler(with_mean=False), RobustScaler(with_centering=False)], ids=str
)
@pytest.mark.parametrize("dtype", [float, np.int64])
def test_sparse_batches_follow_as_before(scaler, dtype):
    X = sparse.csr_array(np.array([[0, 3], [WIDE, 0], [0, 5]], dtype=dtype))
    stream = fresh(scaler).partial_fit(X).partial_fit(X)
    dense = fresh(scaler).partial_fit(X.toarray()).partial_fit(X.toarray())
    np.testing.assert_allclose(stream.scale_, dense.scale_, rtol=1e-14)


@pytest.mark.parametrize("order", [1, -1], ids=["small first", "wide first"])
def test_bounds_that_float64_holds_stay_so(order):
    parts = [SMALL + 3, LATE][::order]
    stream = MinMaxScaler().partial_fit(parts[0]).partial_fit(parts[1])
    merged = MinMaxScaler().fit(parts[0]).merge(MinMaxScaler().fit(parts[1]))
    many = sklearn_norm.merge([MinMaxScaler().fit(part) for part in parts])
    at_once = MinMaxScaler().fit(np.concatenate(parts))
    for scaler in (stream, merged, many, at_once):
        assert scaler.data_min_.tolist() == [3.0]
        assert scaler.data_max_.tolist() == [float(WIDE + 9900)]
        assert scaler.inverse_transform([[0.0]]).tolist() == [[3.0]]
        assert scaler.transform([[3], [WIDE + 9900]]).tolist() == [[0.0], [1.0]]


@pytest.mark.parametrize("order", [1, -1], ids=["small first", "wide first"])
@pytest.mark.parametrize("kind", [ZScoreScaler, lambda: BatchStatsScaler(None, eps=0.0)])
def test_moments_lose_nothing_by_a_move(order, kind):
    parts = [SMALL + 3, LATE][::order]
    stream = kind().partial_fit(parts[0]).partial_fit(parts[1])
    merged = kind().fit(parts[0]).merge(kind().fit(parts[1]))
    both = np.concatenate(parts)
    expected = kind().partial_fit(parts[0].astype(float)).partial_fit(parts[1].astype(float))
    for scaler in (stream, merged):
        np.testing.assert_allclose(scaler.transform(both), expected.transform(both), rtol=1e-12)
        np.testing.assert_allclose(scaler.scale_, expected.scale_, rtol=1e-14)


def test_a_placeholder_does_not_round_the_others():
    """Most members choose the origin of quantiles: a 0 among times in nanoseconds does not."""
    expected = RobustScaler().fit(np.concatenate([STEPS, [[-1]]])).transform(STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        at_once = RobustScaler().fit(np.concatenate([LATE, [[0]]]))
        later = RobustScaler().partial_fit(LATE).partial_fit([[0]])
        before = RobustScaler().partial_fit([[0]]).partial_fit(LATE)
        merged = RobustScaler().fit([[0]]).merge(RobustScaler().fit(LATE))
    for scaler in (at_once, later, before, merged):
        np.testing.assert_allclose(scaler.transform(LATE), expected, rtol=1e-12)


def test_quantiles_of_two_places_are_told_to_be_rounded():
    few = pd.DataFrame({"time": np.arange(7) + 3})
    many = pd.DataFrame({"time": LATE[:, 0]})
    with pytest.warns(UserWarning, match=r"Column 'time' holds .*half of the digits"):
        RobustScaler().partial_fit(few).partial_fit(many)
    with pytest.warns(UserWarning, match=r"Column 'time' holds .*half of the digits"):
        RobustScaler().partial_fit(many).partial_fit(few)
    with pytest.warns(UserWarning, match=r"Column 'time' holds .*half of the digits"):
        RobustScaler().fit(few).merge(RobustScaler().fit(many))
    hashes = np.random.default_rng(0).integers(-(2**63), 2**63 - 1, (90, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        RobustScaler().partial_fit(hashes[:30]).partial_fit(hashes[30:]).merge(
            RobustScaler().fit(hashes)
        )


FITTED = {
    "min-max, of floats": lambda: MinMaxScaler().fit(LATE.astype(float)),
    "z-score, of floats": lambda: ZScoreScaler().fit(LATE.astype(float)),
    "robust, of floats": lambda: RobustScaler().fit(LATE.astype(float)),
    "running, of floats": lambda: BatchStatsScaler().fit(LATE.astype(float)),
    "min-max, known": lambda: MinMaxScaler.from_stats(data_min=2.0**60, data_max=2.0**60 + 1024),
    "z-score, known": lambda: ZScoreScaler.from_stats(mean=2.0**60, std=100.0),
    "robust, known": lambda: RobustScaler.from_stats(center=2.0**60, scale=100.0),
    "running, known": lambda: BatchStatsScaler.from_stats(
        running_mean=2.0**60, running_var=1e4, eps=0.0
    ),
    "z-score, known and clipped": lambda: ZScoreScaler.from_stats(
        mean=2.0**60, std=100.0, clip=(-1e6, 1e6)
    ),
}


@pytest.mark.parametrize("make", FITTED.values(), ids=list(FITTED))
@pytest.mark.parametrize("how", ["array", "objects", "frame", "three axes", "a list"])
def test_integers_after_a_fit_without_an_origin_are_mapped_exactly(make, how):
    scaler = make()
    X = {
        "array": LATE,
        "objects": LATE.astype(object),
        "frame": LATE,
        "three axes": LATE[:, :, None],
        "a list": LATE.tolist(),
    }[how]
    if how == "frame":
        scaler = of_two_columns(scaler)
        X = pd.DataFrame({"n": LATE[:, 0], "x": 0.5}).set_axis([0, 1], axis=1)
    found = np.asarray(scaler.transform(X)).reshape(len(LATE), -1)[:, 0]
    scale = np.ravel(getattr(scaler, "data_range_", scaler.scale_))[0]
    np.testing.assert_allclose(np.diff(found), 100 / scale, rtol=1e-9)
    if how != "frame":
        floats = LATE.astype(float)
        assert_same_bits(scaler.transform(floats.astype(object)), scaler.transform(floats))


def of_two_columns(scaler):
    """Return a fitted scaler of twice the column of another, by its document."""
    state = {k: v for k, v in scaler.__getstate__().items() if k != "_checksum"}
    twin = type(scaler)()
    twin.__setstate__(doubled(state) | {"n_features_in_": 2})
    return twin


def doubled(state):
    if isinstance(state, np.ndarray):
        return np.repeat(state, 2, axis=-1)
    if isinstance(state, dict):
        return {
            k: v if k in ("probabilities", "sketches", "_parameters") else doubled(v)
            for k, v in state.items()
        }
    return state


PLACES = (0, 2**62, -(2**61), 2**60 + 2**59)


def exact_quantile(members, p):
    members = sorted(members)
    at = int(p * (len(members) - 1))
    above = members[min(at + 1, len(members) - 1)]
    return members[at] + (above - members[at]) * (p * (len(members) - 1) - at)


def far_parts(rng):
    """Return batches of integers near two or three places that no origin has in reach together."""
    places = rng.choice(len(PLACES), rng.integers(2, 4), replace=False)
    for _ in range(rng.integers(2, 7)):
        near = rng.integers(-5, 6, rng.integers(1, 30)) * int(rng.choice([1, 1, 1000, 10**9]))
        yield (PLACES[rng.choice(places)] + near).astype(np.int64)[:, None]


@pytest.mark.parametrize("learn", ["stream", "merge"])
def test_quantiles_of_parts_that_are_far_from_one_another_are_right_or_warned_of(learn):
    """Whatever comes later: a range that is narrow again does not show what was rounded before."""
    quiet = 0
    for seed in range(times(100, 1500)):
        batches = list(far_parts(np.random.default_rng(seed)))
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            scaler = RobustScaler().fit(batches[0])
            for batch in batches[1:]:
                if learn == "stream":
                    scaler.partial_fit(batch)
                else:
                    scaler = scaler.merge(RobustScaler().fit(batch))
        if said:
            assert all("fewer ones were rounded" in str(one.message) for one in said)
            continue
        members = [int(n) for batch in batches for n in batch[:, 0]]
        low, middle, high = (exact_quantile(members, Fraction(p, 4)) for p in (1, 2, 3))
        if low < high:
            quiet += 1
            assert scaler.scale_[0] == pytest.approx(float(high - low), rel=1e-15), seed
            found = scaler.transform(np.array([[int(middle)]], dtype=np.int64))[0, 0]
            assert abs(found - float((int(middle) - middle) / (high - low))) < 1e-15, seed
    assert quiet > 10
