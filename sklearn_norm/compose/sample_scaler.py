"""SampleScaler: each sample, or each channel of it, by its own statistics."""

from __future__ import annotations

from math import prod
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from .._sklearn import StrOptions
from ..estimators.output import DTYPE
from ..inputs.arguments import number
from ..kernels import Array, Floats, Traced
from ..maps.affine import Affine
from ..scalers.robust import RobustScaler
from ..tensors.axes import Axes, Shape
from ..tensors.channels import ChannelNorm
from . import sample_graphs
from .methods import MAX_ABS, MEAN_ABS, MINMAX, PERCENTILE, ROBUST, STANDARD

METHODS = {
    "standard": STANDARD,
    "minmax": MINMAX,
    "robust": ROBUST,
    "mean_abs": MEAN_ABS,
    "max_abs": MAX_ABS,
    "quantile": PERCENTILE,
}
QUARTILES, OUTER = (25.0, 75.0), (1.0, 99.0)  # the percentiles of "robust" and "quantile"


class SampleScaler(ChannelNorm):
    r"""Scale each sample, or each channel of it, by its own statistics.

    :math:`z = (x - c) / s`, with the :math:`c` and :math:`s` of a scaler whose only column is the
    sample or channel. For medical images, whose units differ from scan to scan, series of a
    panel, and windows whose forecasts go back to the original units.

    Parameters
    ----------
    method : {"standard", "minmax", "robust", "mean_abs", "max_abs", "quantile"}, default="standard"
        Mean 0 and standard deviation 1; the extrema to the ends of `feature_range`; median 0 and
        distance 1 between two percentiles; division by the mean or the largest of the absolute
        values; or two percentiles to the ends of `feature_range`.
    shape : tuple of int or int, default=None
        The shape of a sample, for data flattened to two axes. None takes that of X; the
        features of 2-D data are then the positions of one channel.
    channel_axis : int, default=1
        The axis of the channels in (n_samples, \*shape); -1 is the last.
    channel_wise : bool, default=True
        Whether each channel is scaled by itself, or a whole sample together.
    quantile_range : tuple (q_min, q_max) or None, default=None
        The percentiles, with 0 <= q_min <= q_max <= 100. None takes (1, 99) with the method
        "quantile" and (25, 75) with "robust"; other methods have none.
    feature_range : tuple (min, max), default=(0, 1)
        The range of the results, of the methods "minmax" and "quantile".
    clip : bool, default=False
        Clip the results of the method "quantile" to `feature_range`. What was clipped cannot be
        undone. No result of "minmax" is outside.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and bfloat16 of
        ml_dtypes, and returns float64 for others.

    Attributes
    ----------
    shape_ : tuple of int
        The shape of a sample.
    n_features_in_ : int
        The number of members of a sample.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of the columns of 2-D data, if all are strings.

    See Also
    --------
    ChannelScaler : Each channel by statistics of all samples.
    InstanceNorm : Mean and variance, with an eps, a gain and a bias, as in networks.

    Notes
    -----
    Members that are all equal become 0, as does a single one, or the lower end of `feature_range`.
    With "mean_abs" and "max_abs" they become 1 or -1, and zeros stay zeros.

    ``transform(X, return_stats=True)`` also returns center and scale of each sample and channel,
    by which `inverse_transform` undoes it, for any number of positions.

    References
    ----------
    R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
    Statistician 50 (1996), definition 7.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_norm import SampleScaler
    >>> series = np.array([[[2.0, 4.0, 6.0, 12.0]]])  # one sample of one channel
    >>> SampleScaler("minmax").transform(series)
    array([[[0. , 0.2, 0.4, 1. ]]])
    >>> Z, stats = SampleScaler("robust").transform(series, return_stats=True)
    >>> Z, stats
    (array([[[-0.75, -0.25,  0.25,  1.75]]]), array([[[5., 4.]]]))
    >>> SampleScaler("robust").inverse_transform(np.array([[[0.0, 0.5]]]), stats=stats)
    array([[[5., 7.]]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "method": [StrOptions(set(METHODS))],
        "shape": ["array-like", Integral, None],
        "channel_axis": [Integral],
        "channel_wise": ["boolean"],
        "quantile_range": [tuple, None],
        "feature_range": [tuple],
        "clip": ["boolean"],
        "dtype": DTYPE,
    }
    gamma = beta = None  # of norms
    eps = 0.0

    def __init__(
        self,
        method: str = "standard",
        *,
        shape: Any = None,
        channel_axis: int = 1,
        channel_wise: bool = True,
        quantile_range: tuple[float, float] | None = None,
        feature_range: tuple[float, float] = (0, 1),
        clip: bool = False,
        dtype: Any = None,
    ) -> None:
        self.method = method
        self.shape = shape
        self.channel_axis = channel_axis
        self.channel_wise = channel_wise
        self.quantile_range = quantile_range
        self.feature_range = feature_range
        self.clip = clip
        self.dtype = dtype

    def _validate_params(self) -> None:
        super()._validate_params()
        RobustScaler()._probabilities(self._percentiles())
        self._range()

    def _percentiles(self) -> tuple[float, float]:
        """Return the percentiles of the method."""
        if self.quantile_range is not None:
            return self.quantile_range
        return QUARTILES if self.method == "robust" else OUTER

    def _range(self) -> tuple[float, float]:
        """Return the ends of `feature_range`."""
        try:
            lower, upper = (float(number(end, "feature_range")) for end in self.feature_range)
        except (TypeError, ValueError):
            lower, upper = 1.0, 0.0
        if not lower < upper or not upper - lower < np.inf:
            raise ValueError(
                "`feature_range` must be two numbers (min, max), the first one smaller, and both "
                f"finite, as their difference. Got {self.feature_range!r}."
            )
        return lower, upper

    def _axes(self, sample: Shape) -> Axes:
        if self.channel_wise:
            return super()._axes(sample)
        return Axes(sample, (1, 1, prod(sample)), (1, 1, 1))

    def _checked_axes(self, tensor: Array) -> tuple[Axes, Floats | None, Floats | None]:
        return self._axes(tensor.shape[1:]), None, None

    def _normalised(
        self, axes: Axes, tensor: Array, gain: Floats | None, offset: Floats | None
    ) -> tuple[Array, Floats]:
        if isinstance(tensor, Traced):
            traced: Any = sample_graphs.scaled(
                self.method, axes, tensor, self._given(), self._clips()
            )
            return traced, np.empty((0, 0, 2))
        shape = (*tensor.shape[:1], axes.view[0])
        if tensor.size == 0:
            return np.empty(tensor.shape, self._dtype_of(tensor)), np.full((*shape, 2), np.nan)
        columns = axes.viewed(tensor).reshape(prod(shape), prod(axes.view[1:])).T
        mapping = self._map_of(columns)
        if mapping is None:  # `transform` finds the infinite member
            return tensor, np.full((*shape, 2), np.inf)
        Z = np.empty(columns.T.shape, self._dtype_of(tensor))
        mapping.apply(columns, Z.T, clip=self._clips())
        view = axes.viewed(np.empty((0, *axes.sample))).shape[1:]
        result = axes.unviewed(Z.reshape(-1, *view), len(tensor))
        return np.ascontiguousarray(result), stats_of(mapping).reshape(*shape, 2)

    def _map_of(self, columns: Array) -> Affine | None:
        """Return the map of samples as columns, None if a member is infinite."""
        scaler = self._columns_scaler(columns.shape[1])
        statistic = scaler._measure(columns, None)
        infinite = np.isinf(statistic.low) | np.isinf(statistic.high)
        if (infinite & (statistic.weight > 0)).any():
            return None
        mapping: Affine = scaler._rule(statistic)
        return mapping

    def _columns_scaler(self, n_columns: int) -> Any:
        """Return the scaler that takes each sample, or channel of it, as a column."""
        return METHODS[self.method].scaler(self._given(), n_columns)

    def _given(self) -> dict[str, Any]:
        """Return what the methods take."""
        ranges = {"quantile_range": self._percentiles(), "feature_range": self._range()}
        return {"ddof": 0, **ranges}

    def _clips(self) -> bool:
        return self.clip and self.method == "quantile"

    def _applied(
        self,
        axes: Axes,
        tensor: Array,
        stats: Floats,
        gain: Floats | None,
        offset: Floats | None,
    ) -> Array:
        Z = super()._applied(axes, tensor, stats, gain, offset)
        return np.clip(Z, *self._range()) if self._clips() else Z

    def _gain_and_offset(self, axes: Axes) -> tuple[Floats | None, Floats | None]:
        if "feature_range" not in METHODS[self.method].takes:
            return None, None
        lower, upper = (np.full((1, 1, 1), end) for end in self._range())
        return upper - lower, lower

    def _for_targets(self, sample: Shape, channels: Any, target: Shape) -> tuple[Any, Any, Shape]:
        if self.channel_wise:
            return super()._for_targets(sample, channels, target)
        single = self._of_single_channels()
        norm, chosen, whole = single._for_targets(sample, channels, target)
        return norm, np.zeros_like(chosen), whole

    def _of_single_channels(self) -> Any:
        return clone(self).set_params(channel_wise=True, clip=False)  # clipped, none is undone


def stats_of(mapping: Affine) -> Floats:
    """Return center and scale of each column, NaN where it has no members."""
    center, scale = (mapping.in_units(name) for name in ("center", "scale"))
    assert scale is not None
    center = np.where(np.isnan(scale), np.nan, 0.0) if center is None else center
    return np.stack([center, scale], axis=-1)
