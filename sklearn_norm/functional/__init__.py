"""The norms as functions of plain arrays, forward and backward, and tools for training.

Arrays have the shape (n_samples, *shape). Results of float16 and float32 input keep the
dtype, all others are float64; the arithmetic is in float64. NaN means missing and stays NaN.
Infinity makes its whole group NaN.
"""

from __future__ import annotations

from .ada import ada_norm, ada_norm_backward
from .batch import batch_norm, batch_norm_backward
from .clipping import adaptive_gradient_clip, clip_by_norm
from .group import group_norm, group_norm_backward
from .instance import instance_norm, instance_norm_backward
from .layer import layer_norm, layer_norm_backward
from .reversible import reversible_forward, reversible_inverse
from .rms import rms_norm, rms_norm_backward

__all__ = [
    "ada_norm",
    "ada_norm_backward",
    "adaptive_gradient_clip",
    "batch_norm",
    "batch_norm_backward",
    "clip_by_norm",
    "group_norm",
    "group_norm_backward",
    "instance_norm",
    "instance_norm_backward",
    "layer_norm",
    "layer_norm_backward",
    "reversible_forward",
    "reversible_inverse",
    "rms_norm",
    "rms_norm_backward",
]
