"""Saved estimators come back to the bit, and go on as if they had never been saved."""

from __future__ import annotations

import inside
import laws
import numpy as np
import polars as pl
import pytest
import sklearn
from budget import times
from configurations import public_estimators
from documents import (
    FRAME,
    X,
    changed,
    document_array,
    document_of,
    refuses,
    reloaded,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import clone

import sklearn_norm
from sklearn_norm.persistence import values

EVERY = pytest.mark.parametrize("estimator", public_estimators(), ids=repr)


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


def refusal(scaler, rows):
    """Let a scaler learn rows; return why it does not, or None."""
    try:
        scaler.partial_fit(rows)
    except ValueError as error:
        return str(error)
    return None


@given(
    data=arrays.arrays(
        np.float64,
        st.tuples(st.integers(2, 12), st.just(2)),
        elements=st.floats(allow_infinity=False),
    ),
    cut=st.integers(1, 11),
)
@settings(max_examples=times(6, 60))
def test_a_stream_goes_on_after_loading_as_if_never_saved(data, cut):
    """Any floats, saved after any row; powers of some of them are refused, by both alike."""
    first, rest = data[:cut], data[cut:]
    for name in laws.SCALERS:
        scaler = laws.kind_of(name)()
        if refusal(scaler, first) is not None:
            assert name == "PowerScaler"
            continue
        twin = reloaded(scaler)
        laws.assert_same_state(twin, scaler)
        assert refusal(twin, rest) == refusal(scaler, rest)
        laws.assert_same_state(twin, scaler)


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
    norm = inside.without_columns(norm)
    laws.assert_same_state(reloaded(norm), norm)
    images = sklearn_norm.BatchNorm(channel_axis=-1).fit(np.ones((2, 5, 4, 3)))
    laws.assert_same_state(reloaded(images), images)
    assert reloaded(images).shape_ == (5, 4, 3)


def test_pending_batches_are_part_of_the_state():
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
        (pending, [1], "state.pending: must be a Buffer"),
        (pending, None, "pending must be a Buffer, not None"),
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
    ("MaxAbsScaler", {"max_abs": [7.0], "n_samples": 3}, {"clip": True}),
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
    scaler = laws.kind_of(name).from_stats(**stats, **parameters)
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
