"""Of any type: for parameters of estimators, for flags and for other estimators."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
from scipy import sparse
from sklearn import preprocessing

import sklearn_norm
from odd.arguments import COLUMN_CHOICES
from odd.makers import (
    COLUMNS,
    DAY,
    FRAME,
    HUGE,
    PLAIN,
    ROWS,
    TENSOR,
    Converts,
    NoTruth,
    Odd,
    OwnError,
    of,
    raise_own,
)

ANYTHING = {
    "None": of(None),
    "True": of(True),
    "False": of(False),
    "zero": of(0),
    "one": of(1),
    "two": of(2),
    "minus one": of(-1),
    "a million": of(10**6),
    "a huge integer": of(10**400),
    "minus a huge integer": of(-(10**400)),
    "half": of(0.5),
    "minus a half": of(-0.5),
    "tiny": of(5e-324),
    "largest": of(1.7e308),
    "NaN": of(np.nan),
    "infinity": of(np.inf),
    "minus infinity": of(-np.inf),
    "complex": of(1j),
    "fraction": of(Fraction(1, 3)),
    "decimal": of(Decimal("0.5")),
    "int8": of(np.int8(2)),
    "float16": of(np.float16(0.5)),
    "bool of NumPy": of(np.True_),
    "0-d": Odd(lambda rng: np.array(0.5)),
    "a word": of("word"),
    "a known word": of("within"),
    "an empty word": of(""),
    "bytes": of(b"within"),
    "an empty tuple": of(()),
    "one in a tuple": of((1,)),
    "rising": of((0.25, 0.75)),
    "falling": of((3, 1)),
    "equal": of((1.0, 1.0)),
    "three": of((1, 2, 3)),
    "negative sizes": of((-1, 4)),
    "NaN in a tuple": of((np.nan, 1.0)),
    "infinity in a tuple": of((-np.inf, np.inf)),
    "a huge integer in a tuple": of((0, 10**400)),
    "huge sizes": of((HUGE, HUGE)),
    "words in a tuple": of(("a", "b")),
    "None in a tuple": of((None, 1)),
    "complex in a tuple": of((0, 1j)),
    "lists in a tuple": of(([0] * COLUMNS, [1] * COLUMNS)),
    "lists of unequal lengths in a tuple": of(([0, 1], [1] * COLUMNS)),
    "ragged": of([[1], [2, 3]]),
    "an iterator in a tuple": Odd(lambda rng: (0, iter([1]))),
    "a list": of([1.0, 2.0, 3.0, 4.0]),
    "a list with 0": of([1.0, 0.0, 3.0, 4.0]),
    "a short list": of([1.0, 2.0]),
    "an empty list": of([]),
    "words in a list": of(["u"] * COLUMNS),
    "an array": Odd(lambda rng: np.arange(1.0, 5.0)),
    "an array of NaN": Odd(lambda rng: np.full(COLUMNS, np.nan)),
    "an array of infinity": Odd(lambda rng: np.full(COLUMNS, np.inf)),
    "an array of complex": Odd(lambda rng: np.ones(COLUMNS) * 1j),
    "an array of objects": Odd(lambda rng: np.array([None] * COLUMNS)),
    "an array of huge integers": Odd(lambda rng: np.array([10**400] * COLUMNS)),
    "an array of times": Odd(lambda rng: np.full(COLUMNS, DAY)),
    "a masked array": Odd(lambda rng: np.ma.masked_array(np.ones(COLUMNS), [1, 0, 0, 0])),
    "a matrix": Odd(lambda rng: PLAIN.copy()),
    "structured": Odd(lambda rng: np.zeros(COLUMNS, dtype=[("a", "f8")])),
    "a frame": Odd(lambda rng: FRAME.copy()),
    "Series": Odd(lambda rng: FRAME.iloc[0]),
    "sparse": Odd(lambda rng: sparse.csr_array(PLAIN)),
    "a dict": of({}),
    "a dict of names": of({"a": (0, 1)}),
    "a dict of indices": of({0: (0, 1), -1: (2.0, 3.0)}),
    "a dict of one twice": of({0: (0, 1), "a": (2, 3), -4: (4, 5)}),
    "a dict of other names": of({"u": (0, 1)}),
    "a dict of falling pairs": of({0: (1, 0)}),
    "a dict of no pairs": of({0: 1, "b": "word"}),
    "a dict of huge integers": of({0: (0, 10**400), 10**400: (0, 1)}),
    "a set": of({1, 2}),
    "a range": of(range(4)),
    "an iterator": Odd(lambda rng: iter([1.0, 2.0])),
    "a class": of(dict),
    "a function": of(len),
    "an object": of(object()),
    "no truth": Odd(lambda rng: NoTruth()),
    "an estimator": Odd(lambda rng: sklearn_norm.ZScoreScaler()),
    "an own error": Odd(lambda rng: Converts(OwnError("this cannot be read"))),
    "huge": Odd(lambda rng: np.broadcast_to(1.0, HUGE)),
    "huge of bytes": Odd(lambda rng: np.broadcast_to(np.int8(1), HUGE)),
}
"""Of any type: for parameters of estimators, for flags, and for what is said to be ignored."""

OTHERS = ANYTHING | {
    "another class": Odd(lambda rng: sklearn_norm.MinMaxScaler().fit(PLAIN)),
    "unfitted": Odd(lambda rng: sklearn_norm.ZScoreScaler()),
    "another width": Odd(lambda rng: sklearn_norm.ZScoreScaler().fit(PLAIN[:, :2])),
    "other names": Odd(lambda rng: sklearn_norm.ZScoreScaler().fit(FRAME)),
    "other parameters": Odd(lambda rng: sklearn_norm.ZScoreScaler(ddof=1).fit(PLAIN)),
    "of another shape": Odd(lambda rng: sklearn_norm.BatchNorm(momentum=None).fit(TENSOR)),
    "a robust one": Odd(lambda rng: sklearn_norm.RobustScaler(rank_error=0.1).fit(PLAIN)),
    "one of decimals": Odd(lambda rng: sklearn_norm.DecimalScaler().fit(PLAIN)),
}

SEVERAL = ANYTHING | {
    "none": of([]),
    **{
        f"a scaler and {name}": Odd(
            lambda rng, value=value: [sklearn_norm.ZScoreScaler().fit(PLAIN), value.make(rng)]
        )
        for name, value in OTHERS.items()
    },
}
"""What should be several scalers."""

THEIRS = OTHERS | {
    "unfitted": Odd(lambda rng: preprocessing.StandardScaler()),
    "a scaler": Odd(lambda rng: preprocessing.StandardScaler().fit(PLAIN)),
    "a scaler of streams": Odd(lambda rng: preprocessing.StandardScaler().partial_fit(PLAIN)),
    "a scaler without a mean": Odd(
        lambda rng: preprocessing.StandardScaler(with_mean=False).fit(PLAIN)
    ),
    "a scaler of a range": Odd(lambda rng: preprocessing.MinMaxScaler().fit(PLAIN)),
    "a robust scaler": Odd(lambda rng: preprocessing.RobustScaler().fit(PLAIN)),
    "a scaler of frames": Odd(lambda rng: preprocessing.MaxAbsScaler().fit(FRAME)),
    "a binarizer": Odd(lambda rng: preprocessing.Binarizer().fit(PLAIN)),
}

CONTAINERS = ANYTHING | {name: of(name) for name in ("pandas", "polars", "default")}

NO_CALLS = {name: value for name, value in ANYTHING.items() if name != "a class"}
CALLS = NO_CALLS | {
    "a sum": of(np.sum),
    "a longer one": of(lambda half: np.append(half, 1.0)),
    "a refusal": of(lambda half: raise_own()),
}
CALLS_BACK = NO_CALLS | {
    "a sum": of(lambda grad, half: np.sum(grad)),
    "a longer one": of(lambda grad, half: np.append(grad, 1.0)),
    "a refusal": of(lambda grad, half: raise_own()),
}

# scikit-learn's own check reads the huge ones
FEATURES = {name: value for name, value in COLUMN_CHOICES.items() if name != "huge"} | {
    "as many": of(list("wxyz")),
    "too few": of(["a"]),
}

KEYWORDS = {
    "unknown": of({"nonsense": 1}),
    "weights": Odd(lambda rng: {"sample_weight": np.ones(ROWS)}),
    "bad weights": Odd(lambda rng: {"sample_weight": -np.ones(ROWS)}),
    "a mask": Odd(lambda rng: {"mask": True}),
    "a bad mask": Odd(lambda rng: {"mask": "all"}),
    "nested": of({"copy__deep": 1}),
    "one known, one not": of({"copy": False, "nonsense": 1}),
    "one known, one not, of norms": of({"eps": 1.0, "nonsense": 1}),
    "copy": of({"copy": False}),
}

NAMES_GIVEN = FEATURES | {"empty names": of([""] * 4), "twice": of(list("abca"))}

# of statistics, which tell how many columns there are: so many are right, but for the memory
VECTORS = {name: value for name, value in ANYTHING.items() if not name.startswith("huge")}

STATISTICS = {
    **dict.fromkeys(("mean", "center", "running_mean"), (1.0, 2.0, 3.0, 4.0)),
    **dict.fromkeys(("var", "scale", "running_var"), (1.0, 4.0, 9.0, 0.0)),
    "data_min": [0.0, -1.0, 2.0, 3.0],
    "data_max": [1.0, 1.0, 2.0, 4.0],
    "max_abs": [1.0, 10.0, 0.0, 3.0],
    "n_samples": 6,
    "n_batches": 2,
}
"""A plain value of each statistic that an estimator can be built from."""

THEIR_KINDS = {
    "ZScoreScaler": preprocessing.StandardScaler,
    "MinMaxScaler": preprocessing.MinMaxScaler,
    "RobustScaler": preprocessing.RobustScaler,
    "DecimalScaler": preprocessing.MaxAbsScaler,
    "MaxAbsScaler": preprocessing.MaxAbsScaler,
    "StandardScaler": preprocessing.StandardScaler,
}
"""The estimator of scikit-learn that each of ours can be made from."""
