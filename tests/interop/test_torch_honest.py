"""A bridge from PyTorch converts what it knows to the letter, and refuses the rest by name."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

torch = pytest.importorskip("torch", reason="PyTorch is optional")
nn = torch.nn


class Activated(nn.BatchNorm2d):
    """Batch normalisation with an activation inside."""

    def forward(self, x):
        return super().forward(x).relu()


class UnitOffset(nn.RMSNorm):
    """RMS normalisation with a gain of 1 + weight."""

    def forward(self, x):
        return nn.functional.rms_norm(x, self.normalized_shape, 1 + self.weight, self.eps)


class ChannelsFirst(nn.LayerNorm):
    """Layer normalisation over the channels of NCHW."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


class Renamed(nn.GroupNorm):
    """The same as its base, which nobody can know."""


@pytest.mark.parametrize(
    ("norm", "module"),
    [
        (BatchNorm, Activated(3)),
        (RMSNorm, UnitOffset(3)),
        (LayerNorm, ChannelsFirst(3)),
        (GroupNorm, Renamed(1, 3)),
    ],
    ids=lambda given: type(given).__name__,
)
def test_classes_derived_from_those_of_torch_are_refused(norm, module):
    """They may compute something else; the message names the class and what to do."""
    name = type(module).__name__
    message = rf"no class derived from them. Got .*{name}, which may compute something else"
    with pytest.raises(ValueError, match=message):
        norm.from_torch(module)


def test_a_forward_of_its_own_is_refused(monkeypatch):
    """Of the object or of the class, as some accelerators replace it."""
    module = nn.LayerNorm(3)
    module.forward = lambda x: x.relu()
    with pytest.raises(ValueError, match="LayerNorm has a `forward` of its own"):
        LayerNorm.from_torch(module)
    monkeypatch.setattr(nn.RMSNorm, "forward", lambda self, x: x)
    with pytest.raises(ValueError, match="RMSNorm has a `forward` of its own"):
        RMSNorm.from_torch(nn.RMSNorm(3))


@pytest.mark.parametrize("kind", ["register_forward_hook", "register_forward_pre_hook"])
def test_hooks_are_refused_until_they_are_removed(kind):
    """They may change what comes in or goes out."""
    module = nn.LayerNorm(3)

    def doubled(module, given, result=None):
        return None

    handle = getattr(module, kind)(doubled)
    with pytest.raises(ValueError, match=r"has a hook, .*doubled, .*remove it first"):
        LayerNorm.from_torch(module)
    handle.remove()
    assert LayerNorm.from_torch(module).normalized_ndim == 1


def test_parametrized_modules_are_refused_with_the_way_to_freeze_them():
    """Afterwards the norm has the weights that the parametrization gave last."""
    module = nn.utils.parametrizations.weight_norm(nn.LayerNorm((2, 3)))
    with pytest.raises(ValueError, match="remove_parametrizations"):
        LayerNorm.from_torch(module)
    nn.utils.parametrize.remove_parametrizations(module, "weight")
    assert LayerNorm.from_torch(module).gamma.shape == (2, 3)


def trained(module, seed=0):
    """Return a module in use that has seen two batches, and samples."""
    x = np.random.default_rng(seed).normal(3, 2, (4, 3, 5, 2))
    module = module.double()
    with torch.no_grad():
        for name in ("weight", "bias"):
            if getattr(module, name, None) is not None:
                getattr(module, name).copy_(torch.tensor([1.5, -0.5, 2.0]))
        if type(module) is not nn.SyncBatchNorm:  # which trains on accelerators only
            module(torch.from_numpy(x))
            module(torch.from_numpy(x[::-1] * 3))
        else:
            module.running_mean.copy_(torch.tensor([1.0, 2.0, 3.0]))
            module.running_var.copy_(torch.tensor([4.0, 0.25, 1.0]))
    return module.eval(), x


