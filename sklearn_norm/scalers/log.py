"""Logarithms: a function like a logarithm, then z-scores."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np

from .._sklearn import Interval, StrOptions
from ..estimators.output import CLIP, DTYPE, clipped
from ..estimators.units import UNIT, UnitScaler, whole
from ..inputs import parameters
from ..inputs.arguments import number, truth
from ..inputs.labelled import per_column
from ..inputs.summaries import Summary
from ..kernels import Array, Floats
from ..kernels.sparse import is_sparse
from ..maps.affine import Affine
from ..maps.bends import KINDS, Logit
from ..maps.chain import Bend, Chain
from ..statistics.given import UncountedMoments
from ..statistics.moments import Moments
from ..statistics.units import InUnits

LOGIT = "logit"
KEEP_ZEROS = ("log1p", "asinh", "signed_log1p")
EVERYWHERE = ("asinh", "signed_log1p")  # the kinds that are defined for all numbers
ROUNDING = 2.0**-49  # of two logarithms of one number, 4 units in the last place each
WHOLE = (0, 1)  # the bounds of shares


class LogScaler(UnitScaler):
    r"""Take a logarithm, or a function like one, then scale to mean 0 and standard deviation 1.

    With the unit :math:`u` of a column, the base :math:`b`, and bounds :math:`l` and :math:`h`, the
    kinds are

    * "log": :math:`\log_b (x / u)`, of positive numbers;
    * "log1p": :math:`\log_b (1 + x / u)`, of numbers above :math:`-u`;
    * "asinh": :math:`\operatorname{asinh}(x / u) / \ln b`, of all numbers: linear about 0, and
      :math:`\pm \log_b |2 x / u|` far from it;
    * "signed_log1p": :math:`\operatorname{sign}(x) \log_b (1 + |x / u|)`, of all numbers;
    * "logit": :math:`\log_b \frac{x - l}{h - x}`, of numbers between the bounds.

    No constant is added to the data to make a logarithm possible. What has none is an error,
    unless `nonpositive` says what becomes of it.

    Parameters
    ----------
    kind : {"log", "log1p", "asinh", "signed_log1p", "logit"}, default="log"
        The function.
    unit : float, array-like of shape (n_features,) or "median", default=1.0
        What is divided by first, above 0; a series or a dict is aligned by label. "median" is
        the median of the absolute values other than 0, learned from the first batch that has
        such a value, and then kept. Not for "logit".
    base : float or "e", default="e"
        The base of the logarithm, above 1. Other functions are divided by its natural logarithm.
        With `standardize` it changes nothing but `center_` and `scale_`.
    nonpositive : {"error", "nan", "clip"}, default="error"
        What becomes of a value of which there is no logarithm, such as 0 for "log", and a bound
        for "logit": an error, NaN, or the `floor`. The kinds "asinh" and "signed_log1p" take all
        values.
    floor : float or array-like of shape (n_features,), default=None
        The smallest value with ``nonpositive="clip"``: smaller ones become it. For "logit" the
        smallest distance from a bound. In the units of the data.
    bounds : tuple (low, high), default=(0, 1)
        The bounds of "logit": two numbers, or two arrays with an entry per feature.
    standardize : bool, default=True
        Subtract the mean of the logarithms, and divide by their standard deviation. Sparse data
        need False.
    clip : {"range"}, tuple (low, high) or None, default=None
        What `transform` clips its results to: "range" is what the extrema of the data of the
        fit are mapped to, so new data stay inside; a pair holds two numbers, or two arrays with
        an entry per feature. None does not clip. It takes effect at the next fit.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,) or None
        The mean of the logarithms, float64. None without `standardize`.
    scale_ : ndarray of shape (n_features,) or None
        The standard deviation of the logarithms; 1 where they are all equal, to 49 bits.
    unit_ : ndarray of shape (n_features,) or None
        The unit. NaN where "median" has seen no value other than 0 yet; until then the unit is 1.
        None for "logit".
    n_samples_seen_ : int, float or ndarray of shape (n_features,)
        The weight seen, without values that became NaN; an array where features differ.
    constant_features_ : ndarray
        The names, or indices, of the features whose logarithms are all equal, to 49 bits: those of
        one number differ in their last bits with the version of NumPy.
    n_features_in_ : int
        The number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    SquashScaler : Holds outliers inside a bound.
    ZScoreScaler : The same without the logarithm.

    Notes
    -----
    A stream keeps the parameters that its data were measured by: another `kind`, `unit`, `base`,
    `nonpositive`, `floor` or `bounds` needs a new fit. Parts whose units were learned from their
    own first batches merge only where the units are the same; give all parts the `unit_` of one.

    Zeros stay zeros under "log1p", "asinh" and "signed_log1p", so sparse data stay sparse with
    ``standardize=False``. A graph of ONNX raises no error: what has no logarithm becomes NaN or
    infinity there.

    References
    ----------
    J. B. Burbidge, L. Magee and A. L. Robb, "Alternative transformations to handle extreme values
    of the dependent variable", Journal of the American Statistical Association 83 (1988), for
    "asinh". J. A. John and N. R. Draper, "An alternative family of transformations", Applied
    Statistics 29 (1980), for "signed_log1p".

    Examples
    --------
    >>> from sklearn_norm import LogScaler
    >>> scaler = LogScaler(base=10).fit([[1.0], [100.0]])
    >>> scaler.center_, scaler.transform([[1000.0]])
    (array([1.]), array([[2.]]))
    >>> LogScaler("asinh", standardize=False).fit_transform([[1.0], [-10.0]]).round(4)
    array([[ 0.8814],
           [-2.9982]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "kind": [StrOptions({*KINDS, LOGIT})],
        "unit": UNIT,
        "base": [StrOptions({"e"}), Interval(Real, 1, None, closed="neither")],
        "nonpositive": [StrOptions({"error", "nan", "clip"})],
        "floor": [Real, "array-like", dict, None],
        "bounds": [tuple],
        "standardize": ["boolean"],
        "clip": CLIP,
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _sparse_remedy = 'use kind="log1p" or "asinh" with `standardize=False`'
    _statistics = (Moments, UncountedMoments, InUnits)
    _measured_by = ("kind", "unit", "base", "nonpositive", "floor", "bounds")

    def __init__(
        self,
        kind: str = "log",
        *,
        unit: Any = 1.0,
        base: Any = "e",
        nonpositive: str = "error",
        floor: Any = None,
        bounds: Any = WHOLE,
        standardize: bool = True,
        clip: Any = None,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.kind = kind
        self.unit = unit
        self.base = base
        self.nonpositive = nonpositive
        self.floor = floor
        self.bounds = bounds
        self.standardize = standardize
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    def _validate_params(self) -> None:
        super()._validate_params()
        if self.kind == LOGIT and not parameters.same(self.unit, 1.0):
            raise ValueError(f'kind="logit" has no `unit`, but `bounds`. Got unit={self.unit!r}.')
        if self.kind != LOGIT and not parameters.same(self.bounds, WHOLE):
            raise ValueError(f'`bounds` are of kind="logit". Got bounds={self.bounds!r}.')
        clips = self.nonpositive == "clip" and self.kind not in EVERYWHERE
        if clips and self.floor is None:
            raise ValueError(
                'nonpositive="clip" needs the `floor`: the smallest value that a logarithm is '
                "taken of, in the units of the data."
            )
        if self.floor is not None and not clips:
            raise ValueError(
                f'`floor` is for nonpositive="clip". Got floor={self.floor!r} with '
                f'nonpositive="{self.nonpositive}" and kind="{self.kind}".'
            )

    def _measure(self, X: Array, weight: Floats | None) -> Moments | InUnits:
        unit = self._units_of(X, weight)
        members = Moments.measure(self._bend(whole(unit)).bent(X), weight)
        return InUnits.of(members, unit) if self._learns_units() else members

    def _sized(self, X: Array) -> Array:
        if self.kind != "log":
            return X
        floor = self._floor(X.shape[1])
        return np.where(X > 0, X, np.nan) if floor is None else np.maximum(X, floor)

    def _rule(self, statistic: Moments | InUnits) -> Chain:
        unit, moments = self._in_units(statistic)
        affine = Affine()
        if self.standardize:
            scale = self._deviation(statistic, moments)
            if np.isnan(scale[statistic.weight > 0]).any():
                raise ValueError(
                    "standardize=True needs what `from_stats` was not given. Keep "
                    "standardize=False, or fit to all data."
                )
            affine = Affine.of(center=moments.mean, scale=scale)
        if self.clip is not None:
            affine = clipped(affine, self.clip, statistic, self._known)
        return Chain(self._bend(unit), affine)

    def _alike(self, statistic: Moments | InUnits) -> Any:
        """Return of which columns the logarithms are equal but for their rounding."""
        low, high = statistic.low, statistic.high
        with np.errstate(all="ignore"):  # unknown or absent members have infinite extrema
            near = high - low <= ROUNDING * np.maximum(np.abs(low), np.abs(high))
        return near & np.isfinite(low) & np.isfinite(high)

    def _bend(self, unit: Floats) -> Bend:
        """Return the function, by the units of the columns."""
        base = math.e if self.base == "e" else number(self.base, "base")
        given: dict[str, Any] = {"base": base, "nonpositive": self.nonpositive}
        if self.kind == LOGIT:
            low, high = self._given_bounds(unit.size)
            floor = self._floor(unit.size)
            if floor is not None:
                wrong = ~((floor > 0) & (floor < (high - low) / 2))
                remedy = "give a distance above 0, and below half of that of the `bounds`."
                self._refuse("floor", floor, wrong, remedy)
            return Logit(low, high, floor=floor, **given)
        floor = self._floor(unit.size)
        if floor is not None:
            least = np.zeros(unit.size) if self.kind == "log" else -unit
            remedy = "there is no logarithm of it. Give a larger one, such as the smallest value."
            self._refuse("floor", floor, ~((floor > least) & (floor < np.inf)), remedy)
        return KINDS[self.kind](unit, floor=floor, **given)

    def _floor(self, size: int) -> Floats | None:
        if self.floor is None:
            return None
        return per_column(self.floor, "floor", size, self._known.columns)

    def _given_bounds(self, size: int) -> tuple[Floats, Floats]:
        try:
            low, high = self.bounds
        except (TypeError, ValueError):
            raise ValueError(f"`bounds` must be a pair (low, high). Got {self.bounds!r}.") from None
        columns = self._known.columns
        low, high = (per_column(end, "bounds", size, columns) for end in (low, high))
        with np.errstate(over="ignore", invalid="ignore"):
            wrong = ~((low < high) & np.isfinite(high - low))
        remedy = "`bounds` must be finite, the lower one below the upper one."
        self._refuse("a lower bound", low, wrong, remedy)
        return low, high

    @classmethod
    def from_stats(
        cls,
        *,
        center: Any = None,
        scale: Any = None,
        n_samples: Any = None,
        feature_names: Any = None,
        **params: Any,
    ) -> Self:
        """Build a fitted scaler from the known mean and deviation of the logarithms.

        Parameters
        ----------
        center : float or array-like of shape (n_features,), default=None
            The mean of the logarithms: of what the `kind` gives, with the `unit` and the `base`.
            Not needed with ``standardize=False``.
        scale : float or array-like of shape (n_features,), default=None
            Their standard deviation, above 0. Not needed with ``standardize=False``.
        n_samples : float or array-like of shape (n_features,), default=None
            The total weight of the data. 0 means no data, and both must then be NaN. Without a
            count, the scaler only serves: it has no `n_samples_seen_` and no
            `constant_features_`, and `partial_fit` and `merge` raise an error.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class. The `unit` must be given as numbers.

        Returns
        -------
        scaler : LogScaler
            A new fitted scaler.

        Raises
        ------
        ValueError
            If a center, a scale, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_norm import LogScaler
        >>> LogScaler.from_stats(center=10, scale=3).transform([[np.exp(13)]])
        array([[1.]])
        """
        scaler = cls._unfitted(params)
        if scaler._learns_units():
            raise ValueError('unit="median" is learned from data: give `from_stats` the numbers.')
        told = Summary.read(
            feature_names,
            ("center", "scale", "n_samples"),
            center=center,
            scale=scale,
            n_samples=n_samples,
        )
        told.need("center", scaler, "standardize")
        told.need("scale", scaler, "standardize")
        weight = told.weight("n_samples")
        told.refuse("scale", told["scale"] <= 0, "it must be above 0; 1 leaves a column as wide.")
        kind = Moments if n_samples is not None else UncountedMoments
        moments = kind.known(told["center"], told["scale"], weight, of_deviation=True)
        return scaler._built(moments, told.names)

    def inverse_transform_mean(self, mean: Any, std: Any, columns: Any = None) -> Any:
        r"""Return the mean, in the original units, of what is normal after the scaling.

        A model that predicts the mean of a logarithm predicts, by `inverse_transform`, the
        median of the value. Its mean is larger: :math:`e^{m + s^2 / 2}` for a normal logarithm
        of mean :math:`m` and standard deviation :math:`s`.

        Parameters
        ----------
        mean : {array-like, DataFrame} of shape (n_samples, n_columns)
            Means of scaled data.
        std : {array-like, DataFrame} of shape (n_samples, n_columns)
            Their standard deviations, at least 0.
        columns : list of str or int, default=None
            Names or indices of the columns, as in `inverse_transform`.

        Returns
        -------
        X : {ndarray, DataFrame} of shape (n_samples, n_columns)
            The means in the units of the data, in the container that `inverse_transform` returns
            for `mean`.

        Raises
        ------
        ValueError
            If there is no closed form: for "logit" and "signed_log1p". If the columns are not
            those of the fit, the shapes differ, or a standard deviation is below 0.

        Notes
        -----
        For "log1p" the mean is :math:`u (e^{m + s^2 / 2} - 1)`, and for "asinh"
        :math:`u e^{s^2 / 2} \sinh m`. J. Aitchison and J. A. C. Brown, "The Lognormal
        Distribution" (1957).

        Examples
        --------
        >>> from sklearn_norm import LogScaler
        >>> scaler = LogScaler.from_stats(center=2.0, scale=0.5)
        >>> scaler.inverse_transform_mean([[1.0]], [[2.0]]).round(4)
        array([[20.0855]])
        >>> scaler.inverse_transform([[1.0]]).round(4)
        array([[12.1825]])
        """
        fitted = self._fitted_now()
        table, chosen = self._read_scaled(mean, columns, fitted)
        widths, others = self._read_scaled(std, columns, fitted)
        same = table.values.shape == widths.values.shape and np.array_equal(chosen, others)
        if not same or is_sparse(table.values) or is_sparse(widths.values):
            raise ValueError(
                "`mean` and `std` must be dense, of the same shape and columns. Got the shapes "
                f"{table.values.shape} and {widths.values.shape}."
            )
        for one in (table, widths):
            if not np.isfinite(one.values).all() and np.isinf(one.values).any():
                one.refuse_infinite()
        below = np.flatnonzero((widths.values < 0).any(axis=0))
        if below.size:
            raise ValueError(
                f"Column {widths.label(int(below[0]))!r} has a standard deviation below 0."
            )
        mapping: Any = fitted.map if chosen is None else fitted.map.columns(chosen)
        normal = (
            mapping.then.invert(table.values.astype(np.float64)),
            mapping.then.linear().invert(widths.values.astype(np.float64)),
        )
        with np.errstate(over="ignore"):
            found = mapping.first.mean_of_normal(*normal)
        return table.framed(found, self._wanted(mean))

    def _clips(self) -> bool:
        return True  # where the map has bounds

    def _moves_zeros(self) -> bool:
        return truth(self.standardize, "standardize") or not self._is("kind", *KEEP_ZEROS)

    def _is(self, name: str, *words: str) -> bool:
        """Whether a parameter is one of these words; it may be anything before it is checked."""
        given = getattr(self, name)
        return isinstance(given, str) and given in words

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        refuses = self._is("kind", "log") and self._is("nonpositive", "error")
        tags.input_tags.positive_only = refuses
        return tags

    @property
    def center_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the mean of the logarithms."""
        return self._ruled().in_units("center")

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the standard deviation of the logarithms."""
        return self._ruled().in_units("scale")
