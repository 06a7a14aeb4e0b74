"""Keys: typed whole tuples, the same from every container."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_norm.compose.keys import Keys

NOON = dt.datetime(2026, 1, 2, 12)
ODD = [
    1,
    1.0,
    True,
    "1",
    "",
    "a\0",
    2.5,
    -0.0,
    0,
    np.inf,
    2**63,
    -(2**63),
    dt.date(2026, 1, 2),
    NOON,
]
VALUES = st.one_of(
    st.integers(-(2**63), 2**64 - 1), st.floats(), st.booleans(), st.text(max_size=3), st.none()
)


def read(*columns):
    return Keys.read([(f"key {at}", c) for at, c in enumerate(columns)], len(columns[0]))


def typed(value):
    """Return what two keys have in common if and only if they are the same."""
    if value is None or value != value:
        return None
    return (isinstance(value, bool), isinstance(value, str), value)


def test_a_key_is_its_type_and_its_value():
    """1 is 1.0, but neither True nor "1"; 0 is -0.0."""
    keys, rows = read(ODD)
    assert not list(keys.faults())
    distinct = {}
    expected = [
        distinct.setdefault((type(v) if type(v) is not float else int, v), n)
        for n, v in enumerate(ODD)
    ]
    assert [rows.tolist().index(r) for r in rows] == expected
    found = [keys.listed()[r] for r in rows]
    assert found[:4] == [1, 1, True, "1"]
    assert [type(v) for v in found[:4]] == [int, int, bool, str]


@given(st.lists(VALUES, max_size=20))
def test_rows_have_one_key_if_they_are_equal(values):
    keys, rows = read(values)
    assert not list(keys.faults())
    assert len(rows) == len(values)
    same = [[typed(a) == typed(b) for b in values] for a in values]
    np.testing.assert_array_equal(rows[:, None] == rows, np.reshape(same, (len(values),) * 2))
    assert [typed(keys.listed()[r]) for r in rows] == [typed(v) for v in values]


@given(
    st.lists(st.tuples(VALUES, VALUES), max_size=12),
    st.lists(st.tuples(VALUES, VALUES), max_size=12),
)
def test_keys_are_found_and_united_as_tuples_in_a_dict(mine, theirs):
    """The laws of a dict of tuples, for keys of two columns."""
    one, other = (
        read(*([list(c) for c in zip(*t, strict=True)] or [[], []]))[0] for t in (mine, theirs)
    )
    union = one.union(other)
    assert not list(union.faults())

    def known(keys):
        return [tuple(map(typed, key)) for key in keys.listed()]

    assert set(known(union)) == {*known(one), *known(other)}
    assert len(known(union)) == len(set(known(union)))
    assert known(other.union(one)) == known(union)
    places = dict(zip(known(one), range(one.number), strict=True))
    assert one.find(other).tolist() == [places.get(key, -1) for key in known(other)]
    for keys in (one, other, union):
        state = keys.to_state()
        assert known(Keys.from_state(state)) == known(keys)
        if keys.number:
            kept = np.arange(keys.number) % 2 == 0
            some = keys.chosen(kept)
            assert not list(some.faults())
            assert known(some) == known(keys)[::2]
            assert keys.place(keys.listed()[-1]) == keys.number - 1


CONTAINERS = {
    "list": list,
    "object array": lambda v: np.array(v, dtype=object),
    "pandas": lambda v: pd.Series(v, dtype=object),
    "inferred pandas": pd.Series,
    "nullable pandas": lambda v: pd.Series(v).convert_dtypes(),
    "category": lambda v: pd.Series(v).astype("category"),
    "arrow": lambda v: pd.Series(pl.Series(v).to_arrow().to_pandas()),
    "polars": pl.Series,
    "polars categories": lambda v: (
        pl.Series(v).cast(pl.Categorical) if isinstance(v[0], str) else pl.Series(v)
    ),
}


@pytest.mark.parametrize("make", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize(
    "values",
    [
        ["b", "a", "b", None],
        [3, 1, 3, 2],
        [3, 1, 3, None],
        [0.5, 1.0, float("inf"), 0.5],
        [True, False, True, True],
        [NOON, dt.datetime(1999, 1, 1), NOON, None],
        [dt.timedelta(1), dt.timedelta(0, 1, 5), dt.timedelta(1), None],
    ],
    ids=str,
)
def test_all_containers_give_the_same_keys(make, values):
    keys, rows = read(values)
    same, places = read(make(values))
    np.testing.assert_array_equal(places, rows)
    assert same.listed() == keys.listed()
    assert keys.find(same).tolist() == list(range(keys.number))


def test_dates_and_times_are_keys_of_their_own():
    """A date is no time, and a time in a zone none without; a zone changes no key."""
    zoned = pd.Timestamp("2026-01-02 12:00", tz="UTC")
    keys, rows = read(
        [dt.date(2026, 1, 2), pd.Timestamp("2026-01-02"), zoned, zoned.tz_convert("Asia/Tokyo")]
    )
    assert rows.tolist() == [0, 1, 2, 2]
    assert keys.find(read(pd.Series([zoned]))[0]).tolist() == [2]
    assert keys.find(read(np.array(["2026-01-02"], "M8[D]"))[0]).tolist() == [1]
    assert keys.find(read(pl.Series([dt.date(2026, 1, 2)]))[0]).tolist() == [0]


def test_everything_missing_is_one_key():
    missing = [None, float("nan"), pd.NA, pd.NaT, np.datetime64("NaT"), np.float32("nan")]
    keys, rows = read(missing)
    assert keys.listed() == [None]
    assert not rows.any()
    assert keys.missing().all()


@pytest.mark.parametrize("bad", [2**64, -(2**63) - 1, b"a", 1j, [1], dt.time(1), object])
def test_what_is_no_key_is_refused_with_its_column(bad):
    with pytest.raises(ValueError, match=r"key 0 holds the key .*make it"):
        read([1, bad] if not isinstance(bad, list) else [bad, 1])


def test_times_beyond_nanoseconds_are_refused():
    with pytest.raises(ValueError, match="too far from 1970"):
        read(np.array(["3000-01-01"], "M8[D]"))
    with pytest.raises(ValueError, match="too far from 1970"):
        read([dt.datetime(3000, 1, 1)])


def test_large_integers_are_not_rounded():
    ids = np.array([2**60, 2**60 + 1, 2**60], dtype=np.int64)
    assert read(ids)[1].tolist() == [0, 1, 0]
    big = np.array([2**64 - 1, 2**64 - 2, 5], dtype=np.uint64)
    keys, rows = read(big)
    assert keys.listed() == [5, 2**64 - 2, 2**64 - 1]
    assert rows.tolist() == [2, 1, 0]


def test_keys_of_several_columns_are_whole_tuples():
    """The parts of a tuple are not pasted together."""
    keys, rows = read(["a", "ab", "a"], ["bc", "c", "bc"])
    assert keys.listed() == [("a", "bc"), ("ab", "c")]
    assert rows.tolist() == [0, 1, 0]


def test_many_columns_of_many_values_are_numbered_without_overflow():
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, 2**40, 3000) for _ in range(8)]
    keys, rows = read(*columns)
    assert keys.number == 3000
    assert not list(keys.faults())
    assert keys.find(keys).tolist() == list(range(3000))
    assert keys.listed()[rows[7]] == tuple(int(c[7]) for c in columns)


FAULTS = {
    "order": {"values": [{"integer": np.array([2, 1])}], "codes": np.array([[0, 1]], np.int32)},
    "dtype": {"values": [{"integer": np.array([1.0])}], "codes": np.array([[0]], np.int32)},
    "unused": {"values": [{"integer": np.array([1, 2])}], "codes": np.array([[0]], np.int32)},
    "beyond": {"values": [{"integer": np.array([1])}], "codes": np.array([[1]], np.int32)},
    "repeated": {"values": [{"integer": np.array([1])}], "codes": np.array([[0, 0]], np.int32)},
    "whole": {"values": [{"float": np.array([1.0])}], "codes": np.array([[0]], np.int32)},
    "small": {
        "values": [{"unsigned": np.array([1], np.uint64)}],
        "codes": np.array([[0]], np.int32),
    },
    "text": {"values": [{"text": np.array([1], object)}], "codes": np.array([[0]], np.int32)},
    "wide": {"values": [{"integer": np.array([1])}], "codes": np.array([[0]])},
    "columns": {"values": [], "codes": np.array([[0]], np.int32)},
    "two of none": {"values": [], "codes": np.zeros((0, 2), np.int32)},
}


@pytest.mark.parametrize("state", FAULTS.values(), ids=FAULTS)
def test_keys_that_no_data_give_are_faults(state):
    assert list(Keys.from_state(state).faults())
