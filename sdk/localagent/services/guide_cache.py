"""Data that a plugin of the older shape left in ``plugins/NAME/cache.json``, taken over once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.errors import UsageError
from localagent.manifest.plain import is_mapping
from localagent.services.clock import system_clock
from localagent.services.files import read_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from localagent.services.clock import Clock
    from localagent.services.storage import Storage

FILE = "cache.json"
_FACT = "imported cache.json"


def import_guide_cache(
    storage: Storage, folder: Path, *, tell: Callable[[str], object], clock: Clock | None = None
) -> int:
    """Take the entries of `folder`'s ``cache.json`` into `storage`, once, and say so; the file stays.

    The file maps keys to ``{"value", "timestamp", "expires"}``, the last one optional, both times in seconds since
    1970. Entries whose time is over are left out, and keys that `storage` has already keep what it has.

    Args:
        storage: where to.
        folder: ``plugins/NAME`` of the home.
        tell: given one sentence when something was taken over, or when the file cannot be understood.
        clock: what ``expires`` is compared with.

    Returns:
        How many entries were taken; 0 where there is no such file or it was taken before.

    Raises:
        SystemProblem: the file or the storage cannot be used.
    """
    file = folder / FILE
    if not file.is_file() or storage.knows(_FACT):
        return 0
    try:
        entries = _entries(read_json(file, default={}), (clock or system_clock()).wall())
        taken = storage.add_once(_FACT, entries)
    except (ValueError, UsageError) as error:
        tell(f"{file} was not taken into the storage: {error}")
        return 0
    if not taken:
        return 0
    tell(f"{len(entries)} entries of {file} were taken into the storage; the file is not read any more")
    return len(entries)


def _entries(data: Any, now: float) -> dict[str, tuple[Any, float | None]]:
    """What still lives, with the seconds that each has left.

    Raises:
        ValueError: it has another shape.
    """
    if not is_mapping(data):
        raise ValueError("it is no mapping of keys to entries")
    lives = {key: (entry["value"], _left(entry, now)) for key, entry in data.items() if _is_entry(key, entry)}
    return {key: (value, left) for key, (value, left) in lives.items() if left is None or left > 0}


def _is_entry(key: str, entry: Any) -> bool:
    if is_mapping(entry) and "value" in entry and isinstance(entry.get("expires"), int | float | None):
        return True
    raise ValueError(f"'{key}' has no value, or its end is no number of seconds")


def _left(entry: Mapping[str, Any], now: float) -> float | None:
    expires = entry.get("expires")
    return None if expires is None else expires - now
