"""The public names, and names of other libraries."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn import preprocessing

import sklearn_norm
from sklearn_norm.elsewhere import INSTEAD

ROOT = Path(__file__).resolve().parents[2]
X = np.array([[3.0, 4.0], [-5.0, 12.0], [8.0, 15.0]])
elsewhere = pytest.mark.parametrize("name", sorted(INSTEAD))


@elsewhere
def test_an_import_of_a_name_of_elsewhere_says_what_does_it(name):
    """And `hasattr` is False, as scikit-learn and others ask it."""
    with pytest.raises(ImportError) as told:
        exec(f"from sklearn_norm import {name}")
    assert str(told.value) == f"sklearn_norm has no {name!r}: use {INSTEAD[name]}."
    assert told.value.name == "sklearn_norm"
    assert not hasattr(sklearn_norm, name)
    assert getattr(sklearn_norm, name, 7) == 7
    with pytest.raises(AttributeError, match=f"has no attribute '{name}': use "):
        getattr(sklearn_norm, name)


def test_an_import_in_a_long_function_is_seen():
    """Whatever stands before: more than 256 names, and other imports in the same statement."""
    names = "\n".join(f"    name_{i} = {i}" for i in range(300))
    code = f"def f():\n{names}\n    from sklearn_norm import ZScoreScaler, Normalizer as N\n"
    with pytest.raises(ImportError, match="use RMSNorm"):
        exec(f"{code}f()", {})


def test_an_attribute_of_elsewhere_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'sklearn_norm' has no attribute 'Normalizer': use"):
        sklearn_norm.Normalizer


def test_what_is_imported_at_first_use_is_what_type_checkers_are_told():
    """In the file of the package, names stand in two lists; and pickles refer to the package."""
    tree = ast.parse(Path(sklearn_norm.__file__).read_text("utf-8"))
    (told,) = (node for node in tree.body if isinstance(node, ast.If))
    files = {alias.name: node.module for node in told.body for alias in node.names if node.module}
    assert files == sklearn_norm._LATER
    assert {a.name for n in told.body for a in n.names if not n.module} == {*sklearn_norm._MODULES}
    for name in sklearn_norm.__all__[1:]:
        assert getattr(sklearn_norm, name).__module__ == "sklearn_norm"


USES = {
    "a norm by its file": "from sklearn_norm.tensors.layer import LayerNorm as Kind",
    "a norm by the package": "from sklearn_norm import LayerNorm as Kind",
    "all names": "from sklearn_norm import *; Kind = LayerNorm",
}


@pytest.mark.full
@pytest.mark.parametrize("use", USES)
def test_a_class_that_is_imported_at_first_use_is_pickled_by_the_package(use):
    code = f"import pickle; {USES[use]}; print(pickle.dumps(Kind(), 0))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "sklearn_norm\\nLayerNorm" in done.stdout


@pytest.mark.full
def test_a_file_of_a_norm_is_loaded_where_no_norm_was_imported(tmp_path):
    path = tmp_path / "norm.json"
    sklearn_norm.save(sklearn_norm.GroupNorm(num_groups=2), path)
    code = f"import sklearn_norm; print(sklearn_norm.load({str(path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "GroupNorm(num_groups=2)"


def test_unknown_names_stay_unknown():
    with pytest.raises(ImportError, match="cannot import name 'Nonsense' from 'sklearn_norm'"):
        exec("from sklearn_norm import Nonsense")
    with pytest.raises(
        AttributeError, match=r"^module 'sklearn_norm' has no attribute 'Nonsense'$"
    ):
        sklearn_norm.Nonsense
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("sklearn_norm.Normalizer")


def test_no_name_of_ours_is_one_of_elsewhere():
    assert not {*INSTEAD} & {*sklearn_norm.__all__}


@elsewhere
def test_what_is_named_instead_is_there(name):
    first = INSTEAD[name].replace("sklearn_norm.", "").split("(")[0].split(",")[0].split(":")[0]
    found = sklearn_norm
    for part in first.split(" ")[0].rstrip(".").split("."):
        importlib.import_module("sklearn_norm.functional")
        found = getattr(found, part)
    assert callable(found)


def test_every_scaling_name_of_scikit_learn_is_ours_or_told():
    scaling = {n for n in preprocessing.__all__ if "scale" in n.lower() or "normal" in n.lower()}
    assert scaling <= {*INSTEAD, *sklearn_norm.__all__}


def test_the_advice_for_normalizer_and_the_functions_holds():
    norm = sklearn_norm.RMSNorm(eps=0.0, gamma=2**-0.5)
    expected = [[0.6, 0.8], [-5 / 13, 12 / 13], [8 / 17, 15 / 17]]
    np.testing.assert_allclose(norm.fit_transform(X), expected, 1e-15)
    np.testing.assert_allclose(preprocessing.normalize(X), expected, 1e-15)
    for name in ("scale", "minmax_scale", "maxabs_scale", "robust_scale"):
        ours = eval(INSTEAD[name], {**vars(sklearn_norm), "X": X})
        np.testing.assert_allclose(ours, getattr(preprocessing, name)(X), 1e-14, 1e-15)


def test_every_public_name_has_a_docstring_with_an_example():
    for name in sklearn_norm.__all__:
        value = getattr(sklearn_norm, name)
        if callable(value):
            assert ">>>" in inspect.getdoc(value), name


def test_the_differences_list_the_extra_parameters():
    """11.21: tests of exact `get_params()` see them."""
    page = " ".join((ROOT / "docs" / "differences.rst").read_text("utf-8").split())
    start = page.index("Constructors have more parameters")
    told = page[start : page.index("Near-constant columns are scaled", start)]
    for name in ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"):
        ours, theirs = getattr(sklearn_norm, name)(), getattr(preprocessing, name)()
        sentence = told[told.index(f"``{name}`` has") :].split(";")[0]
        for parameter in ours.get_params().keys() - theirs.get_params().keys():
            assert f"``{parameter}``" in sentence, (name, parameter)
        for parameter, value in theirs.get_params().items():
            assert ours.get_params()[parameter] == value


# dir, and what an import brings


def test_dir_shows_public_names_only_and_each_is_there():
    """11.20."""
    shown = dir(sklearn_norm)
    modules = {"exceptions", "functional", "onnx"}
    assert set(shown) == {*sklearn_norm.__all__, *modules, "__version__"}
    assert shown == sorted(shown)
    assert all(hasattr(sklearn_norm, name) for name in shown)


@pytest.mark.full
def test_functional_is_there_after_the_import():
    code = "import sklearn_norm as s; print(s.functional.rms_norm([[3.0, 3.0]], eps=0.0), s.onnx)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("[[1. 1.]] <module 'sklearn_norm.onnx'"), done.stderr
