"""Whatever is passed to a public method: it works, or a ValueError or TypeError says what is wrong.

Every case has an id such as ``ZScoreScaler.transform.17``, from which alone it is made:
``attack("ZScoreScaler.transform.17")`` repeats it. First come the odd values of ``odd``, one in
each case, then cases of several at once, drawn by their id. Under a short budget a share of them
runs; see tests/shared/budget.py.

A case fails for another error, for a message that does not help, for a warning that is not known,
for a result of a wrong shape or type, or unlike that of the plain array which the data mean, and
where something changed that had to stay: the estimator, by a call that failed or does not learn,
or the data of the caller.
"""

from __future__ import annotations

import inspect
import io
import pickle
import re
import traceback
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from importlib.util import find_spec
from typing import Any, NamedTuple
from zlib import crc32

import laws
import numpy as np
import odd
import pandas as pd
import polars as pl
import pytest
from budget import part, times
from inside import TensorInput, TensorNorm
from odd import FRAME, PLAIN, REFUSED, TAKEN, TENSOR, Odd
from scipy import sparse
from sklearn.base import BaseEstimator

import sklearn_norm
from sklearn_norm import functional

RANDOM_CASES = times(60, 60, 600)  # of each method
SHARE = times(0.02, 0.15, 1.0)  # of all cases
LEAST_CASES = 10_000

KINDS = {
    name: kind
    for name in laws.ESTIMATORS  # tests/compose attacks what is made of others
    if (kind := getattr(sklearn_norm, name))
}
SETTERS = {
    name: given
    for name in sklearn_norm.__all__
    if name not in laws.CLASSES and callable(given := getattr(sklearn_norm, name))
    if not name.startswith("make_")
}
FUNCTIONS = {name: getattr(functional, name) for name in functional.__all__}

# What each parameter of a public method is attacked with. A method with another parameter makes
# a test fail until its odd values are here.
IGNORED = {name: value._replace(becomes=TAKEN) for name, value in odd.ANYTHING.items()}
ODD: dict[str, dict[str, Odd]] = {
    "X": odd.DATA,
    "y": IGNORED,
    "sample_weight": odd.WEIGHTS,
    "mask": odd.MASKS,
    "groups": odd.KEYS,
    "key": odd.ANYTHING,
    "stats": odd.STATS,
    "columns": odd.COLUMN_CHOICES,
    "copy": odd.ANYTHING,
    "deep": odd.ANYTHING,
    "return_stats": odd.ANYTHING,
    "using": odd.ANYTHING,
    "S": odd.DATA,
    "std": odd.VECTORS,
    "other": odd.OTHERS,
    "a": odd.OTHERS,
    "b": odd.OTHERS,
    "scalers": odd.SEVERAL,
    "module": odd.OTHERS,
    "state": odd.OTHERS,
    "prefix": odd.ANYTHING,
    "input_features": {n: value._replace(becomes=None) for n, value in odd.FEATURES.items()},
    "transform": odd.CONTAINERS,
    "params": odd.KEYWORDS,
    "fit_params": odd.KEYWORDS,
    "parameters": odd.KEYWORDS,
    "n_threads": odd.ANYTHING,
    "feature_names": {n: v._replace(becomes=None) for n, v in odd.NAMES_GIVEN.items()},
    "fitted": odd.THEIRS,
    "document": odd.DOCUMENTS,
    "notes": odd.NOTES,
    "estimator": odd.SAVED,
    "path": odd.PATHS,
    "max_bytes": odd.ANYTHING,
    "with_notes": odd.ANYTHING,
    **dict.fromkeys(odd.STATISTICS, odd.VECTORS),
}
TABLES = {name: value._replace(becomes=None) for name, value in odd.DATA.items() if not value.huge}
ODD_IN_FUNCTIONS: dict[str, dict[str, Odd]] = {
    **dict.fromkeys(("x", "grad", "weight", "x1", "x2", "y1", "y2"), TABLES),
    **dict.fromkeys(("content", "style", "grad1", "grad2"), TABLES),
    **dict.fromkeys(("shift", "scale", "bias", "gain"), odd.ANYTHING),
    **dict.fromkeys(("alpha", "size", "scaled", "return_sigma", "r_max", "d_max"), odd.ANYTHING),
    **dict.fromkeys(("ddof", "factor_new", "init_block_size", "center", "norm_vars"), odd.ANYTHING),
    **dict.fromkeys(("running_mean", "running_var", "training", "momentum"), odd.ANYTHING),
    **dict.fromkeys(("detach", "axis", "unit_offset", "return_stats"), odd.ANYTHING),
    "mask": odd.MASKS,
    **dict.fromkeys(("cmn_window", "min_cmn_window", "grads", "norm"), odd.ANYTHING),
    **dict.fromkeys(("sr", "hop_length", "power", "time_constant", "b"), odd.ANYTHING),
    **dict.fromkeys(("gamma", "beta", "mean", "var", "eps", "C", "k"), odd.ANYTHING),
    **dict.fromkeys(("normalized_ndim", "channel_axis", "num_groups", "axis"), odd.ANYTHING),
    **dict.fromkeys(("max_norm", "factor"), odd.ANYTHING),
    **dict.fromkeys(("f", "g"), odd.CALLS),
    **dict.fromkeys(("f_backward", "g_backward"), odd.CALLS_BACK),
}

