"""A table of ages with known bounds and of incomes over five powers of ten: scale, predict, undo.

Needs numpy, scipy, scikit-learn and pandas; downloads nothing.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from sklearn_norm import LogScaler, MinMaxScaler

AGES = MinMaxScaler.from_stats(data_min=20, data_max=70, feature_names=["age"])  # (age - 20) / 50
INCOMES = LogScaler.from_stats(center=10, scale=3, feature_names=["income"])  # (ln x - 10) / 3
ROWS = 2000


def table() -> tuple[pd.DataFrame, np.ndarray]:
    """Return people, and a score that depends on age and on the logarithm of the income."""
    rng = np.random.default_rng(0)
    age = rng.uniform(20, 70, ROWS).round()
    income = np.exp(rng.normal(10, 2, ROWS)).round(2)
    score = 4 * np.sin(age / 10) + np.log(income) + rng.normal(0, 0.3, ROWS)
    return pd.DataFrame({"age": age, "income": income}), score


def scaling() -> ColumnTransformer:
    """Return both scalers, each for its column. Frozen, they keep what is known in a fit."""
    return ColumnTransformer(
        [
            ("ages", FrozenEstimator(AGES), ["age"]),
            ("incomes", FrozenEstimator(INCOMES), ["income"]),
        ],
        verbose_feature_names_out=False,
    ).set_output(transform="pandas")


def by_known_statistics() -> None:
    print("1. Known statistics: (age - 20) / 50 and (ln income - 10) / 3")
    people = pd.DataFrame({"age": [20.0, 45.0, 70.0], "income": np.exp([10.0, 4.0, 13.0])})
    scaled = scaling().fit_transform(people)
    print(f"   {'age':>6}{'income':>12}{'scaled':>8}{'scaled':>8}")
    for row, z in zip(people.to_numpy(), scaled.to_numpy(), strict=True):
        print(f"   {row[0]:>6.0f}{row[1]:>12.2f}{z[0]:>8.2f}{z[1]:>8.2f}")
    back = AGES.inverse_transform(scaled[["age"]])
    back["income"] = INCOMES.inverse_transform(scaled[["income"]])
    print(f"   undone within 1e-12: {np.allclose(back, people, rtol=1e-12, atol=0)}")


def prediction() -> None:
    print("2. Nearest neighbours, five-fold cross-validation, r2")
    people, score = table()
    model = KNeighborsRegressor(15)
    raw = cross_val_score(model, people, score).mean()
    scaled = cross_val_score(make_pipeline(scaling(), model), people, score).mean()
    print(f"   raw {raw:.3f}, scaled {scaled:.3f}")


def means() -> None:
    print("3. A model that predicts the scaled income with a standard deviation")
    median = INCOMES.inverse_transform([[0.5]]).item()
    mean = INCOMES.inverse_transform_mean([[0.5]], [[0.2]]).item()
    print(f"   0.5 with 0.2: the median is {median:.0f}, the mean {mean:.0f}")


if __name__ == "__main__":
    by_known_statistics()
    prediction()
    means()
