"""How long the import takes, beside that of scikit-learn's preprocessing, in new processes.

Run it alone: ``python tests/benchmarks/imports.py``. It prints medians of CPU time.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile

NAMES = ("sklearn.preprocessing", "sklearn_norm")
RUNS = 15
CODE = "import os, {}; print(sum(os.times()[:2]))"


def main() -> None:
    told = dict(os.environ)
    told.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as compiled:
        told["PYTHONPYCACHEPREFIX"] = compiled  # files are compiled once, as when installed
        took: dict[str, list[float]] = {name: [] for name in NAMES}
        for _ in range(RUNS + 1):
            for name in NAMES:
                command = [sys.executable, "-c", CODE.format(name)]
                out = subprocess.run(command, check=True, env=told, capture_output=True, text=True)
                took[name].append(float(out.stdout))
    medians = [statistics.median(took[name][1:]) for name in NAMES]
    for name, median in zip(NAMES, medians, strict=True):
        print(f"import {name}: {1000 * median:.0f} ms")
    print(f"ratio: {medians[1] / medians[0]:.3f}")


if __name__ == "__main__":
    main()
