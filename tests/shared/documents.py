"""What the tests of saved estimators share: signed documents, and ways to spoil them."""

import base64
import copy
import hashlib
import json
import struct

import numpy as np
import pandas as pd
import pytest

import sklearn_norm
from sklearn_norm.exceptions import FormatError

X = [[1.0, -5.0, 2.5], [3.0, 7.0, 2.5], [8.0, 1.0, float("nan")]]
FRAME = pd.DataFrame(X, columns=["age", "height", "größe"])


def checksum(document):
    """Return the checksum of a document as docs/file_format.rst says, from nothing else."""
    digest = hashlib.sha256()

    def feed(value):
        if value is None:
            digest.update(b"n")
        elif value is True or value is False:
            digest.update(b"t" if value else b"f")
        elif isinstance(value, int):
            digest.update(b"i" + str(value).encode() + b";")
        elif isinstance(value, float):
            digest.update(b"d" + struct.pack(">d", value))
        elif isinstance(value, str):
            raw = value.encode("utf-8")
            digest.update(b"s" + str(len(raw)).encode() + b":" + raw)
        elif isinstance(value, list):
            digest.update(b"[")
            for item in value:
                feed(item)
            digest.update(b"]")
        else:
            digest.update(b"{")
            for key in sorted(value, key=lambda name: name.encode("utf-8")):
                feed(key)
                feed(value[key])
            digest.update(b"}")

    feed({key: value for key, value in document.items() if key != "checksum"})
    return f"sha256:{digest.hexdigest()}"


def signed(document):
    """Return a document with the checksum that it should have."""
    return {**document, "checksum": checksum(document)}


def document_of(estimator):
    return json.loads(json.dumps(sklearn_norm.to_dict(estimator)))


def changed(document, path, value):
    """Return a signed copy with one value set, of which the path tells the keys."""
    twin = copy.deepcopy(document)
    *outer, last = path
    place = twin
    for key in outer:
        place = place[key]
    if value is DELETED:
        del place[last]
    else:
        place[last] = value(place[last]) if callable(value) else value
    return signed(twin)


DELETED = object()


def places(value, path=()):
    """Yield the path to every value in a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, member in items:
        yield (*path, key)
        if isinstance(member, (dict, list)):
            yield from places(member, (*path, key))


def reloaded(estimator):
    """Return an estimator that went through a dict and strict JSON."""
    return sklearn_norm.from_dict(document_of(estimator))


def refuses(document, message):
    """The document raises a FormatError of that message, and nothing else."""
    with pytest.raises(FormatError, match=message):
        sklearn_norm.from_dict(document)


def document_array(values_, dtype="<f8"):
    array = np.array(values_, dtype=dtype)
    data = base64.b64encode(array.tobytes()).decode()
    return {"dtype": dtype, "shape": list(array.shape), "base64": data}


THREE, NAN3 = document_array([1.0, 2.0, 3.0]), document_array([np.nan] * 3)
STATE = ("estimator", "state")
STATISTIC = (*STATE, "statistic")
