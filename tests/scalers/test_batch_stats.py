"""BatchStatsScaler: PyTorch, pandas and exact arithmetic as peers, and values by hand."""

from __future__ import annotations

import itertools
import json
import math
import runpy
import subprocess
import sys
from copy import deepcopy
from fractions import Fraction
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from sklearn_norm import BatchStatsScaler

DATA = Path(__file__).parents[1] / "data"
SCRIPT = DATA / "make_batchnorm.py"
TORCH = runpy.run_path(str(SCRIPT))
STREAMS = json.loads((DATA / "batchnorm.json").read_text(encoding="utf-8"))
NAN = np.nan
FIRST, SECOND = [[0.0], [2.0]], [[5.0], [9.0]]  # means 1 and 7, variances 1 and 4
EVERY_RULE = [
    {"bias_correction": c, "variance": v, "ddof": d}
    for c, v, d in itertools.product([True, False], ["total", "within"], [0, 1])
]


def close(actual, expected, rtol=1e-12, atol=1e-12):
    np.testing.assert_allclose(actual, expected, rtol, atol, equal_nan=True)


def state(scaler):
    return joblib.hash(scaler.__getstate__())


def torch_like(momentum, gamma=None, beta=None):
    return BatchStatsScaler(
        momentum, bias_correction=False, variance="within", ddof=1, gamma=gamma, beta=beta
    )


# PyTorch


def assert_follows(batches, run, gamma, beta):
    """Buffers after each batch, output in training and after eval() equal a recorded run."""
    scaler = torch_like(run["momentum"], gamma, beta)
    for batch, mean, variance in zip(batches, run["running_mean"], run["running_var"], strict=True):
        Z = scaler.partial_fit_transform(batch, using="batch")
        close(scaler.running_mean_, mean)
        close(scaler.running_var_, variance)
    close(Z, run["train"])
    close(scaler.transform(batches[0]), run["eval"])


@pytest.mark.parametrize("stream", STREAMS["streams"], ids=["long", "short"])
def test_stored_batch_norms_are_followed(stream):
    """The stored buffers and outputs of torch.nn.BatchNorm1d are met to 1e-12."""
    batches = [np.array(batch) for batch in stream["batches"]]
    assert [run["momentum"] for run in stream["runs"]] == [0.1, 0.5, 1.0, None]
    for run in stream["runs"]:
        assert_follows(batches, run, np.array(STREAMS["gamma"]), np.array(STREAMS["beta"]))


@pytest.mark.parametrize("momentum", [0.1, 0.5, 1.0, None])
def test_live_batch_norms_are_followed(momentum):
    """torch.nn.BatchNorm1d, run here on random batches, is met to 1e-12."""
    pytest.importorskip("torch", reason="PyTorch is optional; the stored streams are always run")
    for seed in range(100, 108):
        rng = np.random.default_rng(seed)
        batches = TORCH["batches_of"](seed, int(rng.integers(1, 25)))
        batches = [rng.normal(size=b.shape) + b for b in batches]  # all bits of the mantissa
        gamma, beta = rng.normal(size=3), rng.normal(size=3)
        run = TORCH["recorded"](batches, momentum, gamma, beta)
        assert_follows(batches, run, gamma, beta)


