"""Group normalisation: groups of channels of a sample."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

from .._sklearn import Interval
from ..interop.torch import (
    Module,
    TorchModules,
    gain_and_offset,
    is_given,
    learned,
    n_channels,
    size_of,
)
from ..kernels import Floats
from .axes import Axes, Shape, channelwise
from .channels import ChannelNorm
from .instance import InstanceNorm
from .keywords import by_keyword


class GroupNorm(TorchModules, ChannelNorm):
    r"""Normalise each group of channels of each sample by its mean and variance.

    :math:`z = \gamma_c \, (x - \mu_g) / \sqrt{\sigma_g^2 + \epsilon} + \beta_c`, with the
    moments taken over the channels and positions of group g of one sample. With one group
    it is layer normalisation, with one group per channel instance normalisation.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the positions of one channel.
    num_groups : int, default=1
        The number of groups, a divisor of the number of channels. With 1, all channels are
        normalised together; PyTorch has no default here.
    num_channels : int, default=None
        The number of channels, if X must have that many; the features of 2-D data are then
        the channels, as in PyTorch. None takes the number of X.
    channel_axis : int, default=1
        The axis of the channels in (n_samples, *shape); -1 is the last.
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

    References
    ----------
    Y. Wu and K. He, "Group normalization", ECCV 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm import GroupNorm
    >>> X = np.array([[1.0, 3.0, 10.0, 50.0]])
    >>> GroupNorm(shape=(4,), num_groups=2, eps=0.0).transform(X)
    array([[-1.,  1., -1.,  1.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **ChannelNorm._parameter_constraints,
        "num_groups": [Interval(Integral, 1, None, closed="left")],
        "num_channels": [Interval(Integral, 1, None, closed="left"), None],
    }
    _torch_names = ("GroupNorm",)

    @by_keyword("num_groups", "num_channels", "eps", "affine")
    def __init__(
        self,
        *,
        shape: Any = None,
        num_groups: int = 1,
        num_channels: int | None = None,
        channel_axis: int = 1,
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
        self.num_groups = num_groups
        self.num_channels = num_channels

    def _axes(self, sample: Shape) -> Axes:
        of_rows = len(sample) == 1 and self.num_channels is not None
        axes = channelwise(sample, 1 if of_rows else self.channel_axis, self.num_groups)
        if self.num_channels not in (None, axes.n_channels):
            raise ValueError(
                f"X has samples of shape {sample} with {axes.n_channels} channels, but "
                f"{type(self).__name__}(num_channels={self.num_channels}) is expecting "
                f"{self.num_channels}. For data of two axes with more positions, tell the layout "
                "by shape=(n_channels, n_positions)."
            )
        return axes

    def _flat_sample(self, width: int) -> Shape:
        return super()._flat_sample(width) if self.num_channels is None else (width,)

    def _of_single_channels(self) -> InstanceNorm:
        return InstanceNorm(eps=self.eps)  # with its group's statistics, a channel is a group

    @classmethod
    def _from_module(cls, module: Any) -> Self:
        channels = {"num_groups": module.num_groups, "num_channels": module.num_channels}
        return cls(**channels, eps=module.eps, **learned(module))

    @classmethod
    def _from_weights(cls, weights: dict[str, Floats], params: dict[str, Any]) -> Self:
        if "num_groups" not in params:
            raise ValueError("A state dict does not tell `num_groups`: give num_groups=...")
        size = {"num_channels": size_of(weights)}
        return cls(**(size | gain_and_offset(weights) | params))

    def _as_module(self) -> Module:
        sample = self._known_sample()
        size = n_channels(sample, 1 if len(sample) == 1 else self.channel_axis)
        options = {"eps": self.eps, "affine": is_given(self.gamma, self.beta)}
        return Module("GroupNorm", (self.num_groups, size), options, self._learned_vectors())
