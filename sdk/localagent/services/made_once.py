"""A property whose value is made with the first use, and once, whichever threads ask for it at the same time."""

from __future__ import annotations

import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, overload

if TYPE_CHECKING:
    from typing import Self

T_co = TypeVar("T_co", covariant=True)

# One for all: what makes one value may need another.
_making = threading.RLock()


class made_once(cached_property[T_co]):  # noqa: N801 - decorators are words
    """As `functools.cached_property`, which from Python 3.12 on makes a value for each thread that asks at once."""

    @overload
    def __get__(self, instance: None, owner: type[Any] | None = None) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None) -> T_co: ...
    def __get__(self, instance: object | None, owner: type[Any] | None = None) -> Self | T_co:
        """The value; that of an instance that has it already is found without coming here."""
        with _making:
            return super().__get__(instance, owner)
