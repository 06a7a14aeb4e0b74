"""Affine maps as records: some columns, several maps side by side, and what they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from inside import map_of
from laws import assert_same_bits, exactly
from scipy import sparse

from sklearn_norm import BatchStatsScaler, DecimalScaler, MinMaxScaler, RobustScaler, ZScoreScaler
from sklearn_norm.maps.affine import CEILINGS, NOTHING, Affine
from sklearn_norm.maps.record import Map

RNG = np.random.default_rng(2)
X = RNG.normal(3.0, 2.0, (20, 4))
X[4, 0], X[5] = np.nan, -0.0
FITTED = {
    "mean and deviation": ZScoreScaler(),
    "mean": ZScoreScaler(with_std=False),
    "deviation": ZScoreScaler(with_mean=False),
    "nothing": ZScoreScaler(with_mean=False, with_std=False),
    "range": MinMaxScaler(),
    "range with bounds": MinMaxScaler((-1.5, 1.2), clip=True),
    "range of one's own": MinMaxScaler(data_range=(-5.0, 20.0)),
    "quartiles": RobustScaler(unit_variance=True),
    "points": DecimalScaler(),
    "gain": BatchStatsScaler(gamma=-2.0),
    "gain and offset": BatchStatsScaler(gamma=2.0, beta=-0.0),
}
MAPS = {name: map_of(scaler.fit(X)) for name, scaler in FITTED.items()}
MAPS["large"] = map_of(ZScoreScaler().fit(X * 5e306))
MAPS["largest range"] = map_of(MinMaxScaler().fit(np.clip(X, -1.7, 1.7) * 1e308))
SIZED = {name: mapping for name, mapping in MAPS.items() if name != "nothing"}
MEMBERS = np.vstack(
    [X, np.zeros(4), -np.zeros(4), np.full(4, np.nan), np.full(4, 9.999999999999999)]
)
every_map = pytest.mark.parametrize("name", MAPS)


def both_ways(mapping, data):
    """Return what a map makes of data in three dtypes, clipped or not, and its inverse."""
    with np.errstate(all="ignore"):
        found = [mapping.apply(data.astype(t), clip=c) for t in CEILINGS for c in (True, False)]
        return [*found, mapping.invert(data)]


# Columns


@every_map
@pytest.mark.parametrize("chosen", [[0], [3, 1], [2, 2, 0, 2], [], [-1]])
def test_some_columns_are_mapped_as_before(name, chosen):
    """In any order, repeated, or none at all."""
    chosen = np.array(chosen, dtype=np.intp)
    expected = [z[:, chosen] for z in both_ways(MAPS[name], MEMBERS)]
    for found, z in zip(
        both_ways(MAPS[name].columns(chosen), MEMBERS[:, chosen]), expected, strict=True
    ):
        assert_same_bits(found, z)


@pytest.mark.parametrize("second", SIZED)
@pytest.mark.parametrize("first", SIZED)
def test_maps_side_by_side_are_their_parts_to_the_bit(first, second):
    """A step that only one has changes no bit of the other: -0.0 stays -0.0."""
    joined = SIZED[first].joined(SIZED[second])
    assert joined.n_columns == 8
    *found, back = both_ways(joined, np.hstack([MEMBERS, MEMBERS]))
    parts = [both_ways(SIZED[name], MEMBERS) for name in (first, second)]
    *expected, undone = [np.hstack(pair) for pair in zip(*parts, strict=True)]
    for z, by_hand in zip(found, expected, strict=True):
        assert_same_bits(z, by_hand)
    # a center of 0 that is subtracted leaves -0.0 as it is, and added makes 0.0 of it
    assert_same_bits(back + 0.0, undone + 0.0)


def test_minus_zero_survives_a_neighbour_with_an_offset():
    """An offset of 0.0 would have made 0.0 of it."""
    plain = Affine(scale=np.array([2.0]))
    joined = plain.joined(Affine(scale=np.array([1.0]), offset=np.array([3.0])))
    assert_same_bits(joined.apply(np.array([[-0.0, 1.0]])), np.array([[-0.0, 4.0]]))


def test_several_maps_are_joined_in_their_order():
    maps = [SIZED[name].columns(np.array([at])) for at, name in enumerate(list(SIZED)[:4])]
    joined = maps[0].joined(*maps[1:])
    expected = np.hstack([m.apply(X[:, [at]]) for at, m in enumerate(maps)])
    assert_same_bits(joined.apply(X), expected)
    assert_same_bits(maps[0].joined().apply(X[:, [0]]), expected[:, [0]])


def test_joined_and_apart_again():
    """The columns of a joined map are the maps that were joined, in what they do."""
    joined = SIZED["mean"].joined(SIZED["points"])
    for name, places in (("mean", range(4)), ("points", range(4, 8))):
        apart = joined.columns(np.array(places))
        for found, expected in zip(both_ways(apart, X), both_ways(SIZED[name], X), strict=True):
            assert_same_bits(found + 0.0, expected + 0.0)


def test_what_cannot_be_joined_is_refused():
    with pytest.raises(ValueError, match="cannot be joined with a str"):
        SIZED["mean"].joined("mean")
    with pytest.raises(ValueError, match="does not tell how many columns"):
        MAPS["nothing"].joined(SIZED["mean"])


# What is lost, and what 0 maps to


def test_only_a_gain_of_0_loses_a_column():
    assert Affine().lost().size == 0
    np.testing.assert_array_equal(Affine(gain=np.array([0.0, 1.0, -0.0])).lost(), [0, 2])
    assert not any(mapping.lost().size for mapping in MAPS.values())


def test_a_scale_of_0_becomes_1_in_one_place():
    assert_same_bits(Affine.of(scale=np.array([0.0, 2.0])).scale, np.array([1.0, 2.0]))
    assert list(Affine(scale=np.array([0.0])).faults(1)) == [("scale", "cannot be 0.0 in column 0")]


@every_map
def test_what_0_maps_to(name):
    mapping = MAPS[name]
    assert_same_bits(mapping.of_zero(4), mapping.apply(np.zeros((1, 4)))[0])


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("name", ["deviation", "points", "nothing"])
def test_sparse_members_are_mapped_as_dense_ones(name, form):
    data = np.where(np.isnan(X) | (X < 2), 0.0, X)
    assert_same_bits(MAPS[name].apply(form(data)).toarray(), MAPS[name].apply(data))
    assert_same_bits(MAPS[name].invert(form(data)).toarray(), MAPS[name].invert(data))


# The state


@every_map
def test_a_map_comes_back_from_its_state(name):
    """To the bit, and by a state without a kind, as the first version wrote."""
    state = MAPS[name].to_state()
    assert state.keys() == NOTHING.keys()
    for given in (state, {**state, "kind": "Affine"}):
        twin = Map.from_state(given)
        assert type(twin) is Affine
        assert exactly(twin.to_state()) == exactly(state)
    assert not list(MAPS[name].faults(4))
    assert MAPS[name].affine is MAPS[name]


def test_a_state_of_an_older_version_lacks_steps():
    assert Map.from_state({"center": np.ones(2)}).scale is None


FAULTY = {
    "center": (np.ones(3), "has the shape"),
    "scale": (np.array([1.0, 0.0]), "cannot be 0.0 in column 1"),
    "gain": (np.ones(2, np.float32), "must be an array of float64"),
    "offset": (3.0, "must be an array of float64"),
    "lower": (np.ones(2), "without `upper`"),
    "exponent": (np.ones(2), "array of integers"),
    "ceiling": (np.full((2, 3), -1.0), "at least 0"),
}


@pytest.mark.parametrize("field", FAULTY)
def test_what_no_rule_makes_is_told_with_its_place(field):
    vector, why = FAULTY[field]
    name, told = next(Affine(**{field: vector}).faults(2))
    assert name == field
    assert why in told


@pytest.mark.parametrize("field", ["exponent", "ceiling"])
def test_an_exponent_or_ceiling_of_another_shape_is_told(field):
    vector = np.ones(3, int) if field == "exponent" else np.ones((2, 2))
    name, told = next(Affine(**{field: vector}).faults(2))
    assert (name, "has the shape" in told) == (field, True)
