"""The way from and to the modules of PyTorch, which is imported here and nowhere else."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..kernels import Array
from .axes import Shape

BY_AXES = {1: "1d", 2: "1d", 3: "2d", 4: "3d"}  # axes of a sample, with the channel's


def checked_module(module: Any, estimator: type, *names: str) -> Any:
    """Return the module, if it is of one of the kinds named."""
    from torch import nn

    if not isinstance(module, tuple(getattr(nn, name) for name in names)):
        raise ValueError(
            f"{estimator.__name__}.from_torch takes torch.nn.{' or torch.nn.'.join(names)}. "
            f"Got {type(module).__name__}."
        )
    return module


def learned(module: Any) -> dict[str, Any]:
    """Return gamma and beta of a module, as float64 arrays."""
    weight, bias = module.weight, getattr(module, "bias", None)
    return {"gamma": array_of(weight), "beta": array_of(bias)}


def array_of(tensor: Any) -> Any:
    """Return a tensor as a float64 array, None as None."""
    return None if tensor is None else tensor.detach().cpu().double().numpy().copy()


def eps_of(module: Any) -> float:
    """Return the eps of a module: where there is none, that of the dtype it computes in."""
    import torch

    if module.eps is not None:
        return float(module.eps)
    kept = torch.get_default_dtype() if module.weight is None else module.weight.dtype
    short = kept in (torch.float16, torch.bfloat16)  # computed in float32
    return float(torch.finfo(torch.float32 if short else kept).eps)


def make_module(name: str, *args: Any, **options: Any) -> Any:
    """Return a new module in float64."""
    from torch import float64, nn

    return getattr(nn, name)(*args, **options, dtype=float64)


def fill(module: Any, **values: Any) -> Any:
    """Write arrays into the parameters and buffers of a module."""
    import torch

    with torch.no_grad():
        for name, value in values.items():
            target = getattr(module, name)
            if value is None:
                value = 1.0 if name == "weight" else 0.0
            given = torch.as_tensor(np.array(value, dtype=np.float64))
            target.copy_(given.reshape(-1).expand(target.numel()).reshape(target.shape))
    return module


def size_of(sample: Shape, channel_axis: int) -> tuple[int, str]:
    """Return the number of channels, and the suffix of a module for samples of that shape."""
    if len(sample) not in BY_AXES:
        raise ValueError(f"torch.nn has no such norm for samples of shape {sample}.")
    return channels_of(sample, channel_axis), BY_AXES[len(sample)]


def channels_of(sample: Shape, channel_axis: int) -> int:
    """Return the number of channels, which must come first."""
    if channel_axis % (len(sample) + 1) != 1:
        raise ValueError(
            f"torch.nn has its channels at axis 1, this norm at channel_axis={channel_axis}."
        )
    return sample[0]


def is_given(*vectors: Array | None) -> bool:
    return any(v is not None for v in vectors)
