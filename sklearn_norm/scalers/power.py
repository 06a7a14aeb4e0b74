"""Power scaling: the power that makes a column normal, then z-scores."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from .._sklearn import StrOptions
from ..estimators.output import DTYPE
from ..estimators.units import UNIT, UnitScaler, whole
from ..exceptions import UndefinedError
from ..inputs.arguments import number
from ..inputs.labelled import per_column
from ..inputs.summaries import Summary
from ..kernels import Array, Floats, extremes, powers
from ..maps.affine import Affine
from ..maps.chain import Chain
from ..maps.power import Power
from ..statistics.given import Given
from ..statistics.likelihoods import Likelihoods
from ..statistics.units import InUnits

BOX_COX = "box-cox"
WIDTH = 100  # steps of the grid across `lambda_range`
LARGE = 2.0**1020  # no middle beyond, so that its sum with the unit is a float


class PowerScaler(UnitScaler):
    r"""Raise each feature to the power that makes it most normal, then scale it.

    With the unit :math:`u` of a column, the methods are

    * "yeo-johnson", of all numbers: :math:`((1 + x / u)^\lambda - 1) / \lambda` for
      :math:`x \ge 0`, and :math:`-((1 - x / u)^{2 - \lambda} - 1) / (2 - \lambda)` below 0;
    * "box-cox", of positive numbers: :math:`((x / u)^\lambda - 1) / \lambda`.

    Where an exponent is 0, a logarithm takes the place of the power. :math:`\lambda` has the
    greatest likelihood of a normal distribution, inside `lambda_range`.

    Parameters
    ----------
    method : {"yeo-johnson", "box-cox"}, default="yeo-johnson"
        The power. "box-cox" refuses numbers of 0 and below.
    lambdas : float or array-like of shape (n_features,), default=None
        Known powers, to search none; a series or a dict is aligned by label.
    lambda_range : tuple (low, high), default=(-5, 5)
        Where a power is searched.
    unit : float, array-like of shape (n_features,) or "median", default="median"
        What is divided by first, above 0; a series or a dict is aligned by label. "median" is
        the median of the absolute values other than 0, learned from the first batch that has
        such a value, and then kept. With it, X and 1000 X have the same result.
    standardize : bool, default=True
        Subtract the mean of the results, and divide by their standard deviation.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    lambdas_ : ndarray of shape (n_features,)
        The powers; NaN without data.
    center_ : ndarray of shape (n_features,) or None
        The mean of the powers, in the formulas above, float64. None without `standardize`.
    scale_ : ndarray of shape (n_features,) or None
        Their standard deviation; 1 where they are all equal.
    unit_ : ndarray of shape (n_features,)
        The unit. NaN where "median" has seen no value other than 0 yet.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the constant features. Their power is 1, or the nearest to it.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    LogScaler : A logarithm, which needs no search.
    QuantileScaler : Normal by rank, whatever the distribution.

    Notes
    -----
    `fit` finds the power to the last digits. A stream keeps sums for 101 powers at even distances
    across `lambda_range`. From its second batch on, and after `merge`, the best of these is taken:
    by default it is less than 0.1 from that of a fit to all data in the same unit. The mean and
    the standard deviation are exact for it, in any order of batches. `partial_fit` of a first
    batch is a `fit`.

    A stream keeps the parameters that its data were measured by. Parts whose units were learned
    from their own first batches merge only where the units are the same; give all parts the
    `unit_` of one.

    What is far smaller than the unit is almost linear under "yeo-johnson", and comes back within
    roundings of the unit. The results of a power outside 0 to 2 have a bound; to undo a number
    that is beyond it is an error.

    References
    ----------
    G. E. P. Box and D. R. Cox, "An analysis of transformations", Journal of the Royal Statistical
    Society B 26 (1964). I.-K. Yeo and R. A. Johnson, "A new family of power transformations to
    improve normality or symmetry", Biometrika 87 (2000). T. Marchand, B. Muzellec, C. Beguier,
    J. Ogier du Terrail and M. Andreux, "SecureFedYJ: a safe feature Gaussianization protocol for
    federated learning", NeurIPS 2022, for the concave likelihood.

    Examples
    --------
    >>> from sklearn_norm import PowerScaler
    >>> X = [[1.0], [2.0], [3.0], [4.0], [5.0], [10.0], [100.0]]
    >>> scaler = PowerScaler("box-cox").fit(X)
    >>> scaler.lambdas_.round(7)
    array([-0.3598778])
    >>> scaler.inverse_transform(scaler.transform([[7.0]])).round(9)
    array([[7.]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "method": [StrOptions({"yeo-johnson", BOX_COX})],
        "lambdas": ["array-like", dict, float, int, None],
        "lambda_range": [tuple],
        "unit": UNIT,
        "standardize": ["boolean"],
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _statistics = (Likelihoods, InUnits, Given)
    _measured_by = ("method", "lambdas", "lambda_range", "unit")

    def __init__(
        self,
        method: str = "yeo-johnson",
        *,
        lambdas: Any = None,
        lambda_range: tuple[float, float] = (-5, 5),
        unit: Any = "median",
        standardize: bool = True,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.method = method
        self.lambdas = lambdas
        self.lambda_range = lambda_range
        self.unit = unit
        self.standardize = standardize
        self.dtype = dtype
        self.copy = copy

    def _validate_params(self) -> None:
        super()._validate_params()
        self._range()

    def _range(self) -> tuple[float, float]:
        try:
            low, high = (number(end, "lambda_range") for end in self.lambda_range)
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if not (low < high and np.isfinite(high - low)):
            raise ValueError(
                f"Invalid `lambda_range`: {self.lambda_range!r:.80}. Give a pair (low, high) of "
                "finite numbers, the lower one below the upper one."
            )
        return low, high

    @property
    def _positive(self) -> bool:
        return self.method == BOX_COX

    def _measure(self, X: Array, weight: Floats | None) -> Likelihoods | InUnits:
        seen = extremes(X, weight)
        if self._positive:
            self._refuse_nonpositive(seen.low)
        unit = self._units_of(X, weight)
        at = powers.Power(
            self._grid(X.shape[1]), whole(unit), self._middles(seen, unit), self._positive
        )
        searched = self.lambdas is None and not self._begun()
        search = self._range() if searched else None
        members = Likelihoods.measure(X, weight, at=at, search=search)
        return InUnits.of(members, unit) if self._learns_units() else members

    def _begun(self) -> bool:
        """Whether all columns have members from earlier batches, so that no search is of use."""
        before = self._known.statistic
        return before is not None and bool((before.weight > 0).all())

    def _refuse_nonpositive(self, low: Floats) -> None:
        wrong = np.flatnonzero((low <= 0) & (low > -np.inf))
        if wrong.size:
            at = int(wrong[0])
            told = f"Box-Cox takes positive numbers only, and is not defined for {low[at]}"
            raise UndefinedError(told, at, 'Use method="yeo-johnson", or replace it.')

    def _grid(self, n_columns: int) -> Floats:
        """Return the powers that a stream keeps sums for, or those that are known."""
        if self.lambdas is None:
            grid = np.linspace(*self._range(), WIDTH + 1)
            return np.repeat(grid[:, None], n_columns, axis=1)
        known = per_column(self.lambdas, "lambdas", n_columns, self._known.columns)
        self._refuse("lambdas", known, ~np.isfinite(known), "it must be finite.")
        return known[None]

    def _middles(self, seen: Any, unit: Floats) -> Floats:
        """Return the middles: those of the first batch, if the unit was learned from it."""
        if self._positive:
            return whole(unit)
        if not self._learns_units():
            return np.zeros_like(unit)
        known = np.isfinite(unit) & (unit < LARGE)
        side = np.where(seen.low > 0, 1.0, np.where(seen.high < 0, -1.0, 0.0))
        found = np.where(known, side * whole(unit), 0.0)
        before = self._known.statistic
        if before is None:
            return found
        middle: Floats = before.members.middle
        return np.where(np.isnan(middle), found, middle)

    def _rule(self, statistic: Likelihoods | InUnits | Given) -> Chain:
        if isinstance(statistic, Given):
            return self._given_rule(statistic)
        unit, known = self._in_units(statistic)
        lambdas, moments = known.chosen(unit, self._positive)
        middle = unit if self._positive else np.zeros_like(unit)
        affine = Affine()
        if self.standardize:
            middle = np.where(np.isnan(known.middle), middle, known.middle)
            affine = Affine.of(center=moments.mean, scale=self._deviation(statistic, moments))
        first = Power(lambdas, unit, middle, self._positive)
        self._refuse_overflow(first, known)
        return Chain(first, affine)

    def _given_rule(self, statistic: Given) -> Chain:
        size = statistic.weight.size
        unit = self._given_units(size)
        middle = unit if self._positive else np.zeros(size)
        affine = Affine()
        if self.standardize:
            affine = Affine.of(center=statistic.center, scale=statistic.scale)
        return Chain(Power(self._grid(size)[0], unit, middle, self._positive), affine)

    @classmethod
    def from_stats(
        cls, *, center: Any = None, scale: Any = None, feature_names: Any = None, **params: Any
    ) -> Self:
        """Build a fitted scaler from known powers, and their mean and standard deviation.

        It cannot learn more: `partial_fit` and `merge` raise an error, and there is no
        `n_samples_seen_` and no `constant_features_`.

        Parameters
        ----------
        center : float or array-like of shape (n_features,), default=None
            The mean of the powers, in the formulas of the class. Not needed with
            ``standardize=False``.
        scale : float or array-like of shape (n_features,), default=None
            Their standard deviation, above 0. Not needed with ``standardize=False``. A column
            without data has NaN in both center and scale.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class. `lambdas` and `unit` must be given as numbers.

        Returns
        -------
        scaler : PowerScaler
            A new fitted scaler.

        Raises
        ------
        ValueError
            If a center, a scale, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import PowerScaler
        >>> known = {"lambdas": 0.5, "unit": 1.0}
        >>> PowerScaler.from_stats(center=2.0, scale=4.0, **known).transform([[8.0], [48.0]])
        array([[0.5],
               [2.5]])
        """
        scaler = cls._unfitted(params)
        if scaler.lambdas is None or scaler._learns_units():
            raise ValueError(
                "`lambdas` and `unit` are learned from data: give `from_stats` the numbers. Got "
                f"lambdas={scaler.lambdas!r} and unit={scaler.unit!r}."
            )
        told = Summary.read(
            feature_names, ("center", "scale"), ("center",), center=center, scale=scale
        )
        told.need("center", scaler, "standardize")
        told.need("scale", scaler, "standardize")
        there = told.check_alike()
        told.refuse("scale", told["scale"] <= 0, "it must be above 0; 1 leaves a column as wide.")
        known = Given.of(told["center"], told["scale"], there)
        return scaler._built(known, told.names, told.origin)

    def _refuse_overflow(self, first: Power, known: Likelihoods) -> None:
        """Refuse powers that no float holds of the least or the largest value of a column."""
        ends = np.stack([known.low, known.high])
        with np.errstate(all="ignore"):
            lost = ~np.isfinite(first.bend(ends)) & np.isfinite(ends)
        if lost.any():
            row, at = np.argwhere(lost)[0].tolist()
            raise ValueError(
                f"Column {self._label(at)!r}: the power {first.lambdas[at]} of {ends[row, at]} in "
                f"units of {first.unit[at]} is no float. Give a `unit` of the size of the data, or "
                "a `lambda_range` or `lambdas` nearer to 0."
            )

    def _moves_zeros(self) -> bool:
        return True  # or has no use for sparse data: it would measure each zero at each power

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = self._positive
        return tags

    @property
    def lambdas_(self) -> Floats:
        """Ndarray of shape (n_features,): the powers."""
        fitted = self._present()
        found: Floats = np.where(fitted.statistic.weight == 0, np.nan, fitted.map.first.lambdas)
        return found

    @property
    def center_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the mean of the powers."""
        center, first = self._ruled().in_units("center"), self._present().map.first
        if center is None:
            return None
        factor, offset = first.plain()
        with np.errstate(all="ignore"):
            return center * factor + offset  # type: ignore[no-any-return]

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the standard deviation of the powers."""
        scale, first = self._ruled().in_units("scale"), self._present().map.first
        if scale is None:
            return None
        alike = self._seen().grows & self._seen().is_constant
        with np.errstate(all="ignore"):
            return np.where(alike, scale, scale * first.plain()[0])
