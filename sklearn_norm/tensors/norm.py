"""TensorNorm: the base of the norms that need no fit."""

from __future__ import annotations

import math
from math import prod
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np

from .. import kernels
from .._sklearn import Interval
from ..estimators.fitted import OF_SHAPE, Fitted
from ..estimators.transformer import Transformer
from ..estimators.turns import turn_of
from ..inputs import parameters
from ..inputs.arguments import array_of, floats_of, truth
from ..inputs.columns import Columns, names_of
from ..inputs.fast_path import FLOATS, plain_table
from ..inputs.frames import container_of
from ..inputs.reading import read_array
from ..inputs.table import Table
from ..kernels import Array, Floats, Traced
from .axes import Axes, Shape
from .input import Tensor, TensorInput
from .masks import mask_of


class Plan:
    """A cache of the axes, valid while the parameters are the same objects."""

    __slots__ = ("axes", "parameters")

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self.axes: Axes | None = None

    def keep(self, norm: Any, axes: Axes) -> None:
        """Cache the axes, unless they depend on a mutable parameter."""
        told = {name: getattr(norm, name) for name in parameters.names_of(type(norm))}
        if all(parameters.is_constant(told[name]) for name in told.keys() - {"gamma", "beta"}):
            self.parameters, self.axes = told, axes

    def found(self, norm: Any) -> Axes | None:
        """Return the cached axes, or None if a parameter was replaced."""
        now = vars(norm)
        for name, value in self.parameters.items():
            if now.get(name) is not value:
                return None
        return self.axes


