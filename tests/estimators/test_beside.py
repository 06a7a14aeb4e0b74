"""An error of one call leaves alone what another has learned meanwhile."""

import copy
import gc
import os
import pickle
import threading
import time

import numpy as np
import pytest
from configurations import public_estimators
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, clone

from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    LayerNorm,
    MaxAbsScaler,
    MinMaxScaler,
    ZScoreScaler,
)
from sklearn_norm.estimators import turns
from sklearn_norm.estimators.buffer import Buffer
from sklearn_norm.maps.affine import Affine


class Scaler(ZScoreScaler):
    """A scaler with a `fit` of its own, beside which another thread learns."""

    def fit(self, X, y=None):
        self.seen_ = len(X)
        return super().fit(X)

    def transform(self, X):
        beside(X)
        return super().transform(X)


class Norm(LayerNorm):
    def transform(self, X):
        beside(X)
        return super().transform(X)


def beside(X):
    learner.fit(np.full((3, 2), 7.0) + X[0, 0])
    if X[0, 0] == 99:
        raise KeyError("transform")


@pytest.mark.parametrize("kind", [Scaler, Norm])
def test_a_fit_transform_that_fails_undoes_nothing(kind):
    """The record of the other thread stays."""
    global learner
    learner = kind()
    learner.fit(np.array([[1.0, 2.0], [3.0, 5.0]]))
    before = learner._fitted
    with pytest.raises(KeyError):
        learner.fit_transform(np.array([[99.0, 2.0], [3.0, 5.0]]))
    assert learner._fitted not in (None, before)
    if kind is Scaler:
        assert learner.mean_.tolist() == [106.0, 106.0]
        assert learner.seen_ == 3


def test_a_fit_transform_that_succeeds_keeps_all_that_fit_has_set():
    """Attributes of a subclass too."""
    global learner
    learner = ZScoreScaler()
    scaler = Scaler()
    scaler.fit_transform(np.array([[1.0, 2.0], [3.0, 5.0]]))
    assert scaler.seen_ == 2
    assert scaler.mean_.tolist() == [2.0, 3.5]


def test_set_params_that_fails_restores_parameters_alone(monkeypatch):
    """What was learned meanwhile stays."""
    scaler = ZScoreScaler().fit(np.array([[1.0], [3.0]]))

    def learns(self, **params):
        scaler.fit(np.array([[5.0], [7.0]]))
        scaler.ddof = 1
        raise ValueError("no")

    monkeypatch.setattr(BaseEstimator, "set_params", learns)
    with pytest.raises(ValueError, match="no"):
        scaler.set_params(ddof=1)
    assert scaler.mean_.tolist() == [6.0]
    assert scaler.ddof == 0


# Turns

LEARNERS = [e for e in public_estimators() if hasattr(type(e), "n_samples_seen_")]
PATIENCE = 30  # seconds after which a thread or a process counts as hung


class Slow:
    """Rows that take a while to read; `meanwhile` runs as they are read."""

    def __init__(self, rows, meanwhile=lambda: time.sleep(0.01)):
        self.rows, self.meanwhile = np.array(rows), meanwhile
        self.shape = self.rows.shape

    def __len__(self):
        return len(self.rows)

    def __array__(self, dtype=None, copy=None):
        self.meanwhile()
        return np.array(self.rows, dtype=dtype)


def side_by_side(*acts):
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


@pytest.mark.share(0.25, each_value=False)
@pytest.mark.parametrize("estimator", LEARNERS, ids=repr)
def test_what_threads_learn_in_one_estimator_is_never_lost(estimator):
    """Each batch counts, whatever the other threads do."""
    learner = clone(estimator)
    rows = [[1.0, 2.0], [3.0, 5.0]]

    def learns():
        for _ in range(4):
            learner.partial_fit(Slow(rows))
            if hasattr(learner, "partial_fit_transform"):
                learner.partial_fit_transform(Slow(rows))
            else:
                learner.partial_fit(Slow(rows))

    side_by_side(learns, learns, learns)
    assert learner.n_samples_seen_ == 3 * 4 * 2 * 2
    if hasattr(learner, "n_batches_seen_"):
        assert learner.n_batches_seen_ == 3 * 4 * 2


def test_a_fit_beside_a_stream_comes_before_or_after_a_batch():
    """A batch that began before the fit does not bring back what the fit has forgotten."""
    learner = ZScoreScaler().fit([[100.0]])
    reading = threading.Event()

    def meanwhile():
        reading.set()
        time.sleep(0.05)

    def fits():
        assert reading.wait(PATIENCE)
        learner.fit([[1.0]])

    side_by_side(lambda: learner.partial_fit(Slow([[200.0]], meanwhile)), fits)
    assert learner.mean_.tolist() == [1.0]


def test_a_fit_waits_for_parameters_that_are_being_set():
    """It sees all of them, or none."""
    between, seen = threading.Event(), []

    class Halting(MinMaxScaler):
        def __setattr__(self, name, value):
            super().__setattr__(name, value)
            if name == "clip" and value:
                between.set()
                time.sleep(0.05)

    learner = Halting()

    def fits():
        assert between.wait(PATIENCE)
        learner.fit([[0.0], [1.0]])
        seen.append(learner.transform([[1.0]]).item())

    side_by_side(lambda: learner.set_params(clip=True, feature_range=(0, 3)), fits)
    assert seen == [3.0]


