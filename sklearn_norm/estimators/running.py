"""RunningScaler: the common base of BatchStatsScaler and BatchNorm."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import NotFittedError

from .._sklearn import Interval, StrOptions
from ..inputs.arguments import array_of, floats_of, number
from ..inputs.columns import Columns
from ..inputs.labelled import aligned
from ..inputs.summaries import Summary
from ..inputs.table import Table
from ..inputs.weights import weighed
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..statistics.given import UncountedRunning
from ..statistics.running import Running
from .fitted import Fitted, moved_between
from .learner import count
from .output import CLIP, DTYPE, clipped
from .scaler import Scaler

LEAST_KEPT, WIDE = 2.0**-200, 100  # the weight of the first of many rows; bits between members


class RunningScaler(Scaler):
    """Base of the scalers whose map is made from running means and variances."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "momentum": [Interval(Real, 0, 1, closed="right"), None],
        "bias_correction": ["boolean"],
        "variance": [StrOptions({"total", "within"})],
        "eps": [Interval(Real, 0, None, closed="left")],
        "ddof": [Interval(Integral, 0, 1, closed="both")],
        "gamma": ["array-like", dict, Real, None],
        "beta": ["array-like", dict, Real, None],
        "clip": CLIP,
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _column_word: ClassVar[str] = "feature"
    momentum: float | None
    bias_correction: bool
    variance: str
    eps: float
    ddof: int
    gamma: Any
    beta: Any
    clip: Any = None  # of BatchNorm, which lacks the parameter

    _statistics = (Running, UncountedRunning)

    def _validate_params(self) -> None:
        super()._validate_params()
        if self.momentum is not None and 1 - float(self.momentum) == 1:
            raise ValueError(
                f"`momentum` must be at least 2**-53, about 1.1e-16, or None. Got "
                f"{self.momentum!r}: in floats, 1 - momentum is 1, so nothing would be forgotten. "
                "momentum=None gives every batch the same weight."
            )

    def _measure(self, X: Array, weight: Floats | None) -> Running:
        return self._running(X, weight, self.ddof)

    def _running(self, X: Array, weight: Floats | None, ddof: int = 0) -> Running:
        """Measure one batch."""
        return Running.measure(X, weight, ddof=ddof)

    def _start(self, batch: Any) -> Running:
        size = batch.weight.size
        return self._prior(size) if self._has_prior() else Running.empty(size)

    def _prior(self, size: int) -> Running:
        """Return the prior, mean 0 and variance 1, measured from the origin of the record."""
        prior: Running = moved_between(Running.prior(size), None, self._known.origin)
        return prior

    def _has_prior(self) -> bool:
        """Whether the averages start from mean 0 and variance 1."""
        return not self.bias_correction and self.momentum is not None

    def _update(self, old: Running, new: Running) -> Running:
        """Reduce the weight of old batches, but only for features that the new batch has."""
        if self.momentum is None:
            return old.merge(new)
        share = np.where(new.batches > 0, self.momentum, 0.0)
        return old.weighted(1 - share).merge(new.weighted(share))

    def _may_wait(self, values: Any) -> bool:
        """Whether to buffer a batch: only single rows, which have no variance of their own."""
        return len(values) == 1 and super()._may_wait(values)

    def _folded(self, old: Running, batches: Iterable[Floats]) -> Running:
        """Merge batches of one row together; each later row reduces the weight of a row."""
        rows = np.concatenate(list(batches))
        keep, share = (1.0, 1.0) if self.momentum is None else (1 - self.momentum, self.momentum)
        together = old.with_rows(rows, keep, share)
        if keep ** len(rows) > LEAST_KEPT:
            return together
        wide = _are_wide(old, rows)  # a weight that underflows would show there
        if not wide.any():
            return together
        length = max(1, int(np.log(LEAST_KEPT) / np.log(keep))) if keep > 0 else 1
        for at in range(0, len(rows), length):
            old = old.with_rows(rows[at : at + length], keep, share)
        return together.mapped(lambda a, b: np.where(wide, b, a), old)

    def _rule(self, statistic: Running) -> Affine:
        affine = Affine.of(
            center=statistic.mean,
            scale=statistic.spread(self.variance == "total").deviation(eps=number(self.eps, "eps")),
            gain=self._vector("gamma", statistic.weight.size),
            offset=self._vector("beta", statistic.weight.size),
        )
        if self.clip is None:
            return affine
        return clipped(affine, self.clip, statistic, self._known)

    def _clips(self) -> bool:
        return True  # where the map has bounds

    def _vector(self, name: str, n_columns: int) -> Floats | None:
        """Return gamma or beta, one number per column of the statistic."""
        given = getattr(self, name)
        if given is None:
            return None
        array = array_of(aligned(given, name, self._columns_of_numbers(n_columns)), name)
        fits = array.shape in ((), (1,), (n_columns,))
        vector = floats_of(array, name) if fits else None
        if vector is None or not np.isfinite(vector).all():
            raise ValueError(
                f"`{name}` must hold one finite number for each of the {n_columns} "
                f"{self._column_word}s, or one for all. Got {given!r}."
            )
        return np.broadcast_to(vector, (n_columns,)).copy()

    def _columns_of_numbers(self, n_columns: int) -> Columns | None:
        """Return the columns that gamma and beta are for, None if they are for channels."""
        fitted = self._fitted
        columns = None if fitted is None else fitted.columns
        return columns if columns is not None and columns.number == n_columns else None

    def partial_fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, *, using: str = "after"
    ) -> Any:
        """Scale a batch, and update the running statistics with it.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The batch.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples inside the batch.
        using : {"batch", "before", "after"}, default="after"
            Which statistics scale the batch: its own mean and (biased) variance, as batch
            normalisation does in training; the running statistics before this batch, so
            that no row depends on a later one; or those after it.

        Returns
        -------
        Z : {ndarray, DataFrame} of shape (n_samples, n_features)
            The scaled batch.

        Raises
        ------
        NotFittedError
            If `using` is "before" and there is neither an earlier batch nor a prior.
        ValueError
            If the batch or `using` is not as described; the scaler is then unchanged.
        """
        if not isinstance(using, str) or using not in ("batch", "before", "after"):
            raise ValueError(f'`using` must be "batch", "before" or "after". Got {using!r}.')
        with self._in_turn():
            before = self._fitted
            if using == "before" and before is None and not self._has_prior():
                raise NotFittedError(
                    'using="before" needs statistics from before this batch, and there are none. '
                    "Call partial_fit on a first batch, or set bias_correction=False for a prior."
                )
            after, table = self._learned(before, X, sample_weight, least_rows=1)
            if using == "after":
                chosen = self._settled(after)
            elif using == "batch":
                chosen = self._of_batch(after, table, sample_weight)
            elif before is not None:
                chosen = after.but(map=self._settled(before).map, buffer=None)
            else:
                twin = self._with_fitted(after)
                chosen = twin._ruled_by(twin._prior(after.n_columns))
            twin = self._with_fitted(chosen)
            result = twin._scaled(chosen, table, None, searched=sample_weight is None)
            self._follow(before, after)
        return result

    def _of_batch(self, after: Fitted, table: Table, sample_weight: Any) -> Fitted:
        """Return the fitted record of this batch alone, with its biased variance."""
        batch = self._running(*weighed(table.values, table.weights(sample_weight)))
        return self._with_fitted(after)._ruled_by(batch)

    @classmethod
    def from_stats(
        cls,
        *,
        running_mean: Any,
        running_var: Any,
        n_batches: Any = None,
        feature_names: Any = None,
        **params: Any,
    ) -> Self:
        """Build a fitted scaler from running statistics; `partial_fit` can continue it.

        Parameters
        ----------
        running_mean, running_var : float or array-like of shape (n_features,)
            The statistics; `running_var` is the kind of variance that the parameter
            `variance` names.
        n_batches : float or array-like of shape (n_features,), default=None
            The number of batches seen. 0 means no data, and both statistics must be NaN; with
            ``bias_correction=False``, 0 means that both statistics are a prior. Without a
            count, the scaler only serves: it does not count, and `partial_fit` and `merge`
            raise an error.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : object
            A new fitted scaler. The number of rows seen so far is not known, so
            `n_samples_seen_` counts later rows only.

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
        given = {"running_mean": running_mean, "running_var": running_var, "n_batches": n_batches}
        places = ("running_mean",) if scaler._takes_origin() else ()
        told = Summary.read(feature_names, ("n_batches",), places, **given)
        if n_batches is None:
            weight = batches = told.weight("n_batches")
        else:
            batches = told["n_batches"]
            weight = scaler._weight_of(batches)
            told.check_counted("n_batches", present=weight > 0)
        kind = Running if n_batches is not None else UncountedRunning
        mean, variance = told["running_mean"], told["running_var"]
        told.refuse("running_var", variance < 0, "a variance is at least 0.")
        total = scaler.variance == "total"
        known = kind.known(mean, variance, batches, weight, drift=total)
        return scaler._built(known, told.names, told.origin)

    def _weight_of(self, batches: Floats) -> Floats:
        """Return the weight that an average has after this many batches."""
        if self.momentum is None:
            return batches
        if not self.bias_correction:
            return np.ones_like(batches)
        with np.errstate(all="ignore"):
            left = -np.expm1(batches * np.log1p(-self.momentum))  # 1 - (1 - momentum)**batches
        return np.where(batches == 0, 0.0, left)

    def _merged(self, mine: Any, theirs: Any) -> Running:
        if self._with("momentum") is not None:
            raise ValueError(
                "Two exponential streams have no defined order, so their merge has no defined "
                "value: which batch is the newer one? Use momentum=None, whose average needs "
                "no order, or send all batches through one scaler."
            )
        merged: Running = mine.merge(theirs)
        return merged

    def _moves_zeros(self) -> bool:
        return True

    @property
    def running_mean_(self) -> Floats:
        """Ndarray of shape (n_features,): the running mean."""
        return self._present().located(self._seen().mean)

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
        """int, or ndarray of shape (n_features,): the number of batches seen."""
        return count(self._measured().batches)


def _are_wide(old: Running, rows: Floats) -> npt.NDArray[np.bool_]:
    """Return where members differ so much in size that one of them may dwarf others for long."""
    size = np.abs(np.vstack([rows, old.low, old.high]))
    size = np.where(np.isfinite(size) & (size > 0), size, np.nan)
    with np.errstate(all="ignore"):
        most, least = np.fmax.reduce(size), np.fmin.reduce(size)
        return np.asarray(np.frexp(most)[1] - np.frexp(least)[1] > WIDE)
