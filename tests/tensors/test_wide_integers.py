"""Integers that float64 does not hold: refused where their differences are read."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from laws import assert_same_bits

from sklearn_norm import (
    AdaNorm,
    BatchNorm,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    RMSNorm,
    functional,
)

WIDE = 2**60 + np.arange(12).reshape(3, 4)
HELD = WIDE - WIDE % 2**8  # the floats nearest to them
CENTRED = [AdaNorm, BatchNorm, GroupNorm, InstanceNorm, LayerNorm]
CONTAINERS = {
    "array": lambda x: x,
    "unsigned": lambda x: x.astype(np.uint64),
    "objects": lambda x: x.astype(object),
    "list": lambda x: x.tolist(),
    "stack": lambda x: x.reshape(3, 2, 2),
    "pandas": lambda x: pd.DataFrame(x, columns=list("abcd")),
    "Int64": lambda x: pd.DataFrame(x, columns=list("abcd")).astype("Int64"),
    "polars": lambda x: pl.DataFrame(x, schema=list("abcd")),
    "arrow": lambda x: pa.table(dict(zip("abcd", x.T, strict=True))),
}
every_container = pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)


@pytest.mark.parametrize("kind", CENTRED)
@every_container
def test_11_4_a_norm_refuses_what_float64_does_not_hold(kind, make):
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match=r"`X` holds 11529215\d+, .* Subtract a number"):
            getattr(kind(), method)(make(WIDE))
    norm = kind().fit(make(HELD))
    with pytest.raises(ValueError, match="`X` holds 11529215"):
        norm.transform(make(WIDE))


@pytest.mark.parametrize("kind", [*CENTRED, RMSNorm])
@every_container
def test_what_float64_holds_is_taken(kind, make):
    expected = kind().fit(HELD.astype(np.float64)).transform(HELD.astype(np.float64))
    found = kind().fit(make(HELD)).transform(make(HELD))
    if np.ndim(make(HELD)) == 2:
        assert_same_bits(np.asarray(found), expected)


@every_container
def test_a_root_mean_square_is_not_refused(make):
    np.testing.assert_allclose(np.asarray(RMSNorm().fit_transform(make(WIDE))), 1.0, rtol=1e-15)


@pytest.mark.parametrize("name", ["layer_norm", "instance_norm", "group_norm", "batch_norm"])
def test_so_do_the_functions(name):
    options = {
        "group_norm": {"num_groups": 2},
        "batch_norm": {"mean": np.zeros(4), "var": np.ones(4)},
        "instance_norm": {},
        "layer_norm": {},
    }[name]
    x = WIDE[:, :, None] if name == "instance_norm" else WIDE
    with pytest.raises(ValueError, match=f"`x` holds {2**60 + 1}"):
        getattr(functional, name)(x, **options)
    np.testing.assert_allclose(functional.rms_norm(WIDE), 1.0, rtol=1e-15)
