"""Conversion from and to scikit-learn's scalers, which are imported only inside functions."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from .. import _sklearn
from ..inputs.columns import Columns
from ..inputs.parameters import names_of
from ..kernels import Array, Floats
from .docstrings import fill_in, template

AGREEMENT = 1e-6  # relative tolerance; spread and scale may have been float32


@dataclass(frozen=True)
class Peer:
    """A fitted scikit-learn scaler, described by plain values.

    Parameters
    ----------
    parameters : dict
        The parameters of its class.
    fitted : dict
        Its fitted attributes, except those of the columns.
    """

    parameters: dict[str, Any]
    fitted: dict[str, Any] = field(default_factory=dict)


class SklearnPeer:
    """Gives a scaler `from_sklearn` and `to_sklearn`.

    A scaler names the scikit-learn class in `_peer_name`, and defines two hooks, `_from_peer`
    and `_as_peer`. `_peer_words` holds the parts of the docstrings that differ between scalers.
    """

    _peer_name: ClassVar[str]
    _peer_words: ClassVar[dict[str, str]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "_peer_name" in vars(cls):
            names = {"scaler": cls.__name__, "peer": cls._peer_name, **cls._peer_words}
            fill_in(cls, SklearnPeer, **names)

    @classmethod
    @abstractmethod
    def _from_peer(cls, theirs: Any) -> Self:
        """Return the scaler equivalent to a fitted scikit-learn scaler, without its columns."""

    @abstractmethod
    def _as_peer(self) -> Peer:
        """Return the equivalent scikit-learn scaler; raise a ValueError if there is none."""

    def _warn_rounded(self) -> None:
        scaler: Any = self
        for label in scaler._rounded():
            warnings.warn(
                f"Column {label!r} was fitted to integers beyond 2**53, whose differences "
                "scikit-learn's scaler does not take before it rounds: half of the digits of its "
                "results may be lost. Subtract an integer of your own from the column, fit again, "
                "and convert that scaler.",
                UserWarning,
                stacklevel=3,
            )

    @classmethod
    @template
    def from_sklearn(cls, fitted: Any) -> Self:
        """Build a scaler from a fitted scikit-learn scaler.

        {both}

        Parameters
        ----------
        fitted : sklearn.preprocessing.{peer}
            A fitted scaler, which is not changed.

        Returns
        -------
        scaler : {scaler}
            A new fitted scaler with its parameters, names and output container.
            {taken}

        Raises
        ------
        ValueError
            If it is of another class{not_taken}.
        NotFittedError
            If it is not fitted.

        Examples
        --------
        >>> from sklearn import preprocessing
        >>> from sklearn_norm import {scaler}
        >>> theirs = preprocessing.{peer}().fit([[-2.0], [0.0], [2.0]])
        >>> {scaler}.from_sklearn(theirs).transform([[1.0]]).round(4)
        array([[{ours}]])
        """
        theirs = checked(fitted, cls)
        ours: Self = alike(theirs, cls._from_peer(theirs))
        return ours

    @template
    def to_sklearn(self) -> Any:
        """Return a fitted scikit-learn scaler with the statistics of this one.

        {both}

        Returns
        -------
        scaler : sklearn.preprocessing.{peer}
            A new fitted scaler with the parameters, names and output container.
            {given}

        Raises
        ------
        ValueError
            If scikit-learn's scaler has no such parameters{not_given}.
        NotFittedError
            If this scaler is not fitted.

        Examples
        --------
        >>> from sklearn_norm import {scaler}
        >>> theirs = {scaler}().fit([[-2.0], [0.0], [2.0]]).to_sklearn()
        >>> theirs.transform([[1.0]]).round(4)
        array([[{theirs}]])
        """
        from sklearn import preprocessing
        from sklearn.utils.validation import check_is_fitted

        check_is_fitted(self)
        peer = self._as_peer()
        self._warn_rounded()
        kind = getattr(preprocessing, self._peer_name)
        given = {name: getattr(self, name, None) for name in ("clip", "dtype")}
        asked = {name for name, value in given.items() if value is not None and value is not False}
        unknown = (peer.parameters.keys() | asked) - {*names_of(kind)}
        if unknown:
            raise ValueError(
                f"The {self._peer_name} of this scikit-learn has no parameter {min(unknown)!r}: "
                "set it to its default, or upgrade scikit-learn."
            )
        scaler = kind(**peer.parameters)
        for attribute, value in peer.fitted.items():
            setattr(scaler, attribute, value.copy() if isinstance(value, np.ndarray) else value)
        return alike(self, scaler)


def checked(fitted: Any, ours: type[SklearnPeer]) -> Any:
    """Return a scikit-learn scaler; refuse another class or an unfitted one."""
    from sklearn import preprocessing
    from sklearn.utils.validation import check_is_fitted

    if not isinstance(fitted, getattr(preprocessing, ours._peer_name)):
        kind = fitted if isinstance(fitted, type) else type(fitted)
        raise ValueError(
            f"{ours.__name__}.from_sklearn takes a fitted sklearn.preprocessing.{ours._peer_name}. "
            f"Got {'the class ' if kind is fitted else ''}{kind.__module__}.{kind.__qualname__}."
        )
    check_is_fitted(fitted)
    return fitted


def shared(fitted: Any, *names: str) -> dict[str, Any]:
    """Return the values of parameters that both sides have."""
    return {name: getattr(fitted, name) for name in names}


def alike(source: Any, target: Any) -> Any:
    """Return the target with the columns and the set_output setting of the source."""
    number, names = source.n_features_in_, getattr(source, "feature_names_in_", None)
    names = None if names is None else names.copy()
    if isinstance(target, SklearnPeer):
        ours: Any = target
        ours._fitted = ours._fitted.but(columns=Columns(number, names))
    else:
        target.n_features_in_ = number
        if names is not None:
            target.feature_names_in_ = names
    vars(target).update(_sklearn.output_of(source))
    return target


def rows_of(scaler: Any) -> Any:
    """Return the number of rows for scikit-learn: the largest count of all columns."""
    return np.max(count_of(scaler)).item()


def count_of(scaler: Any) -> Any:
    """Return the count; an error for a scaler from `from_stats` without one."""
    try:
        return scaler.n_samples_seen_
    except AttributeError as error:
        raise ValueError(
            f"scikit-learn's {scaler._peer_name} needs a count of samples: give from_stats "
            "`n_samples`."
        ) from error


def left_alone(fitted: Any, divisor: Floats, spread: Floats) -> Array:
    """Return which columns scikit-learn treats as constant although they have some spread.

    scikit-learn divides by the spread, or by 1 if the spread is below a threshold. Any other
    divisor is an error.
    """
    with np.errstate(all="ignore"):
        divided = np.isclose(divisor, spread, rtol=AGREEMENT, atol=0, equal_nan=True)
        alone = ~divided & np.isclose(divisor, 1, rtol=AGREEMENT, atol=0)
    wrong = ~divided & ~alone | np.isinf(spread)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        column = getattr(fitted, "feature_names_in_", range(spread.size))[at]
        raise ValueError(
            f"Column {column!r} of this {type(fitted).__name__} is divided by {divisor[at]}, "
            f"though its data have the spread {spread[at]}. Fit it again, with the parameters it "
            "has now, to data whose spread is a normal number."
        )
    return alone
