"""Documents with another value somewhere and a right checksum: refused, or as good as a fit's."""

from __future__ import annotations

import base64
import copy
import random
import re

import laws
import numpy as np
import pytest
from budget import times
from documents import FRAME, X, changed, document_of, places

import sklearn_norm
from sklearn_norm.exceptions import FormatError

ODD = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e300, -1e300, 5e-324, 2.0**53]
PLAIN = [None, True, 0, -1, 2, 2**52, 0.5, "", "a", [], {}, [[]], {"tuple": []}, {"float": "nan"}]
NAMES = list(laws.ESTIMATORS)
PLACE = re.compile(r"^(estimator|notes|checksum|schema|format|version|document)\b.*: ", re.S)


def sources():
    """Return documents of fitted estimators, some of them in a stream."""
    found = []
    for name in NAMES:
        kind = laws.kind_of(name)
        found.append(document_of(kind().fit(FRAME if name == "ZScoreScaler" else X)))
        if hasattr(kind, "merge"):
            found.append(document_of(kind().fit(np.nan_to_num(X)).partial_fit([[1.0, 2.0, 3.0]])))
    found.append(document_of(sklearn_norm.RobustScaler.from_stats(center=[1.0], scale=[3.0])))
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
    if draw.random() < 0.5:
        other = draw.choice(list(places(document)))
        for key in other:
            document = document[key]
        return copy.deepcopy(document)
    return draw.choice(PLAIN)


def assert_behaves(estimator):
    """A state that was taken can do what a fitted one can."""
    width = getattr(estimator, "n_features_in_", None)
    sklearn_norm.to_dict(estimator)
    if width is None or width > 1000:
        return
    rows = np.arange(2.0 * width).reshape(2, width) + 1
    given = rows
    if hasattr(estimator, "feature_names_in_"):
        if len(set(estimator.feature_names_in_)) < width:
            return  # a frame whose columns share a name, which not every reader takes
        given = FRAME.__class__(rows, columns=estimator.feature_names_in_)
    elif getattr(estimator._fitted.columns, "labels", None) is not None:
        return
    with np.errstate(all="ignore"):
        estimator.transform(given)
        statistic = getattr(estimator._fitted, "statistic", None)
        if statistic is not None and statistic.grows:
            estimator.partial_fit(given)
            if getattr(estimator, "momentum", None) is None:
                estimator.merge(estimator)
            sklearn_norm.to_dict(estimator)


@pytest.mark.parametrize("seed", range(4))
def test_a_document_with_another_value_is_refused_with_a_place_or_behaves(seed):
    draw, documents = random.Random(seed), sources()
    taken = 0
    for _ in range(times(120, 5000, 50_000)):
        document = draw.choice(documents)
        inside = [path for path in places(document) if path[0] == "estimator"]
        path = draw.choice(inside)
        wrong = changed(document, path, lambda value: spoiled(value, draw, document))  # noqa: B023
        try:
            found = sklearn_norm.from_dict(wrong)
        except FormatError as error:
            assert PLACE.match(str(error)), error  # noqa: PT017
            continue
        taken += 1
        try:
            assert_behaves(found)
        except (TypeError, ValueError):
            # parameters that do not fit the data are an error at the next call, as after set_params
            assert "parameters" in path, path
        except Exception as error:
            raise AssertionError((path, type(found).__name__)) from error
    assert taken
