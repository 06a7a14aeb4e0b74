"""Decimal scaling: move the decimal point."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from ..estimators.fitted import Fitted
from ..estimators.output import DTYPE
from ..estimators.peaks import PeakScaler
from ..inputs.ends import kept_below
from ..inputs.table import Table
from ..interop.sklearn import SklearnPeer
from ..kernels import Floats
from ..maps.affine import Affine
from ..statistics.extrema import Extrema

if TYPE_CHECKING:
    from fractions import Fraction

LEAST, MOST = -324, 309  # range of the exponent j for float64
WIDE = 2.0**52  # beyond, the nearest float of a number may be a power of ten above it
EXACT = 22  # 10**22 is the largest power of ten that a float64 holds exactly


class DecimalScaler(PeakScaler, SklearnPeer):
    r"""Divide each feature by the smallest power of ten that brings it inside (-1, 1).

    :math:`z = x / 10^j`, with :math:`j` the smallest integer for which
    :math:`\max |x| / 10^j < 1`; it may be negative. A feature of zeros has
    :math:`j = 0`. Zeros stay zeros, so sparse data stay sparse.

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
        The largest absolute value: of an integer beyond 2**53, the nearest float64 with the
        same exponent j.
    exponent_ : ndarray of shape (n_features,)
        The exponent j, int64.
    scale_ : ndarray of shape (n_features,)
        10**j, as a float64: inf or subnormal at the ends of the range.
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
    j is found by exact comparisons, not by a logarithm: 1000 has j = 4, and the next
    smaller float has j = 3. The divisor is 10**j, rounded up if it is not a float64. A
    value below 10**j stays below 1, even if its quotient would round to 1.

    References
    ----------
    J. Han, M. Kamber and J. Pei, "Data Mining: Concepts and Techniques", 3rd ed. (2011),
    section 3.5.2, "normalization by decimal scaling".

    Examples
    --------
    >>> from sklearn_norm import DecimalScaler
    >>> scaler = DecimalScaler().fit([[-986.0, 0.02], [917.0, 0.05]])
    >>> scaler.exponent_
    array([ 3, -1])
    >>> scaler.transform([[-986.0, 0.05]])
    array([[-0.986,  0.5  ]])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "clip": ["boolean"],
        "dtype": DTYPE,
        "copy": ["boolean"],
    }
    _peer_name = "MaxAbsScaler"
    _peer_words: ClassVar[dict[str, str]] = {
        "both": "Only the maxima are shared. The results differ: scikit-learn's scaler divides by "
        "the maximum, and this one by a power of ten.",
        "taken": "It has the maxima and `clip`. The count is the number of rows, missing or not.",
        "not_taken": "",
        "given": "It has the maxima and `clip`. It counts rows, so its count is that of the column "
        "with the fewest missing values.",
        "not_given": ": `clip`, in a release that lacks it",
        "ours": "0.1",
        "theirs": "0.5",
    }

    def __init__(self, *, clip: bool = False, dtype: Any = None, copy: bool = True) -> None:
        self.clip = clip
        self.dtype = dtype
        self.copy = copy

    def _rule(self, statistic: Extrema) -> Affine:
        places = decimal_exponents(statistic.max_abs) - LEAST
        scale, binary, gain = (vector[places] for vector in _divisors())
        scale = np.where(statistic.weight == 0, np.nan, scale)
        one = np.ones_like(statistic.weight)
        affine = Affine.of(
            lower=-one,
            upper=one,
            scale=None if np.all(scale == 1) else scale,
            gain=None if np.all(gain == 1) else gain,
            exponent=binary if binary.any() else None,
        )
        return affine.below_1(statistic.max_abs, _ceilings()[places])

    def _take(self, state: dict[str, Any]) -> None:
        super()._take(state)
        fitted = self._fitted
        if fitted is not None and "clip" not in (state.get("_parameters") or {}):
            one = np.ones(fitted.n_columns)  # an older version had no `clip`, and no bounds
            self._fitted = fitted.but(map=replace(fitted.map, lower=-one, upper=one))

    def _float_of(self, number: Any) -> float:
        return float_of(number)

    def _scaled(self, fitted: Fitted, table: Table, *options: Any, **more: Any) -> Any:
        if table.values is not table.given or table.values.dtype.kind != "f":
            peaks: Floats = fitted.statistic.max_abs
            if peaks.max(initial=0.0) > WIDE:
                table = kept_below(table, _ceilings()[decimal_exponents(peaks) - LEAST])
        return super()._scaled(fitted, table, *options, **more)

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
        scaler : DecimalScaler
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
        >>> from sklearn_norm import DecimalScaler
        >>> scaler = DecimalScaler.from_stats(max_abs=[986.0, 0.05], n_samples=2)
        >>> scaler.transform([[-986.0, 0.05]])
        array([[-0.986,  0.5  ]])
        >>> scaler.partial_fit([[1000.0, 0.0]]).exponent_
        array([ 4, -1])
        """
        return cls._of_peaks(max_abs, n_samples, feature_names, params)

    @classmethod
    def _from_peer(cls, theirs: Any) -> Self:
        return cls._of_peer(theirs, np.asarray(theirs.max_abs_, dtype=np.float64))

    @property
    def exponent_(self) -> npt.NDArray[np.int64]:
        """Ndarray of shape (n_features,): the exponent of the power of ten that divides."""
        return decimal_exponents(self.max_abs_)

    @property
    def scale_(self) -> Floats:
        """Ndarray of shape (n_features,): the divisor."""
        powers = np.array([float(f"1e{j}") for j in range(LEAST, MOST + 1)])
        return np.where(np.isnan(self.max_abs_), np.nan, powers[self.exponent_ - LEAST])


def decimal_exponents(peaks: Floats) -> npt.NDArray[np.int64]:
    """Return the smallest j with peak < 10**j for each peak; 0 for 0, infinity and NaN.

    A float is below 10**j if and only if it is below the smallest float of at least 10**j.
    """
    exponents = np.searchsorted(_ceilings(), peaks, side="right") + LEAST
    return np.where((peaks > 0) & (peaks < np.inf), exponents, 0).astype(np.int64)


def float_of(number: Any) -> float:
    """Return the nearest float with the decimal exponent of an exact number, such as an integer."""
    found = float(number)
    if isinstance(number, float) or abs(found) <= WIDE:
        return found
    exponent = len(str(int(abs(number))))
    while decimal_exponents(np.abs(found)) > exponent:
        found = float(np.nextafter(found, 0))
    while decimal_exponents(np.abs(found)) < exponent:
        found = float(np.nextafter(found, np.copysign(np.inf, found)))
    return found


@cache
def _ceilings() -> Floats:
    """Return the smallest float of at least 10**j, from j = LEAST to MOST."""
    return np.array([_ceiling(_power(10, j)) for j in range(LEAST, MOST + 1)])


def _power(base: int, exponent: int) -> Fraction:
    """Return an exact power."""
    from fractions import Fraction  # of all that this package needs, only this is not loaded yet

    return Fraction(base) ** exponent


def _ceiling(exact: Fraction) -> float:
    try:
        nearest = float(exact)
    except OverflowError:
        return np.inf
    return nearest if nearest >= exact else float(np.nextafter(nearest, np.inf))


@cache
def _divisors() -> tuple[Floats, npt.NDArray[np.int64], Floats]:
    """Return (scale, binary exponent, gain) that divide by 10**j, from j = LEAST to MOST."""
    rows = [_divisor(j) for j in range(LEAST, MOST + 1)]
    scale, binary, gain = zip(*rows, strict=True)
    return np.array(scale), np.array(binary), np.array(gain)


def _divisor(j: int) -> tuple[float, int, float]:
    if -EXACT <= j < 0:
        return 1.0, 0, float(10**-j)
    if 0 <= j <= EXACT:
        return float(10**j), 0, 1.0
    power = _power(10, j)
    plain = -290 <= j <= 300  # neither the divisor nor a quotient leaves the normal floats
    binary = 0 if plain else power.numerator.bit_length() - power.denominator.bit_length()
    return _ceiling(power / _power(2, binary)), binary, 1.0
