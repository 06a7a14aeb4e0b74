"""What all tensor norms share: reading tensors, and the estimator of the stateless ones."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator
from math import prod
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np

from .. import _sklearn, kernels
from .._sklearn import Interval
from ..arguments import array_of, floats_of, truth
from ..base import (
    DTYPES,
    Transformer,
    check_width,
    n_axes,
    read_array,
    reading,
    shown,
    unchanged_on_error,
)
from ..containers import container_of, framed, narrow_float, readable
from ..glance import Recent, answer, at_first, remember
from ..kernels import Array, Floats, Traced
from .axes import Axes, Shape

MOST_AXES = 64  # that an array of NumPy can have


class TensorInput:
    """Reads (n, *shape) arrays, or the same flattened to two axes."""

    shape: Any
    gamma: Any
    beta: Any
    _validate_params: Any

    @abstractmethod
    def _axes(self, sample: Shape) -> Axes:
        """Return which members of a sample are normalised together."""

    def _flat_sample(self, width: int) -> Shape:
        """Return the shape of a sample of 2-D data, where `shape` does not tell."""
        return (width,)

    def _read(self, X: Any, *, reset: bool, by_name: bool = True) -> Array:
        """Return a checked array (n, *sample); `by_name` expects the names of the fit."""
        two_axes = n_axes(X) <= 2
        if two_axes and (reset or (by_name and hasattr(self, "n_features_in_"))):
            with reading():
                values = _sklearn.validate_data(
                    self,
                    readable(X),
                    reset=reset,
                    dtype=narrow_float(X) or list(DTYPES),
                    ensure_all_finite=False,
                    copy=False,
                )
            check_width(self, X, values)
        else:
            values = read_array(self, X, allow_nd=True)
        sample = self._sample(values.shape)
        if reset:
            self._axes(sample)
            self.shape_ = sample
            if not two_axes:
                vars(self).pop("feature_names_in_", None)
                self.n_features_in_ = prod(sample)
        else:
            self._check_sample(sample)
        tensor: Array = values.reshape(values.shape[0], *sample)
        return tensor

    def _check_sample(self, sample: Shape) -> None:
        if getattr(self, "shape_", sample) != sample:
            raise ValueError(
                f"X has samples of shape {sample}, but {type(self).__name__} is expecting samples "
                f"of shape {self.shape_}, as in fit."
            )

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> Shape:
        whole = tuple(size for size in given if size is not None)
        if len(whole) < len(given):
            known = self._known_sample()
            known = known if len(known) == len(given) else (prod(known),)
            whole = tuple(k if g is None else g for g, k in zip(given, known, strict=True))
        self._check_sample(self._sample((-1, *whole)))
        return whole

    def _check_no_infinity(self, X: Any, tensor: Array) -> None:
        if not kernels.has_infinity(tensor.reshape(tensor.shape[0], -1)):
            return
        two_axes = n_axes(X) <= 2
        flat = tensor.reshape(tensor.shape[0], -1) if two_axes else tensor
        place = tuple(int(i) for i in np.argwhere(np.isinf(flat))[0])
        names = _sklearn.feature_names(X)
        where = f"sample {place[0]} at {place[1:]}"
        if two_axes:
            where = f"column {place[1] if names is None else names[place[1]]!r}"
        raise ValueError(
            f"Input X contains infinity or a value too large for {tensor.dtype!r}, in "
            f"{where}. Replace it, by NaN where it stands for a missing value."
        )

    def _sample(self, shape: Shape) -> Shape:
        """Return the shape of a sample of an array of that shape."""
        if self.shape is None:
            return shape[1:] if len(shape) > 2 else self._flat_sample(shape[1])
        declared = self._declared()
        if shape[1:] != declared and shape[1:] != (prod(declared),):
            raise ValueError(
                f"X has {shape[1]} features, its shape is {shape}, but "
                f"{type(self).__name__}(shape={declared}) is expecting {prod(declared)} features "
                f"as input, or the shape {(shape[0], *declared)}."
            )
        return declared

    def _declared(self) -> Shape:
        """Return the parameter `shape` as a tuple."""
        given = np.atleast_1d(array_of(self.shape, "shape"))
        wrong = given.ndim != 1 or given.size > MOST_AXES or given.dtype.kind not in "iu"
        if wrong or (given < 1).any():
            raise ValueError(
                f"`shape` must be the sizes of a sample's axes, as in (3, 32, 32). "
                f"Got {self.shape!r}."
            )
        return tuple(given.tolist())

    def _known_sample(self) -> Shape:
        """Return the shape of a sample: fitted, or as `shape` says."""
        self._validate_params()  # of an estimator that need not be fitted
        if hasattr(self, "shape_"):
            return tuple(self.shape_)
        if self.shape is not None:
            return self._declared()
        raise ValueError(
            f"The shape of a sample is not known: fit this {type(self).__name__}, or give `shape`."
        )

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()  # type: ignore[misc]
        sample = getattr(self, "shape_", None)
        if sample is None:
            return
        if type(sample) is not tuple or not all(type(n) is int and n >= 0 for n in sample):
            yield "shape_", f"must hold the sizes of a sample's axes, not {sample!r:.40}"
        if prod(sample) != getattr(self, "n_features_in_", None):
            yield "shape_", f"{sample!r:.40} does not fit n_features_in_"
        try:
            self._axes(sample)
        except ValueError as error:
            yield "shape_", str(error)

    def _learned(self) -> dict[str, Any]:
        """Return gain and bias, by the names that PyTorch gives them."""
        axes = self._axes(self._known_sample())
        return {"weight": axes.vector(self.gamma, "gamma"), "bias": axes.vector(self.beta, "beta")}

    def _tensor_tags(self, tags: Any) -> Any:
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = False
        return tags


class TensorNorm(TensorInput, Transformer):
    """Base of the norms that need no fit: the statistics are those of each sample.

    A subclass names its axes; AdaNorm also bends what comes out.
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "shape": ["array-like", Integral, None],
        "eps": [Interval(Real, 0, None, closed="left")],
        "gamma": ["array-like", Real, None],
        "beta": ["array-like", Real, None],
    }
    _fitted = ("n_features_in_", "shape_")
    _remembers = (*Transformer._remembers, "shape_")
    _centred: ClassVar[bool] = True
    eps: float

    @_sklearn.validated
    def fit(self, X: Any, y: Any = None) -> Self:
        """Check and remember the shape of a sample; there is nothing to learn.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Samples, of which only the shape counts.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The norm.

        Raises
        ------
        ValueError
            If the shape is not one that can be normalised.
        """
        with unchanged_on_error(self):
            tensor = self._read(X, reset=True)
            self._check_no_infinity(X, tensor)
            axes, _, _ = self._checked_axes(tensor)
            self._recent = Recent()
            self._remember(X, axes)
        return self

    @at_first("_partial_fit_at_once")
    @_sklearn.validated
    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Check that samples have the shape of the first ones.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Samples, of which only the shape counts.
        y : None
            Ignored.

        Returns
        -------
        self : object
            The norm.

        Raises
        ------
        ValueError
            If the shape is another one.
        """
        self._validate_params()
        if not hasattr(self, "shape_"):
            result: Self = self.fit(X)
            return result
        tensor = self._read(X, reset=False)
        self._check_no_infinity(X, tensor)
        self._remember(X, self._axes(tensor.shape[1:]))
        return self

    def _remember(self, X: Any, axes: Axes) -> None:
        """Keep what was found of flat data's columns, and of parameters that are constants."""
        if n_axes(X) > 2:
            return
        remember(self, X)
        parameters = self.get_params(deep=False)
        others = [parameters[name] for name in parameters.keys() - {"gamma", "beta"}]
        if "_recent" in vars(self) and all(map(is_constant, others)):
            self._recent.plan = parameters, axes

    def _planned(self) -> Axes | None:
        """Return the axes, if the parameters are the very ones that were validated last."""
        now = vars(self)
        if "_recent" not in now or now["_recent"].plan is None:
            return None
        parameters, axes = now["_recent"].plan
        for name, value in parameters.items():
            if now.get(name) is not value:
                return None
        return axes  # type: ignore[no-any-return]

    def _partial_fit_at_once(self, X: Any, y: Any = None) -> Self | None:
        if self._planned() is None:
            return None
        values = self._glanced(X)
        return None if values is None or kernels.has_infinity(values) else self

    def _transform_at_once(self, X: Any, mask: Any = None, return_stats: bool = False) -> Any:
        """Return what `transform` does, if all that it checks is seen at a glance."""
        axes = self._planned()
        if axes is None or mask is not None or return_stats is not False:
            return None

        def act(values: Array) -> Array | None:
            gain, offset = axes.vector(self.gamma, "gamma"), axes.vector(self.beta, "beta")
            tensor = values.reshape(values.shape[0], *axes.sample)
            Z, stats = self._normalised(axes, tensor, gain, offset)
            finite = math.isfinite(np.vdot(stats, stats))  # overflows early, which is no harm
            return Z.reshape(values.shape) if finite else None

        return answer(self, X, act)

    def transform(self, X: Any, mask: Any = None, return_stats: bool = False) -> Any:
        """Normalise each sample by its own statistics.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The samples; NaN is missing, and stays NaN.
        mask : array-like of bool, default=None
            What can be broadcast to X: False leaves a member out of all statistics, and
            as it is, be it infinite.
        return_stats : bool, default=False
            Whether to return the statistics, which `inverse_transform` needs.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result, float16 and float32 as such, all else as float64.
        stats : ndarray of shape (n_samples, n_groups, 2)
            Center and scale of each sample and group, float64; only where asked for.

        Raises
        ------
        ValueError
            If the shape is not that of the fit, or a value is infinite.
        """
        self._validate_params()
        asked = truth(return_stats, "return_stats")
        tensor = self._read(X, reset=False)
        axes, gain, offset = self._checked_axes(tensor)
        shape = (tensor.shape[0], *_flat_or_not(X, tensor))
        present = None if mask is None else _broadcast(mask, X, shape).reshape(tensor.shape)
        seen = tensor if present is None else np.where(present, tensor, tensor.dtype.type(np.nan))
        Z, stats = self._normalised(axes, seen, gain, offset)
        if not np.isfinite(stats).all():  # nor are those of a group with an infinite member
            self._check_no_infinity(X, seen)
        self._check_container()
        self._remember(X, axes)
        Z = Z if present is None else np.where(present, Z, tensor)
        return (Z.reshape(shape), stats.copy()) if asked else Z.reshape(shape)

    def fit_transform(self, X: Any, y: Any = None, **parameters: Any) -> Any:
        """Fit, then transform.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            The samples.
        y : None
            Ignored.
        **parameters : dict
            Passed to `transform`: `mask`, `return_stats`.

        Returns
        -------
        Z : {ndarray, DataFrame} of the shape of X
            The result, with `stats` where asked for.
        """
        with unchanged_on_error(self):
            return self.fit(X, y).transform(X, **parameters)

    def inverse_transform(self, X: Any, stats: Any = None, mask: Any = None) -> Any:
        """Undo `transform`, by the statistics that it returned.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Normalised samples; their positions may be more or fewer than in `transform`.
        stats : array-like of shape (n_samples, n_groups, 2)
            Center and scale, from ``transform(X, return_stats=True)``.
        mask : array-like of bool, default=None
            The mask of `transform`: members that it left as they were stay so.

        Returns
        -------
        X : {ndarray, DataFrame} of the same shape
            The samples in their own units.

        Raises
        ------
        ValueError
            If there are no statistics, or not one for each sample and group.
        """
        if stats is None:
            self._refuse_without_stats()
        self._validate_params()
        values = read_array(self, X, allow_nd=True)
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
        gain, offset = axes.vector(self.gamma, "gamma"), axes.vector(self.beta, "beta")
        if gain is not None and (gain == 0).any():
            raise ValueError("`gamma` holds a 0, and a product with 0 cannot be undone.")
        tensor = values.reshape(values.shape[0], *sample)
        known = np.where(np.isnan(known), [0.0, 1.0], known)  # of groups with no member
        back = self._restored(axes, tensor, known, gain, offset).reshape(values.shape)
        if mask is not None:
            back = np.where(_broadcast(mask, X, values.shape), back, values)
        names = _sklearn.feature_names(X)
        wanted = container_of(X)
        if values.ndim == 2 and _sklearn.has_asked(self):
            wanted = _sklearn.asked_container(self)
            fitted = getattr(self, "feature_names_in_", ())
            names = fitted if len(fitted) == values.shape[1] else names
            if names is None:
                names = [f"x{i}" for i in range(values.shape[1])]
        return framed(back, wanted, names, like=X) if wanted != "default" else back

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
        self._validate_params()
        tensor: Any = X.reshape(-1, *self._sample(X.shape))
        axes, gain, offset = self._checked_axes(tensor)
        Z: Any = self._normalised(axes, tensor, gain, offset)[0]
        result: Traced = Z.reshape(*X.shape)
        return result

    def _sample_of_any_length(self, shape: Shape) -> Shape:
        """Return the shape of a sample, which may have other positions than in fit."""
        if self.shape is None or len(shape) > 2:
            return shape[1:] if len(shape) > 2 else self._flat_sample(shape[1])
        whole = self._declared()
        if len(whole) == 2 and shape[1] != prod(whole):
            return self._flat_forecast(whole, shape)
        return self._sample(shape)

    def _flat_forecast(self, whole: Shape, shape: Shape) -> Shape:
        """Return the shape of a flattened sample with other positions, where channels tell it."""
        return self._sample(shape)

    def _checked_axes(self, tensor: Array) -> tuple[Axes, Floats | None, Floats | None]:
        """Return axes, gain and offset, or say what is wrong with them."""
        axes = self._axes(tensor.shape[1:])
        if self._centred:
            axes.check_members(tensor.shape)
        return axes, axes.vector(self.gamma, "gamma"), axes.vector(self.beta, "beta")

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


def is_constant(value: Any) -> bool:
    """Whether a parameter cannot be changed in place."""
    if isinstance(value, tuple):
        return all(map(is_constant, value))
    return value is None or isinstance(value, (bool, int, float, str))


def _flat_or_not(X: Any, tensor: Array) -> Shape:
    return tensor.shape[1:] if n_axes(X) > 2 else (prod(tensor.shape[1:]),)


def _broadcast(mask: Any, X: Any, shape: Shape) -> Array:
    names, expected = _sklearn.feature_names(mask), _sklearn.feature_names(X)
    if names is not None and expected is not None and list(names) != list(expected):
        raise ValueError(
            f"`mask` has the columns {shown(names)}, but X has {shown(expected)}: give both the "
            "same, in the same order."
        )
    given = array_of(mask, "mask")
    if given.dtype != np.bool_:
        raise ValueError(f"`mask` must hold booleans, True where X counts. Got {given.dtype}.")
    try:
        return np.broadcast_to(given, shape)
    except ValueError as error:
        raise ValueError(
            f"`mask` of shape {given.shape} cannot be broadcast to X of shape {shape}."
        ) from error
