"""Gradients by central differences in longdouble, of formulas that know nothing of the library."""

from __future__ import annotations

import numpy as np

LONG = np.longdouble


def central(loss, at):
    """Return the central differences of a function of an array."""
    found = np.empty(at.shape, LONG)
    step = np.finfo(LONG).eps ** (LONG(1) / 3)
    for place in np.ndindex(at.shape):
        up, down = at.copy(), at.copy()
        up[place] += step
        down[place] -= step
        found[place] = (loss(up) - loss(down)) / (up[place] - down[place])
    return found


def assert_near(actual, expected, share=1e-9):
    assert actual.shape == expected.shape
    worst = np.abs(actual - expected).max() / (np.abs(expected).max() or 1)
    assert worst <= share, float(worst)


def assert_gradients(plain, given, found, grad, name):
    """Results to 1e-13 of the plain formula, gradients to 1e-9 of its central differences."""
    wide = [np.asarray(v, LONG) for v in given]
    assert_near(np.asarray(name(*given)), plain(*wide), 1e-13)
    found = found if isinstance(found, tuple) else (found,)
    assert len(found) == len(given)
    for at, gradient in enumerate(found):

        def loss(v, at=at):
            return (grad.astype(LONG) * plain(*wide[:at], v, *wide[at + 1 :])).sum()

        assert_near(np.asarray(gradient), central(loss, wide[at]))


def close(actual, expected, rtol=1e-9):
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=1e-12)
