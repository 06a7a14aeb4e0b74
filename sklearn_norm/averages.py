"""RunningScaler: what scalers by running statistics share, whatever their columns are."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import NotFittedError

from . import _sklearn
from ._sklearn import Interval, StrOptions
from .affine import Affine
from .arguments import array_of, floats_of, number
from .base import Scaler, count, unchanged_on_error
from .kernels import Array, Floats
from .known import Known
from .statistics.record import Statistic
from .statistics.running import Running
from .weights import checked_weight, weighed


class RunningScaler(Scaler):
    """Base of the scalers whose map is made of running means and variances."""

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
    momentum: float | None
    bias_correction: bool
    variance: str
    eps: float
    ddof: int
    gamma: Any
    beta: Any

    def _measure(self, X: Array, weight: Floats | None) -> Running:
        return self._running(X, weight, self.ddof)

    def _running(self, X: Array, weight: Floats | None, ddof: int = 0) -> Running:
        """Measure one batch."""
        return Running.measure(X, weight, ddof=ddof)

    def _start(self) -> Running:
        if self.bias_correction or self.momentum is None:
            return Running.empty(self._n_columns)
        return Running.prior(self._n_columns)

    def _update(self, old: Running, new: Running) -> Running:
        """Forget by weight; a feature missing from the batch forgets nothing."""
        if self.momentum is None:
            return old.merge(new)
        share = np.where(new.batches > 0, self.momentum, 0.0)
        return old.weighted(1 - share).merge(new.weighted(share))

    def _may_wait(self, values: Any) -> bool:
        """Whether a batch is one row, which has no spread of its own to be measured."""
        return len(values) == 1 and super()._may_wait(values)

    def _folded(self, old: Running, batches: Iterable[Floats]) -> Running:
        """Fold batches of one row at once: each forgets by those after it."""
        rows = np.concatenate(list(batches))
        there = ~np.isnan(rows)
        later = np.cumsum(there[::-1], axis=0)[::-1] - there
        keep, share = (1.0, 1.0) if self.momentum is None else (1 - self.momentum, self.momentum)
        forgotten = old.weighted(keep ** there.sum(axis=0))
        return forgotten.merge(Running.of_rows(rows, share * keep**later))

    def _rule(self, statistic: Running) -> Affine:
        return Affine.of(
            center=statistic.mean,
            scale=statistic.spread(self.variance == "total").deviation(eps=number(self.eps, "eps")),
            gain=self._vector("gamma"),
            offset=self._vector("beta"),
        )

    def _vector(self, name: str) -> Floats | None:
        given = getattr(self, name)
        if given is None:
            return None
        array = array_of(given, name)
        fits = array.shape in ((), (1,), (self._n_columns,))
        vector = floats_of(array, name) if fits else None
        if vector is None or not np.isfinite(vector).all():
            raise ValueError(
                f"`{name}` must hold one finite number for each of the {self._n_columns} "
                f"{self._kind_of_column}s, or one for all. Got {given!r}."
            )
        return np.broadcast_to(vector, (self._n_columns,)).copy()

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
        if not isinstance(using, str) or using not in ("batch", "before", "after"):
            raise ValueError(f'`using` must be "batch", "before" or "after". Got {using!r}.')
        fitted = self.__sklearn_is_fitted__()
        with unchanged_on_error(self):
            if using == "before":
                self._check_before()
                affine = self._ruled() if fitted else None
            self._learn(X, sample_weight, first=not fitted)
            if using == "after":
                return self.transform(X)
            if using == "batch":
                affine = self._of_batch(X, sample_weight)
            elif not fitted:
                affine = self._rule(Running.prior(self._n_columns))
            return self._twin(_affine=affine, _pending=None).transform(X)

    @classmethod
    def from_stats(
        cls,
        *,
        running_mean: Any,
        running_var: Any,
        n_batches: Any,
        feature_names: Any = None,
        **params: Any,
    ) -> Self:
        """Build a fitted scaler from running statistics, whose stream goes on.

        Parameters
        ----------
        running_mean, running_var : float or array-like of shape (n_features,)
            The statistics, of the kind that the parameter `variance` says.
        n_batches : float or array-like of shape (n_features,)
            The batches behind them. 0 stands for no data, where both must be NaN. With
            ``bias_correction=False`` it stands for a prior, which is what both then are.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : object
            A new fitted scaler. How many rows the batches had is not known:
            `n_samples_seen_` counts those that follow.

        Raises
        ------
        ValueError
            If a statistic, a count, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import BatchStatsScaler
        >>> scaler = BatchStatsScaler.from_stats(
        ...     running_mean=1.0, running_var=0.0, n_batches=1, momentum=None
        ... )
        >>> scaler.partial_fit([[3.0]]).running_mean_, scaler.running_var_
        (array([2.]), array([1.]))
        """
        scaler = cls._unfitted(params)
        known = Known.read(
            feature_names, running_mean=running_mean, running_var=running_var, n_batches=n_batches
        )
        weight = scaler._weight_of(known["n_batches"])
        known.check_counted("n_batches", present=weight > 0)
        mean, variance = known["running_mean"], known["running_var"]
        known.refuse("running_var", variance < 0, "a variance is at least 0.")
        total = scaler.variance == "total"
        return scaler._built(
            Running.known(mean, variance, known["n_batches"], weight, drift=total), known.names
        )

    def _weight_of(self, batches: Floats) -> Floats:
        """Return the weight that an average has after some batches."""
        if self.momentum is None:
            return batches
        if not self.bias_correction:
            return np.ones_like(batches)
        with np.errstate(all="ignore"):
            left = -np.expm1(batches * np.log1p(-self.momentum))  # 1 - (1 - momentum)**batches
        return np.where(batches == 0, 0.0, left)

    def _check_before(self) -> None:
        if self.__sklearn_is_fitted__() or not (self.bias_correction or self.momentum is None):
            return
        raise NotFittedError(
            'using="before" needs statistics from before this batch, and there are none. '
            "Call partial_fit on a first batch, or set bias_correction=False for a prior."
        )

    def _of_batch(self, X: Any, sample_weight: Any) -> Affine:
        values = self._validated(X, reset=False)
        weight = checked_weight(sample_weight, values.shape[0])
        return self._rule(self._running(*weighed(values, weight)))

    def _merged(self, other: Any) -> Statistic:
        if self._with("momentum") is not None:
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
