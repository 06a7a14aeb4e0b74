"""Sample weights: checked, and rows of weight 0 removed."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from ..kernels import Array, Floats
from .arguments import array_of, floats_of

LEAST, MOST = 1e-240, 1e240  # outside, products of weights and values may over- or underflow


def checked_weight(sample_weight: Any, n_samples: int) -> Floats | None:
    """Return the weights as float64, or None if none were given."""
    if sample_weight is None:
        return None
    given = array_of(sample_weight, "sample_weight")
    if isinstance(sample_weight, Real):
        given = np.broadcast_to(given, n_samples)
    if given.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {given.ndim}D array. "
            "Pass one weight per sample."
        )
    if given.shape != (n_samples,):
        raise ValueError(
            f"sample_weight.shape == {given.shape}, expected ({n_samples},): "
            "pass one weight per sample."
        )
    weight = np.array(floats_of(given, "sample_weight"))
    if weight.size and weight.min() > LEAST and weight.max() < MOST:
        return weight
    wrong = ~np.isfinite(weight) | (weight < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        kind = "Negative values" if weight[row] < 0 else "NaN or infinity"
        raise ValueError(
            f"{kind} in data passed to `sample_weight`: sample {row} has the weight "
            f"{weight[row]}. Weights must be finite and at least 0; 0 leaves a sample out."
        )
    positive = weight[weight > 0]
    if positive.size and not (positive.min() > LEAST and positive.max() < MOST):
        row = int(np.flatnonzero((weight >= MOST) | ((weight > 0) & (weight <= LEAST)))[0])
        raise ValueError(
            f"Sample {row} has the weight {weight[row]}, too extreme to be summed exactly. Scale "
            f"all weights by one factor, so that they lie between {LEAST:.0e} and {MOST:.0e}."
        )
    if not weight.any():
        raise ValueError(
            "Sample weights must contain at least one non-zero number: every weight in "
            "`sample_weight` is zero. Give some sample a positive weight."
        )
    return weight


def weighed(X: Array, sample_weight: Any) -> tuple[Array, Floats | None]:
    """Return X without the rows of weight 0, and the weights, None if all are 1."""
    weight = checked_weight(sample_weight, X.shape[0])
    if weight is None:
        return X, None
    present = weight > 0
    if not present.all():
        X, weight = X[present], weight[present]
    return X, None if np.all(weight == 1) else weight
