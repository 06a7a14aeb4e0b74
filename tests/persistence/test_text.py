"""Files: what is no text of a document, how large it may be, and notes beside an estimator."""

from __future__ import annotations

import io
import sys

import joblib
import laws
import numpy as np
import pytest

import sklearn_norm
from sklearn_norm.exceptions import FormatError


def saved(estimator, tmp_path):
    path = tmp_path / "estimator.json"
    sklearn_norm.save(estimator, path)
    return path


TEXTS = [
    (b"", "line 1, column 1: no JSON"),
    (b"{", "line 1, column 2: no JSON"),
    (b'{"a": 1,\n "b": }', "line 2, column 7: no JSON"),
    (b"null", "format: this is no document"),
    (b'{"format": "other"}', "format: this is no document"),
    (b"\xef\xbb\xbf{}", "line 1, column 1: no JSON, Unexpected UTF-8 BOM"),
    (b'{"a": "\xff"}', "byte 7: no UTF-8"),
    (b'{"a": 1} {"b": 2}', "line 1, column 10: no JSON, Extra data"),
    (b"[" * 100_000, "nested deeper than 100 levels"),
    (b'{"format": "sklearn_norm", "schema": 1, "schema": 1}', "format: this is no document"),
]


@pytest.mark.parametrize(("content", "message"), TEXTS, ids=lambda v: str(v)[:20])
def test_a_text_that_is_no_document_is_refused_with_its_place(content, message, tmp_path):
    path = tmp_path / "file.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message) as raised:
        sklearn_norm.load(path)
    assert str(raised.value).startswith(str(path))


INSIDE = [
    ('"ddof": 0', '"ddof": NaN', "estimator.parameters.ddof: NaN is no JSON"),
    ('"ddof": 0', '"ddof": -Infinity', "estimator.parameters.ddof: -Infinity is no JSON"),
    ('"ddof": 0', '"ddof": 1e999', "estimator.parameters.ddof: inf is no strict JSON"),
    ('"ddof": 0', '"ddof": ' + "9" * 5000, "estimator.parameters.ddof: 99999999999999999999... is"),
    ('"ddof": 0', '"ddof": 0, "ddof": 0', "estimator.parameters: the key 'ddof' appears twice"),
    ('"ddof": 0', '"ddof": ' + "[" * 150 + "]" * 150, "nested deeper than 100 levels"),
    ('"ddof": 0', '"ddof": "\\ud800"', "estimator.parameters.ddof: .* half a character"),
    ('"ddof": 0', '"ddof": 1', "checksum: the document is not what was written"),
]


@pytest.mark.parametrize(("old", "new", "message"), INSIDE, ids=lambda v: v[:20])
def test_a_text_with_something_wrong_inside_is_refused_with_its_place(old, new, message, tmp_path):
    path = saved(sklearn_norm.ZScoreScaler(), tmp_path)
    content = path.read_text("utf-8")
    assert content.count(old) == 1
    path.write_text(content.replace(old, new), "utf-8")
    with pytest.raises(FormatError, match=message):
        sklearn_norm.load(path)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("xz", 3)])
def test_a_file_of_joblib_is_named_as_such(compress, tmp_path):
    path = tmp_path / "scaler.joblib"
    joblib.dump(sklearn_norm.ZScoreScaler(), path, compress=compress)
    with pytest.raises(FormatError, match=r"byte 0: this is no JSON, but .*use joblib.load"):
        sklearn_norm.load(path)


def test_files_of_numpy_and_zip_files_are_named_as_such(tmp_path):
    np.save(tmp_path / "a.npy", np.ones(3))
    np.savez(tmp_path / "a.npz", np.ones(3))
    for name, message in (("a.npy", "use numpy.load"), ("a.npz", "use skops.io.load")):
        with pytest.raises(FormatError, match=message):
            sklearn_norm.load(tmp_path / name)


def test_a_file_beyond_the_limit_is_refused_and_the_message_gives_the_way_out(tmp_path):
    path = saved(sklearn_norm.ZScoreScaler(), tmp_path)
    size = path.stat().st_size
    with pytest.raises(FormatError, match=f"larger than {size - 1} bytes.*max_bytes={size}"):
        sklearn_norm.load(path, max_bytes=size - 1)
    assert sklearn_norm.load(path, max_bytes=size).ddof == 0
    for wrong in (0, -1, 1.5, None, True):
        with pytest.raises(ValueError, match="`max_bytes` must be a positive integer"):
            sklearn_norm.load(path, max_bytes=wrong)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a file without an end")
def test_a_file_without_an_end_is_refused():
    with pytest.raises(FormatError, match="larger than 1000 bytes"):
        sklearn_norm.load("/dev/zero", max_bytes=1000)


def test_paths_are_strings_or_paths(tmp_path):
    scaler = sklearn_norm.MinMaxScaler()
    for path in (tmp_path / "a.json", str(tmp_path / "b.json"), bytes(tmp_path / "c.json")):
        sklearn_norm.save(scaler, path)
        laws.assert_same_state(sklearn_norm.load(path), scaler)
    for wrong in (3, None, io.BytesIO()):
        with pytest.raises(TypeError, match=r"expected str, bytes or os\.PathLike object"):
            sklearn_norm.save(scaler, wrong)
        with pytest.raises(TypeError, match=r"expected str, bytes or os\.PathLike object"):
            sklearn_norm.load(wrong)


# Notes


def test_notes_come_back_with_the_estimator(tmp_path):
    """To the bit and in their types; without them, or unasked, there are none."""
    path = tmp_path / "noted.json"
    notes = {"next": 7, "of": ("a", 2.5), "times": np.array([np.nan, 1.0]), "tuple": None}
    sklearn_norm.save(sklearn_norm.DecimalScaler(), path, notes=notes)
    scaler, found = sklearn_norm.load(path, with_notes=True)
    assert type(scaler) is type(sklearn_norm.load(path)) is sklearn_norm.DecimalScaler
    assert list(found) == list(notes)
    assert (found["next"], found["of"], found["tuple"]) == (7, ("a", 2.5), None)
    laws.assert_same_bits(found["times"], notes["times"])
    sklearn_norm.save(scaler, path)
    assert sklearn_norm.load(path, with_notes=True)[1] == {}


@pytest.mark.parametrize(
    "notes",
    [[1], "next", {1: 2}, {"a": object()}, {"a": {"b": 1j}}],
    ids=["list", "string", "number as a name", "object", "complex number inside"],
)
def test_notes_that_are_no_dict_of_values_are_refused(notes, tmp_path):
    path = tmp_path / "noted.json"
    with pytest.raises(FormatError, match=r"^notes"):
        sklearn_norm.save(sklearn_norm.DecimalScaler(), path, notes=notes)
    assert not path.exists()
