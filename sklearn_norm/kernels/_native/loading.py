"""The extension, or the reason why it is not available."""

from __future__ import annotations

from typing import Any

compiled: Any = None
why_not = ""
try:
    import sklearn_norm.kernels._native._compiled as _compiled
except ModuleNotFoundError:
    why_not = "the extension was not built, for want of a C compiler when this was installed"
except ImportError as error:
    why_not = f"the extension cannot be loaded ({error})"
else:
    compiled = _compiled
