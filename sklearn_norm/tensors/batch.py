"""Batch normalisation: each channel by its running mean and variance."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .. import _sklearn
from ..affine import Affine
from ..arguments import whole
from ..averages import RunningScaler
from ..base import n_axes
from ..containers import framed
from ..interop.torch import (
    Module,
    TorchModules,
    array_of,
    dimensions,
    is_given,
    learned,
    n_channels,
)
from ..kernels import Array, Floats, Traced
from ..statistics.moments import Moments
from ..statistics.running import Running
from .axes import LONG, Axes, Shape, channelwise
from .base import TensorInput


class BatchNorm(TorchModules, TensorInput, RunningScaler):
    r"""Normalise each channel by its running mean and variance over samples and positions.

    :math:`z = \gamma_c (x - m_c) / \sqrt{v_c + \epsilon} + \beta_c`. It is
    `BatchStatsScaler` with channels for features: `partial_fit` moves the running
    statistics, `transform` uses them, and ``partial_fit_transform(X, using="batch")`` is
    the training step of a network.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then a channel each.
    momentum : float in (0, 1] or None, default=0.1
        The weight of the new batch, as in PyTorch. None gives every batch the same
        weight: the plain cumulative average.
    channel_axis : int, default=1
        The axis of the channels in (n_samples, *shape); -1 is the last.
    bias_correction : bool, default=True
        Divide by the sum of the weights, so that the first batch initialises the
        statistics. False starts from mean 0 and variance 1, as PyTorch does.
    variance : {"total", "within"}, default="total"
        "total" includes the drift of the batch means; "within" is the average of the
        variances of the batches, as in PyTorch.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of a batch's variance; PyTorch's is 1.
    gamma, beta : float or array-like of shape (n_channels,), default=None
        Gain and bias of the result; None stands for 1 and 0.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone. False
        overwrites an array of floats.

    Attributes
    ----------
    running_mean_ : ndarray of shape (n_channels,)
        The running mean m, float64.
    running_var_ : ndarray of shape (n_channels,)
        The running variance v, float64.
    scale_ : ndarray of shape (n_channels,)
        What is divided by, the square root of v + eps.
    n_batches_seen_ : int or ndarray of shape (n_channels,)
        The batches seen; an array where channels were missing in some.
    n_samples_seen_ : int, float or ndarray of shape (n_channels,)
        The members seen, over samples and positions.
    constant_features_ : ndarray
        The channels with one value only so far, by name where each is a named feature.
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, where all are strings.

    Notes
    -----
    With ``bias_correction=False, variance="within", ddof=1`` the running statistics are
    those of `torch.nn.BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm import BatchNorm
    >>> images = np.array([[[[1.0, 3.0]], [[10.0, 50.0]]]])  # one sample, two channels
    >>> norm = BatchNorm(eps=0.0).fit(images)
    >>> norm.running_mean_
    array([ 2., 30.])
    >>> norm.transform(images).ravel()
    array([-1.,  1., -1.,  1.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **RunningScaler._parameter_constraints,
        "shape": ["array-like", Integral, None],
        "channel_axis": [Integral],
    }
    _kind_of_column = "channel"
    _kept_by_merge = (*RunningScaler._kept_by_merge, "shape_")
    _remembers = (*RunningScaler._remembers, "shape_")
    _torch_names = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")

    def __init__(
        self,
        shape: Any = None,
        *,
        momentum: float | None = 0.1,
        channel_axis: int = 1,
        bias_correction: bool = True,
        variance: str = "total",
        eps: float = 1e-5,
        ddof: int = 0,
        gamma: Any = None,
        beta: Any = None,
        copy: bool = True,
    ) -> None:
        self.shape = shape
        self.momentum = momentum
        self.channel_axis = channel_axis
        self.bias_correction = bias_correction
        self.variance = variance
        self.eps = eps
        self.ddof = ddof
        self.gamma = gamma
        self.beta = beta
        self.copy = copy

    def _axes(self, sample: Shape) -> Axes:
        axis = whole(self.channel_axis, "channel_axis")
        if len(sample) == 1 and axis != 0:
            axis = 1
        return channelwise(sample, axis, over_samples=True)

    @property
    def _n_columns(self) -> int:
        if hasattr(self, "shape_"):
            return self._axes(self.shape_).learnable
        return int(self._statistic.weight.size)

    def _take_columns(self, size: int, names: Any) -> None:
        """Take names for the features of 2-D data; else the first samples tell their shape."""
        if names is None:
            return
        if self.shape is not None and self._declared() != (size,):
            raise ValueError(
                f"`feature_names` are for 2-D data whose features are the {size} channels. Got "
                f"shape={self.shape!r}: leave the names out."
            )
        super()._take_columns(size, names)
        self.shape_ = (size,)

    def _to_measure(self, X: Any, reset: bool) -> Any:
        return self._read(X, reset=reset)

    def _validated(self, X: Any, reset: bool) -> Any:
        return self._read(X, reset=reset)

    def _glanced(self, X: Any) -> Array | None:
        return None  # its columns are not always the channels

    def _may_wait(self, values: Any) -> bool:
        return False

    def _read(self, X: Any, *, reset: bool, by_name: bool = True) -> Array:
        tensor = super()._read(X, reset=reset, by_name=by_name)
        if self.__sklearn_is_fitted__() and not reset:
            n_channels = self._axes(tensor.shape[1:]).learnable
            self._check_channels(n_channels, self._statistic.weight.size)
        return tensor

    def _check_channels(self, n_channels: int, expected: int) -> None:
        if n_channels != expected:
            raise ValueError(
                f"X has {n_channels} channels, but {type(self).__name__} is expecting {expected} "
                "channels."
            )

    def _update(self, old: Any, new: Any) -> Any:
        self._check_channels(new.weight.size, old.weight.size)
        return super()._update(old, new)

    def _check_finite(self, values: Any, chosen: Any = None) -> None:
        if values.ndim == 2:
            super()._check_finite(values, chosen)
        else:
            self._check_no_infinity(values, values)

    def _refuse_infinity(self, column: int, values: Any) -> None:
        if values.ndim == 2:
            super()._refuse_infinity(column, values)
        raise ValueError(
            f"Input X contains infinity or a value too large for {values.dtype!r}, in channel "
            f"{column}. Replace it, by NaN where it stands for a missing value."
        )

    def _running(self, X: Array, weight: Floats | None, ddof: int = 0) -> Running:
        """Measure the channels: long ones sample by sample, to be merged, short ones as rows."""
        view = self._axes(X.shape[1:]).viewed(X)[0]  # (channels, samples, positions)
        n_channels, n_samples, positions = view.shape
        if positions < LONG:
            rows = view.reshape(n_channels, -1).T
            repeated = None if weight is None else np.repeat(weight, positions)
            return Running.measure(rows, repeated, ddof=ddof)
        columns = view.transpose(1, 0, 2).reshape(-1, positions).T
        parts = Moments.measure(columns).reshaped((n_samples, n_channels))
        if weight is not None:
            parts = parts.weighted(weight[:, None])
        return Running.of(parts.folded(), ddof)

    def _mapped(self, values: Any, out: Any) -> Any:
        return self._axes(values.shape[1:]).mapped("apply", self._ruled(), values, out)

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        sample = self._sample(X.shape)
        axes = self._axes(sample)
        self._check_channels(axes.learnable, self._seen().weight.size)
        act = "invert" if inverse else "apply"
        mapped: Any = axes.mapped(act, self._ruled(), X.reshape(-1, *sample))
        result: Traced = mapped.reshape(*X.shape)
        return result

    def _as_given(self, X: Any, values: Any) -> Any:
        return values if n_axes(X) > 2 else values.reshape(values.shape[0], -1)

    def _check_gain(self, affine: Affine, chosen: Any) -> None:
        if len(getattr(self, "shape_", ())) == 1:
            super()._check_gain(affine, chosen)
        elif affine.gain is not None and np.any(affine.gain == 0):
            at = int(np.flatnonzero(affine.gain == 0)[0])
            raise ValueError(
                f"Channel {at} was multiplied by 0 (see `gamma`), which nothing can undo."
            )

    def merge(self, other: Self) -> Self:
        """Return a new norm, as if fitted on the data of both.

        Parameters
        ----------
        other : BatchNorm
            A fitted norm of the same parameters, for samples of the same shape.

        Returns
        -------
        merged : BatchNorm
            A new fitted norm; this one and the other stay as they are.

        Raises
        ------
        ValueError
            If the other differs in parameters, shape or channels, or `momentum` is not None.
        NotFittedError
            If one of the two is not fitted.
        """
        if type(other) is type(self) and self.__sklearn_is_fitted__():
            check_is_fitted(other)
            self._check_same_samples(other)
        return super().merge(other)

    def _check_same_samples(self, other: Any) -> None:
        shapes = [getattr(norm, "shape_", None) for norm in (self, other)]
        if all(shape is not None and len(shape) == 1 for shape in shapes):
            return  # columns, which the base compares by name
        if shapes[0] != shapes[1] or self._n_columns != other._n_columns:
            raise ValueError(
                f"Cannot merge norms of different samples: of shape {shapes[0]} with "
                f"{self._n_columns} channels, and {shapes[1]} with {other._n_columns}. "
                "Fit both on samples of one shape."
            )

    def inverse_transform(self, X: Any, copy: bool | None = None, columns: Any = None) -> Any:
        """Undo the normalisation.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Normalised samples.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.
        columns : list of str or int, default=None
            Names or indices of the columns of 2-D data whose features are channels.

        Returns
        -------
        X : {ndarray, DataFrame} of the same shape
            The samples in their own units.

        Raises
        ------
        ValueError
            If the shape is not that of the fit.
        """
        check_is_fitted(self)
        if n_axes(X) <= 2 and self.shape is None and len(getattr(self, "shape_", ())) == 1:
            return super().inverse_transform(X, copy, columns)
        if columns is not None:
            raise ValueError("columns=[...] is for 2-D data whose features are channels.")
        named = _sklearn.feature_names(X) is not None
        tensor = self._read(X, reset=False, by_name=named)
        self._check_finite(tensor)
        affine = self._ruled()
        self._check_gain(affine, np.arange(self._n_columns))
        out = self._place_to_write(X, tensor, copy)
        back = self._axes(tensor.shape[1:]).mapped("invert", affine, tensor, out)
        given = self._as_given(X, back)
        if n_axes(X) > 2:
            return given
        names = self._names() if hasattr(self, "shape_") else None
        return framed(given, self._wanted(X), names, like=X)

    def __sklearn_tags__(self) -> Any:
        return self._tensor_tags(super().__sklearn_tags__())

    @classmethod
    def _from_module(cls, module: Any) -> Self:
        if module.running_mean is None:
            raise ValueError(
                "The module keeps no running statistics: its track_running_stats must be True."
            )
        norm = cls(
            momentum=module.momentum,
            bias_correction=False,
            variance="within",
            ddof=1,
            eps=module.eps,
            **learned(module),
        )
        mean, variance = array_of(module.running_mean), array_of(module.running_var)
        batches = float(module.num_batches_tracked)
        # a plain average counts its batches; with none yet, the first replaces the prior
        weight = 1.0 if module.momentum is not None else batches or 2.0**-100
        return norm._built(Running.known(mean, variance, batches, weight))

    def _as_module(self) -> Module:
        check_is_fitted(self)
        sample = self._known_sample()
        name = f"BatchNorm{dimensions(sample)}"
        size = n_channels(sample, 1 if len(sample) == 1 else self.channel_axis)
        values = {
            "running_mean": self.running_mean_,
            "running_var": self.running_var_,
            "num_batches_tracked": np.max(self.n_batches_seen_),
            **self._learned(),
        }
        affine = is_given(self.gamma, self.beta)
        options = {"eps": self.eps, "momentum": self.momentum, "affine": affine}
        return Module(name, (size,), options, values)
