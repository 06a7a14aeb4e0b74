"""GroupScaler: as a loop over groups, in one pass; each policy; streams, merges and files."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from documents import signed
from hypothesis import given
from hypothesis import strategies as st
from laws import assert_same_bits, assert_same_state
from sklearn.base import clone
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import sklearn_norm
from sklearn_norm import (
    BatchStatsScaler,
    DecimalScaler,
    GroupScaler,
    LayerNorm,
    MaxAbsScaler,
    MinMaxScaler,
    RobustScaler,
    ZScoreScaler,
)

SCALERS = [
    ZScoreScaler(),
    ZScoreScaler(ddof=1, clip="range"),
    ZScoreScaler(with_mean=False),
    ZScoreScaler(with_std=False),
    ZScoreScaler(with_mean=False, with_std=False),
    ZScoreScaler(clip=(-1.0, [0.5, 1.0, 2.0])),
    MinMaxScaler(),
    MinMaxScaler(feature_range=(-1, [1, 2, 3]), clip=True),
    MinMaxScaler(data_range={"volts": (-100, 100)}),
    MaxAbsScaler(),
    DecimalScaler(),
    RobustScaler(),
    RobustScaler(quantile_range=(10.0, 90.0), unit_variance=True),
]
NAMES = ["volts", "amps", "ohms"]
each_scaler = pytest.mark.parametrize("scaler", SCALERS, ids=repr)


def data(n=300, seed=0):
    """Return a frame with a column of keys in the middle; groups differ in place and width."""
    rng = np.random.default_rng(seed)
    key = rng.choice(list("abcde"), n, p=[0.4, 0.3, 0.2, 0.09, 0.01])
    place = np.array([ord(k) - 96 for k in key])
    X = rng.normal(size=(n, 3)) * place[:, None] + 10.0 * place[:, None]
    X[:, 1] = np.round(X[:, 1], 1)
    X[:, 2] *= 10.0 ** rng.integers(-3, 4, n)
    X[rng.random(X.shape) < 0.1] = np.nan
    frame = pd.DataFrame(X, columns=NAMES, index=rng.permutation(n))
    frame.insert(1, "device", key)
    return frame


FRAME = data()


def by_hand(scaler, frame, names=NAMES, **given):
    """Scale by a loop over groups."""
    out = frame.copy()
    for _, part in frame.groupby("device"):
        out.loc[part.index, names] = clone(scaler).fit(part[names], **given).transform(part[names])
    return out


@each_scaler
def test_groups_are_scaled_as_by_a_loop(scaler):
    """Bit for bit, whatever the scaler."""
    groups = GroupScaler(scaler, by="device", min_rows=0).fit(FRAME)
    pd.testing.assert_frame_equal(groups.transform(FRAME), by_hand(scaler, FRAME), check_exact=True)
    for key, part in FRAME.groupby("device"):
        hand = clone(scaler).fit(part[NAMES])
        assert_same_bits(groups.stats_for(key).transform(part[NAMES]), hand.transform(part[NAMES]))
        assert groups.stats_for(key).n_samples_seen_ is not None
    hand = clone(scaler).fit(FRAME[NAMES])
    assert_same_bits(groups.global_.transform(FRAME[NAMES]), hand.transform(FRAME[NAMES]))
    assert groups.groups_.tolist() == list("abcde")
    assert groups.counts_.tolist() == FRAME["device"].value_counts().sort_index().tolist()


@each_scaler
@pytest.mark.parametrize("weight", ["integers", "floats"])
def test_weighted_groups_are_scaled_as_by_a_loop(scaler, weight):
    rng = np.random.default_rng(1)
    w = rng.integers(0, 4, len(FRAME)) if weight == "integers" else rng.random(len(FRAME)) + 0.1
    groups = GroupScaler(scaler, by="device", min_rows=0).fit(FRAME, sample_weight=w)
    for key, rows in FRAME.reset_index(drop=True).groupby("device").indices.items():
        if not w[rows].any():
            continue
        part = FRAME.iloc[rows][NAMES]
        hand = clone(scaler).fit(part, sample_weight=w[rows])
        assert_same_bits(groups.stats_for(key).transform(part), hand.transform(part))


@each_scaler
def test_containers_leave_no_trace(scaler):
    """Frames of pandas and polars, arrays of objects and keys apart give the same bits."""
    expected = GroupScaler(scaler, by="device").fit_transform(FRAME)
    polars = pl.from_pandas(FRAME)
    found = GroupScaler(scaler, by="device").fit_transform(polars)
    assert isinstance(found, pl.DataFrame)
    assert found.columns == list(FRAME.columns)
    assert found["device"].to_list() == FRAME["device"].tolist()
    assert_same_bits(found[NAMES].to_numpy(), expected[NAMES].to_numpy())
    if isinstance(scaler, MinMaxScaler) and scaler.data_range:
        return  # by name
    objects = GroupScaler(scaler, by=1).fit_transform(FRAME.to_numpy(dtype=object))
    assert objects.dtype == object
    assert_same_bits(objects[:, [0, 2, 3]].astype(float), expected[NAMES].to_numpy())
    X, keys = FRAME[NAMES].to_numpy(), FRAME["device"]
    for groups in (keys, keys.tolist(), keys.to_numpy(), keys.astype("category"), pl.Series(keys)):
        for layout in (X, np.asfortranarray(X), X[::-1][::-1]):
            apart = GroupScaler(scaler).fit(layout, groups=groups)
            assert_same_bits(apart.transform(layout, groups=groups), expected[NAMES].to_numpy())


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int8, np.int64, bool])
def test_dtypes_are_those_of_the_scaler(dtype):
    rng = np.random.default_rng(2)
    X = (rng.normal(3, 20, (60, 4)) if dtype is not bool else rng.random((60, 4)) > 0.5).astype(
        dtype
    )
    keys = rng.integers(0, 3, 60)
    Z = GroupScaler().fit_transform(X, groups=keys)
    for key in range(3):
        hand = ZScoreScaler().fit_transform(X[keys == key])
        assert_same_bits(Z[keys == key], hand)
    assert (
        GroupScaler(ZScoreScaler(dtype="float32")).fit_transform(X, groups=keys).dtype == "float32"
    )


@pytest.mark.parametrize(
    "clips", [ZScoreScaler(clip=(-1.0, 1.0)), MinMaxScaler(clip=True)], ids=repr
)
def test_what_is_clipped_stays_inside(clips):
    groups = GroupScaler(clips, by="device").fit(FRAME)
    wide = FRAME.assign(volts=FRAME["volts"] * 100)
    Z = groups.transform(wide)[NAMES]
    assert np.nanmax(np.abs(Z)) <= 1


@each_scaler
def test_the_inverse_undoes_the_scaling(scaler):
    scaler = (
        clone(scaler).set_params(clip=False if isinstance(scaler.clip, bool) else None)
        if hasattr(scaler, "clip")
        else scaler
    )
    groups = GroupScaler(scaler, by="device").fit(FRAME)
    Z = groups.transform(FRAME)
    pd.testing.assert_frame_equal(groups.inverse_transform(Z), FRAME, rtol=1e-9)
    back = groups.inverse_transform(pl.from_pandas(Z))
    np.testing.assert_allclose(back[NAMES].to_numpy(), FRAME[NAMES], 1e-9)
    some = groups.inverse_transform(Z[["device", "ohms"]])
    pd.testing.assert_frame_equal(some, FRAME[["device", "ohms"]], rtol=1e-9)
    one = groups.inverse_transform(
        Z["amps"].to_numpy()[:, None], columns=["amps"], groups=FRAME["device"]
    )
    np.testing.assert_allclose(one[:, 0], FRAME["amps"], 1e-9)
    array = groups.inverse_transform(Z[NAMES].to_numpy(), groups=FRAME["device"])
    np.testing.assert_allclose(array, FRAME[NAMES], 1e-9)


def test_standard_deviations_come_back_by_the_scale_of_their_group():
    groups = GroupScaler(by="device", min_rows=0).fit(FRAME)
    S = FRAME[["device", "volts"]].assign(volts=0.5)
    back = groups.inverse_transform_std(S)
    scales = [groups.stats_for(k).scale_[0] for k in FRAME["device"]]
    np.testing.assert_array_equal(back["volts"], 0.5 * np.array(scales))


# Policies


SMALL = pd.DataFrame({"g": ["a", "a", "a", "b"], "x": [1.0, 2.0, 6.0, 7.0]})
GLOBAL = ZScoreScaler().fit(SMALL[["x"]].to_numpy())
POLICIES = {
    "global": GLOBAL.transform([[9.0]]).item(),
    "nan": np.nan,
    "passthrough": 9.0,
}
policies = pytest.mark.parametrize(("policy", "value"), POLICIES.items(), ids=list(POLICIES))


@policies
def test_unknown_keys_follow_their_policy(policy, value):
    groups = GroupScaler(by="g", handle_unknown=policy).fit(SMALL)
    Z = groups.transform(pd.DataFrame({"g": ["a", "new"], "x": [3.0, 9.0]}))
    np.testing.assert_array_equal(Z["x"], [0.0, value])
    back = groups.inverse_transform(Z)["x"]
    np.testing.assert_allclose(back, [3.0, np.nan if policy == "nan" else 9.0])


def test_an_unknown_key_is_an_error_that_names_row_key_and_remedy():
    groups = GroupScaler(by="g").fit(SMALL)
    with pytest.raises(
        ValueError, match=r"Row 1 has the key 'new', .*The groups are 'a', 'b'.*handle_unknown"
    ):
        groups.transform(pd.DataFrame({"g": ["a", "new"], "x": [3.0, 9.0]}))


@policies
def test_small_groups_follow_their_policy(policy, value):
    groups = GroupScaler(by="g", small=policy).fit(SMALL)
    Z = groups.transform(pd.DataFrame({"g": ["a", "b"], "x": [3.0, 9.0]}))
    np.testing.assert_array_equal(Z["x"], [0.0, value])


def test_a_small_group_is_an_error_when_it_is_used():
    """It may grow until then."""
    groups = GroupScaler(by="g", small="error").fit(SMALL)
    groups.transform(SMALL[:3])
    with pytest.raises(
        ValueError, match=r"The group 'b' has 1 values in column 'x', .*min_rows=2: row 3"
    ):
        groups.transform(SMALL)
    groups.transform(SMALL.assign(x=[1.0, 2.0, 6.0, np.nan]))  # nothing there to scale
    groups.partial_fit(SMALL[3:])
    groups.transform(SMALL)


def test_a_group_is_small_column_by_column():
    """Values that are missing do not count."""
    X = pd.DataFrame(
        {"g": ["a", "a", "b", "b"], "x": [1.0, np.nan, 2.0, 4.0], "y": [1.0, 3.0, 5, 6]}
    )
    Z = GroupScaler(by="g").fit_transform(X)
    np.testing.assert_array_equal(Z["y"][:2], [-1.0, 1.0])
    assert Z["x"][0] == ZScoreScaler().fit(X[["x"]].to_numpy()).transform([[1.0]]).item()


def test_min_rows_counts_weight():
    groups = GroupScaler(by="g", small="nan").fit(SMALL, sample_weight=[1, 1, 1, 2])
    assert groups.transform(SMALL)["x"][3] == 0.0
    assert groups.counts_.tolist() == [3, 2]


MISSING = pd.DataFrame({"g": ["a", "a", None, None], "x": [1.0, 3.0, 5.0, 7.0]})


def test_a_missing_key_is_an_error_that_names_the_row():
    groups = GroupScaler(by="g")
    with pytest.raises(ValueError, match=r"Row 2 has the key None.*missing_key"):
        groups.fit(MISSING)
    groups.fit(MISSING[:2])
    with pytest.raises(ValueError, match="Row 2 has the key None"):
        groups.transform(MISSING)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT], ids=str)
def test_missing_keys_may_be_a_group(missing):
    """All that is missing is one key."""
    groups = GroupScaler(by="g", missing_key="group").fit(MISSING)
    X = MISSING.assign(g=["a", "a", missing, missing])
    np.testing.assert_array_equal(groups.transform(X)["x"], [-1, 1, -1, 1])
    assert groups.groups_.tolist() == ["a", None]
    assert groups.stats_for(missing).mean_ == 6


@pytest.mark.parametrize("policy", ["global", "nan", "passthrough"])
def test_missing_keys_may_be_unknown(policy):
    groups = GroupScaler(by="g", missing_key="unknown", handle_unknown=policy).fit(MISSING)
    assert groups.groups_.tolist() == ["a"]
    assert groups.global_.n_samples_seen_ == 4
    value = {
        "global": groups.global_.transform(pd.DataFrame({"x": [7.0]})).item(),
        "nan": np.nan,
        "passthrough": 7.0,
    }
    np.testing.assert_array_equal(groups.transform(MISSING)["x"][3], value[policy])


def test_missing_and_unknown_is_an_error_in_transform_only():
    groups = GroupScaler(by="g", missing_key="unknown").fit(MISSING)
    with pytest.raises(ValueError, match="Row 2 has the key None, which was not seen"):
        groups.transform(MISSING)


def test_a_part_of_a_key_that_is_missing_makes_it_missing():
    X = pd.DataFrame({"g": ["a", "a", "a"], "h": [1, 1, None], "x": [1.0, 3.0, 5.0]})
    with pytest.raises(ValueError, match=r"Row 2 has the key \('a', None\)"):
        GroupScaler(by=["g", "h"]).fit(X)
    groups = GroupScaler(by=["g", "h"], missing_key="group").fit(X)
    assert groups.groups_.tolist() == [("a", 1), ("a", None)]


# Keys


def test_keys_are_typed_whole_tuples():
    keys = [1, "1", True, 1.0, 2, 2]
    groups = GroupScaler(min_rows=0).fit(np.arange(6.0)[:, None], groups=keys)
    assert groups.counts_.tolist() == [1, 2, 2, 1]
    assert [type(k) for k in groups.groups_] == [bool, int, int, str]
    assert groups.stats_for(1).mean_ == 1.5
    assert groups.stats_for("1").mean_ == 1.0
    assert groups.stats_for(True).mean_ == 2.0
    with pytest.raises(ValueError, match="No group has the `key` '2'"):
        groups.stats_for("2")
    with pytest.raises(ValueError, match="has 2 parts"):
        groups.stats_for((1, 2))


def test_integers_find_themselves_among_floats():
    """A column of integers becomes one of floats where a value is missing."""
    groups = GroupScaler().fit([[1.0], [3.0], [5.0], [5.0]], groups=np.array([1, 1, 2, 2]))
    assert groups.transform([[3.0]], groups=np.array([1.0])) == 1.0


def test_several_columns_of_keys():
    frame = FRAME.assign(site=np.arange(300) % 2 == 0)
    groups = GroupScaler(by=["site", "device"], min_rows=0).fit(frame)
    Z = groups.transform(frame)
    assert list(Z.columns) == list(frame.columns)
    for key, part in frame.groupby(["site", "device"]):
        hand = ZScoreScaler().fit_transform(part[NAMES])
        assert_same_bits(Z.loc[part.index, NAMES].to_numpy(), hand)
        assert groups.stats_for(key).n_features_in_ == 3
    np.testing.assert_array_equal(
        groups.transform(frame)[NAMES],
        GroupScaler(min_rows=0).fit_transform(
            frame[NAMES].to_numpy(), groups=frame[["site", "device"]]
        ),
    )


def test_columns_of_keys_pass_as_they_are_or_are_dropped():
    frame = FRAME.astype({"device": "category"})
    Z = GroupScaler(by="device").fit_transform(frame)
    pd.testing.assert_series_equal(Z["device"], frame["device"])
    pd.testing.assert_index_equal(Z.index, frame.index)
    dropping = GroupScaler(by="device", keys="drop").set_output(transform="pandas").fit(frame)
    dropped = dropping.transform(frame)
    pd.testing.assert_frame_equal(dropped, Z[NAMES])
    assert dropping.get_feature_names_out().tolist() == NAMES
    with pytest.raises(ValueError, match='keys="drop": pass the key of each row'):
        dropping.inverse_transform(dropped)
    back = dropping.inverse_transform(dropped, groups=frame["device"])
    pd.testing.assert_frame_equal(back, frame[NAMES], rtol=1e-9)


def test_arrays_of_numbers_keep_keys_that_are_numbers():
    X = np.array([[1.0, 7.0], [3.0, 7.0], [5.0, 8.0], [9.0, 8.0]])
    Z = GroupScaler(by=-1).fit_transform(X)
    assert_same_bits(Z, np.array([[-1.0, 7.0], [1.0, 7.0], [-1.0, 8.0], [1.0, 8.0]]))
    wide = X.astype(np.int64)
    wide[:, 1] += 2**60
    assert np.unique(wide[:, 1]).size == 2
    with pytest.raises(ValueError, match="would be rounded"):
        GroupScaler(by=1).fit_transform(wide)
    assert_same_bits(GroupScaler(by=1, keys="drop").fit_transform(wide), Z[:, :1])


def test_another_container_may_be_asked_for():
    groups = GroupScaler(by="device").set_output(transform="polars").fit(FRAME)
    Z = groups.transform(FRAME)
    assert isinstance(Z, pl.DataFrame)
    assert Z.columns == list(FRAME.columns)
    Z = GroupScaler(by="device").set_output(transform="pandas").fit_transform(pl.from_pandas(FRAME))
    assert isinstance(Z, pd.DataFrame)
    assert Z["device"].tolist() == FRAME["device"].tolist()


def test_groups_by_metadata_routing():
    X, keys = FRAME[NAMES].fillna(0.0).to_numpy(), FRAME["device"]
    with sklearn.config_context(enable_metadata_routing=True):
        asking = GroupScaler().set_fit_request(groups=True).set_transform_request(groups=True)
        pipeline = make_pipeline(asking, LinearRegression())
        pipeline.fit(X, X[:, 0], groups=keys)
        found = pipeline.predict(X, groups=keys)
    Z = GroupScaler().fit_transform(X, groups=keys)
    np.testing.assert_array_equal(found, LinearRegression().fit(Z, X[:, 0]).predict(Z))


def test_without_keys_all_rows_are_one_group():
    X = FRAME[NAMES]
    assert_same_bits(GroupScaler().fit_transform(X), ZScoreScaler().fit_transform(X))
    with pytest.raises(
        ValueError, match="Keys of 1 columns were given, but those of the fit are of 0"
    ):
        GroupScaler().fit(X).transform(X, groups=FRAME["device"])
    with pytest.raises(
        ValueError, match="Keys of 0 columns were given, but those of the fit are of 1"
    ):
        GroupScaler().fit(X, groups=FRAME["device"]).transform(X)


# Streams and merges


@each_scaler
@given(cuts=st.lists(st.integers(1, 299), min_size=1, max_size=4), seed=st.integers(0, 99))
def test_any_split_equals_the_whole(scaler, cuts, seed):
    """Streamed or merged in any order; groups join when they come."""
    frame = data(seed=seed)
    whole = GroupScaler(scaler, by="device").fit(frame)
    expected = whole.transform(frame)[NAMES].to_numpy()
    parts = [p for p in np.split(np.arange(300), sorted(cuts)) if p.size]
    streamed = GroupScaler(scaler, by="device")
    for part in parts:
        streamed.partial_fit(frame.iloc[part])
    fits = [GroupScaler(scaler, by="device").fit(frame.iloc[part]) for part in parts]
    order = np.random.default_rng(seed).permutation(len(fits))
    merged = sklearn_norm.merge(fits[at] for at in order)
    for found in (streamed, merged):
        np.testing.assert_allclose(found.transform(frame)[NAMES], expected, 1e-11, 1e-11)
        assert found.groups_.tolist() == whole.groups_.tolist()
        assert found.counts_.tolist() == whole.counts_.tolist()
        assert found.global_.n_samples_seen_.tolist() == whole.global_.n_samples_seen_.tolist()


def test_merges_of_shared_and_of_disjoint_keys():
    one, two = SMALL[:3], SMALL[3:]
    fits = [GroupScaler(by="g", min_rows=0).fit(part) for part in (one, two, two)]
    disjoint = fits[0].merge(fits[1])
    assert disjoint.groups_.tolist() == ["a", "b"]
    assert_same_bits(disjoint.stats_for("a").mean_, fits[0].stats_for("a").mean_)
    assert_same_bits(disjoint.stats_for("b").mean_, fits[1].stats_for("b").mean_)
    assert disjoint.global_.n_samples_seen_ == 4
    shared = disjoint.merge(fits[2])
    assert shared.counts_.tolist() == [3, 2]
    assert fits[0].groups_.tolist() == ["a"]  # those merged are unchanged


def test_new_groups_join_a_stream_and_empty_batches_change_nothing():
    groups = GroupScaler(by="g").fit(SMALL[:3])
    groups.partial_fit(SMALL[:0])
    assert groups.groups_.tolist() == ["a"]
    groups.partial_fit(pd.DataFrame({"g": ["c", "c"], "x": [0.0, 2.0]}))
    assert groups.groups_.tolist() == ["a", "c"]
    assert groups.transform(pd.DataFrame({"g": ["c"], "x": [2.0]}))["x"].item() == 1.0
    empty = GroupScaler(by="g").partial_fit(SMALL[:0])
    assert empty.groups_.size == 0
    assert_same_state(
        empty.partial_fit(SMALL).partial_fit(SMALL[:0]),
        GroupScaler(by="g").partial_fit(SMALL[:0]).partial_fit(SMALL),
    )


def test_a_stream_of_quantiles_has_those_of_each_group_by_itself():
    """Groups are of very different sizes, and some join late."""
    stream, parts = GroupScaler(RobustScaler(), by="device"), [data(400, seed) for seed in range(3)]
    parts[0] = parts[0][parts[0]["device"] != "e"]
    for part in parts:
        stream.partial_fit(part)
    for key, rows in pd.concat(parts).groupby("device"):
        found, hand = stream.stats_for(key), RobustScaler().fit(rows[NAMES])
        assert_same_bits(found.center_, hand.center_)
        assert_same_bits(found.scale_, hand.scale_)


def test_text_that_is_looked_up_comes_in_any_order():
    """Few keys and many, some unknown, find the groups that sorted ones find."""
    names = [f"shop {i}" for i in range(300)] + ["", "\0", "a\0", "a", "é", "\ud7ff", "😀"]
    X = np.repeat(np.arange(float(len(names))), 2)[:, None]
    scaler = GroupScaler(ZScoreScaler(with_std=False), handle_unknown="nan")
    scaler.fit(X, groups=np.repeat(np.array(names, dtype=object), 2))
    assert scaler.groups_.tolist() == sorted(names)
    for chosen in ([306, 2, 300], np.random.default_rng(0).permutation(307).tolist()):
        asked = [names[at] for at in chosen] + ["shop", "zoo"]
        Z = scaler.transform(np.array([*chosen, 1.0, 1.0])[:, None], groups=asked)[:, 0]
        np.testing.assert_array_equal(Z, [0.0] * len(chosen) + [np.nan] * 2)


def test_a_stream_keeps_its_keys_and_its_kind_of_scaler():
    groups = GroupScaler(by="g").fit(SMALL.assign(h=[1, 1, 1, 2]))
    with pytest.raises(ValueError, match="The keys of the fit are by='g', not by='h'"):
        groups.set_params(by="h").partial_fit(SMALL.assign(h=[1, 1, 1, 2]))
    groups = GroupScaler(by="g").fit(SMALL).set_params(scaler=MinMaxScaler())
    with pytest.raises(ValueError, match="another kind of scaler"):
        groups.partial_fit(SMALL)
    with pytest.raises(ValueError, match="different parameters: scaler="):
        GroupScaler(by="g").fit(SMALL).merge(GroupScaler(MinMaxScaler(), by="g").fit(SMALL))


# Smoothing

ANOVA = pd.DataFrame({"g": list("aaabbc"), "x": [1.0, 2, 3, 10, 12, 5]})


def test_empirical_bayes_moves_means_by_the_variance_components():
    """MSW 4/3, MSB 48.75, n0 11/6 give τ² = 25.8636364, and μ = 5.9968916."""
    groups = GroupScaler(by="g", smooth="auto").fit(ANOVA)
    means = [groups.stats_for(key).mean_[0] for key in "abc"]
    np.testing.assert_allclose(means, [2.0675228, 10.8742794, 5.0488727], atol=5e-8)
    tau, within = (48.75 - 4 / 3) / (11 / 6), 4 / 3
    assert tau == pytest.approx(25.8636364)
    shares = tau / (tau + within / np.array([3, 2, 1]))
    np.testing.assert_allclose(shares, [0.98310616, 0.9748715, 0.95097493], atol=5e-9)
    mu = shares @ [2, 11, 5] / shares.sum()
    assert mu == pytest.approx(5.9968916)
    np.testing.assert_allclose(means, shares * [2, 11, 5] + (1 - shares) * mu, rtol=1e-14)
    variance = shares * [2 / 3, 1, 0] + (1 - shares) * ANOVA["x"].var(ddof=0)
    np.testing.assert_allclose([groups.stats_for(k).var_[0] for k in "abc"], variance, rtol=1e-13)
    lone = GroupScaler(by="g", smooth="auto", min_rows=1).fit(ANOVA)
    for k, row in zip("abc", [0, 3, 5], strict=True):
        hand = groups.stats_for(k).transform(ANOVA.loc[[row], ["x"]]).item()
        assert lone.transform(ANOVA)["x"][row] == hand


def test_a_number_of_rows_is_added_to_each_group():
    groups = GroupScaler(by="g", smooth=2).fit(ANOVA)
    np.testing.assert_allclose(groups.stats_for("a").mean_, (3 * 2 + 2 * 5.5) / 5, rtol=1e-15)
    near = GroupScaler(by="g", smooth=1e12, min_rows=1).fit(ANOVA)
    np.testing.assert_allclose(
        near.transform(ANOVA)["x"], near.global_.transform(ANOVA[["x"]])[:, 0], atol=1e-9
    )
    light = GroupScaler(by="g", smooth=1.0, min_rows=0).fit(
        ANOVA, sample_weight=[1, 1, 1, 1, 1, 1e-12]
    )
    np.testing.assert_allclose(light.stats_for("c").mean_, light.global_.mean_)
    np.testing.assert_allclose(light.stats_for("c").var_, light.global_.var_)
    assert_same_bits(
        GroupScaler(by="g", smooth=0.0).fit_transform(ANOVA)["x"],
        GroupScaler(by="g").fit_transform(ANOVA)["x"],
    )


@pytest.mark.parametrize("x", [[1.0] * 6, [1.0, 1, 1, 2, 2, 3], [np.nan] * 6, [1, 2, 3, 1, 3, 2.0]])
def test_smoothing_is_defined_for_flat_and_empty_columns(x):
    for smooth in ("auto", 1.0):
        X = ANOVA.assign(x=np.asarray(x, float))
        Z = GroupScaler(by="g", smooth=smooth, min_rows=0).fit_transform(X)
        np.testing.assert_array_equal(np.isnan(Z["x"]), np.isnan(X["x"]))
        assert not np.isinf(Z["x"]).any()


def test_smoothing_survives_extreme_units():
    X = ANOVA.assign(x=ANOVA["x"])
    Z = GroupScaler(by="g", smooth="auto").fit_transform(X)
    for power in (-600, 600):
        other = X.assign(x=np.ldexp(X["x"].to_numpy(), power))
        np.testing.assert_allclose(
            GroupScaler(by="g", smooth="auto").fit_transform(other)["x"], Z["x"]
        )


def test_only_a_mean_and_a_variance_are_smoothed():
    with pytest.raises(ValueError, match=r"smooth=1.0 moves a mean and a variance, .*MinMaxScaler"):
        GroupScaler(MinMaxScaler(), by="g", smooth=1.0).fit(ANOVA)
    with pytest.raises(ValueError, match='smooth does not go with clip="range"'):
        GroupScaler(ZScoreScaler(clip="range"), by="g", smooth=1.0).fit(ANOVA)


# Pooled


def test_pooled_results_are_in_the_units_of_the_data():
    """x* = μ + σ (x − μ_g) / σ_g, as by hand."""
    groups = GroupScaler(by="device", target="pooled", min_rows=0).fit(FRAME)
    Z = groups.transform(FRAME)
    whole = ZScoreScaler().fit(FRAME[NAMES])
    for _, part in FRAME.groupby("device"):
        hand = whole.inverse_transform(ZScoreScaler().fit_transform(part[NAMES]))
        assert_same_bits(Z.loc[part.index, NAMES].to_numpy(), hand)
    large = Z[Z["device"].isin(list("abcd"))].groupby("device")[NAMES]
    np.testing.assert_allclose(large.mean() - whole.mean_, 0, atol=1e-6 * whole.scale_.max())
    pd.testing.assert_frame_equal(groups.inverse_transform(Z), FRAME, rtol=1e-9)


@pytest.mark.parametrize("policy", ["global", "passthrough"])
def test_pooled_rows_of_unknown_keys_stay_as_they_are(policy):
    groups = GroupScaler(by="g", target="pooled", handle_unknown=policy, small=policy).fit(SMALL)
    X = pd.DataFrame({"g": ["b", "new"], "x": [0.1, 0.7]})
    assert_same_bits(groups.transform(X)["x"].to_numpy(), X["x"].to_numpy())


# Errors change nothing


BAD = {
    "infinity": (lambda f: f.assign(volts=np.inf), {}, "infinity.*'volts'"),
    "text": (lambda f: f.assign(amps="x"), {}, "amps"),
    "other columns": (lambda f: f.rename(columns={"ohms": "mhos"}), {}, "ohms"),
    "no keys": (lambda f: f.drop(columns="device"), {}, "features|device"),
    "keys twice": (lambda f: f, {"groups": ["a"] * 300}, "given twice"),
    "bytes": (lambda f: f.assign(device=b"x"), {}, "bytes"),
    "missing": (lambda f: f.assign(device=None), {}, "missing_key"),
    "weights": (lambda f: f, {"sample_weight": [-1] * 300}, "Negative"),
    "wide": (
        lambda f: f.assign(volts=2**60 + np.arange(300), amps=1, ohms=1),
        {},
        r"'volts' holds 115\d+, which float64",
    ),
}


@pytest.mark.parametrize("method", ["fit", "partial_fit", "fit_transform", "transform"])
@pytest.mark.parametrize(("change", "given", "match"), BAD.values(), ids=BAD)
def test_an_error_changes_nothing(change, given, match, method):
    groups = GroupScaler(by="device").fit(FRAME)
    before = groups.__getstate__()
    if method == "transform" and "sample_weight" in given:
        return
    if method in ("fit", "fit_transform") and match in ("ohms", "features|device"):
        return  # other columns begin anew
    with pytest.raises((ValueError, TypeError), match=match):
        getattr(groups, method)(change(FRAME), **given)
    again = groups.__getstate__()
    assert before.keys() == again.keys()
    assert before["_statistic"] is not None
    assert pickle.dumps(before) == pickle.dumps(again)


WRONG = {
    "scaler": ({"scaler": 3}, "scaler"),
    "norm": ({"scaler": LayerNorm()}, "scaler"),
    "nested": ({"scaler": GroupScaler()}, "scaler"),
    "forgets": ({"scaler": BatchStatsScaler()}, "must not forget"),
    "column": ({"by": "nothing"}, "`by`='nothing'"),
    "twice": ({"by": ["device", "device"]}, "each once"),
    "no column": ({"by": []}, "`by` must name"),
    "all": ({"by": ["device", *NAMES]}, "none is left"),
    "policy": ({"handle_unknown": "ignore"}, "handle_unknown"),
    "small": ({"small": "drop"}, "small"),
    "missing": ({"missing_key": "drop"}, "missing_key"),
    "keys": ({"keys": "encode"}, "keys"),
    "target": ({"target": "mean"}, "target"),
    "smooth": ({"smooth": -1}, "smooth"),
    "rows": ({"min_rows": -1}, "min_rows"),
    "inside": ({"scaler": ZScoreScaler(ddof=7)}, "ddof"),
}


@pytest.mark.parametrize(("given", "match"), WRONG.values(), ids=WRONG)
def test_wrong_parameters_are_refused(given, match):
    with pytest.raises((ValueError, TypeError), match=match):
        GroupScaler(**{"by": "device", **given}).fit(FRAME)


class Own(ZScoreScaler):
    """A scaler that computes with X itself."""

    def _measure(self, X, weight):
        return super()._measure(X + 0.0, weight)


def test_a_scaler_that_cannot_be_measured_by_group_is_refused():
    with pytest.raises(TypeError, match="Own cannot be measured group by group"):
        GroupScaler(Own(), by="device").fit(FRAME)


class Mine(ZScoreScaler):
    """A scaler of a user's own that measures by a statistic."""

    def _measure(self, X, weight):
        return super()._measure(X, weight)


