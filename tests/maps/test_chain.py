"""Scalers whose map bends first: a function, then an affine map, through all that a scaler does."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from typing import ClassVar

import laws
import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from documents import DELETED, changed, document_of
from laws import assert_same_bits, assert_same_state, read_scaler
from scipy import sparse
from skl2onnx import to_onnx
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import sklearn_norm
from sklearn_norm import ZScoreScaler
from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.exceptions import FormatError, SparseDataError
from sklearn_norm.maps.affine import Affine
from sklearn_norm.maps.chain import Bend, Chain
from sklearn_norm.maps.record import Map
from sklearn_norm.onnx import inverse
from sklearn_norm.statistics.moments import Moments


@dataclass(frozen=True, eq=False)
class Log(Bend):
    """The natural logarithm of positive numbers."""

    def bend(self, x):
        return np.log(x)

    def unbend(self, y):
        return np.exp(y)


@dataclass(frozen=True, eq=False)
class SignedLog(Bend):
    """A logarithm on both sides of 0, linear about it: sign(x) log(1 + |x| / unit)."""

    unit: float = 1.0

    def bend(self, x):
        return np.sign(x) * np.log1p(np.absolute(x) / self.unit)

    def unbend(self, y):
        return np.sign(y) * np.expm1(np.absolute(y)) * self.unit

    def faults(self, n_columns):
        if type(self.unit) is not float or not self.unit > 0:
            yield "unit", f"must be a number above 0, not {self.unit!r}"


@dataclass(frozen=True, eq=False)
class Root(Bend):
    """A power of the size of each column's own, with the sign kept."""

    power: np.ndarray

    def bend(self, x):
        return np.sign(x) * np.exp(np.log(np.absolute(x)) * self.power)

    def unbend(self, y):
        return np.sign(y) * np.exp(np.log(np.absolute(y)) / self.power)


class LogScaler(Scaler):
    """Take the logarithm, then scale to mean 0 and standard deviation 1."""

    _parameter_constraints: ClassVar[dict] = {"copy": ["boolean"]}

    def __init__(self, *, copy=True):
        self.copy = copy

    def _measure(self, X, weight):
        return Moments.measure(Log().bent(X), weight)

    def _rule(self, statistic):
        scale = statistic.deviation(0)
        return Chain(Log(), Affine.of(center=statistic.mean, scale=scale))


class SignedLogScaler(Scaler):
    """Take the logarithm of the size, then divide by the standard deviation: 0 stays 0."""

    _parameter_constraints: ClassVar[dict] = {"copy": ["boolean"]}

    def __init__(self, *, copy=True):
        self.copy = copy

    def _measure(self, X, weight):
        return Moments.measure(SignedLog(2.0).bent(X), weight)

    def _rule(self, statistic):
        return Chain(SignedLog(2.0), Affine.of(scale=statistic.deviation(0)))


RNG = np.random.default_rng(8)
NAMES = ["age", "height", "weight"]
X = RNG.lognormal(1.0, 2.0, (60, 3))
X[5, 1] = np.nan
MIXED = X * RNG.choice([-1.0, 0.0, 1.0], X.shape)
DATA = {LogScaler: X, SignedLogScaler: MIXED}
every_kind = pytest.mark.parametrize("kind", DATA)


def log_by_hand(data):
    return ZScoreScaler().fit(np.log(X)).transform(np.log(data))


def assert_near(actual, expected, rtol=1e-13):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol)


# What a scaler does


def test_fit_and_transform_are_those_of_the_parts():
    """The same bits as the logarithm, then ZScoreScaler, by hand."""
    scaler = LogScaler().fit(X)
    assert_same_bits(scaler.transform(X), log_by_hand(X))
    assert_same_bits(LogScaler().fit_transform(X), log_by_hand(X))


@every_kind
def test_inverse_undoes_transform(kind):
    """Of all columns, and of some."""
    data = DATA[kind]
    scaler = kind().fit(data)
    Z = scaler.transform(data)
    assert_near(scaler.inverse_transform(Z), data)
    assert_near(scaler.inverse_transform(Z[:, [0, 2]], columns=[0, 2]), data[:, [0, 2]])


@every_kind
@pytest.mark.parametrize("cuts", [[], [1], [0, 7, 7, 40]])
def test_parts_are_the_whole(kind, cuts):
    """Streamed or merged in any order, parts lead to the same."""
    data = DATA[kind]
    laws.scaler_split_equals_whole(kind, data, cuts, 3)
    laws.scaler_merge_is_commutative_and_associative(kind, data, [10, 41])
    laws.scaler_merge_with_nothing_changes_nothing(kind, data)


