"""QuantileScaler against scikit-learn's QuantileTransformer: time, and the error of the ranks.

python tests/benchmarks/ranks.py            # the errors, against the exact ranks of all data
python tests/benchmarks/run.py --only Quant # the times
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from bars import Bar
from case import COPY, NATIVE, NO_SLOWER, OURS, SKLEARN, Actions, Case, Work
from scipy import stats
from sklearn.preprocessing import QuantileTransformer
from tables import Table, array

from sklearn_norm import QuantileScaler

TALL = (1_000_000, 20)


def rank_cases(small: bool, n_threads: int) -> Iterator[Case]:
    """Return the cases of a fit and a transform together, and of each alone."""
    table = Table((10_000, 3) if small else TALL)
    bars = (Bar(3, SKLEARN, 1 / 5 if NATIVE else NO_SLOWER),)
    for output in ("uniform", "normal"):
        work = partial(both, output, table)
        told = bars if output == "uniform" else ()
        yield Case(f"QuantileScaler.fit_transform, {output}", table, n_threads, work, told)
    yield Case("QuantileScaler.fit", table, n_threads, partial(fit, table))
    for act in ("transform", "inverse_transform"):
        yield Case(f"QuantileScaler.{act}", table, n_threads, partial(apply, act, table))


def pair(output: str = "uniform") -> tuple[QuantileScaler, QuantileTransformer]:
    return QuantileScaler(output), QuantileTransformer(output_distribution=output, random_state=0)


def both(output: str, table: Table) -> Work:
    X, (mine, other) = array(table), pair(output)
    actions: Actions = {
        COPY: X.copy,
        OURS: partial(mine.fit_transform, X),
        SKLEARN: partial(other.fit_transform, X),
    }
    return Work(actions, before=X.sum)


def fit(table: Table) -> Work:
    X, (mine, other) = array(table), pair()
    actions: Actions = {
        COPY: X.copy,
        OURS: partial(mine.fit, X),
        SKLEARN: partial(other.fit, X),
    }
    return Work(actions, before=X.sum)


def apply(act: str, table: Table) -> Work:
    X, scalers = array(table), pair()
    actions: Actions = {COPY: X.copy}
    for name, scaler in zip((OURS, SKLEARN), scalers, strict=True):
        actions[name] = partial(getattr(scaler.fit(X), act), X)
    return Work(actions, before=X.sum)


def errors(n_rows: int) -> Iterator[tuple[str, float, float]]:
    """Yield the largest error of the rank of any value, for some distributions."""
    rng = np.random.default_rng(0)
    kinds = {
        "normal": rng.normal(size=n_rows),
        "lognormal(0, 3)": rng.lognormal(0, 3, n_rows),
        "Cauchy": rng.standard_cauchy(n_rows),
        "uniform": rng.random(n_rows),
        "poisson(3)": rng.poisson(3, n_rows).astype(float),
    }
    for name, x in kinds.items():
        exact = (stats.rankdata(x, "average") - 1) / (n_rows - 1)
        exact = np.where(x == x.min(), 0.0, np.where(x == x.max(), 1.0, exact))
        found = (scaler.fit_transform(x[:, None])[:, 0] for scaler in pair())
        yield name, *(float(np.abs(z - exact).max()) for z in found)


def main() -> None:
    print(f"{'of 1e6 values':20s}{OURS:>14s}{SKLEARN:>14s}")
    for name, mine, other in errors(TALL[0]):
        print(f"{name:20s}{mine:14.2e}{other:14.2e}")


if __name__ == "__main__":
    main()
