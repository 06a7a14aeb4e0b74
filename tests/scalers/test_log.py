"""LogScaler: logarithms in units, what has none, streams, merges, and the way back."""

from __future__ import annotations

import json
import math
import pickle
from fractions import Fraction

import laws
import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from documents import NAN3, THREE, changed, document_array, document_of
from hypothesis import given
from hypothesis import strategies as st
from inside import chain_of
from laws import assert_same_bits, assert_same_state, read_scaler
from scipy import sparse
from skl2onnx import to_onnx
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_norm
from sklearn_norm import LogScaler, ZScoreScaler
from sklearn_norm.exceptions import FormatError, SparseDataError
from sklearn_norm.onnx import inverse

RNG = np.random.default_rng(13)
POSITIVE = RNG.lognormal(2.0, 3.0, (80, 3))
POSITIVE[7, 1] = np.nan
MIXED = POSITIVE * RNG.choice([-1.0, 0.0, 1.0], POSITIVE.shape)
ABOVE = np.abs(MIXED)
ABOVE[::16] *= -1e-6
SHARES = RNG.random((80, 3))
SHARES[7, 1] = np.nan
DATA = {
    "log": POSITIVE,
    "log1p": ABOVE,
    "asinh": MIXED,
    "signed_log1p": MIXED,
    "logit": SHARES,
}
KINDS = list(DATA)
every_kind = pytest.mark.parametrize("kind", KINDS)
in_units = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "logit"])
keeps_zeros = pytest.mark.parametrize("kind", ["log1p", "asinh", "signed_log1p"])
HARD = np.concatenate([np.logspace(-300, 300, 121), [5e-324, 1.7e308, 1.0, 0.5, 3.0]])


def plain(kind="log", **params):
    """Return a scaler of the function alone."""
    return LogScaler(kind, standardize=False, **params)


def values(kind, x, **params):
    """Return the function of some numbers."""
    column = np.asarray(x, dtype=np.float64).ravel()[:, None]
    return plain(kind, **params).fit_transform(column)[:, 0]


def assert_near(actual, expected, rtol=1e-13):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=0)


# Pins


def test_the_logarithm_of_known_incomes():
    """(ln e^13 - 10) / 3 is 1."""
    scaler = LogScaler.from_stats(center=10, scale=3)
    assert_near(scaler.transform([[math.exp(13)]]), [[1.0]], 1e-15)
    assert_near(scaler.inverse_transform([[1.0]]), [[math.exp(13)]], 1e-14)
    assert scaler.center_.tolist() == [10.0]
    assert scaler.scale_.tolist() == [3.0]


def test_pins_of_asinh():
    np.testing.assert_allclose(values("asinh", [1.0, 10.0]), [0.8813736, 2.9982230], atol=5e-8)


@pytest.mark.parametrize(
    ("base", "powers"), [(2, np.arange(-1000, 1000)), (10, np.arange(-300, 300))]
)
def test_powers_of_the_base_give_whole_numbers(base, powers):
    data = np.array([float(Fraction(base) ** int(p)) for p in powers])
    assert_same_bits(values("log", data, base=base), powers.astype(np.float64))


@pytest.mark.parametrize("base", ["e", 2, 10, 1.5])
@every_kind
def test_the_base_divides_by_its_logarithm(kind, base):
    data = DATA[kind]
    natural = plain(kind).fit_transform(data)
    found = plain(kind, base=base).fit_transform(data)
    np.testing.assert_allclose(found, natural / (1 if base == "e" else math.log(base)), 1e-13)
    # standardized, it makes no difference but for roundings
    np.testing.assert_allclose(
        LogScaler(kind, base=base).fit_transform(data),
        LogScaler(kind).fit_transform(data),
        1e-9,
        1e-12,
    )


FUNCTIONS = {
    "log": np.log,
    "log1p": np.log1p,
    "asinh": np.arcsinh,
    "signed_log1p": lambda x: np.sign(x) * np.log1p(np.abs(x)),
    "logit": lambda x: np.log(x / (1 - x)),
}


@every_kind
def test_the_parts_by_hand(kind):
    """The bits of the function, then ZScoreScaler."""
    bent = FUNCTIONS[kind](DATA[kind])
    assert_same_bits(LogScaler(kind).fit_transform(DATA[kind]), ZScoreScaler().fit_transform(bent))
    scaler = LogScaler(kind).fit(DATA[kind])
    assert_same_bits(scaler.center_, ZScoreScaler().fit(bent).mean_)
    assert_same_bits(scaler.scale_, ZScoreScaler().fit(bent).scale_)


# Accuracy


def exact_logs(kind, x):
    """Return the function in long double, with 64 bits of mantissa."""
    x = np.asarray(x, dtype=np.longdouble)
    if kind == "log":
        return np.log(x)
    if kind in ("log1p", "signed_log1p"):
        return np.sign(x) * np.log1p(np.abs(x))
    return np.arcsinh(x)


@in_units
def test_no_digit_is_lost_at_any_size(kind):
    """Within three roundings of the exact function, for 5e-324 to 1.7e308."""
    assert np.finfo(np.longdouble).nmant > 60, "this platform has no longer float to compare with"
    assert_near(values(kind, HARD), exact_logs(kind, HARD).astype(np.float64), 4e-16)


