"""Pickles outlive versions: what was not known yet is a default, what is newer is refused."""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import pickletools

import inside
import joblib
import laws
import numpy as np
import pytest
import sklearn
from configurations import public_estimators
from documents import FRAME, X, changed, document_of
from sklearn.base import clone

import sklearn_norm
from sklearn_norm.exceptions import FormatError
from sklearn_norm.statistics.moments import Moments
from sklearn_norm.statistics.record import Statistic
from sklearn_norm.statistics.sketch import Sketch

EVERY = pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
PLAIN = (dict, list, tuple, str, int, float, bool, type(None), np.ndarray, np.generic)


class Noted(sklearn_norm.ZScoreScaler):
    """A scaler of the user's own, with attributes of its own."""


def from_state(kind, given):
    """Return what unpickling makes of a state that is no longer the one that was written."""
    twin = kind.__new__(kind)
    twin.__setstate__({name: value for name, value in given.items() if name != "_checksum"})
    return twin


def defaults_of(kind):
    """Return the parameters that have a default."""
    found = inspect.signature(kind).parameters.values()
    return {p.name: p.default for p in found if p.default is not p.empty}


def plain(value):
    """Whether a value is of plain types through and through."""
    if isinstance(value, inside.Stateful):  # inside another
        return plain(value.__getstate__())
    items = value.items() if isinstance(value, dict) else value
    if isinstance(value, (dict, list, tuple)):
        return all(plain(item) for item in items)
    return isinstance(value, (*PLAIN, slice))


# The schema


NEWER = inside.state_module.SCHEMA + 1


@EVERY
def test_a_state_is_plain_and_tells_its_schema_and_version(estimator):
    fitted = clone(estimator).set_output(transform="pandas").fit(X)
    with sklearn.config_context(enable_metadata_routing=True):
        if hasattr(fitted, "set_fit_request"):
            fitted.set_fit_request(sample_weight=True)
    found = fitted.__getstate__()
    assert plain(found)
    assert found["_schema"] == inside.state_module.SCHEMA == 3
    assert found["_version"] == sklearn_norm.__version__
    assert not {"_schema", "_version"} & vars(pickle.loads(pickle.dumps(fitted))).keys()
    laws.assert_same_state(pickle.loads(pickle.dumps(fitted)), fitted)


@EVERY
def test_a_pickle_names_our_classes_and_numpy_only(estimator):
    """Nothing of this library but the public class, and nothing of scikit-learn at all."""
    fitted = clone(estimator).set_output(transform="pandas").fit(X)
    strings = [arg for _, arg, _ in pickletools.genops(pickle.dumps(fitted, 4)) if type(arg) is str]
    ours = {name for name in strings if name.startswith(("sklearn", "pandas", "scipy"))}
    assert ours <= {"sklearn_norm", "pandas"}  # the second is the container


@EVERY
def test_a_state_without_a_schema_is_the_first(estimator):
    """As it was before states had one: the settings were still scikit-learn's own objects."""
    fitted = clone(estimator).set_output(transform="pandas").fit(FRAME)
    old = fitted.__getstate__()
    for name in ("_schema", "_version"):
        del old[name]
    old["_sklearn_output_config"] = old.pop("_output")
    laws.assert_same_state(from_state(type(fitted), old), fitted)


def test_a_newer_schema_is_refused_and_tells_both_versions():
    given = {**sklearn_norm.ZScoreScaler().fit(X).__getstate__(), "_schema": 7, "_version": "9.1"}
    message = (
        r"^state: written with schema 7 by sklearn_norm 9\.1, but this is sklearn_norm "
        rf"{sklearn_norm.__version__}, which knows schemas up to 3\. Upgrade sklearn_norm"
    )
    with pytest.raises(FormatError, match=message):
        from_state(sklearn_norm.ZScoreScaler, given)


def test_a_newer_schema_is_refused_by_pickle_joblib_and_json(monkeypatch, tmp_path):
    scaler = sklearn_norm.MinMaxScaler().fit(X)
    for module in inside.WITH_SCHEMA:
        monkeypatch.setattr(module, "SCHEMA", NEWER)
    joblib.dump(scaler, tmp_path / "scaler.joblib")
    sklearn_norm.save(scaler, tmp_path / "scaler.json")
    pickled = pickle.dumps(scaler)
    monkeypatch.undo()
    for load in (
        lambda: pickle.loads(pickled),
        lambda: joblib.load(tmp_path / "scaler.joblib"),
        lambda: sklearn_norm.load(tmp_path / "scaler.json"),
    ):
        with pytest.raises(
            FormatError, match=rf"written with schema {NEWER} by .* Upgrade sklearn_norm"
        ):
            load()


# What an older state does not hold


@EVERY
def test_a_parameter_that_came_later_gets_its_default(estimator):
    """Each of them in turn; the others keep their values."""
    fitted = clone(estimator).fit(X)
    for name, default in defaults_of(type(estimator)).items():
        old = fitted.__getstate__()
        del old[name]
        twin = from_state(type(estimator), old)
        shallow = fitted.get_params(deep=False)
        assert twin.get_params(deep=False) == {**shallow, name: default}


