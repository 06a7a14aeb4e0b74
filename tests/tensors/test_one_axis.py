"""1-D data: the advice fits a norm, and following it works."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tensor_cases import KINDS

from sklearn_norm import BatchNorm, functional

X = np.array([1.0, 3.0])
GIVEN = {
    "array": X,
    "list": X.tolist(),
    "pandas": pd.Series(X),
    "polars": pl.Series(X),
    "empty": [],
}
NORMS = ["ada_norm", "batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", [*KINDS, BatchNorm])
def test_11_14_one_axis_gets_advice_that_fits_a_norm(kind, given):
    data = GIVEN[given]
    fitted = kind().fit(np.ones((3, 2)))
    calls = [kind().fit, kind().partial_fit, kind().fit_transform, fitted.transform]
    if kind is not BatchNorm:
        calls += [kind().transform, lambda X: kind().inverse_transform(X, stats=np.ones((1, 1, 2)))]
    advice = r"np\.reshape\(X, \(1, -1\)\) if it is one sample"
    advice += r", and np\.reshape\(X, \(-1, 1\)\) if it is one channel" * (kind is BatchNorm)
    for call in calls:
        shape = rf"\({np.size(data)},\)"
        with pytest.raises(
            ValueError,
            match=rf"Expected 2D array, got 1D array instead: X has the shape {shape}, but "
            rf"{kind.__name__} takes \(n_samples, \*shape\)\. Reshape your data: {advice}\.$",
        ):
            call(data)
    if given == "empty":
        return
    if kind is BatchNorm:
        Z = kind(eps=0.0).fit_transform(np.reshape(data, (-1, 1)))
        assert Z.tolist() == [[-1.0], [1.0]]
    else:
        assert kind(eps=0.0).transform(np.reshape(data, (1, -1))).shape == (1, 2)


@pytest.mark.parametrize("name", NORMS)
def test_11_14_functions_name_the_axes_that_they_take(name):
    for data in GIVEN.values():
        with pytest.raises(ValueError, match=r"x must have the shape \(n_samples, \*shape\)"):
            getattr(functional, name)(data)