@in_units
@pytest.mark.parametrize("unit", [1.0, 1e-300, 1e300, 0.3])
def test_units_of_any_size_neither_over_nor_underflow(kind, unit):
    """The logarithm of x / unit is an ordinary number even where the quotient is none."""
    ratio = np.asarray(HARD, dtype=np.longdouble) / np.longdouble(unit)
    found = values(kind, HARD, unit=unit)
    assert np.isfinite(found).all()
    expected = exact_logs(kind, ratio)
    small = np.abs(expected) < 1e-290  # a quotient that underflows, where the function is linear
    assert_near(found[~small], expected[~small].astype(np.float64), 1e-14)
    np.testing.assert_allclose(found[small], expected[small].astype(np.float64), 0, 1e-290)


@in_units
@pytest.mark.parametrize("base", ["e", 2, 10, 3])
@pytest.mark.parametrize("unit", [1.0, 1e-200, 7.0])
def test_the_inverse_undoes_at_any_size(kind, base, unit):
    """The exponent of a result has an absolute rounding: the relative one of x is some hundreds."""
    scaler = plain(kind, unit=unit, base=base).fit(HARD[:, None])
    back = scaler.inverse_transform(scaler.transform(HARD[:, None]))[:, 0]
    assert_near(back[HARD > 1e-300], HARD[HARD > 1e-300], 1e-12)
    small = np.logspace(-12, -6, 13)[:, None] * unit
    if kind != "log":  # linear about 0: nothing is lost
        assert_near(scaler.inverse_transform(scaler.transform(small)), small, 2e-15)


def test_shares_near_the_bounds_keep_their_distance():
    low, high = -2.0, 6.0
    data = np.array([low + 2.0**-40, low + 8 * 2.0**-30, 1.0, high - 2.0**-40])
    scaler = plain("logit", bounds=(low, high)).fit(data[:, None])
    found = scaler.transform(data[:, None])[:, 0]
    exact = [Fraction(x - low) / Fraction(high - x) for x in data.tolist()]
    assert_near(found, [math.log(q.numerator) - math.log(q.denominator) for q in exact], 1e-14)
    back = scaler.inverse_transform(found[:, None])[:, 0]
    assert_near(back - low, data - low, 1e-13)
    assert_near(high - back, high - data, 1e-13)
    assert scaler.inverse_transform([[-2000.0], [2000.0]]).ravel().tolist() == [low, high]


@every_kind
@pytest.mark.parametrize("params", [{}, {"standardize": False}, {"base": 10}])
def test_inverse_undoes_transform(kind, params):
    scaler = LogScaler(kind, **params).fit(DATA[kind])
    Z = scaler.transform(DATA[kind])
    np.testing.assert_allclose(scaler.inverse_transform(Z), DATA[kind], 1e-12, 1e-13)
    some = scaler.inverse_transform(Z[:, [0, 2]], columns=[0, 2])
    assert_same_bits(some, scaler.inverse_transform(Z)[:, [0, 2]])


# What has no logarithm

UNDEFINED = [("log", 0.0), ("log", -2.5), ("log1p", -1.0), ("log1p", -3.0), ("logit", 0.0)]
UNDEFINED += [("logit", 1.0), ("logit", -0.5), ("logit", 7.0)]
undefined = pytest.mark.parametrize(("kind", "wrong"), UNDEFINED)


@undefined
def test_what_has_no_logarithm_is_an_error(kind, wrong):
    """It names the column, the value and the remedy, and changes nothing."""
    data = pd.DataFrame(DATA[kind].copy(), columns=["a", "b", "c"])
    scaler = LogScaler(kind).fit(data)
    before = pickle.dumps(scaler)
    data.loc[5, "c"] = wrong
    message = rf"\) is not defined for {wrong}, in column 'c'\. Replace it, or choose a `nonp"
    if kind == "logit":
        message = message.replace(r"\) is", "bounds 0.0 and 1.0 is")
    for act in (scaler.fit, scaler.partial_fit, scaler.transform, LogScaler(kind).fit_transform):
        with pytest.raises(ValueError, match=message):
            act(data)
    assert pickle.dumps(scaler) == before
    small = data.iloc[4:6]
    with pytest.raises(ValueError, match=message):  # when it comes, not when it is read
        scaler.partial_fit(small)
    assert pickle.dumps(scaler) == before


@undefined
def test_nan_leaves_out_what_has_no_logarithm(kind, wrong):
    """In the fit as in the result: as NaN from the start."""
    data = DATA[kind].copy()
    data[[3, 4], 0] = wrong
    absent = data.copy()
    absent[[3, 4], 0] = np.nan
    scaler, expected = LogScaler(kind, nonpositive="nan").fit(data), LogScaler(kind).fit(absent)
    found = read_scaler(scaler)
    assert_same_bits(found, read_scaler(expected))
    assert_same_bits(scaler.transform(data), expected.transform(absent))
    assert_same_bits(scaler.transform(absent), expected.transform(absent))


