"""What the README, the pages and the examples say is run, as written."""

from __future__ import annotations

import ast
import doctest
import io
import pickle
import re
import runpy
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import joblib
import laws
import numpy as np
import onnxruntime
import pandas as pd
import pytest
from budget import SHORT
from scipy import sparse
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from sklearn_norm import ZScoreScaler
from sklearn_norm.onnx import inverse

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
VENV = "python3 -m venv .venv && .venv/bin/pip install -e "
COMMANDS = (
    VENV + ". && .venv/bin/python examples/quickstart.py",
    VENV + "'.[test]' && .venv/bin/python -m pytest",
)
X = np.array([[1.0, -8.0], [np.nan, 2.0], [-4.0, 0.0], [2.0, 4.0]])


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def ran(script: str, *arguments: str) -> str:
    command = [sys.executable, "-W", "error", str(ROOT / "examples" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told_by_less(script: str, **constants: Any) -> str:
    """Return what an example prints with other constants, under a short budget; else as it is."""
    if not SHORT:
        return ran(script)
    with redirect_stdout(io.StringIO()) as told:
        example = runpy.run_path(str(ROOT / "examples" / script))
        example["main"].__globals__.update(constants)
        example["main"]()
    return told.getvalue()


@pytest.fixture
def new_scaler(of_docs):
    return of_docs("new_scaler", "RootMeanSquareScaler")


@pytest.fixture
def new_bent_scaler(of_docs):
    return of_docs("new_bent_scaler", "RootScaler")


@pytest.fixture
def position_norm(of_docs):
    return of_docs("new_norm", "PositionNorm")


def test_the_readme_has_both_commands():
    assert [b.strip() for b in blocks("bash")] == list(COMMANDS)


@pytest.mark.parametrize("code", blocks("python"))
def test_code_of_the_readme_runs(code):
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.rst")), ids=lambda p: p.stem)
def test_examples_of_the_pages_hold(page):
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.full
def test_the_quickstart_runs():
    told = ran("quickstart.py")
    scores = re.findall(r"^ +\w+ +\d+ +\d+ +(?:accuracy|r2) +(\S+) +(\S+)$", told, re.MULTILINE)
    assert len(scores) == 3
    assert all(float(scaled) > float(raw) for raw, scaled in scores)


@pytest.mark.full
def test_devices_are_made_alike():
    told = ran("devices.py")
    before, scaled, harmonised = map(float, re.findall(r"^  \D+ (0\.\d+)$", told, re.MULTILINE))
    assert before < 0.6 < 0.9 < min(scaled, harmonised)
    assert "groups: 11, and the inverse gives its data back: True" in told


def test_sensors_are_fused_streamed_served_and_undone():
    told = ran("sensor_fusion.py")
    assert "equal one fit to both drives: True" in told
    assert "the rest is the same, bit for bit: True" in told
    assert float(re.search(r"within (\S+) units", told)[1]) <= 4
    speed = re.search(r"the speed alone: (\S+), it was (\S+)$", told, re.MULTILINE)
    assert speed[1] == speed[2]


@pytest.mark.full
def test_instance_norm_classifies_disturbed_digits_best():
    rows = re.findall(
        r"^ +(\d+) (\w+) +(\w+) +(\S+) +(\S+) +(\S+)$",
        told_by_less("tensor_norms.py", SPLITS=1),
        re.M,
    )
    assert [row[:3] for row in rows] == [
        (size, *sets)
        for size in ("200", "1400")
        for sets in (("plain", "plain"), ("plain", "disturbed"), ("disturbed", "disturbed"))
    ]
    norms = {float(norm) for *_, norm in rows[:3]}, {float(norm) for *_, norm in rows[3:]}
    for size, trained, tested, *cells in rows:
        raw, z_score, norm = map(float, cells)
        if tested == "disturbed":
            assert norm > max(raw, z_score), (size, trained)
            assert trained == tested or norm > max(raw, z_score) + 0.3, size
    # the norm undoes the disturbance: but for eps and rounding, the same data each time
    assert all(max(accuracies) - min(accuracies) <= 0.002 for accuracies in norms)


@pytest.mark.full
def test_norms_reach_a_loss_in_fewer_steps():
    told = told_by_less("train_with_norms.py", STEP_SIZES=[10**-3.5, 0.01, 10**-0.5], LIMIT=500)
    cell = r" +(not reached|\S+)"
    rows = re.findall(rf"^ +((?:\w+ )?\w+) +(\d\S+e\S+) +(\S+){3 * cell}$", told, re.MULTILINE)
    table = {name: (float(condition), steps) for name, condition, _, *steps in rows}
    assert list(table) == ["none", "batch norm", "layer norm", "RMS norm"]
    condition, without = table.pop("none")
    for better, steps in table.values():
        assert better < condition
        for there, here in zip(steps, without, strict=True):
            assert here == "not reached" or int(there) < int(here)
        assert "not reached" not in steps[:2]
    assert "not reached" in without
    # columns in units of their own: batch norm, which knows them, is far ahead
    assert table["batch norm"][0] < 1e-6 * condition
    assert min(table.values()) == table["batch norm"]


def served(*arguments: str) -> list[tuple[str, str]]:
    """Return the lines of the example of serving, each of twice three numbers."""
    told = ran("serving.py", "--threads", "3", "--rows", "60", *arguments)
    assert "every answer has the bits of the single-threaded one" in told
    lines = re.findall(r"^(scale|predict) +(ndarray|DataFrame) +(.*)$", told, re.MULTILINE)
    for *_, cells in lines:
        for median, late, rate in np.array(cells.split(), dtype=float).reshape(2, 3):
            assert 0 < median <= late
            assert rate > 0
    return [(what, kind) for what, kind, _ in lines]


@pytest.mark.full
def test_saved_pipelines_answer_rows_from_threads():
    """Median, 99th percentile and throughput, of frames and of arrays."""
    kinds = ("ndarray", "DataFrame")
    assert served() == [(what, kind) for kind in kinds for what in ("scale", "predict")]


@pytest.mark.full
def test_a_pipeline_of_a_file_answers_what_it_was_fitted_on(tmp_path):
    path = tmp_path / "pipeline.joblib"
    table = load_breast_cancer(as_frame=True)
    joblib.dump(make_pipeline(ZScoreScaler(), GaussianNB()).fit(table.data, table.target), path)
    lines = served("--batch", "5", "--model", str(path))
    assert lines == [("scale", "DataFrame"), ("predict", "DataFrame")]


@pytest.mark.full
def test_every_row_of_the_readme_is_measured():
    told = [line.split(" | ") for line in ran("compared.py").splitlines() if line.startswith("|")]
    written = [line.split(" | ") for line in README.splitlines()]
    # what scikit-learn makes of an input may change with its version
    ours = [(cells[0], cells[2]) for cells in told if len(cells) == 3]
    assert len(ours) > 20
    assert set(ours) <= {(cells[0], cells[2]) for cells in written if len(cells) == 3}


def test_the_new_scaler_is_worked_out_by_hand(new_scaler):
    """The means of the squares are 21 / 3 and 84 / 4."""
    scaler = new_scaler().fit(X)
    root = np.sqrt([7, 21])
    np.testing.assert_allclose(scaler.scale_, root, 1e-15)
    np.testing.assert_allclose(scaler.transform(X), X / root, 1e-15)


def test_the_new_scaler_passes_the_checks_of_sklearn(new_scaler):
    check_estimator(new_scaler(), on_skip=None)


def test_the_new_scaler_streams_and_merges(new_scaler):
    whole = new_scaler().fit(X)
    streamed = new_scaler().partial_fit(X[:1]).partial_fit(X[1:])
    merged = new_scaler().fit(X[:1]).merge(new_scaler().fit(X[1:]))
    for scaler in (streamed, merged):
        np.testing.assert_array_equal(scaler.scale_, whole.scale_)
        np.testing.assert_array_equal(scaler.n_samples_seen_, [3, 4])


def test_the_new_scaler_leaves_out_samples_of_weight_0(new_scaler):
    weighted = new_scaler().fit(X, sample_weight=[0, 1, 1, 2])
    np.testing.assert_allclose(weighted.scale_, [np.sqrt(8), 3], 1e-15)


def test_the_new_scaler_undoes_a_frame(new_scaler):
    table = pd.DataFrame(X, columns=["a", "b"], index=[3, 1, 4, 5])
    scaler = new_scaler().set_output(transform="pandas").fit(table)
    pd.testing.assert_frame_equal(scaler.inverse_transform(scaler.transform(table)), table)


def test_the_new_scaler_keeps_sparse_data_sparse(new_scaler):
    scaled = new_scaler().fit_transform(sparse.csr_array([[0.0, 1.0], [4.0, 7.0]]))
    assert scaled.format == "csr"
    np.testing.assert_allclose(scaled.toarray(), [[0, 0.2], [np.sqrt(2), 1.4]], 1e-15)


def test_the_new_scaler_pickles(new_scaler):
    scaler = new_scaler().fit(X)
    loaded = pickle.loads(pickle.dumps(scaler))
    np.testing.assert_array_equal(loaded.transform(X), scaler.transform(X))
    np.testing.assert_allclose(loaded.partial_fit([[5, 4]]).scale_, [np.sqrt(11.5), np.sqrt(20)])


def test_the_new_scaler_is_saved_as_json(new_scaler):
    laws.estimator_survives_json(new_scaler().fit(X), X, X[:2])


def test_a_new_bent_scaler_costs_15_lines():
    """Those that hold code: without imports, docstrings and empty lines."""
    body = ast.parse((ROOT / "docs" / "new_bent_scaler.py").read_text(encoding="utf-8")).body
    of_code: set[int] = set()
    for node in (
        node for part in body if isinstance(part, ast.ClassDef) for node in ast.walk(part)
    ):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            of_code -= {*range(node.lineno, (node.end_lineno or 0) + 1)}  # a docstring
        elif hasattr(node, "lineno") and not isinstance(node, ast.Constant):
            of_code.add(node.lineno)
    assert 10 < len(of_code) <= 15


def test_the_new_bent_scaler_is_worked_out_by_hand(new_bent_scaler):
    """The roots are 1, 3, -2 and 2, 0: of variance 38/9 and 1."""
    data = np.array([[1.0, 4.0], [9.0, 0.0], [-4.0, np.nan]])
    scaler = new_bent_scaler().fit(data)
    expected = np.array([[1.0, 2.0], [3.0, 0.0], [-2.0, np.nan]]) / np.sqrt([38 / 9, 1])
    np.testing.assert_allclose(scaler.transform(data), expected, 1e-15)
    np.testing.assert_allclose(scaler.inverse_transform(expected), data, 1e-15)


def test_the_new_bent_scaler_passes_the_checks_of_sklearn(new_bent_scaler):
    check_estimator(new_bent_scaler(), on_skip=None)


def test_the_new_bent_scaler_does_what_scalers_do(new_bent_scaler):
    """It streams, merges, weighs, keeps sparse data sparse, pickles and is saved as JSON."""
    laws.scaler_split_equals_whole(new_bent_scaler, X, [1, 3], 3)
    laws.weight_zero_is_absence(new_bent_scaler, X, np.array([0.0, 1.0, 1.0, 2.0]))
    laws.container_leaves_no_trace(new_bent_scaler, X)
    laws.scaler_survives_copies(new_bent_scaler, X)
    data = sparse.csr_array(np.nan_to_num(X))
    scaled = new_bent_scaler().fit_transform(data)
    assert scaled.format == "csr"
    dense = new_bent_scaler().fit_transform(data.toarray())
    np.testing.assert_array_equal(scaled.toarray(), dense)


def test_the_new_bent_scaler_is_a_graph_of_onnx(new_bent_scaler):
    scaler = new_bent_scaler().fit(X)
    Z = scaler.transform(X)
    for estimator, given, expected in ((scaler, X, Z), (inverse(scaler), Z, X)):
        session = onnxruntime.InferenceSession(to_onnx(estimator, given).SerializeToString())
        np.testing.assert_allclose(session.run(None, {"X": given})[0], expected, 1e-14)


@pytest.mark.full
def test_known_ages_and_logarithms_of_incomes_share_a_table():
    told = ran("mixed_table.py")
    assert re.search(r"^ +20 +22026\.47 +0\.00 +0\.00$", told, re.MULTILINE)
    assert re.search(r"^ +70 +442413\.39 +1\.00 +1\.00$", told, re.MULTILINE)
    assert "undone within 1e-12: True" in told
    raw, scaled = map(float, re.search(r"raw (\S+), scaled (\S+)$", told, re.MULTILINE).groups())
    assert scaled > raw + 0.1


def test_the_new_norm_is_worked_out_by_hand(position_norm):
    X = np.array([[[[1.0, 0.0], [7.0, 5.0]], [[3.0, 8.0], [7.0, np.nan]]]])  # (1, 2, 2, 2)
    expected = [[[[-1, -1], [0, 0]], [[1, 1], [0, np.nan]]]]
    np.testing.assert_array_equal(position_norm(eps=0.0).transform(X), expected)
    learnt = position_norm(gamma=[2.0, 3.0], beta=[0.0, 1.0], eps=0.0).transform(X)
    np.testing.assert_array_equal(learnt, [[[[-2, -2], [0, 0]], [[4, 4], [1, np.nan]]]])


def test_the_new_norm_takes_flattened_data_and_masks(position_norm):
    X = np.array([[1.0, 0.0, 3.0, 8.0, 99.0, 99.0]])  # three channels, two positions
    mask = np.array([[True, True, True, True, False, False]])
    Z = position_norm(shape=(3, 2), eps=0.0).transform(X, mask=mask)
    np.testing.assert_array_equal(Z, [[-1, -1, 1, 1, 99, 99]])


def test_the_new_norm_is_undone_by_its_stats(position_norm):
    images = np.random.default_rng(0).normal(3, 2, size=(5, 4, 2, 3))
    norm = position_norm(gamma=[1.0, 2.0, -1.0, 0.5], beta=2.0)
    Z, stats = norm.transform(images, return_stats=True)
    assert stats.shape == (5, 6, 2)
    np.testing.assert_allclose(stats[..., 0], images.mean(axis=1).reshape(5, 6), rtol=1e-13)
    np.testing.assert_allclose(norm.inverse_transform(Z, stats=stats), images, rtol=1e-13)


def test_the_new_norm_passes_the_checks_of_sklearn(position_norm):
    """All but check_array_api_input, which inverts a result without the statistics."""
    results = check_estimator(position_norm(), on_skip=None, on_fail=None)
    left = {r["check_name"]: str(r["exception"]) for r in results if r["status"] != "passed"}
    assert len(results) > 40
    assert left.keys() <= {"check_array_api_input"}
    known = ("normalises each sample by its own statistics", "SCIPY_ARRAY_API is not set")
    assert all(any(words in error for words in known) for error in left.values())


def test_the_new_norm_pickles(position_norm):
    norm = position_norm(beta=[1.0, 2.0]).fit(X)
    loaded = pickle.loads(pickle.dumps(norm))
    np.testing.assert_array_equal(loaded.transform(X), norm.transform(X))


def test_the_new_norm_is_saved_as_json(position_norm):
    laws.estimator_survives_json(position_norm(beta=[1.0, 2.0]).fit(X), X, X[:2])


def test_every_promise_of_security_names_tests_that_exist():
    """Each row of the tables of promises, and the folders that are told below them."""
    text = (ROOT / "docs" / "SECURITY.md").read_text()
    rows = re.findall(r"^\| (?!promise|-|format)[^|]+ \| ([^|]*test_[^|]*) \|$", text, re.M)
    named = {name for row in rows for name in re.findall(r"`(test_\w+\.py)`", row)}
    assert len(rows) > 15
    found = {path.name: path.parent.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert named <= found.keys()
    told = text[text.index("`test_columns.py` is in") :].partition("and all others in")[0]
    for name in named:
        if found[name] != "persistence":
            assert f"`{name}`" in told
            assert f"`tests/{found[name]}/`" in told
