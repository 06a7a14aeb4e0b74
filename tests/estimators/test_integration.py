"""The scalers inside scikit-learn: pipelines, searches, routing, new processes."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, cross_validate
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.preprocessing import MinMaxScaler as PeerMinMaxScaler
from sklearn.preprocessing import RobustScaler as PeerRobustScaler

from sklearn_norm import MinMaxScaler, RobustScaler, ZScoreScaler

KINDS = [laws.kind_of(name) for name in laws.SCALERS]
LINEAR = pytest.mark.parametrize(
    "kind",
    [k for k in KINDS if k not in laws.OF_ANY_SIGN.values()],
    ids=lambda kind: kind.__name__,
)
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
TABLES = {"wine": load_wine, "iris": load_iris, "breast_cancer": load_breast_cancer}

# A new process loads a model and a row, and prints what the model says of it.
PREDICT = """
import sys, joblib
for model, row in zip(sys.argv[1::2], sys.argv[2::2]):
    model, row = joblib.load(model), joblib.load(row)
    print(model.predict(row)[0], *(float(p).hex() for p in model.predict_proba(row)[0]))
"""


def test_a_saved_pipeline_predicts_one_row_in_a_new_process(tmp_path):
    """The main job: scale a table, train, save, load elsewhere, predict; to the last bit."""
    arguments, expected = [], []
    for table, load in TABLES.items():
        X, y = load(return_X_y=True, as_frame=True)
        row = X.iloc[[17]]
        for kind in KINDS:
            scaler = kind().set_output(transform="pandas")
            model = make_pipeline(scaler, KNeighborsClassifier(weights="distance")).fit(
                X[20:], y[20:]
            )
            assert model.feature_names_in_.tolist() == list(X.columns)
            for name, thing in (("model", model), ("row", row)):
                path = tmp_path / f"{table}.{kind.__name__}.{name}"
                joblib.dump(thing, path)
                arguments.append(str(path))
            chances = [float(p).hex() for p in model.predict_proba(row)[0]]
            expected.append([str(model.predict(row)[0]), *chances])
    command = [sys.executable, "-W", "error", "-c", PREDICT, *arguments]
    shared = str(Path(laws.__file__).parent)  # some classes are of these tests
    found = {**os.environ, "PYTHONPATH": shared}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, timeout=120, env=found
    )
    assert done.returncode == 0, done.stderr
    assert [line.split() for line in done.stdout.splitlines()] == expected


def people(library):
    columns = {
        "age": [23.0, 31.0, 45.0, 52.0, 38.0, 27.0],
        "city": ["Bern", "Oslo", "Oslo", "Rome", "Bern", "Rome"],
        "income": [1200, 5400, 3300, 9100, 4500, 2100],
        "member": [True, False, True, True, False, False],
    }
    return library.DataFrame(columns)


@EVERY
@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_a_mixed_frame_is_scaled_where_it_holds_numbers(kind, library):
    """Strings go to another transformer, other columns pass; names and types are kept."""
    table, numbers = people(library), ["age", "income"]
    encoder = OneHotEncoder(sparse_output=False)
    columns = ColumnTransformer(
        [("scaled", kind(), numbers), ("city", encoder, ["city"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    ).set_output(transform=library.__name__)
    Z = columns.fit_transform(table)
    assert isinstance(Z, library.DataFrame)
    cities = ["city_Bern", "city_Oslo", "city_Rome"]
    assert list(Z.columns) == [*numbers, *cities, "member"]
    np.testing.assert_array_equal(Z["city_Oslo"].to_numpy(), [0, 1, 1, 0, 0, 0])
    alone = kind().fit(table[numbers])
    np.testing.assert_array_equal(Z[numbers].to_numpy(), alone.transform(table[numbers]))
    back = columns.named_transformers_["scaled"].inverse_transform(Z[numbers])
    assert isinstance(back, library.DataFrame)
    np.testing.assert_allclose(back.to_numpy(), table[numbers].to_numpy(), rtol=1e-13)


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_a_mixed_frame_trains_a_model_and_meets_unseen_rows(library):
    table, spent = people(library), [10.0, 55.0, 30.0, 90.0, 44.0, 20.0]
    columns = ColumnTransformer(
        [
            ("age", MinMaxScaler(data_range={"age": (20, 70)}), ["age"]),
            ("income", RobustScaler(), ["income"]),
            ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
        ],
    )
    model = make_pipeline(columns, Ridge()).fit(table, spent)
    new = {"age": [70.0], "city": ["Riga"], "income": [3900], "member": [True]}
    assert np.isfinite(model.predict(library.DataFrame(new))).all()
    # 70 is the top of the known range; 3900 is the median of the incomes
    np.testing.assert_array_equal(columns.transform(library.DataFrame(new)), [[1, 0, 0, 0, 0]])


def test_columns_are_selected_by_dtype():
    table = people(pd)
    columns = ColumnTransformer(
        [("scaled", ZScoreScaler(), make_column_selector(dtype_include=["float64", "int64"]))]
    )
    expected = StandardScaler().fit_transform(table[["age", "income"]])
    np.testing.assert_allclose(columns.fit_transform(table), expected, rtol=1e-14, atol=1e-15)


COPY = {"copy": [True, False]}  # of scalers without an entry
GRIDS = {
    "BatchStatsScaler": {"momentum": [None, 1.0], "eps": [0.0, 1e3]},
    "MinMaxScaler": {"feature_range": [(0, 1), (-1, 1)], "clip": [False, True]},
    "RobustScaler": {"quantile_range": [(25.0, 75.0), (5.0, 95.0)], "unit_variance": [False, True]},
    "ZScoreScaler": {"with_mean": [True, False], "with_std": [True, False]},
}


@pytest.fixture(scope="module")
def searches():
    """Return the fitted search of each scaler: one pool of workers serves all."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    found = {}
    for kind in KINDS:
        grid = {f"scale__{k}": v for k, v in GRIDS.get(kind.__name__, COPY).items()}
        model = Pipeline([("scale", kind()), ("model", KNeighborsClassifier())])
        search = GridSearchCV(model, grid, cv=3, n_jobs=2, error_score="raise")
        found[kind.__name__] = search.fit(X, y)
    return found


