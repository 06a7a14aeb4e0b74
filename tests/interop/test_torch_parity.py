"""Tensor norms beside PyTorch: results, gradients and running buffers, stored and live."""

from __future__ import annotations

import itertools
import json
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

import sklearn_norm
from sklearn_norm import BatchNorm, GroupNorm, InstanceNorm, LayerNorm, RMSNorm, functional

DATA = Path(__file__).parents[1] / "data"
SCRIPT = DATA / "make_torch_norms.py"
TORCH = runpy.run_path(str(SCRIPT))
STORED = json.loads((DATA / "torch_norms.json").read_text(encoding="utf-8"))
FUNCTIONS = {
    "LayerNorm": "layer_norm",
    "RMSNorm": "rms_norm",
    "GroupNorm": "group_norm",
    "InstanceNorm": "instance_norm",
    "BatchNorm": "batch_norm",
}
BARS = {"float64": 1e-12, "float32": 2.0}  # of the largest value; units in the last place
LARGE = [  # more than a piece of the kernel, more positions than BatchNorm takes as rows
    ("LayerNorm", [[512]], (40, 512), {}),
    ("RMSNorm", [[512]], (40, 512), {}),
    ("GroupNorm", [4, 8], (3, 8, 17, 16), {}),
    ("InstanceNorm2d", [5], (3, 5, 17, 16), {}),
    ("BatchNorm1d", [5], (70, 5), {}),
    ("BatchNorm2d", [5], (3, 5, 17, 16), {}),
    ("BatchNorm3d", [3], (2, 3, 9, 6, 5), {"momentum": None}),
]
MODULES = {  # a module of each kind, as arguments of TORCH["made"]
    "LayerNorm": ("LayerNorm", [[3, 4]]),
    "RMSNorm": ("RMSNorm", [[3, 4]]),
    "GroupNorm": ("GroupNorm", [2, 4]),
    "InstanceNorm1d": ("InstanceNorm1d", [3]),
    "InstanceNorm2d": ("InstanceNorm2d", [3]),
    "InstanceNorm3d": ("InstanceNorm3d", [3]),
    "BatchNorm1d": ("BatchNorm1d", [3]),
    "BatchNorm2d": ("BatchNorm2d", [3]),
    "BatchNorm3d": ("BatchNorm3d", [3]),
}


