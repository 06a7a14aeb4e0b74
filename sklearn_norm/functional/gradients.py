"""The backward pass of all norms: gradients with respect to x, gain and bias.

Let y = (x - m) / s, and g the gradient of the loss with respect to y. With means over the
members that are normalised together, dx = (g - mean(g) - y mean(g y)) / s. Without centring
there is no mean(g).
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from ..inputs.arguments import array_of, floats_of
from ..kernels import Array, Floats
from ..kernels.quiet import quietly
from ..maps.affine import Affine
from ..tensors.axes import Axes
from .forward import seen_of, unmasked
from .vectors import as_given, checked_grad, summed_to

Gradients: TypeAlias = tuple[Array, Array | None, Array | None]


def own_gradients(
    axes: Axes,
    grad: Any,
    x: Array,
    gamma: Any,
    beta: Any,
    *,
    eps: float,
    centred: bool = True,
    mask: Any = None,
) -> Gradients:
    """Return the gradients of a norm that uses the statistics of x itself."""
    seen, hidden = seen_of(axes, x, mask)
    given = {name: v for name, v in (("gamma", gamma), ("beta", beta)) if v is not None}
    if all(axes.is_vector(array_of(v, name).shape) for name, v in given.items()):
        found = in_one_kernel(axes, grad, seen, gamma, beta, eps, centred)
    else:
        y, stats = axes.normalise(seen, centred=centred, eps=eps, dtype=np.float64)
        found = gradients(axes, grad, seen, y, stats, gamma, beta, centred=centred)
    return passed(found, grad, hidden)


def in_one_kernel(
    axes: Axes, grad: Any, x: Array, gamma: Any, beta: Any, eps: float, centred: bool
) -> Gradients:
    """Return the gradients where gamma and beta are vectors or single numbers."""
    eps = axes.checked(x, centred, eps)
    given = checked_grad(grad, x, short=True)
    gain = axes.gain(gamma)
    axes.vector(beta, "beta")  # raises the same error as the forward pass
    sums = (1, 1, 1) if gamma is None and beta is None else axes.affine
    by_x, by_gain, by_offset = axes.gradients(x, given, centred, eps, gain, sums)
    by_gamma = None if gamma is None else total_of(by_gain, gamma)
    return by_x, by_gamma, None if beta is None else total_of(by_offset, beta)


def passed(found: Gradients, grad: Any, hidden: Array | None) -> Gradients:
    """Return the gradients where a mask leaves members as they are: those of the result."""
    if hidden is None:
        return found
    return unmasked(found[0], floats_of(array_of(grad, "grad"), "grad"), hidden), *found[1:]


@quietly
def gradients(
    axes: Axes,
    grad: Any,
    x: Array,
    y: Floats,
    stats: Floats,
    gamma: Any,
    beta: Any,
    *,
    centred: bool = True,
    through: bool = True,
    z: Floats | None = None,
    slope: Floats | None = None,
) -> Gradients:
    """Return the gradients for x, gamma and beta, given the results of the forward pass.

    `through` says whether the statistics depend on x, so that the gradient passes through
    them. `z` is the factor of gamma if it is not y, and `slope` is dz / dy.
    """
    given = checked_grad(grad, x)
    gain = axes.gain(gamma)
    axes.vector(beta, "beta")  # raises the same error as the forward pass
    present = axes.viewed(~np.isnan(x))

    def seen(values: Floats) -> Floats:
        return np.where(present, axes.viewed(values), 0.0)

    g, y = seen(given), seen(y)
    by_gamma = None if gamma is None else gathered(axes, g * (y if z is None else seen(z)), gamma)
    by_beta = None if beta is None else gathered(axes, g, beta)
    g = g if gain is None else g * gain
    g = g if slope is None else g * seen(slope)
    g = through_statistics(g, y, present, centred) if through else g
    by_x = axes.unviewed(g / divisors(stats), x.shape[0])
    return by_x.astype(x.dtype), by_gamma, by_beta


def through_statistics(g: Floats, y: Floats, present: Array, centred: bool) -> Floats:
    """Return g with the gradient through the mean and the variance of x taken into account."""
    taken = y * mean_of(g * y, present)
    taken = mean_of(g, present) + taken if centred else taken
    return np.where(present, g - taken, 0.0)


def mean_of(values: Floats, present: Array) -> Floats:
    """Return the mean of each group over the members that are present."""
    count = present.sum(axis=(2, 3), keepdims=True)
    return np.asarray(values.sum(axis=(2, 3), keepdims=True) / np.maximum(count, 1))


def divisors(stats: Floats) -> Floats:
    """Return the divisor of each group, in a shape that broadcasts to its members."""
    scale = Affine.of(scale=stats[..., 1]).scale
    assert scale is not None
    known = np.where(np.isnan(scale), 1.0, scale)  # NaN: a group with no member
    return known[..., None, None]


def gathered(axes: Axes, part: Floats, vector: Any) -> Array:
    """Return the sum over all members that share an entry of gamma or beta.

    It has the shape of the vector, and its dtype if that is a float dtype.
    """
    vector = np.asarray(vector)
    if not axes.is_vector(vector.shape):
        n_samples = part.shape[2] if axes.swapped else part.shape[0]
        return summed_to(axes.unviewed(part, n_samples), vector)
    shape = (1, *axes.affine)
    return total_of(part.sum(axis=tuple(i for i in range(4) if shape[i] == 1)), vector)


@quietly
def total_of(sums: Floats, given: Any) -> Array:
    """Return the sums of all entries as given, or their total if one number stands for all."""
    vector = np.asarray(given)
    return as_given(sums.sum() if vector.size == 1 else sums, vector)
