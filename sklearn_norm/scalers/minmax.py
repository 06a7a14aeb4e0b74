"""Min-max: map the range of each feature to a given range."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ..estimators.output import DTYPE
from ..estimators.scaler import Scaler
from ..inputs.arguments import array_of, floats_of, truth
from ..inputs.exact import minus
from ..inputs.labelled import aligned, labelled
from ..inputs.summaries import Summary
from ..interop.sklearn import Peer, SklearnPeer, left_alone, rows_of, shared
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..statistics.extrema import Extrema
from ..statistics.given import UncountedExtrema


class MinMaxScaler(SklearnPeer, Scaler):
    r"""Scale each feature to a range.

    :math:`z = a + (b - a) (x - x_{\min}) / (x_{\max} - x_{\min})`, for the range
    :math:`(a, b)`. Rows of the fit are mapped into the range, and the extrema exactly to
    its bounds.

    Parameters
    ----------
    feature_range : tuple (min, max), default=(0, 1)
        The target range: two numbers, or two arrays with an entry per feature.
    data_range : tuple (min, max), dict or None, default=None
        Known bounds of the data, in its units: two numbers, two arrays with an entry
        per feature, or a dict from the name (or index) of a feature to its (min, max).
        For features with known bounds, the data of the fit are ignored.
    clip : bool, default=False
        Clip what `transform` returns to `feature_range`.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others. It is written at once, without a copy in float64.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    data_min_, data_max_ : ndarray of shape (n_features,)
        The bounds of the data, measured or given, float64.
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
        Their names, if all are strings.

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
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _sparse_remedy = (
        "choose `feature_range` and `data_range` such that 0 maps to 0, or use DecimalScaler"
    )
    _peer_name = "MinMaxScaler"
    _peer_words: ClassVar[dict[str, str]] = {
        "both": "Both compute the same.",
        "taken": "The count is the number of rows, missing or not. A column that scikit-learn "
        "considered constant by its threshold is treated as constant, at `data_min_`.",
        "not_taken": ", or `scale_` does not follow from its parameters and bounds",
        "given": "It counts rows, so its count is that of the column with the fewest missing "
        "values. Later fits follow scikit-learn's rules, including its threshold for constant "
        "columns.",
        "not_given": ": a `data_range`, or a `feature_range` per column",
        "ours": "0.75",
        "theirs": "0.75",
    }

    def __init__(
        self,
        feature_range: Any = (0, 1),
        *,
        data_range: Any = None,
        clip: bool = False,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.feature_range = feature_range
        self.data_range = data_range
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    _statistics = (Extrema, UncountedExtrema)

    def _measure(self, X: Array, weight: Floats | None) -> Extrema:
        self._wanted_range(self.feature_range)  # refuse invalid parameters first
        self._given_range(self.data_range)
        return Extrema.measure(X, weight)

    def _rule(self, statistic: Extrema) -> Affine:
        lower, upper = self._wanted_range(self.feature_range)
        low, high = self._bounds(statistic, self.data_range)
        return Affine.onto(low, high, lower, upper)

    @classmethod
    def from_stats(
        cls,
        *,
        data_min: Any,
        data_max: Any,
        n_samples: Any = None,
        feature_names: Any = None,
        **params: Any,
    ) -> Self:
        """Build a fitted scaler from known bounds, which later batches may widen.

        For bounds that data must not widen, use the parameter `data_range`.

        Parameters
        ----------
        data_min, data_max : float or array-like of shape (n_features,)
            The smallest and the largest value seen.
        n_samples : float or array-like of shape (n_features,), default=None
            The total weight of the data. 0 means no data, and both must then be NaN. Without a
            count, the scaler only serves: it has no `n_samples_seen_`, and `partial_fit` and
            `merge` raise an error.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : MinMaxScaler
            A new fitted scaler, the same as if it had seen the data.

        Raises
        ------
        ValueError
            If a bound, a count, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import MinMaxScaler
        >>> scaler = MinMaxScaler.from_stats(data_min=[0, -1], data_max=[10, 1], n_samples=50)
        >>> scaler.transform([[5.0, 1.0]])
        array([[0.5, 1. ]])
        >>> scaler.partial_fit([[20.0, 0.0]]).transform([[5.0, 1.0]])
        array([[0.25, 1.  ]])
        """
        scaler = cls._unfitted(params)
        given = {"data_min": data_min, "data_max": data_max, "n_samples": n_samples}
        told = Summary.read(feature_names, ("n_samples",), ("data_min", "data_max"), **given)
        weight, low, high = told.weight("n_samples"), told["data_min"], told["data_max"]
        told.refuse("data_min", low > high, "it must be at most data_max.")
        kind = Extrema if n_samples is not None else UncountedExtrema
        return scaler._built(kind.known(low, high, weight), told.names, told.origin)

    @classmethod
    def _from_peer(cls, theirs: Any) -> Self:
        low, high = (np.asarray(v, np.float64) for v in (theirs.data_min_, theirs.data_max_))
        lower, upper = theirs.feature_range
        with np.errstate(all="ignore"):
            alone = left_alone(theirs, (upper - lower) / theirs.scale_, high - low)
        return cls.from_stats(
            data_min=low,
            data_max=np.where(alone, low, high),
            n_samples=np.where(np.isnan(low), 0, theirs.n_samples_seen_),
            **shared(theirs, "feature_range", "clip", "copy"),
        )

    def _as_peer(self) -> Peer:
        if self._with("data_range") is not None:
            raise ValueError(
                "scikit-learn's MinMaxScaler has no data_range. Build a scaler without one, "
                "from_stats(data_min=data_min_, data_max=data_max_, n_samples=n_samples_seen_), "
                "and turn that into one."
            )
        given = self._with("feature_range")
        lower, upper = self._wanted_range(given)
        if not (np.all(lower == lower[0]) and np.all(upper == upper[0])):
            raise ValueError(
                "scikit-learn's MinMaxScaler has one feature_range for all columns. Got "
                f"{given!r}: use one scaler for each range."
            )
        names = ("data_min_", "data_max_", "data_range_", "scale_", "min_")
        feature_range = tuple(np.ravel(v)[0].item() for v in given)
        return Peer(
            {"feature_range": feature_range, "clip": self.clip, "copy": self.copy},
            {**shared(self, *names), "n_samples_seen_": rows_of(self)},
        )

    def _bounds(self, statistic: Extrema, data_range: Any) -> tuple[Floats, Floats]:
        """Return the bounds of the data, given ones first; NaN where there are none."""
        low, high = statistic.low, statistic.high
        if not statistic.weight.all():
            none = statistic.weight == 0
            low, high = np.where(none, np.nan, low), np.where(none, np.nan, high)
        if data_range is None:
            return low, high
        origin = self._known.origin
        given_low, given_high = self._given_range(data_range, origin)
        if origin is None:  # neighbours beyond 2**53 need the differences that the data ask for
            self._refuse("data_range", given_low == given_high, given_low, given_high)
        return (
            np.where(np.isnan(given_low), low, given_low),
            np.where(np.isnan(given_high), high, given_high),
        )

    def _wanted_range(self, feature_range: Any) -> tuple[Floats, Floats]:
        lower, upper = self._pair("feature_range", feature_range)
        with np.errstate(all="ignore"):
            wrong = ~((lower < upper) & (upper - lower < np.inf))
        self._refuse("feature_range", wrong, lower, upper)
        return lower, upper

    def _given_range(self, data_range: Any, origin: Floats | None = None) -> tuple[Floats, Floats]:
        """Return the given bounds per feature, from an origin; NaN where the data decide."""
        low, high = np.full((2, self.n_features_in_), np.nan)
        if data_range is None:
            return low, high
        given = np.zeros(self.n_features_in_, dtype=bool)
        if isinstance(data_range, dict):
            columns = self._columns_seen("data_range")
            places = columns.places(data_range)
            for at, (name, pair) in zip(places, data_range.items(), strict=True):
                if given[at]:
                    raise ValueError(
                        f"`data_range` has two ranges for feature {columns.label(at)!r}, by its "
                        f"label and by its index: give one of {list(data_range)}."
                    )
                own = None if origin is None else origin[[at]]
                low[[at]], high[[at]] = self._pair(f"data_range[{name!r}]", pair, 1, own)
                given[at] = True
        else:
            low, high = self._pair("data_range", data_range, origin=origin)
            given[:] = True
        wrong = given & (~(low < high) | np.isinf(low) | np.isinf(high))
        if origin is None and (wrong & (low == high) & (np.abs(low) > 2.0**53)).any():
            # neighbours that floats do not tell apart, but differences from a float do
            near = np.where(np.isfinite(low), np.rint(low), 0.0)
            self._given_range(data_range, near)
            return low, high
        by = 0.0 if origin is None else origin
        self._refuse("data_range", wrong, low + by, high + by)
        return low, high

    def _pair(
        self, name: str, pair: Any, size: int | None = None, origin: Floats | None = None
    ) -> tuple[Floats, Floats]:
        """Return the bounds of a range, one entry per feature, as differences from an origin."""
        size = self.n_features_in_ if size is None else size
        if (
            origin is None
            and type(pair) is tuple
            and len(pair) == 2
            and {*map(type, pair)} <= {int, float}
        ):
            try:
                return np.full(size, float(pair[0])), np.full(size, float(pair[1]))
            except OverflowError:
                pass  # an integer too large for a float: the error is raised below
        try:
            pair = [aligned(v, name, self._columns_seen(name)) for v in pair]
            arrays = (np.broadcast_to(array_of(v, name), (size,)) for v in pair)
            low, high = (floats_of(array, name) for array in arrays)
            if origin is not None:
                ends = zip(pair, (low, high), strict=True)
                low, high = (minus(end, floats, origin) for end, floats in ends)
        except (TypeError, ValueError) as error:
            if isinstance(pair, tuple) and any(labelled(v) is not None for v in pair):
                raise
            raise ValueError(
                f"`{name}` must be a pair (min, max) of numbers, or of arrays with one entry "
                f"for each of the {size} features. Got {pair!r}."
            ) from error
        return low, high

    def _refuse(self, name: str, wrong: Any, low: Floats, high: Floats) -> None:
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"Minimum of desired {name.replace('_', ' ')} must be smaller than maximum, and "
                f"both finite, as their difference. Got ({low[at]}, {high[at]}) for feature "
                f"{self._columns_seen(name).label(at)!r}: correct `{name}`."
            )

    def _clips(self) -> bool:
        return truth(self.clip, "clip")

    def _constant(self) -> Any:
        low, high = self._bounds(self._seen(), self._with("data_range"))
        return low == high

    def _takes_origin(self) -> bool:
        return True

    @property
    def data_min_(self) -> Floats:
        """Ndarray of shape (n_features,): the lower bounds of the data."""
        bounds = self._bounds(self._seen(), self._with("data_range"))
        return self._present().located(bounds[0])

    @property
    def data_max_(self) -> Floats:
        """Ndarray of shape (n_features,): the upper bounds of the data."""
        bounds = self._bounds(self._seen(), self._with("data_range"))
        return self._present().located(bounds[1])

    @property
    def data_range_(self) -> Floats:
        """Ndarray of shape (n_features,): the width of the data."""
        low, high = self._bounds(self._seen(), self._with("data_range"))
        with np.errstate(all="ignore"):
            return high - low

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
