"""Instance normalisation: each channel of each sample separately."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from .._sklearn import StrOptions
from ..interop.torch import (
    Module,
    TorchModules,
    dimensions,
    gain_and_offset,
    is_given,
    learned,
    n_channels,
)
from ..kernels import Array, Floats, Traced
from .axes import Axes, Shape
from .channels import ChannelNorm
from .keywords import by_keyword


class InstanceNorm(TorchModules, ChannelNorm):
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
    center : {"mean", "last"}, default="mean"
        What is subtracted: the mean, or the last member of a series that is present, which a
        forecast goes on from. "last" needs samples with one axis of positions, such as time.
        The divisor is the deviation from the mean with both.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias of the result; None stands for 1 and 0.
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
    With the statistics of ``transform(X, return_stats=True)`` it is reversible instance
    normalisation (T. Kim et al., "Reversible instance normalization for accurate
    time-series forecasting against distribution shift", ICLR 2022): `inverse_transform`
    takes a forecast of any length. `ReversibleRegressor` does so around a regressor.
    ``center="last"`` is what their code calls `subtract_last`.

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
    >>> InstanceNorm(center="last", eps=0.0).transform(signals)
    array([[[-2.,  0.],
            [-2.,  0.]]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ChannelNorm._parameter_constraints,
        "center": [StrOptions({"mean", "last"})],
    }
    _torch_names = ("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")

    @by_keyword("num_features", "eps", "momentum", "affine", "track_running_stats")
    def __init__(
        self,
        *,
        shape: Any = None,
        channel_axis: int = 1,
        center: str = "mean",
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            shape=shape,
            channel_axis=channel_axis,
            eps=eps,
            gamma=gamma,
            beta=beta,
            dtype=dtype,
        )
        self.center = center

    def _axes(self, sample: Shape) -> Axes:
        if self.center == "last" and len(sample) > 2:
            raise ValueError(
                f"center='last' is for series: samples of shape {sample} have more than one axis "
                "of positions, of which none is the last. Give channels and time only, or "
                "center='mean'."
            )
        return super()._axes(sample)

    def _normalised(
        self, axes: Axes, tensor: Array, gain: Floats | None, offset: Floats | None
    ) -> tuple[Array, Floats]:
        if self.center == "mean":
            return super()._normalised(axes, tensor, gain, offset)
        if isinstance(tensor, Traced):
            return self._from_last(axes, tensor, gain, offset)
        if not tensor.size:  # nothing is the last
            return super()._normalised(axes, tensor, gain, offset)
        stats = axes.normalise(tensor, eps=self.eps, dtype=np.float64)[1].copy()
        stats[..., 0] = axes.last_members(tensor)
        return self._applied(axes, tensor, stats, gain, offset), stats

    def _from_last(
        self, axes: Axes, tensor: Any, gain: Floats | None, offset: Floats | None
    ) -> tuple[Array, Floats]:
        """Write the graph of center="last": of the result about the mean, as no node has both."""
        z, nothing = axes.normalise(tensor, eps=self.eps, dtype=np.float64)
        z = axes.unviewed(axes.viewed(z) - axes.last_members(z), -1)
        return axes.affine_of(z, gain, offset).astype(tensor.dtype), nothing

    @classmethod
    def _from_module(cls, module: Any) -> Self:
        if module.track_running_stats:
            raise ValueError(
                "The module keeps running statistics, which an InstanceNorm does not have: its "
                "track_running_stats must be False. In use it is a batch norm: "
                "BatchNorm.from_torch(module.eval())."
            )
        return cls(eps=module.eps, **learned(module))

    @classmethod
    def _from_weights(cls, weights: dict[str, Floats], params: dict[str, Any]) -> Self:
        return cls(**(gain_and_offset(weights) | params))

    def _as_module(self) -> Module:
        sample = self._known_sample()
        if self.center != "mean":
            raise ValueError(
                "No module of PyTorch subtracts the last member: `center` must be 'mean'."
            )
        name = f"InstanceNorm{dimensions(sample)}"
        size = n_channels(sample, self.channel_axis)
        options = {"eps": self.eps, "affine": is_given(self.gamma, self.beta)}
        return Module(name, (size,), options, self._learned_vectors())
