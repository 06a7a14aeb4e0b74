"""Estimators saved as JSON come back to the bit, and nothing else comes in."""

from __future__ import annotations

import base64
import io
import json
import math
import subprocess
import sys
from fractions import Fraction

import inside
import joblib
import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from configurations import public_estimators
from documents import DELETED, FRAME, X, changed, checksum, document_of, places, signed
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_norm
from sklearn_norm.exceptions import FormatError
from sklearn_norm.persistence import composites, text, values

EVERY = pytest.mark.parametrize("estimator", public_estimators(), ids=repr)


class Doubled(sklearn_norm.ZScoreScaler):
    """A scaler of the user's own, with an attribute of its own in the state."""

    _remembers = (*inside.remembers(sklearn_norm.ZScoreScaler), "times_")

    def fit(self, X, y=None, sample_weight=None):
        super().fit(X, y, sample_weight)
        self.times_ = [2, 0.5]
        return self


class Plain(sklearn_norm.ZScoreScaler):
    """A scaler whose constructor takes nothing and sets what its parent takes."""

    def __init__(self):
        super().__init__(ddof=1)


class Picky(sklearn_norm.ZScoreScaler):
    """A scaler whose constructor refuses by itself what scikit-learn checks in fit."""

    def __init__(self, ddof=0):
        super().__init__(ddof=ddof)
        if ddof > 1:
            raise ZeroDivisionError("too many degrees")


def reloaded(estimator):
    """Return an estimator that went through a dict and strict JSON."""
    return sklearn_norm.from_dict(document_of(estimator))


def refuses(document, message):
    """The document raises a FormatError of that message, and nothing else."""
    with pytest.raises(FormatError, match=message):
        sklearn_norm.from_dict(document)


# There and back


@EVERY
def test_an_estimator_that_is_not_fitted_comes_back(estimator):
    twin = reloaded(estimator)
    laws.assert_same_state(twin, estimator)
    assert not vars(twin).keys() - twin.get_params().keys()
    laws.assert_same_state(clone(twin), clone(estimator))


@EVERY
def test_a_fitted_estimator_has_the_same_bits_and_goes_on(estimator, hard_matrix):
    """On columns that break careless arithmetic; the norms on tame ones."""
    data = np.random.default_rng(0).normal(size=(60, 6))
    if not isinstance(estimator, inside.TensorNorm):
        data = hard_matrix[:300]
    laws.estimator_survives_json(clone(estimator).fit(data), data, data[:7])
    streamed = clone(estimator).partial_fit(data[:50]).partial_fit(data[50:])
    laws.estimator_survives_json(streamed, data.astype(np.float64), data[:1])


@EVERY
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_and_containers_come_back(estimator, library):
    """And the errors about names of other columns, and the frames that come out."""
    table = FRAME if library == "pandas" else pl.DataFrame(X, schema=list(FRAME), orient="row")
    fitted = clone(estimator).set_output(transform=library).fit(table)
    twin = reloaded(fitted)
    laws.assert_same_state(twin, fitted)
    assert twin.get_feature_names_out().tolist() == list(FRAME)
    Z = twin.transform(table)
    assert type(Z) is type(table)
    assert Z.equals(fitted.transform(table))
    with pytest.raises(ValueError, match="feature names should match"):
        twin.transform(FRAME.rename(columns={"age": "size"}))
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        twin.transform(X)


@given(
    data=arrays.arrays(
        np.float64,
        st.tuples(st.integers(2, 12), st.just(2)),
        elements=st.floats(allow_infinity=False),
    ),
    cut=st.integers(1, 11),
)
@settings(max_examples=60)
def test_a_stream_goes_on_after_loading_as_if_never_saved(data, cut):
    """Any floats, saved after any row."""
    first, rest = data[:cut], data[cut:]
    for name in laws.SCALERS:
        scaler = getattr(sklearn_norm, name)().partial_fit(first)
        twin = reloaded(scaler)
        laws.assert_same_state(twin, scaler)
        laws.assert_same_state(twin.partial_fit(rest), scaler.partial_fit(rest))


def test_a_long_sketch_comes_back(monkeypatch):
    """With levels of many heights and a seed of 64 bits, and compacts on alike."""
    rng = np.random.default_rng(3)
    scaler = sklearn_norm.RobustScaler(rank_error=0.02)
    for _ in range(30):
        scaler.partial_fit(rng.normal(size=(100, 2)), sample_weight=rng.random(100) + 0.1)
    sketch = inside.statistic_of(scaler).sketches[0]
    assert len(sketch.levels) > 3
    assert sketch.seed > 2**53
    laws.estimator_survives_json(scaler, rng.normal(size=(5, 2)), rng.normal(size=(500, 2)))


def test_a_loaded_scaler_merges():
    scaler = sklearn_norm.ZScoreScaler().fit(X)
    merged = reloaded(scaler).merge(scaler)
    laws.assert_same_state(merged, scaler.merge(scaler))
    assert merged.n_samples_seen_.tolist() == [6, 6, 4]


def test_a_norm_from_pytorch_comes_back_before_any_shape_is_known():
    """It has channels, but no features yet."""
    norm = sklearn_norm.BatchNorm(momentum=None).fit(np.ones((2, 3, 4)))
    for name in ("n_features_in_", "shape_"):
        del vars(norm)[name]
    laws.assert_same_state(reloaded(norm), norm)
    images = sklearn_norm.BatchNorm(channel_axis=-1).fit(np.ones((2, 5, 4, 3)))
    laws.assert_same_state(reloaded(images), images)
    assert reloaded(images).shape_ == (5, 4, 3)