FRAMES = ("frame", "pandas", "polars")  # the states that are fitted to frames

# Parameters with which ordinary numbers are taken, in both directions
TAKING: dict[str, dict[str, Any]] = {
    "LogScaler": {"kind": "asinh"},
    "PowerScaler": {"lambdas": 0.5, "unit": 1.0},
    "QuantileScaler": {},
    "SquashScaler": {"bound": 1e20},
}
NOT_LINEAR = tuple(TAKING)  # whose inverse_transform_std is always an error

# scikit-learn's own, which say RuntimeError unless metadata routing is on
ROUTING = re.compile(r"set_\w+_request|get_metadata_routing")
OPTIONAL = {"torch": "torch", "onnx": "skl2onnx"}  # methods that need a package, by their names
LEARNS = {"fit", "partial_fit", "fit_transform", "partial_fit_transform"}
FROM_NOTHING = {"fit", "fit_transform"}
WRITES = {"to_dict", "save"}  # parameters that are huge make documents that are
CHANGES = LEARNS | {"set_params", "set_output"}
MAPS = {"transform", "fit_transform", "partial_fit_transform"}
MAPS |= {"inverse_transform", "inverse_transform_std"}

WIDE = ("largest uint64", "least int64")
WRONG_ERRORS = (UnicodeError, LookupError, RuntimeError, ArithmeticError, MemoryError)
NAMES = (
    r"X (has|does not have valid) feature names|"  # scikit-learn's
    r"Conversion of an array with ndim > 0|"  # older NumPy's, of lists in the cells of polars
    r"Determining the |"  # older polars', of what a lazy frame holds
    r"Column '?\w+'? holds integers beyond 2\*\*53, and others so far"  # ours, of quantiles
)
SUMS = NAMES + r"|(overflow|invalid value) encountered in (add|subtract)"
# in a file
PLACE = r"\b(document|format|schema|version|checksum|estimator|notes|byte \d+)[\w.\[\]-]*: "
# what tells where to look
HELPS = re.compile(
    r"`\w+(\[\d+\])?`|\bX\b|[Cc]olumn|feature|sample|shape|dimension|dtype|array|parameter|fit|"
    r"weight|merge|axis|times|output|sparse|class|torch|quantile|channel|argument|Complex|gamma|"
    rf"PathLike|{PLACE}"
)
NAMED = re.compile(rf"`\w+(\[\d+\])?`|\bX\b|column|PathLike|{PLACE}")
# what NumPy or Python say of their own inner workings, which helps beside a name only
BARE = re.compile(
    r"could not be broadcast|could not broadcast|setting an array element|could not convert|"
    r"cannot reshape|float\(\) argument|int\(\) argument|unsupported operand|only integer scalar|"
    r"truth value of an array|not supported between|is not iterable|has no attribute|"
    r"cannot be interpreted|unhashable|can't multiply|must be real number|ufunc|out of range|"
    r"cannot convert|boolean index|too many indices|out of bounds|[Cc]annot cast|iteration over|"
    r"object of type|not subscriptable|only length-1|only 0-dimensional|unpack|"
    r"inhomogeneous|expected str|pickle|too large to|dimensions must match|expecting a|zip\(\)"
)


