"""The norms as functions of plain arrays, forward and backward, and tools for training.

Arrays have the shape (n_samples, *shape). Results of float16 and float32 input keep the
dtype, those of the six norms bfloat16 of ml_dtypes too, all others are float64; the arithmetic is
in float64. NaN means missing and stays NaN.
Infinity makes its whole group NaN.
"""

from __future__ import annotations

from .ada import ada_norm, ada_norm_backward
from .adaptive import adaptive_layer_norm, adaptive_layer_norm_backward
from .batch import batch_norm, batch_norm_backward
from .clipping import adaptive_gradient_clip, clip_by_global_norm, clip_by_norm
from .fold import fold_batch_norm
from .ghost import ghost_batch_norm, ghost_batch_norm_backward
from .group import group_norm, group_norm_backward
from .instance import instance_norm, instance_norm_backward
from .layer import layer_norm, layer_norm_backward
from .length import l2_normalize, l2_normalize_backward, scale_norm, scale_norm_backward
from .moving import exponential_moving_demean, exponential_moving_standardize
from .pcen import pcen, pcen_backward
from .renorm import batch_renorm, batch_renorm_backward
from .reversible import reversible_backward, reversible_forward, reversible_inverse
from .rms import rms_norm, rms_norm_backward
from .sliding import sliding_window_cmn
from .spectral import spectral_normalize, spectral_normalize_backward
from .style import adaptive_instance_norm, adaptive_instance_norm_backward
from .tanh import dynamic_tanh, dynamic_tanh_backward
from .weights import (
    weight_norm,
    weight_norm_backward,
    weight_standardize,
    weight_standardize_backward,
)

__all__ = [
    "ada_norm",
    "ada_norm_backward",
    "adaptive_gradient_clip",
    "adaptive_instance_norm",
    "adaptive_instance_norm_backward",
    "adaptive_layer_norm",
    "adaptive_layer_norm_backward",
    "batch_norm",
    "batch_norm_backward",
    "batch_renorm",
    "batch_renorm_backward",
    "clip_by_global_norm",
    "clip_by_norm",
    "dynamic_tanh",
    "dynamic_tanh_backward",
    "exponential_moving_demean",
    "exponential_moving_standardize",
    "fold_batch_norm",
    "ghost_batch_norm",
    "ghost_batch_norm_backward",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "l2_normalize",
    "l2_normalize_backward",
    "layer_norm",
    "layer_norm_backward",
    "pcen",
    "pcen_backward",
    "reversible_backward",
    "reversible_forward",
    "reversible_inverse",
    "rms_norm",
    "rms_norm_backward",
    "scale_norm",
    "scale_norm_backward",
    "sliding_window_cmn",
    "spectral_normalize",
    "spectral_normalize_backward",
    "weight_norm",
    "weight_norm_backward",
    "weight_standardize",
    "weight_standardize_backward",
]