def test_batches_that_wait_are_part_of_the_state():
    """They are folded when they would have been; the map in the file counts them already."""
    scaler = sklearn_norm.ZScoreScaler().fit(X)
    for row in ([5.0, 1.0, 0.5], [np.nan, 2.0, 1.5]):
        scaler.partial_fit([row])
    assert inside.batches_waiting(scaler) == 2
    laws.estimator_survives_json(scaler, X, X)
    document = document_of(scaler)
    center = values.decoded(document["estimator"]["state"]["affine"]["center"], "")
    laws.assert_same_bits(center, scaler.mean_)
    assert center[0] == (1 + 3 + 8 + 5) / 4
    pending = ("estimator", "state", "pending")
    for path, wrong, message in (
        (pending, [1], "state.pending: must be a Pending"),
        (pending, None, "state.pending: must be a Pending"),
        (pending, {}, "estimator.state: cannot be taken"),
        ((*pending, "more"), 1, "state.pending.more: an unknown key"),
        ((*pending, "sizes"), document_array([1, 2], "<i8"), "do not add up to their rows"),
        ((*pending, "sizes"), document_array(2, "<i8"), "do not add up to their rows"),
        ((*pending, "sizes"), document_array([1.0, 1.0]), "do not add up to their rows"),
        ((*pending, "sizes"), document_array([0, 2], "<i8"), "do not add up to their rows"),
        ((*pending, "rows"), document_array([[1.0], [2.0]]), "pending.rows: must have 3 columns"),
        ((*pending, "rows"), document_array([1.0, 2.0]), "pending.rows: must be rows of float64"),
        ((*pending, "rows"), document_array([[np.inf] * 3] * 2), "rows: .* no infinity"),
    ):
        refuses(changed(document, path, wrong), message)


NAN = np.nan
KNOWN = [
    ("ZScoreScaler", {"mean": [1.0, 2.0, NAN], "var": [0.0, 4.0, NAN], "n_samples": [3, 4, 0]}, {}),
    ("ZScoreScaler", {"n_samples": [3]}, {"with_mean": False, "with_std": False}),
    ("ZScoreScaler", {"var": [0.0], "n_samples": 3}, {"with_mean": False, "with_std": False}),
    ("ZScoreScaler", {"mean": [7.0], "n_samples": 3}, {"with_std": False}),
    ("ZScoreScaler", {"mean": [1e300], "var": [1e300], "n_samples": 1e200}, {"ddof": 1}),
    ("MinMaxScaler", {"data_min": [0.0, NAN], "data_max": [2.0, NAN], "n_samples": [5, 0]}, {}),
    ("DecimalScaler", {"max_abs": [7.0], "n_samples": 3}, {}),
    ("RobustScaler", {"center": [1.0, NAN], "scale": [2.0, NAN]}, {}),
    ("RobustScaler", {"scale": [2.0]}, {"with_centering": False}),
    ("BatchStatsScaler", {"running_mean": [1.0], "running_var": [2.0], "n_batches": 3}, {}),
    (
        "BatchStatsScaler",
        {"running_mean": [1.0], "running_var": [0.0], "n_batches": 0},
        {"bias_correction": False},
    ),
    ("BatchNorm", {"running_mean": [1.0], "running_var": [2.0], "n_batches": 3}, {}),
]


@pytest.mark.parametrize(("name", "stats", "parameters"), KNOWN)
def test_scalers_of_known_statistics_come_back(name, stats, parameters):
    """With what is not known of them; and go on as they would have."""
    scaler = getattr(sklearn_norm, name).from_stats(**stats, **parameters)
    twin = reloaded(scaler)
    laws.assert_same_state(twin, scaler)
    row = np.full((2, inside.n_columns_of(scaler)), 3.0)
    laws.assert_same_bits(twin.transform(row), scaler.transform(row))
    if name == "RobustScaler":
        return  # refuses to go on, from a center and a scale alone
    laws.assert_same_state(twin.partial_fit(row), scaler.partial_fit(row))
    laws.assert_same_state(reloaded(twin), scaler)


def test_requests_of_metadata_come_back():
    """As set_fit_request set them, whether routing is enabled or not."""
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = sklearn_norm.ZScoreScaler().set_fit_request(sample_weight=True)
        scaler.set_partial_fit_request(sample_weight="weight")
    twin = reloaded(scaler)
    requests = twin.get_metadata_routing()
    assert requests.fit.requests == {"sample_weight": True}
    assert requests.partial_fit.requests == {"sample_weight": "weight"}
    laws.assert_same_state(twin, scaler)
    document = document_of(scaler)
    for wrong in ({"fit": {"elsewhere": True}}, {"fall": {"x": True}}, 3):
        refuses(changed(document, ("estimator", "state", "requests"), wrong), "estimator.state")


