"""The extension, where it was built; why not, where it was not."""

from __future__ import annotations

from typing import Any

compiled: Any = None
why_not = ""
try:
    from . import _compiled  # type: ignore[attr-defined]
except ImportError as error:  # no compiler was there when the package was installed
    why_not = f"the extension cannot be imported ({error})"
else:
    compiled = _compiled
