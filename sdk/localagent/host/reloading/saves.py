"""What was really saved in some folders: changes that belong together, told once, without what changed nothing."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import MissingExtra

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

QUIET = 0.05
"""Seconds without a further change after which changes are told together."""
LONGEST = 1.0
"""Seconds after which they are told even if more are coming."""
_LOOK_EVERY = 0.2
"""Seconds after which it is noticed that a whole folder went or came back."""
_IGNORED_FOLDERS = frozenset({"__pycache__", "node_modules", "dist", "htmlcov", "venv"})
_IGNORED_ENDINGS = ("~", ".pyc", ".pyo", ".swp", ".swx", ".swo", ".tmp", ".egg-info")

_GONE = b""


class Saves:
    """The saves in some folders, from when this is made.

    Args:
        roots: folders or single files; one that is not there now may come.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self._roots: tuple[Path, ...] = ()
        self._known: dict[Path, bytes] = {}
        for root in roots:
            self.add(root)

    def add(self, root: Path) -> None:
        """Look at one more folder or single file; its saves count from now on."""
        if root not in self._roots:
            self._roots = (*self._roots, root)
            self._known |= {file: _digest(file) for file in files_below(root)}

    def changed(self) -> frozenset[Path]:
        """The files that changed, came or went since they were told last, by a look at all of them."""
        return self._differing(self._roots)

    async def batches(self, stop: asyncio.Event) -> AsyncIterator[frozenset[Path]]:
        """The files that changed, came or went, as often as that happens.

        What changes while a batch is worked on is told by the next one. While saves follow one another without a pause,
        as in a checkout, batches are `LONGEST` apart.

        Args:
            stop: ends it.

        Raises:
            MissingExtra: the package watchfiles is not installed.
        """
        pace = _Pace()
        while not stop.is_set():
            marks = {root: _mark(root) for root in self._roots}
            # What came between two watches counts, too.
            if batch := pace.released(self.changed()):
                yield batch
                pace.begin()
            unseen: Sequence[Path] = self._roots
            async for touched in _watch([root for root in self._roots if root.exists()], stop):
                # What came just before the watch began is not among what it tells.
                changed = self._differing({*touched, *unseen})
                unseen = ()
                if batch := pace.released(changed) if touched else pace.paused(changed):
                    yield batch
                    pace.begin()
                if marks != {root: _mark(root) for root in self._roots}:
                    # The watch is of the folders that were there; others need another one.
                    break

    def _differing(self, touched: Iterable[Path]) -> frozenset[Path]:
        """Those of the touched files, and of those below touched folders, that are not what they were."""
        places = frozenset(touched)
        candidates = {file for file in self._known if not places.isdisjoint((file, *file.parents))}
        for place in filter(self._is_watched, places):
            candidates.update(files_below(place))
        changed = frozenset(file for file in candidates if _digest(file) != self._known.get(file, _GONE))
        for file in changed:
            self._known[file] = _digest(file)
            if self._known[file] == _GONE:
                del self._known[file]
        return changed

    def _is_watched(self, path: Path) -> bool:
        for root in self._roots:
            if path.is_relative_to(root):
                return not any(map(_is_ignored, path.relative_to(root).parts))
        return False


class _Pace:
    """How soon changes are told: at once, or together with those that follow them without a pause."""

    def __init__(self) -> None:
        self._held: frozenset[Path] = frozenset()
        self._due = 0.0

    def begin(self) -> None:
        """Hold what comes from now on, until it pauses, for `LONGEST` at most."""
        self._due = time.monotonic() + LONGEST

    def released(self, changed: frozenset[Path]) -> frozenset[Path]:
        """What is to be told now that this changed."""
        self._held |= changed
        if time.monotonic() < self._due:
            return frozenset()
        told, self._held = self._held, frozenset()
        return told

    def paused(self, changed: frozenset[Path]) -> frozenset[Path]:
        """What is to be told now that nothing more came for a while."""
        self._due = 0.0
        return self.released(changed)


async def _watch(roots: Sequence[Path], stop: asyncio.Event) -> AsyncIterator[frozenset[Path]]:
    """What may have changed; nothing, now and then, so that the caller can look for himself."""
    if not roots:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_EVERY)
        yield frozenset()
        return
    try:
        from watchfiles import awatch  # pyright: ignore[reportUnknownVariableType]  # it names a type of trio
    except ImportError as error:
        raise MissingExtra("dev", needed_for="watching files") from error
    library = logging.getLogger("watchfiles")
    if library.level == logging.NOTSET:
        # It tells of each change at INFO.
        library.setLevel(logging.WARNING)
    async for changes in awatch(
        *roots,
        watch_filter=None,
        debounce=round(LONGEST * 1000),
        step=round(QUIET * 1000),
        stop_event=stop,
        rust_timeout=round(_LOOK_EVERY * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        yield frozenset(Path(path) for _, path in changes)


def files_below(root: Path) -> Iterator[Path]:
    """The files at or below a path that count as source; whatever comes or goes meanwhile is there or not."""
    if root.is_file():
        if root.suffix:
            yield root
        return
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not _is_ignored(name)]
        # What has no ending is what some editors write first and then rename.
        yield from (Path(folder, name) for name in names if "." in name and not _is_ignored(name))


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in _IGNORED_FOLDERS or name.endswith(_IGNORED_ENDINGS) or name == "4913"


def _digest(file: Path) -> bytes:
    try:
        return hashlib.blake2b(file.read_bytes(), digest_size=16).digest()
    except OSError:
        return _GONE


def _mark(root: Path) -> tuple[int, int] | None:
    """What tells whether it is the same folder still; None where there is none."""
    try:
        facts = root.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
