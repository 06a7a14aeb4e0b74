"""Documents with another value somewhere and a right checksum: refused, or as good as a fit's."""

from __future__ import annotations

import base64
import copy
import json
import random
import re
import time
import tracemalloc
from contextlib import suppress

import laws
import numpy as np
import pandas as pd
import pytest
from budget import times
from documents import FRAME, X, changed, document_of, places
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

import sklearn_norm
from sklearn_norm.exceptions import FormatError

ODD = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, 2.0**53]
PLAIN = [None, True, 0, -1, 2, 2**52, 0.5, "", "a", [], {}, [[]], {"tuple": []}, {"float": "nan"}]
NAMES = list(laws.ESTIMATORS)
LABELS = (
    pd.Index([10, 20, 30]),
    pd.Index([1.5, None, -2.0], dtype=object),
    pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)]),
)
PER_BYTE, BASE = 25, 2**20  # bytes; the base of these small files is far below that of all
SECONDS_PER_MB, AT_LEAST = 1.0, 1.0  # of the processor, whatever others compute
PLACE = re.compile(r"^(estimator|notes|checksum|schema|format|version|document)\b.*: ", re.S)


def sources():
    """Return documents of fitted estimators, some of them in a stream."""
    found = []
    for name in NAMES:
        kind = laws.kind_of(name)
        found.append(document_of(kind().fit(FRAME if name == "ZScoreScaler" else X)))
        if hasattr(kind, "merge"):
            found.append(document_of(kind().fit(np.nan_to_num(X)).partial_fit([[1.0, 2.0, 3.0]])))
    for labels in LABELS:
        frame = FRAME.set_axis(labels, axis=1)
        for kind in (sklearn_norm.MinMaxScaler, sklearn_norm.LayerNorm, sklearn_norm.BatchNorm):
            found.append(document_of(kind().fit(frame)))
    found.append(document_of(sklearn_norm.RobustScaler.from_stats(center=[1.0], scale=[3.0])))
    parts = [("a", sklearn_norm.MinMaxScaler(), ["age"]), ("b", "drop", [1])]
    columns = ColumnTransformer(parts, remainder=sklearn_norm.MaxAbsScaler())
    steps = [("z", sklearn_norm.ZScoreScaler()), ("b", sklearn_norm.BatchNorm()), ("c", None)]
    found += [document_of(columns.fit(FRAME)), document_of(Pipeline(steps).fit(X))]
    wide = np.random.default_rng(0).normal(size=(20, 40))
    for name in ("ZScoreScaler", "RobustScaler", "BatchStatsScaler"):
        scaler = getattr(sklearn_norm, name)().fit(wide)
        found.append(document_of(scaler.partial_fit(wide[:1]).partial_fit(wide[1:2])))
    return found


def spoiled(value, draw, document):
    """Return another value in the place of one: bits of an array, or anything."""
    if isinstance(value, dict) and value.keys() == {"dtype", "shape", "base64"}:
        twin = copy.deepcopy(value)
        data = bytearray(base64.b64decode(twin["base64"]))
        if not data:
            return None
        if draw.random() < 0.5 and twin["dtype"] == "<f8":
            at = draw.randrange(len(data) // 8) * 8
            data[at : at + 8] = np.float64(draw.choice(ODD)).tobytes()
        else:
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        return {**twin, "base64": base64.b64encode(bytes(data)).decode()}
    if draw.random() < 0.2:
        return grown(value, draw)
    if draw.random() < 0.5:
        other = draw.choice(list(places(document)))
        for key in other:
            document = document[key]
        return copy.deepcopy(document)
    return draw.choice(PLAIN)


def grown(value, draw):
    """Return a value that takes more room, or one that asks for more than it takes."""
    many = draw.choice([10, 300, 3000])
    if isinstance(value, str):
        return (value or "a") * many
    if isinstance(value, list):
        return copy.deepcopy(value[:3]) * many
    huge = {"dtype": "<f8", "shape": [draw.choice([0, 2**31]), many, 0], "base64": ""}
    nested = []
    for _ in range(draw.choice([3, 60])):
        nested = [nested]
    odd = [many * 200, -many, {"slice": [0, many * 200, None]}, huge, nested, [0.5] * many]
    return draw.choice(odd)


def framed(rows, labels):
    """Return a frame with labels of any kind, each of which is one label."""
    index = np.empty(len(labels), dtype=object)
    index[:] = labels
    return pd.DataFrame(rows, columns=pd.Index(index, tupleize_cols=False))


def assert_behaves(estimator):
    """A state that was taken can do what a fitted one can."""
    width = getattr(estimator, "n_features_in_", None)
    sklearn_norm.to_dict(estimator)
    if not hasattr(estimator, "_fitted"):
        if width is not None and width < 1000:
            rows = np.arange(2.0 * width).reshape(2, width) + 1
            names = getattr(estimator, "feature_names_in_", None)
            estimator.transform(rows if names is None else framed(rows, list(names)))
        return
    if width is None or width > 1000:
        return
    rows = np.arange(2.0 * width).reshape(2, width) + 1
    given, columns = rows, estimator._fitted.columns
    if columns is not None and columns.known() is not None:
        given = framed(rows, list(columns.known()))
    with np.errstate(all="ignore"):
        estimator.transform(given)
        statistic = getattr(estimator._fitted, "statistic", None)
        if statistic is not None and statistic.grows:
            estimator.partial_fit(given)
            if getattr(estimator, "momentum", None) is None:
                estimator.merge(estimator)
            sklearn_norm.to_dict(estimator)


def loaded(document, path):
    """Return what a file gives, or the error, within the limits of time and memory."""
    data = json.dumps(document).encode()
    path.write_bytes(data)
    start = time.process_time()
    try:
        found = sklearn_norm.load(path)
    except FormatError as error:
        found = error
    seconds = time.process_time() - start
    assert seconds <= AT_LEAST + SECONDS_PER_MB * len(data) / 1e6, (seconds, len(data))
    return found


def assert_memory(path):
    """A load takes no more memory than the size of the file allows."""
    tracemalloc.start()
    with suppress(FormatError):
        sklearn_norm.load(path)
    peak, size = tracemalloc.get_traced_memory()[1], path.stat().st_size
    tracemalloc.stop()
    assert peak <= PER_BYTE * size + BASE, (peak, size)


@pytest.mark.parametrize("seed", range(4))
def test_a_document_with_another_value_is_refused_with_a_place_or_behaves(seed, tmp_path):
    """Each is a file, and costs no more memory and time than its size allows."""
    draw, documents = random.Random(seed), sources()
    taken, file = 0, tmp_path / "file.json"
    for _ in range(times(60, 5000, 50_000)):
        document = draw.choice(documents)
        inside = [path for path in places(document) if path[0] == "estimator"]
        path = draw.choice(inside)
        wrong = changed(document, path, lambda value: spoiled(value, draw, document))  # noqa: B023
        found = loaded(wrong, file)
        assert_memory(file)
        if isinstance(found, FormatError):
            said = str(found).removeprefix(f"{file}: ")
            assert PLACE.match(said), said
            continue
        taken += 1
        try:
            assert_behaves(found)
        except (TypeError, ValueError):
            # parameters that do not fit the data are an error at the next call, as after
            # set_params, and so is scikit-learn's word that its parts gave sparse data
            assert "parameters" in path or path[-1] == "sparse_output_", path
        except Exception as error:
            raise AssertionError((path, type(found).__name__)) from error
    assert taken
