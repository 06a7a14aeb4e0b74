"""Maximum absolute scaling: the largest absolute value of each feature becomes 1."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from ..estimators.output import DTYPE
from ..estimators.peaks import PeakScaler
from ..interop.sklearn import SklearnPeer, left_alone
from ..kernels import Floats
from ..maps.affine import Affine
from ..statistics.extrema import Extrema


class MaxAbsScaler(PeakScaler, SklearnPeer):
    r"""Divide each feature by its largest absolute value.

    :math:`z = x / \max |x|`. Rows of the fit are mapped into [-1, 1], and the largest
    absolute value exactly to 1 or -1. A feature of zeros is not divided. Zeros stay zeros,
    so sparse data stay sparse.

    Parameters
    ----------
    clip : bool, default=False
        Clip what `transform` returns to [-1, 1].
    dtype : {"float16", "float32", "float64"}, dtype or None, default=None
        The dtype of what `transform` returns. None keeps float16 and float32, and returns
        float64 for others. It is written at once, without a copy in float64.
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input unchanged. False
        lets them overwrite an array of floats.

    Attributes
    ----------
    max_abs_ : ndarray of shape (n_features,)
        The largest absolute value, float64.
    scale_ : ndarray of shape (n_features,)
        The divisor: `max_abs_`, or 1 for features of zeros.
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
    DecimalScaler : Divides by a power of ten, so values stay readable.
    MinMaxScaler : Maps the range of a feature, not its largest absolute value.

    Examples
    --------
    >>> from sklearn_norm import MaxAbsScaler
    >>> scaler = MaxAbsScaler().fit([[-4.0, 1.0], [2.0, 0.5]])
    >>> scaler.max_abs_
    array([4., 1.])
    >>> scaler.transform([[2.0, 1.0]])
    array([[0.5, 1. ]])
    >>> scaler.partial_fit([[8.0, 0.0]]).transform([[2.0, 1.0]])
    array([[0.25, 1.  ]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "clip": ["boolean"],
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _peer_name = "MaxAbsScaler"
    _peer_words: ClassVar[dict[str, str]] = {
        "both": "Both compute the same.",
        "taken": "The count is the number of rows, missing or not. A maximum that scikit-learn "
        "considered 0 by its threshold is treated as 0.",
        "not_taken": ", or `scale_` does not follow from `max_abs_`",
        "given": "It counts rows, so its count is that of the column with the fewest missing "
        "values. Later fits follow scikit-learn's rules: it does not divide by tiny maxima.",
        "not_given": ": `clip`, in a release that lacks it",
        "ours": "0.5",
        "theirs": "0.5",
    }

    def __init__(self, *, clip: bool = False, dtype: Any = None, copy: bool = True) -> None:
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    def _rule(self, statistic: Extrema) -> Affine:
        one = np.ones_like(statistic.weight)
        return Affine.of(scale=statistic.max_abs, lower=-one, upper=one)

    @classmethod
    def from_stats(
        cls, *, max_abs: Any, n_samples: Any = None, feature_names: Any = None, **params: Any
    ) -> Self:
        """Build a fitted scaler from known absolute maxima, which later batches may raise.

        Parameters
        ----------
        max_abs : float or array-like of shape (n_features,)
            The largest absolute value seen.
        n_samples : float or array-like of shape (n_features,), default=None
            The total weight of the data. 0 means no data, and `max_abs` must then be NaN.
            Without a count, the scaler only serves: it has no `n_samples_seen_` and no
            `constant_features_`, and `partial_fit` and `merge` raise an error.
        feature_names : list of str, default=None
            The names of the columns.
        **params
            Parameters of the class.

        Returns
        -------
        scaler : MaxAbsScaler
            A new fitted scaler, the same as if it had seen the data, except for
            `constant_features_`: only columns of zeros can be recognised.

        Raises
        ------
        ValueError
            If a maximum, a count, a name or a parameter is not as described.
        TypeError
            If a parameter is unknown.

        Examples
        --------
        >>> from sklearn_norm import MaxAbsScaler
        >>> scaler = MaxAbsScaler.from_stats(max_abs=[4.0, 1.0], n_samples=2)
        >>> scaler.transform([[2.0, 1.0]])
        array([[0.5, 1. ]])
        >>> scaler.partial_fit([[8.0, 0.0]]).max_abs_
        array([8., 1.])
        """
        return cls._of_peaks(max_abs, n_samples, feature_names, params)

    @classmethod
    def _from_peer(cls, theirs: Any) -> Self:
        peak = np.asarray(theirs.max_abs_, dtype=np.float64)
        # a tiny maximum, by which scikit-learn does not divide, becomes a column of zeros
        peak = np.where(left_alone(theirs, np.asarray(theirs.scale_), peak), 0.0, peak)
        return cls._of_peer(theirs, peak)

    @property
    def scale_(self) -> Floats | None:
        """Ndarray of shape (n_features,): the divisor."""
        return self._ruled().in_units("scale")