def test_nan_hides_no_infinity():
    """Infinity is an error as everywhere, also where the logarithm of it would be NaN."""
    for kind in KINDS:
        for infinite in (np.inf, -np.inf):
            data = DATA[kind].copy()
            data[6, 1] = infinite
            params = {"nonpositive": "nan"} if kind in ("log", "log1p", "logit") else {}
            scaler = LogScaler(kind, **params).fit(DATA[kind])
            for act in (scaler.fit, scaler.partial_fit, scaler.transform, scaler.fit_transform):
                with pytest.raises(ValueError, match=r"infinity.*in column 1"):
                    act(data)
            with pytest.raises(ValueError, match=r"infinity.*in column 1"):
                scaler.partial_fit(data[5:7])
            with pytest.raises(ValueError, match=r"infinity.*in column 1"):
                LogScaler(kind, unit="median" if kind != "logit" else 1.0, **params).fit(data)


@pytest.mark.parametrize(
    ("kind", "floor", "low", "high"),
    [("log", 0.5, 0.5, np.inf), ("log1p", -0.25, -0.25, np.inf), ("logit", 0.125, 0.125, 0.875)],
)
def test_clip_raises_small_values_to_the_floor(kind, floor, low, high):
    """And of shares, large ones to the same distance from the upper bound."""
    data = np.array([[-5.0], [0.0], [0.2], [0.6], [0.99], [np.nan]])
    if kind == "logit":
        data[0] = -0.0
    clipped = np.clip(data, low, high)
    scaler = LogScaler(kind, nonpositive="clip", floor=floor).fit(data)
    expected = LogScaler(kind).fit(clipped)
    assert_same_bits(scaler.transform(data), expected.transform(clipped))
    back = scaler.inverse_transform(scaler.transform(data))
    np.testing.assert_allclose(back, clipped, 1e-14)


def test_a_floor_per_column_by_label():
    data = pd.DataFrame({"a": [0.0, 1.0], "b": [0.0, 1.0]})
    scaler = plain(nonpositive="clip", floor={"b": 0.1, "a": 0.01}).fit(data)
    assert_near(scaler.transform(data)[0], np.log([0.01, 0.1]), 1e-15)


