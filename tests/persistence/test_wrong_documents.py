"""Documents with something wrong in them: each is refused with the place of the fault."""

from __future__ import annotations

import laws
import numpy as np
import pytest
from budget import times
from documents import (
    DELETED,
    FRAME,
    NAN3,
    STATE,
    STATISTIC,
    THREE,
    X,
    changed,
    document_array,
    document_of,
    places,
    refuses,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline

import sklearn_norm
from sklearn_norm.exceptions import FormatError
from sklearn_norm.persistence import values

SKETCH = (*STATISTIC, "sketches", 1)
WRONG = [
    ("ZScoreScaler", ("format",), "pickle", "format: this is no document of sklearn_norm"),
    ("ZScoreScaler", ("format",), DELETED, "format: this is no document"),
    ("ZScoreScaler", ("schema",), True, "schema: the schema must be a number"),
    ("ZScoreScaler", ("schema",), DELETED, "schema: the schema must be a number"),
    ("ZScoreScaler", ("version",), DELETED, "document: the key 'version' is missing"),
    ("ZScoreScaler", ("more",), 1, "more: an unknown key"),
    ("ZScoreScaler", ("estimator",), [], r"estimator: must be an object, not \[\]"),
    ("ZScoreScaler", ("estimator",), "drop", "estimator: must be an object, not 'drop'"),
    ("ZScoreScaler", ("estimator", "class"), 3, "estimator.class: must be a string, not 3"),
    ("ZScoreScaler", ("estimator", "state"), DELETED, "estimator: the key 'state' is missing"),
    ("ZScoreScaler", ("estimator", "odd key"), 1, "estimator.'odd key': an unknown key"),
    ("ZScoreScaler", ("estimator", "parameters"), None, "estimator.parameters: must be an obj"),
    ("ZScoreScaler", ("estimator", "parameters", "ddof"), DELETED, "parameters: the key 'ddof'"),
    ("ZScoreScaler", ("estimator", "parameters", "more"), 1, "parameters.more: an unknown key"),
    ("ZScoreScaler", ("estimator", "parameters", "ddof"), 7, "estimator.parameters: .*'ddof'"),
    ("RobustScaler", ("estimator", "parameters", "quantile_range"), [1, 2], "'quantile_range'"),
    ("ZScoreScaler", (*STATE, "parameters", "ddof"), 7, "state.parameters: .*'ddof'"),
    ("ZScoreScaler", (*STATE, "parameters", "more"), 7, "state.parameters: .*more"),
    ("ZScoreScaler", (*STATE, "more"), 1, "estimator.state.more: an unknown key"),
    ("ZScoreScaler", (*STATE, "affine"), DELETED, "estimator.state: the key 'affine' is missing"),
    ("ZScoreScaler", STATE, [], r"estimator.state: must be an object, not \[\]"),
    ("ZScoreScaler", (*STATE, "n_features_in_"), 2, "affine.center: has the shape|statistic|names"),
    ("ZScoreScaler", (*STATE, "n_features_in_"), -3, "n_features_in_: must be a number of feat"),
    ("ZScoreScaler", (*STATE, "n_features_in_"), 3.0, "n_features_in_: must be a number of feat"),
    ("ZScoreScaler", (*STATE, "n_features_in_"), DELETED, "n_features_in_: is needed"),
    (
        "ZScoreScaler",
        (*STATE, "feature_names_in_"),
        {"strings": ["a", "b"]},
        r"feature_names_in_: has the shape \(2,\), not \(3,\)",
    ),
    (
        "ZScoreScaler",
        (*STATE, "feature_names_in_"),
        {"strings": ["a", "b", 3]},
        r"feature_names_in_\[2\]: must be a string, not 3",
    ),
    ("ZScoreScaler", (*STATE, "feature_names_in_"), ["a"], "feature_names_in_: must be an array"),
    ("ZScoreScaler", (*STATE, "container"), "xarray", "state.container: must be one of"),
    ("ZScoreScaler", (*STATE, "container"), THREE, "estimator.state"),
    ("ZScoreScaler", (*STATE, "output"), {"transform": "x"}, "state.output: must be one of"),
    ("ZScoreScaler", (*STATE, "output"), {"predict": "pandas"}, "state.output: must be one of"),
    ("ZScoreScaler", (*STATE, "affine", "scale"), document_array([1.0]), "affine.scale: has the s"),
    (
        "ZScoreScaler",
        (*STATE, "affine", "scale"),
        document_array([1, 2, 3], "<f4"),
        "state.affine.scale: must be an array of float64, not float32",
    ),
    (
        "ZScoreScaler",
        (*STATE, "affine", "scale"),
        document_array([1.0, 0.0, 3.0]),
        "affine.scale: cannot be 0.0 in column 1",
    ),
    ("ZScoreScaler", (*STATE, "affine", "lower"), THREE, "affine.lower: is given"),
    (
        "ZScoreScaler",
        (*STATE, "affine", "exponent"),
        THREE,
        "affine.exponent: must be an array of i",
    ),
    (
        "ZScoreScaler",
        (*STATE, "affine", "exponent"),
        document_array([0, 0, 5000], "<i8"),
        "affine.exponent: cannot be 5000 in column 2",
    ),
    ("ZScoreScaler", (*STATE, "affine", "bend"), None, "affine.bend: an unknown key"),
    ("ZScoreScaler", (*STATE, "affine", "gain"), DELETED, "affine.gain: the key is missing"),
    ("ZScoreScaler", (*STATE, "affine"), 3, "state.affine: must be a Map, not 3"),
    ("ZScoreScaler", (*STATISTIC, "kind"), "Means", "no statistic of the kind 'Means'"),
    ("ZScoreScaler", (*STATISTIC, "kind"), DELETED, "estimator.state: cannot be taken"),
    ("ZScoreScaler", (*STATISTIC, "shift"), DELETED, "has no 'shift'"),
    ("ZScoreScaler", (*STATISTIC, "sum_low"), DELETED, "statistic.sum_low: the key is missing"),
    ("ZScoreScaler", (*STATISTIC, "more"), THREE, "statistic.more: an unknown key"),
    (
        "ZScoreScaler",
        (*STATISTIC, "weight"),
        document_array([1.0, -2.0, 1.0]),
        "statistic.weight: cannot be -2.0 in column 1",
    ),
    ("ZScoreScaler", (*STATISTIC, "weight"), NAN3, "statistic.weight: cannot be nan in column 0"),
    ("ZScoreScaler", (*STATISTIC, "low"), document_array([9e9] * 3), "low: cannot be 9000000000.0"),
    ("ZScoreScaler", (*STATISTIC, "high"), NAN3, "statistic.high: cannot be nan in column 0"),
    ("ZScoreScaler", (*STATISTIC, "square_high"), NAN3, "square_high: cannot be nan"),
    (
        "ZScoreScaler",
        (*STATISTIC, "exponent"),
        document_array([0.5] * 3),
        "exponent: cannot be 0.5",
    ),
    (
        "ZScoreScaler",
        (*STATISTIC, "shift"),
        document_array([[1.0]]),
        r"shift: has the shape \(1, 1\)",
    ),
    ("ZScoreScaler", (*STATISTIC, "shift"), "zero", "shift: must be an array of float64, not str"),
    ("ZScoreScaler", (*STATISTIC, "shift", "shape"), [10**30], r"shift.shape\[0\]: 10000000000000"),
    ("ZScoreScaler", (*STATISTIC, "shift", "shape"), [2**31], "24 bytes are no array of float64"),
    ("ZScoreScaler", (*STATISTIC, "shift", "shape"), [-3], "shift.shape: must be the lengths"),
    ("ZScoreScaler", (*STATISTIC, "shift", "shape"), 3, "shift.shape: must be a list, not 3"),
    ("ZScoreScaler", (*STATISTIC, "shift", "shape"), [1] * 40, "shift.shape: .* 32 axes"),
    ("ZScoreScaler", (*STATISTIC, "shift", "dtype"), "|O", "shift.dtype: must be one of <f8"),
    ("ZScoreScaler", (*STATISTIC, "shift", "dtype"), ["<f8"], "shift.dtype: must be one of"),
    ("ZScoreScaler", (*STATISTIC, "shift", "base64"), "A", "shift.base64: is no base64"),
    ("ZScoreScaler", (*STATISTIC, "shift", "base64"), "ü", "shift.base64: is no base64"),
    ("ZScoreScaler", (*STATISTIC, "shift", "base64"), 3, "shift.base64: is no base64"),
    ("BatchStatsScaler", (*STATISTIC, "means"), None, "statistic.means: must be Moments"),
    (
        "BatchStatsScaler",
        (*STATISTIC, "means", "weight"),
        document_array([-1.0] * 3),
        "statistic.means.weight: cannot be -1.0",
    ),
    ("BatchStatsScaler", (*STATISTIC, "batches"), document_array([-1.0] * 3), "batches: cannot be"),
    ("RobustScaler", (*STATISTIC, "known"), THREE, r"known: has the shape \(3,\), not \(5, 3\)"),
    ("RobustScaler", (*STATISTIC, "known"), None, "known: must be an array of float64"),
    ("RobustScaler", (*STATISTIC, "norm"), document_array([-1.0] * 3), "norm: cannot be -1.0"),
    ("RobustScaler", (*STATISTIC, "probabilities"), document_array([2.0] * 5), "cannot be 2.0"),
    ("RobustScaler", (*STATISTIC, "sketches"), [], "statistic.sketches: must be 3"),
    ("RobustScaler", (*STATISTIC, "sketches"), {"a": 1}, "estimator.state: cannot be taken"),
    ("RobustScaler", (*STATISTIC, "sketches"), DELETED, "estimator.state: cannot be taken"),
    ("RobustScaler", (*SKETCH, "heights"), [10**9], r"sketches\[1\].heights\[0\]: is 1000000000"),
    ("RobustScaler", (*SKETCH, "heights"), [0, 1], "estimator.state: cannot be taken"),
    ("RobustScaler", (*SKETCH, "heights"), {"dict": [[0, 1]]}, r"heights: must not be a dict"),
    ("RobustScaler", (*SKETCH, "heights"), {"tuple": [0]}, r"heights: must not be a tuple"),
    ("RobustScaler", (*SKETCH, "levels"), [document_array([2.0, 1.0])], r"levels\[0\]: .*sorted"),
    ("RobustScaler", (*SKETCH, "levels"), [document_array([np.nan])], r"levels\[0\]: .*finite"),
    ("RobustScaler", (*SKETCH, "levels"), [document_array([[1.0]])], r"levels\[0\]: must be a vec"),
    ("RobustScaler", (*SKETCH, "levels"), [[1.0]], r"levels\[0\]: must be a vector of float64"),
    ("RobustScaler", (*SKETCH, "seed"), -1, r"sketches\[1\].seed: must be an integer of 64 bits"),
    ("RobustScaler", (*SKETCH, "seed"), {"integer": "1" * 30}, "seed: `integer` must hold"),
    ("RobustScaler", (*SKETCH, "seed"), {"integer": "7"}, "seed: `integer` must hold"),
    ("RobustScaler", (*SKETCH, "drift"), -1.0, r"sketches\[1\].drift: must be a finite number"),
    ("RobustScaler", (*SKETCH, "drift"), {"float": "inf"}, r"sketches\[1\].drift: must be a fin"),
    ("RobustScaler", (*SKETCH, "drift"), {"float": "7"}, r"sketches\[1\].drift: `float` must be"),
    ("RobustScaler", (*SKETCH, "rank_error"), 0.0, r"rank_error: must lie between 0 and 0.5"),
    ("RobustScaler", (*SKETCH, "more"), 0, r"statistic.sketches\[1\].more: an unknown key"),
    (
        "LayerNorm",
        ("estimator", "parameters", "gamma"),
        {"dtype": "|b1", "shape": [1], "base64": "Ag=="},
        "estimator.parameters.gamma: a boolean must be a byte 0 or 1",
    ),
    ("LayerNorm", (*STATE, "shape_"), {"tuple": [4]}, r"shape_: \(4,\) does not fit"),
    ("LayerNorm", (*STATE, "shape_"), [3], "state.shape_: must hold the sizes"),
    ("LayerNorm", (*STATE, "shape_"), None, "shape_ must hold the sizes"),
    ("LayerNorm", (*STATE, "shape_"), DELETED, "state: the key 'shape_' is missing"),
    ("LayerNorm", ("estimator", "parameters", "normalized_ndim"), 2, "shape_: normalized_ndim=2"),
    ("BatchNorm", ("estimator", "parameters", "channel_axis"), 0, "channel_axis=0 is no axis"),
    ("BatchNorm", (*STATE, "affine", "center"), document_array([1.0]), "affine.center: has the s"),
]


def fitted(name):
    return laws.kind_of(name)().fit(FRAME if name == "ZScoreScaler" else X)


@pytest.mark.parametrize(("name", "path", "value", "message"), WRONG)
def test_a_wrong_document_is_refused_with_its_place(name, path, value, message):
    refuses(changed(document_of(fitted(name)), path, value), message)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        ["", "kind", "Extrema", "Running", "<f4", "sklearn_norm.MinMaxScaler", "AAAA"]
    )
    | st.sampled_from([THREE, NAN3, document_array([1, 2, 3], "<i8"), {"float": "nan"}]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(lambda items: {"tuple": items})
        | st.lists(st.tuples(inner, inner).map(list), max_size=2).map(lambda pairs: {"dict": pairs})
        | st.dictionaries(st.sampled_from(["kind", "weight", "fit", "a"]), inner, max_size=3)
    ),
    max_leaves=6,
)
SOME = [
    *(fitted(name) for name in laws.ESTIMATORS),
    sklearn_norm.MinMaxScaler().fit(X).partial_fit(X[:1]),
    sklearn_norm.RobustScaler.from_stats(center=[1.0, 2.0], scale=[1.0, 3.0]),
    make_pipeline(sklearn_norm.MinMaxScaler(), sklearn_norm.LayerNorm()).fit(X),
    ColumnTransformer(
        [("z", sklearn_norm.ZScoreScaler(), ["age"])], remainder=sklearn_norm.MinMaxScaler()
    ).fit(FRAME),
]


