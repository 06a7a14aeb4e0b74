"""MaxAbsScaler, worked out by hand, and StandardScaler, a name."""

import numpy as np
import pytest
from laws import assert_same_bits, read_scaler
from scipy import sparse
from sklearn import preprocessing
from sklearn.pipeline import make_pipeline

import sklearn_norm
from sklearn_norm import MaxAbsScaler, StandardScaler, ZScoreScaler

X = np.array([[1.0, -8.0, 0.0], [np.nan, 2.0, 0.0], [-4.0, 0.0, 0.0]])


def test_the_largest_absolute_value_by_hand():
    scaler = MaxAbsScaler().fit(X)
    assert scaler.max_abs_.tolist() == [4, 8, 0]
    assert scaler.scale_.tolist() == [4, 8, 1]
    assert scaler.n_samples_seen_.tolist() == [2, 3, 3]
    expected = [[0.25, -1, 0], [np.nan, 0.25, 0], [-1, 0, 0]]
    np.testing.assert_array_equal(scaler.transform(X), expected)
    np.testing.assert_array_equal(scaler.inverse_transform(expected), X)


def test_clip_holds_new_rows_inside():
    scaler = MaxAbsScaler(clip=True).fit(X)
    assert scaler.transform([[9.0, -16.0, 0.5], [2.0, 4.0, -3.0]]).tolist() == [
        [1, -1, 0.5],
        [0.5, 0.5, -1],
    ]
    assert MaxAbsScaler().fit(X).transform([[8.0, -16.0, 0.5]]).tolist() == [[2, -2, 0.5]]


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_array])
def test_sparse_data_give_the_bits_of_dense_data(form):
    dense = MaxAbsScaler().fit(X)
    scaler = MaxAbsScaler().fit(form(X))
    assert_same_bits(read_scaler(scaler), read_scaler(dense))
    Z = scaler.transform(form(X))
    assert Z.format == form(X).format
    assert_same_bits(Z.toarray(), dense.transform(X) + 0.0)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i1", "u1"])
def test_rows_of_the_fit_lie_in_the_range_and_reach_it(dtype):
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(500, 7)) * 100).astype(dtype)
    Z = np.abs(MaxAbsScaler().fit_transform(data).astype(float))
    assert (Z.max(axis=0) == 1).all()


def test_hard_columns_are_divided_by_their_maximum(hard_matrix):
    """Tiny maxima too, which scikit-learn leaves undivided."""
    Z = MaxAbsScaler().fit_transform(hard_matrix)
    peak = np.nanmax(np.abs(np.nan_to_num(hard_matrix)), axis=0)
    peak = np.where(peak == 0, 1.0, peak)
    np.testing.assert_array_equal(Z, np.where(np.isnan(hard_matrix), np.nan, hard_matrix / peak))


def test_the_results_of_scikit_learn():
    theirs = preprocessing.MaxAbsScaler().fit(X)
    ours = MaxAbsScaler.from_sklearn(theirs)
    assert_same_bits(ours.transform(X), theirs.transform(X))
    tiny = preprocessing.MaxAbsScaler().fit([[1e-17], [2e-17]])
    assert MaxAbsScaler.from_sklearn(tiny).transform([[2e-17]]).tolist() == [[2e-17]]


def test_a_scikit_learn_without_clip_is_told(monkeypatch):
    class Older(preprocessing.MaxAbsScaler):
        def __init__(self, *, copy=True):
            self.copy = copy

    monkeypatch.setattr(preprocessing, "MaxAbsScaler", Older)
    assert type(MaxAbsScaler().fit(X).to_sklearn()) is Older
    older = Older()
    vars(older).update(vars(MaxAbsScaler().fit(X).to_sklearn()))
    assert MaxAbsScaler.from_sklearn(older).clip is False
    with pytest.raises(ValueError, match="of this scikit-learn has no parameter 'clip'"):
        MaxAbsScaler(clip=True).fit(X).to_sklearn()


# StandardScaler


def test_one_import_line_changes():
    """The README's promise: the name of the step, the path of a parameter, the class name."""
    pipeline = make_pipeline(StandardScaler()).fit(X)
    assert [name for name, _ in pipeline.steps] == ["standardscaler"]
    assert "standardscaler__with_mean" in pipeline.get_params()
    assert type(pipeline[0]).__name__ == "StandardScaler"
    assert repr(StandardScaler(with_std=False)) == "StandardScaler(with_std=False)"
    for name in ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"):
        ours, theirs = getattr(sklearn_norm, name)(), getattr(preprocessing, name)()
        assert theirs.get_params().items() <= ours.get_params().items()


def test_a_standard_scaler_is_a_z_score_scaler():
    data = np.random.default_rng(0).normal(size=(50, 3))
    ours, other = StandardScaler().fit(data), ZScoreScaler().fit(data)
    assert isinstance(ours, ZScoreScaler)
    assert_same_bits(ours.transform(data), other.transform(data))
    assert type(ours.to_sklearn()) is preprocessing.StandardScaler
    assert type(StandardScaler.from_sklearn(ours.to_sklearn())) is StandardScaler
    assert type(ours.merge(ours)) is StandardScaler
    assert "StandardScaler.from_sklearn(theirs)" in StandardScaler.from_sklearn.__doc__
    twin = sklearn_norm.from_dict(sklearn_norm.to_dict(ours))
    assert type(twin) is StandardScaler
    assert_same_bits(twin.transform(data), other.transform(data))


def test_both_names_are_trusted_and_saved():
    assert {"sklearn_norm.StandardScaler", "sklearn_norm.ZScoreScaler"} <= {
        *sklearn_norm.TRUSTED_TYPES
    }