@pytest.mark.parametrize(
    "module",
    [
        nn.SyncBatchNorm(3),
        nn.InstanceNorm2d(3, track_running_stats=True),
        nn.InstanceNorm2d(3, track_running_stats=True, affine=True, eps=0.5),
    ],
    ids=str,
)
def test_batch_norms_by_another_name_are_batch_norms(module):
    """In use they normalise by running statistics of channels."""
    module, x = trained(module)
    with torch.no_grad():
        expected = module(torch.from_numpy(x)).numpy()
    norm = BatchNorm.from_torch(module)
    np.testing.assert_allclose(norm.transform(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(norm.inverse_transform(expected), x, rtol=1e-12, atol=1e-12)
    if type(module) is nn.SyncBatchNorm:
        assert norm.partial_fit(x).n_batches_seen_ == 1
        return
    with pytest.raises(ValueError, match="no data can be added"):
        norm.partial_fit(x)  # the module would average the variances of single samples


def test_an_instance_norm_in_training_is_no_batch_norm():
    """There it takes the statistics of each sample, and in use those it has kept."""
    module = nn.InstanceNorm1d(3, track_running_stats=True)
    with pytest.raises(ValueError, match=r"call module.eval\(\) first"):
        BatchNorm.from_torch(module)
    with pytest.raises(ValueError, match=r"BatchNorm.from_torch\(module.eval\(\)\)"):
        InstanceNorm.from_torch(module)
    with pytest.raises(ValueError, match=r"or InstanceNorm.from_torch takes it"):
        BatchNorm.from_torch(nn.InstanceNorm1d(3).eval())


def frozen(name, module):
    """Return a frozen batch norm as torchvision writes it, of a class in this module."""

    class FrozenBatchNorm2d(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.eps = 0.25
            self.register_buffer("weight", torch.tensor([3.0] * n))
            self.register_buffer("bias", torch.tensor([0.5] * n))
            self.register_buffer("running_mean", torch.tensor([4.0] * n))
            self.register_buffer("running_var", torch.tensor([2.0] * n))

        def forward(self, x):
            scale = self.weight * (self.running_var + self.eps).rsqrt()
            shift = self.bias - self.running_mean * scale
            return x * scale[:, None, None] + shift[:, None, None]

    FrozenBatchNorm2d.__module__ = FrozenBatchNorm2d.forward.__module__ = module
    FrozenBatchNorm2d.__qualname__ = name
    return FrozenBatchNorm2d(3)


def test_frozen_batch_norms_of_torchvision_serve():
    """(x - 4) / 1.5 * 3 + 0.5; a class of the same name elsewhere may have another eps."""
    module = frozen("FrozenBatchNorm2d", "torchvision.ops.misc")
    x = np.array([1.0, 4.0, 5.5, 10.0]).reshape(1, 1, 2, 2).repeat(3, axis=1)
    norm = BatchNorm.from_torch(module)
    np.testing.assert_allclose(norm.transform(x)[0, 0].ravel(), [-5.5, 0.5, 3.5, 12.5])
    np.testing.assert_allclose(norm.transform(x), module(torch.from_numpy(x)), rtol=1e-6)
    with pytest.raises(ValueError, match="no data can be added"):
        norm.partial_fit(x)
    for other in ("mylab.backbone", "detectron2.layers.batch_norm"):
        with pytest.raises(ValueError, match="Got FrozenBatchNorm2d"):
            BatchNorm.from_torch(frozen("FrozenBatchNorm2d", other))


def test_the_frozen_batch_norm_of_torchvision_itself():
    torchvision = pytest.importorskip("torchvision", reason="torchvision is optional")
    module, x = trained_frozen(torchvision.ops.FrozenBatchNorm2d(3))
    norm = BatchNorm.from_torch(module)
    expected = module(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(norm.transform(x), expected, rtol=1e-12, atol=1e-12)


def trained_frozen(module):
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5))
    module = module.double()
    for name, value in (("weight", 2.0), ("bias", 0.5), ("running_mean", -1.0)):
        getattr(module, name).fill_(value)
    module.running_var.copy_(torch.tensor([4.0, 9.0, 0.25]))
    return module, x


@pytest.mark.parametrize(
    ("norm", "module", "shape"),
    [
        (GroupNorm, nn.GroupNorm(2, 4), (3, 4)),
        (GroupNorm, nn.GroupNorm(2, 4, affine=False), (3, 4)),
        (GroupNorm, nn.GroupNorm(4, 4), (3, 4)),
        (LayerNorm, nn.LayerNorm(1), (3, 1)),
        (LayerNorm, nn.LayerNorm(1, elementwise_affine=False), (3, 2, 1)),
        (RMSNorm, nn.RMSNorm(1, eps=1e-5), (3, 1)),
    ],
    ids=str,
)
def test_what_torch_runs_the_bridge_runs(norm, module, shape):
    """Rows of channels, and groups with one member, which become beta."""
    module = module.double()
    x = np.random.default_rng(0).normal(size=shape)
    with torch.no_grad():
        for value, tensor in enumerate(module.parameters(), 2):
            tensor.fill_(value)
        expected = module(torch.from_numpy(x)).numpy()
    made = norm.from_torch(module)
    np.testing.assert_allclose(made.transform(x), expected, rtol=1e-12, atol=1e-12)
    again = made.fit(x).to_torch()
    with torch.no_grad():
        np.testing.assert_allclose(again(torch.from_numpy(x)), expected, rtol=1e-12, atol=1e-12)