@every_kind
def test_laws_that_hold_for_any_map(kind, tmp_path):
    """Use, weights, columns, containers, copies; not those of linear maps."""
    data = DATA[kind]
    weight = np.arange(len(data)) % 3
    laws.use_changes_nothing(kind, data)
    laws.weight_zero_is_absence(kind, data, weight.astype(float))
    laws.scaler_integer_weight_repeats(kind, data, weight)
    laws.scaler_columns_are_independent(kind, data, [2, 0, 1])
    laws.container_leaves_no_trace(kind, data)
    laws.inverse_undoes_transform(kind, np.where(np.abs(data) < 1, 1.0, data))


@every_kind
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_frames_in_and_out(kind, frame):
    """The inverse of a frame is a frame; set_output asks for one of transform."""
    data = frame(dict(zip(NAMES, DATA[kind].T, strict=True)))
    scaler = kind().fit(data)
    Z = scaler.transform(data)
    assert isinstance(Z, np.ndarray)
    assert isinstance(scaler.inverse_transform(data), frame)
    name = frame.__module__.partition(".")[0]
    Z = scaler.set_output(transform=name).transform(data)
    assert isinstance(Z, frame)
    assert list(Z.columns) == NAMES
    some = scaler.inverse_transform(Z[["age", "weight"]])
    assert_near(np.asarray(some), DATA[kind][:, [0, 2]])


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_short_floats_come_out_as_such(kind, dtype):
    """Computed in float64, rounded once."""
    data = np.clip(DATA[kind], -100, 100).astype(dtype)
    data[data == 0] = 1
    scaler = kind().fit(data)
    Z = scaler.transform(data)
    assert Z.dtype == dtype
    assert_same_bits(Z, scaler.transform(data.astype(np.float64)).astype(dtype))
    assert scaler.inverse_transform(Z).dtype == dtype


def test_what_a_short_float_has_no_room_for_is_infinite_without_a_warning():
    scaler = LogScaler().fit(X)
    back = scaler.inverse_transform(np.full((1, 3), 9.0, np.float16))
    assert np.isinf(back).all()


def test_integers_are_mapped_as_floats():
    data = np.arange(1, 13).reshape(4, 3)
    scaler = LogScaler().fit(data)
    assert_same_bits(scaler.transform(data), LogScaler().fit_transform(data.astype(float)))


@every_kind
def test_copy_false_writes_in_place(kind):
    """And to nothing where the input is an integer or must be kept."""
    data = DATA[kind].copy()
    expected = kind().fit(data).transform(data)
    scaler = kind(copy=False).fit(data)
    Z = scaler.transform(data)
    assert Z is data
    assert_same_bits(Z, expected)
    assert scaler.inverse_transform(Z) is data
    assert_near(data, DATA[kind])


# Where the function is not defined


@pytest.mark.parametrize("wrong", [0.0, -0.0, -2.5])
def test_members_that_have_no_logarithm_are_refused(wrong):
    """In a fit, a stream and a transform; nothing is changed, copy=False or not."""
    data = X.copy()
    data[7, 2] = wrong
    message = rf"Log\(\) is not defined for {wrong}, in column 2. Replace it, by NaN"
    scaler = LogScaler(copy=False).fit(X)
    before = read_scaler(scaler)
    for act in (scaler.fit, scaler.partial_fit, scaler.transform, scaler.fit_transform):
        given = data.copy()
        with pytest.raises(ValueError, match=message):
            act(given)
        assert_same_bits(given, data)
        assert_same_bits(read_scaler(scaler), before)


def test_a_small_batch_of_a_stream_is_refused_when_it_comes():
    """Not later, when the pending batches are read."""
    scaler = LogScaler().fit(X).partial_fit(X[:2])
    before = read_scaler(scaler)
    with pytest.raises(ValueError, match=r"Log\(\) is not defined for -1.0, in column 1"):
        scaler.partial_fit(np.array([[1.0, -1.0, 1.0]]))
    assert_same_bits(read_scaler(scaler), before)


def test_infinity_is_refused_by_name():
    data = X.copy()
    data[3, 0] = np.inf
    scaler = LogScaler().fit(X)
    for act in (LogScaler().fit, scaler.transform, scaler.inverse_transform):
        with pytest.raises(ValueError, match=r"contains infinity.*in column 0"):
            act(data)


