"""Who keeps the event loop from going on: the plugin whose code it has been running for too long."""

from __future__ import annotations

import logging
import selectors
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

TOO_LONG = 1.0
"""Seconds that one step on the loop may take before it is told."""
_LOOK_EVERY = 0.25

_log = logging.getLogger("localagent.host")


class WaitingSelector(selectors.DefaultSelector):
    """A selector that knows since when the loop has not come back to wait."""

    busy_since: float | None = None
    """Monotonic seconds; None while the loop waits or is parked."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as the selector of the platform does."""
        self.busy_since = None
        try:
            return super().select(timeout)
        finally:
            self.busy_since = time.monotonic()


class BlockingWatch:
    """A thread that tells, once for each line, which plugin blocks the loop.

    Args:
        selector: the loop's.
        roots: the files and folders of plugins' code, with the plugin's name; read at each look.
    """

    def __init__(self, selector: WaitingSelector, roots: dict[str, str]) -> None:
        self._selector = selector
        self._roots = roots
        self._loop_thread = threading.get_ident()
        self._told: set[str] = set()
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="localagent-blocking", daemon=True).start()

    def close(self) -> None:
        """End the thread soon."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY):
            since = self._selector.busy_since
            if since is not None and time.monotonic() - since > TOO_LONG:
                frames = sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # documented for this
                self._tell(frames.get(self._loop_thread))

    def _tell(self, frame: FrameType | None) -> None:
        what = culprit(frame, self._roots)
        if what is not None and what not in self._told:
            self._told.add(what)
            _log.warning("%s has kept the event loop from going on for over %.0f s", what, TOO_LONG)


def culprit(frame: FrameType | None, roots: dict[str, str]) -> str | None:
    """Whose code a thread runs: plugin, file, line and function of the innermost line that a plugin owns, if any."""
    while frame is not None:
        file = frame.f_code.co_filename
        owner = next((name for root, name in roots.items() if file == root or file.startswith(f"{root}/")), None)
        if owner is not None:
            return f"the plugin '{owner}' ({file}:{frame.f_lineno} in {frame.f_code.co_name})"
        frame = frame.f_back
    return None
