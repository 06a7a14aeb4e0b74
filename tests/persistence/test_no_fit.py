"""States that no fit gives are refused, with the place: each number of the attack is a test."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from budget import times
from documents import STATE, STATISTIC, X, changed, document_array, document_of, refuses

import sklearn_norm

KINDS = {
    "ZScoreScaler": "Moments",
    "MinMaxScaler": "Extrema",
    "MaxAbsScaler": "Extrema",
    "DecimalScaler": "Extrema",
    "RobustScaler": "Quantiles",
    "BatchStatsScaler": "Running",
    "BatchNorm": "Running",
}
PAIRS = [(a, b) for a, b in itertools.product(KINDS, KINDS) if KINDS[a] != KINDS[b]]
FULL = [[1.0, -5.0, 2.5], [3.0, 7.0, 2.5], [8.0, 1.0, 2.5]]


def fitted(name):
    return getattr(sklearn_norm, name)().fit(X)


def waiting(rows=3):
    """Return a document with batches of one row that wait."""
    scaler = sklearn_norm.ZScoreScaler().fit(FULL)
    for _ in range(rows):
        scaler.partial_fit([[2.0, 2.0, 2.0]])
    return document_of(scaler)


def with_vector(name, vector, values):
    """Return the document of a fitted estimator with a vector of its map or its statistic."""
    return changed(document_of(fitted(name)), (*STATE, *vector), document_array(values))


@pytest.mark.parametrize(("name", "other"), PAIRS)
def test_a_statistic_of_another_class_is_refused(name, other):
    given = document_of(fitted(other))["estimator"]["state"]["statistic"]
    refuses(changed(document_of(fitted(name)), STATISTIC, given), r"state\.(statistic|affine)")


def test_a_given_center_is_only_for_the_scaler_that_takes_one():
    given = document_of(sklearn_norm.RobustScaler.from_stats(center=[0.0] * 3, scale=[1.0] * 3))
    statistic = given["estimator"]["state"]["statistic"]
    refuses(changed(document_of(fitted("MinMaxScaler")), STATISTIC, statistic), "statistic.kind")


@pytest.mark.parametrize("wrong", [-1.0, np.nan, np.inf])
@pytest.mark.parametrize("name", [name for name in KINDS if name != "DecimalScaler"])
def test_a_scale_is_that_of_the_statistic(name, wrong):
    document = document_of(fitted(name))
    refuses(with_vector(name, ("affine", "scale"), [wrong, 1.0, 1.0]), "affine.scale: .*column 0")
    assert sklearn_norm.from_dict(document) is not None


def test_a_center_is_that_of_the_statistic_to_the_last_bit():
    right = fitted("ZScoreScaler").mean_
    for wrong in (np.inf, -np.inf, np.nan, np.nextafter(right[1], 9.0)):
        vector = [right[0], wrong, right[2]]
        refuses(with_vector("ZScoreScaler", ("affine", "center"), vector), "center: is .*column 1")


def test_a_map_of_an_older_version_may_be_off_by_its_age_and_no_more():
    """It is kept as it was written, and made anew when it is saved again."""
    scaler = fitted("ZScoreScaler")
    near, far = scaler.scale_ * (1 + 2.0**-40), scaler.scale_ * (1 + 2.0**-20)
    for scale, is_kept in ((near, True), (far, False)):
        document = with_vector("ZScoreScaler", ("affine", "scale"), scale)
        document = changed(document, ("version",), "0.0.1")
        if not is_kept:
            refuses(document, r"affine\.scale: is .* Fit again")
            continue
        found = sklearn_norm.from_dict(document)
        np.testing.assert_array_equal(found.scale_, scale)
        again = sklearn_norm.from_dict(document_of(found))
        np.testing.assert_array_equal(again.scale_, scaler.scale_)


@pytest.mark.parametrize(
    ("name", "vector", "values", "message"),
    [
        (
            "ZScoreScaler",
            "square_high",
            [-1.0, 0.0, 0.0],
            "square_high: cannot be -1.0 in column 0",
        ),
        ("ZScoreScaler", "square_high", [1e9, 0.0, 0.0], "square_high: cannot be"),
        ("ZScoreScaler", "sum_high", [1e9, 0.0, 0.0], "sum_high: cannot be|square_high"),
        ("ZScoreScaler", "sum_low", [0.0, 5.0, 0.0], "sum_low: cannot be 5.0 in column 1"),
        ("ZScoreScaler", "weight_low", [0.0, 5.0, 0.0], "weight_low: cannot be 5.0 in column 1"),
        ("MinMaxScaler", "low", [9.0, -5.0, 2.5], "low: cannot be 9.0 in column 0"),
        ("MinMaxScaler", "low", [-np.inf, -5.0, 2.5], "low: cannot be -inf in column 0"),
        ("MinMaxScaler", "weight", [0.0, 3.0, 2.0], "low: cannot be 1.0 in column 0"),
        ("RobustScaler", "norm", [9.0, 1.0, 1.0], "norm: cannot be 9.0 in column 0"),
        ("RobustScaler", "weight", [4.0, 3.0, 2.0], r"sketches\[0\]\.levels: have the weight 3"),
        ("RobustScaler", "high", [9.0, 7.0, 2.5], "affine|known|sketches"),
    ],
)
def test_a_statistic_that_no_data_give_is_refused(name, vector, values, message):
    if (name, vector) == ("RobustScaler", "high"):  # larger extrema are those of no member
        values = [7.5, 7.0, 2.5]
    refuses(with_vector(name, ("statistic", vector), values), message)


def test_known_quantiles_lie_in_their_order():
    known = sklearn_norm.RobustScaler().fit(X)._fitted.statistic.known
    wrong = known.copy()
    wrong[[1, 2], 0] = wrong[[2, 1], 0]
    refuses(with_vector("RobustScaler", ("statistic", "known"), wrong), "known: cannot be")


def test_negative_squares_are_refused_in_both_moments_of_a_running_average():
    for part in ("means", "residuals"):
        place = ("statistic", part, "square_high")
        refuses(with_vector("BatchNorm", place, [-1.0] * 3), f"statistic.{part}.square_high")
    refuses(
        with_vector("BatchNorm", ("statistic", "residuals", "weight"), [9.0] * 3),
        "residuals.weight: cannot be 9.0",
    )


def test_a_sketch_has_the_members_of_its_column():
    document = document_of(fitted("RobustScaler"))
    place = (*STATISTIC, "sketches", 1, "levels")
    refuses(changed(document, place, [document_array([-5.0, 1.0])]), r"sketches\[1\]\.levels: have")
    wrong = [document_array([-5.0, 1.0, 8.0])]
    refuses(changed(document, place, wrong), r"levels\[0\]: must lie between -5.0 and 7.0")
    for name in ("spread", "settled"):
        wrong = changed(document, (*STATISTIC, "sketches", 1, name), 1.0)
        refuses(wrong, f"{name}: is 1.0, above the drift")


def test_a_center_and_a_scale_that_were_given_are_as_from_stats_takes_them():
    document = document_of(sklearn_norm.RobustScaler.from_stats(center=[1.0], scale=[2.0]))
    for name, wrong in itertools.product(("center", "scale"), (np.nan, np.inf, -np.inf)):
        twin = changed(document, (*STATISTIC, name), document_array([wrong]))
        refuses(changed(twin, (*STATE, "affine", name), document_array([wrong])), f"{name}: cannot")
    twin = changed(document, (*STATISTIC, "scale"), document_array([-1.0]))
    refuses(changed(twin, (*STATE, "affine", "scale"), document_array([-1.0])), "scale: cannot")


# Batches that wait


def test_sizes_that_wrap_around_are_refused():
    """The sum of these is 3 modulo 2**64, and some rows counted twice."""
    sizes = [2**62, 2**62, 2**62, 2**62 - 1, 4]
    document = changed(waiting(), (*STATE, "pending", "sizes"), document_array(sizes, "<i8"))
    refuses(document, "estimator.state: .*pending.sizes do not add up")


def test_more_batches_than_wait_are_refused():
    rows, sizes = np.zeros((256, 3)), np.ones(256, dtype=np.int64)
    pending = {"rows": document_array(rows), "sizes": document_array(sizes, "<i8")}
    refuses(changed(waiting(), (*STATE, "pending"), pending), "256, but fewer than 256 wait")
    pending = {
        "rows": document_array(np.zeros((22000, 3))),
        "sizes": document_array([22000], "<i8"),
    }
    refuses(changed(waiting(), (*STATE, "pending"), pending), "pending.rows: must hold fewer")
    pending = {"rows": document_array(np.zeros((3000, 3))), "sizes": document_array([3000], "<i8")}
    refuses(changed(waiting(), (*STATE, "pending"), pending), "pending.sizes: has a batch that no")


def test_the_map_of_a_state_includes_the_batches_that_wait():
    refuses(changed(waiting(), (*STATE, "affine", "scale"), document_array([1.0] * 3)), "scale: is")


def test_no_norm_has_more_features_than_memory_holds():
    document = document_of(sklearn_norm.LayerNorm().fit(X))
    for size in (2**52, 2**31 + 1):
        twin = changed(document, (*STATE, "n_features_in_"), size)
        twin = changed(twin, (*STATE, "shape_"), {"tuple": [size]})
        refuses(twin, r"n_features_in_: must be a number of features up to 2\*\*31")


# What fits give is never refused


def data_of(draw):
    """Return rows of columns as odd as data are: huge, tiny, constant, empty, far from 0."""
    n = int(draw.integers(1, 40))
    columns = [
        draw.normal(size=n),
        draw.normal(size=n) * 10.0 ** draw.integers(-150, 150),
        np.full(n, draw.normal()),
        1e9 + draw.integers(0, 3, size=n),
        np.where(draw.random(n) < 0.5, np.nan, draw.normal(size=n)),
        np.full(n, np.nan) if draw.random() < 0.5 else draw.integers(0, 2, size=n) * 1.0,
        10.0 ** draw.uniform(-300, 300, size=n),
    ]
    return np.column_stack(columns)


@pytest.mark.parametrize("name", [*KINDS, "forgetting", "within"])
def test_what_a_fit_gives_is_loaded_to_the_bit(name):
    """With weights of any size, streams, rows that wait, merges and forgetting."""
    draw = np.random.default_rng(len(name))
    for _ in range(times(6, 100, 400)):
        if name in KINDS:
            scaler = getattr(sklearn_norm, name)()
        else:
            momentum = float(draw.choice([1.0, 0.5, 1e-3]))
            variance = "within" if name == "within" else "total"
            scaler = sklearn_norm.BatchStatsScaler(momentum=momentum, variance=variance)
        for step in range(int(draw.integers(1, 5))):
            rows, weight = data_of(draw), None
            if draw.random() < 0.5 and name != "BatchNorm":
                weight = draw.random(len(rows)) * 10.0 ** draw.integers(-9, 9)
                weight[1:][draw.random(len(rows) - 1) < 0.2] = 0.0
            scaler.partial_fit(rows, sample_weight=weight)
            if step % 2 and type(scaler).__name__ not in ("BatchStatsScaler", "BatchNorm"):
                scaler = scaler.merge(type(scaler)().fit(data_of(draw)))
            if draw.random() < 0.3:
                scaler.partial_fit(rows[:1])
        document = document_of(scaler)
        assert document_of(sklearn_norm.from_dict(document)) == document
