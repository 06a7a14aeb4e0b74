"""The container that comes out, and what inverse_transform makes of columns."""

from __future__ import annotations

import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from container_cases import (
    DENSE,
    INDEX,
    NAMES,
    X,
    expected,
    frame,
)
from inside import framed, with_names

import sklearn_norm


@DENSE
@pytest.mark.parametrize("given", ["pandas", "polars", "array"])
@pytest.mark.parametrize("asked", ["pandas", "polars", "default"])
@pytest.mark.parametrize("globally", [False, True])
def test_set_output_decides_the_container(kind, given, asked, globally):
    """Names are kept, and the index where one came in."""
    data = {"pandas": frame(), "polars": pl.DataFrame(X, schema=NAMES), "array": X}[given]
    names = ["x0", "x1", "x2"] if given == "array" else NAMES
    scaler = kind() if globally else kind().set_output(transform=asked)
    with sklearn.config_context(transform_output=asked if globally else "default"):
        results = [scaler.fit_transform(data), scaler.fit(data).transform(data)]
        if asked != "default":  # otherwise the data decide: see below
            results.append(scaler.inverse_transform(scaler.transform(data)))
    values = [expected(kind), expected(kind), X]
    for Z, wanted in zip(results, values, strict=False):
        types = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "default": np.ndarray}
        assert type(Z) is types[asked]
        np.testing.assert_allclose(np.asarray(Z), wanted, rtol=1e-14, atol=1e-14)
        if asked != "default":
            assert list(Z.columns) == names
        if asked == "pandas":
            assert list(Z.index) == (INDEX if given == "pandas" else [0, 1, 2, 3])


@DENSE
def test_without_set_output_transform_gives_an_array(kind):
    assert type(kind().fit_transform(frame())) is np.ndarray


@DENSE
@pytest.mark.parametrize("fitted", ["pandas", "polars", "array"])
@pytest.mark.parametrize("given", ["pandas", "polars", "array"])
@pytest.mark.parametrize("asked", [None, "pandas", "polars", "default"])
def test_the_inverse_of_a_frame_is_a_frame_and_of_an_array_an_array(kind, fitted, given, asked):
    """set_output decides the kind of frame; the data of the fit decide nothing."""
    made = {"pandas": frame(), "polars": pl.DataFrame(X, schema=NAMES), "array": X}
    scaler = kind().fit(made[fitted])
    if asked is not None:
        scaler.set_output(transform=asked)
    back = scaler.inverse_transform(made[given])
    first = given if given == "array" else asked or given
    types = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
    assert type(back) is types.get(first, np.ndarray)
    laws.assert_same_bits(np.asarray(back), kind().fit(X).inverse_transform(X))
    if first in types and fitted != "array":
        assert list(back.columns) == NAMES
    if first == "pandas" and given == "pandas":
        assert list(back.index) == INDEX


@DENSE
def test_a_duplicate_or_multiple_index_is_kept(kind):
    for index in ([7, 7, 1, 1], pd.MultiIndex.from_product([["a", "b"], [1, 2]])):
        scaler = kind().set_output(transform="pandas").fit(frame(index=index))
        for result in (scaler.transform, scaler.inverse_transform):
            pd.testing.assert_index_equal(
                result(frame(index=index)).index, frame(index=index).index
            )


# inverse_transform: columns


@DENSE
@pytest.mark.parametrize("make", [frame, lambda: pl.DataFrame(X, schema=NAMES)])
def test_columns_in_another_order_are_an_error(kind, make):
    scaler = kind().fit(make())
    swapped = make()[["weight", "height", "age"]]
    for method in (scaler.transform, scaler.inverse_transform, scaler.partial_fit):
        with pytest.raises(ValueError, match=r"(?s)feature names should match.*same order"):
            method(swapped)
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(make()[["age", "height"]])