WRONG = {
    "clip without a floor": ({"nonpositive": "clip"}, "needs the `floor`"),
    "a floor without clip": ({"floor": 0.1}, '`floor` is for nonpositive="clip"'),
    "a floor where all is defined": (
        {"kind": "asinh", "nonpositive": "clip", "floor": 1.0},
        "`floor` is for",
    ),
    "a floor of 0": ({"nonpositive": "clip", "floor": 0}, r"Column 0 has floor=0.0: there is no"),
    "a floor of -1": (
        {"kind": "log1p", "nonpositive": "clip", "floor": -1.0},
        "Column 0 has floor=-1.0",
    ),
    "a floor in the middle": (
        {"kind": "logit", "nonpositive": "clip", "floor": 0.5},
        "Column 0 has floor=0.5: give a distance",
    ),
    "bounds of others": ({"bounds": (0, 100)}, '`bounds` are of kind="logit"'),
    "bounds the wrong way": ({"kind": "logit", "bounds": (1, 0)}, "Column 0 has a lower bound=1.0"),
    "three bounds": ({"kind": "logit", "bounds": (0, 1, 2)}, "must be a pair"),
    "an infinite bound": ({"kind": "logit", "bounds": (0, np.inf)}, "must be finite"),
    "a unit of shares": ({"kind": "logit", "unit": 2.0}, 'kind="logit" has no `unit`'),
    "a unit of 0": ({"unit": [1.0, 0.0, 1.0]}, "Column 1 has unit=0.0: it must be finite, above 0"),
    "two units": ({"unit": [1.0, 2.0]}, "`unit` must be a number, or hold one for each of the 3"),
    "a base of 1": ({"base": 1}, "'base' parameter"),
    "a base that is a word": ({"base": "ten"}, "'base' parameter"),
    "an unknown kind": ({"kind": "sqrt"}, "'kind' parameter"),
    "a negative unit": ({"unit": -1.0}, "'unit' parameter"),
    "a unit that is a word": ({"unit": "mean"}, "'unit' parameter"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_parameters_are_refused(case):
    params, message = WRONG[case]
    with pytest.raises(ValueError, match=message):
        LogScaler(**params).fit(SHARES)


# Units


@in_units
def test_units_given_per_column(kind):
    """By place or by label, the function is of x / unit."""
    units = np.array([2.0, 0.5, 1e6])
    expected = plain(kind).fit_transform(DATA[kind] / units)
    data = pd.DataFrame(DATA[kind], columns=["a", "b", "c"])
    for unit in (units.tolist(), units, {"c": 1e6, "a": 2.0, "b": 0.5}):
        scaler = plain(kind, unit=unit).fit(data)
        assert_same_bits(scaler.transform(data), expected)
        assert_same_bits(scaler.unit_, units)


@in_units
def test_the_median_of_the_sizes_is_the_unit(kind):
    data = DATA[kind]
    scaler = LogScaler(kind, unit="median").fit(data)
    sizes = np.where(data == 0, np.nan, np.abs(data))
    assert_same_bits(scaler.unit_, np.nanmedian(sizes, axis=0))
    expected = LogScaler(kind, unit=scaler.unit_).fit(data)
    assert_same_bits(scaler.transform(data), expected.transform(data))


@keeps_zeros
def test_data_in_other_units_give_the_same(kind):
    data = np.abs(DATA[kind])
    expected = LogScaler(kind, unit="median").fit_transform(data)
    for factor in (1000.0, 2.0**-500):
        found = LogScaler(kind, unit="median").fit_transform(factor * data)
        np.testing.assert_allclose(found, expected, 1e-9, 1e-12)


def test_a_median_unit_weighs_samples():
    data = np.array([[1.0], [2.0], [8.0], [0.0]])
    scaler = LogScaler("asinh", unit="median").fit(data, sample_weight=[1, 1, 5, 9])
    repeated = LogScaler("asinh", unit="median").fit(np.repeat(data, [1, 1, 5, 9], axis=0))
    assert scaler.unit_.tolist() == repeated.unit_.tolist() == [8.0]


@pytest.mark.parametrize("nonpositive", ["nan", "clip"])
def test_a_median_unit_of_logarithms_is_of_what_has_one(nonpositive):
    params = {"nonpositive": nonpositive, "floor": 2.0 if nonpositive == "clip" else None}
    scaler = LogScaler(unit="median", **params).fit([[-9.0], [0.0], [1.0], [8.0], [64.0]])
    assert scaler.unit_.tolist() == [8.0 if nonpositive == "nan" else 2.0]


def test_a_unit_is_learned_once_and_kept():
    scaler = LogScaler("asinh", unit="median").partial_fit(MIXED[:20])
    unit = scaler.unit_
    for at in range(20, 80, 15):
        scaler.partial_fit(1000 * MIXED[at : at + 15])
        assert_same_bits(scaler.unit_, unit)
    data = np.concatenate([MIXED[:20], 1000 * MIXED[20:]])
    expected = LogScaler("asinh", unit=unit).fit(data)
    np.testing.assert_allclose(scaler.center_, expected.center_, 1e-13)
    np.testing.assert_allclose(scaler.scale_, expected.scale_, 1e-13)


def test_a_unit_waits_for_the_first_value_other_than_0():
    """Zeros are zeros in any unit, and NaN has none; the unit of each column comes in its time."""
    batches = [
        [[np.nan, 0.0, 3.0]],
        [[0.0, 0.0, 5.0]],
        [[np.nan, np.nan, 7.0]],
        [[4.0, 0.0, 1.0]],
        [[9.0, -2.0, 1.0]],
        [[9.0, 6.0, 1.0]],
    ]
    units = [
        [np.nan, np.nan, 3.0],
        [np.nan, np.nan, 3.0],
        [np.nan, np.nan, 3.0],
        [4.0, np.nan, 3.0],
        [4.0, 2.0, 3.0],
        [4.0, 2.0, 3.0],
    ]
    watched, unwatched = (LogScaler("asinh", unit="median") for _ in range(2))
    for batch, unit in zip(batches, units, strict=True):
        watched.partial_fit(batch)
        unwatched.partial_fit(batch)
        np.testing.assert_array_equal(watched.unit_, unit)
    assert_same_bits(read_scaler(watched), read_scaler(unwatched))
    expected = LogScaler("asinh", unit=[4.0, 2.0, 3.0]).fit(np.concatenate(batches))
    np.testing.assert_allclose(watched.center_, expected.center_, 1e-14)
    np.testing.assert_allclose(watched.scale_, expected.scale_, 1e-14)


def test_a_column_of_zeros_is_left_as_it_is():
    scaler = LogScaler("asinh", unit="median").fit(np.zeros((4, 1)))
    assert np.isnan(scaler.unit_).all()
    assert scaler.transform([[0.0], [1.0]]).ravel().tolist() == [0.0, math.asinh(1.0)]


def test_scalers_of_different_units_do_not_merge():
    one = LogScaler("asinh", unit="median").fit(pd.DataFrame({"a": [1.0, 1.0], "b": [2.0, 2.0]}))
    two = LogScaler("asinh", unit="median").fit(pd.DataFrame({"a": [1.0, 3.0], "b": [5.0, 5.0]}))
    for act in (lambda: one.merge(two), lambda: two.merge(one)):
        with pytest.raises(ValueError, match=r"column 'a' was measured in units of .*the `unit_`"):
            act()
    nothing = LogScaler("asinh", unit="median").fit(pd.DataFrame({"a": [0.0], "b": [np.nan]}))
    with pytest.raises(ValueError, match="Cannot merge: column 'a' was measured"):
        sklearn_norm.merge([nothing, one, two])


def test_the_remedy_for_different_units_holds():
    one = LogScaler("asinh", unit="median").fit(MIXED[:30])
    parts = [LogScaler("asinh", unit=one.unit_).fit(part) for part in (MIXED[:30], MIXED[30:])]
    merged, whole = parts[0].merge(parts[1]), LogScaler("asinh", unit=one.unit_).fit(MIXED)
    laws.assert_close_scalers(merged, whole)


def test_a_part_without_a_unit_takes_that_of_the_other():
    """From either side; members that are zeros count."""
    one = LogScaler("asinh", unit="median").fit([[3.0, 5.0], [-3.0, 5.0]])
    zeros = LogScaler("asinh", unit="median").fit([[0.0, np.nan], [0.0, np.nan]])
    expected = LogScaler("asinh", unit=[3.0, 5.0]).fit(
        [[3.0, 5.0], [-3.0, 5.0], [0.0, np.nan], [0.0, np.nan]]
    )
    for merged in (one.merge(zeros), zeros.merge(one)):
        assert merged.unit_.tolist() == [3.0, 5.0]
        np.testing.assert_array_equal(merged.n_samples_seen_, [4, 2])
        assert_near(merged.scale_, expected.scale_, 1e-14)
        assert merged.partial_fit([[1.0, 1.0]]).unit_.tolist() == [3.0, 5.0]
    assert_same_bits(read_scaler(one.merge(zeros)), read_scaler(zeros.merge(one)))


def test_a_failed_batch_leaves_no_unit():
    scaler = LogScaler("log1p", unit="median").partial_fit([[np.nan, 1.0]])
    before = pickle.dumps(scaler)
    with pytest.raises(ValueError, match=r"not defined for -9\.0, in column 0"):
        scaler.partial_fit([[-9.0, 1.0], [2.0, 1.0]])
    assert pickle.dumps(scaler) == before
    assert scaler.partial_fit([[4.0, 1.0]]).unit_.tolist() == [4.0, 1.0]


def test_a_constant_column_is_not_divided():
    """Its logarithms are equal: they become 0, and the scale is 1."""
    scaler = LogScaler(base=10).fit([[1000.0, 1.0], [1000.0, 10.0]])
    assert scaler.constant_features_.tolist() == [0]
    assert scaler.scale_.tolist() == [1.0, 0.5]
    assert scaler.transform([[100.0, 10.0]]).tolist() == [[-1.0, 1.0]]


@every_kind
def test_a_constant_column_stays_one_under_another_numpy(kind, monkeypatch):
    members, owner = (
        np.array([0.3, 0.5000001, 1e-9]),
        type(chain_of(LogScaler(kind).fit([[0.5]]))[0]),
    )
    make = lambda: LogScaler(kind)  # noqa: E731
    laws.constant_where_functions_round_otherwise(make, members, monkeypatch, owner, ["bend"])


def test_logarithms_apart_by_more_than_their_rounding_are_not_constant():
    """49 bits of a logarithm are those of the data, and extrema that nobody knows are not equal."""
    near, far = 1 + 2.0**-52, 1 + 2.0**-40
    scaler = LogScaler().fit([[1e9, 1e9, 1.0], [1e9 * near, 1e9 * far, near]])
    assert scaler.constant_features_.tolist() == [0]
    told = LogScaler.from_stats(center=10.0, scale=1e-15, n_samples=5)
    assert told.constant_features_.size == 0
    assert told.scale_.tolist() == [1e-15]


@pytest.mark.parametrize("unit", [{"b": 1.0, "a": 2.0}, pd.Series({"a": 2.0, "b": 1.0}), [2, 1]])
def test_units_of_any_form_are_saved_as_they_mean(unit):
    scaler = LogScaler(unit=unit).fit(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}))
    twin = sklearn_norm.from_dict(json.loads(json.dumps(sklearn_norm.to_dict(scaler))))
    assert twin.unit_.tolist() == scaler.unit_.tolist() == [2.0, 1.0]


