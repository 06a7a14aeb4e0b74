"""Normalisation transformers for scikit-learn: streaming, mergeable, exact."""

from __future__ import annotations

from typing import Any

from . import exceptions as exceptions
from . import functional as functional
from . import onnx as onnx
from ._version import __version__ as __version__
from .compose.equality import equal
from .compose.groups import GroupScaler
from .compose.merging import merge
from .config import config_context, get_config, set_config, show_versions
from .elsewhere import refusal
from .persistence.documents import from_dict, load, save, to_dict
from .scalers.batch_stats import BatchStatsScaler
from .scalers.decimal import DecimalScaler
from .scalers.max_abs import MaxAbsScaler
from .scalers.minmax import MinMaxScaler
from .scalers.robust import RobustScaler
from .scalers.zscore import StandardScaler, ZScoreScaler
from .tensors.ada import AdaNorm
from .tensors.batch import BatchNorm
from .tensors.group import GroupNorm
from .tensors.instance import InstanceNorm
from .tensors.layer import LayerNorm
from .tensors.rms import RMSNorm

__all__ = [
    "TRUSTED_TYPES",
    "AdaNorm",
    "BatchNorm",
    "BatchStatsScaler",
    "DecimalScaler",
    "GroupNorm",
    "GroupScaler",
    "InstanceNorm",
    "LayerNorm",
    "MaxAbsScaler",
    "MinMaxScaler",
    "RMSNorm",
    "RobustScaler",
    "StandardScaler",
    "ZScoreScaler",
    "config_context",
    "equal",
    "from_dict",
    "get_config",
    "load",
    "merge",
    "save",
    "set_config",
    "show_versions",
    "to_dict",
]

# Pickles refer to classes by this module, so that files below can be renamed.
_public = [globals()[_name] for _name in __all__ if _name != "TRUSTED_TYPES"]
for _value in _public:
    _value.__module__ = __name__

TRUSTED_TYPES = sorted(
    f"{__name__}.{_kind.__name__}" for _kind in _public if isinstance(_kind, type)
)
"""What `skops.io.load` must be told to trust: every estimator, and nothing else."""
del _public, _value


def __getattr__(name: str) -> Any:
    """Say what does the work of a name of another library."""
    raise refusal(__name__, name)


def __dir__() -> list[str]:
    """Return the public names only: what is meant to be used, without the inside."""
    return sorted([*__all__, "__version__", "exceptions", "functional", "onnx"])
