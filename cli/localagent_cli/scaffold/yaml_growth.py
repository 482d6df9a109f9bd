"""Adding to the end of a YAML collection, before the blank lines and comments that follow it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from localagent.manifest.plain import is_list, is_mapping

if TYPE_CHECKING:
    from collections.abc import Generator


def extend(holder: Any, key: str, items: list[Any]) -> None:
    """Add items to the list at `key` of a mapping, which is made if there is none.

    The mapping and the list may be plain, or those of ruamel.yaml, which know their comments.
    """
    if holder.get(key):
        with _growing(holder[key]):
            holder[key].extend(_commented(item) for item in items)
    elif items:
        put(holder, key, items)


def put(holder: Any, key: str, value: Any) -> None:
    """Set the value at `key` of a mapping, which may be plain or one of ruamel.yaml."""
    with _growing(holder):
        holder[key] = _commented(value)


@contextmanager
def _growing(node: Any) -> Generator[None]:
    # ruamel.yaml keeps what follows a collection with the last value in it.
    after = _take(node)
    yield
    if after:
        _give(node, after)


def _take(node: Any) -> str:
    """Remove what follows the line of the last value of `node`, and give it."""
    place = _last_place(node)
    if place is None:
        return ""
    holder, key, position = place
    comments = holder.ca.items.get(key)
    if not comments or comments[position] is None:
        return ""
    beside, _, after = comments[position].value.partition("\n")
    if beside:
        comments[position].value = f"{beside}\n"
    else:
        comments[position] = None
    return str(after)


def _give(node: Any, after: str) -> None:
    """Put text after the line of the last value of `node`."""
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    place = _last_place(node)
    if place is None:
        return
    holder, key, position = place
    comments = holder.ca.items.setdefault(key, [None, None, None, None])
    beside = comments[position].value.rstrip("\n") if comments[position] else ""
    comments[position] = CommentToken(f"{beside}\n{after}", CommentMark(0), None)


def _last_place(node: Any) -> tuple[Any, Any, int] | None:
    """Where what follows the last value of `node` is kept: its holder, its key, which of the key's comments."""
    if not hasattr(node, "ca") or not node:
        return None
    key: Any = list(node)[-1] if is_mapping(node) else len(node) - 1
    inner = node[key]
    if hasattr(inner, "ca") and inner and not inner.fa.flow_style():
        return _last_place(inner)
    return node, key, 2 if is_mapping(node) else 0


def _commented(value: Any) -> Any:
    """The same value as collections that can keep comments."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if is_mapping(value):
        return CommentedMap((key, _commented(each)) for key, each in value.items())
    if is_list(value):
        return CommentedSeq(_commented(each) for each in value)
    return value