def test_a_batch_that_is_overtaken_in_its_own_thread_is_refused():
    """As by a signal handler; the other batch counts, and the error says so."""
    learner = ZScoreScaler().fit([[1.0], [2.0]])
    batch = Slow([[50.0]], lambda: learner.partial_fit([[3.0]]))
    with pytest.raises(RuntimeError, match="These data are not counted: pass them again"):
        learner.partial_fit(batch)
    assert learner.n_samples_seen_ == 3
    learner = BatchStatsScaler().fit([[1.0], [2.0]])
    with pytest.raises(RuntimeError, match="not counted"):
        learner.partial_fit_transform(Slow([[50.0]], lambda: learner.fit([[3.0]])))
    assert learner.n_batches_seen_ == 1


def test_copies_do_not_wait_and_are_free():
    """While one estimator learns, its copies, clones and pickles learn as they like."""
    learner = ZScoreScaler().fit([[1.0], [2.0]])

    def meanwhile():
        def act():
            for make in (copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
                made.append(make(learner).partial_fit([[3.0]]).n_samples_seen_)
            made.append(clone(learner).fit([[3.0]]).n_samples_seen_)

        side_by_side(act)

    made = []
    learner.partial_fit(Slow([[3.0]], meanwhile))
    assert made == [3, 3, 3, 1]


def test_the_lock_is_no_attribute_and_goes_with_the_estimator():
    """Attributes are parameters and what was learned; nothing is left of what is gone."""
    learner = ZScoreScaler()
    learner.fit([[1.0], [2.0]])
    assert vars(learner).keys() == {*learner.get_params(), "_fitted"}
    assert id(learner) in turns._turns
    place = id(learner)
    del learner
    gc.collect()
    assert place not in turns._turns


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_fork_while_another_thread_learns_leaves_the_child_free():
    """The thread that had the turn does not exist in the child."""
    learner = ZScoreScaler().fit([[1.0], [2.0]])
    reading, forked = threading.Event(), threading.Event()

    def meanwhile():
        reading.set()
        assert forked.wait(PATIENCE)

    thread = threading.Thread(target=lambda: learner.partial_fit(Slow([[3.0]], meanwhile)))
    thread.start()
    assert reading.wait(PATIENCE)
    child = os.fork()
    if child == 0:
        threading.Timer(PATIENCE, lambda: os._exit(1)).start()
        os._exit(0 if learner.partial_fit([[3.0]]).n_samples_seen_ == 3 else 2)
    forked.set()
    thread.join(PATIENCE)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert learner.n_samples_seen_ == 3


def test_a_row_that_changes_as_it_is_read_is_never_learned_as_infinity(monkeypatch):
    """The copy that waits is the one that was looked at."""
    learner, row = ZScoreScaler().fit([[1.0], [2.0]]), np.array([[1.0]])
    plus = Buffer.plus

    def changed(self, values):
        row[0, 0] = np.inf
        return plus(self, values)

    monkeypatch.setattr(Buffer, "plus", changed)
    with pytest.raises(ValueError, match="infinity"):
        learner.partial_fit(row)
    assert learner.n_samples_seen_ == 2


@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
@pytest.mark.parametrize("sparse", [False, True])
def test_infinity_that_vanishes_while_it_is_looked_for_is_a_value_error(
    estimator, sparse, monkeypatch
):
    """As if another thread took it back: no IndexError from inside."""
    X = np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 4.0]])
    made = clone(estimator).fit(X)
    if sparse and not isinstance(made, (MaxAbsScaler, DecimalScaler)):
        return  # zeros that do not stay zeros, or no sparse data at all
    X = csr_array(X) if sparse else X
    held, isinf = X.copy(), np.isinf
    members = held.data if sparse else held
    members[...] = np.inf

    def gone(x, *args, **kwargs):
        return isinf(x, *args, **kwargs) & (np.shape(x) != members.shape)

    monkeypatch.setattr(np, "isinf", gone)
    for act in ("transform", "partial_fit", "fit_transform"):
        try:
            getattr(clone(made) if act == "fit_transform" else made, act)(held)
        except ValueError as error:
            assert "infinity" in str(error)  # noqa: PT017


def test_an_interrupted_call_in_place_leaves_what_was_learned(monkeypatch):
    """X may be partly scaled, as docs/in_production.rst says; the scaler is as before."""
    learner = BatchStatsScaler(copy=False).fit([[1.0, 2.0], [3.0, 5.0]])
    X = np.ones((4, 2))
    before = pickle.dumps(learner)

    def interrupted(self, X, out=None, **options):
        out[0] = 7.0
        raise KeyboardInterrupt

    monkeypatch.setattr(Affine, "apply", interrupted)
    for act in (learner.transform, learner.partial_fit_transform, learner.fit_transform):
        with pytest.raises(KeyboardInterrupt):
            act(X)
    assert X[0, 0] == 7.0
    assert pickle.dumps(learner) == before
    monkeypatch.undo()
    assert learner.partial_fit([[1.0, 2.0]]).n_batches_seen_ == 2
