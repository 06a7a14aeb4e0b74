"""A stream that is killed and resumed ends with the bits of one that was not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from budget import times

import sklearn_norm

KILLER = Path(__file__).with_name("killer.py")
KILLS = times(40, 40, 400)  # of each of five scalers
SCALERS = [
    "BatchStatsScaler",
    "DecimalScaler",
    "MaxAbsScaler",
    "MinMaxScaler",
    "RobustScaler",
    "ZScoreScaler",
]


@pytest.mark.full
@pytest.mark.parametrize(("seed", "scaler"), list(enumerate(SCALERS)))
def test_a_stream_killed_at_random_moments_ends_with_the_same_bits(tmp_path, seed, scaler):
    """Nothing is lost, nothing counted twice, and nothing is left beside the checkpoint."""
    command = [sys.executable, KILLER, tmp_path, str(KILLS), scaler, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["killed"] == KILLS
    assert told["same"]
    assert told["left"] == ["broken.json", "whole.json"]
    last, notes = sklearn_norm.load(tmp_path / "broken.json", with_notes=True)
    assert notes == {"next_batch": 400}
    if scaler != "RobustScaler":
        assert max(last.n_samples_seen_) <= 2000
