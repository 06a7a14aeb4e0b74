"""A small network in plain NumPy, trained with batch, layer and RMS norm, and without a norm.

The table is scikit-learn's breast_cancer, unscaled: 30 columns in different units. Training is
plain gradient descent on all rows at once; the gains and biases of the norms are learnt too, with
the gradients of sklearn_norm.functional.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.datasets import load_breast_cancer

from sklearn_norm.functional import (
    batch_norm,
    batch_norm_backward,
    layer_norm,
    layer_norm_backward,
    rms_norm,
    rms_norm_backward,
)

NORMS = {
    "none": None,
    "batch norm": (batch_norm, batch_norm_backward),
    "layer norm": (layer_norm, layer_norm_backward),
    "RMS norm": (rms_norm, rms_norm_backward),
}
HIDDEN = 16
LOSSES = (0.4, 0.3, 0.2)
STEP_SIZES = [10 ** (k / 2) for k in range(-8, 2)]
TRIAL, LIMIT = 100, 2000  # steps


class Linear:
    def __init__(self, n_in: int, n_out: int, rng: np.random.Generator) -> None:
        self.weight = rng.normal(scale=n_in**-0.5, size=(n_in, n_out))
        self.bias = np.zeros(n_out)

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return x @ self.weight + self.bias

    def backward(self, grad: np.ndarray, step_size: float) -> np.ndarray:
        """Update the weights, and return the gradient with respect to the input."""
        before = grad @ self.weight.T
        self.weight -= step_size * (self.x.T @ grad)
        self.bias -= step_size * grad.sum(axis=0)
        return before


class Norm:
    def __init__(self, size: int, forward: Callable[..., Any], backward: Callable[..., Any]):
        self.gamma, self.beta = np.ones(size), np.zeros(size)
        self.functions = forward, backward

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return self.functions[0](x, gamma=self.gamma, beta=self.beta)

    def backward(self, grad: np.ndarray, step_size: float) -> np.ndarray:
        before, by_gamma, by_beta = self.functions[1](
            grad, self.x, gamma=self.gamma, beta=self.beta
        )
        self.gamma -= step_size * by_gamma
        self.beta -= step_size * by_beta
        return before


class Tanh:
    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad: np.ndarray, step_size: float) -> np.ndarray:
        return grad * (1 - self.y**2)


def network(n_in: int, norm: Any) -> list[Any]:
    """Return norm, linear, norm, tanh, linear; the same weights for every norm."""
    rng = np.random.default_rng(0)
    norms = [] if norm is None else [[Norm(size, *norm)] for size in (n_in, HIDDEN)]
    first, second = norms or ([], [])
    return [*first, Linear(n_in, HIDDEN, rng), *second, Tanh(), Linear(HIDDEN, 1, rng)]


def losses(
    X: np.ndarray, sign: np.ndarray, norm: Any, step_size: float, limit: int, enough: float = 0.0
) -> np.ndarray:
    """Return the loss after 0, 1, ... steps, until it is `enough` or the limit is reached."""
    layers, seen = network(X.shape[1], norm), []
    with np.errstate(all="ignore"):  # the step size may be too large
        for _ in range(limit + 1):
            out = X
            for layer in layers:
                out = layer.forward(out)
            seen.append(np.logaddexp(0, -sign * out).mean())
            if not seen[-1] > enough:
                break
            grad = -sign * expit(-sign * out) / len(X)
            for layer in reversed(layers):
                grad = layer.backward(grad, step_size)
    return np.nan_to_num(seen, nan=np.inf)


def condition(inputs: np.ndarray) -> float:
    """Return the condition number of inputs.T @ inputs / n.

    Directions in which all inputs are 0 are left out, since the gradient is 0 there: a layer
    norm makes the sum of every row 0.
    """
    values = np.linalg.svd(inputs, compute_uv=False)
    values = values[values > values[0] * max(inputs.shape) * np.finfo(float).eps]
    return float((values[0] / values[-1]) ** 2)


def steps_to(loss: float, seen: np.ndarray) -> str:
    reached = np.flatnonzero(seen <= loss)
    return str(reached[0]) if reached.size else "not reached"


def main() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    sign = np.where(y[:, None] == 1, 1.0, -1.0)
    print(f"Steps of gradient descent to a loss (breast_cancer), {LIMIT} at most")
    titles = ("norm", "condition", "step size", *(f"to {loss}" for loss in LOSSES))
    print("   " + "".join(f"{title:>13}" for title in titles))
    for name, norm in NORMS.items():
        inputs = X if norm is None else norm[0](X)
        trials = {size: losses(X, sign, norm, size, TRIAL)[-1] for size in STEP_SIZES}
        step_size = min(trials, key=trials.__getitem__)
        seen = losses(X, sign, norm, step_size, LIMIT, enough=min(LOSSES))
        cells = (name, f"{condition(inputs):.1e}", f"{step_size:.2g}")
        cells += tuple(steps_to(loss, seen) for loss in LOSSES)
        print("   " + "".join(f"{cell:>13}" for cell in cells), flush=True)
    print("   condition: of the Hessian X.T @ X / n of the first linear layer, X its first input")
    print(f"   step size: the one of {len(STEP_SIZES)} with the smallest loss after {TRIAL} steps")


if __name__ == "__main__":
    main()
