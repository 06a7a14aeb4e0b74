"""ColumnScaler: different scalers for different columns, and back."""

from __future__ import annotations

from collections import Counter
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone
from sklearn.utils import Bunch

from .._sklearn import HasMethods, StrOptions
from ..estimators.fitted import MOST_FEATURES
from ..inputs.mixed import Mixed
from .composite import Composite
from .naming import check_names, check_part, swapped
from .parts import Part
from .selection import chosen, without_overlap

REMAINDER = "remainder"
PASSTHROUGH = "passthrough"


class ColumnScaler(Composite):
    """Scale different columns by different scalers; the others stay as they are.

    The result has the columns of the table in their order, with their names and index. Columns that
    no scaler takes may hold anything, such as text, dates and categories.

    Parameters
    ----------
    scalers : list of (name, scaler, columns)
        Which scaler scales which columns. The name is for `set_params` and messages; the scaler is
        an estimator of this library that has an inverse, also another composite; the columns are
        names, positions, a boolean mask, a slice (of names, the last included), a function that
        returns one of these for X, such as `sklearn.compose.make_column_selector`, or a selector
        of polars or skrub. There may be none. The first batch decides which columns they are.
    remainder : {"passthrough"} or estimator, default="passthrough"
        What happens to columns that no scaler takes: they stay as they are, or are scaled too.
    exclude : columns, default=None
        Columns that stay as they are even if a scaler or the remainder selects them, in any of the
        forms of `columns`.

    Attributes
    ----------
    scalers_ : list of (name, scaler, columns)
        The fitted scalers, as copies, and the names or positions of their columns. One without
        columns is not fitted. A scaler of the remainder is the last, as "remainder".
    named_scalers_ : Bunch
        The fitted scalers by name, as copies.
    columns_ : dict
        The names or positions of the columns of each scaler.
    n_features_in_ : int
        The number of columns.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    make_column_scaler : Makes the names.
    PooledScaler : One scale for columns that belong together.
    sklearn.compose.ColumnTransformer : For encoders and selection; it has no inverse.

    Notes
    -----
    Each result is the same, bit for bit, as that of the scaler applied to its columns alone. If all
    of them are affine maps, which most are, X is mapped in one pass.

    A frame gives a frame of its kind, an array an array. After a fit to a frame, the columns of
    arrays are matched by position. In the results of `transform`, floats keep their dtype and
    scaled integers are float64; `inverse_transform` gives integers back where all values are whole.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_norm import ColumnScaler, MinMaxScaler, ZScoreScaler
    >>> table = pd.DataFrame({"range": [5.0, 80.0], "id": ["a", "b"], "pixel": [51.0, 255.0]})
    >>> scaler = ColumnScaler(
    ...     [
    ...         ("lidar", MinMaxScaler(), ["range"]),
    ...         ("camera", MinMaxScaler(data_range=(0, 255)), ["pixel"]),
    ...     ]
    ... )
    >>> scaled = scaler.fit_transform(table)
    >>> scaled
       range id  pixel
    0    0.0  a    0.2
    1    1.0  b    1.0
    >>> scaler.inverse_transform(scaled).equals(table)
    True
    >>> scaler.inverse_transform(scaled[["pixel"]])
       pixel
    0   51.0
    1  255.0
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "scalers": [list, tuple],
        "remainder": [StrOptions({PASSTHROUGH}), HasMethods("partial_fit")],
        "exclude": "no_validation",
    }

    def __init__(self, scalers: Any, *, remainder: Any = PASSTHROUGH, exclude: Any = None) -> None:
        self.scalers = scalers
        self.remainder = remainder
        self.exclude = exclude

    def _validate_params(self) -> None:
        super()._validate_params()
        for entry in self.scalers:
            if not isinstance(entry, (list, tuple)) or len(entry) != 3:
                raise ValueError(
                    f"`scalers` must hold tuples (name, scaler, columns). Got {entry!r:.80}."
                )
            check_part(entry[1], f"the scaler {entry[0]!r}")
        check_names([entry[0] for entry in self.scalers], type(self))
        size = getattr(self.exclude, "size", 0)
        if isinstance(size, int) and size > MOST_FEATURES:
            raise ValueError(f"`exclude` has {size} entries, more than a table has columns.")
        if not isinstance(self.remainder, str):
            check_part(self.remainder, "`remainder`")

    def _named_parts(self) -> list[tuple[str, Any]]:
        told = self.scalers if isinstance(self.scalers, (list, tuple)) else ()
        entries = (e for e in told if isinstance(e, (list, tuple)) and len(e) == 3)
        named = [(name, scaler) for name, scaler, _ in entries]  # others are refused by a fit
        return named if isinstance(self.remainder, str) else [*named, (REMAINDER, self.remainder)]

    def _first(self, mixed: Mixed) -> list[Part]:
        excluded = np.zeros(0, dtype=np.intp)
        if self.exclude is not None:
            excluded = chosen(self.exclude, mixed, "`exclude`")
        told = []
        for name, _, columns in self.scalers:
            places = chosen(columns, mixed, f"The columns of the scaler {name!r}")
            told.append((name, places[~np.isin(places, excluded)]))
        without_overlap(told, mixed.columns)
        if not isinstance(self.remainder, str):
            taken = np.concatenate([excluded, *(places for _, places in told)])
            rest = np.setdiff1d(np.arange(mixed.columns.number), taken)
            told.append((REMAINDER, rest.astype(np.intp)))
        named = self._named_parts()
        return [
            Part(name, places, clone(scaler))
            for (name, places), (_, scaler) in zip(told, named, strict=True)
        ]

    @property
    def scalers_(self) -> list[tuple[str, Any, Any]]:
        """List of (name, scaler, columns): the fitted scalers, as copies."""
        columns = self.columns_
        parts = self._parts_seen().parts
        return [(part.name, part.scaler._twin(), columns[part.name]) for part in parts]

    @property
    def named_scalers_(self) -> Bunch:
        """Bunch: the fitted scalers by name, as copies."""
        return Bunch(**{part.name: part.scaler._twin() for part in self._parts_seen().parts})

    @property
    def columns_(self) -> dict[str, list[Any]]:
        """Dict: the names, or the places, of the columns of each scaler."""
        fitted = self._parts_seen()
        return {
            part.name: [fitted.columns.label(at) for at in part.places.tolist()]
            for part in fitted.parts
        }

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, and with `deep` the scalers by name and their parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the scalers and their parameters too, such as "lidar__clip".

        Returns
        -------
        params : dict
            The values by name.
        """
        told: dict[str, Any] = super().get_params(deep=deep)
        for name, scaler in self._named_parts() if deep else ():
            if name != REMAINDER:
                told[name] = scaler
                inner = scaler.get_params() if hasattr(scaler, "get_params") else {}
                told |= {f"{name}__{key}": value for key, value in inner.items()}
        return told

    def set_params(self, **params: Any) -> Self:
        """Set parameters, of the scalers too, all of them or none.

        Parameters
        ----------
        **params : dict
            The parameters by name: `scalers`, `remainder`, `exclude`, the name of a scaler to
            replace it, or a path such as `lidar__clip`. They count from the next fit or batch on.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a name is not that of a parameter.
        """
        before = self.scalers
        try:
            self.scalers = params.pop("scalers", before)
            names = {name for name, _ in self._named_parts()} - {REMAINDER}
            self.scalers = swapped(self.scalers, names & params.keys(), params)
            return super().set_params(**{k: v for k, v in params.items() if k not in names})
        except BaseException:
            self.scalers = before
            raise

    def _told_to_files(self) -> dict[str, Any]:
        """Return the parameters, with the columns that were found for what no file can hold."""
        told = super()._told_to_files()
        if self._fitted is None:
            return told
        found = self.columns_
        told["scalers"] = [
            (name, scaler, _as_in_files(columns, found[name]))
            for name, scaler, columns in self.scalers
        ]
        if not _goes_into_files(told["exclude"]):
            fitted = self._fitted
            rest = np.flatnonzero(~fitted.taken).tolist()
            told["exclude"] = [fitted.columns.label(at) for at in rest]
        return told


