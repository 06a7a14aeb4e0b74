"""Reading tensors: X as (n_samples, *shape), or flattened to two axes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from math import prod
from typing import Any, ClassVar

import numpy as np

from .. import kernels
from ..estimators.fitted import Fitted
from ..inputs import parameters
from ..inputs.arguments import array_of
from ..inputs.columns import Columns, names_of
from ..inputs.frames import container_of
from ..inputs.reading import LISTED, OF_FLOATS, n_axes, read_array, read_table, shape_of
from ..inputs.rounded import refuse_rounded
from ..inputs.table import Table, first_of
from ..kernels import Array
from .axes import Axes, Shape
from .masks import mask_of
from .sequences import Padded, are_sequences, refuse_ragged

MOST_AXES = 64  # limit of NumPy arrays


def flat(tensor: Array) -> Array:
    """Return the samples flattened to one row each."""
    return tensor.reshape(tensor.shape[0], prod(tensor.shape[1:]))


def with_absent(present: Array | None, values: Array) -> Array:
    """Return samples with NaN in place of what a mask leaves out."""
    if present is None:
        return values
    dtype = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    return np.where(present, values, dtype.type(np.nan)).astype(dtype, copy=False)


class Tensor(Table):
    """Samples of any shape; each column of a map belongs to a channel.

    Parameters
    ----------
    values : ndarray of shape (n_samples, *shape)
        The samples.
    columns : Columns
        The columns of the flattened samples.
    given : object
        X as the caller passed it.
    container : {"default", "pandas", "polars"}
        The kind of frame that X is.
    axes : Axes
        Which members of a sample belong together.
    shape : tuple of int, default=None
        The shape of a sample at the fit; None takes that of these samples.
    channels : ndarray of int, default=None
        The channels that X holds; None means all.
    hidden : ndarray of bool of the shape of values, default=None
        What a mask leaves out, for which `values` hold NaN. None means nothing.
    whole : ndarray of the shape of values, default=None
        The values with what a mask leaves out, which stays as it is.
    """

    __slots__ = ("_shape", "axes", "channels", "hidden", "whole")

    def __init__(
        self,
        values: Array,
        columns: Columns,
        given: Any,
        container: str,
        axes: Axes,
        shape: Shape | None = None,
        channels: Any = None,
        hidden: Any = None,
        whole: Any = None,
    ) -> None:
        super().__init__(values, columns, given, container)
        self.axes = axes
        self.channels = channels
        self.hidden = hidden
        self.whole = whole
        self._shape = axes.sample if shape is None else shape

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        return self._shape

    @property
    def kind_of_column(self) -> str:  # type: ignore[override]
        return "column" if len(self.shape) == 1 else "channel"

    @property
    def is_flat(self) -> bool:
        """Whether X has at most two axes."""
        return n_axes(self.given) <= 2

    def label(self, column: int) -> Any:
        if len(self.shape) == 1 and self.columns.names is not None:
            return self.columns.names[column]
        return column if self.channels is None else int(self.channels[column])

    def without(self, mask: Any) -> Tensor:
        """Return the samples without the members that a mask leaves out."""
        values = self.values
        shape = self.as_given(values).shape
        hidden = ~mask_of(mask, self.given, shape, self.axes.features).reshape(values.shape)
        seen = with_absent(~hidden, values)
        of_x = (self.columns, self.given, self.container, self.axes, self._shape, self.channels)
        return Tensor(seen, *of_x, hidden, values)

    def mapped(self, mapping: Any, out: Any, **options: Any) -> Any:
        return self._acted("apply", mapping, out, options)

    def inverted(self, mapping: Any, out: Any, **options: Any) -> Any:
        return self._acted("invert", mapping, out, options)

    def _acted(self, act: str, mapping: Any, out: Any, options: dict[str, Any]) -> Any:
        result = self.axes.mapped(act, mapping, self.values, out, **options)
        if result is not None and self.hidden is not None:
            np.copyto(result, self.whole, where=self.hidden)
        return result

    def refuse_infinite(self, values: Any = None) -> None:
        tensor = self.values if values is None else values
        members = flat(tensor) if self.is_flat else tensor
        place = tuple(int(i) for i in first_of(np.argwhere(np.isinf(members))))
        names = names_of(self.given)
        where = f"sample {place[0]} at {place[1:]}"
        if self.is_flat:
            where = f"column {place[1] if names is None else names[place[1]]!r}"
        raise ValueError(
            f"Input X contains infinity or a value too large for {tensor.dtype!r}, in "
            f"{where}. Replace it, by NaN where it stands for a missing value."
        )

    def as_given(self, result: Array) -> Array:
        """Return a result in the shape of X."""
        return flat(result) if self.is_flat else result

    def back(self, estimator: Any, result: Any) -> Any:
        return super().back(estimator, self.as_given(result)) if self.is_flat else result

    def framed(self, result: Any, wanted: str) -> Any:
        return super().framed(self.as_given(result), wanted) if self.is_flat else result


class TensorInput:
    """A mixin that reads arrays of shape (n, *shape), or flattened to two axes."""

    shape: Any
    gamma: Any
    beta: Any
    dtype: Any = None  # of a norm without the parameter
    _fitted: Fitted | None
    _one_axis_means: ClassVar[str] = "if it is one sample"
    _centred: ClassVar[bool] = True  # whether a mean is subtracted

    @abstractmethod
    def _axes(self, sample: Shape) -> Axes:
        """Return which members of a sample are normalised together."""

    def _flat_sample(self, width: int) -> Shape:
        """Return the shape of a sample of 2-D data if `shape` is None."""
        return (width,)

    def _sequences(self, X: Any, mask: Any = None) -> Padded | None:
        """Return a list of sequences, padded; None if X is anything else."""
        if not are_sequences(X):
            return None
        parameters.check(self)
        return Padded.of(X, self._axes(X[0].shape).features, mask)

    @property
    def shape_(self) -> Shape:
        """Tuple of int: the shape of a sample."""
        fitted = self._fitted
        if fitted is None or fitted.shape is None:
            raise AttributeError(
                f"This {type(self).__name__} has no shape_ before it has seen data: call fit."
            )
        return fitted.shape

    def _read_tensor(
        self,
        X: Any,
        fitted: Fitted | None,
        *,
        first: bool = False,
        by_name: bool = True,
        least_rows: int = 1,
    ) -> Tensor:
        """Read samples; unless they are the `first`, they must fit those of the fit.

        With `by_name`, 2-D data must have the column names of the fit.
        """
        self._refuse_layout(X)
        known = None if first or fitted is None else fitted.columns
        two_axes = n_axes(X) <= 2
        expected = None if first or fitted is None else fitted.shape
        if self.shape is None and expected is not None:
            self._check_rows(X, expected)
        if two_axes and (first or (by_name and known is not None)):
            table = read_table(
                self, X, known, least_rows=least_rows, dtype=self._kinds(), accept_sparse=False
            )
            values, columns = table.values, table.columns
        else:
            values = read_array(
                self, X, self._kinds(), allow_nd=True, ensure_min_samples=least_rows
            )
            columns = known or Columns(prod(values.shape[1:]))
        if self._centred:
            refuse_rounded(X, values)
        sample = self._sample(values.shape)
        self._check_sample(sample, expected, values.ndim == 2)
        tensor = values.reshape(values.shape[0], *sample)
        return Tensor(tensor, columns, X, container_of(X), self._axes(sample), expected)

    def _kinds(self) -> list[Any]:
        """Return the dtypes that are read as they are: integers, if none is that of the result."""
        return OF_FLOATS if self.dtype is None else LISTED

    def _refuse_layout(self, X: Any) -> None:
        """Refuse one axis, and samples of different shapes where one array is needed."""
        refuse_ragged(X, type(self).__name__)
        shape = shape_of(X)
        if len(shape) == 1:
            raise ValueError(
                f"Expected 2D array, got 1D array instead: X has the shape {shape}, but "
                f"{type(self).__name__} takes (n_samples, *shape). Reshape your data: "
                f"np.reshape(X, (1, -1)) {self._one_axis_means}."
            )

    def _check_rows(self, X: Any, expected: Shape) -> None:
        """Name the axes that are missing, where scikit-learn would only count features."""
        if expected == self._flat_sample(prod(expected)):
            return
        if isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf":
            self._check_sample(self._flat_sample(X.shape[1]), expected, True)

    def _check_sample(self, sample: Shape, expected: Shape | None, flat: bool) -> None:
        """Refuse samples that do not fit those of the fit; `flat` ones must be of equal size."""
        if expected is None or sample == expected:
            return
        if not self._fits(sample, expected) or (flat and prod(sample) != prod(expected)):
            raise ValueError(
                f"X has samples of shape {sample}, but {type(self).__name__} is expecting samples "
                f"of shape {expected}, as in fit: X of shape {self._layout(expected)}."
            )

    def _fits(self, sample: Shape, expected: Shape) -> bool:
        """Whether samples have all that the statistics, gain and bias need of those of the fit."""
        return sample == expected

    def _layout(self, expected: Shape) -> str:
        """Return the axes of X, with the sizes that must be those of the fit."""
        return f"(n_samples, {', '.join(map(str, expected))})"

    def _shape_of_samples(self, given: tuple[int | None, ...]) -> Shape:
        whole = tuple(size for size in given if size is not None)
        if len(whole) < len(given):
            known = self._known_sample()
            known = known if len(known) == len(given) else (prod(known),)
            whole = tuple(k if g is None else g for g, k in zip(given, known, strict=True))
        sample = self._sample((-1, *whole))
        expected = None if self._fitted is None else self._fitted.shape
        self._check_sample(sample, expected, len(whole) == 1)
        return whole

    def _check_no_infinity(self, tensor: Tensor, values: Array | None = None) -> None:
        members = tensor.values if values is None else values
        if kernels.has_infinity(flat(members)):
            tensor.refuse_infinite(members)

    def _sample(self, shape: Shape) -> Shape:
        """Return the shape of a sample, given the shape of an array."""
        if self.shape is None:
            return shape[1:] if len(shape) > 2 else self._flat_sample(shape[1])
        declared = self._declared()
        if shape[1:] != declared and shape[1:] != (prod(declared),):
            raise ValueError(
                f"X has {shape[1]} features, its shape is {shape}, but "
                f"{type(self).__name__}(shape={declared}) is expecting {prod(declared)} features "
                f"as input, or the shape {(shape[0], *declared)}. `shape` is that of a whole "
                "sample; without it, the norm takes the shape of X."
            )
        return declared

    def _declared(self) -> Shape:
        """Return the parameter `shape` as a tuple."""
        given = np.atleast_1d(array_of(self.shape, "shape"))
        wrong = given.ndim != 1 or given.size > MOST_AXES or given.dtype.kind not in "iu"
        if wrong or (given < 1).any():
            raise ValueError(
                f"`shape` must be the sizes of a sample's axes, as in (3, 32, 32). "
                f"Got {self.shape!r}."
            )
        return tuple(given.tolist())

    def _known_sample(self) -> Shape:
        """Return the shape of a sample: that of the fit, or the parameter `shape`."""
        parameters.check(self)  # the norm may be unfitted, so nothing has checked them yet
        if self._fitted is not None and self._fitted.shape is not None:
            return self._fitted.shape
        if self.shape is not None:
            return self._declared()
        raise ValueError(
            f"The shape of a sample is not known: fit this {type(self).__name__}, or give `shape`."
        )

    def _faults(self) -> Iterator[tuple[str, str]]:
        yield from super()._faults()  # type: ignore[misc]
        if self._fitted is None or self._fitted.shape is None:
            return
        yield from self._fitted.faults_of_shape()
        try:
            self._axes(self._fitted.shape)
        except ValueError as error:
            yield "shape_", str(error)

    def _learned_vectors(self) -> dict[str, Any]:
        """Return gain and bias, by their names in PyTorch."""
        axes = self._axes(self._known_sample())
        return {"weight": axes.gain(self.gamma), "bias": axes.vector(self.beta, "beta")}

    def _tensor_tags(self, tags: Any) -> Any:
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = False
        return tags