def test_stored_streams_are_kept_unless_forced():
    """The script refuses to overwrite its file, and names the way to do it."""
    before = (DATA / "batchnorm.json").read_bytes()
    done = subprocess.run([sys.executable, str(SCRIPT)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert (DATA / "batchnorm.json").read_bytes() == before
    assert len(before) < 60_000
    assert ", torch 2." in STREAMS["written_by"]


# pandas, and recursions in exact arithmetic


@pytest.mark.parametrize(
    ("decay", "momentum"),
    [
        ({"alpha": 0.1}, 0.1),
        ({"alpha": 1.0}, 1.0),
        ({"halflife": 10}, 1 - 0.5 ** (1 / 10)),
        ({"span": 10}, 2 / (10 + 1)),
        ({"com": 10}, 1 / (1 + 10)),
    ],
)
def test_single_rows_are_the_ewm_of_pandas(decay, momentum):
    """Mean and biased variance equal ewm(adjust=True); a missing value ages nothing."""
    rng = np.random.default_rng(1)
    X = rng.normal([0.0, 50.0, -1.0], [1.0, 3.0, 0.1], (80, 3))
    X[rng.random(X.shape) < 0.2] = NAN
    X[:3, 1] = NAN
    window = pd.DataFrame(X).ewm(**decay, adjust=True, ignore_na=True)
    means, variances = window.mean().to_numpy(), window.var(bias=True).to_numpy()
    scaler = BatchStatsScaler(momentum)
    for row, mean, variance in zip(X, means, variances, strict=True):
        scaler.partial_fit(row[None])
        close(scaler.running_mean_, mean)
        close(scaler.running_var_, variance, atol=1e-13)
    assert scaler.n_batches_seen_.tolist() == (~np.isnan(X)).sum(axis=0).tolist()


@pytest.mark.parametrize("momentum", [0.1, 0.5, 0.9])
def test_single_rows_follow_the_classic_recursion(momentum):
    """From mean 0 and variance 1: m <- m + a d, v <- (1 - a)(v + a d^2), in fractions."""
    a, m, v = Fraction(momentum), Fraction(0), Fraction(1)
    scaler = BatchStatsScaler(momentum, bias_correction=False)
    for x in np.random.default_rng(2).normal(3.0, 2.0, 40).tolist():
        d = Fraction(x) - m
        m, v = m + a * d, (1 - a) * (v + a * d * d)
        scaler.partial_fit([[x]])
        close(scaler.running_mean_, [float(m)], atol=1e-14)
        close(scaler.running_var_, [float(v)], atol=0)


@pytest.mark.parametrize("ddof", [0, 1])
@pytest.mark.parametrize("variance", ["total", "within"])
def test_batches_follow_the_formulas_of_the_guide(variance, ddof):
    """v' = (1 - a) v + a s, and a (1 - a)(b - m)^2 for the drift, in fractions."""
    rng = np.random.default_rng(3)
    a, m, v = Fraction(0.25), Fraction(0), Fraction(1)
    scaler = BatchStatsScaler(0.25, bias_correction=False, variance=variance, ddof=ddof)
    for size in (1, 5, 2, 30, 1, 7):
        batch = rng.normal(-4.0, 3.0, size)
        exact = [Fraction(x) for x in batch.tolist()]
        b = sum(exact) / size
        s = sum((x - b) ** 2 for x in exact) / (size - ddof if size > ddof else size)
        drift = a * (1 - a) * (b - m) ** 2 if variance == "total" else 0
        m, v = (1 - a) * m + a * b, (1 - a) * v + a * s + drift
        scaler.partial_fit(batch[:, None])
        close(scaler.running_mean_, [float(m)], atol=1e-14)
        close(scaler.running_var_, [float(v)], atol=0)


def test_a_missing_batch_ages_nothing():
    """A column missing from a batch keeps its statistics; with a prior, that prior."""
    X = np.array([[NAN, 1.0], [NAN, 3.0]])
    scaler = BatchStatsScaler(0.5, bias_correction=False, eps=0).fit(X)
    assert scaler.running_mean_.tolist() == [0.0, 1.0]
    assert scaler.running_var_.tolist() == [1.0, 0.5 * 1 + 0.5 * 1 + 0.25 * 2**2]
    assert scaler.n_batches_seen_.tolist() == [0, 1]
    assert scaler.n_samples_seen_.tolist() == [0, 2]
    scaler.partial_fit([[4.0, NAN]])
    assert scaler.running_mean_.tolist() == [2.0, 1.0]
    assert scaler.running_var_.tolist() == [0.5 + 0.25 * 4**2, 2.0]
    assert scaler.n_batches_seen_ == 1


def test_a_stream_recovers_from_an_empty_first_batch():
    """All NaN first: statistics are NaN and no batch is counted; the next batch starts afresh."""
    scaler = BatchStatsScaler(0.5, eps=0).partial_fit([[NAN, NAN], [NAN, NAN]])
    assert (scaler.n_batches_seen_, scaler.n_samples_seen_) == (0, 0)
    for name in ("running_mean_", "running_var_", "scale_"):
        assert np.isnan(getattr(scaler, name)).all()
    np.testing.assert_array_equal(scaler.transform([[NAN, 1.0]]), [[NAN, NAN]])
    scaler.partial_fit([[1.0, 0.0], [3.0, 8.0]])
    assert scaler.running_mean_.tolist() == [2.0, 4.0]
    assert scaler.running_var_.tolist() == [1.0, 16.0]
    assert (scaler.n_batches_seen_, scaler.n_samples_seen_) == (1, 2)


# The average of all batches


@pytest.mark.parametrize("bias_correction", [True, False])
def test_no_momentum_is_the_plain_average(bias_correction):
    """Means 1, 7, 4 and variances 1, 4, 0 average to 4 and 5/3, of any batch sizes."""
    scalers = [
        BatchStatsScaler(None, bias_correction=bias_correction, variance=variance, ddof=ddof)
        for variance in ("within", "total")
        for ddof in (0, 1)
    ]
    for batch in (FIRST, SECOND * 3, [[4.0]]):
        for scaler in scalers:
            scaler.partial_fit(batch)
    # 6 rows of variance 4 have 24/5 with ddof=1, 2 rows of variance 1 have 2; drift 6
    for scaler, variance in zip(scalers, (5 / 3, 34 / 15, 5 / 3 + 6, 34 / 15 + 6), strict=True):
        close(scaler.running_mean_, [4.0])
        close(scaler.running_var_, [variance])
        assert (scaler.n_batches_seen_, scaler.n_samples_seen_) == (3, 9)


def test_averages_merge_whatever_their_counts():
    """One batch merged with two is the average of three, either way round."""
    one = BatchStatsScaler(None, variance="within").partial_fit(FIRST)
    two = BatchStatsScaler(None, variance="within").partial_fit(SECOND).partial_fit([[4.0]])
    before = state(one), state(two)
    for merged in (one.merge(two), two.merge(one)):
        close(merged.running_mean_, [4.0])
        close(merged.running_var_, [5 / 3])
        close(merged.scale_, [math.sqrt(5 / 3 + 1e-5)])
        assert (merged.n_batches_seen_, merged.n_samples_seen_) == (3, 5)
    assert (state(one), state(two)) == before


@pytest.mark.parametrize("bias_correction", [True, False])
def test_exponential_streams_do_not_merge(bias_correction):
    """The message says why there is no order, and what to use."""
    one = BatchStatsScaler(0.1, bias_correction=bias_correction).fit(FIRST)
    two = BatchStatsScaler(0.1, bias_correction=bias_correction).fit(SECOND)
    with pytest.raises(ValueError, match=r"no defined order.*Use momentum=None"):
        one.merge(two)


@pytest.mark.parametrize(
    "wrong",
    [
        {"momentum": 0.0},
        {"momentum": 1.1},
        {"momentum": -0.1},
        {"variance": "both"},
        {"eps": -1e-9},
        {"ddof": 2},
        {"bias_correction": "yes"},
        {"gamma": "large"},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    """The parameter is named and nothing is fitted."""
    scaler = BatchStatsScaler(**wrong)
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}' parameter"):
        scaler.fit(FIRST)
    assert not hasattr(scaler, "running_mean_")


# partial_fit_transform


def test_using_decides_whose_statistics_scale():
    """Batch: (x - 7) / 2; before: x - 1; after, with weights 1/3 and 2/3: (x - 5) / sqrt(11)."""
    expected = {
        "batch": [[-1.0], [1.0]],
        "before": [[4.0], [8.0]],
        "after": [[0.0], [4 / math.sqrt(11)]],  # 1/3 * 1 + 2/3 * 4, and a drift of 8
    }
    for using, Z in expected.items():
        scaler = BatchStatsScaler(0.5, eps=0).partial_fit(FIRST)
        close(scaler.partial_fit_transform(SECOND, using=using), Z)
        close(scaler.running_mean_, [5.0])
        close(scaler.running_var_, [11.0])
        close(scaler.transform([[5.0]]), [[0.0]])
    scaler = BatchStatsScaler(0.5, eps=0).partial_fit(FIRST)
    close(scaler.partial_fit_transform(SECOND), expected["after"])  # the default


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
@pytest.mark.parametrize("using", ["batch", "before", "after"])
def test_all_ways_of_using_learn_the_same(using, rule):
    """State and map are those of partial_fit, with weights and missing values as well."""
    rng = np.random.default_rng(4)
    one = BatchStatsScaler(0.3, **rule).partial_fit(rng.normal(size=(1, 2)))
    two = deepcopy(one)
    for size in (4, 1, 3):
        X, weight = rng.normal(size=(size, 2)), rng.integers(0, 3, size) + 0.5
        X[0, 1] = NAN
        one.partial_fit_transform(X, sample_weight=weight, using=using)
        two.partial_fit(X, sample_weight=weight)
        assert state(one) == state(two)


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
def test_before_has_no_look_ahead(rule):
    """Each row is scaled as by the previous state, to the bit, whatever else is in the batch."""
    rng = np.random.default_rng(5)
    scaler = BatchStatsScaler(0.3, **rule).partial_fit(rng.normal(size=(6, 2)))
    for size in (1, 5, 2):
        X = rng.normal(size=(size, 2))
        expected = scaler.transform(X)
        Z = scaler.partial_fit_transform(X, using="before")
        np.testing.assert_array_equal(Z, expected)
    other = X.copy()
    other[1] = 1e6
    Z, moved = (deepcopy(scaler).partial_fit_transform(B, using="before") for B in (X, other))
    np.testing.assert_array_equal(Z[0], moved[0])


@pytest.mark.parametrize(
    "parameters", [{}, {"momentum": None}, {"momentum": None, "bias_correction": False}]
)
def test_before_needs_a_past(parameters):
    """Without a batch or a prior, "before" raises NotFittedError and learns nothing."""
    scaler = BatchStatsScaler(**parameters)
    with pytest.raises(NotFittedError, match=r"Call partial_fit.*bias_correction=False"):
        scaler.partial_fit_transform(FIRST, using="before")
    assert not hasattr(scaler, "running_mean_")
    assert not hasattr(scaler, "n_features_in_")


def test_before_begins_with_the_prior():
    """bias_correction=False scales the first batch by mean 0 and variance 1."""
    scaler = BatchStatsScaler(0.5, bias_correction=False, eps=3.0, gamma=4.0, beta=1.0)
    Z = scaler.partial_fit_transform([[5.0], [9.0]], using="before")
    assert Z.tolist() == [[11.0], [19.0]]  # x / sqrt(1 + 3) * 4 + 1
    assert scaler.running_mean_.tolist() == [3.5]
    assert scaler.n_batches_seen_ == 1


def test_a_new_scaler_begins_by_batch_or_after():
    """The first batch initialises: both ways scale it by its own statistics, ddof apart."""
    for using, ddof, z in (("batch", 0, 1.0), ("after", 0, 1.0), ("after", 1, math.sqrt(0.5))):
        scaler = BatchStatsScaler(0.1, eps=0, ddof=ddof)
        close(scaler.partial_fit_transform(FIRST, using=using), [[-z], [z]])
    scaler = BatchStatsScaler(0.1, eps=0, ddof=1)
    close(
        scaler.partial_fit_transform(FIRST, using="batch"), [[-1.0], [1.0]]
    )  # biased, as BatchNorm


def test_weights_count_inside_the_batch():
    """1 and 4 with the weights 2 and 1 have mean 2 and variance 2; the batch counts once."""
    scaler = BatchStatsScaler(0.5, eps=2.0, variance="within").partial_fit([[6.0]])
    X, weight = [[1.0], [4.0], [99.0]], [2.0, 1.0, 0.0]
    Z = scaler.partial_fit_transform(X, sample_weight=weight, using="batch")
    close(Z, [[-0.5], [1.0], [48.5]])
    close(scaler.running_mean_, [(6 + 2 * 2) / 3])
    close(scaler.running_var_, [(0 + 2 * 2) / 3])
    assert (scaler.n_batches_seen_, scaler.n_samples_seen_) == (2, 4)


@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize(
    ("X", "further", "message"),
    [
        (SECOND, {"using": "now"}, r'"batch", "before" or "after".*\'now\''),
        (SECOND, {"using": None}, "`using` must be"),
        ([[1.0], [np.inf]], {"using": "batch"}, "infinity.*column 0"),
        ([[1.0], [np.inf]], {"using": "after"}, "infinity.*column 0"),
        (SECOND, {"using": "batch", "sample_weight": [1.0, -1.0]}, "Negative"),
        (SECOND, {"using": "after", "sample_weight": [0.0, 0.0]}, "zero"),
        ([["a"]], {"using": "after"}, "could not convert"),
    ],
)
def test_an_error_changes_nothing(X, further, message, fitted):
    """A call that raises leaves a new scaler new and a fitted one as it was."""
    scaler = BatchStatsScaler(0.5, gamma=[2.0])
    if fitted:
        scaler.partial_fit(FIRST)
    before = state(scaler)
    with pytest.raises(ValueError, match=message):
        scaler.partial_fit_transform(X, **further)
    assert state(scaler) == before


@pytest.mark.parametrize("using", ["batch", "before", "after"])
def test_frames_and_copies(using):
    """set_output applies; copy=False overwrites the array after it was learnt from."""
    start = BatchStatsScaler(0.5).partial_fit(FIRST)
    expected = deepcopy(start).partial_fit_transform(SECOND, using=using)
    X = np.array(SECOND)
    scaler = deepcopy(start).set_params(copy=False)
    Z = scaler.partial_fit_transform(X, using=using)
    assert Z is X
    np.testing.assert_array_equal(Z, expected)
    frame = pd.DataFrame(SECOND, index=["p", "q"], columns=["u"])
    scaler = BatchStatsScaler(0.5).set_output(transform="pandas")
    scaler.partial_fit(pd.DataFrame(FIRST, columns=["u"]))
    Z = scaler.partial_fit_transform(frame, using=using)
    pd.testing.assert_frame_equal(Z, pd.DataFrame(expected, index=frame.index, columns=["u"]))


# One row, gamma and beta, eps


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
@pytest.mark.parametrize("using", ["batch", "before", "after"])
def test_a_batch_of_one_row_is_finite(using, rule):
    """One row has variance 0, with ddof=1 as well; its result is finite, first or later."""
    scaler = BatchStatsScaler(0.1, **rule)
    if using != "before" or not rule["bias_correction"]:
        Z = scaler.partial_fit_transform([[3.0, -1e6]], using=using)
        assert np.isfinite(Z).all()
        assert using != "batch" or Z.tolist() == [[0.0, 0.0]]
    scaler.partial_fit([[3.0, -1e6]])
    for row in ([[3.0, 5.0]], [[4.0, 6.0]]):
        assert np.isfinite(scaler.partial_fit_transform(row, using=using)).all()
        for name in ("running_mean_", "running_var_", "scale_"):
            assert np.isfinite(getattr(scaler, name)).all()


@pytest.mark.parametrize(
    ("gamma", "beta", "expected"),
    [
        (None, None, [-1.0, 3.0]),
        (2.0, None, [-2.0, 6.0]),
        (2, -1, [-3.0, 5.0]),
        ([2.0, -1.0], [0.5, 10.0], [-1.5, 7.0]),
        (None, np.array([1, 2]), [0.0, 5.0]),
        (0.0, 4.0, [4.0, 4.0]),
    ],
)
def test_gamma_and_beta_by_hand(gamma, beta, expected):
    """Columns of mean 1 and 10, deviations 1 and 2: z * gamma + beta, and back."""
    scaler = BatchStatsScaler(eps=0, gamma=gamma, beta=beta).fit([[0.0, 8.0], [2.0, 12.0]])
    assert scaler.transform([[0.0, 16.0]]).tolist() == [expected]
    assert scaler.scale_.tolist() == [1.0, 2.0]
    if gamma != 0.0:
        assert scaler.inverse_transform([expected]).tolist() == [[0.0, 16.0]]


@pytest.mark.parametrize("name", ["gamma", "beta"])
@pytest.mark.parametrize("value", [[], [1.0, 2.0, 3.0], [[1.0, 2.0]], np.inf, [1.0, NAN]])
def test_gamma_and_beta_of_a_wrong_shape_are_refused(name, value):
    """The message names the parameter and the number of features; nothing is fitted."""
    scaler = BatchStatsScaler(**{name: value})
    with pytest.raises(ValueError, match=f"`{name}` must hold one finite number.* 2 features"):
        scaler.fit([[0.0, 8.0], [2.0, 12.0]])
    assert not hasattr(scaler, "n_features_in_")


def test_a_gamma_of_0_has_no_inverse():
    """The message names the column and the way out; other columns are inverted."""
    frame = pd.DataFrame({"a": [0.0, 2.0], "b": [8.0, 12.0]})
    scaler = BatchStatsScaler(eps=0, gamma=[1.0, 0.0]).fit(frame)
    with pytest.raises(ValueError, match=r"Column 'b' was multiplied by 0.*columns=\[\.\.\.\]"):
        scaler.inverse_transform(scaler.transform(frame))
    back = scaler.inverse_transform(np.array([[-1.0], [1.0]]), columns=["a"])
    assert back.tolist() == [[0.0], [2.0]]


def test_eps_keeps_a_constant_column_small_or_alone():
    """A constant is divided by sqrt(eps), and with eps=0 by nothing."""
    X, new = [[5.0, 0.0], [5.0, 2.0]], [[5.5, 3.0]]
    scaler = BatchStatsScaler(eps=0.25).fit(X)
    assert scaler.scale_.tolist() == [0.5, math.sqrt(1.25)]
    close(scaler.transform(new), [[1.0, 2 / math.sqrt(1.25)]])
    scaler = BatchStatsScaler(eps=0).fit(X)
    assert scaler.running_var_.tolist() == [0.0, 1.0]
    assert scaler.scale_.tolist() == [1.0, 1.0]
    assert scaler.transform(new).tolist() == [[0.5, 2.0]]
    assert scaler.constant_features_.tolist() == [0]


def test_eps_is_added_to_the_variance_once():
    """After many batches scale_ is sqrt(running_var_ + eps), running_var_ without eps."""
    scaler = BatchStatsScaler(0.5, eps=2.0, variance="within")
    for batch in (FIRST, FIRST, FIRST, SECOND):
        scaler.partial_fit(batch)
    # the weights 1, 2, 4, 8 over 15, of variances 1, 1, 1, 4
    close(scaler.running_var_, [39 / 15])
    close(scaler.scale_, [math.sqrt(39 / 15 + 2)])


# Counts, sparse data, fit


def test_batches_are_counted_per_column_where_they_differ():
    """n_batches_seen_ is an int, or an array once a column was missing from a batch."""
    scaler = BatchStatsScaler().partial_fit([[1.0, 2.0], [3.0, NAN]])
    assert type(scaler.n_batches_seen_) is int
    assert scaler.n_batches_seen_ == 1
    assert scaler.n_samples_seen_.tolist() == [2, 1]
    scaler.partial_fit([[1.0, NAN]])
    assert scaler.n_batches_seen_.tolist() == [2, 1]
    assert scaler.n_batches_seen_.dtype == np.int64


@pytest.mark.parametrize("method", ["fit", "partial_fit", "partial_fit_transform", "transform"])
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_array])
def test_sparse_data_are_refused(method, form):
    """Zeros would not stay zeros; the message says what to use."""
    scaler = BatchStatsScaler().fit(FIRST)
    before = state(scaler)
    with pytest.raises(
        (ValueError, TypeError), match=r"dense array.*ZScoreScaler\(with_mean=False"
    ):
        getattr(scaler, method)(form(FIRST))
    assert state(scaler) == before


@pytest.mark.parametrize("rule", EVERY_RULE, ids=str)
def test_fit_starts_from_nothing(rule):
    """Whatever was seen before, fit gives what a new scaler gives, in columns and in state."""
    scaler = BatchStatsScaler(0.3, **rule).partial_fit([[1.0, 2.0]]).partial_fit([[7.0, -2.0]])
    new = BatchStatsScaler(0.3, **rule).partial_fit(FIRST)
    assert state(scaler.fit(FIRST)) == state(new)
    assert (scaler.n_features_in_, scaler.n_batches_seen_) == (1, 1)
