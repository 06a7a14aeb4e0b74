"""Who may import whom: a few rules on folders, and what a new process loads."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from imports import Import, Package, is_under

import sklearn_norm

ROOT = Path(sklearn_norm.__file__).parent
HOUSE = Package(ROOT)

READ = "_sklearn _version exceptions kernels records inputs interop statistics maps"
FITTED = f"{READ} estimators scalers tensors"
TOP = "onnx functional scalers tensors compose engines inspection"
# What each folder, or module beside the folders, may import: itself, and what stands here.
# Every folder is listed below those that it may import, so imports cannot form a cycle.
ALLOWED = {
    "exceptions": "",
    "_version": "",
    "_sklearn": "",
    "kernels": "",
    "records": "kernels",
    "elsewhere": "",
    "config": "_version kernels",
    "inputs": "_sklearn exceptions kernels records",
    "interop": "_sklearn exceptions kernels inputs",
    "statistics": "kernels records",
    "maps": "exceptions kernels records",
    "estimators": READ,
    "scalers": f"{READ} estimators",
    "tensors": f"{READ} estimators",
    "compose": FITTED,
    "engines": FITTED,
    "inspection": FITTED,
    "persistence": "_sklearn _version exceptions inputs estimators compose",
    "onnx": "interop kernels",
    "functional": "inputs kernels maps estimators tensors",
    "": f"_version exceptions config elsewhere persistence {TOP}",
}

# What may be imported of other packages when a module is loaded: the most precise entry counts
OTHERS = {
    "": "numpy scipy sklearn",
    "kernels": "numpy joblib",
    "kernels.sparse": "numpy scipy",
    "kernels._numpy.gathering": "numpy scipy",  # members of sparse arrays
    "records": "numpy",
    "statistics": "numpy",
    "maps": "numpy",
    "maps.ranks": "numpy scipy",  # the quantiles of the normal distribution
    "functional": "numpy",
    "functional.moving": "numpy scipy",  # a recursive filter, loaded by the call
}
# What may be imported inside functions only
OPTIONAL = {"onnx", "onnxruntime", "pandas", "polars", "pyarrow", "skl2onnx", "torch"}
# What is loaded of scikit-learn; the rest, such as its scalers, is slow to load and seldom needed
EARLY = ("base", "exceptions", "utils", "config_context", "get_config")


# The rules: each returns what breaks it


def folder(module):
    return module.partition(".")[0]


def off_the_table(package):
    """A folder imports itself and the folders that the table allows."""
    unknown = [f"{module} has no row" for module in package.paths if folder(module) not in ALLOWED]
    return unknown or [
        str(one)
        for one, place in package.ours
        if folder(place) not in (folder(one.by), *ALLOWED[folder(one.by)].split())
    ]


def scalers_of_scalers(package):
    """No scaler imports another scaler."""
    return [
        str(one)
        for one, place in package.ours
        if folder(one.by) == folder(place) == "scalers" and place != one.by
    ]


def circles(package):
    """Remove modules without imports again and again; what is left is part of an import cycle."""
    left = {module: set() for module in package.paths}
    for one, place in package.ours:
        if not is_under(one.by, place):
            left[one.by].add(place)
    while free := {module for module, needed in left.items() if not needed & left.keys()}:
        left = {module: needed for module, needed in left.items() if module not in free}
    return sorted(left)


def hidden(package):
    """Imports of this package inside functions are not allowed: they could hide a cycle.

    The package itself, which nothing inside imports from, imports some files at first use.
    """
    return [str(one) for one, _ in package.ours if one.late and one.by]


def strangers(package):
    """Other packages are those of the table; optional ones are imported inside functions."""
    found = []
    for one in package.others:
        rule = max((name for name in OTHERS if not name or is_under(one.by, name)), key=len)
        known = {*OTHERS[rule].split()}
        below = folder(one.by) in OTHERS or folder(one.by) in ("", "exceptions", "_version")
        known |= OPTIONAL | {"sklearn"} if one.late and not below else set()
        found += [str(one)] * (one.name.partition(".")[0] not in known)
    return found


def early(package):
    """The scalers of scikit-learn, its pipelines and the like are imported inside functions."""
    return [
        str(one)
        for one in package.others
        if is_under(one.name, "sklearn") and not one.late
        if not any(is_under(one.name, f"sklearn.{name}") for name in EARLY)
    ]


def private_names(package):
    """Names that scikit-learn may change at will are used in one file."""
    return [
        f"{module} uses {name}"
        for module in package.paths
        if module != "_sklearn"
        for name in sorted(sklearn_names(package, module))
        if is_private(name)
    ]


def unseen(package):
    """What the other rules could not see: imports by strings, and of all names."""
    found = [str(one) for one in package.imports if one.name.endswith(".*")]
    found += [
        str(one)
        for one in package.imports
        if is_under(one.name, "importlib") and not is_under(one.name, "importlib.metadata")
        if one.by
    ]
    for module, tree in package.trees.items():
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        found += [f"{module} uses {n}" for n in names & {"__import__", "exec", "eval"}]
    return found


def is_private(name):
    return any(p.startswith("_") and not p.startswith("__") for p in name.split("."))


def sklearn_names(package, module):
    """Return all names of scikit-learn that a module imports, or reaches as attributes."""
    names = {
        one.name for one in package.others if one.by == module and is_under(one.name, "sklearn")
    }
    roots = {name.rpartition(".")[2] for name in names} | {"sklearn"}
    for node in ast.walk(package.trees[module]):
        if isinstance(node, ast.Attribute):
            dotted = ast.unparse(node)
            if dotted.partition(".")[0] in roots and dotted.replace(".", "").isidentifier():
                names.add(f"sklearn.{dotted}")
    return names


RULES = (
    off_the_table,
    scalers_of_scalers,
    circles,
    hidden,
    strangers,
    early,
    private_names,
    unseen,
)
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


@every_rule
def test_the_package_keeps_the_import_rules(rule):
    assert rule(HOUSE) == []


def test_the_table_of_imports_has_no_cycle():
    """Each row names only rows above it, and every folder has a row."""
    above = set()
    for name, allowed in ALLOWED.items():
        assert {*allowed.split()} <= above
        above.add(name)


# The rules see what they should, in a small package made up for it

GOOD = {
    "__init__.py": "from .scalers.one import One",
    "_sklearn.py": "from sklearn.base import _fit_context",
    "kernels/__init__.py": "import numpy as np\nfrom . import sparse",
    "kernels/sparse.py": "from scipy import sparse",
    "inputs/__init__.py": "def read():\n    import pandas as pd",
    "inputs/typed.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import polars",
    "scalers/__init__.py": "",
    "scalers/one.py": "from .. import _sklearn, kernels\nfrom ..inputs import read",
}
CHECKED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
BROKEN = [
    (off_the_table, {"kernels/x.py": "from ..scalers import one"}, "kernels.x imports"),
    (off_the_table, {"kernels/x.py": "import sklearn_norm"}, "kernels.x imports sklearn_norm"),
    (off_the_table, {"garden/__init__.py": ""}, "garden has no row"),
    (scalers_of_scalers, {"scalers/two.py": "from .one import One"}, "scalers.two imports"),
    (circles, {"kernels/x.py": "from . import y", "kernels/y.py": "from . import x"}, "kernels.x"),
    (hidden, {"inputs/x.py": "def f():\n    from .. import kernels"}, "inputs.x imports"),
    (strangers, {"inputs/x.py": "import pandas as pd"}, "inputs.x imports pandas"),
    (strangers, {"inputs/x.py": "def f():\n    import river"}, "inputs.x imports river"),
    (strangers, {"kernels/x.py": "from scipy import special"}, "kernels.x imports scipy.special"),
    (strangers, {"kernels/x.py": "def f():\n    import pandas"}, "kernels.x imports pandas"),
    (strangers, {"maps/x.py": "def f():\n    import sklearn"}, "maps.x imports sklearn late"),
    (strangers, {"inputs/x.py": CHECKED + "    import river"}, "inputs.x imports river"),
    (hidden, {"inputs/x.py": CHECKED + "    from .. import kernels"}, "inputs.x imports"),
    (
        strangers,
        {"inputs/x.py": CHECKED + "    a = 1\nelse:\n    import pandas"},
        "inputs.x imports",
    ),
    (early, {"inputs/x.py": "from sklearn.preprocessing import Binarizer"}, "inputs.x imports"),
    (early, {"inputs/x.py": "import sklearn.pipeline"}, "inputs.x imports sklearn.pipeline"),
    (private_names, {"inputs/x.py": "from sklearn.base import _x"}, "inputs.x uses sklearn.base._"),
    (private_names, {"inputs/x.py": "from sklearn import base\nbase._x()"}, "inputs.x uses"),
    (unseen, {"inputs/x.py": "import importlib"}, "inputs.x imports importlib"),
    (unseen, {"inputs/x.py": "__import__('os')"}, "inputs.x uses __import__"),
    (unseen, {"inputs/x.py": "from ..kernels import *"}, "inputs.x imports"),
]


def written(folder, files):
    """Return a package of these files."""
    for name, text in files.items():
        path = folder / "sklearn_norm" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Package(folder / "sklearn_norm")


@every_rule
def test_a_package_in_order_breaks_no_rule(rule, tmp_path):
    assert rule(written(tmp_path, GOOD)) == []


@pytest.mark.parametrize(("rule", "files", "told"), BROKEN)
def test_a_rule_sees_what_breaks_it(rule, files, told, tmp_path):
    found = rule(written(tmp_path, GOOD | files))
    assert found
    assert found[0].startswith(told)


def test_imports_are_read_with_their_places(tmp_path):
    text = "import a.b\nfrom .. import kernels as k\nclass C:\n    def f(self):\n        import c"
    package = written(tmp_path, GOOD | {"inputs/x.py": text})
    assert [one for one in package.imports if one.by == "inputs.x"] == [
        Import("inputs.x", "a.b", False),
        Import("inputs.x", "sklearn_norm.kernels", False),
        Import("inputs.x", "c", True),
    ]


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
X = np.eye(3) + 1
for name in sklearn_norm.__all__:
    if not isinstance(getattr(sklearn_norm, name), type) or name == "ReversibleRegressor":
        continue  # a regressor of scikit-learn needs more of it
    given = {
        "ColumnScaler": [[("one", sklearn_norm.ZScoreScaler(), [0])]],
        "PooledScaler": [sklearn_norm.ZScoreScaler()],
        "StreamingPipeline": [[("one", sklearn_norm.ZScoreScaler())]],
    }.get(name, [])
    scaler = getattr(sklearn_norm, name)(*given).fit(X).partial_fit(X)
    stats = {}
    scaled = scaler.transform(X)
    if isinstance(scaler, TensorNorm):
        scaled, stats["stats"] = scaler.transform(X, return_stats=True)
    scaler.inverse_transform(scaled, **stats)
    if not stats and name != "StreamingPipeline":  # whose steps are converted
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


@pytest.mark.parametrize("name", sorted({*OPTIONAL, "matplotlib"}))
def test_an_optional_package_is_loaded_only_if_scikit_learn_loads_it(name, loaded):
    assert name not in loaded["ours"] - loaded["sklearn"]


def test_arrays_are_scaled_without_loading_a_library_of_frames(loaded):
    assert not (loaded["ours used"] - loaded["peers used"]) & {"torch", "pandas", *OPTIONAL}


def test_a_frame_of_pandas_does_not_load_polars(loaded):
    assert "pandas" in loaded["pandas"]
    assert not (loaded["frames"] - loaded["pandas"]) & {"torch", "polars"}
