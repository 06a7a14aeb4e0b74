"""The common base of layer and RMS normalisation: trailing axes of a sample."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from .._sklearn import Interval
from ..inputs.arguments import whole
from .axes import Axes, Shape, trailing
from .keywords import by_keyword
from .norm import TensorNorm


class TrailingNorm(TensorNorm):
    """Base of the norms with statistics over the trailing axes of each sample."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "normalized_ndim": [Interval(Integral, 1, None, closed="left"), None],
    }

    @by_keyword("normalized_shape", "eps", "elementwise_affine")
    def __init__(
        self,
        *,
        shape: Any = None,
        normalized_ndim: int | None = None,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
    ) -> None:
        self.shape = shape
        self.normalized_ndim = normalized_ndim
        self.eps = eps
        self.gamma = gamma
        self.beta = beta

    def _axes(self, sample: Shape) -> Axes:
        return trailing(sample, self.normalized_ndim)

    def _fits(self, sample: Shape, expected: Shape) -> bool:
        """Whether the axes that are normalised are those of the fit; others may differ."""
        if self.normalized_ndim is None:
            return sample == expected
        ndim = whole(self.normalized_ndim, "normalized_ndim")
        return sample[-ndim:] == expected[-ndim:]

    def _layout(self, expected: Shape) -> str:
        if self.normalized_ndim is None:
            return super()._layout(expected)
        return f"(n_samples, ..., {', '.join(map(str, expected[-self.normalized_ndim :]))})"
