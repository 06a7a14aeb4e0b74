"""What the functions of the native extension must write: a check for each of them.

A check is given the arguments by name, the inputs as they were before the call and the outputs
as they are after it, and what the function returned.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
from exact import exact_moments
from laws import assert_same_bits

from sklearn_norm.kernels import Map, Thinning, _numpy
from sklearn_norm.kernels.contract import MOMENTS

CHECKED_COLUMNS = 5  # of a wide array
STEPS = ("center", "scale", "gain", "offset", "top", "exponent")
FLOATS = ("f8", "f4", "f2")


def some_columns(x):
    """Return the indices of a few columns, the outermost among them."""
    return sorted(set(np.linspace(0, x.shape[1] - 1, CHECKED_COLUMNS).astype(int))) * bool(x.size)


def doubles(x):
    """Return the members as float64, as Python's own conversion has them."""
    with np.errstate(all="ignore"):
        return np.asarray(x).astype(np.float64)


def assert_same_numbers(actual, expected, what=""):
    """The same bits, but for those of NaN."""
    actual, expected = np.array(actual), np.array(expected)
    if actual.dtype.kind == "f":
        actual[np.isnan(actual)], expected[np.isnan(expected)] = np.nan, np.nan
    assert_same_bits(actual, expected, what)


# Columns


def check_extremes(arguments, result):
    assert result is None
    x, (low, high, absent) = doubles(arguments["x"]), np.asarray(arguments["out"])
    nan = np.isnan(x)
    np.testing.assert_array_equal(absent, nan.sum(axis=0))
    assert_same_bits(low, np.where(nan, np.inf, x).min(axis=0, initial=np.inf) + 0.0)
    assert_same_bits(high, np.where(nan, -np.inf, x).max(axis=0, initial=-np.inf) + 0.0)


def check_moments(arguments, result):
    assert result is None
    x, out = doubles(arguments["x"]), np.asarray(arguments["out"])
    weight = arguments["weight"]
    w = None if weight is None else np.asarray(weight).tolist()
    if w is not None and min(w, default=1.0) <= 0:
        return  # the sums are undefined
    for column in some_columns(x):
        check_sums(x[:, column].tolist(), w, out[:, column].tolist())


def check_sums(x, w, found):
    """The moments of a column have the exact weight, extrema, mean and variance."""
    w = [1.0] * len(x) if w is None else w
    there = [(a, b) for a, b in zip(x, w, strict=True) if a == a]
    if not there:
        assert found[:3] == [0, np.inf, -np.inf]
        return
    members = [a for a, _ in there]
    assert found[1:3] == [min(members), max(members)]
    m = dict(zip(MOMENTS, found, strict=True))
    total = sum(Fraction(b) for _, b in there)
    tiny = Fraction(1, 2**1000)
    close = Fraction(1, 2**90)
    weight, unit = twice(m, "weight", "weight_low"), Fraction(2) ** int(m["exponent"])
    assert abs(weight - total) <= close * total
    if np.isinf(members).any():
        return
    first, second = (twice(m, f"{name}_high", f"{name}_low") for name in ("sum", "square"))
    mean, variance = exact_moments([a for a, _ in there], [b for _, b in there])
    peak = max(abs(Fraction(a)) for a in members)
    found_mean = unit * (Fraction(m["shift"]) + first / weight)
    assert abs(found_mean - mean) <= close / 2**-20 * peak + tiny
    found_variance = unit**2 * (second / weight - (first / weight) ** 2)
    tolerance = variance / 2**60 + close * peak**2
    assert abs(found_variance - variance) <= tolerance + tiny


def twice(m, high, low):
    """Return a number of twice the precision as a fraction."""
    return Fraction(m[high]) + Fraction(m[low])


# Columns of members in a row


def segments_of(arguments):
    starts = np.asarray(arguments["starts"]).tolist()
    return [slice(*ends) for ends in pairwise(starts)]


def check_segment_extremes(arguments, result):
    x, out = doubles(arguments["x"]), np.asarray(arguments["out"])
    for at, segment in enumerate(segments_of(arguments)):
        check_extremes({"x": x[segment, None], "out": out[:, at, None]}, result)


def check_segment_moments(arguments, result):
    x, out, weight = doubles(arguments["x"]), np.asarray(arguments["out"]), arguments["weight"]
    for at, segment in enumerate(segments_of(arguments)):
        w = None if weight is None else np.asarray(weight)[segment]
        check_moments({"x": x[segment, None], "weight": w, "out": out[:, at, None]}, result)


def check_group_moments(arguments, result):
    x, weight = doubles(arguments["x"]), arguments["weight"]
    out = np.asarray(arguments["out"]).reshape(10, 4, x.shape[1])
    for at, rows in enumerate(segments_of(arguments)):
        w = None if weight is None else np.asarray(weight)[rows]
        check_moments({"x": x[rows], "weight": w, "out": out[:, at]}, result)


