"""StreamingPipeline: a Pipeline that learns batch by batch, all steps or none."""

from __future__ import annotations

import json
import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import sklearn
from laws import assert_same_bits
from sklearn.base import clone
from sklearn.decomposition import PCA, IncrementalPCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import SGDClassifier, SGDRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer
from sklearn.utils.estimator_checks import check_estimator

import sklearn_norm
from sklearn_norm import ColumnScaler, MinMaxScaler, RMSNorm, StreamingPipeline, ZScoreScaler

RNG = np.random.default_rng(0)
X = RNG.normal(5, 3, (90, 3))
y = (X[:, 0] + X[:, 1] > 10).astype(int)
BATCHES = [slice(i, i + 15) for i in range(0, 90, 15)]
CLASSES = [0, 1]


def steps():
    return [("z", ZScoreScaler()), ("m", MinMaxScaler()), ("c", SGDClassifier(random_state=0))]


def by_hand(scale_with, weights=None):
    """The loop that the pipeline replaces; return the steps, and the predictions before each."""
    (_, z), (_, m), (_, c) = steps()
    told = []
    for at in BATCHES:
        given = [None] * 2 if weights is None else [weights[at]] * 2
        ready = hasattr(c, "coef_")
        told.append(c.predict(m.transform(z.transform(X[at]))) if ready else None)
        if scale_with == "after":
            Z = z.partial_fit(X[at], sample_weight=given[0]).transform(X[at])
            Z = m.partial_fit(Z, sample_weight=given[1]).transform(Z)
            c.partial_fit(Z, y[at], classes=CLASSES, sample_weight=given[0])
            continue
        Z = z.transform(X[at]) if hasattr(z, "mean_") else None
        z.partial_fit(X[at], sample_weight=given[0])
        if Z is None:
            continue
        W = m.transform(Z) if hasattr(m, "data_min_") else None
        m.partial_fit(Z, sample_weight=given[1])
        if W is not None:
            c.partial_fit(W, y[at], classes=CLASSES, sample_weight=given[0])
    return z, m, c, told


def assert_same_steps(pipeline, z, m, c):
    assert sklearn_norm.equal(pipeline["z"], z)
    assert sklearn_norm.equal(pipeline["m"], m)
    assert_same_bits(pipeline["c"].coef_, c.coef_)
    assert_same_bits(pipeline["c"].intercept_, c.intercept_)


@pytest.mark.parametrize("scale_with", ["after", "before"])
def test_batches_are_learned_as_by_the_loop(scale_with):
    z, m, c, told = by_hand(scale_with)
    pipeline = StreamingPipeline(steps(), scale_with=scale_with)
    for at, expected in zip(BATCHES, told, strict=True):
        found = pipeline.predict_partial_fit(X[at], y[at], classes=CLASSES)
        assert (found is None) == (expected is None)
        if found is not None:
            assert_same_bits(found, expected)
    assert_same_steps(pipeline, z, m, c)
    assert isinstance(pipeline, Pipeline)
    assert pipeline.classes_.tolist() == CLASSES
    assert sum(expected is None for expected in told) == (1 if scale_with == "after" else 3)


def test_before_no_row_is_scaled_by_itself_or_by_later_ones():
    """What the last step sees of a batch does not change with the batch's own statistics."""
    seen = []

    class Spy(SGDRegressor):
        def partial_fit(self, X, y, sample_weight=None):
            seen.append(X.copy())
            return super().partial_fit(X, y, sample_weight)

    pipeline = StreamingPipeline([("z", ZScoreScaler()), ("s", Spy())], scale_with="before")
    for at in BATCHES:
        pipeline.partial_fit(X[at], y[at])
    assert len(seen) == len(BATCHES) - 1
    for i, found in enumerate(seen, 1):
        assert_same_bits(found, ZScoreScaler().fit(X[: 15 * i]).transform(X[BATCHES[i]]))


class Broken(SGDClassifier):
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        raise ValueError("no")


@pytest.mark.parametrize("scale_with", ["after", "before"])
def test_a_batch_is_learned_by_all_steps_or_by_none(scale_with):
    pipeline = StreamingPipeline([*steps()[:2], ("c", Broken())], scale_with=scale_with).fit(X, y)
    before = pickle.dumps(pipeline)
    with pytest.raises(ValueError, match=r"^no \(The step 'c', a Broken\.\)$"):
        pipeline.partial_fit(X[:9], y[:9])
    wrong = X[:9].copy()
    wrong[0, 1] = np.inf
    for act in (pipeline.partial_fit, pipeline.fit):
        with pytest.raises(ValueError, match="infinity"):
            act(wrong, y[:9])
    assert pickle.dumps(pipeline) == before


