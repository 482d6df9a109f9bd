"""Whether files and folders are as they were: their stamps, compared as integers."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    Stamp = list[int] | None

TICK = 50_000_000
"""Nanoseconds within which two changes of a file may get the same time stamp, with a wide margin."""


def stamp(path: str | os.PathLike[str]) -> Stamp:
    """When the file or folder changed, and its size; None where there is nothing.

    The time of the last change of its entry in the file system is part of it, so that an edit which sets the time of
    modification back is seen too.
    """
    try:
        facts = os.stat(path)  # noqa: PTH116 - pathlib costs more than the rest of a warm start
    except OSError:
        return None
    return [facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size]


def stamps(paths: Iterable[str | os.PathLike[str]]) -> dict[str, Stamp]:
    """The stamp of each path."""
    return {os.fspath(path): stamp(path) for path in paths}


def unchanged(seen: dict[str, Stamp]) -> bool:
    """Whether every path has the stamp it had."""
    stat = os.stat
    for path, before in seen.items():
        # As `stamp`, but a call and a list for each of some thousand files cost half as much as the looking.
        try:
            facts = stat(path)
        except OSError:
            if before is not None:
                return False
        else:
            if before is None or [facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size] != before:
                return False
    return True


def facts(paths: Iterable[str | os.PathLike[str] | None]) -> tuple[int, ...]:
    """The stamps of those paths that are something, one after the other."""
    return tuple([number for path in paths if path is not None for number in stamp(path) or ()])


def settled(seen: dict[str, Stamp], now: int) -> bool:
    """Whether nothing changed so shortly before `now` (nanoseconds) that another change could hide behind its stamp."""
    return all(each is None or max(each[0], each[1]) < now - TICK for each in seen.values())
