"""Kinds of records: a user's class is never mistaken for one of this library."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from documents import changed, document_of
from laws import assert_same_bits, assert_same_state

import sklearn_norm
from sklearn_norm import MinMaxScaler
from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.exceptions import FormatError
from sklearn_norm.maps import affine
from sklearn_norm.maps.chain import Bend, Chain
from sklearn_norm.maps.record import Map
from sklearn_norm.records import kind_of
from sklearn_norm.statistics import extrema
from sklearn_norm.statistics.record import Statistic


@dataclass(frozen=True, eq=False)
class Extrema(extrema.Extrema):
    """A user's statistic with the same name as one of ours, which leaves out members of 0."""

    @classmethod
    def measure(cls, X, weight=None):
        return super().measure(np.where(X == 0, np.nan, X), weight)


@dataclass(frozen=True, eq=False)
class Affine(affine.Affine):
    """A user's map with the same name as one of ours, which turns the sign."""

    def apply(self, X, out=None, **options):
        return -super().apply(X, None, **options)


@dataclass(frozen=True, eq=False)
class Root(Bend):
    def bend(self, x):
        return np.sqrt(x)

    def unbend(self, y):
        return y * y


class PeakScaler(Scaler):
    """A user's scaler that uses these two."""

    _parameter_constraints = {"copy": ["boolean"]}  # noqa: RUF012

    def __init__(self, *, copy=True):
        self.copy = copy

    def _measure(self, X, weight):
        return Extrema.measure(X, weight)

    def _rule(self, statistic):
        return Affine.of(scale=statistic.high)


X = np.array([[0.0, 4.0], [2.0, 8.0]])


def through_json(estimator):
    text = json.dumps(sklearn_norm.to_dict(estimator), allow_nan=False)
    return sklearn_norm.from_dict(json.loads(text))


def test_ours_are_known_by_name_and_others_by_module_as_well():
    assert kind_of(extrema.Extrema) == "Extrema"
    assert kind_of(affine.Affine) == "Affine"
    assert kind_of(Chain) == "Chain"
    assert kind_of(Extrema) == f"{__name__}.Extrema"
    assert kind_of(Affine) == f"{__name__}.Affine"
    assert kind_of(Root) == f"{__name__}.Root"


def test_a_package_whose_name_begins_like_ours_is_not_ours():
    kind = type("Extrema", (), {"__module__": "sklearn_norm_extras.statistics"})
    assert kind_of(kind) == "sklearn_norm_extras.statistics.Extrema"


def test_a_class_in_a_function_is_known_by_where_it_stands():
    class Local:
        pass

    assert kind_of(Local).endswith("<locals>.Local")


def test_both_are_found_and_neither_replaces_the_other():
    """Whichever was defined last."""
    assert Statistic.kinds["Extrema"] is extrema.Extrema
    assert Statistic.kinds[f"{__name__}.Extrema"] is Extrema
    assert Map.kinds["Affine"] is affine.Affine
    assert Map.kinds[f"{__name__}.Affine"] is Affine
    assert Bend.kinds[f"{__name__}.Root"] is Root


def test_a_scaler_of_ours_comes_back_with_our_records():
    """And goes on to learn: a later batch widens its bounds."""
    scaler = through_json(MinMaxScaler().fit(X))
    assert_same_state(scaler, MinMaxScaler().fit(X))
    scaler.partial_fit([[-2.0, 16.0]])
    assert_same_bits(scaler.data_min_, np.array([-2.0, 4.0]))
    assert_same_bits(scaler.data_max_, np.array([2.0, 16.0]))
    assert_same_bits(scaler.transform(X), MinMaxScaler().fit([[-2, 4], [2, 16]]).transform(X))


def test_a_scaler_of_a_users_comes_back_with_his_records():
    """Its statistic leaves out 0, and its map turns the sign, there and later."""
    scaler = PeakScaler().fit(X)
    document = document_of(scaler)["estimator"]["state"]
    assert document["statistic"]["kind"] == f"{__name__}.Extrema"
    assert document["affine"]["kind"] == f"{__name__}.Affine"
    twin = through_json(scaler)
    assert_same_state(twin, scaler)
    assert_same_bits(twin.transform(X), np.array([[-0.0, -0.5], [-1.0, -1.0]]))
    assert_same_bits(twin.partial_fit([[0.0, 16.0]]).transform(X)[:, 1], np.array([-0.25, -0.5]))
    assert twin.n_samples_seen_.tolist() == [1, 3]


@pytest.mark.parametrize("part", ["statistic", "affine"])
@pytest.mark.parametrize("kind", ["test.Extrema", "extrema.Extrema", "", None, 1, ["Extrema"]])
def test_a_kind_of_nobody_is_refused_with_its_place(part, kind):
    document = document_of(MinMaxScaler().fit(X))
    path = ("estimator", "state", part, "kind")
    if part == "affine":
        document["estimator"]["state"]["affine"]["kind"] = "Affine"
    with pytest.raises(FormatError, match=r"estimator\.state"):
        sklearn_norm.from_dict(changed(document, path, kind))
