"""PowerScaler: Box-Cox and Yeo-Johnson where others overflow, in units, streams and merges."""

from __future__ import annotations

import json
import pickle
from fractions import Fraction
from functools import partial

import laws
import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from laws import assert_same_bits, assert_same_state, read_scaler
from scipy import sparse, stats
from skl2onnx import to_onnx
from sklearn.preprocessing import PowerTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_norm
from sklearn_norm import PowerScaler
from sklearn_norm.exceptions import FormatError, SparseDataError
from sklearn_norm.kernels import powers
from sklearn_norm.kernels._numpy import blocks
from sklearn_norm.maps.power import Power
from sklearn_norm.onnx import inverse

RNG = np.random.default_rng(31)
METHODS = ["yeo-johnson", "box-cox"]
every_method = pytest.mark.parametrize("method", METHODS)
STEP = 0.1  # of the grid of the default range


def column(*values):
    return np.array(values, dtype=np.float64)[:, None]


def skewed(method, rows=400, columns=3, seed=5):
    """Return columns that need powers: of positive numbers, or of both signs."""
    X = np.random.default_rng(seed).lognormal(1.0, 0.6, (rows, columns))
    return X if method == "box-cox" else X - np.exp(1.0)


# Pins


def test_the_best_power_of_box_cox():
    X = column(1, 2, 3, 4, 5, 10, 100)
    for unit in ("median", 1.0, 1e-3, 1e6):  # no unit matters
        scaler = PowerScaler("box-cox", unit=unit).fit(X)
        np.testing.assert_allclose(scaler.lambdas_, [-0.3598778], atol=5e-8)


def test_the_best_power_of_yeo_johnson():
    scaler = PowerScaler(unit=1).fit(column(-3, -1, 0, 1, 2, 10))
    np.testing.assert_allclose(scaler.lambdas_, [0.5649163], atol=5e-8)


def test_values_of_yeo_johnson():
    """With λ = 0.5: 2 (sqrt(1 + x) - 1) above 0, and -((1 - x)^1.5 - 1) / 1.5 below."""
    scaler = PowerScaler(lambdas=0.5, unit=1, standardize=False)
    Z = scaler.fit_transform(column(-2, -1, 0, 1, 2))
    expected = [-2.797435, -1.2189514, 0, 0.8284271, 1.4641016]
    np.testing.assert_allclose(Z.ravel(), expected, atol=5e-8)


@pytest.mark.parametrize("power", [-2.0, -1e-9, 0.0, 1e-9, 0.5, 1.0, 2.0, 3.0])
def test_values_of_the_formulas(power):
    """Of both methods, by SciPy, with units; at 0 and 2 a logarithm takes their place."""
    # SciPy 1.11 loses digits near the power 0
    near = {"rtol": 1e-6, "atol": 1e-9} if abs(power) == 1e-9 else {"rtol": 1e-7, "atol": 1e-14}
    x = np.array([-7.0, -1.0, -1e-3, 0.0, 1e-9, 0.3, 2.0, 9.0])
    Z = PowerScaler(lambdas=power, unit=2.0, standardize=False).fit_transform(x[:, None])
    np.testing.assert_allclose(Z.ravel(), stats.yeojohnson(x / 2, power), **near)
    x = np.array([1e-3, 0.3, 2.0, 9.0])
    scaler = PowerScaler("box-cox", lambdas=power, unit=2.0, standardize=False)
    expected = stats.boxcox(x / 2, power)
    np.testing.assert_allclose(scaler.fit_transform(x[:, None]).ravel(), expected, **near)


@every_method
def test_results_are_those_of_scikit_learn_where_it_gives_some(method):
    """The powers to the precision of its search; the likelihood is at least as great."""
    X = skewed(method)
    unit = 1.0
    scaler, other = PowerScaler(method, unit=unit).fit(X), PowerTransformer(method=method).fit(X)
    np.testing.assert_allclose(scaler.lambdas_, other.lambdas_, atol=2e-3)
    np.testing.assert_allclose(scaler.transform(X), other.transform(X), atol=2e-2)
    log_likelihood = stats.boxcox_llf if method == "box-cox" else stats.yeojohnson_llf
    for x, ours, theirs in zip(X.T, scaler.lambdas_, other.lambdas_, strict=True):
        assert log_likelihood(ours, x) >= log_likelihood(theirs, x) - 1e-9


