"""`np.errstate(all="raise")` around a call changes nothing: results, errors and warnings."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from budget import SHORT, part
from configurations import public_estimators
from conftest import ROWS
from function_calls import arguments, data_of
from laws import ESTIMATORS
from scipy import sparse
from sklearn.base import clone

import sklearn_norm
from sklearn_norm import functional

FEW = 160  # rows, with as many sizes as the others have
WEIGHTS = np.where(np.arange(FEW) % 7 == 0, 1e-200, np.linspace(0, 1e200, FEW))
LARGE, SMALL = np.finfo(np.float64).max, 5e-324
CONTAINERS = {
    "array": np.array,
    "Fortran": np.asfortranarray,
    "float32": lambda X: X.astype(np.float32),
    "float16": lambda X: X.astype(np.float16),
    "byte order": lambda X: X.astype(X.dtype.newbyteorder()),
    "long double": lambda X: X.astype(np.longdouble) / 3 * np.longdouble("1e-4000"),
    "list": np.ndarray.tolist,
    "objects": lambda X: X.astype(object),
    "pandas": lambda X: framed(X),
    "nullable": lambda X: framed(X).astype("Float64"),
    "polars": lambda X: pl.DataFrame({str(i): X[:, i] for i in range(X.shape[1])}),
    "Arrow": lambda X: pa.table({str(i): X[:, i] for i in range(X.shape[1])}),
    "CSR": sparse.csr_array,
    "CSC": sparse.csc_matrix,
}


def framed(X):
    return pd.DataFrame(X, columns=[f"c{i}" for i in range(X.shape[1])])


def plain(value):
    """Return what can be compared by ==, to the bit."""
    if isinstance(value, tuple):
        return [plain(v) for v in value]
    if hasattr(value, "get_params"):
        return pickle.dumps(value) if value.__module__.startswith("sklearn_norm") else vars(value)
    if sparse.issparse(value):
        return [a.tobytes() for a in (value.data, value.indices, value.indptr)]
    try:
        found = np.asarray(value)
    except ValueError:  # parts of other sizes
        return repr(value)
    return (str(found.dtype), found.shape, repr(found.tolist()))


def outcome(act, state):
    """Return what an act gives in an error state, or its error."""
    with warnings.catch_warnings(), np.errstate(all=state):
        warnings.simplefilter("ignore")  # as of frames and names; none of arithmetic comes
        try:
            return act()
        except Exception as error:  # any error, to be compared
            return error


def same(act, what):
    """Check that an act gives the same in both states, and return it."""
    expected, actual = outcome(act, "ignore"), outcome(act, "raise")
    if isinstance(expected, Exception):
        assert (type(actual), str(actual)) == (type(expected), str(expected)), what
    else:
        if isinstance(actual, Exception):
            raise AssertionError(what) from actual
        assert plain(actual) == plain(expected), what
    return expected


def check_all(estimator, X, what):
    """Call every public method and attribute on X."""
    weight = WEIGHTS[: X.shape[0] if hasattr(X, "shape") else len(X)]
    fitted = same(lambda: clone(estimator).fit(X), (what, "fit"))
    if isinstance(fitted, Exception):
        return
    Z = same(lambda: fitted.transform(X), (what, "transform"))
    more = {
        "fit_transform": lambda: clone(estimator).fit_transform(X),
        "weights": lambda: clone(estimator).fit(X, sample_weight=weight),
        "stream": lambda: clone(estimator).partial_fit(X).partial_fit(X),
        "weighted stream": lambda: (
            clone(estimator).partial_fit(X, sample_weight=weight).partial_fit(X)
        ),
        "stats": lambda: fitted.transform(X, return_stats=True),
        "inverse": lambda: fitted.inverse_transform(Z),
        "inverse_transform_std": lambda: fitted.inverse_transform_std(Z),
        "inverse of stats": lambda: fitted.inverse_transform(
            Z, stats=fitted.transform(X, return_stats=True)[1]
        ),
        "merge": lambda: fitted.merge(fitted),
        "json": lambda: sklearn_norm.from_dict(sklearn_norm.to_dict(fitted)),
        "pickle": lambda: pickle.loads(pickle.dumps(fitted)),
        "copy": lambda: copy.deepcopy(fitted),
        "equal": lambda: sklearn_norm.equal(fitted, fitted),
        "repr": lambda: repr(fitted),
        "to_torch": lambda: fitted.to_torch() and None,
        "to_sklearn": lambda: type(fitted).from_sklearn(fitted.to_sklearn()),
        "in place": lambda: clone(fitted).set_params(copy=False).fit_transform(np.array(X)),
        "rows": lambda: rows_of(clone(estimator), X).transform(X),
    }
    if hasattr(fitted, "partial_fit_transform"):
        for using in ("batch", "before", "after"):
            more[using] = lambda using=using: (
                clone(estimator).partial_fit(X).partial_fit_transform(X, using=using)
            )
    for name in dir(type(fitted)):
        if name.endswith("_") and not name.startswith("_"):
            more[name] = lambda name=name: getattr(fitted, name)
    for name, act in more.items():
        same(act, (what, name))


def rows_of(estimator, X):
    """Learn rows one by one, of which most wait."""
    for at in range(20):
        estimator.partial_fit(X[at : at + 1])
    return estimator


@pytest.mark.share(0.05, each_value=False)
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
def test_an_error_state_around_any_call_changes_nothing(estimator, container, hard_columns):
    """Hard columns together and alone, in every container."""
    columns = {n: c[:FEW] for n, c in hard_columns.items() if c.size == ROWS}
    with np.errstate(all="ignore"):
        whole = CONTAINERS[container](np.column_stack([*columns.values()]))
    check_all(estimator, whole, "all")
    alone = columns if container == "array" else ["tiny", "subnormal", "largest", "lognormal"]
    for name in part(alone, 0.3):
        with np.errstate(all="ignore"):
            column = CONTAINERS[container](columns[name][:, None])
        check_all(estimator, column, name)


@pytest.mark.share(0.2, each_value=False)
@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
def test_long_and_wide_data_change_nothing_either(estimator, hard_columns):
    """Blocks, sketches that drop members, tensors of more axes, and integers beyond 2**53."""
    column = np.concatenate([hard_columns["tiny"], hard_columns["subnormal"]])
    cases = {
        "long": np.tile(column, 3 if SHORT else 10)[:, None] * [1.0, 1e-140],
        "wide integers": 2**60 + np.arange(40).reshape(20, 2),
        "positions": column[:600].reshape(5, 4, 30),
        "extreme": np.array([[LARGE, SMALL], [-LARGE, -SMALL], [SMALL, LARGE]]),
    }
    for name, X in cases.items():
        for act in ("fit", "fit_transform", "partial_fit"):
            same(lambda: getattr(clone(estimator), act)(X), (name, act))  # noqa: B023
        fitted = outcome(lambda: clone(estimator).fit(X), "ignore")  # noqa: B023
        if not isinstance(fitted, Exception):
            Z = same(lambda: fitted.transform(X), (name, "transform"))  # noqa: B023
            same(lambda: fitted.inverse_transform(Z), (name, "inverse"))  # noqa: B023
            same(lambda: fitted.merge(fitted).transform(X), (name, "merge"))  # noqa: B023


KNOWN = {
    "ZScoreScaler": ("mean", "var", "n_samples"),
    "StandardScaler": ("mean", "var", "n_samples"),
    "MinMaxScaler": ("data_min", "data_max", "n_samples"),
    "MaxAbsScaler": ("max_abs", "n_samples"),
    "DecimalScaler": ("max_abs", "n_samples"),
    "RobustScaler": ("center", "scale"),
    "BatchStatsScaler": ("running_mean", "running_var", "n_batches"),
    "BatchNorm": ("running_mean", "running_var", "n_batches"),
}


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if n in KNOWN])
@pytest.mark.parametrize("size", [SMALL, 1e-200, 1e-160, 1.0, 1e160, LARGE / 2])
def test_known_statistics_of_any_size_change_nothing(name, size):
    """A fitted scaler from them, and what it learns afterwards."""
    kind = getattr(sklearn_norm, name)
    given = {key: [size, size / 3] for key in KNOWN[name]}
    given |= {n: v for n, v in {"n_samples": 7, "n_batches": 7}.items() if n in given}
    if name == "MinMaxScaler":
        given["data_max"] = [size * 2, size]
    X = np.array([[size, 1.0], [1.0, size]])
    fitted = same(lambda: kind.from_stats(**given), "from_stats")
    if not isinstance(fitted, Exception):
        same(lambda: fitted.transform(X), "transform")
        same(lambda: copy.deepcopy(fitted).partial_fit(X), "partial_fit")


@pytest.mark.parametrize("name", functional.__all__)
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
def test_functions_change_nothing(name, kind, hard_columns):
    """Forward and backward, of numbers of any size."""
    act = getattr(functional, name)
    sizes = [1.0, 1e-30, 1e30, 1e-160, 1e150, 1e-310]
    with np.errstate(all="ignore"):
        arrays = [(np.array([[1.0, -2.0, 4.0], [3.0, 5.0, 9.0]]) * s).astype(kind) for s in sizes]
    for x in arrays:
        for other in arrays if len(data_of(name)) > 1 else [x]:
            given = arguments(name, x, **dict.fromkeys(data_of(name)[:1], other))
            same(lambda: act(**given), (name, given))  # noqa: B023
