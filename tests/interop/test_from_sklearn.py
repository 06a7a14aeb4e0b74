"""from_sklearn and to_sklearn: the same results, counts, names and output, on either side."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import laws
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn import preprocessing
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    StandardScaler,
    ZScoreScaler,
)

NAN = np.nan
EPS = np.finfo(np.float64).eps
NAMES = ["height", "weight", "age"]
RNG = np.random.default_rng(0)
DATA = RNG.normal(100, 30, (60, 3)).round(2)
DATA.flags.writeable = False
FRAME = pd.DataFrame(DATA.copy(), columns=NAMES)
PEERS = {
    ZScoreScaler: preprocessing.StandardScaler,
    MinMaxScaler: preprocessing.MinMaxScaler,
    RobustScaler: preprocessing.RobustScaler,
    DecimalScaler: preprocessing.MaxAbsScaler,
    MaxAbsScaler: preprocessing.MaxAbsScaler,
    StandardScaler: preprocessing.StandardScaler,
}


# scikit-learn's MaxAbsScaler has `clip` from 1.7 on
HAS_CLIP = "clip" in preprocessing.MaxAbsScaler().get_params()
CLIPS = {"clip": True} if HAS_CLIP else {}


@dataclass(frozen=True)
class Case:
    """A scaler of ours, parameters that both sides have, and data that it takes."""

    ours: type
    parameters: dict[str, Any] = field(default_factory=dict)

    def theirs(self) -> Any:
        return PEERS[self.ours](**self.parameters)

    def own(self) -> Any:
        return self.ours(**self.parameters)


CASES = [
    Case(ZScoreScaler),
    Case(ZScoreScaler, {"with_mean": False, "copy": False}),
    Case(ZScoreScaler, {"with_std": False}),
    Case(ZScoreScaler, {"with_mean": False, "with_std": False}),
    Case(MinMaxScaler),
    Case(MinMaxScaler, {"feature_range": (-2, 3.5), "clip": True, "copy": False}),
    Case(RobustScaler),
    Case(RobustScaler, {"with_centering": False, "quantile_range": (10.0, 95.0)}),
    Case(RobustScaler, {"with_scaling": False, "copy": False}),
    Case(RobustScaler, {"unit_variance": True}),
    Case(RobustScaler, {"with_centering": False, "with_scaling": False}),
    Case(DecimalScaler),
    Case(MaxAbsScaler),
    Case(MaxAbsScaler, CLIPS | {"copy": False}),
    Case(StandardScaler),
]


def described(case):
    return f"{case.ours.__name__}({','.join(f'{k}={v}' for k, v in case.parameters.items())})"


def cases(*kinds, leave_out=()):
    chosen = [c for c in CASES if (not kinds or c.ours in kinds) and c.ours not in leave_out]
    return pytest.mark.parametrize("case", chosen, ids=described)


# scikit-learn warns of columns without data
WITHOUT_DATA = pytest.mark.filterwarnings("ignore:(All-NaN|invalid value):RuntimeWarning")
STREAMS = cases(ZScoreScaler, StandardScaler, MinMaxScaler, MaxAbsScaler, DecimalScaler)
SAME = cases(leave_out=(DecimalScaler,))  # which divides by another number


def assert_agree(actual, expected, X, scaler):
    """Within some roundings of the numbers on the way, which cancel in scikit-learn's formula."""
    scale = np.broadcast_to(1.0 if scaler.scale_ is None else scaler.scale_, X.shape[1:])
    slope = np.abs(scale if isinstance(scaler, MinMaxScaler) else 1 / scale)
    allowed = 8 * EPS * (np.max(np.abs(np.nan_to_num(X)), axis=0) * slope + 1) + 4 * EPS * np.abs(
        expected
    )
    np.testing.assert_array_equal(np.isnan(actual), np.isnan(expected))
    assert (np.nan_to_num(np.abs(actual - expected)) <= np.nan_to_num(allowed)).all()


def test_every_scaler_that_has_a_peer_is_here():
    found = [n for n in laws.SCALERS if hasattr(getattr(sklearn_norm, n), "from_sklearn")]
    assert sorted(found) == sorted(kind.__name__ for kind in PEERS)
    assert sorted({case.ours.__name__ for case in CASES}) == sorted(found)
    assert all(callable(kind.to_sklearn) for kind in PEERS)


