"""The page for those who come from other libraries: what it says to write runs, and is the same."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

import sklearn_norm
from sklearn_norm import BatchNorm, ChannelScaler, InstanceNorm, LayerNorm, functional

PAGE = Path(__file__).parents[2] / "docs" / "coming_from.rst"
ROW = re.compile(r"^   \* - (.+)\n     - ``(.+)``$", re.MULTILINE)
RNG = np.random.default_rng(8)
X = RNG.normal(3.0, 2.0, (4, 2, 6))


def test_what_stands_here_runs_and_rows_are_given_what_they_need():
    found = ROW.findall(PAGE.read_text(encoding="utf-8"))
    assert len(found) >= 30
    norm = BatchNorm.from_stats(running_mean=[4.0] * 6, running_var=[0.25] * 6)
    given = {"x": RNG.normal(size=(6, 6)), "g": 2.0, "norm": norm}
    names = {n: getattr(sklearn_norm, n) for n in sklearn_norm.__all__}
    for there, here in found:
        result = eval(here, {**names, **vars(functional), **given})
        is_norm = hasattr(result, "fit") or isinstance(result, (np.ndarray, tuple))
        assert is_norm, (there, here)


def test_tables_are_whole():
    """Each row has a cell on either side, so that none is lost to the test above."""
    text = PAGE.read_text(encoding="utf-8")
    headers = text.count(":header-rows: 1")
    assert text.count("   * - ") == len(ROW.findall(text)) + headers


@pytest.mark.parametrize("pooled", [False, True])
def test_series_of_tslearn(pooled):
    """By its formula: the mean and deviation (ddof 0) over time of each series and dimension."""
    series = np.moveaxis(X, 1, -1)
    axes = (0, 1) if pooled else 1
    mean, deviation = (f(series, axis=axes, keepdims=True) for f in (np.mean, np.std))
    options = {"channel_axis": -1, "eps": 0.0, "gamma": 2, "beta": 5}
    norm = (
        BatchNorm(momentum=None, pool="members", **options) if pooled else InstanceNorm(**options)
    )
    expected = (series - mean) / deviation * 2 + 5
    np.testing.assert_allclose(norm.fit_transform(series), expected, rtol=0, atol=1e-13)


def test_epochs_of_mne():
    """By its code: scikit-learn's scaler of the channels, over epochs and times."""
    rows = np.moveaxis(X, 1, -1).reshape(-1, 2)
    expected = np.moveaxis(StandardScaler().fit_transform(rows).reshape(4, 6, 2), -1, 1)
    np.testing.assert_allclose(ChannelScaler().fit_transform(X), expected, rtol=0, atol=1e-13)


def test_images_of_monai_where_0_is_background():
    image = np.where(RNG.random(X.shape) < 0.4, 0.0, X)
    found = LayerNorm(eps=0.0).transform(image, mask=image != 0)
    for one, result in zip(image, found, strict=True):
        inside = one[one != 0]
        np.testing.assert_allclose(result[one != 0], (inside - inside.mean()) / inside.std())
        assert not result[one == 0].any()
