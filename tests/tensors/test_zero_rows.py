"""No samples in, no samples out, of the right shape, dtype and container."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from tensor_cases import KINDS

from sklearn_norm import BatchNorm, InstanceNorm, functional

ALL = [*KINDS, BatchNorm]
BACKWARD = [f"{n}_norm_backward" for n in ("ada", "batch", "group", "instance", "layer", "rms")]
DTYPES = [np.float64, np.float32, np.float16, np.int64]
NAMES = list("abcd")
every = pytest.mark.parametrize("kind", ALL)


def rows(*shape, dtype=np.float64):
    return np.arange(np.prod(shape)).reshape(shape).astype(dtype)


def becomes(dtype):
    return dtype if np.dtype(dtype).kind == "f" else np.float64


def undo(norm, Z, n_groups):
    """Return the inverse of no samples."""
    if isinstance(norm, BatchNorm):
        return norm.inverse_transform(Z)
    return norm.inverse_transform(Z, stats=np.empty((0, n_groups, 2)))


@every
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sample", [(4,), (2, 4), (2, 3, 4)], ids=str)
def test_11_13_arrays_without_samples(kind, sample, dtype):
    """After a fit, and before one where none is needed; of channels last and flattened too."""
    fitted = rows(3, *sample, dtype=dtype)
    for options in ({}, {"channel_axis": -1}, {"shape": sample}):
        if "channel_axis" in options and "channel_axis" not in kind().get_params():
            continue
        norm = kind(**options)
        for ready in ([norm] if kind is not BatchNorm else []) + [norm.fit(fitted)]:
            Z = ready.transform(fitted[:0])
            assert (Z.shape, Z.dtype) == ((0, *sample), becomes(dtype))
            if kind is not BatchNorm:
                Z, stats = ready.transform(fitted[:0], return_stats=True)
                assert stats.shape == (0, ready.transform(fitted, return_stats=True)[1].shape[1], 2)
                back = ready.inverse_transform(Z, stats=stats)
                masked = ready.transform(fitted[:0], mask=True)
                assert masked.shape == (0, *sample)
            else:
                back = ready.inverse_transform(Z)
            assert (back.shape, back.dtype) == ((0, *sample), becomes(dtype))
        if "shape" in options:
            assert norm.transform(fitted[:0].reshape(0, np.prod(sample))).shape == (
                0,
                np.prod(sample),
            )


@every
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_11_13_frames_without_rows(kind, container):
    frame = pd.DataFrame(rows(3, 4, dtype=np.float32), columns=NAMES, index=list("xyz"))
    frame = frame if container == "pandas" else pl.from_pandas(frame)
    norm = kind().set_output(transform=container).fit(frame)
    for result in (norm.transform(frame[:0]), undo(norm, frame[:0], 1)):
        assert type(result) is type(frame)
        assert (list(result.columns), result.shape) == (NAMES, (0, 4))
        assert set(result.dtypes) == set(frame.dtypes)
    assert kind().fit(frame).transform(frame[:0]).shape == (0, 4)
    if container == "pandas":
        assert norm.transform(frame[:0]).index.equals(frame[:0].index)
        empty = pd.DataFrame(columns=NAMES)  # of objects
        assert norm.transform(empty).shape == (0, 4)


@every
def test_11_13_a_fit_needs_a_sample(kind):
    """In scikit-learn's words; and nothing is learned."""
    for X in (rows(0, 4), rows(0, 2, 4), pd.DataFrame(rows(0, 4), columns=NAMES)):
        for method in ("fit", "fit_transform"):
            norm = kind()
            with pytest.raises(ValueError, match="Found array with 0 sample"):
                getattr(norm, method)(X)
            assert not hasattr(norm, "shape_")
    with pytest.raises(ValueError, match="0 feature"):
        kind().fit(rows(3, 0))


def test_11_13_no_samples_teach_nothing():
    norm = BatchNorm().fit(rows(3, 2, 4))
    for using in ("after", "before", "batch"):
        assert norm.partial_fit_transform(rows(0, 2, 7), using=using).shape == (0, 2, 7)
    assert (norm.n_batches_seen_, norm.shape_) == (1, (2, 4))
    assert norm.inverse_transform(rows(0, 1, 7), columns=[1]).shape == (0, 1, 7)
    with pytest.raises(ValueError, match="0 sample"):
        BatchNorm().partial_fit_transform(rows(0, 2, 7))


@every
def test_11_13_no_samples_of_a_wrong_shape_are_refused(kind):
    norm = kind().fit(rows(3, 2, 4))
    with pytest.raises(ValueError, match=r"\(3, 4\).*expecting.*\(2, 4\)"):
        norm.transform(rows(0, 3, 4))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sample", [(4,), (2, 4), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name", BACKWARD)
def test_11_13_functions_of_no_samples(name, sample, dtype):
    """And their gradients: of gamma and beta they are 0."""
    x = rows(0, *sample, dtype=dtype)
    size = sample if name.startswith(("layer", "rms", "ada")) else sample[:1]
    given = {"gamma": np.ones(size), "beta": np.zeros(size)}
    known = [{}, {"mean": np.zeros(size), "var": np.ones(size)}]
    for options in known if name.startswith("batch") else known[:1]:
        forward = getattr(functional, name.removesuffix("_backward"))
        for vectors in ({}, given):
            y = forward(x, **vectors, **options)
            assert (y.shape, y.dtype) == (x.shape, becomes(dtype))
            gradients = getattr(functional, name)(y, x, **vectors, **options)
            assert (gradients[0].shape, gradients[0].dtype) == (x.shape, becomes(dtype))
        for gradient in gradients[1:]:
            assert gradient.shape == size
            assert not gradient.any()


@pytest.mark.parametrize("center", ["mean", "last"])
@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 3, 0)], ids=str)
def test_nothing_is_known_of_no_members(shape, center):
    """So what is normalised by their statistics is NaN, not as it was."""
    norm = InstanceNorm(center=center)
    Z, stats = norm.transform(np.empty(shape), return_stats=True)
    assert (Z.shape, stats.shape) == (shape, (shape[0], 3, 2))
    assert np.isnan(norm.transform(np.ones((shape[0], 3, 2)), stats=stats)).all()


def test_functions_know_nothing_of_no_members():
    empty = np.empty((2, 3, 0))
    for name in ("batch", "group", "instance", "layer", "rms", "ada"):
        stats = getattr(functional, f"{name}_norm")(empty, return_stats=True)[1]
        assert stats.size
        assert np.isnan(stats).all()


def test_samples_without_channels_are_told():
    for norm in (InstanceNorm(), BatchNorm()):
        with pytest.raises(ValueError, match=r"shape \(0, 4\) have no channels at axis 1 of X"):
            norm.fit(np.empty((2, 0, 4)))
