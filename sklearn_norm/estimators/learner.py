"""Learner: the base of estimators that fit at once, batch by batch, or by merging parts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .. import kernels
from ..exceptions import SparseDataError, UndefinedError
from ..inputs import parameters
from ..inputs.columns import Columns
from ..inputs.origin import LARGE, moved, reaches_beyond
from ..inputs.parameters import defaults_of
from ..inputs.reading import read_table
from ..inputs.table import Table
from ..inputs.weights import weighed
from ..kernels import Array, Floats
from ..kernels.sparse import is_sparse
from ..maps.chain import Chain
from ..maps.likeness import difference
from ..maps.record import Map
from ..records import PACKAGE
from ..statistics.record import Statistic
from .buffer import Buffer
from .fitted import AT_ONCE, OF_SCALER, Fitted
from .merging import Mergeable
from .places import first_origin, next_origin
from .transformer import Transformer
from .turns import turn_of

HOOKS = (
    "A scaler of your own defines two hooks in place of `fit`: `_measure(X, weight)` returns a "
    "statistic, and `_rule(statistic)` returns a map. See docs/new_scaler.py."
)


class Learner(Mergeable, Transformer):
    """Base of estimators that learn: X is read into a table, measured and merged.

    The result is kept in one record, `_fitted`, with the statistic and the map made from it.
    """

    _sparse_remedy: ClassVar[str] = "pass a dense array"
    # the kinds that `_measure` and `from_stats` give; a class that measures another tells its own
    _statistics: ClassVar[tuple[type[Statistic], ...]] = (Statistic,)
    # parameters that members are measured by: those of two values cannot be added
    _measured_by: ClassVar[tuple[str, ...]] = ()
    _remembers = (*Transformer._remembers, *OF_SCALER)
    _at_once = AT_ONCE

    @abstractmethod
    def _measure(self, X: Array, weight: Floats | None) -> Statistic:
        """Return the statistic of a batch without rows of weight 0; NaN is absent.

        What was measured before is in `self._known.statistic`, None for the first batch.
        """
        raise TypeError(f"{type(self).__name__} lacks a hook. {HOOKS}")

    @abstractmethod
    def _rule(self, statistic: Any) -> Map:
        """Return the map for a statistic, which may be empty."""
        raise TypeError(f"{type(self).__name__} lacks a hook. {HOOKS}")

    def _update(self, old: Any, new: Any) -> Statistic:
        """Return the statistic after a batch: the merge, except for exponential averages."""
        merged: Statistic = old.merge(new)
        return merged

    def _start(self, batch: Any) -> Statistic | None:
        """Return the prior that the first batch is added to, or None."""
        return None

    def _folded(self, old: Any, batches: Iterable[Floats]) -> Any:
        """Return the statistic after small batches; one measurement if `_update` is the merge."""
        if type(self)._update is Learner._update:
            batches = [np.concatenate(list(batches))]
        for batch in batches:
            old = self._update(old, self._measure(batch, None))
        return old

    def _read(self, X: Any, fitted: Fitted | None, least_rows: int = 0) -> Table:
        """Read X; after a fit, its columns must be those of the fit."""
        columns = None if fitted is None else fitted.columns
        table = read_table(self, X, columns, least_rows=least_rows)
        if fitted is None or fitted.origin is None:
            return table
        return moved(table, fitted.origin)

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Fit to the data; earlier fits are forgotten.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data. NaN means missing; infinity is an error.
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
            If the data or the weights are not as described; the scaler is then unchanged.
        """
        with turn_of(self):
            self._fitted = self._learned(None, X, sample_weight)[0]
        return self

    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> Self:
        """Add one batch of a stream to the fit.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The batch, of any size, even 0 rows. NaN means missing; infinity is an error.
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
            If the batch or the weights are not as described; the scaler is then unchanged.
        """
        with turn_of(self):
            before = self._fitted
            self._follow(before, self._learned(before, X, sample_weight, least_rows=0)[0])
        return self

    # the `fit` and the `transform` of this library: those of a subclass may do more
    _plain: ClassVar[tuple[Any, Any]] = (fit, None)

    def _learned(
        self,
        before: Fitted | None,
        X: Any,
        sample_weight: Any,
        least_rows: int = 1,
        origin: Floats | None = None,
    ) -> tuple[Fitted, Table]:
        """Return the fitted record after a batch, and the table of the batch."""
        as_told = before is not None and parameters.are_as_kept(self, before.parameters)
        given = before.parameters if before is not None and as_told else parameters.check(self)
        if before is not None:
            self._check_grows(before)
            if not as_told:
                self._check_measured_alike(before)
        if before is not None and origin is not None:
            before = self._settled(before).placed(origin)
        table = self._read(X, before, least_rows)
        if before is None and origin is not None:
            table = moved(table, origin)
        if before is not None and before.columns is not None and table.n_rows == 0:
            return before, table
        values, weight = table.values, None
        if not isinstance(values, np.ndarray):
            self._check_zeros_may_stay(values)
        if sample_weight is not None and table.n_rows > 0:
            values, weight = weighed(values, table.weights(sample_weight))
        follows = as_told and weight is None and origin is None
        if before is not None and follows and self._may_follow(before, values, table):
            return self._waiting(before, table, values), table
        settled = None if before is None else self._settled(before)
        draft = Fitted(
            table.columns,
            table.shape,
            given,
            None if settled is None else settled.statistic,
            container=table.container if before is None else before.container,
            origin=before.origin if origin is None and before is not None else origin,
        )
        twin = self._with_fitted(draft)
        try:
            batch = twin._measure(values, weight)
        except UndefinedError as error:
            raise table.named(error) from None
        if (np.maximum(-batch.low, batch.high) > LARGE).any():
            batch = self._finite(batch, table)
            if origin is None and isinstance(values, np.ndarray) and self._takes_origin():
                origin = (
                    next_origin(settled, table, batch) if settled else first_origin(table, batch)
                )
                if origin is not None:
                    return self._learned(before, X, sample_weight, least_rows, origin)
        if draft.origin is not None and not isinstance(values, np.ndarray):
            batch = batch.moved(-draft.origin)
        old = twin._start(batch) if settled is None else settled.statistic
        after = twin._ruled_by(batch if old is None else twin._update(old, batch))
        return after.kept(), table

    def _takes_origin(self) -> bool:
        """Whether the map of differences from an origin follows from that of the data."""
        return False

    @property
    def _known(self) -> Any:
        """The record that a map is made for."""
        return self._fitted

    def _ruled_by(self, statistic: Any) -> Fitted:
        """Return the fitted record with another statistic, and the map made from it."""
        draft: Any = self._fitted
        mapping: Any = self._rule(statistic)
        if draft.origin is not None and mapping.affine.center is None:
            mapping = mapping.measured_from(draft.origin)
        ruled: Fitted = draft.but(statistic=statistic, map=mapping, buffer=None)
        return ruled

    def _may_wait(self, values: Any) -> bool:
        """Whether a batch may be buffered, to be merged with others."""
        return Buffer.takes(values)

    def _may_follow(self, before: Any, values: Any, table: Table) -> bool:
        """Whether a batch may be buffered: not before something was measured.

        The first batch with a member is measured at once, even after empty batches. So an empty
        batch changes no bit of later results.
        """
        if self._takes_origin() and reaches_beyond(table, values):
            return False  # it may choose another origin
        known = before.statistic
        begun = before.buffer is not None or bool(np.any(known.low <= known.high))
        return begun and self._may_wait(values)

    def _waiting(self, before: Fitted, table: Table, values: Array) -> Fitted:
        """Return the record with one more batch in the buffer; a full buffer is merged."""
        buffer = (before.buffer or Buffer()).plus(values)
        copy = buffer.batches[-1]  # another thread may change X, and not the copy
        if values.dtype.kind == "f" and kernels.has_infinity(copy):
            table.refuse_infinite(copy)
        try:
            before.map.check_defined(copy)  # raise errors now, not when a result is read
        except UndefinedError as error:
            raise table.named(error) from None
        after = before.but(buffer=buffer)
        return self._settled(after) if buffer.is_full else after

    def _settled(self, fitted: Fitted) -> Fitted:
        """Return the record with the buffer merged into the statistic."""
        buffer = fitted.buffer
        if buffer is None:
            return fitted
        if buffer.found is None:
            twin = self._with_fitted(fitted, **fitted.parameters)
            buffer.found = twin._ruled_by(twin._folded(fitted.statistic, buffer.batches))
        found: Fitted = buffer.found
        return found

    def _finite(self, statistic: Statistic, table: Table) -> Statistic:
        """Return a statistic of large numbers; refuse infinite ones, which the extrema show."""
        infinite = np.isinf(statistic.low) | np.isinf(statistic.high)
        infinite &= statistic.weight > 0
        if infinite.any():
            table.refuse_infinity(int(np.flatnonzero(infinite)[0]))
        return statistic

    @classmethod
    def _unfitted(cls, given: dict[str, Any]) -> Self:
        """Return a new scaler with validated parameters."""
        scaler = cls(**given)
        parameters.check(scaler)
        return scaler

    def _built(self, statistic: Statistic, names: Any = None, origin: Any = None) -> Self:
        """Fit this new scaler with a known statistic, and return it."""
        columns, shape = self._columns_of(int(statistic.weight.size), names)
        twin = self._with_fitted(Fitted(columns, shape, parameters.told(self), origin=origin))
        self._fitted = twin._ruled_by(statistic).kept()
        return self

    def _columns_of(self, size: int, names: Any) -> tuple[Columns | None, tuple[int, ...] | None]:
        """Return the columns, and the shape of a sample, for a known statistic."""
        return Columns(size, names), None

    def _moves_zeros(self) -> bool:
        """Whether the parameters alone imply that zeros do not stay zeros."""
        return False

    def _check_zeros_may_stay(self, values: Any) -> None:
        """Refuse sparse data whose zeros would not stay zeros."""
        if is_sparse(values) and self._moves_zeros():
            raise SparseDataError(f"Cannot center sparse matrices: {self._sparse_remedy}.")

    @property
    def n_samples_seen_(self) -> Any:
        """int, or ndarray of shape (n_features,): the total weight of present values per column."""
        return count(self._measured().weight)

    @property
    def constant_features_(self) -> Any:
        """ndarray: the names, or the indices, of the columns whose minimum equals their maximum."""
        constant = np.flatnonzero(self._constant())
        names = self._present().names
        return constant if names is None else names[constant]

    def _constant(self) -> Any:
        """Return which columns are constant."""
        return self._measured().is_constant

    def _fitted_now(self) -> Fitted:
        """Return the record with the buffer merged, or raise NotFittedError."""
        fitted = self._fitted
        if fitted is None:
            if self._has_own_fit():
                raise NotFittedError(
                    f"This {type(self).__name__} has learned nothing: call fit, and let a `fit` of "
                    f"your own call super().fit(X). {HOOKS}"
                )
            check_is_fitted(self)
        assert fitted is not None
        return self._as_asked(fitted if fitted.buffer is None else self._settled(fitted))

    def _as_asked(self, fitted: Fitted) -> Fitted:
        """Return the record with the map that the present parameters ask for.

        That is the map of the fit, except for parameters that are no part of what is learned.
        """
        return fitted

    def _has_own_fit(self) -> bool:
        """Whether a subclass defines a `fit` of its own."""
        return type(self).fit is not type(self)._plain[0]

    def _cannot_set(self, name: str) -> Exception:
        if self._has_own_fit() and type(self)._measure is Learner._measure:
            return TypeError(f"{name} shows what was learned, and is not set. {HOOKS}")
        known = "from_stats" if hasattr(self, "from_stats") else "fit"
        return AttributeError(
            f"{name} of a {type(self).__name__} shows what was learned, and is not set: a new "
            f"scaler with known statistics comes from {type(self).__name__}.{known}(...)."
        )

    def _present(self) -> Fitted:
        """Return the record with the buffer merged, or raise AttributeError before a fit."""
        fitted = self._fitted
        if fitted is None:
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: call fit first.")
        return fitted if fitted.buffer is None else self._settled(fitted)

    def _with(self, parameter: str) -> Any:
        """Return the value of a parameter that the current map was made with."""
        told = self._present().parameters
        return told[parameter] if parameter in told else getattr(self, parameter)

    def _seen(self) -> Any:
        """Return the current statistic."""
        return self._present().statistic

    def _measured(self) -> Any:
        """Return the statistic; raise AttributeError if it was not measured nor counted."""
        statistic = self._seen()
        if not statistic.grows:
            raise AttributeError(
                f"This {type(self).__name__} was built from {statistic.made_of}: nothing else "
                "is known about the data."
            )
        return statistic

    def _check_grows(self, fitted: Fitted) -> None:
        """Refuse to add data to a scaler that has only known statistics without a count."""
        known = fitted.statistic
        if not known.grows:
            raise ValueError(
                f"This {type(self).__name__} was built from {known.made_of}, to which no data "
                f"can be added. Use it as it is, or {known.remedy}."
            )

    def _check_measured_alike(self, before: Fitted) -> None:
        """Refuse to add data by other parameters than those that the first were measured by."""
        for name in self._measured_by:
            told, now = before.parameters[name], getattr(self, name)
            if not parameters.same(told, now):
                raise ValueError(
                    f"This {type(self).__name__} was fitted with {name}={told!r}, and has "
                    f"{name}={now!r} now: data measured by both cannot be added. Set it back, or "
                    "call fit, which starts anew."
                )

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def _state_of(self, fitted: Fitted) -> dict[str, Any]:
        """Return the fitted record as plain values, with the map after the buffered batches."""
        return {**fitted.to_state(), "_affine": self._settled(fitted).map.to_state()}

    def _take(self, state: dict[str, Any]) -> None:
        if "_statistic" not in state:
            return
        fitted = Fitted.from_state(state)
        if fitted.parameters is None:
            fitted = fitted.but(parameters=parameters.kept(parameters.told(self)))
        missing = defaults_of(type(self)).keys() - fitted.parameters.keys()
        if missing:  # an older version had fewer parameters
            new = {name: defaults_of(type(self))[name] for name in sorted(missing)}
            fitted = fitted.but(parameters=fitted.parameters | new)
        if fitted.map is None:
            fitted = self._with_fitted(fitted)._ruled_by(fitted.statistic)
        self._fitted = fitted

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        fitted = self._fitted
        if fitted is None:
            return
        try:
            parameters.check(type(self)(**fitted.parameters))
        except (TypeError, ValueError) as error:
            yield "_parameters", f"are not valid: {error}"
        try:
            n_columns = self._n_columns_of(fitted)
        except (AttributeError, ValueError) as error:
            yield "n_features_in_", f"is needed: {error}"
        known = fitted.statistic
        if isinstance(known, Statistic) and not self._takes(known):
            yield (
                "_statistic.kind",
                f"is {type(known).__name__}, which {type(self).__name__} is not",
            )
        yield from fitted.faults_of_records(n_columns, self._n_of_map(fitted, n_columns))
        if fitted.buffer is not None and not all(map(self._may_wait, fitted.buffer.batches)):
            yield "_pending.sizes", f"has a batch that no {type(self).__name__} lets wait"

    def _takes(self, statistic: Statistic) -> bool:
        """Whether a statistic is of a kind that this class learns."""
        for kind in type(self).__mro__:
            told = vars(kind)
            if "_statistics" in told:
                return Statistic in self._statistics or type(statistic) in self._statistics
            if "_measure" in told:  # of a user's own, which may measure anything
                return True
        return True

    def _map_differs(self, *, exact: bool) -> tuple[dict[str, Any] | None, Any]:
        fitted = self._fitted
        if fitted is None:
            return None, None
        if fitted.buffer is not None:
            made = self._settled(fitted).map.to_state()
        else:
            twin = self._with_fitted(fitted, **fitted.parameters)
            made = twin._ruled_by(fitted.statistic).map.to_state()
        told = fitted.map.to_state()
        found = difference(told, made)
        if found is None:
            return None, None
        foreign = type(self)._rule.__module__.partition(".")[0] != PACKAGE
        if not exact or foreign or isinstance(fitted.map, Chain):
            # a user's rule may round by the machine, and so do the logarithms of NumPy
            found = difference(told, made, near=True)
        return made, found

    def _n_of_map(self, fitted: Fitted, n_columns: int) -> int:
        """Return how many columns the map should have: those of the statistic, but for groups."""
        return n_columns

    def _n_columns_of(self, fitted: Fitted) -> int:
        """Return how many columns the statistic should have."""
        if fitted.columns is None:
            raise ValueError("the state has no n_features_in_")
        return fitted.columns.number


def count(weight: Floats) -> Any:
    """Return one number if all columns have the same; whole numbers as int."""
    whole = np.all(weight == np.floor(weight)) and np.all(weight < 2.0**53)
    counts = weight.astype(np.int64) if whole else weight
    if counts.size and np.all(counts == counts[0]):
        return counts[0].item()
    return counts