# Streams and merges


@every_kind
@pytest.mark.parametrize("cuts", [[1], [0, 7, 7, 40]])
def test_parts_are_the_whole(kind, cuts):
    make = lambda: LogScaler(kind)  # noqa: E731
    laws.scaler_split_equals_whole(make, DATA[kind], cuts, 3)
    laws.scaler_merge_is_commutative_and_associative(make, DATA[kind], [10, 41])
    laws.scaler_merge_with_nothing_changes_nothing(make, DATA[kind])


@in_units
def test_parts_in_one_learned_unit_are_the_whole(kind):
    """Batches after the first one may come in any parts."""
    whole, parts = (LogScaler(kind, unit="median").partial_fit(DATA[kind][:20]) for _ in range(2))
    whole.partial_fit(DATA[kind][20:])
    for row in range(20, 80):
        parts.partial_fit(DATA[kind][row : row + 1])
    laws.assert_close_scalers(parts, whole)


@every_kind
@pytest.mark.parametrize("unit", [1.0, "median"])
def test_laws_that_hold_for_any_map(kind, unit):
    data, weight = DATA[kind], np.arange(80) % 3
    make = lambda: LogScaler(kind, unit=1.0 if kind == "logit" else unit)  # noqa: E731
    laws.use_changes_nothing(make, data)
    laws.weight_zero_is_absence(make, data, weight.astype(float))
    laws.scaler_integer_weight_repeats(make, data, weight)
    laws.scaler_columns_are_independent(make, data, [2, 0, 1])
    laws.container_leaves_no_trace(make, data)
    laws.scaler_survives_copies(make, data)
    laws.scaler_merge_with_nothing_changes_nothing(make, data)