class TensorNorm(TensorInput, Transformer):
    """Base of the norms that need no fit: each sample has its own statistics.

    A subclass defines its axes; AdaNorm also applies a nonlinear function to the result.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "shape": ["array-like", Integral, None],
        "eps": [Interval(Real, 0, None, closed="left")],
        "gamma": ["array-like", Real, None],
        "beta": ["array-like", Real, None],
    }
    _remembers = (*Transformer._remembers, *OF_SHAPE)
    _at_once = ("n_features_in_", "shape_")
    eps: float

    def fit(self, X: Any, y: Any = None) -> Self:
        """Check and remember the shape of a sample; nothing else is learned.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Samples; only their shape matters.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The norm.

        Raises
        ------
        ValueError
            If samples of this shape cannot be normalised.
        """
        with turn_of(self):
            self._fitted = self._seen(X, least_rows=1)
        return self

    def _seen(self, X: Any, least_rows: int) -> Fitted:
        """Return the fitted record after the first samples."""
        parameters.check(self)
        padded = self._sequences(X)
        X = X if padded is None else padded.values
        tensor = self._read_tensor(X, None, first=True, least_rows=least_rows)
        self._check_no_infinity(tensor)
        axes, _, _ = self._checked_axes(tensor.values)
        fitted = Fitted(tensor.columns, tensor.shape, plan=Plan())
        if tensor.is_flat:
            fitted.plan.keep(self, axes)
        return fitted

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Check that samples fit the first ones.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Samples; only their shape matters.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The norm.

        Raises
        ------
        ValueError
            If they do not fit: see `transform`.
        """
        if self._fitted is None:
            with turn_of(self):
                if self._fitted is None:
                    self._follow(None, self._seen(X, least_rows=0))
                    return self
        fitted = self._fitted
        if fitted.plan.found(self) is not None:
            table = plain_table(X, fitted.columns, FLOATS)
            if table is not None and not kernels.has_infinity(table.values):
                return self
        parameters.check(self)
        padded = self._sequences(X)
        X = X if padded is None else padded.values
        tensor = self._read_tensor(X, fitted, least_rows=0)
        self._check_no_infinity(tensor)
        self._keep_plan(tensor)
        return self

    def _keep_plan(self, tensor: Tensor) -> None:
        if tensor.is_flat and self._fitted is not None:
            self._fitted.plan.keep(self, tensor.axes)

    def _take(self, state: dict[str, Any]) -> None:
        super()._take(state)
        if self._fitted is not None:
            self._fitted = self._fitted.but(plan=Plan())

    def _fast(self, X: Any) -> Any:
        """Return the result of `transform` for plain flat samples, or None for the full path."""
        fitted = self._fitted
        axes = None if fitted is None else fitted.plan.found(self)
        if axes is None or fitted is None:
            return None
        table = plain_table(X, fitted.columns, FLOATS)
        if table is None:
            return None
        gain = None if self.gamma is None else axes.gain(self.gamma)
        offset = None if self.beta is None else axes.vector(self.beta, "beta")
        values = table.values
        tensor = values.reshape(values.shape[0], *axes.sample)
        Z, stats = self._normalised(axes, tensor, gain, offset)
        if not math.isfinite(np.vdot(stats, stats)):  # or the sum overflowed: take the full path
            return None
        self._check_container(fitted)
        return table.back(self, Z.reshape(values.shape))

    def transform(self, X: Any, mask: Any = None, return_stats: bool = False) -> Any:
        """Normalise each sample by its own statistics.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features), or list
            The samples. NaN means missing, and stays NaN. Each array of two or more axes in a list
            is one sample: they may differ in length, and the result is a list as well.
        mask : array-like of bool, default=None
            A mask that can be broadcast to X, or with one axis fewer: (n_samples, length) beside
            (n_samples, length, n_features), or beside (n_samples, n_channels, length) for norms
            of channels. Where it is False, a member is left out of all statistics and returned
            unchanged, even if it is infinite.
        return_stats : bool, default=False
            Whether to return the statistics as well, which `inverse_transform` needs.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result: float16 and float32 keep their dtype, others become float64.
        stats : ndarray of shape (n_samples, n_groups, 2)
            Center and scale of each sample and group, float64; only if `return_stats`.

        Raises
        ------
        ValueError
            If the samples do not fit those of the fit, or a value is infinite. What must be
            as in the fit: the channels of channel norms, the axes that `normalized_ndim`
            counts or `axis` names, the whole shape in other norms, and the number of features of
            2-D data.
        """
        if mask is None and return_stats is False:
            result = self._fast(X)
            if result is not None:
                return result
        padded = self._sequences(X, mask)
        if padded is not None:
            return padded.returned(self.transform(padded.values, padded.mask, return_stats))
        parameters.check(self)
        asked = truth(return_stats, "return_stats")
        read = self._read_tensor(X, self._fitted, least_rows=0)
        tensor = read.values
        axes, gain, offset = self._checked_axes(tensor)
        present = None
        if mask is not None:
            shape = read.as_given(tensor).shape
            present = mask_of(mask, X, shape, axes.features).reshape(tensor.shape)
        seen = tensor if present is None else np.where(present, tensor, tensor.dtype.type(np.nan))
        Z, stats = self._normalised(axes, seen, gain, offset)
        if not np.isfinite(stats).all():  # as for a group with an infinite member
            self._check_no_infinity(read, seen)
        self._check_container(self._fitted)
        self._keep_plan(read)
        result = read.back(self, Z if present is None else np.where(present, Z, tensor))
        return (result, stats.copy()) if asked else result

    def fit_transform(self, X: Any, y: Any = None, **parameters: Any) -> Any:
        """Fit, then transform.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The samples.
        y : None
            Ignored.
        **parameters : dict
            Passed to `transform`, such as `mask` and `return_stats`.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result, with `stats` if `return_stats`.
        """
        return self._apart(lambda twin: twin.fit(X, y).transform(X, **parameters))

    def inverse_transform(self, X: Any, stats: Any = None, mask: Any = None) -> Any:
        """Undo `transform`, with the statistics that it returned.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Normalised samples; the number of positions may differ from that in `transform`.
        stats : array-like of shape (n_samples, n_groups, 2)
            Center and scale, from ``transform(X, return_stats=True)``.
        mask : array-like of bool, default=None
            The mask of `transform`: members that it left unchanged stay unchanged.

        Returns
        -------
        X : {ndarray, DataFrame} of the same shape
            The samples in their original units.

        Raises
        ------
        ValueError
            If `stats` is missing, or does not have an entry for each sample and group.
        """
        if stats is None:
            self._refuse_without_stats()
        padded = self._sequences(X, mask)
        if padded is not None:
            return padded.cut(self.inverse_transform(padded.values, stats, padded.mask))
        parameters.check(self)
        self._refuse_one_axis(X)
        values = read_array(self, X, allow_nd=True, ensure_min_samples=0)
        sample = self._sample_of_any_length(values.shape)
        axes = self._axes(sample)
        known = array_of(stats, "stats")
        expected = (values.shape[0], axes.view[0], 2)
        if known.shape != expected:
            raise ValueError(
                f"`stats` has the shape {known.shape}, but X of shape {values.shape} needs "
                f"{expected}: a center and a scale for each sample and group."
            )
        known = floats_of(known, "stats")
        gain, offset = axes.gain(self.gamma), axes.vector(self.beta, "beta")
        if gain is not None and (gain == 0).any():
            raise ValueError(
                f"`gamma` holds a {-1 if axes.unit_offset else 0}, and a product with 0 cannot be "
                "undone."
            )
        tensor = values.reshape(values.shape[0], *sample)
        known = np.where(np.isnan(known), [0.0, 1.0], known)  # NaN: groups with no member
        back = self._restored(axes, tensor, known, gain, offset).reshape(values.shape)
        if mask is not None:
            present = mask_of(mask, X, values.shape, axes.features)
            back = np.where(present, back, values)
        if values.ndim != 2:
            return back
        columns = Columns(values.shape[1], names_of(X))
        return Table(values, columns, X, container_of(X)).framed(back, self._wanted(X))

    def _refuse_without_stats(self) -> None:
        raise ValueError(
            f"{type(self).__name__} normalises each sample by its own statistics, which "
            "inverse_transform needs: Z, stats = transform(X, return_stats=True), then "
            "inverse_transform(Z, stats=stats)."
        )

    def _check_convertible(self, inverse: bool) -> None:
        if inverse:
            self._refuse_without_stats()

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        parameters.check(self)
        tensor: Any = X.reshape(-1, *self._sample(X.shape))
        axes, gain, offset = self._checked_axes(tensor)
        Z: Any = self._normalised(axes, tensor, gain, offset)[0]
        result: Traced = Z.reshape(*X.shape)
        return result

    def _sample_of_any_length(self, shape: Shape) -> Shape:
        """Return the shape of a sample, whose number of positions may differ from the fit."""
        if self.shape is None or len(shape) > 2:
            return shape[1:] if len(shape) > 2 else self._flat_sample(shape[1])
        whole = self._declared()
        if len(whole) == 2 and shape[1] != prod(whole):
            return self._flat_forecast(whole, shape)
        return self._sample(shape)

    def _flat_forecast(self, whole: Shape, shape: Shape) -> Shape:
        """Return the shape of a flattened sample of another length; overridden by channel norms."""
        return self._sample(shape)

    def _checked_axes(self, tensor: Array) -> tuple[Axes, Floats | None, Floats | None]:
        """Return axes, gain and offset, or raise the error of an invalid one."""
        axes = self._axes(tensor.shape[1:])
        if self._centred and self.eps == 0:
            axes.check_members(tensor.shape)
        return axes, axes.gain(self.gamma), axes.vector(self.beta, "beta")

    def _normalised(
        self, axes: Axes, tensor: Array, gain: Floats | None, offset: Floats | None
    ) -> tuple[Array, Floats]:
        return axes.normalise(tensor, centred=self._centred, eps=self.eps, gain=gain, offset=offset)

    def _restored(
        self,
        axes: Axes,
        tensor: Array,
        stats: Floats,
        gain: Floats | None,
        offset: Floats | None,
    ) -> Array:
        return axes.restore(tensor, stats, gain, offset)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = self._tensor_tags(super().__sklearn_tags__())
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "float16"]
        return tags