def test_scalers_of_a_users_own_work_in_groups():
    assert_same_bits(
        GroupScaler(Mine(), by="device").fit_transform(FRAME)[NAMES].to_numpy(),
        GroupScaler(by="device").fit_transform(FRAME)[NAMES].to_numpy(),
    )


def test_sparse_data_are_refused():
    from scipy import sparse

    with pytest.raises(TypeError, match="toarray"):
        GroupScaler().fit(sparse.csr_array(np.eye(3)), groups=[1, 1, 2])


def test_no_rows_are_transformed_to_no_rows():
    groups = GroupScaler(by="device").fit(FRAME)
    pd.testing.assert_frame_equal(groups.transform(FRAME[:0]), FRAME[:0])
    assert GroupScaler().fit(FRAME[NAMES]).transform(FRAME[NAMES][:0]).shape == (0, 3)


def test_columns_are_independent_and_rows_come_in_any_order():
    """The laws of permutations, for columns and for rows."""
    groups = GroupScaler(by="device").fit(FRAME)
    Z = groups.transform(FRAME)
    turned = FRAME[["ohms", "device", "volts", "amps"]]
    pd.testing.assert_frame_equal(
        GroupScaler(by="device").fit_transform(turned), Z[turned.columns], check_exact=True
    )
    order = np.random.default_rng(3).permutation(len(FRAME))
    shuffled = GroupScaler(by="device").fit(FRAME.iloc[order])
    pd.testing.assert_frame_equal(shuffled.transform(FRAME), Z, check_exact=True)
    wider = FRAME.assign(volts=np.ldexp(FRAME["volts"].to_numpy(), 40))
    pd.testing.assert_frame_equal(
        GroupScaler(by="device").fit_transform(wider), Z, check_exact=True
    )


