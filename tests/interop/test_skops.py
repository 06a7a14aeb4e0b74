"""Files of skops load with the list of types that this library names, and none is needless."""

from __future__ import annotations

from inspect import signature

import laws
import numpy as np
import pytest
import sklearn
import skops.io
from configurations import public_estimators
from documents import FRAME
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline

import sklearn_norm

EVERY = pytest.mark.parametrize("estimator", public_estimators(), ids=repr)


def loaded(estimator):
    return skops.io.loads(skops.io.dumps(estimator), trusted=sklearn_norm.TRUSTED_TYPES)


def untrusted(estimator):
    return skops.io.get_untrusted_types(data=skops.io.dumps(estimator))


@EVERY
def test_an_estimator_comes_back_and_needs_its_own_name_only(estimator):
    """Fitted or not, on frames, after a stream, with settings of scikit-learn."""
    name = next(
        (n for n in ("copy", "groups", "mask") if n in signature(estimator.transform).parameters),
        "",
    )
    with sklearn.config_context(enable_metadata_routing=True):
        asked = clone(estimator)
        if hasattr(asked, "set_transform_request"):  # else its parts ask
            asked.set_transform_request(**{name: True})
    framed = clone(estimator).set_output(transform="pandas").fit(FRAME)
    streamed = clone(estimator).partial_fit(FRAME).partial_fit(FRAME)
    for made in (clone(estimator), asked, framed, streamed):
        assert untrusted(made) == sorted(names_in(estimator))
        twin = loaded(made)
        laws.assert_same_state(twin, made)
        laws.assert_same_state(twin.partial_fit(FRAME), made.partial_fit(FRAME))


def names_in(estimator):
    """Return the names of the classes of an estimator, and of those inside it."""
    parts = [part for part in estimator.get_params().values() if hasattr(part, "get_params")]
    own = {f"sklearn_norm.{type(estimator).__name__}"}
    return own.union(*map(names_in, parts))


def test_the_list_is_the_public_estimators_and_each_is_needed():
    streaming = sklearn_norm.StreamingPipeline([("one", sklearn_norm.ZScoreScaler())])
    regressor = sklearn_norm.ReversibleRegressor(Ridge(), norm=sklearn_norm.InstanceNorm())
    every = [*public_estimators(), streaming, regressor]
    needed = {name for estimator in every for name in untrusted(estimator)}
    assert needed == set(sklearn_norm.TRUSTED_TYPES)
    assert len(sklearn_norm.TRUSTED_TYPES) == len(needed) == len(laws.CLASSES)
    assert all(type(name) is str for name in sklearn_norm.TRUSTED_TYPES)


@pytest.mark.parametrize(
    "parameters",
    [
        {"data_range": {"age": (0, 130)}},
        {"data_range": (np.zeros(3), np.ones(3))},
        {"feature_range": (np.float32(0), np.int8(1))},
    ],
    ids=str,
)
def test_parameters_of_any_type_need_no_more(parameters):
    scaler = sklearn_norm.MinMaxScaler(**parameters).fit(FRAME)
    assert untrusted(scaler) == ["sklearn_norm.MinMaxScaler"]
    laws.assert_same_state(loaded(scaler), scaler)


def test_a_long_sketch_comes_back():
    rng = np.random.default_rng(1)
    scaler = sklearn_norm.RobustScaler(rank_error=0.05)
    for _ in range(20):
        scaler.partial_fit(rng.normal(size=(60, 2)))
    twin = loaded(scaler)
    laws.assert_same_state(twin, scaler)
    laws.assert_same_state(twin.partial_fit(X := rng.normal(size=(60, 2))), scaler.partial_fit(X))


def test_pipelines_come_back_with_the_same_list():
    """A ColumnTransformer of scikit-learn 1.6 needs a private type of scikit-learn besides."""
    inner = make_pipeline(sklearn_norm.ZScoreScaler(), sklearn_norm.LayerNorm())
    pipeline = make_pipeline(inner, sklearn_norm.MinMaxScaler()).fit(FRAME)
    twin = loaded(pipeline)
    laws.assert_same_bits(twin.transform(FRAME), pipeline.transform(FRAME))
    assert sklearn_norm.to_dict(twin) == sklearn_norm.to_dict(pipeline)


def test_nothing_loads_without_the_list():
    data = skops.io.dumps(sklearn_norm.ZScoreScaler())
    with pytest.raises(skops.io.exceptions.UntrustedTypesFoundException):
        skops.io.loads(data)
