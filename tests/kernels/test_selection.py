"""Selection: exact order statistics, and summaries within their stated bound, on both backends."""

import numpy as np
import pytest
from budget import part, times
from laws import assert_same_bits, layouts

from sklearn_norm.kernels import Thinning, _native, _numpy, choice
from sklearn_norm.kernels._native.loading import compiled
from sklearn_norm.kernels.threads import configured_here
from sklearn_norm.statistics.quantiles import Quantiles
from sklearn_norm.statistics.sketch import Sketch, thinning_of

BACKENDS = [pytest.param(_numpy, id="numpy")]
if compiled is not None:
    BACKENDS.append(pytest.param(_native, id="native"))
ROWS = 140_000
PROBABILITIES = np.array([0.5, 0.25, 0.75, 0.05, 0.95, 0.0, 1.0, 0.123])
THINNING = thinning_of(1e-3)

pytestmark = [pytest.mark.share(0, each_value=True), pytest.mark.parametrize("backend", BACKENDS)]


def _columns():
    rng = np.random.default_rng(0)
    normal = rng.standard_normal(ROWS)
    some_nan, one, infinite = normal.copy(), np.full(ROWS, np.nan), normal.copy()
    some_nan[rng.random(ROWS) < 0.2] = np.nan
    one[777] = 3.0
    infinite[:5] = [np.inf, -np.inf, np.inf, np.nan, 0.0]
    zeros = np.where(rng.random(ROWS) < 0.9, 0.0, normal)
    return {
        "normal": normal,
        "lognormal": rng.lognormal(0, 5, ROWS),
        "exponential": rng.exponential(size=ROWS),
        "cauchy": rng.standard_cauchy(ROWS),
        "huge mean": 1.7e9 + 0.3 * normal,
        "scales": normal * rng.choice([1e-170, 1.0, 1e155], ROWS),
        "zeros": zeros,
        "zeros of both signs": np.where(rng.random(ROWS) < 0.5, zeros, -zeros),
        "integers": rng.integers(-50, 50, ROWS).astype(float),
        "many integers": rng.integers(0, 10**5, ROWS).astype(float),
        "two decimals": np.round(normal, 2),
        "constant": np.full(ROWS, 0.1),
        "two values": rng.choice([0.1, 0.2], ROWS),
        "neighbours": np.where(rng.random(ROWS) < 0.5, 1.0, np.nextafter(1.0, 2.0)),
        "few ones": (rng.random(ROWS) < 1e-3).astype(float),
        "sorted": np.sort(normal),
        "reversed": np.sort(normal)[::-1],
        "teeth": np.arange(ROWS) % 997.0,
        "some nan": some_nan,
        "all nan": np.full(ROWS, np.nan),
        "all nan but one": one,
        "few present": np.where(np.arange(ROWS) % 100, np.nan, normal),
        "infinite": infinite,
        "half infinite": np.where(rng.random(ROWS) < 0.5, np.inf, normal),
        "only infinite": np.where(rng.random(ROWS) < 0.5, np.inf, -np.inf),
        "subnormal": 5e-324 * rng.integers(-9000, 9000, ROWS),
        "largest": 1.7e308 * np.tanh(normal),
        "a spike": np.where(rng.random(ROWS) < 0.6, 1 + 1e-9 * normal, 1e6 * normal),
        "a hidden spike": np.where(rng.random(ROWS) < 3e-3, 1e-12 * normal, normal),
    }


COLUMNS = _columns()
MATRIX = np.column_stack(list(COLUMNS.values()))
MATRIX.flags.writeable = False


def check(found, column, X, thinning):
    """Order statistics are those of the sorted column; members are near their ranks."""
    values = np.sort(X[:, column].astype(np.float64)) + 0.0
    values = values[~np.isnan(values)]
    size = values.size
    assert found.weight[column] == size
    if not size:
        assert (found.low[column], found.high[column]) == (np.inf, -np.inf)
        assert np.isnan(found.below[:, column]).all()
        assert not found.members[column].size
        return
    first = np.floor(PROBABILITIES * (size - 1)).astype(int)
    assert_same_bits(found.below[:, column], values[first])
    assert_same_bits(found.above[:, column], values[np.minimum(first + 1, size - 1)])
    assert_same_bits(found.low[column], values[0])
    assert_same_bits(found.high[column], values[-1])
    members, off, ranks = found.members[column], found.off[column], thinning.ranks(size)
    assert members.size == ranks.size == thinning.count(size)
    whole = size >> thinning.height(size)
    assert (members[1:whole] >= members[: max(whole - 1, 0)]).all()
    least, most = (np.searchsorted(values, members, side) for side in ("left", "right"))
    assert (least < most).all()
    assert (np.maximum(least - ranks, ranks - (most - 1)) <= off).all()
    if off:
        assert off + 2.0 ** (thinning.height(size) - 1) <= thinning.tolerance * size


