"""The quantile sketch: exact while small, then within the bound it states."""

from fractions import Fraction

import numpy as np
import pytest
from budget import times
from hypothesis import given
from hypothesis import strategies as st
from ranks import rank_errors, state

from sklearn_norm.statistics.sketch import Sketch, sorted_quantiles

MEMBERS = 28.2  # the most members a sketch keeps, in units of 1 / rank error: 225 bytes of 8
GRID = np.linspace(0.0, 1.0, 201)
EPSILON = 0.05
SIZE = 40_000
SEEDS = st.integers(0, 2**32 - 1)


def sketch_of(values, rank_error=EPSILON):
    return Sketch.of_sorted(np.sort(values), rank_error)


def streamed(values, batch, rank_error=EPSILON):
    """Merge batches in turn, and hold what every sketch must keep."""
    sketch = Sketch(rank_error)
    for first in range(0, values.size, batch):
        sketch = sketch.merge(sketch_of(values[first : first + batch], rank_error))
        assert sketch.size <= MEMBERS / rank_error
    assert sketch.weight == values.size
    return sketch


def assert_within_bound(sketch, data, weights=None):
    """Every quantile is within the stated bound, and the bound within the one allowed."""
    assert 0 < sketch.bound <= sketch.rank_error
    found = sketch.quantiles(GRID)
    assert np.all(np.diff(found) >= 0)
    worst = rank_errors(found, data, GRID, weights).max()
    assert worst <= sketch.bound + 1e-12, (worst, sketch.bound, sketch.rank_error)


# Exact quantiles


def exact_quantile(values, weights, q):
    """Return the mean value over one unit of weight, from q (W - 1) on, in fractions."""
    pairs = sorted(zip(map(Fraction, values), map(Fraction, weights), strict=True))
    total = sum(w for _, w in pairs)
    first = Fraction(q) * (total - 1)
    result = end = Fraction(0)
    for value, weight in pairs:
        start, end = end, end + weight
        result += value * max(Fraction(0), min(end, first + 1) - max(start, first))
    return result


@given(
    pairs=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(0.01, 3.0)), min_size=1, max_size=20
    ).filter(lambda p: sum(w for _, w in p) >= 1),
    q=st.floats(0, 1),
)
def test_fractional_weights_average_over_one_unit_of_weight(pairs, q):
    """The definition in fractions gives the same quantile."""
    values, weights = (np.array(v) for v in zip(*sorted(pairs), strict=True))
    found = sorted_quantiles(values, weights, np.array([q]))[0]
    expected = exact_quantile(values.tolist(), weights.tolist(), q)
    assert found == pytest.approx(float(expected), rel=1e-12, abs=1e-12 * np.ptp(values) + 1e-300)


@given(
    values=st.lists(st.integers(-9, 9), min_size=1, max_size=12),
    data=st.data(),
    q=st.floats(0, 1),
)
def test_whole_weights_are_repetition(values, data, q):
    """Weighted quantiles are NumPy's of the repeated values."""
    size = len(values)
    weights = data.draw(st.lists(st.integers(1, 5), min_size=size, max_size=size))
    order = np.sort(np.array(values, dtype=np.float64))
    found = sorted_quantiles(order, np.array(weights, dtype=np.float64), np.array([q]))[0]
    expected = np.quantile(np.repeat(order, weights), q)
    assert found == pytest.approx(expected, rel=1e-14, abs=1e-13)


def test_fractional_weights_by_hand():
    """Of 0, 10, 20 with weights 0.5, 1, 0.5, W = 2: q=0 covers half 0 and half 10."""
    values, weights = np.array([0.0, 10.0, 20.0]), np.array([0.5, 1.0, 0.5])
    found = sorted_quantiles(values, weights, np.array([0.0, 0.25, 0.5, 1.0]))
    assert found.tolist() == [5.0, 7.5, 10.0, 15.0]


# Small sketches


@pytest.mark.parametrize("size", [1, 2, 3, 39])
def test_fewer_than_two_over_rank_error_are_exact(size):
    """Whole, in single rows or merged, the quantiles are NumPy's and the bound is 0."""
    values = np.random.default_rng(size).normal(size=size)
    for sketch in (sketch_of(values), streamed(values, 1), streamed(values, 7)):
        assert sketch.bound == 0.0
        np.testing.assert_array_equal(sketch.quantiles(GRID), np.quantile(values, GRID))


