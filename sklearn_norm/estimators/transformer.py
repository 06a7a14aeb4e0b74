"""Transformer: the scikit-learn interface of every estimator. An error changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Self

import numpy as np
from sklearn.base import OneToOneFeatureMixin, TransformerMixin

from .. import _sklearn
from ..inputs.frames import check_distinct, container_of, is_arrow
from ..inputs.parameters import names_of
from ..interop.onnx import Convertible
from ..records import PACKAGE
from .fitted import Fitted
from .state import Stateful


def frozen(getter: Any) -> Any:
    """Return a getter whose arrays are read-only."""

    @wraps(getter)
    def frozen_getter(self: Any) -> Any:
        value = getter(self)
        if isinstance(value, np.ndarray):
            value = value.view()
            value.flags.writeable = False
        return value

    return frozen_getter


def unsettable(name: str) -> Any:
    """Return a setter that raises an error with advice."""

    def refuse(self: Any, value: Any) -> None:
        raise self._cannot_set(name)

    return refuse


class Transformer(
    Convertible,
    OneToOneFeatureMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    Stateful,
    auto_wrap_output_keys=None,
):
    """A scikit-learn transformer whose fitted attributes are views of one record.

    The container that `set_output` asks for is made here, not by scikit-learn's wrapper around
    `transform`, which knows less about the input.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make every fitted attribute read-only."""
        if cls.__module__.partition(".")[0] == PACKAGE:
            kwargs.setdefault("auto_wrap_output_keys", None)
        super().__init_subclass__(**kwargs)
        cls._sklearn_auto_wrap_output_keys = {"transform"}
        for name, value in vars(cls).copy().items():
            if isinstance(value, property) and name.endswith("_") and not name.startswith("_"):
                setattr(
                    cls, name, property(frozen(value.fget), unsettable(name), doc=value.__doc__)
                )

    @property
    def n_features_in_(self) -> int:
        """int: the number of features of X."""
        return self._columns_seen("n_features_in_").number  # type: ignore[no-any-return]

    @n_features_in_.setter
    def n_features_in_(self, value: Any) -> None:
        raise self._cannot_set("n_features_in_")

    @property
    @frozen
    def feature_names_in_(self) -> Any:
        """Ndarray of shape (n_features_in_,): the feature names, if all are strings."""
        names = self._columns_seen("feature_names_in_").names
        if names is None:
            raise AttributeError(f"This {type(self).__name__} was fitted without feature names.")
        return names

    @feature_names_in_.setter
    def feature_names_in_(self, value: Any) -> None:
        raise self._cannot_set("feature_names_in_")

    def _cannot_set(self, name: str) -> Exception:
        """Return the error for an attempt to set a fitted attribute."""
        return AttributeError(
            f"{name} of a {type(self).__name__} shows what was learned, and is not set: call fit."
        )

    def _columns_seen(self, attribute: str) -> Any:
        """Return the columns of the fit, or raise the AttributeError of this attribute."""
        fitted = self._fitted
        if fitted is None or fitted.columns is None:
            raise AttributeError(
                f"This {type(self).__name__} has no {attribute} before it has seen data: call fit."
            )
        return fitted.columns

    def set_params(self, **params: Any) -> Self:
        """Set parameters, all of them or none.

        Parameters
        ----------
        **params : dict
            The parameters by name.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a name is not that of a parameter.
        """
        with self._in_turn():
            before = {name: getattr(self, name) for name in names_of(type(self))}
            try:
                result: Self = super().set_params(**params)
            except BaseException:
                for name in params.keys() & before.keys():
                    setattr(self, name, before[name])
                raise
        return result

    def _with_fitted(self, fitted: Fitted | None, **attributes: Any) -> Self:
        """Return a shallow copy with another fitted record."""
        twin = type(self).__new__(type(self))
        twin.__dict__.update(self.__dict__, **attributes, _fitted=fitted)
        return twin

    def _twin(self) -> Self:
        """Return a shallow copy that learns apart from this one: what is known is immutable."""
        return self._with_fitted(self._fitted)

    def _that_knows(self, other: Self) -> Self:
        """Return this new estimator with what another of its class knows."""
        self._fitted = other._fitted
        return self

    def _apart(self, act: Callable[[Self], Any]) -> Any:
        """Call `act` on a copy, and take what it changed. An error changes and undoes nothing."""
        twin = type(self).__new__(type(self))
        with self._in_turn():
            before = vars(self).copy()
            twin.__dict__.update(before)
            result = act(twin)
            same = {name for name, value in before.items() if vars(twin).get(name) is value}
            self.__dict__.update({k: v for k, v in vars(twin).items() if k not in same})
        return result

    def _wanted(self, X: Any) -> str:
        """Return the container of an inverse: arrays stay arrays, a frame may become another."""
        own = container_of(X)
        if own == "default" and not is_arrow(X):
            return own
        return _sklearn.asked_container(self) if _sklearn.has_asked(self) else own

    def _check_container(self, fitted: Fitted | None) -> None:
        """Refuse column names that the requested container cannot hold."""
        if fitted is None or fitted.columns is None or fitted.columns.names is None:
            return
        if _sklearn.asked_container(self) == "polars":
            check_distinct(fitted.columns.names)
