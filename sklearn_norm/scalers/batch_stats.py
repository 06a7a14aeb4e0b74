"""Batch statistics: running mean and variance of a stream of batches."""

from __future__ import annotations

from typing import Any

from ..estimators.running import RunningScaler


class BatchStatsScaler(RunningScaler):
    r"""Scale each feature by the running mean and variance of a stream of batches.

    :math:`z = \gamma (x - m) / \sqrt{v + \epsilon} + \beta`. Each `partial_fit` moves
    :math:`m` and :math:`v` towards the mean and the variance of the batch: the batch has
    weight `momentum`, and all earlier data the rest. `fit` is `partial_fit` on a new scaler.

    Parameters
    ----------
    momentum : float in (0, 1] or None, default=0.1
        The weight of the new batch, as in PyTorch; at least 2**-53, about 1.1e-16. None
        gives every batch the same weight: the plain cumulative average.
    bias_correction : bool, default=True
        Divide by the sum of the weights, so that the first batch initialises the
        statistics. False starts from mean 0 and variance 1, as PyTorch does.
    variance : {"total", "within"}, default="total"
        "total" includes the drift of the batch means; for a stream of single rows it is
        the exponentially weighted variance. "within" is the average of the variances of
        the batches, as in batch normalisation.
    eps : float, default=1e-5
        Added to the variance, in squared units of the data.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of a batch's variance. A batch whose weight is at most
        `ddof` is not corrected.
    gamma, beta : float, array-like of shape (n_features,) or None, default=None
        Gain and bias of the result; None stands for 1 and 0.
    clip : {"range"}, tuple (low, high) or None, default=None
        What `transform` clips its results to: "range" is what the extrema of the data of the
        fit are mapped to, so new data stay inside; a pair holds two numbers, or two arrays with
        an entry per feature. None does not clip. It takes effect at the next fit.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others. It is written at once, without a copy in float64.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    running_mean_ : ndarray of shape (n_features,)
        The running mean m, float64.
    running_var_ : ndarray of shape (n_features,)
        The running variance v, float64.
    scale_ : ndarray of shape (n_features,)
        The divisor, the square root of v + eps.
    n_batches_seen_ : int or ndarray of shape (n_features,)
        The number of batches seen; an array where features were missing in some.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the features with only one value so far.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    Notes
    -----
    A half-life of h batches is ``momentum = 1 - 0.5 ** (1 / h)``, a span of s batches is
    ``momentum = 2 / (s + 1)``. With ``bias_correction=False, variance="within", ddof=1``
    the running statistics are those of `torch.nn.BatchNorm1d`.

    A constant feature is divided by the square root of `eps`, as everywhere in batch
    normalisation; with ``eps=0`` it is not divided.

    References
    ----------
    S. Ioffe and C. Szegedy, "Batch normalization", ICML 2015. T. Finch, "Incremental
    calculation of weighted mean and variance", University of Cambridge (2009).

    Examples
    --------
    >>> from sklearn_norm import BatchStatsScaler
    >>> scaler = BatchStatsScaler(momentum=0.5)
    >>> for batch in ([[0.0], [2.0]], [[4.0], [6.0]]):
    ...     scaler = scaler.partial_fit(batch)
    >>> scaler.running_mean_.round(4)
    array([3.6667])
    >>> scaler.running_var_.round(4)
    array([4.5556])
    """

    _sparse_remedy = "pass a dense array, or use ZScoreScaler(with_mean=False)"

    def __init__(
        self,
        momentum: float | None = 0.1,
        *,
        bias_correction: bool = True,
        variance: str = "total",
        eps: float = 1e-5,
        ddof: int = 0,
        gamma: Any = None,
        beta: Any = None,
        clip: Any = None,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.momentum = momentum
        self.bias_correction = bias_correction
        self.variance = variance
        self.eps = eps
        self.ddof = ddof
        self.gamma = gamma
        self.beta = beta
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    def _takes_origin(self) -> bool:
        return True
