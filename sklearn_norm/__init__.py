"""Normalisation transformers for scikit-learn: streaming, mergeable, exact."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = [
    "TRUSTED_TYPES",
    "AdaNorm",
    "BatchNorm",
    "BatchStatsScaler",
    "ChannelScaler",
    "ColumnScaler",
    "DecimalScaler",
    "GroupNorm",
    "GroupScaler",
    "InstanceNorm",
    "LayerNorm",
    "LogScaler",
    "MaxAbsScaler",
    "MinMaxScaler",
    "PooledScaler",
    "PowerScaler",
    "QuantileScaler",
    "RMSNorm",
    "ReversibleRegressor",
    "RobustScaler",
    "SampleScaler",
    "SquashScaler",
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

from . import exceptions as exceptions
from ._version import __version__ as __version__
from .elsewhere import refusal

if TYPE_CHECKING:
    from . import functional as functional
    from . import onnx as onnx
    from .compose.channel_scaler import ChannelScaler
    from .compose.columns import ColumnScaler, make_column_scaler
    from .compose.equality import equal
    from .compose.groups import GroupScaler
    from .compose.merging import merge
    from .compose.pooled import PooledScaler
    from .compose.reversible import ReversibleRegressor
    from .compose.sample_scaler import SampleScaler
    from .compose.streaming import StreamingPipeline
    from .config import config_context, get_config, set_config, show_versions
    from .persistence.documents import from_dict, load, save, to_dict
    from .scalers.batch_stats import BatchStatsScaler
    from .scalers.decimal import DecimalScaler
    from .scalers.log import LogScaler
    from .scalers.max_abs import MaxAbsScaler
    from .scalers.minmax import MinMaxScaler
    from .scalers.power import PowerScaler
    from .scalers.quantile import QuantileScaler
    from .scalers.robust import RobustScaler
    from .scalers.squash import SquashScaler
    from .scalers.zscore import StandardScaler, ZScoreScaler
    from .tensors.ada import AdaNorm
    from .tensors.batch import BatchNorm
    from .tensors.group import GroupNorm
    from .tensors.instance import InstanceNorm
    from .tensors.layer import LayerNorm
    from .tensors.rms import RMSNorm

# What is imported at first use, by its file: nobody waits for what is not used.
_LATER = {
    "AdaNorm": "tensors.ada",
    "BatchNorm": "tensors.batch",
    "BatchStatsScaler": "scalers.batch_stats",
    "ChannelScaler": "compose.channel_scaler",
    "ColumnScaler": "compose.columns",
    "DecimalScaler": "scalers.decimal",
    "GroupNorm": "tensors.group",
    "GroupScaler": "compose.groups",
    "InstanceNorm": "tensors.instance",
    "LayerNorm": "tensors.layer",
    "LogScaler": "scalers.log",
    "MaxAbsScaler": "scalers.max_abs",
    "MinMaxScaler": "scalers.minmax",
    "PooledScaler": "compose.pooled",
    "PowerScaler": "scalers.power",
    "QuantileScaler": "scalers.quantile",
    "RMSNorm": "tensors.rms",
    "ReversibleRegressor": "compose.reversible",
    "RobustScaler": "scalers.robust",
    "SampleScaler": "compose.sample_scaler",
    "SquashScaler": "scalers.squash",
    "StandardScaler": "scalers.zscore",
    "StreamingPipeline": "compose.streaming",
    "ZScoreScaler": "scalers.zscore",
    "config_context": "config",
    "equal": "compose.equality",
    "from_dict": "persistence.documents",
    "get_config": "config",
    "load": "persistence.documents",
    "make_column_scaler": "compose.columns",
    "merge": "compose.merging",
    "save": "persistence.documents",
    "set_config": "config",
    "show_versions": "config",
    "to_dict": "persistence.documents",
}
_MODULES = ("functional", "onnx")

TRUSTED_TYPES = [f"{__name__}.{name}" for name in __all__[1:] if name[0].isupper()]
"""What `skops.io.load` must be told to trust: every estimator, and nothing else."""


def __getattr__(name: str) -> Any:
    """Import what is imported at first use; say what does the work of a name of elsewhere."""
    if name in _MODULES:
        return import_module(f"{__name__}.{name}")
    if name not in _LATER:
        raise refusal(__name__, name)
    value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    value.__module__ = __name__
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names only: what is meant to be used, without the inside."""
    return sorted([*__all__, "__version__", "exceptions", *_MODULES])
