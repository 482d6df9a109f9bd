"""What looking at all sources gives: plugins, and distributions that cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.host.spec import PluginSpec


class Unreadable(NamedTuple):
    """A distribution whose entry points cannot be read, and why."""

    file: Path
    line: int | None
    reason: str


class Discovery(NamedTuple):
    """All that was found.

    Attributes:
        specs: one for each plugin and source, in order of precedence; two sources with one real path are one.
        unreadable: distributions whose entry points cannot be read.
        rests_on: the files and folders whose change would change this.
    """

    specs: tuple[PluginSpec, ...]
    unreadable: tuple[Unreadable, ...] = ()
    rests_on: tuple[str, ...] = ()