PARAMETERS = [
    ("MinMaxScaler", "feature_range", (0, 1.5)),
    ("MinMaxScaler", "feature_range", (np.zeros(3), np.array([1.0, 2.0, 3.0]))),
    ("MinMaxScaler", "feature_range", (np.float32(-0.0), np.int8(3))),
    ("MinMaxScaler", "data_range", {"age": (0, 130), "größe": [0.0, 2.5]}),
    ("MinMaxScaler", "data_range", {0: (0, 1), np.int64(2): (-1, 2)}),
    ("MinMaxScaler", "data_range", {"dict": (0, 1)}),
    ("MinMaxScaler", "data_range", (0, 2**60)),
    ("MinMaxScaler", "data_range", (-math.inf, math.nan)),
    ("RobustScaler", "quantile_range", (25.0, 75)),
    ("RobustScaler", "rank_error", np.float64(0.01)),
    ("ZScoreScaler", "ddof", np.int64(1)),
    ("ZScoreScaler", "with_mean", np.True_),
    ("BatchStatsScaler", "gamma", [1, 2.0, True]),
    ("BatchStatsScaler", "gamma", np.array([1.0, 2.0, 3.0], dtype=np.float16)),
    ("BatchStatsScaler", "eps", 5e-324),
    ("BatchStatsScaler", "eps", -0.0),
    ("LayerNorm", "shape", (np.int32(3),)),
    ("LayerNorm", "gamma", np.arange(6.0).reshape(2, 3)[:, ::2]),
    ("InstanceNorm", "shape", [3, 2]),
]


@pytest.mark.parametrize(("name", "parameter", "value"), PARAMETERS)
def test_parameters_come_back_of_the_same_type(name, parameter, value):
    """Tuples as tuples, numbers of NumPy as such, keys of any type, to the bit."""
    twin = reloaded(getattr(sklearn_norm, name)(**{parameter: value}))
    assert laws.exactly(getattr(twin, parameter)) == laws.exactly(value)


def test_array_likes_come_back_as_arrays_and_lists():
    for given_, expected in (
        (pd.Series([1.0, 2.0]), np.array([1.0, 2.0])),
        (pl.Series([1, 2]), np.array([1, 2])),
        (range(2), [0, 1]),
        (np.array(3.0), np.float64(3.0)),
        (np.array(["2", "3"]), np.array(["2", "3"], dtype=object)),
    ):
        twin = reloaded(sklearn_norm.LayerNorm(gamma=given_))
        assert laws.exactly(twin.gamma) == laws.exactly(expected)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64) + 1, 2**64 - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | arrays.arrays(
        st.sampled_from([np.dtype(d) for d in values.DTYPES]),
        arrays.array_shapes(min_dims=0, min_side=0),
    ),
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(st.text("tuplekeysicd", max_size=5), inner)
        | st.dictionaries(st.integers() | st.sampled_from(["tuple", (1, 2), None, 0.5]), inner)
    ),
    max_leaves=12,
)


@given(value=PLAIN)
@settings(max_examples=300)
def test_any_plain_value_comes_back(value):
    """Through the text of strict JSON, of the same types and bits."""
    try:
        document = {"value": values.encoded(value, "value")}
    except FormatError as error:
        assert "more than 64 bits" in str(error)  # noqa: PT017
        return
    text.checksum(document)
    read = text.parsed(text.written(document))
    assert read == document
    expected = scalars_of_arrays(value)
    assert laws.exactly(values.decoded(read["value"], "value")) == laws.exactly(expected)


def scalars_of_arrays(value):
    """Return a value with what comes back of arrays: native order, numbers for no axes."""
    if isinstance(value, np.ndarray):
        return value.astype(value.dtype.newbyteorder("="))[()]
    if isinstance(value, (list, tuple)):
        return type(value)(map(scalars_of_arrays, value))
    if isinstance(value, dict):
        return {k: scalars_of_arrays(v) for k, v in value.items()}
    return math.nan if isinstance(value, float) and math.isnan(value) else value


def test_a_string_of_numpy_comes_back_as_a_string():
    twin = reloaded(sklearn_norm.BatchStatsScaler(variance=np.str_("within")))
    assert laws.exactly(twin.variance) == (str, "within")


def test_the_payload_of_nan_and_the_sign_of_zero_come_back_in_arrays():
    odd = np.array([0x7FF8000000000123, 0xFFF0000000000001, 1 << 63], dtype=np.uint64)
    norm = sklearn_norm.LayerNorm(gamma=odd.view(np.float64))
    assert reloaded(norm).gamma.view(np.uint64).tolist() == odd.tolist()


# The document


@EVERY
def test_a_document_is_strict_json(estimator):
    """No NaN, no infinity, no key twice; and the checksum is the one of the page."""
    document = sklearn_norm.to_dict(clone(estimator).fit(X))

    def refuse(constant):
        raise AssertionError(constant)

    written = text.written(document)
    assert json.loads(written.decode("utf-8"), parse_constant=refuse) == document
    assert document["checksum"] == checksum(document)
    assert list(document) == ["format", "schema", "version", "checksum", "estimator"]
    assert document["version"] == sklearn_norm.__version__


def test_spaces_order_and_spelling_do_not_count():
    """A file that was indented, sorted and written in ASCII by another program loads."""
    scaler = sklearn_norm.MinMaxScaler(data_range={"größe": (1e-5, 1.5)}).fit(FRAME)
    document = document_of(scaler)
    for text_ in (
        json.dumps(document, indent=8, sort_keys=True),
        json.dumps(document, separators=(",", ":")).replace("1e-05", "0.1E-4"),
    ):
        laws.assert_same_state(sklearn_norm.from_dict(text.parsed(text_.encode())), scaler)


def test_a_file_is_read_from_the_page_alone(tmp_path):
    """Center and scale of two columns, by hand: mean 2 and deviation 1, mean 5 and 5."""
    sklearn_norm.save(sklearn_norm.ZScoreScaler().fit([[1.0, 0.0], [3.0, 10.0]]), tmp_path / "z")
    document = json.loads((tmp_path / "z").read_text("utf-8"))
    affine = document["estimator"]["state"]["affine"]
    read = {
        k: np.frombuffer(base64.b64decode(affine[k]["base64"]), "<f8") for k in ("center", "scale")
    }
    assert read["center"].tolist() == [2.0, 5.0]
    assert read["scale"].tolist() == [1.0, 5.0]