def test_integer_weights_are_repetitions_and_zero_is_absence():
    weight = np.random.default_rng(4).integers(0, 4, len(FRAME))
    weighed = GroupScaler(by="device").fit(FRAME, sample_weight=weight)
    repeated = GroupScaler(by="device").fit(FRAME.iloc[np.repeat(np.arange(300), weight)])
    assert weighed.groups_.tolist() == repeated.groups_.tolist()
    assert weighed.counts_.tolist() == repeated.counts_.tolist()
    here = FRAME[FRAME["device"].isin(weighed.groups_)]
    pd.testing.assert_frame_equal(weighed.transform(here), repeated.transform(here), rtol=1e-13)
    bad = FRAME.assign(volts=np.where(weight == 0, np.inf, FRAME["volts"]))
    bad["device"] = np.where(weight == 0, None, bad["device"])
    assert_same_state(GroupScaler(by="device").fit(bad, sample_weight=weight), weighed)


def test_a_table_may_be_overwritten():
    X, keys = FRAME[NAMES].to_numpy(copy=True), FRAME["device"]
    before = X.copy()
    expected = GroupScaler().fit(X, groups=keys).transform(X, groups=keys)
    assert_same_bits(X, before)
    scaler = GroupScaler(ZScoreScaler(copy=False)).fit(X, groups=keys)
    Z = scaler.transform(X, groups=keys)
    assert_same_bits(Z, expected)
    assert np.shares_memory(Z, X)


