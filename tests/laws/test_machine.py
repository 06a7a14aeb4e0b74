"""Scalers used in any order: whatever is called in between, a stream is what it would be alone."""

import copy
import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from budget import times
from configurations import MORE
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from inside import CONTAINER
from laws import (
    SCALERS,
    assert_close_scalers,
    assert_same_bits,
    exactly,
    kind_of,
    read_scaler,
)
from scipy import sparse
from sklearn.exceptions import NotFittedError

import sklearn_norm

SETTINGS = settings(
    max_examples=times(10, 40),
    stateful_step_count=times(16, 20),
    phases=[Phase.generate],
)
NAMES = ["age", "height", "weight"]
OF_INPUT = {"feature_names_in_", CONTAINER}  # what only frames leave in a state
DTYPES = [np.float64, np.float32, np.float16, np.int32, np.uint8]
FRAMES = [pd.DataFrame, pl.DataFrame]
seeds = st.integers(0, 2**16)
sizes = st.sampled_from([0, 1, 1, 2, 3, 8, 40])
rows = sizes.filter(bool)


def members(seed, n_rows, positions=()):
    """Return eighths, a constant column among them, some absent."""
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 800, (n_rows, len(NAMES), *positions)) / 8
    data[:, 2] = 12.0
    if seed % 3 == 0:
        data[rng.random(data.shape) < 0.2] = np.nan
    return data


def weights(seed, n_rows):
    """Return weights with some 0 among them, or none at all."""
    if seed % 4 or n_rows == 0:
        return None
    weight = np.random.default_rng(seed).integers(0, 4, n_rows) / 2
    weight[0] = 1.5
    return weight


