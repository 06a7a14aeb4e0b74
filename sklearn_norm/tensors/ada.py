"""Adaptive normalisation: layer normalisation whose gain depends on the result."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np

from .._sklearn import Interval
from ..inputs.arguments import number
from ..kernels import Array, Floats
from .axes import Axes, Shape
from .keywords import by_keyword
from .norm import TensorNorm
from .trailing import OF_AXES, OverAxes


class AdaNorm(OverAxes):
    r"""Normalise each sample, with a gain that falls as the normalised value rises.

    :math:`z = \gamma \, C (1 - k y) \, y + \beta` where :math:`y = (x - \mu) /
    \sqrt{\sigma^2 + \epsilon}`, with the moments taken over all members of a sample, or over
    some of its axes.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the members of one axis.
    axis : int or tuple of int, default=None
        The axes of (n_samples, *shape) that are normalised together: 1 is the first of a sample,
        -1 the last; a mask has as many axes as X then. None takes all but the first.
    C : float, default=1.0
        The gain at the mean; not 0.
    k : float, default=0.1
        How fast the gain falls, per standard deviation.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    gamma, beta : float or array-like, default=None
        Gain and bias of the result: of shape (n_normalised_members,) or that of the axes
        that are normalised, or of any shape that broadcasts to a sample. Where the axes that are
        normalised are not the last ones, such a shape has all axes of a sample. None stands for
        1 and 0.
    unit_offset : bool, default=False
        Whether the gain is 1 + gamma, for weights that were learned as differences from 1.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and bfloat16 of
        ml_dtypes, and returns float64 for others.

    Attributes
    ----------
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, if all are strings.

    Notes
    -----
    The curve rises up to y = 1 / (2 k), which is 5 standard deviations by default, and falls
    beyond. `inverse_transform` is correct only for values on the rising side.

    References
    ----------
    J. Xu, X. Sun, Z. Zhang, G. Zhao and J. Lin, "Understanding and improving layer
    normalization", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_norm import AdaNorm
    >>> AdaNorm(eps=0.0).transform([[1.0, 3.0]])
    array([[-1.1,  0.9]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "C": [Interval(Real, None, None, closed="neither")],
        "k": [Interval(Real, 0, None, closed="left")],
        **OF_AXES,
    }

    @by_keyword("normalized_shape", "eps", "elementwise_affine")
    def __init__(
        self,
        *,
        shape: Any = None,
        axis: int | tuple[int, ...] | None = None,
        C: float = 1.0,
        k: float = 0.1,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
        unit_offset: bool = False,
        dtype: Any = None,
    ) -> None:
        self.shape = shape
        self.axis = axis
        self.C = C
        self.k = k
        self.eps = eps
        self.gamma = gamma
        self.beta = beta
        self.unit_offset = unit_offset
        self.dtype = dtype

    def _axes(self, sample: Shape) -> Axes:
        if number(self.C, "C") == 0:
            raise ValueError("`C` must not be 0: every result would be 0.")
        return super()._axes(sample)

    def _normalised(
        self, axes: Axes, tensor: Array, gain: Floats | None, offset: Floats | None
    ) -> tuple[Array, Floats]:
        y, stats = axes.normalise(tensor, eps=self.eps, dtype=np.float64)
        return self._bent(axes, y, gain, offset).astype(self._dtype_of(tensor)), stats

    def _bent(self, axes: Axes, y: Array, gain: Floats | None, offset: Floats | None) -> Array:
        with np.errstate(all="ignore"):
            return axes.affine_of(bent(y, number(self.C, "C"), number(self.k, "k")), gain, offset)

    def _applied(
        self,
        axes: Axes,
        tensor: Array,
        stats: Floats,
        gain: Floats | None,
        offset: Floats | None,
    ) -> Array:
        y = axes.by_stats("apply", tensor.astype(np.float64), stats)
        return self._bent(axes, y, gain, offset).astype(self._dtype_of(tensor))

    def _restored(
        self,
        axes: Axes,
        tensor: Array,
        stats: Floats,
        gain: Floats | None,
        offset: Floats | None,
    ) -> Array:
        with np.errstate(all="ignore"):
            z = axes.affine_of(tensor.astype(np.float64), gain, offset, inverse=True)
            y = unbent(z, number(self.C, "C"), number(self.k, "k"))
            return axes.restore(y, stats).astype(tensor.dtype)

    def _for_targets(self, sample: Shape, channels: Any, target: Shape) -> tuple[Any, Any, Shape]:
        raise ValueError(
            "AdaNorm bends large values back, so targets beyond its curve could not be undone. "
            "Take another norm, such as InstanceNorm."
        )


def bent(y: Array, C: float, k: float) -> Array:
    """Return C (1 - k y) y."""
    return C * (1 - k * y) * y


def unbent(z: Array, C: float, k: float) -> Array:
    """Return the y of at most 1 / (2 k) with bent(y) = z; 1 / (2 k) if z is too large."""
    part = z / C if k == 0 else np.minimum(z / C, 1 / (4 * k))
    root = np.sqrt(np.maximum(1 - 4 * k * part, 0.0))
    return np.asarray(2 * part / (1 + root))
