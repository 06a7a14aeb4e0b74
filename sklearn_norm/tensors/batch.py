"""Batch normalisation: each channel by its running mean and variance."""

from __future__ import annotations

from math import prod
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np

from ..estimators.fitted import OF_SHAPE, Fitted
from ..estimators.running import RunningScaler
from ..inputs.arguments import whole
from ..inputs.columns import Columns, names_of
from ..inputs.frames import container_of
from ..inputs.reading import n_axes, read_array
from ..inputs.table import Table
from ..interop.torch import (
    Module,
    TorchModules,
    array_of,
    check_runs,
    dimensions,
    gain_and_offset,
    is_given,
    learned,
    n_channels,
)
from ..kernels import Array, Floats, Traced
from ..statistics.given import UncountedRunning
from ..statistics.moments import Moments
from ..statistics.running import Running
from .axes import LONG, Axes, Shape, channel_layout, channelwise, one_channel, some_channels
from .batches import Masked, MaskedBatches, taken_apart
from .input import Tensor
from .keywords import by_keyword

OF_BATCHES = ("running_mean", "running_var", "num_batches_tracked")  # in a state dict
FROZEN = "torchvision.ops.misc.FrozenBatchNorm2d"
COUNTED = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")  # go on in a stream
OF_SCALERS = ("clip", "dtype")  # parameters of scalers that a norm has not


