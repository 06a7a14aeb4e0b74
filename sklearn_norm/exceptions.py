"""Exceptions of this library."""

from __future__ import annotations

from typing import Any


class SparseDataError(ValueError, TypeError):
    """The data are sparse, and scaling them would turn zeros into other values.

    A ValueError, as scikit-learn's scalers raise, and a TypeError, as its oldest
    supported estimator checks expect of estimators that take no sparse data.
    """


class FormatError(ValueError):
    """A saved estimator cannot be read, or an estimator cannot be saved.

    The message begins with the location, such as ``estimator.state.affine.scale``.
    """


class UndefinedError(ValueError):
    """A function that a scaler applies is not defined for a value.

    Parameters
    ----------
    told : str
        What is not defined for which value.
    column : int
        The position of its column.
    remedy : str
        What to do.
    where : str, default=None
        The column in words, by its name where it has one.
    """

    def __init__(self, told: str, column: int, remedy: str, where: str | None = None) -> None:
        super().__init__(told, column, remedy, where)
        self.told, self.column, self.remedy = told, column, remedy
        self.where = f"column {column}" if where is None else where

    def __str__(self) -> str:
        return f"{self.told}, in {self.where}. {self.remedy}"

    def of(self, kind: str, label: Any) -> UndefinedError:
        """Return the error with the name of the column."""
        return UndefinedError(self.told, self.column, self.remedy, f"{kind} {label!r}")
