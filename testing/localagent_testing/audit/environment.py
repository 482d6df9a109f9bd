"""Seeing which environment variables are asked for, of which Python has no audit event."""

from __future__ import annotations

import inspect
import os
from typing import TYPE_CHECKING, Any

from localagent_testing.audit.uses import EVERYTHING, READS

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    See = Callable[[str, str, FrameType | None], None]

SETS = "sets"
_SETTERS = frozenset({"__setitem__", "__delitem__"})


def watch(see: See) -> Callable[[], None]:
    """Call `see` with the verb, the name and the asking frame for each variable; gives what ends that.

    `os.environ` is watched where it turns names into bytes and back: every way in leads through there, and it stays
    the object that others may hold already.
    """
    mappings: tuple[Any, ...] = (os.environ, os.environb) if hasattr(os, "environb") else (os.environ,)
    kept = [(each, each.encodekey, each.decodekey) for each in mappings]
    for mapping, encode, decode in kept:
        mapping.encodekey, mapping.decodekey = _seeing_one(encode, see), _seeing_all(decode, see)

    def end() -> None:
        for mapping, encode, decode in kept:
            mapping.encodekey, mapping.decodekey = encode, decode

    return end


def _seeing_one(encode: Callable[[Any], Any], see: See) -> Callable[[Any], Any]:
    def seen(name: Any) -> Any:
        encoded = encode(name)
        here = inspect.currentframe()
        asking = here and here.f_back
        is_set = asking is not None and asking.f_code.co_name in _SETTERS
        see(SETS if is_set else READS, os.fsdecode(name), asking)
        return encoded

    return seen


def _seeing_all(decode: Callable[[Any], Any], see: See) -> Callable[[Any], Any]:
    def seen(name: Any) -> Any:
        here = inspect.currentframe()
        see(READS, EVERYTHING, here and here.f_back)
        return decode(name)

    return seen
