"""What the last look at all plugins found, kept until anything it rests on changes.

Two JSON files: the *hot* one has what help, completion and dispatch need, the *full* one everything. Both carry the
stamps of all files and folders they rest on. Reading is on the path of a warm start, so this module imports nothing
heavier than `json`.
"""

from __future__ import annotations

import json
import os
import sys
import zlib

from localagent.host.stamps import settled, stamps, unchanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

VERSION = 3
VARIABLES = ("LOCALAGENT_DEV_MODE", "LOCALAGENT_PLUGINS_ALLOW_DEV", "LOCALAGENT_PLUGINS_ENABLED")
"""The variables that decide which plugins are loaded."""
LOCAL_FOLDER = "dev-plugins"
"""The development folder that is looked for in every current folder."""
_KEPT = 32
"""So many index files stay; each current folder with development plugins of its own has a pair."""


class IndexFile:
    """One of the two files for one home, one Python and one current folder.

    Args:
        home: LocalAgent's home.
        current: the current folder.
        part: ``hot`` or ``full``.
        environ: the environment.
    """

    def __init__(self, home: str, current: str, part: str, environ: Mapping[str, str]) -> None:
        self.folder = os.path.join(home, "cache")  # noqa: PTH118 - pathlib costs more than reading the index
        self.path = os.path.join(self.folder, f"index-{_segment(home, current)}-{part}.json")  # noqa: PTH118 - as above
        self._circumstances = [VERSION, import_path(home, current), [environ.get(name) for name in VARIABLES]]

    def read(self) -> Any:
        """The content, if everything it rests on is as it was; None if not, or if there is none."""
        try:
            with open(self.path, encoding="utf-8") as stream:  # noqa: PTH123 - as above
                kept = json.load(stream)
        except (OSError, ValueError, RecursionError):
            # Absent, unreadable or damaged: in each case it is made anew.
            return None
        match kept:
            case {"circumstances": self._circumstances, "stamps": seen, "content": content} if unchanged(seen):
                return content
            case _:
                return None

    def write(self, content: Any, *, rests_on: Iterable[str], since: int) -> bool:
        """Keep `content`, unless what it rests on changed so recently that a change could hide.

        Args:
            content: JSON values.
            rests_on: the files and folders that were looked at.
            since: the file clock, in nanoseconds, when looking began.

        Returns:
            False if it was not kept. That costs time at the next start and nothing else.
        """
        seen = stamps(rests_on)
        if not settled(seen, since):
            return False
        kept = {"circumstances": self._circumstances, "stamps": seen, "content": content}
        temporary = f"{self.path}.{os.getpid()}.new"
        try:
            with open(temporary, "w", encoding="utf-8") as stream:  # noqa: PTH123 - as above
                json.dump(kept, stream)
            os.replace(temporary, self.path)  # noqa: PTH105 - as above
        except OSError:
            # A home that cannot be written to works, only slower; doctor names it.
            return False
        return True


def file_clock(home: str) -> int | None:
    """The time of the home's file system in nanoseconds, which may not be the system clock's; None if read-only."""
    folder = os.path.join(home, "cache")  # noqa: PTH118 - as above
    probe = os.path.join(folder, f".clock-{os.getpid()}")  # noqa: PTH118 - as above
    try:
        os.makedirs(folder, exist_ok=True)  # noqa: PTH103 - as above
        with open(probe, "w", encoding="ascii"):  # noqa: PTH123 - as above
            now = os.stat(probe).st_mtime_ns  # noqa: PTH116 - as above
        os.unlink(probe)  # noqa: PTH108 - as above
    except OSError:
        return None
    return now


def prune(home: str) -> None:
    """Remove the oldest index files beyond a number that nobody needs."""
    folder = os.path.join(home, "cache")  # noqa: PTH118 - as above
    try:
        files = [entry for entry in os.scandir(folder) if entry.name.startswith("index-")]
        files.sort(key=lambda entry: entry.stat().st_mtime_ns)
        for entry in files[: -2 * _KEPT]:
            os.unlink(entry.path)  # noqa: PTH108 - as above
    except OSError:
        # Another process prunes too, or the home cannot be written to.
        return


def import_path(home: str, current: str) -> list[str]:
    """Where installed plugins are looked for, the plugin environment aside: not in the current folder.

    Python puts the current folder or the script's in front under ``-m`` and in scripts; nothing is installed there.
    """
    environments = os.path.join(home, "environments", "")  # noqa: PTH118 - as above
    scripts = os.path.dirname(sys.executable)  # noqa: PTH120 - as above
    return [
        entry for entry in sys.path if entry and entry not in (current, scripts) and not entry.startswith(environments)
    ]


def _segment(home: str, current: str) -> str:
    """What tells apart pictures of one home: the Python, and the current folder where it can matter."""
    prefix = os.path.realpath(sys.prefix)
    is_local = os.path.exists(os.path.join(home, "development.yaml")) or os.path.isdir(  # noqa: PTH110, PTH112, PTH118 - as above
        os.path.join(current, LOCAL_FOLDER)  # noqa: PTH118 - as above
    )
    words = f"{sys.implementation.cache_tag}\0{prefix}\0{current if is_local else ''}"
    return f"{zlib.crc32(os.fsencode(words)):08x}"
