"""Odd values of every parameter of a public method, and what must become of them."""

from odd.arguments import COLUMN_CHOICES, KEYS, MASKS, STATS, WEIGHTS
from odd.data import DATA
from odd.makers import FRAME, NEW, PLAIN, REFUSED, TAKEN, TENSOR, Converts, Odd, OwnError
from odd.parameters import (
    ANYTHING,
    CALLS,
    CALLS_BACK,
    CONTAINERS,
    FEATURES,
    KEYWORDS,
    NAMES_GIVEN,
    OTHERS,
    SEVERAL,
    STATISTICS,
    THEIR_KINDS,
    THEIRS,
    VECTORS,
)
from odd.saved import DOCUMENTS, FOLDER, NOTES, PATHS, SAVED

__all__ = [
    "ANYTHING",
    "CALLS",
    "CALLS_BACK",
    "COLUMN_CHOICES",
    "CONTAINERS",
    "DATA",
    "DOCUMENTS",
    "FEATURES",
    "FOLDER",
    "FRAME",
    "KEYS",
    "KEYWORDS",
    "MASKS",
    "NAMES_GIVEN",
    "NEW",
    "NOTES",
    "OTHERS",
    "PATHS",
    "PLAIN",
    "REFUSED",
    "SAVED",
    "SEVERAL",
    "STATISTICS",
    "STATS",
    "TAKEN",
    "TENSOR",
    "THEIRS",
    "THEIR_KINDS",
    "VECTORS",
    "WEIGHTS",
    "Converts",
    "Odd",
    "OwnError",
]
