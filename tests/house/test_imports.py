"""Who may import whom: an allow-list, and what a new process loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import sklearn_norm

ROOT = Path(sklearn_norm.__file__).parent
KERNELS = "kernels"
# only ever inside functions
OPTIONAL = {"onnx", "onnxruntime", "pandas", "polars", "skl2onnx", "torch"}


@dataclass(frozen=True)
class Rule:
    """What a module may import when it is loaded, and what inside its functions.

    An entry of `ours` is a module under sklearn_norm, or a package with all in it. The
    rule `package.*` is that of every module in the package without one of its own.
    """

    ours: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()


BACKEND = Rule(("kernels.contract", "kernels._numpy.blocks"), ("numpy",))
NATIVE = Rule(
    ("kernels.contract", "kernels.threads", "kernels._numpy", "kernels._native"), ("numpy",)
)
STATISTIC = Rule((KERNELS, "statistics"), ("numpy",))

# kernels <- statistics, affine <- state <- persistence <- base <- scalers <- the public names
ALLOWED = {
    "": Rule(("_version", "config", "persistence.documents", "scalers", "tensors")),
    "_sklearn": Rule((), ("sklearn",)),
    "_version": Rule(),
    "exceptions": Rule(),
    "config": Rule((KERNELS,)),
    "kernels": Rule(("kernels",)),
    "kernels.contract": Rule((), ("numpy",)),
    "kernels.backends": Rule(("kernels",)),
    "kernels.double_double": Rule(("kernels.contract",), ("numpy",)),
    "kernels.threads": Rule((), ("joblib",)),
    "kernels._graph": Rule(("kernels._graph",)),
    "kernels._graph.traced": Rule((), ("numpy",)),
    "kernels._graph.*": Rule(
        ("kernels.contract", "kernels._numpy", "kernels._graph.traced"), ("numpy",)
    ),
    "kernels._native": Rule(("kernels._native",)),
    "kernels._native.*": NATIVE,
    "kernels._numpy": Rule(("kernels._numpy",)),
    "kernels._numpy.blocks": Rule(("kernels.contract", "kernels.threads"), ("numpy",)),
    "kernels._numpy.exact": Rule((*BACKEND.ours, "kernels.double_double"), ("numpy",)),
    "kernels._numpy.extrema": BACKEND,
    "kernels._numpy.groups": BACKEND,
    "kernels._numpy.maps": BACKEND,
    "kernels._numpy.moments": Rule((*BACKEND.ours, "kernels._numpy.exact"), ("numpy",)),
    "kernels._numpy.segments": Rule((*BACKEND.ours, "kernels._numpy.exact"), ("numpy",)),
    "kernels._numpy.selection": Rule((*BACKEND.ours, "kernels._numpy.sorting"), ("numpy",)),
    "kernels._numpy.sorting": BACKEND,
    "statistics": Rule(),
    "statistics.record": Rule((KERNELS,), ("numpy",)),
    "statistics.sketch": Rule((KERNELS,), ("numpy",)),
    "statistics.sparse": Rule((KERNELS,), ("numpy", "scipy")),
    "statistics.extrema": STATISTIC,
    "statistics.given": STATISTIC,
    "statistics.moments": STATISTIC,
    "statistics.quantiles": STATISTIC,
    "statistics.running": STATISTIC,
    "statistics.sketches": STATISTIC,
    "statistics.stored": STATISTIC,
    "affine": Rule((KERNELS, "statistics.record", "statistics.sparse"), ("numpy",)),
    "arguments": Rule((KERNELS,), ("numpy",)),
    "known": Rule((KERNELS, "containers", "weights"), ("numpy",)),
    "containers": Rule((KERNELS,), ("numpy",), inside=("pandas", "polars")),
    "glance": Rule(("_sklearn", "containers", KERNELS), ("numpy",)),
    "pending": Rule((KERNELS,), ("numpy",)),
    "weights": Rule(("arguments", KERNELS), ("numpy",)),
    "onnx": Rule((KERNELS,), ("numpy", "sklearn"), inside=("onnx", "skl2onnx")),
    "state": Rule(
        ("_sklearn", "_version", "containers", "exceptions", "glance"), ("numpy", "sklearn")
    ),
    "persistence": Rule(),
    "persistence.values": Rule(("exceptions",), ("numpy",)),
    "persistence.text": Rule(("exceptions", "persistence.values")),
    "persistence.files": Rule(("exceptions",)),
    "persistence.estimators": Rule(("exceptions", "persistence.values", "state")),
    "persistence.composites": Rule(
        ("_sklearn", "containers", "exceptions", "persistence.values", "state"),
        ("numpy", "sklearn"),
        inside=("pandas", "sklearn"),
    ),
    "persistence.documents": Rule(("_version", "arguments", "exceptions", "persistence", "state")),
    "base": Rule(
        (
            "_sklearn",
            "affine",
            "containers",
            "exceptions",
            "arguments",
            "glance",
            KERNELS,
            "onnx",
            "pending",
            "persistence.documents",
            "statistics.record",
            "statistics.sparse",
            "weights",
        ),
        ("numpy", "sklearn"),
    ),
    "averages": Rule(
        (
            "_sklearn",
            "affine",
            "base",
            "arguments",
            KERNELS,
            "known",
            "statistics.record",
            "statistics.running",
            "weights",
        ),
        ("numpy", "sklearn"),
    ),
    "scalers": Rule(),
    "scalers.bridge": Rule((KERNELS, "_sklearn"), ("numpy",), inside=("sklearn",)),
    "scalers.*": Rule(
        (
            "base",
            "averages",
            "affine",
            "arguments",
            KERNELS,
            "known",
            "statistics",
            "_sklearn",
            "scalers.bridge",
        ),
        ("numpy", "scipy", "sklearn"),
    ),
    "interop": Rule(),
    "interop.docstrings": Rule(),
    "interop.torch": Rule((KERNELS, "interop.docstrings"), ("numpy",), inside=("torch",)),
    "tensors": Rule(),
    "tensors.axes": Rule(("affine", "arguments", KERNELS), ("numpy",)),
    "tensors.base": Rule(
        ("_sklearn", "arguments", "base", "containers", "glance", KERNELS, "tensors.axes"),
        ("numpy",),
    ),
    "tensors.*": Rule(
        (
            "_sklearn",
            "affine",
            "averages",
            "base",
            "containers",
            "arguments",
            KERNELS,
            "statistics",
            "tensors.axes",
            "interop.torch",
            "tensors.base",
            "tensors.channels",
            "tensors.trailing",
        ),
        ("numpy", "sklearn"),
    ),
    "functional": Rule(("functional",)),
    "functional.arrays": Rule(("arguments", KERNELS)),
    "functional.clipping": Rule(("arguments", KERNELS), ("numpy",)),
    "functional.reversible": Rule(("arguments", KERNELS), ("numpy",)),
    "functional.*": Rule(
        (
            "affine",
            "arguments",
            KERNELS,
            "tensors.axes",
            "tensors.ada",
            "functional.arrays",
            "functional.gradients",
        ),
        ("numpy",),
    ),
}


@cache
def modules():
    """Return the dotted names under sklearn_norm of the files there are."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(p for p in parts if p != "__init__")] = path
    return found


