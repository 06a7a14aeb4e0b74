"""Min-max: the range of each feature to a range given."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..affine import Affine
from ..base import Scaler
from ..kernels import Array, Floats
from ..statistics.extrema import Extrema


class MinMaxScaler(Scaler):
    r"""Scale each feature to a range.

    :math:`z = a + (b - a) (x - x_{\min}) / (x_{\max} - x_{\min})`, for the range
    :math:`(a, b)`. Rows of the fit land inside the range, and the extrema hit its
    bounds to the bit.

    Parameters
    ----------
    feature_range : tuple (min, max), default=(0, 1)
        The range wanted: two numbers, or two arrays with an entry per feature.
    data_range : tuple (min, max), dict or None, default=None
        Known bounds of the data, in its units: two numbers, two arrays with an entry
        per feature, or a dict from the name (or index) of a feature to its (min, max).
        The features named then ignore the data of the fit.
    clip : bool, default=False
        Clip what `transform` returns to `feature_range`.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone. False
        overwrites an array of floats.

    Attributes
    ----------
    data_min_, data_max_ : ndarray of shape (n_features,)
        The bounds of the data, seen or given, float64.
    data_range_ : ndarray of shape (n_features,)
        ``data_max_ - data_min_``; inf where that exceeds the largest float.
    scale_ : ndarray of shape (n_features,)
        The slope, ``(max - min) / data_range_``, with 1 for a `data_range_` of 0.
    min_ : ndarray of shape (n_features,)
        The intercept, ``min - data_min_ * scale_``.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the constant features.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, where all are strings.

    References
    ----------
    J. Han, M. Kamber and J. Pei, "Data Mining: Concepts and Techniques", 3rd ed. (2011),
    section 3.5.2.

    Examples
    --------
    >>> from sklearn_norm import MinMaxScaler
    >>> MinMaxScaler().fit_transform([[1.0], [2.0], [5.0]]).ravel()
    array([0.  , 0.25, 1.  ])
    >>> MinMaxScaler(data_range=(0, 255)).fit_transform([[51.0], [102.0]]).ravel()
    array([0.2, 0.4])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "feature_range": [tuple],
        "data_range": [tuple, dict, None],
        "clip": ["boolean"],
        "copy": ["boolean"],
    }
    _sparse_remedy = (
        "choose `feature_range` and `data_range` such that 0 maps to 0, or use DecimalScaler"
    )

    def __init__(
        self,
        feature_range: Any = (0, 1),
        *,
        data_range: Any = None,
        clip: bool = False,
        copy: bool = True,
    ) -> None:
        self.feature_range = feature_range
        self.data_range = data_range
        self.clip = clip
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Extrema:
        self._wanted_range(self.feature_range)  # refuse wrong parameters before any work
        self._known_range(self.data_range)
        return Extrema.measure(X, weight)

    def _rule(self, statistic: Extrema) -> Affine:
        lower, upper = self._wanted_range(self.feature_range)
        low, high = self._bounds(statistic, self.data_range)
        gain = upper - lower
        top = np.where(gain + lower == upper, np.nan, upper)
        return Affine.spanning(
            low,
            low,
            high,
            gain=None if np.all(gain == 1) else gain,
            offset=None if np.all(lower == 0) else lower,
            top=None if np.all(np.isnan(top)) else top,
            lower=lower,
            upper=upper,
        )

    def _bounds(self, statistic: Extrema, data_range: Any) -> tuple[Floats, Floats]:
        """Return the bounds of the data: known ones first, NaN where there are none."""
        none = statistic.weight == 0
        known_low, known_high = self._known_range(data_range)
        low = np.where(np.isnan(known_low), np.where(none, np.nan, statistic.low), known_low)
        high = np.where(np.isnan(known_high), np.where(none, np.nan, statistic.high), known_high)
        return low, high

    def _wanted_range(self, feature_range: Any) -> tuple[Floats, Floats]:
        lower, upper = self._pair("feature_range", feature_range)
        with np.errstate(all="ignore"):
            wrong = ~(lower < upper) | ~np.isfinite(upper - lower)
        self._refuse("feature_range", wrong, lower, upper)
        return lower, upper

    def _known_range(self, data_range: Any) -> tuple[Floats, Floats]:
        """Return known bounds per feature, NaN where the data decide."""
        low, high = np.full((2, self.n_features_in_), np.nan)
        known = np.zeros(self.n_features_in_, dtype=bool)
        if isinstance(data_range, dict):
            for at, (name, pair) in zip(self._places(data_range), data_range.items(), strict=True):
                low[[at]], high[[at]] = self._pair(f"data_range[{name!r}]", pair, 1)
                known[at] = True
        elif data_range is not None:
            low, high = self._pair("data_range", data_range)
            known[:] = True
        wrong = ~(low < high) | np.isinf(low) | np.isinf(high)
        self._refuse("data_range", known & wrong, low, high)
        return low, high

    def _pair(self, name: str, pair: Any, size: int | None = None) -> tuple[Floats, Floats]:
        shape = (self.n_features_in_ if size is None else size,)
        try:
            low, high = (np.broadcast_to(np.asarray(v, dtype=np.float64), shape) for v in pair)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"`{name}` must be a pair (min, max) of numbers, or of arrays with one entry "
                f"for each of the {shape[0]} features. Got {pair!r}."
            ) from error
        return low, high

    def _refuse(self, name: str, wrong: Any, low: Floats, high: Floats) -> None:
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"Minimum of desired {name.replace('_', ' ')} must be smaller than maximum, and "
                f"both finite, as their difference. Got ({low[at]}, {high[at]}) for feature "
                f"{self._name(at)!r}: correct `{name}`."
            )

    def _constant(self) -> Any:
        return self.data_min_ == self.data_max_

    @property
    def data_min_(self) -> Floats:
        """Ndarray of shape (n_features,): the lower bounds of the data."""
        return self._bounds(self._seen(), self._with("data_range"))[0]

    @property
    def data_max_(self) -> Floats:
        """Ndarray of shape (n_features,): the upper bounds of the data."""
        return self._bounds(self._seen(), self._with("data_range"))[1]

    @property
    def data_range_(self) -> Floats:
        """Ndarray of shape (n_features,): the width of the data."""
        with np.errstate(over="ignore"):
            return self.data_max_ - self.data_min_

    @property
    def scale_(self) -> Floats:
        """Ndarray of shape (n_features,): the slope of the map."""
        return self._ruled().slope()

    @property
    def min_(self) -> Floats:
        """Ndarray of shape (n_features,): the intercept of the map."""
        lower, _ = self._wanted_range(self._with("feature_range"))
        with np.errstate(all="ignore"):
            return lower - self.data_min_ * self.scale_
