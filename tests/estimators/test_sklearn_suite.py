"""scikit-learn's own tests run with our scalers: those of its scalers, and of what holds them."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import sklearn
from budget import times

# The differences are explained in docs/differences.rst.
DELIBERATE = {
    # near-constant columns are scaled: only min == max is constant
    "test_standard_scaler_near_constant_features",
    # scikit-learn 1.9's experimental callbacks report on its own internals
    "test_standard_scaler_callback_support",
    # tensors of other libraries (array API): the tags say that they are not supported
    "test_preprocessing_array_api_compliance",
    "test_standard_scaler_array_api_compliance",
    "test_standard_scaler_sample_weight_array_api",
}
# The same of the tests that put a StandardScaler into a composite, a search or a plot
DELIBERATE_AROUND = {
    "compose": {
        # the dict of all parameters is compared: ours has ddof, clip and dtype besides
        "test_column_transformer_get_set_params",
        "test_column_transformer_get_set_params_with_remainder",
    },
    "pipeline": {
        # a union of scalers supports the array API if they do
        "test_feature_union_array_api_support_tag",
        # callbacks, as above
        "test_pipeline_with_callbacks_on_steps",
    },
    "feature_selection": set(),
    "model_selection": set(),
    "inspection": set(),
}

RUNNER = textwrap.dedent("""
    import inspect
    import os
    import sys
    import pytest
    import sklearn.preprocessing as theirs
    import sklearn_norm as ours

    class Concerned:
        def pytest_collection_modifyitems(self, items):
            items[:] = [i for i in items if needle in inspect.getsource(i.function)]

    for name in sys.argv[1].split(","):
        setattr(theirs, name, getattr(ours, name))
    needle = sys.argv[2]
    options = ["-q", "-rf", "--tb=no", "-p", "no:cacheprovider", "-c", os.devnull, "-W", "ignore"]
    sys.exit(pytest.main([*options, *sys.argv[3:]], plugins=[Concerned()]))
""")
pytestmark = pytest.mark.full
ROOT = Path(sklearn.__file__).parent
SCALERS = "StandardScaler,MaxAbsScaler,MinMaxScaler,RobustScaler"


def outcome(folder, scalers, needle, *arguments):
    """The output of scikit-learn's tests that name something, with our scalers in place of its."""
    script = folder / "run_suite.py"
    script.write_text(RUNNER)
    # the options of this run (workers, coverage) are not for that one
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    command = [sys.executable, str(script), scalers, needle, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def failed(report):
    return {
        line.split("::")[1].split("[")[0].split(" ")[0]
        for line in report.splitlines()
        if line.startswith("FAILED")
    }


def passed(report):
    return int(report.strip().splitlines()[-1].split(" passed")[0].split()[-1].strip(","))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    suite = str(ROOT / "preprocessing" / "tests" / "test_data.py")
    return outcome(tmp_path_factory.mktemp("suite"), SCALERS, "", suite)


def test_only_deliberate_differences_fail(report):
    """All of scikit-learn's tests pass but those listed, with their reasons, in the docs."""
    assert failed(report) <= DELIBERATE
    assert "test_standard_scaler_near_constant_features" in failed(report)


def test_the_suite_really_ran(report):
    """Hundreds of scikit-learn's tests pass, so the replacement was not left out."""
    summary = report.strip().splitlines()[-1]
    assert passed(report) > 300, f"scikit-learn {sklearn.__version__}: {summary}"


# Around the scalers: files of tests that name StandardScaler; for others, nothing is replaced


def files_around(area):
    """Return the files of an area of scikit-learn's tests in which a StandardScaler is used."""
    found = [ROOT / "tests" / "test_pipeline.py"]
    if area != "pipeline":
        found = sorted((ROOT / area).rglob("tests/test_*.py"))
    return [str(path) for path in found if "StandardScaler" in path.read_text("utf-8")]


@pytest.mark.parametrize("area", DELIBERATE_AROUND)
def test_only_deliberate_differences_fail_around_the_scalers(area, tmp_path):
    """A StandardScaler of ours in composites, searches and plots.

    In these files, but under a long budget, the tests that name it: nothing changes for others.
    """
    named = times("StandardScaler", "StandardScaler", "")
    report = outcome(tmp_path, "StandardScaler", named, *files_around(area))
    assert failed(report) <= DELIBERATE_AROUND[area]
    assert passed(report) > times(2, 2, 20), report