class Case(NamedTuple):
    """One call: of what, in which state, and the names of the odd values."""

    id: str
    state: str
    values: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> tuple[str, str]:
        subject, method, _ = self.id.split(".")
        return subject, method


# What there is to attack


def public_methods(kind: type) -> list[str]:
    names = [n for n in dir(kind) if not n.startswith("_") and callable(getattr(kind, n))]
    absent = [word for word, package in OPTIONAL.items() if find_spec(package) is None]
    names = [n for n in names if not any(word in n for word in absent)]
    if kind.__name__ in NOT_LINEAR:
        names.remove("inverse_transform_std")
    return [n for n in names if not ROUTING.fullmatch(n)]


def subjects() -> dict[str, list[str]]:
    """Return the methods of each class, and the functions."""
    found = {name: public_methods(kind) for name, kind in KINDS.items()}
    return found | {"sklearn_norm": list(SETTERS), "functional": list(FUNCTIONS)}


def callable_of(subject: str, method: str) -> Any:
    if subject in KINDS:
        return getattr(KINDS[subject], method)
    return (FUNCTIONS if subject == "functional" else SETTERS)[method]


def parameters(subject: str, method: str) -> dict[str, inspect.Parameter]:
    found = dict(inspect.signature(callable_of(subject, method)).parameters)
    found.pop("self", None)
    return found


def odd_values(subject: str, parameter: str) -> dict[str, Odd]:
    known = ODD_IN_FUNCTIONS if subject == "functional" else ODD
    assert parameter in known, f"add an attack: the odd values of {parameter!r} of {subject}"
    return known[parameter]


EVERY = [(subject, method) for subject, methods in subjects().items() for method in methods]


# The cases


def rng_of(text: str) -> np.random.Generator:
    return np.random.default_rng(crc32(text.encode()))


@cache
def states(subject: str) -> list[str]:
    if subject not in KINDS:
        return ["new"]
    kind = KINDS[subject]
    found = ["new", "array", "frame", "pandas", "polars", "streamed", "one row", "hole"]
    found += ["tensor", "declared"] * issubclass(kind, TensorInput)
    found += ["in place"] * ("copy" in kind().get_params())
    return found


def sensible_states(subject: str, method: str) -> list[str]:
    """Return the states in which a method is ready to be called."""
    found = states(subject)
    ready = subject not in KINDS or method in FROM_NOTHING | {"partial_fit"}
    return found if ready or issubclass(KINDS[subject], TensorNorm) else found[1:]


def may_see(value: Odd, subject: str, method: str, state: str) -> bool:
    """Whether what is too large for memory must be refused before it is read."""
    return not value.huge or not (state in ("new", "tensor") or method in FROM_NOTHING)


@cache
def cases(subject: str, method: str) -> tuple[Case, ...]:
    """Return all cases of a method: one odd value each, then some at random."""
    planned = [*_single(subject, method), *_settings(subject, method)]
    named = [case._replace(id=f"{subject}.{method}.{i}") for i, case in enumerate(planned)]
    drawn = range(len(named), len(named) + RANDOM_CASES)
    return (*named, *(_drawn(f"{subject}.{method}.{i}") for i in drawn))


def _single(subject: str, method: str) -> Iterator[Case]:
    yield Case("", sensible_states(subject, method)[-1])
    for parameter in parameters(subject, method):
        for name, value in odd_values(subject, parameter).items():
            rng = rng_of(f"{subject} {method} {parameter} {name}")
            ready = [
                s for s in sensible_states(subject, method) if may_see(value, subject, method, s)
            ]
            if ready:
                yield Case("", str(rng.choice(ready)), ((parameter, name),))


def _settings(subject: str, method: str) -> Iterator[Case]:
    """Yield each odd value of each parameter of the estimator, for `fit` and one method more."""
    for parameter, name, state, other in odd_settings(subject) if subject in KINDS else ():
        if method in ("fit", other) and not (name.startswith("huge") and method in WRITES):
            yield Case("", state, (), ((parameter, name),))


@cache
def odd_settings(subject: str) -> list[tuple[str, str, str, str]]:
    """Return each odd value of each parameter, with a state and a method that it is tried in."""
    others = [m for m in public_methods(KINDS[subject]) if m != "fit"]
    found = []
    for parameter in KINDS[subject]().get_params():
        for name in odd.ANYTHING:
            rng = rng_of(f"{subject} {parameter} {name}")
            found.append(
                (parameter, name, str(rng.choice(states(subject))), str(rng.choice(others)))
            )
    return found


