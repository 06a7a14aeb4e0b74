"""Maps that look for infinities on their way: what they find, and what they write."""

import numpy as np
import pytest
from laws import assert_same_bits, layouts

from sklearn_norm.kernels import Map, _native, _numpy
from sklearn_norm.kernels._native.loading import compiled

BACKENDS = [pytest.param((_numpy, None), id="numpy")]
if compiled is not None:
    BACKENDS += [pytest.param((_native, v), id=f"native-{v}") for v in compiled.variants()]
FLOATS = ["f2", "f4", "f8"]
SHAPES = [(1, 1), (3, 2), (1, 9000), (8200, 1), (700, 13), (3, 4100), (300, 300)]


@pytest.fixture(params=BACKENDS)
def backend(request):
    """A backend, in each variant of the compiled one."""
    found, variant = request.param
    if variant is not None:
        compiled.choose(variant)
        yield found
        compiled.choose(compiled.variants()[0])
    else:
        yield found


def mapping_of(n_columns, names="center scale gain offset"):
    rng = np.random.default_rng(n_columns)
    vectors = {n: rng.uniform(0.5, 2.0, n_columns) for n in names.split()}
    return Map(**dict.fromkeys(Map._fields) | vectors)


def numbers(shape, dtype):
    """Return ordinary numbers, some NaN, and the largest ones of either sign."""
    X = np.random.default_rng(3).normal(size=shape).astype(dtype)
    X.flat[::7] = np.nan
    X.flat[1::11] = np.finfo(dtype).max
    X.flat[2::11] = -np.finfo(dtype).max
    return X


def ways(backend, n_columns):
    """Return all that maps, by name: `do(X, out, look)`."""
    m, top = mapping_of(n_columns), mapping_of(n_columns, "center scale gain offset top")
    bounds = np.full(n_columns, -1.0), np.full(n_columns, 1.0)
    return {
        "apply": lambda X, out, look: backend.apply(X, m, None, out, look),
        "clip": lambda X, out, look: backend.apply(X, m, bounds, out, look),
        "top": lambda X, out, look: backend.apply(X, top, None, out, look),
        "invert": lambda X, out, look: backend.invert(X, m, out, look),
    }


@pytest.mark.parametrize("to", FLOATS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_looking_changes_no_bit_and_takes_nothing_else_for_infinity(backend, shape, dtype, to):
    """Neither NaN nor the largest numbers, whose image may be infinite, are infinities."""
    X = numbers(shape, dtype)
    for name, do in ways(backend, shape[1]).items():
        for layout, variant in layouts(X).items():
            plain, looked = np.empty((2, *shape), to)
            assert do(variant, plain, False) is False
            assert do(variant, looked, True) is False, (name, layout)
            assert_same_bits(looked, plain, f"{name} {layout}")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_one_infinity_is_met_wherever_it_is(backend, shape, dtype):
    """At the ends of rows, of tiles and of the array, in any layout, of either sign."""
    X, out = numbers(shape, dtype), np.empty(shape)
    do, size = ways(backend, shape[1])["apply"], X.size
    places = {0, shape[1] - 1, size // 2, size - 1}
    places |= {at + by for at in (2048, 4096, 8192) for by in (-1, 0, 1)}
    for place in sorted(p for p in places if 0 <= p < size):
        for infinity in (np.inf, -np.inf):
            before, X.flat[place] = X.flat[place], infinity
            for layout, variant in layouts(X).items():
                assert do(variant, out, True) is True, (place, layout)
            X.flat[place] = before


@pytest.mark.parametrize("n_columns", [1, 5, 64, 65, 129])
def test_every_place_of_a_short_array_is_looked_at(backend, n_columns):
    X, out = np.zeros((2, 9, n_columns), "f4")
    do = ways(backend, n_columns)["invert"]
    for place in range(X.size):
        X.flat[place] = np.inf
        assert do(X, out, True)
        assert do(X.astype("f8", order="F"), out, True)
        X.flat[place] = 0.0
    assert not do(X, out, True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(2000, 20), (3, 5000), (40_000, 1), (1, 1)])
def test_in_place_nothing_is_written_where_there_is_an_infinity(backend, shape, dtype):
    """The last member is the infinite one: all others were seen before."""
    for name, do in ways(backend, shape[1]).items():
        for layout in layouts(numbers(shape, dtype)).keys() - {"read-only"}:
            X = layouts(numbers(shape, dtype))[layout]
            X[-1, -1] = np.inf
            before = X.copy()
            assert do(X, X, True) is True, (name, layout)
            assert_same_bits(np.array(X), before, f"{name} {layout}")
            X[-1, -1] = 1.0
            expected = np.empty(shape, dtype)
            do(X, expected, False)
            assert do(X, X, True) is False
            assert_same_bits(np.array(X), expected, f"{name} {layout}")


def test_where_result_and_input_overlap_nothing_is_written_either(backend):
    """Shifted by a row, which the compiled kernel leaves to NumPy."""
    memory = np.ones((5001, 4))
    memory[-1, -1] = np.inf
    before = memory.copy()
    assert backend.apply(memory[1:], mapping_of(4), None, memory[:-1], True) is True
    assert_same_bits(memory, before)


@pytest.mark.parametrize("dtype", [np.int8, np.uint64, np.int64, np.bool_])
def test_integers_hold_no_infinity(backend, dtype):
    """Not even one that has an infinity's bits."""
    X = np.zeros((40, 3), dtype)
    if dtype != np.bool_:
        X[:] = np.iinfo(dtype).max
    if np.dtype(dtype).itemsize == 8:
        X[0] = np.array(np.inf).view(dtype)
    assert not backend.apply(X, mapping_of(3), None, np.empty(X.shape), True)


def test_without_look_nothing_is_searched(backend):
    X = np.full((3, 3), np.inf)
    out = np.zeros((3, 3))
    assert backend.apply(X, mapping_of(3), None, out) is False
    assert backend.invert(X, mapping_of(3), out) is False
    assert np.isposinf(out).all()


def test_other_byte_orders_are_looked_at(backend):
    """These are left to NumPy."""
    X, out = np.ones((50, 3), np.dtype("f8").newbyteorder()), np.empty((50, 3))
    assert not backend.apply(X, mapping_of(3), None, out, True)
    X[49, 2] = -np.inf
    assert backend.apply(X, mapping_of(3), None, out, True)
    assert backend.invert(X, mapping_of(3), out, True)


def test_arrays_without_members_hold_no_infinity(backend):
    for shape in ((0, 3), (3, 0)):
        assert not backend.apply(np.ones(shape), mapping_of(shape[1]), None, np.ones(shape), True)


def test_threads_find_what_one_finds(backend):
    """An array of many pieces, the infinity in the last one or in none."""
    X, out = np.ones((400_000, 4)), np.empty((400_000, 4))
    assert not backend.apply(X, mapping_of(4), None, out, True)
    for row in (0, 200_000, 399_999):
        X[row, 1] = np.inf
        assert backend.apply(X, mapping_of(4), None, out, True)
        X[row, 1] = 1.0
