"""What a scaler remembers: unchanged by errors, plain, and merged only with its own kind."""

from __future__ import annotations

import copy
import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from threading import Barrier

import inside
import joblib
import laws
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import sklearn_norm

KINDS = [laws.kind_of(name) for name in laws.SCALERS]
EVERY = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
NAMES = ["height", "weight", "age"]
X = np.random.default_rng(0).normal(100, 30, (40, 3)).round(2)
X[3, 1] = np.nan
FRAME = pd.DataFrame(X, columns=NAMES)

# An invalid value, and a valid one beside the default, of each parameter there is.
PARAMETERS = {
    "base": (1.0, 10),
    "bound": (-1.0, 500.0),
    "beta": (["a", "b", "c"], [1.0, 2.0, 3.0]),
    "bias_correction": ("yes", False),
    "channel_axis": (0, -1),
    "clip": ("yes", True),
    "copy": ("yes", False),
    "clip of channels": ("yes", True),
    "clip of others": ("yes", "range"),
    "data_range": (3, (0, 255)),
    "ddof": (2, 1),
    "dtype": ("int8", "float16"),
    "eps": (-1.0, 0.5),
    "lambda_range": ((1, 0), (-1, 2)),
    "lambdas": ("x", 0.25),
    "feature_range": ((1, 0), (-1, 1)),
    "gamma": ([1.0, 2.0], 2.0),
    "kind": ("sine", "signed_log1p"),
    "nonpositive": ("zero", "nan"),
    "method": ("log", "box-cox"),
    "method of channels": ("log", "minmax"),
    "momentum": (5.0, None),
    "n_quantiles": (1, 7),
    "output": ("gauss", "normal"),
    "pool": ("rows", "members"),
    "quantile_range": ((75.0, 25.0), (10.0, 90.0)),
    "shape": ((2, 5), (3,)),
    "rank_error": (9.0, 0.01),
    "standardize": ("yes", False),
    "unit": (-1.0, 2.0),
    "unit_variance": ("yes", True),
    "variance": ("none", "within"),
    "with_centering": ("yes", False),
    "with_mean": ("yes", False),
    "with_scaling": ("yes", False),
    "with_std": ("yes", False),
}


def entry(kind, name):
    """Return the entry of a parameter; `clip` is a flag, the bounds, or one of both."""
    if kind is sklearn_norm.ChannelScaler and name in ("clip", "method"):
        return f"{name} of channels"
    flag = name != "clip" or isinstance(kind().clip, bool)
    return name if flag else "clip of others"


OF_OTHER_KINDS = {"bounds", "floor"}  # of logarithms and logits: tests/scalers/test_log.py
SETTINGS = [
    (kind, name) for kind in KINDS for name in kind().get_params() if name not in OF_OTHER_KINDS
]


def settings(place, leave_out=()):
    """Return (kind, parameter, value) for each parameter of each scaler."""
    return [
        pytest.param(kind, name, PARAMETERS[entry(kind, name)][place], id=f"{kind.__name__}-{name}")
        for kind, name in SETTINGS
        if name not in leave_out
    ]


def test_every_parameter_of_every_scaler_is_in_the_table():
    assert set(PARAMETERS) == {entry(*setting) for setting in SETTINGS}


def mergeable(kind, **given):
    """Return a new scaler whose merge is defined."""
    return kind(**({"momentum": None} if "momentum" in kind().get_params() else {}) | given)


def everything(scaler):
    """Return all attributes, and the pickle, which shows what is inside them."""
    return dict(vars(scaler)), pickle.dumps(scaler)


def assert_unchanged(scaler, before):
    attributes, pickled = before
    assert list(vars(scaler)) == list(attributes)
    for name, value in attributes.items():
        assert vars(scaler)[name] is value
    assert pickle.dumps(scaler) == pickled


# Errors


def infinite():
    wrong = FRAME.copy()
    wrong.iloc[5, 1] = -np.inf
    return wrong


def weights(*first):
    return np.concatenate([first, np.ones(40 - len(first))])


