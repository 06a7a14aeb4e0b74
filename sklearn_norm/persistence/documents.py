"""Documents: an estimator as a JSON-compatible dict, and as a file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from numbers import Integral
from typing import Any, Literal, overload

from .._version import __version__
from ..estimators.state import SCHEMA, Stateful, check_schema
from ..exceptions import FormatError
from ..inputs.arguments import truth
from . import composites, estimators, files, text
from .limits import check_work
from .values import copied, decoded, encoded, taking, with_keys

FORMAT = "sklearn_norm"
KEYS = ("format", "schema", "version", "checksum", "estimator")
WORDS = ("drop", "passthrough", None)  # allowed instead of an estimator
LARGEST = 2**28  # default size limit of a file, in bytes


def to_dict(estimator: Any, *, notes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return an estimator as a dict that any JSON library can write.

    Parameters
    ----------
    estimator : object
        An estimator of this library, of a subclass of one, or a `sklearn.pipeline.Pipeline`
        or `sklearn.compose.ColumnTransformer` of these, fitted or not.
    notes : dict, default=None
        Anything to store with the estimator, such as the position in a stream: numbers,
        strings, arrays, and lists, tuples and dicts of these.

    Returns
    -------
    document : dict
        Strings, finite numbers, booleans, None, lists and dicts only; see the page "The
        file format".

    Raises
    ------
    sklearn_norm.exceptions.FormatError
        If something in it cannot be saved, such as an estimator of another library. It is a
        ValueError, and its message says where.

    See Also
    --------
    from_dict : Build the estimator from the dict.
    save : Write a file.

    Examples
    --------
    >>> import sklearn_norm
    >>> scaler = sklearn_norm.ZScoreScaler().fit([[1.0], [3.0]])
    >>> document = sklearn_norm.to_dict(scaler)
    >>> document["estimator"]["class"]
    'sklearn_norm.ZScoreScaler'
    >>> sklearn_norm.from_dict(document).mean_
    array([2.])
    """
    try:
        document = {
            "format": FORMAT,
            "schema": SCHEMA,
            "version": __version__,
            "estimator": _described(estimator, "estimator"),
        }
        if notes is not None:
            document["notes"] = encoded(as_object(notes, "notes"), "notes")
        document["checksum"] = text.checksum(document)
        check_work(document["estimator"], lambda: text.size(document))
    except RecursionError:
        raise FormatError(f"estimator: nested deeper than {text.DEEPEST} levels.") from None
    return {key: document[key] for key in (*KEYS, "notes") if key in document}


def from_dict(document: Any) -> Any:
    """Return the estimator that a dict from `to_dict` describes. No code of it is run.

    Parameters
    ----------
    document : dict
        The result of `to_dict`, possibly after a round trip through JSON.

    Returns
    -------
    estimator : object
        A new estimator with exactly the state of the old one, bit for bit.

    Raises
    ------
    sklearn_norm.exceptions.FormatError
        If the document is damaged, has a newer schema, or holds something that no estimator
        could have: unknown classes or keys, wrong shapes, invalid parameters. It is a
        ValueError, and its message says where.

    See Also
    --------
    to_dict : Make the dict.
    load : Read a file.

    Examples
    --------
    >>> import sklearn_norm
    >>> document = sklearn_norm.to_dict(sklearn_norm.DecimalScaler())
    >>> sklearn_norm.from_dict(document)
    DecimalScaler()
    """
    return _taken(document, own=False)


def _taken(document: Any, own: bool) -> Any:
    """Return the estimator of a document; its values are decoded in place if they are our own."""
    told = document.get("format") if isinstance(document, dict) else None
    if not isinstance(told, str) or told != FORMAT:
        raise FormatError(
            f"format: this is no document of sklearn_norm, whose format is {FORMAT!r}."
        )
    check_schema(document.get("schema"), document.get("version"), "schema")
    with_keys(document, "", KEYS, {"notes"})
    content = {key: value for key, value in document.items() if key != "checksum"}
    if text.checksum(content) != document["checksum"]:
        raise FormatError(
            "checksum: the document is not what was written: it was damaged or edited. Take a "
            "copy that is whole."
        )
    check_work(document["estimator"], lambda: text.size(document))
    age = (document["schema"], document["version"])
    given = document["estimator"] if own else copied(document["estimator"])
    with taking("estimator"):
        return _built(given, "estimator", age)