@pytest.mark.parametrize(
    ("name", "value"),
    [("kind", "log1p"), ("unit", 2.0), ("base", 10), ("nonpositive", "nan"), ("bounds", None)],
)
def test_a_stream_keeps_what_its_data_were_measured_by(name, value):
    """Moments of two functions must not be added."""
    kind = "logit" if name == "bounds" else "log"
    scaler = LogScaler(kind).fit(SHARES)
    expected = read_scaler(scaler)
    scaler.set_params(**{name: (0, 2) if name == "bounds" else value})
    with pytest.raises(ValueError, match=f"was fitted with {name}=.* Set it back, or call fit"):
        scaler.partial_fit(SHARES)
    assert_same_bits(read_scaler(scaler), expected)
    scaler.fit(SHARES).partial_fit(SHARES)


def test_a_stream_may_change_what_is_made_of_its_statistic():
    scaler = LogScaler().fit(POSITIVE).set_params(standardize=False, clip=(-1.0, 1.0))
    scaler.partial_fit(POSITIVE)
    assert_same_bits(scaler.transform(POSITIVE), np.clip(np.log(POSITIVE), -1, 1))


def test_scalers_of_other_parameters_do_not_merge():
    with pytest.raises(ValueError, match="different parameters: kind='log' and kind='log1p'"):
        LogScaler().fit(POSITIVE).merge(LogScaler("log1p").fit(POSITIVE))


# Known statistics


def test_known_statistics_with_a_count_go_on():
    whole = LogScaler(base=10).fit(POSITIVE)
    part = LogScaler(base=10).fit(POSITIVE[:50])
    known = LogScaler.from_stats(
        center=part.center_, scale=part.scale_, n_samples=[50, 49, 50], base=10
    )
    known.partial_fit(POSITIVE[50:])
    for name in ("center_", "scale_", "n_samples_seen_"):
        np.testing.assert_allclose(getattr(known, name), getattr(whole, name), 1e-12)


def test_known_statistics_without_a_count_only_serve():
    scaler = LogScaler.from_stats(center=[1.0, 2.0], scale=[3.0, 4.0], feature_names=["a", "b"])
    for act in (scaler.partial_fit, scaler.merge):
        with pytest.raises(ValueError, match="no data can be added"):
            act(scaler if act == scaler.merge else pd.DataFrame({"a": [1.0], "b": [2.0]}))
    assert not hasattr(scaler, "n_samples_seen_")


def test_from_stats_by_label_and_unit():
    scaler = LogScaler.from_stats(
        center={"x": 1.0, "y": 0.0},
        scale={"x": 2.0, "y": 1.0},
        kind="asinh",
        unit={"y": 4.0, "x": 1.0},
    )
    assert scaler.feature_names_in_.tolist() == ["x", "y"]
    frame = pd.DataFrame({"x": [3.0], "y": [3.0]})
    assert_near(scaler.transform(frame), [[(math.asinh(3) - 1) / 2, math.asinh(0.75)]], 1e-15)


def test_from_stats_of_the_function_alone():
    scaler = LogScaler.from_stats(standardize=False, kind="log1p", feature_names=["a", "b"])
    assert_same_bits(
        scaler.transform(pd.DataFrame({"a": [1.0], "b": [2.0]})), np.log1p([[1.0, 2.0]])
    )


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({}, "`center` is needed with standardize=True"),
        ({"center": 1.0}, "`scale` is needed with standardize=True"),
        ({"center": 1.0, "scale": 0.0}, "Column 0 has scale=0.0: it must be above 0"),
        ({"center": np.nan, "scale": 1.0}, "Column 0 has center=nan"),
        ({"center": 1.0, "scale": 1.0, "unit": "median"}, "is learned from data"),
        ({"center": 1.0, "scale": 1.0, "unit": [1.0, 2.0]}, "`unit` must be a number, or hold"),
    ],
)
def test_wrong_known_statistics_are_refused(given_, message):
    with pytest.raises(ValueError, match=message):
        LogScaler.from_stats(**given_)


# The mean on the way back


@pytest.mark.parametrize("kind", ["log", "log1p", "asinh"])
@pytest.mark.parametrize("params", [{}, {"unit": 50.0, "base": 2}])
def test_the_mean_of_a_normal_result(kind, params):
    """By quadrature (Gauss-Hermite, exact to roundings for these functions)."""
    scaler = LogScaler.from_stats(center=[2.0, 1.0], scale=[0.5, 0.25], kind=kind, **params)
    mean, std = np.array([[0.7, -1.0], [0.0, 3.0]]), np.array([[1.5, 0.2], [0.0, 1.0]])
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    drawn = [scaler.inverse_transform(mean + std * node) for node in nodes]
    expected = sum(w * x for w, x in zip(weights, drawn, strict=True)) / weights.sum()
    found = scaler.inverse_transform_mean(mean, std)
    assert_near(found, expected, 1e-11)
    assert_near(found[1, 0], scaler.inverse_transform(mean)[1, 0], 1e-14)  # without a spread
    some = scaler.inverse_transform_mean(mean[:, [1]], std[:, [1]], columns=[1])
    assert_same_bits(some, found[:, [1]])


def test_the_mean_of_a_lognormal():
    """e^(m + s^2/2)."""
    scaler = LogScaler.from_stats(center=10.0, scale=3.0)
    found = scaler.inverse_transform_mean([[1.0]], [[0.5]])
    assert_near(found, [[math.exp(13 + 1.5**2 / 2)]], 1e-14)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_the_mean_comes_in_the_container_of_the_mean(frame):
    scaler = LogScaler().fit(frame({"a": [1.0, 2.0], "b": [3.0, 5.0]}))
    found = scaler.inverse_transform_mean(frame({"b": [0.0]}), frame({"b": [1.0]}))
    assert isinstance(found, frame)
    assert list(found.columns) == ["b"]


