"""Decimal scaling: move the decimal point."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..affine import Affine
from ..base import Scaler
from ..kernels import Array, Floats
from ..statistics.extrema import Extrema

EXACT = 22  # 10**22 is the largest power of ten that a float64 holds exactly


class DecimalScaler(Scaler):
    r"""Divide each feature by the power of ten that brings it inside (-1, 1).

    :math:`z = x / 10^j`, with :math:`j` the smallest integer for which
    :math:`\max |x| / 10^j < 1`; it may be negative. A feature of zeros has
    :math:`j = 0`. Zeros stay zeros, so sparse data stay sparse.

    Parameters
    ----------
    copy : bool, default=True
        Whether `transform` and `inverse_transform` leave their input alone. False
        overwrites an array of floats.

    Attributes
    ----------
    max_abs_ : ndarray of shape (n_features,)
        The largest absolute value, float64.
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
        Their names, where all are strings.

    Notes
    -----
    j is found by comparing integers, never by a logarithm: 1000 has j = 4, and the
    float next below it j = 3. The divisor is 10**j, rounded up where a float64 cannot
    hold it, so that the result of the largest value stays below 1.

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

    _parameter_constraints: ClassVar[dict[str, Any]] = {"copy": ["boolean"]}

    def __init__(self, *, copy: bool = True) -> None:
        self.copy = copy

    def _measure(self, X: Array, weight: Floats | None) -> Extrema:
        return Extrema.measure(X, weight)

    def _rule(self, statistic: Extrema) -> Affine:
        powers = decimal_exponents(statistic.max_abs)
        divisors = [_divisor(int(j)) for j in powers]
        scale, binary, gain = (np.array(column) for column in zip(*divisors, strict=True))
        scale = np.where(statistic.weight == 0, np.nan, scale)
        return Affine.of(
            scale=None if np.all(scale == 1) else scale,
            gain=None if np.all(gain == 1) else gain,
            exponent=binary if binary.any() else None,
        )

    @property
    def max_abs_(self) -> Floats:
        """Ndarray of shape (n_features,): the largest absolute value."""
        return self._seen().max_abs  # type: ignore[no-any-return]

    @property
    def exponent_(self) -> npt.NDArray[np.int64]:
        """Ndarray of shape (n_features,): the power of ten divided by."""
        return decimal_exponents(self.max_abs_)

    @property
    def scale_(self) -> Floats:
        """Ndarray of shape (n_features,): what is divided by."""
        powers = [_float_power(int(j)) for j in self.exponent_]
        return np.where(np.isnan(self.max_abs_), np.nan, powers)


def decimal_exponents(peaks: Floats) -> npt.NDArray[np.int64]:
    """Return the smallest j with peak < 10**j per peak; 0 for 0 and NaN."""
    return np.array([_decimal_exponent(float(p)) for p in peaks], dtype=np.int64)


def _decimal_exponent(peak: float) -> int:
    if not 0 < peak < np.inf:
        return 0
    exact = Fraction(peak)
    j = len(str(exact.numerator)) - len(str(exact.denominator))  # right, or one too small
    while exact >= Fraction(10) ** j:
        j += 1
    while exact < Fraction(10) ** (j - 1):
        j -= 1
    return j


def _float_power(j: int) -> float:
    return float(10**j) if 0 <= j <= 308 else float(f"1e{j}")


def _divisor(j: int) -> tuple[float, int, float]:
    """Return (scale, binary exponent, gain) that divide by 10**j, rounded up."""
    if -EXACT <= j < 0:
        return 1.0, 0, float(10**-j)
    if 0 <= j <= EXACT:
        return float(10**j), 0, 1.0
    power = Fraction(10) ** j
    binary = power.numerator.bit_length() - power.denominator.bit_length()
    mantissa = power / Fraction(2) ** binary
    scale = float(mantissa)
    return (scale if Fraction(scale) >= mantissa else float(np.nextafter(scale, 2))), binary, 1.0
