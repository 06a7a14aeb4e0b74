"""Every public estimator in the configurations that tests, checks and golden files share."""

from laws import CLASSES, COMPOSITES

import sklearn_norm
from sklearn_norm import MinMaxScaler, PooledScaler, RobustScaler, ZScoreScaler

# Beside the defaults, which every public estimator gets; an estimator without an entry
# here is still checked.
MORE = {
    "MinMaxScaler": [
        {"clip": True},
        {"feature_range": (-1.5, 1.2)},
        {"data_range": (-10.0, 10.0)},
    ],
    "MaxAbsScaler": [{"clip": True}],
    "StandardScaler": [],
    "ZScoreScaler": [
        {"with_mean": False},
        {"with_std": False},
        {"with_mean": False, "with_std": False},
        {"ddof": 1},
        {"clip": "range"},
    ],
    "RobustScaler": [
        {"with_centering": False},
        {"with_scaling": False},
        {"quantile_range": (10.0, 90.0), "unit_variance": True},
        {"rank_error": 0.1},
        {"clip": (-1.0, 1.0)},
    ],
    "DecimalScaler": [],
    "LogScaler": [
        {"kind": "signed_log1p", "unit": "median"},
        {"kind": "asinh", "base": 10, "standardize": False},
        {"kind": "log", "nonpositive": "clip", "floor": 0.01, "clip": "range"},
        {"kind": "logit", "nonpositive": "clip", "floor": 0.01, "bounds": (-400.0, 400.0)},
    ],
    "SquashScaler": [{"bound": 0.5}],
    "PowerScaler": [
        {"unit": 2.0, "lambdas": 1.0},
        {"lambdas": 1.0, "unit": 1.0, "standardize": False},
    ],
    "QuantileScaler": [{"output": "normal"}, {"n_quantiles": 5}],
    "GroupScaler": [{"smooth": 2.0}, {"target": "pooled"}, {"min_rows": 0, "missing_key": "group"}],
    "LayerNorm": [{"gamma": 2.0, "beta": -1.0}, {"normalized_ndim": 1, "eps": 0.0}],
    "RMSNorm": [{"gamma": 2.0, "beta": -1.0}, {"axis": (-1,), "gamma": 1.0, "unit_offset": True}],
    "InstanceNorm": [{"gamma": 2.0, "beta": -1.0}, {"channel_axis": -1}],
    "GroupNorm": [{"gamma": 2.0}, {"num_groups": 1, "channel_axis": -1}],
    "AdaNorm": [{"C": 2.0, "k": 0.05, "axis": 1}],
    "BatchNorm": [
        {"momentum": None},
        {"bias_correction": False, "variance": "within", "ddof": 1},
        {"gamma": 2.0, "beta": -1.0, "channel_axis": -1},
    ],
    "BatchStatsScaler": [
        {"momentum": None},
        {"momentum": 1.0, "variance": "within", "ddof": 1},
        {"bias_correction": False},
        {"gamma": 2.0, "beta": -1.0, "eps": 0.0},
        {"momentum": None, "clip": "range"},
    ],
}

FIRST = {"LogScaler": {"kind": "asinh"}}  # where the defaults take no data of any sign


def composed():
    """Return the parameters of estimators that are made of others, by their names."""
    first, rest = [0], slice(1, None)
    return {
        "ColumnScaler": [
            {"scalers": [("all", ZScoreScaler(), slice(None))]},
            {
                "scalers": [("first", MinMaxScaler(clip=True), first)],
                "remainder": RobustScaler(),
            },
            {
                "scalers": [
                    ("first", ZScoreScaler(with_mean=False), first),
                    ("pooled", PooledScaler(MinMaxScaler(feature_range=(-1, 1))), rest),
                ]
            },
        ],
        "PooledScaler": [{"scaler": ZScoreScaler()}, {"scaler": RobustScaler(clip=(-1.0, 1.0))}],
    }


def public_estimators():
    """Return every public estimator in all its configurations.

    copy=False is not among them: check_methods_sample_order_invariance reads its X again
    after a transform that overwrote it (scikit-learn's own scalers fail it as well).
    check_inplace_ensure_writeable, below, sets it.
    """
    found = []
    for name in CLASSES:
        if name == "StreamingPipeline":  # a Pipeline of scikit-learn: tests/compose
            continue
        kind = getattr(sklearn_norm, name)
        plain = [FIRST.get(name, {}), *MORE.get(name, [])]
        found += [kind(**given) for given in (composed()[name] if name in COMPOSITES else plain)]
    return found
