"""Values of keys: of which kind each is, and the distinct values of one column of keys, in order.

Values are the same key if they are of one kind and equal. The kinds are few, so that a key that was
saved, or comes from another container, is found again: whole numbers are one kind, whatever their
dtype, since a column of integers becomes one of floats where a value is missing.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.intp]

# the kinds in their order, and the dtypes of their values; what is missing comes last
DTYPES: dict[str, Any] = {
    "boolean": np.dtype(bool),
    "integer": np.dtype(np.int64),
    "unsigned": np.dtype(np.uint64),  # from 2**63 on
    "float": np.dtype(np.float64),  # not whole
    "text": np.dtype(object),
    "date": np.dtype(np.int64),  # days since 1970
    "time": np.dtype(np.int64),  # nanoseconds since 1970
    "time in UTC": np.dtype(np.int64),
    "duration": np.dtype(np.int64),  # nanoseconds
    "missing": np.dtype(bool),
}
KINDS = tuple(DTYPES)
MOST = 2**63
UNITS = {"date": "M8[D]", "time": "M8[ns]", "time in UTC": "M8[ns]", "duration": "m8[ns]"}
FEW = 32  # text is looked up in a table if it is no less than one in so many of those known
WORDS = "Keys are numbers, booleans, text, dates and times"


@dataclass(frozen=True, eq=False)
class Values:
    """The distinct values of one column of keys, by kind, each sorted; a code is the place of one.

    Only text that was just read, to be looked up, is not sorted.

    Parameters
    ----------
    blocks : dict of str to ndarray
        The values of each kind, in the order of the kinds; no block is empty.
    """

    blocks: dict[str, Any]

    @classmethod
    def of(cls, blocks: dict[str, Any]) -> Self:
        return cls({k: blocks[k] for k in KINDS if k in blocks and len(blocks[k])})

    def __len__(self) -> int:
        return sum(map(len, self.blocks.values()))

    @property
    def missing(self) -> int:
        """The code of what is missing; -1 if nothing is."""
        return len(self) - 1 if "missing" in self.blocks else -1

    def starts(self) -> dict[str, int]:
        """Return the first code of each kind."""
        found, start = {}, 0
        for kind, block in self.blocks.items():
            found[kind] = start
            start += len(block)
        return found

    def find(self, other: Values) -> Places:
        """Return the codes that the values of another column have here, -1 for those not here."""
        starts = self.starts()
        found = [
            _found(self.blocks[kind], block, kind, starts[kind])
            if kind in starts
            else np.full(len(block), -1, dtype=np.intp)
            for kind, block in other.blocks.items()
        ]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.intp)

    def union(self, other: Values) -> Values:
        """Return the values of both."""
        if (self.find(other) >= 0).all():
            return self
        blocks = {}
        for kind in KINDS:
            pair = [one.blocks[kind] for one in (self, other) if kind in one.blocks]
            if pair:
                both = np.concatenate(pair)
                blocks[kind] = np.unique(both) if len(pair) > 1 else both
        return type(self).of(blocks)

    def sorted(self) -> tuple[Values, Places | None]:
        """Return the values with text in order, and the new code of each old one if any moves."""
        text = self.blocks.get("text")
        if text is None:
            return self, None
        listed = text.tolist()
        order = np.array(sorted(range(len(listed)), key=listed.__getitem__), dtype=np.intp)
        new, start = np.arange(len(self)), self.starts()["text"]
        new[start : start + order.size] = start + inverse(order)
        return type(self).of({**self.blocks, "text": text[order]}), new

    def chosen(self, codes: Any) -> tuple[Values, Places]:
        """Return the values of some codes only, and the new code of each old one."""
        used = np.zeros(len(self), dtype=bool)
        used[codes] = True
        starts = self.starts()
        blocks = {k: block[used[starts[k] :][: len(block)]] for k, block in self.blocks.items()}
        return type(self).of(blocks), np.cumsum(used) - 1

    def listed(self) -> list[Any]:
        """Return the values as objects of Python, NumPy or pandas; None for what is missing."""
        return [value for kind, block in self.blocks.items() for value in _objects(kind, block)]

    def array(self) -> Any:
        """Return the values as one array, of objects if they are of several kinds."""
        if len(self.blocks) == 1:
            ((kind, block),) = self.blocks.items()
            if kind not in ("missing", "text", "time in UTC"):
                return block.view(UNITS[kind]) if kind in UNITS else block
        out = np.empty(len(self), dtype=object)
        out[:] = self.listed()
        return out

    def to_state(self) -> dict[str, Any]:
        return dict(self.blocks)

    @classmethod
    def from_state(cls, state: Any) -> Self:
        if not isinstance(state, dict) or not {*state} <= {*KINDS}:
            raise ValueError(f"keys must hold values of the kinds {KINDS}")
        return cls.of(state)

    def faults(self) -> Iterator[str]:
        """Yield why no data could give these values."""
        for kind, block in self.blocks.items():
            if not isinstance(block, np.ndarray) or block.ndim != 1 or block.dtype != DTYPES[kind]:
                yield f"must hold the values of kind {kind!r} in an array of {DTYPES[kind]}"
            elif kind == "text" and not all(isinstance(value, str) for value in block):
                yield "must hold strings as text"
            elif not (block[1:] > block[:-1]).all():
                yield f"must hold the values of kind {kind!r} in rising order"
            elif kind == "unsigned" and block[0] < MOST:
                yield "must hold integers below 2**63 as integers"
            elif kind == "float" and (np.isnan(block) | (_is_whole(block))).any():
                yield "must hold whole numbers as integers"
            elif kind == "missing" and (block.size > 1 or block[0] is np.True_):
                yield "can be missing in one way only"


def _found(mine: Any, theirs: Any, kind: str, start: int) -> Places:
    if kind == "text" and FEW * len(theirs) > len(mine):
        import pandas as pd

        told = pd.Index(theirs, dtype=object)
        found = np.asarray(pd.Index(mine, dtype=object).get_indexer(told), dtype=np.intp)
        return np.where(found < 0, -1, found + start)
    places = np.searchsorted(mine, theirs)
    here = places < len(mine)
    here[here] = mine[places[here]] == theirs[here]
    return np.where(here, places + start, -1)


def _objects(kind: str, block: Any) -> list[Any]:
    if kind == "missing":
        return [None]
    if kind not in UNITS:
        return list(block.tolist())
    import pandas as pd

    if kind == "date":
        return list(block.view("M8[D]").tolist())
    if kind == "duration":
        return list(pd.to_timedelta(block.view("m8[ns]")))
    zone = "UTC" if kind == "time in UTC" else None
    return list(pd.DatetimeIndex(block.view("M8[ns]")).tz_localize(zone))


def inverse(order: Any) -> Places:
    """Return the place of each number in an order."""
    out = np.empty(order.size, dtype=np.intp)
    out[order] = np.arange(order.size)
    return out


def _is_whole(values: Any) -> Any:
    """Whether floats are whole numbers that integers of 64 bits hold."""
    return (values == np.floor(values)) & (values >= -MOST) & (values < 2 * MOST)


def value_of(value: Any, where: str) -> tuple[str, Any]:
    """Return the kind of one object, and its value; what is no key is refused."""
    kind = type(value).__name__
    if value is None or kind in ("NAType", "NaTType"):
        return "missing", False
    if isinstance(value, (bool, np.bool_)):
        return "boolean", bool(value)
    if isinstance(value, str):
        return "text", str.__str__(value)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return _of_time(np.asarray(value), where)
    if isinstance(value, Integral):
        return _of_integer(int(value), value, where)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if number != number:
            return "missing", False
        return _of_integer(int(number), value, where) if _is_whole(number) else ("float", number)
    if isinstance(value, dt.datetime):
        return _of_datetime(value, where)
    if isinstance(value, dt.date):
        return "date", (value - dt.date(1970, 1, 1)).days
    if isinstance(value, dt.timedelta):
        exact = value.to_timedelta64() if hasattr(value, "to_timedelta64") else value
        return _of_time(np.asarray(exact, dtype=getattr(exact, "dtype", "m8[us]")), where)
    hint = "a float" if isinstance(value, Real) else "text, as str(key)"
    raise ValueError(f"{where} holds the key {value!r:.80}, a {kind}. {WORDS}: make it {hint}.")


def _of_integer(number: int, value: Any, where: str) -> tuple[str, Any]:
    if -MOST <= number < MOST:
        return "integer", number
    if 0 < number < 2 * MOST:
        return "unsigned", number
    raise ValueError(
        f"{where} holds the key {value!r:.80}, an integer of more than 64 bits: make it text."
    )


def _of_datetime(value: Any, where: str) -> tuple[str, Any]:
    pandas = sys.modules.get("pandas")
    zoned = value.tzinfo is not None
    if pandas is not None and isinstance(value, pandas.Timestamp):
        array = np.asarray((value.tz_convert(None) if zoned else value).to_datetime64())
    else:
        naive = value.astimezone(dt.UTC).replace(tzinfo=None) if zoned else value
        array = np.asarray(naive, dtype="M8[us]")
    kind, number = _of_time(array, where)
    return ("time in UTC" if zoned and kind == "time" else kind), number


def _of_time(array: Any, where: str) -> tuple[str, Any]:
    if np.isnat(array):
        return "missing", False
    kind = "time" if array.dtype.kind == "M" else "duration"
    return kind, int(nanoseconds(array[None], where)[0])


def nanoseconds(array: Any, where: str) -> Any:
    """Return times or durations as integers; those that 64 bits do not hold are refused."""
    unit = f"{array.dtype.kind}8"
    if array.dtype == np.dtype(unit):
        raise ValueError(f"{where} holds times without a unit. {WORDS}.")
    far = np.abs(array.astype(f"{unit}[s]").view(np.int64)) > 9_223_372_035
    far &= ~np.isnat(array)
    if far.any():
        raise ValueError(
            f"{where} holds the key {array[far][0]}, too far from 1970 to be held in nanoseconds: "
            "make it text."
        )
    return array.astype(f"{unit}[ns]").view(np.int64)
