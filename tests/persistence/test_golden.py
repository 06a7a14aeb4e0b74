"""Files that releases wrote are read by this version, and say what they said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import golden
import joblib
import numpy as np
import pandas as pd
import pytest

import sklearn_norm

VERSIONS = sorted(path for path in golden.GOLDEN.iterdir() if path.is_dir())
FILES = [path for version in VERSIONS for path in golden.files(version)]
SCRIPT = Path(golden.__file__)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_of_a_release_still_says_the_same(path):
    golden.check(path)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda path: path.name)
def test_every_version_wrote_each_estimator_in_both_formats(version):
    stems = {path.stem for path in version.glob("*.json")}
    joblibs = {path.stem for path in version.glob("*.joblib")}
    theirs = {stem for stem in stems if stem == golden.PIPELINE or golden.STREAMING in stem}
    assert stems == joblibs | theirs  # a pickle of a Pipeline is for one version of scikit-learn
    if "_" in version.name:  # of a class that came later
        assert {stem.split("_")[1] for stem in stems} == {version.name.split("_")[1]}
        return
    assert golden.PIPELINE in stems
    assert len(stems) > 30


def test_a_release_has_its_files():
    """Write them with tests/golden.py before the version loses its .dev."""
    written = {path.name for path in VERSIONS}
    assert ".dev" in sklearn_norm.__version__ or sklearn_norm.__version__ in written
    assert written


@pytest.mark.full
def test_golden_files_are_never_overwritten(tmp_path):
    folder = tmp_path / "new"
    golden.write(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    command = [sys.executable, SCRIPT, "write", folder]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert "never overwritten" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for path in golden.files(folder):
        golden.check(path)


@pytest.mark.full
def test_a_file_that_says_something_else_is_found(tmp_path):
    """So the check can fail."""
    folder = tmp_path / "new"
    golden.write(folder)
    path = min(folder.glob("*_ZScoreScaler.joblib"))
    golden.check(path)
    learned, _ = golden.tables()
    joblib.dump(joblib.load(path).fit(learned.to_numpy() + 1e-9), path)
    with pytest.raises(AssertionError):
        golden.check(path)


def test_a_decimal_scaler_of_a_release_without_clip_can_clip():
    path = next((golden.GOLDEN / "0.1.0.dev0").glob("*DecimalScaler.json"))
    scaler = sklearn_norm.load(path).set_params(clip=True)
    Z = scaler.transform(pd.DataFrame(1e9, index=[0], columns=scaler.feature_names_in_))
    np.testing.assert_array_equal(Z, 1.0)