def test_no_code_runs_and_no_module_is_imported(tmp_path):
    """A class is found among those imported, never imported by its name."""
    names = ["os.system", "builtins.eval", "subprocess.Popen", "antigravity.x", "sklearn_norm"]
    names += ["sklearn.preprocessing.StandardScaler", *map(inside.path_of, inside.HIDDEN)]
    names += ["sklearn_norm.save"]
    names += ["sklearn_norm.scalers.zscore.ZScoreScaler", "sklearn_norm.ZScoreScaler.fit", ""]
    document = document_of(sklearn_norm.ZScoreScaler())
    before = set(sys.modules)
    for name in names:
        refuses(changed(document, ("estimator", "class"), name), "estimator.class: .*no class")
    assert set(sys.modules) == before


def test_a_class_of_the_user_is_found_once_it_is_imported(tmp_path):
    scaler = Doubled(ddof=1).fit(X)
    twin = reloaded(scaler)
    laws.assert_same_state(twin, scaler)
    assert twin.times_ == [2, 0.5]
    laws.assert_same_state(reloaded(Plain().fit(X)), Plain().fit(X))
    assert reloaded(Plain()).ddof == 1
    sklearn_norm.save(scaler, tmp_path / "doubled.json")
    code = f"import sklearn_norm; sklearn_norm.load({str(tmp_path / 'doubled.json')!r})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "is found once the module that defines it is imported" in done.stderr


def test_a_class_that_lost_its_name_is_not_found(monkeypatch):
    """As one that was defined anew: only what its module holds under that name counts."""
    document = document_of(Doubled())
    module = sys.modules[Doubled.__module__]
    monkeypatch.setattr(module, "Doubled", Plain)
    refuses(document, "estimator.class: .*Doubled' is no class that may be loaded")
    monkeypatch.delattr(module, "Doubled")
    refuses(document, "estimator.class: .*Doubled' is no class that may be loaded")


def test_an_error_of_a_constructor_is_told_with_its_place():
    document = changed(document_of(Picky()), ("estimator", "parameters", "ddof"), 9)
    refuses(document, "estimator.parameters: ZeroDivisionError: too many degrees")


def test_a_class_without_a_name_of_its_own_is_refused():
    class Local(sklearn_norm.ZScoreScaler):
        pass

    with pytest.raises(FormatError, match="Local cannot be found by its name"):
        sklearn_norm.to_dict(Local())


def test_an_attribute_of_nobody_is_not_lost_in_silence():
    scaler = sklearn_norm.ZScoreScaler().fit(X)
    scaler.note_ = "mine"
    with pytest.raises(FormatError, match=r"estimator\.note_: .*`_remembers` of ZScoreScaler"):
        scaler.to_dict()


def test_from_dict_of_a_class_takes_no_other():
    document = sklearn_norm.to_dict(sklearn_norm.MinMaxScaler())
    assert isinstance(sklearn_norm.MinMaxScaler.from_dict(document), sklearn_norm.MinMaxScaler)
    with pytest.raises(FormatError, match=r"estimator.class: holds a MinMaxScaler, not a ZScore"):
        sklearn_norm.ZScoreScaler.from_dict(document)


# Composites


def assert_same_composite(actual, expected):
    """The same document, the same results and names."""
    assert sklearn_norm.to_dict(actual) == sklearn_norm.to_dict(expected)
    assert repr(actual) == repr(expected)


def test_a_pipeline_comes_back():
    """Nested, with words for steps, and in the container asked for."""
    inner = make_pipeline(sklearn_norm.RobustScaler(), "passthrough")
    pipeline = Pipeline([("in", inner), ("norm", sklearn_norm.LayerNorm()), ("none", None)])
    assert_same_composite(reloaded(pipeline), pipeline)
    pipeline.set_output(transform="pandas").set_params(verbose=True).fit(FRAME)
    twin = reloaded(pipeline)
    assert_same_composite(twin, pipeline)
    assert twin.verbose is True
    pd.testing.assert_frame_equal(twin.transform(FRAME), pipeline.transform(FRAME))
    assert twin.get_feature_names_out().tolist() == list(FRAME)
    assert type(twin["in"][0]) is sklearn_norm.RobustScaler


SELECTIONS = {
    "names": ["age", "größe"],
    "one word for an index": pd.Index(["age", "größe"]),
    "positions": [0, -1],
    "array": np.array([0, 2]),
    "slice": slice(0, 2),
    "slice of names": slice("age", "height"),
    "mask": [True, False, True],
    "mask array": np.array([True, False, True]),
    "function": make_column_selector("ge"),
    "nothing": [],
}


@pytest.mark.parametrize("remainder", ["drop", "passthrough", sklearn_norm.MinMaxScaler()])
@pytest.mark.parametrize("kind", SELECTIONS)
def test_a_column_transformer_comes_back(kind, remainder):
    """Fitted, with any selection of columns; results, names and parts are the same."""
    chosen = SELECTIONS[kind]
    columns = ColumnTransformer(
        [("scale", sklearn_norm.ZScoreScaler(), chosen), ("out", "drop", [1])], remainder=remainder
    ).fit(FRAME)
    twin = reloaded(columns)
    assert sklearn_norm.to_dict(twin) == sklearn_norm.to_dict(columns)
    laws.assert_same_bits(twin.transform(FRAME), columns.transform(FRAME))
    reordered = FRAME[FRAME.columns[::-1]].assign(more="text")
    laws.assert_same_bits(twin.transform(reordered), columns.transform(reordered))
    assert twin.get_feature_names_out().tolist() == columns.get_feature_names_out().tolist()
    assert vars(twin).get("output_indices_") == vars(columns).get("output_indices_")
    assert [type(part) for _, part, _ in twin.transformers_] == [
        type(part) for _, part, _ in columns.transformers_
    ]


