"""ChannelScaler: each channel of tensors by statistics of all samples and positions."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np

from .._sklearn import Interval, StrOptions
from ..estimators.output import DTYPE, RANGE, clipped
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..scalers.robust import RobustScaler
from ..statistics.record import Statistic
from ..tensors.per_channel import OF_CHANNELS, PerChannel
from .methods import MINMAX, PERCENTILE, ROBUST, STANDARD

METHODS = {"standard": STANDARD, "minmax": MINMAX, "robust": ROBUST, "percentile": PERCENTILE}
# what `from_stats` takes for each method: what is needed, and what may be given besides
KNOWN = {
    "standard": ("mean", "var or std", "n_samples"),
    "minmax": ("data_min", "data_max", "n_samples"),
    "robust": ("center", "scale"),
    "percentile": ("center", "scale"),
}
OF_QUANTILES = ("robust", "percentile")
BOUNDED = ("minmax", "percentile")  # the range of the results is 0 to 1


class ChannelScaler(PerChannel):
    r"""Scale each channel of images, signals or volumes by statistics of all of the data.

    :math:`z = (x - c) / s` with one :math:`c` and :math:`s` per channel, measured over all
    samples and all positions. They are those of `ZScoreScaler`, `MinMaxScaler` and `RobustScaler`
    with the channels as columns and the members as rows, bit for bit: exact, and the same for any
    split of the data into batches of samples of any size.

    Parameters
    ----------
    method : {"standard", "minmax", "robust", "percentile"}, default="standard"
        What is subtracted, and what is divided by: mean and standard deviation; minimum and
        range, so that results lie in [0, 1]; median and distance between the two percentiles of
        `quantile_range`; or the lower of these percentiles and their distance, so that the lower
        one becomes 0 and the upper one 1.
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; each
        feature of 2-D data is then a channel.
    channel_axis : int, default=1
        The axis of the channels in (n_samples, \*shape); -1 is the last.
    quantile_range : tuple (q_min, q_max), 0 <= q_min <= q_max <= 100, default=(25.0, 75.0)
        The percentiles of the methods "robust" and "percentile".
    clip : bool or tuple (low, high), default=False
        What `transform` clips its results to. True: [0, 1] in the methods "minmax" and
        "percentile", and in the others the range of the scaled data of the fit. A pair holds two
        numbers, or two arrays with an entry per channel. It takes effect at the
        next fit.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of the variance of the method "standard".
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and bfloat16 of
        ml_dtypes, and returns float64 for others.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    center_ : ndarray of shape (n_channels,)
        What is subtracted, in the units of the data, float64.
    scale_ : ndarray of shape (n_channels,)
        The divisor; 1 for constant channels.
    mean_, var_ : ndarray of shape (n_channels,) or None
        Mean and variance, with the method "standard".
    data_min_, data_max_ : ndarray of shape (n_channels,) or None
        The extrema, with the method "minmax".
    rank_error_ : float or None
        The current bound on the rank error of the percentiles; 0.0 while they are exact.
    n_samples_seen_ : int, float or ndarray of shape (n_channels,)
        The members seen, over samples and positions.
    constant_features_ : ndarray
        The channels with one value only; their names if the features are channels.
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, if all are strings.

    See Also
    --------
    SampleScaler : Each sample by its own statistics.
    BatchNorm : Running statistics of channels, which forget.

    Notes
    -----
    Percentiles are exact after one `fit`. Streams and merges use the sketch of `RobustScaler`, of
    which `rank_error_` bounds the error.

    Where the two percentiles of a channel are equal although it is not constant, the range is
    widened as in `RobustScaler`.

    References
    ----------
    T. F. Chan, G. H. Golub and R. J. LeVeque, "Algorithms for computing the sample
    variance: analysis and recommendations", The American Statistician 37 (1983).
    R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), definition 7.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm import ChannelScaler
    >>> images = np.array([[[[1.0, 3.0]], [[10.0, 50.0]]]])  # one sample, two channels
    >>> scaler = ChannelScaler().fit(images)
    >>> scaler.mean_
    array([ 2., 30.])
    >>> scaler.transform(images).ravel()
    array([-1.,  1., -1.,  1.])
    >>> scaler.partial_fit(np.array([[[[5.0]], [[30.0]]]])).mean_  # another size
    array([ 3., 30.])
    >>> bands = np.arange(101.0).reshape(1, 1, 101)
    >>> cut = ChannelScaler("percentile", quantile_range=(1, 99), clip=True).fit(bands)
    >>> cut.transform(bands)[0, 0, [0, 1, 50, 99, 100]]
    array([0. , 0. , 0.5, 1. , 1. ])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "method": [StrOptions(set(METHODS))],
        **OF_CHANNELS,
        "quantile_range": [tuple],
        "clip": ["boolean", tuple],
        "ddof": [Interval(Integral, 0, 1, closed="both")],
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _measured_by = ("method",)

    def __init__(
        self,
        method: str = "standard",
        *,
        shape: Any = None,
        channel_axis: int = 1,
        quantile_range: tuple[float, float] = (25.0, 75.0),
        clip: Any = False,
        ddof: int = 0,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.method = method
        self.shape = shape
        self.channel_axis = channel_axis
        self.quantile_range = quantile_range
        self.clip = clip
        self.ddof = ddof
        self.dtype = dtype
        self.copy = copy

    def _validate_params(self) -> None:
        super()._validate_params()
        RobustScaler()._probabilities(self.quantile_range)  # refuse them with any method

    def _columns_scaler(self, n_channels: int) -> Any:
        """Return the scaler that takes each channel as a column."""
        given = {
            "ddof": self.ddof,
            "quantile_range": self.quantile_range,
            "feature_range": (0.0, 1.0),
        }
        return METHODS[self.method].scaler(given, n_channels)

    def _measure(self, X: Array, weight: Floats | None) -> Any:
        if self.method == "standard":
            return self._moments(X, weight)
        rows, repeated = self._members(X, weight)
        return self._columns_scaler(rows.shape[1])._measure(rows, repeated)

    def _rule(self, statistic: Statistic) -> Affine:
        affine: Affine = self._columns_scaler(statistic.weight.size)._rule(statistic)
        if self.clip is False:
            return affine.without("lower", "upper")
        if self.clip is True and self.method in BOUNDED:
            return affine
        return clipped(affine, RANGE if self.clip is True else self.clip, statistic, self._known)

    def _clips(self) -> bool:
        return True  # where the map has bounds

    def _takes(self, statistic: Statistic) -> bool:
        return type(statistic) in METHODS[self._with("method")].kind._statistics

    @classmethod
    def from_stats(
        cls,
        method: str = "standard",
        *,
        mean: Any = None,
        var: Any = None,
        std: Any = None,
        data_min: Any = None,
        data_max: Any = None,
        center: Any = None,
        scale: Any = None,
        n_samples: Any = None,
        feature_names: Any = None,
        **params: Any,
    ) -> Self:
        """Build a fitted scaler from known statistics of the channels.

        Parameters
        ----------
        method : {"standard", "minmax", "robust", "percentile"}, default="standard"
            The method.
        mean, var, std : float or array-like of shape (n_channels,), default=None
            For "standard": the mean, and the variance or its root, with the scaler's `ddof`.
        data_min, data_max : float or array-like of shape (n_channels,), default=None
            For "minmax": the extrema.
        center, scale : float or array-like of shape (n_channels,), default=None
            For "robust" and "percentile": what is subtracted, and what is divided by. Such a
            scaler cannot learn more.
        n_samples : float or array-like of shape (n_channels,), default=None
            For "standard" and "minmax": the number of members, over samples and positions. Without
            it, the scaler only serves: `partial_fit` and `merge` raise an error.
        feature_names : list of str, default=None
            The names of the columns of 2-D data, if these are the channels.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : ChannelScaler
            A new fitted scaler, for samples of any size.

        Raises
        ------
        ValueError
            If a statistic, a count, a name or a parameter is not as described, or a statistic is
            not one of the method.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_norm import ChannelScaler
        >>> scaler = ChannelScaler.from_stats(mean=[0.485, 0.456], std=[0.229, 0.224])
        >>> scaler.transform(np.array([[[[1.0]], [[0.0]]]])).ravel().round(4)
        array([ 2.2489, -2.0357])
        """
        scaler = cls._unfitted({"method": method, **params})
        given = {
            name: value
            for name, value in {
                "mean": mean,
                "var": var,
                "std": std,
                "data_min": data_min,
                "data_max": data_max,
                "center": center,
                "scale": scale,
                "n_samples": n_samples,
            }.items()
            if value is not None
        }
        scaler._check_known(given)
        chosen = METHODS[method]
        takes = {name: getattr(scaler, name) for name in chosen.takes if name != "feature_range"}
        kind: Any = chosen.kind
        known = kind.from_stats(**given, feature_names=feature_names, **takes)._fitted
        return scaler._built(known.measured_from(None), known.columns.names)

    def _check_known(self, given: dict[str, Any]) -> None:
        """Refuse statistics of another method, and the lack of those of this one."""
        needed = [name for name in KNOWN[self.method] if name != "n_samples"]
        advice = f"give {' and '.join(f'`{name}`' for name in needed)}, or choose another method."
        known = " ".join(KNOWN[self.method]).split()
        for name in given:
            if name not in known:
                raise ValueError(f"`{name}` is no statistic of method={self.method!r}: {advice}")
        for name in needed:
            if not given.keys() & {*name.split(" or ")}:
                raise ValueError(f"method={self.method!r} needs `{name}`: {advice}")

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        fitted = self._fitted
        if fitted is None or fitted.statistic.grows or self._with("method") not in OF_QUANTILES:
            return
        for name in ("center", "scale"):
            if np.isnan(getattr(fitted.statistic, name))[fitted.statistic.weight > 0].any():
                yield f"_statistic.{name}", f"cannot be NaN in a {type(self).__name__}"

    def _if_method(self, *methods: str) -> Any:
        """Return the statistic if it is of one of these methods, else None."""
        return self._seen() if self._with("method") in methods else None

    @property
    def center_(self) -> Floats:
        """Ndarray of shape (n_channels,): what is subtracted."""
        center = self._ruled().in_units("center")
        assert center is not None
        return center

    @property
    def scale_(self) -> Floats:
        """Ndarray of shape (n_channels,): the divisor."""
        scale = self._ruled().in_units("scale")
        assert scale is not None
        return scale

    @property
    def mean_(self) -> Floats | None:
        """Ndarray of shape (n_channels,) or None: the mean."""
        known = self._if_method("standard")
        return None if known is None else known.mean

    @property
    def var_(self) -> Floats | None:
        """Ndarray of shape (n_channels,) or None: the variance."""
        known = self._if_method("standard")
        return None if known is None else known.variance(self._with("ddof"))

    @property
    def data_min_(self) -> Floats | None:
        """Ndarray of shape (n_channels,) or None: the smallest member."""
        known = self._if_method("minmax")
        return None if known is None else np.where(known.weight == 0, np.nan, known.low)

    @property
    def data_max_(self) -> Floats | None:
        """Ndarray of shape (n_channels,) or None: the largest member."""
        known = self._if_method("minmax")
        return None if known is None else np.where(known.weight == 0, np.nan, known.high)

    @property
    def rank_error_(self) -> float | None:
        """Float or None: the current bound on the rank error."""
        if self._if_method(*OF_QUANTILES) is None:
            return None
        return float(self._measured().rank_error.max(initial=0.0))
