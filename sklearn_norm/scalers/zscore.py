"""Z-scores: mean 0 and standard deviation 1."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar, Self, final

import numpy as np

from .._sklearn import Interval
from ..estimators.output import CLIP, DTYPE, clipped
from ..estimators.scaler import Scaler
from ..inputs.arguments import truth
from ..inputs.summaries import Summary
from ..interop.sklearn import Peer, SklearnPeer, count_of, left_alone, shared
from ..kernels import Array, Floats
from ..maps.affine import Affine
from ..statistics.given import UncountedMoments
from ..statistics.moments import Moments


class ZScoreScaler(SklearnPeer, Scaler):
    r"""Scale each feature to mean 0 and standard deviation 1.

    :math:`z = (x - \mu) / \sigma`, where :math:`\mu` is the mean and
    :math:`\sigma^2 = \sum w (x - \mu)^2 / (\sum w - \mathrm{ddof})`.

    A feature counts as constant, and is not divided, only if its minimum equals its maximum.

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean. Sparse data need False.
    with_std : bool, default=True
        Divide by the standard deviation.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of the variance. A total weight of at most `ddof`
        is not corrected.
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
    mean_ : ndarray of shape (n_features,) or None
        The mean, in the units of the data, float64.
    var_ : ndarray of shape (n_features,) or None
        The variance; inf where it exceeds the largest float, as for values around 1e155.
    scale_ : ndarray of shape (n_features,) or None
        The divisor: the standard deviation, or 1 for constant features.
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
        "clip": CLIP,
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _sparse_remedy = "pass `with_mean=False` instead"
    _peer_name = "StandardScaler"
    _peer_words: ClassVar[dict[str, str]] = {
        "both": "Both compute the same.",
        "taken": "It keeps the counts. A column that scikit-learn considered constant by its "
        "threshold is treated as constant.",
        "not_taken": ", or `scale_` is not the root of `var_`",
        "given": "It keeps the counts. Later fits follow scikit-learn's rules, including its "
        "threshold for constant columns.",
        "not_given": ": it has only `ddof` 0",
        "ours": "0.6124",
        "theirs": "0.6124",
    }

    def __init__(
        self,
        *,
        with_mean: bool = True,
        with_std: bool = True,
        ddof: int = 0,
        clip: Any = None,
        dtype: Any = None,
        copy: bool = True,
    ) -> None:
        self.with_mean = with_mean
        self.with_std = with_std
        self.ddof = ddof
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    _statistics = (Moments, UncountedMoments)

    def _measure(self, X: Array, weight: Floats | None) -> Moments:
        return Moments.measure(X, weight)

    def _rule(self, statistic: Moments) -> Affine:
        center = statistic.mean if self.with_mean else None
        scale = statistic.deviation(self.ddof) if self.with_std else None
        needed, parameter = (scale, "with_std") if self.with_std else (center, "with_mean")
        if needed is not None and np.isnan(needed[statistic.weight > 0]).any():
            raise ValueError(
                f"{parameter}=True needs what `from_stats` was not given. Keep {parameter}=False, "
                "or fit to all data."
            )
        affine = Affine.of(center=center, scale=scale)
        if self.clip is None:
            return affine
        return clipped(affine, self.clip, statistic, self._known)

    @classmethod
    def from_stats(
        cls,
        *,
        mean: Any = None,
        var: Any = None,
        std: Any = None,
        n_samples: Any = None,
        feature_names: Any = None,
        **params: Any,
    ) -> Self:
        """Build a fitted scaler from known statistics; `partial_fit` can continue it.

        Parameters
        ----------
        mean, var : float or array-like of shape (n_features,), default=None
            Mean and variance, the latter with the scaler's `ddof`. Not needed if the
            parameters `with_mean` and `with_std` do not use them.
        std : float or array-like of shape (n_features,), default=None
            The standard deviation, in place of `var`.
        n_samples : float or array-like of shape (n_features,), default=None
            The total weight of the data. 0 means no data, and both must then be NaN. Without a
            count, the scaler only serves: it has no `n_samples_seen_` and no
            `constant_features_`, and `partial_fit` and `merge` raise an error.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : ZScoreScaler
            A new fitted scaler. With a count, `partial_fit` and `merge` continue as if it had
            seen the data, unless `var` over- or underflowed, as for values around 1e-170. A
            `std` keeps the scale of such data.

        Raises
        ------
        ValueError
            If a statistic, a count, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import ZScoreScaler
        >>> scaler = ZScoreScaler.from_stats(mean=2.0, var=1.0, n_samples=2)
        >>> scaler.transform([[4.0]])
        array([[2.]])
        >>> scaler.partial_fit([[5.0]]).mean_
        array([3.])
        >>> ZScoreScaler.from_stats(mean=[2.0, 0.0], std=[3.0, 0.5]).transform([[5.0, 1.0]])
        array([[1., 2.]])
        """
        scaler = cls._unfitted(params)
        if var is not None and std is not None:
            raise ValueError("Give `var` or `std`, its root, not both.")
        spread, what = ("var", "variance") if std is None else ("std", "standard deviation")
        given = {"mean": mean, spread: var if std is None else std, "n_samples": n_samples}
        told = Summary.read(feature_names, tuple(given), ("mean",), **given)
        told.need("mean", scaler, "with_mean", "with_std")
        told.need(spread, scaler, "with_std")
        weight = told.weight("n_samples")
        told.refuse(spread, told[spread] < 0, f"a {what} is at least 0.")
        kind = Moments if n_samples is not None else UncountedMoments
        statistic = kind.known(
            told["mean"], told[spread], weight, scaler.ddof, of_deviation=std is not None
        )
        return scaler._built(statistic, told.names, told.origin)

    @classmethod
    def _from_peer(cls, theirs: Any) -> Self:
        number = np.broadcast_to(theirs.n_samples_seen_, (theirs.n_features_in_,))
        var = theirs.var_
        if theirs.scale_ is not None:
            var = np.where(left_alone(theirs, theirs.scale_, np.sqrt(var)), 0.0, var)
        parameters = shared(theirs, "with_mean", "with_std", "copy")
        return cls.from_stats(mean=theirs.mean_, var=var, n_samples=number, **parameters)

    def _as_peer(self) -> Peer:
        if self._with("ddof"):
            raise ValueError(
                f"StandardScaler knows ddof=0 only. Got ddof={self._with('ddof')}: build a scaler "
                "of ddof=0 with the same variance, from_stats(mean=mean_, var=var_, "
                "n_samples=n_samples_seen_), and turn that into one."
            )
        return Peer(
            {
                "with_mean": self._with("with_mean"),
                "with_std": self._with("with_std"),
                "copy": self.copy,
            },
            {
                "mean_": self.mean_,
                "var_": self.var_,
                "scale_": self.scale_,
                # a NumPy scalar, as in scikit-learn
                "n_samples_seen_": np.array(count_of(self))[()],
            },
        )

    def _clips(self) -> bool:
        return True  # where the map has bounds

    def _moves_zeros(self) -> bool:
        return truth(self.with_mean, "with_mean")

    def _takes_origin(self) -> bool:
        return True

    @property
    def mean_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the mean."""
        if not (self._with("with_mean") or self._with("with_std")):
            return None
        return self._present().located(self._seen().mean)

    @property
    def var_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the variance."""
        return self._seen().variance(self._with("ddof")) if self._with("with_std") else None

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,) or None: the divisor."""
        return self._ruled().in_units("scale")


@final
class StandardScaler(ZScoreScaler):
    """ZScoreScaler under scikit-learn's name: parameters and attributes are described there.

    Code that imports `StandardScaler` from scikit-learn needs only another import: steps of
    pipelines, paths of parameters and lists of class names stay as they are.

    Parameters
    ----------
    with_mean : bool, default=True
        Subtract the mean.
    with_std : bool, default=True
        Divide by the standard deviation.
    ddof : {0, 1}, default=0
        Delta degrees of freedom of the variance.
    clip : {"range"}, tuple (low, high) or None, default=None
        What `transform` clips its results to.
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns.
    copy : bool, default=True
        Whether the input stays unchanged.

    See Also
    --------
    ZScoreScaler : The same scaler, with its parameters and attributes in full.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_norm import StandardScaler
    >>> pipeline = make_pipeline(StandardScaler()).fit([[0.0], [2.0]])
    >>> pipeline.set_params(standardscaler__with_mean=False).transform([[4.0]])
    array([[3.]])
    """

    _peer_name = "StandardScaler"