def save(estimator: Any, path: Any, *, notes: Mapping[str, Any] | None = None) -> None:
    """Save an estimator as a JSON file, which `load` reads in any later version.

    A temporary file is written in the same folder, flushed to the disk and renamed: a crash,
    a full disk or an error leaves the old file or the new one, never half of one. If `path` is
    a link, the file it points to is replaced. An existing file keeps its permissions.

    Parameters
    ----------
    estimator : object
        An estimator of this library, of a subclass of one, or a `sklearn.pipeline.Pipeline`
        or `sklearn.compose.ColumnTransformer` of these, fitted or not.
    path : str or os.PathLike
        The file.
    notes : dict, default=None
        Anything to store with the estimator, such as the position in a stream: numbers,
        strings, arrays, and lists, tuples and dicts of these.

    Raises
    ------
    sklearn_norm.exceptions.FormatError
        If something in the estimator cannot be saved. It is a ValueError, and its message
        says where.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Read the file.
    to_dict : The same as a dict.

    Examples
    --------
    >>> import os, tempfile
    >>> import sklearn_norm
    >>> scaler = sklearn_norm.MinMaxScaler().fit([[0.0], [4.0]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "scaler.json")
    ...     sklearn_norm.save(scaler, path)
    ...     loaded = sklearn_norm.load(path)
    >>> loaded.transform([[1.0]])
    array([[0.25]])
    """
    files.write(path, text.written(to_dict(estimator, notes=notes)))


@overload
def load(path: Any, *, max_bytes: int = ..., with_notes: Literal[False] = False) -> Any: ...


@overload
def load(
    path: Any, *, max_bytes: int = ..., with_notes: Literal[True]
) -> tuple[Any, dict[str, Any]]: ...


@overload
def load(path: Any, *, max_bytes: int = ..., with_notes: bool) -> Any: ...


def load(path: Any, *, max_bytes: int = LARGEST, with_notes: bool = False) -> Any:
    """Load an estimator from a file that `save` wrote. No code of the file is run.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    max_bytes : int, default=2**28
        The largest file to read, 256 MiB. Reading takes at most 25 times the size of the file, and
        64 MiB; see the page "The file format".
    with_notes : bool, default=False
        Whether to return the notes as well.

    Returns
    -------
    estimator : object
        A new estimator with exactly the state of the saved one, bit for bit.
    notes : dict
        The notes given to `save`; only if `with_notes`.

    Raises
    ------
    sklearn_norm.exceptions.FormatError
        If the file is not one that `save` wrote, or is truncated, damaged, too large, of a
        newer schema, or holds something that no estimator could have. It is a ValueError, and
        its message says where.
    OSError
        If the file cannot be read.

    See Also
    --------
    save : Write the file.
    from_dict : The same from a dict.

    Examples
    --------
    >>> import os, tempfile
    >>> import sklearn_norm
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "scaler.json")
    ...     sklearn_norm.save(sklearn_norm.RobustScaler(rank_error=0.01), path)
    ...     sklearn_norm.load(path)
    RobustScaler(rank_error=0.01)
    """
    if not isinstance(max_bytes, Integral) or isinstance(max_bytes, bool) or max_bytes < 1:
        raise ValueError(f"`max_bytes` must be a positive integer. Got {max_bytes!r}.")
    asked = truth(with_notes, "with_notes")
    data = files.read(path, min(int(max_bytes), sys.maxsize - 1))
    try:
        document = text.parsed(data)
        estimator = _taken(document, own=True)
        notes = as_object(document.get("notes", {}), "notes")
        if not asked:
            return estimator
        with taking("notes"):
            return estimator, as_object(decoded(notes, "notes"), "notes")
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from error


def as_object(notes: Any, where: str) -> Mapping[str, Any]:
    """Return the notes; refuse anything but a dict with string keys."""
    if isinstance(notes, Mapping) and all(isinstance(name, str) for name in notes):
        return notes
    raise FormatError(f"{where}: must be a dict whose keys are strings, not {notes!r:.40}.")


def _described(estimator: Any, where: str, name: str = "") -> Any:
    """Return an estimator as JSON values; a named step may be a word such as "drop"."""
    if isinstance(estimator, Stateful):
        return estimators.described(estimator, where, _described)
    if composites.name_of(estimator):
        return composites.described(estimator, where, _described)
    if name and (estimator is None or isinstance(estimator, str)):
        return estimator
    what = f"{name!r} is a {type(estimator).__name__}" if name else type(estimator).__name__
    raise FormatError(
        f"{where}: {what}, which cannot be saved as JSON, only estimators of sklearn_norm, and "
        "Pipeline and ColumnTransformer of these. Use joblib.dump or skops.io.dump."
    )


def _built(given: Any, where: str, age: tuple[int, Any]) -> Any:
    kind = given.get("class") if isinstance(given, dict) else None

    def build(part: Any, place: str) -> Any:
        is_word = part is None or isinstance(part, str)
        return part if is_word and part in WORDS else _built(part, place, age)

    if isinstance(kind, str) and kind in composites.NAMES:
        with taking(where):
            return composites.built(given, where, build)
    return estimators.built(given, where, *age, build)