def test_a_loaded_column_transformer_misses_columns():
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), ["age"])]).fit(FRAME)
    with pytest.raises(ValueError, match=r"columns are missing: {'age'}"):
        reloaded(columns).transform(FRAME[["height"]])


def test_a_column_transformer_of_an_array_comes_back_in_a_pipeline():
    """With weights, without a fit of what it holds, and goes on to be fitted again."""
    columns = ColumnTransformer(
        [
            ("tree", make_pipeline(sklearn_norm.MinMaxScaler(), sklearn_norm.LayerNorm()), [0, 1]),
            ("kept", "passthrough", [2]),
        ],
        transformer_weights={"tree": 2.0},
        verbose_feature_names_out=False,
        n_jobs=1,
    )
    pipeline = make_pipeline(columns, sklearn_norm.DecimalScaler())
    assert_same_composite(reloaded(pipeline), pipeline)
    pipeline.fit(X)
    twin = reloaded(pipeline)
    assert_same_composite(twin, pipeline)
    laws.assert_same_bits(twin.transform(X), pipeline.transform(X))
    assert twin[0].n_jobs == 1
    assert twin[0].transformer_weights == {"tree": 2.0}
    other = np.array(X) * 2 + 1
    laws.assert_same_bits(twin.fit(other).transform(X), clone(pipeline).fit(other).transform(X))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_column_transformer_keeps_its_container(library):
    """Set before or after the fit, also for what passes through."""
    table = FRAME if library == "pandas" else pl.from_pandas(FRAME)
    parts = [("scale", sklearn_norm.ZScoreScaler(), ["age"])]
    before = ColumnTransformer(parts, remainder="passthrough").set_output(transform=library)
    after = ColumnTransformer(parts, remainder="passthrough").fit(table)
    for columns in (before.fit(table), after.set_output(transform=library)):
        twin = reloaded(columns)
        Z = twin.transform(table)
        assert type(Z) is type(table)
        assert Z.equals(columns.transform(table))


def test_a_column_transformer_of_sparse_data_stays_sparse():
    data = sparse.csr_array(np.eye(6))
    columns = ColumnTransformer([("z", sklearn_norm.DecimalScaler(), slice(0, 6))]).fit(data)
    assert columns.sparse_output_ is True
    twin = reloaded(columns)
    assert sparse.issparse(twin.transform(data))
    laws.assert_same_bits(twin.transform(data).toarray(), columns.transform(data).toarray())


def test_columns_are_put_together_whatever_is_set_globally():
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), ["age"])]).fit(FRAME)
    document = document_of(columns)
    with sklearn.config_context(transform_output="polars", enable_metadata_routing=True):
        twin = sklearn_norm.from_dict(document)
    laws.assert_same_bits(twin.transform(FRAME), columns.transform(FRAME))


def test_a_fitted_function_becomes_the_columns_that_it_chose():
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), lambda table: ["age"])])
    with pytest.raises(FormatError, match=r"transformers\[0\].columns: .*'z', or fit first"):
        sklearn_norm.to_dict(columns)
    assert reloaded(columns.fit(FRAME)).transformers[0][2] == ["age"]


STRANGERS = [
    (LogisticRegression(), "estimator: LogisticRegression, which cannot be saved as JSON"),
    (None, "estimator: NoneType, which"),
    ("drop", "estimator: str, which"),
    (sklearn_norm.ZScoreScaler, "estimator: .*which"),
    (
        Pipeline([("scale", sklearn_norm.ZScoreScaler()), ("model", LogisticRegression())]),
        r"estimator\.steps\[1\]\.estimator: 'model' is a LogisticRegression.* joblib.dump or skops",
    ),
    (
        ColumnTransformer([("a", sklearn_norm.MinMaxScaler(), [0]), ("b", StandardScaler(), [1])]),
        r"estimator\.transformers\[1\]\.estimator: 'b' is a StandardScaler",
    ),
    (FeatureUnion([("a", sklearn_norm.MinMaxScaler())]), "estimator: FeatureUnion"),
    (sklearn_norm.LayerNorm(eps=Fraction(1, 3)), "estimator.parameters.eps: a Fraction cannot"),
    (sklearn_norm.LayerNorm(gamma=[1, {2}]), r"estimator.parameters.gamma\[1\]: a set cannot"),
    (sklearn_norm.LayerNorm(gamma=2**80), "gamma: an integer of more than 64 bits"),
    (sklearn_norm.LayerNorm(gamma=np.ones(2, complex)), "gamma: a ndarray of complex128"),
    (sklearn_norm.LayerNorm(gamma=np.ma.ones(2)), "gamma: a MaskedArray of float64"),
    (sklearn_norm.LayerNorm(gamma=np.array([1, None])), "gamma: an array of objects"),
    (sklearn_norm.ZScoreScaler(ddof=7), "estimator.parameters: .*'ddof' parameter"),
    (sklearn_norm.MinMaxScaler(data_range={"\ud800": (0, 1)}), "half a character"),
]


