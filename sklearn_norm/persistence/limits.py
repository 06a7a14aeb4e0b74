"""Limits: what loading a document costs stays in proportion to its size.

A few bytes may name millions of columns, repeat a long name for each, or hold estimators by the
thousand. So before anything is built, the work that a document asks for is counted in cells, of
which each takes about half a kilobyte; a document has some, and more if it is larger.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..exceptions import FormatError

PER_BYTE = 25  # bytes of memory that loading may take for each byte of a file,
FREE = 2**26  # beside so many
DENSE = 18  # of these, for what was parsed
CELLS, BYTES = 2**16, 32  # cells of any document, and bytes that give one more
LETTERS = 64  # of a name, that count as a cell
PRICES = {
    "sklearn_norm.StreamingPipeline": 16,
    "sklearn.pipeline.Pipeline": 16,
    "sklearn.compose.ColumnTransformer": 256,
}
PRICE = 16  # of any other estimator
DICT, LIST, STRING, NUMBER = 216, 88, 64, 40  # bytes that they take in memory, at most


def check_density(data: bytes, text: str) -> None:
    """Refuse a large text whose objects and lists would take far more memory than itself."""
    if len(data) <= FREE // 64:
        return
    empty = data.count(b"[]") + data.count(b"{}")
    parsed = (
        DICT * data.count(b"{")
        + LIST * data.count(b"[")
        + STRING * (data.count(b'"') // 2)
        + NUMBER * max(0, data.count(b",") + 1 - empty)
    )
    if parsed + sys.getsizeof(text) > DENSE * len(data) + FREE // 2:
        raise FormatError(
            f"document: {len(data)} bytes hold so many small objects and lists that they would "
            f"take about {parsed} bytes of memory. Put numbers into arrays, and less into notes."
        )


def check_work(described: Any, size: Callable[[], int]) -> None:
    """Refuse a description of an estimator that asks for more work than its size allows."""
    most, asked = CELLS, 0
    for cells, where, what in _cells(described, "estimator"):
        asked += cells
        if asked > most == CELLS:
            most += size() // BYTES
        if asked > most:
            raise FormatError(
                f"{where}: {what} are more than a document of this size may ask for. Use "
                "joblib.dump."
            )


def _cells(given: Any, where: str) -> Iterator[tuple[int, str, str]]:
    """Yield how many cells each part takes, with its place and what it is."""
    if not isinstance(given, dict):
        return
    kind = given.get("class")
    known = isinstance(kind, str) and kind in PRICES
    yield (PRICES[kind] if known else PRICE), where, "so many estimators"  # type: ignore[index]
    if not known:
        for name in ("parameters", "state"):
            yield from _inside(given.get(name), f"{where}.{name}")
        return
    for i, step in enumerate(_listed(given.get("steps"))):
        yield from _cells(_member(step, "estimator"), f"{where}.steps[{i}].estimator")
    parts = _listed(given.get("transformers"))
    for i, part in enumerate(parts):
        yield from _cells(_member(part, "estimator"), f"{where}.transformers[{i}].estimator")
    yield from _cells(given.get("remainder"), f"{where}.remainder")
    state = given.get("state")
    fitted = _member(state, "fitted")
    for part in fitted.values() if isinstance(fitted, dict) else ():
        yield from _cells(part, f"{where}.state.fitted")
    yield from _columns(given, parts, state, where)


def _inside(value: Any, where: str) -> Iterator[tuple[int, str, str]]:
    """Yield the cells of estimators inside the values of another."""
    if isinstance(value, dict):
        if "class" in value:
            yield from _cells(value, where)
            return
        for name, item in value.items():
            if isinstance(item, (dict, list)):
                yield from _inside(item, f"{where}.{name}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            if isinstance(item, (dict, list)):
                yield from _inside(item, f"{where}[{i}]")


def _columns(given: Any, parts: Any, state: Any, where: str) -> Iterator[tuple[int, str, str]]:
    """Yield the cells of the columns of a fitted ColumnTransformer, and of their names."""
    number = _member(state, "n_features_in_")
    if type(number) is not int or number < 0:
        return
    place = f"{where}.state.n_features_in_"
    what = f"{number} columns, and {len(parts)} parts,"
    yield number, place, what
    template = _member(given.get("parameters"), "verbose_feature_names_out")
    template = template if isinstance(template, str) else "{transformer_name}__{feature_name}"
    names = _member(_member(state, "feature_names_in_"), "strings")
    longest = max((len(name) for name in _listed(names) if isinstance(name, str)), default=8)
    of_each = len(template) + longest * template.count("{feature_name}")
    left = number
    for part in [*parts, None]:  # the last is the remainder
        if part is None:
            name, chosen = "remainder", max(0, left)
        else:
            name, chosen = _member(part, "name"), _chosen(_member(part, "columns"), number)
        left -= chosen
        letters = len(name) if isinstance(name, str) else 0
        letters = of_each + letters * template.count("{transformer_name}")
        yield chosen + chosen * letters // LETTERS, place, what


def _chosen(columns: Any, number: int) -> int:
    """Return how many columns a part may have, at most."""
    if isinstance(columns, (str, int)):
        return 1
    return len(columns) if isinstance(columns, list) else number


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