BAD = {
    "other width": (FRAME.assign(more=1.0), None, ValueError, "feature names|features"),
    "other names": (FRAME.rename(columns={"age": "size"}), None, ValueError, "feature names"),
    "other order": (FRAME[NAMES[::-1]], None, ValueError, "feature names"),
    "fewer columns": (FRAME[NAMES[:2]], None, ValueError, "feature names"),
    "one dimension": (X[:, 0], None, ValueError, "Expected 2D array"),
    "infinity": (infinite(), None, ValueError, "infinity.*'weight'"),
    "strings": (FRAME.astype(object).assign(age="old"), None, ValueError, "could not convert"),
    "complex": (X * 1j, None, ValueError, "Complex"),
    "no rows": (FRAME[:0], None, ValueError, "0 sample"),
    "negative weight": (FRAME, weights(1, -1), ValueError, "sample 1 has the weight -1"),
    "NaN weight": (FRAME, weights(1, 1, np.nan), ValueError, "NaN.*sample 2 has the weight"),
    "infinite weight": (FRAME, weights(np.inf), ValueError, "infinity.*sample 0 has the weight"),
    "too few weights": (FRAME, np.ones(39), ValueError, r"shape == \(39,\), expected \(40,\)"),
    "weights in 2-D": (FRAME, np.ones((40, 1)), ValueError, "must be 1D"),
    "zero weights": (FRAME, np.zeros(40), ValueError, "(?i)weight.*zero"),
    "weight zero": (FRAME, 0.0, ValueError, "(?i)weight.*zero"),
    "strings as weights": (FRAME, ["a"] * 40, ValueError, "could not convert"),
}
ONLY_LATER = {"other width", "other names", "other order", "fewer columns"}  # fine in a first fit


@EVERY
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("name", BAD)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
def test_an_error_leaves_a_fitted_scaler_as_it_was(kind, method, name):
    """Attributes, their order, results and the pickle; and the scaler goes on from there."""
    data, weight, error, message = BAD[name]
    if (method, name) == ("partial_fit", "no rows"):
        data = data[NAMES[::-1]]  # none are right in a stream, if the columns are
        message = "feature names should match"
    if method == "fit" and name in ONLY_LATER:
        data = data.replace(data.iloc[0, 0], np.inf)  # the columns are new, and the values bad
        message = "infinity"
    scaler = kind().fit(FRAME).partial_fit(FRAME[:7])
    before, twin = everything(scaler), kind().fit(FRAME).partial_fit(FRAME[:7])
    with pytest.raises(error, match=message):
        getattr(scaler, method)(data, sample_weight=weight)
    assert_unchanged(scaler, before)
    laws.assert_same_bits(scaler.transform(FRAME), twin.transform(FRAME))
    scaler.partial_fit(FRAME[7:]), twin.partial_fit(FRAME[7:])
    laws.assert_same_bits(laws.read_scaler(scaler), laws.read_scaler(twin))


@EVERY
@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform"])
@pytest.mark.parametrize("name", [name for name in BAD if name not in ONLY_LATER])
def test_an_error_leaves_an_unfitted_scaler_unfitted(kind, method, name):
    data, weight, error, message = BAD[name]
    scaler = kind()
    if (name, method) == ("no rows", "partial_fit"):  # is none: test_empty.py
        assert scaler.partial_fit(data).n_features_in_ == data.shape[1]
        return
    before = everything(scaler)
    with pytest.raises(error, match=message):
        getattr(scaler, method)(data, sample_weight=weight)
    assert_unchanged(scaler, before)
    with pytest.raises(NotFittedError):
        scaler.transform(X)
    for attribute in ("n_features_in_", "feature_names_in_", "n_samples_seen_", "scale_"):
        assert not hasattr(scaler, attribute)
    scaler.partial_fit(X[:, :2])  # other columns are no trouble
    assert scaler.n_features_in_ == 2


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(("kind", "name", "value"), settings(0))
def test_an_invalid_parameter_is_an_error_that_changes_nothing(kind, name, value, fitted, method):
    """It is named, also where it was set after a fit."""
    scaler = kind().fit(FRAME) if fitted else kind()
    scaler.set_params(**{name: value})
    before = everything(scaler)
    words = "quantile range" if name == "quantile_range" else name
    with pytest.raises(ValueError, match=words):
        getattr(scaler, method)(FRAME)
    assert_unchanged(scaler, before)


