"""Settings and data that all tests share."""

import gc
import importlib
import os
import sys
import tempfile
from pathlib import Path

os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy or scikit-learn is imported
# a folder in the repository would be met, with a warning, by the next collection
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", tempfile.gettempdir() + "/hypothesis")

import numpy as np
import pytest
from budget import LEVEL, SHORT, covering, times
from hypothesis import settings

import sklearn_norm

for name in sklearn_norm.__all__:  # what is imported at first use, for the examples in docstrings
    getattr(sklearn_norm, name)

settings.register_profile("house", deadline=None, derandomize=True, max_examples=times(8, 25))
settings.load_profile("house")

# helper modules hold neither tests nor doctests
collect_ignore_glob = ["shared/*", "data/*", "attack/odd/*", "attack/[!t]*.py", "golden.py"]
ROWS = 1100  # more than one block of rows, fewer members than a sketch keeps exactly


@pytest.hookimpl(trylast=True)  # after those that -k leaves out
def pytest_collection_modifyitems(config, items):
    """Leave out slow tests, and some of the cases of functions that have many, if not long."""
    if LEVEL == "long":
        return
    functions = {}
    left_out = {item for item in items if SHORT and item.get_closest_marker("full")}
    for item in items:
        if hasattr(item, "callspec"):
            functions.setdefault((item.path, item.originalname), []).append(item)
    for cases in functions.values():
        marker = cases[0].get_closest_marker("share") or pytest.mark.share().mark
        left_out |= {*cases} - {*covering(cases, *marker.args, **marker.kwargs)}
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def pytest_collection_finish(session):
    """Spare the garbage collector the thousands of tests: a sixth of the time of a run."""
    gc.collect()
    gc.freeze()


def _hard_columns():
    rng = np.random.default_rng(7)
    normal = rng.normal(size=ROWS)
    some_nan = normal.copy()
    some_nan[rng.random(ROWS) < 0.3] = np.nan
    columns = {
        "constant": np.full(ROWS, 3.3),
        "all_nan": np.full(ROWS, np.nan),
        "some_nan": some_nan,
        "normal": normal,
        "huge_mean": 1.7e9 + 0.3 * rng.normal(size=ROWS),
        "1e15": 1e15 + rng.integers(-10, 11, ROWS),
        "tiny": 1e-170 * rng.normal(size=ROWS),
        "large": 1e155 * rng.normal(size=ROWS),
        "subnormal": 1e-310 * rng.random(ROWS),
        "largest": 1.7e308 * rng.choice([-1.0, 1.0], ROWS),
        "lognormal": rng.lognormal(0.0, 5.0, ROWS),
        "alternating": np.where(np.arange(ROWS) % 2 == 0, 1e16, 1.0),
        "integers": rng.integers(-50, 50, ROWS).astype(np.float64),
        "zeros": np.zeros(ROWS),
        "one_row": np.array([2.5]),
    }
    for column in columns.values():
        column.flags.writeable = False
    return columns


@pytest.fixture
def widest_variant():
    """Leave the widest variant of the extension chosen, whatever a test chose."""
    from sklearn_norm.kernels._native.loading import compiled

    yield
    if compiled is not None:
        compiled.choose(compiled.variants()[0])


@pytest.fixture
def of_docs(monkeypatch):
    """Return a class of the contributing page, from a module that pickles can name."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "docs"))

    def load(module, name):
        monkeypatch.delitem(sys.modules, module, raising=False)
        return getattr(importlib.import_module(module), name)

    return load


@pytest.fixture(scope="session")
def hard_columns():
    """Columns by name, 1-D float64, that break careless arithmetic."""
    return _hard_columns()


@pytest.fixture(scope="session")
def hard_matrix(hard_columns):
    """All hard columns of the same length, side by side."""
    matrix = np.column_stack([c for c in hard_columns.values() if c.size == ROWS])
    matrix.flags.writeable = False
    return matrix


@pytest.fixture(scope="session")
def tame_matrix(hard_columns):
    """The hard columns that powers of two neither overflow nor underflow."""
    names = ("constant", "all_nan", "some_nan", "normal", "huge_mean", "1e15", "lognormal")
    names += ("alternating", "integers", "zeros")
    matrix = np.column_stack([hard_columns[name] for name in names])
    matrix.flags.writeable = False
    return matrix
