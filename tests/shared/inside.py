"""What tests know of the inside of the library: its private names, all in this place.

Where the inside changes, this file follows, and no test does.
"""

from sklearn_norm import state as state_module
from sklearn_norm.affine import Affine
from sklearn_norm.arguments import array_of, floating, floats_of, number, truth, whole
from sklearn_norm.averages import RunningScaler
from sklearn_norm.base import Scaler
from sklearn_norm.containers import framed
from sklearn_norm.pending import BATCHES, MEMBERS, SMALL
from sklearn_norm.persistence import documents
from sklearn_norm.persistence import estimators as saved_estimators
from sklearn_norm.state import Stateful
from sklearn_norm.tensors.base import TensorInput, TensorNorm

__all__ = [
    "BATCHES",
    "MEMBERS",
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
    "number",
    "state_module",
    "truth",
    "whole",
]

# modules that hold the number of the schema: those that write it, and those that read it
WITH_SCHEMA = (state_module, documents)
READ_SCHEMA = (state_module, saved_estimators)
HIDDEN = (Scaler, RunningScaler, Stateful)  # classes that no file may ask for

# keys of `__getstate__`
STATISTIC = "_statistic"
MAP = "_affine"
CONTAINER = "_container"
PARAMETERS = "_parameters"
# methods that a class may have of its own
RULE = "_rule"
MAPPED = "_mapped"


def path_of(kind):
    """Return the dotted name of a class, by the module that holds it."""
    return f"{kind.__module__}.{kind.__qualname__}"


def statistic_of(scaler):
    """Return what a scaler has measured, with the batches that wait."""
    return scaler._seen()


def map_of(scaler):
    """Return the map that a scaler applies."""
    return scaler._ruled()


def waiting_of(scaler):
    """Return the small batches that wait to be folded in, or None."""
    return scaler._pending


def put_waiting(scaler, waiting):
    scaler._pending = waiting


def batches_waiting(scaler):
    """Return how many small batches wait."""
    waiting = waiting_of(scaler)
    return 0 if waiting is None else len(waiting.batches)


def wait_never(scaler):
    """Have a scaler fold every batch in at once."""
    scaler._may_wait = lambda values: False


def transformed_at_once(estimator, X):
    """Return what the fast way of small inputs answers, or None where it gives way."""
    return estimator._transform_at_once(X)


def container_of(scaler):
    """Return the container that a scaler was fitted on."""
    return scaler._container


def parameters_of(scaler):
    """Return the parameters as they were told at the fit."""
    return scaler._parameters


def n_columns_of(estimator):
    """Return how many columns an estimator takes."""
    return estimator._n_columns


def remembers(kind):
    """Return the names of the attributes of a class that are saved."""
    return kind._remembers