@EVERY
def test_extreme_weights_are_an_error_without_a_warning(kind):
    scaler = kind().fit(FRAME)
    before = everything(scaler)
    for method, weight in ((scaler.fit, 1e308), (scaler.partial_fit, 1e-300)):
        with pytest.raises(ValueError, match="too extreme to be summed exactly"):
            method(FRAME, sample_weight=np.full(40, weight))
    assert_unchanged(scaler, before)


@EVERY
def test_an_interrupt_leaves_a_scaler_as_it_was(kind, monkeypatch):
    """Even where it comes between the columns and the numbers."""
    scaler = kind().fit(FRAME)
    before = everything(scaler)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(scaler.__class__, inside.RULE, interrupt)
    with pytest.raises(KeyboardInterrupt):
        scaler.fit(X[:, :2])
    monkeypatch.undo()
    assert_unchanged(scaler, before)


@EVERY
def test_errors_of_use_change_nothing(kind):
    scaler = kind().fit(FRAME)
    before = everything(scaler)
    for method in (scaler.transform, scaler.inverse_transform):
        for data in (infinite(), FRAME[NAMES[::-1]], FRAME.astype(str) + "y"):
            with pytest.raises(ValueError, match=r"infinity|order|could not convert"):
                method(data)
    with pytest.raises(ValueError, match="was not seen in fit"):
        scaler.inverse_transform(X[:, :1], columns=["size"])
    assert_unchanged(scaler, before)


@EVERY
def test_a_fit_transform_that_fails_half_way_changes_nothing(kind, monkeypatch):
    """What was learned is forgotten where it cannot be applied."""
    scaler = kind().fit(FRAME)
    before = everything(scaler)
    monkeypatch.setattr(kind, inside.SCALED, infinite_map)
    with pytest.raises(ValueError, match="no such map"):
        scaler.fit_transform(FRAME * 2)
    assert_unchanged(scaler, before)


def infinite_map(*_, **__):
    raise ValueError("no such map")


@EVERY
def test_parameters_are_set_all_or_none(kind):
    scaler = kind().fit(FRAME)
    before = everything(scaler)
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense'"):
        scaler.set_params(copy=False, nonsense=1)
    assert_unchanged(scaler, before)
    assert scaler.set_params(copy=False).copy is False


@pytest.mark.parametrize("using", ["batch", "before", "after"])
def test_errors_of_partial_fit_transform_change_nothing(using):
    scaler = sklearn_norm.BatchStatsScaler().fit(FRAME)
    before = everything(scaler)
    for data, weight, error, message in BAD.values():
        if isinstance(data, pd.DataFrame):
            with pytest.raises(error, match=message):
                scaler.partial_fit_transform(data, sample_weight=weight, using=using)
            assert_unchanged(scaler, before)


def test_an_unknown_using_changes_nothing():
    scaler = sklearn_norm.BatchStatsScaler()
    before = everything(scaler)
    with pytest.raises(ValueError, match=r"`using` must be.*Got 'during'"):
        scaler.partial_fit_transform(X, using="during")
    with pytest.raises(NotFittedError, match='using="before" needs statistics'):
        scaler.partial_fit_transform(X, using="before")
    assert_unchanged(scaler, before)


# Parameters and state


@EVERY
def test_a_clone_has_the_parameters_and_no_state(kind):
    scaler = kind(copy=False).set_output(transform="pandas").fit(FRAME)
    twin = clone(scaler)
    assert twin.get_params() == scaler.get_params()
    assert set(vars(twin)) == set(scaler.get_params()) | {"_sklearn_output_config"}
    with pytest.raises(NotFittedError):
        twin.transform(FRAME)
    assert isinstance(twin.fit_transform(FRAME), pd.DataFrame)


