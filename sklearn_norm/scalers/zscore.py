"""Z-scores: mean 0 and standard deviation 1."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from .._sklearn import Interval
from ..affine import Affine
from ..base import Scaler
from ..kernels import Array, Floats
from ..statistics.moments import Moments


class ZScoreScaler(Scaler):
    r"""Scale each feature to mean 0 and standard deviation 1.

    :math:`z = (x - \mu) / \sigma`, where :math:`\mu` is the mean and
    :math:`\sigma^2 = \sum w (x - \mu)^2 / (\sum w - \mathrm{ddof})`.

    A feature is constant, and then not divided, only if its minimum equals its maximum.

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean. Sparse data need False.
    with_std : bool, default=True
        Divide by the standard deviation.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of the variance. A total weight of at most `ddof`
        is not corrected.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone. False
        overwrites an array of floats.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,) or None
        The mean, in the units of the data, float64.
    var_ : ndarray of shape (n_features,) or None
        The variance; inf where it exceeds the largest float, as that of 1e155 does.
    scale_ : ndarray of shape (n_features,) or None
        What is divided by: the standard deviation, 1 for constant features.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the constant features.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.

    See Also
    --------
    RobustScaler : Median and interquartile range, for data with outliers.
    BatchStatsScaler : Running mean and variance of a stream that drifts.

    References
    ----------
    T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
    variance: analysis and recommendations", The American Statistician 37 (1983).

    Examples
    --------
    >>> from sklearn_norm import ZScoreScaler
    >>> scaler = ZScoreScaler().fit([[0.0, 5.0], [2.0, 5.0]])
    >>> scaler.transform([[4.0, 5.0]])
    array([[3., 0.]])
    >>> scaler.partial_fit([[4.0, 5.0]]).mean_
    array([2., 5.])
    >>> scaler.constant_features_
    array([1])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "with_mean": ["boolean"],
        "with_std": ["boolean"],
        "ddof": [Interval(Integral, 0, 1, closed="both")],
        "copy": ["boolean"],
    }
    _sparse_remedy = "pass `with_mean=False` instead"

    def __init__(
        self, *, with_mean: bool = True, with_std: bool = True, ddof: int = 0, copy: bool = True
    ) -> None:
        self.with_mean = with_mean
        self.with_std = with_std
        self.ddof = ddof
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Moments:
        return Moments.measure(X, weight)

    def _rule(self, statistic: Moments) -> Affine:
        return Affine.of(
            center=statistic.mean if self.with_mean else None,
            scale=statistic.deviation(self.ddof) if self.with_std else None,
        )

    def _moves_zeros(self) -> bool:
        return bool(self.with_mean)

    @property
    def mean_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the mean."""
        return self._seen().mean if self._with("with_mean") or self._with("with_std") else None

    @property
    def var_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the variance."""
        return self._seen().variance(self._with("ddof")) if self._with("with_std") else None

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: what is divided by."""
        return self._ruled().in_units("scale")
