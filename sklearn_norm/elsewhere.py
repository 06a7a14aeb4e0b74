"""Names of other libraries whose work is done here under another name."""

from __future__ import annotations

import sys
from opcode import opmap

BATCH = "BatchNorm, a transformer, or BatchStatsScaler for running statistics of plain columns"
UNIT = (
    "RMSNorm, which divides each sample by its root mean square: "
    "RMSNorm(eps=0.0, gamma=n_features ** -0.5) gives samples of Euclidean norm 1"
)
IN_FUNCTIONAL = (
    "ada_norm",
    "adaptive_gradient_clip",
    "batch_norm",
    "clip_by_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "rms_norm",
)
INSTEAD = {
    # scikit-learn
    "Normalizer": UNIT,
    "normalize": UNIT,
    "scale": "ZScoreScaler().fit_transform(X)",
    "minmax_scale": "MinMaxScaler().fit_transform(X)",
    "maxabs_scale": "MaxAbsScaler().fit_transform(X)",
    "robust_scale": "RobustScaler().fit_transform(X)",
    # torch
    **dict.fromkeys((f"{kind}BatchNorm{n}d" for kind in ("", "Lazy") for n in (1, 2, 3)), BATCH),
    "SyncBatchNorm": "BatchNorm, whose parts merge(...) combines with momentum=None",
    **dict.fromkeys(
        (f"{kind}InstanceNorm{n}d" for kind in ("", "Lazy") for n in (1, 2, 3)),
        "InstanceNorm, for any number of axes",
    ),
    # Keras
    "BatchNormalization": f"{BATCH}. Its momentum is 1 minus that of Keras",
    "GroupNormalization": "GroupNorm",
    "LayerNormalization": "LayerNorm",
    "RMSNormalization": "RMSNorm",
    "UnitNormalization": UNIT,
    "Normalization": "ZScoreScaler, or ChannelScaler(channel_axis=-1) for images",
    "Rescaling": "MinMaxScaler(data_range=(0, 255)), as for Rescaling(1 / 255)",
    # functions, of torch and others
    **{name: f"sklearn_norm.functional.{name}" for name in IN_FUNCTIONAL},
}


def refusal(module: str, name: str, depth: int = 2) -> Exception:
    """Return the error for a name that a module does not have.

    An ImportError where the caller imports the name: Python would replace the message of an
    AttributeError. An AttributeError elsewhere, so that `hasattr` is False.
    """
    usual = f"module {module!r} has no attribute {name!r}"
    if name not in INSTEAD:
        return AttributeError(usual, name=name, obj=sys.modules[module])
    advice = f"use {INSTEAD[name]}."
    if _imports(depth + 1):
        return ImportError(f"{module} has no {name!r}: {advice}", name=module)
    return AttributeError(f"{usual}: {advice}", name=name, obj=sys.modules[module])


def _imports(depth: int) -> bool:
    """Whether the frame that many calls up is at a statement `from module import name`."""
    try:
        frame = sys._getframe(depth)
    except (AttributeError, ValueError):  # no CPython, or no caller in Python
        return False
    code, at = frame.f_code.co_code, frame.f_lasti
    return 0 <= at < len(code) and code[at] == opmap["IMPORT_FROM"]