def test_a_step_that_cannot_stream_is_named_before_any_step_changes():
    pipeline = StreamingPipeline([("z", ZScoreScaler()), ("pca", PCA(2))])
    with pytest.raises(
        TypeError, match="The step 'pca', a PCA, learns from data and has no partia"
    ):
        pipeline.partial_fit(X)
    assert pipeline["z"]._fitted is None


def test_stateless_and_frozen_steps_pass():
    frozen = FrozenEstimator(PCA(2).fit(ZScoreScaler().fit_transform(X)))
    pipeline = StreamingPipeline(
        [
            ("log", FunctionTransformer(np.abs)),
            ("none", "passthrough"),
            ("z", ZScoreScaler()),
            ("pca", frozen),
            ("unit", Normalizer()),
            ("rms", RMSNorm()),
            ("m", MinMaxScaler()),
        ]
    )
    z, m, expected = ZScoreScaler(), MinMaxScaler(), None
    for at in BATCHES:
        pipeline.partial_fit(X[at])
        Z = frozen.transform(z.partial_fit(np.abs(X[at])).transform(np.abs(X[at])))
        Z = RMSNorm().fit_transform(Normalizer().fit_transform(Z))
        expected = m.partial_fit(Z).transform(Z)
    assert_same_bits(pipeline.transform(X[BATCHES[-1]]), expected)
    assert_same_bits(frozen.estimator.components_, pipeline["pca"].components_)


def test_only_the_steps_of_update_learn():
    pipeline = StreamingPipeline(steps(), update=["c"]).fit(X[:30], y[:30])
    z, coef = pipeline["z"], pipeline["c"].coef_.copy()
    pipeline.partial_fit(X[30:], y[30:])
    assert pipeline["z"] is z
    assert (pipeline["c"].coef_ != coef).any()
    with pytest.raises(
        ValueError, match=r"`update` names 'd', but the steps are \['z', 'm', 'c'\]"
    ):
        pipeline.set_params(update=["d"]).partial_fit(X, y)
    with pytest.raises(NotFittedError, match="does not learn here: fit it first"):
        StreamingPipeline(steps(), update=["c"]).partial_fit(X, y, classes=CLASSES)
    # a step that has no partial_fit is none that must learn
    pca = StreamingPipeline([("p", PCA(2)), ("m", MinMaxScaler())], update=["m"]).fit(X)
    assert pca.partial_fit(X)["m"].n_samples_seen_ == 180


def test_weights_go_to_steps_that_take_them():
    w = np.arange(90.0) % 4
    z, m, c, _ = by_hand("after", w)
    pipeline = StreamingPipeline(steps())
    for at in BATCHES:
        pipeline.partial_fit(X[at], y[at], classes=CLASSES, sample_weight=w[at])
    assert_same_steps(pipeline, z, m, c)
    one = StreamingPipeline(steps()).partial_fit(X, y, classes=CLASSES, z__sample_weight=w)
    assert one["z"].n_samples_seen_ == w.sum()
    assert one["m"].n_samples_seen_ == 90
    with pytest.raises(TypeError, match="unexpected keyword argument 'groups'"):
        pipeline.partial_fit(X, y, groups=w)
    with pytest.raises(ValueError, match="is for a step 'q': the steps are"):
        pipeline.partial_fit(X, y, q__sample_weight=w)
    assert StreamingPipeline(steps()).fit(X, y, sample_weight=w)["z"].n_samples_seen_ == w.sum()
    with sklearn.config_context(enable_metadata_routing=True):
        asks = ZScoreScaler().set_partial_fit_request(sample_weight=True)
        quiet = MinMaxScaler().set_partial_fit_request(sample_weight=False)
        routed = StreamingPipeline([("z", asks), ("m", quiet)]).partial_fit(X, sample_weight=w)
    assert routed["z"].n_samples_seen_ == w.sum()
    assert routed["m"].n_samples_seen_ == 90


def test_merged_pipelines_have_merged_steps():
    one = StreamingPipeline([("z", ZScoreScaler()), ("u", Normalizer())]).fit(X[:40])
    two = clone(one).fit(X[40:])
    merged = one.merge(two)
    assert_same_bits(merged.transform(X), clone(one).fit(X).transform(X))
    assert one["z"].n_samples_seen_ == 40
    assert sklearn_norm.merge([one, two])["z"].n_samples_seen_ == 90
    model = StreamingPipeline(steps()).fit(X, y)
    with pytest.raises(ValueError, match="The step 'c', a SGDClassifier, has no merge"):
        model.merge(model)
    with pytest.raises(ValueError, match="pipelines of different steps"):
        one.merge(model)
    with pytest.raises(ValueError, match="different parameters"):
        one.merge(clone(two).set_params(z__ddof=1).fit(X))
    with pytest.raises(ValueError, match="Cannot merge: the step 'u' is"):
        one.merge(clone(two).set_params(u__norm="l1").fit(X))


