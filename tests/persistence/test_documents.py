"""What a document says, whatever program wrote it; and what is no document."""

from __future__ import annotations

import base64
import json
import math

import laws
import numpy as np
import pytest
from configurations import public_estimators
from documents import (
    FRAME,
    X,
    checksum,
    document_of,
    refuses,
    signed,
)
from sklearn.base import clone

import sklearn_norm
from sklearn_norm.persistence import text


@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
def test_a_document_is_strict_json(estimator):
    """No NaN, no infinity, no key twice; and the checksum is the one of the page."""
    document = sklearn_norm.to_dict(clone(estimator).fit(X))

    def refuse(constant):
        raise AssertionError(constant)

    written = text.written(document)
    assert json.loads(written.decode("utf-8"), parse_constant=refuse) == document
    assert document["checksum"] == checksum(document)
    assert list(document) == ["format", "schema", "version", "checksum", "estimator"]
    assert document["version"] == sklearn_norm.__version__


def test_spaces_order_and_spelling_do_not_count():
    """A file that was indented, sorted and written in ASCII by another program loads."""
    scaler = sklearn_norm.MinMaxScaler(data_range={"größe": (1e-5, 1.5)}).fit(FRAME)
    document = document_of(scaler)
    for text_ in (
        json.dumps(document, indent=8, sort_keys=True),
        json.dumps(document, separators=(",", ":")).replace("1e-05", "0.1E-4"),
    ):
        laws.assert_same_state(sklearn_norm.from_dict(text.parsed(text_.encode())), scaler)


def test_a_file_is_read_from_the_page_alone(tmp_path):
    """Center and scale of two columns, by hand: mean 2 and deviation 1, mean 5 and 5."""
    sklearn_norm.save(sklearn_norm.ZScoreScaler().fit([[1.0, 0.0], [3.0, 10.0]]), tmp_path / "z")
    document = json.loads((tmp_path / "z").read_text("utf-8"))
    affine = document["estimator"]["state"]["affine"]
    read = {
        k: np.frombuffer(base64.b64decode(affine[k]["base64"]), "<f8") for k in ("center", "scale")
    }
    assert read["center"].tolist() == [2.0, 5.0]
    assert read["scale"].tolist() == [1.0, 5.0]


@pytest.mark.parametrize("document", [None, 3, [], "text", {}, {"format": "sklearn_norm"}])
def test_what_is_no_document_is_refused(document):
    refuses(document, "^(format|schema): ")


def test_a_document_that_was_edited_is_refused():
    document = document_of(sklearn_norm.ZScoreScaler())
    document["estimator"]["parameters"]["ddof"] = 1
    refuses(document, "checksum: the document is not what was written")
    assert sklearn_norm.from_dict(signed(document)).ddof == 1
    refuses({**document, "checksum": None}, "checksum: the document is not")


@pytest.mark.parametrize(
    "wrong", [math.nan, math.inf, 2**53 + 1, (1,), {1: 2}, b"x", np.float64(1), "\udc80"]
)
def test_a_document_of_other_than_json_is_refused(wrong):
    document = document_of(sklearn_norm.ZScoreScaler())
    document["estimator"]["parameters"]["ddof"] = wrong
    refuses(document, "estimator.parameters.ddof: ")
