"""Damage: a checksum of the state in a pickle, which has none of its own.

It detects flipped bits, and no manipulation. It is made of every number and string of the state, in
a time that is short beside that of the pickle: the records of a fit, of plain values and arrays of
numbers, are written to bytes in one call.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from ..inputs.parameters import CONSTANTS

WIDE = 1 << 13  # bytes of which sums are taken, which is faster
LANES = 64  # sums of each
WITHOUT_REFERENCES = 2  # the last version of marshal in which equal values have equal bytes


class _Repeated(Exception):
    """A parameter is an array that repeats one member, perhaps more often than memory holds."""


def checksum(
    state: dict[str, Any], records: Sequence[str], told: tuple[int, ...] | None = None
) -> tuple[int, ...] | None:
    """Return the checksum of plain values; what is not plain counts by its class.

    Parameters
    ----------
    state : dict
        The state.
    records : sequence of str
        The names in the state of dicts that hold constants, arrays of numbers and lists of such.
    told : tuple of int, default=None
        The checksum to compare with, which is made in the same way.

    Returns
    -------
    found : tuple of int, or None
        None if an array is not held member by member, as those of `numpy.broadcast_to`. A second
        number says that the records were not written in one call: an array is not contiguous, as
        it will be once it was pickled, or holds objects.
    """
    rest = state.copy()
    parts = [rest.pop(name, None) for name in records]
    try:
        if len(told) == 1 if told is not None else _numbers(parts):
            try:
                data = marshal.dumps([*map(_order, parts), parts], WITHOUT_REFERENCES)
                return (crc32(_bytes_of(rest), _digest(data)),)
            except ValueError:  # an array is not contiguous
                pass
        return crc32(_bytes_of(rest), _digest(_bytes_of(parts))), 1
    except _Repeated:
        return None


def _numbers(parts: Iterable[Any]) -> bool:
    """Whether all arrays hold numbers, and not references to objects."""
    for part in parts:
        if type(part) is dict:
            if not _numbers(part.values()):
                return False
        elif isinstance(part, np.ndarray) and part.dtype.hasobject:
            return False
    return True


def _order(part: Any) -> Any:
    """Return the order of the bytes of the first array of a record; a pickle tells it once."""
    for value in part.values() if type(part) is dict else (part,):
        if isinstance(value, np.ndarray):  # a file may be mapped into memory
            return value.dtype.byteorder
    return None


def _digest(data: bytes) -> int:
    if len(data) < WIDE:
        return crc32(data)
    even = len(data) // (8 * LANES) * 8 * LANES
    sums = np.add.reduce(np.frombuffer(data, np.uint64, even // 8).reshape(-1, LANES), axis=0)
    return crc32(data[even:], crc32(sums))


def _bytes_of(value: Any) -> bytes:
    return marshal.dumps(_plain(value), WITHOUT_REFERENCES)


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in CONSTANTS:
        return value
    if kind is dict:
        try:
            names = sorted(value)
        except TypeError:  # labels of several kinds
            names = list(value)
        values = [value[name] for name in names]
        kinds = {*map(type, values), *map(type, names)}
        if kinds <= CONSTANTS:
            return [names, values]
        return [[*map(_plain, names)], [*map(_plain, values)]]
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
    return [*told, _digest(array.tobytes())]
