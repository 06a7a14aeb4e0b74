"""Norms from a state dict: weights by name, of tensors or arrays, without PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from sklearn_norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm

WEIGHT, BIAS = np.array([2.0, 3.0, -1.0, 0.5]), np.array([0.5, 0.0, 1.0, 0.0])
STATE = {
    "layers.0.weight": np.ones((4, 4)),
    "norm.weight": WEIGHT,
    "norm.bias": BIAS.astype(np.float32),
    "bn.weight": WEIGHT,
    "bn.bias": BIAS,
    "bn.running_mean": np.array([4.0, 0.0, 1.0, 2.0]),
    "bn.running_var": np.array([0.25, 1.0, 4.0, 9.0]),
    "bn.num_batches_tracked": np.array(7),
}
X = np.array([[1.0, 3.0, 10.0, 50.0], [4.0, 4.0, 2.0, 0.0]])


@pytest.mark.parametrize(
    ("kind", "given", "same"),
    [
        (LayerNorm, {"eps": 0.5}, {"normalized_ndim": 1, "eps": 0.5}),
        (RMSNorm, {"eps": 1e-6}, {"normalized_ndim": 1, "eps": 1e-6}),
        (GroupNorm, {"num_groups": 2}, {"num_groups": 2, "num_channels": 4}),
        (InstanceNorm, {"channel_axis": -1}, {"channel_axis": -1}),
    ],
)
def test_weights_become_gamma_and_beta(kind, given, same):
    norm = kind.from_state_dict(STATE, prefix="norm.", **given)
    expected = kind(gamma=WEIGHT, beta=BIAS, **same)
    x = X if kind is not InstanceNorm else X.reshape(1, 2, 4)
    np.testing.assert_array_equal(norm.transform(x), expected.transform(x))
    norm.gamma[0] = 9.0
    assert WEIGHT[0] == 2.0  # a copy


def test_a_batch_norm_serves_and_goes_on():
    norm = BatchNorm.from_state_dict(STATE, "bn.", eps=0.0)
    mean, var = STATE["bn.running_mean"], STATE["bn.running_var"]
    np.testing.assert_allclose(norm.transform(X), (X - mean) / np.sqrt(var) * WEIGHT + BIAS)
    assert norm.n_batches_seen_ == 7
    norm.partial_fit(X)
    np.testing.assert_allclose(norm.running_mean_, 0.9 * mean + 0.1 * X.mean(axis=0))
    np.testing.assert_allclose(norm.running_var_, 0.9 * var + 0.1 * X.var(axis=0, ddof=1))
    old = {name: value for name, value in STATE.items() if "tracked" not in name}
    norm = BatchNorm.from_state_dict(old, "bn.")
    with pytest.raises(ValueError, match="no data can be added"):
        norm.partial_fit(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: LayerNorm.from_state_dict(STATE), r"prefix='' .* no LayerNorm has.*'norm\.'"),
        (lambda: LayerNorm.from_state_dict(STATE, "nor."), "holds nothing.*'norm.'"),
        (lambda: LayerNorm.from_state_dict(STATE, "bn."), r"\['num_batches_tracked', 'running_"),
        (lambda: RMSNorm.from_state_dict(STATE, "norm."), "holds no `eps`"),
        (lambda: GroupNorm.from_state_dict(STATE, "norm."), "give num_groups="),
        (lambda: BatchNorm.from_state_dict(STATE, "norm."), "has no weight `running_mean` and no `running_v"),
        (lambda: LayerNorm.from_state_dict({"weight": [np.nan]}), "'weight' is not finite"),
        (
            lambda: LayerNorm.from_state_dict({"parametrizations.weight.original0": [1.0]}),
            "no LayerNorm has",
        ),
        (lambda: LayerNorm.from_state_dict([1.0]), "takes a dict of weights by name"),
    ],
)
def test_what_is_missing_or_strange_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_state_dicts_of_pytorch_are_read():
    """Tensors of any float dtype, bfloat16 too."""
    torch = pytest.importorskip("torch", reason="PyTorch is optional; arrays are always read")
    network = torch.nn.Sequential(
        torch.nn.Linear(4, 4), torch.nn.BatchNorm1d(4), torch.nn.LayerNorm(4)
    )
    with torch.no_grad():
        network(torch.from_numpy(X).float())
        network[2].weight.copy_(torch.tensor(WEIGHT))
    network.eval()
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    state = network.state_dict()
    for at, kind in ((1, BatchNorm), (2, LayerNorm)):
        norm = kind.from_state_dict(state, prefix=f"{at}.")
        with torch.no_grad():
            expected = network[at](torch.from_numpy(x)).numpy()
        np.testing.assert_allclose(norm.transform(x), expected, rtol=1e-4, atol=1e-6)
    short = {name: value.bfloat16() for name, value in network[2].state_dict().items()}
    assert LayerNorm.from_state_dict(short).gamma.tolist() == WEIGHT.tolist()
