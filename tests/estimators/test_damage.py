"""A pickle of which a bit flipped is refused, or means the same."""

from __future__ import annotations

import pickle
import random
import warnings

import laws
import numpy as np
import pytest
from budget import times
from configurations import public_estimators
from documents import FRAME, X
from sklearn.base import clone

import sklearn_norm
from sklearn_norm.exceptions import FormatError

EVERY = pytest.mark.parametrize("estimator", public_estimators(), ids=repr)


def answers(estimator):
    """Return the numbers and the parameters of an estimator, as bytes."""
    state = {
        k: v for k, v in estimator.__getstate__().items() if k not in ("_version", "_checksum")
    }
    known = {k: state.get(k) for k in state if k in fitted_names}
    return repr(laws.exactly(known)) + repr(np.asarray(estimator.transform(X)).tobytes())


fitted_names = ("_affine", "_statistic", "_pending", "n_features_in_", "_parameters", "shape_")


def places_of_numbers(data, value):
    """Return the places in a pickle where the numbers of a state's arrays are.

    Others may make an array of a broken dtype, which NumPy itself does not survive.
    """
    if isinstance(value, dict):
        return sorted({at for part in value.values() for at in places_of_numbers(data, part)})
    if not isinstance(value, np.ndarray) or value.dtype.hasobject or not value.size:
        return []
    first = data.find(value.tobytes())
    return list(range(first, first + value.nbytes)) if first >= 0 else []


def from_bytes(data):
    """Return the estimator of a damaged pickle, None where unpickling raises any error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = pickle.loads(data)
            return found if type(found).__name__ in sklearn_norm.__all__ else None
    except Exception:
        return None


@pytest.mark.parametrize(
    "name", ["ZScoreScaler", "RobustScaler", "BatchStatsScaler", "MinMaxScaler"]
)
def test_a_flipped_bit_is_noticed_or_changes_no_number(name):
    """Of 1,200 flips 60 gave other numbers in silence."""
    estimator = getattr(sklearn_norm, name)().fit(X)
    estimator.partial_fit([[1.0, 2.0, 3.0]])
    data, right = pickle.dumps(estimator), answers(estimator)
    places = places_of_numbers(data, estimator.__getstate__())
    draw = random.Random(0)
    for _ in range(times(100, 1200, 5000)):
        place, bit = draw.choice(places), draw.randrange(8)
        wrong = bytearray(data)
        wrong[place] ^= 1 << bit
        found = from_bytes(bytes(wrong))
        if found is None:
            continue
        try:
            said = answers(found)
        except Exception:  # an error is no silence
            continue
        assert said == right, (place, bit)


def test_a_damaged_state_is_refused_with_advice():
    data = pickle.dumps(sklearn_norm.MinMaxScaler().fit([[1.5], [7.25]]))
    place = data.index(np.float64(7.25).tobytes())
    wrong = data[:place] + np.float64(7.5).tobytes() + data[place + 8 :]
    with pytest.raises(
        FormatError, match=r"^state: the checksum is another, .* copy that is whole"
    ):
        pickle.loads(wrong)


@EVERY
def test_a_pickle_without_a_checksum_is_taken_as_before(estimator):
    fitted = clone(estimator).fit(X)
    state = fitted.__getstate__()
    assert len(state.pop("_checksum")) == 1
    twin = type(fitted).__new__(type(fitted))
    twin.__setstate__(state)
    laws.assert_same_state(twin, fitted)


@pytest.mark.parametrize("width", [3, 1500])
@pytest.mark.parametrize("protocol", range(2, 6))
def test_the_checksum_is_the_same_in_every_protocol_and_layout(width, protocol):
    data = np.asfortranarray(np.random.default_rng(0).normal(size=(4, width)))
    for kind in (sklearn_norm.RobustScaler, sklearn_norm.ZScoreScaler):
        fitted = kind().fit(data)
        laws.assert_same_state(pickle.loads(pickle.dumps(fitted, protocol)), fitted)
    named = sklearn_norm.ZScoreScaler().fit(FRAME)
    laws.assert_same_state(pickle.loads(pickle.dumps(named, protocol)), named)


def test_a_state_that_pickling_lays_out_anew_is_checked_all_the_same():
    """An array that was a part of another is written in one piece."""
    fitted = sklearn_norm.MinMaxScaler().fit(np.arange(12.0).reshape(3, 4))
    state = fitted.__getstate__()
    del state["_checksum"]
    wide = np.zeros((2, 8))
    wide[:, ::2] = state["_statistic"]["low"], state["_statistic"]["high"]
    state["_statistic"] = {**state["_statistic"], "low": wide[0, ::2], "high": wide[1, ::2]}
    twin = sklearn_norm.MinMaxScaler.__new__(sklearn_norm.MinMaxScaler)
    twin.__setstate__(state)
    assert len(twin.__getstate__()["_checksum"]) == 2
    again = pickle.loads(pickle.dumps(twin))
    assert len(again.__getstate__()["_checksum"]) == 1
    np.testing.assert_array_equal(again.data_max_, fitted.data_max_)
    state = twin.__getstate__()
    state["_statistic"]["high"] = state["_statistic"]["high"] + 1.0
    with pytest.raises(FormatError, match="the checksum is another"):
        again.__setstate__(state)


def test_bytes_in_another_order_are_noticed():
    """One bit of a pickle says in which order the bytes of all numbers are."""
    data = pickle.dumps(sklearn_norm.MinMaxScaler().fit([[1.5], [7.25]]))
    assert data.count(b"<") == 1
    with pytest.raises(FormatError, match="the checksum is another"):
        pickle.loads(data.replace(b"<", b">"))


@pytest.mark.parametrize("told", [0, "", (), (1, 2, 3), [5], (2.0,)])
def test_a_checksum_of_another_form_is_refused(told):
    state = sklearn_norm.MinMaxScaler().fit(X).__getstate__()
    with pytest.raises(FormatError, match="the checksum is another"):
        sklearn_norm.MinMaxScaler().__setstate__({**state, "_checksum": told})


class Careless(sklearn_norm.ZScoreScaler):
    """A scaler whose state is changed on the way."""

    def __getstate__(self):
        return {**super().__getstate__(), "more": 1}


def test_a_class_that_changes_its_state_is_not_checked():
    fitted = Careless().fit(X)
    assert "_checksum" not in fitted.__getstate__()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).mean_, fitted.mean_)


def test_any_word_of_a_wide_array_is_summed():
    fitted = sklearn_norm.MinMaxScaler().fit(np.arange(6000.0).reshape(2, 3000))
    state = fitted.__getstate__()
    for column in (0, 1, 1700, 2999):
        wrong = {**state, "_statistic": {**state["_statistic"]}}
        low = wrong["_statistic"]["low"] = state["_statistic"]["low"].copy()
        low[column] = np.nextafter(low[column], -1)
        with pytest.raises(FormatError, match="the checksum is another"):
            sklearn_norm.MinMaxScaler().__setstate__(wrong)


def test_a_parameter_that_repeats_one_member_is_not_read():
    """As many members as no memory holds: a copy is a copy of the view."""
    scaler = sklearn_norm.ZScoreScaler(clip=np.broadcast_to(1.0, 10**12))
    assert "_checksum" not in scaler.__getstate__()
    assert "_checksum" in sklearn_norm.ZScoreScaler().__getstate__()
