"""The parts of a composite as a graph of ONNX: columns are gathered, mapped and joined again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import kernels
from ..kernels import Traced
from .parts import Part, Parts

NUMBERS = ("int", "uint", "float", "double", "bool")


class PartsToGraph:
    """What conversion to ONNX asks a composite."""

    if TYPE_CHECKING:
        n_features_in_: int

        def _fitted_parts(self) -> Parts: ...

    def _graph_of(self, part: Part, X: Traced, inverse: bool) -> Traced:
        """Return the result of a part for its columns."""
        found: Traced = part.scaler._traced(X, inverse)
        return found

    def _check_convertible(self, inverse: bool) -> None:
        fitted = self._fitted_parts()
        for at in np.flatnonzero(~fitted.taken).tolist():
            dtype = fitted.dtypes[at]
            if not dtype.lower().startswith(NUMBERS):
                raise ValueError(
                    f"Column {fitted.columns.label(at)!r} of dtype {dtype} does not convert to "
                    "ONNX, whose graph takes one tensor of numbers: fit to the other columns only."
                )
        for part in fitted.parts:
            check = getattr(part.scaler, "_check_convertible", None)
            if part.places.size and check is None:
                raise ValueError(
                    f"The scaler {part.name!r}, a {type(part.scaler).__name__}, does not convert "
                    "to ONNX inside another estimator: convert it alone, on its columns."
                )
            if check is not None and part.places.size:
                check(inverse)

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> tuple[int, ...]:
        expected = (int(self.n_features_in_),)
        if given not in (expected, (None,)):
            raise ValueError(
                f"X has the shape {(None, *given)}, but {type(self).__name__} is expecting "
                f"{expected[0]} features as input: {(None, *expected)}."
            )
        return expected

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        fitted = self._fitted_parts()
        rest = np.flatnonzero(~fitted.taken)
        blocks, places = [], []
        for part in fitted.parts:
            if part.places.size:
                chosen = kernels.graph.gathered(X, part.places)
                blocks.append(self._graph_of(part, chosen, inverse).astype(X.dtype))
                places.append(part.places)
        if rest.size:
            blocks.append(kernels.graph.gathered(X, rest))
            places.append(rest)
        whole = kernels.graph.side_by_side(blocks)
        return kernels.graph.gathered(whole, np.argsort(np.concatenate(places), kind="stable"))

    def _subtracted(self) -> Any:
        fitted = self._fitted_parts()
        origin = np.zeros(fitted.columns.number)
        for part in fitted.parts:
            own = part.scaler._subtracted() if part.places.size else None
            if own is not None:
                origin[part.places] = own
        return origin if origin.any() else None

    def _unheld(self, dtype: Any) -> list[str]:
        parts = [part for part in self._fitted_parts().parts if part.places.size]
        return [
            f"scaler {part.name!r}, {what}" for part in parts for what in part.scaler._unheld(dtype)
        ]
