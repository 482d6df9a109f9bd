"""What is saved of plugins that run, taken up while their host goes on."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Protocol

from localagent.errors import MissingExtra, PluginFailed
from localagent.host.reloading.outcome import READ
from localagent.host.reloading.saves import Saves, files_below
from localagent.host.spec import SourceKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from localagent.errors import LocalAgentError, PluginNotAvailable
    from localagent.host.reloading.outcome import Reload
    from localagent.host.situation import Situation
    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin
    from localagent.services.development import Development

_SETTLING = 0.15
"""Seconds after which a file that is no Python is read once more: somebody may just be writing it."""
_AGAIN = 1.0
"""Seconds after which a reload that was postponed is tried again, and saves are looked for where nothing tells them."""

_log = logging.getLogger("localagent.reloading")


class Followed(Protocol):
    """The plugins of a manager, as those who follow their saves need them."""

    @property
    def discovered_plugins(self) -> Mapping[str, PluginSpec]:
        """What is known of each plugin that was found."""
        ...

    @property
    def loaded_plugins(self) -> Mapping[str, Plugin]:
        """The plugins that are ready."""
        ...

    @property
    def errors(self) -> Mapping[str, PluginNotAvailable]:
        """Why each plugin that was asked for could not be loaded."""
        ...

    async def discover_plugins(self) -> Mapping[str, PluginSpec]:
        """Look at all sources anew."""
        ...

    async def load_plugin(self, name: str) -> bool:
        """Make a plugin ready; whether it is."""
        ...

    async def reload(self, names: Iterable[str], *, files: Sequence[Path] | None = None) -> Reload:
        """Take up the changed code of plugins that are ready."""
        ...


class Following:
    """Takes up what is saved of a host's plugins, when it is asked to or as soon as it is saved.

    What is wrong with a save is told once, and what ran before goes on. Folders that go and come back are followed.

    Args:
        plugins: the plugins of the host.
        situation: what the host started from; its development mode says whose saves count.
    """

    def __init__(self, plugins: Followed, situation: Situation) -> None:
        self._plugins = plugins
        self._situation = situation
        self._saves = Saves(())
        self._names: dict[Path, set[str]] = {}
        self._unasked: set[Path] = set()
        self._waiting: set[Path] = set()
        self._gone: set[str] = set()
        self._turn = asyncio.Lock()
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def know(self, specs: Iterable[PluginSpec]) -> None:
        """Follow plugins from now on; a save counts if it comes after this, so call it before their code is read."""
        development = self._situation.development
        for spec in specs:
            if is_followed(spec, development):
                self._saves.add(spec.source.root)
                self._names.setdefault(spec.source.root, set()).add(spec.name)
                if development.auto_reload and spec.source.kind is SourceKind.DEVELOPMENT:
                    self._unasked.add(spec.source.root)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files whose saves count, as they are now."""
        return tuple(file for root in tuple(self._names) for file in files_below(root))

    def begin(self) -> None:
        """Take up saves in development folders as soon as they come, on the running event loop, until `close`."""
        if self._task is None and self._situation.development.auto_reload:
            self._task = asyncio.get_running_loop().create_task(self._follow(), name="localagent saves")

    async def close(self) -> None:
        """Take up nothing more."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait({self._task})
            self._task.result()

    async def take_up(self, roots: Collection[Path] | None = None) -> tuple[Reload, ...]:
        """Take up what was saved since.

        Args:
            roots: the folders to look at; None means all.

        Returns:
            what became of the plugins of each folder; of those that had to be loaded again nothing is told here.
        """
        async with self._turn:
            late = frozenset(self._waiting)
            self._waiting |= self._saves.changed()
            outcomes: list[Reload] = []
            for root in tuple(self._names) if roots is None else tuple(roots):
                files = {file for file in self._waiting if file.is_relative_to(root)}
                if not files:
                    continue
                self._waiting -= files
                outcome = await self._taken_up(root, files)
                if outcome is None:
                    continue
                outcomes.append(outcome)
                if outcome.is_postponed:
                    self._waiting |= files
                if not (outcome.is_postponed and files <= late):
                    _tell(outcome)
            return tuple(outcomes)

    async def _taken_up(self, root: Path, files: Collection[Path]) -> Reload | None:
        """Have the plugins of a folder run what is there now; None if none of them ran before."""
        ready = sorted(name for name in self._names[root] if name in self._plugins.loaded_plugins)
        if ready:
            sources = sorted(file for file in files if file.suffix == ".py")
            outcome = await reload_settled(self._plugins, ready, sources)
            if outcome.unloaded:
                self._gone.update(outcome.unloaded)
                await self._plugins.discover_plugins()
            return outcome
        specs = await self._plugins.discover_plugins()
        for name in sorted(self._names[root]):
            if name in specs and self._should_run(name):
                problem = await load_anew(self._plugins, specs[name], self._situation)
                if problem is None:
                    self._gone.discard(name)
                    _log.info("'%s' runs again", name)
                else:
                    _log.warning("%s", _placed(problem))
        return None

    def _should_run(self, name: str) -> bool:
        """Whether a plugin does not run because its files went, or because it could not; others were let go."""
        error = self._plugins.errors.get(name)
        has_failed = error is not None and not (isinstance(error, PluginFailed) and error.step == "cleanup")
        return name in self._gone or has_failed

    async def _follow(self) -> None:
        try:
            async for batch in self._saves.batches(self._stop):
                self._waiting |= batch
                while self._is_due() and not self._stop.is_set():
                    await self.take_up(self._unasked)
                    if self._is_due():
                        await self._pause()
        except MissingExtra as error:
            _log.info("saves are looked for once a second: %s", error.message)
            while not self._stop.is_set():
                await self.take_up(self._unasked)
                await self._pause()

    def _is_due(self) -> bool:
        return any(file.is_relative_to(root) for root in self._unasked for file in self._waiting)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), _AGAIN)


def is_followed(spec: PluginSpec, development: Development) -> bool:
    """Whether a host in this development mode takes up what is saved of a plugin.

    With ``hot_reload`` that is any plugin that runs from a source folder, with ``auto_reload`` one in a development
    folder.
    """
    is_of_developer = spec.source.kind is SourceKind.DEVELOPMENT
    return spec.source.is_folder and (development.hot_reload or (development.auto_reload and is_of_developer))


async def reload_settled(plugins: Followed, names: Sequence[str], files: Sequence[Path] | None) -> Reload:
    """Reload plugins, once more if a file is no Python, which may only be half written.

    Args:
        plugins: where they are.
        names: the plugins, which are ready.
        files: as `PluginManager.reload`.
    """
    outcome = await plugins.reload(names, files=files)
    if outcome.problem is not None and outcome.problem.step == READ:
        await asyncio.sleep(_SETTLING)
        outcome = await plugins.reload(names, files=files)
    return outcome


async def load_anew(plugins: Followed, spec: PluginSpec, situation: Situation) -> PluginNotAvailable | None:
    """Load a plugin by what its files are now; gives why that cannot be."""
    from localagent.host.survey import learned

    if spec.flaw is None:
        # What was learned of it before holds only for its entry module and manifest.
        await asyncio.to_thread(learned, [spec], situation)
        await plugins.discover_plugins()
    return None if await plugins.load_plugin(spec.name) else plugins.errors[spec.name]


def _tell(outcome: Reload) -> None:
    names = ", ".join(outcome.names)
    if outcome.problem is not None:
        _log.warning("%s; the code before it goes on", _placed(outcome.problem))
    elif outcome.unloaded:
        _log.warning("the files of %s are gone; unloaded", ", ".join(outcome.unloaded))
    else:
        _log.info("%s: life %s took %.0f ms", names, outcome.generation, outcome.seconds * 1000)
    for warning in outcome.warnings:
        _log.warning("%s: %s", names, warning)


def _placed(problem: LocalAgentError) -> str:
    return f"{problem.place}: {problem.message}" if problem.place else problem.message
