"""Scaler: what every scaler shares. A subclass measures a statistic and rules a map."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import wraps
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted

from . import _sklearn, kernels
from .affine import Affine
from .arguments import truth
from .containers import (
    CONTAINERS,
    check_distinct,
    container_of,
    framed,
    has_nulls,
    may_write,
    narrow_float,
    readable,
)
from .exceptions import SparseDataError
from .glance import Recent, answer, at_first, glance, remember
from .kernels import Array, Floats, Traced
from .onnx import Convertible
from .pending import Pending
from .persistence.documents import Documented
from .statistics.record import Statistic
from .statistics.sparse import check_parts, columns_of, is_sparse
from .weights import checked_weight, weighed

DTYPES = (np.float64, np.float32, np.float16)
INTEGERS = tuple(np.dtype(code) for code in "?bBhHiIlLqQ")  # read without a converted copy


def frozen(getter: Any) -> Any:
    """Return a getter whose arrays are read-only."""

    @wraps(getter)
    def frozen_getter(self: Any) -> Any:
        value = getter(self)
        if isinstance(value, np.ndarray):
            value = value.view()
            value.flags.writeable = False
        return value

    return frozen_getter


class Transformer(
    Convertible,
    OneToOneFeatureMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    Documented,
):
    """A transformer of scikit-learn, of which an error leaves nothing half done.

    A subclass that defines `transform` and `_transform_at_once` asks the latter first.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Put the fast way around scikit-learn's wrapper, which builds what `set_output` asks."""
        super().__init_subclass__(**kwargs)
        if {"transform", "_transform_at_once"} <= vars(cls).keys():
            kind: Any = cls
            kind.transform = at_first("_transform_at_once")(kind.transform)

    def _glanced(self, X: Any) -> Array | None:
        """Return the floats of X where a glance is enough to validate it, else None."""
        return glance(self, X)

    def set_params(self, **params: Any) -> Self:
        """Set parameters, all of them or none.

        Parameters
        ----------
        **params : dict
            The parameters by name.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no parameter of a name.
        """
        with unchanged_on_error(self):
            result: Self = super().set_params(**params)
            return result

    def _check_container(self) -> None:
        """Refuse to map what the container asked for could not hold."""
        if "feature_names_in_" in vars(self) and _sklearn.asked_container(self) == "polars":
            check_distinct(self.feature_names_in_)


