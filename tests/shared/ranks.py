"""How far quantiles of a sketch are from the ranks asked for, and what a sketch is made of."""

import numpy as np


def rank_errors(found, data, probabilities, weights=None):
    """Return how far quantiles lie from the rank asked for, as shares of the weight.

    A value stands for all ranks between the weight below it and that up to it. Linear
    interpolation itself answers rank q W by a value up to one member further up.
    """
    order = np.argsort(data)
    ends = np.arange(data.size + 1.0)
    if weights is not None:
        ends = np.concatenate([[0.0], np.cumsum(weights[order])])
    unit = min(1.0, ends[-1])
    below, up_to = (ends[np.searchsorted(data[order], found, s)] for s in ("left", "right"))
    asked = probabilities * (ends[-1] - unit)
    return np.maximum(0.0, np.maximum(below - asked - unit, asked - up_to)) / ends[-1]


def state(sketch):
    """Return all that a sketch is made of, as bytes and numbers."""
    levels = {h: v.tobytes() for h, v in sketch.levels.items()}
    return sketch.rank_error, levels, sketch.drift, sketch.spread