@pytest.mark.parametrize("name", COLUMNS)
def test_a_hard_column_has_its_exact_order_statistics(backend, name):
    """To the bit, whatever the distribution."""
    X = COLUMNS[name][:, None]
    check(backend.select(X, PROBABILITIES, THINNING), 0, X, THINNING)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int16, np.int64, np.uint8, ">f8"])
def test_short_and_whole_numbers_have_theirs(backend, dtype):
    """As if converted to float64."""
    X = (30 + 20 * np.clip(MATRIX[:, [0, 6, 15]], -1, 3)).astype(dtype)
    found = backend.select(X, PROBABILITIES, THINNING)
    for column in range(X.shape[1]):
        check(found, column, X, THINNING)


@pytest.mark.parametrize("rank_error", [0.3, 0.01, 1e-3, 6e-4, 1e-4])
def test_any_rank_error_is_kept(backend, rank_error):
    """Coarse and fine summaries, of columns that spread and that do not."""
    X, thinning = MATRIX[:, :8], thinning_of(rank_error)
    found = backend.select(X, PROBABILITIES, thinning)
    for column in range(X.shape[1]):
        check(found, column, X, thinning)


@pytest.mark.parametrize("rows", [0, 1, 2, 1999, 2000, 65_535, 65_536, 65_537])
def test_any_number_of_rows(backend, rows):
    """None, one, and around those from which members are thinned or counted in cells."""
    X = MATRIX[:rows]
    found = backend.select(X, PROBABILITIES, THINNING)
    for column in range(X.shape[1]):
        check(found, column, X, THINNING)


def assert_same(found, expected, columns=slice(None)):
    for name in found._fields:
        ours, theirs = getattr(found, name), getattr(expected, name)
        if name == "members":
            theirs = theirs[columns] if isinstance(columns, slice) else [theirs[c] for c in columns]
            for a, b in zip(ours, theirs, strict=True):
                assert_same_bits(a, b)
        else:
            assert_same_bits(ours, theirs[..., columns])


def test_layouts_threads_and_other_columns_change_no_bit(backend):
    """A column alone, permuted, strided, in any number of threads."""
    expected = backend.select(MATRIX, PROBABILITIES, THINNING)
    for _, X in part(layouts(MATRIX).items(), 0.3, name=lambda item: item[0]):
        assert_same(backend.select(X, PROBABILITIES, THINNING), expected)
    for n_threads in times((3,), (1, 3, 64)):
        with configured_here(n_threads):
            assert_same(backend.select(MATRIX, PROBABILITIES, THINNING), expected)
    order = np.random.default_rng(1).permutation(MATRIX.shape[1])
    assert_same(backend.select(MATRIX[:, order], PROBABILITIES, THINNING), expected, order)
    for column in range(0, MATRIX.shape[1], times(20, 5)):
        alone = backend.select(MATRIX[:, [column]], PROBABILITIES, THINNING)
        assert_same(alone, expected, [column])


def test_views_of_any_strides_are_read_within_their_bounds(backend):
    """Reversed, repeated, misaligned."""
    plain = MATRIX[::-1, ::-3][:100_000]
    packed = np.frombuffer(b"x" + np.ascontiguousarray(plain).tobytes(), np.uint8)
    misaligned = packed[1:].view(np.float64).reshape(plain.shape)
    assert not misaligned.flags.aligned
    expected = backend.select(np.ascontiguousarray(plain), PROBABILITIES, THINNING)
    for X in (plain, misaligned):
        assert_same(backend.select(X, PROBABILITIES, THINNING), expected)
    repeated = np.broadcast_to(MATRIX[3], (70_000, MATRIX.shape[1]))
    found = backend.select(repeated, PROBABILITIES, THINNING)
    for column in range(0, MATRIX.shape[1], 4):
        check(found, column, repeated, THINNING)
    assert backend.select(MATRIX[:, :0], PROBABILITIES, THINNING).weight.size == 0
    assert backend.select(MATRIX[:, :2], PROBABILITIES[:0], THINNING).below.shape == (0, 2)


