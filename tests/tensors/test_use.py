"""Norms in frames, files, threads and pipelines."""

from __future__ import annotations

import io
import pickle
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from laws import assert_same_bits
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tensor_cases import (
    SAMPLE,
    every_case,
    gain_and_bias,
    one_case_each,
    run,
    tensor,
)

import sklearn_norm
from sklearn_norm import InstanceNorm, LayerNorm, RMSNorm


@one_case_each
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_frames_keep_names_and_index(case, container):
    """Under set_output, there and back, with stats and masks; float32 stays so."""
    X = tensor(3, dtype=np.float32).reshape(3, -1)
    names = [f"e{i}" for i in range(72)]
    frame = pd.DataFrame(X, columns=names, index=["p", "q", "r"])
    data = frame if container == "pandas" else pl.DataFrame(X, schema=names)
    norm = case(SAMPLE).set_output(transform=container).fit(data)
    assert norm.feature_names_in_.tolist() == names
    assert norm.get_feature_names_out().tolist() == names
    mask = np.arange(72) % 6 != 1
    expected, stats = case(SAMPLE).transform(X, return_stats=True, mask=mask)
    Z, found = norm.transform(data, return_stats=True, mask=mask)
    assert_same_bits(found, stats)
    back = norm.inverse_transform(Z, stats=stats)
    plain = case(SAMPLE).inverse_transform(expected, stats=stats)
    if container == "pandas":
        pd.testing.assert_frame_equal(Z, pd.DataFrame(expected, frame.index, names))
        pd.testing.assert_frame_equal(back, pd.DataFrame(plain, frame.index, names))
    else:
        for out, values in ((Z, expected), (back, plain)):
            assert isinstance(out, pl.DataFrame)
            assert out.columns == names
            assert_same_bits(out.to_numpy(), values)
    assert_same_bits(norm.inverse_transform(expected, stats=stats), plain)  # an array stays one
    assert isinstance(case(SAMPLE).fit(data).transform(data), np.ndarray)
    with pytest.raises(ValueError, match="feature names should match"):
        norm.transform(data[names[::-1]])
    assert not hasattr(norm.fit(X.reshape(3, *SAMPLE)), "feature_names_in_")


def test_a_forecast_may_be_a_frame_of_other_columns():
    """A longer forecast has its own names, whether or not set_output asked for frames."""
    past = pd.DataFrame({"mon": [1.0, 10.0], "tue": [3.0, 50.0]}, index=["a", "b"])
    norm = InstanceNorm(eps=0.0).set_output(transform="pandas").fit(past)
    Z, stats = norm.transform(past, return_stats=True)
    assert Z.columns.tolist() == ["mon", "tue"]
    forecast = pd.DataFrame([[0.0, 1.0, -1.0]] * 2, columns=["wed", "thu", "fri"], index=["a", "b"])
    expected = pd.DataFrame(
        [[2.0, 3.0, 1.0], [30.0, 50.0, 10.0]], columns=forecast.columns, index=forecast.index
    )
    unasked = InstanceNorm(eps=0.0).fit(past)
    pd.testing.assert_frame_equal(unasked.inverse_transform(forecast, stats=stats), expected)
    pd.testing.assert_frame_equal(norm.inverse_transform(forecast, stats=stats), expected)
    back = norm.inverse_transform(forecast.to_numpy(), stats=stats)
    assert_same_bits(back, expected.to_numpy())


@every_case
def test_a_norm_survives_copies_under_its_public_name(case, tmp_path):
    """clone, pickle and joblib; a pickle names the public class and nothing else of ours."""
    X = tensor()
    norm = case(SAMPLE, **gain_and_bias(case)).fit(X.reshape(5, -1))
    expected = run(norm, X)
    joblib.dump(norm, tmp_path / "norm.joblib")
    looked_up = []

    class Recorder(pickle.Unpickler):
        def find_class(self, module, name):
            looked_up.append((module, name))
            return super().find_class(module, name)

    twins = [
        clone(norm),
        Recorder(io.BytesIO(pickle.dumps(norm))).load(),
        joblib.load(tmp_path / "norm.joblib"),
        joblib.load(tmp_path / "norm.joblib", mmap_mode="r"),
    ]
    for twin in twins:
        assert type(twin) is case.kind
        assert_same_bits(run(twin, X), expected)
    assert not hasattr(twins[0], "shape_")
    assert twins[1].shape_ == SAMPLE
    ours = {found for found in looked_up if found[0].startswith("sklearn_norm")}
    assert ours == {("sklearn_norm", case.kind.__name__)}
    assert getattr(sklearn_norm, case.kind.__name__) is case.kind


@one_case_each
def test_many_threads_share_one_norm(case):
    """The same bits from each, and no trace in the norm."""
    norm = case()
    data = [tensor(40, (4, 3, n), seed=n) for n in (50, 51, 200, 300)]
    expected = [run(norm, X) for X in data]
    state, barrier = joblib.hash(vars(norm)), Barrier(8)

    def work(i):
        barrier.wait(30)
        found = [run(norm, data[i % 4]) for _ in range(5)]
        return [(f, norm.inverse_transform(f["Z"], stats=f["stats"])) for f in found]

    with ThreadPoolExecutor(8) as pool:
        for i, results in enumerate(pool.map(work, range(8))):
            back = norm.inverse_transform(expected[i % 4]["Z"], stats=expected[i % 4]["stats"])
            for found, restored in results:
                assert_same_bits(found, expected[i % 4])
                assert_same_bits(restored, back)
    assert joblib.hash(vars(norm)) == state


@pytest.mark.full
def test_digits_under_any_light_are_read_as_well():
    """Brightness and contrast of an image do not reach a classifier behind an InstanceNorm."""
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    contrast, brightness = rng.uniform(0.05, 5, (len(X), 1)), rng.uniform(-200, 200, (len(X), 1))
    disturbed = contrast * X + brightness
    train, test = slice(0, 1200), slice(1200, None)
    norm = InstanceNorm(shape=(1, 8, 8), eps=0.0)
    model = make_pipeline(norm, LogisticRegression(max_iter=300)).fit(X[train], y[train])
    assert model.score(X[test], y[test]) > 0.9
    np.testing.assert_array_equal(model.predict(disturbed[test]), model.predict(X[test]))
    raw = LogisticRegression(max_iter=300).fit(X[train], y[train])
    assert raw.score(X[test], y[test]) > 0.9
    assert raw.score(disturbed[test], y[test]) < 0.7
    images = make_pipeline(InstanceNorm(eps=0.0)).fit_transform(X.reshape(-1, 1, 8, 8))
    assert_same_bits(images.reshape(len(X), -1), model[0].transform(X))


@pytest.mark.parametrize("kind", [LayerNorm, RMSNorm])
def test_a_column_transformer_norms_a_block_of_embeddings(kind):
    """The block is normed row by row; other columns and the index pass."""
    block = tensor(6, (8,))
    names = [f"e{i}" for i in range(8)]
    frame = pd.DataFrame(block, columns=names, index=list("uvwxyz"))
    frame.insert(3, "age", np.arange(6.0) * 10)
    transformer = ColumnTransformer(
        [("norm", kind(), names)], remainder="passthrough", verbose_feature_names_out=False
    ).set_output(transform="pandas")
    out = transformer.fit(frame[:4]).transform(frame)
    assert out.columns.tolist() == [*names, "age"]
    pd.testing.assert_series_equal(out["age"], frame["age"])
    assert_same_bits(out[names].to_numpy(), kind().transform(block))
    assert out.index.tolist() == list("uvwxyz")
