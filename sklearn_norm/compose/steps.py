"""Steps of a pipeline: which of them learn, which are ready, and copies that learn apart."""

from __future__ import annotations

import sys
from copy import deepcopy
from typing import Any

from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted


def is_step(step: Any) -> bool:
    """Whether a step does anything."""
    return step is not None and not isinstance(step, str)


def is_frozen(step: Any) -> bool:
    module = sys.modules.get("sklearn.frozen")
    return module is not None and isinstance(step, module.FrozenEstimator)


def is_learner(step: Any) -> bool:
    """Whether a step learns from data: not if it is stateless or frozen."""
    return not is_frozen(step) and bool(get_tags(step).requires_fit)


def is_ready(step: Any) -> bool:
    """Whether a step can be applied: it needs no fit, or has one."""
    if not is_frozen(step) and not get_tags(step).requires_fit:
        return True
    try:
        check_is_fitted(step)
    except NotFittedError:
        return False
    return True


def copied(step: Any) -> Any:
    """Return a copy of a step that learns apart from it; ours share what is immutable."""
    return step._twin() if hasattr(step, "_twin") else deepcopy(step)