# Sparse data


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_where_0_stays_0(form):
    """The bits of the dense, in the format given."""
    data = np.nan_to_num(MIXED)
    scaler, dense = SignedLogScaler().fit(form(data)), SignedLogScaler().fit(data)
    assert_same_bits(read_scaler(scaler), read_scaler(dense))
    Z = scaler.transform(form(data))
    assert isinstance(Z, form)
    assert_same_bits(Z.toarray() + 0.0, dense.transform(data) + 0.0)
    assert_near(scaler.inverse_transform(Z).toarray(), data)
    in_place = SignedLogScaler(copy=False).fit(form(data))
    given = form(data)
    assert in_place.transform(given).data is given.data


@pytest.mark.parametrize("copy", [True, False])
def test_a_sparse_place_that_is_stored_twice_is_summed_first(copy):
    """The function of a sum is not the sum of the function."""
    twice = sparse.csr_array(([1.0, 2.0, 5.0], [0, 0, 1], [0, 2, 3]), shape=(2, 2))
    once = sparse.csr_array(np.array([[3.0, 0.0], [0.0, 5.0]]))
    scaler = SignedLogScaler(copy=copy).fit(once)
    assert_same_bits(
        read_scaler(SignedLogScaler().fit(twice)), read_scaler(SignedLogScaler().fit(once))
    )
    assert_same_bits(scaler.transform(twice).toarray(), scaler.transform(once.copy()).toarray())
    assert_near(scaler.inverse_transform(scaler.transform(twice)).toarray(), once.toarray())


def test_sparse_data_whose_zeros_have_no_logarithm_are_refused():
    for act in (LogScaler().fit, LogScaler().fit(X).transform):
        with pytest.raises(SparseDataError, match="zeros"):
            act(sparse.csr_array(np.eye(3)))


# Copies and documents


@every_kind
def test_copies_are_the_same_and_go_on(kind):
    """Pickles and JSON, to the bit."""
    scaler = kind().fit(DATA[kind])
    text = json.dumps(sklearn_norm.to_dict(scaler), allow_nan=False)
    after = kind().fit(DATA[kind]).partial_fit(DATA[kind][:9])
    for twin in (pickle.loads(pickle.dumps(scaler)), sklearn_norm.from_dict(json.loads(text))):
        assert_same_state(twin, scaler)
        assert_same_bits(twin.transform(DATA[kind]), scaler.transform(DATA[kind]))
        assert_same_state(twin.partial_fit(DATA[kind][:9]), after)


AFFINE = ("estimator", "state", "affine")
SPOILT = {
    "a kind of nobody": ((*AFFINE, "kind"), "Nothing", "no map of the kind 'Nothing'"),
    "a kind that is no word": ((*AFFINE, "kind"), 3, "no map of the kind 3"),
    "no kind": ((*AFFINE, "kind"), DELETED, "estimator.state.affine"),
    "an affine map": ((*AFFINE, "kind"), "Affine", "estimator.state.affine"),
    "a function of nobody": ((*AFFINE, "first", "kind"), "Sine", "no function of the kind 'Sine'"),
    "no function": ((*AFFINE, "first"), DELETED, "estimator.state: .*first"),
    "a function without a kind": ((*AFFINE, "first", "kind"), DELETED, "estimator.state: .*kind"),
    "a function that is a word": ((*AFFINE, "first"), "log", "estimator.state: "),
    "a wrong field": ((*AFFINE, "first", "unit"), -1.0, r"affine.first.unit: must be a number"),
    "a field that is a word": ((*AFFINE, "first", "unit"), "m", r"affine.first.unit: must be a"),
    "no field": ((*AFFINE, "first", "unit"), DELETED, r"affine.first.unit: is 1.0, but"),
    "an unknown field": ((*AFFINE, "first", "base"), 2.0, "estimator.state: .*base"),
    "no affine map": ((*AFFINE, "then"), DELETED, "estimator.state: .*then"),
    "no scale": ((*AFFINE, "then", "scale"), DELETED, r"affine.then.scale: is None, but"),
    "an unknown part": ((*AFFINE, "third"), 1, r"affine.third: an unknown key"),
}


@pytest.mark.parametrize("spoilt", SPOILT)
def test_a_spoilt_document_is_refused_with_its_place(spoilt):
    path, value, message = SPOILT[spoilt]
    document = document_of(SignedLogScaler().fit(MIXED))
    if "unit" in path:
        assert document["estimator"]["state"]["affine"]["first"]["unit"] == 2.0
    with pytest.raises(FormatError, match=message):
        sklearn_norm.from_dict(changed(document, path, value))


# The map itself


def chains():
    centers = [np.array([1.0, -2.0]), np.array([0.5])]
    return [Chain(SignedLog(2.0), Affine.of(center=c, scale=np.ones_like(c))) for c in centers]


