"""A new norm, whole: which members of a sample are normalised together."""

from __future__ import annotations

from typing import Any

from sklearn_norm.tensors.axes import Axes, Shape
from sklearn_norm.tensors.norm import TensorNorm
from sklearn_norm.tensors.over import over


class PositionNorm(TensorNorm):
    """Normalise each position of each sample by the moments over its channels.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, channels first, for data flattened to two axes. None takes
        that of X; the features of 2-D data are then the channels of one position.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias of the result; None stands for 1 and 0.

    Attributes
    ----------
    shape_ : tuple of int
        The shape of a sample.

    References
    ----------
    B. Li, F. Wu, K. Q. Weinberger and S. Belongie, "Positional normalization", NeurIPS 2019.

    Examples
    --------
    >>> signal = [[[1.0, 10.0], [3.0, 50.0]]]  # one sample, two channels, two positions
    >>> PositionNorm(eps=0.0).transform(signal)
    array([[[-1., -1.],
            [ 1.,  1.]]])
    """

    def __init__(
        self, *, shape: Any = None, eps: float = 1e-5, gamma: Any = None, beta: Any = None
    ) -> None:
        self.shape = shape
        self.eps = eps
        self.gamma = gamma
        self.beta = beta

    def _axes(self, sample: Shape) -> Axes:
        return over(sample, 1)  # the channels, which are the first axis after the samples
