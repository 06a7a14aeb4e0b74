"""Merging: two fitted scalers become a new one, as if it was fitted on the data of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from sklearn.exceptions import NotFittedError

from .. import _sklearn
from ..inputs import parameters
from ..statistics.record import Statistic
from .fitted import Fitted
from .places import joint_origin


class Mergeable:
    """What merges: a part of every estimator whose statistic can be merged with others."""

    if TYPE_CHECKING:
        _fitted: Fitted | None

        def _fitted_now(self) -> Fitted: ...
        def _check_grows(self, fitted: Fitted) -> None: ...

    def merge(self, other: Self) -> Self:
        """Return a new scaler, as if fitted on the data of both.

        Parameters
        ----------
        other : object
            A fitted scaler of the same class, parameters and columns.

        Returns
        -------
        merged : object
            A new fitted scaler; this one and the other are unchanged.

        Raises
        ------
        ValueError
            If the other differs in class, parameters or columns.
        NotFittedError
            If either of them is not fitted.
        """
        self._check_class(other)
        mine = self._mergeable("this scaler")
        self._check_grows(mine)
        mine, statistic = self._part_of(other, mine, "the other scaler")
        return self._made_of(mine, self._merged(mine.statistic, statistic))

    def _check_class(self, other: Any) -> None:
        if type(other) is not type(self):
            raise ValueError(
                f"Cannot merge a {type(self).__name__} with a {type(other).__name__}: "
                "fit both with the same class."
            )

    def _mergeable(self, which: str = "this scaler") -> Fitted:
        """Return what this scaler knows, or say that it is not fitted yet."""
        if self._fitted is None:
            raise NotFittedError(
                f"Cannot merge: {which}, a {type(self).__name__}, is not fitted yet. Call fit."
            )
        return self._fitted_now()

    def _part_of(
        self, other: Any, mine: Fitted, which: str = "this scaler"
    ) -> tuple[Fitted, Statistic]:
        """Return this record, and the statistic of another scaler measured from its origin.

        A scaler that does not fit this one is refused. The origin is the other's for columns that
        have no members here.
        """
        self._check_class(other)
        theirs: Fitted = other._mergeable(which)
        other._check_grows(theirs)
        self._check_alike(mine, theirs)
        origin = joint_origin(mine, theirs)
        mine = mine.placed(origin)
        return mine, theirs.measured_from(origin)

    def _made_of(self, mine: Fitted, statistic: Statistic) -> Self:
        """Return a new scaler like this one, with a merged statistic."""
        merged: Any = type(self)(**parameters.kept(mine.parameters))
        vars(merged).update(_sklearn.settings_of(self))
        merged._fitted = merged._with_fitted(mine)._ruled_by(statistic)
        result: Self = merged
        return result

    def _merged(self, mine: Any, theirs: Any) -> Statistic:
        merged: Statistic = mine.merge(theirs)
        return merged

    def _check_alike(self, mine: Fitted, theirs: Fitted) -> None:
        """Refuse to merge fits with different parameters or columns."""
        for name, value in mine.parameters.items():
            other = theirs.parameters[name]
            if name in ("copy", "dtype") or value is other:
                continue
            if type(value) in parameters.CONSTANTS and type(other) is type(value):
                alike = value == other
            else:
                alike = parameters.same(value, other)
            if not alike:
                raise ValueError(
                    f"Cannot merge scalers of different parameters: {name}={value!r} "
                    f"and {name}={other!r}. Fit both with the same."
                )
        pair = [fitted.columns for fitted in (mine, theirs)]
        if pair[0] is not None and pair[1] is not None and not pair[0].same_as(pair[1]):
            first, second = (columns.shown() for columns in pair)  # type: ignore[union-attr]
            raise ValueError(
                f"Cannot merge scalers of different columns: {first} and {second}. "
                "Fit both on the same columns, in the same order."
            )
