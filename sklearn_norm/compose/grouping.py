"""Grouping: what GroupScaler learns of groups, and how a row finds the statistics of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from .. import _sklearn
from ..estimators.fitted import Fitted
from ..estimators.learner import Learner
from ..estimators.output import dtype_of, room
from ..inputs import parameters
from ..inputs.arguments import truth
from ..inputs.columns import Columns
from ..inputs.weights import checked_weight
from ..kernels import Floats, Traced
from ..maps.record import Map
from ..scalers.zscore import ZScoreScaler
from ..statistics.grouped import GroupedRows
from ..statistics.moments import Moments
from ..tensors.input import TensorInput
from .cells import REFUSED, Cells, cells_of
from .each_column import ruled
from .grouped import Groups
from .keyed import KeyedTable, Layout, check_held, read_keyed, read_scaled
from .keys import Keys
from .smoothing import smoothed


class Grouping(Learner):
    """Base of GroupScaler, without its public methods.

    The statistic is a `Groups`. The map has the columns of all rows first, then those of each
    group; `Cells` tell which of them the members of a row take.
    """

    _statistics: ClassVar[Any] = (Groups,)
    _holds_estimators = True

    scaler: Any
    by: Any
    missing_key: str
    smooth: Any

    def _validate_params(self) -> None:
        super()._validate_params()
        inner = self._inner()
        parameters.check(inner)
        kind = type(inner)
        if kind._update is not Learner._update or kind._start is not Learner._start:
            raise ValueError(
                f"`scaler` must not forget, but a {kind.__name__} does: its result depends on the "
                "batches, not on the rows of a group. Use ZScoreScaler."
            )
        if isinstance(inner, TensorInput):
            raise ValueError(
                f"`scaler` must take columns, but a {kind.__name__} takes channels of samples. Use "
                "the scaler of columns with its statistics, such as ZScoreScaler."
            )
        if self.smooth and getattr(inner, "clip", None) == "range":
            raise ValueError(
                'smooth does not go with clip="range": the range of a group is not smoothed. Give '
                "`clip` a pair (low, high)."
            )

    def _inner(self) -> Any:
        """Return the scaler of the groups, not fitted."""
        return ZScoreScaler() if self.scaler is None else self.scaler

    def _inner_of(self, fitted: Fitted) -> Any:
        """Return the scaler as it was at the fit."""
        told = fitted.parameters["scaler"]
        return ZScoreScaler() if told is None else told

    def _has_own_fit(self) -> bool:
        return False  # `fit` is defined beside this class, and no hook is missing

    def _learned_groups(
        self, before: Fitted | None, X: Any, sample_weight: Any, groups: Any, least_rows: int = 1
    ) -> tuple[Fitted, KeyedTable]:
        """Return the fitted record after a batch, and the table of the batch."""
        given = parameters.check(self)
        if before is not None:
            self._check_follows(before, given)
        columns = None if before is None else before.columns
        table = read_keyed(self, X, columns, groups, least_rows)
        if before is not None and table.n_rows == 0:
            return before, table
        check_held(table)
        values, kept, weight = table.values, None, None
        if sample_weight is not None and table.n_rows > 0:
            weight = checked_weight(table.weights(sample_weight), table.n_rows)
            assert weight is not None
            kept = weight > 0
            values, weight = values[kept], weight[kept]
        keys, rows = self._keys_of(table, kept)
        draft = Fitted(table.columns, None, given, container=table.container)
        draft = draft if before is None else draft.but(container=before.container)
        twin = self._with_fitted(draft)
        batch = twin._measured_groups(values, weight, keys, rows)
        self._finite(batch.whole, table)
        if before is not None:
            if type(batch.whole) is not type(before.statistic.whole):
                raise ValueError(
                    f"This {type(self).__name__} was fitted with another kind of scaler than "
                    f"{self._inner()!r}: call fit, which begins anew."
                )
            batch = before.statistic.merge(batch)
        return twin._ruled_by(batch).kept(), table

    def _check_follows(self, before: Fitted, given: dict[str, Any]) -> None:
        if not parameters.same(given["by"], before.parameters["by"]):
            raise ValueError(
                f"The keys of the fit are by={before.parameters['by']!r}, not by={given['by']!r}: "
                "call fit, which begins anew."
            )

    def _keys_of(self, table: KeyedTable, kept: Any) -> tuple[Keys, Any]:
        """Return the keys of the rows that are kept, and the group of each, -1 for no group."""
        keys, rows = Keys.read(table.key_columns, table.n_rows)
        rows = rows if kept is None else rows[kept]
        used = np.zeros(keys.number, dtype=bool)
        used[rows] = True
        missing = keys.missing() & used
        if missing.any():
            self._check_missing(keys, rows, missing, kept)
            if self.missing_key == "unknown":
                used &= ~missing
        if used.all():
            return keys, rows
        places = np.where(used, np.cumsum(used) - 1, -1)
        return keys.chosen(used), places[rows]

    def _check_missing(self, keys: Keys, rows: Any, missing: Any, kept: Any) -> None:
        """Refuse rows without a key, if `missing_key` says so."""
        if self.missing_key != "error":
            return
        first = int(np.flatnonzero(missing[rows])[0])
        row = first if kept is None else int(np.flatnonzero(kept)[first])
        raise ValueError(
            f"Row {row} has the key {keys.label(int(rows[first]))!r}, in which a value is "
            "missing. Fill it in, or set `missing_key` to "
            '"group", which makes missing keys a group, or "unknown".'
        )

    def _measure(self, X: Any, weight: Floats | None) -> Any:
        raise NotImplementedError  # `_measured_groups` needs the keys, too

    def _measured_groups(self, values: Any, weight: Any, keys: Keys, rows: Any) -> Groups:
        """Return the statistic of all rows and of the groups."""
        inner = self._inner()
        inner = inner._with_fitted(Fitted(self._rest(self._known), None, parameters.told(inner)))
        whole = inner._measure(values, weight)
        if keys.number == 1 and (rows == 0).all():
            parts = whole
        else:
            there = rows >= 0
            if not there.all():
                values, rows = values[there], rows[there]
                weight = None if weight is None else weight[there]
            grouped, by_group = GroupedRows.of(values, rows, keys.number, weight)
            parts = _parts(inner, grouped, by_group)
        total = np.bincount(rows[rows >= 0], weight, minlength=keys.number)
        return Groups.of(whole, parts, keys, total.astype(np.float64))

    def _rule(self, statistic: Groups) -> Map:
        """Return the map of all rows, and beside it that of each group."""
        inner, rest = self._inner(), self._rest(self._known)
        whole = ruled(inner, statistic.whole, rest)
        return whole.joined(ruled(inner, self._parts_of(statistic), rest))

    def _parts_of(self, statistic: Groups) -> Any:
        """Return the statistic of the groups, smoothed if that is asked for."""
        if not self.smooth:
            return statistic.parts
        whole, parts = statistic.whole, statistic.parts
        if not isinstance(whole, Moments) or not isinstance(parts, Moments):
            raise ValueError(
                f"smooth={self.smooth!r} moves a mean and a variance, which "
                f"{type(self._inner()).__name__} does not measure: use ZScoreScaler, or smooth=0."
            )
        return smoothed(whole, parts, self.smooth, getattr(self._inner(), "ddof", 0))

    def _ruled_by(self, statistic: Any) -> Fitted:
        ruled_ = super()._ruled_by(statistic)
        return ruled_.but(plan=cells_of(statistic, ruled_.parameters))

    def _rest(self, fitted: Fitted) -> Columns:
        assert fitted.columns is not None
        return Layout(fitted.columns, fitted.parameters["by"]).rest()

    def _scaled(self, fitted: Fitted, table: KeyedTable, copy: bool | None) -> Any:
        inner = self._inner_of(fitted)
        check_held(table)
        self._look_up(fitted, table, slice(None))
        self._check_container(fitted)
        keep = truth(inner.copy if copy is None else copy, "copy")
        dtype = dtype_of(inner.dtype)
        out = table.room(keep) if dtype is None else room(table.inner, dtype, keep)
        result = table.mapped(fitted.map, out, clip=inner._clips(), look=True)
        if result is None:
            table.refuse_infinite()
        if not table.layout.keys.size:
            return table.inner.back(self, result)
        asked = _sklearn.asked_container(self)
        return table.put_together(self, result, asked, self._with("keys") == "drop")

    def _look_up(self, fitted: Fitted, table: KeyedTable, chosen: Any) -> None:
        """Find the group of each row; what a policy refuses is an error."""
        statistic: Groups = fitted.statistic
        keys, rows = Keys.read(table.key_columns, table.n_rows, in_order=False)
        missing = keys.missing()
        told = fitted.parameters
        if missing.any():
            self._with_fitted(fitted, **told)._check_missing(keys, rows, missing, None)
        places = statistic.keys.find(keys)
        if told["missing_key"] == "unknown":
            places[missing] = -1
        unknown = places < 0
        if unknown.any() and told["handle_unknown"] == "error":
            group = int(np.flatnonzero(unknown)[0])
            raise ValueError(
                f"Row {int(np.flatnonzero(rows == group)[0])} has the key {keys.label(group)!r}, "
                f"which was not seen in fit. {statistic.keys.shown()} Set handle_unknown to "
                '"global", "nan" or "passthrough", or add rows of the key by partial_fit.'
            )
        cells = cells_of(statistic, told) if fitted.plan is None else fitted.plan
        pooled = told["target"] == "pooled"
        table.cells = Cells(
            cells[:, chosen],
            np.where(unknown, statistic.keys.number, places)[rows],
            pooled,
            np.arange(statistic.width)[chosen],
        )
        refused = table.cells.refused(table.values)
        if refused is not None:
            row, column = refused
            group = int(table.cells.rows[row])
            n = statistic.parts.weight.reshape(-1, statistic.width)[:, chosen][group, column]
            raise ValueError(
                f"The group {statistic.keys.label(group)!r} has {n:g} values in column "
                f"{table.label(column)!r}, fewer than min_rows={told['min_rows']}: row {row} is "
                'not scaled. Set small to "global", "nan" or "passthrough", or add rows.'
            )

    def _inverted(
        self, fitted: Fitted, X: Any, copy: bool | None, columns: Any, groups: Any
    ) -> Any:
        inner = self._inner_of(fitted)
        assert fitted.columns is not None
        table = read_scaled(self, X, fitted.columns, groups, columns)
        chosen = np.searchsorted(table.layout.scaled, table.places)
        self._look_up(fitted, table, chosen)
        out = table.inner.room(truth(inner.copy if copy is None else copy, "copy"))
        result = table.inverted(fitted.map, out, look=True)
        if result is None:
            table.refuse_infinite()
        return table.put_together(
            self, result, self._wanted(X), not table.key_columns or groups is not None
        )

    def _scaler_of(self, statistic: Any) -> Any:
        fitted = self._present()
        inner = self._inner()
        scaler = type(inner)(**parameters.kept(parameters.told(inner)))
        told = parameters.told(scaler)
        draft = Fitted(self._rest(fitted), None, told, container=fitted.container)
        scaler._fitted = scaler._with_fitted(draft)._ruled_by(statistic).kept()
        return scaler

    # The state

    def _n_columns_of(self, fitted: Fitted) -> int:
        if fitted.columns is None:
            raise ValueError("the state has no n_features_in_")
        return self._rest(fitted).number

    def _n_of_map(self, fitted: Fitted, n_columns: int) -> int:
        statistic: Groups = fitted.statistic
        return n_columns * (statistic.keys.number + 1)

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()
        fitted = self._fitted
        if fitted is None:
            return
        if fitted.buffer is not None:
            yield "_pending", "is of no use to groups, whose batches do not wait"
        assert fitted.columns is not None
        width = len(Layout(fitted.columns, fitted.parameters["by"]).keys)
        if width and fitted.statistic.keys.width != width:
            yield "_statistic.keys", f"must have {width} columns, as `by`"

    def _may_wait(self, values: Any) -> bool:
        return False

    # ONNX

    def _check_convertible(self, inverse: bool) -> None:
        fitted = self._fitted_now()
        if fitted.statistic.keys.width:
            raise ValueError(
                "A GroupScaler does not convert to ONNX: it looks up the typed key of each row, "
                "and a graph has tensors of one type, without keys. Convert the scaler of one "
                "group, stats_for(key), or `global_`."
            )
        if self._inner_of(fitted).dtype is not None and not inverse:
            raise ValueError("`dtype` does not convert to ONNX: set scaler__dtype=None.")
        if (self._cells_of_all(fitted) < 0).any():
            raise ValueError(
                "A GroupScaler without keys, whose one group is small and not scaled, has nothing "
                "to convert."
            )

    def _cells_of_all(self, fitted: Fitted) -> Any:
        cells = cells_of(fitted.statistic, fitted.parameters)
        return cells[0] if fitted.statistic.keys.number else np.full(1, REFUSED)

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> tuple[int, ...]:
        expected = (int(self.n_features_in_),)
        if given not in (expected, (None,)):
            raise ValueError(f"X has the shape {(None, *given)}, not {(None, *expected)}.")
        return expected

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        fitted = self._fitted_now()
        pooled = fitted.parameters["target"] == "pooled"
        own = fitted.map.columns(self._cells_of_all(fitted))
        whole = fitted.map.columns(np.arange(fitted.n_columns)) if pooled else None
        clip = self._inner_of(fitted)._clips()
        if inverse:
            given = X if whole is None else whole.apply(X)
            return own.invert(given)  # type: ignore[no-any-return]
        result = own.apply(X, clip=clip)
        return result if whole is None else whole.invert(result)  # type: ignore[no-any-return]


def _parts(inner: Any, grouped: GroupedRows, weight: Any) -> Any:
    """Return the statistic of groups of rows, or say why the scaler has none."""
    try:
        parts = inner._measure(grouped, weight)
    except (TypeError, AttributeError) as error:
        raise _cannot(inner) from error
    if parts.weight.shape != grouped.shape[1:]:
        raise _cannot(inner)
    return parts


def _cannot(inner: Any) -> TypeError:
    return TypeError(
        f"{type(inner).__name__} cannot be measured group by group: its `_measure` must hand X to "
        "the `measure` of a statistic with an entry per column, as ZScoreScaler does."
    )