def key_of(module):
    """Return the key of a module's rule."""
    return module if module in ALLOWED else f"{module.rpartition('.')[0]}.*"


def is_package(module):
    return modules()[module].name == "__init__.py"


def base_of(node, module):
    """Return the absolute name of what a `from` statement imports from."""
    if not node.level:
        return node.module
    parts = ["sklearn_norm", *(module.split(".") if module else [])]
    drop = node.level - is_package(module)
    parts = parts[: len(parts) - drop]
    assert parts, "a relative import above the package"
    return ".".join([*parts, *(node.module.split(".") if node.module else [])])


@cache
def tree_of(module):
    return ast.parse(modules()[module].read_text())


@cache
def imports(module):
    """Return (absolute name, whether inside a function) of all that a module imports.

    `from a import b` gives a.b, which is a module or a name in a.
    """
    found = []

    def visit(node, inside):
        inside = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        if isinstance(node, ast.Import):
            found.extend((alias.name, inside) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = base_of(node, module)
            found.extend((f"{base}.{alias.name}", inside) for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(tree_of(module), False)
    return found


@cache
def split(module):
    """Return (ours, others at load, others inside functions), without the standard library."""
    ours, others, inside = set(), set(), set()
    for name, in_function in imports(module):
        top, _, rest = name.partition(".")
        if top == "sklearn_norm":
            place = rest if rest in modules() else rest.rpartition(".")[0]
            assert place in modules(), name
            ours.add((place, in_function))
        elif top not in sys.stdlib_module_names:
            (inside if in_function else others).add(top)
    return ours, others, inside


def is_under(module, package):
    return module == package or module.startswith(f"{package}.")


def test_every_file_has_a_rule_and_every_rule_a_file():
    assert {key_of(module) for module in modules()} == set(ALLOWED)


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_imports_only_what_its_rule_allows(module):
    rule = ALLOWED[key_of(module)]
    ours, others, inside = split(module)
    wrong = {o for o, _ in ours if not any(is_under(o, allowed) for allowed in rule.ours)}
    assert wrong == set()
    assert others <= set(rule.others)
    assert inside <= set(rule.inside)


@pytest.mark.parametrize("module", sorted(modules()))
def test_modules_of_ours_are_imported_when_a_module_is_loaded(module):
    """An import inside a function would hide a circle."""
    ours, _, _ = split(module)
    assert {place for place, inside in ours if inside} == set()


@pytest.mark.parametrize("key", sorted(ALLOWED))
def test_a_rule_allows_no_more_than_is_used(key):
    """So that the table tells who imports whom; what most of a kind use is given to all."""
    rule = ALLOWED[key]
    shared = {"_sklearn", "kernels._numpy.blocks", "statistics", KERNELS}
    ours, others, inside = map(set().union, *(split(m) for m in modules() if key_of(m) == key))
    used = {a for a in rule.ours if any(is_under(place, a) for place, _ in ours)}
    assert set(rule.ours) - used <= shared
    assert others == set(rule.others)
    assert inside == set(rule.inside)


# The layers, whatever the table says


LAYERS = {
    "kernels": ({"kernels"}, {"numpy", "joblib"}),
    "statistics": ({"kernels", "statistics"}, {"numpy", "scipy"}),
    "affine": ({"kernels", "statistics.record", "statistics.sparse"}, {"numpy"}),
}


@pytest.mark.parametrize("module", sorted(ALLOWED))
def test_the_table_keeps_the_layers(module):
    """Nothing below base knows scikit-learn; no scaler knows another; frames are optional."""
    rule = ALLOWED[module]
    for layer, (ours, others) in LAYERS.items():
        if is_under(module, layer):
            assert all(any(is_under(o, allowed) for allowed in ours) for o in rule.ours)
            assert set(rule.others) <= others
            assert rule.inside == ()
    if module:  # but for the public names
        assert not any(is_under(place, "scalers") for place in {*rule.ours} - {"scalers.bridge"})
    above = ("", "scalers", "averages", "tensors", "functional")
    if not any(module == top or (top and is_under(module, top)) for top in above):
        assert module == "base" or "base" not in rule.ours
    if is_under(module, "functional"):
        assert not {"base", "averages", "tensors.base", "_sklearn"} & set(rule.ours)
    assert not OPTIONAL & set(rule.others)
    # scikit-learn's scalers are slow to load, and few need them
    late = {"scalers.bridge", "persistence.composites"}  # scikit-learn's own, where one meets them
    assert set(rule.inside) <= OPTIONAL | ({"sklearn"} if module in late else set())


def test_imports_run_in_no_circle():
    """Modules that import nothing left are taken away, until none is left."""
    left = {m: {p for p, _ in split(m)[0] if not is_under(m, p)} for m in modules()}
    while left:
        free = {module for module, needed in left.items() if not needed & set(left)}
        assert free, f"a circle among {sorted(left)}"
        left = {module: needed for module, needed in left.items() if module not in free}


def private(name):
    """Whether a dotted name has a part that scikit-learn may change at will."""
    return any(p.startswith("_") and not p.startswith("__") for p in name.split("."))


def sklearn_names(module):
    """Return all names of scikit-learn that a module imports, or reaches as attributes."""
    names = {name for name, _ in imports(module) if is_under(name, "sklearn")}
    roots = {name.rpartition(".")[2] for name in names} | {"sklearn"}
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if dotted.partition(".")[0] in roots and dotted.replace(".", "").isidentifier():
                names.add(f"sklearn.{dotted}")
    return names


@pytest.mark.parametrize("module", sorted(set(modules()) - {"_sklearn"}))
def test_private_names_of_scikit_learn_stay_in_one_file(module):
    assert {name for name in sklearn_names(module) if private(name)} == set()


def test_the_one_file_is_read_as_having_private_names():
    """The test above would see them."""
    found = {name for name in sklearn_names("_sklearn") if private(name)}
    assert "sklearn.base._fit_context" in found
    assert "sklearn.utils._param_validation.Interval" in found


@pytest.mark.parametrize("module", sorted(modules()))
def test_no_module_imports_by_a_string_or_all_names(module):
    """What the other tests could not see."""
    names = {node.id for node in ast.walk(tree_of(module)) if isinstance(node, ast.Name)}
    assert not names & {"__import__", "importlib", "exec", "eval"}
    assert not any(name.endswith(".*") for name, _ in imports(module))
    loaders = {name for name, _ in imports(module) if is_under(name, "importlib")}
    assert loaders <= {"importlib.metadata"}  # which reads versions and imports nothing


# What a new process loads

STAGES = """
import json, sys

def report(stage):
    print(json.dumps([stage, sorted({name.partition(".")[0] for name in sys.modules})]))

import sklearn
report("sklearn")
import sklearn.base, sklearn.utils, scipy.sparse, scipy.stats
report("peers")
import sklearn_norm, sklearn_norm.functional, sklearn_norm.onnx
from sklearn_norm.tensors.norm import TensorNorm
report("ours")
import numpy as np
from sklearn.preprocessing import StandardScaler
StandardScaler().fit(np.eye(3)).transform(np.eye(3))
report("peers used")
for name in sklearn_norm.__all__:
    if not isinstance(getattr(sklearn_norm, name), type):
        continue
    scaler = getattr(sklearn_norm, name)().fit(np.eye(3)).partial_fit(np.eye(3))
    stats = {}
    scaled = scaler.transform(np.eye(3))
    if isinstance(scaler, TensorNorm):
        scaled, stats["stats"] = scaler.transform(np.eye(3), return_stats=True)
    scaler.inverse_transform(scaled, **stats)
    if not stats:
        sklearn_norm.onnx.inverse(scaler).transform(scaled)
report("ours used")
import pandas as pd
report("pandas")
scaler = sklearn_norm.ZScoreScaler().set_output(transform="pandas")
scaler.inverse_transform(scaler.fit_transform(pd.DataFrame({"a": [1.0, 2.0]})))
report("frames")
"""


@pytest.fixture(scope="module")
def loaded():
    """Return the top-level modules that a new process has after each stage."""
    command = [sys.executable, "-c", STAGES]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=ROOT.parent)
    assert done.returncode == 0, done.stderr
    return {stage: set(names) for stage, names in map(json.loads, done.stdout.splitlines())}


def test_the_import_loads_nothing_that_scikit_learn_does_not_load(loaded):
    """Beyond the standard library, itself, and what installs it for development."""
    new = loaded["ours"] - loaded["peers"] - set(sys.stdlib_module_names)
    assert {n for n in new if not n.startswith("__editable__")} == {"sklearn_norm"}


@pytest.mark.parametrize("name", sorted({*OPTIONAL, "pyarrow", "matplotlib"}))
def test_an_optional_package_is_loaded_only_if_scikit_learn_loads_it(name, loaded):
    assert name not in loaded["ours"] - loaded["sklearn"]


def test_arrays_are_scaled_without_loading_a_library_of_frames(loaded):
    assert not (loaded["ours used"] - loaded["peers used"]) & {"torch", "pandas", *OPTIONAL}


def test_a_frame_of_pandas_does_not_load_polars(loaded):
    assert "pandas" in loaded["pandas"]
    assert not (loaded["frames"] - loaded["pandas"]) & {"torch", "polars"}
