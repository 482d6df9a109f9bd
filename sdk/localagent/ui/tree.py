"""Nested data as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from localagent.errors import UnfitData
from localagent.manifest.plain import is_list, is_mapping
from localagent.ui.texts import as_string, as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEEPEST = 60
"""Levels that are drawn: Rich draws by recursion, and nobody reads deeper ones."""


def tree(data: Any, *, title: str = "") -> Tree:
    """Draw mappings and lists as branches and all else as leaves.

    Args:
        data: anything that JSON can say.
        title: the root's name.

    Raises:
        UnfitData: it is nested too deeply.
    """
    root = Tree(as_text(title or "data", style="bold"))
    _grow(root, data, ())
    return root


def _grow(branch: Tree, data: Any, path: tuple[str | int, ...]) -> None:
    if len(path) > _DEEPEST:
        wanted = f"data of at most {_DEEPEST} levels"
        raise UnfitData("the data are nested too deeply, or hold themselves", wanted=wanted, path=path)
    for key, value in _children(data):
        if is_mapping(value) or is_list(value):
            _grow(branch.add(as_text(key, style="bold")), value, (*path, key))
        else:
            name = as_string(key) if isinstance(key, str) else str(key)
            branch.add(Text.assemble((f"{name}: ", "bold"), as_text(value), overflow="fold"))


def _children(data: Any) -> Iterable[tuple[str | int, Any]]:
    if is_mapping(data):
        return data.items()
    return enumerate(data) if is_list(data) else [("value", data)]