@EVERY
def test_fit_begins_from_nothing(kind):
    scaler = kind().fit(FRAME).partial_fit(FRAME)
    scaler.fit(X[:10, :2])
    assert not hasattr(scaler, "feature_names_in_")
    fresh = kind().fit(X[:10, :2])
    laws.assert_same_bits(laws.read_scaler(scaler), laws.read_scaler(fresh))
    assert pickle.dumps(scaler) == pickle.dumps(fresh)


@pytest.mark.parametrize(
    ("kind", "name", "value"), settings(1, leave_out=("beta", "clip", "copy", "dtype", "gamma"))
)
def test_parameters_set_after_a_fit_leave_transform_as_it_was(kind, name, value):
    """They take effect in the next fit, but for gamma and beta: test_gain_at_once.py."""
    scaler = kind().fit(FRAME)
    Z, back = scaler.transform(FRAME), scaler.inverse_transform(FRAME).to_numpy()
    given = {"momentum": None, name: value} if name == "pool" else {name: value}
    scaler.set_params(**given)
    laws.assert_same_bits(scaler.transform(FRAME), Z)
    laws.assert_same_bits(scaler.inverse_transform(FRAME).to_numpy(), back)
    scaler.fit(FRAME)
    laws.assert_same_bits(scaler.transform(FRAME), kind(**given).fit(FRAME).transform(FRAME))


@pytest.mark.parametrize(("kind", "name", "value"), settings(1))
def test_parameters_set_after_a_fit_leave_fitted_attributes_as_they_were(kind, name, value):
    """Otherwise var_ would no longer be the square of scale_, or data_min_ not that of min_."""
    scaler = kind().fit(FRAME).partial_fit(FRAME + 50)
    before = laws.read_scaler(scaler)
    scaler.set_params(**{name: value})
    laws.assert_same_bits(laws.read_scaler(scaler), before)


@EVERY
def test_clip_and_copy_take_effect_at_once(kind):
    scaler = kind().fit(X).set_params(copy=False)
    A = X.copy()
    assert np.shares_memory(scaler.transform(A), A)
    if "clip" in scaler.get_params() and entry(kind, "clip") == "clip":
        scaler.set_params(clip=True)
        assert np.nanmax(scaler.transform(X * 100)) == 1


@EVERY
def test_fitted_attributes_cannot_be_set(kind):
    scaler = kind().fit(X)
    for name in laws.read_scaler(scaler):
        if name.endswith("_") and name not in ("n_features_in_", "shape_"):
            with pytest.raises(AttributeError):
                setattr(scaler, name, 1.0)


PLAIN = (str, bool, int, float, type(None))