def test_private_attributes_that_came_later_get_their_defaults():
    """The map is made of the statistic, by the parameters that the scaler has."""
    fitted = sklearn_norm.RobustScaler(quantile_range=(10.0, 90.0)).fit(FRAME)
    old = fitted.__getstate__()
    for name in (inside.CONTAINER, inside.MAP, inside.PARAMETERS):
        del old[name]
    twin = from_state(sklearn_norm.RobustScaler, old)
    assert inside.container_of(twin) == "default"
    assert inside.waiting_of(twin) is None
    assert inside.parameters_of(twin) == fitted.get_params()
    laws.assert_same_bits(laws.read_scaler(twin), laws.read_scaler(fitted))
    laws.assert_same_bits(twin.transform(FRAME), fitted.transform(FRAME))


def test_fields_that_came_later_get_their_defaults():
    """The low parts of sums are 0 where only the high ones were kept; a step is left out."""
    moments = Moments.measure(np.array([[1.0], [3.0]]))
    old = moments.to_state()
    for name in ("weight_low", "sum_low", "square_low"):
        del old[name]
    twin = Statistic.from_state(old)
    assert twin.mean.tolist() == [2.0]
    assert twin.variance().tolist() == [1.0]
    assert twin.weight_low.tolist() == twin.sum_low.tolist() == [0.0]
    assert inside.Affine.from_state({"center": np.ones(1)}).scale is None
    sketch = Sketch.from_state({"rank_error": 0.1, "heights": [0], "levels": [np.ones(2)]})
    assert (sketch.drift, sketch.seed, sketch.size) == (0.0, 0, 2)


def test_a_field_that_was_always_there_is_missed():
    old = Moments.measure(np.ones((2, 1))).to_state()
    del old["shift"]
    with pytest.raises(ValueError, match="The state of Moments has no 'shift'"):
        Statistic.from_state(old)
    with pytest.raises(ValueError, match="no statistic of the kind 'Medians'"):
        Statistic.from_state({**old, "kind": "Medians"})


def test_what_is_no_longer_known_is_kept_out_of_the_way():
    """Of an older state; what a class of the user's holds stays."""
    fitted = sklearn_norm.ZScoreScaler().fit(X)
    old = fitted.__getstate__()
    del old["_schema"]
    old.update(mean_=np.zeros(3), _cache=7, slack=1)
    old[inside.MAP] = {**old[inside.MAP], "bend": np.ones(3)}
    old[inside.STATISTIC] = {**old[inside.STATISTIC], "fourth_power": np.ones(3)}
    laws.assert_same_state(from_state(sklearn_norm.ZScoreScaler, old), fitted)

    noted = Noted().fit(X)
    noted.note = "mine"
    given = noted.__getstate__()
    del given["_schema"]
    assert from_state(Noted, given).note == "mine"
    assert pickle.loads(pickle.dumps(noted)).note == "mine"


def test_a_json_file_of_an_older_schema_is_read_in_the_same_way(monkeypatch):
    """Parameters and attributes get defaults, and what is not known is left out."""
    fitted = sklearn_norm.ZScoreScaler(ddof=1).fit(X)
    document = document_of(fitted)
    place = document["estimator"]
    del place["parameters"]["copy"], place["state"]["affine"]["gain"], place["state"]["container"]
    del place["state"]["statistic"]["sum_low"]
    place["parameters"]["slack"] = place["state"]["cache"] = 1
    for module in inside.READ_SCHEMA:
        monkeypatch.setattr(module, "SCHEMA", NEWER)
    twin = sklearn_norm.from_dict(changed(document, ("version",), "0.0.1"))
    assert twin.get_params() == fitted.get_params()
    laws.assert_same_bits(twin.transform(X), fitted.transform(X))
    for path in (("estimator", "parameters"), ("estimator", "state")):
        with pytest.raises(FormatError, match=f"{'.'.join(path)}: must be an object"):
            sklearn_norm.from_dict(changed(document, path, None))


# Settings of scikit-learn


def test_requests_of_metadata_survive_and_are_plain():
    """scikit-learn's object for them is of a private class, which skops cannot write."""
    with sklearn.config_context(enable_metadata_routing=True):
        scaler = sklearn_norm.ZScoreScaler().set_fit_request(sample_weight="weight")
    assert scaler.__getstate__()["_requests"] == {"fit": {"sample_weight": "weight"}}
    for twin in (pickle.loads(pickle.dumps(scaler)), copy.deepcopy(scaler), copy.copy(scaler)):
        assert twin.get_metadata_routing().fit.requests == {"sample_weight": "weight"}


def test_a_copy_has_an_output_of_its_own():
    scaler = sklearn_norm.ZScoreScaler().set_output(transform="pandas").fit(FRAME)
    for twin in (copy.copy(scaler), copy.deepcopy(scaler)):
        twin.set_output(transform="default")
        assert isinstance(twin.transform(FRAME), np.ndarray)
    assert hasattr(scaler.transform(FRAME), "columns")


def test_a_pickle_into_a_buffer_is_read_twice():
    buffer = io.BytesIO()
    pickle.dump(sklearn_norm.DecimalScaler().fit(X), buffer)
    for _ in range(2):
        buffer.seek(0)
        assert pickle.load(buffer).max_abs_.tolist() == [8.0, 7.0, 2.5]
