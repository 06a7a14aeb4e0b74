"""What loading costs stays in proportion to the file: 25 times its size, a second per MB."""

from __future__ import annotations

import time
import tracemalloc

import harmful
import numpy as np
import pytest
from budget import SHORT, part
from documents import changed, document_of, refuses
from sklearn.compose import ColumnTransformer

import sklearn_norm
from sklearn_norm.exceptions import FormatError
from sklearn_norm.persistence import limits

PER_BYTE, FREE = 25, 64 * harmful.MIB
SECONDS_PER_MB, AT_LEAST = 1.0, 1.0  # twice as many while others compute on the machine

REFUSED = {
    "a long name of many columns": "n_features_in_: 100000 columns, and 1 parts",
    "millions of columns": "n_features_in_: 2000000 columns, and 1 parts",
    "many parts": "n_features_in_: 20000 columns, and 300 parts",
    "a repeated template": "n_features_in_: 3000 columns, and 1 parts",
    "many steps": "so many estimators",
    "nested lists": "document: .* small objects and lists",
    "nested objects": "document: .* small objects and lists",
    "tuples as keys": "a tuple cannot be a key",
}


@pytest.mark.parametrize("name", part(REFUSED, 0.5) if SHORT else harmful.HARM)
def test_a_harmful_document_costs_no_more_than_its_size_allows(name, tmp_path):
    data = harmful.HARM[name]()
    seconds, peak, error = harmful.cost(data, tmp_path / "file.json")
    assert peak <= PER_BYTE * len(data) + FREE
    assert seconds <= 2 * (SECONDS_PER_MB * len(data) / 1e6 + AT_LEAST)
    if name in REFUSED:
        with pytest.raises(FormatError, match=REFUSED[name]):
            sklearn_norm.load(tmp_path / "file.json", with_notes=True)
    assert error is None or "file.json: " in error


def test_a_document_of_millions_of_columns_is_refused_before_anything_is_built():
    document = harmful.of_columns(2_000_000)
    assert len(harmful.packed(document)) < 454
    tracemalloc.start()
    try:
        refuses(changed(document, ("version",), document["version"]), "n_features_in_: 2000000")
        assert tracemalloc.get_traced_memory()[1] < harmful.MIB
    finally:
        tracemalloc.stop()


def test_what_load_refuses_is_not_saved():
    columns = ColumnTransformer([("a", "drop", slice(0, 3))]).fit(np.zeros((1, 50_000)))
    with pytest.raises(FormatError, match=r"state.n_features_in_: 50000 columns, .* joblib.dump"):
        sklearn_norm.to_dict(columns)


def test_wide_columns_that_were_measured_are_saved_and_loaded():
    X = np.random.default_rng(0).normal(size=(2, 50_000))
    parts = [("z", sklearn_norm.MinMaxScaler(), slice(0, 49_000))]
    columns = ColumnTransformer(parts, remainder="drop").fit(X)
    found = sklearn_norm.from_dict(document_of(columns))
    np.testing.assert_array_equal(found.transform(X), columns.transform(X))


def test_notes_are_decoded_only_when_they_are_asked_for(tmp_path):
    path, document = tmp_path / "file.json", harmful.document_with({"float": "no number"})
    path.write_bytes(harmful.packed(document))
    assert isinstance(sklearn_norm.load(path), sklearn_norm.DecimalScaler)
    with pytest.raises(FormatError, match=r"notes\.a: `float` must be one of"):
        sklearn_norm.load(path, with_notes=True)


@pytest.mark.parametrize("key", [(1, 2), ("a",), ()])
def test_a_tuple_is_no_key_of_notes(key):
    with pytest.raises(FormatError, match=r"notes\.a: a tuple cannot be a key of a dict"):
        sklearn_norm.to_dict(sklearn_norm.LayerNorm(), notes={"a": {key: 1}})


def test_equal_hashes_do_not_slow_a_load(tmp_path):
    data = harmful.HARM["tuples as keys"]()
    (tmp_path / "file.json").write_bytes(data)
    start = time.perf_counter()
    sklearn_norm.load(tmp_path / "file.json")
    with pytest.raises(FormatError, match="a tuple cannot be a key"):
        sklearn_norm.load(tmp_path / "file.json", with_notes=True)
    assert time.perf_counter() - start < 4 * (1 + len(data) / 1e6)


def test_a_load_leaves_the_dict_that_it_was_given():
    scaler = sklearn_norm.LayerNorm(gamma=[1.0, [2.0]], beta={"a": (1, 2), "b": np.inf})
    document = document_of(scaler)
    before = repr(document)
    found = sklearn_norm.from_dict(document)
    assert repr(document) == before
    found.gamma[1].append(3.0)
    assert repr(document) == before


# Every refusal is a FormatError with a place


def test_a_shape_beyond_memory_is_refused_with_its_place(tmp_path):
    wrong = {"dtype": "<f8", "shape": [2**31, 2**31, 2**31, 0], "base64": ""}
    document = document_of(sklearn_norm.LayerNorm())
    refuses(changed(document, ("estimator", "parameters", "gamma"), wrong), r"gamma\.shape: no mem")
    (tmp_path / "file.json").write_bytes(harmful.packed(harmful.document_with(wrong)))
    with pytest.raises(FormatError, match=r"notes\.a\.shape: no memory holds"):
        sklearn_norm.load(tmp_path / "file.json", with_notes=True)


def test_what_load_would_refuse_is_not_saved(tmp_path, monkeypatch):
    """Small lists in notes take far more memory than the file; no file is written."""
    monkeypatch.setattr(limits, "FREE", 2**20)
    scaler, path = sklearn_norm.MinMaxScaler().fit([[0.0], [1.0]]), tmp_path / "dense.json"
    with pytest.raises(FormatError, match=r"^document: \d+ bytes hold so many small objects"):
        sklearn_norm.save(scaler, path, notes={"lists": [[]] * 80_000})
    assert list(tmp_path.iterdir()) == []
