"""What the interpreter reports before it does it: the one audit hook of the process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_callbacks: dict[str, list[Callable[[], object]]] = {}


def before(event: str, callback: Callable[[], object]) -> None:
    """Have `callback` called before each `event` of the process, as the table of audit events names it.

    It stays as long as the process.
    """
    if not _callbacks:
        sys.addaudithook(_on_event)
    _callbacks.setdefault(event, []).append(callback)


def _on_event(event: str, _arguments: tuple[Any, ...]) -> None:
    for callback in _callbacks.get(event, ()):
        callback()