@every_method
def test_the_likelihood_is_greatest_at_the_power(method):
    """By SciPy's likelihood, on both sides, at distances where roundings do not count."""
    X = skewed(method)
    scaler = PowerScaler(method, unit=1.0).fit(X)
    log_likelihood = stats.boxcox_llf if method == "box-cox" else stats.yeojohnson_llf
    for x, power in zip(X.T, scaler.lambdas_, strict=True):
        below, at, above = (log_likelihood(power + d, x) for d in (-1e-3, 0, 1e-3))
        assert below < at > above
        assert abs(above - below) < 1e-3 * (2 * at - below - above)  # no slope at the top


@every_method
def test_standardized_results_have_mean_0_and_deviation_1(method):
    Z = PowerScaler(method).fit_transform(skewed(method))
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-14)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-14)


# Where others break

HARD = {
    "years": ("box-cox", column(2003, 1950, 1997, 2000, 2009)),
    "years of Yeo-Johnson": ("yeo-johnson", column(2003, 1950, 1997, 2000, 2009)),
    "a billion": ("box-cox", 1e9 + np.arange(10.0)[:, None]),
    "a billion of Yeo-Johnson": ("yeo-johnson", 1e9 + np.arange(10.0)[:, None]),
    "a billion below 0": ("yeo-johnson", -1e9 - np.arange(10.0)[:, None]),
    "1e15": ("yeo-johnson", 1e15 + np.arange(10.0)[:, None]),
    "large": ("yeo-johnson", column(1e100, 1e200, 1e300)),
    "large of Box-Cox": ("box-cox", column(1e100, 1e200, 1e300)),
    "small": ("yeo-johnson", column(1e-300, 1e-200, 1e-100)),
    "small of Box-Cox": ("box-cox", column(1e-300, 1e-200, 1e-100)),
    "both signs": ("yeo-johnson", column(-1e200, -1.0, 1e-200, 1.0, 1e150, 3e200)),
    "355 ones and a zero": ("yeo-johnson", column(*[1.0] * 355, 0.0)),
    "largest": ("yeo-johnson", column(-1.7e308, 1.0, 1.7e308)),
    "subnormal": ("box-cox", column(5e-324, 1e-320, 1e-310)),
}
WIDE = {"large", "small", "both signs", "largest"}  # far wider than the unit
every_hard = pytest.mark.parametrize("hard", HARD)


FAR_FROM_1 = {"largest", "both signs", "1e15"}  # in units of 1 no power is a float, or exact


@pytest.mark.parametrize(
    ("hard", "unit"),
    [
        *((hard, "median") for hard in HARD),
        *((hard, 1.0) for hard in HARD if hard not in FAR_FROM_1),
    ],
)
def test_hard_columns_have_results(hard, unit):
    """No NaN, no infinity, mean 0 and deviation 1; larger values have no smaller results."""
    method, X = HARD[hard]
    scaler = PowerScaler(method, unit=unit).fit(X)
    Z = scaler.transform(X)
    assert np.isfinite(Z).all()
    assert -5 <= scaler.lambdas_[0] <= 5
    near = 1e-5 if unit == 1.0 and "billion" in hard else 1e-9  # y has 7 digits of the distances
    np.testing.assert_allclose([Z.mean(), Z.std()], [0, 1], atol=near)
    assert (np.diff(Z[np.argsort(X[:, 0], kind="stable"), 0]) >= 0).all()


@every_hard
def test_hard_columns_come_back(hard):
    """Within 1e-9 of each value; if standardised, of the unit where a value is below it."""
    method, X = HARD[hard]
    for standardize in (True, False):
        scaler = PowerScaler(method, standardize=standardize).fit(X)
        back = scaler.inverse_transform(scaler.transform(X))
        size = np.abs(X)
        if standardize and hard in WIDE:
            size = np.maximum(size, size.max() if hard == "both signs" else scaler.unit_)
        assert (np.abs(back - X) <= 1e-9 * size + 1e-323 * max(1.0, scaler.unit_[0])).all()


