"""TensorNorm: the base of the norms that need no fit."""

from __future__ import annotations

import math
from math import prod
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone

from .. import kernels
from .._sklearn import Interval
from ..estimators.fitted import OF_SHAPE, Fitted
from ..estimators.output import DTYPE, dtype_of, kept_dtypes, refuse_dtype
from ..estimators.transformer import Transformer
from ..estimators.turns import turn_of
from ..inputs import parameters
from ..inputs.arguments import array_of, floats_of, truth
from ..inputs.bfloats import as_it_came
from ..inputs.columns import Columns, names_of
from ..inputs.fast_path import FLOATS, plain_table
from ..inputs.frames import container_of
from ..inputs.reading import read_array
from ..inputs.rounded import refuse_rounded
from ..inputs.table import Table
from ..kernels import Array, Floats, Traced
from .axes import Axes, Shape
from .input import Tensor, TensorInput, with_absent
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
        "dtype": DTYPE,
    }
    _remembers = (*Transformer._remembers, *OF_SHAPE)
    _at_once = ("n_features_in_", "shape_")
    eps: float

    def _validate_params(self) -> None:
        super()._validate_params()
        dtype_of(self.dtype)

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

    def transform(
        self, X: Any, mask: Any = None, return_stats: bool = False, stats: Any = None
    ) -> Any:
        """Normalise each sample by its own statistics, or by given ones.

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
        stats : array-like of shape (n_samples, n_groups, 2), default=None
            Center and scale of each sample and group, as of other data: those of the past of a
            series for its future, which `inverse_transform` then undoes. The number of positions
            may be another one than in the fit. None measures X. Where they are NaN, because
            nothing was there to be measured, so is the result.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result: float16 and float32 keep their dtype, others become float64, unless the
            parameter `dtype` asks for another.
        stats : ndarray of shape (n_samples, n_groups, 2)
            Center and scale of each sample and group, float64; only if `return_stats`.

        Raises
        ------
        ValueError
            If the samples do not fit those of the fit, or a value is infinite. What must be
            as in the fit: the channels of channel norms, the axes that `normalized_ndim`
            counts or `axis` names, the whole shape in other norms, and the number of features of
            2-D data. Also if `stats` does not have an entry for each sample and group, or a scale
            in it is negative or not finite.
        """
        if stats is not None:
            asked = truth(return_stats, "return_stats")
            result, known = self._by_stats("apply", X, stats, mask)
            return (result, known.copy()) if asked else result
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
        seen = with_absent(present, tensor)
        Z, stats = self._normalised(axes, seen, gain, offset)
        if not np.isfinite(stats).all():  # as for a group with an infinite member
            self._check_no_infinity(read, seen)
        self._check_container(self._fitted)
        self._keep_plan(read)
        result = read.back(self, chosen(present, Z, tensor))
        result = result if self.dtype is not None else as_it_came(result, X)
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
        return self._by_stats("invert", X, stats, mask)[0]

    def _by_stats(self, act: str, X: Any, stats: Any, mask: Any) -> tuple[Any, Floats]:
        """Apply or invert the maps of given statistics; return the result, and these."""
        padded = self._sequences(X, mask)
        if padded is not None:
            result, known = self._by_stats(act, padded.values, stats, padded.mask)
            return padded.cut(result), known
        parameters.check(self)
        self._refuse_layout(X)
        kinds = self._kinds() if act == "apply" else None
        values = read_array(self, X, kinds, allow_nd=True, ensure_min_samples=0)
        if self._fitted is not None and self._fitted.columns is not None:
            self._fitted.columns.check_order(X)
        sample = self._sample_of_any_length(values.shape)
        axes = self._axes(sample)
        known = _known_stats(stats, (values.shape[0], axes.view[0], 2), values.shape)
        gain, offset = self._gain_and_offset(axes)
        present = None if mask is None else mask_of(mask, X, values.shape, axes.features)
        tensor = values.reshape(values.shape[0], *sample)
        columns = Columns(prod(values.shape[1:]), names_of(X))
        if act == "apply":
            if self._centred:
                refuse_rounded(X, values)
            read = Tensor(tensor, columns, X, container_of(X), axes)
            seen = with_absent(None if present is None else present.reshape(tensor.shape), tensor)
            self._check_no_infinity(read, seen)
            result = self._applied(axes, seen, known, gain, offset)
        else:
            if gain is not None and (gain == 0).any():
                raise ValueError(
                    f"`gamma` holds a {-1 if axes.unit_offset else 0}, and a product with 0 cannot "
                    "be undone."
                )
            result = self._restored(axes, tensor, _of_nothing(known), gain, offset)
        result = chosen(present, result.reshape(values.shape), values)
        came = None if act == "apply" and self.dtype is not None else X
        if values.ndim != 2:
            return as_it_came(result, came), known
        table = Table(values, columns, X, container_of(X))
        back = table.back(self, result) if act == "apply" else table.framed(result, self._wanted(X))
        return as_it_came(back, came), known

    def _refuse_without_stats(self) -> None:
        raise ValueError(
            f"{type(self).__name__} normalises each sample by its own statistics, which "
            "inverse_transform needs: Z, stats = transform(X, return_stats=True), then "
            "inverse_transform(Z, stats=stats)."
        )

    def _check_convertible(self, inverse: bool) -> None:
        if inverse:
            self._refuse_without_stats()
        refuse_dtype(self.dtype)

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
        return axes, *self._gain_and_offset(axes)

    def _gain_and_offset(self, axes: Axes) -> tuple[Floats | None, Floats | None]:
        """Return what normalised members are multiplied by, and what is added."""
        return axes.gain(self.gamma), axes.vector(self.beta, "beta")

    def _normalised(
        self, axes: Axes, tensor: Array, gain: Floats | None, offset: Floats | None
    ) -> tuple[Array, Floats]:
        how = {"centred": self._centred, "eps": self.eps, "dtype": self._dtype_of(tensor)}
        return axes.normalise(tensor, gain=gain, offset=offset, **how)

    def _dtype_of(self, tensor: Array) -> Any:
        """Return the dtype of the result."""
        return tensor.dtype if self.dtype is None else dtype_of(self.dtype)

    def _restored(
        self,
        axes: Axes,
        tensor: Array,
        stats: Floats,
        gain: Floats | None,
        offset: Floats | None,
    ) -> Array:
        return axes.restore(tensor, stats, gain, offset)

    def _applied(
        self,
        axes: Axes,
        tensor: Array,
        stats: Floats,
        gain: Floats | None,
        offset: Floats | None,
    ) -> Array:
        """Return samples normalised by given statistics."""
        return axes.by_stats("apply", tensor, stats, gain, offset, self._dtype_of(tensor))

    def _for_targets(self, sample: Shape, channels: Any, target: Shape) -> tuple[Any, Any, Shape]:
        """Return how targets are normalised by the statistics of samples.

        Parameters
        ----------
        sample : tuple of int
            The shape of a sample.
        channels : tuple of int, or None
            The channels of a sample that a target holds, None for all.
        target : tuple of int
            The shape of a target.

        Returns
        -------
        norm : TensorNorm
            The norm of targets.
        groups : ndarray of int or slice
            The groups of a sample whose statistics they have.
        target : tuple of int
            The shape in which this norm takes a target.
        """
        if channels is not None:
            raise ValueError(
                f"{type(self).__name__} has no statistics per channel, so `target_channels` must "
                "be None; InstanceNorm and GroupNorm have."
            )
        return clone(self).set_params(shape=None), slice(None), target or (1,)

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = self._tensor_tags(super().__sklearn_tags__())
        tags.requires_fit = False
        tags.transformer_tags.preserves_dtype = kept_dtypes(self.dtype)
        return tags