@pytest.mark.parametrize("estimator", SOME, ids=lambda e: type(e).__name__)
@given(data=st.data())
@settings(max_examples=times(8, 200))
def test_any_other_document_is_refused_or_means_what_it_says(estimator, data):
    """One or two values become anything: a FormatError, or an estimator of that document."""
    document = document_of(estimator)
    for _ in range(data.draw(st.integers(1, 2))):
        path = data.draw(st.sampled_from(list(places(document))))
        document = changed(document, path, data.draw(ANYTHING | st.just(DELETED)))
    try:
        found = sklearn_norm.from_dict(document)
    except FormatError as error:
        assert len(str(error)) < 1000  # noqa: PT017
        return
    assert meaning(document_of(found)) == meaning(document)


def opened(value):
    """Return a decoded value in which the estimators are decoded too."""
    if isinstance(value, values.Described):
        return {name: opened(values.decoded(values.copied(v), "")) for name, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(opened, value)]
    if isinstance(value, dict):
        return {name: opened(item) for name, item in value.items()}
    return value


def meaning(document):
    """Return what a document says, whatever form its values have.

    With pending batches, the map is computed again.
    """
    said = opened(values.Described(document["estimator"]))
    if "pending" in said.get("state", {}):
        del said["state"]["affine"]
    return laws.exactly(said)