# From scikit-learn


@cases()
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_scikit_learn_has_fitted_is_carried_over(case, dtype):
    """Parameters, columns, names, output and results; and the source stays as it is."""
    theirs = case.theirs().set_output(transform="pandas").fit(FRAME.astype(dtype))
    before = pickle.dumps(theirs)
    ours = case.ours.from_sklearn(theirs)
    assert type(ours) is case.ours
    for name, value in case.parameters.items():
        assert getattr(ours, name) == value
    assert ours.n_features_in_ == 3
    assert ours.feature_names_in_.tolist() == NAMES
    Z = ours.transform(FRAME.copy())
    assert isinstance(Z, pd.DataFrame)
    if case.ours is not DecimalScaler and dtype == np.float64:
        assert_agree(Z.to_numpy(), theirs.transform(FRAME.copy()).to_numpy(), DATA, ours)
    if hasattr(theirs, "n_samples_seen_"):
        assert ours.n_samples_seen_ == 60
    assert pickle.dumps(theirs) == before
    laws.assert_same_bits(
        pickle.loads(pickle.dumps(ours)).transform(FRAME.copy()).to_numpy(), Z.to_numpy()
    )
    assert clone(ours).get_params() == ours.get_params()


@SAME
def test_float32_of_scikit_learn_agrees_to_its_precision(case):
    X = DATA.astype(np.float32)
    theirs = case.theirs().fit(X)
    ours = case.ours.from_sklearn(theirs)
    np.testing.assert_allclose(ours.transform(X.copy()), theirs.transform(X.copy()), 2e-6, 2e-5)


@WITHOUT_DATA
@STREAMS
def test_a_stream_of_scikit_learn_goes_on_here(case):
    """As if one of ours had seen all of it; a column without data recovers."""
    X = DATA.copy()
    X[:20, 1] = NAN
    whole = case.own().fit(X)
    if case.ours not in (
        ZScoreScaler,
        StandardScaler,
    ):  # scikit-learn counts rows, where it saw any value
        assert case.ours.from_sklearn(case.theirs().fit(X)).n_samples_seen_ == 60
    for rows in (20, 40):
        theirs = case.theirs().fit(X[:rows].copy())
        ours = case.ours.from_sklearn(theirs).partial_fit(X[rows:])
        expected, found = laws.read_scaler(whole), laws.read_scaler(ours)
        if case.ours not in (ZScoreScaler, StandardScaler) and rows == 40:
            assert found.pop("n_samples_seen_") == 60
            assert expected.pop("n_samples_seen_").tolist() == [60, 40, 60]
        laws.assert_close(found, expected, 1e-12)


@pytest.mark.parametrize("weighted", [False, True])
def test_counts_and_weights_of_a_standard_scaler_are_kept(weighted):
    X = DATA.copy()
    X[:5, 1] = NAN
    weight = RNG.random(60) if weighted else None
    ours = ZScoreScaler.from_sklearn(preprocessing.StandardScaler().fit(X, sample_weight=weight))
    whole = ZScoreScaler().fit(X, sample_weight=weight)
    np.testing.assert_allclose(ours.n_samples_seen_, whole.n_samples_seen_, 1e-14)
    np.testing.assert_allclose(ours.partial_fit(X).var_, whole.partial_fit(X).var_, 1e-13)


@pytest.mark.parametrize("with_std", [False, True])
def test_a_standard_scaler_of_sparse_data_is_carried_over(with_std):
    """Whose mean is not kept without with_std."""
    X = sparse.csr_array(np.array([[0.0, 2.0, NAN], [4.0, 0.0, NAN], [0.0, 0.0, NAN]]))
    theirs = preprocessing.StandardScaler(with_mean=False, with_std=with_std).fit(X)
    ours = ZScoreScaler.from_sklearn(theirs)
    assert ours.n_samples_seen_.tolist() == [3, 3, 0]
    expected = theirs.transform(X).toarray()[:, :2]
    np.testing.assert_allclose(ours.transform(X.toarray())[:, :2], expected, 4 * EPS)


