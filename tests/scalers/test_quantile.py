"""QuantileScaler: ranks read off quantiles, as scikit-learn's but from streams and exact."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pandas as pd
import polars as pl
import pytest
from laws import assert_same_bits, assert_same_state
from scipy import sparse, stats
from skl2onnx import to_onnx
from sklearn.preprocessing import QuantileTransformer

import sklearn_norm
from sklearn_norm import QuantileScaler
from sklearn_norm.exceptions import FormatError, SparseDataError
from sklearn_norm.maps.chain import Chain
from sklearn_norm.maps.ranks import FARTHEST, Ranks
from sklearn_norm.onnx import inverse

RNG = np.random.default_rng(21)
OUTPUTS = ["uniform", "normal"]
every_output = pytest.mark.parametrize("output", OUTPUTS)


def theirs(X, output="uniform", n_quantiles=1000, **told):
    kept = min(n_quantiles, len(X))
    return QuantileTransformer(output_distribution=output, n_quantiles=kept, **told).fit(X)


def exact_ranks(X):
    """Return the middle of the ranks that equal members share, from 0 to 1, by counting."""
    ranks = np.column_stack([stats.rankdata(column, "average") - 1 for column in X.T])
    low, high = X.min(axis=0), X.max(axis=0)
    return np.where(low == X, 0.0, np.where(high == X, 1.0, ranks / (len(X) - 1)))


# What a rank is


def test_ranks_of_few_values_are_exact():
    """The share of the others that are smaller, and between two values in proportion."""
    scaler = QuantileScaler().fit([[1.0], [2.0], [4.0], [8.0], [1000.0]])
    Z = scaler.transform([[1.0], [2.0], [4.0], [8.0], [1000.0], [3.0], [504.0]])
    assert_same_bits(Z.ravel(), np.array([0.0, 0.25, 0.5, 0.75, 1.0, 0.375, 0.875]))
    assert scaler.rank_error_ == 0.0
    np.testing.assert_array_equal(scaler.n_quantiles_, [5])
    np.testing.assert_array_equal(scaler.quantiles_.ravel(), [1, 2, 4, 8, 1000])


def test_normal_quantiles_of_ranks():
    """The middle is 0; a quarter is -0.6744898; the ends are clipped to those of 1e-7."""
    Z = QuantileScaler("normal").fit_transform([[1.0], [2.0], [4.0], [8.0], [1000.0]])
    expected = [-5.19933758270, -0.67448975020, 0.0, 0.67448975020, 5.19933758270]
    np.testing.assert_allclose(Z.ravel(), expected, rtol=1e-10, atol=1e-15)


def test_equal_values_get_the_middle_of_their_ranks():
    """Ranks 1, 2 and 3 of 0 to 5 are 2 in the middle; equal minima are 0, equal maxima 1."""
    Z = QuantileScaler().fit_transform([[1.0], [3.0], [3.0], [3.0], [4.0], [9.0]])
    np.testing.assert_allclose(Z.ravel(), [0, 0.4, 0.4, 0.4, 0.8, 1], rtol=1e-15)
    Z = QuantileScaler().fit_transform([[1.0], [1.0], [1.0], [2.0], [9.0], [9.0]])
    np.testing.assert_allclose(Z.ravel(), [0, 0, 0, 0.6, 1, 1], rtol=1e-15)


@every_output
@pytest.mark.parametrize("n_quantiles", [1000, 50, 3])
@pytest.mark.parametrize("kind", ["normal", "lognormal", "few values", "constant"])
def test_results_are_those_of_scikit_learn(kind, n_quantiles, output):
    """Of the data, of numbers between them and outside, and back, without subsampling."""
    X = {
        "normal": RNG.normal(size=(301, 3)),
        "lognormal": RNG.lognormal(0, 3, (301, 3)),
        "few values": RNG.integers(0, 9, (301, 3)).astype(float),
        "constant": np.full((301, 3), 2.5),
    }[kind]
    scaler, other = (
        QuantileScaler(output, n_quantiles=n_quantiles).fit(X),
        theirs(X, output, n_quantiles),
    )
    new = np.concatenate([X, X * 0.9, X - 0.5, X + 0.7])
    if kind == "few values" and n_quantiles == 1000:
        new = new[~np.isin(new, X).any(axis=1)]  # their percentiles miss equal values by a rounding
    # where their percentiles differ from members by a rounding, so does the rank
    np.testing.assert_allclose(scaler.transform(new), other.transform(new), rtol=1e-10, atol=1e-11)
    Z = other.transform(X)
    np.testing.assert_allclose(scaler.inverse_transform(Z), other.inverse_transform(Z), rtol=1e-9)


@every_output
def test_a_constant_column_becomes_the_lower_end(output):
    scaler = QuantileScaler(output).fit([[3.0], [3.0]])
    end = 0.0 if output == "uniform" else -FARTHEST
    top = 1.0 if output == "uniform" else FARTHEST
    np.testing.assert_allclose(scaler.transform([[3.0], [2.0], [3.5]]).ravel(), [end, end, top])
    np.testing.assert_array_equal(scaler.inverse_transform([[end], [top], [0.3]]).ravel(), 3.0)
    np.testing.assert_array_equal(scaler.constant_features_, [0])


@every_output
def test_numbers_outside_the_data_go_to_the_ends(output):
    """And what lies outside the output comes back as the minimum and the maximum."""
    X = RNG.normal(size=(100, 1))
    scaler = QuantileScaler(output).fit(X)
    ends = scaler.transform([X.min(axis=0), X.max(axis=0)])
    assert_same_bits(scaler.transform([[-1e300], [1e300]]), ends)
    back = scaler.inverse_transform([[-7.0], [7.0]])
    assert_same_bits(back.ravel(), np.array([X.min(), X.max()]))


def test_infinity_is_an_error():
    scaler = QuantileScaler().fit([[1.0], [2.0]])
    for act in (
        scaler.transform,
        scaler.inverse_transform,
        QuantileScaler().fit,
        scaler.partial_fit,
    ):
        with pytest.raises(ValueError, match=r"contains infinity.*in column 0"):
            act([[np.inf]])


@every_output
def test_results_never_fall(output):
    """Of growing numbers, through ties and beyond the ends, in streams too."""
    X = np.concatenate([RNG.normal(size=4000), RNG.integers(-3, 3, 3000)])[:, None]
    scaler = QuantileScaler(output, n_quantiles=200)
    for part in np.array_split(X, 7):
        scaler.partial_fit(part)
    grid = np.sort(np.concatenate([np.linspace(-6, 6, 20_000), X[:, 0], np.nextafter(X[:, 0], 9)]))
    Z = scaler.transform(grid[:, None]).ravel()
    slack = 0.0 if output == "uniform" else 1e-14  # SciPy's ndtri and ndtr round up and down
    assert (np.diff(Z) >= -slack).all()
    assert (np.diff(scaler.inverse_transform(np.sort(Z)[:, None]).ravel()) >= -slack).all()


# The way back


@every_output
def test_the_inverse_of_values_that_are_quantiles_is_exact(output):
    """Uniform ranks of kept values come back to the bit; normal ones within roundings."""
    X = np.column_stack([RNG.lognormal(0, 2, 500), RNG.integers(0, 40, 500), np.arange(500.0)])
    scaler = QuantileScaler(output).fit(X)
    back = scaler.inverse_transform(scaler.transform(X))
    if output == "uniform":
        assert_same_bits(back, X)
    np.testing.assert_allclose(back, X, rtol=1e-9)


@pytest.mark.parametrize("peak", [1.7e308, 1e-310])
def test_the_widest_and_the_smallest_numbers(peak):
    """The distance of ±1.7e308 is no float, and is not needed."""
    X = np.linspace(-peak, peak, 9)[:, None] if peak < 1 else np.array([[-peak], [peak]])
    scaler = QuantileScaler().fit(X)
    np.testing.assert_allclose(
        scaler.transform([[0.0], [peak / 2]]).ravel(), [0.5, 0.75], rtol=1e-9
    )
    np.testing.assert_allclose(scaler.inverse_transform([[0.75]]), peak / 2, rtol=1e-9)


@pytest.mark.parametrize("power", [-300, -1, 8, 400])
def test_ranks_have_no_units(power):
    X = np.column_stack([RNG.normal(size=3000), RNG.lognormal(0, 4, 3000)])
    Z = QuantileScaler().fit_transform(X)
    assert_same_bits(QuantileScaler().fit_transform(np.ldexp(X, power)), Z)


# Streams, merges, weights


def test_streams_and_merges_are_exact_while_few():
    X = RNG.lognormal(0, 2, (1500, 3))
    X[::7, 1] = np.nan
    whole = QuantileScaler().fit(X)
    streamed = QuantileScaler()
    for part in np.array_split(X, 5):
        streamed.partial_fit(part)
    merged = QuantileScaler().fit(X[:700]).merge(QuantileScaler().fit(X[700:]))
    for twin in (streamed, merged):
        np.testing.assert_allclose(twin.transform(X), whole.transform(X), rtol=1e-12)
        assert twin.rank_error_ == 0


@pytest.mark.parametrize("rank_error", [1e-3, 1e-2])
def test_ranks_of_streams_lie_within_the_bound(rank_error):
    """Of all values, with half the distance of two quantiles for the interpolation."""
    X = np.column_stack([RNG.normal(size=60_000), RNG.lognormal(0, 4, 60_000), RNG.random(60_000)])
    streamed = QuantileScaler(rank_error=rank_error)
    for part in np.array_split(X, 13):
        streamed.partial_fit(part)
    fitted = QuantileScaler(rank_error=rank_error).fit(X)
    for scaler in (streamed, fitted):
        assert 0 < scaler.rank_error_ <= rank_error
        error = np.abs(scaler.transform(X) - exact_ranks(X)).max()
        assert error <= scaler.rank_error_ + 1 / 999


def test_the_error_is_at_most_that_of_scikit_learn():
    """Which looks at ten thousand rows of all: against the exact ranks of the whole data."""
    X = np.column_stack([RNG.normal(size=200_000), RNG.lognormal(0, 3, 200_000)])
    exact = exact_ranks(X)
    ours = np.abs(QuantileScaler().fit_transform(X) - exact).max(axis=0)
    other = np.abs(theirs(X, random_state=0).transform(X) - exact).max(axis=0)
    assert (ours <= other).all()
    assert (ours < 1.5e-3).all()


def test_integer_weights_repeat_and_other_weights_share():
    X = RNG.normal(size=(400, 2))
    weight = RNG.integers(0, 4, 400)
    weighted = QuantileScaler().fit(X, sample_weight=weight)
    repeated = QuantileScaler().fit(np.repeat(X, weight, axis=0))
    np.testing.assert_allclose(weighted.transform(X), repeated.transform(X), atol=1e-12)
    np.testing.assert_array_equal(weighted.n_quantiles_, weight.sum())
    tenth = QuantileScaler().fit(X, sample_weight=np.full(400, 0.1))
    np.testing.assert_array_equal(tenth.n_quantiles_, 400)
    np.testing.assert_allclose(tenth.transform(X), QuantileScaler().fit_transform(X), atol=1e-9)


# Missing values, dtypes, containers


@every_output
def test_missing_values_stay_and_an_empty_column_is_missing(output):
    X = np.array([[1.0, np.nan], [np.nan, np.nan], [3.0, np.nan]])
    scaler = QuantileScaler(output).fit(X)
    Z = scaler.transform([[2.0, 5.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(np.isnan(Z), [[False, True], [True, True]])
    np.testing.assert_array_equal(scaler.n_quantiles_, [2, 0])
    np.testing.assert_array_equal(np.isnan(scaler.inverse_transform(Z)), np.isnan(Z))
    later = scaler.partial_fit([[2.0, 4.0], [2.0, 8.0]])
    np.testing.assert_array_equal(
        later.inverse_transform(later.transform([[2.0, 8.0]])), [[2.0, 8.0]]
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64, np.uint8, bool])
def test_other_dtypes(dtype):
    """Short floats keep their dtype, the rest become float64; the values are those of float64."""
    X = RNG.integers(0, 2 if dtype is bool else 50, (60, 2)).astype(dtype)
    scaler = QuantileScaler().fit(X)
    plain = QuantileScaler().fit(X.astype(float))
    Z = scaler.transform(X)
    kept = dtype if np.dtype(dtype).kind == "f" else np.float64
    assert_same_bits(Z, plain.transform(X.astype(float)).astype(kept))
    assert scaler.inverse_transform(Z).dtype == kept


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames(frame):
    X = frame({"a": [1.0, 2.0, 5.0], "b": [3.0, 3.0, 4.0]})
    scaler = QuantileScaler().fit(X)
    kind = frame.__module__.partition(".")[0]
    Z = scaler.set_output(transform=kind).transform(X)
    assert isinstance(Z, frame)
    assert list(Z.columns) == ["a", "b"]
    back = scaler.inverse_transform(Z)
    assert isinstance(back, frame)
    np.testing.assert_array_equal(back.to_numpy(), X.to_numpy())


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_whose_minimum_is_zero(form):
    X = RNG.poisson(0.4, (300, 5)) * RNG.random((300, 5))
    scaler = QuantileScaler().fit(form(X))
    Z = scaler.transform(form(X))
    assert isinstance(Z, form)
    assert_same_bits(Z.toarray() + 0.0, QuantileScaler().fit(X).transform(X))
    np.testing.assert_allclose(scaler.inverse_transform(Z).toarray(), X, rtol=1e-12)


def test_other_sparse_data_are_refused():
    for scaler, X in ((QuantileScaler(), -np.eye(3)), (QuantileScaler("normal"), np.eye(3))):
        with pytest.raises(SparseDataError):
            scaler.fit(X).transform(sparse.csr_array(X))


# Parameters, copies, maps, graphs


@pytest.mark.parametrize(
    "wrong", [{"output": "gauss"}, {"n_quantiles": 1}, {"n_quantiles": 2.5}, {"rank_error": 0}]
)
def test_wrong_parameters(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        QuantileScaler(**wrong).fit([[1.0], [2.0]])


@pytest.mark.parametrize(
    ("field", "act"),
    [
        ("counts", lambda record: record.counts.__setitem__(0, 1.0)),
        ("counts", lambda record: record.counts.__setitem__(0, 2.5)),
        ("quantiles", lambda record: record.quantiles.__setitem__((1, 0), -9.0)),
        ("quantiles", lambda record: record.quantiles.__setitem__((1, 0), np.nan)),
    ],
)
def test_a_spoilt_map_is_found(field, act):
    record = Ranks(np.array([[1.0, 1.0], [2.0, 3.0], [4.0, np.nan]]), np.array([3.0, 2.0]))
    assert not list(record.faults(2))
    act(record)
    assert next(name for name, _ in record.faults(2)) == field


def test_a_document_with_other_quantiles_is_refused():
    document = sklearn_norm.to_dict(QuantileScaler().fit([[1.0], [2.0], [4.0]]))
    document["estimator"]["state"]["affine"]["first"]["normal"] = True
    document.pop("checksum", None)
    with pytest.raises(FormatError):
        sklearn_norm.from_dict(document)


def test_maps_of_columns_of_different_sizes_side_by_side():
    """Columns of 5 and of 3 quantiles are mapped as alone, to the bit."""
    first = QuantileScaler().fit(np.arange(5.0)[:, None])._fitted.map
    second = QuantileScaler().fit(np.array([[1.0, 0.0], [2.0, 3.0], [9.0, 9.0]]))._fitted.map
    both = first.joined(second)
    X = RNG.uniform(-1, 10, (50, 3))
    expected = np.column_stack([first.apply(X[:, :1]), second.apply(X[:, 1:])])
    assert_same_bits(both.apply(X), expected)
    assert_same_bits(second.joined(first).apply(X[:, [1, 2, 0]]), expected[:, [1, 2, 0]])
    with pytest.raises(ValueError, match="begin with the same function"):
        first.joined(Chain(Ranks(np.zeros((2, 1)), np.array([2.0]), True), first.then))


def test_in_place():
    X = RNG.normal(size=(50, 2))
    expected = QuantileScaler().fit(X).transform(X)
    scaler = QuantileScaler(copy=False).fit(X)
    Z = scaler.transform(X)
    assert Z is X
    assert_same_bits(Z, expected)


def test_onnx_gives_the_same_there_and_back():
    """A sum over the intervals: equal values, NaN and numbers outside included."""
    X = np.column_stack([RNG.normal(size=80), RNG.integers(0, 9, 80), np.full(80, 3.0)])
    X[:30, 0] = np.nan
    new = np.concatenate([X, X * 1.1 - 0.3, [[-99.0] * 3, [99.0] * 3]])
    scaler = QuantileScaler().fit(X)
    Z = scaler.transform(new)
    for estimator, given, expected in (
        (scaler, new, Z),
        (inverse(scaler), Z, scaler.inverse_transform(Z)),
    ):
        session = onnxruntime.InferenceSession(to_onnx(estimator, given[:1]).SerializeToString())
        np.testing.assert_allclose(
            session.run(None, {"X": given})[0], expected, rtol=1e-13, atol=1e-14
        )


def test_normal_output_has_no_graph():
    scaler = QuantileScaler("normal").fit([[1.0], [2.0]])
    for convert in (lambda: to_onnx(scaler, np.ones((1, 1))), lambda: inverse(scaler)):
        with pytest.raises(ValueError, match="ONNX, which has no quantiles of the normal"):
            convert()


def test_a_stream_goes_on_from_a_copy():
    X = RNG.normal(size=(5000, 2))
    scaler = QuantileScaler().fit(X)
    twin = sklearn_norm.from_dict(sklearn_norm.to_dict(scaler))
    assert_same_state(twin.partial_fit(X[:100]), scaler.partial_fit(X[:100]))