def test_every_variant_gives_the_same_bits(backend):
    """From the widest vectors to none."""
    if backend is _numpy or compiled is None:
        return
    expected = backend.select(MATRIX, PROBABILITIES, THINNING)
    try:
        for variant in compiled.variants():
            compiled.choose(variant)
            assert_same(backend.select(MATRIX, PROBABILITIES, THINNING), expected)
    finally:
        compiled.choose(compiled.variants()[0])


def test_data_that_spread_are_selected_and_not_sorted(backend, monkeypatch):
    """The fast path is taken."""
    if backend is _numpy:
        return
    names = ["normal", "lognormal", "exponential", "huge mean", "some nan", "zeros", "integers"]
    X = np.column_stack([COLUMNS[name] for name in names])
    monkeypatch.setattr(_numpy, "select", None)
    backend.select(X, PROBABILITIES, THINNING)


def test_the_extension_refuses_what_does_not_fit(backend):
    """Shapes, kinds and sizes are checked before any work."""
    if backend is _numpy or compiled is None:
        return
    X, p = np.zeros((10, 2)), np.array([0.5])
    good = [X, np.zeros((2, 3)), 3, p, 1, np.zeros((2, 10), np.uint16), np.zeros((2, 7))]
    good += [np.zeros((2, 69)), 0, 5, 0.1, 1]
    compiled.select(*good)
    bad = {0: [np.zeros(3), np.zeros((10, 3))], 1: [np.zeros((2, 2)), np.zeros((2, 3), np.float32)]}
    bad |= {
        2: [-1, 4],
        3: [np.zeros(2)],
        4: [-1, 2],
        5: [np.zeros((2, 10)), np.zeros((1, 10), "H")],
    }
    bad |= {6: [np.zeros((2, 6))], 7: [np.zeros((2, 64)), np.zeros((69, 2)).T], 8: [-1], 9: [0]}
    for place, values in bad.items():
        for value in values:
            with pytest.raises((ValueError, TypeError)):
                compiled.select(*good[:place], value, *good[place + 1 :])


@pytest.mark.parametrize("name", ["normal", "zeros", "two decimals", "exponential", "some nan"])
def test_streams_of_selected_batches_stay_within_the_bound(backend, name):
    """Large batches, each in an order of its own, merged with each other and with small ones."""
    if backend is not choice.backend:
        return
    rng, column = np.random.default_rng(2), COLUMNS[name]
    parts = [rng.permutation(column), column[:90_000], column[:3000] * 2, column[5000:] + 0.5]
    found = Quantiles.measure(parts[0][:, None])
    for batch in parts[1:]:
        found = found.merge(Quantiles.measure(batch[:, None]))
    values = np.sort(np.concatenate(parts))
    values = values[~np.isnan(values)]
    grid = np.linspace(0, 1, 501)
    answers = found.quantiles(tuple(grid))[:, 0]
    least, most = (np.searchsorted(values, answers, side) for side in ("left", "right"))
    asked = grid * (values.size - 1)
    worst = np.maximum(np.maximum(least - asked - 1, asked - most), 0).max() / values.size
    assert worst <= found.rank_error[0] <= 1e-3


def test_a_sketch_of_sorted_members_is_the_one_of_a_numpy_selection(backend):
    """Both use one rule for which members stay."""
    for size in (0, 1, 1999, 2000, 2001, 77_777):
        values = np.sort(COLUMNS["normal"][:size])
        plain = Sketch.of_sorted(values, 1e-3)
        found = _numpy.select(values[:, None], PROBABILITIES, THINNING)
        sketch = Sketch.of_members(found.members[0], size, 1e-3)
        assert plain.levels.keys() == sketch.levels.keys()
        assert plain.settled == sketch.settled
        assert plain.weight == size
        for height, members in plain.levels.items():
            assert_same_bits(members, sketch.levels[height])


def test_a_thinning_counts_what_it_keeps(backend):
    """The ranks rise, and there are as many as promised."""
    thinning = Thinning(10, 7, 0.1)
    for size in range(200):
        ranks = thinning.ranks(size)
        assert ranks.size == thinning.count(size)
        assert (np.diff(ranks) > 0).all()
        assert size == 0 or 0 <= ranks[0] <= ranks[-1] < size
