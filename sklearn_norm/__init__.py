"""Normalisation transformers for scikit-learn: streaming, mergeable, exact."""

from __future__ import annotations

from typing import Any

from . import exceptions as exceptions
from . import functional as functional
from . import onnx as onnx
from ._version import __version__ as __version__
from .compose.columns import ColumnScaler, make_column_scaler
from .compose.equality import equal
from .compose.merging import merge
from .compose.pooled import PooledScaler
from .compose.streaming import pipeline_class
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
    "ColumnScaler",
    "DecimalScaler",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "MaxAbsScaler",
    "MinMaxScaler",
    "PooledScaler",
    "RMSNorm",
    "RobustScaler",
    "StandardScaler",
    "StreamingPipeline",
    "ZScoreScaler",
    "config_context",
    "equal",
    "from_dict",
    "get_config",
    "load",
    "make_column_scaler",
    "merge",
    "save",
    "set_config",
    "show_versions",
    "to_dict",
]

# Pickles refer to classes by this module, so that files below can be renamed.
_late = ("StreamingPipeline",)  # made when it is asked for
_public = [globals()[_name] for _name in __all__ if _name not in ("TRUSTED_TYPES", *_late)]
for _value in _public:
    _value.__module__ = __name__

TRUSTED_TYPES = sorted(
    f"{__name__}.{_kind}"
    for _kind in (*_late, *(_kind.__name__ for _kind in _public if isinstance(_kind, type)))
)
"""What `skops.io.load` must be told to trust: every estimator, and nothing else."""
del _late, _public, _value


def __getattr__(name: str) -> Any:
    """Return what is made when it is asked for, or say what does the work of a foreign name."""
    if name == "StreamingPipeline":
        return globals().setdefault(name, pipeline_class())
    raise refusal(__name__, name)


def __dir__() -> list[str]:
    """Return the public names only: what is meant to be used, without the inside."""
    return sorted([*__all__, "__version__", "exceptions", "functional", "onnx"])