@pytest.mark.parametrize("kind", ["logit", "signed_log1p"])
def test_no_closed_form_is_an_error_that_says_so(kind):
    scaler = LogScaler(kind).fit(DATA[kind])
    with pytest.raises(ValueError, match=r"no closed form.* by `inverse_transform` instead"):
        scaler.inverse_transform_mean(np.zeros((1, 3)), np.ones((1, 3)))


def test_wrong_deviations_are_refused():
    scaler = LogScaler().fit(POSITIVE)
    one = np.ones((1, 3))
    with pytest.raises(ValueError, match="Column 1 has a standard deviation below 0"):
        scaler.inverse_transform_mean(one, np.array([[1.0, -1.0, 1.0]]))
    with pytest.raises(ValueError, match="of the same shape"):
        scaler.inverse_transform_mean(one, np.ones((2, 3)))
    with pytest.raises(ValueError, match="infinity"):
        scaler.inverse_transform_mean(one, np.array([[1.0, np.inf, 1.0]]))


def test_deviations_alone_have_no_way_back():
    with pytest.raises(ValueError, match="the scaler is not linear"):
        LogScaler().fit(POSITIVE).inverse_transform_std(np.ones((1, 3)))


# Sparse data


@keeps_zeros
@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("unit", [1.0, [2.0, 3.0, 5.0], "median"])
def test_zeros_stay_zeros(kind, form, unit):
    """Sparse data stay sparse, in their format, with the bits of the dense."""
    data = np.nan_to_num(DATA[kind])
    scaler, dense = (plain(kind, unit=unit).fit(x) for x in (form(data), data))
    assert_same_bits(read_scaler(scaler), read_scaler(dense))
    Z = scaler.transform(form(data))
    assert isinstance(Z, form)
    assert Z.nnz == np.count_nonzero(data)
    assert_same_bits(Z.toarray() + 0.0, dense.transform(data) + 0.0)
    assert_near(scaler.inverse_transform(Z).toarray(), data, 1e-12)
    weight = 1.0 + np.arange(len(data)) % 3
    weighted = (plain(kind, unit=unit).fit(x, sample_weight=weight) for x in (form(data), data))
    assert_same_bits(*(np.asarray(s.unit_) for s in weighted))


@pytest.mark.parametrize("params", [{}, {"kind": "asinh"}, {"kind": "logit"}])
def test_sparse_data_whose_zeros_would_move_are_refused(params):
    for act in (LogScaler(**params).fit, LogScaler(**params).fit(SHARES).transform):
        with pytest.raises(
            SparseDataError, match='kind="log1p" or "asinh" with `standardize=False'
        ):
            act(sparse.csr_array(np.eye(3)))


# Output


@every_kind
def test_clip_dtype_and_copy(kind):
    data = DATA[kind]
    low, high = np.nanmin(LogScaler(kind).fit_transform(data[:40])), 0.5
    Z = LogScaler(kind, clip=(low, high)).fit(data).transform(data)
    assert np.nanmin(Z) >= low
    assert np.nanmax(Z) == high
    scaler = LogScaler(kind, clip="range").fit(data[:40])
    bounds = scaler.transform(data[:40])
    Z = scaler.transform(data)
    assert (np.nanmin(Z, axis=0) == np.nanmin(bounds, axis=0)).all()
    assert (np.nanmax(Z, axis=0) == np.nanmax(bounds, axis=0)).all()
    narrow = LogScaler(kind, dtype="float32").fit(data)
    expected = LogScaler(kind).fit(data).transform(data)
    assert_same_bits(narrow.transform(data), expected.astype(np.float32))
    given_ = data.copy()
    assert LogScaler(kind, copy=False).fit(data).transform(given_) is given_
    assert_same_bits(given_, expected)


@every_kind
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_in_and_out(kind, frame):
    data = frame(dict(zip("abc", DATA[kind].T, strict=True)))
    scaler = LogScaler(kind).set_output(transform=frame.__module__.partition(".")[0]).fit(data)
    Z = scaler.transform(data)
    assert isinstance(Z, frame)
    back = scaler.inverse_transform(Z[["a", "c"]])
    np.testing.assert_allclose(np.asarray(back), DATA[kind][:, [0, 2]], 1e-12, 1e-13)


# Out of Python

GRAPHS = [*({"kind": kind} for kind in KINDS)]
GRAPHS += [{"kind": kind, "unit": "median", "base": 10} for kind in KINDS if kind != "logit"]
GRAPHS += [{"kind": "log", "base": 2}, {"kind": "log", "base": 3}, {"kind": "logit", "base": 2}]
GRAPHS += [{"kind": "log", "nonpositive": "nan"}, {"kind": "logit", "bounds": (-1, 2)}]
GRAPHS += [{"kind": "log1p", "nonpositive": "clip", "floor": 0.5}, {"standardize": False}]


