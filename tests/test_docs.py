"""What the README, the pages and the examples say is run, as written."""

from __future__ import annotations

import doctest
import importlib
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.utils.estimator_checks import check_estimator

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VENV = "python3 -m venv .venv && .venv/bin/pip install -e "
COMMANDS = (
    VENV + ". && .venv/bin/python examples/quickstart.py",
    VENV + "'.[test]' && .venv/bin/python -m pytest",
)
X = np.array([[1.0, -8.0], [np.nan, 2.0], [-4.0, 0.0], [2.0, 4.0]])


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def ran(script: str) -> str:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def peak_scaler(monkeypatch):
    """Return the class of the contributing page, from a module that pickles can name."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    monkeypatch.delitem(sys.modules, "new_scaler", raising=False)
    return importlib.import_module("new_scaler").PeakScaler


def test_the_readme_has_both_commands():
    assert [b.strip() for b in blocks("bash")] == list(COMMANDS)


@pytest.mark.parametrize("code", blocks("python"))
def test_code_of_the_readme_runs(code):
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.rst")), ids=lambda p: p.stem)
def test_examples_of_the_pages_hold(page):
    assert doctest.testfile(str(page), module_relative=False).failed == 0


def test_the_quickstart_runs():
    told = ran("quickstart.py")
    scores = re.findall(r"^ +\w+ +\d+ +\d+ +(?:accuracy|r2) +(\S+) +(\S+)$", told, re.MULTILINE)
    assert len(scores) == 3
    assert all(float(scaled) > float(raw) for raw, scaled in scores)


def test_every_row_of_the_readme_is_measured():
    told = [line.split(" | ") for line in ran("compared.py").splitlines() if line.startswith("|")]
    written = [line.split(" | ") for line in README.splitlines()]
    # what scikit-learn makes of an input may change with its version
    ours = [(cells[0], cells[2]) for cells in told if len(cells) == 3]
    assert len(ours) > 20
    assert set(ours) <= {(cells[0], cells[2]) for cells in written if len(cells) == 3}


def test_the_new_scaler_is_worked_out_by_hand(peak_scaler):
    scaler = peak_scaler().fit(X)
    np.testing.assert_array_equal(scaler.max_abs_, [4, 8])
    np.testing.assert_array_equal(scaler.transform(X[:2]), [[0.25, -1], [np.nan, 0.25]])


def test_the_new_scaler_passes_the_checks_of_sklearn(peak_scaler):
    check_estimator(peak_scaler(), on_skip=None)


def test_the_new_scaler_streams_and_merges(peak_scaler):
    whole = peak_scaler().fit(X)
    streamed = peak_scaler().partial_fit(X[:1]).partial_fit(X[1:])
    merged = peak_scaler().fit(X[:1]).merge(peak_scaler().fit(X[1:]))
    for scaler in (streamed, merged):
        np.testing.assert_array_equal(scaler.max_abs_, whole.max_abs_)
        np.testing.assert_array_equal(scaler.n_samples_seen_, [3, 4])


def test_the_new_scaler_leaves_out_samples_of_weight_0(peak_scaler):
    weighted = peak_scaler().fit(X, sample_weight=[0, 1, 1, 2])
    np.testing.assert_array_equal(weighted.max_abs_, [4, 4])


def test_the_new_scaler_undoes_a_frame(peak_scaler):
    table = pd.DataFrame(X, columns=["a", "b"], index=[3, 1, 4, 5])
    scaler = peak_scaler().set_output(transform="pandas").fit(table)
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaler.transform(table)), table)


def test_the_new_scaler_keeps_sparse_data_sparse(peak_scaler):
    scaled = peak_scaler().fit_transform(sparse.csr_array([[0.0, 2.0], [4.0, 0.0]]))
    assert scaled.format == "csr"
    np.testing.assert_array_equal(scaled.toarray(), [[0, 1], [1, 0]])


def test_the_new_scaler_pickles(peak_scaler):
    scaler = peak_scaler().fit(X)
    loaded = pickle.loads(pickle.dumps(scaler))
    np.testing.assert_array_equal(loaded.transform(X), scaler.transform(X))
    np.testing.assert_array_equal(loaded.partial_fit([[9, 9]]).max_abs_, [9, 9])