@pytest.fixture
def torch():
    """PyTorch on one thread: on small tensors, more threads only slow it down."""
    torch = pytest.importorskip(
        "torch", reason="PyTorch is optional; stored results are always met"
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(threads)


def kind_of(module):
    """Return the name of our class."""
    return module.rstrip("123d")


def options_of(module, arguments, axis):
    """Return what says the same of the axes to our functions and classes."""
    kind = kind_of(module)
    if kind in ("LayerNorm", "RMSNorm"):
        return {"normalized_ndim": len(arguments[0])}
    return {"channel_axis": axis, **({"num_groups": arguments[0]} if kind == "GroupNorm" else {})}


def error(actual, expected, dtype):
    """Return the largest error, in shares of the largest value or units in the last place."""
    assert actual.shape == expected.shape
    assert actual.dtype == dtype
    difference = np.abs(actual.astype(np.float64) - expected)
    if dtype == np.float64:
        return float((difference / np.abs(expected).max()).max())
    return float((difference / np.spacing(np.abs(expected).astype(np.float32))).max())


def errors_of(case, dtype, affine):
    """Yield what was compared and the error of it, for one module and its batches."""
    kind = kind_of(case["module"])
    n_axes = np.ndim(case["batches"][0])
    steps = [{k: np.array(v) for k, v in s.items()} for s in case["affine" if affine else "plain"]]
    batches = [np.array(b, dtype) for b in case["batches"]]
    grads = [np.array(g, dtype) for g in case["grads"]]
    gamma = np.array(case["gamma"], dtype) if affine else None
    beta = np.array(case["beta"], dtype) if affine and kind != "RMSNorm" else None
    for axis in (1, -1) if n_axes > 2 and kind not in ("LayerNorm", "RMSNorm") else (1,):
        xs, gs = ([np.moveaxis(v, 1, axis) for v in vs] for vs in (batches, grads))
        options = options_of(case["module"], case["arguments"], axis)
        options["eps"] = case["options"]["eps"]
        more = {}
        if kind == "BatchNorm":
            more = {"bias_correction": False, "variance": "within", "ddof": 1}
            more["momentum"] = case["options"].get("momentum", 0.1)
        norm = getattr(sklearn_norm, kind)(
            shape=xs[0].shape[1:], **options, **more, gamma=gamma, beta=beta
        )
        evaluated = len(steps) - len(xs)
        assert evaluated == (kind == "BatchNorm")
        for i, (x, grad, step) in enumerate(zip(xs + xs[:1], gs + gs[:1], steps, strict=False)):
            known = {}
            if i == len(xs):
                Z = norm.transform(x)
                known = {"mean": step["running_mean"], "var": step["running_var"]}
            elif kind == "BatchNorm":
                Z = norm.partial_fit_transform(x, using="batch")
                for name in ("running_mean", "running_var"):
                    found = getattr(norm, f"{name}_")
                    yield "float64", "buffers", error(found, step[name], np.float64)
            else:
                Z = norm.fit_transform(x)
            function = FUNCTIONS[kind]
            y = getattr(functional, function)(x, gamma=gamma, beta=beta, **options, **known)
            gradients = getattr(functional, f"{function}_backward")(
                grad, x, gamma=gamma, beta=beta, **options, **known
            )
            for found in (Z, y):
                yield dtype, "forward", error(np.moveaxis(found, axis, 1), step["y"], dtype)
            found = np.moveaxis(gradients[0], axis, 1)
            yield dtype, "grad_x", error(found, step["grad_x"], dtype)
            for name, found, vector in zip(
                ("grad_gamma", "grad_beta"), gradients[1:], (gamma, beta), strict=True
            ):
                assert (found is None) == (vector is None) == (name not in step)
                if found is not None:
                    yield dtype, name, error(found, step[name], dtype)


def reported(cases, capsys, title):
    """Print the largest error of each norm, dtype and result; assert the bars."""
    worst, compared, above = {}, {}, []
    for case, dtype, affine in cases:
        kind = kind_of(case["module"])
        for name, what, found in errors_of(case, dtype, affine):
            key = (kind, np.dtype(name).name, what)
            worst[key], compared[kind] = (
                max(worst.get(key, 0.0), found),
                compared.get(kind, 0) + 1,
            )
            if not found <= BARS[key[1]]:
                above.append((case["module"], case["arguments"], case["options"], affine, *key))
    columns = ["forward", "grad_x", "grad_gamma", "grad_beta", "buffers"]
    lines = [f"\n{title}: largest error (float64: of the largest value; float32: ulp)"]
    lines.append(f"{'':22}" + "".join(f"{c:>12}" for c in columns))
    for kind, dtype in itertools.product(FUNCTIONS, BARS):
        row = [worst.get((kind, dtype, c)) for c in columns]
        told = [f"{'-' if v is None else format(v, '.2g'):>12}" for v in row]
        lines.append(f"{kind:13} {dtype:8}" + "".join(told))
    with capsys.disabled():
        print("\n".join(lines))
    assert above == []
    assert compared.keys() == FUNCTIONS.keys()
    # all but RMSNorm's missing bias and the buffers of one norm were compared
    assert len(worst) == len(FUNCTIONS) * len(BARS) * 4 - 2 + 1


def test_stored_results_of_torch_are_met(capsys):
    """Forward, backward and buffers: float64 to 1e-12, float32 to 2 units in the last place."""
    assert {c["module"] for c in STORED["cases"]} == MODULES.keys()
    cases = itertools.product(STORED["cases"], (np.float64, np.float32), (False, True))
    reported(cases, capsys, f"Stored results, {STORED['written_by'].split(', ')[1]}")


def test_live_results_of_torch_are_met(torch, capsys):
    """The same on random members with all their bits, small tensors and large ones."""

    def cases():
        for seed, dtype in itertools.product(range(4), (np.float64, np.float32)):
            rng = np.random.default_rng(100 + seed)
            for name, arguments, shape, options in TORCH["CASES"] + LARGE:
                data = TORCH["drawn"](rng, name, arguments, shape)
                for key, values in data.items():  # torch computes in float64, on the same values
                    narrow = [v.astype(dtype).astype(np.float64) for v in values]
                    data[key] = narrow if isinstance(values, list) else np.array(narrow)
                for affine in (False, True):
                    module = TORCH["made"](name, arguments, options, data, affine)
                    eps = torch.finfo(torch.float64).eps if module.eps is None else module.eps
                    case = {"module": name, "arguments": arguments, **data}
                    case["options"] = {**options, "eps": eps}
                    case["affine" if affine else "plain"] = TORCH["recorded"](module, data)
                    yield case, dtype, affine

    reported(cases(), capsys, f"Live, torch {torch.__version__}")


def test_stored_results_are_kept_unless_forced():
    """The script refuses to overwrite its file, and names the way to do it."""
    before = (DATA / "torch_norms.json").read_bytes()
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (DATA / "torch_norms.json").read_bytes() == before
    assert len(before) < 200_000
    assert ", torch 2." in STORED["written_by"]


def test_stored_inputs_are_the_same_in_float32():
    """So one stored result serves both dtypes."""
    for case in STORED["cases"]:
        for values in (*case["batches"], *case["grads"], case["gamma"], case["beta"]):
            exact = np.array(values)
            np.testing.assert_array_equal(exact.astype(np.float32), exact)


# From and to the modules


def ids(cases):
    return [f"{c[0]}-{c[1]}-{c[2]}" for c in cases]


def trained(torch, case, affine, seed=0):
    """Return a module that has seen its batches, and the data."""
    name, arguments, shape, options = case
    data = TORCH["drawn"](np.random.default_rng(seed), name, arguments, shape)
    module = TORCH["made"](name, arguments, options, data, affine)
    TORCH["recorded"](module, data)
    return module.eval(), data


def result(torch, module, x):
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("case", TORCH["CASES"], ids=ids(TORCH["CASES"]))
def test_modules_become_norms_and_modules_again(torch, case, affine):
    """The norm computes what the module does; the second module is the first."""
    module, data = trained(torch, case, affine)
    x = data["batches"][0]
    if case[0] == "RMSNorm" and module.eps is None and not affine:
        module.eps = 1e-6  # without weights no dtype says what None means
    norm = getattr(sklearn_norm, kind_of(case[0])).from_torch(module)
    assert (norm.gamma is None) == (not affine)
    assert (norm.beta is None) == (not affine or case[0] == "RMSNorm")
    norm.set_params(shape=x.shape[1:])
    expected = result(torch, module, x)
    assert error(norm.transform(x), expected, np.float64) <= 1e-12
    assert (
        error(norm.transform(x.reshape(x.shape[0], -1)).reshape(x.shape), expected, np.float64)
        <= 1e-12
    )

    twin = norm.to_torch().eval()
    assert type(twin) is type(module)
    for name in ("normalized_shape", "num_groups", "num_channels", "num_features", "momentum"):
        assert getattr(twin, name, None) == getattr(module, name, None)
    assert twin.eps == (module.eps or torch.finfo(torch.float64).eps)
    kept, found = module.state_dict(), twin.state_dict()
    assert kept.keys() == found.keys()
    for name, tensor in kept.items():
        assert found[name].dtype == tensor.dtype
        if name == "running_var":  # kept as a spread, whose square is rounded
            torch.testing.assert_close(found[name], tensor, rtol=1e-15, atol=0)
        else:
            assert torch.equal(found[name], tensor)
    np.testing.assert_allclose(result(torch, twin, x), expected, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    "norm",
    [
        LayerNorm(gamma=2.0),
        LayerNorm(normalized_ndim=1, beta=np.arange(5.0)),
        LayerNorm(normalized_ndim=2, gamma=np.arange(20.0), eps=0.5),
        RMSNorm(),
        RMSNorm(normalized_ndim=1, gamma=[1.0, 2.0, 3.0, 4.0, 5.0], eps=0.5),
        RMSNorm(axis=-1, gamma=[1.0, 2.0, 3.0, 4.0, 5.0], unit_offset=True, eps=0.5),
        LayerNorm(axis=(2, 3), gamma=np.arange(5.0), beta=np.arange(4.0)[:, None]),
        GroupNorm(),
        GroupNorm(num_groups=3, gamma=-1.5, beta=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        InstanceNorm(beta=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        BatchNorm(),
        BatchNorm(momentum=None, gamma=2.0, eps=0.5),
        BatchNorm(bias_correction=False, variance="within", ddof=1, beta=0.25),
    ],
    ids=str,
)
def test_norms_become_modules_of_the_same_results(torch, norm):
    """Fitted to the shape, with vectors of one number, or of gamma or beta alone."""
    X = np.random.default_rng(3).normal(5, 2, (4, 6, 4, 5))
    module = norm.fit(X).to_torch().eval()
    assert type(module).__name__.rstrip("2d") == type(norm).__name__
    assert error(result(torch, module, X), norm.transform(X), np.float64) <= 1e-12


@pytest.mark.parametrize("momentum", [0.1, None])
def test_streams_go_on_across_the_bridge(torch, momentum):
    """Batches before and after each crossing leave the buffers of one module."""
    rng = np.random.default_rng(4)
    batches = [rng.normal(20, 3, (n, 3, 2, 4)) for n in (2, 5, 3, 4, 2, 6)]
    alone = torch.nn.BatchNorm2d(3, momentum=momentum, dtype=torch.float64)
    for batch in batches:
        alone(torch.from_numpy(batch))
    module = torch.nn.BatchNorm2d(3, momentum=momentum, dtype=torch.float64)
    for batch in batches[:2]:
        module(torch.from_numpy(batch))
    norm = BatchNorm.from_torch(module).set_params(shape=(3, 2, 4))
    for batch in batches[2:4]:
        norm.partial_fit(batch)
    module = norm.to_torch()
    assert module.training
    for batch in batches[4:]:
        module(torch.from_numpy(batch))
    for name in ("running_mean", "running_var", "num_batches_tracked"):
        torch.testing.assert_close(getattr(module, name), getattr(alone, name), rtol=1e-12, atol=0)


def test_weights_are_copied_at_the_bridge(torch):
    """A module that trains on leaves its norm as it was, and the other way round."""
    module = torch.nn.BatchNorm1d(2, dtype=torch.float64)
    norm = BatchNorm.from_torch(module)
    kept = [norm.gamma.copy(), norm.running_mean_.copy(), norm.running_var_.copy()]
    assert [v.dtype for v in kept] == [np.float64] * 3
    with torch.no_grad():
        for tensor in (module.weight, module.running_mean, module.running_var):
            tensor.fill_(7.0)
    for value, before in zip(
        (norm.gamma, norm.running_mean_, norm.running_var_), kept, strict=True
    ):
        np.testing.assert_array_equal(value, before)
    twin = norm.set_params(shape=(2,)).to_torch()
    with torch.no_grad():
        twin.weight.fill_(9.0)
    np.testing.assert_array_equal(norm.gamma, kept[0])


def test_a_module_without_bias_has_no_beta(torch):
    """Its gain is kept."""
    module = torch.nn.LayerNorm(4, bias=False, dtype=torch.float64)
    with torch.no_grad():
        module.weight.copy_(torch.tensor([1.0, 2.0, -3.0, 0.5]))
    norm = LayerNorm.from_torch(module)
    assert norm.beta is None
    x = np.random.default_rng(5).normal(size=(3, 4))
    assert error(norm.transform(x), result(torch, module, x), np.float64) <= 1e-12


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_an_rms_norm_without_eps_takes_that_of_the_module(torch, name):
    """On members so small that eps is most of what they are divided by."""
    dtype = getattr(torch, name)
    module = torch.nn.RMSNorm(4, dtype=dtype)
    x = torch.tensor([[1.0, 2.0, -1.0, 3.0]], dtype=dtype) / 2**10
    expected = module(x).detach().double().numpy()
    actual = RMSNorm.from_torch(module).transform(x.double().numpy())
    np.testing.assert_allclose(actual, expected, rtol=4 * torch.finfo(dtype).eps)


def test_group_norms_of_samples_with_many_axes_become_modules(torch):
    """torch.nn.GroupNorm takes any number of axes."""
    X = np.random.default_rng(6).normal(size=(2, 4, 2, 1, 2, 3))
    norm = GroupNorm(num_groups=2).fit(X)
    assert error(result(torch, norm.to_torch(), X), norm.transform(X), np.float64) <= 1e-12


@pytest.mark.parametrize("axis", [1, -3])
def test_channels_at_axis_one_become_modules_however_they_are_counted(torch, axis):
    """Of samples with three axes, -3 is the first."""
    X = np.random.default_rng(7).normal(size=(2, 4, 2, 3))
    for norm in (
        InstanceNorm(channel_axis=axis),
        GroupNorm(channel_axis=axis),
        BatchNorm(channel_axis=axis),
    ):
        norm.fit(X)
        module = norm.to_torch().eval()
        assert error(result(torch, module, X), norm.transform(X), np.float64) <= 1e-12


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_other_modules_are_refused(torch, kind):
    """The message names what is taken and what was given."""
    for name, (module, arguments) in MODULES.items():
        given = getattr(torch.nn, module)(*arguments)
        if kind_of(name) == kind:
            assert type(getattr(sklearn_norm, kind).from_torch(given)).__name__ == kind
            continue
        with pytest.raises(
            ValueError, match=rf"{kind}.from_torch takes torch.nn.{kind}.*Got {name}"
        ):
            getattr(sklearn_norm, kind).from_torch(given)
    for given in (torch.nn.Linear(3, 4), torch.nn.BatchNorm1d, None):
        with pytest.raises(
            ValueError, match=f"{kind}.from_torch takes .*Got {type(given).__name__}"
        ):
            getattr(sklearn_norm, kind).from_torch(given)


def test_modules_with_the_wrong_kind_of_statistics_are_refused(torch):
    """InstanceNorm has no running statistics, BatchNorm needs them."""
    with pytest.raises(ValueError, match="track_running_stats must be False"):
        InstanceNorm.from_torch(torch.nn.InstanceNorm1d(3, track_running_stats=True))
    with pytest.raises(ValueError, match="track_running_stats must be True"):
        BatchNorm.from_torch(torch.nn.BatchNorm1d(3, track_running_stats=False))


def test_samples_without_a_module_in_torch_are_refused(torch):
    """torch.nn has instance and batch norms of up to three axes of positions."""
    X = np.random.default_rng(8).normal(size=(2, 3, 2, 1, 2, 2))
    for norm in (InstanceNorm().fit(X), BatchNorm().fit(X)):
        with pytest.raises(
            ValueError, match=r"no such norm for samples of shape \(3, 2, 1, 2, 2\)"
        ):
            norm.to_torch()


@pytest.mark.parametrize("kind", ["InstanceNorm", "GroupNorm", "BatchNorm"])
def test_channels_elsewhere_are_refused(kind):
    """PyTorch has them at axis 1; the message names both."""
    for axis in (-1, 2):
        norm = getattr(sklearn_norm, kind)(channel_axis=axis).fit(np.eye(6).reshape(3, 4, 3))
        with pytest.raises(ValueError, match=f"at axis 1, this norm at channel_axis={axis}"):
            norm.to_torch()


@pytest.mark.parametrize("kind", ["LayerNorm", "RMSNorm", "GroupNorm", "InstanceNorm"])
def test_unknown_shapes_are_refused(kind):
    """Neither fitted nor told."""
    with pytest.raises(ValueError, match=f"shape of a sample is not known: fit this {kind}, or"):
        getattr(sklearn_norm, kind)().to_torch()


def test_a_batch_norm_from_a_module_must_be_told_its_shape(torch):
    """A module knows its channels, not how many axes follow."""
    norm = BatchNorm.from_torch(torch.nn.BatchNorm2d(3))
    with pytest.raises(ValueError, match=r"shape of a sample is not known.*or give `shape`"):
        norm.to_torch()
    assert isinstance(norm.set_params(shape=(3, 2, 2)).to_torch(), torch.nn.BatchNorm2d)


def test_a_batch_norm_that_was_not_fitted_has_no_module():
    """Its shape may be known, but its statistics are not."""
    with pytest.raises(NotFittedError, match="This BatchNorm"):
        BatchNorm(shape=(3,)).to_torch()


def test_an_rms_norm_with_beta_has_no_module():
    """torch.nn.RMSNorm has no bias."""
    with pytest.raises(ValueError, match="`beta` must be None"):
        RMSNorm(shape=(3,), beta=0.0).to_torch()