# Files, copies, graphs


@each_scaler
@pytest.mark.parametrize("kind", ["text", "numbers", "several"])
def test_files_and_copies_bring_everything_back(scaler, kind):
    frame = FRAME.assign(site=np.arange(300) % 3, when=pd.Timestamp("2026-01-01", tz="UTC"))
    by = {"text": "device", "numbers": "site", "several": ["device", "site", "when"]}[kind]
    frame = frame.drop(columns=[c for c in ("device", "site", "when") if c != by and c not in by])
    groups = GroupScaler(clone(scaler), by=by).fit(frame)
    for again in (
        pickle.loads(pickle.dumps(groups)),
        copy.deepcopy(groups),
        sklearn_norm.from_dict(sklearn_norm.to_dict(groups)),
    ):
        assert sklearn_norm.equal(groups, again)
        pd.testing.assert_frame_equal(again.transform(frame), groups.transform(frame))
        again.partial_fit(frame[:20])
    assert sklearn_norm.equal(again, groups.partial_fit(frame[:20]))


def test_a_document_with_other_groups_is_refused():
    document = sklearn_norm.to_dict(GroupScaler(by="g").fit(SMALL))
    text = document["estimator"]["state"]["statistic"]["keys"]["values"][0]["text"]
    text["strings"] = ["b", "a"]
    with pytest.raises(
        sklearn_norm.exceptions.FormatError, match=r"statistic\.keys.* rising order"
    ):
        sklearn_norm.from_dict(signed(document))


