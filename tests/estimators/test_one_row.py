"""The fast path of small inputs: the same answers, checks and state as full validation."""

from __future__ import annotations

import copy
import pickle
import warnings

import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from inside import (
    BATCHES,
    MEMBERS,
    SMALL,
    Scaler,
    TensorInput,
    TensorNorm,
    batches_waiting,
    earlier,
    is_fast,
    long_way,
    wait_never,
    waiting_of,
)
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_norm import BatchStatsScaler, LayerNorm, RobustScaler, ZScoreScaler

NAMES = ["height", "weight", "age"]
X = np.random.default_rng(0).normal(100, 30, (40, 3)).round(2)
FRAME = pd.DataFrame(X, columns=NAMES)
# the batches of groups do not wait, and their `copy` is that of their scaler: tests/compose
KINDS = [laws.kind_of(name) for name in laws.ESTIMATORS if name != "GroupScaler"]
COLUMNS = [kind for kind in KINDS if not issubclass(kind, TensorInput)]
FAST = [kind for kind in KINDS if kind in COLUMNS or issubclass(kind, TensorNorm)]
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
EVERY_FAST = pytest.mark.parametrize("kind", FAST, ids=lambda kind: kind.__name__)
STREAMS = pytest.mark.parametrize("kind", COLUMNS, ids=lambda kind: kind.__name__)


def made(kind):
    """Return an estimator that takes three columns as one sample of three members."""
    return kind(channel_axis=-1) if kind.__name__ in ("InstanceNorm", "GroupNorm") else kind()


def transformed(estimator, X):
    """Transform without the fast path."""
    with long_way():
        return estimator.transform(X)