@pytest.mark.full
@EVERY
def test_a_search_over_parameters_in_two_processes_scores_as_in_one(kind, searches):
    search = searches[kind.__name__]
    X, y = load_wine(return_X_y=True, as_frame=True)
    results = search.cv_results_
    assert len(results["params"]) == np.prod(
        [len(v) for v in GRIDS.get(kind.__name__, COPY).values()]
    )
    for place, given in enumerate(results["params"]):
        one = clone(search.estimator).set_params(**given)
        scores = [results[f"split{i}_test_score"][place] for i in range(3)]
        assert cross_val_score(one, X, y, cv=3).tolist() == scores
    assert search.best_score_ == max(results["mean_test_score"])
    assert search.predict(X).shape == y.shape


@pytest.mark.full
def test_a_search_finds_that_scaling_matters(searches):
    """The wine's proline is in the hundreds: neighbours need its deviation divided out."""
    results = searches["ZScoreScaler"].cv_results_
    divided = np.array([p["scale__with_std"] for p in results["params"]])
    assert results["mean_test_score"][divided].min() > 0.9
    assert results["mean_test_score"][~divided].max() < 0.75


@LINEAR
def test_a_target_is_scaled_and_scaled_back(kind):
    """Least squares gives the same predictions for any affine map of the target."""
    X, y = load_diabetes(return_X_y=True)
    model = TransformedTargetRegressor(LinearRegression(), transformer=kind()).fit(X, y)
    plain = LinearRegression().fit(X, y)
    np.testing.assert_allclose(model.predict(X), plain.predict(X), rtol=1e-9)
    assert model.transformer_.n_samples_seen_ == 442
    assert abs(model.regressor_.intercept_ - plain.intercept_) > 1  # it saw other numbers


