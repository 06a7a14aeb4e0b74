"""The size of files."""

from pathlib import Path

import sklearn_norm

MOST = 500  # lines
C = {".c", ".h", ".inc"}
BUILT = {".so", ".pyd", ".o", ".pyc"}


def test_no_file_outside_c_is_long():
    root = Path(sklearn_norm.__file__).parent
    files = [p for p in root.rglob("*") if p.is_file() and p.suffix not in C | BUILT]
    lines = {str(p.relative_to(root)): len(p.read_text("utf-8").splitlines()) for p in files}
    assert {name: n for name, n in lines.items() if n > MOST} == {}
