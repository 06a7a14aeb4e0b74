"""Root-mean-square normalisation: layer normalisation without centring."""

from __future__ import annotations

from typing import Any, Self

from ..interop.torch import (
    Module,
    TorchModules,
    axes_of,
    eps_of,
    gain_and_offset,
    is_given,
    learned,
)
from ..kernels import Floats
from .trailing import TrailingNorm


class RMSNorm(TorchModules, TrailingNorm):
    r"""Divide each sample by the root mean square of its members.

    :math:`z = \gamma \, x / \sqrt{\overline{x^2} + \epsilon} + \beta`, with the mean taken
    over all members of a sample, or over some of its axes.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the members of one axis.
    normalized_ndim : int, default=None
        How many trailing axes are normalised together; None takes all but the first.
    axis : int or tuple of int, default=None
        The axes of (n_samples, *shape) that are normalised together, in place of
        `normalized_ndim`: 1 is the first of a sample, -1 the last. One group of members is left for
        each place along the other axes. A mask has as many axes as X then.
    eps : float, default=1e-5
        Added to the mean square, in squared units of the data.
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
    `torch.nn.RMSNorm` has no bias, and a different default of `eps`. Its ``normalized_shape``
    has `normalized_ndim` axes: ``torch.nn.RMSNorm(8)`` is ``RMSNorm(normalized_ndim=1)``.

    References
    ----------
    B. Zhang and R. Sennrich, "Root mean square layer normalization", NeurIPS 2019.

    Examples
    --------
    >>> from sklearn_norm import RMSNorm
    >>> RMSNorm(eps=0.0).transform([[1.0, -7.0], [3.0, 3.0]])
    array([[ 0.2, -1.4],
           [ 1. ,  1. ]])
    """

    _centred = False
    _torch_names = ("RMSNorm",)

    @classmethod
    def _from_module(cls, module: Any) -> Self:
        ndim = len(module.normalized_shape)
        return cls(normalized_ndim=ndim, eps=eps_of(module), **learned(module))

    @classmethod
    def _from_weights(cls, weights: dict[str, Floats], params: dict[str, Any]) -> Self:
        if "eps" not in params:
            raise ValueError(
                "A state dict holds no `eps`, and networks with RMS norms have different ones: "
                "give eps=... (1e-6 and 1e-5 are common; that of the dtype in torch.nn.RMSNorm)."
            )
        return cls(**(axes_of(weights, params) | gain_and_offset(weights) | params))

    def _as_module(self) -> Module:
        if self.beta is not None:
            raise ValueError("torch.nn.RMSNorm has no bias: `beta` must be None.")
        normalized = self._normalized_shape()
        options = {"eps": self.eps, "elementwise_affine": is_given(self.gamma)}
        return Module("RMSNorm", (normalized,), options, self._learned_vectors())
