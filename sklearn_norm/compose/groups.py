"""GroupScaler: one scaler, with statistics of its own for each group of rows."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._sklearn import Interval, StrOptions
from ..estimators.output import kept_dtypes
from ..estimators.scaler import Scaler
from ..estimators.turns import turn_of
from ..kernels import Floats
from .grouped import Groups
from .grouping import Grouping
from .keyed import Layout, read_keyed
from .smoothing import AUTO

RULES = {"error", "global", "nan", "passthrough"}


class GroupScaler(Grouping):
    r"""Scale each group of rows by its own statistics.

    Rows of one key are a group, and each group is scaled as by a `scaler` of its own: patients by
    hospital, sales by shop, signals by device. All groups are one table of numbers, so a hundred
    thousand of them cost little more than one.

    Parameters
    ----------
    scaler : scaler, default=None
        The scaler, not fitted: any of this library whose statistics have an entry per column, such
        as `ZScoreScaler` (None), `MinMaxScaler`, `MaxAbsScaler`, `DecimalScaler` or `RobustScaler`.
        Its `clip`, `dtype` and `copy` apply.
    by : str, int, or list of these, default=None
        The columns of X that hold the keys, by name or position. They are not scaled. None takes
        the keys that `fit` and `transform` get as `groups`; without these, all rows are one group.
    keys : {"passthrough", "drop"}, default="passthrough"
        Whether the columns of keys are in the result, unchanged and in their places, or left out.
        With "drop", `inverse_transform` needs `groups`.
    handle_unknown : {"error", "global", "nan", "passthrough"}, default="error"
        What `transform` does with a row whose key has no group: raise an error, take the statistics
        of all rows, return NaN, or return the values as they are.
    min_rows : int, default=2
        A group with fewer present values in a column, or less weight, is small in that column.
    small : {"error", "global", "nan", "passthrough"}, default="global"
        What `transform` does with the values of a small group. More rows may come by `partial_fit`,
        so "error" is raised by `transform`, not by `fit`.
    missing_key : {"error", "group", "unknown"}, default="error"
        What is done with a row whose key, or part of whose key, is missing: raise an error, treat
        missing as a key like others, or treat the key as unknown. In the last case, `fit` counts
        the row in the statistics of all rows only.
    smooth : float or "auto", default=0.0
        Move the mean and the variance of each group towards those of all rows, as if this many rows
        with the statistics of all rows were added to the group. "auto" finds how far, by empirical
        Bayes. Only for `ZScoreScaler`.
    target : {"standard", "pooled"}, default="standard"
        "pooled" returns values in the units of the data, with the distribution of all rows:
        :math:`x^* = \mu + \sigma (x - \mu_g) / \sigma_g`. It makes groups alike, such as devices.

    Attributes
    ----------
    groups_ : ndarray of shape (n_groups,)
        The keys, sorted; tuples if there are several columns of keys.
    counts_ : ndarray of shape (n_groups,)
        The rows of each group, or their weight.
    global_ : scaler
        The scaler, fitted to all rows.
    n_samples_seen_ : int, float or ndarray
        The weight of the present values of each scaled column.
    constant_features_ : ndarray
        The names, or indices, of the columns that are constant over all rows.
    n_features_in_ : int
        The number of columns of X, with the keys.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    Warnings
    --------
    Groups that are made alike lose what distinguishes them. If the outcome depends on the group, as
    where sick patients are measured on one device and healthy ones on another, the difference that
    a model should learn is removed, too.

    Notes
    -----
    Keys are compared with their type: 1 is not "1", and True is not 1. Numbers are compared by
    value, so 1 is 1.0, because a column of integers becomes one of floats where a value is missing.
    None, NaN and NA are missing. Categories are compared by their values, and times to the
    nanosecond; times with a zone are compared in UTC, and are never equal to times without one.

    With ``smooth="auto"``, a group keeps the share
    :math:`B = \tau^2 / (\tau^2 + \sigma^2 / n)` of its own mean, where :math:`\sigma^2` is the
    variance within groups and :math:`\tau^2` that between groups, from the mean squares of a
    one-way analysis of variance: :math:`\tau^2 = (MSB - MSW) / n_0`. The rest is the mean of the
    groups, weighted by B. With a number m, the share is :math:`n / (n + m)`, and the rest that of
    all rows. Variances are moved by the same share, towards that of all rows.

    References
    ----------
    C. N. Morris, "Parametric empirical Bayes inference", Journal of the American Statistical
    Association 78 (1983). S. R. Searle, G. Casella and C. E. McCulloch, "Variance Components"
    (1992), section 3.6. J.-P. Fortin and others, "Harmonization of multi-site diffusion tensor
    imaging data", NeuroImage 161 (2017), for groups that are made alike.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_norm import GroupScaler
    >>> X = pd.DataFrame({"device": ["a", "a", "b", "b"], "volts": [1.0, 3.0, 10.0, 50.0]})
    >>> scaler = GroupScaler(by="device").fit(X)
    >>> scaler.transform(X)
      device  volts
    0      a   -1.0
    1      a    1.0
    2      b   -1.0
    3      b    1.0
    >>> scaler.stats_for("b").mean_
    array([30.])
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "scaler": [Scaler, None],
        "by": "no_validation",
        "keys": [StrOptions({"passthrough", "drop"})],
        "handle_unknown": [StrOptions(RULES)],
        "min_rows": [Interval(Integral, 0, None, closed="left")],
        "small": [StrOptions(RULES)],
        "missing_key": [StrOptions({"error", "group", "unknown"})],
        "smooth": [StrOptions({AUTO}), Interval(Real, 0, None, closed="left")],
        "target": [StrOptions({"standard", "pooled"})],
    }

    def __init__(
        self,
        scaler: Any = None,
        by: Any = None,
        *,
        keys: str = "passthrough",
        handle_unknown: str = "error",
        min_rows: int = 2,
        small: str = "global",
        missing_key: str = "error",
        smooth: Any = 0.0,
        target: str = "standard",
    ) -> None:
        self.scaler = scaler
        self.by = by
        self.keys = keys
        self.handle_unknown = handle_unknown
        self.min_rows = min_rows
        self.small = small
        self.missing_key = missing_key
        self.smooth = smooth
        self.target = target

    # Learning

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit to the data; earlier fits are forgotten.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The data, with the columns of keys that `by` names. NaN means missing; infinity is an
            error.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Finite weights of at least 0; 0 leaves a sample out, 2 counts it twice.
        groups : array-like of shape (n_samples,) or (n_samples, n_keys), default=None
            The key of each row, if it is not in X.

        Returns
        -------
        self : object
            The fitted scaler.

        Raises
        ------
        ValueError
            If the data, the keys or the weights are not as described; the scaler is then unchanged.
        """
        with turn_of(self):
            self._fitted = self._learned_groups(None, X, sample_weight, groups)[0]
        return self

    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, groups: Any = None
    ) -> Self:
        """Add one batch of a stream to the fit; new groups join.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The batch, of any size, even 0 rows.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Finite weights of at least 0; 0 leaves a sample out, 2 counts it twice.
        groups : array-like of shape (n_samples,) or (n_samples, n_keys), default=None
            The key of each row, if it is not in X.

        Returns
        -------
        self : object
            The scaler, as if fitted on all batches so far.

        Raises
        ------
        ValueError
            If the batch, the keys or the weights are not as described; the scaler is then
            unchanged.
        """
        with turn_of(self):
            self._fitted = self._learned_groups(self._fitted, X, sample_weight, groups, 0)[0]
        return self

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, groups: Any = None
    ) -> Any:
        """Fit to the data, then scale them.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The data.
        y : None
            Ignored.
        sample_weight, groups : array-like, default=None
            As in `fit`.

        Returns
        -------
        Z : {ndarray, DataFrame} of shape (n_samples, n_columns)
            The scaled data, as `transform` returns them.

        Raises
        ------
        ValueError
            As in `fit` and `transform`; the scaler is then unchanged.
        """
        fitted, table = self._learned_groups(None, X, sample_weight, groups)
        result = self._with_fitted(fitted)._scaled(fitted, table, None)
        with turn_of(self):
            self._fitted = fitted
        return result

    # Use

    def transform(self, X: Any, copy: bool | None = None, groups: Any = None) -> Any:
        """Scale each row by the statistics of its group.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The data, with the columns of the fit; NaN is kept.
        copy : bool, default=None
            Overrides the parameter `copy` of the scaler for this call.
        groups : array-like of shape (n_samples,) or (n_samples, n_keys), default=None
            The key of each row, if it is not in X.

        Returns
        -------
        Z : {ndarray, DataFrame} of shape (n_samples, n_columns)
            The scaled data. Where columns of keys are kept, a frame gives a frame of its kind, and
            an array an array: of objects, if the keys are no numbers.

        Raises
        ------
        ValueError
            If the columns are not those of the fit, a value is infinite, or a key is refused by
            `handle_unknown`, `small` or `missing_key`.
        """
        fitted = self._fitted_now()
        return self._scaled(fitted, read_keyed(self, X, fitted.columns, groups, 0), copy)

    def inverse_transform(
        self, X: Any, copy: bool | None = None, columns: Any = None, groups: Any = None
    ) -> Any:
        """Undo the scaling, of all columns or of some.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_columns)
            Scaled data, as `transform` returned them, with the columns of keys. Without these, pass
            `groups`.
        copy : bool, default=None
            Overrides the parameter `copy` of the scaler for this call.
        columns : list of str or int, default=None
            Labels of the scaled columns in X, or their indices among the scaled columns, in the
            order of the fit.
        groups : array-like of shape (n_samples,) or (n_samples, n_keys), default=None
            The key of each row, if it is not in X.

        Returns
        -------
        X : {ndarray, DataFrame} of shape (n_samples, n_columns)
            The data in the original units, with the columns of keys that X has. Values that became
            NaN by a policy stay NaN.

        Raises
        ------
        ValueError
            If the columns are not those of the fit or come in another order, or a key is refused.
        """
        fitted = self._fitted_now()
        return self._inverted(fitted, X, copy, columns, groups)

    def inverse_transform_std(self, S: Any, columns: Any = None, groups: Any = None) -> Any:
        """Return standard deviations of scaled data in the original units.

        Parameters
        ----------
        S : {array-like, DataFrame} of shape (n_samples, n_columns)
            Standard deviations of scaled data, with the columns of keys, or with `groups`.
        columns : list of str or int, default=None
            As in `inverse_transform`.
        groups : array-like, default=None
            The key of each row, if it is not in S.

        Returns
        -------
        S : {ndarray, DataFrame} of shape (n_samples, n_columns)
            The standard deviations in the units of the data.

        Raises
        ------
        ValueError
            If the columns are not those of the fit, a key is refused, or the scaler is not linear.
        """
        fitted = self._fitted_now()
        return self._inverted(fitted.but(map=fitted.map.linear()), S, True, columns, groups)

    # What was learned

    def stats_for(self, key: Any) -> Any:
        """Return the scaler of one group, fitted.

        Parameters
        ----------
        key : object
            The key, a tuple if there are several columns of keys.

        Returns
        -------
        scaler : object
            The scaler as if fitted to the rows of the group, smoothed if `smooth` is set.

        Raises
        ------
        ValueError
            If there is no group of this key.
        NotFittedError
            Before a fit.

        Examples
        --------
        >>> from sklearn_norm import GroupScaler
        >>> scaler = GroupScaler().fit([[1.0], [3.0], [10.0]], groups=["a", "a", "b"])
        >>> scaler.stats_for("a").mean_
        array([2.])
        """
        check_is_fitted(self)
        fitted = self._present()
        statistic: Groups = fitted.statistic
        group = statistic.keys.place(key)
        twin = self._with_fitted(fitted, **fitted.parameters)
        entries = np.arange(statistic.width) + group * statistic.width
        return twin._scaler_of(twin._parts_of(statistic).columns(entries))

    @property
    def groups_(self) -> Any:
        """Ndarray of shape (n_groups,): the keys."""
        return self._seen().keys.array()

    @property
    def counts_(self) -> Any:
        """Ndarray of shape (n_groups,): the rows of each group, or their weight."""
        rows: Floats = self._seen().rows
        return rows.astype(np.int64) if (rows == np.floor(rows)).all() else rows

    @property
    def global_(self) -> Any:
        """Scaler: the scaler, fitted to all rows."""
        fitted = self._present()
        return self._with_fitted(fitted, **fitted.parameters)._scaler_of(fitted.statistic.whole)

    @property
    def constant_features_(self) -> Any:
        """ndarray: the names, or the indices, of the scaled columns that are constant."""
        fitted = self._present()
        constant = np.flatnonzero(self._inner_of(fitted)._alike(fitted.statistic.whole))
        assert fitted.columns is not None
        places = Layout(fitted.columns, fitted.parameters["by"]).scaled[constant]
        names = fitted.columns.names
        return places if names is None else names[places]

    def get_feature_names_out(self, input_features: Any = None) -> Any:
        """Return the names of the columns of the result.

        Parameters
        ----------
        input_features : array-like of str, default=None
            The names of the columns of X, if the fit saw none.

        Returns
        -------
        names : ndarray of str
            The names; those of keys are left out with ``keys="drop"``.
        """
        names = super().get_feature_names_out(input_features)
        fitted = self._fitted
        if fitted is None or fitted.columns is None or self._with("keys") != "drop":
            return names
        return names[Layout(fitted.columns, fitted.parameters["by"]).scaled]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = False
        tags.transformer_tags.preserves_dtype = kept_dtypes(getattr(self._inner(), "dtype", None))
        return tags
