"""Robust scaling: median and interquartile range."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import special

from .._sklearn import Interval
from ..estimators.output import CLIP, DTYPE, clipped
from ..estimators.scaler import Scaler
from ..inputs.arguments import number, truth
from ..inputs.summaries import Summary
from ..interop.sklearn import Peer, SklearnPeer, shared
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..statistics.given import Given
from ..statistics.quantiles import Quantiles

SHARED = ("with_centering", "with_scaling", "quantile_range", "unit_variance")
WIDER = 5.0  # the wider range leaves out 1 / WIDER of what the quantile range leaves out


class RobustScaler(SklearnPeer, Scaler):
    r"""Scale each feature by its median and a range of quantiles.

    :math:`z = (x - q_{50}) / (q_{75} - q_{25})`, with the quantiles of linear
    interpolation, NumPy's default.

    `fit` is exact. `partial_fit` and `merge` are exact for few values, then use a
    mergeable sketch. Its quantiles are off by at most `rank_error` in rank;
    `rank_error_` is the current bound.

    Where the quantile range of a feature is 0 although the feature is not constant, the
    scale falls back to a wider range, which leaves out a fifth of what `quantile_range`
    leaves out at each end (5 to 95 by default), then to the full range.

    Parameters
    ----------
    with_centering : bool, default=True
        Subtract the median. Sparse data need False.
    with_scaling : bool, default=True
        Divide by the quantile range.
    quantile_range : tuple (q_min, q_max), 0 <= q_min <= q_max <= 100, default=(25.0, 75.0)
        The percentiles whose distance is the scale.
    unit_variance : bool, default=False
        Divide the scale by the distance between the same percentiles of the standard normal
        distribution, so that normal data get variance 1. A full range is not divided.
    rank_error : float, default=1e-3
        The largest rank error that streaming may make, as a share of the values. A
        feature with fewer than ``2 / rank_error`` values is always exact. The state
        takes up to ``226 / rank_error`` bytes per feature, plus 16 for each power of 2
        that the weights span.
    clip : {"range"}, tuple (low, high) or None, default=None
        What `transform` clips its results to: "range" is what the extrema of the data of the
        fit are mapped to, so new data stay inside; a pair holds two numbers, or two arrays with
        an entry per feature. None does not clip. It takes effect at the next fit.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others. It is written at once, without a copy in float64.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,) or None
        The median, in the units of the data, float64.
    scale_ : ndarray of shape (n_features,) or None
        The divisor; 1 for constant features.
    scale_source_ : ndarray of shape (n_features,) or None
        Where the scale comes from: "quantile_range", "wider_range", "full_range", or
        "constant".
    rank_error_ : float
        The current bound on the rank error; 0.0 while the quantiles are exact.
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen; an array where features miss values differently.
    constant_features_ : ndarray
        The names, or indices, of the constant features.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    Notes
    -----
    For a given quantile, the bound of the sketch fails with a probability of at most one
    in a million. The pseudo-random choices depend only on the data, so the same data give
    the same result.

    References
    ----------
    R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), definition 7. Z. Karnin, K. Lang and E. Liberty, "Optimal
    quantile approximation in streams", FOCS 2016.

    Examples
    --------
    >>> from sklearn_norm import RobustScaler
    >>> scaler = RobustScaler().fit([[1.0], [2.0], [3.0], [4.0], [1000.0]])
    >>> scaler.center_, scaler.scale_
    (array([3.]), array([2.]))
    >>> RobustScaler().fit([[10.0], [10.0], [10.0], [10.0], [12.0]]).scale_source_
    array(['wider_range'], dtype='<U14')
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "with_centering": ["boolean"],
        "with_scaling": ["boolean"],
        "quantile_range": [tuple],
        "unit_variance": ["boolean"],
        "rank_error": [Interval(Real, 0, 0.5, closed="neither")],
        "clip": CLIP,
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _sparse_remedy = "use `with_centering=False` instead"
    _peer_name = "RobustScaler"
    _peer_words: ClassVar[dict[str, str]] = {
        "both": "Both compute the same.",
        "taken": "It cannot learn more, like one from `from_stats`.",
        "not_taken": ", or a scale is 0",
        "given": "It has no `rank_error`. A scale from a wider range is kept until it is fitted "
        "again.",
        "not_given": "",
        "ours": "0.5",
        "theirs": "0.5",
    }

    def __init__(
        self,
        *,
        with_centering: bool = True,
        with_scaling: bool = True,
        quantile_range: tuple[float, float] = (25.0, 75.0),
        unit_variance: bool = False,
        rank_error: float = 1e-3,
        clip: Any = None,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.with_centering = with_centering
        self.with_scaling = with_scaling
        self.quantile_range = quantile_range
        self.unit_variance = unit_variance
        self.rank_error = rank_error
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    _statistics = (Quantiles, Given)

    def _measure(self, X: Array, weight: Floats | None) -> Quantiles:
        return Quantiles.measure(
            X,
            weight,
            probabilities=self._probabilities(self.quantile_range),
            rank_error=self.rank_error,
        )

    def _probabilities(self, quantile_range: Any) -> tuple[float, float, float, float, float]:
        """Return the median, the quantile range and the wider one."""
        try:
            low, high = (number(q, "quantile_range") for q in quantile_range)
        except (TypeError, ValueError):
            low, high = 1.0, 0.0
        if not 0 <= low <= high <= 100:
            raise ValueError(
                f"Invalid quantile range: {quantile_range!r}. Give two percentiles "
                "(q_min, q_max) with 0 <= q_min <= q_max <= 100."
            )
        wide_low, wide_high = low / WIDER, 100 - (100 - high) / WIDER
        return 0.5, low / 100, high / 100, wide_low / 100, wide_high / 100

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        fitted = self._fitted
        if fitted is None or not isinstance(fitted.statistic, Given):
            return
        needed = {"center": "with_centering", "scale": "with_scaling"}
        for name, parameter in needed.items():
            missing = np.isnan(getattr(fitted.statistic, name)) & (fitted.statistic.weight > 0)
            if missing.any() and fitted.parameters[parameter]:
                yield f"_statistic.{name}", f"cannot be NaN with {parameter}=True"

    def _rule(self, statistic: Quantiles | Given) -> Affine:
        affine = self._unclipped(statistic)
        if self.clip is None:
            return affine
        return clipped(affine, self.clip, statistic, self._known)

    def _unclipped(self, statistic: Quantiles | Given) -> Affine:
        asked = self._probabilities(self.quantile_range)
        if isinstance(statistic, Given):
            return Affine.of(
                center=statistic.center if self.with_centering else None,
                scale=statistic.scale if self.with_scaling else None,
            )
        values = statistic.quantiles(asked)
        median = values[0] if self.with_centering else np.zeros_like(values[0])
        if not self.with_scaling:
            return Affine.of(center=median if self.with_centering else None)
        affine = Affine.spanning(median, *self._range(statistic, asked, values))
        return affine if self.with_centering else affine.without("center")

    def _range(
        self, statistic: Quantiles, asked: tuple[float, ...], values: Floats
    ) -> tuple[Floats, Floats, Any]:
        """Return both ends of the range of each column, and the divisor of its width."""
        _, low, high, wide_low, wide_high = values
        divisor: Any = _normal(asked[1], asked[2]) if self.unit_variance else 1.0
        narrow = (low == high) & ~statistic.is_constant
        if not narrow.any():
            return low, high, divisor
        wider = narrow & (wide_low != wide_high)
        full = narrow & ~wider
        low = np.where(full, statistic.low, np.where(wider, wide_low, low))
        high = np.where(full, statistic.high, np.where(wider, wide_high, high))
        if self.unit_variance:
            divisor = np.where(wider, _normal(asked[3], asked[4]), np.where(full, 1.0, divisor))
        return low, high, divisor

    @classmethod
    def from_stats(
        cls, *, center: Any = None, scale: Any = None, feature_names: Any = None, **params: Any
    ) -> Self:
        """Build a fitted scaler from a known center and scale; it cannot learn more.

        Quantiles cannot be updated from a center and a scale alone. So `partial_fit` and
        `merge` raise an error, and there is no `n_samples_seen_`, `constant_features_`,
        `scale_source_` or `rank_error_`.

        Parameters
        ----------
        center : float or array-like of shape (n_features,), default=None
            The value to subtract. Not needed with ``with_centering=False``.
        scale : float or array-like of shape (n_features,), default=None
            The divisor, above 0. It is used as given: `unit_variance` and `quantile_range` only
            affect a later `fit`. Not needed with ``with_scaling=False``. A column without data
            has NaN in both center and scale.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : RobustScaler
            A new fitted scaler.

        Raises
        ------
        ValueError
            If a center, a scale, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import RobustScaler
        >>> RobustScaler.from_stats(center=[3.0], scale=[2.0]).transform([[7.0]])
        array([[2.]])
        """
        scaler = cls._unfitted(params)
        told = Summary.read(
            feature_names, ("center", "scale"), ("center",), center=center, scale=scale
        )
        told.need("center", scaler, "with_centering")
        told.need("scale", scaler, "with_scaling")
        there = told.check_alike()
        told.refuse("scale", told["scale"] <= 0, "it must be above 0; 1 leaves a column as wide.")
        known = Given.of(told["center"], told["scale"], there)
        return scaler._built(known, told.names, told.origin)

    @classmethod
    def _from_peer(cls, theirs: Any) -> Self:
        center, scale = theirs.center_, theirs.scale_
        if center is None and scale is None:
            center = np.zeros(theirs.n_features_in_)  # only to give the number of columns
        return cls.from_stats(center=center, scale=scale, **shared(theirs, *SHARED, "copy"))

    def _as_peer(self) -> Peer:
        parameters = {name: self._with(name) for name in SHARED} | {"copy": self.copy}
        return Peer(parameters, {"center_": self.center_, "scale_": self.scale_})

    def _clips(self) -> bool:
        return True  # where the map has bounds

    def _moves_zeros(self) -> bool:
        return truth(self.with_centering, "with_centering")

    def _takes_origin(self) -> bool:
        return True

    @property
    def center_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the median."""
        if not self._with("with_centering"):
            return None
        return self._ruled().in_units("center")

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the divisor."""
        return self._ruled().in_units("scale")

    @property
    def scale_source_(self) -> npt.NDArray[np.str_] | None:
        """Ndarray of shape (n_features,) or None: where each scale comes from."""
        statistic = self._measured()
        if not self._with("with_scaling"):
            return None
        asked = self._probabilities(self._with("quantile_range"))
        return _sources(statistic, statistic.quantiles(asked))

    @property
    def rank_error_(self) -> float:
        """float: the current bound on the rank error."""
        return float(self._measured().rank_error.max(initial=0.0))


def _sources(statistic: Quantiles, values: Floats) -> npt.NDArray[np.str_]:
    """Return the name of the first of the fallback ranges that is not 0."""
    _, low, high, wide_low, wide_high = values
    return np.select(
        [statistic.is_constant, low != high, wide_low != wide_high],
        ["constant", "quantile_range", "wider_range"],
        "full_range",
    )


@lru_cache(maxsize=64)
def _normal(low: float, high: float) -> float:
    """Return the distance between two quantiles of the standard normal distribution."""
    width = float(special.ndtri(high)) - float(special.ndtri(low))
    return width if math.isfinite(width) and width > 0 else 1.0
