"""Exceptions of this library."""

from __future__ import annotations


class SparseDataError(ValueError, TypeError):
    """The data are sparse, and scaling them would turn zeros into other values.

    A ValueError, as scikit-learn's scalers raise, and a TypeError, as its oldest
    supported estimator checks expect of estimators that take no sparse data.
    """


class FormatError(ValueError):
    """A saved estimator cannot be read, or an estimator cannot be saved.

    The message begins with the location, such as ``estimator.state.affine.scale``.
    """
