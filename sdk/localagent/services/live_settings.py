"""Settings that change while plugins run: who wants to know is told, and may refuse."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from localagent.errors import HandlerPaused, LocalAgentError
from localagent.plugins.snapshot import Snapshot

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from localagent.services.settings import Judgement, Settings

Watcher = Callable[[Snapshot, Snapshot], Awaitable[Any]]
"""Called with the settings before and the new ones. It raises LocalAgentError, as the guard does, and nothing else."""

SETTLING = 0.15
"""Seconds after which a file that cannot be used is read once more: somebody may just be writing it."""


class LiveSettings:
    """Keeps the settings of plugins that watch them up to date.

    The files are watched only while there is a watcher and an event loop that it can be called on.

    Args:
        settings: what is watched.
        tell: given the plugin's name and the error when a change cannot be used or a watcher fails; None logs it.
    """

    def __init__(self, settings: Settings, tell: Callable[[str, LocalAgentError], None] | None = None) -> None:
        self._settings = settings
        self._tell = tell or _tell
        self._adopters: dict[str, Watcher] = {}
        self._watchers: dict[str, list[Watcher]] = {}
        self._seen: dict[str, Snapshot] = {}
        self._told: dict[str, str] = {}
        self._busy: dict[str, asyncio.Lock] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def is_watching(self) -> bool:
        """Whether a change of a file will be noticed without anybody asking."""
        return self._task is not None

    def begin(self, plugin: str, adopt: Watcher) -> Callable[[], None]:
        """Let `adopt` hand changed settings to a plugin before its watchers are told; returns what ends all of it.

        Raises:
            ConfigError: the plugin's settings are not valid now.
            ManifestError: a file of them cannot be read.
        """
        self._seen[plugin] = self._settings.snapshot(plugin)
        self._adopters[plugin] = adopt

        def end() -> None:
            self._adopters.pop(plugin, None)
            self._seen.pop(plugin, None)
            self._told.pop(plugin, None)
            if self._watchers.pop(plugin, None):
                self._disarm_if_idle()

        return end

    def add_watcher(self, plugin: str, watcher: Watcher) -> Callable[[], None]:
        """Call `watcher` after each valid change of a plugin's settings; returns the function that ends it.

        Raises:
            ConfigError: the plugin's settings are not valid now.
            ManifestError: a file of them cannot be read.
        """
        if plugin not in self._seen:
            self._seen[plugin] = self._settings.snapshot(plugin)
        self._watchers.setdefault(plugin, []).append(watcher)
        self.arm()

        def remove() -> None:
            watchers = self._watchers.get(plugin, [])
            if watcher in watchers:
                watchers.remove(watcher)
            if not watchers:
                self._watchers.pop(plugin, None)
                self._disarm_if_idle()

        return remove

    async def reload(self, plugin: str) -> bool:
        """Read the settings anew and tell the watchers of what changed.

        If a watcher fails, the others are told nevertheless; then the settings are again what they were before, and
        those that had taken the change are called once more, with the two exchanged.

        Returns:
            False if the files cannot be used, or a watcher failed: the settings before are still in force.
        """
        import asyncio

        async with self._busy.setdefault(plugin, asyncio.Lock()):
            judgement = self._settings.judge(plugin)
            if judgement.problem is not None:
                self._say(plugin, judgement.problem)
                return False
            self._told.pop(plugin, None)
            new = judgement.snapshot or Snapshot({})
            old = self._seen.setdefault(plugin, new)
            new = new.after(old)
            return not new.changed or await self._change(plugin, old, new, judgement)

    def arm(self) -> None:
        """Begin to watch, if there is somebody to tell and an event loop runs in this thread."""
        import asyncio

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # Nobody could be called now; whoever runs a loop later arms the watch there.
            return
        if self._watchers and (self._task is None or self._task.done()):
            self._task = loop.create_task(self._follow(loop), name="settings: watch")

    async def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Reload whatever is watched, each time that a file changed."""
        import asyncio

        from localagent.services.watching import Watch

        changed = asyncio.Event()
        # What changed while nobody watched counts too.
        changed.set()
        watch = Watch(self._files, lambda: loop.call_soon_threadsafe(changed.set))
        try:
            while await changed.wait():
                changed.clear()
                for plugin in tuple(self._watchers):
                    if self._settings.judge(plugin).problem is not None:
                        await asyncio.sleep(SETTLING)
                    await self.reload(plugin)
        finally:
            watch.stop()

    def _files(self) -> set[Path]:
        return {file for plugin in tuple(self._watchers) for file in self._settings.files_of(plugin)}

    async def _change(self, plugin: str, old: Snapshot, new: Snapshot, judgement: Judgement) -> bool:
        took: list[Watcher] = []
        failed = False
        self._seen[plugin] = new
        adopter = [self._adopters[plugin]] if plugin in self._adopters else []
        for watcher in (*adopter, *self._watchers.get(plugin, ())):
            if await self._called(plugin, watcher, old, new):
                took.append(watcher)
            else:
                failed = True
        if failed:
            # Not instead of the files as they are by now: what was saved meanwhile was refused by nobody.
            self._settings.keep(plugin, old, instead_of=judgement)
            self._seen[plugin] = old
            back = old.after(new)
            for watcher in took:
                await self._called(plugin, watcher, new, back)
        return not failed

    async def _called(self, plugin: str, watcher: Watcher, old: Snapshot, new: Snapshot) -> bool:
        """Whether a watcher takes a change. One that is paused has no say any more."""
        try:
            await watcher(old, new)
        except HandlerPaused:
            return True
        except LocalAgentError as error:
            self._say(plugin, error)
            return False
        return True

    def _say(self, plugin: str, problem: LocalAgentError) -> None:
        """Say what is wrong, once until something else is."""
        text = f"{problem.place}: {problem.message}"
        if self._told.get(plugin) != text:
            self._told[plugin] = text
            self._tell(plugin, problem)

    def _disarm_if_idle(self) -> None:
        if self._task is not None and not self._watchers:
            self._task.cancel()
            self._task = None


def _tell(plugin: str, problem: LocalAgentError) -> None:
    import logging

    place = f"{problem.place}: " if problem.file else ""
    logging.getLogger("localagent.settings").warning(
        "the settings of '%s' stay as they were: %s%s", plugin, place, problem.message
    )
