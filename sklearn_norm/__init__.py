"""Normalisation transformers for scikit-learn: streaming, mergeable, exact."""

from __future__ import annotations

from .config import config_context, get_config, set_config, show_versions
from .scalers.batch_stats import BatchStatsScaler
from .scalers.decimal import DecimalScaler
from .scalers.minmax import MinMaxScaler
from .scalers.robust import RobustScaler
from .scalers.zscore import ZScoreScaler
from .tensors.ada import AdaNorm
from .tensors.batch import BatchNorm
from .tensors.group import GroupNorm
from .tensors.instance import InstanceNorm
from .tensors.layer import LayerNorm
from .tensors.rms import RMSNorm

__version__ = "0.1.0.dev0"

__all__ = [
    "AdaNorm",
    "BatchNorm",
    "BatchStatsScaler",
    "DecimalScaler",
    "GroupNorm",
    "InstanceNorm",
    "LayerNorm",
    "MinMaxScaler",
    "RMSNorm",
    "RobustScaler",
    "ZScoreScaler",
    "config_context",
    "get_config",
    "set_config",
    "show_versions",
]

# A pickle names a class by its module: this one, whatever the files below are called.
for _name in __all__:
    globals()[_name].__module__ = __name__
del _name
