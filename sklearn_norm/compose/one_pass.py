"""One pass: the affine maps of all parts, joined into one map of all columns of X."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from .. import _sklearn
from ..inputs.blocks import block_of, with_block
from ..inputs.fast_path import FLOATS, is_plain, plain_table
from ..inputs.frames import container_of, framed
from ..inputs.placing import Before
from ..inputs.table import Table
from ..maps.affine import Affine
from .parts import Part, Parts


class OnePass:
    """What a composite does at once, where all its parts do no more than apply an affine map.

    The results have the bits of the parts, one after another. What needs more than a look at the
    dtype of X is left to them.
    """

    _parts_know_columns: ClassVar[bool] = True  # whether a column of X is one of its part

    if TYPE_CHECKING:

        def _fitted_parts(self) -> Parts: ...
        def _wanted(self, X: Any) -> str: ...

    def _in_one_pass(self, X: Any, fitted: Parts) -> Any:
        """Return the result of one map over all columns, None if there is none for this X."""
        joined = self._joined(fitted)[0]
        asked = _sklearn.asked_container(self)
        if joined is None or (asked != "default" and fitted.columns.names is None):
            return None
        table = plain_table(X, fitted.columns, FLOATS)
        if fitted.container == "default" and (table is None or table.container != "default"):
            return None
        one_dtype = table is not None and (table.container == "default" or _of_one_dtype(X))
        if table is None or not one_dtype:  # in a mixed frame each column keeps its dtype
            return self._in_one_block(X, fitted, joined, asked)
        if asked not in ("default", table.container):
            return None
        result = joined.apply(table.values, clip=True, look=True)
        return None if result is None else _framed_as(result, table)

    def _in_one_block(self, X: Any, fitted: Parts, joined: Affine, asked: str) -> Any:
        """Return the result of one map over the columns taken of a mixed frame, or None."""
        container = container_of(X)
        if container == "default" or asked not in ("default", container):
            return None
        places = np.flatnonzero(fitted.taken)
        block = block_of(X, fitted.columns, places) if X.shape[0] else None
        if block is None:
            return None
        for part in fitted.parts:  # whose map rounds once to short floats, if it reads only these
            if part.places.size and block.short[part.places].all():
                return None
        result = joined.columns(places).apply(block.values, clip=True, look=True)
        return None if result is None else with_block(X, places, result, block.short)

    def _undone_in_one_pass(self, X: Any, fitted: Parts) -> Any:
        """Undo the scaling of all columns by one map, None if there is none for this X."""
        columns = fitted.columns
        plain = is_plain(X, columns.number)
        table = Table(X, columns, X) if plain else plain_table(X, columns, FLOATS)
        if table is None or self._wanted(X) not in ("default", table.container):
            return None
        if not plain and {*map(str, X.dtypes)} != {*fitted.dtypes}:
            return None
        joined, rest, may_undo = self._joined(fitted)
        result = joined.invert(table.values, look=True) if may_undo else None
        if result is None:
            return None
        if rest.size:
            result[:, rest] = table.values[:, rest]
        return _framed_as(result, table)

    def _joined(self, fitted: Parts) -> tuple[Any, Any, bool]:
        """Return the joined map of all columns, those that stay, and if it undoes with all bits."""
        if "joined" not in fitted.plan:
            fitted.plan["joined"] = self._join(fitted)
        return fitted.plan["joined"]  # type: ignore[no-any-return]

    def _join(self, fitted: Parts) -> tuple[Any, Any, bool]:
        rest = np.flatnonzero(~fitted.taken)
        parts = [part for part in fitted.parts if part.places.size]
        found = [self._map_of(part) for part in parts]
        if any(mapping is None for mapping in found) or not found:
            return None, rest, False
        maps: list[Any] = [
            _of_all_steps(m, p.places.size) for m, p in zip(found, parts, strict=True)
        ]
        steps = [{name for name, v in vars(m).items() if v is not None} for m in maps]
        alike = all(told == steps[0] for told in steps) and not any(m.lost().size for m in maps)
        if rest.size:
            maps.append(_of_all_steps(Affine(), rest.size))
        order = np.argsort(np.concatenate([*(part.places for part in parts), rest]), kind="stable")
        return maps[0].joined(*maps[1:]).columns(order), rest, alike

    def _map_of(self, part: Part) -> Any:
        """Return the map of the columns of a part, if it does no more than apply one."""
        alone = getattr(part.scaler, "_map_alone", None)
        return None if alone is None else alone()

    def _map_alone(self) -> Any:
        """Return the joined map, if there is one: of a composite inside another."""
        return self._joined(self._fitted_parts())[0]

    def _before(self, fitted: Parts) -> list[Before]:
        """Return the dtypes that columns had, and how large their values are."""
        if "before" not in fitted.plan:
            sizes = np.zeros(fitted.columns.number)
            for part in fitted.parts:
                if part.places.size and any("f" not in fitted.dtypes[at] for at in part.places):
                    sizes[part.places] = _sizes(part, self._parts_know_columns)
            fitted.plan["before"] = [*map(Before, fitted.dtypes, sizes.tolist())]
        return fitted.plan["before"]  # type: ignore[no-any-return]


def _framed_as(result: Any, table: Table) -> Any:
    if table.container == "default":
        return result
    return framed(result, table.container, table.given.columns.view(), like=table.given)


def _of_one_dtype(X: Any) -> bool:
    return len(set(X.dtypes)) == 1


def _of_all_steps(mapping: Affine, size: int) -> Affine:
    """Return a map that tells how many columns it has, with the same results."""
    if any(vector is not None for vector in vars(mapping).values()):
        return mapping
    return Affine(scale=np.ones(size))


def _sizes(part: Part, of_columns: bool) -> Any:
    """Return how large the values are that a part gives back, of each column; 0 if unknown."""
    width = part.places.size if of_columns else 1
    try:
        with np.errstate(all="ignore"):
            ends = part.scaler.inverse_transform(np.stack([np.zeros(width), np.ones(width)]))
            ends = np.asarray(ends, dtype=np.float64)
    except (TypeError, ValueError):
        return np.zeros(part.places.size)
    size = np.abs(ends[0]) + np.abs(ends[1] - ends[0])
    return np.where(np.isfinite(size), size, 0.0)
