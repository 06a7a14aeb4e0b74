"""The common base of layer and RMS normalisation: trailing axes of a sample."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from .._sklearn import Interval
from ..inputs.arguments import whole
from .axes import Axes, Shape
from .keywords import by_keyword
from .norm import TensorNorm
from .over import over

OF_AXES: dict[str, Any] = {"axis": [Integral, tuple, None], "unit_offset": ["boolean"]}


class OverAxes(TensorNorm):
    """Base of the norms with statistics over some axes of each sample, or all of them."""

    normalized_ndim: int | None = None
    axis: Any = None
    unit_offset: bool = False

    def _axes(self, sample: Shape) -> Axes:
        return over(sample, self.axis, self.normalized_ndim, unit_offset=self.unit_offset)

    def _is_whole(self) -> bool:
        return self.axis is None and self.normalized_ndim is None

    def _fits(self, sample: Shape, expected: Shape) -> bool:
        """Whether the axes that are normalised are those of the fit; others may differ."""
        if self._is_whole():
            return sample == expected
        if self.axis is not None and len(sample) != len(expected):
            return False
        if self.normalized_ndim is not None and len(sample) < self.normalized_ndim:
            return False
        return self._axes(sample).elements == self._axes(expected).elements

    def _layout(self, expected: Shape) -> str:
        if self._is_whole():
            return super()._layout(expected)
        if self.axis is None:
            ndim = whole(self.normalized_ndim, "normalized_ndim")
            return f"(n_samples, ..., {', '.join(map(str, expected[-ndim:]))})"
        axes = self._axes(expected)
        n_own = len(axes.elements)
        own = range(1, len(expected) + 1) if axes.order is None else axes.order
        sizes = {at: str(size) for at, size in zip(own[-n_own:], axes.elements, strict=True)}
        places = (sizes.get(at, "any") for at in range(1, len(expected) + 1))
        return f"(n_samples, {', '.join(places)})"

    def _normalized_shape(self) -> Shape:
        """Return the sizes of the axes that are normalised, which a module of PyTorch has last."""
        axes = self._axes(self._known_sample())
        if axes.order is not None:
            raise ValueError(
                f"torch.nn has the axes that it normalises at the end, this norm at "
                f"axis={self.axis!r} of (n_samples, {', '.join(map(str, axes.sample))})."
            )
        return axes.elements

    def _learned_vectors(self) -> dict[str, Any]:
        axes = self._axes(self._known_sample())
        vectors = super()._learned_vectors()
        for ours, (theirs, vector) in zip(("gamma", "beta"), vectors.items(), strict=True):
            if vector is not None and vector.shape[0] > 1:
                raise ValueError(
                    f"`{ours}` of shape {np.shape(getattr(self, ours))} differs along axes that "
                    f"are not normalised. torch.nn has one number for each of the {axes.learnable} "
                    "members that are normalised together."
                )
            vectors[theirs] = None if vector is None else np.broadcast_to(vector, axes.affine)
        return vectors


class TrailingNorm(OverAxes):
    """Base of the norms with statistics over the trailing axes of each sample, or over any."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "normalized_ndim": [Interval(Integral, 1, None, closed="left"), None],
        **OF_AXES,
    }

    @by_keyword("normalized_shape", "eps", "elementwise_affine")
    def __init__(
        self,
        *,
        shape: Any = None,
        normalized_ndim: int | None = None,
        axis: int | tuple[int, ...] | None = None,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
        unit_offset: bool = False,
        dtype: Any = None,
    ) -> None:
        self.shape = shape
        self.normalized_ndim = normalized_ndim
        self.axis = axis
        self.eps = eps
        self.gamma = gamma
        self.beta = beta
        self.unit_offset = unit_offset
        self.dtype = dtype
