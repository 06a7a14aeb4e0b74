"""Docstring templates of mixins, filled in with the name of each class."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from textwrap import wrap
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])
TEMPLATE = "__docstring_template__"
WIDTH = 100


def template(method: Method) -> Method:
    """Mark the docstring of a mixin's method as a template, with names in braces.

    The method itself gets no docstring; `fill_in` writes one for each class.
    """
    setattr(method, TEMPLATE, method.__doc__)
    method.__doc__ = None
    return method


def fill_in(cls: type, mixin: type, **names: str) -> None:
    """Give a class its own copies of the mixin's methods, with the docstrings filled in."""
    for name, member in vars(mixin).items():
        is_classmethod = isinstance(member, classmethod)
        method = member.__func__ if is_classmethod else member
        if hasattr(method, TEMPLATE):
            copy = named(method, cls, names)
            setattr(cls, name, classmethod(copy) if is_classmethod else copy)


def named(method: Callable[..., Any], cls: type, names: dict[str, str]) -> Callable[..., Any]:
    """Return a wrapper of a method, with the docstring filled in for a class."""

    @wraps(method)
    def copy(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    lines = getattr(method, TEMPLATE).split("\n")
    copy.__doc__ = "\n".join(line for given in lines for line in filled(given, names))
    copy.__qualname__ = f"{cls.__qualname__}.{method.__name__}"
    return copy


def filled(line: str, names: dict[str, str]) -> list[str]:
    """Return a line with the names filled in; a line of one name becomes wrapped text."""
    text = line.strip()
    if text.startswith("{") and text.endswith("}") and text[1:-1] in names:
        margin = line[: len(line) - len(text)]
        return wrap(names[text[1:-1]], WIDTH, initial_indent=margin, subsequent_indent=margin)
    for name, value in names.items():
        line = line.replace(f"{{{name}}}", value)
    return [line]


def listed(names: tuple[str, ...]) -> str:
    """Return names for a sentence: "a", "a or b", "a, b or c"."""
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last
