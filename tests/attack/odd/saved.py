"""Paths, documents, notes and what is to be saved."""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from documents import signed
from sklearn import preprocessing
from sklearn.pipeline import make_pipeline

import sklearn_norm
from odd.makers import (
    PLAIN,
    REFUSED,
    TAKEN,
    Odd,
    of,
)
from odd.parameters import ANYTHING, THEIRS

PLACE = tempfile.TemporaryDirectory()  # of all files that cases write, until the process ends
FOLDER = Path(PLACE.name)
FITTED = [sklearn_norm.ZScoreScaler, sklearn_norm.RobustScaler, sklearn_norm.BatchNorm]


def filed(content: bytes) -> Callable[[np.random.Generator], Any]:
    """Return a maker of a file of that content."""

    def make(rng: np.random.Generator) -> Any:
        path = FOLDER / "given.json"
        path.write_bytes(content)
        return path

    return make


PATHS = {
    "None": of(None, REFUSED),
    "a float": of(1.5, REFUSED),
    "a list": of(["a"], REFUSED),
    "an object": of(object(), REFUSED),
    "an array": Odd(lambda rng: np.array(["a"]), REFUSED),
    "nothing": of("", REFUSED),
    "a folder": of(FOLDER, REFUSED),
    "in a folder that is not": of(FOLDER / "no" / "x.json", REFUSED),
    "in a file": Odd(lambda rng: filed(b"{}")(rng) / "x.json", REFUSED),
    "with a zero byte": of(f"{FOLDER}{os.sep}a\0b", REFUSED),
    "too long a name": of(FOLDER / ("x" * 5000), REFUSED),
    "bytes": of(os.fsencode(FOLDER / "bytes.json")),
    "an empty file": Odd(filed(b"")),
    "no UTF-8": Odd(filed(b"\xff\xfe{}")),
    "a list in a file": Odd(filed(b"[]")),
    "nothing known in a file": Odd(filed(b'{"a": 1}')),
    "deep in a file": Odd(filed(b"[" * 10**5)),
    "long digits in a file": Odd(filed(b"[" + b"9" * 10**5 + b"]")),
}

LEAVES = (None, True, -1, 1.5, math.nan, math.inf, "word", "", [], {}, [[]], 10**400, b"", object())


def changed(rng: np.random.Generator) -> Any:
    """Return what an estimator was saved as, with one value replaced, or left out."""
    kind = FITTED[rng.integers(len(FITTED))]
    document = sklearn_norm.to_dict(kind().fit(PLAIN))
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, part in inside:
            places.append((value, name))
            if isinstance(part, (dict, list)):
                walk(part)

    walk(document)
    holder, name = places[rng.integers(len(places))]
    holder[name] = LEAVES[rng.integers(len(LEAVES))]
    if rng.random() < 0.2:
        del holder[name]
    with contextlib.suppress(TypeError, AttributeError, ValueError):  # of what is no JSON
        return signed(document)  # so that the change itself is checked, not the checksum
    return document


DOCUMENTS = ANYTHING | {f"changed {i}": Odd(changed) for i in range(60)}
NOTES = ANYTHING | {
    "a note": of({"position": 3}, TAKEN),
    "numbers for names": of({1: 2}),
    "an array in a note": Odd(lambda rng: {"a": np.ones(2)}),
    "an object in a note": of({"a": object()}),
    "a huge integer in a note": of({"a": 10**400}),
    "NaN in a note": of({"a": math.nan}),
    "half a character in a note": of({"a": "\udcff"}),
}
SAVED = THEIRS | {
    "a pipeline": Odd(lambda rng: make_pipeline(sklearn_norm.ZScoreScaler()).fit(PLAIN)),
    "a pipeline of theirs": Odd(lambda rng: make_pipeline(preprocessing.StandardScaler())),
    "a pipeline of itself": Odd(lambda rng: of_itself()),
    "an estimator of odd values": Odd(lambda rng: sklearn_norm.ZScoreScaler(ddof=object())),
}


def of_itself() -> Any:
    pipeline = make_pipeline(sklearn_norm.ZScoreScaler())
    pipeline.steps.append(("itself", pipeline))
    return pipeline
