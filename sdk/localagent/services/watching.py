"""Tells when one of a few files may have changed, from a thread of its own."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

INTERVAL = 1.0
"""Seconds between two looks where the system cannot tell of changes."""
QUIET = 0.05
"""Seconds without a further change after which changes are told together."""
LONGEST = 1.0
"""Seconds after which they are told even if more are coming."""

_log = logging.getLogger("localagent.settings")


class Watch:
    """A watch over files that may not exist yet; it sees them written, renamed, removed, and replaced.

    The files are looked at every `INTERVAL`. Where the package watchfiles is installed, they are looked at as soon as
    the system tells of a change, too; ``WATCHFILES_FORCE_POLLING`` lets that package look by itself.

    Args:
        files: gives what to watch; asked again at each look.
        tell: called without arguments, from the watching thread, after something changed.
    """

    def __init__(self, files: Callable[[], Iterable[Path]], tell: Callable[[], object]) -> None:
        self._files = files
        self._tell = tell
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="localagent settings watch", daemon=True)
        self._before = self._look()
        self._thread.start()

    def stop(self) -> None:
        """End the watch and wait for its thread, which takes no longer than two looks at the clock."""
        self._stop.set()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=INTERVAL)

    def _run(self) -> None:
        try:
            from watchfiles import watch
        except ImportError:
            self._poll()
            return
        library = logging.getLogger("watchfiles")
        if library.level == logging.NOTSET:
            # It tells of each change at INFO, which would fill the log although nobody asked.
            library.setLevel(logging.WARNING)
        try:
            for _ in watch(
                *self._folders(),
                watch_filter=None,
                debounce=round(LONGEST * 1000),
                step=round(QUIET * 1000),
                stop_event=self._stop,
                rust_timeout=round(INTERVAL * 1000),
                yield_on_timeout=True,
                recursive=False,
                raise_interrupt=False,
            ):
                self._compare()
        except (OSError, RuntimeError) as error:
            # The folder is not there, or the system has no watch left, or its file system none to give.
            _log.debug("settings are looked at every %s s: %s", INTERVAL, error)
            self._poll()

    def _poll(self) -> None:
        while not self._stop.wait(INTERVAL):
            self._compare()

    def _compare(self) -> None:
        now = self._look()
        if now != self._before and not self._stop.is_set():
            self._before = now
            self._tell()

    def _look(self) -> Mapping[Path, tuple[int, ...]]:
        return {file: _stamp(file) for file in self._files()}

    def _folders(self) -> set[Path]:
        """The folders of the files, and of those that they are links to."""
        return {place.parent for file in self._files() for place in (file, file.resolve())}


def _stamp(file: Path) -> tuple[int, ...]:
    """What changes whenever a file does; empty where there is none."""
    try:
        found = os.stat(file)  # noqa: PTH116 - looked at once a second
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
