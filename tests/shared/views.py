"""Views of any kind of number, any strides, at any address, for tests that fuzz kernels."""

import numpy as np
from hypothesis import strategies as st

KINDS = ["f8", "f4", "f2", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"]
LENGTHS = st.one_of(
    st.integers(0, 9), st.sampled_from([15, 16, 17, 31, 32, 33, 63, 64, 65, 130, 255, 257, 520])
)
MOST = 6000  # members of a view


@st.composite
def views(draw, kinds=KINDS, shapes=None, ndim=2):
    """Return a view into a buffer that ends where the view does, on both sides."""
    dtype = np.dtype(draw(st.sampled_from(kinds)))
    if shapes is None:
        shapes = st.tuples(*[LENGTHS] * ndim).filter(lambda s: np.prod(s) <= MOST)
    shape = draw(shapes)
    strides = [draw(_strides(dtype.itemsize, shape, axis)) for axis in range(len(shape))]
    if draw(st.booleans()) and len(strides) > 1:
        strides = packed_strides(dtype.itemsize, shape, draw(st.permutations(range(len(shape)))))
    return fill(view(shape, dtype, strides, draw(st.integers(0, 9))), draw)


def _strides(itemsize, shape, axis):
    packed = packed_strides(itemsize, shape, range(len(shape)))[axis]
    usual = [itemsize, packed, -packed, -itemsize, 2 * itemsize, 0, packed + itemsize]
    return st.sampled_from([*usual, itemsize + 1, packed + 3, -packed - 1, 1, -1])


def packed_strides(itemsize, shape, order):
    """Return strides without gaps, the axes of `order` from the outermost to the innermost."""
    strides, step = [0] * len(shape), itemsize
    for axis in list(order)[::-1]:
        strides[axis] = step
        step *= max(1, shape[axis])
    return strides


def view(shape, dtype, strides, offset=0):
    """Return a writable view into a buffer of just its bytes, `offset` bytes from the start."""
    reach = [(n - 1) * s for n, s in zip(shape, strides, strict=True)] if 0 not in shape else []
    before, after = -sum(min(0, r) for r in reach), sum(max(0, r) for r in reach)
    buffer = bytearray(offset + before + after + dtype.itemsize)
    return np.ndarray(shape, dtype, buffer, offset + before, strides)


def fill(X, draw):
    """Fill a view with ordinary numbers, few numbers, some NaN, extreme ones, or any bytes."""
    rng = np.random.default_rng(draw(st.integers(0, 1 << 20)))
    how = draw(st.sampled_from(["normal", "few", "nan", "extreme", "infinite", "bytes"]))
    if how == "bytes":
        base = X
        while isinstance(base, np.ndarray):
            base = base.base
        base[:] = rng.bytes(len(base))
        return X
    if how in ("extreme", "infinite"):
        X[...] = rng.choice(extremes(X.dtype, how == "infinite"), X.shape)
        return X
    values = rng.normal(50.0, 20.0, X.shape)
    if how == "few":
        values = rng.integers(0, 3, X.shape).astype(float)
    if how == "nan" and X.dtype.kind == "f":
        values[rng.random(X.shape) < 0.4] = np.nan
    with np.errstate(all="ignore"):
        X[...] = np.clip(values, 0, 120).astype(X.dtype)
    return X


def extremes(dtype, infinite=False):
    """Return numbers of this type that are hard to compute with: huge, tiny, zeros, some NaN."""
    if dtype.kind == "b":
        return np.array([False, True])
    if dtype.kind != "f":
        return np.array([0, 1, np.iinfo(dtype).min, np.iinfo(dtype).max], dtype)
    of = np.finfo(dtype)
    sizes = [0.0, 1.0, 1.0 + of.eps, of.max, of.max / 3, of.tiny, of.smallest_subnormal]
    numbers = [np.nan, *sizes, *(-np.array(sizes))]
    return np.array([*numbers, np.inf, -np.inf] if infinite else numbers, dtype)
