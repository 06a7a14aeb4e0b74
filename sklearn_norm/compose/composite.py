"""Composite: the base of estimators that give columns of X to others, and put results in place."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from .. import _sklearn
from ..estimators.fitted import OF_COLUMNS
from ..estimators.transformer import Transformer
from ..estimators.turns import turn_of
from ..inputs import parameters
from ..inputs.frames import renamed
from ..inputs.mixed import Mixed, read_mixed, read_scaled
from ..inputs.reshaped import is_series, named_as, rows_of, series_like
from .graphs import PartsToGraph
from .naming import all_or_none
from .one_part import check_width, continued, naming
from .one_pass import OnePass
from .parts import OF_PARTS, Part, Parts
from .routing import Routed, routed, router_of

Learned = tuple[Parts, Mixed, dict[str, Routed]]


class Composite(PartsToGraph, OnePass, Transformer):
    """Base of estimators that are made of others, each of which takes some columns of X.

    A subclass tells its parts: `_first` those of a first fit, `_next` those that continue one.
    """

    _remembers = (*Transformer._remembers, *OF_PARTS)
    _at_once = OF_PARTS
    _of_fit: ClassVar[frozenset[str]] = frozenset({*OF_COLUMNS, *OF_PARTS})
    _holds_estimators = True
    _fitted: Any = None

    @abstractmethod
    def _named_parts(self) -> list[tuple[str, Any]]:
        """Return the names of the estimators that are parameters, and these."""

    @abstractmethod
    def _first(self, mixed: Mixed) -> list[Part]:
        """Return the parts of a first fit, not fitted yet."""

    def _next(self, fitted: Parts) -> list[Part]:
        """Return the parts of a fit, to be continued, with the parameters that are set now."""
        given = dict(self._named_parts())
        names = [part.name for part in fitted.parts]
        if names != list(given):
            raise ValueError(
                f"This {type(self).__name__} was fitted with the scalers {names}, and now has "
                f"{list(given)}: call fit, which begins anew."
            )
        return [part.with_(continued(given[part.name], part)) for part in fitted.parts]

    def _given(self, mixed: Mixed, places: Any) -> Any:
        """Return what a part is given of X."""
        return mixed.part(places)

    def _beside(self, told: dict[str, Any], places: Any) -> dict[str, Any]:
        """Return the arguments of a part for what it is given of X."""
        return told

    def _returned(self, result: Any, mixed: Mixed) -> Any:
        """Return a result of a part as one column for each that it was given."""
        return result

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit each part to its columns; earlier fits are forgotten.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            The data. In columns that are scaled, NaN means missing and infinity is an error;
            other columns may hold anything.
        y : None
            Ignored.
        **params : dict
            What the parts take beside X, such as `sample_weight`. With metadata routing each
            gets what it asked for, and else every part that takes an argument gets it.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the parameters are not as described; nothing is then changed.
        """
        with turn_of(self):
            self._fitted = self._learned(None, X, y, "fit", params)[0]
        return self

    def partial_fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Add one batch of a stream to the fit, to all parts or to none.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            The batch, of any size, even 0 rows. The first one decides which columns a part takes.
        y : None
            Ignored.
        **params : dict
            What the parts take beside X, as in `fit`.

        Returns
        -------
        self : object
            The estimator, as if fitted on all batches so far.

        Raises
        ------
        ValueError
            If the batch is not as described, for any part; all of them are then unchanged.
        """
        with turn_of(self):
            before: Any = self._fitted
            after: Any = self._learned(before, X, y, "partial_fit", params)[0]
            self._follow(before, after)
        return self

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit to the data, then scale them.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            The data, as in `fit`.
        y : None
            Ignored.
        **params : dict
            What the parts take beside X, as in `fit`.

        Returns
        -------
        Z : {DataFrame, ndarray, sparse matrix} of shape (n_samples, n_features)
            The scaled data, as from `transform`.

        Raises
        ------
        ValueError
            As in `fit` and `transform`; nothing is then changed.
        """
        fitted, mixed, told = self._learned(None, X, y, "fit_transform", params)
        beside = {name: found["transform"] for name, found in told.items()}
        twin = self._with_fitted(fitted)  # type: ignore[arg-type]
        result = None if any(beside.values()) else twin._in_one_pass(X, fitted)
        result = twin._applied(fitted, mixed, beside) if result is None else result
        with turn_of(self):
            self._fitted = fitted
        return result

    def transform(self, X: Any, **params: Any) -> Any:
        """Scale the data; columns that no part takes stay as they are.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix} of shape (n_samples, n_features)
            The data, with the columns of the fit.
        **params : dict
            What the parts take beside X, as in `fit`.

        Returns
        -------
        Z : {DataFrame, ndarray, sparse matrix} of shape (n_samples, n_features)
            The scaled data, in the container of X unless `set_output` asks for another: its
            columns in their order, with their names and their index. Short floats stay short;
            integers that are scaled become float64.

        Raises
        ------
        ValueError
            If the columns are not those of the fit, or a value to be scaled is infinite.
        """
        fitted = self._fitted_parts()
        if not params:
            result = self._in_one_pass(X, fitted)
            if result is not None:
                return result
        mixed = self._read(X, fitted, 0)
        told = routed(self, "transform", fitted.named(), _weighed(mixed, params))
        beside = {name: found["transform"] for name, found in told.items()}
        return self._applied(fitted, mixed, beside)

    def inverse_transform(self, X: Any, columns: Any = None, **params: Any) -> Any:
        """Undo the scaling, of all columns or of some.

        Parameters
        ----------
        X : {DataFrame, array-like, sparse matrix, Series} of shape (..., n_columns)
            Scaled data: all columns, or a frame of some of them in their order. For one column
            also a series, or an array with one value per member.
        columns : list of str or int, default=None
            Names or places of the columns in X, in the order of the fit.
        **params : dict
            What the parts take beside X, as in `fit`.

        Returns
        -------
        X : {DataFrame, ndarray, sparse matrix, Series} of shape (..., n_columns)
            The data in the original units, in the container of X or the frame that `set_output`
            asks for. A column of a frame that held integers holds integers again if all values
            are whole, up to the rounding of both ways; else it holds floats.

        Raises
        ------
        ValueError
            If the columns are not those of the fit or come in another order.
        """
        fitted = self._fitted_parts()
        if columns is None and not params:
            result = self._undone_in_one_pass(X, fitted)
            if result is not None:
                return result
        given, original = rows_of(X, columns, fitted.columns)
        wanted = named_as(X, columns, fitted.columns) if is_series(X) else columns
        places = fitted.columns.chosen(given, wanted)
        mixed = read_scaled(self, given, fitted.columns, places.size)
        told = routed(self, "inverse_transform", fitted.named(), _weighed(mixed, params))
        at = {place: i for i, place in enumerate(places.tolist())}
        results = []
        for part in fitted.parts:
            there = [i for i, place in enumerate(part.places.tolist()) if place in at]
            if not there:
                continue
            columns_in_x = np.array([at[place] for place in part.places[there].tolist()])
            with naming(part, fitted):
                result = self._part_undone(
                    part, there, mixed, columns_in_x, told[part.name]["inverse_transform"]
                )
            results.append((columns_in_x, result, False))
        frame = self._wanted(X) if original is None else "default"
        found = mixed.with_results(results, frame, self._before(fitted), places)
        return found if original is None else series_like(X, found.reshape(original))

    def _part_undone(
        self, part: Part, there: list[int], mixed: Mixed, columns_in_x: Any, told: dict[str, Any]
    ) -> Any:
        given = self._given(mixed, columns_in_x)
        if len(there) < part.places.size and self._parts_know_columns:
            inner = part.scaler._columns_seen("columns")
            told = {**told, "columns": [inner.label(i) for i in there]}
        return self._returned(part.scaler.inverse_transform(given, **told), mixed)

    def merge(self, other: Self) -> Self:
        """Return a new estimator, as if fitted on the data of both.

        Parameters
        ----------
        other : object
            A fitted estimator of the same class, whose parts have the same parameters and columns.

        Returns
        -------
        merged : object
            A new fitted estimator; this one and the other are unchanged.

        Raises
        ------
        ValueError
            If the other differs in class, parts, parameters or columns, or a part cannot be merged.
        NotFittedError
            If either of them is not fitted.
        """
        if type(other) is not type(self):
            raise ValueError(
                f"Cannot merge a {type(self).__name__} with a {type(other).__name__}: fit both "
                "with the same class."
            )
        for which, one in (("this one", self), ("the other", other)):
            if one._fitted is None:
                raise NotFittedError(
                    f"Cannot merge: {which}, a {type(self).__name__}, is not fitted yet. Call fit."
                )
        parameters.check(self)
        mine, theirs = self._fitted, other._fitted
        mine.check_same_columns(theirs)
        parts = []
        for part, others in zip(mine.parts, theirs.parts, strict=True):
            with naming(part, mine):
                empty = not part.places.size
                parts.append(part if empty else part.with_(part.scaler.merge(others.scaler)))
        merged: Self = clone(self)
        merged._fitted = mine.but(tuple(parts))
        return merged

    def set_params(self, **params: Any) -> Self:
        """Set parameters, of the parts too, all of them or none.

        Parameters
        ----------
        **params : dict
            The parameters by name, or by a path such as `lidar__clip` for those of a part. They
            count from the next fit or batch on.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a name is not that of a parameter.
        """
        with all_or_none([part for _, part in self._named_parts()]):
            return super().set_params(**params)

    def get_metadata_routing(self) -> Any:
        """Return which arguments go to which part.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
            The routing of `fit`, `partial_fit`, `transform` and `inverse_transform`.
        """
        return router_of(self, self._named_parts())

    def _learned(
        self, before: Parts | None, X: Any, y: Any, method: str, params: dict[str, Any]
    ) -> Learned:
        """Return the record after a batch, the batch, and what goes to the parts beside it."""
        parameters.check(self)
        mixed = self._read(X, before, int(method != "partial_fit"))
        told = routed(self, method, self._named_parts(), _weighed(mixed, params))
        callee = "partial_fit" if method == "partial_fit" else "fit"
        parts = self._first(mixed) if before is None else self._next(before)
        fitted = Parts(mixed.columns, tuple(parts), mixed.dtypes(), mixed.container)
        fitted = fitted if before is None else before.but(tuple(parts))
        for part in parts:
            if part.places.size:
                with naming(part, fitted):
                    learn = getattr(part.scaler, callee)
                    beside = self._beside(told[part.name][callee], part.places)
                    learn(self._given(mixed, part.places), y, **beside)
        return fitted, mixed, told

    def _read(self, X: Any, fitted: Parts | None, least_rows: int) -> Mixed:
        """Read X, whose columns must be those of the fit; a frame as an array if that saw one."""
        if fitted is None:
            return read_mixed(self, X, None, least_rows)
        mixed = read_mixed(self, X, fitted.columns, least_rows)
        if fitted.container == "default" and mixed.container != "default":
            mixed = read_mixed(self, mixed.values.to_numpy(), fitted.columns, least_rows)
            mixed.given = X
        return mixed

    def _applied(self, fitted: Parts, mixed: Mixed, told: dict[str, dict[str, Any]]) -> Any:
        """Return the results of all parts in their places."""
        results = []
        for part in fitted.parts:
            if part.places.size:
                with naming(part, fitted):
                    given = self._given(mixed, part.places)
                    result = part.scaler.transform(given, **told[part.name])
                    check_width(given, result)
                asked = getattr(part.scaler, "dtype", None) is not None
                results.append((part.places, self._returned(result, mixed), asked))
        wanted = _sklearn.asked_container(self)
        found = mixed.with_results(results, wanted)
        return found if wanted == "default" else renamed(found, wanted, fitted.columns.listed())

    # What the state, copies and checks need

    def _fitted_parts(self) -> Parts:
        fitted = self._fitted
        if fitted is None:
            check_is_fitted(self)
        return fitted  # type: ignore[no-any-return]

    def _parts_seen(self) -> Parts:
        """Return the record, or raise AttributeError before a fit."""
        if self._fitted is None:
            raise AttributeError(f"This {type(self).__name__} is not fitted yet: call fit first.")
        return self._fitted  # type: ignore[no-any-return]

    def _twin(self) -> Self:
        fitted = self._fitted
        if fitted is not None:
            parts = (p.with_(p.scaler._twin()) for p in fitted.parts)
            fitted = fitted.but(tuple(parts))
        return self._with_fitted(fitted)

    def _take(self, state: dict[str, Any]) -> None:
        if state:
            self._fitted = Parts.from_state(state)

    def _faults(self) -> Iterator[tuple[str, str]]:
        settings = self._with_fitted(None)
        yield from super(Composite, settings)._faults()
        if self._fitted is None:
            return
        yield from self._fitted.faults()
        for i, part in enumerate(self._fitted.parts):
            if hasattr(part.scaler, "n_features_in_"):
                number = part.scaler.n_features_in_
                expected = (
                    part.places.size if self._parts_know_columns else min(1, part.places.size)
                )
                if number != expected:
                    yield f"_parts[{i}].scaler", f"takes {number} columns, not {expected}"
        names, now = [part.name for part in self._fitted.parts], dict(self._named_parts())
        if names != list(now):
            yield "_parts", f"are named {names}, but the parameters name {list(now)}"

    def __sklearn_is_fitted__(self) -> bool:
        return self._fitted is not None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        parts = (part for _, part in self._named_parts() if not isinstance(part, type))
        inner = [part.__sklearn_tags__() for part in parts if hasattr(part, "__sklearn_tags__")]
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = all(told.input_tags.sparse for told in inner)
        kept = [told.transformer_tags.preserves_dtype for told in inner if told.transformer_tags]
        floats = ["float64", "float32", "float16"]
        tags.transformer_tags.preserves_dtype = [
            name for name in floats if all(name in told for told in kept)
        ]
        return tags


def _weighed(mixed: Mixed, params: dict[str, Any]) -> dict[str, Any]:
    """Return arguments with a weight for each row of the values."""
    if params.get("sample_weight") is None:
        return params
    return {**params, "sample_weight": mixed.weights(params["sample_weight"])}
