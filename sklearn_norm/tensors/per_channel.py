"""PerChannel: the base of the scalers whose columns are the channels of samples."""

from __future__ import annotations

from math import prod
from numbers import Integral
from typing import Any, ClassVar, overload

import numpy as np

from ..estimators.fitted import OF_SHAPE, Fitted
from ..estimators.scaler import Scaler
from ..estimators.typed import Dense, Labelled
from ..inputs.arguments import whole
from ..inputs.columns import Columns, names_of
from ..inputs.frames import container_of
from ..inputs.reading import n_axes, read_array
from ..inputs.table import Table
from ..kernels import Array, Floats, Traced
from ..statistics.moments import Moments
from .axes import LONG, Axes, Shape, channelwise
from .input import Tensor, TensorInput
from .layouts import channel_layout, one_channel, some_channels

OF_CHANNELS: dict[str, Any] = {  # the constraints of the parameters
    "shape": ["array-like", Integral, None],
    "channel_axis": [Integral],
}


class PerChannel(TensorInput, Scaler):
    """Base of the scalers that measure each channel over all samples and positions.

    The columns of statistic and map are the channels. Samples may differ in their number of
    positions. A subclass says how to measure, as other scalers, by `_members` or `_moments`.
    """

    channel_axis: int
    _one_axis_means: ClassVar[str] = (
        "if it is one sample, and np.reshape(X, (-1, 1)) if it is one channel"
    )
    _remembers = (*Scaler._remembers, *OF_SHAPE)

    def _axes(self, sample: Shape) -> Axes:
        axis = whole(self.channel_axis, "channel_axis")
        if len(sample) == 1 and axis != 0:
            axis = 1
        return channelwise(sample, axis, over_samples=True)

    def _read(self, X: Any, fitted: Fitted | None, least_rows: int = 1) -> Tensor:
        first = fitted is None or fitted.columns is None
        least_rows = least_rows if fitted is None else 0
        tensor = self._read_tensor(X, fitted, first=first, least_rows=least_rows)
        return self._with_channels_of(fitted, tensor)

    def _with_channels_of(self, fitted: Fitted | None, tensor: Tensor) -> Tensor:
        """Return the samples, after a check of the number of channels."""
        if fitted is not None:
            self._check_channels(tensor.axes.learnable, fitted.n_columns)
        return tensor

    def _check_channels(self, n_channels: int, expected: int) -> None:
        if n_channels != expected:
            raise ValueError(
                f"X has {n_channels} channels, but {type(self).__name__} is expecting {expected} "
                "channels."
            )

    def _fits(self, sample: Shape, expected: Shape) -> bool:
        return self._axes(sample).n_channels == self._axes(expected).n_channels

    def _layout(self, expected: Shape) -> str:
        axis = 1 if len(expected) == 1 else whole(self.channel_axis, "channel_axis")
        return channel_layout(self._axes(expected).n_channels, axis)

    def _columns_of(self, size: int, names: Any) -> tuple[Columns | None, Shape | None]:
        """Return the columns of named features; without names, the first samples set them."""
        if names is None:
            return None, None
        if self.shape is not None and self._declared() != (size,):
            raise ValueError(
                f"`feature_names` are for 2-D data whose features are the {size} channels. Got "
                f"shape={self.shape!r}: leave the names out."
            )
        return Columns(size, names), (size,)

    def _n_columns_of(self, fitted: Fitted) -> int:
        return fitted.n_columns if fitted.shape is None else self._axes(fitted.shape).learnable

    def _may_wait(self, values: Any) -> bool:
        return False  # the buffer holds only rows of 2-D data

    def _members(self, X: Array, weight: Floats | None) -> tuple[Array, Floats | None]:
        """Return the members of each channel as a column, and the weight of each row."""
        view = self._axes(X.shape[1:]).viewed(X)[0]  # (channels, samples, positions)
        repeated = None if weight is None else np.repeat(weight, view.shape[2])
        return view.reshape(view.shape[0], -1).T, repeated

    def _moments(self, X: Array, weight: Floats | None) -> Moments:
        """Measure the channels: long ones per sample, then merged; short ones all at once."""
        view = self._axes(X.shape[1:]).viewed(X)[0]
        n_channels, n_samples, positions = view.shape
        if positions < LONG:
            return Moments.measure(*self._members(X, weight))
        columns = view.transpose(1, 0, 2).reshape(-1, positions).T
        parts = Moments.measure(columns)
        if weight is not None:
            parts = parts.weighted(np.repeat(weight, n_channels))
        return parts.reshaped((n_samples, n_channels)).folded()

    def _table_of(self, fitted: Fitted) -> Table:
        if fitted.shape is None:
            return super()._table_of(fitted)
        columns: Any = fitted.columns
        empty = np.zeros((0, *fitted.shape))
        return Tensor(empty, columns, None, "default", self._axes(fitted.shape))

    def _traced(self, X: Traced, inverse: bool) -> Traced:
        sample = self._sample(X.shape)
        axes = self._axes(sample)
        fitted = self._fitted_now()
        self._check_channels(axes.learnable, fitted.n_columns)
        act = "invert" if inverse else "apply"
        options: dict[str, Any] = {} if inverse else {"clip": self._clips()}
        mapped: Any = axes.mapped(act, fitted.map, X.reshape(-1, *sample), None, **options)
        result: Traced = mapped.reshape(*X.shape)
        return result

    def _check_alike(self, mine: Fitted, theirs: Fitted) -> None:
        shapes = [fitted.shape for fitted in (mine, theirs)]
        columns = all(shape is not None and len(shape) == 1 for shape in shapes)
        if not columns and mine.n_columns != theirs.n_columns:
            raise ValueError(
                f"Cannot merge norms of different channels: {mine.n_columns}, from samples of "
                f"shape {shapes[0]}, and {theirs.n_columns}, from {shapes[1]}. Fit both on "
                "samples of the same channels."
            )
        alike = columns or shapes[0] == shapes[1]
        super()._check_alike(mine if alike else mine.but(columns=None), theirs)

    @overload
    def inverse_transform(
        self, X: Dense, copy: bool | None = None, columns: Any = None
    ) -> Dense: ...

    @overload
    def inverse_transform(
        self, X: Labelled, copy: bool | None = None, columns: Any = None
    ) -> Labelled: ...

    @overload
    def inverse_transform(self, X: Any, copy: bool | None = None, columns: Any = None) -> Any: ...

    def inverse_transform(self, X: Any, copy: bool | None = None, columns: Any = None) -> Any:
        """Undo the scaling.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, *shape) or (n_samples, n_features)
            Normalised samples, of any number of positions.
        copy : bool, default=None
            Overrides the parameter `copy` for this call.
        columns : list of str or int, default=None
            The channels that X holds, in the order of the fit: by index, or by name if the
            features of the fit were the channels.

        Returns
        -------
        X : {ndarray, DataFrame} of the same shape
            The samples in their original units.

        Raises
        ------
        ValueError
            If the channels are not those of the fit.
        """
        return super().inverse_transform(X, copy, columns)

    def _read_scaled(self, X: Any, wanted: Any, fitted: Fitted) -> tuple[Table, Any]:
        shape = fitted.shape
        if n_axes(X) <= 2 and self.shape is None and shape is not None and len(shape) == 1:
            return super()._read_scaled(X, wanted, fitted)
        if wanted is not None:
            channels = Columns(fitted.n_columns, fitted.names).chosen(None, wanted)
            return self._read_channels(X, channels, fitted), channels
        named = names_of(X) is not None
        tensor = self._read_tensor(X, fitted, by_name=named, least_rows=0)
        return self._with_channels_of(fitted, tensor), None

    def _read_channels(self, X: Any, channels: Array, fitted: Fitted) -> Tensor:
        """Read samples that hold some of the channels."""
        self._refuse_layout(X)
        values = read_array(self, X, allow_nd=True, ensure_min_samples=0)
        sample, axis = values.shape[1:], whole(self.channel_axis, "channel_axis")
        if values.ndim == 2 and self.shape is not None:
            sample = some_channels(self._declared(), channels.size, axis)
        elif values.ndim == 2 and channels.size == 1:
            sample = one_channel(values.shape[1], axis)
        axes = self._axes(sample)
        if axes.n_channels != channels.size or prod(sample) != prod(values.shape[1:]):
            raise ValueError(
                f"X has the shape {values.shape}, which does not fit columns={channels.tolist()}: "
                f"give X of shape {channel_layout(channels.size, self.channel_axis)}."
            )
        own = Columns(prod(sample), names_of(X))
        if fitted.names is not None and own.number == channels.size:
            own = Columns(own.number, fitted.names[channels])
        tensor = values.reshape(values.shape[0], *sample)
        return Tensor(tensor, own, X, container_of(X), axes, fitted.shape, channels)

    def __sklearn_tags__(self) -> Any:
        return self._tensor_tags(super().__sklearn_tags__())
