"""How many threads run, what sets the number, and that forks and other threads do no harm."""

import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from laws import assert_same_bits

from sklearn_norm import MinMaxScaler, ZScoreScaler
from sklearn_norm.kernels.threads import (
    SERIAL,
    configure,
    configured,
    configured_here,
    count_threads,
    usable_cores,
)

LARGE = np.random.default_rng(12).normal(size=(80_000, 8))  # worth threads in every backend
PATIENCE = 60  # seconds after which a process counts as hung
can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


@pytest.fixture(autouse=True)
def default(monkeypatch):
    """Start from, and go back to, the default number of threads of a machine of 8 cores."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    before = configured()
    configure(None)
    yield
    configure(before)


def readings(scaler):
    names = [n for n in ("mean_", "var_", "scale_", "data_min_", "data_max_") if hasattr(scaler, n)]
    return {n: getattr(scaler, n) for n in names}


def fit(X=LARGE):
    return {
        k: v for kind in (ZScoreScaler, MinMaxScaler) for k, v in readings(kind().fit(X)).items()
    }


# The number


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("", 8),
        ("1", 1),
        ("3", 3),
        (" 4 ", 4),
        ("64", 8),  # never more than there are
        ("2,8", 2),  # of nested levels, the outermost
        ("2, 1", 2),
        ("0", 8),  # no numbers of threads: as if it were not set
        ("-2", 8),
        ("all", 8),
        ("1.5", 8),
        (",4", 8),
        ("²", 8),
    ],
)
def test_omp_num_threads_is_honoured(told, expected, monkeypatch):
    """A number, or a list of which the first counts; other values are ignored."""
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert usable_cores() == expected
    assert count_threads(SERIAL) == expected


def test_the_usable_cores_are_those_that_joblib_counts(monkeypatch):
    """At least one."""
    assert usable_cores() == 8
    monkeypatch.setattr(joblib, "cpu_count", lambda: 1)
    assert usable_cores() == 1
    assert count_threads() == 1


def test_few_members_use_one_thread():
    """Up to the limit that the kernel gives."""
    assert count_threads(SERIAL - 1) == count_threads(0) == 1
    assert count_threads(SERIAL) == count_threads() == 8
    assert count_threads(99, 100) == 1
    assert count_threads(100, 100) == 8
    with configured_here(3):
        assert count_threads(SERIAL - 1) == 1
        assert count_threads(SERIAL) == 3


def test_a_number_that_is_set_goes_before_the_default():
    """Everywhere, until None restores the default; OMP_NUM_THREADS does not bound it."""
    configure(5)
    assert configured() == count_threads() == 5
    configure(64)
    assert count_threads() == 64
    configure(None)
    assert configured() is None
    assert count_threads() == 8


def test_blocks_of_code_nest():
    """The innermost counts; None in a block is what is set everywhere."""
    configure(5)
    with configured_here(2):
        assert count_threads() == 2
        with configured_here(3):
            assert count_threads() == 3
            with configured_here(None):
                assert count_threads() == 5
            assert count_threads() == 3
        assert count_threads() == 2
        configure(4)
        assert count_threads() == 2
    assert count_threads() == 4


def test_an_error_leaves_no_number_behind():
    with pytest.raises(KeyError), configured_here(2):
        raise KeyError
    assert configured() is None


def test_a_block_of_code_is_its_own_threads_affair():
    """Other threads see what is set everywhere."""
    inside, done, seen = threading.Event(), threading.Event(), []

    def other():
        with configured_here(3):
            inside.set()
            done.wait(PATIENCE)
            seen.append(count_threads())

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(PATIENCE)
    assert count_threads() == 8
    configure(6)
    done.set()
    thread.join(PATIENCE)
    assert seen == [3]
    assert count_threads() == 6


# Bits


def test_the_number_of_threads_leaves_no_trace():
    expected = None
    for n_threads in (1, 2, 3, 8, 200):
        with configured_here(n_threads):
            found = fit()
        expected = expected or found
        assert_same_bits(found, expected)


def test_many_threads_fit_at_once():
    """Each with threads of its own."""
    expected, start = fit(), threading.Barrier(8)

    def work(_):
        start.wait(PATIENCE)
        return [fit() for _ in range(3)]

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(work, range(8)):
            for one in found:
                assert_same_bits(one, expected)


# Processes


FORK = """
import os, sys, signal
import numpy as np
from sklearn_norm import ZScoreScaler
from sklearn_norm.kernels.threads import configure
configure(4)
X = np.random.default_rng(0).normal(size=(80_000, 8))
expected = ZScoreScaler().fit(X).scale_.tobytes()
for _ in range(5):
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if ZScoreScaler().fit(X).scale_.tobytes() == expected else 3)
    assert ZScoreScaler().fit(X).scale_.tobytes() == expected
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

FORK_AMID_FITS = """
import os, signal, threading
import numpy as np
from sklearn_norm import ZScoreScaler
from sklearn_norm.kernels.threads import configure
configure(4)
X = np.random.default_rng(0).normal(size=(80_000, 8))
expected = ZScoreScaler().fit(X).scale_.tobytes()
stop = threading.Event()
def work():
    while not stop.is_set():
        ZScoreScaler().fit(X)
thread = threading.Thread(target=work)
thread.start()
try:
    for _ in range(10):
        child = os.fork()
        if not child:
            signal.alarm(20)
            os._exit(0 if ZScoreScaler().fit(X).scale_.tobytes() == expected else 3)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
finally:
    stop.set()
    thread.join()
"""


@pytest.mark.full
@can_fork
@pytest.mark.parametrize("code", [FORK, FORK_AMID_FITS], ids=["between fits", "amid fits"])
def test_a_fork_after_a_fit_on_threads_can_fit(code):
    """The child neither hangs nor gets other bits; nor does the parent."""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)


def seen_in_worker(X):
    return usable_cores(), count_threads(), ZScoreScaler().fit(X).scale_


@can_fork
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forks beside threads, 3.12 on
def test_a_pool_of_forked_processes_fits():
    """multiprocessing with fork, after a fit on threads in the parent."""
    with configured_here(4):
        expected = ZScoreScaler().fit(LARGE).scale_
        with multiprocessing.get_context("fork").Pool(2) as pool:
            for _, _, scale in pool.map_async(seen_in_worker, [LARGE] * 4).get(PATIENCE):
                assert_same_bits(scale, expected)


@pytest.mark.full
def test_workers_of_joblib_use_the_threads_they_are_given():
    """loky sets OMP_NUM_THREADS in its workers: the cores are not taken twice."""
    expected = ZScoreScaler().fit(LARGE).scale_
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        work = joblib.Parallel(n_jobs=2)
        results = work(joblib.delayed(told)(LARGE) for _ in range(2))
    for cores, used, scale in results:
        assert cores == used == 1
        assert_same_bits(scale, expected)


def told(X):
    from sklearn_norm import ZScoreScaler
    from sklearn_norm.kernels.threads import count_threads, usable_cores

    return usable_cores(), count_threads(), ZScoreScaler().fit(X).scale_