class Scaler(Transformer):
    """Base of all scalers: two hooks, `_measure` and `_rule`, and all the rest here.

    The fitted state is a statistic, which merges, and the map made of it; attributes
    with a trailing underscore are views on the two.
    """

    _sparse_remedy: ClassVar[str] = "pass a dense array"
    _kind_of_column: ClassVar[str] = "feature"
    _kept_by_merge: ClassVar[tuple[str, ...]] = (
        "n_features_in_",
        "feature_names_in_",
        "_container",
        _sklearn.OUTPUT,
    )
    _fitted = ("_parameters", "_affine", "_statistic")
    _remembers = (*Documented._remembers, "_container", "_pending", *_fitted)
    _records: ClassVar[dict[str, Any]] = {
        "_affine": Affine,
        "_statistic": Statistic,
        "_pending": Pending,
    }
    copy: bool
    _statistic: Any
    _affine: Affine
    _container: str = "default"
    _pending: Pending | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make every fitted attribute a view that cannot be written to."""
        super().__init_subclass__(**kwargs)
        for name, value in vars(cls).copy().items():
            if isinstance(value, property) and name.endswith("_") and not name.startswith("_"):
                setattr(cls, name, property(frozen(value.fget), doc=value.__doc__))

    @abstractmethod
    def _measure(self, X: Array, weight: Floats | None) -> Statistic:
        """Return the statistic of a batch. Rows without weight are gone; NaN is absent."""

    @abstractmethod
    def _rule(self, statistic: Any) -> Affine:
        """Return the map made of a statistic."""

    def _update(self, old: Any, new: Any) -> Statistic:
        """Return the statistic after a batch: for all but averages that forget, the merge."""
        merged: Statistic = old.merge(new)
        return merged

    def _folded(self, old: Any, batches: Iterable[Floats]) -> Any:
        """Return the statistic after small batches: at once where `_update` is the merge."""
        if type(self)._update is Scaler._update:
            batches = [np.concatenate(list(batches))]
        for batch in batches:
            old = self._update(old, self._measure(batch, None))
        return old

    @_sklearn.validated
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Measure the data from nothing.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data; NaN is missing, infinity an error.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Finite weights of at least 0; 0 leaves a sample out, 2 counts it twice.

        Returns
        -------
        self : object
            The fitted scaler.

        Raises
        ------
        ValueError
            If the data or the weights are not as described; the scaler stays as it was.
        """
        return self._learn(X, sample_weight, first=True)

    @at_first("_partial_fit_at_once")
    @_sklearn.validated
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Measure one more batch of a stream.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The batch, of any size, also without rows; NaN is missing, infinity an error.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Finite weights of at least 0; 0 leaves a sample out, 2 counts it twice.

        Returns
        -------
        self : object
            The scaler, as if fitted on all batches so far.

        Raises
        ------
        ValueError
            If the batch or the weights are not as described; the scaler stays as it was.
        """
        return self._learn(X, sample_weight, first=not self.__sklearn_is_fitted__())

    def _learn(self, X: Any, sample_weight: Any, first: bool) -> Self:
        self._validate_params()  # again: scikit-learn skips it in later batches of a stream
        with unchanged_on_error(self):
            if not first:
                self._check_grows()
            if not first and shape_of(X)[:1] == (0,) and n_axes(X) == 2:
                return self._learn_nothing(X)
            values = self._to_measure(X, reset=first or not hasattr(self, "n_features_in_"))
            weight = checked_weight(sample_weight, values.shape[0])
            self._check_zeros_may_stay(values)
            values, weight = weighed(values, weight)
            if not first and weight is None and self._may_wait(values):
                self._check_finite(values)
                self._wait(values)
            else:
                batch = self._measure_checked(values, weight)
                old = self._start() if first else self._seen()
                self._settle(batch if old is None else self._update(old, batch))
            if first:
                self._container = container_of(X)
            remember(self, X)
        return self

    def _partial_fit_at_once(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self | None:
        """Let a small batch wait, if all that `_learn` checks is seen at a glance."""
        if sample_weight is not None or not self.__sklearn_is_fitted__():
            return None
        values = self._glanced(X)
        if values is None or not self._may_wait(values) or kernels.has_infinity(values):
            return None
        self._wait(values)
        return self

    def _may_wait(self, values: Any) -> bool:
        """Whether a batch may wait for others, to be folded by the parameters of the map."""
        return Pending.takes(values) and self._statistic.grows and self._is_as_settled()

    def _wait(self, values: Array) -> None:
        """Keep a batch; fold all that wait where they have become many."""
        pending = (self._pending or Pending(self._statistic, self._parameters)).plus(values)
        if pending.is_full:
            self._settle(self._folded(pending.upon, pending.batches))
        else:
            self._pending = pending

    def _is_as_settled(self) -> bool:
        """Whether the parameters are those that the present map was made with."""
        now = vars(self)
        return all(
            now.get(name) is value
            or (not isinstance(value, bool) and same_parameter(now.get(name), value))
            for name, value in self._parameters.items()
        )

    def _twin(self, **attributes: Any) -> Self:
        """Return a shallow copy with other attributes."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, **attributes)
        return twin

    def _present(self) -> tuple[Any, Affine]:
        """Return statistic and map after all batches, those that wait too."""
        pending = self._pending
        if pending is None:
            return self._statistic, self._affine
        if pending.found is None:
            settled = self._twin(**pending.parameters)
            statistic = settled._folded(pending.upon, pending.batches)
            pending.found = statistic, settled._rule(statistic)
        found: tuple[Any, Affine] = pending.found
        return found

    def _learn_nothing(self, X: Any) -> Self:
        """Take a batch without rows: checked as any other, it changes nothing."""
        _sklearn.validate_data(
            self,
            readable(X),
            reset=False,
            accept_sparse=["csr", "csc"],
            ensure_all_finite=False,
            ensure_min_samples=0,
        )
        return self

    @classmethod
    def _unfitted(cls, parameters: dict[str, Any]) -> Self:
        """Return a new scaler, whose parameters are checked."""
        scaler = cls(**parameters)
        scaler._validate_params()
        return scaler

    def _built(self, statistic: Statistic, names: Any = None) -> Self:
        """Return this new scaler, fitted with a statistic that is known."""
        self._take_columns(int(statistic.weight.size), names)
        self._statistic = statistic
        self._settle(statistic)
        self._container = "default"
        return self

    def _take_columns(self, size: int, names: Any) -> None:
        """Take the number of columns and their names, which may be None."""
        self.n_features_in_ = size
        if names is not None:
            self.feature_names_in_ = names

    @property
    def _n_columns(self) -> int:
        """The number of columns of the statistic and the map."""
        return int(self.n_features_in_)

    def _start(self) -> Statistic | None:
        """Return what a stream begins with: nothing, but for a prior."""
        return None

    def _settle(self, statistic: Statistic) -> None:
        affine = self._rule(statistic)  # refuses wrong parameters before they are copied
        parameters = deepcopy(self.get_params(deep=False))
        # at once, as another thread may read; what waited is of the moment before until it goes
        self.__dict__.update(
            _affine=affine, _parameters=parameters, _statistic=statistic, _recent=Recent()
        )
        self.__dict__.pop("_pending", None)

    def _with(self, parameter: str) -> Any:
        """Return the value of a parameter that the present map was made with."""
        self._check_seen()
        kept = self._parameters
        return kept[parameter] if parameter in kept else getattr(self, parameter)

    def _measure_checked(self, X: Array, weight: Floats | None) -> Statistic:
        """Measure, and refuse infinity: the extrema show it."""
        statistic = self._measure(X, weight)
        there = statistic.weight > 0
        infinite = there & (np.isinf(statistic.low) | np.isinf(statistic.high))
        if infinite.any():
            self._refuse_infinity(int(np.flatnonzero(infinite)[0]), X)
        return statistic

    def transform(self, X: Any, copy: bool | None = None) -> Any:
        """Scale the data.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data, with the columns of the fit; NaN is kept.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.

        Returns
        -------
        Z : {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The scaled data, float16 and float32 as such, all else as float64.

        Raises
        ------
        ValueError
            If the columns are not those of the fit, or a value is infinite.
        """
        check_is_fitted(self)
        values = self._validated(X, reset=False)
        self._check_finite(values)
        self._check_zeros_stay(values)
        self._check_container()
        out = self._place_to_write(X, values, copy)
        remember(self, X)
        return self._with_nulls_of(X, self._as_given(X, self._mapped(values, out)))

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Measure the data from nothing, then scale them.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data; NaN is missing, infinity an error.
        y : None
            Ignored.
        **fit_params : dict
            Passed to `fit`: `sample_weight`.

        Returns
        -------
        Z : {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The scaled data.

        Raises
        ------
        ValueError
            If `fit` or `transform` does; the scaler stays as it was.
        """
        with unchanged_on_error(self):
            return super().fit_transform(X, y, **fit_params)

    def _transform_at_once(self, X: Any, copy: bool | None = None) -> Any:
        """Return what `transform` does, if all that it checks is seen at a glance."""

        def act(values: Array) -> Array | None:
            if kernels.has_infinity(values):
                return None
            mapped: Array = self._mapped(values, self._place_to_write(X, values, copy))
            return mapped

        return answer(self, X, act)

    def _mapped(self, values: Any, out: Any) -> Any:
        """Return the values under the map, written to `out` where there is one."""
        return self._ruled().apply(values, out, clip=truth(getattr(self, "clip", False), "clip"))

    def _as_given(self, X: Any, values: Any) -> Any:
        """Return a result in the shape of X."""
        return values

    def _place_to_write(self, X: Any, values: Any, copy: bool | None) -> Any:
        """Return the caller's own array where it may be overwritten."""
        keep = truth(self.copy if copy is None else copy, "copy")
        return values if not keep and may_write(X, values) else None

    def _with_nulls_of(self, X: Any, scaled: Any) -> Any:
        if _sklearn.asked_container(self) == "polars" and has_nulls(X):
            return framed(scaled, "polars", self.get_feature_names_out(), like=X)
        return scaled

    def inverse_transform(self, X: Any, copy: bool | None = None, columns: Any = None) -> Any:
        """Undo the scaling, of all columns or of some.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_columns)
            Scaled data: all columns, or a DataFrame of some of them in their order.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.
        columns : list of str or int, default=None
            Names or indices of the columns an array holds, in the order of the fit.

        Returns
        -------
        X : {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_columns)
            The data in the units of the fit: a DataFrame where `set_output` asks for
            one, or else where X or the data of the fit was one.

        Raises
        ------
        ValueError
            If the columns are not those of the fit or come in another order.
        """
        check_is_fitted(self)
        chosen = self._chosen(X, columns)
        values = read_array(self, X, accept_sparse=["csr", "csc"])
        if values.shape[1] != chosen.size:
            raise ValueError(
                f"X has {values.shape[1]} features, but {type(self).__name__} is expecting "
                f"{chosen.size} features as input. To invert some columns only, name them: "
                "columns=[...]."
            )
        self._check_finite(values, chosen)
        self._check_zeros_stay(values)
        affine = self._ruled()
        affine = affine.columns(chosen) if chosen.size < self.n_features_in_ else affine
        self._check_gain(affine, chosen)
        out = self._place_to_write(X, values, copy)
        names = self._names()[chosen]
        if not hasattr(self, "feature_names_in_") and container_of(X) != "default":
            names = X.columns  # as they came, strings or not
        return framed(affine.invert(values, out), self._wanted(X), names, like=X)

    def _check_gain(self, affine: Affine, chosen: Any) -> None:
        if affine.gain is not None and np.any(affine.gain == 0):
            at = chosen[np.flatnonzero(affine.gain == 0)[0]]
            raise ValueError(
                f"Column {self._name(int(at))!r} was multiplied by 0, which nothing can undo. "
                "Leave it out: columns=[...]."
            )

    def _wanted(self, X: Any) -> str:
        """Return the container of an inverse: asked for, or X's, or that of the fit."""
        if is_sparse(X):
            return "default"
        if _sklearn.has_asked(self):
            return _sklearn.asked_container(self)
        own = container_of(X)
        return own if own != "default" else self._container

    def _chosen(self, X: Any, columns: Any) -> Any:
        """Return the indices of the columns that X holds."""
        names = self._names()
        given = _sklearn.feature_names(X)
        if columns is not None:
            chosen = self._places(self._listed(columns))
            if given is not None and list(given) != list(names[chosen]):
                raise ValueError(
                    f"X has the columns {shown(given)}, but columns={shown(names[chosen])}."
                )
        elif given is None or not hasattr(self, "feature_names_in_") or list(given) == list(names):
            return np.arange(self.n_features_in_)
        else:
            chosen = self._places(given)
        if sorted(set(chosen)) != chosen:
            raise ValueError(
                "The feature names should match those that were passed during fit.\n"
                "Feature names must be in the same order as they were in fit.\n"
                f"Got {shown([self._name(c) for c in chosen])}; the order in fit is "
                f"{shown(names)}."
            )
        return np.asarray(chosen, dtype=np.intp)

    def _listed(self, columns: Any) -> Any:
        """Return the columns asked for as a list, no longer than there are columns."""
        size = getattr(columns, "size", 0)
        if isinstance(size, int) and size > self.n_features_in_:
            raise ValueError(
                f"`columns` names {size} columns, but there are {self.n_features_in_}: "
                "name each once, in the order of the fit."
            )
        return np.atleast_1d(np.asarray(columns, dtype=object))

    def _places(self, columns: Any) -> list[int]:
        """Return the indices of columns given by name or index."""
        size = self.n_features_in_
        at = {name: i for i, name in enumerate(self._names())}
        found = []
        for column in columns:
            if isinstance(column, str) and column in at:
                found.append(at[column])
            elif isinstance(column, (int, np.integer)) and -size <= column < size:
                found.append(int(column) % size)
            else:
                raise ValueError(
                    f"Column {column!r} was not seen in fit. The columns are {shown(at)}, "
                    f"or the indices 0 to {size - 1}."
                )
        return found

    def merge(self, other: Self) -> Self:
        """Return a new scaler, as if fitted on the data of both.

        Parameters
        ----------
        other : object
            A fitted scaler of the same class, parameters and columns.

        Returns
        -------
        merged : object
            A new fitted scaler; this one and the other stay as they are.

        Raises
        ------
        ValueError
            If the other differs in class, parameters or columns.
        NotFittedError
            If one of the two is not fitted.
        """
        if type(other) is not type(self):
            raise ValueError(
                f"Cannot merge a {type(self).__name__} with a {type(other).__name__}: "
                "fit both with the same class."
            )
        check_is_fitted(self)
        check_is_fitted(other)
        self._check_grows()
        other._check_grows()
        mine, theirs = self._parameters, other._parameters
        for name in mine.keys() - {"copy"}:
            if not same_parameter(mine[name], theirs[name]):
                raise ValueError(
                    f"Cannot merge scalers of different parameters: {name}={mine[name]!r} "
                    f"and {name}={theirs[name]!r}. Fit both with the same."
                )
        widths = [getattr(scaler, "n_features_in_", None) for scaler in (self, other)]
        if widths[0] != widths[1] or (
            widths[0] is not None and not np.array_equal(self._names(), other._names())
        ):
            raise ValueError(
                f"Cannot merge scalers of different columns: {shown(self._names())} and "
                f"{shown(other._names())}. Fit both on the same columns, in the same order."
            )
        merged: Any = clone(copy(self).set_params(**mine))
        vars(merged).update({k: vars(self)[k] for k in self._kept_by_merge if k in vars(self)})
        merged._settle(self._merged(other))
        result: Self = merged
        return result

    def _merged(self, other: Self) -> Statistic:
        merged: Statistic = self._seen().merge(other._seen())
        return merged

    def _validated(self, X: Any, reset: bool) -> Any:
        """Return data as floats, checked but for infinity."""
        return self._checked(X, reset, DTYPES)

    def _to_measure(self, X: Any, reset: bool) -> Any:
        """Return data to measure: integers as they are, since kernels read them."""
        return self._checked(X, reset, (*DTYPES, *INTEGERS))

    def _checked(self, X: Any, reset: bool, dtypes: tuple[Any, ...]) -> Any:
        with reading():
            values = _sklearn.validate_data(
                self,
                readable(X),
                reset=reset,
                accept_sparse=["csr", "csc"],
                dtype=narrow_float(X) or list(dtypes),
                ensure_all_finite=False,
                copy=False,
            )
        if is_sparse(values):
            check_parts(values)
        check_width(self, X, values)
        return values

    def _moves_zeros(self) -> bool:
        """Whether the parameters alone tell that zeros do not stay zeros."""
        return False

    def _check_zeros_may_stay(self, values: Any) -> None:
        """Refuse to learn from sparse data what could never be applied to it."""
        if is_sparse(values) and self._moves_zeros():
            raise SparseDataError(f"Cannot center sparse matrices: {self._sparse_remedy}.")

    def _check_zeros_stay(self, values: Any) -> None:
        if not is_sparse(values):
            return
        self._check_zeros_may_stay(values)
        moved = self._ruled().of_zero(self.n_features_in_) != 0
        if moved.any():
            name = self._name(int(np.flatnonzero(moved)[0]))
            raise SparseDataError(
                f"The zeros of sparse column {name!r} would not stay zeros. "
                f"To scale sparse data, {self._sparse_remedy}."
            )

    def _check_finite(self, values: Any, chosen: Any = None) -> None:
        members = values.data[:, None] if is_sparse(values) else values
        if not kernels.has_infinity(members):
            return
        if is_sparse(values):
            column = int(columns_of(values)[np.isinf(values.data)].min())
        else:
            column = int(np.flatnonzero(np.isinf(values).any(axis=0))[0])
        self._refuse_infinity(int(column if chosen is None else chosen[column]), values)

    def _refuse_infinity(self, column: int, values: Any) -> None:
        raise ValueError(
            f"Input X contains infinity or a value too large for {values.dtype!r}, in column "
            f"{self._name(column)!r}. Replace it, by NaN where it stands for a missing value."
        )

    def _names(self) -> Any:
        """Return the names of the columns, or their indices."""
        names = getattr(self, "feature_names_in_", None)
        if names is not None:
            return names
        size = getattr(self, "n_features_in_", 0)
        return np.array([f"x{i}" for i in range(size)], dtype=object)

    def _name(self, column: int) -> Any:
        return self._names()[column] if hasattr(self, "feature_names_in_") else column

    @property
    @frozen
    def n_samples_seen_(self) -> Any:
        """int, or ndarray of shape (n_features,): the present weight of each column."""
        return count(self._measured().weight)

    @property
    @frozen
    def constant_features_(self) -> Any:
        """ndarray: the names, or the indices, of the columns whose minimum is their maximum."""
        constant = np.flatnonzero(self._constant())
        names = getattr(self, "feature_names_in_", None)
        return constant if names is None or names.size != self._n_columns else names[constant]

    def _constant(self) -> Any:
        """Return which columns are constant."""
        return self._measured().is_constant

    def _check_seen(self) -> None:
        """Say in an attribute's words that there is nothing yet."""
        if not self.__sklearn_is_fitted__():
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: call fit first.")

    def _seen(self) -> Any:
        """Return the present statistic."""
        self._check_seen()
        return self._present()[0]

    def _measured(self) -> Any:
        """Return the statistic, or say in an attribute's words that it tells nothing of data."""
        statistic = self._seen()
        if not statistic.grows:
            raise AttributeError(
                f"This {type(self).__name__} was built from a center and a scale: what else there "
                "was in the data is not known."
            )
        return statistic

    def _check_grows(self) -> None:
        """Refuse to add to what nothing can be added to."""
        if not self._statistic.grows:
            raise ValueError(
                f"This {type(self).__name__} was built from a center and a scale, to which no data "
                "can be added. Use it as it is, or fit one to all data."
            )

    def _ruled(self) -> Affine:
        """Return the present map."""
        self._check_seen()
        return self._present()[1]

    def _check_convertible(self, inverse: bool) -> None:
        check_is_fitted(self)
        if inverse:
            self._check_gain(self._ruled(), np.arange(self._n_columns))

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> tuple[int, ...]:
        expected = (int(self.n_features_in_),)
        if given not in (expected, (None,)):
            raise ValueError(
                f"X has the shape {(None, *given)}, but {type(self).__name__} is expecting "
                f"{expected[0]} features as input: {(None, *expected)}."
            )
        return expected

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        result: Traced = self._ruled().invert(X) if inverse else self._mapped(X, None)
        return result

    def _unheld(self, dtype: Any) -> list[str]:
        affine, names = self._ruled(), self._names()
        by_name = hasattr(self, "feature_names_in_") and names.size == self._n_columns
        zero, one = np.zeros(self._n_columns), np.ones(self._n_columns)
        center, scale = (affine.in_units(name) for name in ("center", "scale"))
        center, scale = zero if center is None else center, one if scale is None else scale
        constant = self._constant() if self._seen().grows else np.zeros_like(zero, dtype=bool)
        with np.errstate(over="ignore"):
            held = constant & (center.astype(dtype) == center)
        return [
            f"{self._kind_of_column} {str(names[at]) if by_name else at!r}, of center "
            f"{center[at]:.6g} and scale {scale[at]:.6g}"
            for at in affine.unheld(dtype).tolist()
            if not held[at]
        ]

    def __sklearn_is_fitted__(self) -> bool:
        return "_statistic" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = not self._moves_zeros()
        tags.transformer_tags.preserves_dtype = ["float64", "float32", "float16"]
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return arrays and plain values only; the map is the one in force."""
        now = self._twin()  # of one moment, whatever another thread does
        if now._pending is not None:
            now._statistic, now._parameters = now._pending.upon, now._pending.parameters
        state: dict[str, Any] = super(Scaler, now).__getstate__()
        if "_statistic" in state:
            state["_affine"] = now._ruled().to_state()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if not self.__sklearn_is_fitted__():
            return
        if "_parameters" not in vars(self):
            self._parameters = deepcopy(self.get_params(deep=False))
        if "_affine" not in vars(self):
            self._affine = self._rule(self._statistic)
        if isinstance(self._pending, Pending):
            self._pending.upon, self._pending.parameters = self._statistic, self._parameters

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        if self._container not in CONTAINERS:
            yield "_container", f"must be one of {CONTAINERS}, not {self._container!r:.40}"
        if not self.__sklearn_is_fitted__():
            return
        yield from self._faults_of_parameters()
        try:
            n_columns = self._n_columns
        except (AttributeError, ValueError) as error:
            yield "n_features_in_", f"is needed: {error}"
        for name, kind in self._records.items():
            record: Any = vars(self).get(name)
            if name not in vars(self) and name not in self._fitted:
                continue
            if not isinstance(record, kind):
                yield name, f"must be a {kind.__name__}, not {record!r:.40}"
            yield from ((f"{name}.{field}", why) for field, why in record.faults(n_columns))

    def _faults_of_parameters(self) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the parameters that the map was made with."""
        try:
            type(self)(**self._parameters)._validate_params()
        except (TypeError, ValueError) as error:
            yield "_parameters", f"are not valid: {error}"


@contextmanager
def unchanged_on_error(estimator: Any) -> Iterator[None]:
    """Put the attributes back where an error is raised."""
    before: dict[str, Any] = estimator.__dict__.copy()
    try:
        yield
    except BaseException:
        estimator.__dict__ = before  # at once, as another thread may read
        raise


@contextmanager
def reading() -> Iterator[None]:
    """Say what is wrong with an integer that no float holds; a float beyond is an infinity."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except OverflowError as error:
        raise ValueError(
            f"X holds a number that no float64 can hold ({error}). Replace it, by NaN where it "
            "stands for a missing value."
        ) from error


def read_array(estimator: Any, X: Any, **options: Any) -> Any:
    """Return X as an array of floats, NaN where something is missing; names do not count."""
    with reading():
        values = check_array(
            readable(X),
            dtype=narrow_float(X) or list(DTYPES),
            ensure_all_finite=False,
            copy=False,
            input_name="X",
            estimator=estimator,
            **options,
        )
    if is_sparse(values):
        check_parts(values)
    return values


def shape_of(X: Any) -> tuple[Any, ...]:
    """Return the shape of an array, a frame or what becomes an array; () where nothing does."""
    shape = getattr(X, "shape", None)
    try:
        return shape if isinstance(shape, tuple) else np.asarray(X).shape
    except (TypeError, ValueError, OverflowError):
        return ()  # the checks of scikit-learn tell why


def check_width(estimator: Any, X: Any, values: Any) -> None:
    """Refuse what has another shape as an array than it tells, which scikit-learn believes."""
    if getattr(estimator, "n_features_in_", None) != values.shape[1]:
        raise ValueError(
            f"X becomes an array of shape {values.shape}, which is not the shape that it tells, "
            f"{getattr(X, 'shape', None)}. Pass the array."
        )


def n_axes(X: Any) -> int:
    return len(shape_of(X))


def shown(names: Any) -> str:
    """Return names for a message: all of a few, else the first and how many there are."""
    listed = list(names)
    if len(listed) <= 12:
        return str(listed)
    return f"[{', '.join(map(repr, listed[:10]))}, ... {len(listed)} in all]"


def same_parameter(a: Any, b: Any) -> bool:
    """Whether two parameters mean the same, however they are written."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_parameter(a[k], b[k]) for k in a)
    if a is None or b is None or isinstance(a, (str, dict)) or isinstance(b, (str, dict)):
        return type(a) is type(b) and a == b
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(map(same_parameter, a, b))
    try:
        return not (is_sparse(a) or is_sparse(b)) and np.array_equal(np.asarray(a), np.asarray(b))
    except (TypeError, ValueError):
        return False  # one does not form an array


def count(weight: Floats) -> Any:
    """Return one number where all columns have the same, whole numbers as int."""
    whole = np.all(weight == np.floor(weight)) and np.all(weight < 2.0**53)
    counts = weight.astype(np.int64) if whole else weight
    if counts.size and np.all(counts == counts[0]):
        return counts[0].item()
    return counts
