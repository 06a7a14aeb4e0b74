"""Layer normalisation: each sample by its own mean and variance."""

from __future__ import annotations

from typing import Any, Self

from ..interop.torch import Module, TorchModules, axes_of, gain_and_offset, is_given, learned
from ..kernels import Floats
from .trailing import TrailingNorm


class LayerNorm(TorchModules, TrailingNorm):
    r"""Normalise each sample by the mean and variance of its members.

    :math:`z = \gamma \, (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta`, with the moments
    taken over all members of a sample, or over some of its axes.

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
    The variance has no correction (ddof 0), as in `torch.nn.LayerNorm`, whose
    ``normalized_shape`` has `normalized_ndim` axes: ``torch.nn.LayerNorm(8)`` is
    ``LayerNorm(normalized_ndim=1)``.

    References
    ----------
    J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450 (2016).

    Examples
    --------
    >>> from sklearn_norm import LayerNorm
    >>> LayerNorm(eps=0.0).transform([[1.0, 3.0], [10.0, 50.0]])
    array([[-1.,  1.],
           [-1.,  1.]])
    """

    _torch_names = ("LayerNorm",)

    @classmethod
    def _from_module(cls, module: Any) -> Self:
        ndim = len(module.normalized_shape)
        return cls(normalized_ndim=ndim, eps=module.eps, **learned(module))

    @classmethod
    def _from_weights(cls, weights: dict[str, Floats], params: dict[str, Any]) -> Self:
        return cls(**(axes_of(weights, params) | gain_and_offset(weights) | params))

    def _as_module(self) -> Module:
        normalized = self._normalized_shape()
        affine = is_given(self.gamma, self.beta)
        options = {"eps": self.eps, "elementwise_affine": affine}
        return Module("LayerNorm", (normalized,), options, self._learned_vectors())
