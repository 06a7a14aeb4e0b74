"""Pipelines and column transformers as JSON, and what is refused of them."""

from __future__ import annotations

from fractions import Fraction

import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from documents import (
    DELETED,
    FRAME,
    X,
    changed,
    document_of,
    refuses,
    reloaded,
    signed,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

import sklearn_norm
from sklearn_norm.exceptions import FormatError
from sklearn_norm.persistence import limits, text


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
    )
    pipeline = make_pipeline(columns, sklearn_norm.DecimalScaler())
    assert_same_composite(reloaded(pipeline), pipeline)
    pipeline.fit(X)
    twin = reloaded(pipeline)
    assert_same_composite(twin, pipeline)
    laws.assert_same_bits(twin.transform(X), pipeline.transform(X))
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


def test_the_columns_that_a_document_may_ask_for_are_limited(monkeypatch):
    """A file of few bytes could claim any number of them, and its fit takes memory for each."""
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), [0])]).fit(X)
    document = document_of(columns)
    monkeypatch.setattr(limits, "CELLS", 200)
    with pytest.raises(FormatError, match=r"estimator: so many estimators are more than"):
        sklearn_norm.to_dict(columns)
    monkeypatch.setattr(limits, "PRICES", dict.fromkeys(limits.PRICES, 0))
    monkeypatch.setattr(limits, "PRICE", 0)
    monkeypatch.setattr(limits, "BYTES", 2**20)
    monkeypatch.setattr(limits, "CELLS", 3)
    with pytest.raises(FormatError, match=r"state.n_features_in_: 3 columns, and 1 parts, are"):
        sklearn_norm.to_dict(columns)
    refuses(document, "state.n_features_in_: 3 columns, and 1 parts, are more than a document")
    monkeypatch.setattr(limits, "CELLS", 40)
    laws.assert_same_bits(reloaded(columns).transform(X), columns.transform(X))


@pytest.mark.full
def test_the_number_of_jobs_is_no_part_of_a_file():
    """It would start processes where the file is read; older files that have it are read."""
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), [0])], n_jobs=7).fit(X)
    document = document_of(columns)
    assert "n_jobs" not in document["estimator"]["parameters"]
    for jobs in (7, "all", [1]):
        older = changed(document, ("estimator", "parameters", "n_jobs"), jobs)
        assert sklearn_norm.from_dict(older).n_jobs is None


def test_the_cache_of_a_pipeline_is_no_part_of_a_file(tmp_path):
    """A cache is a path on one machine; a file that names one is refused, nothing is written."""
    cached = make_pipeline(sklearn_norm.MinMaxScaler(), memory=str(tmp_path / "cache"))
    document = document_of(cached)
    assert reloaded(cached).memory is None
    document["estimator"]["parameters"]["memory"] = str(tmp_path / "other")
    refuses(signed(document), "parameters.memory: an unknown key")
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_is_not_among_the_fitted_ones_is_never_fitted(monkeypatch):
    """A file must not decide which code runs."""
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
    """Time grows linearly with the number of keys: half a million do not take an hour."""
    keys = ", ".join(f'"k{i}": 0' for i in range(500_000))
    found = text.parsed(f'{{{keys}, "k7": 0}}'.encode())
    assert isinstance(found, text.Refused)
    assert found.why == "the key 'k7' appears twice"


def test_transformers_changed_after_the_fit_are_refused():
    columns = ColumnTransformer([("z", sklearn_norm.ZScoreScaler(), ["age"])]).fit(FRAME)
    with pytest.raises(FormatError, match=r"state.fitted.z: `transformers` were changed"):
        sklearn_norm.to_dict(columns.set_params(z="passthrough"))


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
