"""Scaler: the base of all scalers. A subclass says how to measure, and which map follows."""

from __future__ import annotations

from typing import Any, overload

import numpy as np

from ..exceptions import SparseDataError
from ..inputs.arguments import truth
from ..inputs.bfloats import as_it_came
from ..inputs.columns import Columns
from ..inputs.fast_path import is_plain
from ..inputs.frames import container_of
from ..inputs.reading import read_array
from ..inputs.reshaped import Reshaped, is_series, named_as, rows_of
from ..inputs.table import Table
from ..kernels import Traced
from ..kernels.sparse import is_sparse
from ..maps.affine import Affine
from ..maps.record import Map
from .fitted import Fitted
from .learner import Learner
from .output import dtype_of, kept_dtypes, narrow_of, refuse_dtype, room
from .places import from_center, seen_from_center
from .turns import turn_of
from .typed import Dense, Labelled, Sparse


class Scaler(Learner):
    """Base of all scalers. A subclass defines two hooks, `_measure` and `_rule`.

    `_rule` makes a map from the statistic; `transform` applies it and `inverse_transform`
    undoes it.
    """

    copy: bool
    dtype: Any = None  # of a scaler without the parameter

    def _validate_params(self) -> None:
        super()._validate_params()
        dtype_of(self.dtype)

    @overload
    def fit_transform(self, X: Dense, y: Any = None, **fit_params: Any) -> Dense: ...

    @overload
    def fit_transform(self, X: Sparse, y: Any = None, **fit_params: Any) -> Sparse: ...

    @overload
    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any: ...

    def fit_transform(self, X: Any, y: Any = None, **fit_params: Any) -> Any:
        """Fit to the data, then scale them.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The data. NaN means missing; infinity is an error.
        y : None
            Ignored.
        **fit_params : dict
            Passed to `fit`, such as `sample_weight`.

        Returns
        -------
        Z : {ndarray, sparse matrix, DataFrame} of shape (n_samples, n_features)
            The scaled data.

        Raises
        ------
        ValueError
            As in `fit` and `transform`; the scaler is then unchanged.
        """
        kind = type(self)
        in_one = (kind.fit, kind.transform) == kind._plain
        if in_one and fit_params.keys() <= {"sample_weight"}:
            searched = fit_params.get("sample_weight") is None  # rows of weight 0 were not searched
            with turn_of(self):
                fitted, table = self._learned(None, X, fit_params.get("sample_weight"))
                twin = self._with_fitted(fitted)
                result = twin._scaled(fitted, table, None, searched=searched)
                self._fitted = fitted
            return result
        fit_transform = super(Scaler, kind).fit_transform
        return self._apart(lambda twin: fit_transform(twin, X, y, **fit_params))

    @overload
    def transform(self, X: Dense, copy: bool | None = None) -> Dense: ...

    @overload
    def transform(self, X: Sparse, copy: bool | None = None) -> Sparse: ...

    @overload
    def transform(self, X: Any, copy: bool | None = None) -> Any: ...

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
            The scaled data: float16 and float32 keep their dtype, others become float64,
            unless the parameter `dtype` asks for another.

        Raises
        ------
        ValueError
            If the columns are not those of the fit, or a value is infinite.
        """
        fitted = self._fitted_now()
        return self._scaled(fitted, self._read(X, fitted), copy)

    _plain = (Learner.fit, transform)

    def _scaled(
        self, fitted: Fitted, table: Table, copy: bool | None, searched: bool = False
    ) -> Any:
        """Return the mapped values of a table; `searched` means that none is infinite."""
        self._check_zeros_stay(fitted, table.values)
        self._check_container(fitted)
        if table.values is not table.given or table.values.dtype.kind != "f":
            fitted, table = seen_from_center(fitted, table)
        keep = truth(self.copy if copy is None else copy, "copy")
        dtype = dtype_of(self.dtype)
        if dtype is None and fitted.origin is not None:
            dtype = narrow_of(table)  # differences from the origin are float64
        out = table.room(keep) if dtype is None else room(table, dtype, keep)
        result = table.mapped(
            fitted.map_for(table.values), out, clip=self._clips(), look=not searched
        )
        if result is None:
            table.refuse_infinite()
        back = table.back(self, result)
        return back if self.dtype is not None else as_it_came(back, table.given)

    def _map_alone(self) -> Affine | None:
        """Return the map if `transform` and its inverse do no more than apply it, else None."""
        kind, fitted = type(self), self._fitted_now()
        plain = (
            kind.transform is Scaler.transform
            and kind.inverse_transform is Scaler.inverse_transform
            and kind._scaled is Scaler._scaled
            and kind._read is Learner._read
        )
        if not plain or self.dtype is not None or fitted.origin is not None:
            return None
        if type(fitted.map) is not Affine:
            return None
        return fitted.map if self._clips() else fitted.map.without("lower", "upper")

    def _clips(self) -> bool:
        """Whether results are clipped to the bounds of the map."""
        return False

    @overload
    def inverse_transform(
        self, X: Dense, copy: bool | None = None, columns: Any = None
    ) -> Dense: ...

    @overload
    def inverse_transform(
        self, X: Sparse, copy: bool | None = None, columns: Any = None
    ) -> Sparse: ...

    @overload
    def inverse_transform(
        self, X: Labelled, copy: bool | None = None, columns: Any = None
    ) -> Labelled: ...

    @overload
    def inverse_transform(self, X: Any, copy: bool | None = None, columns: Any = None) -> Any: ...

    def inverse_transform(self, X: Any, copy: bool | None = None, columns: Any = None) -> Any:
        """Undo the scaling, of all columns or of some.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame, Series} of shape (..., n_columns)
            Scaled data: all columns, or a DataFrame of some of them in their order. For one
            column also a series, or an array of any shape with one value per member.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.
        columns : list of str or int, default=None
            Labels or indices of the columns in X, in the order of the fit.

        Returns
        -------
        X : {ndarray, sparse matrix, DataFrame, Series} of shape (..., n_columns)
            The data in the original units. An array gives an array, a frame a frame of its
            kind with its index, or of the kind that `set_output` asks for.

        Raises
        ------
        ValueError
            If the columns are not those of the fit or come in another order.
        """
        fitted = self._fitted_now()
        table, chosen = self._read_scaled(X, columns, fitted)
        mapping = fitted.map_for(table.values)
        mapping = mapping if chosen is None else mapping.columns(chosen)
        self._check_invertible(mapping, table)
        self._check_zeros_stay(fitted, table.values)
        out = table.room(truth(self.copy if copy is None else copy, "copy"))
        result = table.inverted(mapping, out, look=True)
        if result is None:
            table.refuse_infinite()
        if fitted.origin is not None and not is_sparse(table.values):
            with np.errstate(all="ignore"):  # float16 ends at 65504
                result += fitted.origin if chosen is None else fitted.origin[chosen]
        return as_it_came(table.framed(result, self._wanted(X)), table.given)

    def inverse_transform_std(self, S: Any, columns: Any = None) -> Any:
        """Return standard deviations of scaled data in the original units.

        They are multiplied by the scale, and not shifted: what a model tells besides its
        prediction, such as `predict(X, return_std=True)`, comes back by it.

        Parameters
        ----------
        S : {array-like, DataFrame} of shape (n_samples, n_columns)
            Standard deviations, or other widths, of scaled data.
        columns : list of str or int, default=None
            Names or indices of the columns in S, as in `inverse_transform`.

        Returns
        -------
        S : {ndarray, DataFrame} of shape (n_samples, n_columns)
            The standard deviations in the units of the data, in the container that
            `inverse_transform` returns.

        Raises
        ------
        ValueError
            If the columns are not those of the fit, or the scaler is not linear.

        Notes
        -----
        Variances come back by their roots: ``scaler.inverse_transform_std(np.sqrt(V)) ** 2``.

        Examples
        --------
        >>> from sklearn_norm import ZScoreScaler
        >>> scaler = ZScoreScaler().fit([[10.0], [14.0]])
        >>> scaler.inverse_transform([[0.5]]), scaler.inverse_transform_std([[0.5]])
        (array([[13.]]), array([[1.]]))
        """
        fitted = self._fitted_now()
        widths = self._with_fitted(fitted.but(map=fitted.map.linear(), origin=None))
        return widths.inverse_transform(S, copy=True, columns=columns)

    def _read_scaled(self, X: Any, wanted: Any, fitted: Fitted) -> tuple[Table, Any]:
        """Read scaled data; return it with the indices of its columns, None for all."""
        columns: Any = fitted.columns
        if wanted is None and is_plain(X, columns.number):
            return Table(X, columns, X), None
        given, original = rows_of(X, wanted, columns)
        if is_series(X):
            wanted = named_as(X, wanted, columns)
        places = columns.chosen(given, wanted)
        values = read_array(self, given, accept_sparse=["csr", "csc"], ensure_min_samples=0)
        if values.shape[1] != places.size:
            raise ValueError(
                f"X has {values.shape[1]} features, but {type(self).__name__} is expecting "
                f"{places.size} features as input. To invert some columns only, name them: "
                "columns=[...]."
            )
        chosen = None if places.size == columns.number else places
        if original is not None:
            return Reshaped(values, columns, X, chosen, original), chosen
        return Table(values, columns, X, container_of(X), chosen), chosen

    def _check_invertible(self, mapping: Map, table: Table) -> None:
        lost = mapping.lost()
        if lost.size:
            raise ValueError(
                f"{table.kind_of_column.capitalize()} {table.label(int(lost[0]))!r} was multiplied "
                "by 0, which cannot be undone. Leave it out: columns=[...]."
            )

    def _check_zeros_stay(self, fitted: Fitted, values: Any) -> None:
        if not is_sparse(values):
            return
        self._check_zeros_may_stay(values)
        zero = fitted.map_of_data.of_zero(fitted.n_columns, self._clips())
        if (zero != 0).any():
            assert fitted.columns is not None
            at = int(np.flatnonzero(zero)[0])
            name = fitted.columns.label(at)
            if np.isnan(zero[at]) and not fitted.statistic.low[at] <= fitted.statistic.high[at]:
                raise SparseDataError(
                    f"The zeros of sparse column {name!r} would become NaN: in the fit, it held no "
                    "data. Fit on data that it has, leave the column out, or pass a dense array."
                )
            raise SparseDataError(
                f"The zeros of sparse column {name!r} would not stay zeros. "
                f"To scale sparse data, {self._sparse_remedy}."
            )

    def _ruled(self) -> Affine:
        """Return the affine part of the current map."""
        affine: Affine = self._present().map_of_data.affine
        return affine

    def _check_convertible(self, inverse: bool) -> None:
        fitted = self._fitted_now()
        if inverse:
            self._check_invertible(fitted.map, self._table_of(fitted))
        else:
            refuse_dtype(self.dtype)

    def _table_of(self, fitted: Fitted) -> Table:
        """Return an empty table with the columns of the fit, for their names."""
        columns = fitted.columns or Columns(fitted.n_columns)
        return Table(np.zeros((0, columns.number)), columns, None)

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> tuple[int, ...]:
        expected = (int(self.n_features_in_),)
        if given not in (expected, (None,)):
            raise ValueError(
                f"X has the shape {(None, *given)}, but {type(self).__name__} is expecting "
                f"{expected[0]} features as input: {(None, *expected)}."
            )
        return expected

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        fitted = self._fitted_of_graph()
        if not inverse:
            return fitted.map.apply(X, clip=self._clips())  # type: ignore[no-any-return]
        if fitted.origin is None:
            return fitted.map.invert(X)  # type: ignore[no-any-return]
        result: Traced = fitted.map.invert(X.astype(np.float64)) + fitted.origin
        return result.astype(X.dtype)

    def _subtracted(self) -> Any:
        return self._fitted_of_graph().origin

    def _fitted_of_graph(self) -> Fitted:
        """Return the record whose columns, if they are large, are measured from an origin."""
        fitted = self._fitted_now()
        return from_center(fitted) if self._takes_origin() else fitted

    def _rounded(self) -> list[Any]:
        """Return the columns of which floats lose half of the digits that their origin keeps."""
        fitted = self._fitted_now()
        if fitted.origin is None:
            return []
        lost = fitted.map_of_data.unheld(np.float64)
        table = self._table_of(fitted)
        return [table.label(at) for at in lost.tolist() if fitted.origin[at]]

    def _unheld(self, dtype: Any) -> list[str]:
        fitted = self._fitted_now()
        affine, names = fitted.map_of_data.affine, fitted.names
        zero, one = np.zeros(fitted.n_columns), np.ones(fitted.n_columns)
        center, scale = (affine.in_units(name) for name in ("center", "scale"))
        center, scale = zero if center is None else center, one if scale is None else scale
        constant = self._constant() if fitted.statistic.grows else np.zeros_like(zero, dtype=bool)
        with np.errstate(all="ignore"):
            held = constant & (center.astype(dtype) == center)
        kind = self._table_of(fitted).kind_of_column
        kind = "feature" if kind == "column" else kind
        return [
            f"{kind} {at if names is None else str(names[at])!r}, of center "
            f"{center[at]:.6g} and scale {scale[at]:.6g}"
            for at in fitted.map.unheld(dtype).tolist()
            if not held[at]
        ]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = not self._moves_zeros()
        tags.transformer_tags.preserves_dtype = kept_dtypes(self.dtype)
        return tags