def test_a_graph_has_no_keys():
    """The error says why, and what to convert instead."""
    pytest.importorskip("skl2onnx")
    with pytest.raises(ValueError, match="without keys"):
        GroupScaler(by="g").fit(SMALL).onnx_converter()


def test_a_scaler_of_all_rows_becomes_a_graph():
    convert = pytest.importorskip("skl2onnx")
    runtime = pytest.importorskip("onnxruntime")
    X = FRAME[NAMES].to_numpy()
    groups = GroupScaler(MinMaxScaler()).fit(X)
    kind = convert.common.data_types.DoubleTensorType([None, 3])
    model = convert.to_onnx(groups, initial_types=[("X", kind)])
    found = runtime.InferenceSession(model.SerializeToString()).run(None, {"X": X})[0]
    np.testing.assert_array_equal(found, groups.transform(X))


# Size


def test_a_million_groups_take_few_bytes():
    """At most 250 bytes of state per group and column."""
    n = 100_000
    X = np.random.default_rng(0).normal(size=(2 * n, 1))
    groups = GroupScaler().fit(X, groups=np.tile(np.arange(n), 2))
    assert len(pickle.dumps(groups)) < 250 * n
    parts = [groups._fitted.statistic.parts.matrix, groups._fitted.plan, groups._fitted.map.center]
    assert sum(p.nbytes for p in parts) < 250 * n