def test_what_scikit_learn_left_undivided_stays_so():
    """Unix times within a second and tiny numbers are constant by its thresholds."""
    n = 10**6
    times = np.where(np.arange(n) % 2 == 0, 1.7e9 + 0.25, 1.7e9)[:, None]
    theirs = preprocessing.StandardScaler().fit(times)
    assert theirs.var_[0] > 0
    assert theirs.scale_[0] == 1
    ours = ZScoreScaler.from_sklearn(theirs)
    assert ours.constant_features_.tolist() == [0]
    assert ours.transform(times[:2]).tolist() == theirs.transform(times[:2]).tolist()
    tiny = np.array([[1e-16], [3e-16]])
    theirs = preprocessing.MinMaxScaler((0, 4)).fit(tiny)
    ours = MinMaxScaler.from_sklearn(theirs)
    assert ours.constant_features_.tolist() == [0]
    assert ours.transform(tiny).tolist() == theirs.transform(tiny).tolist()


@WITHOUT_DATA
def test_a_maximum_of_scikit_learn_becomes_a_power_of_ten():
    theirs = preprocessing.MaxAbsScaler().fit([[-986.0, 0.0, NAN], [917.0, 0.0, NAN]])
    ours = DecimalScaler.from_sklearn(theirs)
    assert ours.exponent_.tolist() == [3, 0, 0]
    assert ours.n_samples_seen_.tolist() == [2, 2, 0]
    assert ours.constant_features_.tolist() == [1]


def test_a_robust_scaler_from_scikit_learn_only_serves():
    ours = RobustScaler.from_sklearn(preprocessing.RobustScaler().fit(DATA))
    with pytest.raises(ValueError, match="to which no data can be added"):
        ours.partial_fit(DATA)


def test_parameters_set_after_their_fit_count_as_they_do_there():
    """scikit-learn's transform reads with_mean and with_std when it runs."""
    theirs = preprocessing.StandardScaler().fit(DATA).set_params(with_std=False)
    ours = ZScoreScaler.from_sklearn(theirs)
    np.testing.assert_allclose(ours.transform(DATA), theirs.transform(DATA), 1e-12, 1e-13)


# To scikit-learn


@cases()
def test_what_is_fitted_here_is_carried_to_scikit_learn(case):
    """Parameters, columns, names, output and results; and the source stays as it is."""
    ours = case.own().set_output(transform="pandas").fit(FRAME)
    before = pickle.dumps(ours)
    theirs = ours.to_sklearn()
    check_is_fitted(theirs)
    assert type(theirs) is PEERS[case.ours]
    expected = case.theirs().fit(FRAME)
    assert theirs.get_params() == expected.get_params()
    assert {n for n in vars(theirs) if n.endswith("_")} == {
        n for n in vars(expected) if n.endswith("_")
    }
    for name, value in vars(expected).items():
        if name.endswith("_") and name != "feature_names_in_":
            found = getattr(theirs, name)
            assert (found is None) == (value is None)
            if value is not None:
                np.testing.assert_allclose(found, value, 1e-12, 1e-12, err_msg=name)
    assert theirs.feature_names_in_.tolist() == NAMES
    Z = theirs.transform(FRAME.copy())
    assert isinstance(Z, pd.DataFrame)
    back = theirs.inverse_transform(Z.copy())
    if case.ours is not DecimalScaler:
        assert_agree(Z.to_numpy(), ours.transform(FRAME.copy()).to_numpy(), DATA, ours)
    if not case.parameters.get("clip"):
        np.testing.assert_allclose(back, DATA, 1e-12)
    assert pickle.dumps(ours) == before
    for name in vars(theirs):  # nothing is shared
        if isinstance(vars(theirs)[name], np.ndarray):
            vars(theirs)[name][:] = 0
    assert pickle.dumps(ours) == before


@SAME
def test_hard_columns_are_scaled_the_same_there(case, hard_columns):
    """Wherever scikit-learn's formula can be computed."""
    for name, column in hard_columns.items():
        if name in ("subnormal", "largest"):  # 1 / 1e-310 and a range beyond floats
            continue
        X = column[:, None].copy()
        ours = case.own().fit(X)
        Z = ours.transform(X.copy())
        assert_agree(ours.to_sklearn().transform(X.copy()), Z, X, ours)