def test_a_wide_range_of_powers_does_not_overflow():
    """The best power of the years is 103.98; theirs, in units of 1, is beyond all floats."""
    X = column(2003, 1950, 1997, 2000, 2009)
    scaler = PowerScaler("box-cox", lambda_range=(-500, 500)).fit(X)
    np.testing.assert_allclose(scaler.lambdas_, [103.979158], rtol=1e-6)
    Z = scaler.transform(X)
    assert np.isfinite(Z).all()
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, rtol=1e-12)


def test_evenly_spaced_numbers_far_from_0_stay_evenly_spaced():
    """At 1e9 and 1e15 a power is a straight line; the digits of the distances are kept."""
    for start in (1e9, 1e15, -1e15):
        Z = PowerScaler().fit_transform(start + np.arange(10.0)[:, None]).ravel()
        expected = (np.arange(10.0) - 4.5) / np.sqrt(8.25)
        np.testing.assert_allclose(Z, expected, atol=1e-7)


@every_method
@pytest.mark.parametrize("factor", [1000.0, 2.0**-60])
def test_other_units_have_the_same_result(method, factor):
    X = skewed(method)
    scaler, other = PowerScaler(method).fit(X), PowerScaler(method).fit(factor * X)
    np.testing.assert_allclose(
        other.transform(factor * X), scaler.transform(X), rtol=1e-9, atol=1e-11
    )
    np.testing.assert_allclose(other.unit_, factor * scaler.unit_, rtol=1e-14)
    if factor < 1:
        assert_same_bits(other.transform(factor * X), scaler.transform(X))


def test_the_results_of_signs_that_are_turned_are_turned():
    """2 - λ takes the place of λ."""
    X = skewed("yeo-johnson")
    scaler, other = PowerScaler().fit(X), PowerScaler().fit(-X)
    np.testing.assert_allclose(other.lambdas_, 2 - scaler.lambdas_, rtol=1e-10)
    np.testing.assert_allclose(other.transform(-X), -scaler.transform(X), rtol=1e-9, atol=1e-11)


@every_method
def test_columns_of_little_are_finite(method):
    """Constant, one row, two values, all missing: the power is 1 where nothing tells another."""
    X = np.array([[3.0, np.nan, 1.0, 2.0], [3.0, np.nan, 1.0, np.nan], [3.0, np.nan, 4.0, np.nan]])
    scaler = PowerScaler(method).fit(X)
    Z = scaler.transform(X)
    np.testing.assert_array_equal(np.isnan(Z), np.isnan(X))
    np.testing.assert_array_equal(scaler.lambdas_[[0, 3]], 1.0)
    assert np.isnan(scaler.lambdas_[1])
    np.testing.assert_array_equal(Z[:, 0], 0.0)
    np.testing.assert_array_equal(scaler.constant_features_, [0, 3])
    assert np.isnan(scaler.transform([[3.0, 5.0, 1.0, 2.0]])[0, 1])


@every_method
def test_a_constant_column_stays_one_under_another_numpy(method, monkeypatch):
    """Its members are what is equal, whatever becomes of them."""
    make, members = partial(PowerScaler, method, unit=1.0), np.array([0.3, 1.0, 1e5])
    act = laws.constant_where_functions_round_otherwise
    act(make, members, monkeypatch, powers.Power, ["bend", "grid"])


def test_a_column_of_zeros():
    scaler = PowerScaler().fit(np.zeros((4, 1)))
    np.testing.assert_array_equal(scaler.transform(np.zeros((4, 1))), 0.0)
    assert np.isnan(scaler.unit_[0])
    later = scaler.partial_fit(column(1.0, 5.0, 9.0))
    np.testing.assert_array_equal(later.unit_, [5.0])
    Z = later.transform(column(0, 0, 0, 0, 1, 5, 9))
    np.testing.assert_allclose([Z.mean(), Z.std()], [0, 1], atol=1e-12)


# Errors


