"""Quantile scaling: the rank of each value, uniform or normal."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np

from .._sklearn import Interval, StrOptions
from ..estimators.output import DTYPE
from ..estimators.scaler import Scaler
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..maps.chain import Chain
from ..maps.ranks import Ranks
from ..statistics.quantiles import Quantiles

MOST = 2**20  # quantiles of a feature


class QuantileScaler(Scaler):
    r"""Replace each value by its rank: the share of the data below it.

    The result of the data of the fit is spread evenly over 0 to 1 or, with
    ``output="normal"``, has the standard normal distribution. Differences in size are lost,
    and only the order counts, so outliers do no harm.

    `fit` keeps `n_quantiles` quantiles of each feature. Between two of them the rank is
    interpolated linearly. A value that several quantiles equal gets the middle of their ranks;
    the minimum, and all below it, gets 0, and the maximum, and all above it, gets 1.

    Parameters
    ----------
    output : {"uniform", "normal"}, default="uniform"
        The distribution of the result. The normal one is clipped to ±5.1993, the quantiles
        of 1e-7 and 1 - 1e-7.
    n_quantiles : int, at least 2, default=1000
        How many quantiles are kept of a feature; no more than it has values. A feature of at
        most that many values keeps them all, and their ranks are exact.
    rank_error : float, default=1e-3
        The largest error of a quantile in rank, as a share of the values. The quantiles of a
        feature with fewer than ``2 / rank_error`` values are always exact. The state takes up
        to ``226 / rank_error`` bytes per feature for it.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    quantiles_ : ndarray of shape (n_quantiles, n_features)
        The quantiles of each feature at even distances, from its minimum to its maximum, in the
        units of the data. NaN fills up features that have fewer than another.
    n_quantiles_ : ndarray of shape (n_features,)
        How many quantiles each feature has; 0 without data.
    rank_error_ : float
        The current bound on the rank error of the quantiles; 0.0 while they are exact.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the constant features.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    RobustScaler : Median and interquartile range: differences in size stay.

    Notes
    -----
    The rank of a value among the quantiles is off by at most ``rank_error_`` and half the
    distance of two quantiles. For a given quantile, that bound fails with a probability of at
    most one in a million. The pseudo-random choices depend only on the data.

    A constant feature becomes 0, or -5.1993 if the output is normal, as in scikit-learn. The
    zeros of sparse data stay zeros where 0 is the minimum and the output uniform.

    References
    ----------
    Z. Karnin, K. Lang and E. Liberty, "Optimal quantile approximation in streams", FOCS 2016.
    R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), definition 7.

    Examples
    --------
    >>> from sklearn_norm import QuantileScaler
    >>> scaler = QuantileScaler().fit([[1.0], [2.0], [4.0], [8.0], [1000.0]])
    >>> scaler.transform([[0.0], [1.0], [3.0], [8.0], [1e9]]).ravel()
    array([0.   , 0.   , 0.375, 0.75 , 1.   ])
    >>> scaler.inverse_transform([[0.375]])
    array([[3.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "output": [StrOptions({"uniform", "normal"})],
        "n_quantiles": [Interval(Integral, 2, MOST, closed="both")],
        "rank_error": [Interval(Real, 0, 0.5, closed="neither")],
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _statistics = (Quantiles,)

    def __init__(
        self,
        output: str = "uniform",
        *,
        n_quantiles: int = 1000,
        rank_error: float = 1e-3,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.output = output
        self.n_quantiles = n_quantiles
        self.rank_error = rank_error
        self.dtype = dtype
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Quantiles:
        return Quantiles.measure(X, weight, probabilities=(0.5,), rank_error=self.rank_error)

    def _rule(self, statistic: Quantiles) -> Chain:
        quantiles, counts = statistic.evenly(int(self.n_quantiles))
        quantiles = quantiles + 0.0  # of -0.0 and 0.0, a sort may put either first
        unknown = np.where(statistic.weight == 0, np.nan, 0.0)
        return Chain(Ranks(quantiles, counts, self.output == "normal"), Affine.of(center=unknown))

    def _moves_zeros(self) -> bool:
        return isinstance(self.output, str) and self.output == "normal"

    def _check_convertible(self, inverse: bool) -> None:
        super()._check_convertible(inverse)
        if self._with("output") == "normal":
            raise ValueError(
                "output='normal' does not convert to ONNX, which has no quantiles of the normal "
                "distribution. Fit with output='uniform', and convert that."
            )

    def _ranks(self) -> Ranks:
        return self._present().map.first  # type: ignore[no-any-return]

    @property
    def quantiles_(self) -> Floats:
        """Ndarray of shape (n_quantiles, n_features): the quantiles at even distances."""
        return np.where(self._measured().weight == 0, np.nan, self._ranks().quantiles)

    @property
    def n_quantiles_(self) -> Any:
        """Ndarray of shape (n_features,): how many quantiles each feature has."""
        counts = self._ranks().counts.astype(np.int64)
        return np.where(self._measured().weight == 0, 0, counts)

    @property
    def rank_error_(self) -> float:
        """float: the current bound on the rank error."""
        return float(self._measured().sketches.bounds().max(initial=0.0))
