"""What mypy and pyright tell a user of the installed package, of a script outside the repository.

SKLEARN_NORM_PYTHON is the Python whose packages the script sees, by default the one that runs the
tests: .ci/run asks for an editable install first, then for one from the wheel.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import sklearn_norm

ROOT = Path(__file__).resolve().parents[2]
PYTHON = os.environ.get("SKLEARN_NORM_PYTHON", sys.executable)
ARRAY = r"ndarray\[.*\]"
ANY = "Any|Unknown"
FRAME, SERIES, SPARSE = "DataFrame", "Series", "csr_array"  # Any where their package has no types

# An expression of a user, and the type it has
TOLD = {
    "scaler": "ZScoreScaler",
    "scaler.fit(array)": "ZScoreScaler",
    "scaler.partial_fit(array)": "ZScoreScaler",
    "scaler.transform(array)": ARRAY,
    "scaler.fit_transform(array)": ARRAY,
    "scaler.fit_transform(array, sample_weight=[1, 2])": ARRAY,
    "scaler.inverse_transform(array)": ARRAY,
    "scaler.inverse_transform(array, columns=['a'])": ARRAY,
    "BatchNorm().transform(array)": ARRAY,
    "BatchNorm().inverse_transform(array)": ARRAY,
    # a frame becomes an array, unless set_output asks for a frame
    "scaler.transform(frame)": ANY,
    "scaler.fit_transform(frame)": ANY,
    "scaler.transform([[1.0]])": ANY,
    "scaler.inverse_transform([[1.0]])": ANY,
    "scaler.transform(object())": ANY,
    "scaler.inverse_transform(object())": ANY,
    "scaler.set_output(transform='pandas').transform(array)": f"{ANY}|{ARRAY}",
    "scaler.inverse_transform(frame)": FRAME,
    "BatchNorm().inverse_transform(frame)": FRAME,
    "scaler.inverse_transform(series)": SERIES,
    "scaler.inverse_transform(polars_frame)": FRAME,
    "scaler.inverse_transform(polars_series)": SERIES,
    "scaler.transform(matrix)": SPARSE,
    "scaler.fit_transform(matrix)": SPARSE,
    "scaler.inverse_transform(matrix)": SPARSE,
    "load('file')": ANY,
    "load('file', max_bytes=10, with_notes=False)": ANY,
    "load('file', with_notes=True)": r"tuple\[Any, dict\[str, Any\]\]",
    "load('file', with_notes=bool(array.size))": ANY,
}
HEAD = """
from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
from scipy.sparse import csr_array

from sklearn_norm import BatchNorm, ZScoreScaler, load

array = np.zeros((2, 2))
scaler = ZScoreScaler(with_mean=False)


def told(
    frame: pd.DataFrame,
    series: pd.Series[float],
    polars_frame: pl.DataFrame,
    polars_series: pl.Series,
    matrix: csr_array[np.float64],
) -> None:
"""
STUBS = "import importlib.util as u; print([*filter(u.find_spec, ('pandas-stubs', 'scipy-stubs'))])"


def run(*command, cwd=None):
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False
    )


def by_mypy(script):
    """Return the types that mypy reveals, and its errors, by line."""
    options = ["--no-incremental", "--no-error-summary", "--python-executable", PYTHON]
    done = run(sys.executable, "-m", "mypy", *options, "--strict", script.name, cwd=script.parent)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = re.findall(r"^[^:]+:(\d+): (note|error): (.*)$", done.stdout, re.MULTILINE)
    revealed = {int(n): re.sub(r'^.*?"(.*)"$', r"\1", s) for n, k, s in found if "Revealed" in s}
    return revealed, [s for _, kind, s in found if kind == "error"]


def by_pyright(script):
    """Return the types that pyright reveals, and its errors, by line."""
    options = ["--outputjson", "--pythonpath", PYTHON]
    done = run(sys.executable, "-m", "pyright", *options, script.name, cwd=script.parent)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    found = json.loads(done.stdout)["generalDiagnostics"]
    revealed = {
        one["range"]["start"]["line"] + 1: re.sub(r'^.*is "(.*)"$', r"\1", one["message"])
        for one in found
        if one["severity"] == "information"
    }
    return revealed, [one["message"] for one in found if one["severity"] == "error"]


CHECKERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            find_spec(name) is None, reason=f"{name} is not installed: pip install -e '.[lint]'"
        ),
    )
    for name in ("mypy", "pyright")
]
each_checker = pytest.mark.parametrize("checker", CHECKERS)


def checked(checker, folder, text):
    script = folder / "user.py"
    script.write_text(text)
    return {"mypy": by_mypy, "pyright": by_pyright}[checker](script)


def untyped(checker):
    """Return the kinds that a checker cannot know here: mypy needs the types of their package."""
    if checker == "pyright":  # reads the source
        return set()
    stubs = run(PYTHON, "-c", STUBS).stdout
    # where frames of pandas are unknown, they match any, those of polars too
    unknown = set() if "pandas-stubs" in stubs else {FRAME, SERIES}
    return unknown if "scipy-stubs" in stubs else {*unknown, SPARSE}


@pytest.mark.full
@each_checker
def test_a_user_is_told_the_type_of_each_result(checker, tmp_path):
    lines = [f"    reveal_type({expression})" for expression in TOLD]
    revealed, _ = checked(checker, tmp_path, HEAD + "\n".join(lines) + "\n")
    first = HEAD.count("\n") + 1
    found = {expression: revealed.get(first + i) for i, expression in enumerate(TOLD)}
    unknown = untyped(checker)
    wanted = {e: ANY if kind in unknown else kind for e, kind in TOLD.items()}
    plain = {e: re.sub(r"\b(\w+\.)+", "", str(kind)) for e, kind in found.items()}
    assert {
        e: kind for e, kind in plain.items() if not re.fullmatch(wanted[e] + r"(\[.*\])?", kind)
    } == {}


@pytest.mark.full
@each_checker
def test_the_import_is_understood(checker, tmp_path):
    assert checked(checker, tmp_path, "from sklearn_norm import ZScoreScaler\n") == ({}, [])


def test_the_mark_of_a_typed_package_is_installed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert "py.typed" in settings["package-data"]["sklearn_norm"]
    assert (Path(sklearn_norm.__file__).parent / "py.typed").exists()
