"""Parameters: checked once for each set of constants, and kept as they were at the fit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from sklearn_norm import BatchStatsScaler, MinMaxScaler, RobustScaler, ZScoreScaler
from sklearn_norm.inputs import parameters

NAN = float("nan")


class Counted(ZScoreScaler):
    """A scaler that counts how often its parameters are validated."""

    looks = 0

    def _validate_params(self):
        type(self).looks += 1
        super()._validate_params()


class Anything(Counted):
    """One that takes any `ddof`, so that only the cache tells its values apart."""

    _parameter_constraints = {**ZScoreScaler._parameter_constraints, "ddof": "no_validation"}  # noqa: RUF012


@pytest.fixture(autouse=True)
def _forgotten(monkeypatch):
    """Begin every test with an empty cache and a count of 0."""
    monkeypatch.setattr(parameters, "_valid", {})
    monkeypatch.setattr(Counted, "looks", 0)
    monkeypatch.setattr(Anything, "looks", 0)


def looks(kind, *ddofs):
    """Return how often parameters were validated, for values of one of them in turn."""
    for ddof in ddofs:
        parameters.check(kind(ddof=ddof))
    return kind.looks


# Names


def test_names_are_those_of_scikit_learn_in_its_order():
    for kind in (ZScoreScaler, MinMaxScaler, RobustScaler, BatchStatsScaler):
        assert list(parameters.names_of(kind)) == list(kind().get_params())


def test_defaults_are_those_of_the_constructor():
    assert parameters.defaults_of(ZScoreScaler) == ZScoreScaler().get_params()


# The check, and its cache


def test_constants_are_validated_once():
    assert looks(Counted, 0, 0, 0) == 1


@pytest.mark.parametrize(
    "values",
    [
        (True, 1),
        (1, True),
        (0.0, 0),
        (0, False),
        (1, 1.0),
        ("1", 1),
        ((1,), (True,)),
        (1, np.int64(1)),
    ],
    ids=repr,
)
def test_equal_values_of_other_types_are_other_values(values):
    """True is equal to 1, and to a set they are one: valid for the one is not for the other."""
    assert looks(Anything, *values) == 2


def test_a_wrong_type_is_refused_though_an_equal_value_was_valid():
    scaler = ZScoreScaler(with_mean=True)
    parameters.check(scaler)
    with pytest.raises(ValueError, match="'with_mean' parameter"):
        parameters.check(ZScoreScaler(with_mean=1.0))
    with pytest.raises(ValueError, match="'ddof' parameter"):
        parameters.check(ZScoreScaler(ddof=0.0))


def test_what_is_not_valid_is_not_cached():
    for _ in range(2):
        with pytest.raises(ValueError, match="'ddof' parameter"):
            parameters.check(Counted(ddof=5))
    assert Counted.looks == 2


@pytest.mark.parametrize("value", [[1], {"a": 1}, np.ones(2), (1, [2]), {1}], ids=repr)
def test_mutable_values_are_validated_every_time(value):
    assert looks(Anything, value, value, value) == 3


def test_a_list_that_is_made_wrong_after_it_was_valid_is_refused():
    scaler = BatchStatsScaler(gamma=[1.0, 2.0]).fit(np.eye(2))
    scaler.gamma[1] = NAN
    with pytest.raises(ValueError, match="`gamma` must hold one finite number"):
        scaler.fit(np.eye(2))


def test_classes_do_not_share_what_is_valid():
    parameters.check(Anything(ddof=7))
    with pytest.raises(ValueError, match="'ddof' parameter"):
        parameters.check(Counted(ddof=7))


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(parameters, "MOST", 3)
    for ddof in range(10):
        parameters.check(Anything(ddof=ddof))
        assert len(parameters._valid) <= 3


# Kept


def test_what_could_be_changed_is_copied():
    given = {"a": [1, 2], "b": (1, "x"), "c": (1, [2]), "d": None}
    kept = parameters.kept(given)
    assert kept == given
    assert kept["a"] is not given["a"]
    assert kept["c"][1] is not given["c"][1]
    assert kept["b"] is given["b"]


ALIKE = [
    (1, 1, True),
    (1, True, False),
    (0, 0.0, False),
    (0.5, 0.5, True),
    (None, None, True),
    (None, 0, False),
    ("a", "a", True),
    ((1, 2), (1, 2), True),
    ((1, 2), [1, 2], False),
    ([1, 2], [1, 2], True),
    ([1, 2], [1, 3], False),
    ({"a": (1, 2)}, {"a": (1, 2)}, True),
    ({"a": 1}, {"b": 1}, False),
    (np.ones(2), np.ones(2), True),
    (np.ones(2), np.ones(3), False),
    (np.ones(2), [1.0, 1.0], False),
    (np.array([1.0, NAN]), np.array([1.0, NAN]), False),
]


@pytest.mark.parametrize(("kept", "now", "expected"), ALIKE, ids=repr)
def test_whether_parameters_are_as_kept(kept, now, expected):
    """Types count as well as values: what was checked is what is there."""
    assert parameters.are_as_kept(Anything(ddof=now), {"ddof": kept}) == expected


def test_one_object_is_as_kept_whatever_it_is():
    value = np.array([NAN])
    assert parameters.are_as_kept(Anything(ddof=value), {"ddof": value})


def test_a_parameter_that_was_deleted_is_not_as_kept():
    scaler = Anything(ddof=1)
    del scaler.ddof
    assert not parameters.are_as_kept(scaler, {"ddof": 1})


# The same, however they are written, as merges ask


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((0, 1), [0.0, 1.0], True),
        ((0, 1), np.array([0, 1]), True),
        (1, True, True),
        (2.0, [2.0], False),
        ("1", 1, False),
        (None, 0, False),
        ({"a": (0, 1)}, {"a": [0, 1]}, True),
        ({"a": 0}, {"b": 0}, False),
        ([[1, 2], [3]], np.ones(2), False),
        (sparse.csr_array(np.eye(2)), sparse.csr_array(np.eye(2)), False),
    ],
)
def test_what_means_the_same(a, b, expected):
    assert parameters.same(a, b) == parameters.same(b, a) == expected