def test_maps_side_by_side_are_their_parts():
    """Joined, each column is mapped as before; apart again they are the same."""
    first, second = chains()
    both = first.joined(second)
    expected = np.column_stack([first.apply(MIXED[:, :2]), second.apply(MIXED[:, 2:])])
    assert_same_bits(both.apply(MIXED), expected)
    assert_same_bits(both.columns(np.array([2])).apply(MIXED[:, 2:]), expected[:, 2:])
    assert both.affine is both.then


def test_maps_of_other_functions_are_not_joined():
    first, second = chains()
    for other in (Chain(SignedLog(3.0), second.then), Chain(Log(), second.then), second.then):
        with pytest.raises(ValueError, match="only with others that begin with the same function"):
            first.joined(other)


def roots():
    powers = [np.array([0.5, 2.0]), np.array([1.0])]
    return [Chain(Root(p), Affine.of(scale=np.full(len(p), 2.0))) for p in powers]


def test_a_function_may_have_numbers_of_each_column():
    """Joined, chosen and on sparse data, each column keeps its own."""
    first, second = roots()
    both = first.joined(second)
    expected = np.column_stack([first.apply(MIXED[:, :2]), second.apply(MIXED[:, 2:])])
    assert_same_bits(both.apply(MIXED), expected)
    assert_same_bits(both.columns(np.array([2, 0])).apply(MIXED[:, [2, 0]]), expected[:, [2, 0]])
    data = np.nan_to_num(MIXED)
    dense = both.apply(data)
    for form in (sparse.csr_array, sparse.csc_array):
        Z = both.apply(form(data))
        assert_same_bits(Z.toarray() + 0.0, dense + 0.0)
        assert_near(both.invert(Z).toarray(), data)
    state = both.to_state()
    assert laws.exactly(Map.from_state(state).to_state()) == laws.exactly(state)


def test_numbers_of_each_column_are_held_to_the_number_of_columns():
    first, second = roots()
    assert not list(first.faults(2))
    assert [name for name, _ in first.faults(3)] == ["first.power", "then.scale"]
    with pytest.raises(ValueError, match="only with others that begin with the same function"):
        first.joined(Chain(Root(np.ones((2, 1))), second.then))


def test_an_error_shows_the_numbers_of_its_column():
    with pytest.raises(
        ValueError, match=r"power=array\(\[2.\]\)\) is not defined for 1e\+200, in column 1"
    ):
        roots()[0].apply(np.array([[1.0, 1e200]]))


def test_a_chain_comes_back_from_its_state():
    chain = chains()[0]
    state = chain.to_state()
    assert state["kind"] == "Chain"
    assert state["first"] == {"kind": f"{__name__}.SignedLog", "unit": 2.0}
    assert laws.exactly(Map.from_state(state).to_state()) == laws.exactly(state)
    assert not list(chain.faults(2))


def test_what_0_maps_to():
    """NaN or infinity where that is not defined, without an error."""
    assert_same_bits(chains()[0].of_zero(2), np.array([-1.0, 2.0]))
    assert np.isinf(Chain(Log(), Affine()).of_zero(2)).all()


def test_lost_columns_are_those_of_the_affine_map():
    chain = Chain(Log(), Affine(gain=np.array([1.0, 0.0])))
    np.testing.assert_array_equal(chain.lost(), [1])


# Out of Python


@every_kind
def test_onnx_gives_the_same_there_and_back(kind):
    """Within some roundings: the logarithms of two libraries differ in the last place."""
    data = DATA[kind]
    scaler = kind().fit(data)
    Z = scaler.transform(data)
    for estimator, given, expected in ((scaler, data, Z), (inverse(scaler), Z, data)):
        model = to_onnx(estimator, given[:1])
        session = onnxruntime.InferenceSession(model.SerializeToString())
        assert_near(session.run(None, {"X": given})[0], expected, 1e-14 if given is data else 1e-13)


def test_onnx_of_large_and_tiny_numbers():
    """log1p and expm1 are composed of what ONNX has, without loss."""
    powers = np.concatenate([-np.logspace(-300, 300, 61), [0.0], np.logspace(-300, 300, 61)])
    data = np.column_stack([powers, powers[::-1], powers])
    scaler = SignedLogScaler().fit(data)
    Z = scaler.transform(data)
    for estimator, given, expected in ((scaler, data, Z), (inverse(scaler), Z, data)):
        session = onnxruntime.InferenceSession(to_onnx(estimator, given).SerializeToString())
        found = session.run(None, {"X": given})[0]
        np.testing.assert_allclose(found, expected, rtol=2e-13)


# scikit-learn's own checks


@parametrize_with_checks([SignedLogScaler()])
def test_sklearn_checks(estimator, check):
    check(clone(estimator))
