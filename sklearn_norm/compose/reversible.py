"""ReversibleRegressor: windows and targets normalised by the window, predictions put back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import MetaEstimatorMixin, RegressorMixin, clone
from sklearn.utils import check_array, check_consistent_length, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from .._sklearn import HasMethods
from ..estimators.state import Stateful
from ..estimators.turns import turn_of
from ..inputs import parameters
from ..inputs.arguments import floats_of
from ..inputs.times import refuse_times
from ..kernels import Array, Floats
from ..tensors.instance import InstanceNorm
from ..tensors.norm import TensorNorm
from .naming import all_or_none
from .routing import routed

OF_FORECAST = ("_channels", "_norm", "_regressor", "_target")


@dataclass(frozen=True, eq=False, slots=True)
class Forecast:
    """What a ReversibleRegressor knows after a fit.

    Parameters
    ----------
    norm : TensorNorm
        The norm of windows, which has seen the first ones.
    regressor : estimator
        The fitted regressor of normalised windows.
    channels : tuple of int or None
        The channels of a window that a target holds.
    target : tuple of int
        The shape of a target, () for a number.
    """

    norm: Any
    regressor: Any
    channels: tuple[int, ...] | None
    target: tuple[int, ...]

    def to_state(self) -> dict[str, Any]:
        """Return values by their names in the state; two are estimators."""
        return {name: getattr(self, name[1:]) for name in OF_FORECAST}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build the record from the result of `to_state`."""
        if not {*OF_FORECAST} <= state.keys():
            raise ValueError("a fit tells the norm, the regressor, channels and target together")
        return cls(**{name[1:]: state[name] for name in OF_FORECAST})

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield each fault of the record, and the reason."""
        if not isinstance(self.norm, TensorNorm) or self.norm._fitted is None:
            yield "_norm", "must be a norm that has seen samples"
        if not hasattr(self.regressor, "predict"):
            yield "_regressor", "must have the method predict"
        if self.channels is not None and not _are_integers(self.channels):
            yield "_channels", "must be a tuple of integers, or None"
        if not _are_integers(self.target) or any(size < 1 for size in self.target):
            yield "_target", "must be a tuple of sizes of at least 1"


class ReversibleRegressor(MetaEstimatorMixin, RegressorMixin, Stateful):  # type: ignore[misc]
    """Reversible instance normalisation around a regressor of windows.

    Each window, the past of a series, is normalised by its own statistics, and so is its target,
    the future of the series. The regressor learns one from the other, and the inverse puts its
    predictions back on the level and the scale of their windows. So what it learns at one level
    holds at any other.

    Parameters
    ----------
    regressor : estimator
        Any regressor: it is given windows as rows of normalised values, or as arrays of
        (n_samples, n_channels, n_positions) if its tags say that it takes arrays of three axes.
    norm : estimator, default=None
        A norm with statistics of each sample. None is ``InstanceNorm()``;
        ``InstanceNorm(center="last")`` goes on from the last value of each window.
    target_channels : int or list of int, default=None
        The channels of X that y holds, in the order of y. None means all of them.

    Attributes
    ----------
    regressor_ : estimator
        The fitted regressor of normalised windows.
    norm_ : estimator
        The norm, which has seen the windows of the fit.
    n_features_in_ : int
        The number of values of a window.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, if all are strings.

    See Also
    --------
    InstanceNorm : The norm, whose `transform` takes and returns statistics.
    sklearn.compose.TransformedTargetRegressor : One transformation of all targets.

    Notes
    -----
    The inverse is exact up to rounding. That of the paper's code divides by the gain plus the
    square of eps, so there a prediction comes back a little too small.

    The gain and bias of the norm (`gamma`, `beta`) are parameters, and not learned here. A window
    in which a target channel has no value present is an error: nothing is known of its level.

    References
    ----------
    T. Kim, J. Kim, Y. Tae, C. Park, J.-H. Choi and J. Choo, "Reversible instance normalization for
    accurate time-series forecasting against distribution shift", ICLR 2022.

    Examples
    --------
    A series that grows leaves the range of its past, which is no problem here:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from sklearn_norm import ReversibleRegressor
    >>> series = np.arange(30.0) ** 2
    >>> windows = np.lib.stride_tricks.sliding_window_view(series, 6)
    >>> X, y = windows[:, :4], windows[:, 4:]
    >>> model = ReversibleRegressor(LinearRegression()).fit(X[:15], y[:15])
    >>> model.predict(X[-1:]).round(0), y[-1:]
    (array([[784., 841.]]), array([[784., 841.]]))
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "regressor": [HasMethods(["fit", "predict"])],
        "norm": [HasMethods(["transform", "inverse_transform"]), None],
        "target_channels": [Integral, list, tuple, np.ndarray, None],
    }
    _remembers = ("_requests", *OF_FORECAST)
    _of_fit: ClassVar[frozenset[str]] = frozenset(OF_FORECAST)
    _at_once = OF_FORECAST
    _holds_estimators = True
    _fitted: Any = None

    def __init__(self, regressor: Any, norm: Any = None, target_channels: Any = None) -> None:
        self.regressor = regressor
        self.norm = norm
        self.target_channels = target_channels

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Normalise windows and targets by the windows, and fit the regressor to them.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The windows, such as (n_samples, n_channels, n_positions); the features of 2-D data
            are the positions of one channel, unless the norm has a `shape`.
        y : array-like of shape (n_samples,), (n_samples, n_values) or (n_samples, *shape)
            The targets: a number, the values of each target channel one after another, or an
            array whose axis of channels is that of X.
        **params : dict
            What the `fit` of the regressor takes beside X and y, such as `sample_weight`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If windows or targets do not fit each other or the norm, a target is missing or
            infinite, a target channel of a window has no value present, or the norm cannot be
            undone, as with a gain of 0. The estimator is then as it was.
        """
        parameters.check(self)
        norm, channels = self._checked_norm(), _checked_channels(self.target_channels)
        targets = self._read_targets(y)
        norm.fit(X)
        Z, stats = norm.transform(X, return_stats=True)
        check_consistent_length(Z, targets)
        told = routed(self, "fit", [("regressor", self.regressor)], params)
        inner = clone(self.regressor)
        fitted = Forecast(norm, inner, channels, targets.shape[1:])
        way = Way(fitted, stats)
        inner.fit(way.windows(Z), way.normalised(targets), **told["regressor"]["fit"])
        with turn_of(self):
            self._fitted = fitted
        return self

    def predict(self, X: Any) -> Any:
        """Predict the targets of windows, in the units of each window.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The windows, of the length of those of the fit.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_values) or (n_samples, *shape)
            The predictions, in the shape of the targets of the fit.

        Raises
        ------
        ValueError
            If the windows are not as those of the fit, a target channel of a window has no value
            present, or the regressor returns another number of values than it was fitted to.
        """
        fitted = self._known()
        Z, stats = fitted.norm.transform(X, return_stats=True)
        way = Way(fitted, stats)
        return way.back(fitted.regressor.predict(way.windows(Z)))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the coefficient of determination of the predictions, as other regressors do.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The windows.
        y : array-like of the shape of the targets of the fit
            The true targets. The mean of R² over the values of a target is returned.
        sample_weight : array-like of shape (n_samples,), default=None
            The weights of the samples.

        Returns
        -------
        score : float
            R², 1 at best.
        """
        from sklearn.metrics import r2_score

        true = self._read_targets(y)
        found = self.predict(X)
        if true.shape != found.shape:
            raise ValueError(f"y has the shape {true.shape}, but predictions {found.shape}.")
        n = true.shape[0]
        return float(
            r2_score(true.reshape(n, -1), found.reshape(n, -1), sample_weight=sample_weight)
        )

    def set_params(self, **params: Any) -> Self:
        """Set parameters, of the regressor and the norm too, all of them or none.

        Parameters
        ----------
        **params : dict
            The parameters by name, or by a path such as `regressor__alpha`. They count from the
            next fit on.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a name is not that of a parameter.
        """
        with turn_of(self), all_or_none([self, self.regressor, self.norm]):
            result: Self = super().set_params(**params)
        return result

    def get_metadata_routing(self) -> Any:
        """Return which arguments go to the regressor.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
            The routing of `fit`.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=type(self).__name__)
        return router.add(regressor=self.regressor, method_mapping=mapping)

    @property
    def regressor_(self) -> Any:
        """Estimator: the fitted regressor of normalised windows."""
        return self._seen("regressor_").regressor

    @property
    def norm_(self) -> Any:
        """Estimator: the norm, which has seen the windows of the fit."""
        return self._seen("norm_").norm

    @property
    def n_features_in_(self) -> int:
        """Int: the number of values of a window."""
        return self._seen("n_features_in_").norm.n_features_in_  # type: ignore[no-any-return]

    @property
    def feature_names_in_(self) -> Any:
        """Ndarray of shape (n_features_in_,): the names of the columns, if all are strings."""
        return self._seen("feature_names_in_").norm.feature_names_in_

    def _checked_norm(self) -> Any:
        """Return a new norm of windows."""
        if self.norm is None:
            return InstanceNorm()
        if not isinstance(self.norm, TensorNorm):
            raise ValueError(
                "`norm` must be a norm with statistics of each sample, such as InstanceNorm(). Got "
                f"{type(self.norm).__name__!r:.60}, whose statistics are those of all samples."
            )
        return clone(self.norm)

    def _read_targets(self, y: Any) -> Array:
        """Return finite targets as floats."""
        if y is None:
            raise ValueError(
                f"This {type(self).__name__} requires y to be passed, but the target y is None."
            )
        refuse_times(y, "y")
        read = check_array(
            y, dtype="numeric", ensure_2d=False, allow_nd=True, input_name="y", estimator=self
        )
        return read if read.dtype.kind == "f" else floats_of(read, "y")

    def _known(self) -> Forecast:
        if self._fitted is None:
            check_is_fitted(self)
        return self._fitted  # type: ignore[no-any-return]

    def _seen(self, attribute: str) -> Forecast:
        """Return the record, or raise the AttributeError of this attribute."""
        if self._fitted is None:
            raise AttributeError(
                f"This {type(self).__name__} has no {attribute} before it has seen data: call fit."
            )
        return self._fitted  # type: ignore[no-any-return]

    def _take(self, state: dict[str, Any]) -> None:
        if state:
            self._fitted = Forecast.from_state(state)

    def _faults(self) -> Iterator[tuple[str, str]]:
        if self._fitted is not None:
            yield from self._fitted.faults()

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = get_tags(self.regressor)
        tags.input_tags.three_d_array = True
        tags.input_tags.sparse = False
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.target_tags.multi_output = inner.target_tags.multi_output
        tags.non_deterministic = inner.non_deterministic
        if inner.regressor_tags is not None:
            tags.regressor_tags.poor_score = inner.regressor_tags.poor_score
        return tags


class Way:
    """How windows and targets go to the regressor, and predictions come back."""

    def __init__(self, fitted: Forecast, stats: Floats) -> None:
        sample = fitted.norm.shape_
        self.fitted = fitted
        self.norm, groups, self.shape = fitted.norm._for_targets(
            sample, fitted.channels, fitted.target
        )
        self.stats = stats[:, groups]
        unknown = np.argwhere(np.isnan(self.stats).any(axis=2))
        if unknown.size:
            row, group = unknown[0].tolist()
            raise ValueError(
                f"X has no value in sample {row} for channel {group} of the target, so nothing is "
                "known of its level. Leave such windows out, or fill them."
            )

    def windows(self, Z: Any) -> Array:
        """Return normalised windows as the regressor takes them."""
        values, norm = np.asarray(Z), self.fitted.norm
        if prod(values.shape[1:]) != norm.n_features_in_:
            raise ValueError(
                f"X has windows of shape {values.shape[1:]}, but those of the fit were of shape "
                f"{norm.shape_}: a regressor takes windows of one size."
            )
        takes_tensors = get_tags(self.fitted.regressor).input_tags.three_d_array
        return values.reshape(len(values), *(norm.shape_ if takes_tensors else (-1,)))

    def normalised(self, targets: Array) -> Array:
        """Return targets as the regressor learns them: normalised, as rows of numbers."""
        n, given = targets.shape[0], targets.ndim
        Z = np.asarray(self.norm.transform(targets.reshape(n, *self.shape), stats=self.stats))
        self.norm.inverse_transform(Z[:1], stats=self.stats[:1])  # or an error, as of a gain of 0
        rows = Z.reshape(n, -1)
        return rows[:, 0] if given == 1 or (given > 2 and rows.shape[1] == 1) else rows

    def back(self, predictions: Any) -> Array:
        """Return what the regressor predicts in the units of the windows."""
        found = np.asarray(predictions)
        n, target = self.stats.shape[0], self.fitted.target
        if found.size != n * prod(target) or found.shape[:1] != (n,):
            raise ValueError(
                f"{type(self.fitted.regressor).__name__} returned predictions of shape "
                f"{found.shape} for {n} windows, whose targets have {prod(target)} values."
            )
        back = self.norm.inverse_transform(found.reshape(n, *self.shape), stats=self.stats)
        return np.asarray(back).reshape(n, *target)


def _checked_channels(given: Any) -> tuple[int, ...] | None:
    """Return the parameter `target_channels` as a tuple."""
    if given is None:
        return None
    channels = np.atleast_1d(np.asarray(given))
    if channels.ndim != 1 or not channels.size or channels.dtype.kind not in "iu":
        raise ValueError(
            f"`target_channels` must be numbers of channels, as in [0, 2]. Got {given!r:.60}."
        )
    return tuple(channels.tolist())


def _are_integers(value: Any) -> bool:
    return type(value) is tuple and all(type(item) is int for item in value)