@pytest.mark.parametrize("wrong", [0.0, -2.0])
@pytest.mark.parametrize("frame", [False, True])
def test_box_cox_refuses_what_is_not_positive(wrong, frame):
    """By column, value and remedy; in a fit, a stream and a transform, which change nothing."""
    X = skewed("box-cox", columns=2)
    bad = X.copy()
    bad[7, 1] = wrong
    if frame:
        X, bad = (pd.DataFrame(x, columns=["a", "b"]) for x in (X, bad))
    scaler = PowerScaler("box-cox").fit(X)
    before = read_scaler(scaler)
    name = "'b'" if frame else "1"
    message = rf"is not defined for {wrong}, in column {name}.*(yeo-johnson|Replace)"
    few = bad[5:9]
    acts = (PowerScaler("box-cox").fit, scaler.fit, scaler.partial_fit, scaler.transform)
    for act, given in [*((act, bad) for act in acts), (scaler.partial_fit, few)]:
        with pytest.raises(ValueError, match=message):
            act(given)
        assert_same_bits(read_scaler(scaler), before)


@every_method
def test_infinity_is_an_error(method):
    X = skewed(method)
    X[3, 2] = np.inf
    for act in (PowerScaler(method).fit, PowerScaler(method).fit(X[:3]).transform):
        with pytest.raises(ValueError, match=r"contains infinity.*in column 2"):
            act(X)


def test_a_power_that_no_float_holds_is_refused_by_column():
    X = np.column_stack([np.ones(3), [1e100, 1e200, 1e300]])
    with pytest.raises(
        ValueError, match=r"Column 1: the power 5.0 of 1e\+100 in units of 1.0 is no"
    ):
        PowerScaler(lambdas=5.0, unit=1.0).fit(X)
    scaler = PowerScaler(lambdas=5.0, unit=1.0).fit(X[:, :1])
    with pytest.raises(
        ValueError, match=r"Yeo-Johnson with the power 5.0.*not defined for 1e\+200"
    ):
        scaler.transform([[1e200]])


def test_a_result_beyond_the_bound_of_a_power_is_refused():
    """With λ = -1, (1 - 1 / (1 + x)) stays below 1."""
    scaler = PowerScaler(lambdas=-1.0, unit=1.0, standardize=False).fit(column(1.0, 2.0))
    np.testing.assert_allclose(scaler.inverse_transform([[0.75]]), [[3.0]])
    with pytest.raises(ValueError, match=r"not invertible for 1.5, in column 0.*bound"):
        scaler.inverse_transform([[1.5]])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"method": "log"}, "method"),
        ({"lambda_range": (2, 1)}, "lambda_range"),
        ({"lambda_range": (0, np.inf)}, "lambda_range"),
        ({"lambda_range": (0, 1, 2)}, "lambda_range"),
        ({"lambdas": [1.0, 2.0]}, "lambdas"),
        ({"lambdas": np.nan}, "lambdas"),
        ({"unit": 0.0}, "unit"),
        ({"unit": "mean"}, "unit"),
        ({"standardize": "yes"}, "standardize"),
    ],
)
def test_wrong_parameters(wrong, message):
    with pytest.raises(ValueError, match=message):
        PowerScaler(**wrong).fit(skewed("box-cox"))


def test_sparse_data_are_refused():
    with pytest.raises(SparseDataError):
        PowerScaler().fit(sparse.csr_array(np.eye(3)))


# Parameters


def test_powers_of_each_column():
    X = skewed("yeo-johnson")
    scaler = PowerScaler(lambdas=[0.0, 0.5, 1.0], unit=1.0).fit(X)
    np.testing.assert_array_equal(scaler.lambdas_, [0.0, 0.5, 1.0])
    for at, power in enumerate([0.0, 0.5, 1.0]):
        alone = PowerScaler(lambdas=power, unit=1.0).fit_transform(X[:, [at]])
        assert_same_bits(scaler.transform(X)[:, [at]], alone)
    frame = pd.DataFrame(X, columns=list("abc"))
    by_name = PowerScaler(lambdas={"c": 1.0, "a": 0.0, "b": 0.5}, unit=1.0).fit(frame)
    np.testing.assert_array_equal(by_name.lambdas_, [0.0, 0.5, 1.0])


