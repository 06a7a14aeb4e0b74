"""Names of the parts of a composite, as parameters: checked, replaced, set by their paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from ..estimators.transformer import Transformer
from ..inputs.parameters import names_of
from ..tensors.norm import TensorNorm


def check_names(names: list[Any], kind: type) -> None:
    """Refuse names that are no strings, repeat, or could be mistaken for a path or a parameter."""
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name:
            raise ValueError(f"The name of a scaler must be a string. Got {name!r:.60}.")
        if name in names[:i]:
            raise ValueError(f"Two scalers are named {name!r}: give each a name of its own.")
        if "__" in name:
            raise ValueError(
                f"The name {name!r} has two underscores, which separate names in paths such as "
                "lidar__clip: use one."
            )
        if name in names_of(kind):
            raise ValueError(f"The name {name!r} is that of a parameter: choose another.")


def check_part(part: Any, what: str) -> None:
    """Refuse what is no scaler that learns, streams and has an inverse."""
    if isinstance(part, type):
        raise ValueError(f"{what} is the class {part.__name__}: pass {part.__name__}().")
    if isinstance(part, TensorNorm):
        raise ValueError(
            f"{what} is a {type(part).__name__}, which normalises each sample by statistics that "
            "nobody keeps, so it has no way back. Put it into a Pipeline, after this one."
        )
    own = isinstance(part, Transformer) or hasattr(part, "_that_knows")
    if not own or not all(hasattr(part, m) for m in ("partial_fit", "inverse_transform", "merge")):
        ours = type(part).__name__
        raise ValueError(
            f"{what} must be a scaler of sklearn_norm, which streams and has an inverse. Got "
            f"{ours!r:.60}. For one of scikit-learn, take the scaler of the same work here, such "
            "as StandardScaler.from_sklearn(fitted)."
        )


@contextmanager
def all_or_none(parts: Iterable[Any]) -> Iterator[None]:
    """Give estimators their parameters back if there is an error."""
    before = [(part, part.get_params(deep=False)) for part in parts if hasattr(part, "get_params")]
    try:
        yield
    except BaseException:
        for part, told in before:
            part.set_params(**told)
        raise


def swapped(parts: Any, names: Any, params: dict[str, Any]) -> Any:
    """Return tuples of a name, an estimator and more, with other estimators for some names."""
    if not names:
        return parts
    return type(parts)([(e[0], params[e[0]], *e[2:]) if e[0] in names else e for e in parts])
