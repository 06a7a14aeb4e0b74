"""scikit-learn's own estimator checks, and those it never runs for transformers."""

from __future__ import annotations

import os

# The Array API checks skip themselves without it; a conftest may have set it already.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import pytest
from configurations import MORE, public_estimators
from inside import TensorInput, TensorNorm
from laws import CLASSES
from sklearn.base import clone
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import has_fit_parameter

# What scikit-learn leaves out for transformers. All names exist from 1.6 to 1.9; a tuple
# would list the names of one check in several versions, newest first.
LEFT_OUT = [
    ("check_set_output_transform",),
    ("check_set_output_transform_pandas",),
    ("check_set_output_transform_polars",),
    # 1.6 to 1.9 say "output" for pandas and "set_output" for polars; should a later
    # version make them alike, the other spelling is found too
    ("check_global_set_output_transform_pandas", "check_global_output_transform_pandas"),
    ("check_global_set_output_transform_polars", "check_global_output_transform_polars"),
    ("check_transformer_get_feature_names_out",),
    ("check_transformer_get_feature_names_out_pandas",),
    ("check_get_feature_names_out_error",),
    ("check_dataframe_column_names_consistency",),
    ("check_param_validation",),
    ("check_inplace_ensure_writeable",),
    ("check_estimators_partial_fit_n_features",),
    ("check_transformer_preserve_dtypes", "check_transformers_preserve_dtypes"),
    ("check_estimators_overwrite_params",),
    ("check_n_features_in_after_fitting",),
    ("check_sample_weights_pandas_series",),
    ("check_sample_weights_list",),
    ("check_sample_weights_not_overwritten",),
    ("check_readonly_memmap_input",),
    ("check_f_contiguous_array_estimator",),
]


@pytest.mark.share(0.25, each_value=False)
@parametrize_with_checks(public_estimators())
def test_sklearn_checks(estimator, check):
    """Every check of scikit-learn passes, in every configuration.

    One cannot: with SCIPY_ARRAY_API=1, check_array_api_input of 1.9 inverts a result
    without the statistics, which the norms of single samples must refuse to do.
    """
    if isinstance(estimator, TensorNorm) and check.func.__name__ == "check_array_api_input":
        with pytest.raises(ValueError, match="normalises each sample by its own statistics"):
            check(estimator)
    else:
        check(estimator)


# The set_output checks fit on a frame and transform an array, and the other way round, of
# which scikit-learn warns.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize("names", LEFT_OUT, ids=lambda names: names[0])
@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
def test_checks_left_out(estimator, names):
    """The checks that scikit-learn never runs for transformers pass too."""
    if "sample_weight" in names[0] and not has_fit_parameter(estimator, "sample_weight"):
        return  # nothing is learned, so nothing is weighed
    found = [getattr(estimator_checks, n) for n in names if hasattr(estimator_checks, n)]
    assert found, f"scikit-learn renamed {names}"
    found[0](type(estimator).__name__, clone(estimator))


def test_every_configured_estimator_is_public():
    """The table of configurations names public estimators only."""
    assert set(MORE) <= set(CLASSES)


def parts_of(estimator):
    """Return the estimators that an estimator is made of, itself if it is made of none."""
    inside = [e for e in estimator.get_params().values() if hasattr(e, "transform")]
    return [part for one in inside for part in parts_of(one)] or [estimator]


def moves_zeros_of(estimator):
    return {
        "StandardScaler": getattr(estimator, "with_mean", False),
        "ZScoreScaler": getattr(estimator, "with_mean", False),
        "RobustScaler": getattr(estimator, "with_centering", False),
        "BatchStatsScaler": True,
        "LogScaler": getattr(estimator, "standardize", False),
        "PowerScaler": True,
        "QuantileScaler": getattr(estimator, "output", "uniform") == "normal",
        "SquashScaler": True,
        "GroupScaler": True,  # it takes dense data only
    }.get(type(estimator).__name__, isinstance(estimator, TensorInput))


@pytest.mark.parametrize("estimator", public_estimators(), ids=repr)
def test_tags(estimator):
    """Tags say that NaN is allowed, which dtypes are kept, and where sparse data are taken."""
    tags = estimator.__sklearn_tags__()
    moves_zeros = any(map(moves_zeros_of, parts_of(estimator)))

    assert tags.input_tags.allow_nan
    assert tags.input_tags.sparse == (not moves_zeros)
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32", "float16"]
    assert not tags.target_tags.required
    assert not tags.no_validation
