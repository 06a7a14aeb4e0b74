"""Group normalisation: groups of channels of a sample."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

from .._sklearn import Interval
from .axes import Axes, Shape, channelwise, one_channel, other_length
from .base import TensorNorm
from .bridge import channels_of, checked_module, fill, is_given, learned, make_module


class GroupNorm(TensorNorm):
    r"""Normalise each group of channels of each sample by its mean and variance.

    :math:`z = \gamma_c \, (x - \mu_g) / \sqrt{\sigma_g^2 + \epsilon} + \beta_c`, with the
    moments taken over the channels and positions of group g of one sample. One group
    is layer normalisation, a group per channel instance normalisation.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the positions of one channel.
    num_groups : int, default=1
        The number of groups, a divisor of the number of channels.
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
        **TensorNorm._parameter_constraints,
        "num_groups": [Interval(Integral, 1, None, closed="left")],
        "channel_axis": [Integral],
    }

    def __init__(
        self,
        shape: Any = None,
        *,
        num_groups: int = 1,
        channel_axis: int = 1,
        eps: float = 1e-5,
        gamma: Any = None,
        beta: Any = None,
    ) -> None:
        self.shape = shape
        self.num_groups = num_groups
        self.channel_axis = channel_axis
        self.eps = eps
        self.gamma = gamma
        self.beta = beta

    def _axes(self, sample: Shape) -> Axes:
        return channelwise(sample, self.channel_axis, self.num_groups)

    def _flat_sample(self, width: int) -> Shape:
        return one_channel(width, self.channel_axis)

    def _flat_forecast(self, whole: Shape, shape: Shape) -> Shape:
        return other_length(whole, shape, self.channel_axis)

    @classmethod
    def from_torch(cls, module: Any) -> Self:
        """Return the norm that computes what a PyTorch module does.

        Parameters
        ----------
        module : torch.nn.GroupNorm
            The module, whose weights are copied.

        Returns
        -------
        norm : GroupNorm
            A new norm.

        Raises
        ------
        ValueError
            If the module is of another kind.
        """
        checked_module(module, cls, "GroupNorm")
        return cls(num_groups=module.num_groups, eps=module.eps, **learned(module))

    def to_torch(self) -> Any:
        """Return a PyTorch module that computes the same, in float64.

        Returns
        -------
        module : torch.nn.GroupNorm
            A new module.

        Raises
        ------
        ValueError
            If the shape of a sample is not known, or channels are not at axis 1.
        """
        size = channels_of(self._known_sample(), self.channel_axis)
        affine = is_given(self.gamma, self.beta)
        module = make_module("GroupNorm", self.num_groups, size, eps=self.eps, affine=affine)
        return fill(module, **self._learned()) if affine else module