def _drawn(id: str) -> Case:
    """Return a case of several odd values at once."""
    subject, method, _ = id.split(".")
    rng = rng_of(id)
    state = str(rng.choice(states(subject)))
    chosen, settings = [], []
    for parameter in parameters(subject, method):
        if rng.random() < 0.4:
            table = odd_values(subject, parameter)
            names = [n for n, value in table.items() if may_see(value, subject, method, state)]
            chosen.append((parameter, str(rng.choice(names))))
    if subject in KINDS:
        for parameter in KINDS[subject]().get_params():
            if rng.random() < 0.15:
                settings.append((parameter, str(rng.choice(list(odd.ANYTHING)))))
    if method in WRITES:
        settings = [(p, n) for p, n in settings if not n.startswith("huge")]
    if any(odd_values(subject, p)[n].huge for p, n in chosen):
        settings = []  # with a valid `shape` the huge ones could be accepted
    return Case(id, state, tuple(chosen), tuple(settings))


# One case


def plain_table(subject: str, state: str) -> Any:
    if state == "tensor":
        return TENSOR.copy()
    return FRAME.copy() if state in FRAMES else PLAIN.copy()


@cache
def prepared(subject: str, state: str) -> bytes:
    """Return the pickle of an estimator in a state."""
    kind = KINDS[subject]
    estimator = kind()
    estimator.set_params(**TAKING.get(subject, {}))
    if "momentum" in estimator.get_params():
        estimator.set_params(momentum=None)  # whose merge is defined
    if state in ("pandas", "polars"):
        estimator.set_output(transform=state)
    if state == "in place":
        estimator.set_params(copy=False)
    if state == "declared":
        estimator.set_params(shape=(2, 2))
    if state == "one row" and not issubclass(kind, TensorNorm):
        estimator.fit(PLAIN[:1])
    elif state == "hole":
        estimator.fit(np.where(np.arange(4) == 1, np.nan, PLAIN))
    elif state != "new":
        estimator.fit(plain_table(subject, state))
    if state == "streamed":
        estimator.partial_fit(PLAIN[:2]).partial_fit(PLAIN[2:3])
    return pickle.dumps(estimator)


def target_of(case: Case) -> Any:
    subject, _ = case.path
    return pickle.loads(prepared(subject, case.state)) if subject in KINDS else None


def plain_arguments(case: Case, target: Any) -> dict[str, Any]:
    """Return what a call needs that is not odd."""
    subject, method = case.path
    table = plain_table(subject, case.state)
    known = {
        "X": table,
        "S": table,
        "params": {},
        "fit_params": {},
        "parameters": {},
        **odd.STATISTICS,
    }
    if method == "inverse_transform_mean":
        known |= {"mean": table, "std": table.abs() if case.state in FRAMES else np.abs(table)}
    if subject == "functional":
        known = dict.fromkeys(("x", "grad", "weight", "x1", "x2", "y1", "y2"), table)
        known |= dict.fromkeys(("grad1", "grad2", "content", "style"), table)
        known |= {"max_norm": 1.0, "f": np.negative, "g": np.positive}
        known |= {"f_backward": back, "g_backward": back, "grads": [table, table]}
        known |= {"shift": 0.0, "scale": 1.0, "size": 2, "bias": None}
        known |= {"norm": saved("estimator", "BatchStatsScaler")}
        known |= {"mean": 0.0, "var": 1.0} if "renorm" in method else {}
        known |= {"g": 2.0} if "weight_norm" in method else {}
        known |= {"bias": 2.0} if "pcen" in method else {}
    found = {}
    for name, parameter in parameters(subject, method).items():
        if name == "other":
            found[name] = pickle.loads(prepared(subject, case.state))
        elif name == "module":
            found[name] = torch_module(subject)
        elif name == "state":
            found[name] = {"weight": np.ones(4), "bias": np.zeros(4)}
        elif name == "fitted":
            found[name] = odd.THEIR_KINDS[subject]().fit(PLAIN)
        elif name in ("estimator", "document", "path"):
            found[name] = saved(name, "ZScoreScaler" if target is None else subject)
        elif name in ("a", "b", "scalers"):
            scaler = saved("estimator", "ZScoreScaler")
            found[name] = [scaler] * 3 if name == "scalers" else scaler
        elif name == "key":
            found[name] = ()  # of all rows, where no column has keys
        elif name == "stats":
            found[name] = target.transform(table, return_stats=True)[1]
        elif name in known:
            found[name] = known[name]
        elif parameter.default is inspect.Parameter.empty:
            raise AssertionError(f"add an attack: a plain value of {name!r} of {subject}.{method}")
    return found


