"""Instance normalisation: each channel of a sample by itself."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

from .axes import Axes, Shape, channelwise, one_channel, other_length
from .base import TensorNorm
from .bridge import checked_module, fill, is_given, learned, make_module, size_of


class InstanceNorm(TensorNorm):
    r"""Normalise each channel of each sample by its mean and variance.

    :math:`z = \gamma_c \, (x - \mu_c) / \sqrt{\sigma_c^2 + \epsilon} + \beta_c`, with the
    moments taken over the positions of channel c of one sample.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the positions of one channel.
    channel_axis : int, default=1
        The axis of the channels in (n_samples, *shape); -1 is the last.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias of the result; None stands for 1 and 0.

    Attributes
    ----------
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, where all are strings.

    Notes
    -----
    With the statistics of ``transform(X, return_stats=True)`` it is reversible instance
    normalisation (T. Kim et al., "Reversible instance normalization for accurate
    time-series forecasting against distribution shift", ICLR 2022): `inverse_transform`
    takes a forecast of any length.

    References
    ----------
    D. Ulyanov, A. Vedaldi and V. Lempitsky, "Instance normalization: the missing
    ingredient for fast stylization", arXiv:1607.08022 (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm import InstanceNorm
    >>> signals = np.array([[[1.0, 3.0], [10.0, 50.0]]])  # one sample, two channels
    >>> Z, stats = InstanceNorm(eps=0.0).transform(signals, return_stats=True)
    >>> Z
    array([[[-1.,  1.],
            [-1.,  1.]]])
    >>> InstanceNorm().inverse_transform(np.zeros((1, 2, 3)), stats=stats)
    array([[[ 2.,  2.,  2.],
            [30., 30., 30.]]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **TensorNorm._parameter_constraints,
        "channel_axis": [Integral],
    }

    def __init__(
        self,
        shape: Any = None,
        *,
        channel_axis: int = 1,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
    ) -> None:
        self.shape = shape
        self.channel_axis = channel_axis
        self.eps = eps
        self.gamma = gamma
        self.beta = beta

    def _axes(self, sample: Shape) -> Axes:
        return channelwise(sample, self.channel_axis)

    def _flat_sample(self, width: int) -> Shape:
        return one_channel(width, self.channel_axis)

    def _flat_forecast(self, whole: Shape, shape: Shape) -> Shape:
        return other_length(whole, shape, self.channel_axis)

    @classmethod
    def from_torch(cls, module: Any) -> Self:
        """Return the norm that computes what a PyTorch module does.

        Parameters
        ----------
        module : torch.nn.InstanceNorm1d, InstanceNorm2d or InstanceNorm3d
            The module, whose weights are copied.

        Returns
        -------
        norm : InstanceNorm
            A new norm.

        Raises
        ------
        ValueError
            If the module is of another kind, or keeps running statistics.
        """
        checked_module(module, cls, "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
        if module.track_running_stats:
            raise ValueError(
                "The module keeps running statistics, which an InstanceNorm has not: its "
                "track_running_stats must be False."
            )
        return cls(eps=module.eps, **learned(module))

    def to_torch(self) -> Any:
        """Return a PyTorch module that computes the same, in float64.

        Returns
        -------
        module : torch.nn.InstanceNorm1d, InstanceNorm2d or InstanceNorm3d
            A new module.

        Raises
        ------
        ValueError
            If the shape of a sample is not known, or has no module.
        """
        size, suffix = size_of(self._known_sample(), self.channel_axis)
        affine = is_given(self.gamma, self.beta)
        module = make_module(f"InstanceNorm{suffix}", size, eps=self.eps, affine=affine)
        return fill(module, **self._learned()) if affine else module
