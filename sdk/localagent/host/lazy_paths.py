"""Paths in dataclasses that are kept as texts until they are first asked for.

Making a `Path` costs more than all else that reading a spec from the index does, and most are never asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Never, overload


class RequiredPath:
    """A field without a default, set as a path or a text and read as a path."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Never: ...
        @overload
        def __get__(self, instance: object, owner: type) -> Path: ...

    def __get__(self, instance: object, owner: type) -> Path:
        if instance is None:
            # By this the dataclass is told that there is no default.
            raise AttributeError(self._name)
        kept: str | Path = vars(instance)[self._name]
        return kept if isinstance(kept, Path) else _remembered(instance, self._name, kept)

    def __set__(self, instance: object, value: str | Path) -> None:
        vars(instance)[self._name] = value


class OptionalPath:
    """A field that is None by default, set as a path or a text and read as a path."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type) -> Path | None:
        kept: str | Path | None = None if instance is None else vars(instance)[self._name]
        return _remembered(instance, self._name, kept) if isinstance(kept, str) else kept

    def __set__(self, instance: object, value: str | Path | None) -> None:
        vars(instance)[self._name] = value


def _remembered(instance: object, name: str, text: str) -> Path:
    path = Path(text)
    vars(instance)[name] = path
    return path
