"""PooledScaler: one scale for columns that belong together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import clone

from .. import kernels
from .._sklearn import HasMethods
from ..inputs.mixed import Mixed
from ..inputs.reading import read_table
from ..kernels import Traced
from ..kernels.sparse import is_sparse
from .composite import Composite
from .naming import check_part
from .parts import Part

SCALER = "scaler"


class PooledScaler(Composite):
    """Scale all columns by one statistic, so that they stay comparable.

    For the axes of an accelerometer, the pixels of an image, the same quantity at several places:
    the values of all columns are measured together, as if they were one column, and all of them
    are mapped alike. Linear scalers keep the differences between columns, up to a common factor.
    Inside a `ColumnScaler` it pools a selection of columns.

    Parameters
    ----------
    scaler : estimator
        The scaler of the joint column, such as `ZScoreScaler()`. Parameters with an entry per
        feature have one entry.

    Attributes
    ----------
    scaler_ : estimator
        The fitted scaler of the joint column, as a copy.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    ColumnScaler : Different scalers for different columns.

    Notes
    -----
    The results are the same, bit for bit, as those of the scaler for ``X.reshape(-1, 1)``. A sample
    weight counts for each value of its row. Missing values are left out, whatever their column.

    Examples
    --------
    >>> from sklearn_norm import MaxAbsScaler, PooledScaler
    >>> scaler = PooledScaler(MaxAbsScaler()).fit([[3.0, 4.0], [-6.0, 8.0]])
    >>> scaler.transform([[3.0, 4.0]])
    array([[0.375, 0.5  ]])
    >>> scaler.scaler_.max_abs_
    array([8.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {"scaler": [HasMethods("partial_fit")]}
    _parts_know_columns = False

    def __init__(self, scaler: Any) -> None:
        self.scaler = scaler

    def _validate_params(self) -> None:
        super()._validate_params()
        check_part(self.scaler, "`scaler`")

    def _named_parts(self) -> list[tuple[str, Any]]:
        return [(SCALER, self.scaler)]

    def _first(self, mixed: Mixed) -> list[Part]:
        places = np.arange(mixed.columns.number, dtype=np.intp)
        return [Part(SCALER, places, clone(self.scaler))]

    def _given(self, mixed: Mixed, places: Any) -> Any:
        """Return the members of all columns as one column."""
        table = read_table(self, mixed.part(places), None, least_rows=0)
        values = table.values
        members = values.data[:, None] if is_sparse(values) else values
        if values.dtype.kind == "f" and kernels.has_infinity(members):
            table.columns = mixed.columns
            table.places = places
            table.refuse_infinite()
        return _reshaped(values, (-1, 1))

    def _beside(self, told: dict[str, Any], places: Any) -> dict[str, Any]:
        weight = told.get("sample_weight")
        if weight is None or np.ndim(weight) == 0:
            return told
        return {**told, "sample_weight": np.repeat(np.asarray(weight), len(places))}

    def _returned(self, result: Any, mixed: Mixed) -> Any:
        result = result if is_sparse(result) else np.asarray(result)
        width = result.shape[0] // mixed.n_rows if mixed.n_rows else mixed.values.shape[1]
        return _reshaped(result, (mixed.n_rows, width))

    def _map_of(self, part: Part) -> Any:
        mapping = super()._map_of(part)
        if mapping is None or all(vector is None for vector in vars(mapping).values()):
            return mapping
        return mapping.columns(np.zeros(part.places.size, dtype=np.intp))

    def _graph_of(self, part: Part, X: Traced, inverse: bool) -> Traced:
        joint = super()._graph_of(part, X.reshape(-1, 1), inverse)
        return joint.reshape(-1, part.places.size)

    @property
    def scaler_(self) -> Any:
        """Estimator: the fitted scaler of the joint column, as a copy."""
        return self._parts_seen().parts[0].scaler._twin()


def _reshaped(values: Any, shape: tuple[int, int]) -> Any:
    """Return an array in another shape, row by row; a sparse one in its format."""
    if not is_sparse(values):
        return values.reshape(shape)
    size = (shape[0] if shape[0] >= 0 else values.shape[0] * values.shape[1] // shape[1], shape[1])
    return values.reshape(size).asformat(values.format)
