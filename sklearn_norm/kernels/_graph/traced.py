"""Traced: an array without values; NumPy functions on it write a graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from . import functions

FLOAT64, BOOL = np.dtype(np.float64), np.dtype(np.bool_)
CODES = {np.dtype(np.float32): 1, np.dtype(np.float16): 10, FLOAT64: 11}  # of ONNX's TensorProto
OPERATIONS: dict[np.ufunc, str] = {
    np.absolute: "Abs",
    np.add: "Add",
    np.divide: "Div",
    np.exp: "Exp",
    np.log: "Log",
    np.maximum: "Max",
    np.minimum: "Min",
    np.multiply: "Mul",
    np.negative: "Neg",
    np.power: "Pow",
    np.sign: "Sign",
    np.sqrt: "Sqrt",
    np.subtract: "Sub",
}
# functions without an ONNX node, composed of others
COMPOSED: dict[np.ufunc, Callable[[Any], Any]] = {
    np.arcsinh: functions.arcsinh,
    np.exp2: functions.exp2,
    np.expm1: functions.expm1,
    np.log1p: functions.log1p,
    np.log2: functions.log2,
    np.log10: functions.log10,
    np.sinh: functions.sinh,
}
QUESTIONS: dict[np.ufunc, str] = {
    np.bitwise_and: "And",
    np.bitwise_or: "Or",
    np.equal: "Equal",
    np.greater: "Greater",
    np.invert: "Not",
    np.isnan: "IsNaN",
    np.less: "Less",
}
REDUCTIONS: dict[np.ufunc, str] = {
    np.add: "ReduceSum",
    np.maximum: "ReduceMax",
}
AXES_AS_INPUT = 18  # the opset from which ReduceMax takes its axes as an input
SMALLEST, LARGEST = -1074, 1023  # exponents of the powers of two that are floats


class Tape(Protocol):
    """The writer of a graph."""

    opset: int

    def constant(self, value: np.ndarray[Any, Any]) -> str:
        """Write a constant, and return its name."""
        ...

    def node(self, operation: str, *inputs: str, **attributes: Any) -> str:
        """Write a node, and return the name of its result."""
        ...


class Traced(NDArrayOperatorsMixin):
    """An array in a graph: each NumPy function on it adds a node for the same arithmetic.

    The first axis holds the samples; their number is unknown, and -1 in `shape`. Unsupported
    operations raise a TypeError, so that nothing is silently missing from a graph.
    """

    def __init__(self, tape: Tape, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self.tape = tape
        self.name = name
        self.shape = (-1, *shape[1:])
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise TypeError("A traced array has no values yet: use NumPy's functions on it.")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "reduce" and ufunc in REDUCTIONS:
            return self._reduced(REDUCTIONS[ufunc], **options)
        if method == "__call__" and not options:
            if ufunc is np.ldexp and isinstance(inputs[0], Traced):
                return inputs[0]._times_power_of_two(inputs[1])
            if ufunc in OPERATIONS:
                return self._written(OPERATIONS[ufunc], inputs, FLOAT64)
            if ufunc in COMPOSED:
                return COMPOSED[ufunc](*inputs)
            if ufunc in QUESTIONS:
                return self._written(QUESTIONS[ufunc], inputs, BOOL)
        return NotImplemented

    def __array_function__(
        self, function: Callable[..., Any], _: Any, inputs: Any, options: Any
    ) -> Any:
        if function is np.where and not options:
            return self._written("Where", inputs, FLOAT64)
        if function is np.transpose and not options:
            return inputs[0]._transposed(*inputs[1:])
        if function is np.moveaxis and not options:
            return inputs[0]._moved(*inputs[1:])
        return NotImplemented

    def astype(self, dtype: Any) -> Traced:
        """Return the array in another dtype, rounded once."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        x: Traced = self._to_halves() if (self.dtype, dtype) == (FLOAT64, np.float16) else self
        return Traced(self.tape, self._cast(x.name, dtype), self.shape, dtype)

    def reshape(self, *shape: int) -> Traced:
        """Return the array in another shape; the first axis stays that of the samples."""
        if tuple(shape) == self.shape:
            return self
        target = self.tape.constant(np.array((-1, *shape[1:]), dtype=np.int64))
        return Traced(self.tape, self.tape.node("Reshape", self.name, target), shape, self.dtype)

    def _cast(self, name: str, dtype: Any) -> str:
        return self.tape.node("Cast", name, to=CODES[np.dtype(dtype)])

    def _named(self, value: Any) -> str:
        if isinstance(value, Traced):
            return value.name
        array = np.asarray(value)
        return self.tape.constant(array if array.dtype == BOOL else array.astype(FLOAT64))

    def _written(self, operation: str, inputs: Any, dtype: Any) -> Traced:
        """Write a node of arrays that broadcast as in NumPy; all floats are float64."""
        inputs = [
            x.astype(FLOAT64) if isinstance(x, Traced) and x.dtype != BOOL else x for x in inputs
        ]
        shapes = [(1, *x.shape[1:]) if isinstance(x, Traced) else np.shape(x) for x in inputs]
        name = self.tape.node(operation, *map(self._named, inputs))
        return Traced(self.tape, name, np.broadcast_shapes(*shapes), dtype)

    def _reduced(self, operation: str, axis: int, keepdims: bool) -> Traced:
        assert keepdims
        shape = list(self.shape)
        shape[axis] = 1
        if operation == "ReduceSum" or self.tape.opset >= AXES_AS_INPUT:
            axes = self.tape.constant(np.array([axis], dtype=np.int64))
            name = self.tape.node(operation, self.name, axes)
        else:
            name = self.tape.node(operation, self.name, axes=[axis])
        return Traced(self.tape, name, tuple(shape), self.dtype)

    def _moved(self, source: int, destination: int) -> Traced:
        order = list(range(self.ndim))
        order.insert(destination % self.ndim, order.pop(source % self.ndim))
        return self._transposed(tuple(order))

    def _transposed(self, order: tuple[int, ...]) -> Traced:
        name = self.tape.node("Transpose", self.name, perm=list(order))
        return Traced(self.tape, name, tuple(self.shape[i] for i in order), self.dtype)

    def _times_power_of_two(self, power: Any) -> Traced:
        """Multiply by 2**power, in two steps if that is not a float."""
        power = np.asarray(power)
        whole = (power >= SMALLEST) & (power <= LARGEST)
        first = np.where(whole, power, power // 2)
        x: Traced = self * np.ldexp(1.0, first)
        return x if whole.all() else x * np.ldexp(1.0, power - first)

    def _to_halves(self) -> Any:
        """Round float64 to values of float16, because a cast may first round to float32.

        Only numbers that are not exact in float32 need it. None of them is a tie, so any sum
        that rounds to nearest works: Veltkamp's for normal numbers of float16, and adding a
        large number for subnormal ones.
        """
        part = self * (2.0**42 + 1)
        normal = part + (self - part)
        small = (self + 1.5 * 2.0**28) - 1.5 * 2.0**28
        size = np.absolute(self)
        rounded = np.where(size < 2.0**-14, small, normal)
        short = Traced(self.tape, self._cast(self.name, np.float32), self.shape, np.float32)
        plain = (short.astype(FLOAT64) == self) | (size > 2.0**16) | (size < 2.0**-25)
        return self - np.where(plain, 0.0, self - rounded)  # keeps -0.0
