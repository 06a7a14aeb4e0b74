"""What norms of trailing axes share, and what norms of channels share."""

from __future__ import annotations

import importlib
import inspect
import pickle

import laws
import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

import sklearn_norm
from sklearn_norm.tensors.axes import channelwise
from sklearn_norm.tensors.channels import ChannelNorm
from sklearn_norm.tensors.trailing import TrailingNorm

EPS, VECTORS = ("eps", 1e-5), (("gamma", None), ("beta", None))
AXIS, UNIT, DTYPE = ("axis", None), ("unit_offset", False), ("dtype", None)
PARAMETERS = {
    "LayerNorm": (("shape", None), ("normalized_ndim", None), AXIS, EPS, *VECTORS, UNIT, DTYPE),
    "RMSNorm": (("shape", None), ("normalized_ndim", None), AXIS, EPS, *VECTORS, UNIT, DTYPE),
    "AdaNorm": (("shape", None), AXIS, ("C", 1.0), ("k", 0.1), EPS, *VECTORS, UNIT, DTYPE),
    "GroupNorm": (
        ("shape", None),
        ("num_groups", 1),
        ("num_channels", None),
        ("channel_axis", 1),
        EPS,
        *VECTORS,
        DTYPE,
    ),
    "InstanceNorm": (
        ("shape", None),
        ("channel_axis", 1),
        ("center", "mean"),
        EPS,
        *VECTORS,
        DTYPE,
    ),
}
MODULES = {
    "LayerNorm": "layer",
    "RMSNorm": "rms",
    "AdaNorm": "ada",
    "GroupNorm": "group",
    "InstanceNorm": "instance",
}
SHARED = ("shape", "eps", "gamma, beta")  # parameters that mean the same in a family
FAMILIES = [("LayerNorm", "RMSNorm"), ("GroupNorm", "InstanceNorm")]
X = np.array([[1.0, -7.0, 5.0, 3.0], [2.0, 2.0, 2.0, 8.0]])


class LengthNorm(TrailingNorm):
    """Divide each sample by the root mean square of its members."""

    _centred = False


class WholeNorm(ChannelNorm):
    """Normalise all channels of a sample together, with a gain for each channel."""

    def _axes(self, sample):
        return channelwise(sample, self.channel_axis, 1)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_have_the_order_and_the_defaults_that_users_know(name):
    """Every parameter is a keyword, whichever class the signature comes from."""
    kind = getattr(sklearn_norm, name)
    found = inspect.signature(kind).parameters.values()
    assert tuple((p.name, p.default) for p in found) == PARAMETERS[name]
    assert {p.kind for p in found} == {inspect.Parameter.KEYWORD_ONLY}
    assert kind().get_params() == dict(PARAMETERS[name])
    assert kind._parameter_constraints.keys() == dict(PARAMETERS[name]).keys()


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_are_kept_as_given_and_shown(name):
    given = {name: object() for name, _ in PARAMETERS[name]}
    norm = getattr(sklearn_norm, name)(**given)
    assert norm.get_params() == given
    assert repr(getattr(sklearn_norm, name)(eps=0.5)) == f"{name}(eps=0.5)"


@pytest.mark.parametrize("name", PARAMETERS)
def test_each_norm_stays_in_its_module(name):
    """And is pickled under its public name."""
    module = importlib.import_module(f"sklearn_norm.tensors.{MODULES[name]}")
    assert getattr(module, name) is getattr(sklearn_norm, name)
    assert getattr(module, name).__module__ == "sklearn_norm"


def section(docstring, title):
    """Return the entries under a title of a docstring, as (name, what is said of it)."""
    lines = inspect.cleandoc(docstring).splitlines()
    start = lines.index(title) + 2
    said, name = {}, None
    for line in lines[start:]:
        if line and not line.startswith(" "):
            if " : " not in line:
                break
            name, _, kind = line.partition(" : ")
            said[name] = [kind]
        elif line:
            said[name].append(line)
    return said