def test_the_range_holds_the_power():
    X = skewed("box-cox")
    free = PowerScaler("box-cox").fit(X).lambdas_
    assert (np.abs(free) < 0.5).all()
    np.testing.assert_array_equal(PowerScaler("box-cox", lambda_range=(1, 2)).fit(X).lambdas_, 1.0)
    np.testing.assert_array_equal(
        PowerScaler("box-cox", lambda_range=(-3, -1)).fit(X).lambdas_, -1.0
    )


# Streams and merges


def parts_of(X, cuts=(1, 90, 250)):
    return np.split(X, cuts)


@every_method
def test_a_first_batch_is_a_fit(method):
    X = skewed(method)
    assert_same_bits(
        read_scaler(PowerScaler(method).partial_fit(X)), read_scaler(PowerScaler(method).fit(X))
    )


@every_method
def test_a_stream_takes_the_best_power_of_the_grid(method):
    """Less than a step from that of a fit, with the mean and deviation exact for it."""
    X = skewed(method)
    fitted = PowerScaler(method, unit=1.0).fit(X)
    streamed = PowerScaler(method, unit=1.0)
    for part in parts_of(X):
        streamed.partial_fit(part)
    merged = laws.merged_in_any_order(
        [PowerScaler(method, unit=1.0).fit(part) for part in parts_of(X)], np.random.default_rng(2)
    )
    for scaler in (streamed, merged):
        assert (np.abs(scaler.lambdas_ - fitted.lambdas_) < STEP).all()
        assert (scaler.lambdas_ != fitted.lambdas_).all()
        np.testing.assert_allclose(
            scaler.lambdas_ / STEP, np.rint(scaler.lambdas_ / STEP), atol=1e-12
        )
        Z = scaler.transform(X)
        np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-12)
        np.testing.assert_allclose(Z, fitted.transform(X), atol=0.5)
    np.testing.assert_allclose(merged.transform(X), streamed.transform(X), rtol=1e-11, atol=1e-12)


@every_method
def test_a_narrow_range_has_a_fine_grid(method):
    """A hundredth of the range is a step, so a stream can be as near to a fit as is asked."""
    X = skewed(method)
    make = partial(PowerScaler, method, unit=1.0, lambda_range=(-0.5, 1.5))
    streamed = make()
    for part in parts_of(X):
        streamed.partial_fit(part)
    assert (np.abs(streamed.lambdas_ - make().fit(X).lambdas_) < 0.02).all()


@every_method
def test_known_powers_stream_and_merge_as_one_fit(method):
    X = skewed(method)
    make = partial(PowerScaler, method, lambdas=0.3, unit=2.0)
    laws.scaler_split_equals_whole(make, X, [1, 90, 250], 3)
    laws.scaler_merge_is_commutative_and_associative(make, X, [100, 350])


@every_method
def test_streams_in_any_order_are_the_same(method):
    X = skewed(method)
    make = partial(PowerScaler, method, unit=1.0)
    laws.scaler_merge_is_commutative_and_associative(make, X, [100, 350])
    laws.scaler_merge_with_nothing_changes_nothing(make, X)
    laws.scaler_merge_with_nothing_changes_nothing(partial(PowerScaler, method), X)


@every_method
def test_a_learned_unit_is_that_of_the_first_batch(method):
    X = skewed(method)
    scaler = PowerScaler(method).partial_fit(X[:100])
    unit = scaler.unit_.copy()
    np.testing.assert_array_equal(unit, np.median(np.abs(X[:100]), axis=0))
    for part in np.split(X[100:], 3):
        scaler.partial_fit(100 * part)
    np.testing.assert_array_equal(scaler.unit_, unit)
    whole = np.concatenate([X[:100], 100 * X[100:]])
    other = PowerScaler(method, unit=unit).fit(whole)
    assert (np.abs(scaler.lambdas_ - other.lambdas_) < STEP).all()
    Z = scaler.transform(whole)
    np.testing.assert_allclose([Z.mean(axis=0), Z.std(axis=0)], [[0] * 3, [1] * 3], atol=1e-12)


