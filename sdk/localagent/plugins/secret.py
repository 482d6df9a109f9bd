"""A text that must not be shown, as settings hold it once its reference was looked up."""

from __future__ import annotations

from typing import Any, NoReturn

from localagent.manifest.plain import is_list, is_mapping

MASK = "***"
"""What stands for a secret wherever it would be shown."""


class Secret:
    """A text that shows itself only to who asks by `reveal`; printed, formatted or logged it is ``***``.

    It has no length and no parts, and JSON and pickle refuse it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __str__(self) -> str:
        return MASK

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return self._value == other.reveal() if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._value)

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled")


def revealed(value: Any) -> Any:
    """`value` with the text of each secret in it, for a check that needs the text; a copy where it is nested."""
    if isinstance(value, Secret):
        return value.reveal()
    if is_mapping(value):
        return {key: revealed(item) for key, item in value.items()}
    return [revealed(item) for item in value] if is_list(value) else value