def test_an_empty_sketch_has_no_quantile_and_changes_nothing():
    """Quantiles of nothing are NaN; merging it keeps the state."""
    nothing, some = Sketch(EPSILON), streamed(np.arange(5000.0), 10)
    assert (nothing.weight, nothing.size, nothing.bound) == (0.0, 0, 0.0)
    assert np.isnan(nothing.quantiles(np.array([0.0, 0.5]))).all()
    for empty in (nothing, sketch_of(np.empty(0))):
        assert state(some.merge(empty)) == state(some) == state(empty.merge(some))
    assert state(Sketch.of_weighted(np.empty(0), np.empty(0), EPSILON)) == state(nothing)


# Streams


def _streams():
    rng = np.random.default_rng(0)
    normal, steps = rng.normal(size=SIZE), np.arange(SIZE)
    return {
        "sorted": np.sort(normal),
        "reversed": np.sort(normal)[::-1],
        "random": normal,
        "lognormal": rng.lognormal(0, 5, SIZE),
        "whole numbers": steps.astype(np.float64),
        "outside in": np.where(steps % 2, steps, -steps).astype(np.float64)[::-1],
        "five values": rng.integers(0, 5, SIZE).astype(np.float64),
        "two values": (rng.random(SIZE) < 0.4).astype(np.float64),
        "few ones": (rng.random(SIZE) < 0.01).astype(np.float64),
        "teeth of 20": (steps % 20).astype(np.float64),
        "teeth of 90": (steps % 90).astype(np.float64),
        "teeth of 1000": (steps % 1000).astype(np.float64),
        "teeth of 7777": (steps % 7777).astype(np.float64),
        "teeth of random values": np.tile(normal[:1000], SIZE // 1000),
        "one value": np.full(SIZE, 3.3),
    }


STREAMS = _streams()


@pytest.mark.parametrize("batch", [1, 20, 90, 1000, 7777, SIZE])
@pytest.mark.parametrize("name", STREAMS)
def test_every_quantile_of_a_stream_is_within_the_stated_bound(name, batch):
    """Whatever the order, the ties and the batches."""
    data = STREAMS[name][: 10_000 if batch == 1 else None]
    assert_within_bound(streamed(data, batch), data)


@pytest.mark.parametrize("rank_error", [0.2, 0.1, 0.01])
@pytest.mark.parametrize(("share", "batch"), [(0.4, 111), (0.1, 123), (0.4, 198)])
def test_a_long_stream_of_two_values_is_within_the_stated_bound(share, batch, rank_error):
    """Batches of coin tosses; up to a million members and many compactions."""
    rng = np.random.default_rng(1)
    data = (rng.random(batch * times(1000, 5000)) < share).astype(np.float64)
    assert_within_bound(streamed(data, batch, rank_error), data)


@pytest.mark.parametrize("rank_error", [0.1, 0.01])
@pytest.mark.parametrize("period", [34, 112, 320, 1410])
def test_a_batch_seen_again_and_again_is_within_the_stated_bound(period, rank_error):
    """The same batch thousands of times: errors must not add up in one direction."""
    tooth = np.random.default_rng(2).normal(size=period)
    data = np.tile(tooth, times(1000, 3000))
    assert_within_bound(streamed(data, period, rank_error), data)


@given(seed=SEEDS)
def test_a_random_tree_of_merges_is_within_the_stated_bound(seed):
    """Parts of any size, merged two at a time in any order."""
    rng = np.random.default_rng(seed)
    data = rng.normal(size=20_000)
    data[rng.random(data.size) < 0.3] = 0.0
    parts = [sketch_of(p) for p in np.split(data, np.sort(rng.integers(0, data.size, 60)))]
    while len(parts) > 1:
        a, b = (parts.pop(int(rng.integers(len(parts)))) for _ in range(2))
        merged = a.merge(b)
        assert merged.weight == a.weight + b.weight
        assert state(merged) == state(b.merge(a))
        assert merged.size <= MEMBERS / EPSILON
        parts.append(merged)
    assert parts[0].weight == data.size
    assert_within_bound(parts[0], data)


def test_the_default_rank_error_holds():
    """A million values in a hundred batches, at 0.001."""
    data = np.random.default_rng(3).lognormal(0, 3, 1_000_000)
    assert_within_bound(streamed(data, 10_000, 1e-3), data)


@pytest.mark.parametrize("rank_error", [0.49, 0.1, 0.001])
def test_the_bound_stays_below_rank_error_for_any_number_of_values(rank_error):
    """Doubled sixty times, the bound, the weight and the size are kept."""
    sketch = streamed(np.random.default_rng(4).normal(size=50_000), 5000, rank_error)
    for power in range(1, 61):
        sketch = sketch.merge(sketch)
        assert sketch.weight == 50_000 * 2**power
        assert sketch.bound <= rank_error
        assert sketch.size <= MEMBERS / rank_error


def test_the_same_data_give_the_same_state():
    """Nothing is random but what the data seed."""
    data = STREAMS["lognormal"]
    assert state(streamed(data, 700)) == state(streamed(data.copy(), 700))


@pytest.mark.parametrize("power", [-600, -1, 40, 600])
def test_a_power_of_two_makes_the_same_choices(power):
    """A sketch of data in other units is the sketch in other units."""
    plain = streamed(STREAMS["random"], 900)
    moved = streamed(np.ldexp(STREAMS["random"], power), 900)
    expected = {h: np.ldexp(v, power).tobytes() for h, v in plain.levels.items()}
    assert state(moved) == (EPSILON, expected, plain.drift, plain.spread)


def test_merging_leaves_both_sketches_as_they_are():
    """A sketch is immutable."""
    a, b = streamed(STREAMS["random"], 900), streamed(STREAMS["sorted"], 5000)
    before = state(a), state(b)
    a.merge(b), b.merge(a), a.quantiles(GRID)
    assert (state(a), state(b)) == before


def test_the_smaller_rank_error_is_the_one_of_a_merge():
    """A merge does not loosen what one of the two promised."""
    a, b = sketch_of(np.arange(5.0), 0.01), sketch_of(np.arange(5.0), 0.1)
    assert a.merge(b).rank_error == b.merge(a).rank_error == 0.01


# Weights


def weighted(values, weights, rank_error=EPSILON):
    order = np.argsort(values, kind="stable")
    return Sketch.of_weighted(values[order], weights[order], rank_error)


def test_whole_weights_are_kept_exactly():
    """Weights up to 2**40 keep their sum, and small sketches NumPy's quantiles."""
    values = np.array([1.0, 2.0, 5.0, 7.0])
    sketch = weighted(values, np.array([1.0, 3.0, 2.0, 4.0]))
    repeated = np.repeat(values, [1, 3, 2, 4])
    assert (sketch.weight, sketch.bound) == (10.0, 0.0)
    np.testing.assert_allclose(sketch.quantiles(GRID), np.quantile(repeated, GRID), 1e-14)
    rng = np.random.default_rng(5)
    weights = rng.integers(1, 2**40, 5000).astype(np.float64)
    sketch = weighted(rng.normal(size=5000), weights)
    assert sketch.weight == sum(map(int, weights))
    assert sketch.size <= MEMBERS / EPSILON


@pytest.mark.parametrize("scale", [1.0, 1e-3, 1e12])
def test_fractional_weights_are_within_the_stated_bound(scale):
    """Random weights, in batches: 40 bits of each weight and the bound are kept."""
    rng = np.random.default_rng(6)
    values, weights = rng.normal(size=6000), (rng.random(6000) + 0.01) * scale
    sketch = Sketch(EPSILON)
    for rows in np.split(np.arange(6000), 30):
        sketch = sketch.merge(weighted(values[rows], weights[rows]))
        assert sketch.size <= MEMBERS / EPSILON
    assert sketch.weight == pytest.approx(weights.sum(), rel=2.0**-32)
    assert_within_bound(sketch, values, weights)


@pytest.mark.parametrize("power", [-900, -600, 600, 900])
def test_extreme_weights_make_the_same_choices(power):
    """Weights times a power of two: the same members and the same bound."""
    rng = np.random.default_rng(7)
    values, weights = rng.normal(size=2000), rng.random(2000) + 0.5
    plain = weighted(values, weights)
    moved = weighted(values, np.ldexp(weights, power))
    assert plain.bound > 0
    assert moved.bound == pytest.approx(plain.bound, rel=1e-12)
    levels = {h - power: v.tobytes() for h, v in moved.levels.items()}
    assert levels == state(plain)[1]


@pytest.mark.parametrize("rank_error", [0.49, 0.3])
def test_members_spread_over_many_levels_are_compacted(rank_error):
    """Two or three members in each of 41 levels and more, none of them overfull."""
    weights = np.full(3, 2.0**41 - 1)
    for count in (2, 3):
        sketch = weighted(np.arange(1.0, count + 1), weights[:count], rank_error)
        assert sketch.weight == weights[:count].sum()
        # a pair per level stays, or the levels below could never pay for the one above
        assert sketch.size <= MEMBERS / rank_error + 2 * len(sketch.levels)
        assert 1 <= sketch.quantiles(np.array([0.5]))[0] <= count
