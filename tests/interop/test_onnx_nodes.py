"""The tests that ONNX has for its own nodes, through the functions of this library."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import onnx
import pytest
from onnx.backend.test.case import node as cases

from sklearn_norm import functional

LEAST = {  # how many tests there are of each operation
    "LayerNormalization": 19,
    "RMSNormalization": 19,
    "GroupNormalization": 2,
    "InstanceNormalization": 2,
    "BatchNormalization": 4,
    "MeanVarianceNormalization": 1,
}


def cases_of(operation):
    """Return the tests of one operation: each with its options, inputs and expected outputs."""
    state = np.random.get_state()  # noqa: NPY002 (onnx draws its numbers while it is imported)
    for module in pkgutil.iter_modules(cases.__path__):  # such as batchnorm, or batch_normalization
        if operation.lower().startswith(module.name.replace("_", "")):
            importlib.import_module(f"{cases.__name__}.{module.name}")
    np.random.set_state(state)  # noqa: NPY002
    for case in cases._NodeTestCases:
        nodes = case.model.graph.node
        if len(nodes) == 1 and nodes[0].op_type == operation:
            options = {a.name: onnx.helper.get_attribute_value(a) for a in nodes[0].attribute}
            yield case, options, *case.data_sets[0]


def trailing(x, options):
    """Return the axes from `axis` on, those of the samples among them."""
    return tuple(range(options.get("axis", -1) % x.ndim, x.ndim))


def layer(x, gamma, beta=None, **options):
    axis = trailing(x, options)
    given = {"axis": axis, "gamma": gamma, "beta": beta, "eps": options.get("epsilon", 1e-5)}
    y, stats = functional.layer_norm(x, return_stats=True, **given)
    left = [1 if at in axis else n for at, n in enumerate(x.shape)]
    return y, stats[..., 0].reshape(left), 1 / stats[..., 1].reshape(left)


def rms(x, gamma, **options):
    given = {"axis": trailing(x, options), "eps": options.get("epsilon", 1e-5)}
    return (functional.rms_norm(x, gamma=gamma, **given),)


def group(x, gamma, beta, **options):
    given = {"num_groups": options["num_groups"], "eps": options.get("epsilon", 1e-5)}
    return (functional.group_norm(x, gamma=gamma, beta=beta, **given),)


def instance(x, gamma, beta, **options):
    return (functional.instance_norm(x, gamma=gamma, beta=beta, eps=options.get("epsilon", 1e-5)),)


def batch(x, gamma, beta, mean, var, **options):
    given = {"gamma": gamma, "beta": beta, "eps": options.get("epsilon", 1e-5)}
    if not options.get("training_mode", 0):
        return (functional.batch_norm(x, mean=mean, var=var, **given),)
    y, stats = functional.batch_norm(x, return_stats=True, **given)
    own, scale = stats[0].T  # ONNX averages the variance without a correction
    kept = options.get("momentum", 0.9)
    after = [kept * mean + (1 - kept) * own]
    return y, *after, kept * var + (1 - kept) * (scale**2 - given["eps"])


def mean_variance(x, **options):
    return (functional.layer_norm(x, axis=tuple(options.get("axes", (0, 2, 3))), eps=0.0),)


OURS = dict(zip(LEAST, (layer, rms, group, instance, batch, mean_variance), strict=True))


@pytest.mark.parametrize("operation", LEAST)
def test_every_test_of_a_node_passes(operation):
    """All results, within the tolerances that ONNX tells, float32 in and out."""
    if operation not in {schema.name for schema in onnx.defs.get_all_schemas()}:
        pytest.skip(f"onnx {onnx.__version__} does not have the operation {operation} yet")
    found = list(cases_of(operation))
    assert len(found) >= LEAST[operation]
    for case, options, inputs, outputs in found:
        results = OURS[operation](*inputs, **options)
        assert results[0].dtype == outputs[0].dtype, case.name
        for result, expected in zip(results, outputs, strict=False):
            assert result.shape == expected.shape, case.name
            np.testing.assert_allclose(
                result, expected, rtol=case.rtol, atol=case.atol, err_msg=case.name
            )
        assert len(results) >= len(outputs)
