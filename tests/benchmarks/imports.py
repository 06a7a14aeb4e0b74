"""How long the import takes, beside that of scikit-learn's preprocessing, in new processes.

Run it alone: ``python tests/benchmarks/imports.py``. It prints medians of CPU time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

USES = (
    "import sklearn.preprocessing",
    "import sklearn_norm",
    "from sklearn_norm import StandardScaler",
    "from sklearn_norm import MinMaxScaler, RobustScaler, StandardScaler, load",
)
RUNS = 15
CODE = "import time; {}; print(time.process_time())"


def main() -> None:
    told = dict(os.environ)
    told.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as compiled:
        told["PYTHONPYCACHEPREFIX"] = compiled  # files are compiled once, as when installed
        took: dict[str, list[float]] = {use: [] for use in USES}
        for _ in range(RUNS + 1):
            for use in USES:
                command = [sys.executable, "-c", CODE.format(use)]
                out = subprocess.run(command, check=True, env=told, capture_output=True, text=True)
                took[use].append(float(out.stdout))
    medians = {use: statistics.median(took[use][1:]) for use in USES}
    for use, median in medians.items():
        print(f"{use}: {1000 * median:.0f} ms, {median / medians[USES[0]]:.3f} of the first")


if __name__ == "__main__":
    main()
