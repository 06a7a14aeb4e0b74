"""Keys: the distinct whole tuples of one or several columns of keys, one for each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .key_columns import read_column
from .key_values import Places, Values

NARROW = np.int32
ROOM = 2**62  # codes of several columns are numbered together up to here


@dataclass(frozen=True, eq=False)
class Keys:
    """The keys of the groups, in the order of their values. Without columns, the key is ().

    Parameters
    ----------
    values : tuple of Values
        The distinct values of each column.
    codes : ndarray of int32, of shape (n_columns, n_groups)
        The code of each key's value in each column.
    """

    values: tuple[Values, ...]
    codes: Any

    @classmethod
    def read(
        cls, columns: Sequence[tuple[str, Any]], n_rows: int, in_order: bool = True
    ) -> tuple[Self, Places]:
        """Return the keys of a table, and the group of each row.

        Parameters
        ----------
        columns : sequence of (str, array-like)
            What each column of keys is called, and its keys.
        n_rows : int
            The number of rows.
        in_order : bool
            Whether text is sorted, which keys that are only looked up need not be.
        """
        if not columns:
            return cls((), np.zeros((0, min(n_rows, 1)), NARROW)), np.zeros(n_rows, np.intp)
        read = [_read(column, name, in_order) for name, column in columns]
        values = tuple(v for v, _ in read)
        if len(read) == 1:
            return cls(values, np.arange(len(values[0]), dtype=NARROW)[None]), read[0][1]
        rows = [codes for _, codes in read]
        numbers = _numbered(rows, [len(v) for v in values])
        _, first, groups = np.unique(numbers, return_index=True, return_inverse=True)
        codes = np.stack([codes[first] for codes in rows]).astype(NARROW)
        return cls(values, codes), groups

    @property
    def number(self) -> int:
        """The number of groups."""
        return int(self.codes.shape[1])

    @property
    def width(self) -> int:
        """The number of columns of keys."""
        return len(self.values)

    def missing(self) -> Any:
        """Return which keys have a value that is missing."""
        out = np.zeros(self.number, dtype=bool)
        for values, codes in zip(self.values, self.codes, strict=True):
            if values.missing >= 0:
                out |= codes == values.missing
        return out

    def chosen(self, kept: Any) -> Keys:
        """Return some of the keys."""
        if kept.all():
            return self
        pairs = [v.chosen(c[kept]) for v, c in zip(self.values, self.codes, strict=True)]
        codes = [new[c[kept]] for (_, new), c in zip(pairs, self.codes, strict=True)]
        empty = np.zeros((0, int(kept.any())))
        found = np.stack(codes) if codes else empty
        return type(self)(tuple(v for v, _ in pairs), found.astype(NARROW))

    def find(self, other: Keys) -> Places:
        """Return the group that each key of others has here, -1 for those that have none."""
        self._check_width(other)
        if self.width == 0:
            return np.full(other.number, self.number - 1, dtype=np.intp)
        places = [m.find(t) for m, t in zip(self.values, other.values, strict=True)]
        codes = [np.append(p, -1)[c] for p, c in zip(places, other.codes, strict=True)]
        if self.width == 1:
            return np.asarray(codes[0], dtype=np.intp)
        here = np.all([c >= 0 for c in codes], axis=0)
        both = [np.concatenate([m, c[here]]) for m, c in zip(self.codes, codes, strict=True)]
        numbers = _numbered(both, [len(v) for v in self.values])
        mine, theirs = numbers[: self.number], numbers[self.number :]
        out = np.full(other.number, -1, dtype=np.intp)
        at = np.searchsorted(mine, theirs)
        found = at < self.number
        found[found] = mine[at[found]] == theirs[found]
        out[here] = np.where(found, at, -1)
        return out

    def union(self, other: Keys) -> Keys:
        """Return the keys of both."""
        self._check_width(other)
        if self.width == 0:
            return self if self.number else other
        values = tuple(m.union(t) for m, t in zip(self.values, other.values, strict=True))
        if self.width == 1:
            return type(self)(values, np.arange(len(values[0]), dtype=NARROW)[None])
        both = [
            np.concatenate([v.find(w)[codes] for w, codes in _of_column(at, self, other)])
            for at, v in enumerate(values)
        ]
        numbers = _numbered(both, [len(v) for v in values])
        _, first = np.unique(numbers, return_index=True)
        return type(self)(values, np.stack([codes[first] for codes in both]).astype(NARROW))

    def _check_width(self, other: Keys) -> None:
        if self.width != other.width:
            raise ValueError(
                f"Keys of {other.width} columns were given, but those of the fit are of "
                f"{self.width}: {_how(self.width)}."
            )

    def listed(self) -> list[Any]:
        """Return the keys: values if there is one column, else tuples."""
        columns = [
            np.array([*v.listed(), None], dtype=object)[c].tolist()
            for v, c in zip(self.values, self.codes, strict=True)
        ]
        if self.width == 1:
            return list(columns[0])
        return list(zip(*columns, strict=True)) if columns else [()] * self.number

    def array(self) -> Any:
        """Return the keys as an array, of tuples if there are several columns."""
        if self.width == 1:
            return self.values[0].array()
        out = np.empty(self.number, dtype=object)
        out[:] = self.listed()
        return out

    def place(self, key: Any) -> int:
        """Return the group of one key; an error if there is none."""
        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) != self.width:
            raise ValueError(
                f"The `key` {key!r:.80} has {len(parts)} parts, but those of the fit have "
                f"{self.width}."
            )
        one, _ = type(self).read([("`key`", [part]) for part in parts], 1)
        place = int(self.find(one)[0])
        if place < 0:
            raise ValueError(f"No group has the `key` {key!r:.80}. {self.shown()}")
        return place

    def shown(self) -> str:
        """Return a sentence with the first keys."""
        few = np.zeros(self.number, dtype=bool)
        few[:5] = True
        first = ", ".join(map(repr, self.chosen(few).listed()))
        more = f" and {self.number - 5} more" if self.number > 5 else ""
        return f"The groups are {first}{more}." if self.number else "There is no group."

    def label(self, group: int) -> Any:
        """Return the key of a group."""
        one = np.zeros(self.number, dtype=bool)
        one[group] = True
        return self.chosen(one).listed()[0]

    def to_state(self) -> dict[str, Any]:
        return {"values": [v.to_state() for v in self.values], "codes": self.codes}

    @classmethod
    def from_state(cls, state: Any) -> Self:
        values = tuple(Values.from_state(v) for v in state["values"])
        return cls(values, state["codes"])

    def faults(self) -> Iterator[tuple[str, str]]:
        """Yield each field that no data could give, and the reason."""
        for at, values in enumerate(self.values):
            yield from ((f"values[{at}]", why) for why in values.faults())
        codes = self.codes
        if not isinstance(codes, np.ndarray) or codes.dtype != NARROW or codes.ndim != 2:
            yield "codes", "must be an array of int32 with two axes"
            return
        if codes.shape[0] != self.width:
            yield "codes", f"has {codes.shape[0]} rows, not {self.width}"
            return
        if not self.width and self.number > 1:
            yield "codes", "must have one group at most, where no column has keys"
        for at, (values, row) in enumerate(zip(self.values, codes, strict=True)):
            used = np.zeros(len(values) + 1, dtype=bool)
            if row.size and not 0 <= row.min() <= row.max() < len(values):
                yield "codes", "are beyond the values"
                return
            used[row] = True
            if not used[:-1].all():
                yield f"values[{at}]", "has a value that no group has"
        if self.width and self.number > 1:
            numbers = _numbered(list(codes.astype(np.intp)), [len(v) for v in self.values])
            if not (numbers[1:] > numbers[:-1]).all():
                yield "codes", "must be in rising order"


def _read(column: Any, name: str, in_order: bool) -> tuple[Values, Places]:
    values, codes = read_column(column, name)
    if not in_order:
        return values, codes
    values, new = values.sorted()
    return values, codes if new is None else new[codes]


def _of_column(at: int, *keys: Keys) -> Iterator[tuple[Values, Any]]:
    """Yield the values and the codes of one column of several records of keys."""
    return ((one.values[at], one.codes[at]) for one in keys)


def _numbered(rows: list[Any], sizes: list[int]) -> Any:
    """Return a number for each tuple of codes, which rises with the tuple."""
    numbers, most = rows[0].astype(np.int64), sizes[0]
    for codes, size in zip(rows[1:], sizes[1:], strict=True):
        if most * size >= ROOM:
            _, numbers = np.unique(numbers, return_inverse=True)
            most = int(numbers.max(initial=0)) + 1
        numbers, most = numbers * size + codes, most * size
    return numbers


def _how(width: int) -> str:
    if not width:
        return "pass neither `by` nor `groups`, or fit with them"
    return f"pass {width} for each row"
