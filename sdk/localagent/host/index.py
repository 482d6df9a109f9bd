"""What the last look at all plugins found, kept until anything it rests on changes.

JSON files: the *hot* one has what help, completion and did-you-mean need, the *list* one what ``plugins list`` shows,
the *full* one what discovery found. Each carries the stamps of all files and folders it rests on. Reading is on the
path of a warm start, so this module imports nothing heavier than `json`.
"""

from __future__ import annotations

import json
import os
import sys
import zlib

from localagent.host.stamps import settled, stamps, unchanged
from localagent.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

VERSION = 7
VARIABLES = (
    "LOCALAGENT_DEV_MODE",
    "LOCALAGENT_NO_PLUGINS",
    "LOCALAGENT_PLUGINS_ALLOW_DEV",
    "LOCALAGENT_PLUGINS_ENABLED",
)
"""The variables that decide which plugins are loaded."""
LOCAL_FOLDER = "dev-plugins"
"""The development folder that is looked for in every current folder."""
_KEPT = 32
"""So many index files stay; each current folder with development plugins of its own has three, each Python three."""


class IndexFile:
    """A file of JSON values, with what they rest on, for one home, one Python and one current folder.

    Args:
        home: LocalAgent's home.
        current: the current folder.
        part: ``hot``, ``list``, ``full`` ….
        environ: the environment.
    """

    def __init__(self, home: str, current: str, part: str, environ: Mapping[str, str]) -> None:
        is_local = os.path.exists(os.path.join(home, "development.yaml")) or os.path.isdir(  # noqa: PTH110, PTH112, PTH118 - pathlib costs more than reading the index
            os.path.join(current, LOCAL_FOLDER)  # noqa: PTH118 - as above
        )
        self.path = cached(home, f"index-{segment(current if is_local else '')}-{part}.json")
        variables = [environ.get(name) for name in VARIABLES]
        self._circumstances = [*circumstances(), import_path(home, current), variables]

    def read(self) -> Any:
        """The content, if everything it rests on is as it was; None if not, or if there is none."""
        try:
            with open(self.path, encoding="utf-8") as stream:  # noqa: PTH123 - as above
                return json.loads(stream.read()[:-1]) if self._holds(stream.readline()) else None
        except (OSError, ValueError, RecursionError):
            # Absent, unreadable or damaged: in each case it is made anew.
            return None

    def _holds(self, head: str) -> bool:
        match json.loads(head[1:-2]):
            case {"circumstances": self._circumstances, "stamps": seen}:
                return unchanged(seen)
            case _:
                return False

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
        head = written({"circumstances": self._circumstances, "stamps": seen})
        temporary = f"{self.path}.{os.getpid()}.new"
        try:
            with open(temporary, "w", encoding="utf-8") as stream:  # noqa: PTH123 - as above
                # The content has lines of its own, so that it is read only where what it rests on is as it was.
                stream.write(f"[{head},\n{written(content)}]")
            os.replace(temporary, self.path)  # noqa: PTH105 - as above
        except OSError:
            # A home that cannot be written to works, only slower; doctor names it.
            return False
        return True


def cached(home: str, name: str) -> str:
    """The path of a file in the home's cache."""
    return os.path.join(home, "cache", name)  # noqa: PTH118 - as above


def circumstances() -> list[str | int]:
    """What must be equal for anything in the cache to be understood: its form, this version, this Python."""
    return [VERSION, __version__, sys.version]


def written(value: Any) -> str:
    """JSON values as one line of text."""
    # Not json.dump, which encodes in Python.
    return json.dumps(value, separators=(",", ":"))


def forget(home: str) -> None:
    """Let nothing of the index hold any more, but for what each distribution offers."""
    try:
        for path in _files(home):
            os.unlink(path)  # noqa: PTH108 - as above
    except OSError:
        # Another process forgets too, or the home cannot be written to and so keeps nothing.
        return


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
    try:
        files = sorted(_files(home), key=lambda path: os.stat(path).st_mtime_ns)  # noqa: PTH116 - as above
        for path in files[: -4 * _KEPT]:
            os.unlink(path)  # noqa: PTH108 - as above
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


def _files(home: str) -> list[str]:
    with os.scandir(os.path.join(home, "cache")) as entries:  # noqa: PTH118 - as above
        return [entry.path for entry in entries if entry.name.startswith("index-")]


def segment(current: str) -> str:
    """What tells apart pictures of one home: the Python, and the current folder where it can matter."""
    words = f"{sys.implementation.cache_tag}\0{os.path.realpath(sys.prefix)}\0{current}"
    return f"{zlib.crc32(os.fsencode(words)):08x}"
