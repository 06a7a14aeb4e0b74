"""The methods of a norm with running statistics, whose batches may have masks."""

from __future__ import annotations

from typing import Any, NamedTuple, Self, overload

from ..estimators.fitted import Fitted
from ..estimators.running import RunningScaler
from ..estimators.typed import Dense, Labelled
from ..inputs.columns import Columns, names_of
from ..inputs.table import Table
from .input import Tensor
from .per_channel import PerChannel
from .sequences import Padded, are_sequences


class Masked(NamedTuple):
    """Samples, and the mask that tells which of their members count."""

    given: Any
    mask: Any
    padded: Padded | None = None  # the list of sequences that they are


def returned(given: Any, result: Any) -> Any:
    """Return a result, for a list of sequences as a list."""
    padded = given.padded if isinstance(given, Masked) else None
    return result if padded is None else padded.cut(result)


def taken_apart(X: Any) -> tuple[Any, Any]:
    """Return X and its mask, or None."""
    return X[:2] if isinstance(X, Masked) else (X, None)


class MaskedBatches(PerChannel, RunningScaler):
    """Base of norms with running statistics of tensors: what a mask leaves out is not measured."""

    def _read(self, X: Any, fitted: Fitted | None, least_rows: int = 1) -> Tensor:
        given, mask = taken_apart(X)
        tensor = super()._read(given, fitted, least_rows)
        return tensor if mask is None else tensor.without(mask)

    def _read_scaled(self, X: Any, wanted: Any, fitted: Fitted) -> tuple[Table, Any]:
        if not isinstance(X, Masked):
            return super()._read_scaled(X, wanted, fitted)
        if wanted is not None:
            channels = Columns(fitted.n_columns, fitted.names).chosen(None, wanted)
            return self._read_channels(X.given, channels, fitted).without(X.mask), channels
        named = names_of(X.given) is not None
        tensor = self._read_tensor(X.given, fitted, by_name=named, least_rows=0)
        return self._with_channels_of(fitted, tensor).without(X.mask), None

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, mask: Any = None) -> Self:
        """Fit to the data; earlier fits are forgotten.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features), or list
            The samples. NaN means missing; infinity is an error. Each array of two or more axes in
            a list is one sample, and they may differ in length; here and in all other methods.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Finite weights of at least 0; 0 leaves a sample out, 2 counts it twice.
        mask : array-like of bool, default=None
            A mask that can be broadcast to X, or with one axis fewer: one entry for each position,
            for all channels. Where it is False, a member is left out, even if it is infinite.

        Returns
        -------
        self : object
            The fitted norm.

        Raises
        ------
        ValueError
            If an argument is not as described; the norm is then unchanged.
        """
        return super().fit(self._masked(X, mask), y, sample_weight)

    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, mask: Any = None
    ) -> Self:
        """Add one batch of a stream to the fit.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The batch, of any size, even 0 samples. NaN means missing; infinity is an error.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Finite weights of at least 0; 0 leaves a sample out, 2 counts it twice.
        mask : array-like of bool, default=None
            A mask that can be broadcast to X, or with one axis fewer: one entry for each position,
            for all channels. Where it is False, a member is left out, even if it is infinite.

        Returns
        -------
        self : object
            The norm, as if fitted on all batches so far.

        Raises
        ------
        ValueError
            If an argument is not as described; the norm is then unchanged.
        """
        return super().partial_fit(self._masked(X, mask), y, sample_weight)

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to the data, then normalise them.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The samples. NaN means missing; infinity is an error.
        y : None
            Ignored.
        **fit_params : dict
            Passed to `fit`, such as `sample_weight`; and `mask`, to `transform` as well.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result.

        Raises
        ------
        ValueError
            As in `fit` and `transform`; the norm is then unchanged.
        """
        mask = fit_params.get("mask")
        if mask is None and not are_sequences(X):
            told = {name: value for name, value in fit_params.items() if name != "mask"}
            return super().fit_transform(X, y, **told)
        return self._apart(lambda twin: twin.fit(X, y, **fit_params).transform(X, mask=mask))

    @overload
    def transform(self, X: Dense, copy: bool | None = None, mask: Any = None) -> Dense: ...

    @overload
    def transform(self, X: Any, copy: bool | None = None, mask: Any = None) -> Any: ...

    def transform(self, X: Any, copy: bool | None = None, mask: Any = None) -> Any:
        """Normalise samples by the running statistics.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The samples, of any number of positions; NaN is kept.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.
        mask : array-like of bool, default=None
            A mask that can be broadcast to X, or with one axis fewer: one entry for each position,
            for all channels. Where it is False, a member is returned unchanged.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result: float16 and float32 keep their dtype, others become float64, unless the
            parameter `dtype` asks for another.

        Raises
        ------
        ValueError
            If the channels are not those of the fit, or a value is infinite.
        """
        given = self._masked(X, mask)
        return returned(given, super().transform(given, copy))

    _plain = (fit, transform)

    def partial_fit_transform(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        using: str = "after",
        mask: Any = None,
    ) -> Any:
        """Normalise a batch, and update the running statistics with it.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The batch.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples inside the batch.
        using : {"batch", "before", "after"}, default="after"
            Which statistics normalise the batch: its own mean and (biased) variance, as batch
            normalisation does in training; the running statistics before this batch, so that no
            sample depends on a later one; or those after it.
        mask : array-like of bool, default=None
            A mask that can be broadcast to X, or with one axis fewer: one entry for each position,
            for all channels. Where it is False, a member is left out of the statistics and
            returned unchanged.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result.

        Raises
        ------
        NotFittedError
            If `using` is "before" and there is neither an earlier batch nor a prior.
        ValueError
            If an argument is not as described; the norm is then unchanged.
        """
        given = self._masked(X, mask)
        result = super().partial_fit_transform(given, y, sample_weight, using=using)
        return returned(given, result)

    @overload
    def inverse_transform(
        self, X: Dense, copy: bool | None = None, columns: Any = None, mask: Any = None
    ) -> Dense: ...

    @overload
    def inverse_transform(
        self, X: Labelled, copy: bool | None = None, columns: Any = None, mask: Any = None
    ) -> Labelled: ...

    @overload
    def inverse_transform(
        self, X: Any, copy: bool | None = None, columns: Any = None, mask: Any = None
    ) -> Any: ...

    def inverse_transform(
        self, X: Any, copy: bool | None = None, columns: Any = None, mask: Any = None
    ) -> Any:
        """Undo the normalisation.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Normalised samples, of any number of positions.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.
        columns : list of str or int, default=None
            The channels that X holds, in the order of the fit: by index, or by name if the
            features of the fit were the channels.
        mask : array-like of bool, default=None
            The mask of `transform`: members that it left unchanged stay unchanged.

        Returns
        -------
        X : {ndarray, DataFrame} of the same shape
            The samples in their original units.

        Raises
        ------
        ValueError
            If the channels are not those of the fit.
        """
        given = self._masked(X, mask)
        return returned(given, super().inverse_transform(given, copy, columns))

    def _masked(self, X: Any, mask: Any) -> Any:
        """Return X, with its mask if there is one; a list of sequences is padded."""
        padded = self._sequences(X, mask)
        if padded is not None:
            return Masked(padded.values, padded.mask, padded)
        return X if mask is None else Masked(X, mask)

    def _wanted(self, X: Any) -> str:
        return super()._wanted(taken_apart(X)[0])
