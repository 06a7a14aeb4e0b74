"""The inverse of an estimator as a transformer, which converts to ONNX as well."""

from __future__ import annotations

from typing import Any, Self

from sklearn.base import BaseEstimator, TransformerMixin

from .interop.onnx import Convertible
from .kernels import Traced

__all__ = ["Inverse", "inverse"]


class Inverse(Convertible, TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer whose `transform` is the `inverse_transform` of a fitted estimator.

    It is fitted from the start, and stays fitted after `fit` and in a clone.

    Parameters
    ----------
    estimator : object
        A fitted scaler, or `BatchNorm`; `inverse` checks that it can be undone.

    Attributes
    ----------
    n_features_in_ : int
        The number of features of the estimator.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        The names of its columns, where all are strings.

    See Also
    --------
    inverse : Checks the estimator, then makes one.
    """

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: Any = None, y: Any = None) -> Self:
        """Do nothing: the estimator is already fitted.

        Parameters
        ----------
        X, y : object
            Ignored.

        Returns
        -------
        self : object
            The transformer.
        """
        return self

    def transform(self, X: Any) -> Any:
        """Undo the scaling.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Scaled data, or samples as the estimator takes them.

        Returns
        -------
        X : {ndarray, sparse matrix, DataFrame} of the same shape
            What the `inverse_transform` of the estimator returns.
        """
        return self.estimator.inverse_transform(X)

    def inverse_transform(self, X: Any) -> Any:
        """Scale the data again.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            Data in the original units.

        Returns
        -------
        Z : {ndarray, sparse matrix, DataFrame} of the same shape
            What the `transform` of the estimator returns.
        """
        return self.estimator.transform(X)

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of the columns, which are those of the estimator.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names, where the fit had none.

        Returns
        -------
        names : ndarray of str
            The names of the columns.
        """
        return self.estimator.get_feature_names_out(input_features)

    @property
    def n_features_in_(self) -> int:
        """int: the number of features of the estimator."""
        return self.estimator.n_features_in_  # type: ignore[no-any-return]

    @property
    def feature_names_in_(self) -> Any:
        """Ndarray of shape (n_features_in_,): the names of its columns, where all are strings."""
        return self.estimator.feature_names_in_

    def __sklearn_clone__(self) -> Self:
        return type(self)(self.estimator)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _check_convertible(self, inverse: bool) -> None:
        self.estimator._check_convertible(not inverse)

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> tuple[int, ...]:
        return self.estimator._shape_of_samples(given)  # type: ignore[no-any-return]

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        return self.estimator._traced(X, not inverse)  # type: ignore[no-any-return]

    def _unheld(self, dtype: Any) -> list[str]:
        return self.estimator._unheld(dtype)  # type: ignore[no-any-return]


def inverse(estimator: Any) -> Inverse:
    """Return a transformer whose `transform` is the estimator's `inverse_transform`.

    It converts to ONNX, which `inverse_transform` alone does not, and can be a step of a
    Pipeline, as after a model that predicts in scaled units.

    Parameters
    ----------
    estimator : object
        A fitted estimator of this library. Norms of single samples are excluded: they can
        only be undone with the statistics of each sample.

    Returns
    -------
    inverse : Inverse
        A fitted transformer. It refers to the estimator, so it follows later fits.

    Raises
    ------
    TypeError
        If the estimator is not one of this library.
    ValueError
        If it has no inverse: a norm of single samples, or a gain of 0.
    NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from sklearn_norm import ZScoreScaler
    >>> from sklearn_norm.onnx import inverse
    >>> scaler = ZScoreScaler().fit([[1.0], [3.0]])
    >>> inverse(scaler).transform([[-1.0], [0.0], [1.0]]).ravel()
    array([1., 2., 3.])
    """
    if not hasattr(estimator, "_check_convertible"):
        raise TypeError(
            f"{type(estimator).__name__} is no estimator of sklearn_norm. Undo a Pipeline step by "
            "step: inverse(step) of each, the last one first."
        )
    estimator._check_convertible(True)
    return Inverse(estimator)
