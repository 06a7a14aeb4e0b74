"""Strict JSON text: reading returns what was written, or raises an error that says where."""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ..exceptions import FormatError
from .limits import check_density
from .values import WHOLE, at

DEEPEST = 100  # limit of the nesting depth of objects and lists
FOREIGN = {
    b"\x80": "a pickle: use joblib.load or pickle.load, if you trust its source",
    b"PK\x03\x04": "a zip file, as skops writes: use skops.io.load",
    b"x": "a compressed file: use joblib.load, if you trust its source",
    b"\x1f\x8b": "a compressed file: use joblib.load, if you trust its source",
    b"BZh": "a compressed file: use joblib.load, if you trust its source",
    b"\xfd7zXZ": "a compressed file: use joblib.load, if you trust its source",
    b"\x04\x22\x4d\x18": "a compressed file: use joblib.load, if you trust its source",
    b"\x93NUMPY": "an array of NumPy: use numpy.load",
}


class Refused:
    """Stands for something that strict JSON does not allow; its place is found later."""

    def __init__(self, why: str) -> None:
        self.why = why


def parsed(data: bytes) -> Any:
    """Return the document that JSON text in UTF-8 holds."""
    for start, kind in FOREIGN.items():
        if data.startswith(start):
            raise FormatError(f"byte 0: this is no JSON, but {kind}.")
    try:
        text = data.decode("utf-8")
        check_density(data, text)
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_constant=_no)
    except UnicodeDecodeError as error:
        raise FormatError(f"byte {error.start}: no UTF-8, so the file is damaged.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise FormatError(f"{place}: no JSON, {error.msg}. The file is damaged.") from None
    except RecursionError:
        raise FormatError(f"document: nested deeper than {DEEPEST} levels.") from None


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    times = Counter(name for name, _ in pairs)
    return Refused(f"the key {times.most_common(1)[0][0]!r} appears twice")


def _integer(digits: str) -> Any:
    return int(digits) if len(digits) <= 20 else Refused(f"{digits[:20]}... is too large")


def _no(constant: str) -> Any:
    return Refused(f"{constant} is no JSON")


def written(document: Any) -> bytes:
    """Return a document as text, with containers of plain values on one line.

    One that reading would refuse for its density is refused here, before a file is written.
    """
    text = "".join(_pieces(document, "\n")) + "\n"
    data = text.encode()
    check_density(data, text)
    return data


def _pieces(value: Any, line: str) -> Iterator[str]:
    if not isinstance(value, (dict, list)) or all(map(_is_short, _members(value))):
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    separator = opening
    for name in value:
        yield separator + line + " "
        if isinstance(value, dict):
            yield json.dumps(name, ensure_ascii=False) + ": "
        yield from _pieces(value[name] if isinstance(value, dict) else name, line + " ")
        separator = ","
    yield line + closing


def _is_short(value: Any) -> bool:
    """Whether this is a plain value, or a list of such."""
    items = value if isinstance(value, list) else [value]
    return not any(isinstance(item, (dict, list)) for item in items)


def _members(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value


def checksum(document: Any) -> str:
    """Return the SHA-256 of a document's content, and refuse anything but strict JSON.

    Whitespace, the order of members and the spelling of numbers and strings do not matter.
    """
    digest = hashlib.sha256()
    _fed(document, digest.update)
    return f"sha256:{digest.hexdigest()}"


def size(document: Any) -> int:
    """Return how many bytes are hashed of a document, which is about its size as text."""
    total = 0

    def count(piece: bytes) -> None:
        nonlocal total
        total += len(piece)

    _fed(document, count)
    return total


def _fed(document: Any, feed: Any) -> None:
    try:
        _feed(document, 0, feed)
    except _Misfit as misfit:  # places are found only when they are needed
        raise FormatError(f"{_place(document, misfit) or 'document'}: {misfit}.") from None


class _Misfit(Exception):
    """What is no strict JSON, and the value in which it was found."""

    def __init__(self, value: Any, why: str) -> None:
        super().__init__(why)
        self.value = value


def _feed(value: Any, depth: int, feed: Any) -> None:
    if depth > DEEPEST:
        raise _Misfit(value, f"nested deeper than {DEEPEST} levels")
    kind = type(value)
    if kind is str:
        try:
            raw = value.encode()
        except UnicodeEncodeError:
            why = f"{value!r:.40} is no text, but half a character"
            raise _Misfit(value, why) from None
        feed(b"s%d:" % len(raw))
        feed(raw)
    elif kind is dict:
        if not all(type(name) is str for name in value):
            raise _Misfit(value, "the keys must be strings")
        feed(b"{")
        for name in sorted(value):
            _feed(name, 0, feed)
            _feed(value[name], depth + 1, feed)
        feed(b"}")
    elif kind is list:
        feed(b"[")
        for item in value:
            _feed(item, depth + 1, feed)
        feed(b"]")
    elif kind is int and abs(value) <= WHOLE:
        feed(b"i%d;" % value)
    elif kind is float and math.isfinite(value):
        feed(b"d" + struct.pack(">d", value))
    elif value is None or kind is bool:
        feed(b"n" if value is None else b"t" if value else b"f")
    else:
        why = value.why if kind is Refused else f"{value!r:.40} is no strict JSON"
        raise _Misfit(value, why)


def _place(value: Any, misfit: _Misfit, depth: int = 0) -> str | None:
    """Return the path to the value of a misfit; None if it is not in here."""
    if value is misfit.value:
        return ""
    if depth > DEEPEST or type(value) not in (dict, list):
        return None
    items = value.items() if type(value) is dict else enumerate(value)
    for name, item in items:
        step = f"[{name}]" if type(value) is list else at("", name if type(name) is str else "?")
        found = "" if name is misfit.value else _place(item, misfit, depth + 1)
        if found is not None:
            return step + ("." if found and found[0] != "[" else "") + found
    return None