def check_scattered_moments(arguments, result):
    """The moments of the columns of a CSR array, unless it was left to be sorted."""
    if not result:
        return
    columns, x = np.asarray(arguments["columns"]), doubles(arguments["x"])
    out, n_rows = np.asarray(arguments["out"]), np.asarray(arguments["starts"]).size - 1
    for column in range(out.shape[1]):
        stored = x[columns == column].tolist()
        check_sums(stored + [0.0] * (n_rows - len(stored)), None, out[:, column].tolist())


# Matrices of moments


CHANGES = ("weighted", "recentred", "centred", "collapsed")


def check_merge_moments(arguments, result):
    assert result is None
    expected = _numpy.merge_moments(*(np.asarray(arguments[n]) for n in "ab"))
    assert_same_numbers(arguments["out"], expected)


def check_settle_moments(arguments, result):
    assert result is None
    ddof, eps = (float(arguments[n]) for n in ("ddof", "eps"))
    expected = _numpy.settle_moments(np.asarray(arguments["m"]), ddof, eps)
    assert_same_numbers(arguments["out"], expected)


def check_change_moments(arguments, result):
    assert result is None
    m, factor = np.asarray(arguments["m"]), arguments["factor"]
    name, others = CHANGES[int(arguments["change"])], ()
    if name == "weighted":
        others = (np.ones(m.shape[1]) if factor is None else np.asarray(factor),)
    expected = getattr(_numpy, f"{name}_moments")(m, *others)
    assert_same_numbers(arguments["out"], expected)


# Members of sparse arrays


def check_gather(arguments, result):
    """The members are sorted by their columns, those of one column in their order."""
    assert result is None
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    order = np.argsort(a["columns"], kind="stable")
    assert_same_bits(a["out"], a["x"][order])
    if a["weight"] is not None:
        assert_same_bits(a["weights"], a["weight"][order])
    counts = np.bincount(a["columns"], minlength=a["starts"].size - 1)
    np.testing.assert_array_equal(a["starts"], [0, *np.cumsum(counts)])


def was_mapped(arguments, result):
    """Whether a map was done: not if it was left to NumPy, or looked and met infinity."""
    assert result in (0, 1, 2)
    infinite = arguments["look"] and np.isinf(doubles(arguments["x"])).any()
    assert (result == 2) == bool(infinite) or not result
    return result == 1


def check_map_stored(arguments, result):
    """The bits that the NumPy backend writes, unless the map was left to it, or met infinity."""
    if not was_mapped(arguments, result):
        return
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    expected = np.empty_like(a["out"])
    bounds = None if a["low"] is None else (a["low"], a["high"])
    mapping = Map(*(a[name] for name in STEPS))
    _numpy.apply_stored(a["x"], a["columns"], mapping, bounds, expected, bool(a["inverse"]))
    assert_same_numbers(a["out"], expected)


# Maps


def check_map(arguments, result):
    """The bits that the NumPy backend writes, unless the map was left to it, or met infinity."""
    if not was_mapped(arguments, result) or (arguments["inverse"] and arguments["low"] is not None):
        return
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    x = a["x"] if a["x"].dtype in FLOATS else doubles(a["x"])
    expected = np.empty_like(a["out"])
    mapping = Map(*(a[name] for name in STEPS))
    bounds = None if a["low"] is None else (a["low"], a["high"])
    if not a["inverse"]:
        _numpy.apply(x, mapping, bounds, expected)
    else:
        _numpy.invert(x, mapping, expected)
    assert_same_numbers(a["out"], expected)


def check_has_infinity(arguments, result):
    assert result is bool(np.isinf(doubles(arguments["x"])).any())


# Groups


def check_normalise(arguments, result):
    """Close to what the NumPy backend writes, where groups are finite and eps is sensible."""
    assert result is None
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    x, out, eps = a["x"], a["out"], float(a["eps"])
    if not x.size or not 0 <= eps < 1e300:
        return
    z = np.empty(x.shape)
    centred = bool(a["centred"])
    center, scale = _numpy.normalise(doubles(x), centred, eps, None, None, z)
    gain, offset = (v if a[n] is None else a[n] for n, v in (("gain", 1.0), ("offset", 0.0)))
    with np.errstate(all="ignore"):
        expected = z * gain + offset
        size = np.abs(z * gain) + np.abs(offset)
        peak = np.nanmax(np.abs(doubles(x)), axis=(2, 3), initial=0.0)
        fine = {"f8": 1e-9, "f4": 1e-6, "f2": 2e-3}[out.dtype.str[1:]]
        near = np.abs(doubles(out) - expected) <= fine * size + (1e-6 if fine > 1e-4 else 0.0)
        short = out.dtype != "f8" and size >= np.finfo(out.dtype).max / 2
        finite = np.isfinite(peak)[:, :, None, None] & ~np.isnan(expected)
        assert (near | ~finite | short | ~np.isfinite(size)).all()
        np.testing.assert_array_equal(np.isnan(out)[finite & (size < np.inf)], False)
        assert np.isnan(out)[np.isnan(x)].all()
        there = np.isfinite(peak) & ~np.isnan(center)
        assert (np.abs(a["center"] - center) <= 1e-13 * peak)[there].all()
        assert (np.abs(a["scale"] - scale) <= 1e-12 * scale)[there].all()
    assert np.isnan(a["center"])[np.isnan(center)].all()