@STREAMS
def test_a_stream_goes_on_in_scikit_learn(case):
    """As if it had seen all of it."""
    X = DATA.copy()
    X[[3, 30], 1] = NAN
    theirs = case.own().fit(X[:20]).to_sklearn().partial_fit(X[20:].copy())
    expected = case.theirs().fit(X[:20].copy()).partial_fit(X[20:].copy())
    for name, value in vars(expected).items():
        if name.endswith("_") and value is not None:
            np.testing.assert_allclose(getattr(theirs, name), value, 1e-12, err_msg=name)


def test_weights_go_on_in_scikit_learn():
    weight = RNG.random(60)
    ours = ZScoreScaler().fit(DATA[:20], sample_weight=weight[:20])
    theirs = ours.to_sklearn().partial_fit(DATA[20:], sample_weight=weight[20:])
    whole = ours.partial_fit(DATA[20:], sample_weight=weight[20:])
    np.testing.assert_allclose(theirs.n_samples_seen_, whole.n_samples_seen_, 1e-14)
    np.testing.assert_allclose(theirs.mean_, whole.mean_, 1e-14)
    np.testing.assert_allclose(theirs.var_, whole.var_, 1e-12)


def test_scikit_learn_counts_the_rows_of_the_fullest_column():
    X = np.array([[NAN, 1.0], [2.0, 3.0], [NAN, 4.0]])
    for kind in (MinMaxScaler, MaxAbsScaler, DecimalScaler):
        assert kind().fit(X).to_sklearn().n_samples_seen_ == 3
    weighted = MinMaxScaler().fit(X, sample_weight=[0.5, 1, 2]).to_sklearn()
    assert weighted.n_samples_seen_ == 3.5
    assert weighted.partial_fit(X).n_samples_seen_ == 6.5


def test_a_range_of_its_own_for_each_column_has_no_place_there():
    same = MinMaxScaler(([0, 0], [2, 2])).fit(DATA[:, :2]).to_sklearn()
    assert same.feature_range == (0, 2)
    assert MinMaxScaler((0, 1)).fit(DATA).to_sklearn().feature_range == (0, 1)
    with pytest.raises(ValueError, match=r"one feature_range for all columns. Got \(\[0, 1\]"):
        MinMaxScaler(([0, 1], [2, 2])).fit(DATA[:, :2]).to_sklearn()


@pytest.mark.parametrize(
    ("ours", "remedy"),
    [
        (
            ZScoreScaler(ddof=1),
            lambda s: ZScoreScaler.from_stats(
                mean=s.mean_, var=s.var_, n_samples=s.n_samples_seen_
            ),
        ),
        (
            MinMaxScaler(data_range=(0, 500)),
            lambda s: MinMaxScaler.from_stats(
                data_min=s.data_min_, data_max=s.data_max_, n_samples=s.n_samples_seen_
            ),
        ),
    ],
)
def test_what_scikit_learn_does_not_have_is_an_error_whose_remedy_works(ours, remedy):
    ours.fit(DATA)
    with pytest.raises(ValueError, match=r"from_stats\("):
        ours.to_sklearn()
    theirs = remedy(ours).to_sklearn()
    np.testing.assert_allclose(theirs.transform(DATA), ours.transform(DATA), 1e-12, 1e-14)


def test_parameters_set_after_a_fit_are_left_for_the_next_one():
    ours = ZScoreScaler().fit(DATA).set_params(with_mean=False, ddof=1)
    assert ours.to_sklearn().with_mean is True
    bounds = MinMaxScaler().fit(DATA).set_params(feature_range=(0, 9), clip=True).to_sklearn()
    assert bounds.feature_range == (0, 1)
    assert bounds.clip is True  # which transform reads at once, there and here
    assert RobustScaler().fit(DATA).set_params(with_scaling=False).to_sklearn().with_scaling


# There and back