def outcome(act):
    """Return the result, or the error, and the warnings."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = act()
        except Exception as error:
            result = (type(error), str(error))
    return result, [(w.category, str(w.message)) for w in told]


def assert_same(actual, expected):
    assert type(actual) is type(expected)
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(actual, expected, check_exact=True)
        assert actual.columns.dtype == expected.columns.dtype
        laws.assert_same_bits(actual.to_numpy(), expected.to_numpy())
    elif sparse.issparse(expected):
        laws.assert_same_bits(actual.toarray(), expected.toarray())
    elif isinstance(expected, np.ndarray):
        laws.assert_same_bits(actual, expected)
        assert actual.flags.c_contiguous == expected.flags.c_contiguous
    else:
        assert actual == expected


def assert_same_state(actual, expected):
    """Two states hold the same bits in the same places."""
    assert type(actual) is type(expected)
    if isinstance(expected, dict):
        assert list(actual) == list(expected)
        actual, expected = list(actual.values()), list(expected.values())
    if isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected)
        for pair in zip(actual, expected, strict=True):
            assert_same_state(*pair)
    elif isinstance(expected, np.ndarray):
        laws.assert_same_bits(actual, expected)
    else:
        assert actual == expected


def missing(rows):
    rows = rows.copy()
    rows[0, 1] = np.nan
    return rows


COMMON = {
    "row": lambda: X[:1],
    "rows": lambda: X,
    "missing": lambda: missing(X[:2]),
    "float32": lambda: X[:3].astype(np.float32),
    "float16": lambda: X[:3].astype(np.float16),
    "by column": lambda: np.asfortranarray(X[:5]),
    "strided": lambda: np.repeat(X, 2, axis=1)[::3, ::2],
    "read-only": lambda: np.frombuffer(X[:2].tobytes()).reshape(2, 3),
}
FRAMES = {
    "slice": lambda: FRAME[3:4],
    "index": lambda: FRAME.iloc[[7, 2]],
    "of new columns": lambda: pd.DataFrame([dict(zip(NAMES, X[5], strict=True))]),
    "float32": lambda: FRAME[:2].astype(np.float32),
    "mixed": lambda: FRAME[:2].astype({"age": np.float32}),
    "missing": lambda: pd.DataFrame(missing(X[:2]), columns=NAMES),
}


@EVERY_FAST
@pytest.mark.parametrize("given", COMMON)
def test_common_arrays_take_the_fast_path_to_the_same_bits(kind, given):
    estimator, rows = made(kind).fit(X), COMMON[given]()
    assert is_fast(estimator, rows)
    assert_same(estimator.transform(rows), transformed(estimator, rows))


@EVERY_FAST
@pytest.mark.parametrize("container", ["default", "pandas"])
@pytest.mark.parametrize("given", FRAMES)
def test_frames_with_the_columns_of_the_fit_take_the_fast_path(kind, given, container):
    """From the second frame on, in the container asked for, with its index."""
    estimator, rows = made(kind).fit(FRAME).set_output(transform=container), FRAMES[given]()
    estimator.transform(FRAME)
    assert is_fast(estimator, rows)
    assert_same(estimator.transform(rows), transformed(estimator, rows))


@EVERY_FAST
def test_the_global_configuration_counts(kind):
    estimator = made(kind).fit(FRAME)
    estimator.transform(FRAME)
    with sklearn.config_context(transform_output="pandas"):
        assert_same(estimator.transform(FRAME[:1]), transformed(estimator, FRAME[:1]))
        assert isinstance(estimator.transform(FRAME[:1]), pd.DataFrame)
    with sklearn.config_context(transform_output="polars"):
        assert isinstance(estimator.transform(FRAME[:1]), pl.DataFrame)


UNCOMMON = {
    "wider": lambda: np.ones((1, 4)),
    "narrower": lambda: np.ones((1, 2)),
    "no rows": lambda: X[:0],
    "one axis": lambda: X[0],
    "infinity": lambda: np.array([[1.0, np.inf, 2.0]]),
    "minus infinity": lambda: np.array([[1.0, 2.0, -np.inf]], dtype=np.float32),
    "integers": lambda: X[:2].astype(int),
    "booleans": lambda: X[:2] > 100,
    "strings": lambda: X[:2].astype(str),
    "objects": lambda: X[:2].astype(object),
    "complex": lambda: X[:2] * 1j,
    "other byte order": lambda: X[:2].astype(">f8"),
    "masked": lambda: np.ma.masked_array(X[:2], X[:2] > 100),
    "a list": lambda: X[:2].tolist(),
    "a frame": lambda: FRAME[:2],
    "other names": lambda: FRAME[:2].rename(columns={"age": "size"}),
    "other order": lambda: FRAME[:2][NAMES[::-1]],
    "fewer names": lambda: FRAME[:2][NAMES[:2]],
    "numbers as names": lambda: FRAME[:2].set_axis([0, 1, 2], axis=1),
    "infinity in a frame": lambda: FRAME[:2].replace(X[0, 1], np.inf),
    "integers in a frame": lambda: FRAME[:2].astype(int),
    "sparse columns": lambda: FRAME[:2].astype(pd.SparseDtype(float, 0.0)),
    "nullable": lambda: FRAME[:2].astype("Float64"),
    "None": lambda: None,
}


@EVERY
@pytest.mark.parametrize("fitted_on", ["array", "frame"])
@pytest.mark.parametrize("given", UNCOMMON)
def test_all_else_does_not_take_the_fast_path(kind, given, fitted_on):
    """Results, errors and warnings are those without the fast path, word for word."""
    data = X if fitted_on == "array" else FRAME
    estimator, rows = made(kind).fit(data), UNCOMMON[given]()
    estimator.transform(data)
    actual, warned = outcome(lambda: estimator.transform(rows))
    expected, expected_warned = outcome(lambda: transformed(estimator, rows))
    assert_same(actual, expected)
    assert warned == expected_warned
    learned, told = outcome(lambda: made(kind).fit(data).partial_fit(rows))
    again = made(kind).fit(data)
    with long_way():
        long_learned, long_told = outcome(lambda: again.partial_fit(rows))
    assert told == long_told
    if isinstance(long_learned, tuple):
        assert learned == long_learned
    else:
        assert pickle.dumps(learned) == pickle.dumps(long_learned)


@EVERY
def test_an_array_for_a_frame_warns_every_time(kind):
    estimator = made(kind).fit(FRAME)
    for _ in range(2):
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            estimator.transform(X[:1])


@EVERY
def test_nothing_is_answered_before_the_fit(kind):
    estimator = made(kind)
    if issubclass(kind, Scaler):
        with pytest.raises(NotFittedError):
            estimator.transform(X[:1])


@EVERY_FAST
def test_what_was_seen_before_is_no_part_of_the_state(kind):
    """Attributes and pickles are the same before and after; copies answer as well."""
    estimator = made(kind).fit(FRAME)
    attributes, pickled = dict(vars(estimator)), pickle.dumps(estimator)
    expected = estimator.transform(FRAME[:1])
    estimator.transform(FRAME[:1])
    assert list(vars(estimator)) == list(attributes)
    assert all(vars(estimator)[name] is value for name, value in attributes.items())
    assert pickle.dumps(estimator) == pickled
    for again in (pickle.loads(pickled), copy.deepcopy(estimator), copy.copy(estimator)):
        for _ in range(2):
            laws.assert_same_bits(again.transform(FRAME[:1]), expected)


@STREAMS
def test_copy_false_overwrites_the_row(kind):
    scaler = kind(copy=False).fit(X)
    row = X[:1].copy()
    assert scaler.transform(row) is row
    laws.assert_same_bits(row, kind().fit(X).transform(X[:1]))


def test_parameters_of_norms_count_when_they_change():
    """New ones are checked and used, gains also where an array was written to."""
    gamma = np.array([1.0, 2.0, 3.0])
    norm = LayerNorm(gamma=gamma).fit(X)
    norm.transform(X[:1])
    assert is_fast(norm, X[:1])
    gamma[1] = 7.0
    laws.assert_same_bits(norm.transform(X[:1]), LayerNorm(gamma=gamma).transform(X[:1]))
    norm.set_params(eps=-1.0)
    with pytest.raises(ValueError, match="eps"):
        norm.transform(X[:1])
    norm.set_params(eps=0.5)
    expected = LayerNorm(gamma=gamma, eps=0.5).transform(X[:1])
    laws.assert_same_bits(norm.transform(X[:1]), expected)


@EVERY
def test_numbers_as_names_warn_every_time(kind):
    """Such a frame is not remembered as one with the columns of the fit."""
    estimator, numbered = made(kind).fit(FRAME), pd.DataFrame(X)
    for _ in range(2):
        with pytest.warns(UserWarning, match="does not have valid feature names"):
            estimator.transform(numbered)


@EVERY_FAST
def test_columns_of_a_result_can_be_renamed(kind):
    """That of one result is not that of the next."""
    estimator = made(kind).fit(FRAME).set_output(transform="pandas")
    for _ in range(2):
        result = estimator.transform(FRAME)
        assert result.columns.name is None
        result.columns.name = "sensor"


@EVERY_FAST
def test_columns_of_the_fit_cannot_be_set(kind):
    """They are views on what was fitted."""
    estimator = made(kind).fit(FRAME)
    with pytest.raises(AttributeError):
        estimator.feature_names_in_ = np.array(["a", "b", "c"], dtype=object)
    with pytest.raises(AttributeError):
        estimator.n_features_in_ = 4
    assert list(estimator.transform(FRAME[:1]).T.shape) == [3, 1]


@EVERY_FAST
def test_wrong_calls_name_the_public_method(kind):
    estimator = made(kind).fit(X)
    for call in (
        lambda: estimator.transform(X, wrong=1),
        lambda: estimator.partial_fit(X, wrong=1),
        lambda: estimator.partial_fit(X, None, None, None),
    ):
        with pytest.raises(TypeError, match=r"(transform|partial_fit)\(\) (got|takes)") as told:
            call()
        assert "_" not in str(told.value).partition("(")[0].replace("partial_fit", "")


@STREAMS
def test_a_wrong_parameter_is_refused_in_every_batch(kind):
    """Though 1 equals True."""
    scaler = kind().fit(X).set_params(copy=1)
    with pytest.raises(ValueError, match="'copy' parameter"):
        scaler.partial_fit(X[:1])


# Streams of small batches


def streamed(scaler, batches):
    for batch in batches:
        scaler.partial_fit(batch)
    return scaler


def rows_of(n, seed=1):
    """Return a long stream, whose last column is sometimes missing."""
    rows = np.random.default_rng(seed).normal(50, 9, (n, 3))
    rows[::7, 2] = np.nan
    return rows


@STREAMS
def test_a_stream_of_rows_equals_the_stream_folded_at_once(kind):
    """Pending batches change results by rounding at most; extrema and moments not at all."""
    rows = rows_of(2 * BATCHES + 40)
    batches = np.split(rows, len(rows))
    waiting = streamed(kind(), batches)
    direct = kind()
    wait_never(direct)
    streamed(direct, batches)
    laws.assert_close_scalers(waiting, direct)


@STREAMS
def test_reading_between_batches_changes_no_bit(kind):
    """Every state on the way is that of a stream which was not read in between."""
    rows = rows_of(BATCHES + 20)
    read, unread = kind().fit(X), kind().fit(X)
    for i in range(len(rows)):
        for scaler in (read, unread):
            scaler.partial_fit(rows[i : i + 1])
        laws.read_scaler(read)
        read.transform(rows[:1])
        pickle.dumps(read)
        if i % 50 == 0 or i + 3 > len(rows):
            assert pickle.dumps(read) == pickle.dumps(unread)
    laws.assert_same_bits(laws.read_scaler(read), laws.read_scaler(unread))


@STREAMS
def test_the_kind_of_input_changes_no_bit_of_a_stream(kind):
    """Arrays, lists, frames and any column order are buffered alike."""
    rows = rows_of(30).astype(np.float32)
    forms = {
        "array": lambda row: row,
        "float64": lambda row: row.astype(np.float64),
        "list": lambda row: row.astype(np.float64).tolist(),
        "by column": np.asfortranarray,
        "weighted": lambda row: row,
    }
    pickles = set()
    for form, act in forms.items():
        scaler = kind().fit(X)
        for i in range(0, 30, 3):
            weight = np.ones(3) if form == "weighted" else None
            scaler.partial_fit(act(rows[i : i + 3]), sample_weight=weight)
        pickles.add(pickle.dumps(scaler))
    assert len(pickles) == 1


@STREAMS
def test_pending_batches_are_bounded(kind):
    """The buffer holds a limited number of batches and members, and no large batch."""
    scaler = kind().fit(X)
    for row in np.split(rows_of(BATCHES - 1), BATCHES - 1):
        scaler.partial_fit(row)
    assert batches_waiting(scaler) == BATCHES - 1
    assert waiting_of(scaler.partial_fit(X[:1])) is None
    if kind is BatchStatsScaler:
        return  # of these, only single rows are buffered
    large = np.tile(X, (SMALL // X.size, 1))
    for _ in range(MEMBERS // large.size + 1):
        scaler.partial_fit(large)
        waiting = waiting_of(scaler)
        assert waiting is None or waiting.n_members < MEMBERS
    large = np.tile(X, (SMALL // X.size + 1, 1))
    assert waiting_of(kind().fit(X).partial_fit(large)) is None


@STREAMS
@pytest.mark.parametrize(
    "again", [copy.deepcopy, copy.copy, lambda s: pickle.loads(pickle.dumps(s))]
)
def test_a_copy_goes_on_where_the_stream_was(kind, again):
    """To the same bits, and without changing the original."""
    rows = rows_of(90)
    scaler = streamed(kind().fit(X), np.split(rows[:30], 30))
    other = again(scaler)
    before = pickle.dumps(scaler)
    streamed(other, np.split(rows[30:], 60))
    assert pickle.dumps(scaler) == before
    streamed(scaler, np.split(rows[30:], 60))
    laws.assert_same_bits(laws.read_scaler(scaler), laws.read_scaler(other))
    assert_same_state(scaler.__getstate__(), other.__getstate__())


@STREAMS
def test_merging_counts_the_pending_batches_of_both_sides(kind):
    given = {"momentum": None} if kind is BatchStatsScaler else {}
    rows = rows_of(40)
    one = streamed(kind(**given).fit(X), np.split(rows[:20], 20))
    two = streamed(kind(**given).fit(X), np.split(rows[20:], 20))
    whole = streamed(kind(**given).fit(X), np.split(rows, 40)).partial_fit(X)
    if kind is BatchStatsScaler:  # both first batches count as batches
        assert one.merge(two).n_batches_seen_[0] == 42
    laws.assert_close_scalers(one.merge(two), whole)


def test_pending_batches_are_folded_by_the_parameters_they_came_under():
    """A new momentum holds from the next batch on."""
    rows = rows_of(4)[:, :2]
    scaler = BatchStatsScaler(momentum=0.5).fit(rows[:1])
    scaler.partial_fit(rows[1:2])
    scaler.set_params(momentum=1.0)
    expected = (rows[0] * 0.25 + rows[1] * 0.5) / 0.75
    np.testing.assert_allclose(scaler.running_mean_, expected, 1e-14)
    scaler.partial_fit(rows[2:3])
    np.testing.assert_allclose(scaler.running_mean_, rows[2], 1e-14)


@STREAMS
def test_a_wrong_batch_leaves_the_pending_batches(kind):
    scaler = kind().fit(X).partial_fit(X[:1])
    before = pickle.dumps(scaler)
    for wrong in (np.array([[1.0, np.inf, 2.0]]), np.ones((1, 4)), [["a", "b", "c"]]):
        with pytest.raises(ValueError, match=r"infinity.*column 1|4 features|could not convert"):
            scaler.partial_fit(wrong)
        assert pickle.dumps(scaler) == before


@STREAMS
def test_a_reader_sees_one_consistent_state_while_batches_are_folded(kind):
    """What is fitted is one record: a reader that holds it does not see a later fold."""
    scaler = streamed(kind().fit(X), np.split(rows_of(BATCHES - 1), BATCHES - 1))
    reader, before = earlier(scaler), laws.read_scaler(scaler)
    scaler.partial_fit(X[:1])
    assert waiting_of(scaler) is None
    laws.assert_same_bits(laws.read_scaler(reader), before)
    laws.assert_same_bits(laws.read_scaler(pickle.loads(pickle.dumps(reader))), before)


def test_a_running_average_buffers_single_rows_only():
    """Others have a spread of their own, and folding them is no faster together."""
    scaler = BatchStatsScaler().fit(X)
    assert waiting_of(scaler.partial_fit(X[:2])) is None
    assert waiting_of(scaler.partial_fit(X[:1])) is not None
    assert waiting_of(scaler.partial_fit(X[:2])) is None
    assert scaler.n_batches_seen_ == 4


def test_a_pending_batch_is_a_copy():
    row = X[:1].copy()
    scaler = ZScoreScaler().fit(X).partial_fit(row)
    expected = scaler.mean_.copy()
    row[:] = 1e9
    again = pickle.loads(pickle.dumps(scaler))
    laws.assert_same_bits(again.mean_, expected)


def test_fit_discards_pending_batches():
    scaler = ZScoreScaler().fit(X).partial_fit(X[:1] + 1e6)
    assert scaler.fit(X).n_samples_seen_ == 40
    laws.assert_same_bits(scaler.mean_, ZScoreScaler().fit(X).mean_)
    assert clone(scaler.partial_fit(X[:1])).__dict__.keys() == scaler.get_params().keys()


def test_few_rows_stay_exact_in_a_robust_stream():
    """Pending rows count like any others: the median is the numpy one."""
    scaler = streamed(RobustScaler(), np.split(X, 40))
    np.testing.assert_array_equal(scaler.center_, np.median(X, axis=0))
    assert scaler.rank_error_ == 0.0


class Forgetful(ZScoreScaler):
    """A scaler whose update is not the merge: only the newest batch counts."""

    def _update(self, old, new):
        return new


def test_batches_are_folded_one_by_one_where_the_update_is_not_the_merge():
    scaler = streamed(Forgetful().fit(X), np.split(X[:10], 5))
    np.testing.assert_array_equal(scaler.mean_, X[8:10].mean(axis=0))
