"""What is forgotten leaves no trace beyond its weight, however large it was."""

from fractions import Fraction

import numpy as np
import pytest
from exact import error, exact_moments, exact_root

from sklearn_norm import BatchNorm, BatchStatsScaler


def running(batches, **params):
    scaler = BatchStatsScaler(**params)
    for batch in batches:
        scaler.partial_fit(np.reshape(np.array(batch, dtype=np.float64), (-1, 1)))
    return scaler.running_mean_[0], scaler.running_var_[0]


def exact_running(batches, momentum, total=True):
    """Return mean and variance of the averages, in rational arithmetic."""
    keep, share = (1, 1) if momentum is None else (1 - Fraction(momentum), Fraction(momentum))
    weight = first = second = within = Fraction(0)
    for batch in batches:
        mean, variance = exact_moments([float(x) for x in batch])
        weight, first = keep * weight + share, keep * first + share * mean
        second = keep * second + share * mean**2
        within = keep * within + share * variance
    mean = first / weight
    return mean, within / weight + (second / weight - mean**2 if total else 0)


def check(batches, momentum, limit=2.0, variance="total"):
    found = running(batches, momentum=momentum, variance=variance)
    mean, spread = exact_running(batches, momentum, variance == "total")
    assert error(found[0], mean, max(abs(mean), exact_root(spread))) <= limit
    assert error(found[1], spread) <= limit


SIZES = [1e-200, 1e-100, 1.0, 1e100, 1e150, 1e165, 1e200, 1e300]


@pytest.mark.parametrize("huge", SIZES)
@pytest.mark.parametrize("momentum", [0.5, 0.9375, 1.0])
def test_a_huge_value_is_forgotten(huge, momentum):
    """Its weight falls with each batch, until nothing is left of it."""
    ordinary = [[1.0, 2.0, 4.0], [3.0, 5.0, -1.0], [2.0, 2.5, 8.0]]
    for later in (1, 3, 40, 1500 if momentum < 1 else 3):
        check([[huge, huge / 4], *(ordinary[i % 3] for i in range(later))], momentum)


@pytest.mark.parametrize("huge", SIZES)
@pytest.mark.parametrize("momentum", [0.5, 0.9375, 0.99999, 1.0])
def test_single_rows_forget_a_huge_value(huge, momentum):
    """Rows that wait, and are merged in one sum, forget it alike."""
    rows = [[float(x)] for x in np.random.default_rng(0).integers(1, 9, 300)]
    for place in (0, 1, 100):
        for later in (1, 2, 30, 250):
            stream = [*rows[:place], [huge], *rows[place : place + later]]
            check(stream, momentum, limit=64.0)


def test_a_fill_value_does_not_kill_a_scaler_for_good():
    """One of 1e165 before 20,000 ordinary rows."""
    rows = np.random.default_rng(1).normal(size=(20_000, 1))
    for fill in (1e165, 1e300):
        scaler, clean = BatchStatsScaler(momentum=0.1), BatchStatsScaler(momentum=0.1)
        scaler.partial_fit([[fill]])
        for row in rows:
            scaler.partial_fit([row])
        for row in rows[-1000:]:
            clean.partial_fit([row])
        np.testing.assert_allclose(scaler.running_mean_, clean.running_mean_, 1e-12)
        np.testing.assert_allclose(scaler.running_var_, clean.running_var_, 1e-12)


def test_the_variance_within_knows_no_size_of_batches():
    """A batch of equal huge values has no variance within, and hides none."""
    found = running([[1.0, 2.0], [1e170, 1e170]], momentum=0.5, variance="within")
    assert found[1] == pytest.approx(1 / 12, rel=1e-15)
    for huge in SIZES:
        check([[1.0, 2.0], [huge, huge]], 0.5, variance="within")


def test_means_that_round_to_one_float_drift():
    """Batch means are kept beyond the last bit of a float."""
    batches = [1e16 + np.array(b) for b in ([2.0], [6.0, 0, 0, 4, 4], [2.0, 2])]
    check(batches, None)
    assert running(batches, momentum=None)[1] == pytest.approx(2.0622222222222222, rel=1e-15)
    for momentum in (None, 0.5):
        check(batches, momentum)
        check([[0.1, 0.2]] * 5, momentum)
        check([[1e-30, 2e-30, 2e-30]] * 5, momentum)
        check([[3e-320, 2e-320, 2e-320]] * 5, momentum)


@pytest.mark.parametrize("kind", [BatchStatsScaler, BatchNorm])
@pytest.mark.parametrize("momentum", [5e-324, 1e-308, 1e-200, 1e-17, 2.0**-54])
def test_a_momentum_that_forgets_nothing_is_refused(kind, momentum):
    """Products with such weights would underflow, and 1 - momentum is 1."""
    told = "`momentum` must be at least 2\\*\\*-53.*momentum=None gives"
    with pytest.raises(ValueError, match=told):
        kind(momentum=momentum).fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match=told):
        kind.from_stats(running_mean=0.0, running_var=1.0, momentum=momentum)
    assert kind(momentum=2.0**-53).fit([[1.0], [2.0]]).running_mean_.tolist() == [1.5]
