"""Tables: X read once, and the way back to what it came in."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from laws import assert_same_bits
from scipy import sparse

from sklearn_norm import ZScoreScaler
from sklearn_norm.inputs.columns import Columns
from sklearn_norm.inputs.reading import read_table
from sklearn_norm.inputs.table import Table

NAMES = ["age", "height"]
X = np.array([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
CONTAINERS = {
    "default": X,
    "pandas": pd.DataFrame(X, columns=NAMES, index=[7, 8, 9]),
    "polars": pl.DataFrame(X, schema=NAMES),
}


class Doubled:
    """A map of two columns."""

    def apply(self, X, out=None, **options):
        return np.multiply(X, 2.0, out=out)

    def invert(self, Z, out=None, **options):
        return np.divide(Z, 2.0, out=out)


def read(given, columns=None, **told):
    return read_table(ZScoreScaler(), given, columns, **told)


# In


@pytest.mark.parametrize("container", CONTAINERS)
def test_values_and_columns_are_read(container):
    table = read(CONTAINERS[container])
    assert_same_bits(np.ascontiguousarray(table.values), X)
    assert (table.container, table.n_rows, table.shape) == (container, 3, None)
    assert table.given is CONTAINERS[container]
    labels = [0, 1] if container == "default" else NAMES
    assert [table.label(at) for at in range(2)] == labels


@pytest.mark.parametrize("given", [X, X.astype(np.float32), X[:, ::-1], np.asfortranarray(X)])
def test_arrays_of_floats_are_not_copied(given):
    assert np.shares_memory(read(given).values, given)


def test_integers_stay_as_they_are():
    given = np.array([[2**62 + 1, 3]])
    assert_same_bits(read(given).values, given)


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_stay_in_their_format(form):
    table = read(form(np.nan_to_num(X)))
    assert isinstance(table.values, form)
    assert table.n_rows == 3


def test_the_columns_of_the_fit_are_kept_and_expected():
    columns = read(CONTAINERS["pandas"]).columns
    assert read(CONTAINERS["pandas"], columns).columns is columns
    assert read(CONTAINERS["polars"], columns).columns is columns
    with pytest.raises(ValueError, match="feature names should match"):
        read(CONTAINERS["pandas"][NAMES[::-1]], columns)
    with pytest.raises(ValueError, match="X has 1 features"):
        read(X[:, :1], Columns(2))


@pytest.mark.parametrize("given", [X[:0], CONTAINERS["pandas"][:0], CONTAINERS["polars"][:0]])
def test_no_rows_are_an_error_unless_they_are_allowed(given):
    with pytest.raises(ValueError, match="minimum of 1 is required"):
        read(given)
    table = read(given, least_rows=0)
    assert (table.n_rows, table.columns.number) == (0, 2)


# Labels of some columns


def test_labels_of_some_columns_are_those_of_the_fit():
    columns = Columns(3, np.array(["a", "b", "c"], dtype=object))
    table = Table(X, columns, X, places=np.array([0, 2]))
    assert [table.label(at) for at in range(2)] == ["a", "c"]
    assert Table(X, Columns(3), X, places=np.array([0, 2])).label(1) == 2


def test_infinity_is_refused_with_the_name_of_its_column():
    data = CONTAINERS["pandas"].copy()
    data.iloc[1, 1] = -np.inf
    with pytest.raises(ValueError, match=r"contains infinity .*dtype\('float64'\), in column 'he"):
        read(data).refuse_infinite()
    stored = sparse.csc_array(np.array([[0.0, 1.0], [np.inf, np.inf]]))
    with pytest.raises(ValueError, match=r"in column 0\. Replace it"):
        read(stored).refuse_infinite()


# Room


def test_room_is_the_callers_array_unless_it_must_be_kept():
    data = X.copy()
    assert read(data).room(keep=False) is data
    assert read(data).room(keep=True) is None
    stored = sparse.csr_array(np.eye(2))
    assert read(stored).room(keep=False) is not None


def read_only():
    data = X.copy()
    data.flags.writeable = False
    return data


@pytest.mark.parametrize(
    "given",
    [
        np.array([[1, 2]]),
        read_only(),
        np.broadcast_to(X[:1], (3, 2)),
        np.lib.stride_tricks.sliding_window_view(np.arange(5.0), 2),
        CONTAINERS["pandas"],
    ],
    ids=["integers", "read-only", "one row repeated", "windows", "a frame"],
)
def test_there_is_no_room_where_nothing_may_be_written(given):
    assert read(given).room(keep=False) is None


def test_a_list_makes_an_array_of_its_own():
    table = read(X.tolist())
    assert table.room(keep=False) is table.values


# Out


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_result_comes_back_in_the_container_wanted(container):
    """The index of a pandas frame stays; an array gets default names."""
    table = read(CONTAINERS[container])
    result = table.mapped(Doubled(), None)
    assert table.framed(result, "default") is result
    for wanted in ("pandas", "polars"):
        found = table.framed(result, wanted)
        assert list(found.columns) == (["x0", "x1"] if container == "default" else NAMES)
        assert_same_bits(np.ascontiguousarray(found.to_numpy()), X * 2)
    kept = list(table.framed(result, "pandas").index)
    assert kept == ([7, 8, 9] if container == "pandas" else [0, 1, 2])


def test_labels_that_are_no_strings_come_back():
    given = pd.DataFrame(X, columns=[("a", 1), ("b", 2)])
    assert list(read(given).framed(X, "pandas").columns) == [("a", 1), ("b", 2)]


def test_nulls_of_polars_come_back_as_nulls():
    given = pl.DataFrame({"age": [1.0, None], "height": [float("nan"), 2.0]})
    table = read(given)
    found = table.framed(table.mapped(Doubled(), None), "polars")
    assert found["age"].to_list() == [2.0, None]
    assert found.null_count().row(0) == (1, 0)


def test_set_output_decides_what_transform_gives():
    scaler = ZScoreScaler().set_output(transform="pandas").fit(CONTAINERS["pandas"])
    found = read(CONTAINERS["pandas"]).back(scaler, X)
    assert list(found.columns) == NAMES
    assert list(found.index) == [7, 8, 9]
    assert read(X).back(ZScoreScaler().fit(X), X) is X


def test_a_map_and_its_inverse_go_through_the_table():
    table = read(X)
    assert_same_bits(table.mapped(Doubled(), None), X * 2)
    assert_same_bits(table.inverted(Doubled(), None), X / 2)