def test_it_is_a_pipeline_in_all_else():
    pipeline = StreamingPipeline(steps(), scale_with="before").fit(X, y)
    expected = Pipeline(steps()).fit(X, y)
    assert_same_bits(pipeline.predict(X), expected.predict(X))
    assert pipeline.score(X, y) == expected.score(X, y)
    part = pipeline[:2]
    assert isinstance(part, StreamingPipeline)
    assert part.scale_with == "before"
    assert_same_bits(part.transform(X), expected[:2].transform(X))
    np.testing.assert_allclose(part.inverse_transform(part.transform(X)), X, 1e-13, 1e-14)
    assert_same_bits(clone(part).fit_transform(X), part.transform(X))
    assert not hasattr(pipeline, "transform")
    assert not hasattr(part, "predict_partial_fit")
    assert pipeline.get_params()["z__ddof"] == 0
    assert set(pipeline.get_params(deep=False)) == {"steps", "scale_with", "update"}
    for wrong in ({"scale_with": "never"}, {"update": 3}):
        with pytest.raises(ValueError, match=f"The '{min(wrong)}' parameter"):
            clone(pipeline).set_params(**wrong).partial_fit(X, y)


def test_other_libraries_steps_stream_too():
    pipeline = StreamingPipeline([("z", ZScoreScaler()), ("p", IncrementalPCA(2))])
    z, p = ZScoreScaler(), IncrementalPCA(2)
    for at in BATCHES:
        pipeline.partial_fit(X[at])
        p.partial_fit(z.partial_fit(X[at]).transform(X[at]))
    np.testing.assert_allclose(pipeline["p"].components_, p.components_)


def test_frames_and_columns_inside():
    table = pd.DataFrame(X, columns=list("abc"))
    columns = ColumnScaler([("m", MinMaxScaler(), ["a"])], remainder=ZScoreScaler())
    pipeline = StreamingPipeline([("columns", columns), ("c", SGDClassifier(random_state=0))])
    for at in BATCHES:
        pipeline.partial_fit(table[at], y[at], classes=CLASSES)
    assert pipeline["columns"].named_scalers_.m.n_samples_seen_ == 90
    assert pipeline.predict(table).shape == (90,)
    pipeline.set_params(columns__m__clip=True)
    assert pipeline["columns"].scalers[0][1].clip


@pytest.mark.parametrize("fit", [True, False])
def test_json_pickles_and_copies(fit):
    pipeline = StreamingPipeline([("z", ZScoreScaler()), ("m", MinMaxScaler())], update=["z"])
    pipeline = pipeline.fit(X) if fit else pipeline
    document = json.loads(json.dumps(sklearn_norm.to_dict(pipeline)))
    for twin in (
        sklearn_norm.from_dict(document),
        pickle.loads(pickle.dumps(pipeline)),
        deepcopy(pipeline),
    ):
        assert type(twin) is StreamingPipeline
        assert twin.update == ["z"]
        if fit:
            assert_same_bits(
                twin.partial_fit(X).transform(X), deepcopy(pipeline).partial_fit(X).transform(X)
            )


def test_it_converts_to_onnx_as_a_pipeline_does():
    skl2onnx = pytest.importorskip("skl2onnx", reason="an optional package")
    ort = pytest.importorskip("onnxruntime", reason="an optional package")
    pipeline = StreamingPipeline([("z", ZScoreScaler()), ("m", MinMaxScaler())]).fit(X)
    graph = skl2onnx.to_onnx(pipeline, X[:1])
    session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"X": X})
    assert_same_bits(found, pipeline.transform(X))


SGD = SGDClassifier(random_state=0, max_iter=50, tol=None)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of the model
@pytest.mark.parametrize("last", [MinMaxScaler(), SGD], ids=["scaler", "model"])
def test_the_checks_of_sklearn(last):
    """But for the two that scikit-learn's own Pipeline is exempt from: it keeps fits in `steps`."""
    steps = "a fit of a Pipeline replaces its steps"
    exempt = {
        "check_dont_overwrite_attributes": steps,  # its name up to 1.6
        "check_dont_overwrite_parameters": steps,
        "check_estimators_overwrite_params": steps,
    }
    check_estimator(
        StreamingPipeline([("z", ZScoreScaler()), ("last", last)]),
        on_skip=None,
        expected_failed_checks=exempt,
    )