class Streams(RuleBasedStateMachine):
    """A scaler in use, and the batches since its last fit with the parameters of each."""

    name = ""

    @initialize(data=st.data())
    def begin(self, data):
        self.kind = kind_of(self.name)
        self.told = self.parameters(data)
        self.scaler = self.kind(**self.told)
        self.forget()

    def forget(self):
        self.batches, self.in_force, self.is_merged = [], None, False

    def parameters(self, data):
        chosen = data.draw(st.sampled_from([{}, *MORE[self.name]]), "parameters")
        told = {**self.kind().get_params(), **chosen}
        if told.get("unit") == "median":  # parts that learn units of their own do not merge
            told["unit"] = 2.0
        return told

    # What comes in

    def choose_layout(self, seed):
        """Choose what the batches of a new stream are: they have names, or positions, or none."""
        kinds = ["array", "frame"] + ["tensor"] * (self.name == "BatchNorm")
        self.layout = kinds[seed % len(kinds)]

    def batch(self, seed, n_rows):
        """Return a batch in some container or dtype, and the plain array of the same values."""
        values = members(seed, n_rows, (2,) if self.layout == "tensor" else ())
        if self.layout == "frame":
            frame = FRAMES[seed % 2](dict(zip(NAMES, values.T, strict=True)))
            return frame, values
        twins = [self.scaler, self.kind(**(self.in_force or {}))]
        takes_sparse = all(twin.__sklearn_tags__().input_tags.sparse for twin in twins)
        if takes_sparse and self.layout == "array" and seed % 5 == 0:
            given = sparse.csr_array(np.nan_to_num(values))
            return given, given  # is not buffered, as dense batches are
        dtype = np.dtype(DTYPES[seed % len(DTYPES)])
        given = (values if dtype.kind == "f" else np.nan_to_num(values)).astype(dtype)
        return given, given.astype(np.float64)

    def learned(self, values, weight):
        """Note a batch; one without rows counts only as the first."""
        if values.shape[0] or not self.batches:
            self.batches.append((self.told, values, weight))
            self.in_force = self.told

    @rule(seed=seeds, n_rows=rows)
    def fit(self, seed, n_rows):
        self.choose_layout(seed)
        given, values = self.batch(seed, n_rows)
        weight = weights(seed, n_rows)
        assert self.scaler.fit(given, sample_weight=weight) is self.scaler
        self.forget()
        self.learned(values, weight)

    @rule(seed=seeds, n_rows=sizes)
    def partial_fit(self, seed, n_rows):
        if not self.batches:
            self.choose_layout(seed)
        given, values = self.batch(seed, n_rows)
        weight = weights(seed, n_rows)
        before = copy.deepcopy(given)
        self.scaler.partial_fit(given, sample_weight=weight)
        assert_same_bits(dense(given), dense(before), "the caller's data")
        self.learned(values, weight)

    @precondition(lambda self: hasattr(self.scaler, "partial_fit_transform") and self.batches)
    @rule(seed=seeds, n_rows=rows, using=st.sampled_from(["batch", "before", "after"]))
    def train(self, seed, n_rows, using):
        given, values = self.batch(seed, n_rows)
        assert self.scaler.partial_fit_transform(given, using=using).shape == given.shape
        self.learned(values, None)

    @rule(data=st.data())
    def set_params(self, data):
        told = self.parameters(data)
        if self.batches:  # what a stream was measured by stays: to change it is an error
            told |= {name: self.told[name] for name in self.kind._measured_by}
        self.told = told
        values = self.read() if self.batches else None
        self.scaler.set_params(**self.told)
        if values is not None:
            assert_same_bits(self.read(), values, "parameters that are not in force yet")

    # What changes nothing

    def state(self):
        return exactly(self.scaler.__getstate__())

    def read(self):
        values = read_scaler(self.scaler)
        if hasattr(self.scaler, "feature_names_in_") and self.scaler.n_features_in_ == len(NAMES):
            names = values["constant_features_"]
            values["constant_features_"] = np.array([NAMES.index(n) for n in names], dtype=int)
        return values

    @precondition(lambda self: self.batches)
    @rule(seed=seeds)
    def read_attributes(self, seed):
        before = self.state()
        assert_same_bits(self.read(), self.read())
        assert self.state() == before

    @precondition(lambda self: self.batches)
    @rule(seed=seeds, n_rows=rows)
    def transform_and_invert(self, seed, n_rows):
        given, _ = self.batch(seed, n_rows)
        if sparse.issparse(given):
            given = given.toarray()
        before, data = self.state(), copy.deepcopy(given)
        Z = self.scaler.transform(given)
        assert_same_bits(dense(self.scaler.transform(given)), dense(Z))
        assert_same_bits(dense(given), dense(data), "the caller's data")
        with np.errstate(over="ignore"):
            assert self.scaler.inverse_transform(Z).shape == given.shape
        assert self.state() == before

    @precondition(lambda self: not self.batches)
    @rule()
    def ask_too_early(self):
        for act in (self.scaler.transform, self.scaler.inverse_transform):
            with pytest.raises(NotFittedError):
                act(np.ones((2, 3)))
        assert not hasattr(self.scaler, "n_features_in_")

    @rule(wrong=st.sampled_from(["infinity", "width", "text", "parameter", "weight"]), seed=seeds)
    def err(self, wrong, seed):
        """A call that cannot be answered changes nothing."""
        if not self.batches:
            self.choose_layout(seed)
            if wrong == "width":
                return  # any width is right for the first batch
        before = self.state()
        data, weight = members(1, 4, (2,) if self.layout == "tensor" else ()), None
        if wrong == "infinity":
            data[2, 1] = -np.inf
        elif wrong == "width":
            data = np.concatenate([data, data], axis=1)
        elif wrong == "text":
            data = np.full(data.shape, "tall", dtype=object)
        elif wrong == "weight":
            weight = [1.0, -1.0, 1.0, 1.0]
        if self.layout == "frame" and wrong != "width":
            data = pd.DataFrame(data, columns=NAMES)
        elif self.layout == "frame":
            data = pd.DataFrame(data, columns=[*NAMES, *"abc"])
        if wrong == "parameter":
            self.scaler.set_params(copy="of course")
        act = self.scaler.partial_fit if self.batches or seed % 2 else self.scaler.fit
        with pytest.raises(ValueError, match=MESSAGES[wrong]):
            act(data, sample_weight=weight)
        self.scaler.set_params(copy=self.told["copy"])
        with pytest.raises(ValueError, match="Invalid parameter"):
            self.scaler.set_params(colour="blue")
        assert self.state() == before

    # What goes on as a copy

    @rule(how=st.sampled_from(["pickle", "deepcopy", "dict"]))
    def go_on_as_a_copy(self, how):
        before = self.state()
        if how == "pickle":
            twin = pickle.loads(pickle.dumps(self.scaler))
        elif how == "deepcopy":
            twin = copy.deepcopy(self.scaler)
        else:
            text = json.dumps(sklearn_norm.to_dict(self.scaler), allow_nan=False)
            twin = sklearn_norm.from_dict(json.loads(text))
        assert self.state() == before
        self.scaler = twin
        assert self.state() == before

    @precondition(lambda self: self.batches)
    @rule(seed=seeds, n_rows=sizes, mine_first=st.booleans())
    def merge(self, seed, n_rows, mine_first):
        """A merge leaves both as they are; of exponential streams there is none."""
        given, values = self.batch(seed, n_rows)
        other = self.kind(**self.in_force).partial_fit(given)
        pair = (self.scaler, other) if mine_first else (other, self.scaler)
        before = self.state(), exactly(other.__getstate__())
        if self.in_force.get("momentum") is not None:
            with pytest.raises(ValueError, match="no defined order"):
                pair[0].merge(pair[1])
            return
        merged = pair[0].merge(pair[1])
        assert (self.state(), exactly(other.__getstate__())) == before
        if any(told.get("rank_error") for told, _, _ in self.batches):
            return  # within a rank error: tests/statistics/test_sketch.py
        self.scaler, self.told, self.is_merged = merged, self.in_force, True
        self.learned(values, None)

    # What must hold

    @invariant()
    def it_is_what_a_plain_stream_leads_to(self):
        if not self.batches:
            return
        plain = self.kind()
        for told, values, weight in self.batches:
            plain.set_params(**told).partial_fit(values, sample_weight=weight)
        plain.set_params(**self.told)
        if self.is_merged:
            assert self.read().keys() == read_scaler(plain).keys()
            assert_close_scalers(as_unnamed(self.scaler), plain)
        else:
            assert_same_bits(self.read(), read_scaler(plain))
            found, expected = (s.__getstate__() for s in (self.scaler, plain))
            assert exactly(without_names(found)) == exactly(without_names(expected))


MESSAGES = {
    "infinity": "contains infinity",
    "width": "features|columns|feature names|channels|samples of shape",
    "text": "could not convert string|must be real|tall",
    "parameter": "The 'copy' parameter",
    "weight": "Negative values",
}


def dense(data):
    return data.toarray() if sparse.issparse(data) else np.asarray(data)


def without_names(state):
    left_out = {*OF_INPUT, "_checksum"}  # which is of the names, too
    return {name: value for name, value in state.items() if name not in left_out}


def as_unnamed(scaler):
    """Return a copy that does not know the names of its columns."""
    twin = type(scaler).__new__(type(scaler))
    twin.__setstate__(without_names(scaler.__getstate__()))
    return twin


@pytest.mark.parametrize("name", SCALERS)
def test_any_order_of_use_leaves_what_a_plain_stream_does(name):
    """Read, mapped, copied, merged, called wrongly in between: the state is that of the batches."""
    run_state_machine_as_test(type(name, (Streams,), {"name": name}), settings=SETTINGS)
