"""The mixin for PyTorch: docstrings that name each class, and the two hooks."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import sklearn_norm
from sklearn_norm.interop.docstrings import listed
from sklearn_norm.interop.torch import Module, TorchModules
from sklearn_norm.tensors.trailing import TrailingNorm

MODULES = {
    "LayerNorm": "torch.nn.LayerNorm",
    "RMSNorm": "torch.nn.RMSNorm",
    "GroupNorm": "torch.nn.GroupNorm",
    "InstanceNorm": "torch.nn.InstanceNorm1d, InstanceNorm2d or InstanceNorm3d",
    "BatchNorm": "torch.nn.BatchNorm1d, BatchNorm2d or BatchNorm3d",
}
ALSO = {  # what BatchNorm is made from, but does not become
    "BatchNorm": "torch.nn.BatchNorm1d, BatchNorm2d, BatchNorm3d, SyncBatchNorm, InstanceNorm1d, "
    "InstanceNorm2d or InstanceNorm3d",
}
FROM = """Return the norm that computes what a PyTorch module does.

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
    hooks or parametrizations of its own, or computes what this norm cannot."""
TO = """Return a PyTorch module that computes the same, in float64.

Returns
-------
module : {modules}
    A new module.

Raises
------
ValueError
    If the shape of a sample is not known, or no module computes the same.
NotFittedError
    If the norm keeps running statistics and is not fitted."""


class Doubled(TorchModules, TrailingNorm):
    """Layer normalisation with twice the gain of a module."""

    _torch_names = ("LayerNorm",)

    @classmethod
    def _from_module(cls, module):
        return cls(eps=module.eps, gamma=2.0)

    def _as_module(self):
        size = self._known_sample()
        return Module("LayerNorm", (size,), {"eps": self.eps}, {"weight": [2, 4], "bias": None})


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is optional")


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(("method", "text"), [("from_torch", FROM), ("to_torch", TO)])
def test_each_class_names_itself_and_its_modules(name, method, text):
    found = inspect.getdoc(getattr(getattr(sklearn_norm, name), method))
    taken = ALSO.get(name, MODULES[name])
    assert found == text.format(norm=name, modules=MODULES[name], taken=taken)


def test_every_norm_with_modules_is_here():
    """AdaNorm has none."""
    kinds = [getattr(sklearn_norm, name) for name in sklearn_norm.__all__]
    kinds = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, TorchModules)]
    assert {kind.__name__ for kind in kinds} == MODULES.keys()
    assert not hasattr(sklearn_norm.AdaNorm, "from_torch")


@pytest.mark.parametrize("name", MODULES)
def test_methods_are_those_of_the_class_in_signature_and_name(name):
    kind = getattr(sklearn_norm, name)
    assert list(inspect.signature(kind.from_torch).parameters) == ["module"]
    assert list(inspect.signature(kind.to_torch).parameters) == ["self"]
    assert kind.from_torch.__qualname__ == f"{name}.from_torch"
    assert kind.to_torch.__qualname__ == f"{name}.to_torch"


def test_a_subclass_keeps_the_docstrings_unless_it_names_modules():
    """And leaves those of its base as they are."""

    class Derived(sklearn_norm.LayerNorm):
        pass

    class Renamed(sklearn_norm.LayerNorm):
        _torch_names = ("LayerNorm", "RMSNorm")

    assert Derived.from_torch.__doc__ == sklearn_norm.LayerNorm.from_torch.__doc__
    assert "module : torch.nn.LayerNorm or RMSNorm\n" in Renamed.from_torch.__doc__
    assert "norm : Renamed\n" in Renamed.from_torch.__doc__
    assert "norm : LayerNorm\n" in sklearn_norm.LayerNorm.from_torch.__doc__


def test_names_are_listed_as_in_a_sentence():
    assert [listed(tuple("abc"[:n])) for n in (1, 2, 3)] == ["a", "a or b", "a, b or c"]


def test_a_norm_of_ones_own_has_a_way_from_and_to_torch(torch):
    norm = Doubled.from_torch(torch.nn.LayerNorm(2, eps=0.25))
    assert type(norm) is Doubled
    assert (norm.eps, norm.gamma) == (0.25, 2.0)
    module = norm.set_params(shape=(2,)).to_torch()
    assert type(module) is torch.nn.LayerNorm
    assert module.eps == 0.25
    assert module.weight.dtype == torch.float64
    np.testing.assert_array_equal(module.weight.detach(), [2.0, 4.0])
    np.testing.assert_array_equal(module.bias.detach(), [0.0, 0.0])  # None: as it was made
    with pytest.raises(ValueError, match=r"^Doubled.from_torch takes torch.nn.LayerNorm. Got Lin"):
        Doubled.from_torch(torch.nn.Linear(2, 2))


def test_a_subclass_is_made_by_from_torch(torch):
    class Derived(sklearn_norm.GroupNorm):
        pass

    norm = Derived.from_torch(torch.nn.GroupNorm(2, 4))
    assert type(norm) is Derived
    assert norm.num_groups == 2


def test_several_classes_are_named_in_full_when_another_is_refused(torch):
    message = f"^BatchNorm.from_torch takes {ALSO['BatchNorm']}. Got Linear.$"
    with pytest.raises(ValueError, match=message):
        sklearn_norm.BatchNorm.from_torch(torch.nn.Linear(2, 2))