@pytest.mark.parametrize(("estimator", "message"), STRANGERS, ids=lambda v: str(v)[:30])
def test_what_cannot_be_saved_says_where_and_what_to_do(estimator, message, tmp_path):
    """And no file is left."""
    with pytest.raises(FormatError, match=message):
        sklearn_norm.save(estimator, tmp_path / "file.json")
    assert list(tmp_path.iterdir()) == []


def test_what_contains_itself_is_refused():
    endless = [1.0]
    endless.append(endless)
    pipeline = make_pipeline(sklearn_norm.MinMaxScaler())
    pipeline.steps.append(("again", pipeline))
    for estimator in (sklearn_norm.LayerNorm(gamma=endless), pipeline):
        with pytest.raises(FormatError, match="nested deeper than 100 levels"):
            sklearn_norm.to_dict(estimator)


def test_columns_times_parts_are_limited(monkeypatch):
    """A file of few bytes could claim any number of them, and its fit takes memory for each."""
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), [0])]).fit(X)
    document = document_of(columns)
    monkeypatch.setattr(composites, "MOST", 5)
    with pytest.raises(FormatError, match=r"state.n_features_in_: 3 columns, and 1 parts"):
        sklearn_norm.to_dict(columns)
    refuses(document, "state.n_features_in_: 3 columns, and 1 parts, are more than a file may ask")
    monkeypatch.setattr(composites, "MOST", 6)
    laws.assert_same_bits(reloaded(columns).transform(X), columns.transform(X))


def test_the_cache_of_a_pipeline_is_no_part_of_a_file(tmp_path):
    """It is a place on one machine; a file that names one is refused, and nothing is written."""
    cached = make_pipeline(sklearn_norm.MinMaxScaler(), memory=str(tmp_path / "cache"))
    document = document_of(cached)
    assert reloaded(cached).memory is None
    document["estimator"]["parameters"]["memory"] = str(tmp_path / "other")
    refuses(signed(document), "parameters.memory: an unknown key")
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_not_among_the_fitted_ones_is_never_fitted(monkeypatch):
    """The file decides what is missing, and must not decide what runs."""
    inner = Pipeline([("a", sklearn_norm.ZScoreScaler()), ("b", sklearn_norm.ZScoreScaler())])
    columns = ColumnTransformer([("p", inner, [0, 1])], remainder=sklearn_norm.MinMaxScaler())
    document = document_of(columns.fit(X))
    monkeypatch.setattr(Pipeline, "fit_transform", None)
    monkeypatch.setattr(sklearn_norm.MinMaxScaler, "fit", None)
    for name in ("p", "remainder"):
        wrong = changed(document, ("estimator", "state", "fitted", name), DELETED)
        refuses(signed(wrong), f"fitted: the key '{name}' is missing")


@pytest.mark.parametrize(
    "template", ["{feature_name:>100000000}", "{feature_name!r}", "{feature_name.x}", "{0}", "{"]
)
def test_a_template_of_names_only_puts_names_together(template):
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), ["age"])])
    document = document_of(columns.fit(FRAME))
    document["estimator"]["parameters"]["verbose_feature_names_out"] = template
    refuses(signed(document), "verbose_feature_names_out: must be true, false or a string")


def test_many_keys_are_looked_at_once():
    """Twice the keys take twice the time: half a million are no hour."""
    keys = ", ".join(f'"k{i}": 0' for i in range(500_000))
    found = text.parsed(f'{{{keys}, "k7": 0}}'.encode())
    assert isinstance(found, text.Refused)
    assert found.why == "the key 'k7' appears twice"


def test_transformers_changed_after_the_fit_are_refused():
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), ["age"])]).fit(FRAME)
    with pytest.raises(FormatError, match=r"state.fitted.z: `transformers` were changed"):
        sklearn_norm.to_dict(columns.set_params(z="passthrough"))


# What is refused, and where


def document_array(values_, dtype="<f8"):
    array = np.array(values_, dtype=dtype)
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": dtype, "shape": list(array.shape), "base64": data}


THREE, NAN3 = document_array([1.0, 2.0, 3.0]), document_array([np.nan] * 3)
STATE = ("estimator", "state")
STATISTIC = (*STATE, "statistic")
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
    ("ZScoreScaler", (*STATE, "n_features_in_"), DELETED, r"feature_names_in_: .* not \(0,\)"),
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
    ("ZScoreScaler", (*STATE, "affine"), 3, "state.affine: must be a Affine, not 3"),
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
    ("LayerNorm", (*STATE, "shape_"), DELETED, "state: the key 'shape_' is missing"),
    ("LayerNorm", ("estimator", "parameters", "normalized_ndim"), 2, "shape_: normalized_ndim=2"),
    ("BatchNorm", ("estimator", "parameters", "channel_axis"), 0, "channel_axis=0 is no axis"),
    ("BatchNorm", (*STATE, "affine", "center"), document_array([1.0]), "affine.center: has the s"),
]


def fitted(name):
    return getattr(sklearn_norm, name)().fit(FRAME if name == "ZScoreScaler" else X)


@pytest.mark.parametrize(("name", "path", "value", "message"), WRONG)
def test_a_wrong_document_is_refused_with_its_place(name, path, value, message):
    refuses(changed(document_of(fitted(name)), path, value), message)


def columns_document():
    parts = [("z", sklearn_norm.ZScoreScaler(), ["age"]), ("none", sklearn_norm.LayerNorm(), [])]
    return document_of(ColumnTransformer(parts, remainder="passthrough").fit(FRAME))