@cases(leave_out=(RobustScaler,))
@given(
    X=st.lists(
        st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(NAN)), min_size=2, max_size=2),
        min_size=1,
        max_size=8,
    )
)
def test_there_and_back_the_statistics_have_the_same_bits(case, X):
    """But for columns of which scikit-learn cannot tell how wide they are."""
    ours = case.own().fit(np.where(np.abs(X) < 1e-3, 0.0, np.round(X, 6)))
    theirs = ours.to_sklearn()
    again = case.ours.from_sklearn(theirs)
    for name in ("mean_", "var_", "data_min_", "data_max_", "max_abs_", "scale_"):
        if getattr(ours, name, None) is not None:
            found, expected = getattr(again, name), getattr(ours, name)
            rtol = 2 * EPS if name == "scale_" else 0
            np.testing.assert_allclose(found, expected, rtol, 0, err_msg=name)


@cases(RobustScaler)
def test_there_and_back_a_center_and_a_scale_have_the_same_bits(case, tame_matrix):
    ours = case.own().fit(tame_matrix)
    again = case.ours.from_sklearn(ours.to_sklearn())
    for name in ("center_", "scale_"):
        if getattr(ours, name) is not None:
            laws.assert_same_bits(getattr(again, name), getattr(ours, name))
    laws.assert_same_bits(again.transform(tame_matrix.copy()), ours.transform(tame_matrix.copy()))


# Errors


@cases()
def test_another_class_is_an_error_that_names_the_one_expected(case):
    name = PEERS[case.ours].__name__
    expected = rf"{case.ours.__name__}.from_sklearn takes a fitted sklearn.preprocessing.{name}"
    others = [kind().fit(DATA) for kind in PEERS.values() if kind.__name__ != name]
    for other in (*others, BatchStatsScaler().fit(DATA), case.own().fit(DATA), None, 3):
        with pytest.raises(ValueError, match=rf"{expected}. Got \S+\.{type(other).__name__}\."):
            case.ours.from_sklearn(other)
    with pytest.raises(ValueError, match=rf"{expected}. Got the class sklearn\..*\.{name}\."):
        case.ours.from_sklearn(PEERS[case.ours])


@cases()
def test_what_is_not_fitted_is_an_error(case):
    with pytest.raises(NotFittedError):
        case.ours.from_sklearn(case.theirs())
    with pytest.raises(NotFittedError):
        case.own().to_sklearn()


def standard(**attributes):
    scaler = preprocessing.StandardScaler().fit(FRAME)
    for name, value in attributes.items():
        setattr(scaler, name, value)
    return scaler


BROKEN = [
    (
        lambda: standard(scale_=np.array([2.0, 3.0, 4.0])),
        "Column 'height' of this StandardScaler is divided by 2.0, though its data have the spread",
    ),
    (lambda: standard(var_=np.array([1.0, NAN, 1.0])), "Column 'height' of this Standard"),
    (lambda: standard(n_samples_seen_=-1), "Column 0 has n_samples=-1.0"),
    (lambda: standard(mean_=None), "`mean` is needed with with_mean=True"),
    (
        lambda: preprocessing.StandardScaler(with_std=False).fit(DATA).set_params(with_std=True),
        "`var` is needed with with_std=True",
    ),
    (
        lambda: preprocessing.MinMaxScaler().fit(DATA).set_params(feature_range=(0, 9)),
        "Column 0 of this MinMaxScaler is divided by",
    ),
    (
        lambda: preprocessing.MinMaxScaler().fit([[-1.7e308], [1.7e308]]),
        "Column 0 of this MinMaxScaler is divided by inf",
    ),
    (lambda: preprocessing.StandardScaler().fit([[-1e200], [1e200]]), "the spread inf"),
]
BROKEN_KINDS = {
    preprocessing.StandardScaler: ZScoreScaler,
    preprocessing.MinMaxScaler: MinMaxScaler,
}


@pytest.mark.parametrize(("make", "message"), BROKEN)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_scaler_whose_numbers_do_not_fit_is_an_error(make, message):
    """Rather than one that computes something else."""
    theirs = make()
    with pytest.raises(ValueError, match=message):
        BROKEN_KINDS[type(theirs)].from_sklearn(theirs)


@pytest.mark.full
def test_the_scalers_of_scikit_learn_are_not_loaded_before_they_are_needed():
    code = "import sys, sklearn_norm; print('sklearn.preprocessing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stderr