def test_parts_of_other_units_are_not_merged():
    X = skewed("yeo-johnson")
    frames = [pd.DataFrame(part, columns=["a", "b", "c"]) for part in (X[:100], X[100:])]
    one, other = (PowerScaler().fit(frame) for frame in frames)
    with pytest.raises(
        ValueError, match=r"column 'a' was measured in units of .*Give all parts the same"
    ):
        one.merge(other)
    units = one.unit_
    merged = PowerScaler(unit=units).fit(frames[0]).merge(PowerScaler(unit=units).fit(frames[1]))
    assert merged.n_samples_seen_ == 400


def test_a_batch_of_the_other_sign_joins_a_column_of_one_sign():
    """Measured about a middle, as if about 0."""
    X = RNG.lognormal(0, 1, (200, 1))
    scaler = PowerScaler().partial_fit(X)
    scaler.partial_fit(-X[:150]).partial_fit([[0.0]])
    whole = np.concatenate([X, -X[:150], [[0.0]]])
    other = PowerScaler(unit=scaler.unit_).partial_fit(whole).partial_fit(whole[:0])
    assert abs(scaler.lambdas_[0] - other.lambdas_[0]) < STEP
    Z = scaler.transform(whole)
    np.testing.assert_allclose([Z.mean(), Z.std()], [0, 1], atol=1e-11)
    np.testing.assert_allclose(scaler.inverse_transform(Z), whole, rtol=1e-9, atol=1e-12)
    same = PowerScaler(lambdas=scaler.lambdas_, unit=scaler.unit_).fit(whole)
    np.testing.assert_allclose(Z, same.transform(whole), rtol=1e-9, atol=1e-11)


def test_other_parameters_do_not_join_a_stream():
    X = skewed("box-cox")
    scaler = PowerScaler().fit(X)
    for changed in ({"lambda_range": (0, 1)}, {"lambdas": 1.0}, {"method": "box-cox"}):
        with pytest.raises(ValueError, match=f"was fitted with {next(iter(changed))}="):
            scaler.set_params(**changed).partial_fit(X)
        scaler.set_params(method="yeo-johnson", lambda_range=(-5, 5), lambdas=None)


@every_method
def test_weights_are_repetitions_and_0_is_absence(method):
    X = skewed(method)
    weight = RNG.integers(0, 4, len(X))
    for unit in ("median", 1.0):
        make = partial(PowerScaler, method, unit=unit)
        laws.weight_zero_is_absence(make, X, weight.astype(float))
        weighted = make().fit(X, sample_weight=weight)
        repeated = make().fit(np.repeat(X, weight, axis=0))
        np.testing.assert_allclose(weighted.lambdas_, repeated.lambdas_, rtol=1e-10)
        np.testing.assert_allclose(
            weighted.transform(X), repeated.transform(X), rtol=1e-9, atol=1e-11
        )


# The way out and back


@every_method
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames(method, frame):
    X = frame(dict(zip("abc", skewed(method).T, strict=True)))
    scaler = PowerScaler(method).fit(X)
    Z = scaler.set_output(transform=frame.__module__.partition(".")[0]).transform(X)
    assert isinstance(Z, frame)
    assert list(Z.columns) == list("abc")
    back = scaler.inverse_transform(Z)
    assert isinstance(back, frame)
    np.testing.assert_allclose(back.to_numpy(), X.to_numpy(), rtol=1e-9, atol=1e-12)


@every_method
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int32])
def test_other_dtypes(method, dtype):
    X = np.clip(np.rint(8 * skewed(method)) + (method == "box-cox"), -500, 500).astype(dtype)
    scaler, plain = PowerScaler(method).fit(X), PowerScaler(method).fit(X.astype(float))
    kept = dtype if np.dtype(dtype).kind == "f" else np.float64
    Z = scaler.transform(X)
    assert_same_bits(Z, plain.transform(X.astype(float)).astype(kept))
    np.testing.assert_allclose(scaler.inverse_transform(Z), X, rtol=0.05, atol=0.05)