@LINEAR
def test_several_targets_of_a_frame_are_scaled_back(kind):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    targets = pd.DataFrame({"y": y, "half": y / 2})
    model = TransformedTargetRegressor(LinearRegression(), transformer=kind(), check_inverse=True)
    plain = LinearRegression().fit(X, targets)
    np.testing.assert_allclose(model.fit(X, targets).predict(X), plain.predict(X), rtol=1e-9)


def test_a_union_of_all_scalers_lays_their_columns_side_by_side():
    X, _ = load_iris(return_X_y=True, as_frame=True)
    union = FeatureUnion([(kind.__name__, kind()) for kind in KINDS])
    Z = union.set_output(transform="pandas").fit_transform(X)
    assert list(Z.columns) == [f"{k.__name__}__{c}" for k in KINDS for c in X.columns]
    for kind in KINDS:
        mine = Z[[f"{kind.__name__}__{c}" for c in X.columns]].to_numpy()
        np.testing.assert_array_equal(mine, kind().fit_transform(X))
    np.testing.assert_array_equal(union.set_output(transform="default").transform(X), Z.to_numpy())


@EVERY
def test_a_frozen_scaler_is_fitted_no_more(kind):
    """As a warm start: the scaler of the first half serves a model of the second."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    scaler = kind().fit(X[::2])
    expected = scaler.transform(X)
    frozen = FrozenEstimator(scaler)
    model = make_pipeline(frozen, KNeighborsClassifier()).fit(X[1::2], y[1::2])
    np.testing.assert_array_equal(model[:-1].transform(X), expected)
    np.testing.assert_array_equal(clone(frozen).transform(X), expected)
    np.testing.assert_array_equal(frozen.fit(X + 1, y).transform(X), expected)
    assert scaler.n_samples_seen_ == 89
    alone = KNeighborsClassifier().fit(expected[1::2], y[1::2])
    np.testing.assert_array_equal(model.predict(X), alone.predict(expected))


@EVERY
@pytest.mark.parametrize("asked", [True, False])
def test_routed_weights_reach_the_scaler_in_cross_validation(kind, asked):
    """Where they are requested; otherwise the scaler sees every row once."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    weight = np.random.default_rng(0).integers(0, 4, len(y)).astype(float)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            kind().set_fit_request(sample_weight=asked),
            RidgeClassifier().set_fit_request(sample_weight=True),
        )
        results = cross_validate(
            model,
            X,
            y,
            cv=KFold(3, shuffle=True, random_state=0),
            params={"sample_weight": weight},
            scoring=get_scorer("accuracy").set_score_request(sample_weight=True),
            return_estimator=True,
            return_indices=True,
        )
    for i in range(3):
        train, test = (results["indices"][part][i] for part in ("train", "test"))
        fitted = results["estimator"][i]
        by_hand = kind().fit(X.iloc[train], sample_weight=weight[train] if asked else None)
        assert fitted[0].n_samples_seen_ == (weight[train].sum() if asked else len(train))
        Z = by_hand.transform(X)
        np.testing.assert_array_equal(fitted[0].transform(X), Z)
        last = RidgeClassifier()
        last.fit(Z[train], y.iloc[train], sample_weight=weight[train])
        score = last.score(Z[test], y.iloc[test], sample_weight=weight[test])
        assert results["test_score"][i] == pytest.approx(score, abs=1e-15)


def test_weights_move_the_mean_of_each_fold():
    """The scaler of a fold has the weighted mean of its rows, in exact arithmetic."""
    X = np.arange(12.0).reshape(12, 1)
    weight = np.tile([1.0, 3.0], 6)
    with config_context(enable_metadata_routing=True):
        model = make_pipeline(
            ZScoreScaler().set_fit_request(sample_weight=True), KNeighborsRegressor(1)
        )
        results = cross_validate(
            model,
            X,
            X[:, 0],
            cv=KFold(2),
            params={"sample_weight": weight},
            return_estimator=True,
            scoring=get_scorer("r2").set_score_request(sample_weight=False),
        )
    # 6 to 11, then 0 to 5: (6 + 8 + 10 + 3 (7 + 9 + 11)) / 12 = 8.75
    means = [estimator[0].mean_.tolist() for estimator in results["estimator"]]
    assert means == [[8.75], [2.75]]


