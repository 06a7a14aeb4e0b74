"""Configuration, versions, and the choice of a backend."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from laws import assert_same_bits

import sklearn_norm
from sklearn_norm import config_context, get_config, kernels, set_config, show_versions
from sklearn_norm.kernels import backends
from sklearn_norm.kernels.threads import count_threads, usable_cores


@pytest.fixture(autouse=True)
def restored():
    yield
    set_config()


def test_the_default_is_the_usable_cores():
    assert get_config() == {"n_threads": None}
    assert count_threads() == usable_cores()


def test_a_context_holds_inside_and_ends():
    """The innermost context counts; None keeps the current number; an error ends a context too."""
    set_config(n_threads=7)
    with config_context(n_threads=3):
        assert count_threads() == 3
        with config_context(n_threads=5), config_context():
            assert get_config() == {"n_threads": 5}
        assert count_threads() == 3
    with pytest.raises(ZeroDivisionError), config_context(n_threads=2):
        1 / 0
    assert get_config() == {"n_threads": 7}


def test_a_context_is_that_of_its_thread():
    """Another thread sees what is set for the process."""
    set_config(n_threads=4)
    with config_context(n_threads=2), ThreadPoolExecutor(1) as pool:
        assert pool.submit(count_threads).result() == 4


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "2", True])
@pytest.mark.parametrize(
    "setter", [set_config, lambda **given: config_context(**given).__enter__()]
)
def test_wrong_numbers_of_threads_are_refused(setter, wrong):
    with pytest.raises(ValueError, match=r"`n_threads` must be a positive integer.*Got"):
        setter(n_threads=wrong)
    assert get_config() == {"n_threads": None}


@pytest.mark.parametrize("name", ["ZScoreScaler", "MinMaxScaler", "RobustScaler", "LayerNorm"])
def test_results_do_not_depend_on_the_number_of_threads(name):
    X = np.random.default_rng(0).normal(size=(30_011, 11))
    found = []
    for n_threads in (1, 2, 3, 8):
        with config_context(n_threads=n_threads):
            found.append(getattr(sklearn_norm, name)().fit_transform(X))
    for other in found[1:]:
        assert_same_bits(found[0], other)


def test_small_inputs_take_no_thread():
    with config_context(n_threads=8):
        assert count_threads(100) == 1
        assert count_threads(10**7) == 8


# Versions


def test_versions_tell_the_backend_and_why(capsys):
    show_versions()
    lines = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert lines["numpy"] == np.__version__
    assert lines["sklearn_norm"] == sklearn_norm.__version__
    assert lines["kernels"] == f"{kernels.choice.name}: {kernels.choice.reason}"
    assert lines["threads"] == str(usable_cores())


def test_versions_of_what_is_not_installed(monkeypatch, capsys):
    monkeypatch.setattr("sklearn_norm.config.PACKAGES", ("no-such-package",))
    show_versions()
    assert "no-such-package not installed" in capsys.readouterr().out


# The backend


def test_a_word_chooses_the_backend():
    assert backends.choose("numpy")[1:] == ("numpy", "SKLEARN_NORM_KERNELS=numpy")
    with pytest.raises(ValueError, match="SKLEARN_NORM_KERNELS='fast' names no backend"):
        backends.choose("fast")


def test_without_the_extension_numpy_runs_and_says_why(monkeypatch):
    """As after an install without a compiler."""
    monkeypatch.setattr(backends, "compiled", None)
    monkeypatch.setattr(backends, "why_not", "the extension cannot be imported (none)")
    assert backends.choose("")[1:] == ("numpy", "the extension cannot be imported (none)")
    with pytest.raises(ImportError, match="Install a C compiler and then this package"):
        backends.choose("native")


def test_the_extension_is_taken_where_it_is():
    if backends.compiled is None:
        return  # nothing to choose: the case above
    for told in ("", "native"):
        assert backends.choose(told).name == "native"
        assert "variant" in backends.choose(told).reason


@pytest.mark.full
def test_the_environment_chooses_in_a_new_process():
    code = "from sklearn_norm.kernels import choice; print(choice.name)"
    told = {**os.environ, "SKLEARN_NORM_KERNELS": "NumPy "}
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True)
    assert done.stdout.strip() == "numpy", done.stderr
