"""Who imports what in a package: read from its source, without importing anything."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


class Import(NamedTuple):
    """That a module imports a name: `from a import b` is the name a.b."""

    by: str
    name: str
    late: bool  # inside a function, so when it is called, or for type checkers only

    def __str__(self):
        return f"{self.by or '__init__'} imports {self.name}{' late' * self.late}"


def is_for_checkers(node):
    """Whether a node is an `if TYPE_CHECKING`, whose body never runs."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def is_under(name, place):
    return name == place or name.startswith(f"{place}.")


@dataclass(frozen=True)
class Package:
    """The source of a package; its modules are named without the name of the package."""

    root: Path

    @cached_property
    def paths(self):
        """Return the file of each module; that of the package itself is named ''."""
        found = {}
        for path in sorted(self.root.rglob("*.py")):
            parts = path.relative_to(self.root).with_suffix("").parts
            found[".".join(p for p in parts if p != "__init__")] = path
        return found

    @cached_property
    def trees(self):
        return {module: ast.parse(path.read_text()) for module, path in self.paths.items()}

    @cached_property
    def imports(self):
        return [found for module in self.trees for found in self._imports_of(module)]

    @cached_property
    def ours(self):
        """Return the imports within the package, as (the import, the module that it is of)."""
        found = []
        for one in self.imports:
            if is_under(one.name, self.root.name):
                place = one.name.removeprefix(self.root.name).removeprefix(".")
                place = place if place in self.paths else place.rpartition(".")[0]
                assert place in self.paths, one
                found.append((one, place))
        return found

    @cached_property
    def others(self):
        """Return the imports from outside, without those of the standard library."""
        known = {*sys.stdlib_module_names, self.root.name}
        return [one for one in self.imports if one.name.partition(".")[0] not in known]

    def _imports_of(self, module):
        def visit(node, late):
            late = late or isinstance(node, FUNCTIONS)
            if isinstance(node, ast.Import):
                yield from (Import(module, alias.name, late) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._base_of(node, module)
                yield from (Import(module, f"{base}.{alias.name}", late) for alias in node.names)
            typing = node.body if is_for_checkers(node) else ()
            for child in ast.iter_child_nodes(node):
                yield from visit(child, late or child in typing)

        return visit(self.trees[module], False)

    def _base_of(self, node, module):
        """Return the absolute name of what a `from` statement imports from."""
        if not node.level:
            return node.module
        parts = [self.root.name, *(module.split(".") if module else [])]
        drop = node.level - (self.paths[module].name == "__init__.py")
        parts = parts[: len(parts) - drop]
        assert parts, "a relative import above the package"
        return ".".join([*parts, *(node.module.split(".") if node.module else [])])