def walk(value, path="state"):
    """Yield (path, value) of everything in nested state that is neither plain nor an array."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from walk(key, f"{path} key")
            yield from walk(member, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for i, member in enumerate(value):
            yield from walk(member, f"{path}[{i}]")
    elif type(value) is np.ndarray and value.dtype == object:
        yield from walk(value.tolist(), path)
    elif type(value) is not np.ndarray and type(value) not in PLAIN:
        yield path, value


@EVERY
@pytest.mark.parametrize("size", [40, 5000])
def test_the_state_holds_arrays_and_plain_values_only(kind, size):
    """Whatever was fitted, streamed or merged; names, too, are in an array."""
    rng = np.random.default_rng(1)
    batch = pd.DataFrame(rng.normal(size=(size, 3)), columns=NAMES)
    streamed = mergeable(kind).fit(batch).partial_fit(batch, sample_weight=rng.random(size))
    for scaler in (kind(), kind().fit(batch), streamed, streamed.merge(mergeable(kind).fit(batch))):
        state = scaler.set_output(transform="polars").__getstate__()
        assert list(walk(state)) == []
    assert inside.STATISTIC in state


class Recorder(pickle.Unpickler):
    """Load a pickle, and record the modules and the names that it looks up."""

    def find_class(self, module, name):
        vars(self).setdefault("found", []).append((module, name))
        return super().find_class(module, name)


@EVERY
@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_names_the_class_as_public_and_nothing_else_of_ours(kind, protocol):
    """The files may be moved and renamed, and old pickles still load."""
    given = kind().get_params()
    kind = getattr(sklearn_norm, kind.__name__, kind.__mro__[1])  # not one of these tests
    assert kind.__module__ == "sklearn_norm"
    pickled = pickle.dumps(kind(**given).fit(FRAME).partial_fit(FRAME), protocol=protocol)
    recorder = Recorder(io.BytesIO(pickled))
    assert type(recorder.load()) is kind
    ours = [found for found in recorder.found if found[0].startswith("sklearn_norm")]
    assert ours == [("sklearn_norm", kind.__name__)]
    others = {module.partition(".")[0] for module, _ in recorder.found} - {"sklearn_norm"}
    assert others <= {"numpy", "copyreg", "copy_reg", "__builtin__", "builtins", "_codecs"}


@EVERY
def test_a_mapped_scaler_learns_without_writing_the_file(kind, tmp_path):
    path = tmp_path / "scaler.joblib"
    scaler = mergeable(kind).fit(FRAME)
    joblib.dump(scaler, path)
    content = path.read_bytes()
    mapped = joblib.load(path, mmap_mode="r")
    low = inside.statistic_of(mapped).low
    assert isinstance(low, np.memmap)
    assert not low.flags.writeable
    merged = mapped.merge(scaler)
    mapped.partial_fit(FRAME[:9])
    assert mapped.n_samples_seen_.tolist() == [49, 47, 49]  # 40 + 9, with 2 x 1 missing
    assert merged.n_samples_seen_.tolist() == [80, 78, 80]
    assert path.read_bytes() == content


@EVERY
def test_a_copied_scaler_learns_apart(kind):
    scaler = kind().fit(FRAME)
    before = everything(scaler)
    for twin in (copy.copy(scaler), copy.deepcopy(scaler), pickle.loads(pickle.dumps(scaler))):
        twin.partial_fit(FRAME + 50)
        assert twin.n_samples_seen_.tolist() == [80, 78, 80]
    assert_unchanged(scaler, before)


@EVERY
def test_many_threads_share_one_scaler(kind):
    """The same bits from each, and no trace in the scaler."""
    rng = np.random.default_rng(2)
    data = rng.normal(size=(3000, 40))
    held = {"clip": PARAMETERS[entry(kind, "clip")][1]} if "clip" in kind().get_params() else {}
    for given in ({}, held):
        scaler = kind(**given).fit(data)
        before = everything(scaler)
        Z, back = scaler.transform(data), scaler.inverse_transform(data)
        barrier = Barrier(8)

        def work(_, scaler=scaler, barrier=barrier):
            barrier.wait(30)
            return [(scaler.transform(data), scaler.inverse_transform(data)) for _ in range(3)]

        with ThreadPoolExecutor(8) as pool:
            results = [pair for pairs in pool.map(work, range(8)) for pair in pairs]
        assert len(results) == 24
        for one, two in results:
            laws.assert_same_bits(one, Z)
            laws.assert_same_bits(two, back)
        assert_unchanged(scaler, before)


# Merging


def assert_refused(one, other, error, message):
    before = everything(one), everything(other)
    for left, right in ((one, other), (other, one)):
        with pytest.raises(error, match=message):
            left.merge(right)
    assert_unchanged(one, before[0])
    assert_unchanged(other, before[1])


@pytest.mark.parametrize(("kind", "other"), list(combinations(KINDS, 2)))
def test_another_class_is_not_merged(kind, other):
    one, two = mergeable(kind).fit(FRAME), mergeable(other).fit(FRAME)
    message = rf"Cannot merge a ({kind.__name__}|{other.__name__}) with a"
    assert_refused(one, two, ValueError, message)


@EVERY
def test_a_subclass_or_another_object_is_not_merged(kind):
    scaler = mergeable(kind).fit(X)
    before = everything(scaler)
    for stranger in (type("Kin", (kind,), {})().fit(X), None, X, kind):
        with pytest.raises(ValueError, match="fit both with the same class"):
            scaler.merge(stranger)
    assert_unchanged(scaler, before)


@pytest.mark.parametrize(("kind", "name", "value"), settings(1, leave_out=("copy", "dtype")))
def test_other_parameters_are_not_merged(kind, name, value):
    one, two = mergeable(kind).fit(FRAME), mergeable(kind)
    two.set_params(**{name: 0.5 if name == "momentum" else value}).fit(FRAME)
    assert_refused(one, two, ValueError, f"(?s)different parameters: {name}=.* and {name}=")


@EVERY
def test_scalers_that_differ_in_copy_are_merged(kind):
    merged = mergeable(kind, copy=False).fit(FRAME).merge(mergeable(kind).fit(FRAME))
    assert merged.copy is False
    assert merged.n_samples_seen_.tolist() == [80, 78, 80]


PAIR = [0, 9]  # a list makes a new tuple each time
SAME = [
    ("MinMaxScaler", "feature_range", (0, 1), (0.0, 1.0)),
    ("MinMaxScaler", "data_range", (np.zeros(3), np.ones(3)), ([0, 0, 0], [1, 1, 1])),
    ("MinMaxScaler", "data_range", dict.fromkeys((0, 1), (0, 9)), {i: tuple(PAIR) for i in (0, 1)}),
    ("RobustScaler", "quantile_range", (25.0, 75.0), (25, 75)),
    ("RobustScaler", "rank_error", 0.01, np.float64(0.01)),
    ("ZScoreScaler", "ddof", 1, np.int64(1)),
    ("ZScoreScaler", "with_mean", True, np.True_),
    ("BatchStatsScaler", "gamma", [1.0, 2.0, 3.0], np.array([1.0, 2.0, 3.0])),
]


@pytest.mark.parametrize(("name", "parameter", "one", "other"), SAME)
def test_parameters_of_the_same_value_are_merged_however_written(name, parameter, one, other):
    """Scalers of different machines seldom hold the same objects."""
    kind = laws.kind_of(name)
    merged = (
        mergeable(kind, **{parameter: one})
        .fit(X)
        .merge(mergeable(kind, **{parameter: other}).fit(X))
    )
    assert merged.n_samples_seen_.tolist() == [80, 78, 80]


@EVERY
def test_other_columns_are_not_merged(kind):
    one = mergeable(kind).fit(FRAME)
    for table in (FRAME[NAMES[:2]], FRAME[NAMES[::-1]], FRAME.rename(columns={"age": "size"})):
        two = mergeable(kind).fit(table)
        assert_refused(one, two, ValueError, "(?s)different columns: .*'height'.* and ")
    assert_refused(one, mergeable(kind).fit(X), ValueError, "different columns")
    unnamed = mergeable(kind).fit(X), mergeable(kind).fit(X[:, :2])
    assert_refused(*unnamed, ValueError, "different columns")


@EVERY
def test_unfitted_scalers_are_not_merged(kind):
    assert_refused(mergeable(kind).fit(X), mergeable(kind), NotFittedError, "not fitted")
    assert_refused(mergeable(kind), mergeable(kind), NotFittedError, "not fitted")


@EVERY
def test_a_merge_is_a_new_scaler_that_keeps_names_container_and_output(kind):
    one = mergeable(kind).set_output(transform="polars").fit(FRAME)
    two = mergeable(kind).fit(FRAME + 50)
    before = everything(one), everything(two)
    merged = one.merge(two)
    assert merged is not one
    assert merged.n_features_in_ == 3
    assert merged.feature_names_in_.tolist() == NAMES
    assert merged.get_params() == one.get_params()
    assert isinstance(merged.transform(FRAME), pl.DataFrame)
    assert isinstance(two.merge(one).inverse_transform(FRAME), pd.DataFrame)
    merged.partial_fit(FRAME)
    assert_unchanged(one, before[0])
    assert_unchanged(two, before[1])
    itself = two.merge(two)
    assert itself.n_samples_seen_.tolist() == [80, 78, 80]


# Names


@EVERY
def test_names_come_out_as_they_went_in(kind):
    scaler = kind().fit(FRAME)
    assert scaler.feature_names_in_.tolist() == NAMES
    assert scaler.get_feature_names_out().tolist() == NAMES
    assert scaler.get_feature_names_out(NAMES).tolist() == NAMES
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        scaler.get_feature_names_out(["a", "b", "c"])
    unnamed = kind().fit(X)
    assert unnamed.get_feature_names_out().tolist() == ["x0", "x1", "x2"]
    assert unnamed.get_feature_names_out(NAMES).tolist() == NAMES
    with pytest.raises(ValueError, match="should have length equal"):
        unnamed.get_feature_names_out(["a"])
    with pytest.raises(NotFittedError):
        kind().get_feature_names_out()


@EVERY
def test_constant_features_and_counts_by_hand(kind):
    """One number where all columns have the same, an array otherwise, floats for fractions."""
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 3.0], "c": [np.nan, 1.0]})
    scaler = kind().fit(table)
    assert scaler.constant_features_.tolist() == ["b", "c"]
    assert scaler.n_samples_seen_.tolist() == [2, 2, 1]
    scaler.partial_fit(table.assign(b=4.0, c=[np.nan, np.nan]))
    assert scaler.constant_features_.tolist() == ["c"]
    assert scaler.n_samples_seen_.tolist() == [4, 4, 1]
    unnamed = kind().fit([[1.0, 3.0], [2.0, 3.0]], sample_weight=[0.5, 2.0])
    assert unnamed.constant_features_.tolist() == [1]
    assert unnamed.n_samples_seen_ == 2.5


def test_a_message_lists_few_of_many_columns():
    """All of a few, the first ten of many, and how many there are."""
    names = [f"c{i}" for i in range(200)]
    scaler = sklearn_norm.ZScoreScaler().fit(pd.DataFrame(np.eye(200), columns=names))
    with pytest.raises(ValueError, match=r"'c0', .*'c9', \.\.\. 200 in all\]") as raised:
        scaler.inverse_transform(np.ones((1, 1)), columns=["elsewhere"])
    assert len(str(raised.value)) < 300


@EVERY
def test_an_attribute_cannot_be_written_into(kind):
    """Neither by index nor by an operation in place; nothing changes."""
    scaler = kind().fit(X)
    Z = scaler.transform(X)
    arrays = {n: v for n, v in laws.read_scaler(scaler).items() if n.endswith("_") and np.ndim(v)}
    assert arrays
    for value in arrays.values():
        assert not value.flags.writeable
    laws.assert_same_bits(scaler.transform(X), Z)


def test_a_subclass_may_have_parameters_of_its_own():
    """Those that it leaves out are read from the attributes that its __init__ sets."""

    class Plain(sklearn_norm.ZScoreScaler):
        def __init__(self):
            super().__init__(ddof=1)

    assert Plain().fit([[1.0], [3.0]]).var_.tolist() == [2.0]


def test_the_parameters_of_a_fit_are_copies():
    """A dict or an array that changes later changes nothing."""
    known = {0: [0.0, 10.0]}
    scaler = sklearn_norm.MinMaxScaler(data_range=known).fit([[1.0], [2.0]])
    known[0] = [-100.0, 100.0]
    assert scaler.data_min_.tolist() == [0.0]
    assert scaler.transform([[10.0]]).tolist() == [[1.0]]


def test_streams_are_merged_by_the_parameters_that_they_had():
    """set_params does not turn two exponential streams into plain averages."""
    streams = [
        sklearn_norm.BatchStatsScaler(0.5).partial_fit([[0.0]]).set_params(momentum=None)
        for _ in range(2)
    ]
    with pytest.raises(ValueError, match="no defined order"):
        streams[0].merge(streams[1])


@EVERY
def test_a_batch_without_rows_changes_nothing(kind):
    """As long as it has the columns of the stream."""
    scaler = kind().fit(FRAME)
    before = everything(scaler)
    assert scaler.partial_fit(FRAME[:0]) is scaler
    assert_unchanged(scaler, before)