def back(grad: Any, half: Any) -> Any:
    """Return the gradient of a function that negates."""
    return np.negative(grad)


def saved(what: str, subject: str) -> Any:
    """Return a fitted estimator, its document, or the path of a file with it."""
    estimator = pickle.loads(prepared(subject, "array"))
    path = odd.FOLDER / "saved.json"
    if what == "path":
        sklearn_norm.save(estimator, path)
    return {"estimator": estimator, "path": path}.get(what) or sklearn_norm.to_dict(estimator)


@cache
def torch_module(subject: str) -> Any:
    from torch import nn

    arguments = {"GroupNorm": (2, 4), "LayerNorm": (4,), "RMSNorm": (4,)}.get(subject, (4,))
    name = {"BatchNorm": "BatchNorm1d", "InstanceNorm": "InstanceNorm1d"}.get(subject, subject)
    return getattr(nn, name)(*arguments)


def made(case: Case, target: Any) -> dict[str, Any]:
    """Return the arguments of a case, and set the odd parameters of the estimator."""
    subject, _ = case.path
    rng = rng_of(case.id + " values")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arguments = plain_arguments(case, target)
        for name, chosen in case.values:
            if name == "std":
                arguments.pop("var", None)  # one of them is given
            arguments[name] = odd_values(subject, name)[chosen].make(rng)
        for name, chosen in case.settings:
            setattr(target, name, odd.ANYTHING[chosen].make(rng))
    return arguments


def called(case: Case, target: Any, arguments: dict[str, Any]) -> Any:
    subject, method = case.path
    if subject == "functional":
        return FUNCTIONS[method](**arguments)
    if subject == "sklearn_norm":
        with redirect_stdout(io.StringIO()):
            context = SETTERS[method](**arguments)
            if hasattr(context, "__enter__"):
                with context:
                    return None
            return context
    given = dict(arguments)
    for name, parameter in parameters(subject, method).items():
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            given |= given.pop(name)
    return getattr(target, method)(**given)


def problems(case: Case) -> list[str]:
    """Run one case, and say what is wrong."""
    _, method = case.path
    configured = sklearn_norm.get_config()
    target = target_of(case)
    arguments = made(case, target)
    before, data = state_of(target), {n: contents(v) for n, v in arguments.items()}
    result, error = None, None
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                result = called(case, target, arguments)
            except Exception as raised:  # all of them: to be judged
                error = raised
        found = [f"warned: {w.message}" for w in warned if not known_warning(w, case)]
        if error is not None or method not in CHANGES:
            found += ["the estimator changed"] * (state_of(target) != before)
        if error is not None and sklearn_norm.get_config() != configured:
            found.append("the configuration changed")
    finally:
        sklearn_norm.set_config(**configured)
    if error is not None or not may_overwrite(case):
        same = {n: contents(v) for n, v in arguments.items()} == data
        found += ["the data of the caller changed"] * (not same)
    becomes, means = expected(case)
    if error is not None:
        found += wrong_error(error) if not of_the_system(case, error) else []
        if becomes == TAKEN:
            found.append(f"must be taken, but {type(error).__name__}: {error}")
        return found
    if becomes == REFUSED:
        found.append(f"must be refused, but came to {result!r:.200}")
    if method in MAPS and not found:
        found += wrong_result(result, arguments["X" if "X" in arguments else "S"])
    if method in ("from_stats", "from_sklearn") and not found:
        found += useless(result)
    if means is not None and not found:
        found += unlike(case, result, target, means)
    return found