def _goes_into_files(columns: Any) -> bool:
    """Whether a choice of columns is told by plain values, and not by a function or a selector."""
    listed = hasattr(columns, "__len__") or isinstance(columns, (int, slice, np.integer))
    return columns is None or (listed and not callable(columns))


def _as_in_files(columns: Any, found: list[Any]) -> Any:
    return columns if _goes_into_files(columns) else found


def make_column_scaler(
    *scalers: Any, remainder: Any = PASSTHROUGH, exclude: Any = None
) -> ColumnScaler:
    """Return a ColumnScaler whose scalers are named after their classes.

    Parameters
    ----------
    *scalers : tuples (scaler, columns)
        What scales which columns, as in `ColumnScaler`.
    remainder : {"passthrough"} or estimator, default="passthrough"
        What happens to columns that no scaler takes.
    exclude : columns, default=None
        Columns that stay as they are.

    Returns
    -------
    scaler : ColumnScaler
        The names are those of the classes in lower case, with a number where a class comes more
        than once: "minmaxscaler-1" and "minmaxscaler-2".

    Raises
    ------
    ValueError
        If an argument is no pair.

    See Also
    --------
    ColumnScaler : The class, with names of your own.

    Examples
    --------
    >>> from sklearn_norm import MinMaxScaler, ZScoreScaler, make_column_scaler
    >>> scaler = make_column_scaler((ZScoreScaler(), [0]), (MinMaxScaler(), [2]))
    >>> scaler.fit_transform([[1.0, 7.0, 1.0], [3.0, 8.0, 5.0]])
    array([[-1.,  7.,  0.],
           [ 1.,  8.,  1.]])
    >>> scaler.columns_
    {'zscorescaler': [0], 'minmaxscaler': [2]}
    """
    for pair in scalers:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"make_column_scaler takes pairs (scaler, columns). Got {pair!r:.80}.")
    kinds = [type(scaler).__name__.lower() for scaler, _ in scalers]
    repeated, place = Counter(kinds), Counter[str]()
    named = []
    for kind, (scaler, columns) in zip(kinds, scalers, strict=True):
        place[kind] += 1
        name = f"{kind}-{place[kind]}" if repeated[kind] > 1 else kind
        named.append((name, scaler, columns))
    return ColumnScaler(named, remainder=remainder, exclude=exclude)