@pytest.mark.parametrize("params", GRAPHS, ids=str)
def test_onnx_gives_the_same_there_and_back(params):
    data = DATA[params.get("kind", "log")]
    scaler = LogScaler(**params).fit(data)
    Z = scaler.transform(data)
    for estimator, given_, expected in (
        (scaler, data, Z),
        (inverse(scaler), Z, scaler.inverse_transform(Z)),
    ):
        model = to_onnx(estimator, given_[:1])
        found = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": given_})
        np.testing.assert_allclose(found[0], expected, 2e-13, 1e-13)


@in_units
def test_onnx_of_large_and_tiny_numbers(kind):
    """The functions that ONNX lacks for doubles are composed without loss."""
    data = np.where(HARD > 1e-300, HARD, 1e-300)[:, None]
    scaler = plain(kind, unit=3.0).fit(data)
    Z = scaler.transform(data)
    for estimator, given_, expected in ((scaler, data, Z), (inverse(scaler), Z, data)):
        model = to_onnx(estimator, given_[:1])
        found = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"X": given_})
        np.testing.assert_allclose(found[0], expected, 1e-12)


def test_a_graph_makes_nan_of_what_is_left_out():
    scaler = plain(nonpositive="nan").fit(POSITIVE)
    data = np.array([[0.0, -1.0, np.e]])
    session = onnxruntime.InferenceSession(to_onnx(scaler, data).SerializeToString())
    np.testing.assert_allclose(session.run(None, {"X": data})[0], [[np.nan, np.nan, 1.0]])


@every_kind
def test_copies_are_the_same_and_go_on(kind):
    unit = 1.0 if kind == "logit" else "median"
    scaler = LogScaler(kind, unit=unit).fit(DATA[kind])
    text = json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False)
    for twin in (pickle.loads(pickle.dumps(scaler)), sklearn_norm.from_dict(json.loads(text))):
        assert_same_state(twin, scaler)
        assert_same_bits(twin.transform(DATA[kind]), scaler.transform(DATA[kind]))


STATE = ("estimator", "state")
ZERO3 = document_array([0.0] * 3)
SPOILT = {
    "a unit of 0": ((*STATE, "statistic", "unit"), ZERO3, r"statistic.unit: cannot be 0.0"),
    "no unit": ((*STATE, "statistic", "unit"), NAN3, r"statistic.unit: cannot be nan"),
    "another weight": ((*STATE, "statistic", "weight"), THREE, r"statistic.weight: cannot be 1.0"),
    "no moments": ((*STATE, "statistic", "members"), 3, "statistic.members"),
    "another unit of the map": ((*STATE, "affine", "first", "unit"), THREE, "affine.first.unit"),
    "another base": ((*STATE, "affine", "first", "base"), 10.0, "affine.first.base"),
    "a base of 1": (
        (*STATE, "affine", "first", "base"),
        1.0,
        "affine.first.base: must be a finite",
    ),
    "another policy": ((*STATE, "affine", "first", "nonpositive"), "nan", "first.nonpositive"),
    "an abstract function": ((*STATE, "affine", "first", "kind"), "Logarithm", "state"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_document_is_refused_with_its_place(case):
    path, value, message = SPOILT[case]
    document = document_of(LogScaler("asinh", unit="median").fit(MIXED))
    with pytest.raises(FormatError, match=message):
        sklearn_norm.from_dict(changed(document, path, value))


def test_a_document_whose_statistic_does_not_fit_the_unit_is_refused():
    document = document_of(LogScaler("asinh", unit="median").fit(MIXED))
    for place in (("estimator", "parameters", "unit"), (*STATE, "parameters", "unit")):
        document = changed(document, place, 2.0)
    with pytest.raises(FormatError, match=r"statistic.kind: does not fit the `unit`"):
        sklearn_norm.from_dict(document)


@given(x=st.floats(1e-300, 1e300), unit=st.floats(1e-30, 1e30))
def test_any_number_comes_back(x, unit):
    for kind in ("log", "log1p", "asinh", "signed_log1p"):
        scaler = plain(kind, unit=unit).fit([[x]])
        np.testing.assert_allclose(scaler.inverse_transform(scaler.transform([[x]])), x, 1e-12)


# scikit-learn's own checks, on data of any sign

CHECKED = [LogScaler(kind="asinh"), LogScaler(kind="signed_log1p", unit="median")]
CHECKED += [LogScaler(kind="asinh", standardize=False)]
CHECKED += [LogScaler(nonpositive="clip", floor=0.01)]
CHECKED += [LogScaler(kind="log1p", nonpositive="clip", floor=-0.5)]
CHECKED += [LogScaler(kind="logit", nonpositive="clip", floor=0.01, bounds=(-50, 150))]
CHECKED += [LogScaler(nonpositive="nan"), LogScaler(kind="log1p", nonpositive="nan")]


@pytest.mark.share(0.5, each_value=False)
@parametrize_with_checks(CHECKED)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.full
@pytest.mark.parametrize(
    "estimator",
    [LogScaler(), LogScaler(unit="median"), LogScaler(kind="log1p"), LogScaler(kind="logit")],
    ids=repr,
)
def test_sklearn_checks_fail_only_where_there_is_no_logarithm(estimator):
    """Their data hold zeros, numbers below -1 and above 1."""
    laws.fails_only_for_what_is_not_defined(estimator, least=20)