def expected(case: Case) -> tuple[str | None, Any]:
    """Return what must become of a case, and what its data mean."""
    subject, method = case.path
    if len(case.values) != 1 or case.settings:
        return None, None
    (name, chosen), *_ = case.values
    becomes, means = odd_values(subject, name)[chosen][1:3]
    norm = subject in KINDS and issubclass(KINDS[subject], TensorNorm)
    if norm and method == "inverse_transform" and name == "X" and odd_of_place(chosen):
        return None, means  # samples of other lengths, and members that a mask left infinite
    if "several axes" in chosen and (
        subject not in KINDS or issubclass(KINDS[subject], TensorInput)
    ):
        return None, None  # to a norm these are samples of several axes
    if chosen == "largest uint64" and (
        subject == "functional" or issubclass(KINDS[subject], TensorInput)
    ):
        return None, None  # a norm that subtracts a mean refuses what float64 does not hold
    if subject == "GroupScaler" and (chosen in WIDE or "several axes" in chosen):
        return None, None  # it takes tables, and no integers that float64 does not hold
    settled = case.state not in ("new", "tensor", "declared") and method not in FROM_NOTHING
    if method.startswith("inverse_transform") and chosen.startswith("Series") and name in "XS":
        return None, None  # a series of one named column is inverted alone
    if becomes == odd.NEW:
        becomes = REFUSED if settled else None
    if case.state in ("tensor", "declared"):
        return (becomes if becomes == REFUSED and name not in "XS" else None), None
    if case.state == "new" and method not in LEARNS:
        becomes = None
    return becomes, None if method.startswith("reversible") else means  # integers stay such


def odd_of_place(name: str) -> bool:
    return "infinity" in name or "another width" in name or name == "wide"


def may_overwrite(case: Case) -> bool:
    return case.state == "in place" or "copy" in dict(case.values + case.settings)


def known_warning(warning: Any, case: Case) -> bool:
    """Whether a warning is scikit-learn's, or NumPy's of a sum that the caller asked for."""
    known = SUMS if case.path[1].startswith("reversible") else NAMES
    return re.match(known, str(warning.message)) is not None


# Errors


def wrong_error(error: Exception) -> list[str]:
    """Say what is wrong with an error, or nothing."""
    if isinstance(error, odd.OwnError):
        return []
    told = f"{type(error).__name__}: {error}"
    theirs = said_by_scikit_learn(error)
    if isinstance(error, WRONG_ERRORS):
        return [f"raised {told}"]
    if not isinstance(error, (ValueError, TypeError)):
        return [] if theirs and isinstance(error, AttributeError) else [f"raised {told}"]
    message = str(error)
    if theirs:
        return []
    bare = BARE.search(message) and not NAMED.search(message)
    if len(message) < 20 or not HELPS.search(message) or bare:
        return [f"helps nobody: {told}"]
    return []


def of_the_system(case: Case, error: Exception) -> bool:
    """Whether an error is that of the operating system, of a path that it was given."""
    told = isinstance(error, OSError) or str(error) == "embedded null byte"
    return told and "path" in dict(case.values)


def said_by_scikit_learn(error: Exception) -> bool:
    """Whether an error comes out of scikit-learn, word for word."""
    frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
    ours_or_theirs = [re.search(r"\b(sklearn|sklearn_norm)[\\/]", name) for name in frames]
    found = [match.group(1) for match in ours_or_theirs if match]
    return bool(found) and found[-1] == "sklearn"


# Results


def wrong_result(result: Any, X: Any) -> list[str]:
    """Say what is wrong with the type, the dtype or the shape of a result."""
    result = result[0] if isinstance(result, tuple) else result
    if isinstance(result, (pd.Series, pl.Series)):
        result = result.to_frame()
    if isinstance(result, pl.DataFrame):
        wrong = [d for d in result.dtypes if not d.is_float()]
    elif isinstance(result, pd.DataFrame):
        wrong = [d for d in result.dtypes if d.kind != "f"]
    elif sparse.issparse(result) or isinstance(result, np.ndarray):
        wrong = [result.dtype] if result.dtype.kind != "f" else []
    else:
        return [f"came to {type(result)}"]
    found = [f"of {wrong}"] if wrong else []
    if isinstance(X, (np.ndarray, pd.DataFrame, pl.DataFrame)) and result.shape != X.shape:
        found.append(f"of shape {result.shape}, not {X.shape}")
    if sparse.issparse(X) and not sparse.issparse(result):
        found.append("is not sparse")
    return found


