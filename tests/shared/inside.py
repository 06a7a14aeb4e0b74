"""What tests know of the inside of the library: its private names, all in this place.

When private names change, only this file has to change, and no test.
"""

from contextlib import contextmanager

from sklearn_norm.estimators import state as state_module
from sklearn_norm.estimators.buffer import BATCHES, MEMBERS, SMALL
from sklearn_norm.estimators.running import RunningScaler
from sklearn_norm.estimators.scaler import Scaler
from sklearn_norm.estimators.state import Stateful
from sklearn_norm.inputs.arguments import array_of, floating, floats_of, number, truth, whole
from sklearn_norm.inputs.columns import Columns
from sklearn_norm.inputs.fast_path import FLOATS, NUMBERS, plain_table
from sklearn_norm.inputs.frames import framed
from sklearn_norm.interop.onnx import OLDEST
from sklearn_norm.maps.affine import Affine
from sklearn_norm.maps.chain import Chain
from sklearn_norm.persistence import documents
from sklearn_norm.persistence import estimators as saved_estimators
from sklearn_norm.tensors.input import TensorInput
from sklearn_norm.tensors.norm import TensorNorm

__all__ = [
    "BATCHES",
    "MEMBERS",
    "OLDEST",
    "SMALL",
    "Affine",
    "RunningScaler",
    "Scaler",
    "Stateful",
    "TensorInput",
    "TensorNorm",
    "array_of",
    "floating",
    "floats_of",
    "framed",
    "is_bent",
    "number",
    "state_module",
    "truth",
    "whole",
]

# modules that hold the number of the schema: those that write it, and those that read it
WITH_SCHEMA = (state_module, documents)
READ_SCHEMA = (state_module, saved_estimators)
HIDDEN = (Scaler, RunningScaler, Stateful)  # classes that no saved file may name

# keys of `__getstate__`
STATISTIC = "_statistic"
MAP = "_affine"
CONTAINER = "_container"
PARAMETERS = "_parameters"
# methods that a class may have of its own
RULE = "_rule"
CHECK_ALIKE = "_check_alike"
SCALED = "_scaled"


def path_of(kind):
    """Return the dotted name of a class, by the module that holds it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def statistic_of(scaler):
    """Return what a scaler has measured, pending batches included."""
    return scaler._seen()


def is_bent(scaler):
    """Whether the map of a scaler begins with a function."""
    return isinstance(scaler._fitted.map, Chain)


def map_of(scaler):
    """Return the map that a scaler applies."""
    return scaler._ruled()


def chain_of(scaler):
    """Return the function that a bent scaler applies, and the affine map after it."""
    chain = scaler._fitted_now().map
    return chain.first, chain.then


def waiting_of(scaler):
    """Return the buffer of pending batches, or None."""
    return scaler._fitted.buffer


def batches_waiting(scaler):
    """Return how many batches are pending."""
    waiting = waiting_of(scaler)
    return 0 if waiting is None else len(waiting.batches)


def wait_never(scaler):
    """Make a scaler fold in every batch at once, without a buffer."""
    scaler._may_wait = lambda values: False


@contextmanager
def long_way():
    """Turn the fast path off, so that scikit-learn's validation reads all input."""
    import pytest  # not where golden files are written, which needs no pytest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sklearn_norm.inputs.reading.plain_table", lambda *_: None)
        patch.setattr("sklearn_norm.tensors.norm.plain_table", lambda *_: None)
        patch.setattr("sklearn_norm.estimators.scaler.is_plain", lambda *_: False)
        yield


def is_fast(estimator, X):
    """Whether the fast path takes X, and a norm has its plan ready."""
    fitted = estimator._fitted
    if isinstance(estimator, TensorNorm):
        ready = fitted.plan.found(estimator) is not None
        return ready and plain_table(X, fitted.columns, FLOATS) is not None
    return plain_table(X, fitted.columns, NUMBERS) is not None


def earlier(scaler):
    """Return a scaler that keeps what this one knows now."""
    return scaler._with_fitted(scaler._fitted)


def with_names(estimator, names):
    """Return an estimator that was fitted on columns of these names, which may repeat."""
    return estimator._with_fitted(estimator._fitted.but(columns=Columns(len(names), names)))


def without_columns(norm):
    """Return a norm that knows its statistics, and neither columns nor the shape of samples."""
    return norm._with_fitted(norm._fitted.but(columns=None, shape=None))


def container_of(scaler):
    """Return the container that a scaler was fitted on."""
    return scaler._fitted.container


def parameters_of(scaler):
    """Return the parameters as they were at the fit."""
    return scaler._fitted.parameters


def n_columns_of(estimator):
    """Return how many columns an estimator takes."""
    return estimator._n_columns_of(estimator._fitted)


def remembers(kind):
    """Return the names of the attributes of a class that are saved."""
    return kind._remembers