@pytest.mark.parametrize("family", FAMILIES)
def test_docstrings_of_a_family_say_the_same_of_what_it_shares(family):
    """But for what eps is added to."""
    parameters = [section(getattr(sklearn_norm, name).__doc__, "Parameters") for name in family]
    attributes = [section(getattr(sklearn_norm, name).__doc__, "Attributes") for name in family]
    assert attributes[0] == attributes[1]
    assert set(SHARED) < parameters[0].keys() & parameters[1].keys()
    for name in parameters[0].keys() & parameters[1].keys():
        words = [" ".join(p[name]).replace("mean square", "variance") for p in parameters]
        assert words[0] == words[1]


# A norm of one's own


def test_a_norm_of_trailing_axes_takes_two_lines():
    """(1, -7, 5, 3) has the root mean square sqrt(21)."""
    Z = LengthNorm(eps=0.0).transform(X)
    np.testing.assert_allclose(Z[0], X[0] / np.sqrt(21), rtol=1e-15)
    laws.assert_same_bits(Z, sklearn_norm.RMSNorm(eps=0.0).transform(X))
    paired = LengthNorm(shape=(2, 2), normalized_ndim=1, eps=0.0).transform(X)
    np.testing.assert_allclose(paired[0, :2], X[0, :2] / 5, rtol=1e-15)


def test_a_norm_of_channels_takes_three_lines():
    """Channels (1, -7) and (5, 3) have the mean 0.5 together, and gains of their own."""
    Z = WholeNorm(shape=(2, 2), gamma=[1.0, 2.0], eps=0.0).transform(X[:1])
    scale = np.sqrt(np.mean((X[0] - 0.5) ** 2))
    expected = (X[:1] - 0.5) / scale * [1, 1, 2, 2]
    np.testing.assert_allclose(Z, expected, rtol=1e-15)
    last = WholeNorm(shape=(2, 2), channel_axis=-1, gamma=[1.0, 2.0], eps=0.0).transform(X[:1])
    np.testing.assert_allclose(last, (X[:1] - 0.5) / scale * [1, 2, 1, 2], rtol=1e-15)


@pytest.mark.parametrize("norm", [LengthNorm(), WholeNorm()], ids=repr)
def test_norms_of_ones_own_pass_the_checks_of_sklearn(norm):
    """All but check_array_api_input, which inverts a result without the statistics."""
    results = check_estimator(norm, on_skip=None, on_fail=None)
    left = {r["check_name"]: str(r["exception"]) for r in results if r["status"] != "passed"}
    assert len(results) > 40
    assert left.keys() <= {"check_array_api_input"}
    known = ("normalises each sample by its own statistics", "SCIPY_ARRAY_API is not set")
    assert all(any(words in error for words in known) for error in left.values())


@pytest.mark.parametrize(
    "norm", [LengthNorm(beta=2.0), WholeNorm(shape=(2, 2), gamma=2.0)], ids=repr
)
def test_norms_of_ones_own_are_undone_pickled_and_saved(norm):
    Z, stats = norm.fit(X).transform(X, return_stats=True)
    np.testing.assert_allclose(norm.inverse_transform(Z, stats=stats), X, rtol=1e-14, atol=1e-14)
    laws.assert_same_bits(pickle.loads(pickle.dumps(norm)).transform(X), Z)
    laws.estimator_survives_json(norm, X, X[:1])


@pytest.mark.parametrize(
    ("norm", "parameter"),
    [(LengthNorm(normalized_ndim=0), "normalized_ndim"), (WholeNorm(channel_axis=1.5), "channel")],
    ids=repr,
)
def test_norms_of_ones_own_refuse_wrong_parameters(norm, parameter):
    with pytest.raises(ValueError, match=f"The '{parameter}.*' parameter of {type(norm).__name__}"):
        norm.fit(X)
