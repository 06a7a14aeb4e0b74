"""Conversion from and to PyTorch modules. PyTorch is imported only inside functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from ..kernels import Array, Floats
from .docstrings import fill_in, listed, template

DIMENSIONS = {1: "1d", 2: "1d", 3: "2d", 4: "3d"}  # by the number of axes of a sample


@dataclass(frozen=True)
class Module:
    """A torch.nn module, described by plain values.

    Parameters
    ----------
    name : str
        The name of its class in torch.nn.
    arguments : tuple
        The positional arguments of the class.
    options : dict
        The keyword arguments of the class.
    values : dict of str to array-like or None
        The values of its parameters and buffers. None keeps those of a new module.
    """

    name: str
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)

    def made(self) -> Any:
        """Return the module, in float64."""
        import torch

        module = getattr(torch.nn, self.name)(*self.arguments, **self.options, dtype=torch.float64)
        with torch.no_grad():
            for name, value in self.values.items():
                if value is not None:
                    target = getattr(module, name)
                    given = torch.as_tensor(np.array(value, dtype=np.float64))
                    target.copy_(given.reshape(target.shape))
        return module


class TorchModules:
    """Gives a norm `from_torch` and `to_torch`.

    A norm lists the classes of torch.nn that it can be made from and become in `_torch_names`,
    others that it can be made from in `_torch_also`, and has two hooks: `_from_module` and
    `_as_module`.
    """

    _torch_names: ClassVar[tuple[str, ...]]  # of classes in torch.nn
    _torch_also: ClassVar[tuple[str, ...]] = ()  # the same, of which none is made
    _torch_weights: ClassVar[tuple[str, ...]] = ("weight", "bias")  # in a state dict
    _torch_elsewhere: ClassVar[frozenset[str]] = frozenset()  # full names of other classes

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "_torch_names" in vars(cls):
            taken = listed((*cls._torch_names, *cls._torch_also))
            fill_in(
                cls,
                TorchModules,
                norm=cls.__name__,
                modules=f"torch.nn.{listed(cls._torch_names)}",
                taken=f"torch.nn.{taken}",
            )

    @classmethod
    @abstractmethod
    def _from_module(cls, module: Any) -> Self:
        """Return the norm equivalent to a module, whose class is already checked."""

    @abstractmethod
    def _as_module(self) -> Module:
        """Return the module equivalent to this norm."""

    @classmethod
    @template
    def from_torch(cls, module: Any) -> Self:
        """Return the norm that computes what a PyTorch module does.

        Parameters
        ----------
        module : {taken}
            The module, whose weights are copied.

        Returns
        -------
        norm : {norm}
            A new norm, ready for use.

        Raises
        ------
        ValueError
            If the module is of another class, even of one derived from these, has a `forward`,
            hooks or parametrizations of its own, or computes what this norm cannot.
        """
        check_class(module, cls)
        check_unchanged(module, cls)
        return cls._from_module(module)

    @classmethod
    def _from_weights(cls, weights: dict[str, Floats], params: dict[str, Any]) -> Self:
        """Return the norm with these weights, by their names in PyTorch, and parameters."""
        raise TypeError(f"{cls.__name__} defines no `_from_weights`, which from_state_dict needs.")

    @classmethod
    @template
    def from_state_dict(cls, state: Any, prefix: str = "", **params: Any) -> Self:
        """Return the norm whose weights are in a state dict, without PyTorch.

        Parameters
        ----------
        state : dict of str to tensor or array-like
            The weights of a module or of a whole network by name, from ``module.state_dict()`` or
            a file such as one of safetensors. They are copied.
        prefix : str, default=""
            What the names of this norm's weights begin with, such as "encoder.norm1.".
        **params : dict
            Parameters of {norm}. A state dict has no `eps`: where it is not given, that
            of {norm} is taken, so give it if the network has another.

        Returns
        -------
        norm : {norm}
            A new norm, ready for use.

        Raises
        ------
        ValueError
            If a weight is missing, not finite, or not one of such a norm, such as the parts of a
            parametrization; or if a parameter is needed that a state dict does not hold.

        Examples
        --------
        >>> import numpy as np
        >>> from sklearn_norm import LayerNorm
        >>> state = {"norm.weight": np.array([2.0, 3.0]), "norm.bias": np.zeros(2)}
        >>> LayerNorm.from_state_dict(state, prefix="norm.", eps=0.0).transform([[1.0, 3.0]])
        array([[-2.,  3.]])
        """
        weights = weights_of(state, prefix, cls._torch_weights, cls.__name__)
        return cls._from_weights(weights, params)

    @template
    def to_torch(self) -> Any:
        """Return a PyTorch module that computes the same, in float64.

        Returns
        -------
        module : {modules}
            A new module.

        Raises
        ------
        ValueError
            If the shape of a sample is not known, or no module computes the same.
        NotFittedError
            If the norm keeps running statistics and is not fitted.
        """
        return self._as_module().made()


def check_class(module: Any, cls: type[TorchModules]) -> None:
    """Refuse a module whose class is not one of those that the norm converts, to the letter."""
    from torch import nn

    names = (*cls._torch_names, *cls._torch_also)
    kinds = tuple(getattr(nn, name) for name in names)
    if type(module) in kinds or full_name(module) in cls._torch_elsewhere:
        return
    taken = f"{cls.__name__}.from_torch takes torch.nn.{listed(names)}"
    found = type(module)
    if isinstance(module, kinds) and nn.utils.parametrize.is_parametrized(module):
        raise ValueError(
            f"{taken}. Got {found.__name__}, whose weights are parametrized: call "
            "torch.nn.utils.parametrize.remove_parametrizations(module, name) first, which keeps "
            "their present values."
        )
    if isinstance(module, kinds):
        raise ValueError(
            f"{taken}, and no class derived from them. Got {found.__module__}."
            f"{found.__qualname__}, which may compute something else. If it computes the same, "
            f"copy it into a torch.nn module, or build {cls.__name__}(...) from its weights."
        )
    raise ValueError(f"{taken}. Got {found.__name__}.")


def full_name(module: Any) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def check_unchanged(module: Any, cls: type[TorchModules]) -> None:
    """Refuse a module of the right class that may compute something else than its class."""
    own = vars(module)
    home = type(module).forward.__module__.partition(".")[0]
    if "forward" in own or home not in ("torch", "torchvision"):
        raise ValueError(
            f"The {type(module).__name__} has a `forward` of its own, so {cls.__name__} may "
            "compute something else: take it off, or build the norm from the weights."
        )
    kinds = ("_forward_pre_hooks", "_forward_hooks")
    hooks = [hook for kind in kinds for hook in own.get(kind, {}).values()]
    if hooks:
        shown = getattr(hooks[0], "__qualname__", type(hooks[0]).__name__)
        raise ValueError(
            f"The {type(module).__name__} has a hook, {shown}, that may change what it takes, its "
            f"weights or its result, which {cls.__name__} does not: remove it first, by "
            "handle.remove() or by the function of torch.nn.utils that undoes it."
        )


def check_runs(module: Any) -> None:
    """Refuse a module that does not normalise by running statistics."""
    name = type(module).__name__
    of_sample = name.startswith("InstanceNorm")
    if module.running_mean is None or (of_sample and not module.track_running_stats):
        also = ", or InstanceNorm.from_torch takes it" if of_sample else ""
        raise ValueError(
            f"BatchNorm.from_torch takes torch.nn.BatchNorm1d and others with running statistics. "
            f"Got {name} without any: its track_running_stats must be True{also}."
        )
    if of_sample and module.training:
        raise ValueError(
            f"The {name} is in training, where it takes the statistics of each sample; it is a "
            "batch norm only in use: call module.eval() first."
        )


def weights_of(state: Any, prefix: Any, known: tuple[str, ...], norm: str) -> dict[str, Floats]:
    """Return the weights of a state dict whose names begin with a prefix, as float64 arrays."""
    if not isinstance(state, Mapping) or not isinstance(prefix, str):
        raise ValueError(
            f"{norm}.from_state_dict takes a dict of weights by name, and a string `prefix`. Got a "
            f"{type(state).__name__} and prefix={prefix!r}."
        )
    found = {
        str(name)[len(prefix) :]: value
        for name, value in state.items()
        if isinstance(name, str) and name.startswith(prefix)
    }
    strange = sorted(found.keys() - set(known))
    if strange or not found:
        others = sorted({name.rpartition(".")[0] + "." for name in state if "." in str(name)})
        what = f"also {strange[:3]}, which no {norm} has" if found else "nothing"
        raise ValueError(
            f"With prefix={prefix!r} the state dict holds {what}: a {norm} takes {listed(known)}. "
            f"Give the prefix of one norm, including its dot; there are {others[:8]}."
        )
    weights = {name: floats_of_weight(value) for name, value in found.items()}
    for name, value in weights.items():
        if not np.isfinite(value).all():
            raise ValueError(f"The weight {prefix + name!r} is not finite.")
    return weights


def floats_of_weight(value: Any) -> Floats:
    if hasattr(value, "detach"):
        return array_of(value)
    return np.array(value, dtype=np.float64)


def gain_and_offset(weights: dict[str, Floats]) -> dict[str, Any]:
    """Return gamma and beta, None where a state dict has none."""
    return {"gamma": weights.get("weight"), "beta": weights.get("bias")}


def axes_of(weights: dict[str, Floats], params: dict[str, Any]) -> dict[str, Any]:
    """Return how many axes are normalised, those of the weights, unless `axis` tells which."""
    if params.get("axis") is not None:
        return {}
    return {"normalized_ndim": max(value.ndim for value in weights.values())}


def size_of(weights: dict[str, Floats]) -> int:
    """Return the number of channels, which is that of the weights."""
    return max(value.size for value in weights.values())


def learned(module: Any) -> dict[str, Any]:
    """Return gamma and beta of a module as float64 arrays, None where it has none."""
    vectors = {"gamma": module.weight, "beta": getattr(module, "bias", None)}
    return {name: None if v is None else array_of(v) for name, v in vectors.items()}


def array_of(tensor: Any) -> Floats:
    """Return a copy of a tensor as a float64 array."""
    copied: Floats = tensor.detach().cpu().double().numpy().copy()
    return copied


def eps_of(module: Any) -> float:
    """Return the eps of a module; None means that of the dtype it computes in."""
    import torch

    if module.eps is not None:
        return float(module.eps)
    kept = torch.get_default_dtype() if module.weight is None else module.weight.dtype
    short = kept in (torch.float16, torch.bfloat16)  # computed in float32
    return float(torch.finfo(torch.float32 if short else kept).eps)


def dimensions(sample: tuple[int, ...]) -> str:
    """Return the suffix of a module's name, "1d" to "3d", for samples of a shape."""
    if len(sample) not in DIMENSIONS:
        raise ValueError(f"torch.nn has no such norm for samples of shape {sample}.")
    return DIMENSIONS[len(sample)]


def n_channels(sample: tuple[int, ...], channel_axis: int) -> int:
    """Return the number of channels of a sample; the channels must come first."""
    if channel_axis % (len(sample) + 1) != 1:
        raise ValueError(
            f"torch.nn has its channels at axis 1, this norm at channel_axis={channel_axis}."
        )
    return sample[0]


def is_given(*vectors: Array | None) -> bool:
    """Whether a gain or a bias is given, so that the module needs parameters."""
    return any(v is not None for v in vectors)
