"""Calls in PyTorch's order are errors that show the call here."""

from __future__ import annotations

import inspect
import re
from functools import partial

import numpy as np
import pytest

import sklearn_norm
from sklearn_norm import functional

X = np.array([[1.0, 2.0, 6.0, -1.0], [0.0, 3.0, 3.0, 5.0]])
W, B, M, V = np.arange(1.0, 5.0), np.ones(4), np.zeros(4), np.full(4, 4.0)
RUNNING = "running_mean=running_mean, running_var=running_var"
NORMS = ("layer_norm", "rms_norm", "ada_norm", "group_norm", "instance_norm", "batch_norm")
# name, arguments after x in PyTorch's order, the call that the message shows
POSITIONAL = [
    ("layer_norm", ((4,),), "x, normalized_ndim=1"),
    ("layer_norm", (4,), "x, normalized_ndim=1"),
    ("layer_norm", ([2, 4],), "x, normalized_ndim=2"),
    ("layer_norm", ((4,), W), "x, normalized_ndim=1, gamma=weight"),
    ("layer_norm", ((4,), None, B), "x, normalized_ndim=1, beta=bias"),
    ("layer_norm", ((4,), W, B, 1e-3), "x, normalized_ndim=1, gamma=weight, beta=bias, eps=0.001"),
    ("layer_norm", (W, B), "x, gamma=gamma, beta=beta"),
    ("rms_norm", ((2,),), "x, normalized_ndim=1"),
    ("rms_norm", ((4,), W, 1e-3), "x, normalized_ndim=1, gamma=weight, eps=0.001"),
    ("group_norm", (2,), "x, num_groups=2"),
    ("group_norm", (2, W, B), "x, num_groups=2, gamma=weight, beta=bias"),
    ("batch_norm", (M, V), f"x, {RUNNING}"),
    ("batch_norm", (M, V, W, B), f"x, {RUNNING}, gamma=weight, beta=bias"),
    ("batch_norm", (M, V, W, B, True), f"x, {RUNNING}, gamma=weight, beta=bias, training=True"),
    (
        "batch_norm",
        (None, None, W, B, True, 0.1, 1e-3),
        "x, gamma=weight, beta=bias, training=True, momentum=0.1, eps=0.001",
    ),
    ("instance_norm", (None, None, W, B), "x, gamma=weight, beta=bias"),
    ("instance_norm", (M, V), "x"),
    ("ada_norm", (W, B), "x, gamma=gamma, beta=beta"),
]
NAMED = [
    ("layer_norm", {"normalized_shape": (4,), "weight": W}, "x, normalized_ndim=1, gamma=weight"),
    (
        "batch_norm",
        {"weight": W, "running_mean": M, "running_var": V},
        f"x, gamma=weight, {RUNNING}",
    ),
    ("group_norm", {"num_groups": 2, "bias": B}, "x, num_groups=2, beta=bias"),
]


def refused(call, *arguments, **named):
    """Return the message of the TypeError."""
    with pytest.raises(TypeError) as error:
        call(*arguments, **named)
    return str(error.value)


@pytest.mark.parametrize(("name", "given", "call"), POSITIONAL)
def test_11_2_what_pytorch_takes_by_position_is_an_error_that_shows_our_call(name, given, call):
    message = refused(getattr(functional, name), X, *given)
    assert message == (
        f"{name} takes only `x` by position, and its own keywords. Write {name}({call})."
    )
    name = f"{name}_backward"
    message = refused(getattr(functional, name), X, X, *given)
    assert message == (
        f"{name} takes only `grad` and `x` by position, and its own keywords. "
        f"Write {name}(grad, {call})."
    )


@pytest.mark.parametrize(("name", "given", "call"), NAMED)
def test_11_2_names_of_pytorch_are_errors_that_show_our_call(name, given, call):
    message = refused(getattr(functional, name), X, **given)
    assert message.endswith(f"Write {name}({call}).")


