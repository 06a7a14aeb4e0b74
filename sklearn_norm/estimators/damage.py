"""Damage: a checksum of the state in a pickle, which has none of its own.

It detects flipped bits, and no manipulation. It is made of every number and string of the state, in
a time that is short beside that of the pickle.
"""

from __future__ import annotations

import marshal
from typing import Any
from zlib import crc32

import numpy as np

from ..inputs.parameters import CONSTANTS

WIDE = 1 << 13  # bytes of an array of which sums are taken, which is faster
LANES = 64  # sums of each
FLOAT = np.dtype(np.float64)


class _Repeated(Exception):
    """A parameter is an array that repeats one member, perhaps more often than memory holds."""


def checksum(state: dict[str, Any]) -> int | None:
    """Return the checksum of plain values; what is not plain counts by its class.

    None if an array is not held member by member, as those of `numpy.broadcast_to`.
    """
    try:
        return crc32(marshal.dumps(_plain(state), 2))  # the last version without references
    except _Repeated:
        return None


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in CONSTANTS:
        return value
    if kind is np.ndarray and value.dtype == FLOAT and value.nbytes < WIDE:
        return [value.shape, value.tobytes()]
    if kind is dict:
        try:
            names = sorted(value)
        except TypeError:  # labels of several kinds
            names = list(value)
        return [[*map(_plain, names)], [_plain(value[name]) for name in names]]
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if isinstance(value, (list, tuple)):
        return [kind is tuple, *map(_plain, value)]
    if isinstance(value, np.generic):
        return [kind.__name__, value.tobytes()]
    return kind.__name__


def _of_array(array: Any) -> Any:
    told = (array.dtype.str, array.shape)
    if 0 in array.strides and array.nbytes >= WIDE:
        raise _Repeated
    if array.dtype.hasobject:
        return [*told, *[_plain(item) for item in array.ravel().tolist()]]
    if array.dtype == FLOAT and array.nbytes < WIDE:  # as above, whatever its class
        return [array.shape, array.tobytes()]
    array = np.asarray(array) if array.flags.c_contiguous else np.ascontiguousarray(array)
    if array.nbytes < WIDE:
        return [*told, array.tobytes()]
    data = array.reshape(-1).view(np.uint8)
    even = data.size // (8 * LANES) * 8 * LANES
    sums = np.add.reduce(data[:even].view(np.uint64).reshape(-1, LANES), axis=0)
    return [*told, sums.tobytes(), data[even:].tobytes()]
