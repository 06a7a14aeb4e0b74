"""Docstrings of the functions that must say the same are the same."""

from __future__ import annotations

import inspect
import re

import pytest

from sklearn_norm import functional

NORMS = ["ada_norm", "batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]
BACKWARD = [n.removesuffix("_backward") for n in functional.__all__ if n.endswith("_backward")]
OTHERS = sorted({*BACKWARD} - {*NORMS, "reversible"})
ONLY_FORWARD = {"return_sigma", "return_stats"}  # what says what is returned
NAMES = sorted([*NORMS, *(f"{name}_backward" for name in NORMS)])
TRAILING = ("ada_norm", "layer_norm", "rms_norm")
SHAPES = {name: "n_normalised_members" if name in TRAILING else "n_channels" for name in NORMS}


def sections(name):
    """Return the sections of a docstring by title; entries as {name: text}."""
    text = inspect.getdoc(getattr(functional, name))
    titles = re.split(r"\n\n(\w+)\n-+\n", text)
    return dict(zip(titles[1::2], titles[2::2], strict=True))


def entries(name, title):
    parts = re.split(r"^(\S.*?) : ", sections(name)[title], flags=re.MULTILINE)
    return dict(zip(parts[1::2], (p.strip() for p in parts[2::2]), strict=True))


def test_all_norms_are_here():
    assert {*NORMS} < {*BACKWARD}
    assert all(name in functional.__all__ for name in OTHERS)


@pytest.mark.parametrize("name", functional.__all__)
def test_every_function_describes_its_parameters_in_order(name):
    described = ", ".join(entries(name, "Parameters")).split(", ")
    assert described == list(inspect.signature(getattr(functional, name)).parameters)
    assert {"Returns", "Examples"} <= sections(name).keys()


@pytest.mark.parametrize("name", OTHERS)
def test_other_functions_say_the_same_forward_and_backward(name):
    """In parameters, after the gradient, and in what they raise."""
    forward, backward = (entries(n, "Parameters") for n in (name, f"{name}_backward"))
    assert backward.pop("grad").endswith("The gradient of the loss with respect to the result.")
    assert backward == {k: v for k, v in forward.items() if k not in ONLY_FORWARD}
    one, two = (
        list(inspect.signature(getattr(functional, n)).parameters.values())
        for n in (name, f"{name}_backward")
    )
    assert two[1:] == [p for p in one if p.name not in ONLY_FORWARD]


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_described_in_order(name):
    described = ", ".join(entries(name, "Parameters")).split(", ")
    assert described == list(inspect.signature(getattr(functional, name)).parameters)


@pytest.mark.parametrize("name", NORMS)
def test_backward_describes_the_parameters_of_forward_in_its_words(name):
    forward = entries(name, "Parameters")
    backward = entries(f"{name}_backward", "Parameters")
    assert backward.pop("grad") == (
        "array-like of the shape of x\n    The gradient of the loss with respect to the result."
    )
    assert backward == {k: v for k, v in forward.items() if k not in ONLY_FORWARD}


@pytest.mark.parametrize("name", NORMS)
def test_backward_has_the_signature_of_forward_after_the_gradient(name):
    forward = list(inspect.signature(getattr(functional, name)).parameters.values())
    grad, *backward = inspect.signature(getattr(functional, f"{name}_backward")).parameters.values()
    assert grad.name == "grad"
    assert backward == [p for p in forward if p.name not in ONLY_FORWARD]


@pytest.mark.parametrize("name", NORMS)
def test_all_norms_describe_a_parameter_in_the_same_words(name):
    """But for what RMS norm adds eps to, and for gamma and beta of channels."""
    found, first = entries(name, "Parameters"), entries("layer_norm", "Parameters")
    channels = entries("group_norm", "Parameters")
    found = {key: text.replace("mean square", "variance") for key, text in found.items()}
    assert f"({SHAPES[name]},)" in found["gamma, beta"]
    for key in first.keys() & found.keys():
        expected = channels if key == "gamma, beta" and name not in TRAILING else first
        assert found[key] == expected[key]
    assert found.get("channel_axis", channels["channel_axis"]) == channels["channel_axis"]


@pytest.mark.parametrize("name", NORMS)
def test_all_norms_return_and_raise_in_the_same_words(name):
    backward = f"{name}_backward"
    assert sections(name)["Returns"] == sections("layer_norm")["Returns"]
    assert sections(backward)["Returns"] == sections("layer_norm_backward")["Returns"]
    assert sections(name)["Raises"] == sections(backward)["Raises"]
    assert sections(name)["Raises"] == sections("layer_norm")["Raises"]


@pytest.mark.parametrize("name", functional.__all__)
def test_every_function_has_an_example_that_imports_it(name):
    assert f"from sklearn_norm.functional import {name}" in sections(name)["Examples"]