def useless(built: Any) -> list[str]:
    """Say why an estimator that was built maps nothing."""
    width = getattr(built, "n_features_in_", None)  # a BatchNorm knows its channels only
    rows = np.ones((2, built.scale_.size if width is None else width))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return wrong_result(built.transform(rows), rows)


def unlike(case: Case, result: Any, target: Any, means: Any) -> list[str]:
    """Compare with what comes of the plain array that the data mean."""
    subject, method = case.path
    (name, _), *_ = case.values
    other = target_of(case)
    arguments = made(case._replace(values=()), other) | {name: means.copy()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = called(case, other, arguments)
        pairs = [(result, reference)] if method in MAPS or subject == "functional" else []
        if method in LEARNS:
            pairs.append(tuple(t.transform(PLAIN.copy()) for t in (target, other)))
        try:
            for one, another in pairs:
                expected = dense(another)
                ours = dense(one)
                ours = ours.reshape(expected.shape) if ours.ndim > expected.ndim else ours
                np.testing.assert_array_equal(ours, expected)
        except AssertionError as error:
            return [f"unlike the array that it means: {error}"]
    return []


def dense(value: Any) -> Any:
    if isinstance(value, tuple):
        return np.concatenate([dense(v).ravel() for v in value if v is not None])
    if sparse.issparse(value):
        return value.toarray()
    return value.to_numpy() if hasattr(value, "to_numpy") else np.asarray(value)


# What must stay


def state_of(target: Any) -> Any:
    """Return all of an estimator: its parameters, and the bytes of the rest of its state."""
    if target is None:
        return None
    state = target.__getstate__()
    given = {n: (id(vars(target)[n]), contents(vars(target)[n])) for n in target.get_params(False)}
    return given, list(state), pickle.dumps({n: v for n, v in state.items() if n not in given})


def contents(value: Any) -> Any:
    """Return what tells whether a value was written to."""
    if isinstance(value, np.ndarray):
        return value.tobytes() if value.nbytes < 10**6 else value.flat[0]
    if sparse.issparse(value):
        return [(n, v.tobytes()) for n, v in sorted(vars(value).items()) if hasattr(v, "tobytes")]
    if isinstance(value, (pd.DataFrame, pd.Series)):
        return repr(value.to_numpy(object).tolist()), value.index.tolist(), repr(value.dtypes)
    if isinstance(value, pl.DataFrame):
        return value.to_dict(as_series=False)
    if isinstance(value, odd.Converts):
        return contents(value.values)
    if isinstance(value, BaseEstimator):
        return state_of(value)
    return repr(value) if isinstance(value, (list, tuple, dict, set)) else None


# The tests


def attack(id: str) -> None:
    """Run one case by its id."""
    subject, method, number = id.split(".")
    case = cases(subject, method)[int(number)]
    found = problems(case)
    assert not found, f"{case}: {found}"


@pytest.mark.parametrize(("subject", "method"), EVERY, ids=lambda name: name)
def test_an_odd_value_works_or_is_refused_with_a_useful_message(subject, method):
    tried = part(cases(subject, method), SHARE, lambda case: case.id, always=True)
    told = {case: found for case in tried if (found := problems(case))}
    lines = [f"{case}\n    " + "\n    ".join(found) for case, found in told.items()]
    assert not lines, f"{len(lines)} of {len(tried)}:\n" + "\n".join(lines)


def test_there_are_ten_thousand_cases():
    ids = [case.id for subject, method in EVERY for case in cases(subject, method)]
    assert len(ids) == len(set(ids)) >= LEAST_CASES


def test_a_method_of_a_new_parameter_asks_for_an_attack(monkeypatch):
    """Nothing new is left out: here, a way to load what was saved."""
    kind = KINDS["ZScoreScaler"]
    monkeypatch.setattr(kind, "load_from", lambda self, place: None, raising=False)
    assert "load_from" in public_methods(kind)
    with pytest.raises(AssertionError, match="add an attack: the odd values of 'place'"):
        list(_single("ZScoreScaler", "load_from"))


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_hundred_thousand_columns_are_no_bad_input(kind):
    wide = np.broadcast_to(1.0, (1, 10**5))
    assert kind().fit(wide).transform(wide).shape == wide.shape
