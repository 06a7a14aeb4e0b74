"""scikit-learn's own tests of its scalers, run on ours."""

import os
import subprocess
import sys
import textwrap

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

RUNNER = textwrap.dedent("""
    import os
    import sys
    import pytest
    import sklearn.preprocessing as theirs
    import sklearn_norm as ours

    theirs.StandardScaler = ours.StandardScaler
    theirs.MaxAbsScaler = ours.MaxAbsScaler
    theirs.MinMaxScaler = ours.MinMaxScaler
    theirs.RobustScaler = ours.RobustScaler
    suite = os.path.join(os.path.dirname(theirs.__file__), "tests", "test_data.py")
    options = ["-q", "-rf", "--tb=no", "-p", "no:cacheprovider", "-c", os.devnull, "-W", "ignore"]
    options += sys.argv[1:]
    sys.exit(pytest.main([suite, *options]))
""")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The output of scikit-learn's tests, its scalers replaced by ours before the import."""
    folder = tmp_path_factory.mktemp("suite")
    script = folder / "run_suite.py"
    script.write_text(RUNNER)
    # the options of this run (workers, coverage) are not for that one
    environment = {k: v for k, v in os.environ.items() if k != "PYTEST_ADDOPTS"}
    command = [sys.executable, str(script), *times(("-k", "scaler"), ())]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def test_only_deliberate_differences_fail(report):
    """All of scikit-learn's tests pass but those listed, with their reasons, in the docs."""
    failed = {
        line.split("::")[1].split("[")[0].split(" ")[0]
        for line in report.splitlines()
        if line.startswith("FAILED")
    }
    assert failed <= DELIBERATE
    assert "test_standard_scaler_near_constant_features" in failed


def test_the_suite_really_ran(report):
    """Hundreds of scikit-learn's tests pass, so the replacement was not left out."""
    summary = report.strip().splitlines()[-1]
    passed = int(summary.split(" passed")[0].split()[-1].strip(","))
    assert passed > times(150, 300), f"scikit-learn {sklearn.__version__}: {summary}"
