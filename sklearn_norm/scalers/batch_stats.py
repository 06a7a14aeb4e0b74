"""Batch statistics: running mean and variance of a stream of batches."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import NotFittedError

from .. import _sklearn
from .._sklearn import Interval, StrOptions
from ..affine import Affine
from ..base import Scaler, count
from ..kernels import Array, Floats
from ..statistics.record import Statistic
from ..statistics.running import Running
from ..weights import checked_weight, weighed


class BatchStatsScaler(Scaler):
    r"""Scale each feature by the running mean and variance of a stream of batches.

    :math:`z = \gamma (x - m) / \sqrt{v + \epsilon} + \beta`. Each `partial_fit` moves
    :math:`m` and :math:`v` towards the mean and the variance of the batch: the batch has
    the weight `momentum`, all before it the rest. `fit` is `partial_fit` from nothing.

    Parameters
    ----------
    momentum : float in (0, 1] or None, default=0.1
        The weight of the new batch, as in PyTorch. None gives every batch the same
        weight: the plain cumulative average.
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
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone. False
        overwrites an array of floats.

    Attributes
    ----------
    running_mean_ : ndarray of shape (n_features,)
        The running mean m, float64.
    running_var_ : ndarray of shape (n_features,)
        The running variance v, float64.
    scale_ : ndarray of shape (n_features,)
        What is divided by, the square root of v + eps.
    n_batches_seen_ : int or ndarray of shape (n_features,)
        The batches seen; an array where features were missing in some.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the features with one value only so far.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.

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

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "momentum": [Interval(Real, 0, 1, closed="right"), None],
        "bias_correction": ["boolean"],
        "variance": [StrOptions({"total", "within"})],
        "eps": [Interval(Real, 0, None, closed="left")],
        "ddof": [Interval(Integral, 0, 1, closed="both")],
        "gamma": ["array-like", Real, None],
        "beta": ["array-like", Real, None],
        "copy": ["boolean"],
    }
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
        copy: bool = True,
    ) -> None:
        self.momentum = momentum
        self.bias_correction = bias_correction
        self.variance = variance
        self.eps = eps
        self.ddof = ddof
        self.gamma = gamma
        self.beta = beta
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Running:
        return Running.measure(X, weight, ddof=self.ddof)

    def _start(self, n_columns: int) -> Running:
        if self.bias_correction or self.momentum is None:
            return Running.empty(n_columns)
        return Running.prior(n_columns)

    def _update(self, old: Running, new: Running) -> Running:
        """Forget by weight; a feature missing from the batch forgets nothing."""
        if self.momentum is None:
            return old.merge(new)
        share = np.where(new.batches > 0, self.momentum, 0.0)
        return old.weighted(1 - share).merge(new.weighted(share))

    def _rule(self, statistic: Running) -> Affine:
        return Affine.of(
            center=statistic.mean,
            scale=statistic.spread(self.variance == "total").deviation(eps=self.eps),
            gain=self._vector("gamma"),
            offset=self._vector("beta"),
        )

    def _vector(self, name: str) -> Floats | None:
        given = getattr(self, name)
        if given is None:
            return None
        try:
            vector = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError):
            vector = np.full((), np.nan)
        if vector.shape not in ((), (self.n_features_in_,)) or not np.isfinite(vector).all():
            raise ValueError(
                f"`{name}` must hold one finite number for each of the {self.n_features_in_} "
                f"features, or one for all. Got {given!r}."
            )
        return np.broadcast_to(vector, (self.n_features_in_,)).copy()

    @_sklearn.validated
    def partial_fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, using: str = "after"
    ) -> Any:
        """Scale a batch and move the running statistics by it.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The batch.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples inside the batch.
        using : {"batch", "before", "after"}, default="after"
            Scale by the batch's own mean and (biased) variance, as batch normalisation
            does in training; by the running statistics before this batch, so that no row
            sees a later one; or by those after it.

        Returns
        -------
        Z : {ndarray, DataFrame} of shape (n_samples, n_features)
            The scaled batch.

        Raises
        ------
        NotFittedError
            If `using` is "before" and there is neither a batch nor a prior before.
        ValueError
            If the batch or `using` is not as described; the scaler stays as it was.
        """
        if using not in ("batch", "before", "after"):
            raise ValueError(f'`using` must be "batch", "before" or "after". Got {using!r}.')
        with self._unchanged_on_error():
            if using == "before":
                self._check_before(X)
                before = None if not self.__sklearn_is_fitted__() else self._affine
            self._learn(X, sample_weight, first=not self.__sklearn_is_fitted__())
            after = self._affine
            if using == "batch":
                self._affine = self._of_batch(X, sample_weight)
            elif using == "before":
                self._affine = before or self._rule(Running.prior(self.n_features_in_))
            try:
                return self.transform(X)
            finally:
                self._affine = after

    def _check_before(self, X: Any) -> None:
        if self.__sklearn_is_fitted__() or not (self.bias_correction or self.momentum is None):
            return
        raise NotFittedError(
            'using="before" needs statistics from before this batch, and there are none. '
            "Call partial_fit on a first batch, or set bias_correction=False for a prior."
        )

    def _of_batch(self, X: Any, sample_weight: Any) -> Affine:
        values = self._validated(X, reset=False)
        weight = checked_weight(sample_weight, values.shape[0])
        return self._rule(Running.measure(*weighed(values, weight)))

    def _merged(self, other: Any) -> Statistic:
        if self.momentum is not None:
            raise ValueError(
                "Two exponential streams have no defined order, so their merge has no defined "
                "value: which batch is the newer one? Use momentum=None, whose average needs "
                "no order, or send all batches through one scaler."
            )
        return super()._merged(other)

    def _moves_zeros(self) -> bool:
        return True

    @property
    def running_mean_(self) -> Floats:
        """Ndarray of shape (n_features,): the running mean."""
        return self._seen().mean  # type: ignore[no-any-return]

    @property
    def running_var_(self) -> Floats:
        """Ndarray of shape (n_features,): the running variance."""
        return self._seen().spread(self._with("variance") == "total").variance()  # type: ignore[no-any-return]

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,): the square root of the variance plus eps."""
        return self._ruled().in_units("scale")

    @property
    def n_batches_seen_(self) -> Any:
        """int, or ndarray of shape (n_features,): the batches seen."""
        return count(self._seen().batches)
