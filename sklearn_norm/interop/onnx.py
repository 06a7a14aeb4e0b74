"""Conversion to ONNX by skl2onnx, by tracing the code of an estimator."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np

from ..kernels import Tape, Traced

OLDEST = 13  # the first opset whose operations all support float64
DTYPES = {
    "DoubleTensorType": np.float64,
    "FloatTensorType": np.float32,
    "Float16TensorType": np.float16,
    "Int64TensorType": np.int64,
    "Int32TensorType": np.int32,
    "Int16TensorType": np.int16,
    "Int8TensorType": np.int8,
    "UInt64TensorType": np.uint64,
    "UInt32TensorType": np.uint32,
    "UInt16TensorType": np.uint16,
    "UInt8TensorType": np.uint8,
    "BooleanTensorType": np.bool_,
}
WIDE = (np.dtype(np.int64), np.dtype(np.uint64))
OF_FLOATS = {dtype: kind for kind, dtype in list(DTYPES.items())[:3]}


class Convertible:
    """The methods that skl2onnx calls to convert an estimator.

    The estimator is traced: its own code runs on an array without values, which writes each
    operation into the graph.
    """

    @abstractmethod
    def _check_convertible(self, inverse: bool) -> None:
        """Raise if there is nothing to convert: not fitted, or no inverse."""

    @abstractmethod
    def _shape_of_samples(self, given: tuple[int | None, ...]) -> tuple[int, ...]:
        """Return the shape of the samples of an input; unknown sizes are those of the fit."""

    @abstractmethod
    def _traced(self, X: Traced, inverse: bool) -> Traced:
        """Return the result of `transform` or `inverse_transform` on a traced array."""

    def _subtracted(self) -> Any:
        """Return what `_traced` expects to be subtracted from the columns of its input, or None."""
        return None

    def _unheld(self, dtype: Any) -> list[str]:
        """Return descriptions of the columns whose data a dtype cannot represent."""
        return []

    def onnx_parser(self) -> Callable[..., Any]:
        """Tell skl2onnx how to declare the result.

        Returns
        -------
        parser : callable
            A function that skl2onnx calls with a scope and inputs.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If the packages of the extra `onnx` are missing.
        """
        self._check_convertible(False)
        types = _types()

        def parser(scope: Any, inputs: Any) -> Any:
            kind = OF_FLOATS[_dtype(inputs)]
            return [scope.declare_local_variable("variable", getattr(types, kind)())]

        return parser

    def onnx_shape_calculator(self) -> Callable[..., None]:
        """Tell skl2onnx the type and the shape of the result.

        Returns
        -------
        shape_calculator : callable
            A function that skl2onnx calls with an operator.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If the packages of the extra `onnx` are missing.
        """
        self._check_convertible(False)
        types = _types()

        def shape_calculator(operator: Any) -> None:
            shape = self._shape_of(operator.inputs)
            kind = getattr(types, OF_FLOATS[_dtype(operator.inputs)])
            operator.outputs[0].type = kind([_batch(operator.inputs), *shape])

        return shape_calculator

    def onnx_converter(self) -> Callable[..., None]:
        """Tell skl2onnx the nodes of the graph.

        Returns
        -------
        converter : callable
            A function that skl2onnx calls with a scope, an operator and a container.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ImportError
            If the packages of the extra `onnx` are missing.
        """
        self._check_convertible(False)
        _types()

        def converter(scope: Any, operator: Any, container: Any) -> None:
            tape = Nodes(scope, container)
            dtype, shape = np.dtype(_dtype(operator.inputs)), self._shape_of(operator.inputs)
            X = tape.joined(operator.inputs, shape, self._subtracted())
            if dtype != np.float64:
                _warn(dtype, self._unheld(dtype))
            container.add_node(
                "Identity",
                self._traced(X, False).astype(dtype).name,
                operator.outputs[0].full_name,
                name=scope.get_unique_operator_name("Identity"),
            )

        return converter

    def _shape_of(self, inputs: Any) -> tuple[int, ...]:
        """Return the shape of the samples of one input, or of several side by side."""
        shapes = [tuple(variable.type.shape or (None, None)) for variable in inputs]
        if len(shapes) == 1:
            return self._shape_of_samples(shapes[0][1:])
        if any(len(shape) != 2 for shape in shapes):
            raise ValueError(
                "Several inputs lie side by side as columns, of shape [None, 1] each. "
                f"Got the shapes {shapes}."
            )
        names = [variable.raw_name for variable in inputs]
        fitted = list(getattr(self, "feature_names_in_", ()))
        if names != fitted and sorted(names) == sorted(fitted):
            raise ValueError(
                f"The inputs come in the order {names}, but the columns of the fit in the order "
                f"{fitted}: give the inputs in that order."
            )
        widths = [shape[1] for shape in shapes]
        return self._shape_of_samples((None if None in widths else sum(widths),))


class Nodes(Tape):
    """The tape that writes nodes and constants into a container of skl2onnx."""

    def __init__(self, scope: Any, container: Any) -> None:
        self.opset = container.target_opset
        if self.opset < OLDEST:
            raise ValueError(
                f"target_opset={self.opset} is too old: give {OLDEST} or more, from which on all "
                "operations needed take doubles."
            )
        self._scope, self._container = scope, container

    def constant(self, value: np.ndarray[Any, Any]) -> str:
        """Write a constant, and return its name."""
        from onnx.helper import np_dtype_to_tensor_dtype

        name: str = self._scope.get_unique_variable_name("constant")
        kind = np_dtype_to_tensor_dtype(value.dtype)
        self._container.add_initializer(name, kind, list(value.shape), value.ravel())
        return name

    def node(self, operation: str, *inputs: str, unused: int = 0, **attributes: Any) -> str:
        """Write a node, and return the name of its first result; the others are `unused`."""
        new = self._scope.get_unique_variable_name
        names: list[str] = [new(operation.lower()) for _ in range(1 + unused)]
        attributes["name"] = self._scope.get_unique_operator_name(operation)
        self._container.add_node(operation, list(inputs), names, **attributes)
        return names[0]

    def joined(self, inputs: Any, shape: tuple[int, ...], origin: Any = None) -> Traced:
        """Return the inputs as one float array of samples with this shape.

        With an origin, return their differences from it in float64, taken before integers of 64
        bits are rounded.
        """
        dtype, parts, place = _dtype(inputs), [], 0
        for variable in inputs:
            own = DTYPES[type(variable.type).__name__]
            part = Traced(self, variable.full_name, (-1, 1), own)
            if origin is None:
                parts.append(part.astype(dtype).name)
                continue
            width = origin.size if len(inputs) == 1 else variable.type.shape[1]
            parts.append(self.difference(part, origin[place : place + width]).name)
            place += width
        name = parts[0] if len(parts) == 1 else self.node("Concat", *parts, axis=1)
        return Traced(self, name, (-1, *shape), dtype if origin is None else np.float64)

    def difference(self, part: Traced, origin: Any) -> Any:
        """Return an input minus an origin of its columns, by halves of 32 bits as `transform`."""
        if part.dtype not in WIDE or not origin.any():
            return part.astype(np.float64) - origin
        high, low = self.halves(part)
        return (high - origin / 2.0**32) * 2.0**32 + low

    def halves(self, part: Traced) -> tuple[Traced, Traced]:
        """Return integers of 64 bits as two floats: high parts, in units of 2**32, and low ones."""
        if part.dtype == np.uint64:
            bits = self.constant(np.array([32], dtype=np.uint64))
            high = self.node("BitShift", part.name, bits, direction="RIGHT")
            low = self.node("BitShift", part.name, bits, direction="LEFT")
            low = self.node("BitShift", low, bits, direction="RIGHT")
        else:
            unit = self.constant(np.array([2**32], dtype=np.int64))
            high = self.node("Div", part.name, unit)
            low = self.node("Sub", part.name, self.node("Mul", high, unit))
        halves = (Traced(self, name, part.shape, part.dtype) for name in (high, low))
        first, second = (half.astype(np.float64) for half in halves)
        return first, second


def _types() -> Any:
    """Return the module of skl2onnx that defines its types."""
    try:
        from skl2onnx.common import data_types
    except ImportError as error:
        raise ImportError(
            f"{error}. Conversion to ONNX needs more packages: pip install 'sklearn-norm[onnx]'"
        ) from error
    return data_types


def _warn(dtype: Any, unheld: list[str]) -> None:
    if unheld:
        more = f" (and {len(unheld) - 1} more)" if len(unheld) > 1 else ""
        warnings.warn(
            f"{dtype} does not hold the data of {unheld[0]}{more}: more than half of the digits of "
            "the result are lost. Convert with DoubleTensorType, and give the graph float64.",
            UserWarning,
            stacklevel=3,
        )


def _dtype(inputs: Any) -> Any:
    """Return the dtype of the result: float16 and float32 are kept, others become float64."""
    kinds = [type(variable.type).__name__ for variable in inputs]
    unknown = [kind for kind in kinds if kind not in DTYPES]
    if unknown:
        # not a TypeError: skl2onnx would think that the parser has another signature
        raise ValueError(f"An input of type {unknown[0]} holds no numbers: give DoubleTensorType.")
    dtype = np.result_type(*(DTYPES[kind] for kind in kinds)).type
    return dtype if dtype in OF_FLOATS else np.float64


def _batch(inputs: Any) -> int | None:
    shape = inputs[0].type.shape
    return shape[0] if shape else None