FITTED = ("estimator", "state", "fitted")
WRONG_COLUMNS = [
    (("estimator", "transformers"), 3, "estimator.transformers: must be a list"),
    (("estimator", "transformers", 0, "name"), 3, r"transformers\[0\].name: must be a string"),
    (
        ("estimator", "transformers", 0, "columns"),
        ["size"],
        "state: cannot be put together, .*colum",
    ),
    (("estimator", "transformers", 0, "columns"), {"slice": [1]}, "a slice has a start"),
    (("estimator", "transformers", 0, "columns"), None, "state: cannot be put together"),
    (("estimator", "transformers", 0, "estimator"), "fall", "estimator: must be an object"),
    (("estimator", "remainder"), 3, "estimator.remainder: must be an object"),
    (("estimator", "parameters", "sparse_threshold"), 7.0, "parameters: .*sparse_threshold"),
    (("estimator", "parameters", "elsewhere"), 7, "parameters.elsewhere: an unknown key"),
    (("estimator", "parameters", "transformers"), [], "parameters.transformers: an unknown key"),
    (
        ("estimator", "state", "n_features_in_"),
        10**12,
        "n_features_in_: 1000000000000 columns, and 2 parts",
    ),
    (("estimator", "state", "feature_names_in_"), None, "state: cannot be put together"),
    (("estimator", "state", "sparse_output_"), 3, "sparse_output_: must be true or false"),
    (("estimator", "state", "sparse_output_"), DELETED, "the key 'sparse_output_' is missing"),
    (("estimator", "state", "output"), {"transform": "x"}, "state.output: must be one of"),
    (("estimator", "state"), 3, "estimator.state: must be an object"),
    ((*FITTED, "z"), DELETED, "state.fitted: the key 'z' is missing"),
    ((*FITTED, "z", "state"), {}, "state: cannot be put together, NotFittedError"),
    ((*FITTED, "z", "class"), "os.system", "state.fitted.z.class: 'os.system' is no class"),
    ((*FITTED, "z"), "drop", "state.fitted.z: must be an object, not 'drop'"),
    (FITTED, [], "state.fitted: must be an object"),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG_COLUMNS)
def test_a_wrong_column_transformer_is_refused_with_its_place(path, value, message):
    refuses(changed(columns_document(), path, value), message)


def test_fitted_parts_that_nobody_asked_for_are_refused():
    document = columns_document()
    more = {**document["estimator"]["state"]["fitted"]}
    refuses(changed(document, (*FITTED, "y"), more["z"]), "state.fitted.y: an unknown key")


WRONG_STEPS = [
    (("estimator", "steps"), {}, "estimator.steps: must be a list"),
    (("estimator", "steps", 0), 3, r"estimator.steps\[0\]: must be an object"),
    (("estimator", "steps", 1, "name"), 3, r"estimator.steps\[1\].name: must be a string"),
    (("estimator", "steps", 1, "estimator"), "stop", r"steps\[1\].estimator: must be an object"),
    (
        ("estimator", "steps", 1, "estimator", "state", "statistic", "shift"),
        None,
        r"estimator.steps\[1\].estimator.state.statistic.shift: must be an array of float64",
    ),
]


@pytest.mark.parametrize(("path", "value", "message"), WRONG_STEPS)
def test_a_wrong_pipeline_is_refused_with_its_place(path, value, message):
    pipeline = make_pipeline(sklearn_norm.MinMaxScaler(), sklearn_norm.ZScoreScaler()).fit(X)
    refuses(changed(document_of(pipeline), path, value), message)


@pytest.mark.parametrize("document", [None, 3, [], "text", {}, {"format": "sklearn_norm"}])
def test_what_is_no_document_is_refused(document):
    refuses(document, "^(format|schema): ")


def test_a_document_that_was_edited_is_refused():
    document = document_of(sklearn_norm.ZScoreScaler())
    document["estimator"]["parameters"]["ddof"] = 1
    refuses(document, "checksum: the document is not what was written")
    assert sklearn_norm.from_dict(signed(document)).ddof == 1
    refuses({**document, "checksum": None}, "checksum: the document is not")


@pytest.mark.parametrize(
    "wrong", [math.nan, math.inf, 2**53 + 1, (1,), {1: 2}, b"x", np.float64(1), "\udc80"]
)
def test_a_document_of_other_than_json_is_refused(wrong):
    document = document_of(sklearn_norm.ZScoreScaler())
    document["estimator"]["parameters"]["ddof"] = wrong
    refuses(document, "estimator.parameters.ddof: ")


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
@settings(max_examples=200)
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


def meaning(document):
    """Return what a document says, whatever form its values have.

    Where batches wait, the map is made again.
    """
    said = values.decoded(document["estimator"], "")
    if "pending" in said.get("state", {}):
        del said["state"]["affine"]
    return laws.exactly(said)


# The text


def saved(estimator, tmp_path):
    path = tmp_path / "estimator.json"
    sklearn_norm.save(estimator, path)
    return path


TEXTS = [
    (b"", "line 1, column 1: no JSON"),
    (b"{", "line 1, column 2: no JSON"),
    (b'{"a": 1,\n "b": }', "line 2, column 7: no JSON"),
    (b"null", "format: this is no document"),
    (b'{"format": "other"}', "format: this is no document"),
    (b"\xef\xbb\xbf{}", "line 1, column 1: no JSON, Unexpected UTF-8 BOM"),
    (b'{"a": "\xff"}', "byte 7: no UTF-8"),
    (b'{"a": 1} {"b": 2}', "line 1, column 10: no JSON, Extra data"),
    (b"[" * 100_000, "nested deeper than 100 levels"),
    (b'{"format": "sklearn_norm", "schema": 1, "schema": 1}', "format: this is no document"),
]