@DENSE
@pytest.mark.parametrize("places", [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2]])
def test_some_columns_are_inverted_by_their_own_numbers(kind, places):
    names = [NAMES[i] for i in places]
    table, whole = frame(), kind().fit(X).inverse_transform(X)[:, places]
    scaler = kind().fit(table)
    by_frame = scaler.inverse_transform(table[names])
    pd.testing.assert_frame_equal(by_frame, table[names] * 0 + whole)
    from_polars = scaler.inverse_transform(pl.DataFrame(X, schema=NAMES)[names])
    assert from_polars.columns == names
    laws.assert_same_bits(from_polars.to_numpy(), whole)
    part = X[:, places]
    for columns in (names, np.array(names), pd.Index(names), places, np.array(places)):
        back = scaler.inverse_transform(part, columns=columns)
        laws.assert_same_bits(back, whole)
    unnamed = kind().fit(X).inverse_transform(part, columns=[i - 3 for i in places])
    laws.assert_same_bits(unnamed, whole)


@DENSE
def test_an_inverse_of_some_columns_in_place(kind):
    scaler = kind(copy=False).fit(X)
    part = X[:, [0, 2]].copy()
    assert np.shares_memory(scaler.inverse_transform(part, columns=[0, 2]), part)
    laws.assert_same_bits(part, kind().fit(X).inverse_transform(X)[:, [0, 2]])


@DENSE
def test_wrong_columns_are_named(kind):
    scaler, table = kind().fit(frame()), frame()
    for wrong in (["height", "size"], [0, 3], [0, -4], [0, 1.0], [0, None]):
        with pytest.raises(ValueError, match=rf"Column {wrong[1]!r} was not seen in fit"):
            scaler.inverse_transform(X[:, :2], columns=wrong)
    with pytest.raises(ValueError, match=r"'size' was not seen in fit.*height"):
        scaler.inverse_transform(table.rename(columns={"age": "size"}))
    with pytest.raises(ValueError, match=r"'size' was not seen in fit"):
        scaler.inverse_transform(table.assign(size=1.0))
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(X[:, :2], columns=["weight", "height"])
    with pytest.raises(ValueError, match="same order"):
        scaler.inverse_transform(X[:, :2], columns=["weight", "weight"])
    with pytest.raises(ValueError, match=r"has the columns \['age'\], but columns=\['height'\]"):
        scaler.inverse_transform(table[["age"]], columns=["height"])


@DENSE
def test_a_wrong_width_says_how_to_name_columns(kind):
    for data in (X, frame()):
        scaler = kind().fit(data)
        for wrong in (X[:, :2], np.hstack([X, X])):
            with pytest.raises(ValueError, match=r"expecting 3 features.*columns=\[\.\.\.\]"):
                scaler.inverse_transform(wrong)
    with pytest.raises(ValueError, match="expecting 2 features"):
        scaler.inverse_transform(X, columns=["height", "age"])


def test_a_frame_keeps_its_own_names_where_the_fit_had_none():
    scaler = sklearn_norm.ZScoreScaler().fit([[1.0, 2.0], [3.0, 6.0]])
    table = pd.DataFrame({"a": [0.0], "b": [1.0]})
    pd.testing.assert_frame_equal(
        scaler.inverse_transform(table), pd.DataFrame({"a": [2.0], "b": [6.0]})
    )


@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
@pytest.mark.parametrize("name", laws.ESTIMATORS)
def test_polars_cannot_hold_a_name_twice(name):
    """pandas can, and scikit-learn took such frames up to 1.8; polars would lose a column."""
    rows = np.array([[1.0, 2.0, 5.0, 4.0], [3.0, 5.0, 6.0, 8.0]])
    estimator = laws.kind_of(name)().fit(rows).set_output(transform="polars")
    estimator = with_names(estimator, np.array(list("abca"), dtype=object))
    with pytest.raises(ValueError, match="cannot have the column 'a' more than once"):
        estimator.transform(rows)
    with pytest.raises(ValueError, match="cannot have the column 'a' more than once"):
        framed(rows, "polars", list("abca"))
    assert list(framed(rows, "pandas", list("abca")).columns) == list("abca")


@pytest.mark.parametrize("name", laws.ESTIMATORS)
def test_every_attribute_can_be_looked_at_before_a_fit_and_after_it(name):
    """By `hasattr`, which displays of notebooks and `dir` of some releases ask for all of them."""
    estimator = laws.kind_of(name)()
    for _ in range(2):
        public = [n for n in object.__dir__(estimator) if not n.startswith("__")]
        assert public
        assert {n for n in public if hasattr(estimator, n)} >= set(estimator.get_params())
        assert type(estimator).__name__ in estimator._repr_html_()
        estimator.fit(X)