def check_gradients(arguments, result):
    """Close to what the NumPy backend writes, where groups are finite and eps is sensible."""
    assert result is None
    a = {n: v if v is None else np.asarray(v) for n, v in arguments.items()}
    x, grad, eps = doubles(a["x"]), doubles(a["grad"]), float(a["eps"])
    if not x.size or not 0 <= eps < 1e300:
        return
    moderate = np.abs(x[np.isfinite(x)]), np.abs(grad[np.isfinite(grad)])
    if any(m.size and m.max() > 1e100 for m in moderate) or np.isinf(x).any():
        return  # products overflow in one order or another
    expected = np.empty(x.shape), *np.empty((2, *a["by_gain"].shape))
    _numpy.gradients(x, grad, bool(a["centred"]), eps, a["gain"], *expected)
    scale = _numpy.normalise(x, bool(a["centred"]), eps, None, None, np.empty(x.shape))[1]
    least = np.min(scale, where=scale > 0, initial=1.0)  # of differences that cancel
    terms = np.nanmax(np.abs(grad), initial=0.0) / least
    terms *= 1.0 if a["gain"] is None else np.abs(a["gain"]).max()
    with np.errstate(all="ignore"):
        for name, right in zip(("out", "by_gain", "by_offset"), expected, strict=True):
            found = doubles(a[name])
            fine = {"f8": 1e-9, "f4": 1e-5, "f2": 1e-2}[a[name].dtype.str[1:]]
            size = np.nanmax(np.abs(right), initial=0.0)
            size += terms if name == "out" else np.nanmax(np.abs(grad), initial=0.0) * x.size
            short = np.abs(right) >= np.finfo(a[name].dtype).max / 2
            near = np.abs(found - right) <= fine * size + (1e-6 if fine > 1e-4 else 1e-300)
            assert (near | short | ~np.isfinite(right)).all(), name
    assert (a["out"][np.isnan(x)] == 0).all()


# Selection


def check_select(arguments, result):
    assert result is None
    x, out, members = (
        doubles(arguments["x"]),
        *map(np.asarray, (arguments["out"], arguments["members"])),
    )
    p = np.asarray(arguments["probabilities"])
    thinning = Thinning(*(arguments[n] for n in ("whole", "most", "tolerance")))
    for column in some_columns(x):
        found, size, low, high, off, *ordered = out[column].tolist()
        assert found in (0.0, 1.0)
        if not found:
            continue
        values = np.sort(x[:, column]) + 0.0
        values = values[~np.isnan(values)]
        assert (size, low, high) == (values.size, values[0], values[-1])
        ranks = np.clip(np.nan_to_num(np.floor(p * (size - 1))), 0, size - 1).astype(int)
        above = np.minimum(ranks + 1, values.size - 1)
        assert_same_bits(np.array(ordered), values[[*ranks, *above]])
        assert off + 2.0 ** (thinning.height(values.size) - 1) <= thinning.tolerance * size
        wanted = thinning.ranks(values.size)
        kept = members[column, : wanted.size]
        first, last = (np.searchsorted(values, kept, side) for side in ("left", "right"))
        assert (first < last).all()
        assert (first - off <= wanted).all()
        assert (wanted <= last - 1 + off).all()


def check_place(arguments, result):
    """The places that the NumPy backend finds, among knots that are sorted."""
    assert result is None
    x, knots, counts = (
        doubles(arguments["x"]),
        *map(np.asarray, (arguments["knots"], arguments["counts"])),
    )
    out = np.asarray(arguments["out"])
    if not (counts >= 0).all():
        return
    expected = np.empty_like(out)
    _numpy.place(x, knots, counts, expected)
    for column, row in enumerate(knots):
        row = row[: int(min(counts[column], row.size))]
        if (row[1:] >= row[:-1]).all() and not np.isnan(row).any():
            assert_same_numbers(out[:, column], expected[:, column])


def check_sort_columns(arguments, result):
    assert result is None
    x, out = doubles(arguments["x"]), np.asarray(arguments["out"])
    with np.errstate(invalid="ignore"):  # signalling NaN warn
        expected = np.sort(x.T + 0.0, axis=1)
    assert_same_numbers(out, expected)
