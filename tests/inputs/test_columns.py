"""Columns: names and places, told apart, found and compared."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from documents import changed, document_of, refuses
from laws import ESTIMATORS

import sklearn_norm
from sklearn_norm.inputs.columns import Columns, shown

NAMES = ["age", "height", "weight"]
DATA = np.zeros((2, 3))


def named(names=NAMES):
    return Columns(len(names), np.array(names, dtype=object))


def frame(names=NAMES):
    return pd.DataFrame(np.zeros((2, len(names))), columns=names)


def test_labels_are_names_or_places():
    assert [named().label(at) for at in range(3)] == NAMES
    assert [Columns(3).label(at) for at in range(3)] == [0, 1, 2]
    assert list(named().listed()) == NAMES
    assert list(Columns(3).listed()) == ["x0", "x1", "x2"]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (named(), named(), True),
        (named(), named(NAMES[::-1]), False),
        (named(), named(NAMES[:2]), False),
        (Columns(3), Columns(3), True),
        (Columns(3), Columns(2), False),
        (Columns(3), named(), False),
        (Columns(2), named(["x0", "x1"]), True),  # the names that columns without names have
    ],
)
def test_which_columns_are_the_same(first, second, expected):
    assert first.same_as(second) == second.same_as(first) == expected


# Places


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (["age", "weight"], [0, 2]),
        ([2, 0], [2, 0]),
        ([-1, np.int64(1)], [2, 1]),
        (["weight", 0], [2, 0]),
        ([], []),
    ],
)
def test_columns_are_found_by_name_or_place(wanted, places):
    assert named().places(wanted) == places


def test_columns_without_names_are_found_by_their_default_names():
    assert Columns(12).places(["x0", "x11", 3]) == [0, 11, 3]


@pytest.mark.parametrize(
    "wanted", ["girth", "x0", 3, -4, 1.0, None, True + 2.5, ("age",)], ids=repr
)
def test_what_was_not_seen_is_refused_by_name(wanted):
    with pytest.raises(ValueError, match=r"was not seen in fit\. The columns are"):
        named().places([wanted])


@pytest.mark.parametrize(
    "wanted", ["x3", "x", "x00", "x-1", "x1.0", "x١", "y0", "X0", "x" + "9" * 30, "x0 "]
)
def test_default_names_are_spelled_one_way(wanted):
    """No other digits, zeros in front, or numbers beyond the width."""
    with pytest.raises(ValueError, match="was not seen in fit"):
        Columns(3).places([wanted])


# Chosen


def test_all_columns_are_chosen_where_nothing_is_named():
    for columns in (named(), Columns(3)):
        assert columns.chosen(DATA, None).tolist() == [0, 1, 2]
    assert named().chosen(frame(), None).tolist() == [0, 1, 2]


def test_a_frame_of_some_columns_chooses_them():
    assert named().chosen(frame(["age", "weight"]), None).tolist() == [0, 2]
    assert named().chosen(DATA[:, :2], ["height", 2]).tolist() == [1, 2]
    assert named().chosen(frame(["height"]), "height").tolist() == [1]


@pytest.mark.parametrize(
    ("X", "wanted", "message"),
    [
        (DATA, ["weight", "age"], "same order as they were in fit"),
        (DATA, [0, 0], "same order as they were in fit"),
        (frame(NAMES[::-1]), None, "same order as they were in fit"),
        (frame(["girth"]), None, "'girth' was not seen in fit"),
        (frame(["age"]), ["height"], r"X has the columns \['age'\], but columns=\['height'\]"),
        (DATA, np.arange(4), "names 4 columns, but there are 3"),
    ],
)
def test_a_wrong_choice_is_refused(X, wanted, message):
    with pytest.raises(ValueError, match=message):
        named().chosen(X, wanted)


# Columns of pandas


def test_columns_of_a_frame_are_recognised_once_they_were_seen():
    columns, index = named(), frame().columns
    assert not columns.has(index)
    assert columns.found_in(frame()) is columns
    assert columns.has(index)
    assert columns.has(frame().columns)  # equal, and another object
    assert not columns.has(frame(NAMES[::-1]).columns)
    assert not columns.has(pd.RangeIndex(3))
    assert columns.has(index)


def test_columns_learned_from_a_frame_know_its_index():
    columns = Columns.of_pandas(frame())
    assert columns.has(frame().columns)
    assert (list(columns.names), columns.labels) == (NAMES, None)
    assert Columns.of_pandas(frame([0, 1, 2])).known() is None
    assert Columns.of_pandas(frame([2, 1, 0])).labels == (2, 1, 0)
    assert Columns.of_pandas(frame([False, True, 2])).labels == (False, True, 2)
    with pytest.raises(TypeError, match="names are only supported"):
        Columns.of_pandas(frame(["a", "b", 0]))


def test_renaming_the_columns_of_a_result_renames_nothing_else():
    columns = named()
    index = columns.index()
    index.name = "mine"
    assert list(columns.index()) == NAMES
    assert columns.index().name is None


def test_many_names_are_shown_in_short():
    assert shown(["a", "b"]) == "['a', 'b']"
    assert shown([f"c{i}" for i in range(40)]).endswith("'c9', ... 40 in all]")


REPEATED = {
    "strings": (["a", "b", "a"], "'a'"),
    "integers": ([1, 5, 1], "1"),
    "tuples": ([("u", 1), ("u", 2), ("u", 1)], r"\('u', 1\)"),
    "levels": (pd.MultiIndex.from_tuples([("u", 1), ("u", 2), ("u", 1)]), r"\('u', 1\)"),
    "missing": ([np.nan, 1.0, np.nan], "nan"),
    "mixed": ([1, "a", "a"], "'a'"),
    "times": (pd.to_datetime(["2020", "2021", "2020"]), "Timestamp"),
}


@pytest.mark.parametrize("labels", REPEATED)
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("kind", [float, object])
def test_a_label_that_two_columns_have_is_refused_in_every_method(name, labels, kind):
    """By one message in every release of scikit-learn, on the fast way and the long one."""
    given, told = REPEATED[labels]
    X = np.array([[1.0, 5.0, 2.0], [3.0, 7.0, 2.5]])
    frame = pd.DataFrame(X.astype(kind)).set_axis(given, axis=1)
    message = f"X has the column {told}.* more than once, so the label does not tell which"
    estimator = getattr(sklearn_norm, name)()
    for act in ("fit", "partial_fit", "fit_transform"):
        with pytest.raises(ValueError, match=message):
            getattr(estimator, act)(frame)
    estimator.fit(X)
    state = pickle.dumps(estimator)
    acts = ["transform", "partial_fit"]
    acts += ["inverse_transform"] if hasattr(estimator, "_rule") else []
    for act in acts:
        with pytest.raises(ValueError, match=message):
            getattr(estimator, act)(frame)
    assert pickle.dumps(estimator) == state


def test_a_table_of_arrow_that_has_a_name_twice_is_refused():
    table = pa.table([[1.0, 2.0], [3.0, 4.0]], names=["a", "a"])
    with pytest.raises(ValueError, match="X has the column 'a' more than once"):
        sklearn_norm.ZScoreScaler().fit(table)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([1, 1, 2], "has a label more than once"),
        ([0, 1, 2], "are the numbers of the columns"),
        ([1, "a", 2], "must be a number, a boolean"),
        ([1, [2], 3], "must be a number, a boolean"),
        ([1, {"tuple": [[2], 3]}, 3], "must be a number, a boolean"),
        ([1, 2], "must be a tuple with a label for each"),
    ],
)
def test_labels_that_no_fit_gives_are_refused_in_a_file(labels, told):
    fitted = sklearn_norm.MinMaxScaler().fit(pd.DataFrame(np.eye(3), columns=[10, 20, 30]))
    document = document_of(fitted)
    path = ("estimator", "state", "labels")
    refuses(changed(document, path, {"tuple": labels}), rf"state\.labels.*: {told}")
    named = ("estimator", "state", "feature_names_in_")
    refuses(changed(document, named, {"strings": list("abc")}), "beside feature_names_in_")
    fitted = sklearn_norm.MinMaxScaler().fit(pd.DataFrame(np.eye(3), columns=list("abc")))
    doubled = changed(document_of(fitted), named, {"strings": list("aba")})
    refuses(doubled, "feature_names_in_: has a name more than once")
