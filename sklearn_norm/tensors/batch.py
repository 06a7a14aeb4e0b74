"""Batch normalisation: each channel by its running mean and variance."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ..estimators.running import RunningScaler
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
from ..kernels import Array, Floats
from ..statistics.given import UncountedRunning
from ..statistics.running import Running
from .batches import MaskedBatches
from .keywords import by_keyword
from .per_channel import OF_CHANNELS

OF_BATCHES = ("running_mean", "running_var", "num_batches_tracked")  # in a state dict
FROZEN = "torchvision.ops.misc.FrozenBatchNorm2d"
COUNTED = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm")  # go on in a stream


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
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and bfloat16 of
        ml_dtypes, and returns float64 for others.
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
        **{k: v for k, v in RunningScaler._parameter_constraints.items() if k != "clip"},
        **OF_CHANNELS,
    }
    _column_word = "channel"
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
        dtype: Any = None,
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
        self.dtype = dtype
        self.copy = copy

    def _running(self, X: Array, weight: Floats | None, ddof: int = 0) -> Running:
        return self._kind().of(self._moments(X, weight), ddof)

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