class BatchNorm(TorchModules, MaskedBatches):
    r"""Normalise each channel by its running mean and variance over samples and positions.

    :math:`z = \gamma_c (x - m_c) / \sqrt{v_c + \epsilon} + \beta_c`. It is
    `BatchStatsScaler` with channels instead of features: `partial_fit` updates the running
    statistics, `transform` uses them, and ``partial_fit_transform(X, using="batch")`` does
    what a network does in training.

    Parameters
    ----------
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; each
        feature of 2-D data is then a channel.
    momentum : float in (0, 1] or None, default=0.1
        The weight of the new batch, as in PyTorch; at least 2**-53, about 1.1e-16. None
        gives every batch the same weight: the plain cumulative average.
    pool : {"batches", "members"}, default="batches"
        What counts alike if `momentum` is None: every batch, or every member. With "members"
        the statistics are those of all data at once, however they were cut into batches, and
        merge exactly.
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
        Gain and bias of the result; None stands for 1 and 0. New values are seen
        at once, without another fit.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    running_mean_ : ndarray of shape (n_channels,)
        The running mean m, float64.
    running_var_ : ndarray of shape (n_channels,)
        The running variance v, float64.
    scale_ : ndarray of shape (n_channels,)
        The divisor, the square root of v + eps.
    n_batches_seen_ : int or ndarray of shape (n_channels,)
        The number of batches seen; an array where channels were missing in some.
    n_samples_seen_ : int, float or ndarray of shape (n_channels,)
        The members seen, over samples and positions.
    constant_features_ : ndarray
        The channels with only one value so far; their names if the features are channels.
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, if all are strings.

    Notes
    -----
    With ``bias_correction=False, variance="within", ddof=1`` the running statistics are
    those of `torch.nn.BatchNorm1d`, `BatchNorm2d` and `BatchNorm3d`.

    `from_torch` also takes modules that are a batch norm in use: `SyncBatchNorm`, torchvision's
    `FrozenBatchNorm2d`, and an instance norm with `track_running_stats` after ``eval()``. The last
    two do not update statistics as batch norm does, so the result only serves: `partial_fit` and
    `merge` are errors.

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
        **{k: v for k, v in RunningScaler._parameter_constraints.items() if k not in OF_SCALERS},
        "shape": ["array-like", Integral, None],
        "channel_axis": [Integral],
    }
    _column_word = "channel"
    _one_axis_means = "if it is one sample, and np.reshape(X, (-1, 1)) if it is one channel"
    _remembers = (*RunningScaler._remembers, *OF_SHAPE)
    _torch_names = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
    _torch_also = ("SyncBatchNorm", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
    _torch_weights = ("weight", "bias", *OF_BATCHES)
    _torch_elsewhere = frozenset({FROZEN})

    @by_keyword("num_features", "eps", "momentum", "affine", "track_running_stats")
    def __init__(
        self,
        *,
        shape: Any = None,
        momentum: float | None = 0.1,
        pool: str = "batches",
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
        self.pool = pool
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

    def _read(self, X: Any, fitted: Fitted | None, least_rows: int = 1) -> Tensor:
        given, mask = taken_apart(X)
        first = fitted is None or fitted.columns is None
        least_rows = least_rows if fitted is None else 0
        tensor = self._read_tensor(given, fitted, first=first, least_rows=least_rows)
        tensor = self._with_channels_of(fitted, tensor)
        return tensor if mask is None else tensor.without(mask)

    def _with_channels_of(self, fitted: Fitted | None, tensor: Tensor) -> Tensor:
        """Return the samples, after a check of the number of channels."""
        if fitted is not None:
            self._check_channels(tensor.axes.learnable, fitted.n_columns)
        return tensor

    def _check_channels(self, n_channels: int, expected: int) -> None:
        if n_channels != expected:
            raise ValueError(
                f"X has {n_channels} channels, but {type(self).__name__} is expecting {expected} "
                "channels."
            )

    def _fits(self, sample: Shape, expected: Shape) -> bool:
        return self._axes(sample).n_channels == self._axes(expected).n_channels

    def _layout(self, expected: Shape) -> str:
        axis = 1 if len(expected) == 1 else whole(self.channel_axis, "channel_axis")
        return channel_layout(self._axes(expected).n_channels, axis)

    def _columns_of(self, size: int, names: Any) -> tuple[Columns | None, Shape | None]:
        """Return the columns of named features; without names, the first samples set them."""
        if names is None:
            return None, None
        if self.shape is not None and self._declared() != (size,):
            raise ValueError(
                f"`feature_names` are for 2-D data whose features are the {size} channels. Got "
                f"shape={self.shape!r}: leave the names out."
            )
        return Columns(size, names), (size,)

    def _n_columns_of(self, fitted: Fitted) -> int:
        return fitted.n_columns if fitted.shape is None else self._axes(fitted.shape).learnable

    def _may_wait(self, values: Any) -> bool:
        return False  # the buffer holds only rows of 2-D data

    def _running(self, X: Array, weight: Floats | None, ddof: int = 0) -> Running:
        """Measure the channels: long ones per sample, then merged; short ones all at once."""
        view = self._axes(X.shape[1:]).viewed(X)[0]  # (channels, samples, positions)
        n_channels, n_samples, positions = view.shape
        if positions < LONG:
            rows = view.reshape(n_channels, -1).T
            repeated = None if weight is None else np.repeat(weight, positions)
            return self._kind().measure(rows, repeated, ddof=ddof)
        columns = view.transpose(1, 0, 2).reshape(-1, positions).T
        parts = Moments.measure(columns)
        if weight is not None:
            parts = parts.weighted(np.repeat(weight, n_channels))
        return self._kind().of(parts.reshaped((n_samples, n_channels)).folded(), ddof)

    def _table_of(self, fitted: Fitted) -> Table:
        if fitted.shape is None:
            return super()._table_of(fitted)
        columns: Any = fitted.columns
        empty = np.zeros((0, *fitted.shape))
        return Tensor(empty, columns, None, "default", self._axes(fitted.shape))

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        sample = self._sample(X.shape)
        axes = self._axes(sample)
        fitted = self._fitted_now()
        self._check_channels(axes.learnable, fitted.n_columns)
        act = "invert" if inverse else "apply"
        mapped: Any = axes.mapped(act, fitted.map, X.reshape(-1, *sample))
        result: Traced = mapped.reshape(*X.shape)
        return result

    def _check_alike(self, mine: Fitted, theirs: Fitted) -> None:
        shapes = [fitted.shape for fitted in (mine, theirs)]
        columns = all(shape is not None and len(shape) == 1 for shape in shapes)
        if not columns and mine.n_columns != theirs.n_columns:
            raise ValueError(
                f"Cannot merge norms of different channels: {mine.n_columns}, from samples of "
                f"shape {shapes[0]}, and {theirs.n_columns}, from {shapes[1]}. Fit both on "
                "samples of the same channels."
            )
        alike = columns or shapes[0] == shapes[1]
        super()._check_alike(mine if alike else mine.but(columns=None), theirs)

    def _read_scaled(self, X: Any, wanted: Any, fitted: Fitted) -> tuple[Table, Any]:
        if isinstance(X, Masked):
            if wanted is not None:
                channels = Columns(fitted.n_columns, fitted.names).chosen(None, wanted)
                return self._read_channels(X.given, channels, fitted).without(X.mask), channels
            named = names_of(X.given) is not None
            tensor = self._read_tensor(X.given, fitted, by_name=named, least_rows=0)
            return self._with_channels_of(fitted, tensor).without(X.mask), None
        shape = fitted.shape
        if n_axes(X) <= 2 and self.shape is None and shape is not None and len(shape) == 1:
            return super()._read_scaled(X, wanted, fitted)
        if wanted is not None:
            channels = Columns(fitted.n_columns, fitted.names).chosen(None, wanted)
            return self._read_channels(X, channels, fitted), channels
        named = names_of(X) is not None
        tensor = self._read_tensor(X, fitted, by_name=named, least_rows=0)
        return self._with_channels_of(fitted, tensor), None

    def _read_channels(self, X: Any, channels: Array, fitted: Fitted) -> Tensor:
        """Read samples that hold some of the channels."""
        self._refuse_one_axis(X)
        values = read_array(self, X, allow_nd=True, ensure_min_samples=0)
        sample = values.shape[1:]
        if values.ndim == 2 and self.shape is not None:
            sample = some_channels(self._declared(), channels.size, self.channel_axis)
        elif values.ndim == 2 and channels.size == 1:
            sample = one_channel(values.shape[1], self.channel_axis)
        axes = self._axes(sample)
        if axes.n_channels != channels.size or prod(sample) != prod(values.shape[1:]):
            raise ValueError(
                f"X has the shape {values.shape}, which does not fit columns={channels.tolist()}: "
                f"give X of shape {channel_layout(channels.size, self.channel_axis)}."
            )
        own = Columns(prod(sample), names_of(X))
        if fitted.names is not None and own.number == channels.size:
            own = Columns(own.number, fitted.names[channels])
        tensor = values.reshape(values.shape[0], *sample)
        return Tensor(tensor, own, X, container_of(X), axes, fitted.shape, channels)

    def __sklearn_tags__(self) -> Any:
        return self._tensor_tags(super().__sklearn_tags__())

    @classmethod
    def _from_module(cls, module: Any) -> Self:
        check_runs(module)
        mean, variance = array_of(module.running_mean), array_of(module.running_var)
        alike = {"variance": "within", "ddof": 1, "eps": float(module.eps), **learned(module)}
        if type(module).__name__ not in COUNTED:
            return cls(**alike)._built(UncountedRunning.known(mean, variance, weight=2.0))
        norm = cls(momentum=module.momentum, bias_correction=False, **alike)
        return norm._built(tracked(mean, variance, module.num_batches_tracked, module.momentum))

    @classmethod
    def _from_weights(cls, weights: dict[str, Floats], params: dict[str, Any]) -> Self:
        lacking = [name for name in ("running_mean", "running_var") if name not in weights]
        if lacking:
            raise ValueError(
                f"The state dict has no weight `{'` and no `'.join(lacking)}`, without which a "
                "batch norm cannot serve."
            )
        as_there = {"bias_correction": False, "variance": "within", "ddof": 1}
        norm = cls._unfitted(as_there | gain_and_offset(weights) | params)
        mean, variance = weights["running_mean"], weights["running_var"]
        if mean.ndim != 1 or mean.shape != variance.shape or (variance < 0).any():
            raise ValueError(
                f"running_mean of shape {mean.shape} and running_var of {variance.shape} must have "
                "one number for each channel, and no variance may be negative."
            )
        if "num_batches_tracked" not in weights:  # of old files: it only serves
            return norm._built(UncountedRunning.known(mean, variance, weight=2.0))
        batches = weights["num_batches_tracked"]
        return norm._built(tracked(mean, variance, batches, norm.momentum))

    def _as_module(self) -> Module:
        self._fitted_now()
        sample = self._known_sample()
        name = f"BatchNorm{dimensions(sample)}"
        size = n_channels(sample, 1 if len(sample) == 1 else self.channel_axis)
        values = {
            "running_mean": self.running_mean_,
            "running_var": self.running_var_,
            "num_batches_tracked": np.max(self.n_batches_seen_),
            **self._learned_vectors(),
        }
        affine = is_given(self.gamma, self.beta)
        options = {"eps": self.eps, "momentum": self.momentum, "affine": affine}
        return Module(name, (size,), options, values)


def tracked(mean: Floats, variance: Floats, batches: Any, momentum: float | None) -> Running:
    """Return running statistics of PyTorch, which go on as they do there."""
    seen = float(batches)
    # a plain average has weight `seen`; before any batch, a tiny weight, so that data win
    return Running.known(mean, variance, seen, 1.0 if momentum is not None else seen or 2.0**-100)
