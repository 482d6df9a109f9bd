"""What looking at all sources gives: plugins, and distributions that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.host.spec import PluginSpec


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A distribution whose entry points cannot be read, and why."""

    file: Path
    line: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found.

    Attributes:
        specs: one for each plugin and source, in order of precedence; two sources with one real path are one.
        unreadable: distributions whose entry points cannot be read.
        rests_on: the files and folders whose change would change this.
    """

    specs: tuple[PluginSpec, ...]
    unreadable: tuple[Unreadable, ...] = ()
    rests_on: tuple[str, ...] = ()
