"""from_stats with integers beyond 2**53, and the prior of running statistics."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
    from_dict,
    to_dict,
)

WIDE = 2**60
X = np.array([[WIDE], [WIDE + 1], [WIDE + 2]])
KINDS = {
    "a number": lambda n: n,
    "a list": lambda n: [n],
    "int64": lambda n: np.array([n]),
    "a number of NumPy": np.int64,
    "uint64": lambda n: np.array([n], dtype=np.uint64),
    "objects": lambda n: np.array([n], dtype=object),
    "decimals": lambda n: [Decimal(n)],
    "a dict": lambda n: {"n": n},
    "a series": lambda n: pd.Series({"n": n}),
    "a frame": lambda n: pd.DataFrame({"n": [n]}),
    "masked": lambda n: np.ma.array([n], mask=False),
}
SCALERS = {
    "min-max": lambda n: MinMaxScaler.from_stats(data_min=n(WIDE + 1), data_max=n(WIDE + 3)),
    "min-max, counted": lambda n: MinMaxScaler.from_stats(
        data_min=n(WIDE + 1), data_max=n(WIDE + 3), n_samples=n(3)
    ),
    "z-score": lambda n: ZScoreScaler.from_stats(mean=n(WIDE + 1), std=n(2)),
    "z-score, counted": lambda n: ZScoreScaler.from_stats(
        mean=n(WIDE + 1), var=n(4), n_samples=n(9)
    ),
    "robust": lambda n: RobustScaler.from_stats(center=n(WIDE + 1), scale=n(2)),
    "running": lambda n: BatchStatsScaler.from_stats(
        running_mean=n(WIDE + 1), running_var=n(4), eps=0.0
    ),
    "running, with a prior": lambda n: BatchStatsScaler.from_stats(
        running_mean=n(WIDE + 1), running_var=n(4), n_batches=n(0), eps=0.0, bias_correction=False
    ),
}


def of(scaler):
    return X if scaler._fitted.names is None else pd.DataFrame(X, columns=["n"])


@pytest.mark.parametrize("make", SCALERS.values(), ids=list(SCALERS))
@pytest.mark.parametrize("n", KINDS.values(), ids=list(KINDS))
def test_known_integers_are_not_rounded(make, n):
    scaler = make(n)
    assert np.asarray(scaler.transform(of(scaler))).ravel().tolist() == [-0.5, 0.0, 0.5]
    again = from_dict(to_dict(scaler))
    assert np.asarray(again.transform(of(scaler))).ravel().tolist() == [-0.5, 0.0, 0.5]
    assert scaler.inverse_transform([[0.0]]).ravel().tolist() == [float(WIDE + 1)]


def test_a_fit_continues_known_integers():
    scaler = MinMaxScaler.from_stats(data_min=WIDE + 1, data_max=WIDE + 3, n_samples=3)
    scaler.partial_fit([[WIDE + 5]])
    assert scaler.transform(X + 1).ravel().tolist() == [0.0, 0.25, 0.5]
    scaler = ZScoreScaler.from_stats(mean=WIDE + 1, var=1.0, n_samples=2)
    scaler.partial_fit([[WIDE + 4]])
    assert scaler.transform([[WIDE + 2]]).tolist() == [[0.0]]


def test_a_wide_column_beside_others():
    scaler = MinMaxScaler.from_stats(data_min=[0.5, WIDE + 1], data_max=[1.5, WIDE + 3])
    Z = scaler.transform(np.array([[1, WIDE + 2]], dtype=object))
    assert Z.tolist() == [[0.5, 0.5]]
    by_name = MinMaxScaler.from_stats(
        data_min={"x": 0.5, "n": WIDE + 1}, data_max={"x": 1.5, "n": WIDE + 3}
    )
    Z = by_name.transform(pd.DataFrame({"x": [1.0], "n": [WIDE + 2]}))
    assert np.asarray(Z).tolist() == [[0.5, 0.5]]
    assert by_name.data_min_.tolist() == [0.5, float(WIDE)]


def test_neighbouring_bounds_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match=r"Column 0 has data_min=1\.15.*e.18: it must be at most"):
        MinMaxScaler.from_stats(data_min=WIDE + 2, data_max=WIDE + 1)
    assert MinMaxScaler.from_stats(data_min=WIDE + 1, data_max=WIDE + 1)._constant().all()
    assert not MinMaxScaler.from_stats(data_min=WIDE + 1, data_max=WIDE + 2)._constant().any()


def test_known_peaks():
    scaler = DecimalScaler.from_stats(max_abs=[10**18 - 1, 10**18, 10**30 - 1, 0.05])
    assert scaler.exponent_.tolist() == [18, 19, 30, -1]
    numbers = np.array([10**18 - 1, 10**18], dtype=np.int64)
    assert DecimalScaler.from_stats(max_abs=numbers).exponent_.tolist() == [18, 19]
    assert MaxAbsScaler.from_stats(max_abs=WIDE + 300).max_abs_.tolist() == [float(WIDE + 300)]


@pytest.mark.parametrize("using", ["after", "before", "batch"])
def test_a_prior_before_wide_integers(using):
    scaler = BatchStatsScaler(0.5, bias_correction=False, eps=0.0)
    plain = BatchStatsScaler(0.5, bias_correction=False, eps=0.0)
    Z = scaler.partial_fit_transform(X, using=using)
    expected = plain.partial_fit_transform(X.astype(float), using=using)
    if using == "batch":
        expected = BatchStatsScaler(eps=0.0).fit_transform(X - WIDE)
    np.testing.assert_allclose(Z, expected, rtol=1e-12)
    assert scaler.running_mean_.tolist() == pytest.approx(plain.running_mean_.tolist())
    for _ in range(200):
        scaler.partial_fit(X)
    shifted = BatchStatsScaler(eps=0.0).fit(X - WIDE).transform(X - WIDE)
    np.testing.assert_allclose(scaler.transform(X), shifted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "pair",
    [
        (WIDE + 1, WIDE + 3),
        (np.int64(WIDE + 1), np.int64(WIDE + 3)),
        ([WIDE + 1], [WIDE + 3]),
        (Decimal(WIDE + 1), Decimal(WIDE + 3)),
        (pd.Series({"n": WIDE + 1}), pd.Series({"n": WIDE + 3})),
        {"n": (WIDE + 1, WIDE + 3)},
    ],
    ids=["integers", "NumPy", "lists", "decimals", "series", "dict"],
)
def test_a_range_of_the_data_is_not_rounded(pair):
    frame = pd.DataFrame({"n": X[:, 0]})
    scaler = MinMaxScaler(data_range=pair).fit(frame)
    assert scaler.transform(frame).ravel().tolist() == [-0.5, 0.0, 0.5]
    assert scaler.partial_fit(frame).transform(frame).ravel().tolist() == [-0.5, 0.0, 0.5]


def test_a_range_in_the_wrong_order_or_lost_is_refused():
    for pair in ((WIDE + 3, WIDE + 1), (WIDE + 1, WIDE + 1)):
        with pytest.raises(ValueError, match=r"Got \(1\.15\d+e\+18, 1\.15\d+e\+18\) for feature 0"):
            MinMaxScaler(data_range=pair).fit(X)
    with pytest.raises(ValueError, match=r"Got \(1\.15\d+e\+18, 1\.15\d+e\+18\) for feature 0"):
        MinMaxScaler(data_range=(WIDE + 1, WIDE + 3)).fit([[0.5]])
