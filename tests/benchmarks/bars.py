"""The bars: what a figure of ours may be at most, and whether it is."""

from __future__ import annotations

from typing import Any, NamedTuple

MEMORY, MIB = "memory", 2.0**20


class Bar(NamedTuple):
    """What our time, divided by another one, may be at most; or a peak of memory.

    `against` is the name of the other time, or MEMORY for a peak in bytes.
    """

    number: int
    against: str
    at_most: float

    def verdict(self, value: float) -> Verdict:
        if self.against == MEMORY:
            told = f"{value / MIB:.1f} <= {self.at_most / MIB:.1f} MiB"
        elif self.at_most < 1:
            told = f"{1 / value:.1f}x faster than {self.against}, >= {1 / self.at_most:g}"
        else:
            told = f"{value:.2f} of {self.against} <= {self.at_most:g}"
        return Verdict(self, value, told)


class Verdict(NamedTuple):
    """A bar beside the figure that was measured."""

    bar: Bar
    value: float
    told: str

    @property
    def holds(self) -> bool:
        return self.value <= self.bar.at_most

    def as_dict(self) -> dict[str, Any]:
        return self.bar._asdict() | {"value": self.value, "told": self.told, "holds": self.holds}

    @classmethod
    def of(cls, told: dict[str, Any]) -> Verdict:
        bar = Bar(told["number"], told["against"], told["at_most"])
        return cls(bar, told["value"], told["told"])

    def __str__(self) -> str:
        return f"{self.bar.number}: {self.told} {'holds' if self.holds else 'FAILS'}"


def memory_bar(n_bytes: int, share: float) -> Bar:
    return Bar(8, MEMORY, 16 * MIB + share * n_bytes)
