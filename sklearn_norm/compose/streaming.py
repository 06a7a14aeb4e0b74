"""StreamingPipeline: a Pipeline of scikit-learn that learns batch by batch.

Its class is made when it is first asked for, since scikit-learn's pipelines take time to load.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any, ClassVar, Self, cast

from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from .. import _sklearn
from .._sklearn import StrOptions
from ..estimators.transformer import Transformer
from ..inputs import parameters
from .routing import routed, takes
from .steps import copied, is_learner, is_ready, is_step


class Streaming:
    """A Pipeline that learns batch by batch.

    It is a `sklearn.pipeline.Pipeline` with `partial_fit`: each batch goes through the steps, each
    of which learns from what the step before it returns.

    Parameters
    ----------
    steps : list of (name, estimator)
        The steps, as of a Pipeline. Steps that learn need `partial_fit`; stateless and frozen ones
        (`sklearn.frozen.FrozenEstimator`), and "passthrough", only pass data on.
    scale_with : {"after", "before"}, default="after"
        Whether each step transforms a batch after or before it learns the batch. With "before",
        no row is scaled by itself or by later ones, as a backtest needs; a step that has learned
        nothing yet passes nothing on, so the last step learns from the second or third batch on.
    update : "all" or list of str, default="all"
        The names of the steps that `partial_fit` lets learn; the others stay as they are.

    Attributes
    ----------
    named_steps : Bunch
        The steps by name.
    n_features_in_ : int
        The number of features that the first step takes.
    classes_ : ndarray of shape (n_classes,)
        The classes of the last step, if it has some.

    See Also
    --------
    ColumnScaler : Different scalers for different columns, also as a step.

    Notes
    -----
    A batch is learned by copies of the steps, which replace them all at once at its end. So an
    error leaves all steps as they were, and `steps` no longer holds the objects passed in.
    `memory`, `verbose` and `transform_input` of a Pipeline are not parameters here.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import SGDRegressor
    >>> from sklearn_norm import StreamingPipeline, ZScoreScaler
    >>> X = np.arange(40.0)[:, None]
    >>> model = StreamingPipeline([("scale", ZScoreScaler()), ("fit", SGDRegressor())])
    >>> for batch in np.split(X, 4):
    ...     model = model.partial_fit(batch, 2 * batch.ravel())
    >>> model.named_steps["scale"].mean_
    array([19.5])
    >>> model.predict([[10.0]]).shape
    (1,)
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "steps": [list],
        "scale_with": [StrOptions({"after", "before"})],
        "update": [StrOptions({"all"}), list, tuple],
    }
    # parameters of a Pipeline that are none here
    memory: ClassVar[Any] = None
    verbose: ClassVar[bool] = False
    transform_input: ClassVar[Any] = None

    def __init__(self, steps: Any, *, scale_with: str = "after", update: Any = "all") -> None:
        self.steps = steps
        self.scale_with = scale_with
        self.update = update

    def partial_fit(self, X: Any, y: Any = None, *, classes: Any = None, **params: Any) -> Self:
        """Let the steps learn one batch of a stream: all of them, or none if there is an error.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The batch.
        y : array-like of shape (n_samples,), default=None
            The target.
        classes : array-like of shape (n_classes,), default=None
            All classes, for a classifier as the last step. It needs them with the first batch that
            reaches it; with later ones they may be given again.
        **params : dict
            What steps take beside X and y, such as `sample_weight`: with metadata routing each gets
            what it asked for, and else each step that takes it. ``scale__sample_weight`` is for one
            step, if metadata routing is off.

        Returns
        -------
        self : object
            The pipeline.

        Raises
        ------
        TypeError
            If a step that learns has no `partial_fit`, before any step has changed.
        ValueError
            If a step refuses the batch; all steps are then as they were.
        """
        self.steps = self._advanced(X, y, classes, params)
        return self

    @available_if(lambda self: hasattr(self, "predict"))  # type: ignore[untyped-decorator]
    def predict_partial_fit(self, X: Any, y: Any, *, classes: Any = None, **params: Any) -> Any:
        """Predict a batch, then learn it: what is returned knew nothing of the batch.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The batch.
        y : array-like of shape (n_samples,)
            The target, which is learned after the prediction.
        classes : array-like of shape (n_classes,), default=None
            All classes, as in `partial_fit`.
        **params : dict
            What steps take beside X and y, as in `partial_fit`.

        Returns
        -------
        predictions : ndarray of shape (n_samples,), or None
            The predictions of the pipeline before this batch; None if it had learned nothing.

        Raises
        ------
        TypeError, ValueError
            As in `partial_fit`; all steps are then as they were.
        """
        active = [step for _, step in self.steps if is_step(step)]
        pipeline = cast(Any, self)
        predictions = pipeline.predict(X) if all(map(is_ready, active)) else None
        self.partial_fit(X, y, classes=classes, **params)
        return predictions

    def merge(self, other: Self) -> Self:
        """Return a new pipeline, as if it had learned the batches of both.

        Parameters
        ----------
        other : object
            A pipeline of the same steps.

        Returns
        -------
        merged : object
            A new pipeline; this one and the other are unchanged.

        Raises
        ------
        ValueError
            If the steps differ, or one that learns cannot be merged. Steps after a scaler have
            learned data in the units of their own scaler, which the merged one changes.
        """
        if type(other) is not type(self):
            raise ValueError(
                f"Cannot merge a {type(self).__name__} with a {type(other).__name__}: fit both "
                "with the same class."
            )
        names, others = ([name for name, _ in one.steps] for one in (self, other))
        if names != others:
            raise ValueError(f"Cannot merge pipelines of different steps: {names} and {others}.")
        merged = []
        for (name, step), (_, another) in zip(self.steps, other.steps, strict=True):
            learns = is_step(step) and is_learner(step)
            if learns and not hasattr(step, "merge"):
                raise ValueError(
                    f"The step {name!r}, a {type(step).__name__}, has no merge: merge the steps "
                    "before it, and fit it to the data they return."
                )
            if not learns and not parameters.same(step, another):
                raise ValueError(
                    f"Cannot merge: the step {name!r} is {step!r} in one and {another!r} in the "
                    "other."
                )
            with _of_step(name, step):
                merged.append((name, step.merge(another) if learns else step))
        return self._of_steps(merged)

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Fit all steps anew, as a Pipeline does; an error leaves them as they were.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,), default=None
            The target.
        **params : dict
            What steps take beside X and y, as in `partial_fit`.

        Returns
        -------
        self : object
            The pipeline.

        Raises
        ------
        ValueError
            If a step refuses the data.
        """
        self.steps = self._anew("fit", X, y, params)[0]
        return self

    @available_if(lambda self: self._can_fit_transform())  # type: ignore[untyped-decorator]
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all steps anew, and return what the last one makes of the data.

        Parameters
        ----------
        X : {array-like, DataFrame} of shape (n_samples, n_features)
            The data.
        y : array-like of shape (n_samples,), default=None
            The target.
        **params : dict
            What steps take beside X and y, as in `partial_fit`.

        Returns
        -------
        Z : {ndarray, DataFrame} of shape (n_samples, n_transformed_features)
            The transformed data.

        Raises
        ------
        ValueError
            If a step refuses the data.
        """
        self.steps, result = self._anew("fit_transform", X, y, params)
        return result

    def get_metadata_routing(self) -> Any:
        """Return which arguments go to which step.

        Returns
        -------
        router : sklearn.utils.metadata_routing.MetadataRouter
            The routing of a Pipeline, and that of `partial_fit`.
        """
        router = cast(Any, super()).get_metadata_routing()
        for _, pair in router:
            pair.mapping.add(caller="partial_fit", callee="partial_fit")
            pair.mapping.add(caller="partial_fit", callee="transform")
        return router

    def __sklearn_tags__(self) -> Any:
        tags = cast(Any, super()).__sklearn_tags__()
        inner = [get_tags(step) for _, step in self._named_parts()]
        tags.input_tags.allow_nan = all(told.input_tags.allow_nan for told in inner)
        return tags

    def __getitem__(self, ind: Any) -> Any:
        """Return a step, by its name or place, or a pipeline of some of the steps."""
        if isinstance(ind, slice):
            if ind.step not in (1, None):
                raise ValueError("Pipeline slicing only supports a step of 1")
            return self._of_steps(self.steps[ind])
        return cast(Any, super()).__getitem__(ind)

    def _of_steps(self, steps: Any) -> Self:
        """Return a pipeline like this one, with other steps."""
        twin = type(self).__new__(type(self))
        vars(twin).update({**vars(self), "steps": list(steps)})
        return twin

    def _advanced(self, X: Any, y: Any, classes: Any, params: dict[str, Any]) -> list[Any]:
        """Return the steps after a batch: copies of those that learn."""
        pipeline = cast(Any, self)
        pipeline._validate_params()
        pipeline._validate_steps()
        learning = self._learning()
        told = self._beside(params)
        given, steps, last = X, [], len(self.steps) - 1
        for place, (name, step) in enumerate(self.steps):
            new = step
            if given is not None and is_step(step):
                with _of_step(name, step):
                    if name in learning:
                        new = copied(step)
                        beside = dict(told[name]["partial_fit"])
                        if classes is not None and takes(step, "partial_fit", "classes"):
                            beside.setdefault("classes", classes)
                        new.partial_fit(given, y, **beside)
                    if place < last:
                        by = step if self.scale_with == "before" else new
                        given = self._passed_on(name, by, given, told[name]["transform"], learning)
            steps.append((name, new))
        return steps

    def _passed_on(
        self, name: str, step: Any, given: Any, told: dict[str, Any], learning: set[str]
    ) -> Any:
        """Return what a step makes of a batch, None if it has learned nothing yet."""
        if is_ready(step):
            return step.transform(given, **told)
        if name in learning:
            return None
        raise NotFittedError("It is not fitted, and does not learn here: fit it first.")

    def _learning(self) -> set[str]:
        """Return the names of the steps that learn; refuse one that cannot, before any does."""
        names = [name for name, _ in self.steps]
        if not isinstance(self.update, str):
            for name in self.update:
                if name not in names:
                    raise ValueError(f"`update` names {name!r}, but the steps are {names}.")
        chosen = names if isinstance(self.update, str) else self.update
        learning = {
            name
            for name, step in self.steps
            if name in chosen and is_step(step) and is_learner(step)
        }
        for name, step in self.steps:
            if name in learning and not hasattr(step, "partial_fit"):
                raise TypeError(
                    f"The step {name!r}, a {type(step).__name__}, learns from data and has no "
                    "partial_fit: fit it and pass FrozenEstimator(step), or leave it out of "
                    "`update`."
                )
        return learning

    def _named_parts(self) -> list[tuple[str, Any]]:
        return [(name, step) for name, step in self.steps if is_step(step)]

    def _beside(self, params: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments of each step beside X and y."""
        named = self._named_parts()
        if _sklearn.is_routing():
            return routed(self, "partial_fit", named, params, ("partial_fit", "transform"))
        paths = {key: value for key, value in params.items() if "__" in key}
        plain = {key: value for key, value in params.items() if key not in paths}
        told = routed(self, "partial_fit", named, plain, ("partial_fit", "transform"))
        for key, value in paths.items():
            name, _, argument = key.partition("__")
            if name not in told:
                raise ValueError(f"{key!r} is for a step {name!r}: the steps are {list(told)}.")
            told[name]["partial_fit"][argument] = value
        return told

    def _anew(self, method: str, X: Any, y: Any, params: dict[str, Any]) -> tuple[Any, Any]:
        """Return the steps of a new fit, and what the method of a Pipeline returns."""
        twin = self._of_steps(
            [(name, clone(step) if is_step(step) else step) for name, step in self.steps]
        )
        if not _sklearn.is_routing():
            params = {
                path: value
                for key, value in params.items()
                for path in ([key] if "__" in key else self._paths_of(key))
            }
        act = getattr(super(Streaming, twin), method)
        result = act(X, y, **params)
        return twin.steps, result

    def _paths_of(self, argument: str) -> list[str]:
        """Return the paths of an argument to all steps whose fit takes it."""
        takers = [name for name, step in self._named_parts() if takes(step, "fit", argument)]
        if not takers:
            raise TypeError(
                f"{type(self).__name__}.fit() got an unexpected keyword argument {argument!r}: "
                "none of its steps takes it."
            )
        return [f"{name}__{argument}" for name in takers]

    # Inside a ColumnScaler

    def _twin(self) -> Self:
        """Return a copy that learns apart from this one."""
        return self._of_steps(self.steps)  # a batch replaces steps, and changes none

    def _that_knows(self, other: Self) -> Self:
        """Return this new pipeline with what another of the same steps knows."""
        if [name for name, _ in self.steps] != [name for name, _ in other.steps]:
            raise ValueError("The pipeline has other steps than it was fitted with: call fit.")
        steps = []
        for (name, new), (_, old) in zip(self.steps, other.steps, strict=True):
            if isinstance(new, (Transformer, Streaming)):
                steps.append((name, cast(Any, clone(new))._that_knows(old)))
            else:
                steps.append((name, deepcopy(old)))
        self.steps = steps
        return self


@contextmanager
def _of_step(name: str, step: Any) -> Iterator[None]:
    """Say in an error of a step which one it is."""
    try:
        yield
    except (TypeError, ValueError) as error:
        message = f"{str(error).rstrip()} (The step {name!r}, a {type(step).__name__}.)"
        try:
            told = type(error)(message)
        except TypeError:
            raise error from None
        raise told from error


@cache
def pipeline_class() -> type[Any]:
    """Return the class StreamingPipeline, made once."""
    from sklearn.pipeline import Pipeline

    own = {"__doc__": Streaming.__doc__, "__module__": __name__.partition(".")[0]}
    return type("StreamingPipeline", (Streaming, Pipeline), own)


def __getattr__(name: str) -> Any:
    """Return the class, which is made when it is first asked for."""
    if name == "StreamingPipeline":
        return pipeline_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