def chosen(present: Array | None, result: Array, values: Array) -> Array:
    """Return the result, with what a mask leaves out as it is in the values."""
    if present is None:
        return result
    with np.errstate(all="ignore"):  # what was left out may exceed a shorter dtype
        return np.where(present, result, values.astype(result.dtype, copy=False))


def _known_stats(stats: Any, expected: Shape, shape: Shape) -> Floats:
    """Return the center and scale of each sample and group, or raise the error of wrong ones."""
    known = array_of(stats, "stats")
    if known.shape != expected:
        raise ValueError(
            f"`stats` has the shape {known.shape}, but X of shape {shape} needs {expected}: a "
            "center and a scale for each sample and group."
        )
    known = floats_of(known, "stats")
    _refuse(
        known,
        np.isinf(known).any(axis=-1),
        "infinite: the range of its members exceeds the largest float. Divide the data by a number "
        "of your own first.",
    )
    _refuse(
        known,
        known[..., 1] < 0,
        "not those of data, whose scale is never negative. Give those that "
        "transform(X, return_stats=True) returned.",
    )
    return known


def _refuse(known: Floats, wrong: Any, why: str) -> None:
    """Raise an error with the first statistics that are wrong, if there are any."""
    if wrong.any():
        sample, group = (int(i) for i in np.argwhere(wrong)[0])
        told = known[sample, group].tolist()
        raise ValueError(f"`stats` of sample {sample} and group {group} are {told}, {why}")


def _of_nothing(known: Floats) -> Floats:
    """Return statistics in which NaN, of groups with no member, leave members as they are."""
    return np.where(np.isnan(known), [0.0, 1.0], known)
