"""Documents that a stranger may write so that loading them costs much; and what each costs.

python tests/shared/harmful.py NAME ...     # prints bytes, seconds and peak memory of each
"""

from __future__ import annotations

import copy
import json
import sys
import time
import tracemalloc
from contextlib import suppress

import numpy as np
from documents import signed
from sklearn.compose import ColumnTransformer

import sklearn_norm

MIB = 2**20


def document_with(notes):
    return sklearn_norm.to_dict(sklearn_norm.DecimalScaler()) | {"notes": {"a": notes}}


def of_columns(size, name="a", chosen=None, names=None, parts=1, output=False, template=None):
    """Return the document of a ColumnTransformer of so many columns that pass through."""
    columns = ColumnTransformer([("a", "passthrough", [0])]).fit(np.zeros((1, 1)))
    document = copy.deepcopy(sklearn_norm.to_dict(columns))
    made = document["estimator"]
    made["state"]["n_features_in_"] = size
    all_ = {"slice": [0, size, None]} if chosen is None else chosen
    made["transformers"] = [
        {"name": name + "a" * i, "estimator": "passthrough", "columns": all_} for i in range(parts)
    ]
    if names is not None:
        made["state"]["feature_names_in_"] = {"strings": names}
    if output:
        made["state"]["output"] = {"transform": "pandas"}
    if template is not None:
        made["parameters"]["verbose_feature_names_out"] = template
    return document


def pipeline(parts):
    step = sklearn_norm.to_dict(sklearn_norm.DecimalScaler())["estimator"]
    steps = [{"name": f"a{i}", "estimator": copy.deepcopy(step)} for i in range(parts)]
    whole = {"class": "sklearn.pipeline.Pipeline", "parameters": {}, "steps": steps}
    return sklearn_norm.to_dict(sklearn_norm.DecimalScaler()) | {"estimator": whole}


def columns_in_a_pipeline(parts):
    step = of_columns(1000)["estimator"]
    steps = [{"name": f"a{i}", "estimator": step} for i in range(parts)]
    whole = {"class": "sklearn.pipeline.Pipeline", "parameters": {}, "steps": steps}
    return sklearn_norm.to_dict(sklearn_norm.DecimalScaler()) | {"estimator": whole}


def chain(opening, closing, depth, times):
    return "[" + ",".join([opening * depth + closing * depth] * times) + "]"


def unsigned(notes):
    """Return a file whose notes are this text, which is refused before its checksum is read."""
    document = json.dumps(document_with("HERE"), separators=(",", ":"))
    return document.replace('"HERE"', notes).encode()


def raw(notes):
    """Return a file whose notes are this text."""
    document = signed(document_with(json.loads(notes)))
    return json.dumps(document, separators=(",", ":")).encode()


def packed(document):
    return json.dumps(signed(document), separators=(",", ":"), ensure_ascii=False).encode()


def tuples_of_equal_hash():
    """Return pairs of keys that are tuples: a dict of them would be a list."""
    return {"dict": [[{"tuple": [i, i * 2**20]}, 0] for i in range(15000)]}


HARM = {
    "a long name of many columns": lambda: packed(of_columns(100_000, "a" * 20_000, output=True)),
    "a long name": lambda: packed(of_columns(60_000, "a" * 20_000, output=True)),
    "millions of columns": lambda: packed(of_columns(2_000_000)),
    "as many columns as allowed": lambda: packed(of_columns(20_000)),
    "many parts": lambda: packed(of_columns(20_000, parts=300)),
    "a repeated template": lambda: packed(
        of_columns(
            3000,
            names=[f"column {i}" for i in range(3000)],
            output=True,
            template="{feature_name}" * 20_000,
        )
    ),
    "many transformers": lambda: packed(columns_in_a_pipeline(500)),
    "many steps": lambda: packed(pipeline(8_000)),
    "nested lists": lambda: unsigned(chain("[", "]", 40, 40_000)),
    "empty lists": lambda: unsigned("[" + "[]," * 1_000_000 + "[]]"),
    "nested objects": lambda: unsigned(chain('{"":', "}", 40, 12_000).replace(":}", ":0}")),
    "numbers": lambda: raw("[" + "1," * 700_000 + "1]"),
    "large numbers": lambda: raw("[" + "1e9," * 300_000 + "1]"),
    "tuples as keys": lambda: packed(document_with(tuples_of_equal_hash())),
    "a long key": lambda: packed(document_with({"a" * 500_000: [1] * 150_000})),
    "a list of gamma": lambda: packed(signed_parameter("gamma", [[[0.5]] for _ in range(60_000)])),
}


def signed_parameter(name, value):
    document = copy.deepcopy(sklearn_norm.to_dict(sklearn_norm.LayerNorm()))
    document["estimator"]["parameters"][name] = value
    return document


def cost(data, path):
    """Return the processor seconds of a load, its peak of memory in bytes, and the error if any."""
    path.write_bytes(data)
    error = None
    tracemalloc.start()
    try:
        sklearn_norm.load(path, with_notes=True)
    except sklearn_norm.exceptions.FormatError as raised:
        error = raised
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    error = error and str(error)
    start = time.process_time()
    with suppress(sklearn_norm.exceptions.FormatError):
        sklearn_norm.load(path, with_notes=True)
    return time.process_time() - start, peak, error


def main():
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        for name in sys.argv[1:] or HARM:
            data = HARM[name]()
            seconds, peak, error = cost(data, Path(folder) / "file.json")
            said = "loaded" if error is None else error.partition("file.json: ")[2][:90]
            print(
                f"{name:30} {len(data):10,} bytes {seconds:7.3f} s "
                f"{(peak / len(data)):9.1f} times {peak / MIB:7.1f} MiB   {said}",
                flush=True,
            )


if __name__ == "__main__":
    main()
