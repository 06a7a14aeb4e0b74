"""Segments: the members of columns of different sizes are those of each column by itself."""

import numpy as np
import pytest

from sklearn_norm.kernels import Rows
from sklearn_norm.statistics import segments
from sklearn_norm.statistics.grouped import GroupedRows
from sklearn_norm.statistics.quantiles import Quantiles
from sklearn_norm.statistics.segments import Segments
from sklearn_norm.statistics.sketches import Exact

SIZES = np.array([0, 3, 1, 0, 40, 2, 0])
RNG = np.random.default_rng(7)


def columns_of(sizes):
    return [np.sort(RNG.integers(0, 9, n) / 4) for n in sizes]


def packed(columns):
    return Segments(np.concatenate(columns), np.array([c.size for c in columns]))


def assert_columns(actual, expected):
    assert len(actual) == len(expected)
    for found, column, at in zip(actual, expected, range(len(expected)), strict=True):
        np.testing.assert_array_equal(found, column)
        np.testing.assert_array_equal(actual[at], column)


def test_columns_are_chosen_joined_and_sliced_as_a_list_is():
    mine, theirs = columns_of(SIZES), columns_of(SIZES[::-1])
    a, b = packed(mine), packed(theirs)
    assert_columns(a, mine)
    assert_columns(a.joined(b), mine + theirs)
    for chosen in ([4, 0, 4, 1], [], [3], list(range(7))):
        found = a.chosen(np.array(chosen, dtype=np.intp))
        assert_columns(found, [mine[at] for at in chosen])
    for found, column in zip(a[1:5], mine[1:5], strict=True):
        np.testing.assert_array_equal(found, column)
    assert_columns(packed([np.zeros(0)]).chosen(np.zeros(0, dtype=np.intp)), [])


@pytest.mark.parametrize("long", [1, 100])
def test_merged_columns_are_sorted(long, monkeypatch):
    """All at once, and one after another where they are long."""
    monkeypatch.setattr(segments, "LONG", long)
    mine, theirs = columns_of(SIZES), columns_of(SIZES[::-1])
    both = [np.sort(np.concatenate(pair)) for pair in zip(mine, theirs, strict=True)]
    assert_columns(packed(mine).merged(packed(theirs)), both)


def test_ranks_are_those_of_rows():
    """As in one array, padded with NaN."""
    columns, shares = columns_of(SIZES), np.array([0.0, 0.25, 0.5, 1.0])
    rows = np.full((SIZES.size, SIZES.max()), np.nan)
    for row, column in zip(rows, columns, strict=True):
        row[: column.size] = column
    padded = Rows(rows, SIZES)
    assert_columns(Segments.of(padded), columns)
    for found, expected in zip(packed(columns).around(shares), padded.around(shares), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_sketches_that_hold_all_members_make_no_object_for_a_column():
    """Chosen, joined and merged, they have the states of those that were built one by one."""
    keys = [np.repeat(np.arange(5), [20, 1, 3, 9, n]) for n in (1, 30, 2)]
    parts = [
        Quantiles.measure(GroupedRows.of(RNG.normal(size=(k.size, 1)), k, 5, None)[0]) for k in keys
    ]
    chosen = [2, 0, 1, 4, 3, 3]
    found = parts[0].columns(chosen).merge(parts[1].columns(chosen)).joined(parts[2])
    assert isinstance(found.sketches, Exact)
    expected = [parts[0].sketches[at].merge(parts[1].sketches[at]) for at in chosen]
    for sketch, other in zip(found.sketches, [*expected, *parts[2].sketches], strict=True):
        assert repr(sketch.to_state()) == repr(other.to_state())