@EVERY
def test_weights_are_routed_by_partial_fit_too(kind):
    """The request can be set for each of the two methods, and survives clone and pickle."""
    with config_context(enable_metadata_routing=True):
        scaler = kind().set_fit_request(sample_weight=True)
        scaler.set_partial_fit_request(sample_weight="rows_count")
        for twin in (scaler, clone(scaler), pickle.loads(pickle.dumps(scaler))):
            routing = twin.get_metadata_routing()
            assert routing.fit.requests["sample_weight"] is True
            assert routing.partial_fit.requests["sample_weight"] == "rows_count"


PAIRS = [
    (StandardScaler, {}, ZScoreScaler, {}),
    (StandardScaler, {"with_mean": False}, ZScoreScaler, {"with_mean": False}),
    (PeerMinMaxScaler, {}, MinMaxScaler, {}),
    (PeerMinMaxScaler, {"feature_range": (-1, 1)}, MinMaxScaler, {"feature_range": (-1, 1)}),
    (PeerRobustScaler, {}, RobustScaler, {}),
    (PeerRobustScaler, {"unit_variance": True}, RobustScaler, {"unit_variance": True}),
]


@pytest.mark.share(0, each_value=True)
@pytest.mark.parametrize(("peer", "given", "kind", "same"), PAIRS)
@pytest.mark.parametrize("table", TABLES)
def test_a_changed_import_line_keeps_the_scores(peer, given, kind, same, table):
    """Same folds, same model, same accuracy, in every fold."""
    X, y = TABLES[table](return_X_y=True, as_frame=True)
    scores = [
        cross_val_score(make_pipeline(scaler, KNeighborsClassifier()), X, y, cv=5).tolist()
        for scaler in (peer(**given), kind(**same))
    ]
    assert scores[0] == scores[1]


@EVERY
def test_names_pass_through_pipelines(kind):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(
        kind(), FunctionTransformer(feature_names_out="one-to-one"), kind(), LogisticRegression()
    )
    model.set_output(transform="pandas").fit(X, y)
    assert model[:-1].get_feature_names_out().tolist() == list(X.columns)
    assert model[-1].feature_names_in_.tolist() == list(X.columns)
    Z = model[:-1].transform(X)
    assert list(Z.columns) == list(X.columns)
    assert Z.index.equals(X.index)
    with pytest.raises(ValueError, match="same order"):
        model.predict(X[X.columns[::-1]])


@EVERY
def test_pipelines_of_scalers_are_undone(kind):
    """Frame to frame, through two scalers."""
    X, _ = load_wine(return_X_y=True, as_frame=True)
    model = make_pipeline(kind(), kind()).set_output(transform="pandas").fit(X)
    back = model.inverse_transform(model.transform(X))
    pd.testing.assert_frame_equal(back, X, rtol=1e-12)


@EVERY
def test_the_html_shows_parameters_and_state(kind):
    X, y = load_iris(return_X_y=True, as_frame=True)
    model = make_pipeline(kind(copy=False), LogisticRegression(max_iter=5000))
    assert "Not fitted" in model._repr_html_()
    html = model.fit(X, y)._repr_html_()
    assert f"{kind.__name__}" in html
    assert "copy" in html
    assert "Not fitted" not in html
    assert repr(kind(copy=False)) == f"{kind.__name__}(copy=False)"
    assert repr(kind()) == f"{kind.__name__}()"


@EVERY
def test_parameters_are_read_and_set(kind):
    """All of them, by name, also through a pipeline; others are refused."""
    scaler = kind()
    given = scaler.get_params()
    assert given["copy"] is True
    assert kind(**given).get_params() == given
    assert scaler.set_params(copy=False) is scaler
    assert scaler.get_params() == {**given, "copy": False}
    model = make_pipeline(scaler)
    step = kind.__name__.lower()
    model.set_params(**{f"{step}__copy": True})
    assert scaler.copy is True
    assert model.get_params()[f"{step}__copy"] is True
    with pytest.raises(ValueError, match="Invalid parameter 'axis'"):
        scaler.set_params(axis=1)
