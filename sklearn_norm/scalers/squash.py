"""Squashing: median and interquartile range, then a curve that holds outliers inside a bound."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

from .._sklearn import Interval
from ..estimators.output import DTYPE
from ..estimators.scaler import Scaler
from ..inputs.arguments import number
from ..inputs.summaries import Summary
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..maps.bends import Squash
from ..maps.chain import Chain
from ..statistics.given import Given
from ..statistics.quantiles import Quantiles

ASKED = (0.5, 0.25, 0.75)


class SquashScaler(Scaler):
    r"""Scale each feature by its quartiles, then hold outliers inside a bound by a smooth curve.

    :math:`s = (x - q_{50}) / (q_{75} - q_{25})`, then :math:`z = s / \sqrt{1 + (s / B)^2}` with the
    bound :math:`B`. Values near the median are scaled as by `RobustScaler`; far out, the
    result approaches :math:`\pm B`, and the order of values is kept.

    Where the quartiles of a feature are equal although the feature is not constant, half of its
    full range is the scale.

    Parameters
    ----------
    bound : float, default=3.0
        The bound B, above 0, in interquartile ranges.
    rank_error : float, default=1e-3
        The largest rank error that streaming may make, as a share of the values, as in
        `RobustScaler`.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        The median, in the units of the data, float64.
    scale_ : ndarray of shape (n_features,)
        The divisor; 1 for constant features.
    rank_error_ : float
        The current bound on the rank error; 0.0 while the quartiles are exact.
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
    RobustScaler : The same without the bound, with a choice of quantiles.
    LogScaler : For values over many powers of ten.

    Notes
    -----
    Infinity is an error, as in every scaler here, and not a value at the bound. The further out a
    value is, the fewer of its digits come back: at a distance of d scales beyond the bound, about
    d squared roundings are lost. A result at or beyond the bound has no inverse, which is an error.
    Of float64, results are rounded to the bound from some 1e8 times the bound on.

    References
    ----------
    D. Holzmüller, L. Grinsztajn and I. Steinwart, "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS 2024, "robust scaling and smooth clipping". There,
    constant features become 0 for all values.

    Examples
    --------
    >>> from sklearn_norm import SquashScaler
    >>> scaler = SquashScaler().fit([[0.0], [1.0], [2.0], [3.0], [4.0]])
    >>> scaler.transform([[2.0], [4.0], [1000.0]]).round(4)
    array([[0.    ],
           [0.9487],
           [2.9999]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "bound": [Interval(Real, 0, None, closed="neither")],
        "rank_error": [Interval(Real, 0, 0.5, closed="neither")],
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _statistics = (Quantiles, Given)

    def __init__(
        self,
        bound: float = 3.0,
        *,
        rank_error: float = 1e-3,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.bound = bound
        self.rank_error = rank_error
        self.dtype = dtype
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Quantiles:
        return Quantiles.measure(X, weight, probabilities=ASKED, rank_error=self.rank_error)

    def _rule(self, statistic: Quantiles | Given) -> Chain:
        if isinstance(statistic, Given):
            before = Affine.of(center=statistic.center, scale=statistic.scale)
        else:
            median, low, high = statistic.quantiles(ASKED)
            none = (low == high) & ~statistic.is_constant
            low, high = np.where(none, statistic.low, low), np.where(none, statistic.high, high)
            before = Affine.spanning(median, low, high, np.where(none, 2.0, 1.0))
        return Chain(Squash(number(self.bound, "bound")), Affine(), before)

    @classmethod
    def from_stats(
        cls, *, center: Any, scale: Any, feature_names: Any = None, **params: Any
    ) -> Self:
        """Build a fitted scaler from a known center and scale; it cannot learn more.

        Quantiles cannot be updated from a center and a scale alone. So `partial_fit` and
        `merge` raise an error, and there is no `n_samples_seen_`, `constant_features_` or
        `rank_error_`.

        Parameters
        ----------
        center : float or array-like of shape (n_features,)
            The value to subtract.
        scale : float or array-like of shape (n_features,)
            The divisor, above 0. A column without data has NaN in both.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : SquashScaler
            A new fitted scaler.

        Raises
        ------
        ValueError
            If a center, a scale, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import SquashScaler
        >>> SquashScaler.from_stats(center=3.0, scale=2.0, bound=4.0).transform([[9.0]])
        array([[2.4]])
        """
        scaler = cls._unfitted(params)
        told = Summary.read(feature_names, (), ("center",), center=center, scale=scale)
        there = told.check_alike()
        told.refuse("scale", told["scale"] <= 0, "it must be above 0; 1 leaves a column as wide.")
        known = Given.of(told["center"], told["scale"], there)
        return scaler._built(known, told.names, told.origin)

    def _moves_zeros(self) -> bool:
        return True

    def _takes_origin(self) -> bool:
        return True

    @property
    def center_(self) -> Floats | None:
        """Ndarray of shape (n_features,): the median."""
        return self._ruled().in_units("center")

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,): the divisor."""
        return self._ruled().in_units("scale")

    @property
    def rank_error_(self) -> float:
        """float: the current bound on the rank error."""
        return float(self._measured().rank_error.max(initial=0.0))