@pytest.mark.parametrize(("content", "message"), TEXTS, ids=lambda v: str(v)[:20])
def test_a_text_that_is_no_document_is_refused_with_its_place(content, message, tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as raised:
        sklearn_norm.load(path)
    assert str(raised.value).startswith(str(path))


INSIDE = [
    ('"ddof": 0', '"ddof": NaN', "estimator.parameters.ddof: NaN is no JSON"),
    ('"ddof": 0', '"ddof": -Infinity', "estimator.parameters.ddof: -Infinity is no JSON"),
    ('"ddof": 0', '"ddof": 1e999', "estimator.parameters.ddof: inf is no strict JSON"),
    ('"ddof": 0', '"ddof": ' + "9" * 5000, "estimator.parameters.ddof: 99999999999999999999... is"),
    ('"ddof": 0', '"ddof": 0, "ddof": 0', "estimator.parameters: the key 'ddof' appears twice"),
    ('"ddof": 0', '"ddof": ' + "[" * 150 + "]" * 150, "nested deeper than 100 levels"),
    ('"ddof": 0', '"ddof": "\\ud800"', "estimator.parameters.ddof: .* half a character"),
    ('"ddof": 0', '"ddof": 1', "checksum: the document is not what was written"),
]


@pytest.mark.parametrize(("old", "new", "message"), INSIDE, ids=lambda v: v[:20])
def test_a_text_with_something_wrong_inside_is_refused_with_its_place(old, new, message, tmp_path):
    path = saved(sklearn_norm.ZScoreScaler(), tmp_path)
    content = path.read_text("utf-8")
    assert content.count(old) == 1
    path.write_text(content.replace(old, new), "utf-8")
    with pytest.raises(FormatError, match=message):
        sklearn_norm.load(path)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_a_file_of_joblib_is_named_as_such(compress, tmp_path):
    path = tmp_path / "scaler.joblib"
    joblib.dump(sklearn_norm.ZScoreScaler(), path, compress=compress)
    with pytest.raises(FormatError, match=r"byte 0: this is no JSON, but .*use joblib.load"):
        sklearn_norm.load(path)


def test_files_of_numpy_and_zip_files_are_named_as_such(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "a.npz", np.ones(3))
    for name, message in (("a.npy", "use numpy.load"), ("a.npz", "use skops.io.load")):
        with pytest.raises(FormatError, match=message):
            sklearn_norm.load(tmp_path / name)


def test_a_file_beyond_the_limit_is_refused_and_the_message_gives_the_way_out(tmp_path):
    path = saved(sklearn_norm.ZScoreScaler(), tmp_path)
    size = path.stat().st_size
    with pytest.raises(FormatError, match=f"larger than {size - 1} bytes.*max_bytes={size}"):
        sklearn_norm.load(path, max_bytes=size - 1)
    assert sklearn_norm.load(path, max_bytes=size).ddof == 0
    for wrong in (0, -1, 1.5, None, True):
        with pytest.raises(ValueError, match="`max_bytes` must be a positive integer"):
            sklearn_norm.load(path, max_bytes=wrong)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a file without an end")
def test_a_file_without_an_end_is_refused():
    with pytest.raises(FormatError, match="larger than 1000 bytes"):
        sklearn_norm.load("/dev/zero", max_bytes=1000)


def test_paths_are_strings_or_paths(tmp_path):
    scaler = sklearn_norm.MinMaxScaler()
    for path in (tmp_path / "a.json", str(tmp_path / "b.json"), bytes(tmp_path / "c.json")):
        sklearn_norm.save(scaler, path)
        laws.assert_same_state(sklearn_norm.load(path), scaler)
    for wrong in (3, None, io.BytesIO()):
        with pytest.raises(TypeError, match=r"expected str, bytes or os\.PathLike object"):
            sklearn_norm.save(scaler, wrong)
        with pytest.raises(TypeError, match=r"expected str, bytes or os\.PathLike object"):
            sklearn_norm.load(wrong)


# Notes


def test_notes_come_back_with_the_estimator(tmp_path):
    """To the bit and in their types; without them, or unasked, there are none."""
    path = tmp_path / "noted.json"
    notes = {"next": 7, "of": ("a", 2.5), "times": np.array([np.nan, 1.0]), "tuple": None}
    sklearn_norm.save(sklearn_norm.DecimalScaler(), path, notes=notes)
    scaler, found = sklearn_norm.load(path, with_notes=True)
    assert type(scaler) is type(sklearn_norm.load(path)) is sklearn_norm.DecimalScaler
    assert list(found) == list(notes)
    assert (found["next"], found["of"], found["tuple"]) == (7, ("a", 2.5), None)
    laws.assert_same_bits(found["times"], notes["times"])
    sklearn_norm.save(scaler, path)
    assert sklearn_norm.load(path, with_notes=True)[1] == {}


@pytest.mark.parametrize(
    "notes",
    [[1], "next", {1: 2}, {"a": object()}, {"a": {"b": 1j}}],
    ids=["list", "string", "number as a name", "object", "complex number inside"],
)
def test_notes_that_are_no_dict_of_values_are_refused(notes, tmp_path):
    path = tmp_path / "noted.json"
    with pytest.raises(FormatError, match=r"^notes"):
        sklearn_norm.save(sklearn_norm.DecimalScaler(), path, notes=notes)
    assert not path.exists()