def test_11_2_the_calls_that_are_shown_give_the_numbers_of_pytorch():
    """Its formulas, in plain NumPy."""
    centred = X - X.mean(axis=1, keepdims=True)
    y = centred / np.sqrt(X.var(axis=1, keepdims=True) + 1e-5)
    for call in (partial(functional.layer_norm, normalized_ndim=1), functional.layer_norm):
        np.testing.assert_allclose(call(X), y, rtol=1e-14)
        np.testing.assert_allclose(call(X, gamma=W, beta=B), y * W + B, rtol=1e-13)
    root = np.sqrt((X**2).mean(axis=1, keepdims=True) + 1e-3)
    y = functional.rms_norm(X, normalized_ndim=1, gamma=W, eps=0.001)
    np.testing.assert_allclose(y, X / root * W, rtol=1e-14)
    halves = X.reshape(2, 2, 2)
    y = (halves - halves.mean(axis=2, keepdims=True)) / np.sqrt(
        halves.var(axis=2, keepdims=True) + 1e-5
    )
    np.testing.assert_allclose(functional.group_norm(X, num_groups=2), y.reshape(2, 4), rtol=1e-14)
    y = functional.batch_norm(X, running_mean=M, running_var=V, gamma=W, beta=B)
    np.testing.assert_allclose(y, X / np.sqrt(4 + 1e-5) * W + B, rtol=1e-14)


@pytest.mark.parametrize("name", NORMS)
def test_11_2_all_but_the_data_are_keywords(name):
    for function, data in (
        (getattr(functional, name), ["x"]),
        (getattr(functional, f"{name}_backward"), ["grad", "x"]),
    ):
        found = inspect.signature(function).parameters.values()
        placed = [p.name for p in found if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert placed == data
        assert {p.kind for p in found if p.name not in data} == {inspect.Parameter.KEYWORD_ONLY}
        for value in (None, 1, 2.0, (4,), W, "x"):
            assert f"{function.__name__}(" in refused(function, *[X] * len(data), value)


@pytest.mark.parametrize(
    ("name", "given", "named", "call"),
    [
        ("LayerNorm", (8,), {}, "LayerNorm(normalized_ndim=1)"),
        ("LayerNorm", ((3, 8), 1e-3), {}, "LayerNorm(normalized_ndim=2, eps=0.001)"),
        ("LayerNorm", (), {"normalized_shape": [3, 8]}, "LayerNorm(normalized_ndim=2)"),
        ("LayerNorm", (8,), {"elementwise_affine": False}, "LayerNorm(normalized_ndim=1)"),
        ("RMSNorm", ((8,), 1e-3), {}, "RMSNorm(normalized_ndim=1, eps=0.001)"),
        ("GroupNorm", (2, 4), {}, "GroupNorm(num_groups=2, num_channels=4)"),
        ("GroupNorm", (2,), {"num_channels": 4}, "GroupNorm(num_groups=2, num_channels=4)"),
        ("BatchNorm", (16,), {}, "BatchNorm()"),
        ("BatchNorm", (16, 1e-3, 0.2), {}, "BatchNorm(eps=0.001, momentum=0.2)"),
        ("BatchNorm", (), {"num_features": 16, "momentum": 0.2}, "BatchNorm(momentum=0.2)"),
        ("InstanceNorm", (16,), {}, "InstanceNorm()"),
        ("InstanceNorm", (16,), {"affine": True}, "InstanceNorm()"),
        ("AdaNorm", (16,), {}, "AdaNorm()"),
    ],
)
def test_11_2_classes_called_as_modules_of_pytorch_say_what_to_write(name, given, named, call):
    message = refused(getattr(sklearn_norm, name), *given, **named)
    assert message == (
        f"{name} takes its own keywords only. Write {call}. "
        f"For samples flattened to rows, write {name}(shape=...)."
    )
    eval(call, vars(sklearn_norm))


def test_11_2_other_mistakes_are_pythons_own_errors():
    assert "unexpected keyword argument 'gama'" in refused(functional.layer_norm, X, gama=W)
    assert "missing 1 required positional argument: 'x'" in refused(functional.layer_norm)
    assert "unexpected keyword argument 'axes'" in refused(sklearn_norm.LayerNorm, axes=1)


def test_11_2_a_subclass_is_named_as_itself():
    class MyNorm(sklearn_norm.LayerNorm):
        """A user's own."""

    assert re.match(r"MyNorm takes .* Write MyNorm\(normalized_ndim=1\)", refused(MyNorm, 8))
