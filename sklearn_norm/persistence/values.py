"""Values as JSON: floats bit for bit, arrays compact, Python's types kept apart.

A JSON object with exactly the keys of one of the `FORMS` below stands for something that
JSON lacks, such as a tuple, an array or infinity. All other objects are dicts.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from ..exceptions import FormatError
from ..inputs.labelled import labelled

WHOLE = 2**53  # integers up to here are exact in all readers of JSON
WIDEST = 2**64
LEVELS = 8  # of a label of columns
LONGEST = 2**32  # length limit of an axis
DTYPES = ("<f8", "<f4", "<f2", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "|b1")
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


class Described(dict[str, Any]):
    """An estimator inside a value, as a JSON object, to be written as it is or to be built."""


def encoded(value: Any, where: str) -> Any:
    """Return a value as JSON values."""
    if isinstance(value, Described):
        return dict(value)
    by_label = None if isinstance(value, Mapping) else labelled(value)
    if by_label is not None:  # a series would come back as an array, which goes by position
        value = by_label
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        return _array(value, where)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return _integer(int(value), where)
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return {"slice": [encoded(v, where) for v in parts]}
    if isinstance(value, Mapping):
        return _mapping(value, where)
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        items = [encoded(v, f"{where}[{i}]") for i, v in enumerate(value)]
        return {"tuple": items} if isinstance(value, tuple) else items
    raise FormatError(
        f"{where}: a {type(value).__name__} cannot be saved as JSON. Use a number, a string, an "
        "array, or a tuple, list or dict of these, or joblib.dump for the whole."
    )


def _integer(value: int, where: str) -> Any:
    if abs(value) <= WHOLE:
        return value
    if abs(value) < WIDEST:
        return {"integer": str(value)}
    raise FormatError(f"{where}: an integer of more than 64 bits cannot be saved.")


def _float(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"float": "nan" if math.isnan(value) else str(value)}


def _mapping(value: Mapping[Any, Any], where: str) -> Any:
    names = value.keys()
    if all(type(name) is str for name in names) and frozenset(names) not in FORMS:
        return {name: encoded(v, at(where, name)) for name, v in value.items()}
    for name in names:
        if not _may_be_key(name, where):
            raise FormatError(f"{where}: {_no_key(name)}.")
    pairs = [[encoded(k, where), encoded(v, f"{where}[{k!r:.60}]")] for k, v in value.items()]
    return {"dict": pairs}


def _may_be_key(key: Any, where: str) -> bool:
    """Whether this may be the key of a dict: one scalar, or a label of columns.

    The hashes of tuples of numbers are easily made equal, which makes dicts slow. In parameters,
    where they may be labels, there are few: as many as a data frame has levels and columns.
    """
    if isinstance(key, tuple) and not where.startswith("notes"):
        return len(key) <= LEVELS and all(_is_scalar(part) for part in key)
    return _is_scalar(key)


def _is_scalar(key: Any) -> bool:
    return key is None or isinstance(key, (str, int, float, np.number, np.bool_))


def _no_key(key: Any) -> str:
    return f"a {type(key).__name__} cannot be a key of a dict: use a string or a number"


def _array(value: Any, where: str) -> Any:
    array = np.asarray(value)
    if array.dtype.kind in "OUT" and array.ndim <= 1:
        return _strings(array, where)
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in DTYPES or isinstance(value, np.ma.MaskedArray):
        raise FormatError(
            f"{where}: a {type(value).__name__} of {array.dtype} cannot be saved as JSON. Use an "
            "array of at most 64 bits per number, or joblib.dump for the whole."
        )
    data = base64.b64encode(array.astype(dtype, copy=False).tobytes()).decode("ascii")
    return {"dtype": dtype.str, "shape": list(array.shape), "base64": data}


def _strings(array: Any, where: str) -> Any:
    items = array.tolist()
    if isinstance(items, str):
        return items
    if array.ndim == 0 or not all(isinstance(item, str) for item in items):
        raise FormatError(f"{where}: an array of objects cannot be saved, but for strings.")
    return {"strings": [str.__str__(item) for item in items]}


def decoded(value: Any, where: str) -> Any:
    """Undo `encoded`, in place where it can be: the value belongs to nobody else.

    Arrays come back in C order, array-likes as arrays.
    """
    if isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, (dict, list)):
                value[i] = decoded(item, f"{where}[{i}]")
        return value
    if not isinstance(value, dict):
        return value
    form = FORMS.get(frozenset(value)) if len(value) in (1, 3) else None
    if form is not None:
        return form(value, where)
    for name, item in value.items():
        if isinstance(item, (dict, list)):
            value[name] = decoded(item, at(where, name))
    return value


def copied(value: Any) -> Any:
    """Return a copy of JSON values, to decode."""
    if isinstance(value, dict):
        return {name: copied(item) for name, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def _read_tuple(value: Any, where: str) -> Any:
    return tuple(decoded(listed(value["tuple"], where), where))


def _read_dict(value: Any, where: str) -> Any:
    found: dict[Any, Any] = {}
    for i, pair in enumerate(listed(value["dict"], where)):
        place = f"{where}.dict[{i}]"
        if len(listed(pair, place)) != 2:
            raise FormatError(f"{place}: must be a key and a value.")
        key = decoded(pair[0], place)
        if not _may_be_key(key, where):
            raise FormatError(f"{place}: {_no_key(key)}.")
        found[key] = decoded(pair[1], place)
    if len(found) != len(value["dict"]):
        raise FormatError(f"{where}: a key appears twice.")
    return found


def _read_float(value: Any, where: str) -> Any:
    if value["float"] not in tuple(NOT_FINITE):
        raise FormatError(f"{where}: `float` must be one of {list(NOT_FINITE)}.")
    return NOT_FINITE[value["float"]]


def _read_integer(value: Any, where: str) -> Any:
    text = value["integer"]
    if isinstance(text, str) and len(text) <= 21 and text.isascii():
        digits = text.removeprefix("-")
        if digits.isdigit() and WHOLE < int(digits) < WIDEST and digits[0] != "0":
            return int(text)
    raise FormatError(f"{where}: `integer` must hold an integer beyond 2**53, of 64 bits, as text.")


def _read_slice(value: Any, where: str) -> Any:
    parts = decoded(listed(value["slice"], where), where)
    if len(parts) != 3:
        raise FormatError(f"{where}: a slice has a start, a stop and a step.")
    return slice(*parts)


def _read_strings(value: Any, where: str) -> Any:
    items = listed(value["strings"], where)
    for i, item in enumerate(items):
        if not isinstance(item, str):
            raise FormatError(f"{where}[{i}]: must be a string, not {item!r:.40}.")
    strings = np.empty(len(items), dtype=object)
    strings[:] = items
    return strings


def _read_array(value: Any, where: str) -> Any:
    if value["dtype"] not in DTYPES:
        raise FormatError(f"{where}.dtype: must be one of {', '.join(DTYPES)}.")
    dtype = np.dtype(value["dtype"])
    shape = listed(value["shape"], f"{where}.shape")
    if len(shape) > 32 or not all(type(n) is int and 0 <= n < LONGEST for n in shape):
        raise FormatError(f"{where}.shape: must be the lengths of at most 32 axes.")
    try:
        data = base64.b64decode(value["base64"], validate=True)
    except (TypeError, ValueError):
        raise FormatError(f"{where}.base64: is no base64.") from None
    if len(data) != prod(shape) * dtype.itemsize:
        raise FormatError(
            f"{where}: {len(data)} bytes are no array of {dtype.name} of the shape {shape}."
        )
    if dtype.kind == "b" and data.translate(None, b"\0\1"):
        raise FormatError(f"{where}: a boolean must be a byte 0 or 1.")
    try:
        array = np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    except ValueError:
        raise FormatError(f"{where}.shape: no memory holds the shape {shape}.") from None
    return array if shape else array[()]


def _read_estimator(value: Any, where: str) -> Any:
    if not where.startswith("notes"):
        return Described(value)
    return {name: decoded(item, at(where, name)) for name, item in value.items()}


FORMS: dict[frozenset[str], Callable[[Any, str], Any]] = {
    frozenset({"tuple"}): _read_tuple,
    frozenset({"dict"}): _read_dict,
    frozenset({"float"}): _read_float,
    frozenset({"integer"}): _read_integer,
    frozenset({"slice"}): _read_slice,
    frozenset({"strings"}): _read_strings,
    frozenset({"dtype", "shape", "base64"}): _read_array,
    frozenset({"class", "parameters", "state"}): _read_estimator,
    frozenset({"class", "parameters", "steps"}): _read_estimator,  # a pipeline
}


def at(where: str, name: str) -> str:
    """Return the path to a member of an object, for messages."""
    place = name if len(name) <= 60 and name.isidentifier() else repr(name[:60])[:60]
    return f"{where}.{place}" if where else place


def listed(value: Any, where: str) -> list[Any]:
    """Return the value if it is a list, else refuse it."""
    if not isinstance(value, list):
        raise FormatError(f"{where}: must be a list, not {value!r:.40}.")
    return value


def with_keys(
    value: Any, where: str, required: Iterable[str], optional: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the value if it is a JSON object with the expected keys, else refuse it."""
    if not isinstance(value, dict):
        raise FormatError(f"{where or 'document'}: must be an object, not {value!r:.40}.")
    for name in sorted({*required} - value.keys()):
        raise FormatError(f"{where or 'document'}: the key {name!r} is missing.")
    for name in sorted(value.keys() - {*required, *optional}):
        raise FormatError(f"{at(where, name)}: an unknown key.")
    return value


def text(value: Any, where: str) -> str:
    """Return the value if it is a string, else refuse it."""
    if not isinstance(value, str):
        raise FormatError(f"{where}: must be a string, not {value!r:.40}.")
    return value


@contextmanager
def taking(where: str) -> Iterator[None]:
    """Turn any error of what a document says into a FormatError."""
    try:
        yield
    except FormatError:
        raise
    except Exception as error:
        raise FormatError(f"{where}: cannot be taken, {told(error)}") from error


def told(error: Exception) -> str:
    """Return the message of an error, on one line and not too long."""
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
