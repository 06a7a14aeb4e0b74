"""Times are refused everywhere, by the name of their column: as integers they are no numbers."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from function_calls import arguments, data_of
from tensor_cases import KINDS

from sklearn_norm import BatchNorm, functional

DAYS = np.array(["2020-01-01", "2020-01-03", "NaT"], "M8[ns]")
FRAME = pd.DataFrame({"price": [1.0, 2.0, 3.0], "day": DAYS})
WHOLE = FRAME[:2]


def with_day(values):
    return WHOLE.assign(day=values)


def arrow(X):
    return pytest.importorskip("pyarrow").Table.from_pandas(X)


NAMED = {  # containers that have names
    "pandas": lambda: WHOLE,
    "pandas, missing": lambda: FRAME,
    "pandas, zone": lambda: with_day(WHOLE.day.dt.tz_localize("UTC")),
    "pandas, durations": lambda: with_day(WHOLE.day - WHOLE.day[0]),
    "pandas, microseconds": lambda: with_day(WHOLE.day.astype("M8[us]")),
    "pandas, of arrow": lambda: with_day(WHOLE.day.astype("timestamp[ns][pyarrow]")),
    "pandas, dates of arrow": lambda: with_day(WHOLE.day.astype("date32[day][pyarrow]")),
    "pandas, objects": lambda: with_day([dt.date(2020, 1, 1), None]),
    "polars": lambda: pl.from_pandas(WHOLE),
    "polars, missing": lambda: pl.from_pandas(FRAME),
    "polars, dates": lambda: pl.from_pandas(WHOLE).cast({"day": pl.Date}),
    "polars, times": lambda: pl.DataFrame({"price": [1.0, 2.0], "day": [dt.time(1), dt.time(2)]}),
    "polars, durations": lambda: pl.DataFrame({"price": [1.0], "day": [dt.timedelta(1)]}),
    "pyarrow": lambda: arrow(WHOLE),
    "pyarrow, missing": lambda: arrow(FRAME),
    "pyarrow, batch": lambda: arrow(WHOLE).to_batches()[0],
}
NAMELESS = {
    "datetime64": lambda: DAYS[:2, None] + np.array([0, 1], "m8[D]"),
    "NaT": lambda: np.stack([DAYS, DAYS], axis=1),
    "timedelta64": lambda: np.full((2, 2), np.timedelta64(3, "s")),
    "NaT of timedelta64": lambda: np.full((2, 2), np.timedelta64("NaT", "s")),
    "three axes": lambda: np.stack([DAYS, DAYS])[:, None],
    "objects": lambda: np.full((2, 2), dt.datetime(2020, 1, 1), dtype=object),
    "timedelta64 in objects": lambda: np.array([[1.0, np.timedelta64(3, "s")]], dtype=object),
    "a list": lambda: [[1.0, dt.timedelta(1)], [2.0, dt.timedelta(2)]],
    "a list of datetime64": lambda: [[np.datetime64("2020-01-01"), np.datetime64("2020-01-02")]],
}
CASES = NAMED | NAMELESS
every_case = pytest.mark.parametrize("case", CASES)
HELP = r"holds times, such as .*np\.timedelta64\(1, 's'\)"


def message(case, name):
    return rf"Column 'day' {HELP}" if case in NAMED else rf"(Column [01] of )?`{name}` {HELP}"


@every_case
@pytest.mark.parametrize("kind", [*KINDS, BatchNorm])
def test_11_3_no_norm_takes_times(kind, case):
    """In every method, before and after a fit, which stays as it was."""
    X = CASES[case]()
    fitted = kind().fit(np.array([[1.0, 2.0], [4.0, 3.0]]))
    calls = [kind().fit, kind().partial_fit, kind().fit_transform]
    calls += [fitted.fit, fitted.partial_fit, fitted.transform]
    if kind is BatchNorm:
        calls += [fitted.inverse_transform, fitted.partial_fit_transform]
    else:
        calls += [kind().transform, lambda X: fitted.inverse_transform(X, stats=np.ones((2, 1, 2)))]
    before = fitted.__getstate__()
    for call in calls:
        with pytest.raises(ValueError, match=message(case, "X")):
            call(X)
    assert repr(fitted.__getstate__()) == repr(before)


@every_case
def test_11_3_no_function_takes_times(case):
    """Neither as data nor as a gradient."""
    X = CASES[case]()
    ok = np.ones((2, 3, 2))
    for name in functional.__all__:
        for argument in data_of(name):
            with pytest.raises(ValueError, match=message(case, argument)):
                getattr(functional, name)(**arguments(name, ok, **{argument: X}))


def test_11_3_the_way_that_the_message_shows_works():
    """Seconds, and NaN for what is missing."""
    seconds = (DAYS - DAYS[0]) / np.timedelta64(1, "s")
    np.testing.assert_array_equal(seconds, [0.0, 172800.0, np.nan])
    Z = BatchNorm(eps=0.0).fit_transform(seconds[:, None])
    np.testing.assert_array_equal(Z.ravel(), [-1.0, 1.0, np.nan])


def test_11_3_a_missing_object_among_numbers_is_a_missing_number():
    """pd.NaT beside numbers stands for no time."""
    X = np.array([[pd.NaT, 1.0, 3.0]], dtype=object)
    np.testing.assert_array_equal(KINDS[3](eps=0.0).transform(X), [[np.nan, -1.0, 1.0]])
