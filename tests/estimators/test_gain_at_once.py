"""Gain and offset of running norms are parameters of the last step: seen at once, everywhere."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import laws
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import BatchNorm, BatchStatsScaler

X = np.array([[1.0, 10.0], [3.0, 50.0]])
KINDS = [BatchNorm, BatchStatsScaler]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def fitted(request):
    return request.param(eps=0.0).fit(X)


def test_a_new_gain_and_offset_are_served_at_once(fitted):
    """z = -1 and 1 become -2 + 0.5 and 2 + 0.5; as attributes, too."""
    assert fitted.transform(X).tolist() == [[-1.0, -1.0], [1.0, 1.0]]
    fitted.set_params(gamma=[2.0, -3.0], beta=0.5)
    assert fitted.transform(X).tolist() == [[-1.5, 3.5], [2.5, -2.5]]
    fitted.gamma = None
    assert fitted.transform(X).tolist() == [[-0.5, -0.5], [1.5, 1.5]]
    fitted.set_params(beta=None)
    assert fitted.transform(X).tolist() == [[-1.0, -1.0], [1.0, 1.0]]


def test_an_array_that_is_written_to_is_seen(fitted):
    """As an optimiser does it, step by step."""
    gamma = np.ones(2)
    fitted.set_params(gamma=gamma)
    for step in (1.0, 2.0, 3.0):
        gamma[:] = step
        assert fitted.transform(X)[1].tolist() == [step, step]


def test_the_result_is_that_of_a_fit_with_them(fitted):
    """To the bit, in transform and back."""
    data = np.random.default_rng(0).normal(5, 3, (7, 2))
    changed = fitted.fit(data).set_params(gamma=[1.7, 0.3], beta=[-1.0, 2.0])
    expected = type(fitted)(eps=0.0, gamma=[1.7, 0.3], beta=[-1.0, 2.0]).fit(data)
    laws.assert_same_bits(changed.transform(data), expected.transform(data))
    Z = expected.transform(data)
    laws.assert_same_bits(changed.inverse_transform(Z), expected.inverse_transform(Z))
    S = np.ones((1, 2))
    laws.assert_same_bits(changed.inverse_transform_std(S), expected.inverse_transform_std(S))


def test_statistics_and_other_parameters_keep_the_convention(fitted):
    """They are learned by a fit: eps, momentum and variance wait for the next one."""
    before = [fitted.running_mean_, fitted.running_var_, fitted.scale_, fitted.n_batches_seen_]
    fitted.set_params(gamma=2.0, eps=5.0, momentum=0.5)
    assert fitted.transform(X).tolist() == [[-2.0, -2.0], [2.0, 2.0]]
    for a, b in zip(
        before,
        [fitted.running_mean_, fitted.running_var_, fitted.scale_, fitted.n_batches_seen_],
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("when", ["before", "after"])
def test_pickles_and_files_serve_them(fitted, tmp_path, when):
    """Set before or after the way through the file."""
    told = {"gamma": np.array([2.0, 4.0]), "beta": 1.0}
    if when == "before":
        fitted.set_params(**told)
    sklearn_norm.save(fitted, tmp_path / "norm.json")
    for copy in (
        pickle.loads(pickle.dumps(fitted)),
        deepcopy(fitted),
        sklearn_norm.load(tmp_path / "norm.json"),
    ):
        if when == "after":
            copy.set_params(**told)
        assert copy.transform(X).tolist() == [[-1.0, -3.0], [3.0, 5.0]]
    assert clone(fitted.set_params(**told)).gamma.tolist() == [2.0, 4.0]


def test_reading_changes_no_state(fitted):
    """The record that serves is kept beside the state."""
    fitted.set_params(gamma=2.0)
    before = pickle.dumps(fitted)
    fitted.transform(X)
    assert pickle.dumps(fitted) == before


def test_a_stream_goes_on_with_them(fitted):
    """partial_fit, and partial_fit_transform with each kind of statistics."""
    for using in ("before", "batch", "after"):
        changed = deepcopy(fitted).set_params(gamma=2.0, beta=1.0)
        plain = deepcopy(fitted)
        Z = changed.partial_fit_transform(X * 3, using=using)
        np.testing.assert_allclose(
            Z, plain.partial_fit_transform(X * 3, using=using) * 2 + 1, rtol=1e-15
        )
        np.testing.assert_array_equal(changed.running_mean_, plain.running_mean_)


def test_rows_that_wait_are_served_with_them():
    """Single rows are buffered with the parameters of their time."""
    scaler = BatchStatsScaler(0.5, eps=0.0)
    for row in (X[:1], X[1:], X[:1] * 2):
        scaler.partial_fit(row)
    expected = scaler.transform(X) * 3
    np.testing.assert_array_equal(scaler.set_params(gamma=3.0).transform(X), expected)


def test_clipped_results_follow_them():
    """The bounds of clip="range" are those of the data, mapped by the present gain."""
    scaler = BatchStatsScaler(eps=0.0, clip="range").fit(X).set_params(gamma=2.0)
    assert scaler.transform([[-50.0, 500.0]]).tolist() == [[-2.0, 2.0]]


def test_a_wrong_one_is_an_error_and_the_right_one_serves_again(fitted):
    """The statistics can be read meanwhile."""
    for wrong in ([1.0, 2.0, 3.0], np.nan, "a"):
        with pytest.raises(ValueError, match="gamma"):
            fitted.set_params(gamma=wrong).transform(X)
        assert fitted.running_mean_.tolist() == [2.0, 30.0]
    assert fitted.set_params(gamma=1.0).transform(X).tolist() == [[-1.0, -1.0], [1.0, 1.0]]


def test_labels_are_aligned():
    """A series or a dict by the names of the columns."""
    frame = pd.DataFrame(X, columns=["a", "b"])
    scaler = BatchStatsScaler(eps=0.0).fit(frame)
    scaler.set_params(gamma={"b": 3.0, "a": 2.0})
    assert scaler.transform(frame).tolist() == [[-2.0, -3.0], [2.0, 3.0]]


def test_merges_need_the_same(fitted):
    """What serves differently is of different parameters."""
    kind = type(fitted)
    one, other = (kind(momentum=None, eps=0.0).fit(v) for v in (X, X + 1))
    with pytest.raises(ValueError, match="different parameters: gamma"):
        one.set_params(gamma=2.0).merge(other)
    merged = one.merge(other.set_params(gamma=2.0))
    assert merged.gamma == 2.0


def test_threads_that_read_see_one_of_them(fitted):
    """Each result is that of the gain before or of the gain after, never a mixture."""
    gains = [np.full(2, float(g)) for g in (1, 2)]

    def read(_):
        return tuple(fitted.transform(X)[1].tolist())

    with ThreadPoolExecutor(4) as pool:
        found = []
        for i in range(50):
            fitted.set_params(gamma=gains[i % 2])
            found += pool.map(read, range(4))
    assert set(found) == {(1.0, 1.0), (2.0, 2.0)}