@every_method
@pytest.mark.parametrize("standardize", [True, False])
def test_copies_go_on(method, standardize):
    X = skewed(method)
    X[4, 1] = np.nan
    scaler = PowerScaler(method, standardize=standardize).fit(X)
    text = json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False)
    for twin in (pickle.loads(pickle.dumps(scaler)), sklearn_norm.from_dict(json.loads(text))):
        assert_same_state(twin, scaler)
        assert_same_bits(twin.transform(X), scaler.transform(X))
        after = pickle.loads(pickle.dumps(scaler)).partial_fit(X[:50])
        assert_same_state(twin.partial_fit(X[:50]), after)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("affine", "first", "positive"), True),
        (("statistic", "members", "middle"), None),
        (("statistic", "members", "kind"), "Moments"),
    ],
)
def test_spoilt_documents_are_refused(path, value):
    document = sklearn_norm.to_dict(PowerScaler().fit(skewed("yeo-johnson")))
    document.pop("checksum", None)
    place = document["estimator"]["state"]
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(FormatError):
        sklearn_norm.from_dict(document)


def test_a_spoilt_map_is_found():
    one = np.ones(2)
    assert not list(Power(one, one, one, True).faults(2))
    assert [name for name, _ in Power(one, -one, one).faults(2)] == ["unit"]
    assert [name for name, _ in Power(one, one, 0 * one, True).faults(2)] == ["middle"]
    assert [name for name, _ in Power(one * np.nan, one, one).faults(2)] == ["lambdas"]


@every_method
@pytest.mark.parametrize("kind", ["both sides", "far from 0", "plain"])
def test_onnx_gives_the_same_there_and_back(method, kind):
    """Within roundings, in float64."""
    X = skewed(method)
    if kind == "far from 0":
        X = 1e5 + X
    scaler = PowerScaler(method, standardize=kind != "plain").fit(X)
    Z = scaler.transform(X)
    for estimator, given, expected in ((scaler, X, Z), (inverse(scaler), Z, X)):
        session = onnxruntime.InferenceSession(to_onnx(estimator, given[:1]).SerializeToString())
        found = session.run(None, {"X": given})[0]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


# The powers in rational arithmetic


@pytest.mark.parametrize("x", [0.25, 3.0, 1e-8, 12345.0])
@pytest.mark.parametrize("power", [-3, -1, 1, 2, 3])
def test_whole_powers_are_right_to_the_last_digits(x, power):
    """Against fractions: ((1 + x)^λ - 1) / λ, and on the other side the same of 2 - λ."""
    scaler = PowerScaler(lambdas=float(power), unit=1.0, standardize=False).fit([[1.0]])
    exact = (Fraction(x) + 1) ** power - 1
    np.testing.assert_allclose(scaler.transform([[x]])[0, 0], float(exact / power), rtol=1e-13)
    other = 2 - power
    if other:
        exact = -((Fraction(x) + 1) ** other - 1) / other
        np.testing.assert_allclose(scaler.transform([[-x]])[0, 0], float(exact), rtol=1e-13)


CHECKED = [PowerScaler(), PowerScaler(unit=1.0), PowerScaler(lambdas=0.5)]
CHECKED += [PowerScaler(standardize=False), PowerScaler(lambda_range=(0, 2))]


@pytest.mark.share(0.5, each_value=False)
@parametrize_with_checks(CHECKED)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.full
@pytest.mark.parametrize("unit", ["median", 1.0])
def test_sklearn_checks_of_box_cox_fail_only_where_it_is_not_defined(unit):
    """Their data hold zeros, even for what takes positive numbers only."""
    laws.fails_only_for_what_is_not_defined(PowerScaler("box-cox", unit=unit), least=20)


# Threads


@every_method
def test_threads_change_no_bit_and_warn_of_nothing(method, monkeypatch):
    """Columns are raised and searched on threads of their own, extreme ones among them."""
    X = skewed(method, columns=8)
    X[:, 3] *= 1e200
    X[:, 4] = np.abs(X[:, 4]) ** 50
    alone = PowerScaler(method).fit(X)
    monkeypatch.setattr(blocks, "SERIAL", 1)
    with sklearn_norm.config_context(n_threads=4):
        scaler = PowerScaler(method).fit(X)
        assert_same_bits(read_scaler(scaler), read_scaler(alone))
        assert_same_bits(scaler.transform(X), alone.transform(X))
